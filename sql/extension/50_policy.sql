-- Policy: dated parameters (extension/policy.c).
--
-- The functions read table aidcase.policy_parameter of the register, kept in
-- memory by each session.  They always see the newest committed values and
-- their own transaction's changes, also under REPEATABLE READ, and need no
-- grant: parameters are public.

CREATE FUNCTION area_chain(area text) RETURNS text[]
    AS 'MODULE_PATHNAME', 'aidcase_area_chain'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION area_chain(text) IS
'地区及其上级,由近及远:村居、镇办、区、市、省、全国(0) / an area and those above it, nearest first: village, town, district, city, province, nation (0)';

CREATE FUNCTION parameter(name text, area text, on_date date,
                          programme text DEFAULT NULL, variant text DEFAULT NULL)
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'aidcase_parameter'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION parameter(text, text, date, text, text) IS
'某地某日有效的参数值:先近后远,先专项后一般;缺失报错 ZA008。除不尽的分数请用 parameter_fraction / the value of a parameter in force: the nearest area''s, and there the programme''s before the general one; error ZA008 when it is missing; for a fraction that no decimal equals use parameter_fraction';

CREATE FUNCTION parameter_fraction(name text, area text, on_date date,
                                   programme text DEFAULT NULL, variant text DEFAULT NULL,
                                   OUT value numeric, OUT divisor numeric)
    AS 'MODULE_PATHNAME', 'aidcase_parameter_fraction'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION parameter_fraction(text, text, date, text, text) IS
'有效参数的分数形式(值、除数),三分之一即 1/3;缺失报错 ZA008 / a parameter as an exact fraction (value, divisor): a third is 1/3; error ZA008 when it is missing';

CREATE FUNCTION parameter_id(name text, area text, on_date date,
                             programme text DEFAULT NULL, variant text DEFAULT NULL)
    RETURNS bigint
    AS 'MODULE_PATHNAME', 'aidcase_parameter_id'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION parameter_id(text, text, date, text, text) IS
'有效参数的行号,没有则为 NULL / the row of policy_parameter that is in force, NULL when none is';

CREATE FUNCTION parameter_in_words(name text, area text, on_date date,
                                   programme text DEFAULT NULL, variant text DEFAULT NULL)
    RETURNS text
    AS 'MODULE_PATHNAME', 'aidcase_parameter_in_words'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION parameter_in_words(text, text, date, text, text) IS
'缺失参数的说明 / that a parameter, or what it is derived from, has no value in force, in a sentence';

CREATE FUNCTION parameter_row(name text, area text, on_date date,
                              programme text DEFAULT NULL, variant text DEFAULT NULL)
    RETURNS TABLE (parameter_id bigint, name text, area_code text, programme text, variant text, valid daterange,
                   value numeric, divisor numeric, reference text, article text, document_id bigint,
                   illustrative boolean, of_name text, of_value numeric, factor numeric, capped_by text)
    AS 'MODULE_PATHNAME', 'aidcase_parameter_row'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION parameter_row(text, text, date, text, text) IS
'某地某日有效的参数行,没有则无行:数值为最终分数;由其他参数推算的,另列所依参数(of_name、of_value)、系数(factor)和封顶参数(capped_by);本身、所依或封顶为示例的,illustrative 为真 / the row of a parameter in force, or none; value / divisor is the final fraction; of a derived one also what it derives from, the factor, and the parameter that capped it; illustrative also when what it derives from or the cap is';
