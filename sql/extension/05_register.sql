/*
 * register: opening, upgrading and extending it.
 *
 * These functions run with the caller's rights and step down to
 * aidcase_owner for all that they make; the caller must be a superuser or a
 * member of aidcase_owner.
 */

-- The function TABLE_at(known_at): the live rows, or the rows as they were
-- known.  Its text names no column, so it follows the table's; it is inlined,
-- and without known_at nothing but the scan of the table is left.
CREATE FUNCTION make_known_function(table_name text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
SET check_function_bodies = off
AS $$
BEGIN
    EXECUTE format($f$
        CREATE OR REPLACE FUNCTION aidcase.%1$I(known_at timestamptz DEFAULT NULL) RETURNS SETOF aidcase.%2$I
        LANGUAGE sql STABLE PARALLEL RESTRICTED AS $body$
            SELECT t.* FROM aidcase.%2$I AS t WHERE known_at IS NULL
             UNION ALL
            SELECT k.* FROM aidcase.as_known(NULL::aidcase.%2$I, known_at) AS k WHERE known_at IS NOT NULL
        $body$ $f$, table_name || '_at', table_name);
    EXECUTE format('COMMENT ON FUNCTION aidcase.%I(timestamptz) IS %L', table_name || '_at',
        format('表 %1$s 的现状,或截至该时间最后一个检查点的状态 / the rows of table %1$s: live ones, or as known at the last checkpoint not later than known_at', table_name));
END
$$;
COMMENT ON FUNCTION make_known_function(text) IS
    '为表生成 <表名>_at(known_at) 函数 / makes the function <table>_at(known_at) of a table';
REVOKE ALL ON FUNCTION make_known_function(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_known_function(text) TO aidcase_owner;

-- Gives one table of the register what every business table has: the column
-- entry_no, the triggers that number and capture its rows, row security.
CREATE FUNCTION set_up_table(table_name text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    PERFORM aidcase.check_capturable(table_name);
    IF NOT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = format('aidcase.%I', table_name)::regclass
                      AND a.attname = 'entry_no' AND NOT a.attisdropped) THEN
        EXECUTE format('ALTER TABLE aidcase.%I ADD COLUMN entry_no bigint NOT NULL', table_name);
    END IF;
    EXECUTE format('COMMENT ON COLUMN aidcase.%I.entry_no IS %L', table_name,
        '台账记录号:记载本行现状的台账记录 / the ledger entry that recorded the present version of the row');
    EXECUTE format('CREATE TRIGGER "~8_number" BEFORE INSERT OR UPDATE ON aidcase.%I'
        ' FOR EACH ROW EXECUTE FUNCTION aidcase.number_entry()', table_name);
    EXECUTE format('CREATE TRIGGER "~9_capture" AFTER INSERT OR UPDATE OR DELETE ON aidcase.%I'
        ' FOR EACH ROW EXECUTE FUNCTION aidcase.capture_entry()', table_name);
    EXECUTE format('CREATE TRIGGER "~0_keep" BEFORE TRUNCATE OR DELETE ON aidcase.%I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION aidcase.keep_all_rows()', table_name);
    EXECUTE format('ALTER TABLE aidcase.%I ENABLE ROW LEVEL SECURITY', table_name);
    EXECUTE format('REVOKE ALL ON TABLE aidcase.%I FROM PUBLIC', table_name);
    PERFORM aidcase.make_known_function(table_name);
END
$$;
COMMENT ON FUNCTION set_up_table(text) IS
    '将登记库的表纳入台账和行级安全 / puts a table of the register under ledger and row security';
REVOKE ALL ON FUNCTION set_up_table(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_up_table(text) TO aidcase_owner;

-- The steps from one register version to another, as an array that orders.
CREATE FUNCTION version_order(version text) RETURNS integer[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT pg_catalog.string_to_array(version, '.')::integer[] $$;
COMMENT ON FUNCTION version_order(text) IS
    '版本号排序键 / the key by which versions are ordered';

-- Becomes aidcase_owner for the rest of the call; returns the role to restore.
CREATE FUNCTION become_owner() RETURNS text
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    former text := pg_catalog.current_setting('role');
BEGIN
    IF NOT pg_catalog.pg_has_role(CURRENT_USER, 'aidcase_owner', 'MEMBER') THEN
        RAISE EXCEPTION 'permission denied to change the register'
            USING ERRCODE = '42501',
                  DETAIL = 'Only a superuser or a member of role "aidcase_owner" may do that.',
                  HINT = 'Ask the database administrator.';
    END IF;
    SET LOCAL ROLE aidcase_owner;
    RETURN former;
END
$$;
COMMENT ON FUNCTION become_owner() IS
    '内部:切换为登记库所有者 / internal: acts as the owner of the register until the role is restored';
REVOKE ALL ON FUNCTION become_owner() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION become_owner() TO aidcase_owner;

CREATE FUNCTION open_register(
    area_code text,
    name      text,
    time_zone text DEFAULT 'Asia/Shanghai',
    packs     text[] DEFAULT '{national}',
    purpose   text DEFAULT 'live')
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
SET check_function_bodies = on
AS $$
DECLARE
    faults text[] := '{}';
    part   record;
    former text;
    pack   text;
    origin text;
BEGIN
    -- of two who open it at once the second finds it open
    PERFORM pg_advisory_xact_lock('aidcase.blueprint'::regclass::oid::bigint);
    IF to_regclass('aidcase.register') IS NOT NULL THEN
        RAISE EXCEPTION 'this database already has a register'
            USING ERRCODE = '55000',
                  DETAIL = 'A database holds one register.',
                  HINT = 'Call aidcase.upgrade_register() after an update of the extension.';
    END IF;
    IF getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'a register needs a database in encoding UTF8'
            USING ERRCODE = '0A000',
                  DETAIL = format('The encoding of this database is %s.', getdatabaseencoding()),
                  HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
    IF area_code IS NULL OR area_code !~ '^[1-9][0-9]{5}$' THEN
        faults := faults || 'The area code must be the six digits of a district (GB/T 2260).'::text;
    END IF;
    IF name IS NULL OR btrim(name) = '' THEN
        faults := faults || 'The register needs a name.'::text;
    END IF;
    IF time_zone IS NULL OR NOT EXISTS (
            SELECT FROM pg_timezone_names AS z WHERE z.name = open_register.time_zone) THEN
        faults := faults || 'The time zone must be a full name such as "Asia/Shanghai".'::text;
    END IF;
    IF purpose IS NULL OR purpose NOT IN ('live', 'rehearsal') THEN
        faults := faults || 'The purpose must be "live" or "rehearsal".'::text;
    END IF;
    FOREACH pack IN ARRAY coalesce(packs, '{}') LOOP
        IF NOT EXISTS (SELECT FROM aidcase.blueprint AS b
                        WHERE b.kind = 'pack' AND b.room = pack) THEN
            faults := faults || format('There is no rule pack "%s".', pack);
        ELSIF array_length(array_positions(packs, pack), 1) > 1
              AND format('Rule pack "%s" is named twice.', pack) <> ALL (faults) THEN
            faults := faults || format('Rule pack "%s" is named twice.', pack);
        END IF;
    END LOOP;
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the register cannot be opened'
            USING ERRCODE = '22023',
                  DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Example: SELECT aidcase.open_register(''340705'', ''铜陵市铜官区''). The rule packs are listed by '
                         'SELECT room FROM aidcase.blueprint WHERE kind = ''pack''.';
    END IF;

    former := aidcase.become_owner();
    origin := format('aidcase/%s/%s', area_code, left(replace(gen_random_uuid()::text, '-', ''), 12));
    FOR part IN
        SELECT b.room, b.body FROM aidcase.blueprint AS b
         WHERE b.kind IN ('once', 'always') ORDER BY b.part_no
    LOOP
        EXECUTE part.body;
        IF part.room = '10_base' THEN
            INSERT INTO aidcase.register (area_code, name, time_zone, purpose, origin, packs, version)
            VALUES (open_register.area_code, open_register.name, open_register.time_zone,
                    open_register.purpose, origin, '{}', aidcase.version());
            INSERT INTO aidcase.register_incarnation
                   (incarnation, system_identifier, database_oid, after_no, adopted_at, adopted_by)
            SELECT 1, d.system_identifier, d.database_oid, 0, transaction_timestamp(), session_user
              FROM aidcase.this_database() AS d;
        END IF;
    END LOOP;
    PERFORM aidcase.first_unit();
    EXECUTE format('SET LOCAL ROLE %I', former);
    FOREACH pack IN ARRAY coalesce(packs, '{}') LOOP
        PERFORM aidcase.load_pack(pack);
    END LOOP;
    RETURN origin;
END
$$;
COMMENT ON FUNCTION open_register(text, text, text, text[], text) IS
    '开设登记库:建立全部表、视图、触发器和内置数据,返回台账来源标识 / opens the register of this database: makes all its objects; returns the origin of its ledger';
REVOKE ALL ON FUNCTION open_register(text, text, text, text[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_register(text, text, text, text[], text) TO aidcase_owner;

CREATE FUNCTION require_register() RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF pg_catalog.to_regclass('aidcase.register') IS NULL THEN
        RAISE EXCEPTION 'there is no register in this database'
            USING ERRCODE = 'ZA001',
                  HINT = 'Open one with SELECT aidcase.open_register(area_code, name).';
    END IF;
END
$$;
COMMENT ON FUNCTION require_register() IS
    '未开设登记库时报错 / raises an error when there is no register';

CREATE FUNCTION load_pack(name text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    body   text;
    former text;
BEGIN
    PERFORM aidcase.require_register();
    SELECT b.body INTO body FROM aidcase.blueprint AS b
     WHERE b.kind = 'pack' AND b.room = load_pack.name;
    IF body IS NULL THEN
        RAISE EXCEPTION 'there is no rule pack "%"', load_pack.name
            USING ERRCODE = '22023',
                  HINT = 'SELECT room FROM aidcase.blueprint WHERE kind = ''pack''.';
    END IF;
    former := aidcase.become_owner();
    PERFORM FROM aidcase.register FOR UPDATE;
    IF load_pack.name = ANY (SELECT unnest(r.packs) FROM aidcase.register AS r) THEN
        RAISE EXCEPTION 'rule pack "%" is already loaded', load_pack.name
            USING ERRCODE = '55000',
                  DETAIL = 'A pack is loaded once; later changes are dated rows of their own.',
                  HINT = 'Change a value with aidcase.set_parameter().';
    END IF;
    EXECUTE body;
    UPDATE aidcase.register SET packs = packs || load_pack.name;
    EXECUTE format('SET LOCAL ROLE %I', former);
END
$$;
COMMENT ON FUNCTION load_pack(text) IS
    '载入规则包(政策文件、参数、单位) / loads a rule pack: documents, parameters, units';
REVOKE ALL ON FUNCTION load_pack(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION load_pack(text) TO aidcase_owner;

CREATE FUNCTION upgrade_register() RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    part    record;
    former  text;
    present text;
BEGIN
    PERFORM aidcase.require_register();
    former := aidcase.become_owner();
    SELECT r.version INTO present FROM aidcase.register AS r FOR UPDATE;
    IF aidcase.version_order(present) > aidcase.version_order(aidcase.version()) THEN
        RAISE EXCEPTION 'the register is newer than the extension'
            USING ERRCODE = '55000',
                  DETAIL = format('The register is of version %s, the extension of version %s.',
                                  present, aidcase.version()),
                  HINT = 'Install the newer extension and call ALTER EXTENSION aidcase UPDATE.';
    END IF;
    FOR part IN
        SELECT b.kind, b.body FROM aidcase.blueprint AS b
         WHERE b.kind = 'always'
            OR b.kind = 'upgrade' AND aidcase.version_order(b.since) > aidcase.version_order(present)
         ORDER BY b.kind DESC, b.kind = 'upgrade' DESC,
                  CASE WHEN b.kind = 'upgrade' THEN aidcase.version_order(b.since) END, b.part_no
    LOOP
        EXECUTE part.body;
    END LOOP;
    UPDATE aidcase.register SET version = aidcase.version()
     WHERE version IS DISTINCT FROM aidcase.version();
    EXECUTE format('SET LOCAL ROLE %I', former);
    RETURN format('%s -> %s', present, aidcase.version());
END
$$;
COMMENT ON FUNCTION upgrade_register() IS
    '扩展升级或恢复旧备份后升级登记库 / brings the register to the version of the extension';
REVOKE ALL ON FUNCTION upgrade_register() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION upgrade_register() TO aidcase_owner;

CREATE FUNCTION check_setup(OUT item text, OUT ok boolean, OUT what_to_do text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    PERFORM aidcase.require_register();
    item := 'register version';
    ok := (SELECT r.version = aidcase.version() FROM aidcase.register AS r);
    what_to_do := CASE WHEN NOT ok THEN 'SELECT aidcase.upgrade_register()' END;
    RETURN NEXT;
    RETURN QUERY SELECT * FROM aidcase.setup_items();
END
$$;
COMMENT ON FUNCTION check_setup() IS
    '检查登记库设置,列出缺项和办法 / lists what is set up, what is missing and what to do about it';
