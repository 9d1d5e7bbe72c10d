-- Kinship: relations derived from ties, dates, rule sets, limits, and who may ask.
\set ECHO none
\set QUIET 1
SET search_path = aidcase, tap, public;
BEGIN;
\ir parts/household.sql
SELECT plan(73);
SET LOCAL aidcase.clock = '2021-04-06 09:00+08';

-- A person of the family by a short name: odd sequences are men.
CREATE TEMP TABLE person (key text PRIMARY KEY, name text, born date, seq integer, id aidcase.citizen_id);
INSERT INTO person (key, name, born, seq) VALUES
    ('gf', '祖父', '1915-02-03', 1), ('gm', '祖母', '1918-03-04', 2),
    ('f', '父', '1945-01-02', 1), ('m', '母', '1947-02-03', 2), ('s', '继母', '1950-03-04', 2), ('mf', '外祖父', '1920-04-05', 1),
    ('aunt', '姑', '1949-05-06', 2), ('ah', '姑父', '1948-06-07', 1), ('ahm', '姑父母', '1922-07-08', 2),
    ('ego', '甲', '1971-01-01', 1), ('sis', '姐妹', '1973-02-02', 2), ('half', '弟', '1994-03-03', 1), ('adopt', '养弟', '1995-04-04', 1),
    ('cous', '表妹', '1975-05-05', 2),
    ('w', '妻', '1972-06-06', 2), ('wf', '岳父', '1944-07-07', 1), ('wb', '内弟', '1976-08-08', 1),
    ('c', '女儿', '1999-09-09', 2), ('cs', '女婿', '1998-10-10', 1), ('csf', '亲家', '1970-11-11', 1),
    ('cc', '表外甥', '2001-12-12', 1), ('g', '外孙', '2020-12-01', 1), ('sh', '姐夫', '1970-04-04', 1);
UPDATE person SET id = pg_temp.citizen('340702', born, seq)::aidcase.citizen_id;
CREATE FUNCTION pg_temp.p(k text) RETURNS aidcase.citizen_id LANGUAGE sql STABLE AS $$ SELECT id FROM person WHERE key = k $$;
CREATE FUNCTION pg_temp.key(i aidcase.citizen_id) RETURNS text LANGUAGE sql STABLE AS $$ SELECT key FROM person WHERE id = i $$;
CREATE FUNCTION pg_temp.tie(a text, relation text, b text, parentage text DEFAULT NULL,
    since date DEFAULT NULL, until date DEFAULT NULL, ended_by text DEFAULT NULL, seen date DEFAULT '2021-01-04') RETURNS void
LANGUAGE sql AS $$
    INSERT INTO aidcase.kin_record (unit_id, person, person_name, relative, relative_name, relation, parentage, since, until, ended_by,
                                    evidence, recorded_on)
    SELECT aidcase.unit_id('340705100'), x.id, x.name, y.id, y.name, tie.relation, tie.parentage, tie.since, tie.until, tie.ended_by,
           'household_register', seen
      FROM person AS x, person AS y WHERE x.key = a AND y.key = b
$$;
-- Who is what to somebody on a day, as text: key:relation:hops.
CREATE FUNCTION pg_temp.of(who text, hops integer, day date, effect text DEFAULT NULL) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT pg_temp.key(k.relative) || ':' || k.relation || ':' || k.hops FROM aidcase.kin(pg_temp.p(who), of.hops, day, of.effect) AS k
$$;
DO $$ BEGIN
    PERFORM pg_temp.tie('gf', 'spouse', 'gm', NULL, '1940-01-01'), pg_temp.tie('f', 'parent', 'gf'), pg_temp.tie('gm', 'child', 'f'),
            pg_temp.tie('gf', 'child', 'aunt'), pg_temp.tie('gm', 'child', 'aunt'), pg_temp.tie('m', 'parent', 'mf');
    PERFORM pg_temp.tie('f', 'spouse', 'm', NULL, '1970-03-01', '1990-05-01', 'divorce'), pg_temp.tie('f', 'spouse', 's', NULL, '1992-06-01');
    PERFORM pg_temp.tie('f', 'child', 'ego'), pg_temp.tie('m', 'child', 'ego'), pg_temp.tie('f', 'child', 'sis'), pg_temp.tie('m', 'child', 'sis'),
            pg_temp.tie('f', 'child', 'half'), pg_temp.tie('s', 'child', 'half'), pg_temp.tie('f', 'child', 'adopt', 'adoptive', '1996-06-01'),
            pg_temp.tie('s', 'child', 'ego', 'step', '1992-06-01', '1993-01-01', 'other');
    PERFORM pg_temp.tie('aunt', 'spouse', 'ah', NULL, '1972-01-01', '2005-03-01', 'death'), pg_temp.tie('ahm', 'child', 'ah'),
            pg_temp.tie('aunt', 'child', 'cous'), pg_temp.tie('cous', 'child', 'cc');
    PERFORM pg_temp.tie('w', 'spouse', 'ego', NULL, '1998-10-01'), pg_temp.tie('wf', 'child', 'w'), pg_temp.tie('wb', 'sibling', 'w'),
            pg_temp.tie('c', 'parent', 'ego'), pg_temp.tie('w', 'child', 'c'), pg_temp.tie('c', 'spouse', 'cs', NULL, '2020-01-01'),
            pg_temp.tie('csf', 'child', 'cs'), pg_temp.tie('c', 'child', 'g'), pg_temp.tie('sis', 'spouse', 'sh', NULL, '1999-01-01');
