-- reserve fund: the journal, the hand-over that spends, settlement and age.
SET search_path = aidcase, tap, public;
BEGIN;
\ir parts/household.sql
SELECT plan(70);
SELECT pg_temp.clock('2021-04-12 09:00+08');

-- Opening
SELECT alike(pg_temp.told('t_leader', $$SELECT aidcase.open_reserve_fund('340705100')$$), '42501 %', 'a unit does not open its own fund');
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.open_reserve_fund('340705', '2021-05-01', '没有')$$),
    E'ZA007 the call has 3 faults|unit: handles no cases\nopened_on: must be a day up to today\ndocument_no: is not a document of the register|Example: SELECT aidcase.open_reserve_fund(''340705100'', ''2021-04-06'').',
    'all faults of an opening at once');
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.open_reserve_fund('340705100', '2021-04-06', '办发〔2021〕15号')$$), '(done)', 'the bureau opens it');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.open_reserve_fund('340705100')$$), 'ZA007 %unit: has an open reserve fund|%', 'a unit has one fund');

-- Movements
CREATE FUNCTION pg_temp.reserve(login text, doc text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.told(login, format('SELECT aidcase.record_reserve(%L)', doc)) $$;
SELECT is(split_part(pg_temp.reserve('t_bureau', '{"kind": "spend", "amount": "-1", "occurred_at": "2021-05-01", "spend": 1, "extra": 1}'), '|', 2),
    E'amount: must not be negative\nextra: is not a key of this document\nkind: must be one of advance, repay, settle, return; record_handover() spends\n'
    'occurred_at: must be a time such as 2021-04-06T09:00:00+08:00\nspend: goes with settle and repay\nunit: is missing\nvoucher_no: is missing', 'all faults of a movement at once');
SELECT alike(pg_temp.reserve('t_bureau', '{"kind": "advance", "unit": "340705005", "amount": "0", "voucher_no": "1"}'),
    E'ZA007 %amount: must be more than 0\nunit: has no reserve fund|%', 'a unit without a fund, nothing advanced');
SELECT alike(pg_temp.reserve('t_clerk', '{"kind": "advance", "unit": "340705100", "amount": "100.00", "voucher_no": "1"}'), '42501 permission denied to enter this movement%', 'a unit does not advance to itself');
SELECT is(pg_temp.reserve('t_bureau', '{"kind": "advance", "unit": "340705100", "amount": "1500.00", "voucher_no": "拨1", "occurred_at": "2021-04-10T10:00:00"}'), '(done)', 'an advance');
SELECT alike(pg_temp.reserve('t_clerk', '{"kind": "return", "unit": "340705100", "amount": "1500.01", "voucher_no": "还1"}'),
    '23514 the reserve fund of unit "340705100" does not hold enough|It holds 1500.00 yuan, and 1500.01 are asked for.|%', 'a fen more than it holds is refused');
SELECT alike(pg_temp.reserve('t_other', '{"kind": "return", "unit": "340705100", "amount": "1", "voucher_no": "还1"}'), 'ZA007 %unit: has no reserve fund|%', 'another unit does not learn of the fund');
SELECT alike(pg_temp.told('t_other', format($$INSERT INTO aidcase.reserve_movement (fund_id, kind, amount, occurred_at, voucher_no) VALUES (%s, 'return', 99999, aidcase.now_here(), 'x')$$, fund_id)),
    '42501 permission denied to enter this movement of the reserve fund|It needs one of the posts clerk, unit_leader, bureau_clerk, bureau_leader, payer at the unit or above it.|%', 'nor is told the balance by the table') FROM aidcase.reserve_fund;
SELECT alike(pg_temp.told('t_bureau', format($$INSERT INTO aidcase.reserve_movement (fund_id, kind, amount, occurred_at, voucher_no) VALUES (%s, 'advance', 1, '2021-04-05 23:59+08', 'x')$$, fund_id)),
    '22023 column "occurred_at" of "reserve_movement" lies%', 'nothing before the fund was opened') FROM aidcase.reserve_fund;
SELECT alike(pg_temp.told('t_bureau', format($$INSERT INTO aidcase.reserve_movement (fund_id, kind, amount, occurred_at, voucher_no) VALUES (%s, 'advance', 1, '2021-04-12 09:01+08', 'x')$$, fund_id)),
    '22023 column "occurred_at" of "reserve_movement" lies%', 'nothing a minute ahead') FROM aidcase.reserve_fund;
SELECT alike(pg_temp.told('t_bureau', format($$INSERT INTO aidcase.reserve_movement (fund_id, kind, amount, occurred_at, voucher_no, balance_after) VALUES (%s, 'advance', 1, '2021-04-12 09:00+08', 'x', 9)$$, fund_id)),
    '42501 %', 'the balance is not given') FROM aidcase.reserve_fund;
SELECT alike(pg_temp.told('t_bureau', $$UPDATE aidcase.reserve_fund SET balance = 9$$), '42501 %', 'nor changed');
SELECT alike(pg_temp.told('t_bureau', $$UPDATE aidcase.reserve_movement SET amount = 9$$), '42501 %', 'nor a movement');

-- An emergency: granted 1000, approved while the fund holds it
CREATE TEMP TABLE r (name text PRIMARY KEY, id bigint);
GRANT ALL ON r TO t_town, t_clerk, t_leader;
CREATE FUNCTION pg_temp.emergency(key text, persons integer[], amount text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    the_round bigint;
BEGIN
    the_round := pg_temp.by_staff('x-clerk', format($q$SELECT round_id FROM aidcase.file_case(%L::jsonb || '{"kind": "emergency"}')$q$,
        pg_temp.application(key, '340705100', '340705100201', persons, 100, aidcase.today(), false)));
    PERFORM pg_temp.by_staff('x-clerk', format('SELECT count(*) FROM aidcase.determine(%s)', the_round));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.record_evaluation(jsonb_build_object('round_id', %1$s, 'summary', '急难', 'opinion',
        jsonb_build_array(jsonb_build_object('matter', 'emergency', 'programme', 'temp_assistance', 'department', 'civil_affairs', 'outcome', 'granted', 'amount', %2$L))))$q$, the_round, amount));
    INSERT INTO r VALUES (key, the_round);
    RETURN the_round;
