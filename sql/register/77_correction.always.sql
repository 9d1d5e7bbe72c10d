-- correction: carrying on what is granted, and correcting typing errors.

-- What runs in a case and would go on under another round decided on a day:
-- the recurring awards, each from the month in which nothing is missed and
-- nothing is paid twice.
CREATE OR REPLACE FUNCTION aidcase.awards_to_carry(case_id bigint, area text, on_date date, round_kind text)
RETURNS TABLE (award_id bigint, round_id bigint, determination_id bigint, programme text, from_month date, until date,
               amount numeric, persons integer)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT a.award_id, a.round_id, a.determination_id, a.programme,
           greatest(s.month, lower(a.months)), upper(a.months), a.amount, a.persons
      FROM aidcase.award AS a
      JOIN aidcase.programme AS g ON g.programme = a.programme AND g.cash AND g.recurring
     CROSS JOIN LATERAL (SELECT aidcase.award_start(a.case_id, a.programme, awards_to_carry.area,
                                                    awards_to_carry.on_date, awards_to_carry.round_kind) AS month) AS s
     WHERE a.case_id = awards_to_carry.case_id AND a.months && daterange(s.month, NULL)
$$;
COMMENT ON FUNCTION aidcase.awards_to_carry(bigint, text, date, text) IS
    '内部:可由另一轮次承接的在享待遇及承接月份 / internal: running awards of a case and the month from which another round carries them on';
REVOKE ALL ON FUNCTION aidcase.awards_to_carry(bigint, text, date, text) FROM PUBLIC;

-- Gives a round the determinations and the opinion on which the running
-- awards rest.  determined: it has determinations of its own already.
CREATE OR REPLACE FUNCTION aidcase.carry_decision(to_round bigint, determined boolean DEFAULT false) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    n integer;
BEGIN
    IF NOT determined THEN
        -- every column as it is, but for whose it is
        WITH made AS (
            INSERT INTO aidcase.determination
            SELECT (jsonb_populate_record(NULL::aidcase.determination, to_jsonb(d) || jsonb_build_object(
                        'determination_id', nextval(pg_get_serial_sequence('aidcase.determination', 'determination_id')),
                        'round_id', r.round_id, 'determined_at', aidcase.now_here(), 'determined_by', aidcase.current_staff(),
                        'persons', (SELECT to_jsonb(array_agg(t.member_id ORDER BY t.member_id)) FROM aidcase.case_member AS f
                                      JOIN aidcase.case_member AS t ON t.round_id = r.round_id AND t.person_id = f.person_id
                                     WHERE f.member_id = ANY (d.persons))))).*
              FROM aidcase.case_round AS r
              JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
             CROSS JOIN LATERAL aidcase.awards_to_carry(r.case_id, u.unit_code, aidcase.today(), r.round_kind) AS c
              JOIN aidcase.determination AS d ON d.determination_id = c.determination_id
             WHERE r.round_id = carry_decision.to_round
            RETURNING determination_id, round_id, programme)
        INSERT INTO aidcase.determination_line
        SELECT (jsonb_populate_record(NULL::aidcase.determination_line, to_jsonb(l) || jsonb_build_object(
                    'line_id', nextval(pg_get_serial_sequence('aidcase.determination_line', 'line_id')),
                    'determination_id', m.determination_id, 'member_id', t.member_id))).*
          FROM made AS m
          JOIN aidcase.case_round AS r ON r.round_id = m.round_id
          JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
         CROSS JOIN LATERAL aidcase.awards_to_carry(r.case_id, u.unit_code, aidcase.today(), r.round_kind) AS c
          JOIN aidcase.determination_line AS l ON l.determination_id = c.determination_id
          LEFT JOIN aidcase.case_member AS f ON f.member_id = l.member_id
          LEFT JOIN aidcase.case_member AS t ON t.round_id = m.round_id AND t.person_id = f.person_id
         WHERE c.programme = m.programme
         ORDER BY m.determination_id, l.line_no;
    END IF;
    INSERT INTO aidcase.assistance_opinion (case_id, round_id, matter, programme, department, outcome, determination_id, amount, note)
    SELECT r.case_id, r.round_id, o.matter, c.programme, o.department, 'granted', d.determination_id, c.amount, o.note
      FROM aidcase.case_round AS r
      JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
     CROSS JOIN LATERAL aidcase.awards_to_carry(r.case_id, u.unit_code, aidcase.today(), r.round_kind) AS c
      JOIN aidcase.assistance_opinion AS o ON o.round_id = c.round_id AND o.programme = c.programme AND NOT o.void
     CROSS JOIN LATERAL (SELECT e.determination_id FROM aidcase.determination AS e
                          WHERE e.round_id = r.round_id AND e.programme = c.programme
                          ORDER BY e.determination_id DESC LIMIT 1) AS d
     WHERE r.round_id = carry_decision.to_round
     ORDER BY c.programme COLLATE "C";
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
COMMENT ON FUNCTION aidcase.carry_decision(bigint, boolean) IS
    '内部:把在享待遇的测算和意见带入新轮次,返回待遇项数 / internal: gives a round the determinations and opinion of the running awards; returns how many';
