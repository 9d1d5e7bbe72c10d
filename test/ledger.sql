-- Ledger: capture. Every committed row version has one entry with the exact
-- text of extension/LEDGER.md, whatever the path and the settings.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET search_path = aidcase, tap, public;

BEGIN;
SELECT plan(135);

-- The server's own view of what this transaction has recorded of a table.
CREATE FUNCTION pg_temp.entries(name text) RETURNS bigint LANGUAGE sql AS
$$ SELECT count(*) FROM aidcase.ledger WHERE relation = name AND operation <> 'S' $$;
CREATE FUNCTION pg_temp.text_of(number bigint) RETURNS text LANGUAGE sql AS
$$ SELECT entry FROM aidcase.ledger_entry WHERE entry_no = number $$;

-- ---------------------------------------------------------------------
-- Tables that can be captured

SELECT throws_ok($$ SELECT check_capturable('no_such_table') $$, '42P01',
    'table "aidcase.no_such_table" does not exist', 'a table that is not there');

CREATE TABLE aidcase.t_bad (
    a integer, b varchar(10), c double precision, d timestamp, e xml, f text[], g integer[], h text);
SELECT throws_ok($$ SELECT check_capturable('t_bad') $$, '0A000',
    'table "t_bad" cannot be put under the ledger', 'a table of other types is refused');
