/*
 * takeover: those who were in benefit before the register was.
 *
 * A round of kind takeover is opened in state in_benefit by the import of a
 * file of kind recipients, holds the household's members and what the list
 * says was granted, and is taken over at once.  There is no delegation, no
 * quorum and no visit to be had; what stands for them is the window that two
 * officers of the bureau sign: a unit, days, the households and the amount a
 * month that may come in.  A trigger holds that whatever the path.
 *
 * The award rests on the list, not on a determination.  Its months begin
 * after the last month that was paid before; flow reports count it in the
 * opening balance, and it is in no frame of new confirmations.
 */

CREATE OR REPLACE FUNCTION aidcase.guard_takeover_signed(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT CASE WHEN w.window_id IS NULL THEN 'The unit has no take-over window that is signed and open.'
                WHEN g.grant_id IS NULL THEN 'What was granted before is not entered.' END
      FROM aidcase.case_round AS r
      LEFT JOIN aidcase.takeover_window AS w ON w.unit_id = r.unit_id AND w.state = 'signed' AND w.valid @> on_date
      LEFT JOIN aidcase.takeover_grant AS g ON g.round_id = r.round_id
     WHERE r.round_id = guard_takeover_signed.id
$$;
COMMENT ON FUNCTION aidcase.guard_takeover_signed(text, bigint, bigint, date) IS
    '条件:接收窗口已双签且开放,原待遇已录入 / guard: the take-over window is signed and open, and what was granted before is entered';
REVOKE ALL ON FUNCTION aidcase.guard_takeover_signed(text, bigint, bigint, date) FROM PUBLIC;

-- Trigger: no round of a take-over without a window.
CREATE OR REPLACE FUNCTION aidcase.check_takeover_round() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows AS n
                WHERE n.round_kind = 'takeover'
                  AND NOT EXISTS (SELECT FROM aidcase.takeover_window AS w
                                   WHERE w.unit_id = n.unit_id AND w.state = 'signed' AND w.valid @> aidcase.today())) THEN
        RAISE EXCEPTION 'the unit has no take-over window that is signed and open'
            USING ERRCODE = 'ZA003',
                  DETAIL = 'Existing recipients come in within the dates that two officers of the bureau have signed, and never after it was closed.',
                  HINT = 'Have the bureau call aidcase.open_takeover() and a second officer aidcase.sign_takeover().';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_takeover_round() IS
    '触发器:没有已签批且开放的窗口不得接收 / trigger: no take-over without a window that is signed and open';
REVOKE ALL ON FUNCTION aidcase.check_takeover_round() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_takeover" AFTER INSERT ON aidcase.case_round
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_takeover_round();

-- Trigger: no more comes in than was signed for, and only in take-over rounds.
CREATE OR REPLACE FUNCTION aidcase.check_takeover_grant() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[];
BEGIN
    PERFORM FROM aidcase.takeover_window AS w
      WHERE w.unit_id IN (SELECT n.unit_id FROM new_rows AS n) ORDER BY w.window_id FOR UPDATE;
    SELECT array_agg(DISTINCT f.fault ORDER BY f.fault) INTO faults FROM (
        SELECT 'The round is no take-over of this unit and case, or its unit''s window is not open.' AS fault
          FROM new_rows AS n
         WHERE NOT EXISTS (SELECT FROM aidcase.case_round AS r
                             JOIN aidcase.takeover_window AS w ON w.unit_id = r.unit_id AND w.state = 'signed' AND w.valid @> aidcase.today()
                            WHERE r.round_id = n.round_id AND r.case_id = n.case_id AND r.unit_id = n.unit_id AND r.round_kind = 'takeover')
        UNION ALL
        SELECT 'The programme pays no monthly money.'
          FROM new_rows AS n JOIN aidcase.programme AS p USING (programme) WHERE NOT (p.cash AND p.recurring)
        UNION ALL
        SELECT format('%s were signed for, and there would be %s.', v.signed, v.taken)
          FROM (SELECT DISTINCT n.unit_id FROM new_rows AS n) AS u
          JOIN aidcase.takeover_window AS w ON w.unit_id = u.unit_id
         CROSS JOIN LATERAL (SELECT count(*) AS households, sum(g.amount) AS amount FROM aidcase.takeover_grant AS g WHERE g.unit_id = u.unit_id) AS t
         CROSS JOIN LATERAL (VALUES (w.households || ' households', t.households::text, t.households > w.households),
                                    (w.monthly_amount || ' yuan a month', t.amount::text, t.amount > w.monthly_amount)) AS v (signed, taken, broken)
         WHERE v.broken) AS f;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'the households cannot be taken over'
            USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'View aidcase.takeover_status shows what was signed for and what came in.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_takeover_grant() IS
    '触发器:接收户数和金额不得超过签批数 / trigger: no more is taken over than was signed for';
REVOKE ALL ON FUNCTION aidcase.check_takeover_grant() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_check" AFTER INSERT ON aidcase.takeover_grant
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_takeover_grant();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.takeover_grant
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

