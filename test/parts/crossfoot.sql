-- crossfoot.sql: holds every monthly report of a district against its cases, its
-- payments, its own months before and after, and against what it said when
-- the month was over.  Loaded by a superuser into the database of a test;
-- t/055_crossfoot.pl and the bench of 100,000 households use it.
--
--   CALL crossfoot.take(month)      what all reports say of a month now, and a checkpoint
--   CALL crossfoot.check(month)     cells, printed checks, tables, months before
--   CALL crossfoot.restate(month)   the past as it was known, and what changed since
--
-- Differences go to table crossfoot.fault; crossfoot.done counts what was compared.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE SCHEMA crossfoot;

-- The rows of a report: as they were at the end of the month, and as they are.
CREATE TABLE crossfoot.said (
    at text, month date, report text, n bigint, j jsonb, PRIMARY KEY (at, month, report, n));
CREATE TABLE crossfoot.behind (at text, month date, report text, hash text, PRIMARY KEY (at, month, report));
CREATE TABLE crossfoot.taken (month date PRIMARY KEY, clock text, sealed_at timestamptz);
CREATE TABLE crossfoot.fault (month date, report text, what text, detail text);
CREATE TABLE crossfoot.done (what text PRIMARY KEY, n bigint);

CREATE FUNCTION crossfoot.count(what text, n bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO crossfoot.done AS d VALUES (what, n) ON CONFLICT ON CONSTRAINT done_pkey DO UPDATE SET n = d.n + EXCLUDED.n $$;
CREATE FUNCTION crossfoot.last_day(month date) RETURNS date LANGUAGE sql IMMUTABLE AS
$$ SELECT (month + interval '1 month')::date - 1 $$;
-- The reports of a month that have a drill.
CREATE VIEW crossfoot.report AS
SELECT r.name, ARRAY(SELECT c.column_name FROM aidcase.report_column AS c
                      WHERE c.report_name = r.name AND c.in_use AND c.position < ALL (
                            SELECT f.position FROM aidcase.report_column AS f
                             WHERE f.report_name = r.name AND f.in_use AND f.format NOT IN ('text', 'id'))
                      ORDER BY c.position) AS keys
  FROM aidcase.report AS r WHERE r.drill IS NOT NULL AND r.period_kind = 'month';

CREATE FUNCTION crossfoot.rows_of(report text, as_of date, unit text DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (n bigint, j jsonb) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT row_number() OVER (), to_jsonb(t) FROM aidcase.%I($1, $2, $3) AS t', 'report_' || report)
      USING as_of, unit, known_at;
END
$$;
CREATE FUNCTION crossfoot.parts_of(report text, as_of date, unit text DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (row_key text[], column_name text, case_id bigint, value numeric) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT * FROM aidcase.%I($1, $2, $3)', 'drill_' || report) USING as_of, unit, known_at;
END
$$;
CREATE FUNCTION crossfoot.hash_of(report text, as_of date, known_at timestamptz DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', p.row_key, p.column_name, p.case_id, trim_scale(p.value)), E'\n'
                      ORDER BY p.row_key, p.column_name COLLATE "C", p.case_id), ''), 'UTF8')), 'hex')
      FROM crossfoot.parts_of(report, as_of, NULL, known_at) AS p $$;

-- The cells of what was said, one a row.
CREATE VIEW crossfoot.cell_of AS
SELECT s.at, s.month, s.report, s.n, ARRAY(SELECT s.j ->> k FROM unnest(r.keys) WITH ORDINALITY AS x (k, i) ORDER BY i) AS row_key,
       s.j ->> 'place' AS place, s.j ->> 'programme' AS programme, c.column_name, c.total, (s.j ->> c.column_name)::numeric AS value
  FROM crossfoot.said AS s
  JOIN crossfoot.report AS r ON r.name = s.report
  JOIN aidcase.report_column AS c ON c.report_name = s.report AND c.in_use AND c.format IN ('int', 'money');
