-- Ledger: verification.  A tamper matrix: every way to change the past that
-- we know, what verify_register() says of it, and what it can only say when
-- it is given a checkpoint that was kept outside.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET search_path = aidcase, tap, public;

BEGIN;
SELECT plan(129);

-- Two checkpoints, and rows that were changed in between.  Sealing does not
-- take its own transaction's entries, so these come from another session.
ALTER TABLE ledger_entry ALTER COLUMN entry DROP NOT NULL;
SELECT seal() AS first_size \gset
SELECT latest_checkpoint() AS first_checkpoint \gset
SELECT seal() AS size \gset
SELECT latest_checkpoint() AS checkpoint \gset
SELECT is_empty('SELECT * FROM verify_register()', 'a register that nobody touched has no breaks');
SELECT is_empty(format('SELECT * FROM verify_register(%L)', :'checkpoint'), 'nor has it with its checkpoint');
SELECT is_empty(format('SELECT * FROM verify_register(%L, %s)', :'checkpoint', :size), 'nor from a trusted size');
SELECT is_empty(format('SELECT * FROM verify_register(trusted_size => %s)', n), 'nor from ' || n)
  FROM unnest(ARRAY[1, 255, 256, 257, 1000, 1024]) AS n;

-- Runs the commands as somebody whom nothing stops, verifies, and undoes
-- them.  Result: the kinds of breaks with their places, without and with the
-- outside checkpoint.
CREATE FUNCTION pg_temp.after(commands text, outside text DEFAULT NULL, triggers boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    BEGIN
        IF NOT triggers THEN
            SET LOCAL session_replication_role = replica;
        END IF;
        EXECUTE commands;
        SET LOCAL session_replication_role = origin;
        SELECT coalesce(string_agg(DISTINCT concat_ws(' ', v.kind, v.relation,
                   -- places in the tree are fixed, numbers of keys are not
                   CASE WHEN v.relation IN ('ledger_tile', 'ledger_leaf')
                        THEN CASE WHEN v.key !~ format('^\[(\d+,)?%s\]$', (SELECT max(tile_no) FROM aidcase.ledger_tile WHERE level = 0)) THEN v.key END
                        WHEN v.kind IN ('trigger_missing', 'trigger_disabled', 'trigger_changed', 'function_changed', 'function_missing', 'catalogue_changed')
                        THEN v.key END), ', '), 'nothing')
          INTO found FROM verify_register(outside) AS v;
        RAISE EXCEPTION USING ERRCODE = 'ZZ999';
    EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
        SET LOCAL session_replication_role = origin;
    END;
    RETURN found;
END $$;

SELECT is(pg_temp.after('SELECT 1'), 'nothing', 'the helper alone breaks nothing');

-- a row that was inserted once, one that was changed since, and their entries
SELECT entry_no AS no, code_set, code FROM label ORDER BY entry_no LIMIT 1 \gset
SELECT leaf_of(:no) AS leaf \gset
SELECT r.entry_no AS newer, l.supersedes AS older FROM register AS r JOIN ledger AS l USING (entry_no) \gset
SELECT cmp_ok(:older, '>', 0, 'there is a row that was changed');

-- without a checkpoint from outside, and with one: there is nothing that only
-- the second finds, but that some say more
CREATE TEMP TABLE one_thing AS
SELECT f.c, x.w, x.t
  FROM (VALUES
    ($$UPDATE ledger_entry SET entry = regexp_replace(entry, '"\]\]$|,(\d+)\]\]$', ',7]]') WHERE entry_no = %1$s$$,
     'entry_changed ledger_entry, row_changed label', 'a value in an entry'),
    ($$UPDATE ledger_entry SET entry = regexp_replace(entry, '^(\[\d+,\d+,\d+),\d+', '\1,1') WHERE entry_no = %1$s$$,
     'entry_changed ledger_entry', 'who wrote it'),
    ($$UPDATE ledger_entry SET entry = regexp_replace(entry, '^(\[\d+),\d+', '\1,1') WHERE entry_no = %1$s$$,
     'entry_changed ledger_entry', 'when it was written'),
    ($$UPDATE ledger_entry SET xid = xid + 1 WHERE entry_no = %1$s$$,
     'entry_changed ledger_entry', 'the transaction beside the text'),
    ($$UPDATE ledger_entry SET entry = NULL WHERE entry_no = %1$s$$,
     'entry_text_missing ledger_entry, row_without_entry label', 'the text is gone'),
    ($$UPDATE ledger_entry SET entry = 'x' WHERE entry_no = %1$s$$,
     'entry_changed ledger_entry, entry_malformed ledger_entry, row_without_entry label', 'the text is no entry'),
    ($$DELETE FROM ledger_entry WHERE entry_no = %1$s$$,
     'entry_missing ledger_entry, row_without_entry label', 'an entry is deleted'),
    ($$DELETE FROM ledger_entry WHERE entry_no IN (SELECT entry_no FROM label ORDER BY entry_no DESC LIMIT 7)$$,
     'entry_missing ledger_entry, row_without_entry label', 'the last entries of a table are deleted'),
    ($$DELETE FROM ledger_entry WHERE entry_no = %3$s$$,
     'chain_broken ledger_entry, entry_missing ledger_entry, row_missing register', 'an entry that was replaced is deleted'),
    ($$DELETE FROM ledger_entry WHERE entry_no = %1$s; DELETE FROM label WHERE entry_no = %1$s$$,
     'entry_missing ledger_entry', 'an entry and its row are deleted'),
    ($$INSERT INTO ledger_entry SELECT -1, 3, '[' || 0 || substr(entry, strpos(entry, ',')) FROM ledger_entry WHERE entry_no = %1$s$$,
     'entry_changed ledger_entry, entry_not_sealed ledger_entry, row_missing label', 'an entry is inserted'),
    ($$UPDATE ledger_entry AS e SET entry = o.entry FROM ledger_entry AS o
        WHERE (e.entry_no = %1$s AND o.entry_no = %2$s) OR (e.entry_no = %2$s AND o.entry_no = %1$s)$$,
     'chain_broken ledger_entry, entry_changed ledger_entry, row_without_entry label, row_without_entry register', 'two entries are swapped'),
    ($$ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_pkey; INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE entry_no = %1$s$$,
     'catalogue_changed constraint ledger_entry_pkey on ledger_entry, entry_duplicate ledger_entry, row_duplicate label', 'an entry is there twice'),
    ($$UPDATE ledger_leaf SET entry_nos[1] = entry_nos[2], entry_nos[2] = entry_nos[1] WHERE tile_no = 2$$,
     'entry_changed ledger_entry', 'two leaves are swapped'),
    ($$UPDATE ledger_leaf SET entry_nos[1] = entry_nos[2] WHERE tile_no = 2$$,
     'entry_changed ledger_entry, entry_not_sealed ledger_entry, leaf_changed ledger_leaf [2], leaf_duplicate ledger_leaf [2]', 'a leaf is given twice'),
    ($$UPDATE ledger_leaf SET entry_nos = entry_nos[1:255] WHERE tile_no = 2$$,
     'entry_not_sealed ledger_entry, leaf_changed ledger_leaf [2]', 'a leaf is removed'),
    ($$DELETE FROM ledger_leaf WHERE tile_no = 2$$,
     'entry_not_sealed ledger_entry, leaf_missing ledger_leaf [2]', 'leaves are deleted'),
    ($$UPDATE ledger_leaf SET numbers = '[1,2)' WHERE tile_no = 2$$, 'leaf_changed ledger_leaf [2]', 'the range of leaves'),
    ($$INSERT INTO ledger_leaf SELECT 99, numbers, entry_nos FROM ledger_leaf WHERE tile_no = 0$$,
     'leaf_extra ledger_leaf [99]', 'leaves beyond the tree'),
    ($$UPDATE ledger_tile SET hashes = set_byte(hashes, 100, get_byte(hashes, 100) # 1) WHERE (level, tile_no) = (0, 2)$$,
     'entry_changed ledger_entry, tile_changed ledger_tile [0,2]', 'a hash of a leaf'),
    ($$UPDATE ledger_tile SET hashes = set_byte(hashes, 70, get_byte(hashes, 70) # 1) WHERE (level, tile_no) = (1, 0)$$,
     'tile_changed ledger_tile [1,0]', 'a hash above'),
    ($$UPDATE ledger_tile SET hashes = substr(hashes, 1, 320) WHERE (level, tile_no) = (0, 2)$$,
     'entry_not_sealed ledger_entry, tile_changed ledger_tile [0,2]', 'a tile is cut'),
    ($$DELETE FROM ledger_tile WHERE (level, tile_no) = (0, 2)$$, 'entry_not_sealed ledger_entry, tile_missing ledger_tile [0,2]', 'a tile is deleted'),
    ($$DELETE FROM ledger_tile WHERE (level, tile_no) = (1, 0)$$, 'tile_missing ledger_tile [1,0]', 'and one above'),
    ($$INSERT INTO ledger_tile VALUES (3, 0, sha256('x'))$$, 'tile_extra ledger_tile [3,0]', 'a tile too many'),
    ($$UPDATE checkpoint SET root = sha256('x')$$, 'checkpoint_changed checkpoint', 'the root of a checkpoint'),
    ($$UPDATE checkpoint SET body = replace(body, 'aidcase', 'other')$$, 'checkpoint_changed checkpoint', 'the text of a checkpoint'),
    ($$UPDATE checkpoint SET tree_size = tree_size - 9 WHERE tree_size = (SELECT max(tree_size) FROM checkpoint)$$,
     'checkpoint_changed checkpoint, entry_not_sealed ledger_entry, leaf_changed ledger_leaf, tile_changed ledger_tile', 'the size of a checkpoint'),
    ($$INSERT INTO checkpoint SELECT 77, root, body, horizon, sealed_at, incarnation FROM checkpoint LIMIT 1$$,
     'checkpoint_changed checkpoint', 'a checkpoint that never was'),
    ($$UPDATE ledger_shape SET columns = replace(columns, 'text', 'bytea') WHERE relation = 'label'$$,
     'shape_changed ledger_shape', 'the shape of a table'),
    ($$UPDATE label SET en = 'other' WHERE entry_no = %1$s$$, 'row_changed label', 'session_replication_role: a row is changed'),
    ($$INSERT INTO label (code_set, code, zh, en, entry_no) VALUES ('a', 'b', 'c', 'd', 987654)$$,
     'row_without_entry label', 'a row is inserted'),
    ($$INSERT INTO label (code_set, code, zh, en, entry_no) SELECT 'a', code, zh, en, entry_no FROM label WHERE entry_no = %1$s$$,
     'row_changed label, row_duplicate label', 'a row is copied with its number'),
    ($$DELETE FROM label WHERE entry_no = %1$s$$, 'row_missing label', 'a row is deleted'),
    ($$UPDATE label SET entry_no = (SELECT max(entry_no) FROM label) WHERE entry_no = %1$s$$,
     'row_changed label, row_duplicate label, row_missing label', 'a row takes the number of another'),
    ($$UPDATE register SET packs = '{}', entry_no = %3$s$$, 'row_missing register, row_outdated register', 'a row is set back'),
    ($$DELETE FROM register_incarnation$$, 'incarnation_missing register_incarnation, row_missing register_incarnation', 'where the register lives')
  ) AS x (c, w, t) CROSS JOIN LATERAL format(x.c, :no, :newer, :older) AS f (c);
SELECT is(pg_temp.after(c), w, t) FROM one_thing;
SELECT is(pg_temp.after(c, :'checkpoint'),
          CASE t WHEN 'the size of a checkpoint' THEN replace(w, 'checkpoint,', 'checkpoint, checkpoint_outside checkpoint,') ELSE w END,
          t || ', with a checkpoint') FROM one_thing;

-- ---------------------------------------------------------------------
-- What switches the ledger off for a while, with the triggers of the table

SELECT is(pg_temp.after(c, NULL, true), w, t)
  FROM (VALUES
    ($$ALTER TABLE label DISABLE TRIGGER "~9_capture"$$,
     'catalogue_changed trigger "~9_capture" on label, trigger_disabled label ~9_capture', 'a trigger is disabled'),
    ($$ALTER TABLE label DISABLE TRIGGER "~9_capture"; UPDATE label SET en = 'x' WHERE code = 'rural'; ALTER TABLE label ENABLE TRIGGER "~9_capture"$$,
     'row_missing label, row_without_entry label', 'disabled, used and enabled: nothing in the catalogue, but the row'),
    ($$ALTER TABLE label ENABLE REPLICA TRIGGER "~9_capture"$$,
     'catalogue_changed trigger "~9_capture" on label, trigger_disabled label ~9_capture', 'it fires on replicas only'),
    ($$DROP TRIGGER "~9_capture" ON label$$,
     'catalogue_changed trigger "~9_capture" on label, trigger_missing label ~9_capture', 'it is dropped'),
    ($$DROP TRIGGER "~9_capture" ON label; UPDATE label SET en = 'x' WHERE code = 'rural';
       CREATE TRIGGER "~9_capture" AFTER INSERT OR UPDATE OR DELETE ON label FOR EACH ROW EXECUTE FUNCTION capture_entry()$$,
     'row_missing label, row_without_entry label', 'dropped, used and made again'),
    ($$DROP TRIGGER "~9_capture" ON label;
       CREATE TRIGGER "~9_capture" AFTER INSERT OR UPDATE OR DELETE ON label FOR EACH ROW WHEN (false) EXECUTE FUNCTION capture_entry()$$,
     'catalogue_changed trigger "~9_capture" on label, trigger_changed label ~9_capture', 'it fires never'),
    ($$DROP TRIGGER "~9_capture" ON label; CREATE TRIGGER "~9_capture" AFTER INSERT ON label FOR EACH ROW EXECUTE FUNCTION capture_entry()$$,
     'catalogue_changed trigger "~9_capture" on label, trigger_changed label ~9_capture', 'it fires at INSERT only'),
    ($$DROP TRIGGER "~0_refuse" ON checkpoint$$,
     'catalogue_changed trigger "~0_refuse" on checkpoint, trigger_missing checkpoint ~0_refuse', 'the ledger may be written'),
    ($$CREATE OR REPLACE FUNCTION aidcase.capture_entry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'$$,
     'catalogue_changed function capture_entry(), function_changed aidcase.capture_entry()', 'a function of the extension is replaced'),
    ($$CREATE OR REPLACE FUNCTION aidcase.capture_entry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; SELECT seal()$$,
     'function_changed aidcase.capture_entry()', 'and the sealer has recorded that: still found'),
    ($$CREATE OR REPLACE FUNCTION aidcase.number_entry() RETURNS trigger LANGUAGE c AS '$libdir/aidcase', 'aidcase_keep_all_rows'; SELECT seal()$$,
     'function_changed aidcase.number_entry()', 'by another function of the same library'),
    ($$CREATE OR REPLACE FUNCTION aidcase.guard_line() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; SELECT seal()$$,
     'function_changed aidcase.guard_line()', 'a guard of the register'),
    ($$DROP FUNCTION aidcase.draw_page(bigint); SELECT seal()$$, 'function_missing draw_page', 'a function is dropped'),
    ($$DROP TRIGGER "~1_workflow" ON case_round; SELECT seal()$$,
     'trigger_missing case_round ~1_workflow', 'the gate of the procedures is dropped, and sealed'),
    ($$DROP TRIGGER "~1_workflow" ON case_round; CREATE TRIGGER "~1_workflow" BEFORE INSERT OR UPDATE ON case_round
         FOR EACH ROW WHEN (NEW.round_id = 0) EXECUTE FUNCTION enforce_workflow(); SELECT seal()$$,
     'trigger_changed case_round ~1_workflow', 'it judges some rows only, and sealed'),
    ($$ALTER TABLE case_round ENABLE ALWAYS TRIGGER "~1_workflow"$$, 'nothing', 'a trigger that fires on replicas too is as good'),
    ($$CREATE OR REPLACE FUNCTION aidcase.capture_entry() RETURNS trigger LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'$$,
     'catalogue_changed function capture_entry(), function_changed aidcase.capture_entry()', 'by one of another library'),
    ($$CREATE OR REPLACE FUNCTION aidcase.leaf_of(entry_no bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 0::bigint'$$,
     'catalogue_changed function leaf_of(entry_no bigint), function_changed aidcase.leaf_of(bigint)', 'one of the register''s'),
    ($$GRANT UPDATE ON label TO t_clerk$$, 'catalogue_changed table label', 'a grant'),
    ($$DROP POLICY aidcase_select_all ON label$$, 'catalogue_changed policy aidcase_select_all on label', 'a policy is dropped'),
    ($$ALTER TABLE label NO FORCE ROW LEVEL SECURITY; ALTER TABLE label DISABLE ROW LEVEL SECURITY$$,
     'catalogue_changed table label', 'row security is off'),
    ($$ALTER TABLE label OWNER TO t_clerk$$, 'catalogue_changed table label, row_missing label, table_hidden label', 'another owner'),
    ($$ALTER TABLE label FORCE ROW LEVEL SECURITY$$, 'catalogue_changed table label, row_missing label, table_hidden label', 'rows hidden from the owner'),
    ($$CREATE RULE quiet AS ON UPDATE TO label DO INSTEAD NOTHING$$, 'catalogue_changed rule quiet on label', 'a rule'),
    ($$ALTER TABLE label ADD COLUMN own integer$$, 'catalogue_changed table label', 'a column of a DBA: no row is changed by it'),
    ($$ALTER TABLE label ADD COLUMN own integer DEFAULT 7$$, 'catalogue_changed table label', 'nor by one with a default'),
    ($$ALTER TABLE label ADD COLUMN own integer; UPDATE label SET own = 7; ALTER TABLE label DROP COLUMN own$$, 'nothing', 'nor by one that is dropped'),
    ($$UPDATE aidcase.blueprint SET body = body || ' ' WHERE room = '06_sealing' AND kind = 'always'$$,
     'catalogue_changed blueprint always 06_sealing', 'the blueprint'),
    ($$UPDATE label SET en = 'x' WHERE code = 'rural'$$, 'nothing', 'a superuser''s ordinary UPDATE is recorded as any other')
  ) AS x (c, w, t);

-- ---------------------------------------------------------------------
-- All of the ledger made anew: only what was kept outside tells

\set again 'DELETE FROM ledger_leaf; DELETE FROM ledger_tile; DELETE FROM checkpoint; SELECT seal()'
SELECT is(ARRAY[pg_temp.after(f.c), pg_temp.after(f.c, :'checkpoint')], ARRAY[x.w, concat_ws(', ', x.o, nullif(x.w, 'nothing'))], t)
  FROM (VALUES
    ($$UPDATE ledger_entry SET entry = regexp_replace(entry, '^(\[\d+,\d+,\d+),\d+', '\1,1') WHERE entry_no = %1$s$$,
     'nothing', 'checkpoint_outside checkpoint', 'who wrote an entry, and the tree made anew'),
    ($$DELETE FROM label WHERE entry_no = %1$s; DELETE FROM ledger_entry WHERE entry_no = %1$s$$,
     'nothing', 'checkpoint_outside checkpoint', 'row and entry deleted, and the tree made anew'),
    ($$CREATE TEMP TABLE last AS SELECT entry_no FROM label ORDER BY entry_no DESC LIMIT 9;
       DELETE FROM label WHERE entry_no IN (SELECT entry_no FROM last); DELETE FROM ledger_entry WHERE entry_no IN (SELECT entry_no FROM last)$$,
     'nothing', 'checkpoint_outside checkpoint', 'several rows and entries deleted, and the tree made anew'),
    ($$UPDATE label SET en = 'x' WHERE entry_no = %1$s; UPDATE ledger_entry AS e SET entry =
           left(e.entry, strpos(e.entry, '",[') - 1) || '",' || row_image(l) || ']' FROM label AS l WHERE l.entry_no = %1$s AND e.entry_no = %1$s$$,
     'nothing', 'checkpoint_outside checkpoint', 'row and entry changed alike, and the tree made anew'),
    ($$UPDATE label SET en = 'x' WHERE entry_no = %1$s$$,
     'row_changed label', NULL, 'a row alone is found in any case')
  ) AS x (c, w, o, t) CROSS JOIN LATERAL format(x.c || '; ' || :'again', :no, :newer) AS f (c);

-- ---------------------------------------------------------------------
-- The parts of a text, whatever it says

SELECT is(entry_values('[12,1,2,3,4,5,"a\",b",[1,"x,]\"",[1,[2]],{"k": [1, 2]},null]]', '{2,1,4,5,6}'),
    ARRAY['5', '[1,"x,]\"",[1,[2]],{"k": [1, 2]},null]', '"x,]\""', '1', '{"k": [1, 2]}', 'null', NULL], 'the values of a row');
SELECT is(entry_values(t, '{1}'), NULL, 'no entry of a row: ' || t)
  FROM unnest(ARRAY['', 'x', '[]', '[1,2,3,4,"S",5,"s",[]]', '[1,2,3,4,5,6,"s",{"k":[1]}]', '[1,2,3,4,5,6,"s', '[1,2,3,4,5,6,"\', '[12345678901234567890,2,3,4,5,6,"s",[1]]']) AS t;
SELECT is((SELECT count(entry_values(overlay(left(e.entry, n) PLACING '"' FROM n FOR 1), '{1,2}')) FROM ledger_entry AS e, generate_series(1, length(e.entry)) AS n WHERE e.entry_no = :no),
    0::bigint, 'texts that were cut and broken do no harm');

SELECT * FROM finish();
ROLLBACK;
