-- What the tables of rules mean; extension/means_copy.c reads them.
COMMENT ON TABLE aidcase.programme_rule IS '项目施行:某地某时期测算的救助项目 / programmes that are determined, by area and period';
COMMENT ON COLUMN aidcase.programme_rule.programme_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.programme_rule.programme IS '救助项目 / programme';
COMMENT ON COLUMN aidcase.programme_rule.in_force IS '否为本地不施行 / false: not here, though in the area above';
COMMENT ON COLUMN aidcase.programme_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.programme_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.programme_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.programme_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.programme_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.expense_rule IS '支出计入规则:扣减收入,或计入刚性支出、支出型救助 / what expenses count: deducted from income, or for the tests of high expenses';
COMMENT ON COLUMN aidcase.expense_rule.expense_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.expense_rule.expense_kind IS '支出种类 / kind of expense';
COMMENT ON COLUMN aidcase.expense_rule.use IS '用途 / use';
COMMENT ON COLUMN aidcase.expense_rule.share IS '计入比例 / share that counts';
COMMENT ON COLUMN aidcase.expense_rule.annual_cap IS '每人每年最多计入(元),空为不限 / counted of one member in 12 months at most, yuan; NULL = no limit';
COMMENT ON COLUMN aidcase.expense_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.expense_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.expense_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.expense_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.expense_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.property_test IS '财产条件:种类、计量、限额参数、理由 / tests of property: kinds, measure, parameter of the limit, reason of refusal';
COMMENT ON COLUMN aidcase.property_test.property_test_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.property_test.programme IS '救助项目,空为全部 / programme; NULL = every programme';
COMMENT ON COLUMN aidcase.property_test.test IS '条件代码 / test';
COMMENT ON COLUMN aidcase.property_test.property_kinds IS '财产种类 / kinds of property that are added up';
COMMENT ON COLUMN aidcase.property_test.measure IS '按价值或数量 / by value or by number';
COMMENT ON COLUMN aidcase.property_test.parameter IS '限额参数:月数×标准×人数,倍数×上年人均可支配收入×人数,其余为绝对数 / parameter of the limit: months x standard x members, multiple x disposable income of the year before x members, others as they are';
COMMENT ON COLUMN aidcase.property_test.refusal_reason IS '超限理由 / reason when it is above';
COMMENT ON COLUMN aidcase.property_test.sort IS '顺序 / order';
COMMENT ON COLUMN aidcase.property_test.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.property_test.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.property_test.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.property_test.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.property_test.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.property_exemption IS '财产豁免:某种财产不超过某价值的不计 / exemptions of property: items of a kind up to a value do not count';
COMMENT ON COLUMN aidcase.property_exemption.property_exemption_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.property_exemption.property_kind IS '财产种类 / kind of property';
COMMENT ON COLUMN aidcase.property_exemption.up_to IS '单件价值不超过(元),空为不限 / value of the item at most, yuan; NULL = any';
COMMENT ON COLUMN aidcase.property_exemption.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.property_exemption.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.property_exemption.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.property_exemption.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.property_exemption.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.addon_stacking IS '分类施保叠加方式,无则就高 / how add-ons of one person stack; without a row the highest counts';
COMMENT ON COLUMN aidcase.addon_stacking.addon_stacking_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.addon_stacking.programme IS '救助项目 / programme';
COMMENT ON COLUMN aidcase.addon_stacking.mode IS '叠加方式 / mode';
COMMENT ON COLUMN aidcase.addon_stacking.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.addon_stacking.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.addon_stacking.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.addon_stacking.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.addon_stacking.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.support_rule IS '赡养抚养扶养费规则:按义务人人数选用计算比例 / support payments: the rate by the number of obligors';
COMMENT ON COLUMN aidcase.support_rule.support_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.support_rule.counted_relations IS '计入人数的关系 / relations whose obligors are counted';
COMMENT ON COLUMN aidcase.support_rule.payers_from IS '义务人最少人数 / least number of obligors';
COMMENT ON COLUMN aidcase.support_rule.payers_below IS '义务人人数少于此数,空为不限 / fewer obligors than this; NULL = any number more';
COMMENT ON COLUMN aidcase.support_rule.variant IS 'support_rate 的分类 / variant of parameter support_rate';
COMMENT ON COLUMN aidcase.support_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.support_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.support_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.support_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.support_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.obligor_rule IS '义务人能力规则:处于某状态是否有履行义务能力、是否计算应付赡养抚养扶养费 / what the state of an obligor means: able or not, and whether support is owed by the formula';
COMMENT ON COLUMN aidcase.obligor_rule.obligor_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.obligor_rule.obligor_state IS '状态;low_income 为未登记状态者按收入推定 / state; low_income is for who has none stated, by his income';
COMMENT ON COLUMN aidcase.obligor_rule.able IS '条件成立时有无履行义务能力 / is he able, where the conditions hold';
COMMENT ON COLUMN aidcase.obligor_rule.owes IS '条件成立时是否按公式计算应付 / does he owe by the formula, where the conditions hold';
COMMENT ON COLUMN aidcase.obligor_rule.below IS '条件:家庭人均收入低于此参数 × base,空为不看收入 / condition: income a person of his household below this parameter x base; NULL = any';
COMMENT ON COLUMN aidcase.obligor_rule.base IS '低保标准或上年人均可支配收入,空为不看收入 / dibao standard, or disposable income of the year before; NULL = any';
COMMENT ON COLUMN aidcase.obligor_rule.low_property IS '是为须财产符合低收入家庭规定 / true: only with property as a low-income household may have';
COMMENT ON COLUMN aidcase.obligor_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.obligor_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.obligor_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.obligor_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.obligor_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.imputed_rule IS '推算劳动收入规则:性别、年龄、劳动能力 / imputed work income by sex, age and ability to work';
COMMENT ON COLUMN aidcase.imputed_rule.imputed_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.imputed_rule.sex IS '性别 / sex';
COMMENT ON COLUMN aidcase.imputed_rule.age_from IS '起始年龄 / least age';
COMMENT ON COLUMN aidcase.imputed_rule.age_below IS '年龄小于,空为不限 / below this age; NULL = any age above';
COMMENT ON COLUMN aidcase.imputed_rule.work_ability IS '劳动能力 / ability to work';
COMMENT ON COLUMN aidcase.imputed_rule.base IS '基数参数(元/月) / parameter of the base, yuan a month';
COMMENT ON COLUMN aidcase.imputed_rule.variant IS 'imputed_share 的分类 / variant of parameter imputed_share';
COMMENT ON COLUMN aidcase.imputed_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.imputed_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.imputed_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.imputed_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.imputed_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.member_rule IS '家庭成员计入规则:处于某情形的成员是否计入 / who counts: whether a member in a situation does';
COMMENT ON COLUMN aidcase.member_rule.member_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.member_rule.situation IS '情形 / situation';
COMMENT ON COLUMN aidcase.member_rule.counts IS '是否计入 / does he count';
COMMENT ON COLUMN aidcase.member_rule.after_months IS '该情形满几个月起适用,此前计入 / applies when the situation has lasted so many months; he counts before';
COMMENT ON COLUMN aidcase.member_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.member_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.member_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.member_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.member_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.single_person_rule IS '单人户规则:可单独申请的人群 / who may apply alone';
COMMENT ON COLUMN aidcase.single_person_rule.programme IS '救助项目;特困按本人单独认定 / programme; tekun by the person';
COMMENT ON COLUMN aidcase.single_person_rule.household IS '低保边缘家庭中按比例,或以本人收入财产自成一户 / a share of the standard in a dibao-marginal family, or a household of his own with his own income';
COMMENT ON COLUMN aidcase.single_person_rule.situation IS '情形(无他人的户中自成一户),空为按人群 / situation: a household of his own where nobody else is in it; NULL = by group';
COMMENT ON COLUMN aidcase.single_person_rule.after_months IS '该情形须满几个月 / months that the situation must have lasted';
COMMENT ON COLUMN aidcase.single_person_rule.no_work_income IS '是为仅限无劳动收入者 / true: only who has no work income';
COMMENT ON COLUMN aidcase.single_person_rule.single_person_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.single_person_rule.person_group IS '人群,空为按情形 / group of persons; NULL = by situation';
COMMENT ON COLUMN aidcase.single_person_rule.variant IS 'single_person_share 的分类,空为按本人差额 / variant of parameter single_person_share; NULL = his own gap';
COMMENT ON COLUMN aidcase.single_person_rule.in_force IS '否为本地不施行 / false: not here, though in the area above';
COMMENT ON COLUMN aidcase.single_person_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.single_person_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.single_person_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.single_person_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.single_person_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.care_level_rule IS '护理等级规则:六项自理指标未达项数 / care level by the number of items of self-care that are not met';
COMMENT ON COLUMN aidcase.care_level_rule.care_level_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.care_level_rule.care_level IS '护理等级 / care level';
COMMENT ON COLUMN aidcase.care_level_rule.unmet_from IS '未达项数最少 / least number of items not met';
COMMENT ON COLUMN aidcase.care_level_rule.unmet_to IS '未达项数最多 / greatest number of items not met';
COMMENT ON COLUMN aidcase.care_level_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.care_level_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.care_level_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.care_level_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.care_level_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.temp_rule IS '临时救助计算规则:类型、对象类别、方法 / temporary assistance: type, class of the household, method';
COMMENT ON COLUMN aidcase.temp_rule.temp_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.temp_rule.temp_type IS '类型 / type';
COMMENT ON COLUMN aidcase.temp_rule.low_income_class IS '对象类别,空为其余各类 / class of the household; NULL = every class without a row of its own';
COMMENT ON COLUMN aidcase.temp_rule.method IS '方法 / method';
COMMENT ON COLUMN aidcase.temp_rule.variant IS '参数分类,空为无 / variant of its parameters; NULL = none';
COMMENT ON COLUMN aidcase.temp_rule.band_set IS '分段组,空为不分段 / set of bands; NULL = none';
COMMENT ON COLUMN aidcase.temp_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.temp_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.temp_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.temp_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.temp_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.band_rule IS '分段:金额区间、比例、定额 / bands of an amount: range, rate, fixed amount';
COMMENT ON COLUMN aidcase.band_rule.band_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.band_rule.band_set IS '分段组,dibao_amount 为按人均月收入分档的低保金 / set; dibao_amount = amount per person by per-capita monthly income';
COMMENT ON COLUMN aidcase.band_rule.amount_from IS '金额下限(含,元) / lower end of the amount, included, yuan';
COMMENT ON COLUMN aidcase.band_rule.amount_to IS '金额上限(不含,元),空为不限 / upper end, not included, yuan; NULL = no end';
COMMENT ON COLUMN aidcase.band_rule.rate IS '比例 / rate';
COMMENT ON COLUMN aidcase.band_rule.excess IS '是为仅就超过下限部分计算 / true: the rate is of what exceeds the lower end';
COMMENT ON COLUMN aidcase.band_rule.fixed IS '另加定额(元) / fixed amount added, yuan';
COMMENT ON COLUMN aidcase.band_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.band_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.band_rule.article IS '条款,空为无 / article; NULL = none';
COMMENT ON COLUMN aidcase.band_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.band_rule.illustrative IS '示例值 / made up for demonstration';


