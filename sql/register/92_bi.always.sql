-- BI: dimensions and facts over the register.
--
-- What a BI tool needs, and no more: text, date, numeric and bigint columns
-- only (yes and no are 1 and 0, so that they can be added), dates of the
-- register's time zone, no names, no citizen numbers.  Every view reads with
-- the rights of who reads it, so grants and row security of the tables hold.
-- Each fact has one stated grain and keys that are found in the dimensions.
--
-- The columns are a contract: a view keeps its columns' names, types and
-- order while the version (aidcase_bi.contract) stands, columns are added at
-- the end.  A label of a code that nobody selects costs nothing: its join is
-- removed by the planner.

/*
 * Dimensions
 */

-- From before dibao began to the end of the years that are loaded, at least
-- to the end of next year.
CREATE OR REPLACE VIEW aidcase_bi.dim_date WITH (security_invoker = true) AS
SELECT to_char(d.day, 'YYYYMMDD')::bigint AS date_key,
       d.day AS date,
       extract(year FROM d.day)::bigint AS year,
       extract(quarter FROM d.day)::bigint AS quarter,
       extract(month FROM d.day)::bigint AS month,
       extract(day FROM d.day)::bigint AS day,
       date_trunc('month', d.day::timestamp)::date AS month_start,
       to_char(d.day, 'YYYY-MM') AS year_month,
       to_char(d.day, 'YYYY"年"MM"月"') AS year_month_zh,
       extract(isoyear FROM d.day)::bigint AS iso_year,
       extract(week FROM d.day)::bigint AS iso_week,
       extract(isodow FROM d.day)::bigint AS weekday,
       '星期' || substr('一二三四五六日', extract(isodow FROM d.day)::integer, 1) AS weekday_zh,
       (ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])
           [extract(isodow FROM d.day)::integer] AS weekday_en,
       d.works AS workday,
       CASE WHEN d.works IS NOT NULL THEN
           sum(d.works) OVER (ORDER BY d.day) END::bigint AS workdays_so_far,
       d.holiday
  FROM (SELECT g.day::date,
               CASE WHEN y.year IS NOT NULL THEN
                   CASE coalesce(w.kind, CASE WHEN extract(isodow FROM g.day) < 6 THEN 'work' ELSE 'off' END)
                   WHEN 'work' THEN 1 ELSE 0 END END::bigint AS works,
               w.name AS holiday
          FROM generate_series(timestamp '1990-01-01',
                   make_timestamp(greatest((SELECT max(l.year) FROM aidcase.workday_year AS l),
                                           extract(year FROM aidcase.today())::integer + 1), 12, 31, 0, 0, 0),
                   interval '1 day') AS g (day)
          LEFT JOIN aidcase.workday_year AS y ON y.year = extract(year FROM g.day)::integer
          LEFT JOIN aidcase.workday AS w ON w.date = g.day::date) AS d;

CREATE OR REPLACE VIEW aidcase_bi.dim_unit WITH (security_invoker = true) AS
SELECT u.unit_id AS unit_key,
       u.unit_code,
       n.name,
       u.unit_kind,
       l.zh AS unit_kind_zh,
       l.en AS unit_kind_en,
       CASE WHEN u.unit_kind IN ('town', 'office', 'direct_community', 'zone') THEN 1 ELSE 0 END::bigint AS decides,
       n.parent_id AS parent_key,
       p.unit_code AS parent_code,
       left(u.unit_code, 6) AS district_code,
       lower(n.valid) AS valid_from,
       CASE WHEN NOT upper_inf(n.valid) THEN upper(n.valid) END AS valid_to,
       CASE WHEN EXISTS (SELECT FROM aidcase.delegation AS e
                          WHERE e.unit_id = u.unit_id AND e.valid @> aidcase.today())
            THEN 1 ELSE 0 END::bigint AS delegated
  FROM aidcase.unit AS u
  JOIN LATERAL (SELECT t.name, t.parent_id, t.valid FROM aidcase.unit_period AS t
                 WHERE t.unit_id = u.unit_id
                 ORDER BY lower(t.valid) <= aidcase.today() DESC, lower(t.valid) DESC LIMIT 1) AS n ON true
  LEFT JOIN aidcase.unit AS p ON p.unit_id = n.parent_id
  LEFT JOIN aidcase.label AS l ON l.code_set = 'unit.unit_kind' AND l.code = u.unit_kind;

