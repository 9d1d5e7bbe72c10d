-- Confidence limits.
--
-- Expected values were computed outside the database: the hypergeometric
-- limits with exact fractions, the others with 60 decimal digits.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(67);

CREATE FUNCTION pg_temp.near(double precision, double precision) RETURNS boolean
LANGUAGE sql AS $$SELECT abs($1 - $2) <= 1e-13 * greatest($2, 1e-3)$$;

-- Wilson; 81 of 263 is the example of Newcombe (1998): 0.2553, 0.3662
SELECT ok(pg_temp.near(w.lower, v.lower) AND pg_temp.near(w.upper, v.upper),
          format('wilson: %s of %s at %s: %s, %s', x, n, level, w.lower, w.upper))
  FROM (VALUES
    (0::bigint, 1::bigint, 0.95::float8, 0::float8, 0.7934506856227625484967::float8),
    (1, 1, 0.95, 0.2065493143772374515032, 1),
    (0, 30, 0.95, 0, 0.1135133931739687351140),
    (30, 30, 0.95, 0.8864866068260312648859, 1),
    (1, 2, 0.5, 0.2847588845819623115913, 0.7152411154180376884086),
    (2, 30, 0.95, 0.0184770237912703780937, 0.2132345836261691923384),
    (17, 300, 0.9, 0.0384147139212563771567, 0.0828435327406906129934),
    (5, 10, 0.999999, 0.0801014119751861499134, 0.9198985880248138500865),
    (7, 3000, 0.95, 0.0011307320906370835363, 0.0048088153406373578427),
    (50, 100, 0.01, 0.4993733270168099262231, 0.5006266729831900737768),
    (81, 263, 0.95, 0.2552885198782742353405, 0.3662095769828000584691),
    (2999, 3000, 0.95, 0.9981141811156958210690, 0.9999411560581284337017)
  ) AS v (x, n, level, lower, upper), wilson(x, n, level) w;

-- Clopper and Pearson
SELECT ok(pg_temp.near(w.lower, v.lower) AND pg_temp.near(w.upper, v.upper),
          format('clopper_pearson: %s of %s at %s: %s, %s', x, n, level, w.lower, w.upper))
  FROM (VALUES
    (0::bigint, 1::bigint, 0.95::float8, 0::float8, 0.9749999999999999777955::float8),
    (1, 1, 0.95, 0.0250000000000000222044, 1),
    (0, 30, 0.95, 0, 0.1157033082220277860379),
    (30, 30, 0.95, 0.8842966917779722139620, 1),
    (1, 2, 0.5, 0.1339745962155613532362, 0.8660254037844386467637),
    (2, 30, 0.95, 0.0081781344606563168218, 0.2207354015229618611586),
    (17, 300, 0.9, 0.0364247923436413945488, 0.0837888130617111426811),
    (5, 10, 0.999999, 0.0184603858793694642477, 0.9815396141206305357522),
    (7, 3000, 0.95, 0.0009386195807122002451, 0.0048016127085606001634),
    (50, 100, 0.01, 0.4943916271712558761598, 0.5056083728287441238401),
    (2999, 3000, 0.95, 0.9981442000055080780176, 0.9999915607662824365876),
    (1234, 1000000, 0.95, 0.0011661407366390322134, 0.0013047741535607840589)
  ) AS v (x, n, level, lower, upper), clopper_pearson(x, n, level) w;
-- few among very many: small limits keep their digits
SELECT ok(abs(w.lower / v.lower - 1) < 1e-12 AND abs(w.upper / v.upper - 1) < 1e-12,
          format('clopper_pearson: %s of %s: %s, %s', x, n, w.lower, w.upper))
  FROM (VALUES
    (3::bigint, 10000000000::bigint, 0.95::float8, 6.18672122938330954476e-11::float8, 8.76727306721416187716e-10::float8),
    (500, 10000000000, 0.5, 4.84741777842498958088e-8, 5.15909986566969902801e-8)
  ) AS v (x, n, level, lower, upper), clopper_pearson(x, n, level) w;

-- Wrong and right change places
SELECT ok(bool_and(abs(a.lower + b.upper - 1) < 1e-15 AND abs(c.lower + d.upper - 1) < 1e-15
                   AND e.lower + f.upper = n + 50),
          'limits for the wrong and for the right ones mirror each other')
  FROM generate_series(1, 40) n, generate_series(0, n) x,
       wilson(x, n, 0.9) a, wilson(n - x, n, 0.9) b,
       clopper_pearson(x, n, 0.9) c, clopper_pearson(n - x, n, 0.9) d,
       hypergeometric_limits(x, n, n + 50, 0.9) e,
       hypergeometric_limits(n - x, n, n + 50, 0.9) f;
SELECT ok(bool_and(0 <= w.lower AND w.lower <= x::float8 / n AND x::float8 / n <= w.upper AND w.upper <= 1
                   AND c.lower <= x::float8 / n AND x::float8 / n <= c.upper
                   AND h.lower BETWEEN x AND h.upper AND h.upper <= 3 * n - (n - x)),
          'limits contain what was found and stay within what is possible')
  FROM unnest('{0.001,0.5,0.95,0.999999999}'::float8[]) level,
       generate_series(1, 60, 7) n, generate_series(0, n) x,
       wilson(x, n, level) w, clopper_pearson(x, n, level) c,
       hypergeometric_limits(x, n, 3 * n, level) h;

