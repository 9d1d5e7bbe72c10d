-- Forms: templates, amounts in capital figures, papers with their numbers.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(91);
SET LOCAL client_min_messages = warning;
\ir parts/household.sql

-- ---------------------------------------------------------------------
-- Capital figures.  The first seven are the examples of the rules for filling
-- in vouchers (支付结算办法, annex 1); the others by those rules, by hand.
SELECT is(yuan_in_capitals(v.amount), v.capitals, v.amount::text) FROM (VALUES
    (1409.50, '壹仟肆佰零玖元伍角整'), (6007.14, '陆仟零柒元壹角肆分'), (1680.32, '壹仟陆佰捌拾元零叁角贰分'),
    (107000.53, '壹拾万柒仟元零伍角叁分'), (16409.02, '壹万陆仟肆佰零玖元零贰分'), (325.04, '叁佰贰拾伍元零肆分'),
    (0, '零元整'), (0.01, '壹分'), (0.10, '壹角整'), (0.11, '壹角壹分'), (1, '壹元整'), (10, '壹拾元整'), (100, '壹佰元整'),
    (1001, '壹仟零壹元整'), (1010, '壹仟零壹拾元整'), (10000, '壹万元整'), (10001, '壹万零壹元整'), (100000, '壹拾万元整'),
    (100010, '壹拾万零壹拾元整'), (1005000, '壹佰万伍仟元整'), (100000000, '壹亿元整'), (100005000, '壹亿零伍仟元整'),
    (100050000, '壹亿零伍万元整'), (1000000000.05, '壹拾亿元零伍分'),
    (999999999999.99, '玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分')) AS v (amount, capitals);
SELECT throws_ok(format('SELECT aidcase.yuan_in_capitals(%s)', v), '22023',
    'an amount in capital figures must be from 0 to below 1000000000000 yuan, with at most two decimals', v || ' has none')
  FROM unnest('{-0.01,1000000000000,0.005,''NaN'',''Infinity''}'::text[]) AS v;
SELECT is(yuan_in_capitals(NULL), NULL, 'nothing has none');

-- ---------------------------------------------------------------------
-- Templates
SELECT is(render_template(v.template, v.facts::jsonb), v.filled, v.what) FROM (VALUES
    ('甲{{a}}乙', '{"a": "丙"}', '甲丙乙', 'a value'),
    ('{{a}}', '{"a": "<script>alert(\"x\")</script> & ''y''"}', '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;', 'is text, whatever it holds'),
    ('{{a}}{{b}}', '{"a": "{{b}}", "b": 1}', '{{b}}1', 'and is not filled again'),
    ('{{a}}|{{b}}|{{c}}', '{"a": null, "b": 12.50, "c": true}', '|12.50|true', 'null is nothing, numbers as they are'),
    ('{{#l}}{{n}}-{{o}};{{/l}}', '{"l": [{"n": 1}, {"n": 2}], "o": "x"}', '1-x;2-x;', 'a list, with names from around it'),
    ('{{#l}}{{.}},{{/l}}', '{"l": [1, "b"]}', '1,b,', 'a list of values'),
    ('{{#l}}x{{/l}}{{^l}}none{{/l}}', '{"l": []}', 'none', 'an empty list'),
    ('{{#o}}{{n}}{{/o}}{{^o}}none{{/o}}', '{"o": {"n": "in"}}', 'in', 'an object'),
    ('{{#b}}yes{{/b}}{{^b}}no{{/b}}', '{"b": false}', 'no', 'false'),
    ('{{#b}}yes{{/b}}{{^b}}no{{/b}}', '{"b": ""}', 'no', 'an empty text'),
    ('{{#b}}yes{{/b}}{{^b}}no{{/b}}', '{}', 'no', 'nothing'),
    ('{{#l}}{{#l}}{{n}}{{/l}}{{/l}}', '{"l": [{"n": 1, "l": [{"n": 2}, {"n": 3}]}]}', '23', 'a list in a list of the same name'),
    ('a { b } c', '{}', 'a { b } c', 'single braces are text'),
    ('', '{}', '', 'an empty template')) AS v (template, facts, filled, what);
