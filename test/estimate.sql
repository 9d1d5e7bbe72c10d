-- Special functions, sample sizes and estimates from stratified samples.
--
-- Expected values come from closed forms, exact sums in numeric, small examples
-- by hand, and figures published for the California schools of 2000 (200 of
-- 6,194 drawn in three strata: mean score 662.29, standard error 9.4089).
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(99);

CREATE FUNCTION pg_temp.near(have double precision, want double precision, relative double precision DEFAULT 1e-10)
RETURNS boolean LANGUAGE sql AS $$SELECT abs(have - want) <= relative * greatest(abs(want), 1e-300)$$;

-- ---------------------------------------------------------------------
-- Special functions

SELECT ok(bool_and(pg_temp.near(log_gamma(n + 1), ln(factorial(n))::float8)), 'log_gamma: factorials')
  FROM generate_series(2, 120) AS n;
-- gamma(n + 1/2) = (2n)! / (4^n n!) sqrt(pi)
SELECT ok(bool_and(pg_temp.near(log_gamma(n + 0.5), (ln(factorial(2 * n) / (4::numeric ^ n * factorial(n))) + ln(3.14159265358979323846264338328) / 2)::float8)), 'log_gamma: halves')
  FROM generate_series(1, 80) AS n;
SELECT ok(pg_temp.near(log_gamma(x), v), format('log_gamma(%s)', x))
  FROM (VALUES (0.1::float8, 2.252712651734206::float8), (10.3, 13.48203678613836), (123.4, 469.3360974421906), (1e6, 12815504.56914761)) AS t (x, v);
SELECT ok(abs(log_gamma(1)) < 1e-14 AND abs(log_gamma(2)) < 1e-14, 'log_gamma: its zeros');

-- P(X >= a) for X binomial among a + b - 1
SELECT ok(bool_and(pg_temp.near(incomplete_beta(p::float8, a, b), (
            SELECT sum(factorial(n) / factorial(k) / factorial(n - k) * p::numeric(400, 200) ^ k * (1 - p::numeric(400, 200)) ^ (n - k))
              FROM (SELECT a + b - 1 AS n) AS x, generate_series(a, n) AS k)::float8)), 'incomplete_beta: binomial sums')
  FROM unnest(ARRAY[0.01, 0.2, 0.5, 0.875]) AS p, unnest(ARRAY[1, 2, 7, 40]) AS a, unnest(ARRAY[1, 3, 25]) AS b;
SELECT ok(pg_temp.near(incomplete_beta(x, a, b), v), format('incomplete_beta(%s, %s, %s)', x, a, b))
  FROM (VALUES (0.01::float8, 0.5::float8, 100::float8, 0.8432241345755589::float8), (0.5, 50, 50.5, 0.5199718752413338),
               (0.999, 2.5, 0.01, 0.05478801089746878), (0.2, 1000, 4000, 0.5028210395458619),
               (0.205, 1000, 4000, 0.8120481271079545), (0.9999, 1e6, 50, 1.173902253495805e-08),
               (0, 2, 3, 0), (1, 2, 3, 1)) AS t (x, a, b, v);
SELECT ok(bool_and(abs(incomplete_beta(x, a, b) + incomplete_beta(1 - x, b, a) - 1) < 1e-13), 'incomplete_beta: its mirror')
  FROM unnest('{0.125,0.25,0.5,0.75}'::float8[]) AS x, unnest('{0.01,0.5,3,1000,2e7}'::float8[]) AS a, unnest('{0.3,4,555}'::float8[]) AS b;

SELECT ok(pg_temp.near(normal_quantile(p), v), format('normal_quantile(%s)', p))
  FROM (VALUES (1e-300::float8, -37.0470962993612::float8), (1e-20, -9.262340089798405), (0.001, -3.090232306167813),
               (0.3, -0.5244005127080407), (0.6, 0.2533471031357998), (0.975, 1.959963984540054)) AS t (p, v);
SELECT is(normal_quantile(0.5), 0::float8, 'normal_quantile: the middle');

