-- Ledger: sealing.  Leaves in a tree, tiles, checkpoints, proofs, receipts.
-- What needs several sessions or servers is in t/070_seal.pl and 075.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET search_path = aidcase, tap, public;

BEGIN;
SELECT plan(51);

-- ---------------------------------------------------------------------
-- The first sealing takes what is committed, and nothing of our own

SELECT is(latest_checkpoint(), NULL, 'no checkpoint before the first seal');
SELECT count(*) || '::bigint' AS entries FROM ledger_entry \gset
INSERT INTO label (code_set, code, zh, en) VALUES ('test.code', 'mine', 'x', 'x');
SELECT is(seal(), :entries, 'all committed entries are sealed, not those of our own transaction');
SELECT is(leaf_of((SELECT entry_no FROM label WHERE code = 'mine')), NULL, 'our own has no leaf yet');
SELECT is((SELECT array_agg(entry_no ORDER BY entry_no) FROM ledger_position),
    (SELECT array_agg(entry_no ORDER BY entry_no) FROM ledger_entry
      WHERE xid <> pg_current_xact_id()::text::bigint), 'every entry has one leaf');
SELECT is((SELECT array_agg(leaf_index ORDER BY leaf_index) FROM ledger_position),
    (SELECT array_agg(n) FROM generate_series(0, :entries - 1) AS n), 'leaves are numbered without gaps');
SELECT is_empty($$ SELECT p.entry_no FROM ledger_position AS p JOIN ledger_entry AS e USING (entry_no)
     WHERE p.leaf_hash <> sha256('\x00' || convert_to(e.entry, 'UTF8')) $$,
    'a leaf is SHA-256 of a zero byte and the text');
SELECT is((SELECT root FROM checkpoint), (SELECT merkle_root(leaf_hash ORDER BY leaf_index) FROM ledger_position),
    'the root of the checkpoint is that of the leaves');
SELECT is((SELECT hashes FROM ledger_tile WHERE level = 1 AND tile_no = 0),
    (SELECT string_agg(r, '' ORDER BY n) FROM (
        SELECT leaf_index / 256 AS n, merkle_root(leaf_hash ORDER BY leaf_index) AS r FROM ledger_position
         WHERE leaf_index / 256 < :entries / 256 GROUP BY 1) AS x),
    'a tile of level 1 has the roots of complete tiles of leaves');
SELECT is((SELECT count(*) FROM ledger_tile), (:entries + 255) / 256 + 1, 'no tile beyond these');
SELECT is_empty($$ SELECT tile_no FROM ledger_leaf
     WHERE numbers <> int8range((SELECT min(n) FROM unnest(entry_nos) AS n), (SELECT max(n) FROM unnest(entry_nos) AS n), '[]') $$,
    'a row of leaves knows the range of its numbers');
SELECT is((SELECT body FROM checkpoint),
    (SELECT r.origin || E'\n' || c.tree_size || E'\n' || encode(c.root, 'base64') || E'\nrehearsal\n'
       FROM checkpoint AS c CROSS JOIN register AS r),
    'the text of a checkpoint: origin, size, root in base64, and that it is a rehearsal''s');
SELECT is(latest_checkpoint(), (SELECT body FROM checkpoint), 'latest_checkpoint() gives it');
SELECT is(seal(), :entries, 'sealing again finds nothing new');
SELECT is((SELECT count(*) FROM checkpoint), 1::bigint, 'and writes no checkpoint');
SELECT is((SELECT array_agg(leaf_of(entry_no) ORDER BY leaf_index) FROM ledger_position),
    (SELECT array_agg(leaf_index ORDER BY leaf_index) FROM ledger_position), 'leaf_of() finds every leaf');
SELECT is(leaf_of(-1), NULL, 'and none for a number that is not there');

-- ---------------------------------------------------------------------
-- Proofs from tiles are those from all leaves

CREATE TEMP TABLE leaf AS SELECT leaf_index, leaf_hash FROM ledger_position;
SELECT array_agg(leaf_hash ORDER BY leaf_index) AS leaves FROM leaf \gset
CREATE TEMP TABLE size AS
SELECT s, (SELECT merkle_root(leaf_hash ORDER BY leaf_index) FROM leaf WHERE leaf_index < s) AS root
  FROM unnest(ARRAY[1, 2, 3, 7, 255, 256, 257, 511, 512, 768, 1000, 1280, 1281, :entries - 1, :entries]::bigint[]) AS s;
CREATE TEMP TABLE all_leaves AS SELECT array_agg(leaf_hash ORDER BY leaf_index) AS a FROM leaf;
SELECT is((SELECT count(*) FILTER (WHERE inclusion_proof(i, s) = merkle_inclusion_path(a[1:s], i)) FROM size, all_leaves,
            LATERAL (SELECT DISTINCT i FROM unnest(ARRAY[0, 1, 254, 255, 256, 300, 511, 767, s / 2, s - 2, s - 1]) AS i
                      WHERE i BETWEEN 0 AND s - 1) AS x),
    (SELECT count(*) FROM size,
            LATERAL (SELECT DISTINCT i FROM unnest(ARRAY[0, 1, 254, 255, 256, 300, 511, 767, s / 2, s - 2, s - 1]) AS i
                      WHERE i BETWEEN 0 AND s - 1) AS x),
    'inclusion proofs are those made from all leaves');
SELECT is_empty($$ SELECT s, i FROM size, generate_series(0, s - 1, 97) AS i
     WHERE NOT verify_inclusion(leaf_hash(i), i, s, inclusion_proof(i, s), root) $$, 'and they verify');