CREATE FUNCTION pg_temp.fault(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE command;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS result = PG_EXCEPTION_DETAIL;
    RETURN result;
END $$;
SELECT is(pg_temp.fault($$ SELECT aidcase.check_capturable('t_bad') $$),
'It has no primary key.
Column "b" has type character varying(10).
Column "c" has type double precision.
Column "d" has type timestamp without time zone.
Column "e" has type xml.
Column "g" has type integer[].',
    'all reasons are listed at once');
SELECT throws_ok($$ SELECT set_up_table('t_bad') $$, '0A000', NULL, 'set_up_table() asks it');

CREATE TABLE aidcase.t_parent (id bigint PRIMARY KEY);
CREATE TABLE aidcase.t_cascade (
    id bigint PRIMARY KEY,
    a bigint CONSTRAINT t_on_delete REFERENCES aidcase.t_parent ON DELETE CASCADE,
    b bigint CONSTRAINT t_on_update REFERENCES aidcase.t_parent ON UPDATE SET NULL,
    c bigint REFERENCES aidcase.t_parent ON DELETE RESTRICT);
SELECT is(pg_temp.fault($$ SELECT aidcase.check_capturable('t_cascade') $$),
'Foreign key "t_on_delete" changes rows by itself (CASCADE, SET NULL or SET DEFAULT).
Foreign key "t_on_update" changes rows by itself (CASCADE, SET NULL or SET DEFAULT).',
    'foreign keys with actions are refused');
CREATE TABLE aidcase.t_parted (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE aidcase.t_part PARTITION OF aidcase.t_parted DEFAULT;
CREATE UNLOGGED TABLE aidcase.t_unlogged (id bigint PRIMARY KEY);
CREATE VIEW aidcase.t_view AS SELECT 1 AS id;
SELECT is(pg_temp.fault($$ SELECT aidcase.check_capturable('t_parted') $$),
    'It is not an ordinary table, or it is a partition.', 'a partitioned table is refused');
SELECT is(pg_temp.fault($$ SELECT aidcase.check_capturable('t_part') $$),
    'It is not an ordinary table, or it is a partition.', 'a partition is refused');
SELECT is(pg_temp.fault($$ SELECT aidcase.check_capturable('t_view') $$),
    'It is not an ordinary table, or it is a partition.', 'a view is refused');
SELECT is(pg_temp.fault($$ SELECT aidcase.check_capturable('t_unlogged') $$),
    'It is temporary or unlogged.', 'an unlogged table is refused');
SELECT lives_ok($$ SELECT check_capturable('t_parent') $$, 'an ordinary table can be captured');

-- every table with the capture trigger has all of them
SELECT is_empty($$
    SELECT c.relname
      FROM pg_class AS c
      JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = '~9_capture'
     WHERE c.relnamespace = 'aidcase'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_trigger AS n WHERE n.tgrelid = c.oid AND n.tgname = '~8_number'
                          AND n.tgfoid = 'aidcase.number_entry()'::regprocedure) $$,
    'captured tables are numbered');

-- ---------------------------------------------------------------------
-- The text of an entry

CREATE TABLE aidcase.t_row (
    part text, id bigint, case_id bigint, note text, PRIMARY KEY (id, part));
SELECT set_up_table('t_row') \gset
SET LOCAL application_name = 'test "ledger" \ 台账';
INSERT INTO aidcase.t_row VALUES ('a', 7, 31, E'one "two" \\three\n');
SELECT is((SELECT pg_temp.text_of(entry_no) FROM t_row),
    (SELECT format('[%s,%s,%s,%s,%s,0,"%s",["a",7,31,"one \"two\" \\three\n"]]', t.entry_no,
                   (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint, pg_current_xact_id(),
                   l.part ->> 3, s.shape_no, l.part ->> 6)
       FROM t_row AS t
       JOIN ledger_shape AS s ON s.relation = 't_row'
      CROSS JOIN LATERAL (SELECT pg_temp.text_of(t.entry_no)::jsonb) AS l(part)), 'the text of an insert');
SELECT matches((SELECT pg_temp.text_of(entry_no)::jsonb ->> 6 FROM t_row), '^[A-Za-z0-9_-]{21}[AQgw]$',
    'its salt is 16 bytes in base64url');
SELECT matches((SELECT o.entry FROM t_row AS t JOIN ledger_entry AS o ON o.entry_no = (pg_temp.text_of(t.entry_no)::jsonb ->> 3)::bigint),
    '^\[\d+,\d+,\d+,0,"O","","[A-Za-z0-9_-]{22}",\{"su":"' || session_user || '"(,"st":\d+)?(,"ip":"[^"]+")?,"app":"[^,]*"\}\]$',
    'the text of its origin');
SELECT is((SELECT columns FROM ledger_shape WHERE relation = 't_row'),
    '[["part","text",2],["id","bigint",1],["case_id","bigint"],["note","text"]]', 'its shape has the key and leaves out entry_no');
SELECT matches((SELECT entry FROM ledger_entry JOIN ledger_shape ON shape_no = entry_no WHERE relation = 't_row'),
    '^\[\d+,\d+,\d+,[1-9]\d*,"S","t_row","[A-Za-z0-9_-]{22}",\[\["part","text",2\],.*\]\]$', 'the text of the shape');
SELECT is((SELECT application FROM ledger JOIN t_row USING (entry_no)),
    current_setting('application_name'), 'the name of the application is escaped');
RESET application_name;
SELECT is((SELECT l.at FROM ledger AS l JOIN t_row USING (entry_no)), transaction_timestamp(),
    'the time is that of the transaction');
SELECT is((SELECT l.xid FROM ledger AS l JOIN t_row USING (entry_no)),
    pg_current_xact_id()::text::bigint, 'so is its id');
SELECT is((SELECT (entry::jsonb ->> 2)::bigint FROM ledger_entry JOIN t_row USING (entry_no)),
    pg_current_xact_id()::text::bigint, 'in the text as well');

SELECT entry_no AS first FROM t_row \gset
UPDATE t_row SET note = NULL, case_id = NULL;
SELECT matches((SELECT pg_temp.text_of(entry_no) FROM t_row),
    ',\d+,' || :first || ',"[A-Za-z0-9_-]{22}",\["a",7,null,null\]\]$',
    'the text of an update: the superseded number');
SELECT entry_no AS second FROM t_row \gset
SELECT cmp_ok(:second, '>', :first, 'a new version has a larger number');
UPDATE t_row SET id = 8;
SELECT is((SELECT ARRAY[key::text, supersedes::text] FROM ledger JOIN t_row USING (entry_no)),
    ARRAY['[8, "a"]', :'second'], 'a changed key: the new one, and the former entry');
SELECT isnt((SELECT l.entry::jsonb ->> 6 FROM ledger_entry AS l WHERE entry_no = :first),
    (SELECT l.entry::jsonb ->> 6 FROM ledger_entry AS l WHERE entry_no = :second), 'salts differ');

-- a row is numbered by the ledger alone
INSERT INTO t_row VALUES ('b', 1, 1, 'x', 999999999);
SELECT is((SELECT entry_no FROM t_row WHERE part = 'b'), currval('entry_number'), 'a supplied entry_no is ignored at insert');
UPDATE t_row SET entry_no = 1 WHERE part = 'b';
SELECT is((SELECT entry_no FROM t_row WHERE part = 'b'), currval('entry_number'), 'and at update');
SELECT is(pg_temp.entries('t_row'), 5::bigint, 'one entry for each version');

-- other roles, as the session and as the current one
SELECT is((SELECT array_agg(DISTINCT acting_role) FROM ledger WHERE relation = 't_row'),
    ARRAY[session_user::text], 'acting role is the session''s');
GRANT ALL ON t_row TO aidcase_owner;
ALTER TABLE t_row OWNER TO aidcase_owner;
SET LOCAL ROLE aidcase_owner;
UPDATE t_row SET note = 'owner' WHERE part = 'b';
RESET ROLE;
SELECT is((SELECT ARRAY[login, acting_role] FROM ledger JOIN t_row USING (entry_no) WHERE part = 'b'),
    ARRAY[session_user::text, 'aidcase_owner'], 'both roles are recorded');

CREATE POLICY everybody ON t_row USING (true);
GRANT ALL ON t_row TO t_clerk;
SET LOCAL SESSION AUTHORIZATION t_clerk;
UPDATE t_row SET note = 'clerk' WHERE part = 'b';
RESET SESSION AUTHORIZATION;
SELECT is((SELECT ARRAY[login, acting_role, staff_id::text] FROM ledger JOIN t_row USING (entry_no) WHERE part = 'b'),
    ARRAY['t_clerk', 't_clerk', (SELECT staff_id::text FROM staff WHERE login = 't_clerk')],
    'a member of staff, who needs no rights on the ledger');
SELECT matches((SELECT entry FROM ledger_entry WHERE entry_no = currval('entry_number')),
    '"O".*\{"su":"t_clerk","st":\d+,"app"', 'the current user is left out when it is the session''s');
UPDATE t_row SET note = 'own' WHERE part = 'b';
UPDATE t_row SET note = 'own again' WHERE part = 'b';
SELECT is((SELECT array_agg(DISTINCT l.login || l.acting_role) FROM t_row JOIN ledger AS l USING (entry_no)),
    ARRAY[session_user::text || session_user::text], 'back in the session''s own role');
SELECT is((SELECT count(*) - count(DISTINCT (login, acting_role, staff_id, application)) FROM ledger WHERE operation = 'O' AND xid = pg_current_xact_id()::text::bigint),
    0::bigint, 'an origin is written once for each user, member of staff and application');

-- ---------------------------------------------------------------------
-- Values, byte for byte, under every setting

CREATE TABLE aidcase.t_value (
    id integer PRIMARY KEY,
    bo boolean, i2 smallint, i8 bigint, nu numeric, am numeric(14,2), te text, da date, ts timestamptz,
    iv interval, dr daterange, js jsonb, by bytea, uu uuid, ci aidcase.citizen_id,
    ta text[], ia bigint[], ba bytea[], ds date[],
    ge bigint GENERATED ALWAYS AS (id * 2) STORED);
SELECT set_up_table('t_value') \gset
CREATE TEMP TABLE expected (id integer, image text);

INSERT INTO t_value VALUES (1);
INSERT INTO expected VALUES (1, '[1,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,2]');

INSERT INTO t_value VALUES (2, true, 32767, 9223372036854775807, 12.500, 0, '', '2021-04-06', '2021-04-06 09:00:00.5+08',
    '1 year 2 mons 3 days 04:05:06.7', '[2021-04-01,2021-05-01)', '{"b": [1, 2.50, null], "a": "值"}', '\xdeadbeef',
    'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '11010519491231002X',
    '{}', '{}', '{}', '{}');
INSERT INTO expected VALUES (2, '[2,true,32767,9223372036854775807,12.500,0.00,"","2021-04-06","2021-04-06T01:00:00.5Z",'
    '"P1Y2M3DT4H5M6.7S","[2021-04-01,2021-05-01)",{"a": "值", "b": [1, 2.50, null]},"\\xdeadbeef",'
    '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","11010519491231002X",[],[],[],[],4]');

INSERT INTO t_value VALUES (3, false, -32768, -9223372036854775808, 'NaN', -99999999999.99,
    E'"\\/\b\f\n\r\t\x01\x1f\x7f 低保 🙂', 'infinity', 'infinity',
    '-1 year -2 mons +3 days -04:05:06.7', 'empty', '[]', '', '00000000-0000-0000-0000-000000000000', NULL,
    ARRAY['a', NULL, 'NULL', '', '"', '{}'], ARRAY[1, NULL, -1], ARRAY['\x00', NULL, '']::bytea[],
    ARRAY['2021-04-06', NULL, 'infinity', '0044-03-15 BC']::date[]);
INSERT INTO expected VALUES (3, '[3,false,-32768,-9223372036854775808,"NaN",-99999999999.99,'
    '"\"\\/\b\f\n\r\t\u0001\u001f' || E'\x7f' || ' 低保 🙂","infinity","infinity","P-1Y-2M3DT-4H-5M-6.7S","empty",[],"\\x",'
    '"00000000-0000-0000-0000-000000000000",null,["a",null,"NULL","","\"","{}"],[1,null,-1],["\\x00",null,"\\x"],["2021-04-06",null,"infinity","0044-03-15 BC"],6]');

INSERT INTO t_value VALUES (4, NULL, 0, 0, 'Infinity', 0.1, NULL, '-infinity', '-infinity',
    '0', '(,)', '"x"', NULL, NULL, NULL, ARRAY[E'\\'], NULL, NULL);
INSERT INTO expected VALUES (4, '[4,null,0,0,"Infinity",0.10,null,"-infinity","-infinity","PT0S","(,)","x",null,null,null,["\\"],null,null,null,8]');

INSERT INTO t_value VALUES (5, NULL, NULL, NULL, '-Infinity', NULL, NULL, '0044-03-15 BC', '0044-03-15 12:00:00+00 BC',
    '100 days', '[2021-04-02,)', '1e5', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO expected VALUES (5, '[5,null,null,null,"-Infinity",null,null,"0044-03-15 BC","0044-03-15T12:00:00Z BC","P100D",'
    '"[2021-04-02,)",100000,null,null,null,null,null,null,null,10]');

INSERT INTO t_value VALUES (6, NULL, NULL, NULL, 0.000000000000000000000000000001, NULL, NULL, '12345-01-02', '12345-01-02 03:04:05.000001+00',
    '-00:00:00.000001', '(,2021-04-02)', 'false', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO expected VALUES (6, '[6,null,null,null,0.000000000000000000000000000001,null,null,"12345-01-02","12345-01-02T03:04:05.000001Z",'
    '"PT-0.000001S","(,2021-04-02)",false,null,null,null,null,null,null,null,12]');

INSERT INTO t_value VALUES (7, NULL, NULL, NULL, 1e40, NULL, NULL, '0001-01-01', '1900-01-01 00:00:00+08:05:43',
    '1 year -1 day', '[-infinity,0044-03-15 BC)', '{}', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO expected VALUES (7, '[7,null,null,null,10000000000000000000000000000000000000000,null,null,"0001-01-01","1899-12-31T15:54:17Z",'
    '"P1Y-1D","[-infinity,\"0044-03-15 BC\")",{},null,null,null,null,null,null,null,14]');

-- long values: over the escape chunk, compressed, out of line
INSERT INTO t_value (id, te, by) VALUES (8, repeat(E'\x01', 2000), decode(repeat('ab', 100000), 'hex'));
INSERT INTO expected VALUES (8, '[8,null,null,null,null,null,"' || repeat('\u0001', 2000) || '",null,null,null,null,null,"\\x'
    || repeat('ab', 100000) || '",null,null,null,null,null,null,16]');

SELECT is(row_image(v), e.image, 'image of row ' || id)
  FROM t_value AS v JOIN expected AS e USING (id) ORDER BY id;
SELECT is(right(pg_temp.text_of(v.entry_no), length(row_image(v)) + 3), '",' || row_image(v) || ']',
          'the entry ends with the image of row ' || id)
  FROM t_value AS v ORDER BY id;

SET LOCAL DateStyle = 'German, DMY';
SET LOCAL TimeZone = 'Asia/Kathmandu';
SET LOCAL IntervalStyle = 'sql_standard';
SET LOCAL bytea_output = 'escape';
SET LOCAL extra_float_digits = -15;
SET LOCAL lc_numeric = 'C.UTF-8';
SET LOCAL lc_time = 'C.UTF-8';
SET LOCAL lc_monetary = 'C.UTF-8';
SELECT is(row_image(v), e.image, 'the same under other settings: row ' || id)
  FROM t_value AS v JOIN expected AS e USING (id) ORDER BY id;
UPDATE t_value SET i2 = i2;
SELECT is((SELECT count(*) FROM t_value AS v JOIN expected AS e USING (id)
            WHERE right(pg_temp.text_of(v.entry_no), length(row_image(v)) + 3)
                  = '",' || e.image || ']'), 8::bigint,
    'entries written under other settings hold the same images');
SELECT is((pg_temp.text_of(entry_no)::jsonb ->> 1)::bigint, (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint,
    'the time of an entry is written in UTC') FROM t_value WHERE id = 1;
SET LOCAL DateStyle = 'SQL, MDY';
SET LOCAL TimeZone = 'America/St_Johns';
SET LOCAL IntervalStyle = 'postgres_verbose';
SELECT is((SELECT count(*) FROM t_value AS v JOIN expected AS e USING (id)
            WHERE row_image(v) = e.image), 8::bigint, 'the same under a third set of settings');

-- an image is input for the row type, under any setting
SELECT is((SELECT count(*)
             FROM t_value AS v JOIN ledger AS l USING (entry_no)
            WHERE jsonb_populate_record(NULL::aidcase.t_value, l.image) IS NOT DISTINCT FROM v), 8::bigint,
    'jsonb_populate_record() gives the rows back');
RESET DateStyle; RESET TimeZone; RESET IntervalStyle; RESET bytea_output; RESET extra_float_digits;

-- values that have no image
SELECT throws_ok($$ UPDATE t_value SET js = 'null' $$, '22023',
    'column "js" cannot hold the JSON value null', 'the JSON null is refused');
SELECT throws_ok($$ UPDATE t_value SET ia = '{{1},{2}}' $$, '2202E',
    'column "ia" cannot hold an array of this form', 'an array of two dimensions is refused');
SELECT throws_ok($$ UPDATE t_value SET ta = '[0:1]={a,b}' $$, '2202E',
    'column "ta" cannot hold an array of this form', 'an array that begins with subscript 0 is refused');

-- ---------------------------------------------------------------------
-- Every path leaves one entry for each row version

CREATE TABLE aidcase.t_path (id bigint PRIMARY KEY, n integer NOT NULL DEFAULT 0);
SELECT set_up_table('t_path') \gset
CREATE FUNCTION pg_temp.sealed() RETURNS boolean LANGUAGE sql AS $$
    SELECT NOT EXISTS (
        SELECT FROM aidcase.t_path AS p
          LEFT JOIN aidcase.ledger AS l ON l.entry_no = p.entry_no
         WHERE l.entry_no IS NULL OR l.key <> jsonb_build_array(p.id) OR (l.image ->> 'n')::integer <> p.n) $$;

INSERT INTO t_path SELECT g FROM generate_series(1, 10) AS g;
SELECT is(pg_temp.entries('t_path'), 10::bigint, 'INSERT … SELECT');
UPDATE t_path SET n = 1 WHERE id <= 5;
SELECT is(pg_temp.entries('t_path'), 15::bigint, 'UPDATE of several rows');
COPY t_path (id, n) FROM stdin;
11	1
12	1
\.
SELECT is(pg_temp.entries('t_path'), 17::bigint, 'COPY');
INSERT INTO t_path VALUES (1, 9), (13, 9) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
SELECT is(pg_temp.entries('t_path'), 19::bigint, 'ON CONFLICT DO UPDATE');
INSERT INTO t_path VALUES (1, 9), (14, 9) ON CONFLICT DO NOTHING;
SELECT is(pg_temp.entries('t_path'), 20::bigint, 'ON CONFLICT DO NOTHING');
MERGE INTO t_path AS t USING (VALUES (1, 5), (15, 5)) AS s (id, n) ON t.id = s.id
    WHEN MATCHED THEN UPDATE SET n = s.n
    WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n);
SELECT is(pg_temp.entries('t_path'), 22::bigint, 'MERGE');
WITH u AS (UPDATE t_path SET n = 6 WHERE id = 2 RETURNING id),
     i AS (INSERT INTO t_path SELECT id + 100 FROM u RETURNING id)
SELECT count(*) FROM i \gset
SELECT is(pg_temp.entries('t_path'), 24::bigint, 'writable CTE');
UPDATE t_path SET n = 7 FROM (VALUES (3)) AS v (id) WHERE t_path.id = v.id;
SELECT is(pg_temp.entries('t_path'), 25::bigint, 'UPDATE … FROM');
DO $$ BEGIN
    INSERT INTO aidcase.t_path VALUES (200);
    RAISE EXCEPTION 'undone';
EXCEPTION WHEN raise_exception THEN
    INSERT INTO aidcase.t_path VALUES (201);
END $$;
SELECT is(pg_temp.entries('t_path'), 26::bigint, 'an exception block leaves what it does not undo');
SAVEPOINT s;
INSERT INTO t_path VALUES (300), (301);
UPDATE t_path SET n = 8;
ROLLBACK TO s;
SELECT is(pg_temp.entries('t_path'), 26::bigint, 'a rolled-back savepoint leaves none');
SELECT throws_ok($$ INSERT INTO t_path VALUES (400), (1) $$, '23505', NULL, 'a statement that fails half-way');
SELECT is(pg_temp.entries('t_path'), 26::bigint, 'leaves none');
SELECT ok(pg_temp.sealed(), 'every live row has its entry with its content');

-- further paths, each counted against what it was before
CREATE VIEW aidcase.t_view_of_path AS SELECT id, n FROM aidcase.t_path WHERE id < 1000;
CREATE FUNCTION pg_temp.leaves(command text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint := pg_temp.entries('t_path');
BEGIN
    EXECUTE command;
    RETURN pg_temp.entries('t_path') - before;
END $$;
SELECT is(pg_temp.leaves(command), entries, path)
  FROM (VALUES
    ('an updatable view', 'INSERT INTO aidcase.t_view_of_path VALUES (500, 1)', 1::bigint),
    ('an update through it', 'UPDATE aidcase.t_view_of_path SET n = 2 WHERE id = 500', 1),
    ('an update that changes nothing', 'UPDATE aidcase.t_path SET n = n WHERE id = 500', 1),
    ('an update of no row', 'UPDATE aidcase.t_path SET n = 2 WHERE id = -1', 0),
    ('two updates of one row in one statement count once', 'WITH a AS (UPDATE aidcase.t_path SET n = 3 WHERE id = 500 RETURNING id), b AS (UPDATE aidcase.t_path SET n = 4 WHERE id = 500 RETURNING id) SELECT FROM a, b', 1),
    ('a row and its conflict in one statement', 'INSERT INTO aidcase.t_path VALUES (501, 1) ON CONFLICT (id) DO UPDATE SET n = excluded.n + 1', 1),
    ('ON CONFLICT with a condition that is false', 'INSERT INTO aidcase.t_path VALUES (501, 1) ON CONFLICT (id) DO UPDATE SET n = 5 WHERE t_path.n > 100', 0),
    ('MERGE with DO NOTHING', 'MERGE INTO aidcase.t_path AS t USING (VALUES (501), (502)) AS s (id) ON t.id = s.id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (s.id, 1)', 1),
    ('locking', 'SELECT FROM aidcase.t_path WHERE id = 501 FOR UPDATE', 0),
    ('a function that loops', 'DO $d$ BEGIN FOR i IN 510 .. 519 LOOP INSERT INTO aidcase.t_path VALUES (i); END LOOP; END $d$', 10),
    ('a cursor', 'DO $d$ DECLARE c CURSOR FOR SELECT * FROM aidcase.t_path WHERE id BETWEEN 510 AND 514 FOR UPDATE; BEGIN FOR r IN c LOOP UPDATE aidcase.t_path SET n = 6 WHERE CURRENT OF c; END LOOP; END $d$', 5),
    ('nested blocks that fail', 'DO $d$ BEGIN INSERT INTO aidcase.t_path VALUES (520); BEGIN INSERT INTO aidcase.t_path VALUES (521); BEGIN INSERT INTO aidcase.t_path VALUES (522); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN INSERT INTO aidcase.t_path VALUES (523); END; END; END $d$', 3)
  ) AS v (path, command, entries);
SELECT throws_ok($$ MERGE INTO t_path AS t USING (VALUES (501)) AS s (id) ON t.id = s.id WHEN MATCHED THEN DELETE $$, 'ZA006', NULL,
    'MERGE with DELETE is refused');
-- a trigger of a site that drops a row or changes it
CREATE FUNCTION pg_temp.site() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.n = 99 THEN RETURN NULL; END IF;
    NEW.n := NEW.n + 1000;
    RETURN NEW;
END $$;
CREATE TRIGGER site BEFORE INSERT ON t_path FOR EACH ROW EXECUTE FUNCTION pg_temp.site();
SELECT is(pg_temp.leaves('INSERT INTO aidcase.t_path VALUES (530, 99), (531, 1)'), 1::bigint, 'a row that a site''s trigger drops has none');
SELECT is((SELECT l.image ->> 'n' FROM ledger AS l JOIN t_path AS p USING (entry_no) WHERE p.id = 531), '1001', 'one that it changes is recorded as it is kept');
DROP TRIGGER site ON t_path;

-- names of ours that mean something else to the writer
CREATE SCHEMA t_shadow;
CREATE TABLE t_shadow.ledger_entry (entry_no bigint, xid bigint, entry text);
CREATE FUNCTION t_shadow.number_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE DOMAIN t_shadow.citizen_id AS text;
CREATE FUNCTION t_shadow.never(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR t_shadow.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = t_shadow.never);
SET LOCAL search_path = t_shadow, pg_catalog, pg_temp;
INSERT INTO aidcase.t_path VALUES (540, 1);
INSERT INTO aidcase.t_value (id, nu, ts, ci) VALUES (90, 12.500, '2021-04-06 09:00:00.5+08', '11010519491231002X');
SET LOCAL search_path = '';
INSERT INTO aidcase.t_path VALUES (541, 1);
SET LOCAL search_path = aidcase, tap, public;
SELECT is((SELECT count(*) FROM ledger AS l JOIN t_path AS p USING (entry_no) WHERE p.id IN (540, 541)), 2::bigint, 'another search_path');
SELECT is((SELECT count(*) FROM t_shadow.ledger_entry), 0::bigint, 'nothing goes elsewhere');
SELECT is((SELECT row_image(v) FROM t_value AS v WHERE id = 90),
    '[90,null,null,null,12.500,null,null,null,"2021-04-06T01:00:00.5Z",null,null,null,null,null,"11010519491231002X",null,null,null,null,180]', 'with the same bytes');
SELECT is((SELECT count(DISTINCT shape_no) FROM ledger WHERE relation = 't_value'), 1::bigint, 'and the same shape');
SELECT ok(pg_temp.sealed(), 'still every live row has its entry with its content');
SELECT is((SELECT count(*) FROM (SELECT entry_no FROM t_path UNION ALL SELECT supersedes FROM ledger WHERE relation = 't_path' AND supersedes IS NOT NULL) AS v),
    pg_temp.entries('t_path'), 'every entry is that of a row or of one version before another');

-- the entry that says who writes goes with the subtransaction that wrote it
CREATE FUNCTION pg_temp.told_by(path bigint) RETURNS text LANGUAGE sql AS
$$ SELECT l.application FROM aidcase.ledger AS l JOIN aidcase.t_path AS p USING (entry_no) WHERE p.id = path $$;
SET LOCAL application_name = 'second counter';
SAVEPOINT s;
UPDATE t_path SET n = 10 WHERE id = 1;
ROLLBACK TO s;
SET LOCAL application_name = 'second counter';
UPDATE t_path SET n = 10 WHERE id = 1;
SELECT is(pg_temp.told_by(1), 'second counter', 'an origin that was rolled back is written again');
SET LOCAL application_name = 'third counter';
SAVEPOINT s;
SAVEPOINT t;
UPDATE t_path SET n = 11 WHERE id = 1;
RELEASE t;
SELECT is(pg_temp.told_by(1), 'third counter', 'one of a subtransaction that was released');
ROLLBACK TO s;
SET LOCAL application_name = 'third counter';
SAVEPOINT t;
UPDATE t_path SET n = 11 WHERE id = 1;
RELEASE t;
UPDATE t_path SET n = 11 WHERE id = 2;
SELECT is(pg_temp.told_by(1) || ', ' || pg_temp.told_by(2), 'third counter, third counter', 'goes when that is rolled back, and is written again');
SELECT is((SELECT count(*) FROM ledger WHERE operation = 'O' AND application IN ('second counter', 'third counter')), 2::bigint, 'one for each');
RESET application_name;

-- ---------------------------------------------------------------------
-- Shapes

SELECT is((SELECT columns FROM ledger_shape WHERE relation = 't_path'),
    '[["id","bigint",1],["n","integer"]]', 'the shape of a table');
SELECT is((SELECT image FROM ledger WHERE relation = 't_path' AND operation = 'S'),
    (SELECT columns::jsonb FROM ledger_shape WHERE relation = 't_path'), 'is an entry too');
SELECT is((SELECT array_agg(DISTINCT shape_no) FROM ledger WHERE relation = 't_path' AND operation <> 'S'),
    (SELECT ARRAY[shape_no] FROM ledger_shape WHERE relation = 't_path'), 'to which all entries refer');

CREATE TABLE aidcase.t_shape (id bigint PRIMARY KEY);
SELECT set_up_table('t_shape') \gset
CREATE FUNCTION pg_temp.shapes() RETURNS bigint LANGUAGE sql AS
$$ SELECT count(*) FROM aidcase.ledger_shape WHERE relation = 't_shape' $$;
CREATE FUNCTION pg_temp.shaped() RETURNS boolean LANGUAGE sql AS
$$ SELECT NOT EXISTS (SELECT FROM aidcase.ledger WHERE relation = 't_shape' AND operation <> 'S' AND image IS NULL)
      AND pg_temp.shapes() = (SELECT count(*) FROM aidcase.ledger WHERE relation = 't_shape' AND operation = 'S') $$;
SAVEPOINT a;
INSERT INTO t_shape VALUES (1);
SELECT is(pg_temp.shapes(), 1::bigint, 'the first write records the shape');
ROLLBACK TO a;
INSERT INTO t_shape VALUES (2);
SELECT ok(pg_temp.shapes() = 1 AND pg_temp.shaped(), 'one that was rolled back is recorded again');
ALTER TABLE t_shape ADD COLUMN note text;
SAVEPOINT b;
SAVEPOINT c;
INSERT INTO t_shape VALUES (3);
RELEASE c;
SELECT is(pg_temp.shapes(), 2::bigint, 'a column more is another shape');
ROLLBACK TO b;
SAVEPOINT d;
INSERT INTO t_shape VALUES (4);
RELEASE d;
INSERT INTO t_shape VALUES (5);
SELECT ok(pg_temp.shapes() = 2 AND pg_temp.shaped(), 'also when it was made in a subtransaction of one that was rolled back');
ALTER TABLE t_shape RENAME COLUMN note TO remark;
UPDATE t_shape SET remark = 'x' WHERE id = 5;
SELECT is((SELECT image FROM ledger JOIN t_shape USING (entry_no) WHERE id = 5),
    (SELECT jsonb_build_object('id', 5, 'entry_no', entry_no, 'remark', 'x') FROM t_shape WHERE id = 5), 'a renamed column');
ALTER TABLE t_shape DROP COLUMN remark;
UPDATE t_shape SET id = 6 WHERE id = 5;
SELECT is((SELECT image FROM ledger JOIN t_shape USING (entry_no) WHERE id = 6),
    (SELECT jsonb_build_object('id', 6, 'entry_no', entry_no) FROM t_shape WHERE id = 6), 'a dropped column is gone');
SELECT is((SELECT shape_no FROM ledger JOIN t_shape USING (entry_no) WHERE id = 6),
    (SELECT min(shape_no) FROM ledger_shape WHERE relation = 't_shape'), 'and the first shape is used again');
ALTER TABLE t_shape ADD COLUMN x real, ADD COLUMN y text, ADD COLUMN z point;
SELECT throws_ok($$ INSERT INTO t_shape VALUES (7) $$, '0A000',
    'rows of "t_shape" cannot be recorded in the ledger', 'columns of other types, added later, are refused');
SELECT is(pg_temp.fault($$ INSERT INTO aidcase.t_shape VALUES (7) $$),
'Column "x" has type real.
Column "z" has type point.', 'all of them are named');
ALTER TABLE t_shape DROP COLUMN x, DROP COLUMN z;
SELECT lives_ok($$ INSERT INTO t_shape VALUES (7) $$, 'without them writing goes on');

-- ---------------------------------------------------------------------
-- Nothing is removed, and nobody writes the ledger

SELECT throws_ok($$ DELETE FROM t_path $$, 'ZA006', 'rows of table "t_path" cannot be removed', 'DELETE is refused');
SELECT throws_ok($$ TRUNCATE t_path $$, 'ZA006', 'rows of table "t_path" cannot be removed', 'TRUNCATE is refused');
SELECT throws_ok($$ INSERT INTO ledger_entry VALUES (0, 0, 'x') $$, 'ZA006',
    'table "ledger_entry" cannot be written directly', 'a superuser cannot insert an entry');
SELECT throws_ok($$ UPDATE ledger_entry SET entry = 'x' $$, 'ZA006',
    'table "ledger_entry" cannot be written directly', 'nor change one');
SELECT throws_ok($$ DELETE FROM ledger_entry $$, 'ZA006',
    'table "ledger_entry" cannot be written directly', 'nor delete one');
SELECT throws_ok($$ TRUNCATE ledger_entry, ledger_shape $$, 'ZA006', NULL, 'nor empty the ledger');
SELECT throws_ok($$ UPDATE ledger_shape SET columns = 'x' $$, 'ZA006',
    'table "ledger_shape" cannot be written directly', 'nor change a shape');
CREATE FUNCTION pg_temp.as_owner(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('role', 'aidcase_owner', true);
    EXECUTE command;
    RETURN 'done as ' || CURRENT_USER;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT is(pg_temp.as_owner($$ INSERT INTO aidcase.ledger_entry VALUES (0, 0, 'x') $$),
    'ZA006 table "ledger_entry" cannot be written directly', 'the owner cannot insert an entry');
SELECT is(pg_temp.as_owner($$ DELETE FROM aidcase.ledger_shape $$),
    'ZA006 table "ledger_shape" cannot be written directly', 'nor delete a shape');
SELECT is(pg_temp.as_owner($$ DELETE FROM aidcase.t_row $$),
    'ZA006 rows of table "t_row" cannot be removed', 'nor remove a row of the own table');

-- a deliberate bypass of the keeper is captured all the same
SELECT entry_no AS last FROM t_row WHERE part = 'b' \gset
ALTER TABLE t_row DISABLE TRIGGER "~0_keep";
DELETE FROM t_row WHERE part = 'b';
ALTER TABLE t_row ENABLE TRIGGER "~0_keep";
SELECT matches(pg_temp.text_of(currval('entry_number')),
    ',' || :last || ',"[A-Za-z0-9_-]{22}",\{"k":\[1,"b"\],"c":1\}\]$', 'the text of a delete');

-- a ledger that direct inserts would not serve is not written
SAVEPOINT l;
ALTER TABLE ledger_entry ADD CONSTRAINT short CHECK (length(entry) < 10) NOT VALID;
CREATE INDEX by_hash ON ledger_entry USING hash (xid);
SELECT throws_ok($$ INSERT INTO t_path VALUES (600) $$, '55000',
    'table "ledger_entry" of the ledger was changed so that no entry can be written', 'a changed ledger is not written');
SELECT is(pg_temp.fault($$ INSERT INTO aidcase.t_path VALUES (600) $$),
'It has a check constraint or a generated column.
Index "by_hash" is no plain btree or brin index.', 'what was changed is listed');
ROLLBACK TO l;
CREATE INDEX of_a_dba ON ledger_entry (xid, entry_no);
ALTER TABLE ledger_entry ADD COLUMN of_a_dba text;
SELECT lives_ok($$ INSERT INTO t_path VALUES (600) $$, 'a DBA''s own index and column are no harm');
SELECT is((SELECT l.key FROM ledger AS l JOIN t_path USING (entry_no) WHERE id = 600), '[600]'::jsonb, 'and the entry is there');

-- ---------------------------------------------------------------------
-- Reading it

SELECT is((SELECT array_agg(operation) FROM history('t_row', '[8,"a"]')), '{U,U,I}', 'history() of a row, newest first');
SELECT is((SELECT array_agg((image ->> 'n')::integer) FROM history('t_path', '1')), '{11,10,5,9,1,0}', 'and what it held');
SELECT throws_ok($$ SELECT * FROM history('t_row', '8') $$, '22023', 'the key of table "t_row" has 2 columns', 'a key that is too short');
SELECT throws_ok($$ SELECT * FROM history('t_row', '[9,"a"]') $$, 'P0002', 'table "t_row" has no row with this key', 'a key without a row');
SELECT throws_ok($$ SELECT * FROM history('ledger_entry', '1') $$, '42P01', 'the ledger does not record a table "ledger_entry"', 'a table that is not captured');

SELECT * FROM finish();
ROLLBACK;
