-- The gate, the guards, frozen facts, clocks, meetings and definitions.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(300);
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
    VALUES (c, pg_temp.unit(unit), kind, 1, 'on_site', aidcase.now_here(), pg_temp.staff(CASE unit WHEN '340705005' THEN 'd-clerk' WHEN '340705404' THEN 'w-clerk' ELSE 'x-clerk' END))
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
SELECT alike(pg_temp.refusal('SELECT pg_temp.new_round()'), 'ZA005 | nobody acts in this session%',
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
SELECT alike(pg_temp.insert_with('decided_on', $$'2021-04-06'$$), '22023 | column "decided_on" of a new row of "case_round" must be null%',
    'a new row cannot bring the date of a decision');
SELECT alike(pg_temp.insert_with('occurred_at', $$'2021-04-06 09:00:01+08'$$), '22023 | column "occurred_at" of "case_round" lies in the future%',
    'a new row cannot come from the future');
SELECT alike(pg_temp.insert_with('occurred_at', $$'infinity'$$), '22023 | column "occurred_at" of "case_round" lies in the future%',
    'nor at infinity');
SELECT is(pg_temp.insert_with('occurred_at', $$'2021-04-03 09:00+08'$$), 'all went through',
    'a late entry within late_entry_hours goes through');
SELECT is(pg_temp.insert_with('occurred_at', $$'2021-04-03 08:59:59+08'$$),
    '22023 | column "occurred_at" of "case_round" lies too far in the past | Parameter "late_entry_hours" allows 72 hours.',
    'one second more does not');
SELECT is(pg_temp.insert_with('moved_by', '999'), 'all went through', 'who moved is set by the engine, whatever is supplied');
SELECT alike(pg_temp.refusal('UPDATE aidcase.procedure_in_force SET valid = ''[2019-01-01,2021-01-01)'' WHERE round_kind = ''takeover''', $$SELECT pg_temp.new_round('takeover')$$), 'ZA008 | no procedure is in force for "case_round" of kind "takeover"%',
    'a kind of round without procedure is refused');
SELECT pg_temp.act('b-payer');
SELECT alike(pg_temp.refusal('SELECT pg_temp.new_round()'), '42501 | permission denied to open a row of "case_round"%',
    'a payer does not open rounds');
SELECT pg_temp.act('d-clerk');
SELECT alike(pg_temp.refusal('SELECT pg_temp.new_round()'), '42501 |%', 'nor does a clerk of another unit');
SELECT pg_temp.act('v-member');
SELECT lives_ok('SELECT pg_temp.new_round()', 'a committee member opens one for a household of the village');
SELECT alike(pg_temp.refusal($$SELECT pg_temp.new_round('application', '340705100', '340705100200')$$), '42501 |%',
    'but not for one of another village');

-- every path leads through the same gate
SELECT pg_temp.act('x-clerk');
CREATE FUNCTION pg_temp.copy_with(state text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('COPY aidcase.case_round (case_id, unit_id, round_kind, round_no, channel,'
        ' first_contact_at, handler_id, state) FROM PROGRAM %L WITH (FORMAT csv)',
        format('echo %s,%s,application,8,on_site,2021-04-06 09:00+08,1,%s', pg_temp.case_of(r),
               pg_temp.unit('340705100'), state))) FROM t $$;
SELECT is(pg_temp.copy_with('filed'), 'all went through', 'COPY brings a new round in');
SELECT alike(pg_temp.copy_with('in_benefit'), 'ZA003 | a new row of "case_round" cannot be in state "in_benefit"%',
    'COPY of a later state is refused');
SELECT alike(pg_temp.refusal($$
    INSERT INTO aidcase.case_round (round_id, case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id)
    SELECT r, pg_temp.case_of(r), pg_temp.unit('340705100'), 'application', 1, 'on_site', aidcase.now_here(), 1 FROM t
    ON CONFLICT (round_id) DO UPDATE SET state = 'confirmed'$$),
    'ZA003 | cannot move from state "filed" to state "confirmed"%', 'ON CONFLICT DO UPDATE is refused');
SELECT alike(pg_temp.refusal($$
    MERGE INTO aidcase.case_round AS c USING t ON c.round_id = t.r
    WHEN MATCHED THEN UPDATE SET state = 'confirmed'$$),
    'ZA003 | cannot move from state "filed" to state "confirmed"%', 'MERGE is refused');
SELECT alike(pg_temp.refusal($$
    WITH moved AS (UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = (SELECT r FROM t) RETURNING 1)
    SELECT count(*) FROM moved$$),
    'ZA003 | cannot move from state "filed" to state "confirmed"%', 'a writable CTE is refused');
CREATE VIEW pg_temp.my_rounds AS SELECT round_id, state FROM aidcase.case_round;
SELECT alike(pg_temp.refusal($$UPDATE pg_temp.my_rounds SET state = 'confirmed' WHERE round_id = (SELECT r FROM t)$$),
    'ZA003 | cannot move from state "filed" to state "confirmed"%', 'an update through a view is refused');
SELECT is(pg_temp.refusal($$UPDATE aidcase.case_round SET state = 'in_benefit' WHERE round_id = (SELECT r FROM t)$$),
    'ZA003 | cannot move from state "filed" to state "in_benefit" | From here version 1 of procedure "ordinary_delegated" has the moves ask_papers (to "supplement"), accept (to "accepted"), withdraw (to "withdrawn").',
    'a move that the procedure does not have is refused, and those it has are listed');
SELECT alike(pg_temp.refusal($$UPDATE aidcase.case_round SET state = NULL WHERE round_id = (SELECT r FROM t)$$),
    'ZA003 |%', 'no state is no state');

-- a statement over many rows stands or falls as one
CREATE TEMP TABLE two AS SELECT pg_temp.new_round() AS r UNION ALL SELECT pg_temp.new_round();
SELECT lives_ok($$UPDATE aidcase.case_round SET state = 'supplement' WHERE round_id IN (SELECT r FROM two)$$,
    'two rounds move in one statement');
UPDATE aidcase.case_round SET state = 'filed' WHERE round_id = (SELECT min(r) FROM two);
SELECT alike(pg_temp.refusal($$UPDATE aidcase.case_round SET state = CASE WHEN round_id = (SELECT r FROM t) THEN 'supplement' ELSE 'accepted' END
    WHERE round_id IN (SELECT r FROM t UNION SELECT r FROM two)$$), 'ZA003 |%', 'one illegal move fails the statement');

-- ---------------------------------------------------------------------
-- What may change by hand
CREATE FUNCTION pg_temp.change(assignment text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('UPDATE aidcase.case_round SET %s WHERE round_id = %s', assignment, r)) FROM t $$;
SELECT alike(pg_temp.change(a), '22023 | column "' || split_part(a, ' ', 1) || '" of "case_round" cannot be changed%', a || ' is refused')
  FROM unnest(ARRAY['round_id = 999999', 'case_id = case_id + 1', 'unit_id = unit_id + 1', $$round_kind = 'review'$$,
                    'round_no = 7', 'workflow_id = 2', $$first_contact_at = '2021-01-01'$$, $$outside_key = 'k'$$]) AS a;
SELECT alike(pg_temp.change(a), '22023 | column "' || split_part(a, ' ', 1) || '" of "case_round" changes with the state only%', a || ' without a move is refused')
  FROM unnest(ARRAY[$$occurred_at = '2021-04-05'$$, $$reason = 'x'$$, 'moved_by = 2']) AS a;
SELECT is(pg_temp.change($$accepted_on = '2021-04-01'$$),
    '22023 | column "accepted_on" of "case_round" cannot be changed now | It changes in the move "accept".',
    'the date of acceptance is set by the move only');
SELECT is(pg_temp.change('handler_id = 2'), 'all went through', 'the handler can be changed');
SELECT is(pg_temp.change('case_id = case_id'), 'all went through', 'a change to the same value is none');
SELECT is(pg_temp.change($$state = 'filed'$$), 'ZA003 | the row of "case_round" is already in state "filed"',
    'a move to the state the row is in says that it has been made');

-- ---------------------------------------------------------------------
-- Accept: every guard alone
SELECT pg_temp.papers(r) FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', 'SELECT 1'), 'all went through', 'accept: everything is there') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', 'UPDATE aidcase.commitment SET void = true WHERE round_id = :r'),
    pg_temp.one('accept', 'The applicant has not signed the commitment.'), 'commitment_signed') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', 'UPDATE aidcase.case_cause SET void = true WHERE round_id = :r'),
    pg_temp.one('accept', 'The material lacks a cause of hardship.'), 'materials_complete: cause') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', $$UPDATE aidcase.case_member SET relation = 'other', applicant = false WHERE round_id = :r$$),
    pg_temp.one('accept', 'The material lacks one head of household, one applicant.'), 'materials_complete: head and applicant') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', 'UPDATE aidcase.authorisation SET void = true WHERE round_id = :r'),
    pg_temp.one('accept', 'One person to be checked has not authorised the check.'), 'authorised_all') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', $$UPDATE aidcase.authorisation SET valid_until = '2021-04-06' WHERE round_id = :r; SELECT pg_temp.clock('2021-04-07 00:00+08')$$),
    pg_temp.one('accept', 'One person to be checked has not authorised the check.'), 'authorised_all: run out the day before') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', $$UPDATE aidcase.authorisation SET valid_until = '2021-04-06' WHERE round_id = :r; SELECT pg_temp.clock('2021-04-06 23:59:59+08')$$),
    'all went through', 'authorised_all: valid until the end of its last day') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', $$UPDATE aidcase.case_member SET birth_date = '2003-04-06' WHERE round_id = :r AND relation = 'grandchild'$$),
    pg_temp.one('accept', 'One person to be checked has not authorised the check.'), 'authorised_all: of age on the 18th birthday') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', $$UPDATE aidcase.case_member SET birth_date = '2003-04-07' WHERE round_id = :r AND relation = 'grandchild'$$),
    'all went through', 'authorised_all: not the day before') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', $$
    INSERT INTO aidcase.obligor (case_id, round_id, name, relation, household_size, annual_income, persons_supported)
    VALUES (pg_temp.case_of(:r), :r, '丙', 'child', 1, 0, 1);
    INSERT INTO aidcase.authorisation (case_id, round_id, obligor_id, text_version, signed_on, valid_until, sha256)
    SELECT case_id, round_id, obligor_id, '1', aidcase.today(), aidcase.today(), sha256('o') FROM aidcase.obligor WHERE round_id = :r;
    INSERT INTO aidcase.registry_check (case_id, round_id, obligor_id, reference_no, requested_at, requested_by)
    SELECT case_id, round_id, obligor_id, 'o1', aidcase.now_here(), aidcase.current_staff() FROM aidcase.obligor WHERE round_id = :r;
    UPDATE aidcase.authorisation SET void = true WHERE round_id = :r AND obligor_id IS NOT NULL$$),
    pg_temp.one('accept', 'One person to be checked has not authorised the check.'), 'authorised_all: an obligor who is checked') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', $$UPDATE aidcase.aid_case SET village_id = pg_temp.unit('340705005') WHERE case_id = pg_temp.case_of(:r)$$),
    pg_temp.one('accept', 'The household is not registered in this unit.'), 'competent_unit') FROM t;
