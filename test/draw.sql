-- Draws: in their order only, of exact size, derived again by anybody.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(114);
\ir parts/household.sql
\ir parts/draw.sql

-- staff of a second unit
SELECT count(enrol_staff(jsonb_build_object('staff_no', 'd-' || v.no, 'name', '东郊' || v.no, 'employed_from', '2020-01-01',
           'posts', jsonb_build_array(jsonb_build_object('unit', '340705005', 'post', v.post, 'from', '2020-01-01')))))
  FROM (VALUES ('visitor1', 'investigator'), ('visitor2', 'investigator'), ('group1', 'group_member'),
               ('group2', 'group_member'), ('group3', 'group_member')) AS v (no, post);
SELECT make_review_group('340705005', '东郊小组', '2020-01-01', '[{"staff":"d-group1","capacity":"party_lead"},
    {"staff":"d-group2","capacity":"government_lead"},{"staff":"d-group3","capacity":"department"}]') > 0 AS made;

-- ten confirmations of one unit and four of the other
CREATE TEMP TABLE round AS
SELECT n, pg_temp.confirm(n::text, u, u || CASE u WHEN '340705100' THEN '201' ELSE '002' END, ARRAY[n], 100,
                          CASE WHEN n = 14 THEN '2021-05-03 10:00+08' ELSE '2021-04-12 10:00+08' END::timestamptz + n % 5 * interval '1 hour') AS round_id, u AS unit
  FROM (SELECT n, CASE WHEN n <= 10 THEN '340705100' ELSE '340705005' END AS u FROM generate_series(1, 14) AS n ORDER BY n) AS x;
SELECT pg_temp.clock('2021-05-06 10:00+08');
CREATE FUNCTION pg_temp.plan(name text, method text DEFAULT 'rivest', numerator integer DEFAULT NULL, denominator integer DEFAULT NULL,
    minimum integer DEFAULT 1, period daterange DEFAULT '[2021-04-01,2021-05-01)') RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.plan_draw(%L, %L, %L, %L, %L, %L)', name, period, method, numerator, denominator, minimum))::bigint $$;
