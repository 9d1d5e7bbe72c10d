-- The kinds of file: deaths, other registers, replies to checks, staff; each
-- comes out as it went in.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(51);
\ir parts/household.sql
\ir parts/files.sql

SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-30 15:00+08') AS a \gset
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM file_case(%L)', pg_temp.application('b', '340705100', '340705100201', '{3,4,5}', 300, '2021-05-06'))) AS b \gset

-- ---------------------------------------------------------------------
-- Deaths

SELECT convert_to(E'公民身份号码,姓名,死亡日期,信息来源\r\n' || pg_temp.person(1) || E',户a成员1,2021-04-20,殡葬\r\n' || pg_temp.person(2) || E',别名,2021/4/21,\r\n'
    || pg_temp.person(4) || E',户b成员2,2021-05-01,公安\r\n' || pg_temp.person(777) || E',路人,2021-04-01,\r\n' || pg_temp.person(3) || E',户b成员1,2021-05-07,\r\n'
    || pg_temp.person(3) || E',户b成员1,1949-10-01,\r\n' || pg_temp.person(4) || E',户b成员2,2021-05-01,公安\r\n', 'UTF8') AS deaths \gset
SELECT alike(pg_temp.told('t_clerk', format('SELECT aidcase.import_file(''deaths'', %L)', :'deaths')), '42501 %', 'units bring no lists of deaths');
SELECT is(pg_temp.trip('t_bureau', 'deaths', :'deaths', '2021'), 'same bytes, 3 lines, then 3 and 0 refused', 'a list of deaths comes out as it goes in');
SELECT pg_temp.bring('t_bureau', 'deaths', :'deaths') AS answer \gset
SELECT is(pg_temp.counts(:'answer'), '7 lines: 3 taken, 1 known, 3 refused', 'who is in benefit or applies is matched, others are not kept');
SELECT bag_eq(format($$ SELECT pg_temp.faults_of(%L) $$, :'answer'), ARRAY['3 name: differs from the name in the register (taken)', '6 died_on: must not be in the future',
    '7 died_on: lies before the birth of the person', '8 -: says the same as line 4'], 'with what is wrong, and a name that differs as a remark');
SELECT results_eq($$ SELECT r.outside_key, m.citizen_id::text, m.fact_on, m.description, m.finding FROM register_match AS m JOIN case_round AS r ON r.case_id = m.case_id ORDER BY m.match_id $$,
    $$ VALUES ('T-a', pg_temp.person(1), '2021-04-20'::date, '殡葬', NULL::text), ('T-a', pg_temp.person(2), '2021-04-21', '死亡', NULL), ('T-b', pg_temp.person(4), '2021-05-01', '公安', NULL) $$, 'the matches');
SELECT is(pg_temp.counts(pg_temp.bring('t_bureau', 'deaths', (:'deaths'::bytea || '\x0d0a'))), '7 lines: 0 taken, 4 known, 3 refused', 'what is known already is not matched twice');
SELECT is(pg_temp.by_login('t_clerk', 'SELECT count(*) FROM aidcase.register_match') || pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.register_match'), '30', 'each unit sees its own');
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$) AS roll \gset
SELECT is((SELECT count(*) FROM audit_paid_after_end WHERE what_en = 'paid for a month after a death'), 2::bigint, 'a month paid after a death is found, by each of the dead');
SELECT is(pg_temp.told('t_clerk', $$ SELECT aidcase.dispose_match(0, 'x', ' ') $$),
    E'ZA007 the finding has 3 faults|finding: must be one of not_confirmed, confirmed_counted, confirmed_exempt\nmatch_id: is no open match of your units\nnote: is missing|Example: SELECT aidcase.dispose_match(1, ''not_confirmed'', ''经核实为同名'').', 'a finding with all its faults');
SELECT is(pg_temp.told('t_clerk', $$ SELECT aidcase.dispose_match((SELECT match_id FROM aidcase.register_match WHERE description = '死亡'), 'not_confirmed', '健在') $$), '(done)', 'one is looked into');
SELECT is((SELECT count(*) FROM audit_paid_after_end WHERE what_en = 'paid for a month after a death'), 1::bigint, 'and counts no more when it was not so');
SELECT results_eq('SELECT unit_code, registry, found, disposed, confirmed, open, oldest_days FROM match_status', $$ VALUES ('340705100', 'death', 3::bigint, 1::bigint, 0::bigint, 2::bigint, 0) $$, 'how far the unit is');
SELECT alike(pg_temp.told('postgres', $$ UPDATE aidcase.register_match SET fact_on = '2021-01-01' $$), 'ZA004 %', 'what a register said does not change');