CREATE FUNCTION pg_temp.flag(no text) RETURNS text LANGUAGE sql AS $$
    SELECT format($f$INSERT INTO aidcase.conflict_flag (case_id, round_id, member_id, flag_type, staff_id, source, source_id, known_at, filed_late)
        VALUES (pg_temp.case_of(:r), :r, pg_temp.head(:r), 'relative_of_staff', pg_temp.staff(%L), 'relative_filing', 1, aidcase.now_here(), false)$f$, no) $$;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', pg_temp.flag('x-clerk')),
    pg_temp.one('accept', 'You are recused from this case.'), 'no_conflict') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk', pg_temp.flag('x-clerk') || $$; UPDATE aidcase.conflict_flag SET state = 'explained' WHERE round_id = :r$$),
    'all went through', 'no_conflict: a flag that is explained does not bind') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-clerk2', pg_temp.flag('x-clerk')),
    'all went through', 'no_conflict: the other clerk may act') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-leader', 'SELECT 1'),
    pg_temp.one('accept', 'It needs the post clerk at the unit or above it.'), 'the post alone is missing') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'd-clerk', 'SELECT 1'),
    pg_temp.one('accept', 'It needs the post clerk at the unit or above it.'), 'the post at another unit does not help') FROM t;
SELECT is(pg_temp.without(r, 'accept', 'x-leader', $$UPDATE aidcase.commitment SET void = true WHERE round_id = :r;
        UPDATE aidcase.case_cause SET void = true WHERE round_id = :r$$),
    E'ZA003 | cannot accept: 3 conditions are not met | It needs the post clerk at the unit or above it.\nThe applicant has not signed the commitment.\nThe material lacks a cause of hardship.',
    'all that is missing is reported together') FROM t;
SELECT alike(pg_temp.refusal($$SELECT aidcase.act_as(NULL)$$, format($$UPDATE aidcase.case_round SET state = 'accepted' WHERE round_id = %s$$, r)),
    'ZA005 | nobody acts in this session%', 'nobody moves a round') FROM t;

-- next_actions: the same judgement, nothing moved
SELECT pg_temp.act('x-clerk');
SELECT results_eq('SELECT n.action, n.to_state, n.allowed, n.unmet FROM t, aidcase.next_actions(r) AS n',
    $$VALUES ('ask_papers', 'supplement', true, '{}'::text[]), ('accept', 'accepted', true, '{}'), ('withdraw', 'withdrawn', true, '{}')$$,
    'next_actions lists every move from here');
SELECT pg_temp.act('x-leader');
SELECT results_eq($$SELECT n.unmet FROM t, aidcase.next_actions('case_round', r) AS n WHERE n.action = 'accept' AND NOT n.allowed$$,
    $$VALUES ('{It needs the post clerk at the unit or above it.}'::text[])$$, 'next_actions says what is missing');
SELECT is(pg_temp.state(r), 'filed', 'next_actions moves nothing') FROM t;
SELECT alike(pg_temp.refusal('SELECT * FROM aidcase.next_actions(987654321)'), 'P0002 | there is no row 987654321 of "case_round"', 'next_actions of no round');
SELECT alike(pg_temp.refusal($$SELECT * FROM aidcase.next_actions('staff', 1)$$), '22023 | no procedure governs "staff"', 'next_actions of no subject');

-- advance: names, details
SELECT pg_temp.act('x-clerk');
SELECT alike(pg_temp.refusal(format($$SELECT aidcase.advance(%s, 'confirm')$$, r)),
    'ZA003 | cannot confirm from state "filed" | From here version 1 of procedure "ordinary_delegated" has the moves%', 'an action that is not possible here') FROM t;
SELECT alike(pg_temp.refusal($$SELECT aidcase.advance(987654321, 'accept')$$), 'P0002 | there is no row 987654321 of "case_round"', 'a round that is not there');
SELECT is(pg_temp.refusal(format($$SELECT aidcase.advance(%s, 'accept', NULL, '{"ocurred_at": "2021-04-06T08:00:00+08:00", "minutes_no": "none"}')$$, r)),
    'ZA007 | the details document has 1 fault | ocurred_at: is not a key of this document; did you mean "occurred_at"?', 'unknown details are faults') FROM t;
SELECT alike(pg_temp.refusal(format($$SELECT aidcase.advance(%s, 'accept', NULL, '{"minutes_no": "none"}')$$, r)),
    'ZA007 |%minutes_no: is not that of a meeting of the unit', 'minutes that do not exist') FROM t;
SELECT alike(pg_temp.refusal(format($$SELECT aidcase.advance(%s, NULL)$$, r)), '22023 |%', 'an action is needed') FROM t;
SELECT alike(pg_temp.refusal(format($$UPDATE aidcase.case_round SET state = 'accepted', occurred_at = '2021-04-06 08:59+08' WHERE round_id = %s$$, r)),
    '22023 | column "occurred_at" of "case_round" lies before the preceding move%', 'a move does not come before the preceding one') FROM t;
SELECT alike(pg_temp.refusal(format($$UPDATE aidcase.case_round SET state = 'accepted', accepted_on = '2021-04-05' WHERE round_id = %s$$, r)),
    '22023 | column "accepted_on" of "case_round" is the date of the move%', 'the date of the move is not another') FROM t;

-- ---------------------------------------------------------------------
-- The happy road, each move with every guard alone
SELECT pg_temp.clock('2021-04-06 17:59+08');
SELECT is(aidcase.advance(r, 'accept', '材料齐全', '{"occurred_at": "2021-04-06T10:00:00+08:00"}'), 'accepted', 'accepted') FROM t;
SELECT results_eq('SELECT state, accepted_on, occurred_at, reason, moved_by FROM aidcase.case_round, t WHERE round_id = r',
    $$VALUES ('accepted', '2021-04-06'::date, '2021-04-06 10:00+08'::timestamptz, '材料齐全', pg_temp.staff('x-clerk'))$$,
    'the move set its date, time, reason and mover');
-- 2021-04-06 is a Tuesday; the May holiday is 1 to 5 May, 25 April and 8 May are working days
SELECT results_eq('SELECT clock, started_at, length::integer, due_at, provisional FROM aidcase.deadline, t WHERE subject_id = r ORDER BY clock',
    $$VALUES ('decision_20wd', '2021-04-06 10:00+08'::timestamptz, 20, '2021-05-07 00:00+08'::timestamptz, false),
             ('decision_7wd', '2021-04-06 10:00+08', 7, '2021-04-16 00:00+08', false),
             ('investigation_3wd', '2021-04-06 10:00+08', 3, '2021-04-10 00:00+08', false)$$,
    'acceptance started three clocks');

SELECT is(pg_temp.without(r, 'check', 'x-clerk', 'SELECT 1'),
    pg_temp.one('check', 'The economic check is not complete: not requested for 1 adults, not returned for 0 requests.'), 'checks_returned: none') FROM t;
SELECT is(pg_temp.without(r, 'check', 'x-clerk', $$INSERT INTO aidcase.registry_check (case_id, round_id, member_id, reference_no, requested_at, requested_by)
        VALUES (pg_temp.case_of(:r), :r, pg_temp.head(:r), 'k', aidcase.now_here(), aidcase.current_staff())$$),
    pg_temp.one('check', 'The economic check is not complete: not requested for 0 adults, not returned for 1 requests.'), 'checks_returned: on its way') FROM t;
SELECT pg_temp.check(r) FROM t;
CREATE FUNCTION pg_temp.hit(cleared boolean) RETURNS text LANGUAGE sql AS $$
    SELECT $h$INSERT INTO aidcase.registry_hit (check_id, case_id, round_id, registry, description, raised_at$h$
        || CASE WHEN cleared THEN ', finding, cleared_at' ELSE '' END
        || $h$) SELECT check_id, case_id, round_id, 'bank', '存款', aidcase.now_here()$h$
        || CASE WHEN cleared THEN $h$, 'not_confirmed', aidcase.now_here()$h$ ELSE '' END
        || ' FROM aidcase.registry_check WHERE round_id = :r' $$;
SELECT is(pg_temp.without(r, 'check', 'x-clerk', pg_temp.hit(false)),
    pg_temp.one('check', 'One suspicious item of the check is not cleared.'), 'hits_cleared') FROM t;
SELECT is(pg_temp.without(r, 'check', 'x-clerk', pg_temp.hit(true)), 'all went through', 'hits_cleared: with a finding') FROM t;
SELECT is(aidcase.advance(r, 'check'), 'checked', 'checked') FROM t;
SELECT is((SELECT reason FROM aidcase.case_round WHERE round_id = r), NULL, 'a move without a reason does not keep the last one''s') FROM t;

CREATE FUNCTION pg_temp.not_visited() RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.one('visit', 'There is no visit since acceptance at which two people in service of the unit and unrelated to the household saw it.') $$;
SELECT is(pg_temp.without(r, 'visit', 'x-visitor1', 'SELECT 1'), pg_temp.not_visited(), 'visited_by_two: none') FROM t;
SELECT pg_temp.visit(r) FROM t;
SELECT is(pg_temp.without(r, 'visit', 'x-clerk', $$UPDATE aidcase.home_visit SET outcome = 'not_at_home' WHERE round_id = :r$$), pg_temp.not_visited(), 'visited_by_two: nobody at home') FROM t;
SELECT is(pg_temp.without(r, 'visit', 'x-clerk', $$UPDATE aidcase.home_visit SET visited_at = '2021-04-05 23:59:59+08' WHERE round_id = :r$$), pg_temp.not_visited(), 'visited_by_two: before acceptance') FROM t;
SELECT is(pg_temp.without(r, 'visit', 'x-clerk', $$UPDATE aidcase.staff SET employed = '[2020-01-01,2021-04-01)' WHERE staff_no = 'x-visitor2'$$), pg_temp.not_visited(), 'visited_by_two: by one who had left the service') FROM t;
SELECT is(pg_temp.without(r, 'visit', 'x-clerk', pg_temp.flag('x-visitor2')), pg_temp.not_visited(), 'visited_by_two: by a relative') FROM t;
SELECT is(aidcase.advance(r, 'visit'), 'visited', 'visited') FROM t;