CREATE OR REPLACE VIEW aidcase_bi.dim_programme WITH (security_invoker = true) AS
SELECT p.programme AS programme_key,
       p.label_zh,
       p.label_en,
       p.cash::integer::bigint AS cash,
       p.recurring::integer::bigint AS recurring,
       p.exclusion_group,
       p.class_priority::bigint AS class_priority,
       p.sort::bigint AS sort
  FROM aidcase.programme AS p;

-- Nobody's name or number: the unit and the post in which somebody works.
CREATE OR REPLACE VIEW aidcase_bi.dim_staff WITH (security_invoker = true) AS
SELECT s.staff_id AS staff_key,
       n.unit_id AS unit_key,
       n.post,
       p.label_zh AS post_zh,
       p.label_en AS post_en,
       p.level AS post_level,
       CASE WHEN s.employed @> aidcase.today() THEN 1 ELSE 0 END::bigint AS employed
  FROM aidcase.staff AS s
  LEFT JOIN LATERAL (SELECT t.unit_id, t.post FROM aidcase.staff_post AS t
                      WHERE t.staff_id = s.staff_id
                      ORDER BY lower(t.valid) <= aidcase.today() DESC, lower(t.valid) DESC,
                               t.staff_post_id LIMIT 1) AS n ON true
  LEFT JOIN aidcase.post AS p ON p.post = n.post;

-- Who applied for a household: the only view about a person.  The number is
-- masked to six characters, there is no name; analysts do not read it.
CREATE OR REPLACE VIEW aidcase_bi.dim_applicant WITH (security_invoker = true) AS
SELECT c.case_id AS case_key,
       m.member_id AS member_key,
       aidcase.masked(m.citizen_id) AS masked_id,
       m.sex,
       l.zh AS sex_zh,
       l.en AS sex_en,
       extract(year FROM m.birth_date)::bigint AS birth_year
  FROM aidcase.aid_case AS c
  JOIN LATERAL (SELECT t.* FROM aidcase.case_member AS t
                 WHERE t.case_id = c.case_id AND t.applicant AND NOT t.void
                 ORDER BY t.round_id DESC, t.member_id DESC LIMIT 1) AS m ON true
  LEFT JOIN aidcase.label AS l ON l.code_set = 'case_member.sex' AND l.code = m.sex;

/*
 * Facts
 */

-- A row a household's file (case), as it stands today.
CREATE OR REPLACE VIEW aidcase_bi.fact_case WITH (security_invoker = true) AS
SELECT c.case_id AS case_key,
       left(u.unit_code, 6) AS district_code,
       c.unit_id AS unit_key,
       c.village_id AS village_key,
       c.residence,
       l.zh AS residence_zh,
       l.en AS residence_en,
       c.opened_on,
       to_char(c.opened_on, 'YYYYMMDD')::bigint AS opened_date_key,
       c.continues_case_id AS continues_case_key,
       coalesce(r.rounds, 0)::bigint AS rounds,
       r.first_accepted_on,
       r.last_decided_on,
       coalesce(m.persons, 0)::bigint AS persons,
       CASE WHEN a.case_id IS NOT NULL THEN 1 ELSE 0 END::bigint AS in_benefit,
       coalesce(a.monthly_amount, 0)::numeric AS monthly_amount
  FROM aidcase.aid_case AS c
  JOIN aidcase.unit AS u ON u.unit_id = c.unit_id
  LEFT JOIN aidcase.label AS l ON l.code_set = 'aid_case.residence' AND l.code = c.residence
  LEFT JOIN (SELECT x.case_id, count(*) AS rounds, min(x.accepted_on) AS first_accepted_on,
                    max(x.decided_on) AS last_decided_on, max(x.round_id) AS last_round
               FROM aidcase.case_round AS x GROUP BY x.case_id) AS r ON r.case_id = c.case_id
  LEFT JOIN (SELECT x.round_id, count(*) AS persons
               FROM aidcase.case_member AS x WHERE x.counted AND NOT x.void
              GROUP BY x.round_id) AS m ON m.round_id = r.last_round
  LEFT JOIN (SELECT x.case_id, sum(x.amount) AS monthly_amount
               FROM aidcase.award AS x
               JOIN aidcase.programme AS g ON g.programme = x.programme AND g.recurring
              WHERE x.months @> date_trunc('month', aidcase.today()::timestamp)::date
              GROUP BY x.case_id) AS a ON a.case_id = c.case_id;

