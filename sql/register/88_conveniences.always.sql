-- conveniences: many moves at once, what happened in a case, who decided it.

-- Moves many rows; each is judged by itself, in the order of cases, so that
-- two lists do not wait for each other in a circle.
CREATE OR REPLACE FUNCTION aidcase.advance_many(subject text, ids bigint[], action text,
    reason text DEFAULT NULL, details jsonb DEFAULT '{}')
RETURNS TABLE (id bigint, accepted boolean, state text, code text, message text, detail text, hint text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    one bigint;
    ordered bigint[];
    key text := aidcase.subject_key(advance_many.subject);
BEGIN
    IF advance_many.ids IS NULL OR advance_many.action IS NULL THEN
        RAISE EXCEPTION 'moves need rows and an action'
            USING ERRCODE = '22023',
                  HINT = 'Example: SELECT * FROM aidcase.advance_many(''case_round'', ARRAY[1, 2], ''accept'').';
    END IF;
    EXECUTE format('SELECT array_agg(DISTINCT v.id ORDER BY v.id) FROM unnest($1) AS v (id)') INTO ordered USING advance_many.ids;
    IF EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = format('aidcase.%I', advance_many.subject)::regclass
                                               AND a.attname = 'case_id' AND NOT a.attisdropped) THEN
        EXECUTE format('SELECT array_agg(v.id ORDER BY t.case_id, v.id) FROM unnest($1) AS v (id)'
                       ' LEFT JOIN aidcase.%I AS t ON t.%I = v.id', advance_many.subject, key)
           INTO ordered USING ordered;
    END IF;
    FOREACH one IN ARRAY coalesce(ordered, '{}') LOOP
        id := one;
        accepted := true;
        code := NULL; message := NULL; detail := NULL; hint := NULL;
        BEGIN
            state := aidcase.advance(advance_many.subject, one, advance_many.action, advance_many.reason, advance_many.details);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                                    detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            accepted := false;
            state := NULL;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION aidcase.advance_many(text, bigint[], text, text, jsonb) IS
    '批量流转:逐行判断,返回成功与被拒的各行及全部理由;被拒的不影响其他 / moves many rows, each judged by itself: those accepted with their new state, those refused with all reasons; a refused one takes nothing from the others';
