-- clocks: extensions, late entries, on-time rates, what waits for whom.

-- The column that is the key of a subject's table; an error for other tables.
CREATE OR REPLACE FUNCTION aidcase.subject_key(subject text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    key text;
BEGIN
    SELECT a.attname INTO key
      FROM pg_class AS c
      JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
     WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relname = subject_key.subject
       AND EXISTS (SELECT FROM aidcase.workflow AS w WHERE w.subject = subject_key.subject);
    IF key IS NULL THEN
        RAISE EXCEPTION 'no procedure governs this table'
            USING ERRCODE = '22023', DETAIL = 'Rows of other tables have no state.',
                  HINT = 'The subjects are listed in table aidcase.workflow.';
    END IF;
    RETURN key;
END
$$;
COMMENT ON FUNCTION aidcase.subject_key(text) IS
    '事项所在表的主键列 / the key column of a table whose rows a procedure governs';

-- Trigger: an extension is made once, while the limit runs, by somebody who
-- may, and lengthens it.
CREATE OR REPLACE FUNCTION aidcase.extend_running() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    d record;
    fault text;
BEGIN
    SELECT e.*, k.kind, k.parameter, k.variant, k.extension_parameter, k.extension_adds, u.unit_code,
           aidcase.date_here(e.started_at) AS from_day
      INTO d
      FROM aidcase.deadline AS e JOIN aidcase.clock AS k USING (clock) JOIN aidcase.unit AS u USING (unit_id)
     WHERE e.deadline_id = NEW.deadline_id FOR NO KEY UPDATE OF e;
    IF NOT FOUND THEN
        RETURN NEW;                     -- the foreign key says so
    END IF;
    PERFORM aidcase.require_post('{unit_leader,bureau_clerk,bureau_leader}', d.unit_id, 'extend this time limit');
    fault := CASE
        WHEN d.extension_parameter IS NULL THEN 'A limit of this kind is not extended.'
        WHEN d.met_at IS NOT NULL OR d.cancelled_at IS NOT NULL THEN 'It does not run any more.'
        WHEN d.due_at <= aidcase.now_here() AND d.paused_at IS NULL THEN 'It has run out already.'
        WHEN d.extension_adds AND NEW.notified_on IS NULL THEN 'The person has not been told.'
        WHEN NEW.notified_on > aidcase.today() THEN 'The person cannot have been told in the future.'
        END;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'the time limit cannot be extended'
            USING ERRCODE = 'ZA003', DETAIL = fault, HINT = 'See aidcase.due_soon and table aidcase.clock.';
    END IF;
    NEW.case_id := d.case_id;
    NEW.unit_id := d.unit_id;
    NEW.former_due_at := d.due_at;
    NEW.extended_at := aidcase.now_here();
    NEW.extended_by := aidcase.current_staff();
    NEW.added := aidcase.parameter(d.extension_parameter, d.unit_code, d.from_day)
               - CASE WHEN d.extension_adds THEN 0 ELSE aidcase.parameter(d.parameter, d.unit_code, d.from_day, NULL, d.variant) END;
    UPDATE aidcase.deadline AS e
       SET length = e.length + NEW.added, due_at = q.due_at, provisional = q.provisional
      FROM aidcase.due_at(d.kind, d.started_at, d.length + NEW.added) AS q
     WHERE e.deadline_id = NEW.deadline_id;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.extend_running() IS
    '触发器:延长在走时限 / trigger: an extension lengthens a running time limit, once';
REVOKE ALL ON FUNCTION aidcase.extend_running() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_extend" BEFORE INSERT ON aidcase.deadline_extension
    FOR EACH ROW EXECUTE FUNCTION aidcase.extend_running();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.deadline_extension
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

CREATE OR REPLACE FUNCTION aidcase.extend_deadline(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["deadline_id", "grounds"],
        "properties": {
          "deadline_id": {"type": "integer"},
          "grounds": {"type": "string", "codes": "deadline_extension.grounds"},
          "note": {"type": "string", "maxLength": 1000},
          "notified_on": {"type": "string", "format": "date", "past": true}}}';
    the_deadline bigint := aidcase.whole_number(doc ->> 'deadline_id');
    the_extension bigint;
BEGIN
    PERFORM aidcase.raise_faults('extension', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'deadline_id', 'is no time limit that you may see'
                 WHERE the_deadline IS NOT NULL
                   AND NOT EXISTS (SELECT FROM aidcase.deadline AS d WHERE d.deadline_id = the_deadline)
                UNION ALL
                SELECT 'deadline_id', 'was extended before'
                 WHERE EXISTS (SELECT FROM aidcase.deadline_extension AS e WHERE e.deadline_id = the_deadline)
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"deadline_id": 1, "grounds": "contested", "note": "…", "notified_on": "2021-04-20"}.');
    INSERT INTO aidcase.deadline_extension (deadline_id, grounds, note, notified_on)
    VALUES (the_deadline, doc ->> 'grounds', doc ->> 'note', aidcase.iso_date(doc ->> 'notified_on'))
    RETURNING extension_id INTO the_extension;
    RETURN the_extension;
END
$$;
COMMENT ON FUNCTION aidcase.extend_deadline(jsonb) IS
    '延长在走时限(有异议等 45 个工作日;信访加 30 日并告知),返回编号 / extends a running time limit once: 45 working days in contested cases, 30 more days for a petition whose writer was told';
REVOKE ALL ON FUNCTION aidcase.extend_deadline(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.extend_deadline(jsonb) TO aidcase_leader, aidcase_bureau;

-- Trigger: a late entry is about a row of the unit, and lies in the past.
CREATE OR REPLACE FUNCTION aidcase.check_late_entry() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    has_case boolean := EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass(format('aidcase.%I', NEW.subject))
                                        AND a.attname = 'case_id' AND NOT a.attisdropped);
    the_unit bigint;
BEGIN
    EXECUTE format('SELECT t.unit_id, %s FROM aidcase.%I AS t WHERE t.%I = $1',
                   CASE WHEN has_case THEN 't.case_id' ELSE 'NULL::bigint' END,
                   NEW.subject, aidcase.subject_key(NEW.subject))
       INTO the_unit, NEW.case_id USING NEW.subject_id;
    IF the_unit IS DISTINCT FROM NEW.unit_id OR NEW.happened_at > aidcase.now_here() THEN
        RAISE EXCEPTION 'a late entry is about something past of a row of the unit'
            USING ERRCODE = '22023',
                  DETAIL = 'The row is none of this unit, or the time lies in the future.',
                  HINT = 'Ask for it with aidcase.request_late_entry().';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_late_entry() IS
    '触发器:补录须为本单位事项且已发生 / trigger: a late entry is about something past of a row of the unit';
REVOKE ALL ON FUNCTION aidcase.check_late_entry() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_check" BEFORE INSERT ON aidcase.late_entry
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_late_entry();

CREATE OR REPLACE FUNCTION aidcase.request_late_entry(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["id", "happened_at", "grounds"],
        "properties": {
          "subject": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "form": "must be the name of a table"},
          "id": {"type": "integer"},
          "happened_at": {"type": "string", "format": "date-time", "past": true},
          "grounds": {"type": "string", "maxLength": 1000}}}';
    the_subject text := coalesce(doc ->> 'subject', 'case_round');
    governed CONSTANT boolean := EXISTS (SELECT FROM aidcase.workflow AS w WHERE w.subject = the_subject);
    the_unit bigint;
    the_entry bigint;
