-- report_figures: what the statutory tables say is what the cases behind
-- their cells say; parts add up, months join.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(145);
\ir parts/household.sql

-- Three households of two units: one is paid from May, one from June with May
-- in arrears, one stops in June; one emergency; two items of a check, one of
-- them cleared.
SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-30 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100202', '{3,4,5}', 100.10, '2021-04-30 16:00+08') AS b \gset
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT make_roll('340705100', '2021-05-01')$$) AS may \gset
SELECT pg_temp.by_login('t_clerk', format($$SELECT advance('payment_roll', %s, 'submit')$$, :may)) AS moved \gset
SELECT pg_temp.confirm('c', '340705100', '340705100202', '{6}', 200, '2021-05-14 15:00+08') AS c \gset
SELECT pg_temp.clock('2021-05-20 09:00+08');
SELECT pg_temp.by_staff('d-clerk', format('SELECT round_id FROM file_case(%L)',
    pg_temp.application('d', '340705005', '340705005002', '{7}', 200, '2021-05-20'))) AS d \gset
SELECT pg_temp.by_staff('d-clerk', format($$SELECT advance(%s, 'accept')$$, :d)) AS moved \gset
SELECT pg_temp.by_staff('d-clerk', format($$SELECT aidcase.record_check(jsonb_build_object('round_id', %s, 'reference_no', 'k',
    'requested_at', pg_temp.iso(aidcase.now_here()), 'returned_at', pg_temp.iso(aidcase.now_here()),
    'results', (SELECT jsonb_agg(jsonb_build_object('member', m.member_id, 'outcome', 'suspicious',
        'hits', '[{"registry": "vehicle", "description": "登记车辆"}, {"registry": "bank", "description": "存款"}]'::jsonb))
      FROM aidcase.case_member AS m WHERE m.round_id = %1$s)))$$, :d)) AS checked \gset
SELECT pg_temp.clock('2021-06-02 09:00+08');
UPDATE registry_hit SET finding = 'not_confirmed', finding_note = '已过户', cleared_at = now_here(),
       cleared_by = (SELECT staff_id FROM staff WHERE staff_no = 'd-clerk')
 WHERE round_id = :d AND registry = 'vehicle';
UPDATE award SET months = '[2021-05-01,2021-06-01)', stop_reason = 'income' WHERE round_id = :b;
SELECT pg_temp.by_login('t_clerk', $$SELECT make_roll('340705100', '2021-06-01')$$) AS june \gset
SELECT pg_temp.by_login('t_clerk', format($$SELECT advance('payment_roll', %s, 'submit')$$, :june)) AS moved \gset
SELECT pg_temp.clock('2021-07-15 10:00+08');

\ir parts/figures.sql

SELECT is_empty($$SELECT name FROM report WHERE drill IS NULL AND name NOT IN ('payment_roll', 'town_aid', 'town_list')$$,
    'every report can be drilled but the roll, whose lines are cases');
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)', r.name, m.day),
    format('%s of %s: each cell is the sum of its cases', r.name, m.day))
  FROM report AS r CROSS JOIN unnest('{2021-04-30,2021-05-31,2021-06-15,2021-06-30}'::date[]) AS m (day)
 WHERE r.drill IS NOT NULL AND r.period_kind = 'month' ORDER BY r.name, m.day;
SELECT cmp_ok((SELECT count(*) FROM report AS r CROSS JOIN LATERAL pg_temp.cells(r.name, '2021-06-30', NULL) AS c
                WHERE r.drill IS NOT NULL AND r.period_kind = 'month' AND c.value > 0), '>=', 25::bigint, 'there are cells with something in them');
SELECT is_empty($$SELECT r.name, d.* FROM report AS r CROSS JOIN LATERAL pg_temp.differences(r.name, '2021-06-30', '340705100') AS d
                   WHERE r.drill IS NOT NULL AND r.period_kind = 'month'$$, 'one unit alone likewise');