-- Every row of the tables of rules.
CREATE OR REPLACE VIEW aidcase.rule_row AS
SELECT 'income_rule'::text AS rule, r.income_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.income_rule AS r
UNION ALL
SELECT 'expense_rule' AS rule, r.expense_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.expense_rule AS r
UNION ALL
SELECT 'property_test' AS rule, r.property_test_id AS row_id, to_jsonb(r) AS content FROM aidcase.property_test AS r
UNION ALL
SELECT 'property_exemption' AS rule, r.property_exemption_id AS row_id, to_jsonb(r) AS content FROM aidcase.property_exemption AS r
UNION ALL
SELECT 'addon_rule' AS rule, r.addon_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.addon_rule AS r
UNION ALL
SELECT 'addon_stacking' AS rule, r.addon_stacking_id AS row_id, to_jsonb(r) AS content FROM aidcase.addon_stacking AS r
UNION ALL
SELECT 'rounding_rule' AS rule, r.rounding_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.rounding_rule AS r
UNION ALL
SELECT 'support_rule' AS rule, r.support_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.support_rule AS r
UNION ALL
SELECT 'obligor_rule' AS rule, r.obligor_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.obligor_rule AS r
UNION ALL
SELECT 'imputed_rule' AS rule, r.imputed_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.imputed_rule AS r
UNION ALL
SELECT 'member_rule' AS rule, r.member_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.member_rule AS r
UNION ALL
SELECT 'single_person_rule' AS rule, r.single_person_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.single_person_rule AS r
UNION ALL
SELECT 'programme_rule' AS rule, r.programme_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.programme_rule AS r
UNION ALL
SELECT 'care_level_rule' AS rule, r.care_level_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.care_level_rule AS r
UNION ALL
SELECT 'temp_rule' AS rule, r.temp_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.temp_rule AS r
UNION ALL
SELECT 'band_rule' AS rule, r.band_rule_id AS row_id, to_jsonb(r) AS content FROM aidcase.band_rule AS r;
COMMENT ON VIEW aidcase.rule_row IS '内部:各规则表的全部行 / internal: every row of the tables of rules';
COMMENT ON COLUMN aidcase.rule_row.rule IS '规则表 / table of rules';
COMMENT ON COLUMN aidcase.rule_row.row_id IS '规则行号 / key of the row';
COMMENT ON COLUMN aidcase.rule_row.content IS '内容 / what it says';

