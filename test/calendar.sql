-- Working days: the loaded years, known cases, an oracle over all days, years
-- that are not loaded, and what a session sees of a changed calendar.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(124);

-- The built-in calendar, counted in SQL: nth working day, and for each day
-- the working days up to it and before it.
CREATE TEMP TABLE day AS
SELECT d::date AS d, works, count(*) FILTER (WHERE works) OVER (ORDER BY d) AS upto
  FROM (SELECT d, coalesce(w.kind = 'work', extract(isodow FROM d) < 6) AS works
          FROM generate_series(timestamp '2019-01-01', '2026-12-31', '1 day') AS d
          LEFT JOIN workday AS w ON w.date = d::date) AS s;
CREATE TEMP TABLE nth AS SELECT upto AS n, d FROM day WHERE works;
CREATE INDEX ON nth (n);
ANALYZE day, nth;

-- ---------------------------------------------------------------------
-- The loaded years

SELECT is((SELECT count(*) FROM workday WHERE date < '2027-01-01'), 283::bigint,
          'days that the notices arrange');
SELECT is((SELECT array_agg(year ORDER BY year) FROM workday_year WHERE year < 2027),
          '{2019,2020,2021,2022,2023,2024,2025,2026}'::int[], 'years loaded');
SELECT is(workdays_between(make_date(year, 1, 1) - 1, make_date(year, 12, 31)), days,
          'working days of ' || year)
  FROM (VALUES (2019, 250), (2020, 249), (2021, 250), (2022, 249),
               (2023, 249), (2024, 251), (2025, 248), (2026, 248)) AS v (year, days);

-- ---------------------------------------------------------------------
-- Known cases

SELECT is(is_workday(d), works, d || ': ' || what)
  FROM (VALUES ('2021-02-07'::date, true, 'Sunday, made up before the Spring Festival'),
               ('2021-02-10', true, 'Wednesday before it'),
               ('2021-02-11', false, 'New Year''s Eve, a Thursday'),
               ('2021-02-17', false, 'its last day, a Wednesday'),
               ('2021-02-20', true, 'Saturday, made up after it'),
               ('2021-04-25', true, 'Sunday, made up before May Day'),
               ('2021-05-05', false, 'last day of May Day'),
               ('2021-05-08', true, 'Saturday, made up after it'),
               ('2020-01-31', false, 'Friday of the extended holiday'),
               ('2020-02-03', true, 'Monday after it'),
               ('2021-01-01', false, 'New Year'),
               ('2021-01-02', false, 'an ordinary Saturday'),
               ('2021-01-04', true, 'an ordinary Monday'),
               ('2020-02-29', false, 'leap day, a Saturday'),
               ('2024-02-29', true, 'leap day, a Thursday')) AS v (d, works, what);
SELECT is(add_workdays(start, n), answer, format('%s %s: %s', start, n, what))
  FROM (VALUES ('2021-02-10'::date, 1, '2021-02-18'::date, 'over the Spring Festival'),
               ('2021-02-05', 1, '2021-02-07', 'a Sunday that works'),
               ('2021-04-26', 7, '2021-05-08', 'seven working days over May Day'),
               ('2021-05-03', 1, '2021-05-06', 'from a day off: the next working day is day 1'),
               ('2020-01-23', 1, '2020-02-03', 'over the extended holiday of 2020'),
               ('2020-12-31', 1, '2021-01-04', 'into the next year'),
               ('2020-12-31', 251, '2022-01-04', 'over a whole year'),
               ('2019-01-02', 1993, '2026-12-31', 'from the first working day to the last'),
               ('2024-02-28', 1, '2024-02-29', 'leap day'),
               ('2021-01-04', -1, '2020-12-31', 'back into the year before'),
               ('2021-05-03', -1, '2021-04-30', 'back from a day off'),
               ('2021-02-18', -1, '2021-02-10', 'back over the Spring Festival'),
               ('2018-12-31', 1, '2019-01-02', 'only the days passed need a calendar'),
               ('2021-05-01', 0, '2021-05-01', 'no day: the day itself'),
               ('2031-05-01', 0, '2031-05-01', 'whatever its year')) AS v (start, n, answer, what);
