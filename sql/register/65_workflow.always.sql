-- workflow: moves by the clerk's names, meetings, and what is late.

-- The move of a row by the name of the action; the same gate as UPDATE.
CREATE OR REPLACE FUNCTION aidcase.advance(subject text, id bigint, action text,
    reason text DEFAULT NULL, details jsonb DEFAULT '{}')
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    aim         record;
    the_meeting bigint;
    happened_at timestamptz;
    new_state   text;
    faults      text[];
BEGIN
    IF subject IS NULL OR id IS NULL OR action IS NULL THEN
        RAISE EXCEPTION 'a move needs a row and an action'
            USING ERRCODE = '22023',
                  HINT = 'Example: SELECT aidcase.advance(round_id, ''accept'').';
    END IF;
    IF coalesce(details, '{}') <> '{}' THEN
        faults := ARRAY(SELECT f.path || ': ' || f.reason
                          FROM aidcase.document_faults(details, '{"type": "object", "properties": {
                                   "occurred_at": {"type": "string", "format": "date-time", "past": true},
                                   "minutes_no": {"type": "string"},
                                   "meeting_id": {"type": "integer"}}}') AS f
                         ORDER BY f.path COLLATE "C", f.reason COLLATE "C");
        IF details ?| '{minutes_no,meeting_id}' AND subject <> 'case_round' THEN
            faults := faults || 'minutes_no: is for rounds only'::text;
        ELSIF details ? 'minutes_no' AND details ? 'meeting_id' THEN
            faults := faults || 'minutes_no: cannot be given together with meeting_id'::text;
        ELSIF faults = '{}' AND details ? 'minutes_no' THEN
            SELECT m.meeting_id INTO the_meeting
              FROM aidcase.case_round AS r JOIN aidcase.review_meeting AS m USING (unit_id)
             WHERE r.round_id = advance.id AND m.minutes_no = details ->> 'minutes_no';
            IF the_meeting IS NULL THEN
                faults := faults || 'minutes_no: is not that of a meeting of the unit'::text;
            END IF;
        END IF;
        PERFORM aidcase.raise_faults('details document', faults,
            'The keys are occurred_at, and for rounds minutes_no or meeting_id.');
        happened_at := aidcase.iso_timestamp(details ->> 'occurred_at');
        the_meeting := coalesce(the_meeting, (details ->> 'meeting_id')::bigint);
    END IF;

    SELECT * INTO aim FROM aidcase.aim_move(subject, id, action);
    EXECUTE format('UPDATE aidcase.%I AS t SET state = $2, reason = $3%s%s'
                   ' WHERE t.%I = $1 AND t.state = $4 RETURNING t.state',
                   subject,
                   CASE WHEN happened_at IS NOT NULL THEN ', occurred_at = $5' END,
                   CASE WHEN the_meeting IS NOT NULL THEN ', meeting_id = $6' END,
                   aim.key_column)
       INTO new_state
      USING id, aim.to_state, reason, aim.from_state, happened_at, the_meeting;
    IF new_state IS NULL THEN
        RAISE EXCEPTION 'row % of "%" was not moved', id, subject
            USING ERRCODE = 'ZA003',
                  DETAIL = 'Somebody else has just moved it, or you may see it but not change it.',
                  HINT = 'See aidcase.next_actions().';
    END IF;
    RETURN new_state;
END
$$;
COMMENT ON FUNCTION aidcase.advance(text, bigint, text, text, jsonb) IS
    '按操作名流转,返回新状态;与直接修改状态同一关口 / moves a row by the name of an action and returns its new state; details: occurred_at, and for rounds minutes_no or meeting_id; the same gate as UPDATE';
