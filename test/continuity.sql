-- People come and go, the work stays: providers and their contracts, the
-- responsibility list, turnover, posts that end with open work.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(55);
\ir parts/household.sql
CREATE FUNCTION pg_temp.staff(no text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT staff_id FROM aidcase.staff WHERE staff_no = no $$;
CREATE FUNCTION pg_temp.unit(code text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT unit_id FROM aidcase.unit WHERE unit_code = code $$;
CREATE FUNCTION pg_temp.file(key text, person integer, no text DEFAULT 'x-clerk') RETURNS bigint LANGUAGE sql AS
$$ SELECT pg_temp.by_staff(no, format('SELECT round_id FROM aidcase.file_case(%L)',
       pg_temp.application(key, '340705100', '340705100201', ARRAY[person], 300, '2021-04-06')))::bigint $$;
SELECT pg_temp.clock('2021-04-06 09:00+08');

-- ---------------------------------------------------------------------
-- Providers

SELECT isnt(contract_provider('{"code": "91340700TEST00001X", "name": "铜官社工服务中心", "contracts": [
    {"unit": "340705100", "no": "2021-1", "from": "2021-01-01", "to": "2021-12-31", "document": "办发〔2021〕15号"}]}'), NULL, 'a provider with a contract');
SELECT is((SELECT valid FROM provider_contract), '[2021-01-01,2022-01-01)'::daterange, 'to the last day');
SELECT is(contract_provider('{"code": "91340700TEST00001X", "name": "铜官社工服务中心", "contracts": [
    {"unit": "340705100", "no": "2021-1", "from": "2021-01-01", "to": "2021-12-31"}]}'), (SELECT provider_id FROM provider), 'the same document again');
SELECT is((SELECT count(*) FROM provider_contract), 1::bigint, 'writes nothing');
SELECT is(pg_temp.told('t_admin', $$SELECT contract_provider('{"code": "x", "contracts": [
    {"unit": "999999", "no": "1", "from": "2021-02-01", "to": "2021-01-01", "document": "none"},
    {"unit": "340705100", "no": "2", "from": "2022-01-01", "to": "2022-06-30"}, {"unit": "340705100", "no": "3", "from": "2022-06-30", "to": "2022-12-31"}]}')$$),
    'ZA007 the document of the provider has 6 faults|code: must be the unified social credit code, or 4 to 18 digits and capital letters
contracts[0].document: is no document of table policy_document
contracts[0].to: is before the first day
contracts[0].unit: is no unit
contracts[2]: overlaps one that is listed before
name: is missing|Keys: code, name, and contracts as a list of {"unit", "no", "from", "to"}; "to" is the last day.', 'all faults at once');
SELECT alike(pg_temp.told('t_admin', $$SELECT contract_provider('{"code": "91340700TEST00001X", "name": "a", "contracts": [{"unit": "340705100", "no": "2", "from": "2021-12-31", "to": "2022-12-31"}]}')$$),
    'ZA007 %contracts[0]: overlaps a contract from 2021-01-01 to 2021-12-31|%', 'a contract is not doubled');
SELECT alike(pg_temp.told('t_clerk', $$SELECT contract_provider('{"code": "AAAA", "name": "a", "contracts": [{"unit": "340705100", "no": "2", "from": "2021-12-31", "to": "2022-12-31"}]}')$$),
    '42501 %', 'a clerk contracts nobody');

SELECT isnt(enrol_staff('{"staff_no": "p-1", "name": "社工", "employed_from": "2020-01-01", "posts": [{"unit": "340705100", "post": "surveyor", "provider": "91340700TEST00001X", "from": "2020-06-01"}]}'), NULL, 'a surveyor of the provider');
SELECT is((SELECT provider_id FROM staff_post WHERE staff_id = pg_temp.staff('p-1')), (SELECT provider_id FROM provider), 'holds the post for it');
SELECT alike(pg_temp.told('t_admin', $$SELECT enrol_staff('{"staff_no": "p-2", "name": "社工", "employed_from": "2020-01-01", "posts": [{"unit": "340705100", "post": "surveyor", "from": "2020-06-01"}, {"unit": "340705100", "post": "surveyor", "provider": "AAAA", "from": "2019-01-01", "to": "2019-02-01"},
    {"unit": "340705100", "post": "clerk", "provider": "91340700TEST00001X", "from": "2020-06-01"}]}')$$),
    'ZA007 %posts[0].provider: is missing
posts[1]: is not within the time of employment
posts[1].provider: is no provider
posts[2].provider: goes with the post of a provider only|%', 'a provider goes with its post');
SELECT throws_ok($$INSERT INTO staff_post (staff_id, unit_id, post, valid) VALUES (pg_temp.staff('p-1'), pg_temp.unit('340705100'), 'surveyor', '[2022-01-01,)')$$,
    '23514', 'post "surveyor" must name a provider', 'on every path');
SELECT throws_ok($$INSERT INTO staff_post (staff_id, unit_id, post, provider_id, valid) VALUES (pg_temp.staff('p-1'), pg_temp.unit('340705100'), 'clerk', (SELECT provider_id FROM provider), '[2022-01-01,)')$$,
    '23514', 'post "clerk" cannot name a provider', 'and the other way round');
SELECT throws_ok($$INSERT INTO staff_post (staff_id, unit_id, post, valid) VALUES (pg_temp.staff('x-clerk'), pg_temp.unit('340705100'), 'group_member', '[2019-01-01,)')$$,
    '23514', 'a post must lie within the time of employment');
SELECT results_eq($$SELECT d, serves_unit(pg_temp.staff('p-1'), pg_temp.unit('340705100'), d) FROM unnest('{2020-12-31,2021-01-01,2021-12-31,2022-01-01}'::date[]) AS d$$,
    $$VALUES ('2020-12-31'::date, false), ('2021-01-01', true), ('2021-12-31', true), ('2022-01-01', false)$$, 'a surveyor serves while the contract is in force');
SELECT ok(NOT serves_unit(pg_temp.staff('p-1'), pg_temp.unit('340705005'), '2021-05-01'), 'and the unit that bought');
SELECT ok(serves_unit(pg_temp.staff('x-clerk'), pg_temp.unit('340705100'), '2021-05-01'), 'a clerk serves his unit');
SELECT ok(NOT serves_unit(pg_temp.staff('x-clerk'), pg_temp.unit('340705005'), '2021-05-01'), 'no other');
SELECT ok(serves_unit(pg_temp.staff('b-clerk'), pg_temp.unit('340705100'), '2021-05-01'), 'the bureau every one');
SELECT ok(serves_unit(pg_temp.staff('v-member'), pg_temp.unit('340705100'), '2021-05-01'), 'a committee member the unit above');

-- ---------------------------------------------------------------------
-- Responsibility list, turnover

SELECT isnt(assign_duty('340705100', 'acceptance', 'x-clerk', '2021-04-02'), NULL, 'who answers for what');
SELECT is((SELECT staff_no FROM responsibility_list('2021-04-06') WHERE unit_code = '340705100' AND duty = 'acceptance'), 'x-clerk', 'is listed');
SELECT is((SELECT count(*) FROM responsibility_list('2021-04-06') WHERE unit_code = '340705100' AND staff_no IS NULL), 11::bigint, 'and so are the duties that nobody answers for');
SELECT is((SELECT staff_no FROM responsibility_list('2021-04-01') WHERE unit_code = '340705100' AND duty = 'acceptance'), NULL, 'not before the day');
SELECT is(pg_temp.told('t_admin', $$SELECT assign_duty('340705999', 'tea', 'nobody', '2021-04-02', '2021-04-01')$$),
    'ZA007 the duty has 4 faults|duty: must be one of overall, acceptance, economic_check, home_visit, joint_review, confirmation, publicity, payment, emergency, filing, archive, complaint
staff_no: is no staff number
unit: is no unit
valid_to: is before the first day|Example: SELECT aidcase.assign_duty(''340705100'', ''acceptance'', ''XH-01'', ''2021-04-02'').', 'all faults at once');
SELECT alike(pg_temp.told('t_admin', $$SELECT assign_duty('340705100', 'archive', 'd-clerk', '2021-04-02')$$), 'ZA007 %staff_no: holds no post at the unit on the first day|%', 'only who holds a post there');
SELECT alike(pg_temp.told('t_admin', $$SELECT assign_duty('340705100', 'acceptance', 'x-clerk', '2021-05-02')$$), 'ZA007 %is assigned to this person already%', 'not twice');
SELECT lives_ok($$SELECT enrol_staff('{"staff_no": "x-new", "name": "新来", "employed_from": "2021-06-01", "posts": [{"unit": "340705100", "post": "clerk", "from": "2021-06-01"}]}')$$);
SELECT results_eq($$SELECT at_start, joined, left_unit, at_end, rate FROM turnover('2021-05-01', '2021-06-30') WHERE unit_code = '340705100'$$,
    $$VALUES (10::bigint, 1::bigint, 0::bigint, 11::bigint, 0.0000)$$, 'ten and one who came');

-- ---------------------------------------------------------------------
-- A post with open work

SELECT pg_temp.file('a', 1) AS a \gset
SELECT pg_temp.file('b', 2) AS b \gset
SELECT case_no AS a_no FROM aid_case JOIN case_round USING (case_id) WHERE round_id = :a \gset
SELECT case_no AS b_no FROM aid_case JOIN case_round USING (case_id) WHERE round_id = :b \gset
SELECT is(pg_temp.told('t_admin', $$SELECT end_post('x-clerk', '340705100', 'clerk', '2021-05-01')$$),
    format(E'55000 the post cannot end with open work: 2|round %s of case %s, state "filed"\nround %s of case %s, state "filed"|Name a successor in aidcase.end_post(), or call aidcase.hand_over() before.', :a, :'a_no', :b, :'b_no'),
    'ends not, and all of it is listed');
SELECT alike(pg_temp.told('t_admin', $$UPDATE aidcase.staff_post SET valid = '[2020-01-01,2021-05-01)' WHERE staff_id = (SELECT staff_id FROM aidcase.staff WHERE staff_no = 'x-clerk')$$),
    '55000 the post cannot end with open work: 2|%', 'on every path');
SELECT is(pg_temp.told('t_admin', $$UPDATE aidcase.staff_post SET valid = '[2020-01-01,)' WHERE staff_id = (SELECT staff_id FROM aidcase.staff WHERE staff_no = 'x-clerk')$$), '(done)', 'a post that does not get shorter is let through');
SELECT lives_ok($$SELECT enrol_staff('{"staff_no": "x-clerk", "posts": [{"unit": "340705100", "post": "investigator", "from": "2021-01-01"}]}')$$);
SELECT is((SELECT count(*) FROM open_work(pg_temp.staff('x-clerk'), pg_temp.unit('340705100'), 'clerk', '2021-05-01')), 0::bigint, 'another post goes on with it');
SELECT is((SELECT count(*) FROM open_work(pg_temp.staff('x-clerk'), pg_temp.unit('340705100'))), 2::bigint, 'without a post named it is listed all the same');
SELECT is(pg_temp.told('t_admin', $$SELECT end_post('x-clerk', '340705100', 'investigator', '2021-05-01')$$), '(done)', 'one of two may end');
SELECT alike(pg_temp.told('t_admin', $$SELECT end_post('x-clerk', '340705100', 'clerk', '2021-05-01')$$), '55000 %: 2|%', 'the last one may not');

SELECT is(pg_temp.told('t_admin', $$SELECT hand_over('x-clerk', 'x-clerk', '340705999', ' ')$$),
    'ZA007 the hand-over of work has 3 faults|reason: is missing
to_staff: must be somebody else
unit: is no unit|Example: SELECT aidcase.hand_over(''XH-01'', ''XH-02'', ''340705100'', ''调离'').', 'a hand-over has all its faults listed');
SELECT alike(pg_temp.told('t_admin', $$SELECT hand_over('x-clerk', 'd-clerk', '340705100', '调离')$$), 'ZA007 %to_staff: holds none of the posts %', 'a successor holds a post there');
SELECT alike(pg_temp.told('t_clerk', $$SELECT hand_over('x-clerk', 'x-clerk2', '340705100', '调离')$$), '42501 %', 'a clerk hands nothing over');
INSERT INTO conflict_flag (case_id, round_id, member_id, flag_type, staff_id, relation, source, source_id, known_at, filed_late)
SELECT case_id, round_id, member_id, 'relative_of_staff', pg_temp.staff('x-clerk2'), 'sibling', 'relative_filing', 1, now_here(), false FROM case_member WHERE round_id = :b;
SELECT alike(pg_temp.told('t_admin', $$SELECT hand_over('x-clerk', 'x-clerk2', '340705100', '调离')$$), format('55000 rounds cannot pass to somebody who is recused from them|round %s of case %%', :b), 'nor to a relative');
SELECT is(pg_temp.told('t_admin', $$SELECT end_post('x-clerk', '340705100', 'clerk', '2021-05-01', 'x-visitor1')$$), '(done)', 'with a successor the post ends');
SELECT is((SELECT array_agg(handler_id) FROM case_round WHERE round_id IN (:a, :b)), array_fill(pg_temp.staff('x-visitor1'), ARRAY[2]), 'who has the rounds now');
SELECT results_eq($$SELECT from_staff_id, to_staff_id, handed_on, items FROM work_handover$$,
    $$VALUES (pg_temp.staff('x-clerk'), pg_temp.staff('x-visitor1'), '2021-05-01'::date, 2)$$, 'and it is on record');
SELECT is((SELECT valid FROM responsibility WHERE staff_id = pg_temp.staff('x-clerk')), '[2021-04-02,2021-05-01)'::daterange, 'he answers for nothing any more');
SELECT throws_ok(format($$UPDATE case_round SET handler_id = pg_temp.staff('d-clerk') WHERE round_id = %s$$, :a), '23514', 'the handler of a round must hold a post at its unit', 'a stranger handles no round');
SELECT throws_ok($$UPDATE staff_post SET valid = 'empty' WHERE staff_id = pg_temp.staff('x-visitor1')$$, NULL, NULL, 'a post is not emptied either');

-- seats in the group
SELECT pg_temp.file('v', 9, 'x-clerk2') AS v \gset
UPDATE conflict_flag SET state = 'void' WHERE staff_id = pg_temp.staff('x-clerk2');
SELECT pg_temp.by_staff('x-clerk2', format($q$SELECT aidcase.advance(%1$s, 'accept'), pg_temp.check_all(%1$s)$q$, :v)) AS step;
SELECT pg_temp.by_staff('x-clerk2', format($q$SELECT aidcase.advance(%1$s, 'check'), pg_temp.visit(%1$s, 'x')$q$, :v)) AS step;
SELECT pg_temp.by_staff('x-clerk2', format($q$SELECT aidcase.advance(%1$s, 'visit')$q$, :v)) AS step;
SELECT pg_temp.by_staff('x-clerk2', format($q$SELECT count(*) FROM aidcase.determine(%1$s)$q$, :v)) AS step;
SELECT pg_temp.by_staff('x-clerk2', format($q$SELECT aidcase.advance(%1$s, 'determine'), pg_temp.evaluate(%1$s)$q$, :v)) AS step;
SELECT pg_temp.by_staff('x-clerk2', format($q$SELECT aidcase.advance(%1$s, 'evaluate')$q$, :v)) AS step;
SELECT is((SELECT count(*) FROM open_work(pg_temp.staff('x-group2'), pg_temp.unit('340705100'), 'group_member', '2021-05-01')), 0::bigint, 'a member of the group has no votes pending');
SELECT is(pg_temp.by_staff('x-clerk2', format($q$SELECT aidcase.advance(%1$s, 'submit')$q$, :v)), 'in_review', 'until a round is before it');
SELECT alike(pg_temp.told('t_admin', $$SELECT end_post('x-group2', '340705100', 'group_member', '2021-05-01')$$), '55000 the post cannot end with open work: 1|%waits for the vote of the group|%', 'then the post does not end');
SELECT alike(pg_temp.told('t_admin', $$SELECT end_post('x-group2', '340705100', 'group_member', '2021-05-01', 'x-group3')$$), '55000 the successor has a seat in the group already|%', 'a seat is not doubled');
SELECT lives_ok($$SELECT enrol_staff('{"staff_no": "x-visitor2", "posts": [{"unit": "340705100", "post": "group_member", "from": "2021-01-01"}]}')$$);
SELECT pg_temp.clock('2021-05-01 09:00+08');
SELECT is(pg_temp.told('t_admin', $$SELECT end_post('x-group2', '340705100', 'group_member', '2021-05-01', 'x-visitor2')$$), '(done)', 'with a successor it does');
SELECT results_eq($$SELECT staff_id, capacity, valid FROM review_group_member WHERE capacity = 'government_lead' AND group_id = (SELECT group_id FROM review_group WHERE unit_id = pg_temp.unit('340705100')) ORDER BY valid$$,
    $$VALUES (pg_temp.staff('x-group2'), 'government_lead', '[2020-01-01,2021-05-01)'::daterange), (pg_temp.staff('x-visitor2'), 'government_lead', '[2021-05-01,)')$$, 'who has the seat in its capacity');
SELECT is((SELECT left_unit FROM turnover('2021-04-01', '2021-05-31') WHERE unit_code = '340705100'), 2::bigint, 'two have left');
SELECT throws_ok($$UPDATE review_group_member SET valid = '[2021-05-02,)' WHERE false; DELETE FROM work_handover$$, NULL, NULL, 'the record of a hand-over stays');
SELECT * FROM finish();
ROLLBACK;
