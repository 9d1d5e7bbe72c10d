-- Take-over of existing recipients: a list of 500 households in GB18030 with
-- planted faults, the window, the first roll, flow reports, draws.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(68);
\ir parts/household.sql
\ir parts/files.sql

SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT enrol_staff('{"staff_no":"b-leader","name":"区局领导","employed_from":"2020-01-01","posts":[{"unit":"340705","post":"bureau_leader","from":"2020-01-01"}]}');
CREATE ROLE t_bleader LOGIN IN ROLE aidcase_bureau;
UPDATE staff SET login = 't_bleader' WHERE staff_no = 'b-leader';

-- ---------------------------------------------------------------------
-- A list: household h has 1 to 3 members; the n-th person of the district has
-- number person(10000 + n).  Every tenth household is of the other village.

CREATE FUNCTION pg_temp.list(households integer) RETURNS TABLE (line integer, h integer, m integer, cells text[]) LANGUAGE sql STABLE AS $$
    SELECT 1 + row_number() OVER (ORDER BY h, m)::integer, h, m,
           ARRAY['H' || lpad(h::text, 4, '0'), '340705100', CASE WHEN h % 10 = 0 THEN '340705100202' ELSE '340705100201' END]
           || CASE WHEN m = 1 THEN ARRAY['农村', '西湖镇测试路' || h || '号', '138' || lpad(h::text, 8, '0'), '最低生活保障', '铜官民〔2019〕' || h || '号',
                        '2019-05-20', '2019-06', '2021-03', (400 + h)::text || '.00', CASE WHEN h % 4 = 0 THEN '50.00' ELSE '' END, '', '疾病、残疾',
                        '本人', '户' || h, '', '农商行', '62' || lpad(h::text, 14, '0')]
                   ELSE array_fill(''::text, ARRAY[17]) END
           || ARRAY['姓' || h || '名' || m, pg_temp.person(10000 + 3 * h + m), '', '', CASE m WHEN 1 THEN '户主' WHEN 2 THEN '配偶' ELSE '子女' END, '',
                    CASE WHEN m = 1 THEN '部分丧失劳动能力' ELSE 'able' END, '', '', '', '小学', '']
      FROM generate_series(1, households) AS h CROSS JOIN LATERAL generate_series(1, 1 + h % 3) AS m $$;
CREATE FUNCTION pg_temp.file(sheet text) RETURNS bytea LANGUAGE sql STABLE RETURN (
    SELECT CASE WHEN strpos(sheet, 'ZZBAD') = 0 THEN b ELSE overlay(b PLACING '\xff'::bytea FROM position('ZZBAD'::bytea IN b) FOR 5) END
      FROM (SELECT convert_to(sheet, 'GB18030') AS b) AS x);
-- cells replaced: household, member, place of the cell, its text
CREATE FUNCTION pg_temp.sheet(households integer, faults jsonb DEFAULT '[]') RETURNS text LANGUAGE sql STABLE RETURN (
    SELECT (SELECT string_agg(header, ',' ORDER BY column_no) FROM aidcase.file_column WHERE kind = 'recipients') || E'\r\n'
           || string_agg(array_to_string(ARRAY(
                SELECT coalesce((SELECT f ->> 3 FROM jsonb_array_elements(faults) AS f WHERE (f ->> 0)::integer = l.h AND (f ->> 1)::integer = l.m AND (f ->> 2)::integer = c.n), c.cell)
                  FROM unnest(l.cells) WITH ORDINALITY AS c (cell, n) ORDER BY c.n), ','), E'\r\n' ORDER BY l.line) || E'\r\n'
      FROM pg_temp.list(households) AS l);
