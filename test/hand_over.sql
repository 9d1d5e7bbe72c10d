-- Hand-over of live cases to a newly delegated unit: from the district, and of
-- villages from another unit.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(24);
\ir parts/household.sql
SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT enrol_staff('{"staff_no":"b-leader","name":"区局领导","employed_from":"2020-01-01","posts":[{"unit":"340705","post":"bureau_leader","from":"2020-01-01"}]}');
SELECT enrol_staff('{"staff_no":"w-leader","name":"五松负责人","employed_from":"2020-01-01","posts":[{"unit":"340705404","post":"unit_leader","from":"2020-01-01"}]}');
SELECT enrol_staff('{"staff_no":"d-leader","name":"东郊负责人","employed_from":"2020-01-01","posts":[{"unit":"340705005","post":"unit_leader","from":"2020-01-01"}]}');
CREATE ROLE t_bleader LOGIN IN ROLE aidcase_bureau;
CREATE ROLE t_wleader LOGIN IN ROLE aidcase_leader;
CREATE ROLE t_dleader LOGIN IN ROLE aidcase_leader;
UPDATE staff SET login = 't_' || left(staff_no, 1) || 'leader' WHERE staff_no IN ('b-leader', 'w-leader', 'd-leader');

-- ---------------------------------------------------------------------
-- From the district: 五松社区 has an undecided case and a petition

SELECT unit_code AS w_village FROM unit_now WHERE parent_code = '340705404' ORDER BY unit_code LIMIT 1 \gset
SELECT pg_temp.by_staff('w-clerk', format('SELECT round_id FROM file_case(%L)', pg_temp.application('w', '340705404', :'w_village', '{31}', 100, '2021-04-06'))) AS w \gset
SELECT case_id AS w_case FROM case_round WHERE round_id = :w \gset
SELECT pg_temp.by_login('t_bureau', format($$ SELECT open_petition('{"unit": "340705", "case_id": %s, "form": "letter", "kind": "request", "content": "请尽快办理"}') $$, :w_case)) AS petition \gset
SELECT is(pg_temp.told('t_bureau', $$ SELECT * FROM aidcase.hand_over_cases('340705', '340705404', 'x', '{340705100201}') $$),
    E'ZA007 the hand-over of cases has 4 faults|document_no: is no document of table policy_document\nto_unit: holds no delegation today\nvillages: goes with a giving unit, not with the district\nvillages[0]: does not lie below the receiving unit today|Example: SELECT * FROM aidcase.hand_over_cases(''340705'', ''340705404'', ''办发〔2021〕15号'', dry_run => true).', 'all faults at once');
SELECT delegate('340705404', '{dibao,tekun}', '2021-04-06', '办发〔2021〕15号');
SELECT alike(pg_temp.told('t_clerk', $$ SELECT * FROM aidcase.hand_over_cases('340705', '340705404', '办发〔2021〕15号') $$), 'ZA007 %from_unit: is not yours|%', 'only the giver hands over');
SELECT count(*) AS entries FROM ledger_entry \gset
SELECT is(pg_temp.by_login('t_bureau', $$ SELECT string_agg(concat_ws(' ', kind, items, yuan), ', ') FROM aidcase.hand_over_cases('340705', '340705404', '办发〔2021〕15号') $$),
    'file 1 0, award 0 0, round 1 0, review_due 0 0, hit 0 0, petition 1 0', 'a dry run tells what would go over');
