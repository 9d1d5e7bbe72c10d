-- What a reassessment owes for months that are paid: a line on the next roll,
-- once a month, and never what is not owed.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(21);
\ir parts/household.sql
CREATE FUNCTION pg_temp.roll(month date, at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM pg_temp.clock(at);
    made := pg_temp.by_login('t_clerk', format('SELECT aidcase.make_roll(''340705100'', %L)', month));
    RETURN made;
END
$$;
CREATE FUNCTION pg_temp.hand_in(roll bigint) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.by_login('t_leader', format('SELECT aidcase.submit_roll(%s)', roll)) $$;
CREATE FUNCTION pg_temp.lines(roll bigint) RETURNS TABLE (household text, month date, kind text, base numeric, addon numeric, amount numeric, owed boolean) LANGUAGE sql STABLE AS $$
    SELECT r.outside_key, p.benefit_month, p.line_kind, p.base_amount, p.addon_amount, p.amount, p.reassessment_item_id IS NOT NULL
      FROM aidcase.payment AS p JOIN aidcase.award AS a USING (award_id) JOIN aidcase.case_round AS r USING (round_id)
     WHERE p.roll_id = roll ORDER BY r.outside_key COLLATE "C", p.benefit_month, p.reassessment_item_id IS NOT NULL $$;

-- Two rural persons on 300 a month, one severely disabled: (638 x 2 - 300) +
-- 638 x 30 % = 976 + 191.40; from July, with 668: 1036 + 200.40.
SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-05-14 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100201', '{3,4}', 300, '2021-05-14 15:00+08', false) AS b \gset
SELECT case_id AS case_a FROM case_round WHERE round_id = :a \gset
SELECT case_id AS case_b FROM case_round WHERE round_id = :b \gset
SELECT pg_temp.by_login('t_clerk', $$ SELECT aidcase.publish('340705100') $$) AS published \gset
SELECT pg_temp.roll('2021-06-01', '2021-06-02 09:00+08') AS june, pg_temp.hand_in(currval('payment_roll_roll_id_seq')) AS s \gset
SELECT pg_temp.roll('2021-07-01', '2021-07-02 09:00+08') AS july, pg_temp.hand_in(currval('payment_roll_roll_id_seq')) AS s \gset
SELECT results_eq(format('SELECT * FROM pg_temp.lines(%s)', :july), $$ VALUES ('T-a', '2021-07-01'::date, 'current', 976::numeric, 191.40, 1167.40, false) $$, 'July is paid at the former amount');

-- the standard rose on 1 July; it is reassessed on the 5th
SELECT pg_temp.clock('2021-07-05 09:00+08');
SELECT results_eq($$ SELECT case_id = (SELECT min(case_id) FROM aid_case), outcome, from_month, amount_before, amount_after, owed FROM reassess('340705', '2021-07-01') ORDER BY 1 DESC $$,
    $$ VALUES (true, 'changed', '2021-08-01'::date, 1167.40, 1236.40, 69.00), (false, 'changed', '2021-07-01', 1167.40, 1236.40, 0.00) $$,
    '69 is owed for July to who got it; who has no account yet gets the new amount');
SELECT is_empty($$ SELECT * FROM reassess('340705', '2021-07-01') $$, 'a second call finds nothing');
SELECT results_eq($$ SELECT benefit_month, base_amount, addon_amount, amount FROM reassessment_arrears $$, $$ VALUES ('2021-07-01'::date, 60::numeric, 9::numeric, 69::numeric) $$, 'one month is owed');
SELECT pg_temp.roll('2021-08-01', '2021-08-02 09:00+08') AS august \gset
SELECT results_eq(format('SELECT * FROM pg_temp.lines(%s)', :august),
    $$ VALUES ('T-a', '2021-07-01'::date, 'arrears', 60::numeric, 9, 69, true), ('T-a', '2021-08-01', 'current', 1036, 200.40, 1236.40, false) $$, 'the next roll carries it');
SELECT results_eq(format('SELECT lines, total FROM payment_roll WHERE roll_id = %s', :august), $$ VALUES (2, 1305.40) $$, 'in its totals');
SELECT is(pg_temp.hand_in(:august), 'submitted', 'it is handed in');
SELECT results_eq(format('SELECT line_kind, base_amount, addon_amount, amount FROM payment_total WHERE roll_id = %s ORDER BY 1', :august),
    $$ VALUES ('arrears', 60::numeric, 9::numeric, 69::numeric), ('current', 1036, 200.40, 1236.40) $$, 'and in what it was handed in with');
SELECT pg_temp.roll('2021-09-01', '2021-09-02 09:00+08') AS september, pg_temp.hand_in(currval('payment_roll_roll_id_seq')) AS s \gset
SELECT results_eq(format('SELECT * FROM pg_temp.lines(%s)', :september), $$ VALUES ('T-a', '2021-09-01'::date, 'current', 1036::numeric, 200.40, 1236.40, false) $$, 'the one after does not');
SELECT is((SELECT sum(amount) FROM payment WHERE case_id = :case_a AND benefit_month = '2021-07-01'), 1236.40, 'July came to the new amount, in two lines');

-- by hand: not again, not another amount, not another month
CREATE FUNCTION pg_temp.line(what text, more text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT split_part(pg_temp.told('postgres', format('INSERT INTO aidcase.payment (roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons, reassessment_item_id)
     SELECT (SELECT max(roll_id) FROM aidcase.payment_roll), unit_id, case_id, award_id, account_id, programme, %s FROM aidcase.payment WHERE reassessment_item_id IS NOT NULL AND line_kind = ''arrears''', what)), '|', 2) $$;
SELECT pg_temp.roll('2021-10-01', '2021-10-08 09:00+08') AS october \gset
SELECT alike(pg_temp.told('postgres', format('INSERT INTO aidcase.payment (roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons, reassessment_item_id)
     SELECT %s, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons, reassessment_item_id FROM aidcase.payment WHERE reassessment_item_id IS NOT NULL', :october)),
    '23505 %', 'the month is not owed twice');
SELECT is(pg_temp.line('''2021-06-01'', line_kind, base_amount, addon_amount, amount, persons, reassessment_item_id'), 'No reassessment owes that for the month.', 'nothing is owed for June');
SELECT is(pg_temp.line('''2021-06-01'', line_kind, base_amount, addon_amount + 1, amount + 1, persons, reassessment_item_id'), 'No reassessment owes that for the month.', 'nor another amount');
SELECT alike(pg_temp.line('benefit_month, line_kind, base_amount, addon_amount, amount, persons, NULL'), 'Key (case_id, programme, benefit_month)%already exists.', 'without the reassessment the month is paid');

-- who had no account: July and what follows at the new amount, no difference
SELECT pg_temp.by_login('t_clerk', format($$ SELECT aidcase.set_payee(%s, '{"kind": "person", "holder_name": "户b成员1", "bank": "农商行", "account_no": "6217000000000001"}', '2021-10-08') $$, :case_b)) AS payee \gset
SELECT pg_temp.roll('2021-11-01', '2021-11-02 09:00+08') AS november \gset
SELECT results_eq(format($$ SELECT month, kind, amount, owed FROM pg_temp.lines(%s) WHERE household = 'T-b' $$, :november),
    $$ VALUES ('2021-06-01'::date, 'arrears', 1167.40, false), ('2021-07-01', 'arrears', 1236.40, false), ('2021-08-01', 'arrears', 1236.40, false),
              ('2021-09-01', 'arrears', 1236.40, false), ('2021-10-01', 'arrears', 1236.40, false), ('2021-11-01', 'current', 1236.40, false) $$, 'arrears of the new award need no difference');
SELECT is_empty($$ SELECT case_id, benefit_month FROM payment WHERE line_kind IN ('current', 'arrears') AND reassessment_item_id IS NULL GROUP BY 1, 2 HAVING count(*) > 1 $$, 'no month is doubled');
SELECT is_empty($$ SELECT reassessment_item_id, benefit_month FROM payment WHERE reassessment_item_id IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1 $$, 'and no difference');
SELECT is_empty($$ SELECT * FROM audit('amount_differs') $$, 'the audit finds no payment that differs');

-- a lower standard: what was paid too much is listed, not taken back
SELECT lives_ok($$ SELECT set_parameter('dibao_standard', '340705', '2021-11-01', 640, '示例参数', variant => 'rural', illustrative => true) $$, 'a lower standard from November');
SELECT results_eq($$ SELECT DISTINCT outcome, difference < 0, owed = difference FROM reassess('340705', '2021-11-01') $$, $$ VALUES ('changed', true, true) $$, 'the list says how much');
SELECT pg_temp.roll('2021-12-01', '2021-12-02 09:00+08') AS december \gset
SELECT is_empty(format('SELECT * FROM pg_temp.lines(%s) WHERE owed OR kind <> ''current''', :december), 'no line takes it back');

SELECT * FROM finish();
ROLLBACK;