CREATE FUNCTION pg_temp.import(login text, content bytea, dry boolean DEFAULT false, totals jsonb DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.by_login(login, format('SELECT to_jsonb(i) FROM aidcase.import_file(''recipients'', %L, ''GB18030'', %L, %L) AS i', content, dry, totals))::jsonb $$;
CREATE FUNCTION pg_temp.line(household integer, member integer DEFAULT 1) RETURNS integer LANGUAGE sql STABLE RETURN (SELECT line FROM pg_temp.list(600) WHERE h = household AND m = member);
CREATE FUNCTION pg_temp.rejects(answer jsonb) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT (r ->> 'line') || ' ' || coalesce(r ->> 'column', '-') || ': ' || (r ->> 'reason') || coalesce(' ' || (r ->> 'bytes'), '') || CASE WHEN r -> 'refused' = 'false' THEN ' (taken)' ELSE '' END
      FROM jsonb_array_elements(answer -> 'rejects') AS r $$;
-- the check character of a number, one further
CREATE FUNCTION pg_temp.wrong(number text) RETURNS text LANGUAGE sql RETURN left(number, 17) || CASE right(number, 1) WHEN '1' THEN '2' ELSE '1' END;
SELECT format('[[6,1,2,"340705999"],[18,1,3,"340705005001"],[27,1,4,"镇"],[37,1,7,"临时救助"],[47,1,9,"43605"],[57,1,11,"2021-13"],
    [67,1,12,"467.005"],[77,1,12,"-477.00"],[87,1,13,"999.00"],[97,1,21,""],[107,1,22,"1.10E+17"],[117,1,22,%s],[117,1,23,"1950-02-03"],[117,1,24,"男"],[127,1,22,%s],
    [137,2,25,"朋友"],[148,2,25,"户主"],[157,1,20,"6228-4800"],[167,1,32,"务农,x"],[177,1,21,"姓\"177"],[187,1,21,"姓ZZBAD名"],[197,1,30,"2"]]',
    to_jsonb(pg_temp.wrong(pg_temp.person(10000 + 3 * 117 + 1))), to_jsonb(pg_temp.person(10000 + 3 * 128 + 1))) AS planted \gset
SELECT pg_temp.file(pg_temp.sheet(500, :'planted')) AS list \gset
SELECT '{6,18,27,37,47,57,67,77,87,97,107,137,148,157,167,177,187,197}'::integer[] AS refused \gset
SELECT count(*) AS lines, count(*) FILTER (WHERE h = ANY (:'refused')) AS refused_lines, count(*) FILTER (WHERE h <> ALL (:'refused')) AS good_lines,
       sum(400 + h) FILTER (WHERE m = 1 AND h <> ALL (:'refused')) AS yuan
  FROM pg_temp.list(500) \gset

-- ---------------------------------------------------------------------
-- The window

SELECT is((SELECT count(*) FROM pg_temp.rejects(pg_temp.import('t_clerk', pg_temp.file(pg_temp.sheet(2)), true)) AS r WHERE r ~ '^[0-9]+ unit: has no take-over window that is signed and open$'), 5::bigint, 'without a window nothing comes in');
SELECT '{"unit": "340705100", "from": "2021-04-01", "to": "2021-04-30", "households": 500, "monthly_amount": "325250.00", "document_no": "办发〔2021〕15号"}' AS window \gset
SELECT alike(pg_temp.told('t_clerk', format('SELECT aidcase.open_takeover(%L)', :'window')), '42501 %', 'a unit opens none for itself');
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.open_takeover('{"unit": "340705100201", "from": "2021-04-30", "to": "2021-04-01", "households": 0, "monthly_amount": "x", "document_no": "y"}')$$),
    E'ZA007 the take-over window has 6 faults|document_no: is no document of table policy_document\nhouseholds: must be from 1 to 10000000\nmonthly_amount: must be an amount in yuan such as 800.00\nto: must not be past\nto: must not lie before the first day\nunit: is no town, office or directly administered community of this register|Example: {"unit": "340705100", "from": "2021-04-01", "to": "2021-06-30", "households": 500, "monthly_amount": "350000.00", "document_no": "办发〔2021〕15号"}.', 'all faults of a window at once');
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.open_takeover(%L)', :'window')), '(done)', 'the bureau opens one');
SELECT is((SELECT count(*) FROM pg_temp.rejects(pg_temp.import('t_clerk', pg_temp.file(pg_temp.sheet(2)), true)) AS r WHERE r ~ 'signed and open'), 5::bigint, 'with one signature nothing comes in');
SELECT alike(pg_temp.told('t_bureau', $$SELECT aidcase.sign_takeover('340705100')$$), 'ZA003 %You entered the row yourself.%', 'nobody signs twice');
SELECT alike(pg_temp.told('t_leader', $$SELECT aidcase.sign_takeover('340705100')$$), '42501 %', 'nor does the unit sign');
SELECT is(pg_temp.told('t_bleader', $$SELECT aidcase.sign_takeover('340705100')$$), '(done)', 'a second officer of the bureau does');
SELECT is((SELECT state || ' ' || signed_on FROM takeover_window), 'signed 2021-04-06', 'so it is signed');
SELECT alike(pg_temp.told('t_bureau', $$UPDATE aidcase.takeover_window SET households = 501$$), '42501 %', 'what was signed cannot be changed');
SELECT alike(pg_temp.told('postgres', $$UPDATE aidcase.takeover_window SET households = 501$$), '% %', 'not even by a superuser');
SELECT is((SELECT households FROM takeover_window), 500, 'indeed');

