-- Means test: determinations from the facts of a round.
--
-- assess() (extension/means_*.c) computes; what is here writes its results
-- and lines down, decides who may, and explains.
--
-- Rules (shares, multiples, limits, rounding) are those of the day of
-- acceptance; standards are those of the first month of benefit; ages for
-- add-ons are counted on its first day.

-- Determines any number of rounds; for the register's own use.
--
-- An emergency round is determined for temporary assistance only, without a
-- look at income; every other round for all programmes in force.
CREATE OR REPLACE FUNCTION aidcase.determine_rounds(round_ids bigint[], on_date date)
RETURNS SETOF aidcase.determination
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
BEGIN
    IF round_ids IS NULL OR on_date IS NULL THEN
        RAISE EXCEPTION 'rounds and date of a determination must be given' USING ERRCODE = '22004';
    END IF;
    -- With an older snapshot a fact that another session has just committed
    -- could be missed although the determination is numbered after it.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a determination must be made at isolation level READ COMMITTED'
            USING ERRCODE = '25001',
                  DETAIL = 'At a higher level it could miss facts that were entered meanwhile.',
                  HINT = 'Begin the transaction with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;

    -- one plan for many rounds knows their number, the kept one does not
    IF cardinality(round_ids) > 100 THEN
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    END IF;

    -- facts stay as they are until the determinations are written
    PERFORM FROM aidcase.aid_case AS c
      WHERE c.case_id IN (SELECT r.case_id FROM aidcase.case_round AS r
                           WHERE r.round_id = ANY (round_ids))
      ORDER BY c.case_id
        FOR NO KEY UPDATE;
    PERFORM aidcase.recount_members(round_ids, determine_rounds.on_date);

    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT a.*, row_number() OVER () AS turn
          FROM aidcase.assess(round_ids, determine_rounds.on_date, with_lines => true) AS a
    ), made AS (
        INSERT INTO aidcase.determination (
               case_id, round_id, programme, on_date, benefit_month, members, annual_income, monthly_income,
               per_capita, standard, eligible, low_income_class, base_amount, addon_amount, care_amount, amount,
               minimum_amount, maximum_amount, rounding, reasons, illustrative, persons, determined_at,
               determined_by, village_id, residence)
        SELECT f.case_id, f.round_id, f.programme, f.rule_date, f.benefit_month, f.members,
               f.annual_income, f.annual_income / 12, f.annual_income / (12 * nullif(f.members, 0)), f.standard,
               f.eligible, f.low_income_class, f.base_amount, f.addon_amount, f.care_amount, f.amount,
               f.minimum_amount, f.maximum_amount, f.rounding, f.reasons, f.illustrative, f.persons,
               aidcase.now_here(), aidcase.current_staff(), f.village_id, f.residence
          FROM found AS f
         ORDER BY f.turn
        RETURNING *
    ), lines_made AS (
        INSERT INTO aidcase.determination_line (
               determination_id, case_id, line_no, step, member_id, rule, article, document_id,
               input, bound, basis, amount, running_total, illustrative)
        SELECT d.determination_id, d.case_id, l.line_no, l.step, l.member_id, l.rule, l.article, l.document_id,
               l.input, l.bound, l.basis, l.amount, l.running_total, l.illustrative
          FROM made AS d
          JOIN found AS f ON f.round_id = d.round_id AND f.programme = d.programme
         CROSS JOIN LATERAL unnest(f.lines) AS l
         ORDER BY d.determination_id, l.line_no
    )
    SELECT d.* FROM made AS d ORDER BY d.determination_id;
END
$$;
COMMENT ON FUNCTION aidcase.determine_rounds(bigint[], date) IS
    '内部:测算任意多个轮次,每个项目一行,附明细 / internal: determines rounds, a row per programme, with their lines';
REVOKE ALL ON FUNCTION aidcase.determine_rounds(bigint[], date) FROM PUBLIC;

-- Determines one round for the member of staff who acts.  It runs as the
-- register's owner, because nobody may write a determination by hand.
CREATE OR REPLACE FUNCTION aidcase.determine(round_id bigint, on_date date DEFAULT NULL)
RETURNS SETOF aidcase.determination
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    found_round record;
    day date := coalesce(on_date, aidcase.today());