SELECT is(pg_temp.without(r, 'determine', 'x-clerk', 'SELECT 1'), pg_temp.one('determine', 'There is no determination.'), 'determined_fresh: none') FROM t;
SELECT pg_temp.determine(r) FROM t;
SELECT is(pg_temp.without(r, 'determine', 'x-clerk', s), pg_temp.one('determine', 'A fact has changed since the determination for dibao, tekun, temp_assistance.'), 'determined_fresh: ' || what)
  FROM t, (VALUES ('UPDATE aidcase.income_item SET amount = 900 WHERE round_id = :r', 'an income'),
                  ('UPDATE aidcase.income_item SET void = true WHERE round_id = :r', 'an income void'),
                  ('UPDATE aidcase.case_member SET counted = false, not_counted_reason = ''x'' WHERE round_id = :r AND relation = ''grandchild''', 'a member'),
                  (pg_temp.hit(true), 'a hit'),
                  ($$INSERT INTO aidcase.obligor (case_id, round_id, name, relation, household_size, annual_income, persons_supported)
                     VALUES (pg_temp.case_of(:r), :r, '丙', 'child', 1, 0, 1)$$, 'an obligor'),
                  ($$INSERT INTO aidcase.expense_item (case_id, round_id, member_id, expense_kind, amount, basis, source)
                     SELECT pg_temp.case_of(:r), :r, pg_temp.head(:r), expense_kind, 1, 'month', 'declared' FROM aidcase.expense_kind LIMIT 1$$, 'an expense'),
                  ($$INSERT INTO aidcase.property_item (case_id, round_id, member_id, property_kind, value, source)
                     SELECT pg_temp.case_of(:r), :r, pg_temp.head(:r), property_kind, 1, 'declared' FROM aidcase.property_kind LIMIT 1$$, 'a property')) AS v (s, what);
SELECT is(pg_temp.without(r, 'determine', 'x-clerk', 'UPDATE aidcase.income_item SET amount = 900 WHERE round_id = :r; SELECT pg_temp.determine(:r)'),
    'all went through', 'determined_fresh: determined again') FROM t;
SELECT is(pg_temp.without(r, 'determine', 'x-clerk', $$INSERT INTO aidcase.assistance_opinion (case_id, round_id, matter, programme, department, outcome, refusal_reason)
        VALUES (pg_temp.case_of(:r), :r, 'living', 'low_income', 'civil_affairs', 'refused', 'no_counted_member')$$),
    pg_temp.one('determine', 'There is no determination for low_income.'), 'determined_fresh: a programme of the opinion') FROM t;
SELECT is(aidcase.advance(r, 'determine'), 'determined', 'determined') FROM t;

SELECT pg_temp.opinion(r) FROM t;
SELECT is(pg_temp.without(r, 'evaluate', 'x-clerk', 'SELECT 1'), pg_temp.one('evaluate', 'There is no comprehensive evaluation.'), 'evaluated_fresh: none') FROM t;
SELECT pg_temp.evaluate(r) FROM t;
SELECT is(pg_temp.without(r, 'evaluate', 'x-clerk', 'SELECT pg_temp.determine(:r); SELECT pg_temp.opinion(:r)'),
    pg_temp.one('evaluate', 'The determination is newer than the comprehensive evaluation.'), 'evaluated_fresh: determined again') FROM t;
