-- Means test: the gap and its rounding by hand, the aggregate, and
-- determinations from facts: eligible or not, why, and that the lines add up.
--
-- Facts are written in replica mode: this file is about what is computed from
-- them, not about who may enter them.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(266);

-- SQLSTATE, message and detail of a statement that fails.
CREATE FUNCTION pg_temp.fault(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint   text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''),
                     CASE WHEN hint = '' THEN 'NO HINT' END);
END
$$;

-- ---------------------------------------------------------------------
-- The gap from a monthly income

SELECT is(gap_amount(standard, members, income, mode)::text, expected, mode || ': ' || why)
  FROM (VALUES
    -- to 0.01, half up, on the household total
    (700::numeric, 1, 0::numeric, 'exact', '700.00', '700 x 1 - 0'),
    (700, 3, 1000, 'exact', '1100.00', '700 x 3 = 2100; - 1000'),
    (700, 2, 1400, 'exact', '0.00', '700 x 2 = 1400; income = standard'),
    (700, 2, 1399.99, 'exact', '0.01', 'one fen below the standard'),
    (700, 2, 1400.01, 'exact', '0.00', 'one fen above: never below 0'),
    (700, 2, 999999, 'exact', '0.00', 'far above'),
    (700, 1, 1000 / 3.0, 'exact', '366.67', '700 - 333.33... = 366.66...'),
    (700, 1, 100.005, 'exact', '600.00', '599.995: half up'),
    (700, 1, 100.0051, 'exact', '599.99', '599.9949: down'),
    (656.50, 3, 1969.495, 'exact', '0.01', '1969.50 - 1969.495 = 0.005: half up'),
    (656.50, 3, 1969.4951, 'exact', '0.00', '0.0049: down'),
    (638.33, 4, 1000.10, 'exact', '1553.22', '2553.32 - 1000.10'),
    (656, 12, 3210.55, 'exact', '4661.45', '7872 - 3210.55, twelve members'),
    (0, 3, 0, 'exact', '0.00', 'no standard'),
    (1000000000000, 1, 0, 'exact', '1000000000000.00', 'the greatest standard'),
    (1000000000000, 1, 1000000000000, 'exact', '0.00', 'and income'),
    (1000000000000, 2147483647, 0, 'exact', '2147483647000000000000.00', 'beyond 64 bits of fen'),
    (1200, 1, 599.995, 'exact', '600.01', '600.005: half up'),
    (1200, 1, 599.9950000000000000000000001, 'exact', '600.00', 'a 25th decimal below the half'),
    (1200, 1, 599.9949999999999999999999999, 'exact', '600.01', 'and one above it'),
    -- household total up to a whole yuan
    (700, 3, 1000, 'ceil_yuan_household', '1100.00', '1100 is whole'),
    (700, 3, 1000.01, 'ceil_yuan_household', '1100.00', '1099.99 up'),
    (700, 3, 999.99, 'ceil_yuan_household', '1101.00', '1100.01 up'),
    (700, 2, 1399.99, 'ceil_yuan_household', '1.00', '0.01 up'),
    (700, 2, 1400, 'ceil_yuan_household', '0.00', '0 stays'),
    (700, 2, 1400.01, 'ceil_yuan_household', '0.00', 'never below 0'),
    (700, 3, 1000 / 3.0, 'ceil_yuan_household', '1767.00', '2100 - 333.33 = 1766.67 up'),
    (700, 3, 1099.9999999999999999999999999, 'ceil_yuan_household', '1001.00', '1000 and a 25th decimal, up'),
    -- per person up to a whole yuan
    (700, 3, 1000, 'ceil_yuan_person', '1101.00', '1100 / 3 = 366.67 up 367; x 3'),
    (700, 3, 900, 'ceil_yuan_person', '1200.00', '1200 / 3 = 400; x 3'),
    (700, 3, 2099.99, 'ceil_yuan_person', '3.00', '0.01 / 3 up 1; x 3'),
    (700, 3, 2100, 'ceil_yuan_person', '0.00', '0'),
    (700, 3, 2100.01, 'ceil_yuan_person', '0.00', 'never below 0'),
    (656, 4, 1000, 'ceil_yuan_person', '1624.00', '1624 / 4 = 406; x 4'),
    (656, 4, 1000.04, 'ceil_yuan_person', '1624.00', '1623.96 / 4 = 405.99 up 406; x 4'),
    (656, 4, 999.96, 'ceil_yuan_person', '1628.00', '1624.04 / 4 = 406.01 up 407; x 4'),
    (656, 7, 1000, 'ceil_yuan_person', '3598.00', '3592 / 7 = 513.14 up 514; x 7'),
    (333.34, 3, 0.02, 'ceil_yuan_person', '1002.00', '1000 / 3 = 333.33 up 334; x 3'),
    (200, 3, 0, 'ceil_yuan_person', '600.00', '600 / 3 is 200, not more'),
    (200.00000000000000000001, 3, 0, 'ceil_yuan_person', '603.00', 'a 20th decimal above 200 is not lost in the quotient'),
    (200, 3, 0.00000000000000000003, 'ceil_yuan_person', '600.00', 'a 20th decimal below 200'),
    -- per-capita income half up to a whole yuan, then the gap
    (700, 3, 1000, 'per_person_whole_yuan_gap', '1101.00', '333.33 -> 333; (700 - 333) x 3'),
    (700, 2, 1001, 'per_person_whole_yuan_gap', '398.00', '500.50 -> 501; 199 x 2'),
    (700, 2, 1000.99, 'per_person_whole_yuan_gap', '400.00', '500.495 -> 500; 200 x 2'),
    (700, 2, 1399, 'per_person_whole_yuan_gap', '0.00', '699.50 -> 700; 0'),
    (700, 2, 1398.99, 'per_person_whole_yuan_gap', '2.00', '699.495 -> 699; 1 x 2'),
    (700, 2, 1500, 'per_person_whole_yuan_gap', '0.00', 'never below 0'),
    (656.50, 3, 1000, 'per_person_whole_yuan_gap', '970.50', '333; 323.50 x 3'),
    (100.335, 1, 0, 'per_person_whole_yuan_gap', '100.34', '100.335: half up to 0.01'),
    (700, 3, 0, 'per_person_whole_yuan_gap', '2100.00', 'no income'),
    (700, 1, 0.5, 'per_person_whole_yuan_gap', '699.00', '0.50 -> 1'),
    (700, 1, 0.49, 'per_person_whole_yuan_gap', '700.00', '0.49 -> 0'),
    (700, 3, 1.4999999999999999999999999, 'per_person_whole_yuan_gap', '2100.00', 'a 25th decimal below the half'),
    (700, 3, 1.5000000000000000000000001, 'per_person_whole_yuan_gap', '2097.00', 'and one above it')
  ) AS v (standard, members, income, mode, expected, why);

-- ---------------------------------------------------------------------
-- The gap from an annual income: (12 x standard x members - income) / 12

SELECT is(gap_amount_annual(standard, members, income, mode)::text, expected, 'annual, ' || mode || ': ' || why)
  FROM (VALUES
    (700::numeric, 3, 1000::numeric, 'exact', '2016.67', '24200 / 12 = 2016.66...'),
    (700, 3, 1000, 'ceil_yuan_household', '2017.00', '2016.66... up'),
    (700, 3, 1000, 'ceil_yuan_person', '2019.00', '2016.66... / 3 = 672.22 up 673; x 3'),
    (700, 3, 1000, 'per_person_whole_yuan_gap', '2016.00', '1000 / 36 = 27.78 -> 28; 672 x 3'),
    (700, 3, 25200, 'exact', '0.00', 'income = standard'),
    (700, 3, 25199.99, 'exact', '0.00', '0.01 / 12 = 0.0008: down'),
    (700, 3, 25199.99, 'ceil_yuan_household', '1.00', '0.0008 up'),
    (700, 3, 25199.99, 'ceil_yuan_person', '3.00', '0.0003 up 1; x 3'),
    (700, 3, 25199.94, 'exact', '0.01', '0.06 / 12 = 0.005: half up'),
    (700, 3, 25199.95, 'exact', '0.00', '0.05 / 12 = 0.0042: down'),
    (656, 2, 10000, 'exact', '478.67', '5744 / 12 = 478.666...'),
    (700, 1, 5000, 'ceil_yuan_household', '284.00', '3400 / 12 = 283.33 up'),
    (700, 1, 7200, 'ceil_yuan_household', '100.00', '1200 / 12 is 100, not more'),
    (700, 3, 25020, 'ceil_yuan_person', '15.00', '180 / 12 / 3 = 5; x 3'),
    (700, 7, 40000, 'ceil_yuan_person', '1568.00', '18800 / 84 = 223.81 up 224; x 7'),
    (700, 2, 16788, 'per_person_whole_yuan_gap', '0.00', '16788 / 24 = 699.50 -> 700'),
    (700, 2, 16787.99, 'per_person_whole_yuan_gap', '2.00', '699.4996 -> 699; 1 x 2'),
    (700, 1, 0, 'exact', '700.00', 'no income')
  ) AS v (standard, members, income, mode, expected, why);

