-- advance_many(), case_timeline(), case_audit: nothing is lost, nothing is
-- told that the caller may not read.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(23);
SET LOCAL client_min_messages = warning;
\ir parts/household.sql
CREATE TEMP TABLE t (name text PRIMARY KEY, r bigint, c bigint);
INSERT INTO t SELECT 'A', pg_temp.confirm('CA', '340705100', '340705100201', '{7501}', 300, '2021-04-08 15:00+08');
SELECT pg_temp.clock('2021-04-09 09:00+08');
INSERT INTO t SELECT k, pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('C' || k, '340705100', '340705100201', ARRAY[n], 300, '2021-04-09')))::bigint
  FROM (VALUES ('B', 7502), ('C', 7503)) AS v (k, n);
UPDATE t SET c = case_id FROM aidcase.case_round WHERE round_id = r;
UPDATE aidcase.commitment SET void = true FROM t WHERE round_id = r AND name = 'C';
SELECT aidcase.act_as(NULL);

-- many moves: one accepted, one refused for what is missing, one for its state, one that is not there
CREATE TEMP TABLE made (place bigint, id bigint, accepted boolean, state text, code text, message text, detail text);
GRANT ALL ON made TO t_clerk;
SELECT is(pg_temp.command('t_clerk', format('INSERT INTO made SELECT row_number() OVER (), id, accepted, state, code, message, detail FROM aidcase.advance_many(''case_round'', %L, ''accept'')', array_agg(r ORDER BY name) || 0::bigint || max(r))), 4::bigint, 'four rows, each once') FROM t;
SELECT results_eq('SELECT name, accepted, m.state, code, detail FROM made AS m LEFT JOIN t ON r = id ORDER BY name NULLS LAST', $$VALUES
    ('A', false, NULL, 'ZA003', 'From here version 1 of procedure "ordinary_delegated" has the moves publish (to "published").'),
    ('B', true, 'accepted', NULL, NULL), ('C', false, NULL, 'ZA003', 'The applicant has not signed the commitment.'), (NULL, false, NULL, 'P0002', '')$$, 'each with its state or its reasons');
SELECT results_eq('SELECT name, x.state FROM t JOIN aidcase.case_round AS x ON round_id = r ORDER BY 1', $$VALUES ('A', 'confirmed'), ('B', 'accepted'), ('C', 'filed')$$, 'and nothing else has moved');
SELECT is((SELECT count(*) FROM aidcase.deadline, t WHERE subject = 'case_round' AND subject_id = r AND name = 'C'), 0::bigint, 'nothing of a refused move stays');
SELECT alike(pg_temp.told('t_clerk', 'SELECT * FROM aidcase.advance_many(''staff'', ARRAY[1], ''accept'')'), '22023 no procedure governs this table|%', 'rows without a procedure');
SELECT alike(pg_temp.told('t_clerk', 'SELECT * FROM aidcase.advance_many(''case_round'', NULL, ''accept'')'), '22023 moves need rows and an action|%', 'no rows given');
SELECT is(pg_temp.by_login('t_clerk', 'SELECT count(*) FROM aidcase.advance_many(''case_round'', ''{}'', ''accept'')'), '0', 'an empty list');

-- the timeline
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT string_agg(what, ',' ORDER BY happened_at, n) FROM (SELECT row_number() OVER () AS n, * FROM aidcase.case_timeline(%s)) AS x WHERE kind IN ('opened', 'moved')$$, c)),
    'filed,accepted,checked,visited,determined,evaluated,in_review,confirmed', 'the moves') FROM t WHERE name = 'A';
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT staff_no || ' ' || label_zh || ' ' || (happened_at = '2021-04-08 15:00+08') FROM aidcase.case_timeline(%s) WHERE what = 'confirmed'$$, c)), 'x-group1 已审核确认 true', 'who made them, and when') FROM t WHERE name = 'A';
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT string_agg(DISTINCT subject || '.' || what, ',' ORDER BY subject || '.' || what) FROM aidcase.case_timeline(%s) WHERE kind = 'fact' AND subject <> 'determination'$$, c)),
    'evaluation.evaluated_at,home_visit.visited_at,registry_check.requested_at,registry_check.returned_at', 'the facts') FROM t WHERE name = 'A';
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT count(*) FILTER (WHERE what = 'met') FROM aidcase.case_timeline(%s) WHERE kind = 'limit'$$, c)), '4', 'the limits: of investigation, check and decision') FROM t WHERE name = 'A';
SELECT is(pg_temp.by_login('t_committee', format($$SELECT bool_and(reason IS NULL) AND bool_and(kind IN ('opened', 'moved')) AND count(*) = 8 FROM aidcase.case_timeline(%s)$$, c)), 'true', 'a committee learns the states only') FROM t WHERE name = 'A';
SELECT alike(pg_temp.told('t_other', format('SELECT * FROM aidcase.case_timeline(%s)', c)), '22023 there is no case % in your units|%', 'another unit nothing') FROM t WHERE name = 'A';
SELECT alike(pg_temp.told('t_analyst', format('SELECT * FROM aidcase.case_timeline(%s)', c)), '42501 permission denied for function%', 'an analyst nothing') FROM t WHERE name = 'A';

-- who decided, on what
CREATE FUNCTION pg_temp.audit(what text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.by_login('t_inspector', format('SELECT %s FROM aidcase.case_audit WHERE round_id = %s', what, r)) FROM t WHERE name = 'A' $$;
SELECT is(pg_temp.audit('decided_by'), 'x-group1', 'who decided');
SELECT is(pg_temp.audit($$votes::text$$), '[{"vote": "agree", "staff": "x-group1"}, {"vote": "agree", "staff": "x-group2"}, {"vote": "agree", "staff": "x-group3"}]', 'with which votes');
SELECT is(pg_temp.audit($$(SELECT string_agg((l ->> 'programme') || ' ' || (l ->> 'outcome'), ',' ORDER BY l ->> 'programme') FROM jsonb_array_elements(lines) AS l)$$), 'dibao granted,low_income refused,tekun refused,temp_assistance refused', 'what');
SELECT is(pg_temp.audit('facts::text'), '{"hits": 0, "checks": 1, "visits": [["x-visitor1", "x-visitor2"]], "incomes": 1, "members": 1}', 'on what facts');
SELECT is(pg_temp.audit($$(SELECT string_agg(DISTINCT d ->> 'document', ',') FROM jsonb_array_elements(delegations) AS d)$$), '办发〔2021〕15号', 'under which delegation');
SELECT is(pg_temp.audit('coalesce(relatives, draws) IS NULL AND paid IS NULL'), 'true', 'no relatives, not drawn, not yet paid');
SELECT isnt(pg_temp.by_login('t_leader', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$), NULL, 'the roll is made');
SELECT is(pg_temp.audit($$paid > 0 AND paid_until = '2021-05-01'$$), 'true', 'then paid');
SELECT alike(pg_temp.told('t_clerk', 'SELECT * FROM aidcase.case_audit'), '42501 %', 'for supervisors only');
SELECT * FROM finish();
ROLLBACK;
