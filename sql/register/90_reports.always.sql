/*
 * reports: functions over the register.
 */
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

-- What a report asks that can only show the present: the register cannot yet
-- be read as it was known at an earlier checkpoint.
CREATE OR REPLACE FUNCTION aidcase.present_only(known_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF known_at IS NOT NULL THEN
        RAISE EXCEPTION 'the report cannot be made as of an earlier state of knowledge'
            USING ERRCODE = '0A000',
                  DETAIL = 'There is no checkpoint that "known_at" could mean.',
                  HINT = 'Leave "known_at" out.';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION aidcase.present_only(timestamptz) IS
    '报表只能按现有登记内容生成时拒绝 known_at / refuses known_at for a report that shows the present only';

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