-- The same by whole-number division in SQL, for many households, with values
-- that take the quick way and, by a 13th decimal, the other.
CREATE TEMP TABLE many AS
SELECT 400 + (i * 7919 % 60000) / 100.0 AS standard, 1 + i % 9 AS members,
       (i::numeric * 104729 % 9000000) / 100 + tail AS income
  FROM generate_series(1, 1500) AS i CROSS JOIN (VALUES (0), (1e-13), (1e-9)) AS v (tail);
SELECT is_empty(
    $$ SELECT * FROM (
         SELECT standard, members, income, greatest(12 * standard * members - income, 0) AS missing,
                div(2 * income + 12 * members, 24 * members) AS whole,
                gap_amount_annual(standard, members, income, 'exact') AS e,
                gap_amount_annual(standard, members, income, 'ceil_yuan_household') AS h,
                gap_amount_annual(standard, members, income, 'ceil_yuan_person') AS p,
                gap_amount_annual(standard, members, income, 'per_person_whole_yuan_gap') AS g
           FROM many) AS s
        WHERE e <> div(200 * missing + 12, 24) / 100
           OR h <> div(missing, 12) + (mod(missing, 12) > 0)::integer
           OR p <> (div(missing, 12 * members) + (mod(missing, 12 * members) > 0)::integer) * members
           OR g <> greatest(round((standard - whole) * members, 2), 0) $$,
    'all modes as by whole-number division, 4500 households');
SELECT is_empty(
    $$ SELECT * FROM many WHERE gap_amount(standard, members, income, 'exact') <> gap_amount_annual(standard, members, 12 * income, 'exact')
          OR gap_amount(standard, members, income, 'ceil_yuan_household') <> gap_amount_annual(standard, members, 12 * income, 'ceil_yuan_household')
          OR gap_amount(standard, members, income, 'ceil_yuan_person') <> gap_amount_annual(standard, members, 12 * income, 'ceil_yuan_person')
          OR gap_amount(standard, members, income, 'per_person_whole_yuan_gap') <> gap_amount_annual(standard, members, 12 * income, 'per_person_whole_yuan_gap') $$,
    'monthly and annual income give the same');

-- refusals
SELECT throws_ok(format('SELECT gap_amount(%s, %s, %s, %L)', standard, members, income, mode), '22023', message, why)
  FROM (VALUES
    ('700', 0, '0', 'exact', 'a gap cannot be computed for 0 members', 'no member'),
    ('700', -1, '0', 'exact', 'a gap cannot be computed for -1 members', 'less than no member'),
    ('-0.01', 1, '0', 'exact', 'the standard is negative', 'negative standard'),
    ('''NaN''', 1, '0', 'exact', 'the standard is not a number', 'standard NaN'),
    ('''Infinity''', 1, '0', 'exact', 'the standard is infinite', 'infinite standard'),
    ('''-Infinity''', 1, '0', 'exact', 'the standard is negative', 'infinitely negative standard'),
    ('1000000000000.01', 1, '0', 'exact', 'the standard is too large', 'absurd standard'),
    ('700', 1, '-0.01', 'exact', 'the monthly income is negative', 'negative income'),
    ('700', 1, '-0.0000000000000000000001', 'exact', 'the monthly income is negative', 'negative in a late decimal'),
    ('700', 1, '''NaN''', 'exact', 'the monthly income is not a number', 'income NaN'),
    ('700', 1, '''Infinity''', 'exact', 'the monthly income is infinite', 'infinite income'),
    ('700', 1, '1e13', 'exact', 'the monthly income is too large', 'absurd income'),
    ('700', 1, '0', 'half_up', 'rounding mode "half_up" is not recognized', 'a mode of another function'),
    ('700', 1, '0', '', 'rounding mode "" is not recognized', 'an empty mode'),
    ('700', 1, '0', 'EXACT', 'rounding mode "EXACT" is not recognized', 'modes are in lower case')
  ) AS v (standard, members, income, mode, message, why);
SELECT is(pg_temp.fault($$ SELECT gap_amount_annual(700, 1, -1, 'exact') $$),
          E'22023 the annual income is negative\nIt must be an amount in yuan from 0 to 1000000000000.',
          'the message tells the limits, not the income');
SELECT ok(gap_amount(NULL, 1, 0, 'exact') IS NULL AND gap_amount(700, NULL, 0, 'exact') IS NULL
          AND gap_amount(700, 1, NULL, 'exact') IS NULL AND gap_amount(700, 1, 0, NULL) IS NULL, 'NULL in, NULL out');

-- ---------------------------------------------------------------------
-- Rounding

SELECT is(round_amount(value, mode, step)::text, expected, format('%s %s to %s', value, mode, step))
  FROM (VALUES
    (12.345::numeric, 'half_up', 0.01, '12.35'), (12.3449, 'half_up', 0.01, '12.34'), (-12.345, 'half_up', 0.01, '-12.35'),
    (12.345, 'half_even', 0.01, '12.34'), (12.355, 'half_even', 0.01, '12.36'), (12.3451, 'half_even', 0.01, '12.35'),
    (-2.5, 'half_even', 1, '-2'), (-3.5, 'half_even', 1, '-4'), (0.5, 'half_even', 1, '0'),
    (12.001, 'up', 1, '13'), (12, 'up', 1, '12'), (-12.001, 'up', 1, '-13'),
    (12.999, 'down', 1, '12'), (-12.999, 'down', 1, '-12'),
    (1.25, 'half_up', 0.1, '1.3'), (1.24, 'half_up', 0.1, '1.2'),
    (124, 'half_up', 50, '100'), (125, 'half_up', 50, '150'), (101, 'up', 100, '200'), (7, 'half_up', 0.3, '6.9'),
    (0, 'up', 0.01, '0.00')) AS v (value, mode, step, expected);
SELECT throws_ok(format('SELECT round_amount(%s, %L, %s)', value, mode, step), '22023', message, why)
  FROM (VALUES
    ('1', 'exact', '1', 'rounding mode "exact" is not recognized', 'a mode of the gap'),
    ('1', 'half_up', '0', 'the step of a rounding must be a positive number', 'no step'),
    ('1', 'half_up', '-1', 'the step of a rounding must be a positive number', 'a negative step'),
    ('1', 'half_up', '''NaN''', 'the step of a rounding must be a positive number', 'step NaN'),
    ('''NaN''', 'half_up', '1', 'only a finite number can be rounded', 'value NaN'),
    ('''Infinity''', 'half_up', '1', 'only a finite number can be rounded', 'infinite value')) AS v (value, mode, step, message, why);

-- ---------------------------------------------------------------------
-- The aggregate

SELECT is(means_test(amount, basis, share)::text, '21321.20', '1500.05 x 12 + 3200 + 100 x 12 x 0.1 + 0.60')
  FROM (VALUES (1500.05::numeric, 'month', 1::numeric), (3200, 'year', 1), (100, 'month', 0.1), (0.60, 'year', 1),
               (9999, 'month', 0)) AS v (amount, basis, share);
SELECT is(means_test(amount, basis, 1)::text, '-11000.00', 'deductions are negative: 1000 - 1000 x 12')
  FROM (VALUES (1000::numeric, 'year'), (-1000, 'month')) AS v (amount, basis);
SELECT is(means_test(amount, 'year', 1)::text, '0.00', 'no row is an income of 0') FROM (VALUES (1::numeric)) AS v (amount) WHERE false;
SELECT is(means_test(amount, basis, share)::text, '0.00', 'an empty side of an outer join adds nothing')
  FROM (VALUES (NULL::numeric, NULL::text, NULL::numeric)) AS v (amount, basis, share);
