/*
 * National rules, and the rules of Anhui Province and the minimum wage of
 * Tongling's urban districts that rest on a source.  A value that no source
 * gives is not here: asking for it is error ZA008, which names it.
 *
 * Article numbers are given where they were seen in the text; a provision
 * whose number was not noted is named by its subject.
 */
INSERT INTO aidcase.policy_document (doc_no, title, issued_by, issued_on, in_force, source)
VALUES
('民发〔2012〕220号', '最低生活保障审核审批办法(试行)', '民政部', NULL, '[2012-12-12,2021-07-01)', '民政部'),
('公务员法', '中华人民共和国公务员法(2018年修订)', '全国人民代表大会常务委员会', '2018-12-29', '[2019-06-01,)', '全国人民代表大会常务委员会'),
('民法典', '中华人民共和国民法典', '全国人民代表大会', '2020-05-28', '[2021-01-01,)', '全国人民代表大会'),
('国务院令第649号', '社会救助暂行办法', '国务院', NULL, '[2014-05-01,)', '国务院'),
('民发〔2018〕23号', '关于进一步加强和改进临时救助工作的意见', '民政部、财政部', '2018-01-23', '[2018-01-23,)', '民政部'),
('民发〔2021〕57号', '最低生活保障审核确认办法', '民政部', NULL, '[2021-07-01,)', '民政部'),
('民发〔2021〕43号', '特困人员认定办法', '民政部', NULL, '[2021-07-01,)', '民政部'),
('信访工作条例', '信访工作条例', '中共中央、国务院', NULL, '[2022-05-01,)', '中共中央、国务院'),
('民发〔2022〕83号', '关于进一步做好最低生活保障等社会救助兜底保障工作的通知', '民政部等', '2022-10-20', '[2022-10-20,)', '民政部'),
('民发〔2024〕16号', '最低生活保障标准制定指导意见', '民政部等', '2024-03-21', '[2024-03-21,)', '民政部'),
('刚性支出困难家庭认定办法', '刚性支出困难家庭认定办法(文号未查得)', '民政部', NULL, '[2025-01-01,)', '民政部'),
('皖特困基本生活标准(2020)', '安徽省特困人员基本生活标准不低于低保标准的1.3倍(2020年11月报道转述)', '安徽省民政厅', NULL, '[2020-11-01,)', '新闻报道 / press, November 2020'),
('皖特困照料护理标准(2022)', '安徽省特困人员照料护理标准(市、乡文件转述)', '安徽省民政厅', NULL, '[2022-07-01,)', '滁州市 2022-08-31 通知等转述 / as quoted by municipal documents'),
('皖最低工资(2015)', '安徽省最低工资标准(皖政办〔2015〕57号)', '安徽省人民政府办公厅', NULL, '[2015-11-01,2018-11-01)', '政策汇编转载 / republished table'),
('皖最低工资(2018)', '安徽省最低工资标准(2018年11月起)', '安徽省人力资源和社会保障厅', NULL, '[2018-11-01,2021-12-01)', '政策汇编转载 / republished table'),
('皖最低工资(2021)', '安徽省最低工资标准(2021年12月起,未核对来源)', '安徽省人力资源和社会保障厅', NULL, '[2021-12-01,2023-03-01)', '未核对 / not checked against a source'),
('皖最低工资(2023)', '安徽省最低工资标准(2023年3月起)', '安徽省人力资源和社会保障厅', NULL, '[2023-03-01,)', '政策汇编转载 / republished table'),
('示例文书', '示例文书格式,仅供演示,以省里规定的格式为准 / illustrative forms; those that a province prescribes go before', 'aidcase', NULL, '[2000-01-01,)', NULL);

INSERT INTO aidcase.policy_parameter (name, area_code, programme, variant, valid, value, divisor,
                                      article, document_id, illustrative)
