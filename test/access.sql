-- Access: who may read and write what, in which units; what error messages
-- tell; that every table is closed, captured and under a rule.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(80);

-- What a login gets for a query, as text.
CREATE FUNCTION pg_temp.ask(login text, query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
    EXECUTE query INTO answer;
    RESET SESSION AUTHORIZATION;
    RETURN answer;
END
$$;
-- Number of rows that a login's command touches.
CREATE FUNCTION pg_temp.touched(login text, command text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
    EXECUTE command;
    GET DIAGNOSTICS n = ROW_COUNT;
    RESET SESSION AUTHORIZATION;
    RETURN n;
END
$$;
-- All that a login is told when its command is refused.
CREATE FUNCTION pg_temp.told(login text, command text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail  text;
    hint    text;
BEGIN
    PERFORM pg_temp.touched(login, command);
    RETURN '(done)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || message || '|' || detail || '|' || hint;
END
$$;

SET LOCAL aidcase.clock = '2021-05-06 09:00+08';

-- Two households of Xihu Town, in two villages, and one of Dongjiao Office.
INSERT INTO aid_case (case_id, case_no, unit_id, village_id, residence, address, phone) VALUES
    (9000001, 'a-1', unit_id('340705100'), unit_id('340705100201'), 'rural', '柴塘村1号', '13900000001'),
    (9000002, 'a-2', unit_id('340705100'), unit_id('340705100202'), 'rural', '跃进村2号', '13900000002'),
    (9000003, 'a-3', unit_id('340705005'), unit_id('340705005002'), 'urban', '开源社区3号', '13900000003');
INSERT INTO payee_account (account_id, case_id, kind, holder_name, bank, account_no, valid) VALUES
    (9000001, 9000001, 'person', '甲', '农商行', '6228480000000000001', '[2021-05-01,)'),
    (9000002, 9000002, 'person', '乙', '农商行', '6228480000000000002', '[2021-05-01,)'),
    (9000003, 9000003, 'person', '丙', '农商行', '6228480000000000003', '[2021-05-01,)');
INSERT INTO staff_filing (filing_id, staff_id, unit_id, declared_on, nil_return) VALUES
    (9000001, (SELECT staff_id FROM staff WHERE staff_no = 'x-clerk'), unit_id('340705100'), '2021-04-01', false),
    (9000003, (SELECT staff_id FROM staff WHERE staff_no = 'd-clerk'), unit_id('340705005'), '2021-04-01', false);

-- ---------------------------------------------------------------------
-- Scope by unit

SELECT is(pg_temp.ask('t_clerk', $$SELECT string_agg(case_no, ' ' ORDER BY case_no) FROM aid_case WHERE case_no LIKE 'a-_'$$), 'a-1 a-2', 'a clerk sees the unit''s cases');
SELECT is(pg_temp.ask('t_other', $$SELECT string_agg(case_no, ' ' ORDER BY case_no) FROM aid_case WHERE case_no LIKE 'a-_'$$), 'a-3', 'another unit''s clerk its own');
SELECT is(pg_temp.ask('t_leader', $$SELECT string_agg(case_no, ' ' ORDER BY case_no) FROM aid_case WHERE case_no LIKE 'a-_'$$), 'a-1 a-2', 'a leader the unit''s');
SELECT is(pg_temp.ask('t_committee', $$SELECT string_agg(case_no, ' ' ORDER BY case_no) FROM aid_case WHERE case_no LIKE 'a-_'$$), 'a-1', 'a committee the village''s');
SELECT is(pg_temp.ask('t_bureau', $$SELECT string_agg(case_no, ' ' ORDER BY case_no) FROM aid_case WHERE case_no LIKE 'a-_'$$), 'a-1 a-2 a-3', 'the bureau all');
SELECT is(pg_temp.ask('t_inspector', $$SELECT count(*) FROM aid_case WHERE case_no LIKE 'a-_'$$), '3', 'inspectors all');
SELECT is(pg_temp.ask('t_payer', $$SELECT count(*) FROM aid_case WHERE case_no LIKE 'a-_'$$), '3', 'the accounting centre all');
SELECT is(pg_temp.ask('t_clerk', $$SELECT count(*) FROM payee_account WHERE account_id BETWEEN 9000001 AND 9000003$$), '2', 'facts follow their case');
SELECT is(pg_temp.ask('t_other', $$SELECT count(*) FROM payee_account WHERE account_id BETWEEN 9000001 AND 9000003$$), '1', 'for the other unit too');
SELECT is(pg_temp.ask('t_clerk', $$SELECT count(*) FROM staff_filing WHERE filing_id IN (9000001, 9000003)$$), '1', 'filings of the unit');
SELECT is(pg_temp.ask('t_clerk', $$SET LOCAL aidcase.clock = '2019-05-06 09:00+08'; SELECT count(*) FROM aid_case$$), '0', 'before the first post there is no scope');
SET LOCAL aidcase.clock = '2021-05-06 09:00+08';
SELECT is(pg_temp.told('t_stranger', 'SELECT FROM aid_case'), '42501 permission denied for table aid_case||', 'a login without role');

SELECT is(pg_temp.touched('t_clerk', $$UPDATE aid_case SET phone = '1' WHERE case_no = 'a-1'$$), 1::bigint, 'UPDATE in the unit');
SELECT is(pg_temp.touched('t_clerk', $$UPDATE aid_case SET phone = '1' WHERE case_no = 'a-3'$$), 0::bigint, 'UPDATE of another''s case: UPDATE 0');
SELECT is(pg_temp.touched('t_clerk', $$UPDATE payee_account SET valid = '[2021-05-01,2021-06-01)' WHERE account_id = 9000003$$), 0::bigint, 'and of its facts');
SELECT is(pg_temp.ask('t_clerk', $$SELECT count(*) FROM (SELECT FROM aid_case WHERE case_no LIKE 'a-_' FOR UPDATE) AS l$$), '2', 'locks its own only');
SELECT is(pg_temp.told('t_clerk', $$UPDATE aid_case SET unit_id = unit_id('340705005') WHERE case_no = 'a-1'$$), '42501 permission denied for table aid_case||', 'a case is not given away by UPDATE');
SELECT is(pg_temp.told('t_clerk', $$UPDATE aid_case SET case_no = 'x' WHERE case_no = 'a-1'$$), '42501 permission denied for table aid_case||', 'nor renumbered');
SELECT is(pg_temp.touched('t_clerk', $$INSERT INTO aid_case (case_no, unit_id, village_id, residence) VALUES ('a-4', unit_id('340705100'), unit_id('340705100201'), 'rural')$$), 1::bigint, 'INSERT in the unit');
SELECT is(pg_temp.told('t_clerk', $$INSERT INTO aid_case (case_no, unit_id, village_id, residence, phone) VALUES ('a-5', unit_id('340705005'), unit_id('340705005002'), 'rural', '13900000009')$$),
    '42501 new row violates row-level security policy for table "aid_case"||', 'not in another unit, and the row is not repeated');
SELECT is(pg_temp.told('t_clerk', $$INSERT INTO payee_account (case_id, kind, holder_name, bank, account_no, valid) VALUES (9000003, 'person', '丁', 'x', '6228480000000000009', '[2031-05-01,)')$$),
    '42501 new row violates row-level security policy for table "payee_account"||', 'nor a fact of another unit''s case');
SELECT is(pg_temp.told('t_clerk', $$INSERT INTO relative_filing (filing_id, staff_id, relation, citizen_id, name) SELECT 9000003, staff_id, 'child', '340705198001010011', '丁' FROM staff WHERE staff_no = 'd-clerk'$$),
    '42501 new row violates row-level security policy for table "relative_filing"||', 'nor relatives of another unit''s staff');
SELECT is(pg_temp.touched('t_clerk', $$INSERT INTO relative_filing (filing_id, staff_id, relation, citizen_id, name) SELECT 9000001, staff_id, 'child', '340705198001010011', '丁' FROM staff WHERE staff_no = 'x-clerk'$$),
    1::bigint, 'those of the own unit''s staff');
SELECT is(pg_temp.told('t_clerk', 'DELETE FROM aid_case'), '42501 permission denied for table aid_case||', 'nobody deletes');
SELECT is(pg_temp.told('t_bureau', 'DELETE FROM aid_case'), '42501 permission denied for table aid_case||', 'not the bureau either');
SELECT is(pg_temp.told('t_bureau', $$UPDATE aid_case SET phone = '2'$$), '42501 permission denied for table aid_case||', 'and it does not do a unit''s casework');
SELECT is(pg_temp.told('t_admin', 'SELECT FROM aid_case'), '42501 permission denied for table aid_case||', 'administrators see no case');
SELECT is(pg_temp.told('t_leader', $$INSERT INTO award (case_id) VALUES (1)$$), '42501 permission denied for table award||', 'an award is granted by a decision only');
SELECT is(pg_temp.told('t_leader', $$INSERT INTO payment (case_id) VALUES (1)$$), '42501 permission denied for table payment||', 'a payment by a roll only');
SELECT is(pg_temp.told('t_clerk', $$INSERT INTO determination (case_id) VALUES (1)$$), '42501 permission denied for table determination||', 'a determination by determine() only');

-- ---------------------------------------------------------------------
-- Columns and tables

SELECT is(pg_temp.told('t_analyst', 'SELECT ' || c || ' FROM ' || t), '42501 permission denied for table ' || t || '||', 'analysts do not read ' || t || '.' || c)
  FROM (VALUES ('case_member', 'name'), ('case_member', 'citizen_id'), ('aid_case', 'address'), ('aid_case', 'phone'), ('staff', 'name'), ('obligor', 'name'),
               ('payee_account', 'account_no'), ('award_person', 'citizen_id'), ('publication_item', 'applicant_name'), ('home_visit', 'report'),
               ('conflict_flag', 'flag_type')) AS v (t, c);
SELECT is(pg_temp.ask('t_analyst', $$SELECT count(case_id) FROM aid_case WHERE case_id BETWEEN 9000001 AND 9000003$$), '3', 'but count everywhere');
SELECT is(pg_temp.told('t_payer', 'SELECT FROM income_item'), '42501 permission denied for table income_item||', 'the accounting centre reads no income');
SELECT is(pg_temp.told('t_payer', 'SELECT FROM case_member'), '42501 permission denied for table case_member||', 'and no household');
SELECT is(pg_temp.ask('t_payer', $$SELECT count(account_no) FROM payee_account WHERE account_id BETWEEN 9000001 AND 9000003$$), '3', 'but accounts');
SELECT is(pg_temp.told('t_finance', 'SELECT account_id FROM payment'), '42501 permission denied for table payment||', 'the finance bureau no accounts');
SELECT is(pg_temp.ask('t_finance', 'SELECT count(amount) FROM payment'), '0', 'but amounts');
SELECT is(pg_temp.told('t_committee', 'SELECT citizen_id FROM case_member'), '42501 permission denied for table case_member||', 'committees read no citizen number');
SELECT is(pg_temp.told('t_committee', 'SELECT FROM income_item'), '42501 permission denied for table income_item||', 'and no income');
SELECT is(pg_temp.told('t_clerk', 'SELECT FROM conflict_flag'), '42501 permission denied for table conflict_flag||', 'clerks see no conflict flag');
SELECT is(pg_temp.told('t_leader', 'SELECT FROM conflict_flag'), '42501 permission denied for table conflict_flag||', 'nor do leaders');
SELECT is(pg_temp.told('t_clerk', 'SELECT FROM relative_filing'), '42501 permission denied for table relative_filing||', 'nor relatives, once filed');
SELECT is(pg_temp.ask('t_inspector', 'SELECT count(*) FROM relative_filing WHERE filing_id = 9000001'), '1', 'inspectors do');
SELECT is(pg_temp.told('t_clerk', 'SELECT phone FROM staff'), '42501 permission denied for table staff||', 'colleagues'' personal data are closed');
SELECT isnt(pg_temp.ask('t_clerk', $$SELECT name FROM staff WHERE staff_no = 'x-leader'$$), NULL, 'their names are not');
SELECT is(pg_temp.told('t_bureau', 'SELECT FROM ledger_entry'), '42501 permission denied for table ledger_entry||', 'the ledger holds all images: not even the bureau');
SELECT isnt(pg_temp.ask('t_inspector', 'SELECT count(*) FROM ledger_entry'), NULL, 'inspectors read it');

-- ---------------------------------------------------------------------
-- What messages tell (P5)

SELECT is(pg_temp.told('t_clerk', $$INSERT INTO payee_account (case_id, kind, holder_name, bank, account_no, valid) VALUES (9000001, 'person', '丁', 'x', '123', '[2031-05-01,)')$$),
    '23514 new row for relation "payee_account" violates check constraint "payee_account_account_no_check"||', 'a check does not repeat the row');
SELECT is(pg_temp.told('t_clerk', $$INSERT INTO payee_account (case_id, kind, holder_name, bank, account_no, valid) VALUES (9000001, 'person', NULL, 'x', '6228480000000000009', '[2031-05-01,)')$$),
    '23502 null value in column "holder_name" of relation "payee_account" violates not-null constraint||', 'nor does a missing value');
SELECT is(pg_temp.told('t_clerk', $$INSERT INTO aid_case (case_no, unit_id, village_id, residence) VALUES ('a-3', unit_id('340705100'), unit_id('340705100201'), 'rural')$$),
    '23505 duplicate key value violates unique constraint "aid_case_case_no_key"||', 'nor a key that another unit holds');
SELECT is(pg_temp.told('t_clerk', $$INSERT INTO payee_account (case_id, kind, holder_name, bank, account_no, valid) VALUES (9000001, 'person', '丁', 'x', '6228480000000000009', '[2021-05-06,)')$$),
    '23P01 conflicting key value violates exclusion constraint "payee_account_case_id_valid_excl"|Key conflicts with existing key.|', 'nor an overlap');
CREATE FUNCTION public.blab(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
    $$BEGIN IF $1 = '13900000003' THEN RAISE EXCEPTION 'seen: %', $1; END IF; RETURN true; END$$;
SELECT is(pg_temp.ask('t_clerk', $$SELECT count(*) FROM aid_case WHERE public.blab(phone) AND case_no LIKE 'a-_'$$), '3', 'a function in a query is not asked about rows out of scope');

-- ---------------------------------------------------------------------
-- Parallel plans: the worker finds login, declaration and clock by itself

SELECT set_config(CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'on', true) \gset
SET LOCAL SESSION AUTHORIZATION t_clerk;
SELECT count(*) AS own FROM aid_case WHERE case_no LIKE 'a-_' \gset
SET LOCAL SESSION AUTHORIZATION t_town;
SELECT act_as((SELECT staff_id FROM staff WHERE staff_no = 'd-clerk')) \gset
SELECT count(*) AS declared, max(current_staff()) AS actor FROM aid_case WHERE case_no LIKE 'a-_' \gset
RESET SESSION AUTHORIZATION;
SELECT set_config(CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'off', true) \gset
SELECT is(:own, 3, 'in a worker: a login of staff');
SELECT is(:declared, 1, 'in a worker: a declared actor');
SELECT is(:actor, (SELECT staff_id FROM staff WHERE staff_no = 'd-clerk')::integer, 'in a worker: current_staff()');

-- ---------------------------------------------------------------------
-- The rules are data; a DBA's own policies stay

CREATE POLICY district_only ON aid_case FOR SELECT TO t_finance USING (residence = 'urban');
GRANT SELECT (case_no, residence) ON aid_case TO t_finance;
UPDATE access_rule SET in_use = false WHERE relation = 'aid_case' AND roles = '{aidcase_payer}';
SELECT lives_ok('SELECT apply_access()', 'the rules are applied again');
SELECT is(pg_temp.ask('t_finance', $$SELECT string_agg(case_no, ' ') FROM aid_case WHERE case_no LIKE 'a-_'$$), 'a-3', 'a DBA''s policy and grant stay');
SELECT is(pg_temp.told('t_payer', 'SELECT case_id FROM aid_case'), '42501 permission denied for table aid_case||', 'a rule that is withdrawn does not');
SELECT is(pg_temp.ask('t_clerk', $$SELECT count(*) FROM aid_case WHERE case_no LIKE 'a-_'$$), '3', 'the others are as before');
INSERT INTO access_rule (relation, privilege, roles, columns, scope) VALUES
    ('no_table', 'select', '{aidcase_clerk}', NULL, 'all'), ('aid_case', 'select', '{no_role}', '{no_column}', 'filing'), ('unit_now', 'select', '{aidcase_clerk}', NULL, 'all');
SELECT throws_ok('SELECT apply_access()', '22023', 'the access rules cannot be applied');
SELECT is(pg_temp.told('postgres', 'SELECT apply_access()'), '22023 the access rules cannot be applied|Relation "aid_case" has no column "filing_id".
Relation "aid_case" has no column "no_column".
The rules for table "unit_now" need a scope, those for another kind of relation have none.
There is no relation "no_table".
There is no role "no_role".|Correct table aidcase.access_rule, or set in_use = false, and call aidcase.apply_access() again.', 'faulty rules are refused, all at once');
SELECT is(pg_temp.told('t_admin', 'SELECT apply_access()'), '42501 permission denied for function apply_access||', 'by the owner only');

-- ---------------------------------------------------------------------
-- The catalogue

CREATE TEMP VIEW tables AS
SELECT k.oid, k.relname::text AS name, k.relrowsecurity
  FROM pg_class AS k
 WHERE k.relnamespace = 'aidcase'::regnamespace AND k.relkind IN ('r', 'p')
   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = k.oid AND d.deptype = 'e');
SELECT is_empty('SELECT name FROM tables WHERE NOT relrowsecurity', 'every table is under row security');
SELECT is_empty('SELECT name FROM tables AS t WHERE NOT EXISTS (SELECT FROM access_rule AS a WHERE a.relation = t.name)', 'every table has an access rule');
SELECT is_empty($$SELECT name FROM tables AS t WHERE name !~ '^(ledger_|checkpoint)'
    AND (SELECT count(*) FROM pg_trigger AS g WHERE g.tgrelid = t.oid AND g.tgname IN ('~0_keep', '~8_number', '~9_capture') AND g.tgenabled IN ('O', 'A')) <> 3$$,
    'every business table is captured and kept');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p
    WHERE p.pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('aidcase', 'aidcase_bi')) AND p.prosecdef
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS c WHERE c ~ '^search_path=pg_catalog.*, *pg_temp$')$$, 'every function with the owner''s rights pins its search path');
SELECT is_empty($$SELECT k.oid::regclass FROM pg_class AS k
    WHERE k.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('aidcase', 'aidcase_bi')) AND k.relkind = 'v'
      AND NOT coalesce(k.reloptions @> '{security_invoker=true}', false)
      AND EXISTS (SELECT FROM aclexplode(k.relacl) AS a WHERE a.grantee <> k.relowner)$$, 'every view that anybody may read shows what the reader may see');
SELECT is_empty($$SELECT k.oid::regclass, a.privilege_type FROM pg_class AS k CROSS JOIN LATERAL aclexplode(k.relacl) AS a
    WHERE k.relnamespace = 'aidcase'::regnamespace AND k.relkind IN ('r', 'p') AND a.grantee = 0$$, 'nothing is granted to everybody');
SELECT is_empty($$SELECT k.oid::regclass FROM pg_class AS k CROSS JOIN LATERAL aclexplode(k.relacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE k.relnamespace = 'aidcase'::regnamespace AND r.rolname LIKE 'aidcase\_%' AND r.rolname <> 'aidcase_owner' AND a.privilege_type IN ('DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES')$$,
    'no group role may delete, truncate or hang triggers');
SELECT is_empty($$SELECT p.tablename, p.policyname FROM pg_policies AS p
    WHERE p.schemaname = 'aidcase' AND starts_with(p.policyname, 'aidcase_') AND 'public' = ANY (p.roles)$$, 'no policy is for everybody');

SELECT * FROM finish();
ROLLBACK;
