-- casework: rounds that start from the last one's facts.

-- Copies the facts of a round into a new one of the same case.
CREATE OR REPLACE FUNCTION aidcase.copy_facts(from_round bigint, to_round bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    -- A person is in a round once, so person_id leads from the old member to
    -- the new one; obligors keep their order.
    INSERT INTO aidcase.case_member (case_id, round_id, person_id, citizen_id, name, birth_date, sex, relation,
                                     applicant, counted, not_counted_reason, situation, situation_since, count_exception, no_obligor_here,
                                     work_ability, health, disability_kind, disability_level, education, occupation,
                                     official_kin)
    SELECT m.case_id, copy_facts.to_round, m.person_id, m.citizen_id, m.name, m.birth_date, m.sex, m.relation,
           -- what the rule said then it says again, or not
           m.applicant, h.by_rule OR m.counted, m.not_counted_reason, m.situation,
           m.situation_since, m.count_exception, m.no_obligor_here, m.work_ability, m.health, m.disability_kind, m.disability_level,
           m.education, m.occupation, m.official_kin
      FROM aidcase.case_member AS m
     CROSS JOIN LATERAL (SELECT m.situation IS NOT NULL AND m.count_exception IS NULL AS by_rule) AS h
     WHERE m.round_id = copy_facts.from_round AND NOT m.void ORDER BY m.member_id;
    INSERT INTO aidcase.obligor (case_id, round_id, citizen_id, name, relation, household_size, annual_income,
                                 persons_supported, paid_monthly, able, obligor_state, low_property)
    SELECT o.case_id, copy_facts.to_round, o.citizen_id, o.name, o.relation, o.household_size, o.annual_income,
           o.persons_supported, o.paid_monthly, o.able, o.obligor_state, o.low_property
      FROM aidcase.obligor AS o
     WHERE o.round_id = copy_facts.from_round AND NOT o.void ORDER BY o.obligor_id;
    INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source, evidence)
    SELECT i.case_id, copy_facts.to_round, n.member_id, i.income_kind, i.amount, i.basis, i.source, i.evidence
      FROM aidcase.income_item AS i
      JOIN aidcase.case_member AS m ON m.member_id = i.member_id AND NOT m.void
      JOIN aidcase.case_member AS n ON n.round_id = copy_facts.to_round AND n.person_id = m.person_id
     WHERE i.round_id = copy_facts.from_round AND NOT i.void ORDER BY i.income_id;
    INSERT INTO aidcase.property_item (case_id, round_id, member_id, property_kind, value, quantity,
                                       exempt_reason, source, evidence)
    SELECT i.case_id, copy_facts.to_round, n.member_id, i.property_kind, i.value, i.quantity, i.exempt_reason, i.source, i.evidence
      FROM aidcase.property_item AS i
      JOIN aidcase.case_member AS m ON m.member_id = i.member_id AND NOT m.void
      JOIN aidcase.case_member AS n ON n.round_id = copy_facts.to_round AND n.person_id = m.person_id
     WHERE i.round_id = copy_facts.from_round AND NOT i.void ORDER BY i.property_id;
    INSERT INTO aidcase.expense_item (case_id, round_id, member_id, expense_kind, amount, basis, source, evidence)
    SELECT i.case_id, copy_facts.to_round, n.member_id, i.expense_kind, i.amount, i.basis, i.source, i.evidence
      FROM aidcase.expense_item AS i
      JOIN aidcase.case_member AS m ON m.member_id = i.member_id AND NOT m.void
      JOIN aidcase.case_member AS n ON n.round_id = copy_facts.to_round AND n.person_id = m.person_id
     WHERE i.round_id = copy_facts.from_round AND NOT i.void ORDER BY i.expense_id;
    INSERT INTO aidcase.self_care_assessment (case_id, round_id, member_id, assessed_on, eating, dressing, getting_up,
                                              toilet, walking, bathing, support_mode, note)
    SELECT i.case_id, copy_facts.to_round, n.member_id, i.assessed_on, i.eating, i.dressing, i.getting_up,
           i.toilet, i.walking, i.bathing, i.support_mode, i.note
      FROM aidcase.self_care_assessment AS i
      JOIN aidcase.case_member AS m ON m.member_id = i.member_id AND NOT m.void
      JOIN aidcase.case_member AS n ON n.round_id = copy_facts.to_round AND n.person_id = m.person_id
     WHERE i.round_id = copy_facts.from_round AND NOT i.void ORDER BY i.assessment_id;
    INSERT INTO aidcase.case_cause (case_id, round_id, cause)
    SELECT c.case_id, copy_facts.to_round, c.cause
      FROM aidcase.case_cause AS c WHERE c.round_id = copy_facts.from_round AND NOT c.void ORDER BY c.cause_id;

    -- Authorisations go on while they are in force; a commitment is signed anew.
    INSERT INTO aidcase.authorisation (case_id, round_id, member_id, obligor_id, text_version, signed_on, valid_until, sha256)
    SELECT a.case_id, copy_facts.to_round, n.member_id, p.obligor_id, a.text_version, a.signed_on, a.valid_until, a.sha256
      FROM aidcase.authorisation AS a
      LEFT JOIN aidcase.case_member AS m ON m.member_id = a.member_id AND NOT m.void
      LEFT JOIN aidcase.case_member AS n ON n.round_id = copy_facts.to_round AND n.person_id = m.person_id
      LEFT JOIN (SELECT o.obligor_id, row_number() OVER (ORDER BY o.obligor_id) AS turn
                   FROM aidcase.obligor AS o WHERE o.round_id = copy_facts.from_round AND NOT o.void) AS f
             ON f.obligor_id = a.obligor_id
      LEFT JOIN (SELECT o.obligor_id, row_number() OVER (ORDER BY o.obligor_id) AS turn
                   FROM aidcase.obligor AS o WHERE o.round_id = copy_facts.to_round) AS p
             ON p.turn = f.turn
     WHERE a.round_id = copy_facts.from_round AND NOT a.void AND a.valid_until >= aidcase.today()
       AND num_nonnulls(n.member_id, p.obligor_id) = 1
     ORDER BY a.authorisation_id;
