-- Spot checks: checkers apart, blind until the lock, findings from the
-- comparison, replacements in order, everything to the certificate.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(130);
\ir parts/household.sql
\ir parts/draw.sql

SELECT count(enrol_staff(jsonb_build_object('staff_no', v.no, 'name', '人员' || v.no, 'employed_from', '2020-01-01',
           'posts', (SELECT jsonb_agg(jsonb_build_object('unit', p.unit, 'post', p.post, 'from', '2020-01-01'))
                       FROM unnest(v.units, v.posts) AS p (unit, post)))))
  FROM (VALUES ('d-visitor1', '{340705005}'::text[], '{investigator}'::text[]), ('d-visitor2', '{340705005}', '{investigator}'),
               ('d-group1', '{340705005}', '{group_member}'), ('d-group2', '{340705005}', '{group_member}'),
               ('d-group3', '{340705005}', '{group_member}'),
               ('c-1', '{340705}', '{checker}'), ('c-2', '{340705}', '{checker}'),
               ('c-3', '{340705,340705005}', '{checker,clerk}'),            -- serves in 东郊
               ('c-4', '{340705,340705}', '{checker,bureau_clerk}'),        -- reads everything
               ('c-5', '{340705,340705100}', '{checker,clerk}')) AS v (no, units, posts);
SELECT make_review_group('340705005', '东郊小组', '2020-01-01', '[{"staff":"d-group1","capacity":"party_lead"},
    {"staff":"d-group2","capacity":"government_lead"},{"staff":"d-group3","capacity":"department"}]') > 0 AS made;
CREATE ROLE t_check LOGIN IN ROLE aidcase_checker, aidcase_gateway;
CREATE ROLE t_both LOGIN IN ROLE aidcase_checker, aidcase_clerk, aidcase_gateway;
CREATE FUNCTION pg_temp.by_checker(no text, query text, login text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    who bigint := (SELECT staff_id FROM aidcase.staff WHERE staff_no = no);
    answer text;
BEGIN
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', coalesce(login, CASE WHEN no IN ('c-3', 'c-5') THEN 't_both' ELSE 't_check' END));
    PERFORM aidcase.act_as(who);
    EXECUTE query INTO answer;
    RESET SESSION AUTHORIZATION;
    RETURN answer;
END
$$;
CREATE FUNCTION pg_temp.checker_told(no text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text;
BEGIN
    PERFORM pg_temp.by_checker(no, command);
    RETURN '(done)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || message || '|' || detail;
END
$$;

-- ten confirmations of one unit and four of the other
CREATE TEMP TABLE round AS
SELECT n, pg_temp.confirm(n::text, u, u || CASE u WHEN '340705100' THEN '201' ELSE '002' END, ARRAY[n], 100,
                          '2021-04-12 10:00+08'::timestamptz + n % 5 * interval '1 hour') AS round_id, u AS unit
  FROM (SELECT n, CASE WHEN n <= 10 THEN '340705100' ELSE '340705005' END AS u FROM generate_series(1, 14) AS n ORDER BY n) AS x;
SELECT pg_temp.clock('2021-05-06 10:00+08');
-- checker c-2 is related to household 1
INSERT INTO conflict_flag (flag_type, case_id, round_id, member_id, staff_id, source, source_id, known_at, certain)
SELECT 'relative_of_staff', case_id, round_id, member_id, (SELECT staff_id FROM staff WHERE staff_no = 'c-2'), 'kin_tie', 1, now_here(), false
  FROM round JOIN case_member USING (round_id) WHERE n = 1;

SELECT pg_temp.by_login('t_bureau', $$SELECT aidcase.plan_draw('d', '[2021-04-01,2021-05-01)', 'rivest', 1, 2, 1, reserves => 2)$$)::bigint AS d \gset
SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.freeze_draw(%s)', :d)) AS root \gset
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.assign_draw(%s)', :d)),
    'ZA007 the assignment of the draw has 1 fault|The draw is in state "frozen"; checkers are assigned once, when it is selected.|Checkers hold the post "checker" of the district and no post in the unit that is checked or in the bureau.', 'nobody is assigned before the sample is there');
SELECT is(pg_temp.seed(:d, '27182818284590452353'), 7::bigint, 'half of each');
SELECT results_eq(format('SELECT stratum, count(*) FILTER (WHERE selected), count(*) FILTER (WHERE reserve) FROM draw_item WHERE draw_id = %s GROUP BY 1 ORDER BY 1', :d),
    $$VALUES ('340705005/dibao', 2::bigint, 2::bigint), ('340705100/dibao', 5, 2)$$, 'with two reserves each');
SELECT is_empty(format('SELECT FROM draw_item WHERE draw_id = %s AND selected AND reserve', :d), 'a reserve is not of the sample');

-- ---------------------------------------------------------------------
-- Checkers

SELECT alike(pg_temp.told(l, format('SELECT aidcase.assign_draw(%s)', :d)), '42501 %', l || ' assigns nobody')
  FROM unnest(ARRAY['t_clerk', 't_leader', 't_inspector', 't_check']) AS l;
SELECT is(pg_temp.told('t_bureau', 'SELECT aidcase.assign_draw(-1)'), '22023 there is no draw -1||Plan one with aidcase.plan_draw().', 'no draw');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.assign_draw(%s, '{c-1,nobody}')$$, :d)), 'ZA007 %There is no member of staff ''nobody''.%', 'somebody unknown');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.assign_draw(%s, '{c-3}')$$, :d)), 'ZA007 %No checker is outside the unit and unrelated for 2 of the sample: %', 'nobody checks the unit he serves in');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.assign_draw(%s, '{c-4}')$$, :d)), 'ZA007 %No checker is outside the unit and unrelated for 7 of the sample: %', 'nor who reads the decisions by another post');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.assign_draw(%s, '{x-clerk2}')$$, :d)), 'ZA007 %for 7 of the sample%', 'nor who is no checker');
SELECT results_eq(format($$SELECT s.staff_no, array_agg(DISTINCT f.fault ORDER BY f.fault)
    FROM checker_faults(ARRAY(SELECT staff_id FROM staff WHERE staff_no ~ '^c-|^x-visitor1$'), ARRAY(SELECT round_id FROM round WHERE n = 1), '2021-05-06') AS f JOIN staff AS s USING (staff_id)
    GROUP BY 1 ORDER BY 1$$),
    $$VALUES ('c-2', ARRAY['is related to the household']), ('c-4', ARRAY['reads decisions of the whole district by another post']),
             ('c-5', ARRAY['serves or served in the unit that decided']),
             ('x-visitor1', ARRAY['does not hold the post of checker', 'serves or served in the unit that decided', 'took part in the case'])$$, 'why somebody does not check a household');
