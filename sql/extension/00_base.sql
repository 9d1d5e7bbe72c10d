/*
 * base: roles, the blueprint, opening and upgrading a register.
 *
 * Roles belong to the cluster, not to the database.  They are made here when
 * they are missing, so that a dump restored into another cluster finds them.
 */
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT *
          FROM (VALUES
            ('aidcase_owner',     '登记库所有者(不登录) / owner of the register, no login'),
            ('aidcase_committee', '村居委会协办人员 / members of village and residents committees'),
            ('aidcase_clerk',     '镇办社区经办人员 / handling officers of a unit'),
            ('aidcase_leader',    '镇办社区负责人 / leaders of a unit'),
            ('aidcase_bureau',    '区民政局业务人员 / staff of the district bureau'),
            ('aidcase_inspector', '监督检查人员 / inspectors, read everything'),
            ('aidcase_payer',     '区会计核算中心 / district accounting centre'),
            ('aidcase_finance',   '区财政局(只读) / district finance bureau, read only'),
            ('aidcase_analyst',   '统计分析人员(脱敏) / analysts, without identities'),
            ('aidcase_admin',     '登记库管理员 / administrators of organisation and parameters'),
            ('aidcase_checker',   '入户抽查人员(盲查) / checkers, see a decision only after their finding is locked'),
            ('aidcase_gateway',   '可代为声明经办人的共用登录 / pooled logins that may call act_as()')
          ) AS v (name, note)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = r.name) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', r.name);
            EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', r.name, r.note);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA @extschema@ TO PUBLIC;
GRANT CREATE ON SCHEMA @extschema@ TO aidcase_owner;

CREATE TABLE blueprint (
    part_no integer PRIMARY KEY,
    room    text NOT NULL,
    kind    text NOT NULL CHECK (kind IN ('once', 'always', 'upgrade', 'pack', 'member')),
    since   text NOT NULL,
    body    text NOT NULL
);
COMMENT ON TABLE blueprint IS
    '登记库蓝图:按顺序执行的建库脚本 / the SQL of the register, part by part, in load order';
COMMENT ON COLUMN blueprint.part_no IS '执行顺序 / load order';
COMMENT ON COLUMN blueprint.room IS '所属部分,规则包为包名 / room that it belongs to; of a pack, its name';
COMMENT ON COLUMN blueprint.kind IS '种类:once 仅一次,always 每次升级,upgrade 升级步骤,pack 规则包,member 扩展自身脚本(供核验) / kind: once, always = again at every upgrade, upgrade = a step from an older version, pack = rule pack, member = the extension''s own script, to compare its functions with';
COMMENT ON COLUMN blueprint.since IS '起始版本 / version that brought it';
COMMENT ON COLUMN blueprint.body IS 'SQL 脚本 / the SQL';
REVOKE ALL ON TABLE blueprint FROM PUBLIC;
GRANT SELECT ON TABLE blueprint TO aidcase_owner;

CREATE FUNCTION @extschema@.version() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT '@version@'::text $$;
COMMENT ON FUNCTION @extschema@.version() IS
    '扩展版本 / version of the extension that is installed';

CREATE FUNCTION invalidate_cache() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'aidcase_invalidate_cache';
COMMENT ON FUNCTION invalidate_cache() IS
    '触发器:通知各会话缓存失效 / trigger: tells every session that cached rows have changed';
REVOKE ALL ON FUNCTION invalidate_cache() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION invalidate_cache() TO aidcase_owner;

CREATE FUNCTION keep_all_rows() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'aidcase_keep_all_rows';
COMMENT ON FUNCTION keep_all_rows() IS
    '触发器:拒绝清空和删除 / trigger: refuses TRUNCATE and DELETE';
REVOKE ALL ON FUNCTION keep_all_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_all_rows() TO aidcase_owner;

CREATE FUNCTION only_change() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'aidcase_only_change';
COMMENT ON FUNCTION only_change() IS
    '触发器:除指定列外不得修改 / trigger: of a kept row only the named columns may change';
REVOKE ALL ON FUNCTION only_change() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION only_change() TO aidcase_owner;

CREATE FUNCTION now_here() RETURNS timestamptz
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_now_here';
COMMENT ON FUNCTION now_here() IS
    '登记库时钟(演练库可调) / the register''s clock: transaction time, or aidcase.clock in a rehearsal';

CREATE FUNCTION today() RETURNS date
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_today';
COMMENT ON FUNCTION today() IS
    '登记库当日 / the date of the register''s clock in its time zone';

CREATE FUNCTION date_here(at timestamptz) RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_date_here';
COMMENT ON FUNCTION date_here(timestamptz) IS
    '时间点在登记库时区的日期 / the date of an instant in the register''s time zone';

CREATE FUNCTION midnight_here(day date) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_midnight_here';
COMMENT ON FUNCTION midnight_here(date) IS
    '日期在登记库时区的零点 / the first instant of a date in the register''s time zone';
