/*
 * kin: filings of near relatives, and the ties between people.
 *
 * What a source states (a filing, a record of a household register, the
 * members of a case) is one row of view kin_tie_due, and table kin_tie holds
 * the rows of that view, put there by statement triggers of the sources, so
 * that a search is an index search.  kin_tie_differences() compares the two.
 * A row that its source no longer states is void; it is never removed.
 *
 * A tie is kept in one direction: relative is the RELATION of person, with
 * the younger generation as relative, and the smaller number as person where
 * both are the same to each other.
 *
 * Declarations follow each other.  A tie of blood that was declared once
 * stays, for a relative who died or was forgotten is a relative still; a
 * marriage, and what rests on one, ends with the first later declaration that
 * leaves it out.  A declaration that corrects another takes it back.
 */

-- ---------------------------------------------------------------------
-- Persons without a number

-- Relatives as filed, with the number that a confirmed match gives them.
CREATE OR REPLACE VIEW aidcase.filed_relative AS
SELECT r.relative_id, r.filing_id, r.staff_id, f.official,
       coalesce(f.staff_id, aidcase.citizen_key(f.official)) AS filer,
       f.unit_id, f.declared_on, f.received_at, r.relation, r.parentage, r.since, r.until, r.ended_by, r.name,
       coalesce(r.citizen_id, (SELECT m.citizen_id
                                 FROM aidcase.identity_match AS i
                                 JOIN aidcase.case_member AS m ON m.member_id = i.member_id
                                WHERE i.relative_id = r.relative_id AND i.state = 'confirmed'
                                  AND m.citizen_id IS NOT NULL AND NOT m.void
                                ORDER BY i.match_id LIMIT 1)) AS citizen_id
  FROM aidcase.relative_filing AS r
  JOIN aidcase.staff_filing AS f ON f.filing_id = r.filing_id
 WHERE NOT EXISTS (SELECT FROM aidcase.staff_filing AS c WHERE c.corrects = f.filing_id);
COMMENT ON VIEW aidcase.filed_relative IS
    '内部:未被更正的备案近亲属,含经确认比对所得号码 / internal: relatives of declarations that were not taken back, with the number that a confirmed match gives them';

-- Members with the number that a confirmed match gives them.
CREATE OR REPLACE VIEW aidcase.member_identity AS
SELECT m.member_id, m.case_id, m.round_id, m.relation,
       coalesce(m.citizen_id, (SELECT r.citizen_id
                                 FROM aidcase.identity_match AS i
                                 JOIN aidcase.relative_filing AS r ON r.relative_id = i.relative_id
                                WHERE i.member_id = m.member_id AND i.state = 'confirmed'
                                  AND r.citizen_id IS NOT NULL
                                ORDER BY i.match_id LIMIT 1)) AS citizen_id
  FROM aidcase.case_member AS m
 WHERE NOT m.void;
COMMENT ON VIEW aidcase.member_identity IS
    '内部:未作废成员,含经确认比对所得号码 / internal: members that are not void, with the number that a confirmed match gives them';

-- ---------------------------------------------------------------------
-- Ties

CREATE OR REPLACE VIEW aidcase.kin_tie_due AS
SELECT DISTINCT ON (t.source, t.holder_id, t.person, t.relative, t.relation)
       t.source, t.holder_id, t.person, t.relative, t.relation, t.parentage, t.valid, t.ended_by, t.stated_on, t.source_id
  FROM (
    SELECT s.source, s.holder_id, s.source_id, s.parentage, s.ended_by, s.stated_on,
           CASE WHEN k.stored AND (k.inverse <> k.relation OR s.person < s.relative) THEN s.person ELSE s.relative END AS person,
           CASE WHEN k.stored AND (k.inverse <> k.relation OR s.person < s.relative) THEN s.relative ELSE s.person END AS relative,
           CASE WHEN k.stored THEN k.relation ELSE k.inverse END AS relation,
           daterange(s.since, s.until) AS valid
      FROM (
        -- what filers declare of themselves
        SELECT 'relative_filing'::text AS source, r.filer AS holder_id, r.relative_id AS source_id,
               coalesce(s.citizen_id, r.official) AS person, r.citizen_id AS relative, r.relation, r.parentage,
               r.since, coalesce(r.until, o.omitted_on) AS until,
               coalesce(r.ended_by, CASE WHEN o.omitted_on IS NOT NULL THEN 'other' END) AS ended_by,
               r.declared_on AS stated_on
          FROM aidcase.filed_relative AS r
          LEFT JOIN aidcase.staff AS s ON s.staff_id = r.staff_id
          LEFT JOIN aidcase.kin_relation AS k ON k.relation = r.relation
          LEFT JOIN LATERAL (
                SELECT min(l.declared_on) AS omitted_on
                  FROM aidcase.staff_filing AS l
                 WHERE k.kinship IN ('marriage', 'affinity')
                   AND coalesce(l.staff_id, aidcase.citizen_key(l.official)) = r.filer
                   AND l.declared_on > r.declared_on
                   AND NOT EXISTS (SELECT FROM aidcase.staff_filing AS c WHERE c.corrects = l.filing_id)
                   AND NOT EXISTS (SELECT FROM aidcase.filed_relative AS a
                                    WHERE a.filing_id = l.filing_id AND a.citizen_id = r.citizen_id)) AS o ON true
        UNION ALL
        -- what they say about a case
        SELECT 'case_filing', coalesce(f.staff_id, aidcase.citizen_key(f.official)), f.case_filing_id,
               coalesce(s.citizen_id, f.official), m.citizen_id, f.relation, f.parentage, NULL, NULL, NULL, f.declared_on
          FROM aidcase.case_filing AS f
          JOIN aidcase.member_identity AS m ON m.member_id = f.member_id
          LEFT JOIN aidcase.staff AS s ON s.staff_id = f.staff_id
         WHERE NOT f.void
        UNION ALL
        -- registers and papers
        SELECT 'kin_record', r.record_id, r.record_id, r.person, r.relative, r.relation, r.parentage,
               r.since, r.until, r.ended_by, r.recorded_on
          FROM aidcase.kin_record AS r
         WHERE NOT r.void
        UNION ALL
        -- what the members of a household are to its head
        SELECT 'case_member', m.case_id, m.member_id, h.citizen_id, m.citizen_id, m.relation, NULL, NULL, NULL, NULL,
               aidcase.date_here(o.first_contact_at)
          FROM aidcase.member_identity AS m
          JOIN aidcase.member_identity AS h ON h.round_id = m.round_id AND h.relation = 'head'
          JOIN aidcase.case_round AS o ON o.round_id = m.round_id
         WHERE m.relation <> 'head'
        UNION ALL
        -- and those who owe it support
        SELECT 'obligor', m.case_id, m.obligor_id, h.citizen_id, m.citizen_id, m.relation, NULL, NULL, NULL, NULL,
               aidcase.date_here(o.first_contact_at)
          FROM aidcase.obligor AS m
          JOIN aidcase.member_identity AS h ON h.round_id = m.round_id AND h.relation = 'head'
          JOIN aidcase.case_round AS o ON o.round_id = m.round_id
         WHERE NOT m.void
           ) AS s
      JOIN aidcase.kin_relation AS k ON k.relation = s.relation
     WHERE s.person <> s.relative AND k.step
       ) AS t
 ORDER BY t.source, t.holder_id, t.person, t.relative, t.relation, t.stated_on DESC, t.source_id DESC;
COMMENT ON VIEW aidcase.kin_tie_due IS
    '内部:各来源所述的亲属关系,即 kin_tie 应有的内容 / internal: the ties that the sources state, which is what kin_tie has to hold';

