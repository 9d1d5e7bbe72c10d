-- flags: every type from every arriving side; what follows; who closes them.
BEGIN;
SET search_path = aidcase, tap, public;
SET LOCAL client_min_messages = warning;
SELECT plan(189);
\ir parts/household.sql
SELECT pg_temp.clock('2021-04-20 09:00+08');

CREATE FUNCTION pg_temp.staff(no text) RETURNS bigint LANGUAGE sql AS
    $$ SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = no $$;
-- The people of the play: a member of staff, a relative, their parents.
CREATE FUNCTION pg_temp.who(name text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE name WHEN 'staff' THEN pg_temp.citizen('340702', '1980-03-05', 11) WHEN 'child' THEN pg_temp.citizen('340702', '2001-07-09', 13)
                     WHEN 'staff2' THEN pg_temp.citizen('340702', '1979-02-02', 15) WHEN 'wife' THEN pg_temp.citizen('340702', '2000-01-08', 22)
                     WHEN 'parent' THEN pg_temp.citizen('340702', '1950-11-30', 17) WHEN 'cousin' THEN pg_temp.citizen('340702', '1985-05-05', 19)
                     WHEN 'official' THEN pg_temp.citizen('340702', '1970-10-10', 21) END $$;
-- A household of one whose number is not known; returns its round.
CREATE FUNCTION pg_temp.household(key text, handler text DEFAULT 'x-clerk') RETURNS bigint LANGUAGE sql AS $$
    SELECT aidcase.act_as(pg_temp.staff('x-clerk'));
    SELECT f.round_id FROM aidcase.file_case(jsonb_build_object('outside_key', key, 'unit', '340705100', 'village', '340705100201', 'residence', 'rural',
        'channel', 'on_site', 'handler', handler, 'members', jsonb_build_array(jsonb_build_object('key', 'm', 'name', '戊', 'relation', 'head',
        'applicant', true, 'work_ability', 'able', 'birth_date', '2001-07-09', 'sex', 'male')))) AS f $$;
CREATE FUNCTION pg_temp.number_of(r bigint, whom text) RETURNS void LANGUAGE sql AS $$
    UPDATE aidcase.case_member AS m SET birth_date = birth_date(pg_temp.who(whom)::citizen_id), sex = sex(pg_temp.who(whom)::citizen_id),
           citizen_id = pg_temp.who(whom)::citizen_id WHERE m.round_id = r AND m.relation = 'head' $$;
CREATE FUNCTION pg_temp.tie(a text, b text, relation text, since date DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO aidcase.kin_record (unit_id, person, person_name, relative, relative_name, relation, since, evidence, recorded_on)
    VALUES (aidcase.unit_id('340705'), pg_temp.who(a)::aidcase.citizen_id, a, pg_temp.who(b)::aidcase.citizen_id, b, relation, since, 'household_register', aidcase.today()) $$;

CREATE FUNCTION pg_temp.due_and_kept(OUT not_due bigint, OUT missing bigint) LANGUAGE sql AS $$
    WITH due AS (
        SELECT d.round_id, d.flag_type, concat_ws('|', d.member_id, d.account_id, d.staff_id, d.capacity, d.other_staff_id, d.other_case_id, d.relation, d.level,
               d.bars, d.certain, d.filed_late, d.unfiled, d.decided_meanwhile, d.source, d.source_id, d.source_rows) AS attributes
          FROM aidcase.conflict_due(ARRAY(SELECT r.round_id FROM aidcase.case_round AS r)) AS d
    ), kept AS (
        SELECT d.round_id, d.flag_type, concat_ws('|', d.member_id, d.account_id, d.staff_id, d.capacity, d.other_staff_id, d.other_case_id, d.relation, d.level,
               d.bars, d.certain, d.filed_late, d.unfiled, d.decided_meanwhile, d.source, d.source_id, d.source_rows) AS attributes
          FROM aidcase.conflict_flag AS d WHERE d.state <> 'void'
    )
    SELECT (SELECT count(*) FROM (TABLE kept EXCEPT TABLE due) AS x), (SELECT count(*) FROM (TABLE due EXCEPT TABLE kept) AS x) $$;
CREATE FUNCTION pg_temp.flags(r bigint) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(' ', f.flag_type, f.capacity, f.relation, f.level, CASE WHEN f.bars THEN 'bars' END, CASE WHEN f.unfiled THEN 'unfiled' END,
                               CASE WHEN f.filed_late THEN 'late' END, CASE WHEN f.account_id IS NOT NULL THEN 'payee' END,
                               CASE WHEN f.decided_meanwhile THEN 'decided' END), ', ' ORDER BY t.sort, f.capacity, f.flag_id), '-')
      FROM aidcase.conflict_flag AS f JOIN aidcase.flag_type AS t USING (flag_type) WHERE f.round_id = r AND f.state <> 'void' $$;

