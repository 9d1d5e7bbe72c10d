-- Time limits that start under a condition, with a fact or for the whole
-- household: the county's check, the steps of tekun, reviews that are due, a
-- death.  Each on either side of its end, counted by hand.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(52);
\ir parts/household.sql
CREATE FUNCTION pg_temp.case_of(r bigint) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT case_id FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.go(no text, r bigint, action text, details text DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told(no, format('SELECT aidcase.advance(%s, %L, NULL, %L)', r, action, details)) $$;
-- what a clock of a round says: due, and whether it was met in time
CREATE FUNCTION pg_temp.clock_of(r bigint, which text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg(concat_ws(' ', to_char(due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'),
               CASE WHEN met_at < due_at THEN 'in time' WHEN met_at IS NOT NULL THEN 'late' WHEN cancelled_at IS NOT NULL THEN 'cancelled ' || cancel_reason END),
               ', ' ORDER BY deadline_id), '-')
      FROM aidcase.deadline WHERE subject = 'case_round' AND subject_id = r AND clock = which $$;
-- an application of one person; ability decides between tekun and dibao
CREATE FUNCTION pg_temp.file(key text, person integer, ability text DEFAULT 'partial', income numeric DEFAULT 300) RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
        jsonb_set(pg_temp.application(key, '340705100', '340705100201', ARRAY[person], income, aidcase.today()), '{members,0}',
            (pg_temp.application(key, '340705100', '340705100201', ARRAY[person], income, aidcase.today()) #> '{members,0}')
            || jsonb_build_object('work_ability', ability)
            || CASE ability WHEN 'lost' THEN '{"disability_kind": "intellectual", "disability_level": 2}'::jsonb ELSE '{}' END)))::bigint $$;
-- a round from acceptance to its determination
CREATE FUNCTION pg_temp.determined(r bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'accept'), pg_temp.check_all(%1$s)$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'check'), pg_temp.visit(%1$s, 'x')$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'visit')$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT count(*) FROM aidcase.determine(%1$s)$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'determine')$q$, r));
END
$$;
CREATE FUNCTION pg_temp.evaluated(r bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT pg_temp.evaluate(%1$s)$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'evaluate')$q$, r));
END
$$;
-- from there to the decision, at one time
CREATE FUNCTION pg_temp.confirmed(r bigint, at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.clock(at);
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT pg_temp.meeting(%1$s, 'x', '340705100')$q$, r));
    RETURN pg_temp.by_staff('x-group1', format($q$SELECT aidcase.advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$q$, r));
END
$$;
CREATE FUNCTION pg_temp.sign(r bigint) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
    SELECT case_id, round_id, member_id, '1', aidcase.today(), sha256('x') FROM aidcase.case_member WHERE round_id = r AND applicant AND NOT void RETURNING commitment_id $$;