BEGIN
    IF governed THEN
        EXECUTE format('SELECT t.unit_id FROM aidcase.%I AS t WHERE t.%I = $1',
                       the_subject, aidcase.subject_key(the_subject))
           INTO the_unit USING aidcase.whole_number(doc ->> 'id');
    END IF;
    PERFORM aidcase.raise_faults('late entry', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'subject', 'is no table with a procedure' WHERE NOT governed AND doc ->> 'subject' ~ '^[a-z][a-z0-9_]*$'
                UNION ALL
                SELECT 'id', 'is no row that you may see'
                 WHERE governed AND aidcase.whole_number(doc ->> 'id') IS NOT NULL AND the_unit IS NULL
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"subject": "case_round", "id": 1, "happened_at": "2021-04-06T16:30:00+08:00", "grounds": "…"}.');
    INSERT INTO aidcase.late_entry (subject, subject_id, unit_id, happened_at, grounds)
    VALUES (the_subject, aidcase.whole_number(doc ->> 'id'), the_unit,
            aidcase.iso_timestamp(doc ->> 'happened_at'), doc ->> 'grounds')
    RETURNING late_entry_id INTO the_entry;
    RETURN the_entry;
END
$$;
COMMENT ON FUNCTION aidcase.request_late_entry(jsonb) IS
    '申请补录超过期限的事项,由他人同意后方可按发生时间登记 / asks that something that happened longer ago than late_entry_hours be entered with its time; somebody else approves it with advance()';
