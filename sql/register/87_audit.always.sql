/*
 * audit: standing queries for supervisors, and the one way to ask them.
 *
 * Each query is a view aidcase.audit_NAME with the rights of who asks: a town
 * sees its own cases, a supervisor all.  The columns are the same in all of
 * them, so that audit() and agenda can put any of them together, also one that
 * a site adds:
 *
 *     unit_id, case_id, round_id, subject, subject_id, staff_id,
 *     what, what_en, since, known_at, detail
 *
 * subject and subject_id name the row that a finding is about (its versions:
 * history(subject, subject_id::text)); since is when the fault began, known_at
 * when the register could first know of it.  A finding that is about no one
 * case lists its cases as "cases" in the detail.
 *
 * A move that the gate refused leaves no row: a refused transaction leaves
 * nothing.  It stands in the server's log, as an error of the classes ZA.
 * What was written down before it, a vote in the minutes, is found.
 * What the queries find is what stands in the data although it should not: it
 * came by a restore, by a bypass, before a rule, or by time passing.
 */

-- The columns that a view of a standing query has.
CREATE OR REPLACE FUNCTION aidcase.audit_shape()
RETURNS TABLE (place integer, name text, type text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT v.place, v.name, v.type
  FROM (VALUES (1, 'unit_id', 'bigint'), (2, 'case_id', 'bigint'), (3, 'round_id', 'bigint'),
               (4, 'subject', 'text'), (5, 'subject_id', 'bigint'), (6, 'staff_id', 'bigint'),
               (7, 'what', 'text'), (8, 'what_en', 'text'),
               (9, 'since', 'timestamp with time zone'), (10, 'known_at', 'timestamp with time zone'),
               (11, 'detail', 'jsonb')) AS v (place, name, type);
END;
COMMENT ON FUNCTION aidcase.audit_shape() IS
    '审计视图应有的列 / the columns that a view of a standing audit query must have';

-- The view of that name, and whether who asks may read it.  Not to_regclass():
-- that is an error for who may not look into the schema.
CREATE OR REPLACE FUNCTION aidcase.audit_view(view_name text, OUT view oid, OUT readable boolean)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT c.oid, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'v' AND n.nspname || '.' || c.relname = view_name;
END;
COMMENT ON FUNCTION aidcase.audit_view(text) IS
    '内部:按名称找到审计视图及查询者能否读取 / internal: the view of that name, and whether who asks may read it';

-- Trigger: a query needs a view that exists, runs with the rights of who asks
-- and has the columns.
CREATE OR REPLACE FUNCTION aidcase.check_audit_query() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    view oid := (SELECT v.view FROM aidcase.audit_view(NEW.view_name) AS v);
    faults text[];
BEGIN
    SELECT array_agg(f.fault ORDER BY f.place) INTO faults
      FROM (SELECT 0 AS place, format('There is no view "%s"; name it with its schema.', NEW.view_name) AS fault
             WHERE view IS NULL
            UNION ALL
            SELECT 0, 'The view does not run with the rights of who asks; create it WITH (security_invoker = true).'
              FROM pg_class AS c
             WHERE c.oid = view
               AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
            UNION ALL
            SELECT s.place, format('Column %s must be "%s" of type %s.', s.place, s.name, s.type)
              FROM aidcase.audit_shape() AS s
             WHERE view IS NOT NULL
               AND NOT EXISTS (SELECT FROM pg_attribute AS a
                                WHERE a.attrelid = view AND a.attnum = s.place AND a.attname = s.name
                                  AND format_type(a.atttypid, NULL) = s.type)) AS f;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'the audit query "%" cannot be entered', NEW.name
            USING ERRCODE = '22023', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'The columns are those of aidcase.audit_shape().';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_audit_query() IS
    '触发器:审计查询的视图须存在、按查询者权限执行且列齐全 / trigger: the view of an audit query exists, runs with the rights of who asks and has the columns';
CREATE OR REPLACE TRIGGER "~1_check" BEFORE INSERT OR UPDATE ON aidcase.audit_query
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_audit_query();
COMMENT ON TRIGGER "~1_check" ON aidcase.audit_query IS
    '核对审计视图 / looks at the view';

-- ---------------------------------------------------------------------
-- The queries

-- Reviews have a query of their own, which also finds households that the
-- register took over.
CREATE OR REPLACE VIEW aidcase.audit_overdue WITH (security_invoker = true) AS
SELECT d.unit_id, d.case_id, CASE d.subject WHEN 'case_round' THEN d.subject_id END AS round_id,
       d.subject, d.subject_id, NULL::bigint AS staff_id,
       '逾期未办结:' || d.label_zh AS what, 'overdue: ' || d.label_en AS what_en,
       d.due_at AS since, d.due_at AS known_at,
       jsonb_build_object('clock', d.clock, 'started_at', d.started_at, 'due_at', d.due_at) AS detail
  FROM aidcase.overdue AS d
 WHERE d.clock NOT IN ('review_yearly', 'review_half_yearly');

-- Who confirmed and who had investigated are different people.  A vote on a
-- round that is not decided is a breach that was attempted: the minutes hold
-- it, and the move is refused for it.
CREATE OR REPLACE VIEW aidcase.audit_four_eyes WITH (security_invoker = true) AS
WITH investigated AS NOT MATERIALIZED (
    SELECT h.round_id, h.visitor_id AS staff_id, 'home_visit' AS source, h.visit_id AS source_id
      FROM aidcase.home_visit AS h WHERE NOT h.void
    UNION ALL
    SELECT h.round_id, h.second_visitor_id, 'home_visit', h.visit_id
      FROM aidcase.home_visit AS h WHERE NOT h.void
    UNION ALL
    SELECT t.round_id, t.determined_by, 'determination', t.determination_id
      FROM aidcase.determination AS t
)
SELECT r.unit_id, r.case_id, r.round_id, 'review_vote'::text AS subject, v.vote_id AS subject_id, v.staff_id,
       CASE WHEN d.decided THEN '调查、测算与表决为同一人' ELSE '调查、测算人员参加表决(未据以决定)' END AS what,
       CASE WHEN d.decided THEN 'the same person investigated and voted'
            ELSE 'who investigated voted; nothing was decided by it' END AS what_en,
       CASE WHEN d.decided THEN aidcase.midnight_here(r.decided_on) ELSE m.held_at END AS since,
       CASE WHEN d.decided THEN aidcase.midnight_here(r.decided_on) ELSE m.held_at END AS known_at,
       jsonb_build_object('vote', v.vote, 'decided', d.decided, 'minutes_no', m.minutes_no, 'investigated', i.sources) AS detail
  FROM aidcase.review_vote AS v
  JOIN aidcase.review_meeting AS m ON m.meeting_id = v.meeting_id
  JOIN aidcase.case_round AS r ON r.round_id = v.round_id
 CROSS JOIN LATERAL (SELECT r.decided_on IS NOT NULL AND r.meeting_id IS NOT DISTINCT FROM v.meeting_id AS decided) AS d
  JOIN (SELECT n.round_id, n.staff_id,
               jsonb_agg(jsonb_build_object('source', n.source, 'source_id', n.source_id)
                         ORDER BY n.source, n.source_id) AS sources
          FROM investigated AS n GROUP BY n.round_id, n.staff_id) AS i
    ON i.round_id = v.round_id AND i.staff_id = v.staff_id
 WHERE v.vote <> 'recused';

-- One person in two households that are granted something at the same time.
-- Awards that exclude each other cannot overlap (a constraint of award_person);
-- what is found came in another way, or is of two programmes.
CREATE OR REPLACE VIEW aidcase.audit_duplicate_recipients WITH (security_invoker = true) AS
SELECT a.unit_id, a.case_id, a.round_id, 'award_person'::text AS subject, p.award_person_id AS subject_id,
       NULL::bigint AS staff_id,
       '同一人在两户同时享受'::text AS what, 'the same person in two households at one time'::text AS what_en,
       aidcase.midnight_here(lower(p.months * q.months)) AS since,
       aidcase.midnight_here(r.decided_on) AS known_at,
       jsonb_build_object('programme', a.programme, 'other_programme', b.programme, 'other_case_id', b.case_id,
                          'other_award_person_id', q.award_person_id, 'other_unit_id', b.unit_id,
                          'months', p.months * q.months) AS detail
  FROM aidcase.award_person AS p
  JOIN aidcase.award_person AS q ON q.citizen_id = p.citizen_id AND q.award_person_id < p.award_person_id
                                AND q.case_id <> p.case_id AND q.months && p.months
  JOIN aidcase.award AS a ON a.award_id = p.award_id
  JOIN aidcase.award AS b ON b.award_id = q.award_id
  JOIN aidcase.case_round AS r ON r.round_id = a.round_id
UNION ALL
-- help in an emergency for one person from two households in one month
SELECT c.unit_id, h.case_id, h.round_id, 'aid_handover', h.handover_id, NULL,
       '同一人同月两户领取急难救助', 'the same person received emergency aid in two households in a month',
       h.handed_at, h.handed_at,
       jsonb_build_object('amount', h.amount, 'other_handover_id', g.handover_id, 'other_case_id', g.case_id,
                          'other_amount', g.amount)
  FROM aidcase.aid_handover AS h
  JOIN aidcase.case_member AS m ON m.member_id = h.recipient_member_id
  JOIN aidcase.case_member AS n ON n.citizen_id = m.citizen_id AND n.case_id <> m.case_id
  JOIN aidcase.aid_handover AS g ON g.recipient_member_id = n.member_id
   AND (g.handed_at, g.handover_id) < (h.handed_at, h.handover_id)
   AND date_trunc('month', aidcase.date_here(g.handed_at)::timestamp)
       = date_trunc('month', aidcase.date_here(h.handed_at)::timestamp)
  JOIN aidcase.aid_case AS c ON c.case_id = h.case_id;

-- Paid for months in which nothing was granted, and for the dead.
CREATE OR REPLACE VIEW aidcase.audit_paid_after_end WITH (security_invoker = true) AS
SELECT p.unit_id, p.case_id, a.round_id, 'payment'::text AS subject, p.payment_id AS subject_id,
       NULL::bigint AS staff_id,
       '停止后仍发放'::text AS what, 'paid for a month after the stop'::text AS what_en,
       aidcase.midnight_here(p.benefit_month) AS since, aidcase.midnight_here(k.decided_on) AS known_at,
       jsonb_build_object('programme', p.programme, 'benefit_month', p.benefit_month, 'not_taken_back', s.paid,
                          'months', a.months, 'stop_reason', a.stop_reason,
                          'known_before_paid', aidcase.midnight_here(k.decided_on) <= l.occurred_at) AS detail
  FROM (SELECT q.case_id, q.programme, q.benefit_month, sum(q.amount) AS paid, min(q.payment_id) AS payment_id
          FROM aidcase.payment AS q
          JOIN aidcase.award AS w ON w.award_id = q.award_id
         GROUP BY q.case_id, q.programme, q.benefit_month
        HAVING bool_or(NOT w.months @> q.benefit_month) AND sum(q.amount) > 0) AS s
  JOIN aidcase.payment AS p ON p.payment_id = s.payment_id
  JOIN aidcase.award AS a ON a.award_id = p.award_id
  JOIN aidcase.payment_roll AS l ON l.roll_id = p.roll_id
  LEFT JOIN LATERAL (SELECT min(r.decided_on) AS decided_on FROM aidcase.case_round AS r
                      WHERE r.case_id = a.case_id AND r.round_id > a.round_id AND r.decided_on IS NOT NULL) AS k ON true
 WHERE NOT EXISTS (SELECT FROM aidcase.award AS o
                    WHERE o.case_id = s.case_id AND o.programme = s.programme AND o.months @> s.benefit_month)
UNION ALL
SELECT p.unit_id, p.case_id, a.round_id, 'payment', p.payment_id, NULL,
       '去世后仍发放', 'paid for a month after a death was reported',
       aidcase.midnight_here(p.benefit_month), h.raised_at,
       jsonb_build_object('programme', p.programme, 'benefit_month', p.benefit_month, 'hit_id', h.hit_id,
                          'reported_at', h.raised_at, 'cleared_at', h.cleared_at, 'finding', h.finding,
                          'member_id', n.member_id, 'amount', p.amount, 'persons', p.persons,
                          'known_before_paid', h.raised_at <= l.occurred_at)
  FROM aidcase.registry_hit AS h
  JOIN aidcase.registry_check AS c ON c.check_id = h.check_id
  JOIN aidcase.case_member AS m ON m.member_id = c.member_id
  JOIN aidcase.award_person AS n ON n.citizen_id = m.citizen_id
  JOIN aidcase.award AS a ON a.award_id = n.award_id
  JOIN aidcase.payment AS p ON p.award_id = a.award_id AND p.line_kind IN ('current', 'arrears')
  JOIN aidcase.payment_roll AS l ON l.roll_id = p.roll_id
 WHERE h.registry = 'death' AND h.finding IS DISTINCT FROM 'not_confirmed'
   AND p.benefit_month > aidcase.date_here(h.raised_at)
UNION ALL
-- the list of deaths tells the day
SELECT p.unit_id, p.case_id, a.round_id, 'payment', p.payment_id, NULL,
       '去世后仍发放', 'paid for a month after a death',
       aidcase.midnight_here(p.benefit_month), m.found_at,
       jsonb_build_object('programme', p.programme, 'benefit_month', p.benefit_month, 'match_id', m.match_id, 'died_on', m.fact_on,
                          'reported_at', m.found_at, 'finding', m.finding, 'member_id', n.member_id, 'amount', p.amount,
                          'persons', p.persons, 'known_before_paid', m.found_at <= l.occurred_at)
  FROM aidcase.register_match AS m
  JOIN aidcase.award_person AS n ON n.case_id = m.case_id AND n.citizen_id = m.citizen_id
  JOIN aidcase.award AS a ON a.award_id = n.award_id
  JOIN aidcase.payment AS p ON p.award_id = a.award_id AND p.line_kind IN ('current', 'arrears')
  JOIN aidcase.payment_roll AS l ON l.roll_id = p.roll_id
 WHERE m.registry = 'death' AND m.finding IS DISTINCT FROM 'not_confirmed' AND p.benefit_month > m.fact_on;

CREATE OR REPLACE VIEW aidcase.audit_amount_differs WITH (security_invoker = true) AS
SELECT a.unit_id, a.case_id, a.round_id, 'award'::text AS subject, a.award_id AS subject_id, NULL::bigint AS staff_id,
       '待遇与测算不符'::text AS what, 'the award differs from its determination'::text AS what_en,
       aidcase.midnight_here(r.decided_on) AS since, aidcase.midnight_here(r.decided_on) AS known_at,
       jsonb_build_object('programme', a.programme, 'awarded', a.amount, 'determined', coalesce(i.amount_after, d.amount),
                          'minimum', d.minimum_amount, 'maximum', d.maximum_amount, 'persons', a.persons,
                          'members', d.members) AS detail
  FROM aidcase.award AS a
  JOIN aidcase.determination AS d ON d.determination_id = a.determination_id
  JOIN aidcase.case_round AS r ON r.round_id = a.round_id
  -- a reassessment computed the amount anew
  LEFT JOIN aidcase.reassessment_item AS i ON i.reassessment_id = a.reassessment_id AND i.award_id = a.replaces_award_id
 WHERE a.amount < coalesce(i.amount_after, d.minimum_amount, d.amount) OR a.amount > coalesce(i.amount_after, d.maximum_amount, d.amount)
    OR a.persons <> d.members
UNION ALL
SELECT p.unit_id, p.case_id, a.round_id, 'payment', p.payment_id, NULL,
       '发放与待遇不符', 'the payment differs from the award',
       l.occurred_at, l.occurred_at,
       jsonb_build_object('programme', p.programme, 'benefit_month', p.benefit_month, 'paid', p.amount,
                          'awarded', a.amount)
  FROM aidcase.payment AS p
  JOIN aidcase.award AS a ON a.award_id = p.award_id
  JOIN aidcase.payment_roll AS l ON l.roll_id = p.roll_id
 WHERE p.line_kind IN ('current', 'arrears') AND p.reassessment_item_id IS NULL AND (p.amount, p.persons) <> (a.amount, a.persons);

-- Reports read the totals that a roll was handed in with; they are those of its
-- lines, all of them.
CREATE OR REPLACE VIEW aidcase.audit_totals_differ WITH (security_invoker = true) AS
SELECT r.unit_id, NULL::bigint AS case_id, NULL::bigint AS round_id, 'payment_roll'::text AS subject, r.roll_id AS subject_id,
       NULL::bigint AS staff_id, '清册合计与明细不符'::text AS what, 'the totals of the roll are not those of its lines'::text AS what_en,
       r.occurred_at AS since, r.occurred_at AS known_at,
       jsonb_build_object('programme', coalesce(s.programme, t.programme), 'residence', coalesce(s.residence, t.residence),
                          'line_kind', coalesce(s.line_kind, t.line_kind), 'lines', s.lines, 'total_lines', t.lines,
                          'amount', s.amount, 'total_amount', t.amount) AS detail
  FROM aidcase.roll_totals(ARRAY(SELECT q.roll_id FROM aidcase.payment_roll AS q)) AS s
  FULL JOIN aidcase.payment_total AS t
    ON t.roll_id = s.roll_id AND t.programme = s.programme AND t.residence = s.residence AND t.line_kind = s.line_kind
  JOIN aidcase.payment_roll AS r ON r.roll_id = coalesce(s.roll_id, t.roll_id)
  JOIN aidcase.workflow_state AS w ON w.workflow_id = r.workflow_id AND w.state = r.state AND w.frozen
 WHERE (s.unit_id, s.lines, s.households, s.persons, s.base_amount, s.addon_amount, s.care_amount, s.price_amount, s.other_amount, s.amount)
       IS DISTINCT FROM
       (t.unit_id, t.lines, t.households, t.persons, t.base_amount, t.addon_amount, t.care_amount, t.price_amount, t.other_amount, t.amount);

-- Reports count by the facts that were written with awards; they are those of
-- the awards, their persons and the causes of their households.
CREATE OR REPLACE VIEW aidcase.audit_facts_differ WITH (security_invoker = true) AS
SELECT a.unit_id, a.case_id, a.round_id, 'award'::text AS subject, a.award_id AS subject_id,
       NULL::bigint AS staff_id, '待遇统计行与待遇不符'::text AS what, 'what statistics count of the award is not what it says'::text AS what_en,
       r.occurred_at AS since, r.occurred_at AS known_at,
       jsonb_build_object('programme', a.programme, 'members', d.members, 'fact_members', d.fact_members,
                          'until', d.until, 'fact_until', d.fact_until) AS detail
  FROM aidcase.award_fact_differences(ARRAY(SELECT q.award_id FROM aidcase.award AS q)) AS d
  JOIN aidcase.award AS a ON a.award_id = d.award_id
  JOIN aidcase.case_round AS r ON r.round_id = a.round_id;

-- An award goes on with the standard of an earlier month although another one
-- is in force this month.  The standard is looked up once for each place.
CREATE OR REPLACE VIEW aidcase.audit_standard_not_applied WITH (security_invoker = true) AS
WITH running AS (
    SELECT a.award_id, a.case_id, a.round_id, a.unit_id, a.programme, a.amount, d.standard,
           v.unit_code, coalesce(d.residence, a.residence) AS residence
      FROM aidcase.award AS a
      JOIN aidcase.determination AS d ON d.determination_id = a.determination_id
      JOIN aidcase.aid_case AS c ON c.case_id = a.case_id
      JOIN aidcase.unit AS v ON v.unit_id = coalesce(d.village_id, c.village_id)
     WHERE a.months @> date_trunc('month', aidcase.today()::timestamp)::date
       AND d.standard IS NOT NULL AND a.programme IN ('dibao', 'tekun')
)
SELECT w.unit_id, w.case_id, w.round_id, 'award'::text AS subject, w.award_id AS subject_id, NULL::bigint AS staff_id,
       '未按现行标准'::text AS what, 'the standard in force is not applied'::text AS what_en,
       aidcase.midnight_here(lower(n.valid)) AS since, aidcase.midnight_here(lower(n.valid)) AS known_at,
       jsonb_build_object('programme', w.programme, 'applied', w.standard, 'in_force', n.value / n.divisor,
                          'amount', w.amount, 'document_id', n.document_id) AS detail
  FROM running AS w
  JOIN (SELECT g.unit_code, g.residence, s.*
          FROM (SELECT DISTINCT r.unit_code, r.residence FROM running AS r) AS g
         CROSS JOIN LATERAL aidcase.parameter_row('dibao_standard', g.unit_code,
                date_trunc('month', aidcase.today()::timestamp)::date, 'dibao', g.residence) AS s) AS n
    ON n.unit_code = w.unit_code AND n.residence = w.residence
 WHERE w.standard <> n.value / n.divisor;

-- The last decision on a household in benefit is older than parameter
-- "review_months" allows; where somebody is able to work, the shorter period.
CREATE OR REPLACE VIEW aidcase.audit_review_missed WITH (security_invoker = true) AS
WITH running AS (
    SELECT a.case_id, a.unit_id, a.programme, l.round_id, l.decided_on, u.unit_code,
           CASE WHEN EXISTS (SELECT FROM aidcase.case_member AS m
                              WHERE m.round_id = l.round_id AND m.counted AND NOT m.void
                                AND m.work_ability IN ('able', 'partial'))
                THEN 'varying' ELSE 'stable' END AS variant
      FROM aidcase.award AS a
      JOIN aidcase.unit AS u ON u.unit_id = a.unit_id
     CROSS JOIN LATERAL (SELECT r.round_id, r.decided_on FROM aidcase.case_round AS r
                          WHERE r.case_id = a.case_id AND r.decided_on IS NOT NULL
                            AND r.round_kind IN ('application', 'review', 'change', 'takeover')
                          ORDER BY r.decided_on DESC, r.round_id DESC LIMIT 1) AS l
     WHERE a.months @> date_trunc('month', aidcase.today()::timestamp)::date
)
SELECT w.unit_id, w.case_id, w.round_id, 'case_round'::text AS subject, w.round_id AS subject_id, NULL::bigint AS staff_id,
       '未按期复核'::text AS what, 'the review is missed'::text AS what_en,
       aidcase.midnight_here((w.decided_on + make_interval(months => n.months))::date) AS since,
       aidcase.midnight_here((w.decided_on + make_interval(months => n.months))::date) AS known_at,
       jsonb_build_object('programme', w.programme, 'last_decided_on', w.decided_on, 'months', n.months,
                          'variant', w.variant) AS detail
  FROM running AS w
  JOIN (SELECT g.unit_code, g.programme, g.variant, (s.value / s.divisor)::integer AS months
          FROM (SELECT DISTINCT r.unit_code, r.programme, r.variant FROM running AS r) AS g
         CROSS JOIN LATERAL aidcase.parameter_row('review_months', g.unit_code, aidcase.today(),
                g.programme, g.variant) AS s) AS n
    ON (n.unit_code, n.programme, n.variant) = (w.unit_code, w.programme, w.variant)
 WHERE w.decided_on + make_interval(months => n.months) < aidcase.today();

CREATE OR REPLACE VIEW aidcase.audit_notice_not_published WITH (security_invoker = true) AS
SELECT n.unit_id, n.case_id, n.round_id, 'case_round'::text AS subject, n.round_id AS subject_id,
       NULL::bigint AS staff_id,
       '确认后未公示'::text AS what, 'confirmed, not published'::text AS what_en,
       aidcase.midnight_here(n.decided_on) AS since, aidcase.midnight_here(n.decided_on) AS known_at,
       jsonb_build_object('decided_on', n.decided_on, 'programmes', n.programmes) AS detail
  FROM (SELECT u.unit_id, u.case_id, u.round_id, u.decided_on, jsonb_agg(u.programme ORDER BY u.programme) AS programmes
          FROM aidcase.unpublished AS u GROUP BY u.unit_id, u.case_id, u.round_id, u.decided_on) AS n
 WHERE n.decided_on < aidcase.today()
UNION ALL
-- moved on as if it had been published
SELECT r.unit_id, r.case_id, r.round_id, 'case_round', r.round_id, NULL,
       '未在任何公示名单', 'on no published list',
       aidcase.midnight_here(r.decided_on), aidcase.midnight_here(r.decided_on),
       jsonb_build_object('decided_on', r.decided_on, 'state', r.state)
  FROM aidcase.case_round AS r
 WHERE r.state IN ('published', 'in_benefit') AND r.decided_on IS NOT NULL
   AND EXISTS (SELECT FROM aidcase.workflow_transition AS t
                WHERE t.workflow_id = r.workflow_id AND 'publication_made' = ANY (t.guards))
   AND NOT EXISTS (SELECT FROM aidcase.publication_item AS i WHERE i.round_id = r.round_id);

-- What the procedure asked for before the decision and the file lacks; asked
-- is what its guards look at.
CREATE OR REPLACE VIEW aidcase.audit_file_incomplete WITH (security_invoker = true) AS
WITH asked AS (
    SELECT t.workflow_id, array_agg(DISTINCT g.guard) AS guards
      FROM aidcase.workflow_transition AS t CROSS JOIN LATERAL unnest(t.guards) AS g (guard)
     GROUP BY t.workflow_id
), lacking AS (
    SELECT r.round_id, r.case_id, r.unit_id, r.state, r.decided_on,
           array_remove(ARRAY[
               CASE WHEN 'commitment_signed' = ANY (k.guards) AND NOT EXISTS (
                        SELECT FROM aidcase.commitment AS x WHERE x.round_id = r.round_id AND NOT x.void)
                    THEN 'commitment' END,
               CASE WHEN 'authorised_all' = ANY (k.guards) AND NOT EXISTS (
                        SELECT FROM aidcase.authorisation AS x WHERE x.round_id = r.round_id AND NOT x.void)
                    THEN 'authorisation' END,
               CASE WHEN 'checks_returned' = ANY (k.guards) AND NOT EXISTS (
                        SELECT FROM aidcase.registry_check AS x WHERE x.round_id = r.round_id AND x.returned_at IS NOT NULL)
                    THEN 'registry_check' END,
               CASE WHEN 'visited_by_two' = ANY (k.guards) AND NOT EXISTS (
                        SELECT FROM aidcase.home_visit AS x WHERE x.round_id = r.round_id AND NOT x.void)
                    THEN 'home_visit' END,
               CASE WHEN 'determined_fresh' = ANY (k.guards) AND NOT EXISTS (
                        SELECT FROM aidcase.determination AS x WHERE x.round_id = r.round_id)
                    THEN 'determination' END,
               CASE WHEN 'evaluated_fresh' = ANY (k.guards) AND NOT EXISTS (
                        SELECT FROM aidcase.evaluation AS x WHERE x.round_id = r.round_id)
                    THEN 'evaluation' END,
               CASE WHEN 'opinion_complete' = ANY (k.guards) AND NOT EXISTS (
                        SELECT FROM aidcase.assistance_opinion AS x WHERE x.round_id = r.round_id AND NOT x.void)
                    THEN 'assistance_opinion' END,
               CASE WHEN 'quorum_met' = ANY (k.guards) AND NOT EXISTS (
                        SELECT FROM aidcase.review_vote AS x WHERE x.round_id = r.round_id AND x.meeting_id = r.meeting_id)
                    THEN 'review_vote' END,
               CASE WHEN 'notice_delivered' = ANY (k.guards) AND r.state = 'closed_refused' AND NOT EXISTS (
                        SELECT FROM aidcase.document_delivery AS x WHERE x.round_id = r.round_id AND x.kind = 'refusal')
                    THEN 'document_delivery' END,
               CASE WHEN 'handover_recorded' = ANY (k.guards) AND r.state = 'completed' AND NOT EXISTS (
                        SELECT FROM aidcase.aid_handover AS x WHERE x.round_id = r.round_id)
                    THEN 'aid_handover' END], NULL) AS missing
      FROM aidcase.case_round AS r
      JOIN asked AS k ON k.workflow_id = r.workflow_id
     WHERE r.decided_on IS NOT NULL AND r.round_kind <> 'emergency' OR r.state = 'completed'
)
SELECT f.unit_id, f.case_id, f.round_id, 'case_round'::text AS subject, f.round_id AS subject_id, NULL::bigint AS staff_id,
       '档案不齐'::text AS what, 'the file is incomplete'::text AS what_en,
       aidcase.midnight_here(f.decided_on) AS since, aidcase.midnight_here(f.decided_on) AS known_at,
       jsonb_build_object('missing', to_jsonb(f.missing), 'state', f.state) AS detail
  FROM lacking AS f
 WHERE f.missing <> '{}';

CREATE OR REPLACE VIEW aidcase.audit_open_flags WITH (security_invoker = true) AS
SELECT r.unit_id, f.case_id, f.round_id, 'conflict_flag'::text AS subject, f.flag_id AS subject_id, f.staff_id,
       t.label_zh AS what, t.label_en AS what_en, f.known_at AS since, f.known_at,
       jsonb_build_object('flag_type', f.flag_type, 'level', f.level, 'capacity', f.capacity, 'relation', f.relation,
                          'path_zh', f.path_zh, 'path_en', f.path_en, 'filed_late', f.filed_late, 'unfiled', f.unfiled,
                          'decided_meanwhile', f.decided_meanwhile, 'source_rows', to_jsonb(f.source_rows)) AS detail
  FROM aidcase.conflict_flag AS f
  JOIN aidcase.flag_type AS t ON t.flag_type = f.flag_type
  JOIN aidcase.case_round AS r ON r.round_id = f.round_id
 WHERE f.state = 'open';

-- Ties that had to be filed and were not, or only after the acceptance: when
-- the tie is found does not matter, the decision may be long past.
CREATE OR REPLACE VIEW aidcase.audit_unfiled_relatives WITH (security_invoker = true) AS
SELECT r.unit_id, f.case_id, f.round_id, 'conflict_flag'::text AS subject, f.flag_id AS subject_id, f.staff_id,
       CASE WHEN f.unfiled THEN '应备案未备案' ELSE '受理后才备案' END AS what,
       CASE WHEN f.unfiled THEN 'a near relative was not filed' ELSE 'a near relative was filed late' END AS what_en,
       r.first_contact_at AS since, f.known_at,
       jsonb_build_object('relation', f.relation, 'path_zh', f.path_zh, 'path_en', f.path_en, 'flag_state', f.state,
                          'decided_meanwhile', f.decided_meanwhile, 'source_rows', to_jsonb(f.source_rows)) AS detail
  FROM aidcase.conflict_flag AS f
  JOIN aidcase.case_round AS r ON r.round_id = f.round_id
 WHERE f.flag_type = 'relative_of_staff' AND (f.unfiled OR f.filed_late) AND f.state IN ('open', 'confirmed');

-- Who acted on himself or on a relative before the decision (look-back).
CREATE OR REPLACE VIEW aidcase.audit_acted_on_relative WITH (security_invoker = true) AS
SELECT r.unit_id, f.case_id, f.round_id, 'conflict_flag'::text AS subject, f.flag_id AS subject_id, f.staff_id,
       t.label_zh AS what, t.label_en AS what_en,
       coalesce(aidcase.midnight_here(r.decided_on), f.known_at) AS since, f.known_at,
       jsonb_build_object('capacity', f.capacity, 'relation', f.relation, 'path_zh', f.path_zh, 'path_en', f.path_en,
                          'unfiled', f.unfiled, 'filed_late', f.filed_late, 'decided_on', r.decided_on,
                          'flag_state', f.state, 'source_rows', to_jsonb(f.source_rows)) AS detail
  FROM aidcase.conflict_flag AS f
  JOIN aidcase.flag_type AS t ON t.flag_type = f.flag_type
  JOIN aidcase.case_round AS r ON r.round_id = f.round_id
 WHERE f.flag_type IN ('own_case', 'relative_of_handler') AND f.state IN ('open', 'confirmed');

CREATE OR REPLACE VIEW aidcase.audit_reciprocal_favours WITH (security_invoker = true) AS
SELECT r.unit_id, f.case_id, f.round_id, 'conflict_flag'::text AS subject, f.flag_id AS subject_id, f.staff_id,
       '互相审批对方亲属'::text AS what, 'each decided on a relative of the other'::text AS what_en,
       aidcase.midnight_here(r.decided_on) AS since, f.known_at,
       jsonb_build_object('other_staff_no', s.staff_no, 'path_zh', f.path_zh, 'path_en', f.path_en,
                          'flag_state', f.state, 'source_rows', to_jsonb(f.source_rows)) AS detail
  FROM aidcase.conflict_flag AS f
  JOIN aidcase.staff AS s ON s.staff_id = f.other_staff_id
  JOIN aidcase.case_round AS r ON r.round_id = f.round_id
 WHERE f.flag_type = 'reciprocal_favours' AND f.state IN ('open', 'confirmed');

-- Members who count, or do not, because somebody decided so and not by rule;
-- of a household its latest round.
CREATE OR REPLACE VIEW aidcase.audit_counted_by_hand WITH (security_invoker = true) AS
SELECT r.unit_id, m.case_id, m.round_id, 'case_member'::text AS subject, m.member_id AS subject_id, r.handler_id AS staff_id,
       CASE WHEN m.counted THEN '人工决定计入家庭人口' ELSE '人工决定不计入家庭人口' END AS what,
       CASE WHEN m.counted THEN 'counted by hand' ELSE 'not counted, by hand' END AS what_en,
       r.first_contact_at AS since, r.first_contact_at AS known_at,
       jsonb_build_object('reason', m.count_exception, 'situation', m.situation, 'situation_since', m.situation_since) AS detail
  FROM aidcase.case_member AS m
  JOIN aidcase.case_round AS r ON r.round_id = m.round_id
 WHERE m.count_exception IS NOT NULL AND NOT m.void AND r.round_kind <> 'takeover'
   AND NOT EXISTS (SELECT FROM aidcase.case_round AS n WHERE n.case_id = r.case_id AND n.round_no > r.round_no);

-- Silence: who should have filed and did not.
CREATE OR REPLACE VIEW aidcase.audit_silent_staff WITH (security_invoker = true) AS
SELECT n.unit_id, NULL::bigint AS case_id, NULL::bigint AS round_id, 'staff'::text AS subject, n.staff_id AS subject_id, n.staff_id,
       CASE n.state WHEN 'missing' THEN '从未申报近亲属' ELSE '到期未再申报近亲属' END AS what,
       CASE n.state WHEN 'missing' THEN 'never declared near relatives' ELSE 'did not repeat the declaration of near relatives' END AS what_en,
       aidcase.midnight_here(n.due_on + 1) AS since, aidcase.midnight_here(n.due_on + 1) AS known_at,
       jsonb_build_object('posts', to_jsonb(n.posts), 'declared_on', n.declared_on, 'due_on', n.due_on) AS detail
  FROM aidcase.filing_now AS n
 WHERE n.state IN ('missing', 'overdue');

CREATE OR REPLACE VIEW aidcase.audit_silent_units WITH (security_invoker = true) AS
SELECT u.unit_id, NULL::bigint AS case_id, NULL::bigint AS round_id, 'unit'::text AS subject, u.unit_id AS subject_id,
       NULL::bigint AS staff_id,
       '全单位无一人申报,也无零申报'::text AS what, 'nobody of the unit declared anything, not even a nil return'::text AS what_en,
       aidcase.midnight_here(min(n.due_on) + 1) AS since, aidcase.midnight_here(min(n.due_on) + 1) AS known_at,
       jsonb_build_object('obliged', u.obliged, 'owing', u.owing) AS detail
  FROM aidcase.filing_silence AS u
  JOIN aidcase.filing_now AS n ON n.unit_id = u.unit_id
 WHERE u.silent AND u.owing > 0
 GROUP BY u.unit_id, u.obliged, u.owing;

-- Villages where nobody was found in need for a year (F106): no lead was
-- entered, and no case discovered.
CREATE OR REPLACE VIEW aidcase.audit_silent_villages WITH (security_invoker = true) AS
SELECT v.parent_id AS unit_id, NULL::bigint AS case_id, NULL::bigint AS round_id, 'unit'::text AS subject, v.unit_id AS subject_id,
       NULL::bigint AS staff_id,
       '一年内没有主动发现线索'::text AS what, 'no household in need was found for a year'::text AS what_en,
       aidcase.midnight_here((coalesce(l.found_on, d.since) + interval '1 year')::date) AS since,
       aidcase.midnight_here((coalesce(l.found_on, d.since) + interval '1 year')::date) AS known_at,
       jsonb_build_object('unit_code', v.unit_code, 'name', v.name, 'last_lead', l.found_on) AS detail
  FROM aidcase.unit_now AS v
  JOIN (SELECT e.unit_id, min(lower(e.valid)) AS since FROM aidcase.delegation AS e
         WHERE e.valid @> aidcase.today() GROUP BY e.unit_id) AS d ON d.unit_id = v.parent_id
  LEFT JOIN (SELECT f.village_id, max(f.found_on) AS found_on FROM aidcase.lead AS f GROUP BY f.village_id) AS l
         ON l.village_id = v.unit_id
 WHERE v.level = 'village' AND coalesce(l.found_on, d.since) + interval '1 year' < aidcase.today();

-- Checkers who never found anything, with the probability of that when each
-- of their checks were wrong at the rate of the whole district.
CREATE OR REPLACE VIEW aidcase.audit_silent_checkers WITH (security_invoker = true) AS
WITH checked AS MATERIALIZED (
    SELECT k.check_id, k.checker_id, k.locked_on,
           EXISTS (SELECT FROM aidcase.finding AS f WHERE f.check_id = k.check_id AND f.finding_type <> 'none') AS wrong
      FROM aidcase.spot_check AS k WHERE k.locked_on IS NOT NULL
), district AS (
    SELECT avg(c.wrong::integer) AS rate FROM checked AS c
)
SELECT NULL::bigint AS unit_id, NULL::bigint AS case_id, NULL::bigint AS round_id, 'staff'::text AS subject,
       c.checker_id AS subject_id, c.checker_id AS staff_id,
       '抽查从未发现问题'::text AS what, 'spot checks that never found anything'::text AS what_en,
       aidcase.midnight_here(min(c.locked_on)) AS since, aidcase.midnight_here(max(c.locked_on)) AS known_at,
       jsonb_build_object('checks', count(*), 'district_rate', round(d.rate, 4),
                          'probability', round((1 - d.rate) ^ count(*), 4)) AS detail
  FROM checked AS c CROSS JOIN district AS d
 WHERE d.rate > 0
 GROUP BY c.checker_id, d.rate
HAVING NOT bool_or(c.wrong);

-- What the ledger and the rows of the register do not agree on.
CREATE OR REPLACE VIEW aidcase.audit_ledger_breaks WITH (security_invoker = true) AS
SELECT NULL::bigint AS unit_id, NULL::bigint AS case_id, NULL::bigint AS round_id, coalesce(v.relation, 'ledger_entry') AS subject,
       v.entry_no AS subject_id, NULL::bigint AS staff_id,
       '台账破坏:' || v.kind AS what, 'break of the ledger: ' || v.kind AS what_en,
       NULL::timestamptz AS since, NULL::timestamptz AS known_at,
       jsonb_build_object('kind', v.kind, 'relation', v.relation, 'key', v.key, 'entry_no', v.entry_no,
                          'leaf_index', v.leaf_index, 'detail', v.detail) AS detail
  FROM aidcase.verify_register() AS v;

-- ---------------------------------------------------------------------
-- Asking

CREATE OR REPLACE FUNCTION aidcase.audit(name text, unit text DEFAULT NULL, period daterange DEFAULT NULL)
RETURNS TABLE (
    query      text,
    severity   text,
    unit_code  text,
    case_id    bigint,
    case_no    text,
    round_id   bigint,
    subject    text,
    subject_id bigint,
    staff_no   text,
    what       text,
    what_en    text,
    since      timestamptz,
    known_at   timestamptz,
    age_days   integer,
    detail     jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    asked aidcase.audit_query;
    the_view record;
    the_unit bigint := CASE WHEN unit IS NOT NULL THEN aidcase.unit_id(unit) END;
    from_time timestamptz := CASE WHEN NOT lower_inf(period) THEN aidcase.midnight_here(lower(period)) END;
    to_time timestamptz := CASE WHEN NOT upper_inf(period) THEN aidcase.midnight_here(upper(period)) END;
BEGIN
    SELECT q.* INTO asked FROM aidcase.audit_query AS q WHERE q.name = audit.name AND q.in_use;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no audit query %', coalesce(quote_ident(audit.name), 'NULL')
            USING ERRCODE = '22023',
                  DETAIL = (SELECT 'The queries are ' || string_agg(q.name, ', ' ORDER BY q.sort, q.name) || '.'
                              FROM aidcase.audit_query AS q WHERE q.in_use),
                  HINT = 'Table aidcase.audit_query says what each of them asks.';
    END IF;
    SELECT v.* INTO the_view FROM aidcase.audit_view(asked.view_name) AS v;
    IF the_view.view IS NULL THEN
        RAISE EXCEPTION 'the view of audit query "%" is gone', audit.name
            USING ERRCODE = '42P01', DETAIL = format('There is no view %s.', asked.view_name),
                  HINT = 'Create it again, or set in_use = false.';
    ELSIF NOT the_view.readable THEN
        RAISE EXCEPTION 'permission denied for audit query "%"', audit.name
            USING ERRCODE = '42501',
                  DETAIL = 'This query is for the supervisors of the district.',
                  HINT = 'View aidcase.agenda holds the queries that you may ask.';
    ELSIF isempty(period) THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($query$
        SELECT $1, $2, u.unit_code, a.case_id, c.case_no, a.round_id, a.subject, a.subject_id, s.staff_no,
               a.what, a.what_en, a.since, a.known_at,
               greatest(aidcase.today() - aidcase.date_here(a.since), 0), a.detail
          FROM %s AS a
          LEFT JOIN aidcase.unit AS u ON u.unit_id = a.unit_id
          LEFT JOIN aidcase.aid_case AS c ON c.case_id = a.case_id
          LEFT JOIN aidcase.staff AS s ON s.staff_id = a.staff_id
         WHERE ($3 IS NULL OR aidcase.unit_below(a.unit_id, $3, aidcase.today())
                OR aidcase.unit_below(c.village_id, $3, aidcase.today()))
           AND ($4 IS NULL OR a.since >= $4) AND ($5 IS NULL OR a.since < $5)
         ORDER BY a.since, u.unit_code, a.case_id, a.subject, a.subject_id, a.staff_id, a.what$query$,
        the_view.view::regclass)
      USING asked.name, asked.severity, the_unit, from_time, to_time;
END
$$;
COMMENT ON FUNCTION aidcase.audit(text, text, daterange) IS
    '执行一项常设审计查询,可按单位(含下级)和起始时间筛选 / asks a standing audit query; rows of a unit and those below it, whose fault began in the period; NULL = all';
REVOKE ALL ON FUNCTION aidcase.audit(text, text, daterange) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.audit(text, text, daterange)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector, aidcase_admin;

-- The comments of the built-in views: the question, and the same columns.
DO $$
DECLARE
    q aidcase.audit_query;
    c record;
BEGIN
    FOR q IN SELECT s.* FROM aidcase.audit_query AS s WHERE s.view_name = 'aidcase.audit_' || s.name ORDER BY s.sort LOOP
        EXECUTE format('COMMENT ON VIEW aidcase.%I IS %L', 'audit_' || q.name,
                       '审计查询:' || q.question_zh || ' / audit query: ' || q.question_en);
        EXECUTE format('REVOKE ALL ON TABLE aidcase.%I FROM PUBLIC', 'audit_' || q.name);
        FOR c IN
            SELECT * FROM (VALUES
                ('unit_id', '单位 / unit'),
                ('case_id', '档案;不涉及单个档案的为空 / case; NULL = about no one case'),
                ('round_id', '轮次;不涉及轮次的为空 / round; NULL = none'),
                ('subject', '所指记录的表 / table of the row that it is about'),
                ('subject_id', '所指记录的主键 / key of that row'),
                ('staff_id', '所涉工作人员;空为不涉及 / member of staff concerned; NULL = none'),
                ('what', '问题 / the fault, in Chinese'),
                ('what_en', '问题(英文) / the fault, in English'),
                ('since', '问题起始时间 / when the fault began'),
                ('known_at', '登记库最早可知的时间;空为不明 / when the register could first know; NULL = not recorded'),
                ('detail', '明细 / details')) AS x (name, text)
        LOOP
            EXECUTE format('COMMENT ON COLUMN aidcase.%I.%I IS %L', 'audit_' || q.name, c.name, c.text);
        END LOOP;
    END LOOP;
END
$$;

-- The issue list of the leading group: all that the caller may ask, the
-- gravest and oldest first.
CREATE OR REPLACE VIEW aidcase.agenda WITH (security_invoker = true) AS
SELECT a.query, a.severity, q.question_zh, q.question_en, q.basis, a.unit_code, a.case_id, a.case_no, a.round_id,
       a.subject, a.subject_id, a.staff_no, a.what, a.what_en, a.since, a.known_at, a.age_days, a.detail
  FROM (SELECT s.* FROM aidcase.audit_query AS s
         CROSS JOIN LATERAL aidcase.audit_view(s.view_name) AS v
         WHERE s.in_use AND s.on_agenda AND v.readable OFFSET 0) AS q
 CROSS JOIN LATERAL aidcase.audit(q.name) AS a
 ORDER BY array_position('{high,medium,low}', q.severity), a.since, q.sort, a.unit_code, a.case_id, a.subject_id;
COMMENT ON VIEW aidcase.agenda IS
    '问题清单:各项审计查询的全部发现,由重到轻、由久到近 / issue list: all findings of the audit queries that one may ask, the gravest and oldest first';
REVOKE ALL ON TABLE aidcase.agenda FROM PUBLIC;
