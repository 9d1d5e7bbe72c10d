/*
 * files: the kinds of file that bring facts of several rooms: deaths and
 * other registers, replies to economic checks, staff.  Filings stand with
 * ties (68), existing recipients with the take-over (93).
 */

-- ---------------------------------------------------------------------
-- Deaths and other registers: what they say about somebody in benefit, or who
-- applies, becomes a match to be disposed of; a line about anybody else
-- changes nothing and is not kept.

-- Who of these numbers is in benefit or applies, in which case.
CREATE OR REPLACE FUNCTION aidcase.people_served(numbers aidcase.citizen_id[])
RETURNS TABLE (citizen_id aidcase.citizen_id, case_id bigint, unit_id bigint, member_id bigint, name text, birth_date date)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT DISTINCT ON (m.case_id, m.citizen_id) m.citizen_id, m.case_id, c.unit_id, m.member_id, m.name, m.birth_date
      FROM aidcase.case_member AS m
      JOIN aidcase.aid_case AS c ON c.case_id = m.case_id
     WHERE m.citizen_id = ANY (numbers) AND NOT m.void
       AND (EXISTS (SELECT FROM aidcase.award_person AS q
                     WHERE q.member_id = m.member_id AND NOT isempty(q.months) AND coalesce(upper(q.months) > aidcase.today(), true))
            OR EXISTS (SELECT FROM aidcase.case_round AS r
                         JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
                        WHERE r.round_id = m.round_id AND NOT s.frozen AND s.kind <> 'final'))
     ORDER BY m.case_id, m.citizen_id, m.member_id DESC
$$;
COMMENT ON FUNCTION aidcase.people_served(aidcase.citizen_id[]) IS
    '这些号码中在享或在办的人员及其档案 / who of these numbers is in benefit or applies, and in which case';
