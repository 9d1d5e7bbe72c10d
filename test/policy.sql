-- Policy: the value in force by area, date, programme and variant; setting a
-- value; what the packs lay down and what they only illustrate.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(184);

-- SQLSTATE, message, detail and hint of a statement that fails.
CREATE FUNCTION pg_temp.fault(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint   text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''),
                     CASE WHEN hint = '' THEN 'NO HINT' END);
END
$$;

-- ---------------------------------------------------------------------
-- Areas

SELECT is(area_chain('340705100201'), '{340705100201,340705100,340705,340700,340000,0}', 'a village and what is above it');
SELECT is(area_chain('340705100'), '{340705100,340705,340700,340000,0}', 'a town');
SELECT is(area_chain('340705'), '{340705,340700,340000,0}', 'a district');
SELECT is(area_chain('340700'), '{340700,340000,0}', 'a city is not listed twice');
SELECT is(area_chain('340000'), '{340000,0}', 'a province');
SELECT is(area_chain('0'), '{0}', 'the nation');
SELECT is(area_chain(NULL), NULL, 'NULL in, NULL out');
SELECT is((SELECT array_agg(a ORDER BY a COLLATE "C" DESC) FROM unnest(area_chain('340705100201')) AS a),
          area_chain('340705100201'), 'nearest first is the descending order of the codes');
SELECT throws_ok(format('SELECT area_chain(%L)', bad), '22023', format('area code "%s" is not recognized', bad),
                 format('area "%s" is refused', bad))
  FROM (VALUES (''), ('3407'), ('34070510'), ('040705'), ('34070510020x'), (' 340705'), ('00')) AS v (bad);

-- ---------------------------------------------------------------------
-- The value in force

INSERT INTO policy_document (doc_no, title, issued_by, in_force) VALUES
('测试1号', '测试文件', '测试', '[2020-01-01,)'), ('测试2号', '测试文件二', '测试', '[2021-06-01,)');
INSERT INTO parameter_name (name, unit_of_measure, label_zh, label_en) VALUES
('t_amount', 'yuan/month', '测试金额', 'test amount'), ('t_other', 'multiple', '测试倍数', 'test multiple'),
('t_days', 'days', '测试天数', 'test days'), ('t_switch', 'switch', '测试开关', 'test switch'),
('t_share', 'share', '测试比例', 'test share');

INSERT INTO policy_parameter (name, area_code, programme, variant, valid, value, divisor, reference, document_id)
SELECT v.name, v.area, v.programme, v.variant, v.valid::daterange, v.value, v.divisor, v.reference,
       (SELECT document_id FROM policy_document WHERE doc_no = '测试1号')
  FROM (VALUES
    ('t_amount', '0',            NULL,    NULL,    '[2020-01-01,)',           1, 1, 'same_date'),
    ('t_amount', '340000',       NULL,    NULL,    '[2020-01-01,2020-07-01)', 2, 1, 'same_date'),
    ('t_amount', '340700',       NULL,    NULL,    '[2020-02-01,2020-06-01)', 3, 1, 'same_date'),
    ('t_amount', '340705',       NULL,    NULL,    '[2020-03-01,2020-05-01)', 4, 1, 'same_date'),
    ('t_amount', '340705100',    NULL,    NULL,    '[2020-03-15,2020-04-15)', 5, 1, 'same_date'),
    ('t_amount', '340705100201', NULL,    NULL,    '[2020-04-01,2020-04-02)', 6, 1, 'same_date'),
    ('t_amount', '340705',       'dibao', NULL,    '[2020-01-01,)',           40, 1, 'same_date'),
    ('t_amount', '0',            'dibao', NULL,    '[2020-01-01,)',           10, 1, 'same_date'),
    ('t_amount', '340705',       NULL,    'urban', '[2020-01-01,)',           44, 1, 'same_date'),
    ('t_other',  '0',            NULL,    NULL,    '[2020-01-01,2021-01-01)', 1, 3, 'same_date'),
    ('t_other',  '0',            NULL,    'last',  '[2019-01-01,2020-07-01)', 7, 1, 'end_of_previous_year'),
    ('t_other',  '0',            NULL,    'last',  '[2020-07-01,2021-01-01)', 8, 1, 'end_of_previous_year'),
    ('t_other',  '0',            NULL,    'year',  '[2020-01-01,2021-01-01)', 9, 1, 'previous_year')
  ) AS v (name, area, programme, variant, valid, value, divisor, reference);

SELECT is(parameter('t_amount', '340705100201', d::date), value::numeric, why)
  FROM (VALUES ('2020-01-31', 2, 'the province''s before the city''s begins'),
               ('2020-02-01', 3, 'the city''s from its first day'),
               ('2020-02-29', 3, 'the city''s on the day before the district''s'),
               ('2020-03-01', 4, 'the district''s from its first day'),
               ('2020-03-14', 4, 'the district''s on the day before the town''s'),
               ('2020-03-15', 5, 'the town''s from its first day'),
               ('2020-04-01', 6, 'the village''s for its one day'),
               ('2020-04-02', 5, 'the town''s again'),
               ('2020-04-14', 5, 'the town''s on its last day'),
               ('2020-04-15', 4, 'the district''s after it'),
               ('2020-05-01', 3, 'the city''s after the district''s'),
               ('2020-06-01', 2, 'the province''s after the city''s'),
               ('2020-07-01', 1, 'the nation''s after the province''s'),
               ('2099-12-31', 1, 'the nation''s has no end')) AS v (d, value, why);