-- A row a round: an application, a review …
CREATE OR REPLACE VIEW aidcase_bi.fact_round WITH (security_invoker = true) AS
SELECT r.round_id AS round_key,
       r.case_id AS case_key,
       r.unit_id AS unit_key,
       r.round_no::bigint AS round_no,
       r.round_kind,
       k.zh AS round_kind_zh,
       k.en AS round_kind_en,
       w.name AS procedure,
       w.version::bigint AS procedure_version,
       r.state,
       s.label_zh AS state_zh,
       s.label_en AS state_en,
       s.kind AS state_kind,
       r.channel,
       h.zh AS channel_zh,
       h.en AS channel_en,
       aidcase.date_here(r.first_contact_at) AS first_contact_on,
       r.accepted_on,
       to_char(r.accepted_on, 'YYYYMMDD')::bigint AS accepted_date_key,
       r.decided_on,
       to_char(r.decided_on, 'YYYYMMDD')::bigint AS decided_date_key,
       (r.decided_on - r.accepted_on)::bigint AS days_to_decision,
       r.meeting_id AS meeting_key
  FROM aidcase.case_round AS r
  JOIN aidcase.workflow AS w ON w.workflow_id = r.workflow_id
  JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
  LEFT JOIN aidcase.label AS k ON k.code_set = 'case_round.round_kind' AND k.code = r.round_kind
  LEFT JOIN aidcase.label AS h ON h.code_set = 'case_round.channel' AND h.code = r.channel;

-- A row a determination: one programme of one round, each time it was made.
CREATE OR REPLACE VIEW aidcase_bi.fact_determination WITH (security_invoker = true) AS
SELECT d.determination_id AS determination_key,
       d.round_id AS round_key,
       d.case_id AS case_key,
       r.unit_id AS unit_key,
       d.programme AS programme_key,
       aidcase.date_here(d.determined_at) AS determined_on,
       to_char(aidcase.date_here(d.determined_at), 'YYYYMMDD')::bigint AS determined_date_key,
       d.on_date AS rules_of,
       d.benefit_month,
       d.residence,
       d.members::bigint AS members,
       d.annual_income::numeric AS annual_income,
       d.monthly_income::numeric AS monthly_income,
       d.per_capita::numeric AS per_capita,
       d.standard::numeric AS standard,
       d.eligible::integer::bigint AS eligible,
       d.low_income_class,
       l.zh AS low_income_class_zh,
       l.en AS low_income_class_en,
       d.base_amount::numeric AS base_amount,
       d.addon_amount::numeric AS addon_amount,
       d.care_amount::numeric AS care_amount,
       d.amount::numeric AS amount,
       d.minimum_amount::numeric AS minimum_amount,
       d.maximum_amount::numeric AS maximum_amount,
       array_to_string(d.reasons, ', ') AS reasons,
       d.illustrative::integer::bigint AS illustrative,
       CASE WHEN row_number() OVER (PARTITION BY d.round_id, d.programme ORDER BY d.entry_no DESC) = 1
            THEN 1 ELSE 0 END::bigint AS latest,
       d.determined_by AS staff_key
  FROM aidcase.determination AS d
  JOIN aidcase.case_round AS r ON r.round_id = d.round_id
  LEFT JOIN aidcase.label AS l ON l.code_set = 'determination.low_income_class' AND l.code = d.low_income_class;