-- ---------------------------------------------------------------------
-- Other registers

SELECT convert_to(E'公民身份号码,姓名,登记种类,事项日期,事项,金额\r\n' || pg_temp.person(1) || E',户a成员1,车辆,2021-03-01,"小型轿车, 皖G\"\"12345\"\"",80000.00\r\n'
    || pg_temp.person(1) || E',户a成员1,bank,,定期存款,-5.50\r\n' || pg_temp.person(2) || E',户a成员2,飞机,2021-03-01,无人机,\r\n' || pg_temp.person(2) || E',户a成员2,税务,,,x\r\n', 'UTF8') AS registers \gset
SELECT is(pg_temp.trip('t_bureau', 'other_registers', replace(convert_from(:'registers', 'UTF8'), '\"\"', '""')::text::bytea, '2021'), 'same bytes, 2 lines, then 2 and 0 refused', 'records of other registers come out as they go in');
SELECT pg_temp.bring('t_bureau', 'other_registers', convert_to(replace(convert_from(:'registers', 'UTF8'), '\"\"', '""'), 'UTF8')) AS answer \gset
SELECT is(pg_temp.counts(:'answer'), '4 lines: 2 taken, 0 known, 2 refused', 'two are matched');
SELECT bag_eq(format($$ SELECT regexp_replace(f, 'one of .*', 'one of …') FROM pg_temp.faults_of(%L) AS f $$, :'answer'), ARRAY['4 registry: must be one of …', '5 amount: must be an amount in yuan such as 800.00', '5 description: is missing'], 'and what is wrong with the others');
SELECT results_eq($$ SELECT registry, fact_on, description, amount FROM register_match WHERE registry <> 'death' ORDER BY match_id $$,
    $$ VALUES ('vehicle', '2021-03-01'::date, '小型轿车, 皖G"12345"', 80000.00::numeric(14,2)), ('bank', NULL, '定期存款', -5.50) $$, 'quotes and commas included');

-- ---------------------------------------------------------------------
-- Replies to checks

SELECT pg_temp.clock('2021-05-06 10:00+08');
SELECT pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.record_check(jsonb_build_object('round_id', %1$s, 'reference_no', 'K1', 'requested_at', '2021-05-06T09:30:00+08:00',
    'results', (SELECT jsonb_agg(jsonb_build_object('member', m.member_id) ORDER BY m.member_id) FROM aidcase.case_member AS m WHERE m.round_id = %1$s)))$q$, :b));
SELECT pg_temp.clock('2021-05-08 09:00+08');
SELECT convert_to(E'回复序号,核对编号,公民身份号码,回复时间,核对结果,信息来源,疑似问题,金额\r\n'
    || '1,K1,' || pg_temp.person(3) || E',2021-05-07T16:00:00+08:00,clean,,,\r\n'
    || '2,K1,' || pg_temp.person(4) || E',2021-05-07 16:30,suspicious,银行存款,活期,12000\r\n2,K1,' || pg_temp.person(4) || E',2021-05-07 16:30,suspicious,vehicle,轿车,\r\n'
    || '3,K1,' || pg_temp.person(5) || E',2021-05-06 09:29,suspicious,,,\r\n4,K9,' || pg_temp.person(5) || E',2021-05-07 16:00,clean,bank,x,\r\n', 'UTF8') AS replies \gset
SELECT is(pg_temp.trip('t_clerk', 'check_replies', :'replies', '2021-05'), 'same bytes, 3 lines, then 3 and 0 refused', 'replies come out as they go in');
SELECT alike(pg_temp.told('t_bureau', format('SELECT aidcase.import_file(''check_replies'', %L)', :'replies')), '42501 %', 'whoever asked enters them');
SELECT pg_temp.bring('t_clerk', 'check_replies', :'replies') AS answer \gset
SELECT is(pg_temp.counts(:'answer'), '5 lines: 3 taken, 0 known, 2 refused', 'three lines are taken');
SELECT bag_eq(format($$ SELECT pg_temp.faults_of(%L) $$, :'answer'), ARRAY['5 description: is missing: a suspicious outcome names its items', '5 registry: is missing: a suspicious outcome names its items', '5 returned_at: lies before the request',
    '6 description: goes with a suspicious outcome only', '6 reference_no: is no check of this person in your units', '6 registry: goes with a suspicious outcome only'], 'the others with every reason');
