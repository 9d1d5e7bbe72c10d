-- Worked cases of the means test: households with their facts, what they
-- get, and the sum that says so, by hand from the rules (packs national and
-- tongguan, whose amounts are illustrative).  Boundaries come in pairs one fen
-- apart.  How a household is written is told in parts/worked.sql.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(222);
\ir parts/worked.sql

-- ---------------------------------------------------------------------
-- The standard, strictly below.  Benefits from August 2021: urban 702, rural
-- 668; a household's annual line is 12 x standard x members.
INSERT INTO worked (household, expected, sum) VALUES
('1980', '702', 'no income: 702'),
('1980 +other=0', '702', '702 - 0'),
('1980 +other=8423.99', '1', '12 x 702 = 8424; (8424 - 8423.99) / 12 = 0.0008 up to 1'),
('1980 +other=8424', '{income_not_below_standard}', '8424 is not below 8424'),
('1980 +other=8424.01', '{income_not_below_standard}', 'one fen above'),
('1980 +other=701.99m', '1', '701.99 x 12 = 8423.88; 0.12 / 12 = 0.01 up to 1'),
('1980 +other=702m', '{income_not_below_standard}', '702 x 12 = 8424'),
('1980|1981', '1404', '702 x 2'),
('1980 +other=16847.99|1981', '1', '12 x 702 x 2 = 16848; one fen below'),
('1980 +other=16848|1981', '{income_not_below_standard}', 'at 16848'),
('1980 +other=8424|1981 +other=8423.99', '1', '8424 + 8423.99 = 16847.99: the household counts, not the person'),
('1980 +other=10000|1981|1982', '1273', '(25272 - 10000) / 12 = 1272.67 up'),
('1980 +other=25271.99|1981|1982', '1', '12 x 702 x 3 = 25272; one fen below'),
('1980 +other=25272|1981|1982', '{income_not_below_standard}', 'at 25272'),
('1980|1981|1982|1983', '2808', '702 x 4'),
('1980 +other=33695.99|1981|1982|1983', '1', '12 x 702 x 4 = 33696; one fen below'),
('1980|1981|1982|1983|1984|1985|1986', '4914', '702 x 7');
INSERT INTO worked (residence, household, expected, sum) VALUES
('rural', '1980', '668', '668'),
('rural', '1980 +other=8015.99', '1', '12 x 668 = 8016; one fen below'),
('rural', '1980 +other=8016', '{income_not_below_standard}', 'at 8016'),
('rural', '1980 +other=16031.99|1981', '1', '16032; one fen below'),
('rural', '1980 +other=16032|1981', '{income_not_below_standard}', 'at 16032'),
('rural', '1980 +farming=12000|1981|1982', '1004', '(24048 - 12000) / 12 = 1004 exactly'),
('rural', '1980 +farming=12000.01|1981|1982', '1004', '1003.9992 up'),
('rural', '1980 +farming=11999.99|1981|1982', '1005', '1004.0008 up');

-- The marginal line, strictly below 1.5 x: a class without money.
INSERT INTO worked (residence, household, programme, expected, sum) VALUES
('urban', '1980 +other=8423.99', 'low_income', '{in_higher_class}', 'below the standard: dibao goes before'),
('urban', '1980 +other=8424', 'low_income', '0', 'from the standard on; below 8424 x 1.5 = 12636'),
('urban', '1980 +other=12635.99', 'low_income', '0', 'one fen below 12636'),
('urban', '1980 +other=12636', 'low_income', '{income_not_below_marginal}', 'at 12636'),
('urban', '1980 +other=12636.01', 'low_income', '{income_not_below_marginal}', 'one fen above'),
('urban', '1980 +other=25271.99|1981', 'low_income', '0', '16848 x 1.5 = 25272; one fen below'),
('urban', '1980 +other=25272|1981', 'low_income', '{income_not_below_marginal}', 'at 25272'),
('rural', '1980 +other=12023.99', 'low_income', '0', '8016 x 1.5 = 12024; one fen below'),
('rural', '1980 +other=12024', 'low_income', '{income_not_below_marginal}', 'at 12024'),
('rural', '1980 +other=24047.99|1981', 'low_income', '0', '16032 x 1.5 = 24048; one fen below'),
('rural', '1980 +other=24048|1981', 'low_income', '{income_not_below_marginal}', 'at 24048'),
('urban', '1980 +other=9000 $deposit=16848.01', 'low_income', '{financial_assets_over_limit}', 'income between the lines, assets one fen above 24 x 702'),
('urban', '1980 +other=9000 $deposit=16848', 'low_income', '0', 'assets at 24 x 702');

