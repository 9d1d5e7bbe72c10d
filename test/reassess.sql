-- Simulation and reassessment: who enters, leaves, gains and loses under
-- other parameters, without a write; new awards after a new standard, once,
-- with what needs a decision left alone and listed.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(47);

CREATE TEMP SEQUENCE next_id START 930000001;
-- A household with a decided round, its determination, and an award that the
-- decision granted.  Facts in replica mode, as decisions would have made them.
CREATE FUNCTION pg_temp.household(key bigint, incomes numeric[], village text DEFAULT '340705100201', award numeric DEFAULT NULL,
                                  months daterange DEFAULT '[2021-01-01,)', determined numeric DEFAULT NULL, residence text DEFAULT 'urban',
                                  births date[] DEFAULT NULL, kind text DEFAULT 'application', programme text DEFAULT 'dibao') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    base numeric := award;
    i integer;
BEGIN
    SET LOCAL session_replication_role = replica;
    INSERT INTO aidcase.aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, entry_no)
    SELECT key, 'R' || key, t.unit_id, v.unit_id, household.residence, '2020-11-01', 0
      FROM aidcase.unit AS t, aidcase.unit AS v WHERE t.unit_code = left(village, 9) AND v.unit_code = village;
    INSERT INTO aidcase.case_round (round_id, case_id, unit_id, round_kind, round_no, workflow_id, state, channel,
                                    first_contact_at, handler_id, occurred_at, accepted_on, decided_on, entry_no)
    SELECT key, key, c.unit_id, kind, 1, 1, 'in_benefit', 'on_site', '2020-11-02', 1, '2020-11-02', '2020-11-02', '2020-12-10', 0
      FROM aidcase.aid_case AS c WHERE c.case_id = key;
    FOR i IN 1 .. cardinality(incomes) LOOP
        INSERT INTO aidcase.case_member (member_id, case_id, round_id, person_id, name, birth_date, sex, relation, work_ability, entry_no)
        VALUES (key * 10 + i, key, key, i, '某', coalesce(births[i], '1980-06-15'), 'male', 'other', 'able', 0);
        INSERT INTO aidcase.income_item (income_id, case_id, round_id, member_id, income_kind, amount, basis, source, entry_no)
        VALUES (key * 10 + i, key, key, key * 10 + i, 'other', incomes[i], 'year', 'declared', 0);
    END LOOP;
    IF award IS NOT NULL THEN
        INSERT INTO aidcase.determination (determination_id, case_id, round_id, programme, on_date, benefit_month, members, annual_income,
                                           monthly_income, eligible, base_amount, amount, reasons, illustrative, determined_at, entry_no)
        VALUES (key, key, key, household.programme, '2020-11-02', '2021-01-01', cardinality(incomes), 0, 0, true,
                coalesce(determined, award), coalesce(determined, award), '{}', true, '2020-11-05', 0);
        INSERT INTO aidcase.award (award_id, case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence, entry_no)
        SELECT 940000000 + key, key, key, key, c.unit_id, household.programme, household.months, award, cardinality(incomes), household.residence, 0
          FROM aidcase.aid_case AS c WHERE c.case_id = key;
        INSERT INTO aidcase.award_component (award_id, case_id, component, amount, entry_no) VALUES (940000000 + key, key, 'base', award, 0);
        INSERT INTO aidcase.award_person (award_id, case_id, member_id, exclusion_group, months, entry_no)
        SELECT 940000000 + key, key, m.member_id, 'living', household.months, 0 FROM aidcase.case_member AS m WHERE m.round_id = key;
    END IF;
    SET LOCAL session_replication_role = origin;