SELECT results_eq(format($$ SELECT m.citizen_id::text, c.outcome, c.returned_at, (SELECT string_agg(h.registry || ' ' || coalesce(h.amount::text, '-'), ', ' ORDER BY h.hit_id) FROM registry_hit AS h WHERE h.check_id = c.check_id)
      FROM registry_check AS c JOIN case_member AS m USING (member_id) WHERE c.round_id = %s ORDER BY m.member_id $$, :b),
    $$ VALUES (pg_temp.person(3), 'clean', '2021-05-07 16:00+08'::timestamptz, NULL), (pg_temp.person(4), 'suspicious', '2021-05-07 16:30+08', 'bank 12000.00, vehicle -'), (pg_temp.person(5), NULL, NULL, NULL) $$, 'checks are answered, with their items');
SELECT is(pg_temp.counts(pg_temp.bring('t_clerk', 'check_replies', :'replies'::bytea || '\x0d0a')), '5 lines: 0 taken, 3 known, 2 refused', 'answers that are there already');
SELECT bag_eq(format($$ SELECT pg_temp.faults_of(pg_temp.bring('t_clerk', 'check_replies', convert_to(E'reply,reference_no,citizen_id,returned_at,outcome\n1,K1,%s,2021-05-08 08:00,clean', 'UTF8'), true)) $$, pg_temp.person(4)),
    ARRAY['2 reference_no: was answered already, in other words'], 'cannot be answered otherwise');

-- ---------------------------------------------------------------------
-- Staff

SELECT convert_to(E'工号,姓名,公民身份号码,电话,登录名,入职日期,单位代码,岗位,任职日期,离任日期,服务机构代码\r\n'
    || E'n-1,新员工,,13800000000,,2021-04-01,340705100,clerk,2021-04-01,,\r\nn-1,新员工,,13800000000,,2021-04-01,340705100,调查人员,2021-04-01,2021-12-31,\r\n'
    || E'n-2,另一人,,,,2021-04-01,340705100,bureau_clerk,2021-04-01,,\r\nn-3,甲,,,,2021-04-01,340705100,clerk,2021-04-01,,\r\nn-3,乙,,,,2021-04-01,999999,clerk,2021-03-01,,\r\n', 'UTF8') AS staff \gset
SELECT alike(pg_temp.told('t_clerk', format('SELECT aidcase.import_file(''staff'', %L)', :'staff')), '42501 %', 'units enrol nobody');
SELECT pg_temp.bring('t_admin', 'staff', replace(convert_from(:'staff', 'UTF8'), '调查人员', (SELECT label_zh FROM post WHERE post = 'investigator'))::text::bytea) AS answer \gset
SELECT is(pg_temp.counts(:'answer'), '5 lines: 2 taken, 0 known, 3 refused', 'staff of a file');
SELECT bag_eq(format($$ SELECT pg_temp.faults_of(%L) $$, :'answer'), ARRAY['4 post: is held at level district, and the unit is of level unit', '5 -: goes with line 6, which is refused', '6 name: differs from line 5 of the same person'], 'all of a person or nothing');
SELECT results_eq($$ SELECT s.name, s.phone, p.post, p.valid FROM staff AS s JOIN staff_post AS p USING (staff_id) WHERE s.staff_no LIKE 'n-%' ORDER BY p.staff_post_id $$,
    $$ VALUES ('新员工', '13800000000', 'clerk', '[2021-04-01,)'::daterange), ('新员工', '13800000000', 'investigator', '[2021-04-01,2022-01-01)') $$, 'with their posts');
SELECT is(pg_temp.trip('t_admin', 'staff', convert_to(E'staff_no,name,employed_from,unit,post,post_from\nn-5,戊,2021-05-01,340705100,clerk,2021-05-01\n', 'UTF8'), '2021'),
    'same bytes, 1 lines, then 1 and 0 refused', 'the list of all staff, imported into the register that it came from, brings who is new');
