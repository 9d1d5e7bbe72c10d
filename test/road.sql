-- The road of one household by ordinary logins, from its application to the
-- workbook; then every way past the gate, and what each is refused with.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(88);
\ir parts/household.sql
CREATE FUNCTION pg_temp.state(r bigint) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT state FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.step(login text, r bigint, action text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.by_login(login, format('SELECT aidcase.advance(%s, %L)', r, action)) $$;
-- what was refused, and the lines of its detail
CREATE FUNCTION pg_temp.lines(told text) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN cardinality(string_to_array(split_part(told, '|', 2), E'\n'));

-- ---------------------------------------------------------------------
-- The road

SELECT pg_temp.clock('2021-04-06 09:00+08');
CREATE TEMP TABLE doc AS SELECT pg_temp.application('h', '340705100', '340705100201', '{1,2}', 300, '2021-04-06') AS doc;
GRANT SELECT ON doc TO PUBLIC;
SELECT pg_temp.by_login('t_clerk', format('SELECT round_id FROM aidcase.file_case(%L)', doc)) AS r FROM doc \gset
SELECT case_id FROM case_round WHERE round_id = :r \gset
SELECT is(pg_temp.state(:r), 'filed', 'filed');
SELECT results_eq(format('SELECT (SELECT count(*) FROM case_member WHERE round_id = %1$s), (SELECT count(*) FROM authorisation WHERE round_id = %1$s), (SELECT count(*) FROM payee_account WHERE case_id = %2$s)', :r, :case_id),
    'VALUES (2::bigint, 2::bigint, 1::bigint)', 'with its members, authorisations and account');
SELECT is(pg_temp.by_login('t_clerk', format('SELECT round_id FROM aidcase.file_case(%L)', doc)), :'r', 'filed twice it is the same round') FROM doc;
SELECT is(pg_temp.step('t_clerk', :r, 'accept'), 'accepted', 'accepted');
SELECT is((SELECT accepted_on FROM case_round WHERE round_id = :r), '2021-04-06', 'on the day');
SELECT bag_eq(format('SELECT clock, date_here(due_at) FROM deadline WHERE subject_id = %s AND subject = ''case_round''', :r),
    $$VALUES ('decision_7wd', '2021-04-16'::date), ('decision_20wd', '2021-05-07'), ('investigation_3wd', '2021-04-10')$$, 'three clocks run, in working days');
SELECT pg_temp.clock('2021-04-07 09:00+08');
SELECT is(pg_temp.command('t_clerk', format('SELECT pg_temp.check_all(%s)', :r)), 1::bigint, 'the check is back');
SELECT is(pg_temp.step('t_clerk', :r, 'check'), 'checked', 'checked');
SELECT isnt(pg_temp.by_login('t_clerk', format('SELECT pg_temp.visit(%s, ''x'')', :r)), NULL, 'two visit');
SELECT is(pg_temp.step('t_clerk', :r, 'visit'), 'visited', 'visited');
SELECT is(pg_temp.by_login('t_clerk', format('SELECT count(*) FROM aidcase.determine(%s)', :r)), (SELECT count(*)::text FROM programme_rule WHERE valid @> '2021-04-06'::date), 'a determination for every programme in force');
SELECT is(pg_temp.step('t_clerk', :r, 'determine'), 'determined', 'determined');
SELECT isnt(pg_temp.by_login('t_clerk', format('SELECT pg_temp.evaluate(%s)', :r)), NULL, 'evaluation and opinion');
SELECT is(pg_temp.step('t_clerk', :r, 'evaluate'), 'evaluated', 'evaluated');
SELECT is(pg_temp.step('t_clerk', :r, 'submit'), 'in_review', 'before the group');
SELECT pg_temp.clock('2021-04-12 15:00+08');
SELECT isnt(pg_temp.by_login('t_leader', format('SELECT pg_temp.meeting(%s, ''x'', ''340705100'')', :r)), NULL, 'the group meets');
SELECT is(pg_temp.by_login('t_leader', format($$SELECT aidcase.advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$$, :r)), 'confirmed', 'confirmed');
SELECT is((SELECT decided_on FROM case_round WHERE round_id = :r), '2021-04-12', 'on the day');
SELECT is((SELECT count(*) FROM deadline WHERE subject_id = :r AND subject = 'case_round' AND met_at < due_at), 4::bigint, 'in time, by all clocks, that of the check too');
SELECT results_eq(format('SELECT months, amount FROM award WHERE round_id = %s', :r), $$VALUES ('[2021-05-01,)'::daterange, 1167.40::numeric(14,2))$$, 'the award begins in the month after');
SELECT alike(pg_temp.told('t_clerk', format($$UPDATE aidcase.income_item SET void = true WHERE round_id = %s$$, :r)), 'ZA004 %', 'facts are frozen');
SELECT is(pg_temp.told('t_other', format($$INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source)
    VALUES (%s, %s, %s, 'wage', 1, 'month', 'declared')$$, (SELECT case_id FROM case_round WHERE round_id = :r), :r, (SELECT min(member_id) FROM case_member WHERE round_id = :r))),
    '42501 new row violates row-level security policy for table "income_item"||', 'a clerk of another unit is not told how it stands');