END $$;

-- ---------------------------------------------------------------------
-- Relations
SELECT is_empty($$ SELECT * FROM kin(pg_temp.p('ego'), 0, '2021-04-06') $$, 'within no tie there is nobody');
SELECT set_eq($$ SELECT pg_temp.of('ego', 1, '2021-04-06') $$,
    ARRAY['f:parent:1', 'm:parent:1', 'w:spouse:1', 'c:child:1'], 'one tie');
SELECT bag_eq($$ SELECT pg_temp.of('ego', 2, '2021-04-06') $$,
    ARRAY['f:parent:1', 'm:parent:1', 'w:spouse:1', 'c:child:1', 'gf:grandparent:2', 'gm:grandparent:2', 'mf:grandparent:2',
          'sis:sibling:2', 'half:sibling:2', 'adopt:sibling:2', 's:parent_spouse:2', 'wf:parent_in_law:2', 'wb:sibling_in_law:2',
          'cs:child_in_law:2', 'g:grandchild:2'], 'two ties: grandparents, brothers by one parent, in-laws');
SELECT bag_eq($$ SELECT pg_temp.of('ego', 3, '2021-04-06') EXCEPT ALL SELECT pg_temp.of('ego', 2, '2021-04-06') $$,
    ARRAY['aunt:uncle_aunt:3', 'csf:co_parent_in_law:3', 'sh:sibling_in_law:3'], 'three ties');
SELECT bag_eq($$ SELECT pg_temp.of('ego', 6, '2021-04-06') EXCEPT ALL SELECT pg_temp.of('ego', 3, '2021-04-06') $$,
    ARRAY['cous:cousin:4', 'cc:distant_blood:5'], 'six: nobody is found over a marriage that has ended');
SELECT bag_eq($$ SELECT pg_temp.of('gf', 3, '2021-04-06') $$,
    ARRAY['gm:spouse:1', 'f:child:1', 'aunt:child:1', 'ego:grandchild:2', 'sis:grandchild:2', 'half:grandchild:2', 'adopt:grandchild:2',
          'cous:grandchild:2', 's:child_in_law:2', 'c:descendant:3', 'cc:descendant:3', 'w:other_in_law:3', 'sh:other_in_law:3', 'm:other_in_law:3'],
    'downwards: grandchildren and their children');
SELECT set_has($$ SELECT pg_temp.of('c', 4, '2021-04-06') $$,
    $$ VALUES ('gf:ancestor:3'), ('sis:uncle_aunt:3'), ('wb:uncle_aunt:2'), ('wf:grandparent:2'), ('csf:parent_in_law:2'),
              ('aunt:distant_blood:4') $$, 'upwards: great-grandparents, uncles by a sibling that is stated');
SELECT set_has($$ SELECT pg_temp.of('s', 3, '2021-04-06') $$,
    $$ VALUES ('half:child:1'), ('f:spouse:1'), ('ego:spouse_child:2'), ('gf:parent_in_law:2'), ('aunt:sibling_in_law:3') $$,
    'a stepmother and the children of her husband');