SELECT is(pg_temp.trip('t_bureau', 'filings', convert_to(E'工号,申报日期,关系,姓名,公民身份号码,出生日期,亲子种类,开始日期,终止日期,终止原因\r\nx-group1,2021-05-01,父母,"父,""一""",' || pg_temp.citizen('340702', '1950-01-01', 1)
    || E',,亲生,,,\r\nx-group1,2021-05-01,兄弟姐妹,无号,,1971-01-01,,,,\r\nx-group2,2021-05-02,无,,,,,,,\r\n', 'UTF8'), '2021-05'), 'same bytes, 3 lines, then 3 and 0 refused', 'filings too');
-- ---------------------------------------------------------------------
-- Applications from the online channel

SELECT pg_temp.clock('2021-05-10 09:00+08');
SELECT E'申请编号,单位代码,村居代码,城乡,受理渠道,首次接触时间,住址,致困原因,账户类别,户名,开户银行,账号,承诺书版本,承诺日期,承诺书散列,姓名,公民身份号码,出生日期,性别,与户主关系,是否申请人,劳动能力,残疾类别,残疾等级,文化程度,职业,收入项目,收入,收入口径,授权书版本,授权日期,授权有效期至,授权书散列\r\n'
    || 'O-1,340705100,340705100201,农村,线上申请,2021-05-09T20:15:00+08:00,测试路1号,疾病、残疾,本人,申一,农商行,6200000000000008,1,2021-05-09,' || encode(sha256('c'), 'hex') || ',申一,' || pg_temp.person(41) || ',,,户主,是,partial,sight,2,小学,务农,transfer_other,300,month,1,2021-05-09,2022-05-08,' || encode(sha256('a'), 'hex') || E'\r\n'
    || 'O-1,340705100,340705100201,农村,online,,,,,,,,,,,申一,' || pg_temp.person(41) || E',,,户主,是,partial,,,,,transfer_other,1200.50,year,,,,\r\n'
    || 'O-1,340705100,340705100201,农村,online,,,,,,,,,,,申二,,2015-06-01,女,子女,否,none,,,,,,,,,,,' || E'\r\n'
    || 'O-2,340705100,340705100201,rural,online,,,怪病,,,,,,,,申三,' || pg_temp.person(42) || E',,,子女,是,able,sight,,,,不明,1,month,,,,\r\n' AS sheet \gset
SELECT is(pg_temp.trip('t_clerk', 'applications', convert_to(:'sheet', 'UTF8'), '2021-05'), 'same bytes, 3 lines, then 3 and 3 refused', 'applications come out as they go in; one that was filed as a document is not filed again from its lines');
SELECT pg_temp.bring('t_clerk', 'applications', convert_to(:'sheet', 'UTF8')) AS answer \gset
SELECT is(pg_temp.counts(:'answer'), '4 lines: 3 taken, 0 known, 1 refused', 'an application of three lines is filed');
SELECT bag_eq(format($$ SELECT regexp_replace(f, 'one of .*', 'one of …') FROM pg_temp.faults_of(%L) AS f $$, :'answer'), ARRAY['5 income_kind: must be one of …'], 'a code that is none refuses the other');
SELECT results_eq($$ SELECT r.state, r.channel, r.first_contact_at, c.residence, (SELECT string_agg(m.name || ' ' || m.relation, ', ' ORDER BY m.member_id) FROM case_member AS m WHERE m.round_id = r.round_id),
        (SELECT sum(i.amount) FROM income_item AS i WHERE i.round_id = r.round_id), (SELECT string_agg(z.cause, ' ' ORDER BY z.cause) FROM case_cause AS z WHERE z.round_id = r.round_id)
      FROM case_round AS r JOIN aid_case AS c USING (case_id) WHERE r.outside_key = 'O-1' $$,
    $$ VALUES ('filed', 'online', '2021-05-09 20:15+08'::timestamptz, 'rural', '申一 head, 申二 child', 1500.50::numeric, 'disability illness') $$, 'with members, incomes and causes');
SELECT is(pg_temp.counts(pg_temp.bring('t_clerk', 'applications', convert_to(:'sheet' || E'\r\n', 'UTF8'))), '4 lines: 0 taken, 3 known, 1 refused', 'what was filed before is known');
SELECT bag_eq(format($$ SELECT regexp_replace(f, 'one of .*', 'one of …') FROM pg_temp.faults_of(pg_temp.bring('t_clerk', 'applications', convert_to(%L, 'UTF8'), true)) AS f $$, replace(replace(:'sheet', '申二', '申贰'), '不明', 'transfer_other')),
    ARRAY['2 application: was filed already with other content', '3 -: goes with line 2, which is refused', '4 -: goes with line 2, which is refused',
          '5 causes: must be one of …', '5 disability_level: is missing: kind and level of a disability go together', '5 -: must have exactly one head'], 'and cannot be filed otherwise; the faults of an application stand at their lines');