REVOKE ALL ON FUNCTION aidcase.people_served(aidcase.citizen_id[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.people_served(aidcase.citizen_id[]) TO aidcase_bureau;

CREATE OR REPLACE FUNCTION aidcase.judge_register() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    CREATE TEMPORARY TABLE import_match ON COMMIT DROP AS
    SELECT l.line, p.citizen_id, p.case_id, p.unit_id, p.member_id, p.name, p.birth_date,
           coalesce(l.doc ->> 'registry', 'death') AS registry,
           aidcase.iso_date(coalesce(l.doc ->> 'died_on', l.doc ->> 'fact_on')) AS fact_on,
           coalesce(l.doc ->> 'description', l.doc ->> 'source', '死亡') AS description, aidcase.yuan(l.doc ->> 'amount', true) AS amount
      FROM pg_temp.import_line AS l
      JOIN aidcase.people_served(ARRAY(SELECT DISTINCT aidcase.citizen(b.doc ->> 'citizen_id') FROM pg_temp.import_line AS b WHERE NOT b.refused)) AS p
        ON p.citizen_id = aidcase.citizen(l.doc ->> 'citizen_id')
     WHERE NOT l.refused;
    CREATE INDEX ON pg_temp.import_match (line);
    CREATE INDEX ON pg_temp.import_match (citizen_id);
    ANALYZE pg_temp.import_match;
    INSERT INTO pg_temp.import_fault (line, column_code, reason, refused)
    SELECT l.line, w.col, w.reason, w.refused
      FROM pg_temp.import_line AS l
     CROSS JOIN LATERAL (
        SELECT k.code AS col, 'must not be in the future' AS reason, true AS refused
          FROM unnest('{died_on,fact_on}'::text[]) AS k (code) WHERE aidcase.iso_date(l.doc ->> k.code) > aidcase.today()
        UNION ALL
        SELECT k.code, 'lies before the birth of the person', true
          FROM unnest('{died_on,fact_on}'::text[]) AS k (code)
         WHERE aidcase.iso_date(l.doc ->> k.code) < aidcase.birth_date(aidcase.citizen(l.doc ->> 'citizen_id'))
        UNION ALL
        SELECT 'name', 'differs from the name in the register', false
         WHERE EXISTS (SELECT FROM pg_temp.import_match AS m WHERE m.line = l.line AND aidcase.name_key(m.name) <> aidcase.name_key(l.doc ->> 'name'))
        UNION ALL
        SELECT NULL, format('says the same as line %s', b.line), true
          FROM (SELECT b.line FROM pg_temp.import_match AS m
                  JOIN pg_temp.import_match AS b ON b.line < m.line
                   AND (b.citizen_id, b.case_id, b.registry, b.fact_on, b.description, b.amount)
                       IS NOT DISTINCT FROM (m.citizen_id, m.case_id, m.registry, m.fact_on, m.description, m.amount)
                   AND b.citizen_id = m.citizen_id
                 WHERE m.line = l.line ORDER BY b.line LIMIT 1) AS b
       ) AS w
     WHERE NOT l.refused;
    -- nobody here, or known already
    UPDATE pg_temp.import_line AS l SET unchanged = true
     WHERE NOT EXISTS (SELECT FROM pg_temp.import_match AS m
                        WHERE m.line = l.line
                          AND NOT EXISTS (SELECT FROM aidcase.register_match AS r
                                           WHERE (r.case_id, r.citizen_id, r.registry) = (m.case_id, m.citizen_id, m.registry)
                                             AND (r.fact_on, r.description, r.amount) IS NOT DISTINCT FROM (m.fact_on, m.description, m.amount)));
    DROP TABLE pg_temp.import_match;
END
$$;
COMMENT ON FUNCTION aidcase.judge_register() IS
    '内部:检查死亡名单和其他登记信息文件 / internal: judges files of deaths and of other registers';

CREATE OR REPLACE FUNCTION aidcase.write_register(import_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    INSERT INTO aidcase.register_match (case_id, unit_id, member_id, import_id, line, registry, citizen_id, name, fact_on, description, amount)
    SELECT p.case_id, p.unit_id, p.member_id, write_register.import_id, l.line, coalesce(l.doc ->> 'registry', 'death'), p.citizen_id,
           l.doc ->> 'name', aidcase.iso_date(coalesce(l.doc ->> 'died_on', l.doc ->> 'fact_on')),
           coalesce(l.doc ->> 'description', l.doc ->> 'source', '死亡'), aidcase.yuan(l.doc ->> 'amount', true)
      FROM pg_temp.import_line AS l
      JOIN aidcase.people_served(ARRAY(SELECT DISTINCT aidcase.citizen(b.doc ->> 'citizen_id') FROM pg_temp.import_line AS b WHERE NOT b.refused)) AS p
        ON p.citizen_id = aidcase.citizen(l.doc ->> 'citizen_id')
     WHERE NOT l.refused AND NOT l.unchanged
     ORDER BY l.line, p.case_id
        ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION aidcase.write_register(bigint) IS
    '内部:写入死亡名单和其他登记信息的比中结果 / internal: writes the matches of a file of deaths or of another register';

CREATE OR REPLACE FUNCTION aidcase.export_deaths(from_day date, to_day date) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('citizen_id', m.citizen_id::text, 'name', m.name, 'died_on', m.fact_on, 'source', nullif(m.description, '死亡')))
      FROM (SELECT DISTINCT ON (m.citizen_id, m.fact_on, m.description) m.* FROM aidcase.register_match AS m
             WHERE m.registry = 'death' AND m.fact_on BETWEEN from_day AND to_day
             ORDER BY m.citizen_id, m.fact_on, m.description, m.match_id) AS m
     ORDER BY m.fact_on, m.citizen_id, m.description COLLATE "C"
$$;
COMMENT ON FUNCTION aidcase.export_deaths(date, date) IS
    '内部:某期间死亡的在享或在办人员 / internal: deaths of a period among those served';

CREATE OR REPLACE FUNCTION aidcase.export_other_registers(from_day date, to_day date) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('citizen_id', m.citizen_id::text, 'name', m.name, 'registry', m.registry, 'fact_on', m.fact_on,
                                                'description', m.description, 'amount', m.amount))
      FROM (SELECT DISTINCT ON (m.citizen_id, m.registry, m.fact_on, m.description, m.amount) m.* FROM aidcase.register_match AS m
             WHERE m.registry <> 'death' AND coalesce(m.fact_on, aidcase.date_here(m.found_at)) BETWEEN from_day AND to_day
             ORDER BY m.citizen_id, m.registry, m.fact_on, m.description, m.amount, m.match_id) AS m
     ORDER BY m.registry COLLATE "C", m.fact_on, m.citizen_id, m.description COLLATE "C", m.amount
$$;
COMMENT ON FUNCTION aidcase.export_other_registers(date, date) IS
    '内部:某期间其他登记中比中的信息 / internal: what other registers told in a period about those served';

-- How a match was looked into.
CREATE OR REPLACE FUNCTION aidcase.dispose_match(match_id bigint, finding text, note text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM aidcase.raise_faults('finding', ARRAY(
        SELECT f.reason FROM (
            SELECT 'match_id: is no open match of your units' AS reason
             WHERE NOT EXISTS (SELECT FROM aidcase.register_match AS m WHERE m.match_id = dispose_match.match_id AND m.finding IS NULL)
            UNION ALL
            SELECT 'note: is missing' WHERE coalesce(btrim(note), '') = ''
            UNION ALL
            SELECT 'finding: must be one of ' || (SELECT string_agg(c.code, ', ' ORDER BY c.sort) FROM aidcase.file_codes('register_match.finding') AS c)
             WHERE NOT EXISTS (SELECT FROM aidcase.file_codes('register_match.finding') AS c WHERE c.code = dispose_match.finding)) AS f
         ORDER BY f.reason COLLATE "C"),
        'Example: SELECT aidcase.dispose_match(1, ''not_confirmed'', ''经核实为同名'').');
    UPDATE aidcase.register_match AS m
       SET finding = dispose_match.finding, finding_note = note, disposed_at = aidcase.now_here(), disposed_by = aidcase.acting_staff()
     WHERE m.match_id = dispose_match.match_id;
END
$$;
COMMENT ON FUNCTION aidcase.dispose_match(bigint, text, text) IS
    '处置比中信息:核实结论和说明 / disposes of what another register told: a finding and a note';
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.register_match
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('finding', 'finding_note', 'disposed_at', 'disposed_by');

CREATE OR REPLACE VIEW aidcase.match_status WITH (security_invoker = true) AS
SELECT m.unit_id, u.unit_code, m.registry, count(*) AS found, count(m.finding) AS disposed,
       count(*) FILTER (WHERE m.finding LIKE 'confirmed%') AS confirmed, count(*) - count(m.finding) AS open,
       aidcase.today() - min(aidcase.date_here(m.found_at)) FILTER (WHERE m.finding IS NULL) AS oldest_days
  FROM aidcase.register_match AS m
  JOIN aidcase.unit AS u ON u.unit_id = m.unit_id
 GROUP BY m.unit_id, u.unit_code, m.registry;
COMMENT ON VIEW aidcase.match_status IS
    '各单位比中信息处置情况 / how far each unit has disposed of what other registers told';

-- ---------------------------------------------------------------------
-- Replies to economic checks: a line a suspicious item, or one for a clean
-- reply; lines with one reply number are one person's.

CREATE OR REPLACE FUNCTION aidcase.judge_check_replies() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    CREATE TEMPORARY TABLE import_reply ON COMMIT DROP AS
    SELECT l.line, l.doc, c.check_id, c.requested_at, c.returned_at, c.outcome,
           first_value(l.line) OVER (PARTITION BY l.doc ->> 'reply' ORDER BY l.line) AS first_line,
           first_value(l.doc) OVER (PARTITION BY l.doc ->> 'reply' ORDER BY l.line) AS first_doc
      FROM pg_temp.import_line AS l
      LEFT JOIN LATERAL (
            SELECT k.* FROM aidcase.registry_check AS k
              LEFT JOIN aidcase.case_member AS m ON m.member_id = k.member_id
              LEFT JOIN aidcase.obligor AS o ON o.obligor_id = k.obligor_id
             WHERE k.reference_no = l.doc ->> 'reference_no' AND coalesce(m.citizen_id, o.citizen_id) = aidcase.citizen(l.doc ->> 'citizen_id')
             ORDER BY k.check_id DESC LIMIT 1) AS c ON true
     WHERE NOT l.refused;
    CREATE INDEX ON pg_temp.import_reply (check_id);
    ANALYZE pg_temp.import_reply;
    -- answered before in the same words
    UPDATE pg_temp.import_line AS l SET unchanged = true
      FROM pg_temp.import_reply AS r
     WHERE r.line = l.line AND r.returned_at = aidcase.iso_timestamp(r.doc ->> 'returned_at') AND r.outcome = r.doc ->> 'outcome'
       AND (r.doc ->> 'registry' IS NULL
            OR EXISTS (SELECT FROM aidcase.registry_hit AS h
                        WHERE h.check_id = r.check_id AND h.registry = r.doc ->> 'registry' AND h.description = r.doc ->> 'description'
                          AND h.amount IS NOT DISTINCT FROM aidcase.yuan(r.doc ->> 'amount', true)));
    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT r.line, w.col, w.reason
      FROM pg_temp.import_reply AS r
      JOIN pg_temp.import_line AS l ON l.line = r.line AND NOT l.unchanged
     CROSS JOIN LATERAL (
        SELECT 'reference_no' AS col, 'is no check of this person in your units' AS reason WHERE r.check_id IS NULL
        UNION ALL
        SELECT 'reference_no', 'was answered already, in other words' WHERE r.returned_at IS NOT NULL
        UNION ALL
        SELECT k.code, format('differs from line %s of the same reply', r.first_line)
          FROM unnest('{reference_no,citizen_id,returned_at,outcome}'::text[]) AS k (code)
         WHERE r.doc ->> k.code IS DISTINCT FROM r.first_doc ->> k.code
        UNION ALL
        SELECT 'reply', 'is a second reply to the same check'
         WHERE EXISTS (SELECT FROM pg_temp.import_reply AS b
                        WHERE b.check_id = r.check_id AND b.doc ->> 'reply' <> r.doc ->> 'reply' AND b.line < r.line)
        UNION ALL
        SELECT 'returned_at', 'must not be in the future' WHERE aidcase.iso_timestamp(r.doc ->> 'returned_at') > aidcase.now_here()
        UNION ALL
        SELECT 'returned_at', 'lies before the request' WHERE aidcase.iso_timestamp(r.doc ->> 'returned_at') < r.requested_at
        UNION ALL
        SELECT k.code, 'is missing: a suspicious outcome names its items'
          FROM unnest('{registry,description}'::text[]) AS k (code)
         WHERE r.doc ->> 'outcome' = 'suspicious' AND r.doc ->> k.code IS NULL
        UNION ALL
        SELECT k.code, 'goes with a suspicious outcome only'
          FROM unnest('{registry,description,amount}'::text[]) AS k (code)
         WHERE r.doc ->> 'outcome' = 'clean' AND r.doc ->> k.code IS NOT NULL
       ) AS w;
    DROP TABLE pg_temp.import_reply;
END
$$;
COMMENT ON FUNCTION aidcase.judge_check_replies() IS
    '内部:检查经济核对回复文件 / internal: judges a file of replies to economic checks';

CREATE OR REPLACE FUNCTION aidcase.write_check_replies(import_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    CREATE TEMPORARY TABLE import_reply ON COMMIT DROP AS
    SELECT l.line, l.doc, c.check_id, c.case_id, c.round_id
      FROM pg_temp.import_line AS l
     CROSS JOIN LATERAL (
            SELECT k.* FROM aidcase.registry_check AS k
              LEFT JOIN aidcase.case_member AS m ON m.member_id = k.member_id
              LEFT JOIN aidcase.obligor AS o ON o.obligor_id = k.obligor_id
             WHERE k.reference_no = l.doc ->> 'reference_no' AND coalesce(m.citizen_id, o.citizen_id) = aidcase.citizen(l.doc ->> 'citizen_id')
             ORDER BY k.check_id DESC LIMIT 1) AS c
     WHERE NOT l.refused AND NOT l.unchanged;
    UPDATE aidcase.registry_check AS c
       SET returned_at = aidcase.iso_timestamp(r.doc ->> 'returned_at'), outcome = r.doc ->> 'outcome'
      FROM (SELECT DISTINCT ON (r.check_id) r.* FROM pg_temp.import_reply AS r ORDER BY r.check_id, r.line) AS r
     WHERE c.check_id = r.check_id;
    INSERT INTO aidcase.registry_hit (check_id, case_id, round_id, registry, description, amount, raised_at)
    SELECT r.check_id, r.case_id, r.round_id, r.doc ->> 'registry', r.doc ->> 'description', aidcase.yuan(r.doc ->> 'amount', true),
           aidcase.iso_timestamp(r.doc ->> 'returned_at')
      FROM pg_temp.import_reply AS r WHERE r.doc ->> 'registry' IS NOT NULL ORDER BY r.line;
    DROP TABLE pg_temp.import_reply;
END
$$;
COMMENT ON FUNCTION aidcase.write_check_replies(bigint) IS
    '内部:写入经济核对回复 / internal: writes replies to economic checks';

-- A time in the register's zone, with its offset.
CREATE OR REPLACE FUNCTION aidcase.file_time(at timestamptz) RETURNS text
LANGUAGE sql STABLE
RETURN (SELECT to_char(l, 'YYYY-MM-DD"T"HH24:MI:SS') || CASE WHEN o < interval '0' THEN '-' ELSE '+' END
               || to_char(CASE WHEN o < interval '0' THEN -o ELSE o END, 'HH24:MI')
          FROM (SELECT at AT TIME ZONE aidcase.zone_here() AS l, (at AT TIME ZONE aidcase.zone_here()) - (at AT TIME ZONE 'UTC') AS o) AS x);
COMMENT ON FUNCTION aidcase.file_time(timestamptz) IS
    '登记库时区的时间文本,含偏移 / a time in the register''s zone as text, with its offset';

CREATE OR REPLACE FUNCTION aidcase.export_check_replies(from_day date, to_day date) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH answered AS (
        SELECT k.*, coalesce(m.citizen_id, o.citizen_id) AS citizen_id,
               row_number() OVER (ORDER BY k.returned_at, k.reference_no COLLATE "C", coalesce(m.citizen_id, o.citizen_id)) AS reply
          FROM aidcase.registry_check AS k
          LEFT JOIN aidcase.case_member AS m ON m.member_id = k.member_id
          LEFT JOIN aidcase.obligor AS o ON o.obligor_id = k.obligor_id
         WHERE aidcase.date_here(k.returned_at) BETWEEN from_day AND to_day AND coalesce(m.citizen_id, o.citizen_id) IS NOT NULL
    )
    SELECT jsonb_strip_nulls(jsonb_build_object('reply', a.reply, 'reference_no', a.reference_no, 'citizen_id', a.citizen_id::text,
               'returned_at', aidcase.file_time(a.returned_at), 'outcome', a.outcome, 'registry', h.registry, 'description', h.description, 'amount', h.amount))
      FROM answered AS a
      LEFT JOIN aidcase.registry_hit AS h ON h.check_id = a.check_id
     ORDER BY a.reply, h.registry COLLATE "C", h.description COLLATE "C", h.amount
$$;
COMMENT ON FUNCTION aidcase.export_check_replies(date, date) IS
    '内部:某期间的经济核对回复 / internal: the replies to economic checks of a period';

-- ---------------------------------------------------------------------
-- Staff: a line a post; what is of the person stands on each of them.

CREATE OR REPLACE FUNCTION aidcase.staff_documents() RETURNS TABLE (lines integer[], doc jsonb)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT array_agg(l.line ORDER BY l.line),
           (array_agg(l.doc ORDER BY l.line))[1] - '{unit,post,post_from,post_to,provider}'::text[]
           || jsonb_build_object('posts', jsonb_agg(jsonb_strip_nulls(jsonb_build_object('unit', l.doc ->> 'unit', 'post', l.doc ->> 'post',
                  'from', l.doc ->> 'post_from', 'to', l.doc ->> 'post_to', 'provider', l.doc ->> 'provider')) ORDER BY l.line))
      FROM pg_temp.import_line AS l
     WHERE NOT l.refused AND NOT l.unchanged
     GROUP BY l.doc ->> 'staff_no';
END
$$;
COMMENT ON FUNCTION aidcase.staff_documents() IS
    '内部:名册各行组成的人员文档 / internal: the staff documents that the lines of a file make';

CREATE OR REPLACE FUNCTION aidcase.judge_staff() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT l.line, w.col, w.reason
      FROM (SELECT x.*, first_value(x.doc) OVER (PARTITION BY x.doc ->> 'staff_no' ORDER BY x.line) AS first_doc,
                   first_value(x.line) OVER (PARTITION BY x.doc ->> 'staff_no' ORDER BY x.line) AS first_line
              FROM pg_temp.import_line AS x WHERE NOT x.refused) AS l
     CROSS JOIN LATERAL (
        SELECT k.code AS col, format('differs from line %s of the same person', l.first_line) AS reason
          FROM unnest('{name,citizen_id,phone,login,employed_from}'::text[]) AS k (code)
         WHERE l.doc ->> k.code IS DISTINCT FROM l.first_doc ->> k.code
        UNION ALL
        SELECT k.code, 'is that of another person in the file'
          FROM unnest('{citizen_id,login}'::text[]) AS k (code)
         WHERE EXISTS (SELECT FROM pg_temp.import_line AS b
                        WHERE b.line < l.line AND b.doc ->> k.code = l.doc ->> k.code AND b.doc ->> 'staff_no' <> l.doc ->> 'staff_no')) AS w;
    PERFORM aidcase.refuse_lines('staff_no');
    UPDATE pg_temp.import_line AS l SET unchanged = true
      FROM aidcase.staff AS s
      JOIN aidcase.staff_post AS h ON h.staff_id = s.staff_id
      JOIN aidcase.unit AS u ON u.unit_id = h.unit_id
     WHERE NOT l.refused AND s.staff_no = l.doc ->> 'staff_no' AND s.name = l.doc ->> 'name'
       AND (l.doc ->> 'citizen_id' IS NULL OR s.citizen_id = aidcase.citizen(l.doc ->> 'citizen_id'))
       AND coalesce(l.doc ->> 'login', s.login) IS NOT DISTINCT FROM s.login AND coalesce(l.doc ->> 'phone', s.phone) IS NOT DISTINCT FROM s.phone
       AND lower(s.employed) = aidcase.iso_date(l.doc ->> 'employed_from')
       AND u.unit_code = l.doc ->> 'unit' AND h.post = l.doc ->> 'post'
       AND h.valid = daterange(aidcase.iso_date(l.doc ->> 'post_from'),
                               CASE WHEN aidcase.iso_date(l.doc ->> 'post_to') >= aidcase.iso_date(l.doc ->> 'post_from') THEN aidcase.iso_date(l.doc ->> 'post_to') END, '[]');
    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT coalesce(d.lines[substring(f.path FROM '^posts\[(\d+)\]')::integer + 1], d.lines[1]),
           CASE WHEN f.path ~ '\.from$' THEN 'post_from' WHEN f.path ~ '\.to$' THEN 'post_to'
                WHEN f.path ~ '^posts\[\d+\]$' THEN NULL ELSE substring(f.path FROM '(\w+)$') END, f.reason
      FROM aidcase.staff_documents() AS d CROSS JOIN LATERAL aidcase.staff_faults(d.doc) AS f;
END
$$;
COMMENT ON FUNCTION aidcase.judge_staff() IS
    '内部:检查工作人员名册 / internal: judges a file of staff';

CREATE OR REPLACE FUNCTION aidcase.write_staff(import_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    PERFORM aidcase.enrol_staff(d.doc) FROM (SELECT * FROM aidcase.staff_documents() ORDER BY lines) AS d;
END
$$;
COMMENT ON FUNCTION aidcase.write_staff(bigint) IS
    '内部:写入工作人员名册 / internal: writes a file of staff';

CREATE OR REPLACE FUNCTION aidcase.export_staff(from_day date, to_day date) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('staff_no', s.staff_no, 'name', s.name, 'citizen_id', s.citizen_id::text, 'phone', s.phone,
               'login', s.login, 'employed_from', lower(s.employed), 'unit', u.unit_code, 'post', h.post, 'post_from', lower(h.valid),
               'post_to', upper(h.valid) - 1, 'provider', p.provider_code))
      FROM aidcase.staff AS s
      JOIN aidcase.staff_post AS h ON h.staff_id = s.staff_id AND h.valid && daterange(from_day, to_day, '[]')
      JOIN aidcase.unit AS u ON u.unit_id = h.unit_id
      LEFT JOIN aidcase.provider AS p ON p.provider_id = h.provider_id
     ORDER BY s.staff_no COLLATE "C", lower(h.valid), u.unit_code, h.post COLLATE "C"
$$;
COMMENT ON FUNCTION aidcase.export_staff(date, date) IS
    '内部:某期间任职的工作人员 / internal: the staff who held a post in a period';

-- ---------------------------------------------------------------------
-- Applications from the online channel.  A line is a person: a member of the
-- household, or where it names obligor_relation somebody elsewhere who owes
-- support.  Those of one application share its key; what is of the household,
-- the agent too, stands on the first.  A line has room for one income, one
-- property and one expense; a member with several has a line for each, on
-- which the person's other columns may be left out.

-- The documents of file_case() that the lines make, with the lines of each of
-- their lists.
CREATE OR REPLACE FUNCTION aidcase.application_documents()
RETURNS TABLE (application text, lines integer[], list_lines jsonb, doc jsonb)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH line AS (
        SELECT l.line, l.doc AS d, l.doc ->> 'application' AS application, l.doc ? 'obligor_relation' AS obligor,
               concat_ws('|', l.doc ->> 'name', coalesce(l.doc ->> 'citizen_id', l.doc ->> 'birth_date')) AS person
          FROM pg_temp.import_line AS l WHERE NOT l.refused AND NOT l.unchanged
    ), numbered AS (
        -- two obligors of one name are two, two lines of one member are one
        SELECT l.*, CASE WHEN l.obligor THEN l.line ELSE first_value(l.line) OVER (PARTITION BY l.application, l.obligor, l.person ORDER BY l.line) END AS person_line FROM line AS l
    ), keyed AS (
        SELECT n.*, n.line = n.person_line AS whole,
               CASE WHEN n.obligor THEN 'o' ELSE 'm' END || dense_rank() OVER (PARTITION BY n.application, n.obligor ORDER BY n.person_line) AS key FROM numbered AS n
    ), part AS (
        SELECT k.*, p.list, p.item
          FROM keyed AS k
         CROSS JOIN LATERAL (VALUES
            ('members', k.whole AND NOT k.obligor, jsonb_build_object('key', k.key, 'name', k.d ->> 'name', 'citizen_id', k.d ->> 'citizen_id',
                'birth_date', CASE WHEN NOT k.d ? 'citizen_id' THEN k.d ->> 'birth_date' END, 'sex', CASE WHEN NOT k.d ? 'citizen_id' THEN k.d ->> 'sex' END,
                'relation', k.d ->> 'relation', 'applicant', coalesce(k.d ->> 'applicant', 'false')::boolean, 'work_ability', k.d ->> 'work_ability',
                'health', k.d ->> 'health', 'disability_kind', k.d ->> 'disability_kind', 'disability_level', aidcase.whole_number(k.d ->> 'disability_level'),
                'education', k.d ->> 'education', 'occupation', k.d ->> 'occupation', 'official_kin', k.d ->> 'official_kin',
                'situation', k.d ->> 'situation', 'situation_since', k.d ->> 'situation_since')),
            ('obligors', k.obligor, jsonb_build_object('key', k.key, 'name', k.d ->> 'name', 'citizen_id', k.d ->> 'citizen_id', 'relation', k.d ->> 'obligor_relation',
                'household_size', aidcase.whole_number(k.d ->> 'obligor_household_size'), 'annual_income', k.d ->> 'obligor_annual_income',
                'persons_supported', aidcase.whole_number(k.d ->> 'obligor_persons_supported'), 'paid_monthly', k.d ->> 'obligor_paid_monthly',
                'able', (k.d ->> 'obligor_able')::boolean, 'obligor_state', k.d ->> 'obligor_state', 'low_property', (k.d ->> 'obligor_low_property')::boolean)),
            ('income', k.d ?| '{income_kind,income,income_basis}', jsonb_build_object('member', k.key, 'kind', k.d ->> 'income_kind', 'amount', k.d ->> 'income',
                'basis', k.d ->> 'income_basis')),
            ('property', k.d ?| '{property_kind,property_value,property_quantity,property_exempt_reason}', jsonb_build_object('member', k.key, 'kind', k.d ->> 'property_kind',
                'value', k.d ->> 'property_value', 'quantity', aidcase.whole_number(k.d ->> 'property_quantity'), 'exempt_reason', k.d ->> 'property_exempt_reason')),
            ('expenses', k.d ?| '{expense_kind,expense,expense_basis}', jsonb_build_object('member', k.key, 'kind', k.d ->> 'expense_kind', 'amount', k.d ->> 'expense',
                'basis', k.d ->> 'expense_basis')),
            ('authorisations', k.whole AND k.d ?| '{authorisation_version,authorised_on,authorised_until,authorisation_sha256}',
                jsonb_build_object(CASE WHEN k.obligor THEN 'obligor' ELSE 'member' END, k.key, 'text_version', k.d ->> 'authorisation_version',
                'signed_on', k.d ->> 'authorised_on', 'valid_until', k.d ->> 'authorised_until', 'sha256', k.d ->> 'authorisation_sha256'))) AS p (list, has, item)
         WHERE p.has
    ), listed AS (
        SELECT l.application, jsonb_object_agg(l.list, l.items) AS doc, jsonb_object_agg(l.list, l.lines) AS lines
          FROM (SELECT p.application, p.list, jsonb_agg(jsonb_strip_nulls(p.item) ORDER BY p.line) AS items, jsonb_agg(p.line ORDER BY p.line) AS lines
                  FROM part AS p GROUP BY p.application, p.list) AS l
         GROUP BY l.application
    )
    SELECT k.application, array_agg(k.line ORDER BY k.line), g.lines,
           g.doc || jsonb_strip_nulls(jsonb_build_object('outside_key', k.application, 'unit', f.d ->> 'unit', 'village', f.d ->> 'village',
               'residence', f.d ->> 'residence', 'channel', f.d ->> 'channel', 'first_contact_at', f.d ->> 'first_contact_at',
               'address', f.d ->> 'address', 'phone', f.d ->> 'phone',
               'causes', CASE WHEN f.d ? 'causes' THEN (SELECT jsonb_agg(coalesce(c.cause, '?') ORDER BY c.cause COLLATE "C") FROM aidcase.recipient_causes(f.d ->> 'causes') AS c) END,
               'payee', CASE WHEN f.d ?| '{account_kind,holder_name,holder_citizen_id,bank,account_no}' THEN jsonb_build_object('kind', f.d ->> 'account_kind', 'holder_name', f.d ->> 'holder_name',
                            'holder_citizen_id', f.d ->> 'holder_citizen_id', 'bank', f.d ->> 'bank', 'account_no', f.d ->> 'account_no') END,
               'commitment', CASE WHEN f.d ?| '{commitment_version,commitment_signed_on,commitment_sha256}' THEN jsonb_build_object('text_version', f.d ->> 'commitment_version',
                            'signed_on', f.d ->> 'commitment_signed_on', 'sha256', f.d ->> 'commitment_sha256',
                            'member', coalesce(min(k.key) FILTER (WHERE k.d ->> 'applicant' = 'true'), 'm1')) END,
               'agent', CASE WHEN f.d ?| '{agent_kind,agent_name,agent_citizen_id,agent_staff,agent_phone,mandate_version,mandate_signed_on,mandate_sha256}' THEN
                            jsonb_build_object('kind', f.d ->> 'agent_kind', 'name', f.d ->> 'agent_name', 'citizen_id', f.d ->> 'agent_citizen_id', 'staff', f.d ->> 'agent_staff',
                            'phone', f.d ->> 'agent_phone', 'text_version', f.d ->> 'mandate_version', 'signed_on', f.d ->> 'mandate_signed_on', 'sha256', f.d ->> 'mandate_sha256') END))
      FROM keyed AS k
      JOIN listed AS g ON g.application = k.application
      JOIN (SELECT DISTINCT ON (b.application) b.application, b.d FROM line AS b ORDER BY b.application, b.line) AS f ON f.application = k.application
     GROUP BY k.application, f.d, g.lines, g.doc;
END
$$;
COMMENT ON FUNCTION aidcase.application_documents() IS
    '内部:申请文件各行组成的申请 / internal: the applications that the lines of a file make';

-- Columns that stand where nobody would read them.
CREATE OR REPLACE FUNCTION aidcase.judge_application_columns() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    of_household CONSTANT text[] := '{unit,village,residence,channel,first_contact_at,address,phone,causes,account_kind,holder_name,holder_citizen_id,bank,account_no,commitment_version,commitment_signed_on,commitment_sha256,agent_kind,agent_name,agent_citizen_id,agent_staff,agent_phone,mandate_version,mandate_signed_on,mandate_sha256}';
    of_person    CONSTANT text[] := '{sex,relation,applicant,work_ability,health,disability_kind,disability_level,education,occupation,official_kin,situation,situation_since,authorisation_version,authorised_on,authorised_until,authorisation_sha256}';
    of_member    CONSTANT text[] := '{birth_date,sex,relation,applicant,work_ability,health,disability_kind,disability_level,education,occupation,official_kin,situation,situation_since,income_kind,income,income_basis,property_kind,property_value,property_quantity,property_exempt_reason,expense_kind,expense,expense_basis}';
    of_obligor   CONSTANT text[] := '{obligor_household_size,obligor_annual_income,obligor_persons_supported,obligor_paid_monthly,obligor_able,obligor_state,obligor_low_property}';
BEGIN
    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT l.line, w.code, w.reason
      FROM (SELECT x.line, x.doc, x.doc ? 'obligor_relation' AS obligor,
                   first_value(x.line) OVER a AS line_a, first_value(x.doc) OVER a AS doc_a,
                   first_value(x.line) OVER p AS line_p, first_value(x.doc) OVER p AS doc_p
              FROM pg_temp.import_line AS x WHERE NOT x.refused
            WINDOW a AS (PARTITION BY x.doc ->> 'application' ORDER BY x.line),
                   p AS (PARTITION BY x.doc ->> 'application', x.doc ? 'obligor_relation', x.doc ->> 'name',
                                      coalesce(x.doc ->> 'citizen_id', x.doc ->> 'birth_date') ORDER BY x.line)) AS l
     CROSS JOIN LATERAL (
        SELECT c.code, format('differs from line %s of the same application', l.line_a) AS reason
          FROM unnest(of_household) AS c (code) WHERE l.doc ->> c.code IS DISTINCT FROM l.doc_a ->> c.code AND l.doc ? c.code
        UNION ALL
        SELECT c.code, format('differs from line %s of the same person', l.line_p)
          FROM unnest(of_person) AS c (code) WHERE NOT l.obligor AND l.doc ->> c.code IS DISTINCT FROM l.doc_p ->> c.code AND l.doc ? c.code
        UNION ALL
        SELECT c.code, 'is of a member; the line is that of an obligor' FROM unnest(of_member) AS c (code) WHERE l.obligor AND l.doc ? c.code
        UNION ALL
        SELECT c.code, 'is of an obligor, and obligor_relation is missing' FROM unnest(of_obligor) AS c (code) WHERE NOT l.obligor AND l.doc ? c.code) AS w;
END
$$;
COMMENT ON FUNCTION aidcase.judge_application_columns() IS
    '内部:检查申请文件中放错行的列 / internal: finds columns of a file of applications that stand on a line where they have no place';

CREATE OR REPLACE FUNCTION aidcase.judge_applications() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    -- what is called otherwise in the document
    columns CONSTANT jsonb := '{"income.kind": "income_kind", "income.amount": "income", "income.basis": "income_basis",
        "property.kind": "property_kind", "property.value": "property_value", "property.quantity": "property_quantity", "property.exempt_reason": "property_exempt_reason",
        "expenses.kind": "expense_kind", "expenses.amount": "expense", "expenses.basis": "expense_basis",
        "obligors.name": "name", "obligors.citizen_id": "citizen_id", "obligors.obligor_state": "obligor_state",
        "authorisations.text_version": "authorisation_version", "authorisations.signed_on": "authorised_on",
        "authorisations.valid_until": "authorised_until", "authorisations.sha256": "authorisation_sha256",
        "commitment.text_version": "commitment_version", "commitment.signed_on": "commitment_signed_on", "commitment.sha256": "commitment_sha256",
        "agent.text_version": "mandate_version", "agent.signed_on": "mandate_signed_on", "agent.sha256": "mandate_sha256", "payee.kind": "account_kind"}';
BEGIN
    PERFORM aidcase.judge_application_columns();
    PERFORM aidcase.refuse_lines('application');
    CREATE TEMPORARY TABLE import_application ON COMMIT DROP AS
    SELECT a.*, r.round_id, r.document_sha256 = sha256(convert_to(a.doc::text, 'UTF8')) AS same
      FROM aidcase.application_documents() AS a
      LEFT JOIN aidcase.case_round AS r ON r.outside_key = a.application;
    UPDATE pg_temp.import_line AS l SET unchanged = true FROM pg_temp.import_application AS a WHERE a.same AND l.line = ANY (a.lines);
    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT a.lines[1], 'application', 'was filed already with other content' FROM pg_temp.import_application AS a WHERE a.round_id IS NOT NULL AND NOT coalesce(a.same, false)
    UNION ALL
    SELECT DISTINCT coalesce((a.list_lines -> f.list ->> f.n)::integer, a.lines[1]),
           coalesce(columns ->> (f.list || '.' || f.leaf),
                    CASE f.list WHEN 'members' THEN f.leaf WHEN 'payee' THEN f.leaf WHEN 'causes' THEN 'causes' WHEN 'agent' THEN 'agent_' || f.leaf
                                WHEN 'obligors' THEN 'obligor_' || f.leaf WHEN f.path THEN f.path END), f.reason
      FROM pg_temp.import_application AS a
     CROSS JOIN LATERAL (SELECT x.path, x.reason, split_part(split_part(x.path, '[', 1), '.', 1) AS list,
                                substring(x.path FROM '\[(\d+)\]')::integer AS n, substring(x.path FROM '\.(\w+)$') AS leaf
                           FROM aidcase.file_case_faults(a.doc) AS x) AS f
     WHERE a.round_id IS NULL;
    DROP TABLE pg_temp.import_application;
END
$$;
COMMENT ON FUNCTION aidcase.judge_applications() IS
    '内部:检查网上申请文件 / internal: judges a file of applications';

CREATE OR REPLACE FUNCTION aidcase.write_applications(import_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    PERFORM aidcase.file_case(d.doc) FROM (SELECT * FROM aidcase.application_documents() ORDER BY lines) AS d;
END
$$;
COMMENT ON FUNCTION aidcase.write_applications(bigint) IS
    '内部:登记网上申请 / internal: files the applications of a file';

-- Applications of a period that came with a key, by their first contact: the
-- members with their items, then the obligors.
CREATE OR REPLACE FUNCTION aidcase.export_applications(from_day date, to_day date) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH chosen AS (
        SELECT r.round_id, r.case_id, r.outside_key, r.channel, r.first_contact_at, u.unit_code
          FROM aidcase.case_round AS r JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
         WHERE r.outside_key IS NOT NULL AND r.round_kind = 'application' AND aidcase.date_here(r.first_contact_at) BETWEEN from_day AND to_day
    ), item AS (
        SELECT i.member_id, row_number() OVER (PARTITION BY i.member_id ORDER BY i.income_id) AS turn,
               jsonb_build_object('income_kind', i.income_kind, 'income', i.amount, 'income_basis', i.basis) AS doc
          FROM aidcase.income_item AS i JOIN chosen AS c USING (round_id) WHERE NOT i.void
        UNION ALL
        SELECT i.member_id, row_number() OVER (PARTITION BY i.member_id ORDER BY i.property_id),
               jsonb_build_object('property_kind', i.property_kind, 'property_value', i.value, 'property_quantity', i.quantity, 'property_exempt_reason', i.exempt_reason)
          FROM aidcase.property_item AS i JOIN chosen AS c USING (round_id) WHERE NOT i.void
        UNION ALL
        SELECT i.member_id, row_number() OVER (PARTITION BY i.member_id ORDER BY i.expense_id),
               jsonb_build_object('expense_kind', i.expense_kind, 'expense', i.amount, 'expense_basis', i.basis)
          FROM aidcase.expense_item AS i JOIN chosen AS c USING (round_id) WHERE NOT i.void
    ), items AS (
        SELECT k.member_id, k.turn, jsonb_object_agg(e.key, e.value) AS doc
          FROM item AS k CROSS JOIN LATERAL jsonb_each(k.doc) AS e GROUP BY k.member_id, k.turn
    ), person AS (
        SELECT m.round_id, 1 AS block, m.member_id AS place, coalesce(i.turn, 1) AS turn, m.member_id, NULL::bigint AS obligor_id,
               jsonb_build_object('name', m.name, 'citizen_id', m.citizen_id::text, 'birth_date', CASE WHEN m.citizen_id IS NULL THEN m.birth_date END,
                   'sex', CASE WHEN m.citizen_id IS NULL THEN m.sex END, 'relation', m.relation, 'applicant', m.applicant, 'work_ability', m.work_ability,
                   'health', m.health, 'disability_kind', m.disability_kind, 'disability_level', m.disability_level, 'education', m.education,
                   'occupation', m.occupation, 'official_kin', m.official_kin, 'situation', m.situation, 'situation_since', m.situation_since)
               || coalesce(i.doc, '{}') AS doc
          FROM chosen AS c
          JOIN aidcase.case_member AS m ON m.round_id = c.round_id AND NOT m.void
          LEFT JOIN items AS i ON i.member_id = m.member_id
        UNION ALL
        SELECT o.round_id, 2, o.obligor_id, 1, NULL, o.obligor_id,
               jsonb_build_object('name', o.name, 'citizen_id', o.citizen_id::text, 'obligor_relation', o.relation, 'obligor_household_size', o.household_size,
                   'obligor_annual_income', o.annual_income, 'obligor_persons_supported', o.persons_supported, 'obligor_paid_monthly', o.paid_monthly,
                   'obligor_able', o.able, 'obligor_state', o.obligor_state, 'obligor_low_property', o.low_property)
          FROM chosen AS c JOIN aidcase.obligor AS o ON o.round_id = c.round_id AND NOT o.void
    )
    SELECT jsonb_strip_nulls(jsonb_build_object('application', n.outside_key, 'unit', n.unit_code, 'village', v.unit_code, 'residence', c.residence, 'channel', n.channel)
           || p.doc
           || CASE WHEN row_number() OVER (PARTITION BY p.round_id ORDER BY p.block, p.place, p.turn) > 1 THEN '{}' ELSE
               jsonb_build_object('first_contact_at', aidcase.file_time(n.first_contact_at), 'address', c.address, 'phone', c.phone,
                   'causes', (SELECT string_agg(coalesce(l.zh, z.cause), '、' ORDER BY z.cause COLLATE "C")
                                FROM aidcase.case_cause AS z LEFT JOIN aidcase.file_codes('case_cause.cause') AS l ON l.code = z.cause
                               WHERE z.round_id = p.round_id AND NOT z.void),
                   'account_kind', b.kind, 'holder_name', b.holder_name, 'holder_citizen_id', b.holder_citizen_id::text, 'bank', b.bank, 'account_no', b.account_no,
                   'commitment_version', k.text_version, 'commitment_signed_on', k.signed_on, 'commitment_sha256', encode(k.sha256, 'hex'),
                   'agent_kind', g.kind, 'agent_name', g.name, 'agent_citizen_id', g.citizen_id::text, 'agent_staff', s.staff_no, 'agent_phone', g.phone,
                   'mandate_version', g.text_version, 'mandate_signed_on', g.signed_on, 'mandate_sha256', encode(g.sha256, 'hex')) END
           || CASE WHEN p.turn > 1 THEN '{}' ELSE jsonb_build_object('authorisation_version', a.text_version, 'authorised_on', a.signed_on,
                   'authorised_until', a.valid_until, 'authorisation_sha256', encode(a.sha256, 'hex')) END)
      FROM person AS p
      JOIN chosen AS n ON n.round_id = p.round_id
      JOIN aidcase.aid_case AS c ON c.case_id = n.case_id
      JOIN aidcase.unit AS v ON v.unit_id = c.village_id
      LEFT JOIN aidcase.commitment AS k ON k.round_id = p.round_id AND NOT k.void
      LEFT JOIN aidcase.applicant_agent AS g ON g.round_id = p.round_id AND NOT g.void
      LEFT JOIN aidcase.staff AS s ON s.staff_id = g.staff_id
      LEFT JOIN LATERAL (SELECT y.* FROM aidcase.authorisation AS y
                          WHERE (y.member_id = p.member_id OR y.obligor_id = p.obligor_id) AND NOT y.void ORDER BY y.authorisation_id LIMIT 1) AS a ON true
      LEFT JOIN LATERAL (SELECT w.* FROM aidcase.payee_account AS w WHERE w.case_id = n.case_id ORDER BY lower(w.valid) DESC LIMIT 1) AS b ON true
     ORDER BY n.outside_key COLLATE "C", p.block, p.place, p.turn
$$;
COMMENT ON FUNCTION aidcase.export_applications(date, date) IS
    '内部:某期间带申请编号的申请 / internal: the applications of a period that came with a key';

-- ---------------------------------------------------------------------
-- Facts for statistics, with the days for which each round's facts hold.
CREATE OR REPLACE VIEW aidcase.person_fact WITH (security_invoker = true) AS
SELECT p.person_id, p.case_id, p.unit_id, p.round_id, p.valid, p.sex, p.birth_date, p.relation, p.work_ability, p.health,
       p.disability_kind, p.disability_level, p.education, p.occupation, p.causes
  FROM (SELECT m.person_id, m.case_id, r.unit_id, r.round_id, m.sex, m.birth_date, m.relation, m.work_ability, m.health,
               m.disability_kind, m.disability_level, m.education, m.occupation,
               daterange(r.decided_on, lead(r.decided_on) OVER (PARTITION BY m.person_id ORDER BY r.decided_on, r.round_id)) AS valid,
               ARRAY(SELECT c.cause FROM aidcase.case_cause AS c WHERE c.round_id = r.round_id AND NOT c.void ORDER BY c.cause) AS causes
          FROM aidcase.case_member AS m
          JOIN aidcase.case_round AS r ON r.round_id = m.round_id
         WHERE r.decided_on IS NOT NULL AND NOT m.void) AS p
 WHERE NOT isempty(p.valid);
COMMENT ON VIEW aidcase.person_fact IS
    '统计用的人员事实 (劳动能力、健康、残疾、文化程度、职业、致困原因) 及各轮事实的有效期间 / facts of persons for statistics: work ability, health, disability, education, occupation, causes, with the days for which each decided round''s facts hold';
