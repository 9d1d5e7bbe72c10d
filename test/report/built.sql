-- What sql/build_report.pl makes of town_aid.sql, town_list.sql and town_sheets.sql; t/030_workbook.pl
-- checks that it still does.
/*
 * Report town_aid, built from reports/town_aid.sql.
 *
 * A function cannot be replaced by one with other result columns, so it is
 * dropped first when they differ.  Without CASCADE: PostgreSQL refuses when
 * somebody has built a view on it.
 */
DO $report$
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_proc p
         WHERE p.oid = pg_catalog.to_regprocedure('aidcase.report_town_aid(date, text, timestamptz)')
           AND (p.proargnames, p.proallargtypes) IS DISTINCT FROM
               (ARRAY['as_of', 'unit_code', 'known_at', 'place', 'code', 'households', 'persons', 'women', 'spent', 'addon', 'per_head', 'share', 'paid_on']::text[],
                ARRAY['date'::regtype, 'text'::regtype, 'timestamptz'::regtype, 'text'::regtype, 'text'::regtype, 'bigint'::regtype, 'bigint'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'numeric'::regtype, 'numeric'::regtype, 'numeric'::regtype, 'date'::regtype]::oid[]))
    THEN
        DROP FUNCTION aidcase.report_town_aid(date, text, timestamptz);
    END IF;
END
$report$;