REVOKE ALL ON FUNCTION aidcase.carry_decision(bigint, boolean) FROM PUBLIC;

-- Trigger: a correction or transfer that is decided carries the awards on:
-- they end, and those of the new round begin in the same month.
CREATE OR REPLACE FUNCTION aidcase.carry_awards() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    carried jsonb;
    rounds CONSTANT bigint[] := ARRAY(
        SELECT n.round_id FROM new_rows AS n JOIN old_rows AS o USING (round_id)
          JOIN aidcase.workflow_state AS s ON s.workflow_id = n.workflow_id AND s.state = n.state
         WHERE s.alters AND n.state <> o.state AND n.round_kind IN ('correction', 'transfer') ORDER BY n.round_id);
BEGIN
    IF rounds = '{}' THEN
        RETURN NULL;
    END IF;
    -- a roll that is being made now is waited for
    PERFORM FROM aidcase.award AS a
      WHERE a.case_id IN (SELECT r.case_id FROM aidcase.case_round AS r WHERE r.round_id = ANY (rounds))
      ORDER BY a.award_id FOR NO KEY UPDATE;
    SELECT jsonb_agg(jsonb_build_object('round_id', r.round_id, 'award_id', c.award_id, 'programme', c.programme,
                                        'from_month', c.from_month, 'until', c.until)) INTO carried
      FROM aidcase.case_round AS r
      JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
     CROSS JOIN LATERAL aidcase.awards_to_carry(r.case_id, u.unit_code, r.decided_on, r.round_kind) AS c
     WHERE r.round_id = ANY (rounds);
    IF carried IS NULL THEN
        RETURN NULL;
    END IF;
    WITH ended AS (
        UPDATE aidcase.award AS a
           SET months = CASE WHEN lower(a.months) < c.from_month THEN daterange(lower(a.months), c.from_month) ELSE 'empty' END,
               stop_reason = CASE r.round_kind WHEN 'transfer' THEN 'transferred' ELSE 'corrected' END
          FROM jsonb_to_recordset(carried) AS c (round_id bigint, award_id bigint, from_month date)
          JOIN aidcase.case_round AS r ON r.round_id = c.round_id
         WHERE a.award_id = c.award_id
        RETURNING a.award_id, a.months)
    UPDATE aidcase.award_person AS q SET months = e.months
      FROM ended AS e WHERE q.award_id = e.award_id;
    WITH made AS (
        INSERT INTO aidcase.award (case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence)
        SELECT r.case_id, r.round_id, o.determination_id, r.unit_id, c.programme, daterange(c.from_month, c.until),
               a.amount, a.persons, h.residence
          FROM jsonb_to_recordset(carried) AS c (round_id bigint, award_id bigint, programme text, from_month date, until date)
          JOIN aidcase.case_round AS r ON r.round_id = c.round_id
          JOIN aidcase.aid_case AS h ON h.case_id = r.case_id
          JOIN aidcase.award AS a ON a.award_id = c.award_id
          -- one that was taken over rests on no determination
          LEFT JOIN aidcase.assistance_opinion AS o ON o.round_id = r.round_id AND o.programme = c.programme
                                                   AND o.outcome = 'granted' AND NOT o.void
         ORDER BY r.round_id, c.programme COLLATE "C"
        RETURNING award_id, case_id, round_id, programme, months
    ), parts AS (
        INSERT INTO aidcase.award_component (award_id, case_id, component, amount)
        SELECT m.award_id, m.case_id, k.component, k.amount
          FROM made AS m
          JOIN jsonb_to_recordset(carried) AS c (round_id bigint, award_id bigint, programme text)
            ON c.round_id = m.round_id AND c.programme = m.programme
          JOIN aidcase.award_component AS k ON k.award_id = c.award_id
         ORDER BY m.award_id, k.component COLLATE "C"
    )
    INSERT INTO aidcase.award_person (award_id, case_id, member_id, citizen_id, exclusion_group, months)
    SELECT m.award_id, m.case_id, b.member_id, b.citizen_id, g.exclusion_group, m.months
      FROM made AS m
      JOIN aidcase.programme AS g USING (programme)
      JOIN jsonb_to_recordset(carried) AS c (round_id bigint, award_id bigint, programme text)
        ON c.round_id = m.round_id AND c.programme = m.programme
      JOIN aidcase.award_person AS p ON p.award_id = c.award_id
      JOIN aidcase.case_member AS f ON f.member_id = p.member_id
      JOIN aidcase.case_member AS b ON b.round_id = m.round_id AND b.person_id = f.person_id AND NOT b.void
     ORDER BY m.award_id, b.member_id;
    -- a number that was in dispute is settled by its correction
    UPDATE aidcase.identity_dispute AS d
       SET outcome = 'corrected', note = k.grounds, settled_at = aidcase.now_here(), settled_by = aidcase.current_staff()
      FROM aidcase.correction AS k
      JOIN aidcase.case_member AS n ON n.member_id = k.row_id
      JOIN aidcase.case_member AS o ON o.person_id = n.person_id
     WHERE k.round_id = ANY (rounds) AND k.relation = 'case_member' AND k.column_name = 'citizen_id'
       AND d.member_id = o.member_id AND d.settled_at IS NULL;
    RETURN NULL;
