/*
 * sampling: ticket numbers, sample sizes and confidence limits, without any
 * table.
 */
CREATE FUNCTION ticket(seed text, id text, method text DEFAULT 'rivest') RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_ticket';
COMMENT ON FUNCTION ticket(text, text, text) IS
    '抽签号:由公开种子和对象编号算出,小者先抽;方法 rivest 或 hex;排序须用 COLLATE "C" / ticket number of a unit under a public seed, the smallest are drawn; method rivest (decimal fraction) or hex; to be ordered COLLATE "C"';

CREATE FUNCTION ticket_prefix(ticket text) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_ticket_prefix';
COMMENT ON FUNCTION ticket_prefix(text) IS
    '抽签号开头几位的数值(小于 2^40),供排序 / the first digits of a ticket as a number below 2^40, to sort by before the ticket itself';

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

CREATE FUNCTION sample_size(population bigint, expected_rate double precision, margin double precision, level double precision DEFAULT 0.95) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_sample_size';
COMMENT ON FUNCTION sample_size(bigint, double precision, double precision, double precision) IS
    '为使比例估计误差不超过 margin 所需的样本量(含有限总体修正,正态近似) / units to examine so that the rate found lies within the margin of the true one (normal approximation with finite-population correction)';

CREATE FUNCTION discovery_size(population bigint, wrong bigint, level double precision DEFAULT 0.95) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_discovery_size';
COMMENT ON FUNCTION discovery_size(bigint, bigint, double precision) IS
    '总体中有 wrong 户差错时,以不低于 level 的把握至少发现一户所需的样本量(精确) / units to examine so that at least one of the wrong ones is found with a probability of at least level; exact';

CREATE FUNCTION log_gamma(x double precision) RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_sql_log_gamma';
COMMENT ON FUNCTION log_gamma(double precision) IS
    '伽马函数的自然对数 / natural logarithm of the gamma function, for x above 0';

CREATE FUNCTION incomplete_beta(x double precision, a double precision, b double precision) RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_sql_incomplete_beta';
COMMENT ON FUNCTION incomplete_beta(double precision, double precision, double precision) IS
    '正则化不完全贝塔函数(参数 a、b 的贝塔分布在 x 以下的份额) / regularized incomplete beta function: the share below x of the beta distribution of a, b';

CREATE FUNCTION normal_quantile(p double precision) RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_normal_quantile';
COMMENT ON FUNCTION normal_quantile(double precision) IS
    '标准正态分布的分位数 / quantile of the standard normal distribution';

CREATE FUNCTION t_quantile(p double precision, df double precision) RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_t_quantile';
COMMENT ON FUNCTION t_quantile(double precision, double precision) IS
    't 分布的分位数,自由度可非整数,Infinity 即正态分布 / quantile of Student''s distribution; degrees of freedom need not be whole, Infinity = normal';

-- What a stratified sample says of its population (extension/estimate.c).
CREATE TYPE estimate AS (
    strata             integer,
    lonely             integer,
    population         bigint,
    uncovered          bigint,
    drawn              bigint,
    examined           bigint,
    wrong              bigint,
    value              double precision,
    standard_error     double precision,
    degrees_of_freedom double precision,
    lower              double precision,
    upper              double precision,
    total              double precision,
    total_error        double precision,
    total_lower        double precision,
    total_upper        double precision,
    least_wrong        bigint,
    most_wrong         bigint
);
COMMENT ON TYPE estimate IS
    '分层样本的推断结果 / what a stratified sample says of its population; NULL = it does not say';
