-- What statistics ask of an award: written with it, cut short with it, never
-- other than the award, its persons and the causes of the household.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(58);
\ir parts/household.sql
CREATE FUNCTION pg_temp.same() RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN count(*) = 0 THEN 'none differs' ELSE string_agg(d.subject_id || ' ' || d.detail::text, '; ') END FROM aidcase.audit_facts_differ AS d $$;
CREATE FUNCTION pg_temp.fact(r bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(concat_ws(' ', programme, from_month, until, stop_reason), '; ' ORDER BY award_id) FROM aidcase.award_fact WHERE round_id = r $$;

-- ---------------------------------------------------------------------
-- Written with the award

SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-30 15:00+08') AS a \gset
SELECT case_id AS case_a, award_id AS award_a, unit_id AS unit FROM award WHERE round_id = :a \gset
SELECT results_eq(format('SELECT case_id, unit_id, from_month, until, persons, taken_over, programme, residence, amount, stop_reason, round_id FROM award_fact WHERE award_id = %s', :award_a),
    format($$VALUES (%s::bigint, %s::bigint, '2021-05-01'::date, 'infinity'::date, 2, false, 'dibao', 'rural', 1167.40::numeric(14,2), NULL::text, %s::bigint)$$, :case_a, :unit, :a),
    'a confirmation writes what its award says');
SELECT results_eq(format('SELECT members, women, disabled, able, partly_able, ability_lost, no_ability, birth_dates FROM award_fact WHERE award_id = %s', :award_a),
    $$VALUES (2, 0, 1, 0, 2, 0, 0, '{1970-01-02,1970-01-03}'::date[])$$, 'and whom it is for');
SELECT results_eq(format('SELECT illness, disability, schooling, disaster, lack_of_labour, other_cause FROM award_fact WHERE award_id = %s', :award_a),
    $$VALUES (true, false, false, false, false, false)$$, 'and why they are in need');
SELECT is((SELECT l.operation || ' ' || l.relation FROM ledger AS l JOIN award_fact AS f USING (entry_no) WHERE f.award_id = :award_a), 'I award_fact', 'through the ledger');
SELECT is(pg_temp.same(), 'none differs', 'it is that of the award');
SELECT is((SELECT count(*) FROM award AS w LEFT JOIN award_fact AS f USING (award_id) WHERE f.award_id IS NULL), 0::bigint, 'no award is without one');

-- each person counts once in each breakdown, in any order of entry
SAVEPOINT made;
SET LOCAL session_replication_role = replica;
INSERT INTO case_member (entry_no, case_id, round_id, person_id, name, birth_date, sex, relation, work_ability, disability_kind, disability_level)
SELECT 0, :case_a, :a, 900000000 + n, '某', b, s, 'other', w, d, l
  FROM (VALUES (1, date '2004-02-29', 'female', 'able', 'limb', 1), (2, '1962-02-28', 'female', 'lost', NULL, NULL), (3, '1940-12-31', 'male', 'none', 'limb', 3)) AS v (n, b, s, w, d, l);
INSERT INTO award_person (entry_no, award_id, case_id, member_id, months)
SELECT 0, :award_a, :case_a, member_id, '[2021-05-01,)' FROM case_member WHERE person_id > 900000000;
SET LOCAL session_replication_role = origin;
SELECT results_eq(format('SELECT persons, members, women, disabled, able, partly_able, ability_lost, no_ability, birth_dates FROM award_facts(''{%s}'')', :award_a),
    $$VALUES (2, 5, 2, 3, 1, 2, 1, 1, '{1940-12-31,1962-02-28,1970-01-02,1970-01-03,2004-02-29}'::date[])$$, 'five persons');
SELECT is((SELECT detail - 'programme' FROM audit('facts_differ')), '{"members": 5, "fact_members": 2, "until": "infinity", "fact_until": "infinity"}', 'who is not counted is found');
SET LOCAL session_replication_role = replica;
DELETE FROM award_fact;
SET LOCAL session_replication_role = origin;
SELECT is((SELECT detail - 'programme' FROM audit('facts_differ')), '{"members": 5, "fact_members": null, "until": "infinity", "fact_until": null}', 'and an award that nothing was written of');
SELECT is(write_award_facts(ARRAY(SELECT award_id FROM award)), 1::bigint, 'written again');
SELECT is(write_award_facts('{}') + write_award_facts(NULL) + write_award_facts('{0}'), 0::bigint, 'nothing is written of nothing');
-- ages by the day of the report: 60 and 18 on the birthday, who was born on 29
-- February on 1 March
SELECT pg_temp.clock('2022-03-02 09:00+08');
SELECT results_eq(format($$SELECT d.day::date, r.persons, r.aged, r.minors FROM (VALUES ('2022-02-27'), ('2022-02-28'), ('2022-03-01')) AS d (day)
      CROSS JOIN LATERAL report_dibao_monthly(d.day::date, '340705100') AS r WHERE r.households > 0 ORDER BY 1$$),
    $$VALUES ('2022-02-27'::date, 5::bigint, 1::bigint, 1::bigint), ('2022-02-28', 5, 2, 1), ('2022-03-01', 5, 2, 0)$$, 'aged and minors, to the day');
SELECT results_eq($$SELECT column_name, value FROM drill_dibao_monthly('2022-02-28', '340705100') WHERE column_name IN ('persons', 'women', 'aged', 'minors', 'disabled', 'able', 'partly_able', 'ability_lost', 'no_ability') ORDER BY 1$$,
    $$VALUES ('able', 1::numeric), ('aged', 2), ('disabled', 3), ('ability_lost', 1), ('minors', 1), ('no_ability', 1), ('partly_able', 2), ('persons', 5), ('women', 2) ORDER BY 1$$, 'its drill says the same');
-- causes
CREATE FUNCTION pg_temp.causes(given text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    DELETE FROM aidcase.case_cause;
    INSERT INTO aidcase.case_cause (entry_no, case_id, round_id, cause, void)
    SELECT 0, a.case_id, a.round_id, rtrim(c, '!'), c LIKE '%!' FROM aidcase.award AS a, unnest(given) AS c;
    SET LOCAL session_replication_role = origin;
    RETURN (SELECT concat_ws(' ', CASE WHEN illness THEN 'illness' END, CASE WHEN disability THEN 'disability' END, CASE WHEN schooling THEN 'schooling' END,
                CASE WHEN disaster THEN 'disaster' END, CASE WHEN lack_of_labour THEN 'labour' END, CASE WHEN other_cause THEN 'other' END)
              FROM aidcase.award_facts(ARRAY(SELECT award_id FROM aidcase.award)));
END
$$;
SELECT is(pg_temp.causes(g), w, 'causes: ' || array_to_string(g, ', ', '-') || ' = ' || w)
  FROM (VALUES ('{}'::text[], 'other'), ('{emergency}', 'other'), ('{other}', 'other'), ('{illness,disaster}', 'illness disaster'),
               ('{schooling,emergency}', 'schooling'), ('{lack_of_labour,other}', 'labour other'), ('{disability,illness!}', 'disability'),
               ('{illness!}', 'other')) AS v (g, w);
ROLLBACK TO made;

-- ---------------------------------------------------------------------
-- Cut short with the award, and never longer

SELECT is(pg_temp.told('postgres', format($$UPDATE aidcase.award SET months = '[2021-05-01,2021-08-01)', stop_reason = 'death' WHERE award_id = %s$$, :award_a)), '(done)', 'an award ends');
SELECT is(pg_temp.fact(:a), 'dibao 2021-05-01 2021-08-01 death', 'and so does what is told of it');
SELECT is((SELECT count(*) FROM history('award_fact', :award_a)), 2::bigint, 'in the history of both');
SELECT is(pg_temp.told('postgres', format($$UPDATE aidcase.award SET months = months WHERE award_id = %s$$, :award_a)), '(done)', 'what does not change');
SELECT is((SELECT count(*) FROM history('award_fact', :award_a)), 2::bigint, 'writes nothing');
SELECT is(pg_temp.told('postgres', format($$UPDATE aidcase.award SET months = 'empty' WHERE award_id = %s$$, :award_a)), '(done)', 'one that is replaced before it began');
SELECT is(pg_temp.fact(:a), 'dibao infinity infinity death', 'is of no month');
SELECT pg_temp.clock('2021-07-31 09:00+08');
SELECT is((SELECT sum(households) FROM report_dibao_monthly('2021-05-31')), 0::numeric, 'and in no report');
SELECT is((SELECT sum(closing) + sum(exits) FROM report_flow_monthly('2021-05-31')), 0::numeric, 'nor in a flow');
SELECT is((SELECT sum(households) FROM report_funding_forecast('2021-05-31')), 0::numeric, 'nor in a forecast');
SELECT is(pg_temp.same(), 'none differs', 'it is that of the award');
ROLLBACK TO made;

-- by its own procedures: an ending, a reassessment
SELECT pg_temp.confirm('b', '340705100', '340705100202', '{3}', 200, '2021-04-30 16:00+08') AS b \gset
SELECT pg_temp.clock('2021-06-05 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT stop_case(%s, ''death'', ''2021-06-01'')', (SELECT case_id FROM case_round WHERE round_id = :b))) AS ended \gset
SELECT pg_temp.by_staff('x-clerk', format('SELECT advance(%s, ''verify'')', :ended)) AS verified \gset
SELECT pg_temp.by_staff('x-leader', format('SELECT advance(%s, ''decide'')', :ended)) AS stopped \gset
SELECT is(pg_temp.fact(:b), 'dibao 2021-05-01 2021-07-01 death', 'a death ends it with the month');
SELECT pg_temp.clock('2021-07-05 09:00+08');
SELECT is((SELECT count(*) FROM reassess('340705', '2021-07-01') WHERE outcome = 'changed'), 1::bigint, 'one award is reassessed');
SELECT is(pg_temp.fact(:a), 'dibao 2021-05-01 2021-07-01 reassessed; dibao 2021-07-01 infinity', 'one ends and the next begins');
SELECT is((SELECT members || ' ' || birth_dates::text FROM award_fact WHERE round_id = :a AND until = 'infinity'), '2 {1970-01-02,1970-01-03}', 'for the same persons');
SELECT results_eq($$SELECT opening, new_households, exits, closing FROM report_flow_monthly('2021-07-31', '340705100') WHERE programme = '最低生活保障'$$,
    $$VALUES (2::bigint, 0::bigint, 1::bigint, 1::bigint)$$, 'the flow sees one household go');
SELECT is(pg_temp.same(), 'none differs', 'each is that of its award');

-- ---------------------------------------------------------------------
-- Nobody writes another

SELECT pg_temp.confirm('c', '340705100', '340705100203', '{5,6}', 100, '2021-07-06 16:00+08') AS c \gset
SELECT award_id AS award_c FROM award WHERE round_id = :c \gset
SELECT alike(pg_temp.told(l, 'UPDATE aidcase.award_fact SET until = ''2021-08-01'''), '42501 %', l || ' writes none')
  FROM unnest('{t_clerk,t_leader,t_bureau,t_payer,t_admin}'::text[]) AS l;
SELECT alike(pg_temp.told('postgres', 'UPDATE aidcase.award_fact SET women = 1'), 'ZA004 a row of table "award_fact" cannot be changed|Columns concerned: "women".|%', 'nor does a superuser');
SELECT is(pg_temp.told('postgres', format($$UPDATE aidcase.award_fact SET until = '2021-12-01' WHERE award_id = %s$$, :award_c)),
    format('ZA003 what statistics count of award %s is not what it says|The fact differs from the award, its persons or the causes of the household.|Facts are written when awards are made and cut short.', :award_c), 'nor an end that the award does not have');
SELECT alike(pg_temp.told('postgres', format($$INSERT INTO aidcase.award_person (award_id, case_id, member_id, citizen_id, exclusion_group, months)
    SELECT p.award_id, p.case_id, p.member_id, p.citizen_id, p.exclusion_group, p.months FROM aidcase.award_person AS p WHERE p.award_id = %s LIMIT 1$$, :award_c)),
    '23505 %', 'no person twice');
SET LOCAL session_replication_role = replica;
DELETE FROM award_person WHERE award_id = :award_c AND member_id = (SELECT max(member_id) FROM award_person WHERE award_id = :award_c);
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.told('postgres', format($$INSERT INTO aidcase.award_person (award_id, case_id, member_id, citizen_id, exclusion_group, months)
    SELECT a.award_id, a.case_id, m.member_id, m.citizen_id, 'living', a.months FROM aidcase.award AS a JOIN aidcase.case_member AS m ON m.round_id = a.round_id
     WHERE a.award_id = %s ORDER BY m.member_id DESC LIMIT 1$$, :award_c)),
    format('ZA004 award %s has its persons already|The persons of an award are written with it, all at once.|A review makes a new award.', :award_c), 'none is added later');