CREATE FUNCTION pg_temp.plan_told(arguments text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.told('t_bureau', 'SELECT aidcase.plan_draw(' || arguments || ')') $$;
CREATE FUNCTION pg_temp.freeze(draw bigint) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.by_login('t_bureau', format('SELECT aidcase.freeze_draw(%s)', draw)) $$;
CREATE FUNCTION pg_temp.sample(draw bigint, unit text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(round_id::text, ' ' ORDER BY rank) FROM aidcase.draw_item WHERE draw_id = draw AND selected AND stratum LIKE unit || '%' $$;

-- ---------------------------------------------------------------------
-- The plan

SELECT alike(pg_temp.told(l, $$SELECT aidcase.plan_draw('p', '[2021-04-01,2021-05-01)')$$), '42501 permission denied for function plan_draw|%', l || ' plans no draw')
  FROM unnest(ARRAY['t_clerk', 't_leader', 't_inspector', 't_payer', 't_admin']) AS l;
CREATE ROLE t_nobody LOGIN IN ROLE aidcase_bureau;
SELECT alike(pg_temp.told('t_nobody', $$SELECT aidcase.plan_draw('p', '[2021-04-01,2021-05-01)')$$), 'ZA005 nobody acts in this session|%', 'nor nobody');
CREATE ROLE t_elsewhere LOGIN IN ROLE aidcase_bureau;
SELECT enrol_staff('{"staff_no": "x-group4", "login": "t_elsewhere"}') > 0 AS enrolled;
SELECT is(pg_temp.told('t_elsewhere', $$SELECT aidcase.plan_draw('p', '[2021-04-01,2021-05-01)')$$),
    '42501 permission denied to plan a draw|It needs one of the posts bureau_clerk, bureau_leader at the unit or above it.|Ask somebody who holds the post.', 'nor who has the role but not the post');
SELECT is(pg_temp.plan_told($$' ', '[2021-04-01,)', 'dice', 3, NULL, -1$$),
    'ZA007 the plan of the draw has 5 faults|The rate needs both its numerator and its denominator.
The draw needs a name.
The period needs a first and a last day.
The method must be "rivest" or "hex".
The minimum of a stratum cannot be negative.|Example: SELECT aidcase.plan_draw(''2021 second quarter'', daterange(''2021-04-01'', ''2021-07-01'')).', 'all faults of a plan at once');
SELECT alike(pg_temp.plan_told($$'p', '[2021-04-01,2021-05-01)', 'hex', $$ || r), 'ZA007 %The rate must be above 0 and at most 1.%', 'rate ' || r)
  FROM unnest(ARRAY['0, 10', '-1, 10', '11, 10', '1, 0', '1, -1']) AS r;
SELECT alike(pg_temp.plan_told($$'p', 'empty'$$), 'ZA007 %', 'an empty period');
SELECT alike(pg_temp.plan_told($$'p', NULL$$), 'ZA007 %', 'none');
SELECT alike(pg_temp.plan_told($$'p', '[-infinity,2021-05-01)'$$), 'ZA007 %first and a last day%', 'one without beginning');
SELECT alike(pg_temp.plan_told($$'p', '[2021-05-01,2021-05-08)'$$), 'ZA007 %The period must be over.%', 'one that is not over');
SELECT pg_temp.plan('第一次') AS one \gset
SELECT results_eq(format('SELECT state, rate_numerator, rate_denominator, minimum, method FROM draw WHERE draw_id = %s', :one),
    $$VALUES ('planned', 30, 100, 1, 'rivest')$$, 'the rate comes from its parameter');
SELECT is(pg_temp.plan_told($$'第一次', '[2021-04-01,2021-05-01)'$$),
    'ZA007 the plan of the draw has 1 fault|There is a draw of this name already.|Example: SELECT aidcase.plan_draw(''2021 second quarter'', daterange(''2021-04-01'', ''2021-07-01'')).', 'a name is used once');
SAVEPOINT rate;
UPDATE policy_parameter SET value = 0.125, divisor = 1 WHERE name = 'spot_check_rate' AND area_code = '340705';
SELECT results_eq(format('SELECT rate_numerator, rate_denominator FROM draw WHERE draw_id = %s', pg_temp.plan('p')), 'VALUES (125, 1000)', 'a rate that is not written as a fraction becomes one');
ROLLBACK TO rate;

-- ---------------------------------------------------------------------
-- In their order only

SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.seed_draw(%s, '12345678901234567890', 'x')$$, :one)), 'ZA007 %The draw is in state "planned"; a seed is taken once, after the frame is frozen.%', 'no seed before the frame is frozen');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.advance('draw', %s, 'select')$$, :one)), 'ZA003 %', 'no selection either');
SELECT alike(pg_temp.told('t_bureau', format($$UPDATE aidcase.draw SET rate_numerator = 1 WHERE draw_id = %s$$, :one)), '42501 permission denied for table draw|%', 'the bureau writes no draw by hand');
SELECT alike(pg_temp.told('t_bureau', $$UPDATE aidcase.draw_item SET selected = true$$), '42501 permission denied for table draw_item|%', 'and no item');
SELECT alike(pg_temp.told('t_clerk', format('SELECT aidcase.freeze_draw(%s)', :one)), '42501 %', 'a clerk freezes none');
SELECT alike(pg_temp.told('t_bureau', 'SELECT aidcase.freeze_draw(NULL)'), '22023 there is no draw NULL|%', 'a draw that is none');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :one), 'a plan is in order');

SELECT pg_temp.freeze(:one) AS root \gset
SELECT results_eq(format('SELECT state, frame_size, frame_root FROM draw WHERE draw_id = %s', :one), format('VALUES (''frozen'', 13, %L::bytea)', :'root'), 'the frame: who was confirmed in the period');
SELECT is((SELECT count(*) FROM draw_item WHERE draw_id = :one AND round_id = (SELECT round_id FROM round WHERE n = 14)), 0::bigint, 'not who was confirmed after it');
SELECT is((SELECT frame_root FROM draw WHERE draw_id = :one), (SELECT merkle_root(merkle_leaf_hash(convert_to(frame_id || '|' || stratum || '|' || certainty::integer, 'UTF8')) ORDER BY frame_id) FROM draw_item WHERE draw_id = :one), 'its root is RFC 6962 over its lines');
SELECT bag_eq(format('SELECT stratum, population, sample_size FROM draw_stratum WHERE draw_id = %s', :one),
    $$VALUES ('340705100/dibao', 10::bigint, 3::bigint), ('340705005/dibao', 3, 1)$$, 'the sizes are known before the seed');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :one), 'a frozen frame is in order');
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.freeze_draw(%s)', :one)), format('ZA003 the frame of draw %s is frozen already|It is in state "frozen".|Plan another draw.', :one), 'a frame is frozen once');

