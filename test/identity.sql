-- Type citizen_id: input and its refusals, output, order, operators, joins,
-- indexes, casts, binary form, and what a number tells.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(140);

-- The check character, written the way the standard does.
CREATE FUNCTION pg_temp.complete(body text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT body || substr('10X98765432', 1 + (sum(substr(body, k, 1)::int
               * (ARRAY[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])[k]) % 11)::int, 1)
      FROM generate_series(1, 17) AS k
$$;

-- SQLSTATE and DETAIL with which a statement fails; NULL when it does not.
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint   text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN ARRAY[SQLSTATE, detail, CASE WHEN hint ~ '\.$' THEN 'hint' END];
END
$$;

CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    line   text;
    result text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        result := result || line || E'\n';
    END LOOP;
    RETURN result;
END
$$;

-- ---------------------------------------------------------------------
-- Input and output

SELECT is(id::citizen_id::text, id, 'example of the standard: ' || id)
  FROM unnest(ARRAY['11010519491231002X', '440524188001010014']) AS id;
SELECT is('11010519491231002x'::citizen_id::text, '11010519491231002X',
          'x is read and written as X');
SELECT is('110105491231002'::citizen_id::text, '11010519491231002X',
          'the old form of 15 digits gets century and check character');
SELECT is('110105491231002'::citizen_id, '11010519491231002x'::citizen_id,
          'old form, lower case and canonical form are one number');
SELECT is(pg_temp.complete('34070519880806123')::citizen_id::text,
          pg_temp.complete('34070519880806123'), 'a number of the district');
SELECT is(pg_temp.complete(area || '19600101123')::citizen_id::text,
          pg_temp.complete(area || '19600101123'),
          'area ' || area || ': ' || what)
  FROM (VALUES ('340702', 'abolished'), ('340703', 'abolished'),
               ('340721', 'abolished'), ('340823', 'moved to another city'),
               ('340722', 'its new code'), ('810000', 'Hong Kong permit'),
               ('820000', 'Macao permit'), ('830000', 'Taiwan permit'),
               ('710000', 'Taiwan'), ('659009', 'Xinjiang'),
               ('500101', 'Chongqing')) AS v (area, what);
SELECT is(pg_temp.complete('11010118000101001')::citizen_id::text,
          pg_temp.complete('11010118000101001'), 'the earliest birth date');
SELECT is(pg_temp.complete('34070520000229001')::citizen_id::text,
          pg_temp.complete('34070520000229001'), '29 February of 2000');
SELECT is(NULL::text::citizen_id, NULL, 'NULL stays NULL');
SELECT is(pg_typeof('440524188001010014'::citizen_id)::text, 'citizen_id', 'type');
SELECT is(pg_column_size('440524188001010014'::citizen_id), 8, 'eight bytes');
SELECT ok(typbyval AND typlen = 8 AND typalign = 'd' AND typstorage = 'p',
          'by value') FROM pg_type WHERE oid = 'citizen_id'::regtype;

-- Exactly the provinces of GB/T 2260 and the residence permits
SELECT is(string_agg(p::text, ' ' ORDER BY p),
          '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 '
          '51 52 53 54 61 62 63 64 65 71 81 82 83', 'province codes')
  FROM generate_series(0, 99) AS p
 WHERE citizen_id_fault(pg_temp.complete(lpad(p::text, 2, '0') || '010119700101001')) IS NULL;

-- Every day of a leap and of a common year, and the days around them
SELECT is(count(*), 366::bigint, 'year ' || year || ' has its days')
  FROM (VALUES (2000), (1996)) AS y (year), generate_series(0, 99) AS m,
       generate_series(0, 99) AS d
 WHERE citizen_id_fault(pg_temp.complete('340705' || year || lpad(m::text, 2, '0')
                                         || lpad(d::text, 2, '0') || '001')) IS NULL
 GROUP BY year ORDER BY year;
SELECT is(citizen_id_fault(pg_temp.complete('340705' || d || '001')),
          'The birth date in the number does not exist in the calendar.', d)
  FROM unnest(ARRAY['19000229', '19990229', '20210431', '20211301', '20210001',
                    '20210100', '18010229', '00000000']) AS d;

-- ---------------------------------------------------------------------
-- Refusals: SQLSTATE, DETAIL and HINT; citizen_id_fault() says the same

CREATE TEMP TABLE bad (no int, what text, given text, state text, detail text);
INSERT INTO bad VALUES
    (1, 'empty', '', '22P02', 'A citizen number has 18 characters, or 15 in the old form.'),
    (2, 'one short', '1101051949123100X', '22P02', 'A citizen number has 18 characters, or 15 in the old form.'),
    (3, 'one more', '11010519491231002X1', '22P02', 'A citizen number has 18 characters, or 15 in the old form.'),
    (4, 'blank before it', ' 11010519491231002X', '22P02', 'A citizen number has 18 characters, or 15 in the old form.'),
    (5, 'letter', '1101051949123I002X', '22P02', 'A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.'),
    (6, 'X inside', '11010519X91231002X', '22P02', 'A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.'),
    (7, 'other last character', '11010519491231002Y', '22P02', 'A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.'),
    (8, 'X in the old form', '11010549123100X', '22P02', 'A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.'),
    (9, 'full-width digits', '１１０１０５', '22P02', 'A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.'),
    (10, 'all full-width', '１１０１０５１９４９１２３１００２Ｘ', '22P02', 'A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.'),
    (11, 'colon, the character after 9', '1101051949123:0021', '22P02', 'A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.'),
    (12, 'slash, the character before 0', '11010519491231/021', '22P02', 'A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.'),
    (13, 'no such province', pg_temp.complete('16010119700101001'), '22P02', 'The first two digits are not the code of a province, of Hong Kong, Macao or Taiwan, or of a residence permit.'),
    (14, 'card of a foreign resident', pg_temp.complete('91112419810303001'), '22P02', 'The first two digits are not the code of a province, of Hong Kong, Macao or Taiwan, or of a residence permit.'),
    (15, 'impossible date', pg_temp.complete('34070519990230001'), '22008', 'The birth date in the number does not exist in the calendar.'),
    (16, 'impossible date, old form', '340705991301001', '22008', 'The birth date in the number does not exist in the calendar.'),
    (17, 'before 1800', pg_temp.complete('34070517991231001'), '22008', 'The birth date in the number is before the year 1800.'),
    (18, 'future', pg_temp.complete('34070529990101001'), '22008', 'The birth date in the number is in the future.'),
    (19, 'far future', pg_temp.complete('34070599991231001'), '22008', 'The birth date in the number is in the future.'),
    (20, 'wrong check digit', '440524188001010015', '22P02', 'The last character, the check character, does not match the 17 digits before it.'),
    (21, 'digit for X', '110105194912310021', '22P02', 'The last character, the check character, does not match the 17 digits before it.'),
    (22, 'X for digit', '44052418800101001X', '22P02', 'The last character, the check character, does not match the 17 digits before it.'),
    (23, 'two digits changed places', '440524188001100014', '22P02', 'The last character, the check character, does not match the 17 digits before it.');

SELECT is(pg_temp.refusal(format('SELECT citizen_id_in(%L)', given)),
          ARRAY[state, detail, 'hint'], 'input refuses: ' || what)
  FROM bad ORDER BY no;
SELECT is((SELECT count(*) FROM bad
            WHERE pg_temp.refusal(format('SELECT %L::text::citizen_id', given))
                  IS DISTINCT FROM ARRAY[state, detail, 'hint']), 0::bigint,
          'the cast from text refuses the same');
SELECT is((SELECT count(*) FROM bad WHERE citizen_id_fault(given) IS DISTINCT FROM detail),
          0::bigint, 'citizen_id_fault() says the same');
SELECT is((SELECT count(*) FROM bad WHERE citizen_id_fault(given) ~ '[0-9X]{4}'
                                      AND citizen_id_fault(given) !~ 'year 1800'),
          0::bigint, 'and never repeats the text');
SELECT is(citizen_id_fault('11010519491231002x'), NULL, 'no fault: a valid number');
SELECT is(citizen_id_fault('110105491231002'), NULL, 'no fault: the old form');
SELECT is(citizen_id_fault(NULL), NULL, 'no fault: NULL');
SELECT throws_ok($$SELECT '440524188001010015'::citizen_id$$, '22P02',
                 'invalid input syntax for type citizen_id: "440524188001010015"',
                 'the message quotes what was typed');
SELECT throws_ok(format('SELECT %L::citizen_id', pg_temp.complete('34070519990230001')), '22008',
                 format('birth date of citizen number out of range: "%s"',
                        pg_temp.complete('34070519990230001')),
                 'and for an impossible date');
SELECT throws_ok($$SELECT left('440524188001010015 and more', 18)::citizen_id$$, '22P02',
                 'invalid input syntax for type citizen_id: "440524188001010015"',
                 'no more than the text itself is quoted');
SELECT throws_ok($$SELECT '１'::citizen_id$$, '22P02',
                 'invalid input syntax for type citizen_id: "１"', 'quoted as typed');

-- All single wrong digits and all swapped neighbours of a number are found
SELECT is(count(*) FILTER (WHERE citizen_id_fault(wrong) IS NULL), 0::bigint,
          'every single wrong digit is refused')
  FROM generate_series(1, 18) AS k, generate_series(0, 9) AS d,
       LATERAL (SELECT overlay('440524188001010014' PLACING d::text FROM k FOR 1) AS wrong) AS w
 WHERE wrong <> '440524188001010014';
SELECT is(count(*) FILTER (WHERE citizen_id_fault(wrong) IS NULL), 0::bigint,
          'every pair of swapped neighbours is refused')
  FROM generate_series(1, 17) AS k,
       LATERAL (SELECT overlay('440524188001010014' PLACING
                    reverse(substr('440524188001010014', k, 2)) FROM k FOR 2) AS wrong) AS w
 WHERE wrong <> '440524188001010014';

-- ---------------------------------------------------------------------
-- Many numbers against an oracle in SQL

CREATE TABLE public.identity_person (n int, written text, id citizen_id);
INSERT INTO public.identity_person
SELECT n, w, w::citizen_id
  FROM (SELECT n, pg_temp.complete(
                   (ARRAY['340705', '340706', '340711', '340722', '110105', '830000'])[1 + n % 6]
                   || to_char(date '1890-01-01' + (n::bigint * 7919 % 48000)::int, 'YYYYMMDD')
                   || lpad((n * 37 % 1000)::text, 3, '0')) AS w
          FROM generate_series(1, 5000) AS n) AS s;
ANALYZE public.identity_person;

SELECT is((SELECT count(*) FROM public.identity_person WHERE id::text <> written), 0::bigint,
          'output gives back 5,000 numbers');
SELECT is((SELECT count(*) FROM public.identity_person
            WHERE substr(written, 7, 2) = '19'
              AND (left(written, 6) || substr(written, 9, 9))::citizen_id <> id), 0::bigint,
          'the old form reads as the same number');
SELECT is((SELECT array_agg(n ORDER BY id, n) FROM public.identity_person),
          (SELECT array_agg(n ORDER BY left(written, 17) COLLATE "C", n)
             FROM public.identity_person), 'order is that of the 17 digits');
SELECT is((SELECT count(*) FROM public.identity_person
            WHERE birth_date(id) <> to_date(substr(written, 7, 8), 'YYYYMMDD')), 0::bigint,
          'birth_date() agrees');
SELECT is((SELECT count(*) FROM public.identity_person
            WHERE sex(id) <> CASE substr(written, 17, 1)::int % 2
                             WHEN 1 THEN 'male' ELSE 'female' END), 0::bigint, 'sex() agrees');
SELECT is((SELECT count(*) FROM public.identity_person
            WHERE area_code(id) <> left(written, 6)), 0::bigint, 'area_code() agrees');
SELECT is((SELECT count(*) FROM public.identity_person
            WHERE masked(id) <> left(written, 4) || '************' || right(written, 2)),
          0::bigint, 'masked() agrees');
SELECT is((SELECT count(*) FROM public.identity_person
            WHERE age_at(id, '2022-06-30')
                  <> extract(year FROM age(date '2022-06-30', birth_date(id)))
              AND to_char(birth_date(id), 'MMDD') <> '0229'), 0::bigint,
          'age_at() agrees with age()');
SELECT is((SELECT ARRAY[min(id)::text, max(id)::text] FROM public.identity_person),
          (SELECT ARRAY[(array_agg(written ORDER BY left(written, 17) COLLATE "C"))[1],
                        (array_agg(written ORDER BY left(written, 17) COLLATE "C" DESC))[1]]
             FROM public.identity_person), 'min() and max()');
SELECT is((SELECT count(DISTINCT id) FROM public.identity_person),
          (SELECT count(DISTINCT written) FROM public.identity_person), 'count(DISTINCT)');

-- ---------------------------------------------------------------------
-- Operators

SELECT is(ARRAY[a = b, a <> b, a < b, a <= b, a > b, a >= b,
                citizen_id_cmp(a, b) = 0, citizen_id_cmp(a, b) < 0],
          expected, what)
  FROM (VALUES ('11010519491231002X'::citizen_id, '440524188001010014'::citizen_id,
                '{f,t,t,t,f,f,f,t}'::bool[], 'smaller and greater'),
               ('440524188001010014', '11010519491231002X',
                '{f,t,f,f,t,t,f,f}', 'greater and smaller'),
               ('110105491231002', '11010519491231002x',
                '{t,f,f,t,f,t,t,f}', 'equal')) AS v (a, b, expected, what);
SELECT is(citizen_id_hash('110105491231002'), citizen_id_hash('11010519491231002X'),
          'equal numbers have one hash value');
SELECT is((citizen_id_hash_extended('110105491231002', 0) & 4294967295)::bit(32),
          citizen_id_hash('11010519491231002X')::bit(32),
          'the extended hash without a seed ends in the plain one');
SELECT isnt(citizen_id_hash_extended('110105491231002', 7),
            citizen_id_hash_extended('110105491231002', 0), 'a seed changes it');
SELECT throws_ok($$SELECT '110105491231002'::citizen_id = '11010519491231002X'::text$$,
                 '42883', NULL, 'a text is not compared without a cast');
SELECT is((SELECT count(*) FROM pg_proc AS p
             JOIN pg_operator AS o ON o.oprcode = p.oid
            WHERE o.oprleft = 'citizen_id'::regtype AND p.proleakproof
              AND p.provolatile = 'i' AND p.proparallel = 's'), 6::bigint,
          'comparison is leakproof, immutable and parallel safe');
SELECT is((SELECT array_agg(format('%s %s', proname, provolatile) ORDER BY proname) FROM pg_proc
            WHERE oid IN ('citizen_id_in(cstring)'::regprocedure, 'citizen_id_recv(internal)'::regprocedure,
                          'citizen_id(text)'::regprocedure, 'citizen_id_out(citizen_id)'::regprocedure)),
          ARRAY['citizen_id s', 'citizen_id_in s', 'citizen_id_out i', 'citizen_id_recv s'],
          'input depends on the day, output does not');
SELECT is((SELECT count(*) FROM pg_opclass AS c
            WHERE c.opcintype = 'citizen_id'::regtype AND c.opcdefault
              AND amvalidate(c.oid)), 2::bigint,
          'btree and hash operator classes are complete');

-- ---------------------------------------------------------------------
-- Joins, indexes, aggregation, parallel plans

CREATE TABLE public.identity_other AS
SELECT n, id FROM public.identity_person WHERE n % 3 = 0;
ANALYZE public.identity_other;
CREATE FUNCTION pg_temp.joined() RETURNS text LANGUAGE sql AS $$
    SELECT 'SELECT count(*) FROM public.identity_person AS p JOIN public.identity_other AS o ON o.id = p.id'
$$;
CREATE TEMP TABLE expected_join AS
SELECT count(*) FROM public.identity_person AS p
  JOIN public.identity_other AS o ON o.id::text = p.id::text;

SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
SELECT matches(pg_temp.plan_of(pg_temp.joined()), 'Hash Join', 'hash join');
SELECT results_eq(pg_temp.joined(), 'TABLE expected_join', 'its result');
SET LOCAL enable_mergejoin = on;
SET LOCAL enable_hashjoin = off;
SELECT matches(pg_temp.plan_of(pg_temp.joined()), 'Merge Join', 'merge join');
SELECT results_eq(pg_temp.joined(), 'TABLE expected_join', 'its result');
RESET enable_nestloop;
RESET enable_hashjoin;

SELECT matches(pg_temp.plan_of('SELECT id, count(*) FROM public.identity_person GROUP BY id'),
               'HashAggregate', 'hash aggregation');
CREATE INDEX identity_btree ON public.identity_person (id);
SET LOCAL enable_seqscan = off;
SELECT matches(pg_temp.plan_of($$SELECT n FROM public.identity_person WHERE id = '11010519491231002X'$$),
               'identity_btree', 'btree index for equality');
SELECT matches(pg_temp.plan_of($$SELECT n FROM public.identity_person WHERE id BETWEEN '110105491231002' AND '440524188001010014'$$),
               'identity_btree', 'btree index for a range');
SELECT matches(pg_temp.plan_of('SELECT min(id) FROM public.identity_person'),
               'Limit.*identity_btree', 'min() reads one end of the index');
SELECT is((SELECT count(*) FROM public.identity_person WHERE id = ANY (ARRAY(SELECT id FROM public.identity_other))),
          (SELECT count(*) FROM public.identity_person WHERE written IN (SELECT id::text FROM public.identity_other)),
          'index scan with an array');
DROP INDEX public.identity_btree;
CREATE INDEX identity_hash ON public.identity_person USING hash (id);
SELECT matches(pg_temp.plan_of($$SELECT n FROM public.identity_person WHERE id = '11010519491231002X'$$),
               'identity_hash', 'hash index');
SELECT is((SELECT count(*) FROM public.identity_person AS p
            WHERE p.id = (SELECT o.id FROM public.identity_person AS o WHERE o.n = 77)),
          (SELECT count(*) FROM public.identity_person AS p
            WHERE p.written = (SELECT o.written FROM public.identity_person AS o WHERE o.n = 77)),
          'its result');
DROP INDEX public.identity_hash;
CREATE INDEX identity_text ON public.identity_person ((id::text));
SELECT matches(pg_temp.plan_of($$SELECT n FROM public.identity_person WHERE id::text = '11010519491231002X'$$),
               'identity_text', 'an index on the text form serves filters of BI tools');
RESET enable_seqscan;
SELECT lives_ok('CREATE UNIQUE INDEX ON public.identity_person (id, n)', 'unique index');
SELECT lives_ok($$CREATE TABLE public.identity_part (id citizen_id) PARTITION BY HASH (id);
                  CREATE TABLE public.identity_part0 PARTITION OF public.identity_part
                      FOR VALUES WITH (MODULUS 2, REMAINDER 0);
                  CREATE TABLE public.identity_part1 PARTITION OF public.identity_part
                      FOR VALUES WITH (MODULUS 2, REMAINDER 1);
                  INSERT INTO public.identity_part SELECT id FROM public.identity_person$$,
                'hash partitions');

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(pg_temp.plan_of($$SELECT min(written::citizen_id), max(age_at(id, '2022-06-30')) FROM public.identity_person WHERE citizen_id_fault(written) IS NULL$$),
               'Partial Aggregate', 'input, functions and aggregates run in parallel');
SELECT is((SELECT ARRAY[min(written::citizen_id)::text, max(written::citizen_id)::text]
             FROM public.identity_person WHERE citizen_id_fault(written) IS NULL),
          (SELECT ARRAY[(array_agg(written ORDER BY id))[1], (array_agg(written ORDER BY id DESC))[1]]
             FROM public.identity_person), 'with the same result');
RESET max_parallel_workers_per_gather;

-- ---------------------------------------------------------------------
-- Casts

CREATE TEMP TABLE holder (id citizen_id);
SELECT lives_ok($$INSERT INTO holder SELECT '11010519491231002X'::text$$, 'text on assignment');
SELECT lives_ok($$INSERT INTO holder SELECT '11010519491231002X'::varchar(18)$$, 'varchar on assignment');
SELECT lives_ok($$INSERT INTO holder SELECT '110105491231002'::char(18)$$,
                'char(18) on assignment; blanks at its end mean nothing');
SELECT is((SELECT count(DISTINCT id) FROM holder), 1::bigint, 'all of them one number');
SELECT is('11010519491231002x'::citizen_id::varchar(20), '11010519491231002X'::varchar, 'to varchar');
SELECT is(citizen_id('11010519491231002x'::text)::text, '11010519491231002X', 'as a function');

-- ---------------------------------------------------------------------
-- Binary form

SELECT is(citizen_id_send('11010519491231002X'), int8send(11010519491231002),
          'binary form: the 17 digits, 8 bytes in network order');
CREATE FUNCTION pg_temp.binary_copy(source text, target text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY %s TO PROGRAM %L (FORMAT binary)', source,
                   format('cat > identity_test.%s', pg_backend_pid()));
    EXECUTE format('COPY %s FROM PROGRAM %L (FORMAT binary)', target,
                   format('cat identity_test.%1$s && rm identity_test.%1$s', pg_backend_pid()));
END
$$;
CREATE TEMP TABLE copied (id citizen_id);
SELECT lives_ok($$SELECT pg_temp.binary_copy('(SELECT id FROM public.identity_person)', 'copied')$$,
                'COPY in binary, out and in');
SELECT results_eq('SELECT id FROM copied ORDER BY id',
                  'SELECT id FROM public.identity_person ORDER BY id', 'gives back every number');
CREATE FUNCTION pg_temp.receive(body bigint) RETURNS text[]
LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format($q$SELECT pg_temp.binary_copy('(SELECT %s::bigint)', 'copied')$q$, body))
$$;
SELECT is(pg_temp.receive(body), ARRAY['22P03', detail, 'hint'], 'binary input refuses: ' || what)
  FROM (VALUES (-1, 'a negative value', 'The value is not a number of at most 17 digits.'),
               (100000000000000000, '18 digits', 'The value is not a number of at most 17 digits.'),
               (0, 'zero', 'The first two digits are not the code of a province, of Hong Kong, Macao or Taiwan, or of a residence permit.'),
               (34070519990230001, 'an impossible date', 'The birth date in the number does not exist in the calendar.'),
               (34070517991231001, 'a date before 1800', 'The birth date in the number is before the year 1800.'),
               (34070529990101001, 'a future date', 'The birth date in the number is in the future.')
       ) AS v (body, what, detail);
