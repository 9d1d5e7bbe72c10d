-- audit: the standing queries, by unit and period, with the rights of who asks.
BEGIN;
SET search_path = aidcase, tap, public;
SET LOCAL client_min_messages = warning;
SELECT plan(76);
\ir parts/household.sql

-- What a login gets of a query: "case/round/subject-id what_en since age", one line each.
CREATE FUNCTION pg_temp.asked(login text, name text, unit text DEFAULT NULL, period text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(pg_temp.by_login(login, format('SELECT string_agg(concat_ws('' '', a.round_id, a.what_en, aidcase.date_here(a.since), a.age_days), '', '' ORDER BY a.since, a.round_id, a.what_en) FROM aidcase.audit(%L, %L, %L) AS a', name, unit, period)), '-') $$;

-- ---------------------------------------------------------------------
-- The catalogue
SELECT lives_ok('UPDATE audit_query SET sort = sort', 'every built-in query has its view, with the columns and the rights of who asks');
SELECT is_empty($$SELECT name FROM audit_query WHERE view_name <> 'aidcase.audit_' || name$$, 'named after it');
SELECT is_empty($$SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'v' AND starts_with(c.relname, 'audit_')
    AND NOT EXISTS (SELECT FROM audit_query AS q WHERE q.view_name = 'aidcase.' || c.relname)$$, 'and no view is without its query');
SELECT is_empty($$SELECT q.name, r FROM audit_query AS q CROSS JOIN unnest('{t_bureau,t_inspector}'::text[]) AS r WHERE q.in_use
    AND pg_temp.told(r, format('SELECT count(*) FROM aidcase.audit(%L)', q.name)) <> '(done)'$$, 'the supervisors may ask them all, of an empty register too');
SELECT is_empty($$SELECT q.name, r, pg_temp.told(r, format('SELECT * FROM aidcase.audit(%L)', q.name)) FROM audit_query AS q CROSS JOIN unnest('{t_clerk,t_leader}'::text[]) AS r
    WHERE pg_temp.told(r, format('SELECT * FROM aidcase.audit(%L)', q.name))
      <> CASE WHEN has_table_privilege(r, q.view_name, 'SELECT') THEN '(done)'
              ELSE format('42501 permission denied for audit query "%s"|This query is for the supervisors of the district.|View aidcase.agenda holds the queries that you may ask.', q.name) END$$,
    'a town may ask those on its own work; a view that it is granted it can read to the end');

-- ---------------------------------------------------------------------
-- Nothing planted, two households confirmed
SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-13 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100202', '{3}', 200, '2021-04-15 15:00+08') AS b \gset
SELECT pg_temp.clock('2021-04-15 17:00+08');
SELECT is(pg_temp.asked('t_bureau', 'notice_not_published'), format('%s confirmed, not published 2021-04-13 2', :a), 'confirmed two days ago and not published; that of today has time');
SELECT pg_temp.clock('2021-04-19 09:00+08');
SELECT is(pg_temp.asked('t_clerk', 'notice_not_published'), format('%s confirmed, not published 2021-04-13 6, %s confirmed, not published 2021-04-15 4', :a, :b), 'the oldest first, with their age');
SELECT is(pg_temp.asked('t_other', 'notice_not_published'), '-', 'another town sees nothing of it');
SELECT is(pg_temp.asked('t_bureau', 'notice_not_published', '340705005'), '-', 'by unit: none in the other');
SELECT is(pg_temp.asked('t_bureau', 'notice_not_published', '340705'), pg_temp.asked('t_bureau', 'notice_not_published'), 'all in the district');
SELECT is(pg_temp.asked('t_bureau', 'notice_not_published', '340705100202'), format('%s confirmed, not published 2021-04-15 4', :b), 'a village''s own');
SELECT is(pg_temp.asked('t_bureau', 'notice_not_published', '340705100', '[2021-04-15,2021-04-16)'), format('%s confirmed, not published 2021-04-15 4', :b), 'by unit and period');
SELECT is(pg_temp.asked('t_bureau', 'notice_not_published', NULL, '(,2021-04-14)'), format('%s confirmed, not published 2021-04-13 6', :a), 'by a period without beginning');
SELECT is(pg_temp.asked('t_bureau', 'notice_not_published', NULL, 'empty'), '-', 'an empty period');
SELECT is(pg_temp.asked('t_bureau', name), '-', 'nothing to find: ' || name)
  FROM unnest('{overdue,four_eyes,duplicate_recipients,paid_after_end,amount_differs,standard_not_applied,review_missed,file_incomplete}'::text[]) AS name;
SELECT is(pg_temp.by_login('t_bureau', $$SELECT string_agg(case_no, ',' ORDER BY since) FROM aidcase.audit('notice_not_published')$$),
    (SELECT string_agg(case_no, ',' ORDER BY round_id) FROM case_round JOIN aid_case USING (case_id) WHERE round_id IN (:a, :b)), 'a row leads to its case');

-- ---------------------------------------------------------------------
-- Who asks what
SELECT throws_ok($$SELECT * FROM audit('overdu')$$, '22023', 'there is no audit query overdu', 'a query that is none');
SELECT throws_ok($$SELECT * FROM audit(NULL)$$, '22023', 'there is no audit query NULL', 'no name');
SELECT throws_ok($$SELECT * FROM audit('overdue', '999')$$, '22023', NULL, 'a unit that is none');
SELECT alike(pg_temp.told('t_analyst', $$SELECT * FROM aidcase.audit('overdue')$$), '42501 %', 'an analyst asks none');
SELECT alike(pg_temp.told('t_committee', 'SELECT * FROM aidcase.agenda'), '42501 %', 'nor a committee');

-- ---------------------------------------------------------------------
-- Each fault, planted past the gate
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.publish('340705100')$$) AS published \gset
SELECT is(pg_temp.asked('t_bureau', 'notice_not_published'), '-', 'published');
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT pg_temp.by_staff('x-leader', $$SELECT aidcase.submit_roll(aidcase.make_roll('340705100', '2021-05-01'))$$) AS submitted \gset
SELECT is((SELECT count(*) FROM payment WHERE benefit_month = '2021-05-01'), 2::bigint, 'both are on the roll of May');
SET LOCAL session_replication_role = replica;
SAVEPOINT clean;