-- A row an award and month, up to the present month.
CREATE OR REPLACE VIEW aidcase_bi.fact_award_month WITH (security_invoker = true) AS
SELECT a.award_id AS award_key,
       m.month::date AS month,
       to_char(m.month, 'YYYYMMDD')::bigint AS month_date_key,
       a.case_id AS case_key,
       a.round_id AS round_key,
       a.determination_id AS determination_key,
       a.unit_id AS unit_key,
       a.programme AS programme_key,
       a.residence,
       a.persons::bigint AS persons,
       a.amount::numeric AS amount,
       coalesce(k.base, 0)::numeric AS base_amount,
       coalesce(k.addon, 0)::numeric AS addon_amount,
       coalesce(k.care, 0)::numeric AS care_amount,
       coalesce(k.other, 0)::numeric AS other_amount,
       CASE WHEN m.month = lower(a.months) THEN 1 ELSE 0 END::bigint AS first_month,
       CASE WHEN m.month = upper(a.months) - interval '1 month' THEN 1 ELSE 0 END::bigint AS last_month,
       a.stop_reason
  FROM aidcase.award AS a
  LEFT JOIN (SELECT c.award_id,
                    sum(c.amount) FILTER (WHERE c.component = 'base') AS base,
                    sum(c.amount) FILTER (WHERE c.component = 'addon') AS addon,
                    sum(c.amount) FILTER (WHERE c.component = 'care') AS care,
                    sum(c.amount) FILTER (WHERE c.component NOT IN ('base', 'addon', 'care')) AS other
               FROM aidcase.award_component AS c GROUP BY c.award_id) AS k ON k.award_id = a.award_id
 CROSS JOIN LATERAL generate_series(lower(a.months)::timestamp,
           least(coalesce(upper(a.months)::timestamp - interval '1 month', 'infinity'),
                 date_trunc('month', aidcase.today()::timestamp)), interval '1 month') AS m (month)
 WHERE NOT isempty(a.months);

-- A row a line of a roll.
CREATE OR REPLACE VIEW aidcase_bi.fact_payment WITH (security_invoker = true) AS
SELECT p.payment_id AS payment_key,
       p.roll_id AS roll_key,
       p.unit_id AS unit_key,
       p.case_id AS case_key,
       p.award_id AS award_key,
       p.programme AS programme_key,
       r.roll_month,
       to_char(r.roll_month, 'YYYYMMDD')::bigint AS roll_month_date_key,
       p.benefit_month,
       r.pay_day,
       r.state AS roll_state,
       s.label_zh AS roll_state_zh,
       s.label_en AS roll_state_en,
       CASE WHEN r.state = 'paid' THEN 1 ELSE 0 END::bigint AS paid,
       p.line_kind,
       l.zh AS line_kind_zh,
       l.en AS line_kind_en,
       p.persons::bigint AS persons,
       p.base_amount::numeric AS base_amount,
       p.addon_amount::numeric AS addon_amount,
       p.amount::numeric AS amount
  FROM aidcase.payment AS p
  JOIN aidcase.payment_roll AS r ON r.roll_id = p.roll_id
  LEFT JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
  LEFT JOIN aidcase.label AS l ON l.code_set = 'payment.line_kind' AND l.code = p.line_kind;

-- A row a suspicious item of an economic check.
CREATE OR REPLACE VIEW aidcase_bi.fact_check_hit WITH (security_invoker = true) AS
SELECT h.hit_id AS hit_key,
       h.check_id AS check_key,
       h.case_id AS case_key,
       h.round_id AS round_key,
       r.unit_id AS unit_key,
       h.registry,
       g.zh AS registry_zh,
       g.en AS registry_en,
       h.amount::numeric AS amount,
       aidcase.date_here(h.raised_at) AS raised_on,
       to_char(aidcase.date_here(h.raised_at), 'YYYYMMDD')::bigint AS raised_date_key,
       h.finding,
       f.zh AS finding_zh,
       f.en AS finding_en,
       aidcase.date_here(h.cleared_at) AS cleared_on,
       CASE WHEN h.cleared_at IS NULL THEN 1 ELSE 0 END::bigint AS open,
       (aidcase.date_here(coalesce(h.cleared_at, aidcase.now_here()))
        - aidcase.date_here(h.raised_at))::bigint AS days_open,
       h.cleared_by AS staff_key
  FROM aidcase.registry_hit AS h
  JOIN aidcase.case_round AS r ON r.round_id = h.round_id
  LEFT JOIN aidcase.label AS g ON g.code_set = 'registry_hit.registry' AND g.code = h.registry
  LEFT JOIN aidcase.label AS f ON f.code_set = 'registry_hit.finding' AND f.code = h.finding;