CREATE FUNCTION pg_temp.step(r bigint, name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c bigint := (SELECT o.case_id FROM aidcase.case_round AS o WHERE o.round_id = r);
BEGIN
    CASE name
    WHEN 'member' THEN PERFORM pg_temp.number_of(r, 'child');
    WHEN 'member is staff' THEN PERFORM pg_temp.number_of(r, 'staff');
    WHEN 'staff' THEN UPDATE aidcase.staff SET citizen_id = pg_temp.who('staff')::aidcase.citizen_id WHERE staff_no = 'x-group1';
    WHEN 'tie' THEN PERFORM pg_temp.tie('staff', 'child', 'child');
    WHEN 'tie to sibling' THEN PERFORM pg_temp.tie('staff', 'cousin', 'sibling');
    WHEN 'sibling to child' THEN PERFORM pg_temp.tie('cousin', 'child', 'child');
    WHEN 'filing' THEN PERFORM aidcase.file_relatives(jsonb_build_object('staff', 'x-group1', 'declared_on', aidcase.today(),
            'relatives', jsonb_build_array(jsonb_build_object('relation', 'child', 'citizen_id', pg_temp.who('child'), 'name', '戊'))));
    WHEN 'handler' THEN UPDATE aidcase.case_round SET handler_id = pg_temp.staff('x-group1') WHERE round_id = r;
    WHEN 'visit' THEN INSERT INTO aidcase.home_visit (case_id, round_id, visited_at, visitor_id, second_visitor_id, outcome, report)
            VALUES (c, r, aidcase.now_here(), pg_temp.staff('x-visitor1'), pg_temp.staff('x-group1'), 'seen', '如实');
    WHEN 'vote' THEN PERFORM aidcase.hold_meeting(jsonb_build_object('unit', '340705100', 'minutes_no', 'p' || r, 'held_at', pg_temp.iso(aidcase.now_here()),
            'attendance', '["x-group1", "x-group2"]'::jsonb, 'decisions', jsonb_build_array(jsonb_build_object('round_id', r,
            'votes', '[{"staff": "x-group1", "vote": "agree"}, {"staff": "x-group2", "vote": "agree"}]'::jsonb))));
    WHEN 'check' THEN
        INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
        SELECT m.case_id, m.round_id, m.member_id, '1', aidcase.today(), sha256('1') FROM aidcase.case_member AS m WHERE m.round_id = r;
        INSERT INTO aidcase.authorisation (case_id, round_id, member_id, text_version, signed_on, valid_until, sha256)
        SELECT m.case_id, m.round_id, m.member_id, '1', aidcase.today(), aidcase.today() + 90, sha256('2') FROM aidcase.case_member AS m WHERE m.round_id = r;
        PERFORM pg_temp.by_staff('x-group1', format('INSERT INTO aidcase.registry_check (case_id, round_id, member_id, reference_no, requested_at, requested_by)
            SELECT m.case_id, m.round_id, m.member_id, ''k'', aidcase.now_here(), aidcase.current_staff() FROM aidcase.case_member AS m WHERE m.round_id = %s RETURNING check_id', r));
    WHEN 'evaluation' THEN PERFORM pg_temp.by_staff('x-group1', format('INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, evaluated_by, summary)
            VALUES (%s, %s, aidcase.now_here(), aidcase.current_staff(), ''困难'') RETURNING evaluation_id', c, r));
    WHEN 'determination' THEN INSERT INTO aidcase.determination (case_id, round_id, programme, on_date, benefit_month, members, annual_income, monthly_income, per_capita,
            standard, eligible, reasons, illustrative, determined_at, determined_by)
            VALUES (c, r, 'dibao', '2021-04-20', '2021-05-01', 1, 0, 0, 0, 700, true, '{}', false, aidcase.now_here(), NULL);
    WHEN 'statement' THEN UPDATE aidcase.case_member SET official_kin = 'no' WHERE round_id = r;
    WHEN 'official' THEN PERFORM aidcase.file_officials(jsonb_build_object('unit', '340705100', 'declared_on', aidcase.today(),
            'officials', jsonb_build_array(jsonb_build_object('citizen_id', pg_temp.who('child'), 'name', '戊', 'employer', '某局'))));
    WHEN 'official files' THEN
            PERFORM aidcase.file_officials(jsonb_build_object('unit', '340705100', 'declared_on', aidcase.today(),
            'officials', jsonb_build_array(jsonb_build_object('citizen_id', pg_temp.who('official'), 'name', '庚', 'employer', '某局'))));
            PERFORM aidcase.file_relatives(jsonb_build_object('official', pg_temp.who('official'), 'declared_on', aidcase.today(),
            'relatives', jsonb_build_array(jsonb_build_object('relation', 'child', 'citizen_id', pg_temp.who('child'), 'name', '戊'))));
    WHEN 'payee' THEN INSERT INTO aidcase.payee_account (case_id, kind, holder_name, holder_citizen_id, bank, account_no, valid)
            VALUES (c, 'guardian', '辛', pg_temp.who('child')::aidcase.citizen_id, '农商行', '620000000000000017', '[2021-04-01,)');
    WHEN 'other payee' THEN INSERT INTO aidcase.payee_account (case_id, kind, holder_name, bank, account_no, valid)
            SELECT o.case_id, 'person', '壬', '农商行', '620000000000000017', '[2021-04-01,)' FROM aidcase.case_round AS o WHERE o.outside_key = 'p-other';
    WHEN 'account of staff' THEN INSERT INTO aidcase.staff_contact (staff_id, kind, value, valid) VALUES (pg_temp.staff('x-group1'), 'account', '6200 0000 0000 0000 17', '[2020-01-01,)');
    WHEN 'phone' THEN UPDATE aidcase.aid_case SET phone = '139-0000 1111' WHERE case_id = c;
    WHEN 'phone of staff' THEN UPDATE aidcase.staff SET phone = '+86 13900001111' WHERE staff_no = 'x-group1';
    WHEN 'second phone of staff' THEN INSERT INTO aidcase.staff_contact (staff_id, kind, value, valid) VALUES (pg_temp.staff('x-group1'), 'phone', '13900001111', '[2020-01-01,)');
    WHEN 'agent' THEN INSERT INTO aidcase.applicant_agent (case_id, round_id, kind, name, citizen_id, text_version, signed_on, sha256)
            VALUES (c, r, 'other', '代', pg_temp.who('child')::aidcase.citizen_id, '1', aidcase.today(), sha256('a'));
    WHEN 'agent is staff' THEN INSERT INTO aidcase.applicant_agent (case_id, round_id, kind, name, staff_id, text_version, signed_on, sha256)
            VALUES (c, r, 'staff', '代', pg_temp.staff('x-group1'), '1', aidcase.today(), sha256('a'));
    WHEN 'address' THEN UPDATE aidcase.aid_case SET address = '长江路 1号' WHERE case_id = c;
    WHEN 'address of staff' THEN INSERT INTO aidcase.staff_contact (staff_id, kind, value, valid) VALUES (pg_temp.staff('x-group1'), 'address', '长江路1号', '[2020-01-01,)');
    END CASE;
END
$$;
-- The flags of a household after some steps, the named one last; all of it is undone.
CREATE FUNCTION pg_temp.raised(steps text[], last text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r bigint;
    s text;
    before text;
    rest record;
BEGIN
    PERFORM pg_temp.household('p-other');
    r := pg_temp.household('p-play');
    FOREACH s IN ARRAY steps LOOP
        IF s <> last THEN PERFORM pg_temp.step(r, s); END IF;
    END LOOP;
    before := pg_temp.flags(r);
    PERFORM pg_temp.step(r, last);
    SELECT * INTO rest FROM pg_temp.due_and_kept();
    RAISE SQLSTATE 'PLAY0' USING MESSAGE = CASE WHEN pg_temp.flags(r) = before THEN 'as before: ' ELSE '' END
        || pg_temp.flags(r) || CASE WHEN (rest.not_due, rest.missing) = (0, 0) THEN '' ELSE ' but ' || rest::text END;
EXCEPTION WHEN SQLSTATE 'PLAY0' THEN
    RETURN SQLERRM;
END
$$;

-- ---------------------------------------------------------------------
-- Every type, whichever side comes last
CREATE TEMPORARY TABLE play (n integer, steps text[], flags text);
INSERT INTO play VALUES
 (1, '{member,staff,tie}', 'relative_of_staff child high bars unfiled'),
 (2, '{member,staff,filing}', 'relative_of_staff child medium bars'),
 (3, '{member,filing}', 'relative_of_staff child medium bars'),
 (4, '{member,staff,"tie to sibling","sibling to child"}', 'relative_of_staff nephew_niece medium bars'),
 (5, '{member,staff,tie,handler}', 'relative_of_handler handler child critical bars unfiled, relative_of_staff child high bars unfiled'),
 (6, '{member,staff,tie,visit}', 'relative_of_handler investigator child critical bars unfiled, relative_of_staff child high bars unfiled'),
 (7, '{member,staff,tie,vote}', 'relative_of_handler voter child critical bars unfiled, relative_of_staff child high bars unfiled'),
 (8, '{member,staff,tie,check}', 'relative_of_handler checker child critical bars unfiled, relative_of_staff child high bars unfiled'),
 (9, '{member,staff,tie,evaluation}', 'relative_of_handler evaluator child critical bars unfiled, relative_of_staff child high bars unfiled'),
 (10, '{"member is staff",staff}', 'beneficiary_is_staff self high bars'),
 (11, '{"member is staff",staff,handler}', 'own_case handler self critical bars, beneficiary_is_staff self high bars'),
 (12, '{"member is staff",staff,visit}', 'own_case investigator self critical bars, beneficiary_is_staff self high bars'),
 (13, '{"member is staff",staff,vote}', 'own_case voter self critical bars, beneficiary_is_staff self high bars'),
 (14, '{member,official}', 'public_official self medium'),
 (15, '{member,"official files"}', 'relative_of_official child low'),
 (16, '{member,staff,filing,statement}', 'relative_of_staff child medium bars, false_statement child high'),
 (17, '{payee,staff,tie}', 'relative_of_staff child high bars unfiled payee'),
 (18, '{payee,"account of staff"}', 'shared_account_staff account high bars payee'),
 (19, '{payee,"other payee"}', 'shared_account medium payee'),
 (20, '{phone,"phone of staff"}', 'shared_contact_staff phone medium'),
 (21, '{phone,"second phone of staff"}', 'shared_contact_staff phone medium'),
 (22, '{address,"address of staff"}', 'shared_contact_staff address medium'),
 (23, '{agent,staff,tie,handler}', 'relative_of_handler handler child high bars'),
 (24, '{agent,staff,filing,visit}', 'relative_of_handler investigator child high bars'),
 (25, '{"agent is staff",handler}', 'own_case handler self critical bars'),
 (26, '{"agent is staff",vote}', 'own_case voter self critical bars');
SELECT is(pg_temp.raised(steps, last), CASE WHEN last = 'staff' AND 'filing' = ANY (steps) THEN 'as before: ' ELSE '' END || flags, format('%s comes last: %s', last, flags))
  FROM play CROSS JOIN LATERAL unnest(steps) AS last ORDER BY n, last;

-- ---------------------------------------------------------------------
-- Past decisions: what becomes known later (look-back)
SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1}', 300, '2021-04-22 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100202', '{2}', 300, '2021-04-26 15:00+08') AS b \gset
SELECT pg_temp.clock('2021-06-01 09:00+08');
SELECT is(pg_temp.flags(:a) || pg_temp.flags(:b), '--', 'two households are confirmed by the group');
UPDATE staff SET citizen_id = pg_temp.who('staff')::citizen_id WHERE staff_no = 'x-group1';
UPDATE staff SET citizen_id = pg_temp.who('staff2')::citizen_id WHERE staff_no = 'x-group2';
INSERT INTO kin_record (unit_id, person, person_name, relative, relative_name, relation, evidence, recorded_on)
    VALUES (unit_id('340705'), pg_temp.who('staff')::citizen_id, '甲', pg_temp.person(1)::citizen_id, '子', 'sibling', 'household_register', today());
SELECT is(pg_temp.flags(:a), 'relative_of_handler voter sibling critical bars unfiled decided, relative_of_staff sibling high bars unfiled decided', 'a tie that becomes known flags the decision that was made while it stood');
SELECT is((SELECT path_zh || ' / ' || path_en FROM conflict_flag WHERE round_id = :a AND flag_type = 'relative_of_staff'),
    (SELECT path_zh || ' / ' || path_en FROM kin(pg_temp.who('staff')::citizen_id, 3, '2021-06-01') WHERE relative = pg_temp.person(1)::citizen_id), 'with the path in words that kinship gives');
SELECT is((SELECT known_at FROM conflict_flag WHERE round_id = :a AND flag_type = 'relative_of_staff'), '2021-06-01 09:00+08'::timestamptz, 'known since now');
SELECT matches((SELECT array_to_string(source_rows, ' ') FROM conflict_flag WHERE round_id = :a AND flag_type = 'relative_of_handler'), '^case_member:\d+ kin_tie:\d+ review_vote:\d+$', 'with the rows that it rests on');
INSERT INTO kin_record (unit_id, person, person_name, relative, relative_name, relation, since, evidence, recorded_on)
    VALUES (unit_id('340705'), pg_temp.who('staff2')::citizen_id, '乙', pg_temp.person(2)::citizen_id, '丑', 'spouse', '2021-05-02', 'marriage_registration', today());
SELECT is(pg_temp.flags(:b), 'relative_of_staff spouse high bars unfiled', 'a marriage after the decision makes no vote wrong; it is to be filed');
SELECT is((SELECT count(*) FROM conflict_flag WHERE flag_type = 'reciprocal_favours'), 0::bigint, 'nor is it a favour');
UPDATE kin_record SET void = true WHERE relation = 'spouse';
SELECT is(pg_temp.flags(:b), '-', 'a record that was entered by mistake takes its flags along');
INSERT INTO kin_record (unit_id, person, person_name, relative, relative_name, relation, since, evidence, recorded_on)
    VALUES (unit_id('340705'), pg_temp.who('staff2')::citizen_id, '乙', pg_temp.person(2)::citizen_id, '丑', 'spouse', '2019-05-02', 'marriage_registration', today());
SELECT is((SELECT string_agg(concat_ws(' ', CASE round_id WHEN :a THEN 'a' WHEN :b THEN 'b' END, flag_type, s.staff_no, o.staff_no), ', ' ORDER BY round_id)
    FROM conflict_flag AS f JOIN staff AS s USING (staff_id) JOIN staff AS o ON o.staff_id = f.other_staff_id WHERE f.state = 'open'),
    'a reciprocal_favours x-group2 x-group1, b reciprocal_favours x-group1 x-group2', 'each agreed to a relative of the other: both rounds, whichever tie comes last');
SELECT is(pg_temp.due_and_kept()::text, '(0,0)', 'the flags are what is due');
-- filed at last
SELECT ok(file_relatives(jsonb_build_object('staff', 'x-group1', 'declared_on', '2021-06-01', 'relatives', jsonb_build_array(
    jsonb_build_object('relation', 'sibling', 'citizen_id', pg_temp.person(1), 'name', '子')))) IS NOT NULL, 'the tie is filed');
SELECT is(pg_temp.flags(:a), 'relative_of_handler voter sibling critical bars late decided, relative_of_staff sibling high bars late decided, reciprocal_favours voter sibling high decided', 'too late');
-- what supervisors read of it
SELECT is(pg_temp.by_login('t_inspector', $$SELECT string_agg(concat_ws(' ', round_id, what_en, staff_no, detail ->> 'decided_meanwhile'), ', ' ORDER BY round_id) FROM aidcase.audit('unfiled_relatives', '340705100')$$),
    format('%s a near relative was filed late x-group1 true, %s a near relative was not filed x-group2 true', :a, :b), 'unfiled relatives, with the decisions made meanwhile');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT string_agg(concat_ws(' ', round_id, what_en, staff_no, detail ->> 'capacity'), ', ' ORDER BY round_id) FROM aidcase.audit('acted_on_relative')$$),
    format('%s who acts is a relative x-group1 voter, %s who acts is a relative x-group2 voter', :a, :b), 'who acted on a relative');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT string_agg(concat_ws(' ', round_id, staff_no, detail ->> 'other_staff_no'), ', ' ORDER BY round_id) FROM aidcase.audit('reciprocal_favours')$$),
    format('%s x-group2 x-group1, %s x-group1 x-group2', :a, :b), 'reciprocal favours');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT count(*) FROM aidcase.audit('open_flags')$$), (SELECT count(*)::text FROM conflict_flag WHERE state = 'open'), 'all open flags');
