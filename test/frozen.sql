-- Facts of a decided round: no path changes, adds, deletes or moves one, for
-- the owner and a superuser neither.  Every table of facts that there is, by
-- every kind of statement.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(12 + 9 * count(*)::integer) FROM pg_trigger WHERE tgname = '~1_fact';
SET LOCAL client_min_messages = warning;
\ir parts/household.sql
CREATE FUNCTION pg_temp.refusal(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    m text; c text;
BEGIN
    EXECUTE command;
    RAISE EXCEPTION USING ERRCODE = 'ZZ999', MESSAGE = 'all went through';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS c = RETURNED_SQLSTATE, m = MESSAGE_TEXT;
    RETURN CASE WHEN c = 'ZZ999' THEN m ELSE c || ' ' || m END;
END $$;
CREATE TEMP TABLE t (name text PRIMARY KEY, r bigint);
-- a household with a fact of every kind, as far as its decision
CREATE FUNCTION pg_temp.household(name text, person integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    the_round bigint;
    the_case bigint;
BEGIN
    PERFORM pg_temp.clock('2021-04-08 09:00+08');
    SELECT f.round_id, f.case_id INTO the_round, the_case FROM aidcase.act_as((SELECT staff_id FROM aidcase.staff WHERE staff_no = 'x-clerk')) AS a,
        LATERAL aidcase.file_case(pg_temp.application(name, '340705100', '340705100201', ARRAY[person], 300, '2021-04-08')) AS f;
    INSERT INTO t VALUES (name, the_round);
    INSERT INTO aidcase.obligor (round_id, name, relation, household_size, annual_income, persons_supported, able) VALUES (the_round, '子', 'child', 1, 0, 1, false);
    INSERT INTO aidcase.property_item (round_id, member_id, property_kind, value, source) SELECT the_round, member_id, 'cash', 10, 'declared' FROM aidcase.case_member WHERE round_id = the_round;
    INSERT INTO aidcase.expense_item (round_id, member_id, expense_kind, amount, basis, source) SELECT the_round, member_id, 'living', 10, 'month', 'declared' FROM aidcase.case_member WHERE round_id = the_round;
    INSERT INTO aidcase.registry_check (round_id, member_id, reference_no, requested_at, returned_at, outcome) SELECT the_round, member_id, 'k', aidcase.now_here(), aidcase.now_here(), 'suspicious' FROM aidcase.case_member WHERE round_id = the_round;
    INSERT INTO aidcase.registry_hit (check_id, round_id, registry, description, raised_at, finding, cleared_at) SELECT check_id, the_round, 'bank', 'x', aidcase.now_here(), 'not_confirmed', aidcase.now_here() FROM aidcase.registry_check WHERE round_id = the_round;
    INSERT INTO aidcase.document_delivery (round_id, kind, document_no, delivered_at, manner, recipient) VALUES (the_round, 'acceptance', '1', aidcase.now_here(), 'in_person', 'x');
    PERFORM pg_temp.in_review(the_round, 'x', '340705100');
END $$;
SELECT pg_temp.household('D', 7301), pg_temp.household('O', 7302);
CREATE TEMP TABLE fact AS
    SELECT c.relname AS name, a.attname AS key, g.tgnargs > 0 AS later      -- may follow the decision
      FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid
      JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
     WHERE g.tgname = '~1_fact';
SELECT is_empty($$SELECT * FROM unnest(ARRAY['case_member', 'obligor', 'income_item', 'property_item', 'expense_item', 'case_cause', 'commitment',
    'authorisation', 'registry_check', 'registry_hit', 'home_visit', 'evaluation', 'assistance_opinion', 'determination', 'review_vote', 'document_delivery',
    'aid_handover']) AS v (name) WHERE name NOT IN (SELECT name FROM fact)$$, 'the tables of facts');
-- what has a round and is no fact of it: what follows from the decision, or speaks about it
SELECT bag_eq($$SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'round_id'
    WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN (SELECT name FROM fact)
      AND c.relname NOT IN ('case_round', 'award', 'publication_item', 'draw_item', 'conflict_flag', 'case_filing')
      AND NOT EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND g.tgname IN ('~2_kept', '~1_workflow', '~1_finding'))$$,
    'SELECT NULL::name WHERE false', 'no other table hangs on a round unguarded');
SELECT is((SELECT count(*) FROM fact WHERE key IS NULL), 0::bigint, 'each has a key');

-- before the decision facts can be corrected
SELECT is(pg_temp.refusal(format('UPDATE aidcase.income_item SET amount = 1 WHERE round_id = %s', r)), 'all went through', 'an income of an open round can change') FROM t WHERE t.name = 'O';
SELECT is(pg_temp.decide(r, 'x', '340705100', '2021-04-08 15:00+08'), 'confirmed', 'decided') FROM t WHERE t.name = 'D';

-- every table, by every kind of statement; a final round for what follows the decision
CREATE FUNCTION pg_temp.all_paths(tab text, key text, decided bigint, open bigint) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    file CONSTANT text := current_setting('data_directory') || '/frozen.copy';
    frozen CONSTANT text := 'ZA004 facts of the round can no longer change';
    nothing boolean;
    columns text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = format('aidcase.%I', tab)::regclass AND attnum > 0 AND NOT attisdropped);
