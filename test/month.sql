-- The month: results from the bank, reissues, the close.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(41);
\ir parts/household.sql
\ir parts/files.sql
\ir parts/figures.sql
SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT enrol_staff('{"staff_no":"b-leader","name":"区局领导","employed_from":"2020-01-01","posts":[{"unit":"340705","post":"bureau_leader","from":"2020-01-01"}]}');
CREATE ROLE t_bleader LOGIN IN ROLE aidcase_bureau;
UPDATE staff SET login = 't_bleader' WHERE staff_no = 'b-leader';

SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-28 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100201', '{3}', 200, '2021-04-28 16:00+08') AS b \gset
SELECT pg_temp.confirm('c', '340705100', '340705100201', '{4}', 100, '2021-04-29 16:00+08') AS c \gset
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT results_eq($$ SELECT unit_code, roll_id, lines, missing FROM month_status('2021-05-17') $$, $$ VALUES ('340705100', NULL::bigint, 0::bigint, 'no roll was made') $$, 'a unit that has somebody to pay and no roll');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$) AS may \gset
CREATE FUNCTION pg_temp.move(login text, roll bigint, action text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.told(login, format('SELECT aidcase.advance(''payment_roll'', %s, %L)', roll, action)) $$;
SELECT results_eq($$ SELECT state, lines, total, without_result, missing FROM month_status('2021-05-01') $$, $$ SELECT 'draft', 3::bigint, sum(amount), 3::bigint, 'the roll is draft' FROM payment $$, 'a draft');

-- what the bank sends: every line of the list, in a state of its own
CREATE FUNCTION pg_temp.returns(results text[], roll bigint, change text DEFAULT '', more numeric DEFAULT 0) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT convert_to(E'流水号,发放月份,账号,户名,金额,结果,日期,退回原因,说明\r\n'
        || string_agg(concat_ws(',', p.payment_id, to_char(r.roll_month, 'YYYY-MM'), a.account_no, a.holder_name, p.amount, results[n]) || E'\r\n', '' ORDER BY p.payment_id) || change
        || concat_ws(',', '合计', count(*) + (length(change) - length(replace(change, E'\n', ''))), '', '', sum(p.amount) + more, '', '', '', '') || E'\r\n', 'GB18030')
      FROM (SELECT q.*, row_number() OVER (ORDER BY q.payment_id) AS n FROM aidcase.payment AS q WHERE q.roll_id = roll) AS p
      JOIN aidcase.payment_roll AS r USING (roll_id) JOIN aidcase.payee_account AS a USING (account_id) WHERE p.n <= cardinality(results) $$;
SELECT '{"已发放,2021-05-10,,","退回,2021-05-10,户名不符,核对","退回,2021-05-10,银行差错,"}' AS results \gset
SELECT bag_eq(format($$ SELECT substring(f FROM '[0-9]+ (.*)') FROM pg_temp.faults_of(pg_temp.bring('t_payer', 'bank_returns', %L, true)) AS f WHERE f ~ 'reference' $$, pg_temp.returns(:'results', :may)),
    ARRAY['reference: is of a roll that is not paid', 'reference: is of a roll that is not paid', 'reference: is of a roll that is not paid'], 'nothing was paid yet');
SELECT is(pg_temp.move('t_clerk', :may, 'submit') || pg_temp.move('t_bureau', :may, 'merge') || pg_temp.move('t_payer', :may, 'pay'), '(done)(done)(done)', 'the roll is submitted, merged and paid');
SELECT pg_temp.clock('2021-05-11 09:00+08');
SELECT is((SELECT array_agg(reference ORDER BY reference) FROM payment_list('2021-05-01')), (SELECT array_agg(payment_id ORDER BY payment_id) FROM payment), 'the payment list names each line');
SELECT results_eq($$ SELECT state, without_result, missing FROM month_status('2021-05-01') $$, $$ VALUES ('paid', 3::bigint, '3 lines have no result') $$, 'no result yet');
SELECT is(pg_temp.told('t_bleader', $$ SELECT aidcase.close_month('2021-05-01') $$), 'ZA007 the close of the month has 1 fault|unit 340705100: 3 lines have no result|SELECT * FROM aidcase.month_status(month) shows how far each unit is.', 'so the month cannot be closed');

SELECT alike(pg_temp.told('t_clerk', format('SELECT aidcase.import_returns(%L)', pg_temp.returns(:'results', :may))), '42501 %', 'units enter no results');
SELECT alike(pg_temp.told('t_payer', format('SELECT aidcase.import_returns(%L)', pg_temp.returns(:'results', :may, more => 0.01))), 'ZA007 the file has 1 fault|(totals line): says %', 'totals that do not agree');
SELECT is(pg_temp.told('t_payer', format('SELECT aidcase.import_returns(%L)', overlay(pg_temp.returns(:'results', :may) PLACING '' FROM octet_length(pg_temp.returns(:'results', :may)) - 30 FOR 31))) ~ 'ZA007 the file has [0-9] faults?\|.*(totals line\): is missing|cut off)', true, 'a file that is cut off');
SELECT bag_eq(format($$ SELECT substring(f FROM '[0-9]+ (.*)') FROM pg_temp.faults_of(pg_temp.bring('t_payer', 'bank_returns', %L, true)) AS f $$,
        pg_temp.returns('{}'::text[] || ARRAY['退回,2021-05-10,,'], :may, format(E'999999,2021-05,622848000000,x,1.00,已发放,2021-05-10,,\r\n%s,2021-06,622848000000,x,1.00,已发放,2021-06-10,其他,\r\n', (SELECT max(payment_id) FROM payment)), 2)),
    ARRAY['return_reason: is missing', 'reference: is no line of a roll', 'month: differs from the roll', 'account_no: differs from the roll', 'amount: differs from the roll', 'returned_on: must not be in the future', 'return_reason: goes with a return only'], 'each fault of a result');
SELECT is(pg_temp.trip('t_payer', 'bank_returns', pg_temp.returns(:'results', :may), '2021-05'), 'same bytes, 3 lines, then 3 and 0 refused', 'results come out as they go in');
SELECT is(pg_temp.by_login('t_payer', format('SELECT accepted || '' '' || rejected FROM aidcase.import_returns(%L)', pg_temp.returns(:'results', :may))), '3 0', 'the payer enters what the bank did');
SELECT results_eq($$ SELECT paid_lines, returned_lines, without_result, missing, paid_total + returned_total = total FROM month_status('2021-05-01') $$, $$ VALUES (1::bigint, 2::bigint, 0::bigint, NULL::text, true) $$, 'each line has its result, and the totals balance');
SELECT bag_eq(format($$ SELECT substring(f FROM '[0-9]+ (.*)') FROM pg_temp.faults_of(pg_temp.bring('t_payer', 'bank_returns', %L, true)) AS f $$, pg_temp.returns('{"退回,2021-05-10,其他,"}', :may)), ARRAY['reference: has another result already'], 'a result stays');
SELECT alike(pg_temp.told('postgres', $$ UPDATE aidcase.payment_return SET outcome = 'paid', return_reason = NULL $$), 'ZA004 %', 'whatever the path');
SELECT alike(pg_temp.told('postgres', $$ INSERT INTO aidcase.payment (roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons, reissues)
    SELECT roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, 'reissue', base_amount, addon_amount, amount, persons, payment_id FROM aidcase.payment ORDER BY payment_id LIMIT 1 $$), 'ZA003 %', 'what was paid is not paid again');

SELECT alike(pg_temp.told('t_payer', $$ SELECT aidcase.close_month('2021-05-01') $$), '42501 %', 'the payer does not close the month');
SELECT alike(pg_temp.told('t_bleader', $$ SELECT aidcase.close_month('2021-04-01') $$), 'ZA007 %nobody was to be paid%', 'a month of nobody');
SELECT is(pg_temp.by_login('t_bleader', $$ SELECT (m).lines || ' ' || (m).paid_lines || ' ' || (m).returned_lines || ' ' || ((m).total = (m).paid_total + (m).returned_total) FROM aidcase.close_month('2021-05-01') AS m $$), '3 1 2 true', 'the month is closed');
SELECT alike(pg_temp.told('t_bleader', $$ SELECT aidcase.close_month('2021-05-01') $$), 'ZA007 %2021-05 is closed already, since 2021-05-11%', 'once');
SELECT alike(pg_temp.told('postgres', $$ UPDATE aidcase.payment_month SET total = 0 $$), 'ZA004 %', 'its totals stay');
SELECT alike(pg_temp.told('t_other', $$ SELECT aidcase.make_roll('340705005', '2021-05-01') $$), '55000 the month 2021-05 is closed|%', 'no roll comes into it');
SELECT bag_eq(format($$ SELECT DISTINCT substring(f FROM '[0-9]+ (month.*)') FROM pg_temp.faults_of(pg_temp.bring('t_payer', 'bank_returns', %L, true)) AS f WHERE f ~ 'month' $$, pg_temp.returns('{"退回,2021-05-10,其他,"}', :may)), ARRAY['month: is closed'], 'nor a result');

-- reports count what was paid; the totals of the roll hold all of it
SELECT results_eq($$SELECT households, lines, persons, amount, year_amount FROM report_payment_summary('2021-05-31', '340705100') WHERE programme = '最低生活保障'$$,
    $$SELECT 1::bigint, 1::bigint, p.persons::bigint, p.amount, p.amount FROM payment AS p JOIN payment_return AS e USING (payment_id) WHERE e.outcome = 'paid'$$, 'two of three households came back');
SELECT results_eq($$SELECT month_total, year_total, month_base + month_addon FROM report_dibao_monthly('2021-05-31', '340705100') WHERE residence = '农村'$$,
    $$SELECT p.amount, p.amount, p.amount FROM payment AS p JOIN payment_return AS e USING (payment_id) WHERE e.outcome = 'paid'$$, 'nor is it in the monthly table');
SELECT is((SELECT sum(households) FROM payment_total), 3::bigint, 'the roll was handed in with three');

-- what came back goes out again
SELECT pg_temp.clock('2021-06-03 09:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-06-01')$$) AS june \gset
SELECT results_eq(format($$ SELECT r.outside_key, p.benefit_month, p.line_kind FROM payment AS p JOIN award USING (award_id) JOIN case_round AS r USING (round_id) WHERE p.roll_id = %s ORDER BY 2, 1 $$, :june),
    $$ VALUES ('T-c', '2021-05-01'::date, 'reissue'), ('T-a', '2021-06-01', 'current'), ('T-b', '2021-06-01', 'current'), ('T-c', '2021-06-01', 'current') $$, 'the bank''s fault is paid again, a wrong name waits for another account');