SAVEPOINT assigned;
SELECT is(pg_temp.by_login('t_bureau', format('SELECT aidcase.assign_draw(%s)', :d)), '7', 'the sample is given out');
SELECT pg_temp.by_login('t_bureau', format($$SELECT string_agg(s.staff_no || ' ' || i.frame_id, ',' ORDER BY i.frame_id) FROM aidcase.spot_check AS k JOIN aidcase.staff AS s ON s.staff_id = k.checker_id JOIN aidcase.draw_item AS i USING (item_id) WHERE k.draw_id = %s$$, :d)) AS given \gset
ROLLBACK TO assigned;
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.assign_draw(%s, '{c-5,c-3,c-4,c-2,c-1}')$$, :d)), '7', 'or with the checkers named in another order');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT string_agg(s.staff_no || ' ' || i.frame_id, ',' ORDER BY i.frame_id) FROM aidcase.spot_check AS k JOIN aidcase.staff AS s ON s.staff_id = k.checker_id JOIN aidcase.draw_item AS i USING (item_id) WHERE k.draw_id = %s$$, :d)), :'given', 'the same goes to the same');
SELECT is((SELECT state FROM draw WHERE draw_id = :d), 'assigned', 'the draw is assigned');
SELECT is_empty(format('SELECT FROM spot_check AS k CROSS JOIN LATERAL checker_faults(ARRAY[k.checker_id], ARRAY[k.round_id], ''2021-05-06'') WHERE k.draw_id = %s', :d), 'to nobody unfit');
SELECT cmp_ok((SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM spot_check WHERE draw_id = :d GROUP BY checker_id) AS x), '<=', 1::bigint, 'evenly');
SELECT cmp_ok((SELECT count(DISTINCT checker_id) FROM spot_check WHERE draw_id = :d), '>=', 3::bigint, 'to all who are fit');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :d), 'it verifies');
SELECT alike(pg_temp.told('t_bureau', format('SELECT aidcase.assign_draw(%s)', :d)), 'ZA007 %The draw is in state "assigned"%', 'once');

-- on any path
CREATE TEMP TABLE k AS
SELECT row_number() OVER (ORDER BY s.staff_no IN ('c-3', 'c-5'), k.check_id) AS n, k.check_id, k.round_id, k.case_id, i.stratum, i.amount, s.staff_no AS checker
  FROM spot_check AS k JOIN draw_item AS i USING (item_id) JOIN staff AS s ON s.staff_id = k.checker_id WHERE k.draw_id = :d;
