-- Every path to a state that goes round advance(): enforced or refused.  What
-- needs a prepared transaction is in t/090_attack.pl.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(38);
SET LOCAL client_min_messages = warning;
\ir parts/household.sql
CREATE FUNCTION pg_temp.refusal(command text, login text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    m text; c text;
BEGIN
    IF login IS NOT NULL THEN
        EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
    END IF;
    EXECUTE command;
    RAISE EXCEPTION USING ERRCODE = 'ZZ999', MESSAGE = 'all went through';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS c = RETURNED_SQLSTATE, m = MESSAGE_TEXT;
    RETURN CASE WHEN c = 'ZZ999' THEN m ELSE c || ' ' || m END;
END $$;
CREATE TEMP TABLE t (name text PRIMARY KEY, r bigint);
CREATE FUNCTION pg_temp.filed(name text, person integer) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO t SELECT $1, pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application($1, '340705100', '340705100201', ARRAY[$2], 300, aidcase.today())))::bigint RETURNING r $$;
SELECT pg_temp.clock('2021-04-08 09:00+08');
SELECT pg_temp.filed('G', 7601), pg_temp.filed('B', 7602), pg_temp.filed('R', 7603);
UPDATE aidcase.commitment SET void = true FROM t WHERE round_id = r AND name = 'B';
SELECT pg_temp.in_review(r, 'x', '340705100') FROM t WHERE name = 'R';
SELECT aidcase.act_as((SELECT staff_id FROM aidcase.staff WHERE staff_no = 'x-clerk'));
GRANT SELECT ON t TO t_clerk, t_town;
CREATE FUNCTION pg_temp.on(name text, command text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.refusal(replace(command, ':r', r::text)) FROM t WHERE t.name = $1 $$;
\set skip 'ZA003 cannot move from state "filed" to state "confirmed"'

SELECT is(pg_temp.on('G', $$UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = :r$$), :'skip', 'a state that is not next');
SELECT is(pg_temp.on('G', $$UPDATE aidcase.case_round SET state = 'confirmed', meeting_id = meeting_id, finder = NULL, reason = 'x' WHERE round_id = :r$$), :'skip', 'together with other columns');
SELECT alike(pg_temp.on('G', $$UPDATE aidcase.case_round SET state = 'accepted', decided_on = '2021-04-08' WHERE round_id = :r$$), '22023 column "decided_on" of "case_round" cannot be changed now', 'a date of another move along with a good one');
SELECT alike(pg_temp.on('G', $$UPDATE aidcase.case_round SET state = 'accepted', workflow_id = 2 WHERE round_id = :r$$), '22023 column "workflow_id" of "case_round" cannot be changed', 'another procedure along with it');
SELECT alike(pg_temp.on('G', $$UPDATE aidcase.case_round SET state = 'accepted', moved_by = 1 + moved_by WHERE round_id = :r; SELECT 1/(SELECT (moved_by = aidcase.current_staff())::integer FROM aidcase.case_round WHERE round_id = :r)$$), 'all went through', 'somebody else''s name is replaced by one''s own');
SELECT is(pg_temp.refusal($$UPDATE aidcase.case_round SET state = 'accepted' WHERE round_id IN (SELECT r FROM t WHERE name IN ('G', 'B'))$$), 'ZA003 cannot accept: 1 condition is not met', 'several rows of which one may not: none moves');
SELECT is((SELECT string_agg(DISTINCT state, ',') FROM aidcase.case_round, t WHERE round_id = r AND name IN ('G', 'B')), 'filed', 'none has');
-- a new row with a later state
CREATE FUNCTION pg_temp.copied(path text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file CONSTANT text := current_setting('data_directory') || '/attack.copy';
    columns CONSTANT text := 'case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id, state';
    source text := (SELECT format('SELECT case_id, unit_id, ''application'', 9, ''on_site'', first_contact_at, handler_id, ''confirmed'' FROM aidcase.case_round WHERE round_id = %s', r) FROM t WHERE name = 'G');
BEGIN
    IF path = 'copy' THEN
        EXECUTE format('COPY (%s) TO %L', source, file);
        RETURN pg_temp.refusal(format('COPY aidcase.case_round (%s) FROM %L', columns, file));
    ELSIF path = 'merge' THEN
        RETURN pg_temp.refusal(format('MERGE INTO aidcase.case_round AS a USING (%s) AS x (%s) ON false WHEN NOT MATCHED THEN INSERT (%2$s) VALUES (x.%3$s)', source, columns, replace(columns, ', ', ', x.')));
    END IF;
    RETURN pg_temp.refusal(format('%s INSERT INTO aidcase.case_round (%s) %s %s', CASE path WHEN 'cte' THEN 'WITH n AS (' END, columns, source, path));
END $$;
SELECT is(pg_temp.copied(''), 'ZA003 a new row of "case_round" cannot be in state "confirmed"', 'INSERT with a later state');
SELECT is(pg_temp.copied('copy'), 'ZA003 a new row of "case_round" cannot be in state "confirmed"', 'COPY');
SELECT is(pg_temp.copied('merge'), 'ZA003 a new row of "case_round" cannot be in state "confirmed"', 'MERGE that inserts');
SELECT is(pg_temp.copied('ON CONFLICT (round_id) DO UPDATE SET state = ''confirmed'''), 'ZA003 a new row of "case_round" cannot be in state "confirmed"', 'INSERT … ON CONFLICT');
SELECT is(pg_temp.on('G', $$INSERT INTO aidcase.case_round SELECT * FROM aidcase.case_round WHERE round_id = :r ON CONFLICT (round_id) DO UPDATE SET state = 'confirmed'$$), :'skip', 'and the update of a conflict');
SELECT is(pg_temp.on('G', $$MERGE INTO aidcase.case_round AS a USING (SELECT :r::bigint) AS x (r) ON a.round_id = x.r WHEN MATCHED THEN UPDATE SET state = 'confirmed'$$), :'skip', 'MERGE that updates');
SELECT is(pg_temp.on('G', $$WITH n AS (UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = :r RETURNING 1) SELECT count(*) FROM n$$), :'skip', 'a writable CTE');
-- a view, a rule, a function of another owner, a cursor
CREATE VIEW public.t_rounds AS SELECT * FROM aidcase.case_round;
GRANT ALL ON public.t_rounds TO t_clerk;
SELECT is(pg_temp.on('G', $$UPDATE public.t_rounds SET state = 'confirmed' WHERE round_id = :r$$), :'skip', 'a view');
CREATE TABLE public.t_lever (r bigint);
CREATE RULE t_rule AS ON INSERT TO public.t_lever DO INSTEAD UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = NEW.r;
SELECT is(pg_temp.on('G', 'INSERT INTO public.t_lever VALUES (:r)'), :'skip', 'a rule');
CREATE FUNCTION public.t_owned(r bigint) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = r $$;
SELECT is(pg_temp.refusal(format('SELECT public.t_owned(%s)', r), 't_clerk'), :'skip', 'a function that a superuser owns') FROM t WHERE name = 'G';
ALTER FUNCTION public.t_owned(bigint) OWNER TO aidcase_owner;
SELECT is(pg_temp.refusal(format('SELECT public.t_owned(%s)', r), 't_clerk'), :'skip', 'one that the register''s owner owns') FROM t WHERE name = 'G';
SELECT is(pg_temp.on('G', $q$DO $$DECLARE c CURSOR FOR SELECT * FROM aidcase.case_round WHERE round_id = :r FOR UPDATE; x record;
    BEGIN OPEN c; FETCH c INTO x; UPDATE aidcase.case_round SET state = 'confirmed' WHERE CURRENT OF c; END $$$q$), :'skip', 'a cursor with WHERE CURRENT OF');
-- a cascade
CREATE TABLE public.t_state (state text PRIMARY KEY);
INSERT INTO public.t_state SELECT DISTINCT state FROM aidcase.case_round;
ALTER TABLE aidcase.case_round ADD CONSTRAINT t_cascade FOREIGN KEY (state) REFERENCES public.t_state ON UPDATE CASCADE;
SELECT is(pg_temp.refusal($$UPDATE public.t_state SET state = 'confirmed' WHERE state = 'filed'$$), :'skip', 'a foreign-key cascade');
ALTER TABLE aidcase.case_round DROP CONSTRAINT t_cascade;
-- a trigger of a site's own fires before ours and is judged by it
CREATE FUNCTION public.t_site() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.state := 'confirmed'; RETURN NEW; END $$;
CREATE TRIGGER t_site BEFORE UPDATE ON aidcase.case_round FOR EACH ROW EXECUTE FUNCTION public.t_site();
SELECT is(pg_temp.on('G', $$UPDATE aidcase.case_round SET state = 'accepted' WHERE round_id = :r$$), :'skip', 'a trigger that changes the state afterwards');
DROP TRIGGER t_site ON aidcase.case_round;
-- settings and triggers are out of reach of staff
SELECT alike(pg_temp.refusal('SET LOCAL session_replication_role = replica', 't_clerk'), '42501 permission denied to set parameter%', 'session_replication_role');
SELECT alike(pg_temp.refusal('ALTER TABLE aidcase.case_round DISABLE TRIGGER "~1_workflow"', 't_clerk'), '42501 must be owner of table%', 'disabling the gate');
SELECT alike(pg_temp.refusal('CREATE TRIGGER "~z" BEFORE UPDATE ON aidcase.case_round FOR EACH ROW EXECUTE FUNCTION public.t_site()', 't_clerk'), '42501 permission denied for table%', 'a trigger after ours');
SELECT alike(pg_temp.refusal('UPDATE aidcase.workflow_transition SET guards = ''{}''', 't_admin'), '42501 permission denied for table%', 'a procedure without its guards');
SELECT alike(pg_temp.refusal($$UPDATE aidcase.workflow_transition SET guards = '{}' WHERE workflow_id = 1 AND action = 'confirm'$$), '55000 version 1 of procedure "ordinary_delegated" cannot be changed', 'by the owner neither, once rows are pinned to it');
SELECT alike(pg_temp.refusal('SELECT aidcase.act_as(1)', 't_clerk'), '42501 %', 'a login of one''s own acts for nobody else');
-- the decision itself: what a superuser alone can do stands in the README and is found by verify_register()
SELECT alike(pg_temp.refusal(format($$UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = %s$$, r), 't_clerk'), 'ZA003 cannot confirm: % conditions are not met', 'a clerk does not confirm') FROM t WHERE name = 'R';
-- with the gate switched off, used and switched on again every write is
-- captured, nothing is left in the catalogue, and the moves tell
CREATE FUNCTION pg_temp.found() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(v.kind || ' ' || (v.key = format('[%s]', t.r)), ', ' ORDER BY v.entry_no), 'nothing')
      FROM aidcase.verify_register() AS v, t WHERE v.relation = 'case_round' AND t.name = 'G' $$;
CREATE FUNCTION pg_temp.bypass(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    BEGIN
        SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE aidcase.case_round DISABLE TRIGGER "~1_workflow";
        EXECUTE (SELECT replace(command, ':r', r::text) FROM t WHERE name = 'G');
        SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE aidcase.case_round ENABLE TRIGGER "~1_workflow";
        found := pg_temp.found();
        RAISE EXCEPTION USING ERRCODE = 'ZZ998';
    EXCEPTION WHEN SQLSTATE 'ZZ998' THEN RETURN found;
    END;
END $$;
SELECT is(pg_temp.found(), 'nothing', 'so far all moves are allowed ones');
SELECT is(pg_temp.bypass('SELECT 1'), 'nothing', 'the gate off and on again');
SELECT is(pg_temp.bypass($$UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = :r$$), 'move_not_allowed true', 'a state that is not next, with the gate off');
SELECT is(pg_temp.bypass($$UPDATE aidcase.case_round SET state = 'accepted' WHERE round_id = :r; UPDATE aidcase.case_round SET state = 'filed' WHERE round_id = :r$$), 'move_not_allowed true', 'a step forth, which is allowed, and back, which is not');
SELECT is(pg_temp.bypass($$UPDATE aidcase.case_round SET workflow_id = 2 WHERE round_id = :r$$), 'move_not_allowed true', 'another procedure');
SELECT is(pg_temp.bypass($$UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = :r; UPDATE aidcase.case_round SET finder = 'x' WHERE round_id = :r$$), 'move_not_allowed true, frozen_row_changed true', 'a decided round is changed');
-- a fact of a decided round, with its guard off
CREATE FUNCTION pg_temp.fact_bypass(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    BEGIN
        SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE aidcase.case_member DISABLE TRIGGER "~1_fact";
        EXECUTE (SELECT replace(command, ':r', r::text) FROM t WHERE name = 'R');
        SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE aidcase.case_member ENABLE TRIGGER "~1_fact";
        SELECT string_agg(v.kind || ' ' || v.relation, ', ' ORDER BY v.entry_no) INTO found FROM aidcase.verify_register() AS v;
        RAISE EXCEPTION USING ERRCODE = 'ZZ998';
    EXCEPTION WHEN SQLSTATE 'ZZ998' THEN RETURN coalesce(found, 'nothing');
    END;
END $$;
SELECT pg_temp.decide(r, 'x', '340705100', '2021-04-09 10:00+08') AS confirmed FROM t WHERE name = 'R';
SELECT is(pg_temp.fact_bypass('SELECT 1'), 'nothing', 'a decided round is in order');
SELECT is(pg_temp.fact_bypass($$UPDATE aidcase.case_member SET name = name || 'x' WHERE round_id = :r$$), 'frozen_fact_changed case_member', 'a fact of a decided round is changed');
SELECT is(pg_temp.bypass($$INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id, workflow_id, state, occurred_at)
    SELECT case_id, unit_id, 'application', 9, 'on_site', first_contact_at, handler_id, workflow_id, 'confirmed', occurred_at FROM aidcase.case_round WHERE round_id = :r$$), 'move_not_allowed false', 'a new row with a later state');
SET LOCAL session_replication_role = replica;
UPDATE aidcase.case_round SET state = 'confirmed' FROM t WHERE round_id = r AND name = 'G';
SET LOCAL session_replication_role = origin;
SELECT is((SELECT count(*) FROM aidcase.case_round AS x JOIN t ON round_id = r AND name = 'G' JOIN aidcase.ledger AS l ON l.entry_no = x.entry_no
    WHERE l.image ->> 'state' <> x.state), 1::bigint, 'a superuser''s bypass leaves a row that differs from its entry');
SELECT * FROM finish();
ROLLBACK;
