-- Obligors: who is able to perform, by the state that is stated, by income,
-- or as somebody found; what that means for support and for tekun.  How a
-- household is written is told in parts/worked.sql.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(42);
\ir parts/worked.sql
\ir parts/household.sql

-- ---------------------------------------------------------------------
-- Worked cases.  Standard 702, tekun 702 x 1.3 = 912.60 up to 913.  A child
-- with a household of three and 60000 a year owes (60000 - 12 x 702 x 3 = 34728)
-- / 3 x 50 % = 5788 a year, 482.33 a month.
INSERT INTO worked (household, programme, expected, sum) VALUES
('1950;child:3/60000/1', 'tekun', '{able_obligor_present}', 'nothing is stated'),
('1950;child:3/60000/1x', 'tekun', '913', 'somebody found that he is unable'),
('1950;child:3/60000/1@tekun', 'tekun', '913', 'a tekun person, whatever the property'),
('1950;child:3/60000/1@dibao_aged', 'tekun', '913', 'dibao and 60 or older'),
('1950;child:3/60000/1@minor', 'tekun', '913', 'a minor'),
('1950;child:3/60000/1@prison~', 'tekun', '913', 'in prison, property low'),
('1950;child:3/60000/1@prison', 'tekun', '{able_obligor_present}', 'in prison, property not known'),
('1950;child:3/60000/1@missing~', 'tekun', '913', 'missing, property low'),
('1950;child:3/60000/1@missing', 'tekun', '{able_obligor_present}', 'missing, property not known'),
('1950;child:3/60000/1@no_capacity~', 'tekun', '913', 'no civil capacity, property low'),
('1950;child:3/60000/1@no_capacity', 'tekun', '{able_obligor_present}', 'property not known'),
('1950;child:3/60000/1@prison~ child:3/60000/1', 'tekun', '{able_obligor_present}', 'the other one is able; he alone owes'),
('1950;child:3/60000/1', 'dibao', '220+70.2', '702 - 482.33 = 219.67 up; add-on for the aged'),
('1950;child:3/60000/1@prison~', 'dibao', '702+70.2', 'unable: owes nothing'),
('1950;child:3/60000/1@prison', 'dibao', '220+70.2', 'not shown to be unable: owes'),
('1950;child:3/60000/1/100@prison~', 'dibao', '602+70.2', 'what is really paid counts: 702 - 100'),
('1950;child:3/60000/1/100x', 'dibao', '602+70.2', 'also of who was found unable');
-- Aged 70, or severely disabled: only below last year's disposable income,
-- 45000 a person, strictly.  Standard 752: 12 x 752 x 2 = 18048.
INSERT INTO worked (accepted, on_date, household, programme, expected, sum) VALUES
('2025-08-04', '2025-08-10', '1950;child:2/89999.99/1@aged_70~', 'tekun', '978', 'a fen below 45000 x 2; 752 x 1.3 = 977.60 up'),
('2025-08-04', '2025-08-10', '1950;child:2/90000/1@aged_70~', 'tekun', '{source_of_living_present,able_obligor_present}', 'at it; he owes (90000 - 18048) / 2 x 50 % = 17988, more than 9024'),
('2025-08-04', '2025-08-10', '1950;child:2/89999.99/1@aged_70', 'tekun', '{source_of_living_present,able_obligor_present}', 'property not known'),
('2025-08-04', '2025-08-10', '1950;child:2/89999.99/1@severe_disability~', 'tekun', '978', 'the same for the severely disabled'),
('2025-08-04', '2025-08-10', '1950;child:2/90000/1@severe_disability~', 'tekun', '{source_of_living_present,able_obligor_present}', 'at it'),
('2021-05-06', '2021-05-10', '1950;child:2/15743.99/1@aged_70~', 'tekun', '853', 'before July 2021 the place''s rule: 656 x 12 x 2 = 15744; 656 x 1.3 = 852.80 up'),
('2021-05-06', '2021-05-10', '1950;child:2/15744/1@aged_70~', 'tekun', '{able_obligor_present}', 'at it');
-- Another province: unable by income below 2 x 640 x 12 a person; who is in
-- prison is unable but owes.
SELECT load_pack('elsewhere');
INSERT INTO unit (unit_code, unit_kind) VALUES ('231085', 'district'), ('231085100', 'town'), ('231085100201', 'village_committee');
INSERT INTO worked (area, household, programme, expected, sum) VALUES
('231085100201', '1950;child:3/46079.99/1', 'tekun', '940', 'a fen below 46080: unable by income; 940 is published'),
('231085100201', '1950;child:3/46080/1', 'tekun', '{able_obligor_present}', 'at it: able'),
('231085100201', '1950;child:3/60000/1@prison', 'tekun', '940', 'in prison: unable'),
('231085100201', '1980 lost;child:3/60000/1@prison', 'dibao', '543', 'but he owes: 640 - 97'),
('231085100201', '1980 lost;child:3/60000/1x', 'dibao', '640', 'who was found unable does not');

