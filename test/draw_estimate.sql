-- Estimates of a draw and what they propose for delegations.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(48);
\ir parts/household.sql
SELECT pg_temp.clock('2021-08-02 10:00+08');

-- A draw whose findings are revealed, put there as a replica would get it: of
-- each stratum so many in the frame, drawn, wrong, not reached.  900 yuan
-- were granted to each; a wrong one got 100 too much, the first of a stratum 300.
CREATE FUNCTION pg_temp.drawn(name text, no integer, further bigint, strata jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    the_draw bigint;
    district bigint := (SELECT u.unit_id FROM aidcase.unit AS u JOIN aidcase.register AS r ON r.area_code = u.unit_code);
    staff bigint := (SELECT staff_id FROM aidcase.staff WHERE staff_no = 'b-clerk');
BEGIN
    SET LOCAL session_replication_role = replica;
    INSERT INTO aidcase.draw (name, unit_id, frame, period, further_of, method, rate_numerator, rate_denominator, workflow_id, state, occurred_at, moved_by, entry_no)
    VALUES (drawn.name, district, 'confirmation', '[2021-04-01,2021-07-01)', further, 'rivest', 3, 10, 4, 'revealed', '2021-08-01', staff, 1)
    RETURNING draw_id INTO the_draw;
    INSERT INTO aidcase.draw_item (draw_id, frame_id, case_id, round_id, unit_id, programme, on_date, amount, stratum, certainty, certainties, selected, rank, entry_no)
    SELECT the_draw, format('%s/%s/%s', no, s.n, i), 1000000 * no + 1000 * s.n + i, 1000000 * no + 1000 * s.n + i, u.unit_id, s.stratum ->> 'programme', '2021-05-03', 900,
           CASE WHEN s.stratum ? 'certain' THEN 'certainty' ELSE u.unit_code || '/' || (s.stratum ->> 'programme') END, s.stratum ? 'certain',
           CASE WHEN s.stratum ? 'certain' THEN '{conflict_flag}' ELSE '{}' END::text[], i <= (s.stratum ->> 'drawn')::integer, i, 1
      FROM jsonb_array_elements(strata) WITH ORDINALITY AS s (stratum, n)
      JOIN aidcase.unit AS u ON u.unit_code = s.stratum ->> 'unit', generate_series(1, (s.stratum ->> 'frame')::integer) AS i;
    INSERT INTO aidcase.spot_check (draw_id, item_id, case_id, round_id, unit_id, checker_id, workflow_id, state, occurred_at, found_eligible, found_amount, locked_on, entry_no)
    SELECT the_draw, i.item_id, i.case_id, i.round_id, district, staff, 41,
           CASE WHEN i.rank > (s.stratum ->> 'drawn')::integer - coalesce((s.stratum ->> 'away')::integer, 0) THEN 'not_reached' ELSE 'locked' END, '2021-07-20', true, 900, '2021-07-20', 1
      FROM jsonb_array_elements(strata) WITH ORDINALITY AS s (stratum, n)
      JOIN aidcase.draw_item AS i ON i.draw_id = the_draw AND i.frame_id LIKE format('%s/%s/%%', no, s.n) AND i.selected;
    INSERT INTO aidcase.finding (check_id, draw_id, case_id, round_id, unit_id, finding_type, cause, yuan_over, found_at, checker_id, entry_no)
    SELECT k.check_id, the_draw, k.case_id, k.round_id, i.unit_id, CASE WHEN i.rank <= w.wrong THEN 'over' ELSE 'none' END,
           CASE WHEN i.rank <= w.wrong THEN 'unit' END, CASE WHEN i.rank > w.wrong THEN 0 WHEN i.rank = 1 THEN 300 ELSE 100 END, '2021-07-20', staff, 1
      FROM jsonb_array_elements(strata) WITH ORDINALITY AS s (stratum, n)
     CROSS JOIN LATERAL (SELECT (s.stratum ->> 'wrong')::integer AS wrong) AS w
      JOIN aidcase.draw_item AS i ON i.draw_id = the_draw AND i.frame_id LIKE format('%s/%s/%%', no, s.n) AND i.selected
      JOIN aidcase.spot_check AS k ON k.item_id = i.item_id AND k.state = 'locked';
    SET LOCAL session_replication_role = origin;
    RETURN the_draw;
END
$$;
CREATE FUNCTION pg_temp.tampered(command text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE command;
    SET LOCAL session_replication_role = origin;
END
$$;
CREATE FUNCTION pg_temp.near(have numeric, want numeric) RETURNS boolean LANGUAGE sql AS $$ SELECT abs(have - want) <= 0.000001 * greatest(abs(want), 1) $$;

\set strata '[{"unit": "340705100", "programme": "dibao", "frame": 60, "drawn": 18, "wrong": 6}, {"unit": "340705005", "programme": "dibao", "frame": 20, "drawn": 7, "wrong": 0, "away": 1}, {"unit": "340705005", "programme": "tekun", "frame": 4, "drawn": 2, "wrong": 0}, {"unit": "340705100", "programme": "dibao", "frame": 3, "drawn": 3, "wrong": 1, "certain": true}, {"unit": "340705005", "programme": "dibao", "frame": 2, "drawn": 2, "wrong": 0, "certain": true}]'
SELECT pg_temp.drawn('甲', 1, NULL, :'strata') AS one \gset

-- ---------------------------------------------------------------------
-- In order, by the bureau, once

SELECT pg_temp.tampered(format('UPDATE aidcase.draw SET state = ''locked'' WHERE draw_id = %s', :one));
SELECT alike(pg_temp.told('t_bureau', format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :one)), 'ZA003 %', 'not before the findings are revealed');
SELECT pg_temp.tampered(format('UPDATE aidcase.draw SET state = ''revealed'' WHERE draw_id = %s', :one));
SELECT alike(pg_temp.told(l, format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :one)), '42501 permission denied for function estimate_draw|%', l || ' estimates nothing')
  FROM unnest('{t_clerk,t_leader,t_inspector}'::text[]) AS l;