END
$$;
CREATE FUNCTION pg_temp.awards(key bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(CASE WHEN isempty(a.months) THEN 'empty' ELSE a.months::text END || ' ' || a.amount || coalesce(' ' || a.stop_reason, ''), '; ' ORDER BY isempty(a.months) DESC, a.months)
      FROM aidcase.award AS a WHERE a.case_id = key $$;

SET LOCAL aidcase.clock = '2021-07-05 10:00+08';
-- Standard until June 656 (rural 638), from July 702 (668).  Two towns.
SELECT pg_temp.household(1, '{0}', award => 656),                       -- 656 -> 702
       pg_temp.household(2, '{6000,0}', award => 812),                  -- (15744 - 6000) / 12 = 812 -> (16848 - 6000) / 12 = 904
       pg_temp.household(3, '{3600}', '340705100202', 338, residence => 'rural'),     -- 638 - 300 = 338 -> 368
       pg_temp.household(4, '{0}', '340705005002', 656),                -- another town
       pg_temp.household(5, '{7872}'),                                  -- at the former line 7872: marginal; 8424 - 7872 = 552; / 12 = 46
       pg_temp.household(6, '{8424}'),                                  -- at the new line: stays marginal
       pg_temp.household(7, '{0}', award => 702),                       -- has the new amount already
       pg_temp.household(8, '{0}', award => 700, determined => 656),    -- the decider set another amount
       pg_temp.household(9, '{9000}', award => 100),                    -- no longer eligible by its facts
       pg_temp.household(10, '{0}', award => 656, months => '[2021-01-01,2021-07-01)'),   -- ended before July
       pg_temp.household(11, '{0}', award => 656, months => '[2021-01-01,2021-10-01)'),   -- ends with September
       pg_temp.household(12, '{0}', award => 656, months => '[2021-09-01,)'),  -- begins in September with the former amount
       pg_temp.household(13, '{0}', award => 656),                      -- July is paid already
       pg_temp.household(14, '{0}', award => 650, kind => 'takeover'),  -- an amount that was taken over
       pg_temp.household(15, '{0,0}', award => 656)                     -- granted for one person: the facts say two
       \g /dev/null
SET LOCAL session_replication_role = replica;
UPDATE award SET persons = 1 WHERE case_id = 15;
UPDATE award SET determination_id = NULL WHERE case_id = 14;      -- as a take-over leaves it
INSERT INTO payment_roll (roll_id, unit_id, roll_month, workflow_id, state, occurred_at, pay_day, entry_no)
SELECT 930000001, unit_id, '2021-07-01', 3, 'paid', '2021-07-09', '2021-07-09', 0 FROM unit WHERE unit_code = '340705100';
INSERT INTO payee_account (account_id, case_id, kind, holder_name, bank, account_no, valid, entry_no)
VALUES (930000001, 13, 'person', '某', '某行', '6228480000000000', '[2021-01-01,)', 0);
INSERT INTO payment (payment_id, roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons, entry_no)
SELECT 930000001, 930000001, unit_id, 13, 940000013, 930000001, 'dibao', '2021-07-01', 'current', 656, 0, 656, 1, 0 FROM unit WHERE unit_code = '340705100';
SET LOCAL session_replication_role = origin;

-- ---------------------------------------------------------------------
-- Simulation: what if the standard were 750

CREATE FUNCTION pg_temp.weight() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', (SELECT count(*) FROM aidcase.award), (SELECT count(*) FROM aidcase.policy_parameter),
                     (SELECT count(*) FROM aidcase.determination), (SELECT last_value FROM aidcase.entry_number)) $$;
SELECT pg_temp.weight() AS weight \gset
CREATE TEMP TABLE simulated AS
SELECT * FROM simulate('[{"name": "dibao_standard", "variant": "urban", "value": 750}]', '340705', '2021-07-01');
SELECT results_eq('SELECT unit_code, programme, change, households, persons, monthly_before, monthly_after, monthly_difference, yearly_difference, case_ids FROM simulated',
    $$ VALUES ('340705005', 'dibao', 'gains', 1::bigint, 1::bigint, 702::numeric, 750::numeric, 48::numeric, 576::numeric, '{4}'::bigint[]),
              ('340705100', 'dibao', 'enters', 1, 1, 0, 48, 48, 576, '{6}'),
              ('340705100', 'dibao', 'gains', 11, 13, 7970, 8594, 624, 7488, '{1,2,5,7,8,10,11,12,13,14,15}'),
              ('340705100', 'dibao', 'unchanged', 1, 1, 368, 368, 0, 0, '{3}'),
              ('340705100', 'low_income', 'leaves', 1, 1, 0, 0, 0, 0, '{6}'),
              ('340705100', 'low_income', 'unchanged', 1, 1, 0, 0, 0, 0, '{9}') $$,
    'a standard of 750: 702 x 8 + 904 + 46 + 1404 = 7970 becomes 750 x 8 + 1000 + 94 + 1500 = 8594; 8424 comes below 9000, and 9000 does not');
