-- Merkle trees of RFC 6962: roots, proofs and their checks.
--
-- The eight leaves are Certificate Transparency's own test data.  The other
-- expected values, digests over all trees of 0 to 130 leaves included, come
-- from the RFC's recursive definitions, computed outside the database.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(60);

CREATE TEMP TABLE ct_leaf AS
SELECT n::int - 1 AS leaf_index, decode(data, 'hex') AS data,
       merkle_leaf_hash(decode(data, 'hex')) AS hash
  FROM unnest(ARRAY['', '00', '10', '2021', '3031', '40414243',
                    '5051525354555657',
                    '606162636465666768696a6b6c6d6e6f'])
       WITH ORDINALITY AS d (data, n);

SELECT is(merkle_leaf_hash(''),
          '\x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'::bytea,
          'hash of an empty leaf');
SELECT is(merkle_leaf_hash('\x00'),
          '\x96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7'::bytea,
          'hash of a leaf of one byte');
SELECT is(merkle_leaf_hash(convert_to(repeat('救助', 100000), 'UTF8')),
          sha256('\x00'::bytea || convert_to(repeat('救助', 100000), 'UTF8')),
          'hash of a long leaf');
SELECT is(merkle_leaf_hash(NULL), NULL, 'no data, no hash');

-- Roots
SELECT is((SELECT merkle_root(hash ORDER BY leaf_index) FROM ct_leaf
            WHERE leaf_index < n),
          decode(root, 'hex'), format('root of the first %s leaves', n))
  FROM (VALUES
    (0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
    (1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'),
    (2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'),
    (3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'),
    (4, 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'),
    (5, '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'),
    (6, '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'),
    (7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'),
    (8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  ) AS v (n, root);

SELECT isnt((SELECT merkle_root(hash ORDER BY leaf_index DESC) FROM ct_leaf),
            (SELECT merkle_root(hash ORDER BY leaf_index) FROM ct_leaf),
            'another order gives another root');
SELECT results_eq(
    $$SELECT merkle_root(hash) OVER (ORDER BY leaf_index) FROM ct_leaf
       ORDER BY leaf_index$$,
    $$SELECT (SELECT merkle_root(b.hash ORDER BY b.leaf_index)
                FROM ct_leaf b WHERE b.leaf_index <= a.leaf_index)
        FROM ct_leaf a ORDER BY a.leaf_index$$,
    'as a window function the tree grows from row to row');
SELECT results_eq(
    $$SELECT merkle_root(hash ORDER BY leaf_index) FROM ct_leaf
       GROUP BY leaf_index % 3 ORDER BY leaf_index % 3$$,
    $$SELECT (SELECT merkle_root(hash ORDER BY leaf_index) FROM ct_leaf
               WHERE leaf_index % 3 = g)
        FROM generate_series(0, 2) g$$,
    'groups do not mix');

-- Proofs known from Certificate Transparency's test data
CREATE FUNCTION pg_temp.ct_leaves(n int) RETURNS bytea[] LANGUAGE sql AS
$$SELECT coalesce(array_agg(hash ORDER BY leaf_index), '{}')
    FROM pg_temp.ct_leaf WHERE leaf_index < n$$;

SELECT is(merkle_inclusion_path(pg_temp.ct_leaves(1), 0), '{}'::bytea[],
          'a single leaf needs no proof');
SELECT is(merkle_inclusion_path(pg_temp.ct_leaves(8), 0),
          ARRAY['\x96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
                '\x5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
                '\x6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4']::bytea[],
          'leaf 0 in 8');
SELECT is(merkle_inclusion_path(pg_temp.ct_leaves(8), 5),
          ARRAY['\xbc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
                '\xca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
                '\xd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7']::bytea[],
          'leaf 5 in 8');
SELECT is(merkle_inclusion_path(pg_temp.ct_leaves(3), 2),
          ARRAY['\xfac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']::bytea[],
          'leaf 2 in 3');
SELECT is(merkle_inclusion_path(pg_temp.ct_leaves(5), 1),
          ARRAY['\x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
                '\x5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
                '\xbc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']::bytea[],
          'leaf 1 in 5');
SELECT is(merkle_consistency_path(pg_temp.ct_leaves(8), 1),
          ARRAY['\x96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
                '\x5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
                '\x6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4']::bytea[],
          'from 1 to 8');
SELECT is(merkle_consistency_path(pg_temp.ct_leaves(8), 6),
          ARRAY['\x0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
                '\xca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
                '\xd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7']::bytea[],
          'from 6 to 8');
SELECT is(merkle_consistency_path(pg_temp.ct_leaves(5), 2),
          ARRAY['\x5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
                '\xbc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']::bytea[],
          'from 2 to 5');
SELECT is(merkle_consistency_path(pg_temp.ct_leaves(7), 4),
          ARRAY['\x837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e']::bytea[],
          'from 4 to 7');
SELECT is(merkle_consistency_path(pg_temp.ct_leaves(8), 8), '{}'::bytea[],
          'a tree is consistent with itself without proof');
SELECT is(merkle_consistency_path(pg_temp.ct_leaves(8), 0), '{}'::bytea[],
          'the empty tree begins every tree without proof');

-- All trees of up to 130 leaves
CREATE TEMP TABLE tree AS
WITH leaf AS (
    SELECT i, merkle_leaf_hash(convert_to('leaf ' || i, 'UTF8')) AS hash
      FROM generate_series(0, 129) i
)
SELECT n, merkle_root(hash ORDER BY i) AS root,
       coalesce(array_agg(hash ORDER BY i) FILTER (WHERE i IS NOT NULL), '{}') AS leaves
  FROM generate_series(1, 130) n JOIN leaf ON i < n
 GROUP BY n;
INSERT INTO tree VALUES (0, sha256(''), '{}');

CREATE TEMP TABLE inclusion AS
SELECT n, m, root, leaves[m + 1] AS leaf, merkle_inclusion_path(leaves, m) AS proof
  FROM tree, generate_series(0, n - 1) m;

CREATE TEMP TABLE consistency AS
SELECT b.n, a.n AS m, a.root AS root1, b.root AS root2,
       merkle_consistency_path(b.leaves, a.n) AS proof
  FROM tree a JOIN tree b ON a.n BETWEEN 1 AND b.n;

-- the hashes of a proof as one text of hexadecimal digits
CREATE FUNCTION pg_temp.digits(bytea[]) RETURNS text LANGUAGE sql AS
$$SELECT coalesce(string_agg(encode(h, 'hex'), '' ORDER BY k), '')
    FROM unnest($1) WITH ORDINALITY AS u (h, k)$$;

SELECT is((SELECT encode(sha256(string_agg(root, '' ORDER BY n)), 'hex') FROM tree),
          'b71d6dfa71f627f16d57884ab54729f4db594a867e01b82a852361c4ab466287',
          'roots of all trees of 0 to 130 leaves');
SELECT is((SELECT encode(sha256(convert_to(string_agg(format('%s %s %s', n, m, pg_temp.digits(proof)),
                                                      E'\n' ORDER BY n, m), 'UTF8')), 'hex')
             FROM inclusion),
          '70182a394be9c3824db8686b814cda50c195aca1fb94cd261a3aa26b748f2ffc',
          'all inclusion proofs in them');
SELECT is((SELECT encode(sha256(convert_to(string_agg(format('%s %s %s', n, m, pg_temp.digits(proof)),
                                                      E'\n' ORDER BY n, m), 'UTF8')), 'hex')
             FROM consistency),
          'e95474df93e6424f059bb1c88919c7291898ee89b165823d1a2724ff8b9af5db',
          'all consistency proofs between them');
SELECT is((SELECT count(*) FROM inclusion WHERE verify_inclusion(leaf, m, n, proof, root)),
          8515::bigint, 'every inclusion proof is accepted');
SELECT is((SELECT count(*) FROM consistency WHERE verify_consistency(m, n, root1, root2, proof)),
          8515::bigint, 'every consistency proof is accepted');

-- Proofs that were tampered with, in all trees of up to 33 leaves
SELECT is((SELECT count(*)
             FROM inclusion, generate_series(1, cardinality(proof)) k,
                  generate_series(0, 255, 85) bit
            WHERE n <= 33
              AND verify_inclusion(leaf, m, n,
                                   proof[:k - 1] || set_bit(proof[k], bit, 1 - get_bit(proof[k], bit))
                                   || proof[k + 1:], root)),
          0::bigint, 'inclusion: a changed bit is refused');
SELECT is((SELECT count(*) FROM inclusion, generate_series(1, cardinality(proof)) k
            WHERE n <= 33
              AND verify_inclusion(leaf, m, n, proof[:k - 1] || proof[k + 1:], root)),
          0::bigint, 'inclusion: a missing part is refused');
SELECT is((SELECT count(*) FROM inclusion, generate_series(1, cardinality(proof) + 1) k
            WHERE n <= 33
              AND (verify_inclusion(leaf, m, n, proof[:k - 1] || root || proof[k:], root)
                   OR verify_inclusion(root, m, n, proof[:k - 1] || leaf || proof[k:], root))),
          0::bigint, 'inclusion: a part too many is refused');
SELECT is((SELECT count(*) FROM inclusion, generate_series(0, 40) other
            WHERE n <= 33 AND other <> m
              AND verify_inclusion(leaf, other, n, proof, root)),
          0::bigint, 'inclusion: another index is refused');
SELECT is((SELECT count(*) FROM inclusion
            WHERE n <= 33 AND verify_inclusion(set_byte(leaf, 31, 255 - get_byte(leaf, 31)), m, n, proof, root)),
          0::bigint, 'inclusion: another leaf is refused');
SELECT is((SELECT count(*) FROM inclusion JOIN tree USING (n)
            WHERE n BETWEEN 2 AND 33
              AND verify_inclusion(leaf, m, n, proof, merkle_leaf_hash(tree.root))),
          0::bigint, 'inclusion: another root is refused');
SELECT is((SELECT count(*) FROM inclusion
            WHERE n <= 33 AND (verify_inclusion(leaf, m, m, proof, root)
                               OR verify_inclusion(leaf, m, 2 * n, proof, root)
                               OR verify_inclusion(leaf, m, 0, proof, root))),
          0::bigint, 'inclusion: a size of another shape is refused');
SELECT is((SELECT count(*)
             FROM consistency, generate_series(1, cardinality(proof)) k,
                  generate_series(0, 255, 85) bit
            WHERE n <= 33
              AND verify_consistency(m, n, root1, root2,
                                     proof[:k - 1] || set_bit(proof[k], bit, 1 - get_bit(proof[k], bit))
                                     || proof[k + 1:])),
          0::bigint, 'consistency: a changed bit is refused');
SELECT is((SELECT count(*) FROM consistency, generate_series(1, cardinality(proof)) k
            WHERE n <= 33
              AND verify_consistency(m, n, root1, root2, proof[:k - 1] || proof[k + 1:])),
          0::bigint, 'consistency: a missing part is refused');
SELECT is((SELECT count(*) FROM consistency, generate_series(1, cardinality(proof) + 1) k
            WHERE n <= 33
              AND verify_consistency(m, n, root1, root2, proof[:k - 1] || root1 || proof[k:])),
          0::bigint, 'consistency: a part too many is refused');
SELECT is((SELECT count(*) FROM consistency
            WHERE n <= 33 AND m < n
              AND (verify_consistency(m, n, root2, root1, proof)
                   OR verify_consistency(n, m, root2, root1, proof)
                   OR verify_consistency(m, n, root1, root1, proof)
                   OR verify_consistency(m, n, root2, root2, proof))),
          0::bigint, 'consistency: other roots are refused');
SELECT ok(NOT verify_consistency(2, 2, a.root, b.root, '{}'),
          'two trees of one size must be the same')
  FROM tree a, tree b WHERE a.n = 2 AND b.n = 3;

-- The empty tree
SELECT ok(bool_and(verify_consistency(0, n, sha256(''), root, '{}')),
          'the empty tree begins every tree') FROM tree;
SELECT ok(NOT bool_or(verify_consistency(0, n, root, root, '{}')),
          'with its own root only') FROM tree WHERE n > 0;
SELECT ok(NOT bool_or(verify_consistency(0, n, sha256(''), root, ARRAY[root])),
          'and without a proof only') FROM tree;
SELECT ok(NOT verify_consistency(0, 0, sha256(''), sha256('x'), '{}'),
          'two empty trees have the same root');
SELECT ok(NOT verify_inclusion(sha256('x'), 0, 0, '{}', sha256('')),
          'the empty tree has no leaf');

-- Very large sizes
SELECT ok(NOT verify_inclusion(sha256('x'), 9223372036854775806, 9223372036854775807,
                               array_fill(sha256('y'), ARRAY[62]), sha256('z')),
          'a tree of 2^63 - 1 leaves can be asked about');
SELECT ok(NOT verify_inclusion(sha256('x'), 0, 1, array_fill(sha256('y'), ARRAY[1000]), sha256('z')),
          'a proof longer than any is refused');

-- Input that is none
SELECT throws_ok($$SELECT merkle_root(h) FROM (VALUES (sha256('a')), (NULL)) v (h)$$,
                 '22004', 'leaf hash must not be NULL', 'a leaf must be known');
SELECT throws_ok($$SELECT merkle_root('\x00'::bytea)$$,
                 '22023', 'leaf hash is not a SHA-256 hash', 'a leaf is a hash');
SELECT throws_ok($$SELECT merkle_inclusion_path(ARRAY[sha256('a')], 1)$$,
                 '22023', 'leaf_index is outside the tree', 'no path of a leaf that is not there');
SELECT throws_ok($$SELECT merkle_inclusion_path(ARRAY[sha256('a'), NULL], 0)$$,
                 '22004', 'leaf_hashes must not contain NULL', 'no path over an unknown leaf');
SELECT throws_ok($$SELECT merkle_consistency_path(ARRAY[sha256('a')], 2)$$,
                 '22023', 'size1 is greater than the tree', 'no path from a larger tree');
SELECT throws_ok($$SELECT verify_inclusion(sha256('a'), -1, 1, '{}', sha256('a'))$$,
                 '22023', 'leaf_index must not be negative', 'no negative index');
SELECT throws_ok($$SELECT verify_inclusion(sha256('a'), 0, 2, ARRAY['\x01'::bytea], sha256('a'))$$,
                 '22023', 'part of the proof is not a SHA-256 hash', 'a proof is made of hashes');
SELECT throws_ok($$SELECT verify_inclusion(sha256('a'), 0, 2, ARRAY[ARRAY[sha256('b')]], sha256('a'))$$,
                 '22023', 'proof must have one dimension', 'a proof is a list');
SELECT throws_ok($$SELECT verify_consistency(1, -1, sha256('a'), sha256('a'), '{}')$$,
                 '22023', 'size2 must not be negative', 'no negative size');

SELECT * FROM finish();
ROLLBACK;
