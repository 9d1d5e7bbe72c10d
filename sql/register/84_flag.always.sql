/*
 * flag: who among the parties of a case is, or belongs to, somebody who
 * handles cases or holds public office; and what else should not be.
 *
 * There is one definition of what a flag is: conflict_due(rounds).  Whichever
 * side arrives last (member, payee, telephone, tie, filing, post, handler,
 * visit, vote) finds the rounds that the arrival touches and brings their
 * flags in line with it (refresh_flags); the sweep does so for all rounds that
 * anything points to.  So both find the same.  What is due has a flag; a flag
 * that is open and no longer due is void; one that was closed by people stays
 * closed.
 *
 * The search goes from the staff's side, which is far smaller: staff_kin holds
 * the relatives of all members of staff, so that a member who arrives costs
 * one look into an index.  staff_kin follows kin_tie by triggers.
 *
 * A tie counts for a round when it holds at the first contact or later; an act
 * is flagged when the tie held before the decision.  So a marriage after the
 * decision makes no vote wrong, and one that becomes known years later does:
 * live and past rounds are flagged alike, with decided_meanwhile for those
 * decided while the tie existed.
 *
 * Kinship is no bar to assistance.  A flag that bars keeps the member of staff
 * from acting (guard no_conflict), a flag that is certain puts the round into
 * the certainty stratum of a draw.  Whoever enters a fact learns nothing of
 * it: the triggers raise nothing and run with the owner's rights.
 *
 * Two transactions that run at the same time do not see each other's rows: a
 * member and a filing that arrive at the same instant are found by the sweep.
 */

