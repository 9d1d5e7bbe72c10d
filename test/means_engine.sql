-- The means test beyond the gap: care, single-person cases, temporary assistance
-- for high expenses, rigid-expense families, imputed income, caps, bands, floors,
-- stacking; supposed parameters, other months, workers; and properties that hold
-- for any household.  Expected amounts are computed by hand beside each case.
--
-- Facts are written in replica mode, rules as rows of one village.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT no_plan();

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

SET LOCAL aidcase.clock = '2021-07-20 10:00+08';
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


CREATE FUNCTION pg_temp.self_care(round bigint, member bigint, unmet integer, mode text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    INSERT INTO aidcase.self_care_assessment (assessment_id, case_id, round_id, member_id, assessed_on, eating, dressing,
                                              getting_up, toilet, walking, bathing, support_mode, entry_no)
    VALUES (nextval('next_id'), round, round, member, '2021-07-06', unmet < 1, unmet < 2, unmet < 3, unmet < 4, unmet < 5,
            unmet < 6, mode, 0);
    SET LOCAL session_replication_role = origin;
END
$$;
-- What a round gives in a programme, in one line.
CREATE FUNCTION pg_temp.result(round bigint, which text DEFAULT 'dibao', on_date date DEFAULT '2021-07-20',
                               changes jsonb DEFAULT NULL, month date DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', CASE WHEN eligible THEN 'eligible' ELSE reasons::text END, annual_income, base_amount || '+' || addon_amount || '+' || care_amount,
                     minimum_amount || '-' || maximum_amount)
      FROM aidcase.assess(ARRAY[round], on_date, changes, month) WHERE programme = which
$$;
-- Do the lines of every programme of a round add up?
CREATE FUNCTION pg_temp.adds_up(round bigint) RETURNS boolean LANGUAGE sql AS $$
    SELECT coalesce(bool_and(s.month = s.amount AND (s.programme = 'temp_assistance' AND s.year IS NULL OR s.year = s.annual_income)), false)
      FROM (SELECT a.programme, a.amount, a.annual_income, coalesce(sum(l.amount) FILTER (WHERE l.basis = 'month'), 0) AS month,
                   CASE WHEN a.programme = 'temp_assistance' THEN sum(l.amount) FILTER (WHERE l.basis = 'year')
                        ELSE coalesce(sum(l.amount) FILTER (WHERE l.basis = 'year'), 0) END AS year
              FROM aidcase.assess(ARRAY[round], '2021-07-20', with_lines => true) AS a CROSS JOIN LATERAL unnest(a.lines) AS l
             GROUP BY a.programme, a.amount, a.annual_income) AS s
$$;

-- ---------------------------------------------------------------------
-- Care of a tekun person: rules of July 2021, amounts of August.  Basic amount
-- rural 668 x 1.3 = 868.40, up to 869.  The wage at the end of 2020 is 1550:
-- full 50 % = 775, half 30 % = 465, self-care 4 % = 62, at most the nursing
-- subsidy of 60; dispersed 35 % = 542.50 up 543, 20 % = 310, 3 % = 46.50 up 47.

CREATE FUNCTION pg_temp.care(unmet integer, mode text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round  bigint := pg_temp.household('rural', accepted => '2021-07-05');
    member bigint := pg_temp.member(round, '1950-01-01', 'lost');
BEGIN
    PERFORM pg_temp.self_care(round, member, unmet, mode) WHERE unmet IS NOT NULL;
    RETURN (SELECT base_amount || '+' || care_amount || '=' || amount FROM aidcase.determine(round) WHERE programme = 'tekun')
        || CASE WHEN pg_temp.adds_up(round) THEN '' ELSE ' does not add up' END;
END
$$;
SELECT is(pg_temp.care(unmet, mode), expected, format('%s items not met, %s', unmet, mode))
  FROM (VALUES (0, 'centralised', '869.00+60.00=929.00'), (1, 'centralised', '869.00+465.00=1334.00'),
               (3, 'centralised', '869.00+465.00=1334.00'), (4, 'centralised', '869.00+775.00=1644.00'),
               (6, 'centralised', '869.00+775.00=1644.00'), (0, 'dispersed', '869.00+47.00=916.00'),
               (2, 'dispersed', '869.00+310.00=1179.00'), (5, 'dispersed', '869.00+543.00=1412.00'),
               (NULL, 'not assessed', '869.00+0.00=869.00')) AS v (unmet, mode, expected);
SELECT pg_temp.household('rural', accepted => '2021-07-05') AS pair \gset
SELECT pg_temp.self_care(:pair, pg_temp.member(:pair, '1950-01-01', 'lost'), 6, 'centralised'),
       pg_temp.self_care(:pair, pg_temp.member(:pair, '1951-01-01', 'lost'), 2, 'dispersed') \g /dev/null
SELECT is(pg_temp.result(:pair, 'tekun'), 'eligible 0.00 1738.00+0.00+1085.00', 'two persons: 2 x 869, 775 + 310');
SELECT ok(pg_temp.adds_up(:pair), 'and the lines add up');

-- ---------------------------------------------------------------------
-- Single persons of a marginal family, from 2021-07-01: urban 702, x 1.5 = 1053.
-- Disability 65 % = 456.30 up 457, serious illness 100 % = 702.

CREATE FUNCTION pg_temp.alone(person text, annual numeric, others integer DEFAULT 2, accepted date DEFAULT '2021-07-05') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round  bigint := pg_temp.household('urban', accepted => accepted);
    member bigint;
BEGIN
    EXECUTE format('SELECT pg_temp.member(%s, %s)', round, person) INTO member;
    PERFORM pg_temp.item('income', round, member, 'other', annual);
    PERFORM pg_temp.member(round) FROM generate_series(1, others);
    RETURN (SELECT string_agg(programme || ' ' || CASE WHEN eligible THEN 'eligible ' || members || coalesce('/' || cardinality(persons), '') ELSE reasons::text END
                              || ' ' || amount, ', ' ORDER BY programme) || ', ' || coalesce(min(low_income_class), 'none')
              FROM aidcase.assess(ARRAY[round], '2021-07-20') WHERE programme IN ('dibao', 'low_income'))
        || CASE WHEN pg_temp.adds_up(round) THEN '' ELSE ' does not add up' END;
END
$$;
-- 12 x 702 x 3 = 25272 and x 1.5 = 37908
SELECT is(pg_temp.alone('''1980-01-01'', kind => ''limb'', level => 2', 25272), 'dibao eligible 1/1 457.00, low_income eligible 2/2 0.00, marginal', 'limb, level 2: alone; the rest stays marginal');
SELECT is(pg_temp.alone('''1980-01-01'', kind => ''limb'', level => 2', 37907.99), 'dibao eligible 1/1 457.00, low_income eligible 2/2 0.00, marginal', 'one fen below the line of a marginal family');
SELECT is(pg_temp.alone('''1980-01-01'', kind => ''limb'', level => 2', 37908), 'dibao {income_not_below_standard} 0.00, low_income {income_not_below_marginal} 0.00, none', 'at it: nobody');
SELECT is(pg_temp.alone('''1980-01-01'', kind => ''limb'', level => 2', 25271.99), 'dibao eligible 3 211.60, low_income {in_higher_class} 0.00, dibao', 'one fen below the standard: the household, 1 + 210.60');
SELECT is(pg_temp.alone('''1980-01-01'', kind => ''limb'', level => 3', 30000), 'dibao {income_not_below_standard} 0.00, low_income eligible 3 0.00, marginal', 'limb, level 3: not alone');
SELECT is(pg_temp.alone('''1980-01-01'', kind => ''mental'', level => 3', 30000), 'dibao eligible 1/1 457.00, low_income eligible 2/2 0.00, marginal', 'mental, level 3: alone');
SELECT is(pg_temp.alone('''1980-01-01'', kind => ''hearing'', level => 2', 30000), 'dibao eligible 1/1 457.00, low_income eligible 2/2 0.00, marginal', 'any kind at level 2');
SELECT is(pg_temp.alone('''1980-01-01'', health => ''serious_illness'', kind => ''limb'', level => 1', 30000), 'dibao eligible 1/1 702.00, low_income eligible 2/2 0.00, marginal', 'ill and disabled: once, the higher');
SELECT is(pg_temp.alone('''1980-01-01'', health => ''serious_illness''', 9000, 0), 'dibao eligible 1/1 702.00, low_income {in_higher_class} 0.00, dibao', 'a family of one: no rest');
SELECT is(pg_temp.alone('''1980-01-01'', health => ''serious_illness''', 28000, accepted => '2021-06-30'), 'dibao {income_not_below_standard} 0.00, low_income eligible 3 0.00, marginal', 'not by the rules before');
SELECT pg_temp.household(accepted => '2021-07-05') AS single \gset
SELECT pg_temp.item('income', :single, pg_temp.member(:single), 'other', 26000), pg_temp.member(:single, health => 'serious_illness') AS ill,
       pg_temp.member(:single) \gset
SELECT results_eq(format('SELECT eligible, members, amount, persons, low_income_class FROM determine(%s) WHERE programme = ''dibao''', :single),
    format('VALUES (true, 1, 702.00, ARRAY[%s]::bigint[], ''marginal'')', :ill), 'determine() keeps whom it covers');

-- ---------------------------------------------------------------------
-- Rules of one village, 340705100203

INSERT INTO policy_document (doc_no, title, issued_by, in_force) VALUES ('引擎测试', '引擎测试', '测试', '[2020-01-01,)');
SELECT document_id AS doc FROM policy_document WHERE doc_no = '引擎测试' \gset
CREATE FUNCTION pg_temp.set(name text, value numeric, variant text DEFAULT NULL, programme text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    SELECT aidcase.set_parameter(name, '340705100203', '2020-01-01', value, '引擎测试', programme => programme, variant => variant)
$$;
CREATE FUNCTION pg_temp.there(VARIADIC people text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    round bigint := pg_temp.household('urban', accepted => '2021-07-05', unit => '340705100203');
    one   text;
BEGIN
    FOREACH one IN ARRAY people LOOP
        EXECUTE format('SELECT pg_temp.member(%s%s)', round, CASE WHEN one = '' THEN '' ELSE ', ' || one END);
    END LOOP;
    RETURN round;
END
$$;
CREATE FUNCTION pg_temp.first(round bigint) RETURNS bigint LANGUAGE sql AS 'SELECT min(member_id) FROM aidcase.case_member WHERE round_id = round';

-- imputed work income: women 18-45 the whole minimum wage of 1550, 46-55 half
INSERT INTO imputed_rule (sex, age_from, age_below, work_ability, base, variant, area_code, valid, document_id)
VALUES ('male', 18, 51, 'able', 'minimum_wage', 'full', '340705100203', '[2020-01-01,)', :doc),
       ('male', 51, 61, 'able', 'minimum_wage', 'half', '340705100203', '[2020-01-01,)', :doc);
SELECT pg_temp.set('imputed_share', 0.2, 'full', 'dibao'), pg_temp.set('imputed_share', 0.1, 'half', 'dibao') \g /dev/null
SELECT is(pg_temp.result(pg_temp.there('''1980-01-01''')), 'eligible 3720.00 392.00+0.00+0.00', '41: 1550 x 20 % x 12 = 3720; (8424 - 3720) / 12 = 392');
SELECT is(pg_temp.result(pg_temp.there('''1970-07-05''')), 'eligible 1860.00 547.00+0.00+0.00', '51 on the day of acceptance: half');
SELECT is(pg_temp.result(pg_temp.there('''1970-07-06''')), 'eligible 3720.00 392.00+0.00+0.00', '50 for a day more: full');
SELECT is(pg_temp.result(pg_temp.there('''1960-07-05''')), 'eligible 0.00 702.00+70.20+0.00', '61: none');
SELECT is(pg_temp.result(pg_temp.there('''2003-07-06''')), 'eligible 0.00 702.00+0.00+0.00', '17: none (18 in August: no add-on)');
SELECT is(pg_temp.result(pg_temp.there('''1980-01-01'', ''lost''')), 'eligible 0.00 702.00+0.00+0.00', 'not able to work: none');
SELECT pg_temp.there('''1980-01-01''') AS worker \gset
SELECT pg_temp.item('income', :worker, pg_temp.first(:worker), 'casual_work', 3000) \g /dev/null
-- wage 3000, work cost at most 3000 (of 702 x 30 % x 12 = 2527.20), imputed up to 3720: 3000 + 720 - 2527.20
SELECT is(pg_temp.result(:worker), 'eligible 1192.80 603.00+0.00+0.00', 'real work income counts towards it: 720 are added');
SELECT ok(pg_temp.adds_up(:worker), 'and the lines add up');
SELECT pg_temp.item('income', :worker, pg_temp.first(:worker), 'imputed_work', 0) \g /dev/null
SELECT is(pg_temp.result(:worker), 'eligible 472.80 663.00+0.00+0.00', 'a person judged otherwise: 0 imputed');
UPDATE imputed_rule SET valid = '[2020-01-01,2020-01-02)' WHERE area_code = '340705100203';

-- caps: of rent at most 1000 a year and member count; of nursing at most 600 are deducted
INSERT INTO income_rule (income_kind, area_code, valid, counted_share, annual_cap, article, document_id)
VALUES ('rent', '340705100203', '[2020-01-01,)', 0.5, 1000, '一', :doc);
INSERT INTO expense_rule (expense_kind, use, area_code, valid, share, annual_cap, document_id)
VALUES ('nursing_care', 'deduct', '340705100203', '[2020-01-01,)', 0.8, 600, :doc);
SELECT pg_temp.there('', '') AS capped \gset
SELECT pg_temp.item('income', :capped, pg_temp.first(:capped), 'rent', 1500), pg_temp.item('income', :capped, pg_temp.first(:capped), 'rent', 41.67, 'month') \g /dev/null
SELECT is(pg_temp.result(:capped), 'eligible 1000.00 1321.00+0.00+0.00', '(1500 + 500.04) x 50 % = 1000.02, at most 1000; (16848 - 1000) / 12 = 1320.67 up');
SELECT pg_temp.item('income', :capped, pg_temp.first(:capped) + 1, 'rent', 600) \g /dev/null
SELECT is(pg_temp.result(:capped), 'eligible 1300.00 1296.00+0.00+0.00', 'the cap is of each member');
SELECT pg_temp.item('expense', :capped, pg_temp.first(:capped), 'nursing_care', 100, 'month') \g /dev/null
SELECT is(pg_temp.result(:capped), 'eligible 700.00 1346.00+0.00+0.00', '1200 x 80 % = 960, at most 600 deducted');
SELECT ok(pg_temp.adds_up(:capped), 'and the lines add up');

-- income of a programme's own: gifts do not count for tekun
INSERT INTO income_rule (income_kind, area_code, programme, valid, counted_share, article, document_id)
VALUES ('gift', '340705100203', 'tekun', '[2020-01-01,)', 0, '二', :doc);
SELECT pg_temp.there('''1950-01-01''') AS gifted \gset
SELECT pg_temp.item('income', :gifted, pg_temp.first(:gifted), 'gift', 9000) \g /dev/null
SELECT is(pg_temp.result(:gifted), '{income_not_below_standard} 9000.00 0.00+0.00+0.00', 'a gift of 9000 is above 12 x 702 = 8424');
SELECT is(pg_temp.result(:gifted, 'tekun'), 'eligible 0.00 913.00+0.00+0.00', 'but not for tekun: 702 x 1.3 = 912.60 up');
SELECT ok(pg_temp.adds_up(:gifted), 'and the lines add up');

-- floors: 20 % of the standard (140.40), per person or per household
SELECT pg_temp.set('floor_share', 0.2, 'person', 'dibao') \g /dev/null
SELECT pg_temp.there('', '') AS floored \gset
SELECT pg_temp.item('income', :floored, pg_temp.first(:floored), 'other', 16000) \g /dev/null
SELECT is(pg_temp.result(:floored), 'eligible 16000.00 281.00+0.00+0.00', 'gap (16848 - 16000) / 12 = 70.67 up 71; floor 2 x 140.40 = 280.80 up');
SELECT ok(pg_temp.adds_up(:floored), 'and the lines add up');
UPDATE policy_parameter SET variant = 'household' WHERE name = 'floor_share';
SELECT is(pg_temp.result(:floored), 'eligible 16000.00 141.00+0.00+0.00', 'per household: 140.40 up');
UPDATE policy_parameter SET value = 0.1 WHERE name = 'floor_share';
SELECT is(pg_temp.result(:floored), 'eligible 16000.00 71.00+0.00+0.00', 'floor 70.20 up 71: no more than the gap of 71');
UPDATE policy_parameter SET valid = '[2020-01-01,2020-01-02)' WHERE name = 'floor_share';

-- bands: below 300 a month and head 500, from 300 on 40 % of the standard
INSERT INTO band_rule (band_set, amount_from, amount_to, rate, fixed, area_code, valid, document_id)
VALUES ('dibao_amount', 0, 300, 0, 500, '340705100203', '[2020-01-01,)', :doc), ('dibao_amount', 300, NULL, 0.4, 0, '340705100203', '[2020-01-01,)', :doc);
SELECT pg_temp.there('', '') AS banded \gset
SELECT pg_temp.item('income', :banded, pg_temp.first(:banded), 'other', 7199.99) \g /dev/null
SELECT is(pg_temp.result(:banded), 'eligible 7199.99 1000.00+0.00+0.00', 'one fen below 300 a month and head');
SELECT pg_temp.item('income', :banded, pg_temp.first(:banded), 'other', 0.01) \g /dev/null
SELECT is(pg_temp.result(:banded), 'eligible 7200.00 562.00+0.00+0.00', 'at 300: 2 x 702 x 40 % = 561.60 up');
SELECT ok(pg_temp.adds_up(:banded), 'and the lines add up');
UPDATE band_rule SET valid = '[2020-01-01,2020-01-02)' WHERE band_set = 'dibao_amount';

-- add-ons: fixed yuan, stacking
INSERT INTO addon_rule (programme, addon_group, area_code, valid, amount, article, document_id)
VALUES ('dibao', 'aged', '340705100203', '[2020-01-01,)', 100, '三', :doc);
SELECT is(pg_temp.result(pg_temp.there('''1950-01-01'', health => ''serious_illness''')), 'eligible 0.00 702.00+140.40+0.00', 'highest: 100 or 20 % = 140.40');
INSERT INTO addon_stacking (programme, area_code, valid, mode, document_id) VALUES ('dibao', '340705100203', '[2020-01-01,)', 'sum', :doc);
SELECT is(pg_temp.result(pg_temp.there('''1950-01-01'', health => ''serious_illness''')), 'eligible 0.00 702.00+240.40+0.00', 'together: 100 + 140.40');
SELECT is((SELECT potential_addon FROM assess(ARRAY[:gifted], '2021-07-20') WHERE programme = 'dibao'), 100.00, 'what an ineligible household would have');

-- property: a multiple of the disposable income of last year; exemptions
SELECT pg_temp.set('disposable_income', 20000, 'urban'), pg_temp.set('disposable_income', 15000, 'rural') \g /dev/null
UPDATE policy_parameter SET reference = 'previous_year' WHERE name = 'disposable_income';
INSERT INTO property_test (programme, test, area_code, valid, property_kinds, measure, parameter, refusal_reason, sort, document_id)
VALUES ('low_income', 'financial', '340705100203', '[2020-01-01,)', '{cash,deposit}', 'value', 'marginal_multiple', 'financial_assets_over_limit', 1, :doc);
SELECT pg_temp.there('', '') AS owner \gset
SELECT pg_temp.item('property', :owner, pg_temp.first(:owner), 'deposit', 60000), pg_temp.item('income', :owner, pg_temp.first(:owner), 'other', 17000) \g /dev/null
SELECT is(pg_temp.result(:owner, 'low_income'), 'eligible 17000.00 0.00+0.00+0.00', '1.5 x 20000 x 2 = 60000: at the limit');
SELECT pg_temp.item('property', :owner, pg_temp.first(:owner), 'cash', 0.01) \g /dev/null
SELECT is(pg_temp.result(:owner, 'low_income'), '{financial_assets_over_limit} 17000.00 0.00+0.00+0.00', 'one fen above');
INSERT INTO property_exemption (property_kind, area_code, valid, up_to, document_id) VALUES ('cash', '340705100203', '[2020-01-01,)', 0.01, :doc);
SELECT is(pg_temp.result(:owner, 'low_income'), 'eligible 17000.00 0.00+0.00+0.00', 'an item up to the exempt value does not count');

-- ---------------------------------------------------------------------
-- Temporary assistance for high expenses: income below 20000 a head, expense
-- above 3000; to 10000 a half of what exceeds 3000, from there 4000 and 60 % of
-- the whole; at most 9000.

INSERT INTO expense_rule (expense_kind, use, area_code, valid, document_id)
SELECT k, 'temp', '340705100203', '[2020-01-01,)', :doc FROM unnest('{medical_self_paid,education}'::text[]) AS k;
INSERT INTO temp_rule (temp_type, method, variant, band_set, area_code, valid, document_id)
VALUES ('expense', 'bands', 'large', 'temp_expense', '340705100203', '[2020-01-01,)', :doc);
INSERT INTO band_rule (band_set, amount_from, amount_to, rate, excess, fixed, area_code, valid, document_id)
VALUES ('temp_expense', 3000, 10000, 0.5, true, 0, '340705100203', '[2020-01-01,)', :doc), ('temp_expense', 10000, NULL, 0.6, false, 400, '340705100203', '[2020-01-01,)', :doc);
SELECT pg_temp.set('temp_threshold', 3000, 'large', 'temp_assistance'), pg_temp.set('temp_cap', 9000, 'large', 'temp_assistance') \g /dev/null
CREATE FUNCTION pg_temp.spending(medical numeric, annual numeric DEFAULT 19000) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round bigint := pg_temp.there('');
BEGIN
    PERFORM pg_temp.item('income', round, pg_temp.first(round), 'other', annual);
    PERFORM pg_temp.item('expense', round, pg_temp.first(round), 'education', medical);
    RETURN split_part(pg_temp.result(round, 'temp_assistance'), ' ', 1) || coalesce(' ' || nullif(split_part(pg_temp.result(round, 'temp_assistance'), ' ', 4), ''), '');
END
$$;
SELECT is(pg_temp.spending(3000), '{expense_not_above_threshold}', 'at the threshold');
SELECT is(pg_temp.spending(3000.02), 'eligible 0.01-0.01', 'half of two fen above it');
SELECT is(pg_temp.spending(9999.99), 'eligible 3500.00-3500.00', '(9999.99 - 3000) / 2 = 3499.995: half up');
SELECT is(pg_temp.spending(10000), 'eligible 6400.00-6400.00', '400 + 60 % of the whole');
SELECT is(pg_temp.spending(20000), 'eligible 9000.00-9000.00', '12400: at most 9000');
SELECT is(pg_temp.spending(20000, 19999.99), 'eligible 9000.00-9000.00', 'income one fen below the line');
SELECT is(pg_temp.spending(20000, 20000), '{income_not_below_disposable}', 'income at the line');
INSERT INTO temp_rule (temp_type, low_income_class, method, variant, area_code, valid, document_id)
VALUES ('expense', 'dibao', 'months', 'dibao', '340705100203', '[2020-01-01,)', :doc);
SELECT pg_temp.set('temp_months_min', 2, 'dibao', 'temp_assistance'), pg_temp.set('temp_months_max', 5, 'dibao', 'temp_assistance') \g /dev/null
SELECT is(pg_temp.spending(5000, 1000), 'eligible 1404.00-3510.00', 'a dibao household: 702 x 2 to 5 months, at the discretion of the decider');

-- ---------------------------------------------------------------------
-- Rigid-expense family: income below 20000 a head, rigid expense above 60 % of it

INSERT INTO programme_rule (programme, area_code, valid, document_id) VALUES ('rigid_expense', '340705100203', '[2020-01-01,)', :doc);
INSERT INTO expense_rule (expense_kind, use, area_code, valid, document_id) VALUES ('education', 'rigid', '340705100203', '[2020-01-01,)', :doc);
SELECT pg_temp.set('rigid_expense_share', 0.6, programme => 'rigid_expense'), pg_temp.set('benefit_start_months', 1, programme => 'rigid_expense') \g /dev/null
CREATE FUNCTION pg_temp.rigid(spent numeric, annual numeric) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    round bigint := pg_temp.there('', '');
BEGIN
    PERFORM pg_temp.item('income', round, pg_temp.first(round), 'other', annual);
    PERFORM pg_temp.item('expense', round, pg_temp.first(round), 'education', spent);
    RETURN (SELECT CASE WHEN eligible THEN 'eligible ' || coalesce(low_income_class, 'none') ELSE reasons::text END
              FROM aidcase.assess(ARRAY[round], '2021-07-20') WHERE programme = 'rigid_expense')
        || CASE WHEN pg_temp.adds_up(round) THEN '' ELSE ' does not add up' END;
END
$$;
SELECT is(pg_temp.rigid(18000, 30000), '{rigid_expense_not_above}', '60 % of 30000: at the share');
SELECT is(pg_temp.rigid(18000.01, 30000), 'eligible rigid_expense', 'one fen above');
SELECT is(pg_temp.rigid(30000, 39999.99), 'eligible rigid_expense', 'income one fen below 2 x 20000');
SELECT is(pg_temp.rigid(30000, 40000), '{income_not_below_disposable}', 'income at it');
SELECT is(pg_temp.rigid(30000, 25271.99), '{in_higher_class}', 'a marginal family is in a higher class');
SELECT is(pg_temp.rigid(100, 45000), '{income_not_below_disposable,rigid_expense_not_above}', 'all reasons');
SELECT results_eq(format('SELECT programme FROM assess(ARRAY[%s], ''2021-07-20'')', :capped),
    $$ VALUES ('dibao'), ('tekun'), ('temp_assistance'), ('low_income'), ('rigid_expense') $$, 'every programme in force has its row');
SELECT results_eq(format('SELECT programme FROM assess(ARRAY[%s], ''2021-07-20'', programmes => ''{tekun,dibao}'')', :capped),
    $$ VALUES ('dibao'), ('tekun') $$, 'or those asked for');
SELECT is_empty(format('SELECT rule FROM explain(%s) WHERE rule_zh IS NULL OR step_zh IS NULL OR rule_en IS NULL', :single)
    || format(' UNION ALL SELECT l.rule FROM assess(ARRAY[%s,%s,%s,%s], ''2021-07-20'', with_lines => true) AS a, unnest(a.lines) AS l
               WHERE NOT EXISTS (SELECT FROM label WHERE code_set = ''determination_line.rule'' AND code = l.rule)
                 AND NOT EXISTS (SELECT FROM parameter_name WHERE name = l.rule) AND NOT EXISTS (SELECT FROM income_kind WHERE income_kind = l.rule)
                 AND NOT EXISTS (SELECT FROM expense_kind WHERE expense_kind = l.rule) AND NOT EXISTS (SELECT FROM refusal_reason WHERE refusal_reason = l.rule)
                 AND NOT EXISTS (SELECT FROM person_group WHERE person_group = l.rule)', :capped, :worker, :banded, :pair), 'every line has its words');

-- ---------------------------------------------------------------------
-- Supposed parameters, other months

SELECT pg_temp.household(accepted => '2021-07-05') AS plain \gset
SELECT pg_temp.item('income', :plain, pg_temp.member(:plain), 'other', 1200) \g /dev/null
SELECT is(pg_temp.result(:plain), 'eligible 1200.00 602.00+0.00+0.00', '702 - 100');
SELECT is(pg_temp.result(:plain, changes => '[{"name": "dibao_standard", "area": "340705", "variant": "urban", "value": 800}]'),
          'eligible 1200.00 700.00+0.00+0.00', 'under a standard of 800');
SELECT is(pg_temp.result(:plain, changes => '[{"name": "dibao_standard", "area": "340705", "variant": "urban", "value": 100}]'),
          '{income_not_below_standard} 1200.00 0.00+0.00+0.00', 'under one of 100');
SELECT is(pg_temp.result(:plain, changes => '[{"name": "dibao_standard", "area": "340705005", "variant": "urban", "value": 800}]'),
          'eligible 1200.00 602.00+0.00+0.00', 'another town''s is not this one''s');
SELECT is(pg_temp.result(:plain), 'eligible 1200.00 602.00+0.00+0.00', 'and nothing is left of it');
SELECT is(pg_temp.result(:plain, month => '2022-07-01'), 'eligible 1200.00 652.00+0.00+0.00', 'July 2022: 752 - 100');
SELECT is(pg_temp.result(:plain, month => '2022-06-01'), 'eligible 1200.00 602.00+0.00+0.00', 'June 2022: still 702');
SELECT is((SELECT sum(a.amount) FROM generate_series(date '2022-01-01', '2022-12-01', interval '1 month') AS m,
                  assess(ARRAY[:plain], '2021-07-20', month => m::date) AS a WHERE a.programme = 'dibao'),
          6 * 602.00 + 6 * 652.00, 'a year split at a change is the sum of its parts');
SELECT pg_temp.household(accepted => '2021-07-05') AS growing \gset
SELECT pg_temp.member(:growing, '2004-03-02') \g /dev/null
SELECT results_eq(format('SELECT a.addon_amount FROM unnest(''{2022-02-01,2022-03-01,2022-04-01}''::date[]) AS m, assess(ARRAY[%s], ''2021-07-20'', month => m) AS a WHERE a.programme = ''dibao''', :growing),
    $$ VALUES (70.20), (70.20), (0.00) $$, 'who turns 18 on the 2nd of March is a minor in March, not in April');
SELECT is(pg_temp.fault(format('SELECT assess(ARRAY[%s], ''2021-07-20'', ''[{"name": "dibao_standrad", "valu": 1}, 7, {"name": "homes_limit", "area": "12", "value": -1, "divisor": 0}]'')', :plain)),
E'22023 the changes of parameters are not usable
[0].valu: There is no such key.
[0].name: There is no such parameter.
[0].area: It must be given.
[0].value: A number that is not negative is needed.
[1]: It must be an object.
[2].area: It must be 0 for the nation, or a code of 6, 9 or 12 digits.
[2].value: A number that is not negative is needed.
[2].divisor: It must be a positive number.', 'all faults of the changes at once');
SELECT throws_ok(format('SELECT assess(ARRAY[%s], ''2021-07-20'', month => ''2021-08-02'')', :plain), '22023', 'the dates of a determination are not usable', 'a month by its first day');
SELECT throws_ok(format('SELECT assess(ARRAY[%s], ''infinity'')', :plain), '22023', 'the dates of a determination are not usable', 'a day that comes');
SELECT throws_ok('SELECT assess(NULL, ''2021-07-20'')', '22004', NULL, 'no rounds');
SELECT throws_ok(format('SELECT assess(ARRAY[%s], ''2021-07-20'', programmes => ''{dibao,dole}'')', :plain), '22023', NULL, 'another programme');
SELECT is_empty('SELECT * FROM assess(''{1,NULL}'', ''2021-07-20'')', 'a round that is not there gives no row');
SELECT is((SELECT count(*) FROM assess(ARRAY[:plain, :growing, :plain], '2021-07-20')), 8::bigint, 'a round given twice counts once');
SELECT is((SELECT count(*) FROM (SELECT assess(ARRAY[:plain, :growing], '2021-07-20') LIMIT 3) AS s), 3::bigint, 'a query may stop before the end');
SELECT pg_temp.there('') AS absurd \gset
SELECT pg_temp.item('income', :absurd, pg_temp.first(:absurd), 'other', 999999999999.99, 'month') FROM generate_series(1, 3) \g /dev/null
SELECT is(split_part(pg_temp.result(:absurd), ' ', 2), '35999999999999.64', 'the greatest amounts are exact: 3 x 12 x 999999999999.99');

-- ---------------------------------------------------------------------
-- Assessments of self-care that are not complete

SELECT is(pg_temp.fault($$ SELECT record_self_care('{"round_id": 1, "eating": true, "dressing": "yes", "support_mode": "hotel", "assessed_on": "2021-02-30"}') $$),
E'ZA007 the self-care assessment has 9 faults
assessed_on: must be a date such as 2021-04-06
bathing: is missing
dressing: must be true or false
getting_up: is missing
member_id: is missing
round_id: is no round in your units
support_mode: must be one of centralised, dispersed
toilet: is missing
walking: is missing', 'every answer that is missing is named');
SELECT pg_temp.household('rural', accepted => '2021-07-05') AS assessed \gset
SELECT pg_temp.member(:assessed, '1950-01-01', 'lost') AS person \gset
SELECT lives_ok(format($$ SELECT record_self_care('{"round_id": %s, "member_id": %s, "assessed_on": "2021-07-06", "eating": true, "dressing": true, "getting_up": true, "toilet": true, "walking": true, "bathing": %s, "support_mode": "dispersed"}') $$, :assessed, :person, b), 'recorded')
  FROM unnest('{true,false}'::text[]) AS b;
SELECT is(pg_temp.result(:assessed, 'tekun'), 'eligible 0.00 869.00+0.00+310.00', 'the later one counts: one item not met');

-- ---------------------------------------------------------------------
-- Properties of 300 households: rules of the village, many facts

CREATE TEMP TABLE many (n integer, round bigint);
INSERT INTO many SELECT n, pg_temp.household(CASE n % 3 WHEN 0 THEN 'rural' ELSE 'urban' END, accepted => '2021-07-02'::date + n % 12,
                                             unit => CASE n % 4 WHEN 0 THEN '340705100203' ELSE '340705100201' END) FROM generate_series(1, 300) AS n;
SELECT count(*) FROM (
SELECT pg_temp.item('income', m.round, p.id, (ARRAY['wage', 'farming', 'rent', 'gift', 'pension', 'scholarship'])[1 + (n + i) % 6], (n * 7919 + i * 104729) % 900000 / 100.0,
                    CASE WHEN (n + i) % 5 = 0 THEN 'month' ELSE 'year' END, CASE WHEN (n + i) % 3 = 0 THEN 'verified' ELSE 'declared' END),
       CASE WHEN i = 1 AND n % 2 = 0 THEN pg_temp.item('expense', m.round, p.id, (ARRAY['nursing_care', 'education', 'tax'])[1 + n % 3], n * 31 % 20000) END,
       CASE WHEN i = 1 AND n % 3 = 0 THEN pg_temp.item('property', m.round, p.id, (ARRAY['deposit', 'home', 'cash'])[1 + n % 2], n * 977 % 40000) END
  FROM many AS m CROSS JOIN LATERAL (
        SELECT i, pg_temp.member(m.round, date '1935-01-01' + (m.n * 7919 + i * 3571) % 30000, (ARRAY['able', 'partial', 'lost', 'none'])[1 + (m.n + i) % 4],
                                 CASE WHEN (m.n + i) % 7 = 0 THEN 'serious_illness' ELSE 'good' END,
                                 CASE WHEN (m.n + i) % 5 = 0 THEN 'limb' END, CASE WHEN (m.n + i) % 5 = 0 THEN 1 + m.n % 4 END) AS id
          FROM generate_series(1, 1 + m.n % 4) AS i) AS p) AS s \g /dev/null
SELECT count(pg_temp.obligor(round, 1 + n % 4, n * 7919 % 90000, 1 + n % 2)) FROM many WHERE n % 4 = 1 \g /dev/null
CREATE TEMP TABLE base AS SELECT a.* FROM assess((SELECT array_agg(round) FROM many), '2021-07-20', with_lines => true) AS a;
SELECT ok(count(*) FILTER (WHERE programme = 'dibao' AND eligible) BETWEEN 60 AND 280 AND count(*) FILTER (WHERE persons IS NOT NULL) > 5
          AND count(*) FILTER (WHERE programme = 'tekun' AND eligible) > 5 AND count(*) FILTER (WHERE programme = 'rigid_expense') = 75, 'many of all kinds') FROM base;
SELECT is_empty($$ SELECT b.round_id, b.programme FROM base AS b CROSS JOIN LATERAL unnest(b.lines) AS l GROUP BY b.round_id, b.programme, b.amount, b.annual_income
                   HAVING coalesce(sum(l.amount) FILTER (WHERE l.basis = 'month'), 0) <> b.amount
                       OR b.programme <> 'temp_assistance' AND coalesce(sum(l.amount) FILTER (WHERE l.basis = 'year'), 0) <> b.annual_income
                       OR max(l.running_total) FILTER (WHERE l.step = 'result') <> b.amount $$, 'the lines add up');
SELECT is_empty($$ SELECT m.round FROM many AS m CROSS JOIN LATERAL assess(ARRAY[m.round], '2021-07-20', with_lines => true) AS a
                    WHERE NOT EXISTS (SELECT FROM base AS b WHERE b::text = a::text) $$, 'one by one gives what all at once give, to the last line');
-- the annual income by the aggregate, as by the core
SELECT is_empty($$ SELECT b.round_id FROM base AS b WHERE b.programme = 'dibao' AND b.annual_income <> (
                     SELECT means_test(l.amount, 'year', 1) FROM unnest(b.lines) AS l WHERE l.basis = 'year') $$, 'means_test() adds up the same');
-- the order of items: the rows again, with other numbers and in another place
CREATE FUNCTION pg_temp.again(relation text, key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE format('CREATE TEMP TABLE moved AS SELECT * FROM aidcase.%1$I WHERE round_id IN (SELECT round FROM many);
                    UPDATE aidcase.%1$I SET void = true WHERE round_id IN (SELECT round FROM many);
                    UPDATE moved SET %2$I = -%2$I; INSERT INTO aidcase.%1$I SELECT * FROM moved ORDER BY %2$I; DROP TABLE moved', relation, key);
    SET LOCAL session_replication_role = origin;
END
$$;
SELECT pg_temp.again('income_item', 'income_id'), pg_temp.again('expense_item', 'expense_id'), pg_temp.again('property_item', 'property_id'), pg_temp.again('obligor', 'obligor_id') \g /dev/null
CREATE VIEW pg_temp.plain AS SELECT round_id, programme, members, annual_income, eligible, low_income_class, base_amount, addon_amount, care_amount, minimum_amount, maximum_amount, reasons, illustrative, persons FROM base;
SELECT is_empty($$ SELECT round_id, programme, members, annual_income, eligible, low_income_class, base_amount, addon_amount, care_amount, minimum_amount, maximum_amount, reasons, illustrative, persons
                     FROM assess((SELECT array_agg(round ORDER BY n DESC) FROM many), '2021-07-20') EXCEPT SELECT * FROM pg_temp.plain $$, 'the order of items never matters');
SELECT count(pg_temp.item('income', round, pg_temp.first(round), 'courage_award', 5000)) FROM many \g /dev/null
SELECT is_empty($$ SELECT round_id, programme, members, annual_income, eligible, low_income_class, base_amount, addon_amount, care_amount, minimum_amount, maximum_amount, reasons, illustrative, persons
                     FROM assess((SELECT array_agg(round) FROM many), '2021-07-20') EXCEPT SELECT * FROM pg_temp.plain $$, 'an exempt item changes nothing');
SELECT count(pg_temp.item('income', round, pg_temp.first(round), 'other', 1 + n % 900)) FROM many \g /dev/null
SELECT is_empty($$ SELECT a.round_id FROM assess((SELECT array_agg(round) FROM many), '2021-07-20') AS a JOIN base AS b USING (round_id, programme)
                    WHERE programme = 'dibao' AND a.persons IS NULL AND b.persons IS NULL AND a.amount > b.amount $$, 'more income never gives more dibao');

-- workers
CREATE TEMP TABLE alone AS SELECT a.* FROM assess((SELECT array_agg(round) FROM many), '2021-07-20', with_lines => true) AS a;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SELECT array_agg(round) FILTER (WHERE n <= 150) AS half, array_agg(round) FILTER (WHERE n > 150) AS other FROM many \gset
SELECT matches(pg_temp.plan_of(format('SELECT * FROM assess(%L, ''2021-07-20'') UNION ALL SELECT * FROM assess(%L, ''2021-07-20'')', :'half', :'other')),
               'Gather(.|\n)*Parallel Append', 'parts of the rounds go to workers');
SELECT is_empty(format('SELECT (a)::text FROM (SELECT * FROM assess(%L, ''2021-07-20'', with_lines => true) UNION ALL SELECT * FROM assess(%L, ''2021-07-20'', with_lines => true)) AS a EXCEPT SELECT (b)::text FROM alone AS b', :'half', :'other'),
                'which find the same');

SELECT * FROM finish();
ROLLBACK;
