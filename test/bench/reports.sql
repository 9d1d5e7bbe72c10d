-- The full set of monthly reports against the sequential scan of the tables
-- that they read, on a register filled by set-based inserts with triggers off
-- (a bench only: nothing of it but the totals of rolls is in the ledger).
--
--   psql -v households=N -v rounds=N
\if :{?households}
\else
\set households `echo ${AIDCASE_BENCH_HOUSEHOLDS:-100000}`
\endif
\if :{?rounds}
\else
\set rounds `echo ${AIDCASE_BENCH_ROUNDS:-5}`
\endif
SET client_min_messages = error;
SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SET random_page_cost = 1.1;     -- as on any solid-state disk
SET aidcase.clock = '2022-01-15 10:00+08';
SET search_path = aidcase, pg_catalog;

CREATE TEMP TABLE place AS
SELECT row_number() OVER (ORDER BY u.unit_code) - 1 AS n, u.unit_id, v.unit_id AS village_id
  FROM unit AS u CROSS JOIN LATERAL (SELECT x.unit_id FROM unit AS x WHERE length(x.unit_code) = 12 ORDER BY x.unit_id LIMIT 1) AS v
 WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone');
SELECT count(*) AS units FROM place \gset

-- without indexes while they are filled
CREATE TEMP TABLE made_later AS
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) AS command,
       format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS undo
  FROM pg_constraint AS c
 WHERE c.contype = 'x' AND c.conrelid IN ('award'::regclass, 'award_person'::regclass)
 UNION ALL
SELECT pg_get_indexdef(i.indexrelid), format('DROP INDEX %s', i.indexrelid::regclass)
  FROM pg_index AS i
 WHERE i.indrelid IN ('payment'::regclass, 'case_member'::regclass, 'deadline'::regclass, 'case_round'::regclass)
   AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid);
SELECT undo FROM made_later \gexec

-- Household h has h % 5 / 2 + 1 … members; a tenth came in the last month, a
-- hundredth left with it, one in 20 is tekun, one in 25 lives in town.
INSERT INTO aid_case (case_id, entry_no, case_no, unit_id, village_id, residence, opened_on)
SELECT h, h, 'B' || h, p.unit_id, p.village_id, CASE WHEN h % 25 = 0 THEN 'urban' ELSE 'rural' END, '2020-12-01'
  FROM generate_series(1, :households) AS h JOIN place AS p ON p.n = h % :units;
INSERT INTO case_round (round_id, entry_no, case_id, unit_id, round_kind, round_no, workflow_id, state, channel, first_contact_at, handler_id,
                        occurred_at, accepted_on, decided_on)
SELECT c.case_id, c.case_id, c.case_id, c.unit_id, 'application', 1, 1, 'in_benefit', 'on_site', '2020-12-01', 1, '2020-12-20', '2020-12-01', '2020-12-20'
  FROM aid_case AS c;
INSERT INTO case_member (member_id, entry_no, case_id, round_id, person_id, name, birth_date, sex, relation, work_ability, disability_kind, disability_level)
SELECT 4 * c.case_id + m, 4 * c.case_id + m, c.case_id, c.case_id, 4 * c.case_id + m, '某', date '1930-01-01' + ((c.case_id * 7919 + m * 12345) % 31000)::integer,
       CASE WHEN (c.case_id + m) % 2 = 0 THEN 'male' ELSE 'female' END, CASE m WHEN 0 THEN 'head' ELSE 'other' END,
       (ARRAY['able', 'partial', 'lost', 'none'])[1 + (c.case_id + m) % 4],
       CASE WHEN (c.case_id + m) % 6 = 0 THEN 'limb' END, CASE WHEN (c.case_id + m) % 6 = 0 THEN 2 END
  FROM aid_case AS c CROSS JOIN LATERAL generate_series(0, CASE c.case_id % 5 WHEN 0 THEN 0 WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 ELSE 2 END) AS m;
INSERT INTO case_cause (cause_id, entry_no, case_id, round_id, cause)
SELECT 2 * c.case_id + k, 0, c.case_id, c.case_id, (ARRAY['illness', 'disability', 'schooling', 'disaster', 'lack_of_labour', 'other'])[1 + (c.case_id + 2 * k) % 6]
  FROM aid_case AS c CROSS JOIN generate_series(0, 1) AS k WHERE k = 0 OR c.case_id % 2 = 0;