SELECT alike(pg_temp.told('t_leader', format('SELECT FROM aidcase.audit(%L)', q)), '42501 permission denied for audit query%', 'a leader asks no ' || q)
  FROM unnest('{open_flags,unfiled_relatives,acted_on_relative,reciprocal_favours,silent_staff}'::text[]) AS q;

-- a relative on the roll
SELECT pg_temp.by_staff('x-leader', $$SELECT aidcase.submit_roll(aidcase.make_roll('340705100', '2021-06-01'))$$) AS submitted \gset
SELECT roll_id FROM payment_roll WHERE roll_month = '2021-06-01' \gset
SELECT pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('payment_roll', %s, 'merge')$$, :roll_id)) AS merged \gset
SAVEPOINT unrelated;
UPDATE staff SET citizen_id = pg_temp.who('official')::citizen_id WHERE staff_no = 'b-payer';
INSERT INTO kin_record (unit_id, person, person_name, relative, relative_name, relation, evidence, recorded_on)
    VALUES (unit_id('340705'), pg_temp.who('official')::citizen_id, '丙', pg_temp.person(1)::citizen_id, '子', 'sibling', 'household_register', today());
SELECT alike(pg_temp.told('t_payer', format($$SELECT aidcase.advance('payment_roll', %s, 'pay')$$, :roll_id)), 'ZA003 %|You are recused from this roll.|%', 'who is related to a household on the roll does not pay it');
ROLLBACK TO unrelated;
SELECT is(pg_temp.by_login('t_payer', format($$SELECT aidcase.advance('payment_roll', %s, 'pay')$$, :roll_id)), 'paid', 'another one does');