-- Trigger: a round that is taken over makes its award.
CREATE OR REPLACE FUNCTION aidcase.grant_takeovers() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows AS n JOIN old_rows AS o USING (round_id)
                    WHERE n.round_kind = 'takeover' AND n.state <> o.state) THEN
        RETURN NULL;
    END IF;
    WITH made AS (
        INSERT INTO aidcase.award (case_id, round_id, unit_id, programme, months, amount, persons, residence)
        SELECT n.case_id, n.round_id, n.unit_id, g.programme, daterange((g.paid_until + interval '1 month')::date, NULL),
               g.amount, g.persons, c.residence
          FROM new_rows AS n
          JOIN old_rows AS o USING (round_id)
          JOIN aidcase.workflow_state AS s ON s.workflow_id = n.workflow_id AND s.state = n.state AND s.grants
          JOIN aidcase.takeover_grant AS g ON g.round_id = n.round_id
          JOIN aidcase.aid_case AS c ON c.case_id = n.case_id
         WHERE n.round_kind = 'takeover' AND n.state <> o.state
         ORDER BY n.round_id
        RETURNING award_id, case_id, round_id, programme, months
    ), parts AS (
        INSERT INTO aidcase.award_component (award_id, case_id, component, amount)
        SELECT m.award_id, m.case_id, v.component, v.amount
          FROM made AS m
          JOIN aidcase.takeover_grant AS g USING (round_id)
         CROSS JOIN LATERAL (VALUES ('base', g.amount - g.addon_amount - g.care_amount), ('addon', g.addon_amount), ('care', g.care_amount))
               AS v (component, amount)
         WHERE v.component = 'base' OR v.amount > 0
         ORDER BY m.award_id, v.component
    )
    INSERT INTO aidcase.award_person (award_id, case_id, member_id, citizen_id, exclusion_group, months)
    SELECT m.award_id, m.case_id, b.member_id, b.citizen_id, p.exclusion_group, m.months
      FROM made AS m
      JOIN aidcase.programme AS p USING (programme)
      JOIN aidcase.case_member AS b ON b.round_id = m.round_id AND b.counted AND NOT b.void
     ORDER BY m.award_id, b.member_id;
    RETURN NULL;
EXCEPTION WHEN exclusion_violation THEN
    RAISE EXCEPTION 'a member of the household already receives assistance that excludes this one'
        USING ERRCODE = '23P01',
              DETAIL = 'Another award of the same person or household covers the same months.',
              HINT = 'Take the household over with the number disputed, or leave the person out.';
END
$$;
COMMENT ON FUNCTION aidcase.grant_takeovers() IS
    '触发器:接收即按清单生成待遇 / trigger: what is taken over becomes an award as the list says';
REVOKE ALL ON FUNCTION aidcase.grant_takeovers() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_takeover" AFTER UPDATE ON aidcase.case_round
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.grant_takeovers();

-- ---------------------------------------------------------------------
-- The window

CREATE OR REPLACE FUNCTION aidcase.open_takeover(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["unit", "from", "to", "households", "monthly_amount", "document_no"],
        "properties": {
          "unit": {"type": "string", "maxLength": 12},
          "from": {"type": "string", "format": "date"},
          "to": {"type": "string", "format": "date"},
          "households": {"type": "integer", "minimum": 1, "maximum": 10000000},
          "monthly_amount": {"type": ["string", "number"], "format": "yuan"},
          "document_no": {"type": "string", "maxLength": 200}}}';
    the_unit CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit AS u
                                  WHERE u.unit_code = doc ->> 'unit' AND aidcase.unit_level(u.unit_kind) = 'unit');
    the_document CONSTANT bigint := (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = doc ->> 'document_no');
    former  aidcase.takeover_window;
    the_window bigint;
BEGIN
    SELECT w.* INTO former FROM aidcase.takeover_window AS w WHERE w.unit_id = the_unit;
    PERFORM aidcase.raise_faults('take-over window', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'unit', 'is no town, office or directly administered community of this register'
                 WHERE jsonb_typeof(doc -> 'unit') = 'string' AND the_unit IS NULL
                UNION ALL
                SELECT 'unit', CASE former.state WHEN 'closed' THEN 'has closed its take-over for good' ELSE 'has a take-over window already' END
                 WHERE former.window_id IS NOT NULL
                UNION ALL
                SELECT 'to', 'must not lie before the first day' WHERE aidcase.iso_date(doc ->> 'to') < aidcase.iso_date(doc ->> 'from')
                UNION ALL
                SELECT 'to', 'must not be past' WHERE aidcase.iso_date(doc ->> 'to') < aidcase.today()
                UNION ALL
                SELECT 'document_no', 'is no document of table policy_document'
                 WHERE jsonb_typeof(doc -> 'document_no') = 'string' AND the_document IS NULL) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"unit": "340705100", "from": "2021-04-01", "to": "2021-06-30", "households": 500, "monthly_amount": "350000.00", "document_no": "办发〔2021〕15号"}.');
    INSERT INTO aidcase.takeover_window (unit_id, valid, households, monthly_amount, document_id)
    VALUES (the_unit, daterange(aidcase.iso_date(doc ->> 'from'), aidcase.iso_date(doc ->> 'to'), '[]'),
            (doc ->> 'households')::integer, aidcase.yuan(doc ->> 'monthly_amount'), the_document)
    RETURNING window_id INTO the_window;
    RETURN the_window;