-- ---------------------------------------------------------------------
-- The list

SELECT count(*) AS entries FROM ledger_entry \gset
SELECT pg_temp.import('t_clerk', :'list', true) AS dry \gset
SELECT is((SELECT count(*) FROM ledger_entry), :entries::bigint, 'a dry run writes nothing');
SELECT is((:'dry'::jsonb - 'rejects')::text, format('{"lines": %s, "accepted": %s, "rejected": %s, "repeated": false, "import_id": null, "unchanged": 0}', :lines, :good_lines, :refused_lines), 'but counts');
SELECT bag_eq(format($$ SELECT r FROM pg_temp.rejects(%L) AS r WHERE r !~ ' goes with line ' $$, :'dry'), ARRAY[
    format('%s unit: is no town, office or directly administered community of this register', pg_temp.line(6)),
    format('%s village: is no village or residents'' committee of this register', pg_temp.line(18)),
    format('%s residence: must be one of urban, rural', pg_temp.line(27)),
    format('%s programme: pays no monthly money', pg_temp.line(37)),
    format('%s decided_on: is the number that a spreadsheet keeps for a date; write it as 2021-04-06', pg_temp.line(47)),
    format('%s paid_until: must be a month such as 2021-04', pg_temp.line(57)),
    format('%s amount: must not have more than two decimals', pg_temp.line(67)),
    format('%s amount: must not be negative', pg_temp.line(77)),
    format('%s amount: is less than its parts', pg_temp.line(87)),
    format('%s name: is missing', pg_temp.line(97)),
    format('%s citizen_id: is a number that a spreadsheet has rounded; make the column text and fill it in anew', pg_temp.line(107)),
    format('%s birth_date: is missing, and there is no valid citizen number to take it from', pg_temp.line(107)),
    format('%s sex: is missing, and there is no valid citizen number to take it from', pg_temp.line(107)),
    format('%s citizen_id: %s; taken over with the number in dispute (taken)', pg_temp.line(117), rtrim(citizen_id_fault(pg_temp.wrong(pg_temp.person(10000 + 3 * 117 + 1))), '.')),
    format('%s citizen_id: is the number of another recipient too; taken over with the number in dispute (taken)', pg_temp.line(127)),
    format('%s citizen_id: is the number of another recipient too; taken over with the number in dispute (taken)', pg_temp.line(128)),
    format('%s relation: must be one of head, spouse, child, parent, grandchild, grandparent, sibling, child_in_law, parent_in_law, other', pg_temp.line(137, 2)),
    format('%s relation: is "head" on more than one line of the household', pg_temp.line(148)),
    format('%s relation: is "head" on more than one line of the household', pg_temp.line(148, 2)),
    format('%s account_no: must have 12 to 21 digits', pg_temp.line(157)),
    format('%s -: has 33 fields, the header has 32', pg_temp.line(167)),
    format('%s -: has a quote inside a field that is not quoted', pg_temp.line(177)),
    format('%s name: is not text in GB18030 \xffc3fb', pg_temp.line(187)),
    format('%s disability_kind: is missing: kind and level of a disability go together', pg_temp.line(197))],
    'each of the twenty faults is named with line, column and reason');
SELECT is((SELECT count(DISTINCT (r ->> 'line')) FROM jsonb_array_elements(:'dry'::jsonb -> 'rejects') AS r WHERE r -> 'refused' IS NULL), :refused_lines::bigint, 'no line of a household that stays out is without a reason');
SELECT alike(pg_temp.told('t_clerk', format($$SELECT * FROM aidcase.import_file('recipients', %L, 'GB18030', false, '{"lines": 999, "amount": 325000}')$$, :'list')),
    format('ZA007 the file has 2 faults|totals.amount: is 325000, and the file has %%' || E'\n' || 'totals.lines: is 999, and the file has %s|Nothing was imported.%%', :lines), 'control totals that do not agree refuse the whole file');