END
$$;
CREATE FUNCTION pg_temp.handover(key text, amount text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.staff_told('x-clerk', format('SELECT aidcase.record_handover(%L)', jsonb_build_object('round_id', id,
        'handed_at', pg_temp.iso(aidcase.now_here()), 'amount', amount, 'form', 'cash', 'recipient', (SELECT member_id FROM aidcase.case_member WHERE round_id = id ORDER BY 1 LIMIT 1),
        'receipt_no', key || amount, 'witness', 'x-visitor1') || more)) FROM r WHERE name = key $$;
SELECT isnt(pg_temp.emergency('R1', '{7101}', '1500.00'), NULL, 'an emergency of all that the fund holds');
SELECT isnt(pg_temp.emergency('R2', '{7102}', '1500.01'), NULL, 'and one of a fen more');
SELECT results_eq($$SELECT allowed, unmet FROM aidcase.next_actions((SELECT id FROM r WHERE name = 'R2')) WHERE action = 'approve'$$,
    $$VALUES (false, ARRAY['It needs the post unit_leader at the unit or above it.', 'The reserve fund of the unit holds less than what is granted.'])$$, 'a dry run tells it');
SELECT is(pg_temp.staff_told('x-leader', format($$SELECT aidcase.advance(%s, 'approve')$$, id)),
    'ZA003 cannot approve: 1 condition is not met|The reserve fund of the unit holds less than what is granted.|Ask the district bureau for an advance to the reserve fund.',
    'approve: only the fund refuses it') FROM r WHERE name = 'R2';
SELECT is(pg_temp.staff_told('x-leader', format($$SELECT aidcase.advance(%s, 'approve')$$, id)), '(done)', 'the other is approved') FROM r WHERE name = 'R1';

SELECT alike(pg_temp.handover('R1', '1500.01'), '23514 the reserve fund of unit "340705100" does not hold enough|%', 'the hand-over cannot spend a fen too much');
SELECT is((SELECT count(*) FROM aidcase.aid_handover WHERE round_id = (SELECT id FROM r WHERE name = 'R1')), 0::bigint, 'and then there is no hand-over');
SELECT is(pg_temp.handover('R1', '900.00'), '(done)', 'cash is spent from the fund');
SELECT is(pg_temp.handover('R1', '600.00'), '(done)', 'to the last fen');
SELECT alike(pg_temp.handover('R1', '0.01'), '23514 %It holds 0.00 yuan%', 'and no further');
SELECT is(pg_temp.handover('R1', '10.00', '{"from_reserve": false}'), '(done)', 'cash from elsewhere is said to be so');
SELECT is(pg_temp.handover('R1', '20.00', '{"form": "goods"}'), '(done)', 'goods are not spent from it');
SELECT alike(pg_temp.handover('R1', '30.00', '{"form": "goods", "from_reserve": true}'), 'ZA007 %from_reserve: is for cash|%', 'even if somebody says so');
SELECT results_eq($$SELECT movement_no, kind, amount, balance_after, handover_id IS NOT NULL FROM aidcase.reserve_movement ORDER BY movement_no$$,
    $$VALUES (1, 'advance', 1500.00, 1500.00, false), (2, 'spend', 900.00, 600.00, true), (3, 'spend', 600.00, 0.00, true)$$, 'the journal and its running balance');
SELECT is(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.advance(%s, 'hand_over')$$, id)), '(done)', 'the aid is in place') FROM r WHERE name = 'R1';
SELECT results_eq($$SELECT met_at < due_at FROM aidcase.deadline WHERE clock = 'emergency_24h' AND subject_id = (SELECT id FROM r WHERE name = 'R1')$$,
    'VALUES (true)', 'and meets the 24 hours');