EXCEPTION
    WHEN exclusion_violation THEN
        RAISE EXCEPTION 'a member of the household already receives assistance that excludes this one'
            USING ERRCODE = '23P01',
                  DETAIL = 'Another award of the same person covers the same months.',
                  HINT = 'Find out who of the two the number belongs to, or end the other award first.';
END
$$;
COMMENT ON FUNCTION aidcase.carry_awards() IS
    '触发器:更正或迁移后待遇由新轮次承接,不断档、不重复 / trigger: a correction or transfer carries the awards on from the first month that is not paid yet';
REVOKE ALL ON FUNCTION aidcase.carry_awards() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_carry" AFTER UPDATE ON aidcase.case_round
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.carry_awards();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.correction
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.correctable_field
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('sort');

-- Guard: something is corrected, and what runs goes on in the same amount.
CREATE OR REPLACE FUNCTION aidcase.guard_correction_same(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT CASE
           WHEN NOT EXISTS (SELECT FROM aidcase.correction AS k WHERE k.round_id = r.round_id)
               THEN 'Nothing is corrected.'
           WHEN EXISTS (SELECT FROM aidcase.awards_to_carry(r.case_id, u.unit_code, guard_correction_same.on_date, r.round_kind) AS c
                         WHERE c.determination_id IS NOT NULL
                           AND NOT EXISTS (SELECT FROM aidcase.assistance_opinion AS o
                                             JOIN aidcase.determination AS d USING (determination_id)
                                            WHERE o.round_id = r.round_id AND o.programme = c.programme AND o.outcome = 'granted'
                                              AND NOT o.void AND o.amount = c.amount AND d.members = c.persons))
               THEN 'What is granted has changed since the correction was made.'
           END
      FROM aidcase.case_round AS r JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
     WHERE r.round_id = guard_correction_same.id
$$;
COMMENT ON FUNCTION aidcase.guard_correction_same(text, bigint, bigint, date) IS
    '流转条件:有更正内容且不改变在享待遇 / guard: something is corrected, and what is granted stays the same';
REVOKE ALL ON FUNCTION aidcase.guard_correction_same(text, bigint, bigint, date) FROM PUBLIC;

-- Faults of a correction; writes nothing.
CREATE OR REPLACE FUNCTION aidcase.correction_faults(source_round bigint, doc jsonb)
RETURNS TABLE (path text, reason text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object", "required": ["changes", "reason"], "properties": {
        "reason": {"type": "string", "maxLength": 1000},
        "changes": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "object",
            "required": ["table", "id", "column"],
            "properties": {
                "table": {"type": "string", "maxLength": 63},
                "id": {"type": "integer"},
                "column": {"type": "string", "maxLength": 63},
                "value": {"type": ["string", "number", "boolean"], "maxLength": 1000}}}}}}';
    c record;
    found jsonb;
    same boolean;