REVOKE ALL ON FUNCTION aidcase.advance_many(text, bigint[], text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.advance_many(text, bigint[], text, text, jsonb)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_payer;

-- Everything that happened in a case that the caller may read: moves of every
-- subject (from the ledger), facts by their times, limits met and missed.
CREATE OR REPLACE FUNCTION aidcase.case_timeline(case_id bigint)
RETURNS TABLE (happened_at timestamptz, entered_at timestamptz, subject text, id bigint, kind text,
               what text, label_zh text, label_en text, staff_no text, reason text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    parts text[];
BEGIN
    IF NOT EXISTS (SELECT FROM aidcase.aid_case AS c WHERE c.case_id = case_timeline.case_id) THEN
        RAISE EXCEPTION 'there is no case % in your units', coalesce(case_timeline.case_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'Table aidcase.aid_case lists the cases that you may see.';
    END IF;
    -- moves
    SELECT array_agg(format($q$
        SELECT (h.image ->> 'occurred_at')::timestamptz, h.at, %1$L::text, t.%2$I,
               CASE h.operation WHEN 'I' THEN 'opened' ELSE 'moved' END, h.image ->> 'state',
               s.label_zh, s.label_en, f.staff_no, h.image ->> 'reason', h.entry_no
          FROM aidcase.%1$I AS t
         CROSS JOIN LATERAL aidcase.history(%1$L, t.%2$I::text) AS h
          JOIN aidcase.workflow_state AS s ON s.workflow_id = t.workflow_id AND s.state = h.image ->> 'state'
          LEFT JOIN aidcase.staff AS f ON f.staff_id = h.staff_id
         WHERE t.case_id = $1 AND (h.operation = 'I' OR 'state' = ANY (h.changed))$q$, w.subject, aidcase.subject_key(w.subject)))
      INTO parts
      FROM (SELECT DISTINCT w.subject FROM aidcase.workflow AS w
              JOIN pg_attribute AS a ON a.attrelid = to_regclass(format('aidcase.%I', w.subject))
                                    AND a.attname = 'case_id' AND NOT a.attisdropped
              JOIN pg_attribute AS b ON b.attrelid = a.attrelid AND b.attname = 'state'
             WHERE has_column_privilege(a.attrelid, a.attnum, 'SELECT')
               AND has_column_privilege(b.attrelid, b.attnum, 'SELECT')) AS w;
    -- facts: every time that a table of the case records
    parts := parts || ARRAY(
        SELECT format($q$SELECT t.%2$I, NULL::timestamptz, %1$L::text, t.%3$I, 'fact', %2$L::text, %4$L::text, %5$L::text, NULL::text, NULL::text, NULL::bigint
                          FROM aidcase.%1$I AS t WHERE t.case_id = $1 AND t.%2$I IS NOT NULL$q$,
                      c.relname, a.attname, k.attname, split_part(obj_description(c.oid, 'pg_class'), ' / ', 1),
                      split_part(obj_description(c.oid, 'pg_class'), ' / ', 2))
          FROM pg_class AS c
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.atttypid = 'timestamptz'::regtype AND NOT a.attisdropped
                                AND a.attname IN ('requested_at', 'returned_at', 'raised_at', 'cleared_at', 'visited_at', 'evaluated_at',
                                                  'determined_at', 'delivered_at', 'handed_at', 'asked_at', 'signed_at', 'extended_at')
          JOIN pg_attribute AS i ON i.attrelid = c.oid AND i.attname = 'case_id' AND NOT i.attisdropped
          JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisprimary AND x.indnkeyatts = 1
          JOIN pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = x.indkey[0] AND k.atttypid = 'bigint'::regtype
         WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r'
           AND has_column_privilege(c.oid, a.attnum, 'SELECT') AND has_column_privilege(c.oid, i.attnum, 'SELECT')
           AND has_column_privilege(c.oid, k.attnum, 'SELECT')
         ORDER BY c.relname, a.attnum);
    -- time limits
    IF has_table_privilege('aidcase.deadline', 'SELECT') THEN
        parts := parts || $q$
        SELECT CASE WHEN d.cancelled_at IS NOT NULL THEN d.cancelled_at WHEN d.met_at < d.due_at THEN d.met_at ELSE d.due_at END,
               CASE WHEN d.met_at < d.due_at THEN d.met_entered_at END, d.subject, d.subject_id, 'limit',
               CASE WHEN d.cancelled_at IS NOT NULL THEN 'cancelled' WHEN d.met_at < d.due_at THEN 'met'
                    WHEN d.met_at IS NOT NULL OR d.due_at <= aidcase.now_here() THEN 'missed' ELSE 'due' END,
               k.label_zh, k.label_en, NULL, d.cancel_reason, NULL
          FROM aidcase.deadline AS d JOIN aidcase.clock AS k USING (clock) WHERE d.case_id = $1$q$::text;
    END IF;
    RETURN QUERY EXECUTE 'SELECT happened_at, entered_at, subject, id, kind, what, label_zh, label_en, staff_no, reason FROM (' || array_to_string(parts, ' UNION ALL ')
        || ') AS x (happened_at, entered_at, subject, id, kind, what, label_zh, label_en, staff_no, reason, entry)'
           ' ORDER BY happened_at, entry NULLS FIRST, subject COLLATE "C", id, kind COLLATE "C" DESC, what COLLATE "C"' USING case_timeline.case_id;
END
$$;
COMMENT ON FUNCTION aidcase.case_timeline(bigint) IS
    '一户经过:各事项的流转、各项事实、各时限,按发生时间;限调用者可见范围 / what happened in a case, in the order of time: moves of every subject with who made them, facts, time limits; what the caller may read';
REVOKE ALL ON FUNCTION aidcase.case_timeline(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.case_timeline(bigint)
    TO aidcase_committee, aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

-- Each decided round: who decided it, on what, under which delegation, with
-- which relatives, drawn or not, and what was paid.
CREATE OR REPLACE VIEW aidcase.case_audit WITH (security_invoker = true) AS
SELECT r.round_id, r.case_id, c.case_no, r.unit_id, u.unit_code, r.round_kind, r.state, r.decided_on,
       (SELECT f.staff_no FROM aidcase.history('case_round', r.round_id::text) AS h
          LEFT JOIN aidcase.staff AS f ON f.staff_id = h.staff_id
         WHERE 'decided_on' = ANY (h.changed) ORDER BY h.entry_no LIMIT 1) AS decided_by,
       m.minutes_no,
       (SELECT jsonb_agg(jsonb_build_object('staff', f.staff_no, 'vote', v.vote) ORDER BY f.staff_no)
          FROM aidcase.review_vote AS v JOIN aidcase.staff AS f USING (staff_id)
         WHERE v.round_id = r.round_id AND v.meeting_id = r.meeting_id) AS votes,
       (SELECT jsonb_agg(jsonb_build_object('programme', o.programme, 'outcome', o.outcome, 'amount', o.amount,
                                            'determination', o.determination_id, 'eligible', d.eligible,
                                            'refusal_reason', o.refusal_reason) ORDER BY o.opinion_id)
          FROM aidcase.assistance_opinion AS o LEFT JOIN aidcase.determination AS d USING (determination_id)
         WHERE o.round_id = r.round_id AND NOT o.void) AS lines,
       jsonb_build_object(
           'members', (SELECT count(*) FROM aidcase.case_member AS x WHERE x.round_id = r.round_id AND NOT x.void),
           'incomes', (SELECT count(*) FROM aidcase.income_item AS x WHERE x.round_id = r.round_id AND NOT x.void),
           'checks', (SELECT count(*) FROM aidcase.registry_check AS x WHERE x.round_id = r.round_id),
           'hits', (SELECT count(*) FROM aidcase.registry_hit AS x WHERE x.round_id = r.round_id),
           'visits', (SELECT jsonb_agg(jsonb_build_array(a.staff_no, b.staff_no) ORDER BY x.visit_id)
                        FROM aidcase.home_visit AS x JOIN aidcase.staff AS a ON a.staff_id = x.visitor_id
                        JOIN aidcase.staff AS b ON b.staff_id = x.second_visitor_id
                       WHERE x.round_id = r.round_id AND NOT x.void)) AS facts,
       (SELECT jsonb_agg(jsonb_build_object('programme', g.programme, 'delegation', g.delegation_id, 'document', p.doc_no) ORDER BY g.programme)
          FROM aidcase.delegation AS g JOIN aidcase.policy_document AS p USING (document_id)
         WHERE g.unit_id = r.unit_id AND g.valid @> r.decided_on
           AND g.programme IN (SELECT o.programme FROM aidcase.assistance_opinion AS o WHERE o.round_id = r.round_id AND NOT o.void)) AS delegations,
       (SELECT jsonb_agg(jsonb_build_object('flag', k.flag_type, 'staff', f.staff_no, 'state', k.state, 'path', k.path_zh) ORDER BY k.flag_id)
          FROM aidcase.conflict_flag AS k LEFT JOIN aidcase.staff AS f ON f.staff_id = k.staff_id
         WHERE k.round_id = r.round_id) AS relatives,
       (SELECT jsonb_agg(jsonb_build_object('draw', i.draw_id, 'selected', i.selected) ORDER BY i.draw_id)
          FROM aidcase.draw_item AS i WHERE i.round_id = r.round_id) AS draws,
       (SELECT sum(p.amount) FROM aidcase.award AS a JOIN aidcase.payment AS p USING (award_id) WHERE a.round_id = r.round_id) AS paid,
       (SELECT max(p.benefit_month) FROM aidcase.award AS a JOIN aidcase.payment AS p USING (award_id) WHERE a.round_id = r.round_id) AS paid_until
  FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
  JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
  LEFT JOIN aidcase.review_meeting AS m ON m.meeting_id = r.meeting_id
 WHERE r.decided_on IS NOT NULL;
COMMENT ON VIEW aidcase.case_audit IS
    '决定一览:谁作出、依据何事实和委托、有何亲属关系、是否抽中、发放情况 / decided rounds: who decided, on what facts, under which delegation, with which relatives, drawn, paid';
