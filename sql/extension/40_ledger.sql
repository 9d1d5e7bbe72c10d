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
