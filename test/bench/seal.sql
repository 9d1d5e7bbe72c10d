-- Sealing and verifying against plain sha256() over the same texts, in
-- interleaved rounds.  Rows: AIDCASE_BENCH_ENTRIES (1000000).
\set QUIET on
\pset pager off
\set entries `echo ${AIDCASE_BENCH_ENTRIES:-1000000}`
\set rounds `echo ${AIDCASE_BENCH_ROUNDS:-5}`
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET synchronous_commit = off;

SET ROLE aidcase_owner;
CREATE TABLE aidcase.t_sealed (
    id bigint PRIMARY KEY, case_id bigint, state text, opened date, amount numeric(14,2), note text);
SELECT aidcase.set_up_table('t_sealed') \g /dev/null
RESET ROLE;
INSERT INTO aidcase.t_sealed
SELECT g, g / 3, 'accepted', date '2021-04-01' + (g % 300)::integer, g % 1000 + 0.25, md5(g::text) || md5((g + 1)::text)
  FROM generate_series(1, :entries) AS g;
VACUUM ANALYZE aidcase.t_sealed;
VACUUM ANALYZE aidcase.ledger_entry;

CREATE TEMP TABLE measured (round integer, what text, seconds double precision);
CREATE PROCEDURE pg_temp.measure(round integer, what text, command text, undo boolean) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
    took  double precision;
BEGIN
    BEGIN
        EXECUTE command;
        took := extract(epoch FROM clock_timestamp() - began);
        IF undo THEN
            RAISE EXCEPTION USING ERRCODE = 'ZZ999';
        END IF;
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
        NULL;
    END;
    INSERT INTO measured VALUES (round, what, took);
END $$;
\set plain '''SELECT count(sha256(convert_to(entry, ''''UTF8''''))) FROM aidcase.ledger_entry'''
SELECT format('CALL pg_temp.measure(%s, %L, %L, %L)', r, w, c, w = 'seal')
  FROM generate_series(1, :rounds) AS r
 CROSS JOIN (VALUES (1, 'sha256', :plain), (2, 'seal', 'SELECT aidcase.seal()')) AS x (n, w, c)
 ORDER BY r, n \gexec
SELECT aidcase.seal() \g /dev/null
SELECT aidcase.seal() \g /dev/null
SELECT format('CALL pg_temp.measure(%s, %L, %L, false)', r + :rounds, w, c)
  FROM generate_series(1, :rounds) AS r
 CROSS JOIN (VALUES (1, 'sha256', :plain), (2, 'verify', 'SELECT count(*) FROM aidcase.verify_register()')) AS x (n, w, c)
 ORDER BY r, n \gexec

\echo entries, bytes a text, bytes an entry in tree and leaves
SELECT count(*), round(avg(octet_length(entry))),
       round((pg_total_relation_size('aidcase.ledger_leaf') + pg_total_relation_size('aidcase.ledger_tile'))::numeric / count(*), 1)
  FROM aidcase.ledger_entry;
\echo ratio to sha256(), median of the rounds, all rounds
SELECT m.what, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY m.seconds / p.seconds))::numeric, 2) AS ratio,
       array_agg(round((m.seconds / p.seconds)::numeric, 2) ORDER BY m.round) AS rounds,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY m.seconds))::numeric, 2) AS seconds
  FROM measured AS m JOIN measured AS p ON p.round = m.round AND p.what = 'sha256'
 WHERE m.what <> 'sha256' GROUP BY m.what;