SELECT is((SELECT count(DISTINCT c.row_key[k.position]) FROM report AS r
             JOIN report_column AS k ON k.report_name = r.name AND k.column_name = 'place' AND k.in_use
            CROSS JOIN LATERAL pg_temp.cells(r.name, '2021-06-30', '340705100') AS c
            WHERE r.drill IS NOT NULL AND r.period_kind = 'month'), 1::bigint, 'and with no other unit in it');

-- Flow: closing is the next opening; opening and changes make closing.
SELECT results_eq($$SELECT opening, new_households, transferred_in, exits, transferred_out, closing
                      FROM report_flow_monthly('2021-06-30', '340705100') WHERE programme = '最低生活保障'$$,
    $$VALUES (2::bigint, 1::bigint, 0::bigint, 1::bigint, 0::bigint, 2::bigint)$$, 'two households, one comes, one goes');
SELECT is_empty($$SELECT m, f.* FROM generate_series(timestamp '2021-03-01', '2021-07-01', '1 month') AS m,
                         LATERAL report_flow_monthly(m::date) AS f
                   WHERE opening + new_households + other_class_in + transferred_in - exits - other_class_out - transferred_out <> closing$$,
    'opening and changes make closing, every month');
SELECT is_empty($$SELECT m, a.place, a.programme FROM generate_series(timestamp '2021-03-01', '2021-06-01', '1 month') AS m,
                         LATERAL report_flow_monthly(m::date) AS a
                    JOIN LATERAL report_flow_monthly((m + interval '1 month')::date) AS b USING (place, programme)
                   WHERE a.closing <> b.opening$$, 'and closing is the next month''s opening');
SELECT results_eq($$SELECT sum(closing) FROM report_flow_monthly('2021-06-30') WHERE programme = '最低生活保障'$$,
    $$SELECT sum(households) FROM report_dibao_monthly('2021-06-30')$$, 'it is the number of the monthly table');

-- Payments.
SELECT results_eq($$SELECT households, lines, persons, current_amount, arrears_amount, amount, year_amount, base_amount + addon_amount
                      FROM report_payment_summary('2021-06-30', '340705100') WHERE programme = '最低生活保障'$$,
    $$SELECT count(DISTINCT p.case_id), count(*), sum(p.persons) FILTER (WHERE line_kind = 'current'),
             sum(p.amount) FILTER (WHERE line_kind = 'current'), coalesce(sum(p.amount) FILTER (WHERE line_kind = 'arrears'), 0), sum(p.amount),
             (SELECT sum(amount) FROM payment), sum(p.amount)
        FROM payment AS p JOIN payment_roll USING (roll_id) WHERE roll_month = '2021-06-01'$$, 'payments of a month');
SELECT is_empty($$SELECT * FROM report_payment_summary('2021-06-30')
                   WHERE base_amount + addon_amount + care_amount + price_amount + other_amount <> amount OR current_amount + arrears_amount + reissue_amount + deduction_amount <> amount$$,
    'components and kinds both add up');
SELECT cmp_ok((SELECT count(*) FROM report_payment_summary('2021-06-30')), '>', (SELECT count(*) FROM report_payment_summary('2021-06-30') WHERE lines > 0),
    'rows of zero are printed');

-- Checks.
SELECT results_eq($$SELECT m::date, registry, opening, raised, not_confirmed, cleared, open, disposal_rate
                      FROM unnest('{2021-05-31,2021-06-30,2021-07-31}'::date[]) AS m, LATERAL report_check_hits_monthly(m) WHERE place ~ '东郊'$$,
    $$VALUES ('2021-05-31'::date, '车辆', 0::bigint, 1::bigint, 0::bigint, 0::bigint, 1::bigint, 0.0000::numeric),
             ('2021-05-31', '银行存款', 0, 1, 0, 0, 1, 0.0000),
             ('2021-06-30', '车辆', 1, 0, 1, 1, 0, 1.0000),
             ('2021-06-30', '银行存款', 1, 0, 0, 0, 1, 0.0000),
             ('2021-07-31', '银行存款', 1, 0, 0, 0, 1, 0.0000)$$,
    'items are carried from month to month until they are cleared');