SET LOCAL session_replication_role = replica;
DELETE FROM award_fact WHERE award_id = :award_c;
SET LOCAL session_replication_role = origin;
SELECT alike(pg_temp.told('postgres', format($$INSERT INTO aidcase.award_fact SELECT (f).* FROM (SELECT jsonb_populate_record(NULL::aidcase.award_fact, to_jsonb(s) || '{"women": 1}') AS f FROM aidcase.award_facts('{%s}') AS s) AS x$$, :award_c)),
    'ZA003 what statistics count of award %', 'nor is one forged');
SELECT upgrade_register() AS upgraded \gset
SELECT is((SELECT members FROM award_fact WHERE award_id = :award_c), 1, 'an upgrade writes what was not there');

-- ---------------------------------------------------------------------
-- Who reads it

SELECT is(pg_temp.by_login(l, 'SELECT count(*) FROM aidcase.award_fact'), n, l || ' sees ' || n)
  FROM (VALUES ('t_clerk', '4'), ('t_other', '0'), ('t_bureau', '4'), ('t_inspector', '4'), ('t_analyst', '4')) AS v (l, n);
SELECT is(pg_temp.by_login('t_finance', 'SELECT count(amount) FROM aidcase.award_fact'), '4', 'finance sees the amounts');
SELECT is(pg_temp.by_login('t_finance', $$SELECT closing FROM aidcase.report_flow_monthly('2021-07-31', '340705100') WHERE programme = '最低生活保障'$$), '1', 'and the flow of households');
SELECT alike(pg_temp.told('t_finance', 'SELECT birth_dates FROM aidcase.award_fact'), '42501 %', 'and nobody''s age');
SELECT alike(pg_temp.told('t_payer', 'SELECT FROM aidcase.award_fact'), '42501 %', 'the accounting centre has its lists');
SELECT * FROM finish();
ROLLBACK;