UPDATE home_visit SET visitor_id = (SELECT staff_id FROM staff WHERE staff_no = 'x-group2') WHERE round_id = :a;
SELECT is(pg_temp.asked('t_leader', 'four_eyes'), format('%s the same person investigated and voted 2021-04-13 23', :a), 'four eyes: who visited voted');
SELECT is((SELECT staff_no || ' ' || (detail ->> 'vote') || ' ' || (detail #>> '{investigated,0,source}') FROM audit('four_eyes')), 'x-group2 agree home_visit', 'with who, and on what it rests');
UPDATE review_vote SET vote = 'recused' WHERE round_id = :a AND staff_id = (SELECT staff_id FROM staff WHERE staff_no = 'x-group2');
SELECT is(pg_temp.asked('t_leader', 'four_eyes'), '-', 'not when recused');
ROLLBACK TO clean;

UPDATE commitment SET void = true WHERE round_id = :a;
UPDATE home_visit SET void = true WHERE round_id = :a;
UPDATE evaluation SET round_id = :b, case_id = (SELECT case_id FROM case_round WHERE round_id = :b) WHERE round_id = :a;
SELECT results_eq($$SELECT round_id, detail -> 'missing' FROM audit('file_incomplete')$$, format($$VALUES (%s::bigint, '["commitment", "home_visit", "evaluation"]'::jsonb)$$, :a), 'file incomplete: all that is missing');
ROLLBACK TO clean;

UPDATE publication_item SET round_id = :b WHERE false;
UPDATE case_round SET state = 'in_benefit' WHERE round_id = :a;
DELETE FROM publication_item WHERE round_id = :a;
SELECT is(pg_temp.asked('t_clerk', 'notice_not_published'), format('%s on no published list 2021-04-13 23', :a), 'on no list although it moved on');
ROLLBACK TO clean;

UPDATE award SET amount = amount + 1 WHERE round_id = :a;
SELECT is(pg_temp.asked('t_clerk', 'amount_differs'), format('%1$s the award differs from its determination 2021-04-13 23, %1$s the payment differs from the award 2021-05-06 0', :a), 'amounts: the award, and what was paid');
SELECT ok((SELECT (detail ->> 'awarded')::numeric - (detail ->> 'determined')::numeric FROM audit('amount_differs') WHERE subject = 'award') = 1, 'with both amounts');
ROLLBACK TO clean;

INSERT INTO award_person (award_id, case_id, member_id, citizen_id, months, entry_no)
    SELECT b.award_id, b.case_id, p.member_id, p.citizen_id, b.months, 0
      FROM award AS b, award_person AS p WHERE b.round_id = :b AND p.case_id <> b.case_id ORDER BY p.award_person_id LIMIT 1;
SELECT is(pg_temp.asked('t_bureau', 'duplicate_recipients'), format('%s the same person in two households at one time 2021-05-01 5', :b), 'the same person in two households, once');
SELECT is((SELECT (detail ->> 'other_case_id')::bigint FROM audit('duplicate_recipients')), (SELECT case_id FROM case_round WHERE round_id = :a), 'with the other one');
ROLLBACK TO clean;

SELECT is(pg_temp.by_login('t_bureau', $$SELECT count(*) FROM aidcase.audit('totals_differ')$$), '0', 'totals: those of the lines');
UPDATE payment_total SET amount = amount + 1, base_amount = base_amount + 1;
SELECT is(pg_temp.by_login('t_bureau', $$SELECT what_en || ' ' || ((detail ->> 'total_amount')::numeric - (detail ->> 'amount')::numeric) FROM aidcase.audit('totals_differ')$$),
    'the totals of the roll are not those of its lines 1.00', 'a total that was forged');
DELETE FROM payment_total;
SELECT is(pg_temp.by_login('t_bureau', $$SELECT (detail ->> 'lines') || coalesce(detail ->> 'total_lines', ' lines without a total') FROM aidcase.audit('totals_differ')$$), '2 lines without a total', 'or is missing');
ROLLBACK TO clean;

UPDATE award SET months = 'empty', stop_reason = 'replaced' WHERE round_id = :a;
SELECT is(pg_temp.asked('t_clerk', 'paid_after_end'), format('%s paid for a month after the stop 2021-05-01 5', :a), 'paid after the stop');
INSERT INTO payment (roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons, entry_no)
    SELECT p.roll_id, p.unit_id, p.case_id, p.award_id, p.account_id, p.programme, p.benefit_month, 'deduction', -p.base_amount, -p.addon_amount, -p.amount, p.persons, 0
      FROM payment AS p JOIN award AS a USING (award_id) WHERE a.round_id = :a;
SELECT is(pg_temp.asked('t_clerk', 'paid_after_end'), '-', 'not once it was taken back');
ROLLBACK TO clean;

INSERT INTO registry_hit (check_id, case_id, round_id, registry, description, raised_at, entry_no)
    SELECT check_id, case_id, round_id, 'death', '去世', '2021-04-25 10:00+08', 0 FROM registry_check WHERE round_id = :a ORDER BY check_id LIMIT 1;
SELECT is(pg_temp.asked('t_clerk', 'paid_after_end'), format('%s paid for a month after a death was reported 2021-05-01 5', :a), 'paid after a death');
SELECT results_eq($$SELECT known_at, detail -> 'known_before_paid' FROM audit('paid_after_end')$$, $$VALUES ('2021-04-25 10:00+08'::timestamptz, 'true'::jsonb)$$, 'with the time when the fact was known: before it was paid');
UPDATE registry_hit SET finding = 'not_confirmed', cleared_at = '2021-05-01 10:00+08', cleared_by = 1 WHERE registry = 'death';
SELECT is(pg_temp.asked('t_clerk', 'paid_after_end'), '-', 'not when the report was wrong');
ROLLBACK TO clean;

SELECT is_empty($$SELECT * FROM audit('ledger_breaks') WHERE subject = 'commitment'$$, 'the ledger agrees with the rows');
UPDATE commitment SET text_version = 'x' WHERE round_id = :a;
SELECT results_eq($$SELECT subject, detail ->> 'key', detail ->> 'kind' FROM audit('ledger_breaks') WHERE subject = 'commitment'$$,
    $$SELECT relation, key, kind FROM verify_register() WHERE relation = 'commitment'$$, 'a row that was bent is a break');
SELECT isnt_empty($$SELECT * FROM audit('ledger_breaks') WHERE subject = 'commitment'$$, 'that is found');
SELECT is((SELECT count(*) FROM agenda WHERE query = 'ledger_breaks'), 0::bigint, 'by name only');
ROLLBACK TO clean;

-- silence
INSERT INTO spot_check (check_id, draw_id, item_id, case_id, round_id, unit_id, checker_id, workflow_id, state, occurred_at, locked_on, entry_no)
    SELECT 900 + i, 1, 900 + i, 1, 1, unit_id('340705'), CASE WHEN i <= 3 THEN (SELECT staff_id FROM staff WHERE staff_no = 'b-clerk') ELSE (SELECT staff_id FROM staff WHERE staff_no = 'b-inspector') END,
           1, 'x', now_here(), '2021-05-06', 0 FROM generate_series(1, 4) AS i;
INSERT INTO finding (finding_id, check_id, draw_id, case_id, round_id, unit_id, finding_type, evidence, found_at, checker_id, entry_no)
    SELECT 900, 904, 1, 1, 1, unit_id('340705'), 'fraud', 'x', now_here(), staff_id, 0 FROM staff WHERE staff_no = 'b-inspector';
SELECT results_eq($$SELECT staff_no, detail -> 'checks', detail ->> 'district_rate', detail ->> 'probability' FROM audit('silent_checkers')$$,
    $$VALUES ('b-clerk', '3'::jsonb, '0.2500', '0.4219')$$, 'a checker who found nothing in three checks, at a rate of one in four: 0.75 x 0.75 x 0.75');
ROLLBACK TO clean;
SELECT is(pg_temp.by_login('t_bureau', $$SELECT count(*) FROM aidcase.audit('silent_staff', '340705100')$$),
    (SELECT count(*)::text FROM filing_now WHERE state = 'missing' AND unit_code LIKE '340705100%'), 'who never declared');
SELECT is((SELECT string_agg(DISTINCT date_here(since)::text, ',') FROM audit('silent_staff')), '2021-05-03', 'since the day after it was due: 30 days from the duty on 2 April');
SELECT set_has($$SELECT unit_code FROM audit('silent_units')$$, $$VALUES ('340705100'), ('340705404')$$, 'units from which nothing was heard');
SET LOCAL session_replication_role = origin;
SELECT file_relatives('{"staff": "x-visitor1", "declared_on": "2021-05-06", "relatives": []}') AS filing \gset
SELECT is_empty($$SELECT * FROM audit('silent_units') WHERE unit_code = '340705100'$$, 'one nil return ends the silence');
SELECT is_empty($$SELECT * FROM audit('silent_staff') WHERE staff_no = 'x-visitor1'$$, 'and that of the person');
ROLLBACK TO clean;

SELECT is_empty($$SELECT * FROM audit('silent_villages')$$, 'no village is silent within a year of the delegation');
SELECT pg_temp.clock('2022-04-04 09:00+08');
SELECT results_eq($$SELECT count(*), min(date_here(since)), max(age_days) FROM audit('silent_villages', '340705100')$$,
    $$SELECT count(*), '2022-04-02'::date, 2 FROM unit_now WHERE parent_code = '340705100' AND level = 'village'$$, 'after a year without any lead all of them are');
SET LOCAL session_replication_role = origin;
SELECT pg_temp.by_staff('x-clerk', $$INSERT INTO aidcase.lead (unit_id, village_id, source, person_name, situation, found_on)
    VALUES (aidcase.unit_id('340705100'), aidcase.unit_id('340705100201'), 'committee', '某', '患病', '2022-04-03') RETURNING lead_id$$) AS lead \gset
SELECT is_empty($$SELECT * FROM audit('silent_villages') WHERE detail ->> 'unit_code' = '340705100201'$$, 'one lead ends the silence');
ROLLBACK TO clean;

-- time passes
SELECT pg_temp.clock('2021-12-20 09:00+08');
SELECT is(pg_temp.asked('t_clerk', 'review_missed'), format('%s the review is missed 2021-10-13 68, %s the review is missed 2021-10-15 66', :a, :b), 'half a year where somebody is able to work');
UPDATE case_member SET work_ability = 'lost' WHERE round_id = :b;
SELECT is(pg_temp.asked('t_clerk', 'review_missed', '340705100202'), '-', 'a year where nobody is');
SELECT results_eq($$SELECT round_id, date_here(since), (detail ->> 'applied')::numeric, (detail ->> 'in_force')::numeric FROM audit('standard_not_applied', '340705100201')$$,
    format($$SELECT %s::bigint, lower(p.valid), d.standard, p.value FROM determination AS d, parameter_row('dibao_standard', '340705100201', '2021-12-01', 'dibao', 'rural') AS p
             WHERE d.round_id = %1$s AND d.programme = 'dibao'$$, :a), 'the standard of July is not applied, since its first day');
SELECT isnt_empty($$SELECT * FROM audit('standard_not_applied', '340705100201')$$, 'there is such a standard');

SELECT pg_temp.clock('2021-04-20 09:00+08');
SET LOCAL session_replication_role = origin;
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('c', '340705100', '340705100202', '{5}', 100, '2021-04-20'))) AS c \gset
SELECT pg_temp.by_staff('x-clerk', format('SELECT aidcase.advance(%s, ''accept'')', :c)) AS accepted \gset
SELECT pg_temp.clock('2021-05-20 09:00+08');
SELECT is(pg_temp.by_login('t_clerk', $$SELECT string_agg(concat_ws(' ', round_id, what_en), ', ' ORDER BY since) FROM aidcase.audit('overdue', '340705100')$$),
    (SELECT string_agg(format('%s overdue: %s', subject_id, label_en), ', ' ORDER BY due_at) FROM overdue), 'overdue');
SELECT is((SELECT count(*) > 0 FROM overdue WHERE subject_id = :c), true, 'there is something overdue');

-- a breach of four eyes that was attempted: who visited votes, the move is refused
SAVEPOINT attempt;
SELECT pg_temp.clock('2021-05-20 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('e', '340705100', '340705100202', '{6}', 300, '2021-05-20'))) AS e \gset
SELECT pg_temp.in_review(:e, 'x', '340705100');
SELECT is(pg_temp.asked('t_bureau', 'four_eyes'), '-', 'nobody voted who should not');
SELECT pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.record_visit('{"round_id": %s, "visited_at": "2021-05-20T09:00:00+08:00", "visitors": ["x-group2", "x-visitor1"], "outcome": "seen", "report": "x"}')$q$, :e)) AS visit \gset
SELECT alike(pg_temp.staff_told('x-group1', format($q$SELECT aidcase.advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$q$, :e)), '%|Somebody who confirms has visited the household or made the determination.|%', 'with one who visited the group does not confirm');
SELECT is(pg_temp.asked('t_bureau', 'four_eyes'), format('%s who investigated voted; nothing was decided by it 2021-05-20 0', :e), 'and the vote is found');
ROLLBACK TO attempt;

