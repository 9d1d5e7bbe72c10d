-- The gate, the guards, frozen facts, clocks, meetings and definitions.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(173);
SET LOCAL client_min_messages = warning;

-- ---------------------------------------------------------------------
-- Helpers: who acts, what time it is, and a household of 西湖镇.

CREATE FUNCTION pg_temp.act(no text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aidcase.act_as((SELECT staff_id FROM aidcase.staff WHERE staff_no = no));
END $$;
CREATE FUNCTION pg_temp.clock(t text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('aidcase.clock', t, true);
END $$;
CREATE FUNCTION pg_temp.staff(no text) RETURNS bigint LANGUAGE sql AS
$$ SELECT staff_id FROM aidcase.staff WHERE staff_no = no $$;
CREATE FUNCTION pg_temp.unit(code text) RETURNS bigint LANGUAGE sql AS
$$ SELECT unit_id FROM aidcase.unit WHERE unit_code = code $$;

-- A case and a round, as x-clerk or who acts.
CREATE FUNCTION pg_temp.new_round(kind text DEFAULT 'application', unit text DEFAULT '340705100',
    village text DEFAULT '340705100201') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    c bigint; r bigint;
BEGIN
    INSERT INTO aidcase.aid_case (case_no, unit_id, village_id, residence)
    VALUES ('T' || nextval('aidcase.case_serial'), pg_temp.unit(unit), pg_temp.unit(village), 'rural')
    RETURNING case_id INTO c;
    INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id)
    VALUES (c, pg_temp.unit(unit), kind, 1, 'on_site', aidcase.now_here(), pg_temp.staff('x-clerk'))
    RETURNING round_id INTO r;
    RETURN r;
END $$;
CREATE FUNCTION pg_temp.papers(r bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c bigint := (SELECT case_id FROM aidcase.case_round WHERE round_id = r);
    m bigint;
BEGIN
    INSERT INTO aidcase.case_member (case_id, round_id, name, birth_date, sex, relation, applicant, work_ability)
    VALUES (c, r, '甲', '1960-05-01', 'female', 'head', true, 'lost') RETURNING member_id INTO m;
    INSERT INTO aidcase.case_member (case_id, round_id, name, birth_date, sex, relation, work_ability)
    VALUES (c, r, '乙', '2010-05-01', 'male', 'grandchild', 'none');
    INSERT INTO aidcase.case_cause (case_id, round_id, cause) VALUES (c, r, 'illness');
    INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
    VALUES (c, r, m, '1', aidcase.today(), sha256('1'));
    INSERT INTO aidcase.authorisation (case_id, round_id, member_id, text_version, signed_on, valid_until, sha256)
    VALUES (c, r, m, '1', aidcase.today(), aidcase.today() + 180, sha256('2'));
    INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source)
    VALUES (c, r, m, 'casual_work', 200, 'month', 'declared');
END $$;
CREATE FUNCTION pg_temp.head(r bigint) RETURNS bigint LANGUAGE sql AS
$$ SELECT member_id FROM aidcase.case_member WHERE round_id = r AND relation = 'head' AND NOT void $$;
CREATE FUNCTION pg_temp.case_of(r bigint) RETURNS bigint LANGUAGE sql AS
$$ SELECT case_id FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.check(r bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO aidcase.registry_check (case_id, round_id, member_id, reference_no, requested_at, requested_by,
                                        returned_at, outcome)
    VALUES (pg_temp.case_of(r), r, pg_temp.head(r), 'k1', aidcase.now_here(), aidcase.current_staff(),
            aidcase.now_here(), 'clean') $$;
CREATE FUNCTION pg_temp.visit(r bigint, one text DEFAULT 'x-visitor1', two text DEFAULT 'x-visitor2')
RETURNS void LANGUAGE sql AS $$
    INSERT INTO aidcase.home_visit (case_id, round_id, visited_at, visitor_id, second_visitor_id, outcome, report)
    VALUES (pg_temp.case_of(r), r, aidcase.now_here(), pg_temp.staff(one), pg_temp.staff(two), 'seen', '如实') $$;
-- dibao eligible with 500, temporary assistance between 500 and 5000, tekun not
CREATE FUNCTION pg_temp.determine(r bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO aidcase.determination (case_id, round_id, programme, on_date, benefit_month, members, annual_income,
        monthly_income, eligible, base_amount, amount, minimum_amount, maximum_amount, reasons, illustrative,
        determined_at)
    SELECT pg_temp.case_of(r), r, v.p, aidcase.today(), '2021-05-01', 2, 2400, 200, v.amount > 0, v.amount, v.amount,
           v.low, v.high, CASE WHEN v.amount > 0 THEN '{}'::text[] ELSE '{no_counted_member}' END, true,
           aidcase.now_here()
      FROM (VALUES ('dibao', 500, NULL, NULL), ('tekun', 0, NULL, NULL), ('temp_assistance', 500, 500, 5000))
        AS v (p, amount, low, high) $$;
CREATE FUNCTION pg_temp.determination(r bigint, p text) RETURNS bigint LANGUAGE sql AS
$$ SELECT max(determination_id) FROM aidcase.determination WHERE round_id = r AND programme = p $$;
CREATE FUNCTION pg_temp.opinion(r bigint, grant_it boolean DEFAULT true, temp numeric DEFAULT 1000) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE aidcase.assistance_opinion SET void = true WHERE round_id = r AND NOT void;
    INSERT INTO aidcase.assistance_opinion (case_id, round_id, matter, programme, department, outcome,
                                            determination_id, amount, refusal_reason)
    SELECT pg_temp.case_of(r), r, v.m, v.p, 'civil_affairs', v.o, pg_temp.determination(r, v.p), v.a,
           CASE WHEN v.o = 'refused' THEN 'no_counted_member' END
      FROM (VALUES ('living', 'dibao', CASE WHEN grant_it THEN 'granted' ELSE 'refused' END,
                    CASE WHEN grant_it THEN 500 END),
                   ('living', 'tekun', 'refused', NULL),
                   ('emergency', 'temp_assistance', CASE WHEN grant_it THEN 'granted' ELSE 'refused' END,
                    CASE WHEN grant_it THEN temp END)) AS v (m, p, o, a);
END $$;
CREATE FUNCTION pg_temp.evaluate(r bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, summary)
    VALUES (pg_temp.case_of(r), r, aidcase.now_here(), '困难') $$;
CREATE SEQUENCE pg_temp.minutes;
CREATE FUNCTION pg_temp.meet(r bigint, votes jsonb DEFAULT '{"x-group1":"agree","x-group2":"agree","x-group3":"against"}')
RETURNS bigint LANGUAGE sql AS $$
    SELECT aidcase.hold_meeting(jsonb_build_object('unit', '340705100', 'minutes_no', 'm' || nextval('pg_temp.minutes'),
        'held_at', to_char(aidcase.now_here() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SSZ'),
        'attendance', (SELECT jsonb_agg(k) FROM jsonb_object_keys(votes) AS k),
        'decisions', jsonb_build_array(jsonb_build_object('round_id', r, 'votes',
            (SELECT jsonb_agg(jsonb_build_object('staff', e.key, 'vote', e.value)) FROM jsonb_each(votes) AS e))))) $$;
CREATE FUNCTION pg_temp.state(r bigint) RETURNS text LANGUAGE sql AS
$$ SELECT state FROM aidcase.case_round WHERE round_id = r $$;

-- What a statement is refused with; nothing of it stays, whatever happens.
CREATE FUNCTION pg_temp.refusal(VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    s text; m text; d text; c text;
BEGIN
    BEGIN
        FOREACH s IN ARRAY statements LOOP
            EXECUTE s;
        END LOOP;
        RAISE EXCEPTION USING ERRCODE = 'ZZ999', MESSAGE = 'all went through';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS c = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL;
        RETURN CASE WHEN c = 'ZZ999' THEN m ELSE concat_ws(' | ', c, m, nullif(d, '')) END;
    END;
END $$;
-- The detail of the refusal when one condition is broken before a move.
CREATE FUNCTION pg_temp.without(r bigint, action text, actor text, broken text, details text DEFAULT '{}') RETURNS text
LANGUAGE sql AS $$
    SELECT pg_temp.refusal(replace(broken, ':r', r::text), format('SELECT pg_temp.act(%L)', actor),
                           format('SELECT aidcase.advance(%s, %L, NULL, %L)', r, action, details)) $$;
CREATE FUNCTION pg_temp.one(action text, sentence text) RETURNS text LANGUAGE sql AS
$$ SELECT format('ZA003 | cannot %s: 1 condition is not met | %s', action, sentence) $$;

-- ---------------------------------------------------------------------
-- A new row
SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT like(pg_temp.refusal('SELECT pg_temp.new_round()'), 'ZA005 | nobody acts in this session%',
            'nobody opens a round without being somebody');
SELECT pg_temp.act('x-clerk');
CREATE TEMP TABLE t AS SELECT pg_temp.new_round() AS r;
SELECT results_eq('SELECT workflow_id, state, occurred_at, moved_by FROM aidcase.case_round, t WHERE round_id = r',
    $$VALUES (1::bigint, 'filed', '2021-04-06 09:00+08'::timestamptz, pg_temp.staff('x-clerk'))$$,
    'a new round is pinned to the version in force, in the initial state');

CREATE FUNCTION pg_temp.insert_with(cols text, vals text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel,
        first_contact_at, handler_id, %s) SELECT pg_temp.case_of(r), pg_temp.unit(''340705100''), ''application'', 9,
        ''on_site'', aidcase.now_here(), 1, %s FROM t', cols, vals)) $$;
SELECT is(pg_temp.insert_with('state', $$'confirmed'$$),
    'ZA003 | a new row of "case_round" cannot be in state "confirmed" | Version 1 of procedure "ordinary_delegated" begins with state "filed".',
    'a new row in a later state is refused');
SELECT is(pg_temp.insert_with('state', $$'filed'$$), 'all went through', 'the initial state may be named');
SELECT is(pg_temp.insert_with('workflow_id', '1'), 'all went through', 'the version in force may be named');
SELECT is(pg_temp.insert_with('workflow_id', '2'),
    '22023 | the procedure of a new row cannot be chosen | Version 1 of procedure "ordinary_delegated" is in force.',
    'another version is refused');
SELECT like(pg_temp.insert_with('decided_on', $$'2021-04-06'$$), '22023 | column "decided_on" of a new row of "case_round" must be null%',
    'a new row cannot bring the date of a decision');
SELECT like(pg_temp.insert_with('occurred_at', $$'2021-04-06 09:00:01+08'$$), '22023 | column "occurred_at" of "case_round" lies in the future%',
    'a new row cannot come from the future');
SELECT like(pg_temp.insert_with('occurred_at', $$'infinity'$$), '22023 | column "occurred_at" of "case_round" lies in the future%',
    'nor at infinity');
SELECT is(pg_temp.insert_with('occurred_at', $$'2021-04-03 09:00+08'$$), 'all went through',
    'a late entry within late_entry_hours goes through');
SELECT is(pg_temp.insert_with('occurred_at', $$'2021-04-03 08:59:59+08'$$),
    '22023 | column "occurred_at" of "case_round" lies too far in the past | Parameter "late_entry_hours" allows 72 hours.',
    'one second more does not');
SELECT is(pg_temp.insert_with('moved_by', '999'), 'all went through', 'who moved is set by the engine, whatever is supplied');
SELECT like(pg_temp.refusal($$SELECT pg_temp.new_round('takeover')$$), 'ZA008 | no procedure is in force for "case_round" of kind "takeover"%',
    'a kind of round without procedure is refused');
SELECT pg_temp.act('b-payer');
SELECT like(pg_temp.refusal('SELECT pg_temp.new_round()'), '42501 | permission denied to open a row of "case_round"%',
    'a payer does not open rounds');
SELECT pg_temp.act('d-clerk');
SELECT like(pg_temp.refusal('SELECT pg_temp.new_round()'), '42501 |%', 'nor does a clerk of another unit');
SELECT pg_temp.act('v-member');
SELECT lives_ok('SELECT pg_temp.new_round()', 'a committee member opens one for a household of the village');
SELECT like(pg_temp.refusal($$SELECT pg_temp.new_round('application', '340705100', '340705100200')$$), '42501 |%',
    'but not for one of another village');

-- COPY goes through the same gate
SELECT pg_temp.act('x-clerk');
PREPARE copy_in AS SELECT 1;
SELECT format('%s	%s	application	8	on_site	2021-04-06 09:00+08	1	refused', pg_temp.case_of(r), pg_temp.unit('340705100')) AS line FROM t \gset
SAVEPOINT copying;
\set ON_ERROR_ROLLBACK off
\o /dev/null
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set QUIET on
\copy aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id, state) from program 'echo'
\o
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO copying;
SELECT * FROM finish();
ROLLBACK;