SELECT results_eq(format($$ SELECT n.amount = o.amount, o.roll_id FROM payment AS n JOIN payment AS o ON o.payment_id = n.reissues WHERE n.roll_id = %s $$, :june), format('VALUES (true, %s::bigint)', :may), 'in the same amount');
SELECT is(pg_temp.move('t_clerk', :june, 'submit') || pg_temp.move('t_bureau', :june, 'merge') || pg_temp.move('t_payer', :june, 'pay'), '(done)(done)(done)', 'June is paid');
SELECT pg_temp.by_login('t_clerk', format($$ SELECT aidcase.set_payee(r.case_id, '{"kind": "person", "holder_name": "户b成员1", "bank": "农商行", "account_no": "6222020000000000005", "evidence": "换卡申请"}', '2021-06-20') FROM aidcase.case_round AS r WHERE r.round_id = %s $$, :b)) AS change \gset
SELECT pg_temp.clock('2021-06-04 09:00+08');
SELECT is(pg_temp.told('t_leader', format('SELECT aidcase.advance(''payee_change'', %s, ''approve'')', :change)), '(done)', 'the household names another account, and a second person approves it');
SELECT pg_temp.clock('2021-07-05 09:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-07-01')$$) AS july \gset
SELECT results_eq(format($$ SELECT r.outside_key, p.benefit_month, a.account_no FROM payment AS p JOIN award USING (award_id) JOIN case_round AS r USING (round_id) JOIN payee_account AS a USING (account_id)
        WHERE p.roll_id = %s AND p.line_kind = 'reissue' $$, :july), $$ VALUES ('T-b', '2021-05-01'::date, '6222020000000000005') $$, 'then the month is paid again, to that account, and nothing twice');
