-- means_test.sql: the means test of a whole register.
--
-- ROWS households, 2.6 times as many members, 6 times as many items of income,
-- expense and property, accepted on 40 days in four villages.  Measured:
--   plain SQL      exact numeric SUM … GROUP BY over the same tables: income by
--                  rule, deductions, work cost, property, the gap of dibao
--   assess         all five programmes of every household, dibao's rows returned
--   assess, 2 workers   the same in four parts under a parallel append
--   one statement, means_test()   only the sums of income, by the aggregate
--   PL/pgSQL       a function per household that runs the queries of plain SQL
--                  for it; for 1 household in 50, its time x 50
-- and one household on demand.  Amounts must be identical to the fen.
-- Medians of interleaved rounds.
--
-- AIDCASE_BENCH_ROWS (1000000), AIDCASE_BENCH_ROUNDS (5)
\set rows `echo ${AIDCASE_BENCH_ROWS:-1000000}`
\set rounds `echo ${AIDCASE_BENCH_ROUNDS:-5}`
SET client_min_messages = warning;
SET work_mem = '256MB';
SET jit = off;
-- the planner knows neither how many rounds there are nor what they cost
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;

-- the register, put there as a replica would get it
BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL search_path = aidcase;
INSERT INTO staff (staff_id, entry_no, staff_no, name, employed) OVERRIDING SYSTEM VALUE VALUES (-1, -1, 'bench', '测算', '[2015-01-01,)');
INSERT INTO aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, entry_no)
SELECT 1000000 + i, 'B' || i, t.unit_id, v.unit_id, CASE i % 3 WHEN 0 THEN 'rural' ELSE 'urban' END, '2021-04-01', -1
  FROM generate_series(1, :rows) AS i
  JOIN unit AS v ON v.unit_code = (ARRAY['340705100201', '340705100202', '340705005002', '340705006001'])[1 + i % 4]
  JOIN unit AS t ON t.unit_code = left(v.unit_code, 9)
 ORDER BY i;
INSERT INTO case_round (round_id, case_id, unit_id, round_kind, round_no, workflow_id, state, channel, first_contact_at,
                        handler_id, occurred_at, accepted_on, entry_no)
SELECT c.case_id, c.case_id, c.unit_id, 'application', 1, w.workflow_id, 'accepted', 'on_site', '2021-04-01', -1, '2021-04-01',
       date '2021-04-06' + (c.case_id % 40)::integer, -1
  FROM aid_case AS c CROSS JOIN (SELECT min(workflow_id) AS workflow_id FROM workflow WHERE subject = 'case_round') AS w
 WHERE c.case_id > 1000000 ORDER BY c.case_id;
-- 1 to 5 members, 2.6 on average
INSERT INTO case_member (member_id, case_id, round_id, person_id, name, birth_date, sex, relation, counted, work_ability,
                         health, disability_kind, disability_level, entry_no)
SELECT r.round_id * 10 + m, r.case_id, r.round_id, r.round_id * 10 + m, '某',
       date '1935-01-01' + ((r.round_id * 7919 + m * 3571) % 30000)::integer, 'male', 'other', true, 'able',
       CASE WHEN (r.round_id + m) % 9 = 0 THEN 'serious_illness' ELSE 'good' END,
       CASE WHEN (r.round_id + m) % 11 = 0 THEN 'limb' END, CASE WHEN (r.round_id + m) % 11 = 0 THEN 1 + r.round_id % 4 END, -1
  FROM case_round AS r CROSS JOIN LATERAL generate_series(1, (ARRAY[1, 2, 2, 3, 5])[1 + r.round_id % 5]) AS m
 WHERE r.round_id > 1000000 ORDER BY r.round_id, m;
INSERT INTO income_item (income_id, case_id, round_id, member_id, income_kind, amount, basis, source, entry_no)
SELECT r.round_id * 10 + n, r.case_id, r.round_id, r.round_id * 10 + 1 + n % (ARRAY[1, 2, 2, 3, 5])[1 + r.round_id % 5],
       (ARRAY['wage', 'farming', 'pension', 'land_transfer', 'scholarship', 'interest', 'gift'])[1 + (r.round_id + n) % 7],
       ((r.round_id * 104729 + n * 7919) % 40000) / 100.0, CASE n % 2 WHEN 0 THEN 'month' ELSE 'year' END, 'verified', -1
  FROM case_round AS r CROSS JOIN LATERAL generate_series(1, (4 + r.round_id % 2)::integer) AS n
 WHERE r.round_id > 1000000 ORDER BY r.round_id, n;