BEGIN
    RETURN QUERY SELECT f.path, f.reason FROM aidcase.document_faults(doc, shape) AS f;
    FOR c IN
        SELECT 'changes[' || i.n || ']' AS path, i.item, i.item ->> 'table' AS relation, i.item ->> 'column' AS column_name,
               aidcase.whole_number(CASE WHEN jsonb_typeof(i.item -> 'id') = 'number' THEN i.item ->> 'id' END) AS row_id,
               k.field_id
          FROM aidcase.listed(doc, 'changes') AS i
          LEFT JOIN aidcase.correctable_field AS k ON k.relation = i.item ->> 'table' AND k.column_name = i.item ->> 'column'
         WHERE jsonb_typeof(i.item -> 'table') = 'string' AND jsonb_typeof(i.item -> 'column') = 'string'
         ORDER BY i.n
    LOOP
        path := c.path || '.column';
        IF c.field_id IS NULL THEN
            reason := 'is no field that can be corrected';
            RETURN NEXT;
            CONTINUE;
        END IF;
        CONTINUE WHEN c.row_id IS NULL;
        IF EXISTS (SELECT FROM aidcase.listed(doc, 'changes') AS b
                    WHERE 'changes[' || b.n || ']' < c.path AND b.item -> 'id' = c.item -> 'id'
                      AND b.item -> 'table' = c.item -> 'table' AND b.item -> 'column' = c.item -> 'column') THEN
            reason := 'is named twice';
            RETURN NEXT;
        END IF;
        EXECUTE format('SELECT to_jsonb(t) FROM aidcase.%I AS t WHERE t.%I = $1 AND t.round_id = $2 AND NOT t.void',
                       c.relation, (aidcase.read_key(c.relation, '0')).columns[1])
           INTO found USING c.row_id, source_round;
        IF found IS NULL THEN
            path := c.path || '.id';
            reason := 'is no row of the last decided round';
            RETURN NEXT;
            CONTINUE;
        END IF;
        IF c.relation = 'case_member' AND c.column_name IN ('birth_date', 'sex') AND found ->> 'citizen_id' IS NOT NULL
           AND NOT EXISTS (SELECT FROM aidcase.listed(doc, 'changes') AS b
                            WHERE b.item -> 'id' = c.item -> 'id' AND b.item ->> 'table' = 'case_member'
                              AND b.item ->> 'column' = 'citizen_id') THEN
            reason := 'follows from the citizen number; correct that';
            RETURN NEXT;
            CONTINUE;
        END IF;
        path := c.path || '.value';
        BEGIN
            EXECUTE format('SELECT (jsonb_populate_record(NULL::aidcase.%1$I, $1)).%2$I IS NOT DISTINCT FROM (jsonb_populate_record(NULL::aidcase.%1$I, $2)).%2$I',
                           c.relation, c.column_name)
               INTO same USING jsonb_build_object(c.column_name, c.item -> 'value'), found;
            reason := CASE WHEN same THEN 'is what stands there' END;
        EXCEPTION WHEN data_exception THEN
            reason := 'is no value of this column';
        END;
        IF reason IS NOT NULL THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION aidcase.correction_faults(bigint, jsonb) IS
    '内部:更正文档的全部错误 / internal: all faults of a correction';
