-- Small subjects: leads, petitions, referrals, submissions, cases for the
-- discipline organs.  They move by advance(), with the columns of the move in
-- its details.

CREATE OR REPLACE FUNCTION aidcase.check_subject() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_level CONSTANT text := (SELECT u.level FROM aidcase.unit_now AS u WHERE u.unit_id = NEW.unit_id);
    line aidcase.assistance_opinion;
    fault text;
BEGIN
    IF TG_TABLE_NAME = 'lead' THEN
        fault := CASE
            WHEN NEW.found_on > aidcase.today() THEN 'It was found in the future.'
            WHEN NEW.village_id <> NEW.unit_id AND NOT aidcase.unit_below(NEW.village_id, NEW.unit_id, aidcase.today())
                THEN 'The village is none of the unit.' END;
    ELSIF TG_TABLE_NAME = 'petition' THEN
        fault := CASE WHEN NEW.about_staff_id IS NOT NULL AND the_level <> 'district'
            THEN 'A petition about a member of staff is handled by the district.' END;
    ELSIF TG_TABLE_NAME = 'discipline_referral' THEN
        fault := CASE WHEN the_level <> 'district' THEN 'The district refers to the discipline organs.' END;
    ELSIF TG_TABLE_NAME = 'submission' THEN
        fault := CASE WHEN the_level <> 'unit' THEN 'Units that handle cases hand in.' END;
    ELSIF TG_TABLE_NAME = 'referral' THEN
        SELECT o.* INTO line FROM aidcase.assistance_opinion AS o WHERE o.opinion_id = NEW.opinion_id FOR SHARE;
        IF NOT FOUND OR line.void OR line.outcome <> 'referred'
           OR NOT EXISTS (SELECT FROM aidcase.case_round AS r
                           WHERE r.round_id = line.round_id AND r.unit_id = NEW.unit_id) THEN
            fault := 'It rests on no line of an opinion of the unit that refers the matter.';
        ELSE
            NEW.case_id := line.case_id;
            NEW.round_id := line.round_id;
            NEW.department := line.department;
            NEW.matter := line.matter;
            NEW.reply_due := coalesce(NEW.reply_due, line.reply_due);
            fault := CASE WHEN NEW.reply_due < aidcase.today() THEN 'The day for the reply is past.' END;
        END IF;
    END IF;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'a row of "%" cannot be opened so', TG_TABLE_NAME
            USING ERRCODE = '22023', DETAIL = fault,
                  HINT = CASE TG_TABLE_NAME WHEN 'petition' THEN 'Give the district as the unit.'
                                            ELSE 'Correct it and enter it again.' END;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_subject() IS
    '触发器:线索、信访、转办、报送、移送须与单位和依据相符 / trigger: leads, petitions, referrals, submissions and cases for the discipline organs agree with unit and basis';
REVOKE ALL ON FUNCTION aidcase.check_subject() FROM PUBLIC;
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['lead', 'petition', 'referral', 'submission', 'discipline_referral'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER "~0_check" BEFORE INSERT ON aidcase.%I'
            ' FOR EACH ROW EXECUTE FUNCTION aidcase.check_subject()', t);
    END LOOP;
END
$$;

-- The unit of a document: its key "unit", when it names one.
CREATE OR REPLACE FUNCTION aidcase.open_lead(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["unit", "village", "source", "person_name", "situation", "found_on"],
        "properties": {
          "unit": {"type": "string", "maxLength": 12},
          "village": {"type": "string", "maxLength": 12},
          "source": {"type": "string", "codes": "lead.source"},
          "person_name": {"type": "string", "maxLength": 100},
          "citizen_id": {"type": "string", "format": "citizen-id"},
          "phone": {"type": "string", "maxLength": 40},
          "address": {"type": "string", "maxLength": 300},
          "situation": {"type": "string", "maxLength": 4000},
          "found_on": {"type": "string", "format": "date", "past": true}}}';
    the_unit CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'unit');
    the_village CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'village');
    the_lead bigint;
BEGIN
    PERFORM aidcase.raise_faults('lead', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'unit', 'is not a unit of the register' WHERE jsonb_typeof(doc -> 'unit') = 'string' AND the_unit IS NULL
                UNION ALL
                SELECT 'village', 'is not a unit of the register' WHERE jsonb_typeof(doc -> 'village') = 'string' AND the_village IS NULL
                UNION ALL
                SELECT 'village', 'is none of the unit'
                 WHERE the_unit <> the_village AND NOT aidcase.unit_below(the_village, the_unit, aidcase.today())
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"unit": "340705100", "village": "340705100201", "source": "neighbour", "person_name": "…", "situation": "…", "found_on": "2021-04-06"}.');
    INSERT INTO aidcase.lead (unit_id, village_id, source, person_name, citizen_id, phone, address, situation, found_on)
    VALUES (the_unit, the_village, doc ->> 'source', doc ->> 'person_name', aidcase.citizen(doc ->> 'citizen_id'),
            doc ->> 'phone', doc ->> 'address', doc ->> 'situation', aidcase.iso_date(doc ->> 'found_on'))
    RETURNING lead_id INTO the_lead;
    RETURN the_lead;