CREATE FUNCTION pg_temp.enter(which text, checker text, more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.told('t_bureau', format('INSERT INTO aidcase.spot_check (draw_id, item_id, case_id, round_id, unit_id, checker_id, replaces_id, replace_reason) SELECT i.draw_id, i.item_id, i.case_id, i.round_id, d.unit_id, %L, %s FROM aidcase.draw_item AS i JOIN aidcase.draw AS d USING (draw_id) WHERE %s',
        (SELECT staff_id FROM aidcase.staff WHERE staff_no = checker), coalesce(nullif(more, ''), 'NULL, NULL'), which)) $$;
SELECT alike(pg_temp.enter(format('i.draw_id = %s AND i.stratum LIKE ''340705100%%'' AND i.rank = 6', :d), 'c-1'), 'ZA003 the spot check is refused|The draw is in state "assigned"; checks are assigned when it is selected.|%', 'nothing is added to the sample');
SELECT alike(pg_temp.told('t_bureau', format('UPDATE aidcase.spot_check SET checker_id = %s WHERE check_id = %s', (SELECT staff_id FROM staff WHERE staff_no = 'c-4'), (SELECT check_id FROM k WHERE n = 1))),
    'ZA003 the spot check is refused|The checker reads decisions of the whole district by another post.|%', 'a check is not passed to somebody unfit');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.spot_check SET item_id = item_id + 1 WHERE check_id = %s', (SELECT check_id FROM k WHERE n = 1))), '22023 column "item_id" of "spot_check" cannot be changed|%', 'nor to another household');
SELECT alike(pg_temp.told('postgres', format('DELETE FROM aidcase.spot_check WHERE check_id = %s', (SELECT check_id FROM k WHERE n = 1))), 'ZA006 %', 'nor taken away');

-- ---------------------------------------------------------------------
-- Blind

SELECT check_id AS k1, round_id AS r1, case_id AS case1, checker AS c1, amount AS granted1 FROM k WHERE n = 1 \gset
SELECT isnt(pg_temp.by_checker(:'c1', format('SELECT address FROM aidcase.check_form WHERE check_id = %s', :k1)), NULL, 'a checker sees where to go');
SELECT isnt(pg_temp.by_checker(:'c1', format('SELECT members FROM aidcase.check_form WHERE check_id = %s', :k1)), NULL, 'and to whom');
SELECT is(pg_temp.by_checker(:'c1', format('SELECT decision FROM aidcase.check_form WHERE check_id = %s', :k1)), NULL, 'not what was decided');
SELECT is(pg_temp.by_checker(:'c1', 'SELECT count(*) FROM aidcase.check_form'), (SELECT count(*)::text FROM k WHERE checker = :'c1'), 'of the own checks only');
-- every relation of the schemas that the login may read, by the rows about
-- the household
CREATE FUNCTION pg_temp.readable(no text, the_case bigint, the_round bigint, login text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    c record;
    n bigint;
BEGIN
    FOR c IN SELECT k.oid, k.oid::regclass AS name, a.attname, a.attname = 'round_id' AS of_round
               FROM pg_class AS k JOIN pg_attribute AS a ON a.attrelid = k.oid AND a.attname IN ('round_id', 'case_id', 'case_key') AND NOT a.attisdropped
              WHERE k.relnamespace::regnamespace::text IN ('aidcase', 'aidcase_bi') AND k.relkind IN ('r', 'v') ORDER BY 2, 3
    LOOP
        BEGIN
            n := pg_temp.by_checker(no, format('SELECT count(*) FROM %s WHERE %I = %s', c.name, c.attname, CASE WHEN c.of_round THEN the_round ELSE the_case END), login);
        EXCEPTION WHEN insufficient_privilege THEN n := 0;
        END;
        IF n > 0 THEN RETURN NEXT c.name::text; END IF;
    END LOOP;
END
$$;
SELECT set_eq(format('SELECT replace(pg_temp.readable(%L, %s, %s), ''aidcase.'', '''')', :'c1', :case1, :r1), ARRAY['aid_case', 'case_member', 'spot_check', 'check_form'], 'before the lock only these have rows of the household');
SELECT set_eq(format('SELECT replace(pg_temp.readable(%L, %s, %s, ''t_both''), ''aidcase.'', '''')', :'c1', :case1, :r1), ARRAY['aid_case', 'case_member', 'spot_check', 'check_form', 'aidcase_bi.fact_case', 'aidcase_bi.dim_applicant'], 'also through a login that serves clerks, too');
SELECT is(pg_temp.by_checker(:'c1', 'SELECT count(*) FROM aidcase.case_member WHERE round_id NOT IN (SELECT round_id FROM aidcase.spot_check)'), '0', 'and only of households to be checked');
SELECT alike(pg_temp.checker_told(:'c1', q), '42501 %', 'refused: ' || left(q, 40))
  FROM unnest(ARRAY['SELECT citizen_id FROM aidcase.case_member', 'SELECT * FROM aidcase.award', 'SELECT * FROM aidcase.payment', 'SELECT * FROM aidcase.draw', 'SELECT * FROM aidcase.draw_item',
                    'SELECT * FROM aidcase.publication_item', 'SELECT * FROM aidcase.frame_confirmation', 'SELECT * FROM aidcase.ledger', 'SELECT * FROM aidcase.ledger_entry', 'SELECT * FROM aidcase.income_item',
                    'SELECT * FROM aidcase.check_result', 'SELECT * FROM aidcase.deadline', 'SELECT * FROM aidcase.payment_list(date ''2021-05-01'')']) AS q;
SELECT is(pg_temp.by_checker(:'c1', 'SELECT count(*) FROM aidcase.determination') || pg_temp.by_checker(:'c1', 'SELECT count(*) FROM aidcase.assistance_opinion') || pg_temp.by_checker(:'c1', 'SELECT count(*) FROM aidcase.case_round'), '000', 'no determination, no opinion, no round');
SELECT unalike(coalesce(pg_temp.checker_told(:'c1', format(q, :r1)), ''), '(done)', 'by no function: ' || left(q, 40))
  FROM unnest(ARRAY['SELECT jsonb_array_length(aidcase.case_file((SELECT case_id FROM aidcase.case_round WHERE round_id = %s)) -> ''rounds'') + 1 / 0', 'SELECT 1 / count(*) FROM aidcase.explain(%s)', 'SELECT 1 / count(*) FROM aidcase.next_actions(%s)']) AS q;

-- ---------------------------------------------------------------------
-- Visits and results

SELECT pg_temp.clock('2021-05-07 16:00+08');
CREATE FUNCTION pg_temp.result(the_check bigint, more jsonb, visit text DEFAULT '2021-05-07T09:00:00+08:00', outcome text DEFAULT 'seen') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT aidcase.record_check_result(%L)', jsonb_build_object('check_id', the_check, 'visits', jsonb_build_array(jsonb_build_object('visited_at', visit, 'outcome', outcome))) || more) $$;
SELECT is(pg_temp.checker_told(:'c1', pg_temp.result(:k1, '{"eligible": "yes", "amount": "-1", "findings": [{"type": "rudeness"}]}', '2031-05-07T09:00:00+08:00', 'asleep')),
    'ZA007 the result of the check has 6 faults|amount: must not be negative
eligible: must be true or false
findings[0].evidence: is missing
findings[0].type: must be one of none, wrong, missed, over, under, fraud, favouritism, dereliction, document
visits[0].outcome: must be one of seen, not_at_home, moved_away, refused_entry
visits[0].visited_at: must not be in the future', 'all faults of a result at once');
SELECT alike(pg_temp.checker_told((SELECT checker FROM k WHERE checker <> :'c1' LIMIT 1), pg_temp.result(:k1, '{"eligible": true, "amount": "1.00"}')), '42501 permission denied to record a visit of this check|%', 'another''s check');
SELECT alike(pg_temp.checker_told(:'c1', format($$UPDATE aidcase.spot_check SET state = 'found', found_eligible = true, found_amount = 1 WHERE check_id = %s RETURNING 1$$, :k1)),
    'ZA003 cannot find: 1 condition is not met|No visit at which the household was seen is recorded.', 'nothing is found without a visit');
SELECT alike(pg_temp.checker_told(:'c1', pg_temp.result(:k1, '{"amount": "1.00"}')), 'ZA003 the spot check is refused|Say whether the household is eligible (found_eligible).', 'the judgement is asked for');
SELECT alike(pg_temp.checker_told(:'c1', pg_temp.result(:k1, '{"eligible": true}')), 'ZA003 the spot check is refused|Say what amount is due (found_amount).', 'and the amount');
SELECT alike(pg_temp.checker_told(:'c1', pg_temp.result(:k1, '{"eligible": false, "amount": "5.00"}')), '23514 %', 'nothing is due to who is not eligible');
SELECT alike(pg_temp.checker_told(:'c1', pg_temp.result(:k1, '{"eligible": true, "amount": "1.00"}', '2021-05-05T09:00:00+08:00')), 'ZA003 the visit is refused|The visit lies before the assignment.', 'nobody goes before the assignment');
SELECT alike(pg_temp.checker_told(:'c1', pg_temp.result(:k1, '{"eligible": true, "amount": "1.00", "findings": [{"type": "over", "evidence": "x"}]}')), 'ZA003 the finding is refused|%', 'an overpayment is not entered by hand');
SELECT alike(pg_temp.checker_told(:'c1', format($$INSERT INTO aidcase.finding (check_id, finding_type) VALUES (%s, 'fraud') RETURNING 1$$, :k1)), '23514 %', 'nor fraud without evidence');
SELECT is(pg_temp.by_checker(:'c1', pg_temp.result(:k1, '{"eligible": true, "amount": "100.00", "note": "子女每月寄钱"}')), 'found', 'a result');
SELECT is(pg_temp.by_checker(:'c1', format('SELECT decision FROM aidcase.check_form WHERE check_id = %s', :k1)), NULL, 'which does not show the decision yet');
SELECT is(pg_temp.by_checker(:'c1', format($$UPDATE aidcase.spot_check SET state = 'assigned' WHERE check_id = %s RETURNING state$$, :k1)), 'assigned', 'it can be taken back');
SELECT is(pg_temp.by_checker(:'c1', format($$UPDATE aidcase.spot_check SET state = 'found', found_amount = 120 WHERE check_id = %s RETURNING state$$, :k1)), 'found', 'and made anew');
SELECT is(pg_temp.by_checker(:'c1', format($$SELECT aidcase.advance('spot_check', %s, 'lock')$$, :k1)), 'locked', 'and locked');
SELECT isnt(pg_temp.by_checker(:'c1', format('SELECT decision FROM aidcase.check_form WHERE check_id = %s', :k1)), NULL, 'then the decision shows');
SELECT set_eq(format('SELECT replace(pg_temp.readable(%L, %s, %s), ''aidcase.'', '''')', :'c1', :case1, :r1),
    ARRAY['aid_case', 'case_member', 'spot_check', 'check_form', 'check_visit', 'finding', 'determination', 'assistance_opinion', 'case_round'], 'with determination and opinion');
SELECT is(pg_temp.by_checker(:'c1', 'SELECT string_agg(DISTINCT round_id::text, '','') FROM aidcase.determination'), :'r1', 'of this household, not of the next');
SELECT results_eq(format('SELECT finding_type, cause, yuan_over, yuan_under FROM finding WHERE check_id = %s', :k1), format('VALUES (''over'', NULL::text, %s::numeric(14,2), 0::numeric(14,2))', :granted1 - 120), 'the comparison: paid too much, by arithmetic');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.spot_check SET found_amount = 500 WHERE check_id = %s$$, :k1)), 'ZA004 %', 'what is locked stays');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.finding SET yuan_over = 1 WHERE check_id = %s$$, :k1)), 'ZA004 a finding cannot be changed|%', 'the finding, too');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.finding SET cause = 'unit' WHERE check_id = %s$$, :k1)), 'ZA004 a finding cannot be changed|%', 'its cause waits until all are locked');
SELECT alike(pg_temp.checker_told(:'c1', format($$INSERT INTO aidcase.finding (check_id, finding_type, evidence) VALUES (%s, 'fraud', 'x') RETURNING 1$$, :k1)), 'ZA003 the finding is refused|The check is in state "locked".', 'nothing is added after the lock');

-- the other outcomes: as granted, under, not eligible with fraud, papers
SELECT is(pg_temp.by_checker(checker, pg_temp.result(check_id, jsonb_build_object('lock', true, 'eligible', n <> 4, 'amount', CASE n WHEN 4 THEN 0::numeric(14,2) WHEN 3 THEN amount + 50 ELSE amount END::text)
        || CASE n WHEN 4 THEN '{"findings": [{"type": "fraud", "evidence": "隐瞒企业股权"}]}' WHEN 5 THEN '{"findings": [{"type": "document", "evidence": "缺签名", "sha256": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}]}' ELSE '{}'::jsonb END)),
    'locked', 'check ' || n) FROM k WHERE n BETWEEN 2 AND 5 ORDER BY n;
SELECT results_eq('SELECT n, finding_type, yuan_over > 0, yuan_under FROM finding JOIN k USING (check_id) WHERE n > 1 ORDER BY n, finding_type',
    $$VALUES (2::bigint, 'none', false, 0::numeric(14,2)), (3, 'under', false, 50), (4, 'fraud', false, 0), (4, 'wrong', true, 0), (5, 'document', false, 0)$$, 'one locked result for each check');
SELECT is((SELECT yuan_over FROM finding JOIN k USING (check_id) WHERE n = 4 AND finding_type = 'wrong'), (SELECT amount FROM k WHERE n = 4), 'who is not eligible got all of it too much');

-- ---------------------------------------------------------------------
-- Not at home

SELECT check_id AS k6, checker AS c6, stratum AS s6 FROM k WHERE n = 6 \gset
SELECT check_id AS k7, checker AS c7 FROM k WHERE n = 7 \gset
SELECT alike(pg_temp.checker_told(:'c6', pg_temp.result(:k6, '{"not_reached": "无人在家"}', outcome => 'not_at_home')),
    'ZA003 cannot give_up: 1 condition is not met|Visits on 2 different days are needed before a household counts as not reached.', 'one visit is not enough');
SELECT pg_temp.by_checker(:'c6', format($$INSERT INTO aidcase.check_visit (check_id, visited_at, outcome) VALUES (%s, '2021-05-06 15:00+08', 'not_at_home') RETURNING 1$$, :k6)) AS visited;
SELECT alike(pg_temp.checker_told(:'c6', pg_temp.result(:k6, '{"not_reached": " "}', outcome => 'not_at_home')), 'ZA007 the result of the check has 1 fault|not_reached: must not be empty', 'a reason is needed');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.replace_check(%s, 'x')$$, :k6)), 'ZA007 %Only a household that was not reached is replaced.%', 'nobody is replaced before');
SELECT is(pg_temp.by_checker(:'c6', pg_temp.result(:k6, '{"not_reached": "两次上门无人"}', outcome => 'not_at_home')), 'not_reached', 'two visits are');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'lock')$$, :d)), 'ZA003 cannot lock: 1 condition is not met|1 checks are not locked. 1 households that were not reached can still be replaced.|%', 'the draw is not locked before');
SELECT alike(pg_temp.enter(format('i.draw_id = %s AND i.stratum = %L AND i.reserve AND i.rank = (SELECT max(rank) FROM aidcase.draw_item WHERE draw_id = %1$s AND stratum = %2$L AND reserve)', :d, :'s6'), 'c-1', format('%s, ''so''', :k6)),
    'ZA003 the spot check is refused|It is not the next ticket of the stratum''s reserves.%', 'not by another than the next ticket');
SELECT alike(pg_temp.told('t_bureau', format('SELECT aidcase.replace_check(%s, '' '')', :k6)), 'ZA007 %Say why the household is replaced.%', 'not without a reason');
SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.replace_check(%s, ''两次上门无人'')', :k6))::bigint AS k8 \gset
SELECT is((SELECT i.rank FROM spot_check JOIN draw_item AS i USING (item_id) WHERE check_id = :k8),
    (SELECT sample_size::integer + 1 FROM draw_stratum WHERE draw_id = :d AND stratum = :'s6'), 'the next ticket of the stratum stands in');
SELECT alike(pg_temp.told('t_bureau', format('SELECT aidcase.replace_check(%s, ''x'')', :k6)), 'ZA007 %The household was replaced already.%', 'once');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :d), 'it verifies');
SELECT is(jsonb_array_length(draw_certificate(:d) -> 'replacements'), 1, 'the certificate names it');
SELECT staff_no AS c8, amount AS g8 FROM spot_check AS k JOIN staff AS s ON s.staff_id = k.checker_id JOIN draw_item USING (item_id) WHERE check_id = :k8 \gset
SELECT pg_temp.clock('2021-05-10 16:00+08');
SELECT is(pg_temp.by_checker(:'c7', pg_temp.result(:k7, '{"not_reached": "全家搬走"}', '2021-05-10T09:00:00+08:00', 'moved_away')), 'not_reached', 'who moved away is not sought again');
SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.replace_check(%s, ''全家搬走'')', :k7))::bigint AS k9 \gset
SELECT staff_no AS c9, amount AS g9 FROM spot_check AS k JOIN staff AS s ON s.staff_id = k.checker_id JOIN draw_item USING (item_id) WHERE check_id = :k9 \gset
SELECT is(pg_temp.by_checker(c, pg_temp.result(n, jsonb_build_object('eligible', true, 'amount', g::text, 'lock', true), '2021-05-10T10:00:00+08:00')), 'locked', 'the replacement is checked')
  FROM (VALUES (:'c8', :k8::bigint, :g8::numeric(14,2)), (:'c9', :k9, :g9)) AS v (c, n, g);
