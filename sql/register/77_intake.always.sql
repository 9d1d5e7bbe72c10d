-- intake: papers that may not be asked for, promises before checks, one
-- household at a time, and files that go on.

-- Trigger: a paper that a register can tell is not asked for at all.
CREATE OR REPLACE FUNCTION aidcase.refuse_paper() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    papers text;
BEGIN
    SELECT string_agg(DISTINCT format('%s (register %s)', n.paper, f.registry), ', ') INTO papers
      FROM new_rows AS n
      JOIN aidcase.case_round AS r USING (round_id)
      JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
      JOIN aidcase.forbidden_paper AS f ON f.paper = n.paper AND f.valid @> n.asked_on
           AND (f.area_code = '0' OR starts_with(u.unit_code, regexp_replace(f.area_code, '(00)+$', '')))
     WHERE NOT n.void;
    IF papers IS NOT NULL THEN
        RAISE EXCEPTION 'a paper that a register can tell may not be asked for'
            USING ERRCODE = 'ZA003', DETAIL = format('Papers: %s.', papers),
                  HINT = 'Query the register instead; table aidcase.forbidden_paper has the catalogue with its document.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.refuse_paper() IS
    '触发器:不得索要可查询的证明 / trigger: a paper that a register can tell is not asked for';
CREATE OR REPLACE TRIGGER "~1_lawful" AFTER INSERT ON aidcase.paper_request
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.refuse_paper();

-- Trigger: nobody's data are checked before the applicant has signed the
-- commitment, and those of an adult or an obligor not before he has agreed.
CREATE OR REPLACE FUNCTION aidcase.check_promised() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[];
BEGIN
    SELECT array_agg(DISTINCT f.fault ORDER BY f.fault) INTO faults
      FROM (SELECT n.*, aidcase.date_here(n.requested_at) AS day FROM new_rows AS n) AS n
      LEFT JOIN aidcase.case_member AS m ON m.member_id = n.member_id
     CROSS JOIN LATERAL (VALUES
        (NOT EXISTS (SELECT FROM aidcase.commitment AS c
                      WHERE c.round_id = n.round_id AND NOT c.void AND c.signed_on <= n.day),
         'The applicant had not signed the commitment.'),
        ((m.member_id IS NULL OR m.birth_date <= (n.day - interval '18 years')::date)
         AND NOT EXISTS (SELECT FROM aidcase.authorisation AS a
                          WHERE a.round_id = n.round_id AND NOT a.void AND n.day BETWEEN a.signed_on AND a.valid_until
                            AND (a.member_id = n.member_id OR a.obligor_id = n.obligor_id)),
         'Somebody to be checked had not authorised it.')) AS f (broken, fault)
     WHERE f.broken;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'the check cannot be requested'
            USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Have commitment and authorisations signed and enter them first.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_promised() IS
    '触发器:先有申请人承诺和被核对人授权,后有核对 / trigger: commitment and authorisation come before the check';
REVOKE ALL ON FUNCTION aidcase.refuse_paper(), aidcase.check_promised() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_promised" AFTER INSERT ON aidcase.registry_check
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_promised();

-- ---------------------------------------------------------------------
-- One household at a time

-- The duplicates of a round, for the bureau.
CREATE OR REPLACE FUNCTION aidcase.round_duplicates(round_id bigint)
RETURNS TABLE (member_id bigint, name text, other_case_no text, other_unit text, why text, overridden boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader,inspector}',
        (SELECT r.unit_id FROM aidcase.case_round AS r WHERE r.round_id = round_duplicates.round_id), 'see who is in two households');
    RETURN QUERY
    SELECT d.member_id, m.name, c.case_no, u.unit_code, d.why,
           EXISTS (SELECT FROM aidcase.duplicate_override AS o WHERE o.member_id = d.member_id AND o.other_case_id = d.other_case_id)
      FROM aidcase.duplicates_of(round_duplicates.round_id) AS d
      JOIN aidcase.case_member AS m ON m.member_id = d.member_id
      JOIN aidcase.aid_case AS c ON c.case_id = d.other_case_id
      JOIN aidcase.unit AS u ON u.unit_id = d.other_unit_id
    UNION ALL
    -- without a number: the same name and birth date only propose it
    SELECT m.member_id, m.name, c.case_no, u.unit_code, 'name_and_birth', false
      FROM aidcase.case_member AS m
      JOIN aidcase.case_member AS o ON aidcase.name_key(o.name) = aidcase.name_key(m.name) AND o.birth_date = m.birth_date
           AND o.case_id <> m.case_id AND NOT o.void AND (m.citizen_id IS NULL OR o.citizen_id IS NULL)
      JOIN aidcase.aid_case AS c ON c.case_id = o.case_id
      JOIN aidcase.unit AS u ON u.unit_id = c.unit_id
     WHERE m.round_id = round_duplicates.round_id AND NOT m.void
     GROUP BY m.member_id, m.name, c.case_no, u.unit_code
     ORDER BY 1, 3;
