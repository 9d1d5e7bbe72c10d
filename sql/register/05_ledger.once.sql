-- The ledger.  Plain tables with plain btree or brin indexes only: entries are
-- written by C without checks, generated columns, partitions or row triggers
-- (extension/ledger.c refuses to write when it finds any).  The tree over them
-- (ledger_leaf, ledger_tile, checkpoint) is made by sealing.

-- No CACHE: of two entries of a case the newer one has the larger number.
CREATE SEQUENCE aidcase.entry_number AS bigint;
COMMENT ON SEQUENCE aidcase.entry_number IS
    '台账记录号 / numbers of ledger entries; gaps are normal, order is made at sealing';

CREATE TABLE aidcase.ledger_entry (
    entry_no bigint NOT NULL PRIMARY KEY,
    xid      bigint NOT NULL,
    entry    text
);
-- autosummarize: the ledger only grows, and sealing reads its newest part
CREATE INDEX ledger_entry_xid ON aidcase.ledger_entry USING brin (xid)
    WITH (autosummarize = on);
COMMENT ON TABLE aidcase.ledger_entry IS
    '台账:登记库每次写入的原始记录,只增不改 / the ledger: one entry for every row version of the register; only ever added to';
COMMENT ON COLUMN aidcase.ledger_entry.entry_no IS
    '记录号,与业务行的 entry_no 相同 / number; the row version that it records bears the same';
COMMENT ON COLUMN aidcase.ledger_entry.xid IS
    '所属事务的完整事务号 / full id of the top-level transaction';
COMMENT ON COLUMN aidcase.ledger_entry.entry IS
    '规范 JSON 文本,散列的对象;依法销毁后为空 / canonical JSON text, the very bytes that are hashed; NULL when it was erased';

-- What the values of an image mean.  Two sessions that meet a new shape at
-- once both record it; that is harmless.  Collation "C": C code searches by it.
CREATE TABLE aidcase.ledger_shape (
    shape_no bigint NOT NULL PRIMARY KEY,
    relation text   COLLATE "C" NOT NULL,
    columns  text   NOT NULL
);
CREATE INDEX ledger_shape_relation ON aidcase.ledger_shape (relation);
COMMENT ON TABLE aidcase.ledger_shape IS
    '台账中各表的列名和类型 / the shapes of captured tables: names and types of their columns';
COMMENT ON COLUMN aidcase.ledger_shape.shape_no IS
    '记录号:引入该结构的台账记录 / the entry that introduced the shape';
COMMENT ON COLUMN aidcase.ledger_shape.relation IS
    '表名 / table';
COMMENT ON COLUMN aidcase.ledger_shape.columns IS
    '列名、类型和主键次序,JSON 数组,与记录的最后一项相同 / [["name","type"],["name","type",position in the key],...], as the last element of that entry';

-- Keys that have no row any more.  The history of every other key begins at
-- its live row, so that the ledger needs no index by table and key.
CREATE TABLE aidcase.ledger_removed (
    removal_no bigint NOT NULL PRIMARY KEY,
    relation   text   COLLATE "C" NOT NULL,
    key        text   COLLATE "C" NOT NULL
);
CREATE INDEX ledger_removed_key ON aidcase.ledger_removed (relation, key);
COMMENT ON TABLE aidcase.ledger_removed IS
    '已无现行记录的主键(删除或改键) / keys whose row was removed or was given another key';
COMMENT ON COLUMN aidcase.ledger_removed.removal_no IS
    '记录号:删除或改键的台账记录 / the entry that removed the row or changed its key';
COMMENT ON COLUMN aidcase.ledger_removed.relation IS
    '表名 / table';
COMMENT ON COLUMN aidcase.ledger_removed.key IS
    '原主键值,JSON 数组 / the former key, a JSON array without blanks';

REVOKE ALL ON TABLE aidcase.ledger_entry, aidcase.ledger_shape, aidcase.ledger_removed FROM PUBLIC;

CREATE TRIGGER "~0_refuse" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON aidcase.ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.refuse_direct_write();
COMMENT ON TRIGGER "~0_refuse" ON aidcase.ledger_entry IS
    '拒绝直接改写 / refuses direct writes';
CREATE TRIGGER "~0_refuse" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON aidcase.ledger_shape
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.refuse_direct_write();
COMMENT ON TRIGGER "~0_refuse" ON aidcase.ledger_shape IS
    '拒绝直接改写 / refuses direct writes';
CREATE TRIGGER "~0_refuse" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON aidcase.ledger_removed
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.refuse_direct_write();
COMMENT ON TRIGGER "~0_refuse" ON aidcase.ledger_removed IS
    '拒绝直接改写 / refuses direct writes';
