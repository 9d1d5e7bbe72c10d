-- The procedures beside the ordinary one of a delegated unit: a unit without
-- delegation, a delegation that ends, abolished steps, recusals that break a
-- quorum, what ends or holds a benefit, objections to a publication.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(86);
\ir parts/household.sql
CREATE FUNCTION pg_temp.staff(no text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT staff_id FROM aidcase.staff WHERE staff_no = no $$;
CREATE FUNCTION pg_temp.unit(code text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT unit_id FROM aidcase.unit WHERE unit_code = code $$;
CREATE FUNCTION pg_temp.state(r bigint) RETURNS text LANGUAGE sql STABLE AS $$ SELECT state FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.procedure(r bigint) RETURNS text LANGUAGE sql STABLE AS $$ SELECT w.name FROM aidcase.case_round JOIN aidcase.workflow AS w USING (workflow_id) WHERE round_id = r $$;
CREATE FUNCTION pg_temp.file(key text, unit text, village text, person integer, signed date DEFAULT '2021-04-06') RETURNS bigint LANGUAGE sql AS
$$ SELECT pg_temp.by_staff(CASE unit WHEN '340705100' THEN 'x' WHEN '340705404' THEN 'w' ELSE 'd' END || '-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
       pg_temp.application(key, unit, village, ARRAY[person], 300, signed)))::bigint $$;
CREATE FUNCTION pg_temp.go(no text, r bigint, action text, details text DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told(no, format('SELECT aidcase.advance(%s, %L, NULL, %L)', r, action, details)) $$;
CREATE FUNCTION pg_temp.sign(r bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
    SELECT case_id, round_id, member_id, '1', aidcase.today(), sha256('x') FROM aidcase.case_member WHERE round_id = r AND applicant $$;
SELECT enrol_staff('{"staff_no": "w-leader", "name": "五松负责人", "employed_from": "2020-01-01", "posts": [{"unit": "340705404", "post": "unit_leader", "from": "2020-01-01"}]}') \gset
GRANT aidcase_bureau TO t_town;

-- ---------------------------------------------------------------------
-- Which procedure governs

SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT results_eq($$SELECT k, (SELECT name FROM workflow WHERE workflow_id = procedure_of('case_round', k, pg_temp.unit('340705100'), '2021-04-06')),
                              (SELECT name FROM workflow WHERE workflow_id = procedure_of('case_round', k, pg_temp.unit('340705404'), '2021-04-06'))
                      FROM unnest('{application,emergency,review,change,objection,suspension,resumption,gradual_exit,stop}'::text[]) AS k$$,
    $$VALUES ('application', 'ordinary_delegated', 'ordinary_district'), ('emergency', 'emergency_assistance', 'emergency_district'),
        ('review', 'review_delegated', 'review_district'), ('change', 'review_delegated', 'review_district'), ('objection', 'review_delegated', 'review_district'),
        ('suspension', 'ending_delegated', 'ending_district'), ('resumption', 'ending_delegated', 'ending_district'),
        ('gradual_exit', 'ending_delegated', 'ending_district'), ('stop', 'ending_delegated', 'ending_district')$$, 'by kind of round and delegation');
SELECT is(procedure_of('case_round', 'application', pg_temp.unit('340705100'), '2021-04-01'), 11::bigint, 'before its first day a delegation is none');
SELECT is(procedure_of('case_round', 'takeover', pg_temp.unit('340705100'), '2018-12-31'), NULL, 'no procedure for a kind before the first day of one');
SELECT is((SELECT count(*) FROM delegate('340705404', '{temp_assistance}', '2021-05-01', '办发〔2021〕15号')), 1::bigint, 'with one programme entrusted');
SELECT is(procedure_of('case_round', 'emergency', pg_temp.unit('340705404'), '2021-05-01'), 2::bigint, 'the unit helps in emergencies by itself');
SELECT is(procedure_of('case_round', 'application', pg_temp.unit('340705404'), '2021-05-01'), 11::bigint, 'and leaves the rest to the district');

-- ---------------------------------------------------------------------
-- A unit without delegation: the district decides

SELECT pg_temp.file('w', '340705404', '340705404001', 1) AS w \gset
SELECT is(pg_temp.procedure(:w), 'ordinary_district', 'a case of 五松社区');
SELECT pg_temp.in_review(:w, 'w', '340705404');
SELECT results_eq(format('SELECT clock FROM deadline WHERE subject = ''case_round'' AND subject_id = %s ORDER BY clock', :w), ARRAY['county_check_3wd', 'decision_30wd', 'investigation_3wd'], 'has the time limit of the district');
SELECT alike(pg_temp.go('w-leader', :w, 'confirm'), 'ZA003 cannot confirm from state "in_review"%', 'the unit does not decide');
SELECT is(pg_temp.go('w-leader', :w, 'propose', format('{"minutes_no": "m%s"}', :w)), '(done)', 'it proposes');
SELECT alike(pg_temp.go('w-leader', :w, 'announce'), 'ZA003 cannot announce: 1 condition is not met|The opinion has not been announced.|%', 'an announcement needs its list');
SELECT is(pg_temp.go('w-clerk', :w, 'hand_up'), '(done)', 'without the parameter nothing is announced before the decision');
SELECT alike(pg_temp.go('w-leader', :w, 'confirm'), 'ZA003 cannot confirm: 1 condition is not met|It needs the post bureau_leader at the unit or above it.|%', 'the unit''s leader does not decide there either');
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.advance(%s, ''confirm'')', :w)), '(done)', 'the district confirms');
SELECT is((SELECT count(*) FROM award WHERE round_id = :w), 1::bigint, 'which grants');
SELECT is((SELECT count(*) FROM deadline WHERE subject = 'case_round' AND subject_id = :w AND met_at < due_at), 4::bigint, 'in time, by all four clocks');

-- publicity before the decision, where the parameter is on; not for a unit that holds the delegation
SELECT set_parameter('publicity_before_decision', '340705404', '2021-04-02', 1, '示例参数') \gset
SELECT set_parameter('publicity_before_decision', '340705100', '2021-04-02', 1, '示例参数') \gset
SELECT pg_temp.file('w2', '340705404', '340705404001', 2) AS w2 \gset
SELECT pg_temp.in_review(:w2, 'w', '340705404');
SELECT is(pg_temp.go('w-leader', :w2, 'propose', format('{"minutes_no": "m%s"}', :w2)), '(done)', 'proposed');
SELECT alike(pg_temp.go('w-clerk', :w2, 'hand_up'), 'ZA003 cannot hand_up: 1 condition is not met|The opinion must be announced before the decision.|%', 'with the parameter the opinion is announced first');
SELECT is((SELECT kind FROM unpublished WHERE round_id = :w2), 'opinion', 'it waits for its list');
SELECT isnt(pg_temp.by_staff('w-clerk', $$SELECT aidcase.publish('340705404', kind => 'opinion')$$), NULL, 'the list');
SELECT is(pg_temp.state(:w2), 'announced', 'announced');
SELECT alike(pg_temp.go('w-clerk', :w2, 'hand_up'), 'ZA003 cannot hand_up: 1 condition is not met|The days of the announcement are not over.|%', 'its days run');
SELECT pg_temp.clock('2021-04-14 09:00+08');
SELECT is(pg_temp.go('w-clerk', :w2, 'hand_up'), '(done)', 'and are over');
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.advance(%s, ''return'', ''再核'')', :w2)), '(done)', 'the district sends it back');
SELECT is(pg_temp.state(:w2), 'visited', 'to be determined anew');
SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT pg_temp.file('x', '340705100', '340705100201', 3) AS x \gset
SELECT pg_temp.in_review(:x, 'x', '340705100');
SELECT is(pg_temp.go('x-leader', :x, 'confirm', format('{"minutes_no": "m%s"}', :x)), '(done)', 'a delegated unit confirms first, whatever the parameter says');

-- ---------------------------------------------------------------------
-- What the delegation abolished does not come back

SELECT throws_ok($$INSERT INTO procedure_in_force (unit_id, subject, round_kind, workflow_id, valid) VALUES (pg_temp.unit('340705100'), 'case_round', 'application', 11, '[2021-06-01,)');
    SET CONSTRAINTS ALL IMMEDIATE$$, '23514', 'a step that the delegation abolished cannot return', 'the district''s procedure does not govern a delegated unit');
SET CONSTRAINTS ALL DEFERRED;
SELECT throws_ok($$INSERT INTO procedure_in_force (unit_id, subject, round_kind, delegated, workflow_id, valid) VALUES (NULL, 'case_round', 'application', true, 11, '[2030-06-01,)');
    SET CONSTRAINTS ALL IMMEDIATE$$, '23P01', NULL, 'nor beside the one in force');
SELECT is((SELECT count(*) FROM abolished_steps(1)) + (SELECT count(*) FROM abolished_steps(2)) + (SELECT count(*) FROM abolished_steps(13)) + (SELECT count(*) FROM abolished_steps(15)), 0::bigint, 'the procedures of delegated units have no such step');
SELECT bag_eq('SELECT abolished_steps(11)', ARRAY['Move "announce" from "proposed" asks for publicity before the decision.', 'Move "hand_up" from "announced" asks for publicity before the decision.',
    'Move "confirm" from "at_district" lets only the district decide.', 'Move "refuse" from "at_district" lets only the district decide.', 'Move "return" from "at_district" lets only the district decide.'], 'the district''s has, each named');
SELECT lives_ok($$INSERT INTO procedure_in_force (unit_id, subject, round_kind, delegated, workflow_id, valid) VALUES (pg_temp.unit('340705100'), 'case_round', 'application', false, 11, '[2021-06-01,)');
    SET CONSTRAINTS ALL IMMEDIATE$$, 'for the time without delegation it may');
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO procedure_in_force (unit_id, subject, round_kind, workflow_id, valid) VALUES (pg_temp.unit('340705404'), 'case_round', 'review', 14, '[2021-06-01,)');
SELECT lives_ok('SET CONSTRAINTS ALL IMMEDIATE', 'a unit without that delegation may');
SET CONSTRAINTS ALL DEFERRED;
SELECT throws_ok($$SELECT delegate('340705404', '{dibao}', '2021-07-01', '办发〔2021〕15号'); SET CONSTRAINTS ALL IMMEDIATE$$, '23514', 'a step that the delegation abolished cannot return', 'but not be entrusted then');
SET CONSTRAINTS ALL DEFERRED;
SELECT is((SELECT count(*) FROM district_approval_reintroduced), 0::bigint, 'nothing has returned');
SELECT set_parameter('district_approval', '340705404', '2021-04-06', 1, '示例参数') \gset
SELECT lives_ok($$SELECT delegate('340705404', '{dibao}', '2021-07-01', '办发〔2021〕15号'); SET CONSTRAINTS ALL IMMEDIATE$$, 'unless a parameter with a document says so');
SET CONSTRAINTS ALL DEFERRED;
SELECT pg_temp.clock('2021-07-01 09:00+08');
SELECT results_eq('SELECT unit_code, parameter, doc_no FROM district_approval_reintroduced', $$VALUES ('340705404', 'district_approval', '示例参数')$$, 'and then it is listed');
SELECT ok((SELECT NOT ok FROM check_setup() WHERE item = 'district approval re-introduced'), 'in the check of the setup, too');
SELECT pg_temp.clock('2021-04-06 09:00+08');

-- ---------------------------------------------------------------------
-- A delegation that ends takes the open rounds with it

SELECT pg_temp.file('s1', '340705100', '340705100201', 11) AS s1 \gset
SELECT pg_temp.file('s2', '340705100', '340705100201', 12) AS s2 \gset
SELECT pg_temp.file('s3', '340705100', '340705100201', 13) AS s3 \gset
SELECT pg_temp.in_review(:s1, 'x', '340705100');
SELECT pg_temp.go('x-clerk', :s2, 'accept') AS step;
SELECT pg_temp.go('x-clerk', :s2, 'ask_papers') AS step;
SELECT pg_temp.in_review(:s3, 'x', '340705100');
SELECT is(pg_temp.go('x-leader', :s3, 'confirm', format('{"minutes_no": "m%s"}', :s3)), '(done)', 'decided before the end');
SELECT pg_temp.clock('2021-04-07 09:00+08');
SELECT alike(pg_temp.told('t_bureau', format($$UPDATE aidcase.case_round SET workflow_id = 11 WHERE round_id = %s$$, :s1)), '42501 %', 'nobody exchanges the procedure of a round');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.case_round SET workflow_id = 11 WHERE round_id = %s$$, :s1)), '22023 column "workflow_id" of "case_round" cannot be changed|%', 'not even the owner');
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.suspend_delegation('340705100', 'dibao', '2021-04-07', '抽查差错率超标')$$), '(done)', 'the delegation is suspended');
SELECT results_eq(format('SELECT pg_temp.procedure(r), pg_temp.state(r) FROM unnest(ARRAY[%s, %s, %s]::bigint[]) WITH ORDINALITY AS x (r, n) ORDER BY n', :s1, :s2, :s3),
    $$VALUES ('ordinary_district', 'in_review'), ('ordinary_district', 'waiting'), ('ordinary_delegated', 'confirmed')$$, 'open rounds go to the district where they are, a decided one stays');
