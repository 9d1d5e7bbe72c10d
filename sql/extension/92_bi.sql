/*
 * bi: the schema that BI tools open.  Its views belong to the register.
 */
CREATE SCHEMA aidcase_bi;
COMMENT ON SCHEMA aidcase_bi IS
    'BI 星型模型:维度 dim_*、事实 fact_*,只含文本、日期、数值列,列名按合同版本固定 / star schema for BI tools: dimensions dim_*, facts fact_*, plain text, date and number columns under a versioned contract';
GRANT CREATE, USAGE ON SCHEMA aidcase_bi TO aidcase_owner;
GRANT USAGE ON SCHEMA aidcase_bi TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector,
    aidcase_finance, aidcase_analyst;