END
$$;
COMMENT ON FUNCTION aidcase.round_duplicates(bigint) IS
    '本轮成员在其他家庭的情况 (区局):身份号码相同的受阻,无号码的按姓名和出生日期提示 / who of a round is in another household, for the bureau: the same number blocks, the same name and birth date of somebody without number proposes';
REVOKE ALL ON FUNCTION aidcase.round_duplicates(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.round_duplicates(bigint) TO aidcase_bureau, aidcase_inspector;

-- The bureau lets a member stay in two households, with a reason.
CREATE OR REPLACE FUNCTION aidcase.override_duplicate(member_id bigint, reason text) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_round aidcase.case_round;
    n integer;
BEGIN
    SELECT r.* INTO the_round FROM aidcase.case_member AS m JOIN aidcase.case_round AS r USING (round_id)
     WHERE m.member_id = override_duplicate.member_id;
    PERFORM aidcase.require_post('{bureau_leader}', the_round.unit_id, 'override the block of a duplicate');
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'a duplicate is not overridden without a reason'
            USING ERRCODE = '22023', HINT = 'Give the reason as the last argument.';
    END IF;
    INSERT INTO aidcase.duplicate_override (case_id, round_id, member_id, other_case_id, grounds, decided_at, decided_by)
    SELECT the_round.case_id, the_round.round_id, d.member_id, d.other_case_id, reason, aidcase.now_here(), aidcase.current_staff()
      FROM aidcase.duplicates_of(the_round.round_id) AS d
     WHERE d.member_id = override_duplicate.member_id
       AND NOT EXISTS (SELECT FROM aidcase.duplicate_override AS o
                        WHERE o.member_id = d.member_id AND o.other_case_id = d.other_case_id)
     ORDER BY d.other_case_id;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n = 0 THEN
        RAISE EXCEPTION 'there is no duplicate to override'
            USING ERRCODE = '22023', DETAIL = 'The member is in no other household, or it was overridden before.',
                  HINT = 'SELECT * FROM aidcase.round_duplicates(round_id) lists them.';
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION aidcase.override_duplicate(bigint, text) IS
    '区局负责人准许某成员同时在两户,须有理由;返回放行的档案数。两份互斥待遇仍不能并存 / the bureau''s leader lets a member stay in two households, with the reason; two awards that exclude each other still cannot stand side by side';
REVOKE ALL ON FUNCTION aidcase.override_duplicate(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.override_duplicate(bigint, text) TO aidcase_bureau;

-- ---------------------------------------------------------------------
-- Leads, and names

-- A lead becomes an application of its unit.
CREATE OR REPLACE FUNCTION aidcase.convert_lead(lead_id bigint, application jsonb, OUT case_id bigint, OUT round_id bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_lead record;
BEGIN
    SELECT l.* INTO the_lead FROM aidcase.lead AS l WHERE l.lead_id = convert_lead.lead_id;
    PERFORM aidcase.raise_faults('lead', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT 'lead_id' AS path, 'is no lead of your units' AS reason WHERE the_lead.lead_id IS NULL
                UNION ALL
                SELECT 'first_contact_at', 'is missing: it was not when the lead was entered' WHERE application ->> 'first_contact_at' IS NULL) AS f
         ORDER BY f.path COLLATE "C"), 'Give the application as for aidcase.file_case(), with the time at which the household was first spoken to.');
    SELECT f.case_id, f.round_id INTO convert_lead.case_id, convert_lead.round_id
      FROM aidcase.file_case(application || jsonb_build_object('channel', 'discovered', 'finder', coalesce(application ->> 'finder',
               (SELECT b.zh FROM aidcase.label AS b WHERE b.code_set = 'lead.source' AND b.code = the_lead.source)
               || ' ' || (SELECT s.staff_no FROM aidcase.staff AS s WHERE s.staff_id = the_lead.opened_by)))) AS f;
    PERFORM aidcase.advance('lead', the_lead.lead_id, 'convert', NULL, jsonb_build_object('round_id', convert_lead.round_id));
END
$$;
COMMENT ON FUNCTION aidcase.convert_lead(bigint, jsonb) IS
    '线索转为申请:登记申请并办结线索 / files the application that a lead becomes and closes the lead';

-- Names with characters of the private-use areas: kept as they came, listed
-- until the character has a place of its own.
CREATE OR REPLACE VIEW aidcase.private_use_name WITH (security_invoker = true) AS
SELECT n.relation, n.row_id, n.case_id, n.name,
       (SELECT string_agg('U+' || upper(to_hex(ascii(c.ch))), ' ' ORDER BY c.n)
          FROM regexp_split_to_table(n.name, '') WITH ORDINALITY AS c (ch, n)
         WHERE c.ch ~ '[\uE000-\uF8FF\U000F0000-\U0010FFFD]') AS characters
  FROM (SELECT 'case_member' AS relation, m.member_id AS row_id, m.case_id, m.name FROM aidcase.case_member AS m WHERE NOT m.void
        UNION ALL
        SELECT 'obligor', o.obligor_id, o.case_id, o.name FROM aidcase.obligor AS o WHERE NOT o.void
        UNION ALL
        SELECT 'payee_account', p.account_id, p.case_id, p.holder_name FROM aidcase.payee_account AS p) AS n
 WHERE n.name ~ '[\uE000-\uF8FF\U000F0000-\U0010FFFD]';
COMMENT ON VIEW aidcase.private_use_name IS
    '含专用区字符 (生僻字) 的姓名,原样保存 / names with characters of the private-use areas, kept as they came';
COMMENT ON COLUMN aidcase.private_use_name.relation IS '表 / table';
COMMENT ON COLUMN aidcase.private_use_name.row_id IS '行的主键 / key of the row';
COMMENT ON COLUMN aidcase.private_use_name.case_id IS '个案 / case';
COMMENT ON COLUMN aidcase.private_use_name.name IS '姓名 / name';
COMMENT ON COLUMN aidcase.private_use_name.characters IS '专用区字符的码位 / code points of the private-use characters';
REVOKE ALL ON TABLE aidcase.private_use_name FROM PUBLIC;
GRANT SELECT ON TABLE aidcase.private_use_name TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

-- ---------------------------------------------------------------------
-- A household goes on (接续)

-- The head has died, or some members form a household of their own.  The file
-- goes on with a change round; those who leave get a file that continues it.
CREATE OR REPLACE FUNCTION aidcase.continue_case(case_id bigint, doc jsonb,
    OUT round_id bigint, OUT new_case_id bigint, OUT new_round_id bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object", "required": ["cause", "happened_on", "head", "relations"],
        "properties": {
          "cause": {"type": "string", "pattern": "^(head_died|split)$", "form": "must be head_died or split"},
          "happened_on": {"type": "string", "format": "date", "past": true},
          "head": {"type": ["integer", "string"], "maxLength": 18},
          "relations": {"type": "array", "maxItems": 40, "items": {"type": "object", "required": ["member", "relation"],
            "properties": {"member": {"type": ["integer", "string"], "maxLength": 18},
                           "relation": {"type": "string", "codes": "case_member.relation"}}}},
          "village": {"type": "string", "maxLength": 12},
          "address": {"type": "string", "maxLength": 300},
          "phone": {"type": "string", "maxLength": 40}}}';
    dies CONSTANT boolean := doc ->> 'cause' = 'head_died';
    last aidcase.case_round;
    old_head aidcase.case_member;
    new_head bigint;                    -- person
    leaving bigint[];                   -- persons, the new head first
    the_village bigint;
    faults text[];
BEGIN
    SELECT r.* INTO last FROM aidcase.case_round AS r
     WHERE r.case_id = continue_case.case_id
     ORDER BY r.round_kind = 'emergency' OR r.round_kind = 'correction' AND r.decided_on IS NULL, r.round_no DESC LIMIT 1;
    SELECT m.* INTO old_head FROM aidcase.case_member AS m WHERE m.round_id = last.round_id AND m.relation = 'head' AND NOT m.void;
    new_head := (SELECT m.person_id FROM aidcase.case_member AS m WHERE m.member_id = aidcase.member_in(last.round_id, doc -> 'head'));
    leaving := ARRAY(SELECT m.person_id FROM aidcase.listed(doc, 'relations') AS l
                       JOIN aidcase.case_member AS m ON m.member_id = aidcase.member_in(last.round_id, l.item -> 'member') ORDER BY l.n);
    the_village := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'village');
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (SELECT * FROM aidcase.document_faults(doc, shape)
            UNION ALL
            SELECT 'case_id', 'is no case of your units' WHERE last.round_id IS NULL
            UNION ALL
            SELECT 'head', CASE WHEN new_head IS NULL THEN 'is no member of the household' ELSE 'is the present head' END
             WHERE last.round_id IS NOT NULL AND doc ->> 'head' IS NOT NULL AND (new_head IS NULL OR new_head = old_head.person_id)
            UNION ALL
            SELECT 'relations[' || l.n || '].member', CASE
                       WHEN w.person_id IS NULL THEN 'is no member of the household'
                       WHEN w.person_id = new_head THEN 'is the new head'
                       WHEN w.person_id = old_head.person_id THEN 'is the present head'
                       ELSE 'is named twice' END
              FROM aidcase.listed(doc, 'relations') AS l
              LEFT JOIN aidcase.case_member AS w ON w.member_id = aidcase.member_in(last.round_id, l.item -> 'member')
             WHERE last.round_id IS NOT NULL
               AND (w.person_id IS NULL OR w.person_id IN (new_head, old_head.person_id)
                    OR EXISTS (SELECT FROM aidcase.listed(doc, 'relations') AS b
                                WHERE b.n < l.n AND aidcase.member_in(last.round_id, b.item -> 'member') = w.member_id))
            UNION ALL
            SELECT 'relations[' || l.n || '].relation', 'there is one head only'
              FROM aidcase.listed(doc, 'relations') AS l WHERE l.item ->> 'relation' = 'head'
            UNION ALL
            SELECT 'relations', format('lacks the relation of %s members to the new head', count(*))
              FROM aidcase.case_member AS m
             WHERE dies AND new_head IS NOT NULL AND m.round_id = last.round_id AND NOT m.void
               AND m.person_id NOT IN (new_head, old_head.person_id) AND m.person_id <> ALL (leaving)
            HAVING count(*) > 0
            UNION ALL
            SELECT k, 'goes with a split only' FROM jsonb_object_keys(CASE jsonb_typeof(doc) WHEN 'object' THEN doc ELSE '{}' END) AS k
             WHERE dies AND k IN ('village', 'address', 'phone')
            UNION ALL
            SELECT 'village', 'is no village of the unit; move the new file there with aidcase.transfer_case()'
             WHERE doc ->> 'village' IS NOT NULL AND last.unit_id IS NOT NULL
               AND (the_village IS NULL OR NOT aidcase.unit_below(the_village, last.unit_id, aidcase.today()))
      ) AS f;
    PERFORM aidcase.raise_faults('continuation', coalesce(faults, '{}'),
        'Example: {"cause": "head_died", "happened_on": "2021-06-10", "head": "<citizen number>", "relations": [{"member": 7, "relation": "child"}]}.');

    IF dies THEN
        -- the death may have been recorded before, with a round that waits
        SELECT e.round_id INTO round_id
          FROM aidcase.household_event AS e
         WHERE e.case_id = continue_case.case_id AND e.person_id = old_head.person_id AND e.kind = 'death' AND NOT e.void
           AND e.round_id = last.round_id AND last.decided_on IS NULL;
        IF round_id IS NULL THEN
            SELECT v.round_id INTO round_id
              FROM aidcase.record_event(jsonb_build_object('case_id', continue_case.case_id, 'kind', 'death', 'member', old_head.member_id,
                       'happened_on', doc ->> 'happened_on', 'source', 'household')) AS v;
        END IF;
        IF round_id IS NULL OR (SELECT r.round_kind FROM aidcase.case_round AS r WHERE r.round_id = continue_case.round_id) <> 'change' THEN
            RAISE EXCEPTION 'the household cannot go on now'
                USING ERRCODE = '55000', DETAIL = 'Another round of the case is not decided yet, or nobody is left who counts.',
                      HINT = 'Decide or withdraw the open round first; where nobody is left the benefit stops.';
        END IF;
        -- the place of the head is free before another takes it
        UPDATE aidcase.case_member AS m SET relation = 'other', applicant = false
         WHERE m.round_id = continue_case.round_id AND m.person_id = old_head.person_id;
        UPDATE aidcase.case_member AS m SET applicant = false WHERE m.round_id = continue_case.round_id AND m.applicant;
        UPDATE aidcase.case_member AS m SET relation = 'head', applicant = true
         WHERE m.round_id = continue_case.round_id AND m.person_id = new_head;
        UPDATE aidcase.case_member AS m SET relation = l.item ->> 'relation'
          FROM aidcase.listed(doc, 'relations') AS l
          JOIN aidcase.case_member AS w ON w.member_id = aidcase.member_in(last.round_id, l.item -> 'member')
         WHERE m.round_id = continue_case.round_id AND m.person_id = w.person_id;
        IF EXISTS (SELECT FROM aidcase.payee_account AS p
                    WHERE p.case_id = continue_case.case_id AND p.valid @> aidcase.today()
                      AND (p.holder_citizen_id = old_head.citizen_id OR aidcase.name_key(p.holder_name) = aidcase.name_key(old_head.name))) THEN
            RAISE WARNING 'the household is paid to an account of the deceased'
                USING HINT = 'Change it with aidcase.set_payee() before the next roll.';
        END IF;
        RETURN;
    END IF;

    round_id := aidcase.open_review(continue_case.case_id, 'change');
    leaving := new_head || leaving;
    INSERT INTO aidcase.household_event (case_id, kind, happened_on, person_id, review_due, round_id, source, note)
    SELECT continue_case.case_id, 'departure', aidcase.iso_date(doc ->> 'happened_on'), p, aidcase.iso_date(doc ->> 'happened_on'),
           continue_case.round_id, 'household', '分户'
      FROM unnest(leaving) AS p;
    UPDATE aidcase.case_member AS m
       SET counted = false, not_counted_reason = format('%s 分户', doc ->> 'happened_on'), count_exception = NULL,
           situation = 'departed', situation_since = aidcase.iso_date(doc ->> 'happened_on'),
           applicant = false
     WHERE m.round_id = continue_case.round_id AND m.person_id = ANY (leaving);
    -- who applied has left: the head applies
    UPDATE aidcase.case_member AS m SET applicant = true
     WHERE m.round_id = continue_case.round_id AND m.relation = 'head'
       AND NOT EXISTS (SELECT FROM aidcase.case_member AS a WHERE a.round_id = continue_case.round_id AND a.applicant AND NOT a.void);
    INSERT INTO aidcase.aid_case (unit_id, village_id, residence, address, phone, continues_case_id)
    SELECT c.unit_id, coalesce(the_village, c.village_id), c.residence, coalesce(doc ->> 'address', c.address),
           doc ->> 'phone', c.case_id
      FROM aidcase.aid_case AS c WHERE c.case_id = continue_case.case_id
    RETURNING aid_case.case_id INTO new_case_id;
    INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, finder, first_contact_at, handler_id, occurred_at)
    SELECT new_case_id, last.unit_id, 'change', 1, coalesce(last.channel, 'on_site'), last.finder, aidcase.now_here(),
           coalesce(aidcase.current_staff(), last.handler_id), aidcase.now_here()
    RETURNING case_round.round_id INTO new_round_id;
    INSERT INTO aidcase.case_member (case_id, round_id, person_id, citizen_id, name, birth_date, sex, relation,
                                     applicant, counted, not_counted_reason, situation, situation_since, work_ability, health,
                                     disability_kind, disability_level, education, occupation, official_kin)
    SELECT new_case_id, new_round_id, m.person_id, m.citizen_id, m.name, m.birth_date, m.sex,
           CASE WHEN m.person_id = new_head THEN 'head' ELSE l.relation END,
           m.person_id = new_head, true, NULL, nullif(m.situation, 'departed'),
           CASE WHEN m.situation <> 'departed' THEN m.situation_since END, m.work_ability, m.health, m.disability_kind,
           m.disability_level, m.education, m.occupation, m.official_kin
      FROM aidcase.case_member AS m
      LEFT JOIN (SELECT w.person_id, l.item ->> 'relation' AS relation
                   FROM aidcase.listed(doc, 'relations') AS l
                   JOIN aidcase.case_member AS w ON w.member_id = aidcase.member_in(last.round_id, l.item -> 'member')) AS l USING (person_id)
     WHERE m.round_id = last.round_id AND NOT m.void AND m.person_id = ANY (leaving)
     ORDER BY m.member_id;
    INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source, evidence)
    SELECT new_case_id, new_round_id, n.member_id, i.income_kind, i.amount, i.basis, i.source, i.evidence
      FROM aidcase.income_item AS i
      JOIN aidcase.case_member AS m ON m.member_id = i.member_id AND NOT m.void
      JOIN aidcase.case_member AS n ON n.round_id = new_round_id AND n.person_id = m.person_id
     WHERE i.round_id = last.round_id AND NOT i.void ORDER BY i.income_id;
    INSERT INTO aidcase.property_item (case_id, round_id, member_id, property_kind, value, quantity, exempt_reason, source, evidence)
    SELECT new_case_id, new_round_id, n.member_id, i.property_kind, i.value, i.quantity, i.exempt_reason, i.source, i.evidence
      FROM aidcase.property_item AS i
      JOIN aidcase.case_member AS m ON m.member_id = i.member_id AND NOT m.void
      JOIN aidcase.case_member AS n ON n.round_id = new_round_id AND n.person_id = m.person_id
     WHERE i.round_id = last.round_id AND NOT i.void ORDER BY i.property_id;
    INSERT INTO aidcase.expense_item (case_id, round_id, member_id, expense_kind, amount, basis, source, evidence)
    SELECT new_case_id, new_round_id, n.member_id, i.expense_kind, i.amount, i.basis, i.source, i.evidence
      FROM aidcase.expense_item AS i
      JOIN aidcase.case_member AS m ON m.member_id = i.member_id AND NOT m.void
      JOIN aidcase.case_member AS n ON n.round_id = new_round_id AND n.person_id = m.person_id
     WHERE i.round_id = last.round_id AND NOT i.void ORDER BY i.expense_id;
    INSERT INTO aidcase.case_cause (case_id, round_id, cause)
    SELECT new_case_id, new_round_id, c.cause
      FROM aidcase.case_cause AS c WHERE c.round_id = last.round_id AND NOT c.void ORDER BY c.cause_id;
END
$$;
COMMENT ON FUNCTION aidcase.continue_case(bigint, jsonb) IS
    '接续:户主死亡 (head_died) 由新户主承接原档案;分户 (split) 为分出成员另立承接档案;均以变更轮次办理,原记录不删 / a household goes on: the head has died and another takes the file over, or some members leave and get a file that continues it; by change rounds, nothing is deleted';
REVOKE ALL ON FUNCTION aidcase.convert_lead(bigint, jsonb), aidcase.continue_case(bigint, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.convert_lead(bigint, jsonb), aidcase.continue_case(bigint, jsonb)
    TO aidcase_clerk, aidcase_leader;
