-- Leads, petitions, referrals, submissions and cases for the discipline
-- organs: steps, clocks, faults, who sees them.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(105);
SET LOCAL client_min_messages = warning;
\ir parts/household.sql
SELECT pg_temp.clock('2022-06-01 09:00+08');
CREATE ROLE t_bureau2 LOGIN IN ROLE aidcase_bureau;
SELECT lives_ok($$SELECT aidcase.enrol_staff('{"staff_no":"b-second","name":"区局二","login":"t_bureau2","employed_from":"2020-01-01",
    "posts":[{"unit":"340705","post":"bureau_clerk","from":"2020-01-01"},{"unit":"340705","post":"bureau_leader","from":"2020-01-01"}]}')$$, 'a second officer of the bureau');
CREATE FUNCTION pg_temp.move(login text, subject text, id bigint, action text, details jsonb DEFAULT '{}', reason text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.told(login, format('SELECT aidcase.advance(%L, %s, %L, %L, %L)', subject, id, action, reason, details)) $$;
CREATE FUNCTION pg_temp.lacks(action text, sentence text) RETURNS text LANGUAGE sql AS
$$ SELECT format('ZA003 cannot %s: 1 condition is not met|%s|%%', action, sentence) $$;
CREATE TEMP TABLE n (name text PRIMARY KEY, id bigint);

-- ---------------------------------------------------------------------
-- Petitions: 15 days, 60 days and 30 more, reviews 30 and 30 days
SELECT is(pg_temp.told('t_clerk', $$SELECT aidcase.open_petition('{"unit": "999999999", "form": "fax", "kind": "complaint", "content": " ", "case_id": 0, "about_staff": "nobody", "received_at": "2022-06-02", "x": 1}')$$),
    E'ZA007 the petition has 7 faults|about_staff: is not the number of a member of staff\ncase_id: is no case that you may see\ncontent: must not be empty\n'
    'form: must be one of letter, visit, call, online\nreceived_at: must be a time such as 2021-04-06T09:00:00+08:00\nunit: is not a unit of the register\nx: is not a key of this document|'
    'Example: {"unit": "340705", "form": "letter", "kind": "complaint", "about_staff": "…", "petitioner": "…", "content": "…"}.', 'all faults of a petition at once');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.open_petition('{"unit": "340705100", "form": "letter", "kind": "complaint", "about_staff": "x-leader", "content": "x"}')$$),
    'ZA007 %unit: must be the district when the petition is about a member of staff|%', 'a unit does not handle a complaint about staff');
SELECT alike(pg_temp.told('t_bureau2', $$INSERT INTO aidcase.petition (unit_id, about_staff_id, form, kind, content) SELECT unit_id, staff_id, 'letter', 'complaint', 'x' FROM aidcase.unit, aidcase.staff WHERE unit_code = '340705100' AND staff_no = 'x-leader'$$),
    '22023 a row of "petition" cannot be opened so|A petition about a member of staff is handled by the district.|%', 'whatever the path');