SELECT set_has($$ SELECT pg_temp.of('wb', 2, '2021-04-06') $$,
    $$ VALUES ('w:sibling:1'), ('ego:sibling_in_law:2'), ('wf:parent:2'), ('c:nephew_niece:2') $$,
    'the parent of a stated brother or sister is one''s own');
SELECT set_has($$ SELECT pg_temp.of('half', 3, '2021-04-06') $$, $$ VALUES ('m:other_in_law:3') $$,
    'the other parent of a half-brother is not');
SELECT results_eq($$ SELECT name, relation, hops, kinship, generations, counts, path_zh, path_en, cardinality(ties)
        FROM kin(pg_temp.p('ego'), 3, '2021-04-06') WHERE relative IN (pg_temp.p('wf'), pg_temp.p('aunt'), pg_temp.p('adopt')) $$,
    $$ VALUES ('养弟', 'sibling', 2, 'collateral_blood', 2, '{certainty,filing_duty,recusal,red_flag}'::text[],
               '甲—父亲—父—儿子(收养)—养弟', '甲 — father — 父 — son (by adoption) — 养弟', 2),
              ('岳父', 'parent_in_law', 2, 'affinity', NULL, '{certainty,recusal,red_flag}', '甲—配偶—妻—父亲—岳父',
               '甲 — spouse — 妻 — father — 岳父', 2),
              ('姑', 'uncle_aunt', 3, 'collateral_blood', 3, '{certainty,recusal,red_flag}', '甲—父亲—父—父亲—祖父—女儿—姑',
               '甲 — father — 父 — father — 祖父 — daughter — 姑', 3) $$,
    'the path in words, and the effects under which each counts, the nearest first');
SELECT is_empty($$ SELECT * FROM kin('340702198001010055', 3, '2021-04-06') $$, 'somebody of whom nothing is known');

-- ---------------------------------------------------------------------
-- Dates: both ends of each
SELECT is((SELECT string_agg(v, ' ' ORDER BY d) FROM (VALUES ('1970-02-28'::date), ('1970-03-01'), ('1990-04-30'), ('1990-05-01'), ('1992-05-31'), ('1992-06-01')) AS x (d)
    CROSS JOIN LATERAL (SELECT coalesce(string_agg(pg_temp.key(k.relative), ','), '-') FROM kin(pg_temp.p('f'), 1, d) AS k WHERE k.relation = 'spouse') AS y (v)),
    '- m m - - s', 'a marriage holds from its first day to the day before it ended');
SELECT is((SELECT string_agg(v::text, ' ' ORDER BY d) FROM (VALUES ('1996-05-31'::date), ('1996-06-01')) AS x (d)
    CROSS JOIN LATERAL (SELECT count(*) FROM kin(pg_temp.p('ego'), 2, d) AS k WHERE k.relative = pg_temp.p('adopt')) AS y (v)), '0 1', 'an adoption from its day on');
SELECT is((SELECT string_agg(v, ' ' ORDER BY d) FROM (VALUES ('1992-05-31'::date), ('1992-06-01'), ('1992-12-31'), ('1993-01-01')) AS x (d)
    CROSS JOIN LATERAL (SELECT coalesce(max(k.relation || k.hops), '-') FROM kin(pg_temp.p('ego'), 2, d) AS k WHERE k.relative = pg_temp.p('s')) AS y (v)),
    '- parent1 parent1 parent_spouse2', 'a stepmother who brought up is a parent while she did');
SELECT results_eq($$ SELECT pg_temp.key(relative), relation, valid FROM kin_of(ARRAY[pg_temp.p('f')], 1) WHERE relation = 'spouse' ORDER BY valid $$,
    $$ VALUES ('m', 'spouse', '[1970-03-01,1990-05-01)'::daterange), ('s', 'spouse', '[1992-06-01,)') $$, 'without a day: both, each with its time');
SELECT results_eq($$ SELECT relation, hops, valid FROM kin_of(ARRAY[pg_temp.p('ego')], 3) WHERE relative = pg_temp.p('s') ORDER BY hops, valid $$,
    $$ VALUES ('parent', 1, '[1992-06-01,1993-01-01)'::daterange), ('parent_spouse', 2, '[1992-06-01,)'), ('other_in_law', 3, '(,)') $$,
    'a path stands while all its ties do');