-- What a caller may not read is not in it.
SELECT is(pg_temp.by_login('t_other', $$SELECT sum(closing)::text FROM aidcase.report_flow_monthly('2021-06-30')$$), '0', 'a town finds the households of no other town');
SELECT is(pg_temp.by_login('t_other', $$SELECT count(*)::text FROM aidcase.drill_flow_monthly('2021-06-30')$$), '0', 'nor does it drill into them');
SELECT is(pg_temp.by_login('t_analyst', $$SELECT sum(closing)::text FROM aidcase.report_flow_monthly('2021-06-30')$$), '2', 'an analyst finds them all');
SELECT is(pg_temp.told('t_analyst', format($$SELECT FROM aidcase.%I('2021-06-30')$$, 'report_' || name)), '(done)', 'an analyst reads ' || name)
  FROM report WHERE drill IS NOT NULL AND name NOT IN ('spot_check', 'filings_conflicts') ORDER BY name;
SELECT alike(pg_temp.told('t_analyst', $$SELECT FROM aidcase.report_filings_conflicts('2021-06-30')$$), '42501 permission denied%', 'conflicts are the supervisors'' matter');

SELECT alike(pg_temp.told('t_clerk', $$SELECT FROM aidcase.report_unit_comparison('2021-06-30')$$), '42501 permission denied%', 'who sees one unit only does not compare units');

-- What cannot be asked for is refused by every report.
SELECT is_empty($$SELECT r.name FROM report AS r WHERE r.name NOT IN ('town_aid', 'town_list') AND pg_temp.told('t_bureau',
        format($q$SELECT FROM aidcase.%I('2021-08-01')$q$, 'report_' || r.name)) NOT LIKE '22023 period "2021-08" has not begun|Today is 2021-07-15%'$$,
    'a period that has not begun');
SELECT is_empty($$SELECT r.name FROM report AS r WHERE r.name NOT IN ('town_aid', 'town_list') AND pg_temp.told('t_bureau',
        format($q$SELECT FROM aidcase.%I('2021-06-30', '999999')$q$, 'report_' || r.name)) NOT LIKE '22023 there is no unit with code "999999"%'$$,
    'a unit that does not exist');
SELECT is_empty($$SELECT r.name FROM report AS r WHERE r.name NOT IN ('town_aid', 'town_list', 'spot_check', 'filings_conflicts', 'unit_comparison') AND pg_temp.told('t_other',
        format($q$SELECT FROM aidcase.%I('2021-06-30', '340705100')$q$, 'report_' || r.name)) NOT LIKE '42501 unit "340705100" is outside your scope%'$$,
    'a unit outside the caller''s scope');
SELECT is_empty($$SELECT r.name FROM report AS r WHERE r.name NOT IN ('town_aid', 'town_list') AND pg_temp.told('t_bureau',
        format($q$SELECT FROM aidcase.%I('2021-06-30', '340705100201')$q$, 'report_' || r.name)) NOT LIKE '22023 reports are made for units that handle cases%'$$,
    'a village');
SELECT is_empty($$SELECT r.name FROM report AS r WHERE r.name NOT IN ('town_aid', 'town_list') AND pg_temp.told('t_bureau',
        format($q$SELECT FROM aidcase.%I(NULL)$q$, 'report_' || r.name)) NOT LIKE '22004 a report needs a day%'$$,
    'no day');
SELECT is_empty($$SELECT r.name FROM report AS r WHERE r.name NOT IN ('town_aid', 'town_list') AND pg_temp.told('t_bureau',
        format($q$SELECT FROM aidcase.%I('2021-06-30', NULL, 'infinity')$q$, 'report_' || r.name)) NOT LIKE '22023 known_at lies in the future%'$$,
    'known in the future');
