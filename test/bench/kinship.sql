-- What kinship costs: one case, and the whole staff side, against a plain
-- recursive query over the same table and indexes.
--
-- Run by a superuser: psql -X -q -v households=100000 -f test/bench/kinship.sql
-- Staff are a fiftieth of the households, each with six relatives filed, whom
-- the ties of the households join.  Prints medians over interleaved rounds and
-- ratios.  Goals: one person to 3 ties <= 0.5 ms; staff side <= 0.3 of the
-- recursive query.
\if :{?households}
\else
\set households 100000
\endif
\if :{?rounds}
\else
\set rounds 5
\endif
SET search_path = aidcase, public;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET aidcase.clock = '2021-04-06 09:00+08';
BEGIN;

-- Person n of generation g, by a fixed rule.
CREATE FUNCTION pg_temp.someone(g integer, n bigint) RETURNS citizen_id LANGUAGE sql IMMUTABLE
RETURN (SELECT (b || substr('10X98765432', 1 + (sum(substr(b, i, 1)::integer * (ARRAY[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])[i]) % 11)::integer, 1))::citizen_id
          FROM (SELECT (ARRAY['340702','340705','340706','340711','340722','320102','320104','330106'])[1 + (n / 8000000) % 8]
                       || to_char(make_date(1930 + 25 * g, 1, 1) + (n % 8000)::integer, 'YYYYMMDD') || lpad((n / 8000 % 1000)::text, 3, '0')) AS x (b),
               generate_series(1, 17) AS i GROUP BY b);

-- Straight into the table that a search reads; its triggers are not what is
-- measured here.  Household n: head, spouse, one or two children, parents of
-- the head; every third head has a brother who heads another household.
SET LOCAL session_replication_role = replica;
INSERT INTO kin_tie (tie_id, person, relative, relation, valid, stated_on, source, holder_id, source_id, entry_no)
SELECT row_number() OVER (), CASE WHEN t.relation = 'child' OR t.a < t.b THEN t.a ELSE t.b END, CASE WHEN t.relation = 'child' OR t.a < t.b THEN t.b ELSE t.a END,
       t.relation, '(,)', '2021-01-04', t.source, n, row_number() OVER (), 0
  FROM generate_series(1, :households::bigint) AS n
 CROSS JOIN LATERAL (
        SELECT pg_temp.someone(1, n) AS a, pg_temp.someone(1, 3000000 + n) AS b, 'spouse' AS relation, 'case_member' AS source WHERE n % 3 > 0
        UNION ALL SELECT pg_temp.someone(1, n), pg_temp.someone(2, n), 'child', 'case_member' WHERE n % 4 > 0
        UNION ALL SELECT pg_temp.someone(1, n), pg_temp.someone(2, 3000000 + n), 'child', 'case_member' WHERE n % 4 = 1
        UNION ALL SELECT pg_temp.someone(0, n / 2), pg_temp.someone(1, n), 'child', 'kin_record'
        UNION ALL SELECT pg_temp.someone(1, n), pg_temp.someone(1, n * 7 % :households), 'sibling', 'kin_record' WHERE n % 3 = 0 AND n <> n * 7 % :households
        -- a member of staff and six relatives
        UNION ALL SELECT pg_temp.someone(1, 6000000 + n), pg_temp.someone(1, n * 31 % :households), 'sibling', 'relative_filing' WHERE n % 50 = 0
        UNION ALL SELECT pg_temp.someone(1, 6000000 + n), pg_temp.someone(1, n * 37 % :households), 'spouse', 'relative_filing' WHERE n % 50 = 0
        UNION ALL SELECT pg_temp.someone(0, n * 41 % :households / 2), pg_temp.someone(1, 6000000 + n), 'child', 'relative_filing' WHERE n % 50 = 0
        UNION ALL SELECT pg_temp.someone(0, 3000000 + n), pg_temp.someone(1, 6000000 + n), 'child', 'relative_filing' WHERE n % 50 = 0
        UNION ALL SELECT pg_temp.someone(1, 6000000 + n), pg_temp.someone(2, n * 43 % :households), 'child', 'relative_filing' WHERE n % 50 = 0
        UNION ALL SELECT pg_temp.someone(1, 6000000 + n), pg_temp.someone(2, 6000000 + n), 'child', 'relative_filing' WHERE n % 50 = 0) AS t;