INSERT INTO award (award_id, entry_no, case_id, round_id, unit_id, programme, months, amount, persons, residence, stop_reason)
SELECT c.case_id, 0, c.case_id, c.case_id, c.unit_id, CASE WHEN c.case_id % 20 = 0 THEN 'tekun' ELSE 'dibao' END,
       daterange(CASE WHEN c.case_id % 10 = 3 THEN '2021-12-01' ELSE '2021-01-01' END::date, CASE WHEN c.case_id % 100 = 7 THEN date '2021-12-01' END),
       300 + c.case_id % 500, CASE c.case_id % 5 WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 3 WHEN 3 THEN 4 ELSE 3 END, c.residence,
       CASE WHEN c.case_id % 100 = 7 THEN 'income_rose' END
  FROM aid_case AS c;
INSERT INTO award_component (component_id, entry_no, award_id, case_id, component, amount)
SELECT 2 * a.award_id + k, 0, a.award_id, a.case_id, CASE k WHEN 0 THEN 'base' ELSE 'addon' END, CASE k WHEN 0 THEN a.amount - 50 ELSE 50 END
  FROM award AS a CROSS JOIN generate_series(0, 1) AS k;
INSERT INTO award_person (award_person_id, entry_no, award_id, case_id, member_id, exclusion_group, months)
SELECT m.member_id, 0, a.award_id, a.case_id, m.member_id, 'living', a.months FROM award AS a JOIN case_member AS m ON m.round_id = a.round_id;
INSERT INTO payment_roll (roll_id, entry_no, unit_id, roll_month, workflow_id, state, occurred_at, pay_day)
SELECT p.n * 12 + m + 1, 0, p.unit_id, (date '2021-01-01' + make_interval(months => m::integer))::date, 3, 'paid', '2021-01-08', '2021-01-08'
  FROM place AS p CROSS JOIN generate_series(0, 11) AS m;
INSERT INTO payment (payment_id, entry_no, roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind,
                     base_amount, addon_amount, amount, persons)
SELECT a.award_id * 12 + m, 0, p.n * 12 + m + 1, a.unit_id, a.case_id, a.award_id, 1, a.programme,
       (date '2021-01-01' + make_interval(months => m::integer))::date, 'current', a.amount - 50, 50, a.amount, a.persons
  FROM generate_series(0, 11) AS m
  JOIN award AS a ON a.months @> (date '2021-01-01' + make_interval(months => m::integer))::date
  JOIN place AS p ON p.unit_id = a.unit_id;
INSERT INTO deadline (deadline_id, entry_no, subject, subject_id, case_id, unit_id, clock, started_at, length, due_at, met_at, met_entered_at)
SELECT 2 * c.case_id + k, 0, 'case_round', c.case_id, c.case_id, c.unit_id, CASE k WHEN 0 THEN 'decision_20wd' ELSE 'review_yearly' END,
       '2021-11-20', 20, CASE k WHEN 0 THEN timestamptz '2020-12-30' + (c.case_id % 370) * interval '1 day' ELSE '2022-03-01' END,
       CASE k WHEN 0 THEN timestamptz '2020-12-28' + (c.case_id % 370) * interval '1 day' END, CASE k WHEN 0 THEN timestamptz '2020-12-28' + (c.case_id % 370) * interval '1 day' END
  FROM aid_case AS c CROSS JOIN generate_series(0, 1) AS k;
INSERT INTO registry_hit (hit_id, entry_no, check_id, case_id, round_id, registry, description, raised_at, finding, cleared_at, cleared_by)
SELECT c.case_id, 0, 1, c.case_id, c.case_id, (ARRAY['bank', 'vehicle', 'tax'])[1 + c.case_id % 3], 'x', timestamptz '2021-12-05' - (c.case_id % 90) * interval '1 day',
       CASE WHEN c.case_id % 2 = 0 THEN 'not_confirmed' END, CASE WHEN c.case_id % 2 = 0 THEN timestamptz '2021-12-15' END, CASE WHEN c.case_id % 2 = 0 THEN 1 END
  FROM aid_case AS c WHERE c.case_id % 10 = 0;
INSERT INTO aid_handover (handover_id, entry_no, case_id, round_id, handed_at, amount, form, recipient_member_id, receipt_no, handed_by, witness_id, from_reserve)
SELECT c.case_id, 0, c.case_id, c.case_id, timestamptz '2021-12-30 12:00+08' - (c.case_id % 400) * interval '1 day', 500, 'cash', 4 * c.case_id, 'x', 1, 2, false
  FROM aid_case AS c WHERE c.case_id % 50 = 0;
