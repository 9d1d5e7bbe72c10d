/*
 * hand_over: live cases to a newly delegated unit.
 *
 * Where the district decided for the unit, the cases are the unit's already:
 * what passes is the responsibility, with one list of files, awards, open
 * rounds, reviews to come, open hits and petitions.  Where another unit had
 * the cases (villages that now belong to a new unit), each goes over by a
 * transfer of its own, all released and accepted with the list.  Petitions
 * that the district has not accepted are passed on when the list is prepared;
 * one that is accepted stays where it is until it is answered.
 *
 * The giver signs what there is on that day; when the receiver accepts, the
 * same is counted again, before and after.  A difference refuses it.
 */

-- What goes over, as things stand.
CREATE OR REPLACE FUNCTION aidcase.handover_items(giver bigint, taker bigint, villages bigint[])
RETURNS TABLE (kind text, subject text, subject_id bigint, case_id bigint, amount numeric)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH file AS MATERIALIZED (
        SELECT c.case_id FROM aidcase.aid_case AS c
         WHERE CASE WHEN villages IS NULL THEN c.unit_id = taker ELSE c.unit_id IN (giver, taker) AND c.village_id = ANY (villages) END
    )
    SELECT 'file', 'aid_case', f.case_id, f.case_id, NULL::numeric FROM file AS f
    UNION ALL
    SELECT 'award', 'award', a.award_id, a.case_id, a.amount
      FROM file AS f JOIN aidcase.award AS a ON a.case_id = f.case_id
      JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring AND g.cash
     WHERE NOT isempty(a.months) AND upper_inf(a.months)
    UNION ALL
    SELECT 'round', 'case_round', r.round_id, r.case_id, NULL
      FROM file AS f JOIN aidcase.case_round AS r ON r.case_id = f.case_id
      JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state AND NOT s.frozen AND s.kind <> 'final'
    UNION ALL
    SELECT 'review_due', 'deadline', d.deadline_id, d.case_id, NULL
      FROM file AS f JOIN aidcase.deadline AS d ON d.case_id = f.case_id
     WHERE d.clock IN ('review_yearly', 'review_half_yearly') AND d.met_at IS NULL AND d.cancelled_at IS NULL
    UNION ALL
    SELECT 'hit', 'registry_hit', h.hit_id, h.case_id, NULL FROM file AS f JOIN aidcase.registry_hit AS h ON h.case_id = f.case_id WHERE h.cleared_at IS NULL
    UNION ALL
    SELECT 'hit', 'register_match', m.match_id, m.case_id, NULL FROM file AS f JOIN aidcase.register_match AS m ON m.case_id = f.case_id WHERE m.finding IS NULL
    UNION ALL
    SELECT 'petition', 'petition', p.petition_id, p.case_id, NULL
      FROM file AS f JOIN aidcase.petition AS p ON p.case_id = f.case_id
      JOIN aidcase.workflow_state AS s ON s.workflow_id = p.workflow_id AND s.state = p.state AND s.kind <> 'final'
     WHERE p.about_staff_id IS NULL AND p.unit_id IN (giver, taker)
$$;
COMMENT ON FUNCTION aidcase.handover_items(bigint, bigint, bigint[]) IS
    '内部:应移交的档案、待遇、未决轮次、待复核、未处置比中信息和信访 / internal: files, awards, open rounds, reviews to come, open hits and petitions that go over';