-- Brings the ties of some holders of a source in line with what is stated.
CREATE OR REPLACE FUNCTION aidcase.keep_ties(the_source text, holders bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    -- what is due is read once: joined to the view a second time, the rows to
    -- be voided would be looked for in all that the source has
    WITH due AS MATERIALIZED (
        SELECT d.* FROM aidcase.kin_tie_due AS d
         WHERE d.source = the_source AND d.holder_id = ANY (holders)
    ), kept AS (
        INSERT INTO aidcase.kin_tie AS t (person, relative, relation, parentage, valid, ended_by, stated_on,
                                          source, holder_id, source_id)
        SELECT d.person, d.relative, d.relation, d.parentage, d.valid, d.ended_by, d.stated_on,
               d.source, d.holder_id, d.source_id
          FROM due AS d
         ORDER BY d.holder_id, d.person, d.relative, d.relation
            ON CONFLICT (holder_id, source, person, relative, relation) DO UPDATE
           SET parentage = excluded.parentage, valid = excluded.valid, ended_by = excluded.ended_by,
               stated_on = excluded.stated_on, source_id = excluded.source_id, void = false
         WHERE (t.parentage, t.valid, t.ended_by, t.stated_on, t.source_id, t.void) IS DISTINCT FROM
               (excluded.parentage, excluded.valid, excluded.ended_by, excluded.stated_on, excluded.source_id, false)
    )
    UPDATE aidcase.kin_tie AS t SET void = true
     WHERE t.source = the_source AND t.holder_id = ANY (holders) AND NOT t.void
       AND NOT EXISTS (SELECT FROM due AS d
                        WHERE d.holder_id = t.holder_id AND d.person = t.person
                          AND d.relative = t.relative AND d.relation = t.relation);
END
$$;
COMMENT ON FUNCTION aidcase.keep_ties(text, bigint[]) IS
    '内部:使若干来源主体的亲属关系与来源一致 / internal: brings the ties of some holders in line with their sources';
REVOKE ALL ON FUNCTION aidcase.keep_ties(text, bigint[]) FROM PUBLIC;

-- One for every source: whose ties does a statement touch?
CREATE OR REPLACE FUNCTION aidcase.follow_source() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    filers  bigint[];
    others  bigint[];
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'relative_filing' THEN
        filers := ARRAY(SELECT DISTINCT coalesce(f.staff_id, aidcase.citizen_key(f.official))
                          FROM new_row AS n JOIN aidcase.staff_filing AS f ON f.filing_id = n.filing_id);
    WHEN 'staff_filing' THEN
        -- a nil return ends marriages, a correction takes back: only then are there ties to follow
        filers := ARRAY(SELECT DISTINCT coalesce(n.staff_id, aidcase.citizen_key(n.official))
                          FROM new_row AS n
                         WHERE EXISTS (SELECT FROM aidcase.kin_tie AS t
                                        WHERE t.source = 'relative_filing' AND NOT t.void
                                          AND t.holder_id = coalesce(n.staff_id, aidcase.citizen_key(n.official))));
    WHEN 'staff' THEN
        filers := ARRAY(SELECT n.staff_id FROM new_row AS n JOIN old_row AS o ON o.staff_id = n.staff_id
                         WHERE n.citizen_id IS DISTINCT FROM o.citizen_id);
        IF filers <> '{}' THEN
            PERFORM aidcase.keep_ties('case_filing', filers);
        END IF;
    WHEN 'case_filing' THEN
        others := ARRAY(SELECT DISTINCT coalesce(n.staff_id, aidcase.citizen_key(n.official)) FROM new_row AS n);
        PERFORM aidcase.keep_ties('case_filing', others);
    WHEN 'kin_record' THEN
        others := ARRAY(SELECT n.record_id FROM new_row AS n);
        PERFORM aidcase.keep_ties('kin_record', others);
    WHEN 'identity_match' THEN
        filers := ARRAY(SELECT DISTINCT coalesce(f.staff_id, aidcase.citizen_key(f.official))
                          FROM new_row AS n
                          JOIN aidcase.relative_filing AS r ON r.relative_id = n.relative_id
                          JOIN aidcase.staff_filing AS f ON f.filing_id = r.filing_id
                         WHERE n.state <> 'proposed');
        others := ARRAY(SELECT DISTINCT m.case_id FROM new_row AS n
                          JOIN aidcase.case_member AS m ON m.member_id = n.member_id
                         WHERE n.state <> 'proposed');
        IF others <> '{}' THEN
            PERFORM aidcase.keep_ties('case_member', others);
            PERFORM aidcase.keep_ties('obligor', others);
        END IF;
    WHEN 'obligor' THEN
        others := ARRAY(SELECT DISTINCT n.case_id FROM new_row AS n WHERE n.citizen_id IS NOT NULL);
        IF TG_OP = 'UPDATE' THEN
            others := others || ARRAY(SELECT DISTINCT o.case_id FROM old_row AS o WHERE o.citizen_id IS NOT NULL);
        END IF;
        IF others <> '{}' THEN
            PERFORM aidcase.keep_ties('obligor', others);
        END IF;
    END CASE;
    IF filers <> '{}' THEN
        PERFORM aidcase.keep_ties('relative_filing', filers);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.follow_source() IS
    '触发器:来源变更时更新亲属关系 / trigger: keeps the ties in line when a source changes';
REVOKE ALL ON FUNCTION aidcase.follow_source() FROM PUBLIC;

-- Members arrive at every filing of a household; a person who lives alone has
-- no tie.
CREATE OR REPLACE FUNCTION aidcase.follow_members() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    cases  bigint[];
    owing  bigint[];
    filers bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        cases := ARRAY(SELECT DISTINCT n.case_id FROM new_row AS n WHERE n.relation <> 'head');
        owing := ARRAY(SELECT DISTINCT n.case_id FROM new_row AS n
                        WHERE n.relation = 'head'
                          AND EXISTS (SELECT FROM aidcase.obligor AS b WHERE b.round_id = n.round_id));
    ELSE
        cases := ARRAY(SELECT DISTINCT n.case_id FROM new_row AS n JOIN old_row AS o ON o.member_id = n.member_id
                        WHERE (n.citizen_id, n.relation, n.void) IS DISTINCT FROM (o.citizen_id, o.relation, o.void));
        owing := cases;
        filers := ARRAY(SELECT DISTINCT f.filer
                          FROM new_row AS n JOIN old_row AS o ON o.member_id = n.member_id
                         CROSS JOIN LATERAL (
                            SELECT coalesce(c.staff_id, aidcase.citizen_key(c.official)) AS filer
                              FROM aidcase.case_filing AS c WHERE c.member_id = n.member_id
                            UNION ALL
                            SELECT coalesce(s.staff_id, aidcase.citizen_key(s.official))
                              FROM aidcase.identity_match AS i
                              JOIN aidcase.relative_filing AS r ON r.relative_id = i.relative_id
                              JOIN aidcase.staff_filing AS s ON s.filing_id = r.filing_id
                             WHERE i.member_id = n.member_id) AS f
                         WHERE (n.citizen_id, n.void) IS DISTINCT FROM (o.citizen_id, o.void));
    END IF;
    IF cases <> '{}' THEN
        PERFORM aidcase.keep_ties('case_member', cases);
    END IF;
    IF owing <> '{}' THEN
        PERFORM aidcase.keep_ties('obligor', owing);
    END IF;
    IF filers <> '{}' THEN
        PERFORM aidcase.keep_ties('case_filing', filers);
        PERFORM aidcase.keep_ties('relative_filing', filers);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.follow_members() IS
    '触发器:家庭成员变更时更新亲属关系 / trigger: keeps the ties in line when household members change';
REVOKE ALL ON FUNCTION aidcase.follow_members() FROM PUBLIC;

CREATE OR REPLACE TRIGGER "~6_tie" AFTER INSERT ON aidcase.case_member
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_members();
CREATE OR REPLACE TRIGGER "~6_tie_change" AFTER UPDATE ON aidcase.case_member
    REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_members();
CREATE OR REPLACE TRIGGER "~6_tie_change" AFTER UPDATE ON aidcase.staff
    REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_source();
CREATE OR REPLACE TRIGGER "~6_tie" AFTER INSERT ON aidcase.obligor
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_source();
CREATE OR REPLACE TRIGGER "~6_tie_change" AFTER UPDATE ON aidcase.obligor
    REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_source();
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY '{staff_filing,relative_filing,case_filing,kin_record,identity_match}'::text[] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER "~6_tie" AFTER INSERT ON aidcase.%I'
            ' REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_source()', t);
        EXECUTE format('CREATE OR REPLACE TRIGGER "~6_tie_change" AFTER UPDATE ON aidcase.%I'
            ' REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_source()', t);
    END LOOP;
END
$$;