SELECT is(means_test(0.01, 'year', 0.333333)::text, '0.00333333', 'a share is not rounded');
SELECT is(means_test(0.01, 'year', 0.33333333333333333333)::text, '0.0033333333333333333333', 'not even with 20 decimals');
SELECT is(means_test(a, 'year', 1), 10::numeric, 'ten times a tenth') FROM (SELECT 0.1 AS a FROM generate_series(1, 100)) AS s;
SELECT is(means_test(9999999999999999.99, 'year', 1)::text, '1009999999999999998.99', '101 great amounts') FROM generate_series(1, 101);
SELECT is(means_test(99999999999999999999999999.99, 'year', 1)::text, '299999999999999999999999999.97', '3 amounts too great for 128 bits')
  FROM generate_series(1, 3);
SELECT is(means_test(amount, 'month', share), sum(12 * amount * share), 'mixed scales as by numeric arithmetic')
  FROM (SELECT (i * 7919 % 1000003) / 100.0 + CASE i % 7 WHEN 0 THEN 1e-12 ELSE 0 END AS amount,
               CASE i % 3 WHEN 0 THEN 1 WHEN 1 THEN 0.7 ELSE 0.123456789012 END AS share
          FROM generate_series(1, 3000) AS i) AS s;
SELECT is(means_test(amount, 'month', 1 ORDER BY amount), means_test(amount, 'month', 1 ORDER BY amount DESC), 'any order')
  FROM many, LATERAL (SELECT income - 40000 AS amount) AS a;
SELECT throws_ok(format('SELECT means_test(%s, %s, %s)', amount, basis, share), state, message, why)
  FROM (VALUES
    ('1', 'NULL', '1', '22004', 'an amount of the means test has no basis or no counted share', 'no basis'),
    ('1', '''month''', 'NULL', '22004', 'an amount of the means test has no basis or no counted share', 'no share'),
    ('1', '''week''', '1', '22023', 'basis "week" of an amount is not recognized', 'another basis'),
    ('''NaN''', '''year''', '1', '22023', 'an amount of the means test must be a finite number', 'amount NaN'),
    ('''-Infinity''', '''year''', '1', '22023', 'an amount of the means test must be a finite number', 'infinite amount'),
    ('1', '''year''', '1.01', '22023', 'a counted share must be a number from 0 to 1', 'share above 1'),
    ('1', '''year''', '-0.01', '22023', 'a counted share must be a number from 0 to 1', 'share below 0'),
    ('1', '''year''', '''NaN''', '22023', 'a counted share must be a number from 0 to 1', 'share NaN')) AS v (amount, basis, share, state, message, why);

-- parallel workers: serialize, deserialize, combine
CREATE TABLE public.item_for_workers AS
SELECT i % 997 AS household, (i * 7919 % 1000003) / 100.0 - 3000 + CASE i % 11 WHEN 0 THEN 1e-12 ELSE 0 END AS amount,
       CASE i % 2 WHEN 0 THEN 'month' ELSE 'year' END AS basis, CASE i % 5 WHEN 0 THEN 0.35 ELSE 1 END AS share
  FROM generate_series(1, 60000) AS i;
ANALYZE public.item_for_workers;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END
$$;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE alone AS
SELECT household, means_test(amount, basis, share) AS annual FROM public.item_for_workers GROUP BY household;
SELECT means_test(amount, basis, share) AS alone FROM public.item_for_workers \gset
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(pg_temp.plan_of('SELECT means_test(amount, basis, share) FROM public.item_for_workers'),
               'Finalize Aggregate(.|\n)*Partial Aggregate', 'the total is aggregated by workers');
SELECT matches(pg_temp.plan_of('SELECT household, means_test(amount, basis, share) FROM public.item_for_workers GROUP BY household'),
               'Partial (Hash|Group)Aggregate', 'and so is each household');
SELECT is(means_test(amount, basis, share)::text, :'alone', 'workers find the same total') FROM public.item_for_workers;
SELECT is_empty(
    $$ SELECT * FROM (SELECT household, means_test(amount, basis, share)::text FROM public.item_for_workers GROUP BY household) AS w
       EXCEPT SELECT household, annual::text FROM alone $$, 'and the same for each of 997 households');
SELECT is(sum(annual), :alone::numeric, 'households add up to the total') FROM alone;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- ---------------------------------------------------------------------
-- Facts to determine from

SET LOCAL aidcase.clock = '2021-04-12 10:00+08';
INSERT INTO staff (staff_no, name, login, employed) VALUES ('means-test', '测算经办', session_user, '[2015-01-01,)');
INSERT INTO staff_post (staff_id, unit_id, post, valid)
SELECT s.staff_id, u.unit_id, 'clerk', '[2015-01-01,)' FROM staff AS s, unit AS u
 WHERE s.staff_no = 'means-test' AND u.unit_code = '340705100';
CREATE TEMP SEQUENCE next_id START 900000001;

-- A round at the village 340705100201, accepted on 2021-04-06.
CREATE FUNCTION pg_temp.household(residence text DEFAULT 'urban', kind text DEFAULT 'application',
                                  accepted date DEFAULT '2021-04-06', unit text DEFAULT '340705100201') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint := nextval('next_id');
BEGIN
    SET LOCAL session_replication_role = replica;
    INSERT INTO aidcase.aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, entry_no)
    SELECT id, 'T' || id, t.unit_id, v.unit_id, household.residence, '2021-04-01', 0
      FROM aidcase.unit AS t, aidcase.unit AS v WHERE t.unit_code = left(unit, 9) AND v.unit_code = unit;
    INSERT INTO aidcase.case_round (round_id, case_id, unit_id, round_kind, round_no, workflow_id, state, channel,
                                    first_contact_at, handler_id, occurred_at, accepted_on, entry_no)
    SELECT id, id, c.unit_id, kind, 1, w.workflow_id, w.state, 'on_site', '2021-04-01 09:00+08', s.staff_id,
           '2021-04-01 09:00+08', accepted, 0
      FROM aidcase.aid_case AS c, aidcase.staff AS s,
           (SELECT f.workflow_id, q.state FROM aidcase.workflow AS f JOIN aidcase.workflow_state AS q USING (workflow_id)
             WHERE f.subject = 'case_round' AND NOT q.frozen ORDER BY f.workflow_id, q.sort LIMIT 1) AS w
     WHERE c.case_id = id AND s.staff_no = 'means-test';
    SET LOCAL session_replication_role = origin;
    RETURN id;
END
$$;
CREATE FUNCTION pg_temp.member(round bigint, birth date DEFAULT '1980-06-15', ability text DEFAULT 'able',
                               health text DEFAULT 'good', kind text DEFAULT NULL, level integer DEFAULT NULL,
                               counted boolean DEFAULT true, void boolean DEFAULT false) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint := nextval('next_id');
BEGIN
    SET LOCAL session_replication_role = replica;
    INSERT INTO aidcase.case_member (member_id, case_id, round_id, person_id, name, birth_date, sex, relation, counted,
                                     not_counted_reason, work_ability, health, disability_kind, disability_level, void, entry_no)
    VALUES (id, round, round, id, '某', birth, 'male', 'other', member.counted, CASE WHEN NOT member.counted THEN '服刑' END,
            ability, member.health, kind, level, member.void, 0);
    SET LOCAL session_replication_role = origin;
    RETURN id;
END
$$;
CREATE FUNCTION pg_temp.item(relation text, round bigint, member bigint, kind text, amount numeric, basis text DEFAULT 'year',
                             source text DEFAULT 'declared', void boolean DEFAULT false, exempt text DEFAULT NULL,
                             quantity integer DEFAULT 1) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    IF relation = 'income' THEN
        INSERT INTO aidcase.income_item (income_id, case_id, round_id, member_id, income_kind, amount, basis, source, void, entry_no)
        VALUES (nextval('next_id'), round, round, member, kind, item.amount, item.basis, item.source, item.void, 0);
    ELSIF relation = 'expense' THEN
        INSERT INTO aidcase.expense_item (expense_id, case_id, round_id, member_id, expense_kind, amount, basis, source, void, entry_no)
        VALUES (nextval('next_id'), round, round, member, kind, item.amount, item.basis, item.source, item.void, 0);
    ELSE
        INSERT INTO aidcase.property_item (property_id, case_id, round_id, member_id, property_kind, value, quantity, exempt_reason, source, void, entry_no)
        VALUES (nextval('next_id'), round, round, member, kind, item.amount, item.quantity, exempt, item.source, item.void, 0);
    END IF;
    SET LOCAL session_replication_role = origin;
