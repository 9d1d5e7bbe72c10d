-- plan.sql: what will happen in the synthetic district, derived from a seed.
--
--   psql -v seed=TEXT -v households=N -v months=N -f plan.sql
--
-- Makes schema "district": the households that will apply, their members,
-- incomes and property, the staff of the units, who is related to whom, and
-- the faults and frauds that are planted (table planted_fault).  Nothing of it
-- is in the register yet; run.sql takes it there through the ordinary tables,
-- triggers and roles.  Every choice is a hash of the seed and the name of what
-- is chosen, so that the same seed and count give the same plan anywhere and
-- one household's plan does not depend on how many others there are.
--
-- Shapes and where they come from: household sizes follow the national end-of-2020
-- figures (1.65 persons a household urban, 1.82 rural); illness as a cause
-- and its share follow Anhui's 17.8 % of recipients in 2020; refusals, hits,
-- kin ties and everything else are invented.

\set ON_ERROR_STOP on
BEGIN;
SET LOCAL search_path = district, aidcase, pg_catalog;
CREATE SCHEMA district;

CREATE TABLE setting AS
    SELECT :'seed'::text AS seed, :households::integer AS households,
           date '2021-04-06' AS first_day, :months::integer AS months;

-- A number in [0, 1) that depends on the seed and the key only.
CREATE FUNCTION roll(seed text, VARIADIC key text[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (('x' || substr(encode(sha256(convert_to(seed || '/' || array_to_string(key, '/'), 'UTF8')), 'hex'), 1, 8))::bit(32)::bigint)
       / 4294967296.0::double precision;

-- One of several, with weights.
CREATE FUNCTION pick(r double precision, choices text[], weights double precision[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT c FROM (SELECT c, sum(w) OVER (ORDER BY i) AS upto, sum(w) OVER () AS total, i
                         FROM unnest(choices, weights) WITH ORDINALITY AS t (c, w, i)) AS s
         WHERE r * total < upto ORDER BY i LIMIT 1);

CREATE FUNCTION citizen_number(area text, birth date, sequence integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT b || substr('10X98765432', 1 + (sum(substr(b, i, 1)::integer
                  * (ARRAY[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])[i]) % 11)::integer, 1)
          FROM (SELECT area || to_char(birth, 'YYYYMMDD') || lpad(sequence::text, 3, '0')) AS x (b),
               generate_series(1, 17) AS i GROUP BY b);

CREATE FUNCTION card_number(body text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT body || ((10 - sum(CASE WHEN i % 2 = 1 THEN d * 2 - CASE WHEN d > 4 THEN 9 ELSE 0 END ELSE d END) % 10) % 10)
          FROM (SELECT i, substr(reverse(body), i, 1)::integer AS d
                  FROM generate_series(1, length(body)) AS i) AS s);

CREATE FUNCTION surname(r double precision) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN substr('王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤',
              1 + floor(r * r * 100)::integer, 1);
CREATE FUNCTION given(r double precision, s double precision, sex text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN substr(CASE sex WHEN 'male' THEN '伟强磊军勇杰涛明超刚平辉健鹏华飞鑫波斌宇浩凯国建志文德福贵海龙生祥富永'
                       ELSE '芳娜秀敏静丽艳娟霞玲桂兰英华玉萍红梅凤琴云莲翠珍美慧洁雪琳燕晶蓉欣莉' END,
              1 + floor(r * 33)::integer, 1)
       || CASE WHEN s < 0.35 THEN '' ELSE
          substr(CASE sex WHEN 'male' THEN '国建军明华平德文志海龙生祥富永春林民福成根宝来'
                          ELSE '兰英芳珍玉红梅凤琴云莲翠美慧洁香花娥菊春霞珠' END, 1 + floor(s * 22)::integer, 1) END;

-- Units that take part, their share of the households and the first week in
-- which they decide for themselves.
CREATE TABLE place AS
    SELECT u.unit_id, u.unit_code, w.weight, w.first_week
      FROM (VALUES ('340705100', 22.0, 0), ('340705005', 16.0, 0), ('340705006', 24.0, 0),
                   ('340705402', 6.0, 0), ('340705403', 6.0, 0), ('340705407', 6.0, 0),
                   ('340705404', 1.4, 39), ('340705405', 1.4, 39), ('340705406', 1.4, 39),
                   ('340705408', 1.3, 39), ('340705409', 1.3, 39), ('340705410', 1.3, 39),
                   ('340705411', 1.3, 39), ('340705412', 1.3, 39), ('340705413', 1.3, 39),
                   ('340705414', 1.3, 39), ('340705415', 1.3, 39), ('340705416', 1.3, 39),
                   ('340705417', 1.3, 39), ('340705418', 1.3, 39), ('340705419', 1.3, 39))
           AS w (code, weight, first_week)
      JOIN aidcase.unit AS u ON u.unit_code = w.code;
ALTER TABLE place ADD PRIMARY KEY (unit_code);

CREATE TABLE village AS
    SELECT p.unit_code, v.unit_id AS village_id, v.unit_code AS village_code,
           row_number() OVER (PARTITION BY p.unit_code ORDER BY v.unit_code) AS no,
           count(*) OVER (PARTITION BY p.unit_code) AS villages,
           CASE v.unit_kind WHEN 'village_committee' THEN 'rural' ELSE 'urban' END AS residence
      FROM place AS p
      JOIN aidcase.unit AS v ON v.unit_code LIKE p.unit_code || '___' AND length(v.unit_code) = 12;

-- The households.  A week is a filing week: its day is the first working day
-- of the calendar week.
CREATE TABLE household AS
    WITH base AS (
        SELECT s.seed, h, s.months,
               pick(roll(s.seed, 'unit', h::text),
                    (SELECT array_agg(unit_code ORDER BY unit_code) FROM place),
                    (SELECT array_agg(weight ORDER BY unit_code) FROM place)) AS unit_code
          FROM setting AS s CROSS JOIN LATERAL generate_series(1, s.households) AS h
    ), week AS (
        SELECT b.*, p.first_week
                  + floor(roll(b.seed, 'week', h::text) * greatest(b.months * 52 / 12 - 3 - p.first_week, 1))::integer AS week
          FROM base AS b JOIN place AS p USING (unit_code)
    )
    SELECT w.h, w.unit_code, v.village_code, v.residence, w.week,
           aidcase.workday_on_or_before((s.first_day + 7 * w.week)) AS filed_on,
           1 + floor(4 * roll(w.seed, 'clerk', h::text))::integer % 2 AS clerk,
           CASE WHEN roll(w.seed, 'emergency', h::text) < 0.04 THEN 'emergency' ELSE 'application' END AS kind,
           pick(roll(w.seed, 'channel', h::text), '{on_site,online,discovered,referred}', '{70,10,15,5}') AS channel,
           pick(roll(w.seed, 'size', h::text), '{1,2,3,4,5}',
                CASE v.residence WHEN 'urban' THEN '{56,27,12,4,1}'::double precision[]
                                 ELSE '{50,28,14,6,2}'::double precision[] END)::integer AS size,
           -- income per head as a share of the standard: most below, some marginal, few above
           CASE WHEN roll(w.seed, 'level', h::text) < 0.80 THEN 0.05 + 0.9 * roll(w.seed, 'ratio', h::text)
                WHEN roll(w.seed, 'level', h::text) < 0.92 THEN 1.0 + 0.49 * roll(w.seed, 'ratio', h::text)
                ELSE 1.5 + roll(w.seed, 'ratio', h::text) END AS ratio,
           pick(roll(w.seed, 'cause', h::text), '{illness,disability,schooling,disaster,lack_of_labour,other}',
                '{17.8,30,6,1,35,10.2}') AS cause,
           '铜官区' || 1 + floor(200 * roll(w.seed, 'street', h::text))::integer || '号' AS address,
           '1390562' || lpad(floor(10000 * roll(w.seed, 'phone', h::text))::integer::text, 4, '0') AS phone,
           card_number('621700' || lpad(h::text, 12, '0')) AS account_no,
           roll(w.seed, 'hit', h::text) < 0.12 AS has_hit,
           roll(w.seed, 'withdrawn', h::text) < 0.01 AS withdraws
      FROM week AS w
     CROSS JOIN setting AS s
      JOIN village AS v ON v.unit_code = w.unit_code
                       AND v.no = 1 + floor(v.villages * roll(w.seed, 'village', h::text))::integer;
ALTER TABLE household ADD PRIMARY KEY (h);
CREATE INDEX ON household (unit_code, week);

-- The members: the head, perhaps a spouse, children or parents.
CREATE TABLE member AS
    WITH role AS (
        SELECT h.*, n, s.seed, s.first_day,
               CASE WHEN n = 1 THEN 'head'
                    WHEN n = 2 AND h.size <= 4 AND roll(s.seed, 'couple', h.h::text) < 0.55 THEN 'spouse'
                    WHEN n = 5 THEN 'parent' ELSE 'child' END AS relation,
               -- the head: adult of working age, or old
               CASE WHEN h.size = 1 AND roll(s.seed, 'old', h.h::text) < 0.55 THEN 62 + floor(26 * roll(s.seed, 'age', h.h::text))::integer
                    WHEN roll(s.seed, 'old', h.h::text) < 0.35 THEN 55 + floor(25 * roll(s.seed, 'age', h.h::text))::integer
                    ELSE 34 + floor(22 * roll(s.seed, 'age', h.h::text))::integer END AS head_age
          FROM household AS h CROSS JOIN setting AS s CROSS JOIN LATERAL generate_series(1, h.size) AS n
    ), aged AS (
        SELECT r.*, r.h || '/' || r.n AS id,
               CASE relation WHEN 'head' THEN head_age
                    WHEN 'spouse' THEN head_age - 2 + floor(4 * roll(seed, 'age', h::text, n::text))::integer
                    WHEN 'parent' THEN least(head_age + 24, 95)
                    ELSE greatest(head_age - 24 - 3 * n - floor(6 * roll(seed, 'age', h::text, n::text))::integer, 1) END AS age,
               pick(roll(seed, 'area', h::text, n::text), '{340705,340702,340703,340721,340823,340122}', '{30,40,12,10,5,3}') AS area
          FROM role AS r
    ), born AS (
        SELECT a.*, (first_day - age * 365 - age / 4 - floor(360 * roll(seed, 'day', h::text, n::text))::integer)::date AS birth_date,
               CASE WHEN relation = 'spouse'
                    THEN CASE WHEN roll(seed, 'sex', h::text, '1') < 0.52 THEN 'female' ELSE 'male' END
                    WHEN roll(seed, 'sex', h::text, n::text) < 0.52 THEN 'male' ELSE 'female' END AS sex
          FROM aged AS a
    ), numbered AS (
        SELECT b.*, 2 * row_number() OVER (PARTITION BY area, birth_date, sex ORDER BY h, n)::integer
                    - CASE sex WHEN 'male' THEN 1 ELSE 0 END AS sequence,
               roll(seed, 'disabled', h::text, n::text) < CASE cause WHEN 'disability' THEN 0.7 ELSE 0.06 END AS disabled,
               roll(seed, 'ill', h::text, n::text) < CASE cause WHEN 'illness' THEN 0.6 ELSE 0.05 END AS ill
          FROM born AS b
    )
    SELECT h, n, 'm' || n AS key, relation, birth_date, sex, age,
           citizen_number(area, birth_date, sequence) AS citizen_id,
           CASE WHEN relation = 'spouse' OR relation = 'parent' AND sex = 'female'
                THEN surname(roll(seed, 'surname', h::text, n::text))
                ELSE surname(roll(seed, 'surname', h::text)) END
             || given(roll(seed, 'given', h::text, n::text), roll(seed, 'given2', h::text, n::text), sex) AS name,
           CASE WHEN age < 18 OR age >= 60 THEN 'none'
                WHEN disabled AND roll(seed, 'severe', h::text, n::text) < 0.5 THEN 'lost'
                WHEN disabled OR ill THEN 'partial' ELSE 'able' END AS work_ability,
           CASE WHEN ill AND roll(seed, 'severe', h::text, n::text) < 0.4 THEN 'serious_illness'
                WHEN ill THEN 'chronic' ELSE 'good' END AS health,
           CASE WHEN disabled THEN pick(roll(seed, 'dkind', h::text, n::text),
                '{limb,sight,hearing,intellectual,mental}', '{45,15,15,13,12}') END AS disability_kind,
           CASE WHEN disabled THEN 1 + floor(4 * roll(seed, 'dlevel', h::text, n::text))::integer END AS disability_level,
           'no'::text AS official_kin
      FROM numbered;
ALTER TABLE member ADD PRIMARY KEY (h, n);
CREATE UNIQUE INDEX ON member (citizen_id);

-- Incomes: what the household lives on, in all ratio × standard × size a month.
CREATE TABLE income AS
    WITH target AS (
        SELECT h.*, s.seed,
               round((h.ratio * h.size * aidcase.parameter('dibao_standard', h.unit_code, h.filed_on, 'dibao', h.residence))::numeric, 0) AS monthly
          FROM household AS h CROSS JOIN setting AS s
    ), earner AS (
        SELECT DISTINCT ON (m.h) m.h, m.n, m.work_ability, m.age FROM member AS m
         ORDER BY m.h, (m.work_ability = 'able') DESC, (m.work_ability = 'partial') DESC, m.age DESC, m.n
    )
    SELECT t.h, e.n,
           CASE WHEN e.work_ability IN ('able', 'partial')
                THEN pick(roll(t.seed, 'kind', t.h::text), '{wage,business,transfer_other}', '{75,15,10}')
                WHEN e.age >= 60 THEN pick(roll(t.seed, 'kind', t.h::text), '{pension,support_received,transfer_other}', '{60,25,15}')
                ELSE 'transfer_other' END AS kind,
           CASE WHEN roll(t.seed, 'basis', t.h::text) < 0.7 THEN 'month' ELSE 'year' END AS basis,
           CASE WHEN roll(t.seed, 'basis', t.h::text) < 0.7 THEN t.monthly ELSE t.monthly * 12 END AS amount
      FROM target AS t JOIN earner AS e USING (h)
     WHERE t.monthly > 0
    UNION ALL
    -- the resident scheme's basic pension, exempt in 2021-2025
    SELECT m.h, m.n, 'basic_pension', 'month', 120
      FROM member AS m WHERE m.age >= 60
    ORDER BY 1, 2, 3;

CREATE TABLE deposit AS
    SELECT h.h, round((3000 * roll(s.seed, 'deposit', h.h::text)
                       + CASE WHEN roll(s.seed, 'rich', h.h::text) < 0.02 THEN 300000 ELSE 0 END)::numeric, 2) AS value
      FROM household AS h CROSS JOIN setting AS s
     WHERE roll(s.seed, 'hasdeposit', h.h::text) < 0.6 OR roll(s.seed, 'rich', h.h::text) < 0.02;

-- Children who live elsewhere: most old people without other members have
-- one who could support them, few of them with enough income to have to.
CREATE TABLE obligor AS
    SELECT m.h, 'child' AS relation,
           surname(roll(s.seed, 'surname', m.h::text)) || given(roll(s.seed, 'obligor', m.h::text),
                   roll(s.seed, 'obligor2', m.h::text), 'male') AS name,
           3 AS household_size, 1 AS persons_supported,
           round((12000 + 36000 * roll(s.seed, 'obligorincome', m.h::text) ^ 2)::numeric, 0) AS annual_income
      FROM member AS m CROSS JOIN setting AS s
     WHERE m.n = 1 AND m.age >= 60 AND roll(s.seed, 'hasobligor', m.h::text) < 0.85;

-- Staff: every unit has two clerks, two investigators, a leader and a review
-- group of four; the bureau has its own.
CREATE TABLE staff AS
    SELECT p.unit_code || '-' || r.tag AS staff_no, p.unit_code, r.post, r.capacity,
           surname(roll(s.seed, 'staff', p.unit_code, r.tag))
             || given(roll(s.seed, 'staffg', p.unit_code, r.tag), roll(s.seed, 'staffh', p.unit_code, r.tag), 'male') AS name,
           citizen_number('340705', date '1970-01-01' + floor(9000 * roll(s.seed, 'staffb', p.unit_code, r.tag))::integer,
                          901 + 2 * floor(49 * roll(s.seed, 'staffs', p.unit_code, r.tag))::integer) AS citizen_id
      FROM setting AS s
     CROSS JOIN (SELECT unit_code FROM place UNION ALL SELECT '340705') AS p
     CROSS JOIN (VALUES ('clerk1', 'clerk', NULL), ('clerk2', 'clerk', NULL),
                        ('visitor1', 'investigator', NULL), ('visitor2', 'investigator', NULL),
                        ('leader', 'unit_leader', NULL),
                        ('group1', 'group_member', 'party_lead'), ('group2', 'group_member', 'government_lead'),
                        ('group3', 'group_member', 'department'), ('group4', 'group_member', 'clerk'),
                        ('bureau1', 'bureau_clerk', NULL), ('bureau2', 'bureau_leader', NULL),
                        ('inspector', 'inspector', NULL), ('payer', 'payer', NULL),
                        ('checker1', 'checker', NULL), ('checker2', 'checker', NULL), ('checker3', 'checker', NULL)) AS r (tag, post, capacity)
     WHERE (p.unit_code = '340705') = (r.post IN ('bureau_clerk', 'bureau_leader', 'inspector', 'payer', 'checker'));
ALTER TABLE staff ADD PRIMARY KEY (staff_no);

-- Ties between staff of a unit and applicants there.  Filed ones are
-- declared at the start; the others are the planted faults.
CREATE TABLE tie AS
    SELECT x.h, 1 AS n, x.staff_no,
           -- what their ages allow
           CASE WHEN x.years_older >= 40 THEN pick(x.kind, '{parent,grandparent,parent_in_law}', '{30,25,20}')
                WHEN x.years_older >= 18 THEN pick(x.kind, '{parent,parent_in_law}', '{30,20}')
                ELSE pick(x.kind, '{sibling,cousin}', '{25,10}') END AS relation,
           x.state
      FROM (SELECT h.h, f.staff_no,
                   (substr(f.citizen_id, 7, 8)::date - m.birth_date) / 365.25 AS years_older,
                   roll(s.seed, 'tiekind', h.h::text) AS kind,
                   pick(roll(s.seed, 'tiefiled', h.h::text), '{filed,unfiled,denied}', '{6,3,1}') AS state
              FROM household AS h CROSS JOIN setting AS s
              JOIN member AS m ON m.h = h.h AND m.n = 1
              JOIN staff AS f ON f.staff_no = h.unit_code || '-'
                     || pick(roll(s.seed, 'tiestaff', h.h::text), '{clerk1,clerk2,group3,group4}', '{1,1,1,1}')
             WHERE roll(s.seed, 'tie', h.h::text) < 0.02) AS x;
ALTER TABLE tie ADD PRIMARY KEY (h);

-- A clerk does not handle a relative's case, filed or not.
UPDATE household AS h SET clerk = CASE WHEN t.staff_no LIKE '%clerk1' THEN 2 ELSE 1 END
  FROM tie AS t WHERE t.h = h.h AND t.staff_no LIKE '%clerk_';
UPDATE member AS m SET official_kin = CASE t.state WHEN 'filed' THEN 'yes' ELSE 'no' END
  FROM tie AS t WHERE t.h = m.h AND t.n = m.n;

-- What is planted, so that it can be counted how much is found.
CREATE TABLE planted_fault (
    fault_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL, h integer NOT NULL, unit_code text NOT NULL, note text NOT NULL);
INSERT INTO planted_fault (kind, h, unit_code, note)
    SELECT CASE t.state WHEN 'unfiled' THEN 'unfiled_relative' ELSE 'false_statement' END, t.h, h.unit_code,
           CASE t.state WHEN 'unfiled' THEN 'relative of staff, in no filing'
                ELSE 'relative is filed, the applicant says there is none' END
      FROM tie AS t JOIN household AS h USING (h) WHERE t.state <> 'filed'
    UNION ALL
    SELECT 'hidden_income', h.h, h.unit_code, 'a hit of the check was put aside although it was true'
      FROM household AS h CROSS JOIN setting AS s
     WHERE h.has_hit AND roll(s.seed, 'hidden', h.h::text) < 0.08
    ORDER BY 1, 2;

-- What becomes of those who are granted something: one event a household, a
-- suspension with its end.  It happens if the household is in benefit then.
CREATE TABLE life AS
    WITH drawn AS (
        SELECT h.h, h.unit_code, h.filed_on, s.seed, s.months, s.first_day,
               pick(roll(s.seed, 'life', h.h::text), '{none,stop,death,transfer,moved_out,correction,suspension,review}',
                    ARRAY[61, 14, CASE WHEN h.size = 1 AND m.age >= 70 THEN 12 ELSE 0 END, 5, 1, 3, 2, 12]::double precision[]) AS kind
          FROM household AS h CROSS JOIN setting AS s JOIN member AS m ON m.h = h.h AND m.n = 1
         WHERE h.kind = 'application'
    ), event AS (
        SELECT d.h, d.unit_code, d.kind, d.seed, d.months, d.first_day,
               d.filed_on + CASE d.kind WHEN 'review' THEN 330 ELSE 60 + floor(400 * roll(d.seed, 'lifeday', d.h::text))::integer END AS day
          FROM drawn AS d WHERE d.kind <> 'none'
    ), dated AS (
        SELECT e.h, e.unit_code, e.kind, e.day, e.seed, e.months, e.first_day FROM event AS e
        UNION ALL
        SELECT e.h, e.unit_code, 'resumption', e.day + 60, e.seed, e.months, e.first_day FROM event AS e WHERE e.kind = 'suspension'
    )
    SELECT d.h, d.unit_code, d.kind, aidcase.workday_on_or_before(d.day) AS day,
           CASE WHEN d.kind = 'stop' THEN
                pick(roll(d.seed, 'cause', d.h::text), '{income_rose,employment,own_request,false_statement,other_assistance}', '{40,25,20,5,10}') END AS cause,
           v.unit_code AS to_unit, v.village_code AS to_village
      FROM dated AS d
      LEFT JOIN LATERAL (
            SELECT v.unit_code, v.village_code FROM village AS v JOIN place AS p USING (unit_code)
             WHERE d.kind = 'transfer' AND p.first_week = 0 AND v.unit_code <> d.unit_code
             ORDER BY roll(d.seed, 'to', d.h::text, v.village_code), v.village_code LIMIT 1) AS v ON true
     WHERE d.day < date_trunc('month', d.first_day) + make_interval(months => d.months);
ALTER TABLE life ADD PRIMARY KEY (h, kind);
CREATE INDEX ON life (day, unit_code);

COMMENT ON SCHEMA district IS 'plan of the synthetic district (test/district); not part of the register';
COMMIT;
ANALYZE;