SELECT pg_temp.clock('2021-04-13 09:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.publish('340705100')$$) AS publication \gset
SELECT is(pg_temp.state(:r), 'published', 'published');
SELECT pg_temp.clock('2021-04-22 09:00+08');
SELECT is(pg_temp.step('t_clerk', :r, 'close'), 'in_benefit', 'in benefit');
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$) AS roll \gset
SELECT is(pg_temp.by_login('t_leader', format('SELECT aidcase.submit_roll(%s)', :roll)), 'submitted', 'the roll is submitted');
SELECT is(pg_temp.by_login('t_payer', $$SELECT string_agg(case_no || ' ' || amount, ',') FROM aidcase.payment_list('2021-05-01')$$), (SELECT case_no || ' 1167.40' FROM aid_case WHERE case_id = :case_id), 'the accounting centre has its line');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('payment_roll', %s, 'merge')$$, :roll)), 'merged', 'merged');
SELECT is(pg_temp.by_login('t_payer', format($$SELECT aidcase.advance('payment_roll', %s, 'pay')$$, :roll)), 'paid', 'paid');
SELECT pg_temp.by_login('t_bureau', $$SELECT workbook('dibao_monthly', '2021-05')$$) AS book \gset
SELECT is(left(:'book', 10), '\x504b0304', 'the month''s report is a workbook');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT workbook('dibao_monthly', '2021-05')$$), :'book', 'the same bytes again');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT households || ' ' || persons || ' ' || month_base + month_addon FROM report_dibao_monthly('2021-05-31') ORDER BY households DESC LIMIT 1$$), '1 2 1167.40', 'which counts the household, its persons and what it was paid');
SELECT is((SELECT string_agg(image ->> 'state', ' ' ORDER BY entry_no) FROM (SELECT DISTINCT ON (image ->> 'state') image, entry_no FROM ledger WHERE relation = 'case_round' AND image ->> 'round_id' = :'r' ORDER BY image ->> 'state', entry_no) AS x),
    'filed accepted checked visited determined evaluated in_review confirmed published in_benefit', 'the ledger has every step');

-- ---------------------------------------------------------------------
-- A refusal lists all that is missing

SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT pg_temp.by_login('t_clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
    pg_temp.application('bare', '340705100', '340705100201', '{5,6}', 300, '2021-04-06') - 'commitment' - 'authorisations' - 'causes')) AS bare \gset
