/*
 * conflict: who among the members is, or belongs to, somebody who handles
 * cases or holds public office.
 *
 * There is one definition of what a conflict is: view conflict_match, by
 * exact citizen number.  Whichever side arrives last (member, filing, member
 * of staff, handler) asks it for the rows that the arrival touches; the sweep
 * asks for all rows.  So both find the same.
 *
 * A declaration of a member of staff replaces the one before.  It counts for
 * a round when it was in force at the first contact or came later; among
 * several that name the same relative the first one counts, so that a yearly
 * repetition raises nothing new.  A declaration that is entered with an
 * earlier date may so take the place of one that has raised flags: they stay,
 * beside the new ones.
 *
 * Kinship is no bar to assistance.  A flag on a member of staff keeps that
 * person from acting (guard no_conflict), any open flag puts the round into
 * the certainty stratum of a draw (certainty_round).  Whoever enters a fact
 * learns nothing of it: the triggers raise nothing and run with the owner's
 * rights.
 */

CREATE OR REPLACE VIEW aidcase.conflict_match AS
WITH relative AS NOT MATERIALIZED (
    SELECT r.relative_id, r.staff_id, r.relation, r.citizen_id, f.declared_on
      FROM aidcase.relative_filing AS r
      JOIN aidcase.staff_filing AS f ON f.filing_id = r.filing_id
)
SELECT m.case_id, m.round_id, m.member_id, m.citizen_id, v.flag_type, r.staff_id, r.relation,
       'relative_filing'::text AS source, r.relative_id AS source_id,
       coalesce(r.declared_on > o.accepted_on, false) AS filed_late
  FROM aidcase.case_member AS m
  JOIN relative AS r ON r.citizen_id = m.citizen_id
  JOIN aidcase.case_round AS o ON o.round_id = m.round_id
  JOIN aidcase.staff AS s ON s.staff_id = r.staff_id
  JOIN (VALUES ('relative_of_staff'), ('relative_of_handler'), ('false_statement')) AS v (flag_type)
    ON CASE v.flag_type
       WHEN 'relative_of_handler' THEN r.staff_id = o.handler_id
       WHEN 'false_statement' THEN m.official_kin = 'no'
       ELSE true END
 WHERE NOT m.void
   AND NOT s.employed << daterange(aidcase.date_here(o.first_contact_at), NULL)
   -- in force at the first contact, or later
   AND NOT EXISTS (SELECT FROM aidcase.staff_filing AS l
                    WHERE l.staff_id = r.staff_id AND l.declared_on > r.declared_on
                      AND l.declared_on <= aidcase.date_here(o.first_contact_at))
   -- the first such that names this relative
   AND NOT EXISTS (SELECT FROM aidcase.relative_filing AS b
                     JOIN aidcase.staff_filing AS g ON g.filing_id = b.filing_id
                    WHERE b.staff_id = r.staff_id AND b.citizen_id = m.citizen_id
                      AND g.declared_on < r.declared_on
                      AND NOT EXISTS (SELECT FROM aidcase.staff_filing AS l
                                       WHERE l.staff_id = b.staff_id AND l.declared_on > g.declared_on
                                         AND l.declared_on <= aidcase.date_here(o.first_contact_at)))
UNION ALL
SELECT m.case_id, m.round_id, m.member_id, m.citizen_id, 'own_case', s.staff_id, 'self', 'staff', s.staff_id, false
  FROM aidcase.case_member AS m
  JOIN aidcase.staff AS s ON s.citizen_id = m.citizen_id
  JOIN aidcase.case_round AS o ON o.round_id = m.round_id
 WHERE NOT m.void
   AND NOT s.employed << daterange(aidcase.date_here(o.first_contact_at), NULL)
UNION ALL
SELECT m.case_id, m.round_id, m.member_id, m.citizen_id, 'public_official', NULL, NULL, 'official_filing',
       f.official_id, coalesce(f.declared_on > o.accepted_on, false)
  FROM aidcase.case_member AS m
  JOIN aidcase.official_filing AS f ON f.citizen_id = m.citizen_id
  JOIN aidcase.case_round AS o ON o.round_id = m.round_id
 WHERE NOT m.void
   AND NOT EXISTS (SELECT FROM aidcase.official_filing AS b
                    WHERE b.citizen_id = m.citizen_id AND b.declared_on < f.declared_on);
