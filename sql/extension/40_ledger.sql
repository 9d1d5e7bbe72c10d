/*
 * ledger: the triggers that number and capture every row of the register.
 */
CREATE FUNCTION check_capturable(table_name text) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_check_capturable';
COMMENT ON FUNCTION check_capturable(text) IS
    '检查表能否纳入台账,不能则列出全部原因 / errors, with all reasons, when a table of the register cannot be put under the ledger';

CREATE FUNCTION number_entry() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'aidcase_number_entry';
COMMENT ON FUNCTION number_entry() IS
    '触发器:为行的新版本取台账记录号,忽略写入者给的值 / trigger: gives a new row version its entry number, whatever was supplied';
REVOKE ALL ON FUNCTION number_entry() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION number_entry() TO aidcase_owner;

CREATE FUNCTION capture_entry() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'aidcase_capture_entry';
COMMENT ON FUNCTION capture_entry() IS
    '触发器:在同一事务中写入台账记录 / trigger: writes the ledger entry of a row version in the same transaction';
REVOKE ALL ON FUNCTION capture_entry() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION capture_entry() TO aidcase_owner;

CREATE FUNCTION refuse_direct_write() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'aidcase_refuse_direct_write';
COMMENT ON FUNCTION refuse_direct_write() IS
    '触发器:拒绝直接改写台账 / trigger: refuses direct writes to the tables of the ledger';
REVOKE ALL ON FUNCTION refuse_direct_write() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refuse_direct_write() TO aidcase_owner;

-- The array of values that an entry ends with; equal texts are equal rows.
CREATE FUNCTION row_image(table_row record) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_row_image';
COMMENT ON FUNCTION row_image(record) IS
    '行映像:与台账记录的最后一项逐字节相同 / the image of a row, byte for byte as the last element of its ledger entry';

-- Sealing.  Who may call seal() by hand or from cron: the owner of the
-- register and administrators; the worker needs no grant.
CREATE FUNCTION seal() RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'aidcase_seal';
COMMENT ON FUNCTION seal() IS
    '封存:为已提交的台账记录编入散列树并写检查点,返回树的大小 / seals: gives committed entries their leaves and writes a checkpoint; returns the size of the tree';
REVOKE ALL ON FUNCTION seal() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seal() TO aidcase_owner, aidcase_admin;

CREATE FUNCTION seal_rest() RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'aidcase_seal_rest';
COMMENT ON FUNCTION seal_rest() IS
    '内部:接管时封存全部未入树的记录 / internal: seals all entries without leaf, for adopt_register()';
REVOKE ALL ON FUNCTION seal_rest() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seal_rest() TO aidcase_owner;

CREATE FUNCTION lock_sealing() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'aidcase_lock_sealing';
COMMENT ON FUNCTION lock_sealing() IS
    '内部:到事务结束为止阻止封存 / internal: keeps sealers out until the transaction ends';
REVOKE ALL ON FUNCTION lock_sealing() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_sealing() TO aidcase_owner;

CREATE FUNCTION sealing_horizon() RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'aidcase_sealing_horizon';
COMMENT ON FUNCTION sealing_horizon() IS
    '内部:当前快照的边界 / internal: the transactions that are finished now, as text';
REVOKE ALL ON FUNCTION sealing_horizon() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealing_horizon() TO aidcase_owner;

CREATE FUNCTION this_database(OUT system_identifier text, OUT database_oid bigint)
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_this_database';
COMMENT ON FUNCTION this_database() IS
    '本集群和本数据库的标识 / what tells this cluster and database from copies';