CREATE OR REPLACE FUNCTION aidcase.report_town_aid(
    as_of date, unit_code text DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (
    "place" text,
    "code" text,
    "households" bigint,
    "persons" bigint,
    "women" bigint,
    "spent" numeric,
    "addon" numeric,
    "per_head" numeric,
    "share" numeric,
    "paid_on" date)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
/* A sample for tests: reads no table. */
SELECT v.place,
       v.code,
       v.households,
       v.persons,
       v.women,
       v.spent + CASE WHEN report_town_aid.known_at IS NULL THEN 0 ELSE 1 END,
       v.addon,
       round(v.spent / v.persons, 2),
       v.share,
       report_town_aid.as_of - 20
  FROM (VALUES ('东郊街道', '340705001', 120::bigint, 233::bigint, 101::bigint,
                98000.50, 1200.00, 0.9981),
               ('西湖镇', '340705101', 310, 655, 320, 301234.56, 8800.10, 1.0),
               ('顺安镇; 甲', '340705102', 77, 140, 60, 60100.00, 0, 0.75),
               ('钟鸣镇', '340705103', 205, 390, 188, 170005.25, 3300.00, 0.9))
         AS v (place, code, households, persons, women, spent, addon, share)
 WHERE unit_code IS NULL OR v.code = unit_code
 ORDER BY v.code
;
END;

COMMENT ON FUNCTION aidcase.report_town_aid(date, text, timestamptz) IS
    '最低生活保障月报表（样例） / Monthly subsistence allowance table (sample)';

DO $report$
BEGIN
    IF pg_catalog.to_regprocedure('aidcase.public_town_aid(date, text, timestamptz)') IS NOT NULL THEN
        DROP FUNCTION aidcase.public_town_aid(date, text, timestamptz);
    END IF;
END
$report$;

DO $report$
BEGIN
    IF pg_catalog.to_regprocedure('aidcase.drill_town_aid(date, text, timestamptz)') IS NOT NULL THEN
        DROP FUNCTION aidcase.drill_town_aid(date, text, timestamptz);
    END IF;
END
$report$;

INSERT INTO aidcase.report AS t
    (name, title, title_en, unit_label, unit_label_en, period_kind, layout, heads, sheet_column, signature, signature_en, notes, notes_en, checks, query, drill, sensitive)
VALUES
    ('town_aid', '最低生活保障月报表（样例）', 'Monthly subsistence allowance table (sample)', '户、人、元', 'households, persons, yuan', 'month', 'landscape', 'both', NULL, '单位负责人：
审核人：
制表人：
填报日期：', 'Head of the unit:
Reviewed by:
Made by:
Date:', '人均补助额 = 本月低保金 ÷ 保障人数。
本表为测试样例，不引用业务表；金额以元为单位，保留两位小数。', 'Per person = allowance of the month / persons.
A sample for tests that reads no table; yuan, with two decimals.', ARRAY[]::text[], '/* A sample for tests: reads no table. */
SELECT v.place,
       v.code,
       v.households,
       v.persons,
       v.women,
       v.spent + CASE WHEN report_town_aid.known_at IS NULL THEN 0 ELSE 1 END,
       v.addon,
       round(v.spent / v.persons, 2),
       v.share,
       report_town_aid.as_of - 20
  FROM (VALUES (''东郊街道'', ''340705001'', 120::bigint, 233::bigint, 101::bigint,
                98000.50, 1200.00, 0.9981),
               (''西湖镇'', ''340705101'', 310, 655, 320, 301234.56, 8800.10, 1.0),
               (''顺安镇; 甲'', ''340705102'', 77, 140, 60, 60100.00, 0, 0.75),
               (''钟鸣镇'', ''340705103'', 205, 390, 188, 170005.25, 3300.00, 0.9))
         AS v (place, code, households, persons, women, spent, addon, share)
 WHERE unit_code IS NULL OR v.code = unit_code
 ORDER BY v.code', NULL, false)
ON CONFLICT (name) DO UPDATE SET
    title = EXCLUDED.title,
    title_en = EXCLUDED.title_en,
    unit_label = EXCLUDED.unit_label,
    unit_label_en = EXCLUDED.unit_label_en,
    period_kind = EXCLUDED.period_kind,
    layout = EXCLUDED.layout,
    heads = EXCLUDED.heads,
    sheet_column = EXCLUDED.sheet_column,
    signature = EXCLUDED.signature,
    signature_en = EXCLUDED.signature_en,
    notes = EXCLUDED.notes,
    notes_en = EXCLUDED.notes_en,
    checks = EXCLUDED.checks,
    query = EXCLUDED.query,
    drill = EXCLUDED.drill,
    sensitive = EXCLUDED.sensitive
WHERE (t.title, t.title_en, t.unit_label, t.unit_label_en, t.period_kind, t.layout, t.heads, t.sheet_column, t.signature, t.signature_en, t.notes, t.notes_en, t.checks, t.query, t.drill, t.sensitive)
    IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.title_en, EXCLUDED.unit_label, EXCLUDED.unit_label_en, EXCLUDED.period_kind, EXCLUDED.layout, EXCLUDED.heads, EXCLUDED.sheet_column, EXCLUDED.signature, EXCLUDED.signature_en, EXCLUDED.notes, EXCLUDED.notes_en, EXCLUDED.checks, EXCLUDED.query, EXCLUDED.drill, EXCLUDED.sensitive);

INSERT INTO aidcase.report_column AS t
    (report_name, position, column_name, data_type, label, label_en, format, total, numerator, denominator, head_group, head_group_en, in_use)
VALUES
    ('town_aid', 1, 'place', 'text', '镇（街道）', 'Town', 'text', 'none', NULL, NULL, NULL, NULL, true),
    ('town_aid', 2, 'code', 'text', '代码', 'Code', 'id', 'none', NULL, NULL, NULL, NULL, true),
    ('town_aid', 3, 'households', 'bigint', '户数', 'Households', 'int', 'sum', NULL, NULL, '保障对象', 'Recipients', true),
    ('town_aid', 4, 'persons', 'bigint', '人数', 'Persons', 'int', 'sum', NULL, NULL, '保障对象', 'Recipients', true),
    ('town_aid', 5, 'women', 'bigint', '其中：女性', 'of which women', 'int', 'sum', NULL, NULL, '保障对象', 'Recipients', true),
    ('town_aid', 6, 'spent', 'numeric', '低保金', 'Allowance', 'money', 'sum', NULL, NULL, '本月支出', 'Spent this month', true),
    ('town_aid', 7, 'addon', 'numeric', '补贴', 'Supplements', 'money', 'sum', NULL, NULL, '本月支出', 'Spent this month', true),
    ('town_aid', 8, 'per_head', 'numeric', '人均补助额', 'Per person', 'money', 'ratio', 'spent', 'persons', NULL, NULL, true),
    ('town_aid', 9, 'share', 'numeric', '发放率', 'Paid', 'percent', 'none', NULL, NULL, NULL, NULL, true),
    ('town_aid', 10, 'paid_on', 'date', '发放日', 'Paid on', 'date', 'none', NULL, NULL, NULL, NULL, true)
ON CONFLICT (report_name, position) DO UPDATE SET
    column_name = EXCLUDED.column_name,
    data_type = EXCLUDED.data_type,
    label = EXCLUDED.label,
    label_en = EXCLUDED.label_en,
    format = EXCLUDED.format,
    total = EXCLUDED.total,
    numerator = EXCLUDED.numerator,
    denominator = EXCLUDED.denominator,
    head_group = EXCLUDED.head_group,
    head_group_en = EXCLUDED.head_group_en,
    in_use = EXCLUDED.in_use
WHERE (t.column_name, t.data_type, t.label, t.label_en, t.format, t.total, t.numerator, t.denominator, t.head_group, t.head_group_en, t.in_use)
    IS DISTINCT FROM (EXCLUDED.column_name, EXCLUDED.data_type, EXCLUDED.label, EXCLUDED.label_en, EXCLUDED.format, EXCLUDED.total, EXCLUDED.numerator, EXCLUDED.denominator, EXCLUDED.head_group, EXCLUDED.head_group_en, EXCLUDED.in_use);

UPDATE aidcase.report_column SET in_use = false
 WHERE report_name = 'town_aid' AND position > 10 AND in_use;

INSERT INTO aidcase.report_chart AS t
    (report_name, position, kind, title, title_en, category_column, value_columns, in_use)
VALUES
    ('town_aid', 1, 'column', '各镇保障人数', 'Recipients by town', 'place', ARRAY['households', 'persons']::text[], true),
    ('town_aid', 2, 'pie', '支出构成', 'Spending', 'place', ARRAY['spent']::text[], true),
    ('town_aid', 3, 'line', '人均补助额', 'Per person', 'place', ARRAY['per_head']::text[], true)
ON CONFLICT (report_name, position) DO UPDATE SET
    kind = EXCLUDED.kind,
    title = EXCLUDED.title,
    title_en = EXCLUDED.title_en,
    category_column = EXCLUDED.category_column,
    value_columns = EXCLUDED.value_columns,
    in_use = EXCLUDED.in_use
WHERE (t.kind, t.title, t.title_en, t.category_column, t.value_columns, t.in_use)
    IS DISTINCT FROM (EXCLUDED.kind, EXCLUDED.title, EXCLUDED.title_en, EXCLUDED.category_column, EXCLUDED.value_columns, EXCLUDED.in_use);

UPDATE aidcase.report_chart SET in_use = false
 WHERE report_name = 'town_aid' AND position > 3 AND in_use;

/*
 * Report town_list, built from reports/town_list.sql.
 *
 * A function cannot be replaced by one with other result columns, so it is
 * dropped first when they differ.  Without CASCADE: PostgreSQL refuses when
 * somebody has built a view on it.
 */
DO $report$
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_proc p
         WHERE p.oid = pg_catalog.to_regprocedure('aidcase.report_town_list(date, text, timestamptz)')
           AND (p.proargnames, p.proallargtypes) IS DISTINCT FROM
               (ARRAY['as_of', 'unit_code', 'known_at', 'no', 'place', 'urban', 'best']::text[],
                ARRAY['date'::regtype, 'text'::regtype, 'timestamptz'::regtype, 'integer'::regtype, 'text'::regtype, 'boolean'::regtype, 'numeric'::regtype]::oid[]))
    THEN
        DROP FUNCTION aidcase.report_town_list(date, text, timestamptz);
    END IF;
