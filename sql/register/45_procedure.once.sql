-- Procedures as versioned data.  The engine is extension/workflow.c.
--
-- A version that rows are pinned to does not change any more, but for its
-- labels; a new version is entered beside it and put in force by a row of
-- procedure_in_force.  45_procedure.always.sql refuses a broken definition.

-- A condition that a move may have to meet.
CREATE TABLE aidcase.guard (
    guard         text PRIMARY KEY CHECK (guard ~ '^[a-z][a-z0-9_]*$'),
    function_name text NOT NULL CHECK (function_name ~ '^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$'),
    label_zh      text NOT NULL,
    label_en      text NOT NULL,
    hint_zh       text NOT NULL,
    hint_en       text NOT NULL
);
COMMENT ON TABLE aidcase.guard IS
    '流转条件目录 / conditions that a move may have to meet';
COMMENT ON COLUMN aidcase.guard.guard IS
    '条件名 / name, as transitions cite it';
COMMENT ON COLUMN aidcase.guard.function_name IS
    '实现函数:模式名.函数名;参数为 (internal) 的扩展 C 函数,或 (subject text, id bigint, staff_id bigint, on_date date) 的函数,返回 text,NULL 表示满足 / schema.function: a C function of the extension with argument (internal), or a function (subject text, id bigint, staff_id bigint, on_date date) owned by the register''s owner or a superuser; returns text, NULL when the condition is met';
COMMENT ON COLUMN aidcase.guard.label_zh IS '中文名称 / label in Chinese';
COMMENT ON COLUMN aidcase.guard.label_en IS '英文名称 / label in English';
COMMENT ON COLUMN aidcase.guard.hint_zh IS '不满足时的办法 / what to do when it is not met, in Chinese';
COMMENT ON COLUMN aidcase.guard.hint_en IS '不满足时的办法(英文) / what to do when it is not met, in English';
SELECT aidcase.set_up_table('guard');

-- A time limit; its length is a dated parameter.
CREATE TABLE aidcase.clock (
    clock      text PRIMARY KEY CHECK (clock ~ '^[a-z][a-z0-9_]*$'),
    kind       text NOT NULL CHECK (kind IN ('workdays', 'days', 'hours', 'months')),
    parameter  text REFERENCES aidcase.parameter_name,
    starts_from text NOT NULL CHECK (starts_from IN ('move', 'first_contact', 'acceptance')),
    cancelled_by text CHECK (cancelled_by IN ('registry_hit')),
    label_zh   text NOT NULL,
    label_en   text NOT NULL,
    variant    text,                    -- of the parameter
    due_column text,                    -- date column of the row instead
    met_by     text[] NOT NULL DEFAULT '{}' CHECK (met_by <@ ARRAY['registry_check.requested_at',
        'registry_check.returned_at', 'home_visit.visited_at', 'document_delivery.delivered_at',
        'aid_handover.handed_at']),
    extension_parameter text REFERENCES aidcase.parameter_name,
    extension_adds boolean,             -- to the length, or is the length then
    of_case    boolean NOT NULL DEFAULT false,  -- any round of the household meets it
    started_by text[] NOT NULL DEFAULT '{}' CHECK (started_by <@ ARRAY['registry_check.requested_at',
        'registry_hit.raised_at', 'benefit_change.happened_on']),
    only_if    text REFERENCES aidcase.guard,   -- a guard in SQL
    CHECK ((parameter IS NULL) = (due_column IS NOT NULL)),
    CHECK (due_column IS NULL OR kind = 'days'),
    CHECK ((extension_parameter IS NULL) = (extension_adds IS NULL)),
    CHECK (extension_parameter IS NULL OR parameter IS NOT NULL)
);
COMMENT ON TABLE aidcase.clock IS
    '办理时限 / time limits of the procedures';
COMMENT ON COLUMN aidcase.clock.clock IS '时限名 / name, as transitions cite it';
COMMENT ON COLUMN aidcase.clock.kind IS
    '计算方式:工作日、自然日、小时、月;起算日为第 0 日,到期时点为末日次日零点 / workdays, days, hours or months; the starting day is day 0, and the limit is met until the end of the last day';