SELECT is(draw_certificate(:d) -> 'checks', 'null', 'the certificate tells no results before they are revealed');

-- ---------------------------------------------------------------------
-- Lock, reveal, settle, certify

SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'reveal')$$, :d)), 'ZA003 cannot reveal from state "assigned"|%', 'nothing is revealed before the lock');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'lock')$$, :d)), 'locked', 'all is locked');
SELECT alike(pg_temp.told('t_bureau', format($$INSERT INTO aidcase.corrective_action (finding_id, unit_id, owner_id, task) SELECT finding_id, unit_id, checker_id, 'x' FROM aidcase.finding WHERE check_id = %s$$, :k1)),
    'ZA003 the entry about the finding is refused|The findings of the draw are not revealed yet.|%', 'no action before the findings are revealed');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'reveal')$$, :d)), 'revealed', 'and revealed');
SELECT is(draw_certificate(:d) -> 'checks', '{"locked": 7, "not_reached": 2, "findings": {"none": 3, "over": 1, "under": 1, "wrong": 1, "fraud": 1, "document": 1}}', 'the certificate counts the findings');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'estimate')$$, :d)), 'ZA003 cannot estimate: 1 condition is not met|5 findings have no cause.|%', 'each finding needs its cause');
SELECT alike(pg_temp.told('t_clerk', 'UPDATE aidcase.finding SET cause = ''household'''), '42501 %', 'the town does not say whose');
SELECT is(pg_temp.command('t_bureau', format('UPDATE aidcase.finding SET cause = CASE finding_type WHEN ''fraud'' THEN ''household'' ELSE ''unit'' END WHERE draw_id = %s AND finding_type <> ''none''', :d)), 5::bigint, 'the bureau does');
SELECT alike(pg_temp.told('t_bureau', format('UPDATE aidcase.finding SET cause = ''household'' WHERE check_id = %s', :k1)), 'ZA004 %', 'once');
-- the unit objects to a finding of its own
SELECT f.finding_id AS f3, u.unit_code AS u3, f.unit_id AS unit3 FROM finding AS f JOIN k USING (check_id) JOIN unit AS u ON u.unit_id = f.unit_id WHERE f.finding_type IN ('over', 'under', 'wrong') AND u.unit_code = '340705100' ORDER BY n LIMIT 1 \gset
SELECT is(pg_temp.command('t_leader', format($$INSERT INTO aidcase.finding_objection (finding_id, unit_id, grounds) VALUES (%s, %s, '金额含一次性补贴')$$, :f3, :unit3)), 1::bigint, 'the unit objects');
SELECT alike(pg_temp.told('t_leader', format($$INSERT INTO aidcase.finding_objection (finding_id, unit_id, grounds) SELECT finding_id, %s, 'x' FROM aidcase.finding WHERE finding_type = 'none' AND unit_id = %1$s LIMIT 1$$, :unit3)), 'ZA003 %Nothing was found.%', 'not where nothing was found');
SELECT alike(pg_temp.told('t_clerk', format($$INSERT INTO aidcase.finding_objection (finding_id, unit_id, grounds) VALUES (%s, %s, 'x')$$, :f3, :unit3)), '42501 %', 'a clerk does not');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'estimate')$$, :d)), 'ZA003 cannot estimate: 1 condition is not met|1 objections are not decided.|%', 'the objection is decided first');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('finding_objection', (SELECT objection_id FROM aidcase.finding_objection WHERE finding_id = %s), 'reject', '已核实')$$, :f3)), 'rejected', 'it is rejected');
SELECT is((SELECT bool_and(wrong) FROM check_result WHERE draw_id = :d AND check_id = (SELECT check_id FROM finding WHERE finding_id = :f3)), true, 'the finding counts');
SAVEPOINT upheld;
SET LOCAL session_replication_role = replica;
UPDATE finding_objection SET state = 'upheld' WHERE finding_id = :f3;
SELECT is((SELECT count(*) FROM check_result AS c JOIN finding AS f ON f.check_id = c.check_id AND f.finding_id = :f3 WHERE f.finding_type = ANY (c.types)), 0::bigint, 'one that is upheld does not');
ROLLBACK TO upheld;
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'estimate')$$, :d)), 'estimated', 'then it is estimated');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'certify')$$, :d)), 'ZA003 cannot certify: 1 condition is not met|5 findings have no corrective action.|%', 'each finding is to be put right');
SELECT is(pg_temp.command('t_bureau', format($$INSERT INTO aidcase.corrective_action (finding_id, unit_id, owner_id, task, recovery_ref) SELECT finding_id, unit_id, (SELECT staff_id FROM aidcase.staff WHERE staff_no = 'x-leader'), '纠正并追回', 'ZH-1' FROM aidcase.finding WHERE draw_id = %s AND finding_type <> 'none'$$, :d)), 5::bigint, 'which is ordered');
SELECT results_eq('SELECT DISTINCT clock, due_at FROM deadline WHERE subject = ''corrective_action''', $$VALUES ('corrective_action', midnight_here(add_workdays('2021-05-10', 30) + 1))$$, 'with a time limit of 30 working days');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'certify')$$, :d)), 'certified', 'and certified');
SELECT action_id AS a3 FROM corrective_action WHERE finding_id = :f3 \gset
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.advance('corrective_action', %s, 'close')$$, :a3)), 'ZA003 %', 'what is not reported is not closed');
SELECT pg_temp.by_login('t_leader', format($$SELECT aidcase.advance('corrective_action', %s, 'report')$$, :a3)) AS reported;
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.advance('corrective_action', %s, 'close')$$, :a3)), 'ZA003 cannot close: 1 condition is not met|What was done, and the hash of the proof, are not recorded.|%', 'nor without a proof');
SELECT pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('corrective_action', %s, 'send_back', '缺证明')$$, :a3)) AS sent_back;
SELECT is(pg_temp.command('t_leader', format($$UPDATE aidcase.corrective_action SET state = 'reported', done = '已重新核定', proof_sha256 = sha256('p') WHERE action_id = %s$$, :a3)), 1::bigint, 'the unit reports it with a proof');
SELECT is(pg_temp.by_login('t_bureau', format($$SELECT aidcase.advance('corrective_action', %s, 'close')$$, :a3)), 'closed', 'the bureau closes it');
SELECT is((SELECT met_at IS NOT NULL FROM deadline WHERE subject = 'corrective_action' AND subject_id = :a3), true, 'in time');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :d), 'the certified draw verifies');
SELECT alike(draw_page(:d), '%抽样证书 / Certificate of a draw%not reached 2%signed:%', 'its page is there');

