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

-- The array of values that an entry holds; equal texts are equal rows.
CREATE FUNCTION row_image(table_row record) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_row_image';
COMMENT ON FUNCTION row_image(record) IS
    '行映像:与台账记录中的 v 逐字节相同 / the image of a row, byte for byte as member "v" of its ledger entry';