SELECT results_eq($$SELECT pg_temp.by_login('t_other', 'SELECT string_agg(DISTINCT place, '','') FROM aidcase.report_dibao_monthly(''2021-06-30'')')$$,
    $$SELECT name FROM unit_now WHERE unit_code = '340705005'$$, 'a town has rows for itself only');

-- What every row of a form must satisfy is a check of its header.
SELECT is_empty($$SELECT r.name, m, f.* FROM report AS r CROSS JOIN unnest('{2021-04-30,2021-05-31,2021-06-30,2021-07-15}'::date[]) AS m
                   CROSS JOIN LATERAL report_faults(r.name, m) AS f WHERE r.name NOT IN ('town_aid', 'town_list')$$, 'all checks hold in all rows');
SELECT cmp_ok((SELECT sum(cardinality(checks)) FROM report), '>', 30::bigint, 'there are checks');
SAVEPOINT checks;
UPDATE report SET checks = '{exits = closing}' WHERE name = 'flow_monthly';
SELECT is((SELECT count(*) FROM report_faults('flow_monthly', '2021-06-30')), 1::bigint, 'a check that does not hold is found');
ROLLBACK TO checks;
SELECT throws_ok($$SELECT FROM report_faults('nothing', '2021-06-30')$$, '22023', 'there is no report "nothing"', 'checks of no report');

-- The cut-off day: what happens after it is the next month's.
SELECT results_eq($$SELECT from_day, to_day FROM report_window('2021-02-28') UNION ALL SELECT from_day, to_day FROM report_window('2021-06-10')$$,
    $$VALUES ('2021-02-01'::date, '2021-02-28'::date), ('2021-06-01', '2021-06-10')$$, 'without a cut-off a month is a month');
SELECT set_parameter('report_cutoff_day', '340705', '2021-05-01', 25, '示例参数', illustrative => true);
SELECT results_eq($$SELECT m, from_day, to_day FROM unnest('{2021-05-31,2021-06-24,2021-06-25,2021-06-30}'::date[]) AS m, report_window(m)$$,
    $$VALUES ('2021-05-31'::date, '2021-05-01'::date, '2021-05-25'::date), ('2021-06-24', '2021-05-26', '2021-06-24'),
             ('2021-06-25', '2021-05-26', '2021-06-25'), ('2021-06-30', '2021-05-26', '2021-06-25')$$, 'with one, no day is lost and none counts twice');
SELECT set_parameter('report_cutoff_day', '340705', '2021-06-01', 31, '示例参数', illustrative => true);
SELECT results_eq($$SELECT from_day, to_day FROM report_window('2021-06-30')$$, $$VALUES ('2021-05-26'::date, '2021-06-30'::date)$$, 'the last day of a shorter month');
SELECT results_eq($$SELECT from_day FROM report_window('2021-07-15')$$, $$VALUES ('2021-07-01'::date)$$, 'and the first of the next one');

-- Public versions: small cells and what they could be derived from are hidden.
SELECT results_eq($$SELECT households, persons, month_total FROM public_dibao_monthly('2021-06-30') WHERE place = '西湖镇' AND residence = '农村'$$,
    $$VALUES (NULL::bigint, 3::bigint, NULL::numeric)$$, 'two households are not shown, nor their money; three persons are');
SELECT is((SELECT count(*) FROM public_dibao_monthly('2021-06-30')), (SELECT count(*) FROM report_dibao_monthly('2021-06-30')), 'all rows are there');
SELECT is_empty($$SELECT c.* FROM report_flow_monthly('2021-06-30') AS r JOIN public_flow_monthly('2021-06-30') AS c USING (place, programme)
                   CROSS JOIN LATERAL jsonb_each(to_jsonb(c)) AS x WHERE x.value <> 'null' AND jsonb_typeof(x.value) = 'number' AND x.value::text::numeric BETWEEN 1 AND 2$$,
    'no small number is shown');
SELECT is_empty($$SELECT x.key, count(*) FROM public_flow_monthly('2021-06-30') AS c CROSS JOIN LATERAL jsonb_each(to_jsonb(c)) AS x
                   WHERE x.value = 'null' GROUP BY 1 HAVING count(*) = 1$$, 'and none hidden alone in its column');