SELECT results_eq(format('SELECT round_id, kind, from_workflow_id, to_workflow_id, staff_id, reason FROM reroute WHERE round_id IN (%s, %s) ORDER BY 1', :s1, :s2),
    format('VALUES (%s::bigint, ''delegation'', 1::bigint, 11::bigint, pg_temp.staff(''b-clerk''), ''抽查差错率超标''), (%s, ''delegation'', 1, 11, pg_temp.staff(''b-clerk''), ''抽查差错率超标'')', :s1, :s2), 'as an event each');
SELECT results_eq(format('SELECT clock, started_at, cancelled_at, left(cancel_reason, 8), paused_at IS NOT NULL FROM deadline WHERE subject = ''case_round'' AND subject_id = %s AND clock LIKE ''decision%%'' ORDER BY clock', :s2),
    $$VALUES ('decision_20wd', '2021-04-06 09:00+08'::timestamptz, '2021-04-07 09:00+08'::timestamptz, 'reroute ', true),
             ('decision_30wd', '2021-04-06 09:00+08', NULL, NULL, true), ('decision_7wd', '2021-04-06 09:00+08', '2021-04-07 09:00+08', 'reroute ', true)$$, 'the district''s time limit runs from the acceptance, and waits where the other did');
SELECT is((SELECT count(*) FROM reroute_due), 0::bigint, 'none is left');
SELECT alike(pg_temp.go('x-leader', :s1, 'confirm'), 'ZA003 cannot confirm from state "in_review"%', 'the unit decides no more');
SELECT is(pg_temp.go('x-leader', :s1, 'propose', format('{"minutes_no": "m%s"}', :s1)), '(done)', 'it proposes, with the vote that was had');
SELECT pg_temp.file('s4', '340705100', '340705100201', 14, '2021-04-07') AS s4 \gset
SELECT is(pg_temp.procedure(:s4), 'ordinary_district', 'a new round begins there');
SELECT is((SELECT name FROM workflow WHERE workflow_id = procedure_of('case_round', 'emergency', pg_temp.unit('340705100'), '2021-04-07')), 'emergency_assistance', 'emergencies stay with the unit');
SELECT throws_ok(format('INSERT INTO reroute (case_id, round_id, unit_id, kind, from_workflow_id, from_state, to_workflow_id, to_state, occurred_at, reason)
    SELECT case_id, round_id, unit_id, ''delegation'', 11, state, 1, state, now_here(), ''x'' FROM case_round WHERE round_id = %s', :s1), '23505', NULL, 'none comes back');
SELECT is(pg_temp.told('t_bureau', format('INSERT INTO aidcase.reroute (case_id, round_id, unit_id, kind, from_workflow_id, from_state, to_workflow_id, to_state, occurred_at, reason)
    SELECT case_id, round_id, unit_id, ''delegation'', workflow_id, state, 1, ''filed'', aidcase.now_here(), ''x'' FROM aidcase.case_round WHERE round_id = %s', :s3)), '42501 permission denied for table reroute||', 'and nobody writes the event by hand');
SELECT is(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.reroute_round(%s, '上报')$$, :s2)), format('ZA003 the unit can decide round %s itself|Its delegation is in force, the amount is within its limits, and its group can reach the quorum.|Only what a unit cannot decide goes to another group or to the district.', :s2), 'what has gone does not go again');
-- an end on a day to come
SELECT pg_temp.file('e1', '340705005', '340705005002', 15, '2021-04-07') AS e1 \gset
SELECT is(pg_temp.procedure(:e1), 'ordinary_delegated', 'another unit keeps its delegation');
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.suspend_delegation('340705005', 'tekun', '2021-04-09', '试点结束')$$), '(done)', 'a delegation that ends the day after tomorrow');
SELECT is(pg_temp.procedure(:e1), 'ordinary_delegated', 'takes nothing with it yet');
SELECT pg_temp.clock('2021-04-09 09:00+08');
SELECT is((SELECT what_to_do FROM check_setup() WHERE item = 'rounds that go to the district'), 'The delegation of their units has ended; SELECT aidcase.reroute_open_rounds(): 1.', 'on the day it is told');
SELECT is(pg_temp.by_login('t_bureau', 'SELECT aidcase.reroute_open_rounds()'), '1', 'and done');
SELECT is(pg_temp.procedure(:e1), 'ordinary_district', 'it has gone over');
SELECT delegate('340705100', '{dibao}', '2021-04-09', '办发〔2021〕15号') \gset
SELECT delegate('340705005', '{tekun}', '2021-04-09', '办发〔2021〕15号') \gset
SELECT is(pg_temp.procedure(:s2), 'ordinary_district', 'entrusted anew, running rounds end under theirs');

-- ---------------------------------------------------------------------
-- The joint review: agenda, recusals, quorum by programme and amount

SELECT pg_temp.file('q1', '340705100', '340705100201', 21, '2021-04-09') AS q1 \gset
SELECT pg_temp.file('q2', '340705100', '340705100201', 22, '2021-04-09') AS q2 \gset
SELECT pg_temp.in_review(:q1, 'x', '340705100');
SELECT is((SELECT count(*) FROM meeting_item WHERE round_id = :q1), 1::bigint, 'what was decided is on the agenda');
CREATE FUNCTION pg_temp.meet(no text, doc jsonb) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.staff_told(no, format('SELECT aidcase.hold_meeting(%L)', doc)) $$;
CREATE FUNCTION pg_temp.minutes(no text, unit text, r bigint, votes jsonb, recusals jsonb DEFAULT '[]', agenda jsonb DEFAULT NULL) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('unit', unit, 'minutes_no', no, 'held_at', pg_temp.iso(aidcase.now_here()), 'agenda', agenda,
        'attendance', (SELECT jsonb_agg(DISTINCT x -> 'staff') FROM jsonb_array_elements(votes || recusals) AS x),
        'decisions', jsonb_build_array(jsonb_build_object('round_id', r, 'votes', votes, 'recusals', recusals)))) $$;