-- What never counts, and what does.
INSERT INTO worked (household, expected, sum)
SELECT format('1980 +%s=1000m', k), '702', k || ' is never counted: 702 - 0'
  FROM unnest('{preferential_pension,family_planning_reward,scholarship,courage_award,social_assistance,basic_pension,old_age_allowance}'::text[]) AS k;
INSERT INTO worked (household, expected, sum) VALUES
('1980 +pension=500m', '202', '702 - 500'),
('1980 +pension=500m +basic_pension=300m', '202', 'the basic pension changes nothing'),
('1980 +resident_account_pension=100m', '602', '702 - 100'),
('1980 +unemployment_benefit=702m', '{income_not_below_standard}', '702 x 12 = 8424'),
('1980 +unemployment_benefit=701.99m', '1', 'one fen a month less'),
('1980 +gift=1200', '602', '(8424 - 1200) / 12 = 602'),
('1980 +interest=0.01', '702', '(8424 - 0.01) / 12 = 701.999 up'),
('1980 +interest=12', '701', '(8424 - 12) / 12 = 701'),
('1980 +rent=8423.99', '1', 'one fen below the line'),
('1980 +compensation=8424', '{income_not_below_standard}', 'at the line'),
('1980 +survivor_benefit=351m', '351', '702 - 351'),
('1980 +support_received=8400', '2', '(8424 - 8400) / 12 = 2'),
('1980 +land_transfer=600', '652', '(8424 - 600) / 12 = 652'),
('1980 +dividend=424', '667', '8000 / 12 = 666.67 up'),
('1980 +insurance_return=424.08', '667', '7999.92 / 12 = 666.66 up'),
('1980 +farming=3000', '452', '5424 / 12 = 452'),
('1980 +farming=3000 +rent=2000 +gift=24', '284', '8424 - 5024 = 3400; / 12 = 283.33 up'),
('1980 +business=-5000', '702', 'a loss is no income'),
('1980 +business=-5000 +pension=500m', '202', 'and takes nothing from other income'),
('1980 +pension=0.01m|1981|1982', '2106', '25272 - 0.12 = 25271.88; / 12 = 2105.99 up');

-- Work cost: 30 % of the standard for a member with wages, not more than these.
INSERT INTO worked (residence, household, expected, sum) VALUES
('urban', '1980 +wage=800m', '113', '9600 - 12 x 0.3 x 702 = 9600 - 2527.20 = 7072.80; (8424 - 7072.80) / 12 = 112.60 up'),
('urban', '1980 +wage=10951.19', '1', '10951.19 - 2527.20 = 8423.99: one fen below'),
('urban', '1980 +wage=10951.20', '{income_not_below_standard}', '10951.20 - 2527.20 = 8424'),
('urban', '1980 +wage=2000', '702', 'cost 2527.20, but not more than the wage: 0'),
('urban', '1980 +wage=2527.20', '702', '2527.20 - 2527.20 = 0'),
('urban', '1980 +wage=2539.20', '701', '12 left: (8424 - 12) / 12 = 701'),
('urban', '1980 +wage=900m|1981 +casual_work=500m', '426', '10800 - 2527.20 + 6000 - 2527.20 = 11745.60; (16848 - 11745.60) / 12 = 425.20 up'),
('urban', '1980 +wage=300m +casual_work=300m', '313', 'one person, one cost: 7200 - 2527.20 = 4672.80; 3751.20 / 12 = 312.60 up'),
('urban', '1980 +wage=100m|1981 +wage=1000m', '615', '1200 - 1200 + 12000 - 2527.20 = 9472.80; (16848 - 9472.80) / 12 = 614.60 up'),
('urban', '1980 +imputed_work=300m', '402', 'imputed income has no work cost: 702 - 300'),
('rural', '1980 +wage=700m', '169', '8400 - 12 x 0.3 x 668 = 8400 - 2404.80 = 5995.20; (8016 - 5995.20) / 12 = 168.40 up');

