-- What conflict checks cost: the search from the staff's side against the hash
-- join on text ids, the whole sweep, and what a member who arrives pays.
-- AIDCASE_BENCH_PERSONS (260000) beneficiaries; a 130th of it are members of
-- staff with six filed relatives each, one relative in fifty a beneficiary.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET search_path = aidcase, public;
SET work_mem = '256MB';
SET max_parallel_workers_per_gather = 0;
\set persons 260000
\getenv persons AIDCASE_BENCH_PERSONS
SELECT set_config('aidcase.clock', '2021-06-01 09:00+08', false) AS clock \gset
\o /dev/null
BEGIN;
SET LOCAL session_replication_role = replica;
-- numbers with their check character; beneficiaries are those up to :persons
CREATE TABLE public.person AS
    SELECT i, b || substr('10X98765432', 1 + (SELECT sum(substr(b, k, 1)::integer * (ARRAY[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])[k])::integer % 11
                                                FROM generate_series(1, 17) AS k), 1) AS citizen
      FROM (SELECT i, (ARRAY['340705', '340702', '340703', '340721'])[1 + i % 4] || to_char(date '1935-01-01' + i % 25000, 'YYYYMMDD') || lpad((1 + i / 25000)::text, 3, '0') AS b
              FROM generate_series(1, :persons + :persons / 130 * 7) AS i) AS n;
ALTER TABLE public.person ADD PRIMARY KEY (i);
INSERT INTO aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, entry_no)
    SELECT i, 'B' || i, unit_id('340705100'), unit_id('340705100201'), 'rural', '2021-04-06', 0 FROM generate_series(1, :persons / 2) AS i;
INSERT INTO staff (staff_id, staff_no, name, citizen_id, employed, entry_no) OVERRIDING SYSTEM VALUE
    SELECT 1000 + s, 's' || s, '职员' || s, p.citizen::citizen_id, '[2020-01-01,)', 0
      FROM generate_series(1, :persons / 130) AS s JOIN public.person AS p ON p.i = :persons + s;
INSERT INTO case_round (round_id, case_id, unit_id, round_kind, round_no, workflow_id, state, channel, first_contact_at, handler_id, occurred_at, accepted_on, entry_no)
    SELECT i, i, unit_id('340705100'), 'application', 1, 1, 'accepted', 'on_site', '2021-04-06 09:00+08', 1001 + i % 10, '2021-04-06 10:00+08', '2021-04-06', 0
      FROM generate_series(1, :persons / 2) AS i;
INSERT INTO case_member (member_id, case_id, round_id, person_id, citizen_id, name, birth_date, sex, relation, applicant, work_ability, entry_no)
    SELECT p.i, (p.i + 1) / 2, (p.i + 1) / 2, p.i, p.citizen::citizen_id, '成员' || p.i, birth_date(p.citizen::citizen_id), sex(p.citizen::citizen_id),
           CASE p.i % 2 WHEN 1 THEN 'head' ELSE 'other' END, p.i % 2 = 1, 'able', 0
      FROM public.person AS p WHERE p.i <= :persons;
INSERT INTO staff_filing (filing_id, staff_id, unit_id, declared_on, nil_return, received_at, entry_no)
    SELECT s, 1000 + s, unit_id('340705100'), '2021-04-02', false, '2021-04-02 09:00+08', 0 FROM generate_series(1, :persons / 130) AS s;
CREATE TABLE public.filed AS
    SELECT row_number() OVER () AS n, s, CASE WHEN (6 * s + k) % 50 = 0 THEN ((6 * s + k)::bigint * 7919) % :persons + 1 ELSE :persons + :persons / 130 + 6 * (s - 1) + k END AS i
      FROM generate_series(1, :persons / 130) AS s, generate_series(1, 6) AS k;
INSERT INTO relative_filing (relative_id, filing_id, staff_id, relation, citizen_id, name, entry_no)
    SELECT f.n, f.s, 1000 + f.s, 'sibling', p.citizen::citizen_id, '亲属' || f.n, 0 FROM public.filed AS f JOIN public.person AS p USING (i)
        ON CONFLICT (filing_id, citizen_id) DO NOTHING;
