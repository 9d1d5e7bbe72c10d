/*
 * Tongguan District: what the notice 办发〔2021〕15号 lays down, and
 * illustrative values for everything that no source gives.
 *
 * Illustrative values carry illustrative = true and the document 示例参数; a
 * determination that rests on one says so.  They are plausible beside the
 * published values of other cities of Anhui and in force nowhere: a district
 * that uses the register replaces each with set_parameter().  Where national
 * rules begin on 2021-07-01, an illustrative value ends there, because a
 * nearer area's value goes before a wider one's.
 */
INSERT INTO aidcase.policy_document (doc_no, title, issued_by, issued_on, in_force, source)
VALUES
('办发〔2021〕15号', '铜官区社会救助审核确认委托实施方案', '铜官区', '2021-04-02', '[2021-04-02,)',
 '索引号 003101093/202105-00128,2021-05-28 公布 / index number, published on 2021-05-28'),
('示例参数', '示例参数,仅供演示,任何地方均未施行 / illustrative values for demonstration, in force nowhere',
 'aidcase', NULL, '[2000-01-01,)', NULL);

INSERT INTO aidcase.policy_parameter (name, area_code, programme, variant, valid, value, divisor,
                                      article, document_id, illustrative)
SELECT v.name, '340705', v.programme, v.variant, v.valid::daterange, v.value, v.divisor, v.article,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = v.doc_no),
       v.doc_no = '示例参数'
  FROM (VALUES
    -- the notice
    ('decision_clean_workdays',   NULL, NULL, '[2021-04-02,)', 7, 1, '四(三)', '办发〔2021〕15号'),
    ('emergency_hours',           NULL, NULL, '[2021-04-02,)', 24, 1, '四(三)', '办发〔2021〕15号'),
    ('publicity_before_decision', NULL, NULL, '[2021-04-02,)', 0, 1, '四(三)', '办发〔2021〕15号'),
    ('pay_day_of_month',          NULL, NULL, '[2021-04-02,)', 10, 1, '五(二)', '办发〔2021〕15号'),
    ('file_retention_years',      NULL, NULL, '[2021-04-02,)', 5, 1, '六(四)', '办发〔2021〕15号'),

    -- illustrative: the standard
    ('dibao_standard', NULL, 'urban', '[2019-07-01,2020-07-01)', 620, 1, NULL, '示例参数'),
    ('dibao_standard', NULL, 'urban', '[2020-07-01,2021-07-01)', 656, 1, NULL, '示例参数'),
    ('dibao_standard', NULL, 'urban', '[2021-07-01,2022-07-01)', 702, 1, NULL, '示例参数'),
    ('dibao_standard', NULL, 'urban', '[2022-07-01,)',           752, 1, NULL, '示例参数'),
    ('dibao_standard', NULL, 'rural', '[2019-07-01,2020-07-01)', 610, 1, NULL, '示例参数'),
    ('dibao_standard', NULL, 'rural', '[2020-07-01,2021-07-01)', 638, 1, NULL, '示例参数'),
    ('dibao_standard', NULL, 'rural', '[2021-07-01,2022-07-01)', 668, 1, NULL, '示例参数'),
    ('dibao_standard', NULL, 'rural', '[2022-07-01,)',           708, 1, NULL, '示例参数'),

    -- illustrative: income and property
    ('marginal_multiple',          NULL, NULL, '[2019-07-01,2021-07-01)', 1.5, 1, NULL, '示例参数'),
    ('work_cost_share',            NULL, NULL, '[2019-07-01,)', 30, 100, NULL, '示例参数'),
    ('support_threshold_multiple', NULL, NULL, '[2019-07-01,)', 1, 1, NULL, '示例参数'),
    ('support_rate', NULL, 'up_to_two_children',     '[2019-07-01,)', 50, 100, NULL, '示例参数'),
    ('support_rate', NULL, 'three_or_more_children', '[2019-07-01,)', 40, 100, NULL, '示例参数'),
    ('financial_assets_limit', NULL, NULL, '[2019-07-01,)', 24, 1, NULL, '示例参数'),
    ('homes_limit',            NULL, NULL, '[2019-07-01,)', 1, 1, NULL, '示例参数'),
    ('non_residential_limit',  NULL, NULL, '[2019-07-01,)', 0, 1, NULL, '示例参数'),
    ('vehicles_limit',         NULL, NULL, '[2019-07-01,)', 0, 1, NULL, '示例参数'),

    -- illustrative: filings of near relatives
    ('filing_first_days',      NULL, NULL, '[2019-07-01,)', 30, 1, NULL, '示例参数'),
    ('filing_interval_months', NULL, NULL, '[2019-07-01,)', 12, 1, NULL, '示例参数'),

    -- illustrative: groups of persons
    ('aged_from',   'dibao', NULL, '[2019-07-01,)', 60, 1, NULL, '示例参数'),
    ('minor_below', 'dibao', NULL, '[2019-07-01,)', 18, 1, NULL, '示例参数'),
    ('severe_disability_level', 'dibao', 'sight',        '[2019-07-01,)', 2, 1, NULL, '示例参数'),
    ('severe_disability_level', 'dibao', 'hearing',      '[2019-07-01,)', 2, 1, NULL, '示例参数'),
    ('severe_disability_level', 'dibao', 'speech',       '[2019-07-01,)', 2, 1, NULL, '示例参数'),
    ('severe_disability_level', 'dibao', 'limb',         '[2019-07-01,)', 2, 1, NULL, '示例参数'),
    ('severe_disability_level', 'dibao', 'intellectual', '[2019-07-01,)', 3, 1, NULL, '示例参数'),
    ('severe_disability_level', 'dibao', 'mental',       '[2019-07-01,)', 3, 1, NULL, '示例参数'),
    ('severe_disability_level', 'dibao', 'multiple',     '[2019-07-01,)', 2, 1, NULL, '示例参数'),

    -- illustrative until the Tekun Measures of 2021, with their values
    ('aged_from',          'tekun', NULL, '[2019-07-01,2021-07-01)', 60, 1, NULL, '示例参数'),
    ('minor_below',        'tekun', NULL, '[2019-07-01,2021-07-01)', 16, 1, NULL, '示例参数'),
    ('lost_ability_level', 'tekun', 'intellectual', '[2019-07-01,2021-07-01)', 3, 1, NULL, '示例参数'),
    ('lost_ability_level', 'tekun', 'mental',       '[2019-07-01,2021-07-01)', 3, 1, NULL, '示例参数'),
    ('lost_ability_level', 'tekun', 'limb',         '[2019-07-01,2021-07-01)', 2, 1, NULL, '示例参数'),
    ('lost_ability_level', 'tekun', 'sight',        '[2019-07-01,2021-07-01)', 1, 1, NULL, '示例参数'),

    -- illustrative: rigid-expense families, from the year of their Measures on
    ('benefit_start_months', 'rigid_expense', NULL, '[2025-01-01,)', 1, 1, NULL, '示例参数'),
    ('rigid_expense_share',  'rigid_expense', NULL, '[2025-01-01,)', 60, 100, NULL, '示例参数'),
    ('disposable_income', NULL, 'urban', '[2024-01-01,)', 45000, 1, NULL, '示例参数'),
    ('disposable_income', NULL, 'rural', '[2024-01-01,)', 22000, 1, NULL, '示例参数'),

    -- illustrative: single-person cases, as a Jiangsu city has them
    ('single_person_share', 'dibao', 'illness',    '[2021-07-01,)', 100, 100, NULL, '示例参数'),
    ('single_person_share', 'dibao', 'disability', '[2021-07-01,)',  65, 100, NULL, '示例参数'),

    -- illustrative: temporary assistance

    ('nursing_subsidy',      NULL, NULL, '[2019-07-01,)', 60, 1, NULL, '示例参数'),

    -- illustrative: gradual exit, reassessment, changes in a household
    ('gradual_exit_share', 'dibao', '1', '[2019-07-01,)', 1, 1, NULL, '示例参数'),
    ('gradual_exit_share', 'dibao', '4', '[2019-07-01,)', 50, 100, NULL, '示例参数'),
    ('reassess_manual',      NULL, NULL, '[2019-07-01,)', 0, 1, NULL, '示例参数'),
    ('event_review_months',  NULL, NULL, '[2019-07-01,)', 3, 1, NULL, '示例参数'),

    -- illustrative: months of benefit
    ('benefit_start_months', 'dibao',           NULL, '[2019-07-01,2021-07-01)', 1, 1, NULL, '示例参数'),
    ('benefit_start_months', 'tekun',           NULL, '[2019-07-01,2021-07-01)', 1, 1, NULL, '示例参数'),
    ('benefit_start_months', 'low_income',      NULL, '[2019-07-01,)', 1, 1, NULL, '示例参数'),
    ('benefit_start_months', 'temp_assistance', NULL, '[2019-07-01,)', 0, 1, NULL, '示例参数'),

    -- illustrative: procedure
    ('decision_delegated_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 20, 1, NULL, '示例参数'),
    ('decision_workdays',           NULL, NULL, '[2019-07-01,2021-07-01)', 30, 1, NULL, '示例参数'),
    ('refusal_notice_workdays',     NULL, NULL, '[2019-07-01,2021-07-01)', 3, 1, NULL, '示例参数'),
    ('emergency_papers_workdays',   NULL, NULL, '[2019-07-01,)', 20, 1, NULL, '示例参数'),
    ('concentration_cases',         NULL, NULL, '[2019-07-01,)', 3, 1, NULL, '示例参数'),
    ('bureau_visit_before_decision', NULL, NULL, '[2019-07-01,)', 0, 1, NULL, '示例参数'),
    ('review_months',               NULL, 'stable',  '[2019-07-01,2021-07-01)', 12, 1, NULL, '示例参数'),
    ('review_months',               NULL, 'varying', '[2019-07-01,2021-07-01)',  6, 1, NULL, '示例参数'),
    ('publicity_days',              NULL, NULL, '[2019-07-01,2021-07-01)', 7, 1, NULL, '示例参数'),
    ('payment_waits_for_publicity', NULL, NULL, '[2019-07-01,)', 0, 1, NULL, '示例参数'),
    ('investigation_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 3, 1, NULL, '示例参数'),
    ('county_check_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 3, 1, NULL, '示例参数'),
    ('county_opinion_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 10, 1, NULL, '示例参数'),
    ('decision_contested_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 45, 1, NULL, '示例参数'),
    ('tekun_investigation_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 15, 1, NULL, '示例参数'),
    ('tekun_decision_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 15, 1, NULL, '示例参数'),
    ('tekun_objection_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 15, 1, NULL, '示例参数'),
    ('self_care_workdays', NULL, NULL, '[2019-07-01,2021-07-01)', 10, 1, NULL, '示例参数'),
    ('gradual_exit_months', NULL, NULL, '[2019-07-01,2022-10-20)', 6, 1, NULL, '示例参数'),
    ('public_minimum_cell', NULL, NULL, '[2019-07-01,)', 3, 1, NULL, '示例参数'),
    ('death_recheck_months', NULL, NULL, '[2019-07-01,2022-10-20)', 3, 1, NULL, '示例参数'),
    ('petition_accept_days', NULL, NULL, '[2019-07-01,2022-05-01)', 15, 1, NULL, '示例参数'),
    ('petition_close_days', NULL, NULL, '[2019-07-01,2022-05-01)', 60, 1, NULL, '示例参数'),
    ('petition_extension_days', NULL, NULL, '[2019-07-01,2022-05-01)', 30, 1, NULL, '示例参数'),
    ('petition_request_days', NULL, NULL, '[2019-07-01,2022-05-01)', 30, 1, NULL, '示例参数'),
    ('petition_review_days', NULL, NULL, '[2019-07-01,2022-05-01)', 30, 1, NULL, '示例参数'),
    ('lead_workdays',               NULL, NULL, '[2019-07-01,)', 10, 1, NULL, '示例参数'),
    ('submission_again_workdays',   NULL, NULL, '[2019-07-01,)', 3, 1, NULL, '示例参数'),
    ('reserve_settle_days',         NULL, NULL, '[2019-07-01,)', 30, 1, NULL, '示例参数'),
    ('quorum_members',              NULL, NULL, '[2019-07-01,)', 3, 1, NULL, '示例参数'),
    ('spot_check_rate',             NULL, NULL, '[2019-07-01,)', 30, 100, NULL, '示例参数'),
    ('delegation_watch_rate',       NULL, NULL, '[2019-07-01,)', 5, 100, NULL, '示例参数'),
    ('delegation_suspension_rate',  NULL, NULL, '[2019-07-01,)', 15, 100, NULL, '示例参数'),
    ('delegation_minimum_wrong',    NULL, NULL, '[2019-07-01,)', 3, 1, NULL, '示例参数'),
    ('spot_check_reserves',         NULL, NULL, '[2019-07-01,)', 3, 1, NULL, '示例参数'),
    ('spot_check_tries',            NULL, NULL, '[2019-07-01,)', 2, 1, NULL, '示例参数'),
    ('corrective_workdays',         NULL, NULL, '[2019-07-01,)', 30, 1, NULL, '示例参数'),
    ('certainty_amount',            NULL, NULL, '[2019-07-01,)', 3000, 1, NULL, '示例参数'),
    ('late_entry_hours',            NULL, NULL, '[2019-07-01,)', 72, 1, NULL, '示例参数'),
    ('paper_entry_days',            NULL, NULL, '[2019-07-01,)', 30, 1, NULL, '示例参数'),
    ('objection_workdays',          NULL, NULL, '[2019-07-01,)', 15, 1, NULL, '示例参数'),
    ('change_effect_months',        NULL, NULL, '[2019-07-01,)', 1, 1, NULL, '示例参数'),
    ('stop_effect_months',          NULL, NULL, '[2019-07-01,)', 1, 1, NULL, '示例参数'),
    ('death_effect_months',         NULL, NULL, '[2019-07-01,)', 1, 1, NULL, '示例参数'),
    -- abolished by the notice, and off
    ('district_approval',            NULL, NULL, '[2021-04-02,)', 0, 1, '四(一)', '办发〔2021〕15号'),
    ('district_cosign',              NULL, NULL, '[2021-04-02,)', 0, 1, '四(一)', '办发〔2021〕15号')
  ) AS v (name, programme, variant, valid, value, divisor, article, doc_no);

-- Derivations before those of the province begin (illustrative, with their
-- values).
INSERT INTO aidcase.policy_parameter (name, area_code, programme, variant, valid, value, divisor, reference,
                                      of_name, of_programme, of_variant, round_mode, round_step, cap_name, document_id, illustrative)
SELECT v.name, '340705', 'tekun', v.variant, v.valid::daterange, v.value, v.divisor, v.reference, v.of_name,
       CASE v.of_name WHEN 'dibao_standard' THEN 'dibao' END, v.of_variant, 'up', 1,
       v.cap_name, (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES
    ('tekun_standard', 'urban', '[2019-07-01,2020-11-01)', 13, 10, 'same_date', 'dibao_standard', 'urban', NULL),
    ('tekun_standard', 'rural', '[2019-07-01,2020-11-01)', 13, 10, 'same_date', 'dibao_standard', 'rural', NULL),
    ('care_standard', 'full_care/centralised', '[2019-07-01,2022-07-01)', 50, 100, 'end_of_previous_year', 'minimum_wage', NULL, NULL),
    ('care_standard', 'half_care/centralised', '[2019-07-01,2022-07-01)', 30, 100, 'end_of_previous_year', 'minimum_wage', NULL, NULL),
    ('care_standard', 'self_care/centralised', '[2019-07-01,2022-07-01)',  4, 100, 'end_of_previous_year', 'minimum_wage', NULL, 'nursing_subsidy'),
    ('care_standard', 'full_care/dispersed',   '[2019-07-01,2022-07-01)', 35, 100, 'end_of_previous_year', 'minimum_wage', NULL, NULL),
    ('care_standard', 'half_care/dispersed',   '[2019-07-01,2022-07-01)', 20, 100, 'end_of_previous_year', 'minimum_wage', NULL, NULL),
    ('care_standard', 'self_care/dispersed',   '[2019-07-01,2022-07-01)',  3, 100, 'end_of_previous_year', 'minimum_wage', NULL, 'nursing_subsidy')
  ) AS v (name, variant, valid, value, divisor, reference, of_name, of_variant, cap_name);

-- Who may grant how much temporary assistance at a time (illustrative).
INSERT INTO aidcase.authority_tier (programme, area_code, level, valid, bound, measure, per, times_a_year,
                                    same_cause_once, document_id, illustrative)
SELECT 'temp_assistance', '340705', v.level, '[2019-07-01,)', v.bound, 'yuan', 'household', v.times, v.level <> 'below_minimum',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES ('below_minimum', 500, NULL),
               ('unit', 3000, 2),
               ('bureau', 5000, 2),
               ('bureau_leaders', 10000, 2),
               ('government', NULL, 2)) AS v (level, bound, times);

-- Rounding (illustrative).
INSERT INTO aidcase.rounding_rule (programme, component, area_code, mode, valid, document_id, illustrative)
SELECT v.programme, 'base', '340705', v.mode, '[2019-07-01,)',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES ('dibao', 'ceil_yuan_household'),
               ('tekun', 'ceil_yuan_person')) AS v (programme, mode);

-- Support, deductions, levels of care before 2021-07, rigid expenses (illustrative).
INSERT INTO aidcase.support_rule (counted_relations, payers_from, payers_below, variant, area_code, valid, document_id, illustrative)
SELECT '{child}', v.payers_from, v.payers_below, v.variant, '340705', '[2019-07-01,)',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES (0, 3, 'up_to_two_children'), (3, NULL, 'three_or_more_children')) AS v (payers_from, payers_below, variant);
INSERT INTO aidcase.expense_rule (expense_kind, use, area_code, valid, document_id, illustrative)
SELECT v.expense_kind, 'deduct', '340705', '[2019-07-01,2021-07-01)',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES ('medical_self_paid'), ('disability_rehabilitation'), ('nursing_care'),
               ('social_insurance'), ('tax'), ('support_paid')) AS v (expense_kind);
INSERT INTO aidcase.programme_rule (programme, area_code, valid, document_id, illustrative)
SELECT 'rigid_expense', '340705', '[2025-01-01,)',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true;
INSERT INTO aidcase.expense_rule (expense_kind, use, area_code, valid, document_id, illustrative)
SELECT k.kind, 'rigid', '340705', '[2025-01-01,)',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM unnest('{medical_self_paid,disability_rehabilitation,nursing_care,education,living}'::text[]) AS k (kind);
INSERT INTO aidcase.care_level_rule (care_level, unmet_from, unmet_to, area_code, valid, document_id, illustrative)
SELECT v.care_level, v.unmet_from, v.unmet_to, '340705', '[2019-07-01,2021-07-01)',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES ('self_care', 0, 0), ('half_care', 1, 3), ('full_care', 4, 6)) AS v (care_level, unmet_from, unmet_to);

-- Who counts: before the Dibao Measures of 2021 as from then on, and what
-- they leave to the province (illustrative).
INSERT INTO aidcase.member_rule (situation, counts, after_months, area_code, valid, document_id, illustrative)
SELECT v.situation, v.counts, v.after_months, '340705', v.valid::daterange,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES ('student',              true,   0, '[2019-07-01,2021-07-01)'),
               ('conscript',            false,  0, '[2019-07-01,)'),
               ('prison',               false,  0, '[2019-07-01,2021-07-01)'),
               ('compulsory_isolation', false,  0, '[2019-07-01,2021-07-01)'),
               ('missing',              false,  0, '[2019-07-01,2021-07-01)'),
               ('clergy_away',          false, 36, '[2019-07-01,2021-07-01)')) AS v (situation, counts, after_months, valid);

INSERT INTO aidcase.obligor_rule (obligor_state, able, owes, below, base, low_property, area_code, valid, document_id, illustrative)
SELECT v.obligor_state, false, false, v.below, v.base, v.low_property, '340705', v.valid::daterange,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES ('tekun',             NULL, NULL, false, '[2019-07-01,2021-07-01)'),
               ('dibao_aged',        NULL, NULL, false, '[2019-07-01,2021-07-01)'),
               ('aged_70',           'support_threshold_multiple', 'dibao_standard', true, '[2019-07-01,2021-07-01)'),
               ('severe_disability', 'support_threshold_multiple', 'dibao_standard', true, '[2019-07-01,2021-07-01)'),
               ('no_capacity',       NULL, NULL, true,  '[2019-07-01,2021-07-01)'),
               ('missing',           NULL, NULL, true,  '[2019-07-01,2021-07-01)'),
               ('prison',            NULL, NULL, true,  '[2019-07-01,2021-07-01)'),
               ('minor',             NULL, NULL, false, '[2019-07-01,2021-01-01)')) AS v (obligor_state, below, base, low_property, valid);

-- Category add-ons (illustrative); each person once, by the highest share.
INSERT INTO aidcase.addon_rule (programme, addon_group, area_code, valid, share, article, document_id, illustrative)
SELECT 'dibao', v.addon_group, '340705', '[2019-07-01,)', v.share, '示例',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (VALUES ('aged', 0.10),
               ('minor', 0.10),
               ('serious_illness', 0.20),
               ('severe_disability', 0.30)) AS v (addon_group, share);

-- Income before the Dibao Measures of 2021, and what they leave open
-- (illustrative): as from 2021-07-01 on, and old-age allowance not counted.
INSERT INTO aidcase.income_rule (income_kind, area_code, valid, counted_share, article, document_id, illustrative)
SELECT v.income_kind, '340705', v.valid::daterange, v.counted_share, '示例',
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '示例参数'), true
  FROM (SELECT k.income_kind, '[2019-07-01,2021-07-01)' AS valid,
               CASE WHEN k.income_kind IN ('preferential_pension', 'family_planning_reward', 'scholarship',
                                           'courage_award', 'social_assistance') THEN 0 ELSE 1 END AS counted_share,
               k.sort
          FROM aidcase.income_kind AS k
         WHERE k.income_kind NOT IN ('basic_pension', 'old_age_allowance')
        UNION ALL
        VALUES ('basic_pension', '[2019-07-01,2021-01-01)', 1, 41),
               ('basic_pension', '[2021-01-01,2021-07-01)', 0, 41),
               ('old_age_allowance', '[2019-07-01,)', 0, 65)
       ) AS v
 ORDER BY v.sort, v.valid;

