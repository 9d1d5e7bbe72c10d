-- The catalogue of schema aidcase: what every table, view, column and function
-- must have, whoever wrote it.  A rule fails with the list of what breaks it.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(28);

-- What is ours: everything in the schema that no other extension brought.
CREATE TEMPORARY VIEW own AS
SELECT o.classid, o.objid
  FROM (SELECT 'pg_class'::regclass AS classid, c.oid AS objid FROM pg_class AS c
         WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL
        SELECT 'pg_proc'::regclass, p.oid FROM pg_proc AS p
         WHERE p.pronamespace = 'aidcase'::regnamespace
        UNION ALL
        -- a type of its own, not the row type of a table nor an array
        SELECT 'pg_type'::regclass, t.oid FROM pg_type AS t
          LEFT JOIN pg_class AS c ON c.oid = t.typrelid
         WHERE t.typnamespace = 'aidcase'::regnamespace AND t.typcategory <> 'A'
           AND (t.typtype <> 'c' OR c.relkind = 'c')) AS o
 WHERE NOT EXISTS (SELECT FROM pg_depend AS d
                    WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'e'
                      AND d.refobjid <> (SELECT x.oid FROM pg_extension AS x WHERE x.extname = 'aidcase'));

CREATE TEMPORARY VIEW own_table AS
SELECT c.oid, c.relname, c.relrowsecurity,
       -- the blueprint belongs to the extension, the ledger is not captured by itself
       c.relname <> 'blueprint' AND c.relname <> 'checkpoint' AND c.relname !~ '^ledger_' AS business
  FROM own AS o JOIN pg_class AS c ON c.oid = o.objid
 WHERE o.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'f');

CREATE TEMPORARY VIEW own_column AS
SELECT c.relname, a.attrelid, a.attnum, a.attname
  FROM own AS o JOIN pg_class AS c ON c.oid = o.objid AND c.relkind <> 'S'
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE o.classid = 'pg_class'::regclass;

CREATE TEMPORARY VIEW own_comment AS
SELECT pg_describe_object(d.classoid, d.objoid, d.objsubid) AS object, d.description
  FROM own AS o JOIN pg_description AS d ON d.classoid = o.classid AND d.objoid = o.objid;

-- Codes that a CHECK constraint lists for a column: col IN ('a', 'b').
CREATE TEMPORARY VIEW listed_code AS
SELECT DISTINCT t.relname || '.' || l.part[1] AS code_set, k.code[1] AS code
  FROM own_table AS t
  JOIN pg_constraint AS c ON c.conrelid = t.oid AND c.contype = 'c' AND t.business
 CROSS JOIN LATERAL regexp_matches(pg_get_constraintdef(c.oid),
        '[( ]"?(\w+)"? = ANY \(\(?ARRAY\[([^\]]*)\]', 'g') AS l (part)
 CROSS JOIN LATERAL regexp_matches(l.part[2], '''((?:[^'']|'''')*)''::', 'g') AS k (code);

-- There is something to look at; a query above that finds nothing would pass.
SELECT cmp_ok((SELECT count(*) FROM own_table WHERE business), '>=', 40::bigint, 'the tables are found');
SELECT cmp_ok((SELECT count(*) FROM own WHERE classid = 'pg_proc'::regclass), '>=', 100::bigint,
              'the functions are found');
SELECT cmp_ok((SELECT count(*) FROM listed_code), '>=', 150::bigint, 'the listed codes are found');
SELECT bag_eq($$SELECT code FROM listed_code WHERE code_set = 'case_round.channel'$$,
              ARRAY['on_site', 'online', 'discovered', 'referred'], 'the codes of a column are read from its CHECK');

-- Comments.
SELECT is_empty($$
    SELECT c.relname FROM own AS o JOIN pg_class AS c ON c.oid = o.objid
     WHERE o.classid = 'pg_class'::regclass AND c.relkind <> 'S'
       AND obj_description(c.oid, 'pg_class') IS NULL ORDER BY 1$$,
    'every table and view has a comment');
SELECT is_empty($$
    SELECT a.relname, a.attname FROM own_column AS a
     WHERE col_description(a.attrelid, a.attnum) IS NULL ORDER BY 1, a.attnum$$,
    'every column of a table or view has a comment');