SELECT results_eq($$ SELECT w.path_zh FROM kin_of(ARRAY[pg_temp.p('s')], 2) AS k CROSS JOIN LATERAL kin_path(k.person, k.ties) AS w WHERE relative = pg_temp.p('m') $$,
    $$ VALUES ('继母—儿子(有抚养关系的继亲)—甲—母亲—母') $$, 'two marriages that never stood together make no path');

-- Statements complete each other
SELECT pg_temp.tie('f', 'spouse', 'm', seen => '1985-01-01') IS NOT NULL AS x \gset
SELECT results_eq($$ SELECT valid FROM kin_of(ARRAY[pg_temp.p('f')], 1) WHERE relative = pg_temp.p('m') $$,
    $$ VALUES ('[1970-03-01,1990-05-01)'::daterange) $$, 'a statement without dates takes those that are known');
SELECT is_empty('SELECT * FROM kin_contradiction', 'which is no contradiction');
SAVEPOINT again;
SELECT pg_temp.tie('m', 'spouse', 'f', seen => '1990-05-01') IS NOT NULL AS x \gset
SELECT results_eq($$ SELECT valid FROM kin_of(ARRAY[pg_temp.p('f')], 1) WHERE relative = pg_temp.p('m') ORDER BY 1 $$,
    $$ VALUES ('[1970-03-01,1990-05-01)'::daterange), ('[1990-05-01,)') $$, 'one that is made after the end counts from the end on');
SELECT bag_eq($$ SELECT contradiction || ':' || pg_temp.key(person) || ':' || pg_temp.key(relative) FROM kin_contradiction $$,
    ARRAY['after_its_end:f:m', 'two_spouses:f:s'], 'and is listed, as are the two wives');
ROLLBACK TO again;

-- ---------------------------------------------------------------------
-- Rule sets
SELECT bag_eq($$ SELECT pg_temp.of('ego', 3, '2021-04-06', 'filing_duty') $$,
    ARRAY['f:parent:1', 'm:parent:1', 'w:spouse:1', 'c:child:1', 'gf:grandparent:2', 'gm:grandparent:2', 'mf:grandparent:2',
          'sis:sibling:2', 'half:sibling:2', 'adopt:sibling:2', 'g:grandchild:2'], 'the duty to file: near relatives of the Civil Code');
SELECT bag_eq($$ SELECT pg_temp.of('ego', 3, '2021-04-06', 'recusal') EXCEPT ALL SELECT pg_temp.of('ego', 3, '2021-04-06', 'filing_duty') $$,
    ARRAY['aunt:uncle_aunt:3', 'wf:parent_in_law:2', 'wb:sibling_in_law:2', 'sh:sibling_in_law:3', 'cs:child_in_law:2', 'csf:co_parent_in_law:3'],
    'recusal: collateral blood within three generations and close in-laws too');
SELECT bag_eq($$ SELECT pg_temp.of('ego', 6, '2021-04-06', 'recusal') $$, $$ SELECT pg_temp.of('ego', 3, '2021-04-06', 'recusal') $$,
    'a rule set has its own greatest number of ties');
SELECT is_empty($$ SELECT * FROM kin(pg_temp.p('aunt'), 2, '2021-04-06') WHERE relative = pg_temp.p('ahm') $$, 'a marriage that death ended makes no in-laws');
SELECT results_eq($$ SELECT relation FROM kin(pg_temp.p('aunt'), 2, '2021-04-06', 'recusal') WHERE relative = pg_temp.p('ahm') $$,
    $$ VALUES ('parent_in_law') $$, 'but where the rule set says so');
SELECT is_empty($$ SELECT * FROM kin(pg_temp.p('s'), 2, '2021-04-06', 'recusal') WHERE relative = pg_temp.p('mf') $$, 'a divorce never');
UPDATE kin_rule_set SET parentage = '{blood,step}' WHERE effect = 'filing_duty';
SELECT is((SELECT string_agg(r, ' ') FROM pg_temp.of('ego', 3, '2021-04-06', 'filing_duty') AS r WHERE r ~ 'adopt|half'), 'half:sibling:2',
    'a rule set may leave out adoption');
SELECT results_eq($$ SELECT counts FROM kin(pg_temp.p('ego'), 3, '2021-04-06') WHERE relative = pg_temp.p('adopt') $$,
    $$ VALUES ('{certainty,recusal,red_flag}'::text[]) $$, 'and the list of effects shows it');