END
$$;
COMMENT ON FUNCTION aidcase.copy_facts(bigint, bigint) IS
    '内部:把一轮的事实复制到新一轮 / internal: copies the facts of a round into a new one of the case';

-- A new round that starts from a copy of the last one's facts.
CREATE OR REPLACE FUNCTION aidcase.open_review(case_id bigint, kind text DEFAULT 'review') RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_case aidcase.aid_case;
    last aidcase.case_round;
    the_round bigint;
    running bigint;
BEGIN
    IF kind IS NULL OR kind NOT IN ('review', 'change', 'objection', 'suspension', 'resumption', 'gradual_exit', 'stop') THEN
        RAISE EXCEPTION 'a round of this kind cannot be opened from the last one'
            USING ERRCODE = '22023',
                  HINT = 'The kinds are review, change, objection, suspension, resumption, gradual_exit and stop; aidcase.file_case(), correct() and transfer_case() open the others.';
    END IF;
    SELECT c.* INTO the_case FROM aidcase.aid_case AS c WHERE c.case_id = open_review.case_id;
    SELECT r.* INTO last
      FROM aidcase.case_round AS r
     WHERE r.case_id = open_review.case_id
     -- a correction that was not approved is none
     ORDER BY r.round_kind = 'emergency' OR r.round_kind = 'correction' AND r.decided_on IS NULL, r.round_no DESC LIMIT 1;
    IF the_case.case_id IS NULL OR last.round_id IS NULL THEN
        RAISE EXCEPTION 'there is no case % in your units', coalesce(open_review.case_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'Table aidcase.aid_case lists the cases that you may see.';
    END IF;
    SELECT r.round_id INTO running
      FROM aidcase.case_round AS r
      JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
     WHERE r.case_id = the_case.case_id AND r.round_kind <> 'emergency' AND NOT s.frozen
     LIMIT 1;
    IF running IS NOT NULL THEN
        RAISE EXCEPTION 'the case has a round that is not decided yet'
            USING ERRCODE = '55000',
                  DETAIL = format('Round %s is open.', running),
                  HINT = 'Decide or withdraw it first.';
    END IF;

    INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, finder, first_contact_at,
                                    handler_id, occurred_at)
    SELECT the_case.case_id, the_case.unit_id, kind,
           1 + (SELECT max(r.round_no) FROM aidcase.case_round AS r WHERE r.case_id = the_case.case_id),
           last.channel, last.finder, aidcase.now_here(), coalesce(aidcase.current_staff(), last.handler_id), aidcase.now_here()
    RETURNING round_id INTO the_round;

    PERFORM aidcase.copy_facts(last.round_id, the_round);
    RETURN the_round;
