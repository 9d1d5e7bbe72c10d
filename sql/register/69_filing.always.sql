/*
 * filing: a file of filings (kind "filings" of import_file() and export_file()).
 *
 * A declaration is the lines of one filer and one day; a line with relation
 * "nil" (or 无) is a nil return.  A line that is refused leaves the others of
 * its declaration.  A file that names other relatives for a filer and day
 * than are declared already makes a declaration that corrects; one that names
 * the same changes nothing.
 */
CREATE OR REPLACE FUNCTION aidcase.judge_filings() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    UPDATE pg_temp.import_line AS l
       SET doc = l.doc || jsonb_build_object('relation', CASE WHEN l.doc ->> 'relation' IN ('无', 'nil') THEN 'nil' ELSE k.code END)
      FROM (SELECT c.code, c.zh FROM aidcase.file_codes('relative_filing.relation') AS c UNION ALL SELECT 'nil', '无') AS k
     WHERE k.zh = l.doc ->> 'relation';
    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT r.line, w.col, w.reason
      FROM pg_temp.import_line AS r
     CROSS JOIN LATERAL (
        SELECT 'staff_no' AS col, CASE WHEN r.doc ->> 'staff_no' IS NULL THEN 'is missing' ELSE 'must not be named beside "official"' END AS reason
         WHERE (r.doc ->> 'staff_no' IS NULL) = (r.doc ->> 'official' IS NULL)
        UNION ALL
        SELECT 'name', 'is missing' WHERE r.doc ->> 'relation' <> 'nil' AND r.doc ->> 'name' IS NULL
        UNION ALL
        SELECT 'relation', 'must be one of ' || (SELECT string_agg(k.code, ', ' ORDER BY k.sort) FROM aidcase.file_codes('relative_filing.relation') AS k)
         WHERE r.doc ->> 'relation' <> 'nil'
           AND NOT EXISTS (SELECT FROM aidcase.file_codes('relative_filing.relation') AS k WHERE k.code = r.doc ->> 'relation')
        UNION ALL
        SELECT 'relation', 'is a nil return, which goes with no other row of this filer and day'
         WHERE r.doc ->> 'relation' = 'nil'
           AND EXISTS (SELECT FROM pg_temp.import_line AS b
                        WHERE b.line <> r.line AND b.doc ->> 'declared_on' = r.doc ->> 'declared_on'
                          AND (b.doc ->> 'staff_no', b.doc ->> 'official') IS NOT DISTINCT FROM (r.doc ->> 'staff_no', r.doc ->> 'official'))
       ) AS w
     WHERE r.fields IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.import_fault AS f WHERE f.line = r.line AND f.column_code IS NULL);
    -- what is wrong with the declarations that the rest of the lines make;
    -- without the refused lines there may be further faults, so again
    LOOP
        PERFORM aidcase.refuse_lines(NULL);
        WITH made AS MATERIALIZED (
            SELECT d.lines, d.doc || CASE WHEN b.declared THEN '{"corrects": true}'::jsonb ELSE '{}' END AS doc, coalesce(b.unchanged, false) AS unchanged
              FROM aidcase.filed_declarations() AS d
              LEFT JOIN LATERAL aidcase.same_declaration(d.doc) AS b ON true
        ), same AS (
            UPDATE pg_temp.import_line AS l SET unchanged = m.unchanged
              FROM made AS m WHERE l.line = ANY (m.lines) AND l.unchanged <> m.unchanged
        )
        INSERT INTO pg_temp.import_fault (line, column_code, reason)
        SELECT DISTINCT l.line, CASE f.col WHEN 'staff' THEN 'staff_no' ELSE f.col END, f.reason
          FROM made AS g
         CROSS JOIN LATERAL (
            SELECT substring(x.path FROM '^relatives\[(\d+)\]')::integer AS n,
                   CASE WHEN x.path ~ '^relatives\[\d+\]' THEN substring(x.path FROM '\.(\w+)$') ELSE x.path END AS col, x.reason
              FROM aidcase.declaration_faults(g.doc) AS x) AS f
         CROSS JOIN LATERAL (
            SELECT g.lines[f.n + 1] AS line WHERE f.n IS NOT NULL
            UNION ALL
            SELECT unnest(g.lines) WHERE f.n IS NULL) AS l
         WHERE NOT g.unchanged;
        EXIT WHEN NOT FOUND;
    END LOOP;
END
$$;
COMMENT ON FUNCTION aidcase.judge_filings() IS
    '内部:检查备案文件的各份申报 / internal: judges the declarations of a file of filings';

-- The declarations that the lines make which are not refused.
CREATE OR REPLACE FUNCTION aidcase.filed_declarations() RETURNS TABLE (lines integer[], doc jsonb)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT array_agg(r.line ORDER BY r.line),
           jsonb_strip_nulls(jsonb_build_object('staff', r.doc ->> 'staff_no', 'official', r.doc ->> 'official', 'declared_on', r.doc ->> 'declared_on'))
           || jsonb_build_object('relatives', coalesce(jsonb_agg(r.doc - '{staff_no,official,declared_on}'::text[] ORDER BY r.line)
                                                           FILTER (WHERE r.doc ->> 'relation' <> 'nil'), '[]'))
      FROM pg_temp.import_line AS r
     WHERE NOT r.refused
     GROUP BY r.doc ->> 'staff_no', r.doc ->> 'official', r.doc ->> 'declared_on';
END
$$;
COMMENT ON FUNCTION aidcase.filed_declarations() IS
    '内部:备案文件各行组成的申报 / internal: the declarations that the lines of a file of filings make';

CREATE OR REPLACE FUNCTION aidcase.write_filings(import_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    UPDATE pg_temp.import_line AS l SET refused = true WHERE l.unchanged;
    PERFORM aidcase.file_relatives(d.doc || CASE WHEN b.declared THEN '{"corrects": true}'::jsonb ELSE '{}' END)
       FROM (SELECT * FROM aidcase.filed_declarations() ORDER BY doc ->> 'declared_on', lines) AS d
       LEFT JOIN LATERAL aidcase.same_declaration(d.doc) AS b ON true;
END
$$;
COMMENT ON FUNCTION aidcase.write_filings(bigint) IS
    '内部:写入备案文件 / internal: writes a file of filings';

-- Declarations of a period that were not taken back.
CREATE OR REPLACE FUNCTION aidcase.export_filings(from_day date, to_day date) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('staff_no', s.staff_no, 'official', f.official::text, 'declared_on', f.declared_on,
               'relation', coalesce(r.relation, 'nil'), 'name', r.name, 'citizen_id', r.citizen_id::text,
               'birth_date', CASE WHEN r.citizen_id IS NULL THEN r.birth_date END, 'parentage', r.parentage,
               'since', r.since, 'until', r.until, 'ended_by', r.ended_by))
      FROM aidcase.staff_filing AS f
      LEFT JOIN aidcase.staff AS s ON s.staff_id = f.staff_id
      LEFT JOIN aidcase.relative_filing AS r ON r.filing_id = f.filing_id
     WHERE f.declared_on BETWEEN from_day AND to_day
       AND NOT EXISTS (SELECT FROM aidcase.staff_filing AS c WHERE c.corrects = f.filing_id)
     ORDER BY f.declared_on, s.staff_no COLLATE "C", f.official, r.relation COLLATE "C", r.birth_date, r.name COLLATE "C", r.citizen_id
$$;
COMMENT ON FUNCTION aidcase.export_filings(date, date) IS
    '内部:某期间有效的近亲属申报 / internal: the declarations of a period that were not taken back';