CREATE FUNCTION inclusion_proof(leaf_index bigint, tree_size bigint) RETURNS bytea[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_inclusion_proof';
COMMENT ON FUNCTION inclusion_proof(bigint, bigint) IS
    '台账树中某叶子的包含证明(序号从 0 起) / inclusion proof of a leaf (from 0) in the ledger''s tree of that size';
REVOKE ALL ON FUNCTION inclusion_proof(bigint, bigint) FROM PUBLIC;

CREATE FUNCTION consistency_proof(size1 bigint, size2 bigint) RETURNS bytea[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_consistency_proof';
COMMENT ON FUNCTION consistency_proof(bigint, bigint) IS
    '台账树前后两个大小之间的一致性证明 / proof that the ledger''s tree of size2 only appends to that of size1';
REVOKE ALL ON FUNCTION consistency_proof(bigint, bigint) FROM PUBLIC;

CREATE FUNCTION leaf_hash(leaf_index bigint) RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_leaf_hash';
COMMENT ON FUNCTION leaf_hash(bigint) IS
    '台账树中某叶子的散列 / hash of a leaf of the ledger''s tree';
REVOKE ALL ON FUNCTION leaf_hash(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION inclusion_proof(bigint, bigint), consistency_proof(bigint, bigint), leaf_hash(bigint)
    TO aidcase_owner, aidcase_committee, aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector,
       aidcase_payer, aidcase_finance, aidcase_analyst, aidcase_admin;

CREATE FUNCTION verify_register(
    checkpoint   text DEFAULT NULL,
    trusted_size bigint DEFAULT 0,
    max_breaks   integer DEFAULT 1000,
    OUT kind text, OUT relation text, OUT key text, OUT leaf_index bigint, OUT entry_no bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'aidcase_verify_register';
COMMENT ON FUNCTION verify_register(text, bigint, integer) IS
    '核验台账与登记内容,列出全部破坏之处;可给库外保存的检查点 / verifies ledger and rows and lists every break, none when all is well; with a checkpoint that was kept outside also what no inside check can find; trusted_size = leaves verified before';
REVOKE ALL ON FUNCTION verify_register(text, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION verify_register(text, bigint, integer)
    TO aidcase_owner, aidcase_admin, aidcase_bureau, aidcase_inspector;

CREATE FUNCTION entry_values(entry text, places integer[]) RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_entry_values';
COMMENT ON FUNCTION entry_values(text, integer[]) IS
    '内部:台账记录所取代的记录号、行内容及指定位置的值(JSON 文本);原文不合格式则为空 / internal: of an entry, the number that it replaces, the row, and the row''s values at these places, as JSON text; NULL when the text is no entry of a row';
REVOKE ALL ON FUNCTION entry_values(text, integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION entry_values(text, integer[]) TO aidcase_owner;

-- A restored or cloned register goes on only after this call.  It keeps
-- writers out, so that every entry is either there or not: what came along
-- without leaf is sealed, and entries up to the greatest number so far are
-- never asked for their transaction again.
CREATE FUNCTION adopt_register(reason text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    former text;
    here   record;
    last   record;
    number record;
    breaks text[];
    latest integer;
BEGIN
    PERFORM aidcase.require_register();
    former := aidcase.become_owner();
    IF current_setting('transaction_isolation') <> 'read committed' OR pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'adopting the register needs a transaction of its own'
            USING ERRCODE = '25001',
                  DETAIL = 'It must be of isolation level READ COMMITTED and must not have written anything.',
                  HINT = 'Call adopt_register() alone.';
    END IF;
    PERFORM aidcase.lock_sealing();
    LOCK TABLE aidcase.ledger_entry IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO here FROM aidcase.this_database();
    SELECT i.incarnation, i.system_identifier, i.database_oid INTO last
      FROM aidcase.register_incarnation AS i ORDER BY i.incarnation DESC LIMIT 1;
    IF (here.system_identifier, here.database_oid) IS NOT DISTINCT FROM (last.system_identifier, last.database_oid) THEN
        RAISE EXCEPTION 'this database is the register''s own'
            USING ERRCODE = '55000',
                  DETAIL = 'Only a register that was restored or cloned is adopted.',
                  HINT = 'A standby that was promoted and a base backup go on without this call.';
    END IF;

    -- what changed in the catalogue on the way, such as the owner of the
    -- extension, is recorded by the next sealing
    SELECT array_agg(concat_ws(' ', v.kind, v.relation, v.key, v.detail)) INTO breaks
      FROM aidcase.verify_register(max_breaks => 20) AS v
     WHERE v.kind <> 'catalogue_changed' OR v.relation IS NOT NULL;
    IF breaks IS NOT NULL AND coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'the restored register does not verify'
            USING ERRCODE = '55000',
                  DETAIL = array_to_string(breaks, E'\n'),
                  HINT = 'Restore another backup. If these breaks are known, give the reason: SELECT aidcase.adopt_register(''...'').';
    END IF;

    -- copies made row by row leave sequences behind
    PERFORM setval('aidcase.entry_number', e.greatest)
       FROM (SELECT max(x.entry_no) AS greatest FROM aidcase.ledger_entry AS x) AS e, aidcase.entry_number AS s
      WHERE e.greatest > s.last_value;
    FOR number IN
        SELECT c.relname, a.attname, pg_get_serial_sequence(format('aidcase.%I', c.relname), a.attname) AS sequence
          FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attidentity <> ''
         WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r'
    LOOP
        EXECUTE format('SELECT setval(%L, t.greatest) FROM (SELECT max(x.%I) AS greatest FROM aidcase.%I AS x) AS t, %s AS s'
                       ' WHERE t.greatest > s.last_value OR (t.greatest = s.last_value AND NOT s.is_called)',
                       number.sequence, number.attname, number.relname, number.sequence);
    END LOOP;

    latest := coalesce(last.incarnation, 0) + 1;
    INSERT INTO aidcase.register_incarnation
           (incarnation, system_identifier, database_oid, after_no, horizon, adopted_at, adopted_by, reason)
    SELECT latest, here.system_identifier, here.database_oid, coalesce(max(x.entry_no), 0), aidcase.sealing_horizon(),
           clock_timestamp(), session_user, nullif(btrim(adopt_register.reason), '')
      FROM aidcase.ledger_entry AS x;
    PERFORM aidcase.seal_rest();
    EXECUTE format('SET LOCAL ROLE %I', former);
    RETURN latest;
END
$$;
COMMENT ON FUNCTION adopt_register(text) IS
    '接管恢复或克隆的登记库:先核验,再登记,返回第几个库;核验未通过时须说明理由 / adopts a restored or cloned register after verifying it; returns which incarnation it is; with breaks only for a stated reason';
REVOKE ALL ON FUNCTION adopt_register(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION adopt_register(text) TO aidcase_owner;

-- The past.  What runs with the owner's rights asks the live table as the
-- caller, so that grants and row security decide what is shown.
CREATE FUNCTION is_known(entry_no bigint, tree_size bigint) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_is_known';
COMMENT ON FUNCTION is_known(bigint, bigint) IS
    '台账记录是否已在该大小的树中 / is the leaf of the entry below this size of the tree';

CREATE FUNCTION caller() RETURNS oid
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'aidcase_caller';
COMMENT ON FUNCTION caller() IS
    '内部:以所有者权限运行的函数代谁执行 / internal: the role on whose behalf a function of the owner runs';

CREATE FUNCTION ask_as_caller(query text, argument text[]) RETURNS bigint[]
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'aidcase_ask_as_caller';
COMMENT ON FUNCTION ask_as_caller(text, text[]) IS
    '内部:以调用者的权限查询,返回第一列 / internal: the first column, of type bigint, of a query that is run with the caller''s rights';
REVOKE ALL ON FUNCTION ask_as_caller(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_as_caller(text, text[]) TO aidcase_owner;

-- The one path on which rows are removed.
CREATE FUNCTION erase_rows(list_id bigint) RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'aidcase_erase_rows';
COMMENT ON FUNCTION erase_rows(bigint) IS
    '内部:按已鉴定的清册删除各行并抹去台账原文 / internal: removes the rows of an appraised list and the texts of their entries; returns the number of texts';
REVOKE ALL ON FUNCTION erase_rows(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_rows(bigint) TO aidcase_owner;