SELECT cmp_ok((SELECT count(*) FROM size, generate_series(0, s - 1, 97)), '>', 50::bigint, 'many of them');
SELECT is_empty($$ SELECT a.s, b.s FROM size AS a JOIN size AS b ON a.s <= b.s CROSS JOIN all_leaves AS l
     WHERE consistency_proof(a.s, b.s) <> merkle_consistency_path(l.a[1:b.s], a.s)
        OR NOT verify_consistency(a.s, b.s, a.root, b.root, consistency_proof(a.s, b.s)) $$,
    'consistency proofs are those made from all leaves, and verify');
SELECT is(consistency_proof(0, 5), '{}', 'every tree begins with the empty one');
SELECT throws_ok(format('SELECT inclusion_proof(%s, %s)', :entries, :entries), '22023',
    'the ledger''s tree has no such proof', 'a leaf outside the tree');
SELECT throws_ok(format('SELECT inclusion_proof(0, %s)', :entries + 1), '22023',
    'the ledger''s tree has no such proof', 'a tree larger than the ledger''s');
SELECT throws_ok('SELECT inclusion_proof(-1, 5)', '22023', 'the ledger''s tree has no such proof', 'a negative leaf');
SELECT throws_ok('SELECT consistency_proof(7, 5)', '22023', 'the ledger''s tree has no such proof', 'sizes in the wrong order');
SELECT throws_ok(format('SELECT leaf_hash(%s)', :entries), '22023', 'the ledger''s tree has no such proof', 'a leaf that is not there');

-- ---------------------------------------------------------------------
-- Receipts

SELECT entry_no AS sealed_no FROM ledger_position WHERE leaf_index = 100 \gset
SELECT is(exported_covering(:sealed_no), NULL, 'without a receipt nothing counts as exported');
SELECT throws_ok($$ SELECT record_receipt(latest_checkpoint(), ' ', 'x') $$, '22023',
    'a receipt says where the copy is kept and who acknowledged it', 'a receipt without a place');
SELECT throws_ok($$ SELECT record_receipt('x', 'a', 'b') $$, '22023',
    'what was acknowledged is no checkpoint of this register', 'a receipt for something else');
SELECT throws_ok($$ SELECT record_receipt(NULL, 'a', 'b') $$, '22023',
    'what was acknowledged is no checkpoint of this register', 'or for nothing');
SELECT throws_ok($$ SELECT record_receipt(replace(latest_checkpoint(), 'aidcase/', 'other/'), 'a', 'b') $$, '22023',
    'what was acknowledged is no checkpoint of this register', 'a receipt for a checkpoint of another register');
SELECT throws_ok(format($$ SELECT record_receipt(%L, 'a', 'b') $$,
        (SELECT origin || E'\n' || tree_size || E'\n' || encode(sha256('x'), 'base64') || E'\nrehearsal\n' FROM register, checkpoint)),
    '22023', 'what was acknowledged is no checkpoint of this register', 'a receipt for another root');
SELECT throws_ok($$ INSERT INTO checkpoint_receipt (tree_size, root, place, acknowledged_by, acknowledged_at)
    SELECT tree_size, sha256('x'), 'a', 'b', now() FROM checkpoint $$, '23503', NULL, 'nor by a direct insert');
SET LOCAL SESSION AUTHORIZATION t_clerk;
SELECT throws_ok($$ SELECT record_receipt(latest_checkpoint(), 'a', 'b') $$, '42501', NULL, 'a clerk records no receipt');
SELECT isnt(latest_checkpoint(), NULL, 'but reads checkpoints');
SELECT is(cardinality(inclusion_proof(0, 1000)), 10, 'and proofs');
SELECT throws_ok('SELECT seal()', '42501', NULL, 'and does not seal');
SELECT throws_ok('SELECT * FROM ledger_leaf', '42501', NULL, 'nor read leaves');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION t_bureau;
SELECT lives_ok($$ SELECT record_receipt(rtrim(latest_checkpoint(), E'\n'), '市纪委信访室', '王五', '2021-04-06 09:00+08', '2021-17') $$,
    'the bureau does; a missing end of line does not matter');
SELECT is(exported_covering(:sealed_no), :entries, 'then the checkpoint counts as exported');
SELECT is(exported_covering((SELECT entry_no FROM label WHERE code = 'mine')), NULL, 'for what it covers only');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION t_admin;
SELECT is(seal(), :entries, 'an administrator seals');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION t_stranger;
SELECT throws_ok('SELECT latest_checkpoint()', '42501', NULL, 'a stranger reads nothing');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM ledger WHERE relation = 'checkpoint_receipt' AND operation = 'I'), 1::bigint,
    'a receipt is an entry itself');

-- ---------------------------------------------------------------------
-- Nothing is written by hand, nothing sealed on a tree that was changed

SELECT throws_ok(format(c, t), 'ZA006', NULL, format(c, t) || ' is refused')
  FROM unnest(ARRAY['ledger_leaf', 'ledger_tile', 'checkpoint']) AS t
 CROSS JOIN unnest(ARRAY['TRUNCATE aidcase.%I CASCADE', 'DELETE FROM aidcase.%I']) AS c;
ALTER TABLE ledger_tile DISABLE TRIGGER "~0_refuse";
UPDATE ledger_tile SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) WHERE level = 1;
SELECT throws_ok('SELECT seal()', 'XX001', 'the ledger''s tree does not fit its last checkpoint',
    'nothing is sealed on a tree that was changed');

SELECT * FROM finish();
ROLLBACK;
