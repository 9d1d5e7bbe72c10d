-- Changes in a household (家庭变动): recorded with the day on which they
-- happened, they open a round that says the same, and have to be decided
-- within the months that the parameter allows: death_recheck_months after a
-- death, event_review_months (variant: the kind, or none) after another change.

-- Trigger: when the household is to be looked at again.
CREATE OR REPLACE FUNCTION aidcase.set_review_due() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    area   text := (SELECT v.unit_code FROM aidcase.aid_case AS c JOIN aidcase.unit AS v ON v.unit_id = c.village_id
                     WHERE c.case_id = NEW.case_id);
    months integer;
BEGIN
    IF NEW.happened_on > aidcase.today() OR NOT isfinite(NEW.happened_on) THEN
        RAISE EXCEPTION 'a change in a household is recorded when it has happened'
            USING ERRCODE = '22023', DETAIL = 'Its day lies in the future.', HINT = 'Record it on that day.';
    END IF;
    IF NEW.kind = 'death' THEN
        months := aidcase.parameter('death_recheck_months', area, NEW.happened_on);
    ELSE
        SELECT p.value INTO months FROM aidcase.parameter_row('event_review_months', area, NEW.happened_on, NULL, NEW.kind) AS p;
        months := coalesce(months, aidcase.parameter('event_review_months', area, NEW.happened_on));
    END IF;
    NEW.review_due := (NEW.happened_on + make_interval(months => months))::date;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.set_review_due() IS
    '触发器:按参数计算复核期限 / trigger: by when the household is to be reviewed, from the parameter';
REVOKE ALL ON FUNCTION aidcase.set_review_due() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_due" BEFORE INSERT OR UPDATE ON aidcase.household_event
    FOR EACH ROW EXECUTE FUNCTION aidcase.set_review_due();

