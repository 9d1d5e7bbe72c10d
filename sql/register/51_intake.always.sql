-- intake: who is found in two households.

-- Counted members of a round who are in another household: in one whose round
-- is not decided, or in an award that excludes another, in any unit.  A file
-- that continues another one is no other household.
CREATE OR REPLACE FUNCTION aidcase.duplicates_of(round_id bigint)
RETURNS TABLE (member_id bigint, person_id bigint, other_case_id bigint, other_unit_id bigint, why text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH me AS (
        SELECT m.member_id, m.person_id, m.citizen_id, m.case_id, c.continues_case_id
          FROM aidcase.case_member AS m JOIN aidcase.aid_case AS c USING (case_id)
         WHERE m.round_id = duplicates_of.round_id AND m.counted AND NOT m.void AND m.citizen_id IS NOT NULL
    ), found AS (
        SELECT me.*, o.case_id AS other_case_id, 'active_case' AS why
          FROM me
          JOIN aidcase.case_member AS o ON o.citizen_id = me.citizen_id AND o.case_id <> me.case_id AND o.counted AND NOT o.void
          JOIN aidcase.case_round AS r ON r.round_id = o.round_id AND r.round_kind <> 'emergency'
          JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state AND NOT s.frozen
        UNION
        SELECT me.*, p.case_id, 'award'
          FROM me
          JOIN aidcase.award_person AS p ON aidcase.citizen_key(p.citizen_id) = aidcase.citizen_key(me.citizen_id)
               AND p.exclusion_group IS NOT NULL AND p.months && daterange(aidcase.today(), NULL) AND p.case_id <> me.case_id
    )
    SELECT f.member_id, f.person_id, f.other_case_id, c.unit_id, min(f.why)
      FROM found AS f
      JOIN aidcase.aid_case AS c ON c.case_id = f.other_case_id
     WHERE c.case_id IS DISTINCT FROM f.continues_case_id AND c.continues_case_id IS DISTINCT FROM f.case_id
     GROUP BY f.member_id, f.person_id, f.other_case_id, c.unit_id;
END
$$;
COMMENT ON FUNCTION aidcase.duplicates_of(bigint) IS
    '内部:同时在其他在办档案或互斥待遇中的成员 / internal: members of a round who are in another active case, or in an award that excludes this one';
REVOKE ALL ON FUNCTION aidcase.duplicates_of(bigint) FROM PUBLIC;

CREATE OR REPLACE FUNCTION aidcase.guard_no_duplicate(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    RETURN (
    SELECT format('%s of the household %s in another active case, or in an award that excludes this one.',
                  CASE n WHEN 1 THEN 'One member' ELSE n || ' members' END, CASE n WHEN 1 THEN 'is' ELSE 'are' END)
      FROM (SELECT count(DISTINCT d.member_id) AS n
              FROM aidcase.duplicates_of(guard_no_duplicate.id) AS d
             WHERE NOT EXISTS (SELECT FROM aidcase.duplicate_override AS o
                                WHERE o.member_id = d.member_id AND o.other_case_id = d.other_case_id)) AS c
     WHERE n > 0);
END
$$;
COMMENT ON FUNCTION aidcase.guard_no_duplicate(text, bigint, bigint, date) IS
    '流转条件:成员不在其他在办档案或互斥待遇中,或已经区局核准 / guard: nobody is in another active case or award that excludes this one, unless the bureau has allowed it';
REVOKE ALL ON FUNCTION aidcase.guard_no_duplicate(text, bigint, bigint, date) FROM PUBLIC;
