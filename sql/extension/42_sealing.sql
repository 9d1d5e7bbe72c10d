/*
 * sealing: who seals, and what keeps the register from being dropped.
 */
CREATE FUNCTION sealed_by_worker() RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'aidcase_sealed_by_worker';
COMMENT ON FUNCTION sealed_by_worker() IS
    '后台进程是否为本数据库封存 / does the background worker seal this database?';

CREATE FUNCTION refuse_drop() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'aidcase_refuse_drop';
COMMENT ON FUNCTION refuse_drop() IS
    '事件触发器:拒绝连同登记库一起删除扩展 / event trigger: refuses to drop the extension together with the register';
REVOKE ALL ON FUNCTION refuse_drop() FROM PUBLIC;

CREATE EVENT TRIGGER aidcase_keep ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION refuse_drop();
COMMENT ON EVENT TRIGGER aidcase_keep IS
    '登记库存在时拒绝删除扩展 / keeps the extension while there is a register';