SELECT v.name, v.area_code, v.programme, v.variant, v.valid::daterange, v.value, v.divisor, v.article,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = v.doc_no), v.illustrative
  FROM (VALUES
    -- who is a dibao-marginal family
    ('marginal_multiple', '0', NULL, NULL, '[2021-07-01,)', 1.5, 1, '低保边缘家庭规定', '民发〔2021〕57号', false),
    -- who is of age
    ('minor_below', '0', 'dibao', NULL, '[2021-01-01,)', 18, 1, '第十七条', '民法典', false),
    -- tekun: no work ability
    ('aged_from',          '0', 'tekun', NULL, '[2021-07-01,)', 60, 1, '第五条', '民发〔2021〕43号', false),
    ('minor_below',        '0', 'tekun', NULL, '[2021-07-01,)', 16, 1, '第五条', '民发〔2021〕43号', false),
    ('lost_ability_level', '0', 'tekun', 'intellectual', '[2021-07-01,)', 3, 1, '第五条', '民发〔2021〕43号', false),
    ('lost_ability_level', '0', 'tekun', 'mental',       '[2021-07-01,)', 3, 1, '第五条', '民发〔2021〕43号', false),
    ('lost_ability_level', '0', 'tekun', 'limb',         '[2021-07-01,)', 2, 1, '第五条', '民发〔2021〕43号', false),
    ('lost_ability_level', '0', 'tekun', 'sight',        '[2021-07-01,)', 1, 1, '第五条', '民发〔2021〕43号', false),
    -- an obligor of 70, or severely disabled, below last year's disposable income
    ('obligor_income_multiple', '0', NULL, NULL, '[2021-07-01,)', 1, 1, '第八条', '民发〔2021〕43号', false),
    -- who may apply alone in a marginal family
    ('single_disability_level', '0', NULL, 'sight',        '[2021-07-01,)', 2, 1, '单独提出申请规定', '民发〔2021〕57号', false),
    ('single_disability_level', '0', NULL, 'hearing',      '[2021-07-01,)', 2, 1, '单独提出申请规定', '民发〔2021〕57号', false),
    ('single_disability_level', '0', NULL, 'speech',       '[2021-07-01,)', 2, 1, '单独提出申请规定', '民发〔2021〕57号', false),
    ('single_disability_level', '0', NULL, 'limb',         '[2021-07-01,)', 2, 1, '单独提出申请规定', '民发〔2021〕57号', false),
    ('single_disability_level', '0', NULL, 'multiple',     '[2021-07-01,)', 2, 1, '单独提出申请规定', '民发〔2021〕57号', false),
    ('single_disability_level', '0', NULL, 'intellectual', '[2021-07-01,)', 3, 1, '单独提出申请规定', '民发〔2021〕57号', false),
    ('single_disability_level', '0', NULL, 'mental',       '[2021-07-01,)', 3, 1, '单独提出申请规定', '民发〔2021〕57号', false),
    -- tekun: amounts in Anhui
    ('minimum_wage', '340705', NULL, NULL, '[2015-11-01,2018-11-01)', 1350, 1, '二档', '皖最低工资(2015)', false),
    ('minimum_wage', '340705', NULL, NULL, '[2018-11-01,2021-12-01)', 1550, 1, '一档', '皖最低工资(2018)', false),
    ('minimum_wage', '340705', NULL, NULL, '[2021-12-01,2023-03-01)', 1650, 1, '一档', '皖最低工资(2021)', true),
    ('minimum_wage', '340705', NULL, NULL, '[2023-03-01,)',           2060, 1, '一档', '皖最低工资(2023)', false),
    -- benefits begin in the month after the decision
    ('benefit_start_months', '0', 'dibao', NULL, '[2021-07-01,)', 1, 1, '第二十一条', '民发〔2021〕57号', false),
    ('benefit_start_months', '0', 'tekun', NULL, '[2021-07-01,)', 1, 1, '救助供养起始月份规定', '民发〔2021〕43号', false),
    -- reviews: half-yearly where somebody is able to work and income varies
    ('review_months', '0', NULL, 'stable',  '[2021-07-01,)', 12, 1, '第三十一条', '民发〔2021〕57号', false),
    ('review_months', '0', NULL, 'varying', '[2021-07-01,)',  6, 1, '第三十一条', '民发〔2021〕57号', false),
    -- time limits
    ('decision_workdays',           '0', NULL, NULL, '[2021-07-01,)', 30, 1, '第二十二条', '民发〔2021〕57号', false),
    ('decision_delegated_workdays', '0', NULL, NULL, '[2021-07-01,)', 20, 1, '第二十二条', '民发〔2021〕57号', false),
    ('decision_contested_workdays', '0', NULL, NULL, '[2021-07-01,)', 45, 1, '第二十二条', '民发〔2021〕57号', false),
    ('refusal_notice_workdays',     '0', NULL, NULL, '[2021-07-01,)',  3, 1, '第二十一条', '民发〔2021〕57号', false),
    ('self_care_workdays',          '0', NULL, NULL, '[2021-07-01,)', 10, 1, '第二十三条', '民发〔2021〕43号', false),
    ('investigation_workdays',      '0', NULL, NULL, '[2021-07-01,)',  3, 1, '第十五条', '民发〔2021〕57号', false),
    ('county_check_workdays',       '0', NULL, NULL, '[2021-07-01,)',  3, 1, '第十七条', '民发〔2021〕57号', false),
    ('county_opinion_workdays',     '0', NULL, NULL, '[2021-07-01,)', 10, 1, '第二十条', '民发〔2021〕57号', false),
    ('tekun_investigation_workdays', '0', NULL, NULL, '[2021-07-01,)', 15, 1, '调查核实规定', '民发〔2021〕43号', false),
    ('tekun_decision_workdays',     '0', NULL, NULL, '[2021-07-01,)', 15, 1, '审核确认规定', '民发〔2021〕43号', false),
    ('tekun_objection_workdays',    '0', NULL, NULL, '[2021-07-01,)', 15, 1, '公示异议规定', '民发〔2021〕43号', false),
    ('death_recheck_months',        '0', NULL, NULL, '[2022-10-20,)',  3, 1, '成员死亡核查规定', '民发〔2022〕83号', false),
    ('petition_request_days',       '0', NULL, NULL, '[2022-05-01,)', 30, 1, '第三十五条、第三十六条', '信访工作条例', false),
    ('petition_accept_days',        '0', NULL, NULL, '[2022-05-01,)', 15, 1, '第二十二条、第二十三条', '信访工作条例', false),
    ('petition_close_days',         '0', NULL, NULL, '[2022-05-01,)', 60, 1, '第三十四条', '信访工作条例', false),
    ('petition_extension_days',     '0', NULL, NULL, '[2022-05-01,)', 30, 1, '第三十四条', '信访工作条例', false),
    ('petition_review_days',        '0', NULL, NULL, '[2022-05-01,)', 30, 1, '第三十五条、第三十六条', '信访工作条例', false),
    -- publicity, visits, payment
    ('publicity_days',            '0', NULL, NULL, '[2021-07-01,)', 7, 1, '第十九条', '民发〔2021〕57号', false),
    ('publicity_before_decision', '0', NULL, NULL, '[2021-07-01,)', 1, 1, '第十九条', '民发〔2021〕57号', false),
    ('spot_check_rate', '0', 'dibao', NULL, '[2012-12-12,2021-07-01)', 30, 100, '第二十六条', '民发〔2012〕220号', false),
    ('spot_check_rate', '0', 'tekun', NULL, '[2021-07-01,)',           30, 100, '第十六条', '民发〔2021〕43号', false),
    ('pay_day_of_month', '0', 'dibao', NULL, '[2012-12-12,2021-07-01)', 10, 1, '发放规定', '民发〔2012〕220号', false),
    ('gradual_exit_months', '0', NULL, NULL, '[2022-10-20,)', 6, 1, '渐退期规定', '民发〔2022〕83号', false)
  ) AS v (name, area_code, programme, variant, valid, value, divisor, article, doc_no, illustrative);

