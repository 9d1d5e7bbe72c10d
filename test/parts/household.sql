-- household.sql: included by tests (\ir) that need households on the road.
-- Everything is made in pg_temp, so it is gone with the session.
--
--   by_login(login, query)      what an ordinary login gets, as text
--   told(login, command)        all that it is told when refused, else '(done)'
--   by_staff(staff_no, query), staff_told(staff_no, command)
--                               the same through the pooled login t_town
--   application(...)            a document for file_case()
--   confirm(...)                a household from filing to its confirmation

-- An 18-character citizen number with its check character.
CREATE FUNCTION pg_temp.citizen(area text, birth date, sequence integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (SELECT b || substr('10X98765432', 1 + (sum(substr(b, i, 1)::integer
                  * (ARRAY[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])[i]) % 11)::integer, 1)
          FROM (SELECT area || to_char(birth, 'YYYYMMDD') || lpad(sequence::text, 3, '0')) AS x (b),
               generate_series(1, 17) AS i GROUP BY b);

CREATE FUNCTION pg_temp.by_login(login text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
    EXECUTE query INTO answer;
    RESET SESSION AUTHORIZATION;
    RETURN answer;
END
$$;
CREATE FUNCTION pg_temp.command(login text, command text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
    EXECUTE command;
    GET DIAGNOSTICS n = ROW_COUNT;
    RESET SESSION AUTHORIZATION;
    RETURN n;
END
$$;
CREATE FUNCTION pg_temp.told(login text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail  text;
    hint    text;
BEGIN
    PERFORM pg_temp.command(login, command);
    RETURN '(done)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || message || '|' || detail || '|' || hint;
END
$$;
CREATE FUNCTION pg_temp.by_staff(no text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    who bigint := (SELECT staff_id FROM aidcase.staff WHERE staff_no = no);
    answer text;
BEGIN
    SET LOCAL SESSION AUTHORIZATION t_town;
    PERFORM aidcase.act_as(who);
    EXECUTE query INTO answer;
    RESET SESSION AUTHORIZATION;
    RETURN answer;
END
$$;

CREATE FUNCTION pg_temp.staff_told(no text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail  text;
    hint    text;
BEGIN
    PERFORM pg_temp.by_staff(no, command);
    RETURN '(done)';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || message || '|' || detail || '|' || hint;
END
$$;

-- A household of adults (by number; the first severely disabled) who live on
-- income yuan a month together: dibao with an add-on in 2021.
CREATE FUNCTION pg_temp.person(n integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN pg_temp.citizen('340705', '1970-01-01'::date + n % 3000, 2 * (n / 3000) + 1);
CREATE FUNCTION pg_temp.application(key text, unit text, village text, persons integer[], income numeric,
    signed date, payee boolean DEFAULT true) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object('outside_key', 'T-' || key, 'unit', unit, 'village', village, 'residence', 'rural',
    'channel', 'on_site', 'address', '测试路1号', 'causes', '["illness"]'::jsonb,
    'members', (SELECT jsonb_agg(jsonb_build_object('key', 'm' || i, 'name', '户' || key || '成员' || i,
                    'citizen_id', pg_temp.person(p), 'relation', CASE i WHEN 1 THEN 'head' ELSE 'sibling' END,
                    'applicant', i = 1, 'work_ability', 'partial')
                    || CASE WHEN i = 1 THEN '{"disability_kind": "sight", "disability_level": 2}'::jsonb ELSE '{}' END ORDER BY i)
                  FROM unnest(persons) WITH ORDINALITY AS x (p, i)),
    'income', jsonb_build_array(jsonb_build_object('member', 'm1', 'kind', 'transfer_other',
                    'amount', income::numeric(14,2)::text, 'basis', 'month')),
    'commitment', jsonb_build_object('member', 'm1', 'text_version', '1', 'signed_on', signed,
                    'sha256', encode(sha256('1'), 'hex')),
    'authorisations', (SELECT jsonb_agg(jsonb_build_object('member', 'm' || i, 'text_version', '1', 'signed_on', signed,
                    'valid_until', signed + 365, 'sha256', encode(sha256('2'), 'hex')) ORDER BY i)
                  FROM unnest(persons) WITH ORDINALITY AS x (p, i)))
    || CASE WHEN payee THEN jsonb_build_object('payee', jsonb_build_object('kind', 'person',
                    'holder_name', '户' || key || '成员1', 'bank', '农商行', 'account_no',
                    '62' || lpad(abs(hashtext(key))::text, 14, '0'))) ELSE '{}' END;

-- The clock as JSON has it, and set for the rest of the transaction.
CREATE FUNCTION pg_temp.clock(at timestamptz) RETURNS void LANGUAGE sql AS
$$ SELECT set_config('aidcase.clock', at::text, true) $$;
CREATE FUNCTION pg_temp.iso(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');

-- The parts of the road; they are members of one unit's staff, whose numbers
-- begin with the same letter.
CREATE FUNCTION pg_temp.check_all(r bigint) RETURNS void LANGUAGE sql AS $$
    SELECT aidcase.record_check(jsonb_build_object('round_id', r, 'reference_no', 'k' || r,
        'requested_at', pg_temp.iso(aidcase.now_here()), 'returned_at', pg_temp.iso(aidcase.now_here()),
        'results', (SELECT jsonb_agg(jsonb_build_object('member', m.member_id, 'outcome', 'clean'))
                      FROM aidcase.case_member AS m WHERE m.round_id = r)));
$$;
CREATE FUNCTION pg_temp.visit(r bigint, letter text) RETURNS bigint LANGUAGE sql AS $$
    SELECT aidcase.record_visit(jsonb_build_object('round_id', r, 'visited_at', pg_temp.iso(aidcase.now_here()),
        'visitors', jsonb_build_array(letter || '-visitor1', letter || '-visitor2'), 'outcome', 'seen', 'report', '如实'));
$$;
-- Grants what was found eligible; of programmes that exclude each other the
-- first by priority.
CREATE FUNCTION pg_temp.evaluate(r bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT aidcase.record_evaluation(jsonb_build_object('round_id', r, 'summary', '困难', 'opinion', (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('matter', CASE d.programme WHEN 'temp_assistance' THEN 'emergency' ELSE 'living' END,
                   'programme', d.programme, 'department', 'civil_affairs',
                   'outcome', CASE WHEN d.granted THEN 'granted' ELSE 'refused' END,
                   'refusal_reason', CASE WHEN NOT d.granted THEN coalesce(d.reasons[1], 'exclusive_programme') END)) ORDER BY d.determination_id)
          FROM (SELECT e.*, e.eligible AND e.programme <> 'temp_assistance' AND NOT EXISTS (
                        SELECT FROM aidcase.determination AS f JOIN aidcase.programme AS g USING (programme)
                          JOIN aidcase.programme AS h ON h.programme = e.programme AND h.exclusion_group = g.exclusion_group
                         WHERE f.round_id = r AND f.eligible AND g.class_priority < h.class_priority) AS granted
                  FROM aidcase.determination AS e WHERE e.round_id = r) AS d)));
$$;
CREATE FUNCTION pg_temp.meeting(r bigint, letter text, unit text) RETURNS bigint LANGUAGE sql AS $$
    SELECT aidcase.hold_meeting(jsonb_build_object('unit', unit, 'minutes_no', 'm' || r,
        'held_at', pg_temp.iso(aidcase.now_here()),
        'attendance', jsonb_build_array(letter || '-group1', letter || '-group2', letter || '-group3'),
        'decisions', jsonb_build_array(jsonb_build_object('round_id', r, 'votes', (
            SELECT jsonb_agg(jsonb_build_object('staff', letter || '-group' || i, 'vote', CASE WHEN EXISTS (
                        SELECT FROM aidcase.assistance_opinion AS o WHERE o.round_id = r AND o.outcome = 'granted' AND NOT o.void)
                   THEN 'agree' ELSE 'against' END) ORDER BY i)
              FROM generate_series(1, 3) AS i)))));
$$;

-- A round as far as it waits for the decision of the unit, all on one day.
CREATE FUNCTION pg_temp.in_review(r bigint, letter text, unit text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT aidcase.advance(%1$s, 'accept'), pg_temp.check_all(%1$s)$q$, r));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT aidcase.advance(%1$s, 'check')$q$, r));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT pg_temp.visit(%1$s, %2$L)$q$, r, letter));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT aidcase.advance(%1$s, 'visit')$q$, r));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT count(*) FROM aidcase.determine(%1$s)$q$, r));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT aidcase.advance(%1$s, 'determine')$q$, r));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT pg_temp.evaluate(%1$s)$q$, r));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT aidcase.advance(%1$s, 'evaluate')$q$, r));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT aidcase.advance(%1$s, 'submit')$q$, r));
    PERFORM pg_temp.by_staff(letter || '-clerk', format($q$SELECT pg_temp.meeting(%1$s, %2$L, %3$L)$q$, r, letter, unit));
