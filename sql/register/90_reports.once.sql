/*
 * reports: what the workbook writer needs to know of each report, and the
 * list of the workbooks that were issued.
 *
 * The first three tables are filled from reports/<name>.sql by the build
 * (sql/build_report.pl); rows that a later version no longer has stay, with
 * in_use = false.
 */
CREATE TABLE aidcase.report (
    name          text COLLATE "C" PRIMARY KEY
                  CHECK (name ~ '^[a-z][a-z0-9_]{0,49}$'),
    title         text NOT NULL,
    title_en      text NOT NULL,
    unit_label    text NOT NULL,
    unit_label_en text NOT NULL,
    period_kind   text NOT NULL
                  CHECK (period_kind IN ('day', 'month', 'quarter', 'year')),
    layout        text NOT NULL CHECK (layout IN ('portrait', 'landscape')),
    heads         text NOT NULL CHECK (heads IN ('zh', 'both')),
    sheet_column  text,
    signature     text,
    signature_en  text,
    notes         text,
    notes_en      text,
    checks        text[] NOT NULL DEFAULT '{}',
    query         text NOT NULL,
    drill         text,
    sensitive     boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE aidcase.report IS
    '报表目录 / the reports; each has a function report_<name>';
COMMENT ON COLUMN aidcase.report.name IS '报表名 / name; the function is report_<name>';
COMMENT ON COLUMN aidcase.report.title IS '中文标题 / title in Chinese';
COMMENT ON COLUMN aidcase.report.title_en IS '英文标题 / title in English';
COMMENT ON COLUMN aidcase.report.unit_label IS '计量单位 / units of measure, in Chinese';
COMMENT ON COLUMN aidcase.report.unit_label_en IS '计量单位(英文) / units of measure, in English';
COMMENT ON COLUMN aidcase.report.period_kind IS '报告期种类 / kind of period: day, month, quarter, year';
COMMENT ON COLUMN aidcase.report.layout IS '纸张方向 / paper: portrait or landscape A4';
COMMENT ON COLUMN aidcase.report.heads IS '表头语言 / language of the heads: zh, or both';
COMMENT ON COLUMN aidcase.report.sheet_column IS '分表栏目:每个值一张工作表,空为不分 / column whose values have a sheet each; NULL = one sheet';
COMMENT ON COLUMN aidcase.report.signature IS '签署栏(每行一项) / signature row in Chinese, one entry a line';
COMMENT ON COLUMN aidcase.report.signature_en IS '签署栏英文(每行一项) / signature row in English, one entry a line';
COMMENT ON COLUMN aidcase.report.notes IS '表注(每行一条) / notes below the table in Chinese, one a line';
COMMENT ON COLUMN aidcase.report.notes_en IS '表注英文(每行一条) / notes below the table in English, one a line';
COMMENT ON COLUMN aidcase.report.checks IS '表内关系(每行成立的等式或不等式) / what holds in every row: sums of columns that are equal, or one not above the other';
COMMENT ON COLUMN aidcase.report.query IS '查询语句 / the query, as in the report file';
COMMENT ON COLUMN aidcase.report.sensitive IS '是否含个人号码或账户:读取即登记 / true: shows numbers or accounts of people; each reading is kept';
COMMENT ON COLUMN aidcase.report.drill IS '个案明细查询语句,空为无明细 / the query of the cases behind the cells; NULL = the report has none';
SELECT aidcase.set_up_table('report');

CREATE TABLE aidcase.report_column (
    report_name   text COLLATE "C" NOT NULL REFERENCES aidcase.report (name),
    position      integer NOT NULL CHECK (position > 0),
    column_name   text COLLATE "C" NOT NULL,
    data_type     text NOT NULL,
    label         text NOT NULL,
    label_en      text NOT NULL,
    format        text NOT NULL
                  CHECK (format IN ('text', 'id', 'int', 'money', 'percent', 'date')),
    total         text NOT NULL
                  CHECK (total IN ('none', 'sum', 'count', 'max', 'min', 'ratio')),
    numerator     text,
    denominator   text,
    head_group    text,
    head_group_en text,
    in_use        boolean NOT NULL DEFAULT true,
    PRIMARY KEY (report_name, position),
    CHECK ((total = 'ratio') = (numerator IS NOT NULL AND denominator IS NOT NULL))
);
COMMENT ON TABLE aidcase.report_column IS
    '报表栏目 / the columns of the reports, in order';
COMMENT ON COLUMN aidcase.report_column.report_name IS '报表名 / report';
COMMENT ON COLUMN aidcase.report_column.position IS '栏次 / place in the table, from 1';
COMMENT ON COLUMN aidcase.report_column.column_name IS '列名 / name in the function''s result';
COMMENT ON COLUMN aidcase.report_column.data_type IS '数据类型 / type';
COMMENT ON COLUMN aidcase.report_column.label IS '中文栏目名 / head in Chinese';
COMMENT ON COLUMN aidcase.report_column.label_en IS '英文栏目名 / head in English';
COMMENT ON COLUMN aidcase.report_column.format IS '显示格式 / how cells are shown';
COMMENT ON COLUMN aidcase.report_column.total IS '合计方式 / what stands in the totals row';
COMMENT ON COLUMN aidcase.report_column.numerator IS '比率分子 / column whose total is divided';
COMMENT ON COLUMN aidcase.report_column.denominator IS '比率分母 / column whose total it is divided by';
COMMENT ON COLUMN aidcase.report_column.head_group IS '上级栏目 / merged head above it, in Chinese';
COMMENT ON COLUMN aidcase.report_column.head_group_en IS '上级栏目(英文) / merged head above it, in English';
COMMENT ON COLUMN aidcase.report_column.in_use IS '是否启用 / false: an earlier version had this column';
SELECT aidcase.set_up_table('report_column');

CREATE TABLE aidcase.report_chart (
    report_name     text COLLATE "C" NOT NULL REFERENCES aidcase.report (name),
    position        integer NOT NULL CHECK (position > 0),
    kind            text NOT NULL CHECK (kind IN ('column', 'line', 'pie')),
    title           text NOT NULL,
    title_en        text NOT NULL,
    category_column text NOT NULL,
    value_columns   text[] NOT NULL CHECK (cardinality(value_columns) > 0),
    in_use          boolean NOT NULL DEFAULT true,
    PRIMARY KEY (report_name, position)
);
COMMENT ON TABLE aidcase.report_chart IS '报表图表 / the charts of the reports, in order';
COMMENT ON COLUMN aidcase.report_chart.report_name IS '报表名 / report';
COMMENT ON COLUMN aidcase.report_chart.position IS '序号 / order, from 1';
COMMENT ON COLUMN aidcase.report_chart.kind IS '图表种类 / column, line or pie';
COMMENT ON COLUMN aidcase.report_chart.title IS '中文标题 / title in Chinese';
COMMENT ON COLUMN aidcase.report_chart.title_en IS '英文标题 / title in English';
COMMENT ON COLUMN aidcase.report_chart.category_column IS '分类列 / column of the categories';
COMMENT ON COLUMN aidcase.report_chart.value_columns IS '数值列 / columns of the values';
COMMENT ON COLUMN aidcase.report_chart.in_use IS '是否启用 / false: an earlier version had this chart';
SELECT aidcase.set_up_table('report_chart');

CREATE TABLE aidcase.report_issue (
    issue_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report_name  text COLLATE "C" NOT NULL REFERENCES aidcase.report (name),
    period       text NOT NULL,
    unit_code    text,
    as_of        date NOT NULL,
    known_at     timestamptz,
    sha256       bytea NOT NULL CHECK (length(sha256) = 32),
    row_count    bigint NOT NULL CHECK (row_count >= 0),
    issued_at    timestamptz NOT NULL DEFAULT aidcase.now_here(),
    issued_by    bigint,
    issued_login text NOT NULL DEFAULT session_user,
    purpose      text DEFAULT nullif(btrim(current_setting('aidcase.purpose', true)), '')
);
CREATE INDEX report_issue_sha256 ON aidcase.report_issue (sha256);
COMMENT ON TABLE aidcase.report_issue IS
    '报表签发登记 / the workbooks that were issued, by their SHA-256';
COMMENT ON COLUMN aidcase.report_issue.issue_id IS '签发号 / number of the issue';
COMMENT ON COLUMN aidcase.report_issue.report_name IS '报表名 / report';
COMMENT ON COLUMN aidcase.report_issue.period IS '报告期 / period: YYYY, YYYY-Qn, YYYY-MM or YYYY-MM-DD';
COMMENT ON COLUMN aidcase.report_issue.unit_code IS '填报单位代码 / unit; none = the whole register';
COMMENT ON COLUMN aidcase.report_issue.as_of IS '数据截止日 / last day of the period';
COMMENT ON COLUMN aidcase.report_issue.known_at IS '知悉时点 / as known at; none = as recorded when it was made';
COMMENT ON COLUMN aidcase.report_issue.sha256 IS '文件指纹 / SHA-256 of the file';
COMMENT ON COLUMN aidcase.report_issue.row_count IS '数据行数 / rows of data';
COMMENT ON COLUMN aidcase.report_issue.issued_at IS '签发时间 / when, by the register''s clock';
COMMENT ON COLUMN aidcase.report_issue.issued_by IS '签发人 / member of staff, where known';
COMMENT ON COLUMN aidcase.report_issue.issued_login IS '签发登录 / login';
COMMENT ON COLUMN aidcase.report_issue.purpose IS '用途(设置 aidcase.purpose) / what for, by setting aidcase.purpose; none = not said';
SELECT aidcase.set_up_table('report_issue');

-- What the bureau hands up: every version of a report for a period, with the
-- hash of the workbook and the receipt for it.
CREATE TABLE aidcase.report_submission (
    report_submission_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report_name  text COLLATE "C" NOT NULL REFERENCES aidcase.report (name),
    period       text NOT NULL,
    unit_code    text,
    receiver     text NOT NULL CHECK (btrim(receiver) <> ''),
    version      integer NOT NULL CHECK (version > 0),
    issue_id     bigint NOT NULL REFERENCES aidcase.report_issue (issue_id),
    sha256       bytea NOT NULL CHECK (length(sha256) = 32),
    due_on       date,
    submitted_at timestamptz NOT NULL,
    submitted_by bigint NOT NULL REFERENCES aidcase.staff,
    reason       text CHECK (btrim(reason) <> ''),
    receipt_no   text CHECK (btrim(receipt_no) <> ''),
    received_by  text CHECK (btrim(received_by) <> ''),
    received_on  date,
    outcome      text CHECK (outcome IN ('accepted', 'returned')),
    return_reason text CHECK (btrim(return_reason) <> ''),
    CHECK (version = 1 OR reason IS NOT NULL),
    CHECK (num_nonnulls(receipt_no, received_by, received_on, outcome) IN (0, 4)),
    CHECK ((return_reason IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'returned'))
);
CREATE UNIQUE INDEX report_submission_version ON aidcase.report_submission
    (report_name, period, unit_code, receiver, version) NULLS NOT DISTINCT;
COMMENT ON TABLE aidcase.report_submission IS
    '上报登记:各报表各期的每次上报及回执 / what was handed up: each version of a report for a period, and its receipt';
COMMENT ON COLUMN aidcase.report_submission.report_submission_id IS '主键 / key';
COMMENT ON COLUMN aidcase.report_submission.report_name IS '报表名 / report';
COMMENT ON COLUMN aidcase.report_submission.period IS '报告期 / period';
COMMENT ON COLUMN aidcase.report_submission.unit_code IS '填报单位代码,空为全区 / unit; none = the whole register';
COMMENT ON COLUMN aidcase.report_submission.receiver IS '接收单位 / who receives it';
COMMENT ON COLUMN aidcase.report_submission.version IS '版次 / version, from 1';
COMMENT ON COLUMN aidcase.report_submission.issue_id IS '签发号 / issue of the workbook that was handed up';
COMMENT ON COLUMN aidcase.report_submission.sha256 IS '文件指纹 / SHA-256 of that file';
COMMENT ON COLUMN aidcase.report_submission.due_on IS '报送期限,空为无 / day by which it is due, if there is one';
COMMENT ON COLUMN aidcase.report_submission.submitted_at IS '上报时间 / when it was handed up';
COMMENT ON COLUMN aidcase.report_submission.submitted_by IS '上报人 / by whom';
COMMENT ON COLUMN aidcase.report_submission.reason IS '重报原因,首报为空 / why again; none for the first version';
COMMENT ON COLUMN aidcase.report_submission.receipt_no IS '回执编号,空为未回执 / number of the receipt; NULL = none yet';
COMMENT ON COLUMN aidcase.report_submission.received_by IS '接收人 / who received it';
COMMENT ON COLUMN aidcase.report_submission.received_on IS '接收日期 / when';
COMMENT ON COLUMN aidcase.report_submission.outcome IS '结果:接收、退回 / accepted or returned';
COMMENT ON COLUMN aidcase.report_submission.return_reason IS '退回原因 / why it was returned';
SELECT aidcase.set_up_table('report_submission');