-- A row of a table of rules in the one shape that extension/means_copy.c
-- reads: which of its columns are the code, the texts, the list, the numbers.
CREATE OR REPLACE FUNCTION aidcase.means_shape(rule text, content jsonb)
RETURNS TABLE (kind text, code text, programme text, area_code text, valid daterange, sort integer, t1 text, t2 text, t3 text,
               t4 text, t5 text, t6 text, list text[], n1 numeric, n2 numeric, n3 numeric, n4 numeric, n5 numeric,
               article text, document_id bigint, illustrative boolean)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT m.kind, coalesce(content ->> m.code, CASE m.kind WHEN 'single' THEN content ->> 'situation' END),
       content ->> 'programme', content ->> 'area_code', (content ->> 'valid')::daterange, (content ->> 'sort')::integer,
       content ->> m.t[1], content ->> m.t[2], content ->> m.t[3], content ->> m.t[4], NULL::text, NULL::text,
       CASE WHEN m.list IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(content -> m.list)) END,
       v.n[1], v.n[2], v.n[3], v.n[4], v.n[5],
       content ->> 'article', (content ->> 'document_id')::bigint, (content ->> 'illustrative')::boolean
  FROM (VALUES
    ('income_rule', 'income', 'income_kind', '{}'::text[], NULL, '{counted_share,annual_cap}'::text[]),
    ('expense_rule', 'expense', 'expense_kind', '{use}', NULL, '{share,annual_cap}'),
    ('property_test', 'property', 'test', '{parameter,measure,refusal_reason}', 'property_kinds', '{}'),
    ('property_exemption', 'exemption', 'property_kind', '{}', NULL, '{up_to}'),
    ('addon_rule', 'addon', 'addon_group', '{residence}', NULL, '{share,amount}'),
    ('addon_stacking', 'stacking', NULL, '{mode}', NULL, '{}'),
    ('rounding_rule', 'rounding', 'component', '{mode}', NULL, '{}'),
    ('support_rule', 'support', 'variant', '{}', 'counted_relations', '{payers_from,payers_below}'),
    ('obligor_rule', 'obligor', 'obligor_state', '{below,base}', NULL, '{able,owes,low_property}'),
    ('imputed_rule', 'imputed', 'variant', '{sex,work_ability,base}', NULL, '{age_from,age_below}'),
    ('member_rule', 'member', 'situation', '{}', NULL, '{counts,after_months}'),
    ('single_person_rule', 'single', 'person_group', '{household,variant,situation}', NULL, '{in_force,after_months,no_work_income}'),
    ('programme_rule', 'programme', NULL, '{}', NULL, '{in_force}'),
    ('care_level_rule', 'care', 'care_level', '{}', NULL, '{unmet_from,unmet_to}'),
    ('temp_rule', 'temp', 'temp_type', '{low_income_class,method,variant,band_set}', NULL, '{}'),
    ('band_rule', 'band', 'band_set', '{}', NULL, '{amount_from,amount_to,rate,excess,fixed}')
  ) AS m (rule, kind, code, t, list, n)
 CROSS JOIN LATERAL (SELECT ARRAY(SELECT CASE content ->> k.name WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE (content ->> k.name)::numeric END
                                    FROM unnest(m.n) WITH ORDINALITY AS k (name, place) ORDER BY k.place) AS n) AS v
 WHERE m.rule = means_shape.rule;
