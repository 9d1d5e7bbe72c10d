-- Means test: exact arithmetic.  All amounts are numeric, in yuan; nothing is
-- rounded before its end (extension/means_test.c).

CREATE FUNCTION gap_amount(standard numeric, members integer, monthly_income numeric, rounding text)
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'aidcase_gap_amount'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gap_amount(numeric, integer, numeric, text) IS
'补差额 = 标准×人数−家庭月收入,不低于 0,两位小数。取整方式:exact 家庭总额四舍五入到分,ceil_yuan_household 家庭总额进到元,ceil_yuan_person 人均差额进到元再乘人数,per_person_whole_yuan_gap 人均收入四舍五入到元后的差额乘人数 / the gap standard x members - monthly income of the household, never below 0, with two decimals; rounding: exact = to 0.01, half up, once, on the household total; ceil_yuan_household = household total up to a whole yuan; ceil_yuan_person = gap per person up to a whole yuan, x members; per_person_whole_yuan_gap = per-capita income half up to a whole yuan, then the gap x members; error 22023 for members below 1, an amount below 0, above 10^12 or not finite, another mode';

CREATE FUNCTION gap_amount_annual(standard numeric, members integer, annual_income numeric, rounding text)
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'aidcase_gap_amount_annual'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gap_amount_annual(numeric, integer, numeric, text) IS
'同 gap_amount,以十二个月收入为据:(12×标准×人数−年收入)÷12,只取整一次,不先除 / as gap_amount, from the income of 12 months: (12 x standard x members - annual income) / 12, rounded once and never divided before';

CREATE FUNCTION round_amount(value numeric, mode text, step numeric)
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'aidcase_round_amount'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION round_amount(numeric, text, numeric) IS
'按步长取整:half_up 四舍五入(远离零),half_even 四舍六入五成双,up 向远离零进,down 向零舍 / the multiple of step nearest to the value: half_up = ties away from zero, half_even = ties to the even multiple, up = away from zero, down = towards zero; the result has the decimals of the step';

-- The aggregate adds annual values: amount x 12 (basis month) or x 1 (basis
-- year) x the share that counts.  Deductions are negative amounts.

CREATE FUNCTION means_test_step(internal, numeric, text, numeric) RETURNS internal
    AS 'MODULE_PATHNAME', 'aidcase_means_test_step'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION means_test_step(internal, numeric, text, numeric) IS
'聚合 means_test 的累加函数 / transition function of aggregate means_test';

CREATE FUNCTION means_test_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'aidcase_means_test_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION means_test_combine(internal, internal) IS
'聚合 means_test 的合并函数 / combine function of aggregate means_test';

CREATE FUNCTION means_test_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'aidcase_means_test_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION means_test_serial(internal) IS
'聚合 means_test 的序列化函数 / serialize function of aggregate means_test';

CREATE FUNCTION means_test_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'aidcase_means_test_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION means_test_deserial(bytea, internal) IS
'聚合 means_test 的反序列化函数 / deserialize function of aggregate means_test';

CREATE FUNCTION means_test_final(internal) RETURNS numeric
    AS 'MODULE_PATHNAME', 'aidcase_means_test_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION means_test_final(internal) IS
'聚合 means_test 的结果函数 / final function of aggregate means_test';

CREATE AGGREGATE means_test(amount numeric, basis text, counted_share numeric) (
    SFUNC = means_test_step,
    STYPE = internal,
    SSPACE = 64,
    FINALFUNC = means_test_final,
    COMBINEFUNC = means_test_combine,
    SERIALFUNC = means_test_serial,
    DESERIALFUNC = means_test_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE means_test(numeric, text, numeric) IS
'家庭年收入 = Σ 金额×(按月 12,按年 1)×计入比例,精确不取整;扣除项以负数计入;无金额的行不计,无依据或比例则报错 / annual income of a household: the exact sum of amount x (12 per month, 1 per year) x counted share; deductions enter as negative amounts; a row without amount adds nothing, an amount without basis or share is an error';

-- The means test itself: facts of rounds and rules in, a row per round and
-- programme out.  It writes nothing and looks at no rights: the owner's alone.
CREATE TYPE assessment_line AS (
    line_no       integer,
    step          text,
    member_id     bigint,
    rule          text,
    article       text,
    document_id   bigint,
    input         numeric,
    bound         numeric,
    basis         text,
    amount        numeric,
    running_total numeric,
    illustrative  boolean);
COMMENT ON TYPE assessment_line IS
'测算明细的一行 / a line of a means test';

CREATE FUNCTION assess(round_ids bigint[], on_date date, changes jsonb DEFAULT NULL,
                       month date DEFAULT NULL, with_lines boolean DEFAULT false,
                       programmes text[] DEFAULT NULL)
    RETURNS TABLE (
        round_id bigint, case_id bigint, programme text, rule_date date, benefit_month date,
        members integer, annual_income numeric, standard numeric, eligible boolean,
        low_income_class text, base_amount numeric, addon_amount numeric, care_amount numeric,
        amount numeric, potential_addon numeric, minimum_amount numeric, maximum_amount numeric,
        rounding text, reasons text[], illustrative boolean, persons bigint[], village_id bigint,
        residence text, lines assessment_line[])
    AS 'MODULE_PATHNAME', 'aidcase_assess'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10000 ROWS 1000;
COMMENT ON FUNCTION assess(bigint[], date, jsonb, date, boolean, text[]) IS
'内部:测算任意轮次,不写入;changes 为假设的参数,month 为指定待遇月份;缺规则报错 ZA008 并全部列出 / internal: the means test of any rounds, writing nothing; changes supposes parameters ([{"name","area","programme","variant","value","divisor","from"}]), month asks for the amounts of that month; error ZA008 names all rules that are missing';
REVOKE ALL ON FUNCTION assess(bigint[], date, jsonb, date, boolean, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION assess(bigint[], date, jsonb, date, boolean, text[]) TO aidcase_owner;

CREATE FUNCTION member_standing(situation text, since date, alone boolean, area text, on_date date,
                                OUT counts boolean, OUT article text, OUT document_id bigint, OUT illustrative boolean)
    AS 'MODULE_PATHNAME', 'aidcase_member_standing'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION member_standing(text, date, boolean, text, date) IS
'内部:处于某情形的成员按规则是否计入及其依据;counts 为空表示无规则 / internal: whether a member in a situation since a day counts, and by which rule; counts is NULL where no rule is in force; alone: nobody else is in the household';
REVOKE ALL ON FUNCTION member_standing(text, date, boolean, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION member_standing(text, date, boolean, text, date) TO aidcase_owner;