-- one degree of freedom: tan(pi (p - 1/2)); two: (2p - 1) / sqrt(2 p (1 - p));
-- four, by Hill: 2 sqrt(cos(acos(r)/3)/r - 1), r = sqrt(4 p (1 - p))
SELECT ok(bool_and(pg_temp.near(t_quantile(p, 1), tan(pi() * (p - 0.5))) AND pg_temp.near(t_quantile(p, 2), (2 * p - 1) / sqrt(2 * p * (1 - p)))
               AND pg_temp.near(t_quantile(p, 4), 2 * sqrt(cos(acos(sqrt(4 * p * (1 - p))) / 3) / sqrt(4 * p * (1 - p)) - 1), 1e-9)),
          't_quantile: closed forms')
  FROM unnest('{0.51,0.6,0.7,0.8,0.9,0.975,0.999,0.999999}'::float8[]) AS p;
SELECT ok(pg_temp.near(t_quantile(p, df), v) AND pg_temp.near(t_quantile(1 - p, df), -v), format('t_quantile(%s, %s)', p, df))
  FROM (VALUES (0.9::float8, 3.7::float8, 1.55756583886151::float8), (0.975, 10, 2.22813885198627), (0.6, 29.5, 0.255643833244157),
               (0.9995, 100, 3.39049131116426), (0.975, 197, 1.9720790337785)) AS t (p, df, v);
SELECT is(t_quantile(0.975, 'Infinity'), normal_quantile(0.975), 't_quantile: infinitely many degrees are normal');
SELECT ok(pg_temp.near(t_quantile(0.975, 1e8), t_quantile(0.975, 1e8 + 1)), 't_quantile: no step where the method changes');
SELECT ok(bool_and(pg_temp.near(incomplete_beta(df / (df + t * t), df / 2, 0.5) / 2, 1 - p, 1e-9)), 't_quantile and incomplete_beta belong together')
  FROM unnest('{0.5,1.5,3,17.25,400,1e6}'::float8[]) AS df, unnest('{0.625,0.875,0.96875}'::float8[]) AS p, t_quantile(p, df) AS t;
SELECT throws_ok(q, '22023', m, q)
  FROM (VALUES ('SELECT normal_quantile(0)', 'quantile cannot be computed'), ($$SELECT normal_quantile('NaN')$$, 'quantile cannot be computed'),
               ('SELECT t_quantile(1, 3)', 'quantile cannot be computed'), ('SELECT t_quantile(0.5, 0)', 'quantile cannot be computed'),
               ('SELECT log_gamma(0)', 'logarithm of the gamma function cannot be computed'),
               ('SELECT incomplete_beta(1.5, 1, 1)', 'incomplete beta function cannot be computed')) AS t (q, m);

-- ---------------------------------------------------------------------
-- How many to examine

-- z = 1.959964, e = 0.05, p = 1/2: 384.146 without limit, /(1 + 383.146/N)
SELECT is(sample_size(n, p, e), v, format('sample_size(%s, %s, %s)', n, p, e))
  FROM (VALUES (1000::bigint, 0.5::float8, 0.05::float8, 278::bigint), (1000000000, 0.5, 0.05, 385), (100, 0.5, 0.05, 80),
               (100, 0.05, 0.05, 43), (1, 0.5, 0.05, 1), (10, 0.01, 0.9, 1)) AS t (n, p, e, v);
-- drawn one fewer, none may be found; with this many it is unlikely enough
CREATE FUNCTION pg_temp.none(population bigint, wrong bigint, n bigint) RETURNS numeric LANGUAGE sql AS $$
    SELECT CASE WHEN n > population - wrong THEN 0::numeric
                ELSE round(factorial(population - wrong) / factorial(population - wrong - n) * (factorial(population - n) / factorial(population)::numeric(1000, 300)), 40) END $$;
SELECT ok(bool_and(pg_temp.none(p, k, n) <= 0.05 AND (n = 1 OR pg_temp.none(p, k, n - 1) > 0.05)), 'discovery_size: the least that suffices')
  FROM unnest('{1,2,19,20,21,60,100}'::bigint[]) AS p, generate_series(1, p, 1 + p / 9) AS k, discovery_size(p, k, 0.95) AS n;