END;
COMMENT ON FUNCTION aidcase.means_shape(text, jsonb) IS
    '内部:把一条规则写成统一形式 / internal: a rule in the one shape of all rules';
REVOKE ALL ON FUNCTION aidcase.means_shape(text, jsonb) FROM PUBLIC;

-- What the computation needs beside the tables of rules, in the same shape: a
-- simulation does not suppose it.  Kind span is the periods of the parameters,
-- whose values policy.c has.
CREATE OR REPLACE VIEW aidcase.means_fixed (kind, code, programme, area_code, valid, sort, t1, t2, t3, t4, t5, t6, list,
                                            n1, n2, n3, n4, n5, article, document_id, illustrative) AS
SELECT 'tier'::text, r.level, r.programme, r.area_code, r.valid, NULL::integer, r.measure, r.per, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[], r.bound::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, r.article, r.document_id, r.illustrative
  FROM aidcase.authority_tier AS r
UNION ALL
SELECT 'group'::text, r.person_group, NULL, NULL, NULL, r.sort, r.age_from, r.age_below, r.age_variant, r.disability_level, r.health, r.work_ability, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL, NULL, NULL
  FROM aidcase.person_group AS r
UNION ALL
SELECT 'situation'::text, r.situation, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL, NULL, NULL
  FROM aidcase.member_situation AS r