SELECT is(pg_temp.told('t_clerk', $$SELECT aidcase.open_petition('{"unit": "340705100", "form": "visit", "kind": "request", "petitioner": "王某", "content": "请求救助"}')$$), '(done)', 'a request at the unit');
INSERT INTO n SELECT 'p', max(petition_id) FROM aidcase.petition;
CREATE FUNCTION pg_temp.clocks(what text, the bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', clock, aidcase.date_here(due_at) - 1, CASE WHEN met_at < due_at THEN 'met' WHEN met_at IS NOT NULL THEN 'late' WHEN cancelled_at IS NOT NULL THEN 'cancelled' END), ', ' ORDER BY deadline_id)
      FROM aidcase.deadline WHERE subject = what AND subject_id = the $$;
SELECT is(pg_temp.clocks('petition', id), 'petition_accept 2022-06-16', 'told within 15 days') FROM n WHERE name = 'p';
SAVEPOINT a;
SELECT pg_temp.clock('2022-06-17 00:00+08');
SELECT is(pg_temp.move('t_clerk', 'petition', id, 'accept'), '(done)', 'accepted a minute late') FROM n WHERE name = 'p';
SELECT is(pg_temp.clocks('petition', id), 'petition_accept 2022-06-16 late, petition_close 2022-08-16', 'is late') FROM n WHERE name = 'p';
ROLLBACK TO a;
SELECT pg_temp.clock('2022-06-16 23:59+08');
SELECT alike(pg_temp.move('t_clerk', 'petition', id, 'not_accept'), pg_temp.lacks('not_accept', 'The writer has no reply.'), 'petition_answered: no refusal without a reply') FROM n WHERE name = 'p';
SELECT alike(pg_temp.move('t_clerk', 'petition', id, 'pass_on'), pg_temp.lacks('pass_on', 'No reason is given.'), 'reason_given: nothing is passed on without a reason') FROM n WHERE name = 'p';
SELECT alike(pg_temp.move('t_clerk', 'petition', id, 'accept', '{"reply": "x"}'), 'ZA007 the details document has 1 fault|reply: is not a key of this document|%', 'a column that belongs to another move') FROM n WHERE name = 'p';
SELECT alike(pg_temp.told('t_clerk', format($$UPDATE aidcase.petition SET reply = 'x' WHERE petition_id = %s$$, id)), '22023 column "reply" of "petition" cannot be changed now|%', 'is not changed by hand') FROM n WHERE name = 'p';
SELECT is(pg_temp.move('t_clerk', 'petition', id, 'accept'), '(done)', 'accepted') FROM n WHERE name = 'p';
SELECT is(pg_temp.clocks('petition', id), 'petition_accept 2022-06-16 met, petition_close 2022-08-15', 'in time; closed within 60 days') FROM n WHERE name = 'p';
SELECT alike(pg_temp.told('t_leader', format($$SELECT aidcase.extend_deadline('{"deadline_id": %s, "grounds": "complex"}')$$, deadline_id)), 'ZA003 the time limit cannot be extended|The person has not been told.|%', 'not extended without telling')
  FROM aidcase.deadline, n WHERE subject = 'petition' AND subject_id = id AND clock = 'petition_close';
SELECT pg_temp.clock('2022-08-15 23:59+08');
SELECT is(pg_temp.told('t_leader', format($$SELECT aidcase.extend_deadline('{"deadline_id": %s, "grounds": "complex", "notified_on": "2022-08-15"}')$$, deadline_id)), '(done)', 'extended on the last minute')
  FROM aidcase.deadline, n WHERE subject = 'petition' AND subject_id = id AND clock = 'petition_close';
SELECT is(pg_temp.clocks('petition', id), 'petition_accept 2022-06-16 met, petition_close 2022-09-14', 'by 30 days') FROM n WHERE name = 'p';
SELECT pg_temp.clock('2022-09-14 23:59+08');
SELECT alike(pg_temp.move('t_clerk', 'petition', id, 'reply', '{"reply": "已办"}'), pg_temp.lacks('reply', 'The reply has no outcome.'), 'petition_answered: a reply has an outcome') FROM n WHERE name = 'p';
SELECT is(pg_temp.move('t_clerk', 'petition', id, 'reply', '{"reply": "已办", "outcome": "upheld"}'), '(done)', 'replied') FROM n WHERE name = 'p';
SELECT is(pg_temp.clocks('petition', id), 'petition_accept 2022-06-16 met, petition_close 2022-09-14 met, petition_review_request 2022-10-14', 'a review may be asked for in 30 days') FROM n WHERE name = 'p';
SELECT alike(pg_temp.told('t_clerk', format($$UPDATE aidcase.petition SET reply = 'y' WHERE petition_id = %s$$, id)), 'ZA004 %', 'the reply stands') FROM n WHERE name = 'p';
SELECT alike(pg_temp.move('t_clerk', 'petition', id, 'close'), pg_temp.lacks('close', 'The writer may still ask for a review.'), 'petition_settled: not closed meanwhile') FROM n WHERE name = 'p';
SELECT pg_temp.clock('2022-10-15 00:00+08');
SELECT alike(pg_temp.move('t_clerk', 'petition', id, 'ask_review'), pg_temp.lacks('ask_review', 'The time for asking is over.'), 'petition_in_time: after 30 days no review is asked for') FROM n WHERE name = 'p';
SAVEPOINT a;
SELECT is(pg_temp.move('t_clerk', 'petition', id, 'close'), '(done)', 'then it is closed') FROM n WHERE name = 'p';
ROLLBACK TO a;
SELECT pg_temp.clock('2022-10-14 23:59+08');
SAVEPOINT a;
SELECT is(pg_temp.move('t_clerk', 'petition', id, 'close', '{"satisfied": true}'), '(done)', 'or when the writer is satisfied') FROM n WHERE name = 'p';
ROLLBACK TO a;
SELECT is(pg_temp.move('t_clerk', 'petition', id, 'ask_review'), '(done)', 'a review is asked for') FROM n WHERE name = 'p';
SELECT alike(pg_temp.move('t_leader', 'petition', id, 'decide_review', '{"review_result": "维持"}'), '42501 permission denied for table petition|%', 'the unit does not decide its review') FROM n WHERE name = 'p';
SELECT alike(pg_temp.move('t_bureau', 'petition', id, 'decide_review'), pg_temp.lacks('decide_review', 'The review has no result.'), 'petition_reviewed: with a result') FROM n WHERE name = 'p';
SELECT is(pg_temp.move('t_bureau', 'petition', id, 'decide_review', '{"review_result": "维持"}'), '(done)', 'the district does') FROM n WHERE name = 'p';
SELECT is(pg_temp.move('t_bureau', 'petition', id, 'ask_recheck'), '(done)', 'a second review is asked for') FROM n WHERE name = 'p';
SELECT alike(pg_temp.move('t_bureau', 'petition', id, 'end', '{"review_result": "x"}'), 'ZA007 %', 'the first result stands') FROM n WHERE name = 'p';
SELECT is(pg_temp.move('t_bureau', 'petition', id, 'end', '{"recheck_result": "维持"}'), '(done)', 'and ends it') FROM n WHERE name = 'p';
SELECT is(pg_temp.clocks('petition', id), 'petition_accept 2022-06-16 met, petition_close 2022-09-14 met, petition_review_request 2022-10-14 met, petition_review 2022-11-13 met, petition_recheck_request 2022-11-13 met, petition_recheck 2022-11-13 met', 'all in time') FROM n WHERE name = 'p';

-- hidden from whom it is about
SELECT is(pg_temp.told('t_bureau2', $$SELECT aidcase.open_petition('{"unit": "340705", "form": "letter", "kind": "complaint", "about_staff": "b-clerk", "content": "推诿"}')$$), '(done)', 'a complaint about an officer of the bureau');
INSERT INTO n SELECT 's', max(petition_id) FROM aidcase.petition;
SELECT is(pg_temp.by_login('t_bureau2', format('SELECT count(*) FROM aidcase.petition WHERE petition_id = %s', id)), '1', 'a colleague sees it') FROM n WHERE name = 's';
SELECT is(pg_temp.by_login('t_bureau', format('SELECT count(*) FROM aidcase.petition WHERE petition_id = %s', id)), '0', 'the officer does not') FROM n WHERE name = 's';
SELECT is(pg_temp.by_login('t_bureau', $$SELECT count(*) FROM aidcase.my_work() WHERE subject = 'petition'$$), '0', 'nor in the work that waits') FROM n WHERE name = 's';
SELECT is(pg_temp.by_login('t_bureau2', $$SELECT count(*) FROM aidcase.my_work() WHERE subject = 'petition'$$), '1', 'where the colleague has it') FROM n WHERE name = 's';
SELECT alike(pg_temp.move('t_bureau', 'petition', id, 'accept'), 'P0002 there is no row%', 'nor can the officer move it') FROM n WHERE name = 's';
SELECT alike(pg_temp.told('t_bureau', format('SELECT * FROM aidcase.next_actions(''petition'', %s)', id)), 'P0002 there is no row%', 'nor ask what is next') FROM n WHERE name = 's';
SELECT is(pg_temp.command('t_bureau', format('UPDATE aidcase.petition SET state = ''accepted'' WHERE petition_id = %s', id)), 0::bigint, 'an update finds nothing') FROM n WHERE name = 's';
SELECT is(pg_temp.by_login('t_clerk', format('SELECT count(*) FROM aidcase.petition WHERE petition_id = %s', id)), '0', 'units do not see what the district handles') FROM n WHERE name = 's';
SELECT alike(pg_temp.told('t_bureau', $$INSERT INTO aidcase.petition (unit_id, about_staff_id, form, kind, content) SELECT unit_id, aidcase.current_staff(), 'letter', 'complaint', 'x' FROM aidcase.unit WHERE unit_code = '340705'$$), '42501 %', 'nor does one enter what is about oneself');

-- ---------------------------------------------------------------------
-- Leads
SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT is(split_part(pg_temp.told('t_committee', $$SELECT aidcase.open_lead('{"unit": "340705100", "village": "340705005201", "source": "rumour", "situation": "x", "found_on": "2021-04-07", "citizen_id": "1"}')$$), '|', 2),
    E'citizen_id: A citizen number has 18 characters, or 15 in the old form.\nfound_on: must not be in the future\nperson_name: is missing\nsource: must be one of committee, neighbour, data, hotline, media, other\nvillage: is not a unit of the register', 'all faults of a lead at once');
SELECT is(pg_temp.told('t_committee', format($$SELECT aidcase.open_lead('{"unit": "340705100", "village": "340705100201", "source": "neighbour", "person_name": "赵某", "situation": "独居病重", "found_on": "2021-04-05"}')$$)), '(done)', 'a committee enters a lead of its village');
SELECT is(pg_temp.told('t_clerk', format($$SELECT aidcase.open_lead('{"unit": "340705100", "village": "340705100201", "source": "data", "person_name": "钱某", "situation": "大额医疗", "found_on": "2021-04-06"}')$$)), '(done)', 'a clerk another');
INSERT INTO n SELECT 'l1', min(lead_id) FROM aidcase.lead;
INSERT INTO n SELECT 'l2', max(lead_id) FROM aidcase.lead;
SELECT is(pg_temp.clocks('lead', id), 'lead_closed 2021-04-20', 'ten working days') FROM n WHERE name = 'l1';
SELECT is(pg_temp.by_login('t_committee', 'SELECT count(*) FROM aidcase.lead'), '2', 'the committee sees its leads');
SELECT alike(pg_temp.told('t_committee', 'SELECT phone FROM aidcase.lead'), '42501 %', 'without the phone');
SELECT is(pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.lead'), '0', 'another unit none');
SELECT is(pg_temp.move('t_clerk', 'lead', id, 'visit'), '(done)', 'visited') FROM n WHERE name = 'l1';
SELECT alike(pg_temp.move('t_clerk', 'lead', id, 'dismiss'), pg_temp.lacks('dismiss', 'No reason is given why nothing is done.'), 'lead_reasoned: nothing is done only for a reason') FROM n WHERE name = 'l1';
SAVEPOINT a;
SELECT pg_temp.clock('2021-04-20 23:59+08');
SELECT is(pg_temp.move('t_clerk', 'lead', id, 'dismiss', '{"no_action_reason": "declined"}'), '(done)', 'dismissed') FROM n WHERE name = 'l1';
SELECT is(pg_temp.clocks('lead', id), 'lead_closed 2021-04-20 met', 'on the last minute') FROM n WHERE name = 'l1';
CREATE FUNCTION pg_temp.leads(day date) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', b.code, opening, found, became_case, not_in_need, assisted_already, declined, other_outcome, closed, open, case_rate), '; ' ORDER BY b.code COLLATE "C")
      FROM aidcase.report_leads_monthly(day, '340705100') AS r JOIN aidcase.label AS b ON b.code_set = 'lead.source' AND b.zh = r.source WHERE opening + found > 0 $$;
SELECT is(pg_temp.leads('2021-04-30'), 'data 0 1 0 0 0 0 0 0 1; neighbour 0 1 0 0 0 1 0 1 0 0.0000', 'the monthly table has both');
SELECT pg_temp.clock('2021-05-31 09:00+08');
SELECT is(pg_temp.leads('2021-05-31'), 'data 1 0 0 0 0 0 0 0 1', 'the next one what is open');
SELECT is(pg_temp.leads('2021-04-19'), 'data 0 1 0 0 0 0 0 0 1; neighbour 0 1 0 0 0 0 0 0 1', 'and the day before what was');
ROLLBACK TO a;
SELECT alike(pg_temp.move('t_clerk', 'lead', id, 'convert'), pg_temp.lacks('convert', 'It names no discovered application of the unit since the day of the lead.'), 'lead_converted: it names its application') FROM n WHERE name = 'l1';
INSERT INTO n SELECT v.name, f.round_id FROM (VALUES ('on_site', 7401), ('discovered', 7402)) AS v (name, person),
    LATERAL (SELECT pg_temp.by_login('t_clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application(name, '340705100', '340705100201', ARRAY[person], 100, '2021-04-06', false)
        || jsonb_build_object('channel', name) || CASE name WHEN 'discovered' THEN '{"finder": "v-member"}'::jsonb ELSE '{}' END))::bigint AS round_id) AS f;
SELECT alike(pg_temp.move('t_clerk', 'lead', l.id, 'convert', jsonb_build_object('round_id', r.id)), pg_temp.lacks('convert', 'It names no discovered%'), 'one that was discovered') FROM n AS l, n AS r WHERE l.name = 'l1' AND r.name = 'on_site';
SELECT is(pg_temp.move('t_clerk', 'lead', l.id, 'convert', jsonb_build_object('round_id', r.id)), '(done)', 'converted') FROM n AS l, n AS r WHERE l.name = 'l1' AND r.name = 'discovered';
SELECT alike(pg_temp.told('t_clerk', format('UPDATE aidcase.lead SET round_id = NULL WHERE lead_id = %s', id)), 'ZA004 %', 'for good') FROM n WHERE name = 'l1';
SELECT results_eq($$SELECT column_name, case_id, value FROM drill_leads_monthly('2021-04-30', '340705100') WHERE column_name IN ('became_case', 'closed') ORDER BY 1$$,
    $$SELECT c, r.case_id, 1::numeric FROM unnest('{became_case,closed}'::text[]) AS c, case_round AS r JOIN n ON n.id = r.round_id WHERE n.name = 'discovered' ORDER BY 1$$, 'the table names its case');

-- ---------------------------------------------------------------------
-- Referrals
SELECT isnt(pg_temp.by_staff('x-clerk', format($$SELECT count(*) FROM aidcase.determine(%s)$$, id)), NULL, 'determined') FROM n WHERE name = 'discovered';
SELECT isnt(pg_temp.by_staff('x-clerk', format($$SELECT aidcase.record_evaluation('{"round_id": %s, "summary": "困难", "opinion": [
    {"matter": "medical_insurance", "department": "medical_insurance", "outcome": "referred", "reply_due": "2021-05-06"},
    {"matter": "housing", "department": "housing", "outcome": "refused", "refusal_reason": "need_not_confirmed"}]}')$$, id)), NULL, 'an opinion with two matters') FROM n WHERE name = 'discovered';
INSERT INTO n SELECT 'o-' || o.department, o.opinion_id FROM aidcase.assistance_opinion AS o, n WHERE n.name = 'discovered' AND o.round_id = n.id AND NOT o.void;
SELECT aidcase.act_as(NULL);
SELECT alike(pg_temp.told('t_clerk', format($$SELECT aidcase.open_referral('{"opinion_id": %s, "reply_due": "2021-04-05"}')$$, id)), E'ZA007 the referral has 2 faults|opinion_id: does not refer the matter\nreply_due: is past|%', 'what is refused is not referred') FROM n WHERE name = 'o-housing';
SELECT alike(pg_temp.told('t_other', format($$SELECT aidcase.open_referral('{"opinion_id": %s}')$$, id)), 'ZA007 %opinion_id: is no line of an opinion that you may see|%', 'nor what others decide') FROM n WHERE name = 'o-medical_insurance';
SELECT is(pg_temp.told('t_clerk', format($$SELECT aidcase.open_referral('{"opinion_id": %s}')$$, id)), '(done)', 'referred') FROM n WHERE name = 'o-medical_insurance';
SELECT alike(pg_temp.told('t_clerk', format($$SELECT aidcase.open_referral('{"opinion_id": %s}')$$, id)), 'ZA007 %opinion_id: was referred before|%', 'once') FROM n WHERE name = 'o-medical_insurance';
INSERT INTO n SELECT 'r', max(referral_id) FROM aidcase.referral;
SELECT is(department || ' ' || matter || ' ' || pg_temp.clocks('referral', id), 'medical_insurance medical_insurance referral_reply 2021-05-06', 'with the department and the day of the opinion') FROM aidcase.referral, n WHERE name = 'r' AND referral_id = id;
SELECT alike(pg_temp.move('t_clerk', 'referral', id, 'reply'), pg_temp.lacks('reply', 'The department has not answered.'), 'referral_answered: no reply without an outcome') FROM n WHERE name = 'r';
SELECT alike(pg_temp.move('t_clerk', 'referral', id, 'recall'), pg_temp.lacks('recall', 'No reason is given.'), 'not recalled without a reason') FROM n WHERE name = 'r';
SELECT is_empty('SELECT FROM aidcase.late_referral', 'nothing is late');
SAVEPOINT a;
SELECT pg_temp.clock('2021-05-06 23:59+08');
SELECT is(pg_temp.move('t_clerk', 'referral', id, 'reply', '{"outcome": "assisted", "reply": "已资助参保"}'), '(done)', 'replied on the last minute') FROM n WHERE name = 'r';
SELECT is(pg_temp.clocks('referral', id), 'referral_reply 2021-05-06 met', 'is in time') FROM n WHERE name = 'r';
ROLLBACK TO a;
SELECT pg_temp.clock('2021-05-07 00:00+08');
SELECT results_eq('SELECT department, days_late FROM aidcase.late_referral', $$VALUES ('medical_insurance', 1)$$, 'a minute later the department is late');
SELECT is(pg_temp.move('t_clerk', 'referral', id, 'reply', '{"outcome": "assisted"}'), '(done)', 'replied then') FROM n WHERE name = 'r';
SELECT is(pg_temp.clocks('referral', id), 'referral_reply 2021-05-06 late', 'is late') FROM n WHERE name = 'r';

-- ---------------------------------------------------------------------
-- Submissions
SELECT pg_temp.clock('2021-04-30 09:00+08');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.require_submission('{}')$$), '42501 permission denied for function%', 'a unit asks for nothing');
SELECT is(split_part(pg_temp.told('t_bureau', $$SELECT aidcase.require_submission('{"kind": "weekly", "from": "2021-04-30", "to": "2021-04-01", "due_on": "2021-04-02", "units": ["340705"]}')$$), '|', 2),
    E'due_on: must not be before the period begins\nkind: must be one of monthly_report, quarterly_report, filing, training, work_summary, other\nto: must not be before from\nunits[0]: is no unit that handles cases', 'all faults at once');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT aidcase.require_submission('{"kind": "monthly_report", "from": "2021-04-01", "to": "2021-04-30", "due_on": "2021-05-08", "units": ["340705100", "340705005"]}')$$), '2', 'two units');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.require_submission('{"kind": "monthly_report", "from": "2021-04-01", "to": "2021-04-30", "due_on": "2021-05-08"}')$$), 'ZA007 %from: is the period of a submission that was asked for before|%', 'once');
