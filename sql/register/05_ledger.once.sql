-- The ledger.  Plain tables with plain btree or brin indexes only: entries are
-- written by C without checks, generated columns, partitions or triggers of
-- other kinds (extension/ledger.c asserts it).  The tree over them
-- (ledger_leaf, ledger_tile, checkpoint) is made by sealing.

CREATE SEQUENCE aidcase.entry_number AS bigint;

CREATE TABLE aidcase.ledger_entry (
    entry_no bigint NOT NULL PRIMARY KEY,
    xid      bigint NOT NULL,
    entry    text   NOT NULL
);
CREATE INDEX ledger_entry_xid ON aidcase.ledger_entry USING brin (xid);

CREATE TABLE aidcase.ledger_shape (
    shape_no bigint NOT NULL PRIMARY KEY,   -- the entry that introduced it
    relation text   NOT NULL,
    columns  text   NOT NULL
);
CREATE INDEX ledger_shape_relation ON aidcase.ledger_shape (relation);

REVOKE ALL ON TABLE aidcase.ledger_entry, aidcase.ledger_shape FROM PUBLIC;

CREATE TRIGGER "~0_refuse" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON aidcase.ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.refuse_direct_write();
CREATE TRIGGER "~0_refuse" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON aidcase.ledger_shape
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.refuse_direct_write();