-- every step of a round
SELECT pg_temp.household('s-steps', 'x-clerk2') AS s \gset
SELECT pg_temp.number_of(:s, 'cousin');
UPDATE staff SET citizen_id = pg_temp.who('official')::citizen_id WHERE staff_no = 'x-clerk';
UPDATE staff SET citizen_id = pg_temp.who('wife')::citizen_id WHERE staff_no = 'x-group4';
SELECT pg_temp.tie('official', 'cousin', 'sibling'), pg_temp.tie('cousin', 'wife', 'child') \g /dev/null
SET LOCAL session_replication_role = replica;
CREATE TEMPORARY TABLE told (state text, action text, recused text, free text);
DO $$
DECLARE
    t record;
    r bigint := (SELECT round_id FROM aidcase.case_round WHERE outside_key = 's-steps');
BEGIN
    FOR t IN SELECT * FROM (VALUES ('filed', 'accept', 'x-clerk', 'x-clerk2'), ('accepted', 'check', 'x-clerk', 'x-clerk2'), ('checked', 'visit', 'x-clerk', 'x-clerk2'),
            ('visited', 'determine', 'x-clerk', 'x-clerk2'), ('determined', 'evaluate', 'x-clerk', 'x-clerk2'), ('evaluated', 'submit', 'x-clerk', 'x-clerk2'),
            ('in_review', 'confirm', 'x-group4', 'x-group3'), ('in_review', 'refuse', 'x-group4', 'x-group3')) AS v (state, action, recused, free) LOOP
        UPDATE aidcase.case_round SET state = t.state, accepted_on = '2021-06-01' WHERE round_id = r;
        SET LOCAL session_replication_role = origin;
        INSERT INTO told SELECT t.state, t.action,
            array_to_string((SELECT n.unmet FROM aidcase.next_actions(r) AS n WHERE n.action = t.action), '') FROM (SELECT aidcase.act_as(pg_temp.staff(t.recused))) AS a;
        UPDATE told SET free = array_to_string((SELECT n.unmet FROM aidcase.next_actions(r) AS n WHERE n.action = t.action), '')
          FROM (SELECT aidcase.act_as(pg_temp.staff(t.free))) AS a WHERE told.action = t.action;
        SET LOCAL session_replication_role = replica;
    END LOOP;