REVOKE ALL ON FUNCTION aidcase.advance(text, bigint, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.advance(text, bigint, text, text, jsonb)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_payer;

CREATE OR REPLACE FUNCTION aidcase.advance(round_id bigint, action text,
    reason text DEFAULT NULL, details jsonb DEFAULT '{}')
RETURNS text
LANGUAGE sql VOLATILE
AS $$ SELECT aidcase.advance('case_round', round_id, action, reason, details) $$;
COMMENT ON FUNCTION aidcase.advance(bigint, text, text, jsonb) IS
    '按操作名流转一个轮次,返回新状态 / moves a round by the name of an action and returns its new state';
REVOKE ALL ON FUNCTION aidcase.advance(bigint, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.advance(bigint, text, text, jsonb)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_payer;

CREATE OR REPLACE FUNCTION aidcase.next_actions(round_id bigint,
    OUT action text, OUT to_state text, OUT label_zh text, OUT label_en text,
    OUT allowed boolean, OUT unmet text[])
RETURNS SETOF record
LANGUAGE sql VOLATILE STRICT
AS $$ SELECT n.* FROM aidcase.next_actions('case_round', round_id) AS n $$;
COMMENT ON FUNCTION aidcase.next_actions(bigint) IS
    '试算轮次当前可做的每项操作及未满足的条件 / a dry run of every move of a round for who acts, with what is missing';

-- A meeting of the joint review group with its votes, as one document.
CREATE OR REPLACE FUNCTION aidcase.hold_meeting(document jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults      text[];
    the_unit    bigint;
    the_group   bigint;
    the_meeting bigint;
    the_time    timestamptz := aidcase.iso_timestamp(document ->> 'held_at');
BEGIN
    SELECT u.unit_id, g.group_id INTO the_unit, the_group
      FROM aidcase.unit AS u
      LEFT JOIN aidcase.review_group AS g
        ON g.unit_id = u.unit_id AND g.valid @> aidcase.date_here(the_time)
     WHERE u.unit_code = document ->> 'unit';

    WITH attends AS (
        SELECT 'attendance[' || a.place - 1 || ']' AS path, a.value #>> '{}' AS staff_no, s.staff_id
          FROM jsonb_array_elements(CASE jsonb_typeof(document -> 'attendance')
                   WHEN 'array' THEN document -> 'attendance' ELSE '[]' END) WITH ORDINALITY AS a (value, place)
          LEFT JOIN aidcase.staff AS s ON s.staff_no = a.value #>> '{}'
         WHERE jsonb_typeof(a.value) = 'string'
    ), decides AS (
        SELECT 'decisions[' || d.place - 1 || ']' AS path, d.value,
               CASE WHEN d.value ->> 'round_id' ~ '^[0-9]{1,18}$' THEN (d.value ->> 'round_id')::bigint END AS round_id
          FROM jsonb_array_elements(CASE jsonb_typeof(document -> 'decisions')
                   WHEN 'array' THEN document -> 'decisions' ELSE '[]' END) WITH ORDINALITY AS d (value, place)
         WHERE jsonb_typeof(d.value) = 'object'
    ), votes AS (
        SELECT d.path || '.votes[' || v.place - 1 || '].staff' AS path, d.path AS decision,
               v.value ->> 'staff' AS staff_no, s.staff_id
          FROM decides AS d
         CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(d.value -> 'votes')
                   WHEN 'array' THEN d.value -> 'votes' ELSE '[]' END) WITH ORDINALITY AS v (value, place)
          LEFT JOIN aidcase.staff AS s ON s.staff_no = v.value ->> 'staff'
         WHERE jsonb_typeof(v.value -> 'staff') = 'string'
    ), fault (path, reason) AS (
        SELECT f.path, f.reason FROM aidcase.document_faults(document, '{"type": "object",
            "required": ["unit", "minutes_no", "held_at", "attendance", "decisions"],
            "properties": {
                "unit": {"type": "string", "maxLength": 12},
                "minutes_no": {"type": "string", "maxLength": 100},
                "held_at": {"type": "string", "format": "date-time", "past": true},
                "place": {"type": "string", "maxLength": 200},
                "attendance": {"type": "array", "minItems": 1, "items": {"type": "string", "maxLength": 40}},
                "decisions": {"type": "array", "minItems": 1, "items": {"type": "object",
                    "required": ["round_id", "votes"],
                    "properties": {
                        "round_id": {"type": "integer"},
                        "votes": {"type": "array", "minItems": 1, "items": {"type": "object",
                            "required": ["staff", "vote"],
                            "properties": {
                                "staff": {"type": "string", "maxLength": 40},
                                "vote": {"type": "string", "pattern": "^(agree|against|abstain|recused)$",
                                         "form": "must be one of agree, against, abstain, recused"},
                                "note": {"type": "string", "maxLength": 1000}}}}}}}}}') AS f
        UNION ALL
        SELECT 'unit', 'is not a unit of the register'
         WHERE jsonb_typeof(document -> 'unit') = 'string' AND the_unit IS NULL
        UNION ALL
        SELECT 'unit', 'has no joint review group on the day of the meeting'
         WHERE the_unit IS NOT NULL AND the_time IS NOT NULL AND the_group IS NULL
        UNION ALL
        SELECT 'minutes_no', 'is that of another meeting of the unit'
         WHERE EXISTS (SELECT FROM aidcase.review_meeting AS m
                        WHERE m.unit_id = the_unit AND m.minutes_no = document ->> 'minutes_no')
        UNION ALL
        SELECT a.path, 'is not the number of a member of staff' FROM attends AS a WHERE a.staff_id IS NULL
        UNION ALL
        SELECT a.path, 'is named twice' FROM attends AS a
         WHERE EXISTS (SELECT FROM attends AS b WHERE b.staff_no = a.staff_no AND b.path < a.path)
        UNION ALL
        SELECT d.path || '.round_id',
               CASE WHEN r.round_id IS NULL THEN 'is not a round'
                    WHEN r.unit_id <> the_unit THEN 'is a round of another unit'
                    WHEN s.frozen THEN 'is decided already'
                    ELSE 'is named twice' END
          FROM decides AS d
          LEFT JOIN aidcase.case_round AS r ON r.round_id = d.round_id
          LEFT JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
         WHERE d.round_id IS NOT NULL
           AND (r.round_id IS NULL OR r.unit_id <> the_unit OR s.frozen
                OR EXISTS (SELECT FROM decides AS e WHERE e.round_id = d.round_id AND e.path < d.path))
        UNION ALL
        SELECT v.path, CASE WHEN v.staff_id IS NULL THEN 'is not the number of a member of staff'
                            ELSE 'did not attend' END
          FROM votes AS v
         WHERE v.staff_id IS NULL OR NOT EXISTS (SELECT FROM attends AS a WHERE a.staff_id = v.staff_id)
        UNION ALL
        SELECT v.path, 'is not a member of the joint review group on that day'
          FROM votes AS v
         WHERE v.staff_id IS NOT NULL AND the_group IS NOT NULL
           AND NOT EXISTS (SELECT FROM aidcase.review_group_member AS m
                            WHERE m.group_id = the_group AND m.staff_id = v.staff_id
                              AND m.valid @> aidcase.date_here(the_time))
        UNION ALL
        SELECT v.path, 'votes twice' FROM votes AS v
         WHERE EXISTS (SELECT FROM votes AS w
                        WHERE w.decision = v.decision AND w.staff_no = v.staff_no AND w.path < v.path)
    )
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM fault AS f;
    PERFORM aidcase.raise_faults('document of the meeting', coalesce(faults, '{}'),
        'Example: {"unit": "340705100", "minutes_no": "2021-07", "held_at": "2021-04-12T14:00:00+08:00",'
        ' "attendance": ["A01", "A02", "A03"], "decisions": [{"round_id": 1, "votes":'
        ' [{"staff": "A01", "vote": "agree"}]}]}.');

    INSERT INTO aidcase.review_meeting (group_id, unit_id, minutes_no, held_at, place)
    VALUES (the_group, the_unit, document ->> 'minutes_no', the_time, document ->> 'place')
    RETURNING meeting_id INTO the_meeting;
    INSERT INTO aidcase.meeting_attendance (meeting_id, unit_id, staff_id)
    SELECT the_meeting, the_unit, s.staff_id
      FROM jsonb_array_elements_text(document -> 'attendance') AS a (staff_no)
      JOIN aidcase.staff AS s USING (staff_no) ORDER BY s.staff_id;
    -- in the order of cases, which the trigger locks
    INSERT INTO aidcase.review_vote (meeting_id, case_id, round_id, staff_id, vote, note)
    SELECT the_meeting, r.case_id, r.round_id, s.staff_id, v.value ->> 'vote', v.value ->> 'note'
      FROM jsonb_array_elements(document -> 'decisions') AS d (value)
      JOIN aidcase.case_round AS r ON r.round_id = (d.value ->> 'round_id')::bigint
     CROSS JOIN LATERAL jsonb_array_elements(d.value -> 'votes') AS v (value)
      JOIN aidcase.staff AS s ON s.staff_no = v.value ->> 'staff'
     ORDER BY r.case_id, r.round_id, s.staff_id;
    RETURN the_meeting;
END
$$;
COMMENT ON FUNCTION aidcase.hold_meeting(jsonb) IS
    '登记一次联审联批会议及其表决,返回会议号;有误则一次列出全部错误 / enters a meeting of the joint review group with attendance and votes, and returns its key; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.hold_meeting(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.hold_meeting(jsonb) TO aidcase_clerk, aidcase_leader, aidcase_bureau;

-- Votes pending: rounds that wait for the group of which the person is a
-- member whose vote counts, and on which he has not voted yet.
CREATE OR REPLACE FUNCTION aidcase.votes_pending(staff_id bigint, unit_id bigint)
RETURNS TABLE (subject text, id bigint, what text)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT 'case_round', r.round_id, format('round %s of case %s waits for the vote of the group', r.round_id, c.case_no)
  FROM aidcase.review_group AS g
  JOIN aidcase.review_group_member AS m ON m.group_id = g.group_id AND m.counts_to_quorum AND m.valid @> aidcase.today()
  JOIN aidcase.case_round AS r ON r.unit_id = g.unit_id
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
 WHERE g.unit_id = votes_pending.unit_id AND g.valid @> aidcase.today() AND m.staff_id = votes_pending.staff_id
   AND EXISTS (SELECT FROM aidcase.workflow_transition AS t
                WHERE t.workflow_id = r.workflow_id AND t.from_state = r.state AND 'quorum_met' = ANY (t.guards))
   AND NOT EXISTS (SELECT FROM aidcase.review_vote AS v
                    WHERE v.round_id = r.round_id AND v.staff_id = m.staff_id);
END;
COMMENT ON FUNCTION aidcase.votes_pending(bigint, bigint) IS
    '未了事项:等待联审联批小组表决而该成员尚未表决的轮次 / open work: rounds that wait for the group''s vote on which the member has not voted';
REVOKE ALL ON FUNCTION aidcase.votes_pending(bigint, bigint) FROM PUBLIC;

-- The seat in the group passes to the successor, with its capacity.
CREATE OR REPLACE FUNCTION aidcase.hand_over_seat(staff_id bigint, successor_id bigint, unit_id bigint, on_date date)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    seat    aidcase.review_group_member;
    pending integer;
BEGIN
    SELECT count(*) INTO pending FROM aidcase.votes_pending(hand_over_seat.staff_id, hand_over_seat.unit_id);
    SELECT m.* INTO seat
      FROM aidcase.review_group_member AS m
      JOIN aidcase.review_group AS g USING (group_id)
     WHERE g.unit_id = hand_over_seat.unit_id AND g.valid @> on_date AND m.staff_id = hand_over_seat.staff_id
       AND m.valid @> on_date;
    IF NOT FOUND OR pending = 0 THEN
        RETURN 0;
    END IF;
    IF EXISTS (SELECT FROM aidcase.review_group_member AS m
                WHERE m.group_id = seat.group_id AND m.staff_id = successor_id AND m.valid && daterange(on_date, NULL)) THEN
        RAISE EXCEPTION 'the successor has a seat in the group already'
            USING ERRCODE = '55000', HINT = 'Name somebody who is no member yet, or make the group anew with aidcase.make_review_group().';
    END IF;
    IF lower(seat.valid) = on_date THEN
        RAISE EXCEPTION 'the seat in the group begins on that day only'
            USING ERRCODE = '55000', HINT = 'Make the group anew with aidcase.make_review_group().';
    END IF;
    UPDATE aidcase.review_group_member AS m SET valid = daterange(lower(m.valid), on_date)
     WHERE m.group_member_id = seat.group_member_id;
    INSERT INTO aidcase.review_group_member (group_id, staff_id, capacity, counts_to_quorum, valid)
    VALUES (seat.group_id, successor_id, seat.capacity, seat.counts_to_quorum, daterange(on_date, upper(seat.valid)));
    RETURN pending;
END
$$;
COMMENT ON FUNCTION aidcase.hand_over_seat(bigint, bigint, bigint, date) IS
    '内部:联审联批小组席位由接任人承接 / internal: a seat in the review group passes to a successor, with the votes pending';
REVOKE ALL ON FUNCTION aidcase.hand_over_seat(bigint, bigint, bigint, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.hand_over_seat(bigint, bigint, bigint, date) TO aidcase_bureau, aidcase_admin;

-- Trigger: the list of those who attended is that of a meeting of the unit,
-- and what the meeting decided rests on it.
CREATE OR REPLACE FUNCTION aidcase.check_attendance() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    -- a decision that is being made shares the meeting's row
    PERFORM FROM aidcase.review_meeting AS m
      WHERE m.meeting_id IN (SELECT n.meeting_id FROM new_rows AS n)
      ORDER BY m.meeting_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM new_rows AS n JOIN aidcase.review_meeting AS m USING (meeting_id)
                WHERE m.unit_id <> n.unit_id) THEN
        RAISE EXCEPTION 'a row of table "%" must belong to a meeting of its unit', TG_TABLE_NAME
            USING ERRCODE = '23503',
                  DETAIL = 'The meeting is one of another unit.',
                  HINT = 'Enter attendance with aidcase.hold_meeting().';
    ELSIF EXISTS (SELECT FROM new_rows AS n
                    JOIN aidcase.review_vote AS v USING (meeting_id)
                    JOIN aidcase.case_round AS r ON r.round_id = v.round_id AND r.meeting_id = v.meeting_id
                   WHERE r.decided_on IS NOT NULL) THEN
        RAISE EXCEPTION 'the attendance of the meeting can no longer change'
            USING ERRCODE = 'ZA004',
                  DETAIL = 'A round has been decided by this meeting.',
                  HINT = 'A new meeting has its own attendance.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_attendance() IS
    '触发器:出席人员须属本单位会议,会议已作决定后不得增加 / trigger: attendance belongs to a meeting of the unit and is complete once the meeting has decided';
REVOKE ALL ON FUNCTION aidcase.check_attendance() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.meeting_attendance
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_attendance();

-- Trigger: the calendar of a year was loaded; the time limits that only
-- guessed at it are computed.
CREATE OR REPLACE FUNCTION aidcase.settle_deadlines() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    UPDATE aidcase.deadline AS d SET due_at = n.due_at, provisional = n.provisional
      FROM (SELECT e.deadline_id, q.due_at, q.provisional
              FROM aidcase.deadline AS e
              JOIN aidcase.clock AS c USING (clock)
             CROSS JOIN LATERAL aidcase.due_at(c.kind, e.started_at, e.length) AS q
             WHERE e.provisional AND NOT q.provisional) AS n
     WHERE d.deadline_id = n.deadline_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.settle_deadlines() IS
    '触发器:载入新年度放假安排后重算暂定时限 / trigger: computes provisional time limits when the calendar of a year is loaded';
REVOKE ALL ON FUNCTION aidcase.settle_deadlines() FROM PUBLIC;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = 'aidcase.workday_year'::regclass
                                                AND g.tgname = '~7_deadlines') THEN
        -- when the year's days are there, too
        CREATE CONSTRAINT TRIGGER "~7_deadlines" AFTER INSERT OR UPDATE ON aidcase.workday_year
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aidcase.settle_deadlines();
    END IF;
END
$$;

CREATE OR REPLACE VIEW aidcase.overdue WITH (security_invoker = true) AS
SELECT d.deadline_id, d.subject, d.subject_id, d.case_id, c.case_no, d.unit_id, u.unit_code,
       d.clock, k.label_zh, k.label_en, d.started_at, d.due_at, d.provisional,
       aidcase.now_here() - d.due_at AS late_by
  FROM aidcase.deadline AS d
  JOIN aidcase.clock AS k USING (clock)
  JOIN aidcase.unit AS u USING (unit_id)
  LEFT JOIN aidcase.aid_case AS c ON c.case_id = d.case_id
 WHERE d.met_at IS NULL AND d.cancelled_at IS NULL AND d.paused_at IS NULL
   AND d.due_at <= aidcase.now_here();
COMMENT ON VIEW aidcase.overdue IS
    '已逾期且仍未办结的时限 / time limits that have run out and are not met';

CREATE OR REPLACE VIEW aidcase.due_soon WITH (security_invoker = true) AS
SELECT d.deadline_id, d.subject, d.subject_id, d.case_id, c.case_no, d.unit_id, u.unit_code,
       d.clock, k.label_zh, k.label_en, d.started_at, d.due_at, d.provisional,
       d.due_at - aidcase.now_here() AS time_left
  FROM aidcase.deadline AS d
  JOIN aidcase.clock AS k USING (clock)
  JOIN aidcase.unit AS u USING (unit_id)
  LEFT JOIN aidcase.aid_case AS c ON c.case_id = d.case_id
 WHERE d.met_at IS NULL AND d.cancelled_at IS NULL AND d.paused_at IS NULL
   AND d.due_at > aidcase.now_here()
   AND d.due_at <= aidcase.midnight_here(aidcase.today() + 4);
COMMENT ON VIEW aidcase.due_soon IS
    '今日起四日内(含今日)到期的时限 / time limits that run out today or within the next three days';
DO $$
DECLARE
    v text;
    c record;
BEGIN
    FOREACH v IN ARRAY ARRAY['overdue', 'due_soon'] LOOP
        EXECUTE format('REVOKE ALL ON TABLE aidcase.%I FROM PUBLIC', v);
        EXECUTE format('GRANT SELECT ON TABLE aidcase.%I TO aidcase_clerk, aidcase_leader,'
                       ' aidcase_bureau, aidcase_inspector', v);
        FOR c IN
            SELECT * FROM (VALUES
                ('deadline_id', '时限主键 / key of the time limit'),
                ('subject', '事项所在的表 / table of the row'),
                ('subject_id', '事项主键 / key of the row'),
                ('case_id', '个案 / case'),
                ('case_no', '个案编号 / number of the case'),
                ('unit_id', '负责单位 / unit that has to meet it'),
                ('unit_code', '单位代码 / code of the unit'),
                ('clock', '时限名 / clock'),
                ('label_zh', '中文名称 / label in Chinese'),
                ('label_en', '英文名称 / label in English'),
                ('started_at', '起算时间 / when it started'),
                ('due_at', '到期时点 / when it runs out'),
                ('provisional', '是否暂定 / reaches into a year whose calendar is not loaded')) AS x (name, text)
        LOOP
            EXECUTE format('COMMENT ON COLUMN aidcase.%I.%I IS %L', v, c.name, c.text);
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON COLUMN aidcase.overdue.late_by IS '逾期时长 / how long it has been late';
COMMENT ON COLUMN aidcase.due_soon.time_left IS '剩余时间 / how much time is left';

-- The built-in procedures of rounds are whole.
DO $$
DECLARE
    faults text[];
BEGIN
    SELECT array_agg(format('%s %s: %s', w.name, w.version, f)) INTO faults
      FROM aidcase.workflow AS w, aidcase.workflow_faults(w.workflow_id) AS f
     WHERE w.subject = 'case_round';
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'a procedure is broken'
            USING ERRCODE = '23514', DETAIL = array_to_string(faults, E'\n');
    END IF;
END
$$;