CREATE FUNCTION pg_temp.yes(nos text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_agg(jsonb_build_object('staff', n, 'vote', 'agree')) FROM unnest(nos) AS n $$;
SELECT alike(pg_temp.meet('x-leader', pg_temp.minutes('a1', '340705100', :q1, pg_temp.yes('{x-group1}'), '[{"staff": "x-group1", "reason": "亲属"}]',
    format('[{"round_id": 0, "put_off": "待查"}, {"round_id": %s}, {"round_id": %s, "put_off": "x"}]', :q2, :q2)::jsonb)),
    'ZA007 the document of the meeting has 5 faults|agenda[0].round_id: is not a round
agenda[1].put_off: is missing, and it was not decided
agenda[2].round_id: is named twice
decisions[0].round_id: is not on the agenda
decisions[0].votes[0].staff: votes twice|%', 'the minutes have all their faults listed');
SELECT is(pg_temp.meet('x-leader', pg_temp.minutes('a2', '340705100', :q1, pg_temp.yes('{x-group1,x-group2}'), '[{"staff": "x-group3", "reason": "邻里纠纷"}]',
    format('[{"round_id": %s}, {"round_id": %s, "put_off": "材料待补"}]', :q1, :q2)::jsonb)), '(done)', 'minutes with agenda and recusal');
SELECT results_eq(format('SELECT item_no, round_id, put_off FROM meeting_item JOIN review_meeting USING (meeting_id) WHERE minutes_no = ''a2'' ORDER BY 1'), format('VALUES (1, %s::bigint, NULL), (2, %s, ''材料待补'')', :q1, :q2), 'the agenda');
SELECT is((SELECT vote || note FROM review_vote JOIN review_meeting USING (meeting_id) WHERE minutes_no = 'a2' AND staff_id = pg_temp.staff('x-group3')), 'recused邻里纠纷', 'the recusal with its reason');
SELECT alike(pg_temp.go('x-leader', :q1, 'confirm', '{"minutes_no": "a2"}'), 'ZA003 cannot confirm: 1 condition is not met|The quorum is 3 members who may vote; 2 did.|%', 'a recused member is none of the quorum');
INSERT INTO quorum_rule (area_code, programme, amount_from, valid, members, capacities, document_id, illustrative)
SELECT v.area, v.programme, v.amount, '[2021-01-01,)', v.members, v.capacities, document_id, true
  FROM policy_document, (VALUES ('340700', NULL, 0, 1, '{}'::text[]), ('340705', 'dibao', 0, 2, '{}'), ('340705', 'dibao', 400, 2, '{party_lead,clerk}'), ('340705100', 'dibao', 5000, 4, '{}')) AS v (area, programme, amount, members, capacities) WHERE doc_no = '示例参数';
SELECT results_eq(format('SELECT members, capacities FROM quorum_needed(%s, pg_temp.unit(''340705100''), ''2021-04-09'')', :q1), $$VALUES (2, '{clerk,party_lead}'::text[])$$, 'a rule for the programme and the amount goes before the parameter');
SELECT alike(pg_temp.go('x-leader', :q1, 'confirm', '{"minutes_no": "a2"}'), 'ZA003 cannot confirm: 1 condition is not met|Nobody voted in the capacity clerk.|%', 'capacities that the rule asks for must vote');
SELECT is(pg_temp.meet('x-leader', pg_temp.minutes('a3', '340705100', :q1, pg_temp.yes('{x-group1,x-group4}'))), '(done)', 'they meet');
SELECT is(pg_temp.go('x-leader', :q1, 'confirm', '{"minutes_no": "a3"}'), '(done)', 'and two are enough');
UPDATE quorum_rule SET valid = '[2021-01-01,2021-04-09)';

-- recusals break the quorum
SELECT pg_temp.in_review(:q2, 'x', '340705100');
SELECT alike(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.reroute_round(%s, '回避')$$, :q2)), 'ZA003 the unit can decide round % itself|%', 'while the quorum can be reached the group decides');
INSERT INTO conflict_flag (case_id, round_id, member_id, flag_type, staff_id, relation, source, source_id, known_at, filed_late)
SELECT m.case_id, m.round_id, m.member_id, 'relative_of_staff', s.staff_id, 'sibling', 'relative_filing', s.staff_id, now_here(), false
  FROM case_member AS m, staff AS s WHERE m.round_id = :q2 AND s.staff_no IN ('x-group1', 'x-group2');
