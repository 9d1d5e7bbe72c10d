-- Who counts as a member, and who may apply alone: rules by situation, from
-- when they apply, decisions by hand.  How a household is written is told in
-- parts/worked.sql.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(104);
\ir parts/worked.sql
\ir parts/household.sql

-- ---------------------------------------------------------------------
-- Worked cases.  Standard 702 (August 2021) and 752 (from July 2022).
INSERT INTO worked (household, expected, sum) VALUES
('1980|1975 @prison:2021-01-05', '702', 'one of two counts: 702'),
('1980|1975 @prison:2021-07-05', '702', 'from the first day on, that of the acceptance'),
('1980|1975 @prison:2021-07-06', '1404', 'a day after the acceptance: he still counts'),
('1980|1975 @compulsory_isolation:2021-01-05', '702', 'one of two'),
('1980|1975 @missing:2021-01-05', '702', 'one of two'),
('1980|1975 @deceased:2021-06-30', '702', 'one of two'),
('1980|1975 @departed:2021-06-30', '702', 'one of two'),
('1980|1975 @student:2020-09-01', '1404', 'a student counts'),
('1980|1975 @conscript:2021-03-01', '702', 'a conscript does not, by the place''s rule'),
('1980|1975 @clergy_away:2018-07-05', '702', 'three years on the day: one of two'),
('1980|1975 @clergy_away:2018-07-06', '1404', 'a day less than three years: two'),
('1980|1975 @prison:2021-01-05 +wage=99999', '702', 'nor does his income count'),
('1980 +other=8423.99|1975 @prison:2021-01-05', '1', '12 x 702 x 1 = 8424, a fen below'),
('1980 +other=8424|1975 @prison:2021-01-05', '{income_not_below_standard}', 'at the standard of one'),
('1980|1975 @prison:2021-01-05 hand', '1404', 'counted by hand against the rule'),
('1980|1975 @student:2020-09-01 out hand', '702', 'not counted by hand against the rule'),
('1980|1975 out', '702', 'not counted by hand, without a situation'),
('1975 @prison:2021-01-05', '{no_counted_member}', 'nobody is left'),
('1975 @clergy_away:2018-07-05', '702', 'alone in the household he is one of his own'),
('1975 @clergy_away:2018-07-05|1980 @prison:2021-01-05', '{no_counted_member}', 'not where another is in it');
INSERT INTO worked (accepted, on_date, household, expected, sum) VALUES
('2023-02-28', '2023-03-06', '1980|1975 @clergy_away:2020-02-29', '752', 'three years from a leap day end on 28 February'),
('2023-02-27', '2023-03-06', '1980|1975 @clergy_away:2020-02-29', '1504', 'not a day before'),
('2023-03-31', '2023-04-06', '1980|1975 @clergy_away:2020-03-31', '752', 'on the last of the month'),
('2021-05-06', '2021-05-10', '1980|1975 @prison:2021-01-05', '656', 'before July 2021 by the place''s rule: 656 x 1');
-- a severely disabled adult without work income, from 2022-10-20 on
INSERT INTO worked (accepted, on_date, household, programme, expected, sum) VALUES
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2', 'dibao', '752 for 1', 'no income of his own: 752'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2 +pension=200m', 'dibao', '552 for 1', '752 - 200'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2 +pension=9023.99', 'dibao', '1 for 1', '12 x 752 = 9024, a fen below'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2 +pension=9024', 'dibao', '{income_not_below_standard}', 'at the standard'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2 +casual_work=0.01', 'dibao', '{income_not_below_standard}', 'he has work income'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb3', 'dibao', '{income_not_below_standard}', 'level 3 of the limbs is not severe'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2004-11-01 limb2', 'dibao', '752 for 1', '18 on the day of acceptance'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2004-11-02 limb2', 'dibao', '{income_not_below_standard}', '17'),
('2022-10-20', '2022-10-24', '1970 +other=90000|2000 limb2', 'dibao', '752 for 1', 'the rule''s first day'),
('2022-10-19', '2022-10-24', '1970 +other=90000|2000 limb2', 'dibao', '{income_not_below_standard}', 'the day before'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2 $deposit=18048', 'dibao', '752 for 1', 'own assets at 24 x 752'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2 $deposit=18048.01', 'dibao', '{income_not_below_standard}', 'own assets a fen above; the household''s are below 36096'),
('2022-11-01', '2022-11-07', '1970 +other=90000 $deposit=99999|2000 limb2', 'dibao', '752 for 1', 'what others own is not his'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2|2001 sight1', 'dibao', '1504 for 2', '752 each'),
('2022-11-01', '2022-11-07', '1970 +other=20000|2000 limb2', 'dibao', '752 for 1', 'in a marginal family (18048 to below 27072) the greater of 752 x 65 % and his gap'),
('2022-11-01', '2022-11-07', '1970 +other=20000|2000 limb2 +pension=400m', 'dibao', '489 for 1', '752 x 65 % = 488.80 up, more than 752 - 400'),
('2022-11-01', '2022-11-07', '1970 +other=20000|2000 limb2', 'low_income', '0 for 1', 'the rest stays marginal'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2', 'low_income', '{income_not_below_marginal}', 'the family is not marginal'),
('2022-11-01', '2022-11-07', '1970|2000 limb2', 'dibao', '1504+225.6', 'a family below the standard: not alone; add-on 752 x 30 %'),
('2022-11-01', '2022-11-07', '1970 +other=90000|2000 limb2 out', 'dibao', '{income_not_below_standard}', 'who does not count by hand does not apply alone');
-- Tekun is the person's: who lives with people who owe him nothing is judged
-- on his own, tekun 702 x 1.3 = 912.60 up to 913; the rest without him.
INSERT INTO worked (household, programme, expected, sum) VALUES
('1980 +other=90000|1950 nobody', 'tekun', '913 for 1', 'aged, no income, nobody owes him support'),
('1980 +other=90000|1950', 'tekun', '{work_ability_present,source_of_living_present}', 'not found so: the household as a whole'),
('1980 +other=90000|1950 nobody', 'dibao', '{income_not_below_standard}', 'the rest has 90000'),
('1980 +other=5000|1950 nobody', 'tekun', '913 for 1', 'also beside dibao'),
('1980 +other=5000|1950 nobody', 'dibao', '286 for 1', 'of the rest: (8424 - 5000) / 12 = 285.33 up'),
('1980 +other=9000|1950 nobody', 'low_income', '0 for 1', 'of the rest: 9000 is below 12636'),
('1980 +other=90000|1950 nobody +pension=8423.99', 'tekun', '913 for 1', 'his own income a fen below the standard'),
('1980 +other=90000|1950 nobody +pension=8424', 'tekun', '{work_ability_present,source_of_living_present}', 'at it'),
('1980 +other=90000|1950 nobody $deposit=16848', 'tekun', '913 for 1', 'his own assets at 24 x 702'),
('1980 +other=90000|1950 nobody $deposit=16848.01', 'tekun', '{work_ability_present,source_of_living_present}', 'a fen above'),
('1980 +other=90000 $deposit=33696|1950 nobody', 'tekun', '913 for 1', 'what others own is not his'),
('1980 +other=90000|1961-07-06 nobody', 'tekun', '{work_ability_present,source_of_living_present}', '59: able to work'),
('1980 +other=90000|1961-07-05 nobody', 'tekun', '913 for 1', '60 on the day of acceptance'),
('1980 +other=90000|2010 nobody', 'tekun', '913 for 1', 'a minor'),
('1980 +other=90000|1975 limb2 nobody', 'tekun', '913 for 1', 'severely disabled'),
('1980 +other=90000|1950 nobody;child:3/60000/1', 'tekun', '{work_ability_present,source_of_living_present,able_obligor_present}', 'an able obligor elsewhere'),
('1980 +other=90000|1950 nobody;child:3/60000/1x', 'tekun', '913 for 1', 'one who is unable'),
('1980 +other=90000|1950 nobody|1951 nobody', 'tekun', '1826 for 2', '913 each'),
('1980 +other=90000|1950 nobody|1951 nobody +pension=9000', 'tekun', '913 for 1', 'one of two'),
('1980 +other=90000|1950 nobody care=000000c', 'tekun', '913 care 775 for 1', 'with care: 1550 x 50 %'),
('1952|1950 nobody', 'tekun', '1826', 'all are destitute: as a household');
INSERT INTO worked (accepted, on_date, household, programme, expected, sum) VALUES
('2021-05-06', '2021-06-02', '1980 +other=90000|1950 nobody', 'tekun', '{work_ability_present,source_of_living_present}', 'no such rule before July 2021');
-- another province: conscripts count, students do not after four years
SELECT load_pack('elsewhere');
INSERT INTO unit (unit_code, unit_kind) VALUES ('231085', 'district'), ('231085100', 'town'), ('231085100201', 'village_committee');
INSERT INTO worked (area, household, expected, sum) VALUES
('231085100201', '1980 lost|2001 lost @conscript:2021-03-01', '1280', '640 x 2'),
('231085100201', '1980 lost|1999 lost @student:2017-07-05', '640', 'four years on the day: 640 x 1'),
('231085100201', '1980 lost|1999 lost @student:2017-07-06', '1280', 'a day less'),
('231085100201', '1980 lost|1999 lost @prison:2021-07-01', '640', 'the national rule holds there too');

SELECT pg_temp.work_out();
SELECT is(got, expected, format('%s. %s %s: %s', n, programme, household, sum)) FROM worked ORDER BY n;

-- lines add up to the amount, and the person's own income to what it is held against
SELECT is_empty($$ SELECT w.n, d.programme FROM worked AS w JOIN determination AS d USING (round_id)
                    CROSS JOIN LATERAL (SELECT coalesce(sum(l.amount) FILTER (WHERE l.basis = 'month'), 0) AS month,
                                               coalesce(sum(l.amount) FILTER (WHERE l.basis = 'year'), 0) AS year
                                          FROM determination_line AS l WHERE l.determination_id = d.determination_id) AS s
                    WHERE d.programme IN ('dibao', 'tekun') AND (s.month <> d.amount OR s.year <> d.annual_income) $$, 'the lines add up');
SELECT results_eq($$ SELECT DISTINCT d.low_income_class, e.rule_en, e.doc_no, e.article FROM worked AS w JOIN determination AS d USING (round_id) CROSS JOIN LATERAL explain(w.round_id) AS e
                      WHERE w.household = '1980 +other=5000|1950 nobody' AND e.rule = 'tekun_alone' $$,
    $$ VALUES ('tekun', 'judged for tekun on his own, apart from the household', '民发〔2021〕43号', '第四条') $$, 'told with its rule; the household is of class tekun');
SELECT is_empty($$ SELECT w.n FROM worked AS w JOIN determination AS t ON t.round_id = w.round_id AND t.programme = 'tekun' AND t.eligible
                     JOIN determination AS d ON d.round_id = w.round_id AND d.programme IN ('dibao', 'low_income') AND d.eligible
                    WHERE t.persons && d.persons OR (t.persons IS NULL) <> (d.persons IS NULL) $$, 'nobody is in two of them');
SELECT results_eq($$ SELECT DISTINCT l.rule, l.input, l.bound FROM worked AS w JOIN determination AS d USING (round_id, programme)
                       JOIN determination_line AS l USING (determination_id)
                      WHERE w.household = '1970 +other=90000|2000 limb2 +pension=200m' AND l.step = 'limit' AND l.member_id IS NOT NULL ORDER BY 1 $$,
    $$ VALUES ('adult_severe_disability', 1::numeric, 1::numeric), ('dibao_standard', 2400, 9024) $$, 'his own income is held against the standard');
CREATE FUNCTION pg_temp.member_words(of text) RETURNS SETOF text LANGUAGE sql AS
$$ SELECT concat_ws(' | ', e.rule_zh, e.rule_en, e.doc_no, e.article, e.illustrative) FROM worked AS w CROSS JOIN LATERAL aidcase.explain(w.round_id) AS e
    WHERE w.household = of AND w.accepted = '2021-07-05' AND e.programme = 'dibao' AND e.step = 'member' ORDER BY e.line_no DESC LIMIT 1 $$;
SELECT is(pg_temp.member_words('1980|1975 @prison:2021-01-05'),
    '在监狱内服刑(2021-01-05 起),不计入 | serving a prison sentence (since 2021-01-05): does not count | 民发〔2021〕57号 | 共同生活的家庭成员规定 | f', 'explained with its rule');
SELECT is(pg_temp.member_words('1980|1975 @student:2020-09-01'),
    '在校全日制学生(本科及以下)(2020-09-01 起),计入 | full-time student up to bachelor level (since 2020-09-01): counts | 民发〔2021〕57号 | 共同生活的家庭成员规定 | f', 'and who counts by it');
SELECT is(pg_temp.member_words('1980|1975 @prison:2021-01-05 hand'),
    '人工决定计入家庭人口:会议决定 | counted, decided by hand: 会议决定 | f', 'a decision by hand says why');
SELECT is(pg_temp.member_words('1980|1975 out'), '人工决定不计入家庭人口:服刑 | not counted, decided by hand: 服刑 | f', 'also where nothing else is known');

-- a rule that is illustrative shows in every programme
SELECT is((SELECT bool_and(d.illustrative) FROM determination AS d JOIN worked AS w USING (round_id)
            WHERE w.household = '1980|1975 @conscript:2021-03-01'), true, 'an illustrative rule shows');

-- ---------------------------------------------------------------------
-- A situation without a rule: all that is missing, nothing written
INSERT INTO member_situation VALUES ('t_monastery', '试情形一', 'test one', 91), ('t_abroad', '试情形二', 'test two', 92);
TRUNCATE worked;
INSERT INTO worked (household, expected, sum) VALUES ('1980|1975 @t_abroad:2021-01-05|1970 @t_monastery:2021-01-05', '', '');
SELECT throws_ok($$ SELECT pg_temp.work_out() $$, 'ZA008', 'parameters or rules of the determination are not set', 'situations without a rule are refused');
DO $$
DECLARE
    said text;
BEGIN
    PERFORM pg_temp.work_out();
EXCEPTION WHEN SQLSTATE 'ZA008' THEN
    GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
    PERFORM set_config('test.said', said, true);
END $$;
SELECT is(current_setting('test.said'), 'Member rule of situation "t_abroad" is not in force on 2021-07-05 for area 340705100201 or one above it.
Member rule of situation "t_monastery" is not in force on 2021-07-05 for area 340705100201 or one above it.', 'each is named');
SELECT throws_ok($$ INSERT INTO member_rule (situation, counts, area_code, valid, document_id)
                    SELECT 'prison', true, '0', '[2022-01-01,2023-01-01)', document_id FROM policy_document WHERE doc_no = '民发〔2021〕57号' $$,
    '23P01', NULL, 'two rules at one time are refused');
SELECT throws_ok($$ INSERT INTO single_person_rule (person_group, household, area_code, valid, document_id)
                    SELECT 'aged', 'marginal', '0', '[2022-01-01,)', document_id FROM policy_document WHERE doc_no = '民发〔2021〕57号' $$,
    '23514', NULL, 'a share of the standard needs its variant');

-- ---------------------------------------------------------------------
-- On the road: the register keeps who counts in line with the rule
SELECT pg_temp.clock('2021-07-05 09:00+08');
SELECT alike(pg_temp.staff_told('x-clerk', format('SELECT aidcase.file_case(%L)',
        jsonb_set(jsonb_set(pg_temp.application('mr1', '340705100', '340705100201', '{31,32}', 300, '2021-07-05'), '{members,1,situation}', '"prizon"'), '{members,0,situation_since}', '"2021-01-01"'))),
    'ZA007 the application has 3 faults|members[0].situation: is missing: a situation and its day go together
members[1].situation: must be one of student, conscript, prison, %
members[1].situation_since: is missing: a situation and its day go together|%', 'an application says all that is wrong with situations');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
        jsonb_set(jsonb_set(pg_temp.application('mr1', '340705100', '340705100201', '{31,32}', 300, '2021-07-05'),
                  '{members,1,situation}', '"prison"'), '{members,1,situation_since}', '"2021-01-05"'))) AS r \gset
CREATE FUNCTION pg_temp.second(r text) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' | ', counted, not_counted_reason, count_exception) FROM aidcase.case_member WHERE round_id = r::bigint ORDER BY member_id OFFSET 1 LIMIT 1 $$;
CREATE FUNCTION pg_temp.change_second(r text, to_what text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.told('t_clerk', format('UPDATE aidcase.case_member SET %s WHERE member_id = (SELECT max(member_id) FROM aidcase.case_member WHERE round_id = %s)', to_what, r)) $$;
SELECT is(pg_temp.second(:'r'), 'f | 在监狱内服刑(2021-01-05 起),不计入(民发〔2021〕57号 共同生活的家庭成员规定)', 'who is filed as in prison does not count, with a sentence');
SELECT is(pg_temp.change_second(:'r', 'situation = ''student'''), '(done)', 'the situation is corrected');
SELECT is(pg_temp.second(:'r'), 't', 'and he counts');
SELECT is(pg_temp.change_second(:'r', 'counted = false, not_counted_reason = ''长期在外'''), '(done)', 'somebody decides otherwise');
SELECT is(pg_temp.second(:'r'), 'f | 长期在外 | 长期在外', 'that is an exception with its reason');
SELECT is(pg_temp.by_login('t_bureau', format('SELECT string_agg(a.what || (a.detail ->> ''reason''), '','') FROM aidcase.audit(''counted_by_hand'', NULL) AS a WHERE a.round_id = %s', :'r')),
    '人工决定不计入家庭人口长期在外', 'which the bureau sees');
SELECT is(pg_temp.change_second(:'r', 'counted = true, not_counted_reason = NULL'), '(done)', 'he takes it back');
SELECT is(pg_temp.second(:'r'), 't', 'by the rule again');
SELECT is(pg_temp.change_second(:'r', 'situation = ''prison'', count_exception = ''本月内释放'''), '(done)', 'and counts by hand against the rule');
SELECT is(pg_temp.second(:'r'), 't | 本月内释放', 'with the reason');
SELECT is(pg_temp.change_second(:'r', 'situation = NULL, situation_since = NULL, count_exception = NULL'), '(done)', 'no situation');
SELECT is(pg_temp.second(:'r'), 't', 'counts');
SELECT alike(pg_temp.change_second(:'r', 'situation = ''prison'''), '23514 %', 'a situation without its day is refused');

-- time passes between filing and acceptance: three years are over then
SELECT is(pg_temp.change_second(:'r', 'situation = ''clergy_away'', situation_since = ''2018-07-06'''), '(done)', 'a day less than three years');
SELECT is(pg_temp.second(:'r'), 't', 'he counts today');
SELECT pg_temp.clock('2021-07-06 09:00+08');
SELECT is(pg_temp.staff_told('x-clerk', format('SELECT aidcase.advance(%s, ''accept'')', :'r')), '(done)', 'accepted a day later');
SELECT is(pg_temp.by_staff('x-clerk', format('SELECT members FROM aidcase.determine(%s) WHERE programme = ''dibao''', :'r')), '1', 'the determination goes by that day');
SELECT is(pg_temp.second(:'r'), 'f | 脱离家庭独立生活的宗教教职人员(2018-07-06 起),不计入(民发〔2021〕57号 共同生活的家庭成员规定)', 'and the register with it');

-- one of two gets tekun, the other dibao: two awards, each for its person
CREATE OR REPLACE FUNCTION pg_temp.evaluate(r bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT aidcase.record_evaluation(jsonb_build_object('round_id', r, 'summary', '困难', 'opinion', (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('matter', CASE d.programme WHEN 'temp_assistance' THEN 'emergency' ELSE 'living' END,
                   'programme', d.programme, 'department', 'civil_affairs', 'outcome', CASE WHEN d.eligible THEN 'granted' ELSE 'refused' END,
                   'refusal_reason', d.reasons[1])) ORDER BY d.determination_id)
          FROM aidcase.determination AS d WHERE d.round_id = r)));
$$;
SELECT pg_temp.clock('2021-07-12 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
        jsonb_set(jsonb_set(pg_temp.application('mr2', '340705100', '340705100201', '{61,62}', 300, '2021-07-12'),
                  '{members,0,disability_level}', '1'), '{members,0,no_obligor_here}', 'true'))) AS t \gset
SELECT pg_temp.in_review(:t, 'x', '340705100');
SELECT pg_temp.decide(:t, 'x', '340705100', '2021-07-13 10:00+08') AS state \gset
SELECT results_eq(format($$ SELECT a.programme, a.amount, a.persons, a.months, (SELECT string_agg(m.relation, ',') FROM award_person AS p JOIN case_member AS m USING (member_id) WHERE p.award_id = a.award_id)
                              FROM award AS a WHERE a.round_id = %s ORDER BY 1 $$, :t),
    $$ VALUES ('dibao', 668.00, 1, '[2021-08-01,)'::daterange, 'sibling'), ('tekun', 869.00, 1, '[2021-08-01,)', 'head') $$,
    'granted: 668 for the one, 668 x 1.3 = 868.40 up for the other');
SELECT is_empty($$ SELECT * FROM aidcase.reassess('340705', '2021-08-01') $$, 'and computed the same again');

SELECT * FROM finish();
ROLLBACK;