-- confirmed after the freeze, within the period
SELECT pg_temp.confirm('late', '340705100', '340705100201', '{15}', 100, '2021-04-28 10:00+08') AS late \gset
SELECT pg_temp.clock('2021-05-06 11:00+08');
SELECT is((SELECT count(*) FROM draw_item WHERE draw_id = :one AND round_id = :late), 0::bigint, 'a later confirmation is not in the frame');
SELECT alike(pg_temp.told('postgres', format($$INSERT INTO aidcase.draw_item (draw_id, frame_id, case_id, round_id, unit_id, on_date, amount, stratum, certainty, certainties) SELECT %s, 'x/1', case_id, round_id, unit_id, decided_on, 1, '340705100/dibao', false, '{}' FROM aidcase.case_round WHERE round_id = %s$$, :one, :late)),
    'ZA004 the frame of the draw cannot be changed|The draw is in state "frozen".|%', 'and is not put there by anybody');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.draw_item SET selected = true WHERE draw_id = %s', :one)), 'ZA004 the frame of the draw cannot be changed|%', 'nobody marks it before the seed');
SELECT alike(pg_temp.told('postgres', format('DELETE FROM aidcase.draw_item WHERE draw_id = %s', :one)), 'ZA%', 'nobody takes anything out');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.draw_stratum SET sample_size = 1 WHERE draw_id = %s$$, :one)), 'ZA004 %', 'or changes a size');
SELECT alike(pg_temp.told('postgres', format($$INSERT INTO aidcase.draw_stratum (draw_id, stratum, population, sample_size) VALUES (%s, 'x', 1, 1)$$, :one)), 'ZA004 the strata of the draw cannot be changed|%', 'or adds a stratum');
SELECT alike(pg_temp.told('postgres', format($$UPDATE aidcase.draw SET rate_numerator = 99 WHERE draw_id = %s$$, :one)), 'ZA004 %', 'or the rate');

-- ---------------------------------------------------------------------
-- The seed

SELECT alike(pg_temp.told('t_bureau', format('SELECT aidcase.seed_draw(%s, %L, ''x'')', :one, s)), 'ZA007 %The seed must be 20 to 200 decimal digits and nothing else.%', 'no seed: ' || coalesce(left(replace(s, E'\n', 'line'), 24), 'NULL'))
  FROM unnest(ARRAY['1234567890123456789', '1234567890123456789a', '12345678901234567890 ', ' 12345678901234567890', '1234567890 1234567890', E'12345678901234567890\n', repeat('1', 201), '', NULL]) AS s;
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.seed_draw(%s, '12345678901234567890', ' ')$$, :one)), 'ZA007 %Say who rolled the seed%', 'whoever rolled it is named');
SELECT alike(pg_temp.told('t_inspector', format($$SELECT aidcase.seed_draw(%s, '12345678901234567890', 'x')$$, :one)), '42501 %', 'an inspector does not seed');
SELECT is(pg_temp.seed(:one, '00000000000000000001'), 4::bigint, 'four are drawn');
SELECT is((SELECT state FROM draw WHERE draw_id = :one), 'selected', 'the draw is done');
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.seed_draw(%s, '12345678901234567890', 'x')$$, :one)), 'ZA007 %The draw is in state "selected"%', 'a draw is seeded once');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :one), 'it derives again');
SELECT results_eq(format('SELECT stratum, count(*) FILTER (WHERE selected), count(ticket), max(rank)::bigint FROM draw_item WHERE draw_id = %s GROUP BY stratum ORDER BY stratum COLLATE "C"', :one),
    $$VALUES ('340705005/dibao', 1::bigint, 3::bigint, 3::bigint), ('340705100/dibao', 3, 10, 10)$$, 'the sizes are exact');
