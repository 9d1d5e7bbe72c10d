-- Money: what a confirmation grants, the monthly roll, what it can never do.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(146);
\ir parts/household.sql

-- ---------------------------------------------------------------------
-- Awards come from confirmations

SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-30 15:00+08') AS a \gset
SELECT results_eq(format('SELECT programme, months, amount, persons, residence, stop_reason FROM award WHERE round_id = %s', :a),
    $$VALUES ('dibao', '[2021-05-01,)'::daterange, 1167.40::numeric(14,2), 2, 'rural', NULL::text)$$,
    'a confirmation on the last day of April makes an award from May on');
SELECT results_eq(format('SELECT component, c.amount FROM award_component AS c JOIN award USING (award_id) WHERE round_id = %s ORDER BY component COLLATE "C"', :a),
    $$VALUES ('addon', 191.40::numeric(14,2)), ('base', 976.00)$$, 'its components add up to it');
SELECT results_eq(format('SELECT citizen_id::text, exclusion_group, p.months FROM award_person AS p JOIN award USING (award_id) WHERE round_id = %s ORDER BY member_id', :a),
    $$VALUES (pg_temp.person(1), 'living', '[2021-05-01,)'::daterange), (pg_temp.person(2), 'living', '[2021-05-01,)')$$, 'its persons are the counted members');
SELECT is((SELECT amount FROM award WHERE round_id = :a),
    (SELECT amount FROM assistance_opinion WHERE round_id = :a AND outcome = 'granted' AND NOT void), 'it is what the opinion grants');

SELECT pg_temp.confirm('y', '340705100', '340705100201', '{11}', 200, '2021-12-31 15:00+08') AS y \gset
SELECT is((SELECT months FROM award WHERE round_id = :y), '[2022-01-01,)'::daterange, 'a confirmation on 31 December counts from January');
SELECT pg_temp.confirm('s', '340705100', '340705100201', '{12}', 200, '2021-06-01 00:30+08') AS s \gset
SELECT is((SELECT months FROM award WHERE round_id = :s), '[2021-07-01,)'::daterange, 'the month is that of the register''s time zone');
SELECT is((SELECT decided_on FROM case_round WHERE round_id = :s), '2021-06-01'::date, 'and so is the day of the decision');

-- a member of another household
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM file_case(%L)',
    pg_temp.application('e', '340705100', '340705100202', '{2,3}', 300, '2021-05-06'))) AS e \gset
-- the bureau lets the second application of the same person run
SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.override_duplicate(m.member_id, ''另户申请'') FROM aidcase.case_member AS m WHERE m.round_id = %s AND m.citizen_id = %L', :e, pg_temp.person(2))) AS overridden \gset
SELECT pg_temp.in_review(:e, 'x', '340705100');
SELECT count(*) AS n FROM ledger_entry \gset
SELECT is(pg_temp.staff_told('x-group1', format($$SELECT advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$$, :e)),
    '23P01 a member of the household already receives assistance that excludes this one|Another award of the same person or household covers the same months.|End the other award first, or leave the person out of this household.',
    'nobody is in two awards that exclude each other; the message names nobody');
SELECT is((SELECT state FROM case_round WHERE round_id = :e), 'in_review', 'the round has not moved');
SELECT is((SELECT count(*) FROM award WHERE round_id = :e), 0::bigint, 'and nothing was half-written');
SELECT is((SELECT count(*) FROM ledger_entry), :n::bigint, 'nor entered into the ledger');

-- ---------------------------------------------------------------------
-- Nobody writes an award by hand

SELECT case_id AS case_a FROM case_round WHERE round_id = :a \gset
SELECT determination_id AS det_a, award_id AS award_a, unit_id AS unit FROM award WHERE round_id = :a \gset
CREATE FUNCTION pg_temp.award(what text) RETURNS text LANGUAGE sql
RETURN format($$INSERT INTO aidcase.award (case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence)
    SELECT %s FROM aidcase.award WHERE stop_reason IS NULL AND round_id = (SELECT min(round_id) FROM aidcase.award)$$, what);
SELECT alike(pg_temp.told(l, pg_temp.award('case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence')),
    '42501 permission denied for table award|%', l || ' inserts no award')
  FROM unnest(ARRAY['t_clerk', 't_leader', 't_committee', 't_bureau', 't_payer', 't_admin', 't_inspector', 't_town']) AS l;
SELECT alike(pg_temp.told(l, 'UPDATE aidcase.award SET amount = 1'), '42501 permission denied for table award|%', l || ' changes none')
  FROM unnest(ARRAY['t_clerk', 't_leader', 't_bureau', 't_payer', 't_town']) AS l;
SELECT alike(pg_temp.told('postgres', pg_temp.award($$case_id, round_id, determination_id, unit_id, 'tekun', months, amount, persons, residence$$)),
    'ZA003 an award needs a decision that grants it|%', 'not even a superuser grants another programme');
