/*
 * Rules of another shape, to show that none is in the code: what provinces
 * and cities elsewhere do, put together for an area of the northeast and all
 * marked illustrative.  The formulas are those that were seen there (the
 * article names the place); amounts that none published are made up.  Load it
 * with pack national, not with tongguan: nothing of it is in force anywhere.
 *
 * Different from tongguan: the gap per person in whole yuan, at least 20 % of
 * the standard; add-ons in yuan per head, urban and rural apart, that add up;
 * imputed work income; support beyond twice the standard at a quarter; assets
 * by years of income, a cap on the value of a vehicle; published tekun
 * standards, care by thirds of the wage; temporary assistance by months of the
 * standard and by bands of self-paid expense; rigid-expense families.
 */
INSERT INTO aidcase.policy_document (doc_no, title, issued_by, issued_on, in_force, source)
VALUES ('示例外省', '外省做法汇编示例,任何地方均未施行 / practice of other provinces put together, in force nowhere',
        'aidcase', NULL, '[2000-01-01,)', '各地公开规定,见条款 / rules published elsewhere, see the article');

INSERT INTO aidcase.policy_parameter (name, area_code, programme, variant, valid, value, divisor, article, document_id, illustrative)
SELECT v.name, '230000', v.programme, v.variant,
       -- last year's is asked for
       CASE v.name WHEN 'minimum_wage' THEN '[2020-01-01,)' ELSE '[2021-01-01,)' END::daterange, v.value, v.divisor, v.article, d.document_id, true
  FROM (VALUES
    ('dibao_standard', NULL, 'urban', 640, 1, NULL),
    ('dibao_standard', NULL, 'rural', 4260, 12, '农村标准按年 / rural standard by the year'),
    ('floor_share',    NULL, 'person', 20, 100, '南京'),
    ('support_threshold_multiple', NULL, NULL, 2, 1, '盐亭'),
    ('support_rate',   NULL, 'any_children', 25, 100, '盐亭'),
    ('imputed_share',  NULL, 'full', 1, 1, '佛山'),
    ('imputed_share',  NULL, 'half', 50, 100, '佛山'),
    ('minimum_wage',   NULL, NULL, 1450, 1, NULL),
    ('financial_assets_limit', NULL, NULL, 36, 1, '广西'),
    ('homes_limit',    NULL, NULL, 2, 1, '广东'),
    ('vehicle_value_limit', NULL, NULL, 30000, 1, '重庆等'),
    ('business_capital_limit', NULL, NULL, 100000, 1, '广东'),
    ('tekun_standard', 'tekun', 'urban', 940, 1, NULL),
    ('tekun_standard', 'tekun', 'rural', 565, 1, NULL),
    ('aged_from',      'dibao', NULL, 60, 1, NULL),
    ('aged_from',      'dibao', '70', 70, 1, '吉林'),
    ('minor_below',    'dibao', NULL, 18, 1, NULL),
    ('severe_disability_level', 'dibao', 'sight', 2, 1, NULL),
    ('severe_disability_level', 'dibao', 'hearing', 2, 1, NULL),
    ('severe_disability_level', 'dibao', 'limb', 2, 1, NULL),
    ('severe_disability_level', 'dibao', 'intellectual', 3, 1, NULL),
    ('severe_disability_level', 'dibao', 'mental', 3, 1, NULL),
    ('single_person_share', 'dibao', 'illness', 1, 1, '沈阳'),
    ('single_person_share', 'dibao', 'disability', 50, 100, '沈阳'),
    ('rigid_expense_share', NULL, NULL, 60, 100, NULL),
    ('benefit_start_months', 'low_income', NULL, 1, 1, NULL),
    ('benefit_start_months', 'rigid_expense', NULL, 1, 1, NULL),
    ('benefit_start_months', 'temp_assistance', NULL, 0, 1, NULL),
    ('temp_months_min', 'temp_assistance', 'dibao', 2, 1, '长沙'),
    ('temp_months_max', 'temp_assistance', 'dibao', 5, 1, '长沙'),
    ('temp_months_min', 'temp_assistance', 'others', 1, 1, '长沙'),
    ('temp_months_max', 'temp_assistance', 'others', 4, 1, '长沙'),
    ('temp_threshold',  'temp_assistance', 'dibao', 2000, 1, '二七区'),
    ('temp_threshold',  'temp_assistance', 'others', 5000, 1, '二七区'),
    ('temp_cap',        'temp_assistance', 'dibao', 5000, 1, '二七区'),
    ('temp_cap',        'temp_assistance', 'others', 5000, 1, '二七区'),
    ('change_effect_months', NULL, NULL, 1, 1, NULL),
    ('stop_effect_months',   NULL, NULL, 1, 1, NULL),
    ('death_effect_months',  NULL, NULL, 1, 1, NULL)
  ) AS v (name, programme, variant, value, divisor, article)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