CREATE FUNCTION pg_temp.reopened(c bigint, kind text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    r bigint := pg_temp.by_staff('x-clerk', format('SELECT aidcase.open_review(%s, %L)', c, kind));
BEGIN
    PERFORM pg_temp.sign(r);
    RETURN r;
END
$$;

-- ---------------------------------------------------------------------
-- The county starts the check within three working days of the request
SELECT pg_temp.clock('2021-07-05 10:00+08');
SELECT pg_temp.file('c', 8001) AS c \gset
SELECT is(pg_temp.go('x-clerk', :c, 'accept'), '(done)', 'accepted on Monday');
SELECT is(pg_temp.clock_of(:c, 'county_check_3wd'), '-', 'nothing is asked of the county yet');
CREATE FUNCTION pg_temp.request(r bigint, no text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.by_staff('x-clerk', format($q$INSERT INTO aidcase.registry_check (round_id, member_id, reference_no, requested_at)
        SELECT round_id, member_id, %L, aidcase.now_here() FROM aidcase.case_member WHERE round_id = %s RETURNING check_id$q$, no, r)) $$;
CREATE FUNCTION pg_temp.returned(id text, at timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.clock(at);
    SELECT pg_temp.by_staff('x-clerk', format($q$UPDATE aidcase.registry_check SET returned_at = aidcase.now_here(), outcome = 'clean' WHERE check_id = %s RETURNING check_id$q$, id)) $$;
SELECT pg_temp.request(:c, 'k1') AS k1 \gset
SELECT is(pg_temp.clock_of(:c, 'county_check_3wd'), '2021-07-09 00:00', 'the request starts it');
SELECT pg_temp.request(:c, 'k2') AS k2 \gset
SELECT is(pg_temp.clock_of(:c, 'county_check_3wd'), '2021-07-09 00:00', 'once for all that is asked at that time');
SAVEPOINT a;
SELECT pg_temp.returned(:'k1', '2021-07-08 23:59+08') AS k \gset
SELECT is(pg_temp.clock_of(:c, 'county_check_3wd'), '2021-07-09 00:00 in time', 'an answer on Thursday night');
SELECT pg_temp.clock('2021-07-12 09:00+08');
SELECT pg_temp.request(:c, 'k3') AS k \gset
SELECT is(pg_temp.clock_of(:c, 'county_check_3wd'), '2021-07-09 00:00 in time, 2021-07-16 00:00', 'a request a week later has its own');
ROLLBACK TO a;
SELECT pg_temp.returned(:'k1', '2021-07-09 00:00+08') AS k \gset
SELECT is(pg_temp.clock_of(:c, 'county_check_3wd'), '2021-07-09 00:00 late', 'a minute later is late');
ROLLBACK TO a;
SELECT is(pg_temp.go('x-clerk', :c, 'withdraw'), '(done)', 'withdrawn');
SELECT is(pg_temp.clock_of(:c, 'county_check_3wd'), '2021-07-09 00:00 cancelled withdraw', 'nobody waits for it any more');

-- ---------------------------------------------------------------------
-- Tekun: 15 working days to the first opinion, 15 to the confirmation
SELECT pg_temp.clock('2021-07-05 10:00+08');
SELECT pg_temp.file('t', 8002, 'lost', 0) AS t \gset
SELECT pg_temp.file('d', 8003) AS d \gset
SELECT pg_temp.determined(:t), pg_temp.determined(:d);
SELECT ok((SELECT eligible FROM determination WHERE round_id = :t AND programme = 'tekun'), 'a household for tekun');
SELECT is(pg_temp.clock_of(:t, 'tekun_investigation_15wd'), '2021-07-27 00:00', 'its investigation is counted from the acceptance');
SELECT is(pg_temp.clock_of(:d, 'tekun_investigation_15wd'), '-', 'one that is not for tekun has no such limit');
SELECT pg_temp.evaluated(:t), pg_temp.evaluated(:d);
SAVEPOINT b;
SELECT pg_temp.clock('2021-07-26 23:59+08');
SELECT is(pg_temp.go('x-clerk', :t, 'submit'), '(done)', 'submitted on the last day');
SELECT is(pg_temp.clock_of(:t, 'tekun_investigation_15wd') || '; ' || pg_temp.clock_of(:t, 'tekun_decision_15wd'), '2021-07-27 00:00 in time; 2021-08-17 00:00', 'meets it and starts the confirmation''s');
SELECT is(pg_temp.go('x-clerk', :t, 'return'), '(done)', 'sent back');
SELECT is(pg_temp.clock_of(:t, 'tekun_decision_15wd'), '2021-08-17 00:00 cancelled return', 'the confirmation waits for another opinion');
SELECT is(pg_temp.go('x-clerk', :t, 'determine'), '(done)', 'determined again');
SELECT is(pg_temp.clock_of(:t, 'tekun_investigation_15wd'), '2021-07-27 00:00 in time', 'the investigation is not counted twice');
ROLLBACK TO b;
SELECT pg_temp.clock('2021-07-27 00:00+08');
SELECT is(pg_temp.go('x-clerk', :t, 'submit'), '(done)', 'a minute later');
SELECT is(pg_temp.clock_of(:t, 'tekun_investigation_15wd'), '2021-07-27 00:00 late', 'is late');
ROLLBACK TO b;
SELECT is(pg_temp.go('x-clerk', :d, 'submit'), '(done)', 'the other household');
SELECT is(pg_temp.confirmed(:d, '2021-07-08 15:00+08'), 'confirmed', 'confirmed on Thursday');
SELECT is(pg_temp.clock_of(:d, 'tekun_decision_15wd'), '-', 'has no such limit');
SELECT pg_temp.clock('2021-07-05 10:00+08');
SELECT is(pg_temp.go('x-clerk', :t, 'submit'), '(done)', 'submitted the same day');
SELECT is(pg_temp.clock_of(:t, 'tekun_decision_15wd'), '2021-07-27 00:00', 'to be confirmed within 15 working days');
SAVEPOINT b2;
SELECT is(pg_temp.confirmed(:t, '2021-07-27 00:00+08'), 'confirmed', 'confirmed after them');
SELECT is(pg_temp.clock_of(:t, 'tekun_decision_15wd'), '2021-07-27 00:00 late', 'late');
ROLLBACK TO b2;
SELECT is(pg_temp.confirmed(:t, '2021-07-26 23:59+08'), 'confirmed', 'confirmed in them');
SELECT is(pg_temp.clock_of(:t, 'tekun_decision_15wd'), '2021-07-27 00:00 in time', 'in time');

-- an objection to it, and a change that is reported
SELECT pg_temp.clock('2021-07-27 09:00+08');
SELECT pg_temp.by_staff('x-clerk', $$SELECT aidcase.publish('340705100')$$) AS p \gset
SELECT pg_temp.clock('2021-07-28 10:00+08');
SAVEPOINT c;
SELECT pg_temp.by_staff('x-clerk2', format('SELECT aidcase.record_objection(%L)', jsonb_build_object('round_id', r, 'raised_at', '2021-07-28T10:00:00+08:00', 'content', '有收入')))
  FROM (VALUES (:t::bigint), (:d)) AS v (r) \g /dev/null
SELECT is((SELECT string_agg(pg_temp.clock_of(review_round_id, 'tekun_objection_15wd'), '; ' ORDER BY round_id = :d) FROM objection), '2021-08-19 00:00; -', 'a re-investigation of tekun has 15 working days, another one not');
ROLLBACK TO c;
SELECT pg_temp.reopened(pg_temp.case_of(:t), 'change') AS tc \gset
SELECT pg_temp.reopened(pg_temp.case_of(:d), 'change') AS dc \gset
SELECT is(pg_temp.clock_of(:tc, 'self_care_10wd') || '; ' || pg_temp.clock_of(:dc, 'self_care_10wd'), '2021-08-12 00:00; -', 'a change in a tekun household is assessed in 10 working days');
SAVEPOINT c2;
SELECT pg_temp.clock('2021-08-11 23:59+08');
SELECT pg_temp.determined(:tc);
SELECT is(pg_temp.clock_of(:tc, 'self_care_10wd'), '2021-08-12 00:00 in time', 'by its determination');
ROLLBACK TO c2;
SELECT pg_temp.clock('2021-08-12 00:00+08');
SELECT pg_temp.determined(:tc);
SELECT is(pg_temp.clock_of(:tc, 'self_care_10wd'), '2021-08-12 00:00 late', 'not a minute later');
ROLLBACK TO c;

-- ---------------------------------------------------------------------
-- Reviews: half-yearly where somebody is able to work, else yearly
SELECT is(pg_temp.clock_of(:d, 'review_half_yearly') || '; ' || pg_temp.clock_of(:d, 'review_yearly'), '2022-01-09 00:00; -', 'confirmed on 8 July, somebody partly able: by 8 January');
SELECT is(pg_temp.clock_of(:t, 'review_half_yearly') || '; ' || pg_temp.clock_of(:t, 'review_yearly'), '-; 2022-07-27 00:00', 'nobody able: in a year');
SELECT pg_temp.clock('2022-01-09 00:00+08');
SELECT is((SELECT count(*) FROM overdue WHERE subject_id = :d AND clock = 'review_half_yearly'), 1::bigint, 'overdue from then on');
SELECT is((SELECT string_agg(query, ',') FROM agenda WHERE round_id = :d AND query IN ('overdue', 'review_missed')), 'review_missed', 'once on the agenda');
SELECT pg_temp.clock('2022-01-08 09:00+08');
SELECT pg_temp.reopened(pg_temp.case_of(:d), 'review') AS dr \gset
SELECT pg_temp.determined(:dr);
SAVEPOINT d;
SELECT pg_temp.clock('2022-01-08 23:59+08');
SELECT pg_temp.evaluated(:dr);
SELECT is(pg_temp.go('x-clerk', :dr, 'submit'), '(done)', 'the review is before the group');
SELECT is(pg_temp.clock_of(:d, 'review_half_yearly'), '2022-01-09 00:00', 'which alone meets nothing');
SELECT is(pg_temp.confirmed(:dr, '2022-01-08 23:59+08'), 'confirmed', 'its decision on the last day does');
SELECT is(pg_temp.clock_of(:d, 'review_half_yearly') || '; ' || pg_temp.clock_of(:dr, 'review_half_yearly'), '2022-01-09 00:00 in time; 2022-07-09 00:00', 'and starts the next one');
ROLLBACK TO d;
SELECT pg_temp.evaluated(:dr);
SELECT pg_temp.go('x-clerk', :dr, 'submit') AS s \gset
SELECT is(pg_temp.confirmed(:dr, '2022-01-09 00:00+08'), 'confirmed', 'a minute later');
SELECT is(pg_temp.clock_of(:d, 'review_half_yearly'), '2022-01-09 00:00 late', 'late');
ROLLBACK TO d;

-- ---------------------------------------------------------------------
-- A death: looked into within three months of it; then nothing is reviewed
SELECT pg_temp.clock('2021-09-20 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format($$SELECT aidcase.stop_case(%s, 'death', '2021-08-31')$$, pg_temp.case_of(:t))) AS s \gset
SELECT is(pg_temp.clock_of(:s, 'death_recheck'), '2021-12-01 00:00', 'three months from the last of August end with November');
SELECT is(pg_temp.go('x-clerk', :s, 'verify'), '(done)', 'verified');
SAVEPOINT e;
SELECT pg_temp.clock('2021-12-01 00:00+08');
SELECT is(pg_temp.go('x-leader', :s, 'decide'), '(done)', 'decided on the first of December');
SELECT is(pg_temp.clock_of(:s, 'death_recheck'), '2021-12-01 00:00 late', 'late');
ROLLBACK TO e;
SELECT is(pg_temp.go('x-leader', :s, 'withdraw'), '(done)', 'withdrawn: a mistake');
SELECT is(pg_temp.clock_of(:s, 'death_recheck') || '; ' || pg_temp.clock_of(:t, 'review_yearly'), '2021-12-01 00:00 cancelled withdraw; 2022-07-27 00:00', 'the household goes on');
ROLLBACK TO e;
SELECT pg_temp.clock('2021-11-30 23:59+08');
SELECT is(pg_temp.go('x-leader', :s, 'decide'), '(done)', 'decided a minute before');
SELECT is(pg_temp.clock_of(:s, 'death_recheck') || '; ' || pg_temp.clock_of(:t, 'review_yearly'), '2021-12-01 00:00 in time; 2022-07-27 00:00 cancelled case_round ' || :s, 'in time, and no review is due any more');

-- ---------------------------------------------------------------------
-- A condition is a guard in SQL
SELECT throws_ok($$UPDATE clock SET only_if = 'four_eyes' WHERE clock = 'review_yearly'; SET CONSTRAINTS ALL IMMEDIATE$$, '23514', 'clock "review_yearly" is broken', 'a guard in C, which needs a move, is none');
SELECT * FROM finish();
ROLLBACK;