SELECT is(render_template('{{a}}', jsonb_build_object('a', U&'\0001x\007F\202Ey\0085')), U&'\FFFDx\FFFD\FFFDy\FFFD', 'control characters and turned writing are replaced');
SELECT is(render_template('{{a}}', jsonb_build_object('a', U&'\E123\+020BB7')), U&'\E123\+020BB7', 'rare characters and those of private use stay');
SELECT throws_ok(format('SELECT aidcase.render_template(%L, %L)', v.template, '{"a": [1]}'), '22023', 'the template is not well-formed', v.what)
  FROM (VALUES ('{{#a}}x', 'an open section'), ('{{/a}}', 'a section closed only'), ('{{#a}}{{#b}}{{/a}}{{/b}}', 'crossed sections'),
               ('{{A}}', 'a name in capitals'), ('{{}}', 'no name'), ('{{{a}}}', 'three braces'), ('{{a', 'braces that stay open')) AS v (template, what);
SELECT throws_ok($$SELECT aidcase.render_template('x', '[1]')$$, '22023', 'the facts of a template must be a JSON object', 'facts are an object');
SELECT results_eq($$SELECT * FROM aidcase.template_names(E'{{a}}\n{{#l}}{{n}}{{/l}}{{/q}}\n{{^z}}{{ w}}')$$,
    $$VALUES ('a', 1, NULL), ('l', 2, NULL), ('l/n', 2, NULL), (NULL, 2, 'closes section "q", which is not the one that is open'),
             ('z', 3, NULL), (NULL, 3, 'has something else than a name in double braces'), (NULL, 3, 'opens section "z", which is not closed')$$,
    'names with their sections, and every fault with its line');

-- the table refuses what a page must not hold, all of it at once
SELECT is(pg_temp.told('t_admin', $q$INSERT INTO aidcase.document_template (kind, area_code, valid, title, number_format, body, document_id)
    SELECT 'decision', '340705', '[2021-01-01,)', '{{nobody}}', '{{year}}', E'<p onclick="x">{{#members}}{{salary}}{{name}}{{case_no}}{{/members}}\n{{#awards}}<script src="http://x">', document_id
      FROM aidcase.policy_document LIMIT 1$q$),
    E'ZA007 the template has 6 faults|body: has the tag "<p onclick=\"x\">", which a page must not hold\n'
    'body: has the tag "<script src=\"http://x\">", which a page must not hold\n'
    'body: line 1 names "members/salary", which is no fact\nbody: line 2 opens section "awards", which is not closed\n'
    'number_format: does not name serial\ntitle: line 1 names "nobody", which is no fact|'
    'Table aidcase.document_fact lists the facts; tags are plain ones with class, colspan and rowspan.', 'every fault of a template');
SELECT alike(pg_temp.told('t_clerk', $$INSERT INTO aidcase.document_template (kind) VALUES ('decision')$$), '42501 %', 'clerks write no templates');
SELECT throws_ok($$UPDATE document_template SET body = 'x' WHERE kind = 'decision'$$, 'ZA004', NULL, 'a template that papers rest on stays');
SELECT bag_eq('SELECT kind FROM document_template WHERE area_code = ''0'' AND illustrative', 'SELECT kind FROM document_kind', 'each kind has a built-in template, marked illustrative');

-- ---------------------------------------------------------------------
-- A household's papers
SELECT pg_temp.clock('2021-04-08 09:00+08');
SELECT pg_temp.by_login('t_clerk', format('SELECT round_id FROM file_case(%L)', jsonb_set(
    pg_temp.application('forms', '340705100', '340705100201', '{8801}', 300, '2021-04-08'),
    '{members,0,name}', to_jsonb(U&'<b>\E815</b>"&{{case_no}}'::text)))) AS r \gset
SELECT is(pg_temp.told('t_clerk', format($$SELECT document(%s, 'acceptance')$$, :r)),
    E'ZA007 the document has 1 fault|kind: the round has nothing for it: day of acceptance (accepted_on)|Tables aidcase.document_kind and aidcase.document_template list what there is.', 'nothing was accepted yet');
SELECT is(pg_temp.told('t_clerk', format($$SELECT issue_document(%s, 'decision')$$, :r)),
    E'ZA007 the document has 2 faults|kind: the round has nothing for it: awards (awards)\nkind: the round has nothing for it: day of the decision (decided_on)|Tables aidcase.document_kind and aidcase.document_template list what there is.', 'nor decided');
SELECT alike(pg_temp.told('t_clerk', format($$SELECT document(%s, 'diploma')$$, :r)), 'ZA007 %|kind: is no kind of document|%', 'no such kind');
SELECT is(pg_temp.told('t_clerk', $$SELECT document(-1, 'diploma')$$),
    E'ZA007 the document has 2 faults|kind: is no kind of document\nround_id: is no round of your units|Tables aidcase.document_kind and aidcase.document_template list what there is.', 'neither round nor kind');