SELECT is(pg_temp.weight(), :'weight', 'nothing is written, not even a number is taken');
SELECT is(parameter('dibao_standard', '340705', '2021-07-01', 'dibao', 'urban'), 702::numeric, 'and nothing stays supposed');
SELECT results_eq($$ SELECT unit_code, change, monthly_difference, case_ids FROM simulate('{"dibao_standard": 660}', '340705005', '2021-07-01') $$,
    $$ VALUES ('340705005', 'loses', -42::numeric, '{4}'::bigint[]) $$, 'a name with a value, in one town: urban and rural alike');
SELECT results_eq($$ SELECT programme, change, case_ids FROM simulate('{"name": "dibao_standard", "variant": "urban", "value": 656}', '340705100', '2021-07-01')
                      WHERE change IN ('leaves', 'enters') ORDER BY 1, 2 $$,
    $$ VALUES ('dibao', 'leaves', '{5}'::bigint[]), ('low_income', 'enters', '{5}') $$, 'the former standard: 7872 is not below 7872');
SELECT results_eq($$ SELECT change, sum(households) FROM simulate('[]', '340705', '2021-07-01') GROUP BY change $$,
    $$ VALUES ('unchanged', 15::numeric) $$, 'without a change nobody moves');
SELECT results_eq($$ SELECT change, amount_before, amount_after FROM simulate_cases('{"dibao_standard": 750.5}', '340705100', '2021-07-01') WHERE case_id = 2 AND programme = 'dibao' $$,
    $$ VALUES ('gains', 904::numeric, 1001::numeric) $$, 'household by household: (12 x 750.50 x 2 - 6000) / 12 = 1001');