SELECT is(votes_to_be_had(:q2, pg_temp.unit('340705100'), '2021-04-09'), 2::bigint, 'two of four are left');
INSERT INTO group_substitute (unit_id, substitute_unit_id, valid, document_id) SELECT pg_temp.unit('340705100'), pg_temp.unit('340705404'), '[2021-01-01,)', document_id FROM policy_document WHERE doc_no = '示例参数';
SELECT is(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.reroute_round(%s, '两名成员回避')$$, :q2)), '(done)', 'the group of another unit stands in by rule');
SELECT is((SELECT kind || group_unit_id FROM reroute WHERE round_id = :q2), 'quorum' || pg_temp.unit('340705404'), 'as an event');
SELECT is(pg_temp.procedure(:q2) || ' ' || pg_temp.state(:q2), 'ordinary_delegated in_review', 'the round stays with its unit');
SELECT alike(pg_temp.go('x-leader', :q2, 'confirm', format('{"minutes_no": "m%s"}', :q2)), 'ZA003 cannot confirm: 1 condition is not met|The meeting is not one of the group that stands in for this unit''s.|%', 'its own group decides no more');
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.hold_meeting(%L)', pg_temp.minutes('s1', '340705404', :q2, pg_temp.yes('{w-group1,w-group2,w-group3}')))), '(done)', 'the bureau enters the minutes of the other group');
SELECT is(pg_temp.go('x-leader', :q2, 'confirm', '{"minutes_no": "s1"}'), '(done)', 'with which the unit confirms');
SELECT pg_temp.file('q3', '340705100', '340705100201', 23, '2021-04-09') AS q3 \gset
SELECT pg_temp.in_review(:q3, 'x', '340705100');
INSERT INTO conflict_flag (case_id, round_id, member_id, flag_type, staff_id, relation, source, source_id, known_at, filed_late)
SELECT m.case_id, m.round_id, m.member_id, 'relative_of_staff', s.staff_id, 'sibling', 'relative_filing', s.staff_id, now_here(), false
  FROM case_member AS m, staff AS s WHERE m.round_id = :q3 AND s.staff_no IN ('x-group1', 'x-group2', 'w-group1');
