-- money: awards from decisions, the monthly roll, the payer's list.

-- First month of benefit for a decision on a date (whole months).
CREATE OR REPLACE FUNCTION aidcase.benefit_start(programme text, area text, decided_on date)
RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT (date_trunc('month', decided_on::timestamp)
            + make_interval(months => aidcase.parameter('benefit_start_months', area, decided_on, programme)::integer))::date
$$;
COMMENT ON FUNCTION aidcase.benefit_start(text, text, date) IS
    '享受起始月份(默认确认次月) / first month of benefit; by default the month after the decision';

-- First month from which a decision takes effect: a new grant, a change (where
-- parameter change_effect_months says something else), or the answer to an
-- objection, which goes back to the first month that was held for it.
CREATE OR REPLACE FUNCTION aidcase.effect_start(case_id bigint, programme text, area text, decided_on date, round_kind text)
RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(
        (SELECT min(lower(h.months))
           FROM aidcase.payment_hold AS h
           JOIN aidcase.programme AS held ON held.programme = h.programme
           JOIN aidcase.programme AS begun ON begun.programme = effect_start.programme
          WHERE effect_start.round_kind = 'objection' AND h.case_id = effect_start.case_id AND h.kind = 'objection'
            AND upper_inf(h.months)
            AND (held.programme = begun.programme OR held.exclusion_group = begun.exclusion_group)),
        (SELECT (date_trunc('month', effect_start.decided_on::timestamp)
                 + make_interval(months => (p.value / p.divisor)::integer))::date
           FROM aidcase.parameter_row('change_effect_months', effect_start.area, effect_start.decided_on, effect_start.programme) AS p
          WHERE effect_start.round_kind IN ('review', 'change', 'objection')),
        aidcase.benefit_start(effect_start.programme, effect_start.area, effect_start.decided_on));
END;
COMMENT ON FUNCTION aidcase.effect_start(bigint, text, text, date, text) IS
    '决定生效的首月:新批、变更、异议复查 / first month from which a decision takes effect: a grant, a change, or the answer to an objection';

-- First month of an award that a case begins: as effect_start(), but never a
-- month that the household has been paid for in the programme or in one that
-- excludes it; a roll that was made before the decision stands.
CREATE OR REPLACE FUNCTION aidcase.award_start(case_id bigint, programme text, area text, decided_on date,
    round_kind text DEFAULT 'application')
RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT greatest(aidcase.effect_start(award_start.case_id, award_start.programme, award_start.area,
                                         award_start.decided_on, award_start.round_kind),
                    (max(p.benefit_month) + interval '1 month')::date)
      FROM aidcase.payment AS p
      JOIN aidcase.programme AS paid ON paid.programme = p.programme
      JOIN aidcase.programme AS begun ON begun.programme = award_start.programme
     WHERE p.case_id = award_start.case_id AND p.line_kind IN ('current', 'arrears')
       AND (paid.programme = begun.programme OR paid.exclusion_group = begun.exclusion_group);
END;
COMMENT ON FUNCTION aidcase.award_start(bigint, text, text, date, text) IS
    '待遇起始月份:已发放的月份不重复 / first month of an award: effect_start(), but no month that was paid already';

-- Trigger: rows of award need a granting decision that says the same.  The
-- checks of whole statements fire last, see the rows as they are stored, and
-- are one query for all of them.
CREATE OR REPLACE FUNCTION aidcase.check_award() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_round bigint;
BEGIN
    SELECT n.round_id INTO the_round
      FROM new_rows AS n
     WHERE n.reassessment_id IS NULL AND n.phase = 'regular' AND NOT EXISTS (
            SELECT FROM aidcase.case_round AS r
              JOIN aidcase.workflow_state AS s USING (workflow_id, state)
              JOIN aidcase.assistance_opinion AS o USING (round_id)
              JOIN aidcase.determination AS d ON d.determination_id = o.determination_id
              JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
             WHERE r.round_id = n.round_id AND r.case_id = n.case_id AND r.unit_id = n.unit_id
               AND s.frozen AND r.decided_on IS NOT NULL
               AND o.programme = n.programme AND o.outcome = 'granted' AND NOT o.void
               AND o.determination_id = n.determination_id AND o.amount = n.amount
               AND d.members = n.persons
               AND lower(n.months) >= aidcase.effect_start(n.case_id, n.programme, u.unit_code, r.decided_on, r.round_kind))
       -- or what was granted before the register was, as it was taken over
       AND NOT EXISTS (
            SELECT FROM aidcase.case_round AS r
              JOIN aidcase.workflow_state AS s USING (workflow_id, state)
              JOIN aidcase.takeover_grant AS g USING (round_id)
             WHERE r.round_id = n.round_id AND r.case_id = n.case_id AND r.unit_id = n.unit_id AND s.grants
               AND n.determination_id IS NULL AND g.programme = n.programme AND g.amount = n.amount AND g.persons = n.persons
               AND lower(n.months) = (g.paid_until + interval '1 month')::date)
       -- or such a grant, carried on by a correction or a transfer
       AND NOT EXISTS (
            SELECT FROM aidcase.case_round AS r
              JOIN aidcase.workflow_state AS s USING (workflow_id, state)
              JOIN aidcase.award AS a ON a.case_id = r.case_id AND a.award_id <> n.award_id
             WHERE r.round_id = n.round_id AND r.case_id = n.case_id AND r.unit_id = n.unit_id
               AND s.alters AND r.round_kind IN ('correction', 'transfer')
               AND n.determination_id IS NULL AND a.determination_id IS NULL AND a.programme = n.programme
               AND a.amount = n.amount AND a.persons = n.persons AND a.stop_reason IN ('corrected', 'transferred')
               AND (isempty(a.months) OR upper(a.months) = lower(n.months)))
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an award needs a decision that grants it'
            USING ERRCODE = 'ZA003',
                  DETAIL = format('Round %s has no confirmed opinion that grants this programme with this amount and determination.', the_round),
                  HINT = 'Awards are made by the confirmation of a round.';
    END IF;
    -- a gradual exit: decided, for this programme, within its months
    SELECT n.round_id INTO the_round
      FROM new_rows AS n
     WHERE n.reassessment_id IS NULL AND n.phase = 'gradual_exit' AND NOT EXISTS (
            SELECT FROM aidcase.case_round AS r
              JOIN aidcase.workflow_state AS s USING (workflow_id, state)
              JOIN aidcase.benefit_change AS b ON b.round_id = r.round_id AND b.programme = n.programme AND NOT b.void
              JOIN aidcase.change_months(ARRAY[n.round_id]) AS e ON e.programme = n.programme
             WHERE r.round_id = n.round_id AND r.case_id = n.case_id AND r.unit_id = n.unit_id AND r.round_kind = 'gradual_exit'
               AND s.alters AND r.decided_on IS NOT NULL
               AND n.months <@ daterange((e.month - make_interval(months => b.months))::date, e.month))
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an award in gradual exit needs a decision on it'
            USING ERRCODE = 'ZA003',
                  DETAIL = format('Round %s has not decided a gradual exit of this programme in these months.', the_round),
                  HINT = 'Such awards are made by the decision of a round that stop_case() opens with kind gradual_exit.';
    END IF;
    -- made by a reassessment: what its list says, in place of an award of the
    -- same round
    SELECT n.round_id INTO the_round
      FROM new_rows AS n
      LEFT JOIN aidcase.reassessment_item AS i ON i.reassessment_id = n.reassessment_id AND i.award_id = n.replaces_award_id
      LEFT JOIN aidcase.award AS a ON a.award_id = n.replaces_award_id
     WHERE n.reassessment_id IS NOT NULL
       AND (i.outcome <> 'review' AND i.case_id = n.case_id AND i.programme = n.programme
            AND i.months = n.months AND i.amount_after = n.amount
            AND a.case_id = n.case_id AND a.round_id = n.round_id AND a.programme = n.programme AND a.phase = n.phase
            AND a.determination_id IS NOT DISTINCT FROM n.determination_id AND a.persons = n.persons) IS NOT TRUE
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an award needs a reassessment that says the same'
            USING ERRCODE = 'ZA003',
                  DETAIL = format('An award of round %s is not on the list of its reassessment, or differs from it.', the_round),
                  HINT = 'Such awards are made by aidcase.reassess().';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_award() IS
    '触发器:待遇须有确认或重新核算依据 / trigger: an award rests on a confirmed opinion with the same amount, or on the list of a reassessment';
REVOKE ALL ON FUNCTION aidcase.check_award() FROM PUBLIC;