SELECT alike(pg_temp.told('postgres', pg_temp.award($$case_id, round_id, determination_id, unit_id, programme, '[2020-01-01,2021-05-01)', amount, persons, residence$$)),
    'ZA003 an award needs a decision that grants it|%', 'or months before the decision');
SELECT alike(pg_temp.told('postgres', pg_temp.award('case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence')),
    '23P01 %', 'or the same once more');
SELECT alike(pg_temp.told('postgres', format($$INSERT INTO aidcase.award (case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence)
    SELECT case_id, round_id, determination_id, %s, 'dibao', '[2021-06-01,)', amount, 1, 'rural' FROM aidcase.determination WHERE round_id = %s AND programme = 'dibao'$$, :unit, :e)),
    'ZA003 an award needs a decision%', 'or what waits for its decision');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.award SET amount = 9999 WHERE award_id = %s', :award_a)),
    'ZA004 a row of table "award" cannot be changed|Columns concerned: "amount".|%', 'an amount stays');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.award SET months = '[2021-04-01,)' WHERE award_id = %s$$, :award_a)),
    'ZA004 the months of an award can only be cut short|%', 'months are not added before');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.award SET months = 'empty' WHERE award_id = %s$$, :award_a)),
    '23514 %', 'an award does not vanish without a reason');
SAVEPOINT here;
SELECT is(pg_temp.told('postgres', format($$UPDATE aidcase.award SET months = '[2021-05-01,2021-08-01)', stop_reason = 'death' WHERE award_id = %s$$, :award_a)), '(done)', 'it can end earlier');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.award SET months = '[2021-05-01,)', stop_reason = NULL WHERE award_id = %s$$, :award_a)),
    'ZA004 the months of an award can only be cut short|%', 'but not go on again');
SELECT alike(pg_temp.told('postgres', replace(pg_temp.award($$case_id, round_id, determination_id, unit_id, programme, '[2021-08-01,)', amount + 1, persons, residence$$), 'stop_reason IS NULL AND', '')),
    'ZA003 an award needs a decision that grants it|%', 'nor with more money');
SELECT alike(pg_temp.told('postgres', replace(pg_temp.award($$case_id, round_id, determination_id, unit_id, programme, '[2021-08-01,)', amount, persons + 1, residence$$), 'stop_reason IS NULL AND', '')),
    'ZA003 an award needs a decision that grants it|%', 'nor for more persons');
ROLLBACK TO here;
SELECT alike(pg_temp.told('postgres', format($$INSERT INTO aidcase.award_component (award_id, case_id, component, amount) VALUES (%s, %s, 'festival', 5)$$, :award_a, :case_a)),
    'ZA003 the components of an award do not add up to it|%', 'no component comes on top');
SELECT alike(pg_temp.told('postgres', format($$INSERT INTO aidcase.award_person (award_id, case_id, member_id, exclusion_group, months)
    SELECT %s, %s, member_id, 'living', '[2021-05-01,)' FROM aidcase.case_member WHERE round_id = %s AND applicant$$, :award_a, :case_a, :e)),
    'ZA003 a person of an award is no counted member of its round|%', 'no stranger is taken in');
SELECT alike(pg_temp.told('postgres', 'DELETE FROM aidcase.award'), 'ZA%', 'no award is deleted');

-- ---------------------------------------------------------------------
-- The roll

SELECT pg_temp.confirm('n', '340705100', '340705100202', '{21}', 100, '2021-04-30 16:00+08', payee => false) AS n \gset
SELECT pg_temp.confirm('o', '340705100', '340705100202', '{22}', 100, '2021-05-20 16:00+08') AS o \gset
SELECT pg_temp.clock('2021-05-06 10:00+08');

SELECT alike(pg_temp.told(l, $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$), '42501 permission denied for function make_roll|%', l || ' makes no roll')
  FROM unnest(ARRAY['t_committee', 't_bureau', 't_payer', 't_inspector', 't_stranger']) AS l;
SELECT alike(pg_temp.told('t_other', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$),
    '42501 permission denied to make the roll of the unit|It needs one of the posts clerk, unit_leader at the unit or above it.|%', 'nor does another unit''s clerk');
SELECT alike(pg_temp.staff_told('x-visitor1', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$),
    '42501 permission denied to make the roll of the unit|%', 'nor an investigator');
CREATE ROLE t_nobody LOGIN IN ROLE aidcase_clerk;
SELECT alike(pg_temp.told('t_nobody', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$), 'ZA005 nobody acts in this session|%', 'nor nobody');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.make_roll('340705100201', '2021-05-01')$$), '22023 unit "340705100201" makes no payment roll|%', 'villages have none');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.make_roll('999999', '2021-05-01')$$), '22023 there is no unit%', 'a unit that is none');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.make_roll('340705100', NULL)$$), '22023 the month of the roll is missing|%', 'no month');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.make_roll('340705100', 'infinity')$$), '22023 %', 'no such month');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-07-01')$$), '22023 the roll of a later month cannot be made yet|%', 'the month after the next is too early');

SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-05-17')$$) AS may \gset
CREATE FUNCTION pg_temp.lines(roll bigint) RETURNS TABLE (outside_key text, benefit_month date, line_kind text, amount numeric) LANGUAGE sql STABLE AS $$
    SELECT r.outside_key, p.benefit_month, p.line_kind, p.amount
      FROM aidcase.payment AS p JOIN aidcase.award AS a USING (award_id) JOIN aidcase.case_round AS r USING (round_id)
     WHERE p.roll_id = roll ORDER BY r.outside_key COLLATE "C", p.benefit_month $$;
SELECT results_eq(format('SELECT * FROM pg_temp.lines(%s)', :may),
    $$VALUES ('T-a', '2021-05-01'::date, 'current', 1167.40)$$, 'the roll of May: who is owed May and has an account');
SELECT results_eq(format('SELECT roll_month, pay_day, lines, total, state FROM payment_roll WHERE roll_id = %s', :may),
    $$VALUES ('2021-05-01'::date, '2021-05-10'::date, 1, 1167.40::numeric(14,2), 'draft')$$, 'with its pay day and totals');
SELECT is((SELECT pay_day FROM payment_roll WHERE roll_id = :may), pay_day('2021-05-01'), 'the pay day is that of the calendar');
SELECT is((SELECT base_amount || '+' || addon_amount FROM payment WHERE roll_id = :may), '976.00+191.40', 'base and add-on are shown apart');
SELECT is(pg_temp.told('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$),
    '55000 the roll of unit "340705100" for 2021-05 exists already|A unit has one roll a month; what was missed comes as arrears on the next.|See aidcase.payment_roll.', 'a second roll of the month is refused');
SELECT is((SELECT count(*) FROM payment_roll WHERE roll_month = '2021-05-01'), 1::bigint, 'there is one');

-- lines by hand
SELECT account_id AS account_a FROM payee_account WHERE case_id = :case_a \gset
CREATE FUNCTION pg_temp.detail(told text) RETURNS text LANGUAGE sql RETURN split_part(told, '|', 2);
CREATE FUNCTION pg_temp.line(roll bigint, unit bigint, the_case bigint, award bigint, account bigint, kind text, month date, amount numeric)
RETURNS text LANGUAGE sql
RETURN format('INSERT INTO aidcase.payment (roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons)'
    ' VALUES (%s, %s, %s, %s, %s, ''dibao'', %L, %L, %s, 191.40, %s, 2)', roll, unit, the_case, award, account, month, kind, amount - 191.40, amount);
SELECT alike(pg_temp.told(l, pg_temp.line(:may, :unit, :case_a, :award_a, :account_a, 'arrears', '2021-05-01', 1167.40)),
    '42501 permission denied for table payment|%', l || ' writes no line') FROM unnest(ARRAY['t_clerk', 't_leader', 't_bureau', 't_payer']) AS l;
SELECT alike(pg_temp.told('postgres', pg_temp.line(:may, :unit, :case_a, :award_a, :account_a, 'arrears', '2021-05-01', 1167.40)),
    '23505 %', 'one month is not paid twice, by nobody');
SELECT is(pg_temp.detail(pg_temp.told('postgres', pg_temp.line(:may, :unit, :case_a, :award_a, :account_a, 'current', '2021-06-01', 1167.40))),
    'A current line is for the month of the roll.', 'a current line of another month');
SELECT is(pg_temp.detail(pg_temp.told('postgres', pg_temp.line(:may, :unit, :case_a, :award_a, :account_a, 'arrears', '2021-06-01', 1167.40))),
    'Nothing is paid for a month to come.', 'arrears of a month to come');
SELECT is(pg_temp.detail(pg_temp.told('postgres', pg_temp.line(:may, :unit, :case_a, :award_a, :account_a, 'arrears', '2021-04-01', 2000))),
    E'The amount differs from the award.\nThe award does not cover the benefit month.', 'all that is wrong is told at once');
SELECT is(pg_temp.detail(pg_temp.told('postgres', pg_temp.line(:may, :unit, :case_a, :award_a, :account_a, 'reissue', '2021-05-01', 1167.40))),
    'Nothing was returned or is to be recovered that the line could rest on.', 'nothing is paid again without a return');
SELECT is(pg_temp.detail(pg_temp.told('postgres', pg_temp.line(:may, unit_id('340705005'), :case_a, :award_a, :account_a, 'arrears', '2021-04-01', 1167.40))),
    E'The award does not cover the benefit month.\nThe line names another unit than its roll.', 'another unit');
SELECT case_id AS case_o, award_id AS award_o FROM award WHERE round_id = :o \gset
SELECT is(pg_temp.detail(pg_temp.told('postgres', pg_temp.line(:may, :unit, :case_o, :award_a, :account_a, 'current', '2021-05-01', 1167.40))),
    E'The account belongs to another case.\nThe line names another case or programme than its award.', 'another case');

-- arrears: an account that came late, none twice
SELECT pg_temp.clock('2021-06-03 10:00+08');
SELECT case_id AS case_n FROM case_round WHERE round_id = :n \gset
SELECT isnt(pg_temp.by_login('t_clerk', format($$SELECT aidcase.set_payee(%s, '{"kind": "person", "holder_name": "户n", "bank": "农商行", "account_no": "6217000000000001"}', '2021-06-03')$$, :case_n)), NULL, 'the account arrives');
SELECT pg_temp.by_login('t_leader', $$SELECT aidcase.make_roll('340705100', '2021-06-01')$$) AS june \gset
SELECT results_eq(format('SELECT outside_key, benefit_month, line_kind FROM pg_temp.lines(%s)', :june),
    $$VALUES ('T-a', '2021-06-01'::date, 'current'), ('T-n', '2021-05-01', 'arrears'), ('T-n', '2021-06-01', 'current'), ('T-o', '2021-06-01', 'current')$$,
    'June pays June, and May to whom it was not paid');
SELECT is((SELECT count(*) FROM (SELECT FROM payment GROUP BY case_id, programme, benefit_month HAVING count(*) > 1) AS x), 0::bigint, 'nobody is paid twice for a month');
SELECT results_eq(format('SELECT lines::bigint, total FROM payment_roll WHERE roll_id = %s', :june),
    format('SELECT count(*), sum(amount)::numeric(14,2) FROM payment WHERE roll_id = %s', :june), 'totals are those of the lines');

-- submitted: frozen; the list shows it
SELECT is((SELECT count(*) FROM payment_total), 0::bigint, 'a draft has no totals yet');
SELECT is(pg_temp.by_login('t_payer', $$SELECT count(*) FROM aidcase.payment_list('2021-05-20')$$), '0', 'a draft is on no list');
SELECT alike(pg_temp.told('t_other', format('SELECT aidcase.submit_roll(%s)', :may)), 'P0002 there is no row%', 'another unit''s clerk does not submit it');
SELECT is(pg_temp.by_login('t_leader', format('SELECT aidcase.submit_roll(%s)', :may)), 'submitted', 'the leader does');
SELECT is(pg_temp.by_login('t_payer', $$SELECT string_agg(concat_ws(' ', unit_code, programme, benefit_month, line_kind, base_amount, addon_amount, amount, holder_name, account_no, pay_day), ';') FROM aidcase.payment_list('2021-05-20')$$),
    (SELECT concat_ws(' ', '340705100', 'dibao 2021-05-01 current 976.00 191.40 1167.40 户a成员1', account_no, '2021-05-10') FROM payee_account WHERE account_id = :account_a), 'then the accounting centre has the list');
SELECT results_eq('SELECT roll_id, unit_id, programme, residence, line_kind, lines, households, persons, base_amount, addon_amount, care_amount, price_amount, other_amount, amount FROM payment_total',
    format($$VALUES (%s::bigint, %s::bigint, 'dibao', 'rural', 'current', 1, 1, 2::bigint, 976.00::numeric, 191.40::numeric, 0.00::numeric, 0.00::numeric, 0.00::numeric, 1167.40::numeric)$$, :may, :unit),
    'and its totals are written');
SELECT is(pg_temp.by_login(l, 'SELECT sum(amount) FROM aidcase.payment_total'), t, l || ' sees ' || coalesce(t, 'none of them'))
  FROM (VALUES ('t_clerk', '1167.40'), ('t_other', NULL), ('t_analyst', '1167.40')) AS v (l, t);
SELECT alike(pg_temp.told(l, 'UPDATE aidcase.payment_total SET persons = 3'), '42501 %', l || ' writes none') FROM unnest('{t_clerk,t_leader,t_bureau,t_payer}'::text[]) AS l;
SELECT is(pg_temp.told('postgres', c), format('ZA003 the totals of roll %s are not those of its lines|Households, persons or amounts differ from table aidcase.payment.|Totals are written when the roll is handed in.', :may), 'nor does a superuser: ' || c)
  FROM unnest(ARRAY['UPDATE aidcase.payment_total SET persons = 3', 'UPDATE aidcase.payment_total SET amount = amount + 1, base_amount = base_amount + 1',
                    $$INSERT INTO aidcase.payment_total SELECT roll_id, unit_id, programme, residence, 'arrears', 1, 1, 2, 1, 0, 0, 0, 0, 1 FROM aidcase.payment_total$$]) AS c;
SELECT alike(pg_temp.told('postgres', 'DELETE FROM aidcase.payment_total'), 'ZA%', 'nor are they deleted');
SELECT is(pg_temp.by_login('t_payer', $$SELECT sum(amount) FROM aidcase.payment_list('2021-05-01')$$), (SELECT total::text FROM payment_roll WHERE roll_id = :may), 'its sum is the total of the roll');
-- each reading is kept: who, what for, how many lines
SELECT results_eq($$ SELECT s.staff_no, r.what, r.period, r.purpose, r.lines, r.sha256, r.entry_no IN (SELECT entry_no FROM ledger_entry)
      FROM sensitive_reading AS r JOIN staff AS s ON s.staff_id = r.read_by ORDER BY r.reading_id $$,
    $$ VALUES ('b-payer', 'payment_list', '2021-05', '发放社会救助资金 / payment of social assistance', 0::bigint, NULL::bytea, true),
              ('b-payer', 'payment_list', '2021-05', '发放社会救助资金 / payment of social assistance', 1, NULL, true),
              ('b-payer', 'payment_list', '2021-05', '发放社会救助资金 / payment of social assistance', 1, NULL, true) $$, 'who read the list is kept, with the call''s own purpose');
SELECT is(pg_temp.told('t_bureau', $$ SELECT * FROM aidcase.payment_list('2021-05-01', purpose => ' 审计 ') LIMIT 1 $$), '(done)', 'the bureau reads it for an audit');
SELECT results_eq($$ SELECT purpose, lines FROM sensitive_reading ORDER BY reading_id DESC LIMIT 1 $$, $$ VALUES ('审计', 1::bigint) $$, 'what the caller says comes first, and all lines count');
SET LOCAL aidcase.purpose = '年度检查';
SELECT is(pg_temp.told('t_bureau', $$ SELECT FROM aidcase.payment_list('2021-05-01') $$), '(done)', 'the session says what it reads for');
SELECT is((SELECT purpose FROM sensitive_reading ORDER BY reading_id DESC LIMIT 1), '年度检查', 'then that');
SET LOCAL aidcase.purpose = '';
SELECT alike(pg_temp.told('t_finance', $$ SELECT FROM aidcase.payment_list('2021-05-01') $$), '42501 permission denied%', 'who may not read accounts is told so');
SELECT is((SELECT count(*) FROM sensitive_reading), 5::bigint, 'and leaves nothing');
UPDATE sensitive_call SET purpose = NULL WHERE call = 'payment_list';
SELECT alike(pg_temp.told('t_payer', $$ SELECT FROM aidcase.payment_list('2021-05-01') $$), '22004 a purpose is needed to read this|%', 'a register that clears the call''s purpose asks for one');
UPDATE sensitive_call SET purpose = '发放' WHERE call = 'payment_list';
SAVEPOINT read_only;
SET TRANSACTION READ ONLY;
SELECT pg_temp.told('t_payer', $$ SELECT FROM aidcase.payment_list('2021-05-01') $$) AS read_only \gset
SELECT pg_temp.told('t_payer', $$ SELECT FROM aidcase.report_payment_roll('2021-05-31') $$) AS read_only_report \gset
SELECT pg_temp.told('t_bureau', $$ SELECT aidcase.workbook('payment_roll', '2021-05') $$) AS read_only_book \gset
SELECT pg_temp.told('t_bureau', $$ SELECT aidcase.export_file('bank_returns', '2021-05', 'x') $$) AS read_only_file \gset
SELECT pg_temp.told('t_bureau', $$ SELECT length(aidcase.workbook('payment_summary', '2021-05')) $$) AS read_only_figures \gset
ROLLBACK TO read_only;
SELECT is(:'read_only'::text, '25006 this cannot be read in a read-only transaction|Numbers, incomes or accounts of many people are shown; who read them and what for is kept, which cannot be written here.|Read it on the primary server, in a transaction that may write; of a payment roll aidcase.workbook() makes a workbook, aidcase.xlsx() takes only queries that write nothing.',
    'what cannot be kept is not shown');
SELECT results_eq(format($$ SELECT left(t, 5) FROM unnest(ARRAY[%L, %L, %L, %L]) AS t $$, :'read_only_report', :'read_only_book', :'read_only_file', :'read_only_figures'),
    $$ VALUES ('25006'), ('25006'), ('25006'), ('(done') $$, 'nor a report, a workbook or a file of it; figures are');
-- the same rows as a report and as a workbook
SELECT is(pg_temp.by_login('t_bureau', $$ SELECT string_agg(account_no, ',') FROM aidcase.report_payment_roll('2021-05-31') $$), (SELECT account_no FROM payee_account WHERE account_id = :account_a), 'the report shows the account');
SELECT pg_temp.by_login('t_bureau', $$ SELECT encode(sha256(aidcase.workbook('payment_roll', '2021-05')), 'hex') $$) AS book \gset
SELECT results_eq($$ SELECT s.staff_no, r.what, r.period, r.purpose, r.lines, encode(r.sha256, 'hex') FROM sensitive_reading AS r JOIN staff AS s ON s.staff_id = r.read_by ORDER BY r.reading_id OFFSET 5 $$,
    format($$ VALUES ('b-clerk', 'report_payment_roll', '2021-05-31', '发放社会救助资金 / payment of social assistance', 1::bigint, NULL), ('b-clerk', 'report_payment_roll', '2021-05', '发放社会救助资金 / payment of social assistance', 1, %L) $$, :'book'),
    'both leave an entry, the workbook with the hash of its file');
SELECT is((SELECT count(*) FROM report_issue WHERE sha256 = decode(:'book', 'hex')), 1::bigint, 'its issue is recorded as that of any report');
SELECT is(pg_temp.told('t_bureau', $$ SELECT length(aidcase.workbook('payment_summary', '2021-05')) $$), '(done)', 'a report of figures');
SELECT is((SELECT count(*) FROM sensitive_reading), 7::bigint, 'leaves none');
SELECT alike(pg_temp.told('t_bureau', $$ SELECT aidcase.xlsx('SELECT account_no FROM aidcase.payee_account') $$), '22004 a purpose is needed to read this|%', 'a list of accounts asks for a purpose');
SELECT alike(pg_temp.told('t_bureau', $$ SELECT aidcase.xlsx('SELECT * FROM aidcase.payment_list(''2021-05-01'')', '{"purpose": "x"}') $$), '25006 %', 'and cannot call what is kept');
SELECT is(pg_temp.detail(pg_temp.told('postgres', pg_temp.line(:may, :unit, :case_a, :award_a, :account_a, 'arrears', '2021-04-01', 1167.40))),
    E'The award does not cover the benefit month.\nThe roll is no longer a draft.', 'no line is added to it');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.payment_roll SET total = 1 WHERE roll_id = %s', :may)), 'ZA004 %', 'its total stays');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.payment SET account_id = account_id WHERE roll_id = %s', :may)), '(done)', 'a change of nothing is none');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.payment SET base_amount = 1, amount = 192.40 WHERE roll_id = %s', :may)),
    'ZA004 a row of table "payment" cannot be changed|Columns concerned: "amount", "base_amount".|%', 'its lines stay');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.payment SET roll_id = %s WHERE roll_id = %s', :june, :may)), 'ZA004 %', 'and stay on it');