-- A row a time limit.
CREATE OR REPLACE VIEW aidcase_bi.fact_deadline WITH (security_invoker = true) AS
SELECT d.deadline_id AS deadline_key,
       d.subject,
       d.subject_id AS subject_key,
       d.case_id AS case_key,
       d.unit_id AS unit_key,
       d.clock,
       k.label_zh AS clock_zh,
       k.label_en AS clock_en,
       aidcase.date_here(d.started_at) AS started_on,
       to_char(aidcase.date_here(d.started_at), 'YYYYMMDD')::bigint AS started_date_key,
       -- a limit in days ends with its last day, at midnight of the next
       aidcase.date_here(d.due_at - CASE WHEN k.kind = 'hours' THEN interval '0' ELSE interval '1 second' END) AS due_on,
       aidcase.date_here(d.met_at) AS met_on,
       aidcase.date_here(d.cancelled_at) AS cancelled_on,
       d.provisional::integer::bigint AS provisional,
       CASE WHEN d.cancelled_at IS NOT NULL THEN 'cancelled'
            WHEN d.met_at < d.due_at THEN 'in_time'
            WHEN d.met_at IS NOT NULL THEN 'late'
            WHEN d.paused_at IS NOT NULL THEN 'paused'
            WHEN d.due_at <= aidcase.now_here() THEN 'overdue'
            ELSE 'running' END AS outcome,
       round(extract(epoch FROM greatest(coalesce(d.met_at, aidcase.now_here()) - d.due_at, interval '0')) / 3600, 2)
           * CASE WHEN d.cancelled_at IS NULL AND d.paused_at IS NULL THEN 1 ELSE 0 END AS hours_late
  FROM aidcase.deadline AS d
  JOIN aidcase.clock AS k ON k.clock = d.clock;

-- A row a spot check; a household that was not reached and the one that stood
-- in for it are two.  Findings whose objection was upheld do not count.
CREATE OR REPLACE VIEW aidcase_bi.fact_spot_check WITH (security_invoker = true) AS
SELECT k.check_id AS check_key,
       k.draw_id AS draw_key,
       d.name AS draw_name,
       lower(d.period) AS period_from,
       upper(d.period) - 1 AS period_to,
       k.case_id AS case_key,
       k.round_id AS round_key,
       i.unit_id AS unit_key,
       i.programme AS programme_key,
       k.checker_id AS staff_key,
       i.stratum,
       t.population AS stratum_population,
       t.sample_size AS stratum_sample,
       i.certainty::integer::bigint AS certainty,
       CASE WHEN k.replaces_id IS NOT NULL THEN 1 ELSE 0 END::bigint AS replacement,
       CASE WHEN EXISTS (SELECT FROM aidcase.spot_check AS r WHERE r.replaces_id = k.check_id)
            THEN 1 ELSE 0 END::bigint AS replaced,
       k.state,
       s.label_zh AS state_zh,
       s.label_en AS state_en,
       CASE WHEN k.state = 'locked' THEN 1 ELSE 0 END::bigint AS done,
       i.on_date AS decided_on,
       to_char(i.on_date, 'YYYYMMDD')::bigint AS decided_date_key,
       k.locked_on,
       to_char(k.locked_on, 'YYYYMMDD')::bigint AS locked_date_key,
       i.amount::numeric AS amount,
       k.found_eligible::integer::bigint AS found_eligible,
       k.found_amount::numeric AS found_amount,
       f.findings,
       coalesce(f.wrong, 0) AS wrong,
       coalesce(f.by_unit, 0) AS by_unit,
       coalesce(f.by_household, 0) AS by_household,
       coalesce(f.yuan_over, 0) AS yuan_over,
       coalesce(f.yuan_under, 0) AS yuan_under
  FROM aidcase.spot_check AS k
  JOIN aidcase.draw AS d ON d.draw_id = k.draw_id
  JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
  LEFT JOIN aidcase.draw_stratum AS t ON t.draw_id = i.draw_id AND t.stratum = i.stratum
  LEFT JOIN aidcase.workflow_state AS s ON s.workflow_id = k.workflow_id AND s.state = k.state
  LEFT JOIN (SELECT g.check_id,
                    string_agg(g.finding_type, ', ' ORDER BY g.finding_type COLLATE "C") AS findings,
                    max(CASE WHEN g.finding_type IN ('wrong', 'missed', 'over', 'under', 'fraud', 'favouritism')
                             THEN 1 ELSE 0 END)::bigint AS wrong,
                    max(CASE WHEN g.cause = 'unit' THEN 1 ELSE 0 END)::bigint AS by_unit,
                    max(CASE WHEN g.cause = 'household' THEN 1 ELSE 0 END)::bigint AS by_household,
                    sum(g.yuan_over)::numeric AS yuan_over,
                    sum(g.yuan_under)::numeric AS yuan_under
               FROM aidcase.finding AS g
              WHERE NOT EXISTS (SELECT FROM aidcase.finding_objection AS o
                                 WHERE o.finding_id = g.finding_id AND o.state = 'upheld')
              GROUP BY g.check_id) AS f ON f.check_id = k.check_id;