-- What kin_tie holds and should not, and what it should and does not.
CREATE OR REPLACE FUNCTION aidcase.kin_tie_differences()
RETURNS TABLE (difference text, source text, source_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH kept AS (
        SELECT t.source, t.holder_id, t.person, t.relative, t.relation, t.parentage, t.valid, t.ended_by, t.stated_on, t.source_id
          FROM aidcase.kin_tie AS t WHERE NOT t.void
    )
    SELECT 'missing', m.source, m.source_id FROM (SELECT * FROM aidcase.kin_tie_due EXCEPT SELECT * FROM kept) AS m
    UNION ALL
    SELECT 'not stated', m.source, m.source_id FROM (SELECT * FROM kept EXCEPT SELECT * FROM aidcase.kin_tie_due) AS m
     ORDER BY 1, 2, 3
$$;
COMMENT ON FUNCTION aidcase.kin_tie_differences() IS
    '亲属关系表与各来源的差异 (应为空) / differences between kin_tie and its sources; empty when all is well';
REVOKE ALL ON FUNCTION aidcase.kin_tie_differences() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.kin_tie_differences() TO aidcase_bureau, aidcase_inspector, aidcase_admin;

REVOKE ALL ON TABLE aidcase.filed_relative, aidcase.member_identity, aidcase.kin_tie_due FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Search (extension/kin.c)

-- From the staff side, which is far smaller than that of the households.  It
-- shows the numbers of all their relatives, so that who reads it is kept.
CREATE OR REPLACE FUNCTION aidcase.kin_of_staff(max_hops integer, on_date date DEFAULT NULL, effect text DEFAULT NULL)
RETURNS TABLE (staff_id bigint, relative aidcase.citizen_id, relation text, hops integer, valid daterange, ties bigint[])
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shown bigint;
BEGIN
    PERFORM aidcase.reading_purpose('kin_of_staff');
    RETURN QUERY
    SELECT s.staff_id, k.relative, k.relation, k.hops, k.valid, k.ties
      FROM aidcase.kin_of(ARRAY(SELECT a.citizen_id FROM aidcase.staff AS a WHERE a.citizen_id IS NOT NULL),
                          kin_of_staff.max_hops, kin_of_staff.on_date, kin_of_staff.effect) AS k
      JOIN aidcase.staff AS s ON s.citizen_id = k.person;
    GET DIAGNOSTICS shown = ROW_COUNT;
    PERFORM aidcase.note_reading('kin_of_staff', NULL, shown, kin_of_staff.on_date::text);
END
$$;
COMMENT ON FUNCTION aidcase.kin_of_staff(integer, date, text) IS
    '全部工作人员的亲属 (参数同 kin_of);读取即登记目的 / relatives of all members of staff; arguments as kin_of(); each reading is kept with its purpose';
REVOKE ALL ON FUNCTION aidcase.kin_of_staff(integer, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.kin_of_staff(integer, date, text) TO aidcase_bureau, aidcase_inspector;

-- ---------------------------------------------------------------------
-- What no table takes

-- What is impossible about a tie between two people; NULL when nothing is.
CREATE OR REPLACE FUNCTION aidcase.tie_fault(person_born date, relative_born date, relation text, since date)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT CASE
       WHEN k.age_order = 'older' AND relative_born >= person_born THEN 'must be older than the person'
       WHEN k.age_order = 'younger' AND relative_born <= person_born THEN 'must be younger than the person'
       WHEN since < greatest(person_born, relative_born) THEN 'must not begin before the birth of either'
       END
  FROM aidcase.kin_relation AS k
 WHERE k.relation = tie_fault.relation;
END;
COMMENT ON FUNCTION aidcase.tie_fault(date, date, text, date) IS
    '亲属关系在年龄、日期上有何不可能,无则为空 / what is impossible about a tie by birth dates and its beginning; NULL when nothing is';

-- A declaration: not of the future, by somebody who is known, and one at a
-- time for each filer, since each changes how long the one before counts.
CREATE OR REPLACE FUNCTION aidcase.check_filing() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NEW.staff_id IS NOT NULL THEN
        PERFORM FROM aidcase.staff AS s WHERE s.staff_id = NEW.staff_id FOR NO KEY UPDATE;
    ELSE
        PERFORM FROM aidcase.official_filing AS o WHERE o.citizen_id = NEW.official ORDER BY o.official_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the declaration is of nobody who may file'
                USING ERRCODE = '23514',
                      DETAIL = 'A public official who declares relatives must be filed as an official first.',
                      HINT = 'File the official with aidcase.file_officials().';
        END IF;
    END IF;
    IF NEW.declared_on > aidcase.today() THEN
        RAISE EXCEPTION 'a filing cannot be dated in the future'
            USING ERRCODE = '23514',
                  DETAIL = 'The date of the declaration is after today.',
                  HINT = 'Enter the date on which it was signed.';
    END IF;
    IF TG_TABLE_NAME = 'staff_filing' THEN
        IF NEW.corrects IS NOT NULL AND NOT EXISTS (
                SELECT FROM aidcase.staff_filing AS f
                 WHERE f.filing_id = NEW.corrects AND f.declared_on <= NEW.declared_on
                   AND f.staff_id IS NOT DISTINCT FROM NEW.staff_id
                   AND f.official IS NOT DISTINCT FROM NEW.official) THEN
            RAISE EXCEPTION 'a declaration can only correct an earlier one of the same filer'
                USING ERRCODE = '23514',
                      HINT = 'Leave out what it corrects, and it is an ordinary declaration.';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_filing() IS
    '触发器:申报日期、申报人核对 / trigger: a declaration is not of the future, and by somebody who is known';
REVOKE ALL ON FUNCTION aidcase.check_filing() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_filing" BEFORE INSERT ON aidcase.staff_filing
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_filing();
CREATE OR REPLACE TRIGGER "~1_filing" BEFORE INSERT ON aidcase.case_filing
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_filing();

-- The relations of a rule set are those of the register.
CREATE OR REPLACE FUNCTION aidcase.check_rule_set() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.relations) AS r (code)
                WHERE NOT EXISTS (SELECT FROM aidcase.kin_relation AS k WHERE k.relation = r.code AND k.kinship <> 'self')) THEN
        RAISE EXCEPTION 'a rule set names relations that there are not'
            USING ERRCODE = '23514', HINT = 'The relations are those of table aidcase.kin_relation.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_rule_set() IS
    '触发器:亲属范围只含已有称谓 / trigger: a rule set names relations that there are';
CREATE OR REPLACE TRIGGER "~1_relations" BEFORE INSERT OR UPDATE ON aidcase.kin_rule_set
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_rule_set();

-- What is declared of one relative.
CREATE OR REPLACE FUNCTION aidcase.check_tie() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    person   aidcase.citizen_id;
    relative aidcase.citizen_id;
    born     date;
    fault    text;
    owner    bigint;
    day      date;
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'relative_filing' THEN
        SELECT coalesce(s.citizen_id, f.official), f.staff_id, f.declared_on INTO person, owner, day
          FROM aidcase.staff_filing AS f LEFT JOIN aidcase.staff AS s ON s.staff_id = f.staff_id
         WHERE f.filing_id = NEW.filing_id;
        IF owner IS DISTINCT FROM NEW.staff_id THEN
            RAISE EXCEPTION 'a relative belongs to the filer who declared'
                USING ERRCODE = '23503',
                      DETAIL = 'The member of staff is not the one of the declaration.';
        END IF;
        relative := NEW.citizen_id;
        NEW.birth_date := coalesce(NEW.birth_date, aidcase.birth_date(NEW.citizen_id));
        born := NEW.birth_date;
        fault := CASE WHEN born > day OR NEW.since > day OR NEW.until > day THEN 'must not lie after the declaration'
                 ELSE aidcase.tie_fault(aidcase.birth_date(person), born, NEW.relation, NEW.since) END;
    WHEN 'case_filing' THEN
        SELECT coalesce((SELECT s.citizen_id FROM aidcase.staff AS s WHERE s.staff_id = NEW.staff_id), NEW.official),
               m.citizen_id, m.birth_date
          INTO person, relative, born
          FROM aidcase.case_member AS m WHERE m.member_id = NEW.member_id;
        fault := CASE WHEN NOT EXISTS (SELECT FROM aidcase.case_member AS m
                                        WHERE m.member_id = NEW.member_id AND m.case_id = NEW.case_id AND m.round_id = NEW.round_id)
                      THEN 'must be a member of that case and round'
                 ELSE aidcase.tie_fault(aidcase.birth_date(person), born, NEW.relation, NULL) END;
    WHEN 'kin_record' THEN
        person := NEW.person;
        relative := NEW.relative;
        fault := CASE WHEN greatest(NEW.recorded_on, NEW.since, NEW.until) > aidcase.today() THEN 'must not lie in the future'
                 ELSE aidcase.tie_fault(aidcase.birth_date(person), aidcase.birth_date(relative), NEW.relation, NEW.since) END;
    END CASE;
    IF person = relative THEN
        fault := 'must be another person';
    END IF;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'the tie is impossible'
            USING ERRCODE = '23514',
                  DETAIL = format('The relative or the dates: %s.', fault),
                  HINT = 'Check who is what to whom, the numbers and the dates.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_tie() IS
    '触发器:拒绝不可能的亲属关系 / trigger: refuses a tie that cannot be: with oneself, against the order of age, before a birth, in the future';
REVOKE ALL ON FUNCTION aidcase.check_tie() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_tie" BEFORE INSERT OR UPDATE ON aidcase.relative_filing
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_tie();
CREATE OR REPLACE TRIGGER "~2_tie" BEFORE INSERT OR UPDATE ON aidcase.case_filing
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_tie();
CREATE OR REPLACE TRIGGER "~2_tie" BEFORE INSERT OR UPDATE ON aidcase.kin_record
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_tie();

-- ---------------------------------------------------------------------
-- Filings

-- The unit with which somebody files on a day: that of the oldest post, or
-- the one that filed the official.
CREATE OR REPLACE FUNCTION aidcase.filing_unit(staff bigint, official aidcase.citizen_id, on_date date) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT CASE WHEN staff IS NOT NULL
                THEN (SELECT p.unit_id FROM aidcase.staff_post AS p
                       WHERE p.staff_id = staff AND p.valid @> on_date
                       ORDER BY p.staff_post_id LIMIT 1)
                ELSE (SELECT o.unit_id FROM aidcase.official_filing AS o
                       WHERE o.citizen_id = filing_unit.official AND o.declared_on <= on_date
                       ORDER BY o.declared_on DESC LIMIT 1) END
$$;
COMMENT ON FUNCTION aidcase.filing_unit(bigint, aidcase.citizen_id, date) IS
    '内部:申报人该日向哪个单位备案 / internal: the unit with which a filer files on a day';

-- What a declaration is compared with.  Owner's rights: who enters a
-- declaration may read neither the filer's number nor an official's filings.
-- So they answer for filers of the actor's own units only.
CREATE OR REPLACE FUNCTION aidcase.filer_here(staff bigint, official aidcase.citizen_id) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT aidcase.current_staff() IS NULL
        OR EXISTS (SELECT FROM aidcase.staff_post AS p
                    WHERE p.staff_id = staff AND p.unit_id = ANY (aidcase.my_units()))
        OR EXISTS (SELECT FROM aidcase.official_filing AS o
                    WHERE o.citizen_id = filer_here.official AND o.unit_id = ANY (aidcase.my_units()))
$$;
COMMENT ON FUNCTION aidcase.filer_here(bigint, aidcase.citizen_id) IS
    '内部:申报人是否属于当前经办人的单位 / internal: does the filer belong to the actor''s units?';