SELECT alike(pg_temp.told('postgres', format('DELETE FROM aidcase.payment WHERE roll_id = %s', :may)), 'ZA%', 'no line is deleted');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.payee_account SET account_no = '6217000000000099' WHERE account_id = %s$$, :account_a)),
    'ZA004 a row of table "payee_account" cannot be changed|%', 'an account that is paid to stays');

-- a roll that the bureau returns is a draft again: it is added up once more
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('payment_roll', %s, 'return', '漏一行')$$, :may)), 'draft', 'the bureau returns it');
SELECT results_eq($$SELECT lines, year_amount FROM report_payment_summary('2021-05-31', '340705100') WHERE programme = '最低生活保障'$$, $$VALUES (0::bigint, 0::numeric)$$, 'reports leave out a draft');
SELECT payment_id AS first_line FROM payment WHERE roll_id = :may \gset
SAVEPOINT added;
SET LOCAL session_replication_role = replica;
INSERT INTO payment (payment_id, entry_no, roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons)
SELECT :first_line + 100000 + n, 0, roll_id, unit_id, case_id + n % 2 * 100000, award_id, account_id, programme, make_date(2021, n, 1), k, CASE k WHEN 'deduction' THEN -76 ELSE 100 END, 0, CASE k WHEN 'deduction' THEN -76 ELSE 100 END, persons
  FROM payment CROSS JOIN (VALUES (1, 'arrears'), (2, 'arrears'), (3, 'arrears'), (4, 'deduction')) AS v (n, k) WHERE payment_id = :first_line;
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.by_login('t_leader', format('SELECT aidcase.submit_roll(%s)', :may)), 'submitted', 'it is handed in again');
SELECT results_eq($$SELECT line_kind, lines, households, persons, amount FROM payment_total ORDER BY line_kind$$,
    $$VALUES ('arrears', 3, 1, 6::bigint, 300.00::numeric), ('current', 1, 1, 2, 1167.40), ('deduction', 1, 0, 2, -76.00)$$, 'two households in four further lines: each counts once');
