-- Classes of the low-income population: one a household by priority, computed
-- or recorded with its source.  How a household is written is told in
-- parts/worked.sql.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(25);
\ir parts/worked.sql
\ir parts/household.sql

-- ---------------------------------------------------------------------
-- Priority: tekun, dibao, monitored, marginal, rigid expense, other.  Standard
-- 702: dibao below 8424, marginal below 12636 a person.
CREATE TEMP TABLE classed (household text, recorded text, valid daterange, on_date date, class text, why text, round_id bigint);
INSERT INTO classed (household, recorded, valid, on_date, class, why) VALUES
('1950 lost',         'monitored', '[2021-01-01,)',           '2021-07-12', 'tekun',     'tekun goes before'),
('1980 +other=8423',  'monitored', '[2021-01-01,)',           '2021-07-12', 'dibao',     'dibao goes before'),
('1980 +other=9000',  NULL,        NULL,                      '2021-07-12', 'marginal',  'nothing is recorded'),
('1980 +other=9000',  'monitored', '[2021-01-01,)',           '2021-07-12', 'monitored', 'before marginal'),
('1980 +other=9000',  'other',     '[2021-01-01,)',           '2021-07-12', 'marginal',  'other comes last'),
('1980 +other=20000', 'monitored', '[2021-01-01,)',           '2021-07-12', 'monitored', 'whatever the income'),
('1980 +other=20000', 'other',     '[2021-01-01,)',           '2021-07-12', 'other',     'recorded by the bureau'),
('1980 +other=20000', NULL,        NULL,                      '2021-07-12', NULL,        'no class'),
('1980 +other=20000', 'monitored', '[2021-07-12,)',           '2021-07-12', 'monitored', 'from its first day'),
('1980 +other=20000', 'monitored', '[2021-07-13,)',           '2021-07-12', NULL,        'not a day before'),
('1980 +other=20000', 'monitored', '[2021-01-01,2021-07-13)', '2021-07-12', 'monitored', 'on its last day'),
('1980 +other=20000', 'monitored', '[2021-01-01,2021-07-12)', '2021-07-12', NULL,        'not after it'),
('1980 +other=18000|1985 limb2', 'monitored', '[2021-01-01,)', '2021-07-12', 'monitored', 'one gets dibao alone; the household is monitored');
WITH w AS (INSERT INTO worked (household, expected, sum) SELECT household, '', why FROM classed RETURNING sum, round_id)
UPDATE classed AS c SET round_id = w.round_id FROM w WHERE w.sum = c.why;
SET LOCAL session_replication_role = replica;
SELECT pg_temp.household(w) FROM worked AS w;
INSERT INTO class_record (case_id, low_income_class, valid, persons, source, reference_no, recorded_at, entry_no)
SELECT round_id, recorded, valid, 1, 'register', 'JC-1', '2021-07-12', 0 FROM classed WHERE recorded IS NOT NULL;
SET LOCAL session_replication_role = origin;
SELECT is((SELECT DISTINCT a.low_income_class FROM assess(ARRAY[c.round_id], c.on_date) AS a), c.class, c.why) FROM classed AS c;
SELECT is((SELECT a.reasons FROM assess(ARRAY[round_id], on_date) AS a WHERE a.programme = 'low_income'), '{}', 'who is monitored may be found marginal') FROM classed WHERE why = 'before marginal';
SELECT is((SELECT array_agg(l.rule) FROM assess(ARRAY[round_id], on_date, with_lines => true) AS a CROSS JOIN LATERAL unnest(a.lines) AS l
            WHERE a.programme = 'low_income' AND l.rule = 'monitored'), '{monitored}', 'and a line says so') FROM classed WHERE why = 'before marginal';

-- ---------------------------------------------------------------------
-- Recorded by the bureau, all faults at once
UPDATE class_record SET void = true;
SELECT pg_temp.clock('2021-07-05 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT case_id FROM aidcase.file_case(%L)', pg_temp.application('cl1', '340705100', '340705100201', '{51}', 300, '2021-07-05'))) AS c \gset
CREATE FUNCTION pg_temp.doc(c bigint, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT aidcase.record_class(%L)', '{"class": "monitored", "from": "2021-06-01", "persons": 2, "source": "register", "reference_no": "JC-17"}'::jsonb || jsonb_build_object('case_id', c) || more) $$;
SELECT alike(pg_temp.told('t_bureau', pg_temp.doc(-1, '{"class": "marginal", "until": "2021-06-01", "persons": 0, "reference_no": ""}')),
    'ZA007 the class of a household has 5 faults|case_id: is no case that you can see
class: must be one of monitored, other
persons: %
reference_no: must not be empty
until: must lie after the first day|%', 'everything that is wrong');
SELECT is(pg_temp.told('t_bureau', pg_temp.doc(:c)), '(done)', 'recorded');
SELECT alike(pg_temp.told('t_bureau', pg_temp.doc(:c, '{"from": "2021-07-01"}')), 'ZA007 the class of a household has 1 fault|from: the household is of this class then already, by record %', 'not twice at one time');
SELECT alike(pg_temp.told('t_clerk', pg_temp.doc(:c)), '42501 %', 'a town does not record it');
SELECT is((SELECT s.staff_no FROM class_record AS k JOIN staff AS s ON s.staff_id = k.recorded_by WHERE k.case_id = :c), 'b-clerk', 'who did is kept');
CREATE FUNCTION pg_temp.reported(day date) RETURNS TABLE (class text, households bigint, persons numeric, new_households bigint) LANGUAGE sql AS
$$ SELECT class, sum(households)::bigint, sum(persons), sum(new_households)::bigint FROM aidcase.report_low_income_monthly(day, '340705100') GROUP BY class HAVING sum(households) > 0 $$;
SELECT results_eq($$ SELECT * FROM pg_temp.reported('2021-06-30') $$, $$ VALUES ('防止返贫监测对象', 1::bigint, 2::numeric, 1::bigint) $$, 'the report lists the class');
SELECT results_eq($$ SELECT * FROM pg_temp.reported('2021-07-31') $$, $$ VALUES ('防止返贫监测对象', 1::bigint, 2::numeric, 0::bigint) $$, 'in the month after not as new');
SELECT is(pg_temp.told('t_bureau', format('UPDATE aidcase.class_record SET valid = ''[2021-06-01,2021-07-31)'' WHERE case_id = %s', :c)), '(done)', 'it ends');
SELECT is_empty($$ SELECT * FROM pg_temp.reported('2021-07-31') $$, 'and is gone on the last day');
SELECT alike(pg_temp.told('t_bureau', format('UPDATE aidcase.class_record SET persons = 3 WHERE case_id = %s', :c)), '42501 %', 'what was recorded stays');

SELECT * FROM finish();
ROLLBACK;