-- Trigger: the components of an award add up to it.
CREATE OR REPLACE FUNCTION aidcase.check_award_component() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM aidcase.award AS a
                 JOIN aidcase.award_component AS c USING (award_id)
                WHERE a.award_id IN (SELECT n.award_id FROM new_rows AS n)
                GROUP BY a.award_id, a.amount, a.case_id
               HAVING sum(c.amount) <> a.amount OR bool_or(c.case_id <> a.case_id)) THEN
        RAISE EXCEPTION 'the components of an award do not add up to it'
            USING ERRCODE = 'ZA003',
                  DETAIL = 'Base and add-ons together are the amount that was decided.',
                  HINT = 'Awards are made by the confirmation of a round.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_award_component() IS
    '触发器:待遇构成之和等于待遇金额 / trigger: the components of an award add up to its amount';
REVOKE ALL ON FUNCTION aidcase.check_award_component() FROM PUBLIC;

-- Trigger: the persons of an award are counted members of its round.
CREATE OR REPLACE FUNCTION aidcase.check_award_person() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    -- each row finds its award and its member by their keys, however little the
    -- planner knows of tables that are being filled
    IF EXISTS (SELECT FROM new_rows AS n
                 JOIN aidcase.award AS a ON a.award_id = n.award_id
                 JOIN aidcase.programme AS g ON g.programme = a.programme
                 LEFT JOIN aidcase.case_member AS m ON m.member_id = n.member_id
                WHERE NOT coalesce(a.case_id = n.case_id AND a.months = n.months AND m.round_id = a.round_id
                                   AND g.exclusion_group IS NOT DISTINCT FROM n.exclusion_group
                                   AND m.citizen_id IS NOT DISTINCT FROM n.citizen_id
                                   AND m.counted AND NOT m.void, false)) THEN
        RAISE EXCEPTION 'a person of an award is no counted member of its round'
            USING ERRCODE = 'ZA003',
                  DETAIL = 'An award is for the members who were counted when it was decided, for its own months.',
                  HINT = 'Awards are made by the confirmation of a round.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_award_person() IS
    '触发器:待遇人员须为该轮次计入成员 / trigger: the persons of an award are the counted members of its round';
REVOKE ALL ON FUNCTION aidcase.check_award_person() FROM PUBLIC;

-- What statistics ask of awards, from the awards, their persons and the causes
-- of their households.
CREATE OR REPLACE FUNCTION aidcase.award_facts(award_ids bigint[])
RETURNS TABLE (award_id bigint, case_id bigint, unit_id bigint, from_month date, until date, persons integer, taken_over boolean,
               programme text, residence text, amount numeric, stop_reason text, round_id bigint, members integer, women integer,
               disabled integer, able integer, partly_able integer, ability_lost integer, no_ability integer, illness boolean,
               disability boolean, schooling boolean, disaster boolean, lack_of_labour boolean, other_cause boolean, birth_dates date[],
               centralised_full integer, centralised_half integer, centralised_self integer,
               dispersed_full integer, dispersed_half integer, dispersed_self integer)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT a.award_id, a.case_id, a.unit_id, coalesce(lower(a.months), 'infinity'), coalesce(upper(a.months), 'infinity'), a.persons,
       r.round_kind = 'takeover', a.programme, a.residence, a.amount, a.stop_reason, a.round_id, p.members, p.women, p.disabled,
       p.able, p.partly_able, p.ability_lost, p.no_ability, coalesce(c.illness, false), coalesce(c.disability, false),
       coalesce(c.schooling, false), coalesce(c.disaster, false), coalesce(c.lack_of_labour, false), coalesce(c.other, true), p.birth_dates,
       p.centralised_full, p.centralised_half, p.centralised_self, p.dispersed_full, p.dispersed_half, p.dispersed_self
  FROM unnest(award_facts.award_ids) AS i (award_id)
  JOIN aidcase.award AS a ON a.award_id = i.award_id
  JOIN aidcase.case_round AS r ON r.round_id = a.round_id
  JOIN aidcase.unit AS u ON u.unit_id = a.unit_id
 CROSS JOIN LATERAL (
        SELECT count(*)::integer AS members, count(*) FILTER (WHERE m.sex = 'female')::integer AS women,
               count(m.disability_kind)::integer AS disabled,
               count(*) FILTER (WHERE m.work_ability = 'able')::integer AS able,
               count(*) FILTER (WHERE m.work_ability = 'partial')::integer AS partly_able,
               count(*) FILTER (WHERE m.work_ability = 'lost')::integer AS ability_lost,
               count(*) FILTER (WHERE m.work_ability = 'none')::integer AS no_ability,
               array_agg(m.birth_date ORDER BY m.birth_date) AS birth_dates,
               count(*) FILTER (WHERE s.support_mode = 'centralised' AND l.care_level = 'full_care')::integer AS centralised_full,
               count(*) FILTER (WHERE s.support_mode = 'centralised' AND l.care_level = 'half_care')::integer AS centralised_half,
               count(*) FILTER (WHERE s.support_mode = 'centralised' AND l.care_level = 'self_care')::integer AS centralised_self,
               count(*) FILTER (WHERE s.support_mode = 'dispersed' AND l.care_level = 'full_care')::integer AS dispersed_full,
               count(*) FILTER (WHERE s.support_mode = 'dispersed' AND l.care_level = 'half_care')::integer AS dispersed_half,
               count(*) FILTER (WHERE s.support_mode = 'dispersed' AND l.care_level = 'self_care')::integer AS dispersed_self
          FROM aidcase.award_person AS q
          JOIN aidcase.case_member AS m ON m.member_id = q.member_id
          LEFT JOIN aidcase.self_care_assessment AS s ON s.round_id = a.round_id AND s.member_id = q.member_id AND NOT s.void
          -- the nearest area's rule says how many of the six make which level
          LEFT JOIN LATERAL (
                SELECT k.care_level
                  FROM aidcase.care_level_rule AS k
                 WHERE k.valid @> s.assessed_on AND k.area_code = ANY (aidcase.area_chain(u.unit_code))
                   AND (NOT s.eating)::integer + (NOT s.dressing)::integer + (NOT s.getting_up)::integer + (NOT s.toilet)::integer
                     + (NOT s.walking)::integer + (NOT s.bathing)::integer BETWEEN k.unmet_from AND k.unmet_to
                 ORDER BY array_position(aidcase.area_chain(u.unit_code), k.area_code) LIMIT 1) AS l ON s.assessment_id IS NOT NULL
         WHERE q.award_id = a.award_id
        HAVING count(*) > 0) AS p
 CROSS JOIN LATERAL (
        SELECT bool_or(k.cause = 'illness') AS illness, bool_or(k.cause = 'disability') AS disability,
               bool_or(k.cause = 'schooling') AS schooling, bool_or(k.cause = 'disaster') AS disaster,
               bool_or(k.cause = 'lack_of_labour') AS lack_of_labour, bool_or(k.cause = 'other') AS other
          FROM aidcase.case_cause AS k
         WHERE k.round_id = a.round_id AND NOT k.void AND k.cause <> 'emergency') AS c;
END;
COMMENT ON FUNCTION aidcase.award_facts(bigint[]) IS
    '待遇的统计口径:月份、人员构成、护理等级、致困原因 / what statistics ask of awards: months, whom they are for, their care, causes of the household';

-- Awards of which what is stored differs, or is missing, or should not be there.
CREATE OR REPLACE FUNCTION aidcase.award_fact_differences(award_ids bigint[])
RETURNS TABLE (award_id bigint, members integer, fact_members integer, until date, fact_until date)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT i.award_id, s.members, n.members, s.until, n.until
  FROM unnest(award_fact_differences.award_ids) AS i (award_id)
  LEFT JOIN LATERAL aidcase.award_facts(ARRAY[i.award_id]) AS s ON true
  LEFT JOIN aidcase.award_fact AS n ON n.award_id = i.award_id
 WHERE (s.case_id, s.unit_id, s.from_month, s.until, s.persons, s.taken_over, s.programme, s.residence, s.amount,
        s.stop_reason, s.round_id, s.members, s.women, s.disabled, s.able, s.partly_able, s.ability_lost,
        s.no_ability, s.illness, s.disability, s.schooling, s.disaster, s.lack_of_labour, s.other_cause,
        s.birth_dates, s.centralised_full, s.centralised_half, s.centralised_self, s.dispersed_full,
        s.dispersed_half, s.dispersed_self)
       IS DISTINCT FROM
       (n.case_id, n.unit_id, n.from_month, n.until, n.persons, n.taken_over, n.programme, n.residence, n.amount,
        n.stop_reason, n.round_id, n.members, n.women, n.disabled, n.able, n.partly_able, n.ability_lost,
        n.no_ability, n.illness, n.disability, n.schooling, n.disaster, n.lack_of_labour, n.other_cause,
        n.birth_dates, n.centralised_full, n.centralised_half, n.centralised_self, n.dispersed_full,
        n.dispersed_half, n.dispersed_self);
