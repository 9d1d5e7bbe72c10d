-- found.sql: of the faults that were planted, how many a draw finds.
--
--   psql "host=… dbname=district user=postgres" -f test/district/found.sql
--
-- after make demo.  All confirmations of the district are one frame, in strata
-- of unit and programme; what open flags and filed relatives make certain is
-- stratum "certainty".  From it come 500 draws,
-- each with a seed of its own, which follow from the district's plan: the same
-- plan gives the same figures anywhere.  Nothing is written.
\set ON_ERROR_STOP on
\pset footer off
SET search_path = aidcase, pg_catalog;

CREATE TEMP TABLE frame AS
SELECT v.frame_id, f.h, u.unit_code || '/' || coalesce(v.programme, '-') AS stratum,
       EXISTS (SELECT FROM certainty_round AS c WHERE c.round_id = v.round_id)
       OR EXISTS (SELECT FROM certainty_filed AS c WHERE c.round_id = v.round_id) AS certain
  FROM frame_confirmation AS v
  JOIN unit AS u USING (unit_id)
  JOIN district.filed AS f ON f.round_id = v.round_id
 WHERE v.round_kind IN ('application', 'emergency');

ANALYZE frame;
CREATE TEMP TABLE size AS
SELECT rate, stratum, stratum_size(count(*), rate, 100, 1) AS n
  FROM frame, unnest('{10,30,50}'::bigint[]) AS rate WHERE NOT certain GROUP BY 1, 2;

ANALYZE size;
CREATE TEMP TABLE drawn AS
SELECT r.rate, r.draw, r.h
  FROM (SELECT s.rate, d AS draw, i.h, s.n,
               row_number() OVER (PARTITION BY s.rate, d, i.stratum ORDER BY ticket('found ' || d, i.frame_id, 'hex') COLLATE "C") AS rank
          FROM generate_series(1, 500) AS d, frame AS i JOIN size AS s USING (stratum) WHERE NOT i.certain) AS r
 WHERE r.rank <= r.n;

CREATE TEMP TABLE found AS
SELECT x.rate, x.draw, f.kind, count(DISTINCT x.h) AS n
  FROM drawn AS x JOIN district.planted_fault AS f USING (h) GROUP BY 1, 2, 3;

SELECT p.kind, p.planted, p.confirmed, p.certain, r.rate AS "rate %",
       round(avg(coalesce(n.n, 0)), 1) AS "drawn, mean", min(coalesce(n.n, 0)) AS least, max(coalesce(n.n, 0)) AS most,
       round(100 * (avg(coalesce(n.n, 0)) + p.certain) / nullif(p.confirmed, 0)) AS "found in all %"
  FROM (SELECT f.kind, count(*) AS planted, count(i.h) AS confirmed, count(*) FILTER (WHERE i.certain) AS certain
          FROM district.planted_fault AS f LEFT JOIN (SELECT h, bool_or(certain) AS certain FROM frame GROUP BY h) AS i USING (h)
         GROUP BY f.kind) AS p
 CROSS JOIN (SELECT DISTINCT rate FROM size) AS r
 CROSS JOIN generate_series(1, 500) AS d
  LEFT JOIN found AS n ON n.rate = r.rate AND n.draw = d AND n.kind = p.kind
 GROUP BY p.kind, p.planted, p.confirmed, p.certain, r.rate
 ORDER BY p.kind, r.rate;