SELECT pg_temp.told('t_clerk', format($$SELECT aidcase.advance(%s, 'accept')$$, :bare)) AS refusal \gset
SELECT alike(:'refusal'::text, 'ZA003 cannot accept: 3 conditions are not met|%', 'commitment, material and authorisation are missing');
SELECT is(pg_temp.lines(:'refusal'), 3, 'a line each');
SELECT is(pg_temp.told('t_clerk', format($$UPDATE aidcase.case_round SET state = 'accepted' WHERE round_id = %s$$, :bare)), :'refusal'::text, 'the same by UPDATE');
SELECT is((SELECT cardinality(unmet) FROM next_actions(:bare) WHERE action = 'accept'), 4, 'a dry run by who has no post tells that too');
SELECT alike(pg_temp.told('t_clerk', format($$SELECT aidcase.advance(%s, 'confirm')$$, :bare)), 'ZA003 cannot confirm from state "filed"|%', 'no step is left out');
SELECT alike(pg_temp.told('t_clerk', format($$UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = %s$$, :bare)), 'ZA003 cannot move from state "filed" to state "confirmed"|%', 'by UPDATE neither');
SELECT is(pg_temp.state(:bare), 'filed', 'it stays where it is');

-- nobody, and another unit
CREATE ROLE t_nobody LOGIN IN ROLE aidcase_clerk, aidcase_leader;
SELECT alike(pg_temp.told('t_nobody', format('SELECT * FROM aidcase.file_case(%L)', pg_temp.application('no', '340705100', '340705100201', '{7}', 300, '2021-04-06'))), 'ZA00%', 'nobody files nothing');
SELECT is(pg_temp.told('t_nobody', format($$SELECT aidcase.advance(%s, 'accept')$$, :bare)), format('P0002 there is no row %s of "case_round"||It may belong to a unit outside your scope.', :bare), 'nobody sees nothing');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.case_round SET state = 'accepted' WHERE round_id = %s$$, :bare)), 'ZA005 %', 'a superuser without a post is nobody too');
SELECT is(pg_temp.command('t_other', format($$UPDATE aidcase.case_round SET state = 'accepted' WHERE round_id = %s$$, :bare)), 0::bigint, 'another unit''s clerk: UPDATE 0');
SELECT alike(pg_temp.told('t_other', format($$SELECT aidcase.advance(%s, 'accept')$$, :bare)), 'P0002 there is no row%', 'advance() raises');

-- another unit's case, meeting and members; the rows that a decision rests on
SELECT case_id AS bare_case, unit_id AS west FROM case_round WHERE round_id = :bare \gset
SELECT unit_id AS east FROM unit WHERE unit_code = '340705005' \gset
SELECT alike(pg_temp.told('t_other', format($$INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id)
    VALUES (%s, %s, 'review', 2, 'on_site', aidcase.now_here(), aidcase.current_staff())$$, :bare_case, :east)), '42501 permission denied to open a row of "case_round"%another unit%', 'no round in a case of another unit');
SELECT pg_temp.by_login('t_other', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('east', '340705005', '340705005002', '{11}', 300, '2021-04-06'))) AS east_round \gset
SELECT alike(pg_temp.told('t_other', format($$INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source)
    SELECT case_id, round_id, %s, 'wage', 1, 'month', 'declared' FROM aidcase.case_round WHERE round_id = %s$$, (SELECT min(member_id) FROM case_member WHERE round_id = :bare), :east_round)),
    '23503 a row of table "income_item"%', 'no fact of another household''s member');