CREATE TABLE crossfoot.cell AS SELECT * FROM crossfoot.cell_of;
CREATE INDEX ON crossfoot.cell (at, report, month, column_name);

-- What all reports say of a month, when it is over; then the ledger is sealed.
CREATE PROCEDURE crossfoot.take(the_month date) LANGUAGE plpgsql AS $$
DECLARE
    clock CONSTANT text := to_char(the_month + interval '1 month', 'YYYY-MM-DD') || ' 08:00+08';
BEGIN
    PERFORM set_config('aidcase.clock', clock, false);
    INSERT INTO crossfoot.said SELECT 'then', the_month, r.name, d.*
      FROM crossfoot.report AS r CROSS JOIN LATERAL crossfoot.rows_of(r.name, crossfoot.last_day(the_month)) AS d;
    INSERT INTO crossfoot.cell SELECT * FROM crossfoot.cell_of AS c WHERE c.at = 'then' AND c.month = the_month;
    INSERT INTO crossfoot.behind SELECT 'then', the_month, r.name, crossfoot.hash_of(r.name, crossfoot.last_day(the_month))
      FROM crossfoot.report AS r;
    COMMIT;
    PERFORM aidcase.seal();
    COMMIT;
    INSERT INTO crossfoot.taken SELECT the_month, clock, max(c.sealed_at) FROM aidcase.checkpoint AS c;
    COMMIT;
END
$$;

