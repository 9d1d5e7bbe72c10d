-- transfer: a case goes to another unit, or out of the district.  The giving
-- unit releases it with its counts, the receiving one accepts the same
-- counts; then the case, what is undecided and what is granted go over.

-- What a case brings along.
CREATE OR REPLACE FUNCTION aidcase.transfer_counts(case_id bigint, area text, on_date date,
    OUT members integer, OUT awards integer, OUT monthly_amount numeric, OUT last_paid_month date, OUT first_month date,
    OUT open_rounds integer, OUT documents integer)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT (SELECT count(*) FROM aidcase.case_member AS m
             WHERE m.round_id = (SELECT r.round_id FROM aidcase.case_round AS r
                                  WHERE r.case_id = transfer_counts.case_id AND r.round_kind <> 'emergency'
                                  ORDER BY r.decided_on IS NULL, r.round_no DESC LIMIT 1)
               AND NOT m.void)::integer,
           c.awards, c.monthly_amount,
           (SELECT max(p.benefit_month) FROM aidcase.payment AS p
             WHERE p.case_id = transfer_counts.case_id AND p.line_kind IN ('current', 'arrears')),
           c.first_month,
           (SELECT count(*) FROM aidcase.case_round AS r
              JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
             WHERE r.case_id = transfer_counts.case_id AND NOT s.frozen)::integer,
           (SELECT count(*) FROM aidcase.document_delivery AS d WHERE d.case_id = transfer_counts.case_id)::integer
      FROM (SELECT count(*)::integer AS awards, coalesce(sum(a.amount), 0) AS monthly_amount, min(a.from_month) AS first_month
              FROM aidcase.awards_to_carry(transfer_counts.case_id, transfer_counts.area, transfer_counts.on_date, 'transfer') AS a) AS c
$$;
COMMENT ON FUNCTION aidcase.transfer_counts(bigint, text, date) IS
    '内部:迁移时双方核对的数目 / internal: what both sides of a transfer count';
REVOKE ALL ON FUNCTION aidcase.transfer_counts(bigint, text, date) FROM PUBLIC;

-- Trigger before the gate: a new transfer is of the unit's own case and to a
-- unit that handles cases; a release writes the counts, whatever was given.
CREATE OR REPLACE FUNCTION aidcase.prepare_transfer() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_case aidcase.aid_case;
    fault text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.state = 'released' AND OLD.state <> 'released' THEN
            SELECT k.members, k.awards, k.monthly_amount, k.last_paid_month, k.open_rounds, k.documents
              INTO NEW.members, NEW.awards, NEW.monthly_amount, NEW.last_paid_month, NEW.open_rounds, NEW.documents
              FROM aidcase.unit AS u
             CROSS JOIN LATERAL aidcase.transfer_counts(NEW.case_id, u.unit_code, aidcase.today()) AS k
             WHERE u.unit_id = NEW.unit_id;
        ELSIF NEW.state = 'accepted' AND OLD.state = 'released' AND NEW.to_unit_id IS NULL AND NEW.receipt_no IS NULL THEN
            RAISE EXCEPTION 'cannot accept: 1 condition is not met'
                USING ERRCODE = 'ZA003', DETAIL = 'No receipt of the other district is named.',
                      HINT = 'Give receipt_no with the move: advance(''case_transfer'', …, ''accept'', NULL, ''{"receipt_no": "…"}'').';
        END IF;
        RETURN NEW;
    END IF;
    SELECT c.* INTO the_case FROM aidcase.aid_case AS c WHERE c.case_id = NEW.case_id;
    fault := CASE
        WHEN the_case.case_id IS NULL OR the_case.unit_id IS DISTINCT FROM NEW.unit_id THEN 'The case is none of the unit.'
        WHEN NEW.to_unit_id IS NOT NULL AND NOT EXISTS (SELECT FROM aidcase.unit_now AS u WHERE u.unit_id = NEW.to_unit_id AND u.level = 'unit')
            THEN 'The receiving unit handles no cases.'
        WHEN NEW.to_unit_id IS NOT NULL AND NOT aidcase.unit_below(NEW.to_village_id, NEW.to_unit_id, aidcase.today())
            THEN 'The village is none of the receiving unit.' END;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'a transfer cannot be opened so'
            USING ERRCODE = '22023', DETAIL = fault, HINT = 'Open it with aidcase.transfer_case().';
    END IF;
    NEW.case_no := the_case.case_no;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.prepare_transfer() IS
    '触发器:迁移须为本单位个案;移交时写入数目 / trigger: a transfer is of the unit''s own case; a release writes the counts';