END;
COMMENT ON FUNCTION aidcase.award_fact_differences(bigint[]) IS
    '统计行与待遇、人员、致困原因不一致的待遇 / awards of which statistics count something else than the award, its persons and causes say';

-- Writes the facts of awards that have none; returns how many.  A plan made while
-- the tables were small finds each award by its key when they no longer are.
CREATE OR REPLACE FUNCTION aidcase.write_award_facts(award_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
SET enable_seqscan = off
AS $$
DECLARE
    written bigint;
BEGIN
    INSERT INTO aidcase.award_fact (award_id, case_id, unit_id, from_month, until, persons, taken_over, programme, residence, amount, stop_reason,
            round_id, members, women, disabled, able, partly_able, ability_lost, no_ability, illness, disability,
            schooling, disaster, lack_of_labour, other_cause, birth_dates, centralised_full, centralised_half,
            centralised_self, dispersed_full, dispersed_half, dispersed_self)
    SELECT f.* FROM aidcase.award_facts(award_ids) AS f ORDER BY f.award_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION aidcase.write_award_facts(bigint[]) IS
    '内部:写入待遇统计行,返回行数 / internal: writes the facts of awards; returns the number of rows';
REVOKE ALL ON FUNCTION aidcase.write_award_facts(bigint[]) FROM PUBLIC;

-- Trigger: the persons of an award are written at once, and counted.
CREATE OR REPLACE FUNCTION aidcase.count_awards() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    made CONSTANT bigint[] := ARRAY(SELECT DISTINCT n.award_id FROM new_rows AS n);
    counted CONSTANT bigint := (SELECT min(f.award_id) FROM aidcase.award_fact AS f WHERE f.award_id = ANY (made));
BEGIN
    IF counted IS NOT NULL THEN
        RAISE EXCEPTION 'award % has its persons already', counted
            USING ERRCODE = 'ZA004',
                  DETAIL = 'The persons of an award are written with it, all at once.',
                  HINT = 'A review makes a new award.';
    END IF;
    PERFORM aidcase.write_award_facts(made);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.count_awards() IS
    '触发器:待遇人员一次写入并统计 / trigger: the persons of an award are written at once, and counted';
REVOKE ALL ON FUNCTION aidcase.count_awards() FROM PUBLIC;

-- Trigger: facts follow awards that are cut short.
CREATE OR REPLACE FUNCTION aidcase.follow_awards() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    UPDATE aidcase.award_fact AS f
       SET from_month = coalesce(lower(n.months), 'infinity'), until = coalesce(upper(n.months), 'infinity'), stop_reason = n.stop_reason
      FROM new_rows AS n JOIN old_rows AS o ON o.award_id = n.award_id
     WHERE f.award_id = n.award_id AND (n.months <> o.months OR n.stop_reason IS DISTINCT FROM o.stop_reason);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.follow_awards() IS
    '触发器:待遇提前终止时同步统计行 / trigger: facts follow awards that are cut short';
REVOKE ALL ON FUNCTION aidcase.follow_awards() FROM PUBLIC;

-- Trigger: facts are those of the awards, whoever writes them.
CREATE OR REPLACE FUNCTION aidcase.check_award_fact() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET enable_seqscan = off        -- as in write_award_facts()
AS $$
DECLARE
    written CONSTANT bigint[] := ARRAY(SELECT n.award_id FROM new_rows AS n);
    forged bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        forged := (SELECT min(d.award_id) FROM aidcase.award_fact_differences(written) AS d);
    ELSE
        -- nothing else can be changed
        forged := (
            SELECT min(n.award_id) FROM new_rows AS n JOIN aidcase.award AS a ON a.award_id = n.award_id
             WHERE (n.from_month, n.until, n.stop_reason) IS DISTINCT FROM
                   (coalesce(lower(a.months), 'infinity'), coalesce(upper(a.months), 'infinity'), a.stop_reason));
    END IF;
    IF forged IS NOT NULL THEN
        RAISE EXCEPTION 'what statistics count of award % is not what it says', forged
            USING ERRCODE = 'ZA003',
                  DETAIL = 'The fact differs from the award, its persons or the causes of the household.',
                  HINT = 'Facts are written when awards are made and cut short.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_award_fact() IS
    '触发器:统计行须与待遇、人员、致困原因一致 / trigger: facts are those of the awards, their persons and causes';
REVOKE ALL ON FUNCTION aidcase.check_award_fact() FROM PUBLIC;

-- Trigger: the months of an award can end earlier, never begin earlier or go on
-- longer than was decided.
CREATE OR REPLACE FUNCTION aidcase.only_shorten() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NOT NEW.months <@ OLD.months
       OR NOT isempty(NEW.months) AND lower(NEW.months) <> lower(OLD.months) THEN
        RAISE EXCEPTION 'the months of an award can only be cut short'
            USING ERRCODE = 'ZA004',
                  DETAIL = 'More months than were decided need a decision.',
                  HINT = 'A review makes a new award.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.only_shorten() IS
    '触发器:享受月份只可提前终止 / trigger: the months of an award can only be cut short';

CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.award
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_award();
CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.award_component
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_award_component();
CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.award_person
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_award_person();
CREATE OR REPLACE TRIGGER "~6_fact" AFTER INSERT ON aidcase.award_person
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.count_awards();
CREATE OR REPLACE TRIGGER "~6_fact" AFTER UPDATE ON aidcase.award
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.follow_awards();
CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.award_fact
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_award_fact();
CREATE OR REPLACE TRIGGER "~1_check_update" AFTER UPDATE ON aidcase.award_fact
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_award_fact();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.award_fact
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('from_month', 'until', 'stop_reason');
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.award
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('months', 'stop_reason');
CREATE OR REPLACE TRIGGER "~3_shortened" BEFORE UPDATE ON aidcase.award
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_shorten();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.register
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('packs', 'version');
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.reassessment
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.reassessment_item
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.class_record
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('valid', 'note', 'void');
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.household_event
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('happened_on', 'review_due', 'note', 'void');
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.award_component
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.award_person
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('months');
CREATE OR REPLACE TRIGGER "~3_shortened" BEFORE UPDATE ON aidcase.award_person
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_shorten();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.payee_account
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('valid');
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.reroute
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.determination
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.determination_line
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

-- awards that were made before there were facts of them
SELECT aidcase.write_award_facts(ARRAY(
    SELECT DISTINCT p.award_id FROM aidcase.award_person AS p
     WHERE NOT EXISTS (SELECT FROM aidcase.award_fact AS f WHERE f.award_id = p.award_id)));

-- Trigger: entering a granting state makes the awards, for all rows at once.
CREATE OR REPLACE FUNCTION aidcase.grant_awards() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows AS n JOIN old_rows AS o USING (round_id)
                     JOIN aidcase.workflow_state AS s ON s.workflow_id = n.workflow_id AND s.state = n.state
                    WHERE s.grants AND n.state <> o.state
                       OR n.round_kind IN ('review', 'change', 'objection') AND o.decided_on IS NULL AND n.decided_on IS NOT NULL) THEN
        RETURN NULL;
    END IF;

    -- a roll that is being made now is waited for: what it pays decides where
    -- the new awards begin
    PERFORM FROM aidcase.award AS a
      WHERE a.case_id IN (SELECT n.case_id FROM new_rows AS n)
      ORDER BY a.award_id FOR NO KEY UPDATE;

    -- what a review was asked about and does not grant again ends in the month
    -- in which its grant would have begun
    WITH stopped AS (
        UPDATE aidcase.award AS a
           SET months = CASE WHEN lower(a.months) < e.stop THEN daterange(lower(a.months), e.stop)
                             ELSE 'empty' END,
               stop_reason = 'not_granted_again'
          FROM (SELECT n.case_id, n.round_id, g.programme,
                       aidcase.award_start(n.case_id, g.programme, u.unit_code, n.decided_on, n.round_kind) AS stop
                  FROM new_rows AS n
                  JOIN old_rows AS o USING (round_id)
                  JOIN aidcase.unit AS u ON u.unit_id = n.unit_id
                 CROSS JOIN aidcase.programme AS g
                 WHERE n.round_kind IN ('review', 'change', 'objection')
                   AND o.decided_on IS NULL AND n.decided_on IS NOT NULL AND g.cash AND g.recurring
                   AND EXISTS (SELECT FROM aidcase.award AS l
                                WHERE l.case_id = n.case_id AND l.programme = g.programme AND upper_inf(l.months))
                   AND NOT EXISTS (SELECT FROM aidcase.assistance_opinion AS p
                                    WHERE p.round_id = n.round_id AND p.programme = g.programme
                                      AND p.outcome = 'granted' AND NOT p.void AND p.amount > 0)) AS e
         WHERE a.case_id = e.case_id AND a.programme = e.programme
           AND a.months && daterange(e.stop, NULL)
        RETURNING a.award_id, a.months
    )
    UPDATE aidcase.award_person AS q SET months = t.months
      FROM stopped AS t WHERE q.award_id = t.award_id;

    -- earlier awards of the same case that exclude the new one end where it
    -- begins; one that would have begun later never does
    WITH granted AS (
        SELECT n.case_id, p.programme, g.exclusion_group,
               aidcase.award_start(n.case_id, p.programme, u.unit_code, n.decided_on, n.round_kind) AS start
          FROM new_rows AS n
          JOIN old_rows AS o USING (round_id)
          JOIN aidcase.workflow_state AS s ON s.workflow_id = n.workflow_id AND s.state = n.state
          JOIN aidcase.assistance_opinion AS p ON p.round_id = n.round_id
          JOIN aidcase.programme AS g ON g.programme = p.programme
          JOIN aidcase.unit AS u ON u.unit_id = n.unit_id
         WHERE s.grants AND n.state <> o.state
           AND p.outcome = 'granted' AND NOT p.void AND g.cash AND g.recurring AND p.amount > 0
    ), ended AS (
        UPDATE aidcase.award AS a
           SET months = CASE WHEN lower(a.months) < g.start THEN daterange(lower(a.months), g.start)
                             ELSE 'empty' END,
               stop_reason = 'replaced'
          FROM granted AS g, aidcase.programme AS f
         WHERE a.case_id = g.case_id AND f.programme = a.programme AND f.cash AND f.recurring
           AND (a.programme = g.programme OR f.exclusion_group = g.exclusion_group)
           AND a.months && daterange(g.start, NULL)
        RETURNING a.award_id, a.months
    )
    UPDATE aidcase.award_person AS q SET months = e.months
      FROM ended AS e WHERE q.award_id = e.award_id;

    WITH made AS (
        INSERT INTO aidcase.award (case_id, round_id, determination_id, unit_id, programme,
                                   months, amount, persons, residence)
        SELECT n.case_id, n.round_id, p.determination_id, n.unit_id, p.programme,
               daterange(aidcase.award_start(n.case_id, p.programme, u.unit_code, n.decided_on, n.round_kind), NULL),
               p.amount, d.members, c.residence
          FROM new_rows AS n
          JOIN old_rows AS o USING (round_id)
          JOIN aidcase.workflow_state AS s ON s.workflow_id = n.workflow_id AND s.state = n.state
          JOIN aidcase.assistance_opinion AS p ON p.round_id = n.round_id
          JOIN aidcase.programme AS g ON g.programme = p.programme
          JOIN aidcase.determination AS d ON d.determination_id = p.determination_id
          JOIN aidcase.aid_case AS c ON c.case_id = n.case_id
          JOIN aidcase.unit AS u ON u.unit_id = n.unit_id
         WHERE s.grants AND n.state <> o.state
           AND p.outcome = 'granted' AND NOT p.void AND g.cash AND g.recurring AND p.amount > 0
         ORDER BY n.round_id, g.sort
        RETURNING award_id, case_id, round_id, determination_id, programme, months
    ), parts AS (
        INSERT INTO aidcase.award_component (award_id, case_id, component, amount)
        SELECT m.award_id, m.case_id, v.component, v.amount
          FROM made AS m
          JOIN aidcase.determination AS d USING (determination_id)
         CROSS JOIN LATERAL (VALUES ('base', d.base_amount), ('addon', d.addon_amount),
                                    ('care', d.care_amount)) AS v (component, amount)
         WHERE v.component = 'base' OR v.amount > 0
         ORDER BY m.award_id, v.component
    )
    INSERT INTO aidcase.award_person (award_id, case_id, member_id, citizen_id, exclusion_group, months)
    SELECT m.award_id, m.case_id, b.member_id, b.citizen_id, g.exclusion_group, m.months
      FROM made AS m
      JOIN aidcase.programme AS g USING (programme)
      JOIN aidcase.determination AS d USING (determination_id)
      JOIN aidcase.case_member AS b ON b.round_id = m.round_id AND b.counted AND NOT b.void
                                   AND (d.persons IS NULL OR b.member_id = ANY (d.persons))
     ORDER BY m.award_id, b.member_id;
    RETURN NULL;
