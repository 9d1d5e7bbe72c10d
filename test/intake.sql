-- Intake: who found the need, who files for another, promises before checks,
-- one household at a time; and a family that goes on.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(64);
\ir parts/household.sql
CREATE FUNCTION pg_temp.unit(code text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT unit_id FROM aidcase.unit WHERE unit_code = code $$;
CREATE FUNCTION pg_temp.case_of(r bigint) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT case_id FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.move(no text, subject text, id bigint, action text, details text DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told(no, format('SELECT aidcase.advance(%L, %s, %L, NULL, %L)', subject, id, action, details)) $$;
CREATE FUNCTION pg_temp.file(no text, doc jsonb) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.staff_told(no, format('SELECT aidcase.file_case(%L)', doc)) $$;
CREATE FUNCTION pg_temp.filed(no text, doc jsonb) RETURNS bigint LANGUAGE sql AS $$ SELECT pg_temp.by_staff(no, format('SELECT round_id FROM aidcase.file_case(%L)', doc))::bigint $$;
SELECT lives_ok($$SELECT enrol_staff(jsonb_build_object('staff_no', s[1], 'name', '东郊' || s[1], 'employed_from', '2020-01-01',
    'posts', jsonb_build_array(jsonb_build_object('unit', '340705005', 'post', s[2], 'from', '2020-01-01'))))
    FROM (VALUES (ARRAY['d-leader', 'unit_leader']), (ARRAY['d-visitor1', 'investigator']), (ARRAY['d-visitor2', 'investigator']),
                 (ARRAY['d-group1', 'group_member']), (ARRAY['d-group2', 'group_member']), (ARRAY['d-group3', 'group_member'])) AS v (s)$$, 'staff of the other unit');
SELECT lives_ok($$SELECT make_review_group('340705005', '东郊联审联批小组', '2020-01-01',
    '[{"staff":"d-group1","capacity":"party_lead"},{"staff":"d-group2","capacity":"government_lead"},{"staff":"d-group3","capacity":"department"}]')$$, 'and its group');
SELECT unit_code AS dv FROM unit_now WHERE parent_id = pg_temp.unit('340705005') ORDER BY unit_code LIMIT 1 \gset
CREATE FUNCTION pg_temp.app(key text, persons integer[], more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS
$$ SELECT pg_temp.application(key, '340705100', '340705100201', persons, 300, aidcase.today()) || more $$;

-- ---------------------------------------------------------------------
-- Channel and finder, mandate

SELECT pg_temp.clock('2021-04-12 09:00+08');
SELECT alike(pg_temp.file('x-clerk', pg_temp.app('f1', '{21}', '{"channel": "discovered"}')), 'ZA007 the application has 1 fault|finder: is missing: active discovery has somebody who found the need|%', 'active discovery names who found the need');
SELECT is(pg_temp.file('x-clerk', pg_temp.app('f1', '{21}', '{"channel": "discovered", "finder": "网格员"}')), '(done)', 'then it is filed');
SELECT is((SELECT state || ' ' || finder || ' ' || first_contact_at FROM case_round WHERE outside_key = 'T-f1'), 'filed 网格员 ' || '2021-04-12 09:00+08'::timestamptz, 'with the first contact to the minute');
SELECT alike(pg_temp.staff_told('x-clerk', $$INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id)
    SELECT case_id, unit_id, 'emergency', 2, 'discovered', first_contact_at, handler_id FROM aidcase.case_round WHERE outside_key = 'T-f1' RETURNING round_id$$), '23514 %', 'on every path');
SELECT is(pg_temp.file('x-clerk', pg_temp.app('f2', '{22}', jsonb_build_object('agent', jsonb_build_object('kind', 'committee', 'name', '', 'citizen_id', pg_temp.person(22), 'text_version', '1', 'signed_on', '2030-01-01', 'sha256', 'x')))),
    'ZA007 the application has 5 faults|agent.citizen_id: is a member of the household; name the applicant among the members
agent.name: must not be empty
agent.sha256: must be the 64 hexadecimal digits of a SHA-256
agent.signed_on: must not be in the future
agent.staff: is missing for a member of a committee or of staff|SELECT aidcase.file_case_schema() describes the document; SELECT * FROM aidcase.file_case_faults(document) tries it.', 'a mandate with its faults');
SELECT is(pg_temp.file('x-clerk', pg_temp.app('f2', '{22}', jsonb_build_object('agent', jsonb_build_object('kind', 'committee', 'name', '村委会委员', 'staff', 'v-member', 'text_version', '1', 'signed_on', '2021-04-11', 'sha256', encode(sha256('m'), 'hex'))))), '(done)', 'the committee files for somebody');
SELECT results_eq($$SELECT a.kind, s.staff_no, a.signed_on, a.sha256 = sha256('m') FROM applicant_agent AS a JOIN staff AS s USING (staff_id)$$, $$VALUES ('committee', 'v-member', '2021-04-11'::date, true)$$, 'with the mandate');
SELECT is(pg_temp.told('postgres', $$UPDATE aidcase.applicant_agent SET case_id = 0$$) LIKE '2%', true, 'a mandate stays with its round');

-- the unit of another village takes the application and passes it on
SELECT alike(pg_temp.file('x-clerk', pg_temp.app('f3', '{23}', jsonb_build_object('village', :'dv'))), 'ZA007 %village: does not lie below the unit%', 'a village of another unit is refused');
SELECT alike(pg_temp.file('x-clerk', pg_temp.app('f3', '{23}', '{"transfer": true}')), 'ZA007 the application has 1 fault|transfer: goes with a new application and a village of another unit only|%', 'there is nothing to pass on');
SELECT is(pg_temp.file('x-clerk', pg_temp.app('f3', '{23}', jsonb_build_object('village', :'dv', 'transfer', true))), '(done)', 'but not turned away');
SELECT round_id AS f3 FROM case_round WHERE outside_key = 'T-f3' \gset
SELECT alike(pg_temp.move('x-clerk', 'case_round', :f3, 'accept'), 'ZA003 cannot accept: 1 condition is not met|The household is not registered in this unit.|%', 'this unit does not accept it');
SELECT transfer_id AS t3 FROM case_transfer WHERE case_id = pg_temp.case_of(:f3) AND grounds = 'wrong_unit' \gset
SELECT is(pg_temp.move('x-leader', 'case_transfer', :t3, 'release'), '(done)', 'it is passed on');
SELECT is(pg_temp.move('d-clerk', 'case_transfer', :t3, 'accept'), '(done)', 'taken over');
SELECT is(pg_temp.move('d-clerk', 'case_round', :f3, 'accept'), '(done)', 'and accepted there');

-- ---------------------------------------------------------------------
-- Promises before checks

SELECT pg_temp.filed('x-clerk', pg_temp.app('p1', '{24,25}', '{"commitment": null, "authorisations": null}')) AS p1 \gset
CREATE FUNCTION pg_temp.check(r bigint, what text, id bigint) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told('x-clerk', format('WITH w AS (INSERT INTO aidcase.registry_check (case_id, round_id, %I, reference_no, requested_at, requested_by)
       VALUES (%s, %s, %s, ''h1'', aidcase.now_here(), aidcase.current_staff()) RETURNING 1) SELECT count(*) FROM w', what, pg_temp.case_of(r), r, id)) $$;
SELECT min(member_id) AS m1, max(member_id) AS m2 FROM case_member WHERE round_id = :p1 \gset
SELECT is(pg_temp.check(:p1, 'member_id', :m1), 'ZA003 the check cannot be requested|Somebody to be checked had not authorised it.
The applicant had not signed the commitment.|Have commitment and authorisations signed and enter them first.', 'no check before the promises');
INSERT INTO commitment (case_id, round_id, member_id, text_version, signed_on, sha256) VALUES (pg_temp.case_of(:p1), :p1, :m1, '1', '2021-04-12', sha256('c'));
INSERT INTO authorisation (case_id, round_id, member_id, text_version, signed_on, valid_until, sha256) VALUES (pg_temp.case_of(:p1), :p1, :m1, '1', '2021-04-12', '2021-12-31', sha256('a'));
SELECT is(pg_temp.check(:p1, 'member_id', :m1), '(done)', 'after them there is');
SELECT alike(pg_temp.check(:p1, 'member_id', :m2), 'ZA003 the check cannot be requested|Somebody to be checked had not authorised it.|%', 'of who has agreed');
INSERT INTO obligor (case_id, round_id, name, relation, household_size, annual_income, persons_supported) VALUES (pg_temp.case_of(:p1), :p1, '义务人', 'child', 1, 0, 1);
SELECT obligor_id AS ob FROM obligor WHERE round_id = :p1 \gset
SELECT alike(pg_temp.check(:p1, 'obligor_id', :ob), 'ZA003 the check cannot be requested|Somebody to be checked had not authorised it.|%', 'and of obligors who have');

-- ---------------------------------------------------------------------
-- One household at a time

SELECT pg_temp.filed('x-clerk', pg_temp.app('d1', '{31}')) AS d1 \gset
SELECT pg_temp.filed('d-clerk', pg_temp.application('d2', '340705005', :'dv', '{31,32}', 300, '2021-04-12')) AS d2 \gset
SELECT alike(pg_temp.move('d-clerk', 'case_round', :d2, 'accept'), 'ZA003 cannot accept: 1 condition is not met|One member of the household is in another active case, or in an award that excludes this one.|%', 'somebody in another active case, in any unit, blocks');
SELECT is((SELECT count(*) FROM guard_no_duplicate('case_round', :f3, NULL, '2021-04-12') AS g WHERE g IS NOT NULL), 0::bigint, 'nobody else');
SELECT member_id AS dm FROM case_member WHERE round_id = :d2 AND relation = 'head' \gset
SELECT alike(pg_temp.told('t_clerk', format('SELECT aidcase.override_duplicate(%s, ''x'')', :dm)), '42501 permission denied for function %', 'a unit does not override');
SELECT alike(pg_temp.told('t_bureau', format('SELECT aidcase.override_duplicate(%s, '' '')', :dm)), '22023 a duplicate is not overridden without a reason|%', 'the bureau does, with a reason');
SELECT results_eq(format($$SELECT split_part(r, ',', 3) = (SELECT case_no FROM aid_case WHERE case_id = %s) FROM (SELECT pg_temp.by_login('t_bureau', 'SELECT (r)::text FROM aidcase.round_duplicates(%s) AS r')) AS x (r)$$, pg_temp.case_of(:d1), :d2), 'VALUES (true)', 'it sees where');
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.override_duplicate(%s, ''两户实为一人,原申请即将撤回'')', :dm)), '(done)', 'overridden');
SELECT alike(pg_temp.told('t_bureau', format('SELECT aidcase.override_duplicate(%s, ''x'')', :dm)), '22023 there is no duplicate to override|%', 'once');
SELECT is(pg_temp.move('d-clerk', 'case_round', :d2, 'accept'), '(done)', 'then it is accepted');
SELECT is(pg_temp.move('x-clerk', 'case_round', :d1, 'withdraw'), '(done)', 'the other is withdrawn');
-- an award
SELECT pg_temp.confirm('w1', '340705100', '340705100201', '{33}', 300, '2021-04-13 15:00+08') AS w1 \gset
SELECT pg_temp.filed('x-clerk', pg_temp.app('w2', '{33}')) AS w2 \gset
SELECT alike(pg_temp.move('x-clerk', 'case_round', :w2, 'accept'), 'ZA003 cannot accept: 1 condition is not met|One member of the household is in another active case, or in an award%', 'an award of another file blocks');
-- without a number
SELECT alike(pg_temp.file('x-clerk', jsonb_set(jsonb_set(pg_temp.app('n1', '{34,35}'), '{members,0}', '{"key": "m1", "name": "阿依古丽·买买提", "birth_date": "2000-01-01", "sex": "female", "relation": "head", "applicant": true, "work_ability": "able"}'),
    '{members,1}', '{"key": "m2", "name": "阿依古丽•买买提", "birth_date": "2000-01-01", "sex": "female", "relation": "sibling", "work_ability": "able"}')),
    'ZA007 the application has 1 fault|members[1].name: has the same name and birth date as a member before|%', 'names are compared in one form');
SELECT pg_temp.filed('x-clerk', jsonb_set(pg_temp.app('n2', '{36}'), '{members,0}', '{"key": "m1", "name": "王\ue000花", "birth_date": "2000-01-01", "sex": "female", "relation": "head", "applicant": true, "work_ability": "able"}')) AS n2 \gset
SELECT results_eq($$SELECT relation, name, characters FROM private_use_name$$, $$VALUES ('case_member', U&'王\E000花', 'U+E000')$$, 'a private-use character is kept and listed');
SELECT ok((SELECT person_id IS NOT NULL AND citizen_id IS NULL FROM case_member WHERE round_id = :n2), 'a person without number has a person_id');

-- ---------------------------------------------------------------------
-- A lead becomes an application

SELECT pg_temp.by_staff('x-clerk', $$SELECT aidcase.open_lead('{"unit": "340705100", "village": "340705100201", "source": "neighbour", "person_name": "丙", "situation": "独居", "found_on": "2021-04-12"}')$$) AS l \gset
SELECT alike(pg_temp.staff_told('x-clerk', format('SELECT aidcase.convert_lead(%s, %L)', :l, pg_temp.app('l1', '{41}'))), 'ZA007 the lead has 1 fault|first_contact_at: is missing: it was not when the lead was entered|%', 'when the household was spoken to is said');
SELECT is(pg_temp.staff_told('x-clerk', format('SELECT aidcase.convert_lead(%s, %L)', :l, pg_temp.app('l1', '{41}', '{"first_contact_at": "2021-04-12T16:20:00+08:00"}'))), '(done)', 'converted');
SELECT results_eq(format($$SELECT l.state, r.channel, r.finder FROM lead AS l JOIN case_round AS r USING (round_id) WHERE lead_id = %s$$, :l), $$VALUES ('converted', 'discovered', '邻里群众 x-clerk')$$, 'into an application with its finder');

-- ---------------------------------------------------------------------
-- A family through move, correction, card change and the head's death

CREATE FUNCTION pg_temp.roll(no text, unit text, month date, at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.clock(at);
    RETURN pg_temp.by_staff(no, format('SELECT aidcase.make_roll(%L, %L)', unit, month));
END
$$;
CREATE FUNCTION pg_temp.paid(c bigint) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT string_agg(to_char(benefit_month, 'MM') || ' ' || u.unit_code || ' ' || amount, ', ' ORDER BY benefit_month, payment_id)
     FROM aidcase.payment JOIN aidcase.unit AS u USING (unit_id) WHERE case_id = c $$;
SELECT pg_temp.confirm('fam', '340705100', '340705100201', '{51,52}', 300, '2021-04-14 15:00+08') AS r \gset
SELECT pg_temp.case_of(:r) AS c \gset
SELECT isnt(pg_temp.roll('x-clerk', '340705100', '2021-05-01', '2021-04-28 09:00+08'), NULL, 'May');
SELECT pg_temp.clock('2021-05-10 09:00+08');
SELECT is(pg_temp.staff_told('x-clerk', format('SELECT * FROM aidcase.transfer_case(%s, ''340705005'', %L)', :c, :'dv')), '(done)', 'the family moves');
SELECT transfer_id AS t FROM case_transfer WHERE case_id = :c \gset
SELECT is(pg_temp.move('x-leader', 'case_transfer', :t, 'release') || pg_temp.move('d-clerk', 'case_transfer', :t, 'accept'), '(done)(done)', 'released and accepted');
SELECT isnt(pg_temp.roll('d-clerk', '340705005', '2021-06-01', '2021-05-28 09:00+08'), NULL, 'June, by the other unit');
SELECT pg_temp.clock('2021-06-10 09:00+08');
SELECT is(pg_temp.staff_told('d-clerk', format('SELECT * FROM aidcase.correct(%s, %L, ''错字'')', :c, (SELECT jsonb_build_array(jsonb_build_object('table', 'case_member', 'id', member_id, 'column', 'name', 'value', '李四'))
    FROM case_member JOIN case_round USING (round_id) WHERE case_member.case_id = :c AND round_kind = 'transfer' AND relation = 'head'))), '(done)', 'a name is corrected');
SELECT round_id AS k FROM case_round WHERE case_id = :c AND round_kind = 'correction' \gset
SELECT is(pg_temp.move('d-leader', 'case_round', :k, 'correct'), '(done)', 'by two');
SELECT is(pg_temp.staff_told('d-clerk', format('SELECT aidcase.set_payee(%s, ''{"kind": "person", "holder_name": "李四", "bank": "农商行", "account_no": "4111111111111111", "evidence": "新卡"}'', ''2021-06-10'')', :c)), '(done)', 'the card is changed');
SELECT is(pg_temp.move('d-leader', 'payee_change', change_id, 'approve'), '(done)', 'by two') FROM payee_change WHERE case_id = :c;
SELECT isnt(pg_temp.roll('d-clerk', '340705005', '2021-07-01', '2021-06-28 09:00+08'), NULL, 'July');
SELECT pg_temp.clock('2021-07-07 09:00+08');
CREATE FUNCTION pg_temp.goes_on(c bigint, doc jsonb) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.staff_told('d-clerk', format('SELECT aidcase.continue_case(%s, %L)', c, doc)) $$;
SELECT is(pg_temp.goes_on(:c, jsonb_build_object('cause', 'head_died', 'happened_on', '2021-07-05', 'head', pg_temp.person(51), 'relations', '[{"member": 0, "relation": "head"}]'::jsonb, 'village', :'dv')),
    'ZA007 the continuation has 5 faults|head: is the present head
relations: lacks the relation of 1 members to the new head
relations[0].member: is no member of the household
relations[0].relation: there is one head only
village: goes with a split only|Example: {"cause": "head_died", "happened_on": "2021-06-10", "head": "<citizen number>", "relations": [{"member": 7, "relation": "child"}]}.', 'a continuation has its faults listed');
SELECT is(pg_temp.goes_on(:c, jsonb_build_object('cause', 'head_died', 'happened_on', '2021-07-05', 'head', pg_temp.person(52), 'relations', '[]'::jsonb)), '(done)', 'the head dies');
SELECT round_id AS g FROM case_round WHERE case_id = :c AND round_kind = 'change' \gset
SELECT results_eq(format('SELECT citizen_id::text, relation, applicant, counted, not_counted_reason FROM case_member WHERE round_id = %s ORDER BY member_id', :g),
    format($$VALUES (%L, 'other', false, false, '死亡 2021-07-05'), (%L, 'head', true, true, NULL)$$, pg_temp.person(51), pg_temp.person(52)), 'another takes the file over, nothing is deleted');
SELECT results_eq(format('SELECT kind, happened_on, person_id, round_id FROM household_event WHERE case_id = %s', :c),
    format($$SELECT 'death', '2021-07-05'::date, person_id, %1$s::bigint FROM case_member WHERE round_id = %1$s AND NOT counted$$, :g), 'the death is recorded as an event');
INSERT INTO commitment (case_id, round_id, member_id, text_version, signed_on, sha256) SELECT case_id, round_id, member_id, '1', today(), sha256('y') FROM case_member WHERE round_id = :g AND applicant;
SELECT lives_ok(format('SELECT pg_temp.in_review(%s, ''d'', ''340705005'')', :g), 'the change goes its way');
SELECT is(pg_temp.decide(:g, 'd', '340705005', '2021-07-12 15:00+08'), 'confirmed', 'and is confirmed');
SELECT isnt(pg_temp.roll('d-clerk', '340705005', '2021-08-01', '2021-07-28 09:00+08'), NULL, 'August');
SELECT isnt(pg_temp.roll('x-clerk', '340705100', '2021-08-01', '2021-07-28 10:00+08'), NULL, 'the first unit pays others');
-- May to July: 2 x 638.00 - 300.00 + 191.40; the income and the add-on were the
-- deceased's, and the standard is 668.00 from 2021-07-01 on
SELECT is(pg_temp.paid(:c), '05 340705100 1167.40, 06 340705005 1167.40, 07 340705005 1167.40, 08 340705005 668.00', 'no month is missed, none is paid twice');
SELECT is((SELECT count(DISTINCT person_id) FROM case_member WHERE case_id = :c), 2::bigint, 'two persons all the way');

-- a death that was recorded before
SELECT pg_temp.confirm('rec', '340705100', '340705100201', '{55,56}', 300, '2021-08-03 15:00+08') AS rec \gset
SELECT pg_temp.clock('2021-08-09 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format($$SELECT round_id FROM aidcase.record_event('{"case_id": %s, "kind": "death", "member": "%s", "happened_on": "2021-08-08", "source": "household"}')$$, pg_temp.case_of(:rec), pg_temp.person(55))) AS ev \gset
SELECT is(pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.continue_case(%s, %L)', pg_temp.case_of(:rec), jsonb_build_object('cause', 'head_died', 'happened_on', '2021-08-08', 'head', pg_temp.person(56), 'relations', '[]'::jsonb))), :'ev', 'its round is used');
SELECT is((SELECT string_agg(relation || ' ' || counted, ', ' ORDER BY member_id) FROM case_member WHERE round_id = :ev), 'other false, head true', 'with the new head');

-- a family splits
SELECT pg_temp.confirm('split', '340705100', '340705100201', '{61,62,63}', 300, '2021-08-10 15:00+08') AS s \gset
SELECT pg_temp.case_of(:s) AS sc \gset
SELECT pg_temp.clock('2021-08-20 09:00+08');
SELECT is(pg_temp.staff_told('x-clerk', format('SELECT aidcase.continue_case(%s, %L)', :sc, jsonb_build_object('cause', 'split', 'happened_on', '2021-08-18', 'head', pg_temp.person(62), 'address', '新屋2号',
    'relations', jsonb_build_array(jsonb_build_object('member', pg_temp.person(63), 'relation', 'spouse'))))), '(done)', 'two of three leave');
SELECT c.case_id AS nc, r.round_id AS nr FROM aid_case AS c JOIN case_round AS r USING (case_id) WHERE c.continues_case_id = :sc \gset
SELECT results_eq(format($$SELECT m.citizen_id::text, m.relation, m.applicant, m.person_id = o.person_id FROM case_member AS m JOIN case_member AS o ON o.round_id = %s AND o.citizen_id = m.citizen_id WHERE m.round_id = %s ORDER BY m.member_id$$, :s, :nr),
    format($$VALUES (%L, 'head', true, true), (%L, 'spouse', false, true)$$, pg_temp.person(62), pg_temp.person(63)), 'their file continues the old one, with the same persons');
SELECT is((SELECT count(*) FROM household_event WHERE case_id = :sc AND kind = 'departure'), 2::bigint, 'who leaves is an event of the old one');
SELECT is((SELECT string_agg(counted::text, ' ' ORDER BY member_id) FROM case_member AS m JOIN case_round AS r USING (round_id) WHERE r.case_id = :sc AND r.round_kind = 'change'), 'true false false', 'in the old one they no longer count');
SELECT is((SELECT count(*) FROM guard_no_duplicate('case_round', :nr, NULL, '2021-08-20') AS g WHERE g IS NOT NULL), 0::bigint, 'a file that continues another is no duplicate of it');
SELECT results_eq($$SELECT count(*) FROM verify_register()$$, $$VALUES (0::bigint)$$, 'the register verifies');
SELECT * FROM finish();
ROLLBACK;
