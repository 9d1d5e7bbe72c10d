/*
 * sampling: ticket numbers, sample sizes and confidence limits, without any
 * table.
 */
CREATE FUNCTION ticket(seed text, id text, method text DEFAULT 'rivest') RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_ticket';
COMMENT ON FUNCTION ticket(text, text, text) IS
    '抽签号:由公开种子和对象编号算出,小者先抽;方法 rivest 或 hex;排序须用 COLLATE "C" / ticket number of a unit under a public seed, the smallest are drawn; method rivest (decimal fraction) or hex; to be ordered COLLATE "C"';

CREATE FUNCTION stratum_size(population bigint, rate_numerator bigint, rate_denominator bigint, minimum bigint DEFAULT 0) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_stratum_size';
COMMENT ON FUNCTION stratum_size(bigint, bigint, bigint, bigint) IS
    '层内样本量:min(总数, max(最低数, ⌈总数×比例⌉)),整数运算 / size of the sample of a stratum: min(population, max(minimum, population × rate rounded up)), in whole numbers';

CREATE FUNCTION wilson(x bigint, n bigint, level double precision, OUT lower double precision, OUT upper double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_wilson';
COMMENT ON FUNCTION wilson(bigint, bigint, double precision) IS
    '比例的 Wilson 置信区间(n 中有 x) / Wilson score interval for a share, x found among n';

CREATE FUNCTION clopper_pearson(x bigint, n bigint, level double precision, OUT lower double precision, OUT upper double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_clopper_pearson';
COMMENT ON FUNCTION clopper_pearson(bigint, bigint, double precision) IS
    '比例的精确(二项)置信区间(n 中有 x) / exact binomial limits (Clopper and Pearson) for a share, x found among n';

CREATE FUNCTION hypergeometric_limits(x bigint, n bigint, population bigint, level double precision, OUT lower bigint, OUT upper bigint)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_hypergeometric_limits';
COMMENT ON FUNCTION hypergeometric_limits(bigint, bigint, bigint, double precision) IS
    '有限总体中差错户数的精确上下限(不放回抽 n 户发现 x 户) / exact limits for the number of wrong units in a finite population, x found among n drawn without putting back';