-- ---------------------------------------------------------------------
-- The agenda, and a query of the site's own
SELECT is(pg_temp.by_login('t_clerk', $$SELECT count(*) FROM aidcase.agenda WHERE round_id IS NOT NULL$$), (SELECT count(*)::text FROM overdue), 'the agenda holds what was found');
SELECT is(pg_temp.by_login('t_other', $$SELECT count(*) FROM aidcase.agenda$$), '0', 'for the other town nothing');
CREATE SCHEMA site;
GRANT USAGE ON SCHEMA site TO t_bureau, t_admin;
CREATE VIEW site.phoneless AS SELECT c.unit_id, c.case_id FROM aidcase.aid_case AS c WHERE c.phone IS NULL;
SELECT is(pg_temp.told('t_admin', $$INSERT INTO aidcase.audit_query VALUES ('phoneless', 'site.phoneless', 'low', '哪些户没有电话?', 'Which households have no telephone?', '本区要求', '请补录。', 'To be entered.', 'case', true, true, 500)$$),
    E'22023 the audit query "phoneless" cannot be entered|The view does not run with the rights of who asks; create it WITH (security_invoker = true).\n'
    || (SELECT string_agg(format('Column %s must be "%s" of type %s.', place, name, type), E'\n' ORDER BY place) FROM audit_shape() WHERE place > 2)
    || '|The columns are those of aidcase.audit_shape().', 'a view of another shape is refused, with all that is wrong');