SELECT is((SELECT count(*) FROM file_import), 0::bigint, 'nothing of it is there');
SELECT is(pg_temp.trip('t_clerk', 'recipients', :'list', '2021-04'), format('same bytes, %s lines, then %1$s and 0 refused', :good_lines), 'import, export, import, export: the same bytes');
SELECT pg_temp.import('t_clerk', :'list', false, format('{"lines": %s}', :lines)::jsonb) AS done \gset
SELECT is(:'done'::jsonb - 'import_id', :'dry'::jsonb - 'import_id', 'the import does what the dry run said');
SELECT results_eq('SELECT kind, lines, accepted, rejected, encoding, sha256 FROM file_import',
    format($$VALUES ('recipients', %s, %s, %s, 'GB18030', sha256(%L))$$, :lines, :good_lines, :refused_lines, :'list'), 'the file is kept by its hash');
SELECT bag_eq($$ SELECT line || ' ' || coalesce(column_name, '-') || ': ' || reason || coalesce(' ' || bytes::text, '') || CASE WHEN refused THEN '' ELSE ' (taken)' END FROM import_reject $$,
    format('SELECT pg_temp.rejects(%L)', :'dry'), 'every reason is in the reject table');
SELECT results_eq($$SELECT count(*), sum(a.amount), sum(a.persons), count(*) FILTER (WHERE a.months = '[2021-04-01,)'), count(a.determination_id), count(DISTINCT a.case_id) FROM award AS a$$,
    format('VALUES (482::bigint, %s::numeric, %s::bigint, 482::bigint, 0::bigint, 482::bigint)', :yuan, :good_lines), 'the other 482 households are in benefit from the first month that was not paid');
SELECT results_eq($$SELECT component, count(*), sum(c.amount) FROM award_component AS c GROUP BY 1 ORDER BY component COLLATE "C"$$,
    format($$VALUES ('addon', 124::bigint, 6200::numeric), ('base', 482, %s)$$, :yuan - 6200), 'with their components');
SELECT results_eq($$SELECT DISTINCT round_kind, state, channel, decided_on FROM case_round$$, $$VALUES ('takeover', 'taken_over', NULL::text, '2021-04-06'::date)$$, 'each by a round of its own');
SELECT results_eq($$SELECT decision_no, decided_on, since, paid_until, household, line FROM takeover_grant WHERE household = 'H0004'$$,
    format($$VALUES ('铜官民〔2019〕4号', '2019-05-20'::date, '2019-06-01'::date, '2021-03-01'::date, 'H0004', %s)$$, pg_temp.line(4)), 'the original decision is kept with file and line');
SELECT results_eq($$SELECT m.name, m.relation, m.citizen_id::text, m.birth_date, m.work_ability, m.education FROM case_member AS m JOIN takeover_grant USING (round_id) WHERE household = 'H0004' ORDER BY member_id$$,
    $$VALUES ('姓4名1', 'head', pg_temp.person(10013), birth_date(pg_temp.person(10013)::citizen_id), 'partial', '小学'), ('姓4名2', 'spouse', pg_temp.person(10014), birth_date(pg_temp.person(10014)::citizen_id), 'able', '小学')$$, 'with its members');
SELECT results_eq($$SELECT cause FROM case_cause JOIN takeover_grant USING (round_id) WHERE household = 'H0004' ORDER BY cause COLLATE "C"$$, $$VALUES ('disability'), ('illness')$$, 'and its causes');
SELECT results_eq($$SELECT g.household, d.grounds, m.citizen_id::text, m.birth_date, d.given_number FROM identity_dispute AS d JOIN case_member AS m USING (member_id) JOIN takeover_grant AS g ON g.round_id = d.round_id ORDER BY 1$$,
    $$VALUES ('H0117', 'invalid', NULL, '1950-02-03'::date, pg_temp.wrong(pg_temp.person(10352))), ('H0127', 'shared', NULL, birth_date(pg_temp.person(10385)::citizen_id), pg_temp.person(10385)),
        ('H0128', 'shared', NULL, birth_date(pg_temp.person(10385)::citizen_id), pg_temp.person(10385))$$, 'numbers in dispute belong to nobody yet');
