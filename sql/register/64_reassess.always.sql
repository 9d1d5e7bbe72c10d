-- Simulation and reassessment: the computation of a determination (assess())
-- over the households of an area, under supposed parameters or after a new
-- standard.

-- The round by whose facts each household is judged: the last one decided
-- that carries them, unless the household's benefits were stopped since.
CREATE OR REPLACE FUNCTION aidcase.rounds_in_force(area text)
RETURNS TABLE (case_id bigint, round_id bigint, unit_id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT l.case_id, l.round_id, l.unit_id
  FROM (SELECT DISTINCT ON (r.case_id) r.case_id, r.round_id, c.unit_id, r.round_kind
          FROM aidcase.case_round AS r
          JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
          JOIN aidcase.unit AS v ON v.unit_id = c.village_id
         WHERE r.decided_on IS NOT NULL AND r.state <> 'withdrawn'
           AND r.round_kind NOT IN ('suspension', 'resumption', 'emergency')
           AND rounds_in_force.area = ANY (aidcase.area_chain(v.unit_code))
         ORDER BY r.case_id, r.round_no DESC) AS l
 WHERE l.round_kind <> 'stop';
END;
COMMENT ON FUNCTION aidcase.rounds_in_force(text) IS
    '内部:某地区各户据以测算的最近已决定轮次(已停止的除外) / internal: the last decided round of each household of an area, unless it was stopped since';
REVOKE ALL ON FUNCTION aidcase.rounds_in_force(text) FROM PUBLIC;

-- May the session see every unit (an owner, or a role of the district)?
CREATE OR REPLACE FUNCTION aidcase.sees_all_units() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT bool_or(pg_has_role(session_user, r.role, 'USAGE'))
      FROM unnest('{aidcase_owner,aidcase_bureau,aidcase_inspector,aidcase_finance,aidcase_analyst,aidcase_admin}'::text[]) AS r (role)
$$;
COMMENT ON FUNCTION aidcase.sees_all_units() IS
    '内部:会话是否可见全区(所有者或区级角色) / internal: may the session see every unit of the district?';
REVOKE ALL ON FUNCTION aidcase.sees_all_units() FROM PUBLIC;

-- A rule that a simulation supposes: {"rule", "row", "instead_of"}.  The row is
-- held to the constraints of its table, and replaces the rows that the table
-- would not let stand beside it; without a row, instead_of is taken away.
-- What is left out is as in the row instead_of, or the default of the column;
-- a new row holds in the area that is simulated, at all times.
CREATE OR REPLACE FUNCTION aidcase.supposed_rule(change jsonb, area text, OUT faults text[], OUT supposed jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    known    CONSTANT text[] := '{addon_rule,addon_stacking,band_rule,care_level_rule,expense_rule,imputed_rule,income_rule,member_rule,'
        'obligor_rule,programme_rule,property_exemption,property_test,rounding_rule,single_person_rule,support_rule,temp_rule}';
    the_rule text := CASE WHEN change ->> 'rule' = ANY (known) THEN change ->> 'rule' END;
    given    jsonb := CASE jsonb_typeof(change -> 'row') WHEN 'object' THEN change -> 'row' ELSE '{}' END;
    old_id   bigint := aidcase.whole_number(CASE WHEN jsonb_typeof(change -> 'instead_of') = 'number' THEN change ->> 'instead_of' END);
    old_row  jsonb;
    new_row  jsonb;
    key      text;
    c        record;
    valid    boolean;
    replaced bigint[];
BEGIN
    faults := '{}';
    FOR key IN SELECT k FROM jsonb_object_keys(change) AS k WHERE k NOT IN ('rule', 'row', 'instead_of') LOOP
        faults := faults || (key || ': is not a key of a supposed rule');
    END LOOP;
    IF the_rule IS NULL THEN
        faults := faults || ('rule: must be one of ' || array_to_string(known, ', '));
        RETURN;
    END IF;
    IF change ? 'row' AND jsonb_typeof(change -> 'row') <> 'object' THEN
        faults := faults || 'row: must be an object'::text;
    ELSIF NOT change ? 'row' AND NOT change ? 'instead_of' THEN
        faults := faults || 'row: is missing'::text;
    END IF;
    IF change ? 'instead_of' THEN
        SELECT r.content INTO old_row FROM aidcase.rule_row AS r WHERE r.rule = the_rule AND r.row_id = old_id;
        IF old_row IS NULL THEN
            faults := faults || ('instead_of: is the key of no row of ' || the_rule);
        END IF;
    END IF;
    new_row := coalesce(old_row, '{"valid": "(,)", "illustrative": true}') || jsonb_build_object('area_code', coalesce(old_row ->> 'area_code', area)) || given;
    FOR c IN
        SELECT k.key, a.attname AS name, a.attnotnull AS needed, pg_get_expr(d.adbin, d.adrelid) AS expression
          FROM jsonb_object_keys(given) AS k (key)
          FULL JOIN (SELECT * FROM pg_attribute AS t
                      WHERE t.attrelid = to_regclass(format('aidcase.%I', the_rule)) AND t.attnum > 0 AND NOT t.attisdropped
                        AND t.attidentity = '' AND t.attname NOT IN ('entry_no', 'valid', 'document_id', 'illustrative')) AS a
            ON a.attname = k.key
          LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         ORDER BY coalesce(k.key, a.attname) COLLATE "C"
    LOOP
        IF c.name IS NULL THEN
            faults := faults || format('row.%s: is not a column of %s that can be supposed', c.key, the_rule);
        ELSIF new_row ->> c.name IS NULL AND c.name = 'article' AND c.needed THEN
            new_row := new_row || '{"article": "假设"}';
        ELSIF NOT new_row ? c.name AND c.expression IS NOT NULL THEN
            EXECUTE format('SELECT $1 || jsonb_build_object(%L, %s)', c.name, c.expression) INTO new_row USING new_row;
        ELSIF new_row ->> c.name IS NULL AND c.needed AND change ? 'row' THEN
            faults := faults || format('row.%s: is missing', c.name);
        END IF;
    END LOOP;
    IF cardinality(faults) > 0 THEN
        RETURN;
    END IF;
    IF NOT change ? 'row' THEN
        supposed := jsonb_build_object('rule', the_rule, 'replaces', jsonb_build_array(old_id));
        RETURN;
    END IF;
    BEGIN
        EXECUTE format('SELECT to_jsonb(t) FROM jsonb_populate_record(NULL::aidcase.%I, $1) AS t', the_rule) INTO new_row USING new_row;
        FOR c IN
            SELECT n.contype, pg_get_constraintdef(n.oid) AS definition, pg_get_expr(n.conbin, n.conrelid) AS condition,
                   n.confrelid::regclass AS parent, f.attname AS parent_column, a.attname AS name
              FROM pg_constraint AS n
              LEFT JOIN pg_attribute AS a ON a.attrelid = n.conrelid AND ARRAY[a.attnum] = n.conkey
              LEFT JOIN pg_attribute AS f ON f.attrelid = n.confrelid AND ARRAY[f.attnum] = n.confkey
             WHERE n.conrelid = to_regclass(format('aidcase.%I', the_rule)) AND n.contype IN ('c', 'f')
             ORDER BY a.attname COLLATE "C", n.conname COLLATE "C"
        LOOP
            EXECUTE format('SELECT %s FROM jsonb_populate_record(NULL::aidcase.%I, $1) AS t',
                           CASE c.contype WHEN 'c' THEN c.condition
                           ELSE format('t.%1$I IS NULL OR EXISTS (SELECT FROM %2$s AS f WHERE f.%3$I = t.%1$I)', c.name, c.parent, c.parent_column) END,
                           the_rule) INTO valid USING new_row;
            IF NOT valid THEN
                faults := faults || concat('row', '.' || c.name, ': ', CASE c.contype WHEN 'c' THEN 'breaks ' || c.definition
                                                                       ELSE format('is no row of %s', c.parent) END);
            END IF;
        END LOOP;
        EXECUTE format('SELECT array_agg(r.id) FROM (SELECT %1$I AS id, valid AS period%2$s FROM aidcase.%3$I) AS r,'
                       ' (SELECT valid AS period%2$s FROM jsonb_populate_record(NULL::aidcase.%3$I, $1)) AS n'
                       ' WHERE r.period && n.period%4$s',
                       the_rule || '_id', (SELECT string_agg(format(', %s AS k%s', k.expression, k.n), '' ORDER BY k.n) FROM aidcase.rule_key(the_rule) AS k),
                       the_rule, (SELECT string_agg(format(' AND r.k%1$s %2$s n.k%1$s', k.n, k.operator), '' ORDER BY k.n) FROM aidcase.rule_key(the_rule) AS k))
           INTO replaced USING new_row;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
        faults := faults || ('row: ' || SQLERRM);
        RETURN;
    END;
    supposed := jsonb_build_object('rule', the_rule, 'row', new_row, 'replaces', to_jsonb(coalesce(replaced, '{}') || coalesce(ARRAY[old_id], '{}')));
END
$$;
COMMENT ON FUNCTION aidcase.supposed_rule(jsonb, text) IS
    '内部:核对模拟所假设的一条规则,返回全部缺陷或替换哪些行 / internal: a rule that a simulation supposes: all its faults, or what it says and which rows it replaces';
REVOKE ALL ON FUNCTION aidcase.supposed_rule(jsonb, text) FROM PUBLIC;

-- What is supposed, as assess() takes it: one row per rule, and per parameter,
-- area, programme and variant.  Where these are not given, each value in force
-- takes the new one where it stands.
CREATE OR REPLACE FUNCTION aidcase.supposed_changes(changes jsonb, area text, on_date date) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    list   jsonb;
    faults text[];
    result jsonb;
    rules  jsonb;       -- what supposed_rule() says of each, by its place in the list
BEGIN
    list := CASE jsonb_typeof(changes)
            WHEN 'array' THEN changes
            WHEN 'object' THEN
                CASE WHEN changes ?| '{name,rule}' THEN jsonb_build_array(changes)
                ELSE (SELECT coalesce(jsonb_agg(jsonb_build_object('name', e.key, 'value', e.value) ORDER BY e.key COLLATE "C"), '[]')
                        FROM jsonb_each(changes) AS e) END END;
    SELECT coalesce(jsonb_agg(jsonb_build_object('n', c.n, 'faults', r.faults, 'supposed', r.supposed) ORDER BY c.n), '[]') INTO rules
      FROM jsonb_array_elements(list) WITH ORDINALITY AS c (doc, n)
     CROSS JOIN LATERAL aidcase.supposed_rule(c.doc, supposed_changes.area) AS r
     WHERE jsonb_typeof(c.doc) = 'object' AND c.doc ? 'rule';
    SELECT array_agg(f.path || ': ' || f.reason ORDER BY f.n, f.path COLLATE "C", f.reason COLLATE "C") INTO faults
      FROM (
        SELECT 0 AS n, 'changes' AS path, 'must be an array of objects, or one object' AS reason WHERE list IS NULL
        UNION ALL
        SELECT 0, 'area', 'must be the code of an area' WHERE area IS NULL OR area !~ '^(0|[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?)$'
        UNION ALL
        SELECT 0, 'on_date', 'must be a date' WHERE on_date IS NULL OR NOT isfinite(on_date)
        UNION ALL
        SELECT c.n, format('changes[%s]', c.n - 1), 'must be an object'
          FROM jsonb_array_elements(list) WITH ORDINALITY AS c (doc, n) WHERE jsonb_typeof(c.doc) <> 'object'
        UNION ALL
        SELECT c.n, format('changes[%s].%s', c.n - 1, k.key), 'is not a key of a change'
          FROM jsonb_array_elements(list) WITH ORDINALITY AS c (doc, n)
         CROSS JOIN LATERAL jsonb_object_keys(CASE jsonb_typeof(c.doc) WHEN 'object' THEN c.doc ELSE '{}' END) AS k (key)
         WHERE NOT c.doc ? 'rule' AND k.key NOT IN ('name', 'area', 'programme', 'variant', 'value', 'divisor')
        UNION ALL
        SELECT c.n, format('changes[%s].%s', c.n - 1, f.path), f.reason
          FROM jsonb_array_elements(list) WITH ORDINALITY AS c (doc, n)
         CROSS JOIN LATERAL (
                SELECT CASE WHEN c.doc ->> 'value' ~ '^[0-9]{1,13}([.][0-9]{1,20})?$' THEN (c.doc ->> 'value')::numeric END AS value,
                       CASE WHEN NOT c.doc ? 'divisor' THEN 1
                            WHEN c.doc ->> 'divisor' ~ '^[0-9]{1,13}([.][0-9]{1,20})?$' THEN (c.doc ->> 'divisor')::numeric END AS divisor) AS v
         CROSS JOIN LATERAL (
                SELECT 'name', 'is no parameter'
                 WHERE NOT EXISTS (SELECT FROM aidcase.parameter_name AS n WHERE n.name = c.doc ->> 'name')
                UNION ALL
                SELECT 'value', 'must be a number from 0 to 1000000000000'
                 WHERE v.value IS NULL OR v.value < 0 OR v.value > 1000000000000
                UNION ALL
                SELECT 'divisor', 'must be a positive number' WHERE v.divisor IS NULL OR v.divisor <= 0
                UNION ALL
                SELECT 'value', 'is more than 1, but a share'
                  FROM aidcase.parameter_name AS n
                 WHERE n.name = c.doc ->> 'name' AND n.unit_of_measure = 'share' AND v.divisor > 0 AND v.value > v.divisor
                UNION ALL
                SELECT 'programme', 'is no programme'
                 WHERE c.doc ->> 'programme' IS NOT NULL
                   AND NOT EXISTS (SELECT FROM aidcase.programme AS g WHERE g.programme = c.doc ->> 'programme')
                UNION ALL
                SELECT 'area', 'must be the code of an area'
                 WHERE c.doc ->> 'area' IS NOT NULL AND c.doc ->> 'area' !~ '^(0|[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?)$'
               ) AS f (path, reason)
         WHERE jsonb_typeof(c.doc) = 'object' AND NOT c.doc ? 'rule'
        UNION ALL
        SELECT (r.rule ->> 'n')::bigint, format('changes[%s].%s', (r.rule ->> 'n')::bigint - 1, split_part(f.fault, ': ', 1)),
               substr(f.fault, strpos(f.fault, ': ') + 2)
          FROM jsonb_array_elements(rules) AS r (rule)
         CROSS JOIN LATERAL jsonb_array_elements_text(r.rule -> 'faults') AS f (fault)
      ) AS f;
    PERFORM aidcase.raise_faults('simulation', faults,
        'Example: SELECT * FROM aidcase.simulate(''{"name": "dibao_standard", "variant": "urban", "value": 760}'', ''340705'', ''2021-07-01'').');

    SELECT coalesce(jsonb_agg(s.change ORDER BY s.n, s.change), '[]') INTO result
      FROM (
        SELECT c.n, jsonb_build_object('name', c.doc ->> 'name', 'value', (c.doc ->> 'value')::numeric,
                   'divisor', coalesce((c.doc ->> 'divisor')::numeric, 1),
                   'area', coalesce(p.area_code, c.doc ->> 'area', supposed_changes.area),
                   'programme', coalesce(p.programme, c.doc ->> 'programme'),
                   'variant', coalesce(p.variant, c.doc ->> 'variant')) AS change
          FROM jsonb_array_elements(list) WITH ORDINALITY AS c (doc, n)
          LEFT JOIN LATERAL (
                SELECT DISTINCT q.area_code, q.programme, q.variant
                  FROM aidcase.policy_parameter AS q
                 WHERE q.name = c.doc ->> 'name' AND q.valid @> on_date
                   AND (q.variant = c.doc ->> 'variant' OR NOT c.doc ? 'variant')
                   AND (q.programme = c.doc ->> 'programme' OR NOT c.doc ? 'programme')
                   AND (q.area_code = c.doc ->> 'area' OR NOT c.doc ? 'area')
                   AND (q.area_code = ANY (aidcase.area_chain(supposed_changes.area))
                        OR supposed_changes.area = ANY (aidcase.area_chain(q.area_code)))) AS p ON true
         WHERE NOT c.doc ? 'rule') AS s;
    RETURN result || (SELECT coalesce(jsonb_agg(r.rule -> 'supposed'), '[]') FROM jsonb_array_elements(rules) AS r (rule));
END
$$;
COMMENT ON FUNCTION aidcase.supposed_changes(jsonb, text, date) IS
    '内部:把模拟的参数、规则变动展开为逐行;全部缺陷一次列出(ZA007) / internal: the changes of a simulation, one row per rule and per parameter, area, programme and variant; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.supposed_changes(jsonb, text, date) FROM PUBLIC;

-- Who would enter, leave, gain or lose, household by household: the same
-- computation twice, with what is in force and with what is supposed.  Of the
-- programmes of one exclusion group a household has the first by priority.
CREATE OR REPLACE FUNCTION aidcase.simulate_cases(changes jsonb, area text, on_date date)
RETURNS TABLE (
    case_id       bigint,
    unit_id       bigint,
    programme     text,
    change        text,
    persons       integer,
    amount_before numeric,
    amount_after  numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    supposed jsonb := aidcase.supposed_changes(changes, area, on_date);
    first_of_month date := date_trunc('month', on_date::timestamp)::date;
    rounds bigint[];
BEGIN
    SELECT coalesce(array_agg(f.round_id ORDER BY f.round_id), '{}') INTO rounds
      FROM aidcase.rounds_in_force(simulate_cases.area) AS f
     WHERE aidcase.sees_all_units() OR f.unit_id = ANY (aidcase.my_units());
    RETURN QUERY
    WITH outcome AS (
        SELECT a.case_id, a.programme, a.side, a.members, a.amount,
               a.eligible AND NOT coalesce(bool_or(a.eligible) OVER earlier, false) AS holds
          FROM (SELECT 1 AS side, x.* FROM aidcase.assess(rounds, simulate_cases.on_date, NULL, first_of_month) AS x
                UNION ALL
                SELECT 2, x.* FROM aidcase.assess(rounds, simulate_cases.on_date, supposed, first_of_month) AS x) AS a
          JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring
        WINDOW earlier AS (PARTITION BY a.round_id, a.side, coalesce(g.exclusion_group, a.programme)
                               ORDER BY g.class_priority, g.sort ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), both_sides AS (
        SELECT o.case_id, o.programme,
               coalesce(bool_or(o.holds) FILTER (WHERE o.side = 1), false) AS held,
               coalesce(bool_or(o.holds) FILTER (WHERE o.side = 2), false) AS holds,
               max(o.members) AS members,
               coalesce(sum(o.amount) FILTER (WHERE o.side = 1 AND o.holds), 0) AS before,
               coalesce(sum(o.amount) FILTER (WHERE o.side = 2 AND o.holds), 0) AS after
          FROM outcome AS o
         GROUP BY o.case_id, o.programme
    )
    SELECT s.case_id, c.unit_id, s.programme,
           CASE WHEN NOT s.held THEN 'enters' WHEN NOT s.holds THEN 'leaves'
                WHEN s.after > s.before THEN 'gains' WHEN s.after < s.before THEN 'loses' ELSE 'unchanged' END,
           s.members, s.before, s.after
      FROM both_sides AS s
      JOIN aidcase.aid_case AS c ON c.case_id = s.case_id
     WHERE s.held OR s.holds;
END
$$;
COMMENT ON FUNCTION aidcase.simulate_cases(jsonb, text, date) IS
    '模拟:逐户列出纳入、退出、增加、减少及前后月金额,不写入;限本人可见单位 / simulation household by household: enters, leaves, gains, loses, monthly amount before and after; writes nothing; units in the caller''s scope';
REVOKE ALL ON FUNCTION aidcase.simulate_cases(jsonb, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.simulate_cases(jsonb, text, date)
    TO aidcase_leader, aidcase_bureau, aidcase_inspector, aidcase_finance, aidcase_analyst, aidcase_admin;

-- The same by unit and programme, with what it costs.
CREATE OR REPLACE FUNCTION aidcase.simulate(changes jsonb, area text, on_date date)
RETURNS TABLE (
    unit_code  text,
    unit_name  text,
    programme  text,
    change     text,
    households bigint,
    persons    bigint,
    monthly_before numeric,
    monthly_after  numeric,
    monthly_difference numeric,
    yearly_difference  numeric,
    case_ids   bigint[])
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT u.unit_code, n.name, s.programme, s.change, count(*), sum(s.persons),
       sum(s.amount_before), sum(s.amount_after), sum(s.amount_after - s.amount_before),
       12 * sum(s.amount_after - s.amount_before), array_agg(s.case_id ORDER BY s.case_id)
  FROM aidcase.simulate_cases(changes, area, on_date) AS s
  JOIN aidcase.programme AS g ON g.programme = s.programme
  JOIN aidcase.unit AS u ON u.unit_id = s.unit_id
  LEFT JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> simulate.on_date
 GROUP BY u.unit_code, n.name, g.sort, s.programme, s.change
 ORDER BY u.unit_code, g.sort, s.change;
END;
COMMENT ON FUNCTION aidcase.simulate(jsonb, text, date) IS
    '模拟参数、规则变动:按单位、项目列出纳入、退出、增加、减少的户数人数和月、年支出变化,附户号;不写入 / what if parameters or rules were others: who enters, leaves, gains, loses, by unit and programme, with the monthly and yearly cost and the cases; writes nothing';
REVOKE ALL ON FUNCTION aidcase.simulate(jsonb, text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.simulate(jsonb, text, date)
    TO aidcase_leader, aidcase_bureau, aidcase_inspector, aidcase_finance, aidcase_analyst, aidcase_admin;

-- After a new standard or a change of rules: every award in the area that runs
-- in the month (that of the date, or the next where it is not the first) or
-- later is computed again from the facts it rests on, by the rules of its
-- acceptance and the amounts of the month.  Where the amount differs, the
-- award ends before the first month that is not paid yet, and a new one goes
-- on from there.  What a computation cannot decide is listed for a review and
-- stays: a household that is no longer eligible, an amount that a decider set
-- himself (unless parameter reassess_manual is on), an amount that was taken
-- over and rests on no determination, other members than were granted.  In a gradual exit the base stays and
-- only the add-ons are computed again.  A second call finds nothing.
CREATE OR REPLACE FUNCTION aidcase.reassess(area text, on_date date)
RETURNS TABLE (
    case_id    bigint,
    unit_code  text,
    programme  text,
    outcome    text,
    reason     text,
    from_month date,
    amount_before numeric,
    amount_after  numeric,
    difference numeric,
    owed       numeric,
    award_id   bigint,
    new_award_id bigint,
    reassessment_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    the_month date;
    start     date;
    the_id    bigint;
    examined  bigint := 0;
    changed   bigint;
    to_review bigint;
    n         bigint;
    nested    text := current_setting('enable_nestloop');
BEGIN
    IF area IS NULL OR area !~ '^(0|[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?)$' OR on_date IS NULL OR NOT isfinite(on_date) THEN
        RAISE EXCEPTION 'area and date of a reassessment must be given'
            USING ERRCODE = '22023',
                  DETAIL = 'The area is the code of a village, a unit or the district, or of an area above it.',
                  HINT = 'Example: SELECT * FROM aidcase.reassess(''340705'', ''2021-07-01'').';
    END IF;
    IF NOT pg_has_role(session_user, 'aidcase_owner', 'USAGE') THEN
        PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}',
            (SELECT u.unit_id FROM aidcase.unit AS u JOIN aidcase.register AS r ON r.area_code = u.unit_code),
            'reassess benefits');
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a reassessment must be made at isolation level READ COMMITTED'
            USING ERRCODE = '25001',
                  DETAIL = 'At a higher level it could miss what was decided or paid meanwhile.',
                  HINT = 'Begin the transaction with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
    the_month := date_trunc('month', on_date::timestamp)::date;
    IF the_month <> on_date THEN
        the_month := (the_month + interval '1 month')::date;
    END IF;

    -- decisions, rolls and other reassessments that touch these awards wait,
    -- or are waited for
    PERFORM FROM aidcase.award AS a
      JOIN aidcase.aid_case AS c ON c.case_id = a.case_id
      JOIN aidcase.unit AS v ON v.unit_id = c.village_id
     WHERE a.months && daterange(the_month, NULL) AND area = ANY (aidcase.area_chain(v.unit_code))
     ORDER BY a.award_id FOR NO KEY UPDATE OF a;

    the_id := nextval(pg_get_serial_sequence('aidcase.reassessment', 'reassessment_id'));
    FOR start IN
        SELECT DISTINCT greatest(lower(a.months), the_month)
          FROM aidcase.award AS a
          JOIN aidcase.aid_case AS c ON c.case_id = a.case_id
          JOIN aidcase.unit AS v ON v.unit_id = c.village_id
         WHERE a.months && daterange(the_month, NULL) AND area = ANY (aidcase.area_chain(v.unit_code))
         ORDER BY 1
    LOOP
        -- the planner knows the size of neither side of what is joined here
        PERFORM set_config('enable_nestloop', 'off', true);
        WITH running AS MATERIALIZED (
            SELECT a.*, c.unit_id AS handling_unit, v.unit_code AS village,
                   g.exclusion_group, d.amount AS determined
              FROM aidcase.award AS a
              JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring AND g.cash
              JOIN aidcase.aid_case AS c ON c.case_id = a.case_id
              JOIN aidcase.unit AS v ON v.unit_id = c.village_id
              LEFT JOIN aidcase.determination AS d ON d.determination_id = a.determination_id
             WHERE a.months && daterange(the_month, NULL) AND greatest(lower(a.months), the_month) = start
               AND area = ANY (aidcase.area_chain(v.unit_code))
        ), computed AS MATERIALIZED (
            SELECT x.round_id, x.programme, x.eligible, x.members, x.persons, x.base_amount, x.addon_amount, x.care_amount,
                   x.amount, x.potential_addon, x.illustrative
              FROM aidcase.assess(ARRAY(SELECT DISTINCT w.round_id FROM running AS w ORDER BY 1), on_date, NULL, start, false,
                                ARRAY(SELECT DISTINCT w.programme FROM running AS w ORDER BY 1)) AS x
        ), part AS (
            SELECT p.award_id, p.amount AS base
              FROM aidcase.award_component AS p
             WHERE p.component = 'base' AND p.award_id IN (SELECT w.award_id FROM running AS w WHERE w.phase = 'gradual_exit')
        ), paid AS MATERIALIZED (
            SELECT p.case_id, p.programme, max(p.benefit_month) AS until
              FROM aidcase.payment AS p
             WHERE p.benefit_month >= start AND p.line_kind IN ('current', 'arrears')
             GROUP BY p.case_id, p.programme
        ), manual AS MATERIALIZED (
            SELECT m.village, m.programme,
                   coalesce((SELECT p.value = 0 FROM aidcase.parameter_row('reassess_manual', m.village, start, m.programme) AS p), true) AS kept
              FROM (SELECT DISTINCT w.village, w.programme FROM running AS w) AS m
        ), judged AS (
            SELECT w.award_id, w.case_id, w.handling_unit, w.programme, w.amount AS before, w.phase, x.illustrative,
                   CASE WHEN w.phase = 'gradual_exit' THEN b.base ELSE x.base_amount END AS base,
                   CASE WHEN w.phase = 'gradual_exit' THEN x.potential_addon ELSE x.addon_amount END AS addon,
                   CASE WHEN w.phase = 'gradual_exit' THEN 0 ELSE x.care_amount END AS care,
                   daterange(greatest(start, (t.until + interval '1 month')::date), upper(w.months)) AS months,
                   -- months paid at the former amount
                   CASE WHEN t.until IS NULL THEN 0
                        ELSE 12 * extract(year FROM age(t.until, start)) + extract(month FROM age(t.until, start)) + 1 END AS months_paid,
                   CASE WHEN w.phase = 'gradual_exit' THEN NULL
                        WHEN w.determined IS NULL OR m.kept AND w.reassessment_id IS NULL AND w.amount <> w.determined THEN 'manual_decision'
                        WHEN NOT x.eligible THEN 'no_longer_eligible'
                        WHEN coalesce(cardinality(x.persons), x.members) <> w.persons THEN 'members_differ' END AS reason
              FROM running AS w
              JOIN computed AS x ON x.round_id = w.round_id AND x.programme = w.programme
              JOIN manual AS m ON m.village = w.village AND m.programme = w.programme
              LEFT JOIN part AS b ON b.award_id = w.award_id
              LEFT JOIN paid AS t ON t.case_id = w.case_id AND t.programme = w.programme
        ), listed AS (
            INSERT INTO aidcase.reassessment_item (reassessment_id, case_id, unit_id, programme, award_id, outcome, reason, months,
                   amount_before, base_amount, addon_amount, care_amount, amount_after, difference, owed, illustrative)
            SELECT the_id, j.case_id, j.handling_unit, j.programme, j.award_id,
                   CASE WHEN j.reason IS NOT NULL THEN 'review' WHEN j.phase = 'gradual_exit' THEN 'gradual_exit' ELSE 'changed' END,
                   j.reason, j.months, j.before, j.base, j.addon, j.care, j.base + j.addon + j.care,
                   j.base + j.addon + j.care - j.before,
                   CASE WHEN j.reason IS NULL THEN j.months_paid * (j.base + j.addon + j.care - j.before) ELSE 0 END,
                   j.illustrative
              FROM judged AS j
             WHERE NOT isempty(j.months) AND j.base + j.addon + j.care <> j.before
               AND (j.reason IS NULL OR NOT EXISTS (     -- told before
                    SELECT FROM aidcase.reassessment_item AS i
                     WHERE i.award_id = j.award_id AND i.outcome = 'review' AND i.reason = j.reason
                       AND i.amount_after = j.base + j.addon + j.care))
             ORDER BY j.award_id
        )
        SELECT count(*) INTO n FROM running;
        examined := examined + n;
        PERFORM set_config('enable_nestloop', nested, true);
    END LOOP;

    SELECT count(*) FILTER (WHERE i.outcome <> 'review'), count(*) FILTER (WHERE i.outcome = 'review') INTO changed, to_review
      FROM aidcase.reassessment_item AS i WHERE i.reassessment_id = the_id;
    IF changed + to_review = 0 THEN
        RETURN;
    END IF;
    INSERT INTO aidcase.reassessment (reassessment_id, area_code, on_date, month, made_at, made_by, awards, changed, to_review)
    VALUES (the_id, reassess.area, reassess.on_date, the_month, aidcase.now_here(), aidcase.current_staff(), examined, changed, to_review);

    UPDATE aidcase.award AS a
       SET months = CASE WHEN lower(a.months) < lower(i.months) THEN daterange(lower(a.months), lower(i.months)) ELSE 'empty' END,
           stop_reason = 'reassessed'
      FROM aidcase.reassessment_item AS i
     WHERE i.reassessment_id = the_id AND i.outcome <> 'review' AND a.award_id = i.award_id;
    UPDATE aidcase.award_person AS q
       SET months = CASE WHEN lower(q.months) < lower(i.months) THEN daterange(lower(q.months), lower(i.months)) ELSE 'empty' END
      FROM aidcase.reassessment_item AS i
     WHERE i.reassessment_id = the_id AND i.outcome <> 'review' AND q.award_id = i.award_id;
    INSERT INTO aidcase.award (case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence,
                               phase, reassessment_id, replaces_award_id)
    SELECT a.case_id, a.round_id, a.determination_id, a.unit_id, a.programme, i.months, i.amount_after, a.persons, a.residence,
           a.phase, the_id, a.award_id
      FROM aidcase.reassessment_item AS i
      JOIN aidcase.award AS a ON a.award_id = i.award_id
     WHERE i.reassessment_id = the_id AND i.outcome <> 'review' AND i.amount_after > 0
     ORDER BY i.award_id;
    INSERT INTO aidcase.award_component (award_id, case_id, component, amount)
    SELECT a.award_id, a.case_id, v.component, v.amount
      FROM aidcase.award AS a
      JOIN aidcase.reassessment_item AS i ON i.reassessment_id = the_id AND i.award_id = a.replaces_award_id
     CROSS JOIN LATERAL (VALUES ('base', i.base_amount), ('addon', i.addon_amount), ('care', i.care_amount)) AS v (component, amount)
     WHERE a.reassessment_id = the_id AND (v.component = 'base' OR v.amount > 0)
     ORDER BY a.award_id, v.component COLLATE "C";
    INSERT INTO aidcase.award_person (award_id, case_id, member_id, citizen_id, exclusion_group, months)
    SELECT a.award_id, a.case_id, q.member_id, q.citizen_id, q.exclusion_group, a.months
      FROM aidcase.award AS a
      JOIN aidcase.award_person AS q ON q.award_id = a.replaces_award_id
     WHERE a.reassessment_id = the_id
     ORDER BY a.award_id, q.member_id;

    PERFORM set_config('enable_nestloop', 'off', true);
    RETURN QUERY
    SELECT i.case_id, u.unit_code, i.programme, i.outcome, i.reason, lower(i.months), i.amount_before::numeric,
           i.amount_after::numeric, i.difference::numeric, i.owed::numeric, i.award_id, a.award_id, i.reassessment_id
      FROM aidcase.reassessment_item AS i
      JOIN aidcase.unit AS u ON u.unit_id = i.unit_id
      LEFT JOIN aidcase.award AS a ON a.replaces_award_id = i.award_id AND a.reassessment_id = the_id
     WHERE i.reassessment_id = the_id
     ORDER BY u.unit_code, i.case_id, i.programme, lower(i.months);
    PERFORM set_config('enable_nestloop', nested, true);
END
$$;
COMMENT ON FUNCTION aidcase.reassess(text, date) IS
    '标准或规则调整后重新核算:按原事实、按当月数额逐户重算,金额有变的自首个未发月份起生成新待遇,列出变化;不再符合、人工决定的列入复核而不改动;渐退期只重算分类施保;可重复执行 / after a new standard or rule: awards of the area computed again, new ones from the first month not paid where the amount differs, and the list of who changes by how much; what needs a decision is listed for review; a second call finds nothing';
REVOKE ALL ON FUNCTION aidcase.reassess(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.reassess(text, date) TO aidcase_bureau;