-- Records a change and opens the round that answers it: a change with the new
-- household, or a stop where nobody is left.  While another round is open, the
-- change waits for it and stays on the list of event_due.
CREATE OR REPLACE FUNCTION aidcase.record_event(doc jsonb, OUT event_id bigint, OUT round_id bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["case_id", "kind", "happened_on", "source"],
        "properties": {
          "case_id": {"type": "integer"},
          "kind": {"type": "string", "codes": "household_event.kind"},
          "happened_on": {"type": "string", "format": "date", "past": true},
          "member": {"type": ["integer", "string"]},
          "source": {"type": "string", "codes": "household_event.source"},
          "note": {"type": "string", "maxLength": 2000},
          "person": {"type": "object", "required": ["name", "relation", "work_ability"],
            "properties": {
              "name": {"type": "string", "maxLength": 100},
              "citizen_id": {"type": "string", "format": "citizen-id"},
              "birth_date": {"type": "string", "format": "date", "past": true},
              "sex": {"type": "string", "codes": "case_member.sex"},
              "relation": {"type": "string", "codes": "case_member.relation"},
              "work_ability": {"type": "string", "codes": "case_member.work_ability"},
              "health": {"type": "string", "codes": "case_member.health"}}}}}';
    what     text := doc ->> 'kind';
    day      date := aidcase.iso_date(doc ->> 'happened_on');
    the_case bigint := aidcase.whole_number(CASE WHEN jsonb_typeof(doc -> 'case_id') = 'number' THEN doc ->> 'case_id' END);
    last     bigint;
    gone     bigint;
    gone_person bigint;
    left_over bigint;
    number   aidcase.citizen_id := aidcase.citizen(doc #>> '{person,citizen_id}');
    is_open  boolean;
BEGIN
    PERFORM aidcase.acting_staff();
    SELECT r.round_id INTO last
      FROM aidcase.case_round AS r
     WHERE r.case_id = the_case AND r.round_kind <> 'emergency'
     ORDER BY r.round_no DESC LIMIT 1;
    gone := aidcase.member_in(last, doc -> 'member');
    PERFORM aidcase.raise_faults('change in the household', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'case_id', 'is no case of your units' WHERE the_case IS NOT NULL AND last IS NULL
                UNION ALL
                SELECT 'member', 'is missing' WHERE what IN ('death', 'departure') AND doc -> 'member' IS NULL
                UNION ALL
                SELECT 'member', 'is no member of the household'
                 WHERE what IN ('death', 'departure') AND doc -> 'member' IS NOT NULL AND last IS NOT NULL AND gone IS NULL
                UNION ALL
                SELECT 'member', 'goes with a death or a departure' WHERE what IN ('birth', 'marriage') AND doc -> 'member' IS NOT NULL
                UNION ALL
                SELECT 'person', 'is missing' WHERE what IN ('birth', 'marriage') AND doc -> 'person' IS NULL
                UNION ALL
                SELECT 'person', 'goes with a birth or a marriage' WHERE what IN ('death', 'departure') AND doc -> 'person' IS NOT NULL
                UNION ALL
                SELECT 'person', 'has neither a citizen number nor a date of birth and a sex'
                 WHERE jsonb_typeof(doc -> 'person') = 'object' AND doc #> '{person,citizen_id}' IS NULL
                   AND (doc #> '{person,birth_date}' IS NULL OR doc #> '{person,sex}' IS NULL)
               ) AS f (path, reason)
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: SELECT * FROM aidcase.record_event(''{"case_id": 1, "kind": "death", "member": 2, "happened_on": "2021-06-10", "source": "household"}'').');

    SELECT m.person_id INTO gone_person FROM aidcase.case_member AS m WHERE m.member_id = gone;
    SELECT EXISTS (SELECT FROM aidcase.case_round AS r
                     JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
                    WHERE r.case_id = the_case AND r.round_kind <> 'emergency' AND NOT s.frozen) INTO is_open;
    IF NOT is_open THEN
        SELECT count(*) INTO left_over
          FROM aidcase.case_member AS m
         WHERE m.round_id = last AND m.counted AND NOT m.void AND m.member_id IS DISTINCT FROM gone;
        IF left_over = 0 AND what IN ('death', 'departure')
           AND EXISTS (SELECT FROM aidcase.award AS a WHERE a.case_id = the_case AND upper_inf(a.months)) THEN
            round_id := aidcase.stop_case(the_case, CASE what WHEN 'death' THEN 'death' ELSE 'moved_away' END, day);
        ELSE
            round_id := aidcase.open_review(the_case, 'change');
            IF what IN ('death', 'departure') THEN
                UPDATE aidcase.case_member AS m
                   SET counted = false,
                       not_counted_reason = CASE what WHEN 'death' THEN '死亡 ' ELSE '离开家庭 ' END || day,
                       situation = CASE what WHEN 'death' THEN 'deceased' ELSE 'departed' END,
                       situation_since = day, count_exception = NULL
                 WHERE m.round_id = record_event.round_id AND m.person_id = gone_person AND m.counted;
            ELSE
                INSERT INTO aidcase.case_member (case_id, round_id, citizen_id, name, birth_date, sex, relation, work_ability, health)
                VALUES (the_case, record_event.round_id, number, doc #>> '{person,name}',
                        coalesce(aidcase.birth_date(number), aidcase.iso_date(doc #>> '{person,birth_date}')),
                        coalesce(aidcase.sex(number), doc #>> '{person,sex}'), doc #>> '{person,relation}',
                        doc #>> '{person,work_ability}', coalesce(doc #>> '{person,health}', 'good'));
            END IF;
        END IF;
    END IF;
    INSERT INTO aidcase.household_event (case_id, kind, happened_on, person_id, review_due, round_id, source, note)
    VALUES (the_case, what, day, gone_person, day, record_event.round_id, doc ->> 'source', doc ->> 'note')
    RETURNING household_event.event_id INTO event_id;
END
$$;
COMMENT ON FUNCTION aidcase.record_event(jsonb) IS
    '登记家庭变动(死亡、离开、出生、结婚)并发起变更或停发轮次,按参数计算复核期限;已有未决轮次时列入待办 / records a change in a household and opens the round that answers it, due by the parameter; while another round is open it waits on event_due; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.record_event(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.record_event(jsonb) TO aidcase_clerk, aidcase_leader;

-- Changes that no round has answered yet.  A round answers a change when it
-- was opened for it, or after it was known, and is decided.
CREATE OR REPLACE VIEW aidcase.event_due WITH (security_invoker = true) AS
SELECT e.event_id, e.case_id, c.case_no, c.unit_id, e.kind, e.happened_on, e.known_at, e.review_due,
       e.review_due < aidcase.today() AS overdue, e.round_id
  FROM aidcase.household_event AS e
  JOIN aidcase.aid_case AS c ON c.case_id = e.case_id
 WHERE NOT e.void
   AND NOT EXISTS (SELECT FROM aidcase.case_round AS r
                    WHERE r.case_id = e.case_id AND r.decided_on IS NOT NULL AND r.state <> 'withdrawn'
                      AND r.round_kind IN ('change', 'review', 'stop')
                      AND (r.round_id = e.round_id OR r.first_contact_at > e.known_at));
COMMENT ON VIEW aidcase.event_due IS
    '待复核的家庭变动及期限 / changes in households that wait for a decision, with the day by which it is due';
COMMENT ON COLUMN aidcase.event_due.event_id IS '变动号 / change';
COMMENT ON COLUMN aidcase.event_due.case_id IS '档案 / case';
COMMENT ON COLUMN aidcase.event_due.case_no IS '档案号 / case number';
COMMENT ON COLUMN aidcase.event_due.unit_id IS '经办单位 / unit that handles the case';
COMMENT ON COLUMN aidcase.event_due.kind IS '变动:death 死亡,departure 离开,birth 出生,marriage 结婚 / kind: death, departure, birth, marriage';
COMMENT ON COLUMN aidcase.event_due.happened_on IS '发生日期 / day on which it happened';
COMMENT ON COLUMN aidcase.event_due.known_at IS '登记库得知的时间 / when the register came to know';
COMMENT ON COLUMN aidcase.event_due.review_due IS '应于此日前复核决定 / to be decided by this day';
COMMENT ON COLUMN aidcase.event_due.overdue IS '已逾期 / the day is over';
COMMENT ON COLUMN aidcase.event_due.round_id IS '为此发起的轮次,空为尚未发起 / round opened for it; NULL = none yet';

COMMENT ON TABLE aidcase.household_event IS '家庭变动:死亡、离开、出生、结婚,及复核期限 / changes in households: death, departure, birth, marriage, with the day by which to review';
COMMENT ON COLUMN aidcase.household_event.event_id IS '变动号 / key';
COMMENT ON COLUMN aidcase.household_event.case_id IS '档案 / case';
COMMENT ON COLUMN aidcase.household_event.kind IS '变动种类 / kind of change';
COMMENT ON COLUMN aidcase.household_event.happened_on IS '发生日期 / day on which it happened';
COMMENT ON COLUMN aidcase.household_event.person_id IS '涉及的成员;空为新增人员 / person concerned; NULL = somebody who was not a member yet';
COMMENT ON COLUMN aidcase.household_event.known_at IS '登记库得知的时间 / when the register came to know';
COMMENT ON COLUMN aidcase.household_event.review_due IS '复核期限 / day by which the household is to be reviewed';
COMMENT ON COLUMN aidcase.household_event.round_id IS '为此发起的轮次;空为当时另有未决轮次 / round opened for it; NULL = another one was open';
COMMENT ON COLUMN aidcase.household_event.source IS '得知途径 / how it became known';
COMMENT ON COLUMN aidcase.household_event.note IS '说明,空为无 / note; NULL = none';
COMMENT ON COLUMN aidcase.household_event.void IS '误登,作废 / entered by mistake';
