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