DROP VIEW site.phoneless;
CREATE VIEW site.phoneless WITH (security_invoker = true) AS
    SELECT c.unit_id, c.case_id, NULL::bigint AS round_id, 'aid_case'::text AS subject, c.case_id AS subject_id, NULL::bigint AS staff_id, '无电话'::text AS what,
           'no telephone'::text AS what_en, midnight_here(c.opened_on) AS since, midnight_here(c.opened_on) AS known_at, NULL::jsonb AS detail
      FROM aidcase.aid_case AS c WHERE c.phone IS NULL;
GRANT SELECT ON site.phoneless TO aidcase_bureau;
SELECT is(pg_temp.told('t_admin', $$INSERT INTO aidcase.audit_query VALUES ('phoneless', 'site.phoneless', 'low', '哪些户没有电话?', 'Which households have no telephone?', '本区要求', '请补录。', 'To be entered.', 'case', true, true, 500)$$),
    '(done)', 'one of the right shape is an INSERT');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT count(*) FROM aidcase.agenda WHERE query = 'phoneless'$$), (SELECT count(*)::text FROM aid_case), 'and is on the agenda at once');
SELECT alike(pg_temp.told('t_clerk', $$SELECT * FROM aidcase.audit('phoneless')$$), '42501 permission denied for audit query "phoneless"|%', 'for those who may read its view');
DROP VIEW site.phoneless;
SELECT throws_ok($$SELECT * FROM audit('phoneless')$$, '42P01', 'the view of audit query "phoneless" is gone', 'a view that is gone is told');

SELECT * FROM finish();
ROLLBACK;