SELECT is(discovery_size(100, 1, 0.95), 95::bigint, 'discovery_size: one wrong of a hundred');
SELECT is(discovery_size(4, 1, 0.75), 3::bigint, 'discovery_size: exactly the level is enough');
SELECT throws_ok('SELECT sample_size(0, 0, 1, 1)', '22023', 'number of units to examine cannot be computed', 'sample_size: impossible');
SELECT throws_ok('SELECT discovery_size(5, 6)', '22023', 'number of units to examine cannot be computed', 'discovery_size: more wrong ones than units');

-- ---------------------------------------------------------------------
-- Published figures: strata E, H, M of 4421, 755, 1018 schools, 100, 50, 50 drawn

-- 4 numbers with the sums, sums of squares and products that are known
CREATE FUNCTION pg_temp.pairs(k numeric, sx numeric, sxx numeric, sy numeric, syy numeric, sxy numeric)
RETURNS TABLE (x numeric, y numeric) LANGUAGE sql AS $$
    SELECT sx / k + a * u, sy / k + b * u + c * v
      FROM (SELECT a, (sxy - sx * sy / k) / k / a AS b,
                   sqrt((syy - sy * sy / k) / k - ((sxy - sx * sy / k) / k / a) ^ 2) AS c
              FROM (SELECT sqrt((sxx - sx * sx / k) / k) AS a) AS q) AS m,
           LATERAL (SELECT CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END AS u,
                           CASE WHEN i > k - k % 4 THEN 0 WHEN i % 4 IN (0, 1) THEN 1 ELSE -1 END * sqrt(k / (k - k % 4)) AS v
                      FROM generate_series(1, k::integer) AS i) AS w $$;
CREATE TEMP TABLE school AS
    SELECT stratum, population, p.x, p.y, p.i <= awarded AS award, s.score
      FROM (VALUES ('E', 4421::bigint, 100::numeric, 41678::numeric, 20100668::numeric, 35502::numeric, 14540460::numeric, 17044937::numeric, 73, 67443::numeric, 47038637::numeric),
                   ('H', 755, 50, 66035, 109279081, 53526, 74325088, 88952856, 16, 31291, 20167941),
                   ('M', 1018, 50, 41624, 42310204, 34785, 30316915, 35464569, 24, 31830, 20940396))
           AS t (stratum, population, k, sx, sxx, sy, syy, sxy, awarded, ss, sss)
     CROSS JOIN LATERAL (SELECT row_number() OVER () AS i, q.* FROM pg_temp.pairs(k, sx, sxx, sy, syy, sxy) AS q) AS p
      JOIN LATERAL (SELECT ss / k + CASE WHEN p.i % 2 = 0 THEN 1 ELSE -1 END * sqrt((sss - ss * ss / k) / k) AS score) AS s ON true;
SELECT stratified_estimate(stratum, population, score, 0.95) AS e FROM school \gset
SELECT ok(pg_temp.near((:'e'::estimate).value, 662.287363577656) AND pg_temp.near((:'e'::estimate).standard_error, 9.40894087943401), 'mean score 662.29, standard error 9.4089');
SELECT stratified_estimate(stratum, population, x, 0.95) AS e FROM school \gset
SELECT ok(pg_temp.near((:'e'::estimate).total, 3687177.52) AND pg_temp.near((:'e'::estimate).total_error, 114641.715190394), 'total enrolment 3,687,178, standard error 114,642');
SELECT stratified_estimate(stratum, population, y, x, 0.95) AS e FROM school \gset
SELECT ok(pg_temp.near((:'e'::estimate).value, 0.836956887283257) AND pg_temp.near((:'e'::estimate).standard_error, 0.00775710305824149), 'ratio of tested to enrolled 0.8370, standard error 0.007757');
SELECT ok((:'e'::estimate).total IS NULL AND (:'e'::estimate).most_wrong IS NULL, 'a ratio has no total');
SELECT stratified_estimate(stratum, population, award, 0.95) AS e FROM school \gset
SELECT ok(pg_temp.near((:'e'::estimate).value, 0.63893606716) AND pg_temp.near((:'e'::estimate).standard_error, 0.0344059182016133)
      AND pg_temp.near((:'e'::estimate).lower, 0.568721101477085) AND pg_temp.near((:'e'::estimate).upper, 0.703675782774375)
      AND (:'e'::estimate).degrees_of_freedom = 197, 'share of awards with its logit interval');