SELECT is(workdays_between(a, b), n, format('%s to %s: %s', a, b, what))
  FROM (VALUES ('2021-04-26'::date, '2021-05-08'::date, 7, 'over May Day'),
               ('2021-04-26', '2021-04-26', 0, 'the same day'),
               ('2021-05-08', '2021-04-26', -7, 'backwards'),
               ('2021-05-03', '2021-05-01', 0, 'days off only'),
               ('2021-05-03', '2021-04-30', -1, 'back to a working day, which counts'),
               ('2020-12-31', '2021-12-31', 250, 'a year'),
               ('2018-12-31', '2026-12-31', 1994, 'all years'),
               ('2031-05-01', '2031-05-01', 0, 'no day, no calendar')) AS v (a, b, n, what);
SELECT is(workday_on_or_before('2021-05-05'), '2021-04-30'::date, 'on or before a day off');
SELECT is(workday_on_or_before('2021-04-25'), '2021-04-25'::date, 'on or before a made-up day');
SELECT is(workday_on_or_before('2021-01-03'), '2020-12-31'::date, 'in the year before');
SELECT is(workday_on_or_after('2021-05-01'), '2021-05-06'::date, 'on or after a day off');
SELECT is(workday_on_or_after('2021-05-06'), '2021-05-06'::date, 'on or after a working day');
SELECT is(pay_day(month), answer, format('pay day of %s: %s', month, what))
  FROM (VALUES ('2021-03-01'::date, '2021-03-10'::date, 'the 10th itself'),
               ('2021-04-01', '2021-04-09', 'the 10th is a Saturday'),
               ('2021-10-01', '2021-10-09', 'the Saturday before works'),
               ('2020-10-01', '2020-10-10', 'the 10th is a Saturday that works'),
               ('2024-02-01', '2024-02-09', 'the 10th is the first day of the Spring Festival'),
               ('2022-09-10', '2022-09-09', 'any day of the month may be given'),
               ('2024-02-29', '2024-02-09', 'its last day, too')) AS v (month, answer, what);

-- ---------------------------------------------------------------------
-- Every day against the oracle

SELECT is((SELECT count(*) FROM day WHERE is_workday(d) <> works), 0::bigint,
          'is_workday() for every day');
SELECT is((SELECT count(*) FROM day
             JOIN LATERAL (SELECT nth.d FROM nth WHERE nth.n = day.upto
                                  + steps) AS t ON true
            WHERE add_workdays(day.d, steps) <> t.d), 0::bigint,
          format('add_workdays(every day, %s)', steps))
  FROM unnest(ARRAY[1, 7, 30, 300, 1000]) AS steps;
SELECT is((SELECT count(*) FROM day
             JOIN LATERAL (SELECT nth.d FROM nth WHERE nth.n = day.upto
                                  - day.works::int + 1 + steps) AS t ON true
            WHERE add_workdays(day.d, steps) <> t.d), 0::bigint,
          format('add_workdays(every day, %s)', steps))
  FROM unnest(ARRAY[-1, -7, -30, -300, -1000]) AS steps;
SELECT is((SELECT count(*) FROM day AS a, day AS b
            WHERE a.d - '2019-01-01'::date IN (0, 1, 4, 63, 64, 333, 364, 365, 790, 1523, 2921)
              AND b.d >= a.d
              AND workdays_between(a.d, b.d) <> b.upto - a.upto), 0::bigint,
          'workdays_between() forward');
SELECT is((SELECT count(*) FROM day AS a, day AS b
            WHERE a.d - '2019-01-01'::date IN (0, 1, 4, 63, 64, 333, 364, 365, 790, 1523, 2921)
              AND b.d < a.d
              AND workdays_between(a.d, b.d)
                  <> (b.upto - b.works::int) - (a.upto - a.works::int)), 0::bigint,
          'workdays_between() backward');
SELECT is((SELECT count(*) FROM day AS a, day AS b
            WHERE a.d - '2019-01-01'::date IN (0, 3, 5, 40, 790, 1523, 2000, 2921) AND b.works
              AND a.d <> b.d
              AND add_workdays(a.d, workdays_between(a.d, b.d)) <> b.d), 0::bigint,
          'adding the working days between leads to the second day');
SELECT is((SELECT count(*) FROM day
            WHERE d BETWEEN '2019-01-02' AND '2026-12-31'
              AND workday_on_or_before(d) <> (SELECT nth.d FROM nth WHERE nth.n = day.upto)),
          0::bigint, 'workday_on_or_before() for every day');
SELECT is((SELECT count(*) FROM day
            WHERE workday_on_or_after(d)
                  <> (SELECT nth.d FROM nth WHERE nth.n = day.upto + 1 - day.works::int)),
          0::bigint, 'workday_on_or_after() for every day');