BEGIN
    -- a new row as like an old one as can be
    CREATE TEMP TABLE IF NOT EXISTS x (i int);
    EXECUTE format('DROP TABLE x');
    EXECUTE format('CREATE TEMP TABLE x AS SELECT * FROM aidcase.%I WHERE round_id = %s LIMIT 1', tab, open);
    nothing := NOT EXISTS (SELECT FROM x);
    IF nothing THEN
        EXECUTE format('INSERT INTO x (round_id) VALUES (%s)', open);
    END IF;
    EXECUTE format('UPDATE x SET round_id = %s, case_id = (SELECT case_id FROM aidcase.case_round WHERE round_id = %1$s), %I = -1', decided, key);
    RETURN NEXT is(pg_temp.refusal(format('INSERT INTO aidcase.%I SELECT * FROM x', tab)), frozen, tab || ': INSERT');
    RETURN NEXT is(pg_temp.refusal(format('WITH n AS (INSERT INTO aidcase.%I SELECT * FROM x ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM n', tab)), frozen, tab || ': a writable CTE with ON CONFLICT');
    EXECUTE format('COPY x TO %L', file);
    RETURN NEXT is(pg_temp.refusal(format('COPY aidcase.%I (%s) FROM %L', tab, columns, file)), frozen, tab || ': COPY');
    RETURN NEXT is(pg_temp.refusal(format('MERGE INTO aidcase.%I AS a USING x ON a.%I = x.%2$I WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)', tab, key, columns,
        (SELECT string_agg('x.' || c, ', ') FROM regexp_split_to_table(columns, ', ') AS c))), frozen, tab || ': MERGE that inserts');
    IF nothing THEN         -- none was made: there is no row to change
        RETURN NEXT pass(tab || ': nothing to change');
        RETURN NEXT pass(tab || ': nothing to change');
        RETURN NEXT pass(tab || ': nothing to move');
    ELSE
        RETURN NEXT is(pg_temp.refusal(format('UPDATE aidcase.%I SET case_id = case_id WHERE round_id = %s', tab, decided)), frozen, tab || ': UPDATE');
        RETURN NEXT is(pg_temp.refusal(format('MERGE INTO aidcase.%I AS a USING (SELECT %s::bigint) AS v (r) ON a.round_id = v.r WHEN MATCHED THEN UPDATE SET case_id = a.case_id', tab, decided)), frozen, tab || ': MERGE that updates');
        RETURN NEXT is(pg_temp.refusal(format('UPDATE aidcase.%I SET round_id = %s WHERE round_id = %s', tab, decided, open)), format('22023 a row of table "%s" cannot go to another round', tab), tab || ': moved here');
    END IF;
    RETURN NEXT is(pg_temp.refusal(format('DELETE FROM aidcase.%I WHERE round_id = %s', tab, decided)), format('ZA006 rows of table "%s" cannot be removed', tab), tab || ': DELETE');
    RETURN NEXT is(pg_temp.refusal(format('TRUNCATE aidcase.%I CASCADE', tab)) LIKE 'ZA006 %', true, tab || ': TRUNCATE');
