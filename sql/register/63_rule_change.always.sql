-- Changes of rules, before and after, as parameter_change shows those of
-- parameters: what a row says, without its keys, period and document.
CREATE OR REPLACE VIEW aidcase.rule_change WITH (security_invoker = true) AS
WITH rule AS (
    SELECT 'programme_rule' AS rule, r.programme AS subject, r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) AS content FROM aidcase.programme_rule AS r
    UNION ALL
    SELECT 'income_rule', concat_ws(' ', r.income_kind, r.programme), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.income_rule AS r
    UNION ALL
    SELECT 'expense_rule', concat_ws(' ', r.expense_kind, r.use), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.expense_rule AS r
    UNION ALL
    SELECT 'property_test', concat_ws(' ', r.test, r.programme), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.property_test AS r
    UNION ALL
    SELECT 'property_exemption', r.property_kind, r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.property_exemption AS r
    UNION ALL
    SELECT 'addon_rule', concat_ws(' ', r.programme, r.addon_group, r.residence), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.addon_rule AS r
    UNION ALL
    SELECT 'addon_stacking', r.programme, r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.addon_stacking AS r
    UNION ALL
    SELECT 'rounding_rule', concat_ws(' ', r.programme, r.component), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.rounding_rule AS r
    UNION ALL
    SELECT 'support_rule', int4range(r.payers_from, r.payers_below)::text, r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.support_rule AS r
    UNION ALL
    SELECT 'obligor_rule', r.obligor_state, r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.obligor_rule AS r
    UNION ALL
    SELECT 'imputed_rule', concat_ws(' ', r.sex, r.work_ability, int4range(r.age_from, r.age_below)), r.area_code, r.valid, r.article,
           r.document_id, r.illustrative, to_jsonb(r) FROM aidcase.imputed_rule AS r
    UNION ALL
    SELECT 'member_rule', r.situation, r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.member_rule AS r
    UNION ALL
    SELECT 'single_person_rule', concat_ws(' ', coalesce(r.person_group, r.situation, r.programme), nullif(r.household, 'marginal')), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.single_person_rule AS r
    UNION ALL
    SELECT 'care_level_rule', r.care_level, r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.care_level_rule AS r
    UNION ALL
    SELECT 'temp_rule', concat_ws(' ', r.temp_type, r.low_income_class, r.method), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.temp_rule AS r
    UNION ALL
    SELECT 'band_rule', concat_ws(' ', r.band_set, r.amount_from), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.band_rule AS r
    UNION ALL
    SELECT 'authority_tier', concat_ws(' ', r.programme, r.level), r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           to_jsonb(r) FROM aidcase.authority_tier AS r
), stripped AS (
    SELECT r.rule, r.subject, r.area_code, r.valid, r.article, r.document_id, r.illustrative,
           jsonb_strip_nulls(r.content - ARRAY[r.rule || '_id', 'tier_id', 'entry_no', 'area_code', 'valid', 'article',
                                               'document_id', 'illustrative']) AS content
      FROM rule AS r
)
SELECT a.rule, a.subject, a.area_code, lower(a.valid) AS valid_from, b.content AS before, a.content AS after,
       e.doc_no AS document_before, d.doc_no AS document_after, a.article, a.illustrative
  FROM stripped AS a
  JOIN aidcase.policy_document AS d ON d.document_id = a.document_id
  LEFT JOIN stripped AS b ON b.rule = a.rule AND b.subject = a.subject AND b.area_code = a.area_code
                         AND upper(b.valid) = lower(a.valid)
  LEFT JOIN aidcase.policy_document AS e ON e.document_id = b.document_id;
COMMENT ON VIEW aidcase.rule_change IS
    '规则变动:每条规则生效前后对照 / every change of a rule: what the row before said, and what is said from the day on';
COMMENT ON COLUMN aidcase.rule_change.rule IS '规则表 / table of rules';
COMMENT ON COLUMN aidcase.rule_change.subject IS '规则对象 / what the rule is about';
COMMENT ON COLUMN aidcase.rule_change.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.rule_change.valid_from IS '生效日期 / first day';
COMMENT ON COLUMN aidcase.rule_change.before IS '同地区前一条规则,空为无 / what the row before said there; NULL = none';
COMMENT ON COLUMN aidcase.rule_change.after IS '新规则 / what is said from the day on';
COMMENT ON COLUMN aidcase.rule_change.document_before IS '原依据文件 / document before';
COMMENT ON COLUMN aidcase.rule_change.document_after IS '新依据文件 / document from the day on';
COMMENT ON COLUMN aidcase.rule_change.article IS '条款 / article';
COMMENT ON COLUMN aidcase.rule_change.illustrative IS '示例值 / made up for demonstration';
REVOKE ALL ON TABLE aidcase.rule_change FROM PUBLIC;