SELECT is_empty(format($$SELECT a.item_id FROM draw_item AS a JOIN draw_item AS b USING (draw_id, stratum)
    WHERE draw_id = %s AND a.selected AND NOT b.selected AND a.ticket COLLATE "C" > b.ticket$$, :one), 'the smallest tickets are drawn');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.draw_item SET selected = NOT selected WHERE draw_id = %s', :one)), 'ZA004 %', 'marks stay');

-- the same frame, other seeds and the other method
SELECT pg_temp.plan('second') AS two \gset
SELECT pg_temp.freeze(:two) AS root2 \gset
SELECT alike(pg_temp.told('t_bureau', format($$SELECT aidcase.seed_draw(%s, '00000000000000000001', 'x')$$, :two)), 'ZA007 %The seed was used by another draw.%', 'a seed is used once');
SELECT pg_temp.seed(:two, '000000000000000000001') > 0 AS seeded;
SELECT isnt((SELECT min(ticket) FROM draw_item WHERE draw_id = :two AND round_id = (SELECT round_id FROM round WHERE n = 1)),
    (SELECT min(ticket) FROM draw_item WHERE draw_id = :one AND round_id = (SELECT round_id FROM round WHERE n = 1)), 'a further zero in front is another seed');
SELECT is((SELECT frame_size FROM draw WHERE draw_id = :two), 14, 'the next draw finds who came late');
SELECT pg_temp.plan('hex', 'hex', 1, 2, 2) AS hex \gset
SELECT pg_temp.freeze(:hex) AS root3 \gset
SELECT is(pg_temp.seed(:hex, '31415926535897932384'), 8::bigint, 'hex: half of each, at least two');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :hex), 'hex derives again');
SELECT pg_temp.plan('all', 'hex', 1, 1, 0) AS whole \gset
SELECT pg_temp.freeze(:whole) AS root4 \gset
SELECT is(pg_temp.seed(:whole, '27182818284590452353'), 14::bigint, 'rate 1 takes everybody');
SELECT pg_temp.plan('most', 'hex', 1, 1000, 50) AS most \gset
SELECT pg_temp.freeze(:most) AS root5 \gset
SELECT is(pg_temp.seed(:most, '16180339887498948482'), 14::bigint, 'a minimum above the stratum takes all of it');

-- a household more in another unit
SELECT pg_temp.plan('before', 'rivest', 1, 3) AS before \gset
SELECT pg_temp.freeze(:before) AS root6 \gset
SAVEPOINT seeded;
SELECT pg_temp.seed(:before, '98765432109876543210') AS drawn \gset
SELECT pg_temp.sample(:before, '340705100') AS sample_before \gset
ROLLBACK TO seeded;
SELECT pg_temp.confirm('more', '340705005', '340705005002', '{16}', 100, '2021-04-28 11:00+08') AS more \gset
SELECT pg_temp.clock('2021-05-06 12:00+08');
SELECT pg_temp.plan('after', 'rivest', 1, 3) AS after \gset
SELECT pg_temp.freeze(:after) AS root7 \gset
SELECT pg_temp.seed(:after, '98765432109876543210') AS drawn \gset
SELECT is((SELECT count(*) FROM draw_item WHERE draw_id = :after), (SELECT count(*) + 1 FROM draw_item WHERE draw_id = :before), 'a household more in one unit');
SELECT is(pg_temp.sample(:after, '340705100'), :'sample_before', 'leaves the sample of the other');

-- who has an open flag is drawn with certainty
SAVEPOINT flags;
INSERT INTO conflict_flag (flag_type, case_id, round_id, member_id, source, source_id, known_at, filed_late)
SELECT 'public_official', case_id, round_id, member_id, 'official_filing', 1, now_here(), false
  FROM round JOIN case_member USING (round_id) WHERE n IN (2, 3, 12);
SELECT pg_temp.plan('flags') AS flags \gset
SELECT pg_temp.freeze(:flags) AS root8 \gset
SELECT pg_temp.seed(:flags, '11111111112222222222') > 0 AS seeded;
SELECT results_eq(format('SELECT population, sample_size FROM draw_stratum WHERE draw_id = %s AND stratum = ''certainty''', :flags), 'VALUES (3::bigint, 3::bigint)', 'the certainty stratum is complete');
SELECT is((SELECT array_agg(n ORDER BY n) FROM draw_item JOIN round USING (round_id) WHERE draw_id = :flags AND certainty AND selected), '{2,3,12}', 'and holds who is flagged');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :flags), 'it derives again');
ROLLBACK TO flags;