-- Derived where no amount is published: the standard of tekun from the dibao
-- standard; care from the minimum wage at the end of the year before, the
-- amount for self-care not above the nursing subsidy of the severely disabled.
-- Published amounts agree with rounding up to whole yuan.
INSERT INTO aidcase.policy_parameter (name, area_code, programme, variant, valid, value, divisor, reference,
                                      of_name, of_programme, of_variant, round_mode, round_step, cap_name, article, document_id)
SELECT v.name, '340000', 'tekun', v.variant, v.valid::daterange, v.value, v.divisor, v.reference,
       v.of_name, CASE v.of_name WHEN 'dibao_standard' THEN 'dibao' END, v.of_variant, 'up', 1, v.cap_name, NULL,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = v.doc_no)
  FROM (VALUES
    ('tekun_standard', 'urban', '[2020-11-01,)', 13, 10, 'same_date', 'dibao_standard', 'urban', NULL, '皖特困基本生活标准(2020)'),
    ('tekun_standard', 'rural', '[2020-11-01,)', 13, 10, 'same_date', 'dibao_standard', 'rural', NULL, '皖特困基本生活标准(2020)'),
    ('care_standard', 'full_care/centralised', '[2022-07-01,)', 50, 100, 'end_of_previous_year', 'minimum_wage', NULL, NULL, '皖特困照料护理标准(2022)'),
    ('care_standard', 'half_care/centralised', '[2022-07-01,)', 30, 100, 'end_of_previous_year', 'minimum_wage', NULL, NULL, '皖特困照料护理标准(2022)'),
    ('care_standard', 'self_care/centralised', '[2022-07-01,)',  4, 100, 'end_of_previous_year', 'minimum_wage', NULL, 'nursing_subsidy', '皖特困照料护理标准(2022)'),
    ('care_standard', 'full_care/dispersed',   '[2022-07-01,)', 35, 100, 'end_of_previous_year', 'minimum_wage', NULL, NULL, '皖特困照料护理标准(2022)'),
    ('care_standard', 'half_care/dispersed',   '[2022-07-01,)', 20, 100, 'end_of_previous_year', 'minimum_wage', NULL, NULL, '皖特困照料护理标准(2022)'),
    ('care_standard', 'self_care/dispersed',   '[2022-07-01,)',  3, 100, 'end_of_previous_year', 'minimum_wage', NULL, 'nursing_subsidy', '皖特困照料护理标准(2022)')
  ) AS v (name, variant, valid, value, divisor, reference, of_name, of_variant, cap_name, doc_no);

