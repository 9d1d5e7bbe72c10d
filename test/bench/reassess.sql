-- reassess.sql: a new standard for a register of HOUSEHOLDS, against a plain
-- INSERT ... SELECT of the rows that it writes into the same captured tables.
--
-- One or two members and two items of income a household, an award each with
-- its component and persons.  Every round runs both in a transaction that is
-- rolled back: "reassess" as it is; "insert" the list, the awards, components
-- and persons that it made, from a copy without triggers, with the former
-- awards out of the way.  "insert awards" only the awards among these.
--
-- AIDCASE_BENCH_HOUSEHOLDS (200000), AIDCASE_BENCH_ROUNDS (5)
\set households `echo ${AIDCASE_BENCH_HOUSEHOLDS:-200000}`
\set rounds `echo ${AIDCASE_BENCH_ROUNDS:-5}`
SET client_min_messages = warning;
SET work_mem = '256MB';
SET synchronous_commit = off;
SET aidcase.clock = '2021-07-05 10:00+08';

BEGIN;
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE village AS
SELECT v.unit_id AS village_id, t.unit_id, row_number() OVER (ORDER BY v.unit_code) - 1 AS n
  FROM aidcase.unit AS v JOIN aidcase.unit AS t ON t.unit_code = left(v.unit_code, 9) WHERE length(v.unit_code) = 12;
INSERT INTO aidcase.staff (staff_id, staff_no, name, employed, entry_no) OVERRIDING SYSTEM VALUE VALUES (1, 'bench', '某', '[2015-01-01,)', 0);
INSERT INTO aidcase.aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, entry_no)
SELECT i, 'B' || i, v.unit_id, v.village_id, CASE i % 3 WHEN 0 THEN 'rural' ELSE 'urban' END, '2020-11-01', 0
  FROM generate_series(1, :households) AS i JOIN village AS v ON v.n = i % (SELECT count(*) FROM village);
INSERT INTO aidcase.case_round (round_id, case_id, unit_id, round_kind, round_no, workflow_id, state, channel,
                                first_contact_at, handler_id, occurred_at, accepted_on, decided_on, entry_no)
SELECT c.case_id, c.case_id, c.unit_id, 'application', 1, 1, 'in_benefit', 'on_site', '2020-11-02', 1, '2020-11-02',
       '2020-11-02', '2020-12-10', 0 FROM aidcase.aid_case AS c;
INSERT INTO aidcase.case_member (member_id, case_id, round_id, person_id, name, birth_date, sex, relation, work_ability, entry_no)
SELECT c.case_id * 2 + m, c.case_id, c.case_id, c.case_id * 2 + m, '某', date '1950-01-01' + ((c.case_id * 31 + m * 7000) % 20000)::integer,
       'male', 'other', 'able', 0
  FROM aidcase.aid_case AS c, generate_series(0, (c.case_id % 2)::integer) AS m;
INSERT INTO aidcase.income_item (income_id, case_id, round_id, member_id, income_kind, amount, basis, source, entry_no)
SELECT c.case_id * 2 + k, c.case_id, c.case_id, c.case_id * 2, CASE k WHEN 0 THEN 'pension' ELSE 'farming' END,
       (c.case_id * 7919 % 300) + 10.05, CASE k WHEN 0 THEN 'month' ELSE 'year' END, 'verified', 0
  FROM aidcase.aid_case AS c, generate_series(0, 1) AS k;
-- the awards of the time before: the standard until June
INSERT INTO aidcase.determination (determination_id, case_id, round_id, programme, on_date, benefit_month, members, annual_income, monthly_income,
                                   eligible, base_amount, addon_amount, amount, reasons, illustrative, determined_at, entry_no)