-- The form in which telephones, addresses and accounts are compared.  Not
-- STRICT: a strict one is not put in line, and costs ten times as much.
CREATE OR REPLACE FUNCTION aidcase.contact_key(kind text, value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN nullif(CASE WHEN kind = 'address' THEN upper(regexp_replace(normalize(value, NFKC), '[\s,.;:#()·-]', '', 'g'))
                   ELSE regexp_replace(regexp_replace(normalize(value, NFKC), '^\s*(\+|00)86', ''), '[^0-9]', '', 'g') END, '');
COMMENT ON FUNCTION aidcase.contact_key(text, text) IS
    '电话、住址、账号的比对形式 / the form in which telephones, addresses and accounts are compared';
DO $$
BEGIN
    IF to_regclass('aidcase.staff_contact_key') IS NULL THEN
        CREATE INDEX staff_contact_key ON aidcase.staff_contact (kind, aidcase.contact_key(kind, value)) WHERE NOT void;
        CREATE INDEX staff_phone_key ON aidcase.staff (aidcase.contact_key('phone', phone)) WHERE phone IS NOT NULL;
        CREATE INDEX aid_case_phone_key ON aidcase.aid_case (aidcase.contact_key('phone', phone)) WHERE phone IS NOT NULL;
        CREATE INDEX aid_case_address_key ON aidcase.aid_case (aidcase.contact_key('address', address)) WHERE address IS NOT NULL;
        CREATE INDEX payee_account_holder ON aidcase.payee_account (holder_citizen_id);
    END IF;
END
$$;

-- ---------------------------------------------------------------------
-- Who is a party, who acted, how staff can be reached

CREATE OR REPLACE VIEW aidcase.conflict_party AS
SELECT m.round_id, m.case_id, m.member_id, NULL::bigint AS account_id, m.citizen_id, m.official_kin, m.name,
       'case_member'::text AS source, m.member_id AS source_id
  FROM aidcase.case_member AS m
 WHERE NOT m.void AND m.citizen_id IS NOT NULL
UNION ALL
-- a member without a number who was found to be a person that is filed
SELECT m.round_id, m.case_id, m.member_id, NULL, r.citizen_id, m.official_kin, m.name, 'identity_match', i.match_id
  FROM aidcase.identity_match AS i
  JOIN aidcase.relative_filing AS r ON r.relative_id = i.relative_id
  JOIN aidcase.case_member AS m ON m.member_id = i.member_id
 WHERE i.state = 'confirmed' AND NOT m.void AND m.citizen_id IS NULL AND r.citizen_id IS NOT NULL
UNION ALL
-- who receives the money without being a member
SELECT o.round_id, o.case_id, NULL, p.account_id, p.holder_citizen_id, NULL, p.holder_name, 'payee_account', p.account_id
  FROM aidcase.payee_account AS p
  JOIN aidcase.case_round AS o ON o.case_id = p.case_id
 WHERE p.holder_citizen_id IS NOT NULL
   AND p.valid && daterange(aidcase.date_here(o.first_contact_at), NULL)
   AND NOT EXISTS (SELECT FROM aidcase.case_member AS m
                    WHERE m.round_id = o.round_id AND m.citizen_id = p.holder_citizen_id AND NOT m.void)
UNION ALL
-- who files for the applicant; no beneficiary, but whoever acts must not be a relative
SELECT a.round_id, a.case_id, NULL, NULL, coalesce(a.citizen_id, t.citizen_id), NULL, a.name, 'applicant_agent', a.agent_id
  FROM aidcase.applicant_agent AS a
  LEFT JOIN aidcase.staff AS t ON t.staff_id = a.staff_id
 WHERE NOT a.void;
COMMENT ON VIEW aidcase.conflict_party IS
    '内部:各轮次的当事人 (成员、收款人、代办人) / internal: the parties of each round, who are its members, payees and agents';

-- The parties who are one person.  A look into the indexes for each: joined to
-- the view itself, the planner reads all members.
CREATE OR REPLACE FUNCTION aidcase.parties_who_are(citizen aidcase.citizen_id)
RETURNS TABLE (round_id bigint, case_id bigint, benefits boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT p.round_id, p.case_id, p.source <> 'applicant_agent' FROM aidcase.conflict_party AS p
 WHERE p.citizen_id = parties_who_are.citizen OFFSET 0;
END;
COMMENT ON FUNCTION aidcase.parties_who_are(aidcase.citizen_id) IS
    '内部:某人作为当事人的轮次 / internal: the rounds of which a person is a party';
REVOKE ALL ON FUNCTION aidcase.parties_who_are(aidcase.citizen_id) FROM PUBLIC;

CREATE OR REPLACE VIEW aidcase.round_actor AS
SELECT o.round_id, o.case_id, o.handler_id AS staff_id, 'handler'::text AS capacity, 'case_round'::text AS source, o.round_id AS source_id
  FROM aidcase.case_round AS o
UNION ALL
SELECT h.round_id, h.case_id, h.visitor_id, 'investigator', 'home_visit', h.visit_id
  FROM aidcase.home_visit AS h WHERE NOT h.void
UNION ALL
SELECT h.round_id, h.case_id, h.second_visitor_id, 'investigator', 'home_visit', h.visit_id
  FROM aidcase.home_visit AS h WHERE NOT h.void
UNION ALL
SELECT c.round_id, c.case_id, c.requested_by, 'checker', 'registry_check', c.check_id FROM aidcase.registry_check AS c
UNION ALL
SELECT d.round_id, d.case_id, d.determined_by, 'determiner', 'determination', d.determination_id FROM aidcase.determination AS d
UNION ALL
SELECT e.round_id, e.case_id, e.evaluated_by, 'evaluator', 'evaluation', e.evaluation_id FROM aidcase.evaluation AS e
UNION ALL
SELECT v.round_id, v.case_id, v.staff_id, 'voter', 'review_vote', v.vote_id
  FROM aidcase.review_vote AS v WHERE v.vote <> 'recused'
UNION ALL
SELECT k.round_id, k.case_id, k.checker_id, 'spot_checker', 'spot_check', k.check_id FROM aidcase.spot_check AS k;
COMMENT ON VIEW aidcase.round_actor IS
    '内部:各轮次的经办、调查、测算、表决、抽查人员 / internal: who acted in a round, and in which capacity';

CREATE OR REPLACE VIEW aidcase.staff_reach AS
SELECT c.staff_id, c.kind, aidcase.contact_key(c.kind, c.value) AS key, c.valid, 'staff_contact'::text AS source, c.contact_id AS source_id
  FROM aidcase.staff_contact AS c WHERE NOT c.void
UNION ALL
SELECT s.staff_id, 'phone', aidcase.contact_key('phone', s.phone), s.employed, 'staff', s.staff_id
  FROM aidcase.staff AS s WHERE s.phone IS NOT NULL;
COMMENT ON VIEW aidcase.staff_reach IS
    '内部:工作人员的电话、住址、账号 / internal: telephones, addresses and accounts of members of staff';

-- Members of staff with a telephone, address or account, by index.
CREATE OR REPLACE FUNCTION aidcase.staff_reached_by(the_kind text, the_key text)
RETURNS TABLE (staff_id bigint, valid daterange, source text, source_id bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT c.staff_id, c.valid, c.source, c.source_id FROM aidcase.staff_reach AS c WHERE c.kind = the_kind AND c.key = the_key OFFSET 0;
END;
COMMENT ON FUNCTION aidcase.staff_reached_by(text, text) IS
    '内部:使用某电话、住址或账号的工作人员 / internal: members of staff with a telephone, address or account';
REVOKE ALL ON FUNCTION aidcase.staff_reached_by(text, text) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Relatives of staff and officials

-- What staff_kin has to hold for some filers (NULL: for all): what kinship
-- finds from their numbers, and what those declare whose number is not known.
CREATE OR REPLACE FUNCTION aidcase.staff_kin_due(filers bigint[])
RETURNS TABLE (staff_id bigint, official aidcase.citizen_id, citizen_id aidcase.citizen_id, relation text,
               valid daterange, effects text[], hops integer, ties bigint[], relative_id bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH filer AS MATERIALIZED (
        SELECT s.staff_id, NULL::aidcase.citizen_id AS official, s.citizen_id
          FROM aidcase.staff AS s
         WHERE s.citizen_id IS NOT NULL AND (filers IS NULL OR s.staff_id = ANY (filers))
        UNION ALL
        -- officials are filers when they declare something
        SELECT DISTINCT NULL::bigint, f.official, f.official
          FROM aidcase.staff_filing AS f
         WHERE f.official IS NOT NULL AND (filers IS NULL OR aidcase.citizen_key(f.official) = ANY (filers))
           AND NOT EXISTS (SELECT FROM aidcase.staff AS s WHERE s.citizen_id = f.official)
    ), effect AS MATERIALIZED (
        SELECT r.effect, r.relations, r.max_hops FROM aidcase.kin_rule_set AS r WHERE r.valid @> aidcase.today()
    )
    SELECT f.staff_id, f.official, k.relative, k.relation, k.valid, array_agg(DISTINCT e.effect), min(k.hops),
           (array_agg(k.ties::text ORDER BY k.hops, k.ties))[1]::bigint[], NULL::bigint
      FROM effect AS e
     CROSS JOIN LATERAL aidcase.kin_of(ARRAY(SELECT r.citizen_id FROM filer AS r), e.max_hops, NULL, e.effect) AS k
      JOIN filer AS f ON f.citizen_id = k.person
     WHERE NOT isempty(k.valid)
     GROUP BY f.staff_id, f.official, k.relative, k.relation, k.valid
    UNION ALL
    SELECT r.staff_id, NULL, r.citizen_id, r.relation, daterange(r.since, r.until), array_agg(DISTINCT e.effect), 1,
           '{}'::bigint[], min(r.relative_id)
      FROM aidcase.staff AS s
      JOIN aidcase.filed_relative AS r ON r.staff_id = s.staff_id
      JOIN effect AS e ON r.relation = ANY (e.relations)
     WHERE s.citizen_id IS NULL AND r.citizen_id IS NOT NULL AND (filers IS NULL OR s.staff_id = ANY (filers))
     GROUP BY r.staff_id, r.citizen_id, r.relation, r.since, r.until
$$;
COMMENT ON FUNCTION aidcase.staff_kin_due(bigint[]) IS
    '内部:工作人员和公职人员的亲属,即 staff_kin 应有的内容 / internal: the relatives of some filers, which is what staff_kin has to hold';
REVOKE ALL ON FUNCTION aidcase.staff_kin_due(bigint[]) FROM PUBLIC;

-- Brings staff_kin in line for some filers (NULL: all); returns the relatives
-- whose rows changed.
CREATE OR REPLACE FUNCTION aidcase.keep_staff_kin(filers bigint[]) RETURNS aidcase.citizen_id[]
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH due AS MATERIALIZED (
        SELECT * FROM aidcase.staff_kin_due(filers)
    ), kept AS (
        INSERT INTO aidcase.staff_kin AS k (staff_id, official, citizen_id, relation, valid, effects, hops, ties, relative_id)
        SELECT d.staff_id, d.official, d.citizen_id, d.relation, d.valid, d.effects, d.hops, d.ties, d.relative_id
          FROM due AS d
         WHERE NOT EXISTS (SELECT FROM aidcase.staff_kin AS x
                            WHERE x.citizen_id = d.citizen_id AND x.relation = d.relation AND x.valid = d.valid
                              AND coalesce(x.staff_id, aidcase.citizen_key(x.official))
                                  = coalesce(d.staff_id, aidcase.citizen_key(d.official))
                              AND (x.effects, x.hops, x.ties, x.relative_id, x.void)
                                  IS NOT DISTINCT FROM (d.effects, d.hops, d.ties, d.relative_id, false))
         ORDER BY d.staff_id, d.official, d.citizen_id, d.relation, d.valid
            ON CONFLICT (citizen_id, (coalesce(staff_id, aidcase.citizen_key(official))), relation, valid) DO UPDATE
           SET effects = excluded.effects, hops = excluded.hops, ties = excluded.ties,
               relative_id = excluded.relative_id, void = false
         WHERE (k.effects, k.hops, k.ties, k.relative_id, k.void) IS DISTINCT FROM
               (excluded.effects, excluded.hops, excluded.ties, excluded.relative_id, false)
        RETURNING k.citizen_id
    ), gone AS (
        UPDATE aidcase.staff_kin AS k SET void = true
         WHERE NOT k.void
           AND (filers IS NULL OR coalesce(k.staff_id, aidcase.citizen_key(k.official)) = ANY (filers))
           AND NOT EXISTS (SELECT FROM due AS d
                            WHERE d.citizen_id = k.citizen_id AND d.relation = k.relation AND d.valid = k.valid
                              AND coalesce(d.staff_id, aidcase.citizen_key(d.official))
                                  = coalesce(k.staff_id, aidcase.citizen_key(k.official)))
        RETURNING k.citizen_id
    )
    SELECT coalesce(array_agg(c.citizen_id), '{}') FROM (SELECT * FROM kept UNION SELECT * FROM gone) AS c
$$;
COMMENT ON FUNCTION aidcase.keep_staff_kin(bigint[]) IS
    '内部:更新工作人员的亲属,返回有变化的亲属 / internal: brings staff_kin in line; returns the relatives whose rows changed';
REVOKE ALL ON FUNCTION aidcase.keep_staff_kin(bigint[]) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- The definition

CREATE OR REPLACE FUNCTION aidcase.conflict_due(rounds bigint[])
RETURNS TABLE (
    case_id bigint, round_id bigint, flag_type text, level text, bars boolean, certain boolean,
    member_id bigint, account_id bigint, staff_id bigint, capacity text, other_staff_id bigint, other_case_id bigint,
    relation text, filed_late boolean, unfiled boolean, decided_meanwhile boolean,
    party_name text, hops integer, ties bigint[], source text, source_id bigint, source_rows text[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    -- planned once in a session, for few rounds: by index from each of them
    RETURN QUERY
    WITH o AS MATERIALIZED (
        SELECT r.round_id, r.case_id, r.unit_id, r.accepted_on, r.decided_on, c.contact, c.phone, c.address,
               daterange(c.contact, greatest(r.decided_on, c.contact), '[]') AS open_for,
               EXISTS (SELECT FROM aidcase.assistance_opinion AS g
                        WHERE g.round_id = r.round_id AND g.outcome = 'granted' AND NOT g.void)
               AND r.decided_on IS NOT NULL AS granted
          FROM aidcase.case_round AS r
         CROSS JOIN LATERAL (SELECT aidcase.date_here(r.first_contact_at) AS contact,
                                    aidcase.contact_key('phone', a.phone) AS phone,
                                    aidcase.contact_key('address', a.address) AS address
                               FROM aidcase.aid_case AS a WHERE a.case_id = r.case_id) AS c
         WHERE r.round_id = ANY (rounds)
    ), party AS MATERIALIZED (
        SELECT p.* FROM aidcase.conflict_party AS p WHERE p.round_id = ANY (rounds)
    ), found AS (
        -- relatives
        SELECT p.round_id, p.member_id, p.account_id, p.citizen_id, k.staff_id, k.official, k.relation, k.hops, k.effects,
               k.ties, k.valid, CASE WHEN k.ties <> '{}' THEN 'kin_tie' ELSE 'relative_filing' END AS source,
               coalesce(k.relative_id, k.ties[1]) AS source_id
          FROM party AS p JOIN aidcase.staff_kin AS k ON k.citizen_id = p.citizen_id AND NOT k.void
        UNION ALL
        -- members of staff themselves
        SELECT p.round_id, p.member_id, p.account_id, p.citizen_id, s.staff_id, NULL, 'self', 0,
               '{filing_duty,recusal,certainty,red_flag}', '{}', s.employed, 'staff', s.staff_id
          FROM party AS p JOIN aidcase.staff AS s ON s.citizen_id = p.citizen_id
        UNION ALL
        -- staff who file for the applicant
        SELECT p.round_id, p.member_id, p.account_id, p.citizen_id, s.staff_id, NULL, 'self', 0,
               '{filing_duty,recusal,certainty,red_flag}', '{}', s.employed, 'staff', s.staff_id
          FROM party AS p
          JOIN aidcase.applicant_agent AS a ON p.source = 'applicant_agent' AND a.agent_id = p.source_id
          JOIN aidcase.staff AS s ON s.staff_id = a.staff_id AND (p.citizen_id IS NULL OR s.citizen_id IS DISTINCT FROM p.citizen_id)
        UNION ALL
        -- officials themselves
        SELECT p.round_id, p.member_id, p.account_id, p.citizen_id, NULL, p.citizen_id, 'self', 0,
               '{certainty,red_flag}', '{}', '(,)', 'official_filing', f.official_id
          FROM party AS p
         CROSS JOIN LATERAL (SELECT i.official_id FROM aidcase.official_filing AS i
                              WHERE i.citizen_id = p.citizen_id ORDER BY i.declared_on, i.official_id LIMIT 1) AS f
    ), match AS MATERIALIZED (
        -- one for a party and a member of staff, one for all officials: that which held before the decision, the nearest
        SELECT DISTINCT ON (f.round_id, f.member_id, f.account_id, f.staff_id, f.staff_id IS NULL AND f.hops = 0)
               f.*, o.case_id, o.contact, o.accepted_on, o.decided_on, o.granted,
               f.valid && o.open_for AND (s.employed IS NULL OR s.employed && o.open_for) AS meanwhile,
               p.official_kin, p.name AS party_name, p.source AS party_source, p.source_id AS party_source_id,
               ARRAY[p.source || ':' || p.source_id]
               || CASE WHEN f.ties <> '{}' THEN (SELECT array_agg('kin_tie:' || t.tie ORDER BY t.n) FROM unnest(f.ties) WITH ORDINALITY AS t (tie, n))
                       ELSE ARRAY[f.source || ':' || f.source_id] END AS source_rows
          FROM found AS f
          JOIN o ON o.round_id = f.round_id
          JOIN party AS p ON p.round_id = f.round_id AND p.member_id IS NOT DISTINCT FROM f.member_id AND p.account_id IS NOT DISTINCT FROM f.account_id
          LEFT JOIN aidcase.staff AS s ON s.staff_id = f.staff_id
         WHERE f.effects <> '{}'
           AND f.valid && daterange(o.contact, NULL)
           AND (s.employed IS NULL OR s.employed && daterange(o.contact, NULL))
         ORDER BY f.round_id, f.member_id, f.account_id, f.staff_id, f.staff_id IS NULL AND f.hops = 0,
                  f.valid && o.open_for DESC, f.hops, NOT 'recusal' = ANY (f.effects), f.relation, f.official, f.valid
    ), filed AS MATERIALIZED (
        SELECT m.*, d.filed_on > m.accepted_on AS is_late,
               d.filed_on IS NULL AND 'filing_duty' = ANY (m.effects) AND EXISTS (
                   SELECT FROM aidcase.staff_post AS h JOIN aidcase.filing_duty AS y ON y.post = h.post
                    WHERE h.staff_id = m.staff_id AND h.valid * y.valid && daterange(m.contact, NULL)) AS is_unfiled
          FROM match AS m
         CROSS JOIN LATERAL (
                SELECT min(x.declared_on) AS filed_on
                  FROM (SELECT r.declared_on FROM aidcase.filed_relative AS r
                         WHERE r.staff_id = m.staff_id AND r.citizen_id = m.citizen_id
                        UNION ALL
                        SELECT c.declared_on FROM aidcase.case_filing AS c
                         WHERE c.member_id = m.member_id AND c.staff_id = m.staff_id AND NOT c.void) AS x) AS d
         WHERE m.staff_id IS NOT NULL AND m.hops > 0 AND m.party_source <> 'applicant_agent'
    ), households AS MATERIALIZED (
        -- of relatives of each member of staff who has one here
        SELECT n.staff_id, count(DISTINCT p.case_id) AS cases
          FROM (SELECT DISTINCT x.staff_id FROM match AS x WHERE x.hops > 0 AND x.staff_id IS NOT NULL) AS n
          JOIN aidcase.staff_kin AS k ON coalesce(k.staff_id, aidcase.citizen_key(k.official)) = n.staff_id
                                     AND NOT k.void AND k.effects <> '{}'
         CROSS JOIN LATERAL aidcase.parties_who_are(k.citizen_id) AS p
         WHERE p.benefits
         GROUP BY n.staff_id
    ), flag (case_id, round_id, flag_type, member_id, account_id, staff_id, capacity, other_staff_id, other_case_id, relation,
             effects, filed_late, unfiled, decided_meanwhile, party_name, hops, ties, source, source_id, source_rows) AS (
        SELECT f.case_id, f.round_id, 'relative_of_staff', f.member_id, f.account_id, f.staff_id, NULL, NULL::bigint, NULL::bigint, f.relation,
               f.effects, coalesce(f.is_late, false), f.is_unfiled, f.meanwhile AND f.decided_on IS NOT NULL,
               f.party_name, f.hops, f.ties, f.source, f.source_id, f.source_rows
          FROM filed AS f
        UNION ALL
        SELECT m.case_id, m.round_id, CASE WHEN m.staff_id IS NOT NULL THEN 'beneficiary_is_staff'
                                           WHEN m.hops = 0 THEN 'public_official' ELSE 'relative_of_official' END,
               m.member_id, m.account_id, m.staff_id, NULL, NULL, NULL, m.relation,
               m.effects, CASE WHEN m.staff_id IS NULL AND m.hops = 0
                               THEN coalesce((SELECT i.declared_on > m.accepted_on FROM aidcase.official_filing AS i
                                               WHERE i.official_id = m.source_id), false) ELSE false END,
               false, m.meanwhile AND m.decided_on IS NOT NULL,
               m.party_name, m.hops, m.ties, m.source, m.source_id, m.source_rows
          FROM match AS m WHERE (m.staff_id IS NULL OR m.hops = 0) AND m.party_source <> 'applicant_agent'
        UNION ALL
        -- whoever acted
        SELECT m.case_id, m.round_id, CASE m.hops WHEN 0 THEN 'own_case' ELSE 'relative_of_handler' END,
               m.member_id, m.account_id, m.staff_id, a.capacity, NULL, NULL, m.relation,
               m.effects, coalesce(f.is_late, false), coalesce(f.is_unfiled, false), m.decided_on IS NOT NULL,
               m.party_name, m.hops, m.ties, m.source, m.source_id, m.source_rows || a.rows
          FROM match AS m
          JOIN (SELECT n.round_id, n.staff_id, n.capacity, array_agg(DISTINCT n.source || ':' || n.source_id) AS rows
                  FROM aidcase.round_actor AS n WHERE n.round_id = ANY (rounds)
                 GROUP BY n.round_id, n.staff_id, n.capacity) AS a
            ON a.round_id = m.round_id AND a.staff_id = m.staff_id
          LEFT JOIN filed AS f ON f.round_id = m.round_id AND f.staff_id = m.staff_id
                              AND f.member_id IS NOT DISTINCT FROM m.member_id AND f.account_id IS NOT DISTINCT FROM m.account_id
         -- a spot check comes after the decision
         WHERE m.meanwhile OR a.capacity = 'spot_checker'
        UNION ALL
        SELECT m.case_id, m.round_id, 'false_statement', m.member_id, m.account_id, m.staff_id, NULL, NULL, NULL, m.relation,
               m.effects, coalesce(f.is_late, false), coalesce(f.is_unfiled, false), m.meanwhile AND m.decided_on IS NOT NULL,
               m.party_name, m.hops, m.ties, m.source, m.source_id, m.source_rows
          FROM match AS m
          LEFT JOIN filed AS f ON f.round_id = m.round_id AND f.staff_id = m.staff_id AND f.member_id = m.member_id
         WHERE m.official_kin = 'no' AND m.hops > 0 AND m.staff_id IS NOT NULL AND m.effects && '{filing_duty,recusal}'
        UNION ALL
        -- money to an account of staff, staff who answer the telephone
        SELECT DISTINCT ON (o.round_id, p.account_id, c.staff_id) o.case_id, o.round_id, 'shared_account_staff', NULL, p.account_id, c.staff_id, 'account', NULL, NULL, NULL,
               '{}', false, false, p.valid * c.valid && o.open_for AND o.decided_on IS NOT NULL,
               p.holder_name, 0, '{}', c.source, c.source_id, ARRAY['payee_account:' || p.account_id, c.source || ':' || c.source_id]
          FROM o
          JOIN aidcase.payee_account AS p ON p.case_id = o.case_id AND p.valid && daterange(o.contact, NULL)
          JOIN LATERAL aidcase.staff_reached_by('account', p.account_no) AS c ON c.valid && p.valid
        UNION ALL
        SELECT o.case_id, o.round_id, 'shared_contact_staff', NULL, NULL, c.staff_id, v.kind, NULL, NULL, NULL,
               '{}', false, false, o.decided_on IS NOT NULL, NULL, 0, '{}', min(c.source), min(c.source_id),
               ARRAY['aid_case:' || o.case_id] || array_agg(c.source || ':' || c.source_id ORDER BY c.source, c.source_id)
          FROM o
         CROSS JOIN LATERAL (VALUES ('phone', o.phone), ('address', o.address)) AS v (kind, key)
          JOIN LATERAL aidcase.staff_reached_by(v.kind, v.key) AS c ON c.valid && daterange(o.contact, NULL)
         WHERE v.key IS NOT NULL
         GROUP BY o.case_id, o.round_id, c.staff_id, v.kind, o.decided_on
        UNION ALL
        -- two households, one account; that of an institution serves many
        SELECT o.case_id, o.round_id, 'shared_account', NULL, p.account_id, NULL, NULL, NULL, q.case_id, NULL,
               '{}', false, false, bool_or(p.valid * q.valid && o.open_for) AND o.decided_on IS NOT NULL,
               p.holder_name, 0, '{}', 'payee_account', min(q.account_id),
               ARRAY['payee_account:' || p.account_id] || array_agg('payee_account:' || q.account_id ORDER BY q.account_id)
          FROM o
          JOIN aidcase.payee_account AS p ON p.case_id = o.case_id AND p.valid && daterange(o.contact, NULL) AND p.kind <> 'institution'
          JOIN aidcase.payee_account AS q ON q.account_no = p.account_no AND q.case_id <> p.case_id AND q.valid && p.valid AND q.kind <> 'institution'
         GROUP BY o.case_id, o.round_id, p.account_id, p.holder_name, q.case_id, o.decided_on
        UNION ALL
        -- B agreed to a relative of A, and A to one of B
        SELECT DISTINCT ON (m.round_id, m.member_id, m.account_id, b.staff_id, m.staff_id)
               m.case_id, m.round_id, 'reciprocal_favours', m.member_id, m.account_id, b.staff_id, 'voter', m.staff_id, NULL::bigint, m.relation,
               m.effects, false, false, true, m.party_name, m.hops, m.ties, 'review_vote', b.vote_id,
               m.source_rows || ARRAY['review_vote:' || b.vote_id, 'review_vote:' || x.vote_id]
          FROM match AS m
          JOIN aidcase.review_vote AS b ON b.round_id = m.round_id AND b.vote = 'agree' AND b.staff_id <> m.staff_id
         CROSS JOIN LATERAL (
                SELECT w.vote_id
                  FROM aidcase.staff_kin AS k
                 CROSS JOIN LATERAL aidcase.parties_who_are(k.citizen_id) AS p
                  JOIN aidcase.case_round AS r ON r.round_id = p.round_id
                  JOIN aidcase.review_vote AS w ON w.round_id = p.round_id AND w.staff_id = m.staff_id AND w.vote = 'agree'
                 WHERE coalesce(k.staff_id, aidcase.citizen_key(k.official)) = b.staff_id AND NOT k.void AND k.effects <> '{}'
                   AND p.benefits
                   AND r.decided_on IS NOT NULL
                   AND k.valid && daterange(aidcase.date_here(r.first_contact_at),
                                            greatest(r.decided_on, aidcase.date_here(r.first_contact_at)), '[]')
                   AND EXISTS (SELECT FROM aidcase.assistance_opinion AS g
                                WHERE g.round_id = r.round_id AND g.outcome = 'granted' AND NOT g.void)
                 ORDER BY w.vote_id LIMIT 1) AS x
         WHERE m.staff_id IS NOT NULL AND m.hops > 0 AND m.meanwhile AND m.granted AND m.party_source <> 'applicant_agent'
        UNION ALL
        -- relatives of one member of staff in many households
        SELECT m.case_id, m.round_id, 'concentration', m.member_id, m.account_id, m.staff_id, NULL, NULL, NULL, m.relation,
               m.effects, false, false, false, m.party_name, m.hops, m.ties, m.source, m.source_id, m.source_rows
          FROM match AS m
          JOIN o ON o.round_id = m.round_id
          JOIN aidcase.unit AS u ON u.unit_id = o.unit_id
          JOIN households AS z ON z.staff_id = m.staff_id
         CROSS JOIN LATERAL aidcase.parameter_row('concentration_cases', u.unit_code, o.contact) AS t
         WHERE m.hops > 0 AND m.party_source <> 'applicant_agent' AND z.cases >= t.value / t.divisor
    )
    SELECT f.case_id, f.round_id, f.flag_type, CASE WHEN f.filed_late OR f.unfiled THEN t.hidden_level ELSE t.level END,
           t.bars AND (NOT t.by_relation OR 'recusal' = ANY (f.effects)),
           t.certain AND (NOT t.by_relation OR 'certainty' = ANY (f.effects)),
           f.member_id, f.account_id, f.staff_id, f.capacity, f.other_staff_id, f.other_case_id, f.relation,
           f.filed_late, f.unfiled, f.decided_meanwhile, f.party_name, f.hops, f.ties, f.source, f.source_id, f.source_rows
      FROM flag AS f JOIN aidcase.flag_type AS t ON t.flag_type = f.flag_type;
END
$$;
COMMENT ON FUNCTION aidcase.conflict_due(bigint[]) IS
    '内部:若干轮次应有的标记,触发器与全面比对共用的唯一定义 / internal: the flags that are due for some rounds; the one definition for triggers and sweep';
REVOKE ALL ON FUNCTION aidcase.conflict_due(bigint[]) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Flags are kept in line with it

-- Brings the flags of some rounds in line with what is due.  Flags on a
-- member of staff depend on that person's other cases too (reciprocal favours,
-- concentration): those rounds follow in a second pass.
CREATE OR REPLACE FUNCTION aidcase.refresh_flags(rounds bigint[], OUT due bigint, OUT added bigint, OUT changed bigint, OUT voided bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    these bigint[] := rounds;
    pass  integer := 1;
    n     record;
BEGIN
    due := 0; added := 0; changed := 0; voided := 0;
    WHILE these <> '{}' AND pass <= 2 LOOP
        WITH d AS MATERIALIZED (
            SELECT * FROM aidcase.conflict_due(these)
        ), written AS (
            INSERT INTO aidcase.conflict_flag AS f (case_id, round_id, flag_type, level, bars, certain, member_id, account_id, staff_id,
                capacity, other_staff_id, other_case_id, relation, filed_late, unfiled, decided_meanwhile, path_zh, path_en,
                source, source_id, source_rows, known_at)
            SELECT d.case_id, d.round_id, d.flag_type, d.level, d.bars, d.certain, d.member_id, d.account_id, d.staff_id,
                   d.capacity, d.other_staff_id, d.other_case_id, d.relation, d.filed_late, d.unfiled, d.decided_meanwhile,
                   w.path_zh, w.path_en, d.source, d.source_id, d.source_rows, aidcase.now_here()
              FROM d
             CROSS JOIN LATERAL aidcase.flag_path(coalesce(d.other_staff_id, d.staff_id), d.relation, d.ties, d.party_name) AS w
             ORDER BY d.round_id, d.flag_type, d.member_id, d.account_id, d.staff_id, d.capacity, d.other_staff_id, d.other_case_id
                ON CONFLICT (round_id, flag_type, member_id, account_id, staff_id, capacity, other_staff_id, other_case_id) DO UPDATE
               SET level = excluded.level, bars = excluded.bars, certain = excluded.certain, relation = excluded.relation,
                   filed_late = excluded.filed_late, unfiled = excluded.unfiled, decided_meanwhile = excluded.decided_meanwhile,
                   path_zh = excluded.path_zh, path_en = excluded.path_en, source = excluded.source,
                   source_id = excluded.source_id, source_rows = excluded.source_rows,
                   state = CASE f.state WHEN 'void' THEN 'open' ELSE f.state END
             WHERE (f.level, f.bars, f.certain, f.relation, f.filed_late, f.unfiled, f.decided_meanwhile, f.source, f.source_id, f.source_rows)
                   IS DISTINCT FROM (excluded.level, excluded.bars, excluded.certain, excluded.relation, excluded.filed_late,
                                     excluded.unfiled, excluded.decided_meanwhile, excluded.source, excluded.source_id, excluded.source_rows)
                OR f.state = 'void' AND NOT EXISTS (SELECT FROM aidcase.flag_closing AS c WHERE c.flag_id = f.flag_id AND c.agreed AND c.outcome = 'void')
            RETURNING f.xmax::text = '0' AS is_new
        ), gone AS (
            UPDATE aidcase.conflict_flag AS f SET state = 'void'
             WHERE f.round_id = ANY (these) AND f.state = 'open'
               AND NOT EXISTS (SELECT FROM d
                                WHERE d.round_id = f.round_id AND d.flag_type = f.flag_type
                                  AND (d.member_id, d.account_id, d.staff_id, d.capacity, d.other_staff_id, d.other_case_id)
                                      IS NOT DISTINCT FROM
                                      (f.member_id, f.account_id, f.staff_id, f.capacity, f.other_staff_id, f.other_case_id))
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM d) AS due, (SELECT count(*) FROM written AS w WHERE w.is_new) AS added,
               (SELECT count(*) FROM written AS w WHERE NOT w.is_new) AS changed, (SELECT count(*) FROM gone) AS voided
          INTO n;
        added := added + n.added; changed := changed + n.changed; voided := voided + n.voided;
        IF pass = 1 THEN
            due := n.due;
            these := ARRAY(
                SELECT DISTINCT f.round_id
                  FROM aidcase.conflict_flag AS f
                 WHERE f.flag_type = 'relative_of_staff' AND f.round_id <> ALL (rounds)
                   AND f.staff_id IN (SELECT g.staff_id FROM aidcase.conflict_flag AS g
                                       WHERE g.flag_type = 'relative_of_staff' AND g.round_id = ANY (rounds)
                                      UNION ALL
                                      SELECT v.staff_id FROM aidcase.review_vote AS v
                                       WHERE v.round_id IN (SELECT g.round_id FROM aidcase.conflict_flag AS g
                                                             WHERE g.flag_type = 'relative_of_staff' AND g.round_id = ANY (rounds))));
        END IF;
        pass := pass + 1;
    END LOOP;
END
$$;
COMMENT ON FUNCTION aidcase.refresh_flags(bigint[]) IS
    '内部:使若干轮次的标记与应有的一致 / internal: brings the flags of some rounds in line with what is due';
REVOKE ALL ON FUNCTION aidcase.refresh_flags(bigint[]) FROM PUBLIC;

-- The path in words, from the member of staff or official to the party.
CREATE OR REPLACE FUNCTION aidcase.flag_path(staff_id bigint, relation text, ties bigint[], party_name text,
    OUT path_zh text, OUT path_en text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    root aidcase.citizen_id;
    root_name text;
BEGIN
    SELECT s.citizen_id, s.name INTO root, root_name FROM aidcase.staff AS s WHERE s.staff_id = flag_path.staff_id;
    IF flag_path.ties <> '{}' THEN
        -- of an official: the end of the first tie that the next one does not have
        IF flag_path.staff_id IS NULL THEN
            SELECT k.official INTO root FROM aidcase.kin_tie AS t JOIN aidcase.staff_kin AS k
                ON k.citizen_id IN (t.person, t.relative) AND k.official IN (t.person, t.relative)
             WHERE t.tie_id = flag_path.ties[1] LIMIT 1;
        END IF;
        IF root IS NOT NULL THEN
            SELECT p.path_zh, p.path_en INTO path_zh, path_en FROM aidcase.kin_path(root, flag_path.ties) AS p;
            RETURN;
        END IF;
    END IF;
    SELECT concat_ws('—', root_name, k.label_zh, party_name), concat_ws(' – ', root_name, k.label_en, party_name)
      INTO path_zh, path_en
      FROM (SELECT) AS one LEFT JOIN aidcase.kin_relation AS k ON k.relation = flag_path.relation AND k.relation <> 'self';
END
$$;
COMMENT ON FUNCTION aidcase.flag_path(bigint, text, bigint[], text) IS
    '内部:标记的路径文字 / internal: the path of a flag in words';
REVOKE ALL ON FUNCTION aidcase.flag_path(bigint, text, bigint[], text) FROM PUBLIC;

-- Rounds of which one of these persons is a party.
CREATE OR REPLACE FUNCTION aidcase.rounds_of(citizens aidcase.citizen_id[]) RETURNS bigint[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT coalesce(array_agg(DISTINCT p.round_id), '{}') FROM aidcase.conflict_party AS p WHERE p.citizen_id = ANY (citizens)
$$;
COMMENT ON FUNCTION aidcase.rounds_of(aidcase.citizen_id[]) IS
    '内部:若干人员作为当事人的轮次 / internal: the rounds of which one of these persons is a party';
REVOKE ALL ON FUNCTION aidcase.rounds_of(aidcase.citizen_id[]) FROM PUBLIC;

-- Kinship of some filers changed: their relatives, and what that flags.
CREATE OR REPLACE FUNCTION aidcase.follow_filers(filers bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    touched aidcase.citizen_id[];
BEGIN
    IF filers <> '{}' THEN
        touched := aidcase.keep_staff_kin(filers);
        IF touched <> '{}' THEN
            PERFORM aidcase.refresh_flags(aidcase.rounds_of(touched));
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION aidcase.follow_filers(bigint[]) IS
    '内部:更新若干申报人的亲属及由此产生的标记 / internal: the relatives of some filers, and the flags that follow';
REVOKE ALL ON FUNCTION aidcase.follow_filers(bigint[]) FROM PUBLIC;

-- Rounds of which a relative of staff, staff or an official is a party: one
-- look into an index for each of them, in the order of the index, and no
-- reading of all members, whatever the planner thinks of random pages.
CREATE OR REPLACE FUNCTION aidcase.rounds_of_staff() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
        WITH who AS MATERIALIZED (
            SELECT k.citizen_id FROM aidcase.staff_kin AS k WHERE NOT k.void
            UNION
            SELECT s.citizen_id FROM aidcase.staff AS s WHERE s.citizen_id IS NOT NULL
            UNION
            SELECT f.citizen_id FROM aidcase.official_filing AS f
             ORDER BY 1)
        SELECT m.round_id FROM who AS w JOIN aidcase.case_member AS m ON m.citizen_id = w.citizen_id AND NOT m.void
        UNION ALL
        SELECT r.round_id FROM who AS w JOIN aidcase.payee_account AS p ON p.holder_citizen_id = w.citizen_id
          JOIN aidcase.case_round AS r ON r.case_id = p.case_id
        UNION ALL
        SELECT a.round_id FROM who AS w JOIN aidcase.applicant_agent AS a ON a.citizen_id = w.citizen_id
        UNION ALL
        SELECT a.round_id FROM aidcase.applicant_agent AS a WHERE a.staff_id IS NOT NULL
        UNION ALL
        SELECT m.round_id FROM aidcase.identity_match AS i JOIN aidcase.case_member AS m ON m.member_id = i.member_id
         WHERE i.state = 'confirmed';
END
$$;
COMMENT ON FUNCTION aidcase.rounds_of_staff() IS
    '内部:工作人员及其亲属、公职人员为当事人的轮次 / internal: rounds of which staff, their relatives or officials are parties';
REVOKE ALL ON FUNCTION aidcase.rounds_of_staff() FROM PUBLIC;

-- Everything anew, from the staff's side: rounds that anything points to, and
-- rounds that have flags.  Must find what the triggers found.
CREATE OR REPLACE FUNCTION aidcase.rebuild_flags(OUT due bigint, OUT added bigint, OUT changed bigint, OUT voided bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    these bigint[];
    part record;
BEGIN
    PERFORM aidcase.keep_staff_kin(NULL);
    these := ARRAY(
        SELECT aidcase.rounds_of_staff()
        UNION
        SELECT r.round_id FROM aidcase.staff_reach AS s JOIN aidcase.aid_case AS c ON aidcase.contact_key('phone', c.phone) = s.key
          JOIN aidcase.case_round AS r ON r.case_id = c.case_id WHERE s.kind = 'phone'
        UNION
        SELECT r.round_id FROM aidcase.staff_reach AS s JOIN aidcase.aid_case AS c ON aidcase.contact_key('address', c.address) = s.key
          JOIN aidcase.case_round AS r ON r.case_id = c.case_id WHERE s.kind = 'address'
        UNION
        SELECT r.round_id FROM aidcase.staff_reach AS s JOIN aidcase.payee_account AS p ON p.account_no = s.key
          JOIN aidcase.case_round AS r ON r.case_id = p.case_id WHERE s.kind = 'account'
        UNION
        SELECT r.round_id
          FROM (SELECT p.account_no FROM aidcase.payee_account AS p WHERE p.kind <> 'institution'
                 GROUP BY p.account_no HAVING min(p.case_id) < max(p.case_id)) AS n
          JOIN aidcase.payee_account AS p ON p.account_no = n.account_no
          JOIN aidcase.case_round AS r ON r.case_id = p.case_id
        UNION
        SELECT f.round_id FROM aidcase.conflict_flag AS f);
    due := 0; added := 0; changed := 0; voided := 0;
    -- some at a time: the plan is one for few rounds
    WHILE these <> '{}' LOOP
        SELECT * INTO part FROM aidcase.refresh_flags(these[1:200]);
        due := due + part.due; added := added + part.added; changed := changed + part.changed; voided := voided + part.voided;
        these := these[201:];
    END LOOP;
END
$$;
COMMENT ON FUNCTION aidcase.rebuild_flags() IS
    '内部:全库重新比对 / internal: matches everything anew';
REVOKE ALL ON FUNCTION aidcase.rebuild_flags() FROM PUBLIC;
CREATE OR REPLACE FUNCTION aidcase.conflict_sweep()
RETURNS TABLE (found bigint, added bigint, changed bigint, voided bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$ SELECT r.due, r.added, r.changed, r.voided FROM aidcase.rebuild_flags() AS r $$;
COMMENT ON FUNCTION aidcase.conflict_sweep() IS
    '全库重新比对:应有标记数,以及新增、变更、作废数 (均应为 0) / matches everything anew: flags that are due, and how many were added, changed and voided, which is 0 when the triggers missed nothing';
REVOKE ALL ON FUNCTION aidcase.conflict_sweep() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.conflict_sweep() TO aidcase_bureau, aidcase_inspector, aidcase_admin;

-- ---------------------------------------------------------------------
-- Whichever side arrives last

-- Members: an index is looked into once for each; only what is pointed to, or
-- was, is looked at further.
CREATE OR REPLACE FUNCTION aidcase.match_members() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    touched bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT n.round_id) INTO touched
          FROM new_member AS n
         WHERE n.citizen_id IS NOT NULL AND NOT n.void
           AND (EXISTS (SELECT FROM aidcase.staff_kin AS k WHERE k.citizen_id = n.citizen_id AND NOT k.void)
                OR EXISTS (SELECT FROM aidcase.staff AS s WHERE s.citizen_id = n.citizen_id)
                OR EXISTS (SELECT FROM aidcase.official_filing AS f WHERE f.citizen_id = n.citizen_id));
    ELSE
        SELECT array_agg(DISTINCT n.round_id) INTO touched
          FROM new_member AS n
          JOIN old_member AS o ON o.member_id = n.member_id
         WHERE (n.citizen_id, n.void, n.official_kin) IS DISTINCT FROM (o.citizen_id, o.void, o.official_kin);
    END IF;
    IF touched IS NOT NULL THEN
        PERFORM aidcase.refresh_flags(touched);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_members() IS
    '触发器:成员新增或变更时比对 / trigger: matches members that arrive or change';
REVOKE ALL ON FUNCTION aidcase.match_members() FROM PUBLIC;

-- Acts: who acts concerns only rounds that have flags, or an agent.
CREATE OR REPLACE FUNCTION aidcase.match_acts() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    touched bigint[];
BEGIN
    SELECT array_agg(DISTINCT n.round_id) INTO touched
      FROM new_row AS n
     WHERE EXISTS (SELECT FROM aidcase.conflict_flag AS f WHERE f.round_id = n.round_id)
        OR EXISTS (SELECT FROM aidcase.applicant_agent AS a WHERE a.round_id = n.round_id AND NOT a.void);
    IF touched IS NOT NULL THEN
        PERFORM aidcase.refresh_flags(touched);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_acts() IS
    '触发器:有人经办、入户、测算、表决时比对 / trigger: matches who acts in a round';
REVOKE ALL ON FUNCTION aidcase.match_acts() FROM PUBLIC;

-- The round itself: handler, acceptance, decision.  For each row and with a
-- condition, so that other moves do not pay for it.
CREATE OR REPLACE FUNCTION aidcase.match_round() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF EXISTS (SELECT FROM aidcase.conflict_flag AS f WHERE f.round_id = NEW.round_id)
       OR EXISTS (SELECT FROM aidcase.applicant_agent AS a WHERE a.round_id = NEW.round_id AND NOT a.void) THEN
        PERFORM aidcase.refresh_flags(ARRAY[NEW.round_id]);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_round() IS
    '触发器:轮次换人、受理、决定时比对 / trigger: matches a round that changes hands, is accepted or decided';
REVOKE ALL ON FUNCTION aidcase.match_round() FROM PUBLIC;

-- A round arrives after the telephone, address and account of its case.
CREATE OR REPLACE FUNCTION aidcase.match_rounds() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    touched bigint[];
BEGIN
    SELECT array_agg(n.round_id) INTO touched
      FROM new_row AS n
     CROSS JOIN LATERAL (SELECT aidcase.contact_key('phone', c.phone) AS phone, aidcase.contact_key('address', c.address) AS address
                           FROM aidcase.aid_case AS c WHERE c.case_id = n.case_id OFFSET 0) AS c
     WHERE EXISTS (SELECT FROM aidcase.staff_reached_by('phone', c.phone))
        OR EXISTS (SELECT FROM aidcase.staff_reached_by('address', c.address))
        OR EXISTS (SELECT FROM aidcase.payee_account AS p WHERE p.case_id = n.case_id);
    IF touched IS NOT NULL THEN
        PERFORM aidcase.refresh_flags(touched);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_rounds() IS
    '触发器:新轮次到达时比对电话、住址、账户 / trigger: matches telephone, address and accounts of rounds that arrive';
REVOKE ALL ON FUNCTION aidcase.match_rounds() FROM PUBLIC;

-- All other sides: which filers, persons, cases does a statement touch?
CREATE OR REPLACE FUNCTION aidcase.match_others() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    filers bigint[];
    rounds bigint[];
    cases  bigint[];
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'kin_tie' THEN
        -- a tie concerns a filer when one of its ends is the filer or a relative
        filers := ARRAY(
            WITH ends AS (SELECT n.person AS citizen_id FROM new_row AS n UNION SELECT n.relative FROM new_row AS n)
            SELECT coalesce(k.staff_id, aidcase.citizen_key(k.official)) FROM ends AS e JOIN aidcase.staff_kin AS k ON k.citizen_id = e.citizen_id
            UNION
            SELECT s.staff_id FROM ends AS e JOIN aidcase.staff AS s ON s.citizen_id = e.citizen_id
            UNION
            SELECT aidcase.citizen_key(f.official) FROM ends AS e JOIN aidcase.staff_filing AS f
                ON coalesce(f.staff_id, aidcase.citizen_key(f.official)) = aidcase.citizen_key(e.citizen_id));
    WHEN 'staff_filing', 'relative_filing', 'case_filing', 'identity_match' THEN
        -- whoever declares: what was unfiled is filed, or filed late
        CASE TG_TABLE_NAME
        WHEN 'relative_filing' THEN
            filers := ARRAY(SELECT DISTINCT coalesce(f.staff_id, aidcase.citizen_key(f.official))
                              FROM new_row AS n JOIN aidcase.staff_filing AS f ON f.filing_id = n.filing_id);
        WHEN 'identity_match' THEN
            filers := ARRAY(SELECT DISTINCT coalesce(f.staff_id, aidcase.citizen_key(f.official))
                              FROM new_row AS n
                              JOIN aidcase.relative_filing AS r ON r.relative_id = n.relative_id
                              JOIN aidcase.staff_filing AS f ON f.filing_id = r.filing_id
                             WHERE n.state <> 'proposed');
            rounds := ARRAY(SELECT m.round_id FROM new_row AS n JOIN aidcase.case_member AS m ON m.member_id = n.member_id
                             WHERE n.state <> 'proposed');
        ELSE
            filers := ARRAY(SELECT DISTINCT coalesce(n.staff_id, aidcase.citizen_key(n.official)) FROM new_row AS n);
        END CASE;
        -- kinship of who has a number follows the ties
        PERFORM aidcase.follow_filers(ARRAY(SELECT s.staff_id FROM aidcase.staff AS s
                                             WHERE s.staff_id = ANY (filers) AND s.citizen_id IS NULL));
        rounds := coalesce(rounds, '{}')
               || ARRAY(SELECT DISTINCT f.round_id FROM aidcase.conflict_flag AS f WHERE f.staff_id = ANY (filers));
        filers := NULL;
    WHEN 'applicant_agent' THEN
        rounds := ARRAY(SELECT DISTINCT n.round_id FROM new_row AS n);
    WHEN 'official_filing' THEN
        rounds := aidcase.rounds_of(ARRAY(SELECT n.citizen_id FROM new_row AS n));
    WHEN 'staff_post' THEN
        rounds := ARRAY(SELECT DISTINCT f.round_id FROM new_row AS n JOIN aidcase.conflict_flag AS f ON f.staff_id = n.staff_id);
    WHEN 'payee_account' THEN
        cases := ARRAY(SELECT p.case_id FROM new_row AS n JOIN aidcase.payee_account AS p ON p.account_no = n.account_no
                        WHERE p.case_id <> n.case_id
                       UNION
                       SELECT n.case_id FROM new_row AS n
                        WHERE EXISTS (SELECT FROM aidcase.payee_account AS p WHERE p.account_no = n.account_no AND p.case_id <> n.case_id)
                           OR EXISTS (SELECT FROM aidcase.staff_contact AS c
                                       WHERE NOT c.void AND c.kind = 'account' AND aidcase.contact_key(c.kind, c.value) = n.account_no)
                           OR EXISTS (SELECT FROM aidcase.staff_kin AS k WHERE k.citizen_id = n.holder_citizen_id)
                           OR EXISTS (SELECT FROM aidcase.staff AS s WHERE s.citizen_id = n.holder_citizen_id)
                           OR EXISTS (SELECT FROM aidcase.official_filing AS f WHERE f.citizen_id = n.holder_citizen_id));
    WHEN 'aid_case' THEN
        cases := ARRAY(SELECT n.case_id FROM new_row AS n JOIN old_row AS o ON o.case_id = n.case_id
                        WHERE (n.phone, n.address) IS DISTINCT FROM (o.phone, o.address));
    WHEN 'staff_contact' THEN
        cases := ARRAY(SELECT c.case_id FROM new_row AS n JOIN aidcase.aid_case AS c
                           ON aidcase.contact_key('phone', c.phone) = aidcase.contact_key(n.kind, n.value) WHERE n.kind = 'phone'
                       UNION
                       SELECT c.case_id FROM new_row AS n JOIN aidcase.aid_case AS c
                           ON aidcase.contact_key('address', c.address) = aidcase.contact_key(n.kind, n.value) WHERE n.kind = 'address'
                       UNION
                       SELECT p.case_id FROM new_row AS n JOIN aidcase.payee_account AS p
                           ON p.account_no = aidcase.contact_key(n.kind, n.value) WHERE n.kind = 'account');
        -- what the row said before
        rounds := ARRAY(SELECT DISTINCT f.round_id FROM new_row AS n JOIN aidcase.conflict_flag AS f ON f.staff_id = n.staff_id);
    WHEN 'kin_rule_set', 'filing_duty', 'flag_type' THEN
        PERFORM aidcase.conflict_sweep();
    END CASE;
    IF filers <> '{}' THEN
        PERFORM aidcase.follow_filers(filers);
    END IF;
    IF cases <> '{}' THEN
        rounds := coalesce(rounds, '{}') || ARRAY(SELECT r.round_id FROM aidcase.case_round AS r WHERE r.case_id = ANY (cases));
    END IF;
    IF rounds <> '{}' THEN
        PERFORM aidcase.refresh_flags(ARRAY(SELECT DISTINCT r FROM unnest(rounds) AS r));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_others() IS
    '触发器:关系、申报、任职、账户、联系方式到达时比对 / trigger: matches ties, filings, posts, accounts and contacts that arrive';
REVOKE ALL ON FUNCTION aidcase.match_others() FROM PUBLIC;

-- A member of staff comes, or gets a number, a telephone, another time of service.
CREATE OR REPLACE FUNCTION aidcase.match_staff() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    filers bigint[];
    citizens aidcase.citizen_id[];
    phones text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.staff_id), array_agg(n.citizen_id) FILTER (WHERE n.citizen_id IS NOT NULL),
               array_agg(aidcase.contact_key('phone', n.phone)) FILTER (WHERE n.phone IS NOT NULL)
          INTO filers, citizens, phones
          FROM new_staff AS n WHERE n.citizen_id IS NOT NULL OR n.phone IS NOT NULL;
    ELSE
        SELECT array_agg(n.staff_id), array_remove(array_agg(n.citizen_id) || array_agg(o.citizen_id), NULL),
               array_remove(array_agg(aidcase.contact_key('phone', n.phone)), NULL)
          INTO filers, citizens, phones
          FROM new_staff AS n JOIN old_staff AS o ON o.staff_id = n.staff_id
         WHERE (n.citizen_id, n.employed, n.phone) IS DISTINCT FROM (o.citizen_id, o.employed, o.phone);
    END IF;
    IF filers IS NOT NULL THEN
        PERFORM aidcase.follow_filers(filers);
        PERFORM aidcase.refresh_flags(ARRAY(
            SELECT unnest(aidcase.rounds_of(citizens))
            UNION
            SELECT r.round_id FROM aidcase.aid_case AS c JOIN aidcase.case_round AS r ON r.case_id = c.case_id
             WHERE aidcase.contact_key('phone', c.phone) = ANY (phones)
            UNION
            SELECT p.round_id FROM aidcase.staff_kin AS k CROSS JOIN LATERAL aidcase.parties_who_are(k.citizen_id) AS p
             WHERE coalesce(k.staff_id, aidcase.citizen_key(k.official)) = ANY (filers) AND NOT k.void
            UNION
            SELECT f.round_id FROM aidcase.conflict_flag AS f WHERE f.staff_id = ANY (filers)));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.match_staff() IS
    '触发器:人员新增或变更时比对 / trigger: matches members of staff that come or change';
REVOKE ALL ON FUNCTION aidcase.match_staff() FROM PUBLIC;

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES
            ('case_member', 'INSERT', '', 'new_member', 'match_members'), ('case_member', 'UPDATE', 'old_member', 'new_member', 'match_members'),
            ('staff', 'INSERT', '', 'new_staff', 'match_staff'), ('staff', 'UPDATE', 'old_staff', 'new_staff', 'match_staff'),
            ('case_round', 'INSERT', '', 'new_row', 'match_rounds'),
            ('home_visit', 'INSERT', '', 'new_row', 'match_acts'), ('home_visit', 'UPDATE', '', 'new_row', 'match_acts'),
            ('review_vote', 'INSERT', '', 'new_row', 'match_acts'), ('review_vote', 'UPDATE', '', 'new_row', 'match_acts'),
            ('spot_check', 'INSERT', '', 'new_row', 'match_acts'), ('spot_check', 'UPDATE', '', 'new_row', 'match_acts'),
            ('determination', 'INSERT', '', 'new_row', 'match_acts'),
            ('evaluation', 'INSERT', '', 'new_row', 'match_acts'),
            ('registry_check', 'INSERT', '', 'new_row', 'match_acts'),
            ('kin_tie', 'INSERT', '', 'new_row', 'match_others'), ('kin_tie', 'UPDATE', '', 'new_row', 'match_others'),
            ('staff_filing', 'INSERT', '', 'new_row', 'match_others'),
            ('relative_filing', 'INSERT', '', 'new_row', 'match_others'), ('relative_filing', 'UPDATE', '', 'new_row', 'match_others'),
            ('case_filing', 'INSERT', '', 'new_row', 'match_others'), ('case_filing', 'UPDATE', '', 'new_row', 'match_others'),
            ('identity_match', 'INSERT', '', 'new_row', 'match_others'), ('identity_match', 'UPDATE', '', 'new_row', 'match_others'),
            ('applicant_agent', 'INSERT', '', 'new_row', 'match_others'), ('applicant_agent', 'UPDATE', '', 'new_row', 'match_others'),
            ('official_filing', 'INSERT', '', 'new_row', 'match_others'), ('official_filing', 'UPDATE', '', 'new_row', 'match_others'),
            ('staff_post', 'INSERT', '', 'new_row', 'match_others'), ('staff_post', 'UPDATE', '', 'new_row', 'match_others'),
            ('payee_account', 'INSERT', '', 'new_row', 'match_others'), ('payee_account', 'UPDATE', '', 'new_row', 'match_others'),
            ('aid_case', 'UPDATE', 'old_row', 'new_row', 'match_others'),
            ('staff_contact', 'INSERT', '', 'new_row', 'match_others'), ('staff_contact', 'UPDATE', '', 'new_row', 'match_others'),
            ('kin_rule_set', 'INSERT', '', 'new_row', 'match_others'), ('kin_rule_set', 'UPDATE', '', 'new_row', 'match_others'),
            ('filing_duty', 'INSERT', '', 'new_row', 'match_others'), ('filing_duty', 'UPDATE', '', 'new_row', 'match_others'),
            ('flag_type', 'UPDATE', '', 'new_row', 'match_others'))
        AS v (relation, event, old, new, function)
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON aidcase.%I REFERENCING %s NEW TABLE AS %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION aidcase.%I()',
                       CASE t.event WHEN 'INSERT' THEN '~7_match' ELSE '~7_match_change' END, t.event, t.relation,
                       CASE t.old WHEN '' THEN '' ELSE format('OLD TABLE AS %I', t.old) END, t.new, t.function);
        EXECUTE format('COMMENT ON TRIGGER %I ON aidcase.%I IS %L',
                       CASE t.event WHEN 'INSERT' THEN '~7_match' ELSE '~7_match_change' END, t.relation,
                       '利益冲突比对 / matches for conflicts of interest');
    END LOOP;
END
$$;
CREATE OR REPLACE TRIGGER "~7_match_change" AFTER UPDATE ON aidcase.case_round
    -- not a comparison of rows: a dump writes that one in another form
    FOR EACH ROW WHEN (OLD.handler_id IS DISTINCT FROM NEW.handler_id OR OLD.accepted_on IS DISTINCT FROM NEW.accepted_on
                       OR OLD.decided_on IS DISTINCT FROM NEW.decided_on)
    EXECUTE FUNCTION aidcase.match_round();
COMMENT ON TRIGGER "~7_match_change" ON aidcase.case_round IS
    '利益冲突比对 / matches for conflicts of interest';
REVOKE ALL ON TABLE aidcase.conflict_party, aidcase.round_actor, aidcase.staff_reach FROM PUBLIC;

-- ---------------------------------------------------------------------
-- The closing of a flag

-- Why a member of staff must not close a flag; NULL when nothing is against
-- it.  Nobody closes a flag on himself, on a relative, or in a case in which
-- he acted; nor does who works under the person concerned.
CREATE OR REPLACE FUNCTION aidcase.flag_closer_fault(the_flag bigint, closer bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT CASE
           WHEN NOT EXISTS (SELECT FROM aidcase.staff_post AS p JOIN aidcase.post AS k ON k.post = p.post
                             WHERE p.staff_id = closer AND p.valid @> aidcase.today() AND k.level = 'district'
                               AND k.group_role IN ('aidcase_bureau', 'aidcase_inspector'))
           THEN 'Flags are closed by the bureau.'
           WHEN closer IN (f.staff_id, f.other_staff_id)
             OR EXISTS (SELECT FROM aidcase.conflict_flag AS g
                         WHERE g.case_id = f.case_id AND closer IN (g.staff_id, g.other_staff_id) AND g.state <> 'void')
           THEN 'You are recused from this case.'
           WHEN EXISTS (SELECT FROM aidcase.round_actor AS a WHERE a.case_id = f.case_id AND a.staff_id = closer)
           THEN 'You have acted in this case.'
           WHEN EXISTS (SELECT FROM aidcase.staff_post AS l JOIN aidcase.staff_post AS p ON p.unit_id = l.unit_id
                         WHERE l.staff_id IN (f.staff_id, f.other_staff_id) AND l.post IN ('bureau_leader', 'unit_leader')
                           AND l.valid @> aidcase.today() AND p.staff_id = closer AND p.valid @> aidcase.today()
                           AND NOT EXISTS (SELECT FROM aidcase.staff_post AS e
                                            WHERE e.staff_id = closer AND e.unit_id = l.unit_id AND e.post = l.post
                                              AND e.valid @> aidcase.today()))
           THEN 'You work under a person whom the flag concerns.'
           END
      FROM aidcase.conflict_flag AS f
     WHERE f.flag_id = the_flag
$$;
COMMENT ON FUNCTION aidcase.flag_closer_fault(bigint, bigint) IS
    '内部:某人为何不得处理该标记;空为可以 / internal: why a member of staff must not close a flag; NULL = nothing is against it';
REVOKE ALL ON FUNCTION aidcase.flag_closer_fault(bigint, bigint) FROM PUBLIC;

-- Trigger: who proposes and who decides are two, and both may.
CREATE OR REPLACE FUNCTION aidcase.check_closing() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    who bigint := aidcase.acting_staff();
    fault text;
    the_state text;
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.decided_by IS NOT NULL
       OR (NEW.flag_id, NEW.outcome, NEW.reason, NEW.proposed_by, NEW.proposed_at) IS DISTINCT FROM
          (OLD.flag_id, OLD.outcome, OLD.reason, OLD.proposed_by, OLD.proposed_at)) THEN
        RAISE EXCEPTION 'a row of table "flag_closing" cannot be changed'
            USING ERRCODE = 'ZA004', HINT = 'Propose anew with aidcase.close_flag().';
    END IF;
    SELECT f.state INTO the_state FROM aidcase.conflict_flag AS f WHERE f.flag_id = NEW.flag_id FOR NO KEY UPDATE;
    fault := aidcase.flag_closer_fault(NEW.flag_id, who);
    IF TG_OP = 'INSERT' THEN
        NEW.proposed_by := who;
        NEW.proposed_at := aidcase.now_here();
        NEW.decided_by := NULL; NEW.decided_at := NULL; NEW.agreed := NULL; NEW.decision_reason := NULL;
        IF fault IS NULL AND NEW.outcome = the_state THEN
            fault := format('The flag is in state "%s" already.', the_state);
        END IF;
    ELSE
        NEW.decided_by := who;
        NEW.decided_at := aidcase.now_here();
        IF fault IS NULL AND who = OLD.proposed_by THEN
            fault := 'You have proposed it; a second person decides.';
        ELSIF fault IS NULL AND NEW.agreed IS NULL THEN
            fault := 'It is not said whether the proposal is agreed to.';
        END IF;
    END IF;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'permission denied to close the flag'
            USING ERRCODE = '42501', DETAIL = fault,
                  HINT = 'Two people of the bureau close a flag who have no part in the case.';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.agreed THEN
        UPDATE aidcase.conflict_flag AS f SET state = NEW.outcome WHERE f.flag_id = NEW.flag_id;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_closing() IS
    '触发器:标记由两人处理,当事人和经办人不得参与 / trigger: a flag is closed by two people who have no part in the case';
REVOKE ALL ON FUNCTION aidcase.check_closing() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_closing" BEFORE INSERT OR UPDATE ON aidcase.flag_closing
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_closing();
COMMENT ON TRIGGER "~1_closing" ON aidcase.flag_closing IS
    '两人处理 / two people';

-- The first call proposes, that of a second person with the same outcome
-- decides; with another outcome it turns the proposal down.
CREATE OR REPLACE FUNCTION aidcase.close_flag(flag_id bigint, outcome text, reason text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    pending aidcase.flag_closing;
BEGIN
    PERFORM aidcase.raise_faults('closing of the flag', ARRAY(
        SELECT f.fault
          FROM (SELECT 'flag_id: is no flag' AS fault
                 WHERE NOT EXISTS (SELECT FROM aidcase.conflict_flag AS f WHERE f.flag_id = close_flag.flag_id)
                UNION ALL
                SELECT 'outcome: must be one of explained, confirmed, void, open'
                 WHERE outcome IS NULL OR outcome NOT IN ('explained', 'confirmed', 'void', 'open')
                UNION ALL
                SELECT 'reason: is missing' WHERE btrim(coalesce(reason, '')) = '') AS f
         ORDER BY f.fault COLLATE "C"),
        'Example: SELECT aidcase.close_flag(1, ''explained'', ''同名同号系录入错误'').');
    SELECT c.* INTO pending FROM aidcase.flag_closing AS c
     WHERE c.flag_id = close_flag.flag_id AND c.decided_by IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO aidcase.flag_closing (flag_id, outcome, reason, proposed_by, proposed_at)
        VALUES (close_flag.flag_id, close_flag.outcome, close_flag.reason, aidcase.current_staff(), aidcase.now_here());
        RETURN 'proposed';
    END IF;
    UPDATE aidcase.flag_closing AS c
       SET decided_by = aidcase.current_staff(), decided_at = aidcase.now_here(),
           agreed = (pending.outcome = close_flag.outcome), decision_reason = close_flag.reason
     WHERE c.closing_id = pending.closing_id;
    RETURN CASE WHEN pending.outcome = close_flag.outcome THEN outcome ELSE 'not agreed' END;
END
$$;
COMMENT ON FUNCTION aidcase.close_flag(bigint, text, text) IS
    '处理标记:第一人提出,第二人同意后生效,返回 proposed、结果或 not agreed / closes a flag: one proposes, a second person decides; returns proposed, the outcome or not agreed';
REVOKE ALL ON FUNCTION aidcase.close_flag(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.close_flag(bigint, text, text) TO aidcase_bureau, aidcase_inspector;