SELECT is(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.reroute_round(%s, '两组均有成员回避')$$, :q3)), '(done)', 'where no group can decide it goes to the district');
SELECT is(pg_temp.procedure(:q3) || ' ' || pg_temp.state(:q3), 'ordinary_district at_district', 'before which it is at once');
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.advance(%s, ''confirm'')', :q3)), '(done)', 'and which decides without a meeting');

-- above an amount the district decides, where a parameter says so
SELECT pg_temp.file('q4', '340705100', '340705100201', 24, '2021-04-09') AS q4 \gset
SELECT pg_temp.in_review(:q4, 'x', '340705100');
SELECT set_parameter('district_decides_above', '340705100', '2021-04-09', 100, '示例参数') \gset
SELECT alike(pg_temp.go('x-leader', :q4, 'confirm', format('{"minutes_no": "m%s"}', :q4)), 'ZA003 cannot confirm: 1 condition is not met|The amount is one that the district decides.|%', 'below_district_limit');
SELECT results_eq($$SELECT parameter, value FROM district_approval_reintroduced WHERE unit_code = '340705100'$$, $$VALUES ('district_decides_above', 100::numeric)$$, 'it is listed');
SELECT is(pg_temp.staff_told('x-leader', format($$SELECT aidcase.reroute_round(%s, '超过限额')$$, :q4)), '(done)', 'such a round goes to the district');
SELECT is(pg_temp.procedure(:q4) || ' ' || pg_temp.state(:q4), 'ordinary_district in_review', 'and its procedure');