-- ---------------------------------------------------------------------
-- By hand

CREATE TEMP TABLE two (s text, n bigint, amount numeric, base numeric);
INSERT INTO two VALUES ('a', 10, 0, 100), ('a', 10, 10, 80), ('a', 10, 20, 60), ('a', 10, 30, 120), ('b', 6, 1, 20), ('b', 6, 2, 30), ('b', 6, 3, 40);
-- totals 10 * 15 + 6 * 2; variances 10 * 6 / 4 * 500/3 = 2500 and 6 * 3 / 3 * 1 = 6
SELECT stratified_estimate(s, n, amount, 0.95) AS e FROM two \gset
SELECT ok(pg_temp.near((:'e'::estimate).total, 162) AND pg_temp.near((:'e'::estimate).total_error, sqrt(2506)) AND pg_temp.near((:'e'::estimate).value, 10.125), 'a total by hand');
SELECT ok(pg_temp.near((:'e'::estimate).degrees_of_freedom, 2506.0 ^ 2 / (2500.0 ^ 2 / 3 + 6.0 ^ 2 / 2))
      AND pg_temp.near((:'e'::estimate).total_upper, 162 + t_quantile(0.975, (:'e'::estimate).degrees_of_freedom) * sqrt(2506)), 'its degrees of freedom and upper limit');
SELECT stratified_estimate(s, n, amount, base, 0.95) AS e FROM two \gset
SELECT ok(pg_temp.near((:'e'::estimate).value, 0.15) AND pg_temp.near((:'e'::estimate).standard_error, 0.0456106637472234)
      AND pg_temp.near((:'e'::estimate).degrees_of_freedom, 3.00371076415792) AND pg_temp.near((:'e'::estimate).lower, 0.00494790500803294), 'a ratio by hand');
SELECT stratified_estimate(s, n, amount, -base, 0.95) AS f FROM two \gset
SELECT is((:'f'::estimate).standard_error, (:'e'::estimate).standard_error, 'a negative base does not make an error negative');

-- a sample as rows: strata of n units, d drawn, x of them wrong, m not examined
CREATE FUNCTION pg_temp.share(n int[], d int[], x int[], m int[] DEFAULT NULL, level float8 DEFAULT 0.95) RETURNS estimate LANGUAGE sql AS $$
    SELECT stratified_estimate('s' || h, n[h], CASE WHEN i > d[h] - coalesce(m[h], 0) THEN NULL ELSE i <= x[h] END, level)
      FROM generate_subscripts(n, 1) AS h, generate_series(1, d[h]) AS i $$;
CREATE FUNCTION pg_temp.amounts(n int[], s int[], v numeric[]) RETURNS estimate LANGUAGE sql AS $$
    SELECT stratified_estimate('s' || h, n[h], y, 0.95) FROM unnest(s, v) AS u (h, y) $$;

SELECT pg_temp.share('{10,5,4,2}', '{3,1,1,2}', '{1,1,0,0}') AS e \gset
SELECT ok(pg_temp.near((:'e'::estimate).value, 0.396825396825397) AND pg_temp.near((:'e'::estimate).standard_error, 0.200457732906348)
      AND (:'e'::estimate).lonely = 2, 'lonely strata are counted and borrow a variance');