-- Verified before declared, kind by kind and person by person.
INSERT INTO worked (household, expected, sum) VALUES
('1980 +pension=200m +pension=300m!', '402', 'verified 300, the declared 200 does not count: 702 - 300'),
('1980 +pension=700m +pension=0!', '702', 'verified 0'),
('1980 +pension=100m +rent=1200!', '502', 'another kind: 1200 + 1200 = 2400; (8424 - 2400) / 12 = 502'),
('1980 +pension=100m|1981 +pension=200m!', '1104', 'another person: 1200 + 2400 = 3600; (16848 - 3600) / 12 = 1104'),
('1980 +pension=50m! +pension=60m!', '592', 'two verified items add up: 702 - 110'),
('1980 $deposit=20000 $deposit=1000!', '702', 'verified deposit below 16848'),
('1980 $deposit=1000 $deposit=16848.01!', '{financial_assets_over_limit}', 'verified deposit above it');

-- Deductions; what is left ends at 0.
INSERT INTO worked (household, expected, sum) VALUES
('1980 +pension=600m -medical_self_paid=1200', '202', '7200 - 1200 = 6000; (8424 - 6000) / 12 = 202'),
('1980 +pension=9623.99 -medical_self_paid=1200', '1', '8423.99: one fen below'),
('1980 +pension=9624 -medical_self_paid=1200', '{income_not_below_standard}', '8424'),
('1980 +pension=600m -disability_rehabilitation=100m', '202', '7200 - 1200 = 6000'),
('1980 +pension=600m -nursing_care=50m', '152', '7200 - 600 = 6600; 1824 / 12 = 152'),
('1980 +pension=600m -social_insurance=24', '104', '7200 - 24 = 7176; 1248 / 12 = 104'),
('1980 +pension=600m -tax=12.01', '104', '7200 - 12.01 = 7187.99; 1236.01 / 12 = 103.0008 up'),
('1980 +pension=600m -support_paid=300m', '402', '7200 - 3600 = 3600; 4824 / 12 = 402'),
('1980 +pension=600m -education=6000', '102', 'education is not deducted: 702 - 600'),
('1980 +pension=600m -living=6000 -housing=6000', '102', 'nor are living and housing'),
('1980 +pension=100m -medical_self_paid=5000', '702', '1200 - 5000 is below 0: 0'),
('1980 +pension=600m -medical_self_paid=100 -medical_self_paid=600!', '152', 'verified 600: 7200 - 600 = 6600; 1824 / 12 = 152');

-- Support from children elsewhere: excess of their per-capita income over the
-- standard x 50 % (three or more children 40 %), by the persons supported.
INSERT INTO worked (household, expected, sum) VALUES
('1980;child:3/60000/1', '220', '(60000 - 25272) / 3 x 50 % = 5788; (8424 - 5788) / 12 = 219.67 up'),
('1980;child:3/60000/2', '461', '5788 / 2 = 2894; 5530 / 12 = 460.83 up'),
('1980;child:3/25272/1', '702', 'at the standard: 0'),
('1980;child:3/25284/1', '702', '12 / 3 x 50 % = 2; (8424 - 2) / 12 = 701.83 up'),
('1980;child:3/60000/2 child:3/60000/2', '220', 'two children: 2894 x 2 = 5788'),
('1980;child:3/60000/2 child:3/60000/2 child:3/60000/2', '124', 'three: 11576 x 40 % / 2 = 2315.20; x 3 = 6945.60; 1478.40 / 12 = 123.20 up'),
('1980;child:3/60000/1 child:3/60000/1 child:3/60000/1', '{income_not_below_standard}', '4630.40 x 3 = 13891.20'),
('1980;child:3/25272/1/200', '502', 'more is paid than the formula gives: 2400; 6024 / 12 = 502'),
('1980;child:3/60000/1/100', '220', 'less is paid: the formula'),
('1980;child:3/60000/1/482.33', '220', '482.33 x 12 = 5787.96: the formula, 5788'),
('1980;child:3/60000/1/482.34', '220', '482.34 x 12 = 5788.08: what is paid; 2635.92 / 12 = 219.66 up'),
('1980;child:3/60000/1/0x', '702', 'not able, pays nothing'),
('1980;child:3/60000/1/100x', '602', 'not able, but pays 1200: 7224 / 12 = 602'),
('1980;child:3/42120/1', '468', '(42120 - 25272) / 3 x 50 % = 2808; 5616 / 12 = 468'),
('1980;child:1/25271.98/1', '1', '(25271.98 - 8424) x 50 % = 8423.99: one fen below'),
('1980;child:1/25272/1', '{income_not_below_standard}', '(25272 - 8424) x 50 % = 8424');