CREATE FUNCTION pg_temp.opined(s text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.without(r, 'evaluate', 'x-clerk', s) FROM t $$;
SELECT is(pg_temp.opined($$UPDATE aidcase.assistance_opinion SET void = true WHERE round_id = :r AND programme = 'tekun'$$),
    pg_temp.one('evaluate', 'The opinion has no line for tekun.'), 'opinion_complete: a line is missing');
SELECT is(pg_temp.opined($$UPDATE aidcase.assistance_opinion SET amount = 499.99 WHERE round_id = :r AND programme = 'dibao'$$),
    pg_temp.one('evaluate', 'The opinion grants dibao otherwise than the latest determination allows.'), 'opinion_complete: another amount');
SELECT is(pg_temp.opined($$UPDATE aidcase.assistance_opinion SET amount = 5000.01 WHERE round_id = :r AND programme = 'temp_assistance'$$),
    pg_temp.one('evaluate', 'The opinion grants temp_assistance otherwise than the latest determination allows.'), 'opinion_complete: above the range');
SELECT is(pg_temp.opined($$UPDATE aidcase.assistance_opinion SET amount = 5000 WHERE round_id = :r AND programme = 'temp_assistance'$$),
    'all went through', 'opinion_complete: the end of the range');
SELECT is(pg_temp.opined($$UPDATE aidcase.assistance_opinion SET outcome = 'granted', refusal_reason = NULL, amount = 0, determination_id = pg_temp.determination(:r, 'tekun')
        WHERE round_id = :r AND programme = 'tekun'$$),
    pg_temp.one('evaluate', 'The opinion grants tekun otherwise than the latest determination allows.'), 'opinion_complete: not eligible');
SELECT is(pg_temp.opined('SELECT pg_temp.determine(:r); SELECT pg_temp.evaluate(:r)'),
    pg_temp.one('evaluate', 'The opinion grants dibao, temp_assistance otherwise than the latest determination allows.'), 'opinion_complete: a former determination');
SELECT is(aidcase.advance(r, 'evaluate'), 'evaluated', 'evaluated') FROM t;
SELECT is(aidcase.advance(r, 'submit'), 'in_review', 'in review') FROM t;

-- ---------------------------------------------------------------------
-- The meeting
SELECT pg_temp.clock('2021-04-12 14:00+08');
CREATE FUNCTION pg_temp.meeting_faults(document text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT aidcase.hold_meeting(%L)', replace(document, ':r', r::text))) FROM t $$;
SELECT alike(pg_temp.meeting_faults('{}'),
    E'ZA007 | the document of the meeting has 5 faults | attendance: is missing\ndecisions: is missing\nheld_at: is missing\nminutes_no: is missing\nunit: is missing',
    'an empty meeting: everything is missing');
SELECT is(pg_temp.meeting_faults('{"unit": "340705100", "minutes_no": "m", "held_at": "2021-04-12T14:00:01+08:00",
        "attendance": ["x-group1", "x-group1", "nobody"], "venue": "x",
        "decisions": [{"round_id": 987654321, "votes": [{"staff": "x-group2", "vote": "yes"}, {"staff": "x-clerk", "vote": "agree"}]},
                      {"round_id": :r, "votes": [{"staff": "x-group1", "vote": "agree"}, {"staff": "x-group1", "vote": "against"}]}]}'),
    E'ZA007 | the document of the meeting has 10 faults | attendance[1]: is named twice\nattendance[2]: is not the number of a member of staff\n'
    'decisions[0].round_id: is not a round\ndecisions[0].votes[0].staff: did not attend\ndecisions[0].votes[0].vote: must be one of agree, against, abstain, recused\n'
    'decisions[0].votes[1].staff: did not attend\ndecisions[0].votes[1].staff: is not a member of the joint review group on that day\n'
    'decisions[1].votes[1].staff: votes twice\nheld_at: must not be in the future\nvenue: is not a key of this document',
    'a meeting with many faults: all of them, with their paths');
SELECT ok(NOT EXISTS (SELECT FROM aidcase.review_meeting), 'nothing of it was written');
SELECT alike(pg_temp.meeting_faults('{"unit": "340705005", "minutes_no": "m", "held_at": "2021-04-12T14:00:00+08:00",
        "attendance": ["x-group1"], "decisions": [{"round_id": :r, "votes": [{"staff": "x-group1", "vote": "agree"}]}]}'),
    E'%decisions[0].round_id: is a round of another unit\nunit: has no joint review group on the day of the meeting', 'a unit without a group');
CREATE TEMP TABLE m AS SELECT pg_temp.meet(r) AS id FROM t;
SELECT results_eq('SELECT unit_id, minutes_no, held_at FROM aidcase.review_meeting, m WHERE meeting_id = id',
    $$VALUES (pg_temp.unit('340705100'), 'm' || currval('pg_temp.minutes'), '2021-04-12 14:00+08'::timestamptz)$$, 'the meeting is there');
SELECT results_eq('SELECT s.staff_no, v.vote FROM m, aidcase.review_vote AS v JOIN aidcase.staff AS s USING (staff_id) WHERE meeting_id = id ORDER BY 1',
    $$VALUES ('x-group1', 'agree'), ('x-group2', 'agree'), ('x-group3', 'against')$$, 'and its votes');
SELECT alike(pg_temp.meeting_faults((SELECT format('{"unit": "340705100", "minutes_no": "m%s", "held_at": "2021-04-12T14:00:00+08:00",
        "attendance": ["x-group1"], "decisions": [{"round_id": :r, "votes": [{"staff": "x-group1", "vote": "agree"}]}]}', currval('pg_temp.minutes')))),
    'ZA007 |%minutes_no: is that of another meeting of the unit', 'minutes are entered once');

-- ---------------------------------------------------------------------
-- Confirm: every guard alone
CREATE FUNCTION pg_temp.confirm_without(broken text, actor text DEFAULT 'x-leader') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.without(r, 'confirm', actor, broken, format('{"meeting_id": %s}', id)) FROM t, m $$;
CREATE FUNCTION pg_temp.unconfirmed(sentence text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.one('confirm', sentence) $$;
-- the same, voted on afterwards
CREATE FUNCTION pg_temp.anew(broken text) RETURNS text LANGUAGE sql AS
$$ SELECT broken || '; UPDATE aidcase.review_vote SET note = ''anew'' WHERE round_id = :r' $$;
SELECT is(pg_temp.confirm_without('SELECT 1'), 'all went through', 'confirm: everything is there');
SELECT is(pg_temp.confirm_without('SELECT 1', 'x-clerk2'), pg_temp.unconfirmed('It needs one of the posts group_member, unit_leader at the unit or above it.'), 'confirm: the post');
SELECT is(pg_temp.confirm_without($$ALTER TABLE aidcase.delegation DISABLE TRIGGER "~6_reroute"; UPDATE aidcase.delegation SET valid = daterange(lower(valid), '2021-04-12') WHERE unit_id = pg_temp.unit('340705100') AND programme IN ('dibao', 'low_income')$$),
    pg_temp.unconfirmed('Unit 340705100 has no delegation for dibao on 2021-04-12.'), 'delegation_in_force');
SELECT is(pg_temp.confirm_without($$UPDATE aidcase.delegation SET valid = daterange(lower(valid), '2021-04-13') WHERE unit_id = pg_temp.unit('340705100')$$),
    'all went through', 'delegation_in_force: on its last day');
SELECT is(pg_temp.confirm_without($$UPDATE aidcase.income_item SET amount = 1 WHERE round_id = :r$$),
    pg_temp.unconfirmed('A fact has changed since the determination for dibao, tekun, temp_assistance.'), 'determined_fresh');
SELECT is(pg_temp.confirm_without(pg_temp.anew($$SELECT pg_temp.determine(:r); SELECT pg_temp.opinion(:r)$$)),
    pg_temp.unconfirmed('The determination is newer than the comprehensive evaluation.'), 'evaluated_fresh');
SELECT is(pg_temp.confirm_without(pg_temp.anew($$UPDATE aidcase.assistance_opinion SET void = true WHERE round_id = :r AND programme = 'tekun'$$)),
    pg_temp.unconfirmed('The opinion has no line for tekun.'), 'opinion_complete');
SELECT is(pg_temp.confirm_without(pg_temp.anew($$SELECT pg_temp.opinion(:r, false)$$)), pg_temp.unconfirmed('The opinion grants nothing.'), 'opinion_complete: nothing granted');
SELECT is(pg_temp.without(r, 'confirm', 'x-leader', 'SELECT 1'), pg_temp.unconfirmed('The move names no meeting of the joint review group.'), 'quorum_met: no meeting') FROM t;
CREATE FUNCTION pg_temp.confirm_with(votes text, broken text DEFAULT 'SELECT 1') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.without(r, 'confirm', 'x-leader', format('UPDATE aidcase.case_round SET meeting_id = pg_temp.meet(:r, %L) WHERE round_id = :r; %s', votes, broken)) FROM t $$;
SELECT is(pg_temp.confirm_with('{"x-group1": "agree", "x-group2": "agree", "x-group3": "agree"}'), 'all went through', 'quorum_met: the meeting may be named before');
SELECT is(pg_temp.confirm_with('{"x-group1": "agree", "x-group2": "agree"}'), pg_temp.unconfirmed('The quorum is 3 members who may vote; 2 did.'), 'quorum_met: two of three');
SELECT is(pg_temp.confirm_with('{"x-group1": "agree", "x-group2": "agree", "x-group3": "recused"}'), pg_temp.unconfirmed('The quorum is 3 members who may vote; 2 did.'), 'quorum_met: one recused');
SELECT is(pg_temp.confirm_with('{"x-group1": "agree", "x-group2": "agree", "x-group3": "agree"}', pg_temp.flag('x-group3')), pg_temp.unconfirmed('The quorum is 3 members who may vote; 2 did.'), 'quorum_met: one with an open flag');
SELECT is(pg_temp.confirm_with('{"x-group1": "agree", "x-group2": "agree", "x-group3": "agree"}', $$UPDATE aidcase.review_group_member SET counts_to_quorum = false WHERE staff_id = pg_temp.staff('x-group3')$$),
    pg_temp.unconfirmed('The quorum is 3 members who may vote; 2 did.'), 'quorum_met: one who does not count');
SELECT is(pg_temp.confirm_with('{"x-group1": "agree", "x-group2": "agree", "x-group3": "agree"}', $$UPDATE aidcase.review_group_member SET valid = '[2020-01-01,2021-04-12)' WHERE staff_id = pg_temp.staff('x-group3')$$),
    pg_temp.unconfirmed('The quorum is 3 members who may vote; 2 did.'), 'quorum_met: one no longer a member');
SELECT is(pg_temp.confirm_with('{"x-group1": "agree", "x-group2": "agree", "x-group3": "against", "x-group4": "abstain"}'), pg_temp.unconfirmed('The vote has no majority for the assistance: 2 of 4.'), 'quorum_met: half is no majority');
SELECT is(pg_temp.confirm_without($$UPDATE aidcase.review_meeting SET held_at = '2021-04-06 17:58:59+08'$$), pg_temp.unconfirmed('The meeting was not held between the evaluation and the decision.'), 'quorum_met: before the evaluation');
SELECT is(pg_temp.confirm_without($$UPDATE aidcase.review_meeting SET held_at = '2021-04-12 14:00:01+08'$$), pg_temp.unconfirmed('The meeting was not held between the evaluation and the decision.'), 'quorum_met: after the decision');
SELECT is(pg_temp.confirm_without($$UPDATE aidcase.review_meeting SET group_id = (SELECT group_id FROM aidcase.review_group WHERE unit_id = pg_temp.unit('340705404'))$$),
    pg_temp.unconfirmed('The meeting is not one of this unit''s joint review group.'), 'quorum_met: another unit''s group');
SELECT is(pg_temp.confirm_without($$SELECT pg_temp.opinion(:r)$$), pg_temp.unconfirmed('What the meeting voted on has changed since.'), 'quorum_met: another opinion than that voted on');
SELECT is(pg_temp.confirm_without($$INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, summary) SELECT case_id, round_id, evaluated_at, 'x' FROM aidcase.evaluation WHERE round_id = :r$$),
    pg_temp.unconfirmed('What the meeting voted on has changed since.'), 'quorum_met: an evaluation dated back');
SELECT is(pg_temp.confirm_without($$UPDATE aidcase.home_visit SET void = true WHERE round_id = :r$$), pg_temp.unconfirmed('There is no visit since acceptance at which two people in service of the unit and unrelated to the household saw it.'), 'the visit is void by now');
SELECT is(pg_temp.confirm_without($$INSERT INTO aidcase.registry_check (case_id, round_id, member_id, reference_no, requested_at, requested_by) SELECT pg_temp.case_of(:r), :r, pg_temp.head(:r), 'k2', aidcase.now_here(), aidcase.current_staff()$$),
    pg_temp.unconfirmed('The economic check is not complete: not requested for 0 adults, not returned for 1 requests.'), 'a check is on its way by now');
SELECT is(pg_temp.confirm_without($$UPDATE aidcase.commitment SET void = true WHERE round_id = :r$$), pg_temp.unconfirmed('The applicant has not signed the commitment.'), 'the commitment is void by now');
SELECT is(pg_temp.without(r, 'confirm', 'x-leader', $$UPDATE aidcase.case_cause SET void = true WHERE round_id = :r$$, format('{"meeting_id": %s}', id)), pg_temp.unconfirmed('The material lacks a cause of hardship.'), 'no cause by now') FROM t, m;
SELECT is(pg_temp.confirm_without($$SELECT pg_temp.visit(:r, 'x-group1', 'x-visitor1')$$), pg_temp.unconfirmed('Somebody who confirms has visited the household or made the determination.'), 'four_eyes: a voter visited');
SELECT is(pg_temp.confirm_without($$SELECT pg_temp.visit(:r, 'x-visitor1', 'x-leader')$$), pg_temp.unconfirmed('Somebody who confirms has visited the household or made the determination.'), 'four_eyes: the mover visited');
SELECT is(pg_temp.confirm_without($$SELECT pg_temp.act('x-group2'); SELECT pg_temp.determine(:r); SELECT pg_temp.opinion(:r); SELECT pg_temp.evaluate(:r); UPDATE aidcase.review_vote SET note = 'anew' WHERE round_id = :r$$), pg_temp.unconfirmed('Somebody who confirms has visited the household or made the determination.'), 'four_eyes: a voter determined');
SELECT is(pg_temp.confirm_without($$SELECT pg_temp.visit(:r, 'x-group4', 'x-visitor1')$$), 'all went through', 'four_eyes: a member who did not vote may have visited');
SELECT is(pg_temp.confirm_without(pg_temp.flag('x-leader')), pg_temp.unconfirmed('You are recused from this case.'), 'no_conflict');
SELECT is(pg_temp.confirm_without(pg_temp.anew($$SELECT pg_temp.opinion(:r, true, 3000.01)$$)), pg_temp.unconfirmed('The temporary assistance exceeds what the unit may grant by itself.'), 'within_authority');
SELECT is(pg_temp.confirm_without(pg_temp.anew($$SELECT pg_temp.opinion(:r, true, 3000)$$)), 'all went through', 'within_authority: the limit itself');
SELECT pg_temp.act('x-leader');
SELECT results_eq($$SELECT action, allowed FROM t, aidcase.next_actions(r)$$, $$VALUES ('return', true), ('confirm', true), ('refuse', false)$$, 'next_actions finds the meeting that voted');

-- on the last instant of the seventh working day
SELECT pg_temp.clock('2021-04-15 23:59:59+08');
SELECT is((SELECT array_agg(clock) FROM aidcase.due_soon, t WHERE subject_id = r), '{decision_7wd}', 'due_soon shows the clean case''s clock');
SELECT is(aidcase.advance(r, 'confirm', NULL, jsonb_build_object('minutes_no', (SELECT minutes_no FROM aidcase.review_meeting WHERE meeting_id = id))), 'confirmed', 'confirmed') FROM t, m;
SELECT results_eq('SELECT decided_on, meeting_id FROM aidcase.case_round, t WHERE round_id = r', $$SELECT '2021-04-15'::date, id FROM m$$, 'the date of the decision and the meeting are set');
SELECT results_eq('SELECT clock, met_at < due_at FROM aidcase.deadline, t WHERE subject_id = r AND clock LIKE ''decision%'' ORDER BY 1', $$VALUES ('decision_20wd', true), ('decision_7wd', true)$$, 'both clocks are met in time');

-- ---------------------------------------------------------------------
-- What is decided is frozen
CREATE FUNCTION pg_temp.frozen(statement text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.refusal(replace(statement, ':r', r::text)) FROM t $$;
SELECT pg_temp.act('x-clerk');
SELECT is(pg_temp.frozen('UPDATE aidcase.income_item SET amount = 1 WHERE round_id = :r'),
    format('ZA004 | facts of the round can no longer change | Table "income_item" belongs to round %s, which is in state "confirmed".', r), 'a fact is frozen') FROM t;
SELECT alike(pg_temp.frozen(s), 'ZA004 | facts of the round can no longer change |%', 'frozen: ' || left(s, 40))
  FROM unnest(ARRAY['UPDATE aidcase.case_member SET void = true WHERE round_id = :r', 'SELECT pg_temp.visit(:r)', 'SELECT pg_temp.evaluate(:r)', 'SELECT pg_temp.determine(:r)',
    'UPDATE aidcase.assistance_opinion SET amount = 1 WHERE round_id = :r', $$UPDATE aidcase.review_vote SET vote = 'against' WHERE round_id = :r$$,
    'UPDATE aidcase.commitment SET void = true WHERE round_id = :r', 'UPDATE aidcase.authorisation SET void = true WHERE round_id = :r',
    'UPDATE aidcase.case_cause SET void = true WHERE round_id = :r', 'UPDATE aidcase.registry_check SET reference_no = reference_no WHERE round_id = :r']) AS s;
SELECT is(pg_temp.frozen('UPDATE aidcase.case_round SET handler_id = 2 WHERE round_id = :r'),
    format('ZA004 | a row of "case_round" cannot be changed in state "confirmed" | Row %s, columns concerned: "handler_id".', r), 'so is the round') FROM t;
SELECT alike(pg_temp.frozen(format('UPDATE aidcase.case_round SET %s WHERE round_id = :r', a)), 'ZA004 |%', 'frozen: ' || a)
  FROM unnest(ARRAY[$$decided_on = '2021-04-14'$$, $$reason = 'x'$$, 'meeting_id = NULL', $$state = 'published', handler_id = 2$$]) AS a;
SELECT is(pg_temp.frozen('UPDATE aidcase.case_round SET case_id = case_id WHERE round_id = :r'), 'all went through', 'an update that changes nothing is none');
SELECT is(pg_temp.without(r, 'publish', 'x-clerk', 'SELECT 1'), pg_temp.one('publish', 'The confirmation has not been published.'), 'publication_made') FROM t;
WITH p AS (INSERT INTO aidcase.publication (unit_id, kind, published_on, until, lines, sha256) VALUES (pg_temp.unit('340705100'), 'confirmation', '2021-04-15', '2021-04-22', 1, sha256('3')) RETURNING publication_id)
INSERT INTO aidcase.publication_item (publication_id, unit_id, case_id, round_id, village_id, programme, applicant_name, persons, amount)
SELECT publication_id, pg_temp.unit('340705100'), pg_temp.case_of(r), r, pg_temp.unit('340705100201'), 'dibao', '甲', 2, 500 FROM p, t;
SELECT is(aidcase.advance(r, 'publish'), 'published', 'published') FROM t;
SELECT is(pg_temp.without(r, 'close', 'x-clerk', 'SELECT 1'), pg_temp.one('close', 'The days of publicity are not over.'), 'publicity_over') FROM t;
SELECT set_config('aidcase.clock', '2021-04-22 23:59+08', true);
SELECT alike(pg_temp.refusal(format($$SELECT aidcase.advance(%s, 'close')$$, r)), '% | The days of publicity are not over.%', 'the last day of publicity is one') FROM t;
SELECT set_config('aidcase.clock', '2021-04-23 00:00+08', true);
SELECT is(aidcase.advance(r, 'close'), 'in_benefit', 'in benefit') FROM t;
SELECT alike(pg_temp.refusal(format($$SELECT aidcase.advance(%s, 'publish')$$, r)), 'ZA003 | cannot publish from state "in_benefit" | The state is final%', 'what is closed stays closed') FROM t;

-- ---------------------------------------------------------------------
-- The refusal
CREATE FUNCTION pg_temp.to_review() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    r bigint;
BEGIN
    PERFORM pg_temp.act('x-clerk');
    r := pg_temp.new_round();
    PERFORM pg_temp.papers(r);
    PERFORM aidcase.advance(r, 'accept');
    PERFORM pg_temp.check(r); PERFORM aidcase.advance(r, 'check');
    PERFORM pg_temp.visit(r); PERFORM aidcase.advance(r, 'visit');
    PERFORM pg_temp.determine(r); PERFORM aidcase.advance(r, 'determine');
    PERFORM pg_temp.opinion(r); PERFORM pg_temp.evaluate(r); PERFORM aidcase.advance(r, 'evaluate');
    PERFORM aidcase.advance(r, 'submit');
    RETURN r;
END $$;
SELECT pg_temp.clock('2021-04-19 09:00+08');
UPDATE t SET r = pg_temp.to_review();
UPDATE m SET id = pg_temp.meet((SELECT r FROM t), '{"x-group1": "against", "x-group2": "against", "x-group3": "agree"}');
CREATE FUNCTION pg_temp.refuse_without(broken text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.without(r, 'refuse', 'x-leader', broken, format('{"meeting_id": %s}', id)) FROM t, m $$;
SELECT is(pg_temp.refuse_without(pg_temp.anew('SELECT pg_temp.opinion(:r, false)')), 'all went through', 'refuse: everything is there');
SELECT is(pg_temp.refuse_without('SELECT 1'), pg_temp.one('refuse', 'The opinion grants something.'), 'opinion_complete: a refusal grants nothing');
SELECT is(pg_temp.refuse_without($$UPDATE aidcase.assistance_opinion SET outcome = 'referred', refusal_reason = NULL, amount = NULL, determination_id = NULL, reply_due = '2021-05-01' WHERE round_id = :r AND NOT void; UPDATE aidcase.review_vote SET note = 'anew' WHERE round_id = :r$$),
    pg_temp.one('refuse', 'The opinion gives no reason for the refusal.'), 'refusal_reasoned');
SELECT pg_temp.opinion(r, false) FROM t;
UPDATE aidcase.review_vote AS v SET note = 'anew' FROM t WHERE v.round_id = t.r;
SELECT is(pg_temp.refuse_without(format($$UPDATE aidcase.review_vote SET vote = 'agree' WHERE round_id = :r AND staff_id = %s$$, pg_temp.staff('x-group1'))),
    pg_temp.one('refuse', 'The vote has no majority against the assistance: 1 of 3.'), 'quorum_met: the majority of a refusal is against');
SELECT pg_temp.act('x-leader');
SELECT is(aidcase.advance(r, 'refuse', '不符合条件', jsonb_build_object('meeting_id', id)), 'refused', 'refused') FROM t, m;
-- Monday 19 April, Thursday is the third working day
SELECT results_eq($$SELECT clock, due_at, met_at FROM aidcase.deadline, t WHERE subject_id = r AND met_at IS NULL$$, $$VALUES ('refusal_notice_3wd', '2021-04-23 00:00+08'::timestamptz, NULL::timestamptz)$$, 'the clock of the notice runs');
SELECT pg_temp.act('x-clerk');
CREATE FUNCTION pg_temp.deliver(kind text DEFAULT 'refusal') RETURNS text LANGUAGE sql AS $$
    SELECT format($d$INSERT INTO aidcase.document_delivery (case_id, round_id, kind, document_no, delivered_at, manner, recipient) VALUES (pg_temp.case_of(:r), :r, %L, 'n1', aidcase.now_here(), 'in_person', '甲')$d$, kind) $$;
SELECT is(pg_temp.without(r, 'deliver', 'x-clerk', 'SELECT 1'), pg_temp.one('deliver', 'The notice of refusal has not been delivered.'), 'notice_delivered') FROM t;
SELECT is(pg_temp.without(r, 'deliver', 'x-clerk', pg_temp.deliver('decision')), pg_temp.one('deliver', 'The notice of refusal has not been delivered.'), 'notice_delivered: another paper') FROM t;
SELECT is(pg_temp.without(r, 'deliver', 'x-clerk', pg_temp.deliver()), 'all went through', 'a delivery may be entered after the decision') FROM t;
-- at the very instant it is due
SELECT pg_temp.clock('2021-04-23 00:00+08');
SELECT is((SELECT array_agg(clock || ' ' || late_by) FROM aidcase.overdue, t WHERE subject_id = r), '{"refusal_notice_3wd 00:00:00"}', 'overdue from the instant after the last day');
SELECT lives_ok(replace(pg_temp.deliver(), ':r', r::text), 'delivered') FROM t;
SELECT is(aidcase.advance(r, 'deliver'), 'closed_refused', 'refused and notified') FROM t;
SELECT results_eq($$SELECT met_at < due_at FROM aidcase.deadline, t WHERE subject_id = r AND clock = 'refusal_notice_3wd'$$, 'VALUES (false)', 'but not in time');
SELECT alike(pg_temp.frozen(replace(pg_temp.deliver(), ':r', r::text)), 'ZA004 |%', 'no delivery after the end') FROM t;

-- ---------------------------------------------------------------------
-- Clocks
SELECT pg_temp.clock('2021-04-26 09:00+08');
SELECT pg_temp.act('x-clerk');
UPDATE t SET r = pg_temp.new_round();
SELECT pg_temp.papers(r) FROM t;
SELECT is(aidcase.advance(r, 'accept'), 'accepted', 'another accepted') FROM t;
SELECT pg_temp.check(r) FROM t;
SELECT pg_temp.clock('2021-04-26 10:00+08');
SELECT lives_ok(replace(pg_temp.hit(false), ':r', r::text), 'a suspicious item turns up') FROM t;
SELECT results_eq('SELECT clock, cancelled_at, cancel_reason FROM aidcase.deadline, t WHERE subject_id = r AND clock LIKE ''decision%'' ORDER BY 1',
    $$SELECT 'decision_20wd', NULL::timestamptz, NULL UNION ALL SELECT 'decision_7wd', '2021-04-26 10:00+08', 'registry_hit ' || max(hit_id) FROM aidcase.registry_hit$$,
    'it cancels the clock of the clean case and no other');
SELECT is(aidcase.advance(r, 'withdraw', '申请人撤回'), 'withdrawn', 'withdrawn') FROM t;
SELECT results_eq('SELECT clock, cancel_reason FROM aidcase.deadline, t WHERE subject_id = r AND clock LIKE ''decision%'' AND cancelled_at = ''2021-04-26 10:00+08'' ORDER BY 1',
    $$SELECT 'decision_20wd', 'withdraw' UNION ALL SELECT 'decision_7wd', 'registry_hit ' || max(hit_id) FROM aidcase.registry_hit$$, 'the withdrawal cancels the rest');
UPDATE t SET r = pg_temp.new_round();
SELECT pg_temp.papers(r) FROM t;
SELECT pg_temp.check(r) FROM t;
SELECT lives_ok(replace(pg_temp.hit(true), ':r', r::text), 'an item before acceptance') FROM t;
SELECT pg_temp.clock('2021-04-26 11:00+08');
SELECT is(aidcase.advance(r, 'accept'), 'accepted', 'accepted with an item') FROM t;
SELECT results_eq('SELECT clock, started_at, cancelled_at FROM aidcase.deadline, t WHERE subject_id = r AND clock LIKE ''decision%'' ORDER BY 1',
    $$VALUES ('decision_20wd', '2021-04-26 11:00+08'::timestamptz, NULL::timestamptz), ('decision_7wd', '2021-04-26 11:00+08', '2021-04-26 11:00+08')$$,
    'the clock of the clean case is cancelled as it starts');

SELECT results_eq($$SELECT d.due_at, d.provisional FROM (VALUES ('hours', 24.0), ('hours', 1.5), ('days', 7), ('workdays', 0), ('workdays', 5)) AS v (k, n), aidcase.due_at(k, '2021-04-30 23:59:59+08', n) AS d$$,
    $$VALUES ('2021-05-01 23:59:59+08'::timestamptz, false), ('2021-05-01 01:29:59+08', false), ('2021-05-08 00:00+08', false), ('2021-05-01 00:00+08', false), ('2021-05-12 00:00+08', false)$$,
    'due_at in hours, days and working days over a holiday');
SELECT alike(pg_temp.refusal(format('SELECT aidcase.due_at(%L, now(), %s)', k, n)), '22023 |%', format('due_at refuses %s %s', n, k))
  FROM (VALUES ('days', '1.5'), ('days', '-1'), ('workdays', '''NaN'''), ('hours', '-1'), ('years', '1')) AS v (k, n);

-- a year whose calendar is not loaded
SELECT pg_temp.clock('2026-12-28 09:00+08');
UPDATE t SET r = pg_temp.new_round();
SELECT pg_temp.papers(r) FROM t;
SELECT is(aidcase.advance(r, 'accept'), 'accepted', 'accepted at the end of the calendar') FROM t;
-- Monday 28 December; without a calendar 1 January would be a working day
SELECT results_eq('SELECT clock, due_at, provisional FROM aidcase.deadline, t WHERE subject_id = r AND clock LIKE ''decision%'' ORDER BY 1',
    $$VALUES ('decision_20wd', '2027-01-26 00:00+08'::timestamptz, true), ('decision_7wd', '2027-01-07 00:00+08', true)$$, 'its deadlines are provisional');
INSERT INTO aidcase.workday_year (year, notice) VALUES (2027, 'test');
INSERT INTO aidcase.workday (date, kind) VALUES ('2027-01-01', 'off');
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
SELECT results_eq('SELECT clock, due_at, provisional FROM aidcase.deadline, t WHERE subject_id = r AND clock LIKE ''decision%'' ORDER BY 1',
    $$VALUES ('decision_20wd', '2027-01-27 00:00+08'::timestamptz, false), ('decision_7wd', '2027-01-08 00:00+08', false)$$, 'and are computed when the year is loaded');

-- ---------------------------------------------------------------------
-- The emergency: aid first
SELECT pg_temp.clock('2021-05-03 22:00+08');
SELECT pg_temp.act('x-clerk');
UPDATE t SET r = pg_temp.new_round('emergency', '340705100', '340705005');      -- registered elsewhere
SELECT results_eq('SELECT clock, started_at, due_at FROM aidcase.deadline, t WHERE subject_id = r', $$VALUES ('emergency_24h', '2021-05-03 22:00+08'::timestamptz, '2021-05-04 22:00+08'::timestamptz)$$, 'the 24 hours run from the first contact, holiday or not');
SELECT pg_temp.papers(r) FROM t;
SELECT pg_temp.determine(r) FROM t;
SELECT pg_temp.opinion(r) FROM t;
UPDATE aidcase.assistance_opinion AS o SET void = true FROM t WHERE round_id = r AND programme <> 'temp_assistance';
SELECT is(pg_temp.without(r, 'approve', 'x-leader', 'SELECT 1'), 'all went through', 'approve: the line of the temporary assistance is enough') FROM t;
SELECT is(pg_temp.without(r, 'approve', 'x-leader', 'UPDATE aidcase.assistance_opinion SET void = true WHERE round_id = :r'), pg_temp.one('approve', 'The opinion has no line for temp_assistance.'), 'approve: without it') FROM t;
SELECT is(pg_temp.without(r, 'approve', 'x-leader', $$ALTER TABLE aidcase.delegation DISABLE TRIGGER "~6_reroute"; UPDATE aidcase.delegation SET valid = daterange(lower(valid), '2021-05-03') WHERE unit_id = pg_temp.unit('340705100') AND programme = 'temp_assistance'$$),
    pg_temp.one('approve', 'Unit 340705100 has no delegation for temp_assistance on 2021-05-03.'), 'approve: the delegation for temporary assistance') FROM t;
SELECT is(pg_temp.without(r, 'approve', 'x-leader', pg_temp.flag('x-leader')), pg_temp.one('approve', 'You are recused from this case.'), 'approve: no relative') FROM t;
SELECT pg_temp.act('x-leader');
SELECT is(aidcase.advance(r, 'approve'), 'approved', 'approved') FROM t;
SELECT is(pg_temp.without(r, 'hand_over', 'x-clerk', 'SELECT 1'), pg_temp.one('hand_over', 'No hand-over with a receipt is recorded.'), 'handover_recorded') FROM t;
SELECT pg_temp.act('x-clerk');
SELECT pg_temp.clock('2021-05-04 21:59+08');
INSERT INTO aidcase.aid_handover (case_id, round_id, handed_at, amount, form, recipient_member_id, receipt_no, handed_by, witness_id)
SELECT pg_temp.case_of(r), r, aidcase.now_here(), 1000, 'cash', pg_temp.head(r), 'q1', pg_temp.staff('x-clerk'), pg_temp.staff('x-visitor1') FROM t;
SELECT is(aidcase.advance(r, 'hand_over'), 'assisted', 'aid in place') FROM t;
SELECT results_eq('SELECT clock, met_at < due_at, due_at FROM aidcase.deadline, t WHERE subject_id = r ORDER BY 1',
    $$VALUES ('emergency_24h', true, '2021-05-04 22:00+08'::timestamptz), ('emergency_papers', NULL, '2021-06-02 00:00+08')$$, 'in 24 hours; the papers have their own clock');
SELECT is(pg_temp.without(r, 'complete_papers', 'x-clerk', 'UPDATE aidcase.income_item SET amount = 1 WHERE round_id = :r'), pg_temp.one('complete_papers', 'A fact has changed since the determination for dibao, tekun, temp_assistance.'), 'complete_papers: determined again') FROM t;
SELECT is(aidcase.advance(r, 'complete_papers'), 'completed', 'papers completed') FROM t;

-- ---------------------------------------------------------------------
-- Facts: whose, when, of which round
SELECT pg_temp.clock('2021-05-10 09:00+08');
SELECT pg_temp.act('x-clerk');
UPDATE t SET r = pg_temp.new_round();
SELECT pg_temp.papers(r) FROM t;
CREATE FUNCTION pg_temp.fact(statement text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.refusal(replace(statement, ':r', r::text)) FROM t $$;
SELECT alike(pg_temp.fact($$INSERT INTO aidcase.case_cause (case_id, round_id, cause) VALUES (pg_temp.case_of(:r), 987654321, 'other')$$),
    '23503 | a row of table "case_cause" must belong to a round of its case | There is no such round.', 'a fact of no round');
SELECT alike(pg_temp.fact($$INSERT INTO aidcase.case_cause (case_id, round_id, cause) SELECT pg_temp.case_of(min(two.r)), :r, 'other' FROM two$$),
    '23503 | a row of table "case_cause" must belong to a round of its case | The round belongs to another case.', 'a fact of another case''s round');
SELECT alike(pg_temp.fact($$INSERT INTO aidcase.case_cause (case_id, round_id, cause) VALUES (987654321, :r, 'other')$$), '23503 |%There is no such case.', 'a fact of no case');
SELECT is(pg_temp.fact($$INSERT INTO aidcase.case_cause (round_id, cause) VALUES (:r, 'other')$$), 'all went through', 'the case of a fact follows from its round');
SELECT alike(pg_temp.fact($$UPDATE aidcase.case_cause SET round_id = (SELECT min(two.r) FROM two) WHERE round_id = :r$$), '22023 | a row of table "case_cause" cannot go to another round%', 'a fact stays in its round');
SELECT alike(pg_temp.fact(s), '22023 | column "' || c || '" of "%" lies in the future%', 'not from the future: ' || c) FROM (VALUES
    ('visited_at', $$INSERT INTO aidcase.home_visit (case_id, round_id, visited_at, visitor_id, second_visitor_id, outcome, report) VALUES (pg_temp.case_of(:r), :r, '2021-05-10 09:00:01+08', 3, 4, 'seen', 'x')$$),
    ('evaluated_at', $$INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, summary) VALUES (pg_temp.case_of(:r), :r, '2021-05-11', 'x')$$),
    ('signed_on', $$UPDATE aidcase.commitment SET signed_on = '2021-05-11' WHERE round_id = :r$$),
    ('delivered_at', $$INSERT INTO aidcase.document_delivery (case_id, round_id, kind, document_no, delivered_at, manner, recipient) VALUES (pg_temp.case_of(:r), :r, 'acceptance', '1', '2021-05-11', 'post', 'x')$$)) AS v (c, s);
SELECT alike(pg_temp.fact($$INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, evaluated_by, summary) VALUES (pg_temp.case_of(:r), :r, '2021-05-10 08:00+08', pg_temp.staff('x-clerk2'), 'x')$$),
    '42501 | column "evaluated_by" of "evaluation" must name who acts%', 'nobody signs for another');
SELECT is(pg_temp.fact($$INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, evaluated_by, summary) VALUES (pg_temp.case_of(:r), :r, '2021-05-10 08:00+08', pg_temp.staff('x-clerk'), 'x')$$), 'all went through', 'but for himself');
SELECT alike(pg_temp.refusal(replace($$SELECT pg_temp.evaluate(:r); SELECT pg_temp.act('x-clerk2'); UPDATE aidcase.evaluation SET summary = 'y' WHERE round_id = :r$$, ':r', r::text)),
    '42501 | column "evaluated_by" of "evaluation" must name who acts%', 'another does not change what was signed') FROM t;
SELECT alike(pg_temp.fact($$SELECT aidcase.act_as(NULL); SELECT pg_temp.evaluate(:r)$$), 'ZA005 |%', 'nobody signs nothing');
SELECT is(pg_temp.fact($$SELECT pg_temp.check(:r); SELECT pg_temp.act('x-clerk2'); UPDATE aidcase.registry_check SET reference_no = 'k9' WHERE round_id = :r$$), 'all went through', 'another clerk enters what a check returned');
SELECT alike(pg_temp.fact($$SELECT pg_temp.check(:r); SELECT pg_temp.act('x-clerk2'); UPDATE aidcase.registry_check SET requested_by = pg_temp.staff('x-clerk2') + 1 WHERE round_id = :r$$), '42501 |%', 'but does not say that a third requested it');

-- what a transaction keeps in mind of a round goes with a savepoint
SELECT pg_temp.check(r) FROM t;
SAVEPOINT a;
SELECT lives_ok(format($$UPDATE aidcase.income_item SET amount = 300 WHERE round_id = %s$$, r), 'a fact of a round that is open') FROM t;
UPDATE aidcase.case_round SET state = 'withdrawn' FROM t WHERE round_id = r;
SELECT alike(pg_temp.fact('UPDATE aidcase.income_item SET amount = 400 WHERE round_id = :r'), 'ZA004 |%', 'is refused once the round has moved');
ROLLBACK TO a;
SELECT is(pg_temp.fact('UPDATE aidcase.income_item SET amount = 400 WHERE round_id = :r'), 'all went through', 'and goes through when the move was rolled back');
RELEASE a;
-- a round and its fact in one statement
SELECT is(pg_temp.refusal($$
    WITH c AS (INSERT INTO aidcase.aid_case (case_no, unit_id, village_id, residence) VALUES ('W1', pg_temp.unit('340705100'), pg_temp.unit('340705100201'), 'urban') RETURNING case_id),
         r AS (INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id)
               SELECT case_id, pg_temp.unit('340705100'), 'application', 1, 'on_site', aidcase.now_here(), 1 FROM c RETURNING case_id, round_id)
    INSERT INTO aidcase.case_cause (case_id, round_id, cause) SELECT case_id, round_id, 'other' FROM r$$), 'all went through', 'case, round and fact in one statement');

-- ---------------------------------------------------------------------
-- Who may see and change it
CREATE FUNCTION pg_temp.as_login(login text, statement text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal('SELECT aidcase.act_as(NULL)', format('SET LOCAL SESSION AUTHORIZATION %I', login), replace(statement, ':r', r::text)) FROM t $$;
SELECT is(pg_temp.as_login('t_clerk', $$SELECT aidcase.advance(:r, 'accept')$$), 'all went through', 'a clerk moves a round of the own unit');
SELECT is(pg_temp.as_login('t_clerk', $$SELECT * FROM aidcase.next_actions(:r)$$), 'all went through', 'and asks what is next');
SELECT is(pg_temp.as_login('t_clerk', $$SELECT aidcase.hold_meeting('{"unit": "340705100", "minutes_no": "login", "held_at": "2021-05-10T09:00:00+08:00", "attendance": ["x-group1"],
    "decisions": [{"round_id": :r, "votes": [{"staff": "x-group1", "vote": "agree", "note": "n"}]}]}'); SELECT aidcase.advance(:r, 'accept')$$), 'all went through', 'and enters a meeting');
SELECT alike(pg_temp.as_login('t_other', $$SELECT aidcase.hold_meeting('{"unit": "340705100", "minutes_no": "login", "held_at": "2021-05-10T09:00:00+08:00", "attendance": ["x-group1"],
    "decisions": [{"round_id": :r, "votes": [{"staff": "x-group1", "vote": "agree"}]}]}')$$), 'ZA007 |%decisions[0].round_id: is not a round', 'a clerk of another unit enters none for it');
SELECT alike(pg_temp.as_login('t_other', $$SELECT aidcase.advance(:r, 'accept')$$), 'P0002 | there is no row % of "case_round"', 'a clerk of another unit does not find it');
SELECT alike(pg_temp.as_login('t_other', $$SELECT * FROM aidcase.next_actions(:r)$$), 'P0002 | there is no row % of "case_round"', 'nor learns what is next');
SELECT is(pg_temp.as_login('t_other', $q$DO $$DECLARE n integer; BEGIN UPDATE aidcase.case_round SET state = 'accepted' WHERE round_id = :r; GET DIAGNOSTICS n = ROW_COUNT; RAISE EXCEPTION '% rows', n; END $$$q$), 'P0001 | 0 rows', 'an update outside one''s units touches nothing');
SELECT alike(pg_temp.as_login('t_clerk', $$INSERT INTO aidcase.deadline (subject, subject_id, unit_id, clock, started_at, length, due_at) VALUES ('case_round', :r, 2, 'decision_7wd', now(), 7, now())$$), '42501 |%', 'deadlines are written by the engine only');
SELECT alike(pg_temp.as_login('t_clerk', $$UPDATE aidcase.deadline SET met_at = now()$$), '42501 |%', 'and met by it only');
-- the code differs between minor versions of the server
SELECT matches(pg_temp.as_login('t_clerk', $$SELECT aidcase.guard_no_conflict(NULL)$$), '^(42883|0A000) ', 'a guard cannot be called from SQL');

-- ---------------------------------------------------------------------
-- Rolls and draws are subjects, too
SELECT pg_temp.act('x-clerk');
CREATE TEMP TABLE p (id bigint);
WITH n AS (INSERT INTO aidcase.payment_roll (unit_id, roll_month, pay_day) VALUES (pg_temp.unit('340705100'), '2021-05-01', '2021-05-10') RETURNING roll_id) INSERT INTO p SELECT roll_id FROM n;
SELECT lives_ok('UPDATE aidcase.payment_roll SET lines = 3, total = 900 FROM p WHERE roll_id = id', 'a draft takes its totals');
SELECT is(aidcase.advance('payment_roll', id, 'submit'), 'submitted', 'the roll is submitted') FROM p;
SELECT alike(pg_temp.refusal('UPDATE aidcase.payment_roll SET total = 901'), 'ZA004 |%columns concerned: "total".', 'then its totals are frozen');
SELECT alike(pg_temp.refusal(format($$SELECT aidcase.advance('payment_roll', %s, 'merge')$$, id)), 'ZA003 | cannot merge: 1 condition is not met | It needs one of the posts bureau_clerk, bureau_leader at the unit or above it.', 'a clerk does not merge rolls') FROM p;
SELECT pg_temp.act('b-clerk');
SELECT is(aidcase.advance('payment_roll', id, 'merge'), 'merged', 'the bureau does') FROM p;
SELECT alike(pg_temp.refusal(format($$SELECT aidcase.advance('payment_roll', %s, 'pay', NULL, '{"meeting_id": 1}')$$, id)), 'ZA007 |%minutes_no: is for rounds only', 'a roll needs no meeting') FROM p;
CREATE FUNCTION pg_temp.draw(assignment text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.refusal(format('UPDATE aidcase.draw SET %s', assignment)) $$;
INSERT INTO aidcase.draw (name, unit_id, period, method, rate_numerator, rate_denominator) VALUES ('d', pg_temp.unit('340705'), '[2021-04-01,2021-05-01)', 'rivest', 30, 100);
SELECT alike(pg_temp.draw($$seed = '12345678901234567890'$$), '22023 | column "seed" of "draw" cannot be changed now | It changes in the move "seed".', 'no seed before the frame is frozen');
SELECT alike(pg_temp.draw($$state = 'seeded', seed = '1'$$), 'ZA003 |%', 'nor past it');
SELECT lives_ok($$UPDATE aidcase.draw SET state = 'frozen', frame_size = 1, frame_root = '\x00'$$, 'the frame freezes with its root');
SELECT alike(pg_temp.draw($$frame_root = '\x01'$$), 'ZA004 |%', 'the frame is frozen');
SELECT alike(pg_temp.draw($$state = 'published', minimum = 5$$), 'ZA004 |%columns concerned: "minimum".', 'a move changes nothing beside');
SELECT is(pg_temp.draw($$state = 'published'$$), 'ZA003 | cannot publish: 1 condition is not met | The root of the frame is in no checkpoint that was acknowledged outside.', 'and waits for the checkpoint');

-- ---------------------------------------------------------------------
-- Definitions: a procedure of the site's own
CREATE FUNCTION public.t_guard(subject text, id bigint, staff_id bigint, on_date date) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN on_date < '2021-05-11' THEN format('%s %s is too early for %s.', subject, id - id, staff_id - staff_id) END $$;
CREATE FUNCTION public.t_none(subject text, id bigint, staff_id bigint, on_date date) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT 1 $$;
CREATE FUNCTION public.t_alien(subject text, id bigint, staff_id bigint, on_date date) RETURNS text LANGUAGE sql STABLE AS $$ SELECT NULL::text $$;
ALTER FUNCTION public.t_alien OWNER TO t_stranger;
CREATE FUNCTION pg_temp.guarded(function_name text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format($g$INSERT INTO aidcase.guard VALUES ('t_guard', %L, 'x', 'x', 'x', 'Wait a day.')$g$, function_name), 'SET CONSTRAINTS ALL IMMEDIATE') $$;
SELECT is(pg_temp.guarded('public.t_guard'), 'all went through', 'a guard in SQL');
SELECT is(pg_temp.guarded('public.t_nothing'), '23514 | guard "t_guard" is broken | There is no guard function "public.t_nothing" with arguments (internal) or (text, bigint, bigint, date).', 'a guard without function');
SELECT is(pg_temp.guarded('public.t_none'), '23514 | guard "t_guard" is broken | Guard function "public.t_none" does not return text.', 'a guard of another type');
SELECT is(pg_temp.guarded('public.t_alien'), '23514 | guard "t_guard" is broken | Guard function "public.t_alien" is owned neither by "aidcase_owner" nor by a superuser.', 'a guard of somebody else');
SELECT is(pg_temp.guarded('pg_catalog.string_agg_finalfn'), '23514 | guard "t_guard" is broken | Guard function "pg_catalog.string_agg_finalfn" takes an internal argument but is not a C function of schema "aidcase".', 'a function that is no guard');
SELECT alike(pg_temp.guarded('t_guard'), '23514 |%', 'a guard needs its schema');
INSERT INTO aidcase.guard VALUES ('t_guard', 'public.t_guard', '试', 'test', '等', 'Wait a day.');

CREATE FUNCTION pg_temp.define(states text, moves text, posts text DEFAULT '{clerk}') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(
        format($d$INSERT INTO aidcase.workflow (workflow_id, name, version, subject, posts, label_zh, label_en) VALUES (900, 't_own', 1, 'case_round', %L, 'x', 'x')$d$, posts),
        'INSERT INTO aidcase.workflow_state (workflow_id, state, kind, frozen, label_zh, label_en, sort) VALUES ' || replace(states, ':w', '900'),
        'INSERT INTO aidcase.workflow_transition (workflow_id, from_state, action, to_state, posts, guards, sets, may_change, starts, label_zh, label_en) VALUES ' || replace(moves, ':w', '900'),
        'SET CONSTRAINTS ALL IMMEDIATE') $$;
CREATE FUNCTION pg_temp.move(m text DEFAULT '{}', guards text DEFAULT '{}', sets text DEFAULT '{}', may text DEFAULT '{}', starts text DEFAULT '{}', posts text DEFAULT '{clerk}') RETURNS text LANGUAGE sql AS $$
    SELECT format('(:w, %L, %L, %L, %L, %L, %L, %L, %L, ''x'', ''x'')', split_part(m, ' ', 1), split_part(m, ' ', 2), split_part(m, ' ', 3), posts, guards, sets, may, starts) $$;
CREATE FUNCTION pg_temp.broken(fault text) RETURNS text LANGUAGE sql AS $$ SELECT '23514 | version 1 of procedure "t_own" is broken | ' || fault $$;
\set ab '(:w, ''a'', ''initial'', false, ''x'', ''x'', 1), (:w, ''b'', ''final'', true, ''x'', ''x'', 2)'
SELECT is(pg_temp.define(:'ab', pg_temp.move('a go b')), 'all went through', 'a whole definition');
SELECT is(pg_temp.define(replace(:'ab', 'initial', 'normal'), pg_temp.move('a go b')), pg_temp.broken(E'There is no initial state.\nState "a" cannot be reached.\nState "b" cannot be reached.'), 'no initial state');
SELECT alike(pg_temp.define(:'ab' || ', (:w, ''c'', ''initial'', true, ''x'', ''x'', 3)', pg_temp.move('a go b')), '23514 |%There are 2 initial states: a, c.%', 'two initial states');
SELECT is(pg_temp.define(:'ab' || ', (:w, ''c'', ''normal'', true, ''x'', ''x'', 3)', pg_temp.move('a go b') || ',' || pg_temp.move('c on b')), pg_temp.broken('State "c" cannot be reached.'), 'a state that cannot be reached');
SELECT is(pg_temp.define(:'ab' || ', (:w, ''c'', ''normal'', true, ''x'', ''x'', 3)', pg_temp.move('a go b') || ',' || pg_temp.move('a on c')), pg_temp.broken('State "c" is not final and has no way out.'), 'a dead end');
SELECT is(pg_temp.define(:'ab' || ', (:w, ''c'', ''normal'', true, ''x'', ''x'', 3), (:w, ''d'', ''normal'', true, ''x'', ''x'', 4)', pg_temp.move('a go b') || ',' || pg_temp.move('a on c') || ',' || pg_temp.move('c up d') || ',' || pg_temp.move('d down c')),
    pg_temp.broken(E'No way leads from state "c" to a final one.\nNo way leads from state "d" to a final one.'), 'a circle without an end');
SELECT is(pg_temp.define(:'ab', pg_temp.move('a go b') || ',' || pg_temp.move('b back a')), pg_temp.broken('Final state "b" has a way out.'), 'a final state that is not');
SELECT is(pg_temp.define(:'ab', pg_temp.move('a go b', '{no_such}', '{state}', '{nothing}', '{tick}', '{king}'), '{queen}'),
    pg_temp.broken(E'The procedure names the post "queen", which does not exist.\nMove "go" from "a" names the post "king", which does not exist.\nMove "go" from "a" names the guard "no_such", which does not exist.\nMove "go" from "a" names the clock "tick", which does not exist.\nMove "go" from "a" names the date column "state", which does not exist.\nMove "go" from "a" names the column "nothing", which does not exist.\nMove "go" from "a" sets or changes column "state", which belongs to the engine.'),
    'names that do not exist');
SELECT alike(pg_temp.define(:'ab', pg_temp.move('a go a')), '23514 |%', 'a move to where it came from');

-- it is put in force for one unit, and its guard, its pauses and its clock work
INSERT INTO aidcase.clock VALUES ('t_days', 'days', 'publicity_days', 'move', NULL, '试', 'test'), ('t_work', 'workdays', 'decision_clean_workdays', 'move', NULL, '试', 'test');
INSERT INTO aidcase.workflow (workflow_id, name, version, subject, posts, starts, label_zh, label_en) VALUES (901, 't_own', 1, 'case_round', '{clerk}', '{t_days}', 'x', 'x');
INSERT INTO aidcase.workflow_state (workflow_id, state, kind, frozen, label_zh, label_en, sort) VALUES (901, 'a', 'initial', false, 'x', 'x', 1), (901, 'waiting', 'normal', false, 'x', 'x', 2), (901, 'b', 'final', true, 'x', 'x', 3);
INSERT INTO aidcase.workflow_transition (workflow_id, from_state, action, to_state, posts, guards, starts, pauses, resumes, meets, label_zh, label_en) VALUES
    (901, 'a', 'wait', 'waiting', '{clerk}', '{}', '{t_work}', '{t_days}', '{}', '{}', 'x', 'x'),
    (901, 'waiting', 'go_on', 'a', '{clerk}', '{}', '{}', '{t_work}', '{t_days}', '{}', 'x', 'x'),
    (901, 'a', 'go', 'b', '{clerk}', '{t_guard}', '{}', '{}', '{t_work}', '{t_days,t_work}', 'x', 'x');
INSERT INTO aidcase.procedure_in_force (unit_id, subject, workflow_id, valid) VALUES (pg_temp.unit('340705005'), 'case_round', 901, '[2021-05-10,)');
INSERT INTO aidcase.parameter_name SELECT 'publicity_days', 'days', 'x', 'x' WHERE NOT EXISTS (SELECT FROM aidcase.parameter_name WHERE name = 'publicity_days');
SELECT lives_ok('SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED', 'the definition is whole');
SELECT pg_temp.act('d-clerk');
SELECT pg_temp.clock('2021-05-10 23:00+08');
UPDATE t SET r = pg_temp.new_round('review', '340705005', '340705005');
SELECT is((SELECT workflow_id FROM aidcase.case_round WHERE round_id = r), 901::bigint, 'the unit''s own procedure goes before the common one') FROM t;
SELECT is(pg_temp.refusal('UPDATE aidcase.procedure_in_force SET valid = ''[2021-05-11,)'' WHERE workflow_id = 901', $$SELECT pg_temp.new_round('application', '340705005', '340705005')$$, $$DO 'BEGIN RAISE EXCEPTION ''%'', (SELECT workflow_id FROM aidcase.case_round ORDER BY round_id DESC LIMIT 1); END'$$),
    'P0001 | 1', 'but not before its first day');
SELECT is(pg_temp.without(r, 'go', 'd-clerk', 'SELECT 1'), pg_temp.one('go', 'case_round 0 is too early for 0.'), 'a guard in SQL is asked') FROM t;
SELECT is(pg_temp.without(r, 'go', 'd-clerk', $$SELECT pg_temp.clock('2021-05-11 00:00+08')$$), 'all went through', 'and met') FROM t;
SELECT is(pg_temp.without(r, 'go', 'd-clerk', 'DROP FUNCTION public.t_guard'),
    '55000 | move "go" of procedure "t_own" version 1 cannot be judged | There is no guard function "public.t_guard" with arguments (internal) or (text, bigint, bigint, date).', 'a guard whose function is gone lets nobody through') FROM t;
SELECT is(pg_temp.without(r, 'wait', 'd-clerk', 'DROP FUNCTION public.t_guard'), 'all went through', 'the other moves go on') FROM t;
-- 7 days from 10 May end on the 17th; from the 12th to the 15th they stand still
SELECT pg_temp.clock('2021-05-12 12:00+08');
SELECT is(aidcase.advance(r, 'wait'), 'waiting', 'paused') FROM t;
SELECT results_eq('SELECT clock, due_at, paused_at FROM aidcase.deadline, t WHERE subject_id = r ORDER BY 1', $$VALUES ('t_days', '2021-05-18 00:00+08'::timestamptz, '2021-05-12 12:00+08'::timestamptz), ('t_work', '2021-05-22 00:00+08', NULL)$$, 'one clock stands still, another runs');
SELECT pg_temp.clock('2021-06-15 08:00+08');
SELECT is((SELECT array_agg(clock) FROM aidcase.overdue, t WHERE subject_id = r), '{t_work}', 'a paused clock is not overdue');
SELECT pg_temp.clock('2021-05-15 08:00+08');
SELECT is(pg_temp.refusal(format($$UPDATE aidcase.case_round SET state = 'a', occurred_at = '2021-05-12 11:59+08' WHERE round_id = %s$$, r)) LIKE '22023 |%', true, 'not before the pause') FROM t;
SELECT is(aidcase.advance(r, 'go_on'), 'a', 'resumed') FROM t;
SELECT results_eq('SELECT clock, length::integer, due_at, paused_at, paused_for FROM aidcase.deadline, t WHERE subject_id = r ORDER BY 1',
    $$VALUES ('t_days', 10, '2021-05-21 00:00+08'::timestamptz, NULL::timestamptz, '2 days 20:00'::interval), ('t_work', 7, '2021-05-22 00:00+08', '2021-05-15 08:00+08', '0')$$, 'the pause is added');
SELECT pg_temp.clock('2021-05-24 08:00+08');
SELECT is(aidcase.advance(r, 'wait'), 'waiting', 'a clock that is started again while it runs goes on') FROM t;
SELECT results_eq('SELECT count(*)::integer FROM aidcase.deadline, t WHERE subject_id = r', 'VALUES (2)', 'and is there once');

-- a version that rows are pinned to stays as it is
SELECT is(pg_temp.refusal($$UPDATE aidcase.workflow_transition SET guards = '{}' WHERE workflow_id = 901$$),
    '55000 | version 1 of procedure "t_own" cannot be changed | Rows are pinned to it, and they keep the procedure they began with.', 'no guard is taken away');
SELECT alike(pg_temp.refusal(s), '55000 | version 1 of procedure "%" cannot be changed |%', 'in use: ' || s) FROM unnest(ARRAY[
    $$UPDATE aidcase.workflow_state SET frozen = false WHERE workflow_id = 1 AND state = 'confirmed'$$,
    $$INSERT INTO aidcase.workflow_transition (workflow_id, from_state, action, to_state, posts, label_zh, label_en) VALUES (1, 'filed', 'jump', 'confirmed', '{clerk}', 'x', 'x')$$,
    $$INSERT INTO aidcase.workflow_state VALUES (901, 'z', 'final', true, false, false, 'x', 'x', 9)$$,
    $$UPDATE aidcase.workflow SET posts = '{clerk,payer}' WHERE workflow_id = 1$$]) AS s;
SELECT is(pg_temp.refusal($$UPDATE aidcase.workflow_state SET label_zh = 'y', sort = 7 WHERE workflow_id = 1$$, $$UPDATE aidcase.workflow SET label_en = 'y' WHERE workflow_id = 1$$), 'all went through', 'labels can be corrected');
SELECT alike(pg_temp.refusal('UPDATE aidcase.procedure_in_force SET workflow_id = 2 WHERE workflow_id = 901'), '55000 |%', 'a procedure in force is not exchanged');
SELECT alike(pg_temp.refusal('UPDATE aidcase.procedure_in_force SET valid = ''[2021-05-10,2021-06-01)'' WHERE workflow_id = 901'), 'all went through', 'its period can be ended');
SELECT is(pg_temp.refusal($$INSERT INTO aidcase.procedure_in_force (unit_id, subject, workflow_id, valid) VALUES (pg_temp.unit('340705006'), 'draw', 1, '[2021-01-01,)')$$, 'SET CONSTRAINTS ALL IMMEDIATE'),
    '23514 | version 1 of procedure "ordinary_delegated" is broken | It is put in force for "draw", another table than it governs.', 'a procedure governs its own table');
SELECT is_empty('SELECT w.name, f FROM aidcase.workflow AS w, aidcase.workflow_faults(w.workflow_id) AS f', 'every built-in procedure is whole');

-- the cache follows a definition that was rolled back
SAVEPOINT b;
INSERT INTO aidcase.procedure_in_force (unit_id, subject, round_kind, workflow_id, valid) VALUES (pg_temp.unit('340705005'), 'case_round', 'application', 1, '[2021-01-01,)');
SELECT is(pg_temp.refusal($$SELECT pg_temp.new_round('application', '340705005', '340705005')$$, $$DO 'BEGIN RAISE EXCEPTION ''%'', (SELECT workflow_id FROM aidcase.case_round ORDER BY round_id DESC LIMIT 1); END'$$), 'P0001 | 1', 'a new row of procedure_in_force counts at once');
ROLLBACK TO b;
SELECT is(pg_temp.refusal($$SELECT pg_temp.new_round('application', '340705005', '340705005')$$, $$DO 'BEGIN RAISE EXCEPTION ''%'', (SELECT workflow_id FROM aidcase.case_round ORDER BY round_id DESC LIMIT 1); END'$$), 'P0001 | 901', 'and no more when it was rolled back');
SELECT * FROM finish(); ROLLBACK;