CREATE OR REPLACE FUNCTION aidcase.filer_last(staff bigint, official aidcase.citizen_id, OUT filing_id bigint, OUT declared_on date)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT f.filing_id, f.declared_on
      FROM aidcase.staff_filing AS f
     WHERE coalesce(f.staff_id, aidcase.citizen_key(f.official)) = coalesce(staff, aidcase.citizen_key(filer_last.official))
       AND NOT EXISTS (SELECT FROM aidcase.staff_filing AS c WHERE c.corrects = f.filing_id)
       AND aidcase.filer_here(staff, filer_last.official)
     ORDER BY f.declared_on DESC, f.filing_id DESC LIMIT 1
$$;
COMMENT ON FUNCTION aidcase.filer_last(bigint, aidcase.citizen_id) IS
    '内部:申报人最近一次申报 / internal: the last declaration of a filer';

CREATE OR REPLACE FUNCTION aidcase.filer_declared(staff bigint, official aidcase.citizen_id, on_date date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM aidcase.staff_filing AS f
                    WHERE coalesce(f.staff_id, aidcase.citizen_key(f.official)) = coalesce(staff, aidcase.citizen_key(filer_declared.official))
                      AND f.declared_on = on_date)
       AND aidcase.filer_here(staff, filer_declared.official)
$$;
COMMENT ON FUNCTION aidcase.filer_declared(bigint, aidcase.citizen_id, date) IS
    '内部:申报人该日是否已申报 / internal: has the filer declared on that day?';

CREATE OR REPLACE FUNCTION aidcase.same_filer(staff bigint, official aidcase.citizen_id, citizen aidcase.citizen_id) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT coalesce(citizen = coalesce((SELECT s.citizen_id FROM aidcase.staff AS s WHERE s.staff_id = staff), official), false)
       AND aidcase.filer_here(staff, official)
$$;
COMMENT ON FUNCTION aidcase.same_filer(bigint, aidcase.citizen_id, aidcase.citizen_id) IS
    '内部:号码是否为申报人本人 / internal: is the number that of the filer?';

CREATE OR REPLACE FUNCTION aidcase.filer_tie_fault(staff bigint, official aidcase.citizen_id, born date, relation text, since date)
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT aidcase.tie_fault(aidcase.birth_date(coalesce((SELECT s.citizen_id FROM aidcase.staff AS s WHERE s.staff_id = staff), official)),
                             born, relation, since)
     WHERE aidcase.filer_here(staff, official)
$$;
COMMENT ON FUNCTION aidcase.filer_tie_fault(bigint, aidcase.citizen_id, date, text, date) IS
    '内部:与申报人的关系有何不可能 / internal: what is impossible about a tie with the filer';

