-- xlsx(): any query of the caller, with the caller's rights and no more.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(69);
\ir parts/household.sql
\ir report/built.sql

SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-30 15:00+08') AS a \gset
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT pg_temp.by_staff('d-clerk', format('SELECT round_id FROM file_case(%L)',
    pg_temp.application('b', '340705005', '340705005002', '{4}', 200, '2021-05-06'))) AS b \gset

CREATE FUNCTION pg_temp.list(login text, query text, options text DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
BEGIN
    PERFORM pg_temp.by_login(login, format('SELECT length(aidcase.xlsx(%L, %L))', query, options));
    RETURN '(done)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    RETURN SQLSTATE || ' ' || message;
END
$$;
-- What a list that was written with the caller's rights holds, as text.
CREATE FUNCTION pg_temp.same_list(login text, query text, expected text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN pg_temp.by_login(login, format('SELECT aidcase.xlsx(%L, ''{"about": false}'')', query))
         = aidcase.xlsx(expected, '{"about": false}')::text;
END
$$;

-- ---------------------------------------------------------------------
-- One SELECT, and nothing else, however it is written

SELECT is(pg_temp.list('t_analyst', q), expected, 'refused: ' || left(replace(q, E'\n', ' '), 60))
  FROM (VALUES ('SELECT 1; DELETE FROM aidcase.award', '22023 query must be a single statement'),
               (E'SELECT 1 -- \n; SELECT 2', '22023 query must be a single statement'),
               ('SELECT 1; COMMIT; DROP SCHEMA aidcase CASCADE', '22023 query must be a single statement'),
               (' ; ', '22023 query is empty'),
               ('-- nothing', '22023 query is empty'),
               ('COPY aidcase.award TO ''/tmp/x''', '22023 query must be a SELECT'),
               ('COPY (SELECT 1) TO PROGRAM ''id''', '22023 query must be a SELECT'),
               ('DO $$BEGIN END$$', '22023 query must be a SELECT'),
               ('CALL pg_temp.nothing()', '42883 procedure pg_temp.nothing() does not exist'),
               ('PREPARE p AS SELECT 1', '22023 query must be a SELECT'),
               ('EXECUTE p', '22023 query must be a SELECT'),
               ('DECLARE c CURSOR FOR SELECT 1', '22023 query must be a SELECT'),
               ('SET ROLE aidcase_owner', '22023 query must be a SELECT'),
               ('RESET SESSION AUTHORIZATION', '22023 query must be a SELECT'),
               ('BEGIN', '22023 query must be a SELECT'),
               ('CREATE TABLE t AS SELECT 1', '22023 query must be a SELECT'),
               ('INSERT INTO aidcase.award DEFAULT VALUES RETURNING 1', '22023 query must be a SELECT'),
               ('WITH x AS (SELECT 1) INSERT INTO aidcase.label SELECT FROM x', '22023 query must be a SELECT'),
               ('MERGE INTO aidcase.label USING (SELECT 1) AS x ON false WHEN NOT MATCHED THEN DO NOTHING', '22023 query must be a SELECT'),
               ('SELECT * FROM (WITH d AS (DELETE FROM aidcase.label RETURNING 1) SELECT * FROM d) AS x', '0A000 WITH clause containing a data-modifying statement must be at the top level'),
               ('SELECT * FROM aidcase.unit FOR SHARE', '22023 query must not change or lock rows'),
               ('SELECT', '22023 query returns no columns'),
               ('SELECT FROM aidcase.unit', '22023 query returns no columns'),
               ('SELECT $1', '42P02 there is no parameter $1'),
               ('SELEKT 1', '42601 syntax error at or near "SELEKT"')) AS x (q, expected);
SELECT is(pg_temp.list('postgres', 'WITH d AS (DELETE FROM aidcase.label RETURNING 1) SELECT * FROM d'), '22023 query must not change or lock rows', 'a writing WITH is refused to a superuser, too');
SELECT is(pg_temp.list('postgres', 'SELECT unit_id FROM aidcase.unit FOR UPDATE'), '22023 query must not change or lock rows', 'and a lock');

-- ---------------------------------------------------------------------
-- The caller's rights

SELECT is(pg_temp.list(l, q), expected, l || ': ' || q)
  FROM (VALUES ('t_stranger', 'SELECT * FROM aidcase.award', '42501 permission denied for table award'),
               ('t_analyst', 'SELECT citizen_id FROM aidcase.case_member', '42501 permission denied for table case_member'),
               ('t_finance', 'SELECT * FROM aidcase.case_member', '42501 permission denied for table case_member'),
               ('t_clerk', 'SELECT * FROM aidcase.conflict_flag', '42501 permission denied for table conflict_flag'),
               ('t_clerk', 'SELECT * FROM pg_authid', '42501 permission denied for table pg_authid'),
               ('t_clerk', 'SELECT pg_read_file(''/etc/passwd'')', '42501 permission denied for function pg_read_file')) AS x (l, q, expected);
SELECT ok(pg_temp.same_list('t_clerk', 'SELECT round_id FROM aidcase.case_round ORDER BY 1', format('SELECT %s::bigint AS round_id', :a)),
    'a clerk''s list has the rows of the clerk''s unit');
SELECT ok(pg_temp.same_list('t_other', 'SELECT round_id FROM aidcase.case_round ORDER BY 1', format('SELECT %s::bigint AS round_id', :b)),
    'another''s those of the other');
SELECT ok(pg_temp.same_list('t_analyst', 'SELECT round_id FROM aidcase.case_round ORDER BY 1', format('SELECT round_id FROM (VALUES (%s::bigint), (%s)) AS x (round_id) ORDER BY 1', :a, :b)),
    'an analyst''s both');
-- who is asked for inside is who asks, not the owner of xlsx()
SELECT ok(pg_temp.same_list('t_clerk', 'SELECT current_user::text AS u', $$SELECT 't_clerk'::text AS u$$), 'the current user is the caller');

-- The same through a function of the owner's that a trapper puts in the way: a
-- definer runs xlsx() with the definer's rights, as any other query, and an
-- invoker with the caller's.
CREATE FUNCTION public.as_definer(q text) RETURNS bytea LANGUAGE sql SECURITY DEFINER AS 'SELECT aidcase.xlsx(q)';
ALTER FUNCTION public.as_definer OWNER TO t_analyst;
SELECT alike(pg_temp.told('t_clerk', $$SELECT public.as_definer('SELECT citizen_id FROM aidcase.case_member')$$), '42501 permission denied for table case_member|%', 'a definer has no more than his own rights');
-- an operator and a function of the caller's search_path do not get in
CREATE SCHEMA trap;
CREATE FUNCTION trap.count(bigint) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.sha256(bytea) RETURNS bytea LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION trap.yes(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR trap.= (FUNCTION = trap.yes, LEFTARG = text, RIGHTARG = text);
GRANT USAGE ON SCHEMA trap TO PUBLIC;
SET LOCAL search_path = trap, pg_catalog, aidcase, tap;
SELECT length(aidcase.workbook('town_aid', '2020-06')) AS form, length(aidcase.xlsx('SELECT 1 AS a')) AS list \gset
SET LOCAL search_path = aidcase, tap, public;
SELECT cmp_ok(:form, '>', 4000, 'a report does not look at the caller''s search_path');
SELECT cmp_ok(:list, '>', 4000, 'nor does a list, for what is ours in it');

-- ---------------------------------------------------------------------
-- Functions with side effects: what a read-only transaction refuses is
-- refused, what it allows is undone

CREATE TABLE public.target (a integer);
CREATE SEQUENCE public.counter;
CREATE FUNCTION public.writes() RETURNS integer LANGUAGE sql AS 'INSERT INTO public.target VALUES (1); SELECT 1';
CREATE FUNCTION public.writes_as_owner() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO public.target VALUES (1); SELECT 1';
CREATE FUNCTION public.writable() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN SET LOCAL transaction_read_only = off; INSERT INTO public.target VALUES (1); RETURN 1; END $$;
CREATE FUNCTION public.in_a_block() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN BEGIN INSERT INTO public.target VALUES (1); EXCEPTION WHEN read_only_sql_transaction THEN RETURN 0; END; RETURN 1; END $$;
CREATE FUNCTION public.temp_table() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE left_behind (a integer); RETURN 1; END $$;
SELECT is(pg_temp.list('postgres', 'SELECT ' || q), expected, 'refused: ' || q)
  FROM (VALUES ('public.writes()', '25006 cannot execute INSERT in a read-only transaction'),
               ('public.writes_as_owner()', '25006 cannot execute INSERT in a read-only transaction'),
               ('public.writable()', '25001 cannot set transaction read-write mode inside a read-only transaction'),
               ('nextval(''public.counter'')', '25006 cannot execute nextval() in a read-only transaction')) AS x (q, expected);
SELECT is(pg_temp.list('postgres', 'SELECT public.in_a_block()'), '(done)', 'who catches the refusal has written nothing');
SELECT is(pg_temp.list('postgres', $$SELECT set_config('aidcase.language', 'en', false), set_config('statement_timeout', '1h', false), pg_advisory_xact_lock(4711)::text, pg_notify('left', 'behind')::text, set_config('role', 't_clerk', false)$$), '(done)',
    'what may be done');
-- since 16 a large object is not made there at all
SELECT is(pg_temp.list('postgres', 'SELECT lo_create(4711)::text'),
    CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN '25006 cannot execute lo_create() in a read-only transaction' ELSE '(done)' END,
    'and a large object');
SELECT results_eq($$SELECT current_setting('aidcase.language'), current_setting('role'), (SELECT count(*) FROM pg_largeobject_metadata WHERE oid = 4711),
                      (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711)$$, $$VALUES ('auto', 'none', 0::bigint, 0::bigint)$$, 'is undone');
SELECT ok(pg_temp.list('postgres', 'SELECT public.temp_table()') IN ('(done)', '25006 cannot execute CREATE TABLE in a read-only transaction')
          AND to_regclass('pg_temp.left_behind') IS NULL, 'no temporary table is left behind');
SELECT is((SELECT count(*) FROM public.target), 0::bigint, 'nothing was written by any of them');

-- ---------------------------------------------------------------------
-- A sheet for each value of a column

SELECT is(pg_temp.list('t_analyst', 'SELECT u.unit_kind, u.unit_code FROM aidcase.unit AS u ORDER BY 1, 2', '{"split": "unit_kind"}'), '(done)', 'a sheet a kind of unit');
SELECT is(pg_temp.list('t_analyst', q, o), expected, expected)
  FROM (VALUES ('VALUES (1, 2)', '{"split": "column3"}', '42703 sheets are divided by column "column3", which the query does not return'),
               ('VALUES (1, ''a''), (2, ''b''), (3, ''a'')', '{"split": "column2"}', '22023 rows of a sheet do not stand together'),
               ('SELECT generate_series(1, 64) AS n', '{"split": "n"}', '54000 workbook would have too many sheets'),
               ('VALUES (1)', '{"split": 1}', '22023 option "split" must be a text')) AS x (q, o, expected);
SELECT is(pg_temp.list('t_analyst', 'SELECT generate_series(1, 63) AS n', '{"split": "n"}'), '(done)', '63 sheets and the last one');
SELECT is(pg_temp.list('t_analyst', 'SELECT 1 AS n WHERE false', '{"split": "n"}'), '(done)', 'no rows: one sheet');
SELECT is(pg_temp.list('t_analyst', 'SELECT i / 1000000 AS half FROM generate_series(1, 1100000) AS i', '{"split": "half"}'), '(done)', 'more rows than a sheet holds, on two sheets');
SELECT is(pg_temp.told('t_analyst', $$SELECT length(aidcase.xlsx('SELECT 1 FROM generate_series(1, 1048576)'))$$),
    '54000 query returns too many rows for a worksheet|A worksheet has 1048576 rows; with its heads this one takes 1048575 rows of data.|Give option "split" a column that divides the rows, such as the unit: each of its values gets a sheet of its own. Or make several workbooks, each with a part of the rows.',
    'one row too many says how to split the list');
SELECT sha256(workbook('town_sheets', '2020-06')) AS towns \gset
SELECT is((SELECT row_count FROM report_issue WHERE sha256 = :'towns'::bytea), 4::bigint, 'a report with a sheet a town');

-- ---------------------------------------------------------------------
-- Cancelled and failed lists leave no file

SELECT is((SELECT count(*) FROM pg_ls_tmpdir()), 0::bigint, 'no temporary file after all this');
SELECT is(pg_temp.list('postgres', 'SELECT 1 / (90000 - i) FROM generate_series(1, 100000) AS i'), '22012 division by zero', 'an error after 90,000 rows');
SELECT is((SELECT count(*) FROM pg_ls_tmpdir()), 0::bigint, 'leaves no temporary file');

-- ---------------------------------------------------------------------
-- The ledger has the hash of what was issued

SELECT workbook('town_aid', '2020-05') AS file \gset
SELECT is((SELECT l.image ->> 'sha256' FROM ledger AS l JOIN report_issue AS i ON l.entry_no = i.entry_no AND l.relation = 'report_issue' ORDER BY l.entry_no DESC LIMIT 1),
    '\x' || encode(sha256(:'file'::bytea), 'hex'), 'the entry of the issue has the file''s hash');
SELECT is((SELECT issued FROM verify_report(:'file'::bytea)), true, 'and verifies');

-- citizen numbers are read for a purpose, which is kept
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.xlsx('SELECT citizen_id, name FROM aidcase.case_member')$$), '22004 a purpose is needed to read this|%', 'a list of citizen numbers needs a purpose');
SELECT is(pg_temp.told('t_clerk', $$SELECT aidcase.xlsx('SELECT masked(citizen_id), name FROM aidcase.case_member')$$), pg_temp.told('t_clerk', $$SELECT aidcase.xlsx('SELECT name FROM aidcase.case_member')$$), 'masked ones need none');
SELECT pg_temp.by_login('t_clerk', $$SELECT encode(sha256(aidcase.xlsx('SELECT citizen_id, name FROM aidcase.case_member', '{"purpose": "年度核查"}')), 'hex')$$) AS numbers \gset
SELECT is((SELECT encode(r.sha256, 'hex') FROM sensitive_reading AS r WHERE r.what = 'xlsx'), :'numbers', 'it is kept with the hash of the file');
SELECT is((SELECT r.purpose || ' ' || s.staff_no FROM sensitive_reading AS r JOIN staff AS s ON s.staff_id = r.read_by WHERE r.what = 'xlsx'), '年度核查 x-clerk', 'and with who read');

SELECT * FROM finish();
ROLLBACK;
