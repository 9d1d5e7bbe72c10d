-- estimate: what a draw says of its frame, and what follows for delegations.

-- The rounds of a draw: itself and those that it continues.  A further round
-- draws from what the ones before left, so that all of them together are one
-- sample of the first round's frame.
CREATE OR REPLACE FUNCTION aidcase.draw_rounds(draw_id bigint)
RETURNS TABLE (draw_id bigint, state text, first boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH RECURSIVE round AS (
        SELECT d.draw_id, d.state, d.further_of FROM aidcase.draw AS d WHERE d.draw_id = draw_rounds.draw_id
        UNION
        SELECT d.draw_id, d.state, d.further_of FROM aidcase.draw AS d JOIN round AS r ON r.further_of = d.draw_id
    )
    SELECT r.draw_id, r.state, r.further_of IS NULL FROM round AS r;
END;
COMMENT ON FUNCTION aidcase.draw_rounds(bigint) IS
    '本次抽样及其所接续的各轮 / a draw and the rounds that it continues; first = took the frame';

-- The estimates that the results of a draw give; the only definition.
--
-- A unit's certain cases are all drawn, so they may be taken out of the
-- district's stratum "certainty" and put to the unit's own.  Every household
-- that was drawn counts, those that were replaced too: who was not reached has
-- no value, and may have been paid wrongly as a whole.
CREATE OR REPLACE FUNCTION aidcase.derive_estimate(draw_id bigint)
RETURNS TABLE (unit_id bigint, programme text, measure text, level numeric, strata integer, lonely integer,
               population bigint, uncovered bigint, drawn bigint, examined bigint,
               wrong bigint, least_wrong bigint, most_wrong bigint,
               value numeric, standard_error numeric, degrees_of_freedom numeric, lower numeric, upper numeric,
               total numeric, total_error numeric, total_lower numeric, total_upper numeric, inputs jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH frame AS (
        SELECT i.unit_id, i.programme, i.stratum, count(*) AS population
          FROM aidcase.draw_rounds(derive_estimate.draw_id) AS r
          JOIN aidcase.draw_item AS i ON i.draw_id = r.draw_id
         WHERE r.first
         GROUP BY 1, 2, 3
    ), result AS (
        SELECT k.unit_id, k.programme, k.stratum, k.amount, k.state = 'locked' AS seen,
               -- papers not in order are what a draw of files looks for
               k.wrong OR NOT c.compares AND 'document' = ANY (k.types) AS wrong, k.yuan_over, k.yuan_under
          FROM aidcase.draw_rounds(derive_estimate.draw_id) AS r
          JOIN aidcase.draw AS d ON d.draw_id = r.draw_id
          JOIN aidcase.draw_frame AS c ON c.frame = d.frame
          JOIN aidcase.check_result AS k ON k.draw_id = r.draw_id
    ), part AS (
        SELECT DISTINCT s.unit_id, s.programme
          FROM frame AS f
         CROSS JOIN LATERAL (VALUES (f.unit_id, f.programme), (f.unit_id, NULL::text), (NULL::bigint, f.programme),
                                    (NULL::bigint, NULL::text)) AS s (unit_id, programme)
    ), stratum AS (
        SELECT p.unit_id, p.programme, f.stratum, sum(f.population)::bigint AS population
          FROM part AS p
          JOIN frame AS f ON (p.unit_id IS NULL OR f.unit_id = p.unit_id) AND (p.programme IS NULL OR f.programme = p.programme)
         GROUP BY 1, 2, 3
    ), unit_seen AS (
        SELECT s.unit_id, s.programme, s.stratum, s.population, r.seen, r.wrong, r.yuan_over, r.yuan_under, r.amount,
               d.level::double precision AS level, d.level AS exact_level
          FROM stratum AS s
          JOIN aidcase.draw AS d ON d.draw_id = derive_estimate.draw_id
          JOIN result AS r ON r.stratum = s.stratum AND (s.unit_id IS NULL OR r.unit_id = s.unit_id)
                          AND (s.programme IS NULL OR r.programme = s.programme)
    ), summed AS (
        SELECT u.unit_id, u.programme, u.exact_level,
               aidcase.stratified_estimate(u.stratum, u.population, CASE WHEN u.seen THEN u.wrong END, u.level) AS rate,
               aidcase.stratified_estimate(u.stratum, u.population, CASE WHEN u.seen THEN u.yuan_over END, u.level) AS over,
               aidcase.stratified_estimate(u.stratum, u.population, CASE WHEN u.seen THEN u.yuan_over ELSE u.amount END, u.level) AS over_most,
               aidcase.stratified_estimate(u.stratum, u.population, CASE WHEN u.seen THEN u.yuan_under END, u.level) AS under,
               aidcase.stratified_estimate(u.stratum, u.population, CASE WHEN u.seen THEN u.yuan_over - u.yuan_under END, u.level) AS net,
               aidcase.stratified_estimate(u.stratum, u.population, CASE WHEN u.seen THEN u.yuan_over END, u.amount, u.level) AS over_share,
               aidcase.stratified_estimate(u.stratum, u.population, CASE WHEN u.seen THEN u.yuan_under END, u.amount, u.level) AS under_share,
               coalesce(sum(u.yuan_over) FILTER (WHERE u.seen), 0)::double precision AS yuan_over,
               coalesce(sum(u.yuan_under) FILTER (WHERE u.seen), 0)::double precision AS yuan_under,
               bool_and(u.seen) AS complete
          FROM unit_seen AS u
         GROUP BY u.unit_id, u.programme, u.exact_level
    ), detail AS (
        SELECT x.unit_id, x.programme,
               jsonb_agg(jsonb_build_object('stratum', x.stratum, 'population', x.population, 'drawn', x.drawn, 'examined', x.examined,
                                            'wrong', x.wrong, 'yuan_over', x.yuan_over, 'yuan_under', x.yuan_under, 'yuan', x.yuan)
                         ORDER BY x.stratum COLLATE "C") AS inputs
          FROM (SELECT u.unit_id, u.programme, u.stratum, u.population, count(*) AS drawn, count(*) FILTER (WHERE u.seen) AS examined,
                       count(*) FILTER (WHERE u.seen AND u.wrong) AS wrong,
                       coalesce(sum(u.yuan_over) FILTER (WHERE u.seen), 0) AS yuan_over,
                       coalesce(sum(u.yuan_under) FILTER (WHERE u.seen), 0) AS yuan_under,
                       coalesce(sum(u.amount) FILTER (WHERE u.seen), 0) AS yuan
                  FROM unit_seen AS u GROUP BY 1, 2, 3, 4) AS x
         GROUP BY 1, 2
    )
    SELECT s.unit_id, s.programme, m.measure, s.exact_level, (m.e).strata, (m.e).lonely,
           (m.e).population, (m.e).uncovered, (m.e).drawn, (m.e).examined, (m.e).wrong, (m.e).least_wrong, (m.e).most_wrong,
           round((m.e).value::numeric, 8), round((m.e).standard_error::numeric, 8), round((m.e).degrees_of_freedom::numeric, 4),
           round(greatest((m.e).lower, m.seen / (m.e).population)::numeric, 8), round(m.upper::numeric, 8),
           round((m.e).total::numeric, 2), round((m.e).total_error::numeric, 2),
           round(greatest((m.e).total_lower, m.seen)::numeric, 2), round(m.total_upper::numeric, 2),
           CASE WHEN m.measure = 'rate' THEN t.inputs END
      FROM summed AS s
      JOIN detail AS t ON t.unit_id IS NOT DISTINCT FROM s.unit_id AND t.programme IS NOT DISTINCT FROM s.programme
     CROSS JOIN LATERAL (VALUES
            ('rate', s.rate, (s.rate).upper, (s.rate).total_upper, NULL),
            -- who was not reached may have been paid the whole amount wrongly;
            -- what was seen is certain
            ('over', s.over, CASE WHEN s.complete THEN (s.over).upper ELSE greatest((s.over).upper, (s.over_most).upper) END,
                             CASE WHEN s.complete THEN (s.over).total_upper ELSE greatest((s.over).total_upper, (s.over_most).total_upper) END,
                             s.yuan_over),
            ('under', s.under, (s.under).upper, (s.under).total_upper, s.yuan_under),
            ('net', s.net, (s.net).upper, (s.net).total_upper, NULL),
            ('over_share', s.over_share, (s.over_share).upper, NULL, NULL),
            ('under_share', s.under_share, (s.under_share).upper, NULL, NULL)) AS m (measure, e, upper, total_upper, seen);
END;
COMMENT ON FUNCTION aidcase.derive_estimate(bigint) IS
    '由抽查结果推断整个抽样框,按单位和项目 / what the results of a draw say of its frame, for each unit and programme and for the whole';

-- Trigger: estimates are what the results give, all of them, and stay.
CREATE OR REPLACE FUNCTION aidcase.check_draw_estimate() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows AS n JOIN aidcase.draw AS d ON d.draw_id = n.draw_id WHERE d.state <> 'estimated')
       OR EXISTS (SELECT FROM (SELECT DISTINCT n.draw_id FROM new_rows AS n) AS n
                   CROSS JOIN LATERAL aidcase.estimate_differences(n.draw_id)) THEN
        RAISE EXCEPTION 'the estimates of the draw cannot be changed'
            USING ERRCODE = 'ZA004',
                  DETAIL = 'They are what the results of the draw give, and are made when it moves to state "estimated".',
                  HINT = 'Call aidcase.estimate_draw() after the findings are revealed.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_draw_estimate() IS
    '触发器:推断值须由抽查结果得出 / trigger: estimates are what the results give';
REVOKE ALL ON FUNCTION aidcase.check_draw_estimate() FROM PUBLIC;

-- What is stored and what the results give, where they differ.
CREATE OR REPLACE FUNCTION aidcase.estimate_differences(draw_id bigint)
RETURNS TABLE (unit_id bigint, programme text, measure text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH stored AS (
        SELECT e.unit_id, e.programme, e.measure, e.level, e.strata, e.lonely, e.population, e.uncovered, e.drawn, e.examined,
               e.wrong, e.least_wrong, e.most_wrong, e.value, e.standard_error, e.degrees_of_freedom, e.lower, e.upper,
               e.total, e.total_error, e.total_lower, e.total_upper, e.inputs
          FROM aidcase.draw_estimate AS e WHERE e.draw_id = estimate_differences.draw_id
    ), derived AS (
        SELECT * FROM aidcase.derive_estimate(estimate_differences.draw_id)
    )
    SELECT x.unit_id, x.programme, x.measure
      FROM ((SELECT * FROM stored EXCEPT SELECT * FROM derived)
            UNION
            (SELECT * FROM derived EXCEPT SELECT * FROM stored)) AS x
     GROUP BY x.unit_id, x.programme, x.measure;
END;
COMMENT ON FUNCTION aidcase.estimate_differences(bigint) IS
    '所存推断值与抽查结果应得者的差异 / where the stored estimates of a draw differ from what its results give; no row = in order';

CREATE OR REPLACE TRIGGER "~1_derived" AFTER INSERT ON aidcase.draw_estimate
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_draw_estimate();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.draw_estimate
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

-- What the estimates of a draw propose for the delegations of the day; the
-- only definition.  Even the least number of errors that the findings leave
-- possible is a greater share than the limit, and enough of them were found.
CREATE OR REPLACE FUNCTION aidcase.derive_proposals(draw_id bigint, on_date date)
RETURNS TABLE (delegation_id bigint, estimate_id bigint, unit_id bigint, programme text, proposes text, rule text,
               parameter_id bigint, least_rate numeric, limit_rate numeric, findings bigint[], follows_id bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH rate AS (
        SELECT e.estimate_id, e.unit_id, e.programme, e.least_wrong::numeric / e.population AS least_rate,
               g.delegation_id, w.parameter_id AS watch_id, w.value / w.divisor AS watch_limit,
               s.parameter_id AS suspension_id, s.value / s.divisor AS suspension_limit, f.proposal_id AS watch
          FROM aidcase.draw_estimate AS e
          JOIN aidcase.unit AS u ON u.unit_id = e.unit_id
          JOIN aidcase.delegation AS g ON g.unit_id = e.unit_id AND g.programme = e.programme AND g.valid @> derive_proposals.on_date
          LEFT JOIN LATERAL aidcase.parameter_row('delegation_watch_rate', u.unit_code, derive_proposals.on_date, e.programme) AS w ON true
          LEFT JOIN LATERAL aidcase.parameter_row('delegation_suspension_rate', u.unit_code, derive_proposals.on_date, e.programme) AS s ON true
          LEFT JOIN LATERAL aidcase.parameter_row('delegation_minimum_wrong', u.unit_code, derive_proposals.on_date, e.programme) AS m ON true
          LEFT JOIN LATERAL (
                SELECT CASE WHEN p.proposes = 'watch' THEN p.proposal_id END AS proposal_id
                  FROM aidcase.delegation_proposal AS p
                 WHERE p.delegation_id = g.delegation_id AND p.state = 'accepted' AND p.draw_id <> e.draw_id
                 ORDER BY p.proposal_id DESC LIMIT 1) AS f ON true
         WHERE e.draw_id = derive_proposals.draw_id AND e.measure = 'rate'
           AND e.wrong >= coalesce(m.value / m.divisor, 1)
    ), ruled AS (
        SELECT r.*, CASE WHEN r.least_rate > r.suspension_limit THEN 'suspension_limit'
                         WHEN r.least_rate > r.watch_limit AND r.watch IS NOT NULL THEN 'under_watch'
                         WHEN r.least_rate > r.watch_limit THEN 'watch_limit' END AS rule
          FROM rate AS r
    )
    SELECT r.delegation_id, r.estimate_id, r.unit_id, r.programme,
           CASE r.rule WHEN 'watch_limit' THEN 'watch' ELSE 'suspension' END, r.rule,
           CASE r.rule WHEN 'suspension_limit' THEN r.suspension_id ELSE r.watch_id END, round(r.least_rate, 8),
           CASE r.rule WHEN 'suspension_limit' THEN r.suspension_limit ELSE r.watch_limit END,
           (SELECT array_agg(f.finding_id ORDER BY f.finding_id)
              FROM aidcase.draw_rounds(derive_proposals.draw_id) AS d
              JOIN aidcase.check_result AS k ON k.draw_id = d.draw_id AND k.wrong AND k.unit_id = r.unit_id AND k.programme = r.programme
              JOIN aidcase.finding AS f ON f.check_id = k.check_id AND f.finding_type <> 'none'),
           CASE r.rule WHEN 'under_watch' THEN r.watch END
      FROM ruled AS r
     WHERE r.rule IS NOT NULL;
END;
COMMENT ON FUNCTION aidcase.derive_proposals(bigint, date) IS
    '由推断值得出的委托处理建议及依据 / what the estimates of a draw propose for the delegations in force on a day, with the evidence';
REVOKE ALL ON FUNCTION aidcase.derive_proposals(bigint, date) FROM PUBLIC;

-- Trigger: a draw that moves to "estimated" gets its estimates.
CREATE OR REPLACE FUNCTION aidcase.make_estimates() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM aidcase.draw_rounds(NEW.draw_id) AS r
                WHERE r.state NOT IN ('revealed', 'estimated', 'certified')) THEN
        RAISE EXCEPTION 'the draw cannot be estimated yet'
            USING ERRCODE = 'ZA003',
                  DETAIL = 'It continues a draw whose findings are not revealed.',
                  HINT = 'Reveal the findings of the round before; both rounds are estimated together.';
    END IF;
    INSERT INTO aidcase.draw_estimate (draw_id, unit_id, programme, measure, level, strata, lonely, population, uncovered,
                                       drawn, examined, wrong, least_wrong, most_wrong, value, standard_error,
                                       degrees_of_freedom, lower, upper, total, total_error, total_lower, total_upper, inputs)
    SELECT NEW.draw_id, e.unit_id, e.programme, e.measure, e.level, e.strata, e.lonely, e.population, e.uncovered,
           e.drawn, e.examined, e.wrong, e.least_wrong, e.most_wrong, e.value, e.standard_error,
           e.degrees_of_freedom, e.lower, e.upper, e.total, e.total_error, e.total_lower, e.total_upper, e.inputs
      FROM aidcase.derive_estimate(NEW.draw_id) AS e
     ORDER BY e.unit_id NULLS FIRST, e.programme COLLATE "C" NULLS FIRST, e.measure COLLATE "C";
    INSERT INTO aidcase.delegation_proposal (delegation_id, draw_id, estimate_id, unit_id, programme, proposes, rule,
                                             parameter_id, least_rate, limit_rate, findings, follows_id)
    SELECT p.delegation_id, NEW.draw_id, p.estimate_id, p.unit_id, p.programme, p.proposes, p.rule,
           p.parameter_id, p.least_rate, p.limit_rate, p.findings, p.follows_id
      FROM aidcase.derive_proposals(NEW.draw_id, aidcase.today()) AS p
     ORDER BY p.delegation_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.make_estimates() IS
    '触发器:抽样进入"已估计"时算出推断值并提出委托处理建议 / trigger: the move "estimate" makes the estimates and proposes what follows for delegations';
REVOKE ALL ON FUNCTION aidcase.make_estimates() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_estimate" AFTER UPDATE ON aidcase.draw
    FOR EACH ROW WHEN (NEW.state = 'estimated' AND OLD.state <> 'estimated')
    EXECUTE FUNCTION aidcase.make_estimates();

CREATE OR REPLACE FUNCTION aidcase.estimate_draw(draw_id bigint)
RETURNS TABLE (unit_code text, programme text, population bigint, drawn bigint, examined bigint, wrong bigint,
               least_wrong bigint, most_wrong bigint, rate numeric, lower numeric, upper numeric)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    moved bigint;
BEGIN
    UPDATE aidcase.draw AS d SET state = 'estimated'
     WHERE d.draw_id = estimate_draw.draw_id RETURNING d.draw_id INTO moved;
    IF moved IS NULL THEN
        RAISE EXCEPTION 'there is no draw %', coalesce(estimate_draw.draw_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'Plan one with aidcase.plan_draw().';
    END IF;
    RETURN QUERY
    SELECT u.unit_code, e.programme, e.population, e.drawn, e.examined, e.wrong, e.least_wrong, e.most_wrong,
           e.value, e.lower, e.upper
      FROM aidcase.draw_estimate AS e LEFT JOIN aidcase.unit AS u ON u.unit_id = e.unit_id
     WHERE e.draw_id = moved AND e.measure = 'rate'
     ORDER BY u.unit_code COLLATE "C" NULLS LAST, e.programme COLLATE "C" NULLS LAST;
END
$$;
COMMENT ON FUNCTION aidcase.estimate_draw(bigint) IS
    '推断整个抽样框:按单位和项目存入 draw_estimate,返回差错率 / estimates of the whole frame from the revealed findings, stored in draw_estimate; returns the rates (a row without unit = all units)';
REVOKE ALL ON FUNCTION aidcase.estimate_draw(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.estimate_draw(bigint) TO aidcase_bureau;

-- comments: 82_estimate