END
$$;
SET LOCAL session_replication_role = origin;
SELECT ok(recused LIKE '%You are recused from this case.%' AND free NOT LIKE '%recused%', format('%s: a relative is refused, another is not', action)) FROM told;
SELECT is_empty($$SELECT action FROM told WHERE recused ~ '(sibling|parent|丙|official|x-)' $$, 'and whose relative is not said');
UPDATE staff SET citizen_id = NULL WHERE staff_no IN ('x-clerk', 'x-group4');
SELECT act_as(pg_temp.staff('x-clerk')) AS acts \gset
-- a third household
SELECT pg_temp.household('c-many', 'x-clerk') AS c \gset
SELECT pg_temp.number_of(:c, 'child');
SELECT pg_temp.tie('staff', 'child', 'child');
SELECT pg_temp.household('d-many', 'x-clerk') AS d \gset
SELECT is((SELECT count(*) FROM conflict_flag WHERE flag_type = 'concentration'), 0::bigint, 'two households of relatives');
SELECT pg_temp.number_of(:d, 'parent');
SELECT pg_temp.tie('staff', 'parent', 'parent');
SELECT set_eq($$SELECT round_id FROM conflict_flag WHERE flag_type = 'concentration' AND state = 'open'$$, ARRAY[:a, :c, :d]::bigint[], 'three raise a flag on each, the oldest too');
SELECT is(pg_temp.due_and_kept()::text, '(0,0)', 'the flags are what is due, again');
SELECT results_eq('SELECT added, changed, voided FROM conflict_sweep()', 'VALUES (0::bigint, 0::bigint, 0::bigint)', 'the sweep changes nothing');