EXCEPTION
    WHEN exclusion_violation THEN
        RAISE EXCEPTION 'a member of the household already receives assistance that excludes this one'
            USING ERRCODE = '23P01',
                  DETAIL = 'Another award of the same person or household covers the same months.',
                  HINT = 'End the other award first, or leave the person out of this household.';
    WHEN integrity_constraint_violation THEN
        -- with the owner's rights PostgreSQL would print the row
        RAISE EXCEPTION 'the award cannot be made'
            USING ERRCODE = SQLSTATE,
                  DETAIL = 'The determination on which it rests is no determination of a household with members.',
                  HINT = 'Determine the round again.';
END
$$;
COMMENT ON FUNCTION aidcase.grant_awards() IS
    '触发器:确认后生成待遇 / trigger: a confirmation makes the awards, their components and persons';
REVOKE ALL ON FUNCTION aidcase.grant_awards() FROM PUBLIC;

CREATE OR REPLACE TRIGGER "~6_grant" AFTER UPDATE ON aidcase.case_round
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.grant_awards();

-- Months from which the benefits named in rounds change: the decision's month
-- and what the parameters add, for a death the month of it, for a gradual exit
-- its months on top; never a month that was paid.
CREATE OR REPLACE FUNCTION aidcase.change_months(round_ids bigint[])
RETURNS TABLE (round_id bigint, case_id bigint, programme text, round_kind text, cause text, month date)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT r.round_id, r.case_id, b.programme, r.round_kind, b.cause,
           greatest((date_trunc('month', k.day::timestamp)
                     + make_interval(months => aidcase.parameter(k.parameter, u.unit_code, k.day, b.programme)::integer
                                               + coalesce(b.months, 0)))::date,
                    (SELECT (max(p.benefit_month) + interval '1 month')::date
                       FROM aidcase.payment AS p
                      WHERE p.case_id = r.case_id AND p.programme = b.programme AND p.line_kind IN ('current', 'arrears')))
      FROM aidcase.case_round AS r
      JOIN aidcase.benefit_change AS b ON b.round_id = r.round_id AND NOT b.void
      JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
     CROSS JOIN LATERAL (SELECT CASE WHEN b.cause = 'death' AND r.round_kind = 'stop' THEN b.happened_on ELSE r.decided_on END AS day,
                                CASE WHEN b.cause = 'death' AND r.round_kind = 'stop' THEN 'death_effect_months'
                                     ELSE 'stop_effect_months' END AS parameter) AS k
     WHERE r.round_id = ANY (round_ids)
$$;
COMMENT ON FUNCTION aidcase.change_months(bigint[]) IS
    '停发、暂停、恢复、渐退的生效月份 / the month from which each benefit named in rounds stops, is held or goes on';
REVOKE ALL ON FUNCTION aidcase.change_months(bigint[]) FROM PUBLIC;