SELECT results_eq($$SELECT (SELECT count(*) FROM jsonb_each(p) AS x WHERE x.value = 'null' AND x.key = ANY ('{households,opening,new_households,transferred_in,exits,transferred_out}')) > 1
                      FROM public_rows('dibao_monthly', '2021-06-30') AS p WHERE p ->> 'place' = '西湖镇' AND p ->> 'residence' = '农村'$$,
    $$VALUES (true)$$, 'nor alone in a sum');
SELECT hasnt_function('aidcase', 'public_payment_roll', 'a list of people has no public version');
UPDATE policy_parameter SET valid = '[2019-07-01,2019-08-01)' WHERE name = 'public_minimum_cell';
SELECT throws_ok($$SELECT FROM public_flow_monthly('2021-06-30')$$, 'ZA008', NULL, 'without the parameter nothing is published');
SELECT is(pg_temp.by_login('t_other', $$SELECT count(*)::text FROM aidcase.report_dibao_monthly('2021-06-30')$$), '2', 'a town has its two rows');

-- Who changed what is told of tables that one may read, and cases that one may see.
SELECT is(pg_temp.by_login('t_clerk', $$SELECT count(*) > 0 FROM aidcase.changes_since(0, 'flow_monthly', ARRAY(SELECT case_id FROM aidcase.aid_case)) AS c WHERE relation = 'award'$$),
    'true', 'a clerk is told of awards');
SELECT is(pg_temp.by_login('t_payer', $$SELECT count(*) FROM aidcase.changes_since(0, 'flow_monthly', ARRAY(SELECT case_id FROM aidcase.aid_case)) AS c WHERE relation = 'award'$$),
    '0', 'who does not read awards is not');
SELECT is(pg_temp.by_login('t_other', format($$SELECT count(*) FROM aidcase.changes_since(0, 'flow_monthly', '{%s,%s}') AS c WHERE case_id IS NOT NULL$$,
    (SELECT case_id FROM case_round WHERE round_id = :a), (SELECT case_id FROM case_round WHERE round_id = :b))), '0', 'nor another town');

-- Handed up: versions and receipts.
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', '市民政局')$$),
    '55000 report "flow_monthly" for "2021-06" cannot be handed up|No workbook of this period and unit was issued.|%', 'nothing that was not issued');
SELECT is(pg_temp.told('t_bureau', $$SELECT workbook('flow_monthly', '2021-06')$$), '(done)', 'it is issued');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', '市民政局')$$), '42501 %', 'a unit hands nothing up');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-07', '市民政局')$$), '%|The period has not ended.|%', 'no period that runs');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', ' ')$$), '%|The receiver is missing.|%', 'to nobody');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.submit_report('nothing', '2021-06', '市民政局')$$), '22023 there is no report "nothing"|%', 'no such report');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', '市民政局', due_on => '2021-07-20')$$), '1', 'the first version');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', '市民政局')$$), '%|Version 1 waits for its receipt.|%', 'one at a time');
SELECT is(split_part(pg_temp.told('t_bureau', $$SELECT aidcase.record_report_receipt('flow_monthly', '2021-06', '市民政局', '', NULL, '2021-07-16')$$), '|', 2),
    E'The number of the receipt is missing.\nWho received it is missing.\nIt cannot have been received in the future.', 'all faults of a receipt at once');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT aidcase.record_report_receipt('flow_monthly', '2021-06', '市民政局', '收-12', '李科长', '2021-07-15', return_reason => '合计不符')$$), 'returned', 'returned with a reason');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', '市民政局', reason => '更正')$$), '%|Version 1 was the same workbook.|%', 'not the same again');
