-- supervision: publication after the decision, with lawful columns only.

CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.publication
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.publication_item
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

-- What has been confirmed and not yet published, with lawful columns only.
CREATE OR REPLACE VIEW aidcase.unpublished WITH (security_invoker = true) AS
    SELECT r.round_id, r.case_id, r.unit_id, r.decided_on, c.village_id, o.programme,
           m.name AS applicant_name, d.members AS persons, o.amount
      FROM aidcase.case_round AS r
      JOIN aidcase.aid_case AS c USING (case_id)
      JOIN aidcase.assistance_opinion AS o ON o.round_id = r.round_id AND o.outcome = 'granted'
                                          AND NOT o.void AND o.programme IS NOT NULL
      JOIN aidcase.determination AS d USING (determination_id)
      JOIN aidcase.case_member AS m ON m.round_id = r.round_id AND m.applicant AND NOT m.void
     WHERE r.state = 'confirmed';
COMMENT ON VIEW aidcase.unpublished IS
    '已确认待公示 / confirmed and not yet published';

-- One line of a published list, as it is hashed.
CREATE OR REPLACE FUNCTION aidcase.publication_line(village_code text, programme text, applicant_name text,
    persons integer, amount numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT concat_ws('|', village_code, programme, applicant_name, persons, amount) $$;
COMMENT ON FUNCTION aidcase.publication_line(text, text, text, integer, numeric) IS
    '公示名单一行的规范文本 / the canonical text of one line of a published list: village|programme|applicant|persons|amount';

-- The hash of a list that was published, from its lines: what
-- publication.sha256 must be.
CREATE OR REPLACE FUNCTION aidcase.publication_sha256(publication_id bigint) RETURNS bytea
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT sha256(convert_to(coalesce(string_agg(
               aidcase.publication_line(v.unit_code, i.programme, i.applicant_name, i.persons, i.amount),
               E'\n' ORDER BY i.round_id, i.programme COLLATE "C"), ''), 'UTF8'))
      FROM aidcase.publication_item AS i
      JOIN aidcase.unit AS v ON v.unit_id = i.village_id
     WHERE i.publication_id = publication_sha256.publication_id;
END;
COMMENT ON FUNCTION aidcase.publication_sha256(bigint) IS
    '由名单内容重算公示哈希 / the hash of a published list, computed from its lines again';

-- Publishes the confirmations of a unit that have not been published and
-- moves their rounds on.  NULL when there is nothing to publish.
CREATE OR REPLACE FUNCTION aidcase.publish(unit text, published_on date DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_unit bigint := aidcase.unit_id(unit);
    day date := coalesce(published_on, aidcase.today());
    the_publication bigint;
    the_lines bigint;
    the_hash bytea;
    late_hours numeric;
BEGIN
    PERFORM aidcase.require_post('{clerk,unit_leader}', the_unit, 'publish the unit''s confirmations');
    IF day > aidcase.today() OR NOT isfinite(day) THEN
        RAISE EXCEPTION 'a list cannot have been published in the future'
            USING ERRCODE = '22023',
                  DETAIL = 'The period of publicity begins on the day on which the list was shown.',
                  HINT = 'Leave the date out to publish today.';
    END IF;
    -- as for a move: what happened is entered within some hours
    SELECT p.value / p.divisor INTO late_hours
      FROM aidcase.parameter_row('late_entry_hours', unit, aidcase.today()) AS p;
    IF aidcase.midnight_here(day + 1) < aidcase.now_here() - late_hours * interval '1 hour' THEN
        RAISE EXCEPTION 'a list cannot be entered so long after it was published'
            USING ERRCODE = '22023',
                  DETAIL = format('Parameter "late_entry_hours" allows %s hours.', trim_scale(late_hours)),
                  HINT = 'Leave the date out to publish today.';
    END IF;
    PERFORM FROM aidcase.case_round AS r
      WHERE r.unit_id = the_unit AND r.state = 'confirmed' ORDER BY r.round_id FOR UPDATE;
    SELECT count(*), sha256(convert_to(coalesce(string_agg(
               aidcase.publication_line(v.unit_code, i.programme, i.applicant_name, i.persons, i.amount),
               E'\n' ORDER BY i.round_id, i.programme COLLATE "C"), ''), 'UTF8'))
      INTO the_lines, the_hash
      FROM aidcase.unpublished AS i JOIN aidcase.unit AS v ON v.unit_id = i.village_id
     WHERE i.unit_id = the_unit AND i.decided_on <= day;
    IF the_lines = 0 THEN
        RETURN NULL;
    END IF;
    INSERT INTO aidcase.publication (unit_id, kind, published_on, until, lines, sha256, published_by)
    VALUES (the_unit, 'confirmation', day,
            day + aidcase.parameter('publicity_days', unit, day)::integer, the_lines, the_hash,
            aidcase.current_staff())
    RETURNING publication_id INTO the_publication;
    INSERT INTO aidcase.publication_item (publication_id, unit_id, case_id, round_id, village_id,
                                          programme, applicant_name, persons, amount)
    SELECT the_publication, i.unit_id, i.case_id, i.round_id, i.village_id, i.programme,
           i.applicant_name, i.persons, i.amount
      FROM aidcase.unpublished AS i
     WHERE i.unit_id = the_unit AND i.decided_on <= day
     ORDER BY i.round_id, i.programme COLLATE "C";
    UPDATE aidcase.case_round AS r
       SET state = t.to_state
      FROM aidcase.workflow_transition AS t
     WHERE t.workflow_id = r.workflow_id AND t.from_state = r.state AND t.action = 'publish'
       AND r.round_id IN (SELECT i.round_id FROM aidcase.publication_item AS i
                           WHERE i.publication_id = the_publication);
    RETURN the_publication;
END
$$;
COMMENT ON FUNCTION aidcase.publish(text, date) IS
    '公示单位已确认未公示的救助,返回公示号 / publishes the unit''s new confirmations; returns the publication, NULL when there is none';
REVOKE ALL ON FUNCTION aidcase.publish(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.publish(text, date) TO aidcase_clerk, aidcase_leader;

CREATE OR REPLACE VIEW aidcase.publication_list WITH (security_invoker = true) AS
    SELECT b.publication_id, b.kind, b.published_on, b.until, u.unit_code, v.unit_code AS village_code,
           n.name AS village, g.label_zh AS programme, i.applicant_name, i.persons, i.amount
      FROM aidcase.publication AS b
      JOIN aidcase.publication_item AS i USING (publication_id)
      JOIN aidcase.unit AS u ON u.unit_id = b.unit_id
      JOIN aidcase.unit AS v ON v.unit_id = i.village_id
      JOIN aidcase.unit_period AS n ON n.unit_id = v.unit_id AND n.valid @> b.published_on
      JOIN aidcase.programme AS g ON g.programme = i.programme;
COMMENT ON VIEW aidcase.publication_list IS
    '公示名单:仅含法定公开内容 / published lists; holds only what may be made public';