-- co-signature and visit by the bureau, likewise
UPDATE policy_parameter SET valid = '[2021-04-02,2021-04-08)' WHERE name IN ('district_cosign', 'bureau_visit_before_decision');

SELECT pg_temp.file('q5', '340705005', '340705005002', 25, '2021-04-09') AS q5 \gset
SELECT is(pg_temp.procedure(:q5), 'ordinary_delegated', 'another unit');
-- an appraisal by its name
INSERT INTO workflow (workflow_id, name, version, subject, posts, label_zh, label_en) VALUES (800, 't_appraised', 1, 'case_round', '{clerk}', 'x', 'x');
INSERT INTO workflow_state (workflow_id, state, kind, frozen, label_zh, label_en, sort) VALUES (800, 'filed', 'initial', false, 'x', 'x', 1), (800, 'talked', 'normal', false, '民主评议', 'x', 2), (800, 'done', 'final', true, 'x', 'x', 3);
INSERT INTO workflow_transition (workflow_id, from_state, action, to_state, posts, label_zh, label_en) VALUES (800, 'filed', 'talk', 'talked', '{clerk}', 'x', 'x'), (800, 'talked', 'end', 'done', '{clerk}', 'x', 'x');
INSERT INTO procedure_in_force (unit_id, subject, round_kind, workflow_id, valid) VALUES (pg_temp.unit('340705100'), 'case_round', 'transfer', 800, '[2021-04-02,)');
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', '23514', 'a step that the delegation abolished cannot return', 'an appraisal is known by its name');
SELECT * FROM finish();
ROLLBACK;