SELECT throws_ok($$UPDATE aidcase.aid_handover SET amount = 1$$, 'ZA004', NULL, 'a hand-over stays as it is');
SELECT aidcase.act_as(NULL);
SELECT throws_ok($$INSERT INTO aidcase.reserve_movement (fund_id, kind, amount, occurred_at, voucher_no, handover_id)
    SELECT fund_id, 'spend', 1, aidcase.now_here(), 'x', handover_id FROM aidcase.reserve_movement WHERE movement_no = 2$$, 'ZA005', NULL, 'nobody spends without acting');

-- The monthly table: help of one round counts once, in the month of its first
-- part, each part with its amount
SAVEPOINT counted;
SELECT pg_temp.confirm('P', '340705100', '340705100201', '{7103,7104}', 300, '2021-04-20 16:00+08') AS p \gset
SET LOCAL session_replication_role = replica;
INSERT INTO aidcase.aid_handover (handover_id, entry_no, case_id, round_id, handed_at, amount, form, recipient_member_id, receipt_no, handed_by, witness_id, from_reserve)
SELECT v.id, 0, r.case_id, r.round_id, v.at::timestamptz, v.amount, 'transfer', m.member_id, v.id::text, 1, 2, false
  FROM (VALUES (9001, (SELECT id FROM r WHERE name = 'R1'), '2021-05-01 00:00+08', 70), (9002, :p, '2021-04-30 23:59+08', 400), (9003, :p, '2021-05-31 23:59+08', 500),
               (9004, :p, '2021-06-01 00:00+08', 600), (9005, (SELECT id FROM r WHERE name = 'R2'), '2020-12-31 23:59+08', 11), (9006, (SELECT id FROM r WHERE name = 'R2'), '2021-01-01 00:00+08', 22)) AS v (id, r, at, amount)
  JOIN aidcase.case_round AS r ON r.round_id = v.r
 CROSS JOIN LATERAL (SELECT min(c.member_id) AS member_id FROM aidcase.case_member AS c WHERE c.round_id = r.round_id) AS m;
