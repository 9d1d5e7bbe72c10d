-- Worked cases under rules of another shape: pack elsewhere, for a village of
-- another province that is put into the register for this test.  The same
-- code computes them; nothing of tongguan's rules reaches there.  How a
-- household is written is told in parts/worked.sql.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(103);
\ir parts/worked.sql
SELECT lives_ok($$ SELECT load_pack('elsewhere') $$, 'the pack loads');
INSERT INTO unit (unit_code, unit_kind) VALUES ('231085', 'district'), ('231085100', 'town'), ('231085100201', 'village_committee');
ALTER TABLE worked ALTER area SET DEFAULT '231085100201';

-- ---------------------------------------------------------------------
-- The gap: per-capita income half up to a whole yuan, then 640 less that, x
-- members; at least 20 % of the standard a person.  Urban 640 (7680 a year);
-- rural 4260 a year, 355 a month.
INSERT INTO worked (residence, household, expected, sum) VALUES
('urban', '1980 lost', '640', '640 - 0'),
('urban', '1980 lost +pension=100.50m', '539', '100.50 -> 101; 640 - 101'),
('urban', '1980 lost +pension=100.49m', '540', '100.49 -> 100'),
('urban', '1980 lost +pension=333m|1981 lost', '946', '333 / 2 = 166.50 -> 167; 473 x 2'),
('urban', '1980 lost +pension=332.99m|1981 lost', '948', '166.495 -> 166; 474 x 2'),
('urban', '1980 lost +other=511m', '129', '640 - 511'),
('urban', '1980 lost +other=512m', '128', '640 - 512 = 128, the floor'),
('urban', '1980 lost +other=513m', '128', '127, but at least 640 x 20 %'),
('urban', '1980 lost +other=7679.99', '128', 'below the standard by a fen: the gap is 0, the floor 128'),
('urban', '1980 lost +other=7680', '{income_not_below_standard}', 'at the standard'),
('urban', '1980 lost +other=1200m|1981 lost', '256', '640 - 600 = 40; x 2 = 80, but at least 128 x 2'),
('rural', '1980 lost', '355', '4260 / 12'),
('rural', '1980 lost +other=4259.99', '71', '355 x 20 %'),
('rural', '1980 lost +other=4260', '{income_not_below_standard}', 'at the standard'),
('rural', '1980 lost +other=283.49m', '72', '283; 355 - 283 = 72'),
('rural', '1980 lost +other=284m', '71', '355 - 284 = 71');

-- Imputed work income: all of the minimum wage 1450 for men of 18 to 50 and
-- women of 18 to 45, half for men of 51 to 60 and women of 46 to 55.
INSERT INTO worked (household, expected, sum) VALUES
('1980', '{income_not_below_standard}', '1450 x 12 = 17400'),
('1980 +imputed_work=0', '640', 'somebody judged that there is none'),
('1980 +wage=500m', '{income_not_below_standard}', '6000, filled up to 17400'),
('1980 partial', '640', 'nothing is imputed to who is partly able'),
('1980 +wage=1500m|1985 lost|1986 lost|1987 lost', '1060', '18000 is more than 17400: 375 a head; (640 - 375) x 4'),
('1980 +wage=1400m|1985 lost|1986 lost|1987 lost', '1108', '17400: 362.50 -> 363; 277 x 4'),
('1975-07-05 f|1980 lost', '554', 'a woman of 46: 8700; 362.50 -> 363; 277 x 2'),
('1975-07-06 f|1980 lost', '{income_not_below_standard}', 'of 45: 17400 is not below 15360'),
('1965-07-06 f|1980 lost', '554', 'of 55: half'),
('1965-07-05 f|1980 lost', '1280', 'of 56: none'),
('1970-07-05|1980 lost', '554', 'a man of 51: half'),
('1970-07-06|1980 lost', '{income_not_below_standard}', 'of 50: all'),
('1960-07-06|1980 lost', '554', 'of 60: half'),
('1960-07-05|1980 lost', '1280', 'of 61: none'),
('2003-07-06|1980 lost', '1280', 'of 17 on the day of acceptance: none; 18 on 2021-08-01: no add-on'),
('2003-07-05|1980 lost', '{income_not_below_standard}', 'of 18: all');

