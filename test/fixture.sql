-- fixture.sql: the database that the tests share.  A rehearsal register of
-- Tongguan District with its rule packs, pgTAP in schema tap, and a few
-- members of staff with logins.  Tests run in transactions that are rolled
-- back; nothing is added here by them.
--
--   unit 340705100 西湖镇 and 340705005 东郊办事处: delegated from 2021-04-02
--   unit 340705404 五松社区: not delegated
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE SCHEMA tap;
CREATE EXTENSION pgtap SCHEMA tap;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
CREATE EXTENSION aidcase CASCADE;
SELECT aidcase.open_register('340705', '铜陵市铜官区(测试)',
    packs => '{national,tongguan,tongguan_units,tongguan_delegation}', purpose => 'rehearsal');

CREATE ROLE t_clerk LOGIN IN ROLE aidcase_clerk;
CREATE ROLE t_clerk2 LOGIN IN ROLE aidcase_clerk;
CREATE ROLE t_leader LOGIN IN ROLE aidcase_leader;
CREATE ROLE t_other LOGIN IN ROLE aidcase_clerk;            -- clerk of another unit
CREATE ROLE t_undelegated LOGIN IN ROLE aidcase_clerk;
CREATE ROLE t_committee LOGIN IN ROLE aidcase_committee;
CREATE ROLE t_bureau LOGIN IN ROLE aidcase_bureau;
CREATE ROLE t_inspector LOGIN IN ROLE aidcase_inspector;
CREATE ROLE t_payer LOGIN IN ROLE aidcase_payer;
CREATE ROLE t_finance LOGIN IN ROLE aidcase_finance;
CREATE ROLE t_analyst LOGIN IN ROLE aidcase_analyst;
CREATE ROLE t_admin LOGIN IN ROLE aidcase_admin;
CREATE ROLE t_town LOGIN IN ROLE aidcase_clerk, aidcase_leader, aidcase_gateway;   -- pooled
CREATE ROLE t_stranger LOGIN;                               -- no group at all

SELECT aidcase.enrol_staff(d) FROM jsonb_array_elements($$[
 {"staff_no":"x-clerk","name":"测试经办","login":"t_clerk","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"clerk","from":"2020-01-01"}]},
 {"staff_no":"x-clerk2","name":"测试经办二","login":"t_clerk2","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"clerk","from":"2020-01-01"}]},
 {"staff_no":"x-visitor1","name":"测试入户一","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"investigator","from":"2020-01-01"}]},
 {"staff_no":"x-visitor2","name":"测试入户二","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"investigator","from":"2020-01-01"}]},
 {"staff_no":"x-leader","name":"测试负责人","login":"t_leader","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"unit_leader","from":"2020-01-01"}]},
 {"staff_no":"x-group1","name":"测试评审一","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"group_member","from":"2020-01-01"}]},
 {"staff_no":"x-group2","name":"测试评审二","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"group_member","from":"2020-01-01"}]},
 {"staff_no":"x-group3","name":"测试评审三","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"group_member","from":"2020-01-01"}]},
 {"staff_no":"x-group4","name":"测试评审四","employed_from":"2020-01-01","posts":[{"unit":"340705100","post":"group_member","from":"2020-01-01"}]},
 {"staff_no":"d-clerk","name":"东郊经办","login":"t_other","employed_from":"2020-01-01","posts":[{"unit":"340705005","post":"clerk","from":"2020-01-01"}]},
 {"staff_no":"w-clerk","name":"五松经办","login":"t_undelegated","employed_from":"2020-01-01","posts":[{"unit":"340705404","post":"clerk","from":"2020-01-01"}]},
 {"staff_no":"w-visitor1","name":"五松入户一","employed_from":"2020-01-01","posts":[{"unit":"340705404","post":"investigator","from":"2020-01-01"}]},
 {"staff_no":"w-visitor2","name":"五松入户二","employed_from":"2020-01-01","posts":[{"unit":"340705404","post":"investigator","from":"2020-01-01"}]},
 {"staff_no":"w-group1","name":"五松评审一","employed_from":"2020-01-01","posts":[{"unit":"340705404","post":"group_member","from":"2020-01-01"}]},
 {"staff_no":"w-group2","name":"五松评审二","employed_from":"2020-01-01","posts":[{"unit":"340705404","post":"group_member","from":"2020-01-01"}]},
 {"staff_no":"w-group3","name":"五松评审三","employed_from":"2020-01-01","posts":[{"unit":"340705404","post":"group_member","from":"2020-01-01"}]},
 {"staff_no":"v-member","name":"村委会委员","login":"t_committee","employed_from":"2020-01-01","posts":[{"unit":"340705100201","post":"committee_member","from":"2020-01-01"}]},
 {"staff_no":"b-clerk","name":"区局经办","login":"t_bureau","employed_from":"2020-01-01","posts":[{"unit":"340705","post":"bureau_clerk","from":"2020-01-01"},{"unit":"340705","post":"bureau_leader","from":"2020-01-01"}]},
 {"staff_no":"b-inspector","name":"区局督查","login":"t_inspector","employed_from":"2020-01-01","posts":[{"unit":"340705","post":"inspector","from":"2020-01-01"}]},
 {"staff_no":"b-payer","name":"核算中心","login":"t_payer","employed_from":"2020-01-01","posts":[{"unit":"340705","post":"payer","from":"2020-01-01"}]},
 {"staff_no":"b-admin","name":"管理员","login":"t_admin","employed_from":"2020-01-01","posts":[{"unit":"340705","post":"administrator","from":"2020-01-01"}]}
]$$::jsonb) AS d;

SELECT aidcase.make_review_group('340705100', '西湖镇联审联批小组', '2020-01-01', '[
 {"staff":"x-group1","capacity":"party_lead"},{"staff":"x-group2","capacity":"government_lead"},
 {"staff":"x-group3","capacity":"department"},{"staff":"x-group4","capacity":"clerk"}]');
SELECT aidcase.make_review_group('340705404', '五松社区联审联批小组', '2020-01-01', '[
 {"staff":"w-group1","capacity":"party_lead"},{"staff":"w-group2","capacity":"government_lead"},
 {"staff":"w-group3","capacity":"department"}]');