SELECT cmp_ok(pg_temp.by_login('t_bureau', $$SELECT aidcase.require_submission('{"kind": "filing", "from": "2021-01-01", "to": "2021-06-30", "due_on": "2021-07-10"}')$$)::integer, '>', 2, 'or all of them');
INSERT INTO n SELECT 'm' || unit_code, submission_id FROM aidcase.submission JOIN aidcase.unit USING (unit_id) WHERE kind = 'monthly_report';
SELECT is(pg_temp.by_login('t_clerk', $$SELECT count(*) FROM aidcase.submission WHERE kind = 'monthly_report'$$), '1', 'a unit sees its own');
SELECT alike(pg_temp.move('t_clerk', 'submission', id, 'submit'), pg_temp.lacks('submit', 'The hash of what is handed in is missing.'), 'submission_hashed: nothing is handed in without its hash') FROM n WHERE name = 'm340705100';
SELECT pg_temp.clock('2021-05-08 23:59+08');
SELECT is(pg_temp.move('t_clerk', 'submission', id, 'submit', jsonb_build_object('file_name', '4月.xlsx', 'sha256', '\x' || repeat('ab', 32))), '(done)', 'handed in on the last minute') FROM n WHERE name = 'm340705100';
SELECT alike(pg_temp.move('t_clerk', 'submission', id, 'return'), 'ZA003 %', 'the unit does not take it back') FROM n WHERE name = 'm340705100';
SELECT pg_temp.clock('2021-05-09 00:00+08');
SELECT results_eq('SELECT unit_code, days_late FROM aidcase.late_submission', $$VALUES ('340705005', 1)$$, 'who is late');
SELECT alike(pg_temp.move('t_bureau', 'submission', id, 'return'), pg_temp.lacks('return', 'No reason is given.'), 'returned with a reason') FROM n WHERE name = 'm340705100';
SELECT is(pg_temp.move('t_bureau', 'submission', id, 'return', '{}', '合计不符'), '(done)', 'returned') FROM n WHERE name = 'm340705100';
SELECT is(pg_temp.clocks('submission', id), 'submission_due 2021-05-08 met, submission_again 2021-05-12', 'three working days to hand it in again') FROM n WHERE name = 'm340705100';
SELECT is(pg_temp.move('t_clerk', 'submission', id, 'submit', jsonb_build_object('sha256', '\x' || repeat('cd', 32))), '(done)', 'handed in again') FROM n WHERE name = 'm340705100';
SELECT is(pg_temp.move('t_bureau', 'submission', id, 'accept'), '(done)', 'accepted') FROM n WHERE name = 'm340705100';
SELECT is(pg_temp.clocks('submission', id), 'submission_due 2021-05-08 met, submission_again 2021-05-12 met', 'in time') FROM n WHERE name = 'm340705100';
SELECT is(encode(sha256, 'hex'), repeat('cd', 32), 'with the hash of what was accepted') FROM aidcase.submission, n WHERE submission_id = id AND name = 'm340705100';
SELECT is(pg_temp.move('t_other', 'submission', id, 'submit', jsonb_build_object('sha256', '\x' || repeat('ef', 32))), '(done)', 'the other hands in late') FROM n WHERE name = 'm340705005';
SELECT pg_temp.clock('2021-06-01 00:00+08');
SELECT results_eq('SELECT unit_code, days_late FROM aidcase.late_submission', $$VALUES ('340705005', 1)$$, 'and stays a day late');

