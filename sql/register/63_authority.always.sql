-- Authority: what a decision may grant, for guard within_authority.

-- What keeps a level from granting what the opinion of a round says, one
-- sentence each; for guard within_authority.  What is granted above the
-- bureau's leaders needs the government's document, entered as co-signature.
CREATE OR REPLACE FUNCTION aidcase.authority_faults(round_id bigint, unit_id bigint, on_date date, decider text)
RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
WITH granted AS (
    SELECT o.programme, o.amount, u.unit_code, c.case_id, c.residence,
           greatest((SELECT count(*) FROM aidcase.case_member AS m
                      WHERE m.round_id = authority_faults.round_id AND m.counted AND NOT m.void), 1)::integer AS members
      FROM aidcase.assistance_opinion AS o
      JOIN aidcase.aid_case AS c ON c.case_id = o.case_id
      JOIN aidcase.unit AS u ON u.unit_id = authority_faults.unit_id
     WHERE o.round_id = authority_faults.round_id AND NOT o.void AND o.outcome = 'granted' AND o.amount > 0
       AND EXISTS (SELECT FROM aidcase.authority_tier AS t WHERE t.programme = o.programme AND t.valid @> on_date)
), earlier AS (
    -- granted in the same calendar year
    SELECT g.programme, r.round_id,
           EXISTS (SELECT FROM aidcase.case_cause AS a JOIN aidcase.case_cause AS b ON b.cause = a.cause AND NOT b.void
                    WHERE a.round_id = r.round_id AND NOT a.void AND b.round_id = authority_faults.round_id) AS same_cause
      FROM granted AS g
      JOIN aidcase.case_round AS r ON r.case_id = g.case_id AND r.round_id <> authority_faults.round_id
       AND r.decided_on BETWEEN date_trunc('year', on_date::timestamp)::date AND on_date
       AND r.state NOT IN ('refused', 'closed_refused', 'declined', 'withdrawn')
      JOIN aidcase.assistance_opinion AS o ON o.round_id = r.round_id AND o.programme = g.programme
       AND o.outcome = 'granted' AND NOT o.void
), needed AS (
    SELECT g.*, aidcase.authority_level(g.programme, g.unit_code, on_date, g.amount, g.members, g.residence) AS level
      FROM granted AS g
), told AS (
    SELECT n.*, l.label_en AS what, need.sort AS need_sort, have.sort AS have_sort
      FROM needed AS n
      JOIN aidcase.programme AS l ON l.programme = n.programme
      LEFT JOIN aidcase.label AS need ON need.code_set = 'authority_tier.level' AND need.code = n.level
      JOIN aidcase.label AS have ON have.code_set = 'authority_tier.level' AND have.code = decider
)
SELECT CASE WHEN t.level = 'below_minimum' THEN format('The %s is less than the least that is granted at a time.', t.what)
            WHEN decider = 'unit' THEN format('The %s exceeds what the unit may grant by itself.', t.what)
            WHEN t.level IS NULL THEN format('The %s exceeds what any level may grant.', t.what)
            WHEN t.level = 'government' THEN
                format('The %s needs a decision of the government, entered as a co-signature with its document.', t.what)
            ELSE format('The %s exceeds what the bureau may grant without its leaders.', t.what) END
  FROM told AS t
 WHERE t.level IS NULL OR t.level = 'below_minimum'
    OR t.need_sort > t.have_sort
       AND NOT (t.level = 'government' AND decider <> 'unit'
                AND EXISTS (SELECT FROM aidcase.co_signature AS c WHERE c.round_id = authority_faults.round_id AND NOT c.void))
UNION ALL
SELECT CASE WHEN a.times_a_year <= e.times THEN
           format('In this calendar year the %s was granted %s times, as often as is allowed.', l.label_en, e.times)
       ELSE format('In this calendar year the %s was granted for the same cause.', l.label_en) END
  FROM needed AS n
  JOIN aidcase.programme AS l ON l.programme = n.programme
 CROSS JOIN LATERAL (SELECT count(*) AS times, count(*) FILTER (WHERE y.same_cause) AS causes
                       FROM earlier AS y WHERE y.programme = n.programme) AS e
  JOIN LATERAL aidcase.authority(n.programme, n.unit_code, on_date, n.members, n.residence) AS a ON a.level = n.level
 WHERE a.times_a_year <= e.times OR a.same_cause_once AND e.causes > 0
$$;
COMMENT ON FUNCTION aidcase.authority_faults(bigint, bigint, date, text) IS
    '内部:该级不能批准的原因(超限、低于最低额、次数、同一事由) / internal: what keeps a level from granting the opinion of a round: bounds, times a year, the same cause';
REVOKE ALL ON FUNCTION aidcase.authority_faults(bigint, bigint, date, text) FROM PUBLIC;