SELECT is(pg_temp.told('t_clerk', $$SELECT document(NULL, 'acceptance')$$), pg_temp.told('t_clerk', $$SELECT document(-1, 'acceptance')$$), 'no round is none');
SELECT pg_temp.in_review(:r, 'x', '340705100');
SELECT pg_temp.by_login('t_clerk', format($$SELECT document(%s, 'acceptance')$$, :r)) AS draft \gset
SELECT ok(:'draft' LIKE '<!DOCTYPE html>%</html>_' AND :'draft' LIKE '%草稿%' AND :'draft' LIKE '%(未编号)%', 'a page, marked as a draft without number');
SELECT ok(:'draft' LIKE U&'%&lt;b&gt;\E815&lt;/b&gt;&quot;&amp;{{case_no}}%' AND :'draft' NOT LIKE U&'%<b>\E815%', 'a name is text and nothing else');
SELECT ok(:'draft' LIKE '%社会救助申请受理通知书%' AND :'draft' LIKE '%2021年4月8日09:00%' AND :'draft' LIKE '%7个工作日%', 'with what happened, when, and how long it takes');
SELECT is((SELECT count(*) FROM regexp_matches(:'draft', '(https?:|//|url\(|@import|<script|<link|<img| src=)', 'g')), 0::bigint, 'it needs nothing from elsewhere');
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT issue_document(%s, 'acceptance')$$, :r)), '西湖镇救受〔2021〕1号', 'its number');
SELECT pg_temp.by_login('t_clerk', format($$SELECT document(%s, 'acceptance')$$, :r)) AS page \gset
SELECT ok(:'page' LIKE '%西湖镇救受〔2021〕1号%' AND :'page' NOT LIKE '%草稿%' AND :'page' LIKE '%演练%', 'stands on the page; that of a rehearsal says so');
SELECT is((SELECT sha256 FROM document_issued WHERE round_id = :r), sha256(convert_to(:'page', 'UTF8')), 'whose hash is kept');
UPDATE aid_case SET address = '别处' WHERE case_id = (SELECT case_id FROM case_round WHERE round_id = :r);
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT document(%s, 'acceptance')$$, :r)), :'page', 'it is printed again as it was');
SELECT throws_ok(format($$UPDATE document_issued SET document_no = 'x' WHERE round_id = %s$$, :r), 'ZA004', NULL, 'and does not change');
SELECT alike(pg_temp.told('t_clerk', format($$INSERT INTO aidcase.document_issued (round_id, kind, document_no) VALUES (%s, 'acceptance', 'x')$$, :r)), '42501 %', 'nobody numbers a paper himself');
SELECT is(pg_temp.decide(:r, 'x', '340705100', '2021-04-08 15:00+08'), 'confirmed', 'decided');
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT issue_document(%s, 'decision')$$, :r)), '西湖镇救决〔2021〕1号', 'each kind has its own numbers');
-- standard 640 (rural) less 300, up to the yuan, and 30 % for the severely disabled, of the illustrative pack
SELECT ok(p LIKE '%受铜陵市铜官区(测试)民政局委托(依据办发〔2021〕15号),西湖镇于2021年4月8日审核确认%' AND p LIKE '%<td class="amount">' || yuan_in_figures(a.amount) || '/月</td>%'
          AND p LIKE '%人民币' || yuan_in_capitals(a.amount) || '%' AND p LIKE '%2021年5月%' AND p LIKE '%60日内%行政复议%6个月内%', 'by entrustment, amount twice, first month, remedy')
  FROM award AS a, pg_temp.by_login('t_clerk', format($$SELECT document(%s, 'decision')$$, :r)) AS p WHERE a.round_id = :r AND a.programme = 'dibao';
SELECT alike(pg_temp.told('t_other', format($$SELECT document(%s, 'decision')$$, :r)), 'ZA007 %round_id: is no round of your units|%', 'another unit has no such paper');
SELECT alike(pg_temp.told('t_analyst', format($$SELECT document(%s, 'decision')$$, :r)), '42501 %', 'analysts read none');
SELECT alike(pg_temp.told('t_clerk', format($$SELECT record_delivery('{"round_id": %s, "kind": "decision", "document_no": "x", "delivered_at": "2021-04-08T15:00:00+08:00", "manner": "in_person", "recipient": "本人"}')$$, :r)),
    '%|document_no: is not the number under which this paper was issued|%', 'what is delivered is the paper that was issued');