SELECT results_eq($$ SELECT returned_lines, reissued_lines FROM month_status('2021-05-01') $$, 'VALUES (2::bigint, 2::bigint)', 'May shows that all of it went out again');

SELECT results_eq($$SELECT households, lines, current_amount > 0, reissue_amount FROM report_payment_summary('2021-06-30', '340705100') WHERE programme = '最低生活保障'$$,
    format($$SELECT 3::bigint, 4::bigint, true, amount FROM payment WHERE roll_id = %s AND line_kind = 'reissue'$$, :june), 'June pays three households, one of them twice');
SELECT is((SELECT year_amount FROM report_payment_summary('2021-06-30', '340705100') WHERE programme = '最低生活保障'),
    (SELECT sum(amount) FROM payment AS p JOIN payment_roll AS r USING (roll_id) WHERE r.state <> 'draft'
        AND NOT EXISTS (SELECT FROM payment_return AS e WHERE e.payment_id = p.payment_id AND e.outcome = 'returned')), 'the year holds what was paid and no more');
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)', r, m), format('%s of %s: each cell is the sum of its cases', r, m))
  FROM unnest('{payment_summary,dibao_monthly,tekun_monthly}'::text[]) AS r CROSS JOIN unnest('{2021-05-31,2021-06-30}'::date[]) AS m;

SELECT * FROM finish();
ROLLBACK;