SELECT lives_ok($$COPY (SELECT 1 WHERE false) TO PROGRAM 'rm -f identity_test.*'$$, 'cleared away');

-- ---------------------------------------------------------------------
-- What a number tells

SELECT is(birth_date('11010519491231002X'), '1949-12-31'::date, 'date of birth');
SELECT is(sex('11010519491231002X'), 'female', 'even sequence: female');
SELECT is(sex('440524188001010014'), 'male', 'odd sequence: male');
SELECT is(area_code('440524188001010014'), '440524', 'area code');
SELECT is(masked('11010519491231002X'), '1101************2X', 'masked');
SELECT is(age_at('11010519491231002X', on_date), years, 'age on ' || on_date)
  FROM (VALUES ('1949-12-31'::date, 0), ('1950-12-30', 0), ('1950-12-31', 1),
               ('2021-04-06', 71)) AS v (on_date, years);
SELECT is(age_at(pg_temp.complete('34070520000229001')::citizen_id, on_date), years,
          'born on 29 February, age on ' || on_date)
  FROM (VALUES ('2018-02-28'::date, 17), ('2018-03-01', 18), ('2020-02-28', 19),
               ('2020-02-29', 20), ('2100-02-28', 99), ('2100-03-01', 100)) AS v (on_date, years);
SELECT throws_ok($$SELECT age_at('11010519491231002X', '1949-12-30')$$, '22023',
                 'date 1949-12-30 is before the person''s birth', 'no age before birth');
SELECT throws_ok($$SELECT age_at('11010519491231002X', '0044-03-15 BC')$$, '22023',
                 NULL, 'nor before Christ');
SELECT throws_ok($$SELECT age_at('11010519491231002X', 'infinity')$$, '22008',
                 'age on an infinite date is not defined', 'nor at infinity');
SELECT ok(birth_date(n) IS NULL AND sex(n) IS NULL AND age_at(n, '2021-01-01') IS NULL
          AND age_at('11010519491231002X', NULL) IS NULL AND area_code(n) IS NULL
          AND masked(n) IS NULL AND n::text IS NULL, 'NULL in, NULL out')
  FROM (SELECT NULL::citizen_id AS n) AS v;

SELECT * FROM finish();
ROLLBACK;