SELECT is((SELECT count(*) FROM day
            WHERE pay_day(d) <> (SELECT max(nth.d) FROM nth
                                  WHERE nth.d <= date_trunc('month', day.d)::date + 9
                                    AND nth.d >= date_trunc('month', day.d)::date - 20)),
          0::bigint, 'pay_day() for every day');

-- ---------------------------------------------------------------------
-- Years that are not loaded; NULL and infinity

SELECT throws_ok(statement, 'ZA002', format('calendar of year %s is not loaded', year), statement)
  FROM (VALUES ($$SELECT is_workday('2027-01-04')$$, 2027),
               ($$SELECT is_workday('2018-12-31')$$, 2018),
               ($$SELECT is_workday('4713-01-01 BC')$$, -4712),
               ($$SELECT add_workdays('2026-12-31', 1)$$, 2027),
               ($$SELECT add_workdays('2026-12-24', 7)$$, 2027),
               ($$SELECT add_workdays('2021-01-01', 2147483647)$$, 2027),
               ($$SELECT add_workdays('2019-01-02', -1)$$, 2018),
               ($$SELECT add_workdays('2021-01-01', -2147483648)$$, 2018),
               ($$SELECT workdays_between('2026-12-31', '2027-01-01')$$, 2027),
               ($$SELECT workdays_between('2017-01-01', '2021-01-01')$$, 2017),
               ($$SELECT workday_on_or_before('2019-01-01')$$, 2018),
               ($$SELECT pay_day('2027-05-01')$$, 2027)) AS v (statement, year);
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint   text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN ARRAY[SQLSTATE, detail, hint];
END
$$;
SELECT is(pg_temp.refusal($$SELECT pay_day('2027-05-01')$$),
          ARRAY['ZA002', 'Function "pay_day" needs a day of that year.',
                'Load the State Council''s notice for that year: its days into table aidcase.workday, the year into table aidcase.workday_year.'],
          'which call, and what to do');
SELECT throws_ok(statement, '22008', 'working days of an infinite date are not defined', statement)
  FROM unnest(ARRAY[$$SELECT is_workday('infinity')$$,
                    $$SELECT add_workdays('-infinity', 1)$$,
                    $$SELECT workdays_between('2021-01-01', 'infinity')$$,
                    $$SELECT workday_on_or_before('infinity')$$,
                    $$SELECT workday_on_or_after('-infinity')$$,
                    $$SELECT pay_day('infinity')$$]) AS statement;
SELECT throws_ok(statement, 'ZA002', NULL, statement)
  FROM unnest(ARRAY[$$SELECT workday_on_or_after('5874897-12-31')$$,
                    $$SELECT add_workdays('5874897-12-31', 1)$$,
                    $$SELECT workday_on_or_before('4714-11-24 BC')$$]) AS statement;
SELECT ok(is_workday(NULL) IS NULL AND add_workdays(NULL, 1) IS NULL
          AND add_workdays('2021-01-01', NULL) IS NULL
          AND workdays_between('2021-01-01', NULL) IS NULL
          AND workday_on_or_before(NULL) IS NULL AND workday_on_or_after(NULL) IS NULL
          AND pay_day(NULL) IS NULL, 'NULL in, NULL out');
SELECT throws_ok($$INSERT INTO workday (date, kind) VALUES ('2027-01-01', 'half')$$, '23514', NULL,
                 'a third kind of day is refused');
SELECT throws_ok($$INSERT INTO workday (date, kind) VALUES ('infinity', 'off')$$, '23514', NULL,
                 'an infinite day is refused');
SELECT throws_ok($$INSERT INTO workday_year (year, notice) VALUES (20270, 'x')$$, '23514', NULL,
                 'a year out of range is refused');

-- ---------------------------------------------------------------------
-- A changed calendar

SAVEPOINT before_change;
UPDATE workday SET kind = 'work' WHERE date = '2021-02-11';
SELECT is(is_workday('2021-02-11'), true, 'a transaction sees its own change');
SELECT is(add_workdays('2021-02-10', 1), '2021-02-11'::date, 'in every function');
SAVEPOINT inner_change;
UPDATE workday SET kind = 'off' WHERE date = '2021-02-11';
SELECT is(is_workday('2021-02-11'), false, 'and one more');
ROLLBACK TO SAVEPOINT inner_change;
SELECT is(is_workday('2021-02-11'), true, 'which is undone alone');
ROLLBACK TO SAVEPOINT before_change;
SELECT is(is_workday('2021-02-11'), false, 'and the first as well');
SELECT is(workdays_between('2020-12-31', '2021-12-31'), 250, 'all is as before');

