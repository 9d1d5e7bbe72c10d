-- worked.sql: included by tests (\ir) that hold worked cases: table worked, a
-- household in words, pg_temp.work_out() which writes and determines them all.
--
-- A household in words: members with |, obligors after ;.  A member is the
-- birth date (a year alone = 15 June), then +kind=amount income, -kind=amount
-- expense, $kind=value property (m = a month, ! = verified, ~ = exempt,
-- *n = pieces), a disability with its level (limb2), ill, out (not counted),
-- f (female), nobody (whom he lives with owes him support), @prison:2021-01-05 (a situation and its day), hand (counted, or
-- with out not, by hand), partial or lost (work ability), care=111000c: the six items of
-- self-care met or not, c(entralised) or d(ispersed).  An obligor is
-- relation:persons/annual income/persons supported/paid a month, x = not able,
-- @prison a state, ~ = property as of a low-income household.

CREATE TEMP SEQUENCE next_id START 920000001;
CREATE TEMP TABLE worked (
    n        integer GENERATED ALWAYS AS IDENTITY,
    area     text NOT NULL DEFAULT '340705100201',
    kind     text NOT NULL DEFAULT 'application',
    accepted date NOT NULL DEFAULT '2021-07-05',
    on_date  date NOT NULL DEFAULT '2021-07-12',
    residence text NOT NULL DEFAULT 'urban',
    household text NOT NULL,
    programme text NOT NULL DEFAULT 'dibao',
    expected text NOT NULL,
    sum      text NOT NULL,         -- the arithmetic
    round_id bigint DEFAULT nextval('next_id'),
    got      text
);

-- Writes the facts of a household.
CREATE FUNCTION pg_temp.household(w worked) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part   text;
    token  text;
    f      text[];
    id     bigint;