-- Hypergeometric.  With few units drawn a tail can be exactly 1/20, 1/40 or
-- 1/10.  Level counts as the double that it is: that of 0.9 and that of 0.8
-- lie above, so 1/20 and 1/10 are greater than alpha/2 there; that of 0.95
-- lies below, so 1/40 is not.  At 0.5 a tail of 1/4 is a tie.
SELECT is((w.lower, w.upper), (v.lower, v.upper),
          format('hypergeometric_limits: %s of %s of %s at %s', x, n, population, level))
  FROM (VALUES
    (0::bigint, 1::bigint, 1::bigint, 0.95::float8, 0::bigint, 0::bigint),
    (1, 1, 1, 0.95, 1, 1),
    (0, 1, 2, 0.5, 0, 1),
    (0, 1, 4, 0.5, 0, 2),
    (0, 1, 20, 0.9, 0, 19),
    (0, 1, 40, 0.95, 0, 38),
    (2, 2, 16, 0.8, 6, 16),
    (0, 5, 5, 0.95, 0, 0),
    (3, 5, 5, 0.95, 3, 3),
    (5, 5, 5, 0.99, 5, 5),
    (0, 30, 100, 0.95, 0, 9),
    (2, 30, 100, 0.95, 2, 19),
    (30, 30, 100, 0.95, 91, 100),
    (5, 36, 118, 0.95, 7, 31),
    (17, 300, 1000, 0.9, 40, 79),
    (1, 99, 100, 0.95, 1, 1),
    (0, 100, 1000, 0.999, 0, 69),
    (50, 100, 1000, 0.001, 495, 505),
    (7, 3000, 1000000, 0.95, 941, 4797),
    (0, 3000, 1000000, 0.95, 0, 1227),
    (3000, 3000, 1000000, 0.95, 998773, 1000000),
    (1500, 3000, 1000000, 0.9, 484846, 515154),
    (1, 2500, 1000000, 0.99, 3, 2965)
  ) AS v (x, n, population, level, lower, upper),
  hypergeometric_limits(x, n, population, level) w;
SELECT is((SELECT encode(sha256(convert_to(string_agg(format('%s %s %s %s %s %s', level, population, n, x, h.lower, h.upper),
                                                      E'\n' ORDER BY level, population, n, x), 'UTF8')), 'hex')
             FROM unnest('{0.9,0.95}'::float8[]) level, generate_series(1, 16) population,
                  generate_series(1, population) n, generate_series(0, n) x,
                  hypergeometric_limits(x, n, population, level) h),
          '142a68ec878267d72a832ad149ffb2dd1815fdf8f5d8a6c99c682dab424839ae',
          'hypergeometric_limits: all populations of up to 16 units');

-- Impossible input: every problem is named, with a hint
CREATE FUNCTION pg_temp.refusal(query text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE query;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || E'\n' || detail || E'\n' || hint;
END
$$;
SELECT is(pg_temp.refusal($$SELECT wilson(0, 0, 0.95)$$),
          E'22023\nThe number examined (0) is not positive.\n'
          'Give 0 <= x <= n, n at least 1, and a level such as 0.95.',
          'wilson: nothing examined');
SELECT is(pg_temp.refusal($$SELECT clopper_pearson(-1, -2, 'NaN')$$),
          E'22023\nThe number found wrong (-1) is negative.\n'
          'The number examined (-2) is not positive.\n'
          'The number found wrong (-1) is greater than the number examined (-2).\n'
          'The level (NaN) is not between 0 and 1.\n'
          'Give 0 <= x <= n, n at least 1, and a level such as 0.95.',
          'clopper_pearson: nothing right');
SELECT is(pg_temp.refusal($$SELECT hypergeometric_limits(4, 3, 2, 1)$$),
          E'22023\nThe number found wrong (4) is greater than the number examined (3).\n'
          'The number examined (3) is greater than the population (2).\n'
          'The level (1) is not between 0 and 1.\n'
          'Give 0 <= x <= n <= population, n at least 1, and a level such as 0.95.',
          'hypergeometric_limits: nothing fits');
SELECT is(pg_temp.refusal($$SELECT hypergeometric_limits(1, 2, 10000000001, 0.95)$$),
          E'22023\nThere are more than 10000000000 units.\n'
          'Give 0 <= x <= n <= population, n at least 1, and a level such as 0.95.',
          'hypergeometric_limits: more units than people');
SELECT throws_ok(format('SELECT %s(1, 2, %L)', f, level), '22023',
                 'confidence limits cannot be computed',
                 format('%s: no level %s', f, level))
  FROM unnest('{wilson,clopper_pearson}'::text[]) f,
       unnest('{0,1,-0.5,Infinity}'::float8[]) level;
SELECT throws_ok(format('SELECT hypergeometric_limits(1, 2, 3, %L)', level), '22023',
                 'confidence limits cannot be computed',
                 format('hypergeometric_limits: no level %s', level))
  FROM unnest('{0,-0.5,NaN}'::float8[]) level;

SELECT * FROM finish();
ROLLBACK;