END $$;
-- what may still be written after the decision is frozen in a final state
SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.publish('340705100')$$) IS NOT NULL AS published \gset
SELECT pg_temp.all_paths(f.name, f.key, d.r, o.r) FROM fact AS f, t AS d, t AS o
 WHERE d.name = 'D' AND o.name = 'O' AND NOT f.later ORDER BY f.name;
SELECT pg_temp.clock('2021-04-30 09:00+08');
SELECT is(pg_temp.by_staff('x-clerk', format($$SELECT aidcase.advance(%s, 'close')$$, r)), 'in_benefit', 'closed') FROM t WHERE name = 'D';
SELECT pg_temp.all_paths(f.name, f.key, d.r, o.r) FROM fact AS f, t AS d, t AS o
 WHERE d.name = 'D' AND o.name = 'O' AND f.later ORDER BY f.name;

-- the lines of a determination
SELECT is(pg_temp.refusal(format('INSERT INTO aidcase.determination_line SELECT (jsonb_populate_record(l, ''{"line_id": -1}'')).* FROM aidcase.determination_line AS l JOIN aidcase.determination AS d USING (determination_id) WHERE d.round_id = %s LIMIT 1', r)),
    'ZA004 facts of the round can no longer change', 'a line of a decided determination') FROM t WHERE name = 'D';
SELECT is(pg_temp.refusal('UPDATE aidcase.determination_line SET amount = coalesce(amount, 0) + 1'), 'ZA004 a row of table "determination_line" cannot be changed', 'a line is never changed');
-- a cascade is an update like any other
ALTER TABLE aidcase.expense_item DROP CONSTRAINT expense_item_expense_kind_fkey;
ALTER TABLE aidcase.expense_rule DROP CONSTRAINT expense_rule_expense_kind_fkey;
ALTER TABLE aidcase.expense_item ADD CONSTRAINT t_cascade FOREIGN KEY (expense_kind) REFERENCES aidcase.expense_kind ON UPDATE CASCADE;
SELECT is(pg_temp.refusal($$UPDATE aidcase.expense_kind SET expense_kind = 'renamed' WHERE expense_kind = 'living'$$), 'ZA004 facts of the round can no longer change', 'a cascade');
-- a view, a function of another role and a rule
CREATE VIEW pg_temp.incomes AS SELECT * FROM aidcase.income_item;
SELECT is(pg_temp.refusal(format('UPDATE pg_temp.incomes SET amount = 0 WHERE round_id = %s', r)), 'ZA004 facts of the round can no longer change', 'a view') FROM t WHERE name = 'D';
CREATE FUNCTION public.t_owned(r bigint) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ UPDATE aidcase.income_item SET amount = 0 WHERE round_id = r $$;
SELECT is(pg_temp.told('t_clerk', format('SELECT public.t_owned(%s)', r)) LIKE 'ZA004 %', true, 'a function that a superuser owns') FROM t WHERE name = 'D';
-- a review has facts of its own
SELECT is(pg_temp.by_staff('x-clerk', format($$SELECT aidcase.open_review(case_id, 'review') > 0 FROM aidcase.case_round WHERE round_id = %s$$, r)), 'true', 'a review is opened') FROM t WHERE name = 'D';
SELECT * FROM finish();
ROLLBACK;