REVOKE ALL ON FUNCTION aidcase.correction_faults(bigint, jsonb) FROM PUBLIC;

-- Writes the changes into a round that is a copy of the source round.
CREATE OR REPLACE FUNCTION aidcase.apply_changes(source_round bigint, to_round bigint, changes jsonb, grounds text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    c record;
    key text;
    old_ids bigint[];
    new_ids bigint[];
    new_id bigint;
    old_row jsonb;
    new_row jsonb;
    given jsonb;
BEGIN
    FOR c IN
        SELECT i.item ->> 'table' AS relation, (i.item ->> 'id')::bigint AS row_id,
               jsonb_object_agg(i.item ->> 'column', i.item -> 'value') AS given
          FROM jsonb_array_elements(changes) AS i (item)
         GROUP BY 1, 2
         ORDER BY 1, 2
    LOOP
        key := (aidcase.read_key(c.relation, '0')).columns[1];
        given := c.given;
        -- a copy keeps the order of the rows
        EXECUTE format('SELECT array_agg(t.%2$I ORDER BY t.%2$I) FILTER (WHERE t.round_id = $1), array_agg(t.%2$I ORDER BY t.%2$I) FILTER (WHERE t.round_id = $2)'
                       ' FROM aidcase.%1$I AS t WHERE t.round_id IN ($1, $2) AND NOT t.void %3$s', c.relation, key,
                       CASE WHEN EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = format('aidcase.%I', c.relation)::regclass
                                                                        AND a.attname = 'member_id') AND c.relation <> 'case_member'
                            THEN 'AND EXISTS (SELECT FROM aidcase.case_member AS m WHERE m.member_id = t.member_id AND NOT m.void)' ELSE '' END)
           INTO old_ids, new_ids USING source_round, to_round;
        new_id := new_ids[array_position(old_ids, c.row_id)];
        IF new_id IS NULL OR cardinality(old_ids) <> cardinality(new_ids) THEN
            RAISE EXCEPTION 'row % of "%" was not copied', c.row_id, c.relation USING ERRCODE = 'XX000';
        END IF;
        -- birth date and sex follow from the number
        IF c.relation = 'case_member' AND given ->> 'citizen_id' IS NOT NULL THEN
            given := jsonb_build_object('birth_date', aidcase.birth_date((given ->> 'citizen_id')::aidcase.citizen_id),
                                        'sex', aidcase.sex((given ->> 'citizen_id')::aidcase.citizen_id)) || given;
        END IF;
        EXECUTE format('SELECT to_jsonb(t) FROM aidcase.%I AS t WHERE t.%I = $1', c.relation, key) INTO old_row USING new_id;
        EXECUTE format('UPDATE aidcase.%1$I AS t SET %3$s FROM jsonb_populate_record(NULL::aidcase.%1$I, $1) AS n WHERE t.%2$I = $2',
                       c.relation, key,
                       (SELECT string_agg(format('%1$I = n.%1$I', k), ', ') FROM jsonb_object_keys(given) AS k))
          USING given, new_id;
        EXECUTE format('SELECT to_jsonb(t) FROM aidcase.%I AS t WHERE t.%I = $1', c.relation, key) INTO new_row USING new_id;
        INSERT INTO aidcase.correction (case_id, round_id, relation, row_id, column_name, old_value, new_value, counted, grounds)
        SELECT r.case_id, r.round_id, c.relation, new_id, f.column_name, old_row ->> f.column_name, new_row ->> f.column_name,
               f.counted, apply_changes.grounds
          FROM aidcase.correctable_field AS f
          JOIN aidcase.case_round AS r ON r.round_id = apply_changes.to_round
         WHERE f.relation = c.relation AND given ? f.column_name
           AND old_row -> f.column_name IS DISTINCT FROM new_row -> f.column_name
         ORDER BY f.sort;
    END LOOP;