-- property, expenses, obligors and an agent; several items of a person on further lines
SELECT string_agg(c.header, ',' ORDER BY c.column_no) || E'\r\n' AS head, '{' || string_agg(quote_ident(c.code), ',' ORDER BY c.column_no) || '}' AS codes FROM file_column AS c WHERE c.kind = 'applications' \gset
CREATE FUNCTION pg_temp.row_of(codes text[], doc jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce(doc ->> k.code, ''), ',' ORDER BY k.n) || E'\r\n' FROM unnest(codes) WITH ORDINALITY AS k (code, n) $$;
SELECT jsonb_build_object('application', 'O-9', 'unit', '340705100', 'village', '340705100201', 'residence', '农村', 'channel', '线上申请') AS base \gset
SELECT :'head' || string_agg(pg_temp.row_of(:'codes', :'base'::jsonb || d.doc), '' ORDER BY d.n) AS sheet FROM (VALUES
    (1, jsonb_build_object('first_contact_at', '2021-05-09T20:15:00+08:00', 'name', '申九', 'citizen_id', pg_temp.person(43), 'relation', '户主', 'applicant', '是', 'work_ability', '部分丧失劳动能力',
        'health', '健康', 'official_kin', '未声明', 'income_kind', '经营净收入', 'income', '-200.00', 'income_basis', '每月', 'property_kind', '银行存款', 'property_value', '5000.00', 'property_quantity', '1',
        'expense_kind', '教育费用', 'expense', '3000.00', 'expense_basis', '近12个月', 'authorisation_version', '1', 'authorised_on', '2021-05-09', 'authorised_until', '2022-05-08', 'authorisation_sha256', encode(sha256('a'), 'hex'),
        'agent_kind', '亲属', 'agent_name', '代九', 'agent_citizen_id', pg_temp.person(44), 'agent_phone', '13900000009', 'mandate_version', '1', 'mandate_signed_on', '2021-05-09', 'mandate_sha256', encode(sha256('m'), 'hex'))),
    (2, jsonb_build_object('name', '申九', 'citizen_id', pg_temp.person(43), 'relation', '户主', 'applicant', '是', 'work_ability', '部分丧失劳动能力',
        'health', '健康', 'official_kin', '未声明', 'property_kind', '机动车', 'property_value', '20000.00', 'property_quantity', '2', 'property_exempt_reason', '残疾人代步')),
    (3, jsonb_build_object('name', '申十', 'birth_date', '2000-06-01', 'sex', '女', 'relation', '子女', 'applicant', '否', 'work_ability', '有劳动能力', 'health', '健康', 'official_kin', '未声明',
        'situation', '在校全日制学生(本科及以下)', 'situation_since', '2018-09-01')),
    (4, jsonb_build_object('name', '申父', 'citizen_id', pg_temp.citizen('340702', '1950-01-01', 1), 'obligor_relation', '父母', 'obligor_household_size', '2', 'obligor_annual_income', '48000.00', 'obligor_persons_supported', '1',
        'obligor_paid_monthly', '300.00', 'obligor_able', '是', 'authorisation_version', '1', 'authorised_on', '2021-05-09', 'authorised_until', '2022-05-08', 'authorisation_sha256', encode(sha256('o'), 'hex'))),
    (5, jsonb_build_object('name', '申母', 'obligor_relation', '父母', 'obligor_household_size', '2', 'obligor_annual_income', '0.00', 'obligor_persons_supported', '1', 'obligor_paid_monthly', '0.00', 'obligor_able', '否',
        'obligor_low_property', '是'))) AS d (n, doc) \gset