-- Income that counts and income that never does.  The exemption of the
-- residents' basic pension is for the years 2021 to 2025; before and after it
-- is a transfer income like others.
INSERT INTO aidcase.income_rule (income_kind, area_code, valid, counted_share, article, document_id, illustrative)
SELECT v.income_kind, '0', v.valid::daterange, v.counted_share, '第十三条',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '民发〔2021〕57号'), false
  FROM (VALUES
    ('wage',                     '[2021-07-01,)', 1),
    ('casual_work',              '[2021-07-01,)', 1),
    ('imputed_work',             '[2021-07-01,)', 1),
    ('business',                 '[2021-07-01,)', 1),
    ('farming',                  '[2021-07-01,)', 1),
    ('interest',                 '[2021-07-01,)', 1),
    ('dividend',                 '[2021-07-01,)', 1),
    ('insurance_return',         '[2021-07-01,)', 1),
    ('land_transfer',            '[2021-07-01,)', 1),
    ('rent',                     '[2021-07-01,)', 1),
    ('property_other',           '[2021-07-01,)', 1),
    ('pension',                  '[2021-07-01,)', 1),
    ('basic_pension',            '[2021-07-01,2026-01-01)', 0),
    ('basic_pension',            '[2026-01-01,)', 1),
    ('resident_account_pension', '[2021-07-01,)', 1),
    ('unemployment_benefit',     '[2021-07-01,)', 1),
    ('survivor_benefit',         '[2021-07-01,)', 1),
    ('compensation',             '[2021-07-01,)', 1),
    ('support_received',         '[2021-07-01,)', 1),
    ('gift',                     '[2021-07-01,)', 1),
    ('transfer_other',           '[2021-07-01,)', 1),
    ('other',                    '[2021-07-01,)', 1),
    ('preferential_pension',     '[2021-07-01,)', 0),
    ('family_planning_reward',   '[2021-07-01,)', 0),
    ('scholarship',              '[2021-07-01,)', 0),
    ('courage_award',            '[2021-07-01,)', 0),
    ('social_assistance',        '[2021-07-01,)', 0)
  ) AS v (income_kind, valid, counted_share);