EXCEPTION
    WHEN integrity_constraint_violation THEN
        -- with the owner's rights PostgreSQL would print the row
        GET STACKED DIAGNOSTICS key = CONSTRAINT_NAME;
        RAISE EXCEPTION 'the correction cannot be made'
            USING ERRCODE = SQLSTATE,
                  DETAIL = format('The corrected row breaks constraint "%s" of table "%s".', key, c.relation),
                  HINT = 'Correct the fields that belong together in one call.';
END
$$;
COMMENT ON FUNCTION aidcase.apply_changes(bigint, bigint, jsonb, text) IS
    '内部:把更正写入新轮次并留存原值 / internal: writes a correction into the copied round, with the former values';
REVOKE ALL ON FUNCTION aidcase.apply_changes(bigint, bigint, jsonb, text) FROM PUBLIC;

-- Corrects typing errors in what was decided.  A round of correction waits
-- for the second post; where a counted fact changes the result, a review is
-- opened instead, with the corrected facts.
CREATE OR REPLACE FUNCTION aidcase.correct(case_id bigint, changes jsonb, reason text, dry_run boolean DEFAULT false)
RETURNS TABLE (round_id bigint, outcome text, relation text, row_id bigint, column_name text, old_value text,
               new_value text, counted boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_case aidcase.aid_case;
    source aidcase.case_round;
    running bigint;
    the_round bigint;
    kind text;
    day date;
    counts boolean;
    differs boolean := false;
    made aidcase.correction[];
BEGIN
    SELECT c.* INTO the_case FROM aidcase.aid_case AS c
     WHERE c.case_id = correct.case_id AND c.unit_id = ANY (aidcase.my_units()) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no case % in your units', coalesce(correct.case_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'Table aidcase.aid_case lists the cases that you may see.';
    END IF;
    PERFORM aidcase.require_post('{clerk,bureau_clerk}', the_case.unit_id, 'correct a decided case');
    SELECT r.round_id INTO running
      FROM aidcase.case_round AS r
      JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
     WHERE r.case_id = the_case.case_id AND r.round_kind <> 'emergency' AND NOT s.frozen LIMIT 1;
    SELECT r.* INTO source
      FROM aidcase.case_round AS r
     WHERE r.case_id = the_case.case_id AND r.decided_on IS NOT NULL AND r.round_kind <> 'emergency'
     ORDER BY r.round_no DESC LIMIT 1;
    IF running IS NOT NULL OR source.round_id IS NULL THEN
        RAISE EXCEPTION 'the case has nothing decided that could be corrected now'
            USING ERRCODE = '55000',
                  DETAIL = CASE WHEN running IS NOT NULL THEN format('Round %s is open.', running) ELSE 'No round is decided.' END,
                  HINT = 'In a round that is not decided the facts are simply changed.';
    END IF;
    PERFORM aidcase.raise_faults('correction', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM aidcase.correction_faults(source.round_id, jsonb_build_object('changes', changes, 'reason', reason)) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: SELECT * FROM aidcase.correct(1, ''[{"table": "case_member", "id": 1, "column": "name", "value": "…"}]'', ''typing error'', dry_run => true).');

    FOREACH kind IN ARRAY ARRAY['correction', 'review'] LOOP
        BEGIN
            INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id,
                                            occurred_at, accepted_on)
            SELECT the_case.case_id, the_case.unit_id, kind,
                   1 + (SELECT max(r.round_no) FROM aidcase.case_round AS r WHERE r.case_id = the_case.case_id),
                   source.channel, aidcase.now_here(), aidcase.current_staff(), aidcase.now_here(),
                   -- the rules of then
                   CASE kind WHEN 'correction' THEN coalesce((
                       SELECT b.accepted_on FROM aidcase.award AS a JOIN aidcase.case_round AS b USING (round_id)
                        WHERE a.case_id = the_case.case_id AND NOT isempty(a.months) ORDER BY a.award_id DESC LIMIT 1), source.accepted_on) END
            RETURNING round_id INTO the_round;
            PERFORM aidcase.copy_facts(source.round_id, the_round);
            PERFORM aidcase.apply_changes(source.round_id, the_round, changes, reason);
            SELECT array_agg(k ORDER BY k.correction_id), bool_or(k.counted) INTO made, counts
              FROM aidcase.correction AS k WHERE k.round_id = the_round;
            IF kind = 'correction' THEN
                IF counts THEN
                    -- a new determination by the rules and amounts of then
                    SELECT max(d.on_date) INTO day
                      FROM aidcase.award AS a JOIN aidcase.determination AS d USING (determination_id)
                     WHERE a.case_id = the_case.case_id AND NOT isempty(a.months);
                    day := coalesce(day, (SELECT max(d.on_date) FROM aidcase.determination AS d WHERE d.round_id = source.round_id));
                    IF day IS NOT NULL THEN
                        PERFORM aidcase.determine_rounds(ARRAY[the_round], day);
                    END IF;
                    differs := EXISTS (
                        SELECT FROM (SELECT DISTINCT ON (w.programme) w.*
                                       FROM (SELECT d.* FROM aidcase.unit AS u
                                              CROSS JOIN LATERAL aidcase.awards_to_carry(the_case.case_id, u.unit_code, aidcase.today(), kind) AS c
                                               JOIN aidcase.determination AS d ON d.determination_id = c.determination_id
                                              WHERE u.unit_id = the_case.unit_id
                                             UNION ALL
                                             SELECT d.* FROM aidcase.determination AS d WHERE d.round_id = source.round_id) AS w
                                      ORDER BY w.programme, w.determination_id DESC) AS was
                          LEFT JOIN LATERAL (SELECT d.* FROM aidcase.determination AS d
                                              WHERE d.round_id = the_round AND d.programme = was.programme
                                              ORDER BY d.determination_id DESC LIMIT 1) AS now ON true
                         WHERE (was.eligible, was.amount, was.members) IS DISTINCT FROM (now.eligible, now.amount, now.members))
                        -- what was taken over was never determined: a review does it
                        OR EXISTS (SELECT FROM aidcase.unit AS u
                                    CROSS JOIN LATERAL aidcase.awards_to_carry(the_case.case_id, u.unit_code, aidcase.today(), kind) AS c
                                    WHERE u.unit_id = the_case.unit_id AND c.determination_id IS NULL);
                    IF differs THEN
                        RAISE SQLSTATE 'R0LLB';
                    END IF;
                END IF;
                PERFORM aidcase.carry_decision(the_round, coalesce(counts, false));
            END IF;
            IF dry_run THEN
                RAISE SQLSTATE 'R0LLB';
            END IF;
            EXIT;
        EXCEPTION WHEN SQLSTATE 'R0LLB' THEN
            the_round := NULL;
            EXIT WHEN NOT (differs AND kind = 'correction');
        END;
    END LOOP;
    RETURN QUERY
    SELECT the_round, kind, k.relation, k.row_id, k.column_name, k.old_value, k.new_value, k.counted
      FROM unnest(made) AS k ORDER BY k.correction_id;
END
$$;
COMMENT ON FUNCTION aidcase.correct(bigint, jsonb, text, boolean) IS
    '更正已决定个案的录入差错:逐项原值、新值、理由;计入测算的事实重新测算,结果相同由负责人同意更正,不同则转复核;dry_run 只试算 / corrects typing errors of a decided case: old and new value and the reason; a counted fact is determined again: with the same result the correction waits for the leader, with another a review is opened; dry_run writes nothing';
REVOKE ALL ON FUNCTION aidcase.correct(bigint, jsonb, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.correct(bigint, jsonb, text, boolean) TO aidcase_clerk, aidcase_bureau;
