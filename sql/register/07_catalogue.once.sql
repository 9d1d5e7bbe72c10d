-- What the register's catalogue looked like at each sealing: an entry of its
-- own (operation C) whenever it changed, with what changed.
CREATE TABLE aidcase.ledger_catalogue (
    catalogue_no bigint NOT NULL PRIMARY KEY,
    objects      text   NOT NULL
);
COMMENT ON TABLE aidcase.ledger_catalogue IS
    '各次封存时登记库结构的变化 / changes of the register''s functions, triggers, policies, owners, grants and columns, as the sealer found them';
COMMENT ON COLUMN aidcase.ledger_catalogue.catalogue_no IS
    '记载此变化的台账记录 / the entry that records it';
COMMENT ON COLUMN aidcase.ledger_catalogue.objects IS
    '对象及其散列,JSON 对象,已不存在者为 null / JSON object: each object that changed with its hash, null when it is gone';
REVOKE ALL ON TABLE aidcase.ledger_catalogue FROM PUBLIC;
CREATE TRIGGER "~0_refuse" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON aidcase.ledger_catalogue
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.refuse_direct_write();
COMMENT ON TRIGGER "~0_refuse" ON aidcase.ledger_catalogue IS '拒绝直接改写 / refuses direct writes';