-- Property: financial assets up to 24 x standard x members, one home, no
-- other building, no vehicle, ship or machine.
INSERT INTO worked (residence, household, expected, sum) VALUES
('urban', '1980 $deposit=16848', '702', '24 x 702 = 16848: at the limit'),
('urban', '1980 $deposit=16848.01', '{financial_assets_over_limit}', 'one fen above'),
('urban', '1980 $cash=8000 $securities=8848', '702', 'together 16848'),
('urban', '1980 $cash=8000 $securities=8848.01', '{financial_assets_over_limit}', 'together one fen above'),
('urban', '1980 $fund=1 $insurance=1 $internet_finance=1 $claim=16845.01', '{financial_assets_over_limit}', '16848.01'),
('urban', '1980 $deposit=33696|1981', '1404', '24 x 702 x 2 = 33696'),
('urban', '1980 $deposit=33696|1981 $cash=0.01', '{financial_assets_over_limit}', 'one fen above'),
('rural', '1980 $deposit=16032', '668', '24 x 668 = 16032'),
('rural', '1980 $deposit=16032.01', '{financial_assets_over_limit}', 'one fen above'),
('urban', '1980 $deposit=20000~', '702', 'exempt'),
('urban', '1980 $home=300000', '702', 'one home, whatever its value'),
('urban', '1980 $home=1*2', '{homes_over_limit}', 'two homes'),
('urban', '1980 $home=1|1981 $home=1', '{homes_over_limit}', 'one each'),
('urban', '1980 $home=1 $home=1~', '702', 'the second is exempt'),
('urban', '1980 $non_residential=1', '{non_residential_over_limit}', 'a shop'),
('urban', '1980 $vehicle=500', '{vehicles_over_limit}', 'a vehicle'),
('urban', '1980 $vehicle=500~', '702', 'for the mobility of a disabled person'),
('urban', '1980 $ship=1', '{vehicles_over_limit}', 'a ship'),
('urban', '1980 $machinery=1', '{vehicles_over_limit}', 'a machine'),
('urban', '1980 $timber=90000 $other=90000', '702', 'no limit is set for these'),
('urban', '1980 +other=8424 $deposit=16848.01 $home=1*2 $non_residential=1 $vehicle=1',
 '{income_not_below_standard,financial_assets_over_limit,homes_over_limit,non_residential_over_limit,vehicles_over_limit}', 'all reasons, not the first');

-- Who counts.
INSERT INTO worked (household, expected, sum) VALUES
('1980|1981 +wage=3000m out', '702', 'the second does not count, nor does the wage: 702 x 1'),
('1980 out', '{no_counted_member}', 'nobody counts'),
('1980 $deposit=16848|1981 out', '702', 'the limit is 24 x 702 x 1'),
('1980 $deposit=16848.01|1981 out', '{financial_assets_over_limit}', 'not x 2'),
('1980|1981 $vehicle=1 out', '702', 'nor does what the second owns'),
('1980 +other=8424|2021-07-01', '702+70.2', 'a child of four days counts: (16848 - 8424) / 12 = 702; minor 70.20');

-- Add-ons of the standard: aged 60 10 %, under 18 10 %, seriously ill 20 %,
-- severely disabled 30 %; each person once, by the highest; ages on the first
-- day of benefit.
INSERT INTO worked (household, expected, sum) VALUES
('1961-08-01', '702+70.2', '60 on 2021-08-01: 702 x 10 %'),
('1961-08-02', '702', '60 a day later'),
('2003-08-02', '702+70.2', 'not yet 18 on 2021-08-01'),
('2003-08-01', '702', '18 on that day'),
('1980|2010', '1404+70.2', 'parent and child: 702 x 2, one minor'),
('1980 limb2', '702+210.6', '702 x 30 %'),
('1980 limb3', '702', 'level 3 is not severe'),
('1980 mental3', '702+210.6', 'but of the mind it is'),
('1980 mental4', '702', 'level 4 is not'),
('1980 intellectual3', '702+210.6', '702 x 30 %'),
('1980 multiple2', '702+210.6', '702 x 30 %'),
('1980 hearing3', '702', 'level 3 of hearing is not severe'),
('1980 ill', '702+140.4', '702 x 20 %'),
('1950 limb1', '702+210.6', 'aged and disabled: once, the higher'),
('2010 ill', '702+140.4', 'minor and ill: once, the higher'),
('1950|1952 limb2', '1404+280.8', '70.20 + 210.60'),
('1950|1952|2010|2012 ill', '2808+351', '70.20 x 3 + 140.40 = 351'),
('1950 out|1980', '702', 'who does not count has no add-on'),
('1950 +other=8424', '{income_not_below_standard}', 'without dibao no add-on'),
('1950 +other=8423.99', '1+70.2', 'an add-on is not cut with the base');
INSERT INTO worked (accepted, on_date, household, expected, sum) VALUES
('2024-02-01', '2024-02-10', '1964-02-29', '752+75.2', 'born on a leap day, 60 on 2024-02-29; standard 752'),
('2024-01-02', '2024-01-31', '1964-02-29', '752', 'not yet on 2024-02-01'),
('2022-02-01', '2022-02-10', '1962-03-01', '702+70.2', '60 on the first day of benefit, 2022-03-01');