END
$$;
COMMENT ON FUNCTION aidcase.open_lead(jsonb) IS
    '登记主动发现线索,返回编号;有误则一次列出全部错误 / enters a lead of active discovery; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.open_lead(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.open_lead(jsonb) TO aidcase_committee, aidcase_clerk, aidcase_leader, aidcase_bureau;

CREATE OR REPLACE FUNCTION aidcase.open_petition(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["unit", "form", "kind", "content"],
        "properties": {
          "unit": {"type": "string", "maxLength": 12},
          "about_unit": {"type": "string", "maxLength": 12},
          "about_staff": {"type": "string", "maxLength": 40},
          "case_id": {"type": "integer"},
          "form": {"type": "string", "codes": "petition.form"},
          "kind": {"type": "string", "codes": "petition.kind"},
          "petitioner": {"type": "string", "maxLength": 100},
          "contact": {"type": "string", "maxLength": 300},
          "content": {"type": "string", "maxLength": 4000},
          "received_at": {"type": "string", "format": "date-time", "past": true}}}';
    the_unit CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'unit');
    other_unit CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'about_unit');
    the_staff CONSTANT bigint := (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'about_staff');
    the_case CONSTANT bigint := aidcase.whole_number(doc ->> 'case_id');
    the_petition bigint;
BEGIN
    PERFORM aidcase.raise_faults('petition', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'unit', 'is not a unit of the register' WHERE jsonb_typeof(doc -> 'unit') = 'string' AND the_unit IS NULL
                UNION ALL
                SELECT 'about_unit', 'is not a unit of the register' WHERE jsonb_typeof(doc -> 'about_unit') = 'string' AND other_unit IS NULL
                UNION ALL
                SELECT 'about_staff', 'is not the number of a member of staff' WHERE jsonb_typeof(doc -> 'about_staff') = 'string' AND the_staff IS NULL
                UNION ALL
                SELECT 'unit', 'must be the district when the petition is about a member of staff'
                 WHERE the_staff IS NOT NULL
                   AND EXISTS (SELECT FROM aidcase.unit_now AS u WHERE u.unit_id = the_unit AND u.level <> 'district')
                UNION ALL
                SELECT 'case_id', 'is no case that you may see'
                 WHERE the_case IS NOT NULL AND NOT EXISTS (SELECT FROM aidcase.aid_case AS c WHERE c.case_id = the_case)
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"unit": "340705", "form": "letter", "kind": "complaint", "about_staff": "…", "petitioner": "…", "content": "…"}.');
    -- a unit cannot name staff
    IF the_staff IS NULL THEN
        INSERT INTO aidcase.petition (unit_id, about_unit_id, case_id, form, kind, petitioner, contact, content, occurred_at)
        VALUES (the_unit, other_unit, the_case, doc ->> 'form', doc ->> 'kind', doc ->> 'petitioner', doc ->> 'contact',
                doc ->> 'content', aidcase.iso_timestamp(doc ->> 'received_at'))
        RETURNING petition_id INTO the_petition;
    ELSE
        INSERT INTO aidcase.petition (unit_id, about_unit_id, about_staff_id, case_id, form, kind, petitioner, contact, content, occurred_at)
        VALUES (the_unit, other_unit, the_staff, the_case, doc ->> 'form', doc ->> 'kind', doc ->> 'petitioner', doc ->> 'contact',
                doc ->> 'content', aidcase.iso_timestamp(doc ->> 'received_at'))
        RETURNING petition_id INTO the_petition;
    END IF;
    RETURN the_petition;
END
$$;
COMMENT ON FUNCTION aidcase.open_petition(jsonb) IS
    '登记信访,返回编号;反映工作人员的须由区级办理 / enters a petition; one about a member of staff goes to the district; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.open_petition(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.open_petition(jsonb) TO aidcase_clerk, aidcase_leader, aidcase_bureau;

CREATE OR REPLACE FUNCTION aidcase.open_referral(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["opinion_id"],
        "properties": {
          "opinion_id": {"type": "integer"},
          "reply_due": {"type": "string", "format": "date"},
          "note": {"type": "string", "maxLength": 1000}}}';
    line record;
    the_referral bigint;