COMMENT ON COLUMN estimate.strata IS '层数 / strata';
COMMENT ON COLUMN estimate.lonely IS '只查了一户的层数(不止一户的层),其方差借自其他层 / strata of several units of which one was examined; their variance is borrowed';
COMMENT ON COLUMN estimate.population IS '总体户数 / units in the frame';
COMMENT ON COLUMN estimate.uncovered IS '一户也未查成的各层总户数,按与其他层相同估计 / units of strata of which nothing was examined; they count as like the others';
COMMENT ON COLUMN estimate.drawn IS '抽中户数 / units drawn';
COMMENT ON COLUMN estimate.examined IS '查成户数 / units drawn that could be examined';
COMMENT ON COLUMN estimate.wrong IS '发现差错户数 / units found wrong; NULL for amounts';
COMMENT ON COLUMN estimate.value IS '加权差错率、户均金额或比率 / weighted share of wrong units, mean amount a unit, or ratio';
COMMENT ON COLUMN estimate.standard_error IS 'value 的标准误;全部查过才为 0,所查各户无差异时为 NULL / standard error of value; 0 only if every unit was examined, NULL if those examined are all alike';
COMMENT ON COLUMN estimate.degrees_of_freedom IS '自由度 / degrees of freedom of the interval';
COMMENT ON COLUMN estimate.lower IS 'value 的下限(未查成者按无差错计) / lower limit of value; units not examined count as right';
COMMENT ON COLUMN estimate.upper IS 'value 的上限(未查成者按有差错计) / upper limit of value; units not examined count as wrong';
COMMENT ON COLUMN estimate.total IS '总体差错户数或金额 / number of wrong units or amount in the frame; NULL for a ratio';
COMMENT ON COLUMN estimate.total_error IS 'total 的标准误 / standard error of total';
COMMENT ON COLUMN estimate.total_lower IS 'total 的下限 / lower limit of total';
COMMENT ON COLUMN estimate.total_upper IS 'total 的上限 / upper limit of total';
COMMENT ON COLUMN estimate.least_wrong IS '总体差错户数的精确下限 / exact lower limit of the number of wrong units; NULL for amounts';
COMMENT ON COLUMN estimate.most_wrong IS '总体差错户数的精确上限(未查成者按有差错计) / exact upper limit of the number of wrong units, those not examined counted as wrong; NULL for amounts';

CREATE FUNCTION stratified_estimate_share_step(internal, text, bigint, boolean, double precision) RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_estimate_share_step';
COMMENT ON FUNCTION stratified_estimate_share_step(internal, text, bigint, boolean, double precision) IS
    '聚合 stratified_estimate(差错率)的累加函数 / transition function of aggregate stratified_estimate of a share';
CREATE FUNCTION stratified_estimate_amount_step(internal, text, bigint, numeric, double precision) RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_estimate_amount_step';
COMMENT ON FUNCTION stratified_estimate_amount_step(internal, text, bigint, numeric, double precision) IS
    '聚合 stratified_estimate(金额)的累加函数 / transition function of aggregate stratified_estimate of an amount';
CREATE FUNCTION stratified_estimate_ratio_step(internal, text, bigint, numeric, numeric, double precision) RETURNS internal
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_estimate_ratio_step';
COMMENT ON FUNCTION stratified_estimate_ratio_step(internal, text, bigint, numeric, numeric, double precision) IS
    '聚合 stratified_estimate(比率)的累加函数 / transition function of aggregate stratified_estimate of a ratio';
CREATE FUNCTION stratified_estimate_final(internal) RETURNS estimate
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'aidcase_estimate_final';
COMMENT ON FUNCTION stratified_estimate_final(internal) IS
    '聚合 stratified_estimate 的结果函数 / final function of the aggregates stratified_estimate';

CREATE AGGREGATE stratified_estimate(stratum text, population bigint, wrong boolean, level double precision) (
    SFUNC = stratified_estimate_share_step, STYPE = internal,
    FINALFUNC = stratified_estimate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE stratified_estimate(text, bigint, boolean, double precision) IS
    '由分层样本估计差错率和差错户数,每行一户抽中户,未查成者 wrong 为 NULL / share and number of wrong units from a stratified sample, a row for each unit drawn; wrong is NULL for one that could not be examined';
CREATE AGGREGATE stratified_estimate(stratum text, population bigint, amount numeric, level double precision) (
    SFUNC = stratified_estimate_amount_step, STYPE = internal,
    FINALFUNC = stratified_estimate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE stratified_estimate(text, bigint, numeric, double precision) IS
    '由分层样本估计金额(户均、总额),每行一户抽中户 / mean and total of an amount from a stratified sample, a row for each unit drawn';
CREATE AGGREGATE stratified_estimate(stratum text, population bigint, amount numeric, base numeric, level double precision) (
    SFUNC = stratified_estimate_ratio_step, STYPE = internal,
    FINALFUNC = stratified_estimate_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE stratified_estimate(text, bigint, numeric, numeric, double precision) IS
    '由分层样本估计两总额之比,如多发金额占发放金额之比 / ratio of two totals from a stratified sample, such as yuan overpaid by yuan paid';