INSERT INTO lead (lead_id, entry_no, unit_id, village_id, source, person_name, situation, found_on, workflow_id, state, occurred_at, opened_by)
SELECT c.case_id, 0, c.unit_id, c.village_id, 'committee', '某', 'x', date '2021-12-20' - (c.case_id % 60)::integer,
       (SELECT w.workflow_id FROM workflow AS w WHERE w.subject = 'lead'),
       (SELECT s.state FROM workflow_state AS s JOIN workflow AS w USING (workflow_id) WHERE w.subject = 'lead' AND s.kind = 'initial'), '2021-12-20', 1
  FROM aid_case AS c WHERE c.case_id % 100 = 0;
SELECT command FROM made_later \gexec
RESET session_replication_role;
-- the facts of an award are written when it is made, what a roll adds up to when
-- it is handed in: here for all at once, through the ledger and the checks that
-- compare them with the persons and the lines
\o /dev/null
ANALYZE case_round, case_member, case_cause, payment, payment_roll, award, award_component, award_person;
\o
SELECT clock_timestamp() AS since \gset
SELECT write_award_facts(ARRAY(SELECT award_id FROM award)) AS facts \gset
SELECT round(1000 * extract(epoch FROM clock_timestamp() - :'since')) AS facts_ms \gset
SELECT clock_timestamp() AS since \gset
SELECT write_roll_totals(ARRAY(SELECT roll_id FROM payment_roll)) AS totals \gset
SELECT round(1000 * extract(epoch FROM clock_timestamp() - :'since')) AS totals_ms \gset
\o /dev/null
VACUUM (ANALYZE);
\o

\if :{?only_fill}
\quit
\endif

CREATE TEMP TABLE measured (workers integer, round integer, what text, ms numeric);
CREATE PROCEDURE pg_temp.measure(workers integer, round integer, what text, command text) LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := clock_timestamp();
BEGIN
    EXECUTE command;
    INSERT INTO measured VALUES (workers, round, what, 1000 * extract(epoch FROM clock_timestamp() - since));
    COMMIT;
END
$$;
CREATE PROCEDURE pg_temp.measure_all(rounds integer) LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    FOR i IN 1 .. rounds LOOP
        FOR w IN 0 .. 2 BY 2 LOOP
            PERFORM set_config('max_parallel_workers_per_gather', w::text, false);
            -- every table that a monthly report reads, once
            FOR t IN SELECT DISTINCT c.relname FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.refobjid AND c.relkind = 'r'
                       JOIN pg_proc AS p ON p.oid = d.objid JOIN aidcase.report AS r ON p.proname = 'report_' || r.name
                      WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND r.name <> 'payment_roll' LOOP
                CALL pg_temp.measure(w, i, 'scan', format('SELECT count(*) FROM aidcase.%I', t.relname));
            END LOOP;
            FOR t IN SELECT r.name FROM aidcase.report AS r WHERE r.period_kind = 'month' AND r.name <> 'payment_roll' LOOP
                CALL pg_temp.measure(w, i, t.name, format('SELECT sum(length(r::text)) FROM aidcase.%I(''2021-12-31'') AS r', 'report_' || t.name));
            END LOOP;
        END LOOP;
    END LOOP;
END
$$;
SET jit = off;
CALL pg_temp.measure_all(:rounds);

\echo
\echo households, payments, settings:
SELECT (SELECT count(*) FROM aid_case) AS households, (SELECT count(*) FROM case_member) AS members, (SELECT count(*) FROM payment) AS payments,
       current_setting('shared_buffers') AS shared_buffers, current_setting('work_mem') AS work_mem;
\echo what the reports read beside what was entered, milliseconds for all: facts, written once when an award is made; totals of the rolls of a year, written once when each is handed in
SELECT 'award_fact' AS "table", :facts AS rows, :facts_ms AS ms UNION ALL SELECT 'payment_total', :totals, :totals_ms;
\echo median milliseconds of each report, and of the scan of all tables, without workers and with two
SELECT what, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE workers = 0)) AS ms,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE workers = 2)) AS ms_workers
  FROM (SELECT workers, what, round, sum(ms)::double precision AS ms FROM measured GROUP BY 1, 2, 3) AS m GROUP BY 1 ORDER BY 2 DESC;
\echo all monthly reports / sequential scan (goal 4.5), rounds beside the median
SELECT workers, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ratio)::numeric, 2) AS ratio, string_agg(round(ratio, 2)::text, ' ' ORDER BY round) AS rounds
  FROM (SELECT workers, round, sum(ms) FILTER (WHERE what <> 'scan') / sum(ms) FILTER (WHERE what = 'scan') AS ratio FROM measured GROUP BY 1, 2) AS x
 GROUP BY 1 ORDER BY 1;
