-- Tables of rules: no gap and no overlap in time; and what a simulation
-- supposes of their rows.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(15);
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
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname = '~4_no_gap' AND tgdeferrable AND tginitdeferred), 18::bigint, 'every table of rules is watched');

SELECT * FROM finish();
ROLLBACK;
