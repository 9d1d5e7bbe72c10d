-- language: labels in two languages, and what setting aidcase.language does.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(37);
\ir parts/household.sql
\ir report/built.sql

-- ---------------------------------------------------------------------
-- The setting

SELECT is(current_setting('aidcase.language'), 'auto', 'nobody has chosen a language yet');
SELECT throws_ok($$SET aidcase.language = 'fr'$$, '22023', 'invalid value for parameter "aidcase.language": "fr"', 'a language that is not here');
SELECT is(pg_temp.told('t_stranger', $$SET LOCAL aidcase.language = 'en'$$), '(done)', 'anybody may choose');
SELECT is(pg_temp.by_login('t_clerk', format($q$SELECT set_config('aidcase.language', %L, true) || ' ' || aidcase.label_of('unit.unit_kind', 'town')$q$, l)), said, 'a label: ' || l)
  FROM (VALUES ('auto', 'auto 镇'), ('zh', 'zh 镇'), ('en', 'en town'), ('zh_CN', 'zh_CN 镇'), ('en_US', 'en_US town')) AS x (l, said)
 WHERE l <> 'zh_CN' AND l <> 'en_US';
SET LOCAL aidcase.language = 'zh_CN';
SELECT is(label_of('programme', 'dibao'), '最低生活保障', 'the language by its locale');
SET LOCAL aidcase.language = 'en';

-- ---------------------------------------------------------------------
-- The dictionary

SELECT results_eq($$SELECT c, label_of(c, k) FROM (VALUES ('case_round.state', 'accepted'), ('case_round.action', 'accept'), ('post', 'clerk'),
        ('relation', 'aidcase.award'), ('column', 'aidcase_bi.dim_date.year'), ('report.town_aid', 'households'), ('guard', 'commitment_signed'),
        ('case_round.state', 'no such state')) AS x (c, k)$$,
    $$VALUES ('case_round.state', 'accepted'), ('case_round.action', 'accept'), ('post', 'handling officer'),
        ('relation', split_part(obj_description('aidcase.award'::regclass, 'pg_class'), ' / ', 2) COLLATE "default"), ('column', 'year'), ('report.town_aid', 'Households'),
        ('guard', 'commitment signed'), ('case_round.state', 'no such state')$$,
    'states, actions, posts, tables, columns, heads of reports; what is not there is shown as it is');
SET LOCAL aidcase.language = 'zh';
SELECT is(label_of('case_round.state', 'accepted'), '已受理', 'and in Chinese');
SELECT is_empty($$SELECT code_set, code, zh, en FROM dictionary WHERE coalesce(btrim(zh), '') = '' OR coalesce(btrim(en), '') = '' OR zh !~ '[一-鿿A-Z0-9]' OR en !~ '[A-Za-z0-9]'$$,
    'every entry has both languages');
SELECT is_empty('SELECT code_set, code FROM dictionary GROUP BY 1, 2 HAVING count(*) > 1', 'and stands there once');
SELECT is_empty($$SELECT DISTINCT w.subject, s.state FROM workflow_state AS s JOIN workflow AS w USING (workflow_id)
                   WHERE NOT EXISTS (SELECT FROM dictionary AS d WHERE d.code_set = w.subject || '.state' AND d.code = s.state)$$, 'every state is there');
SELECT is_empty($$SELECT n.nspname, c.relname, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
                   WHERE n.nspname IN ('aidcase', 'aidcase_bi') AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
                     AND NOT EXISTS (SELECT FROM dictionary AS d WHERE d.code_set = 'column' AND d.code = n.nspname || '.' || c.relname || '.' || a.attname)$$,
    'every column of every table and view is there');
-- a table with labels of its own that somebody adds has to be put in
SELECT is_empty($$SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname IN ('label_zh', 'sentence_zh', 'question_zh')
                   WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r'
                     AND pg_get_viewdef('aidcase.dictionary') !~ ('\m' || c.relname || '\M')$$,
    'every table that has labels is read');
SELECT is(pg_temp.told(l, 'SELECT FROM aidcase.dictionary'), '(done)', l || ' reads the dictionary')
  FROM unnest(ARRAY['t_committee', 't_clerk', 't_leader', 't_bureau', 't_inspector', 't_payer', 't_finance', 't_analyst', 't_admin']) AS l;