-- Dates: rules of the acceptance, the standard of the first month of benefit.
INSERT INTO worked (accepted, on_date, household, expected, sum) VALUES
('2021-05-06', '2021-05-31', '1980', '656', 'decided on the last day of May: June, 656'),
('2021-05-06', '2021-06-01', '1980', '702', 'a day later: July, the new standard 702'),
('2021-05-06', '2021-06-30', '1980', '702', 'June: July'),
('2021-06-30', '2021-07-01', '1980', '702', 'July: August'),
('2020-06-01', '2020-06-30', '1980', '656', '2020: July, 656'),
('2020-05-06', '2020-05-31', '1980', '620', 'June 2020: 620'),
('2022-05-06', '2022-06-01', '1980', '752', '2022: July, 752'),
('2025-12-31', '2026-01-10', '1980 +basic_pension=200m', '752', 'accepted in 2025: the basic pension is not counted'),
('2026-01-01', '2026-01-10', '1980 +basic_pension=200m', '552', 'accepted in 2026: it is; 752 - 200'),
('2020-12-31', '2021-01-10', '1980 +basic_pension=200m', '456', 'accepted in 2020: it is; 656 - 200'),
('2021-01-01', '2021-01-10', '1980 +basic_pension=200m', '656', 'accepted in 2021: it is not');

-- Single persons of a marginal family (16848 to below 25272 for two): severely
-- disabled 65 %, seriously ill 100 % of the standard, up to a yuan each.
INSERT INTO worked (household, programme, expected, sum) VALUES
('1980 +other=18000|1985 limb2', 'dibao', '457 for 1', '702 x 65 % = 456.30 up'),
('1980 +other=18000|1985 limb3', 'dibao', '{income_not_below_standard}', 'level 3 of the limbs may not apply alone'),
('1980 +other=18000|1985 mental3', 'dibao', '457 for 1', 'level 3 mental may'),
('1980 +other=18000|1985 mental4', 'dibao', '{income_not_below_standard}', 'level 4 may not'),
('1980 +other=18000|1985 ill', 'dibao', '702 for 1', '702 x 100 %'),
('1980 ill +other=18000|1985 limb2', 'dibao', '1159 for 2', '702 + 457'),
('1980 ill limb2 +other=18000|1985', 'dibao', '702 for 1', 'once, by the higher share'),
('1980 +other=25271.99|1985 limb2', 'dibao', '457 for 1', 'one fen below the marginal line'),
('1980 +other=25272|1985 limb2', 'dibao', '{income_not_below_standard}', 'at the line the family is not marginal'),
('1980 +other=16848|1985 limb2', 'dibao', '457 for 1', 'from the standard on'),
('1980 +other=16847.99|1985 limb2', 'dibao', '1+210.6', 'below it the whole family'),
('1980 +other=18000|1985 limb2', 'low_income', '0 for 1', 'the rest of the family stays marginal'),
('1980 +other=18000 $home=1*2|1985 limb2', 'dibao', '{income_not_below_standard,homes_over_limit}', 'property over the limit: not marginal');
INSERT INTO worked (accepted, on_date, household, programme, expected, sum) VALUES
('2021-06-30', '2021-07-12', '1980 +other=18000|1985 limb2', 'dibao', '{income_not_below_standard}', 'accepted before the Measures of 2021-07-01');