SELECT ok(pg_temp.near((:'e'::estimate).lower, 2 / 21.0) AND pg_temp.near((:'e'::estimate).upper, 16 / 21.0), 'the interval stops where what was seen is certain');
SELECT ok((pg_temp.share('{10,5}', '{3,1}', '{1,0}')).standard_error > sqrt(10 * 7 / 3.0 / 3.0) / 15, 'a lonely stratum adds to the standard error');
SELECT pg_temp.share('{4,3,5}', '{1,1,1}', '{1,0,0}') AS e \gset
SELECT ok(pg_temp.near((:'e'::estimate).standard_error, 0.311804782231162) AND (:'e'::estimate).degrees_of_freedom = 2 AND (:'e'::estimate).lonely = 3, 'all strata lonely: their units together');
SELECT pg_temp.amounts('{9}', '{1}', '{70}') AS e \gset
SELECT ok((:'e'::estimate).total = 630 AND (:'e'::estimate).standard_error IS NULL AND (:'e'::estimate).total_upper IS NULL AND (:'e'::estimate).lonely = 1, 'one unit tells no spread of an amount');
SELECT pg_temp.amounts('{9,2}', '{1,1,1,2}', '{0,0,0,0}') AS e \gset
SELECT ok((:'e'::estimate).total = 0 AND (:'e'::estimate).total_error IS NULL AND (:'e'::estimate).total_upper IS NULL, 'nor do units that are all alike');
SELECT pg_temp.amounts('{2,1}', '{1,1,2}', '{5,7,30}') AS e \gset
SELECT ok((:'e'::estimate).total = 42 AND (:'e'::estimate).total_error = 0 AND (:'e'::estimate).total_lower = 42 AND (:'e'::estimate).total_upper = 42, 'everything examined: no error');
SELECT pg_temp.share('{30}', '{9}', '{0}') AS e \gset
SELECT ok((:'e'::estimate).value = 0 AND (:'e'::estimate).standard_error IS NULL AND (:'e'::estimate).lower = 0 AND (:'e'::estimate).upper = (hypergeometric_limits(0, 9, 30, 0.95)).upper / 30.0::float8,
          'nothing found: the limit of the share is the exact one');
SELECT ok((e).lower = 0.5 AND (e).upper = 0.5 AND (e).standard_error = 0 AND (e).least_wrong = 3 AND (e).most_wrong = 3, 'all examined: the share is known')
  FROM pg_temp.share('{4,2}', '{4,2}', '{2,1}') AS e;

-- ---------------------------------------------------------------------
-- Not examined

SELECT pg_temp.share('{40,12}', '{12,4}', '{2,1}', '{3,1}') AS e \gset
SELECT ok((:'e'::estimate).value = (40 * 2.0::float8 / 9 + 12 * 1.0::float8 / 3) / 52 AND (:'e'::estimate).examined = 12 AND (:'e'::estimate).drawn = 16 AND (:'e'::estimate).wrong = 3, 'the estimate is of those examined');
SELECT is((:'e'::estimate).upper, (pg_temp.share('{40,12}', '{12,4}', '{5,2}')).upper, 'its upper limit counts the others as wrong');
SELECT is((:'e'::estimate).lower, (pg_temp.share('{40,12}', '{12,4}', '{2,1}')).lower, 'its lower limit counts them as right');
SELECT is(((:'e'::estimate).least_wrong, (:'e'::estimate).most_wrong), ((pg_temp.share('{40,12}', '{12,4}', '{2,1}')).least_wrong, (pg_temp.share('{40,12}', '{12,4}', '{5,2}')).most_wrong), 'the exact limits too');
SELECT is((e.least_wrong, e.most_wrong), (1::bigint, 3::bigint), 'all drawn, some not examined') FROM pg_temp.share('{6}', '{6}', '{1}', '{2}') AS e;
SELECT pg_temp.share('{20,8}', '{6,3}', '{1,0}', '{0,3}') AS e \gset
SELECT ok((:'e'::estimate).uncovered = 8 AND pg_temp.near((:'e'::estimate).value, 1 / 6.0) AND pg_temp.near((:'e'::estimate).total, 28 / 6.0), 'a stratum of which nothing was examined counts like the others, and is told');
SELECT pg_temp.share('{5}', '{2}', '{0}', '{2}') AS e \gset
SELECT ok((:'e'::estimate).value IS NULL AND (:'e'::estimate).most_wrong = 5 AND (:'e'::estimate).upper = 1 AND (:'e'::estimate).lower = 0, 'nothing examined at all: anything is possible');

-- ---------------------------------------------------------------------
-- Exact limits

