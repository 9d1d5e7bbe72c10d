-- Organisation: units and their tree over time, staff and posts, delegations,
-- review groups; who acts, for whom, and how a session hears of changes.
SET search_path = aidcase, tap, public;

-- act_as() lasts for one transaction.  (Nothing is written here.)
BEGIN;
SET LOCAL SESSION AUTHORIZATION t_town;
SELECT act_as((SELECT staff_id FROM staff WHERE staff_no = 'x-clerk')) AS declared,
       current_setting('aidcase.actor') <> '' AS setting \gset
COMMIT;
SELECT current_setting('aidcase.actor') AS later \gset

BEGIN;
SELECT plan(114);

-- What a login gets for a query, as text.
CREATE FUNCTION pg_temp.ask(login text, query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
    EXECUTE query INTO answer;
    RESET SESSION AUTHORIZATION;
    RETURN answer;
END
$$;
-- DETAIL of the error that a command ends in.
CREATE FUNCTION pg_temp.detail(login text, command text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM pg_temp.ask(login, command);
    RETURN '(no error)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END
$$;
CREATE FUNCTION pg_temp.staff(number text) RETURNS bigint
LANGUAGE sql AS 'SELECT staff_id FROM aidcase.staff WHERE staff_no = number';

SET LOCAL aidcase.clock = '2021-05-06 09:00+08';

-- ---------------------------------------------------------------------
-- Units

SELECT is((SELECT count(*) FROM unit_now), 74::bigint, 'units of Tongguan: the district, 23 units, 50 committees');
SELECT results_eq('SELECT level, count(*) FROM unit_now GROUP BY level ORDER BY level COLLATE "C"',
    $$VALUES ('district', 1::bigint), ('unit', 23), ('village', 50)$$, 'levels');
SELECT results_eq($$SELECT unit_code, name FROM unit_now WHERE unit_code IN
        ('340705005', '340705006', '340705100', '340705402', '340705403', '340705407') ORDER BY 1$$,
    $$VALUES ('340705005', '东郊办事处'), ('340705006', '新城办事处'), ('340705100', '西湖镇'),
             ('340705402', '天井湖社区'), ('340705403', '映湖社区'), ('340705407', '官塘社区')$$,
    'the units that the notice names, by its names');
SELECT is((SELECT parent_code FROM unit_now WHERE unit_code = '340705100201'), '340705100', 'the unit above is that of the longest code');
SELECT is((SELECT parent_code FROM unit_now WHERE unit_code = '340705'), NULL, 'the district has none above');
SELECT is(unit_id('340705'), district_id(), 'the district of the register');
SELECT throws_ok($$SELECT unit_id('999999')$$, '22023', 'there is no unit "999999"');
SELECT throws_ok('SELECT unit_id(NULL)', '22023', 'there is no unit NULL');
SELECT is((SELECT count(*) FROM units_on('1999-12-31')), 0::bigint, 'no unit before its first period');

SELECT is(set_units('[{"code": "340705100201", "kind": "village_committee", "name": "柴塘村委会", "parent": "340705005"},
                      {"code": "340705100202", "kind": "village_committee", "name": "新跃进村委会"},
                      {"code": "340705100203", "kind": "village_committee", "name": "朝山村委会"},
                      {"code": "340705600", "kind": "office", "name": "新设办事处"},
                      {"code": "340705600001", "kind": "residents_committee", "name": "新设社区居委会"}]', '2021-06-01'),
          4, 'one moved, one renamed, one as it was, two new');
SELECT results_eq($$SELECT unit_code, name, parent_code FROM units_on('2021-05-31') WHERE unit_code IN ('340705100201', '340705100202', '340705600') ORDER BY 1$$,
    $$VALUES ('340705100201', '柴塘村委会', '340705100'), ('340705100202', '跃进村委会', '340705100')$$, 'the day before: the old tree');
SELECT results_eq($$SELECT unit_code, name, parent_code FROM units_on('2021-06-01') WHERE unit_code IN ('340705100201', '340705100202', '340705600', '340705600001') ORDER BY 1$$,
    $$VALUES ('340705100201', '柴塘村委会', '340705005'), ('340705100202', '新跃进村委会', '340705100'),
             ('340705600', '新设办事处', '340705'), ('340705600001', '新设社区居委会', '340705600')$$, 'from that day: the new one');
SELECT is(set_units('[{"code": "340705100203", "kind": "village_committee", "name": "朝山村委会"}]', '2021-07-01'), 0,
          'what does not differ is not written');
SELECT throws_ok($$SELECT set_units('[{"code": "34070510", "kind": "hamlet", "name": " "}, {"code": "340705404", "kind": "town", "name": "x", "parent": "111111"},
                                      {"code": "340705404", "kind": "direct_community", "name": "五松社区", "colour": "red"},
                                      {"code": "340705600", "kind": "office", "name": "y"}]', '2021-06-01')$$,
    'ZA007', 'the list of units has 8 faults', 'faulty units are refused');
SELECT is(pg_temp.detail('postgres', $$SELECT set_units('[{"code": "34070510", "kind": "hamlet", "name": " "}, {"code": "340705404", "kind": "town", "name": "x", "parent": "111111"},
                                      {"code": "340705404", "kind": "direct_community", "name": "五松社区", "colour": "red"},
                                      {"code": "340705600", "kind": "office", "name": "y"}]', '2021-06-01')$$),
    'units[0].code: must have 6, 9 or 12 digits
units[0].kind: must be one of city, district, town, office, direct_community, zone, residents_committee, village_committee, zone_community
units[0].name: must not be empty
units[1].kind: differs from that of the unit with this code
units[1].parent: is no unit
units[2].code: is listed twice
units[2].colour: is not a key of this document
units[3]: has a name and place from 2021-06-01 on, which must be before the date of the change', 'all faults, with their paths');
SELECT throws_ok('SELECT set_units(NULL, NULL)', 'ZA007', 'the list of units has 2 faults');
SELECT throws_ok($$UPDATE unit_period SET parent_id = unit_id('340705100201') WHERE unit_id = unit_id('340705100')$$,
    '23514', 'a unit cannot be placed below a unit of its own or a lower level', 'the tree has no circles');
SELECT throws_ok($$UPDATE unit SET unit_kind = 'district' WHERE unit_code = '340705100'$$,
    '55000', 'code and level of unit "340705100" cannot be changed');
SELECT throws_ok('DELETE FROM unit', 'ZA006', NULL, 'units are kept for good');

SELECT ok(unit_below(unit_id('340705100201'), unit_id('340705100'), '2021-05-31'), 'unit_below: in the old tree');
SELECT ok(NOT unit_below(unit_id('340705100201'), unit_id('340705100'), '2021-06-01'), 'unit_below: not in the new one');
SELECT ok(unit_below(unit_id('340705100201'), unit_id('340705'), '2021-06-01'), 'unit_below: by two steps');
SELECT ok(unit_below(unit_id('340705100'), unit_id('340705100'), '2021-06-01'), 'unit_below: a unit itself');
SELECT ok(NOT unit_below(unit_id('340705'), unit_id('340705100'), '2021-06-01'), 'unit_below: not upwards');
SELECT ok(NOT unit_below(unit_id('340705600'), unit_id('340705'), '2021-05-31'), 'unit_below: not before it existed');
SELECT ok(NOT unit_below(-1, unit_id('340705'), '2021-05-31'), 'unit_below: a number without unit');
SELECT is(unit_below(NULL, 1, '2021-05-31'), NULL, 'unit_below: strict');

-- ---------------------------------------------------------------------
-- Staff and posts

SELECT throws_ok($$SELECT enrol_staff('{"staff_no": "a b", "citizen_id": "340705198001010012", "login": "nobody_here", "employed_from": "2021-02-30", "posts":
        [{"unit": "340705999", "post": "mayor", "from": "x"}, {"unit": "340705100201", "post": "clerk", "from": "2021-04-01", "to": "2021-03-01", "rank": 1}]}')$$,
    'ZA007', 'the staff document has 11 faults');
SELECT is(pg_temp.detail('postgres', $$SELECT enrol_staff('{"staff_no": "a b", "citizen_id": "340705198001010012", "login": "nobody_here", "employed_from": "2021-02-30", "posts":
        [{"unit": "340705999", "post": "mayor", "from": "x"}, {"unit": "340705100201", "post": "clerk", "from": "2021-04-01", "to": "2021-03-01", "rank": 1}]}')$$),
    'citizen_id: ' || citizen_id_fault('340705198001010012') || '
employed_from: must be a date such as 2021-04-06
login: is no login role of this cluster
name: is missing
posts[0].from: must be a date such as 2021-04-06
posts[0].post: must be one of ' || (SELECT string_agg(post, ', ' ORDER BY sort) FROM post) || '
posts[0].unit: is no unit
posts[1].post: is held at level unit, and the unit is of level village
posts[1].rank: is not a key of this document
posts[1].to: is before the first day
staff_no: must be 1 to 40 letters, digits, hyphens or underscores', 'all faults of a person, and no personal value');
SELECT throws_ok('SELECT enrol_staff(NULL)', 'ZA007', 'the staff document has 1 fault');
SELECT throws_ok($$SELECT enrol_staff('[]')$$, 'ZA007', 'the staff document has 1 fault');

SELECT ok(enrol_staff('{"staff_no": "n-1", "name": "新人", "citizen_id": "340705198001010011", "employed_from": "2021-03-01", "posts":
        [{"unit": "340705100", "post": "clerk", "from": "2021-04-01", "to": "2021-12-31"}, {"unit": "340705404", "post": "clerk", "from": "2021-06-01"}]}')
    = pg_temp.staff('n-1'), 'a new person');
SELECT results_eq($$SELECT u.unit_code, h.post, h.valid FROM staff_post AS h JOIN unit AS u USING (unit_id) WHERE staff_id = pg_temp.staff('n-1') ORDER BY 1$$,
    $$VALUES ('340705100', 'clerk', '[2021-04-01,2022-01-01)'::daterange), ('340705404', 'clerk', '[2021-06-01,)')$$, '"to" is the last day');
SELECT is((SELECT employed FROM staff WHERE staff_no = 'n-1'), '[2021-03-01,)'::daterange, 'employed from that day on');
SELECT max(entry_no) AS entry FROM (SELECT entry_no FROM staff UNION ALL SELECT entry_no FROM staff_post) AS e \gset
SELECT is(enrol_staff('{"staff_no": "n-1", "name": "新人", "citizen_id": "340705198001010011", "employed_from": "2021-03-01", "posts":
        [{"unit": "340705100", "post": "clerk", "from": "2021-04-01", "to": "2021-12-31"}, {"unit": "340705404", "post": "clerk", "from": "2021-06-01"}]}'),
    pg_temp.staff('n-1'), 'the same document again');
SELECT is((SELECT max(entry_no) FROM (SELECT entry_no FROM staff UNION ALL SELECT entry_no FROM staff_post) AS e), :entry::bigint, 'writes nothing');
SELECT lives_ok($$SELECT enrol_staff('{"staff_no": "n-1", "phone": "0562-0000000", "posts": [{"unit": "340705100", "post": "investigator", "from": "2021-05-01"}]}')$$,
    'a known person gets a phone and a further post');
SELECT is((SELECT name || '/' || phone || '/' || (SELECT count(*) FROM staff_post AS h WHERE h.staff_id = s.staff_id) FROM staff AS s WHERE staff_no = 'n-1'),
    '新人/0562-0000000/3', 'and keeps the rest');
SELECT is(pg_temp.detail('postgres', $$SELECT enrol_staff('{"staff_no": "n-1", "citizen_id": "340705198102020024", "employed_from": "2021-01-01", "login": "t_clerk", "posts":
        [{"unit": "340705100", "post": "clerk", "from": "2021-12-31"}, {"unit": "340705100", "post": "unit_leader", "from": "2021-02-01"},
         {"unit": "340705404", "post": "surveyor", "from": "2021-07-01"}, {"unit": "340705404", "post": "surveyor", "from": "2021-06-01", "to": "2021-07-01"}]}')$$),
    'citizen_id: differs from that of the person with this staff number
employed_from: differs from the recorded day 2021-03-01
login: is that of another member of staff
posts[0]: overlaps the same post held from 2021-04-01 to 2021-12-31
posts[1]: is not within the time of employment
posts[2].provider: is missing
posts[3]: overlaps one that is listed before
posts[3].provider: is missing', 'a known person cannot become another one');
SELECT is(pg_temp.detail('postgres', $$SELECT enrol_staff('{"staff_no": "n-2", "name": "z", "citizen_id": "340705198001010011", "employed_from": "2021-03-01"}')$$),
    'citizen_id: is that of another member of staff', 'one person, one staff number');

SELECT lives_ok($$SELECT end_post('n-1', '340705100', 'clerk', '2021-05-06')$$, 'a post ends');
SELECT is((SELECT valid FROM staff_post WHERE staff_id = pg_temp.staff('n-1') AND unit_id = unit_id('340705100') AND post = 'clerk'),
    '[2021-04-01,2021-05-06)'::daterange, 'the date is the first day without it');
SELECT throws_ok($$SELECT end_post('n-1', '340705100', 'clerk', '2021-05-06')$$, '22023', 'there is no such post to end', 'it does not end twice');
SELECT throws_ok($$SELECT end_post('n-1', '340705404', 'clerk', '2021-06-01')$$, '22023', 'there is no such post to end', 'nor on its first day');
SELECT throws_ok($$SELECT end_post(NULL, NULL, NULL, NULL)$$, '22023', 'there is no such post to end');
SELECT throws_ok($$SELECT pg_temp.ask('t_clerk', $q$SELECT enrol_staff('{"staff_no": "n-3", "name": "z", "employed_from": "2021-03-01"}')$q$)$$,
    '42501', NULL, 'a clerk enrols nobody');
SELECT throws_ok($$SELECT pg_temp.ask('t_clerk', $q$SELECT end_post('x-clerk2', '340705100', 'clerk', '2021-05-06')$q$)$$,
    '42501', NULL, 'and ends no post');
SELECT isnt(pg_temp.ask('t_admin', $$SELECT enrol_staff('{"staff_no": "n-3", "name": "z", "employed_from": "2021-03-01"}')$$), NULL, 'an administrator does');

-- ---------------------------------------------------------------------
-- Delegations

SELECT is((SELECT count(*) FROM delegation), 24::bigint, 'four programmes to six units');
SELECT results_eq($$SELECT u.unit_code, d.pilot, d.valid, p.doc_no FROM delegation AS d JOIN unit AS u USING (unit_id)
                      JOIN policy_document AS p USING (document_id) WHERE d.programme = 'dibao' ORDER BY 1$$,
    $$SELECT v.*, '[2021-04-02,)'::daterange, '办发〔2021〕15号' FROM (VALUES ('340705005', false), ('340705006', false), ('340705100', false),
        ('340705402', true), ('340705403', true), ('340705407', true)) AS v$$, 'the first batch and the pilots of the notice');
SELECT is((SELECT count(*) FROM delegate('340705404', '{dibao,tekun}', '2021-06-01', '办发〔2021〕15号', true, '2021-12-31')), 2::bigint, 'delegate');
SELECT is((SELECT array_agg(DISTINCT valid) FROM delegation WHERE unit_id = unit_id('340705404')), ARRAY['[2021-06-01,2022-01-01)'::daterange], 'to the last day');
SELECT throws_ok($$SELECT delegate('340705404', '{dibao,alms,dibao}', '2021-07-01', '办发〔2000〕1号', NULL, '2021-06-30')$$, 'ZA007', 'the delegation has 5 faults');
SELECT is(pg_temp.detail('postgres', $$SELECT delegate('340705404', '{dibao,alms,dibao}', '2021-07-01', '办发〔2021〕15号', false)$$),
    'programmes[0]: is entrusted to this unit already, from 2021-06-01 to 2021-12-31
programmes[1]: must be one of dibao, tekun, temp_assistance, low_income, rigid_expense
programmes[2]: is entrusted to this unit already, from 2021-06-01 to 2021-12-31
programmes[2]: is listed twice', 'all faults of a delegation');
SELECT is(pg_temp.detail('postgres', $$SELECT delegate('340705100201', '{dibao}', '2021-01-01', '办发〔2021〕15号')$$),
    'document_no: is not in force on the first day
unit: must be a town, office, directly administered community or zone', 'only units, only while the document is in force');
SELECT throws_ok($$SELECT delegate(NULL, NULL, NULL, NULL)$$, 'ZA007', 'the delegation has 4 faults');
SELECT is(pg_temp.detail('postgres', $$SELECT delegate('340705405', '{dibao}', 'infinity', '办发〔2021〕15号', valid_to => 'infinity')$$),
    'valid_from: must be a calendar date
valid_to: must be a calendar date; leave it out for no end', 'a delegation has calendar dates');
SELECT throws_ok($$SELECT suspend_delegation('340705404', 'dibao', 'infinity', 'x')$$, '22023', 'there is no such delegation to suspend', 'nor is it suspended at the end of time');
SELECT throws_ok($$SELECT end_post('x-clerk2', '340705100', 'clerk', 'infinity')$$, '22023', 'there is no such post to end', 'nor does a post end there');
SELECT throws_ok($$SELECT make_review_group('340705405', 'x', 'infinity', '[{"staff": "x-clerk", "capacity": "clerk"}]')$$, 'ZA007', NULL, 'nor does a review group begin there');
SELECT throws_ok($$SELECT set_units('[{"code": "340705999", "kind": "town", "name": "x"}]', 'infinity')$$, 'ZA007', NULL, 'nor a unit');
SELECT lives_ok($$SELECT suspend_delegation('340705404', 'dibao', '2021-08-01', '抽查差错率超标')$$, 'a delegation is suspended');
SELECT is((SELECT valid::text || ended_reason FROM delegation WHERE unit_id = unit_id('340705404') AND programme = 'dibao'),
    '[2021-06-01,2021-08-01)抽查差错率超标', 'from that day on, with the reason');
SELECT throws_ok($$SELECT suspend_delegation('340705404', 'dibao', '2021-08-01', 'x')$$, '22023', 'there is no such delegation to suspend');
SELECT throws_ok($$SELECT suspend_delegation('340705404', 'tekun', '2021-08-01', ' ')$$, '22023', 'a delegation is not suspended without a reason');
SELECT throws_ok($$SELECT pg_temp.ask('t_leader', $q$SELECT delegate('340705405', '{dibao}', '2021-06-01', '办发〔2021〕15号')$q$)$$, '42501', NULL,
    'a unit entrusts itself with nothing');
SELECT throws_ok($$SELECT pg_temp.ask('t_leader', $q$UPDATE aidcase.delegation SET valid = '[2021-04-02,)'$q$)$$, '42501', NULL, 'by no path');

-- ---------------------------------------------------------------------
-- Review groups

SELECT lives_ok($$SELECT make_review_group('340705100', '新一届小组', '2021-06-01', '[{"staff": "x-group1", "capacity": "party_lead"},
                    {"staff": "x-clerk", "capacity": "clerk", "counts_to_quorum": false}]')$$, 'a new group');
SELECT results_eq($$SELECT g.valid, count(*), count(*) FILTER (WHERE m.counts_to_quorum), count(DISTINCT m.valid) FROM review_group AS g JOIN review_group_member AS m USING (group_id)
                     WHERE g.unit_id = unit_id('340705100') GROUP BY g.valid ORDER BY 1$$,
    $$VALUES ('[2020-01-01,2021-06-01)'::daterange, 4::bigint, 4::bigint, 1::bigint), ('[2021-06-01,)', 2, 1, 1)$$, 'ends the former one');
SELECT is(pg_temp.detail('postgres', $$SELECT make_review_group('340705100', ' ', '2021-06-01', '[{"staff": "nobody", "capacity": "chair"},
                    {"staff": "x-clerk", "capacity": "clerk", "counts_to_quorum": "yes"}, {"staff": "x-clerk", "capacity": "clerk"}]')$$),
    'members[0].capacity: must be one of party_lead, government_lead, department, clerk
members[0].staff: is no staff number
members[1].counts_to_quorum: must be true or false
members[2].staff: is listed twice
name: must not be empty
valid_from: must be after 2021-06-01, when the present group began', 'all faults of a group');
SELECT throws_ok($$SELECT make_review_group('340705405', 'x', '2021-06-01', '[{"staff": "x-clerk", "capacity": "clerk", "counts_to_quorum": false}]')$$,
    'ZA007', 'the review group has 1 fault', 'somebody must count');
SELECT throws_ok($$SELECT make_review_group(NULL, NULL, NULL, NULL)$$, 'ZA007', 'the review group has 4 faults');

-- ---------------------------------------------------------------------
-- Who acts

SELECT is(:'declared' || :'setting' || :'later', 'x-clerkt', 'act_as() ends with its transaction');
SELECT is(current_staff(), NULL, 'a login without staff: nobody');
SELECT is(my_units(), '{}', 'sees nothing');
SELECT is(pg_temp.ask('t_stranger', 'SELECT my_units()'), '{}', 'nor does a login without any role');
SELECT is(pg_temp.ask('t_clerk', 'SELECT current_staff()'), pg_temp.staff('x-clerk')::text, 'a login of staff: that person');
SELECT is(pg_temp.ask('t_clerk', 'SELECT my_units()')::bigint[],
    ARRAY(SELECT unit_id FROM unit_now WHERE unit_code LIKE '340705100%' ORDER BY unit_id), 'sees the unit and its committees');
SELECT is(pg_temp.ask('t_committee', 'SELECT my_units()')::bigint[], ARRAY[unit_id('340705100201')], 'a committee sees itself');
SELECT is(pg_temp.ask('t_bureau', 'SELECT my_units()')::bigint[], ARRAY(SELECT unit_id FROM unit_now ORDER BY unit_id), 'the bureau sees all units');
SELECT is(pg_temp.ask('t_clerk', $$SET LOCAL aidcase.clock = '2021-06-01 09:00+08'; SELECT my_units()$$)::bigint[],
    ARRAY(SELECT unit_id FROM units_on('2021-06-01') WHERE unit_code LIKE '340705100%' AND unit_code <> '340705100201' ORDER BY unit_id),
    'after the move of a village: without it');
SELECT is(pg_temp.ask('t_clerk', $$SET LOCAL aidcase.clock = '2019-12-31 23:59:59.999999+08'; SELECT my_units()$$), '{}', 'before the post began: nothing');
SELECT is(pg_temp.ask('t_clerk', $$SET LOCAL aidcase.clock = '2020-01-01 00:00+08'; SELECT cardinality(my_units())$$), '15', 'from its first midnight on: the unit');
SET LOCAL aidcase.clock = '2021-05-06 09:00+08';
SELECT is(pg_temp.ask('t_clerk', $$SELECT format('%s %s %s %s %s', has_post('clerk', unit_id('340705100'), '2021-05-06'), has_post('clerk', unit_id('340705100202'), '2021-05-06'),
        has_post('clerk', unit_id('340705005'), '2021-05-06'), has_post('unit_leader', unit_id('340705100'), '2021-05-06'), has_post('clerk', unit_id('340705100'), '2019-12-31'))$$),
    't t f f f', 'has_post: at the unit or above it, on that day');

SELECT throws_ok($$SELECT pg_temp.ask('t_clerk', 'SELECT act_as(1)')$$, '42501', 'permission denied to act as a member of staff', 'only a gateway acts for others');
SELECT throws_ok($$SELECT pg_temp.ask('t_town', 'SELECT act_as(-1)')$$, '42501', 'permission denied to act as this member of staff', 'nobody has this number');
SELECT throws_ok(format($$SELECT pg_temp.ask('t_town', 'SELECT act_as(%s)')$$, pg_temp.staff('b-clerk')), '42501', NULL, 'a town''s gateway cannot act for the bureau');
SELECT is(pg_temp.detail('t_town', format('SELECT act_as(%s)', pg_temp.staff('b-clerk'))),
    'Post "bureau_clerk" needs membership in role "aidcase_bureau", which login "t_town" does not have.
Post "bureau_leader" needs membership in role "aidcase_bureau", which login "t_town" does not have.', 'and is told why');
SELECT is(pg_temp.detail('t_town', format($$SET LOCAL aidcase.clock = '2019-06-01 09:00+08'; SELECT act_as(%s)$$, pg_temp.staff('x-clerk'))),
    'The member of staff is not employed today.
The member of staff has no post in force today.', 'nor for somebody before the first day');
SELECT throws_ok($$SELECT pg_temp.ask('t_town', 'SET LOCAL aidcase.actor = 1')$$, '42501', NULL, 'the setting itself is closed');
SELECT is(pg_temp.ask('t_town', format('SELECT act_as(%s)', pg_temp.staff('x-clerk'))), 'x-clerk', 'a gateway acts for a clerk');
SELECT is(pg_temp.ask('t_town', 'SELECT current_staff() || ''/'' || cardinality(my_units())'), pg_temp.staff('x-clerk') || '/15', 'who then is the actor');
SELECT is(pg_temp.ask('t_clerk2', 'SELECT current_staff()'), pg_temp.staff('x-clerk2')::text, 'another login of the session stays itself');
SELECT is(pg_temp.ask('t_stranger', 'SELECT current_staff()'), NULL, 'and who is no gateway gains nothing by the setting');
SAVEPOINT declared;
SELECT is(pg_temp.ask('t_town', format('SELECT act_as(%s)', pg_temp.staff('d-clerk'))), 'd-clerk', 'within a savepoint for another one');
ROLLBACK TO declared;
SELECT is(pg_temp.ask('t_town', 'SELECT current_staff()'), pg_temp.staff('x-clerk')::text, 'which its rollback takes back');
SELECT is(pg_temp.ask('t_town', 'SELECT act_as(NULL)') IS NULL AND pg_temp.ask('t_town', 'SELECT current_staff()') IS NULL, true, 'act_as(NULL): for nobody');

-- ---------------------------------------------------------------------
-- check_setup()

SELECT is_empty('SELECT * FROM check_setup() WHERE ok IS NULL OR ok <> (what_to_do IS NULL)', 'what is not well says what to do');
SELECT is((SELECT what_to_do FROM check_setup() WHERE item = 'review groups'),
    'Make the joint review group of these units with aidcase.make_review_group(): 340705005, 340705006, 340705402, 340705403, 340705407.',
    'entrusted units without a group');
SELECT is((SELECT ok FROM check_setup() WHERE item = 'calendar'), true, 'the calendar is loaded');
SAVEPOINT compiled;
SET LOCAL jit = off;
SELECT is((SELECT ok FROM check_setup() WHERE item = 'jit'), true, 'without jit all is well');
SET LOCAL jit = on;
SELECT is((SELECT what_to_do FROM check_setup() WHERE item = 'jit'), CASE WHEN pg_jit_available() THEN format('Compiling takes many times as long as the reports that it is for; ALTER DATABASE %I SET jit = off: jit = on.', current_database()) END, 'where the server can compile, it should not');
ROLLBACK TO compiled;
REVOKE aidcase_leader FROM t_leader;
GRANT aidcase_inspector TO t_clerk2;
GRANT aidcase_bureau TO t_town;
SELECT is((SELECT what_to_do FROM check_setup() WHERE item = 'group roles of posts'),
    'Logins lack the group roles of their posts: GRANT aidcase_leader TO t_leader.', 'a login without its group role');
SELECT is((SELECT what_to_do FROM check_setup() WHERE item = 'group roles without a post'),
    'Staff logins have group roles that no post in force asks for: REVOKE aidcase_inspector FROM t_clerk2.', 'a login with more than its posts');
SELECT ok((SELECT what_to_do FROM check_setup() WHERE item = 'pooled logins') LIKE '%: t_town.', 'a pooled login that sees more than those it acts for');
SELECT isnt(pg_temp.ask('t_inspector', 'SELECT count(*) FROM check_setup()'), '0', 'inspectors may look');
SELECT throws_ok($$SELECT pg_temp.ask('t_clerk', 'SELECT check_setup()')$$, '42501', NULL, 'clerks may not');
SET LOCAL aidcase.clock = '2021-05-06 09:00+08';

-- ---------------------------------------------------------------------
-- What a session hears of changes (one actor throughout: of a superuser, who
-- is a member of every role)

SELECT act_as(pg_temp.staff('d-clerk')) \gset
SELECT is(my_units(), ARRAY(SELECT unit_id FROM unit_now WHERE unit_code LIKE '340705005%' ORDER BY unit_id), 'a clerk of Dongjiao');
SAVEPOINT given;
INSERT INTO staff_post (staff_id, unit_id, post, valid) VALUES (pg_temp.staff('d-clerk'), unit_id('340705404'), 'clerk', '[2021-05-01,)');
SELECT ok(unit_id('340705404') = ANY (my_units()) AND has_post('clerk', unit_id('340705404'), '2021-05-06'), 'a post that is given counts at once');
ROLLBACK TO given;
SELECT ok(NOT unit_id('340705404') = ANY (my_units()) AND NOT has_post('clerk', unit_id('340705404'), '2021-05-06'), 'and not when it is rolled back');

-- An error between the row and the end of its statement: nobody was told of
-- the row, but the session may have read it.
CREATE FUNCTION pg_temp.read_and_fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seen: %', NEW.unit_id = ANY (aidcase.my_units());
END
$$;
CREATE TRIGGER "z" AFTER INSERT ON staff_post FOR EACH ROW EXECUTE FUNCTION pg_temp.read_and_fail();
SELECT my_units() \gset
UPDATE staff SET phone = NULL WHERE staff_no = 'd-clerk';
SELECT throws_ok($$INSERT INTO staff_post (staff_id, unit_id, post, valid) VALUES (pg_temp.staff('d-clerk'), unit_id('340705404'), 'clerk', '[2021-05-01,)')$$,
    'P0001', 'seen: t', 'a post that is read within its own statement');
SELECT ok(NOT unit_id('340705404') = ANY (my_units()), 'is forgotten when the statement fails');
DROP TRIGGER "z" ON staff_post;

SELECT end_post('d-clerk', '340705005', 'clerk', '2021-05-06') \gset
SELECT is(my_units(), '{}', 'a post that ends is out of the scope at once');
SELECT is(has_post('clerk', unit_id('340705005'), '2021-05-05'), true, 'and stays true of the days before');

SELECT * FROM finish();
ROLLBACK;