UNION ALL
SELECT 'obligor_state'::text, r.obligor_state, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL, NULL, NULL
  FROM aidcase.obligor_state AS r
UNION ALL
SELECT 'income_kind'::text, r.income_kind, NULL, NULL, NULL, NULL, r.category, NULL, NULL, NULL, NULL, NULL, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL, NULL, NULL
  FROM aidcase.income_kind AS r
UNION ALL
SELECT 'expense_kind'::text, r.expense_kind, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL, NULL, NULL
  FROM aidcase.expense_kind AS r
UNION ALL
SELECT 'property_kind'::text, r.property_kind, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL, NULL, NULL
  FROM aidcase.property_kind AS r
UNION ALL
SELECT 'parameter_name'::text, r.name, NULL, NULL, NULL, NULL, r.unit_of_measure, NULL, NULL, NULL, NULL, NULL, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL, NULL, NULL
  FROM aidcase.parameter_name AS r
UNION ALL
SELECT 'reason'::text, r.refusal_reason, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, r.article, NULL, NULL
  FROM aidcase.refusal_reason AS r
UNION ALL
SELECT DISTINCT 'span'::text, NULL::text, NULL::text, r.area_code, r.valid, NULL::integer, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text[], NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::text, NULL::bigint, NULL::boolean
  FROM aidcase.policy_parameter AS r;
COMMENT ON VIEW aidcase.means_fixed IS
    '内部:规则表以外的代码、层级和参数期间,统一形式 / internal: codes, tiers and periods of parameters beside the tables of rules, in the one shape';

-- All rules in one shape: each session keeps a copy.
CREATE OR REPLACE VIEW aidcase.means_rule AS
SELECT s.* FROM aidcase.rule_row AS r CROSS JOIN LATERAL aidcase.means_shape(r.rule, r.content) AS s
UNION ALL
SELECT f.* FROM aidcase.means_fixed AS f;
COMMENT ON VIEW aidcase.means_rule IS '内部:全部测算规则的统一形式 / internal: all rules of the means test in one shape';
COMMENT ON COLUMN aidcase.means_rule.kind IS '规则类别 / kind of rule';
COMMENT ON COLUMN aidcase.means_rule.code IS '对象代码 / what the rule is for';
COMMENT ON COLUMN aidcase.means_rule.programme IS '救助项目,空为全部 / programme; NULL = every';
COMMENT ON COLUMN aidcase.means_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.means_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.means_rule.sort IS '顺序 / order';
COMMENT ON COLUMN aidcase.means_rule.t1 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.t2 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.t3 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.t4 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.t5 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.t6 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.list IS '代码列表 / list of codes';
COMMENT ON COLUMN aidcase.means_rule.n1 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.n2 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.n3 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.n4 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.n5 IS '随类别而定 / depends on the kind';
COMMENT ON COLUMN aidcase.means_rule.article IS '条款 / article';
COMMENT ON COLUMN aidcase.means_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.means_rule.illustrative IS '示例值 / made up for demonstration';
-- the columns of both say the same
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT t.attname, col_description(t.attrelid, t.attnum) AS words
               FROM pg_attribute AS t WHERE t.attrelid = 'aidcase.means_rule'::regclass AND t.attnum > 0 LOOP
        EXECUTE format('COMMENT ON COLUMN aidcase.means_fixed.%I IS %L', c.attname, c.words);
    END LOOP;
