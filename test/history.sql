-- History, the register as it was known, the access to both.  Sealing commits
-- nothing here: entries of this transaction are sealed by none, so what needs
-- checkpoints is in t/080_past.pl.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET search_path = aidcase, tap, public;
\ir parts/household.sql

BEGIN;
SELECT plan(43);

CREATE FUNCTION pg_temp.fault(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint   text;
BEGIN
    EXECUTE command;
    RETURN '(done)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || '|' || detail || '|' || hint;
END $$;

-- ---------------------------------------------------------------------
-- Keys of every type

CREATE TABLE aidcase.t_number (id bigint PRIMARY KEY, n integer, note text);
CREATE TABLE aidcase.t_two (b text, a date, n integer, PRIMARY KEY (a, b));
CREATE TABLE aidcase.t_person (person citizen_id PRIMARY KEY, n integer);
CREATE TABLE aidcase.t_uuid (id uuid PRIMARY KEY, n integer);
SELECT set_up_table(t) FROM unnest('{t_number,t_two,t_person,t_uuid}'::text[]) AS t \g /dev/null

INSERT INTO t_number VALUES (1, 0, 'a'), (2, 0, 'b');
UPDATE t_number SET n = 1 WHERE id = 1;
UPDATE t_number SET n = 2, note = NULL WHERE id = 1;
SELECT is((SELECT string_agg(h.operation || coalesce(h.changed::text, ''), ' ') FROM history('t_number', '1') AS h),
    'U{n,note} U{n} I', 'operations and changed columns, newest first');
SELECT is((SELECT array_agg((h.image ->> 'n')::integer) FROM history('t_number', 1) AS h), '{2,1,0}', 'a key given as a number');
SELECT is((SELECT array_agg(h.supersedes = h.older) FROM (SELECT h.*, lead(h.entry_no) OVER () AS older FROM history('t_number', 1) AS h) AS h
            WHERE h.older IS NOT NULL), '{t,t}', 'each version names the one before');
SELECT is((SELECT count(*) FROM history('t_number', 1) AS h
            WHERE h.at = transaction_timestamp() AND h.login = session_user AND h.acting_role = session_user
              AND h.application = current_setting('application_name') AND h.row_key = '[1]' AND h.leaf_index IS NULL), 3::bigint,
    'who and when; a leaf only when sealed');
SELECT is((SELECT array_agg(h.entry) FROM history('t_number', 2) AS h),
    (SELECT array_agg(e.entry) FROM ledger_entry AS e JOIN t_number AS t USING (entry_no) WHERE t.id = 2), 'with the text of the entry');

INSERT INTO t_two VALUES ('x,"y"', '2021-04-06', 1);
UPDATE t_two SET n = 2;
SELECT is((SELECT count(*) FROM history('t_two', '["2021-04-06", "x,\"y\""]')), 2::bigint, 'a key of two columns as JSON, in the order of the key');
SELECT is((SELECT count(*) FROM history('t_two', ARRAY['2021-04-06', 'x,"y"'])), 2::bigint, 'as an array');
SELECT is((SELECT count(*) FROM history('t_two', '["2021-04-06", "x,\"y\""]'::jsonb)), 2::bigint, 'as jsonb');
SET LOCAL DateStyle = 'German';
SELECT is((SELECT count(*) FROM history('t_two', '["2021-04-06", "x,\"y\""]')), 2::bigint, 'whatever the DateStyle');
RESET DateStyle;
INSERT INTO t_person VALUES ('11010519491231002X', 1);
SELECT is((SELECT count(*) FROM history('t_person', '11010519491231002X'::citizen_id)), 1::bigint, 'a citizen number');
SELECT is((SELECT count(*) FROM history('t_person', '11010519491231002x')), 1::bigint, 'in any spelling');
INSERT INTO t_uuid VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1);
SELECT is((SELECT count(*) FROM history('t_uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid)), 1::bigint, 'a uuid');

SELECT is(pg_temp.fault($$ SELECT * FROM aidcase.history('t_two', '2021-04-06') $$),
    '22023 the key of table "t_two" has 2 columns|Columns of the key: a, b.|Write the values as a JSON array.', 'a key that is too short');
SELECT is(pg_temp.fault($$ SELECT * FROM aidcase.history('t_number', NULL::text) $$),
    '22004 the key is missing|Columns of the key: id.|', 'a missing key');
SELECT throws_ok($$ SELECT * FROM history('t_number', 'x') $$, '22P02', NULL, 'a key of another type');
SELECT throws_ok($$ SELECT * FROM history('t_number', 9) $$, 'P0002', 'table "t_number" has no row with this key', 'a key that never was');
SELECT throws_ok($$ SELECT * FROM history('unit_now', 9) $$, '42P01', 'the ledger does not record a table "unit_now"', 'a view');

-- ---------------------------------------------------------------------
-- Rows that are gone

UPDATE t_two SET b = 'z';
SELECT is((SELECT string_agg(h.operation || coalesce(h.changed::text, ''), ' ') FROM history('t_two', '["2021-04-06", "z"]') AS h),
    'U{b} U{n} I', 'another key: the history goes on');
SELECT is((SELECT array_agg(h.row_key) FROM history('t_two', '["2021-04-06", "x,\"y\""]') AS h),
    ARRAY['["2021-04-06", "z"]', '["2021-04-06", "x,\"y\""]', '["2021-04-06", "x,\"y\""]']::jsonb[], 'and is found under the former key too');
SELECT is((SELECT string_agg(relation || key, ' ') FROM ledger_removed WHERE relation = 't_two'), 't_two["2021-04-06","x,\"y\""]',
    'as the ledger writes it');
SELECT is((SELECT count(*) FROM ledger_removed WHERE relation = 't_number'), 0::bigint, 'a change that leaves the key is not noted');

ALTER TABLE t_number DISABLE TRIGGER "~0_keep";
DELETE FROM t_number WHERE id = 1;
ALTER TABLE t_number ENABLE TRIGGER "~0_keep";
SELECT is((SELECT array_agg(h.operation || coalesce(h.image ->> 'n', '')) FROM history('t_number', 1) AS h), '{D,U2,U1,I0}', 'a row that was removed');
INSERT INTO t_number VALUES (1, 7, 'again');
SELECT is((SELECT array_agg(h.operation || coalesce(h.image ->> 'n', '')) FROM history('t_number', 1) AS h), '{I7,D,U2,U1,I0}', 'a key that is used again');
SAVEPOINT s;
ALTER TABLE t_number DISABLE TRIGGER "~0_keep";
DELETE FROM t_number WHERE id = 2;
ROLLBACK TO s;
SELECT is((SELECT array_agg(h.operation) FROM history('t_number', 2) AS h), '{I}', 'a removal that was rolled back');

-- columns come and go
ALTER TABLE t_number ADD COLUMN more text;
UPDATE t_number SET more = 'm' WHERE id = 2;
ALTER TABLE t_number DROP COLUMN note;
UPDATE t_number SET n = 5 WHERE id = 2;
SELECT is((SELECT string_agg(h.changed::text, ' ') FROM history('t_number', 2) AS h), '{n,note} {more}', 'columns that were added and dropped');

-- no scan of the ledger
CREATE FUNCTION pg_temp.scans() RETURNS bigint LANGUAGE sql AS
$$ SELECT pg_stat_get_xact_numscans('aidcase.ledger_entry'::regclass) $$;
SELECT pg_temp.scans() AS before \gset
SELECT count(*) FROM history('t_number', 2) \gset
SELECT is(pg_temp.scans() - :before, 0::bigint, 'history() never scans the ledger');

-- ---------------------------------------------------------------------
-- Who may see it

SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT case_id AS c, round_id AS r FROM (SELECT (pg_temp.by_staff('x-clerk', format($$
    SELECT row_to_json(f)::text FROM aidcase.file_case(%L) AS f $$,
    pg_temp.application('hist', '340705100', '340705100201', '{71}', 300, '2021-04-06'))))::jsonb AS f) AS x,
    LATERAL (SELECT (f ->> 'case_id')::bigint AS case_id, (f ->> 'round_id')::bigint AS round_id) AS y \gset
UPDATE aid_case SET phone = '13900000001' WHERE case_id = :c;

SELECT is(pg_temp.by_login('t_clerk', format($$ SELECT string_agg(operation || coalesce(changed::text, '') || coalesce(image ->> 'phone', ''), ' ')
    FROM aidcase.history('aid_case', %s) $$, :c)), 'U{phone}13900000001 I', 'a clerk sees the versions of a case of the own unit');
SELECT is(pg_temp.by_login('t_clerk', format($$ SELECT count(login) + count(acting_role) + count(client) + count(application)
    FROM aidcase.history('aid_case', %s) $$, :c)), '0', 'but not under which login');
SELECT is(pg_temp.by_login('t_clerk', format($$ SELECT DISTINCT staff_id = aidcase.current_staff() OR staff_id = (SELECT staff_id FROM aidcase.staff WHERE staff_no = 'x-clerk')
    FROM aidcase.history('aid_case', %s) $$, :c)), 'true', 'the member of staff, yes');
SELECT is(pg_temp.told('t_other', format($$ SELECT * FROM aidcase.history('aid_case', %s) $$, :c)),
    'P0002 table "aid_case" has no row with this key||Rows outside your units are not shown; removed rows only to those who may read the ledger.',
    'a clerk of another unit is told what he is told of a case that never was');
SELECT is(pg_temp.told('t_other', $$ SELECT * FROM aidcase.history('aid_case', 987654321) $$),
    pg_temp.told('t_other', format($$ SELECT * FROM aidcase.history('aid_case', %s) $$, :c)), 'word for word');
SELECT is(pg_temp.told('t_stranger', format($$ SELECT * FROM aidcase.history('aid_case', %s) $$, :c)),
    '42501 permission denied for function history||', 'a login without group may not ask');
SELECT is(pg_temp.told('t_payer', format($$ SELECT * FROM aidcase.history('income_item', (SELECT min(income_id) FROM aidcase.income_item)) $$)),
    '42501 permission denied for table income_item||', 'nor a group without grant on the table');
SELECT is(pg_temp.by_login('t_analyst', format($$ SELECT (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(image) AS k)
    FROM aidcase.history('aid_case', %s) LIMIT 1 $$, :c)), '{case_id,continues_case_id,entry_no,opened_on,residence,unit_id,village_id}',
    'an analyst sees the columns that analysts may read');
SELECT is(pg_temp.by_login('t_analyst', format($$ SELECT string_agg(operation || coalesce(changed::text, ''), ' ') || count(entry)
    FROM aidcase.history('aid_case', %s) $$, :c)), 'U{} I0', 'that another one changed is not told, and the text of the entry not shown');
SELECT is(pg_temp.by_login('t_inspector', format($$ SELECT string_agg(operation || login, ' ')
    FROM aidcase.history('aid_case', %s) $$, :c)), format('U%s It_town', session_user), 'inspectors see the login too');
GRANT SELECT ON t_number TO t_clerk;
CREATE POLICY everybody ON t_number USING (true);
SELECT is(pg_temp.told('t_clerk', $$ SELECT * FROM aidcase.history('t_number', 1) $$), '(done)', 'a DBA''s own table');
SELECT is(pg_temp.by_login('t_clerk', $$ SELECT count(*) FROM aidcase.history('t_number', 1) $$), '1',
    'what was removed is shown to those who read the ledger, not to others');
SELECT is(pg_temp.told('t_clerk', $$ SELECT aidcase.ask_as_caller('SELECT 1::bigint', NULL) $$),
    '42501 permission denied for function ask_as_caller||', 'the question behind it is the owner''s');

-- ---------------------------------------------------------------------
-- The typed past: one function a table

SELECT is_empty($$
    SELECT c.relname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
     WHERE t.tgfoid = 'aidcase.capture_entry()'::regprocedure
       AND NOT EXISTS (SELECT FROM pg_proc AS p
                        WHERE p.pronamespace = 'aidcase'::regnamespace AND p.proname = c.relname || '_at'
                          AND p.proretset AND p.prorettype = c.reltype AND NOT p.prosecdef AND p.provolatile = 's')$$,
    'every table has its function TABLE_at()');
SELECT results_eq('SELECT * FROM t_number_at() ORDER BY id', 'SELECT * FROM t_number ORDER BY id', 'without a time it gives the live rows');
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        plan := plan || btrim(line) || E'\n';
    END LOOP;
    RETURN plan;
END $$;
SET LOCAL enable_seqscan = off;     -- the table may be empty
SELECT matches(pg_temp.plan_of('SELECT state FROM aidcase.case_round_at(NULL) WHERE round_id = 5'), '\A(Subquery Scan on .*\n-> *)?Index Scan using case_round_pkey on case_round t\nIndex Cond: \(round_id = 5\)\n\Z',
    'and is nothing but a scan of the table');
SELECT throws_ok($$ SELECT * FROM as_known(NULL::aidcase.unit_now, now()) $$, '42P01', NULL, 'only tables of the ledger have a past');

SELECT * FROM finish();
ROLLBACK;