SELECT is(pg_temp.told('t_bureau', 'SELECT count(*) FROM aidcase.estimate_draw(-1)'), '22023 there is no draw -1||Plan one with aidcase.plan_draw().', 'no such draw');
SELECT pg_temp.tampered(format('UPDATE aidcase.finding SET cause = NULL WHERE draw_id = %s', :one));
SELECT alike(pg_temp.told('t_bureau', format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :one)), 'ZA003 %findings have no cause.%', 'nor before each finding has its cause');
SELECT pg_temp.tampered(format('UPDATE aidcase.finding SET cause = ''unit'' WHERE draw_id = %s AND finding_type <> ''none''', :one));
SELECT is(pg_temp.by_login('t_bureau', format('SELECT string_agg(coalesce(unit_code, ''-'') || '' '' || coalesce(programme, ''-'') || '' '' || wrong || ''/'' || examined || ''/'' || drawn || ''/'' || population, '', '') FROM aidcase.estimate_draw(%s)', :one)),
    '340705005 dibao 0/8/9/22, 340705005 tekun 0/2/2/4, 340705005 - 0/10/11/26, 340705100 dibao 7/21/21/63, 340705100 - 7/21/21/63, - dibao 7/29/30/85, - tekun 0/2/2/4, - - 7/31/32/89',
    'for each unit and programme, each of them and the whole');
SELECT is((SELECT state FROM draw WHERE draw_id = :one), 'estimated', 'the draw moves on');
SELECT alike(pg_temp.told('t_bureau', format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :one)), 'ZA003 %', 'once only');
SELECT is((SELECT count(*) FROM draw_estimate WHERE draw_id = :one), 48::bigint, 'six measures each');

-- ---------------------------------------------------------------------
-- The figures

CREATE TEMP VIEW estimate_of AS
    SELECT e.*, u.unit_code FROM draw_estimate AS e LEFT JOIN unit AS u USING (unit_id) WHERE e.draw_id = :one;
-- certain cases are known, the others give the limits
SELECT is((e.least_wrong, e.most_wrong), (1 + h.lower, 1 + h.upper), 'a unit''s certain cases add what they have')
  FROM estimate_of AS e, hypergeometric_limits(6, 18, 60, 0.95) AS h WHERE unit_code = '340705100' AND programme = 'dibao' AND measure = 'rate';
SELECT ok(pg_temp.near(e.value, (60 * 6 / 18.0 + 1) / 63), 'a weighted rate')
  FROM estimate_of AS e WHERE unit_code = '340705100' AND programme = 'dibao' AND measure = 'rate';
-- s^2 of 6 in 18 is 12/18 * 6/17; the certain ones have no part in the error
SELECT ok(pg_temp.near(e.standard_error, sqrt(60 * 42 / 18.0 * (12 * 6 / 18.0 / 17)) / 63) AND e.degrees_of_freedom = 17, 'its standard error')
  FROM estimate_of AS e WHERE unit_code = '340705100' AND programme = 'dibao' AND measure = 'rate';