INSERT INTO expense_item (expense_id, case_id, round_id, member_id, expense_kind, amount, basis, source, entry_no)
SELECT r.round_id * 10, r.case_id, r.round_id, r.round_id * 10 + 1, (ARRAY['medical_self_paid', 'education'])[1 + r.round_id % 2],
       (r.round_id * 31 % 90000) / 100.0, 'year', 'verified', -1
  FROM case_round AS r WHERE r.round_id > 1000000 AND r.round_id % 4 <> 0 ORDER BY r.round_id;
INSERT INTO property_item (property_id, case_id, round_id, member_id, property_kind, value, quantity, source, entry_no)
SELECT r.round_id * 10, r.case_id, r.round_id, r.round_id * 10 + 1, (ARRAY['deposit', 'home', 'deposit'])[1 + r.round_id % 3],
       (r.round_id * 131 % 3000000) / 100.0, 1, 'verified', -1
  FROM case_round AS r WHERE r.round_id > 1000000 AND r.round_id % 4 <> 1 ORDER BY r.round_id;
COMMIT;
VACUUM ANALYZE aidcase.aid_case, aidcase.case_round, aidcase.case_member, aidcase.income_item, aidcase.expense_item, aidcase.property_item;
SELECT pg_size_pretty(sum(pg_total_relation_size('aidcase.' || t))) AS "tables and indexes", :rows AS households,
       (SELECT count(*) FROM aidcase.case_member WHERE entry_no = -1) AS members,
       (SELECT count(*) FROM aidcase.income_item WHERE entry_no = -1) + (SELECT count(*) FROM aidcase.expense_item WHERE entry_no = -1)
       + (SELECT count(*) FROM aidcase.property_item WHERE entry_no = -1) AS items
  FROM unnest('{aid_case,case_round,case_member,income_item,expense_item,property_item}'::text[]) AS t;

-- the keys in four parts, for the workers
CREATE TABLE part AS
SELECT g AS part, array_agg(round_id ORDER BY round_id) AS rounds
  FROM (SELECT r.round_id, ntile(4) OVER (ORDER BY r.round_id) AS g FROM aidcase.case_round AS r WHERE r.entry_no = -1) AS s
 GROUP BY g;
ANALYZE part;

