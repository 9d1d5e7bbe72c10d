-- Time limits: every clock on either side, facts that meet one, late entries,
-- extensions, on-time rates and what waits for whom.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(209);
SET LOCAL client_min_messages = warning;
\ir parts/household.sql
CREATE FUNCTION pg_temp.act(no text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM aidcase.act_as((SELECT staff_id FROM aidcase.staff WHERE staff_no = no)); END $$;
CREATE FUNCTION pg_temp.unit(code text) RETURNS bigint LANGUAGE sql AS
$$ SELECT unit_id FROM aidcase.unit WHERE unit_code = code $$;
-- what a command is refused with; nothing of it stays
CREATE FUNCTION pg_temp.refusal(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    m text; d text; c text;
BEGIN
    EXECUTE command;
    RETURN '(done)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS c = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', c, m, nullif(d, ''));
END $$;

-- ---------------------------------------------------------------------
-- Every clock, from Monday 2021-07-05 10:00 (no public holiday until 19
-- September): the instant at which it is no longer met, counted by hand.
CREATE TEMP TABLE side (clock text PRIMARY KEY, due timestamptz);
INSERT INTO side VALUES
    ('decision_7wd',             '2021-07-15 00:00+08'),
    ('decision_20wd',            '2021-08-03 00:00+08'),
    ('decision_30wd',            '2021-08-17 00:00+08'),
    ('investigation_3wd',        '2021-07-09 00:00+08'),
    ('county_check_3wd',         '2021-07-09 00:00+08'),
    ('county_opinion_10wd',      '2021-07-20 00:00+08'),
    ('tekun_investigation_15wd', '2021-07-27 00:00+08'),
    ('tekun_decision_15wd',      '2021-07-27 00:00+08'),
    ('tekun_objection_15wd',     '2021-07-27 00:00+08'),
    ('self_care_10wd',           '2021-07-20 00:00+08'),
    ('refusal_notice_3wd',       '2021-07-09 00:00+08'),
    ('emergency_24h',            '2021-07-06 10:00+08'),
    ('emergency_papers',         '2021-08-03 00:00+08'),
    ('review_yearly',            '2022-07-06 00:00+08'),
    ('review_half_yearly',       '2022-01-06 00:00+08'),
    ('death_recheck',            '2021-10-06 00:00+08'),
    ('petition_accept',          '2021-07-21 00:00+08'),
    ('petition_close',           '2021-09-04 00:00+08'),
    ('petition_review_request',  '2021-08-05 00:00+08'),
    ('petition_review',          '2021-08-05 00:00+08'),
    ('petition_recheck_request', '2021-08-05 00:00+08'),
    ('petition_recheck',         '2021-08-05 00:00+08'),
    ('lead_closed',              '2021-07-20 00:00+08'),
    ('submission_again',         '2021-07-09 00:00+08'),
    ('objection_15wd',           '2021-07-27 00:00+08'),
    ('corrective_action',        '2021-08-17 00:00+08');
SELECT set_eq('SELECT clock FROM side', 'SELECT clock FROM aidcase.clock WHERE due_column IS NULL',
    'no clock is without a case of its own');
-- a procedure of the site's own that starts them all with a row, whatever
-- their condition and their start, and meets them with a move
UPDATE aidcase.clock SET only_if = NULL, of_case = false, starts_from = 'move' WHERE only_if IS NOT NULL;
INSERT INTO aidcase.workflow (workflow_id, name, version, subject, posts, starts, label_zh, label_en)
SELECT 5001, 't_all', 1, 'late_entry', '{clerk}', array_agg(clock), '试', 'test' FROM side;
INSERT INTO aidcase.workflow_state (workflow_id, state, kind, frozen, label_zh, label_en, sort) VALUES
    (5001, 'open', 'initial', false, '试', 'test', 1), (5001, 'done', 'final', true, '试', 'test', 2);
INSERT INTO aidcase.workflow_transition (workflow_id, from_state, action, to_state, posts, meets, label_zh, label_en)
SELECT 5001, 'open', 'finish', 'done', '{clerk}', array_agg(clock), '试', 'test' FROM side;
UPDATE aidcase.procedure_in_force SET valid = '[2019-01-01,2021-07-01)' WHERE subject = 'late_entry';
INSERT INTO aidcase.procedure_in_force (subject, workflow_id, valid) VALUES
    ('late_entry', 5001, '[2021-07-01,2021-07-06)'), ('late_entry', 101, '[2021-07-06,)');
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;

SELECT pg_temp.clock('2021-07-05 10:00+08');
CREATE TEMP TABLE app AS SELECT c.case_id, c.round_id
  FROM (SELECT pg_temp.act('x-clerk') OFFSET 0) AS a, LATERAL aidcase.file_case(pg_temp.application('K0', '340705100', '340705100201', '{7201}', 100, '2021-07-05', false)) AS c;
CREATE TEMP TABLE row (clock text, early bigint, late bigint);
CREATE FUNCTION pg_temp.late_row() RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO aidcase.late_entry (subject, subject_id, unit_id, happened_at, grounds)
    SELECT 'case_round', round_id, pg_temp.unit('340705100'), aidcase.now_here(), 'x' FROM app RETURNING late_entry_id $$;
INSERT INTO row SELECT clock, pg_temp.late_row(), pg_temp.late_row() FROM side;
SELECT results_eq($$SELECT d.clock, d.due_at FROM aidcase.deadline AS d JOIN row AS r ON d.subject_id = r.early AND d.clock = r.clock WHERE d.subject = 'late_entry' ORDER BY 1$$,
    'SELECT clock, due FROM side ORDER BY 1', 'each is due when counted by hand');
SELECT is((SELECT string_agg(clock, ',') FROM aidcase.deadline WHERE subject = 'late_entry' AND provisional), NULL, 'none is provisional');
CREATE FUNCTION pg_temp.finish_at(id bigint, at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.clock(at);
    PERFORM aidcase.advance('late_entry', id, 'finish');
    RETURN true;
END $$;
CREATE FUNCTION pg_temp.seen(which text, id bigint, at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.clock(at);
    RETURN concat_ws(',', (SELECT 'overdue' FROM aidcase.overdue AS o WHERE o.subject = 'late_entry' AND o.subject_id = id AND o.clock = which),
                          (SELECT 'due soon' FROM aidcase.due_soon AS o WHERE o.subject = 'late_entry' AND o.subject_id = id AND o.clock = which));
END $$;
SELECT is(pg_temp.seen(clock, early, due - interval '1 minute'), 'due soon', clock || ' is due soon a minute before') FROM side JOIN row USING (clock) ORDER BY due;
SELECT is(pg_temp.seen(clock, early, due), 'overdue', clock || ' is overdue then') FROM side JOIN row USING (clock) ORDER BY due;
SELECT ok(pg_temp.finish_at(early, due - interval '1 minute'), 'done') FROM side JOIN row USING (clock) ORDER BY due;
SELECT ok(pg_temp.finish_at(late, due), 'done') FROM side JOIN row USING (clock) ORDER BY due;
SELECT ok((SELECT met_at < due_at FROM aidcase.deadline AS d WHERE d.subject = 'late_entry' AND d.subject_id = early AND d.clock = row.clock), clock || ' is met a minute before')
  FROM row ORDER BY clock;
SELECT ok((SELECT met_at >= due_at FROM aidcase.deadline AS d WHERE d.subject = 'late_entry' AND d.subject_id = late AND d.clock = row.clock), clock || ' is not met then')
  FROM row ORDER BY clock;
SELECT throws_ok($$SELECT aidcase.paused_units('months', '2021-07-05', '2021-07-06')$$, '0A000', 'a time limit in months cannot be paused');
SELECT results_eq($$SELECT due_at FROM aidcase.due_at('months', '2021-08-31 12:00+08', 6)$$, $$VALUES ('2022-03-01 00:00+08'::timestamptz)$$, 'six months from the end of August end with February');
SELECT throws_ok($$INSERT INTO aidcase.clock (clock, kind, parameter, due_column, starts_from, label_zh, label_en) VALUES ('t', 'days', 'publicity_days', 'reply_due', 'move', '试', 't')$$, '23514', NULL, 'a length or a day, not both');
SELECT throws_ok($$INSERT INTO aidcase.clock (clock, kind, parameter, starts_from, met_by, label_zh, label_en) VALUES ('t', 'days', 'publicity_days', 'move', '{staff.name}', '试', 't')$$, '23514', NULL, 'met by facts of a round only');
-- the limits rest on documents
SELECT is_empty($$SELECT c.clock FROM aidcase.clock AS c WHERE c.parameter IS NOT NULL AND NOT EXISTS (
    SELECT FROM aidcase.policy_parameter AS p JOIN aidcase.policy_document AS d USING (document_id)
     WHERE p.name = c.parameter AND p.variant IS NOT DISTINCT FROM c.variant AND p.valid @> '2023-01-01'::date
       AND (NOT p.illustrative OR c.clock IN ('emergency_papers', 'lead_closed', 'submission_again', 'objection_15wd', 'corrective_action')))$$, 'every limit in force in 2023 cites its document');

-- ---------------------------------------------------------------------
-- A fact meets the clock when it happened
SELECT pg_temp.clock('2021-04-06 10:00+08');
SELECT pg_temp.act('x-clerk');
CREATE TEMP TABLE t (name text PRIMARY KEY, c bigint, r bigint);
CREATE FUNCTION pg_temp.filed(name text, person integer, kind text DEFAULT 'application') RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO t SELECT $1, f.case_id, f.round_id FROM aidcase.file_case(
        pg_temp.application($1, '340705100', '340705100201', ARRAY[$2], 100, aidcase.today(), false) || jsonb_build_object('kind', $3)) AS f
    RETURNING r $$;
SELECT aidcase.advance(pg_temp.filed('A', 7211), 'accept');
SELECT pg_temp.clock('2021-04-12 08:00+08');
SELECT is((SELECT clock FROM aidcase.overdue AS o, t WHERE o.case_id = t.c AND t.name = 'A'), 'investigation_3wd', 'the investigation was to begin by the 9th');
CREATE FUNCTION pg_temp.checked(r bigint, at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO aidcase.registry_check (round_id, member_id, reference_no, requested_at)
    SELECT r, member_id, 'k', at FROM aidcase.case_member WHERE round_id = r LIMIT 1 $$;
SAVEPOINT a;
SELECT pg_temp.checked(r, '2021-04-09 23:59:59+08') FROM t WHERE name = 'A';
SELECT results_eq($$SELECT met_at, met_at < due_at, met_entered_at FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND clock = 'investigation_3wd'$$,
    $$VALUES ('2021-04-09 23:59:59+08'::timestamptz, true, '2021-04-12 08:00+08'::timestamptz)$$, 'entered on Monday, it counts from Friday night');
ROLLBACK TO a;
SELECT pg_temp.checked(r, '2021-04-10 00:00+08') FROM t WHERE name = 'A';
SELECT is(met_at < due_at, false, 'a second later is late') FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND clock = 'investigation_3wd';
ROLLBACK TO a;
SELECT pg_temp.clock('2021-04-12 23:59:59+08');
SELECT pg_temp.checked(r, '2021-04-09 23:59:59+08') FROM t WHERE name = 'A';
SELECT is(met_at < due_at, true, '72 hours later it still counts from when it happened') FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND clock = 'investigation_3wd';
ROLLBACK TO a;
SELECT pg_temp.clock('2021-04-13 00:00+08');
SELECT pg_temp.checked(r, '2021-04-09 23:59:59+08') FROM t WHERE name = 'A';
SELECT is(met_at, '2021-04-13 00:00+08'::timestamptz, 'a second later it counts from its entry') FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND clock = 'investigation_3wd';
ROLLBACK TO a;
SELECT isnt(aidcase.request_late_entry(jsonb_build_object('id', r, 'happened_at', '2021-04-09T23:59:59+08:00', 'grounds', '停电')), NULL, 'a late entry is asked for') FROM t WHERE name = 'A';
SELECT pg_temp.act('x-leader');
SELECT is(aidcase.advance('late_entry', max(late_entry_id), 'approve'), 'approved', 'and approved') FROM aidcase.late_entry;
SELECT pg_temp.act('x-clerk');
SELECT pg_temp.clock('2021-04-13 10:00+08');
SELECT pg_temp.checked(r, '2021-04-09 23:59:59+08') FROM t WHERE name = 'A';
SELECT is(met_at < due_at, true, 'then it counts from when it happened') FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND clock = 'investigation_3wd';
ROLLBACK TO a;
-- what was there before the clock started meets it at once
SELECT pg_temp.clock('2021-04-14 09:00+08');
SELECT pg_temp.checked(pg_temp.filed('B', 7212), '2021-04-14 08:59+08');
SELECT aidcase.advance(r, 'accept') FROM t WHERE name = 'B';
SELECT results_eq($$SELECT started_at, met_at FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND name = 'B' AND clock = 'investigation_3wd'$$,
    $$VALUES ('2021-04-14 09:00+08'::timestamptz, '2021-04-14 09:00+08'::timestamptz)$$, 'a check that was requested before acceptance');
-- the hand-over, not the move, meets the 24 hours
SELECT isnt(pg_temp.filed('E', 7213, 'emergency'), NULL, 'an emergency, first heard of at nine');
CREATE FUNCTION pg_temp.handed(r bigint, at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO aidcase.aid_handover (round_id, handed_at, amount, form, recipient_member_id, receipt_no, witness_id)
    SELECT r, at, 100, 'goods', member_id, 'q', (SELECT staff_id FROM aidcase.staff WHERE staff_no = 'x-visitor1')
      FROM aidcase.case_member WHERE round_id = r LIMIT 1 $$;
SELECT pg_temp.clock('2021-04-16 09:00+08');
SAVEPOINT b;
SELECT pg_temp.handed(r, '2021-04-15 08:59+08') FROM t WHERE name = 'E';
SELECT is(met_at < due_at, true, 'help at 8:59 of the next day is in time, entered a day later') FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND name = 'E' AND clock = 'emergency_24h';
ROLLBACK TO b;
SELECT pg_temp.handed(r, '2021-04-15 09:00+08') FROM t WHERE name = 'E';
SELECT is(met_at < due_at, false, 'at 9:00 it is late') FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND name = 'E' AND clock = 'emergency_24h';
ROLLBACK TO b;

-- ---------------------------------------------------------------------
-- Late entries of moves
SELECT pg_temp.clock('2021-04-20 09:00+08');
CREATE FUNCTION pg_temp.late_move(at text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format($q$SELECT aidcase.advance(%s, 'ask_papers', NULL, '{"occurred_at": "%s"}')$q$, r, at)) FROM t WHERE name = 'C' $$;
SELECT pg_temp.clock('2021-04-15 08:00+08');
SELECT isnt(pg_temp.filed('C', 7214), NULL, 'filed on the 15th');
SELECT pg_temp.clock('2021-04-20 09:00+08');
SELECT is(pg_temp.late_move('2021-04-20T09:01:00+08:00'), 'ZA007 | the details document has 1 fault | occurred_at: must not be in the future', 'nothing a minute ahead');
SELECT is(pg_temp.late_move('2021-04-17T08:59:59+08:00'), '22023 | column "occurred_at" of "case_round" lies too far in the past | Parameter "late_entry_hours" allows 72 hours.', 'a second beyond 72 hours is refused');
SELECT alike(pg_temp.late_move('2021-04-15T07:59:00+08:00'), '22023 | column "occurred_at" of "case_round" lies before the preceding move%', 'so is a minute before the preceding move');
SELECT alike(pg_temp.refusal($$SELECT aidcase.request_late_entry('{"subject": "staff", "id": 1, "happened_at": "2021-04-21", "x": 1}')$$),
    E'ZA007 | the late entry has 4 faults | grounds: is missing\nhappened_at: must be a time such as%\nsubject: is no table with a procedure\nx: is not a key of this document', 'all faults of a request at once');
SELECT alike(pg_temp.by_login('t_other', format($$SELECT pg_temp.refusal('SELECT aidcase.request_late_entry(''{"id": %s, "happened_at": "2021-04-17T08:00:00+08:00", "grounds": "x"}'')')$$, r)), '%id: is no row that you may see', 'nobody asks for rows of others') FROM t WHERE name = 'C';
SELECT pg_temp.act('x-leader');
SELECT isnt(aidcase.request_late_entry(jsonb_build_object('id', r, 'happened_at', '2021-04-17T08:59:59+08:00', 'grounds', '断网')), NULL, 'the leader asks') FROM t WHERE name = 'C';
SELECT is(pg_temp.refusal(format($$SELECT aidcase.advance('late_entry', %s, 'approve')$$, max(late_entry_id))),
    'ZA003 | cannot approve: 1 condition is not met | You entered the row yourself.', 'second_person: nobody approves for himself') FROM aidcase.late_entry;
SELECT alike(pg_temp.refusal('UPDATE aidcase.late_entry SET happened_at = happened_at - interval ''1 day'' WHERE state = ''requested'''), '22023 | column "happened_at" of "late_entry" cannot be changed%', 'what was asked for stays');
SELECT alike(pg_temp.refusal('UPDATE aidcase.late_entry SET approved_on = ''2021-04-20'' WHERE state = ''requested'''), '22023 | column "approved_on" of "late_entry" cannot be changed now%', 'nor is it approved by hand');
SELECT pg_temp.act('b-clerk');
SELECT is(aidcase.advance('late_entry', max(late_entry_id), 'approve'), 'approved', 'the bureau approves') FROM aidcase.late_entry;
SELECT pg_temp.act('x-clerk');
SELECT alike(pg_temp.late_move('2021-04-17T08:59:58+08:00'), '22023 | %too far in the past%', 'for that very time');
SELECT is(pg_temp.late_move('2021-04-17T08:59:59+08:00'), '(done)', 'the move is entered with it');
SELECT is(occurred_at, '2021-04-17 08:59:59+08'::timestamptz, 'and stands so') FROM aidcase.case_round, t WHERE round_id = r AND name = 'C';

-- ---------------------------------------------------------------------
-- Extensions
CREATE FUNCTION pg_temp.extend(login text, clock text, more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.told($1, format($q$SELECT aidcase.extend_deadline('{"deadline_id": %s, "grounds": "contested"%s}')$q$, deadline_id, $3))
      FROM aidcase.deadline AS d, t WHERE d.subject = 'case_round' AND d.subject_id = t.r AND t.name = 'B' AND d.clock = $2 $$;
SELECT aidcase.act_as(NULL);
SELECT alike(pg_temp.extend('t_clerk', 'decision_20wd'), '42501 permission denied for function extend_deadline%', 'a clerk extends nothing');
SELECT alike(pg_temp.extend('t_leader', 'decision_20wd', ', "days": 9, "notified_on": "2021-04-21"'), E'ZA007 the extension has 2 faults|days: is not a key of this document%\nnotified_on: must not be in the future|%', 'all faults at once');
SELECT alike(pg_temp.extend('t_leader', 'decision_7wd'), 'ZA003 the time limit cannot be extended|A limit of this kind is not extended.|%', 'the seven days are seven');
SELECT is((SELECT due_at FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND name = 'B' AND clock = 'decision_20wd'), '2021-05-14 00:00+08'::timestamptz, '20 working days from Wednesday 14 April, holidays left out');
SAVEPOINT c;
SELECT pg_temp.clock('2021-05-14 00:00+08');
SELECT alike(pg_temp.extend('t_leader', 'decision_20wd'), 'ZA003 %|It has run out already.|%', 'a limit that has run out is not extended');
SELECT pg_temp.clock('2021-05-13 23:59+08');
SELECT is(pg_temp.extend('t_leader', 'decision_20wd'), '(done)', 'a minute before it is');
SELECT results_eq($$SELECT length::integer, due_at FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND name = 'B' AND clock = 'decision_20wd'$$,
    $$VALUES (45, '2021-06-19 00:00+08'::timestamptz)$$, 'to 45 working days in all, without the dragon boat festival');
SELECT results_eq($$SELECT added::integer, former_due_at, grounds FROM aidcase.deadline_extension$$, $$VALUES (25, '2021-05-14 00:00+08'::timestamptz, 'contested')$$, 'what was before is kept');
SELECT alike(pg_temp.extend('t_leader', 'decision_20wd'), 'ZA007 %deadline_id: was extended before|%', 'once');
SELECT alike(pg_temp.told('t_leader', 'UPDATE aidcase.deadline_extension SET added = 1'), '42501 %', 'the extension stays');
ROLLBACK TO c;

-- ---------------------------------------------------------------------
-- On-time rates: ten limits of one clock of which nine were met in time,
-- one cancelled, one paused, one running; the interval is Wilson's.
DELETE FROM row;
INSERT INTO aidcase.deadline (subject, subject_id, unit_id, clock, started_at, length, due_at, met_at, met_entered_at, cancelled_at, cancel_reason, paused_at)
SELECT 'draw', g, pg_temp.unit('340705005'), 'self_care_10wd', '2021-01-01', 10, '2021-02-01 00:00+08',
       CASE WHEN g <= 8 THEN '2021-01-31 23:59+08'::timestamptz WHEN g = 9 THEN '2021-01-20 10:00+08' END,
       CASE WHEN g <= 8 THEN '2021-01-31 23:59+08'::timestamptz WHEN g = 9 THEN '2021-01-22 10:00+08' END,
       CASE WHEN g = 11 THEN '2021-01-05'::timestamptz END, CASE WHEN g = 11 THEN 'x' END,
       CASE WHEN g = 12 THEN '2021-01-05'::timestamptz END
  FROM generate_series(1, 12) AS g;
INSERT INTO aidcase.deadline (subject, subject_id, unit_id, clock, started_at, length, due_at) VALUES ('draw', 13, pg_temp.unit('340705005'), 'self_care_10wd', '2021-01-01', 10, '2021-05-01 00:00+08');
SELECT results_eq($$SELECT unit_code, in_time, subject_to, rate, round(lower::numeric, 4), round(upper::numeric, 4), cancelled, paused, running, late_entered
    FROM aidcase.on_time_rate() WHERE clock = 'self_care_10wd' AND unit_code = '340705005'$$,
    $$VALUES ('340705005', 9::bigint, 10::bigint, 0.9000, 0.5958, 0.9821, 1::bigint, 1::bigint, 1::bigint, 1::bigint)$$, 'numerator, denominator, interval, what is left out');
SELECT results_eq($$SELECT in_time, subject_to, running FROM aidcase.on_time_rate('2021-01-31', '2021-02-01') WHERE clock = 'self_care_10wd'$$,
    $$VALUES (9::bigint, 10::bigint, 0::bigint)$$, 'the last day of January is in January');
SELECT is_empty($$SELECT FROM aidcase.on_time_rate('2021-02-01', '2021-04-30') WHERE clock = 'self_care_10wd'$$, 'and not in February');
SELECT results_eq($$SELECT rate, lower, running FROM aidcase.on_time_rate('2021-04-30', '2021-05-01') WHERE clock = 'self_care_10wd'$$,
    $$VALUES (NULL::numeric, NULL::double precision, 1::bigint)$$, 'no rate of nothing');
SELECT is(pg_temp.by_login('t_clerk', $$SELECT count(*) FROM aidcase.on_time_rate() WHERE unit_code = '340705005'$$), '0', 'a unit sees its own');

-- ---------------------------------------------------------------------
-- My work
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT string_agg(state || ' ' || (SELECT min(a) FROM unnest(actions) AS a WHERE a IN ('check', 'papers_received', 'confirm')) || ' ' || coalesce(clock, '-') || ' ' || overdue, ';' ORDER BY id) FROM aidcase.my_work() WHERE case_id IN (%s)$$, string_agg(c::text, ','))),
    'accepted check investigation_3wd true;accepted check county_check_3wd true;supplement papers_received - false', 'what a clerk may move, with the next limit')
  FROM t WHERE name IN ('A', 'B', 'C');
SELECT is(pg_temp.by_login('t_leader', format($$SELECT string_agg(array_to_string(actions, ','), ';' ORDER BY id) FROM aidcase.my_work() WHERE 'approve' = ANY (actions) AND case_id IN (%s)$$, string_agg(c::text, ','))),
    'approve,decline', 'a leader has the emergency') FROM t WHERE name IN ('C', 'E');
SELECT is(pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.my_work()'), '0', 'another unit has nothing');
SELECT alike(pg_temp.told('t_town', 'SELECT * FROM aidcase.my_work()'), 'ZA005 %', 'work waits for somebody');
SELECT * FROM finish();
ROLLBACK;