SELECT is((e.least_wrong, e.most_wrong, e.value, e.standard_error, e.lower), (0::bigint, h.upper, 0::numeric, NULL::numeric, 0::numeric), 'who was not reached counts as wrong in the upper limit')
  FROM estimate_of AS e, hypergeometric_limits(1, 7, 20, 0.95) AS h WHERE unit_code = '340705005' AND programme = 'dibao' AND measure = 'rate';
SELECT ok(e.most_wrong > h.upper, 'which is more than those reached would say')
  FROM estimate_of AS e, hypergeometric_limits(0, 6, 20, 0.95) AS h WHERE unit_code = '340705005' AND programme = 'dibao' AND measure = 'rate';
SELECT is(e.upper, round(h.upper / 4.0, 8), 'with nothing found the rate has the exact limit')
  FROM estimate_of AS e, hypergeometric_limits(0, 2, 4, 0.95) AS h WHERE unit_code = '340705005' AND programme = 'tekun' AND measure = 'rate';
SELECT is(e.total, round(60 / 18.0 * 800 + 300, 2), 'yuan paid too much in the frame') FROM estimate_of AS e WHERE unit_code = '340705100' AND programme IS NULL AND measure = 'over';
SELECT ok(pg_temp.near(e.total_error, round(sqrt(60 * 42 / 18.0 * ((5 * 10000 + 90000 - 640000 / 18.0) / 17)), 2)), 'and its standard error')
  FROM estimate_of AS e WHERE unit_code = '340705100' AND programme IS NULL AND measure = 'over';
SELECT is(e.total_lower, 1100.00, 'what was seen is certain') FROM estimate_of AS e WHERE unit_code = '340705100' AND programme IS NULL AND measure = 'over';
SELECT is((e.total, e.total_upper), (n.total, n.total_upper), 'net is over where nothing is under') FROM estimate_of AS e, estimate_of AS n
 WHERE e.unit_code = '340705100' AND e.programme IS NULL AND e.measure = 'over' AND n.unit_code = '340705100' AND n.programme IS NULL AND n.measure = 'net';
SELECT is((e.total, e.total_error, e.total_upper), (0.00, NULL::numeric, NULL::numeric), 'nothing under was found: no limit is made up') FROM estimate_of AS e WHERE unit_code = '340705100' AND programme IS NULL AND measure = 'under';
SELECT ok(pg_temp.near(e.value, round((60 / 18.0 * 800 + 300) / (63 * 900), 8)), 'share of the yuan granted') FROM estimate_of AS e WHERE unit_code = '340705100' AND programme IS NULL AND measure = 'over_share';
SELECT ok(e.upper IS NOT NULL AND e.total_upper >= 20 * 900 / 7.0, 'who was not reached may have got all of it too much') FROM estimate_of AS e WHERE unit_code = '340705005' AND programme = 'dibao' AND measure = 'over';
SELECT is(e.total, 21.00, 'the district''s wrong cases') FROM estimate_of AS e WHERE unit_code IS NULL AND programme IS NULL AND measure = 'rate';
SELECT is(e.inputs -> 0, '{"stratum": "340705005/dibao", "population": 20, "drawn": 7, "examined": 6, "wrong": 0, "yuan": 5400, "yuan_over": 0, "yuan_under": 0}'::jsonb, 'what it was computed from is kept')
  FROM estimate_of AS e WHERE unit_code = '340705005' AND programme IS NULL AND measure = 'rate';

-- units beside each other: the exact limits, and no rank without them
CREATE TEMP VIEW compared AS
    SELECT r.*, u.unit_code FROM report_unit_comparison('2021-07-31') AS r JOIN unit_now AS u ON u.name = r.place WHERE r.measure = '抽查差错率·新确认对象';
SELECT is((c.numerator, c.denominator, c.rate, c.lower, c.upper, c.district_rate),
          (7::bigint, 21::bigint, round(21 / 63.0, 4), round((1 + h.lower) / 63.0, 4), round((1 + h.upper) / 63.0, 4), round(21 / 89.0, 4)), 'the rate of errors of a unit, weighted, with its exact interval')
  FROM compared AS c, hypergeometric_limits(6, 18, 60, 0.95) AS h WHERE c.unit_code = '340705100';
SELECT is((c.numerator, c.denominator, c.rate, c.lower, c.upper), (0::bigint, 10::bigint, 0::numeric, 0::numeric, round(e.most_wrong / 26.0, 4)), 'who was not reached counts as wrong in the upper limit there, too')
  FROM compared AS c, estimate_of AS e WHERE c.unit_code = '340705005' AND e.unit_code = '340705005' AND e.programme IS NULL AND e.measure = 'rate';