-- Add-ons in yuan a head that add up: aged 70 60.50 (rural 40), minors 50
-- (30), severely disabled 90 (70), seriously ill 120 (80).
INSERT INTO worked (residence, household, expected, sum) VALUES
('urban', '1951-08-01', '640+60.5', '70 on 2021-08-01'),
('urban', '1951-08-02', '640', '70 a day later'),
('urban', '1980 lost|2010', '1280+50', 'a minor'),
('urban', '1980 lost limb2', '640+90', 'severely disabled'),
('urban', '1980 lost limb3', '640', 'level 3 is not severe'),
('urban', '1980 lost speech1', '640', 'no level is set for speech'),
('urban', '1980 lost ill', '640+120', 'seriously ill'),
('urban', '1951-08-01 limb2 ill', '640+270.5', '60.50 + 90 + 120: they add up'),
('rural', '1951-08-01 limb2', '355+110', '40 + 70'),
('rural', '1951-08-01 ill|2010', '710+150', '40 + 80 + 30');

-- Support: beyond twice the standard, a quarter, whatever the number of
-- children; no work cost is deducted.
INSERT INTO worked (household, expected, sum) VALUES
('1980 lost;child:3/60000/1', '543', '(60000 - 2 x 640 x 12 x 3) / 3 x 25 % = 1160; 96.67 -> 97; 640 - 97'),
('1980 lost;child:3/46080/1', '640', 'at twice the standard: 0'),
('1980 lost;child:3/60000/2', '592', '580; 48.33 -> 48'),
('1980 lost;child:3/60000/1 child:3/60000/1 child:3/60000/1', '350', '1160 x 3 = 3480; 290'),
('1980 lost;child:3/60000/1/200', '440', 'more is paid: 200 a month');

-- Property: financial assets up to 36 x standard x members, two homes, a
-- vehicle up to 30000 yuan, capital of a business up to 100000.
INSERT INTO worked (household, expected, sum) VALUES
('1980 lost $deposit=23040', '640', '36 x 640'),
('1980 lost $deposit=23040.01', '{financial_assets_over_limit}', 'one fen above'),
('1980 lost $home=1*2', '640', 'two homes'),
('1980 lost $home=1*3', '{homes_over_limit}', 'three'),
('1980 lost $vehicle=30000', '640', 'by its value'),
('1980 lost $vehicle=30000.01', '{vehicles_over_limit}', 'one fen above'),
('1980 lost $vehicle=20000|1981 lost $vehicle=10000.01', '{vehicles_over_limit}', 'both together'),
('1980 lost $business_share=100000', '640', 'capital of a business'),
('1980 lost $business_share=100000.01', '{business_over_limit}', 'one fen above'),
('1980 lost $non_residential=1', '640', 'no test asks for other buildings here'),
('1980 lost $deposit=23040.01 $home=1*3 $vehicle=30000.01 $business_share=100000.01',
 '{financial_assets_over_limit,homes_over_limit,vehicles_over_limit,business_over_limit}', 'all of them');

-- Single persons of a marginal family (15360 to below 23040 for two):
-- disability half of the standard, illness all of it.
INSERT INTO worked (household, programme, expected, sum) VALUES
('1980 lost +other=20000|1985 lost limb2', 'dibao', '320 for 1', '640 x 50 %'),
('1980 lost +other=20000|1985 lost ill', 'dibao', '640 for 1', '640 x 1'),
('1980 lost ill +other=20000|1985 lost limb2', 'dibao', '960 for 2', '640 + 320'),
('1980 lost +other=23039.99|1985 lost limb2', 'dibao', '320 for 1', 'one fen below the marginal line'),
('1980 lost +other=23040|1985 lost limb2', 'dibao', '{income_not_below_standard}', 'at the line'),
('1980 lost +other=23039.99|1985 lost', 'low_income', '0', '15360 x 1.5 = 23040'),
('1980 lost +other=23040|1985 lost', 'low_income', '{income_not_below_marginal}', 'at the line');

-- Tekun: published standards 940 and 565; care a third, a sixth, a tenth of
-- the minimum wage at the end of the year before, 1450, to 0.01.
INSERT INTO worked (residence, household, programme, expected, sum) VALUES
('urban', '1950', 'tekun', '940', 'published, not 1.3 x 640'),
('rural', '1950', 'tekun', '565', 'published'),
('urban', '1950|1951', 'tekun', '1880', '940 x 2'),
('urban', '1950 care=000000c', 'tekun', '940 care 483.33', '1450 / 3 = 483.333'),
('urban', '1950 care=000111d', 'tekun', '940 care 241.67', '1450 / 6 = 241.666'),
('urban', '1950 care=111111d', 'tekun', '940 care 145', '1450 / 10'),
('urban', '1950 care=000000c|1951 care=011111c', 'tekun', '1880 care 725', '483.33 + 241.67');