END
$$;
CREATE FUNCTION pg_temp.decide(r bigint, letter text, unit text, at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.clock(at);
    RETURN pg_temp.by_staff(letter || '-group1',
        format($q$SELECT aidcase.advance(%s, 'confirm', NULL, '{"minutes_no": "m%1$s"}')$q$, r));
END
$$;
-- Files a household at 09:00 of the working day before and confirms it.
CREATE FUNCTION pg_temp.confirm(key text, unit text, village text, persons integer[], income numeric,
    decided_at timestamptz, payee boolean DEFAULT true) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    letter text := CASE unit WHEN '340705100' THEN 'x' WHEN '340705005' THEN 'd' ELSE 'w' END;
    day timestamptz := aidcase.midnight_here(aidcase.workday_on_or_before(aidcase.date_here(decided_at) - 1)) + interval '9 hours';
    r bigint;
BEGIN
    PERFORM pg_temp.clock(day);
    r := pg_temp.by_staff(letter || '-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
            pg_temp.application(key, unit, village, persons, income, aidcase.today(), payee)));
    PERFORM pg_temp.in_review(r, letter, unit);
    PERFORM pg_temp.decide(r, letter, unit, decided_at);
    RETURN r;
END
$$;
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', pg_my_temp_schema()::regnamespace); END $$;
