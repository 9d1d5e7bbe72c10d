-- supervision: publication after the decision, with lawful columns only.

CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.publication
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.publication_item
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

-- What has been confirmed and not yet published, or is to be announced before
-- the district decides, with lawful columns only.
CREATE OR REPLACE VIEW aidcase.unpublished WITH (security_invoker = true) AS
    SELECT r.round_id, r.case_id, r.unit_id, r.decided_on, c.village_id, o.programme,
           m.name AS applicant_name, d.members AS persons, o.amount,
           CASE WHEN r.state = 'confirmed' THEN 'confirmation' ELSE 'opinion' END AS kind
      FROM aidcase.case_round AS r
      JOIN aidcase.aid_case AS c USING (case_id)
      JOIN aidcase.assistance_opinion AS o ON o.round_id = r.round_id AND o.outcome = 'granted'
                                          AND NOT o.void AND o.programme IS NOT NULL
      JOIN aidcase.determination AS d USING (determination_id)
      JOIN aidcase.case_member AS m ON m.round_id = r.round_id AND m.applicant AND NOT m.void
     WHERE r.state = 'confirmed'
        OR EXISTS (SELECT FROM aidcase.workflow_transition AS t
                    WHERE t.workflow_id = r.workflow_id AND t.from_state = r.state AND t.action = 'announce');
COMMENT ON VIEW aidcase.unpublished IS
    '已确认待公示,或决定前待公示 / confirmed and not yet published, or to be announced before the decision';
COMMENT ON COLUMN aidcase.unpublished.kind IS
    '公示种类:confirmation 确认公示,opinion 决定前公示 / kind of list: confirmation, or opinion before the decision';

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
CREATE OR REPLACE FUNCTION aidcase.publish(unit text, published_on date DEFAULT NULL,
    kind text DEFAULT 'confirmation') RETURNS bigint
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
    IF kind IS NULL OR kind NOT IN ('confirmation', 'opinion') THEN
        RAISE EXCEPTION 'a list of this kind is not published here'
            USING ERRCODE = '22023', HINT = 'The kinds are confirmation and opinion.';
    END IF;
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
      WHERE r.unit_id = the_unit
        AND r.round_id IN (SELECT i.round_id FROM aidcase.unpublished AS i
                            WHERE i.unit_id = the_unit AND i.kind = publish.kind)
      ORDER BY r.round_id FOR UPDATE;
    SELECT count(*), sha256(convert_to(coalesce(string_agg(
               aidcase.publication_line(v.unit_code, i.programme, i.applicant_name, i.persons, i.amount),
               E'\n' ORDER BY i.round_id, i.programme COLLATE "C"), ''), 'UTF8'))
      INTO the_lines, the_hash
      FROM aidcase.unpublished AS i JOIN aidcase.unit AS v ON v.unit_id = i.village_id
     WHERE i.unit_id = the_unit AND i.kind = publish.kind AND coalesce(i.decided_on, day) <= day;
    IF the_lines = 0 THEN
        RETURN NULL;
    END IF;
    INSERT INTO aidcase.publication (unit_id, kind, published_on, until, lines, sha256, published_by)
    VALUES (the_unit, publish.kind, day,
            day + aidcase.parameter('publicity_days', unit, day)::integer, the_lines, the_hash,
            aidcase.current_staff())
    RETURNING publication_id INTO the_publication;
    INSERT INTO aidcase.publication_item (publication_id, unit_id, case_id, round_id, village_id,
                                          programme, applicant_name, persons, amount)
    SELECT the_publication, i.unit_id, i.case_id, i.round_id, i.village_id, i.programme,
           i.applicant_name, i.persons, i.amount
      FROM aidcase.unpublished AS i
     WHERE i.unit_id = the_unit AND i.kind = publish.kind AND coalesce(i.decided_on, day) <= day
     ORDER BY i.round_id, i.programme COLLATE "C";
    UPDATE aidcase.case_round AS r
       SET state = t.to_state
      FROM aidcase.workflow_transition AS t
     WHERE t.workflow_id = r.workflow_id AND t.from_state = r.state
       AND t.action = CASE publish.kind WHEN 'opinion' THEN 'announce' ELSE 'publish' END
       AND r.round_id IN (SELECT i.round_id FROM aidcase.publication_item AS i
                           WHERE i.publication_id = the_publication);
    RETURN the_publication;
END
$$;
COMMENT ON FUNCTION aidcase.publish(text, date, text) IS
    '公示单位已确认未公示的救助,返回公示号 / publishes the unit''s new confirmations; returns the publication, NULL when there is none; kind opinion: what is announced before the district decides';