END
$$;
COMMENT ON FUNCTION aidcase.open_review(bigint, text) IS
    '以上一轮的事实为基础开启复核等新一轮 / opens a review, change, objection, stop or other round with a copy of the last round''s facts; returns its round';

-- Stops benefits, holds them, lets them go on or phases them out: a round of
-- that kind, with what is concerned and why.  They change by its decision.
CREATE OR REPLACE FUNCTION aidcase.stop_case(case_id bigint, cause text, happened_on date, kind text DEFAULT 'stop',
    programmes text[] DEFAULT NULL, months integer DEFAULT NULL, note text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    faults    text[];
    running   text[];
    the_round bigint;
BEGIN
    SELECT array_agg(DISTINCT a.programme) INTO running
      FROM aidcase.award AS a WHERE a.case_id = stop_case.case_id AND upper_inf(a.months);
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        SELECT 'kind' AS path, 'must be one of stop, suspension, resumption, gradual_exit' AS reason
         WHERE coalesce(kind, '') NOT IN ('stop', 'suspension', 'resumption', 'gradual_exit')
        UNION ALL
        SELECT 'cause', 'must be one of ' || string_agg(l.code, ', ' ORDER BY l.sort)
          FROM aidcase.label AS l WHERE l.code_set = 'benefit_change.cause'
        HAVING NOT coalesce(bool_or(l.code = stop_case.cause), false)
        UNION ALL
        SELECT 'happened_on', 'must be a day that has come'
         WHERE coalesce(happened_on > aidcase.today() OR NOT isfinite(happened_on), true)
        UNION ALL
        SELECT 'programmes', 'has none that runs' WHERE programmes IS NULL AND running IS NULL
        UNION ALL
        SELECT format('programmes[%s]', p.n - 1), 'does not run'
          FROM unnest(programmes) WITH ORDINALITY AS p (programme, n)
         WHERE p.programme <> ALL (coalesce(running, '{}'))
        UNION ALL
        SELECT 'months', CASE WHEN kind = 'gradual_exit' THEN 'is missing, or less than 1' ELSE 'goes with a gradual exit only' END
         WHERE (kind = 'gradual_exit') <> (months IS NOT NULL) OR months < 1
      ) AS f;
    PERFORM aidcase.raise_faults('change of benefits', faults,
        'Example: SELECT aidcase.stop_case(1, ''income_rose'', ''2021-06-10'').');
    the_round := aidcase.open_review(stop_case.case_id, kind);
    INSERT INTO aidcase.benefit_change (case_id, round_id, programme, cause, happened_on, months, note)
    SELECT stop_case.case_id, the_round, p.programme, stop_case.cause, stop_case.happened_on, stop_case.months, stop_case.note
      FROM unnest(coalesce(programmes, running)) AS p (programme)
     ORDER BY p.programme COLLATE "C";
    RETURN the_round;
END
$$;
COMMENT ON FUNCTION aidcase.stop_case(bigint, text, date, text, text[], integer, text) IS
    '提出停发、暂停、恢复或渐退,返回轮次;经决定后生效 / opens a round that stops, holds, resumes or phases out benefits once it is decided; returns the round';