SELECT is_empty($$ SELECT * FROM simulate('[]', '340111', '2021-07-01') $$, 'an area without households');
CREATE FUNCTION pg_temp.fault(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''));
END
$$;
SELECT is(pg_temp.fault($$ SELECT * FROM simulate('[{"name": "nothing", "value": -1, "programme": "x", "area": "1", "divisor": 0, "note": 1}, 7, {"name": "support_rate", "value": 3, "divisor": 2}]', '3407', NULL) $$),
E'ZA007 the simulation has 10 faults
area: must be the code of an area
on_date: must be a date
changes[0].area: must be the code of an area
changes[0].divisor: must be a positive number
changes[0].name: is no parameter
changes[0].note: is not a key of a change
changes[0].programme: is no programme
changes[0].value: must be a number from 0 to 1000000000000
changes[1]: must be an object
changes[2].value: is more than 1, but a share', 'all faults at once');
SELECT is(pg_temp.fault($$ SELECT * FROM simulate(NULL, '340705', '2021-07-01') $$), E'ZA007 the simulation has 1 fault\nchanges: must be an array of objects, or one object', 'no changes');

-- rules are supposed too: half of other income counts
SELECT results_eq($$ SELECT case_id, change, amount_before, amount_after
                       FROM simulate_cases('{"rule": "income_rule", "row": {"income_kind": "other", "counted_share": 0.5}}', '340705', '2021-07-01')
                      WHERE programme = 'dibao' AND case_id IN (1, 2, 3, 5, 6, 9) ORDER BY 1 $$,
    $$ VALUES (1::bigint, 'unchanged', 702::numeric, 702::numeric), (2, 'gains', 904, 1154), (3, 'gains', 368, 518), (5, 'gains', 46, 374),
              (6, 'enters', 0, 351), (9, 'enters', 0, 327) $$,
    'by a row of a rule: (16848 - 3000) / 12 = 1154, (8016 - 1800) / 12 = 518, (8424 - 3936) / 12 = 374, (8424 - 4212) / 12 = 351, (8424 - 4500) / 12 = 327');
SELECT results_eq($$ SELECT case_id, change, amount_after
                       FROM simulate_cases('[{"rule": "income_rule", "row": {"income_kind": "other", "counted_share": 0.5}}, {"name": "dibao_standard", "variant": "urban", "value": 750}]', '340705', '2021-07-01')
                      WHERE programme = 'dibao' AND case_id = 2 $$,
    $$ VALUES (2::bigint, 'gains', 1250::numeric) $$, 'together with a parameter: (18000 - 3000) / 12');
SELECT results_eq($$ SELECT DISTINCT change, amount_after / persons FROM simulate_cases('{"rule": "band_rule", "row": {"band_set": "dibao_amount", "amount_from": 0, "fixed": 300}}', '340705100', '2021-07-01')
                      WHERE programme = 'dibao' AND case_id IN (1, 2, 7) $$,
    $$ VALUES ('loses', 300::numeric) $$, 'a band where there was none: 300 a person');
SELECT results_eq(format($$ SELECT programme, change, case_ids FROM simulate('{"rule": "programme_rule", "instead_of": %s}', '340705', '2021-07-01') WHERE change <> 'unchanged' $$,
                         (SELECT programme_rule_id FROM programme_rule WHERE programme = 'low_income')),
    $$ VALUES ('low_income', 'leaves', '{6,9}'::bigint[]) $$, 'a row that is taken away');
SELECT results_eq(format($$ SELECT DISTINCT change FROM simulate('{"rule": "programme_rule", "instead_of": %s, "row": {"in_force": true}}', '340705', '2021-07-01') $$,
                         (SELECT programme_rule_id FROM programme_rule WHERE programme = 'low_income')),
    $$ VALUES ('unchanged') $$, 'a row that says the same');
SELECT is(pg_temp.weight(), :'weight', 'nothing is written');
SELECT results_eq($$ SELECT DISTINCT change FROM simulate('[]', '340705', '2021-07-01') $$, $$ VALUES ('unchanged') $$, 'and nothing stays supposed');
SELECT is(pg_temp.fault($$ SELECT * FROM simulate('[{"rule": "nothing"}, {"rule": "income_rule", "row": {"counted_share": 2, "colour": 1}, "note": 1},
        {"rule": "income_rule", "row": {"income_kind": "x", "counted_share": 2}}, {"rule": "member_rule", "instead_of": 0}, {"rule": "member_rule"},
        {"rule": "band_rule", "row": {"band_set": "t", "amount_from": "much"}}, {"rule": "addon_rule", "row": {"programme": "dibao", "addon_group": "aged", "share": 0.1, "amount": 5}}, {"name": "nothing", "value": 1}]', '340705', '2021-07-01') $$),
E'ZA007 the simulation has 11 faults
changes[0].rule: must be one of addon_rule, addon_stacking, band_rule, care_level_rule, expense_rule, imputed_rule, income_rule, member_rule, obligor_rule, programme_rule, property_exemption, property_test, rounding_rule, single_person_rule, support_rule, temp_rule
changes[1].note: is not a key of a supposed rule
changes[1].row.colour: is not a column of income_rule that can be supposed
changes[1].row.income_kind: is missing
changes[2].row.counted_share: breaks CHECK (((counted_share >= (0)::numeric) AND (counted_share <= (1)::numeric) AND (scale(trim_scale(counted_share)) <= 8)))
changes[2].row.income_kind: is no row of income_kind
changes[3].instead_of: is the key of no row of member_rule
changes[4].row: is missing
changes[5].row: invalid input syntax for type numeric: "much"
changes[6].row: breaks CHECK ((num_nonnulls(share, amount) = 1))
changes[7].name: is no parameter', 'all faults of rules at once');

-- who may ask, and about whom
SET SESSION AUTHORIZATION t_leader;
SELECT is((SELECT string_agg(DISTINCT unit_code, ',') FROM aidcase.simulate('{"dibao_standard": 750}', '340705', '2021-07-01')), '340705100', 'a leader sees the own unit') AS r \gset
RESET SESSION AUTHORIZATION;
SELECT :'r';
SET SESSION AUTHORIZATION t_analyst;
SELECT is((SELECT string_agg(DISTINCT unit_code, ',' ORDER BY unit_code) FROM aidcase.simulate('{"dibao_standard": 750}', '340705', '2021-07-01')), '340705005,340705100', 'an analyst sees all') AS r \gset
RESET SESSION AUTHORIZATION;
SELECT :'r';
SET SESSION AUTHORIZATION t_clerk;
SELECT is(pg_temp.fault($$ SELECT * FROM aidcase.simulate('[]', '340705', '2021-07-01') $$), '42501 permission denied for function simulate', 'a clerk does not simulate') AS r,
       is(pg_temp.fault($$ SELECT * FROM aidcase.reassess('340705', '2021-07-01') $$), '42501 permission denied for function reassess', 'nor reassess') AS s \gset
RESET SESSION AUTHORIZATION;
SELECT :'r';
SELECT :'s';

-- ---------------------------------------------------------------------
-- Reassessment after the standard of 1 July

CREATE TEMP TABLE first AS SELECT * FROM reassess('340705100', '2021-07-01');
SELECT results_eq('SELECT case_id, unit_code, programme, outcome, reason, from_month, amount_before, amount_after, difference, owed FROM first',
    $$ VALUES (1::bigint, '340705100', 'dibao', 'changed', NULL, '2021-07-01'::date, 656::numeric, 702::numeric, 46::numeric, 0::numeric),
              (2, '340705100', 'dibao', 'changed', NULL, '2021-07-01', 812, 904, 92, 0),
              (3, '340705100', 'dibao', 'changed', NULL, '2021-07-01', 338, 368, 30, 0),
              (8, '340705100', 'dibao', 'review', 'manual_decision', '2021-07-01', 700, 702, 2, 0),
              (9, '340705100', 'dibao', 'review', 'no_longer_eligible', '2021-07-01', 100, 0, -100, 0),
              (11, '340705100', 'dibao', 'changed', NULL, '2021-07-01', 656, 702, 46, 0),
              (12, '340705100', 'dibao', 'changed', NULL, '2021-09-01', 656, 702, 46, 0),
              (13, '340705100', 'dibao', 'changed', NULL, '2021-08-01', 656, 702, 46, 46),
              (14, '340705100', 'dibao', 'review', 'manual_decision', '2021-07-01', 650, 702, 52, 0),
              (15, '340705100', 'dibao', 'review', 'members_differ', '2021-07-01', 656, 1404, 748, 0) $$,
    'who changes by how much, and what needs a decision');
SELECT is(pg_temp.awards(1), '[2021-01-01,2021-07-01) 656.00 reassessed; [2021-07-01,) 702.00', 'the award ends with June, a new one goes on');
SELECT is(pg_temp.awards(11), '[2021-01-01,2021-07-01) 656.00 reassessed; [2021-07-01,2021-10-01) 702.00', 'one that was to end still does');
SELECT is(pg_temp.awards(12), 'empty 656.00 reassessed; [2021-09-01,) 702.00', 'one that had not begun is replaced');
SELECT is(pg_temp.awards(13), '[2021-01-01,2021-08-01) 656.00 reassessed; [2021-08-01,) 702.00', 'a month that was paid stays as it was paid');
SELECT is(pg_temp.awards(c), a, format('case %s stays', c))
  FROM (VALUES (4, '[2021-01-01,) 656.00'), (7, '[2021-01-01,) 702.00'), (8, '[2021-01-01,) 700.00'), (9, '[2021-01-01,) 100.00'),
               (10, '[2021-01-01,2021-07-01) 656.00'), (14, '[2021-01-01,) 650.00'), (15, '[2021-01-01,) 656.00')) AS v (c, a);
SELECT results_eq($$ SELECT p.member_id, p.months, a.persons FROM award_person AS p JOIN award AS a USING (award_id) WHERE a.case_id = 2 ORDER BY 1, 2 $$,
    $$ VALUES (21::bigint, '[2021-01-01,2021-07-01)'::daterange, 2), (21, '[2021-07-01,)', 2), (22, '[2021-01-01,2021-07-01)', 2), (22, '[2021-07-01,)', 2) $$,
    'its persons go on with it');
SELECT results_eq($$ SELECT a.case_id, c.component, c.amount FROM award AS a JOIN award_component AS c USING (award_id) WHERE a.reassessment_id IS NOT NULL ORDER BY 1 $$,
    $$ VALUES (1::bigint, 'base', 702.00), (2, 'base', 904.00), (3, 'base', 368.00), (11, 'base', 702.00), (12, 'base', 702.00), (13, 'base', 702.00) $$, 'and its components');
SELECT results_eq('SELECT area_code, on_date, month, awards, changed, to_review FROM reassessment',
    $$ VALUES ('340705100', '2021-07-01'::date, '2021-07-01'::date, 11, 6, 4) $$, 'the reassessment is on record');
SELECT pg_temp.weight() AS weight \gset
SELECT is_empty($$ SELECT * FROM reassess('340705100', '2021-07-01') $$, 'a second call finds nothing');
SELECT is((SELECT count(*) FROM reassessment), 1::bigint, 'and leaves no trace');
SELECT results_eq($$ SELECT case_id, from_month, amount_after FROM reassess('340705', '2021-06-02') $$,
    $$ VALUES (4::bigint, '2021-07-01'::date, 702::numeric) $$, 'the whole district: only what is left; a date within a month means the next one');
SELECT is(pg_temp.awards(4), '[2021-01-01,2021-07-01) 656.00 reassessed; [2021-07-01,) 702.00', 'the other town');

-- a second standard, and a manual amount that a rule lets go along
SELECT set_parameter('dibao_standard', '340705100', '2021-10-01', 710, '示例参数', variant => 'urban', illustrative => true) \g /dev/null
INSERT INTO parameter_name (name, unit_of_measure, label_zh, label_en)
SELECT 'reassess_manual', 'switch', '测试', 'test' WHERE NOT EXISTS (SELECT FROM parameter_name WHERE name = 'reassess_manual');
SELECT set_parameter('reassess_manual', '340705100', '2021-10-01', 1, '示例参数', illustrative => true) \g /dev/null
SELECT results_eq($$ SELECT case_id, outcome, amount_before, amount_after FROM reassess('340705', '2021-10-01') $$,
    $$ VALUES (1::bigint, 'changed', 702::numeric, 710::numeric), (2, 'changed', 904, 920), (7, 'changed', 702, 710), (8, 'changed', 700, 710),
              (12, 'changed', 702, 710), (13, 'changed', 702, 710), (14, 'review', 650, 710), (15, 'review', 656, 1420) $$,
    'October: 11 has ended, 9 was told before, rural 3 stays; amounts by hand follow where a rule says so, one that was taken over does not');
SELECT is(pg_temp.awards(1), '[2021-01-01,2021-07-01) 656.00 reassessed; [2021-07-01,2021-10-01) 702.00 reassessed; [2021-10-01,) 710.00', 'three amounts in a row');

-- nobody writes such awards by hand
SELECT is(pg_temp.fault($$ INSERT INTO award (case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence, reassessment_id, replaces_award_id)
                           SELECT case_id, round_id, determination_id, unit_id, programme, '[2022-01-01,)', 9999, persons, residence, (SELECT max(reassessment_id) FROM reassessment), award_id
                             FROM award WHERE case_id = 10 $$),
E'ZA003 an award needs a reassessment that says the same\nAn award of round 10 is not on the list of its reassessment, or differs from it.', 'an award that no list says');
SELECT is(pg_temp.fault($$ SELECT * FROM reassess(NULL, '2021-07-01') $$), E'22023 area and date of a reassessment must be given\nThe area is the code of a village, a unit or the district, or of an area above it.', 'no area');
SELECT is(pg_temp.fault($$ SELECT * FROM reassess('340705', 'infinity') $$), E'22023 area and date of a reassessment must be given\nThe area is the code of a village, a unit or the district, or of an area above it.', 'no date');
SET SESSION AUTHORIZATION t_bureau;
SELECT is((SELECT count(*) FROM aidcase.reassess('340705', '2021-10-01')), 0::bigint, 'the bureau reassesses') AS r \gset
RESET SESSION AUTHORIZATION;
SELECT :'r';

SELECT * FROM finish();
ROLLBACK;