SELECT results_eq('SELECT unit_code, state, taken_households, taken_persons, missing_households, disputed FROM takeover_status', format($$VALUES ('340705100', 'signed', 482::bigint, %s::bigint, 18::bigint, 3::bigint)$$, :good_lines), 'the bureau sees how far it is');

-- ---------------------------------------------------------------------
-- Two programmes in one home: who is supported in extreme hardship is a
-- household of his own, and does not count in that of his family.

SAVEPOINT two;
SELECT pg_temp.file(pg_temp.sheet(1, format('[[1,1,1,"F1"],[1,1,22,%1$s],[1,2,1,"F1"],[1,2,25,"兄弟姐妹"],[1,2,22,%2$s],[1,2,26,"特困供养"]]', to_jsonb(pg_temp.person(20001)), to_jsonb(pg_temp.person(20002)))::jsonb)
    || array_to_string((SELECT ARRAY['F2'] || l.cells[2:6] || '特困人员救助供养'::text || l.cells[8:11] || ARRAY['1200.00', '', '300.00'] || l.cells[15:19] || '6200000000000099'::text || ARRAY['姓1名2', pg_temp.person(20002)] || l.cells[23:32]
                          FROM pg_temp.list(1) AS l WHERE m = 1), ',') || E'\r\n') AS two \gset
SELECT pg_temp.import('t_clerk', :'two') AS answer \gset
SELECT is(:'answer'::jsonb ->> 'accepted' || ' ' || (:'answer'::jsonb -> 'rejects')::text, '3 []', 'nobody''s number is in dispute');
SELECT results_eq($$SELECT g.household, a.programme, a.amount, a.persons, (SELECT string_agg(q.citizen_id::text, ' ') FROM award_person AS q WHERE q.award_id = a.award_id)
      FROM award AS a JOIN takeover_grant AS g USING (round_id) WHERE g.household ~ '^F' ORDER BY 1$$,
    format($$VALUES ('F1', 'dibao', 401.00::numeric(14,2), 1, %L), ('F2', 'tekun', 1200, 1, %L)$$, pg_temp.person(20001), pg_temp.person(20002)), 'each is paid for the one that counts');
ROLLBACK TO two;
SELECT bag_eq(format($$SELECT pg_temp.rejects(pg_temp.import('t_clerk', pg_temp.file(%L), true))$$, replace(convert_from(:'two', 'GB18030'), '特困供养', '')),
    ARRAY['3 citizen_id: is the number of another recipient too; taken over with the number in dispute (taken)', '4 citizen_id: is the number of another recipient too; taken over with the number in dispute (taken)'],
    'who counts in both is in dispute');

-- ---------------------------------------------------------------------
-- The next roll, reports, draws

SELECT set_parameter('payment_waits_for_publicity', '340705', '2021-01-01', 1, '办发〔2021〕15号', illustrative => true);
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-04-01')$$) AS april \gset
SELECT results_eq('SELECT lines, total FROM payment_roll', format('VALUES (482, %s::numeric(14,2))', :yuan), 'all of them, the disputed too, are on the next roll');
SELECT results_eq('SELECT DISTINCT benefit_month, line_kind FROM payment', $$VALUES ('2021-04-01'::date, 'current')$$, 'for that month only: what was paid before is not paid again');
SELECT results_eq($$SELECT sum(opening), sum(new_households), sum(transferred_in), sum(exits), sum(closing) FROM report_flow_monthly('2021-04-30', NULL, NULL) AS r$$,
    'VALUES (482::numeric, 0::numeric, 0::numeric, 0::numeric, 482::numeric)', 'they are the opening balance of the month, none is new');
SELECT results_eq($$SELECT sum(opening), sum(new_households), sum(households), sum(month_total) FROM report_dibao_monthly('2021-04-30', NULL, NULL) AS r$$,
    format('VALUES (482::numeric, 0::numeric, 482::numeric, %s)', CASE WHEN (SELECT state FROM payment_roll) = 'draft' THEN '0::numeric' ELSE '-1' END), 'in the monthly table too');
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT results_eq($$SELECT sum(opening), sum(new_households), sum(closing) FROM report_flow_monthly('2021-05-31', NULL, NULL) AS r$$, 'VALUES (482::numeric, 0::numeric, 482::numeric)', 'and of the next one');
SELECT is((SELECT count(*) FROM (SELECT 'confirmation' AS frame, round_kind FROM frame_confirmation UNION ALL SELECT 'refusal', round_kind FROM frame_refusal UNION ALL SELECT 'archive', round_kind FROM frame_archive) AS s
             JOIN draw_frame AS f ON f.frame = s.frame AND s.round_kind = ANY (f.round_kinds)), 0::bigint, 'none is in the frame of a draw');