SELECT is((SELECT count(*) FROM ledger_entry), :entries::bigint, 'and writes nothing');
SELECT pg_temp.by_login('t_bureau', $$ SELECT max(handover_id) FROM aidcase.hand_over_cases('340705', '340705404', '办发〔2021〕15号', dry_run => false) $$) AS h \gset
CREATE FUNCTION pg_temp.move(login text, id bigint, action text, why text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.told(login, format('SELECT aidcase.advance(''case_handover'', %s, %L, %L)', id, action, why)) $$;
SELECT alike(pg_temp.move('t_bureau', :h, 'release'), 'ZA003 %You entered the row yourself.%', 'who prepared it does not sign it');
SELECT alike(pg_temp.move('t_wleader', :h, 'release'), 'ZA003 %It needs one of the posts unit_leader, bureau_leader at the unit or above it.%', 'nor does the receiver');
SELECT is(pg_temp.move('t_bleader', :h, 'release'), '(done)', 'a second officer of the bureau signs');
SELECT results_eq(format('SELECT kind, subject, subject_id FROM case_handover_item WHERE handover_id = %s ORDER BY item_id', :h),
    format($$ VALUES ('file', 'aid_case', %s::bigint), ('petition', 'petition', %s), ('round', 'case_round', %s) $$, :w_case, (SELECT max(petition_id) FROM petition), :w), 'the list is kept');
SELECT alike(pg_temp.move('t_bleader', :h, 'accept'), 'ZA003 %It needs the post unit_leader at the other unit or above it.%', 'the giver does not accept');
SAVEPOINT here;
SELECT pg_temp.by_staff('w-clerk', format($$ SELECT open_petition('{"unit": "340705404", "case_id": %s, "form": "call", "kind": "request", "content": "再次询问"}') $$, :w_case));
SELECT alike(pg_temp.move('t_wleader', :h, 'accept'), 'ZA003 the hand-over differs from the list that was signed|Found: petition 2 instead of 1.|%', 'what changed since is found');
ROLLBACK TO here;
SELECT is(pg_temp.move('t_wleader', :h, 'accept'), '(done)', 'the unit accepts');
SELECT results_eq(format('SELECT state, released = received, accepted_on, length(list_sha256) FROM case_handover WHERE handover_id = %s', :h), $$ VALUES ('accepted', true, '2021-04-06'::date, 32) $$, 'the counts agree on both sides');
SELECT results_eq('SELECT u.unit_code, p.state, p.content FROM petition AS p JOIN unit AS u USING (unit_id) ORDER BY petition_id', $$ VALUES ('340705', 'passed_on', '请尽快办理'), ('340705404', 'received', '请尽快办理') $$, 'the petition is with the unit');
SELECT alike(pg_temp.told('postgres', 'UPDATE aidcase.case_handover_item SET amount = 1'), 'ZA004 %', 'the list stays');
SELECT is(pg_temp.by_login('t_wleader', 'SELECT count(*) FROM aidcase.case_handover_item') || pg_temp.by_login('t_clerk', 'SELECT count(*) FROM aidcase.case_handover_item'), '30', 'both sides read it, nobody else');

-- ---------------------------------------------------------------------
-- From unit to unit: a village of 西湖镇 now belongs to 东郊

SELECT pg_temp.confirm('a', '340705100', '340705100202', '{1,2}', 300, '2021-04-28 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100202', '{3}', 200, '2021-04-28 16:00+08') AS b \gset
SELECT pg_temp.confirm('c', '340705100', '340705100201', '{4}', 200, '2021-04-28 16:30+08') AS c \gset
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$) AS may \gset
SELECT alike(pg_temp.told('t_clerk', $$ SELECT * FROM aidcase.hand_over_cases('340705100', '340705005', '办发〔2021〕15号', '{340705100202}') $$), 'ZA007 %villages[0]: does not lie below the receiving unit today|%', 'the village has to be the receiver''s first');
UPDATE unit_period SET valid = daterange(lower(valid), '2021-05-01') WHERE unit_id = unit_id('340705100202');
INSERT INTO unit_period (unit_id, name, parent_id, valid) SELECT unit_id, name, unit_id('340705005'), '[2021-05-01,)' FROM unit_period WHERE unit_id = unit_id('340705100202');
SELECT is(pg_temp.by_login('t_clerk', $$ SELECT string_agg(concat_ws(' ', kind, items), ', ') FROM aidcase.hand_over_cases('340705100', '340705005', '办发〔2021〕15号', '{340705100202}') $$),
    'file 2, award 2, round 0, review_due 2, hit 0, petition 0', 'two households go over');
SELECT pg_temp.by_login('t_clerk', $$ SELECT max(handover_id) FROM aidcase.hand_over_cases('340705100', '340705005', '办发〔2021〕15号', '{340705100202}', false) $$) AS v \gset
SELECT is((SELECT count(*) FROM case_transfer WHERE state = 'proposed' AND grounds = 'boundary'), 2::bigint, 'each by a transfer of its own');
SELECT is(pg_temp.move('t_leader', :v, 'release'), '(done)', 'the giver signs');
SELECT is(pg_temp.move('t_dleader', :v, 'accept'), '(done)', 'the receiver accepts');
SELECT results_eq('SELECT u.unit_code, count(*) FROM aid_case AS c JOIN unit AS u USING (unit_id) GROUP BY 1 ORDER BY 1', $$ VALUES ('340705005', 2::bigint), ('340705100', 1), ('340705404', 1) $$, 'they are the receiver''s');
SELECT results_eq(format('SELECT released -> ''award'' = received -> ''award'', released -> ''file'' ->> ''items'' FROM case_handover WHERE handover_id = %s', :v), $$ VALUES (true, '2') $$, 'with the same awards and yuan on both sides');
SELECT pg_temp.clock('2021-06-03 09:00+08');
SELECT pg_temp.by_login('t_dleader', $$ SELECT aidcase.make_roll('340705005', '2021-06-01') $$) AS d_june \gset
SELECT is((SELECT count(*) FROM payment WHERE roll_id = :d_june), 2::bigint, 'June is paid by the receiver');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-06-01')$$) AS june \gset
SELECT results_eq('SELECT benefit_month, count(*), count(DISTINCT case_id) FROM payment GROUP BY 1 ORDER BY 1', $$ VALUES ('2021-05-01'::date, 3::bigint, 3::bigint), ('2021-06-01', 3, 3) $$, 'no month is missed or paid twice');

SELECT * FROM finish();
ROLLBACK;