SELECT results_eq($$SELECT households, lines, current_amount, arrears_amount, deduction_amount, amount FROM report_payment_summary('2021-05-31', '340705100') WHERE programme = '最低生活保障'$$,
    $$VALUES (2::bigint, 5::bigint, 1167.40::numeric, 300.00::numeric, -76.00::numeric, 1391.40::numeric)$$, 'the report says the same');
SET LOCAL session_replication_role = replica;
UPDATE payment_total SET lines = 9 WHERE line_kind = 'current';
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('payment_roll', %s, 'return', '再核')$$, :may)) || pg_temp.by_login('t_leader', format('SELECT aidcase.submit_roll(%s)', :may)), 'draftsubmitted', 'returned once more');
SELECT is((SELECT sum(lines) FROM payment_total), 5::bigint, 'what does not agree is written anew');
ROLLBACK TO added;
SELECT is(pg_temp.by_login('t_leader', format('SELECT aidcase.submit_roll(%s)', :may)), 'submitted', 'without a further line nothing changes');
SELECT is((SELECT count(*) FROM history('payment_total', format('[%s, "dibao", "rural", "current"]', :may))), 1::bigint, 'and nothing is written');
SAVEPOINT upgrade;
SET LOCAL session_replication_role = replica;
DELETE FROM payment_total;
SET LOCAL session_replication_role = origin;
SELECT upgrade_register() AS upgraded \gset
SELECT is((SELECT sum(amount) FROM payment_total), 1167.40, 'an upgrade adds up rolls that were handed in before there were totals');
SELECT is((SELECT count(*) FROM payment_total WHERE roll_id = :june), 0::bigint, 'and no draft');
ROLLBACK TO upgrade;