SELECT is(parameter('t_amount', '340705', '2020-04-01'), 4::numeric, 'a district does not see its towns');
SELECT is(parameter('t_amount', '340111', '2020-04-01'), 2::numeric, 'another city has the province''s');
SELECT is(parameter('t_amount', '110101', '2020-04-01'), 1::numeric, 'another province has the nation''s');
SELECT is(parameter('t_amount', '0', '2020-04-01'), 1::numeric, 'the nation has its own');
SELECT is(parameter('t_amount', '340705', '2020-04-01', 'dibao'), 40::numeric, 'the programme''s before the general one');
SELECT is(parameter('t_amount', '340705', '2020-04-01', 'tekun'), 4::numeric, 'the general one for another programme');
SELECT is(parameter('t_amount', '340705100', '2020-04-01', 'dibao'), 5::numeric,
          'a nearer area''s general value before the programme''s of a wider area');
SELECT is(parameter('t_amount', '340700', '2021-04-01', 'dibao'), 10::numeric, 'the nation''s for the programme');
SELECT is(parameter('t_amount', '340705100', '2020-04-01', NULL, 'urban'), 44::numeric, 'a variant is asked for by name');
SELECT is(parameter('t_amount', '340705100', '2020-04-01', 'dibao', 'urban'), 44::numeric, 'and serves every programme');
SELECT is(parameter_row.value, 44::numeric, 'parameter_row() finds the same row')
  FROM parameter_row('t_amount', '340705100', '2020-04-01', 'dibao', 'urban');
SELECT is(p.area_code || ' ' || d.doc_no || ' ' || p.illustrative, '340705 测试1号 false', 'and tells area, document and whether it is illustrative')
  FROM parameter_row('t_amount', '340705100', '2020-04-01', 'dibao', 'urban') AS p
  JOIN policy_document AS d USING (document_id);
SELECT is_empty($$ SELECT * FROM parameter_row('t_amount', '340705100', '2020-04-01', NULL, 'rural') $$,
                'parameter_row() has no row for what is not set');

-- fractions
SELECT is(parameter_fraction('t_other', '340705', '2020-05-05')::text, '(1,3)', 'a third is a third');
SELECT is(parameter('t_other', '340705', '2020-05-05')::text, '0.33333333333333333333', 'or its decimals');
SELECT is(parameter('spot_check_rate', '340705', '2021-05-05')::text, '0.3', 'a quotient without needless zeros');

-- references
SELECT is(parameter('t_other', '340705', '2020-05-05', NULL, 'last'), 7::numeric, 'in force at the end of the previous year');
SELECT is(parameter('t_other', '340705', '2021-05-05', NULL, 'last'), 8::numeric, 'and a year later');
SELECT is(parameter('t_other', '340705', '2021-01-01', NULL, 'year'), 9::numeric, 'the statistic of the previous calendar year');
SELECT throws_ok($$ SELECT parameter('t_other', '340705', '2020-12-31', NULL, 'year') $$, 'ZA008', NULL,
                 'which is not there in its own year');

-- missing
SELECT is(pg_temp.fault($$ SELECT parameter('t_amount', '340705', '2019-12-31') $$),
E'ZA008 parameter "t_amount" is not set\nParameter "t_amount" has no value in force on 2019-12-31 for area 340705 or one above it.',
          'a missing value: what, when, where');
SELECT is(pg_temp.fault($$ SELECT parameter('t_amount', '340705', '2020-05-05', 'dibao', 'rural') $$),
E'ZA008 parameter "t_amount" is not set\nParameter "t_amount", variant ''rural'', programme ''dibao'' has no value in force on 2020-05-05 for area 340705 or one above it.',
          'with variant and programme');
SELECT is(pg_temp.fault($$ SELECT parameter_fraction('t_nothing', '340705', '2020-05-05') $$),
E'ZA008 parameter "t_nothing" is not set\nParameter "t_nothing" has no value in force on 2020-05-05 for area 340705 or one above it.',
          'a name that does not exist');
SELECT throws_ok($$ SELECT parameter('t_amount', '340705', NULL) $$, 'ZA008', NULL, 'no date');
SELECT throws_ok($$ SELECT parameter(NULL, '340705', '2020-05-05') $$, 'ZA008', NULL, 'no name');
SELECT throws_ok($$ SELECT parameter('t_amount', NULL, '2020-05-05') $$, 'ZA008', NULL, 'no area');
SELECT throws_ok($$ SELECT parameter('t_amount', 'x', '2020-05-05') $$, '22023', 'area code "x" is not recognized', 'no code of an area');

-- ---------------------------------------------------------------------
-- Periods cannot overlap, values are finite

