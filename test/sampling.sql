-- Ticket numbers and sample sizes.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(48);

-- Tickets published with consistent_sampler (Ronald L. Rivest, 2018)
SELECT is(ticket('01382438112797316654', 'AB-130'),
          '0.26299714122838008416507544297546663599715395525154425586041245287750224561854',
          'published ticket of one id');
SELECT is(left(ticket('314159', id), length(expected)), expected,
          format('published ticket of %s', id))
  FROM (VALUES ('B-2', '0.410310858090'), ('B-3', '0.470960291255'),
               ('A-3', '0.471438751218'), ('A-2', '0.567089805977'),
               ('B-1', '0.9781715679015'), ('A-1', '0.9828515724237')
       ) AS v (id, expected);
SELECT is((SELECT array_agg(i ORDER BY ticket('41', i::text) COLLATE "C")
             FROM generate_series(0, 99) i)[1:10],
          '{73,51,17,58,38,42,39,20,11,67}'::int[],
          'published order of ten among 100');

-- Values computed outside the database
SELECT is(ticket('31415926535897932384', '区-01/户-000123'),
          '0.574351265463303376422994988211527009496654466625386703621221284010772526476901',
          'an id in Chinese, in UTF-8');
SELECT is(ticket('31415926535897932384', '区-01/户-000123', 'hex'),
          'f279a35a84ac4e1e1eb04c0f4b8b71bf32a9170d48ddc22e944fa484012d7003',
          'the same in hexadecimal');
SELECT is(ticket('31415926535897932384', '985945'),
          '0.6722110112809628376440500577150666495285434246498232630776659425735047',
          'a small number gives a short ticket');
SELECT is(ticket(repeat('a', 1000), repeat('b', 1000)),
          '0.98287277215293549482718380341175840191314917243892454145017629886042445026211',
          'long seed and id');
SELECT is(ticket(' ', 'x'),
          '0.09626264909900719355385709516906866998014693408731401972359458943941584700962',
          'blanks count');

CREATE TEMP TABLE frame AS
SELECT format('case-%s', lpad(i::text, 5, '0')) AS id FROM generate_series(1, 20000) i;

SELECT is((SELECT encode(sha256(convert_to(string_agg(ticket('31415926535897932384', id), E'\n' ORDER BY id COLLATE "C"), 'UTF8')), 'hex') FROM frame),
          '80dd845fe54f5871626252c38bc778b1e7c7973c6f10eb7a2ac31762fa0d91c6',
          '20,000 tickets, rivest');
SELECT is((SELECT encode(sha256(convert_to(string_agg(ticket('31415926535897932384', id, 'hex'), E'\n' ORDER BY id COLLATE "C"), 'UTF8')), 'hex') FROM frame),
          '9e04284dc0c6f4fec9d37341d568de4a551bee274fbcb945dbde09b22b5f5fc4',
          '20,000 tickets, hex');
SELECT is(ARRAY(SELECT id FROM frame ORDER BY ticket('31415926535897932384', id) COLLATE "C" LIMIT 10),
          '{case-11742,case-02507,case-11035,case-11139,case-11524,case-01544,case-17345,case-06898,case-18809,case-11200}',
          'the first ten drawn, rivest');
SELECT is(ARRAY(SELECT id FROM frame ORDER BY ticket('31415926535897932384', id, 'hex') COLLATE "C" LIMIT 10),
          '{case-12665,case-19103,case-12378,case-01420,case-09469,case-12004,case-13551,case-11730,case-11415,case-02636}',
          'the first ten drawn, hex');

-- A part of a frame keeps its order, and prefixes sort as tickets do
SELECT is(ARRAY(SELECT id FROM frame WHERE id LIKE '%7' ORDER BY ticket('31415926535897932384', id) COLLATE "C"),
          ARRAY(SELECT id FROM (SELECT id, row_number() OVER (ORDER BY ticket('31415926535897932384', id) COLLATE "C") AS n FROM frame) AS x WHERE id LIKE '%7' ORDER BY n),
          'a sub-frame is drawn in the filtered order of the frame');
SELECT is((SELECT count(*) FROM (SELECT ticket_prefix(t) AS p, lag(ticket_prefix(t)) OVER (ORDER BY t COLLATE "C") AS q
                                   FROM (SELECT ticket('31415926535897932384', id, m) AS t FROM frame) AS x) AS y WHERE p < q OR p >= 1::bigint << 40 OR p < 0),
          0::bigint, 'prefixes rise with tickets: ' || m) FROM unnest('{rivest,hex}'::text[]) AS m;