-- a total that somebody bent is not paid
SELECT is(pg_temp.told('postgres', format('UPDATE aidcase.payment_roll SET total = total + 1 WHERE roll_id = %s', :june)), '(done)', 'a superuser may bend the total of a draft');
SELECT is(pg_temp.by_login('t_leader', format('SELECT aidcase.submit_roll(%s)', :june)), 'submitted', 'it is submitted');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('payment_roll', %s, 'merge')$$, :june)), 'merged', 'and merged');
SELECT is(pg_temp.told('t_payer', format($$SELECT aidcase.advance('payment_roll', %s, 'pay')$$, :june)),
    format('ZA003 the totals of roll %s are not those of its lines|Number of lines or sum differ from table aidcase.payment.|Have the inspectors find out who changed it; aidcase.history() shows each version.', :june), 'but not paid');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('payment_roll', %s, 'merge')$$, :may)), 'merged', 'the other one is merged');
SELECT is(pg_temp.by_login('t_payer', format($$SELECT aidcase.advance('payment_roll', %s, 'pay')$$, :may)), 'paid', 'and paid');

-- ---------------------------------------------------------------------
-- A later decision about the same household

SAVEPOINT later;
CREATE FUNCTION pg_temp.again(key text, income numeric, filed timestamptz, decided timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    r bigint;
BEGIN
    PERFORM pg_temp.clock(filed);
    r := pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
        pg_temp.application(key, '340705100', '340705100201', '{1,2}', income, today(), false)
        || jsonb_build_object('case_no', (SELECT case_no FROM aid_case JOIN case_round USING (case_id) WHERE outside_key = 'T-a'))));
    PERFORM pg_temp.by_login('t_bureau', format('SELECT aidcase.override_duplicate(m.member_id, ''另户申请'') FROM aidcase.case_member AS m WHERE m.round_id = %s AND m.citizen_id = %L', r, pg_temp.person(2)));
    PERFORM pg_temp.in_review(r, 'x', '340705100');
    PERFORM pg_temp.decide(r, 'x', '340705100', decided);
    RETURN r;