-- A row a flag of a conflict of interest, without the path, which has names.
CREATE OR REPLACE VIEW aidcase_bi.fact_flag WITH (security_invoker = true) AS
SELECT f.flag_id AS flag_key,
       f.case_id AS case_key,
       f.round_id AS round_key,
       r.unit_id AS unit_key,
       f.staff_id AS staff_key,
       f.other_staff_id AS other_staff_key,
       f.other_case_id AS other_case_key,
       f.flag_type,
       t.label_zh AS flag_type_zh,
       t.label_en AS flag_type_en,
       f.level,
       l.zh AS level_zh,
       l.en AS level_en,
       f.capacity,
       p.zh AS capacity_zh,
       p.en AS capacity_en,
       f.relation,
       k.label_zh AS relation_zh,
       k.label_en AS relation_en,
       f.bars::integer::bigint AS bars,
       f.certain::integer::bigint AS certain,
       f.filed_late::integer::bigint AS filed_late,
       f.unfiled::integer::bigint AS unfiled,
       f.decided_meanwhile::integer::bigint AS decided_meanwhile,
       aidcase.date_here(f.known_at) AS known_on,
       to_char(aidcase.date_here(f.known_at), 'YYYYMMDD')::bigint AS known_date_key,
       f.state,
       s.zh AS state_zh,
       s.en AS state_en,
       CASE WHEN f.state = 'open' THEN 1 ELSE 0 END::bigint AS open
  FROM aidcase.conflict_flag AS f
  JOIN aidcase.case_round AS r ON r.round_id = f.round_id
  LEFT JOIN aidcase.flag_type AS t ON t.flag_type = f.flag_type
  LEFT JOIN aidcase.kin_relation AS k ON k.relation = f.relation
  LEFT JOIN aidcase.label AS l ON l.code_set = 'conflict_flag.level' AND l.code = f.level
  LEFT JOIN aidcase.label AS p ON p.code_set = 'conflict_flag.capacity' AND p.code = f.capacity
  LEFT JOIN aidcase.label AS s ON s.code_set = 'conflict_flag.state' AND s.code = f.state;

-- The contract, as the catalogue has it.
CREATE OR REPLACE VIEW aidcase_bi.contract WITH (security_invoker = true) AS
SELECT '1.0' AS version,
       c.relname::text COLLATE "default" AS view_name,
       a.attname::text COLLATE "default" AS column_name,
       a.attnum::bigint AS position,
       format_type(a.atttypid, NULL) AS data_type,
       split_part(col_description(c.oid, a.attnum), ' / ', 1) AS label_zh,
       split_part(col_description(c.oid, a.attnum), ' / ', 2) AS label_en
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'aidcase_bi'
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind = 'v';

-- comments: 92_bi aidcase_bi

-- Who could not read the tables cannot read the views: the grants only say
-- who may try.  Flags of conflicts are the supervisors', spot checks theirs
-- and, when they are over, the analysts'; masked numbers are for those who
-- may read the number.
DO $$
DECLARE
    v text;
BEGIN
    FOR v IN SELECT c.relname FROM pg_class AS c
              WHERE c.relnamespace = 'aidcase_bi'::regnamespace AND c.relkind = 'v'
              ORDER BY c.relname LOOP
        EXECUTE format('REVOKE ALL ON aidcase_bi.%I FROM PUBLIC', v);
        EXECUTE format('GRANT SELECT ON aidcase_bi.%I TO aidcase_bureau, aidcase_inspector', v);
        IF v NOT IN ('fact_flag', 'fact_spot_check') THEN
            EXECUTE format('GRANT SELECT ON aidcase_bi.%I TO aidcase_clerk, aidcase_leader', v);
        END IF;
        IF v NOT IN ('fact_flag', 'dim_applicant') THEN
            EXECUTE format('GRANT SELECT ON aidcase_bi.%I TO aidcase_analyst', v);
        END IF;
        IF v IN ('contract', 'fact_award_month', 'fact_payment') OR v ~ '^dim_' AND v <> 'dim_applicant' THEN
            EXECUTE format('GRANT SELECT ON aidcase_bi.%I TO aidcase_finance', v);
        END IF;
    END LOOP;
END
$$;