INSERT INTO kin_tie (person, relative, relation, valid, stated_on, source, holder_id, source_id, entry_no)
    SELECT d.person, d.relative, d.relation, d.valid, d.stated_on, d.source, d.holder_id, d.source_id, 0 FROM kin_tie_due AS d WHERE d.source = 'relative_filing';
CREATE TABLE public.member_text AS SELECT member_id, citizen_id::text AS citizen FROM case_member;
CREATE TABLE public.relative_text AS SELECT relative_id, citizen_id::text AS citizen FROM relative_filing;
SELECT setval(pg_get_serial_sequence('aidcase.case_member', 'member_id'), :persons);
COMMIT;
VACUUM ANALYZE;
CREATE TABLE public.figure (what text, ms double precision);

CREATE PROCEDURE public.measure(what text, query text) LANGUAGE plpgsql AS $$
DECLARE
    t timestamptz := clock_timestamp();
BEGIN
    EXECUTE query;
    INSERT INTO public.figure VALUES (what, extract(epoch FROM clock_timestamp() - t) * 1000);
END
$$;
CALL public.measure('relatives of staff, first time', 'SELECT keep_staff_kin(NULL)');
CALL public.measure('sweep, first time', 'SELECT conflict_sweep()');
VACUUM ANALYZE staff_kin, conflict_flag;
DO $$
DECLARE
    r integer;
    s integer;
    top bigint := (SELECT max(member_id) FROM aidcase.case_member);
BEGIN
    FOR r IN 1 .. 5 LOOP
        SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off;
        CALL public.measure('hash join on text ids', 'SELECT count(*) FROM public.member_text AS m JOIN public.relative_text AS r USING (citizen)');
        SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on;
        CALL public.measure('search from the staff side', 'SELECT count(*) FROM aidcase.staff_kin AS k JOIN aidcase.conflict_party AS p ON p.citizen_id = k.citizen_id WHERE NOT k.void');
        CALL public.measure('relatives of staff, kept', 'SELECT aidcase.keep_staff_kin(NULL)');
        CALL public.measure('sweep, nothing to change', 'SELECT aidcase.conflict_sweep()');
        -- what the check adds to 1000 inserts of a member, one by one
        FOR s IN 0 .. 1 LOOP
            IF s = 0 THEN ALTER TABLE aidcase.case_member DISABLE TRIGGER "~7_match"; ELSE ALTER TABLE aidcase.case_member ENABLE TRIGGER "~7_match"; END IF;
            CALL public.measure(CASE s WHEN 0 THEN '1000 members without check' ELSE '1000 members with check' END, format($q$
                DO $d$ BEGIN FOR k IN 1 .. 1000 LOOP
                    INSERT INTO aidcase.case_member (case_id, round_id, citizen_id, name, birth_date, sex, relation, work_ability)
                    SELECT k + %1$s, k + %1$s, p.citizen::aidcase.citizen_id, 'x', aidcase.birth_date(p.citizen::aidcase.citizen_id), aidcase.sex(p.citizen::aidcase.citizen_id), 'other', 'able'
                      FROM public.person AS p WHERE p.i = 1 + (2 * (k + %1$s) + 7919) %% %2$s;
                END LOOP; END $d$ $q$, (2 * (r - 1) + s) * 1000, top));
        END LOOP;
    END LOOP;
END
$$;
\o
SELECT format('%s beneficiaries, %s members of staff, %s filed relatives, %s flags', (SELECT count(*) FROM case_member), (SELECT count(*) FROM staff), (SELECT count(*) FROM relative_filing), (SELECT count(*) FROM conflict_flag)) AS size;
SELECT what, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1) AS median_ms,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) / (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY h.ms) FROM public.figure AS h WHERE h.what = 'hash join on text ids'))::numeric, 2) AS ratio,
       string_agg(round(ms::numeric, 1)::text, ' ') AS rounds
  FROM public.figure GROUP BY what ORDER BY min(ctid);
SELECT round(((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM public.figure WHERE what = '1000 members with check')
            - (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM public.figure WHERE what = '1000 members without check'))::numeric / 1000, 4) AS "check of a member, ms (goal 0.1)";
