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

-- The form in which names are compared: compatibility forms (full width)
-- resolved, no blanks, no middle dots, capitals.
CREATE OR REPLACE FUNCTION aidcase.name_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN upper(regexp_replace(normalize(name, NFKC), '[\s\u200B-\u200D\uFEFF\u00B7\u0387\u2022\u2027\u2219\u22C5\u2E31\u30FB.]', '', 'g'));
COMMENT ON FUNCTION aidcase.name_key(text) IS
    '姓名比对形式:规范化 (全角转半角),去空格和间隔号,大写 / the form in which names are compared: normalized, full width resolved, no blanks, no middle dots, capitals';

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
    INSERT INTO aidcase.kin_tie AS t (person, relative, relation, parentage, valid, ended_by, stated_on, source, holder_id, source_id)
    SELECT d.person, d.relative, d.relation, d.parentage, d.valid, d.ended_by, d.stated_on, d.source, d.holder_id, d.source_id
      FROM aidcase.kin_tie_due AS d
     WHERE d.source = the_source AND d.holder_id = ANY (holders)
     ORDER BY d.holder_id, d.person, d.relative, d.relation
        ON CONFLICT (holder_id, source, person, relative, relation) DO UPDATE
       SET parentage = excluded.parentage, valid = excluded.valid, ended_by = excluded.ended_by,
           stated_on = excluded.stated_on, source_id = excluded.source_id, void = false
     WHERE (t.parentage, t.valid, t.ended_by, t.stated_on, t.source_id, t.void) IS DISTINCT FROM
           (excluded.parentage, excluded.valid, excluded.ended_by, excluded.stated_on, excluded.source_id, false);
    UPDATE aidcase.kin_tie AS t SET void = true
     WHERE t.source = the_source AND t.holder_id = ANY (holders) AND NOT t.void
       AND NOT EXISTS (SELECT FROM aidcase.kin_tie_due AS d
                        WHERE d.source = the_source AND d.holder_id = t.holder_id
                          AND d.person = t.person AND d.relative = t.relative AND d.relation = t.relation);
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

-- From the staff side, which is far smaller than that of the households.
CREATE OR REPLACE FUNCTION aidcase.kin_of_staff(max_hops integer, on_date date DEFAULT NULL, effect text DEFAULT NULL)
RETURNS TABLE (staff_id bigint, relative aidcase.citizen_id, relation text, hops integer, valid daterange, ties bigint[])
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT s.staff_id, k.relative, k.relation, k.hops, k.valid, k.ties
  FROM aidcase.kin_of(ARRAY(SELECT a.citizen_id FROM aidcase.staff AS a WHERE a.citizen_id IS NOT NULL),
                      kin_of_staff.max_hops, kin_of_staff.on_date, kin_of_staff.effect) AS k
  JOIN aidcase.staff AS s ON s.citizen_id = k.person;
END;
COMMENT ON FUNCTION aidcase.kin_of_staff(integer, date, text) IS
    '全部工作人员的亲属 (参数同 kin_of) / relatives of all members of staff; arguments as kin_of()';
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
        born := coalesce(aidcase.birth_date(NEW.citizen_id), NEW.birth_date);
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

-- What a declaration is compared with.  Owner's rights: who enters a
-- declaration may read neither the filer's number nor an official's filings.
CREATE OR REPLACE FUNCTION aidcase.filer_last(staff bigint, official aidcase.citizen_id, OUT filing_id bigint, OUT declared_on date)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT f.filing_id, f.declared_on
      FROM aidcase.staff_filing AS f
     WHERE coalesce(f.staff_id, aidcase.citizen_key(f.official)) = coalesce(staff, aidcase.citizen_key(filer_last.official))
       AND NOT EXISTS (SELECT FROM aidcase.staff_filing AS c WHERE c.corrects = f.filing_id)
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
$$;
COMMENT ON FUNCTION aidcase.filer_declared(bigint, aidcase.citizen_id, date) IS
    '内部:申报人该日是否已申报 / internal: has the filer declared on that day?';

CREATE OR REPLACE FUNCTION aidcase.same_filer(staff bigint, official aidcase.citizen_id, citizen aidcase.citizen_id) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT coalesce(citizen = coalesce((SELECT s.citizen_id FROM aidcase.staff AS s WHERE s.staff_id = staff), official), false)
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
$$;
COMMENT ON FUNCTION aidcase.filer_tie_fault(bigint, aidcase.citizen_id, date, text, date) IS
    '内部:与申报人的关系有何不可能 / internal: what is impossible about a tie with the filer';