BEGIN
    SELECT o.opinion_id, o.outcome, o.void, o.reply_due, r.unit_id INTO line
      FROM aidcase.assistance_opinion AS o JOIN aidcase.case_round AS r USING (round_id)
     WHERE o.opinion_id = aidcase.whole_number(doc ->> 'opinion_id');
    PERFORM aidcase.raise_faults('referral', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'opinion_id', CASE WHEN line.opinion_id IS NULL THEN 'is no line of an opinion that you may see'
                                          WHEN line.void THEN 'was replaced by another opinion'
                                          ELSE 'does not refer the matter' END
                 WHERE aidcase.whole_number(doc ->> 'opinion_id') IS NOT NULL
                   AND (line.opinion_id IS NULL OR line.void OR line.outcome <> 'referred')
                UNION ALL
                SELECT 'opinion_id', 'was referred before'
                 WHERE EXISTS (SELECT FROM aidcase.referral AS e WHERE e.opinion_id = line.opinion_id)
                UNION ALL
                SELECT 'reply_due', 'is missing here and in the opinion'
                 WHERE line.opinion_id IS NOT NULL AND doc ->> 'reply_due' IS NULL AND line.reply_due IS NULL
                UNION ALL
                SELECT 'reply_due', 'is past'
                 WHERE coalesce(aidcase.iso_date(doc ->> 'reply_due'), line.reply_due) < aidcase.today()
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"opinion_id": 1, "reply_due": "2021-05-06", "note": "…"}.');
    INSERT INTO aidcase.referral (unit_id, opinion_id, reply_due, note)
    VALUES (line.unit_id, line.opinion_id, aidcase.iso_date(doc ->> 'reply_due'), doc ->> 'note')
    RETURNING referral_id INTO the_referral;
    RETURN the_referral;
END
$$;
COMMENT ON FUNCTION aidcase.open_referral(jsonb) IS
    '将综合救助意见中的转办事项转出,返回编号 / passes a referred line of an opinion to its department, with a day for the reply; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.open_referral(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.open_referral(jsonb) TO aidcase_clerk, aidcase_leader, aidcase_bureau;

-- What units have to hand in: one row for each unit named, or for every unit
-- that handles cases.
CREATE OR REPLACE FUNCTION aidcase.require_submission(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["kind", "from", "to", "due_on"],
        "properties": {
          "kind": {"type": "string", "codes": "submission.kind"},
          "from": {"type": "string", "format": "date"},
          "to": {"type": "string", "format": "date"},
          "due_on": {"type": "string", "format": "date"},
          "units": {"type": "array", "minItems": 1, "items": {"type": "string", "maxLength": 12}}}}';
    the_period daterange;
    units bigint[];
    opened bigint;
BEGIN
    IF aidcase.iso_date(doc ->> 'to') >= aidcase.iso_date(doc ->> 'from') THEN
        the_period := daterange(aidcase.iso_date(doc ->> 'from'), aidcase.iso_date(doc ->> 'to'), '[]');
    END IF;
    units := ARRAY(SELECT u.unit_id FROM aidcase.unit_now AS u
                    WHERE u.level = 'unit'
                      AND (jsonb_typeof(doc -> 'units') IS DISTINCT FROM 'array' OR doc -> 'units' ? u.unit_code)
                    ORDER BY u.unit_id);
    PERFORM aidcase.raise_faults('submission', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'to', 'must not be before from'
                 WHERE aidcase.iso_date(doc ->> 'to') < aidcase.iso_date(doc ->> 'from')
                UNION ALL
                SELECT 'due_on', 'must not be before the period begins'
                 WHERE aidcase.iso_date(doc ->> 'due_on') < aidcase.iso_date(doc ->> 'from')
                UNION ALL
                SELECT 'units[' || e.place - 1 || ']', 'is no unit that handles cases'
                  FROM jsonb_array_elements(CASE jsonb_typeof(doc -> 'units') WHEN 'array' THEN doc -> 'units' ELSE '[]' END)
                       WITH ORDINALITY AS e (value, place)
                 WHERE jsonb_typeof(e.value) = 'string'
                   AND NOT EXISTS (SELECT FROM aidcase.unit_now AS u WHERE u.unit_code = e.value #>> '{}' AND u.level = 'unit')
                UNION ALL
                SELECT 'from', 'is the period of a submission that was asked for before'
                 WHERE EXISTS (SELECT FROM aidcase.submission AS s
                                WHERE s.kind = doc ->> 'kind' AND s.period = the_period AND s.unit_id = ANY (units))
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"kind": "monthly_report", "from": "2021-04-01", "to": "2021-04-30", "due_on": "2021-05-08"}.');
    INSERT INTO aidcase.submission (unit_id, kind, period, due_on)
    SELECT u, doc ->> 'kind', the_period, aidcase.iso_date(doc ->> 'due_on') FROM unnest(units) AS u ORDER BY u;
    GET DIAGNOSTICS opened = ROW_COUNT;
    RETURN opened;
END
$$;
COMMENT ON FUNCTION aidcase.require_submission(jsonb) IS
    '布置报送:每单位一行,返回行数 / asks units for a submission of a period, one row each; returns their number; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.require_submission(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.require_submission(jsonb) TO aidcase_bureau;

CREATE OR REPLACE FUNCTION aidcase.open_discipline_referral(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["grounds", "summary", "organ"],
        "properties": {
          "about_unit": {"type": "string", "maxLength": 12},
          "about_staff": {"type": "string", "maxLength": 40},
          "case_id": {"type": "integer"},
          "petition_id": {"type": "integer"},
          "grounds": {"type": "string", "codes": "discipline_referral.grounds"},
          "summary": {"type": "string", "maxLength": 4000},
          "organ": {"type": "string", "maxLength": 200}}}';
    the_unit CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit AS u JOIN aidcase.register AS r ON r.area_code = u.unit_code);
    other_unit CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'about_unit');
    the_staff CONSTANT bigint := (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'about_staff');
    the_case CONSTANT bigint := aidcase.whole_number(doc ->> 'case_id');
    the_petition CONSTANT bigint := aidcase.whole_number(doc ->> 'petition_id');
    the_referral bigint;
