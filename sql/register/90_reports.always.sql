/*
 * reports: what reports have in common, issues, restatements.
 */

-- May the caller read the households of all units, or of his own only?
CREATE OR REPLACE FUNCTION aidcase.reads_all_units()
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN NOT row_security_active('aidcase.award'::regclass)
        OR EXISTS (SELECT FROM aidcase.access_rule AS a CROSS JOIN LATERAL unnest(a.roles) AS r (role)
                    WHERE a.in_use AND a.relation IN ('aid_case', 'award', 'payment_roll') AND a.privilege = 'select'
                      AND a.scope = 'all' AND pg_has_role(r.role, 'USAGE'));
END
$$;
COMMENT ON FUNCTION aidcase.reads_all_units() IS
    '调用者是否可读全区数据 / may the caller read the households of all units';

-- Refuses what no report can be made for; true otherwise.
CREATE OR REPLACE FUNCTION aidcase.check_report(as_of date, unit_code text, known_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    today CONSTANT date := aidcase.today();
    the_unit record;
BEGIN
    IF as_of IS NULL THEN
        RAISE EXCEPTION 'a report needs a day'
            USING ERRCODE = '22004', DETAIL = 'The day "as_of" is missing.',
                  HINT = 'Give the last day of the period, for instance ''2021-06-30''.';
    END IF;
    IF NOT isfinite(as_of) OR date_trunc('month', as_of::timestamp) > today THEN
        RAISE EXCEPTION 'period "%" has not begun', to_char(as_of, 'YYYY-MM')
            USING ERRCODE = '22023', DETAIL = format('Today is %s in the register.', today),
                  HINT = 'Choose a period that has begun.';
    END IF;
    IF known_at > now() THEN
        RAISE EXCEPTION 'known_at lies in the future'
            USING ERRCODE = '22023', DETAIL = 'A report can only show what has been recorded.',
                  HINT = 'Leave "known_at" out, or give the time of a checkpoint: SELECT sealed_at FROM aidcase.checkpoint.';
    END IF;
    IF unit_code IS NULL THEN
        RETURN true;
    END IF;
    SELECT u.unit_id, aidcase.unit_level(u.unit_kind) AS level INTO the_unit
      FROM aidcase.unit AS u WHERE u.unit_code = check_report.unit_code;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no unit with code "%"', unit_code
            USING ERRCODE = '22023', HINT = 'The codes are in view aidcase.unit_now.';
    END IF;
    IF the_unit.level = 'village' THEN
        RAISE EXCEPTION 'reports are made for units that handle cases'
            USING ERRCODE = '22023', DETAIL = 'The code is that of a village or community below such a unit.',
                  HINT = 'Give the code of the town, office or community above it.';
    END IF;
    IF NOT the_unit.unit_id = ANY (aidcase.my_units()) AND NOT aidcase.reads_all_units() THEN
        RAISE EXCEPTION 'unit "%" is outside your scope', unit_code
            USING ERRCODE = '42501', DETAIL = 'Its households are not shown to you.',
                  HINT = 'Leave the unit out: the report then shows the units that you may see.';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION aidcase.check_report(date, text, timestamptz) IS
    '检查报表参数:日期、单位、知悉时点、数据范围 / refuses a report without a day, of a period that has not begun, of an unknown unit, of one outside the caller''s scope, or known in the future';

-- The month of a day, and the days whose events its reports count: the day
-- after the last cut-off to this one's, at most to the day itself.
CREATE OR REPLACE FUNCTION aidcase.report_window(as_of date)
RETURNS TABLE (this_month date, last_month date, from_day date, to_day date, from_time timestamptz, to_time timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
WITH month AS (
    SELECT date_trunc('month', report_window.as_of::timestamp)::date AS this_month,
           (date_trunc('month', report_window.as_of::timestamp) - interval '1 month')::date AS last_month
), cut AS (
    -- the cut-off of a month that is shorter is its last day
    SELECT m.this_month, m.last_month,
           least(m.last_month + b.value::integer, m.this_month) AS from_day,
           least(m.this_month + c.value::integer - 1,
                 (m.this_month + interval '1 month')::date - 1, report_window.as_of) AS to_day
      FROM month AS m
     CROSS JOIN aidcase.register AS r
      LEFT JOIN LATERAL aidcase.parameter_row('report_cutoff_day', r.area_code, m.last_month) AS b ON true
      LEFT JOIN LATERAL aidcase.parameter_row('report_cutoff_day', r.area_code, m.this_month) AS c ON true
)
SELECT c.this_month, c.last_month, c.from_day, c.to_day,
       aidcase.midnight_here(c.from_day), aidcase.midnight_here(c.to_day + 1)
  FROM cut AS c;
END;
COMMENT ON FUNCTION aidcase.report_window(date) IS
    '报告期:所在月份及上次截止日次日至本次截止日(参数 report_cutoff_day,未设为月末) / the month of a day, and the days whose events its reports count: after the last cut-off (parameter report_cutoff_day; month''s end without one) to this one';

-- The rows of a report: units that handle cases, those of the caller's scope.
CREATE OR REPLACE FUNCTION aidcase.report_place(as_of date, unit_code text, known_at timestamptz,
    with_district boolean DEFAULT false)
RETURNS TABLE (unit_id bigint, unit_code text, place text)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT u.unit_id, u.unit_code, n.name
  FROM aidcase.unit_at(report_place.known_at) AS u
  JOIN aidcase.unit_period_at(report_place.known_at) AS n ON n.unit_id = u.unit_id AND n.valid @> report_place.as_of
 WHERE (u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
        OR report_place.with_district AND u.unit_kind = 'district')
   AND (report_place.unit_code IS NULL OR u.unit_code LIKE report_place.unit_code || '%')
   AND (aidcase.reads_all_units() OR u.unit_id = ANY (aidcase.my_units()));
END;
COMMENT ON FUNCTION aidcase.report_place(date, text, timestamptz, boolean) IS
    '报表各行的单位:调用者范围内的镇办社区(可含区级) / the units that are the rows of a report: those of the caller''s scope that handle cases, and the district where it is asked for';

CREATE OR REPLACE FUNCTION aidcase.register_line()
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT r.name || ' (' || r.area_code || ')'
       || CASE WHEN r.purpose = 'rehearsal' THEN ' 【演练 / rehearsal】' ELSE '' END
  FROM aidcase.register AS r;
END;
COMMENT ON FUNCTION aidcase.register_line() IS
    '登记库名称、区划代码,演练库加注 / the register''s name and area code, a rehearsal marked';
GRANT EXECUTE ON FUNCTION aidcase.register_line() TO PUBLIC;

CREATE OR REPLACE FUNCTION aidcase.report_list()
RETURNS TABLE (name text, period_kind text, title text, title_en text)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT r.name, r.period_kind, r.title, r.title_en
  FROM aidcase.report AS r
 ORDER BY r.name;
END;
COMMENT ON FUNCTION aidcase.report_list() IS
    '报表清单 / the reports and the kind of period that each is made for';
GRANT EXECUTE ON FUNCTION aidcase.report_list() TO PUBLIC;

CREATE OR REPLACE FUNCTION aidcase.verify_report(content bytea)
RETURNS TABLE (
    issued       boolean,
    report_name  text,
    period       text,
    unit_code    text,
    as_of        date,
    known_at     timestamptz,
    issue_id     bigint,
    issued_at    timestamptz,
    issued_by    bigint,
    sha256       bytea)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT i.issue_id IS NOT NULL,
       i.report_name, i.period, i.unit_code, i.as_of, i.known_at,
       i.issue_id, i.issued_at, i.issued_by, f.sha256
  FROM (SELECT pg_catalog.sha256(content) AS sha256) AS f
  LEFT JOIN aidcase.report_issue AS i ON i.sha256 = f.sha256
 ORDER BY i.issue_id;
END;
COMMENT ON FUNCTION aidcase.verify_report(bytea) IS
    '核验工作簿是否由本库签发、未经改动 / was this workbook issued by this register, byte for byte; one row an issue, or one row with issued = false';
GRANT EXECUTE ON FUNCTION aidcase.verify_report(bytea) TO PUBLIC;

-- The last day of a period of a report.
CREATE OR REPLACE FUNCTION aidcase.report_day(report text, period text)
RETURNS date
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind CONSTANT text := (SELECT r.period_kind FROM aidcase.report AS r WHERE r.name = report);
    first_day date;
BEGIN
    IF kind IS NULL THEN
        RAISE EXCEPTION 'there is no report "%"', report
            USING ERRCODE = '22023', HINT = 'SELECT name FROM aidcase.report_list().';
    END IF;
    IF period IS NULL OR period !~ (CASE kind WHEN 'year' THEN '^\d{4}$' WHEN 'quarter' THEN '^\d{4}-Q[1-4]$'
                                             WHEN 'month' THEN '^\d{4}-(0[1-9]|1[0-2])$'
                                             ELSE '^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$' END) THEN
        RAISE EXCEPTION 'invalid period "%" for report "%"', period, report
            USING ERRCODE = '22023',
                  HINT = format('The report is made for a %s, for instance "%s".', kind,
                                CASE kind WHEN 'year' THEN '2021' WHEN 'quarter' THEN '2021-Q2' WHEN 'month' THEN '2021-06'
                                          ELSE '2021-06-30' END);
    END IF;
    IF kind = 'day' THEN
        RETURN period::date;
    END IF;
    first_day := make_date(left(period, 4)::integer,
                           CASE kind WHEN 'year' THEN 1 WHEN 'quarter' THEN 3 * right(period, 1)::integer - 2
                                     ELSE right(period, 2)::integer END, 1);
    RETURN (first_day + make_interval(months => CASE kind WHEN 'year' THEN 12 WHEN 'quarter' THEN 3 ELSE 1 END))::date - 1;
END
$$;
COMMENT ON FUNCTION aidcase.report_day(text, text) IS
    '报告期的最后一日 / the last day of a period of a report: YYYY, YYYY-Qn, YYYY-MM or YYYY-MM-DD as the report asks';

-- Rows of a report in which what must hold does not; none when all is well.
CREATE OR REPLACE FUNCTION aidcase.report_faults(report text, as_of date, unit_code text DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (row_no bigint, row_cells jsonb, failed text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    rules CONSTANT text[] := (SELECT r.checks FROM aidcase.report AS r WHERE r.name = report);
BEGIN
    IF rules IS NULL THEN
        RAISE EXCEPTION 'there is no report "%"', report
            USING ERRCODE = '22023', HINT = 'SELECT name FROM aidcase.report_list().';
    END IF;
    IF rules = '{}' THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT t.n, to_jsonb(t) - ''n'', c.rule'
        '  FROM (SELECT r.*, row_number() OVER () AS n FROM aidcase.%I($1, $2, $3) AS r) AS t'
        ' CROSS JOIN LATERAL (VALUES %s) AS c (rule, holds) WHERE NOT c.holds ORDER BY t.n, c.rule COLLATE "C"',
        'report_' || report,
        -- the names of columns were checked when the report was built
        (SELECT string_agg(format('(%L, (%s))', k, regexp_replace(k, '([a-z_][a-z_0-9]*)', 't."\1"', 'g')), ', ')
           FROM unnest(rules) AS k))
      USING as_of, unit_code, known_at;
END
$$;
COMMENT ON FUNCTION aidcase.report_faults(text, date, text, timestamptz) IS
    '报表中不满足表内关系的行,无则正确 / rows of a report in which one of its checks fails; none when all is well';

/*
 * The rows of a report with small cells hidden (NULL).
 *
 * A count between 1 and the minimum is hidden.  What is hidden alone could be
 * derived: from the total of its column, of the rows that differ in the place
 * only or of all; from a check that it is part of.  So the least of the other
 * parts is hidden too, one that is not zero when there is any, until nothing
 * stands alone.  Where a row's first count is hidden, so are the amounts,
 * rates and averages beside it.
 */
CREATE OR REPLACE FUNCTION aidcase.public_rows(report text, as_of date, unit_code text DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    least_count CONSTANT numeric := aidcase.parameter('public_minimum_cell', (SELECT r.area_code FROM aidcase.register AS r), as_of);
    counts  CONSTANT text[] := ARRAY(SELECT c.column_name FROM aidcase.report_column AS c
                                      WHERE c.report_name = report AND c.in_use AND c.format = 'int' ORDER BY c.position);
    others  CONSTANT text[] := ARRAY(SELECT c.column_name FROM aidcase.report_column AS c
                                      WHERE c.report_name = report AND c.in_use AND c.format IN ('money', 'percent'));
    texts   CONSTANT text[] := ARRAY(SELECT c.column_name FROM aidcase.report_column AS c
                                      WHERE c.report_name = report AND c.in_use AND c.format IN ('text', 'id') AND c.column_name <> 'place');
    rules   CONSTANT text[] := (SELECT r.checks FROM aidcase.report AS r WHERE r.name = report);
    shown   jsonb[];
    n       integer;
    value   numeric[];
    hidden  boolean[];
    sets    integer[][];
    groups  jsonb;
    members jsonb;
    changed boolean := true;
    found   integer;
    least   integer;
    k       integer;
    i       integer;
BEGIN
    EXECUTE format('SELECT array_agg(to_jsonb(t)) FROM aidcase.%I($1, $2, $3) AS t', 'report_' || report)
       INTO shown USING as_of, unit_code, known_at;
    n := coalesce(cardinality(shown), 0);
    IF n = 0 OR counts = '{}' THEN
        RETURN QUERY SELECT j FROM unnest(shown) WITH ORDINALITY AS x (j, no) ORDER BY x.no;
        RETURN;
    END IF;

    -- cell (row r, count c) has number (r - 1) * counts + c
    SELECT array_agg((shown[r] ->> counts[c])::numeric ORDER BY r, c),
           array_agg(coalesce((shown[r] ->> counts[c])::numeric > 0 AND (shown[r] ->> counts[c])::numeric < least_count, false) ORDER BY r, c)
      INTO value, hidden
      FROM generate_series(1, n) AS r CROSS JOIN generate_subscripts(counts, 1) AS c;

    -- sets of cells one of which can be told from the others
    SELECT jsonb_agg(g.cells) INTO groups
      FROM (SELECT jsonb_agg((r - 1) * cardinality(counts) + c) AS cells
              FROM generate_series(1, n) AS r CROSS JOIN generate_subscripts(counts, 1) AS c
             GROUP BY c, (SELECT jsonb_agg(shown[r] -> t) FROM unnest(texts) AS t)
             UNION ALL
            SELECT jsonb_agg((r - 1) * cardinality(counts) + c)
              FROM generate_series(1, n) AS r CROSS JOIN generate_subscripts(counts, 1) AS c
             GROUP BY c
             UNION ALL
            SELECT jsonb_agg((r - 1) * cardinality(counts) + c)
              FROM generate_series(1, n) AS r
             CROSS JOIN unnest(rules) AS q (rule)
             CROSS JOIN generate_subscripts(counts, 1) AS c
             WHERE q.rule !~ '<=' AND counts[c] IN (SELECT m[1] FROM regexp_matches(q.rule, '[a-z_0-9]+', 'g') AS m)
             GROUP BY r, q.rule) AS g
     WHERE jsonb_array_length(g.cells) > 1;

    WHILE changed LOOP
        changed := false;
        FOR members IN SELECT * FROM jsonb_array_elements(groups) LOOP
            found := 0;
            least := NULL;
            FOR k IN 0 .. jsonb_array_length(members) - 1 LOOP
                i := (members ->> k)::integer;
                IF hidden[i] THEN
                    found := found + 1;
                ELSIF value[i] IS NOT NULL
                      AND (least IS NULL OR (value[i] = 0, value[i]) < (value[least] = 0, value[least])) THEN
                    least := i;
                END IF;
            END LOOP;
            IF found = 1 AND least IS NOT NULL THEN
                hidden[least] := true;
                changed := true;
            END IF;
        END LOOP;
    END LOOP;

    RETURN QUERY
    SELECT shown[r] || coalesce((SELECT jsonb_object_agg(x.name, NULL)
                                   FROM (SELECT counts[c] AS name FROM generate_subscripts(counts, 1) AS c
                                          WHERE hidden[(r - 1) * cardinality(counts) + c]
                                          UNION ALL
                                         SELECT o FROM unnest(others) AS o WHERE hidden[(r - 1) * cardinality(counts) + 1]) AS x), '{}')
      FROM generate_series(1, n) AS r
     ORDER BY r;
END
$$;
COMMENT ON FUNCTION aidcase.public_rows(text, date, text, timestamptz) IS
    '内部:公开版报表的各行,小单元格为空 / internal: the rows of a report with small cells hidden; public_<name>() gives them their types';

-- What the ledger holds of cases since a size of the tree: who wrote when.  Of
-- the tables that the drill of a report reads and the caller may read, and of
-- cases that he may see; case_id NULL = of a table without cases.
CREATE OR REPLACE FUNCTION aidcase.changes_since(tree_size bigint, report text, cases bigint[])
RETURNS TABLE (case_id bigint, entry_no bigint, at timestamptz, staff_id bigint, operation text, relation text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    seen CONSTANT bigint[] := aidcase.ask_as_caller(
        'SELECT c.case_id FROM aidcase.aid_case AS c WHERE c.case_id = ANY ($1::bigint[])', changes_since.cases::text[]);
    -- PostgreSQL keeps track of what a function reads; the fact of an award is
    -- written with the award, which says more
    tables CONSTANT text[] := ARRAY(
        SELECT DISTINCT c.relname::text FROM pg_depend AS d JOIN pg_class AS f ON f.oid = d.refobjid
          JOIN pg_class AS c ON c.oid = CASE f.oid WHEN 'aidcase.award_fact'::regclass THEN 'aidcase.award'::regclass ELSE f.oid END
         WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass
           AND d.objid = to_regprocedure(format('aidcase.%I(date,text,timestamptz)', 'drill_' || changes_since.report))
           AND has_any_column_privilege(aidcase.caller(), c.oid, 'SELECT'));
    -- what a later checkpoint seals had not ended in the snapshot of this one
    first_xid CONSTANT bigint := coalesce((
        SELECT pg_snapshot_xmin(c.horizon::pg_snapshot)::text::bigint FROM aidcase.checkpoint AS c
         WHERE c.tree_size = changes_since.tree_size
           AND c.incarnation = (SELECT max(i.incarnation) FROM aidcase.register_incarnation AS i)), 0);
BEGIN
    RETURN QUERY
    SELECT l.case_id, l.entry_no, l.at, l.staff_id, l.operation, l.relation
      FROM aidcase.ledger AS l
     WHERE l.xid >= first_xid AND NOT aidcase.is_known(l.entry_no, changes_since.tree_size)
       AND l.relation = ANY (tables) AND l.operation IN ('I', 'U', 'D')
       AND (l.case_id IS NULL OR l.case_id = ANY (seen));
END
$$;
COMMENT ON FUNCTION aidcase.changes_since(bigint, text, bigint[]) IS
    '内部:某检查点之后台账对某报表所涉个案的记录 / internal: what the ledger recorded after a checkpoint of cases, in the tables that a report reads';
REVOKE ALL ON FUNCTION aidcase.changes_since(bigint, text, bigint[]) FROM PUBLIC;

-- The time by which an issue of a report knew what it shows: its own known_at,
-- or the first checkpoint that covers the issue.
CREATE OR REPLACE FUNCTION aidcase.issue_known(report text, period text, unit text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    issue record;
    sealed timestamptz;
BEGIN
    SELECT i.known_at, i.entry_no INTO issue
      FROM aidcase.report_issue AS i
     WHERE i.report_name = report AND i.period = issue_known.period AND i.unit_code IS NOT DISTINCT FROM unit
     ORDER BY i.issue_id DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'report "%" was not issued for "%"', report, period
            USING ERRCODE = '22023', DETAIL = 'No workbook of this period and unit is recorded.',
                  HINT = 'Give the time since when changes are to be shown: restate(report, period, unit, since).';
    END IF;
    sealed := coalesce(issue.known_at,
                       (SELECT min(c.sealed_at) FROM aidcase.checkpoint AS c WHERE c.tree_size > aidcase.leaf_of(issue.entry_no)));
    IF sealed IS NULL THEN
        RAISE EXCEPTION 'the issue of report "%" for "%" is not sealed yet', report, period
            USING ERRCODE = '55000', DETAIL = 'Until then there is no state that it could be compared with.',
                  HINT = 'Sealing follows by itself when aidcase is in shared_preload_libraries; otherwise SELECT aidcase.seal().';
    END IF;
    RETURN sealed;
END
$$;
COMMENT ON FUNCTION aidcase.issue_known(text, text, text) IS
    '某报表最近一次签发所依据的时点 / the time by which the last issue of a report knew what it shows';

CREATE OR REPLACE FUNCTION aidcase.restate(report text, period text, unit text DEFAULT NULL,
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS TABLE (row_key text[], column_name text, case_id bigint, was numeric, now_is numeric,
               changed_at timestamptz, staff_id bigint, operation text, relation text, entries bigint[])
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, aidcase, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    as_of CONSTANT date := aidcase.report_day(restate.report, restate.period);
    known_from timestamptz := coalesce(since, CASE WHEN to_regprocedure(format('aidcase.%I(date,text,timestamptz)', 'drill_' || report)) IS NOT NULL
                                                   THEN aidcase.issue_known(restate.report, restate.period, restate.unit) END);
    drill CONSTANT oid := to_regprocedure(format('aidcase.%I(date,text,timestamptz)', 'drill_' || report));
    size   bigint;
    cells  jsonb;
BEGIN
    IF drill IS NULL THEN
        RAISE EXCEPTION 'report "%" cannot be restated', report
            USING ERRCODE = '0A000', DETAIL = 'It has no drill: its lines are not sums of cases.',
                  HINT = 'Make it twice, with and without known_at.';
    END IF;
    size := aidcase.known_size(known_from);
    EXECUTE format(
        'SELECT jsonb_agg(jsonb_build_array(coalesce(b.row_key, a.row_key), coalesce(b.column_name, a.column_name),'
        '                 coalesce(b.case_id, a.case_id), b.value, a.value))'
        '  FROM aidcase.%1$I($1, $2, $3) AS b'
        '  FULL JOIN aidcase.%1$I($1, $2, $4) AS a'
        '    ON a.row_key = b.row_key AND a.column_name = b.column_name AND coalesce(a.case_id, 0) = coalesce(b.case_id, 0)'
        ' WHERE a.value IS DISTINCT FROM b.value', 'drill_' || report)
       INTO cells USING as_of, unit, known_from, until;
    RETURN QUERY
    WITH cell AS (
        SELECT ARRAY(SELECT jsonb_array_elements_text(j -> 0)) AS row_key, j ->> 1 AS column_name, (j ->> 2)::bigint AS case_id,
               (j ->> 3)::numeric AS was, (j ->> 4)::numeric AS now_is
          FROM jsonb_array_elements(cells) AS j
    ), change AS MATERIALIZED (
        SELECT * FROM aidcase.changes_since(size, restate.report, ARRAY(SELECT DISTINCT c.case_id FROM cell AS c WHERE c.case_id IS NOT NULL)) AS h
         WHERE until IS NULL OR aidcase.is_known(h.entry_no, aidcase.known_size(until))
    ), of_case AS (
        SELECT h.case_id, array_agg(h.entry_no ORDER BY h.entry_no) AS entries FROM change AS h GROUP BY h.case_id
    )
    SELECT c.row_key, c.column_name, c.case_id, c.was, c.now_is, h.at, h.staff_id, h.operation, h.relation, o.entries
      FROM cell AS c
      -- what changed without the case, a roll that was handed in, say, is of no case
      LEFT JOIN of_case AS o ON o.case_id = c.case_id
                             OR o.case_id IS NULL AND NOT EXISTS (SELECT FROM of_case AS x WHERE x.case_id = c.case_id)
      LEFT JOIN change AS h ON h.entry_no = o.entries[cardinality(o.entries)]
     ORDER BY c.row_key, c.column_name COLLATE "C", c.case_id;
END
$$;
COMMENT ON FUNCTION aidcase.restate(text, text, text, timestamptz, timestamptz) IS
    '报表签发以来的变化:逐单元格、逐个案,谁在何时改动 / what has changed in a report since it was issued (or since a time): each cell and case, its share then and now, who wrote last and when, all entries';
GRANT EXECUTE ON FUNCTION aidcase.changes_since(bigint, text, bigint[])
    TO aidcase_committee, aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector,
       aidcase_payer, aidcase_finance, aidcase_analyst, aidcase_admin;

-- Hands a report up: the workbook that was issued last becomes the next
-- version.  One version at a time waits for its receipt.
CREATE OR REPLACE FUNCTION aidcase.submit_report(report text, period text, receiver text, unit text DEFAULT NULL,
    due_on date DEFAULT NULL, reason text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    last_day CONSTANT date := aidcase.report_day(submit_report.report, submit_report.period);
    former aidcase.report_submission;
    issue  record;
    fault  text;
BEGIN
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', aidcase.district_id(), 'hand a report up');
    -- of two who hand up at once the second sees the first
    PERFORM pg_advisory_xact_lock(hashtextextended('aidcase.report_submission ' || report || ' ' || period, 0));
    SELECT i.issue_id, i.sha256 INTO issue FROM aidcase.report_issue AS i
     WHERE i.report_name = report AND i.period = submit_report.period AND i.unit_code IS NOT DISTINCT FROM unit
     ORDER BY i.issue_id DESC LIMIT 1;
    SELECT s.* INTO former FROM aidcase.report_submission AS s
     WHERE s.report_name = report AND s.period = submit_report.period AND s.unit_code IS NOT DISTINCT FROM unit
       AND s.receiver = btrim(submit_report.receiver)
     ORDER BY s.version DESC LIMIT 1;
    fault := CASE
        WHEN coalesce(btrim(receiver), '') = '' THEN 'The receiver is missing.'
        WHEN last_day >= aidcase.today() THEN 'The period has not ended.'
        WHEN issue.issue_id IS NULL THEN 'No workbook of this period and unit was issued.'
        WHEN former.version IS NULL THEN NULL
        WHEN former.outcome IS NULL THEN format('Version %s waits for its receipt.', former.version)
        WHEN former.sha256 = issue.sha256 THEN format('Version %s was the same workbook.', former.version)
        WHEN coalesce(btrim(reason), '') = '' THEN 'A further version needs a reason.' END;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'report "%" for "%" cannot be handed up', report, period
            USING ERRCODE = '55000', DETAIL = fault,
                  HINT = 'Issue it with aidcase.workbook(); record receipts with aidcase.record_report_receipt(); SELECT * FROM aidcase.report_submission.';
    END IF;
    INSERT INTO aidcase.report_submission (report_name, period, unit_code, receiver, version, issue_id, sha256, due_on,
                                           submitted_at, submitted_by, reason)
    VALUES (report, period, unit, btrim(receiver), coalesce(former.version, 0) + 1, issue.issue_id, issue.sha256, due_on,
            aidcase.now_here(), aidcase.current_staff(), CASE WHEN former.version IS NOT NULL THEN btrim(reason) END);
    RETURN coalesce(former.version, 0) + 1;
END
$$;
COMMENT ON FUNCTION aidcase.submit_report(text, text, text, text, date, text) IS
    '上报最近签发的工作簿,返回版次;重报须写明原因 / hands up the workbook that was issued last; returns the version; a further one needs a reason';

CREATE OR REPLACE FUNCTION aidcase.record_report_receipt(report text, period text, receiver text, receipt_no text, received_by text,
    received_on date, unit text DEFAULT NULL, return_reason text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    open aidcase.report_submission;
    faults text[];
BEGIN
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', aidcase.district_id(), 'record the receipt for a report');
    SELECT s.* INTO open FROM aidcase.report_submission AS s
     WHERE s.report_name = report AND s.period = record_report_receipt.period AND s.unit_code IS NOT DISTINCT FROM unit
       AND s.receiver = btrim(record_report_receipt.receiver) AND s.outcome IS NULL
     FOR NO KEY UPDATE;
    faults := array_remove(ARRAY[
        CASE WHEN open.version IS NULL THEN 'No version of it waits for a receipt.' END,
        CASE WHEN coalesce(btrim(receipt_no), '') = '' THEN 'The number of the receipt is missing.' END,
        CASE WHEN coalesce(btrim(received_by), '') = '' THEN 'Who received it is missing.' END,
        CASE WHEN received_on IS NULL THEN 'The day is missing.'
             WHEN received_on > aidcase.today() THEN 'It cannot have been received in the future.'
             WHEN received_on < aidcase.date_here(open.submitted_at) THEN 'It was received before it was handed up.' END,
        CASE WHEN btrim(return_reason) = '' THEN 'The reason of the return is empty.' END], NULL);
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the receipt for report "%" cannot be recorded', report
            USING ERRCODE = '22023', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'SELECT * FROM aidcase.report_submission WHERE outcome IS NULL.';
    END IF;
    UPDATE aidcase.report_submission AS s
       SET receipt_no = btrim(record_report_receipt.receipt_no), received_by = btrim(record_report_receipt.received_by),
           received_on = record_report_receipt.received_on, return_reason = btrim(record_report_receipt.return_reason),
           outcome = CASE WHEN record_report_receipt.return_reason IS NULL THEN 'accepted' ELSE 'returned' END
     WHERE s.report_submission_id = open.report_submission_id;
    RETURN CASE WHEN return_reason IS NULL THEN 'accepted' ELSE 'returned' END;
END
$$;
COMMENT ON FUNCTION aidcase.record_report_receipt(text, text, text, text, text, date, text, text) IS
    '登记上报回执:有退回原因即为退回 / records the receipt for what was handed up; with a reason it was returned';
REVOKE ALL ON FUNCTION aidcase.submit_report(text, text, text, text, date, text),
    aidcase.record_report_receipt(text, text, text, text, text, date, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.submit_report(text, text, text, text, date, text),
    aidcase.record_report_receipt(text, text, text, text, text, date, text, text) TO aidcase_bureau;
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.report_submission
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('receipt_no', 'received_by', 'received_on', 'outcome', 'return_reason');

CREATE OR REPLACE FUNCTION aidcase.report_checkpoint(known_at timestamptz)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT c.body FROM aidcase.checkpoint AS c
 WHERE report_checkpoint.known_at IS NULL OR c.sealed_at <= report_checkpoint.known_at
 ORDER BY c.tree_size DESC LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.report_checkpoint(timestamptz) IS
    '报表所依据的检查点 / the checkpoint that a report of this known_at names in its workbook, none before the first seal';
REVOKE ALL ON FUNCTION aidcase.report_checkpoint(timestamptz) FROM PUBLIC;