-- ---------------------------------------------------------------------
-- Cases for the discipline organs
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.open_discipline_referral('{"grounds": "x", "summary": "x", "organ": "x", "petition_id": 0}')$$),
    E'ZA007 the discipline referral has 3 faults|about_unit: is missing, and about_staff, too\ngrounds: must be one of favouritism, missed_case, wrong_case, fraud, dereliction\npetition_id: is no petition that you may see|%', 'all faults at once');
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.open_discipline_referral('{"about_staff": "x-clerk", "grounds": "favouritism", "summary": "为亲属办理低保", "organ": "区纪委监委"}')$$), '(done)', 'drafted');
INSERT INTO n SELECT 'd', max(discipline_referral_id) FROM aidcase.discipline_referral;
SELECT alike(pg_temp.move('t_bureau', 'discipline_referral', id, 'send', jsonb_build_object('evidence_sha256', '\x' || repeat('ab', 32))), pg_temp.lacks('send', 'You entered the row yourself.'), 'second_person: who drafted it does not send it') FROM n WHERE name = 'd';
SELECT alike(pg_temp.move('t_bureau2', 'discipline_referral', id, 'send'), pg_temp.lacks('send', 'The hash of the evidence is missing.'), 'evidence_hashed: the evidence is known') FROM n WHERE name = 'd';
SELECT is(pg_temp.move('t_bureau2', 'discipline_referral', id, 'send', jsonb_build_object('evidence_sha256', '\x' || repeat('ab', 32))), '(done)', 'sent') FROM n WHERE name = 'd';
SELECT alike(pg_temp.move('t_bureau', 'discipline_referral', id, 'conclude'), pg_temp.lacks('conclude', 'No outcome is given.'), 'discipline_concluded: with an outcome') FROM n WHERE name = 'd';
SELECT is(pg_temp.move('t_bureau', 'discipline_referral', id, 'conclude', '{"outcome": "诫勉"}'), '(done)', 'concluded') FROM n WHERE name = 'd';
SELECT alike(pg_temp.told('t_clerk', 'SELECT count(*) FROM aidcase.discipline_referral'), '42501 %', 'units know nothing of it');

-- definitions are whole
SELECT is_empty($$SELECT w.name, f FROM aidcase.workflow AS w, aidcase.workflow_faults(w.workflow_id) AS f$$, 'every procedure is whole');
SELECT * FROM finish();
ROLLBACK;