REVOKE ALL ON FUNCTION aidcase.publish(text, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.publish(text, date, text) TO aidcase_clerk, aidcase_leader;

-- Who is in benefit, as the lists of those in benefit show it: monthly
-- benefits of today; help that was given once, since the last list of the kind.
CREATE OR REPLACE FUNCTION aidcase.in_benefit_lines(kind text, unit_id bigint)
RETURNS TABLE (unit_id bigint, case_id bigint, round_id bigint, village_id bigint, programme text, applicant_name text, persons integer, amount numeric)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH line AS (
        SELECT c.unit_id, a.case_id, a.round_id, c.village_id, a.programme, a.persons, a.amount
          FROM aidcase.publication_programme AS k
          JOIN aidcase.award AS a ON a.programme = k.programme AND a.months @> aidcase.today()
          JOIN aidcase.aid_case AS c ON c.case_id = a.case_id
         WHERE k.kind = in_benefit_lines.kind
        UNION ALL
        SELECT c.unit_id, h.case_id, h.round_id, c.village_id, 'temp_assistance',
               (SELECT count(*)::integer FROM aidcase.case_member AS m WHERE m.round_id = h.round_id AND m.counted AND NOT m.void),
               sum(h.amount)
          FROM aidcase.publication_programme AS k
          JOIN aidcase.aid_handover AS h ON k.programme = 'temp_assistance'
          JOIN aidcase.aid_case AS c ON c.case_id = h.case_id
         WHERE k.kind = in_benefit_lines.kind
           AND NOT EXISTS (SELECT FROM aidcase.publication_item AS i
                             JOIN aidcase.publication AS p ON p.publication_id = i.publication_id AND p.kind = in_benefit_lines.kind
                            WHERE i.round_id = h.round_id AND i.programme = 'temp_assistance')
         GROUP BY c.unit_id, h.case_id, h.round_id, c.village_id)
    SELECT l.unit_id, l.case_id, l.round_id, l.village_id, l.programme, m.name, l.persons, l.amount
      FROM line AS l
     CROSS JOIN LATERAL (
            SELECT b.name FROM aidcase.case_member AS b
             WHERE b.round_id = l.round_id AND NOT b.void
             ORDER BY b.applicant DESC, b.relation = 'head' DESC, b.member_id LIMIT 1) AS m
     WHERE in_benefit_lines.unit_id IS NULL OR l.unit_id = in_benefit_lines.unit_id
$$;
COMMENT ON FUNCTION aidcase.in_benefit_lines(text, bigint) IS
    '内部:长期公示或网站公布的名单 / internal: the lines of the list of those in benefit';
REVOKE ALL ON FUNCTION aidcase.in_benefit_lines(text, bigint) FROM PUBLIC;

-- The list of those in benefit: longterm, at the end point, by a unit for its
-- villages; website, by the bureau for the district.  It stands until the next.
CREATE OR REPLACE FUNCTION aidcase.publish_list(kind text, unit text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_unit bigint;
    made bigint;
BEGIN
    IF publish_list.kind = 'longterm' AND unit IS NOT NULL THEN
        the_unit := aidcase.unit_id(unit);
        PERFORM aidcase.require_post('{clerk,unit_leader}', the_unit, 'publish the unit''s list of those in benefit');
    ELSIF publish_list.kind = 'website' AND unit IS NULL THEN
        the_unit := aidcase.district_id();
        PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', the_unit, 'publish the district''s list of those in benefit');
    ELSE
        RAISE EXCEPTION 'a list of this kind is not published here'
            USING ERRCODE = '22023', DETAIL = 'The kinds are longterm, with a unit, and website, without one.',
                  HINT = 'Examples: SELECT aidcase.publish_list(''longterm'', ''340705100''); SELECT aidcase.publish_list(''website'').';
    END IF;
    INSERT INTO aidcase.publication (unit_id, kind, published_on, lines, sha256, published_by)
    SELECT the_unit, publish_list.kind, aidcase.today(), count(*), sha256(convert_to(coalesce(string_agg(
               aidcase.publication_line(v.unit_code, i.programme, i.applicant_name, i.persons, i.amount),
               E'\n' ORDER BY i.round_id, i.programme COLLATE "C"), ''), 'UTF8')), aidcase.current_staff()
      FROM aidcase.in_benefit_lines(publish_list.kind, CASE WHEN unit IS NOT NULL THEN the_unit END) AS i
      JOIN aidcase.unit AS v ON v.unit_id = i.village_id
    RETURNING publication_id INTO made;
    INSERT INTO aidcase.publication_item (publication_id, unit_id, case_id, round_id, village_id, programme, applicant_name, persons, amount)
    SELECT made, i.unit_id, i.case_id, i.round_id, i.village_id, i.programme, i.applicant_name, i.persons, i.amount
      FROM aidcase.in_benefit_lines(publish_list.kind, CASE WHEN unit IS NOT NULL THEN the_unit END) AS i
     ORDER BY i.round_id, i.programme COLLATE "C";
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.publish_list(text, text) IS
    '公布在享名单:longterm 低保末端长期公示(单位按村居),website 区网站公布;有效至下一次公布 / publishes those in benefit: longterm at the end point, by a unit; website, by the bureau; it stands until the next one';
REVOKE ALL ON FUNCTION aidcase.publish_list(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.publish_list(text, text) TO aidcase_clerk, aidcase_leader, aidcase_bureau;

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

-- What a list has that the one before it of the same kind and unit had not,
-- and what it no longer has.
CREATE OR REPLACE VIEW aidcase.publication_change WITH (security_invoker = true) AS
    WITH list AS (
        SELECT b.publication_id, b.kind, b.unit_id, b.published_on,
               lag(b.publication_id) OVER (PARTITION BY b.kind, b.unit_id ORDER BY b.publication_id) AS former
          FROM aidcase.publication AS b WHERE b.kind IN ('longterm', 'website')
    ), line AS (
        SELECT l.publication_id, 'added' AS change, i.village_id, i.programme, i.applicant_name, i.persons, i.amount
          FROM list AS l JOIN aidcase.publication_item AS i ON i.publication_id = l.publication_id
         WHERE NOT EXISTS (SELECT FROM aidcase.publication_item AS o
                            WHERE o.publication_id = l.former AND o.case_id = i.case_id AND o.programme = i.programme
                              AND (o.persons, o.amount) = (i.persons, i.amount))
        UNION ALL
        SELECT l.publication_id, 'removed', o.village_id, o.programme, o.applicant_name, o.persons, o.amount
          FROM list AS l JOIN aidcase.publication_item AS o ON o.publication_id = l.former
         WHERE NOT EXISTS (SELECT FROM aidcase.publication_item AS i
                            WHERE i.publication_id = l.publication_id AND o.case_id = i.case_id AND o.programme = i.programme
                              AND (o.persons, o.amount) = (i.persons, i.amount))
    )
    SELECT l.publication_id, l.kind, l.published_on, w.change, v.unit_code AS village_code, g.label_zh AS programme,
           w.applicant_name, w.persons, w.amount
      FROM list AS l JOIN line AS w ON w.publication_id = l.publication_id
      JOIN aidcase.unit AS v ON v.unit_id = w.village_id
      JOIN aidcase.programme AS g ON g.programme = w.programme;
COMMENT ON VIEW aidcase.publication_change IS
    '在享名单与上一次公布的差异 / how a list of those in benefit differs from the one before it';

-- Objections --------------------------------------------------------------

-- An objection is entered with the round that looks into it.
CREATE OR REPLACE FUNCTION aidcase.record_objection(document jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    faults    text[];
    r         aidcase.case_round;
    listed    bigint;
    the_time  timestamptz := aidcase.iso_timestamp(document ->> 'raised_at');
    the_round bigint;
    made      bigint;
BEGIN
    SELECT o.* INTO r FROM aidcase.case_round AS o
     WHERE o.round_id = CASE WHEN document ->> 'round_id' ~ '^[0-9]{1,18}$' THEN (document ->> 'round_id')::bigint END;
    SELECT max(p.publication_id) INTO listed
      FROM aidcase.publication_item AS i
      JOIN aidcase.publication AS p USING (publication_id)
     WHERE i.round_id = r.round_id AND p.kind = 'confirmation'
       AND aidcase.date_here(the_time) BETWEEN p.published_on AND p.until;
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        SELECT f.path, f.reason
          FROM aidcase.document_faults(document, '{"type": "object", "required": ["round_id", "raised_at", "content"],
            "properties": {
                "round_id": {"type": "integer"},
                "raised_at": {"type": "string", "format": "date-time", "past": true},
                "objector": {"type": "string", "maxLength": 200},
                "content": {"type": "string", "maxLength": 4000}}}') AS f
        UNION ALL
        SELECT 'round_id', 'is no round of your units'
         WHERE document ->> 'round_id' IS NOT NULL AND r.round_id IS NULL
        UNION ALL
        SELECT 'raised_at', 'lies outside the days of publicity'
         WHERE r.round_id IS NOT NULL AND the_time IS NOT NULL AND listed IS NULL
        UNION ALL
        SELECT 'round_id', 'has an objection that is not answered yet'
          FROM aidcase.objection AS o
          JOIN aidcase.workflow_state AS s ON s.workflow_id = o.workflow_id AND s.state = o.state
         WHERE o.round_id = r.round_id AND s.kind <> 'final'
      ) AS f;
    PERFORM aidcase.raise_faults('objection', faults,
        'Example: {"round_id": 1, "raised_at": "2021-04-15T10:00:00+08:00", "content": "…"}.');
    the_round := aidcase.open_review(r.case_id, 'objection');
    INSERT INTO aidcase.objection (publication_id, unit_id, case_id, round_id, review_round_id, raised_at, objector, content)
    VALUES (listed, r.unit_id, r.case_id, r.round_id, the_round, the_time, document ->> 'objector', document ->> 'content')
    RETURNING objection_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.record_objection(jsonb) IS
    '登记公示异议:首次发放暂缓,开启复查轮次,返回异议号 / enters an objection to a publication: the first payment waits, a round looks into it; returns the objection';
REVOKE ALL ON FUNCTION aidcase.record_objection(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.record_objection(jsonb) TO aidcase_clerk, aidcase_leader;

-- Trigger: an objection is about a published round and its own case's review,
-- and holds what has not been paid at all.
CREATE OR REPLACE FUNCTION aidcase.hold_for_objection() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM aidcase.case_round AS r
                     JOIN aidcase.publication_item AS i ON i.round_id = r.round_id AND i.publication_id = NEW.publication_id
                     JOIN aidcase.publication AS p ON p.publication_id = i.publication_id AND p.kind = 'confirmation'
                     JOIN aidcase.case_round AS v ON v.round_id = NEW.review_round_id
                    WHERE r.round_id = NEW.round_id AND r.case_id = NEW.case_id AND r.unit_id = NEW.unit_id
                      AND v.case_id = NEW.case_id AND v.round_kind = 'objection'
                      AND aidcase.date_here(NEW.raised_at) BETWEEN p.published_on AND p.until) THEN
        RAISE EXCEPTION 'an objection needs a published round and the days of its publicity'
            USING ERRCODE = '23514', DETAIL = 'Round, publication, re-investigation and time do not fit together.',
                  HINT = 'Enter it with aidcase.record_objection().';
    END IF;
    PERFORM FROM aidcase.award AS a WHERE a.case_id = NEW.case_id ORDER BY a.award_id FOR NO KEY UPDATE;
    INSERT INTO aidcase.payment_hold (case_id, round_id, programme, kind, months)
    SELECT a.case_id, a.round_id, a.programme, 'objection', daterange(lower(a.months), NULL)
      FROM aidcase.award AS a
     WHERE a.round_id = NEW.round_id AND NOT isempty(a.months)
       AND NOT EXISTS (SELECT FROM aidcase.payment AS p WHERE p.award_id = a.award_id)
     ORDER BY a.award_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.hold_for_objection() IS
    '触发器:公示异议暂缓首次发放 / trigger: an objection holds the first payment';
REVOKE ALL ON FUNCTION aidcase.hold_for_objection() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_hold" AFTER INSERT ON aidcase.objection
    FOR EACH ROW EXECUTE FUNCTION aidcase.hold_for_objection();

-- Trigger: an objection that is answered or withdrawn frees the payment; what
-- was held comes as arrears of the award that covers the months now.
CREATE OR REPLACE FUNCTION aidcase.free_after_objection() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NEW.state <> OLD.state AND EXISTS (
            SELECT FROM aidcase.workflow_state AS s
             WHERE s.workflow_id = NEW.workflow_id AND s.state = NEW.state AND s.kind = 'final') THEN
        UPDATE aidcase.payment_hold AS h SET months = 'empty'
         WHERE h.case_id = NEW.case_id AND h.round_id = NEW.round_id AND h.kind = 'objection' AND upper_inf(h.months);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.free_after_objection() IS
    '触发器:异议办结后解除暂缓发放 / trigger: an objection that is settled frees the payment';
REVOKE ALL ON FUNCTION aidcase.free_after_objection() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_free" AFTER UPDATE ON aidcase.objection
    FOR EACH ROW EXECUTE FUNCTION aidcase.free_after_objection();