SELECT ok(bool_and(((e).least_wrong, (e).most_wrong) = ((l).lower, (l).upper)), 'one stratum: hypergeometric_limits')
  FROM generate_series(1, 12) AS n, generate_series(1, n) AS d, generate_series(0, d) AS x,
       LATERAL (SELECT pg_temp.share(ARRAY[n], ARRAY[d], ARRAY[x]) AS e, hypergeometric_limits(x, d, n, 0.95) AS l OFFSET 0) AS q;

-- the chance of x wrong ones in a sample of d from n with k wrong, exactly
CREATE FUNCTION pg_temp.chance(n int, d int, k int, x int) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN x > k OR d - x > n - k THEN 0::numeric ELSE
           factorial(k) / factorial(x) / factorial(k - x) * factorial(n - k) / factorial(d - x) / factorial(n - k - d + x)
           * factorial(d) * factorial(n - d) / factorial(n)::numeric(60, 40) END $$;
-- two strata: the maximum over all ways, straight from the definition
CREATE TEMP TABLE way AS
    SELECT k1 + k2 AS k, x1 + x2 AS x, k1, sum(pg_temp.chance(7, 3, k1, x1) * pg_temp.chance(5, 2, k2, x2)) AS p
      FROM generate_series(0, 7) AS k1, generate_series(0, 5) AS k2, generate_series(0, 3) AS x1, generate_series(0, 2) AS x2
     GROUP BY 1, 2, 3;
CREATE TEMP TABLE tail AS
    SELECT w.k, q.x, max(w.p_most) AS p_most, max(w.p_least) AS p_least
      FROM generate_series(0, 5) AS q (x),
           LATERAL (SELECT k, k1, sum(p) FILTER (WHERE way.x <= q.x) AS p_most, sum(p) FILTER (WHERE way.x >= q.x) AS p_least
                      FROM way GROUP BY 1, 2) AS w
     WHERE w.k BETWEEN q.x AND 12 - (5 - q.x) GROUP BY 1, 2;
SELECT is((e.least_wrong, e.most_wrong), (w.least, w.most), format('two strata, %s found: %s to %s', x, e.least_wrong, e.most_wrong))
  FROM (SELECT x, (min(k) FILTER (WHERE p_least > 0.1))::bigint AS least, (max(k) FILTER (WHERE p_most > 0.1))::bigint AS most FROM tail GROUP BY x) AS w,
       LATERAL pg_temp.share('{7,5}', '{3,2}', ARRAY[least(x, 3), greatest(x - 3, 0)], NULL, 0.8) AS e;
-- three: whatever is wrong, the limits hold as often as they say
SELECT cmp_ok((SELECT min(held) FROM (
    SELECT k1, k2, k3, sum(pg_temp.chance(4, 2, k1, x1) * pg_temp.chance(5, 2, k2, x2) * pg_temp.chance(6, 3, k3, x3))
                       FILTER (WHERE k1 + k2 + k3 BETWEEN e.least_wrong AND e.most_wrong) AS held
      FROM generate_series(0, 4) AS k1, generate_series(0, 5) AS k2, generate_series(0, 6) AS k3,
           generate_series(0, 2) AS x1, generate_series(0, 2) AS x2, generate_series(0, 3) AS x3,
           (SELECT x, s.* FROM generate_series(0, 7) AS x,
                   LATERAL pg_temp.share('{4,5,6}', '{2,2,3}', ARRAY[least(x, 2), least(greatest(x - 2, 0), 2), greatest(x - 4, 0)], NULL, 0.9) AS s) AS e
     WHERE e.x = x1 + x2 + x3 GROUP BY 1, 2, 3) AS c), '>=', 0.9, 'three strata: the limits hold with at least their level');
SELECT is((e.least_wrong, e.most_wrong), (3::bigint + h.lower, 3::bigint + h.upper), 'a stratum that was drawn completely adds what it has')
  FROM pg_temp.share('{60,9}', '{18,9}', '{2,3}') AS e, hypergeometric_limits(2, 18, 60, 0.95) AS h;