SELECT throws_ok($$ SELECT * FROM kin(pg_temp.p('ego'), 3, '2005-01-01', 'recusal') $$, 'ZA008',
    'there is no kinship rule set "recusal" in force on 2005-01-01', 'a day without a rule set');
SELECT throws_ok($$ SELECT * FROM kin(pg_temp.p('ego'), 3, '2021-04-06', 'friends') $$, 'ZA008', NULL, 'an effect that there is not');
SELECT throws_ok($$ INSERT INTO kin_rule_set (effect, valid, relations, document_id) SELECT 'red_flag', '[2001-01-01,2002-01-01)', '{friend}', min(document_id) FROM policy_document $$,
    '23514', 'a rule set names relations that there are not', 'nor a relation');

-- ---------------------------------------------------------------------
-- Limits
SELECT throws_ok(format($$ SELECT * FROM kin(pg_temp.p('ego'), %s, '2021-04-06') $$, h), '22023', 'max_hops must be from 0 to 6', 'not ' || h)
  FROM unnest(ARRAY[-1, 7, 2147483647]) AS h;
SELECT throws_ok($$ SELECT * FROM kin(NULL, 3, '2021-04-06') $$, '22004', 'argument "person" must not be null', 'nobody');
SELECT throws_ok($$ SELECT * FROM kin(pg_temp.p('ego'), NULL, '2021-04-06') $$, '22004', 'argument "max_hops" must not be null', 'no limit');
SELECT throws_ok($$ SELECT * FROM kin(pg_temp.p('ego'), 3, NULL) $$, '22004', 'argument "on_date" must not be null', 'no day');
SELECT throws_ok($$ SELECT * FROM kin(pg_temp.p('ego'), 3, 'infinity') $$, '22023', 'on_date must be a calendar date', 'no calendar day');
SELECT is_empty($$ SELECT * FROM kin_of('{}', 3) $$, 'nobody to begin with');
SELECT is_empty($$ SELECT * FROM kin_of(ARRAY[NULL]::citizen_id[], 3) $$, 'nor among NULLs');
SELECT results_eq($$ SELECT count(*) FROM kin_of(ARRAY[pg_temp.p('ego'), pg_temp.p('ego')], 1) $$,
    $$ SELECT count(*) FROM kin_of(ARRAY[pg_temp.p('ego')], 1) $$, 'named twice, told once');
SELECT throws_ok($$ SELECT * FROM kin_path(pg_temp.p('ego'), ARRAY(SELECT tie_id FROM kin_tie WHERE relative = pg_temp.p('cs') OR person = pg_temp.p('csf'))) $$,
    '22023', 'the ties are no path from this person', 'a path must begin with the person');
SELECT results_eq($$ SELECT w.path_zh, w.path_en FROM kin(pg_temp.p('c'), 4, '2021-04-06') AS k CROSS JOIN LATERAL kin_path(pg_temp.p('c'), k.ties) AS w $$,
    $$ SELECT path_zh, path_en FROM kin(pg_temp.p('c'), 4, '2021-04-06') $$, 'kin_path() says what kin() said');

-- ---------------------------------------------------------------------
-- What cannot be, and circles
SELECT throws_ok($$ SELECT pg_temp.tie('ego', 'sibling', 'ego') $$, '23514', NULL, 'a tie with oneself');
SELECT throws_ok($$ SELECT pg_temp.tie('ego', 'parent', 'c') $$, '23514', 'the tie is impossible', 'a parent who is younger');
SELECT throws_ok($$ SELECT pg_temp.tie('c', 'child', 'ego') $$, '23514', 'the tie is impossible', 'a child who is older: so no circle of generations');
SELECT throws_ok($$ SELECT pg_temp.tie('w', 'spouse', 'cous', NULL, '1975-05-04') $$, '23514', 'the tie is impossible', 'a marriage before birth');
SELECT throws_ok($$ SELECT pg_temp.tie('w', 'spouse', 'cous', NULL, '2021-04-07') $$, '23514', 'the tie is impossible', 'a marriage of tomorrow');
SELECT lives_ok($$ SELECT pg_temp.tie('w', 'spouse', 'cous', NULL, '2021-04-06') $$, 'one of today');
SELECT throws_ok($$ SELECT pg_temp.tie('w', 'spouse', 'cous', NULL, '2020-01-02', '2020-01-02', 'divorce') $$, '23514', NULL, 'one that ends as it begins');
UPDATE kin_record SET void = true WHERE person = pg_temp.p('w') AND relative = pg_temp.p('cous');
SELECT is((SELECT count(*) FROM kin_tie WHERE void), 1::bigint, 'a void record takes its tie back');
-- brothers in a ring, each stated
DO $$ BEGIN
    PERFORM pg_temp.tie('cc', 'sibling', 'g'), pg_temp.tie('g', 'sibling', 'cs'), pg_temp.tie('cs', 'sibling', 'cc');
