-- bi: the star schema as BI tools find it.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(120);
\ir parts/household.sql
\ir parts/draw.sql

-- Households of two units, decided, published and paid for a month, and one
-- that is not decided; the clock stands in June 2021.
SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-30 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100202', '{3}', 100.10, '2021-04-30 16:00+08') AS b \gset
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT pg_temp.by_staff('x-clerk', $$SELECT make_roll('340705100', '2021-05-01')$$) AS roll \gset
SELECT pg_temp.by_staff('d-clerk', format('SELECT round_id FROM file_case(%L)',
    pg_temp.application('c', '340705005', '340705005002', '{4}', 200, '2021-05-06'))) AS c \gset
SELECT pg_temp.by_staff('d-clerk', format($$SELECT advance(%s, 'accept')$$, :c)) AS moved \gset
SELECT pg_temp.by_staff('d-clerk', format($$SELECT aidcase.record_check(jsonb_build_object('round_id', %s, 'reference_no', 'k',
    'requested_at', pg_temp.iso(aidcase.now_here()), 'returned_at', pg_temp.iso(aidcase.now_here()),
    'results', (SELECT jsonb_agg(jsonb_build_object('member', m.member_id, 'outcome', 'suspicious',
        'hits', '[{"registry": "vehicle", "description": "登记车辆一辆"}]'::jsonb))
      FROM aidcase.case_member AS m WHERE m.round_id = %1$s)))$$, :c)) AS checked \gset