END
$$;
CREATE FUNCTION pg_temp.obligor(round bigint, size integer, annual numeric, persons integer DEFAULT 1, paid numeric DEFAULT 0,
                                able boolean DEFAULT true, relation text DEFAULT 'child', void boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    INSERT INTO aidcase.obligor (obligor_id, case_id, round_id, name, relation, household_size, annual_income, persons_supported,
                                 paid_monthly, able, void, entry_no)
    VALUES (nextval('next_id'), round, round, '某', obligor.relation, size, annual, persons, paid, obligor.able, obligor.void, 0);
    SET LOCAL session_replication_role = origin;
END
$$;

-- Determines and tells the outcome of one programme in one line.
CREATE FUNCTION pg_temp.outcome(round bigint, which text DEFAULT 'dibao', on_date date DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', CASE WHEN eligible THEN 'eligible' ELSE reasons::text END, annual_income, base_amount || '+' || addon_amount)
      FROM aidcase.determine(round, on_date) WHERE programme = which
$$;
-- A household of n adults with this annual income, and its outcome.
CREATE FUNCTION pg_temp.simple(n integer, annual numeric, which text DEFAULT 'dibao', residence text DEFAULT 'urban') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round bigint := pg_temp.household(residence);
    first bigint := pg_temp.member(round);
BEGIN
    PERFORM pg_temp.member(round) FROM generate_series(2, n);
    PERFORM pg_temp.item('income', round, first, 'other', annual);
    RETURN pg_temp.outcome(round, which);
END
$$;

-- ---------------------------------------------------------------------
-- The standard: strictly below.  Urban 656, rural 638, from 2020-07-01.

SELECT is(pg_temp.simple(2, 15743.99), 'eligible 15743.99 1.00+0.00', '12 x 656 x 2 = 15744: one fen below is eligible');
SELECT is(pg_temp.simple(2, 15744), '{income_not_below_standard} 15744.00 0.00+0.00', 'at the standard is not');
SELECT is(pg_temp.simple(2, 15744.01), '{income_not_below_standard} 15744.01 0.00+0.00', 'one fen above is not');
SELECT is(pg_temp.simple(2, 15311.99, residence => 'rural'), 'eligible 15311.99 1.00+0.00', 'rural: 12 x 638 x 2 = 15312');
SELECT is(pg_temp.simple(2, 15312, residence => 'rural'), '{income_not_below_standard} 15312.00 0.00+0.00', 'rural: at the standard');
SELECT is(pg_temp.simple(1, 0), 'eligible 0.00 656.00+0.00', 'no income: the whole standard');
SELECT is(pg_temp.simple(3, 10000), 'eligible 10000.00 1135.00+0.00', '(23616 - 10000) / 12 = 1134.67 up');
SELECT is(pg_temp.simple(2, 15744, 'low_income'), 'eligible 15744.00 0.00+0.00', 'marginal from the standard on');
SELECT is(pg_temp.simple(2, 23615.99, 'low_income'), 'eligible 23615.99 0.00+0.00', '15744 x 1.5 = 23616: one fen below');
SELECT is(pg_temp.simple(2, 23616, 'low_income'), '{income_not_below_marginal} 23616.00 0.00+0.00', 'at the multiple is not marginal');
SELECT is(pg_temp.simple(2, 15743.99, 'low_income'), '{in_higher_class} 15743.99 0.00+0.00', 'dibao goes before');
SELECT is(pg_temp.simple(2, 23616, 'temp_assistance'), '{no_emergency} 23616.00 0.00+0.00', 'no emergency, no temporary assistance');

SELECT pg_temp.household() AS empty \gset
SELECT is(pg_temp.outcome(:empty), '{no_counted_member} 0.00 0.00+0.00', 'nobody to count');
SELECT pg_temp.member(:empty, counted => false) AS not_counted, pg_temp.member(:empty, void => true) AS void_one \gset
SELECT is(pg_temp.outcome(:empty), '{no_counted_member} 0.00 0.00+0.00', 'nobody counted, one void');
SELECT bag_eq(format('SELECT programme, reasons, members, per_capita, low_income_class FROM determine(%s)', :empty),
    $$ VALUES ('dibao', '{no_counted_member}'::text[], 0, NULL::numeric, NULL::text),
              ('tekun', '{no_counted_member}', 0, NULL, NULL),
              ('low_income', '{no_counted_member}', 0, NULL, NULL),
              ('temp_assistance', '{no_emergency}', 0, NULL, NULL) $$, 'a row per programme, each with its reason');

-- ---------------------------------------------------------------------
-- One family in full.  Standard 656 x 3; rules of 2021-04-06, benefits from
-- May.  Father (46): wage 800 a month, basic pension 105 not counted.
-- Mother (43, limb 2): business 5000 declared, 5500 verified; medical 1000.
-- Child (11).  A grown child elsewhere: household of 3 with 40000, 2 supported.
--   wage            800 x 12                               9600.00
--   business                                               5500.00
--   medical                                               -1000.00
--   work cost       656 x 30 % x 12                       -2361.60
--   support         (40000 - 12 x 656 x 3) x 50 % / 3 / 2  1365.33
--   annual                                                13103.73
--   gap             (23616 - 13103.73) / 12 = 876.0225 up   877.00
--   add-ons         656 x 30 % + 656 x 10 %                 262.40
SELECT pg_temp.household() AS family \gset
SELECT pg_temp.member(:family, '1975-01-01') AS father, pg_temp.member(:family, '1978-01-01', 'lost', kind => 'limb', level => 2) AS mother,
       pg_temp.member(:family, '2010-01-01', 'none') AS child \gset
SELECT pg_temp.item('income', :family, :father, 'wage', 800, 'month'), pg_temp.item('income', :family, :father, 'basic_pension', 105, 'month'),
       pg_temp.item('income', :family, :mother, 'business', 5000), pg_temp.item('income', :family, :mother, 'business', 5500, source => 'verified'),
       pg_temp.item('expense', :family, :mother, 'medical_self_paid', 1000), pg_temp.item('expense', :family, :child, 'education', 4000),
       pg_temp.item('property', :family, :father, 'deposit', 3000.55),
       pg_temp.obligor(:family, 3, 40000, 2) \g /dev/null
CREATE TEMP TABLE made AS SELECT * FROM determine(:family);
SELECT results_eq('SELECT programme, eligible, annual_income, base_amount, addon_amount, amount, reasons FROM made',
    $$ VALUES ('dibao', true, 13103.73, 877.00, 262.40, 1139.40, '{}'::text[]),
              ('tekun', false, 13103.73, 0, 0, 0, '{work_ability_present,able_obligor_present}'),
              ('temp_assistance', false, 13103.73, 0, 0, 0, '{no_emergency}'),
              ('low_income', false, 13103.73, 0, 0, 0, '{in_higher_class}') $$, 'the family of the sum above');
SELECT results_eq('SELECT DISTINCT on_date, members, standard, low_income_class, round(monthly_income, 4), round(per_capita, 4) FROM made',
    $$ VALUES ('2021-04-06'::date, 3, 656::numeric, 'dibao', 1091.9775, 363.9925) $$, 'rules of the acceptance; one class for the household');
SELECT results_eq('SELECT programme, benefit_month FROM made',
    $$ VALUES ('dibao', '2021-05-01'::date), ('tekun', '2021-05-01'), ('temp_assistance', '2021-04-01'), ('low_income', '2021-05-01') $$,
    'benefits from the month after, temporary assistance at once');
SELECT ok(bool_and(determined_at = now_here() AND determined_by = current_staff()) AND bool_or(illustrative) AND min(entry_no) > 0,
          'by whom, when, sealed, resting on illustrative values') FROM made;
SELECT results_eq(format('SELECT step, rule, input, amount, running_total, doc_no FROM explain(%s) WHERE programme = ''dibao'' AND amount IS NOT NULL', :family),
    $$ VALUES ('income', 'wage', 800.00, 9600::numeric, 9600::numeric, '示例参数'),
              ('income', 'basic_pension', 105, 0, 9600, '示例参数'),
              ('income', 'business', 5500, 5500, 15100, '示例参数'),
              ('deduction', 'medical_self_paid', 1000, -1000, 14100, '示例参数'),
              ('deduction', 'work_cost_share', 0.3, -2361.6, 11738.4, '示例参数'),
              ('support', 'support_formula', 1365.33, 1365.33, 13103.73, '示例参数'),
              ('standard', 'dibao_standard', 656, 1968, 1968, '示例参数'),
              ('base', 'monthly_income', 13103.73, -1091.9775, 876.0225, NULL),
              ('rounding', 'ceil_yuan_household', NULL, 0.9775, 877, '示例参数'),
              ('addon', 'severe_disability', 0.3, 196.8, 1073.8, '示例参数'),
              ('addon', 'minor', 0.1, 65.6, 1139.4, '示例参数') $$, 'explained line by line');
SELECT is_empty(format('SELECT step, rule FROM explain(%s) WHERE step_zh IS NULL OR step_en IS NULL OR rule_zh IS NULL OR rule_en IS NULL', :family),
                'every line has its words in both languages');
SELECT results_eq(format('SELECT rule, input, bound FROM explain(%s) WHERE programme = ''dibao'' AND step IN (''limit'', ''property'')', :family),
    $$ VALUES ('dibao_standard', 13103.73, 23616::numeric), ('financial_assets_limit', 3000.55, 47232),
              ('homes_limit', 0, 1), ('non_residential_limit', 0, 0), ('vehicles_limit', 0, 0) $$, 'and what was compared: 24 x 656 x 3 = 47232');
SELECT results_eq(format('SELECT programme, rule, article FROM explain(%s) WHERE step = ''result'' AND programme <> ''dibao''', :family),
    $$ VALUES ('tekun', 'work_ability_present', '《特困人员认定办法》第五条'), ('tekun', 'able_obligor_present', '《特困人员认定办法》第八条'),
              ('temp_assistance', 'no_emergency', '《社会救助暂行办法》第四十七条'),
              ('low_income', 'in_higher_class', '《最低生活保障审核确认办法》低保边缘家庭规定') $$, 'a refusal names its article');

-- Which facts count
SELECT pg_temp.item('income', :family, pg_temp.member(:family, counted => false), 'wage', 99999),
       pg_temp.item('income', :family, :father, 'other', 99999, void => true),
       pg_temp.item('expense', :family, :father, 'tax', 99999, void => true),
       pg_temp.obligor(:family, 1, 999999, void => true) \g /dev/null
SELECT is(pg_temp.outcome(:family), 'eligible 13103.73 877.00+262.40', 'void items and members who are not counted change nothing');
SELECT pg_temp.item('income', :family, :father, 'wage', 700, 'month', 'verified'), pg_temp.item('income', :family, :father, 'wage', 50, 'month', 'verified') \g /dev/null
SELECT is(pg_temp.outcome(:family), 'eligible 12503.73 927.00+262.40', 'verified wages 700 + 50 replace the declared 800: (23616 - 12503.73) / 12 = 926.02 up');
SELECT pg_temp.item('income', :family, :father, 'farming', -3000) \g /dev/null
SELECT is(pg_temp.outcome(:family), 'eligible 12503.73 927.00+262.40', 'a loss does not reduce other income');
SELECT pg_temp.item('expense', :family, :mother, 'nursing_care', 2000, 'month') \g /dev/null
SELECT is(pg_temp.outcome(:family), 'eligible 0.00 1968.00+262.40', 'deductions end at an income of zero');
SELECT results_eq(format('SELECT rule, amount, running_total FROM explain(%s) WHERE rule = ''not_below_zero''', :family),
    $$ VALUES ('not_below_zero', 11496.27, 0::numeric) $$, 'and the line that says so adds up: 12503.73 - 24000 = -11496.27');
SELECT is((SELECT count(*) FROM determination WHERE round_id = :family), 20::bigint, 'earlier determinations stay');

-- work cost is not more than the wage
SELECT pg_temp.household() AS small \gset
SELECT pg_temp.member(:small) AS earner \gset
SELECT pg_temp.item('income', :small, :earner, 'wage', 100, 'month') \g /dev/null
SELECT is(pg_temp.outcome(:small), 'eligible 0.00 656.00+0.00', 'a wage of 1200 a year bears a work cost of 1200, not 2361.60');
SELECT pg_temp.item('income', :small, :earner, 'imputed_work', 200, 'month') \g /dev/null
SELECT is(pg_temp.outcome(:small), 'eligible 2400.00 456.00+0.00', 'imputed income bears none');

-- ---------------------------------------------------------------------
-- Support from obligors: (per-capita - standard) x rate / persons supported

CREATE FUNCTION pg_temp.supported(VARIADIC obligors text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round bigint := pg_temp.household();
    one   text;
BEGIN
    PERFORM pg_temp.member(round, '1950-01-01', 'none');
    FOREACH one IN ARRAY obligors LOOP
        EXECUTE format('SELECT pg_temp.obligor(%s, %s)', round, one);
    END LOOP;
    RETURN pg_temp.outcome(round);
END
$$;
SELECT is(pg_temp.supported('2, 15744'), 'eligible 0.00 656.00+65.60', 'a child at the standard owes nothing');
SELECT is(pg_temp.supported('2, 20000'), 'eligible 1064.00 568.00+65.60', '(20000 - 15744) / 2 x 50 % = 1064');
SELECT is(pg_temp.supported('2, 20000, 2'), 'eligible 532.00 612.00+65.60', 'shared by two parents: 532');
SELECT is(pg_temp.supported('2, 20000', '1, 0', '1, 0'), 'eligible 851.20 586.00+65.60', 'three children: 40 %: 851.20');
SELECT is(pg_temp.supported('2, 20000, paid => 100'), 'eligible 1200.00 556.00+65.60', '100 a month really paid is more than 1064');
SELECT is(pg_temp.supported('2, 20000, paid => 50'), 'eligible 1064.00 568.00+65.60', '50 a month is less');
SELECT is(pg_temp.supported('2, 20000, able => false'), 'eligible 0.00 656.00+65.60', 'one who is not able owes nothing');
SELECT is(pg_temp.supported('2, 20000, able => false, paid => 30'), 'eligible 360.00 626.00+65.60', 'but what is paid counts');
SELECT is(pg_temp.supported('3, 25000'), 'eligible 230.67 637.00+65.60', '(25000 - 23616) / 3 x 50 % = 230.666... to the fen');
SELECT is(pg_temp.supported('1, -5000'), 'eligible 0.00 656.00+65.60', 'a loss owes nothing');

-- ---------------------------------------------------------------------
-- Property

CREATE FUNCTION pg_temp.owning(which text, VARIADIC things text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round bigint := pg_temp.household();
    owner bigint := pg_temp.member(round);
    one   text;
BEGIN
    FOREACH one IN ARRAY things LOOP
        EXECUTE format('SELECT pg_temp.item(''property'', %s, %s, %s)', round, owner, one);
    END LOOP;
    RETURN split_part(pg_temp.outcome(round, which), ' ', 1);
END
$$;
SELECT is(pg_temp.owning('dibao', '''deposit'', 15744'), 'eligible', '24 x 656 = 15744: at the limit');
SELECT is(pg_temp.owning('dibao', '''deposit'', 15744.01'), '{financial_assets_over_limit}', 'one fen above it');
SELECT is(pg_temp.owning('low_income', '''deposit'', 15744.01'), '{financial_assets_over_limit}', 'nor marginal');
SELECT is(pg_temp.owning('tekun', '''deposit'', 15744.01'), '{work_ability_present,tekun_property_over_limit}', 'nor tekun');
SELECT is(pg_temp.owning('dibao', '''deposit'', 15744', '''cash'', 0.01'), '{financial_assets_over_limit}', 'financial assets together');
SELECT is(pg_temp.owning('dibao', '''deposit'', 99999', '''deposit'', 10, source => ''verified'''), 'eligible', 'verified beats declared');
SELECT is(pg_temp.owning('dibao', '''home'', 500000'), 'eligible', 'one home, whatever its value');
SELECT is(pg_temp.owning('dibao', '''home'', 1, quantity => 2'), '{homes_over_limit}', 'two homes');
SELECT is(pg_temp.owning('dibao', '''home'', 1', '''home'', 1, exempt => ''危房'''), 'eligible', 'an exempt home is not counted');
SELECT is(pg_temp.owning('dibao', '''vehicle'', 1'), '{vehicles_over_limit}', 'a car');
SELECT is(pg_temp.owning('dibao', '''vehicle'', 1, exempt => ''残疾人代步车'''), 'eligible', 'a vehicle for a disabled person');
SELECT is(pg_temp.owning('dibao', '''vehicle'', 1, void => true'), 'eligible', 'a void item');
SELECT is(pg_temp.owning('dibao', '''ship'', 1', '''non_residential'', 1', '''home'', 1, quantity => 2', '''claim'', 20000'),
          '{financial_assets_over_limit,homes_over_limit,non_residential_over_limit,vehicles_over_limit}', 'all reasons at once');

-- ---------------------------------------------------------------------
-- Add-ons: each person once, by the highest share; rounded once, to the fen

CREATE FUNCTION pg_temp.addon(person text, residence text DEFAULT 'urban') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round bigint := pg_temp.household(residence);
BEGIN
    EXECUTE format('SELECT pg_temp.member(%s, %s)', round, person);
    RETURN split_part(pg_temp.outcome(round), '+', 2);
END
$$;
SELECT is(pg_temp.addon(person), amount, why)
  FROM (VALUES
    ('''1980-01-01''', '0.00', 'an adult'),
    ('''1961-05-01''', '65.60', '60 on the first day of benefit, 2021-05-01: 10 %'),
    ('''1961-05-02''', '0.00', '60 a day later'),
    ('''2003-05-01''', '0.00', '18 on that day'),
    ('''2003-05-02''', '65.60', 'still 17: 10 %'),
    ('''1980-01-01'', health => ''serious_illness''', '131.20', 'seriously ill: 20 %'),
    ('''1980-01-01'', health => ''chronic''', '0.00', 'chronically ill'),
    ('''1980-01-01'', kind => ''limb'', level => 2', '196.80', 'limb, level 2: 30 %'),
    ('''1980-01-01'', kind => ''limb'', level => 3', '0.00', 'limb, level 3'),
    ('''1980-01-01'', kind => ''mental'', level => 3', '196.80', 'mental, level 3: 30 %'),
    ('''1980-01-01'', kind => ''intellectual'', level => 4', '0.00', 'intellectual, level 4'),
    ('''1950-01-01'', health => ''serious_illness'', kind => ''sight'', level => 1', '196.80', 'old, ill and blind: the highest only')
  ) AS v (person, amount, why);
SELECT pg_temp.household('rural') AS odd \gset
INSERT INTO policy_document (doc_no, title, issued_by, in_force) VALUES ('测算测试', '测算测试', '测试', '[2020-01-01,)');
INSERT INTO addon_rule (programme, addon_group, area_code, valid, share, article, document_id)
SELECT 'dibao', 'aged', '340705100201', '[2021-01-01,)', 0.123456, '一', document_id FROM policy_document WHERE doc_no = '测算测试';
SELECT pg_temp.member(:odd, '1950-01-01', 'none') + pg_temp.member(:odd, '1951-01-01', 'none') + pg_temp.member(:odd, '1980-01-01') AS n \g /dev/null
SELECT is(pg_temp.outcome(:odd), 'eligible 0.00 1914.00+157.53', 'the village''s own share: 2 x 638 x 0.123456 = 157.529856, rounded once');
SELECT is((SELECT array_agg(rule || ' ' || amount ORDER BY line_no) FROM explain(:odd) WHERE programme = 'dibao' AND line_no > 0 AND step IN ('addon', 'rounding')),
          '{"ceil_yuan_household 0","aged 78.764928","aged 78.764928","addons_to_fen 0.000144"}', 'and the lines show it');
UPDATE addon_rule SET valid = '[2020-01-01,2020-01-02)' WHERE area_code = '340705100201';

-- ---------------------------------------------------------------------
-- Rounding by the nearest area's rule

SELECT pg_temp.household(unit => '340705100202') AS rounded \gset
SELECT pg_temp.member(:rounded) AS r1, pg_temp.member(:rounded) AS r2, pg_temp.member(:rounded) AS r3 \gset
SELECT pg_temp.item('income', :rounded, :r1, 'other', 10000) \g /dev/null
INSERT INTO rounding_rule (programme, component, area_code, mode, valid, document_id)
SELECT 'dibao', 'base', '340705100202', 'exact', '[2021-01-01,)', document_id FROM policy_document WHERE doc_no = '测算测试';
CREATE FUNCTION pg_temp.by_mode(round bigint, m text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE aidcase.rounding_rule SET mode = m WHERE area_code = '340705100202';
    RETURN (SELECT rounding || ' ' || base_amount FROM aidcase.determine(round) WHERE programme = 'dibao');
END
$$;
SELECT is(pg_temp.by_mode(:rounded, mode), mode || ' ' || amount, why)
  FROM (VALUES ('exact', '1134.67', '(23616 - 10000) / 12 = 1134.666...'),
               ('ceil_yuan_household', '1135.00', 'up'),
               ('ceil_yuan_person', '1137.00', '378.22 up 379; x 3'),
               ('per_person_whole_yuan_gap', '1134.00', '277.78 -> 278; (656 - 278) x 3')) AS v (mode, amount, why);
UPDATE rounding_rule SET valid = '[2020-01-01,2020-01-02)' WHERE area_code = '340705100202';

-- ---------------------------------------------------------------------
-- Tekun: no work ability, no source of living, no able obligor

CREATE FUNCTION pg_temp.tekun(person text, annual numeric DEFAULT 0, kin text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round bigint := pg_temp.household('rural');
    one   bigint;
BEGIN
    EXECUTE format('SELECT pg_temp.member(%s, %s)', round, person) INTO one;
    PERFORM pg_temp.item('income', round, one, 'gift', annual) WHERE annual > 0;
    IF kin IS NOT NULL THEN
        EXECUTE format('SELECT pg_temp.obligor(%s, %s)', round, kin);
    END IF;
    RETURN (SELECT CASE WHEN eligible THEN low_income_class || ' ' || amount ELSE reasons::text END
              FROM aidcase.determine(round) WHERE programme = 'tekun');
END
$$;
SELECT is(pg_temp.tekun(person, annual, kin), expected, why)
  FROM (VALUES
    ('''1961-04-06''', 0::numeric, NULL, 'tekun 830.00', '60 on the day of acceptance; 638 x 1.3 = 829.40 up'),
    ('''1961-04-07''', 0, NULL, '{work_ability_present}', '60 a day later'),
    ('''2005-04-07''', 0, NULL, 'tekun 830.00', 'still 15'),
    ('''2005-04-06''', 0, NULL, '{work_ability_present}', '16'),
    ('''1980-01-01'', kind => ''mental'', level => 3', 0, NULL, 'tekun 830.00', 'mental, level 3'),
    ('''1980-01-01'', kind => ''limb'', level => 2', 0, NULL, 'tekun 830.00', 'limb, level 2'),
    ('''1980-01-01'', kind => ''sight'', level => 2', 0, NULL, '{work_ability_present}', 'sight, level 2'),
    ('''1980-01-01'', kind => ''hearing'', level => 1', 0, NULL, '{work_ability_present}', 'hearing gives none'),
    ('''1950-01-01''', 7655.99, NULL, 'tekun 830.00', '12 x 638 = 7656: income below, the amount is not reduced'),
    ('''1950-01-01''', 7656, NULL, '{source_of_living_present}', 'income at the standard'),
    ('''1950-01-01''', 0, '1, 0', '{able_obligor_present}', 'an able obligor, even a poor one'),
    ('''1950-01-01''', 0, '1, 0, able => false', 'tekun 830.00', 'an obligor who is not able'),
    ('''1980-01-01''', 99999, '1, 0', '{work_ability_present,source_of_living_present,able_obligor_present}', 'all reasons')
  ) AS v (person, annual, kin, expected, why);

-- ---------------------------------------------------------------------
-- Emergency rounds: temporary assistance only, a range for the decider

SELECT pg_temp.household(kind => 'emergency', accepted => NULL) AS emergency \gset
SELECT pg_temp.member(:emergency) AS victim \gset
SELECT results_eq(format('SELECT programme, eligible, amount, minimum_amount, maximum_amount, benefit_month, annual_income, members, on_date FROM determine(%s)', :emergency),
    $$ VALUES ('temp_assistance', true, 0.00, 500.00, 3000.00, '2021-04-01'::date, NULL::numeric, 1, '2021-04-12'::date) $$,
    'one row, no income examined, at once, by the rules of the day');
SELECT results_eq(format('SELECT step, rule, bound, illustrative FROM explain(%s)', :emergency),
    $$ VALUES ('limit', 'temp_minimum', 500::numeric, true), ('limit', 'unit_authority_limit', 3000, true), ('result', 'eligible', NULL, false) $$,
    'its lines give the range');

-- ---------------------------------------------------------------------
-- Dates

SET LOCAL aidcase.clock = '2021-06-15 10:00+08';
SELECT pg_temp.household(accepted => '2021-06-10') AS june \gset
SELECT pg_temp.member(:june) AS june_member \gset
SELECT results_eq(format('SELECT on_date, benefit_month, standard, base_amount FROM determine(%s) WHERE programme = ''dibao''', :june),
    $$ VALUES ('2021-06-10'::date, '2021-07-01'::date, 702::numeric, 702.00) $$, 'rules of June, the standard of July, the first month of benefit');
SELECT results_eq(format('SELECT benefit_month, standard FROM determine(%s, ''2021-06-10'') WHERE programme = ''dibao''', :june),
    $$ VALUES ('2021-07-01'::date, 702::numeric) $$, 'as of an earlier day');
SET LOCAL aidcase.clock = '2021-07-01 00:30+08';
SELECT is((SELECT benefit_month FROM determine(:june) WHERE programme = 'dibao'), '2021-08-01'::date, 'decided in July: benefits from August');
SET LOCAL aidcase.clock = '2021-06-30 16:30+00';
SELECT is((SELECT benefit_month FROM determine(:june) WHERE programme = 'dibao'), '2021-08-01'::date, 'by the register''s calendar, whatever the session''s time zone');
SET LOCAL aidcase.clock = '2026-01-05 09:00+08';
SELECT pg_temp.household(accepted => '2026-01-02') AS later \gset
SELECT pg_temp.member(:later, '1950-01-01', 'none') AS old \gset
SELECT pg_temp.item('income', :later, :old, 'basic_pension', 200, 'month') \g /dev/null
SELECT is(pg_temp.outcome(:later), 'eligible 2400.00 552.00+75.20', 'in 2026 the basic pension counts: 752 - 200');
SELECT is((SELECT doc_no FROM explain(:later) WHERE rule = 'basic_pension'), '民发〔2021〕57号', 'by the national rule');
SELECT throws_ok(format('SELECT determine(%s, ''2026-01-06'')', :later), '22023',
                 'the date of a determination must lie between acceptance and today', 'not after today');
SELECT throws_ok(format('SELECT determine(%s, ''2026-01-01'')', :later), '22023',
                 'the date of a determination must lie between acceptance and today', 'not before acceptance');
SELECT throws_ok(format('SELECT determine(%s, ''-infinity'')', :later), '22023', NULL, 'nor at no day at all');

-- ---------------------------------------------------------------------
-- What is missing is named, all of it

SELECT pg_temp.household(accepted => '2019-06-28') AS early \gset
SELECT pg_temp.member(:early) AS early_member \gset
SELECT pg_temp.item('income', :early, :early_member, 'wage', 1) , pg_temp.item('income', :early, :early_member, 'rent', 1), pg_temp.obligor(:early, 1, 1) \g /dev/null
SET LOCAL aidcase.clock = '2019-06-28 10:00+08';
SELECT is(pg_temp.fault(format('SELECT determine(%s)', :early)),
E'ZA008 parameters or rules of the determination are not set
Income rule of kind "rent" is not in force on 2019-06-28 for area 340705100201 or one above it.
Income rule of kind "wage" is not in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "aged_from", programme ''tekun'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "benefit_start_months", programme ''dibao'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "benefit_start_months", programme ''low_income'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "benefit_start_months", programme ''tekun'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "benefit_start_months", programme ''temp_assistance'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "dibao_standard", variant ''urban'', programme ''dibao'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "financial_assets_limit", programme ''dibao'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "financial_assets_limit", programme ''low_income'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "financial_assets_limit", programme ''tekun'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "homes_limit", programme ''dibao'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "homes_limit", programme ''low_income'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "homes_limit", programme ''tekun'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "marginal_multiple", programme ''low_income'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "minor_below", programme ''tekun'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "non_residential_limit", programme ''dibao'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "non_residential_limit", programme ''low_income'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "non_residential_limit", programme ''tekun'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "tekun_standard", variant ''urban'', programme ''tekun'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "vehicles_limit", programme ''dibao'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "vehicles_limit", programme ''low_income'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Parameter "vehicles_limit", programme ''tekun'' has no value in force on 2019-06-28 for area 340705100201 or one above it.
Rounding rule of programme "dibao", component "base", is not in force on 2019-06-28 for area 340705100201 or one above it.
Rounding rule of programme "tekun", component "base", is not in force on 2019-06-28 for area 340705100201 or one above it.
Support rule is not in force on 2019-06-28 for area 340705100201 or one above it.',
    'before any rule was set');
SELECT is((SELECT count(*) FROM determination WHERE round_id = :early), 0::bigint, 'and nothing is written');
SET LOCAL aidcase.clock = '2021-04-12 10:00+08';
UPDATE income_rule SET valid = '[2019-07-01,2021-04-01)' WHERE income_kind = 'wage' AND area_code = '340705' AND valid @> '2021-04-06'::date;
SELECT is(pg_temp.fault(format('SELECT determine_rounds(%L, ''2021-04-12'')', ARRAY[:empty, :family])),
          E'ZA008 parameters or rules of the determination are not set\nIncome rule of kind "wage" is not in force on 2021-04-06 for area 340705100201 or one above it.',
          'one rule missing for one of several rounds');
UPDATE income_rule SET valid = '[2019-07-01,2021-07-01)' WHERE income_kind = 'wage' AND area_code = '340705' AND valid @> '2021-03-06'::date;

-- ---------------------------------------------------------------------
-- Who may determine

CREATE FUNCTION pg_temp.as_login(login text, query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET SESSION AUTHORIZATION %I', login);
    EXECUTE query;
    RESET SESSION AUTHORIZATION;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;      -- the login goes back with the subtransaction
END
$$;
SELECT is(pg_temp.as_login('t_clerk', format('SELECT aidcase.determine(%s)', :family)), 'done', 'a clerk of the unit');
SELECT is((SELECT s.staff_no FROM determination AS d JOIN staff AS s ON s.staff_id = d.determined_by
            WHERE d.round_id = :family ORDER BY d.entry_no DESC LIMIT 1), 'x-clerk', 'who is named in it');
SELECT is(pg_temp.as_login('t_bureau', format('SELECT aidcase.determine(%s)', :family)), 'done', 'a clerk of the bureau');
SELECT is(pg_temp.as_login('t_other', format('SELECT aidcase.determine(%s)', :family)), format('42501 round %s cannot be determined', :family), 'not a clerk of another unit');
SELECT is(pg_temp.as_login('t_other', 'SELECT aidcase.determine(1234567890)'), '42501 round 1234567890 cannot be determined', 'who learns nothing about what exists');
SELECT is(pg_temp.as_login('t_leader', format('SELECT aidcase.determine(%s)', :family)), '42501 permission denied for function determine', 'not the unit''s leader');
SELECT is(pg_temp.as_login('t_stranger', format('SELECT aidcase.determine(%s)', :family)), '42501 permission denied for function determine', 'not a stranger');
SELECT is(pg_temp.as_login('t_town', format('SELECT aidcase.determine(%s)', :family)), 'ZA005 no member of staff is behind this session', 'not a pooled login without a name');
SELECT is(pg_temp.as_login('t_clerk', format('SELECT aidcase.determine_rounds(ARRAY[%s], NULL)', :family)),
          '42501 permission denied for function determine_rounds', 'the register''s own function is not for clerks');
SELECT matches(pg_temp.as_login('t_clerk', format('INSERT INTO aidcase.determination SELECT * FROM aidcase.determination WHERE round_id = %s', :family)),
               '^42501 ', 'a clerk cannot write a determination');
SELECT matches(pg_temp.as_login('t_clerk', 'INSERT INTO aidcase.determination_line (determination_id) VALUES (1)'), '^42501 ', 'nor a line');
SELECT matches(pg_temp.as_login('t_bureau', format('UPDATE aidcase.determination SET eligible = true WHERE round_id = %s', :family)),
               '^42501 ', 'nor can the bureau change one');
SELECT throws_ok('SELECT determine(NULL)', '42501', 'round NULL cannot be determined', 'no round');

-- ---------------------------------------------------------------------
-- Many households: the lines add up, one at a time or all at once

CREATE TEMP TABLE district AS
SELECT i, pg_temp.household(CASE i % 3 WHEN 0 THEN 'rural' ELSE 'urban' END, unit => '340705100' || (202 + i % 4)) AS round_id
  FROM generate_series(1, 240) AS i;
CREATE TEMP TABLE person AS
SELECT d.i, d.round_id, n, pg_temp.member(d.round_id, date '1935-03-01' + (d.i * 7919 + n * 6007) % 30000,
           kind => CASE (d.i + n) % 6 WHEN 0 THEN 'mental' WHEN 1 THEN 'limb' END, level => CASE WHEN (d.i + n) % 6 < 2 THEN 1 + (d.i * n) % 4 END,
           health => CASE (d.i * n) % 7 WHEN 0 THEN 'serious_illness' ELSE 'good' END, counted => (d.i + 2 * n) % 19 <> 0) AS member_id
  FROM district AS d CROSS JOIN LATERAL generate_series(1, 1 + d.i % 6) AS n;
SELECT count(pg_temp.item('income', round_id, member_id, (ARRAY['wage', 'pension', 'business', 'gift', 'scholarship', 'basic_pension'])[1 + (i + n) % 6],
           ((i * 104729 + n * 7919) % 90000) / 100.0, CASE (i + n) % 2 WHEN 0 THEN 'month' ELSE 'year' END,
           CASE (i * n) % 3 WHEN 0 THEN 'verified' ELSE 'declared' END)),
       count(pg_temp.item('income', round_id, member_id, 'wage', ((i * 31 + n * 17) % 40000) / 100.0)),
       count(pg_temp.item('expense', round_id, member_id, 'medical_self_paid', ((i * 97 + n) % 50000) / 100.0)) FILTER (WHERE i % 4 = 0),
       count(pg_temp.item('property', round_id, member_id, 'deposit', (i * 7919) % 40000)),
       count(pg_temp.obligor(round_id, 1 + i % 4, (i * 7919) % 90000, 1 + n % 3, able => i % 5 <> 0)) FILTER (WHERE n = 1 AND i % 3 = 1)
  FROM person \g /dev/null
SELECT throws_ok('SELECT determine_rounds(''{1}'', NULL)', '22004', 'rounds and date of a determination must be given', 'no date');
SELECT is_empty('SELECT determine_rounds(''{}'', ''2021-04-12'')', 'no rounds, no determinations');
CREATE TEMP TABLE at_once AS SELECT d.* FROM determine_rounds((SELECT array_agg(round_id ORDER BY round_id DESC) FROM district), '2021-04-12') AS d;
SELECT is(count(*), 960::bigint, 'four rows for each of 240 households') FROM at_once;
SELECT ok(count(*) FILTER (WHERE eligible AND programme = 'dibao') BETWEEN 40 AND 200
          AND count(*) FILTER (WHERE eligible AND programme = 'low_income') > 2
          AND count(*) FILTER (WHERE eligible AND programme = 'tekun') > 5, 'of all kinds') FROM at_once;
SELECT is_empty(
    $$ SELECT d.determination_id, d.programme FROM at_once AS d JOIN determination_line AS l USING (determination_id)
        GROUP BY d.determination_id, d.programme, d.annual_income, d.amount
       HAVING coalesce(sum(l.amount) FILTER (WHERE l.basis = 'month'), 0) <> d.amount
           OR d.programme <> 'temp_assistance' AND coalesce(sum(l.amount) FILTER (WHERE l.basis = 'year'), 0) <> d.annual_income
           OR max(l.running_total) FILTER (WHERE l.step = 'result') <> d.amount
           OR count(*) <> max(l.line_no) $$, 'the lines add up to the annual income and to the amount');
SELECT is_empty(
    $$ SELECT * FROM (SELECT l.running_total, sum(l.amount) OVER (PARTITION BY l.determination_id, l.basis ORDER BY l.line_no) AS upto, l.amount
                        FROM at_once AS d JOIN determination_line AS l USING (determination_id)) AS s
        WHERE amount IS NOT NULL AND running_total <> upto $$, 'and so do the running totals');
SELECT is_empty(
    $$ SELECT * FROM at_once WHERE programme = 'dibao' AND eligible
          AND (base_amount <> gap_amount_annual(standard, members, annual_income, rounding) OR annual_income >= 12 * standard * members) $$,
    'the base is the gap, and nobody at the standard is eligible');
SELECT is_empty(
    $$ SELECT a.round_id FROM at_once AS a
        WHERE a.programme = 'dibao' AND a.annual_income <> greatest(0, (
              SELECT coalesce(sum(t.part), 0) FROM (
                SELECT i.amount * CASE i.basis WHEN 'month' THEN 12 ELSE 1 END AS part
                  FROM income_item AS i JOIN case_member AS m USING (member_id)
                 WHERE i.round_id = a.round_id AND m.counted AND i.income_kind NOT IN ('scholarship', 'basic_pension')
                   AND (i.source = 'verified' OR NOT EXISTS (SELECT FROM income_item AS v WHERE v.member_id = i.member_id
                                                               AND v.income_kind = i.income_kind AND v.source = 'verified'))
                UNION ALL
                SELECT - e.amount FROM expense_item AS e JOIN case_member AS m USING (member_id) WHERE e.round_id = a.round_id AND m.counted
                UNION ALL
                SELECT - least(a.standard * 3.6, sum(i.amount * CASE i.basis WHEN 'month' THEN 12 ELSE 1 END))
                  FROM income_item AS i JOIN case_member AS m USING (member_id)
                 WHERE i.round_id = a.round_id AND m.counted AND i.income_kind = 'wage'
                   AND (i.source = 'verified' OR NOT EXISTS (SELECT FROM income_item AS v WHERE v.member_id = i.member_id
                                                               AND v.income_kind = i.income_kind AND v.source = 'verified'))
                 GROUP BY m.member_id
                UNION ALL
                SELECT round(greatest(o.annual_income / o.household_size - 12 * a.standard, 0) * 0.5 / o.persons_supported, 2)
                  FROM obligor AS o WHERE o.round_id = a.round_id AND o.able) AS t)) $$,
    'annual incomes as by a query of its own');
CREATE TEMP TABLE one_by_one AS
SELECT r.* FROM district AS d CROSS JOIN LATERAL determine(d.round_id) AS r;
SELECT set_eq('SELECT round_id, programme, eligible, members, annual_income::text, standard::text, base_amount, addon_amount, reasons, low_income_class, illustrative FROM one_by_one',
              'SELECT round_id, programme, eligible, members, annual_income::text, standard::text, base_amount, addon_amount, reasons, low_income_class, illustrative FROM at_once',
              'one at a time gives the same as all at once');
SELECT is_empty(
    $$ (SELECT d.round_id, d.programme, l.line_no, l.step, l.member_id, l.rule, l.article, l.document_id, l.input::text, l.bound::text, l.amount::text, l.running_total::text
          FROM at_once AS d JOIN determination_line AS l USING (determination_id))
       EXCEPT
       (SELECT d.round_id, d.programme, l.line_no, l.step, l.member_id, l.rule, l.article, l.document_id, l.input::text, l.bound::text, l.amount::text, l.running_total::text
          FROM one_by_one AS d JOIN determination_line AS l USING (determination_id)) $$, 'line by line, digit by digit');
SELECT is_empty(
    $$ SELECT unnest(reasons) FROM determination EXCEPT SELECT refusal_reason FROM refusal_reason $$, 'every reason is in the list of reasons');
SELECT is_empty(
    $$ SELECT round_id FROM at_once WHERE programme <> 'temp_assistance' GROUP BY round_id
       HAVING count(DISTINCT low_income_class) > 1 OR bool_or(eligible) <> bool_or(low_income_class IS NOT NULL) $$, 'one class a household');

SELECT * FROM finish();
ROLLBACK;