-- A month as it is now.
CREATE PROCEDURE crossfoot.check(the_month date) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    last_day CONSTANT date := crossfoot.last_day(the_month);
BEGIN
    ANALYZE crossfoot.said, crossfoot.cell;
    FOR r IN SELECT * FROM crossfoot.report ORDER BY name LOOP
        INSERT INTO crossfoot.said SELECT 'now', the_month, r.name, d.* FROM crossfoot.rows_of(r.name, last_day) AS d;
        INSERT INTO crossfoot.cell SELECT * FROM crossfoot.cell_of AS c WHERE c.at = 'now' AND c.month = the_month AND c.report = r.name;
        CREATE TEMPORARY TABLE part AS SELECT * FROM crossfoot.parts_of(r.name, last_day);
        ANALYZE part;

        -- every cell is the sum of its list: columns that add up, and all
        -- others that are drilled anywhere
        INSERT INTO crossfoot.fault
        SELECT the_month, r.name, 'cell', format('%s %s: %s, its cases %s', coalesce(c.row_key, d.row_key), coalesce(c.column_name, d.column_name), c.value, d.value)
          FROM (SELECT k.* FROM crossfoot.cell AS k
                 WHERE k.at = 'now' AND k.month = the_month AND k.report = r.name
                   AND (k.total = 'sum' OR k.column_name IN (SELECT p.column_name FROM part AS p))) AS c
          FULL JOIN (SELECT p.row_key, p.column_name, sum(p.value) AS value FROM part AS p GROUP BY 1, 2) AS d
            ON d.row_key = c.row_key AND d.column_name = c.column_name
         WHERE coalesce(c.value, 0) <> coalesce(d.value, 0) OR c.column_name IS NULL;
        PERFORM crossfoot.count('cells', (SELECT count(*) FROM crossfoot.cell AS k WHERE k.at = 'now' AND k.month = the_month AND k.report = r.name));
        PERFORM crossfoot.count('cases behind cells', (SELECT count(*) FROM part));
        DROP TABLE part;

        -- printed checks
        INSERT INTO crossfoot.fault
        SELECT the_month, r.name, 'check', format('row %s: %s', f.row_no, f.failed) FROM aidcase.report_faults(r.name, last_day) AS f;
    END LOOP;

    -- households in benefit: the flow's closing is what the awards say, and
    -- other tables and BI say the same; persons likewise
    CREATE TEMPORARY TABLE told AS
    SELECT 'awards in force' AS what, n.name AS place, g.label_zh AS programme, 'households' AS cell, count(*)::numeric AS value
      FROM aidcase.award AS a JOIN aidcase.programme AS g USING (programme) JOIN aidcase.unit_period AS n ON n.unit_id = a.unit_id AND n.valid @> last_day
     WHERE a.months @> the_month AND g.recurring AND g.cash GROUP BY 2, 3
     UNION ALL
    SELECT 'persons of the awards', n.name, g.label_zh, 'persons', sum(a.persons)
      FROM aidcase.award AS a JOIN aidcase.programme AS g USING (programme) JOIN aidcase.unit_period AS n ON n.unit_id = a.unit_id AND n.valid @> last_day
     WHERE a.months @> the_month AND a.programme IN ('dibao', 'tekun') GROUP BY 2, 3
     UNION ALL
    SELECT 'fact_award_month', n.name, g.label_zh, 'households', count(*)
      FROM aidcase_bi.fact_award_month AS f JOIN aidcase.programme AS g ON g.programme = f.programme_key
      JOIN aidcase.unit_period AS n ON n.unit_id = f.unit_key AND n.valid @> last_day
     WHERE f.month = the_month AND g.recurring AND g.cash AND last_day < aidcase.today() GROUP BY 2, 3
     UNION ALL
    -- payments: the totals of the rolls without what came back, the lines, BI and the roll
    SELECT v.what, n.name, '', 'yuan', sum(v.yuan)
      FROM aidcase.payment_roll AS l
     CROSS JOIN LATERAL (
            SELECT 'totals of the rolls', l.total - coalesce((SELECT sum(p.amount) FROM aidcase.payment AS p JOIN aidcase.payment_return AS e USING (payment_id)
                                                               WHERE p.roll_id = l.roll_id AND e.outcome = 'returned'), 0)
             WHERE NOT EXISTS (SELECT FROM crossfoot.done AS d WHERE d.what = 'filled in bulk')
             UNION ALL
            SELECT 'lines', (SELECT sum(p.amount) FROM aidcase.payment AS p WHERE p.roll_id = l.roll_id
                                AND NOT EXISTS (SELECT FROM aidcase.payment_return AS e WHERE e.payment_id = p.payment_id AND e.outcome = 'returned'))) AS v (what, yuan)
      JOIN aidcase.unit_period AS n ON n.unit_id = l.unit_id AND n.valid @> last_day
     WHERE l.roll_month = the_month AND l.state <> 'draft' GROUP BY 1, 2
     UNION ALL
    SELECT 'fact_payment', n.name, '', 'yuan', sum(f.amount)
      FROM aidcase_bi.fact_payment AS f JOIN aidcase.unit_period AS n ON n.unit_id = f.unit_key AND n.valid @> last_day
     WHERE f.roll_month = the_month AND f.roll_state <> 'draft'
       AND NOT EXISTS (SELECT FROM aidcase.payment_return AS e WHERE e.payment_id = f.payment_key AND e.outcome = 'returned') GROUP BY 2
     UNION ALL
    SELECT 'payment_roll', q.place, '', 'yuan', sum(q.amount) - coalesce((
               SELECT sum(p.amount) FROM aidcase.payment_return AS e JOIN aidcase.payment AS p USING (payment_id) JOIN aidcase.payment_roll AS l USING (roll_id)
                 JOIN aidcase.unit_period AS n ON n.unit_id = l.unit_id AND n.valid @> last_day
                WHERE e.outcome = 'returned' AND l.roll_month = the_month AND n.name = q.place), 0)
      FROM aidcase.report_payment_roll(last_day) AS q GROUP BY 2
     UNION ALL
    SELECT c.report, c.place, CASE c.report WHEN 'dibao_monthly' THEN '最低生活保障' ELSE '特困人员救助供养' END, c.column_name, sum(c.value)
      FROM crossfoot.cell AS c WHERE c.at = 'now' AND c.month = the_month AND c.report IN ('dibao_monthly', 'tekun_monthly') AND c.column_name IN ('households', 'persons')
     GROUP BY 1, 2, 3, 4
     UNION ALL
    SELECT 'low_income_monthly', c.place, g.label_zh, c.column_name, sum(c.value)
      FROM crossfoot.cell AS c JOIN aidcase.label AS k ON k.code_set = 'determination.low_income_class' AND k.zh = c.row_key[2] JOIN aidcase.programme AS g ON g.programme = k.code
     WHERE c.at = 'now' AND c.month = the_month AND c.report = 'low_income_monthly' AND k.code IN ('dibao', 'tekun') AND c.column_name IN ('households', 'persons')
     GROUP BY 2, 3, 4;
    INSERT INTO crossfoot.fault
    SELECT the_month, v.what, 'other sources', format('%s %s %s: %s', x.place, x.programme, x.cell,
               string_agg(coalesce(s.value, 0) || ' ' || v.what, ', ' ORDER BY v.what))
      FROM (SELECT DISTINCT t.place, t.programme, t.cell FROM told AS t
             UNION
            SELECT DISTINCT c.place, c.programme, 'households' FROM crossfoot.cell AS c WHERE c.at = 'now' AND c.month = the_month AND c.report = 'flow_monthly') AS x
     CROSS JOIN LATERAL (
            SELECT sum(c.value) AS value FROM crossfoot.cell AS c
             WHERE c.at = 'now' AND c.month = the_month AND c.place = x.place
               AND CASE x.cell WHEN 'households' THEN c.report = 'flow_monthly' AND c.programme = x.programme AND c.column_name = 'closing'
                               WHEN 'persons' THEN c.report = CASE x.programme WHEN '最低生活保障' THEN 'dibao_monthly' ELSE 'tekun_monthly' END AND c.column_name = 'persons'
                               ELSE c.report = 'payment_summary' AND c.column_name = 'amount' END) AS k
     CROSS JOIN (SELECT DISTINCT t.what, t.cell FROM told AS t) AS v
      LEFT JOIN (SELECT t.what, t.place, t.programme, t.cell, sum(t.value) AS value FROM told AS t GROUP BY 1, 2, 3, 4) AS s
        ON s.what = v.what AND s.place = x.place AND s.programme = x.programme AND s.cell = x.cell
     WHERE v.cell = x.cell AND coalesce(s.value, 0) <> coalesce(k.value, 0)
       AND (v.what NOT IN ('dibao_monthly', 'tekun_monthly') OR v.what = CASE x.programme WHEN '最低生活保障' THEN 'dibao_monthly' ELSE 'tekun_monthly' END)
     GROUP BY v.what, x.place, x.programme, x.cell;
    INSERT INTO crossfoot.fault
    SELECT the_month, 'unit_comparison', 'spot_check', format('%s: %s, spot checks %s', c.place, c.said, s.said)
      FROM (SELECT k.j ->> 'measure' AS measure, k.j ->> 'place' AS place,
                   concat_ws(' ', k.j ->> 'numerator', k.j ->> 'denominator', k.j ->> 'lower', k.j ->> 'upper') AS said
              FROM crossfoot.said AS k WHERE k.at = 'now' AND k.month = the_month AND k.report = 'unit_comparison'
                                         AND k.j ->> 'measure' LIKE '抽查差错率·%' AND (k.j ->> 'denominator')::integer > 0) AS c
      FULL JOIN (SELECT '抽查差错率·' || (k.j ->> 'frame') AS measure, k.j ->> 'place' AS place,
                   concat_ws(' ', k.j ->> 'wrong', k.j ->> 'examined', round((k.j ->> 'least_wrong')::numeric / (k.j ->> 'population')::numeric, 4),
                             round((k.j ->> 'most_wrong')::numeric / (k.j ->> 'population')::numeric, 4)) AS said
              FROM crossfoot.said AS k WHERE k.at = 'now' AND k.month = the_month AND k.report = 'spot_check'
                                         AND k.j ->> 'place' !~ '·' AND k.j ->> 'place' <> '全区' AND (k.j ->> 'examined')::integer > 0
                                         -- of the year before only
                                         AND EXISTS (SELECT FROM aidcase.draw AS d WHERE d.state IN ('estimated', 'certified')
                                                        AND upper(d.period) - 1 BETWEEN (last_day - interval '1 year')::date + 1 AND last_day)) AS s
        ON s.measure = c.measure AND s.place = c.place
     WHERE s.said IS DISTINCT FROM c.said;
    -- temporary assistance: what was handed over, each round once
    INSERT INTO crossfoot.fault
    SELECT the_month, 'temp_assistance_monthly', 'hand-overs', format('%s: %s, handed over %s', coalesce(c.place, h.place), c.said, h.said)
      FROM (SELECT k.place, concat_ws(' ', sum(k.value) FILTER (WHERE k.column_name = 'times'), sum(k.value) FILTER (WHERE k.column_name = 'amount')) AS said
              FROM crossfoot.cell AS k WHERE k.at = 'now' AND k.month = the_month AND k.report = 'temp_assistance_monthly'
             GROUP BY 1 HAVING sum(k.value) FILTER (WHERE k.column_name = 'amount') > 0) AS c
      FULL JOIN (SELECT n.name AS place, concat_ws(' ', count(*) FILTER (WHERE NOT EXISTS (
                            SELECT FROM aidcase.aid_handover AS e WHERE e.round_id = a.round_id AND e.handover_id <> a.handover_id
                                AND (e.handed_at, e.handover_id) < (a.handed_at, a.handover_id))), sum(a.amount)) AS said
                   FROM aidcase.aid_handover AS a JOIN aidcase.case_round AS o USING (round_id)
                   JOIN aidcase.unit_period AS n ON n.unit_id = o.unit_id AND n.valid @> last_day
                  WHERE a.handed_at >= aidcase.midnight_here(the_month) AND a.handed_at < aidcase.midnight_here(last_day + 1)
                  GROUP BY 1) AS h ON h.place = c.place
     WHERE h.said IS DISTINCT FROM c.said;
    PERFORM crossfoot.count('hand-overs', (SELECT count(*) FROM aidcase.aid_handover AS a
                                             WHERE a.handed_at >= aidcase.midnight_here(the_month) AND a.handed_at < aidcase.midnight_here(last_day + 1)));
    PERFORM crossfoot.count('figures of other sources', (SELECT count(*) FROM told));
    DROP TABLE told;
    INSERT INTO crossfoot.fault
    SELECT the_month, k.report, 'payment_summary', format('%s %s: %s, summary %s', k.place, k.column_name, sum(k.value), s.value)
      FROM crossfoot.cell AS k
      JOIN (VALUES ('dibao_monthly', 'month_total', '最低生活保障', 'amount'), ('dibao_monthly', 'year_total', '最低生活保障', 'year_amount'),
                   ('tekun_monthly', 'month_total', '特困人员救助供养', 'amount'), ('tekun_monthly', 'year_total', '特困人员救助供养', 'year_amount'))
           AS w (report, column_name, programme, other) ON w.report = k.report AND w.column_name = k.column_name
      LEFT JOIN crossfoot.cell AS s ON s.at = k.at AND s.month = k.month AND s.report = 'payment_summary' AND s.place = k.place
                                   AND s.programme = w.programme AND s.column_name = w.other
     WHERE k.at = 'now' AND k.month = the_month
     GROUP BY k.report, k.place, k.column_name, s.value HAVING sum(k.value) IS DISTINCT FROM s.value;
    COMMIT;
