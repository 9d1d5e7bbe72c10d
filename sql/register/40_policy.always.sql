-- Policy: the value in force.  Values are dated, belong to an area and rest
-- on a document; a nearer area's value goes before a wider one's, within an
-- area the value of a programme before the general one.  parameter(),
-- parameter_fraction() and area_chain() are members of the extension.

-- The row in force, or no row: value, document, article, and whether it is
-- illustrative.  Not raising, it can be joined; the planner inlines it.
CREATE OR REPLACE FUNCTION aidcase.parameter_row(
    name text, area text, on_date date,
    programme text DEFAULT NULL, variant text DEFAULT NULL)
RETURNS SETOF aidcase.policy_parameter
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
SELECT p.*
  FROM aidcase.policy_parameter AS p
 WHERE p.parameter_id = aidcase.parameter_id(parameter_row.name, area, on_date,
                                             parameter_row.programme, parameter_row.variant);
END;
COMMENT ON FUNCTION aidcase.parameter_row(text, text, date, text, text) IS
    '某地某日有效的参数行(含文件、条款、是否示例),没有则无行 / the row of a parameter in force: value, divisor, document, article, whether it is illustrative; no row when none is';

-- A new value from a day on.  The value that was in force on that day ends
-- there and its period goes on with the new one, so that neither a gap nor
-- an overlap can arise; values of later dates stay as they are.
CREATE OR REPLACE FUNCTION aidcase.set_parameter(
    name text, area text, valid_from date, value numeric, document_no text,
    programme text DEFAULT NULL, variant text DEFAULT NULL,
    divisor numeric DEFAULT 1, illustrative boolean DEFAULT false,
    article text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    faults   text[];
    measure  text;
    document aidcase.policy_document;
    former   aidcase.policy_parameter;
    until    date;
    made     bigint;
BEGIN
    -- one at a time: the period to end is read first and written then
    PERFORM pg_advisory_xact_lock(hashtextextended('aidcase.set_parameter', 0));

    SELECT n.unit_of_measure INTO measure
      FROM aidcase.parameter_name AS n WHERE n.name = set_parameter.name;
    SELECT d.* INTO document
      FROM aidcase.policy_document AS d WHERE d.doc_no = set_parameter.document_no;
    SELECT p.* INTO former
      FROM aidcase.policy_parameter AS p
     WHERE p.name = set_parameter.name AND p.area_code = area
       AND p.programme IS NOT DISTINCT FROM set_parameter.programme
       AND p.variant IS NOT DISTINCT FROM set_parameter.variant
       AND p.valid @> valid_from;

    faults := array_remove(ARRAY[
        CASE WHEN measure IS NULL THEN
            'name: There is no such parameter.' END,
        CASE WHEN area IS NULL
               OR area <> '0' AND area !~ '^[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?$' THEN
            'area: It must be 0 for the nation, or a code of 6, 9 or 12 digits.'
             WHEN NOT EXISTS (SELECT FROM aidcase.register AS r
                               WHERE area = ANY (aidcase.area_chain(r.area_code)))
              AND NOT EXISTS (SELECT FROM aidcase.unit AS u WHERE u.unit_code = area) THEN
            'area: There is no such unit, and it is not above the district.' END,
        CASE WHEN valid_from IS NULL OR NOT isfinite(valid_from) THEN
            'valid_from: A date is needed.'
             WHEN lower(former.valid) = valid_from THEN
            'valid_from: A value that begins on this day is set already.' END,
        CASE WHEN value IS NULL OR value IN ('NaN', 'Infinity', '-Infinity') THEN
            'value: A finite number is needed.'
             WHEN value < 0 THEN
            'value: It must not be negative.'
             WHEN value > 1000000000000 THEN
            'value: It must not be above 1000000000000.'
             WHEN measure = 'switch' AND value NOT IN (0, 1) THEN
            'value: A switch is 0 or 1.'
             WHEN measure IN ('count', 'days', 'workdays', 'hours', 'years') AND value <> trunc(value) THEN
            'value: It must be a whole number.'
             WHEN measure = 'share' AND divisor > 0 AND value > divisor THEN
            'value: A share is not more than 1.' END,
        CASE WHEN divisor IS NULL OR divisor IN ('NaN', 'Infinity') OR divisor <= 0 THEN
            'divisor: It must be a positive number.'
             WHEN measure IN ('count', 'days', 'workdays', 'hours', 'years', 'switch') AND divisor <> 1 THEN
            'divisor: It must be 1.' END,
        CASE WHEN programme IS NOT NULL
              AND NOT EXISTS (SELECT FROM aidcase.programme AS g WHERE g.programme = set_parameter.programme) THEN
            'programme: There is no such programme.' END,
        CASE WHEN btrim(variant) = '' THEN
            'variant: It must not be blank.' END,
        CASE WHEN document.document_id IS NULL THEN
            'document_no: There is no such document.'
             WHEN NOT illustrative AND valid_from < lower(document.in_force) THEN
            'valid_from: The document is not yet in force on this day.' END,
        CASE WHEN illustrative IS NULL THEN
            'illustrative: It must be true or false.' END
        ], NULL);
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the parameter cannot be set'
            USING ERRCODE = 'ZA007', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Example: SELECT aidcase.set_parameter(''dibao_standard'', ''340705'', ''2021-07-01'', 702, '
                         'document_no, variant => ''urban''). Names are in aidcase.parameter_name, documents in aidcase.policy_document.';
    END IF;

    IF former.parameter_id IS NOT NULL THEN
        until := upper(former.valid);
        UPDATE aidcase.policy_parameter AS p
           SET valid = daterange(lower(p.valid), valid_from)
         WHERE p.parameter_id = former.parameter_id;
    ELSE
        SELECT min(lower(p.valid)) INTO until
          FROM aidcase.policy_parameter AS p
         WHERE p.name = set_parameter.name AND p.area_code = area
           AND p.programme IS NOT DISTINCT FROM set_parameter.programme
           AND p.variant IS NOT DISTINCT FROM set_parameter.variant
           AND lower(p.valid) > valid_from;
    END IF;

    INSERT INTO aidcase.policy_parameter (name, area_code, programme, variant, valid, value, divisor,
                                          reference, article, document_id, illustrative)
    VALUES (set_parameter.name, area, set_parameter.programme, set_parameter.variant,
            daterange(valid_from, until), set_parameter.value, set_parameter.divisor,
            coalesce(former.reference, 'same_date'), set_parameter.article,
            document.document_id, set_parameter.illustrative)
    RETURNING parameter_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.set_parameter(text, text, date, numeric, text, text, text, numeric, boolean, text) IS
    '自某日起设定参数值,原有效期自动截止,不留空档;全部缺陷一次列出(ZA007);返回参数行号 / a new value of a parameter from a day on: the former period ends there, without a gap; all faults at once (ZA007); returns its id';
REVOKE ALL ON FUNCTION aidcase.set_parameter(text, text, date, numeric, text, text, text, numeric, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.set_parameter(text, text, date, numeric, text, text, text, numeric, boolean, text) TO aidcase_admin, aidcase_bureau;

COMMENT ON TABLE aidcase.parameter_name IS
    '参数名录 / the parameters there are, with their unit of measure';
COMMENT ON COLUMN aidcase.parameter_name.name IS '参数 / parameter';
COMMENT ON COLUMN aidcase.parameter_name.unit_of_measure IS
    '计量单位 / unit of measure; share = not more than 1, multiple = any factor, switch = 0 or 1';
COMMENT ON COLUMN aidcase.parameter_name.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.parameter_name.label_en IS '英文名称 / English label';

COMMENT ON TABLE aidcase.policy_parameter IS
    '政策参数:地区、时期、数值、依据文件 / dated values of parameters by area, each with its document';
COMMENT ON COLUMN aidcase.policy_parameter.parameter_id IS '参数行号 / key';
COMMENT ON COLUMN aidcase.policy_parameter.name IS '参数 / parameter';
COMMENT ON COLUMN aidcase.policy_parameter.area_code IS
    '地区:0 全国,省市区 6 位,镇办 9 位,村居 12 位 / area: 0 = nation, province, city and district 6 digits, town 9, village 12';
COMMENT ON COLUMN aidcase.policy_parameter.programme IS '救助项目,空为通用 / programme; NULL = every programme';
COMMENT ON COLUMN aidcase.policy_parameter.variant IS
    '分类(如 urban、rural、full_care/centralised) / variant, for example urban, rural, full_care/centralised';
COMMENT ON COLUMN aidcase.policy_parameter.valid IS '有效期 / period in which it is in force';
COMMENT ON COLUMN aidcase.policy_parameter.value IS '数值(分子) / value (numerator)';
COMMENT ON COLUMN aidcase.policy_parameter.divisor IS '除数(分母) / divisor (denominator)';
COMMENT ON COLUMN aidcase.policy_parameter.reference IS
    'same_date 当日有效;end_of_previous_year、previous_year 以上年末有效者为准 / same_date: the value in force on the day asked for; the others: the one in force at the end of the year before';
COMMENT ON COLUMN aidcase.policy_parameter.article IS '条款 / article';
COMMENT ON COLUMN aidcase.policy_parameter.document_id IS '依据文件 / document it rests on';
COMMENT ON COLUMN aidcase.policy_parameter.illustrative IS '示例值,非现行政策 / made up for demonstration, not in force anywhere';

COMMENT ON TABLE aidcase.rounding_rule IS
    '取整规则:项目、组成部分、地区、时期 / how a component of a benefit is rounded, by area and period';
COMMENT ON COLUMN aidcase.rounding_rule.rounding_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.rounding_rule.programme IS '救助项目 / programme';
COMMENT ON COLUMN aidcase.rounding_rule.component IS '组成部分:base 基本部分 / component; base = the basic amount';
COMMENT ON COLUMN aidcase.rounding_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.rounding_rule.mode IS '取整方式,见 gap_amount / mode, see gap_amount()';
COMMENT ON COLUMN aidcase.rounding_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.rounding_rule.article IS '条款 / article';
COMMENT ON COLUMN aidcase.rounding_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.rounding_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.income_kind IS '收入种类 / kinds of income';
COMMENT ON COLUMN aidcase.income_kind.income_kind IS '收入种类 / kind';
COMMENT ON COLUMN aidcase.income_kind.category IS
    'wage 工资性,business 经营,property 财产,transfer 转移,other 其他 / the five categories of the Dibao Measures';
COMMENT ON COLUMN aidcase.income_kind.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.income_kind.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.income_kind.sort IS '顺序 / order';

COMMENT ON TABLE aidcase.income_rule IS
    '收入计入规则:某地某时期某种收入计入的比例 / the share of a kind of income that counts, by area and period';
COMMENT ON COLUMN aidcase.income_rule.income_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.income_rule.income_kind IS '收入种类 / kind of income';
COMMENT ON COLUMN aidcase.income_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.income_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.income_rule.counted_share IS '计入比例,0 为不计入 / share that counts, 0 = never counted';
COMMENT ON COLUMN aidcase.income_rule.article IS '条款 / article';
COMMENT ON COLUMN aidcase.income_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.income_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.expense_kind IS '支出种类 / kinds of expense';
COMMENT ON COLUMN aidcase.expense_kind.expense_kind IS '支出种类 / kind';
COMMENT ON COLUMN aidcase.expense_kind.deductible IS '核算收入时可扣减 / deducted from income in the gap calculation';
COMMENT ON COLUMN aidcase.expense_kind.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.expense_kind.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.expense_kind.sort IS '顺序 / order';

COMMENT ON TABLE aidcase.property_kind IS '财产种类 / kinds of property';
COMMENT ON COLUMN aidcase.property_kind.property_kind IS '财产种类 / kind';
COMMENT ON COLUMN aidcase.property_kind.financial IS '计入金融资产限额 / counted to the limit on financial assets';
COMMENT ON COLUMN aidcase.property_kind.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.property_kind.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.property_kind.sort IS '顺序 / order';

COMMENT ON TABLE aidcase.addon_rule IS
    '分类施保规则:人群、标准的比例、地区、时期 / category add-ons: a share of the standard per person of a group, by area and period';
COMMENT ON COLUMN aidcase.addon_rule.addon_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.addon_rule.programme IS '救助项目 / programme';
COMMENT ON COLUMN aidcase.addon_rule.addon_group IS
    'aged 老年人,minor 未成年人,severe_disability 重度残疾人,serious_illness 重病患者 / group of persons';
COMMENT ON COLUMN aidcase.addon_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.addon_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.addon_rule.share IS '标准的比例 / share of the standard';
COMMENT ON COLUMN aidcase.addon_rule.article IS '条款 / article';
COMMENT ON COLUMN aidcase.addon_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.addon_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.refusal_reason IS
    '不予救助的理由:代码、条款、告知语句 / reasons of refusal: code, article, sentence for the notice';
COMMENT ON COLUMN aidcase.refusal_reason.refusal_reason IS '理由代码 / code';
COMMENT ON COLUMN aidcase.refusal_reason.article IS '条款 / article';
COMMENT ON COLUMN aidcase.refusal_reason.sentence_zh IS '中文语句 / sentence in Chinese';
COMMENT ON COLUMN aidcase.refusal_reason.sentence_en IS '英文语句 / sentence in English';
COMMENT ON COLUMN aidcase.refusal_reason.sort IS '顺序 / order';
