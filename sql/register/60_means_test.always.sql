-- Means test: determinations from the facts of a round.
--
-- determine() serves one round, determine_rounds() any number, by the same
-- statement.  Income is added up by aggregate means_test() as exact annual
-- values; eligibility compares whole products (12 x standard x members
-- against the annual income), so that nothing is divided before the one
-- rounding of each component.
--
-- Rules (shares, multiples, limits, rounding) are those of the day of
-- acceptance; the standard is that of the first month of benefit; ages for
-- add-ons are counted on its first day.

-- The rounds with what their rules depend on.
CREATE OR REPLACE FUNCTION aidcase.determination_frame(round_ids bigint[], on_date date)
RETURNS TABLE (
    round_id   bigint,
    case_id    bigint,
    emergency  boolean,
    area       text,
    residence  text,
    rule_date  date,
    place      text)                    -- the last three in one
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT r.round_id, r.case_id, r.round_kind = 'emergency', v.unit_code, c.residence,
       coalesce(r.accepted_on, on_date),
       v.unit_code || '/' || c.residence || '/' || (coalesce(r.accepted_on, on_date) - date '2000-01-01')
  FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
  JOIN aidcase.unit AS v ON v.unit_id = c.village_id
 WHERE r.round_id = ANY (round_ids);
END;
COMMENT ON FUNCTION aidcase.determination_frame(bigint[], date) IS
    '内部:待测算轮次的地区、城乡、规则日期 / internal: area, residence and date of the rules of rounds to be determined';