-- Exact numeric SQL for a set of rounds; the values of the rules are written
-- into it, as nobody would look them up per row.
CREATE TEMP TABLE query_text AS SELECT $q$
WITH std AS (
    SELECT r.round_id, CASE c.residence WHEN 'urban' THEN 656::numeric ELSE 638 END AS standard
      FROM aidcase.case_round AS r JOIN aidcase.aid_case AS c USING (case_id) WHERE %1$s
), member AS (
    SELECT r.round_id, count(*)::numeric AS n FROM aidcase.case_member AS r WHERE r.counted AND NOT r.void AND %1$s GROUP BY r.round_id
), income AS (
    SELECT s.round_id, sum(s.income - CASE WHEN s.wage > 0 THEN least(s.wage, 12 * d.standard * 0.3) ELSE 0 END) AS income
      FROM (SELECT r.round_id, r.member_id,
                   sum(greatest(r.amount, 0) * CASE r.basis WHEN 'month' THEN 12 ELSE 1 END * q.counted_share) AS income,
                   coalesce(sum(greatest(r.amount, 0) * CASE r.basis WHEN 'month' THEN 12 ELSE 1 END * q.counted_share)
                            FILTER (WHERE k.category = 'wage' AND k.income_kind <> 'imputed_work'), 0) AS wage
              FROM aidcase.income_item AS r
              JOIN aidcase.income_kind AS k USING (income_kind)
              JOIN aidcase.income_rule AS q ON q.income_kind = r.income_kind AND q.valid @> date '2021-04-20' AND q.area_code = '340705'
             WHERE NOT r.void AND %1$s
             GROUP BY r.round_id, r.member_id) AS s
      JOIN std AS d USING (round_id)
     GROUP BY s.round_id
), expense AS (
    SELECT r.round_id, sum(r.amount * CASE r.basis WHEN 'month' THEN 12 ELSE 1 END) AS expense
      FROM aidcase.expense_item AS r
      JOIN aidcase.expense_rule AS q ON q.expense_kind = r.expense_kind AND q.use = 'deduct' AND q.valid @> date '2021-04-20'
     WHERE NOT r.void AND %1$s GROUP BY r.round_id
), property AS (
    SELECT r.round_id, coalesce(sum(r.value) FILTER (WHERE k.financial), 0) AS financial,
           coalesce(sum(r.quantity) FILTER (WHERE r.property_kind = 'home'), 0) AS homes
      FROM aidcase.property_item AS r JOIN aidcase.property_kind AS k USING (property_kind)
     WHERE NOT r.void AND r.exempt_reason IS NULL AND %1$s GROUP BY r.round_id
)
SELECT t.round_id, t.annual,
       CASE WHEN t.n > 0 AND t.annual < 12 * t.standard * t.n AND t.financial <= 24 * t.standard * t.n AND t.homes <= 1
            THEN ceil((12 * t.standard * t.n - t.annual) / 12) ELSE 0 END AS base
  FROM (SELECT s.round_id, s.standard, coalesce(m.n, 0) AS n,
               greatest(coalesce(i.income, 0) - coalesce(e.expense, 0), 0) AS annual,
               coalesce(p.financial, 0) AS financial, coalesce(p.homes, 0) AS homes
          FROM std AS s
          LEFT JOIN member AS m USING (round_id) LEFT JOIN income AS i USING (round_id)
          LEFT JOIN expense AS e USING (round_id) LEFT JOIN property AS p USING (round_id)) AS t
$q$ AS plain;
SELECT format(plain, 'r.round_id > 1000000') AS plain, format(plain, 'r.round_id = the_round') AS one FROM query_text \gset

SELECT format($f$ CREATE FUNCTION pg_temp.per_household(the_round bigint, OUT annual numeric, OUT base numeric) LANGUAGE plpgsql STABLE AS %L $f$,
              format('BEGIN SELECT x.annual, x.base INTO annual, base FROM (%s) AS x; END', :'one')) \gexec

