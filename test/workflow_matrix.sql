-- The procedures as they are in the data against the engine: for every state,
-- every action and every post of every version, the answer is the table's.
--
-- One row of each subject is put into each state of each version by a
-- superuser's bypass (replica role: no trigger fires); then somebody who holds
-- one post only asks and tries.  A try that is refused makes the session read
-- the procedures again, so in time zones beside UTC it only asks.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(9);
\ir parts/household.sql
SELECT pg_temp.clock('2021-04-06 09:00+08');
SELECT pg_temp.by_login('t_clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('m', '340705100', '340705100201', '{1}', 300, '2021-04-06'))) AS r \gset

-- a member of staff for each post
SELECT contract_provider('{"code": "91340700TEST00001X", "name": "x", "contracts": [{"unit": "340705100", "no": "1", "from": "2021-01-01", "to": "2021-12-31"}]}') AS provider \gset
CREATE TEMP TABLE actor AS
SELECT p.post, p.level, enrol_staff(jsonb_build_object('staff_no', 'mx-' || p.sort, 'name', p.post, 'employed_from', '2020-01-01',
           'posts', jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('post', p.post, 'from', '2020-01-01',
               'unit', CASE p.level WHEN 'village' THEN '340705100201' WHEN 'district' THEN '340705' ELSE '340705100' END,
               'provider', CASE p.level WHEN 'provider' THEN '91340700TEST00001X' END))))) AS staff_id
  FROM post AS p;
SELECT cmp_ok((SELECT count(*) FROM actor), '>=', 13::bigint, 'a member of staff for each post');