SELECT pg_temp.bring('t_clerk', 'applications', convert_to(:'sheet', 'UTF8'), true) AS dry \gset
SELECT is_empty(format('SELECT pg_temp.faults_of(%L)', :'dry'), 'nothing is wrong with an application of five lines');
SELECT is(pg_temp.trip('t_clerk', 'applications', convert_to(:'sheet', 'UTF8'), '2021-05'), 'same bytes, 5 lines, then 5 and 6 refused', 'it comes out as it goes in; the two that are here already are not filed again in other words');
SAVEPOINT trip;
SELECT pg_temp.bring('t_clerk', 'applications', convert_to(:'sheet', 'UTF8')) AS answer \gset
SELECT convert_from(pg_temp.by_login('t_clerk', $$SELECT aidcase.export_file('applications', '2021-05-09', '试验')$$)::bytea, 'UTF8') AS out \gset
SELECT is((SELECT string_agg(l, E'\n' ORDER BY n) FROM regexp_split_to_table(:'out', E'\r\n') WITH ORDINALITY AS x (l, n) WHERE n = 1 OR l LIKE 'O-9,%') || E'\n', replace(:'sheet', E'\r\n', E'\n'), 'to the letter');
SELECT results_eq($$ SELECT p.property_kind, p.value, p.quantity, p.exempt_reason, p.source, m.name FROM property_item AS p JOIN case_member AS m USING (member_id) JOIN case_round AS r ON r.round_id = p.round_id WHERE r.outside_key = 'O-9' ORDER BY p.property_id $$,
    $$ VALUES ('deposit', 5000::numeric(14,2), 1, NULL, 'declared', '申九'), ('vehicle', 20000, 2, '残疾人代步', 'declared', '申九') $$, 'with its property');
SELECT results_eq($$ SELECT i.income_kind, i.amount, e.expense_kind, e.amount, e.basis FROM case_round AS r JOIN income_item AS i USING (round_id) JOIN expense_item AS e USING (round_id) WHERE r.outside_key = 'O-9' $$,
    $$ VALUES ('business', -200::numeric(14,2), 'education', 3000::numeric(14,2), 'year') $$, 'a loss in business and an expense');
SELECT results_eq($$ SELECT o.name, o.relation, o.household_size::integer, o.annual_income, o.paid_monthly, o.able, o.low_property, a.sha256 FROM case_round AS r JOIN obligor AS o USING (round_id)
      LEFT JOIN authorisation AS a ON a.obligor_id = o.obligor_id WHERE r.outside_key = 'O-9' ORDER BY o.obligor_id $$,
    $$ VALUES ('申父', 'parent', 2, 48000::numeric(14,2), 300::numeric(14,2), true, NULL, sha256('o')), ('申母', 'parent', 2, 0, 0, false, true, NULL) $$, 'who owes support, one with an authorisation');
SELECT results_eq($$ SELECT g.kind, g.name, g.citizen_id::text, g.phone, g.signed_on, g.sha256 FROM case_round AS r JOIN applicant_agent AS g USING (round_id) WHERE r.outside_key = 'O-9' $$,
    $$ VALUES ('relative', '代九', pg_temp.person(44), '13900000009', '2021-05-09'::date, sha256('m')) $$, 'and who filed it');
SELECT results_eq($$ SELECT m.name, m.situation, m.situation_since FROM case_round AS r JOIN case_member AS m USING (round_id) WHERE r.outside_key = 'O-9' AND m.situation IS NOT NULL $$, $$ VALUES ('申十', 'student', '2018-09-01'::date) $$, 'who is away');
ROLLBACK TO trip;
SELECT bag_eq(format($$ SELECT regexp_replace(f, 'one of .*', 'one of …') FROM pg_temp.faults_of(pg_temp.bring('t_clerk', 'applications', convert_to(%L, 'UTF8'), true)) AS f $$,
        replace(replace(replace(replace(replace(:'sheet', ',机动车,', ',飞艇,'), ',48000.00,', ',四万八,'), ',300.00,是,', ',300.00,也许,'), pg_temp.person(44), '110101199001011236'), '2018-09-01', '2018-09-31')),
    ARRAY['3 property_kind: must be one of …', '4 situation_since: must be a date such as 2021-04-06', '5 obligor_able: must be 是 or 否', '5 obligor_annual_income: must be an amount in yuan such as 800.00',
          '2 agent_citizen_id: The last character, the check character, does not match the 17 digits before it.', '6 -: goes with line 2, which is refused'], 'what is no value of its column is named at its line');