-- The schedule of gradual exits that rounds decide: for each benefit and month
-- what it grants.  The base is that of the running award, frozen, but not more
-- than the standard x the members of the household as it is now; its share is
-- that of the month (the row of parameter gradual_exit_share with the greatest
-- number not above it; none = all of it); add-ons are computed anew.  The
-- determination may say marginal meanwhile.
CREATE OR REPLACE FUNCTION aidcase.exit_schedule(round_ids bigint[])
RETURNS TABLE (round_id bigint, case_id bigint, programme text, cause text, award_id bigint, month date, month_no integer,
               base_amount numeric, addon_amount numeric, persons integer)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH leaving AS (
        SELECT e.round_id, e.case_id, e.programme, e.cause, r.decided_on, v.unit_code AS area, c.residence, a.award_id,
               -- the month after the last one paid at the latest
               greatest(e.month - make_interval(months => b.months), (p.until + interval '1 month'))::date AS start,
               e.month AS until,
               (e.month - make_interval(months => b.months))::date AS first_month,
               (SELECT q.amount FROM aidcase.award_component AS q WHERE q.award_id = a.award_id AND q.component = 'base') AS base
          FROM aidcase.change_months(round_ids) AS e
          JOIN aidcase.case_round AS r ON r.round_id = e.round_id
          JOIN aidcase.benefit_change AS b ON b.round_id = e.round_id AND b.programme = e.programme AND NOT b.void
          JOIN aidcase.aid_case AS c ON c.case_id = e.case_id
          JOIN aidcase.unit AS v ON v.unit_id = c.village_id
          JOIN aidcase.award AS a ON a.case_id = e.case_id AND a.programme = e.programme AND upper_inf(a.months)
          LEFT JOIN (SELECT q.case_id, q.programme, max(q.benefit_month) AS until FROM aidcase.payment AS q
                      WHERE q.line_kind IN ('current', 'arrears') GROUP BY q.case_id, q.programme) AS p
            ON p.case_id = e.case_id AND p.programme = e.programme
         WHERE e.round_kind = 'gradual_exit'
    ), month AS (
        SELECT l.*, s.month::date AS month,
               (12 * extract(year FROM age(s.month, l.first_month)) + extract(month FROM age(s.month, l.first_month)) + 1)::integer AS month_no
          FROM leaving AS l
         CROSS JOIN LATERAL generate_series(l.start::timestamp, (l.until - 1)::timestamp, interval '1 month') AS s (month)
    ), computed AS (
        SELECT x.round_id, x.programme, x.benefit_month, x.members, x.standard, x.potential_addon
          FROM (SELECT DISTINCT m.month FROM month AS m) AS d
         CROSS JOIN LATERAL aidcase.assess(ARRAY(SELECT DISTINCT m.round_id FROM month AS m WHERE m.month = d.month ORDER BY 1),
                                           d.month, NULL, d.month) AS x
    )
    SELECT m.round_id, m.case_id, m.programme, m.cause, m.award_id, m.month, m.month_no,
           round(least(m.base, x.standard * x.members) * coalesce(share.value / share.divisor, 1), 2),
           round(x.potential_addon, 2), x.members
      FROM month AS m
      JOIN computed AS x ON x.round_id = m.round_id AND x.programme = m.programme AND x.benefit_month = m.month
      LEFT JOIN LATERAL (
            SELECT p.value, p.divisor
              FROM generate_series(m.month_no, 1, -1) AS n (no)
             CROSS JOIN LATERAL aidcase.parameter_row('gradual_exit_share', m.area, m.decided_on, m.programme, n.no::text) AS p
             ORDER BY n.no DESC LIMIT 1) AS share ON true;
END
$$;
COMMENT ON FUNCTION aidcase.exit_schedule(bigint[]) IS
    '渐退期逐月金额:基本部分冻结、以现有人口标准封顶、按月比例,分类施保重新计算 / the months of gradual exits: base frozen, capped by the present size, with the share of the month; add-ons computed anew';
REVOKE ALL ON FUNCTION aidcase.exit_schedule(bigint[]) FROM PUBLIC;

-- Trigger: a decision to stop, hold, resume or phase out changes the benefits.
CREATE OR REPLACE FUNCTION aidcase.alter_benefits() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    rounds bigint[] := ARRAY(
        SELECT n.round_id FROM new_rows AS n JOIN old_rows AS o USING (round_id)
          JOIN aidcase.workflow_state AS s ON s.workflow_id = n.workflow_id AND s.state = n.state
         WHERE s.alters AND n.state <> o.state ORDER BY n.round_id);
    phases jsonb;
BEGIN
    IF rounds = '{}' THEN
        RETURN NULL;
    END IF;
    -- a roll that is being made now is waited for
    PERFORM FROM aidcase.award AS a
      WHERE a.case_id IN (SELECT n.case_id FROM new_rows AS n)
      ORDER BY a.award_id FOR NO KEY UPDATE;
    -- a gradual exit is a phase of its own: months of the same amount are one
    -- award
    SELECT coalesce(jsonb_agg(to_jsonb(x)), '[]') INTO phases
      FROM (SELECT s.round_id, s.case_id, s.programme, s.award_id, s.base_amount, s.addon_amount, s.persons,
                   daterange(min(s.month), (max(s.month) + interval '1 month')::date) AS months
              FROM (SELECT q.*, q.month_no - row_number() OVER (PARTITION BY q.round_id, q.programme, q.base_amount, q.addon_amount
                                                                    ORDER BY q.month) AS run
                      FROM aidcase.exit_schedule(rounds) AS q) AS s
             GROUP BY s.round_id, s.case_id, s.programme, s.award_id, s.base_amount, s.addon_amount, s.persons, s.run) AS x;
    WITH ended AS (
        UPDATE aidcase.award AS a
           SET months = CASE WHEN lower(a.months) < e.month THEN daterange(lower(a.months), e.month) ELSE 'empty' END,
               stop_reason = e.cause
          FROM (SELECT c.case_id, c.programme, c.cause, c.round_kind,
                       coalesce((SELECT min(lower(x.months))
                                   FROM jsonb_to_recordset(phases) AS x (round_id bigint, programme text, months daterange)
                                  WHERE x.round_id = c.round_id AND x.programme = c.programme), c.month) AS month
                  FROM aidcase.change_months(rounds) AS c) AS e
         WHERE e.round_kind IN ('stop', 'gradual_exit')
           AND a.case_id = e.case_id AND a.programme = e.programme AND a.months && daterange(e.month, NULL)
        RETURNING a.award_id, a.months)
    UPDATE aidcase.award_person AS q SET months = e.months
      FROM ended AS e WHERE q.award_id = e.award_id;
    WITH made AS (
        INSERT INTO aidcase.award (case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence, phase)
        SELECT x.case_id, x.round_id, a.determination_id, r.unit_id, x.programme, x.months, x.base_amount + x.addon_amount,
               x.persons, c.residence, 'gradual_exit'
          FROM jsonb_to_recordset(phases) AS x (round_id bigint, case_id bigint, programme text, award_id bigint,
                    base_amount numeric, addon_amount numeric, persons integer, months daterange)
          JOIN aidcase.award AS a ON a.award_id = x.award_id
          JOIN aidcase.case_round AS r ON r.round_id = x.round_id
          JOIN aidcase.aid_case AS c ON c.case_id = x.case_id
         WHERE x.base_amount + x.addon_amount > 0
         ORDER BY x.round_id, x.programme, x.months
        RETURNING award_id, case_id, round_id, programme, months
    ), parts AS (
        INSERT INTO aidcase.award_component (award_id, case_id, component, amount)
        SELECT m.award_id, m.case_id, v.component, v.amount
          FROM made AS m
          JOIN jsonb_to_recordset(phases) AS x (round_id bigint, programme text, base_amount numeric, addon_amount numeric, months daterange)
            ON x.round_id = m.round_id AND x.programme = m.programme AND x.months = m.months
         CROSS JOIN LATERAL (VALUES ('base', x.base_amount), ('addon', x.addon_amount)) AS v (component, amount)
         WHERE v.component = 'base' OR v.amount > 0
         ORDER BY m.award_id, v.component
    )
    INSERT INTO aidcase.award_person (award_id, case_id, member_id, citizen_id, exclusion_group, months)
    SELECT m.award_id, m.case_id, b.member_id, b.citizen_id, g.exclusion_group, m.months
      FROM made AS m
      JOIN aidcase.programme AS g USING (programme)
      JOIN aidcase.case_member AS b ON b.round_id = m.round_id AND b.counted AND NOT b.void
     ORDER BY m.award_id, b.member_id;
    INSERT INTO aidcase.payment_hold (case_id, round_id, programme, kind, months)
    SELECT e.case_id, e.round_id, e.programme, 'suspension', daterange(e.month, NULL)
      FROM aidcase.change_months(rounds) AS e WHERE e.round_kind = 'suspension' ORDER BY e.round_id, e.programme;
    UPDATE aidcase.payment_hold AS h
       SET months = CASE WHEN lower(h.months) < e.month THEN daterange(lower(h.months), e.month) ELSE 'empty' END
      FROM aidcase.change_months(rounds) AS e
     WHERE e.round_kind = 'resumption' AND h.kind = 'suspension'
       AND h.case_id = e.case_id AND h.programme = e.programme AND upper_inf(h.months);
    PERFORM aidcase.end_review_clocks(array_agg(r.case_id), r.round_id)
       FROM aidcase.case_round AS r WHERE r.round_id = ANY (rounds) GROUP BY r.round_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.alter_benefits() IS
    '触发器:停发、暂停、恢复、渐退决定生效 / trigger: a decision to stop, hold, resume or phase out changes the benefits';
REVOKE ALL ON FUNCTION aidcase.alter_benefits() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_alter" AFTER UPDATE ON aidcase.case_round
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.alter_benefits();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.payment_hold
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('months');