SELECT is((SELECT array_agg(c.unit_code || ' ' || c.rank_from || '-' || c.rank_to ORDER BY c.unit_code) FROM compared AS c WHERE c.rank_from IS NOT NULL),
          (SELECT CASE WHEN l.lower > r.upper THEN '{340705005 2-2,340705100 1-1}' ELSE '{340705005 1-2,340705100 1-2}' END::text[] FROM compared AS l, compared AS r WHERE l.unit_code = '340705100' AND r.unit_code = '340705005'),
          'ranks are ranges where intervals meet');
SELECT is((SELECT count(*) FROM compared AS c WHERE c.denominator = 0 AND (c.rank_from IS NOT NULL OR c.rate IS NOT NULL OR c.lower IS NOT NULL OR c.against_district <> '—')), 0::bigint, 'who was not checked is not ranked');
SELECT results_eq($$SELECT row_key[2], column_name, sum(value) FROM drill_unit_comparison('2021-07-31') WHERE row_key[1] = '抽查差错率·新确认对象' GROUP BY 1, 2$$,
    $$SELECT c.place, v.name, v.value::numeric FROM compared AS c, LATERAL (VALUES ('denominator', c.denominator), ('numerator', c.numerator)) AS v (name, value) WHERE v.value > 0 ORDER BY c.unit_code, 2$$,
    'drilled to the cases');

-- an objection that is upheld takes a finding out
SAVEPOINT objected;
SELECT pg_temp.tampered(format($$INSERT INTO aidcase.finding_objection (finding_id, unit_id, grounds, workflow_id, state, occurred_at, entry_no)
    SELECT finding_id, unit_id, '已补正', 42, 'upheld', '2021-08-01', 1 FROM aidcase.finding WHERE draw_id = %s AND yuan_over = 100 LIMIT 2$$, :one));
SELECT is((SELECT count(*) FROM estimate_differences(:one) AS d WHERE d.measure IN ('rate', 'over')), 8::bigint, 'an objection upheld afterwards would change the estimates, and is told');
ROLLBACK TO objected;

-- ---------------------------------------------------------------------
-- They stay

SELECT is_empty(format('SELECT * FROM estimate_differences(%s)', :one), 'what is stored is what the results give');
SELECT throws_ok(format('UPDATE aidcase.draw_estimate SET value = 0 WHERE draw_id = %s', :one), 'ZA004', 'a row of table "draw_estimate" cannot be changed', 'no estimate is changed');
SELECT throws_ok(format($$INSERT INTO aidcase.draw_estimate (draw_id, measure, level, strata, lonely, population, uncovered, drawn, examined, unit_id)
    SELECT %s, 'net', 0.95, 1, 0, 1, 0, 1, 1, unit_id FROM aidcase.unit WHERE unit_code = '340705404'$$, :one), 'ZA004', 'the estimates of the draw cannot be changed', 'nor one added');
SAVEPOINT changed;
SELECT pg_temp.tampered(format('UPDATE aidcase.draw_estimate SET lower = 0 WHERE draw_id = %s AND measure = ''rate'' AND lower > 0', :one));
SELECT isnt_empty(format('SELECT * FROM estimate_differences(%s)', :one), 'a change with triggers off is told');
ROLLBACK TO changed;
SELECT is(pg_temp.by_login('t_inspector', format('SELECT count(*) FROM aidcase.draw_estimate WHERE draw_id = %s', :one)), '48', 'an inspector reads them all');
SELECT is(pg_temp.by_login('t_leader', format('SELECT string_agg(DISTINCT u.unit_code, '' '') FROM aidcase.draw_estimate AS e LEFT JOIN aidcase.unit AS u USING (unit_id) WHERE draw_id = %s', :one)), '340705100', 'a leader those of the own unit');

-- ---------------------------------------------------------------------
-- What is proposed

SELECT is((SELECT count(*) FROM delegation_proposal AS p WHERE p.draw_id = :one), 1::bigint, 'one delegation is over a limit');
SELECT is((p.proposes, p.rule, p.state, p.least_rate, p.limit_rate, cardinality(p.findings)), ('suspension'::text, 'suspension_limit'::text, 'proposed'::text, round((1 + h.lower) / 63.0, 8), 0.15, 7), 'its least rate, the limit and the findings')
  FROM delegation_proposal AS p, hypergeometric_limits(6, 18, 60, 0.95) AS h WHERE p.draw_id = :one;