-- Is there a declaration of this filer and day, and does it say the same?
-- Owner's rights: whoever enters declarations may not read relatives.
CREATE OR REPLACE FUNCTION aidcase.same_declaration(doc jsonb, OUT declared boolean, OUT unchanged boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH former AS (
        SELECT f.filing_id
          FROM aidcase.staff_filing AS f
         WHERE coalesce(f.staff_id, aidcase.citizen_key(f.official))
               = coalesce((SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'staff'),
                          aidcase.citizen_key(aidcase.citizen(doc ->> 'official')))
           AND f.declared_on = aidcase.iso_date(doc ->> 'declared_on')
           AND aidcase.filer_here(f.staff_id, f.official)
           AND NOT EXISTS (SELECT FROM aidcase.staff_filing AS c WHERE c.corrects = f.filing_id)
         ORDER BY f.filing_id DESC LIMIT 1
    ), had AS (
        SELECT r.relation, r.parentage, r.citizen_id::text AS citizen_id, r.birth_date, r.name, r.since, r.until, r.ended_by
          FROM former AS f JOIN aidcase.relative_filing AS r ON r.filing_id = f.filing_id
    ), has AS (
        SELECT l.item ->> 'relation', l.item ->> 'parentage', aidcase.citizen(l.item ->> 'citizen_id')::text,
               coalesce(aidcase.iso_date(l.item ->> 'birth_date'), aidcase.birth_date(aidcase.citizen(l.item ->> 'citizen_id'))),
               l.item ->> 'name', aidcase.iso_date(l.item ->> 'since'), aidcase.iso_date(l.item ->> 'until'), l.item ->> 'ended_by'
          FROM aidcase.listed(doc, 'relatives') AS l
    )
    SELECT EXISTS (SELECT FROM former),
           EXISTS (SELECT FROM former) AND NOT EXISTS ((TABLE had EXCEPT ALL TABLE has) UNION ALL (TABLE has EXCEPT ALL TABLE had))
$$;
COMMENT ON FUNCTION aidcase.same_declaration(jsonb) IS
    '内部:该申报人该日是否已申报、内容是否相同 / internal: is there a declaration of this filer and day, and does it say the same?';
REVOKE ALL ON FUNCTION aidcase.same_declaration(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.same_declaration(jsonb) TO aidcase_clerk, aidcase_leader, aidcase_bureau;
REVOKE ALL ON FUNCTION aidcase.filing_unit(bigint, aidcase.citizen_id, date),
    aidcase.filer_last(bigint, aidcase.citizen_id), aidcase.filer_declared(bigint, aidcase.citizen_id, date),
    aidcase.filer_here(bigint, aidcase.citizen_id), aidcase.same_filer(bigint, aidcase.citizen_id, aidcase.citizen_id),
    aidcase.filer_tie_fault(bigint, aidcase.citizen_id, date, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.filing_unit(bigint, aidcase.citizen_id, date),
    aidcase.filer_last(bigint, aidcase.citizen_id), aidcase.filer_declared(bigint, aidcase.citizen_id, date),
    aidcase.filer_here(bigint, aidcase.citizen_id), aidcase.same_filer(bigint, aidcase.citizen_id, aidcase.citizen_id),
    aidcase.filer_tie_fault(bigint, aidcase.citizen_id, date, text, date) TO aidcase_clerk, aidcase_leader, aidcase_bureau;

-- All faults of a declaration; the triggers refuse the same for who writes
-- to the tables.
CREATE OR REPLACE FUNCTION aidcase.declaration_faults(doc jsonb)
RETURNS TABLE (path text, reason text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["declared_on", "relatives"],
        "properties": {
          "staff": {"type": "string"},
          "official": {"type": "string", "format": "citizen-id"},
          "declared_on": {"type": "string", "format": "date", "past": true},
          "corrects": {"type": "boolean"},
          "relatives": {"type": "array", "maxItems": 200, "items": {"type": "object",
            "required": ["relation", "name"],
            "properties": {
              "relation": {"type": "string", "codes": "relative_filing.relation"},
              "parentage": {"type": "string", "codes": "relative_filing.parentage"},
              "citizen_id": {"type": "string", "format": "citizen-id"},
              "birth_date": {"type": "string", "format": "date", "past": true},
              "name": {"type": "string", "maxLength": 100},
              "since": {"type": "string", "format": "date", "past": true},
              "until": {"type": "string", "format": "date", "past": true},
              "ended_by": {"type": "string", "codes": "relative_filing.ended_by"}}}}}}';
    the_day date := aidcase.iso_date(doc ->> 'declared_on');
    the_staff bigint := (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'staff');
    the_official aidcase.citizen_id := aidcase.citizen(doc ->> 'official');
    correcting boolean := coalesce(doc -> 'corrects' = 'true', false);
    the_unit bigint;
    the_former record;
BEGIN
    the_unit := aidcase.filing_unit(the_staff, the_official, the_day);
    SELECT f.filing_id, f.declared_on INTO the_former
      FROM aidcase.filer_last(the_staff, the_official) AS f;
    RETURN QUERY
        WITH relative AS (
            SELECT l.n, 'relatives[' || l.n || ']' AS path, aidcase.citizen(l.item ->> 'citizen_id') AS citizen_id,
                   aidcase.iso_date(l.item ->> 'birth_date') AS birth_date, l.item ->> 'relation' AS relation,
                   aidcase.iso_date(l.item ->> 'since') AS since, aidcase.iso_date(l.item ->> 'until') AS until, l.item
              FROM aidcase.listed(doc, 'relatives') AS l
        )
        SELECT f.path, f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'staff', CASE WHEN the_staff IS NULL THEN 'is no member of staff'
                                     ELSE 'holds no post on that day' END
                 WHERE jsonb_typeof(doc -> 'staff') = 'string'
                   AND (the_staff IS NULL OR the_unit IS NULL AND the_day IS NOT NULL)
                UNION ALL
                SELECT 'staff', 'is of another unit'
                 WHERE the_staff IS NOT NULL AND the_unit IS NOT NULL AND NOT aidcase.filer_here(the_staff, NULL)
                UNION ALL
                SELECT 'official', 'is no public official who was filed by that day with your units'
                 WHERE the_official IS NOT NULL AND doc ->> 'staff' IS NULL AND the_day IS NOT NULL
                   AND (the_unit IS NULL OR NOT aidcase.filer_here(NULL, the_official))
                UNION ALL
                SELECT 'staff', CASE WHEN doc ->> 'staff' IS NULL THEN 'is missing'
                                     ELSE 'must not be named beside "official"' END
                 WHERE jsonb_typeof(doc) = 'object' AND (doc ->> 'staff' IS NULL) = (doc ->> 'official' IS NULL)
                UNION ALL
                SELECT 'declared_on', 'has a declaration of this ' || CASE WHEN the_staff IS NULL THEN 'official' ELSE 'member of staff' END
                                      || ' already'
                 WHERE NOT correcting
                   AND aidcase.filer_declared(the_staff, the_official, the_day)
                UNION ALL
                SELECT 'corrects', CASE WHEN the_former.filing_id IS NULL THEN 'finds no declaration to correct'
                                        ELSE 'must not be dated before the declaration that it corrects' END
                 WHERE correcting AND num_nonnulls(the_staff, the_official) > 0
                   AND coalesce(the_former.declared_on > the_day, the_former.filing_id IS NULL)
                UNION ALL
                SELECT r.path || '.citizen_id', 'is listed twice'
                  FROM relative AS r WHERE EXISTS (SELECT FROM relative AS b WHERE b.citizen_id = r.citizen_id AND b.n < r.n)
                UNION ALL
                SELECT r.path || '.citizen_id', 'is missing and there is no birth date to find the person by'
                  FROM relative AS r WHERE r.item ->> 'citizen_id' IS NULL AND r.item ->> 'birth_date' IS NULL
                UNION ALL
                SELECT r.path || '.birth_date', 'contradicts the citizen number'
                  FROM relative AS r WHERE r.birth_date <> aidcase.birth_date(r.citizen_id)
                UNION ALL
                SELECT r.path || '.relation', 'must be another person'
                  FROM relative AS r WHERE aidcase.same_filer(the_staff, the_official, r.citizen_id)
                UNION ALL
                SELECT r.path || '.relation', aidcase.filer_tie_fault(the_staff, the_official,
                       coalesce(aidcase.birth_date(r.citizen_id), r.birth_date), r.relation, r.since)
                  FROM relative AS r WHERE NOT aidcase.same_filer(the_staff, the_official, r.citizen_id)
                UNION ALL
                SELECT r.path || '.relation', 'is a second spouse at that time'
                  FROM relative AS r
                 WHERE r.relation = 'spouse' AND coalesce(r.since < r.until, true)
                   AND EXISTS (SELECT FROM relative AS b
                                WHERE b.relation = 'spouse' AND b.n < r.n AND coalesce(b.since < b.until, true)
                                  AND daterange(b.since, b.until) && daterange(r.since, r.until))
                UNION ALL
                SELECT r.path || '.relation', 'is a second ' || CASE aidcase.sex(r.citizen_id) WHEN 'male' THEN 'father' ELSE 'mother' END || ' by birth'
                  FROM relative AS r
                 WHERE r.relation = 'parent' AND coalesce(r.item ->> 'parentage', 'blood') = 'blood'
                   AND EXISTS (SELECT FROM relative AS b
                                WHERE b.relation = 'parent' AND coalesce(b.item ->> 'parentage', 'blood') = 'blood'
                                  AND b.n < r.n AND b.citizen_id <> r.citizen_id
                                  AND aidcase.sex(b.citizen_id) = aidcase.sex(r.citizen_id))
                UNION ALL
                SELECT r.path || '.parentage', 'goes with a parent or child only'
                  FROM relative AS r WHERE r.item ->> 'parentage' IS NOT NULL AND r.relation NOT IN ('parent', 'child')
                UNION ALL
                SELECT r.path || '.' || w.key, 'goes with a spouse, parent or child only'
                  FROM relative AS r CROSS JOIN (VALUES ('since'), ('until')) AS w (key)
                 WHERE r.item ->> w.key IS NOT NULL AND r.relation NOT IN ('spouse', 'parent', 'child')
                UNION ALL
                SELECT r.path || '.until', 'must lie after "since"'
                  FROM relative AS r WHERE r.until <= r.since
                UNION ALL
                SELECT r.path || '.' || w.key, 'must not lie after the declaration'
                  FROM relative AS r CROSS JOIN LATERAL (VALUES ('since', r.since), ('until', r.until),
                       ('birth_date', coalesce(aidcase.birth_date(r.citizen_id), r.birth_date))) AS w (key, day)
                 WHERE w.day > the_day AND w.day <= aidcase.today()
                UNION ALL
                SELECT r.path || '.ended_by', CASE WHEN r.item ->> 'until' IS NULL THEN 'goes with "until" only' ELSE 'is missing' END
                  FROM relative AS r WHERE (r.item ->> 'until' IS NULL) <> (r.item ->> 'ended_by' IS NULL)) AS f
         WHERE f.reason IS NOT NULL;
END
$$;
COMMENT ON FUNCTION aidcase.declaration_faults(jsonb) IS
    '近亲属申报的全部错误 (路径、原因),不写入 / all faults of a declaration of relatives, as path and reason; writes nothing';

-- The declaration of a filer on a day.
CREATE OR REPLACE FUNCTION aidcase.file_relatives(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_day date := aidcase.iso_date(doc ->> 'declared_on');
    the_staff bigint := (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'staff');
    the_official aidcase.citizen_id := aidcase.citizen(doc ->> 'official');
    the_filing bigint;
BEGIN
    PERFORM aidcase.raise_faults('filing', ARRAY(
        SELECT f.path || ': ' || f.reason FROM aidcase.declaration_faults(doc) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"staff": "a", "declared_on": "2021-04-06", "relatives": [{"relation": "parent", "citizen_id": "…", "name": "…"}]}; an empty list declares that there is nobody to file.');
    INSERT INTO aidcase.staff_filing (staff_id, official, unit_id, declared_on, nil_return, corrects, received_by)
    VALUES (the_staff, the_official, aidcase.filing_unit(the_staff, the_official, the_day), the_day, doc -> 'relatives' = '[]',
            CASE WHEN doc -> 'corrects' = 'true' THEN (SELECT f.filing_id FROM aidcase.filer_last(the_staff, the_official) AS f) END,
            aidcase.current_staff())
    RETURNING filing_id INTO the_filing;
    IF doc -> 'relatives' <> '[]' THEN
        INSERT INTO aidcase.relative_filing (filing_id, staff_id, relation, parentage, citizen_id, birth_date, name, since, until, ended_by)
        SELECT the_filing, the_staff, l.item ->> 'relation', l.item ->> 'parentage', aidcase.citizen(l.item ->> 'citizen_id'),
               aidcase.iso_date(l.item ->> 'birth_date'), l.item ->> 'name', aidcase.iso_date(l.item ->> 'since'),
               aidcase.iso_date(l.item ->> 'until'), l.item ->> 'ended_by'
          FROM aidcase.listed(doc, 'relatives') AS l ORDER BY l.n;
    END IF;
    RETURN the_filing;
END
$$;
COMMENT ON FUNCTION aidcase.file_relatives(jsonb) IS
    '近亲属申报:某人某日的整份申报,空列表为零申报;更正以新申报作出 / files the relatives that a filer declares on a day; an empty list is a nil return; a correction is a new declaration';

CREATE OR REPLACE FUNCTION aidcase.file_officials(doc jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["unit", "declared_on", "officials"],
        "properties": {
          "unit": {"type": "string"},
          "declared_on": {"type": "string", "format": "date", "past": true},
          "officials": {"type": "array", "minItems": 1, "maxItems": 5000, "items": {"type": "object",
            "required": ["citizen_id", "name", "employer"],
            "properties": {
              "citizen_id": {"type": "string", "format": "citizen-id"},
              "name": {"type": "string", "maxLength": 100},
              "employer": {"type": "string", "maxLength": 200}}}}}}';
    the_day date := aidcase.iso_date(doc ->> 'declared_on');
    the_unit bigint := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'unit');
    written integer;
BEGIN
    PERFORM aidcase.raise_faults('filing', ARRAY(
        WITH official AS (
            SELECT l.n, 'officials[' || l.n || '].citizen_id' AS path, aidcase.citizen(l.item ->> 'citizen_id') AS citizen_id
              FROM aidcase.listed(doc, 'officials') AS l
        ), turn AS (
            SELECT o.path, o.citizen_id, row_number() OVER (PARTITION BY o.citizen_id ORDER BY o.n) AS turn
              FROM official AS o WHERE o.citizen_id IS NOT NULL
        )
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'unit', 'is no unit of this register'
                 WHERE the_unit IS NULL AND jsonb_typeof(doc -> 'unit') = 'string'
                UNION ALL
                SELECT t.path, CASE WHEN t.turn > 1 THEN 'is listed twice' ELSE 'was already declared on that day' END
                  FROM turn AS t
                 WHERE t.turn > 1
                    OR EXISTS (SELECT FROM aidcase.official_filing AS b
                                WHERE b.citizen_id = t.citizen_id AND b.declared_on = the_day)) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"unit": "340705100", "declared_on": "2021-04-06", "officials": [{"citizen_id": "…", "name": "…", "employer": "…"}]}.');
    INSERT INTO aidcase.official_filing (unit_id, citizen_id, name, employer, declared_on)
    SELECT the_unit, aidcase.citizen(l.item ->> 'citizen_id'), l.item ->> 'name', l.item ->> 'employer', the_day
      FROM aidcase.listed(doc, 'officials') AS l ORDER BY l.n;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION aidcase.file_officials(jsonb) IS
    '公职人员备案:某单位某日的名单,返回人数 / files the public officials that a unit declares on a day; returns their number';

-- The filing of a case: these members are relatives of a filer.
CREATE OR REPLACE FUNCTION aidcase.file_case_relatives(doc jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["round_id", "declared_on", "relatives"],
        "properties": {
          "round_id": {"type": "integer"},
          "staff": {"type": "string"},
          "official": {"type": "string", "format": "citizen-id"},
          "declared_on": {"type": "string", "format": "date", "past": true},
          "relatives": {"type": "array", "minItems": 1, "maxItems": 40, "items": {"type": "object",
            "required": ["member", "relation"],
            "properties": {
              "member": {"type": "integer"},
              "relation": {"type": "string", "codes": "case_filing.relation"},
              "parentage": {"type": "string", "codes": "case_filing.parentage"}}}}}}';
    the_day date := aidcase.iso_date(doc ->> 'declared_on');
    the_round bigint := aidcase.whole_number(doc ->> 'round_id');
    the_staff bigint := (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = doc ->> 'staff');
    the_official aidcase.citizen_id := aidcase.citizen(doc ->> 'official');
    written integer;
BEGIN
    PERFORM aidcase.raise_faults('filing', ARRAY(
        WITH relative AS (
            SELECT l.n, 'relatives[' || l.n || ']' AS path, l.item ->> 'relation' AS relation, l.item,
                   aidcase.whole_number(l.item ->> 'member') AS member_id, m.citizen_id, m.birth_date, m.member_id IS NOT NULL AS known
              FROM aidcase.listed(doc, 'relatives') AS l
              LEFT JOIN aidcase.case_member AS m
                ON m.member_id = aidcase.whole_number(l.item ->> 'member') AND m.round_id = the_round AND NOT m.void
        )
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'round_id', 'is no round of your units'
                 WHERE the_round IS NOT NULL AND NOT EXISTS (SELECT FROM aidcase.case_round AS o WHERE o.round_id = the_round)
                UNION ALL
                SELECT 'staff', CASE WHEN doc ->> 'staff' IS NULL THEN 'is missing'
                                     ELSE 'must not be named beside "official"' END
                 WHERE jsonb_typeof(doc) = 'object' AND (doc ->> 'staff' IS NULL) = (doc ->> 'official' IS NULL)
                UNION ALL
                SELECT 'staff', 'is no member of staff'
                 WHERE jsonb_typeof(doc -> 'staff') = 'string' AND the_staff IS NULL
                UNION ALL
                SELECT 'official', 'is no public official who was filed by that day with your units'
                 WHERE the_official IS NOT NULL AND doc ->> 'staff' IS NULL AND the_day IS NOT NULL
                   AND (aidcase.filing_unit(NULL, the_official, the_day) IS NULL OR NOT aidcase.filer_here(NULL, the_official))
                UNION ALL
                SELECT r.path || '.member', 'is no member of this round'
                  FROM relative AS r WHERE r.member_id IS NOT NULL AND NOT r.known
                UNION ALL
                SELECT r.path || '.member', 'is listed twice'
                  FROM relative AS r WHERE EXISTS (SELECT FROM relative AS b WHERE b.member_id = r.member_id AND b.n < r.n)
                UNION ALL
                SELECT r.path || '.parentage', 'goes with a parent or child only'
                  FROM relative AS r WHERE r.item ->> 'parentage' IS NOT NULL AND r.relation NOT IN ('parent', 'child')
                UNION ALL
                SELECT r.path || '.relation', 'must be another person'
                  FROM relative AS r WHERE aidcase.same_filer(the_staff, the_official, r.citizen_id)
                UNION ALL
                SELECT r.path || '.relation', aidcase.filer_tie_fault(the_staff, the_official, r.birth_date, r.relation, NULL)
                  FROM relative AS r WHERE r.known AND NOT aidcase.same_filer(the_staff, the_official, r.citizen_id)) AS f
         WHERE f.reason IS NOT NULL
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"round_id": 17, "staff": "a", "declared_on": "2021-04-06", "relatives": [{"member": 42, "relation": "parent"}]}.');
    INSERT INTO aidcase.case_filing (case_id, round_id, member_id, staff_id, official, relation, parentage, declared_on, received_by)
    SELECT m.case_id, m.round_id, m.member_id, the_staff, the_official, l.item ->> 'relation', l.item ->> 'parentage', the_day,
           aidcase.current_staff()
      FROM aidcase.listed(doc, 'relatives') AS l
      JOIN aidcase.case_member AS m ON m.member_id = aidcase.whole_number(l.item ->> 'member')
     ORDER BY l.n;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION aidcase.file_case_relatives(jsonb) IS
    '家庭备案:某轮次的某些成员是某申报人的近亲属,返回人数 / files that members of a round are relatives of a filer; returns their number';

-- What household registers and other papers say.
CREATE OR REPLACE FUNCTION aidcase.record_ties(doc jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["unit", "evidence", "seen_on", "ties"],
        "properties": {
          "unit": {"type": "string"},
          "evidence": {"type": "string", "codes": "kin_record.evidence"},
          "evidence_no": {"type": "string", "maxLength": 100},
          "seen_on": {"type": "string", "format": "date", "past": true},
          "ties": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"type": "object",
            "required": ["person", "person_name", "relative", "relative_name", "relation"],
            "properties": {
              "person": {"type": "string", "format": "citizen-id"},
              "person_name": {"type": "string", "maxLength": 100},
              "relative": {"type": "string", "format": "citizen-id"},
              "relative_name": {"type": "string", "maxLength": 100},
              "relation": {"type": "string", "codes": "kin_record.relation"},
              "parentage": {"type": "string", "codes": "kin_record.parentage"},
              "since": {"type": "string", "format": "date", "past": true},
              "until": {"type": "string", "format": "date", "past": true},
              "ended_by": {"type": "string", "codes": "kin_record.ended_by"}}}}}}';
    the_unit bigint := (SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = doc ->> 'unit');
    written integer;
BEGIN
    PERFORM aidcase.raise_faults('record of ties', ARRAY(
        WITH tie AS (
            SELECT l.n, 'ties[' || l.n || ']' AS path, l.item, l.item ->> 'relation' AS relation,
                   aidcase.citizen(l.item ->> 'person') AS person, aidcase.citizen(l.item ->> 'relative') AS relative,
                   aidcase.iso_date(l.item ->> 'since') AS since, aidcase.iso_date(l.item ->> 'until') AS until
              FROM aidcase.listed(doc, 'ties') AS l
        ), marriage AS (
            SELECT t.n, t.path, t.person, t.relative, daterange(t.since, t.until) AS valid
              FROM tie AS t WHERE t.relation = 'spouse' AND coalesce(t.since < t.until, true) AND t.person <> t.relative
        ), wed AS (
            SELECT m.n, m.path, m.person AS one, m.relative AS other, m.valid FROM marriage AS m
            UNION ALL
            SELECT m.n, m.path, m.relative, m.person, m.valid FROM marriage AS m
        ), birth AS (
            SELECT t.n, t.path, CASE t.relation WHEN 'child' THEN t.person ELSE t.relative END AS parent,
                   CASE t.relation WHEN 'child' THEN t.relative ELSE t.person END AS child
              FROM tie AS t
             WHERE t.relation IN ('parent', 'child') AND coalesce(t.item ->> 'parentage', 'blood') = 'blood'
        )
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'unit', 'is no unit of this register'
                 WHERE the_unit IS NULL AND jsonb_typeof(doc -> 'unit') = 'string'
                UNION ALL
                SELECT t.path || '.relative', 'must be another person' FROM tie AS t WHERE t.person = t.relative
                UNION ALL
                SELECT t.path || '.relation',
                       aidcase.tie_fault(aidcase.birth_date(t.person), aidcase.birth_date(t.relative), t.relation, t.since)
                  FROM tie AS t WHERE t.person <> t.relative
                UNION ALL
                SELECT DISTINCT w.path || '.relation', 'is a second spouse at that time'
                  FROM wed AS w
                 WHERE EXISTS (SELECT FROM wed AS b
                                WHERE b.one = w.one AND b.other <> w.other AND b.n < w.n AND b.valid && w.valid)
                UNION ALL
                SELECT b.path || '.relation', 'is a second ' || CASE aidcase.sex(b.parent) WHEN 'male' THEN 'father' ELSE 'mother' END || ' by birth'
                  FROM birth AS b
                 WHERE EXISTS (SELECT FROM birth AS a
                                WHERE a.child = b.child AND a.parent <> b.parent AND a.n < b.n
                                  AND aidcase.sex(a.parent) = aidcase.sex(b.parent))
                UNION ALL
                SELECT t.path || '.parentage', 'goes with a parent or child only'
                  FROM tie AS t WHERE t.item ->> 'parentage' IS NOT NULL AND t.relation NOT IN ('parent', 'child')
                UNION ALL
                SELECT t.path || '.until', 'must lie after "since"' FROM tie AS t WHERE t.until <= t.since
                UNION ALL
                SELECT t.path || '.ended_by', CASE WHEN t.item ->> 'until' IS NULL THEN 'goes with "until" only' ELSE 'is missing' END
                  FROM tie AS t WHERE (t.item ->> 'until' IS NULL) <> (t.item ->> 'ended_by' IS NULL)) AS f
         WHERE f.reason IS NOT NULL
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"unit": "340705100", "evidence": "household_register", "seen_on": "2021-04-06", "ties": [{"person": "…", "person_name": "…", "relative": "…", "relative_name": "…", "relation": "child"}]}.');
    INSERT INTO aidcase.kin_record (unit_id, person, person_name, relative, relative_name, relation, parentage, since, until, ended_by,
                                    evidence, evidence_no, recorded_on, recorded_by)
    SELECT the_unit, aidcase.citizen(l.item ->> 'person'), l.item ->> 'person_name', aidcase.citizen(l.item ->> 'relative'),
           l.item ->> 'relative_name', l.item ->> 'relation', l.item ->> 'parentage', aidcase.iso_date(l.item ->> 'since'),
           aidcase.iso_date(l.item ->> 'until'), l.item ->> 'ended_by', doc ->> 'evidence', doc ->> 'evidence_no',
           aidcase.iso_date(doc ->> 'seen_on'), aidcase.current_staff()
      FROM aidcase.listed(doc, 'ties') AS l ORDER BY l.n;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION aidcase.record_ties(jsonb) IS
    '录入户口簿、婚姻和收养登记等载明的亲属关系,返回条数 / records the ties that a household register or another paper states; returns their number';

-- ---------------------------------------------------------------------
-- Contradictions between sources

CREATE OR REPLACE VIEW aidcase.kin_contradiction WITH (security_invoker = true) AS
WITH tie AS NOT MATERIALIZED (
    -- with the period to which the search completes it
    SELECT t.tie_id, t.person, t.relative, t.relation, t.parentage, t.valid AS stated, t.stated_on, t.source, t.source_id, k.age_order,
           daterange(CASE WHEN lower_inf(t.valid) THEN b.before ELSE lower(t.valid) END,
                     CASE WHEN upper_inf(t.valid) THEN b.after ELSE upper(t.valid) END) AS valid
      FROM aidcase.kin_tie AS t
      JOIN aidcase.kin_relation AS k ON k.relation = t.relation
     CROSS JOIN LATERAL (
            SELECT max(d.day) FILTER (WHERE d.day <= t.stated_on) AS before, min(d.day) FILTER (WHERE d.day > t.stated_on) AS after
              FROM aidcase.kin_tie AS o
             CROSS JOIN LATERAL (VALUES (lower(o.valid)), (upper(o.valid))) AS d (day)
             WHERE NOT o.void AND o.person = t.person AND o.relative = t.relative AND o.relation = t.relation
               AND d.day <@ t.valid AND d.day IS DISTINCT FROM lower(t.valid)) AS b
     WHERE NOT t.void
), married AS NOT MATERIALIZED (
    SELECT t.tie_id, t.person AS one, t.relative AS other, t.valid, t.source, t.source_id FROM tie AS t WHERE t.relation = 'spouse'
    UNION ALL
    SELECT t.tie_id, t.relative, t.person, t.valid, t.source, t.source_id FROM tie AS t WHERE t.relation = 'spouse'
)
SELECT 'younger_parent'::text AS contradiction, t.person, t.relative, NULL::aidcase.citizen_id AS third, t.tie_id, NULL::bigint AS other_tie_id
  FROM tie AS t
 WHERE t.age_order = 'younger' AND aidcase.birth_date(t.relative) <= aidcase.birth_date(t.person)
UNION ALL
SELECT 'before_birth', t.person, t.relative, NULL, t.tie_id, NULL
  FROM tie AS t
 WHERE lower(t.stated) < greatest(aidcase.birth_date(t.person), aidcase.birth_date(t.relative))
UNION ALL
SELECT 'two_spouses', a.one, a.other, b.other, a.tie_id, b.tie_id
  FROM married AS a
  JOIN married AS b ON b.one = a.one AND b.other <> a.other AND b.valid && a.valid AND b.tie_id > a.tie_id
UNION ALL
SELECT CASE aidcase.sex(a.person) WHEN 'male' THEN 'two_fathers' ELSE 'two_mothers' END, a.relative, a.person, b.person, a.tie_id, b.tie_id
  FROM tie AS a
  JOIN tie AS b ON b.relative = a.relative AND b.relation = 'child' AND b.person <> a.person AND b.tie_id > a.tie_id
               AND aidcase.sex(b.person) = aidcase.sex(a.person)
 WHERE a.relation = 'child'
   AND coalesce(a.parentage, 'blood') = 'blood' AND coalesce(b.parentage, 'blood') = 'blood'
UNION ALL
SELECT 'two_relations', a.person, a.relative, NULL, a.tie_id, b.tie_id
  FROM tie AS a
  JOIN tie AS b ON b.person IN (a.person, a.relative) AND b.relative IN (a.person, a.relative) AND b.tie_id > a.tie_id
               AND (b.relation <> a.relation OR b.person <> a.person)
UNION ALL
SELECT 'after_its_end', a.person, a.relative, NULL, a.tie_id, b.tie_id
  FROM tie AS a
  JOIN tie AS b ON b.person = a.person AND b.relative = a.relative AND b.relation = a.relation
               AND b.tie_id <> a.tie_id AND upper(b.stated) <= a.stated_on
 WHERE upper_inf(a.stated);
COMMENT ON VIEW aidcase.kin_contradiction IS
    '来源之间的矛盾:父母较年幼、早于出生、同时两名配偶、两名生父或生母、同一对人两种关系、终止后仍有陈述 / contradictions between sources: a parent who is younger, a tie before a birth, two spouses at a time, two fathers or mothers by birth, two relations of one pair, a statement after the end';
COMMENT ON COLUMN aidcase.kin_contradiction.contradiction IS
    '矛盾种类 / kind: younger_parent, before_birth, two_spouses, two_fathers, two_mothers, two_relations, after_its_end';
COMMENT ON COLUMN aidcase.kin_contradiction.person IS '公民身份号码 / citizen number of the one';
COMMENT ON COLUMN aidcase.kin_contradiction.relative IS '公民身份号码 / citizen number of the other';
COMMENT ON COLUMN aidcase.kin_contradiction.third IS '第三人的公民身份号码;空为不涉及 / citizen number of a third person; NULL = none';
COMMENT ON COLUMN aidcase.kin_contradiction.tie_id IS '所涉关系 / tie';
COMMENT ON COLUMN aidcase.kin_contradiction.other_tie_id IS '与之矛盾的关系;空为不涉及 / tie that contradicts it; NULL = none';

-- ---------------------------------------------------------------------
-- Persons without a number: a proposal, and who decided it

CREATE OR REPLACE FUNCTION aidcase.propose_matches(relatives bigint[], members bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF relatives <> '{}' THEN
        INSERT INTO aidcase.identity_match (relative_id, member_id, same_unit)
        SELECT r.relative_id, m.member_id, aidcase.unit_below(c.village_id, f.unit_id, aidcase.today())
               OR aidcase.unit_below(f.unit_id, c.unit_id, aidcase.today())
          FROM aidcase.relative_filing AS r
          JOIN aidcase.staff_filing AS f ON f.filing_id = r.filing_id
          JOIN aidcase.case_member AS m ON aidcase.name_key(m.name) = aidcase.name_key(r.name) AND m.birth_date = r.birth_date
          JOIN aidcase.aid_case AS c ON c.case_id = m.case_id
         WHERE r.relative_id = ANY (relatives) AND NOT m.void AND (r.citizen_id IS NULL OR m.citizen_id IS NULL)
         ORDER BY r.relative_id, m.member_id
            ON CONFLICT DO NOTHING;
    END IF;
    IF members <> '{}' THEN
        INSERT INTO aidcase.identity_match (relative_id, member_id, same_unit)
        SELECT r.relative_id, m.member_id, aidcase.unit_below(c.village_id, f.unit_id, aidcase.today())
               OR aidcase.unit_below(f.unit_id, c.unit_id, aidcase.today())
          FROM aidcase.case_member AS m
          JOIN aidcase.aid_case AS c ON c.case_id = m.case_id
          JOIN aidcase.relative_filing AS r ON aidcase.name_key(r.name) = aidcase.name_key(m.name) AND r.birth_date = m.birth_date
          JOIN aidcase.staff_filing AS f ON f.filing_id = r.filing_id
         WHERE m.member_id = ANY (members) AND NOT m.void AND (r.citizen_id IS NULL OR m.citizen_id IS NULL)
           AND NOT EXISTS (SELECT FROM aidcase.staff_filing AS x WHERE x.corrects = f.filing_id)
         ORDER BY r.relative_id, m.member_id
            ON CONFLICT DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION aidcase.propose_matches(bigint[], bigint[]) IS
    '内部:按姓名和出生日期提出同一人建议 / internal: proposes who may be the same person, by name and birth date';
REVOKE ALL ON FUNCTION aidcase.propose_matches(bigint[], bigint[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION aidcase.follow_names() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF TG_TABLE_NAME = 'relative_filing' THEN
        PERFORM aidcase.propose_matches(ARRAY(SELECT n.relative_id FROM new_row AS n), NULL);
    ELSE
        PERFORM aidcase.propose_matches(NULL, ARRAY(SELECT n.member_id FROM new_row AS n));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.follow_names() IS
    '触发器:为无号码者提出同一人建议 / trigger: proposes matches for people without a number';
REVOKE ALL ON FUNCTION aidcase.follow_names() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~5_match" AFTER INSERT ON aidcase.relative_filing
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_names();
CREATE OR REPLACE TRIGGER "~5_match" AFTER INSERT ON aidcase.case_member
    REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_names();

-- A person decides: not the filer, not the handling officer of the case, not
-- the one whom the match is about.
CREATE OR REPLACE FUNCTION aidcase.check_match() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    actor bigint := aidcase.acting_staff();
BEGIN
    IF (NEW.relative_id, NEW.member_id, NEW.same_unit, NEW.proposed_at)
       IS DISTINCT FROM (OLD.relative_id, OLD.member_id, OLD.same_unit, OLD.proposed_at) OR NEW.state = 'proposed' THEN
        RAISE EXCEPTION 'a match can only be confirmed or rejected'
            USING ERRCODE = '23514',
                  HINT = 'Change its state, with a reason where an earlier decision is changed.';
    END IF;
    IF OLD.state <> 'proposed' AND NEW.state <> OLD.state AND coalesce(btrim(NEW.reason), '') = coalesce(btrim(OLD.reason), '') THEN
        RAISE EXCEPTION 'a decided match is not changed without a reason'
            USING ERRCODE = '23514',
                  HINT = 'Give the reason for deciding otherwise.';
    END IF;
    IF EXISTS (SELECT FROM aidcase.relative_filing AS r
                 JOIN aidcase.staff_filing AS f ON f.filing_id = r.filing_id
                 JOIN aidcase.case_member AS m ON m.member_id = NEW.member_id
                 JOIN aidcase.case_round AS o ON o.round_id = m.round_id
                 JOIN aidcase.staff AS s ON s.staff_id = actor
                WHERE r.relative_id = NEW.relative_id
                  AND (f.staff_id = actor OR o.handler_id = actor
                       OR s.citizen_id IN (f.official, r.citizen_id, m.citizen_id))) THEN
        RAISE EXCEPTION 'a match is not decided by somebody whom it concerns'
            USING ERRCODE = 'ZA003',
                  DETAIL = 'The filer, the handling officer of the case and the person in question do not decide.',
                  HINT = 'Leave it to another officer of the bureau.';
    END IF;
    NEW.decided_by := actor;
    NEW.decided_at := aidcase.now_here();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_match() IS
    '触发器:同一人建议由无关人员确认,记下何人何时 / trigger: a match is decided by somebody whom it does not concern; who and when is kept';
REVOKE ALL ON FUNCTION aidcase.check_match() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_decision" BEFORE UPDATE ON aidcase.identity_match
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_match();

CREATE OR REPLACE FUNCTION aidcase.decide_match(match_id bigint, same_person boolean, reason text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    decided text;
BEGIN
    IF decide_match.same_person IS NULL THEN
        RAISE EXCEPTION 'argument "same_person" must not be null' USING ERRCODE = '22004';
    END IF;
    UPDATE aidcase.identity_match AS i
       SET state = CASE WHEN decide_match.same_person THEN 'confirmed' ELSE 'rejected' END,
           reason = coalesce(decide_match.reason, i.reason)
     WHERE i.match_id = decide_match.match_id
    RETURNING i.state INTO decided;
    IF decided IS NULL THEN
        RAISE EXCEPTION 'there is no such match'
            USING ERRCODE = '22023', HINT = 'The open ones are in view aidcase.match_proposal.';
    END IF;
    RETURN decided;
END
$$;
COMMENT ON FUNCTION aidcase.decide_match(bigint, boolean, text) IS
    '确认或排除同一人建议,返回其状态 / confirms or rejects that a filed relative and a member are one person; returns the state';

CREATE OR REPLACE VIEW aidcase.match_proposal WITH (security_invoker = true) AS
SELECT i.match_id, i.proposed_at, i.same_unit, f.unit_id AS filing_unit_id, c.unit_id AS case_unit_id, c.case_no, m.round_id,
       r.relation, r.name AS relative_name, m.name AS member_name, m.birth_date,
       r.citizen_id IS NOT NULL AS relative_numbered, m.citizen_id IS NOT NULL AS member_numbered
  FROM aidcase.identity_match AS i
  JOIN aidcase.relative_filing AS r ON r.relative_id = i.relative_id
  JOIN aidcase.staff_filing AS f ON f.filing_id = r.filing_id
  JOIN aidcase.case_member AS m ON m.member_id = i.member_id
  JOIN aidcase.aid_case AS c ON c.case_id = m.case_id
 WHERE i.state = 'proposed';
COMMENT ON VIEW aidcase.match_proposal IS
    '待确认的同一人建议 / proposals that a filed relative and a household member are one person, not decided yet';

-- ---------------------------------------------------------------------
-- Who has filed

CREATE OR REPLACE FUNCTION aidcase.filing_status(on_date date)
RETURNS TABLE (staff_id bigint, staff_no text, unit_id bigint, unit_code text, posts text[], since date, declared_on date,
               due_on date, late_days integer, state text)
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH obliged AS (
    SELECT s.staff_id, s.staff_no, p.unit_id, u.unit_code, array_agg(DISTINCT p.post ORDER BY p.post) AS posts,
           min(greatest(lower(p.valid), lower(d.valid))) AS since
      FROM aidcase.staff AS s
      JOIN aidcase.staff_post AS p ON p.staff_id = s.staff_id AND p.valid @> filing_status.on_date
      JOIN aidcase.filing_duty AS d ON d.post = p.post AND d.valid @> filing_status.on_date
      JOIN aidcase.unit AS u ON u.unit_id = p.unit_id
     WHERE s.employed @> filing_status.on_date
       -- who was bought in files while the contract runs
       AND (p.provider_id IS NULL
            OR EXISTS (SELECT FROM aidcase.provider_contract AS k
                        WHERE k.provider_id = p.provider_id AND k.valid @> filing_status.on_date
                          AND aidcase.unit_below(p.unit_id, k.unit_id, filing_status.on_date)))
     GROUP BY s.staff_id, s.staff_no, p.unit_id, u.unit_code
), dated AS (
    SELECT o.*, f.declared_on, f.before_that,
           (o.since + aidcase.parameter('filing_first_days', o.unit_code, filing_status.on_date)::integer) AS first_due,
           make_interval(months => aidcase.parameter('filing_interval_months', o.unit_code, filing_status.on_date)::integer) AS pause
      FROM obliged AS o
      LEFT JOIN LATERAL (
            SELECT max(l.declared_on) AS declared_on, (array_agg(l.declared_on ORDER BY l.declared_on DESC))[2] AS before_that
              FROM (SELECT DISTINCT g.declared_on
                      FROM aidcase.staff_filing AS g
                     WHERE g.staff_id = o.staff_id AND g.declared_on <= filing_status.on_date
                     ORDER BY g.declared_on DESC LIMIT 2) AS l) AS f ON true
)
SELECT d.staff_id, d.staff_no, d.unit_id, d.unit_code, d.posts, d.since, d.declared_on,
       CASE WHEN d.declared_on IS NULL THEN d.first_due ELSE (d.declared_on + d.pause)::date END,
       CASE WHEN d.declared_on IS NULL THEN greatest(filing_status.on_date - d.first_due, 0)
            WHEN (d.declared_on + d.pause)::date < filing_status.on_date THEN filing_status.on_date - (d.declared_on + d.pause)::date
            ELSE greatest(d.declared_on - coalesce((d.before_that + d.pause)::date, d.first_due), 0) END,
       CASE WHEN d.declared_on IS NULL THEN CASE WHEN d.first_due < filing_status.on_date THEN 'missing' ELSE 'pending' END
            WHEN (d.declared_on + d.pause)::date < filing_status.on_date THEN 'overdue'
            WHEN d.declared_on > coalesce((d.before_that + d.pause)::date, d.first_due) THEN 'late'
            ELSE 'filed' END
  FROM dated AS d;
END;
COMMENT ON FUNCTION aidcase.filing_status(date) IS
    '某日各应备案人员的申报情况:missing 从未申报、overdue 到期未再申报、late 迟报、filed 按时、pending 未到期 / how everybody who has to file stands on a day: missing = never and due, overdue = not repeated in time, late = declared after it was due, filed = in time, pending = not due yet';

CREATE OR REPLACE VIEW aidcase.filing_now WITH (security_invoker = true) AS
SELECT s.* FROM aidcase.filing_status(aidcase.today()) AS s;
COMMENT ON VIEW aidcase.filing_now IS
    '今日各应备案人员的申报情况 / how everybody who has to file stands today';

CREATE OR REPLACE VIEW aidcase.filing_silence WITH (security_invoker = true) AS
SELECT u.unit_id, u.unit_code, u.name, u.level, count(s.staff_id)::integer AS obliged,
       count(*) FILTER (WHERE s.declared_on IS NOT NULL)::integer AS declared,
       count(*) FILTER (WHERE s.state IN ('missing', 'overdue'))::integer AS owing,
       (SELECT max(o.declared_on) FROM aidcase.official_filing AS o WHERE o.unit_id = u.unit_id) AS officials_on,
       count(s.staff_id) > 0 AND count(s.declared_on) = 0 AS silent
  FROM aidcase.unit_now AS u
  LEFT JOIN aidcase.filing_now AS s ON s.unit_id = u.unit_id
 GROUP BY u.unit_id, u.unit_code, u.name, u.level;
COMMENT ON VIEW aidcase.filing_silence IS
    '各单位备案情况;silent 为应备案而无一人申报 / filings by unit today; silent = people have to file and nobody did, not even a nil return';
