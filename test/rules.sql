-- Tables of rules: no gap and no overlap in time; and what a simulation
-- supposes of their rows.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(29);
CREATE FUNCTION pg_temp.fault(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail  text;
BEGIN
    EXECUTE command;
    RETURN '(done)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || message || '|' || detail;
END
$$;
CREATE FUNCTION pg_temp.add(rule text, columns text, row_values text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.fault(format('INSERT INTO aidcase.%I (%s, document_id) SELECT %s, document_id FROM aidcase.policy_document WHERE doc_no = ''示例参数''', rule, columns, row_values)) $$;

-- ---------------------------------------------------------------------
-- Gaps and overlaps
SELECT is(pg_temp.add('member_rule', 'situation, counts, area_code, valid', $$'conscript', true, '340705', '[2022-01-01,)'$$),
    '23P01 conflicting key value violates exclusion constraint "member_rule_situation_area_code_valid_excl"|Key (situation, area_code, valid)=(conscript, 340705, [2022-01-01,)) conflicts with existing key (situation, area_code, valid)=(conscript, 340705, [2019-07-01,)).',
    'an overlap is refused');
UPDATE member_rule SET valid = '[2019-07-01,2022-01-01)' WHERE situation = 'conscript';
SELECT is(pg_temp.add('member_rule', 'situation, counts, area_code, valid', $$'conscript', true, '340705', '[2022-01-02,)'$$), '(done)', 'a gap may be open within a transaction');
SELECT is(pg_temp.fault('SET CONSTRAINTS ALL IMMEDIATE'),
    'ZA007 a rule of "member_rule" would not be in force for some time|The rows for conscript of area 340705 leave a gap from 2022-01-01 until before 2022-01-02.', 'not at its end: a gap of one day is refused');
UPDATE member_rule SET valid = '[2022-01-01,)' WHERE situation = 'conscript' AND counts;
SELECT is(pg_temp.fault('SET CONSTRAINTS ALL IMMEDIATE'), '(done)', 'rows that follow each other are accepted');
SELECT is(pg_temp.fault($$ UPDATE aidcase.member_rule SET valid = '[2022-01-01,2023-01-01)' WHERE situation = 'conscript' AND counts $$), '(done)', 'a rule may end');
SELECT alike(pg_temp.fault($$ UPDATE aidcase.member_rule SET valid = '[2019-07-01,2021-12-31)' WHERE situation = 'conscript' AND NOT counts $$), 'ZA007 %', 'nor can one be cut short');
SELECT is(pg_temp.add('member_rule', 'situation, counts, area_code, valid', $$'prison', false, '340705', '[2021-08-01,)'$$), '(done)', 'where the nation has a rule there is no gap');
SELECT is(pg_temp.add('income_rule', 'income_kind, programme, counted_share, article, area_code, valid', $$'wage', 'dibao', 1, '试', '340705', '[2022-01-01,2022-02-01)'$$), '(done)', 'a rule for one programme');
SELECT is(pg_temp.add('income_rule', 'income_kind, programme, counted_share, article, area_code, valid', $$'wage', 'dibao', 1, '试', '340705', '[2022-03-01,)'$$), '(done)', 'none where the rule for every programme serves');
SELECT is(pg_temp.add('band_rule', 'band_set, amount_from, amount_to, area_code, valid', $$'t', 0, 100, '340705', '[2021-01-01,2022-01-01)'$$), '(done)', 'bands');
SELECT is(pg_temp.add('band_rule', 'band_set, amount_from, amount_to, area_code, valid', $$'t', 0, 200, '340705', '[2022-02-01,)'$$), '(done)', 'another band is another thing');
SELECT alike(pg_temp.add('band_rule', 'band_set, amount_from, amount_to, area_code, valid', $$'t', 0, 100, '340706', '[2021-01-01,2022-01-01)'$$), '(done)', 'so is another area');
SELECT alike(pg_temp.add('authority_tier', 'programme, level, bound, measure, per, area_code, valid', $$'dibao', 'unit', 1, 'yuan', 'household', '340706', '[2021-01-01,2022-01-01)'$$), '(done)', 'authority');
SELECT alike(pg_temp.add('authority_tier', 'programme, level, bound, measure, per, area_code, valid', $$'dibao', 'unit', 2, 'yuan', 'household', '340706', '[2022-01-02,)'$$),
    'ZA007 a rule of "authority_tier" would not be in force for some time|The rows for dibao unit of area 340706 leave a gap from 2022-01-01 %', 'authority follows without a gap, too');
-- ---------------------------------------------------------------------
-- Units of measure of the parameters that rules name
SELECT is(pg_temp.add('property_test', 'test, property_kinds, measure, parameter, refusal_reason, sort, area_code, valid', $$'t', '{home}', 'value', 'homes_limit', 'homes_over_limit', 9, '340706', '[2021-01-01,)'$$),
    'ZA007 parameter "homes_limit" has another unit of measure than the rule that names it|Its unit is count; column "parameter" of table "property_test" takes yuan, months, multiple.', 'a value is not held against a number');
SELECT alike(pg_temp.add('property_test', 'test, property_kinds, measure, parameter, refusal_reason, sort, area_code, valid', $$'t', '{home}', 'quantity', 'financial_assets_limit', 'homes_over_limit', 9, '340706', '[2021-01-01,)'$$),
    'ZA007 parameter "financial_assets_limit" %Its unit is months; column "parameter" of table "property_test" takes count.', 'nor a number against months');
SELECT is(pg_temp.add('property_test', 'test, property_kinds, measure, parameter, refusal_reason, sort, area_code, valid', $$'t', '{home}', 'quantity', 'homes_limit', 'homes_over_limit', 9, '340706', '[2021-01-01,)'$$), '(done)', 'a number is');
SELECT alike(pg_temp.add('imputed_rule', 'sex, age_from, work_ability, base, variant, area_code, valid', $$'male', 18, 'able', 'homes_limit', 't', '340706', '[2021-01-01,)'$$),
    'ZA007 parameter "homes_limit" %takes yuan/month.', 'imputed income rests on an amount a month');
SELECT alike(pg_temp.add('obligor_rule', 'obligor_state, able, owes, below, base, area_code, valid', $$'low_income', false, false, 'homes_limit', 'dibao_standard', '340706', '[2021-01-01,)'$$),
    'ZA007 parameter "homes_limit" %takes multiple, share.', 'low income of an obligor on a multiple');

-- ---------------------------------------------------------------------
-- The range of temporary assistance is that of authority: one limit, stated once
\ir parts/worked.sql
CREATE FUNCTION pg_temp.range(household text, on_date date DEFAULT '2021-07-12') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    TRUNCATE worked;
    INSERT INTO worked (kind, household, programme, on_date, expected, sum) VALUES ('emergency', household, 'temp_assistance', range.on_date, '', '');
    PERFORM pg_temp.work_out();
    SELECT w.got INTO answer FROM worked AS w;
    RETURN answer;
EXCEPTION WHEN SQLSTATE 'ZA008' THEN
    GET STACKED DIAGNOSTICS answer = PG_EXCEPTION_DETAIL;
    RETURN answer;
END
$$;
SELECT is(pg_temp.range('1980|1975'), '500 to 3000', 'from the least to what the unit may grant');
SELECT is((SELECT count(*) FROM parameter_name WHERE name IN ('temp_minimum', 'unit_authority_limit')), 0::bigint, 'no parameter says it again');
SET CONSTRAINTS ALL DEFERRED;
UPDATE authority_tier SET valid = '[2019-07-01,2021-06-01)' WHERE programme = 'temp_assistance' AND level IN ('below_minimum', 'unit') AND area_code = '340705';
SELECT is(pg_temp.range('1980'), 'Bound of authority tier "below_minimum" of programme "temp_assistance" is not in force on 2021-07-05 for area 340705100201 or one above it.
Bound of authority tier "unit" of programme "temp_assistance" is not in force on 2021-07-05 for area 340705100201 or one above it.', 'without one the round is refused, and each is named');
SELECT is(pg_temp.add('authority_tier', 'programme, level, bound, measure, per, area_code, valid', $$'temp_assistance', 'below_minimum', 800, 'yuan', 'household', '340705', '[2021-06-01,)'$$), '(done)', 'at least 800');
SELECT is(pg_temp.add('authority_tier', 'programme, level, bound, measure, per, area_code, valid', $$'temp_assistance', 'unit', 4, 'standard', 'person', '340705', '[2021-06-01,)'$$), '(done)', 'at most four standards a person');
SELECT is(pg_temp.range('1980|1975'), '800 to 5616', '702 x 4 x 2');
SELECT is(pg_temp.range('1980', '2021-06-30'), '800 to 2624', '656 x 4 on the last day of June');
SELECT is(pg_temp.range('1980', '2021-07-01'), '800 to 2808', '702 x 4 on the first of July');
SELECT is(authority_limit('temp_assistance', '340705100', '2021-07-01', 1, 'urban'), 2808.00, 'as the decision is held to');

SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname = '~4_no_gap' AND tgdeferrable AND tginitdeferred), 18::bigint, 'every table of rules is watched');

SELECT * FROM finish();
ROLLBACK;