SELECT pg_temp.work_out();
SELECT is(got, expected, format('%s. %s %s: %s', n, programme, household, sum)) FROM worked ORDER BY n;
SELECT is_empty($$ SELECT w.n FROM worked AS w JOIN determination AS d USING (round_id)
                    CROSS JOIN LATERAL (SELECT coalesce(sum(l.amount) FILTER (WHERE l.basis = 'month'), 0) AS month,
                                               coalesce(sum(l.amount) FILTER (WHERE l.basis = 'year'), 0) AS year
                                          FROM determination_line AS l WHERE l.determination_id = d.determination_id) AS s
                    WHERE d.programme IN ('dibao', 'tekun') AND (s.month <> d.amount OR s.year <> d.annual_income) $$, 'the lines add up');

-- explained
CREATE FUNCTION pg_temp.obligor_words(of text, of_programme text DEFAULT 'tekun', of_area text DEFAULT '340705100201') RETURNS SETOF text LANGUAGE sql AS
$$ SELECT concat_ws(' | ', e.rule_zh, e.rule_en, e.input, e.bound, e.doc_no, e.article) FROM worked AS w CROSS JOIN LATERAL aidcase.explain(w.round_id) AS e
    WHERE w.household = of AND w.programme = of_programme AND w.area = of_area AND e.programme = of_programme AND e.step = 'support' ORDER BY e.line_no $$;
SELECT results_eq($$ SELECT pg_temp.obligor_words('1950;child:3/60000/1@prison~') $$,
    ARRAY['义务人在监狱服刑,无履行义务能力 | the obligor is in prison: unable to perform | 0 | 民发〔2021〕43号 | 第八条',
          '有履行能力的法定义务人 | obligors able to perform | 0 | 0'], 'unable by his state');
SELECT results_eq($$ SELECT pg_temp.obligor_words('1950;child:3/60000/1@prison') $$,
    ARRAY['义务人在监狱服刑,有履行义务能力 | the obligor is in prison: able to perform | 1 | 民发〔2021〕43号 | 第八条',
          '有履行能力的法定义务人 | obligors able to perform | 1 | 0'], 'able, where a condition does not hold');
SELECT results_eq($$ SELECT pg_temp.obligor_words('1950;child:2/90000/1@aged_70~') $$,
    ARRAY['义务人年满70周岁,有履行义务能力 | the obligor is 70 or older: able to perform | 1 | 民发〔2021〕43号 | 第八条',
          '义务人无履行能力的收入倍数 | multiple of the base below which an obligor counts as unable | 90000 | 90000 | 民发〔2021〕43号 | 第八条',
          '有履行能力的法定义务人 | obligors able to perform | 1 | 0'], 'with the income and the limit that it is held against');
SELECT results_eq($$ SELECT pg_temp.obligor_words('1950;child:3/46079.99/1', 'tekun', '231085100201') $$,
    ARRAY['义务人家庭收入低于规定,无履行义务能力 | the income of the obligor''s household is low: unable to perform | 0 | 示例外省',
          '赡养人家庭人均收入起算倍数 | multiple of the standard above which an obligor''s income counts | 46079.99 | 46080 | 示例外省 | 盐亭',
          '有履行能力的法定义务人 | obligors able to perform | 0 | 0'], 'unable by income');