SELECT pg_temp.by_login('t_clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('moves', '340705100', '340705100201', '{12}', 300, '2021-04-06'))) AS moves \gset
SELECT pg_temp.in_review(:moves, 'x', '340705100');
SELECT meeting_id AS m, staff_id AS absent FROM review_meeting, staff WHERE minutes_no = 'm' || :moves AND staff_no = 'x-group4' \gset
SELECT alike(pg_temp.told('t_other', format('INSERT INTO aidcase.meeting_attendance (meeting_id, unit_id, staff_id) VALUES (%s, %s, %s)', :m, :east, :absent)),
    '23503 a row of table "meeting_attendance"%', 'nobody attends a meeting by the hand of another unit');
SELECT is(pg_temp.command('t_clerk', format($$UPDATE aidcase.aid_case SET residence = 'urban' WHERE case_id = (SELECT case_id FROM aidcase.case_round WHERE round_id = %s)$$, :moves)), 1::bigint, 'a household that moves after its determination');
SELECT alike(pg_temp.told('t_leader', format($$SELECT aidcase.advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$$, :moves)), 'ZA003 cannot confirm: 1 condition is not met|%residence has changed%', 'is determined again');
SELECT pg_temp.command('t_clerk', format($$UPDATE aidcase.aid_case SET residence = 'rural' WHERE case_id = (SELECT case_id FROM aidcase.case_round WHERE round_id = %s)$$, :moves)) AS moved_back;
SELECT is(pg_temp.told('t_leader', format($$SELECT aidcase.advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$$, :moves)), '(done)', 'it is decided');
SELECT alike(pg_temp.told('t_clerk', format('INSERT INTO aidcase.meeting_attendance (meeting_id, unit_id, staff_id) VALUES (%s, %s, %s)', :m, :west, :absent)),
    'ZA004 the attendance of the meeting can no longer change|%', 'and who attended is closed');

-- four eyes: who visits or determines does not decide
SELECT pg_temp.by_login('t_clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('four', '340705100', '340705100201', '{8}', 300, '2021-04-06'))) AS four \gset
SELECT isnt(enrol_staff('{"staff_no": "x-visitor1", "posts": [{"unit": "340705100", "post": "unit_leader", "from": "2021-01-01"}]}'), NULL, 'one who visits is made leader');
SELECT pg_temp.in_review(:four, 'x', '340705100');
SELECT alike(pg_temp.staff_told('x-visitor1', format($$SELECT advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$$, :four)), 'ZA003 cannot confirm: 1 condition is not met|%', 'who visited does not confirm');
SELECT alike(pg_temp.staff_told('x-clerk', format($$SELECT advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$$, :four)), 'ZA003 cannot confirm: 2 conditions are not met|%', 'who determined does not either, and has no post for it');
SELECT is(pg_temp.staff_told('x-group4', format($$SELECT advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$$, :four)), '(done)', 'somebody else does');

-- ---------------------------------------------------------------------
-- A unit without delegation decides nothing, on no path

SELECT pg_temp.by_login('t_undelegated', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('u', '340705404', '340705404001', '{9}', 300, '2021-04-06')))
    AS u \gset
SELECT pg_temp.in_review(:u, 'w', '340705404');
SELECT meeting_id AS m FROM review_meeting WHERE minutes_no = 'm' || :u \gset
SELECT is(pg_temp.state(:u), 'in_review', 'a case of 五松社区 goes as far as the decision');
SELECT enrol_staff('{"staff_no": "w-group1", "login": "t_nobody", "posts": [{"unit": "340705404", "post": "unit_leader", "from": "2021-01-01"}]}') > 0 AS leader;
CREATE VIEW public.t_round AS SELECT * FROM aidcase.case_round;
ALTER VIEW public.t_round OWNER TO aidcase_owner;
GRANT SELECT, UPDATE, INSERT ON public.t_round TO t_nobody;
CREATE FUNCTION pg_temp.paths(r bigint, m bigint) RETURNS TABLE (path text, command text) LANGUAGE sql AS $$
    SELECT v.path, replace(replace(v.command, ':r', r::text), ':m', m::text) FROM (VALUES
        ('UPDATE', 'UPDATE aidcase.case_round SET state = ''confirmed'', meeting_id = :m WHERE round_id = :r'),
        ('UPDATE of two', 'UPDATE aidcase.case_round SET (state, meeting_id) = (SELECT ''confirmed'', :m) WHERE round_id IN (:r)'),
        ('advance()', 'SELECT aidcase.advance(:r, ''confirm'', NULL, ''{"meeting_id": :m}'')'),
        ('an updatable view', 'UPDATE public.t_round SET state = ''confirmed'', meeting_id = :m WHERE round_id = :r'),
        ('a rule of a CTE', 'WITH w AS (UPDATE aidcase.case_round SET state = ''confirmed'', meeting_id = :m WHERE round_id = :r RETURNING 1) SELECT * FROM w'),
        ('MERGE', 'MERGE INTO aidcase.case_round AS t USING (SELECT :r AS r) AS s ON t.round_id = s.r WHEN MATCHED THEN UPDATE SET state = ''confirmed'', meeting_id = :m'),
        ('ON CONFLICT', 'INSERT INTO aidcase.case_round AS t (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id) SELECT case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id FROM aidcase.case_round WHERE round_id = :r ON CONFLICT (case_id, round_no) DO UPDATE SET state = ''confirmed'', meeting_id = :m'),
        ('INSERT', 'INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id, state) SELECT case_id, unit_id, round_kind, 2, channel, first_contact_at, handler_id, ''confirmed'' FROM aidcase.case_round WHERE round_id = :r'),
        ('a way round', 'UPDATE aidcase.case_round SET state = ''published'' WHERE round_id = :r'),
        ('straight to the end', 'UPDATE aidcase.case_round SET state = ''in_benefit'' WHERE round_id = :r')) AS v (path, command) $$;
SELECT alike(pg_temp.told('t_nobody', p.command),
    CASE WHEN p.path IN ('a way round', 'straight to the end') THEN 'ZA003 cannot move from state "in_review"%' WHEN p.path = 'INSERT' THEN 'ZA003 a new row of "case_round" cannot be in state "confirmed"|%'
         ELSE 'ZA003 cannot % from state "in_review"%"ordinary_district" has the moves%' END, 'its leader by ' || p.path) FROM pg_temp.paths(:u, :m) AS p;
SELECT act_as((SELECT staff_id FROM staff WHERE staff_no = 'w-group1')) AS leader \gset
SELECT alike(pg_temp.told('postgres', p.command),
    CASE WHEN p.path IN ('a way round', 'straight to the end') THEN 'ZA003 cannot move from state "in_review"%' WHEN p.path = 'INSERT' THEN 'ZA003 a new row of "case_round" cannot be in state "confirmed"|%'
         ELSE 'ZA003 cannot % from state "in_review"%"ordinary_district" has the moves%' END, 'a superuser for the leader by ' || p.path) FROM pg_temp.paths(:u, :m) AS p;
SELECT alike(pg_temp.told('postgres', format($$COPY aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id, state) FROM PROGRAM 'printf "%s\t%s\tapplication\t2\ton_site\t2021-04-06 09:00+08\t%s\tconfirmed\n"'$$, case_id, unit_id, handler_id)), 'ZA003 a new row of "case_round" cannot be in state "confirmed"|%', 'or by COPY') FROM case_round WHERE round_id = :u;
SELECT is(pg_temp.state(:u), 'in_review', 'it is not decided');
SELECT is((SELECT count(*) FROM award WHERE round_id = :u), 0::bigint, 'and grants nothing');