-- the statistic of a year is used in the next one
INSERT INTO aidcase.policy_parameter (name, area_code, variant, valid, value, reference, document_id, illustrative)
SELECT 'disposable_income', '230000', v.variant, '[2020-01-01,)', v.value, 'previous_year', d.document_id, true
  FROM (VALUES ('urban', 31115), ('rural', 16168)) AS v (variant, value)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
-- care: a third, a sixth, a tenth of last year's minimum wage, to 0.01 yuan
INSERT INTO aidcase.policy_parameter (name, area_code, programme, variant, valid, value, divisor, reference, of_name,
                                      round_mode, round_step, article, document_id, illustrative)
SELECT 'care_standard', '230000', 'tekun', l.care_level || '/' || m.mode, '[2021-01-01,)', 1, l.divisor, 'end_of_previous_year',
       'minimum_wage', 'half_up', 0.01, '长沙等', d.document_id, true
  FROM (VALUES ('full_care', 3), ('half_care', 6), ('self_care', 10)) AS l (care_level, divisor)
 CROSS JOIN (VALUES ('centralised'), ('dispersed')) AS m (mode)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';

INSERT INTO aidcase.rounding_rule (programme, component, area_code, mode, valid, article, document_id, illustrative)
SELECT v.programme, 'base', '230000', v.mode, '[2021-01-01,)', v.article, d.document_id, true
  FROM (VALUES ('dibao', 'per_person_whole_yuan_gap', NULL), ('tekun', 'exact', NULL)) AS v (programme, mode, article)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.member_rule (situation, counts, after_months, area_code, valid, document_id, illustrative)
SELECT v.situation, v.counts, v.after_months, '230000', '[2021-01-01,)', d.document_id, true
  FROM (VALUES ('conscript', true, 0), ('student', false, 48)) AS v (situation, counts, after_months)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.obligor_rule (obligor_state, able, owes, below, base, low_property, area_code, valid, document_id, illustrative)
SELECT v.obligor_state, v.able, v.owes, v.below, v.base, v.low_property, '230000', '[2021-01-01,)', d.document_id, true
  FROM (VALUES ('low_income', false, false, 'support_threshold_multiple', 'dibao_standard', false),
               ('prison',     false, true,  NULL, NULL, false)) AS v (obligor_state, able, owes, below, base, low_property)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.addon_rule (programme, addon_group, area_code, valid, amount, residence, article, document_id, illustrative)
SELECT 'dibao', v.addon_group, '230000', '[2021-01-01,)', v.amount, v.residence, '林口', d.document_id, true
  FROM (VALUES ('aged_70', 60.50, 'urban'), ('aged_70', 40, 'rural'), ('minor', 50, 'urban'), ('minor', 30, 'rural'),
               ('severe_disability', 90, 'urban'), ('severe_disability', 70, 'rural'),
               ('serious_illness', 120, 'urban'), ('serious_illness', 80, 'rural')) AS v (addon_group, amount, residence)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.addon_stacking (programme, area_code, valid, mode, document_id, illustrative)
SELECT 'dibao', '230000', '[2021-01-01,)', 'sum', d.document_id, true
  FROM aidcase.policy_document AS d WHERE d.doc_no = '示例外省';