END
$$;

-- The months of the district beside each other.
CREATE PROCEDURE crossfoot.join_months() LANGUAGE plpgsql AS $$
BEGIN
    ANALYZE crossfoot.cell;
    -- what was there at the end of a month is there at the beginning of the next
    INSERT INTO crossfoot.fault
    SELECT a.month, a.report, 'next month', format('%s: %s, next month %s', a.row_key, a.value, coalesce(b.value, 0) - coalesce(t.value, 0))
      FROM (VALUES ('flow_monthly', 'closing', 'opening'), ('check_hits_monthly', 'open', 'opening'), ('leads_monthly', 'open', 'opening'),
                   ('filings_conflicts', 'open', 'opening')) AS w (report, last, first)
      JOIN crossfoot.cell AS a ON a.at = 'now' AND a.report = w.report AND a.column_name = w.last
      LEFT JOIN crossfoot.cell AS b ON b.at = 'now' AND b.report = w.report AND b.month = (a.month + interval '1 month')::date
                                   AND b.row_key = a.row_key AND b.column_name = w.first
      LEFT JOIN crossfoot.cell AS t ON t.at = 'now' AND t.report = w.report AND t.month = b.month AND t.row_key = a.row_key AND t.column_name = 'taken_over'
     WHERE EXISTS (SELECT FROM crossfoot.said AS s WHERE s.at = 'now' AND s.month = (a.month + interval '1 month')::date)
       AND a.value <> coalesce(b.value, 0) - coalesce(t.value, 0);
    PERFORM crossfoot.count('months joined', (SELECT count(*) FROM crossfoot.cell AS c WHERE c.at = 'now' AND c.report = 'flow_monthly' AND c.column_name = 'closing'));
    -- a year to date is the sum of its months
    INSERT INTO crossfoot.fault
    SELECT x.month, x.report, 'year to date', format('%s %s: %s, its months %s', x.row_key, x.year_column, x.value, x.months)
      FROM (SELECT y.report, y.month, y.row_key, w.year_column, y.value,
                   sum(m.value) OVER (PARTITION BY w.report, w.year_column, y.row_key, date_trunc('year', y.month) ORDER BY y.month) AS months
              FROM (VALUES ('payment_summary', 'amount', 'year_amount'), ('dibao_monthly', 'month_base', 'year_base'), ('dibao_monthly', 'month_addon', 'year_addon'),
                           ('dibao_monthly', 'month_price', 'year_price'), ('dibao_monthly', 'month_other', 'year_other'), ('dibao_monthly', 'month_total', 'year_total'),
                           ('tekun_monthly', 'month_total', 'year_total'), ('temp_assistance_monthly', 'times', 'year_times'),
                           ('temp_assistance_monthly', 'amount', 'year_amount')) AS w (report, month_column, year_column)
              JOIN crossfoot.cell AS y ON y.at = 'now' AND y.report = w.report AND y.column_name = w.year_column
              JOIN crossfoot.cell AS m ON m.at = 'now' AND m.report = w.report AND m.column_name = w.month_column AND m.month = y.month
                                      AND m.row_key = y.row_key) AS x
     WHERE x.value <> x.months
       -- all months with payments are there
       AND NOT EXISTS (SELECT FROM aidcase.payment_roll AS l
                        WHERE l.roll_month BETWEEN date_trunc('year', x.month) AND x.month
                          AND NOT EXISTS (SELECT FROM crossfoot.said AS s WHERE s.at = 'now' AND s.month = l.roll_month));
    -- what was added and ended in a month, in two reports
    INSERT INTO crossfoot.fault
    SELECT f.month, 'flow_monthly', 'dibao_monthly', format('%s: households in or out by %s, dibao %s', f.place, f.value, d.value)
      FROM (SELECT c.month, c.place, sum(CASE WHEN c.column_name = 'closing' THEN c.value ELSE -c.value END) AS value FROM crossfoot.cell AS c
             WHERE c.at = 'now' AND c.report = 'flow_monthly' AND c.programme = '最低生活保障' AND c.column_name IN ('closing', 'opening') GROUP BY 1, 2) AS f
      JOIN (SELECT c.month, c.place, sum(CASE WHEN c.column_name IN ('new_households', 'transferred_in') THEN c.value ELSE -c.value END) AS value FROM crossfoot.cell AS c
             WHERE c.at = 'now' AND c.report = 'dibao_monthly' AND c.column_name IN ('new_households', 'transferred_in', 'exits', 'transferred_out') GROUP BY 1, 2) AS d
        ON d.month = f.month AND d.place = f.place
     WHERE f.value <> d.value;
    COMMIT;