END
$$;

-- The same as a simulation supposes them: without the rows that are replaced,
-- with those that take their place.
CREATE OR REPLACE FUNCTION aidcase.supposed_rules(changes jsonb) RETURNS SETOF aidcase.means_rule
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT s.* FROM aidcase.rule_row AS r CROSS JOIN LATERAL aidcase.means_shape(r.rule, r.content) AS s
 WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(changes) AS c (doc)
                    WHERE c.doc ->> 'rule' = r.rule AND c.doc -> 'replaces' @> to_jsonb(r.row_id))
UNION ALL
SELECT s.* FROM jsonb_array_elements(changes) AS c (doc)
 CROSS JOIN LATERAL aidcase.means_shape(c.doc ->> 'rule', c.doc -> 'row') AS s
 WHERE jsonb_typeof(c.doc -> 'row') = 'object'
UNION ALL
SELECT f.* FROM aidcase.means_fixed AS f;
END;
COMMENT ON FUNCTION aidcase.supposed_rules(jsonb) IS
    '内部:按模拟假设替换后的全部规则 / internal: all rules as a simulation supposes them';
REVOKE ALL ON FUNCTION aidcase.supposed_rules(jsonb) FROM PUBLIC;

-- Trigger: whether a member counts follows from his situation by member_rule;
-- what a person decides otherwise stays, with its reason in count_exception.
-- Without a rule in force the row stays as given, and the means test refuses
-- the round and names the rule.
CREATE OR REPLACE FUNCTION aidcase.count_member() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    by_rule record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF ROW (NEW.counted, NEW.not_counted_reason) IS DISTINCT FROM ROW (OLD.counted, OLD.not_counted_reason) THEN
            -- a new decision goes with a reason of its own
            IF NEW.count_exception IS NOT DISTINCT FROM OLD.count_exception THEN
                NEW.count_exception := NULL;
            END IF;
        ELSIF OLD.situation IS NOT NULL AND NEW.count_exception IS NULL THEN
            -- the rule is asked anew; its sentence goes with the situation
            NEW.counted := true;
            IF ROW (NEW.situation, NEW.situation_since) IS DISTINCT FROM ROW (OLD.situation, OLD.situation_since) THEN
                NEW.not_counted_reason := NULL;
            END IF;
        END IF;
    END IF;
    IF NEW.count_exception IS NOT NULL THEN
        IF NOT NEW.counted AND NEW.not_counted_reason IS NULL THEN
            NEW.not_counted_reason := NEW.count_exception;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.situation IS NULL THEN
        IF NOT NEW.counted THEN
            NEW.count_exception := NEW.not_counted_reason;
        END IF;
        RETURN NEW;
    END IF;
    SELECT s.counts, concat_ws(' ', d.doc_no, s.article) AS source, k.label_zh INTO by_rule
      FROM aidcase.case_round AS r
      JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
      JOIN aidcase.unit AS v ON v.unit_id = c.village_id
      JOIN aidcase.member_situation AS k ON k.situation = NEW.situation
     CROSS JOIN LATERAL aidcase.member_standing(NEW.situation, NEW.situation_since,
                            NOT EXISTS (SELECT FROM aidcase.case_member AS m
                                         WHERE m.round_id = NEW.round_id AND NOT m.void AND m.member_id <> NEW.member_id),
                            v.unit_code, coalesce(r.accepted_on, aidcase.today())) AS s
      LEFT JOIN aidcase.policy_document AS d ON d.document_id = s.document_id
     WHERE r.round_id = NEW.round_id;
    IF NOT by_rule.counts THEN
        NEW.counted := false;
        NEW.not_counted_reason := coalesce(NEW.not_counted_reason,
            format('%s(%s 起),不计入(%s)', by_rule.label_zh, NEW.situation_since, by_rule.source));
    ELSIF by_rule.counts AND NOT NEW.counted THEN
        NEW.count_exception := NEW.not_counted_reason;
    ELSIF by_rule.counts THEN
        NEW.not_counted_reason := NULL;     -- of a former round, by a rule that is gone
    ELSE
        NEW.counted := NEW.not_counted_reason IS NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.count_member() IS
    '触发器:按成员情形和规则定是否计入,人工决定留下理由 / trigger: whether a member counts follows from his situation by rule; what is decided by hand keeps its reason';