BEGIN
    PERFORM aidcase.raise_faults('discipline referral', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'about_unit', 'is not a unit of the register' WHERE jsonb_typeof(doc -> 'about_unit') = 'string' AND other_unit IS NULL
                UNION ALL
                SELECT 'about_staff', 'is not the number of a member of staff' WHERE jsonb_typeof(doc -> 'about_staff') = 'string' AND the_staff IS NULL
                UNION ALL
                SELECT 'case_id', 'is no case that you may see'
                 WHERE the_case IS NOT NULL AND NOT EXISTS (SELECT FROM aidcase.aid_case AS c WHERE c.case_id = the_case)
                UNION ALL
                SELECT 'petition_id', 'is no petition that you may see'
                 WHERE the_petition IS NOT NULL AND NOT EXISTS (SELECT FROM aidcase.petition AS p WHERE p.petition_id = the_petition)
                UNION ALL
                SELECT 'about_unit', 'is missing, and about_staff, too' WHERE doc ->> 'about_unit' IS NULL AND doc ->> 'about_staff' IS NULL
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"about_staff": "…", "grounds": "favouritism", "summary": "…", "organ": "区纪委监委"}.');
    INSERT INTO aidcase.discipline_referral (unit_id, about_unit_id, about_staff_id, case_id, petition_id, grounds, summary, organ)
    VALUES (the_unit, other_unit, the_staff, the_case, the_petition, doc ->> 'grounds', doc ->> 'summary', doc ->> 'organ')
    RETURNING discipline_referral_id INTO the_referral;
    RETURN the_referral;
END
$$;
COMMENT ON FUNCTION aidcase.open_discipline_referral(jsonb) IS
    '登记拟移送纪检监察事项,返回编号 / enters a case for the discipline organs; somebody else sends it; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.open_discipline_referral(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.open_discipline_referral(jsonb) TO aidcase_bureau;

-- Who is late: with what was to be handed in, and departments with replies.
CREATE OR REPLACE VIEW aidcase.late_submission WITH (security_invoker = true) AS
SELECT s.submission_id, s.unit_id, u.unit_code, s.kind, s.period, s.due_on, s.state, s.submitted_on,
       coalesce(f.first_on, aidcase.today()) - s.due_on AS days_late
  FROM aidcase.submission AS s
  JOIN aidcase.unit AS u USING (unit_id)
  LEFT JOIN LATERAL (SELECT min(aidcase.date_here(d.met_at)) AS first_on FROM aidcase.deadline AS d
                      WHERE d.subject = 'submission' AND d.subject_id = s.submission_id
                        AND d.clock = 'submission_due') AS f ON true
 WHERE s.state <> 'waived' AND coalesce(f.first_on, aidcase.today()) > s.due_on;
COMMENT ON VIEW aidcase.late_submission IS
    '逾期未报或迟报的报送 / submissions that were handed in late or are late';

CREATE OR REPLACE VIEW aidcase.late_referral WITH (security_invoker = true) AS
SELECT r.referral_id, r.unit_id, u.unit_code, r.case_id, r.department, r.matter, r.reply_due,
       aidcase.today() - r.reply_due AS days_late
  FROM aidcase.referral AS r
  JOIN aidcase.unit AS u USING (unit_id)
  JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state AND s.kind <> 'final'
 WHERE r.reply_due < aidcase.today();
COMMENT ON VIEW aidcase.late_referral IS
    '各部门逾期未回复的转办事项 / referrals whose department has not replied in time';