-- ---------------------------------------------------------------------
-- After many edits at random (from a seed) the sweep finds what the triggers found
DO $$
DECLARE
    n integer;
    h bigint;
    people text[] := '{staff,child,staff2,wife,parent,cousin,official}';
    roll text;
    -- numbered from here, so that the choice does not hang on what ran before
    first_round CONSTANT bigint := (SELECT min(round_id) FROM aidcase.case_round);
    first_record CONSTANT bigint := (SELECT min(record_id) FROM aidcase.kin_record);
    first_member CONSTANT bigint := (SELECT min(member_id) FROM aidcase.case_member);
BEGIN
    FOR n IN 1 .. 120 LOOP
        roll := encode(sha256(convert_to('seed 7/' || n, 'UTF8')), 'hex');
        h := ('x' || substr(roll, 1, 8))::bit(32)::bigint;
        BEGIN
            CASE h % 9
            WHEN 0 THEN PERFORM pg_temp.household('e-' || n);
            WHEN 1, 2 THEN PERFORM pg_temp.number_of((SELECT r.round_id FROM aidcase.case_round AS r WHERE r.decided_on IS NULL ORDER BY md5(roll || r.round_id - first_round) LIMIT 1),
                               people[1 + (h / 9) % 7]);
            WHEN 3, 4 THEN PERFORM pg_temp.tie(people[1 + (h / 9) % 7], people[1 + (h / 63) % 7], (ARRAY['child', 'sibling', 'spouse', 'parent'])[1 + (h / 441) % 4]);
            WHEN 5 THEN UPDATE aidcase.kin_record SET void = NOT void WHERE record_id = (SELECT k.record_id FROM aidcase.kin_record AS k ORDER BY md5(roll || k.record_id - first_record) LIMIT 1);
            WHEN 6 THEN UPDATE aidcase.case_member SET void = NOT void WHERE member_id = (SELECT m.member_id FROM aidcase.case_member AS m JOIN aidcase.case_round AS r USING (round_id)
                               WHERE r.decided_on IS NULL ORDER BY md5(roll || m.member_id - first_member) LIMIT 1);
            WHEN 7 THEN UPDATE aidcase.staff SET citizen_id = CASE h % 3 WHEN 0 THEN NULL ELSE pg_temp.who(people[1 + (h / 9) % 7])::aidcase.citizen_id END
                         WHERE staff_no = (ARRAY['x-group1', 'x-group2', 'x-clerk', 'x-visitor1'])[1 + (h / 63) % 4];
            WHEN 8 THEN PERFORM pg_temp.step((SELECT r.round_id FROM aidcase.case_round AS r WHERE r.decided_on IS NULL ORDER BY md5(roll || r.round_id - first_round) LIMIT 1),
                               (ARRAY['visit', 'handler', 'statement', 'phone', 'phone of staff', 'filing', 'vote', 'address of staff', 'address'])[1 + (h / 9) % 9]);
            END CASE;
        EXCEPTION WHEN OTHERS THEN
            NULL;       -- what the register refuses is refused
        END;
    END LOOP;