END
$$;

-- Every unit's own report: its figures add up to the district's.
CREATE PROCEDURE crossfoot.add_units(the_month date) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO crossfoot.fault
    SELECT the_month, d.report, 'units', format('%s: %s, the units %s', d.column_name, d.value, u.value)
      FROM (SELECT c.report, c.column_name, sum(c.value) AS value FROM crossfoot.cell AS c
             WHERE c.at = 'now' AND c.month = the_month AND c.total = 'sum' AND c.place IS DISTINCT FROM (SELECT n.name FROM aidcase.unit_now AS n WHERE n.unit_kind = 'district')
             GROUP BY 1, 2) AS d
      LEFT JOIN (SELECT r.name AS report, c.column_name, sum((x.j ->> c.column_name)::numeric) AS value
                   FROM crossfoot.report AS r
                  CROSS JOIN (SELECT n.unit_code FROM aidcase.unit_now AS n WHERE n.level = 'unit') AS n
                  CROSS JOIN LATERAL crossfoot.rows_of(r.name, crossfoot.last_day(the_month), n.unit_code) AS x
                   JOIN aidcase.report_column AS c ON c.report_name = r.name AND c.in_use AND c.total = 'sum' AND c.format IN ('int', 'money')
                  GROUP BY 1, 2) AS u ON u.report = d.report AND u.column_name = d.column_name
     WHERE d.value IS DISTINCT FROM u.value;
    COMMIT;