-- A draw of both confirmations: one is checked, and paid too much, the other is
-- still to be visited.  And a flag.
SELECT enrol_staff('{"staff_no":"c-1","name":"抽查一","employed_from":"2020-01-01","posts":[{"unit":"340705","post":"checker","from":"2020-01-01"}]}') > 0 AS enrolled \gset
CREATE ROLE t_check LOGIN IN ROLE aidcase_checker, aidcase_gateway;
CREATE FUNCTION pg_temp.by_checker(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    who bigint := (SELECT staff_id FROM aidcase.staff WHERE staff_no = 'c-1');
    answer text;
BEGIN
    SET LOCAL SESSION AUTHORIZATION t_check;
    PERFORM aidcase.act_as(who);
    EXECUTE query INTO answer;
    RESET SESSION AUTHORIZATION;
    RETURN answer;
END
$$;
SELECT pg_temp.by_login('t_bureau', $$SELECT aidcase.plan_draw('五月', '[2021-04-01,2021-05-01)', 'rivest', 1, 1, 1)$$)::bigint AS d \gset
SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.freeze_draw(%s)', :d)) AS root \gset
SELECT pg_temp.seed(:d, '27182818284590452353') AS drawn, pg_temp.by_login('t_bureau', format('SELECT aidcase.assign_draw(%s)', :d)) AS assigned \gset
SELECT check_id AS checked_a FROM spot_check WHERE round_id = :a \gset
SELECT pg_temp.clock('2021-05-07 16:00+08');
SELECT pg_temp.by_checker(format('SELECT aidcase.record_check_result(%L)', jsonb_build_object('check_id', :checked_a, 'eligible', true,
    'amount', (SELECT (amount - 12.50)::text FROM draw_item WHERE draw_id = :d AND round_id = :a), 'lock', true,
    'visits', '[{"visited_at": "2021-05-07T09:00:00+08:00", "outcome": "seen"}]'::jsonb))) AS result \gset
INSERT INTO conflict_flag (flag_type, case_id, round_id, member_id, staff_id, capacity, relation, source, source_id, known_at, path_zh, path_en)
SELECT 'relative_of_staff', m.case_id, m.round_id, m.member_id, s.staff_id, 'handler', 'child', 'kin_tie', 1, '2021-05-05 23:30+08', '测试经办—子女', 'a path'
  FROM case_member AS m, staff AS s WHERE m.round_id = :b AND s.staff_no = 'x-clerk';
SELECT pg_temp.clock('2021-06-15 10:00+08');

-- ---------------------------------------------------------------------
-- The contract

CREATE TEMP VIEW bi_view AS
SELECT c.oid, c.relname::text COLLATE "default" AS name, c.relowner, c.reloptions
  FROM pg_class AS c WHERE c.relnamespace = 'aidcase_bi'::regnamespace;
SELECT is((SELECT string_agg(DISTINCT version, ' ') FROM aidcase_bi.contract), '1.0', 'version of the contract');
SELECT results_eq($$
    SELECT view_name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY position)
      FROM aidcase_bi.contract GROUP BY view_name ORDER BY view_name COLLATE "C"$$, $$
SELECT v, regexp_replace(c, '\s+', ' ', 'g') FROM (VALUES
        ('contract', 'version text, view_name text, column_name text, position bigint, data_type text,
        label_zh text, label_en text'),
        ('dim_applicant', 'case_key bigint, member_key bigint, masked_id text, sex text, sex_zh text, sex_en text, birth_year bigint'),
        ('dim_date', 'date_key bigint, date date, year bigint, quarter bigint, month bigint, day bigint,
        month_start date, year_month text, year_month_zh text, iso_year bigint, iso_week bigint, weekday
        bigint, weekday_zh text, weekday_en text, workday bigint, workdays_so_far bigint, holiday text'),
        ('dim_programme', 'programme_key text, label_zh text, label_en text, cash bigint, recurring bigint,
        exclusion_group text, class_priority bigint, sort bigint'),
        ('dim_staff', 'staff_key bigint, unit_key bigint, post text, post_zh text, post_en text, post_level
        text, employed bigint'),
        ('dim_unit', 'unit_key bigint, unit_code text, name text, unit_kind text, unit_kind_zh text,
        unit_kind_en text, decides bigint, parent_key bigint, parent_code text, district_code text, valid_from
        date, valid_to date, delegated bigint'),
        ('fact_award_month', 'award_key bigint, month date, month_date_key bigint, case_key bigint, round_key
        bigint, determination_key bigint, unit_key bigint, programme_key text, residence text, persons bigint,
        amount numeric, base_amount numeric, addon_amount numeric, care_amount numeric, other_amount numeric,
        first_month bigint, last_month bigint, stop_reason text'),
        ('fact_case', 'case_key bigint, district_code text, unit_key bigint, village_key bigint, residence
        text, residence_zh text, residence_en text, opened_on date, opened_date_key bigint, continues_case_key
        bigint, rounds bigint, first_accepted_on date, last_decided_on date, persons bigint, in_benefit
        bigint, monthly_amount numeric'),
        ('fact_check_hit', 'hit_key bigint, check_key bigint, case_key bigint, round_key bigint, unit_key
        bigint, registry text, registry_zh text, registry_en text, amount numeric, raised_on date,
        raised_date_key bigint, finding text, finding_zh text, finding_en text, cleared_on date, open bigint,
        days_open bigint, staff_key bigint'),
        ('fact_deadline', 'deadline_key bigint, subject text, subject_key bigint, case_key bigint, unit_key
        bigint, clock text, clock_zh text, clock_en text, started_on date, started_date_key bigint, due_on
        date, met_on date, cancelled_on date, provisional bigint, outcome text, hours_late numeric'),
        ('fact_determination', 'determination_key bigint, round_key bigint, case_key bigint, unit_key bigint,
        programme_key text, determined_on date, determined_date_key bigint, rules_of date, benefit_month date,
        residence text, members bigint, annual_income numeric, monthly_income numeric, per_capita numeric,
        standard numeric, eligible bigint, low_income_class text, low_income_class_zh text,
        low_income_class_en text, base_amount numeric, addon_amount numeric, care_amount numeric, amount numeric, minimum_amount
        numeric, maximum_amount numeric, reasons text, illustrative bigint, latest bigint, staff_key bigint'),
        ('fact_flag', 'flag_key bigint, case_key bigint, round_key bigint, unit_key bigint, staff_key bigint,
        other_staff_key bigint, other_case_key bigint, flag_type text, flag_type_zh text, flag_type_en text,
        level text, level_zh text, level_en text, capacity text, capacity_zh text, capacity_en text, relation
        text, relation_zh text, relation_en text, bars bigint, certain bigint, filed_late bigint, unfiled
        bigint, decided_meanwhile bigint, known_on date, known_date_key bigint, state text, state_zh text,
        state_en text, open bigint'),
        ('fact_payment', 'payment_key bigint, roll_key bigint, unit_key bigint, case_key bigint, award_key
        bigint, programme_key text, roll_month date, roll_month_date_key bigint, benefit_month date, pay_day
        date, roll_state text, roll_state_zh text, roll_state_en text, paid bigint, line_kind text,
        line_kind_zh text, line_kind_en text, persons bigint, base_amount numeric, addon_amount numeric,
        amount numeric'),
        ('fact_round', 'round_key bigint, case_key bigint, unit_key bigint, round_no bigint, round_kind text,
        round_kind_zh text, round_kind_en text, procedure text, procedure_version bigint, state text, state_zh
        text, state_en text, state_kind text, channel text, channel_zh text, channel_en text, first_contact_on
        date, accepted_on date, accepted_date_key bigint, decided_on date, decided_date_key bigint,
        days_to_decision bigint, meeting_key bigint'),
        ('fact_spot_check', 'check_key bigint, draw_key bigint, draw_name text, period_from date, period_to
        date, case_key bigint, round_key bigint, unit_key bigint, programme_key text, staff_key bigint,
        stratum text, stratum_population bigint, stratum_sample bigint, certainty bigint, replacement bigint,
        replaced bigint, state text, state_zh text, state_en text, done bigint, decided_on date,
        decided_date_key bigint, locked_on date, locked_date_key bigint, amount numeric, found_eligible
        bigint, found_amount numeric, findings text, wrong bigint, by_unit bigint, by_household bigint,
        yuan_over numeric, yuan_under numeric')) AS k (v, c)
    $$, 'no column of the contract has changed: a change needs a new version');
SELECT is_empty($$SELECT name FROM bi_view WHERE relowner <> 'aidcase_owner'::regrole
                     OR NOT 'security_invoker=true' = ANY (reloptions)$$,
    'every view belongs to the register and reads with the rights of who asks');
SELECT is_empty($$SELECT view_name, column_name FROM aidcase_bi.contract
                   WHERE data_type NOT IN ('text', 'date', 'numeric', 'bigint')$$, 'plain types only');
SELECT is_empty($$SELECT view_name, column_name FROM aidcase_bi.contract
                   WHERE coalesce(label_zh, '') !~ '[一-龥]' OR coalesce(label_en, '') !~ '[a-z0-9]'$$,
    'every column says in Chinese and English what it holds');
SELECT is_empty($$SELECT name FROM bi_view WHERE coalesce(obj_description(oid, 'pg_class'), '') !~ '[一-龥].* / .*[a-z]'$$,
    'and every view');

-- ---------------------------------------------------------------------
-- Who reads what

SELECT is(pg_temp.told('t_stranger', format('SELECT FROM aidcase_bi.%I', name)),
    '42501 permission denied for schema aidcase_bi||', 'without a group role nobody reads ' || name)
  FROM bi_view ORDER BY name COLLATE "C";
SELECT is(pg_temp.told(l, format('SELECT FROM aidcase_bi.%I', name)), '(done)', l || ' reads ' || name)
  FROM bi_view CROSS JOIN unnest(ARRAY['t_analyst', 't_bureau', 't_inspector']) AS l
 WHERE l <> 't_analyst' OR name NOT IN ('fact_flag', 'dim_applicant')
 ORDER BY l, name COLLATE "C";
SELECT alike(pg_temp.told('t_analyst', format('SELECT FROM aidcase_bi.%I', v)), '42501 %', 'an analyst does not read ' || v)
  FROM unnest(ARRAY['dim_applicant', 'fact_flag']) AS v;
SELECT alike(pg_temp.told(l, format('SELECT FROM aidcase_bi.%I', v)), '42501 %', l || ' does not read ' || v)
  FROM (VALUES ('t_clerk', 'fact_flag'), ('t_leader', 'fact_flag'), ('t_finance', 'fact_flag'), ('t_clerk', 'fact_spot_check'),
               ('t_leader', 'fact_spot_check'), ('t_finance', 'fact_spot_check'), ('t_finance', 'dim_applicant')) AS x (l, v);
SELECT is(pg_temp.by_login(l, 'SELECT string_agg(state, '','' ORDER BY state) FROM aidcase_bi.fact_spot_check'), expected, l || ' sees the checks: ' || expected)
  FROM (VALUES ('t_bureau', 'assigned,locked'), ('t_analyst', 'locked')) AS x (l, expected);
SELECT is(pg_temp.told('t_finance', 'SELECT FROM aidcase_bi.fact_payment'), '(done)', 'finance reads payments');
SELECT alike(pg_temp.told('t_finance', 'SELECT FROM aidcase_bi.fact_determination'), '42501 %', 'and no determinations');
SELECT is_empty($$SELECT v.name, r.rolname FROM bi_view AS v CROSS JOIN pg_roles AS r
                   WHERE r.rolname ~ '^(t_|aidcase_)' AND r.rolname <> 'aidcase_owner'
                     AND has_table_privilege(r.oid, v.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')$$,
    'nobody may write through a view');

-- A town sees its own, in every fact.
CREATE FUNCTION pg_temp.units_in(login text) RETURNS TABLE (fact text, units text) LANGUAGE plpgsql AS $$
BEGIN
    FOR fact IN SELECT k.view_name FROM aidcase_bi.contract AS k
                 WHERE k.column_name = 'unit_key' AND k.view_name LIKE 'fact%'
                   AND has_table_privilege(login, 'aidcase_bi.' || k.view_name, 'SELECT') ORDER BY k.view_name COLLATE "C" LOOP
        units := pg_temp.by_login(login, format(
            $q$SELECT string_agg(DISTINCT u.unit_code, ' ' ORDER BY u.unit_code)
                 FROM aidcase_bi.%I AS f JOIN aidcase_bi.dim_unit AS u USING (unit_key)$q$, fact));
        RETURN NEXT;
    END LOOP;
END
$$;
SELECT results_eq($$SELECT * FROM pg_temp.units_in('t_clerk') WHERE units <> '340705100'$$, $$SELECT NULL::text, NULL::text WHERE false$$,
    'a clerk finds only the rows of the unit');
SELECT is(pg_temp.by_login('t_clerk', 'SELECT string_agg(case_key::text, '','' ORDER BY case_key) FROM aidcase_bi.dim_applicant'),
    (SELECT string_agg(c.case_id::text, ',' ORDER BY c.case_id) FROM aid_case AS c JOIN unit AS u USING (unit_id) WHERE u.unit_code = '340705100'),
    'and only its applicants');
SELECT results_eq($$SELECT fact FROM pg_temp.units_in('t_clerk') WHERE units = '340705100' ORDER BY fact COLLATE "C"$$,
    $$VALUES ('fact_award_month'), ('fact_case'), ('fact_deadline'), ('fact_determination'), ('fact_payment'), ('fact_round')$$,
    'and those are there');
SELECT results_eq($$SELECT * FROM pg_temp.units_in('t_analyst') WHERE fact IN ('fact_case', 'fact_check_hit', 'fact_round', 'fact_spot_check')$$,
    $$VALUES ('fact_case', '340705005 340705100'), ('fact_check_hit', '340705005'), ('fact_round', '340705005 340705100'), ('fact_spot_check', '340705100')$$,
    'an analyst finds the district');

-- Nothing personal in anything that an analyst reads.
CREATE FUNCTION pg_temp.all_text(login text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v record;
    result text := '';
BEGIN
    FOR v IN SELECT name FROM bi_view WHERE name NOT IN ('dim_date', 'contract', 'fact_flag', 'dim_applicant') OR login <> 't_analyst' LOOP
        result := result || coalesce(pg_temp.by_login(login,
            format('SELECT string_agg(row_to_json(f)::text, chr(10)) FROM aidcase_bi.%I AS f', v.name)), '');
    END LOOP;
    RETURN result;
END
$$;
CREATE TEMP TABLE everything AS SELECT l AS login, pg_temp.all_text(l) AS t FROM unnest(ARRAY['t_analyst', 't_inspector']) AS l;
SELECT cmp_ok((SELECT min(length(t)) FROM everything), '>', 10000, 'there is something to search');
SELECT is_empty($$
    SELECT e.login, m.name FROM everything AS e, aidcase.case_member AS m
     WHERE strpos(e.t, m.name) > 0 OR strpos(e.t, m.citizen_id::text) > 0
    UNION ALL SELECT e.login, s.name FROM everything AS e, aidcase.staff AS s
     WHERE strpos(e.t, s.staff_no) > 0
        -- some are called by their post, which is no secret
        OR strpos(e.t, s.name) > 0 AND NOT EXISTS (SELECT FROM aidcase.post AS p WHERE strpos(p.label_zh, s.name) > 0)
    UNION ALL SELECT e.login, p.account_no FROM everything AS e, aidcase.payee_account AS p WHERE strpos(e.t, p.account_no) > 0$$,
    'nobody reads a name, number or account in any view, not even the inspector');

-- ---------------------------------------------------------------------
-- Grain and keys

SELECT is((SELECT count(*) FROM aidcase_bi.fact_case), (SELECT count(*) FROM aid_case), 'a row a case');
SELECT is((SELECT count(*) FROM aidcase_bi.fact_round), (SELECT count(*) FROM case_round), 'a row a round');
SELECT is((SELECT count(*) FROM aidcase_bi.fact_determination), (SELECT count(*) FROM determination), 'a row a determination');
SELECT is((SELECT count(*) FROM aidcase_bi.fact_payment), (SELECT count(*) FROM payment), 'a row a line of a roll');
SELECT is((SELECT count(*) FROM aidcase_bi.fact_check_hit), (SELECT count(*) FROM registry_hit), 'a row an item');
SELECT is((SELECT count(*) FROM aidcase_bi.fact_deadline), (SELECT count(*) FROM deadline), 'a row a time limit');
SELECT is((SELECT count(*) FROM aidcase_bi.fact_spot_check), 2::bigint, 'a row a spot check');
SELECT is((SELECT count(*) FROM aidcase_bi.fact_flag), (SELECT count(*) FROM conflict_flag), 'a row a flag');
SELECT is((SELECT count(*) FROM aidcase_bi.dim_applicant), (SELECT count(*) FROM aid_case), 'an applicant a household');
SELECT is((SELECT count(*) FROM aidcase_bi.dim_unit), (SELECT count(*) FROM unit), 'a row a unit');
SELECT is((SELECT count(*) FROM aidcase_bi.dim_staff), (SELECT count(*) FROM staff), 'a row a member of staff');
SELECT is((SELECT count(*) FROM aidcase_bi.dim_programme), (SELECT count(*) FROM programme), 'a row a programme');

-- Every key of a fact is found where it points.
CREATE FUNCTION pg_temp.orphans() RETURNS TABLE (fact text, key text, orphans bigint) LANGUAGE plpgsql AS $$
DECLARE
    dim text;
    dim_key text;
BEGIN
    FOR fact, key IN SELECT k.view_name, k.column_name FROM aidcase_bi.contract AS k
                      WHERE (k.view_name LIKE 'fact%' OR k.view_name = 'dim_applicant') AND k.column_name ~ '_key$' LOOP
        dim := CASE WHEN key IN ('unit_key', 'village_key') THEN 'dim_unit' WHEN key ~ '_date_key$' THEN 'dim_date'
                    WHEN key = 'programme_key' THEN 'dim_programme' WHEN key IN ('staff_key', 'other_staff_key') THEN 'dim_staff'
                    WHEN key IN ('case_key', 'continues_case_key', 'other_case_key') AND fact <> 'fact_case' THEN 'fact_case'
                    WHEN key = 'round_key' AND fact <> 'fact_round' THEN 'fact_round'
                    WHEN key = 'determination_key' AND fact <> 'fact_determination' THEN 'fact_determination' END;
        CONTINUE WHEN dim IS NULL;
        dim_key := CASE dim WHEN 'dim_unit' THEN 'unit_key' WHEN 'dim_date' THEN 'date_key'
                            WHEN 'fact_case' THEN 'case_key'
                            WHEN 'dim_staff' THEN 'staff_key' ELSE key END;
        EXECUTE format('SELECT count(*) FROM aidcase_bi.%I AS f WHERE f.%I IS NOT NULL'
                       ' AND f.%2$I NOT IN (SELECT d.%I FROM aidcase_bi.%I AS d)', fact, key, dim_key, dim) INTO orphans;
        RETURN NEXT;
    END LOOP;
END
$$;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.orphans()), '>=', 40::bigint, 'the keys are looked up');
SELECT is_empty('SELECT * FROM pg_temp.orphans() WHERE orphans > 0', 'each is found in its dimension');

-- ---------------------------------------------------------------------
-- Figures

SELECT results_eq($$SELECT month, sum(amount), sum(base_amount + addon_amount + care_amount + other_amount), sum(persons)::bigint, sum(first_month)::bigint
                      FROM aidcase_bi.fact_award_month GROUP BY month ORDER BY month$$,
    $$SELECT m::date, sum(a.amount), sum(a.amount), sum(a.persons)::bigint, CASE WHEN m = '2021-05-01' THEN 2 ELSE 0 END::bigint
        FROM generate_series(timestamp '2021-05-01', '2021-06-01', '1 month') AS m JOIN award AS a ON a.months @> m::date
       GROUP BY m ORDER BY m$$,
    'awards month by month, to the present one, equal to their components');
SELECT pg_temp.clock('2021-07-01 00:00+08');
SELECT is((SELECT max(month) FROM aidcase_bi.fact_award_month), '2021-07-01'::date, 'a month begins in the register''s time zone');
SELECT pg_temp.clock('2021-06-15 10:00+08');
UPDATE award SET months = '[2021-05-01,2021-06-01)', stop_reason = 'other' WHERE round_id = :b;
SELECT results_eq(format('SELECT month, first_month, last_month FROM aidcase_bi.fact_award_month WHERE round_key = %s', :b),
    $$VALUES ('2021-05-01'::date, 1::bigint, 1::bigint)$$, 'an award of one month has one row');
SELECT results_eq($$SELECT in_benefit, monthly_amount > 0, count(*) FROM aidcase_bi.fact_case GROUP BY 1, 2 ORDER BY 1$$,
    $$VALUES (0::bigint, false, 2::bigint), (1, true, 1)$$, 'a case without award of this month is not in benefit');
UPDATE award SET months = 'empty', stop_reason = 'other' WHERE round_id = :b;
SELECT is((SELECT count(*) FROM aidcase_bi.fact_award_month WHERE round_key = :b), 0::bigint, 'one that never began has none');
SELECT results_eq($$SELECT sum(amount), count(*), sum(paid)::bigint FROM aidcase_bi.fact_payment$$,
    format('SELECT total, lines::bigint, 0::bigint FROM payment_roll WHERE roll_id = %s', :roll), 'payments add up to the roll');
SELECT results_eq(format('SELECT programme_key, latest FROM aidcase_bi.fact_determination WHERE round_key = %s ORDER BY 1', :a),
    format('SELECT programme, 1::bigint FROM determination WHERE round_id = %s ORDER BY 1', :a), 'each programme has a latest determination');
SELECT results_eq(format('SELECT eligible, reasons FROM aidcase_bi.fact_determination WHERE round_key = %s AND programme_key = ''low_income''', :a),
    $$VALUES (0::bigint, 'in_higher_class')$$, 'reasons are text');
SELECT results_eq($$SELECT open, days_open, cleared_on, registry_zh FROM aidcase_bi.fact_check_hit$$,
    $$VALUES (1::bigint, 40::bigint, NULL::date, '车辆')$$, 'an item is open since it was raised');
SELECT results_eq(format($$SELECT clock, outcome, due_on, hours_late > 0 FROM aidcase_bi.fact_deadline WHERE subject = 'case_round' AND subject_key = %s AND clock ~ '^decision' ORDER BY clock$$, :c),
    $$VALUES ('decision_20wd', 'overdue', '2021-06-02'::date, true), ('decision_7wd', 'cancelled', '2021-05-14', false)$$,
    'a limit ends with its last day; one that was cancelled is never late');

SELECT results_eq(format($$SELECT unit_key = (SELECT unit_id FROM aidcase.unit WHERE unit_code = '340705100'), stratum_population, stratum_sample, done, locked_on, locked_date_key,
                      wrong, findings, yuan_over, yuan_under, amount - found_amount, period_to FROM aidcase_bi.fact_spot_check WHERE round_key = %s$$, :a),
    $$VALUES (true, 2::bigint, 2::bigint, 1::bigint, '2021-05-07'::date, 20210507::bigint, 1::bigint, 'over', 12.50, 0::numeric, 12.50, '2021-04-30'::date)$$,
    'a check with its finding');
SELECT results_eq(format($$SELECT done, wrong, findings, found_amount, locked_on FROM aidcase_bi.fact_spot_check WHERE round_key = %s$$, :b),
    $$VALUES (0::bigint, 0::bigint, NULL::text, NULL::numeric, NULL::date)$$, 'one that is still to be visited');
SELECT results_eq(format($$SELECT level_zh, capacity_en, relation_zh, open, known_on, state_zh FROM aidcase_bi.fact_flag WHERE round_key = %s$$, :b),
    $$VALUES ('较大', 'handling officer', '子女', 1::bigint, '2021-05-05'::date, '待处理')$$, 'a flag, by the register''s day');
SELECT is((SELECT masked_id FROM aidcase_bi.dim_applicant JOIN aidcase_bi.fact_round USING (case_key) WHERE round_key = :a),
    (SELECT left(pg_temp.person(1), 4) || repeat('*', 12) || right(pg_temp.person(1), 2)), 'the applicant''s number, masked');

-- ---------------------------------------------------------------------
-- The calendar

SELECT is_empty($$SELECT date FROM aidcase_bi.dim_date
                   WHERE workday IS NOT NULL AND CASE WHEN workday IS NOT NULL THEN (workday = 1) <> is_workday(date) END$$, 'working days are those of the register');
SELECT is((SELECT b.workdays_so_far - a.workdays_so_far FROM aidcase_bi.dim_date AS a, aidcase_bi.dim_date AS b
            WHERE a.date = '2021-02-01' AND b.date = '2021-10-10'), workdays_between('2021-02-01', '2021-10-10')::bigint,
    'and are counted over holidays');
SELECT results_eq($$SELECT date_key, quarter, month_start, iso_year, iso_week, weekday, weekday_zh, workday, year_month_zh
                      FROM aidcase_bi.dim_date WHERE date = '2021-01-03'$$,
    $$VALUES (20210103::bigint, 1::bigint, '2021-01-01'::date, 2020::bigint, 53::bigint, 7::bigint, '星期日', 0::bigint, '2021年01月')$$,
    'a Sunday that belongs to the last week of the year before');
SELECT is((SELECT count(*) FROM aidcase_bi.dim_date WHERE date = '2024-02-29'), 1::bigint, 'there is a leap day');
SELECT is((SELECT count(*) FROM aidcase_bi.dim_date WHERE year < (SELECT min(year) FROM workday_year) AND (workday, workdays_so_far) IS DISTINCT FROM (NULL, NULL)),
    0::bigint, 'a year that is not loaded has no working days, and no days off either');
SELECT is((SELECT max(date) FROM aidcase_bi.dim_date),
    make_date(greatest((SELECT max(year) FROM workday_year), 2022), 12, 31), 'it ends with a year');
SELECT is((SELECT count(*) FROM aidcase_bi.dim_date), (SELECT count(DISTINCT date_key) FROM aidcase_bi.dim_date), 'a day once');

-- A label that is not asked for costs no join.
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END
$$;
SELECT is_empty($$SELECT p FROM pg_temp.plan_of('SELECT sum(amount) FROM aidcase_bi.fact_payment') AS p WHERE p ~ ' on label|workflow_state'$$,
    'labels that are not selected are not read');

SELECT * FROM finish();
ROLLBACK;