END $$;
SELECT pg_temp.again('a2', 100, '2021-06-16 09:00+08', '2021-06-17 09:00+08') AS a2 \gset
SELECT results_eq(format('SELECT months, amount, stop_reason FROM award WHERE case_id = %s ORDER BY award_id', :case_a),
    $$VALUES ('[2021-05-01,2021-07-01)'::daterange, 1167.40::numeric(14,2), 'replaced'), ('[2021-07-01,)', 1436.40, NULL)$$,
    'the former award ends where the new one begins');
SELECT results_eq(format('SELECT DISTINCT p.months FROM award_person AS p WHERE case_id = %s ORDER BY 1', :case_a),
    $$VALUES ('[2021-05-01,2021-07-01)'::daterange), ('[2021-07-01,)')$$, 'for its persons too');
SELECT pg_temp.again('a3', 50, '2021-06-21 09:00+08', '2021-06-22 09:00+08') AS a3 \gset
SELECT results_eq(format('SELECT months, amount, stop_reason FROM award WHERE case_id = %s ORDER BY award_id', :case_a),
    $$VALUES ('[2021-05-01,2021-07-01)'::daterange, 1167.40::numeric(14,2), 'replaced'), ('empty', 1436.40, 'replaced'), ('[2021-07-01,)', 1486.40, NULL)$$,
    'one that had not begun never does');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-07-01')$$) AS early \gset