COMMENT ON VIEW aidcase.conflict_match IS
    '内部:成员与备案按身份号码比对的现状 / internal: members that match a filing or a member of staff by citizen number, as of now';
COMMENT ON COLUMN aidcase.conflict_match.case_id IS '档案 / case';
COMMENT ON COLUMN aidcase.conflict_match.round_id IS '轮次 / round';
COMMENT ON COLUMN aidcase.conflict_match.member_id IS '成员 / member';
COMMENT ON COLUMN aidcase.conflict_match.citizen_id IS '公民身份号码 / citizen number';
COMMENT ON COLUMN aidcase.conflict_match.flag_type IS '标记类别 / type of flag';
COMMENT ON COLUMN aidcase.conflict_match.staff_id IS '有关人员 / the member of staff concerned';
COMMENT ON COLUMN aidcase.conflict_match.relation IS '亲属关系 / relation';
COMMENT ON COLUMN aidcase.conflict_match.source IS '来源表 / table of the source';
COMMENT ON COLUMN aidcase.conflict_match.source_id IS '来源记录 / key of the source';
COMMENT ON COLUMN aidcase.conflict_match.filed_late IS '受理后才备案 / declared after the round was accepted';

-- Raises the flags that are due for some members or citizen numbers.  A flag
-- that had become void, because the member was, opens again.  Planning costs
-- fifty times what a household's match costs, so the plan is kept from the
-- first call on: index probes from the rows that arrived.
CREATE OR REPLACE FUNCTION aidcase.raise_flags(members bigint[], citizens aidcase.citizen_id[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF members IS NOT NULL THEN
        INSERT INTO aidcase.conflict_flag AS f (case_id, round_id, member_id, flag_type, staff_id, relation, source,
                                                source_id, known_at, filed_late)
        SELECT x.case_id, x.round_id, x.member_id, x.flag_type, x.staff_id, x.relation, x.source,
               x.source_id, aidcase.now_here(), x.filed_late
          FROM aidcase.conflict_match AS x
         WHERE x.member_id = ANY (members)
         ORDER BY x.member_id, x.flag_type, x.source_id
            ON CONFLICT (round_id, member_id, flag_type, source, source_id) DO UPDATE SET state = 'open'
         WHERE f.state = 'void';
    END IF;
    IF citizens IS NOT NULL THEN
        INSERT INTO aidcase.conflict_flag AS f (case_id, round_id, member_id, flag_type, staff_id, relation, source,
                                                source_id, known_at, filed_late)
        SELECT x.case_id, x.round_id, x.member_id, x.flag_type, x.staff_id, x.relation, x.source,
               x.source_id, aidcase.now_here(), x.filed_late
          FROM aidcase.conflict_match AS x
         WHERE x.citizen_id = ANY (citizens)
         ORDER BY x.member_id, x.flag_type, x.source_id
            ON CONFLICT (round_id, member_id, flag_type, source, source_id) DO UPDATE SET state = 'open'
         WHERE f.state = 'void';
    END IF;
END
$$;
COMMENT ON FUNCTION aidcase.raise_flags(bigint[], aidcase.citizen_id[]) IS
    '内部:为若干成员或号码产生标记 / internal: raises the flags that are due for some members or citizen numbers';
REVOKE ALL ON FUNCTION aidcase.raise_flags(bigint[], aidcase.citizen_id[]) FROM PUBLIC;

-- Everything at once; must find what the triggers found.
CREATE OR REPLACE FUNCTION aidcase.conflict_sweep()
RETURNS TABLE (found bigint, added bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH due AS MATERIALIZED (
        SELECT x.case_id, x.round_id, x.member_id, x.flag_type, x.staff_id, x.relation, x.source, x.source_id, x.filed_late
          FROM aidcase.conflict_match AS x
    ), written AS (
        INSERT INTO aidcase.conflict_flag AS f (case_id, round_id, member_id, flag_type, staff_id, relation, source,
                                                source_id, known_at, filed_late)
        SELECT x.case_id, x.round_id, x.member_id, x.flag_type, x.staff_id, x.relation, x.source,
               x.source_id, aidcase.now_here(), x.filed_late
          FROM due AS x
         ORDER BY x.round_id, x.member_id, x.flag_type, x.source_id
            ON CONFLICT (round_id, member_id, flag_type, source, source_id) DO UPDATE SET state = 'open'
         WHERE f.state = 'void'
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM written)
$$;
COMMENT ON FUNCTION aidcase.conflict_sweep() IS
    '全库重新比对:比中数和新增标记数 (应为 0) / matches everything anew: matches found, flags added, which is 0 when the triggers missed nothing';
REVOKE ALL ON FUNCTION aidcase.conflict_sweep() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.conflict_sweep() TO aidcase_bureau, aidcase_inspector, aidcase_admin;

-- Members arrive or change.
CREATE OR REPLACE FUNCTION aidcase.match_members() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    touched bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.member_id) INTO touched
          FROM new_member AS n WHERE n.citizen_id IS NOT NULL AND NOT n.void;
    ELSE
        SELECT array_agg(n.member_id) INTO touched
          FROM new_member AS n
          JOIN old_member AS o ON o.member_id = n.member_id
         WHERE (n.citizen_id, n.void, n.official_kin) IS DISTINCT FROM (o.citizen_id, o.void, o.official_kin);
        -- What no longer holds, because the member or the number was entered
        -- by mistake, is void; a statement that was made stays made.
        IF touched IS NOT NULL THEN
            UPDATE aidcase.conflict_flag AS f SET state = 'void'
              FROM new_member AS n
              JOIN old_member AS o ON o.member_id = n.member_id
             WHERE f.member_id = n.member_id AND f.state <> 'void'
               AND (n.void OR n.citizen_id IS DISTINCT FROM o.citizen_id)
               AND NOT EXISTS (SELECT FROM aidcase.conflict_match AS x
                                WHERE x.member_id = f.member_id AND x.flag_type = f.flag_type
                                  AND x.source = f.source AND x.source_id = f.source_id);
        END IF;
    END IF;
    IF touched IS NOT NULL THEN
        PERFORM aidcase.raise_flags(touched, NULL);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_members() IS
    '触发器:成员新增或变更时比对 / trigger: matches members that arrive or change';
REVOKE ALL ON FUNCTION aidcase.match_members() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~7_match" AFTER INSERT ON aidcase.case_member
    REFERENCING NEW TABLE AS new_member
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.match_members();
COMMENT ON TRIGGER "~7_match" ON aidcase.case_member IS
    '利益冲突比对 / matches for conflicts of interest';
CREATE OR REPLACE TRIGGER "~7_match_change" AFTER UPDATE ON aidcase.case_member
    REFERENCING OLD TABLE AS old_member NEW TABLE AS new_member
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.match_members();
COMMENT ON TRIGGER "~7_match_change" ON aidcase.case_member IS
    '利益冲突比对 / matches for conflicts of interest';

-- Filings arrive.
CREATE OR REPLACE FUNCTION aidcase.match_filings() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    touched aidcase.citizen_id[];
BEGIN
    SELECT array_agg(DISTINCT n.citizen_id) INTO touched FROM new_filing AS n;
    IF touched IS NOT NULL THEN
        PERFORM aidcase.raise_flags(NULL, touched);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_filings() IS
    '触发器:备案到达时比对 / trigger: matches filings that arrive';
REVOKE ALL ON FUNCTION aidcase.match_filings() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~7_match" AFTER INSERT ON aidcase.relative_filing
    REFERENCING NEW TABLE AS new_filing
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.match_filings();
COMMENT ON TRIGGER "~7_match" ON aidcase.relative_filing IS
    '利益冲突比对 / matches for conflicts of interest';
CREATE OR REPLACE TRIGGER "~7_match_change" AFTER UPDATE ON aidcase.relative_filing
    REFERENCING NEW TABLE AS new_filing
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.match_filings();
COMMENT ON TRIGGER "~7_match_change" ON aidcase.relative_filing IS
    '利益冲突比对 / matches for conflicts of interest';
CREATE OR REPLACE TRIGGER "~7_match" AFTER INSERT ON aidcase.official_filing
    REFERENCING NEW TABLE AS new_filing
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.match_filings();
COMMENT ON TRIGGER "~7_match" ON aidcase.official_filing IS
    '利益冲突比对 / matches for conflicts of interest';
CREATE OR REPLACE TRIGGER "~7_match_change" AFTER UPDATE ON aidcase.official_filing
    REFERENCING NEW TABLE AS new_filing
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.match_filings();
COMMENT ON TRIGGER "~7_match_change" ON aidcase.official_filing IS
    '利益冲突比对 / matches for conflicts of interest';

-- A member of staff comes, or gets a number or another time of service.
CREATE OR REPLACE FUNCTION aidcase.match_staff() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    touched aidcase.citizen_id[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.citizen_id) INTO touched FROM new_staff AS n WHERE n.citizen_id IS NOT NULL;
    ELSE
        SELECT array_agg(t.citizen_id) INTO touched
          FROM (SELECT n.citizen_id
                  FROM new_staff AS n JOIN old_staff AS o ON o.staff_id = n.staff_id
                 WHERE (n.citizen_id, n.employed) IS DISTINCT FROM (o.citizen_id, o.employed)
                   AND n.citizen_id IS NOT NULL
                UNION
                SELECT r.citizen_id
                  FROM new_staff AS n JOIN old_staff AS o ON o.staff_id = n.staff_id
                  JOIN aidcase.relative_filing AS r ON r.staff_id = n.staff_id
                 WHERE n.employed IS DISTINCT FROM o.employed) AS t;
    END IF;
    IF touched IS NOT NULL THEN
        PERFORM aidcase.raise_flags(NULL, touched);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_staff() IS
    '触发器:人员新增或变更时比对 / trigger: matches members of staff that come or change';
REVOKE ALL ON FUNCTION aidcase.match_staff() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~7_match" AFTER INSERT ON aidcase.staff
    REFERENCING NEW TABLE AS new_staff
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.match_staff();
COMMENT ON TRIGGER "~7_match" ON aidcase.staff IS
    '利益冲突比对 / matches for conflicts of interest';
CREATE OR REPLACE TRIGGER "~7_match_change" AFTER UPDATE ON aidcase.staff
    REFERENCING OLD TABLE AS old_staff NEW TABLE AS new_staff
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.match_staff();
COMMENT ON TRIGGER "~7_match_change" ON aidcase.staff IS
    '利益冲突比对 / matches for conflicts of interest';

-- The handling officer changes.  For each row and with a condition, so that
-- moves of state do not pay for it.
CREATE OR REPLACE FUNCTION aidcase.match_handler() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    PERFORM aidcase.raise_flags(
        ARRAY(SELECT m.member_id FROM aidcase.case_member AS m
               WHERE m.round_id = NEW.round_id AND m.citizen_id IS NOT NULL AND NOT m.void), NULL);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_handler() IS
    '触发器:经办人变更时比对 / trigger: matches the members of a round whose handling officer changed';
REVOKE ALL ON FUNCTION aidcase.match_handler() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~7_match" AFTER UPDATE OF handler_id ON aidcase.case_round
    FOR EACH ROW WHEN (OLD.handler_id IS DISTINCT FROM NEW.handler_id)
    EXECUTE FUNCTION aidcase.match_handler();
COMMENT ON TRIGGER "~7_match" ON aidcase.case_round IS
    '利益冲突比对 / matches for conflicts of interest';

-- Rounds that a draw takes with certainty.
CREATE OR REPLACE VIEW aidcase.certainty_round AS
SELECT DISTINCT f.round_id
  FROM aidcase.conflict_flag AS f
 WHERE f.state = 'open';
COMMENT ON VIEW aidcase.certainty_round IS
    '有未处理利益冲突标记的轮次,抽查必查 / rounds with an open flag, which a draw takes with certainty';
COMMENT ON COLUMN aidcase.certainty_round.round_id IS '轮次 / round';
REVOKE ALL ON TABLE aidcase.conflict_match, aidcase.certainty_round FROM PUBLIC;