REVOKE ALL ON FUNCTION aidcase.count_member() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~0_counted" BEFORE INSERT OR UPDATE ON aidcase.case_member
    FOR EACH ROW WHEN (NEW.situation IS NOT NULL OR NEW.count_exception IS NOT NULL OR NOT NEW.counted)
    EXECUTE FUNCTION aidcase.count_member();
COMMENT ON TRIGGER "~0_counted" ON aidcase.case_member IS
    '按规则定是否计入 / whether the member counts, by rule';

-- Who counts on the day of the rules, where time or a rule has changed it since
-- the facts were entered.
CREATE OR REPLACE FUNCTION aidcase.recount_members(round_ids bigint[], on_date date) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
BEGIN ATOMIC
UPDATE aidcase.case_member AS m
   SET situation = m.situation
  FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
  JOIN aidcase.unit AS v ON v.unit_id = c.village_id
 WHERE m.round_id = ANY (recount_members.round_ids) AND m.situation IS NOT NULL AND m.count_exception IS NULL AND NOT m.void
   AND r.round_id = m.round_id
   AND m.counted <> (aidcase.member_standing(m.situation, m.situation_since,
                         NOT EXISTS (SELECT FROM aidcase.case_member AS o
                                      WHERE o.round_id = m.round_id AND NOT o.void AND o.member_id <> m.member_id),
                         v.unit_code, coalesce(r.accepted_on, recount_members.on_date))).counts;
END;
COMMENT ON FUNCTION aidcase.recount_members(bigint[], date) IS
    '内部:按规则之日重定是否计入 / internal: brings in line who counts by the rules of the day';
REVOKE ALL ON FUNCTION aidcase.recount_members(bigint[], date) FROM PUBLIC;