SELECT is_empty($$
    SELECT c.relname FROM own AS o JOIN pg_class AS c ON c.oid = o.objid
     WHERE o.classid = 'pg_class'::regclass AND c.relkind = 'S'
       AND obj_description(c.oid, 'pg_class') IS NULL
       AND NOT EXISTS (SELECT FROM pg_depend AS d        -- of an identity column
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
     ORDER BY 1$$,
    'every sequence has a comment');
SELECT is_empty($$
    SELECT p.oid::regprocedure FROM own AS o JOIN pg_proc AS p ON p.oid = o.objid
     WHERE o.classid = 'pg_proc'::regclass AND p.prorettype <> 'trigger'::regtype
       AND obj_description(p.oid, 'pg_proc') IS NULL ORDER BY 1$$,
    'every function and aggregate has a comment');
SELECT is_empty($$
    SELECT p.oid::regprocedure FROM own AS o JOIN pg_proc AS p ON p.oid = o.objid
     WHERE o.classid = 'pg_proc'::regclass AND p.prorettype = 'trigger'::regtype
       AND obj_description(p.oid, 'pg_proc') IS NULL ORDER BY 1$$,
    'every trigger function has a comment');
SELECT is_empty($$
    SELECT t.oid::regtype FROM own AS o JOIN pg_type AS t ON t.oid = o.objid
     WHERE o.classid = 'pg_type'::regclass AND obj_description(t.oid, 'pg_type') IS NULL ORDER BY 1$$,
    'every type has a comment');
SELECT is_empty($$
    SELECT object FROM own_comment
     WHERE description !~ '^.*?[一-鿿].*? / .*[A-Za-z0-9]' OR description ~ '[\n\r]|\A\s|\s\Z'
     ORDER BY 1$$,
    'every comment is one line, Chinese first, then English');

-- Functions.
SELECT is_empty($$
    SELECT p.oid::regprocedure, p.proconfig FROM own AS o JOIN pg_proc AS p ON p.oid = o.objid
     WHERE o.classid = 'pg_proc'::regclass AND p.prosecdef
       AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS s (setting)
                        WHERE s.setting ~ '^search_path=pg_catalog, (aidcase, )?pg_temp$')
     ORDER BY 1$$,
    'every function with its owner''s rights pins its search_path');
SELECT is_empty($$
    SELECT p.oid::regprocedure FROM own AS o JOIN pg_proc AS p ON p.oid = o.objid
     WHERE o.classid = 'pg_proc'::regclass AND p.prosecdef
       AND p.proowner <> 'aidcase_owner'::regrole
       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = o.classid AND d.objid = p.oid
                                                    AND d.deptype = 'e')
     ORDER BY 1$$,
    'the owner whose rights it has is aidcase_owner');

-- Calls that a role of the register may make and that show numbers, accounts,
-- names or incomes: by a column of that name or type, or as a file or document.
-- What a table was at a time (<table>_at) is a SELECT.
CREATE TEMPORARY VIEW showing_call AS
SELECT DISTINCT p.proname
  FROM own AS o JOIN pg_proc AS p ON p.oid = o.objid
 CROSS JOIN LATERAL (
        SELECT p.prorettype AS type, 'file' AS name WHERE p.proretset OR p.prorettype <> 'aidcase.citizen_id'::regtype
        UNION ALL
        SELECT t, n FROM unnest(p.proallargtypes, p.proargnames, p.proargmodes) AS a (t, n, m) WHERE a.m IN ('o', 'b', 't')
        UNION ALL
        SELECT a.atttypid, a.attname FROM pg_type AS t JOIN pg_attribute AS a ON a.attrelid = t.typrelid
         WHERE t.oid = p.prorettype AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped) AS c
 WHERE o.classid = 'pg_proc'::regclass AND p.prokind = 'f' AND p.provolatile <> 'i'
   AND EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname ~ '^aidcase_' AND r.rolname <> 'aidcase_owner'
                                           AND has_function_privilege(r.oid, p.oid, 'EXECUTE'))
   AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.oid = p.prorettype AND p.proname = t.typname || '_at')
   AND (c.type IN ('aidcase.citizen_id'::regtype, 'aidcase.citizen_id[]'::regtype, 'jsonb'::regtype, 'json'::regtype)
        OR c.name = 'file' AND c.type IN ('bytea'::regtype, 'anyelement'::regtype)
        OR c.name ~ '^(name|head|holder|holder_name|account_no|member|relative|phone|address|(annual_|monthly_)?income)$');
SELECT is_empty($$ SELECT proname FROM showing_call EXCEPT SELECT call FROM sensitive_call ORDER BY 1 $$,
    'every call that may show numbers, accounts, names or incomes keeps its readings or says why not (table sensitive_call)');
SELECT is_empty($$
    SELECT s.call FROM sensitive_call AS s
     WHERE NOT EXISTS (SELECT FROM own AS o JOIN pg_proc AS p ON p.oid = o.objid WHERE o.classid = 'pg_proc'::regclass AND p.proname = s.call) ORDER BY 1$$,
    'and every call that is named there exists');
-- what it is made of; xlsx() and workbook() are in C and have their own tests
SELECT is_empty($$
    SELECT s.call FROM sensitive_call AS s JOIN pg_proc AS p ON p.pronamespace = 'aidcase'::regnamespace AND p.proname = s.call
      JOIN pg_language AS l ON l.oid = p.prolang
     WHERE s.recorded AND l.lanname <> 'c' AND (p.prosrc !~ 'aidcase\.note_reading\(' OR p.provolatile <> 'v') ORDER BY 1$$,
    'those that are said to keep them do');