REVOKE ALL ON FUNCTION aidcase.filer_last(bigint, aidcase.citizen_id), aidcase.filer_declared(bigint, aidcase.citizen_id, date),
    aidcase.same_filer(bigint, aidcase.citizen_id, aidcase.citizen_id),
    aidcase.filer_tie_fault(bigint, aidcase.citizen_id, date, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.filer_last(bigint, aidcase.citizen_id), aidcase.filer_declared(bigint, aidcase.citizen_id, date),
    aidcase.same_filer(bigint, aidcase.citizen_id, aidcase.citizen_id),
    aidcase.filer_tie_fault(bigint, aidcase.citizen_id, date, text, date) TO aidcase_clerk, aidcase_leader, aidcase_bureau;

-- The declaration of a filer on a day.  What can be wrong is told by path;
-- the triggers refuse the same for who writes to the tables.
CREATE OR REPLACE FUNCTION aidcase.file_relatives(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
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
    correcting boolean := doc -> 'corrects' = 'true';
    the_unit bigint;
    the_former record;
    the_filing bigint;
BEGIN
    IF the_staff IS NOT NULL THEN
        SELECT p.unit_id INTO the_unit
          FROM aidcase.staff_post AS p
         WHERE p.staff_id = the_staff AND p.valid @> the_day
         ORDER BY p.staff_post_id LIMIT 1;
    ELSIF the_official IS NOT NULL THEN
        SELECT o.unit_id INTO the_unit
          FROM aidcase.official_filing AS o
         WHERE o.citizen_id = the_official AND o.declared_on <= the_day
         ORDER BY o.declared_on DESC LIMIT 1;
    END IF;
    SELECT f.filing_id, f.declared_on INTO the_former
      FROM aidcase.filer_last(the_staff, the_official) AS f;
    PERFORM aidcase.raise_faults('filing', ARRAY(
        WITH relative AS (
            SELECT l.n, 'relatives[' || l.n || ']' AS path, aidcase.citizen(l.item ->> 'citizen_id') AS citizen_id,
                   aidcase.iso_date(l.item ->> 'birth_date') AS birth_date, l.item ->> 'relation' AS relation,
                   aidcase.iso_date(l.item ->> 'since') AS since, aidcase.iso_date(l.item ->> 'until') AS until, l.item
              FROM aidcase.listed(doc, 'relatives') AS l
        )
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'staff', CASE WHEN the_staff IS NULL THEN 'is no member of staff'
                                     ELSE 'holds no post on that day' END
                 WHERE jsonb_typeof(doc -> 'staff') = 'string'
                   AND (the_staff IS NULL OR the_unit IS NULL AND the_day IS NOT NULL)
                UNION ALL
                SELECT 'official', 'is no public official who was filed by that day'
                 WHERE the_official IS NOT NULL AND doc ->> 'staff' IS NULL AND the_unit IS NULL AND the_day IS NOT NULL
                UNION ALL
                SELECT 'staff', CASE WHEN doc ->> 'staff' IS NULL THEN 'is missing'
                                     ELSE 'must not be named beside "official"' END
                 WHERE jsonb_typeof(doc) = 'object' AND (doc ->> 'staff' IS NULL) = (doc ->> 'official' IS NULL)
                UNION ALL
                SELECT 'declared_on', 'has a declaration of this ' || CASE WHEN the_staff IS NULL THEN 'official' ELSE 'member of staff' END
                                      || ' already'
                 WHERE NOT coalesce(correcting, false)
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
         WHERE f.reason IS NOT NULL
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"staff": "a", "declared_on": "2021-04-06", "relatives": [{"relation": "parent", "citizen_id": "…", "name": "…"}]}; an empty list declares that there is nobody to file.');
    INSERT INTO aidcase.staff_filing (staff_id, official, unit_id, declared_on, nil_return, corrects, received_by)
    VALUES (the_staff, the_official, the_unit, the_day, doc -> 'relatives' = '[]',
            CASE WHEN correcting THEN the_former.filing_id END, aidcase.current_staff())
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