INSERT INTO aidcase.support_rule (counted_relations, payers_from, payers_below, variant, area_code, valid, article, document_id, illustrative)
SELECT '{child}', 0, NULL, 'any_children', '230000', '[2021-01-01,)', '盐亭', d.document_id, true
  FROM aidcase.policy_document AS d WHERE d.doc_no = '示例外省';
INSERT INTO aidcase.imputed_rule (sex, age_from, age_below, work_ability, base, variant, area_code, valid, article, document_id, illustrative)
SELECT v.sex, v.age_from, v.age_below, 'able', 'minimum_wage', v.variant, '230000', '[2021-01-01,)', '佛山', d.document_id, true
  FROM (VALUES ('male', 18, 51, 'full'), ('female', 18, 46, 'full'),
               ('male', 51, 61, 'half'), ('female', 46, 56, 'half')) AS v (sex, age_from, age_below, variant)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.property_test (programme, test, area_code, valid, property_kinds, measure, parameter, refusal_reason, sort,
                                   article, document_id, illustrative)
SELECT NULL, v.test, '230000', '[2021-01-01,)', v.kinds::text[], v.measure, v.parameter, v.reason, v.sort, v.article, d.document_id, true
  FROM (VALUES ('financial', '{cash,deposit,securities,fund,insurance,internet_finance,claim}', 'value', 'financial_assets_limit',
                'financial_assets_over_limit', 1, '广西'),
               ('homes', '{home}', 'quantity', 'homes_limit', 'homes_over_limit', 2, '广东'),
               ('vehicle_value', '{vehicle,machinery}', 'value', 'vehicle_value_limit', 'vehicles_over_limit', 3, '重庆等'),
               ('business', '{business_share}', 'value', 'business_capital_limit', 'business_over_limit', 4, '广东'))
       AS v (test, kinds, measure, parameter, reason, sort, article)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.programme_rule (programme, area_code, valid, document_id, illustrative)
SELECT 'rigid_expense', '230000', '[2021-01-01,)', d.document_id, true
  FROM aidcase.policy_document AS d WHERE d.doc_no = '示例外省';
INSERT INTO aidcase.expense_rule (expense_kind, use, area_code, valid, share, annual_cap, document_id, illustrative)
SELECT v.expense_kind, v.use, '230000', '[2021-01-01,)', v.share, v.cap, d.document_id, true
  FROM (VALUES ('medical_self_paid', 'rigid', 1, NULL), ('disability_rehabilitation', 'rigid', 1, NULL),
               ('education', 'rigid', 1, 8000), ('medical_self_paid', 'temp', 1, NULL)) AS v (expense_kind, use, share, cap)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.temp_rule (temp_type, low_income_class, method, variant, band_set, area_code, valid, article, document_id, illustrative)
SELECT v.temp_type, v.class, v.method, v.variant, v.band_set, '230000', '[2021-01-01,)', v.article, d.document_id, true
  FROM (VALUES ('emergency', NULL, 'months', 'others', NULL, '长沙'),
               ('expense', 'dibao', 'bands', 'dibao', 'medical_dibao', '二七区'),
               ('expense', NULL, 'bands', 'others', 'medical_others', '二七区')) AS v (temp_type, class, method, variant, band_set, article)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.band_rule (band_set, amount_from, amount_to, rate, excess, area_code, valid, article, document_id, illustrative)
SELECT v.band_set, v.amount_from, v.amount_to, v.rate, true, '230000', '[2021-01-01,)', '二七区', d.document_id, true
  FROM (VALUES ('medical_dibao', 2000, NULL::numeric, 0.5), ('medical_others', 5000, NULL, 0.3)) AS v (band_set, amount_from, amount_to, rate)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
INSERT INTO aidcase.authority_tier (programme, area_code, level, valid, bound, measure, per, times_a_year, same_cause_once, article, document_id, illustrative)
SELECT 'temp_assistance', '230000', v.level, '[2021-01-01,)', v.bound, v.measure, 'household', v.times, false, v.article, d.document_id, true
  FROM (VALUES ('below_minimum', 800, 'yuan', NULL, '宁国'), ('unit', 4, 'standard', 2, '宁国'), ('bureau', 20000, 'yuan', 2, '霍山'))
       AS v (level, bound, measure, times, article)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例外省';