END
$$;
COMMENT ON FUNCTION aidcase.open_takeover(jsonb) IS
    '开设单位的存量接收窗口 (起止日、户数、月金额、文件),须由第二人签批 / opens the take-over window of a unit (days, households, amount a month, document); a second officer has to sign it';
REVOKE ALL ON FUNCTION aidcase.open_takeover(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.open_takeover(jsonb) TO aidcase_bureau;

-- The window of a unit, or an error.
CREATE OR REPLACE FUNCTION aidcase.takeover_of(unit text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_window bigint := (SELECT w.window_id FROM aidcase.takeover_window AS w WHERE w.unit_id = aidcase.unit_id(unit));
BEGIN
    IF the_window IS NULL THEN
        RAISE EXCEPTION 'unit "%" has no take-over window', unit
            USING ERRCODE = '22023', HINT = 'It is opened with aidcase.open_takeover().';
    END IF;
    RETURN the_window;
END
$$;
COMMENT ON FUNCTION aidcase.takeover_of(text) IS
    '单位的存量接收窗口,没有则报错 / the take-over window of a unit; an error when there is none';

CREATE OR REPLACE FUNCTION aidcase.sign_takeover(unit text) RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$ SELECT aidcase.advance('takeover_window', aidcase.takeover_of(unit), 'sign') $$;
COMMENT ON FUNCTION aidcase.sign_takeover(text) IS
    '第二人签批单位的存量接收窗口 / the second signature on the take-over window of a unit';

CREATE OR REPLACE FUNCTION aidcase.close_takeover(unit text, reason text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$ SELECT aidcase.advance('takeover_window', aidcase.takeover_of(unit), 'close', reason) $$;
COMMENT ON FUNCTION aidcase.close_takeover(text, text) IS
    '永久关闭单位的存量接收窗口 / closes the take-over of a unit for good';

-- Trigger: what came in is noted when the window is closed.
CREATE OR REPLACE FUNCTION aidcase.count_takeover() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    SELECT count(*), coalesce(sum(g.amount), 0) INTO NEW.taken_households, NEW.taken_amount
      FROM aidcase.takeover_grant AS g WHERE g.unit_id = NEW.unit_id;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.count_takeover() IS
    '触发器:关闭时登记实际接收数 / trigger: notes what came in when the window is closed';
REVOKE ALL ON FUNCTION aidcase.count_takeover() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_count" BEFORE UPDATE ON aidcase.takeover_window
    FOR EACH ROW WHEN (OLD.closed_on IS NULL AND NEW.closed_on IS NOT NULL) EXECUTE FUNCTION aidcase.count_takeover();

CREATE OR REPLACE VIEW aidcase.takeover_status WITH (security_invoker = true) AS
SELECT w.unit_id, u.unit_code, w.state, w.valid, w.households, w.monthly_amount,
       coalesce(t.households, 0) AS taken_households, coalesce(t.persons, 0)::bigint AS taken_persons, coalesce(t.amount, 0)::numeric(14,2) AS taken_amount,
       w.households - coalesce(t.households, 0) AS missing_households, coalesce(d.disputed, 0) AS disputed, w.signed_on, w.closed_on
  FROM aidcase.takeover_window AS w
  JOIN aidcase.unit AS u ON u.unit_id = w.unit_id
  LEFT JOIN (SELECT g.unit_id, count(*) AS households, sum(g.persons) AS persons, sum(g.amount) AS amount
               FROM aidcase.takeover_grant AS g GROUP BY g.unit_id) AS t ON t.unit_id = w.unit_id
  LEFT JOIN (SELECT g.unit_id, count(*) AS disputed
               FROM aidcase.identity_dispute AS i JOIN aidcase.takeover_grant AS g ON g.round_id = i.round_id
              WHERE i.settled_at IS NULL GROUP BY g.unit_id) AS d ON d.unit_id = w.unit_id;
COMMENT ON VIEW aidcase.takeover_status IS
    '各单位存量接收进度:签批数、已接收数、未决身份争议数 / how far each unit''s take-over is: signed for, taken over, numbers in dispute';

-- ---------------------------------------------------------------------
-- Files of kind recipients: a line a person, those of a household share its
-- key; what is of the household stands on the line of its head.

-- Which of these numbers receive something that excludes the programmes?
-- Owner's rights, as they may live anywhere in the district; for who takes
-- over at the moment.
CREATE OR REPLACE FUNCTION aidcase.numbers_in_benefit(numbers aidcase.citizen_id[]) RETURNS aidcase.citizen_id[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT coalesce(array_agg(DISTINCT q.citizen_id), '{}')
      FROM unnest(numbers) AS n (citizen_id)
      JOIN aidcase.award_person AS q ON aidcase.citizen_key(q.citizen_id) = aidcase.citizen_key(n.citizen_id)
                                    AND q.exclusion_group IS NOT NULL AND upper_inf(q.months) AND NOT isempty(q.months)
     WHERE EXISTS (SELECT FROM aidcase.takeover_window AS w
                    WHERE w.unit_id = ANY (aidcase.my_units()) AND w.state = 'signed' AND w.valid @> aidcase.today())
$$;
COMMENT ON FUNCTION aidcase.numbers_in_benefit(aidcase.citizen_id[]) IS
    '内部:这些号码中已享受互斥待遇的,仅限正在接收存量的单位查询 / internal: which of these numbers receive assistance that excludes another; for units that are taking over';
REVOKE ALL ON FUNCTION aidcase.numbers_in_benefit(aidcase.citizen_id[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.numbers_in_benefit(aidcase.citizen_id[]) TO aidcase_clerk, aidcase_leader;

CREATE OR REPLACE FUNCTION aidcase.judge_recipients() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    elsewhere aidcase.citizen_id[];
BEGIN
    -- lines that were taken over already, as they are
    WITH same AS (
        SELECT g.household, u.unit_code, g.sha256
          FROM aidcase.takeover_grant AS g JOIN aidcase.unit AS u ON u.unit_id = g.unit_id
    ), told AS (
        SELECT l.doc ->> 'household' AS household, min(l.doc ->> 'unit') AS unit, aidcase.recipient_hash(array_agg(l.doc ORDER BY l.line)) AS sha256
          FROM pg_temp.import_line AS l GROUP BY 1
    ), known AS (
        SELECT t.household, s.sha256 = t.sha256 AS same FROM told AS t JOIN same AS s ON s.household = t.household AND s.unit_code = t.unit
    ), kept AS (
        UPDATE pg_temp.import_line AS l SET unchanged = true FROM known AS k WHERE l.doc ->> 'household' = k.household AND k.same
    )
    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT l.line, 'household', 'was taken over already, and the list says something else now; use a correction or review'
      FROM pg_temp.import_line AS l JOIN known AS k ON l.doc ->> 'household' = k.household AND NOT k.same;

    -- every line, its household and its head; faults of form do not hide others
    CREATE TEMPORARY TABLE import_person ON COMMIT DROP AS
    SELECT l.line, l.doc, l.doc ->> 'household' AS household, l.doc ->> 'relation' = 'head' AS head,
           count(*) FILTER (WHERE l.doc ->> 'relation' = 'head') OVER w AS heads,
           first_value(l.line) OVER (w ORDER BY (l.doc ->> 'relation' = 'head') DESC NULLS LAST, l.line) AS head_line,
           first_value(l.doc) OVER (w ORDER BY (l.doc ->> 'relation' = 'head') DESC NULLS LAST, l.line) AS head_doc,
           aidcase.citizen(upper(l.doc ->> 'citizen_id')) AS citizen_id
      FROM pg_temp.import_line AS l
     WHERE NOT l.unchanged AND NOT (l.refused AND EXISTS (SELECT FROM pg_temp.import_fault AS f WHERE f.line = l.line AND f.column_code IS NULL))
       AND NOT EXISTS (SELECT FROM pg_temp.import_fault AS f WHERE f.line = l.line AND f.column_code = 'household' AND f.reason ~ '^was taken over')
    WINDOW w AS (PARTITION BY l.doc ->> 'household');
    CREATE INDEX ON pg_temp.import_person (household);
    CREATE INDEX ON pg_temp.import_person (citizen_id);
    ANALYZE pg_temp.import_person;
    elsewhere := aidcase.numbers_in_benefit(ARRAY(SELECT DISTINCT p.citizen_id FROM pg_temp.import_person AS p WHERE p.citizen_id IS NOT NULL));

    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT p.line, w.col, w.reason
      FROM pg_temp.import_person AS p
      LEFT JOIN aidcase.unit AS u ON u.unit_code = p.doc ->> 'unit' AND aidcase.unit_level(u.unit_kind) = 'unit'
      LEFT JOIN aidcase.unit AS v ON v.unit_code = p.doc ->> 'village' AND aidcase.unit_level(v.unit_kind) = 'village'
      LEFT JOIN aidcase.unit_now AS n ON n.unit_id = v.unit_id
      LEFT JOIN aidcase.takeover_window AS o ON o.unit_id = u.unit_id AND o.state = 'signed' AND o.valid @> aidcase.today()
     CROSS JOIN LATERAL (
        SELECT 'unit' AS col, CASE WHEN u.unit_id IS NULL THEN 'is no town, office or directly administered community of this register'
                                   WHEN NOT u.unit_id = ANY (aidcase.my_units()) THEN 'is not your unit'
                                   ELSE 'has no take-over window that is signed and open' END AS reason
         WHERE p.doc ->> 'unit' IS NOT NULL AND (o.window_id IS NULL OR NOT u.unit_id = ANY (aidcase.my_units()))
        UNION ALL
        SELECT 'village', CASE WHEN v.unit_id IS NULL THEN 'is no village or residents'' committee of this register'
                               ELSE 'does not lie below the unit' END
         WHERE p.doc ->> 'village' IS NOT NULL AND (v.unit_id IS NULL OR u.unit_id IS NOT NULL AND n.parent_id IS DISTINCT FROM u.unit_id)
        UNION ALL
        SELECT 'relation', CASE p.heads WHEN 0 THEN 'is "head" on no line of the household' ELSE 'is "head" on more than one line of the household' END
         WHERE p.heads > 1 AND p.head
            OR p.heads = 0 AND p.line = p.head_line
               -- the head's line may be one that cannot be read
               AND NOT EXISTS (SELECT FROM pg_temp.import_line AS b
                                 JOIN pg_temp.import_fault AS f ON f.line = b.line AND f.column_code IS NULL
                                WHERE b.doc ->> 'household' = p.household)
        UNION ALL
        SELECT k.code, 'is missing on the line of the head'
          FROM unnest('{residence,programme,decision_no,decided_on,since,paid_until,amount,account_kind,holder_name,bank,account_no}'::text[]) AS k (code)
         WHERE p.head AND p.heads = 1 AND p.doc ->> k.code IS NULL
        UNION ALL
        SELECT k.code, 'differs from the line of the head'
          FROM unnest('{unit,village,residence,address,phone,programme,decision_no,decided_on,since,paid_until,causes,account_kind,holder_name,bank,account_no}'::text[]) AS k (code)
         WHERE NOT p.head AND p.heads = 1 AND p.doc ->> k.code <> p.head_doc ->> k.code
        UNION ALL
        SELECT k.code, 'stands on the line of the head only'
          FROM unnest('{amount,addon,care}'::text[]) AS k (code) WHERE NOT p.head AND p.doc ->> k.code IS NOT NULL
        UNION ALL
        SELECT 'programme', 'pays no monthly money'
         WHERE EXISTS (SELECT FROM aidcase.programme AS g WHERE g.programme = p.doc ->> 'programme' AND NOT (g.cash AND g.recurring))
        UNION ALL
        SELECT 'amount', 'must be above 0' WHERE aidcase.yuan(p.doc ->> 'amount') = 0
        UNION ALL
        SELECT 'amount', 'is less than its parts'
         WHERE aidcase.yuan(p.doc ->> 'amount') < coalesce(aidcase.yuan(p.doc ->> 'addon'), 0) + coalesce(aidcase.yuan(p.doc ->> 'care'), 0)
        UNION ALL
        SELECT k.code, 'must not be in the future'
          FROM (VALUES ('decided_on', p.doc ->> 'decided_on'), ('birth_date', p.doc ->> 'birth_date'), ('paid_until', p.doc ->> 'paid_until' || '-01')) AS k (code, value)
         WHERE aidcase.iso_date(k.value) > aidcase.today()
        UNION ALL
        SELECT 'paid_until', 'lies before the first month of the benefit'
         WHERE aidcase.iso_date(p.doc ->> 'paid_until' || '-01') + interval '1 month' < aidcase.iso_date(p.doc ->> 'since' || '-01')
        UNION ALL
        SELECT 'causes', 'must be among ' || (SELECT string_agg(c.code, ', ' ORDER BY c.sort) FROM aidcase.file_codes('case_cause.cause') AS c)
         WHERE EXISTS (SELECT FROM aidcase.recipient_causes(p.doc ->> 'causes') AS c WHERE c.cause IS NULL)
        UNION ALL
        -- the person
        SELECT 'citizen_id', 'is listed twice in the household'
         WHERE EXISTS (SELECT FROM pg_temp.import_person AS b
                        WHERE b.household = p.household AND b.line < p.line AND b.doc ->> 'citizen_id' = p.doc ->> 'citizen_id')
        UNION ALL
        SELECT 'birth_date', 'contradicts the citizen number' WHERE aidcase.iso_date(p.doc ->> 'birth_date') <> aidcase.birth_date(p.citizen_id)
        UNION ALL
        SELECT 'sex', 'contradicts the citizen number' WHERE p.doc ->> 'sex' IN ('male', 'female') AND p.doc ->> 'sex' <> aidcase.sex(p.citizen_id)
        UNION ALL
        SELECT k.code, 'is missing, and there is no valid citizen number to take it from'
          FROM unnest('{birth_date,sex}'::text[]) AS k (code) WHERE p.citizen_id IS NULL AND p.doc ->> k.code IS NULL
        UNION ALL
        SELECT CASE WHEN p.doc ->> 'disability_kind' IS NULL THEN 'disability_kind' ELSE 'disability_level' END,
               'is missing: kind and level of a disability go together'
         WHERE (p.doc ->> 'disability_kind' IS NULL) <> (p.doc ->> 'disability_level' IS NULL)
        UNION ALL
        SELECT 'disability_level', 'must be from 1 to 4' WHERE p.doc ->> 'disability_level' ~ '^[0-9]+$' AND p.doc ->> 'disability_level' !~ '^[1-4]$'
       ) AS w;

    -- numbers in dispute: the line comes in
    INSERT INTO pg_temp.import_fault (line, column_code, reason, refused)
    SELECT p.line, 'citizen_id', CASE WHEN p.citizen_id IS NULL THEN rtrim(aidcase.citizen_id_fault(p.doc ->> 'citizen_id'), '.')
                                      ELSE 'is the number of another recipient too' END || '; taken over with the number in dispute', false
      FROM pg_temp.import_person AS p
     WHERE p.doc ->> 'citizen_id' IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_temp.import_fault AS f WHERE f.line = p.line AND f.column_code = 'citizen_id')
       AND (p.citizen_id IS NULL
            -- who does not count here may receive something elsewhere
            OR NOT p.doc ? 'not_counted_reason'
               AND (EXISTS (SELECT FROM pg_temp.import_person AS b
                             WHERE b.citizen_id = p.citizen_id AND b.household <> p.household AND NOT b.doc ? 'not_counted_reason')
                    OR p.citizen_id = ANY (elsewhere)));
    DROP TABLE pg_temp.import_person;
END
$$;
COMMENT ON FUNCTION aidcase.judge_recipients() IS
    '内部:检查存量救助对象文件 / internal: judges a file of existing recipients';

-- The causes that a list names, as codes; NULL for one that is none.
CREATE OR REPLACE FUNCTION aidcase.recipient_causes(list text) RETURNS TABLE (cause text)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT DISTINCT (SELECT c.code FROM aidcase.file_codes('case_cause.cause') AS c WHERE btrim(w.word) IN (c.code, c.zh))
  FROM regexp_split_to_table(list, '[、,,;;]') AS w (word) WHERE list IS NOT NULL;
END;
COMMENT ON FUNCTION aidcase.recipient_causes(text) IS
    '以顿号分隔的致困原因的代码 / the causes that a list names, as codes';

-- One hash for what a household's lines say.
CREATE OR REPLACE FUNCTION aidcase.recipient_hash(docs jsonb[]) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(convert_to(array_to_string(docs::text[], E'\n'), 'UTF8'));
COMMENT ON FUNCTION aidcase.recipient_hash(jsonb[]) IS
    '内部:一户各行内容的散列 / internal: hash of what the lines of a household say';

CREATE OR REPLACE FUNCTION aidcase.write_recipients(import_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    ids bigint[];
BEGIN
    -- identities are given in the order of the list, so the n-th is the n-th
    CREATE TEMPORARY TABLE import_household ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY x.head_line) AS n, x.*, NULL::bigint AS case_id, NULL::bigint AS round_id
      FROM (SELECT l.doc ->> 'household' AS household, min(l.line) FILTER (WHERE l.doc ->> 'relation' = 'head') AS head_line,
                   (array_agg(l.doc ORDER BY l.doc ->> 'relation' <> 'head'))[1] AS doc,
                   aidcase.recipient_hash(array_agg(l.doc ORDER BY l.line)) AS sha256,
                   count(*) FILTER (WHERE l.doc ->> 'not_counted_reason' IS NULL) AS persons
              FROM pg_temp.import_line AS l WHERE NOT l.refused AND NOT l.unchanged GROUP BY 1) AS x;
    WITH made AS (
        INSERT INTO aidcase.aid_case (unit_id, village_id, residence, address, phone)
        SELECT u.unit_id, v.unit_id, h.doc ->> 'residence', h.doc ->> 'address', h.doc ->> 'phone'
          FROM pg_temp.import_household AS h
          JOIN aidcase.unit AS u ON u.unit_code = h.doc ->> 'unit'
          JOIN aidcase.unit AS v ON v.unit_code = h.doc ->> 'village'
         ORDER BY h.n
        RETURNING case_id)
    SELECT array_agg(m.case_id ORDER BY m.case_id) INTO ids FROM made AS m;
    UPDATE pg_temp.import_household AS h SET case_id = i.id FROM unnest(ids) WITH ORDINALITY AS i (id, n) WHERE i.n = h.n;
    WITH made AS (
        INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, first_contact_at, handler_id, occurred_at)
        SELECT h.case_id, c.unit_id, 'takeover', 1, aidcase.now_here(), aidcase.acting_staff(), aidcase.now_here()
          FROM pg_temp.import_household AS h JOIN aidcase.aid_case AS c ON c.case_id = h.case_id
         ORDER BY h.n
        RETURNING round_id)
    SELECT array_agg(m.round_id ORDER BY m.round_id) INTO ids FROM made AS m;
    UPDATE pg_temp.import_household AS h SET round_id = i.id FROM unnest(ids) WITH ORDINALITY AS i (id, n) WHERE i.n = h.n;
    ANALYZE pg_temp.import_household;

    -- a number in dispute is not the person's until that is settled
    CREATE TEMPORARY TABLE import_member ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY h.n, l.line) AS n, h.case_id, h.round_id, l.line, l.doc, f.line IS NOT NULL AS disputed,
           aidcase.citizen(upper(l.doc ->> 'citizen_id')) AS citizen_id, NULL::bigint AS member_id
      FROM pg_temp.import_line AS l
      JOIN pg_temp.import_household AS h ON h.household = l.doc ->> 'household'
      LEFT JOIN (SELECT DISTINCT f.line FROM pg_temp.import_fault AS f WHERE f.column_code = 'citizen_id' AND NOT f.refused) AS f ON f.line = l.line
     WHERE NOT l.refused AND NOT l.unchanged;
    WITH made AS (
        INSERT INTO aidcase.case_member (case_id, round_id, citizen_id, name, birth_date, sex, relation, applicant, counted, not_counted_reason,
                                         work_ability, health, disability_kind, disability_level, education, occupation)
        SELECT m.case_id, m.round_id, CASE WHEN NOT m.disputed THEN m.citizen_id END, m.doc ->> 'name',
               coalesce(aidcase.birth_date(m.citizen_id), aidcase.iso_date(m.doc ->> 'birth_date')),
               coalesce(aidcase.sex(m.citizen_id), m.doc ->> 'sex'), m.doc ->> 'relation', m.doc ->> 'relation' = 'head',
               m.doc ->> 'not_counted_reason' IS NULL, m.doc ->> 'not_counted_reason', m.doc ->> 'work_ability',
               coalesce(m.doc ->> 'health', 'good'), m.doc ->> 'disability_kind', (m.doc ->> 'disability_level')::smallint,
               m.doc ->> 'education', m.doc ->> 'occupation'
          FROM pg_temp.import_member AS m
         ORDER BY m.n
        RETURNING member_id)
    SELECT array_agg(x.member_id ORDER BY x.member_id) INTO ids FROM made AS x;
    UPDATE pg_temp.import_member AS m SET member_id = i.id FROM unnest(ids) WITH ORDINALITY AS i (id, n) WHERE i.n = m.n;
    INSERT INTO aidcase.identity_dispute (case_id, round_id, member_id, given_number, grounds)
    SELECT m.case_id, m.round_id, m.member_id, m.doc ->> 'citizen_id', CASE WHEN m.citizen_id IS NULL THEN 'invalid' ELSE 'shared' END
      FROM pg_temp.import_member AS m WHERE m.disputed ORDER BY m.n;
    INSERT INTO aidcase.case_cause (case_id, round_id, cause)
    SELECT h.case_id, h.round_id, c.cause
      FROM pg_temp.import_household AS h CROSS JOIN LATERAL aidcase.recipient_causes(h.doc ->> 'causes') AS c
     ORDER BY h.n, c.cause COLLATE "C";
    INSERT INTO aidcase.payee_account (case_id, kind, holder_name, holder_citizen_id, bank, account_no, valid)
    SELECT h.case_id, h.doc ->> 'account_kind', h.doc ->> 'holder_name', aidcase.citizen(h.doc ->> 'holder_citizen_id'),
           h.doc ->> 'bank', h.doc ->> 'account_no', daterange(aidcase.today(), NULL)
      FROM pg_temp.import_household AS h ORDER BY h.n;
    INSERT INTO aidcase.takeover_grant (case_id, round_id, unit_id, import_id, line, household, sha256, programme, decision_no, decided_on,
                                        since, paid_until, amount, addon_amount, care_amount, persons)
    SELECT h.case_id, h.round_id, c.unit_id, write_recipients.import_id, h.head_line, h.household, h.sha256, h.doc ->> 'programme', h.doc ->> 'decision_no',
           aidcase.iso_date(h.doc ->> 'decided_on'), aidcase.iso_date(h.doc ->> 'since' || '-01'), aidcase.iso_date(h.doc ->> 'paid_until' || '-01'),
           aidcase.yuan(h.doc ->> 'amount'), coalesce(aidcase.yuan(h.doc ->> 'addon'), 0), coalesce(aidcase.yuan(h.doc ->> 'care'), 0), h.persons
      FROM pg_temp.import_household AS h JOIN aidcase.aid_case AS c ON c.case_id = h.case_id
     ORDER BY h.n;
    UPDATE aidcase.case_round AS r SET state = 'taken_over', occurred_at = aidcase.now_here()
      FROM pg_temp.import_household AS h WHERE r.round_id = h.round_id;
    DROP TABLE pg_temp.import_household, pg_temp.import_member;
END
$$;
COMMENT ON FUNCTION aidcase.write_recipients(bigint) IS
    '内部:接收存量救助对象 / internal: takes existing recipients over';

-- Everybody in benefit in the last month of a period, in the same form.
CREATE OR REPLACE FUNCTION aidcase.export_recipients(from_day date, to_day date) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('household', coalesce(g.household, c.case_no), 'unit', u.unit_code, 'village', v.unit_code,
               'name', m.name, 'citizen_id', coalesce(m.citizen_id::text, i.given_number),
               'birth_date', CASE WHEN m.citizen_id IS NULL THEN m.birth_date END, 'sex', CASE WHEN m.citizen_id IS NULL THEN m.sex END,
               'relation', m.relation, 'not_counted_reason', m.not_counted_reason, 'work_ability', m.work_ability,
               'health', nullif(m.health, 'good'), 'disability_kind', m.disability_kind, 'disability_level', m.disability_level,
               'education', m.education, 'occupation', m.occupation)
           || CASE WHEN m.relation <> 'head' THEN '{}' ELSE jsonb_build_object(
               'residence', a.residence, 'address', c.address, 'phone', c.phone, 'programme', a.programme,
               'decision_no', coalesce(g.decision_no, k.minutes_no, c.case_no || '/' || r.round_no), 'decided_on', coalesce(g.decided_on, r.decided_on),
               'since', to_char(coalesce(g.since, lower(a.months)), 'YYYY-MM'),
               'paid_until', to_char(coalesce(p.until, g.paid_until, (lower(a.months) - interval '1 month')::date), 'YYYY-MM'),
               'amount', a.amount, 'addon', x.addon, 'care', x.care,
               'causes', (SELECT string_agg(coalesce(l.zh, z.cause), '、' ORDER BY z.cause COLLATE "C")
                            FROM aidcase.case_cause AS z LEFT JOIN aidcase.file_codes('case_cause.cause') AS l ON l.code = z.cause
                           WHERE z.round_id = a.round_id AND NOT z.void),
               'account_kind', b.kind, 'holder_name', b.holder_name, 'holder_citizen_id', b.holder_citizen_id::text,
               'bank', b.bank, 'account_no', b.account_no) END)
      FROM aidcase.award AS a
      JOIN aidcase.programme AS e ON e.programme = a.programme AND e.cash AND e.recurring
      JOIN aidcase.aid_case AS c ON c.case_id = a.case_id
      JOIN aidcase.unit AS u ON u.unit_id = c.unit_id
      JOIN aidcase.unit AS v ON v.unit_id = c.village_id
      JOIN aidcase.case_round AS r ON r.round_id = a.round_id
      JOIN aidcase.case_member AS m ON m.round_id = a.round_id AND NOT m.void
      LEFT JOIN aidcase.identity_dispute AS i ON i.member_id = m.member_id AND i.settled_at IS NULL
      LEFT JOIN aidcase.takeover_grant AS g ON g.round_id = a.round_id
      LEFT JOIN aidcase.review_meeting AS k ON k.meeting_id = r.meeting_id
      LEFT JOIN aidcase.payee_account AS b ON b.case_id = a.case_id AND b.valid @> least(to_day, aidcase.today())
      LEFT JOIN (SELECT y.case_id, y.programme, max(y.benefit_month) AS until FROM aidcase.payment AS y
                  WHERE y.line_kind IN ('current', 'arrears') GROUP BY 1, 2) AS p ON p.case_id = a.case_id AND p.programme = a.programme
      LEFT JOIN (SELECT o.award_id, sum(o.amount) FILTER (WHERE o.component = 'addon') AS addon,
                        sum(o.amount) FILTER (WHERE o.component = 'care') AS care
                   FROM aidcase.award_component AS o GROUP BY o.award_id) AS x ON x.award_id = a.award_id
     WHERE a.months @> date_trunc('month', to_day::timestamp)::date
     ORDER BY u.unit_code, coalesce(g.household, c.case_no) COLLATE "C", m.relation <> 'head', m.birth_date, m.name COLLATE "C", m.citizen_id, m.member_id
$$;
COMMENT ON FUNCTION aidcase.export_recipients(date, date) IS
    '内部:期末在享家庭,格式与存量清单相同 / internal: everybody in benefit at the end of a period, in the form of the list';

-- Settles a number in dispute; the number itself is corrected by correct().
CREATE OR REPLACE FUNCTION aidcase.settle_dispute(dispute_id bigint, outcome text, note text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM aidcase.raise_faults('settlement', ARRAY(
        SELECT f.reason FROM (
            SELECT 'dispute_id: is no open dispute of your units' AS reason
             WHERE NOT EXISTS (SELECT FROM aidcase.identity_dispute AS d WHERE d.dispute_id = settle_dispute.dispute_id AND d.settled_at IS NULL)
            UNION ALL
            SELECT 'note: is missing' WHERE coalesce(btrim(note), '') = ''
            UNION ALL
            SELECT 'outcome: must be one of ' || (SELECT string_agg(c.code, ', ' ORDER BY c.sort) FROM aidcase.file_codes('identity_dispute.outcome') AS c)
             WHERE NOT EXISTS (SELECT FROM aidcase.file_codes('identity_dispute.outcome') AS c WHERE c.code = settle_dispute.outcome)) AS f
         ORDER BY f.reason COLLATE "C"),
        'Example: SELECT aidcase.settle_dispute(1, ''other_person'', ''户口簿核实'').');
    UPDATE aidcase.identity_dispute AS d
       SET outcome = settle_dispute.outcome, note = settle_dispute.note, settled_at = aidcase.now_here(), settled_by = aidcase.acting_staff()
     WHERE d.dispute_id = settle_dispute.dispute_id;
END
$$;
COMMENT ON FUNCTION aidcase.settle_dispute(bigint, text, text) IS
    '了结存量接收中的身份争议 / settles a number that was in dispute at a take-over';
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.identity_dispute
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('outcome', 'note', 'settled_at', 'settled_by');