-- Trigger: lines of a roll are owed, by this unit, in this amount, to an
-- account in force, and the roll is still a draft; its totals are theirs.
CREATE OR REPLACE FUNCTION aidcase.check_payment() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[];
BEGIN
    PERFORM FROM aidcase.payment_roll AS r
      WHERE r.roll_id IN (SELECT n.roll_id FROM new_rows AS n)
      ORDER BY r.roll_id FOR NO KEY UPDATE;
    SELECT array_agg(DISTINCT f.fault) INTO faults
      FROM new_rows AS n
      JOIN aidcase.payment_roll AS r USING (roll_id)
      JOIN aidcase.workflow_state AS s USING (workflow_id, state)
      JOIN aidcase.award AS a USING (award_id)
      JOIN aidcase.payee_account AS p USING (account_id)
      LEFT JOIN (SELECT c.award_id, sum(c.amount) AS amount FROM aidcase.award_component AS c
                  WHERE c.component <> 'base' GROUP BY c.award_id) AS x USING (award_id)
     CROSS JOIN LATERAL (VALUES
        (s.frozen, 'The roll is no longer a draft.'),
        (r.unit_id <> n.unit_id, 'The line names another unit than its roll.'),
        (a.case_id <> n.case_id OR a.programme <> n.programme, 'The line names another case or programme than its award.'),
        (NOT a.months @> n.benefit_month, 'The award does not cover the benefit month.'),
        (EXISTS (SELECT FROM aidcase.payment_hold AS h
                  WHERE h.case_id = n.case_id AND h.programme = n.programme AND h.months @> n.benefit_month),
         'The payment of the month is held.'),
        (n.line_kind = 'current' AND n.benefit_month <> r.roll_month, 'A current line is for the month of the roll.'),
        (n.line_kind <> 'current' AND n.benefit_month > r.roll_month, 'Nothing is paid for a month to come.'),
        (n.line_kind IN ('current', 'arrears') AND n.reassessment_item_id IS NULL
         AND (n.amount <> a.amount OR n.persons <> a.persons OR n.addon_amount <> coalesce(x.amount, 0)),
         'The amount differs from the award.'),
        (n.line_kind = 'arrears' AND n.reassessment_item_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM aidcase.reassessment_arrears AS o
                 WHERE o.item_id = n.reassessment_item_id AND o.benefit_month = n.benefit_month AND o.award_id = n.award_id
                   AND o.base_amount = n.base_amount AND o.addon_amount = n.addon_amount AND o.persons = n.persons),
         'No reassessment owes that for the month.'),
        (n.line_kind = 'deduction'
         OR n.line_kind = 'reissue' AND NOT EXISTS (
                SELECT FROM aidcase.payment AS q JOIN aidcase.payment_return AS e ON e.payment_id = q.payment_id AND e.outcome = 'returned'
                 WHERE q.payment_id = n.reissues
                   AND q.reassessment_item_id IS NOT DISTINCT FROM n.reassessment_item_id
                   AND (q.case_id, q.award_id, q.benefit_month, q.base_amount, q.addon_amount, q.persons)
                       = (n.case_id, n.award_id, n.benefit_month, n.base_amount, n.addon_amount, n.persons)),
         'Nothing was returned or is to be recovered that the line could rest on.'),
        (p.case_id <> n.case_id, 'The account belongs to another case.'),
        (NOT p.valid @> r.pay_day, 'The account is not in force on the pay day.')) AS f (broken, fault)
     WHERE f.broken;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'the line cannot be on this roll'
            USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Rolls are made by aidcase.make_roll().';
    END IF;
    UPDATE aidcase.payment_roll AS r
       SET lines = s.lines, total = s.total
      FROM (SELECT p.roll_id, count(*) AS lines, sum(p.amount) AS total
              FROM aidcase.payment AS p
             WHERE p.roll_id IN (SELECT n.roll_id FROM new_rows AS n) GROUP BY p.roll_id) AS s
     WHERE r.roll_id = s.roll_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_payment() IS
    '触发器:发放行须与在享待遇、账户和清册一致 / trigger: roll lines agree with award, account and roll, and make its totals';
REVOKE ALL ON FUNCTION aidcase.check_payment() FROM PUBLIC;

-- Trigger: a roll is paid with the totals of its lines.
CREATE OR REPLACE FUNCTION aidcase.check_roll_totals() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NEW.state <> OLD.state
       AND EXISTS (SELECT FROM aidcase.workflow_state AS s
                    WHERE s.workflow_id = NEW.workflow_id AND s.state = NEW.state AND s.kind = 'final')
       AND EXISTS (SELECT FROM aidcase.payment AS p WHERE p.roll_id = NEW.roll_id
                   HAVING (count(*), coalesce(sum(p.amount), 0)) IS DISTINCT FROM (NEW.lines::bigint, NEW.total)) THEN
        RAISE EXCEPTION 'the totals of roll % are not those of its lines', NEW.roll_id
            USING ERRCODE = 'ZA003',
                  DETAIL = 'Number of lines or sum differ from table aidcase.payment.',
                  HINT = 'Have the inspectors find out who changed it; aidcase.history() shows each version.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_roll_totals() IS
    '触发器:发放前清册合计须与明细一致 / trigger: a roll is paid only with the totals of its lines';
REVOKE ALL ON FUNCTION aidcase.check_roll_totals() FROM PUBLIC;

CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.payment
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_payment();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.payment
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_totals" BEFORE UPDATE ON aidcase.payment_roll
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_roll_totals();

