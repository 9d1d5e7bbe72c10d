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