SELECT bag_eq(format($$ SELECT pg_temp.faults_of(pg_temp.bring('t_clerk', 'applications', convert_to(%L, 'UTF8'), true)) $$,
        :'head' || (SELECT string_agg(pg_temp.row_of(:'codes', :'base'::jsonb || d.doc), '' ORDER BY d.n) FROM (VALUES
            (1, '{"name": "甲", "relation": "户主", "work_ability": "able", "applicant": "是", "birth_date": "1980-01-01", "sex": "男", "phone": "1"}'::jsonb),
            (2, '{"name": "甲", "birth_date": "1980-01-01", "relation": "子女", "phone": "2", "obligor_able": "是"}'),
            (3, '{"name": "乙", "obligor_relation": "子女", "work_ability": "able", "income": "5"}')) AS d (n, doc))),
    ARRAY['3 obligor_able: is of an obligor, and obligor_relation is missing', '3 phone: differs from line 2 of the same application', '3 relation: differs from line 2 of the same person',
          '4 income: is of a member; the line is that of an obligor', '4 work_ability: is of a member; the line is that of an obligor', '2 -: goes with line 3, which is refused'], 'a column on the wrong line');
SELECT bag_eq(format($$ SELECT regexp_replace(f, 'one of .*', 'one of …') FROM pg_temp.faults_of(pg_temp.bring('t_clerk', 'applications', convert_to(%L, 'UTF8'), true)) AS f $$,
        :'head' || (SELECT string_agg(pg_temp.row_of(:'codes', :'base'::jsonb || d.doc), '' ORDER BY d.n) FROM (VALUES
            (1, jsonb_build_object('name', '甲', 'citizen_id', pg_temp.person(45), 'relation', '户主', 'work_ability', 'able', 'applicant', '是', 'property_value', '10', 'expense_kind', 'education',
                'agent_name', '丙', 'agent_kind', 'staff', 'agent_citizen_id', pg_temp.person(45), 'income_kind', 'wage', 'income', '-1', 'income_basis', 'month')),
            (2, jsonb_build_object('name', '乙', 'citizen_id', pg_temp.person(45), 'obligor_relation', '子女', 'obligor_household_size', '0', 'authorised_on', '2021-05-09')),
            (3, jsonb_build_object('name', '丁', 'birth_date', '2015-01-01'))) AS d (n, doc))),
    ARRAY['2 agent_citizen_id: is a member of the household; name the applicant among the members', '2 agent_staff: is missing for a member of a committee or of staff', '2 mandate_sha256: is missing', '2 mandate_signed_on: is missing', '2 mandate_version: is missing',
          '2 expense: is missing', '2 expense_basis: is missing', '2 income: must not be negative: only business can make a loss', '2 property_kind: is missing',
          '3 authorisation_sha256: is missing', '3 authorisation_version: is missing', '3 authorised_until: is missing', '3 citizen_id: is listed twice', '3 obligor_annual_income: is missing', '3 obligor_household_size: must be from 1 to 99',
          '3 obligor_persons_supported: is missing', '4 relation: is missing', '4 sex: is missing and there is no citizen number to take it from', '4 work_ability: is missing'], 'every fault of the application at its line and column');
SELECT results_eq(format($$ SELECT f.person_id = m.person_id, f.valid, f.work_ability, f.disability_kind, f.disability_level::integer, f.causes FROM person_fact AS f JOIN case_member AS m ON m.round_id = f.round_id AND m.person_id = f.person_id WHERE f.round_id = %s ORDER BY m.member_id $$, :a),
    $$ VALUES (true, '[2021-04-30,)'::daterange, 'partial', 'sight', 2, '{illness}'::text[]), (true, '[2021-04-30,)', 'partial', NULL, NULL, '{illness}') $$, 'what statistics need of a person is dated by the decisions');
SELECT is((SELECT count(*) FROM sensitive_reading), 0::bigint, 'readings that were undone are not there');
SELECT set_eq($$ SELECT kind FROM file_kind $$, $$ VALUES ('recipients'), ('filings'), ('check_replies'), ('deaths'), ('other_registers'), ('bank_returns'), ('staff'), ('applications') $$, 'the kinds');
SELECT is_empty($$ SELECT kind, f FROM file_kind CROSS JOIN LATERAL (VALUES (judge_function || '()'), (write_function || '(bigint)'), (export_function || '(date,date)')) AS v (f) WHERE to_regprocedure(f) IS NULL $$, 'each with its functions');

SELECT * FROM finish();
ROLLBACK;