CREATE TEMP TABLE variant (no integer, name text, base text, factor numeric, workers integer, query text);
INSERT INTO variant VALUES
    (1, 'plain SQL', NULL, 1, 0, format('SELECT count(*) || '' '' || sum(annual) || '' '' || sum(base) FROM (%s) AS x', :'plain')),
    (2, 'assess', 'plain SQL', 1, 0, $$SELECT count(*) || ' ' || sum(annual_income) || ' ' || sum(base_amount) FROM aidcase.assess((SELECT array_agg(round_id ORDER BY round_id) FROM aidcase.case_round WHERE entry_no = -1), '2021-04-20', programmes => '{dibao}')$$),
    (3, 'assess, 2 workers', 'plain SQL', 1, 2, $$SELECT count(*) || ' ' || sum(annual_income) || ' ' || sum(base_amount) FROM (
          SELECT * FROM aidcase.assess((SELECT rounds FROM part WHERE part = 1), '2021-04-20', programmes => '{dibao}') UNION ALL
          SELECT * FROM aidcase.assess((SELECT rounds FROM part WHERE part = 2), '2021-04-20', programmes => '{dibao}') UNION ALL
          SELECT * FROM aidcase.assess((SELECT rounds FROM part WHERE part = 3), '2021-04-20', programmes => '{dibao}') UNION ALL
          SELECT * FROM aidcase.assess((SELECT rounds FROM part WHERE part = 4), '2021-04-20', programmes => '{dibao}')) AS x$$),
    (4, 'means_test() of income', NULL, 1, 0, $$SELECT count(*) || ' ' || sum(t) FROM (SELECT i.round_id, aidcase.means_test(i.amount, i.basis, q.counted_share) AS t
          FROM aidcase.income_item AS i JOIN aidcase.income_rule AS q ON q.income_kind = i.income_kind AND q.valid @> date '2021-04-20' AND q.area_code = '340705'
         WHERE NOT i.void AND i.entry_no = -1 GROUP BY i.round_id) AS s$$),
    (5, 'sum() of income', NULL, 1, 0, $$SELECT count(*) || ' ' || sum(t) FROM (SELECT i.round_id, sum(i.amount * CASE i.basis WHEN 'month' THEN 12 ELSE 1 END * q.counted_share) AS t
          FROM aidcase.income_item AS i JOIN aidcase.income_rule AS q ON q.income_kind = i.income_kind AND q.valid @> date '2021-04-20' AND q.area_code = '340705'
         WHERE NOT i.void AND i.entry_no = -1 GROUP BY i.round_id) AS s$$),
    (6, 'PL/pgSQL', 'plain SQL', 50, 0, $$SELECT count(*) || ' ' || sum(x.base) FROM (SELECT round_id FROM aidcase.case_round WHERE entry_no = -1 AND round_id % 50 = 0) AS r, pg_temp.per_household(r.round_id) AS x$$),
    (7, 'one household, SQL x 1000', NULL, 1, 0, $$SELECT count(*) || ' ' || sum(x.base) FROM (SELECT round_id FROM aidcase.case_round WHERE entry_no = -1 AND round_id <= 1001000) AS r, pg_temp.per_household(r.round_id) AS x$$),
    (8, 'one household, assess x 1000', 'one household, SQL x 1000', 1, 0, $$SELECT count(*) || ' ' || sum(x.base_amount) FROM (SELECT round_id FROM aidcase.case_round WHERE entry_no = -1 AND round_id <= 1001000) AS r, aidcase.assess(ARRAY[r.round_id], '2021-04-20', with_lines => true) AS x$$);

-- workers that are not asked for measure nothing
DO $$
DECLARE
    line text;
    plan text := '';
BEGIN
    SET max_parallel_workers_per_gather = 2;
    FOR line IN EXECUTE 'EXPLAIN ' || (SELECT query FROM variant WHERE workers = 2) LOOP
        plan := plan || line || E'\n';
    END LOOP;
    IF plan !~ 'Workers Planned: 2\n.*Parallel Append' THEN
        RAISE EXCEPTION 'the means test is not divided among two workers' USING DETAIL = plan;
    END IF;
END
$$;

CREATE TEMP TABLE timing (name text, round integer, seconds double precision, answer text);
CREATE PROCEDURE pg_temp.measure(rounds integer) LANGUAGE plpgsql AS $$
DECLARE
    v record;
    started timestamptz;
    answer text;
BEGIN
    FOR i IN 0 .. rounds LOOP           -- round 0 warms up
        FOR v IN SELECT * FROM variant ORDER BY no LOOP
            PERFORM set_config('max_parallel_workers_per_gather', v.workers::text, false);
            started := clock_timestamp();
            EXECUTE v.query INTO answer;
            IF i > 0 THEN
                INSERT INTO timing VALUES (v.name, i, v.factor * extract(epoch FROM clock_timestamp() - started), answer);
            END IF;
        END LOOP;
    END LOOP;
END
$$;
CALL pg_temp.measure(:rounds);

\pset footer off
SELECT v.name, round(m.median::numeric, 3) AS "median s", v.base AS "relative to", round(r.ratio::numeric, 3) AS ratio,
       r.rounds AS "each round", m.answer AS "households, income, base"
  FROM variant AS v
  JOIN (SELECT name, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median, min(answer) AS answer FROM timing GROUP BY name) AS m USING (name)
  LEFT JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t.seconds / b.seconds) AS ratio,
               string_agg(round((t.seconds / b.seconds)::numeric, 3)::text, ' ' ORDER BY t.round) AS rounds
          FROM timing AS t JOIN timing AS b ON b.round = t.round AND b.name = v.base
         WHERE t.name = v.name) AS r ON true
 ORDER BY v.no;
SELECT name, total_bytes / 1024 AS "kB after a whole register"
  FROM pg_backend_memory_contexts WHERE name IN ('aidcase rules', 'aidcase parameters', 'TopMemoryContext') ORDER BY name;