COMMENT ON COLUMN aidcase.clock.parameter IS '时长参数名 / parameter that gives the length; null: due_column does';
COMMENT ON COLUMN aidcase.clock.variant IS '参数的变体 / variant of the parameter; null: none';
COMMENT ON COLUMN aidcase.clock.due_column IS
    '以事项的该日期列为末日;为空日则不起算 / date column of the row whose day is the last one; the clock does not run for a row without it';
COMMENT ON COLUMN aidcase.clock.starts_from IS '起算点:流转、首次接触或受理日(每项仅一次) / runs from the move, from the first contact or, once for a row, from the day of acceptance';
COMMENT ON COLUMN aidcase.clock.cancelled_by IS
    '该事实表新增记录即撤销此时限 / a new row of this table of facts cancels the clock';
COMMENT ON COLUMN aidcase.clock.met_by IS
    '轮次的下列事实(表.列)一经发生即办结 / facts of the round, as table.column, the first of which meets the clock when it happened';
COMMENT ON COLUMN aidcase.clock.extension_parameter IS
    '延长参数名;空则不得延长 / parameter of its extension; null: it cannot be extended';
COMMENT ON COLUMN aidcase.clock.extension_adds IS
    '真:参数为增加的时长;假:参数为延长后的总时长 / true: the parameter is added to the length, false: it is the length then';
COMMENT ON COLUMN aidcase.clock.of_case IS
    '属于整户:该户任一轮次的流转均可办结,由起算的轮次撤销 / of the household: a move of any of its rounds that meets the clock meets it; the round that started it cancels it';
COMMENT ON COLUMN aidcase.clock.started_by IS
    '轮次的下列事实(表.列)一经发生即起算 / facts of the round, as table.column, that start the clock when they happened';
COMMENT ON COLUMN aidcase.clock.only_if IS
    '仅在该条件(SQL 条件)满足时起算;由事实起算的,条件按该事实的表和主键判断 / it starts only while this condition, a guard in SQL, is met; where a fact starts it the guard is asked about the fact''s table and key';
COMMENT ON COLUMN aidcase.clock.label_zh IS '中文名称 / label in Chinese';
COMMENT ON COLUMN aidcase.clock.label_en IS '英文名称 / label in English';
SELECT aidcase.set_up_table('clock');

-- Keys up to 1000 are those of built-in versions, of later releases too.
CREATE TABLE aidcase.workflow (
    workflow_id bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 1001) PRIMARY KEY,
    name        text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    version     integer NOT NULL CHECK (version > 0),
    subject     text NOT NULL,          -- table whose rows it governs
    posts       text[] NOT NULL CHECK (posts <> '{}'),  -- who may open a row
    starts      text[] NOT NULL DEFAULT '{}',   -- clocks that start with the row
    label_zh    text NOT NULL,
    label_en    text NOT NULL,
    document_id bigint REFERENCES aidcase.policy_document,
    UNIQUE (name, version)
);
COMMENT ON TABLE aidcase.workflow IS
    '办理程序及版本 / procedures, by version';
COMMENT ON COLUMN aidcase.workflow.workflow_id IS '程序版本号 / key of the version';
COMMENT ON COLUMN aidcase.workflow.name IS '程序名 / name of the procedure';
COMMENT ON COLUMN aidcase.workflow.version IS '版本 / version, from 1';
COMMENT ON COLUMN aidcase.workflow.subject IS '适用的表 / table whose rows it governs';
COMMENT ON COLUMN aidcase.workflow.posts IS
    '可发起的岗位 / posts that may open a row, at the unit, above it, or at the village of the case';
COMMENT ON COLUMN aidcase.workflow.starts IS '发起时起算的时限 / clocks that start with the row';
COMMENT ON COLUMN aidcase.workflow.label_zh IS '中文名称 / label in Chinese';
COMMENT ON COLUMN aidcase.workflow.label_en IS '英文名称 / label in English';
COMMENT ON COLUMN aidcase.workflow.document_id IS '依据文件 / document it rests on';
SELECT aidcase.set_up_table('workflow');

