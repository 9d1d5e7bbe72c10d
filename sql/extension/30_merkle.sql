/*
 * merkle: SHA-256 Merkle trees of RFC 6962, without any table.
 */
CREATE FUNCTION merkle_leaf_hash(data bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_merkle_leaf_hash';
COMMENT ON FUNCTION merkle_leaf_hash(bytea) IS
    '叶子散列:SHA-256(0x00‖数据),RFC 6962 / hash of a leaf of a Merkle tree: SHA-256 of a zero byte and the data (RFC 6962)';

CREATE FUNCTION merkle_root_add(state internal, leaf_hash bytea) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_merkle_root_add';
COMMENT ON FUNCTION merkle_root_add(internal, bytea) IS
    '聚合 merkle_root 的内部步骤 / transition function of the aggregate merkle_root';

CREATE FUNCTION merkle_root_done(state internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_merkle_root_done';
COMMENT ON FUNCTION merkle_root_done(internal) IS
    '聚合 merkle_root 的收尾 / final function of the aggregate merkle_root';

-- The state is one MerkleTree: 2 kB, however many leaves there are.  Trees
-- over parts of the leaves cannot be joined, so there is no combine function.
CREATE AGGREGATE merkle_root(leaf_hash bytea) (
    SFUNC = merkle_root_add,
    STYPE = internal,
    SSPACE = 2056,
    FINALFUNC = merkle_root_done,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE merkle_root(bytea) IS
    'Merkle 树根(参数为叶子散列,须写 ORDER BY;零行得空树的根 SHA-256 空串) / root of the Merkle tree (RFC 6962) over leaf hashes, to be called with ORDER BY inside; no rows give the root of the empty tree, SHA-256 of nothing';

CREATE FUNCTION merkle_inclusion_path(leaf_hashes bytea[], leaf_index bigint) RETURNS bytea[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_merkle_inclusion_path';
COMMENT ON FUNCTION merkle_inclusion_path(bytea[], bigint) IS
    '由全部叶子散列求某叶子的包含证明(序号从 0 起) / inclusion proof of the leaf with that index (from 0), from all leaf hashes';

CREATE FUNCTION merkle_consistency_path(leaf_hashes bytea[], size1 bigint) RETURNS bytea[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_merkle_consistency_path';
COMMENT ON FUNCTION merkle_consistency_path(bytea[], bigint) IS
    '由全部叶子散列求前 size1 片叶子之树的一致性证明 / consistency proof from the tree of the first size1 leaves to that of all of them; empty for size1 0';

CREATE FUNCTION verify_inclusion(leaf_hash bytea, leaf_index bigint, tree_size bigint, proof bytea[], root bytea) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_verify_inclusion';
COMMENT ON FUNCTION verify_inclusion(bytea, bigint, bigint, bytea[], bytea) IS
    '核对包含证明:多一段少一段都不通过 / does the proof show that the leaf with that index is in the tree with that root? A proof that does not fit exactly gives false';

CREATE FUNCTION verify_consistency(size1 bigint, size2 bigint, root1 bytea, root2 bytea, proof bytea[]) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_verify_consistency';
COMMENT ON FUNCTION verify_consistency(bigint, bigint, bytea, bytea, bytea[]) IS
    '核对一致性证明:后树是否只在前树之后追加 / does the proof show that the second tree only appends to the first? A proof that does not fit exactly gives false';