BEGIN
    IF aidcase.current_staff() IS NULL THEN
        RAISE EXCEPTION 'no member of staff is behind this session'
            USING ERRCODE = 'ZA005',
                  DETAIL = 'A determination is made by a person.',
                  HINT = 'Enter the login in the staff register, or call aidcase.act_as() from a pooled login.';
    END IF;
    SELECT r.unit_id, r.accepted_on INTO found_round
      FROM aidcase.case_round AS r
     WHERE r.round_id = determine.round_id AND r.unit_id = ANY (aidcase.my_units());
    IF NOT FOUND THEN
        RAISE EXCEPTION 'round % cannot be determined', coalesce(determine.round_id::text, 'NULL')
            USING ERRCODE = '42501',
                  DETAIL = 'There is no such round in your units.',
                  HINT = 'The rounds are those of table aidcase.case_round.';
    END IF;
    IF NOT aidcase.has_post('clerk', found_round.unit_id, aidcase.today())
       AND NOT aidcase.has_post('bureau_clerk', found_round.unit_id, aidcase.today()) THEN
        RAISE EXCEPTION 'round % cannot be determined', determine.round_id
            USING ERRCODE = '42501',
                  DETAIL = 'Income and expense are calculated by a clerk of the unit or of the bureau.',
                  HINT = 'Ask the handling officer.';
    END IF;
    IF day > aidcase.today() OR day < found_round.accepted_on OR NOT isfinite(day) THEN
        RAISE EXCEPTION 'the date of a determination must lie between acceptance and today'
            USING ERRCODE = '22023',
                  DETAIL = 'It decides the first month of benefit, and with it the standard.',
                  HINT = 'Leave the date out to determine as of today.';
    END IF;
    RETURN QUERY SELECT d.* FROM aidcase.determine_rounds(ARRAY[determine.round_id], day) AS d;
END
$$;
COMMENT ON FUNCTION aidcase.determine(bigint, date) IS
    '收支测算:按各救助项目测算一个轮次,符合或不符合及理由,附明细;缺参数报错 ZA008 并列出全部缺项 / determines a round for every programme, eligible or not with reasons, and writes the lines; error ZA008 lists all that is missing';