-- What a table of rules is keyed by, besides its period: the expressions of
-- its exclusion constraint with their operators, in the words of a query.
CREATE OR REPLACE FUNCTION aidcase.rule_key(rule text)
RETURNS TABLE (n integer, expression text, operator text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT k.n::integer, pg_get_indexdef(c.conindid, k.n::integer, true), o.oprname::text
      FROM pg_constraint AS c
     CROSS JOIN LATERAL unnest(c.conexclop) WITH ORDINALITY AS k (operator, n)
      JOIN pg_operator AS o ON o.oid = k.operator
     WHERE c.conrelid = to_regclass(format('aidcase.%I', rule)) AND c.contype = 'x'
       AND pg_get_indexdef(c.conindid, k.n::integer, true) <> 'valid'
     ORDER BY k.n
$$;
COMMENT ON FUNCTION aidcase.rule_key(text) IS
    '内部:规则表除有效期外的键 / internal: what a table of rules is keyed by, besides its period';
REVOKE ALL ON FUNCTION aidcase.rule_key(text) FROM PUBLIC;

-- Trigger (deferred): between two rows for one thing there is no time without
-- a rule, unless a wider area or the rule for every programme serves there.
CREATE OR REPLACE FUNCTION aidcase.check_no_rule_gap() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    own_key  text := (SELECT string_agg(k.expression, ', ' ORDER BY k.n) FROM aidcase.rule_key(TG_TABLE_NAME) AS k);
    wide_key text := (SELECT coalesce(string_agg(k.expression, ', ' ORDER BY k.n), '1') FROM aidcase.rule_key(TG_TABLE_NAME) AS k
                       WHERE k.expression NOT IN ('area_code', 'programme', 'COALESCE(programme, ''''::text)'));
    has_programme boolean := to_jsonb(NEW) ? 'programme';
    gap daterange;
BEGIN
    EXECUTE format(
        'WITH row_key AS (SELECT ROW(%1$s) AS own, ROW(%2$s) AS wide, t.area_code FROM (SELECT ($1).*) AS t),'
        ' near AS (SELECT t.valid FROM aidcase.%3$I AS t, row_key AS k WHERE ROW(%1$s) IS NOT DISTINCT FROM k.own),'
        ' hole AS (SELECT daterange(upper(n.valid), lead(lower(n.valid)) OVER (ORDER BY n.valid)) AS gap,'
        '                 lead(n.valid) OVER (ORDER BY n.valid) AS next FROM near AS n)'
        ' SELECT h.gap FROM hole AS h, row_key AS k WHERE h.next IS NOT NULL AND NOT isempty(h.gap)'
        '   AND NOT coalesce((SELECT range_agg(t.valid) @> h.gap FROM aidcase.%3$I AS t'
        '                      WHERE ROW(%2$s) IS NOT DISTINCT FROM k.wide AND t.area_code = ANY (aidcase.area_chain(k.area_code))%4$s), false)'
        ' ORDER BY h.gap LIMIT 1',
        replace(own_key, 'area_code', 't.area_code'), wide_key, TG_TABLE_NAME,
        CASE WHEN has_programme THEN ' AND (t.programme IS NULL OR t.programme = ($1).programme)' ELSE '' END)
       INTO gap USING NEW;
    IF gap IS NOT NULL THEN
        RAISE EXCEPTION 'a rule of "%" would not be in force for some time', TG_TABLE_NAME
            USING ERRCODE = 'ZA007',
                  DETAIL = format('The rows for %s of area %s leave a gap from %s until before %s.',
                                  (SELECT string_agg(j.value #>> '{}', ' ' ORDER BY k.n)
                                     FROM aidcase.rule_key(TG_TABLE_NAME) AS k
                                     JOIN jsonb_each(to_jsonb(NEW)) AS j ON k.expression = j.key AND j.key <> 'area_code'),
                                  to_jsonb(NEW) ->> 'area_code', lower(gap), upper(gap)),
                  HINT = 'Let the rows follow each other; a rule that rests is a row that says so, such as a share of 0.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_no_rule_gap() IS
    '触发器(提交时):同一规则前后两期之间不得有空档 / trigger, at commit: no time without a rule between two rows for one thing';
REVOKE ALL ON FUNCTION aidcase.check_no_rule_gap() FROM PUBLIC;
-- PostgreSQL cannot replace a constraint trigger.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['programme_rule', 'income_rule', 'expense_rule', 'property_test', 'property_exemption', 'addon_rule',
        'addon_stacking', 'rounding_rule', 'support_rule', 'obligor_rule', 'imputed_rule', 'member_rule', 'single_person_rule',
        'care_level_rule', 'temp_rule', 'band_rule', 'authority_tier'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger AS g
                               WHERE g.tgrelid = format('aidcase.%I', t)::regclass AND g.tgname = '~4_no_gap');
        EXECUTE format('CREATE CONSTRAINT TRIGGER "~4_no_gap" AFTER INSERT OR UPDATE ON aidcase.%I'
            ' DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aidcase.check_no_rule_gap()', t);
        EXECUTE format('COMMENT ON TRIGGER "~4_no_gap" ON aidcase.%I IS'
            ' ''事务结束时检查前后两期之间有无空档 / looks for time without a rule when the transaction ends''', t);
    END LOOP;
END
$$;

-- The parameters that rules name have units of measure that they compute with.
CREATE OR REPLACE TRIGGER "~1_unit_value" BEFORE INSERT OR UPDATE ON aidcase.property_test
    FOR EACH ROW WHEN (NEW.measure = 'value') EXECUTE FUNCTION aidcase.check_parameter_unit('parameter', 'yuan', 'months', 'multiple');
CREATE OR REPLACE TRIGGER "~1_unit_quantity" BEFORE INSERT OR UPDATE ON aidcase.property_test
    FOR EACH ROW WHEN (NEW.measure = 'quantity') EXECUTE FUNCTION aidcase.check_parameter_unit('parameter', 'count');
CREATE OR REPLACE TRIGGER "~1_unit" BEFORE INSERT OR UPDATE ON aidcase.imputed_rule
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_parameter_unit('base', 'yuan/month');
CREATE OR REPLACE TRIGGER "~1_unit" BEFORE INSERT OR UPDATE ON aidcase.obligor_rule
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_parameter_unit('below', 'multiple', 'share');
COMMENT ON TRIGGER "~1_unit_value" ON aidcase.property_test IS '限额参数的计量单位 / unit of measure of the limit';
COMMENT ON TRIGGER "~1_unit_quantity" ON aidcase.property_test IS '限额参数的计量单位 / unit of measure of the limit';
COMMENT ON TRIGGER "~1_unit" ON aidcase.imputed_rule IS '基数参数的计量单位 / unit of measure of the base';
COMMENT ON TRIGGER "~1_unit" ON aidcase.obligor_rule IS '收入倍数的计量单位 / unit of measure of the multiple';