END
$$;
SELECT cmp_ok((SELECT count(*) FROM conflict_flag), '>', 40::bigint, 'many flags came and went');
SELECT cmp_ok((SELECT count(*) FROM conflict_flag WHERE state = 'void'), '>', 5::bigint, 'some were taken back');
SELECT is(pg_temp.due_and_kept()::text, '(0,0)', 'after random edits the flags are what is due');
SELECT is_empty($$SELECT * FROM staff_kin_due(NULL) AS d WHERE NOT EXISTS (SELECT FROM staff_kin AS k WHERE NOT k.void AND k.citizen_id = d.citizen_id AND k.relation = d.relation
    AND k.valid = d.valid AND k.effects = d.effects AND k.ties = d.ties AND coalesce(k.staff_id, citizen_key(k.official)) = coalesce(d.staff_id, citizen_key(d.official)))$$, 'and the relatives of staff are kept');
CREATE TEMPORARY TABLE before_sweep AS SELECT * FROM conflict_flag;
SELECT results_eq('SELECT added, changed, voided FROM conflict_sweep()', 'VALUES (0::bigint, 0::bigint, 0::bigint)', 'the sweep changes nothing');
SELECT is_empty('(TABLE conflict_flag EXCEPT TABLE before_sweep) UNION ALL (TABLE before_sweep EXCEPT TABLE conflict_flag)', 'not one row');

-- ---------------------------------------------------------------------
-- Closing, by two who have no part in the case
SELECT pg_temp.household('f-close') AS f \gset
UPDATE staff SET citizen_id = NULL WHERE staff_no <> 'x-visitor2' AND citizen_id IS NOT NULL;
UPDATE staff SET citizen_id = pg_temp.citizen('340701', '1981-01-01', 33)::citizen_id WHERE staff_no = 'x-visitor2';
UPDATE case_member SET birth_date = '2003-03-03', citizen_id = pg_temp.citizen('340701', '2003-03-03', 35)::citizen_id WHERE round_id = :f;
INSERT INTO kin_record (unit_id, person, person_name, relative, relative_name, relation, evidence, recorded_on)
    VALUES (unit_id('340705'), pg_temp.citizen('340701', '1981-01-01', 33)::citizen_id, '甲', pg_temp.citizen('340701', '2003-03-03', 35)::citizen_id, '戊', 'child', 'household_register', today());