-- Programmes, and the levels of care.
INSERT INTO aidcase.programme_rule (programme, area_code, valid, document_id)
SELECT v.programme, '0', v.valid::daterange,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = v.doc_no)
  FROM (VALUES ('dibao',           '[2014-05-01,)', '国务院令第649号'),
               ('tekun',           '[2014-05-01,)', '国务院令第649号'),
               ('temp_assistance', '[2014-05-01,)', '国务院令第649号'),
               ('low_income',      '[2014-05-01,)', '国务院令第649号')) AS v (programme, valid, doc_no);
INSERT INTO aidcase.care_level_rule (care_level, unmet_from, unmet_to, area_code, valid, article, document_id)
SELECT v.care_level, v.unmet_from, v.unmet_to, '0', '[2021-07-01,)', '第二十一条、第二十二条',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '民发〔2021〕43号')
  FROM (VALUES ('self_care', 0, 0), ('half_care', 1, 3), ('full_care', 4, 6)) AS v (care_level, unmet_from, unmet_to);

-- What is tested of property, against limits that the places set, and that an
-- emergency is aided within a range; a place may have tests and rules of its own.
INSERT INTO aidcase.property_test (programme, test, area_code, valid, property_kinds, measure, parameter,
                                   refusal_reason, sort, article, document_id)
SELECT g.programme, v.test, '0', '[2014-05-01,)', v.kinds::text[], v.measure, v.parameter,
       CASE WHEN g.programme = 'tekun' THEN 'tekun_property_over_limit' ELSE v.reason END, v.sort, '家庭财产状况规定',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '国务院令第649号')
  FROM (VALUES ('financial', '{cash,deposit,securities,fund,insurance,internet_finance,claim}', 'value',
                'financial_assets_limit', 'financial_assets_over_limit', 1),
               ('homes', '{home}', 'quantity', 'homes_limit', 'homes_over_limit', 2),
               ('non_residential', '{non_residential}', 'quantity', 'non_residential_limit', 'non_residential_over_limit', 3),
               ('vehicles', '{vehicle,ship,machinery}', 'quantity', 'vehicles_limit', 'vehicles_over_limit', 4))
       AS v (test, kinds, measure, parameter, reason, sort)
 CROSS JOIN (VALUES (NULL), ('tekun')) AS g (programme);
INSERT INTO aidcase.temp_rule (temp_type, method, area_code, valid, article, document_id)
SELECT 'emergency', 'range', '0', '[2014-05-01,)', '第四十七条',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '国务院令第649号');

-- What may be deducted.
INSERT INTO aidcase.expense_rule (expense_kind, use, area_code, valid, article, document_id)
SELECT v.expense_kind, 'deduct', '0', '[2021-07-01,)', '第十三条',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '民发〔2021〕57号')
  FROM (VALUES ('medical_self_paid'), ('disability_rehabilitation'), ('nursing_care'),
               ('social_insurance'), ('tax'), ('support_paid')) AS v (expense_kind);

-- Which obligors are unable to perform.
INSERT INTO aidcase.obligor_rule (obligor_state, able, owes, below, base, low_property, area_code, valid, article, document_id)
SELECT v.obligor_state, false, false, v.below, v.base, v.low_property, '0', v.valid::daterange, v.article,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = v.doc_no)
  FROM (VALUES
    ('tekun',             NULL, NULL, false, '[2021-07-01,)', '第八条', '民发〔2021〕43号'),
    ('dibao_aged',        NULL, NULL, false, '[2021-07-01,)', '第八条', '民发〔2021〕43号'),
    ('aged_70',           'obligor_income_multiple', 'disposable_income', true, '[2021-07-01,)', '第八条', '民发〔2021〕43号'),
    ('severe_disability', 'obligor_income_multiple', 'disposable_income', true, '[2021-07-01,)', '第八条', '民发〔2021〕43号'),
    ('no_capacity',       NULL, NULL, true,  '[2021-07-01,)', '第八条', '民发〔2021〕43号'),
    ('missing',           NULL, NULL, true,  '[2021-07-01,)', '第八条', '民发〔2021〕43号'),
    ('prison',            NULL, NULL, true,  '[2021-07-01,)', '第八条', '民发〔2021〕43号'),
    ('minor',             NULL, NULL, false, '[2021-01-01,)', '第二十六条', '民法典')
  ) AS v (obligor_state, below, base, low_property, valid, article, doc_no);