SELECT ok(e.most_wrong BETWEEN (hypergeometric_limits(0, 33, 110, 0.95)).upper AND (hypergeometric_limits(0, 33, 110, 0.95)).upper + 2, 'none found in four strata: about what one stratum of all would say')
  FROM pg_temp.share('{50,30,20,10}', '{15,9,6,3}', '{0,0,0,0}') AS e;
SELECT is((e.least_wrong, e.most_wrong), (2000 - f.most_wrong, 2000 - f.least_wrong), 'wrong and right change places')
  FROM pg_temp.share('{1500,500}', '{450,150}', '{7,2}') AS e, pg_temp.share('{1500,500}', '{450,150}', '{443,148}') AS f;
SELECT is((e.least_wrong, e.most_wrong), (3 * h.lower, 3 * h.upper), 'so many that limits of the strata are added')
  FROM pg_temp.share('{20000,20000,20000}', '{3000,3000,3000}', '{1200,1200,1200}') AS e, hypergeometric_limits(1200, 3000, 20000, 1 - 0.05::float8 / 3) AS h;

-- ---------------------------------------------------------------------
-- The same everywhere

CREATE TEMP TABLE many AS
    SELECT 's' || i % 37 AS s, (200 + i % 37)::bigint AS n, CASE WHEN i % 11 = 0 THEN NULL ELSE (i * 7919 % 10007) / 100.0 END AS amount, i % 5 = 0 AS wrong, i
      FROM generate_series(1, 2000) AS i;
SELECT is((SELECT stratified_estimate(s, n, amount, 0.95 ORDER BY i)::text FROM many), (SELECT stratified_estimate(s, n, amount, 0.95 ORDER BY amount, i DESC)::text FROM many), 'the order of rows does not matter, to the last digit');
SELECT is((SELECT stratified_estimate(s, n, amount, n, 0.95 ORDER BY i)::text FROM many), (SELECT stratified_estimate(s, n, amount, n, 0.95 ORDER BY md5(i::text))::text FROM many), 'for a ratio neither');

-- ---------------------------------------------------------------------
-- Bad input

CREATE FUNCTION pg_temp.refusal(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    d text;
BEGIN
    EXECUTE query;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || SQLERRM || E'\n' || d;
END
$$;
SELECT is(pg_temp.refusal('SELECT stratified_estimate(s, n, w, 0.95) FROM (VALUES (''b'', 1::bigint, true), (''b'', 1, true), (''a'', 0, true), (''c'', 2, true)) AS t (s, n, w)'),
    E'22023 sample cannot be estimated from\nStratum "a" has 1 units drawn of a population of 0.\nStratum "b" has 2 units drawn of a population of 1.', 'more drawn than there are, all strata named');
SELECT alike(pg_temp.refusal('SELECT stratified_estimate(s, n, w, l) FROM (VALUES (''a'', 3::bigint, true, 0.95::float8), ' || v || ') AS t (s, n, w, l)'), r, v)
  FROM (VALUES ($$('a', 4, true, 0.95)$$, '22023 %The population of stratum "a" is 3 in one row and 4 in another.'),
               ($$('a', 3, true, 0.9)$$, '22023 %The level is 0.95 in one row and 0.9 in another.'),
               ($$('a', 3, true, 1)$$, '22023 %The level (1) is not between 0 and 1.'),
               ($$('a', 3, true, NULL)$$, '22023 %The level is NULL.'),
               ($$(NULL, 3, true, 0.95)$$, '22004 %without its stratum%'),
               ($$('a', NULL, true, 0.95)$$, '22004 %without its stratum%')) AS t (v, r);
SELECT alike(pg_temp.refusal($$SELECT stratified_estimate('a', 3, 'NaN'::numeric, 0.95)$$), '22023 %An amount is not a finite number.', 'NaN yuan');
SELECT alike(pg_temp.refusal($$SELECT stratified_estimate('a', 3, 1::numeric, NULL::numeric, 0.95)$$), '22004 %without its base.', 'no base');
SELECT is((SELECT stratified_estimate('a', 1, true, 0.95) WHERE false), NULL, 'no unit, no estimate');

SELECT * FROM finish();
ROLLBACK;