-- An error between the changed row and the end of its statement, after the
-- calendar was asked: the trigger that would tell of the change never ran.
CREATE FUNCTION pg_temp.ask_and_fail() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seen %', aidcase.is_workday('2021-02-11');
END
$$;
CREATE TRIGGER ask_and_fail AFTER UPDATE ON workday
    FOR EACH ROW EXECUTE FUNCTION pg_temp.ask_and_fail();
SELECT throws_ok($$UPDATE workday SET kind = 'work' WHERE date = '2021-02-11'$$, 'P0001',
                 'seen t', 'a row trigger sees the new row and fails');
SELECT is(is_workday('2021-02-11'), false, 'no trace of it remains');
ROLLBACK TO SAVEPOINT before_change;

-- A new year
INSERT INTO workday (date, kind, name) VALUES ('2027-01-01', 'off', '元旦');
SELECT throws_ok($$SELECT is_workday('2027-01-01')$$, 'ZA002', NULL,
                 'days without their year are not a calendar');
INSERT INTO workday_year (year, notice) VALUES (2027, '测试');
SELECT is(add_workdays('2026-12-31', 1), '2027-01-04'::date, 'a year is loaded');
UPDATE workday_year SET year = 2030 WHERE year = 2027;
SELECT throws_ok($$SELECT is_workday('2027-01-01')$$, 'ZA002', NULL, 'and taken away');
SELECT throws_ok($$SELECT workdays_between('2026-12-31', '2030-01-01')$$, 'ZA002',
                 'calendar of year 2027 is not loaded', 'a gap between loaded years is one');
SELECT is(is_workday('2030-01-01'), true, 'the year after the gap is loaded');
ROLLBACK TO SAVEPOINT before_change;
SELECT throws_ok($$SELECT is_workday('2030-01-01')$$, 'ZA002', NULL, 'until the rollback');

-- Tables that are not there, or not as they were made
ALTER TABLE workday RENAME TO workday_away;
SELECT throws_ok($$SELECT is_workday('2021-02-11')$$, 'ZA001',
                 'there is no register in this database', 'no table, no register');
ROLLBACK TO SAVEPOINT before_change;
SELECT is(is_workday('2021-02-11'), false, 'it is back');
ALTER TABLE workday RENAME COLUMN kind TO sort;
SELECT throws_ok($$SELECT is_workday('2021-02-11')$$, '42809',
                 'table "aidcase.workday" has no usable column "kind"', 'a column is gone');
ROLLBACK TO SAVEPOINT before_change;

-- ---------------------------------------------------------------------
-- Everyone may ask; parallel workers, too

CREATE ROLE calendar_reader;
GRANT SELECT ON day TO calendar_reader;
REVOKE ALL ON workday, workday_year FROM PUBLIC;
SET LOCAL ROLE calendar_reader;
SELECT count(*) AS wrong,
       has_table_privilege('aidcase.workday', 'SELECT') AS may_read
  FROM day WHERE aidcase.is_workday(d) <> works \gset
RESET ROLE;
SELECT is(:'wrong' || ' ' || :'may_read', '0 f',
          'a role that may not read the tables gets every answer');
SELECT is((SELECT count(*) FROM pg_proc
            WHERE pronamespace = 'aidcase'::regnamespace AND provolatile = 's'
              AND proparallel = 's' AND proisstrict
              AND proname IN ('is_workday', 'add_workdays', 'workdays_between',
                              'workday_on_or_before', 'workday_on_or_after', 'pay_day')),
          6::bigint, 'stable, strict and parallel safe');

CREATE TABLE public.calendar_day AS SELECT d, works FROM day;
ANALYZE public.calendar_day;
UPDATE workday SET kind = 'work' WHERE date = '2021-02-11';
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    line   text;
    result text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        result := result || line || E'\n';
    END LOOP;
    RETURN result;
END
$$;
SELECT matches(pg_temp.plan_of('SELECT count(*) FROM public.calendar_day WHERE is_workday(d) <> works'),
               'Gather', 'a parallel plan');
SELECT results_eq('SELECT d FROM public.calendar_day WHERE is_workday(d) <> works',
                  $$VALUES ('2021-02-11'::date)$$,
                  'its workers see the change of their transaction');

SELECT * FROM finish();
ROLLBACK;