UPDATE award SET months = 'empty', stop_reason = 'false_statement' WHERE round_id = :c;
SELECT is(pg_temp.told('t_bureau', $$SELECT workbook('flow_monthly', '2021-06')$$), '(done)', 'it is issued again');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', '市民政局')$$), '%|A further version needs a reason.|%', 'why again');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', '市民政局', reason => '更正')$$), '2', 'the second version');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT aidcase.record_report_receipt('flow_monthly', '2021-06', '市民政局', '收-15', '李科长', '2021-07-15')$$), 'accepted', 'accepted');
SELECT results_eq($$SELECT version, outcome, return_reason, reason, sha256 = (SELECT i.sha256 FROM report_issue AS i WHERE i.issue_id = s.issue_id)
                      FROM report_submission AS s ORDER BY version$$,
    $$VALUES (1, 'returned', '合计不符', NULL, true), (2, 'accepted', NULL, '更正', true)$$, 'both are kept, each with the hash of its workbook');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.record_report_receipt('flow_monthly', '2021-06', '市民政局', '收-16', '李科长', '2021-07-15')$$),
    '22023 %|No version of it waits for a receipt.|%', 'no receipt twice');
SELECT alike(pg_temp.told('t_bureau', $$UPDATE aidcase.report_submission SET outcome = 'accepted'$$), '42501 %', 'nobody changes a receipt by hand');
SELECT throws_ok($$UPDATE report_submission SET sha256 = sha256('') WHERE version = 1$$, NULL, NULL, 'nor the hash');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT aidcase.submit_report('flow_monthly', '2021-06', '区财政局')$$), '1', 'another receiver has versions of its own');

-- Tekun: care level by the rule in force, support mode as assessed.
SELECT results_eq($$SELECT persons, not_assessed, centralised_full, dispersed_half FROM report_tekun_monthly('2021-06-30') WHERE place = '西湖镇'$$,
    $$VALUES (0::bigint, 0::bigint, 0::bigint, 0::bigint)$$, 'nobody yet: rows of zero are printed');
SET session_replication_role = replica;
INSERT INTO award (award_id, entry_no, case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence)
SELECT 9001, 9001, r.case_id, r.round_id, NULL, r.unit_id, 'tekun', '[2021-06-01,)', 900, 3, 'rural' FROM case_round AS r WHERE r.round_id = :b;
INSERT INTO award_person (award_person_id, entry_no, award_id, case_id, member_id, months)
SELECT 9000 + row_number() OVER (ORDER BY member_id), 0, 9001, case_id, member_id, '[2021-06-01,)' FROM case_member WHERE round_id = :b;
INSERT INTO self_care_assessment (assessment_id, entry_no, case_id, round_id, member_id, assessed_on, eating, dressing, getting_up, toilet, walking, bathing, support_mode)
SELECT 9000 + n, 0, case_id, round_id, member_id, '2021-07-05', true, n = 2, false, n = 2, false, n = 2, CASE n WHEN 1 THEN 'centralised' ELSE 'dispersed' END
  FROM (SELECT m.*, row_number() OVER (ORDER BY member_id) AS n FROM case_member AS m WHERE round_id = :b) AS m WHERE n < 3;
SET session_replication_role = origin;
SELECT is(write_award_facts('{9001}'), 1::bigint, 'what an award states is written for reports');
SELECT results_eq($$SELECT households, persons, rural, centralised_full, dispersed_half, not_assessed FROM report_tekun_monthly('2021-06-30') WHERE place = '西湖镇'$$,
    format($$VALUES (1::bigint, 3::bigint, 3::bigint, %s::bigint, %s::bigint, 1::bigint)$$,
           (SELECT count(*) FROM care_level_rule WHERE care_level = 'full_care' AND 5 BETWEEN unmet_from AND unmet_to AND valid @> date '2021-07-05'),
           (SELECT count(*) FROM care_level_rule WHERE care_level = 'half_care' AND 2 BETWEEN unmet_from AND unmet_to AND valid @> date '2021-07-05')),
    'five items unmet in an institution, two at home, one not assessed');