CREATE TABLE aidcase.workflow_state (
    workflow_id bigint NOT NULL REFERENCES aidcase.workflow,
    state       text NOT NULL CHECK (state ~ '^[a-z][a-z0-9_]*$'),
    kind        text NOT NULL CHECK (kind IN ('initial', 'normal', 'final')),
    frozen      boolean NOT NULL,       -- facts and decision can no longer change
    grants      boolean NOT NULL DEFAULT false,     -- entering it grants awards
    alters      boolean NOT NULL DEFAULT false,     -- or stops, holds, resumes or phases them out
    label_zh    text NOT NULL,
    label_en    text NOT NULL,
    sort        integer NOT NULL,
    PRIMARY KEY (workflow_id, state)
);
COMMENT ON TABLE aidcase.workflow_state IS
    '程序的状态 / states of each version';
COMMENT ON COLUMN aidcase.workflow_state.workflow_id IS '程序版本号 / version';
COMMENT ON COLUMN aidcase.workflow_state.state IS '状态 / state';
COMMENT ON COLUMN aidcase.workflow_state.kind IS '初始、普通或终结 / initial, normal or final';
COMMENT ON COLUMN aidcase.workflow_state.frozen IS
    '冻结:事实与决定不得再改,只能流转 / facts and decision no longer change, the row moves only';
COMMENT ON COLUMN aidcase.workflow_state.grants IS '进入即产生待遇 / entering it grants awards';
COMMENT ON COLUMN aidcase.workflow_state.alters IS
    '进入即按轮次种类停发、暂停、恢复或渐退 / entering it stops, holds, resumes or phases out benefits, by the kind of round';
COMMENT ON COLUMN aidcase.workflow_state.label_zh IS '中文名称 / label in Chinese';
COMMENT ON COLUMN aidcase.workflow_state.label_en IS '英文名称 / label in English';
COMMENT ON COLUMN aidcase.workflow_state.sort IS '排序 / order';
SELECT aidcase.set_up_table('workflow_state');

CREATE TABLE aidcase.workflow_transition (
    workflow_id bigint NOT NULL,
    from_state  text NOT NULL,
    action      text NOT NULL CHECK (action ~ '^[a-z][a-z0-9_]*$'),
    to_state    text NOT NULL CHECK (to_state <> from_state),
    posts       text[] NOT NULL CHECK (posts <> '{}'),
    guards      text[] NOT NULL DEFAULT '{}',
    sets        text[] NOT NULL DEFAULT '{}',   -- date columns set to the date of the move
    may_change  text[] NOT NULL DEFAULT '{}',   -- columns that change in this move only
    starts      text[] NOT NULL DEFAULT '{}',   -- clocks
    meets       text[] NOT NULL DEFAULT '{}',
    pauses      text[] NOT NULL DEFAULT '{}',
    resumes     text[] NOT NULL DEFAULT '{}',
    cancels     text[] NOT NULL DEFAULT '{}',
    label_zh    text NOT NULL,
    label_en    text NOT NULL,
    at_column   text,
    PRIMARY KEY (workflow_id, from_state, action),
    UNIQUE (workflow_id, from_state, to_state),
    FOREIGN KEY (workflow_id, from_state) REFERENCES aidcase.workflow_state,
    FOREIGN KEY (workflow_id, to_state) REFERENCES aidcase.workflow_state
);
COMMENT ON TABLE aidcase.workflow_transition IS
    '程序的流转 / moves of each version';
COMMENT ON COLUMN aidcase.workflow_transition.workflow_id IS '程序版本号 / version';
COMMENT ON COLUMN aidcase.workflow_transition.from_state IS '起始状态 / state it leaves';
COMMENT ON COLUMN aidcase.workflow_transition.action IS '操作名 / action, as advance() takes it';
COMMENT ON COLUMN aidcase.workflow_transition.to_state IS '到达状态 / state it leads to';
COMMENT ON COLUMN aidcase.workflow_transition.posts IS
    '可操作的岗位(本单位或上级单位) / posts one of which is needed, at the unit or above it';
COMMENT ON COLUMN aidcase.workflow_transition.guards IS '须满足的条件 / conditions to be met';
COMMENT ON COLUMN aidcase.workflow_transition.sets IS
    '由流转填写日期的列,不得手工填写 / date columns that the move sets to its date; nobody else sets them';