SELECT pg_temp.again('a4', 0, '2021-06-24 09:00+08', '2021-06-25 09:00+08') AS a4 \gset
SELECT is((SELECT months FROM award WHERE round_id = :a4), '[2021-08-01,)'::daterange, 'a month that is on a roll already is not paid again');
SELECT is((SELECT months FROM award WHERE round_id = :a3), '[2021-07-01,2021-08-01)'::daterange, 'it belongs to the award on the roll');
SELECT pg_temp.clock('2021-08-02 10:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-08-01')$$) AS august \gset
SELECT results_eq(format('SELECT benefit_month, amount, line_kind FROM payment WHERE case_id = %s ORDER BY benefit_month', :case_a),
    $$VALUES ('2021-05-01'::date, 1167.40::numeric(14,2), 'current'), ('2021-06-01', 1167.40, 'current'), ('2021-07-01', 1486.40, 'current'), ('2021-08-01', 1536.40, 'current')$$,
    'each month once, at what was in force');
-- a review that does not grant again ends what was in force
SAVEPOINT review;
SELECT pg_temp.clock('2021-08-09 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT open_review(%s)', :case_a)) AS review \gset
INSERT INTO commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
SELECT m.case_id, m.round_id, m.member_id, '1', today(), sha256('1') FROM case_member AS m WHERE m.round_id = :review AND m.applicant;
SELECT pg_temp.by_staff('x-clerk', format('UPDATE income_item SET amount = 9000 WHERE round_id = %s RETURNING 1', :review));
SELECT pg_temp.in_review(:review, 'x', '340705100');
SELECT pg_temp.clock('2021-08-10 09:00+08');
SELECT is(pg_temp.by_staff('x-group1', format($$SELECT advance(%s, 'refuse', 'income', '{"minutes_no": "m%1$s"}')$$, :review)), 'refused', 'a review may refuse');
SELECT results_eq(format('SELECT months, stop_reason FROM award WHERE round_id = %s', :a4),
    $$VALUES ('[2021-08-01,2021-09-01)'::daterange, 'not_granted_again')$$, 'the award ends after the last month on a roll');
SELECT is((SELECT count(DISTINCT p.months) || ' ' || min(p.months::text) FROM award_person AS p JOIN award USING (award_id) WHERE round_id = :a4),
    '1 [2021-08-01,2021-09-01)', 'for its persons too');
SELECT pg_temp.clock('2021-09-01 10:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-09-01')$$) AS september \gset
SELECT is((SELECT count(*) FROM payment WHERE roll_id = :september AND case_id = :case_a), 0::bigint, 'and is on no later roll');
ROLLBACK TO review;
-- with the owner's rights a constraint would print the row
SELECT pg_temp.clock('2021-08-03 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM file_case(%L)',
    pg_temp.application('z', '340705100', '340705100202', '{31,32}', 100, '2021-08-03'))) AS z \gset
SELECT pg_temp.in_review(:z, 'x', '340705100');
SELECT amount AS z_amount FROM assistance_opinion WHERE round_id = :z AND outcome = 'granted' AND NOT void \gset
SELECT format('ALTER TABLE award ADD CONSTRAINT t_never CHECK (amount <> %s) NOT VALID', :z_amount) \gexec
SELECT is(pg_temp.staff_told('x-group1', format($$SELECT advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$$, :z)),
    '23514 the award cannot be made|The determination on which it rests is no determination of a household with members.|Determine the round again.',
    'a constraint''s error does not print the row');
ROLLBACK TO later;

-- ---------------------------------------------------------------------
-- Paid after publicity, where a parameter says so

SELECT pg_temp.clock('2021-06-28 10:00+08');
SELECT isnt(pg_temp.by_login('t_admin', $$SELECT aidcase.set_parameter('payment_waits_for_publicity', '340705', '2021-07-01', 1, '示例参数', illustrative => true)$$), NULL, 'payment waits for publicity from July on');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-07-01')$$) AS july \gset
SELECT is((SELECT lines FROM payment_roll WHERE roll_id = :july), 0, 'nothing was published, nothing is on the roll');
SELECT isnt(pg_temp.by_login('t_clerk', $$SELECT aidcase.publish('340705100')$$), NULL, 'the confirmations are published');
SELECT pg_temp.clock('2021-08-02 10:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-08-01')$$) AS august \gset
SELECT results_eq(format('SELECT outside_key, benefit_month, line_kind FROM pg_temp.lines(%s)', :august),
    $$SELECT k, m::date, CASE WHEN m = '2021-08-01' THEN 'current' ELSE 'arrears' END
        FROM unnest(ARRAY['T-a', 'T-n', 'T-o', 'T-s']) AS k, unnest(ARRAY['2021-07-01', '2021-08-01']) AS m ORDER BY 1, 2$$,
    'after it, what was held back comes as arrears');

SELECT * FROM finish();
ROLLBACK;