REVOKE ALL ON FUNCTION aidcase.determine(bigint, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.determine(bigint, date) TO aidcase_clerk, aidcase_bureau;

-- The latest determination of a round per programme, line by line.
CREATE OR REPLACE FUNCTION aidcase.explain(round_id bigint)
RETURNS TABLE (
    programme     text,
    programme_zh  text,
    programme_en  text,
    eligible      boolean,
    line_no       integer,
    step          text,
    step_zh       text,
    step_en       text,
    member        text,
    rule          text,
    rule_zh       text,
    rule_en       text,
    doc_no        text,
    article       text,
    input         numeric,
    bound         numeric,
    basis         text,
    amount        numeric,
    running_total numeric,
    illustrative  boolean)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT d.programme, g.label_zh, g.label_en, d.eligible,
       l.line_no, l.step, s.zh, s.en, m.name,
       l.rule,
       coalesce(t.zh, n.label_zh, i.label_zh, e.label_zh, r.sentence_zh, p.label_zh, w.label_zh, b.label_zh) || coalesce(v.zh, ''),
       coalesce(t.en, n.label_en, i.label_en, e.label_en, r.sentence_en, p.label_en, w.label_en, b.label_en) || coalesce(v.en, ''),
       o.doc_no, l.article, l.input, l.bound, l.basis, l.amount, l.running_total, l.illustrative
  FROM (SELECT DISTINCT ON (q.programme) q.*
          FROM aidcase.determination AS q
         WHERE q.round_id = explain.round_id
         ORDER BY q.programme, q.entry_no DESC) AS d
  JOIN aidcase.programme AS g ON g.programme = d.programme
  JOIN aidcase.determination_line AS l ON l.determination_id = d.determination_id
  LEFT JOIN aidcase.case_member AS m ON m.member_id = l.member_id
  LEFT JOIN aidcase.policy_document AS o ON o.document_id = l.document_id
  LEFT JOIN aidcase.label AS s ON s.code_set = 'determination_line.step' AND s.code = l.step
  LEFT JOIN aidcase.label AS t ON t.code_set = 'determination_line.rule' AND t.code = l.rule
  LEFT JOIN aidcase.parameter_name AS n ON n.name = l.rule
  LEFT JOIN aidcase.income_kind AS i ON i.income_kind = l.rule AND l.step = 'income'
  LEFT JOIN aidcase.expense_kind AS e ON e.expense_kind = l.rule AND l.step = 'deduction'
  LEFT JOIN aidcase.refusal_reason AS r ON r.refusal_reason = l.rule AND l.step = 'result'
  LEFT JOIN aidcase.person_group AS p ON p.person_group = l.rule AND l.step <> 'support'
  LEFT JOIN aidcase.member_situation AS w ON w.situation = l.rule AND l.step = 'member'
  LEFT JOIN aidcase.obligor_state AS b ON b.obligor_state = l.rule AND l.step = 'support'
 CROSS JOIN LATERAL (SELECT CASE WHEN b.obligor_state IS NOT NULL THEN CASE l.input WHEN 0 THEN ',无履行义务能力' ELSE ',有履行义务能力' END
                                 WHEN l.step <> 'member' THEN NULL
                                 WHEN w.situation IS NOT NULL THEN format('(%s 起)%s', m.situation_since, CASE l.input WHEN 0 THEN ',不计入' ELSE ',计入' END)
                                 WHEN l.rule IN ('not_counted', 'counted_by_hand')
                                 THEN ':' || coalesce(m.count_exception, m.not_counted_reason) END,
                            CASE WHEN b.obligor_state IS NOT NULL THEN CASE l.input WHEN 0 THEN ': unable to perform' ELSE ': able to perform' END
                                 WHEN l.step <> 'member' THEN NULL
                                 WHEN w.situation IS NOT NULL THEN format(' (since %s): %s', m.situation_since, CASE l.input WHEN 0 THEN 'does not count' ELSE 'counts' END)
                                 WHEN l.rule IN ('not_counted', 'counted_by_hand')
                                 THEN ': ' || coalesce(m.count_exception, m.not_counted_reason) END) AS v (zh, en)
 ORDER BY g.sort, l.line_no;
END;
COMMENT ON FUNCTION aidcase.explain(bigint) IS
    '最近一次测算的逐行说明:步骤、输入、规则、条款、金额、累计 / the latest determinations line by line: step, input, rule, article, amount, running total';

-- Records that a household belongs to a class that is not computed.
CREATE OR REPLACE FUNCTION aidcase.record_class(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["case_id", "class", "from", "persons", "source", "reference_no"],
        "properties": {
          "case_id": {"type": "integer"},
          "class": {"type": "string", "codes": "class_record.low_income_class"},
          "from": {"type": "string", "format": "date"},
          "until": {"type": "string", "format": "date"},
          "persons": {"type": "integer", "minimum": 1, "maximum": 99},
          "source": {"type": "string", "codes": "class_record.source"},
          "reference_no": {"type": "string", "maxLength": 200},
          "note": {"type": "string", "maxLength": 2000}}}';
    the_case bigint := aidcase.whole_number(CASE WHEN jsonb_typeof(doc -> 'case_id') = 'number' THEN doc ->> 'case_id' END);
    period   daterange;
    made     bigint;
BEGIN
    PERFORM aidcase.acting_staff();
    IF aidcase.iso_date(doc ->> 'until') > aidcase.iso_date(doc ->> 'from') OR doc ->> 'until' IS NULL THEN
        period := daterange(aidcase.iso_date(doc ->> 'from'), aidcase.iso_date(doc ->> 'until'));
    END IF;
    PERFORM aidcase.raise_faults('class of a household', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'case_id', 'is no case that you can see'
                 WHERE the_case IS NOT NULL AND NOT EXISTS (SELECT FROM aidcase.aid_case AS c WHERE c.case_id = the_case)
                UNION ALL
                SELECT 'until', 'must lie after the first day'
                 WHERE aidcase.iso_date(doc ->> 'until') <= aidcase.iso_date(doc ->> 'from')
                UNION ALL
                SELECT 'from', 'the household is of this class then already, by record ' || r.record_id
                  FROM aidcase.class_record AS r
                 WHERE r.case_id = the_case AND r.low_income_class = doc ->> 'class' AND r.valid && period AND NOT r.void
               ) AS f (path, reason)
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: SELECT aidcase.record_class(''{"case_id": 1, "class": "monitored", "from": "2021-06-01", "persons": 3, "source": "register", "reference_no": "JC-2021-17"}'').');
    INSERT INTO aidcase.class_record (case_id, low_income_class, valid, persons, source, reference_no, note)
    VALUES (the_case, doc ->> 'class', period, (doc ->> 'persons')::integer, doc ->> 'source', doc ->> 'reference_no', doc ->> 'note')
    RETURNING record_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.record_class(jsonb) IS
    '登记不由测算得出的低收入类别(防止返贫监测对象、其他困难人员)及其来源;全部错误一次报出 (ZA007) / records that a household belongs to a class that is not computed (monitored, other), with its source; all faults at once (ZA007). End it by setting the upper end of class_record.valid';
REVOKE ALL ON FUNCTION aidcase.record_class(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.record_class(jsonb) TO aidcase_bureau;