-- Tables and views.
SELECT is_empty($$
    SELECT c.relname FROM own AS o JOIN pg_class AS c ON c.oid = o.objid
     WHERE o.classid = 'pg_class'::regclass AND c.relname <> 'blueprint'
       AND c.relowner <> 'aidcase_owner'::regrole ORDER BY 1$$,
    'every relation of the register belongs to aidcase_owner');
SELECT is_empty($$
    SELECT t.relname FROM own_table AS t
     WHERE NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conrelid = t.oid AND c.contype = 'p')
     ORDER BY 1$$,
    'every table has a primary key');
SELECT is_empty($$SELECT t.relname FROM own_table AS t WHERE t.business AND NOT t.relrowsecurity ORDER BY 1$$,
    'every business table has row security');
SELECT is_empty($$
    SELECT t.relname, w.tgname
      FROM own_table AS t
     CROSS JOIN (VALUES
           -- before, row, insert, update; after, row, insert, update, delete;
           -- before, statement, delete, truncate
           ('~8_number', 'number_entry', 1 + 2 + 4 + 16),
           ('~9_capture', 'capture_entry', 1 + 4 + 8 + 16),
           ('~0_keep', 'keep_all_rows', 2 + 8 + 32)) AS w (tgname, proname, tgtype)
     WHERE t.business
       AND NOT EXISTS (SELECT FROM pg_trigger AS g JOIN pg_proc AS p ON p.oid = g.tgfoid
                        WHERE g.tgrelid = t.oid AND g.tgname = w.tgname AND g.tgtype = w.tgtype
                          AND g.tgenabled IN ('O', 'A') AND g.tgqual IS NULL AND g.tgnargs = 0
                          AND p.proname = w.proname AND p.pronamespace = 'aidcase'::regnamespace)
     ORDER BY 1, 2$$,
    'every business table has the triggers that number, capture and keep its rows');
SELECT is_empty($$
    SELECT t.relname FROM own_table AS t
     WHERE t.business
       AND NOT EXISTS (SELECT FROM pg_attribute AS a
                        WHERE a.attrelid = t.oid AND a.attname = 'entry_no'
                          AND a.atttypid = 'bigint'::regtype AND a.attnotnull)
     ORDER BY 1$$,
    'every business table has the column entry_no');
SELECT is_empty($$
    SELECT t.relname, g.tgname FROM own_table AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid
     WHERE NOT g.tgisinternal AND g.tgname !~ '^~' ORDER BY 1, 2$$,
    'every trigger begins with ~, so that it fires after a site''s own');
SELECT is_empty($$
    SELECT t.relname, c.conname FROM own_table AS t JOIN pg_constraint AS c ON c.conrelid = t.oid
     WHERE c.contype = 'f' AND (c.confdeltype <> 'a' OR c.confupdtype <> 'a') ORDER BY 1, 2$$,
    'no foreign key changes or deletes rows by itself');
SELECT is_empty($$
    SELECT c.relname FROM own AS o JOIN pg_class AS c ON c.oid = o.objid
     WHERE o.classid = 'pg_class'::regclass AND c.relkind = 'v'
       AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
       AND EXISTS (SELECT FROM pg_attribute AS a,
                               aclexplode(coalesce(c.relacl, acldefault('r', c.relowner)) || a.attacl) AS x
                    WHERE a.attrelid = c.oid AND x.grantee <> c.relowner)
     ORDER BY 1$$,
    'every view that others may read does so with their rights');
SELECT is_empty($$
    SELECT c.relname FROM own AS o JOIN pg_class AS c ON c.oid = o.objid
     WHERE o.classid = 'pg_class'::regclass
       AND (c.relkind NOT IN ('r', 'v', 'S') OR c.relpersistence <> 'p') ORDER BY 1$$,
    'there is no materialised view, foreign, partitioned or unlogged table');
SELECT is_empty($$
    SELECT t.oid::regtype FROM own AS o JOIN pg_type AS t ON t.oid = o.objid
     WHERE o.classid = 'pg_type'::regclass AND t.typtype = 'e' ORDER BY 1$$,
    'there is no enum type');

-- Labels.
SELECT is_empty($$
    SELECT l.code_set, l.code FROM listed_code AS l
     WHERE NOT EXISTS (SELECT FROM aidcase.label AS b WHERE b.code_set = l.code_set AND b.code = l.code)
     ORDER BY 1, 2$$,
    'every code that a CHECK lists has a label');
SELECT is_empty($$
    SELECT b.code_set, b.code FROM aidcase.label AS b
     WHERE NOT EXISTS (SELECT FROM own_column AS a WHERE a.relname || '.' || a.attname = b.code_set)
        OR EXISTS (SELECT FROM listed_code AS l WHERE l.code_set = b.code_set)
       AND NOT EXISTS (SELECT FROM listed_code AS l WHERE l.code_set = b.code_set AND l.code = b.code)
     ORDER BY 1, 2$$,
    'every label is of a column that exists and of a code that it may hold');

SELECT * FROM finish();
ROLLBACK;
