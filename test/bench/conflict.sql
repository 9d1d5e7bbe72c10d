-- What conflict checks cost: the search for filed relatives from the staff's
-- side against the hash join on text ids, the whole sweep, and what a round
-- and a member pay that arrive.
--
-- AIDCASE_BENCH_PERSONS (260000) beneficiaries, two to a household; a 130th of
-- them are members of staff with six filed relatives each, of whom one in
-- fifty is a beneficiary.  Goals: search / hash join <= 0.2; a check at insert
-- <= 0.1 ms.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET search_path = aidcase, public;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SET synchronous_commit = off;
SET aidcase.clock = '2021-06-01 09:00+08';
\set persons 260000
\getenv persons AIDCASE_BENCH_PERSONS
\set rounds 5
\getenv rounds AIDCASE_BENCH_ROUNDS

-- ---------------------------------------------------------------------
-- A district, straight into its tables: triggers are not measured here.
BEGIN;
SET LOCAL session_replication_role = replica;
-- numbers with their check character; beneficiaries are those up to :persons
CREATE TABLE public.person AS
SELECT n.i, n.b || substr('10X98765432', 1 + (SELECT sum(substr(n.b, k, 1)::integer * (ARRAY[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])[k])::integer % 11
                                                FROM generate_series(1, 17) AS k), 1) AS citizen
  FROM (SELECT i, (ARRAY['340705', '340702', '340703', '340721'])[1 + i % 4] || to_char(date '1935-01-01' + i % 25000, 'YYYYMMDD') || lpad((1 + i / 25000)::text, 3, '0') AS b
          FROM generate_series(1, :persons + :persons / 130 * 7 + 20000) AS i) AS n;
ALTER TABLE public.person ADD PRIMARY KEY (i);
ANALYZE public.person;
INSERT INTO aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, phone, address, entry_no)
SELECT i, 'B' || i, unit_id('340705100'), unit_id('340705100201'), 'rural', '2021-04-06', '139' || lpad(i::text, 8, '0'), '村' || i || '号', 0
  FROM generate_series(1, :persons / 2 + 10000) AS i;
INSERT INTO staff (staff_id, staff_no, name, citizen_id, phone, employed, entry_no) OVERRIDING SYSTEM VALUE
SELECT 1000 + s, 's' || s, '职员' || s, p.citizen::citizen_id, '138' || lpad(s::text, 8, '0'), '[2020-01-01,)', 0
  FROM generate_series(1, :persons / 130) AS s JOIN public.person AS p ON p.i = :persons + s;
INSERT INTO staff_post (staff_id, unit_id, post, valid, entry_no)
SELECT 1000 + s, unit_id('340705100'), 'clerk', '[2020-01-01,)', 0 FROM generate_series(1, :persons / 130) AS s;
UPDATE staff SET login = session_user WHERE staff_no = 's1';
INSERT INTO case_round (round_id, case_id, unit_id, round_kind, round_no, workflow_id, state, channel, first_contact_at, handler_id, occurred_at, accepted_on, entry_no)
SELECT i, i, unit_id('340705100'), 'application', 1, 1, 'accepted', 'on_site', '2021-04-06 09:00+08', 1001 + i % 10, '2021-04-06 10:00+08', '2021-04-06', 0
  FROM generate_series(1, :persons / 2) AS i;
INSERT INTO case_member (member_id, case_id, round_id, person_id, citizen_id, name, birth_date, sex, relation, applicant, work_ability, entry_no)
SELECT p.i, (p.i + 1) / 2, (p.i + 1) / 2, p.i, p.citizen::citizen_id, '成员' || p.i, birth_date(p.citizen::citizen_id), sex(p.citizen::citizen_id),
       CASE p.i % 2 WHEN 1 THEN 'head' ELSE 'other' END, p.i % 2 = 1, 'able', 0
  FROM public.person AS p WHERE p.i <= :persons;
INSERT INTO payee_account (account_id, case_id, kind, holder_name, holder_citizen_id, bank, account_no, valid, entry_no)
SELECT i.i, i.i, 'person', '成员', p.citizen::citizen_id, '农商行', '62' || lpad(i.i::text, 16, '0'), '[2021-04-01,)', 0
  FROM generate_series(1, :persons / 2) AS i (i) JOIN public.person AS p ON p.i = 2 * i.i - 1;
INSERT INTO staff_filing (filing_id, staff_id, unit_id, declared_on, nil_return, received_at, entry_no)
SELECT s, 1000 + s, unit_id('340705100'), '2021-04-02', false, '2021-04-02 09:00+08', 0 FROM generate_series(1, :persons / 130) AS s;
INSERT INTO relative_filing (relative_id, filing_id, staff_id, relation, citizen_id, name, entry_no)
SELECT f.n, f.s, 1000 + f.s, 'sibling', p.citizen::citizen_id, '亲属' || f.n, 0
  FROM (SELECT row_number() OVER () AS n, s, CASE WHEN (6 * s + k) % 50 = 0 THEN ((6 * s + k)::bigint * 7919) % :persons + 1
                                                  ELSE :persons + :persons / 130 + 6 * (s - 1) + k END AS i
          FROM generate_series(1, :persons / 130) AS s, generate_series(1, 6) AS k) AS f
  JOIN public.person AS p USING (i)
    ON CONFLICT (filing_id, citizen_id) DO NOTHING;