-- Who counts, and who may apply alone.
INSERT INTO aidcase.member_rule (situation, counts, after_months, area_code, valid, article, document_id)
SELECT v.situation, v.counts, v.after_months, '0', v.valid::daterange, v.article,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = v.doc_no)
  FROM (VALUES
    ('student',              true,   0, '[2021-07-01,)', '共同生活的家庭成员规定', '民发〔2021〕57号'),
    ('prison',               false,  0, '[2021-07-01,)', '共同生活的家庭成员规定', '民发〔2021〕57号'),
    ('compulsory_isolation', false,  0, '[2021-07-01,)', '共同生活的家庭成员规定', '民发〔2021〕57号'),
    ('missing',              false,  0, '[2021-07-01,)', '共同生活的家庭成员规定', '民发〔2021〕57号'),
    ('clergy_away',          false, 36, '[2021-07-01,)', '共同生活的家庭成员规定', '民发〔2021〕57号'),
    ('departed',             false,  0, '[2014-05-01,)', '家庭人口状况变化规定', '国务院令第649号'),
    ('deceased',             false,  0, '[2014-05-01,)', '家庭人口状况变化规定', '国务院令第649号')
  ) AS v (situation, counts, after_months, valid, article, doc_no);
INSERT INTO aidcase.single_person_rule (programme, household, area_code, valid, article, document_id)
SELECT 'tekun', 'own', '0', '[2021-07-01,)', '第四条', d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '民发〔2021〕43号';
INSERT INTO aidcase.single_person_rule (household, person_group, situation, after_months, no_work_income, variant, area_code, valid, article, document_id)
SELECT v.household, v.person_group, v.situation, v.after_months, v.no_work_income, v.variant, '0', v.valid::daterange, v.article,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = v.doc_no)
  FROM (VALUES
    ('marginal', 'single_disability',       NULL,           0, false, 'disability', '[2021-07-01,)', '单独提出申请规定', '民发〔2021〕57号'),
    ('marginal', 'single_illness',          NULL,           0, false, 'illness',    '[2021-07-01,)', '单独提出申请规定', '民发〔2021〕57号'),
    ('own',      NULL,                      'clergy_away', 36, false, NULL,         '[2021-07-01,)', '单独提出申请规定', '民发〔2021〕57号'),
    ('own',      'adult_severe_disability', NULL,           0, true,  NULL,         '[2022-10-20,)', '成年无业重度残疾人规定', '民发〔2022〕83号')
  ) AS v (household, person_group, situation, after_months, no_work_income, variant, valid, article, doc_no);

-- Kinship: who has to be filed, and who has to withdraw.
INSERT INTO aidcase.kin_rule_set (effect, valid, relations, after_death, max_hops, document_id, article)
SELECT v.effect, v.valid::daterange, v.relations::text[], v.after_death, 3,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = v.doc_no), v.article
  FROM (VALUES
    ('filing_duty', '[2012-12-12,2021-01-01)', '{spouse,parent,child,sibling,grandparent,grandchild}', false,
     '民发〔2012〕220号', '第十四条'),
    ('filing_duty', '[2021-01-01,)', '{spouse,parent,child,sibling,grandparent,grandchild}', false,
     '民法典', '第一千零四十五条'),
    ('recusal', '[2019-06-01,)', '{spouse,parent,child,grandparent,grandchild,ancestor,descendant,sibling,uncle_aunt,'
                                 'nephew_niece,cousin,parent_in_law,child_in_law,sibling_in_law,co_parent_in_law}', true,
     '公务员法', '第七十四条、第七十六条'))
       AS v (effect, valid, relations, after_death, doc_no, article);

-- How long a decision can be contested, as the papers say it; not checked
-- against the texts of the laws.
INSERT INTO aidcase.policy_parameter (name, area_code, valid, value, document_id, illustrative)
SELECT v.name, '0', '[2019-01-01,)', v.value, (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例文书'), true
  FROM (VALUES ('reconsideration_days', 60), ('lawsuit_months', 6)) AS v (name, value);

-- forms: 0 [2019-01-01,) 示例文书