INSERT INTO staff (staff_no, name, citizen_id, employed, entry_no)
SELECT 'k' || n, 'k', pg_temp.someone(1, 6000000 + n), '[2020-01-01,)', 0 FROM generate_series(50, :households::bigint, 50) AS n;
SET LOCAL session_replication_role = origin;
ANALYZE kin_tie;
ANALYZE staff;

CREATE TEMP TABLE timing (what text, round int, ms float8, found bigint) ON COMMIT DROP;
SELECT set_config('bench.rounds', :'rounds', true), set_config('bench.households', :'households', true) \g /dev/null
DO $bench$
DECLARE
    begun timestamptz;
    n     bigint;
    asked citizen_id[] := ARRAY(SELECT pg_temp.someone(1, i * 97 % current_setting('bench.households')::bigint) FROM generate_series(1, 1000) AS i);
    who   citizen_id;
BEGIN
    FOR r IN 0 .. current_setting('bench.rounds')::int LOOP
        begun := clock_timestamp();
        SELECT count(*) INTO n FROM kin_of_staff(3);
        INSERT INTO timing VALUES ('kin_of_staff, all relations', r, extract(epoch FROM clock_timestamp() - begun) * 1000, n);
        begun := clock_timestamp();
        SELECT count(*) INTO n FROM kin_of_staff(3, '2021-04-06', 'recusal');
        INSERT INTO timing VALUES ('kin_of_staff, recusal', r, extract(epoch FROM clock_timestamp() - begun) * 1000, n);
        -- who is within three ties; it derives no relation and dates nothing
        begun := clock_timestamp();
        WITH RECURSIVE near (staff_id, person, hops) AS (
            SELECT s.staff_id, s.citizen_id, 0 FROM staff AS s WHERE s.citizen_id IS NOT NULL
            UNION
            SELECT a.staff_id, t.other, a.hops + 1
              FROM near AS a
              JOIN LATERAL (SELECT k.relative AS other FROM kin_tie AS k WHERE k.person = a.person AND NOT k.void
                            UNION ALL
                            SELECT k.person FROM kin_tie AS k WHERE k.relative = a.person AND NOT k.void) AS t ON true
             WHERE a.hops < 3)
        SELECT count(DISTINCT (staff_id, person)) INTO n FROM near WHERE hops > 0;
        INSERT INTO timing VALUES ('recursive query', r, extract(epoch FROM clock_timestamp() - begun) * 1000, n);
        begun := clock_timestamp();
        n := 0;
        FOREACH who IN ARRAY asked LOOP
            n := n + (SELECT count(*) FROM kin_of(ARRAY[who], 3, '2021-04-06'));
        END LOOP;
        INSERT INTO timing VALUES ('one person, kin_of', r, extract(epoch FROM clock_timestamp() - begun), n);
        begun := clock_timestamp();
        n := 0;
        FOREACH who IN ARRAY asked LOOP
            n := n + (SELECT count(*) FROM kin(who, 3, '2021-04-06'));
        END LOOP;
        INSERT INTO timing VALUES ('one person, kin with names, paths and effects', r, extract(epoch FROM clock_timestamp() - begun), n);
    END LOOP;
END
$bench$;

\pset footer off
SELECT (SELECT count(*) FROM kin_tie) AS ties, (SELECT count(*) FROM staff) AS staff, :rounds AS rounds;
-- round 0 warms up
SELECT t.what, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY t.ms)::numeric, 3) AS median_ms,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY t.ms) / (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY b.ms) FROM timing AS b
                                                                    WHERE b.what = 'recursive query' AND b.round > 0))::numeric, 3) AS ratio_to_recursive,
       max(t.found) AS rows, string_agg(round(t.ms::numeric, 2)::text, ' ' ORDER BY t.round) AS rounds
  FROM timing AS t WHERE t.round > 0 GROUP BY t.what ORDER BY t.what COLLATE "C";
ROLLBACK;