END
$report$;

CREATE OR REPLACE FUNCTION aidcase.report_town_list(
    as_of date, unit_code text DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (
    "no" integer,
    "place" text,
    "urban" boolean,
    "best" numeric)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT v.no, v.place, v.urban, v.best
  FROM (VALUES (1, '=1+1', true, 3), (2, '@cmd', false, 7.0), (3, '+甲', NULL, NULL))
         AS v (no, place, urban, best)
 WHERE v.no <= extract(month FROM as_of)
 ORDER BY v.no
;
END;

COMMENT ON FUNCTION aidcase.report_town_list(date, text, timestamptz) IS
    '镇（街道）名册（样例） / List of towns (sample)';

DO $report$
BEGIN
    IF pg_catalog.to_regprocedure('aidcase.public_town_list(date, text, timestamptz)') IS NOT NULL THEN
        DROP FUNCTION aidcase.public_town_list(date, text, timestamptz);
    END IF;
END
$report$;

DO $report$
BEGIN
    IF pg_catalog.to_regprocedure('aidcase.drill_town_list(date, text, timestamptz)') IS NOT NULL THEN
        DROP FUNCTION aidcase.drill_town_list(date, text, timestamptz);
    END IF;
END
$report$;

INSERT INTO aidcase.report AS t
    (name, title, title_en, unit_label, unit_label_en, period_kind, layout, heads, sheet_column, signature, signature_en, notes, notes_en, checks, query, drill, sensitive)
VALUES
    ('town_list', '镇（街道）名册（样例）', 'List of towns (sample)', '个', 'towns', 'quarter', 'portrait', 'zh', NULL, NULL, NULL, NULL, NULL, ARRAY[]::text[], 'SELECT v.no, v.place, v.urban, v.best
  FROM (VALUES (1, ''=1+1'', true, 3), (2, ''@cmd'', false, 7.0), (3, ''+甲'', NULL, NULL))
         AS v (no, place, urban, best)
 WHERE v.no <= extract(month FROM as_of)
 ORDER BY v.no', NULL, false)
ON CONFLICT (name) DO UPDATE SET
    title = EXCLUDED.title,
    title_en = EXCLUDED.title_en,
    unit_label = EXCLUDED.unit_label,
    unit_label_en = EXCLUDED.unit_label_en,
    period_kind = EXCLUDED.period_kind,
    layout = EXCLUDED.layout,
    heads = EXCLUDED.heads,
    sheet_column = EXCLUDED.sheet_column,
    signature = EXCLUDED.signature,
    signature_en = EXCLUDED.signature_en,
    notes = EXCLUDED.notes,
    notes_en = EXCLUDED.notes_en,
    checks = EXCLUDED.checks,
    query = EXCLUDED.query,
    drill = EXCLUDED.drill,
    sensitive = EXCLUDED.sensitive
WHERE (t.title, t.title_en, t.unit_label, t.unit_label_en, t.period_kind, t.layout, t.heads, t.sheet_column, t.signature, t.signature_en, t.notes, t.notes_en, t.checks, t.query, t.drill, t.sensitive)
    IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.title_en, EXCLUDED.unit_label, EXCLUDED.unit_label_en, EXCLUDED.period_kind, EXCLUDED.layout, EXCLUDED.heads, EXCLUDED.sheet_column, EXCLUDED.signature, EXCLUDED.signature_en, EXCLUDED.notes, EXCLUDED.notes_en, EXCLUDED.checks, EXCLUDED.query, EXCLUDED.drill, EXCLUDED.sensitive);

INSERT INTO aidcase.report_column AS t
    (report_name, position, column_name, data_type, label, label_en, format, total, numerator, denominator, head_group, head_group_en, in_use)
VALUES
    ('town_list', 1, 'no', 'integer', '序号', 'No.', 'int', 'count', NULL, NULL, NULL, NULL, true),
    ('town_list', 2, 'place', 'text', '名称', 'Name', 'text', 'none', NULL, NULL, NULL, NULL, true),
    ('town_list', 3, 'urban', 'boolean', '城镇', 'Urban', 'text', 'none', NULL, NULL, NULL, NULL, true),
    ('town_list', 4, 'best', 'numeric', '得分', 'Score', 'int', 'max', NULL, NULL, NULL, NULL, true)
ON CONFLICT (report_name, position) DO UPDATE SET
    column_name = EXCLUDED.column_name,
    data_type = EXCLUDED.data_type,
    label = EXCLUDED.label,
    label_en = EXCLUDED.label_en,
    format = EXCLUDED.format,
    total = EXCLUDED.total,
    numerator = EXCLUDED.numerator,
    denominator = EXCLUDED.denominator,
    head_group = EXCLUDED.head_group,
    head_group_en = EXCLUDED.head_group_en,
    in_use = EXCLUDED.in_use
WHERE (t.column_name, t.data_type, t.label, t.label_en, t.format, t.total, t.numerator, t.denominator, t.head_group, t.head_group_en, t.in_use)
    IS DISTINCT FROM (EXCLUDED.column_name, EXCLUDED.data_type, EXCLUDED.label, EXCLUDED.label_en, EXCLUDED.format, EXCLUDED.total, EXCLUDED.numerator, EXCLUDED.denominator, EXCLUDED.head_group, EXCLUDED.head_group_en, EXCLUDED.in_use);

UPDATE aidcase.report_column SET in_use = false
 WHERE report_name = 'town_list' AND position > 4 AND in_use;

UPDATE aidcase.report_chart SET in_use = false
 WHERE report_name = 'town_list' AND position > 0 AND in_use;

/*
 * Report town_sheets, built from reports/town_sheets.sql.
 *
 * A function cannot be replaced by one with other result columns, so it is
 * dropped first when they differ.  Without CASCADE: PostgreSQL refuses when
 * somebody has built a view on it.
 */
DO $report$
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_proc p
         WHERE p.oid = pg_catalog.to_regprocedure('aidcase.report_town_sheets(date, text, timestamptz)')
           AND (p.proargnames, p.proallargtypes) IS DISTINCT FROM
               (ARRAY['as_of', 'unit_code', 'known_at', 'town', 'name', 'base', 'addon']::text[],
                ARRAY['date'::regtype, 'text'::regtype, 'timestamptz'::regtype, 'text'::regtype, 'text'::regtype, 'numeric'::regtype, 'numeric'::regtype]::oid[]))
    THEN
        DROP FUNCTION aidcase.report_town_sheets(date, text, timestamptz);
    END IF;