SELECT a.round_id, a.case_id, a.round_id, 'dibao', '2020-11-02', '2021-01-01', a.members, a.annual_income, a.annual_income / 12, true,
       a.base_amount, a.addon_amount, a.amount, '{}', true, '2020-11-05', 0
  FROM aidcase.assess(ARRAY(SELECT r.round_id FROM aidcase.case_round AS r ORDER BY 1), '2021-01-01', NULL, '2021-01-01') AS a
 WHERE a.programme = 'dibao' AND a.eligible AND a.amount > 0;
INSERT INTO aidcase.award (award_id, case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence, entry_no)
SELECT d.determination_id, d.case_id, d.round_id, d.determination_id, c.unit_id, 'dibao', '[2021-01-01,)', d.amount, d.members, c.residence, 0
  FROM aidcase.determination AS d JOIN aidcase.aid_case AS c USING (case_id);
INSERT INTO aidcase.award_component (award_id, case_id, component, amount, entry_no)
SELECT d.determination_id, d.case_id, v.component, v.amount, 0
  FROM aidcase.determination AS d
 CROSS JOIN LATERAL (VALUES ('base', d.base_amount), ('addon', d.addon_amount)) AS v (component, amount) WHERE v.amount > 0;
INSERT INTO aidcase.award_person (award_id, case_id, member_id, exclusion_group, months, entry_no)
SELECT a.award_id, a.case_id, m.member_id, 'living', a.months, 0
  FROM aidcase.award AS a JOIN aidcase.case_member AS m USING (round_id);
SELECT setval(pg_get_serial_sequence('aidcase.award', 'award_id'), :households + 1),
       setval(pg_get_serial_sequence('aidcase.award_person', 'award_person_id'), 3 * :households + 1),
       setval(pg_get_serial_sequence('aidcase.award_component', 'component_id'), 3 * :households + 1) \g /dev/null
COMMIT;
VACUUM ANALYZE;
SELECT aidcase.write_award_facts(ARRAY(SELECT a.award_id FROM aidcase.award AS a)) \g /dev/null
VACUUM ANALYZE aidcase.award_fact;

-- what a reassessment writes, without triggers
BEGIN;
CREATE TEMP TABLE told ON COMMIT PRESERVE ROWS AS SELECT * FROM aidcase.reassess('340705', '2021-07-01');
CREATE TEMP TABLE item ON COMMIT PRESERVE ROWS AS SELECT * FROM aidcase.reassessment_item;
CREATE TEMP TABLE head ON COMMIT PRESERVE ROWS AS SELECT * FROM aidcase.reassessment;
CREATE TEMP TABLE made ON COMMIT PRESERVE ROWS AS SELECT * FROM aidcase.award WHERE reassessment_id IS NOT NULL;
CREATE TEMP TABLE part ON COMMIT PRESERVE ROWS AS SELECT p.* FROM aidcase.award_component AS p JOIN made USING (award_id);
CREATE TEMP TABLE person ON COMMIT PRESERVE ROWS AS SELECT p.* FROM aidcase.award_person AS p JOIN made USING (award_id);
SELECT set_config('bench.copied', 'yes', false) \g /dev/null
DO $$ BEGIN
    -- the copies stay when the reassessment goes
    CREATE TABLE public.bench_item AS SELECT * FROM item;      CREATE TABLE public.bench_head AS SELECT * FROM head;
    CREATE TABLE public.bench_made AS SELECT * FROM made;      CREATE TABLE public.bench_part AS SELECT * FROM part;
    CREATE TABLE public.bench_person AS SELECT * FROM person;
END $$;
SET LOCAL session_replication_role = replica;
DELETE FROM aidcase.award_fact AS f USING made WHERE f.award_id = made.award_id;
DELETE FROM aidcase.award_person AS p USING made WHERE p.award_id = made.award_id;
DELETE FROM aidcase.award_component AS p USING made WHERE p.award_id = made.award_id;
DELETE FROM aidcase.award AS a USING made WHERE a.award_id = made.award_id;
UPDATE aidcase.award AS a SET months = '[2021-01-01,)', stop_reason = NULL FROM made WHERE a.award_id = made.replaces_award_id;
UPDATE aidcase.award_person AS a SET months = '[2021-01-01,)' FROM made WHERE a.award_id = made.replaces_award_id;
UPDATE aidcase.award_fact AS f SET until = 'infinity', stop_reason = NULL FROM made WHERE f.award_id = made.replaces_award_id;
DELETE FROM aidcase.reassessment_item;
DELETE FROM aidcase.reassessment;
COMMIT;
VACUUM ANALYZE;

