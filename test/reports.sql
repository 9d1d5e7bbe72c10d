-- reports: workbooks, their issue and verification, lists of any query.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(75);

\ir report/built.sql

CREATE FUNCTION pg_temp.is_xlsx(file bytea) RETURNS boolean LANGUAGE sql AS
$$ SELECT substring(file FROM 1 FOR 4) = '\x504b0304' AND length(file) > 4000 $$;

CREATE FUNCTION pg_temp.issues() RETURNS bigint LANGUAGE sql AS
$$ SELECT count(*) FROM aidcase.report_issue $$;

-- Runs a query of one value in a read-only subtransaction.
CREATE FUNCTION pg_temp.read_only(query text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    result bytea;
BEGIN
    BEGIN
        SET LOCAL transaction_read_only = on;
        EXECUTE query INTO result;
        RAISE EXCEPTION 'back' USING ERRCODE = 'P0099';
    EXCEPTION WHEN SQLSTATE 'P0099' THEN
        NULL;
    END;
    RETURN result;
END
$$;

--
-- The description made from the report file.
--
SELECT results_eq(
    $$ SELECT name COLLATE "default", title, unit_label, period_kind, layout, heads FROM aidcase.report WHERE name = 'town_aid' $$,
    $$ VALUES ('town_aid', '最低生活保障月报表（样例）', '户、人、元', 'month', 'landscape', 'both') $$,
    'the report is described');
SELECT is((SELECT count(*) FROM aidcase.report_column WHERE report_name = 'town_aid' AND in_use), 10::bigint, 'its columns');
SELECT results_eq(
    $$ SELECT kind, category_column, value_columns FROM aidcase.report_chart WHERE report_name = 'town_aid' ORDER BY position $$,
    $$ VALUES ('column', 'place', '{households,persons}'::text[]), ('pie', 'place', '{spent}'), ('line', 'place', '{per_head}') $$,
    'its charts');
SELECT is((SELECT count(*) FROM aidcase.report_town_aid('2020-06-30')), 4::bigint, 'its function gives rows');
SELECT function_lang_is('aidcase', 'report_town_aid', ARRAY['date', 'text', 'timestamp with time zone'], 'sql', 'its function is SQL');
SELECT volatility_is('aidcase', 'report_town_aid', ARRAY['date', 'text', 'timestamp with time zone'], 'stable', 'and stable');

-- Building again changes nothing.
CREATE TEMP TABLE before_rebuild AS
    SELECT 'r' AS t, ctid::text AS c, xmin::text AS x FROM aidcase.report
    UNION ALL SELECT 'c', ctid::text, xmin::text FROM aidcase.report_column
    UNION ALL SELECT 'h', ctid::text, xmin::text FROM aidcase.report_chart;
\ir report/built.sql
SELECT set_eq(
    $$ SELECT 'r' AS t, ctid::text AS c, xmin::text AS x FROM aidcase.report
       UNION ALL SELECT 'c', ctid::text, xmin::text FROM aidcase.report_column
       UNION ALL SELECT 'h', ctid::text, xmin::text FROM aidcase.report_chart $$,
    'SELECT * FROM before_rebuild',
    'building again writes no row');

--
-- Workbooks.
--
SELECT ok(pg_temp.is_xlsx(workbook('town_aid', '2020-06')), 'a workbook is a zip file');
SELECT ok(pg_temp.is_xlsx(workbook('town_list', '2020-Q2')), 'a quarterly report');
SELECT is(workbook('town_aid', '2020-06'), workbook('town_aid', '2020-06'), 'same data, same bytes');
SELECT isnt(workbook('town_aid', '2020-06'), workbook('town_aid', '2020-05'), 'another period, other bytes');

CREATE TEMP TABLE first_file AS SELECT workbook('town_aid', '2020-06', NULL, '2020-07-01 08:00+08') AS file;
SET TimeZone = 'America/New_York';
SET DateStyle = 'German, DMY';
SET extra_float_digits = 3;
SET enable_sort = off;
SELECT is(workbook('town_aid', '2020-06', NULL, '2020-07-01 08:00+08'), (SELECT file FROM first_file),
    'the session''s settings do not change the bytes');
SELECT is(current_setting('DateStyle'), 'German, DMY', 'and keep their values');
RESET TimeZone;
RESET DateStyle;
RESET extra_float_digits;
RESET enable_sort;
SELECT isnt(workbook('town_aid', '2020-06', NULL, '2020-07-01 08:00+08'), workbook('town_aid', '2020-06'),
    'known_at reaches the report and the last sheet');

-- Issues.
CREATE TEMP TABLE a_file AS SELECT pg_temp.issues() AS n, workbook('town_aid', '2020-02') AS file;
SELECT is(pg_temp.issues(), (SELECT n + 1 FROM a_file), 'a workbook is recorded');
SELECT results_eq(
    $$ SELECT report_name COLLATE "default", period, unit_code, as_of, known_at, sha256, row_count, issued_login
         FROM aidcase.report_issue ORDER BY issue_id DESC LIMIT 1 $$,
    $$ SELECT 'town_aid', '2020-02', NULL::text, date '2020-02-29', NULL::timestamptz,
              pg_catalog.sha256(file), 4::bigint, session_user::text COLLATE "default" FROM a_file $$,
    'with its period, last day, rows and hash');
-- (joined with nothing, the file is a value of its own: a parallel worker
-- cannot read it from a temporary table)
SELECT results_eq(
    $$ SELECT v.issued, v.report_name, v.period FROM a_file, verify_report(file || '') AS v $$,
    $$ VALUES (true, 'town_aid', '2020-02') $$,
    'verify_report knows the file');
SELECT results_eq(
    'SELECT v.issued, v.report_name FROM a_file, verify_report(set_byte(file, 100, get_byte(file, 100) # 1)) AS v',
    'VALUES (false, NULL::text)',
    'and not a changed one');
SELECT ok(pg_temp.is_xlsx(pg_temp.read_only('SELECT aidcase.workbook(''town_aid'', ''2020-03'')')),
    'a read-only transaction makes a workbook');
SELECT is((SELECT count(*) FROM aidcase.report_issue WHERE period = '2020-03'), 0::bigint, 'without a record');
SELECT is(pg_temp.read_only('SELECT aidcase.workbook(''town_aid'', ''2020-02'')'), (SELECT file FROM a_file),
    'but with the same bytes');

-- A unit.
CREATE TEMP TABLE some_unit AS SELECT unit_code FROM aidcase.unit ORDER BY unit_id LIMIT 1;
SELECT ok(pg_temp.is_xlsx(workbook('town_aid', '2020-06', (SELECT unit_code FROM some_unit))), 'a report for a unit');
SELECT is((SELECT unit_code FROM aidcase.report_issue ORDER BY issue_id DESC LIMIT 1), (SELECT unit_code FROM some_unit),
    'is recorded with it');

-- Errors.
SELECT throws_ok($$ SELECT workbook('nothing', '2020-06') $$, '22023', 'there is no report "nothing"', 'a report that does not exist');
SELECT throws_ok($$ SELECT workbook('town_aid''; DROP TABLE x', '2020-06') $$, '22023', NULL, 'a name is a name');
SELECT throws_ok($$ SELECT workbook(NULL, '2020-06') $$, '22004', NULL, 'no name');
SELECT throws_ok($$ SELECT workbook('town_aid', NULL) $$, '22004', NULL, 'no period');
SELECT throws_ok($$ SELECT workbook('town_aid', '2020-13') $$, '22023', 'invalid period "2020-13" for report "town_aid"', 'month 13');
SELECT throws_ok($$ SELECT workbook('town_aid', '2020-Q1') $$, '22023', NULL, 'a quarter for a monthly report');
SELECT throws_ok($$ SELECT workbook('town_aid', '2020-6') $$, '22023', NULL, 'one digit');
SELECT throws_ok($$ SELECT workbook('town_aid', '') $$, '22023', NULL, 'empty period');
SELECT throws_ok($$ SELECT workbook('town_aid', '2020-06-01') $$, '22023', NULL, 'a day for a monthly report');
SELECT throws_ok($$ SELECT workbook('town_list', '2020-Q5') $$, '22023', NULL, 'quarter 5');
SELECT throws_ok($$ SELECT workbook('town_list', '2020-06') $$, '22023', NULL, 'a month for a quarterly report');
SELECT throws_ok($$ SELECT workbook('town_aid', '2999-01') $$, '22023', 'period "2999-01" has not begun', 'the future');
SELECT throws_ok($$ SELECT workbook('town_aid', '2020-06', '999999') $$, '22023', 'there is no unit with code "999999"', 'a unit that does not exist');
SELECT throws_ok($$ SELECT workbook('town_aid', '2020-06', NULL, 'infinity') $$, '22023', 'known_at lies in the future', 'known in the future');

-- A day and a year.
UPDATE aidcase.report SET period_kind = 'day' WHERE name = 'town_aid';
SELECT ok(pg_temp.is_xlsx(workbook('town_aid', '2020-02-29')), 'a day');
SELECT throws_ok($$ SELECT workbook('town_aid', '2019-02-29') $$, '22023', NULL, 'a day that does not exist');
UPDATE aidcase.report SET period_kind = 'year' WHERE name = 'town_aid';
SELECT ok(pg_temp.is_xlsx(workbook('town_aid', '2020')), 'a year');
SELECT is((SELECT as_of FROM aidcase.report_issue ORDER BY issue_id DESC LIMIT 1), date '2020-12-31', 'ends in December');
UPDATE aidcase.report SET period_kind = 'month' WHERE name = 'town_aid';

-- A function that is not the one described.
UPDATE aidcase.report_column SET column_name = 'other' WHERE report_name = 'town_list' AND position = 2;
SELECT throws_ok($$ SELECT workbook('town_list', '2020-Q2') $$, '55000', 'function of report "town_list" does not match its description', 'a description that does not match');
UPDATE aidcase.report_column SET column_name = 'place' WHERE report_name = 'town_list' AND position = 2;

--
-- Rights.
--
CREATE ROLE aidcase_test_reader NOLOGIN;
GRANT USAGE ON SCHEMA tap TO aidcase_test_reader;
CREATE TABLE public.town_secret AS SELECT 1 AS no, '甲'::text AS place, true AS urban, 1::numeric AS best;
CREATE OR REPLACE FUNCTION aidcase.report_town_list(as_of date, unit_code text DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE ("no" integer, place text, urban boolean, best numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT s.no, s.place, s.urban, s.best FROM public.town_secret AS s ORDER BY s.no;
END;
SET ROLE aidcase_test_reader;
SELECT ok(pg_temp.is_xlsx(workbook('town_aid', '2020-06')), 'a role without any grant makes a report that reads no table');
SELECT throws_ok($$ SELECT workbook('town_list', '2020-Q2') $$, '42501', 'permission denied for table town_secret', 'a report reads with the caller''s rights');
SELECT throws_ok($$ SELECT xlsx('SELECT * FROM public.town_secret') $$, '42501', 'permission denied for table town_secret', 'and so does a list');
SELECT throws_ok($$ INSERT INTO aidcase.report_issue (report_name, period, as_of, sha256, row_count) VALUES ('town_aid', '2020-06', '2020-06-30', sha256(''), 1) $$,
    '42501', NULL, 'nobody records an issue by hand');
SELECT lives_ok($$ SELECT * FROM verify_report('\x00') $$, 'everybody may verify');
RESET ROLE;
SELECT is((SELECT issued_login FROM aidcase.report_issue ORDER BY issue_id DESC LIMIT 1), session_user::text, 'the issue names the login');

--
-- Lists.
--
SELECT ok(pg_temp.is_xlsx(xlsx('SELECT 1 AS a')), 'a list');
SELECT is(xlsx('SELECT i, i::text AS t FROM generate_series(1, 100) AS i'),
          xlsx('SELECT i, i::text AS t FROM generate_series(1, 100) AS i'), 'same rows, same bytes');
SELECT ok(pg_temp.is_xlsx(xlsx('SELECT 1 AS a WHERE false')), 'no rows');
SELECT ok(pg_temp.is_xlsx(xlsx('VALUES (1, ''=1+1''), (2, NULL);')), 'VALUES, with a semicolon');
SELECT ok(pg_temp.is_xlsx(xlsx('TABLE public.town_secret')), 'TABLE');
SELECT ok(pg_temp.is_xlsx(xlsx('WITH w AS (SELECT 1 AS a) SELECT a FROM w')), 'WITH');
SELECT ok(pg_temp.is_xlsx(xlsx($$ SELECT 'NaN'::numeric, 'Infinity'::float8, '-infinity'::date, 'infinity'::timestamptz,
    date '0044-03-15 BC', 12345678901234567890::numeric, 123456789012345678::bigint, chr(1) || E'\r\n\t' || chr(65535),
    '_x0041_', NULL, '{"a": 1}'::jsonb, '\x00ff'::bytea, ARRAY[1, 2] $$)), 'odd values');
SELECT ok(pg_temp.is_xlsx(xlsx('SELECT 1 AS no, ''甲'' AS name',
    '{"sheet": "名册[1]/2''", "title": "名册", "labels": {"name": "姓名"}, "text": ["no"], "about": false, "landscape": false}')), 'options');
SELECT ok(pg_temp.is_xlsx(xlsx('SELECT repeat(''汉'', 32767)')), 'the longest text');
SELECT throws_ok($$ SELECT xlsx('SELECT repeat(''汉'', 32768)') $$, '54000', 'text is too long for a cell of a workbook', 'a longer one');

SELECT throws_ok($$ SELECT xlsx(NULL) $$, '22004', NULL, 'no query');
SELECT throws_ok($$ SELECT xlsx('') $$, '22023', 'query is empty', 'an empty query');
SELECT throws_ok($$ SELECT xlsx('SELECT 1; DROP TABLE public.town_secret') $$, '22023', 'query must be a single statement', 'two statements');
SELECT throws_ok($$ SELECT xlsx('DROP TABLE public.town_secret') $$, '22023', 'query must be a SELECT', 'a command');
SELECT throws_ok($$ SELECT xlsx('DELETE FROM public.town_secret RETURNING 1') $$, '22023', 'query must be a SELECT', 'DELETE RETURNING');
SELECT throws_ok($$ SELECT xlsx('SELECT 1 AS a INTO public.town_copy') $$, '22023', 'query must be a SELECT', 'SELECT INTO');
SELECT throws_ok($$ SELECT xlsx('EXPLAIN ANALYZE DELETE FROM public.town_secret') $$, '22023', 'query must be a SELECT', 'EXPLAIN');
SELECT throws_ok($$ SELECT xlsx('WITH d AS (DELETE FROM public.town_secret RETURNING no) SELECT no FROM d') $$, '22023', 'query must not change or lock rows', 'a writing WITH');
SELECT throws_ok($$ SELECT xlsx('SELECT * FROM public.town_secret FOR UPDATE') $$, '22023', 'query must not change or lock rows', 'FOR UPDATE');
SELECT throws_ok($$ SELECT xlsx('SELECT FROM public.town_secret') $$, '22023', 'query returns no columns', 'no columns');
SELECT throws_ok($$ SELECT xlsx('SELECT $1') $$, '42P02', NULL, 'a parameter');
CREATE FUNCTION public.town_write() RETURNS integer LANGUAGE sql AS
    'DELETE FROM public.town_secret; SELECT 1';
SELECT throws_ok($$ SELECT xlsx('SELECT public.town_write()') $$, '25006', NULL, 'a function that writes');
SELECT throws_ok($$ SELECT xlsx('SELECT 1', '[]') $$, '22023', 'options must be a JSON object', 'options that are no object');
SELECT throws_ok($$ SELECT xlsx('SELECT 1', '{"colour": 1}') $$, '22023', 'unrecognized option "colour"', 'an option that does not exist');
SELECT throws_ok($$ SELECT xlsx('SELECT 1 AS a', '{"labels": {"b": "乙"}}') $$, '42703', NULL, 'a label for no column');
SELECT throws_ok($$ SELECT xlsx('SELECT 1 AS a', '{"text": "a"}') $$, '22023', 'option "text" must be an array of column names', 'an option of the wrong kind');
SELECT is((SELECT count(*) FROM public.town_secret), 1::bigint, 'nothing was changed');

SELECT * FROM finish();
ROLLBACK;