-- from the day on which it ends a delegation is none; a round that was opened
-- under it and not sent to the district yet waits for that
SELECT pg_temp.clock('2021-04-06 09:00+08');
UPDATE delegation SET valid = '[2021-04-02,2021-04-08)', ended_reason = '撤回' WHERE unit_id = (SELECT unit_id FROM unit WHERE unit_code = '340705100');
SELECT pg_temp.by_login('t_clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('late', '340705100', '340705100201', '{10}', 300, '2021-04-06'))) AS late \gset
SELECT pg_temp.in_review(:late, 'x', '340705100');
SELECT meeting_id AS m FROM review_meeting WHERE minutes_no = 'm' || :late \gset
SELECT pg_temp.clock('2021-04-08 09:00+08');
SELECT alike(pg_temp.told('t_leader', p.command), 'ZA003 cannot confirm: 1 condition is not met|%delegat%', 'after its end the leader of 西湖镇 by ' || p.path)
  FROM pg_temp.paths(:late, :m) AS p WHERE p.path NOT IN ('INSERT', 'an updatable view', 'a way round', 'straight to the end');
SELECT is(pg_temp.state(:late), 'in_review', 'it is not decided');
SELECT is((SELECT w.name FROM case_round JOIN workflow AS w USING (workflow_id) WHERE round_id = :late), 'ordinary_delegated', 'nor gone over by itself');
SELECT is(pg_temp.told('t_leader', format($$SELECT aidcase.advance(%s, 'confirm', NULL, '{"meeting_id": %s, "occurred_at": "2021-04-07T17:00:00+08:00"}')$$, :late, :m)), '(done)', 'for its last day it is');

SELECT * FROM finish();
ROLLBACK;