-- visited again in the next draw
SELECT pg_temp.confirm('next', '340705100', '340705100201', '{21}', 100, '2021-05-12 10:00+08') AS next \gset
SELECT pg_temp.clock('2021-06-03 10:00+08');
SELECT pg_temp.by_login('t_bureau', $$SELECT aidcase.plan_draw('e', '[2021-05-01,2021-06-01)')$$)::bigint AS e \gset
SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.freeze_draw(%s)', :e)) AS root2 \gset
SELECT results_eq(format('SELECT round_id, certainties FROM draw_item WHERE draw_id = %s ORDER BY round_id', :e), format($$VALUES (%s::bigint, '{followup}'::text[]), (%s, '{}')$$, (SELECT round_id FROM finding WHERE finding_id = :f3), :next), 'the next draw has the new one, and what was put right with certainty');

-- found afterwards
CREATE FUNCTION pg_temp.tampered(command text, draw bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    BEGIN
        SET LOCAL session_replication_role = replica;
        EXECUTE command;
        SELECT string_agg(DISTINCT fault, '; ' ORDER BY fault) INTO found FROM aidcase.verify_draw(draw);
        RAISE EXCEPTION 'back' USING ERRCODE = 'ZZ999';
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN NULL;
    END;
    RETURN found;
END
$$;
SELECT is(pg_temp.tampered(format('UPDATE aidcase.finding SET yuan_over = 1 WHERE check_id = %s', :k1), :d), 'the findings are not what the check and the decision give', 'a finding made smaller is found');
-- which items are free depends on the sample, and that on numbers of cases
SELECT alike(pg_temp.tampered(format('UPDATE aidcase.spot_check SET item_id = (SELECT max(i.item_id) FROM aidcase.draw_item AS i WHERE i.draw_id = %s AND i.item_id NOT IN (SELECT k.item_id FROM aidcase.spot_check AS k)) WHERE check_id = %s', :d, :k8), :d),
    '%the replacement is not the next ticket of its stratum%', 'another replacement');
SELECT alike(pg_temp.tampered(format('DELETE FROM aidcase.spot_check WHERE check_id = %s', (SELECT check_id FROM k WHERE n = 2)), :d), '%nobody is assigned to the sampled item%', 'a check taken out');
SELECT is(pg_temp.tampered(format('UPDATE aidcase.draw_item SET amount = amount + 1 WHERE draw_id = %s AND round_id = %s', :e, :next), :e), 'the amount is not what the round granted', 'another amount in the frame');
SELECT is(pg_temp.tampered(format('UPDATE aidcase.draw_item SET certainties = ''{whim}'', certainty = true WHERE draw_id = %s AND round_id = %s', :d, :r1), :d),
    'the frame''s root or size differs; the item is certain for a reason that no rule gives; the stratum is not that of unit, programme and certainty', 'certainty on a whim');
SELECT is(pg_temp.tampered(format('UPDATE aidcase.checkpoint_receipt SET entry_no = entry_no + 1000000 WHERE tree_size = (SELECT covered_size FROM aidcase.draw WHERE draw_id = %s)', :d), :d),
    'the checkpoint has no receipt that came before the seed', 'a receipt from after the seed');
SELECT is(pg_temp.tampered(format('UPDATE aidcase.draw SET frame_entry_no = frame_entry_no + 1 WHERE draw_id = %s', :d), :d),
    'the checkpoint does not cover the frozen frame; the ledger has no entry of this frozen frame', 'another entry');

SELECT * FROM finish();
ROLLBACK;