SELECT is(ARRAY[ticket_prefix('0.999999999999' || repeat('0', 60)), ticket_prefix('0.000000000001' || repeat('9', 60)), ticket_prefix(repeat('f', 64))],
          '{999999999999,1,1099511627775}', 'prefixes of tickets');
SELECT throws_ok(format('SELECT ticket_prefix(%L)', t), '22023', 'the text given is no ticket', 'no ticket: ' || t)
  FROM unnest('{"",0.,0.12,0.12345678901x,fffffffffg}'::text[]) AS t;

-- The seed's hash is kept from row to row
CREATE TEMP TABLE seeds AS
SELECT k, seed, ticket(seed, 'AB-130') AS ticket
  FROM unnest('{1,01382438112797316654,1,2,01382438112797316654,10}'::text[])
       WITH ORDINALITY AS u (seed, k);
SELECT results_eq(
    $$SELECT ticket FROM seeds ORDER BY k$$,
    ARRAY[ticket('1', 'AB-130'), ticket('01382438112797316654', 'AB-130'),
          ticket('1', 'AB-130'), ticket('2', 'AB-130'),
          ticket('01382438112797316654', 'AB-130'), ticket('10', 'AB-130')],
    'a seed that changes from row to row is not confused with the one kept');
SELECT isnt(ticket('1', '23'), ticket('12', '3'), 'seed and id do not run into each other');

SELECT is(ticket(NULL, 'a'), NULL, 'no seed, no ticket');
SELECT throws_ok($$SELECT ticket('', 'a')$$, '22023', 'seed of a ticket must not be empty', 'an empty seed');
SELECT throws_ok($$SELECT ticket('1', '')$$, '22023', 'id of a ticket must not be empty', 'an empty id');
SELECT throws_ok($$SELECT ticket('1', 'a', 'md5')$$, '22023', 'ticket method "md5" does not exist', 'a method that does not exist');
SELECT throws_ok($$SELECT ticket('1', 'a', 'RIVEST')$$, '22023', 'ticket method "RIVEST" does not exist', 'names of methods are lower case');
SELECT ok(provolatile = 'i' AND proparallel = 's' AND proisstrict, 'ticket is immutable, strict and safe in parallel plans')
  FROM pg_proc WHERE oid = 'ticket(text, text, text)'::regprocedure;

-- Sizes
SELECT is(stratum_size(population, numerator, denominator, minimum), expected,
          format('%s of %s, at least %s', numerator || '/' || denominator, population, minimum))
  FROM (VALUES
    (100::bigint, 3::bigint, 10::bigint, 0::bigint, 30::bigint),
    (101, 3, 10, 0, 31),
    (1, 3, 10, 0, 1),
    (0, 3, 10, 5, 0),
    (3, 3, 10, 5, 3),
    (10, 3, 10, 5, 5),
    (10, 0, 10, 2, 2),
    (7, 7, 7, 0, 7),
    (9223372036854775807, 9223372036854775806, 9223372036854775807, 0, 9223372036854775806),
    (9223372036854775807, 1, 9223372036854775807, 0, 1),
    (9223372036854775807, 6148914691236517205, 9223372036854775807, 0, 6148914691236517205)
  ) AS v (population, numerator, denominator, minimum, expected);
SELECT is((SELECT count(*)
             FROM generate_series(0, 40) n, generate_series(1, 20) d, generate_series(1, d) k
            WHERE stratum_size(n, k, d) <> ceil(n::numeric * k / d - 1e-9)),
          0::bigint, 'rounded up exactly, for all small fractions');

CREATE FUNCTION pg_temp.detail_of(query text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    detail text;
BEGIN
    EXECUTE query;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || SQLERRM || E'\n' || detail;
END
$$;
SELECT is(pg_temp.detail_of('SELECT stratum_size(-1, 5, 3, -2)'),
          E'22023 sample size cannot be computed\n'
          'The population (-1) is negative.\n'
          'The minimum (-2) is negative.\n'
          'The rate (5/3) is greater than 1.',
          'all problems are named');
SELECT is(pg_temp.detail_of('SELECT stratum_size(1, -5, 0)'),
          E'22023 sample size cannot be computed\n'
          'The denominator of the rate (0) is not positive.\n'
          'The numerator of the rate (-5) is negative.',
          'problems of the rate');

SELECT * FROM finish();
ROLLBACK;