-- nothing to draw from
SELECT pg_temp.plan('empty', period => '[2021-01-01,2021-02-01)') AS empty \gset
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.freeze_draw(%s)', :empty)), '22023 the frame of the draw is empty|No new confirmation was made in the period.|Plan a draw over another period.', 'an empty frame is told');

-- ---------------------------------------------------------------------
-- Found afterwards, with the certificate alone too

-- Everything from the certificate, with sha256() and arithmetic only: decimal
-- of a hash, strata of a frame line, ranks.
CREATE FUNCTION pg_temp.decimal(hash bytea) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT sum(get_byte(hash, i) * 256::numeric ^ (31 - i)) FROM generate_series(0, 31) AS i $$;
CREATE FUNCTION pg_temp.derived(certificate jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH item AS (
        SELECT split_part(line, '|', 1) AS id, split_part(line, '|', 2) AS stratum,
               sha256(convert_to(encode(sha256(convert_to(certificate ->> 'seed', 'UTF8')), 'hex') || split_part(line, '|', 1), 'UTF8')) AS hash
          FROM jsonb_array_elements_text(certificate -> 'frame') AS line
    ), ranked AS (
        SELECT id, stratum, row_number() OVER (PARTITION BY stratum ORDER BY CASE certificate ->> 'method' WHEN 'hex' THEN encode(hash, 'hex')
                   ELSE reverse(lpad(trunc(pg_temp.decimal(hash))::text, greatest(64, length(trunc(pg_temp.decimal(hash))::text)), '0')) END COLLATE "C", id COLLATE "C") AS rank
          FROM item
    )
    SELECT jsonb_agg(r.id ORDER BY r.stratum COLLATE "C", r.rank)
      FROM ranked AS r
     WHERE r.rank <= (SELECT CASE r.stratum WHEN 'certainty' THEN n
                             ELSE least(n, greatest((certificate ->> 'minimum')::bigint,
                                  (n * (certificate #>> '{rate,0}')::bigint + (certificate #>> '{rate,1}')::bigint - 1) / (certificate #>> '{rate,1}')::bigint)) END
                        FROM (SELECT count(*) AS n FROM ranked AS s WHERE s.stratum = r.stratum) AS x) $$;
SELECT is(pg_temp.derived(draw_certificate(d)), draw_certificate(d) -> 'sample', 'the certificate of draw "' || name || '" is enough to derive its sample')
  FROM unnest(ARRAY[:one, :two, :hex]::bigint[]) AS d JOIN draw ON draw_id = d;
SELECT is(draw_certificate(:one) ->> 'frame_root', (SELECT encode(merkle_root(merkle_leaf_hash(convert_to(line, 'UTF8')) ORDER BY no), 'hex')
    FROM jsonb_array_elements_text(draw_certificate(:one) -> 'frame') WITH ORDINALITY AS x (line, no)), 'and the root of its frame');
-- the scripts that need no database, run beside the server
\set here `pwd`
CREATE FUNCTION pg_temp.checked(script text, certificate jsonb, here text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file CONSTANT text := format('%s/draw-check.%s', current_setting('data_directory'), pg_backend_pid());
    answer text;
BEGIN
    EXECUTE format('COPY (SELECT encode(convert_to(%L, ''UTF8''), ''base64'')) TO PROGRAM %L', certificate,
                   format('sed ''s/\\n//g'' | base64 -d | %s > %s 2>&1 || true', format(script, here || '/../reports'), file));
    answer := pg_read_file(file);
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'cat > /dev/null; rm -f ' || file);
    RETURN rtrim(answer, E'\n');
END $$;
\set python 'python3 %s/draw-check.py'
\set shell 'sh %s/draw-check'
SELECT is(pg_temp.checked(:'python', draw_certificate(d), :'here'),
          (SELECT count(*) FILTER (WHERE i.selected) || ' of ' || count(*) || ' drawn, as the certificate says' FROM draw_item AS i WHERE i.draw_id = d),
          'the Python script agrees with draw ' || name)
  FROM unnest(ARRAY[:one, :two, :hex]::bigint[]) AS d JOIN draw ON draw_id = d;
SELECT is(pg_temp.checked(:'shell', draw_certificate(:hex), :'here'), pg_temp.checked(:'python', draw_certificate(:hex), :'here'), 'and the shell script');
SELECT alike(pg_temp.checked(:'shell', draw_certificate(:one), :'here'), 'the method is "rivest"%', 'which knows one method');
SELECT is(pg_temp.checked(s, jsonb_set(c, path, value), :'here'), fault, 'a changed certificate is refused: ' || fault || split_part(s, ' ', 1))
  FROM (SELECT draw_certificate(:hex) AS c) AS x, unnest(ARRAY[:'python', :'shell']) AS s,
       LATERAL (VALUES ('{sample,0}'::text[], (SELECT to_jsonb(frame_id) FROM draw_item WHERE draw_id = :hex AND NOT selected ORDER BY frame_id LIMIT 1), 'the sample differs'),
                       ('{frame_root}', to_jsonb(repeat('0', 64)), 'frame_root is not that of the frame'),
                       ('{seed}', c -> 'frame_root', 'the seed is not 20 to 200 decimal digits'),
                       ('{seed}', to_jsonb(' ' || (c ->> 'seed')), 'the seed is not 20 to 200 decimal digits'),
                       ('{rate,0}', '3', 'the rate is not above 0 and at most 1'),
                       ('{frame}', '[]', 'the frame is empty')) AS v (path, value, fault);
SELECT unalike(draw_certificate(:one)::text, '%成员%', 'it names no person');

-- whatever the plan, the memory, the order of the rows
CREATE FUNCTION pg_temp.sample_under(settings text, draw bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    BEGIN
        EXECUTE settings;
        SELECT string_agg(s::text, ' ' ORDER BY s.item_id) INTO answer FROM aidcase.derive_sample(draw) AS s;
        RAISE EXCEPTION USING ERRCODE = 'ZZ999';
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN answer;
    END;
END $$;
SELECT is(pg_temp.sample_under(settings, :one), pg_temp.sample_under('SELECT 1', :one), 'the same sample: ' || left(settings, 40))
  FROM unnest(ARRAY['SET LOCAL work_mem = ''64kB''', 'SET LOCAL enable_hashjoin = off; SET LOCAL enable_hashagg = off', 'SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off',
      'SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL '
      || CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END || ' = on',
      'SET LOCAL TimeZone = ''Asia/Kathmandu''; SET LOCAL DateStyle = ''German''; SET LOCAL lc_numeric = ''C.UTF-8''; SET LOCAL extra_float_digits = -15',
      'SET LOCAL session_replication_role = replica; CREATE TEMP TABLE i AS SELECT * FROM aidcase.draw_item WHERE draw_id = ' || :one || '; DELETE FROM aidcase.draw_item WHERE draw_id = ' || :one || '; INSERT INTO aidcase.draw_item OVERRIDING SYSTEM VALUE SELECT * FROM i ORDER BY md5(frame_id)']) AS settings;
SELECT alike(pg_temp.told('t_bureau', 'SELECT aidcase.draw_certificate(-1)'), '22023 there is no draw -1|%', 'no certificate of no draw');
SELECT results_eq('SELECT * FROM verify_draw(-1)', $$VALUES ('there is no such draw', '-1')$$, 'and no draw is not in order');
SELECT is(pg_temp.by_login('t_inspector', format('SELECT count(*) FROM aidcase.verify_draw(%s)', :one)), '0', 'an inspector verifies');

CREATE FUNCTION pg_temp.tampered(command text, draw bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    BEGIN
        SET LOCAL session_replication_role = replica;
        EXECUTE command;
        SELECT string_agg(DISTINCT fault, '; ' ORDER BY fault) INTO found FROM aidcase.verify_draw(draw);
        RAISE EXCEPTION 'back' USING ERRCODE = 'ZZ999';
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN NULL;
    END;
    RETURN found;
END
$$;
SELECT is(pg_temp.tampered(format('UPDATE aidcase.draw_item SET selected = NOT selected WHERE draw_id = %s AND rank IN (1, 10)', :one), :one), 'item differs from what the seed gives', 'an exchange in the sample is found');
SELECT is(pg_temp.tampered(format($$UPDATE aidcase.draw SET seed = '99999999999999999999' WHERE draw_id = %s$$, :one), :one), 'item differs from what the seed gives; the ledger says another seed', 'another seed');
SELECT is(pg_temp.tampered(format('UPDATE aidcase.draw SET rate_numerator = 50 WHERE draw_id = %s', :one), :one), 'item differs from what the seed gives; the stratum''s sizes differ', 'another rate');
SELECT alike(pg_temp.tampered(format('DELETE FROM aidcase.draw_item WHERE draw_id = %s AND rank = 2', :one), :one), '%the frame''s root or size differs%', 'a household taken out');
SELECT is(pg_temp.tampered(format('UPDATE aidcase.draw_item SET (case_id, round_id) = (SELECT case_id, round_id FROM aidcase.case_round WHERE round_id = %s) WHERE draw_id = %s AND rank = 1 AND stratum LIKE ''340705100%%''', :late, :one), :one),
    'the item is of another round than its id says', 'another household under the same number');
SELECT alike(pg_temp.tampered(format('UPDATE aidcase.draw_stratum SET sample_size = sample_size - 1 WHERE draw_id = %s', :one), :one), 'the stratum''s sizes differ', 'another size');
SELECT alike(pg_temp.tampered(format('UPDATE aidcase.draw SET seed_by = NULL WHERE draw_id = %s', :one), :one), 'the seed is not%', 'a seed that nobody rolled');

-- with its triggers off and on again: the draw says so, and the register
CREATE FUNCTION pg_temp.unguarded(command text, draw bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    BEGIN
        SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE aidcase.draw_item DISABLE TRIGGER USER;
        EXECUTE command;
        ALTER TABLE aidcase.draw_item ENABLE TRIGGER USER;
        SELECT string_agg(DISTINCT 'draw: ' || f.fault, '; ' ORDER BY 'draw: ' || f.fault) INTO found FROM aidcase.verify_draw(draw) AS f;
        -- the checkpoints of parts/draw.sql are none
        SET LOCAL session_replication_role = replica;
        DELETE FROM aidcase.checkpoint;
        DELETE FROM aidcase.ledger_leaf;
        SELECT concat_ws('; ', found, string_agg(DISTINCT 'register: ' || v.kind || ' ' || v.relation, '; ')) INTO found
          FROM aidcase.verify_register() AS v WHERE v.relation IN ('draw', 'draw_item');
        RAISE EXCEPTION 'back' USING ERRCODE = 'ZZ999';
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN NULL;
    END;
    RETURN found;
END
$$;
SELECT is(pg_temp.unguarded('SELECT 1', :one), '', 'off and on again alone is no fault');
SELECT is(pg_temp.unguarded(format('UPDATE aidcase.draw_item SET selected = NOT selected WHERE draw_id = %s AND rank IN (1, 10)', :one), :one),
    'draw: item differs from what the seed gives; register: row_changed draw_item', 'a sample exchanged with triggers disabled: draw and register both tell');
SELECT is(pg_temp.unguarded(format('DELETE FROM aidcase.draw_item WHERE draw_id = %s AND rank = 10', :one), :one),
    'draw: the frame''s root or size differs; draw: the stratum''s sizes differ; register: row_missing draw_item', 'a household taken out of the frame');

-- marked by hand while it is seeded: the move that selects marks anew
SELECT pg_temp.exported(:before);
SELECT lives_ok(format($q$
    DO $$ BEGIN
    PERFORM aidcase.act_as((SELECT staff_id FROM aidcase.staff WHERE staff_no = 'b-clerk'));
    UPDATE aidcase.draw SET state = 'published' WHERE draw_id = %1$s;
    UPDATE aidcase.draw SET state = 'seeded', seed = '55555555556666666666', seed_by = 'x' WHERE draw_id = %1$s;
    UPDATE aidcase.draw_item SET selected = true, rank = 1, ticket = '0' WHERE draw_id = %1$s;
    UPDATE aidcase.draw SET state = 'selected' WHERE draw_id = %1$s;
    END $$$q$, :before), 'the moves can be made by UPDATE, too');
SELECT is_empty(format('SELECT * FROM verify_draw(%s)', :before), 'and a sample of one''s own choice does not outlive them');

SELECT * FROM finish();
ROLLBACK;