-- A row of a subject: what must not be null has a value that its type and its
-- codes allow; keys of the household and the unit where the column asks.
CREATE FUNCTION pg_temp.make_row(subject text, r bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    names  text;
    vals   text;
    key    text;
    id     bigint;
BEGIN
    IF subject = 'case_round' THEN
        RETURN r;
    END IF;
    SELECT a.attname INTO key FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid = format('aidcase.%I', subject)::regclass AND i.indisprimary;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
           string_agg(CASE
               WHEN a.attname IN ('case_id', 'unit_id') THEN (SELECT CASE a.attname WHEN 'case_id' THEN c.case_id ELSE c.unit_id END
                        FROM aidcase.case_round AS c WHERE c.round_id = r)::text
               -- where a move asks for the post at another unit: below the one where posts are held
               WHEN a.attname = 'to_unit_id' THEN aidcase.unit_id('340705100201')::text
               WHEN a.attname LIKE '%round_id' THEN r::text
               WHEN a.attname = 'workflow_id' THEN (SELECT min(w.workflow_id) FROM aidcase.workflow AS w WHERE w.subject = make_row.subject)::text
               WHEN t.typname = 'text' THEN quote_literal(coalesce((SELECT l.code FROM aidcase.label AS l
                        WHERE l.code_set = make_row.subject || '.' || a.attname ORDER BY l.sort LIMIT 1), 'x'))
               WHEN t.typname IN ('date') THEN quote_literal('2021-04-01')
               WHEN t.typname = 'timestamptz' THEN quote_literal('2021-04-06 09:00+08')
               WHEN t.typname = 'daterange' THEN quote_literal('[2021-04-01,)')
               WHEN t.typname = 'bool' THEN 'false'
               WHEN t.typname = 'bytea' THEN 'sha256('''')'
               WHEN a.attname = 'findings' THEN quote_literal('{1}')
               WHEN a.attname = 'least_rate' THEN '2'
               WHEN t.typcategory = 'A' THEN quote_literal('{}')
               WHEN t.typname = 'jsonb' THEN quote_literal('{}')
               ELSE '1' END, ', ' ORDER BY a.attnum)
      INTO names, vals
      FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
     WHERE a.attrelid = format('aidcase.%I', subject)::regclass AND a.attnum > 0 AND NOT a.attisdropped
       AND (a.attnotnull OR a.attname IN ('occurred_at', 'case_id', 'unit_id', 'workflow_id')) AND a.attidentity = '' AND a.attgenerated = ''
       AND (NOT a.atthasdef OR a.attname IN ('occurred_at', 'state'));
    EXECUTE format('INSERT INTO aidcase.%I (%s) VALUES (%s) RETURNING %I', subject, names, vals, key) INTO id;
    RETURN id;
EXCEPTION WHEN check_violation OR not_null_violation OR datatype_mismatch OR invalid_text_representation THEN
    RETURN NULL;            -- its rows are not so simple
END
$$;
CREATE TEMP TABLE subject (subject text PRIMARY KEY, id bigint, key text);
SET session_replication_role = replica;
INSERT INTO subject
SELECT w.subject, pg_temp.make_row(w.subject, :r), (SELECT a.attname FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE i.indrelid = format('aidcase.%I', w.subject)::regclass AND i.indisprimary)
  FROM (SELECT DISTINCT w.subject FROM workflow AS w) AS w;
SET session_replication_role = origin;
SELECT diag('no row is made of ' || string_agg(subject, ', ')) FROM subject WHERE id IS NULL HAVING count(*) > 0;
SELECT is((SELECT count(*) FROM subject WHERE id IS NOT NULL AND subject IN ('case_round', 'payment_roll', 'objection')), 3::bigint, 'rounds, rolls and objections at least are tried');

-- The row in a state of a version.
CREATE FUNCTION pg_temp.put(subject text, id bigint, key text, workflow bigint, state text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE format('UPDATE aidcase.%I SET workflow_id = $1, state = $2 WHERE %I = $3', subject, key) USING workflow, state, id;
    SET LOCAL session_replication_role = origin;
END
$$;
-- What a command ends in: SQLSTATE, message, detail; nothing of it stays.
CREATE FUNCTION pg_temp.try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE command;
    RAISE EXCEPTION USING ERRCODE = 'P0009', MESSAGE = 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || '|' || SQLERRM || '|' || detail;
END
$$;

CREATE TEMP TABLE wrong (what text);
CREATE TEMP TABLE tried (what text, n bigint);
CREATE FUNCTION pg_temp.matrix() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tries CONSTANT boolean := current_setting('TimeZone') = 'UTC';
    s record; a record; t record; answer text; asked bigint := 0; moved bigint := 0; unknown bigint := 0; jumped bigint := 0;
BEGIN
    FOR s IN SELECT w.workflow_id, w.name, w.version, x.*, e.state, e.frozen
               FROM aidcase.workflow AS w JOIN subject AS x USING (subject) JOIN aidcase.workflow_state AS e USING (workflow_id)
              WHERE x.id IS NOT NULL ORDER BY w.workflow_id, e.sort LOOP
        PERFORM pg_temp.put(s.subject, s.id, s.key, s.workflow_id, s.state);
        FOR a IN SELECT * FROM actor LOOP
            PERFORM aidcase.act_as(a.staff_id);
            -- every action that the table has from here, and no other; refused for the post where it does not list it
            INSERT INTO wrong
            SELECT format('%s %s: %s/%s for %s: engine %s, table %s', s.name, s.version, s.state, coalesce(n.action, m.action), a.post, n, m)
              FROM (SELECT n.action, n.to_state, array_to_string(n.unmet, ' ') ~ 'It needs (the post|one of the posts) ' AS lacks
                      FROM aidcase.next_actions(s.subject, s.id) AS n) AS n
              FULL JOIN (SELECT m.action, m.to_state, NOT (a.post = ANY (m.posts) AND a.level <> 'village') AS lacks
                           FROM aidcase.workflow_transition AS m WHERE m.workflow_id = s.workflow_id AND m.from_state = s.state) AS m
                USING (action, to_state, lacks)
             WHERE n IS NULL OR m IS NULL;
            asked := asked + 1;
            -- tried by who lacks the post, a move of the table is refused for that
            FOR t IN SELECT m.action FROM aidcase.workflow_transition AS m
                      WHERE tries AND m.workflow_id = s.workflow_id AND m.from_state = s.state
                        AND NOT (a.post = ANY (m.posts) AND a.level <> 'village') LOOP
                answer := pg_temp.try(format('SELECT aidcase.advance(%L, %s, %L)', s.subject, s.id, t.action));
                IF answer NOT LIKE 'ZA003|cannot ' || t.action || ': % not met|%It needs %post%' THEN
                    INSERT INTO wrong VALUES (format('%s %s: %s/%s by %s: %s', s.name, s.version, s.state, t.action, a.post, answer));
                END IF;
                moved := moved + 1;
            END LOOP;
        END LOOP;
        -- an action of the version that the state does not have, and a state that no move leads to
        FOR t IN SELECT DISTINCT m.action FROM aidcase.workflow_transition AS m WHERE tries AND m.workflow_id = s.workflow_id
                 EXCEPT SELECT m.action FROM aidcase.workflow_transition AS m WHERE m.workflow_id = s.workflow_id AND m.from_state = s.state LOOP
            answer := pg_temp.try(format('SELECT aidcase.advance(%L, %s, %L)', s.subject, s.id, t.action));
            IF answer NOT LIKE format('ZA003|cannot %s from state "%s"|%%', t.action, s.state) THEN
                INSERT INTO wrong VALUES (format('%s %s: %s has %s: %s', s.name, s.version, s.state, t.action, answer));
            END IF;
            unknown := unknown + 1;
        END LOOP;
        FOR t IN SELECT e.state FROM aidcase.workflow_state AS e WHERE tries AND e.workflow_id = s.workflow_id AND e.state <> s.state
                 EXCEPT SELECT m.to_state FROM aidcase.workflow_transition AS m WHERE m.workflow_id = s.workflow_id AND m.from_state = s.state LOOP
            answer := pg_temp.try(format('UPDATE aidcase.%I SET state = %L WHERE %I = %s', s.subject, t.state, s.key, s.id));
            IF answer NOT LIKE format('ZA003|cannot move from state "%s" to state "%s"|%%', s.state, t.state) THEN
                INSERT INTO wrong VALUES (format('%s %s: from %s to %s: %s', s.name, s.version, s.state, t.state, answer));
            END IF;
            jumped := jumped + 1;
        END LOOP;
    END LOOP;
    INSERT INTO tried VALUES ('asked', asked), ('moved', moved), ('unknown', unknown), ('jumped', jumped);
END
$$;
SELECT pg_temp.matrix();
SELECT is_empty('SELECT what FROM wrong LIMIT 20', 'for every state, action and post the engine answers as the table says');
SELECT is((SELECT n FROM tried WHERE what = 'asked'), (SELECT count(*) FROM workflow AS w JOIN subject AS x USING (subject) JOIN workflow_state AS s USING (workflow_id), actor WHERE x.id IS NOT NULL),
    'every state was asked for every post');
SELECT cmp_ok((SELECT n FROM tried WHERE what = 'moved'), '>=', CASE current_setting('TimeZone') WHEN 'UTC' THEN 1500 ELSE 0 END::bigint, 'moves were tried without the post');
SELECT cmp_ok((SELECT n FROM tried WHERE what = 'unknown'), '>=', CASE current_setting('TimeZone') WHEN 'UTC' THEN 800 ELSE 0 END::bigint, 'actions that the state does not have');
SELECT cmp_ok((SELECT n FROM tried WHERE what = 'jumped'), '>=', CASE current_setting('TimeZone') WHEN 'UTC' THEN 1000 ELSE 0 END::bigint, 'and jumps past the moves');

-- every guard of the procedures is asked: with nothing done, each refuses in
-- the round or is met by the absence of what it looks for
SELECT is_empty($$SELECT g.guard FROM guard AS g WHERE NOT EXISTS (SELECT FROM workflow_transition AS t WHERE g.guard = ANY (t.guards))
    AND NOT EXISTS (SELECT FROM clock AS c WHERE c.only_if = g.guard)$$, 'no guard is left out of all procedures and clocks');
SELECT is_empty($$SELECT w.name, f FROM workflow AS w, workflow_faults(w.workflow_id) AS f$$, 'every version is whole');
SELECT * FROM finish();
ROLLBACK;
