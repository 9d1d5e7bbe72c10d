-- The assessment of self-care (生活自理能力评估) as a document: six items, all
-- of them answered; the level of care follows from them by care_level_rule.
CREATE OR REPLACE FUNCTION aidcase.record_self_care(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["round_id", "member_id", "assessed_on", "eating", "dressing", "getting_up", "toilet", "walking",
                     "bathing", "support_mode"],
        "properties": {
          "round_id": {"type": "integer"},
          "member_id": {"type": "integer"},
          "assessed_on": {"type": "string", "format": "date"},
          "eating": {"type": "boolean"}, "dressing": {"type": "boolean"}, "getting_up": {"type": "boolean"},
          "toilet": {"type": "boolean"}, "walking": {"type": "boolean"}, "bathing": {"type": "boolean"},
          "support_mode": {"type": "string", "codes": "self_care_assessment.support_mode"},
          "note": {"type": "string", "maxLength": 4000}}}';
    the_round aidcase.case_round := aidcase.round_of(doc);
    the_assessment bigint;
BEGIN
    PERFORM aidcase.raise_faults('self-care assessment', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'round_id', 'is no round in your units'
                 WHERE jsonb_typeof(doc -> 'round_id') = 'number' AND the_round.round_id IS NULL
                UNION ALL
                SELECT 'member_id', 'is no member of this round'
                 WHERE jsonb_typeof(doc -> 'member_id') = 'number' AND the_round.round_id IS NOT NULL
                   AND NOT EXISTS (SELECT FROM aidcase.case_member AS m
                                    WHERE m.round_id = the_round.round_id AND NOT m.void
                                      AND m.member_id::text = doc ->> 'member_id')
                UNION ALL
                SELECT 'assessed_on', 'lies in the future'
                 WHERE aidcase.iso_date(doc ->> 'assessed_on') > aidcase.today()
               ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"round_id": 1, "member_id": 1, "assessed_on": "2021-04-08", "eating": true, "dressing": true, "getting_up": true, "toilet": true, "walking": false, "bathing": false, "support_mode": "dispersed"}; all six items need an answer.');
    UPDATE aidcase.self_care_assessment AS s SET void = true
     WHERE s.round_id = the_round.round_id AND s.member_id = (doc ->> 'member_id')::bigint AND NOT s.void;
    INSERT INTO aidcase.self_care_assessment (case_id, round_id, member_id, assessed_on, eating, dressing, getting_up,
                                              toilet, walking, bathing, support_mode, note)
    SELECT the_round.case_id, the_round.round_id, (doc ->> 'member_id')::bigint, aidcase.iso_date(doc ->> 'assessed_on'),
           (doc ->> 'eating')::boolean, (doc ->> 'dressing')::boolean, (doc ->> 'getting_up')::boolean,
           (doc ->> 'toilet')::boolean, (doc ->> 'walking')::boolean, (doc ->> 'bathing')::boolean,
           doc ->> 'support_mode', doc ->> 'note'
    RETURNING assessment_id INTO the_assessment;
    RETURN the_assessment;
END
$$;
COMMENT ON FUNCTION aidcase.record_self_care(jsonb) IS
    '登记生活自理能力评估(六项齐全,再次评估替换前次),返回编号 / records an assessment of self-care, all six items; a later one replaces the former; returns its number';
REVOKE ALL ON FUNCTION aidcase.record_self_care(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.record_self_care(jsonb) TO aidcase_clerk, aidcase_leader;