PREPARE overlapping (text, text, text) AS
INSERT INTO policy_parameter (name, area_code, programme, variant, valid, value, document_id)
SELECT 't_amount', '340705', $2, $3, $1::daterange, 1, document_id FROM policy_document WHERE doc_no = '测试1号';
SELECT throws_ok($$ EXECUTE overlapping('[2020-04-30,2020-05-02)', NULL, NULL) $$, '23P01', NULL, 'an overlap of one day');
SELECT throws_ok($$ EXECUTE overlapping('[2099-01-01,)', 'dibao', NULL) $$, '23P01', NULL, 'an overlap for one programme');
SELECT throws_ok($$ EXECUTE overlapping('[2099-01-01,)', NULL, 'urban') $$, '23P01', NULL, 'an overlap in one variant');
SELECT lives_ok($$ EXECUTE overlapping('[2020-05-01,2020-05-02)', NULL, NULL) $$, 'the day after the end is free');
SELECT lives_ok($$ EXECUTE overlapping('[2099-01-01,)', 'tekun', NULL) $$, 'another programme is another row');
SELECT throws_ok($$ EXECUTE overlapping('empty', NULL, NULL) $$, '23514', NULL, 'an empty period');
SELECT throws_ok(format('UPDATE policy_parameter SET value = %L WHERE name = ''t_amount''', bad), '23514', NULL,
                 bad || ' is no value')
  FROM (VALUES ('NaN'), ('Infinity'), ('-Infinity')) AS v (bad);

-- ---------------------------------------------------------------------
-- Setting a value

SELECT set_parameter('t_days', '340705', '2021-01-01', 5, '测试1号') AS made \gset
SELECT is((SELECT value FROM policy_parameter WHERE parameter_id = :made), 5::numeric, 'the first value; its id is returned');
SELECT lives_ok($$ SELECT set_parameter('t_days', '340705', '2021-07-01', 6, '测试2号', article => '第三条') $$, 'a later one');
SELECT lives_ok($$ SELECT set_parameter('t_days', '340705', '2021-04-01', 7, '测试1号') $$, 'one between them');
SELECT lives_ok($$ SELECT set_parameter('t_days', '340705', '2020-06-01', 8, '测试1号') $$, 'one before them');
SELECT lives_ok($$ SELECT set_parameter('t_days', '340705', '2021-07-01', 9, '测试2号', programme => 'dibao') $$,
                'one of a programme');
SELECT results_eq(
    $$ SELECT valid, value, programme, article FROM policy_parameter WHERE name = 't_days' ORDER BY programme NULLS FIRST, valid $$,
    $$ VALUES ('[2020-06-01,2021-01-01)'::daterange, 8::numeric, NULL, NULL),
              ('[2021-01-01,2021-04-01)', 5, NULL, NULL),
              ('[2021-04-01,2021-07-01)', 7, NULL, NULL),
              ('[2021-07-01,)', 6, NULL, '第三条'),
              ('[2021-07-01,)', 9, 'dibao', NULL) $$,
    'periods follow each other without gap or overlap, whatever the order of entry');
SELECT lives_ok($$ SELECT set_parameter('t_share', '340705', '2021-01-01', 1, '测试1号', divisor => 3) $$, 'a share as a fraction');
SELECT is(parameter_fraction('t_share', '340705', '2021-01-01')::text, '(1,3)', 'is kept as one');
SELECT lives_ok($$ SELECT set_parameter('t_amount', '340705100', '2099-01-01', 1, '测试1号') $$, 'a unit of the register');
SELECT lives_ok($$ SELECT set_parameter('t_amount', '340000', '2099-01-01', 1, '测试1号') $$, 'an area above the district');
SELECT lives_ok($$ SELECT set_parameter('t_amount', '340705', '2019-01-01', 1, '测试2号', illustrative => true) $$,
                'an illustrative value needs no document in force');