-- What rolls add up to, from their lines.  The add-on of a line holds all of
-- its award but the base; care and what else is no add-on is told apart.
CREATE OR REPLACE FUNCTION aidcase.roll_totals(roll_ids bigint[])
RETURNS TABLE (roll_id bigint, unit_id bigint, programme text, residence text, line_kind text, lines bigint, households bigint, persons bigint,
               base_amount numeric, addon_amount numeric, care_amount numeric, price_amount numeric, other_amount numeric, amount numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT p.roll_id, p.unit_id, p.programme, a.residence, p.line_kind, count(*), count(*) FILTER (WHERE p.place = 1), sum(p.persons),
       sum(p.base_amount), sum(p.addon_amount) - coalesce(sum(x.care + x.price + x.other), 0),
       coalesce(sum(x.care), 0), coalesce(sum(x.price), 0), coalesce(sum(x.other), 0), sum(p.amount)
  FROM (SELECT q.*, row_number() OVER (PARTITION BY q.roll_id, q.programme, q.case_id ORDER BY q.payment_id) AS place
          FROM aidcase.payment AS q WHERE q.roll_id = ANY (roll_totals.roll_ids)) AS p
  JOIN aidcase.award AS a ON a.award_id = p.award_id
  LEFT JOIN (SELECT k.award_id, coalesce(sum(k.amount) FILTER (WHERE k.component = 'care'), 0) AS care,
                    coalesce(sum(k.amount) FILTER (WHERE k.component = 'price_subsidy'), 0) AS price,
                    coalesce(sum(k.amount) FILTER (WHERE k.component NOT IN ('care', 'price_subsidy')), 0) AS other
               FROM aidcase.award_component AS k
              WHERE k.component NOT IN ('base', 'addon')
              GROUP BY k.award_id) AS x ON x.award_id = p.award_id AND p.line_kind <> 'deduction' AND p.reassessment_item_id IS NULL
 GROUP BY p.roll_id, p.unit_id, p.programme, a.residence, p.line_kind;
END;
COMMENT ON FUNCTION aidcase.roll_totals(bigint[]) IS
    '清册明细按项目、城乡、种类的合计 / what the lines of rolls add up to, by programme, residence and kind';

-- Writes the totals of rolls, or what has changed of them since they were
-- handed in before.
CREATE OR REPLACE FUNCTION aidcase.write_roll_totals(roll_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    written bigint;
BEGIN
    INSERT INTO aidcase.payment_total AS t (roll_id, unit_id, programme, residence, line_kind, lines, households, persons,
                                            base_amount, addon_amount, care_amount, price_amount, other_amount, amount)
    SELECT s.* FROM aidcase.roll_totals(roll_ids) AS s
     ORDER BY s.roll_id, s.programme COLLATE "C", s.residence COLLATE "C", s.line_kind COLLATE "C"
    ON CONFLICT (roll_id, programme, residence, line_kind) DO UPDATE
       SET lines = EXCLUDED.lines, households = EXCLUDED.households, persons = EXCLUDED.persons,
           base_amount = EXCLUDED.base_amount, addon_amount = EXCLUDED.addon_amount, care_amount = EXCLUDED.care_amount,
           price_amount = EXCLUDED.price_amount, other_amount = EXCLUDED.other_amount, amount = EXCLUDED.amount
     WHERE (t.lines, t.households, t.amount) IS DISTINCT FROM (EXCLUDED.lines, EXCLUDED.households, EXCLUDED.amount);
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
COMMENT ON FUNCTION aidcase.write_roll_totals(bigint[]) IS
    '内部:写入清册合计,返回行数 / internal: writes the totals of rolls; returns the number of rows';
REVOKE ALL ON FUNCTION aidcase.write_roll_totals(bigint[]) FROM PUBLIC;

-- Trigger: a roll that is handed in is added up.  Lines that are being written
-- have locked the roll, and were waited for.
CREATE OR REPLACE FUNCTION aidcase.total_rolls() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    handed_in CONSTANT bigint[] := ARRAY(
        SELECT n.roll_id FROM new_rows AS n JOIN old_rows AS o USING (roll_id)
          JOIN aidcase.workflow_state AS s ON s.workflow_id = n.workflow_id AND s.state = n.state
          JOIN aidcase.workflow_state AS f ON f.workflow_id = o.workflow_id AND f.state = o.state
         WHERE s.frozen AND NOT f.frozen);
BEGIN
    IF handed_in <> '{}' THEN
        PERFORM aidcase.write_roll_totals(handed_in);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.total_rolls() IS
    '触发器:清册上报时写入合计 / trigger: a roll that is handed in is added up';
REVOKE ALL ON FUNCTION aidcase.total_rolls() FROM PUBLIC;

-- Trigger: totals are those of the lines, whoever writes them.
CREATE OR REPLACE FUNCTION aidcase.check_payment_total() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    forged bigint := (
        SELECT min(n.roll_id) FROM new_rows AS n
          LEFT JOIN aidcase.roll_totals(ARRAY(SELECT DISTINCT r.roll_id FROM new_rows AS r)) AS s
            ON s.roll_id = n.roll_id AND s.programme = n.programme AND s.residence = n.residence AND s.line_kind = n.line_kind
         WHERE (n.unit_id, n.lines, n.households, n.persons, n.base_amount, n.addon_amount, n.care_amount, n.price_amount, n.other_amount, n.amount)
               IS DISTINCT FROM
               (s.unit_id, s.lines, s.households, s.persons, s.base_amount, s.addon_amount, s.care_amount, s.price_amount, s.other_amount, s.amount));
BEGIN
    IF forged IS NOT NULL THEN
        RAISE EXCEPTION 'the totals of roll % are not those of its lines', forged
            USING ERRCODE = 'ZA003',
                  DETAIL = 'Households, persons or amounts differ from table aidcase.payment.',
                  HINT = 'Totals are written when the roll is handed in.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_payment_total() IS
    '触发器:清册合计须与明细一致 / trigger: the totals of a roll are those of its lines';
REVOKE ALL ON FUNCTION aidcase.check_payment_total() FROM PUBLIC;

CREATE OR REPLACE TRIGGER "~6_total" AFTER UPDATE ON aidcase.payment_roll
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.total_rolls();
CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.payment_total
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_payment_total();
CREATE OR REPLACE TRIGGER "~1_check_update" AFTER UPDATE ON aidcase.payment_total
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_payment_total();

-- rolls that were handed in before the register had totals
SELECT aidcase.write_roll_totals(ARRAY(
    SELECT r.roll_id FROM aidcase.payment_roll AS r JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
     WHERE s.frozen AND NOT EXISTS (SELECT FROM aidcase.payment_total AS t WHERE t.roll_id = r.roll_id)));

-- Raises the refusal that every call for a unit makes when the actor does not
-- hold one of the posts there.
CREATE OR REPLACE FUNCTION aidcase.require_post(posts text[], unit_id bigint, what text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF aidcase.current_staff() IS NULL THEN
        RAISE EXCEPTION 'nobody acts in this session'
            USING ERRCODE = 'ZA005',
                  DETAIL = format('To %s, the session needs a member of staff behind it.', what),
                  HINT = 'Give the login to a member of staff with enrol_staff(), or call act_as() in the same transaction.';
    ELSIF NOT EXISTS (SELECT FROM unnest(posts) AS p (post)
                       WHERE aidcase.has_post(p.post, require_post.unit_id, aidcase.today())) THEN
        RAISE EXCEPTION 'permission denied to %', what
            USING ERRCODE = '42501',
                  DETAIL = format('It needs one of the posts %s at the unit or above it.', array_to_string(posts, ', ')),
                  HINT = 'Ask somebody who holds the post.';
    END IF;
END
$$;
COMMENT ON FUNCTION aidcase.require_post(text[], bigint, text) IS
    '要求经办人在该单位任职 / refuses unless the actor holds one of the posts at the unit or above it';

-- What reassessments still owe: for each month that the former award paid, the
-- difference to the new amount.  What was paid too much is no line: taking it
-- back needs a decision.
CREATE OR REPLACE VIEW aidcase.reassessment_arrears AS
SELECT i.item_id, i.case_id, i.programme, q.award_id, q.benefit_month, q.persons,
       i.base_amount - q.base_amount AS base_amount, i.addon_amount + i.care_amount - q.addon_amount AS addon_amount, i.difference AS amount
  FROM aidcase.reassessment_item AS i
  JOIN aidcase.reassessment AS s ON s.reassessment_id = i.reassessment_id
  JOIN aidcase.payment AS q ON q.case_id = i.case_id AND q.award_id = i.award_id AND q.line_kind IN ('current', 'arrears')
                           AND q.reassessment_item_id IS NULL AND q.benefit_month >= s.month AND q.benefit_month < lower(i.months)
  JOIN aidcase.award AS a ON a.award_id = q.award_id AND a.months @> q.benefit_month
 WHERE i.owed > 0 AND i.outcome <> 'review';
COMMENT ON VIEW aidcase.reassessment_arrears IS
    '内部:重新核算对已发月份应补的差额 / internal: what reassessments owe for months that are paid';
COMMENT ON COLUMN aidcase.reassessment_arrears.item_id IS '核算明细 / item of the reassessment';
COMMENT ON COLUMN aidcase.reassessment_arrears.case_id IS '档案 / case';
COMMENT ON COLUMN aidcase.reassessment_arrears.programme IS '救助项目 / programme';
COMMENT ON COLUMN aidcase.reassessment_arrears.award_id IS '原待遇 / former award';
COMMENT ON COLUMN aidcase.reassessment_arrears.benefit_month IS '待遇月份 / month of benefit';
COMMENT ON COLUMN aidcase.reassessment_arrears.persons IS '人数 / persons';
COMMENT ON COLUMN aidcase.reassessment_arrears.base_amount IS '其中基本部分 (元) / of which base, yuan';
COMMENT ON COLUMN aidcase.reassessment_arrears.addon_amount IS '其中其他部分 (元) / of which the rest, yuan';
COMMENT ON COLUMN aidcase.reassessment_arrears.amount IS '差额 (元) / difference, yuan';

-- The month's roll of a unit: lines of the month and arrears of earlier
-- months that were never paid.
CREATE OR REPLACE FUNCTION aidcase.make_roll(unit text, month date) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_unit bigint := aidcase.unit_id(unit);
    the_month date := date_trunc('month', month::timestamp)::date;
    the_roll bigint;
    waits boolean;
    day date;
    without_account bigint;
BEGIN
    IF month IS NULL OR NOT isfinite(month) THEN
        RAISE EXCEPTION 'the month of the roll is missing'
            USING ERRCODE = '22023', HINT = 'Give any day of the month.';
    END IF;
    PERFORM aidcase.require_post('{clerk,unit_leader}', the_unit, 'make the roll of the unit');
    IF NOT EXISTS (SELECT FROM aidcase.unit_now AS u WHERE u.unit_id = the_unit AND u.level = 'unit') THEN
        RAISE EXCEPTION 'unit "%" makes no payment roll', unit
            USING ERRCODE = '22023',
                  DETAIL = 'Rolls are made by towns, offices and communities that handle cases.',
                  HINT = 'Give the code of such a unit.';
    END IF;
    IF the_month > date_trunc('month', aidcase.today()::timestamp) + interval '1 month' THEN
        RAISE EXCEPTION 'the roll of a later month cannot be made yet'
            USING ERRCODE = '22023',
                  DETAIL = 'A roll is made in the month before it at the earliest.',
                  HINT = 'Make it when the month is near.';
    END IF;
    day := aidcase.workday_on_or_before(the_month - 1
        + aidcase.parameter('pay_day_of_month', unit, (the_month + interval '1 month')::date - 1)::integer);
    waits := aidcase.parameter('payment_waits_for_publicity', unit, day) <> 0;
    BEGIN
        INSERT INTO aidcase.payment_roll (unit_id, roll_month, pay_day)
        VALUES (the_unit, the_month, day) RETURNING roll_id INTO the_roll;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'the roll of unit "%" for % exists already', unit, to_char(the_month, 'YYYY-MM')
            USING ERRCODE = '55000',
                  DETAIL = 'A unit has one roll a month; what was missed comes as arrears on the next.',
                  HINT = 'See aidcase.payment_roll.';
    END;

    -- a confirmation that ends or begins an award now is waited for
    PERFORM FROM aidcase.award AS a
      JOIN aidcase.aid_case AS c ON c.case_id = a.case_id AND c.unit_id = the_unit
     WHERE a.months && daterange(NULL, the_month, '[]')
     ORDER BY a.award_id FOR SHARE OF a;

    BEGIN
        WITH owed AS (
            SELECT a.award_id, a.case_id, a.programme, a.amount, a.persons, m.benefit_month
              FROM aidcase.award AS a
              JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring AND g.cash
              JOIN aidcase.aid_case AS c ON c.case_id = a.case_id AND c.unit_id = the_unit
             CROSS JOIN LATERAL (
                    SELECT s::date AS benefit_month
                      FROM generate_series(lower(a.months)::timestamp,
                                           least(the_month, upper(a.months) - 1)::timestamp,
                                           interval '1 month') AS s) AS m
             WHERE lower(a.months) <= the_month
               AND NOT EXISTS (SELECT FROM aidcase.payment AS p
                                WHERE p.case_id = a.case_id AND p.programme = a.programme
                                  AND p.benefit_month = m.benefit_month
                                  AND p.line_kind IN ('current', 'arrears'))
               AND NOT EXISTS (SELECT FROM aidcase.payment_hold AS h
                                WHERE h.case_id = a.case_id AND h.programme = a.programme
                                  AND h.months @> m.benefit_month)
               -- what was taken over, or a correction or transfer carries on, was published before
               AND (NOT waits OR a.round_id IN (
                    SELECT r.round_id FROM aidcase.case_round AS r
                     WHERE r.case_id = a.case_id AND r.round_kind IN ('takeover', 'correction', 'transfer'))
                    OR EXISTS (
                    SELECT FROM aidcase.publication_item AS i
                      JOIN aidcase.publication AS b USING (publication_id)
                     WHERE i.round_id = a.round_id AND b.kind = 'confirmation' AND b.until < day))
        )
        INSERT INTO aidcase.payment (roll_id, unit_id, case_id, award_id, account_id, programme,
                                     benefit_month, line_kind, base_amount, addon_amount, amount, persons)
        SELECT the_roll, the_unit, o.case_id, o.award_id, p.account_id, o.programme, o.benefit_month,
               CASE WHEN o.benefit_month = the_month THEN 'current' ELSE 'arrears' END,
               o.amount - coalesce(x.addon, 0), coalesce(x.addon, 0), o.amount, o.persons
          FROM owed AS o
          JOIN aidcase.payee_account AS p ON p.case_id = o.case_id AND p.valid @> day
          LEFT JOIN (SELECT award_id, sum(amount) AS addon FROM aidcase.award_component
                      WHERE component <> 'base' GROUP BY award_id) AS x USING (award_id)
         ORDER BY o.case_id, o.programme, o.benefit_month;

        -- what a reassessment owes for months that are paid, also by this roll
        INSERT INTO aidcase.payment (roll_id, unit_id, case_id, award_id, account_id, programme,
                                     benefit_month, line_kind, base_amount, addon_amount, amount, persons, reassessment_item_id)
        SELECT the_roll, the_unit, o.case_id, o.award_id, p.account_id, o.programme, o.benefit_month, 'arrears',
               o.base_amount, o.addon_amount, o.amount, o.persons, o.item_id
          FROM aidcase.reassessment_arrears AS o
          JOIN aidcase.aid_case AS c ON c.case_id = o.case_id AND c.unit_id = the_unit
          JOIN aidcase.payee_account AS p ON p.case_id = o.case_id AND p.valid @> day
         WHERE o.benefit_month <= the_month
           AND NOT EXISTS (SELECT FROM aidcase.payment AS n
                            WHERE n.reassessment_item_id = o.item_id AND n.benefit_month = o.benefit_month)
           AND NOT EXISTS (SELECT FROM aidcase.payment_hold AS h
                            WHERE h.case_id = o.case_id AND h.programme = o.programme AND h.months @> o.benefit_month)
         ORDER BY o.case_id, o.programme, o.benefit_month, o.item_id;

        -- what the bank returned goes out again once there is another account
        -- or the fault was the bank's
        INSERT INTO aidcase.payment (roll_id, unit_id, case_id, award_id, account_id, programme,
                                     benefit_month, line_kind, base_amount, addon_amount, amount, persons, reissues, reassessment_item_id)
        SELECT the_roll, the_unit, q.case_id, q.award_id, p.account_id, q.programme, q.benefit_month, 'reissue',
               q.base_amount, q.addon_amount, q.amount, q.persons, q.payment_id, q.reassessment_item_id
          FROM aidcase.payment_return AS e
          JOIN aidcase.payment AS q ON q.payment_id = e.payment_id
          JOIN aidcase.aid_case AS c ON c.case_id = q.case_id AND c.unit_id = the_unit
          JOIN aidcase.award AS a ON a.award_id = q.award_id AND a.months @> q.benefit_month
          JOIN aidcase.payee_account AS p ON p.case_id = q.case_id AND p.valid @> day
         WHERE e.outcome = 'returned' AND (e.return_reason = 'bank_error' OR p.account_id <> q.account_id)
           AND NOT EXISTS (SELECT FROM aidcase.payment AS n WHERE n.reissues = q.payment_id)
           AND NOT EXISTS (SELECT FROM aidcase.payment_hold AS h
                            WHERE h.case_id = q.case_id AND h.programme = q.programme AND h.months @> q.benefit_month)
         ORDER BY q.case_id, q.programme, q.benefit_month;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'the roll of unit "%" could not be made', unit
            USING ERRCODE = '40001',
                  DETAIL = 'Another roll has just paid a household that was to be on this one.',
                  HINT = 'Make it again.';
    END;

    SELECT count(*) INTO without_account
      FROM aidcase.award AS a
      JOIN aidcase.aid_case AS c ON c.case_id = a.case_id AND c.unit_id = the_unit
     WHERE a.months @> the_month
       AND NOT EXISTS (SELECT FROM aidcase.payee_account AS p WHERE p.case_id = a.case_id AND p.valid @> day);
    IF without_account > 0 THEN
        RAISE WARNING 'awards that are not on the roll because no payee account is in force: %', without_account
            USING HINT = 'They follow as arrears once aidcase.set_payee() has been called.';
    END IF;
    RETURN the_roll;
END
$$;
COMMENT ON FUNCTION aidcase.make_roll(text, date) IS
    '生成单位月度发放清册,返回清册号 / makes the monthly roll of a unit, arrears included; returns its number';
REVOKE ALL ON FUNCTION aidcase.make_roll(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.make_roll(text, date) TO aidcase_clerk, aidcase_leader;

CREATE OR REPLACE FUNCTION aidcase.submit_roll(roll_id bigint) RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$ SELECT aidcase.advance('payment_roll', submit_roll.roll_id, 'submit') $$;
COMMENT ON FUNCTION aidcase.submit_roll(bigint) IS
    '上报发放清册 / hands the roll to the bureau; from then on it cannot change';

-- The one list that goes to the accounting centre: names and accounts of the
-- whole district, so that who reads it is kept.
CREATE OR REPLACE FUNCTION aidcase.payment_list(month date, purpose text DEFAULT NULL)
RETURNS TABLE (unit_code text, unit_name text, case_no text, programme text, benefit_month date,
               line_kind text, persons integer, base_amount numeric, addon_amount numeric,
               amount numeric, holder_name text, bank text, account_no text, pay_day date, reference bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_month CONSTANT date := date_trunc('month', payment_list.month::timestamp)::date;
    shown bigint;
BEGIN
    PERFORM aidcase.reading_purpose('payment_list', payment_list.purpose);
    RETURN QUERY
    SELECT u.unit_code, n.name, c.case_no, p.programme, p.benefit_month, p.line_kind, p.persons,
           p.base_amount, p.addon_amount, p.amount, a.holder_name, a.bank, a.account_no, r.pay_day, p.payment_id
      FROM aidcase.payment_roll AS r
      JOIN aidcase.payment AS p ON p.roll_id = r.roll_id
      JOIN aidcase.aid_case AS c ON c.case_id = p.case_id
      JOIN aidcase.payee_account AS a ON a.account_id = p.account_id
      JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> r.roll_month
     WHERE r.roll_month = the_month
       AND r.state <> 'draft'
     ORDER BY u.unit_code, c.case_no, p.programme, p.benefit_month, p.payment_id;
    GET DIAGNOSTICS shown = ROW_COUNT;
    PERFORM aidcase.note_reading('payment_list', payment_list.purpose, shown, to_char(the_month, 'YYYY-MM'));
END
$$;
COMMENT ON FUNCTION aidcase.payment_list(date, text) IS
    '全区发放名单(交区会计核算中心);银行结果文件以 reference 指明发放行;含账户,读取即登记目的(未说明时为发放) / the payment list of the whole district for the accounting centre; files of results from the bank name a line by its reference; it shows accounts, so each reading is kept with its purpose (paying, when none is given)';