SELECT pg_temp.by_login('t_bureau', $$SELECT aidcase.plan_draw('四月', '[2021-04-01,2021-05-01)')$$) AS draw \gset
SELECT is((SELECT count(*) FROM draw_candidates(:draw)), 0::bigint, 'nor among the candidates of a draw');
SELECT is((SELECT count(*) FROM draw_frame WHERE 'takeover' = ANY (round_kinds)), 0::bigint, 'whatever the frame');
SELECT pg_temp.clock('2021-10-06 09:00+08');
SELECT results_eq($$SELECT clock, count(*) FROM deadline AS d JOIN case_round AS r ON r.round_id = d.subject_id AND d.subject = 'case_round' WHERE r.round_kind = 'takeover' GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('review_half_yearly', 482::bigint)$$, 'its clock runs for each household, as somebody in all of them can work');
SELECT is((SELECT count(*) FROM audit_review_missed), 0::bigint, 'the next review is due by the parameter: half a year while somebody can work');
SELECT pg_temp.clock('2021-10-07 09:00+08');
SELECT is((SELECT count(DISTINCT case_id) FROM audit_review_missed), 482::bigint, 'and missed the day after');
SELECT pg_temp.clock('2021-04-07 09:00+08');

-- ---------------------------------------------------------------------
-- Again, mended, more

SELECT is(pg_temp.import('t_clerk', :'list') - 'rejects', (:'done'::jsonb - 'rejects') || '{"repeated": true}', 'the same file changes nothing and says what it did');
SELECT is((SELECT count(*) FROM award), 482::bigint, 'indeed');
SELECT pg_temp.import('t_clerk', pg_temp.file(pg_temp.sheet(500, (SELECT jsonb_agg(f) FROM jsonb_array_elements(:'planted') AS f WHERE f ->> 0 IN ('117', '127'))))) AS mended \gset
SELECT is(:'mended'::jsonb - 'import_id' - 'rejects', format('{"lines": %s, "accepted": %s, "rejected": 0, "unchanged": %s, "repeated": false}', :lines, :refused_lines, :good_lines)::jsonb, 'the whole list, mended: what is new comes in');
SELECT is((SELECT count(*) FROM award), 500::bigint, 'so all are there, each once');
SELECT is(pg_temp.import('t_clerk', pg_temp.file(pg_temp.sheet(9, '[[4, 1, 12, "900.00"]]')), true) -> 'rejects' -> 0 ->> 'reason', 'was taken over already, and the list says something else now; use a correction or review', 'a list does not change what was taken over');
SELECT alike(pg_temp.told('t_clerk', format($$SELECT aidcase.import_file('recipients', %L, 'GB18030')$$, pg_temp.file(pg_temp.sheet(501)))),
    E'ZA003 the households cannot be taken over|325250.00 yuan a month were signed for, and there would be 326151.00.\n500 households were signed for, and there would be 501.|%', 'no more comes in than was signed for');
SELECT is((SELECT count(*) FROM award) || ' ' || (SELECT count(*) FROM file_import), '500 2', 'and nothing of it stays');
SELECT is((SELECT count(*) FROM pg_temp.rejects(pg_temp.import('t_other', pg_temp.file(pg_temp.sheet(1)), true)) AS r WHERE r ~ 'unit: is not your unit$'), 2::bigint, 'another unit takes nobody over here');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.import_file('recipients', %L)$$, :'list')), '42501 %', 'nor does the bureau, which signs');
SELECT is(pg_temp.told('t_leader', $$SELECT aidcase.settle_dispute((SELECT min(dispute_id) FROM aidcase.identity_dispute), 'no_number', '户口簿核实')$$), '(done)', 'a dispute is settled');
SELECT is((SELECT disputed FROM takeover_status), 2::bigint, 'and is none any more');

-- ---------------------------------------------------------------------
-- Closed for good

SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.close_takeover('340705100')$$), '42501 %', 'the unit does not close it');
SELECT is(pg_temp.told('t_bureau', $$SELECT aidcase.close_takeover('340705100')$$), '(done)', 'the bureau closes the take-over');
SELECT results_eq('SELECT state, closed_on, taken_households, taken_amount FROM takeover_window', $$VALUES ('closed', '2021-04-07'::date, 500, 325250.00::numeric(14,2))$$, 'with what came in');
SELECT alike(pg_temp.told('t_bureau', format('SELECT aidcase.open_takeover(%L)', :'window')), 'ZA007 %unit: has closed its take-over for good|%', 'for good');
SELECT alike(pg_temp.told('postgres', $$INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, first_contact_at, handler_id) SELECT case_id, unit_id, 'takeover', 2, aidcase.now_here(), handler_id FROM aidcase.case_round LIMIT 1$$),
    'Z%', 'no path leads around it');
SELECT is((SELECT count(*) FROM pg_temp.rejects(pg_temp.import('t_clerk', pg_temp.file(pg_temp.sheet(501)), true)) AS r WHERE r ~ 'signed and open$'), 1::bigint, 'a later list is refused line by line');

-- ---------------------------------------------------------------------
-- What was taken over is corrected and moves like any other household

-- of the two with one number, the one whose birth date it has
SELECT d.dispute_id AS dispute, d.member_id AS member, d.case_id AS dcase, pg_temp.person(10000 + 3 * h + 1) AS number
  FROM identity_dispute AS d JOIN takeover_grant AS g USING (round_id) JOIN case_member AS m USING (member_id)
  JOIN (VALUES (127), (128)) AS v (h) ON g.household = 'H0' || h
 WHERE d.settled_at IS NULL AND m.birth_date = birth_date(pg_temp.person(10000 + 3 * h + 1)::citizen_id) \gset
SELECT is(pg_temp.by_staff('x-clerk', format($$SELECT string_agg(outcome || ' ' || column_name, ', ') FROM aidcase.correct(%s, '[{"table": "case_member", "id": %s, "column": "citizen_id", "value": "%s"}]', '户口簿核实')$$,
    :dcase, :member, :'number')), 'correction citizen_id', 'a number in dispute is corrected');
SELECT is(pg_temp.staff_told('x-leader', format($$SELECT aidcase.advance(round_id, 'correct') FROM aidcase.case_round WHERE case_id = %s AND round_kind = 'correction'$$, :dcase)), '(done)', 'by two');
SELECT results_eq(format('SELECT outcome, note FROM identity_dispute WHERE dispute_id = %s', :dispute), $$VALUES ('corrected', '户口簿核实')$$, 'which settles the dispute');
SELECT results_eq(format('SELECT count(*), count(DISTINCT amount), count(*) FILTER (WHERE determination_id IS NULL), count(*) FILTER (WHERE upper_inf(months)) FROM award WHERE case_id = %s', :dcase),
    $$VALUES (2::bigint, 1::bigint, 2::bigint, 1::bigint)$$, 'the approved amount goes on');
SELECT results_eq(format('SELECT p.citizen_id::text FROM award AS a JOIN award_person AS p USING (award_id) JOIN case_member AS m USING (member_id) WHERE a.case_id = %s AND upper_inf(a.months) AND m.relation = ''head''', :dcase), format('VALUES (%L)', :'number'), 'for the person with the right number');
SELECT unit_code AS dv FROM unit_now WHERE parent_id = (SELECT unit_id FROM unit WHERE unit_code = '340705005') ORDER BY unit_code LIMIT 1 \gset
SELECT is(pg_temp.staff_told('x-clerk', format('SELECT * FROM aidcase.transfer_case(%s, ''340705005'', %L)', :dcase, :'dv'))
       || pg_temp.staff_told('x-leader', format('SELECT aidcase.advance(''case_transfer'', transfer_id, ''release'') FROM aidcase.case_transfer WHERE case_id = %s', :dcase))
       || pg_temp.staff_told('d-clerk', format('SELECT aidcase.advance(''case_transfer'', transfer_id, ''accept'') FROM aidcase.case_transfer WHERE case_id = %s', :dcase)), '(done)(done)(done)', 'it moves to another unit');
SELECT results_eq('SELECT awards, awards_there, monthly_amount = monthly_amount_there, agree FROM transfer_list', $$VALUES (1, 1, true, true)$$, 'with the same amount on both sides');

SELECT * FROM finish();
ROLLBACK;