SELECT ok(upper_inf(g.valid), 'the delegation goes on until the bureau decides') FROM delegation AS g JOIN delegation_proposal AS p USING (delegation_id) WHERE p.draw_id = :one;
SELECT throws_ok(format('UPDATE aidcase.delegation_proposal SET findings = ''{1}'' WHERE draw_id = %s', :one), NULL, NULL, 'the evidence stays');
SELECT is(pg_temp.by_login('t_bureau', format('SELECT aidcase.advance(''delegation_proposal'', proposal_id, ''reject'', ''已整改'') FROM aidcase.delegation_proposal WHERE draw_id = %s', :one)), 'rejected', 'the bureau decides');

-- a limit for the watch, then again while under watch
SELECT pg_temp.tampered($$UPDATE aidcase.policy_parameter SET value = 90 WHERE name = 'delegation_suspension_rate'$$);
SELECT pg_temp.drawn('乙', 2, NULL, :'strata') AS two \gset
SELECT pg_temp.by_login('t_bureau', format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :two)) AS n \gset
SELECT is((p.proposes, p.rule, p.follows_id), ('watch'::text, 'watch_limit'::text, NULL::bigint), 'above the limit for a watch') FROM delegation_proposal AS p WHERE p.draw_id = :two;
SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.advance(''delegation_proposal'', proposal_id, ''accept'', ''重点关注'') FROM aidcase.delegation_proposal WHERE draw_id = %s', :two)) AS accepted \gset
SELECT pg_temp.drawn('丙', 3, NULL, :'strata') AS three \gset
SELECT pg_temp.by_login('t_bureau', format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :three)) AS n \gset
SELECT is((p.proposes, p.rule, p.follows_id), ('suspension'::text, 'under_watch'::text, w.proposal_id), 'again while under watch: suspension') FROM delegation_proposal AS p, delegation_proposal AS w WHERE p.draw_id = :three AND w.draw_id = :two;
-- too few found: nothing, whatever the rate
SELECT pg_temp.tampered($$UPDATE aidcase.policy_parameter SET value = 8 WHERE name = 'delegation_minimum_wrong'$$);
SELECT is_empty(format('SELECT * FROM derive_proposals(%s, ''2021-08-02'')', :three), 'too few wrong ones propose nothing, whatever their share');
SELECT pg_temp.tampered($$UPDATE aidcase.policy_parameter SET value = 3 WHERE name = 'delegation_minimum_wrong'$$);
-- few errors: nothing
SELECT pg_temp.drawn('丁', 4, NULL, replace(:'strata', '"wrong": 6', '"wrong": 1')::jsonb) AS four \gset
SELECT pg_temp.by_login('t_bureau', format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :four)) AS n \gset
SELECT is((SELECT count(*) FROM delegation_proposal AS p WHERE p.draw_id = :four), 0::bigint, 'a rate that may be low proposes nothing');

-- ---------------------------------------------------------------------
-- Further rounds are one sample with the first

SELECT pg_temp.drawn('戊', 5, NULL, '[{"unit": "340705100", "programme": "dibao", "frame": 60, "drawn": 18, "wrong": 6}]') AS five \gset
SELECT pg_temp.drawn('戊二', 6, :five, '[{"unit": "340705100", "programme": "dibao", "frame": 42, "drawn": 13, "wrong": 2}]') AS six \gset
SELECT pg_temp.tampered(format('UPDATE aidcase.draw SET state = ''assigned'' WHERE draw_id = %s', :five));
SELECT alike(pg_temp.told('t_bureau', format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :six)), 'ZA003 the draw cannot be estimated yet|It continues a draw whose findings are not revealed.|%', 'the round before must be revealed');
SELECT pg_temp.tampered(format('UPDATE aidcase.draw SET state = ''revealed'' WHERE draw_id = %s', :five));
SELECT pg_temp.by_login('t_bureau', format('SELECT count(*) FROM aidcase.estimate_draw(%s)', :six)) AS n \gset
SELECT is((e.population, e.drawn, e.wrong, e.least_wrong, e.most_wrong), (60::bigint, 31::bigint, 8::bigint, h.lower, h.upper), 'both rounds are a sample of the first round''s frame')
  FROM draw_estimate AS e, hypergeometric_limits(8, 31, 60, 0.95) AS h WHERE e.draw_id = :six AND e.unit_id IS NULL AND e.programme IS NULL AND e.measure = 'rate';

SELECT * FROM finish();
ROLLBACK;