BEGIN
    INSERT INTO aidcase.aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, entry_no)
    SELECT w.round_id, 'W' || w.n, t.unit_id, v.unit_id, w.residence, w.accepted, 0
      FROM aidcase.unit AS t, aidcase.unit AS v WHERE t.unit_code = left(w.area, 9) AND v.unit_code = w.area;
    INSERT INTO aidcase.case_round (round_id, case_id, unit_id, round_kind, round_no, workflow_id, state, channel,
                                    first_contact_at, handler_id, occurred_at, accepted_on, entry_no)
    SELECT w.round_id, w.round_id, c.unit_id, w.kind, 1, 1, 'visited', 'on_site', w.accepted, 1, w.accepted, w.accepted, 0
      FROM aidcase.aid_case AS c WHERE c.case_id = w.round_id;
    FOREACH part IN ARRAY string_to_array(split_part(w.household, ';', 1), '|') LOOP
        CONTINUE WHEN btrim(part) = '';
        id := nextval('next_id');
        f := string_to_array(btrim(part), ' ');
        INSERT INTO aidcase.case_member (member_id, case_id, round_id, person_id, name, birth_date, sex, relation, counted,
                                         not_counted_reason, situation, situation_since, count_exception, work_ability, health,
                                         disability_kind, disability_level, no_obligor_here, entry_no)
        SELECT id, w.round_id, w.round_id, id, '某', (CASE WHEN length(f[1]) = 4 THEN f[1] || '-06-15' ELSE f[1] END)::date,
               CASE WHEN 'f' = ANY (f) THEN 'female' ELSE 'male' END, 'other', 'out' <> ALL (f),
               CASE WHEN 'out' = ANY (f) THEN '服刑' END,
               (SELECT split_part(substr(t, 2), ':', 1) FROM unnest(f) AS t WHERE t ~ '^@'),
               (SELECT split_part(t, ':', 2)::date FROM unnest(f) AS t WHERE t ~ '^@'),
               CASE WHEN 'hand' = ANY (f) THEN '会议决定' END,
               CASE WHEN 'partial' = ANY (f) THEN 'partial' WHEN 'lost' = ANY (f) THEN 'lost' ELSE 'able' END,
               CASE WHEN 'ill' = ANY (f) THEN 'serious_illness' ELSE 'good' END, d.m[1], d.m[2]::smallint, 'nobody' = ANY (f), 0
          FROM (SELECT (SELECT regexp_match(t, '^(sight|hearing|speech|limb|intellectual|mental|multiple)([1-4])$')
                          FROM unnest(f) AS t WHERE t ~ '^(sight|hearing|speech|limb|intellectual|mental|multiple)[1-4]$')) AS d (m);
        FOREACH token IN ARRAY f LOOP
            IF token ~ '^[+$-]' THEN
                DECLARE
                    t text[] := regexp_match(token, '^([+$-])([a-z_]+)=(-?[0-9.]+)(m?)(?:\*([0-9]+))?([!~]?)$');
                    source text := CASE WHEN token ~ '!$' THEN 'verified' ELSE 'declared' END;
                    basis  text := CASE t[4] WHEN 'm' THEN 'month' ELSE 'year' END;
                BEGIN
                    IF t IS NULL THEN
                        RAISE EXCEPTION 'case %: token %', w.n, token;
                    ELSIF t[1] = '+' THEN
                        INSERT INTO aidcase.income_item (income_id, case_id, round_id, member_id, income_kind, amount, basis, source, entry_no)
                        VALUES (nextval('next_id'), w.round_id, w.round_id, id, t[2], t[3]::numeric, basis, source, 0);
                    ELSIF t[1] = '-' THEN
                        INSERT INTO aidcase.expense_item (expense_id, case_id, round_id, member_id, expense_kind, amount, basis, source, entry_no)
                        VALUES (nextval('next_id'), w.round_id, w.round_id, id, t[2], t[3]::numeric, basis, source, 0);
                    ELSE
                        INSERT INTO aidcase.property_item (property_id, case_id, round_id, member_id, property_kind, value, quantity, exempt_reason, source, entry_no)
                        VALUES (nextval('next_id'), w.round_id, w.round_id, id, t[2], t[3]::numeric, coalesce(t[5]::integer, 1),
                                CASE t[6] WHEN '~' THEN '生活必需' END, source, 0);
                    END IF;
                END;
            ELSIF token ~ '^care=' THEN
                INSERT INTO aidcase.self_care_assessment (case_id, round_id, member_id, assessed_on, eating, dressing, getting_up,
                                                          toilet, walking, bathing, support_mode, entry_no)
                SELECT w.round_id, w.round_id, id, w.accepted, b[1] = '1', b[2] = '1', b[3] = '1', b[4] = '1', b[5] = '1', b[6] = '1',
                       CASE b[7] WHEN 'c' THEN 'centralised' ELSE 'dispersed' END, 0
                  FROM (SELECT string_to_array(substr(token, 6), NULL) AS b) AS s;
            END IF;
        END LOOP;
    END LOOP;
    FOREACH part IN ARRAY string_to_array(split_part(w.household, ';', 2), ' ') LOOP
        CONTINUE WHEN btrim(part) = '';
        f := regexp_match(part, '^([a-z]+):([0-9]+)/(-?[0-9.]+)/([0-9]+)(?:/([0-9.]+))?(x?)(?:@([a-z0-9_]+))?(~?)$');
        IF f IS NULL THEN
            RAISE EXCEPTION 'case %: obligor %', w.n, part;
        END IF;
        INSERT INTO aidcase.obligor (obligor_id, case_id, round_id, name, relation, household_size, annual_income, persons_supported,
                                     paid_monthly, able, obligor_state, low_property, entry_no)
        VALUES (nextval('next_id'), w.round_id, w.round_id, '某', f[1], f[2]::smallint, f[3]::numeric, f[4]::smallint,
                coalesce(f[5]::numeric, 0), f[6] <> 'x', f[7], CASE f[8] WHEN '~' THEN true END, 0);
    END LOOP;
END
$$;

-- Writes the facts in replica mode, for it is about what is computed from
-- them, and determines all households of a date in one call.
CREATE FUNCTION pg_temp.work_out() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    PERFORM pg_temp.household(w) FROM worked AS w ORDER BY w.n;
    SET LOCAL session_replication_role = origin;
    PERFORM set_config('aidcase.clock', '2026-02-01 10:00+08', true);
    UPDATE worked AS w SET got = d.got
      FROM (SELECT d.round_id, d.programme,
                   CASE WHEN NOT d.eligible THEN d.reasons::text
                        WHEN d.minimum_amount IS NOT NULL THEN trim_scale(d.minimum_amount) || ' to ' || trim_scale(d.maximum_amount)
                        ELSE trim_scale(d.base_amount) || CASE WHEN d.addon_amount > 0 THEN '+' || trim_scale(d.addon_amount) ELSE '' END
                             || CASE WHEN d.care_amount > 0 THEN ' care ' || trim_scale(d.care_amount) ELSE '' END
                             || CASE WHEN d.persons IS NOT NULL THEN ' for ' || cardinality(d.persons) ELSE '' END
                   END AS got
              FROM (SELECT on_date, array_agg(round_id) AS rounds FROM worked GROUP BY on_date) AS g
             CROSS JOIN LATERAL aidcase.determine_rounds(g.rounds, g.on_date) AS d) AS d
     WHERE d.round_id = w.round_id AND d.programme = w.programme;
END
$$;
