-- coverage.sql: how often the limits hold.
--
-- Fixed populations of cases in strata, some of them wrong, with yuan overpaid;
-- from each, many draws by ticket number, each with its own seed.  Printed is
-- the share of draws whose 95 % limits contain the truth, and how wide they
-- are.  Everything follows from the seeds, so the figures are the same on any
-- machine; README.md states them ("How sure the limits are").
--
-- AIDCASE_BENCH_DRAWS (400): draws from each population
\set draws `echo ${AIDCASE_BENCH_DRAWS:-400}`
\pset format aligned
\pset footer off

CREATE TEMP TABLE scenario (no integer, population text, strata integer[], repeated integer, rate float8, not_examined float8);
INSERT INTO scenario VALUES
    (1, '4 strata of 400 to 100', '{400,300,200,100}', 1, 0.02, 0),
    (2, '4 strata of 400 to 100', '{400,300,200,100}', 1, 0.08, 0),
    (3, '4 strata of 400 to 100', '{400,300,200,100}', 1, 0.25, 0),
    (4, '10 units, strata of 60 and 12', '{60,12}', 10, 0.03, 0),
    (5, '10 units, strata of 60 and 12', '{60,12}', 10, 0.08, 0),
    (6, '10 units, strata of 60 and 12', '{60,12}', 10, 0.08, 0.1),
    (7, '20 units, strata of 8 and 3', '{8,3}', 20, 0.08, 0),
    (8, '1 unit, strata of 40, 12 and 3', '{40,12,3}', 1, 0.1, 0),
    (9, '1 unit, strata of 40, 12 and 3', '{40,12,3}', 1, 0.3, 0);

-- a number above 0 and below 1 that depends on the key only
CREATE FUNCTION pg_temp.chance(key text) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((('x' || substr(encode(sha256(convert_to(key, 'UTF8')), 'hex'), 1, 13))::bit(52)::bigint) + 0.5) / 4503599627370496.0;

-- A 30 % sample is drawn in each stratum; overpayments are spread as amounts
-- are, most small and few large.
CREATE TEMP TABLE unit AS
SELECT c.no, c.not_examined, format('%s/%s', r, h) AS stratum, c.strata[h]::bigint AS population,
       aidcase.stratum_size(c.strata[h], 3, 10, 1) AS size, k.id,
       pg_temp.chance('wrong ' || k.id) < c.rate AS wrong,
       CASE WHEN pg_temp.chance('wrong ' || k.id) < c.rate
            THEN round(exp(5.5 + 0.8 * aidcase.normal_quantile(pg_temp.chance('yuan ' || k.id)))::numeric, 2) ELSE 0 END AS yuan,
       round(exp(6.5 + 0.4 * aidcase.normal_quantile(pg_temp.chance('paid ' || k.id)))::numeric, 2) AS paid
  FROM scenario AS c, generate_series(1, c.repeated) AS r, generate_subscripts(c.strata, 1) AS h,
       generate_series(1, c.strata[h]) AS i, LATERAL (SELECT format('%s/%s/%s/%s', c.no, r, h, i) AS id) AS k;
ANALYZE unit;

CREATE TEMP TABLE drawn AS
SELECT s.no, s.draw, aidcase.stratified_estimate(s.stratum, s.population, CASE WHEN s.seen THEN s.wrong END, 0.95) AS rate,
       aidcase.stratified_estimate(s.stratum, s.population, CASE WHEN s.seen THEN s.yuan END, 0.95) AS yuan,
       aidcase.stratified_estimate(s.stratum, s.population, CASE WHEN s.seen THEN s.yuan END, s.paid, 0.95) AS ratio
  FROM (SELECT u.*, d AS draw, pg_temp.chance(format('seen %s %s', d, u.id)) >= u.not_examined AS seen,
               row_number() OVER (PARTITION BY u.no, d, u.stratum ORDER BY aidcase.ticket('coverage ' || d, u.id, 'hex') COLLATE "C") AS rank
          FROM generate_series(1, :draws) AS d, unit AS u) AS s
 WHERE s.rank <= s.size
 GROUP BY s.no, s.draw;

SELECT c.no, c.population, t.cases, t.wrong, round(100 * c.not_examined) AS "not seen %",
       round(100 * avg((t.wrong::float8 / t.cases BETWEEN (d.rate).lower - 1e-12 AND (d.rate).upper + 1e-12)::integer), 1) AS "rate %",
       round(avg(((d.rate).upper - (d.rate).lower) * 100)::numeric, 1) AS "width, points",
       round(100 * avg((t.wrong BETWEEN (d.rate).least_wrong AND (d.rate).most_wrong)::integer), 1) AS "number %",
       round(avg(((d.rate).most_wrong - (d.rate).least_wrong) * 100.0 / t.cases), 1) AS "width, points",
       round(100 * avg((t.yuan BETWEEN (d.yuan).total_lower AND (d.yuan).total_upper)::integer) FILTER (WHERE (d.yuan).total_error IS NOT NULL), 1) AS "yuan %",
       round(100 * avg((t.yuan / t.paid BETWEEN (d.ratio).lower AND (d.ratio).upper)::integer) FILTER (WHERE (d.ratio).standard_error IS NOT NULL), 1) AS "ratio %",
       round(100 * avg(((d.yuan).total_error IS NULL)::integer), 1) AS "no yuan limits %"
  FROM scenario AS c
  JOIN (SELECT no, count(*) AS cases, count(*) FILTER (WHERE wrong) AS wrong, sum(yuan) AS yuan, sum(paid) AS paid FROM unit GROUP BY no) AS t USING (no)
  JOIN drawn AS d USING (no)
 GROUP BY c.no, c.population, c.not_examined, t.cases, t.wrong
 ORDER BY c.no;