END
$report$;

CREATE OR REPLACE FUNCTION aidcase.report_town_sheets(
    as_of date, unit_code text DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (
    "town" text,
    "name" text,
    "base" numeric,
    "addon" numeric)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT v.town, v.name, v.base, v.addon
  FROM (VALUES ('西湖镇', '甲', 100.10, 20), ('西湖镇', '乙', 200.20, 0), ('天井/湖', '丙', 300.00, 5.55), (NULL, '丁', 1, 2))
         AS v (town, name, base, addon)
 ORDER BY v.town COLLATE "C" DESC NULLS LAST, v.name COLLATE "C"
;
END;

COMMENT ON FUNCTION aidcase.report_town_sheets(date, text, timestamptz) IS
    '发放清册（样例） / Roll (sample)';

DO $report$
BEGIN
    IF pg_catalog.to_regprocedure('aidcase.public_town_sheets(date, text, timestamptz)') IS NOT NULL THEN
        DROP FUNCTION aidcase.public_town_sheets(date, text, timestamptz);
    END IF;
END
$report$;

DO $report$
BEGIN
    IF pg_catalog.to_regprocedure('aidcase.drill_town_sheets(date, text, timestamptz)') IS NOT NULL THEN
        DROP FUNCTION aidcase.drill_town_sheets(date, text, timestamptz);
    END IF;
END
$report$;

INSERT INTO aidcase.report AS t
    (name, title, title_en, unit_label, unit_label_en, period_kind, layout, heads, sheet_column, signature, signature_en, notes, notes_en, checks, query, drill, sensitive)
VALUES
    ('town_sheets', '发放清册（样例）', 'Roll (sample)', '元', 'yuan', 'month', 'portrait', 'zh', 'town', '负责人：
经办人：', 'Head:
Handled by:', NULL, NULL, ARRAY[]::text[], 'SELECT v.town, v.name, v.base, v.addon
  FROM (VALUES (''西湖镇'', ''甲'', 100.10, 20), (''西湖镇'', ''乙'', 200.20, 0), (''天井/湖'', ''丙'', 300.00, 5.55), (NULL, ''丁'', 1, 2))
         AS v (town, name, base, addon)
 ORDER BY v.town COLLATE "C" DESC NULLS LAST, v.name COLLATE "C"', NULL, false)
ON CONFLICT (name) DO UPDATE SET
    title = EXCLUDED.title,
    title_en = EXCLUDED.title_en,
    unit_label = EXCLUDED.unit_label,
    unit_label_en = EXCLUDED.unit_label_en,
    period_kind = EXCLUDED.period_kind,
    layout = EXCLUDED.layout,
    heads = EXCLUDED.heads,
    sheet_column = EXCLUDED.sheet_column,
    signature = EXCLUDED.signature,
    signature_en = EXCLUDED.signature_en,
    notes = EXCLUDED.notes,
    notes_en = EXCLUDED.notes_en,
    checks = EXCLUDED.checks,
    query = EXCLUDED.query,
    drill = EXCLUDED.drill,
    sensitive = EXCLUDED.sensitive
WHERE (t.title, t.title_en, t.unit_label, t.unit_label_en, t.period_kind, t.layout, t.heads, t.sheet_column, t.signature, t.signature_en, t.notes, t.notes_en, t.checks, t.query, t.drill, t.sensitive)
    IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.title_en, EXCLUDED.unit_label, EXCLUDED.unit_label_en, EXCLUDED.period_kind, EXCLUDED.layout, EXCLUDED.heads, EXCLUDED.sheet_column, EXCLUDED.signature, EXCLUDED.signature_en, EXCLUDED.notes, EXCLUDED.notes_en, EXCLUDED.checks, EXCLUDED.query, EXCLUDED.drill, EXCLUDED.sensitive);

INSERT INTO aidcase.report_column AS t
    (report_name, position, column_name, data_type, label, label_en, format, total, numerator, denominator, head_group, head_group_en, in_use)
VALUES
    ('town_sheets', 1, 'town', 'text', '镇办社区', 'Town', 'text', 'none', NULL, NULL, NULL, NULL, true),
    ('town_sheets', 2, 'name', 'text', '户主', 'Head of household', 'text', 'count', NULL, NULL, NULL, NULL, true),
    ('town_sheets', 3, 'base', 'numeric', '保障金', 'Base', 'money', 'sum', NULL, NULL, '金额', 'Amount', true),
    ('town_sheets', 4, 'addon', 'numeric', '分类施保金', 'Add-on', 'money', 'sum', NULL, NULL, '金额', 'Amount', true)
ON CONFLICT (report_name, position) DO UPDATE SET
    column_name = EXCLUDED.column_name,
    data_type = EXCLUDED.data_type,
    label = EXCLUDED.label,
    label_en = EXCLUDED.label_en,
    format = EXCLUDED.format,
    total = EXCLUDED.total,
    numerator = EXCLUDED.numerator,
    denominator = EXCLUDED.denominator,
    head_group = EXCLUDED.head_group,
    head_group_en = EXCLUDED.head_group_en,
    in_use = EXCLUDED.in_use
WHERE (t.column_name, t.data_type, t.label, t.label_en, t.format, t.total, t.numerator, t.denominator, t.head_group, t.head_group_en, t.in_use)
    IS DISTINCT FROM (EXCLUDED.column_name, EXCLUDED.data_type, EXCLUDED.label, EXCLUDED.label_en, EXCLUDED.format, EXCLUDED.total, EXCLUDED.numerator, EXCLUDED.denominator, EXCLUDED.head_group, EXCLUDED.head_group_en, EXCLUDED.in_use);

UPDATE aidcase.report_column SET in_use = false
 WHERE report_name = 'town_sheets' AND position > 4 AND in_use;

UPDATE aidcase.report_chart SET in_use = false
 WHERE report_name = 'town_sheets' AND position > 0 AND in_use;