END $$;
SELECT lives_ok($$ SELECT * FROM kin_of(ARRAY(SELECT id FROM person), 6) $$, 'a search among circles ends');
SELECT is((SELECT count(*) - count(DISTINCT relative) FROM kin(pg_temp.p('cc'), 6, '2021-04-06')), 0::bigint, 'with one row a person');
DO $$ BEGIN
    PERFORM pg_temp.tie('f', 'spouse', 'wf', NULL, '2000-01-01'), pg_temp.tie('c', 'parent', 'wb'), pg_temp.tie('c', 'sibling', 'w');
END $$;
SELECT bag_eq($$ SELECT DISTINCT contradiction || ':' || pg_temp.key(person) || ':' || pg_temp.key(relative) || coalesce(':' || pg_temp.key(third), '') FROM kin_contradiction
                  WHERE contradiction <> 'after_its_end' $$,
    ARRAY['two_spouses:f:s:wf', 'two_fathers:c:ego:wb', 'two_relations:w:c'], 'contradictions are listed, with whom they concern');
-- from a source whose rules do not know the law: a child older than the head
SELECT pg_temp.by_staff('x-clerk', replace($$ SELECT round_id FROM aidcase.file_case('{"unit": "340705100", "village": "340705100201", "residence": "rural", "channel": "on_site",
    "members": [{"key": "m1", "name": "户主", "citizen_id": "NUMBER", "relation": "head", "applicant": true, "work_ability": "able"},
                {"key": "m2", "name": "长者", "citizen_id": "340702195502020178", "relation": "child", "work_ability": "none"}]}'::jsonb) $$, 'NUMBER', pg_temp.citizen('340702', '1999-09-09', 7))) AS r \gset
SELECT results_eq($$ SELECT contradiction, person, relative FROM kin_contradiction WHERE contradiction = 'younger_parent' $$,
    $$ VALUES ('younger_parent', pg_temp.citizen('340702', '1999-09-09', 7)::citizen_id, '340702195502020178'::citizen_id) $$, 'a child of a household who is older than the head is listed');
SELECT is_empty('SELECT * FROM kin_tie_differences()', 'the table holds what the sources state');

-- ---------------------------------------------------------------------
-- Rules: from both ends the same, and the search is what the rules say.
-- A village of four generations by a fixed rule.
CREATE TEMP TABLE inhabitant AS
    SELECT n, n / 60 AS generation, pg_temp.citizen('340703', make_date(1900 + 26 * (n / 60), 1 + n % 12, 1 + n % 28), 1 + n % 60)::aidcase.citizen_id AS id
      FROM generate_series(0, 239) AS n;
INSERT INTO kin_record (unit_id, person, person_name, relative, relative_name, relation, parentage, since, until, ended_by, evidence, recorded_on)
SELECT unit_id('340705100'), a.id, 'x', b.id, 'y', t.relation, t.parentage, t.since, t.until, CASE WHEN t.until IS NOT NULL THEN 'divorce' END,
       'household_register', '2021-01-04'
  FROM inhabitant AS a
 CROSS JOIN LATERAL (
        SELECT 'child' AS relation, CASE WHEN a.n % 7 = 0 THEN 'adoptive' END AS parentage, NULL::date AS since, NULL::date AS until,
               60 * (a.generation + 1) + (a.n * 7 + k * 11) % 60 AS other
          FROM generate_series(0, a.n % 3) AS k WHERE a.generation < 3
        UNION ALL
        SELECT 'sibling', NULL, NULL, NULL, 60 * a.generation + (a.n * 13 + 5) % 60 WHERE a.n % 5 = 0
        UNION ALL
        SELECT 'spouse', NULL, make_date(1925 + 26 * a.generation, 1, 1), CASE WHEN a.n % 4 = 0 THEN make_date(1935 + 26 * a.generation, 1, 1) END,
               60 * a.generation + (a.n + 1) % 60 WHERE a.n % 2 = 0) AS t
  JOIN inhabitant AS b ON b.n = t.other AND b.id <> a.id;
SELECT cmp_ok((SELECT count(*) FROM kin_tie AS t JOIN inhabitant AS i ON i.id = t.person), '>', 450::bigint, 'the village has ties');
CREATE TEMP TABLE edge AS
    SELECT i.id AS a, t.relative AS b, t.relation, t.valid FROM kin_tie AS t JOIN inhabitant AS i ON i.id = t.person WHERE NOT t.void
    UNION ALL
    SELECT t.relative, i.id, k.inverse, t.valid FROM kin_tie AS t JOIN inhabitant AS i ON i.id = t.person JOIN kin_relation AS k USING (relation) WHERE NOT t.void;
CREATE INDEX ON edge (a);
ANALYZE edge;
-- the same by a plain recursive query over the rules, along every path
CREATE TEMP TABLE expected AS
    WITH RECURSIVE path (person, last, relation, reached_by, valid, way) AS (
        SELECT i.id, i.id, 'self', 'self', '(,)'::daterange, ARRAY[i.id] FROM inhabitant AS i
        UNION ALL
        SELECT p.person, e.b, r.result,
               CASE WHEN e.relation = 'sibling' AND r.result = p.relation THEN p.reached_by ELSE e.relation END, p.valid * e.valid, p.way || e.b
          FROM path AS p
          JOIN edge AS e ON e.a = p.last AND e.b <> ALL (p.way) AND e.valid && p.valid
          JOIN LATERAL (SELECT r.result FROM kin_rule AS r
                         WHERE r.relation = p.relation AND r.step = e.relation AND coalesce(r.reached_by = p.reached_by, true)
                         ORDER BY r.reached_by NULLS LAST LIMIT 1) AS r ON true
         WHERE cardinality(p.way) <= 3
    )
    SELECT person, last AS relative, relation, cardinality(way) - 1 AS hops, valid FROM path WHERE person <> last;
SELECT set_eq($$ SELECT person, relative, relation FROM kin_of(ARRAY(SELECT id FROM inhabitant), 3, NULL, 'recusal') $$,
    $$ SELECT e.person, e.relative, e.relation FROM expected AS e
        WHERE e.relation = ANY ((SELECT s.relations FROM kin_rule_set AS s WHERE s.effect = 'recusal')::text[]) $$,
    'the search finds what the rules say, and nothing else');
SELECT set_eq($$ SELECT person, relative, min(hops) FROM kin_of(ARRAY(SELECT id FROM inhabitant), 3) GROUP BY 1, 2 $$,
    $$ SELECT person, relative, min(hops) FROM expected GROUP BY 1, 2 $$, 'everybody within three ties, by the shortest way');
SELECT is_empty($$ SELECT k.person, k.relative, k.relation, k.hops, k.valid FROM kin_of(ARRAY(SELECT id FROM inhabitant), 3) AS k
    EXCEPT SELECT e.person, e.relative, e.relation, e.hops, e.valid FROM expected AS e $$, 'in relations and times that follow');
UPDATE kin_rule_set SET valid = '[1900-01-01,)' WHERE effect = 'recusal';
SELECT set_eq($$ SELECT person, relative, relation FROM kin_of(ARRAY(SELECT id FROM inhabitant), 3, '1966-05-05', 'recusal') $$,
    $$ SELECT e.person, e.relative, e.relation FROM expected AS e
        WHERE e.valid @> date '1966-05-05' AND e.relation = ANY ((SELECT s.relations FROM kin_rule_set AS s WHERE s.effect = 'recusal')::text[]) $$,
    'and on a day');
SELECT is_empty($$
    WITH k AS MATERIALIZED (SELECT person, relative, relation, valid FROM kin_of(ARRAY(SELECT id FROM inhabitant), 3))
    SELECT a.person, a.relative, a.relation FROM k AS a JOIN kin_relation AS r USING (relation)
     WHERE NOT EXISTS (SELECT FROM k AS b WHERE b.person = a.relative AND b.relative = a.person
                                              AND (b.relation = r.inverse OR a.relation = 'other_in_law')) $$,
    'whoever is something to somebody is so from the other side');
SELECT results_eq($$ SELECT count(DISTINCT relation) FROM kin_of(ARRAY(SELECT id FROM inhabitant UNION ALL SELECT id FROM person), 5) $$,
    $$ SELECT count(*) - 1 FROM kin_relation $$, 'every relation but oneself occurs');
SELECT is_empty($$ SELECT relation, inverse FROM kin_relation AS a
     WHERE NOT EXISTS (SELECT FROM kin_relation AS b WHERE b.relation = a.inverse AND b.inverse = a.relation AND b.kinship = a.kinship
                          AND (a.stored OR b.stored OR NOT a.step) AND (a.relation = b.relation OR NOT (a.stored AND b.stored))) $$,
    'inverses are mutual, of one class, and one of them is kept');
-- a rule that changes is heard of at once, and forgotten with its transaction
SAVEPOINT rule;
UPDATE kin_rule SET result = 'other_in_law' WHERE relation = 'parent' AND step = 'parent' AND reached_by IS NULL;
SELECT results_eq($$ SELECT relation FROM kin(pg_temp.p('ego'), 2, '2021-04-06') WHERE relative = pg_temp.p('gf') $$, $$ VALUES ('other_in_law') $$, 'a changed rule counts');
ROLLBACK TO rule;
SELECT results_eq($$ SELECT relation FROM kin(pg_temp.p('ego'), 2, '2021-04-06') WHERE relative = pg_temp.p('gf') $$, $$ VALUES ('grandparent') $$, 'one that was taken back does not');

-- ---------------------------------------------------------------------
-- Who may ask
SELECT set_eq($$ SELECT l, q FROM unnest('{t_admin,t_analyst,t_bureau,t_clerk,t_committee,t_finance,t_inspector,t_leader,t_other,t_payer,t_stranger}'::text[]) AS l,
       unnest(ARRAY['kin(''340702197101010015'', 3, ''2021-04-06'')', 'kin_of(''{340702197101010015}'', 3)', 'kin_of_staff(3)',
                    'kin_path(''340702197101010015'', ''{}'')', 'kin_tie', 'kin_record', 'kin_contradiction', 'identity_match']) AS q
      WHERE pg_temp.told(l, format('SELECT * FROM aidcase.%s', q)) !~ '^42501 permission denied' $$,
    $$ SELECT l, q FROM unnest('{t_bureau,t_inspector}'::text[]) AS l,
       unnest(ARRAY['kin(''340702197101010015'', 3, ''2021-04-06'')', 'kin_of(''{340702197101010015}'', 3)', 'kin_of_staff(3)',
                    'kin_path(''340702197101010015'', ''{}'')', 'kin_tie', 'kin_record', 'kin_contradiction', 'identity_match']) AS q $$,
    'only the bureau and inspectors may ask');
SELECT is(pg_temp.told('t_clerk', 'EXPLAIN SELECT * FROM aidcase.kin_tie'), '42501 permission denied for table kin_tie||', 'a plan tells nothing either');
SELECT matches(pg_temp.told('t_bureau', $$ SELECT * FROM aidcase.kin_tie_due $$), '^42501', 'what is internal stays internal');
SELECT results_eq($$ SELECT s.staff_no, r.what, r.purpose FROM sensitive_reading AS r JOIN staff AS s ON s.staff_id = r.read_by ORDER BY 1 $$,
    $$ VALUES ('b-clerk', 'kin_of_staff', '亲属回避核查 / checks for conflicts of interest'), ('b-inspector', 'kin_of_staff', '亲属回避核查 / checks for conflicts of interest') $$, 'the numbers of all relatives of staff are read for a purpose');
CREATE ROLE t_asked LOGIN IN ROLE aidcase_committee;
GRANT EXECUTE ON FUNCTION kin(citizen_id, integer, date, text) TO t_asked;
SELECT is(pg_temp.by_login('t_asked', format($$ SELECT string_agg(coalesce(name, '-') || ' ' || path_zh, '; ') FROM aidcase.kin('%s', 1, '2021-04-06', 'filing_duty') WHERE relation = 'spouse' $$,
        pg_temp.p('ego'))), '- 3407************15—配偶—3407************27', 'who may ask but not read names gets masked numbers');

SELECT * FROM finish();
ROLLBACK;