-- Tekun: no work ability, no source of living, no able obligor; 1.3 x the
-- standard, per person up to a whole yuan: urban 912.60 -> 913.
INSERT INTO worked (residence, household, programme, expected, sum) VALUES
('urban', '1961-07-05', 'tekun', '913', '60 on the day of acceptance; 702 x 1.3 = 912.60 up'),
('urban', '1961-07-06', 'tekun', '{work_ability_present}', '60 a day later'),
('urban', '2005-07-06', 'tekun', '913', 'not yet 16'),
('urban', '2005-07-05', 'tekun', '{work_ability_present}', '16 on the day of acceptance'),
('rural', '1950', 'tekun', '869', '668 x 1.3 = 868.40 up'),
('urban', '1950|1952', 'tekun', '1826', '913 x 2'),
('urban', '1950|1980', 'tekun', '{work_ability_present}', 'one of two can work'),
('urban', '1980 limb2', 'tekun', '913', 'level 2 of the limbs'),
('urban', '1980 limb3', 'tekun', '{work_ability_present}', 'level 3 of the limbs'),
('urban', '1980 mental3', 'tekun', '913', 'level 3 mental'),
('urban', '1980 mental4', 'tekun', '{work_ability_present}', 'level 4 mental'),
('urban', '1980 intellectual3', 'tekun', '913', 'level 3 intellectual'),
('urban', '1980 sight1', 'tekun', '913', 'level 1 of sight'),
('urban', '1980 sight2', 'tekun', '{work_ability_present}', 'level 2 of sight'),
('urban', '1980 hearing1', 'tekun', '{work_ability_present}', 'hearing is not listed'),
('urban', '1950 +pension=701.99m', 'tekun', '913', 'income below the standard: the whole amount, not the gap'),
('urban', '1950 +pension=702m', 'tekun', '{source_of_living_present}', 'at the standard'),
('urban', '1950 $deposit=16848.01', 'tekun', '{tekun_property_over_limit}', 'one fen above 24 x 702'),
('urban', '1950 $deposit=16848', 'tekun', '913', 'at the limit'),
('urban', '1950;child:1/0/1', 'tekun', '{able_obligor_present}', 'a child that is able'),
('urban', '1950;child:1/0/1/0x', 'tekun', '913', 'a child that is not'),
('urban', '1980 +pension=702m $vehicle=1;child:1/0/1', 'tekun',
 '{work_ability_present,source_of_living_present,tekun_property_over_limit,able_obligor_present}', 'all reasons');

-- Care by the six items of self-care: none unmet self-care, one to three half,
-- four to six full; shares of the minimum wage at the end of 2020, 1550.
INSERT INTO worked (household, programme, expected, sum) VALUES
('1950 care=111111c', 'tekun', '913 care 60', '1550 x 4 % = 62, not above the nursing subsidy 60'),
('1950 care=111111d', 'tekun', '913 care 47', '1550 x 3 % = 46.50 up'),
('1950 care=111110c', 'tekun', '913 care 465', 'one unmet: half; 1550 x 30 %'),
('1950 care=000111c', 'tekun', '913 care 465', 'three unmet: half'),
('1950 care=000011c', 'tekun', '913 care 775', 'four unmet: full; 1550 x 50 %'),
('1950 care=000000c', 'tekun', '913 care 775', 'six unmet: full'),
('1950 care=011111d', 'tekun', '913 care 310', 'half, dispersed: 1550 x 20 %'),
('1950 care=000000d', 'tekun', '913 care 543', 'full, dispersed: 1550 x 35 % = 542.50 up'),
('1950 care=111111d|1952 care=000000d', 'tekun', '1826 care 590', '47 + 543');
INSERT INTO worked (accepted, on_date, household, programme, expected, sum) VALUES
('2023-05-04', '2023-05-10', '1950 care=000011c', 'tekun', '978 care 825', '752 x 1.3 = 977.60 up; wage at the end of 2022: 1650 x 50 %'),
('2023-12-04', '2023-12-10', '1950 care=000011c', 'tekun', '978 care 1030', 'January 2024: wage at the end of 2023: 2060 x 50 %'),
('2023-11-06', '2023-11-10', '1950 care=000011c', 'tekun', '978 care 825', 'December 2023: still that of the end of 2022');

-- Temporary assistance in an emergency: a range, without a look at income.
INSERT INTO worked (kind, household, programme, expected, sum) VALUES
('emergency', '1980 +wage=99999m', 'temp_assistance', '500 to 3000', 'from the least amount to what the unit may grant'),
('application', '1980', 'temp_assistance', '{no_emergency}', 'no emergency');

SELECT pg_temp.work_out();
SELECT is(got, expected, format('%s. %s%s %s: %s', n, programme, CASE residence WHEN 'rural' THEN ' rural' ELSE '' END, household, sum))
  FROM worked ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