SELECT is(pg_temp.fault($$ SELECT set_parameter('t_nothing', '3407', NULL, 'NaN', '没有', 'nothing', ' ', 0, NULL) $$),
E'ZA007 the parameter cannot be set
name: There is no such parameter.
area: It must be 0 for the nation, or a code of 6, 9 or 12 digits.
valid_from: A date is needed.
value: A finite number is needed.
divisor: It must be a positive number.
programme: There is no such programme.
variant: It must not be blank.
document_no: There is no such document.
illustrative: It must be true or false.', 'all faults at once');
SELECT is(pg_temp.fault($$ SELECT set_parameter('t_days', '340705', '2021-07-01', -1.5, '测试2号') $$),
E'ZA007 the parameter cannot be set
valid_from: A value that begins on this day is set already.
value: It must not be negative.', 'a day that has a value already, a negative value');
SELECT is(pg_temp.fault($$ SELECT set_parameter('t_days', '350000', 'infinity', 1.5, '测试2号', divisor => 2) $$),
E'ZA007 the parameter cannot be set
area: There is no such unit, and it is not above the district.
valid_from: A date is needed.
value: It must be a whole number.
divisor: It must be 1.', 'another province, no end of time, half days');
SELECT is(pg_temp.fault($$ SELECT set_parameter('t_switch', '340705', '2021-05-31', 2, '测试2号') $$),
E'ZA007 the parameter cannot be set
value: A switch is 0 or 1.
valid_from: The document is not yet in force on this day.', 'a switch, a document of later');
SELECT is(pg_temp.fault($$ SELECT set_parameter('t_share', '340705', '2022-01-01', 4, '测试2号', divisor => 3) $$),
E'ZA007 the parameter cannot be set
value: A share is not more than 1.', 'a share above 1');
SELECT is(pg_temp.fault($$ SELECT set_parameter('t_amount', '340705', '2022-01-01', 1e30, '测试2号') $$),
E'ZA007 the parameter cannot be set
value: It must not be above 1000000000000.', 'an amount that no means test takes');
SELECT throws_ok($$ UPDATE policy_parameter SET value = 1e30 WHERE name = 't_amount' $$, '23514', NULL, 'nor does the table');
SELECT is(pg_temp.fault($$ SELECT set_parameter(NULL, NULL, NULL, NULL, NULL) $$),
E'ZA007 the parameter cannot be set
name: There is no such parameter.
area: It must be 0 for the nation, or a code of 6, 9 or 12 digits.
valid_from: A date is needed.
value: A finite number is needed.
document_no: There is no such document.', 'nothing at all');
SELECT ok(NOT has_function_privilege('public', 'aidcase.set_parameter(text,text,date,numeric,text,text,text,numeric,boolean,text,text,text,text,text,text,numeric,text,text)', 'EXECUTE')
          AND NOT has_function_privilege('aidcase_clerk', 'aidcase.set_parameter(text,text,date,numeric,text,text,text,numeric,boolean,text,text,text,text,text,text,numeric,text,text)', 'EXECUTE')
          AND has_function_privilege('aidcase_admin', 'aidcase.set_parameter(text,text,date,numeric,text,text,text,numeric,boolean,text,text,text,text,text,text,numeric,text,text)', 'EXECUTE'),
          'set by administrators, not by clerks');

-- ---------------------------------------------------------------------
-- What a session keeps in memory follows every change, undone ones too

SAVEPOINT before;
UPDATE policy_parameter SET value = 77 WHERE name = 't_days' AND valid = '[2020-06-01,2021-01-01)';
SELECT is(parameter('t_days', '340705', '2020-06-01'), 77::numeric, 'a change is seen at once');
ROLLBACK TO before;
SELECT is(parameter('t_days', '340705', '2020-06-01'), 8::numeric, 'and not after it was rolled back');
SAVEPOINT before;
SET LOCAL session_replication_role = replica;
UPDATE policy_parameter SET value = 78 WHERE name = 't_days' AND valid = '[2020-06-01,2021-01-01)';
SET LOCAL session_replication_role = origin;
SELECT is(parameter('t_days', '340705', '2020-06-01'), 78::numeric, 'nor does a change without triggers go unseen');
ROLLBACK TO before;
SELECT is(parameter('t_days', '340705', '2020-06-01'), 8::numeric, 'and its end neither');
DO $$
BEGIN
    UPDATE aidcase.policy_parameter SET value = 79 WHERE name = 't_days' AND valid = '[2020-06-01,2021-01-01)';
    PERFORM aidcase.parameter('t_days', '340705', '2020-06-01');
    RAISE EXCEPTION 'back';
EXCEPTION WHEN raise_exception THEN
    NULL;
END
$$;
SELECT is(parameter('t_days', '340705', '2020-06-01'), 8::numeric, 'nor one of a failed block');
SELECT is(parameter_id('t_days', '340705', '2020-06-01'),
          (SELECT parameter_id FROM policy_parameter WHERE name = 't_days' AND valid @> '2020-06-01'::date), 'the key of the row in force');
SELECT is(parameter_id('t_days', '340705', '2020-05-31'), NULL, 'no key of what is not set');
SET SESSION AUTHORIZATION t_stranger;
SELECT aidcase.parameter('t_days', '340705100201', '2020-06-01') AS open_to_all \gset
RESET SESSION AUTHORIZATION;
SELECT is(:open_to_all, 8, 'a parameter is public: no grant is needed to ask for one');
SELECT is((SELECT bool_and(abs(aidcase.parameter(p.name, p.area_code, lower(p.valid), p.programme, p.variant) * p.divisor - p.value) < 1e-9)
             FROM policy_parameter AS p WHERE p.reference = 'same_date' AND p.of_name IS NULL), true, 'every row is found on its first day by its own key');
SELECT is((SELECT count(*) FROM policy_parameter AS p, LATERAL (VALUES (lower(p.valid)), (upper(p.valid) - 1), (upper(p.valid))) AS d (day)
            WHERE p.reference = 'same_date' AND p.of_name IS NULL AND d.day IS NOT NULL
              AND aidcase.parameter_id(p.name, '340705100201', d.day, p.programme, p.variant) IS DISTINCT FROM (
                  SELECT q.parameter_id FROM policy_parameter AS q
                   WHERE q.name = p.name AND q.area_code = ANY (aidcase.area_chain('340705100201'))
                     AND (q.programme IS NULL OR q.programme = p.programme) AND q.variant IS NOT DISTINCT FROM p.variant
                     AND q.valid @> CASE q.reference WHEN 'same_date' THEN d.day ELSE make_date(extract(year FROM d.day)::integer - 1, 12, 31) END
                   ORDER BY array_position(aidcase.area_chain('340705100201'), q.area_code), q.programme NULLS LAST LIMIT 1)),
          0::bigint, 'the kept list answers as a query does, on the first day, the last and the day after');

-- ---------------------------------------------------------------------
-- Derived values: a factor on another parameter, rounded, with a cap

INSERT INTO parameter_name (name, unit_of_measure, label_zh, label_en) VALUES
('t_base', 'yuan/month', '测试基数', 'test base'), ('t_made', 'yuan/month', '测试推算', 'test derived'),
('t_top', 'yuan/month', '测试封顶', 'test cap'), ('t_once', 'yuan', '测试一次金额', 'test amount once'),
('t_loop', 'yuan/month', '测试循环', 'test loop');
SELECT set_parameter('t_base', '340705', '2021-01-01', 1000.01, '测试1号') \g /dev/null
SELECT set_parameter('t_base', '340705', '2022-03-01', 1200, '测试1号') \g /dev/null
SELECT lives_ok($$ SELECT set_parameter('t_made', '340000', '2021-01-01', 1, '测试1号', divisor => 3, of_name => 't_base', round_mode => 'up', round_step => 1) $$,
                'a third of another parameter, up to a whole yuan');
SELECT is(parameter_fraction('t_made', '340705', '2021-06-01')::text, '(334,1)', '1000.01 / 3 = 333.336... up');
SELECT is(parameter('t_made', '340705100201', '2022-03-01'), 400::numeric, '1200 / 3 = 400 exactly: not 401');
SELECT is((SELECT (of_name, of_value, round(factor, 4), value, capped_by, area_code) FROM parameter_row('t_made', '340705', '2021-06-01'))::text,
          '(t_base,1000.01,0.3333,334,,340000)', 'the row tells what it derives from');
SELECT is(pg_temp.fault($$ SELECT parameter('t_made', '340705', '2020-12-31') $$),
E'ZA008 parameter "t_made" is not set\nParameter "t_made" has no value in force on 2020-12-31 for area 340705 or one above it.', 'not yet derived');
SELECT is(pg_temp.fault($$ SELECT parameter('t_made', '340000', '2021-06-01') $$),
E'ZA008 parameter "t_base" is not set\nParameter "t_base" has no value in force on 2021-06-01 for area 340000 or one above it.',
          'the base is looked up for the area that asks; what is missing is named');
SELECT is_empty($$ SELECT * FROM parameter_row('t_made', '340000', '2021-06-01') $$, 'then there is no row');
SELECT is(parameter_in_words('t_made', '340000', '2021-06-01'),
          'Parameter "t_base" has no value in force on 2021-06-01 for area 340000 or one above it.', 'and the sentence says why');
-- the base of the year before
SELECT lives_ok($$ SELECT set_parameter('t_made', '340705', '2021-01-01', 50, '测试1号', variant => 'last', divisor => 100,
                          of_name => 't_base', reference => 'end_of_previous_year') $$, 'half of last year''s');
SELECT is(parameter('t_made', '340705', d::date, NULL, 'last'), v::numeric, d || ': ' || w)
  FROM (VALUES ('2022-02-28', 500.005, 'not rounded'), ('2022-12-31', 500.005, 'though the base rose in March'),
               ('2023-01-01', 600, 'from the new year on')) AS q (d, v, w);
SELECT throws_ok($$ SELECT parameter('t_made', '340705', '2021-06-01', NULL, 'last') $$, 'ZA008', NULL, 'no base in the year before');
-- a cap binds only when it is less
SELECT set_parameter('t_top', '340705', '2021-01-01', 600, '测试1号') \g /dev/null
SELECT set_parameter('t_top', '340705', '2023-01-01', 599.99, '测试1号', illustrative => true) \g /dev/null
SELECT lives_ok($$ SELECT set_parameter('t_made', '340705', '2021-01-01', 0.5, '测试1号', variant => 'capped', of_name => 't_base', cap_name => 't_top') $$, 'a cap');
SELECT is((SELECT (value / divisor)::numeric(10,3) || ' ' || coalesce(capped_by, '-') || ' ' || illustrative FROM parameter_row('t_made', '340705', d::date, NULL, 'capped')),
          v, d || ': ' || w)
  FROM (VALUES ('2022-02-28', '500.005 - false', 'below the cap'), ('2022-03-01', '600.000 - false', 'at the cap'),
               ('2023-01-01', '599.990 t_top true', 'one fen above it; an illustrative cap makes it illustrative')) AS q (d, v, w);
-- published goes before derived, wherever it is published
SELECT lives_ok($$ SELECT set_parameter('t_made', '0', '2022-01-01', 450, '测试1号') $$, 'a published amount of the nation');
SELECT is(parameter('t_made', '340705', d::date), v::numeric, d || ': ' || w)
  FROM (VALUES ('2021-12-31', 334, 'derived while nothing is published'), ('2022-01-01', 450, 'the published amount goes before the derivation of the province')) AS q (d, v, w);
-- rounding
SELECT set_parameter('t_made', '340705', '2021-01-01', 1, '测试1号', variant => 'r' || n, divisor => 8, of_name => 't_base', round_mode => m, round_step => 0.01)
  FROM (VALUES (1, 'half_up'), (2, 'half_even'), (3, 'down'), (4, 'up')) AS v (n, m) \g /dev/null
SELECT set_parameter('t_base', '340705', '2024-01-01', 1000.04, '测试1号') \g /dev/null
SELECT is(parameter('t_made', '340705', '2024-01-01', NULL, 'r' || n), v::numeric, '1000.04 / 8 = 125.005 ' || m)
  FROM (VALUES (1, 'half_up', 125.01), (2, 'half_even', 125.00), (3, 'down', 125.00), (4, 'up', 125.01)) AS q (n, m, v);
-- an amount once as months of a monthly one
SELECT lives_ok($$ SELECT set_parameter('t_once', '340705', '2021-01-01', 4, '测试1号', of_name => 't_base') $$, 'four months of an amount');
SELECT is(parameter('t_once', '340705', '2021-06-01'), 4000.04, '4 x 1000.01');
-- a derivation of a derivation, and a loop
SELECT lives_ok($$ SELECT set_parameter('t_loop', '340705', '2021-01-01', 2, '测试1号', of_name => 't_made', of_variant => 'capped') $$, 'a derivation of a derivation');
SELECT is(parameter('t_loop', '340705', '2022-02-28'), 1000.01, '2 x 500.005');
SELECT lives_ok($$ SELECT set_parameter('t_loop', '340705', '2021-01-01', 1, '测试1号', variant => 'a', of_name => 't_loop', of_variant => 'b'),
                          set_parameter('t_loop', '340705', '2021-01-01', 1, '测试1号', variant => 'b', of_name => 't_loop', of_variant => 'a') $$, 'two that rest on each other');
SELECT throws_ok($$ SELECT parameter('t_loop', '340705', '2021-06-01', NULL, 'a') $$, '22023', 'parameter "t_loop" is derived from itself', 'are an error, not a hang');
SELECT is(pg_temp.fault($$ SELECT set_parameter('t_made', '340705', '2025-01-01', 1, '测试1号', of_name => 't_days', cap_name => 't_nothing', round_mode => 'nearest', reference => 'yesterday') $$),
E'ZA007 the parameter cannot be set
reference: It must be same_date, end_of_previous_year or previous_year.
of_name: It is in days, not in yuan/month.
cap_name: There is no such parameter.
round_mode: It must be half_up, half_even, up or down.', 'faults of a derivation, all at once');
SELECT is(pg_temp.fault($$ SELECT set_parameter('t_made', '340705', '2025-01-01', 1, '测试1号', cap_name => 't_top', round_step => 1) $$),
E'ZA007 the parameter cannot be set
of_name: Rounding and a cap go with a derivation only.
round_mode: It goes with round_step.', 'rounding and cap without a derivation');
SELECT throws_ok($$ INSERT INTO policy_parameter (name, area_code, valid, value, of_name, document_id)
                    SELECT 't_made', '340705', '[2030-01-01,)', 1, 't_days', document_id FROM policy_document WHERE doc_no = '测试1号' $$,
                 'ZA007', 'parameter "t_made" cannot be derived from another unit of measure', 'the table refuses another unit, too');
-- what the packs derive: illustrative standard 702 from 2021-07-01
SELECT is(parameter('tekun_standard', '340705100201', d::date, 'tekun', r), v::numeric, d || ' ' || r || ': ' || w)
  FROM (VALUES ('2021-07-01', 'urban', 913, '702 x 1.3 = 912.6 up'), ('2021-07-01', 'rural', 869, '668 x 1.3 = 868.4 up'),
               ('2021-06-30', 'urban', 853, '656 x 1.3 = 852.8 up')) AS q (d, r, v, w);
SELECT is(parameter('care_standard', '340705', d::date, 'tekun', r), v::numeric, d || ' ' || r || ': ' || w)
  FROM (VALUES ('2022-07-01', 'full_care/centralised', 825, '1650 x 50 %: the wage at the end of 2021'), ('2023-06-01', 'half_care/dispersed', 330, '1650 x 20 %: 2060 was not yet in force in 2022'),
               ('2024-01-01', 'half_care/dispersed', 412, '2060 x 20 %'), ('2024-01-01', 'full_care/dispersed', 721, '2060 x 35 %'),
               ('2024-01-01', 'self_care/centralised', 60, '2060 x 4 % = 82.4 up 83, capped by the nursing subsidy'),
               ('2022-07-01', 'self_care/dispersed', 50, '1650 x 3 % = 49.5 up, below the cap')) AS q (d, r, v, w);

-- ---------------------------------------------------------------------
-- No time without a value between two; before and after

SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO parameter_name (name, unit_of_measure, label_zh, label_en) VALUES ('t_gap', 'multiple', '测试空档', 'test gap');
PREPARE dated (text, text, text, numeric) AS INSERT INTO policy_parameter (name, area_code, programme, valid, value, document_id)
SELECT 't_gap', $1, $2, $3::daterange, $4, document_id FROM policy_document WHERE doc_no = '测试1号';
SELECT lives_ok($$ EXECUTE dated('340705', NULL, '[2021-01-01,2021-07-01)', 1) $$, 'a value that ends');
SELECT is(pg_temp.fault($$ EXECUTE dated('340705', NULL, '[2021-07-02,)', 2) $$),
E'ZA007 parameter "t_gap" would have no value for some time\nArea 340705, from 2021-07-01 until before 2021-07-02.', 'a gap of one day is refused');
SELECT lives_ok($$ EXECUTE dated('340705', NULL, '[2021-07-01,2022-01-01)', 2) $$, 'the next follows without one');
SELECT throws_ok($$ EXECUTE dated('340705', NULL, '[2021-12-31,)', 3) $$, '23P01', NULL, 'an overlap of one day is refused');
SELECT throws_ok($$ UPDATE policy_parameter SET valid = '[2021-01-01,2021-06-30)' WHERE name = 't_gap' AND value = 1 $$, 'ZA007', NULL, 'nor can one be cut short');
SELECT lives_ok($$ EXECUTE dated('0', NULL, '[2020-01-01,)', 9) $$, 'where the nation has a value');
SELECT lives_ok($$ EXECUTE dated('340705', NULL, '[2023-01-01,)', 3) $$, 'the district''s may pause');
SELECT results_eq($$ SELECT valid_from, before, after, difference FROM parameter_change WHERE name = 't_gap' AND area_code = '340705' ORDER BY valid_from $$,
    $$ VALUES ('2021-01-01'::date, 9::numeric, 1::numeric, -8::numeric), ('2021-07-01', 1, 2, 1), ('2023-01-01', 9, 3, -6) $$,
    'before and after: the row before, or the wider area''s');
SELECT results_eq($$ SELECT before, after, difference, document_after, illustrative, label_en FROM parameter_change
                      WHERE name = 'dibao_standard' AND variant = 'urban' AND valid_from = '2021-07-01' $$,
    $$ VALUES (656::numeric, 702::numeric, 46::numeric, '示例参数', true, 'dibao standard per person') $$, 'a new standard of the pack');

SELECT results_eq($$ SELECT area_code, before ->> 'counted_share', after ->> 'counted_share', document_before, document_after FROM rule_change
                      WHERE rule = 'income_rule' AND subject = 'basic_pension' AND valid_from IN ('2021-01-01', '2026-01-01') ORDER BY valid_from $$,
    $$ VALUES ('340705', '1', '0', '示例参数', '示例参数'), ('0', '0', '1', '民发〔2021〕57号', '民发〔2021〕57号') $$, 'rules before and after: the basic pension');
SELECT is_empty($$ SELECT c.relname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
                    WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r' AND a.attname = 'illustrative'
                      AND EXISTS (SELECT FROM pg_attribute AS b WHERE b.attrelid = c.oid AND b.attname = 'area_code')
                      AND c.relname NOT IN ('policy_parameter', 'forbidden_paper', 'document_template', 'quorum_rule')
                      AND position(quote_literal(c.relname) IN pg_get_viewdef('aidcase.rule_change'::regclass)) = 0 $$,
                'every table of rules of the means test is in the view');

-- ---------------------------------------------------------------------
-- Levels of authority

INSERT INTO authority_tier (programme, area_code, level, valid, bound, measure, per, document_id)
SELECT 'temp_assistance', v.area, v.level, v.valid::daterange, v.bound, v.measure, v.per, d.document_id
  FROM (VALUES ('340705100', 'unit', '[2021-07-01,)', 4, 'standard', 'household'),
               ('340705005', 'unit', '[2021-07-01,)', 1000, 'yuan', 'person')) AS v (area, level, valid, bound, measure, per),
       policy_document AS d WHERE d.doc_no = '测试1号';
SELECT results_eq($$ SELECT level, bound, times_a_year FROM authority('temp_assistance', '340705100201', '2021-06-30') $$,
    $$ VALUES ('below_minimum', 500::numeric, NULL::integer), ('unit', 3000, 2), ('bureau', 5000, 2), ('bureau_leaders', 10000, 2), ('government', NULL, 2) $$,
    'the levels of the district, lowest first');
SELECT is(authority_limit('temp_assistance', '340705100', '2021-07-01'), 2808::numeric, '4 x 702');
SELECT is(authority_limit('temp_assistance', '340705100', '2021-07-01', 3, 'rural'), 2672::numeric, '4 x 668, for the household');
SELECT is(authority_limit('temp_assistance', '340705005', '2021-07-01', 3), 3000::numeric, '1000 x 3, for each person');
SELECT is(authority_limit('temp_assistance', '340705', '2021-07-01', level => 'government'), NULL, 'without limit');
SELECT is(authority_level('temp_assistance', '340705100', d::date, a), l, d || ' ' || a || ' ' || coalesce(l, '-'))
  FROM (VALUES ('2021-06-30', 499.99, 'below_minimum'), ('2021-06-30', 500, 'unit'), ('2021-06-30', 3000, 'unit'), ('2021-06-30', 3000.01, 'bureau'),
               ('2021-06-30', 5000, 'bureau'), ('2021-06-30', 5000.01, 'bureau_leaders'), ('2021-06-30', 10000.01, 'government'),
               ('2021-07-01', 2808, 'unit'), ('2021-07-01', 2808.01, 'bureau')) AS v (d, a, l);
SELECT is(authority_level('dibao', '340705100', '2021-07-01', 1), NULL, 'no level is set for dibao');
SELECT is(pg_temp.fault($$ SELECT authority_limit('dibao', '340705100', '2021-07-01') $$),
E'ZA008 no level of authority is set\nLevel ''unit'' of programme ''dibao'' is not in force on 2021-07-01 for area 340705100 or one above it.', 'a level that is not set');
SELECT throws_ok($$ INSERT INTO authority_tier (programme, area_code, level, valid, bound, measure, per, document_id)
                    SELECT 'temp_assistance', '340705100', 'unit', '[2022-01-01,)', 1, 'yuan', 'person', document_id FROM policy_document LIMIT 1 $$,
                 '23P01', NULL, 'one level twice at a time');

-- ---------------------------------------------------------------------
-- The packs

SELECT is_empty(
    $$ SELECT name, area_code, valid FROM policy_parameter JOIN policy_document AS d USING (document_id)
        WHERE name NOT LIKE 't\_%' AND illustrative <> (d.doc_no LIKE '示例%') AND d.doc_no <> '皖最低工资(2021)'
       UNION ALL
       SELECT income_kind, area_code, valid FROM income_rule JOIN policy_document AS d USING (document_id)
        WHERE illustrative <> (d.doc_no = '示例参数')
       UNION ALL
       SELECT component, area_code, valid FROM rounding_rule JOIN policy_document AS d USING (document_id)
        WHERE illustrative <> (d.doc_no = '示例参数')
       UNION ALL
       SELECT addon_group, area_code, valid FROM addon_rule JOIN policy_document AS d USING (document_id)
        WHERE illustrative <> (d.doc_no = '示例参数') $$,
    'what has no source is marked illustrative, and nothing else');
SELECT is_empty(
    $$ SELECT p.name, p.valid, d.doc_no FROM policy_parameter AS p JOIN policy_document AS d USING (document_id)
        WHERE p.name NOT LIKE 't\_%' AND lower(p.valid) < lower(d.in_force)
       UNION ALL
       SELECT r.income_kind, r.valid, d.doc_no FROM income_rule AS r JOIN policy_document AS d USING (document_id)
        WHERE lower(r.valid) < lower(d.in_force) $$, 'no rule is older than its document');
SELECT is_empty($$ SELECT name FROM parameter_name WHERE label_zh !~ '[一-龥]' OR label_en !~ '[a-z]'
                   UNION ALL SELECT income_kind FROM income_kind WHERE label_zh !~ '[一-龥]' OR label_en !~ '[a-z]'
                   UNION ALL SELECT expense_kind FROM expense_kind WHERE label_zh !~ '[一-龥]' OR label_en !~ '[a-z]'
                   UNION ALL SELECT property_kind FROM property_kind WHERE label_zh !~ '[一-龥]' OR label_en !~ '[a-z]'
                   UNION ALL SELECT refusal_reason FROM refusal_reason
                    WHERE sentence_zh !~ '[一-龥]' OR sentence_en !~ '[.]$' OR article !~ '[一-龥]' $$,
                'labels and sentences in both languages');
SELECT is(parameter(name, '340705100201', d::date, programme, variant), value::numeric, name || ' ' || d)
  FROM (VALUES
    ('decision_clean_workdays', '2021-04-02', NULL, NULL, 7),
    ('emergency_hours', '2021-04-02', NULL, NULL, 24),
    ('publicity_before_decision', '2021-04-02', NULL, NULL, 0),
    ('publicity_before_decision', '2023-04-02', NULL, NULL, 0),
    ('pay_day_of_month', '2021-05-01', NULL, NULL, 10),
    ('decision_delegated_workdays', '2021-04-06', NULL, NULL, 20),
    ('marginal_multiple', '2021-06-30', NULL, NULL, 1.5),
    ('marginal_multiple', '2021-07-01', NULL, NULL, 1.5),
    ('tekun_standard', '2021-04-06', 'tekun', 'urban', 853),
    ('minimum_wage', '2020-12-31', NULL, NULL, 1550),
    ('care_standard', '2022-07-01', 'tekun', 'half_care/dispersed', 330),
    ('gradual_exit_months', '2022-10-20', 'dibao', NULL, 6)) AS v (name, d, programme, variant, value);
SELECT ok(NOT EXISTS (SELECT FROM parameter_row('publicity_before_decision', '110101', '2021-06-30'))
          AND parameter('publicity_before_decision', '110101', '2021-07-01') = 1,
          'elsewhere publicity goes before the decision from 2021-07-01');
SELECT throws_ok($$ SELECT parameter('decision_clean_workdays', '340705', '2021-04-01') $$, 'ZA008', NULL,
                 'the notice''s seven days do not begin before the notice');
SELECT results_eq(
    $$ SELECT valid, counted_share FROM income_rule WHERE income_kind = 'basic_pension' ORDER BY valid $$,
    $$ VALUES ('[2019-07-01,2021-01-01)'::daterange, 1::numeric), ('[2021-01-01,2021-07-01)', 0),
              ('[2021-07-01,2026-01-01)', 0), ('[2026-01-01,)', 1) $$,
    'the basic pension is not counted in 2021 to 2025');
SELECT is((SELECT string_agg(income_kind, ' ' ORDER BY income_kind) FROM income_rule WHERE counted_share = 0 AND area_code = '0'),
          'basic_pension courage_award family_planning_reward preferential_pension scholarship social_assistance',
          'kinds that national rules never count');

SELECT * FROM finish();
ROLLBACK;