SELECT is(pg_temp.flags(:f), 'relative_of_staff child high bars unfiled', 'a flag to be closed');
SELECT flag_id FROM conflict_flag WHERE round_id = :f \gset
SELECT alike(pg_temp.told(l, format($$SELECT aidcase.close_flag(%s, 'explained', 'x')$$, :flag_id)), '42501 permission denied for function close_flag|%', l || ' closes none')
  FROM unnest('{t_clerk,t_leader,t_committee,t_payer,t_admin}'::text[]) AS l;
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.close_flag(0, 'fine', ' ')$$), E'ZA007 the closing of the flag has 3 faults|flag_id: is no flag\noutcome: must be one of explained, confirmed, void, open\nreason: is missing|Example: SELECT aidcase.close_flag(1, ''explained'', ''同名同号系录入错误'').', 'all faults at once');
SELECT alike(pg_temp.told('t_bureau', format($$UPDATE aidcase.conflict_flag SET state = 'explained' WHERE flag_id = %s$$, :flag_id)), '42501 permission denied for table conflict_flag|%', 'nobody writes the state');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.close_flag(%s, 'explained', '系录入错误')$$, :flag_id)), 'proposed', 'one proposes');
SELECT is(pg_temp.flags(:f), 'relative_of_staff child high bars unfiled', 'that alone changes nothing');
SELECT is(pg_temp.told('t_bureau', format($$SELECT aidcase.close_flag(%s, 'explained', '系录入错误')$$, :flag_id)),
    '42501 permission denied to close the flag|You have proposed it; a second person decides.|Two people of the bureau close a flag who have no part in the case.', 'not alone');
SELECT is(pg_temp.by_login('t_inspector', format($$SELECT aidcase.close_flag(%s, 'confirmed', '属实')$$, :flag_id)), 'not agreed', 'a second person may turn it down');
SELECT is((SELECT state FROM conflict_flag WHERE flag_id = :flag_id), 'open', 'then it is open as before');
SELECT is(pg_temp.by_login('t_inspector', format($$SELECT aidcase.close_flag(%s, 'void', '号码有误')$$, :flag_id)), 'proposed', 'anew');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.close_flag(%s, 'void', '已核')$$, :flag_id)), 'void', 'the second person agrees');
SELECT is((SELECT state FROM conflict_flag WHERE flag_id = :flag_id), 'void', 'it is closed');
SELECT results_eq('SELECT added, changed, voided FROM conflict_sweep()', 'VALUES (0::bigint, 0::bigint, 0::bigint)', 'what people closed the sweep leaves closed');
SELECT is(pg_temp.by_login('t_inspector', format($$SELECT aidcase.close_flag(%s, 'open', '重新核查')$$, :flag_id)), 'proposed', 'it may be opened again');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.close_flag(%s, 'open', '同意')$$, :flag_id)), 'open', 'by two');
SELECT throws_ok(format($$UPDATE flag_closing SET agreed = false WHERE flag_id = %s$$, :flag_id), 'ZA004', 'a row of table "flag_closing" cannot be changed', 'what was decided stays');
-- who must not
UPDATE case_round SET handler_id = handler_id WHERE round_id = :f;
INSERT INTO home_visit (case_id, round_id, visited_at, visitor_id, second_visitor_id, outcome, report)
    SELECT case_id, round_id, now_here(), pg_temp.staff('b-inspector'), pg_temp.staff('x-visitor1'), 'seen', '如实' FROM case_round WHERE round_id = :f;
SELECT alike(pg_temp.told('t_inspector', format($$SELECT aidcase.close_flag(%s, 'void', 'x')$$, :flag_id)), '%|You have acted in this case.|%', 'not who acted in the case');
UPDATE staff SET citizen_id = pg_temp.citizen('340701', '2003-03-03', 35)::citizen_id WHERE staff_no = 'b-clerk';
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.close_flag(%s, 'void', 'x')$$, :flag_id)), '%|You are recused from this case.|%', 'not the person concerned');

-- ---------------------------------------------------------------------
-- Nobody else learns of it
SELECT is(pg_temp.told(l, format('SELECT FROM aidcase.%I', r)), format('42501 permission denied for %s %s||', CASE WHEN r IN ('certainty_round', 'conflict_party', 'round_actor', 'staff_reach') THEN 'view' ELSE 'table' END, r), format('%s reads no %s', l, r))
  FROM unnest('{t_clerk,t_leader,t_committee,t_analyst,t_payer,t_finance}'::text[]) AS l,
       unnest('{conflict_flag,staff_kin,staff_contact,flag_closing,certainty_round,conflict_party,round_actor,staff_reach}'::text[]) AS r;
SELECT unalike(pg_temp.told('t_clerk', format($$SELECT aidcase.advance(%s, 'accept')$$, :f)), '%recus%', 'says nothing of kinship');

SELECT * FROM finish();
ROLLBACK;