-- Who files near relatives; and what a district may choose, illustrative.
INSERT INTO aidcase.filing_duty (post, valid, document_id, article)
SELECT p.post, '[2021-04-02,)', d.document_id, '五(四)9、五(五)7'
  FROM unnest('{committee_member,clerk,investigator,group_member,unit_leader,surveyor,bureau_clerk,bureau_leader,inspector}'::text[])
       WITH ORDINALITY AS p (post, n)
  JOIN aidcase.policy_document AS d ON d.doc_no = '办发〔2021〕15号'
 ORDER BY p.n;
INSERT INTO aidcase.kin_rule_set (effect, valid, relations, after_death, max_hops, document_id, illustrative)
SELECT v.effect, '[2019-07-01,)', v.relations::text[], true, 3, d.document_id, true
  FROM (VALUES
    ('certainty', '{spouse,parent,child,grandparent,grandchild,ancestor,descendant,sibling,uncle_aunt,'
                  'nephew_niece,cousin,parent_in_law,child_in_law,sibling_in_law,co_parent_in_law}'),
    ('red_flag', '{spouse,parent,child,grandparent,grandchild,ancestor,descendant,sibling,uncle_aunt,nephew_niece,cousin,'
                 'parent_in_law,child_in_law,sibling_in_law,co_parent_in_law,distant_blood,parent_spouse,spouse_child,other_in_law}'))
       AS v (effect, relations)
  JOIN aidcase.policy_document AS d ON d.doc_no = '示例参数';

-- No paper that the district can query itself (四(四)); which registers it can
-- query is illustrative.
INSERT INTO aidcase.forbidden_paper (paper, area_code, valid, registry, document_id, illustrative)
SELECT v.paper, '340705', '[2021-04-02,)', v.registry,
       (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = '办发〔2021〕15号'), true
  FROM (VALUES ('household_register', 'hukou'),
               ('marriage_certificate', 'civil_affairs'),
               ('disability_certificate', 'disability'),
               ('property_proof', 'real_estate'),
               ('vehicle_proof', 'vehicle'),
               ('insurance_proof', 'social_insurance')) AS v (paper, registry);