SET LOCAL session_replication_role = origin;
SELECT pg_temp.clock('2021-06-30 09:00+08');
CREATE FUNCTION pg_temp.temp(day date) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', emergency_times, emergency_persons, emergency_amount, '|', expense_times, expense_persons, expense_amount, '|', times, persons, amount, per_time, '|', year_times, year_persons, year_amount)
      FROM aidcase.report_temp_assistance_monthly(day, '340705100') $$;
SELECT is(pg_temp.temp('2020-12-31'), '1 1 11.00 | 0 0 0 | 1 1 11.00 11.00 | 1 1 11.00', 'the last minute of a year');
SELECT is(pg_temp.temp('2021-01-31'), '0 0 22.00 | 0 0 0 | 0 0 22.00 0 | 0 0 22.00', 'a further part in the new year');
SELECT is(pg_temp.temp('2021-04-30'), '1 1 1530.00 | 1 2 400.00 | 2 3 1930.00 965.00 | 2 3 1952.00', 'four parts to one in an emergency, one part of help for two');
SELECT is(pg_temp.temp('2021-05-31'), '0 0 70.00 | 0 0 500.00 | 0 0 570.00 0 | 2 3 2522.00', 'the parts of May');
SELECT is(pg_temp.temp('2021-06-15'), '0 0 0 | 0 0 600.00 | 0 0 600.00 0 | 2 3 3122.00', 'the first instant of June');
SELECT is_empty($$SELECT d FROM generate_series(timestamp '2021-01-31', '2021-06-30', '1 month') AS d CROSS JOIN LATERAL aidcase.report_faults('temp_assistance_monthly', d::date) AS f$$, 'its checks hold');
SELECT results_eq($$SELECT column_name, sum(value) FROM aidcase.drill_temp_assistance_monthly('2021-04-30', '340705100') GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('amount', 1930.00), ('emergency_amount', 1530.00), ('emergency_persons', 1), ('emergency_times', 1), ('expense_amount', 400.00), ('expense_persons', 2),
             ('expense_times', 1), ('persons', 3), ('times', 2), ('year_amount', 1952.00), ('year_persons', 3), ('year_times', 2)$$, 'and its cells are its cases');
SELECT is(pg_temp.by_login(l, $$SELECT sum(persons) || ' ' || sum(amount) FROM aidcase.report_temp_assistance_monthly('2021-04-30')$$), n, l || ' reads ' || n)
  FROM (VALUES ('t_clerk', '3 1930.00'), ('t_bureau', '3 1930.00'), ('t_analyst', '3 1930.00'), ('t_other', '0 0')) AS v (l, n);
SAVEPOINT uncounted;
SET LOCAL session_replication_role = replica;
UPDATE aidcase.case_member SET counted = false, not_counted_reason = 'x' WHERE round_id = :p;
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.temp('2021-04-30'), '1 1 1530.00 | 1 0 400.00 | 2 1 1930.00 965.00 | 2 1 1952.00', 'no money is lost where no member counts');
ROLLBACK TO uncounted;
SELECT set_parameter('report_cutoff_day', '340705', '2021-01-01', 20, '示例参数', illustrative => true) \g /dev/null
SELECT is(pg_temp.temp('2021-05-31'), '0 0 70.00 | 1 2 400.00 | 1 2 470.00 470.00 | 2 3 2022.00', 'with a cut-off day');
ROLLBACK TO counted;

-- Settlement
SELECT pg_temp.clock('2021-05-12 09:00+08');
SELECT results_eq($$SELECT amount, open_amount, age_days, settle_by, late FROM aidcase.reserve_unsettled ORDER BY movement_id$$,
    $$VALUES (900.00, 900.00, 30, '2021-05-12'::date, false), (600.00, 600.00, 30, '2021-05-12', false)$$, 'unsettled, on the last day for it');
