-- open.sql: the register of the demo and the logins that work in it.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION aidcase CASCADE;
SELECT aidcase.open_register('340705', '铜陵市铜官区(演示)',
    packs => '{national,tongguan,tongguan_units,tongguan_delegation}', purpose => 'rehearsal');

-- Pooled logins of the town's, the bureau's and the checkers' applications, a login
-- for the administrator, and two people's own logins.
CREATE ROLE demo_town LOGIN IN ROLE aidcase_clerk, aidcase_leader, aidcase_gateway;
CREATE ROLE demo_bureau LOGIN IN ROLE aidcase_bureau, aidcase_gateway;
CREATE ROLE demo_checker LOGIN IN ROLE aidcase_checker, aidcase_gateway;
CREATE ROLE demo_admin LOGIN IN ROLE aidcase_admin;
CREATE ROLE demo_clerk LOGIN IN ROLE aidcase_clerk;
CREATE ROLE demo_bureau_desk LOGIN IN ROLE aidcase_bureau;
CREATE ROLE demo_inspector LOGIN IN ROLE aidcase_inspector;
CREATE ROLE demo_payer LOGIN IN ROLE aidcase_payer;
ALTER ROLE demo_town SET client_min_messages = warning;
ALTER ROLE demo_bureau SET client_min_messages = warning;
ALTER ROLE demo_checker SET client_min_messages = warning;