SELECT is_empty($$SELECT * FROM report_faults('tekun_monthly', '2021-06-30')$$, 'and its checks hold');
SAVEPOINT moved;
CREATE TEMP TABLE tekun_was ON COMMIT DROP AS SELECT * FROM report_tekun_monthly('2021-06-30', '340705100');
GRANT SELECT ON tekun_was TO PUBLIC;
SET session_replication_role = replica;
UPDATE aid_case SET unit_id = unit_id('340705005') WHERE case_id = (SELECT case_id FROM case_round WHERE round_id = :b);
SET session_replication_role = origin;
SELECT is(pg_temp.by_login('t_clerk', $$SELECT count(*) FROM (SELECT * FROM aidcase.report_tekun_monthly('2021-06-30', '340705100') EXCEPT TABLE tekun_was) AS d$$), '0', 'a household that moves away stays in the months of its former unit, care and all');
ROLLBACK TO moved;
SELECT is_empty($$SELECT * FROM pg_temp.differences('tekun_monthly', '2021-06-30')$$, 'and its drill');

-- Who was taken over is in the opening of the first month.
SET session_replication_role = replica;
UPDATE case_round SET round_kind = 'takeover' WHERE round_id = :b;
DELETE FROM award_fact WHERE round_id = :b;
SET session_replication_role = origin;
SELECT is(write_award_facts(ARRAY(SELECT award_id FROM award WHERE round_id = :b)), 2::bigint, 'so are both awards of one that was taken over');
SELECT results_eq($$SELECT opening, taken_over, new_households, closing FROM report_flow_monthly('2021-06-30', '340705100') WHERE programme = '特困人员救助供养'$$,
    $$VALUES (1::bigint, 1::bigint, 0::bigint, 1::bigint)$$, 'taken over, not new');
SELECT is_empty($$SELECT * FROM report_faults('flow_monthly', '2021-06-30')$$, 'the flow closes with it');
SELECT is_empty($$SELECT * FROM pg_temp.differences('flow_monthly', '2021-06-30')$$, 'and its cells are its cases');

-- Taken over before, and reassessed this month: the new award is of the same
-- round; nobody comes, and nobody is counted twice.
SET session_replication_role = replica;
UPDATE award SET months = '[2021-04-01,2021-06-01)' WHERE round_id = :b AND programme = 'dibao';
INSERT INTO award (award_id, entry_no, case_id, round_id, unit_id, programme, months, amount, persons, residence)
SELECT 9002, 0, case_id, round_id, unit_id, 'dibao', '[2021-06-01,)', 700, 3, 'rural' FROM award WHERE round_id = :b AND programme = 'dibao';
INSERT INTO award_person (award_person_id, entry_no, award_id, case_id, member_id, months)
SELECT 9100 + p.award_person_id, 0, 9002, p.case_id, p.member_id, '[2021-06-01,)' FROM award_person AS p JOIN award AS a USING (award_id)
 WHERE a.round_id = :b AND a.programme = 'dibao' AND a.award_id <> 9002;
DELETE FROM award_fact WHERE round_id = :b;
SET session_replication_role = origin;
SELECT is(write_award_facts(ARRAY(SELECT award_id FROM award WHERE round_id = :b)), 3::bigint, 'and the one that follows');
SELECT results_eq($$SELECT sum(opening), sum(households), sum(new_households), sum(exits), sum(transferred_in) FROM report_dibao_monthly('2021-06-30', '340705100')$$,
    $$SELECT sum(opening), sum(closing), sum(new_households), sum(exits), sum(transferred_in) FROM report_flow_monthly('2021-06-30', '340705100') WHERE programme = '最低生活保障'$$,
    'a reassessment of who was taken over moves nobody');
SELECT is((SELECT sum(opening - exits + new_households - households) FROM report_dibao_monthly('2021-06-30')), 0::numeric, 'and the table closes');
SELECT is_empty($$SELECT * FROM pg_temp.differences('dibao_monthly', '2021-06-30')$$, 'each cell is its cases');

SELECT * FROM finish();
ROLLBACK;