SELECT pg_temp.clock('2021-05-13 00:00+08');
SELECT results_eq('SELECT DISTINCT late FROM aidcase.reserve_unsettled', 'VALUES (true)', 'late a day after');
CREATE FUNCTION pg_temp.on_spend(login text, n integer, kind text, amount text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.reserve(login, jsonb_build_object('kind', $3, 'spend', movement_id, 'amount', $4, 'voucher_no', '核')::text)
      FROM aidcase.reserve_movement WHERE movement_no = n $$;
SELECT alike(pg_temp.on_spend('t_clerk', 2, 'settle', '900.00'), '42501 %', 'a unit does not settle');
SELECT is(pg_temp.on_spend('t_bureau', 2, 'settle', '850.00'), '(done)', 'the bureau settles a part');
SELECT alike(pg_temp.on_spend('t_bureau', 2, 'settle', '50.01'), '23514 cannot settle more than was spent|Of this spending 50.00 yuan are open.|%', 'not more than is open');
SELECT is(pg_temp.on_spend('t_clerk', 2, 'repay', '50.00'), '(done)', 'the rest is paid back');
SELECT alike(pg_temp.on_spend('t_bureau', 1, 'settle', '1.00'), 'ZA007 %spend: is no spending of a fund|%', 'an advance is not settled');
SELECT is(pg_temp.on_spend('t_bureau', 3, 'settle', '600.00'), '(done)', 'the other is settled in full');
SELECT is_empty('SELECT FROM aidcase.reserve_unsettled', 'nothing is open');
SELECT alike(pg_temp.told('t_bureau', $$UPDATE aidcase.reserve_fund SET closed_on = '2021-05-13'$$), '23514 %', 'a fund with money is not closed');
SELECT is(pg_temp.reserve('t_clerk', '{"kind": "return", "unit": "340705100", "amount": "50.00", "voucher_no": "还"}'), '(done)', 'the balance goes back');
SELECT is(pg_temp.told('t_bureau', $$UPDATE aidcase.reserve_fund SET closed_on = '2021-05-13'$$), '(done)', 'the empty fund is closed');
SELECT alike(pg_temp.reserve('t_bureau', '{"kind": "advance", "unit": "340705100", "amount": "1.00", "voucher_no": "x"}'), '55000 the reserve fund of unit "340705100" is closed|%', 'a closed fund takes nothing');
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.open_reserve_fund('340705100')$$), '(done)', 'it is opened again');
SELECT results_eq($$SELECT sum(CASE WHEN kind IN ('advance', 'repay') THEN amount WHEN kind IN ('spend', 'return') THEN -amount ELSE 0 END), max(movement_no), count(*)
    FROM aidcase.reserve_movement$$, $$SELECT balance, movements, movements::bigint FROM aidcase.reserve_fund$$, 'the fund is the sum of its journal');

-- The owner cannot move the balance apart from the journal, either
SAVEPOINT a;
UPDATE aidcase.reserve_fund SET balance = 7;
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', 'ZA003', 'the balance of a reserve fund changes by its movements only', 'a balance of its own is refused');
ROLLBACK TO a;
SELECT throws_ok('UPDATE aidcase.reserve_fund SET balance = -1', '23514', NULL, 'a negative one at once');
SELECT throws_ok('UPDATE aidcase.reserve_movement SET amount = 2', 'ZA004', NULL, 'a movement is kept');
SELECT throws_ok('DELETE FROM aidcase.reserve_movement', 'ZA006', NULL, 'for good');

-- Who sees it
SELECT is(pg_temp.by_login('t_clerk', 'SELECT count(*) FROM aidcase.reserve_fund'), '1', 'the unit sees its fund');
SELECT is(pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.reserve_movement'), '0', 'others do not');
SELECT is(pg_temp.by_login('t_finance', 'SELECT count(*) FROM aidcase.reserve_movement'), '7', 'the finance bureau sees all');
SELECT alike(pg_temp.told('t_committee', 'SELECT count(*) FROM aidcase.reserve_fund'), '42501 %', 'a committee none');
SELECT * FROM finish();
ROLLBACK;