-- Temporary assistance: in an emergency 1 to 4 months of the standard, at most
-- 5000; for self-paid medical expense half (dibao) of what exceeds 2000, else
-- 30 % of what exceeds 5000, at most 5000; last year's disposable income 31115.
INSERT INTO worked (kind, residence, household, programme, expected, sum) VALUES
('emergency', 'urban', '1980', 'temp_assistance', '640 to 2560', '640 x 1 and x 4'),
('emergency', 'urban', '1980|1981', 'temp_assistance', '1280 to 5000', '1280 x 4 = 5120, at most 5000'),
('emergency', 'rural', '1980|1981|1982', 'temp_assistance', '1065 to 4260', '355 x 3 x 1 and x 4'),
('application', 'urban', '1980 lost -medical_self_paid=6000', 'temp_assistance', '2000 to 2000', '(6000 - 2000) x 50 %'),
('application', 'urban', '1980 lost -medical_self_paid=2000', 'temp_assistance', '{expense_not_above_threshold}', 'at the threshold'),
('application', 'urban', '1980 lost -medical_self_paid=2000.02', 'temp_assistance', '0.01 to 0.01', '0.02 x 50 %'),
('application', 'urban', '1980 lost -medical_self_paid=11999.98', 'temp_assistance', '4999.99 to 4999.99', '9999.98 x 50 %'),
('application', 'urban', '1980 lost -medical_self_paid=12000.02', 'temp_assistance', '5000 to 5000', '5000.01, at most 5000'),
('application', 'urban', '1980 lost +pension=30000 -medical_self_paid=8000', 'temp_assistance', '900 to 900', 'not dibao: (8000 - 5000) x 30 %'),
('application', 'urban', '1980 lost +pension=30000 -medical_self_paid=5000', 'temp_assistance', '{expense_not_above_threshold}', 'at the threshold'),
('application', 'urban', '1980 lost +pension=39114.99 -medical_self_paid=8000', 'temp_assistance', '900 to 900', '31114.99 is below 31115'),
('application', 'urban', '1980 lost +pension=39115 -medical_self_paid=8000', 'temp_assistance', '{income_not_below_disposable}', 'at last year''s disposable income'),
('application', 'urban', '1980 lost', 'temp_assistance', '{expense_not_above_threshold}', 'no expense');

-- Rigid-expense family: none of the classes above; rigid expense (education up
-- to 8000 a member) above 60 % of the income.
INSERT INTO worked (household, programme, expected, sum) VALUES
('1980 lost +other=13000 -education=7800', 'rigid_expense', '{rigid_expense_not_above}', '13000 x 60 % = 7800: not above'),
('1980 lost +other=13000 -education=7800.01', 'rigid_expense', '0', 'one fen above'),
('1980 lost +other=13333.34 -education=9000', 'rigid_expense', '{rigid_expense_not_above}', 'education counts up to 8000: 13333.34 x 60 % = 8000.004'),
('1980 lost +other=13333.33 -education=9000', 'rigid_expense', '0', '13333.33 x 60 % = 7999.998 is less than 8000'),
('1980 lost +other=11519.99 -education=8000', 'rigid_expense', '{in_higher_class}', 'below 7680 x 1.5 = 11520 the family is marginal'),
('1980 lost +other=11520 -education=8000', 'rigid_expense', '0', 'at it, it is not: 11520 x 60 % = 6912'),
('1980 lost +other=31115 -education=8000', 'rigid_expense', '{income_not_below_disposable,rigid_expense_not_above}', 'at last year''s disposable income'),
('1980 lost +other=31114.99 -education=8000', 'rigid_expense', '{rigid_expense_not_above}', 'one fen below it'),
('1980 lost +other=13000 -education=8000 $home=1*3', 'rigid_expense', '{homes_over_limit}', 'property, too');

SELECT pg_temp.work_out();
SELECT is(got, expected, format('%s. %s%s %s: %s', n, programme, CASE residence WHEN 'rural' THEN ' rural' ELSE '' END, household, sum))
  FROM worked ORDER BY n;

-- What the pack says of itself, and what reaches there.
SELECT is_empty($$ SELECT DISTINCT d.programme FROM determination AS d JOIN worked AS w USING (round_id) WHERE NOT d.illustrative AND d.programme <> 'tekun' $$,
                'every determination of dibao says that it rests on illustrative values');
SELECT is_empty($$ SELECT DISTINCT o.doc_no FROM determination_line AS l JOIN determination AS d USING (determination_id) JOIN worked AS w USING (round_id)
                     JOIN policy_document AS o USING (document_id) WHERE o.doc_no IN ('示例参数', '办发〔2021〕15号') $$, 'no rule of tongguan was used');
SELECT is(authority_level('temp_assistance', '231085100', '2021-07-12', a), l, format('who grants %s', a))
  FROM (VALUES (799.99, 'below_minimum'), (800, 'unit'), (2560, 'unit'), (2560.01, 'bureau'), (20000, 'bureau'), (20000.01, NULL)) AS v (a, l);

SELECT * FROM finish();
ROLLBACK;