CREATE TEMP TABLE timing (name text, round integer, seconds double precision);
CREATE PROCEDURE pg_temp.measure(rounds integer) LANGUAGE plpgsql AS $$
DECLARE
    name text;
    started timestamptz;
    taken double precision;
BEGIN
    FOR i IN 0 .. rounds LOOP           -- round 0 warms up
        FOREACH name IN ARRAY '{reassess,insert,insert awards,assess}'::text[] LOOP
            BEGIN
                IF name LIKE 'insert%' THEN
                    SET LOCAL session_replication_role = replica;
                    UPDATE aidcase.award AS a SET months = '[2021-01-01,2021-07-01)' FROM public.bench_made AS m WHERE a.award_id = m.replaces_award_id;
                    UPDATE aidcase.award_person AS a SET months = '[2021-01-01,2021-07-01)' FROM public.bench_made AS m WHERE a.award_id = m.replaces_award_id;
                    IF name = 'insert awards' THEN
                        INSERT INTO aidcase.reassessment_item SELECT * FROM public.bench_item;
                        INSERT INTO aidcase.reassessment SELECT * FROM public.bench_head;
                    END IF;
                    SET LOCAL session_replication_role = origin;
                END IF;
                started := clock_timestamp();
                IF name = 'reassess' THEN
                    PERFORM count(*) FROM aidcase.reassess('340705', '2021-07-01');
                ELSIF name = 'assess' THEN
                    PERFORM count(*) FROM aidcase.assess(ARRAY(SELECT r.round_id FROM aidcase.case_round AS r ORDER BY 1), '2021-07-01', NULL, '2021-07-01');
                ELSIF name = 'insert awards' THEN
                    INSERT INTO aidcase.award SELECT * FROM public.bench_made ORDER BY award_id;
                ELSE
                    INSERT INTO aidcase.reassessment_item SELECT * FROM public.bench_item ORDER BY item_id;
                    INSERT INTO aidcase.reassessment SELECT * FROM public.bench_head;
                    INSERT INTO aidcase.award SELECT * FROM public.bench_made ORDER BY award_id;
                    INSERT INTO aidcase.award_component SELECT * FROM public.bench_part ORDER BY component_id;
                    INSERT INTO aidcase.award_person SELECT * FROM public.bench_person ORDER BY award_person_id;
                END IF;
                taken := extract(epoch FROM clock_timestamp() - started);
                RAISE EXCEPTION 'rolled back' USING ERRCODE = 'P0009';
            EXCEPTION WHEN SQLSTATE 'P0009' THEN
                IF i > 0 THEN
                    INSERT INTO timing VALUES (name, i, taken);
                END IF;
            END;
        END LOOP;
    END LOOP;
END
$$;
CALL pg_temp.measure(:rounds);

\pset footer off
SELECT :households AS households, (SELECT count(*) FROM public.bench_made) AS "new awards", (SELECT count(*) FROM public.bench_part) AS components,
       (SELECT count(*) FROM public.bench_person) AS persons, current_setting('work_mem') AS work_mem;
SELECT t.name, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY t.seconds))::numeric, 2) AS "median s",
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY t.seconds / b.seconds))::numeric, 2) AS "ratio to insert",
       string_agg(round((t.seconds / b.seconds)::numeric, 2)::text, ' ' ORDER BY t.round) AS "each round"
  FROM timing AS t JOIN timing AS b ON b.name = 'insert' AND b.round = t.round
 GROUP BY t.name ORDER BY min(array_position('{insert,insert awards,assess,reassess}'::text[], t.name));
