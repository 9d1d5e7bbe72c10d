-- Calendar: the tables that the working-day functions read.
--
-- Built-in rows: sql/data/workday.csv and workday_year.csv, the State
-- Council's arrangements for 2019 to 2026 as collected by the public project
-- NateScarlet/holiday-cn (MIT License, copyright 2019 NateScarlet).

CREATE TABLE aidcase.workday (
    date date PRIMARY KEY,
    kind text NOT NULL,
    name text,
    CONSTRAINT workday_date_check CHECK (pg_catalog.isfinite(date)),
    CONSTRAINT workday_kind_check CHECK (kind IN ('off', 'work'))
);
COMMENT ON TABLE aidcase.workday IS
'与"周一至周五上班"规则不同的日期 (国务院放假安排);未列日期按星期 / days that the State Council''s notices arrange; a day not listed works from Monday to Friday';
COMMENT ON COLUMN aidcase.workday.date IS
'日期 / date';
COMMENT ON COLUMN aidcase.workday.kind IS
'off 放假,work 上班 (含调休) / off: day off; work: working day, make-up days included';
COMMENT ON COLUMN aidcase.workday.name IS
'节日名称 / name of the holiday';

SELECT aidcase.set_up_table('workday');

CREATE TABLE aidcase.workday_year (
    year integer PRIMARY KEY,
    notice text NOT NULL,
    CONSTRAINT workday_year_year_check CHECK (year BETWEEN 1949 AND 2199)
);
COMMENT ON TABLE aidcase.workday_year IS
'已载入放假安排的年份;没有记录的年份视为未载入,计算时报错 ZA002 / years whose arrangement is loaded; a year without a row is not loaded, and counting in it is error ZA002';
COMMENT ON COLUMN aidcase.workday_year.year IS
'年份 / year';
COMMENT ON COLUMN aidcase.workday_year.notice IS
'依据的通知及印发日期 / the notices it rests on, with their dates';

SELECT aidcase.set_up_table('workday_year');

-- Every backend caches the calendar; these tell it of a change, also of one
-- made while other triggers are off (session_replication_role).

CREATE TRIGGER "~~invalidate"
    AFTER INSERT OR UPDATE OR DELETE ON aidcase.workday
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache();
ALTER TABLE aidcase.workday ENABLE ALWAYS TRIGGER "~~invalidate";
COMMENT ON TRIGGER "~~invalidate" ON aidcase.workday IS
'使各会话的日历缓存失效 / makes all sessions read the calendar again';

CREATE TRIGGER "~~invalidate"
    AFTER INSERT OR UPDATE OR DELETE ON aidcase.workday_year
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache();
ALTER TABLE aidcase.workday_year ENABLE ALWAYS TRIGGER "~~invalidate";
COMMENT ON TRIGGER "~~invalidate" ON aidcase.workday_year IS
'使各会话的日历缓存失效 / makes all sessions read the calendar again';

-- data: workday
-- data: workday_year