COMMENT ON COLUMN aidcase.workflow_transition.may_change IS
    '仅可随此流转变更的列(冻结状态亦可),新增时须为空 / columns that change together with this move and not otherwise, in a frozen state too; null in a new row';
COMMENT ON COLUMN aidcase.workflow_transition.starts IS '起算的时限 / clocks that it starts';
COMMENT ON COLUMN aidcase.workflow_transition.meets IS '办结的时限 / clocks that it meets';
COMMENT ON COLUMN aidcase.workflow_transition.pauses IS '暂停的时限 / clocks that it pauses';
COMMENT ON COLUMN aidcase.workflow_transition.resumes IS '恢复的时限 / clocks that it resumes';
COMMENT ON COLUMN aidcase.workflow_transition.cancels IS '撤销的时限 / clocks that it cancels';
COMMENT ON COLUMN aidcase.workflow_transition.at_column IS
    '岗位所在单位的列(跨单位事项);空为本事项的单位 / column with the unit at which the post is needed, in a matter between two units; null: the unit of the row';
COMMENT ON COLUMN aidcase.workflow_transition.label_zh IS '中文名称 / label in Chinese';
COMMENT ON COLUMN aidcase.workflow_transition.label_en IS '英文名称 / label in English';
SELECT aidcase.set_up_table('workflow_transition');

-- Which version governs new rounds (or other subjects) of a unit from when.
-- unit_id NULL = every unit without a row of its own.
CREATE TABLE aidcase.procedure_in_force (
    procedure_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id     bigint REFERENCES aidcase.unit,
    subject     text NOT NULL,
    round_kind  text,                   -- for rounds
    delegated   boolean,                -- for units that hold the delegation, or that do not
    workflow_id bigint NOT NULL REFERENCES aidcase.workflow,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    EXCLUDE USING gist (coalesce(unit_id, 0) WITH =, subject WITH =,
                        coalesce(round_kind, '') WITH =,
                        (CASE WHEN delegated THEN 1 WHEN delegated IS NULL THEN -1 ELSE 0 END) WITH =, valid WITH &&)
);
COMMENT ON TABLE aidcase.procedure_in_force IS
    '各单位各类事项自何时起适用何程序版本 / which version governs new rows of a unit, from when';
COMMENT ON COLUMN aidcase.procedure_in_force.procedure_id IS '主键 / key';
COMMENT ON COLUMN aidcase.procedure_in_force.unit_id IS
    '单位;空 = 没有专门规定的所有单位 / unit; null = every unit without a row of its own';
COMMENT ON COLUMN aidcase.procedure_in_force.subject IS '适用的表 / table';
COMMENT ON COLUMN aidcase.procedure_in_force.round_kind IS
    '轮次种类;空 = 没有专门规定的所有种类 / kind of round; null = every kind without a row of its own';
COMMENT ON COLUMN aidcase.procedure_in_force.delegated IS
    '真 = 该日受托的单位,假 = 未受托的单位,空 = 不论 / true = units that hold the delegation on the day, false = units that do not, null = either';
COMMENT ON COLUMN aidcase.procedure_in_force.workflow_id IS '程序版本号 / version';
COMMENT ON COLUMN aidcase.procedure_in_force.valid IS
    '适用期间,按发生日期 / period, by the date on which the row is opened';
SELECT aidcase.set_up_table('procedure_in_force');

-- Every backend caches the definitions (extension/workflow_cache.c); these
-- tell it of a change, also of one that replication applies.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['guard', 'clock', 'workflow', 'workflow_state', 'workflow_transition',
                             'procedure_in_force'] LOOP
        EXECUTE format('CREATE TRIGGER "~~invalidate" AFTER INSERT OR UPDATE OR DELETE ON aidcase.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache()', t);
        EXECUTE format('ALTER TABLE aidcase.%I ENABLE ALWAYS TRIGGER "~~invalidate"', t);
        EXECUTE format('COMMENT ON TRIGGER "~~invalidate" ON aidcase.%I IS %L', t,
            '使各会话的程序缓存失效 / makes all sessions read the procedures again');
    END LOOP;
END
$$;

-- data: guard
-- data: clock
-- data: workflow
-- data: workflow_state
-- data: workflow_transition
-- data: procedure_in_force