REVOKE ALL ON FUNCTION aidcase.request_late_entry(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.request_late_entry(jsonb) TO aidcase_clerk, aidcase_leader, aidcase_bureau;

-- How many limits that ran out or were met in a period were met in time.
CREATE OR REPLACE FUNCTION aidcase.on_time_rate(from_day date DEFAULT NULL, to_day date DEFAULT NULL,
    level double precision DEFAULT 0.95)
RETURNS TABLE (unit_id bigint, unit_code text, clock text, in_time bigint, subject_to bigint, rate numeric,
               lower double precision, upper double precision, cancelled bigint, paused bigint, running bigint,
               late_entered bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT s.unit_id, u.unit_code, s.clock, s.in_time, s.subject_to, round(s.in_time::numeric / nullif(s.subject_to, 0), 4),
           w.lower, w.upper, s.cancelled, s.paused, s.running, s.late_entered
      FROM (SELECT d.unit_id, d.clock,
                   count(*) FILTER (WHERE d.met_at < d.due_at) AS in_time,
                   count(*) FILTER (WHERE d.met_at IS NOT NULL
                                       OR d.cancelled_at IS NULL AND d.paused_at IS NULL
                                          AND d.due_at <= aidcase.now_here()) AS subject_to,
                   count(*) FILTER (WHERE d.cancelled_at IS NOT NULL) AS cancelled,
                   count(*) FILTER (WHERE d.met_at IS NULL AND d.cancelled_at IS NULL AND d.paused_at IS NOT NULL) AS paused,
                   count(*) FILTER (WHERE d.met_at IS NULL AND d.cancelled_at IS NULL AND d.paused_at IS NULL
                                      AND d.due_at > aidcase.now_here()) AS running,
                   count(*) FILTER (WHERE d.met_entered_at > d.met_at) AS late_entered
              FROM aidcase.deadline AS d
             WHERE (on_time_rate.from_day IS NULL OR d.due_at > aidcase.midnight_here(on_time_rate.from_day))
               AND (on_time_rate.to_day IS NULL OR d.due_at <= aidcase.midnight_here(on_time_rate.to_day))
             GROUP BY d.unit_id, d.clock) AS s
      JOIN aidcase.unit AS u ON u.unit_id = s.unit_id
     CROSS JOIN LATERAL aidcase.wilson(s.in_time, nullif(s.subject_to, 0), on_time_rate.level) AS w
     ORDER BY u.unit_code COLLATE "C", s.clock COLLATE "C";
END;
COMMENT ON FUNCTION aidcase.on_time_rate(date, date, double precision) IS
    '按时办结率:按单位和时限列出按时数、应计数、Wilson 区间及不计入的撤销、暂停、未到期数和补录数;期间按到期日,含起不含止 / on-time rate by unit and clock of the limits due in a period [from_day, to_day): in time, of how many, Wilson interval; left out: cancelled, paused, still running; late_entered: met by something entered later than it happened';
REVOKE ALL ON FUNCTION aidcase.on_time_rate(date, date, double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.on_time_rate(date, date, double precision)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector, aidcase_analyst;

-- What waits for who acts: every row that one of his posts may move, with its
-- next limit.
CREATE OR REPLACE FUNCTION aidcase.my_work()
RETURNS TABLE (subject text, id bigint, case_id bigint, case_no text, unit_id bigint, unit_code text,
               state text, label_zh text, label_en text, actions text[], clock text, due_at timestamptz, overdue boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    rows text;
BEGIN
    IF aidcase.current_staff() IS NULL THEN
        RAISE EXCEPTION 'nobody acts in this session'
            USING ERRCODE = 'ZA005', DETAIL = 'Work waits for members of staff.',
                  HINT = 'Give the login to a member of staff with enrol_staff(), or call act_as() in the same transaction.';
    END IF;
    SELECT string_agg(format('SELECT %1$L::text AS subject, t.%2$I AS id, %3$s AS case_id, t.unit_id, %4$s AS other_unit_id, t.workflow_id, t.state FROM aidcase.%1$I AS t',
                             w.subject, aidcase.subject_key(w.subject),
                             CASE WHEN EXISTS (SELECT FROM pg_attribute AS a
                                                WHERE a.attrelid = format('aidcase.%I', w.subject)::regclass
                                                  AND a.attname = 'case_id' AND NOT a.attisdropped)
                                  THEN 't.case_id' ELSE 'NULL::bigint' END,
                             -- a matter between two units
                             CASE WHEN EXISTS (SELECT FROM pg_attribute AS a
                                                WHERE a.attrelid = format('aidcase.%I', w.subject)::regclass
                                                  AND a.attname = 'to_unit_id' AND NOT a.attisdropped)
                                  THEN 't.to_unit_id' ELSE 'NULL::bigint' END), ' UNION ALL ')
      INTO rows
      FROM (SELECT DISTINCT w.subject FROM aidcase.workflow AS w
             WHERE to_regclass(format('aidcase.%I', w.subject)) IS NOT NULL
               AND has_any_column_privilege(to_regclass(format('aidcase.%I', w.subject)), 'SELECT')
               AND has_column_privilege(to_regclass(format('aidcase.%I', w.subject)), 'state', 'SELECT')) AS w;
    IF rows IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($q$
        WITH mine AS (
            SELECT u.unit_id, array_agg(p.post) AS posts
              FROM aidcase.unit_now AS u
             CROSS JOIN (SELECT DISTINCT s.post FROM aidcase.staff_post AS s
                          WHERE s.staff_id = aidcase.current_staff() AND s.valid @> aidcase.today()) AS p
             WHERE aidcase.has_post(p.post, u.unit_id, aidcase.today())
             GROUP BY u.unit_id)
        SELECT r.subject, r.id, r.case_id, c.case_no, r.unit_id, u.unit_code, r.state, s.label_zh, s.label_en,
               m.actions, d.clock, d.due_at, coalesce(d.due_at <= aidcase.now_here(), false)
          FROM (%s) AS r
          JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state AND s.kind <> 'final'
         CROSS JOIN LATERAL (
                SELECT array_agg(t.action ORDER BY t.action COLLATE "C") AS actions
                  FROM aidcase.workflow_transition AS t
                  JOIN mine ON mine.unit_id = CASE WHEN t.at_column IS NULL THEN r.unit_id ELSE coalesce(r.other_unit_id, r.unit_id) END
                           AND t.posts && mine.posts
                 WHERE t.workflow_id = r.workflow_id AND t.from_state = r.state) AS m
          JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
          LEFT JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
          LEFT JOIN LATERAL (
                SELECT e.clock, e.due_at FROM aidcase.deadline AS e
                 WHERE e.subject = r.subject AND e.subject_id = r.id AND e.met_at IS NULL
                   AND e.cancelled_at IS NULL AND e.paused_at IS NULL
                 ORDER BY e.due_at, e.clock COLLATE "C" LIMIT 1) AS d ON true
         WHERE m.actions IS NOT NULL
           AND (r.unit_id IN (SELECT n.unit_id FROM mine AS n) OR r.other_unit_id IN (SELECT n.unit_id FROM mine AS n))
         ORDER BY d.due_at, r.subject COLLATE "C", r.id$q$, rows);
END
$$;
COMMENT ON FUNCTION aidcase.my_work() IS
    '我的待办:本人岗位可办理的各事项、可做的操作和最近时限 / what waits for who acts: rows that one of his posts may move, the actions, and the next time limit';
REVOKE ALL ON FUNCTION aidcase.my_work() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.my_work()
    TO aidcase_committee, aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector, aidcase_payer;

-- Conditions of clocks: guards in SQL ------------------------------------

-- The round is about tekun: its latest determination finds the household
-- eligible, or its opinion grants it.
CREATE OR REPLACE FUNCTION aidcase.guard_tekun_round(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT CASE WHEN coalesce((SELECT d.eligible FROM aidcase.determination AS d
                            WHERE d.round_id = guard_tekun_round.id AND d.programme = 'tekun'
                            ORDER BY d.determination_id DESC LIMIT 1), false)
              OR EXISTS (SELECT FROM aidcase.assistance_opinion AS o
                          WHERE o.round_id = guard_tekun_round.id AND o.programme = 'tekun'
                            AND o.outcome = 'granted' AND NOT o.void)
            THEN NULL ELSE 'The round is not about tekun.' END;
END;
COMMENT ON FUNCTION aidcase.guard_tekun_round(text, bigint, bigint, date) IS
    '时限条件:本轮涉及特困 / condition of a clock: the round is about tekun';

-- A round that was opened for a household on tekun, of a kind.
CREATE OR REPLACE FUNCTION aidcase.guard_tekun_objection(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT CASE WHEN EXISTS (SELECT FROM aidcase.case_round AS r
                           JOIN aidcase.award AS a ON a.case_id = r.case_id AND a.programme = 'tekun' AND upper_inf(a.months)
                          WHERE r.round_id = guard_tekun_objection.id AND r.round_kind = 'objection')
            THEN NULL ELSE 'It is no objection to the tekun of a household.' END;
END;
COMMENT ON FUNCTION aidcase.guard_tekun_objection(text, bigint, bigint, date) IS
    '时限条件:对特困公示的异议 / condition of a clock: the round answers an objection to tekun';

CREATE OR REPLACE FUNCTION aidcase.guard_tekun_change(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT CASE WHEN EXISTS (SELECT FROM aidcase.case_round AS r
                           JOIN aidcase.award AS a ON a.case_id = r.case_id AND a.programme = 'tekun' AND upper_inf(a.months)
                          WHERE r.round_id = guard_tekun_change.id AND r.round_kind = 'change')
            THEN NULL ELSE 'It is no change in a tekun household.' END;
END;
COMMENT ON FUNCTION aidcase.guard_tekun_change(text, bigint, bigint, date) IS
    '时限条件:特困户报告变化 / condition of a clock: a change was reported in a tekun household';

CREATE OR REPLACE FUNCTION aidcase.in_benefit_by(round_id bigint) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT EXISTS (SELECT FROM aidcase.assistance_opinion AS o JOIN aidcase.programme AS p USING (programme)
                WHERE o.round_id = in_benefit_by.round_id AND o.outcome = 'granted' AND NOT o.void AND p.recurring)
    -- what is taken over was granted before
    OR EXISTS (SELECT FROM aidcase.case_round AS r WHERE r.round_id = in_benefit_by.round_id AND r.round_kind = 'takeover')
    OR EXISTS (SELECT FROM aidcase.case_round AS r
                 JOIN aidcase.award AS a ON a.case_id = r.case_id AND upper_inf(a.months)
                 JOIN aidcase.programme AS p ON p.programme = a.programme AND p.recurring
                WHERE r.round_id = in_benefit_by.round_id);
END;
COMMENT ON FUNCTION aidcase.in_benefit_by(bigint) IS
    '内部:本轮确认或该户在享长期待遇 / internal: the round grants something that recurs, or the household has it already';
CREATE OR REPLACE FUNCTION aidcase.able_to_work(round_id bigint) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT EXISTS (SELECT FROM aidcase.case_member AS m
                WHERE m.round_id = able_to_work.round_id AND m.counted AND NOT m.void
                  AND m.work_ability IN ('able', 'partial'));
END;
COMMENT ON FUNCTION aidcase.able_to_work(bigint) IS
    '内部:户内计入人员有劳动能力 / internal: somebody who counts is able to work';
REVOKE ALL ON FUNCTION aidcase.in_benefit_by(bigint), aidcase.able_to_work(bigint) FROM PUBLIC;

-- What the round grants or leaves as it is goes on month by month, and is to
-- be reviewed; half-yearly where somebody who counts is able to work, as
-- audit_review_missed has it.
CREATE OR REPLACE FUNCTION aidcase.guard_review_stable(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT CASE WHEN NOT aidcase.in_benefit_by(guard_review_stable.id) THEN 'Nothing is granted for longer.'
            WHEN aidcase.able_to_work(guard_review_stable.id) THEN 'Somebody in the household is able to work.' END;
END;
CREATE OR REPLACE FUNCTION aidcase.guard_review_varying(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT CASE WHEN NOT aidcase.in_benefit_by(guard_review_varying.id) THEN 'Nothing is granted for longer.'
            WHEN NOT aidcase.able_to_work(guard_review_varying.id) THEN 'Nobody in the household is able to work.' END;
END;
COMMENT ON FUNCTION aidcase.guard_review_stable(text, bigint, bigint, date) IS
    '时限条件:享受长期待遇且无劳动能力人员 / condition of a clock: in benefit, and nobody is able to work';
COMMENT ON FUNCTION aidcase.guard_review_varying(text, bigint, bigint, date) IS
    '时限条件:享受长期待遇且有劳动能力人员 / condition of a clock: in benefit, and somebody is able to work';

-- The fact tells of a death.
CREATE OR REPLACE FUNCTION aidcase.guard_death_reported(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT CASE WHEN guard_death_reported.subject = 'registry_hit'
             AND EXISTS (SELECT FROM aidcase.registry_hit AS h
                          WHERE h.hit_id = guard_death_reported.id AND h.registry = 'death')
              OR guard_death_reported.subject = 'benefit_change'
             AND EXISTS (SELECT FROM aidcase.benefit_change AS b
                          WHERE b.change_id = guard_death_reported.id AND b.cause = 'death' AND NOT b.void)
            THEN NULL ELSE 'No death is reported.' END;
END;
COMMENT ON FUNCTION aidcase.guard_death_reported(text, bigint, bigint, date) IS
    '时限条件:报告成员死亡 / condition of a clock: a death is reported';
REVOKE ALL ON FUNCTION aidcase.guard_tekun_round(text, bigint, bigint, date), aidcase.guard_tekun_objection(text, bigint, bigint, date),
    aidcase.guard_tekun_change(text, bigint, bigint, date), aidcase.guard_review_stable(text, bigint, bigint, date),
    aidcase.guard_review_varying(text, bigint, bigint, date), aidcase.guard_death_reported(text, bigint, bigint, date) FROM PUBLIC;

-- Time limits of the household that are about its benefit end with it.
CREATE OR REPLACE FUNCTION aidcase.end_review_clocks(cases bigint[], ended_by bigint) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    UPDATE aidcase.deadline AS d
       SET cancelled_at = greatest(aidcase.now_here(), d.started_at), cancel_reason = 'case_round ' || ended_by
     WHERE d.case_id = ANY (cases) AND d.met_at IS NULL AND d.cancelled_at IS NULL
       AND d.clock IN (SELECT c.clock FROM aidcase.clock AS c WHERE c.of_case AND c.only_if IN ('review_stable', 'review_varying'))
       AND NOT EXISTS (SELECT FROM aidcase.award AS a JOIN aidcase.programme AS p USING (programme)
                        WHERE a.case_id = d.case_id AND p.recurring AND upper_inf(a.months))
$$;
COMMENT ON FUNCTION aidcase.end_review_clocks(bigint[], bigint) IS
    '内部:不再享受待遇的户,撤销其复核时限 / internal: cancels the reviews of households that are no longer in benefit';
REVOKE ALL ON FUNCTION aidcase.end_review_clocks(bigint[], bigint) FROM PUBLIC;