REVOKE ALL ON FUNCTION aidcase.handover_items(bigint, bigint, bigint[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION aidcase.handover_counts(giver bigint, taker bigint, villages bigint[], OUT counts jsonb, OUT list_sha256 bytea)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH item AS MATERIALIZED (SELECT * FROM aidcase.handover_items(giver, taker, villages))
    SELECT (SELECT jsonb_object_agg(l.code, jsonb_build_object('items', coalesce(n.items, 0), 'yuan', coalesce(n.yuan, 0)))
              FROM aidcase.label AS l
              LEFT JOIN (SELECT i.kind, count(*) AS items, sum(i.amount) AS yuan FROM item AS i GROUP BY i.kind) AS n ON n.kind = l.code
             WHERE l.code_set = 'case_handover_item.kind'),
           (SELECT sha256(convert_to(coalesce(string_agg(concat_ws('|', i.kind, i.subject, i.subject_id, i.case_id, i.amount), E'\n'
                          ORDER BY i.kind COLLATE "C", i.subject COLLATE "C", i.subject_id), ''), 'UTF8')) FROM item AS i)
$$;
COMMENT ON FUNCTION aidcase.handover_counts(bigint, bigint, bigint[]) IS
    '内部:移交清单的各类数目和散列 / internal: counts of what goes over, and the hash of the list';
REVOKE ALL ON FUNCTION aidcase.handover_counts(bigint, bigint, bigint[]) FROM PUBLIC;

-- Trigger before the gate: counts are written here, whatever was given; what
-- differs at the acceptance refuses it.
CREATE OR REPLACE FUNCTION aidcase.count_handover() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    now_there record;
    differs text;
BEGIN
    SELECT k.* INTO now_there FROM aidcase.handover_counts(OLD.unit_id, OLD.to_unit_id, OLD.villages) AS k;
    IF NEW.state = 'released' AND OLD.state <> 'released' THEN
        NEW.released := now_there.counts;
        NEW.list_sha256 := now_there.list_sha256;
    ELSIF NEW.state = 'accepted' AND OLD.state = 'released' THEN
        SELECT string_agg(format('%s %s instead of %s', r.key, now_there.counts -> r.key ->> 'items', r.value ->> 'items'), ', ' ORDER BY r.key) INTO differs
          FROM jsonb_each(OLD.released) AS r WHERE r.value <> now_there.counts -> r.key;
        IF differs IS NOT NULL OR OLD.list_sha256 <> now_there.list_sha256 THEN
            RAISE EXCEPTION 'the hand-over differs from the list that was signed'
                USING ERRCODE = 'ZA003', DETAIL = coalesce('Found: ' || differs || '.', 'The numbers agree, but the items are others.'),
                      HINT = 'Decline it, and have the giving side prepare and sign a new list.';
        END IF;
        NEW.received := now_there.counts;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.count_handover() IS
    '触发器:移交和接收时各自清点,不一致不予接收 / trigger: both sides are counted, and a difference refuses the acceptance';
REVOKE ALL ON FUNCTION aidcase.count_handover() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~0_count" BEFORE UPDATE ON aidcase.case_handover
    FOR EACH ROW WHEN (NEW.state IN ('released', 'accepted')) EXECUTE FUNCTION aidcase.count_handover();

-- Trigger: the release writes the list and releases the transfers; the
-- acceptance takes them over and counts once more.
CREATE OR REPLACE FUNCTION aidcase.move_handover() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    there jsonb;
    differs text;
BEGIN
    IF NEW.state = 'released' THEN
        INSERT INTO aidcase.case_handover_item (handover_id, unit_id, to_unit_id, case_id, kind, subject, subject_id, amount)
        SELECT NEW.handover_id, NEW.unit_id, NEW.to_unit_id, i.case_id, i.kind, i.subject, i.subject_id, i.amount
          FROM aidcase.handover_items(NEW.unit_id, NEW.to_unit_id, NEW.villages) AS i
         ORDER BY i.kind COLLATE "C", i.subject COLLATE "C", i.subject_id;
    END IF;
    IF NEW.villages IS NOT NULL AND NEW.state IN ('released', 'accepted', 'declined', 'withdrawn') THEN
        UPDATE aidcase.case_transfer AS t SET state = NEW.state, reason = NEW.reason, occurred_at = NEW.occurred_at
          FROM aidcase.aid_case AS c
         WHERE c.case_id = t.case_id AND c.village_id = ANY (NEW.villages) AND t.unit_id = NEW.unit_id AND t.to_unit_id = NEW.to_unit_id
           AND t.note = 'hand-over ' || NEW.handover_id
           AND t.state = CASE WHEN NEW.state IN ('released', 'withdrawn') THEN 'proposed' ELSE 'released' END;
    END IF;
    IF NEW.state = 'accepted' THEN
        SELECT k.counts INTO there FROM aidcase.handover_counts(NEW.unit_id, NEW.to_unit_id, NEW.villages) AS k;
        SELECT string_agg(format('%s %s instead of %s', r.key, there -> r.key ->> 'items', r.value ->> 'items'), ', ' ORDER BY r.key) INTO differs
          FROM jsonb_each(NEW.released) AS r WHERE r.value <> there -> r.key AND r.key <> 'review_due';
        IF differs IS NOT NULL THEN
            RAISE EXCEPTION 'the receiving side would have something else than was signed'
                USING ERRCODE = 'ZA003', DETAIL = 'Found: ' || differs || '.', HINT = 'Decline it, and settle what hinders the transfer of these cases.';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.move_handover() IS
    '触发器:移交时固定清单,接收时转接并再次清点 / trigger: the release fixes the list, the acceptance takes it over and counts again';
REVOKE ALL ON FUNCTION aidcase.move_handover() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_move" AFTER UPDATE ON aidcase.case_handover
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION aidcase.move_handover();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.case_handover_item
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

/*
 * Prepares a hand-over; a dry run only tells what would go over.  From the
 * district, all cases of the unit; from another unit, those of the villages
 * that now lie below the receiving one.  advance('case_handover', id,
 * 'release') by a second officer of the giver signs it, 'accept' by the
 * leader of the unit takes it over.
 */
CREATE OR REPLACE FUNCTION aidcase.hand_over_cases(from_unit text, to_unit text, document_no text, villages text[] DEFAULT NULL, dry_run boolean DEFAULT true)
RETURNS TABLE (kind text, items bigint, yuan numeric, handover_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    giver CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit_now AS u WHERE u.unit_code = from_unit AND u.level IN ('district', 'unit'));
    taker CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit_now AS u WHERE u.unit_code = to_unit AND u.level = 'unit');
    the_document CONSTANT bigint := (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = document_no);
    the_villages CONSTANT bigint[] := (SELECT array_agg(u.unit_id ORDER BY u.unit_id) FROM aidcase.unit AS u WHERE u.unit_code = ANY (villages));
    made bigint;
BEGIN
    PERFORM aidcase.raise_faults('hand-over of cases', ARRAY(
        SELECT f.path || ': ' || f.reason FROM (
            SELECT 'from_unit' AS path, 'is neither the district nor a unit that handles cases' AS reason WHERE giver IS NULL
            UNION ALL
            SELECT 'from_unit', 'is not yours' WHERE NOT giver = ANY (aidcase.my_units())
            UNION ALL
            SELECT 'to_unit', 'is no unit that handles cases' WHERE taker IS NULL
            UNION ALL
            SELECT 'to_unit', 'is the giving unit' WHERE giver = taker
            UNION ALL
            SELECT 'to_unit', 'holds no delegation today'
             WHERE NOT EXISTS (SELECT FROM aidcase.delegation AS d WHERE d.unit_id = taker AND d.valid @> aidcase.today()) AND taker IS NOT NULL
            UNION ALL
            SELECT 'to_unit', format('has hand-over %s that is not settled', h.handover_id)
              FROM aidcase.case_handover AS h WHERE h.to_unit_id = taker AND h.state IN ('prepared', 'released')
            UNION ALL
            SELECT 'document_no', 'is no document of table policy_document' WHERE the_document IS NULL
            UNION ALL
            SELECT 'villages', CASE WHEN villages IS NULL THEN 'is missing: a unit hands over the cases of villages'
                                    ELSE 'goes with a giving unit, not with the district' END
             WHERE giver IS NOT NULL AND (villages IS NULL) <> (giver = aidcase.district_id())
            UNION ALL
            SELECT format('villages[%s]', v.n - 1), 'does not lie below the receiving unit today'
              FROM unnest(villages) WITH ORDINALITY AS v (code, n)
             WHERE NOT EXISTS (SELECT FROM aidcase.unit_now AS u WHERE u.unit_code = v.code AND u.parent_id = taker)) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: SELECT * FROM aidcase.hand_over_cases(''340705'', ''340705404'', ''办发〔2021〕15号'', dry_run => true).');
    IF NOT dry_run THEN
        INSERT INTO aidcase.case_handover (unit_id, to_unit_id, villages, document_id)
        VALUES (giver, taker, the_villages, the_document) RETURNING handover_id INTO made;
        -- petitions that the district has not accepted go to the unit
        IF the_villages IS NULL THEN
            INSERT INTO aidcase.petition (unit_id, about_unit_id, case_id, form, kind, petitioner, contact, content)
            SELECT taker, p.about_unit_id, p.case_id, p.form, p.kind, p.petitioner, p.contact, p.content
              FROM aidcase.handover_items(giver, taker, NULL) AS i JOIN aidcase.petition AS p ON p.petition_id = i.subject_id
             WHERE i.kind = 'petition' AND p.state = 'received' AND p.unit_id = giver ORDER BY p.petition_id;
            UPDATE aidcase.petition AS p SET state = 'passed_on', reason = format('hand-over %s', made)
              FROM aidcase.handover_items(giver, taker, NULL) AS i
             WHERE i.kind = 'petition' AND p.petition_id = i.subject_id AND p.state = 'received' AND p.unit_id = giver;
        END IF;
        IF the_villages IS NOT NULL THEN
            INSERT INTO aidcase.case_transfer (case_id, unit_id, to_unit_id, to_village_id, grounds, note)
            SELECT c.case_id, giver, taker, c.village_id, 'boundary', 'hand-over ' || made
              FROM aidcase.aid_case AS c WHERE c.unit_id = giver AND c.village_id = ANY (the_villages) ORDER BY c.case_id;
        END IF;
    END IF;
    RETURN QUERY
    SELECT l.code, (k.counts -> l.code ->> 'items')::bigint, (k.counts -> l.code ->> 'yuan')::numeric, made
      FROM aidcase.handover_counts(giver, taker, the_villages) AS k
      JOIN aidcase.label AS l ON l.code_set = 'case_handover_item.kind'
     ORDER BY l.sort;
END
$$;
COMMENT ON FUNCTION aidcase.hand_over_cases(text, text, text, text[], boolean) IS
    '向新受托单位移交在办事项:区里移交该单位全部档案,其他单位移交所列村居档案;默认只试算,返回各类数目 / prepares the hand-over of live cases to a newly delegated unit, from the district or, for villages, from the unit before; by default a dry run; returns the counts by kind';
REVOKE ALL ON FUNCTION aidcase.hand_over_cases(text, text, text, text[], boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.hand_over_cases(text, text, text, text[], boolean) TO aidcase_clerk, aidcase_leader, aidcase_bureau;
