-- conflict: flags raised from whichever side arrives last, filings, sweep.
BEGIN;
SET search_path = aidcase, tap, public;
SET LOCAL aidcase.clock = '2021-04-06 09:00+08';
SELECT plan(52);

CREATE FUNCTION pg_temp.staff(no text) RETURNS bigint LANGUAGE sql AS
    $$ SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = no $$;
CREATE FUNCTION pg_temp.refused(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    d text;
BEGIN
    EXECUTE statement;
EXCEPTION WHEN SQLSTATE 'ZA007' THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
    RETURN QUERY SELECT unnest(string_to_array(d, E'\n'));
END
$$;
-- A household of one or two, numbers given; returns its round.
CREATE FUNCTION pg_temp.household(ids text[], official_kin text DEFAULT 'not_stated', handler text DEFAULT 'x-clerk')
RETURNS bigint LANGUAGE sql AS $$
    SELECT f.round_id FROM aidcase.file_case(jsonb_build_object(
        'unit', '340705100', 'village', '340705100201', 'residence', 'rural', 'channel', 'on_site', 'handler', handler,
        'members', (SELECT jsonb_agg(jsonb_build_object('key', 'm' || i.place, 'name', '成员' || i.place, 'citizen_id', i.id,
                           'relation', CASE i.place WHEN 1 THEN 'head' ELSE 'other' END, 'applicant', i.place = 1,
                           'work_ability', 'able', 'official_kin', official_kin) ORDER BY i.place)
                      FROM unnest(ids) WITH ORDINALITY AS i (id, place)))) AS f $$;
-- The flags of a round, and those that the definition demands.
CREATE FUNCTION pg_temp.flags(round bigint) RETURNS TABLE (citizen text, flag_type text, staff text, relation text, late boolean, state text)
LANGUAGE sql AS $$
    SELECT m.citizen_id::text, f.flag_type, s.staff_no, f.relation, f.filed_late, f.state
      FROM aidcase.conflict_flag AS f JOIN aidcase.case_member AS m USING (member_id)
      LEFT JOIN aidcase.staff AS s USING (staff_id)
     WHERE f.round_id = round AND f.flag_type <> 'concentration' ORDER BY 1, 2, 3, f.source_id $$;
CREATE FUNCTION pg_temp.differences() RETURNS TABLE (which text, round_id bigint, flag_type text, attributes text)
LANGUAGE sql AS $$
    WITH due AS (
        SELECT d.round_id, d.flag_type, concat_ws('|', d.member_id, d.account_id, d.staff_id, d.capacity, d.other_staff_id, d.other_case_id, d.relation, d.level,
               d.bars, d.certain, d.filed_late, d.unfiled, d.decided_meanwhile, d.source, d.source_id, d.source_rows) AS attributes
          FROM aidcase.conflict_due(ARRAY(SELECT r.round_id FROM aidcase.case_round AS r)) AS d
    ), kept AS (
        SELECT d.round_id, d.flag_type, concat_ws('|', d.member_id, d.account_id, d.staff_id, d.capacity, d.other_staff_id, d.other_case_id, d.relation, d.level,
               d.bars, d.certain, d.filed_late, d.unfiled, d.decided_meanwhile, d.source, d.source_id, d.source_rows) AS attributes
          FROM aidcase.conflict_flag AS d WHERE d.state <> 'void'
    )
    SELECT 'not due', x.* FROM (TABLE kept EXCEPT TABLE due) AS x
    UNION ALL
    SELECT 'missing', x.* FROM (TABLE due EXCEPT TABLE kept) AS x $$;

SELECT act_as(pg_temp.staff('x-clerk')) AS acts \gset

-- ---------------------------------------------------------------------
-- Filings
SELECT bag_eq($$ SELECT pg_temp.refused($q$ SELECT aidcase.file_relatives('{"staff": "nobody", "declared_on": "2021-02-29", "relatvies": [],
    "relatives": [{"relation": "friend", "citizen_id": "340702198001010056", "name": " "}, {"relation": "parent", "citizen_id": "340702198001010055", "name": "x"},
                  {"relation": "child", "citizen_id": "340702198001010055"}]}') $q$) $$,
    ARRAY['staff: is no member of staff', 'declared_on: must be a date such as 2021-04-06',
          'relatvies: is not a key of this document; did you mean "relatives"?',
          'relatives[0].relation: must be one of spouse, parent, child, sibling, grandparent, grandchild, parent_in_law, child_in_law, sibling_in_law, uncle_aunt, nephew_niece, cousin',
          'relatives[0].citizen_id: ' || citizen_id_fault('340702198001010056'), 'relatives[0].name: must not be empty',
          'relatives[2].name: is missing', 'relatives[2].citizen_id: is listed twice'], 'a filing with all its faults');
SELECT throws_ok($$ SELECT file_relatives('{"staff": "x-clerk", "declared_on": "2021-04-07", "relatives": []}') $$, 'ZA007',
    'the filing has 1 fault', 'a filing of tomorrow');
SELECT bag_eq($$ SELECT pg_temp.refused($q$ SELECT aidcase.file_relatives('{"staff": "x-clerk", "declared_on": "2019-12-31", "relatives": []}') $q$) $$,
    ARRAY['staff: holds no post on that day'], 'a filing from before the post');
SELECT ok(file_relatives('{"staff": "x-clerk", "declared_on": "2021-01-10", "relatives": [
    {"relation": "parent", "citizen_id": "340702194608080342", "name": "戊"}, {"relation": "sibling", "citizen_id": "340702198001010055", "name": "己"}]}')
    IS NOT NULL, 'a filing of two');
SELECT ok(file_relatives('{"staff": "x-visitor1", "declared_on": "2021-01-11", "relatives": []}') IS NOT NULL, 'a nil return');
SELECT results_eq($$ SELECT s.staff_no, u.unit_code, f.nil_return, f.received_by = pg_temp.staff('x-clerk'),
        (SELECT count(*) FROM relative_filing AS r WHERE r.filing_id = f.filing_id AND r.staff_id = f.staff_id)
        FROM staff_filing AS f JOIN staff AS s USING (staff_id) JOIN unit AS u USING (unit_id)
       WHERE f.declared_on IN ('2021-01-10', '2021-01-11') ORDER BY f.declared_on $$,
    $$ VALUES ('x-clerk', '340705100', false, true, 2::bigint), ('x-visitor1', '340705100', true, true, 0) $$, 'both are recorded');
SELECT bag_eq($$ SELECT pg_temp.refused($q$ SELECT aidcase.file_relatives('{"staff": "x-clerk", "declared_on": "2021-01-10", "relatives": []}') $q$) $$,
    ARRAY['declared_on: has a declaration of this member of staff already'], 'one declaration a day');
SELECT throws_ok($$ INSERT INTO relative_filing (filing_id, staff_id, relation, citizen_id, name)
    SELECT filing_id, pg_temp.staff('x-leader'), 'child', '340702199009090066', 'x' FROM staff_filing ORDER BY filing_id LIMIT 1 $$,
    '23503', NULL, 'a relative belongs to the member of staff who declared');
SELECT is(file_officials('{"unit": "340705100", "declared_on": "2021-01-12", "officials": [
    {"citizen_id": "340702195502020178", "name": "庚", "employer": "某局"}]}'), 1, 'an official');
SELECT bag_eq($$ SELECT pg_temp.refused($q$ SELECT aidcase.file_officials('{"unit": "34070510", "declared_on": "2021-01-12", "officials": [
    {"citizen_id": "340702195502020178", "name": "庚", "employer": "某局"}, {"citizen_id": "340702199009090066", "name": "辛", "employer": "某局"},
    {"citizen_id": "340702199009090066", "name": "辛", "employer": ""}]}') $q$) $$,
    ARRAY['unit: is no unit of this register', 'officials[0].citizen_id: was already declared on that day', 'officials[2].citizen_id: is listed twice',
          'officials[2].employer: must not be empty'], 'officials with all faults');
SELECT throws_ok($$ SELECT file_officials('{"unit": "340705100", "declared_on": "2021-01-12", "officials": []}') $$, 'ZA007',
    'the filing has 1 fault', 'nobody to file');

-- ---------------------------------------------------------------------
-- The member arrives last
SELECT pg_temp.household('{340702194608080342,340702197001010018}') AS r1 \gset
SELECT results_eq(format('SELECT * FROM pg_temp.flags(%s)', :r1),
    $$ VALUES ('340702194608080342', 'relative_of_handler', 'x-clerk', 'parent', false, 'open'),
              ('340702194608080342', 'relative_of_staff', 'x-clerk', 'parent', false, 'open') $$,
    'a relative of the handling officer');
SELECT results_eq(format('SELECT DISTINCT known_at, source FROM conflict_flag WHERE round_id = %s', :r1),
    $$ VALUES (timestamptz '2021-04-06 09:00+08', 'relative_filing') $$, 'known at the moment, with the filing as source');
SELECT pg_temp.household('{340702198001010055}', 'no', 'x-clerk2') AS r2 \gset
SELECT results_eq(format('SELECT * FROM pg_temp.flags(%s)', :r2),
    $$ VALUES ('340702198001010055', 'false_statement', 'x-clerk', 'sibling', false, 'open'),
              ('340702198001010055', 'relative_of_staff', 'x-clerk', 'sibling', false, 'open') $$,
    'a relative of other staff, who said there was none');
SELECT pg_temp.household('{340702195502020178}', 'yes') AS r3 \gset
SELECT results_eq(format('SELECT * FROM pg_temp.flags(%s)', :r3),
    $$ VALUES ('340702195502020178', 'public_official', NULL, 'self', false, 'open') $$, 'a public official');
SELECT pg_temp.household('{340702197203050229}', 'no') AS r4 \gset
SELECT is_empty(format('SELECT * FROM pg_temp.flags(%s)', :r4), 'nobody in particular');
SELECT set_eq(format('SELECT round_id FROM certainty_round WHERE round_id IN (%s, %s, %s, %s)', :r1, :r2, :r3, :r4),
    ARRAY[:r1, :r2, :r3]::bigint[], 'the flagged rounds are drawn with certainty');

-- The filing arrives last
SELECT pg_temp.household('{340702199009090066}', 'no', 'x-leader') AS r5 \gset
SELECT is_empty(format('SELECT * FROM pg_temp.flags(%s)', :r5), 'not yet filed');
SET LOCAL session_replication_role = replica;
UPDATE case_round SET accepted_on = '2021-04-07' WHERE round_id = :r5;
SET LOCAL session_replication_role = origin;
SET LOCAL aidcase.clock = '2021-05-10 09:00+08';
SELECT ok(file_relatives('{"staff": "x-leader", "declared_on": "2021-05-10", "relatives": [{"relation": "child", "citizen_id": "340702199009090066", "name": "辛"}]}')
    IS NOT NULL, 'a filing comes');
SELECT results_eq(format('SELECT * FROM pg_temp.flags(%s)', :r5),
    $$ VALUES ('340702199009090066', 'false_statement', 'x-leader', 'child', true, 'open'),
              ('340702199009090066', 'relative_of_handler', 'x-leader', 'child', true, 'open'),
              ('340702199009090066', 'relative_of_staff', 'x-leader', 'child', true, 'open') $$, 'and flags the older round, as filed late');
SELECT is(file_officials('{"unit": "340705100", "declared_on": "2021-05-10", "officials": [{"citizen_id": "340702199009090066", "name": "辛", "employer": "某局"},
    {"citizen_id": "340702195502020178", "name": "庚", "employer": "某局"}]}'), 2, 'officials come');
SELECT results_eq(format('SELECT flag_type, late FROM pg_temp.flags(%s) WHERE flag_type = ''public_official''', :r5),
    $$ VALUES ('public_official', true) $$, 'the new one flags');
SELECT results_eq(format('SELECT count(*) FROM pg_temp.flags(%s)', :r3), $$ VALUES (1::bigint) $$, 'the repeated one does not');

-- The member of staff arrives last
SELECT pg_temp.household('{340702200509100131}') AS r6 \gset
SELECT is_empty(format('SELECT * FROM pg_temp.flags(%s)', :r6), 'not of the staff');
INSERT INTO staff (staff_no, name, citizen_id, employed) VALUES ('c-new', '新人', '340702200509100131', '[2021-05-01,)');
SELECT results_eq(format('SELECT * FROM pg_temp.flags(%s)', :r6),
    $$ VALUES ('340702200509100131', 'beneficiary_is_staff', 'c-new', 'self', false, 'open') $$, 'a new member of staff flags the own case');
UPDATE staff SET citizen_id = '340702197203050229' WHERE staff_no = 'x-leader';
SELECT results_eq(format('SELECT * FROM pg_temp.flags(%s)', :r4),
    $$ VALUES ('340702197203050229', 'beneficiary_is_staff', 'x-leader', 'self', false, 'open') $$, 'so does a number that is entered later');

-- The handling officer arrives last
SELECT pg_temp.household('{340702194608080342}', 'yes', 'x-clerk2') AS r7 \gset
SELECT results_eq(format('SELECT flag_type FROM pg_temp.flags(%s)', :r7), $$ VALUES ('relative_of_staff') $$, 'handled by somebody else');
UPDATE case_round SET handler_id = pg_temp.staff('x-clerk') WHERE round_id = :r7;
SELECT results_eq(format('SELECT flag_type FROM pg_temp.flags(%s)', :r7), $$ VALUES ('relative_of_handler'), ('relative_of_staff') $$, 'taken over by the relative');
SELECT is_empty('SELECT * FROM pg_temp.differences()', 'the flags are what the definition demands');

-- ---------------------------------------------------------------------
-- Entered by mistake
UPDATE case_member SET void = true WHERE round_id = :r5;
SELECT results_eq(format('SELECT DISTINCT state FROM pg_temp.flags(%s)', :r5), $$ VALUES ('void') $$, 'flags of a void member are void');
SELECT is_empty(format('SELECT round_id FROM certainty_round WHERE round_id = %s', :r5), 'and count for no draw');
UPDATE case_member SET void = false WHERE round_id = :r5;
SELECT results_eq(format('SELECT DISTINCT state FROM pg_temp.flags(%s)', :r5), $$ VALUES ('open') $$, 'and open again with the member');
UPDATE case_member SET citizen_id = NULL WHERE round_id = :r3;
SELECT results_eq(format('SELECT DISTINCT state FROM conflict_flag WHERE round_id = %s', :r3), $$ VALUES ('void') $$, 'a number entered by mistake takes its flags along');
UPDATE case_member SET citizen_id = '340702195502020178' WHERE round_id = :r3;
SELECT results_eq(format('SELECT flag_type, state FROM pg_temp.flags(%s)', :r3), $$ VALUES ('public_official', 'open') $$, 'the right one brings its own');
UPDATE case_member SET official_kin = 'no' WHERE round_id = :r1;
SELECT results_eq(format('SELECT flag_type FROM pg_temp.flags(%s)', :r1),
    $$ VALUES ('false_statement'), ('relative_of_handler'), ('relative_of_staff') $$, 'a statement that becomes false');
UPDATE conflict_flag SET state = 'explained' WHERE round_id = :r3;
UPDATE case_member SET health = 'chronic' WHERE round_id = :r3;
SELECT results_eq(format('SELECT state FROM pg_temp.flags(%s)', :r3), $$ VALUES ('explained') $$, 'other changes leave an explained flag alone');

-- ---------------------------------------------------------------------
-- Declarations replace each other
SET LOCAL aidcase.clock = '2021-05-11 09:00+08';
SELECT ok(file_relatives('{"staff": "x-clerk", "declared_on": "2021-05-11", "relatives": [{"relation": "parent", "citizen_id": "340702194608080342", "name": "戊"}]}')
    IS NOT NULL, 'a later declaration repeats one relative and leaves out the other');
SELECT results_eq(format('SELECT count(*) FROM pg_temp.flags(%s) WHERE flag_type = ''relative_of_staff''', :r1), $$ VALUES (1::bigint) $$, 'the repetition raises nothing');
SELECT results_eq(format('SELECT DISTINCT state FROM pg_temp.flags(%s)', :r2), $$ VALUES ('open') $$, 'older flags stay');
SELECT pg_temp.household('{340702198001010055,340702194608080342}') AS r8 \gset
SELECT results_eq(format('SELECT citizen, flag_type FROM pg_temp.flags(%s)', :r8),
    $$ VALUES ('340702194608080342', 'relative_of_handler'), ('340702194608080342', 'relative_of_staff'),
              ('340702198001010055', 'relative_of_handler'), ('340702198001010055', 'relative_of_staff') $$,
    'a relative by blood stays one, whether or not repeated');
SELECT act_as(pg_temp.staff('x-clerk2')) AS acts \gset
UPDATE staff SET employed = '[2020-01-01,2021-05-01)' WHERE staff_no = 'x-clerk';
SELECT pg_temp.household('{340702194608080342}', 'yes', 'x-clerk2') AS r9 \gset
SELECT is_empty(format('SELECT * FROM pg_temp.flags(%s)', :r9), 'who left the service before is no conflict');
UPDATE staff SET employed = '[2020-01-01,)' WHERE staff_no = 'x-clerk';
SELECT act_as(pg_temp.staff('x-clerk')) AS acts \gset
SELECT results_eq(format('SELECT flag_type FROM pg_temp.flags(%s)', :r9), $$ VALUES ('relative_of_staff') $$, 'unless the person was in service after all');

-- ---------------------------------------------------------------------
-- The sweep
SELECT is_empty('SELECT * FROM pg_temp.differences()', 'the flags are what the definition demands, again');
SELECT results_eq('SELECT * FROM conflict_sweep()', $$SELECT count(*), 0::bigint, 0::bigint, 0::bigint FROM conflict_flag WHERE state <> 'void'$$, 'the sweep finds the same and changes nothing');
ALTER TABLE case_member DISABLE TRIGGER "~7_match";
ALTER TABLE relative_filing DISABLE TRIGGER "~7_match";
SELECT pg_temp.household('{340702194608080342,340702199009090066}', 'no', 'x-leader') AS r10 \gset
SELECT is_empty(format('SELECT * FROM pg_temp.flags(%s)', :r10), 'without triggers no flags');
ALTER TABLE case_member ENABLE TRIGGER "~7_match";
ALTER TABLE relative_filing ENABLE TRIGGER "~7_match";
SELECT pg_temp.household('{340702194608080342,340702199009090066}', 'no', 'x-leader') AS r11 \gset
SELECT results_eq('SELECT added FROM conflict_sweep()', format('SELECT count(*) FROM conflict_flag WHERE round_id = %s', :r11), 'the sweep adds what was missed');
SELECT results_eq(format('SELECT * FROM pg_temp.flags(%s)', :r10), format('SELECT * FROM pg_temp.flags(%s)', :r11), 'just as the triggers would have');

-- ---------------------------------------------------------------------
-- Who enters a fact learns nothing of flags
CREATE FUNCTION pg_temp.as_role(name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', name);
    EXECUTE statement INTO answer;
    RESET ROLE;
    RETURN answer;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN 'denied';
END
$$;
SELECT ok(pg_temp.as_role('t_clerk', $$ SELECT f.round_id FROM aidcase.file_case('{"unit": "340705100", "village": "340705100201", "residence": "rural",
    "channel": "on_site", "members": [{"key": "m1", "name": "戊", "citizen_id": "340702194608080342", "relation": "head", "applicant": true, "work_ability": "able"}]}') AS f $$)
    ~ '^[0-9]+$', 'a clerk files the household of a relative');
SELECT results_eq($$ SELECT flag_type FROM conflict_flag WHERE round_id = (SELECT max(round_id) FROM case_round) AND flag_type <> 'concentration' ORDER BY 1 $$,
    $$ VALUES ('relative_of_handler'), ('relative_of_staff') $$, 'it is flagged');
SELECT results_eq($$ SELECT r, pg_temp.as_role('t_clerk', format('SELECT count(*) FROM aidcase.%I', r))
        FROM unnest(ARRAY['conflict_flag', 'staff_kin', 'certainty_round', 'conflict_party', 'round_actor', 'flag_closing', 'staff_contact']) AS r $$,
    $$ VALUES ('conflict_flag', 'denied'), ('staff_kin', 'denied'), ('certainty_round', 'denied'), ('conflict_party', 'denied'), ('round_actor', 'denied'), ('flag_closing', 'denied'), ('staff_contact', 'denied') $$, 'and the clerk sees none of it');
SELECT is(pg_temp.as_role('t_clerk', $$ SELECT aidcase.refresh_flags('{}') $$), 'denied', 'nor may call what raises flags');
SELECT ok(NOT coalesce((pg_temp.as_role('t_clerk', format('SELECT aidcase.case_file(%s)', (SELECT max(case_id) FROM aid_case)))::jsonb #> '{rounds,0}') ? 'conflict_flag', true),
    'nor finds them in the file');

SELECT * FROM finish();
ROLLBACK;