SELECT alike(pg_temp.told('t_stranger', 'SELECT FROM aidcase.dictionary'), '42501 %', 'a stranger does not');
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END
$$;
SELECT is_empty($$SELECT p FROM pg_temp.plan_of('SELECT label_of(''programme'', p.programme) FROM award AS p') AS p WHERE p ~ ' on (workflow_state|pg_description|guard)'$$,
    'only the table of the code set is read for a label');

-- ---------------------------------------------------------------------
-- Refused moves

SELECT pg_temp.clock('2021-04-20 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM file_case(%L)',
    pg_temp.application('z', '340705100', '340705100201', '{40}', 200, '2021-04-20'))) AS r \gset
SELECT pg_temp.by_staff('x-clerk', format($$SELECT advance(%s, 'accept')$$, :r)) AS moved \gset
CREATE FUNCTION pg_temp.refusal(language text, no text, command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('aidcase.language', language, true);
    RETURN pg_temp.staff_told(no, command);
END
$$;
SELECT alike(pg_temp.refusal(l, 'x-clerk', format($$SELECT advance(%s, 'check')::text$$, :r)), said, 'a condition that is not met: ' || l)
  FROM (VALUES ('auto', 'ZA003 cannot check: 1 condition is not met|%'), ('en', 'ZA003 cannot check: 1 condition is not met|%'),
               ('zh', 'ZA003 不能“经济核对完成”:有 1 项条件未满足|未满足“%”:%')) AS x (l, said);
SELECT is(pg_temp.refusal('zh', 'x-clerk', format($$SELECT advance(%s, 'check')::text$$, :r)) LIKE '%' || (SELECT g.hint_zh FROM guard AS g JOIN workflow_transition AS t ON g.guard = ANY (t.guards)
        JOIN case_round AS c ON c.workflow_id = t.workflow_id AND c.state = t.from_state AND t.action = 'check' WHERE c.round_id = :r AND g.label_zh = '经济核对已返回') || '%', true, 'with what to do, in Chinese');
SELECT alike(pg_temp.refusal('zh', 'x-group1', format($$SELECT advance(%s, 'check')::text$$, :r)), 'ZA003 不能“经济核对完成”:有 2 项条件未满足|须由本单位或上级的经办人员办理。%请由担任该岗位的人员办理。%', 'a post that is missing');
SELECT alike(pg_temp.refusal('zh', 'x-clerk', format($$UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = %s RETURNING '1'$$, :r)), 'ZA003 状态“已受理”下不能办理“confirmed”|此状态可以办理:%(check)%', 'a move that is not there');
SELECT set_config('aidcase.language', 'zh', true) AS set \gset
SELECT is((SELECT count(*) FROM next_actions(:r) AS n CROSS JOIN unnest(n.unmet) AS u WHERE u !~ '[一-鿿]'), 0::bigint, 'the dry run says it in Chinese, too');
SELECT cmp_ok((SELECT count(*) FROM next_actions(:r) AS n CROSS JOIN unnest(n.unmet) AS u), '>', 0::bigint, 'and says something');

-- ---------------------------------------------------------------------
-- Workbooks

CREATE FUNCTION pg_temp.book(language text) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('aidcase.language', language, true);
    RETURN aidcase.workbook('town_aid', '2020-06');
END
$$;
SELECT is_empty($$SELECT r.name FROM report AS r
                   WHERE array_length(string_to_array(r.notes, E'\n'), 1) IS DISTINCT FROM array_length(string_to_array(r.notes_en, E'\n'), 1)
                      OR array_length(string_to_array(r.signature, E'\n'), 1) IS DISTINCT FROM array_length(string_to_array(r.signature_en, E'\n'), 1)
                      OR concat(r.title_en, r.unit_label_en, r.notes_en, r.signature_en) ~ '[一-鿿]'$$,
    'every report has all of its form in English, too');
SELECT is(pg_temp.book('en'), pg_temp.book('en'), 'a workbook in English: same data, same bytes');
SELECT is((SELECT count(DISTINCT b) FROM (VALUES (pg_temp.book('auto')), (pg_temp.book('en')), (pg_temp.book('zh'))) AS x (b)), 3::bigint, 'each language has its own');
SELECT is((SELECT bool_and(v.issued) FROM verify_report(pg_temp.book('en')) AS v), true, 'and is an issue as any other');

SELECT * FROM finish();
ROLLBACK;