END
$$;

-- The past as it was known gives what was said then; what is said now differs from it
-- by what restate() tells, and each change has an entry and somebody who made it.
CREATE PROCEDURE crossfoot.restate(the_month date) LANGUAGE plpgsql AS $$
DECLARE
    t crossfoot.taken;
    r record;
    last_day CONSTANT date := crossfoot.last_day(the_month);
    clock CONSTANT text := current_setting('aidcase.clock');
BEGIN
    SELECT * INTO STRICT t FROM crossfoot.taken AS k WHERE k.month = the_month;
    FOR r IN SELECT * FROM crossfoot.report ORDER BY name LOOP
        PERFORM set_config('aidcase.clock', t.clock, false);
        INSERT INTO crossfoot.fault
        SELECT the_month, r.name, 'then', format('row %s: %s, then %s', coalesce(a.n, b.n), a.j, b.j)
          FROM crossfoot.rows_of(r.name, last_day, NULL, t.sealed_at) AS a
          FULL JOIN (SELECT * FROM crossfoot.said AS s WHERE s.at = 'then' AND s.month = the_month AND s.report = r.name) AS b ON b.n = a.n
         WHERE a.j IS DISTINCT FROM b.j;
        INSERT INTO crossfoot.fault
        SELECT the_month, r.name, 'cases then', 'differ' FROM crossfoot.behind AS h
         WHERE h.at = 'then' AND h.month = the_month AND h.report = r.name
           AND h.hash <> crossfoot.hash_of(r.name, last_day, t.sealed_at);
        PERFORM crossfoot.count('reports restated', 1);

        PERFORM set_config('aidcase.clock', clock, false);
        CREATE TEMPORARY TABLE changed AS
        SELECT * FROM aidcase.restate(r.name, to_char(the_month, 'YYYY-MM'), NULL, t.sealed_at);
        INSERT INTO crossfoot.fault
        SELECT the_month, r.name, 'change without a reason', c.row_key || c.column_name || c.case_id::text FROM changed AS c
         WHERE c.changed_at IS NULL OR coalesce(cardinality(c.entries), 0) = 0 OR c.staff_id IS NULL OR c.changed_at < t.sealed_at;
        INSERT INTO crossfoot.fault
        SELECT the_month, r.name, 'restated', format('%s %s: %s then, %s now, told %s', x.row_key, x.column_name, x.was, x.is_now, x.told)
          FROM (SELECT coalesce(a.row_key, b.row_key) AS row_key, coalesce(a.column_name, b.column_name) AS column_name,
                       coalesce(a.value, 0) AS was, coalesce(b.value, 0) AS is_now,
                       coalesce((SELECT sum(coalesce(c.now_is, 0) - coalesce(c.was, 0)) FROM changed AS c
                                  WHERE c.row_key = coalesce(a.row_key, b.row_key) AND c.column_name = coalesce(a.column_name, b.column_name)), 0) AS told
                  FROM (SELECT * FROM crossfoot.cell AS k WHERE k.at = 'then' AND k.month = the_month AND k.report = r.name) AS a
                  FULL JOIN (SELECT * FROM crossfoot.cell AS k WHERE k.at = 'now' AND k.month = the_month AND k.report = r.name) AS b
                    ON b.row_key = a.row_key AND b.column_name = a.column_name
                 WHERE coalesce(a.total, b.total) = 'sum') AS x
         WHERE x.is_now - x.was <> x.told;
        PERFORM crossfoot.count('cells changed since', (SELECT count(DISTINCT (c.row_key, c.column_name)) FROM changed AS c));
        DROP TABLE changed;
    END LOOP;
    COMMIT;