SELECT cmp_ok(pg_temp.by_login('t_clerk', format($$SELECT record_delivery('{"round_id": %s, "kind": "decision", "document_no": "西湖镇救决〔2021〕1号", "delivered_at": "2021-04-08T15:00:00+08:00", "manner": "post", "recipient": "本人", "proof": "EMS 1", "proof_sha256": "%s"}')$$, :r, repeat('ab', 32)))::bigint, '>', 0::bigint, 'with its proof');
SELECT is((SELECT proof || encode(proof_sha256, 'hex') FROM document_delivery WHERE round_id = :r), 'EMS 1' || repeat('ab', 32), 'which is kept');
-- numbers: no gap after a failure, from 1 again in the next year, of each unit its own
SELECT alike(pg_temp.told('t_clerk', format($x$DO $d$ BEGIN PERFORM issue_document(%s, 'acceptance'); RAISE EXCEPTION 'undone'; END $d$$x$, :r)), '%undone%', 'one that is undone');
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT issue_document(%s, 'acceptance')$$, :r)), '西湖镇救受〔2021〕2号', 'leaves no gap');
SELECT pg_temp.clock('2022-01-04 09:00+08');
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT issue_document(%s, 'acceptance')$$, :r)), '西湖镇救受〔2022〕1号', 'the next year begins with 1');
SELECT results_eq(format($$SELECT kind, serial FROM document_issued WHERE round_id = %s ORDER BY issued_id$$, :r), $$VALUES ('acceptance', 1), ('decision', 1), ('acceptance', 2), ('acceptance', 1)$$, 'all of them are kept');
-- publicity holds the lawful columns only
SELECT pg_temp.clock('2021-04-09 09:00+08');
SELECT pg_temp.by_login('t_clerk', $$SELECT publish('340705100')$$) AS published \gset
SELECT pg_temp.by_login('t_clerk', format($$SELECT document(%s, 'publicity')$$, :r)) AS sheet \gset
SELECT ok(:'sheet' LIKE '%公示期自2021年4月9日至%' AND :'sheet' NOT LIKE '%' || m.citizen_id::text || '%' AND :'sheet' NOT LIKE '%测试路%' AND :'sheet' NOT LIKE '%sight%' AND :'sheet' NOT LIKE '%视力%',
    'applicant, persons, programme and amount; no number, address or disability') FROM case_member AS m WHERE m.round_id = :r;
-- the template of a nearer area goes before
INSERT INTO document_template (kind, area_code, valid, title, number_format, body, document_id)
    SELECT 'minutes', '340705', '[2021-01-01,)', '本区纪要', '{{serial}}', '<p>{{#meeting}}{{minutes_no}}{{/meeting}}</p>', document_id FROM policy_document LIMIT 1;
SELECT alike(pg_temp.by_login('t_clerk', format($$SELECT document(%s, 'minutes')$$, :r)), '%<h1>本区纪要</h1>%<p>m' || :r || '</p>%', 'the district''s own template');
-- every fact that a template may name is there, and no other
SELECT set_eq(format($$
    WITH RECURSIVE f (path, value) AS (
        SELECT e.key, e.value FROM jsonb_each(document_facts(%s)) AS e
        UNION ALL
        SELECT f.path || '/' || e.key, e.value
          FROM f CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value WHEN 'object' THEN jsonb_build_array(f.value) ELSE '[]' END) AS i (item)
         CROSS JOIN LATERAL jsonb_each(i.item) AS e)
    SELECT DISTINCT path FROM f WHERE position('/' IN path) = 0$$, :r),
    $$SELECT path FROM document_fact WHERE position('/' IN path) = 0 AND path NOT IN ('draft', 'illustrative', 'document_no')$$, 'the facts that are listed are those that there are');

SELECT is_empty(format($$
    WITH RECURSIVE f (path, value) AS (
        SELECT e.key, e.value FROM jsonb_each(document_facts(%s)) AS e
        UNION ALL
        SELECT f.path || '/' || e.key, e.value
          FROM f CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value WHEN 'object' THEN jsonb_build_array(f.value) ELSE '[]' END) AS i (item)
         CROSS JOIN LATERAL jsonb_each(i.item) AS e)
    SELECT path FROM f EXCEPT SELECT path FROM document_fact$$, :r), 'and so are those inside lists');

SELECT * FROM finish();
ROLLBACK;
