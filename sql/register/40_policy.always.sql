-- Policy: the value in force.  Values are dated, belong to an area and rest
-- on a document; a nearer area's value goes before a wider one's, within an
-- area the value of a programme before the general one.  A row with of_name
-- derives its value from another parameter and serves where no amount is
-- published.  parameter(), parameter_fraction(), parameter_row() and
-- area_chain() are members of the extension.

-- Trigger: the unit of measure of a parameter that a row names (argument 0 is
-- the column) is one that the rule can compute with (the other arguments).
CREATE OR REPLACE FUNCTION aidcase.check_parameter_unit() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    named text := to_jsonb(NEW) ->> TG_ARGV[0];
    unit  text := (SELECT n.unit_of_measure FROM aidcase.parameter_name AS n WHERE n.name = named);
BEGIN
    IF named IS NOT NULL AND NOT coalesce(unit = ANY (TG_ARGV[1:]), false) THEN
        RAISE EXCEPTION 'parameter "%" has another unit of measure than the rule that names it', named
            USING ERRCODE = 'ZA007',
                  DETAIL = format('Its unit is %s; column "%s" of table "%s" takes %s.', coalesce(unit, 'not known'),
                                  TG_ARGV[0], TG_TABLE_NAME, array_to_string(TG_ARGV[1:], ', ')),
                  HINT = 'Units are in aidcase.parameter_name.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_parameter_unit() IS
    '触发器:规则引用的参数须为可计算的计量单位 / trigger: a parameter that a rule names has a unit of measure that it can compute with';

-- Trigger: a derivation and its cap have the measure of what they derive
-- from; an amount paid once can be so many months of a monthly one.
CREATE OR REPLACE FUNCTION aidcase.check_derivation() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    unit text := (SELECT n.unit_of_measure FROM aidcase.parameter_name AS n WHERE n.name = NEW.name);
    wrong text;
BEGIN
    SELECT string_agg(format('"%s" (%s)', n.name, n.unit_of_measure), ', ' ORDER BY n.name) INTO wrong
      FROM aidcase.parameter_name AS n
     WHERE n.name IN (NEW.of_name, NEW.cap_name)
       AND n.unit_of_measure <> unit AND NOT (unit = 'yuan' AND n.unit_of_measure = 'yuan/month');
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'parameter "%" cannot be derived from another unit of measure', NEW.name
            USING ERRCODE = 'ZA007',
                  DETAIL = format('It is in %s; other: %s.', unit, wrong),
                  HINT = 'A factor has no unit. Only an amount in yuan may rest on one in yuan/month, as so many months of it.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_derivation() IS
    '触发器:推算与所依参数、封顶参数的计量单位须一致 / trigger: a derived parameter has the unit of what it derives from and of its cap';

-- Trigger (deferred): between two values of one key there is no time without
-- a value, unless a wider area or the general value serves there.
CREATE OR REPLACE FUNCTION aidcase.check_no_gap() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    gap daterange;
BEGIN
    SELECT g.gap INTO gap
      FROM (SELECT daterange(upper(p.valid), lead(lower(p.valid)) OVER (ORDER BY p.valid)) AS gap,
                   lead(p.valid) OVER (ORDER BY p.valid) AS next
              FROM aidcase.policy_parameter AS p
             WHERE p.name = NEW.name AND p.area_code = NEW.area_code
               AND p.programme IS NOT DISTINCT FROM NEW.programme
               AND p.variant IS NOT DISTINCT FROM NEW.variant
               AND (p.of_name IS NULL) = (NEW.of_name IS NULL)) AS g
     WHERE g.next IS NOT NULL AND NOT isempty(g.gap)
       AND NOT coalesce((SELECT range_agg(o.valid) @> g.gap
                           FROM aidcase.policy_parameter AS o
                          WHERE o.name = NEW.name AND o.variant IS NOT DISTINCT FROM NEW.variant
                            AND o.area_code = ANY (aidcase.area_chain(NEW.area_code))
                            AND (o.programme IS NULL OR o.programme = NEW.programme)), false)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'parameter "%" would have no value for some time', NEW.name
            USING ERRCODE = 'ZA007',
                  DETAIL = format('Area %s, from %s until before %s.', NEW.area_code, lower(gap), upper(gap)),
                  HINT = 'Let the values follow each other; aidcase.set_parameter() does.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_no_gap() IS
    '触发器(提交时):同一参数前后两期之间不得有空档 / trigger, at commit: no time without a value between two values of a parameter';