SELECT results_eq($$ SELECT pg_temp.obligor_words('1950;child:3/60000/1x') $$,
    ARRAY['人工认定义务人无履行义务能力 | the obligor is unable, as somebody found | 0', '有履行能力的法定义务人 | obligors able to perform | 0 | 0'], 'unable as somebody found');
SELECT results_eq($$ SELECT pg_temp.obligor_words('1950;child:3/60000/1@prison~', 'dibao') $$,
    ARRAY['义务人在监狱服刑,无履行义务能力 | the obligor is in prison: unable to perform | 0 | 民发〔2021〕43号 | 第八条'], 'and dibao says why nothing is owed');

-- ---------------------------------------------------------------------
-- Refused
TRUNCATE worked;
INSERT INTO obligor_state VALUES ('t_abroad', true, '试', 'test', 91);
INSERT INTO worked (household, expected, sum) VALUES ('1950;child:3/60000/1@t_abroad child:3/60000/1@aged_70~', '', '');
DO $$
BEGIN
    PERFORM pg_temp.work_out();
    PERFORM set_config('test.said', '(done)', true);
EXCEPTION WHEN SQLSTATE 'ZA008' THEN
    DECLARE said text; BEGIN
    GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
    PERFORM set_config('test.said', said, true); END;
END $$;
SELECT is(current_setting('test.said'), 'Obligor rule of state "t_abroad" is not in force on 2021-07-05 for area 340705100201 or one above it.
Parameter "disposable_income", variant ''urban'' has no value in force on 2021-07-05 for area 340705100201 or one above it.', 'a state without a rule and a rule without its parameter are named together');
SELECT throws_ok($$ INSERT INTO obligor_rule (obligor_state, able, owes, area_code, valid, document_id)
                    SELECT 'prison', true, true, '0', '[2022-01-01,2023-01-01)', document_id FROM policy_document WHERE doc_no = '民发〔2021〕57号' $$,
    '23P01', NULL, 'two rules at one time are refused');
SELECT throws_ok($$ INSERT INTO obligor_rule (obligor_state, able, owes, area_code, valid, document_id)
                    SELECT 'low_income', false, false, '0', '[2022-01-01,)', document_id FROM policy_document WHERE doc_no = '民发〔2021〕57号' $$,
    '23514', NULL, 'low income needs a limit');

-- ---------------------------------------------------------------------
-- On the road
SELECT pg_temp.clock('2021-07-05 09:00+08');
CREATE FUNCTION pg_temp.with_obligors(key text, obligors text) RETURNS jsonb LANGUAGE sql AS
$$ SELECT pg_temp.application(key, '340705100', '340705100201', '{41}', 300, '2021-07-05') || jsonb_build_object('obligors', (
       SELECT jsonb_agg('{"name": "某", "relation": "child", "household_size": 3, "annual_income": "60000", "persons_supported": 1}'::jsonb || o)
         FROM jsonb_array_elements(obligors::jsonb) AS o)) $$;
SELECT alike(pg_temp.staff_told('x-clerk', format('SELECT aidcase.file_case(%L)', pg_temp.with_obligors('ob1', '[{"obligor_state": "prizon"}, {"obligor_state": "low_income", "low_property": "yes"}]'))),
    'ZA007 the application has 3 faults|obligors[0].obligor_state: must be one of tekun, %
obligors[1].low_property: %
obligors[1].obligor_state: must be one of tekun, %', 'an application says what is wrong with an obligor; low income is not stated but seen');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.with_obligors('ob1', '[{"obligor_state": "prison", "low_property": true}]'))) AS r \gset
SELECT results_eq(format('SELECT obligor_state, low_property, able FROM obligor WHERE round_id = %s', :'r'), $$ VALUES ('prison', true, true) $$, 'state and property are kept');
SELECT is((SELECT string_agg(c ->> 'const', ' ' ORDER BY c ->> 'const') FROM jsonb_array_elements(file_case_schema() #> '{$defs,obligor_state,oneOf}') AS c WHERE c ->> 'const' <> 't_abroad'),
    'aged_70 dibao_aged minor missing no_capacity prison severe_disability tekun', 'the schema lists what can be stated');

SELECT * FROM finish();
ROLLBACK;