END
$$;

-- What was paid for each household, programme and month, against its award, the
-- months that were closed against their lines, and what reports count of awards
-- against these, their persons and causes.
CREATE PROCEDURE crossfoot.check_money() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO crossfoot.fault
    SELECT p.roll_month, 'payments', 'roll', format('roll %s: %s, its lines %s', p.roll_id, p.total, coalesce(sum(l.amount), 0))
      FROM aidcase.payment_roll AS p LEFT JOIN aidcase.payment AS l ON l.roll_id = p.roll_id
     GROUP BY p.roll_id HAVING p.total <> coalesce(sum(l.amount), 0) OR p.lines <> count(l.payment_id);
    INSERT INTO crossfoot.fault SELECT NULL, 'award_fact', 'award', d.detail::text FROM aidcase.audit_facts_differ AS d;
    INSERT INTO crossfoot.fault
    SELECT m.roll_month, 'payments', 'closed month', format('%s lines %s yuan, now %s lines %s yuan', m.lines, m.total, count(l.payment_id), sum(l.amount))
      FROM aidcase.payment_month AS m JOIN aidcase.payment_roll AS p ON p.roll_month = m.roll_month LEFT JOIN aidcase.payment AS l ON l.roll_id = p.roll_id
     GROUP BY m.roll_month HAVING m.total <> sum(l.amount) OR m.lines <> count(l.payment_id)
                               OR m.total <> m.paid_total + m.returned_total;
    INSERT INTO crossfoot.fault
    SELECT l.benefit_month, 'payments', 'award', format('case %s: paid %s, awarded %s', l.case_id, l.amount, a.amount)
      FROM aidcase.payment AS l JOIN aidcase.award AS a ON a.award_id = l.award_id
     WHERE l.line_kind <> 'deduction' AND l.amount <> a.amount;
    INSERT INTO crossfoot.fault
    SELECT l.benefit_month, 'payments', 'reissue', format('line %s', l.payment_id)
      FROM aidcase.payment AS l LEFT JOIN aidcase.payment_return AS e ON e.payment_id = l.reissues AND e.outcome = 'returned'
      LEFT JOIN aidcase.payment AS o ON o.payment_id = l.reissues
     WHERE l.line_kind = 'reissue' AND (e.payment_id IS NULL OR o.amount <> l.amount);
    PERFORM crossfoot.count('lines paid', (SELECT count(*) FROM aidcase.payment));
    COMMIT;
END
$$;