REVOKE ALL ON FUNCTION aidcase.check_no_gap() FROM PUBLIC;

CREATE OR REPLACE TRIGGER "~1_derivation" BEFORE INSERT OR UPDATE ON aidcase.policy_parameter
    FOR EACH ROW WHEN (NEW.of_name IS NOT NULL) EXECUTE FUNCTION aidcase.check_derivation();
-- PostgreSQL cannot replace a constraint trigger.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger AS g
                    WHERE g.tgrelid = 'aidcase.policy_parameter'::regclass AND g.tgname = '~4_no_gap') THEN
        CREATE CONSTRAINT TRIGGER "~4_no_gap" AFTER INSERT OR UPDATE ON aidcase.policy_parameter
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aidcase.check_no_gap();
        COMMENT ON TRIGGER "~4_no_gap" ON aidcase.policy_parameter IS
            '事务结束时检查前后两期之间有无空档 / looks for time without a value when the transaction ends';
    END IF;
END
$$;

-- A new value from a day on.  The value that was in force on that day ends
-- there and its period goes on with the new one, so that neither a gap nor
-- an overlap can arise; values of later dates stay as they are.
CREATE OR REPLACE FUNCTION aidcase.set_parameter(
    name text, area text, valid_from date, value numeric, document_no text,
    programme text DEFAULT NULL, variant text DEFAULT NULL,
    divisor numeric DEFAULT 1, illustrative boolean DEFAULT false,
    article text DEFAULT NULL, reference text DEFAULT NULL,
    of_name text DEFAULT NULL, of_programme text DEFAULT NULL, of_variant text DEFAULT NULL,
    round_mode text DEFAULT NULL, round_step numeric DEFAULT NULL,
    cap_name text DEFAULT NULL, cap_variant text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    faults   text[];
    measure  text;
    base_measure text;
    cap_measure text;
    document aidcase.policy_document;
    former   aidcase.policy_parameter;
    until    date;
    made     bigint;
BEGIN
    -- one at a time: the period to end is read first and written then
    PERFORM pg_advisory_xact_lock(hashtextextended('aidcase.set_parameter', 0));

    SELECT n.unit_of_measure INTO measure
      FROM aidcase.parameter_name AS n WHERE n.name = set_parameter.name;
    SELECT n.unit_of_measure INTO base_measure
      FROM aidcase.parameter_name AS n WHERE n.name = set_parameter.of_name;
    SELECT n.unit_of_measure INTO cap_measure
      FROM aidcase.parameter_name AS n WHERE n.name = set_parameter.cap_name;
    SELECT d.* INTO document
      FROM aidcase.policy_document AS d WHERE d.doc_no = set_parameter.document_no;
    SELECT p.* INTO former
      FROM aidcase.policy_parameter AS p
     WHERE p.name = set_parameter.name AND p.area_code = area
       AND p.programme IS NOT DISTINCT FROM set_parameter.programme
       AND p.variant IS NOT DISTINCT FROM set_parameter.variant
       AND (p.of_name IS NULL) = (set_parameter.of_name IS NULL)
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
             WHEN of_name IS NOT NULL THEN NULL         -- a factor
             WHEN measure = 'switch' AND value NOT IN (0, 1) THEN
            'value: A switch is 0 or 1.'
             WHEN measure IN ('count', 'days', 'workdays', 'hours', 'years') AND value <> trunc(value) THEN
            'value: It must be a whole number.'
             WHEN measure = 'share' AND divisor > 0 AND value > divisor THEN
            'value: A share is not more than 1.' END,
        CASE WHEN divisor IS NULL OR divisor IN ('NaN', 'Infinity') OR divisor <= 0 THEN
            'divisor: It must be a positive number.'
             WHEN of_name IS NULL AND measure IN ('count', 'days', 'workdays', 'hours', 'years', 'switch') AND divisor <> 1 THEN
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
            'illustrative: It must be true or false.' END,
        CASE WHEN reference NOT IN ('same_date', 'end_of_previous_year', 'previous_year') THEN
            'reference: It must be same_date, end_of_previous_year or previous_year.' END,
        CASE WHEN of_name IS NOT NULL AND base_measure IS NULL THEN
            'of_name: There is no such parameter.'
             WHEN base_measure <> measure AND NOT (measure = 'yuan' AND base_measure = 'yuan/month') THEN
            format('of_name: It is in %s, not in %s.', base_measure, measure)
             WHEN of_name IS NULL AND num_nonnulls(of_programme, of_variant, round_mode, round_step, cap_name, cap_variant) > 0 THEN
            'of_name: Rounding and a cap go with a derivation only.' END,
        CASE WHEN of_programme IS NOT NULL
              AND NOT EXISTS (SELECT FROM aidcase.programme AS g WHERE g.programme = set_parameter.of_programme) THEN
            'of_programme: There is no such programme.' END,
        CASE WHEN cap_name IS NOT NULL AND cap_measure IS NULL THEN
            'cap_name: There is no such parameter.'
             WHEN cap_measure <> measure AND NOT (measure = 'yuan' AND cap_measure = 'yuan/month') THEN
            format('cap_name: It is in %s, not in %s.', cap_measure, measure) END,
        CASE WHEN round_mode NOT IN ('half_up', 'half_even', 'up', 'down') THEN
            'round_mode: It must be half_up, half_even, up or down.'
             WHEN (round_mode IS NULL) <> (round_step IS NULL) THEN
            'round_mode: It goes with round_step.'
             WHEN round_step <= 0 OR round_step IN ('NaN', 'Infinity') THEN
            'round_step: It must be a positive number.' END
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
           AND (p.of_name IS NULL) = (set_parameter.of_name IS NULL)
           AND lower(p.valid) > valid_from;
    END IF;

    INSERT INTO aidcase.policy_parameter (name, area_code, programme, variant, valid, value, divisor,
                                          reference, of_name, of_programme, of_variant, round_mode, round_step, cap_name, cap_variant,
                                          article, document_id, illustrative)
    VALUES (set_parameter.name, area, set_parameter.programme, set_parameter.variant,
            daterange(valid_from, until), set_parameter.value, set_parameter.divisor,
            coalesce(set_parameter.reference, former.reference, 'same_date'),
            set_parameter.of_name, set_parameter.of_programme, set_parameter.of_variant, set_parameter.round_mode, set_parameter.round_step,
            set_parameter.cap_name, set_parameter.cap_variant, set_parameter.article,
            document.document_id, set_parameter.illustrative)
    RETURNING parameter_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.set_parameter(text, text, date, numeric, text, text, text, numeric, boolean, text,
                               text, text, text, text, text, numeric, text, text) IS
    '自某日起设定参数值,原有效期自动截止,不留空档;给出 of_name 即为推算(系数、取整、封顶);全部缺陷一次列出(ZA007);返回参数行号 / a new value of a parameter from a day on: the former period ends there, without a gap; with of_name a derivation (factor, rounding, cap); all faults at once (ZA007); returns its id';
REVOKE ALL ON FUNCTION aidcase.set_parameter(text, text, date, numeric, text, text, text, numeric, boolean, text,
                               text, text, text, text, text, numeric, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.set_parameter(text, text, date, numeric, text, text, text, numeric, boolean, text,
                               text, text, text, text, text, numeric, text, text) TO aidcase_admin, aidcase_bureau;

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
    'same_date 当日有效;end_of_previous_year、previous_year 以上年末有效者为准(推算的,指所依参数) / same_date: the value in force on the day asked for; the others: the one in force at the end of the year before (of a derivation: of what it derives from)';
COMMENT ON COLUMN aidcase.policy_parameter.of_name IS
    '所依参数,空为公布数额;有则数值除以除数为系数;公布数额优先 / what the value derives from, NULL = published; then value / divisor is a factor; a published amount goes before it';
COMMENT ON COLUMN aidcase.policy_parameter.of_programme IS '所依参数的救助项目,空为所问项目 / programme of what it derives from; NULL = the one asked for';
COMMENT ON COLUMN aidcase.policy_parameter.of_variant IS '所依参数的分类 / variant of what it derives from';
COMMENT ON COLUMN aidcase.policy_parameter.round_mode IS '推算结果取整方式,空为不取整 / rounding of a derived value; NULL = none';
COMMENT ON COLUMN aidcase.policy_parameter.round_step IS '取整步长 / step of the rounding';
COMMENT ON COLUMN aidcase.policy_parameter.cap_name IS '封顶参数:较低时取之 / cap: if that parameter is less, it is the value';
COMMENT ON COLUMN aidcase.policy_parameter.cap_variant IS '封顶参数的分类 / variant of the cap';
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
COMMENT ON COLUMN aidcase.income_rule.programme IS '救助项目,空为全部 / programme; NULL = every programme';
COMMENT ON COLUMN aidcase.income_rule.annual_cap IS '每人每年最多计入(元),空为不限 / counted of one member in 12 months at most, yuan; NULL = no limit';
COMMENT ON COLUMN aidcase.income_rule.article IS '条款 / article';
COMMENT ON COLUMN aidcase.income_rule.document_id IS '依据文件 / document';
COMMENT ON COLUMN aidcase.income_rule.illustrative IS '示例值 / made up for demonstration';

COMMENT ON TABLE aidcase.expense_kind IS '支出种类 / kinds of expense';
COMMENT ON COLUMN aidcase.expense_kind.expense_kind IS '支出种类 / kind';
COMMENT ON COLUMN aidcase.expense_kind.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.expense_kind.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.expense_kind.sort IS '顺序 / order';

COMMENT ON TABLE aidcase.property_kind IS '财产种类 / kinds of property';
COMMENT ON COLUMN aidcase.property_kind.property_kind IS '财产种类 / kind';
COMMENT ON COLUMN aidcase.property_kind.financial IS '计入金融资产限额 / counted to the limit on financial assets';
COMMENT ON COLUMN aidcase.property_kind.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.property_kind.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.property_kind.sort IS '顺序 / order';

COMMENT ON TABLE aidcase.person_group IS
    '人群:年龄、残疾、健康条件(年龄和等级为参数) / groups of persons: conditions of age, disability, health; ages and levels are parameters';
COMMENT ON COLUMN aidcase.person_group.person_group IS '人群代码 / group';
COMMENT ON COLUMN aidcase.person_group.age_from IS '年龄不小于此参数,空为不限 / parameter: at least this age; NULL = any';
COMMENT ON COLUMN aidcase.person_group.age_below IS '年龄小于此参数,空为不限 / parameter: below this age; NULL = any';
COMMENT ON COLUMN aidcase.person_group.age_variant IS '年龄参数的分类 / variant of the parameters of age';
COMMENT ON COLUMN aidcase.person_group.disability_level IS '残疾等级参数(按残疾类别),空为不限 / parameter: this level of disability or a lower number, by kind; NULL = any';
COMMENT ON COLUMN aidcase.person_group.health IS '健康状况,空为不限 / state of health; NULL = any';
COMMENT ON COLUMN aidcase.person_group.work_ability IS '劳动能力,空为不限 / ability to work; NULL = any';
COMMENT ON COLUMN aidcase.person_group.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.person_group.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.person_group.sort IS '顺序 / order';

COMMENT ON TABLE aidcase.member_situation IS
    '成员情形:影响是否计入共同生活家庭成员,规则见 member_rule / situations of a member that decide whether he counts; member_rule says how';
COMMENT ON COLUMN aidcase.member_situation.situation IS '情形代码 / situation';
COMMENT ON COLUMN aidcase.member_situation.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.member_situation.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.member_situation.sort IS '顺序 / order';

COMMENT ON TABLE aidcase.obligor_state IS
    '法定义务人可能无履行义务能力的状态,规则见 obligor_rule / states in which an obligor may be unable to perform; obligor_rule says when';
COMMENT ON COLUMN aidcase.obligor_state.obligor_state IS '状态代码 / state';
COMMENT ON COLUMN aidcase.obligor_state.stated IS '是为登记的事实,否为按收入推定 / true: a fact that is stated; false: seen from the income';
COMMENT ON COLUMN aidcase.obligor_state.label_zh IS '中文名称 / Chinese label';
COMMENT ON COLUMN aidcase.obligor_state.label_en IS '英文名称 / English label';
COMMENT ON COLUMN aidcase.obligor_state.sort IS '顺序 / order';

COMMENT ON TABLE aidcase.addon_rule IS
    '分类施保规则:人群、标准的比例、地区、时期 / category add-ons: a share of the standard per person of a group, by area and period';
COMMENT ON COLUMN aidcase.addon_rule.addon_rule_id IS '规则行号 / key';
COMMENT ON COLUMN aidcase.addon_rule.programme IS '救助项目 / programme';
COMMENT ON COLUMN aidcase.addon_rule.addon_group IS '人群,见 person_group / group of persons, see person_group';
COMMENT ON COLUMN aidcase.addon_rule.area_code IS '地区 / area';
COMMENT ON COLUMN aidcase.addon_rule.valid IS '有效期 / period';
COMMENT ON COLUMN aidcase.addon_rule.share IS '标准的比例,空为定额 / share of the standard; NULL = an amount';
COMMENT ON COLUMN aidcase.addon_rule.amount IS '定额(元/月),空为按比例 / yuan a month; NULL = a share';
COMMENT ON COLUMN aidcase.addon_rule.residence IS '城乡,空为不分 / urban or rural; NULL = both';
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