REVOKE ALL ON FUNCTION aidcase.prepare_transfer() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~0_check" BEFORE INSERT OR UPDATE ON aidcase.case_transfer
    FOR EACH ROW EXECUTE FUNCTION aidcase.prepare_transfer();

-- Guards.
CREATE OR REPLACE FUNCTION aidcase.guard_nothing_undecided(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT 'A round is not decided while benefits run.'
      FROM aidcase.case_transfer AS t
      JOIN aidcase.unit AS u ON u.unit_id = t.unit_id
     CROSS JOIN LATERAL aidcase.transfer_counts(t.case_id, u.unit_code, guard_nothing_undecided.on_date) AS k
     WHERE t.transfer_id = guard_nothing_undecided.id AND k.awards > 0
       AND EXISTS (SELECT FROM aidcase.case_round AS r
                     JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
                    WHERE r.case_id = t.case_id AND r.round_kind <> 'emergency' AND NOT s.frozen)
$$;
COMMENT ON FUNCTION aidcase.guard_nothing_undecided(text, bigint, bigint, date) IS
    '流转条件:享受待遇期间没有未决轮次 / guard: no round is undecided while benefits run';

CREATE OR REPLACE FUNCTION aidcase.guard_transfer_agrees(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT 'The file differs from what was released: ' || d.differs || '.'
      FROM aidcase.case_transfer AS t
      JOIN aidcase.unit AS u ON u.unit_id = t.unit_id
     CROSS JOIN LATERAL aidcase.transfer_counts(t.case_id, u.unit_code, guard_transfer_agrees.on_date) AS k
     CROSS JOIN LATERAL (
            SELECT string_agg(format('%s %s instead of %s', v.what, coalesce(v.now, 'none'), coalesce(v.was, 'none')), ', ' ORDER BY v.n) AS differs
              FROM (VALUES (1, 'members', t.members::text, k.members::text),
                           (2, 'awards', t.awards::text, k.awards::text),
                           (3, 'last paid month', to_char(t.last_paid_month, 'YYYY-MM'), to_char(k.last_paid_month, 'YYYY-MM')),
                           (4, 'open rounds', t.open_rounds::text, k.open_rounds::text),
                           (5, 'documents', t.documents::text, k.documents::text)) AS v (n, what, was, now)
             WHERE v.was IS DISTINCT FROM v.now) AS d
     WHERE t.transfer_id = guard_transfer_agrees.id AND d.differs IS NOT NULL
    UNION ALL
    SELECT 'You released it yourself.' FROM aidcase.case_transfer AS t
     WHERE t.transfer_id = guard_transfer_agrees.id AND t.moved_by = guard_transfer_agrees.staff_id
     LIMIT 1
$$;
COMMENT ON FUNCTION aidcase.guard_transfer_agrees(text, bigint, bigint, date) IS
    '流转条件:接收时数目与移交时一致,接收人非移交人 / guard: the counts are those of the release, and somebody else accepts';

CREATE OR REPLACE FUNCTION aidcase.guard_round_transferred(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT 'No accepted transfer brought the case to this unit.'
      FROM aidcase.case_round AS r
     WHERE r.round_id = guard_round_transferred.id
       AND NOT EXISTS (SELECT FROM aidcase.case_transfer AS t
                        WHERE t.case_id = r.case_id AND t.to_unit_id = r.unit_id AND t.accepted_on = guard_round_transferred.on_date)
$$;
COMMENT ON FUNCTION aidcase.guard_round_transferred(text, bigint, bigint, date) IS
    '流转条件:迁移已由本单位接收 / guard: an accepted transfer brought the case to the unit';
REVOKE ALL ON FUNCTION aidcase.guard_nothing_undecided(text, bigint, bigint, date), aidcase.guard_transfer_agrees(text, bigint, bigint, date),
    aidcase.guard_round_transferred(text, bigint, bigint, date) FROM PUBLIC;

-- Trigger: an accepted transfer takes the case over.
CREATE OR REPLACE FUNCTION aidcase.accept_transfer() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    source aidcase.case_round;
    the_round bigint;
BEGIN
    -- a roll that is being made now is waited for
    PERFORM FROM aidcase.award AS a WHERE a.case_id = NEW.case_id ORDER BY a.award_id FOR NO KEY UPDATE;
    IF NEW.to_unit_id IS NULL THEN
        WITH ended AS (
            UPDATE aidcase.award AS a
               SET months = CASE WHEN lower(a.months) < c.from_month THEN daterange(lower(a.months), c.from_month) ELSE 'empty' END,
                   stop_reason = 'moved_out'
              FROM aidcase.unit AS u
             CROSS JOIN LATERAL aidcase.awards_to_carry(NEW.case_id, u.unit_code, NEW.accepted_on, 'transfer') AS c
             WHERE u.unit_id = NEW.unit_id AND a.award_id = c.award_id
            RETURNING a.award_id, a.months)
        UPDATE aidcase.award_person AS q SET months = e.months FROM ended AS e WHERE q.award_id = e.award_id;
        PERFORM aidcase.end_review_clocks(ARRAY[NEW.case_id], (SELECT max(r.round_id) FROM aidcase.case_round AS r WHERE r.case_id = NEW.case_id));
        RETURN NULL;
    END IF;
    SELECT r.* INTO source
      FROM aidcase.case_round AS r
     WHERE r.case_id = NEW.case_id AND r.decided_on IS NOT NULL AND r.round_kind <> 'emergency'
     ORDER BY r.round_no DESC LIMIT 1;
    UPDATE aidcase.aid_case AS c
       SET unit_id = NEW.to_unit_id, village_id = NEW.to_village_id, address = coalesce(NEW.address, c.address)
     WHERE c.case_id = NEW.case_id;
    -- what is not decided goes along
    UPDATE aidcase.case_round AS r
       SET unit_id = NEW.to_unit_id, handler_id = aidcase.current_staff()
      FROM aidcase.workflow_state AS s
     WHERE r.case_id = NEW.case_id AND r.unit_id = NEW.unit_id AND r.round_kind <> 'emergency'
       AND s.workflow_id = r.workflow_id AND s.state = r.state AND NOT s.frozen;
    UPDATE aidcase.deadline AS d
       SET unit_id = NEW.to_unit_id
      FROM aidcase.case_round AS r
     WHERE d.case_id = NEW.case_id AND d.unit_id = NEW.unit_id AND d.met_at IS NULL AND d.cancelled_at IS NULL
       AND d.subject = 'case_round' AND r.round_id = d.subject_id AND r.round_kind <> 'emergency';
    PERFORM aidcase.reroute_units(ARRAY[NEW.to_unit_id], 'transfer of the case');
    -- what is decided is carried on by a round of the receiving unit
    IF source.round_id IS NOT NULL AND NEW.open_rounds = 0 THEN
        INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id, occurred_at)
        SELECT NEW.case_id, NEW.to_unit_id, 'transfer',
               1 + (SELECT max(r.round_no) FROM aidcase.case_round AS r WHERE r.case_id = NEW.case_id),
               source.channel, NEW.occurred_at, aidcase.current_staff(), NEW.occurred_at
        RETURNING round_id INTO the_round;
        PERFORM aidcase.copy_facts(source.round_id, the_round);
        PERFORM aidcase.carry_decision(the_round);
        UPDATE aidcase.case_round AS r SET state = 'carried_on', occurred_at = NEW.occurred_at WHERE r.round_id = the_round;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.accept_transfer() IS
    '触发器:接收迁移后个案、未决轮次和待遇转入接收单位 / trigger: an accepted transfer takes case, undecided rounds and awards to the receiving unit, or ends the benefits of who leaves the district';
REVOKE ALL ON FUNCTION aidcase.accept_transfer() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_accept" AFTER UPDATE ON aidcase.case_transfer
    FOR EACH ROW WHEN (NEW.accepted_on IS NOT NULL AND OLD.accepted_on IS NULL) EXECUTE FUNCTION aidcase.accept_transfer();

-- Proposes a transfer: to a unit of the district with its village, or to a
-- place outside.  Returns what will go over and what would be refused today.
CREATE OR REPLACE FUNCTION aidcase.transfer_case(case_id bigint, to_unit text, to_village text DEFAULT NULL,
    grounds text DEFAULT 'moved', address text DEFAULT NULL, note text DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (transfer_id bigint, members integer, awards integer, monthly_amount numeric, last_paid_month date,
               first_month date, open_rounds integer, documents integer, unmet text[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_case aidcase.aid_case;
    the_code text;
    the_unit CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit_now AS u WHERE u.unit_code = to_unit AND u.level = 'unit');
    the_village CONSTANT bigint := (SELECT u.unit_id FROM aidcase.unit_now AS u WHERE u.unit_code = to_village);
    outside CONSTANT boolean := to_unit !~ '^[0-9]+$';
    made bigint;
    refused text[];
BEGIN
    SELECT c.* INTO the_case FROM aidcase.aid_case AS c
     WHERE c.case_id = transfer_case.case_id AND c.unit_id = ANY (aidcase.my_units()) FOR NO KEY UPDATE;
    PERFORM aidcase.raise_faults('transfer', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT 'case_id' AS path, 'is no case of your units' AS reason WHERE the_case.case_id IS NULL
                UNION ALL
                SELECT 'to_unit', CASE WHEN coalesce(btrim(to_unit), '') = '' THEN 'is missing'
                                       WHEN the_unit IS NULL AND NOT outside THEN 'is no unit that handles cases'
                                       WHEN the_unit = the_case.unit_id THEN 'is the unit that has the case' END
                UNION ALL
                SELECT 'to_village', CASE WHEN outside THEN CASE WHEN to_village IS NOT NULL THEN 'goes with a unit of the district only' END
                                          WHEN to_village IS NULL THEN 'is missing'
                                          WHEN the_village IS NULL THEN 'is no village or committee'
                                          WHEN NOT aidcase.unit_below(the_village, the_unit, aidcase.today()) THEN 'does not lie below the unit' END
                UNION ALL
                SELECT 'grounds', 'must be one of ' || string_agg(l.code, ', ' ORDER BY l.sort)
                  FROM aidcase.label AS l WHERE l.code_set = 'case_transfer.grounds'
                HAVING NOT coalesce(bool_or(l.code = transfer_case.grounds), false)
                UNION ALL
                SELECT 'case_id', format('has transfer %s that is not settled', t.transfer_id)
                  FROM aidcase.case_transfer AS t
                 WHERE t.case_id = the_case.case_id AND t.state IN ('proposed', 'released')) AS f
         WHERE f.reason IS NOT NULL
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: SELECT * FROM aidcase.transfer_case(1, ''340705005'', ''340705005001'', dry_run => true). Outside the district, give the name of the place as to_unit.');
    BEGIN
        INSERT INTO aidcase.case_transfer (case_id, unit_id, to_unit_id, to_village_id, to_place, address, grounds, note)
        VALUES (the_case.case_id, the_case.unit_id, CASE WHEN NOT outside THEN the_unit END,
                CASE WHEN NOT outside THEN the_village END, CASE WHEN outside THEN to_unit END, address, grounds, note)
        RETURNING transfer_id INTO made;
        refused := array_remove(ARRAY[aidcase.guard_nothing_undecided('case_transfer', made, aidcase.current_staff(), aidcase.today())], NULL);
        IF dry_run THEN
            RAISE SQLSTATE 'R0LLB';
        END IF;
    EXCEPTION WHEN SQLSTATE 'R0LLB' THEN
        made := NULL;
    END;
    SELECT u.unit_code INTO the_code FROM aidcase.unit AS u WHERE u.unit_id = coalesce(the_unit, the_case.unit_id);
    RETURN QUERY
    SELECT made, k.members, k.awards, k.monthly_amount, k.last_paid_month, k.first_month, k.open_rounds, k.documents, refused
      FROM aidcase.transfer_counts(the_case.case_id, the_code, aidcase.today()) AS k;
END
$$;
COMMENT ON FUNCTION aidcase.transfer_case(bigint, text, text, text, text, text, boolean) IS
    '提出迁移:区内单位及村居,或区外地点;返回将转出的数目、已发至月份、承接首月;dry_run 只试算。经移交 (release)、接收 (accept) 后生效 / proposes that a case goes to another unit, or out of the district; returns what goes over, the last month paid and the first one paid there; takes effect by release and accept; dry_run writes nothing';
REVOKE ALL ON FUNCTION aidcase.transfer_case(bigint, text, text, text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.transfer_case(bigint, text, text, text, text, text, boolean)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau;

-- Both sides of every accepted transfer: what was released and what the
-- receiving unit has of it.
CREATE OR REPLACE VIEW aidcase.transfer_list WITH (security_invoker = true) AS
SELECT t.transfer_id, t.case_no, f.unit_code AS from_unit, o.unit_code AS to_unit, t.to_place, t.grounds,
       t.released_on, t.accepted_on, t.last_paid_month,
       t.members, t.awards, t.monthly_amount,
       n.members AS members_there, n.awards AS awards_there, n.monthly_amount AS monthly_amount_there,
       t.to_unit_id IS NULL OR t.open_rounds > 0
           OR (t.members, t.awards, t.monthly_amount) IS NOT DISTINCT FROM (n.members, n.awards, n.monthly_amount) AS agree
  FROM aidcase.case_transfer AS t
  JOIN aidcase.unit AS f ON f.unit_id = t.unit_id
  LEFT JOIN aidcase.unit AS o ON o.unit_id = t.to_unit_id
  LEFT JOIN aidcase.case_round AS r ON r.case_id = t.case_id AND r.unit_id = t.to_unit_id AND r.round_kind = 'transfer'
                                   AND r.decided_on = t.accepted_on
 CROSS JOIN LATERAL (
        SELECT (SELECT count(*) FROM aidcase.case_member AS m WHERE m.round_id = r.round_id AND NOT m.void)::integer AS members,
               (SELECT count(*) FROM aidcase.award AS a WHERE a.round_id = r.round_id)::integer AS awards,
               (SELECT coalesce(sum(a.amount), 0) FROM aidcase.award AS a WHERE a.round_id = r.round_id) AS monthly_amount) AS n
 WHERE t.accepted_on IS NOT NULL;
COMMENT ON VIEW aidcase.transfer_list IS
    '已接收的迁移:迁出、迁入双方数目 / accepted transfers with the counts of both sides';
COMMENT ON COLUMN aidcase.transfer_list.transfer_id IS '迁移 / transfer';
COMMENT ON COLUMN aidcase.transfer_list.case_no IS '档案号 / case number';
COMMENT ON COLUMN aidcase.transfer_list.from_unit IS '迁出单位 / giving unit';
COMMENT ON COLUMN aidcase.transfer_list.to_unit IS '迁入单位;空为迁出本区 / receiving unit; NULL = out of the district';
COMMENT ON COLUMN aidcase.transfer_list.to_place IS '区外地点 / place outside the district';
COMMENT ON COLUMN aidcase.transfer_list.grounds IS '事由 / grounds';
COMMENT ON COLUMN aidcase.transfer_list.released_on IS '移交日期 / date of release';
COMMENT ON COLUMN aidcase.transfer_list.accepted_on IS '接收日期 / date of acceptance';
COMMENT ON COLUMN aidcase.transfer_list.last_paid_month IS '已发至月份;空为未发放 / last month paid; NULL = none';
COMMENT ON COLUMN aidcase.transfer_list.members IS '移交时人数 / persons as released';
COMMENT ON COLUMN aidcase.transfer_list.awards IS '移交时待遇项数 / benefits as released';
COMMENT ON COLUMN aidcase.transfer_list.monthly_amount IS '移交时月待遇 (元) / yuan a month as released';
COMMENT ON COLUMN aidcase.transfer_list.members_there IS '接收后人数 / persons as received';
COMMENT ON COLUMN aidcase.transfer_list.awards_there IS '接收后待遇项数 / benefits as received';
COMMENT ON COLUMN aidcase.transfer_list.monthly_amount_there IS '接收后月待遇 (元) / yuan a month as received';
COMMENT ON COLUMN aidcase.transfer_list.agree IS '双方一致 / both sides agree';
REVOKE ALL ON TABLE aidcase.transfer_list FROM PUBLIC;
GRANT SELECT ON TABLE aidcase.transfer_list TO aidcase_bureau, aidcase_inspector;
