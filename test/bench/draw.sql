-- draw.sql: tickets and the stratified selection.
--
-- A frame of ROWS items in strata of about 417, as 2,400 strata have of a
-- million.  Tickets are compared with plain sha256() over the same bytes, the
-- sample of derive_sample() with a window that orders by random() and with one
-- that orders by sha256().  Medians of interleaved rounds.
--
-- AIDCASE_BENCH_ROWS (1000000), AIDCASE_BENCH_ROUNDS (5)
\set rows `echo ${AIDCASE_BENCH_ROWS:-1000000}`
\set rounds `echo ${AIDCASE_BENCH_ROUNDS:-5}`
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '256MB';

-- the frame, put there as a replica would get it
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO aidcase.draw (draw_id, entry_no, name, unit_id, frame, period, method, rate_numerator, rate_denominator, workflow_id, state, occurred_at, seed)
SELECT -1, -1, 'bench', r.unit_id, 'confirmation', '[2021-04-01,2021-07-01)', 'rivest', 3, 10, 4, 'seeded', '2021-07-06', '83017264950128374650'
  FROM (SELECT u.unit_id FROM aidcase.unit AS u ORDER BY u.unit_id LIMIT 1) AS r;
INSERT INTO aidcase.draw_item (item_id, entry_no, draw_id, frame_id, case_id, round_id, unit_id, on_date, amount, stratum, certainty, certainties)
SELECT -i, -1, -1, format('340705-2021-%s/1', lpad(i::text, 7, '0')), -i, -i, d.unit_id, '2021-05-03', 600,
       format('%s/dibao', 340000000 + i::bigint * 7919 % (:rows / 416)), false, '{}'
  FROM aidcase.draw AS d, generate_series(1, :rows) AS i WHERE d.draw_id = -1;
COMMIT;
VACUUM ANALYZE aidcase.draw, aidcase.draw_item;

CREATE TEMP TABLE variant (no integer, name text, base text, query text);
INSERT INTO variant VALUES
    (1, 'sha256', NULL, $$SELECT max(encode(sha256(convert_to(repeat('a', 64) || frame_id, 'UTF8')), 'hex') COLLATE "C") FROM aidcase.draw_item WHERE draw_id = -1$$),
    (2, 'ticket hex', 'sha256', $$SELECT max(aidcase.ticket('83017264950128374650', frame_id, 'hex') COLLATE "C") FROM aidcase.draw_item WHERE draw_id = -1$$),
    (3, 'ticket rivest', 'sha256', $$SELECT max(aidcase.ticket('83017264950128374650', frame_id) COLLATE "C") FROM aidcase.draw_item WHERE draw_id = -1$$),
    (4, 'window by sha256', NULL, $$SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY stratum ORDER BY sha256(convert_to('83017264950128374650' || frame_id, 'UTF8')), frame_id) AS rank, count(*) OVER (PARTITION BY stratum) AS n FROM aidcase.draw_item WHERE draw_id = -1) AS x WHERE rank <= ceil(n * 0.3)$$),
    (5, 'window by random', 'window by sha256', $$SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY stratum ORDER BY random()) AS rank, count(*) OVER (PARTITION BY stratum) AS n FROM aidcase.draw_item WHERE draw_id = -1) AS x WHERE rank <= ceil(n * 0.3)$$),
    (6, 'derive_sample', 'window by sha256', $$SELECT count(*) FROM aidcase.derive_sample(-1) WHERE selected$$);

CREATE TEMP TABLE timing (name text, round integer, seconds double precision);
CREATE PROCEDURE pg_temp.measure(rounds integer) LANGUAGE plpgsql AS $$
DECLARE
    v record;
    started timestamptz;
    answer text;
BEGIN
    FOR i IN 0 .. rounds LOOP           -- round 0 warms up
        FOR v IN SELECT * FROM variant ORDER BY no LOOP
            started := clock_timestamp();
            EXECUTE v.query INTO answer;
            IF i > 0 THEN
                INSERT INTO timing VALUES (v.name, i, extract(epoch FROM clock_timestamp() - started));
            END IF;
        END LOOP;
    END LOOP;
END
$$;
CALL pg_temp.measure(:rounds);

\pset footer off
SELECT v.name, round(m.median::numeric, 3) AS "median s", round((:rows / m.median / 1000)::numeric) AS "thousand a second",
       v.base AS "relative to", round(r.ratio::numeric, 2) AS ratio, r.rounds AS "each round"
  FROM variant AS v
  JOIN (SELECT name, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median FROM timing GROUP BY name) AS m USING (name)
  LEFT JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t.seconds / b.seconds) AS ratio,
               string_agg(round((t.seconds / b.seconds)::numeric, 2)::text, ' ' ORDER BY t.round) AS rounds
          FROM timing AS t JOIN timing AS b ON b.round = t.round AND b.name = v.base
         WHERE t.name = v.name) AS r ON true
 ORDER BY v.no;

BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM aidcase.draw_item WHERE draw_id = -1;
DELETE FROM aidcase.draw WHERE draw_id = -1;
COMMIT;
