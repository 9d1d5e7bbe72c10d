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
    more        jsonb := coalesce(details, '{}') - '{occurred_at,minutes_no,meeting_id}'::text[];
    columns     text[] := '{}';
BEGIN
    IF subject IS NULL OR id IS NULL OR action IS NULL THEN
        RAISE EXCEPTION 'a move needs a row and an action'
            USING ERRCODE = '22023',
                  HINT = 'Example: SELECT aidcase.advance(round_id, ''accept'').';
    END IF;
    SELECT * INTO aim FROM aidcase.aim_move(subject, id, action);
    IF coalesce(details, '{}') <> '{}' THEN
        IF more <> '{}' THEN            -- columns that change with this move
            EXECUTE format('SELECT m.may_change FROM aidcase.%I AS t JOIN aidcase.workflow_transition AS m'
                           ' ON m.workflow_id = t.workflow_id AND m.from_state = $2 AND m.action = $3 WHERE t.%I = $1',
                           subject, aim.key_column)
               INTO columns USING id, aim.from_state, action;
        END IF;
        faults := ARRAY(SELECT f.path || ': ' || f.reason
                          FROM aidcase.document_faults(details, jsonb_build_object('type', 'object', 'properties', '{
                                   "occurred_at": {"type": "string", "format": "date-time", "past": true},
                                   "minutes_no": {"type": "string"},
                                   "meeting_id": {"type": "integer"}}'::jsonb
                                   || (SELECT coalesce(jsonb_object_agg(c, '{"type": ["string", "number", "boolean"]}'::jsonb), '{}')
                                         FROM unnest(columns) AS c))) AS f
                         ORDER BY f.path COLLATE "C", f.reason COLLATE "C");
        IF details ?| '{minutes_no,meeting_id}' AND subject <> 'case_round' THEN
            faults := faults || 'minutes_no: is for rounds only'::text;
        ELSIF details ? 'minutes_no' AND details ? 'meeting_id' THEN
            faults := faults || 'minutes_no: cannot be given together with meeting_id'::text;
        ELSIF faults = '{}' AND details ? 'minutes_no' THEN
            SELECT m.meeting_id INTO the_meeting
              FROM aidcase.case_round AS r JOIN aidcase.review_meeting AS m USING (unit_id)
             WHERE r.round_id = advance.id AND m.minutes_no = details ->> 'minutes_no'
            UNION ALL
            SELECT m.meeting_id         -- of the group that stands in
              FROM aidcase.reroute AS e JOIN aidcase.review_meeting AS m ON m.unit_id = e.group_unit_id
             WHERE e.round_id = advance.id AND m.minutes_no = details ->> 'minutes_no'
             LIMIT 1;
            IF the_meeting IS NULL THEN
                faults := faults || 'minutes_no: is not that of a meeting of the unit'::text;
            END IF;
        END IF;
        PERFORM aidcase.raise_faults('details document', faults,
            'The keys are occurred_at, for rounds minutes_no or meeting_id, and the columns that belong to the move (workflow_transition.may_change).');
        happened_at := aidcase.iso_timestamp(details ->> 'occurred_at');
        the_meeting := coalesce(the_meeting, (details ->> 'meeting_id')::bigint);
    END IF;

    columns := ARRAY(SELECT k FROM jsonb_object_keys(more) AS k ORDER BY k COLLATE "C");
    EXECUTE format('UPDATE aidcase.%I AS t SET state = $2, reason = $3%s%s%s'
                   ' WHERE t.%I = $1 AND t.state = $4 RETURNING t.state',
                   subject,
                   CASE WHEN happened_at IS NOT NULL THEN ', occurred_at = $5' END,
                   CASE WHEN the_meeting IS NOT NULL THEN ', meeting_id = $6' END,
                   (SELECT string_agg(format(', %I = (jsonb_populate_record(NULL::aidcase.%I, $7)).%1$I', c, subject), '')
                      FROM unnest(columns) AS c),
                   aim.key_column)
       INTO new_state
      USING id, aim.to_state, reason, aim.from_state, happened_at, the_meeting, more;
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
        UNION ALL
        SELECT d.path || '.recusals[' || v.place - 1 || '].staff', d.path, v.value ->> 'staff', s.staff_id
          FROM decides AS d
         CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(d.value -> 'recusals')
                   WHEN 'array' THEN d.value -> 'recusals' ELSE '[]' END) WITH ORDINALITY AS v (value, place)
          LEFT JOIN aidcase.staff AS s ON s.staff_no = v.value ->> 'staff'
         WHERE jsonb_typeof(v.value -> 'staff') = 'string'
    ), agenda AS (
        SELECT 'agenda[' || a.place - 1 || ']' AS path, a.value,
               CASE WHEN a.value ->> 'round_id' ~ '^[0-9]{1,18}$' THEN (a.value ->> 'round_id')::bigint END AS round_id
          FROM jsonb_array_elements(CASE jsonb_typeof(document -> 'agenda')
                   WHEN 'array' THEN document -> 'agenda' ELSE '[]' END) WITH ORDINALITY AS a (value, place)
         WHERE jsonb_typeof(a.value) = 'object'
    ), fault (path, reason) AS (
        SELECT f.path, f.reason FROM aidcase.document_faults(document, '{"type": "object",
            "required": ["unit", "minutes_no", "held_at", "attendance", "decisions"],
            "properties": {
                "unit": {"type": "string", "maxLength": 12},
                "minutes_no": {"type": "string", "maxLength": 100},
                "held_at": {"type": "string", "format": "date-time", "past": true},
                "place": {"type": "string", "maxLength": 200},
                "attendance": {"type": "array", "minItems": 1, "items": {"type": "string", "maxLength": 40}},
                "agenda": {"type": "array", "minItems": 1, "items": {"type": "object",
                    "required": ["round_id"],
                    "properties": {
                        "round_id": {"type": "integer"},
                        "put_off": {"type": "string", "maxLength": 1000}}}},
                "decisions": {"type": "array", "minItems": 1, "items": {"type": "object",
                    "required": ["round_id", "votes"],
                    "properties": {
                        "round_id": {"type": "integer"},
                        "recusals": {"type": "array", "items": {"type": "object",
                            "required": ["staff", "reason"],
                            "properties": {
                                "staff": {"type": "string", "maxLength": 40},
                                "reason": {"type": "string", "maxLength": 1000}}}},
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
                    WHEN r.unit_id <> the_unit AND NOT EXISTS (
                         SELECT FROM aidcase.reroute AS e
                          WHERE e.round_id = r.round_id AND e.group_unit_id = the_unit)
                         THEN 'is a round of another unit'
                    WHEN s.frozen THEN 'is decided already'
                    ELSE 'is named twice' END
          FROM decides AS d
          LEFT JOIN aidcase.case_round AS r ON r.round_id = d.round_id
          LEFT JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
         WHERE d.round_id IS NOT NULL
           AND (r.round_id IS NULL OR s.frozen
                OR r.unit_id <> the_unit AND NOT EXISTS (
                   SELECT FROM aidcase.reroute AS e
                    WHERE e.round_id = r.round_id AND e.group_unit_id = the_unit)
                OR EXISTS (SELECT FROM decides AS e WHERE e.round_id = d.round_id AND e.path < d.path))
        UNION ALL
        SELECT a.path || '.round_id', CASE WHEN r.round_id IS NULL THEN 'is not a round' ELSE 'is named twice' END
          FROM agenda AS a
          LEFT JOIN aidcase.case_round AS r ON r.round_id = a.round_id
         WHERE a.round_id IS NOT NULL
           AND (r.round_id IS NULL
                OR EXISTS (SELECT FROM agenda AS b WHERE b.round_id = a.round_id AND b.path < a.path))
        UNION ALL
        SELECT a.path || '.put_off', CASE WHEN a.value ->> 'put_off' IS NULL THEN 'is missing, and it was not decided'
                                          ELSE 'goes with what was not decided only' END
          FROM agenda AS a
         WHERE a.round_id IS NOT NULL
           AND (a.value ->> 'put_off' IS NULL) <> EXISTS (SELECT FROM decides AS d WHERE d.round_id = a.round_id)
        UNION ALL
        SELECT d.path || '.round_id', 'is not on the agenda'
          FROM decides AS d
         WHERE document ? 'agenda' AND d.round_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM agenda AS a WHERE a.round_id = d.round_id)
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
    -- in the order of cases, which the triggers lock
    INSERT INTO aidcase.meeting_item (meeting_id, item_no, case_id, round_id, put_off)
    SELECT the_meeting, a.place, r.case_id, r.round_id, a.value ->> 'put_off'
      FROM jsonb_array_elements(coalesce(document -> 'agenda', document -> 'decisions')) WITH ORDINALITY AS a (value, place)
      JOIN aidcase.case_round AS r ON r.round_id = (a.value ->> 'round_id')::bigint
     ORDER BY r.case_id, r.round_id;
    INSERT INTO aidcase.review_vote (meeting_id, case_id, round_id, staff_id, vote, note)
    SELECT the_meeting, r.case_id, r.round_id, s.staff_id, v.value ->> 'vote', v.value ->> 'note'
      FROM jsonb_array_elements(document -> 'decisions') AS d (value)
      JOIN aidcase.case_round AS r ON r.round_id = (d.value ->> 'round_id')::bigint
     CROSS JOIN LATERAL (
            SELECT b.value FROM jsonb_array_elements(d.value -> 'votes') AS b (value)
            UNION ALL
            SELECT jsonb_build_object('staff', c.value ->> 'staff', 'vote', 'recused', 'note', c.value ->> 'reason')
              FROM jsonb_array_elements(coalesce(d.value -> 'recusals', '[]')) AS c (value)) AS v (value)
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

-- The quorum of a round: how many votes that count, and in which capacities;
-- of its opinion's lines the one that asks for most.
CREATE OR REPLACE FUNCTION aidcase.quorum_needed(round_id bigint, unit_id bigint, on_date date,
    OUT members integer, OUT capacities text[])
RETURNS record
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH line AS (
        SELECT o.programme, coalesce(o.amount, 0) AS amount
          FROM aidcase.assistance_opinion AS o
         WHERE o.round_id = quorum_needed.round_id AND NOT o.void AND o.programme IS NOT NULL
    ), ask AS (
        SELECT l.programme, coalesce(q.members, p.value / p.divisor) AS members, coalesce(q.capacities, '{}') AS capacities
          FROM (SELECT * FROM line UNION ALL SELECT NULL, 0 WHERE NOT EXISTS (SELECT FROM line)) AS l
          JOIN aidcase.unit AS u ON u.unit_id = quorum_needed.unit_id
          LEFT JOIN LATERAL (
                SELECT r.members::numeric, r.capacities
                  FROM aidcase.quorum_rule AS r
                 WHERE r.valid @> on_date AND r.amount_from <= l.amount
                   AND (r.programme = l.programme OR r.programme IS NULL)
                   AND (r.area_code IN ('0', u.unit_code)
                        OR length(r.area_code) = 6 AND starts_with(u.unit_code, regexp_replace(r.area_code, '(00)+$', '')))
                 ORDER BY length(regexp_replace(r.area_code, '(00)+$', '')) DESC, r.area_code = '0',
                          r.programme NULLS LAST, r.amount_from DESC
                 LIMIT 1) AS q ON true
          LEFT JOIN LATERAL aidcase.parameter_row('quorum_members', u.unit_code, on_date, l.programme) AS p ON true
    )
    SELECT coalesce((SELECT max(a.members) FROM ask AS a),
                    (SELECT aidcase.parameter('quorum_members', u.unit_code, on_date)
                       FROM aidcase.unit AS u WHERE u.unit_id = quorum_needed.unit_id))::integer,
           ARRAY(SELECT DISTINCT c FROM ask AS a CROSS JOIN LATERAL unnest(a.capacities) AS c ORDER BY c)
$$;
COMMENT ON FUNCTION aidcase.quorum_needed(bigint, bigint, date) IS
    '轮次所需法定人数和必须参加表决的身份 / the quorum of a round: votes that it needs, and capacities in which somebody must vote';

-- Votes that a unit's group can still give on a round: members who count,
-- less those who recused themselves or have an open flag on the case.
CREATE OR REPLACE FUNCTION aidcase.votes_to_be_had(round_id bigint, unit_id bigint, on_date date)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT count(*)
          FROM aidcase.review_group AS g
          JOIN aidcase.review_group_member AS m ON m.group_id = g.group_id AND m.counts_to_quorum AND m.valid @> on_date
          JOIN aidcase.case_round AS r ON r.round_id = votes_to_be_had.round_id
         WHERE g.unit_id = votes_to_be_had.unit_id AND g.valid @> on_date
           AND NOT EXISTS (SELECT FROM aidcase.review_vote AS v
                            WHERE v.round_id = r.round_id AND v.staff_id = m.staff_id AND v.vote = 'recused')
           AND NOT EXISTS (SELECT FROM aidcase.conflict_flag AS f
                            WHERE f.case_id = r.case_id AND f.staff_id = m.staff_id AND f.state IN ('open', 'confirmed')));
END
$$;
COMMENT ON FUNCTION aidcase.votes_to_be_had(bigint, bigint, date) IS
    '小组对该轮次尚可表决的人数(不含回避) / votes that a unit''s group can give on a round, recusals left out';
REVOKE ALL ON FUNCTION aidcase.quorum_needed(bigint, bigint, date), aidcase.votes_to_be_had(bigint, bigint, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.quorum_needed(bigint, bigint, date), aidcase.votes_to_be_had(bigint, bigint, date)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

-- Re-routing --------------------------------------------------------------

-- The procedure by which the district decides rounds of a kind for a unit.
CREATE OR REPLACE FUNCTION aidcase.district_procedure(unit_id bigint, round_kind text, on_date date)
RETURNS bigint
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT p.workflow_id
  FROM aidcase.procedure_in_force AS p
 WHERE p.subject = 'case_round' AND p.delegated = false AND p.valid @> on_date
   AND (p.unit_id = district_procedure.unit_id OR p.unit_id IS NULL)
   AND (p.round_kind = district_procedure.round_kind OR p.round_kind IS NULL)
 ORDER BY p.unit_id NULLS LAST, p.round_kind NULLS LAST
 LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.district_procedure(bigint, text, date) IS
    '由区级决定时适用的程序版本 / the version by which the district decides rounds of a kind for a unit';

-- Does what rows of reroute say: version and state of the rounds, and their
-- time limits: those of the old version end, those that the new one starts in
-- the same moves run from the same instant.
CREATE OR REPLACE FUNCTION aidcase.apply_reroute() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    UPDATE aidcase.case_round AS r
       SET workflow_id = n.to_workflow_id, state = n.to_state, reason = n.reason
      FROM new_rows AS n
     WHERE r.round_id = n.round_id AND n.group_unit_id IS NULL
       AND r.workflow_id = n.from_workflow_id AND r.state = n.from_state;
    WITH ended AS (
        UPDATE aidcase.deadline AS d
           SET cancelled_at = greatest(n.occurred_at, d.started_at), cancel_reason = 'reroute ' || n.reroute_id
          FROM new_rows AS n
         WHERE n.from_workflow_id <> n.to_workflow_id
           AND d.subject = 'case_round' AND d.subject_id = n.round_id
           AND d.met_at IS NULL AND d.cancelled_at IS NULL
           AND NOT EXISTS (SELECT FROM aidcase.clock AS k WHERE k.clock = d.clock AND k.started_by <> '{}')
           AND NOT EXISTS (SELECT FROM aidcase.workflow_transition AS t
                            WHERE t.workflow_id = n.to_workflow_id AND d.clock = ANY (t.starts))
           AND NOT EXISTS (SELECT FROM aidcase.workflow AS w
                            WHERE w.workflow_id = n.to_workflow_id AND d.clock = ANY (w.starts))
        RETURNING d.subject_id, d.case_id, d.unit_id, d.clock, d.started_at, d.paused_at,
                  n.from_workflow_id, n.to_workflow_id)
    INSERT INTO aidcase.deadline (subject, subject_id, case_id, unit_id, clock, started_at, length, due_at, provisional, paused_at)
    SELECT DISTINCT ON (e.subject_id, c.clock) 'case_round', e.subject_id, e.case_id, e.unit_id, c.clock, e.started_at,
           l.length, q.due_at, q.provisional, e.paused_at
      FROM ended AS e
      JOIN aidcase.workflow_transition AS o ON o.workflow_id = e.from_workflow_id AND e.clock = ANY (o.starts)
      JOIN aidcase.workflow_transition AS t ON t.workflow_id = e.to_workflow_id
                                           AND t.from_state = o.from_state AND t.action = o.action
      JOIN aidcase.clock AS c ON c.clock = ANY (t.starts) AND c.clock <> ALL (o.starts)
      JOIN aidcase.unit AS u ON u.unit_id = e.unit_id
     CROSS JOIN LATERAL (SELECT aidcase.parameter(c.parameter, u.unit_code, aidcase.date_here(e.started_at)) AS length) AS l
     CROSS JOIN LATERAL aidcase.due_at(c.kind, e.started_at, l.length) AS q
     ORDER BY e.subject_id, c.clock, e.started_at;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.apply_reroute() IS
    '触发器:改由区级决定的轮次转入新程序,时限随之调整 / trigger: rounds go over to the version and state that reroute says, with their time limits';
REVOKE ALL ON FUNCTION aidcase.apply_reroute() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_reroute" AFTER INSERT ON aidcase.reroute
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.apply_reroute();

-- Rounds that their unit no longer may decide: pinned to a version that asks
-- for the delegation, not decided, and today the unit does not hold it.
CREATE OR REPLACE VIEW aidcase.reroute_due WITH (security_invoker = true) AS
SELECT r.round_id, r.case_id, r.unit_id, r.round_kind, r.workflow_id, r.state, k.to_workflow_id
  FROM aidcase.case_round AS r
  JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state AND NOT s.frozen
  JOIN (SELECT u.unit_id, c.round_kind, aidcase.district_procedure(u.unit_id, c.round_kind, aidcase.today()) AS to_workflow_id
          FROM (SELECT DISTINCT o.unit_id, o.round_kind FROM aidcase.case_round AS o WHERE o.decided_on IS NULL) AS c
          JOIN aidcase.unit AS u ON u.unit_id = c.unit_id
         WHERE NOT EXISTS (SELECT FROM aidcase.workflow_transition AS t
                            WHERE t.workflow_id = aidcase.procedure_of('case_round', c.round_kind, u.unit_id, aidcase.today())
                              AND 'delegation_in_force' = ANY (t.guards))) AS k
    ON k.unit_id = r.unit_id AND k.round_kind = r.round_kind
 WHERE r.decided_on IS NULL AND k.to_workflow_id <> r.workflow_id
   AND EXISTS (SELECT FROM aidcase.workflow_transition AS t
                WHERE t.workflow_id = r.workflow_id AND 'delegation_in_force' = ANY (t.guards));
COMMENT ON VIEW aidcase.reroute_due IS
    '单位已不再受托、应转区级决定的轮次 / rounds that their unit no longer may decide and that go to the district';
COMMENT ON COLUMN aidcase.reroute_due.round_id IS '轮次 / round';
COMMENT ON COLUMN aidcase.reroute_due.case_id IS '个案 / case';
COMMENT ON COLUMN aidcase.reroute_due.unit_id IS '单位 / unit';
COMMENT ON COLUMN aidcase.reroute_due.round_kind IS '轮次种类 / kind of round';
COMMENT ON COLUMN aidcase.reroute_due.workflow_id IS '现程序版本 / its version';
COMMENT ON COLUMN aidcase.reroute_due.state IS '状态 / its state';
COMMENT ON COLUMN aidcase.reroute_due.to_workflow_id IS '应转入的程序版本 / version by which the district decides it';
REVOKE ALL ON TABLE aidcase.reroute_due FROM PUBLIC;
GRANT SELECT ON TABLE aidcase.reroute_due TO aidcase_bureau, aidcase_inspector;

CREATE OR REPLACE FUNCTION aidcase.reroute_units(units bigint[], why text) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    lost text;
    n    integer;
BEGIN
    SELECT string_agg(DISTINCT format('state "%s"', d.state), ', ') INTO lost
      FROM aidcase.reroute_due AS d
     WHERE d.unit_id = ANY (units)
       AND NOT EXISTS (SELECT FROM aidcase.workflow_state AS s
                        WHERE s.workflow_id = d.to_workflow_id AND s.state = d.state AND NOT s.frozen);
    IF lost IS NOT NULL THEN
        RAISE EXCEPTION 'rounds cannot go over to the district''s procedure'
            USING ERRCODE = '55000', DETAIL = format('It has no %s.', lost),
                  HINT = 'Put a version in force for units without delegation that has the same states up to the decision.';
    END IF;
    INSERT INTO aidcase.reroute (case_id, round_id, unit_id, kind, from_workflow_id, from_state,
                                 to_workflow_id, to_state, occurred_at, staff_id, reason)
    SELECT d.case_id, d.round_id, d.unit_id, 'delegation', d.workflow_id, d.state, d.to_workflow_id, d.state,
           aidcase.now_here(), aidcase.current_staff(), why
      FROM aidcase.reroute_due AS d
     WHERE d.unit_id = ANY (units)
     ORDER BY d.case_id, d.round_id;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
COMMENT ON FUNCTION aidcase.reroute_units(bigint[], text) IS
    '内部:把单位不再有权决定的轮次转区级 / internal: sends the rounds that units no longer may decide to the district';
REVOKE ALL ON FUNCTION aidcase.reroute_units(bigint[], text) FROM PUBLIC;

-- A delegation that ends today or before, on whatever path, takes the open
-- rounds with it.
CREATE OR REPLACE FUNCTION aidcase.end_delegation() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_units bigint[];
BEGIN
    SELECT array_agg(DISTINCT n.unit_id) INTO the_units
      FROM new_rows AS n JOIN old_rows AS o USING (delegation_id)
     WHERE NOT n.valid @> aidcase.today() AND o.valid @> aidcase.today();
    IF the_units IS NOT NULL THEN
        PERFORM aidcase.reroute_units(the_units, (SELECT string_agg(DISTINCT coalesce(n.ended_reason, 'end of the delegation'), ', ')
                                                    FROM new_rows AS n WHERE n.unit_id = ANY (the_units)));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.end_delegation() IS
    '触发器:委托终止时在办轮次转区级 / trigger: the end of a delegation sends open rounds to the district';
REVOKE ALL ON FUNCTION aidcase.end_delegation() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_reroute" AFTER UPDATE ON aidcase.delegation
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.end_delegation();

-- Suspends or withdraws a delegation.  Cases are locked before it, as
-- advance() locks them, so a decision and the end of the delegation wait for
-- each other.
CREATE OR REPLACE FUNCTION aidcase.suspend_delegation(unit text, programme text, on_date date, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    ended bigint;
BEGIN
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'a delegation is not suspended without a reason'
            USING ERRCODE = '22023', HINT = 'Give the reason as the last argument.';
    END IF;
    PERFORM aidcase.lock_undecided((SELECT u.unit_id FROM aidcase.unit AS u WHERE u.unit_code = suspend_delegation.unit));
    UPDATE aidcase.delegation AS d
       SET valid = daterange(lower(d.valid), on_date), ended_reason = reason
      FROM aidcase.unit AS u
     WHERE u.unit_code = suspend_delegation.unit AND d.unit_id = u.unit_id
       AND d.programme = suspend_delegation.programme
       AND d.valid @> on_date AND lower(d.valid) < on_date AND isfinite(on_date)
    RETURNING d.delegation_id INTO ended;
    IF ended IS NULL THEN
        RAISE EXCEPTION 'there is no such delegation to suspend'
            USING ERRCODE = '22023',
                  DETAIL = format('Programme %s is not entrusted to unit %s by a delegation that began before %s and is in force on that day.',
                                  coalesce(quote_ident(suspend_delegation.programme), 'NULL'),
                                  coalesce(quote_ident(suspend_delegation.unit), 'NULL'), coalesce(on_date::text, 'NULL')),
                  HINT = 'The date is the first day without the delegation. The delegations are in table aidcase.delegation.';
    END IF;
    RETURN ended;
END
$$;
COMMENT ON FUNCTION aidcase.suspend_delegation(text, text, date, text) IS
    '中止或撤回委托,on_date 为不再委托的第一天;在办轮次转区级决定 / suspends or withdraws a delegation; on_date is the first day without it; open rounds go to the district';

CREATE OR REPLACE FUNCTION aidcase.lock_undecided(unit_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    PERFORM FROM aidcase.aid_case AS c
      WHERE c.case_id IN (SELECT r.case_id FROM aidcase.case_round AS r
                           WHERE r.unit_id = lock_undecided.unit_id AND r.decided_on IS NULL)
      ORDER BY c.case_id FOR NO KEY UPDATE;
END
$$;
COMMENT ON FUNCTION aidcase.lock_undecided(bigint) IS
    '内部:锁定单位未决定轮次的个案 / internal: locks the cases of a unit with rounds that are not decided';
REVOKE ALL ON FUNCTION aidcase.lock_undecided(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.lock_undecided(bigint) TO aidcase_bureau, aidcase_admin;

-- Sends what waits to be re-routed: a delegation that was to end on a day to
-- come has ended meanwhile.
CREATE OR REPLACE FUNCTION aidcase.reroute_open_rounds() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_units bigint[] := ARRAY(SELECT DISTINCT d.unit_id FROM aidcase.reroute_due AS d ORDER BY d.unit_id);
    u bigint;
BEGIN
    FOREACH u IN ARRAY the_units LOOP
        PERFORM aidcase.lock_undecided(u);
    END LOOP;
    RETURN aidcase.reroute_units(the_units, 'end of the delegation');
END
$$;
COMMENT ON FUNCTION aidcase.reroute_open_rounds() IS
    '把委托已到期单位的在办轮次转区级,返回件数 / sends the open rounds of units whose delegation has run out to the district; returns how many';
REVOKE ALL ON FUNCTION aidcase.reroute_open_rounds() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.reroute_open_rounds() TO aidcase_bureau, aidcase_admin;

-- How many open rounds wait for the district, and how many are in the hands of
-- somebody who no longer serves their unit.
CREATE OR REPLACE FUNCTION aidcase.rounds_astray(OUT to_reroute bigint, OUT without_handler bigint)
RETURNS record
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT (SELECT count(*) FROM aidcase.reroute_due),
           (SELECT count(*)
              FROM aidcase.case_round AS r
              JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state AND NOT s.frozen
             WHERE NOT aidcase.serves_unit(r.handler_id, r.unit_id, aidcase.today()))
$$;
COMMENT ON FUNCTION aidcase.rounds_astray() IS
    '待转区级的轮次数和经办人已不在岗的轮次数 / number of open rounds that wait for the district, and of those whose handler no longer serves the unit';
REVOKE ALL ON FUNCTION aidcase.rounds_astray() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.rounds_astray() TO aidcase_admin, aidcase_bureau, aidcase_inspector;

-- One round that its unit cannot decide: the delegation has ended, the amount
-- is the district's, or recusals broke the quorum.  In the last case the
-- group of the unit that stands in votes, where it can, else the district
-- decides without a meeting.
CREATE OR REPLACE FUNCTION aidcase.reroute_round(round_id bigint, reason text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    r        aidcase.case_round;
    day      date := aidcase.today();
    district bigint;
    why      text;
    stand_in bigint;
    target   text;
    made     bigint;
BEGIN
    SELECT o.* INTO r FROM aidcase.case_round AS o WHERE o.round_id = reroute_round.round_id FOR NO KEY UPDATE;
    IF r.round_id IS NULL OR NOT (r.unit_id = ANY (aidcase.my_units())) THEN
        RAISE EXCEPTION 'there is no round % in your units', coalesce(reroute_round.round_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'Table aidcase.case_round lists the rounds that you may see.';
    END IF;
    PERFORM aidcase.require_post('{clerk,unit_leader,bureau_clerk,bureau_leader}', r.unit_id, 're-route a round');
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION 'a round is not re-routed without a reason'
            USING ERRCODE = '22023', HINT = 'Give the reason as the last argument.';
    END IF;
    IF r.decided_on IS NOT NULL OR (SELECT s.frozen FROM aidcase.workflow_state AS s
                                     WHERE s.workflow_id = r.workflow_id AND s.state = r.state) THEN
        RAISE EXCEPTION 'round % is decided already', r.round_id
            USING ERRCODE = 'ZA003', HINT = 'What is decided stays; a new round changes it.';
    END IF;
    district := aidcase.district_procedure(r.unit_id, r.round_kind, day);
    IF EXISTS (SELECT FROM aidcase.reroute_due AS d WHERE d.round_id = r.round_id) THEN
        why := 'delegation';
        target := r.state;
    ELSIF district <> r.workflow_id AND EXISTS (
            SELECT FROM aidcase.assistance_opinion AS o
              JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
             CROSS JOIN LATERAL (
                    SELECT l.value / l.divisor AS amount
                      FROM aidcase.parameter_row('district_decides_above', u.unit_code, day, o.programme) AS l
                    UNION ALL
                    SELECT a.bound
                      FROM aidcase.aid_case AS c
                     CROSS JOIN LATERAL aidcase.authority(o.programme, u.unit_code, day,
                            greatest((SELECT count(*) FROM aidcase.case_member AS m
                                       WHERE m.round_id = r.round_id AND m.counted AND NOT m.void), 1)::integer, c.residence) AS a
                     WHERE c.case_id = r.case_id AND a.level = 'unit') AS l
             WHERE o.round_id = r.round_id AND NOT o.void AND o.outcome = 'granted' AND o.amount > l.amount) THEN
        why := 'amount';
        target := r.state;
    ELSIF EXISTS (SELECT FROM aidcase.workflow_transition AS t
                   WHERE t.workflow_id = r.workflow_id AND t.from_state = r.state AND 'quorum_met' = ANY (t.guards))
          AND aidcase.votes_to_be_had(r.round_id, r.unit_id, day)
              < (SELECT q.members FROM aidcase.quorum_needed(r.round_id, r.unit_id, day) AS q) THEN
        why := 'quorum';
        SELECT g.substitute_unit_id INTO stand_in
          FROM aidcase.group_substitute AS g
         WHERE g.unit_id = r.unit_id AND g.valid @> day
           AND aidcase.votes_to_be_had(r.round_id, g.substitute_unit_id, day)
               >= (SELECT q.members FROM aidcase.quorum_needed(r.round_id, r.unit_id, day) AS q)
           AND NOT EXISTS (SELECT FROM aidcase.reroute AS e
                            WHERE e.round_id = r.round_id AND e.group_unit_id = g.substitute_unit_id);
        IF stand_in IS NOT NULL THEN
            target := r.state;
            district := r.workflow_id;
        ELSE
            SELECT t.from_state INTO target
              FROM aidcase.workflow_transition AS t
              JOIN aidcase.workflow_state AS f ON f.workflow_id = t.workflow_id AND f.state = t.from_state AND NOT f.frozen
              JOIN aidcase.workflow_state AS s ON s.workflow_id = t.workflow_id AND s.state = t.to_state AND s.grants
             WHERE t.workflow_id = district
               AND NOT EXISTS (SELECT FROM aidcase.post AS p WHERE p.post = ANY (t.posts) AND p.level <> 'district')
             LIMIT 1;
        END IF;
    ELSE
        RAISE EXCEPTION 'the unit can decide round % itself', r.round_id
            USING ERRCODE = 'ZA003',
                  DETAIL = 'Its delegation is in force, the amount is within its limits, and its group can reach the quorum.',
                  HINT = 'Only what a unit cannot decide goes to another group or to the district.';
    END IF;
    IF target IS NULL OR NOT EXISTS (SELECT FROM aidcase.workflow_state AS s
                                      WHERE s.workflow_id = district AND s.state = target AND NOT s.frozen) THEN
        RAISE EXCEPTION 'round % cannot go over to the district''s procedure', r.round_id
            USING ERRCODE = '55000', DETAIL = format('It has no state for a round that is in state "%s".', r.state),
                  HINT = 'Put a version in force for units without delegation that has the same states up to the decision.';
    END IF;
    INSERT INTO aidcase.reroute (case_id, round_id, unit_id, kind, from_workflow_id, from_state,
                                 to_workflow_id, to_state, group_unit_id, occurred_at, staff_id, reason)
    VALUES (r.case_id, r.round_id, r.unit_id, why, r.workflow_id, r.state, district, target, stand_in,
            aidcase.now_here(), aidcase.current_staff(), reroute_round.reason)
    RETURNING reroute_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.reroute_round(bigint, text) IS
    '单位不能决定的轮次转代行小组或区级(委托终止、超额、回避致人数不足) / sends a round that its unit cannot decide to the group that stands in, or to the district: delegation ended, amount too high, or quorum broken by recusals';
REVOKE ALL ON FUNCTION aidcase.reroute_round(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.reroute_round(bigint, text) TO aidcase_clerk, aidcase_leader, aidcase_bureau;

-- What has returned of the district's say over units that hold a delegation.
CREATE OR REPLACE VIEW aidcase.district_approval_reintroduced WITH (security_invoker = true) AS
SELECT u.unit_id, u.unit_code, p.name AS parameter, p.value / p.divisor AS value, p.valid, d.doc_no, n.label_zh, n.label_en
  FROM (SELECT DISTINCT e.unit_id FROM aidcase.delegation AS e WHERE e.valid @> aidcase.today()) AS h
  JOIN aidcase.unit AS u ON u.unit_id = h.unit_id
 CROSS JOIN aidcase.parameter_name AS n
 CROSS JOIN LATERAL aidcase.parameter_row(n.name, u.unit_code, aidcase.today()) AS p
  JOIN aidcase.policy_document AS d ON d.document_id = p.document_id
 WHERE n.name IN ('district_approval', 'district_cosign', 'bureau_visit_before_decision') AND p.value <> 0
    OR n.name = 'district_decides_above';
COMMENT ON VIEW aidcase.district_approval_reintroduced IS
    '受托单位已恢复的区级审批事项及依据 / what has returned of the district''s approval in units that hold a delegation, with the document';
COMMENT ON COLUMN aidcase.district_approval_reintroduced.unit_id IS '单位 / unit';
COMMENT ON COLUMN aidcase.district_approval_reintroduced.unit_code IS '单位代码 / code of the unit';
COMMENT ON COLUMN aidcase.district_approval_reintroduced.parameter IS '参数 / parameter';
COMMENT ON COLUMN aidcase.district_approval_reintroduced.value IS '数值(开关为 1,金额为元) / value: 1 for a switch, yuan for an amount';
COMMENT ON COLUMN aidcase.district_approval_reintroduced.valid IS '期间 / days on which it is in force';
COMMENT ON COLUMN aidcase.district_approval_reintroduced.doc_no IS '依据文件 / document it rests on';
COMMENT ON COLUMN aidcase.district_approval_reintroduced.label_zh IS '中文名称 / label in Chinese';
COMMENT ON COLUMN aidcase.district_approval_reintroduced.label_en IS '英文名称 / label in English';
REVOKE ALL ON TABLE aidcase.district_approval_reintroduced FROM PUBLIC;
GRANT SELECT ON TABLE aidcase.district_approval_reintroduced TO aidcase_admin, aidcase_bureau, aidcase_inspector;

-- A visit or signature is entered within some days of it; an authorisation
-- that goes on from an earlier round was entered then.
CREATE OR REPLACE FUNCTION aidcase.check_paper_date() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    row_now CONSTANT jsonb := to_jsonb(NEW);
    day     CONSTANT date := CASE TG_ARGV[0] WHEN 'signed_on' THEN (row_now ->> 'signed_on')::date
                                  ELSE aidcase.date_here((row_now ->> TG_ARGV[0])::timestamptz) END;
    days    numeric;
BEGIN
    IF day >= aidcase.today() - 1
       OR TG_OP = 'UPDATE' AND row_now ->> TG_ARGV[0] IS NOT DISTINCT FROM to_jsonb(OLD) ->> TG_ARGV[0] THEN
        RETURN NEW;
    END IF;
    SELECT p.value / p.divisor INTO days
      FROM aidcase.unit AS u
     CROSS JOIN LATERAL aidcase.parameter_row('paper_entry_days', u.unit_code, aidcase.today()) AS p
     WHERE u.unit_id = coalesce((row_now ->> 'unit_id')::bigint,
                                (SELECT c.unit_id FROM aidcase.aid_case AS c WHERE c.case_id = (row_now ->> 'case_id')::bigint));
    IF day < aidcase.today() - days::integer
       AND NOT (TG_TABLE_NAME = 'authorisation' AND EXISTS (
                SELECT FROM aidcase.authorisation AS a
                 WHERE a.case_id = (row_now ->> 'case_id')::bigint AND a.round_id <> (row_now ->> 'round_id')::bigint
                   AND a.signed_on = day)) THEN
        RAISE EXCEPTION 'column "%" of "%" lies too far in the past', TG_ARGV[0], TG_TABLE_NAME
            USING ERRCODE = '22023',
                  DETAIL = format('Parameter "paper_entry_days" allows %s days.', trim_scale(days)),
                  HINT = 'Have the paper signed, or the visit made, anew.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_paper_date() IS
    '触发器:纸质事实须在规定天数内录入 / trigger: visits and signatures are entered within some days';
REVOKE ALL ON FUNCTION aidcase.check_paper_date() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_paper" BEFORE INSERT OR UPDATE ON aidcase.home_visit
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_paper_date('visited_at');
CREATE OR REPLACE TRIGGER "~2_paper" BEFORE INSERT OR UPDATE ON aidcase.review_meeting
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_paper_date('held_at');
CREATE OR REPLACE TRIGGER "~2_paper" BEFORE INSERT OR UPDATE ON aidcase.commitment
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_paper_date('signed_on');
CREATE OR REPLACE TRIGGER "~2_paper" BEFORE INSERT OR UPDATE ON aidcase.authorisation
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_paper_date('signed_on');

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

-- ---------------------------------------------------------------------
-- For verify_register(): moves that no procedure allows, and what was written
-- to decided rounds.  Whoever switches a gate off and writes leaves an entry
-- like any other; what it says gives him away.  Of one case, numbers of
-- entries rise with time, as its facts and moves come one after the other.

CREATE OR REPLACE FUNCTION aidcase.move_breaks(
    OUT kind text, OUT relation text, OUT key text, OUT entry_no bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH guarded AS MATERIALIZED (
        SELECT w.subject AS relation, 'state' AS first, 'workflow_id' AS second, false AS later
          FROM aidcase.workflow AS w GROUP BY w.subject
        UNION ALL
        SELECT c.relname, 'round_id', NULL, position('after_decision' IN encode(t.tgargs, 'escape')) > 0
          FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
         WHERE t.tgname = '~1_fact' AND c.relnamespace = 'aidcase'::regnamespace),
    shape AS MATERIALIZED (
        SELECT s.shape_no, s.shape_no::text AS no, s.relation, g.second IS NULL AS fact, g.later,
               ARRAY[min(c.no) FILTER (WHERE c.col ->> 2 = '1'), min(c.no) FILTER (WHERE c.col ->> 0 = g.first),
                     min(c.no) FILTER (WHERE c.col ->> 0 = g.second)]::integer[] AS places
          FROM aidcase.ledger_shape AS s
          JOIN guarded AS g ON g.relation = s.relation
         CROSS JOIN LATERAL jsonb_array_elements(s.columns::jsonb) WITH ORDINALITY AS c (col, no)
         GROUP BY s.shape_no, s.relation, g.second, g.later),
    version AS MATERIALIZED (
        SELECT e.entry_no, s.shape_no, s.relation, s.fact, s.later, v.part[1]::bigint AS supersedes, v.part[2] AS image,
               v.part[3] AS id, v.part[4] AS state, v.part[5] AS workflow
          FROM aidcase.ledger_entry AS e
          JOIN shape AS s ON s.no = split_part(e.entry, ',', 5)
         CROSS JOIN LATERAL (SELECT aidcase.entry_values(e.entry, s.places) AS part OFFSET 0) AS v
         WHERE v.part IS NOT NULL),
    state AS MATERIALIZED (
        SELECT s.workflow_id::text AS workflow, to_json(s.state)::text AS state, s.kind, s.frozen FROM aidcase.workflow_state AS s),
    decided AS MATERIALIZED (
        SELECT r.id, r.state, r.from_no, r.to_no, s.kind
          FROM (SELECT v.id, v.state, v.workflow, v.entry_no AS from_no,
                       lead(v.entry_no) OVER (PARTITION BY v.id ORDER BY v.entry_no) AS to_no
                  FROM version AS v WHERE v.relation = 'case_round') AS r
          JOIN state AS s ON s.workflow = r.workflow AND s.state = r.state AND s.frozen)
    SELECT 'move_not_allowed', n.relation, format('[%s]', n.id), n.entry_no,
           CASE WHEN n.supersedes = 0 THEN format('The row began in state %s, in which no row of its procedure begins.', n.state)
                ELSE format('The row went from state %s to state %s, which its procedure does not allow: the gate was off.', o.state, n.state) END
      FROM version AS n
      LEFT JOIN version AS o ON o.entry_no = n.supersedes AND n.supersedes <> 0
     WHERE NOT n.fact
       AND CASE WHEN n.supersedes = 0
                THEN NOT EXISTS (SELECT FROM state AS s WHERE (s.workflow, s.state, s.kind) = (n.workflow, n.state, 'initial'))
                WHEN o.entry_no IS NULL OR (o.workflow, o.state) = (n.workflow, n.state) THEN false
                ELSE NOT (o.workflow = n.workflow
                          AND EXISTS (SELECT FROM aidcase.workflow_transition AS t
                                       WHERE (t.workflow_id::text, to_json(t.from_state)::text, to_json(t.to_state)::text)
                                             = (n.workflow, o.state, n.state)))
                     AND NOT (n.relation = 'case_round'
                              AND EXISTS (SELECT FROM aidcase.reroute AS r
                                           WHERE (r.round_id::text, r.from_workflow_id::text, to_json(r.from_state)::text,
                                                  r.to_workflow_id::text, to_json(r.to_state)::text)
                                                 = (n.id, o.workflow, o.state, n.workflow, n.state))) END
    UNION ALL
    SELECT 'frozen_row_changed', n.relation, format('[%s]', n.id), n.entry_no,
           format('The row was changed in state %s, in which nothing of it changes: the gate was off.', n.state)
      FROM version AS n
      JOIN version AS o ON o.entry_no = n.supersedes AND o.shape_no = n.shape_no
       AND o.state = n.state AND o.workflow = n.workflow AND o.image <> n.image
      JOIN state AS s ON s.workflow = n.workflow AND s.state = n.state AND s.frozen
     WHERE NOT n.fact
    UNION ALL
    SELECT 'frozen_fact_changed', f.relation, format('[%s]', f.id), f.entry_no,
           format('The row was written when round %s was in state %s, in which its facts do not change: the gate was off.', d.id, d.state)
      FROM version AS f
      JOIN decided AS d ON d.id = f.state AND f.entry_no > d.from_no AND (f.entry_no < d.to_no OR d.to_no IS NULL)
     WHERE f.fact AND (d.kind = 'final' OR NOT f.later)
$$;
COMMENT ON FUNCTION aidcase.move_breaks(OUT text, OUT text, OUT text, OUT bigint, OUT text) IS
    '核验各事项状态变化是否合乎程序、已决定的事实是否被改,由 verify_register() 调用 / moves that no procedure allows and changes of decided rows and facts, for verify_register()';
REVOKE ALL ON FUNCTION aidcase.move_breaks() FROM PUBLIC;