INSERT INTO kin_tie (person, relative, relation, valid, stated_on, source, holder_id, source_id, entry_no)
SELECT d.person, d.relative, d.relation, d.valid, d.stated_on, d.source, d.holder_id, d.source_id, 0 FROM kin_tie_due AS d WHERE d.source = 'relative_filing';
-- what a register with text ids would join
CREATE TABLE public.member_text AS SELECT member_id, citizen_id::text AS citizen FROM case_member;
CREATE TABLE public.relative_text AS SELECT relative_id, citizen_id::text AS citizen FROM relative_filing;
SELECT setval(pg_get_serial_sequence('aidcase.case_member', 'member_id'), :persons + 1),
       setval(pg_get_serial_sequence('aidcase.case_round', 'round_id'), :persons + 1),
       setval('aidcase.person_number', :persons + :persons) \g /dev/null
COMMIT;
VACUUM ANALYZE;

CREATE TABLE public.figure (what text, round integer, ms double precision, found bigint);
CREATE PROCEDURE public.measure(what text, round integer, query text, setting text DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    n bigint;
BEGIN
    IF setting IS NOT NULL THEN
        PERFORM set_config(s, 'off', true) FROM unnest(string_to_array(setting, ',')) AS s;
    END IF;
    began := clock_timestamp();
    EXECUTE query INTO n;
    INSERT INTO public.figure VALUES (what, round, extract(epoch FROM clock_timestamp() - began) * 1000, n);
END
$$;
CALL public.measure('relatives of staff, the first time', 0, 'SELECT cardinality(aidcase.keep_staff_kin(NULL))');
CALL public.measure('sweep, the first time', 0, 'SELECT found FROM aidcase.conflict_sweep()');
VACUUM ANALYZE staff_kin;
VACUUM ANALYZE conflict_flag;

-- Members and rounds that arrive, one statement each, as x does; the cost of
-- the checks is what their trigger functions took.
CREATE PROCEDURE public.arrive(round integer, matched boolean, persons bigint) LANGUAGE plpgsql AS $$
DECLARE
    c bigint;
    r bigint;
    who aidcase.citizen_id;
BEGIN
    FOR k IN 1 .. 400 LOOP
        c := persons / 2 + (round * 2 + matched::integer) * 400 + k;
        who := CASE WHEN matched THEN (SELECT s.citizen_id FROM aidcase.relative_filing AS s WHERE s.relative_id = round * 400 + k)
                    ELSE (SELECT p.citizen::aidcase.citizen_id FROM public.person AS p WHERE p.i = persons + persons / 130 * 7 + round * 400 + k) END;
        INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id)
        VALUES (c, aidcase.unit_id('340705100'), 'application', 1, 'on_site', aidcase.now_here(), 1001) RETURNING round_id INTO r;
        INSERT INTO aidcase.case_member (case_id, round_id, citizen_id, name, birth_date, sex, relation, applicant, work_ability)
        VALUES (c, r, who, 'x', aidcase.birth_date(who), aidcase.sex(who), 'head', true, 'able');
    END LOOP;
    INSERT INTO public.figure
    SELECT CASE f.funcname WHEN 'match_rounds' THEN 'a round arrives' ELSE 'a member arrives' END || CASE WHEN matched THEN ' who is a filed relative: flags written' ELSE ', nobody''s relative' END,
           round, f.total_time / f.calls, f.calls
      FROM pg_stat_xact_user_functions AS f
     WHERE f.schemaname = 'aidcase' AND f.funcname IN ('match_rounds', 'match_members');
END
$$;
SET track_functions = 'pl';
SELECT format('CALL public.measure(%L, %s, %L, %L)', v.what, r, v.query, v.setting)
  FROM generate_series(0, :rounds) AS r,
       (VALUES (1, 'hash join on text ids', 'SELECT count(*) FROM public.member_text AS m JOIN public.relative_text AS r USING (citizen)', 'enable_nestloop,enable_mergejoin'),
               (2, 'filings, from the staff''s side', 'WITH r AS MATERIALIZED (SELECT citizen_id FROM aidcase.relative_filing ORDER BY 1) SELECT count(*) FROM r JOIN aidcase.case_member AS m USING (citizen_id)', 'enable_hashjoin,enable_mergejoin'),
               (3, 'all relatives, staff and officials against members and payees', 'SELECT count(*) FROM aidcase.rounds_of_staff()', NULL),
               (4, 'relatives of staff, kept', 'SELECT cardinality(aidcase.keep_staff_kin(NULL))', NULL),
               (5, 'sweep, nothing to change', 'SELECT added + changed + voided FROM aidcase.conflict_sweep()', NULL)) AS v (n, what, query, setting)
 ORDER BY r, CASE WHEN r % 2 = 0 THEN v.n ELSE -v.n END \gexec
SELECT format('CALL public.arrive(%s, %L, %s)', r, m, :persons) FROM generate_series(0, :rounds) AS r, unnest('{false,true}'::boolean[]) AS m \gexec

\pset footer off
SELECT :persons AS beneficiaries, (SELECT count(*) FROM staff) AS staff, (SELECT count(*) FROM relative_filing) AS filed_relatives,
       (SELECT count(*) FROM staff_kin WHERE NOT void) AS relatives, (SELECT count(*) FROM conflict_flag) AS flags, :rounds AS rounds;
-- round 0 warms up
SELECT f.what, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY f.ms)::numeric, 3) AS median_ms,
       CASE WHEN f.what LIKE 'a %' THEN NULL ELSE
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY f.ms) / (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY h.ms) FROM public.figure AS h
                                                                    WHERE h.what = 'hash join on text ids' AND h.round > 0))::numeric, 3) END AS ratio_to_hash_join,
       max(f.found) AS rows, string_agg(round(f.ms::numeric, 3)::text, ' ' ORDER BY f.round) AS rounds
  FROM public.figure AS f WHERE f.round > 0 OR f.what LIKE '%the first time' GROUP BY f.what ORDER BY min(f.ctid);
