-- What citizen_id costs against text: input of one value, and COPY.
--
-- Run by a superuser: psql -X -q -v rows=1000000 -f test/bench/identity.sql
-- Prints one row a measurement: its median in milliseconds over 11 rounds, and
-- the ratio to that of text.  Rounds alternate between the types.
-- Goals: input <= 2, COPY <= 1.3.  The number of rows is :rows.
\if :{?rows}
\else
\set rows 1000000
\endif
SET search_path = aidcase, public;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
BEGIN;

-- Numbers spread over provinces, births and sequences, by a fixed rule.
CREATE TEMP TABLE written (id text) ON COMMIT DROP;
INSERT INTO written
SELECT left(body, 17) || substr('10X98765432', 1 + (s % 11)::int, 1)
  FROM (SELECT body,
               (SELECT sum(substr(body, k, 1)::int
                           * (ARRAY[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])[k])
                  FROM generate_series(1, 17) AS k) AS s
          FROM (SELECT (ARRAY['340705','340706','340711','340722','320102'])[1 + n % 5]
                       || to_char(date '1930-01-01' + (n::bigint * 7919 % 33000)::int, 'YYYYMMDD')
                       || lpad((n % 1000)::text, 3, '0') AS body
                  FROM generate_series(1, :rows) AS n) AS b) AS c;

CREATE TEMP TABLE load_text (id text) ON COMMIT DROP;
CREATE TEMP TABLE load_varchar (id varchar(18)) ON COMMIT DROP;
CREATE TEMP TABLE load_citizen_id (id citizen_id) ON COMMIT DROP;
CREATE TEMP TABLE timing (what text, round int, ms float8) ON COMMIT DROP;

DO $bench$
DECLARE
    file   text := current_setting('data_directory') || '/aidcase_bench_identity.copy';
    begun  timestamptz;
    round  int;
    task   record;
BEGIN
    EXECUTE format('COPY written TO %L', file);
    FOR round IN 0..11 LOOP          -- round 0 warms up
        FOR task IN
            SELECT * FROM (VALUES
                ('scan',                'SELECT count(textout(id)) FROM written'),
                ('input text',          'SELECT count(textin(textout(id))) FROM written'),
                ('input citizen_id',    'SELECT count(citizen_id_in(textout(id))) FROM written'),
                ('cast text',           'SELECT count(id) FROM written'),
                ('cast citizen_id',     'SELECT count(id::citizen_id) FROM written'),
                ('copy text',           format('COPY load_text FROM %L', file)),
                ('copy varchar(18)',    format('COPY load_varchar FROM %L', file)),
                ('copy citizen_id',     format('COPY load_citizen_id FROM %L', file))
            ) AS v (what, query)
        LOOP
            TRUNCATE load_text, load_varchar, load_citizen_id;
            begun := clock_timestamp();
            EXECUTE task.query;
            INSERT INTO timing VALUES (task.what, round,
                extract(epoch FROM clock_timestamp() - begun) * 1000);
        END LOOP;
    END LOOP;
    COPY (SELECT WHERE false) TO PROGRAM 'rm -f aidcase_bench_identity.copy';
END
$bench$;

-- The scan that feeds the input functions is taken off; ratio of medians.
WITH median AS (
    SELECT what, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms
      FROM timing WHERE round > 0 GROUP BY what
), net AS (
    SELECT m.what,
           m.ms - CASE WHEN m.what LIKE 'input%' THEN s.ms ELSE 0 END AS ms
      FROM median AS m
      JOIN median AS s ON s.what = 'scan'
)
SELECT n.what, round(n.ms::numeric, 1) AS median_ms,
       round((n.ms / b.ms)::numeric, 2) AS ratio_to_text, :rows AS rows
  FROM net AS n
  LEFT JOIN net AS b ON b.what = split_part(n.what, ' ', 1) || ' text'
 ORDER BY n.what;
ROLLBACK;
