-- Correction and transfer: two posts each, counts on both sides, and no month
-- missed or paid twice.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(86);
\ir parts/household.sql
CREATE FUNCTION pg_temp.unit(code text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT unit_id FROM aidcase.unit WHERE unit_code = code $$;
CREATE FUNCTION pg_temp.case_of(r bigint) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT case_id FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.move(no text, subject text, id bigint, action text, details text DEFAULT '{}', reason text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told(no, format('SELECT aidcase.advance(%L, %s, %L, %L, %L)', subject, id, action, reason, details)) $$;
CREATE FUNCTION pg_temp.roll(no text, unit text, month date, at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.clock(at);
    RETURN pg_temp.by_staff(no, format('SELECT aidcase.make_roll(%L, %L)', unit, month));
END
$$;
-- month, unit, amount and kind of every line of a household
CREATE FUNCTION pg_temp.paid(c bigint) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT string_agg(to_char(benefit_month, 'MM') || ' ' || u.unit_code || ' ' || amount || ' ' || line_kind, ', ' ORDER BY benefit_month)
     FROM aidcase.payment JOIN aidcase.unit AS u USING (unit_id) WHERE case_id = c $$;
CREATE FUNCTION pg_temp.awards(c bigint) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT string_agg(u.unit_code || ' ' || a.months || ' ' || a.amount || coalesce(' ' || a.stop_reason, ''), ', ' ORDER BY award_id)
     FROM aidcase.award AS a JOIN aidcase.unit AS u USING (unit_id) WHERE case_id = c $$;
SELECT lives_ok($$SELECT enrol_staff(d) FROM jsonb_array_elements('[
 {"staff_no":"d-leader","name":"东郊负责人","employed_from":"2020-01-01","posts":[{"unit":"340705005","post":"unit_leader","from":"2020-01-01"}]},
 {"staff_no":"d-visitor1","name":"东郊入户一","employed_from":"2020-01-01","posts":[{"unit":"340705005","post":"investigator","from":"2020-01-01"}]}]'::jsonb) AS d$$, 'the other unit has a leader');
SELECT unit_code AS dv FROM unit_now WHERE parent_id = pg_temp.unit('340705005') ORDER BY unit_code LIMIT 1 \gset

SELECT pg_temp.confirm('move', '340705100', '340705100201', '{1}', 300, '2021-04-12 15:00+08') AS r \gset
SELECT pg_temp.confirm('out', '340705100', '340705100201', '{2}', 300, '2021-04-12 15:00+08') AS o \gset
SELECT pg_temp.case_of(:r) AS c, pg_temp.case_of(:o) AS oc \gset
SELECT is(pg_temp.awards(:c), '340705100 [2021-05-01,) 529.40', 'dibao from May on');
SELECT isnt(pg_temp.roll('x-clerk', '340705100', '2021-05-01', '2021-04-28 09:00+08'), NULL, 'May is paid by the first unit');

-- ---------------------------------------------------------------------
-- Transfer

SELECT pg_temp.clock('2021-05-10 09:00+08');
CREATE FUNCTION pg_temp.transfer(c bigint, unit text, village text, more text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT * FROM aidcase.transfer_case(%s, %L, %L%s)', c, unit, village, more) $$;
SELECT is(pg_temp.staff_told('x-clerk', pg_temp.transfer(0, '340705100', NULL, $$, 'whim'$$)),
    $$ZA007 the transfer has 3 faults|case_id: is no case of your units
grounds: must be one of moved, wrong_unit, boundary, other
to_village: is missing|Example: SELECT * FROM aidcase.transfer_case(1, '340705005', '340705005001', dry_run => true). Outside the district, give the name of the place as to_unit.$$,
    'all faults at once');
SELECT alike(pg_temp.staff_told('x-clerk', pg_temp.transfer(:c, '340705100', '340705100201')), 'ZA007 the transfer has 1 fault|to_unit: is the unit that has the case|%', 'not to itself');
SELECT alike(pg_temp.staff_told('x-clerk', pg_temp.transfer(:c, '340705005', '340705100201')), 'ZA007 the transfer has 1 fault|to_village: does not lie below the unit|%', 'the village is one of the receiving unit');
SELECT alike(pg_temp.staff_told('x-clerk', pg_temp.transfer(:c, '340705999', :'dv')), 'ZA007 %to_unit: is no unit that handles cases%', 'a unit that there is');
SELECT alike(pg_temp.staff_told('d-clerk', pg_temp.transfer(:c, '340705005', :'dv')), 'ZA007 the transfer has 1 fault|case_id: is no case of your units|%', 'nobody takes a case of another unit');
SELECT is(pg_temp.by_staff('x-clerk', replace(pg_temp.transfer(:c, '340705005', :'dv', ', dry_run => true'), '*', $$concat_ws(' ', coalesce(transfer_id, 0), members, awards, monthly_amount, last_paid_month, first_month, open_rounds, documents, unmet)$$)),
    '0 1 1 529.40 2021-05-01 2021-06-01 0 0 {}', 'a dry run tells what goes over, the last month paid and the first one there');
SELECT is((SELECT count(*) FROM case_transfer), 0::bigint, 'and writes nothing');
SELECT is(pg_temp.staff_told('x-clerk', pg_temp.transfer(:c, '340705005', :'dv', $$, address => '新家1号'$$)), '(done)', 'proposed');
SELECT transfer_id AS t FROM case_transfer WHERE case_id = :c \gset
SELECT alike(pg_temp.staff_told('x-clerk', pg_temp.transfer(:c, '340705005', :'dv')), 'ZA007 the transfer has 1 fault|case_id: has transfer % that is not settled|%', 'one at a time');
SELECT alike(pg_temp.move('x-clerk', 'case_transfer', :t, 'release'), 'ZA003 cannot release: 2 conditions are not met|It needs one of the posts unit_leader, bureau_leader at the unit or above it.
You entered the row yourself.|%', 'the leader releases, not the one who proposed');
SELECT alike(pg_temp.move('d-leader', 'case_transfer', :t, 'release'), 'ZA003 cannot release: 1 condition is not met|It needs one of the posts %', 'and not the other unit');
SELECT is(pg_temp.move('x-leader', 'case_transfer', :t, 'release'), '(done)', 'released');
SELECT results_eq(format('SELECT members, awards, monthly_amount, last_paid_month FROM case_transfer WHERE transfer_id = %s', :t),
    $$VALUES (1, 1, 529.40, '2021-05-01'::date)$$, 'with its counts');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.case_transfer SET members = 9 WHERE transfer_id = %s', :t)), 'ZA004 %', 'which nobody changes');
SELECT alike(pg_temp.move('x-leader', 'case_transfer', :t, 'accept'), 'ZA003 cannot accept: 2 conditions are not met|It needs one of the posts clerk, unit_leader, bureau_clerk, bureau_leader at the other unit or above it.
You released it yourself.|%', 'the giving unit does not accept');
SELECT is(pg_temp.by_staff('d-clerk', 'SELECT count(*) FROM aidcase.aid_case'), '0', 'until then the receiving unit sees the transfer, not the case');
SELECT is(pg_temp.by_staff('d-clerk', $$SELECT string_agg(subject || ' ' || actions::text, ',') FROM aidcase.my_work()$$), 'case_transfer {accept}', 'which is in its work');
SELECT is(pg_temp.by_staff('d-clerk', format($$SELECT string_agg(action || ' ' || allowed, ', ' ORDER BY action) FROM aidcase.next_actions('case_transfer', %s)$$, :t)),
    'accept true, decline false, recall false', 'and may be accepted');

-- another month is paid in between: the counts no longer agree
SAVEPOINT s;
SELECT isnt(pg_temp.roll('x-clerk', '340705100', '2021-06-01', '2021-05-25 09:00+08'), NULL, 'June is paid by the giving unit');
SELECT alike(pg_temp.move('d-clerk', 'case_transfer', :t, 'accept'), 'ZA003 cannot accept: 1 condition is not met|The file differs from what was released: last paid month 2021-06 instead of 2021-05.|%', 'the receiving unit is told');
SELECT is(pg_temp.move('x-leader', 'case_transfer', :t, 'recall'), '(done)', 'recalled');
SELECT is(pg_temp.move('x-leader', 'case_transfer', :t, 'release'), '(done)', 'released anew');
SELECT is(pg_temp.move('d-clerk', 'case_transfer', :t, 'accept'), '(done)', 'accepted');
SELECT is(pg_temp.awards(:c), '340705100 [2021-05-01,2021-07-01) 529.40 transferred, 340705005 [2021-07-01,) 529.40', 'from July on it is the other unit''s');
ROLLBACK TO s;

SELECT pg_temp.clock('2021-05-12 09:00+08');
SELECT alike(pg_temp.move('d-leader', 'case_transfer', :t, 'decline'), 'ZA003 cannot decline: 1 condition is not met|%', 'it is declined with a reason only');
SELECT is(pg_temp.move('d-clerk', 'case_transfer', :t, 'accept'), '(done)', 'accepted');
SELECT is(pg_temp.awards(:c), '340705100 [2021-05-01,2021-06-01) 529.40 transferred, 340705005 [2021-06-01,) 529.40', 'the award goes on in the other unit');
SELECT results_eq(format('SELECT u.unit_code, v.unit_code, address FROM aid_case AS c JOIN unit AS u USING (unit_id) JOIN unit AS v ON v.unit_id = c.village_id WHERE case_id = %s', :c),
    format($$VALUES ('340705005', %L, '新家1号')$$, :'dv'), 'with the case');
SELECT round_id AS t_round FROM case_round WHERE case_id = :c AND round_kind = 'transfer' \gset
SELECT results_eq(format($$SELECT r.state, u.unit_code, (SELECT count(*) FROM case_member AS m WHERE m.round_id = r.round_id), (SELECT count(*) FROM income_item AS i WHERE i.round_id = r.round_id)
    FROM case_round AS r JOIN unit AS u USING (unit_id) WHERE round_id = %s$$, :t_round), $$VALUES ('carried_on', '340705005', 1::bigint, 1::bigint)$$, 'by a round with all facts');
SELECT results_eq(format('SELECT person_id FROM case_member WHERE round_id = %s', :t_round), format('SELECT person_id FROM case_member WHERE round_id = %s', :r), 'of the same person');
SELECT cmp_ok((SELECT count(*) FROM explain(:t_round)), '>', 10::bigint, 'and the determination line by line');
SELECT is(pg_temp.by_staff('d-clerk', format($$SELECT jsonb_array_length(aidcase.case_file(%s) -> 'rounds')$$, :c)), '1', 'the receiving unit works from it');
SELECT results_eq('SELECT from_unit, to_unit, members, members_there, awards, awards_there, monthly_amount, monthly_amount_there, agree FROM transfer_list',
    $$VALUES ('340705100', '340705005', 1, 1, 1, 1, 529.40, 529.40, true)$$, 'both sides count the same');
SELECT isnt(pg_temp.roll('x-clerk', '340705100', '2021-06-01', '2021-05-28 09:00+08'), NULL, 'the roll of June of the former unit');
SELECT isnt(pg_temp.roll('d-clerk', '340705005', '2021-06-01', '2021-05-28 10:00+08'), NULL, 'and of the new one');
SELECT is(pg_temp.paid(:c), '05 340705100 529.40 current, 06 340705005 529.40 current', 'no month is missed, none is paid twice');
SELECT results_eq($$SELECT f.place, f.opening, f.new_households, f.transferred_in, f.exits, f.transferred_out, f.closing
    FROM report_flow_monthly('2021-06-30', NULL, NULL) AS f WHERE f.programme = '最低生活保障' AND f.place IN ('西湖镇', '东郊办事处') ORDER BY f.place COLLATE "C"$$,
    $$VALUES ('东郊办事处', 0::bigint, 0::bigint, 1::bigint, 0::bigint, 0::bigint, 1::bigint), ('西湖镇', 2, 0, 0, 0, 1, 1)$$, 'the flow of households shows a transfer');
SELECT is(pg_temp.by_staff('x-clerk', $$SELECT households || ' ' || persons || ' ' || women + aged + minors || ' ' || partly_able || ' ' || illness FROM aidcase.report_dibao_monthly('2021-05-31') WHERE residence = '农村'$$),
    (SELECT households || ' ' || persons || ' ' || women + aged + minors || ' ' || partly_able || ' ' || illness FROM report_dibao_monthly('2021-05-31', '340705100') WHERE residence = '农村'), 'the former unit counts its months with the persons, as the district does');
SELECT is(pg_temp.by_staff('x-clerk', $$SELECT count(*) FROM aidcase.report_faults('dibao_monthly', '2021-05-31')$$), '0', 'and its checks hold');
SELECT is(pg_temp.by_staff('x-clerk', $$SELECT sum(value) FROM aidcase.drill_dibao_monthly('2021-05-31') WHERE column_name = 'persons'$$), '2', 'and so does its drill');

-- a round that is not decided goes along while nothing runs
SELECT pg_temp.clock('2021-06-01 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
    pg_temp.application('early', '340705100', '340705100201', '{3}', 300, '2021-06-01'))) AS e \gset
SELECT pg_temp.case_of(:e) AS ec \gset
SELECT pg_temp.by_staff('x-clerk', format('SELECT aidcase.advance(%s, ''accept'')', :e));
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.case_round SET unit_id = %s WHERE round_id = %s', pg_temp.unit('340705005'), :e)), '22023 column "unit_id" of "case_round" cannot be changed|%', 'a round goes to another unit on no other path');
SELECT is(pg_temp.staff_told('x-clerk', pg_temp.transfer(:ec, '340705005', :'dv', $$, 'wrong_unit'$$)), '(done)', 'an application at the wrong unit');
SELECT transfer_id AS et FROM case_transfer WHERE case_id = :ec \gset
SELECT is(pg_temp.move('x-leader', 'case_transfer', :et, 'release'), '(done)', 'is passed on');
SELECT is(pg_temp.move('d-clerk', 'case_transfer', :et, 'accept'), '(done)', 'and accepted');
SELECT results_eq(format($$SELECT u.unit_code, r.state, (SELECT staff_no FROM staff WHERE staff_id = r.handler_id), (SELECT string_agg(DISTINCT x.unit_code, ' ') FROM deadline AS d JOIN unit AS x ON x.unit_id = d.unit_id WHERE d.subject_id = r.round_id AND d.subject = 'case_round')
    FROM case_round AS r JOIN unit AS u USING (unit_id) WHERE r.round_id = %s$$, :e), $$VALUES ('340705005', 'accepted', 'd-clerk', '340705005')$$, 'with its round, state and limits');
SELECT is((SELECT count(*) FROM case_round WHERE case_id = :ec), 1::bigint, 'as the same round');

-- out of the district
SELECT is(pg_temp.staff_told('x-clerk', pg_temp.transfer(:oc, '义安区钟鸣镇', NULL)), '(done)', 'a household leaves the district');
SELECT transfer_id AS ot FROM case_transfer WHERE case_id = :oc \gset
SELECT is(pg_temp.move('x-leader', 'case_transfer', :ot, 'release'), '(done)', 'released');
SELECT alike(pg_temp.move('x-leader', 'case_transfer', :ot, 'accept', '{"receipt_no": "义民转1"}'), 'ZA003 cannot accept: 1 condition is not met|You released it yourself.|%', 'somebody else enters that it arrived');
SELECT alike(pg_temp.move('x-clerk2', 'case_transfer', :ot, 'accept'), 'ZA003 cannot accept: 1 condition is not met|No receipt of the other district is named.|%', 'it needs a receipt');
SELECT is(pg_temp.move('x-clerk2', 'case_transfer', :ot, 'accept', '{"receipt_no": "义民转1"}'), '(done)', 'from there');
SELECT is(pg_temp.awards(:oc), '340705100 [2021-05-01,2021-07-01) 529.40 moved_out', 'June was paid, so July is the first month without');
SELECT results_eq($$SELECT f.opening, f.exits, f.transferred_out, f.closing FROM report_flow_monthly('2021-07-31', '340705100', NULL) AS f WHERE f.programme = '最低生活保障'$$,
    $$VALUES (1::bigint, 0::bigint, 1::bigint, 0::bigint)$$, 'and it is counted as transferred out');

-- ---------------------------------------------------------------------
-- Correction

SELECT pg_temp.clock('2021-06-10 09:00+08');
SELECT member_id AS m FROM case_member WHERE round_id = :t_round \gset
SELECT income_id AS i FROM income_item WHERE round_id = :t_round \gset
CREATE FUNCTION pg_temp.correct(c bigint, changes jsonb, reason text DEFAULT '录入差错', dry boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT string_agg(concat_ws('' '', CASE WHEN round_id IS NULL THEN ''-'' ELSE outcome END, relation, column_name, old_value, new_value, counted), ''; '') FROM aidcase.correct(%s, %L, %L, %L)', c, changes, reason, dry) $$;
CREATE FUNCTION pg_temp.change(t text, id bigint, col text, value text) RETURNS jsonb LANGUAGE sql AS
$$ SELECT jsonb_build_object('table', t, 'id', id, 'column', col, 'value', value) $$;
SELECT is(pg_temp.staff_told('d-clerk', pg_temp.correct(:c, jsonb_build_array(
      pg_temp.change('case_member', :m, 'official_kin', 'no'), pg_temp.change('case_member', 0, 'name', 'x'),
      pg_temp.change('income_item', :i, 'amount', 'many'), pg_temp.change('income_item', :i, 'basis', 'month'),
      pg_temp.change('case_member', :m, 'sex', 'male')), ' ')),
    $$ZA007 the correction has 6 faults|changes[0].column: is no field that can be corrected
changes[1].id: is no row of the last decided round
changes[2].value: is no value of this column
changes[3].value: is what stands there
changes[4].column: follows from the citizen number; correct that
reason: must not be empty|Example: SELECT * FROM aidcase.correct(1, '[{"table": "case_member", "id": 1, "column": "name", "value": "…"}]', 'typing error', dry_run => true).$$,
    'a correction has its faults listed');
SELECT alike(pg_temp.staff_told('x-clerk', pg_temp.correct(:c, jsonb_build_array(pg_temp.change('case_member', :m, 'name', '王小明')))), '22023 there is no case % in your units|%', 'the former unit corrects nothing any more');
SELECT alike(pg_temp.staff_told('d-leader', pg_temp.correct(:c, jsonb_build_array(pg_temp.change('case_member', :m, 'name', '王小明')))), '42501 permission denied %', 'the clerk corrects');
SELECT is(pg_temp.by_staff('d-clerk', pg_temp.correct(:c, jsonb_build_array(pg_temp.change('case_member', :m, 'name', '王小明')), '错字', true)),
    '- case_member name 户move成员1 王小明 f', 'a dry run shows old and new');
SELECT is((SELECT count(*) FROM correction), 0::bigint, 'and writes nothing');
-- a wrong number; birth date and sex follow from it
SELECT is(pg_temp.by_staff('d-clerk', pg_temp.correct(:c, jsonb_build_array(pg_temp.change('case_member', :m, 'name', '王小明'),
      pg_temp.change('case_member', :m, 'citizen_id', pg_temp.person(4))))),
    format('correction case_member name 户move成员1 王小明 f; correction case_member citizen_id %s %s f; correction case_member birth_date 1970-01-02 1970-01-05 t', pg_temp.person(1), pg_temp.person(4)),
    'name and number are corrected');
SELECT round_id AS k FROM case_round WHERE case_id = :c AND round_kind = 'correction' \gset
SELECT is((SELECT name FROM case_member WHERE round_id = :t_round), '户move成员1', 'the decided round keeps what it said');
SELECT alike(pg_temp.move('d-clerk', 'case_round', :k, 'correct'), 'ZA003 cannot correct: 2 conditions are not met|It needs one of the posts unit_leader, bureau_leader at the unit or above it.
Who handles the round does not decide it.|%', 'a second post approves');
SELECT is(pg_temp.move('d-leader', 'case_round', :k, 'correct'), '(done)', 'approved');
SELECT is(pg_temp.awards(:c), '340705100 [2021-05-01,2021-06-01) 529.40 transferred, 340705005 [2021-06-01,2021-07-01) 529.40 corrected, 340705005 [2021-07-01,) 529.40', 'the benefit goes on, equal to the fen');
SELECT results_eq(format('SELECT p.citizen_id::text, m.person_id = (SELECT person_id FROM case_member WHERE round_id = %s) FROM award AS a JOIN award_person AS p USING (award_id) JOIN case_member AS m USING (member_id) WHERE a.round_id = %s', :r, :k),
    format('VALUES (%L, true)', pg_temp.person(4)), 'under the corrected number, for the same person');
-- a counted fact that changes the result
SELECT income_id AS i2 FROM income_item WHERE round_id = :k \gset
SELECT is(pg_temp.by_staff('d-clerk', pg_temp.correct(:c, jsonb_build_array(pg_temp.change('income_item', :i2, 'amount', '100.00')))),
    'review income_item amount 300.00 100.00 t', 'another result is a review');
SELECT results_eq(format('SELECT r.round_kind, r.state, i.amount FROM case_round AS r JOIN income_item AS i USING (round_id) WHERE r.case_id = %s ORDER BY r.round_no DESC LIMIT 1', :c),
    $$VALUES ('review', 'filed', 100.00)$$, 'with the corrected fact');
SELECT alike(pg_temp.staff_told('d-clerk', pg_temp.correct(:c, jsonb_build_array(pg_temp.change('income_item', :i2, 'amount', '100.00')))), '55000 the case has nothing decided that could be corrected now|Round % is open.|%', 'one round at a time');
-- months of both
SELECT isnt(pg_temp.roll('d-clerk', '340705005', '2021-07-01', '2021-06-28 10:00+08'), NULL, 'the roll of July');
SELECT is(pg_temp.paid(:c), '05 340705100 529.40 current, 06 340705005 529.40 current, 07 340705005 529.40 current', 'no month is missed, none is paid twice');

-- ---------------------------------------------------------------------
-- Payee accounts

SELECT results_eq($$SELECT n, luhn_ok(n) FROM unnest('{4111111111111111,4111111111111112,79927398713,79927398710,0,18,1x}'::text[]) AS n$$,
    $$VALUES ('4111111111111111', true), ('4111111111111112', false), ('79927398713', true), ('79927398710', false), ('0', true), ('18', true), ('1x', false)$$, 'the Luhn check');
CREATE FUNCTION pg_temp.payee(c bigint, more jsonb, day date DEFAULT '2021-07-05') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT aidcase.set_payee(%s, %L, %L)', c, '{"kind": "person", "holder_name": "王小明", "bank": "农商行", "account_no": "4111111111111111"}'::jsonb || more, day) $$;
SELECT pg_temp.clock('2021-07-01 09:00+08');
SELECT is(pg_temp.staff_told('d-clerk', pg_temp.payee(:c, '{"keeper": "村干部", "keeper_staff": "nobody"}')),
    $$ZA007 the payee has 3 faults|agreement_no: is missing: somebody else keeps the card by agreement only
evidence: is missing: the account of a running benefit changes on evidence
keeper_staff: is not the number of a member of staff|Example: {"kind": "person", "holder_name": "…", "holder_citizen_id": "…", "bank": "…", "account_no": "…"}.$$, 'a change has its faults listed');
SELECT is(pg_temp.staff_told('d-clerk', pg_temp.payee(:c, '{"evidence": "新卡复印件", "keeper": "村干部", "keeper_staff": "d-visitor1", "agreement_no": "代管1"}')), '(done)', 'proposed by one');
SELECT change_id AS ch FROM payee_change WHERE case_id = :c \gset
SELECT is((SELECT count(*) FROM payee_account WHERE case_id = :c), 1::bigint, 'which changes nothing yet');
SELECT alike(pg_temp.staff_told('d-clerk', pg_temp.payee(:c, '{"evidence": "另一张"}')), 'ZA007 the payee has 1 fault|case_id: has change % of the account that waits for approval|%', 'one at a time');
SELECT alike(pg_temp.move('d-clerk', 'payee_change', :ch, 'approve'), 'ZA003 cannot approve: 2 conditions are not met|It needs one of the posts unit_leader, bureau_leader at the unit or above it.
You entered the row yourself.|%', 'approved by another');
SELECT alike(pg_temp.move('x-leader', 'payee_change', :ch, 'approve'), 'P0002 there is no row %', 'of the unit');
SELECT is(pg_temp.staff_told('d-clerk', format($$INSERT INTO aidcase.payee_account (case_id, kind, holder_name, bank, account_no, valid) VALUES (%s, 'person', '王小明', '农商行', '4111111111111111', '[2020-01-01,2020-02-01)')
    RETURNING account_id$$, :c)), 'ZA003 the account of a running benefit is changed by two people|No approved change of the household names this account.|Propose it with aidcase.set_payee(); another person approves it.', 'on every path');
SELECT is(pg_temp.move('d-leader', 'payee_change', :ch, 'approve'), '(done)', 'approved');
-- the roll of July, made before, is paid on the 9th: the 10th is a Saturday
SELECT results_eq(format('SELECT account_no, valid, keeper IS NOT NULL FROM payee_account WHERE case_id = %s ORDER BY account_id DESC LIMIT 1', :c),
    $$VALUES ('4111111111111111', '[2021-07-10,)'::daterange, true)$$, 'it holds from the next run on');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.payee_account SET valid = '[2021-04-01,2021-07-01)' WHERE case_id = %s AND upper_inf(valid)$$, :c)), 'ZA004 the period of an account can only be cut short|%', 'an account is not brought back');
SELECT isnt(pg_temp.roll('d-clerk', '340705005', '2021-08-01', '2021-07-28 10:00+08'), NULL, 'the roll of August');
SELECT is((SELECT string_agg(to_char(benefit_month, 'MM') || ' ' || (a.account_no = '4111111111111111'), ', ' ORDER BY benefit_month) FROM payment JOIN payee_account AS a USING (account_id) WHERE payment.case_id = :c),
    '05 false, 06 false, 07 false, 08 true', 'is paid to the new account, once');
SELECT results_eq($$SELECT count(*) FROM verify_register()$$, $$VALUES (0::bigint)$$, 'the register verifies');
SELECT * FROM finish();
ROLLBACK;