-- Every rule that the rounds need: once per area, residence and date of the
-- rules, under a name of its own (need).  A required rule that is not in force has no rule, but a sentence
-- that says what is missing.
CREATE OR REPLACE FUNCTION aidcase.rules_in_force(round_ids bigint[], on_date date)
RETURNS TABLE (
    place   text,
    need    text,
    rule    aidcase.rule_in_force,
    missing text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
WITH frame AS (
    SELECT f.* FROM aidcase.determination_frame(round_ids, on_date) AS f
), place AS (
    SELECT f.place, f.area, f.residence, f.rule_date, aidcase.area_chain(f.area) AS areas,
           bool_or(NOT f.emergency) AS ordinary,
           bool_or(f.emergency) AS emergency,
           bool_or(NOT f.emergency AND EXISTS (
               SELECT FROM aidcase.obligor AS o
                WHERE o.round_id = f.round_id AND o.able AND NOT o.void)) AS support
      FROM frame AS f
     GROUP BY f.place, f.area, f.residence, f.rule_date
), dated AS (
    SELECT g.*, coalesce((date_trunc('month', on_date::timestamp)
                          + make_interval(months => s.value::integer))::date, on_date) AS benefit_month
      FROM place AS g
      LEFT JOIN LATERAL aidcase.parameter_row('benefit_start_months', g.area, on_date, 'dibao') AS s ON true
)
SELECT g.place, n.need,
       CASE WHEN p.parameter_id IS NOT NULL THEN
           ROW(p.value, p.divisor, NULL, p.article, p.document_id, p.illustrative)::aidcase.rule_in_force END,
       CASE WHEN p.parameter_id IS NULL AND n.required THEN
           aidcase.parameter_in_words(n.name, g.area, n.valid_on, n.programme, n.variant) END
  FROM dated AS g
 CROSS JOIN LATERAL (VALUES
        ('start/dibao',       'benefit_start_months',       'dibao',      NULL, on_date,     g.ordinary),
        ('start/tekun',       'benefit_start_months',       'tekun',      NULL, on_date,     g.ordinary),
        ('start/low_income',  'benefit_start_months',       'low_income', NULL, on_date,     g.ordinary),
        ('start/temp_assistance', 'benefit_start_months',   'temp_assistance', NULL, on_date, true),
        ('standard',          'dibao_standard',             'dibao', g.residence, g.benefit_month, g.ordinary),
        ('marginal',          'marginal_multiple',          'low_income', NULL, g.rule_date, g.ordinary),
        ('tekun_multiple',    'tekun_multiple',             'tekun',      NULL, g.rule_date, g.ordinary),
        ('work_cost',         'work_cost_share',            'dibao',      NULL, g.rule_date, false),
        ('support_threshold', 'support_threshold_multiple', 'dibao',      NULL, g.rule_date, g.support),
        ('support_few',       'support_rate', 'dibao', 'up_to_two_children',     g.rule_date, g.support),
        ('support_many',      'support_rate', 'dibao', 'three_or_more_children', g.rule_date, g.support),
        ('financial/dibao',      'financial_assets_limit', 'dibao',      NULL, g.rule_date, g.ordinary),
        ('homes/dibao',          'homes_limit',            'dibao',      NULL, g.rule_date, g.ordinary),
        ('non_residential/dibao', 'non_residential_limit', 'dibao',      NULL, g.rule_date, g.ordinary),
        ('vehicles/dibao',       'vehicles_limit',         'dibao',      NULL, g.rule_date, g.ordinary),
        ('financial/low_income', 'financial_assets_limit', 'low_income', NULL, g.rule_date, g.ordinary),
        ('homes/low_income',     'homes_limit',            'low_income', NULL, g.rule_date, g.ordinary),
        ('non_residential/low_income', 'non_residential_limit', 'low_income', NULL, g.rule_date, g.ordinary),
        ('vehicles/low_income',  'vehicles_limit',         'low_income', NULL, g.rule_date, g.ordinary),
        ('financial/tekun',      'financial_assets_limit', 'tekun',      NULL, g.rule_date, g.ordinary),
        ('homes/tekun',          'homes_limit',            'tekun',      NULL, g.rule_date, g.ordinary),
        ('non_residential/tekun', 'non_residential_limit', 'tekun',      NULL, g.rule_date, g.ordinary),
        ('vehicles/tekun',       'vehicles_limit',         'tekun',      NULL, g.rule_date, g.ordinary),
        ('aged_from',         'aged_from',                  'dibao',      NULL, g.rule_date, g.ordinary),
        ('minor_below',       'minor_below',                'dibao',      NULL, g.rule_date, g.ordinary),
        ('aged_from/tekun',   'aged_from',                  'tekun',      NULL, g.rule_date, g.ordinary),
        ('minor_below/tekun', 'minor_below',                'tekun',      NULL, g.rule_date, g.ordinary),
        -- a kind of disability without a level gives nothing
        ('severe/sight',        'severe_disability_level', 'dibao', 'sight',        g.rule_date, false),
        ('severe/hearing',      'severe_disability_level', 'dibao', 'hearing',      g.rule_date, false),
        ('severe/speech',       'severe_disability_level', 'dibao', 'speech',       g.rule_date, false),
        ('severe/limb',         'severe_disability_level', 'dibao', 'limb',         g.rule_date, false),
        ('severe/intellectual', 'severe_disability_level', 'dibao', 'intellectual', g.rule_date, false),
        ('severe/mental',       'severe_disability_level', 'dibao', 'mental',       g.rule_date, false),
        ('severe/multiple',     'severe_disability_level', 'dibao', 'multiple',     g.rule_date, false),
        ('lost/sight',          'lost_ability_level', 'tekun', 'sight',        g.rule_date, false),
        ('lost/hearing',        'lost_ability_level', 'tekun', 'hearing',      g.rule_date, false),
        ('lost/speech',         'lost_ability_level', 'tekun', 'speech',       g.rule_date, false),
        ('lost/limb',           'lost_ability_level', 'tekun', 'limb',         g.rule_date, false),
        ('lost/intellectual',   'lost_ability_level', 'tekun', 'intellectual', g.rule_date, false),
        ('lost/mental',         'lost_ability_level', 'tekun', 'mental',       g.rule_date, false),
        ('lost/multiple',       'lost_ability_level', 'tekun', 'multiple',     g.rule_date, false),
        ('temp_minimum',      'temp_minimum',         'temp_assistance', NULL, on_date, g.emergency),
        ('temp_limit',        'unit_authority_limit', 'temp_assistance', NULL, on_date, g.emergency)
       ) AS n (need, name, programme, variant, valid_on, required)
  LEFT JOIN LATERAL aidcase.parameter_row(n.name, g.area, n.valid_on, n.programme, n.variant) AS p ON true
UNION ALL
SELECT g.place, 'rounding/' || n.programme,
       CASE WHEN r.mode IS NOT NULL THEN
           ROW(NULL, NULL, r.mode, r.article, r.document_id, r.illustrative)::aidcase.rule_in_force END,
       CASE WHEN r.mode IS NULL AND g.ordinary THEN
           format('Rounding rule of programme "%s", component "base", is not in force on %s for area %s or one above it.',
                  n.programme, to_char(g.rule_date, 'YYYY-MM-DD'), g.area) END
  FROM place AS g
 CROSS JOIN (VALUES ('dibao'), ('tekun')) AS n (programme)
  LEFT JOIN LATERAL (
        SELECT q.* FROM aidcase.rounding_rule AS q
         WHERE q.programme = n.programme AND q.component = 'base'
           AND q.area_code = ANY (g.areas) AND q.valid @> g.rule_date
         ORDER BY q.area_code COLLATE "C" DESC LIMIT 1) AS r ON true
UNION ALL
SELECT n.place, 'income/' || n.income_kind,
       CASE WHEN r.income_rule_id IS NOT NULL THEN
           ROW(r.counted_share, 1, NULL, r.article, r.document_id, r.illustrative)::aidcase.rule_in_force END,
       CASE WHEN r.income_rule_id IS NULL THEN
           format('Income rule of kind "%s" is not in force on %s for area %s or one above it.',
                  n.income_kind, to_char(n.rule_date, 'YYYY-MM-DD'), n.area) END
  FROM (SELECT DISTINCT f.place, f.area, f.rule_date, i.income_kind
          FROM frame AS f
          JOIN aidcase.income_item AS i ON i.round_id = f.round_id AND NOT i.void
         WHERE NOT f.emergency) AS n
  LEFT JOIN LATERAL (
        SELECT q.* FROM aidcase.income_rule AS q
         WHERE q.income_kind = n.income_kind
           AND q.area_code = ANY (aidcase.area_chain(n.area)) AND q.valid @> n.rule_date
         ORDER BY q.area_code COLLATE "C" DESC LIMIT 1) AS r ON true
UNION ALL
SELECT g.place, 'addon/' || r.addon_group,
       ROW(r.share, 1, NULL, r.article, r.document_id, r.illustrative)::aidcase.rule_in_force,
       NULL
  FROM place AS g
 CROSS JOIN LATERAL (
        SELECT DISTINCT ON (q.addon_group) q.*
          FROM aidcase.addon_rule AS q
         WHERE q.programme = 'dibao' AND q.area_code = ANY (g.areas) AND q.valid @> g.rule_date
         ORDER BY q.addon_group, q.area_code COLLATE "C" DESC) AS r;
END;
COMMENT ON FUNCTION aidcase.rules_in_force(bigint[], date) IS
    '内部:测算所需的全部规则,缺者注明 / internal: every rule that determining these rounds needs, and what is missing';

-- Raises what is missing; true when that is nothing.
CREATE OR REPLACE FUNCTION aidcase.nothing_missing(missing text[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'parameters or rules of the determination are not set'
            USING ERRCODE = 'ZA008', DETAIL = array_to_string(missing, E'\n'),
                  HINT = 'Set parameters with aidcase.set_parameter(), other rules in their tables; a rule pack holds many of them.';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION aidcase.nothing_missing(text[]) IS
    '内部:列出全部缺失的规则并报错 ZA008 / internal: raises ZA008 with all rules that are missing';
REVOKE ALL ON FUNCTION aidcase.nothing_missing(text[]) FROM PUBLIC;

-- Determines any number of rounds; for the register's own use.
--
-- Which items count: those of counted members; of a member's items of one
-- kind the verified ones, if there are any, else the declared ones.  A loss
-- does not reduce other income (the net of one business is one item), and
-- deductions end at an income of zero.
--
-- An emergency round is determined for temporary assistance only, without a
-- look at income; every other round for all programmes.
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

    RETURN QUERY
    WITH rules AS MATERIALIZED (
        SELECT r.* FROM aidcase.rules_in_force(round_ids, determine_rounds.on_date) AS r
    ), complete AS MATERIALIZED (
        SELECT aidcase.nothing_missing(array_agg(DISTINCT r.missing ORDER BY r.missing)) AS yes
          FROM rules AS r WHERE r.missing IS NOT NULL
    ), p AS (
        -- the rules of a place in one row
        SELECT r.place,
               (date_trunc('month', determine_rounds.on_date::timestamp)
                + make_interval(months => (max((r.rule).value) FILTER (WHERE r.need = 'start/dibao'))::integer))::date AS start_dibao,
               (date_trunc('month', determine_rounds.on_date::timestamp)
                + make_interval(months => (max((r.rule).value) FILTER (WHERE r.need = 'start/tekun'))::integer))::date AS start_tekun,
               (date_trunc('month', determine_rounds.on_date::timestamp)
                + make_interval(months => (max((r.rule).value) FILTER (WHERE r.need = 'start/low_income'))::integer))::date AS start_low_income,
               (date_trunc('month', determine_rounds.on_date::timestamp)
                + make_interval(months => (max((r.rule).value) FILTER (WHERE r.need = 'start/temp_assistance'))::integer))::date AS start_temp,
               (array_agg(r.rule) FILTER (WHERE r.need = 'standard'))[1] AS standard,
               (array_agg(r.rule) FILTER (WHERE r.need = 'marginal'))[1] AS marginal_multiple,
               (array_agg(r.rule) FILTER (WHERE r.need = 'tekun_multiple'))[1] AS tekun_multiple,
               (array_agg(r.rule) FILTER (WHERE r.need = 'work_cost'))[1] AS work_cost,
               (array_agg(r.rule) FILTER (WHERE r.need = 'support_threshold'))[1] AS support_threshold,
               (array_agg(r.rule) FILTER (WHERE r.need = 'support_few'))[1] AS support_few,
               (array_agg(r.rule) FILTER (WHERE r.need = 'support_many'))[1] AS support_many,
               (array_agg(r.rule) FILTER (WHERE r.need = 'aged_from'))[1] AS aged,
               (array_agg(r.rule) FILTER (WHERE r.need = 'minor_below'))[1] AS minor,
               (array_agg(r.rule) FILTER (WHERE r.need = 'aged_from/tekun'))[1] AS tekun_aged,
               (array_agg(r.rule) FILTER (WHERE r.need = 'minor_below/tekun'))[1] AS tekun_minor,
               (array_agg(r.rule) FILTER (WHERE r.need = 'temp_minimum'))[1] AS temp_minimum,
               (array_agg(r.rule) FILTER (WHERE r.need = 'temp_limit'))[1] AS temp_limit,
               (array_agg(r.rule) FILTER (WHERE r.need = 'rounding/dibao'))[1] AS rounding_dibao,
               (array_agg(r.rule) FILTER (WHERE r.need = 'rounding/tekun'))[1] AS rounding_tekun
          FROM rules AS r
         WHERE (SELECT c.yes FROM complete AS c)
         GROUP BY r.place
    ), frame AS MATERIALIZED (
        SELECT f.round_id, f.case_id, f.emergency, f.rule_date, p.*
          FROM aidcase.determination_frame(round_ids, determine_rounds.on_date) AS f
          JOIN p ON p.place = f.place
    ), member AS MATERIALIZED (
        SELECT f.round_id, f.place, m.member_id, m.counted, (f.standard).value AS standard,
               extract(year FROM age(f.start_dibao::timestamp, m.birth_date::timestamp)) >= (f.aged).value AS is_aged,
               extract(year FROM age(f.start_dibao::timestamp, m.birth_date::timestamp)) < (f.minor).value AS is_minor,
               m.health = 'serious_illness' AS seriously_ill,
               coalesce(m.disability_level <= (severe.rule).value, false) AS severely_disabled,
               CASE WHEN extract(year FROM age(f.rule_date::timestamp, m.birth_date::timestamp)) >= (f.tekun_aged).value
                      OR extract(year FROM age(f.rule_date::timestamp, m.birth_date::timestamp)) < (f.tekun_minor).value
                    THEN 'no_work_ability_age'
                    WHEN m.disability_level <= (lost.rule).value THEN 'no_work_ability_disability'
                    ELSE 'work_ability' END AS ability,
               CASE WHEN m.disability_level <= (lost.rule).value THEN lost.rule END AS ability_rule
          FROM frame AS f
          JOIN aidcase.case_member AS m ON m.round_id = f.round_id AND NOT m.void
          LEFT JOIN rules AS severe ON severe.place = f.place AND severe.need = 'severe/' || m.disability_kind
          LEFT JOIN rules AS lost ON lost.place = f.place AND lost.need = 'lost/' || m.disability_kind
         WHERE NOT f.emergency
    ), income AS MATERIALIZED (
        SELECT m.round_id, i.income_id, m.member_id, i.income_kind, k.category, k.sort, i.amount, i.basis,
               greatest(i.amount, 0) AS counted, r.rule
          FROM member AS m
          JOIN (SELECT q.*, bool_or(q.source = 'verified') OVER (PARTITION BY q.member_id, q.income_kind) AS has_verified
                  FROM aidcase.income_item AS q
                 WHERE q.round_id = ANY (round_ids) AND NOT q.void) AS i
            ON i.round_id = m.round_id AND i.member_id = m.member_id
           AND (i.source = 'verified' OR NOT i.has_verified)
          JOIN aidcase.income_kind AS k ON k.income_kind = i.income_kind
          JOIN rules AS r ON r.place = m.place AND r.need = 'income/' || i.income_kind
         WHERE m.counted
    ), expense AS MATERIALIZED (
        SELECT m.round_id, i.expense_id, m.member_id, i.expense_kind, k.sort, i.amount, i.basis
          FROM member AS m
          JOIN (SELECT q.*, bool_or(q.source = 'verified') OVER (PARTITION BY q.member_id, q.expense_kind) AS has_verified
                  FROM aidcase.expense_item AS q
                 WHERE q.round_id = ANY (round_ids) AND NOT q.void) AS i
            ON i.round_id = m.round_id AND i.member_id = m.member_id
           AND (i.source = 'verified' OR NOT i.has_verified)
          JOIN aidcase.expense_kind AS k ON k.expense_kind = i.expense_kind
         WHERE m.counted AND k.deductible
    ), work_cost AS MATERIALIZED (
        -- of a member with real wages; never more than these
        SELECT w.round_id, w.member_id, f.work_cost AS rule,
               least(w.annual, 12 * (f.standard).value * (f.work_cost).value / (f.work_cost).divisor) AS annual
          FROM (SELECT i.round_id, i.member_id, sum(i.counted * CASE i.basis WHEN 'month' THEN 12 ELSE 1 END * (i.rule).value) AS annual
                  FROM income AS i
                 WHERE i.category = 'wage' AND i.income_kind <> 'imputed_work'
                 GROUP BY i.round_id, i.member_id) AS w
          JOIN frame AS f ON f.round_id = w.round_id
         WHERE w.annual > 0 AND (f.work_cost).value > 0
    ), support AS MATERIALIZED (
        -- what an able obligor owes by the formula, or more when more is paid.
        -- One division, of whole products; a payment is in whole fen.
        SELECT o.round_id, o.obligor_id, s.annual AS input,
               greatest(s.annual, o.paid_monthly * 12) AS annual,
               CASE WHEN s.annual > o.paid_monthly * 12 THEN 'support_formula' ELSE 'support_really_paid' END AS rule_name,
               CASE WHEN o.able THEN o.rate END AS rule
          FROM (SELECT q.*, f.standard, f.support_threshold,
                       CASE WHEN count(*) FILTER (WHERE q.relation = 'child') OVER (PARTITION BY q.round_id) <= 2
                            THEN f.support_few ELSE f.support_many END AS rate
                  FROM frame AS f
                  JOIN aidcase.obligor AS q ON q.round_id = f.round_id AND NOT q.void
                 WHERE NOT f.emergency) AS o
         CROSS JOIN LATERAL (
                SELECT CASE WHEN o.able THEN
                       round(greatest(o.annual_income * (o.support_threshold).divisor
                                      - 12 * (o.support_threshold).value * (o.standard).value * o.household_size, 0)
                             * (o.rate).value
                             / (o.household_size * (o.support_threshold).divisor
                                * (o.rate).divisor * o.persons_supported), 2)
                       ELSE 0 END AS annual) AS s
    ), total AS MATERIALIZED (
        SELECT f.round_id, aidcase.means_test(i.amount, i.basis, i.share) AS annual
          FROM frame AS f
          LEFT JOIN (
                SELECT i.round_id, i.counted AS amount, i.basis, (i.rule).value AS share FROM income AS i
                UNION ALL
                SELECT e.round_id, - e.amount, e.basis, 1 FROM expense AS e
                UNION ALL
                SELECT w.round_id, - w.annual, 'year', 1 FROM work_cost AS w
                UNION ALL
                SELECT s.round_id, s.annual, 'year', 1 FROM support AS s) AS i ON i.round_id = f.round_id
         WHERE NOT f.emergency
         GROUP BY f.round_id
    ), property AS MATERIALIZED (
        SELECT m.round_id,
               coalesce(sum(i.value) FILTER (WHERE k.financial), 0) AS financial,
               coalesce(sum(i.quantity) FILTER (WHERE i.property_kind = 'home'), 0) AS homes,
               coalesce(sum(i.quantity) FILTER (WHERE i.property_kind = 'non_residential'), 0) AS non_residential,
               coalesce(sum(i.quantity) FILTER (WHERE i.property_kind IN ('vehicle', 'ship', 'machinery')), 0) AS vehicles
          FROM member AS m
          JOIN (SELECT q.*, bool_or(q.source = 'verified') OVER (PARTITION BY q.member_id, q.property_kind) AS has_verified
                  FROM aidcase.property_item AS q
                 WHERE q.round_id = ANY (round_ids) AND NOT q.void) AS i
            ON i.round_id = m.round_id AND i.member_id = m.member_id
           AND (i.source = 'verified' OR NOT i.has_verified)
          JOIN aidcase.property_kind AS k ON k.property_kind = i.property_kind
         WHERE m.counted AND i.exempt_reason IS NULL
         GROUP BY m.round_id
    ), addon AS MATERIALIZED (
        -- each person once, by the highest share
        SELECT DISTINCT ON (m.round_id, m.member_id)
               m.round_id, m.member_id, g.addon_group, r.rule,
               (r.rule).value * m.standard AS amount
          FROM member AS m
         CROSS JOIN LATERAL (VALUES
                ('aged', m.is_aged),
                ('minor', m.is_minor),
                ('severe_disability', m.severely_disabled),
                ('serious_illness', m.seriously_ill)) AS g (addon_group, belongs)
          JOIN rules AS r ON r.place = m.place AND r.need = 'addon/' || g.addon_group
         WHERE m.counted AND g.belongs
         ORDER BY m.round_id, m.member_id, (r.rule).value DESC, g.addon_group
    ), household AS MATERIALIZED (
        SELECT f.*, coalesce(n.members, 0) AS members, coalesce(n.able_members, 0) AS able_members,
               t.annual AS net, CASE WHEN t.annual < 0 THEN 0.00 ELSE t.annual END AS annual,
               coalesce(q.financial, 0) AS financial, coalesce(q.homes, 0) AS homes,
               coalesce(q.non_residential, 0) AS non_residential, coalesce(q.vehicles, 0) AS vehicles,
               coalesce(o.able_obligors, 0) AS able_obligors, coalesce(a.addons, 0) AS addons,
               (f.standard).value AS yuan
          FROM frame AS f
          LEFT JOIN total AS t ON t.round_id = f.round_id
          LEFT JOIN property AS q ON q.round_id = f.round_id
          LEFT JOIN (
                SELECT m.round_id, count(*)::integer AS members,
                       count(*) FILTER (WHERE m.ability = 'work_ability') AS able_members
                  FROM member AS m WHERE m.counted GROUP BY m.round_id
                UNION ALL
                SELECT m.round_id, count(*)::integer, NULL
                  FROM frame AS e JOIN aidcase.case_member AS m ON m.round_id = e.round_id
                 WHERE e.emergency AND m.counted AND NOT m.void
                 GROUP BY m.round_id) AS n ON n.round_id = f.round_id
          LEFT JOIN (
                SELECT b.round_id, count(*) AS able_obligors FROM aidcase.obligor AS b
                 WHERE b.round_id = ANY (round_ids) AND b.able AND NOT b.void
                 GROUP BY b.round_id) AS o ON o.round_id = f.round_id
          LEFT JOIN (
                SELECT d.round_id, sum(d.amount) AS addons FROM addon AS d GROUP BY d.round_id) AS a ON a.round_id = f.round_id
    ), held AS MATERIALIZED (
        -- property against the limits of each programme
        SELECT h.round_id, g.programme, v.line, v.parameter, v.reason, v.found, r.rule,
               (r.rule).value * v.per / (r.rule).divisor AS bound,
               v.found * (r.rule).divisor > (r.rule).value * v.per AS over
          FROM household AS h
         CROSS JOIN (VALUES ('dibao'), ('low_income'), ('tekun')) AS g (programme)
         CROSS JOIN LATERAL (VALUES
                (1, 'financial', 'financial_assets_limit', 'financial_assets_over_limit', h.financial, h.yuan * h.members),
                (2, 'homes', 'homes_limit', 'homes_over_limit', h.homes, 1),
                (3, 'non_residential', 'non_residential_limit', 'non_residential_over_limit', h.non_residential, 1),
                (4, 'vehicles', 'vehicles_limit', 'vehicles_over_limit', h.vehicles, 1)
               ) AS v (line, need, parameter, reason, found, per)
          JOIN rules AS r ON r.place = h.place AND r.need = v.need || '/' || g.programme
         WHERE NOT h.emergency
    ), tested AS MATERIALIZED (
        SELECT h.*,
               h.annual < 12 * h.yuan * h.members AS below_standard,
               h.annual * (h.marginal_multiple).divisor < 12 * h.yuan * h.members * (h.marginal_multiple).value AS below_marginal,
               coalesce(o.dibao, '{}') AS over_dibao,
               coalesce(o.low_income, '{}') AS over_low_income,
               coalesce(o.tekun, '{}') AS over_tekun
          FROM household AS h
          LEFT JOIN (
                SELECT d.round_id,
                       array_agg(d.reason ORDER BY d.line) FILTER (WHERE d.programme = 'dibao') AS dibao,
                       array_agg(d.reason ORDER BY d.line) FILTER (WHERE d.programme = 'low_income') AS low_income,
                       array_agg(d.reason ORDER BY d.line) FILTER (WHERE d.programme = 'tekun') AS tekun
                  FROM held AS d
                 WHERE d.over
                 GROUP BY d.round_id) AS o ON o.round_id = h.round_id
    ), judged AS MATERIALIZED (
        SELECT t.*,
               t.members > 0 AND t.below_standard AND t.over_dibao = '{}' AS dibao,
               NOT t.emergency AND t.members > 0 AND t.able_members = 0 AND t.below_standard AND t.over_tekun = '{}'
               AND t.able_obligors = 0 AS tekun,
               t.members > 0 AND t.below_marginal AND t.over_low_income = '{}' AS marginal
          FROM tested AS t
    ), outcome AS MATERIALIZED (
        SELECT j.*, v.programme, v.sort, v.benefit_month, v.reasons, v.rounding, v.minimum_amount, v.maximum_amount,
               v.reasons = '{}' AS eligible, v.base_amount, v.addon_amount,
               CASE WHEN j.emergency THEN NULL WHEN j.tekun THEN 'tekun' WHEN j.dibao THEN 'dibao'
                    WHEN j.marginal THEN 'marginal' END AS low_income_class
          FROM judged AS j
         CROSS JOIN LATERAL (
                -- the gap to the standard, and add-ons by group
                SELECT 'dibao', 1, j.start_dibao,
                       array_remove(ARRAY[
                           CASE WHEN j.members = 0 THEN 'no_counted_member'
                                WHEN NOT j.below_standard THEN 'income_not_below_standard' END], NULL) || j.over_dibao,
                       (j.rounding_dibao).mode, NULL::numeric, NULL::numeric,
                       CASE WHEN j.dibao THEN
                           aidcase.gap_amount_annual(j.yuan, j.members, j.annual, (j.rounding_dibao).mode)
                       ELSE 0 END,
                       CASE WHEN j.dibao THEN round(j.addons, 2) ELSE 0 END
                 WHERE NOT j.emergency
                UNION ALL
                -- the basic living amount, in full; the care amount needs an
                -- assessment of self-care and is not part of it.  Children
                -- with a scheme of their own are referred there by people.
                SELECT 'tekun', 2, j.start_tekun,
                       array_remove(ARRAY[
                           CASE WHEN j.members = 0 THEN 'no_counted_member' END,
                           CASE WHEN j.able_members > 0 THEN 'work_ability_present' END,
                           CASE WHEN j.members > 0 AND NOT j.below_standard THEN 'source_of_living_present' END,
                           CASE WHEN j.over_tekun <> '{}' THEN 'tekun_property_over_limit' END,
                           CASE WHEN j.able_obligors > 0 THEN 'able_obligor_present' END], NULL),
                       (j.rounding_tekun).mode, NULL, NULL,
                       CASE WHEN j.tekun THEN
                           aidcase.gap_amount(j.yuan * (j.tekun_multiple).value / (j.tekun_multiple).divisor,
                                              j.members, 0, (j.rounding_tekun).mode)
                       ELSE 0 END,
                       0
                 WHERE NOT j.emergency
                UNION ALL
                -- a range for the decider; the expense type is not tested here
                SELECT 'temp_assistance', 3, j.start_temp,
                       CASE WHEN j.emergency THEN '{}'::text[] ELSE ARRAY['no_emergency'] END,
                       NULL,
                       CASE WHEN j.emergency THEN (j.temp_minimum).value / (j.temp_minimum).divisor END,
                       CASE WHEN j.emergency THEN (j.temp_limit).value / (j.temp_limit).divisor END,
                       0, 0
                UNION ALL
                -- a class without money
                SELECT 'low_income', 4, j.start_low_income,
                       array_remove(ARRAY[
                           CASE WHEN j.members = 0 THEN 'no_counted_member'
                                WHEN j.dibao OR j.tekun THEN 'in_higher_class'
                                WHEN NOT j.below_marginal THEN 'income_not_below_marginal' END], NULL) || j.over_low_income,
                       NULL, NULL, NULL, 0, 0
                 WHERE NOT j.emergency
               ) AS v (programme, sort, benefit_month, reasons, rounding, minimum_amount, maximum_amount,
                       base_amount, addon_amount)
    ), line AS (
        -- dibao shows the household in full; the others begin with its income
        SELECT m.round_id, 'dibao' AS programme, 10 AS seq, m.member_id AS k1, 0::bigint AS k2, 'member' AS step, m.member_id,
               CASE WHEN m.counted THEN 'counted' ELSE 'not_counted' END AS rule, NULL::aidcase.rule_in_force AS source,
               m.counted::integer::numeric AS input, NULL::numeric AS bound, NULL AS basis, NULL::numeric AS amount
          FROM member AS m
        UNION ALL
        SELECT i.round_id, 'dibao', 20, i.member_id, i.income_id, 'income', i.member_id, i.income_kind, i.rule,
               i.amount, NULL, 'year', i.counted * CASE i.basis WHEN 'month' THEN 12 ELSE 1 END * (i.rule).value
          FROM income AS i
        UNION ALL
        SELECT e.round_id, 'dibao', 30, e.member_id, e.expense_id, 'deduction', e.member_id, e.expense_kind, NULL,
               e.amount, NULL, 'year', - e.amount * CASE e.basis WHEN 'month' THEN 12 ELSE 1 END
          FROM expense AS e
        UNION ALL
        SELECT w.round_id, 'dibao', 31, w.member_id, 0, 'deduction', w.member_id, 'work_cost_share', w.rule,
               (w.rule).value / (w.rule).divisor, NULL, 'year', - w.annual
          FROM work_cost AS w
        UNION ALL
        SELECT s.round_id, 'dibao', 32, s.obligor_id, 0, 'support', NULL, s.rule_name, s.rule,
               s.input, NULL, 'year', s.annual
          FROM support AS s
        UNION ALL
        SELECT h.round_id, 'dibao', 33, 0, 0, 'deduction', NULL, 'not_below_zero', NULL,
               h.net, 0, 'year', - h.net
          FROM household AS h WHERE h.net < 0
        UNION ALL
        SELECT h.round_id, v.programme, 33, 0, 0, 'income', NULL, 'household_income', NULL,
               h.members, NULL, 'year', h.annual
          FROM household AS h CROSS JOIN (VALUES ('low_income'), ('tekun')) AS v (programme) WHERE NOT h.emergency
        UNION ALL
        SELECT m.round_id, 'tekun', 10, m.member_id, 0, 'member', m.member_id, m.ability, m.ability_rule,
               CASE m.ability WHEN 'work_ability' THEN 1 ELSE 0 END, NULL, NULL, NULL
          FROM member AS m WHERE m.counted
        UNION ALL
        SELECT h.round_id, v.programme, 40, 0, 0, 'limit', NULL, v.rule, v.source, h.annual, v.bound, 'year', NULL
          FROM household AS h
         CROSS JOIN LATERAL (VALUES
                ('dibao', 'dibao_standard', h.standard, 12 * h.yuan * h.members),
                ('tekun', 'dibao_standard', h.standard, 12 * h.yuan * h.members),
                ('low_income', 'marginal_multiple',
                 ROW((h.marginal_multiple).value, (h.marginal_multiple).divisor, NULL, (h.marginal_multiple).article,
                     (h.marginal_multiple).document_id,
                     (h.marginal_multiple).illustrative OR (h.standard).illustrative)::aidcase.rule_in_force,
                 12 * h.yuan * h.members * (h.marginal_multiple).value / (h.marginal_multiple).divisor)
               ) AS v (programme, rule, source, bound)
         WHERE NOT h.emergency
        UNION ALL
        SELECT d.round_id, d.programme, 50, d.line, 0, 'property', NULL, d.parameter, d.rule, d.found, d.bound, NULL, NULL
          FROM held AS d
        UNION ALL
        SELECT h.round_id, 'tekun', 51, 0, 0, 'support', NULL, 'able_obligors', NULL, h.able_obligors, 0, NULL, NULL
          FROM household AS h WHERE NOT h.emergency
        UNION ALL
        -- dibao: from the standard to the amount
        SELECT o.round_id, 'dibao', v.seq, 0, 0, v.step, NULL, v.rule, v.source, v.input, NULL, 'month', v.amount
          FROM outcome AS o
         CROSS JOIN LATERAL (VALUES
                (60, 'standard', 'dibao_standard', o.standard, o.yuan, o.yuan * o.members),
                (61, 'base', 'monthly_income', NULL, o.annual, - (o.annual / 12)),
                (62, 'rounding', o.rounding, o.rounding_dibao, NULL,
                 o.base_amount - (o.yuan * o.members - o.annual / 12)),
                (64, 'rounding', 'addons_to_fen', NULL, o.addons, nullif(o.addon_amount - o.addons, 0))
               ) AS v (seq, step, rule, source, input, amount)
         WHERE o.programme = 'dibao' AND o.eligible AND v.amount IS NOT NULL
        UNION ALL
        SELECT a.round_id, 'dibao', 63, a.member_id, 0, 'addon', a.member_id, a.addon_group, a.rule,
               (a.rule).value, NULL, 'month', a.amount
          FROM addon AS a JOIN outcome AS o ON o.round_id = a.round_id AND o.programme = 'dibao' AND o.eligible
        UNION ALL
        -- tekun: likewise
        SELECT o.round_id, 'tekun', v.seq, 0, 0, v.step, NULL, v.rule, v.source, v.input, NULL, 'month', v.amount
          FROM outcome AS o
         CROSS JOIN LATERAL (
                SELECT o.yuan * (o.tekun_multiple).value / (o.tekun_multiple).divisor * o.members AS exact) AS e
         CROSS JOIN LATERAL (VALUES
                (60, 'standard', 'tekun_multiple', o.tekun_multiple,
                 (o.tekun_multiple).value / (o.tekun_multiple).divisor, e.exact),
                (61, 'rounding', o.rounding, o.rounding_tekun, NULL, o.base_amount - e.exact)
               ) AS v (seq, step, rule, source, input, amount)
         WHERE o.programme = 'tekun' AND o.eligible
        UNION ALL
        SELECT o.round_id, 'temp_assistance', v.seq, 0, 0, 'limit', NULL, v.rule, v.source, NULL, v.bound, NULL, NULL
          FROM outcome AS o
         CROSS JOIN LATERAL (VALUES
                (60, 'temp_minimum', o.temp_minimum, o.minimum_amount),
                (61, 'unit_authority_limit', o.temp_limit, o.maximum_amount)) AS v (seq, rule, source, bound)
         WHERE o.programme = 'temp_assistance' AND o.eligible
        UNION ALL
        SELECT o.round_id, o.programme, 90, x.ordinality, 0, 'result', NULL, coalesce(x.reason, 'eligible'),
               CASE WHEN r.refusal_reason IS NOT NULL THEN
                   ROW(NULL, NULL, NULL, r.article, NULL, false)::aidcase.rule_in_force END,
               NULL, NULL, 'month', NULL
          FROM outcome AS o
          LEFT JOIN LATERAL unnest(o.reasons) WITH ORDINALITY AS x (reason, ordinality) ON true
          LEFT JOIN aidcase.refusal_reason AS r ON r.refusal_reason = x.reason
    ), numbered AS MATERIALIZED (
        SELECT l.*,
               row_number() OVER (PARTITION BY l.round_id, l.programme ORDER BY l.seq, l.k1, l.k2) AS line_no,
               CASE WHEN l.amount IS NOT NULL OR l.step = 'result' THEN
                   coalesce(sum(l.amount) OVER (PARTITION BY l.round_id, l.programme, l.basis
                                                    ORDER BY l.seq, l.k1, l.k2), 0) END AS running_total
          FROM line AS l
    ), made AS (
        INSERT INTO aidcase.determination (
               case_id, round_id, programme, on_date, benefit_month, members, annual_income, monthly_income,
               per_capita, standard, eligible, low_income_class, base_amount, addon_amount, amount,
               minimum_amount, maximum_amount, rounding, reasons, illustrative, determined_at, determined_by,
               village_id, residence)
        SELECT o.case_id, o.round_id, o.programme, o.rule_date, o.benefit_month,
               o.members,
               o.annual, o.annual / 12, o.annual / (12 * nullif(o.members, 0)), o.yuan,
               o.eligible, o.low_income_class, o.base_amount, o.addon_amount, o.base_amount + o.addon_amount,
               o.minimum_amount, o.maximum_amount, o.rounding, o.reasons,
               i.illustrative,
               aidcase.now_here(), aidcase.current_staff(), c.village_id, c.residence
          FROM outcome AS o
          JOIN aidcase.aid_case AS c ON c.case_id = o.case_id
          JOIN (SELECT n.round_id, n.programme, coalesce(bool_or((n.source).illustrative), false) AS illustrative
                  FROM numbered AS n GROUP BY n.round_id, n.programme) AS i
            ON i.round_id = o.round_id AND i.programme = o.programme
         ORDER BY o.round_id, o.sort
        RETURNING *
    ), lines_made AS (
        INSERT INTO aidcase.determination_line (
               determination_id, case_id, line_no, step, member_id, rule, article, document_id,
               input, bound, basis, amount, running_total, illustrative)
        SELECT d.determination_id, d.case_id, n.line_no, n.step, n.member_id, n.rule,
               (n.source).article, (n.source).document_id, trim_scale(n.input), trim_scale(n.bound), n.basis,
               trim_scale(n.amount), trim_scale(n.running_total),
               coalesce((n.source).illustrative, false)
          FROM made AS d
          JOIN numbered AS n ON n.round_id = d.round_id AND n.programme = d.programme
         ORDER BY d.determination_id, n.line_no
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
       coalesce(t.zh, n.label_zh, i.label_zh, e.label_zh, r.sentence_zh),
       coalesce(t.en, n.label_en, i.label_en, e.label_en, r.sentence_en),
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
 ORDER BY g.sort, l.line_no;
END;
COMMENT ON FUNCTION aidcase.explain(bigint) IS
    '最近一次测算的逐行说明:步骤、输入、规则、条款、金额、累计 / the latest determinations line by line: step, input, rule, article, amount, running total';
