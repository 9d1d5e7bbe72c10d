-- The past: every version of a row, the register as it was known, proofs.
--
-- Few may read the ledger, but whoever may read a row may read its past.  The
-- functions below run with the owner's rights and ask the live table as the
-- caller (ask_as_caller): what its grants and row security do not show has no
-- past either.  Rows that are gone, and who wrote from where, are shown to
-- those who may read the ledger.

-- May the caller read the ledger itself?
CREATE OR REPLACE FUNCTION aidcase.reads_ledger()
RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, aidcase, pg_temp
RETURN pg_catalog.has_table_privilege(aidcase.caller(), 'aidcase.ledger_entry', 'SELECT');
COMMENT ON FUNCTION aidcase.reads_ledger() IS
    '内部:调用者是否可读台账 / internal: may the caller read the ledger itself';

-- A key as it is given, as values and as the ledger writes it.
CREATE OR REPLACE FUNCTION aidcase.read_key(
    relation text, key text,
    OUT columns text[], OUT types text[], OUT parts text[], OUT canonical text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    SELECT array_agg(a.attname ORDER BY k.n),
           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.n)
      INTO columns, types
      FROM pg_class AS c
      JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
     CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, n)
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
     WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relname = read_key.relation
       AND k.n <= i.indnkeyatts
       AND EXISTS (SELECT FROM pg_trigger AS t
                    WHERE t.tgrelid = c.oid AND t.tgfoid = 'aidcase.capture_entry()'::regprocedure);
    IF columns IS NULL THEN
        RAISE EXCEPTION 'the ledger does not record a table "%"', relation
            USING ERRCODE = '42P01',
                  HINT = 'Give the name of a table of schema "aidcase" that was set up with set_up_table().';
    END IF;
    IF key IS NULL THEN
        RAISE EXCEPTION 'the key is missing'
            USING ERRCODE = '22004', DETAIL = format('Columns of the key: %s.', array_to_string(columns, ', '));
    END IF;

    IF left(ltrim(key), 1) <> '[' THEN
        parts := ARRAY[key];
    ELSE
        parts := ARRAY(SELECT jsonb_array_elements_text(key::jsonb));
    END IF;
    IF cardinality(parts) <> cardinality(columns) OR array_position(parts, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'the key of table "%" has % columns', relation, cardinality(columns)
            USING ERRCODE = '22023',
                  DETAIL = format('Columns of the key: %s.', array_to_string(columns, ', ')),
                  HINT = 'Write the values as a JSON array.';
    END IF;
    -- the values' own text, as their types write it
    EXECUTE format('SELECT aidcase.row_image(r) FROM (SELECT %s) AS r',
                   (SELECT string_agg(format('$1[%s]::%s AS %I', n, types[n], columns[n]), ', ' ORDER BY n)
                      FROM generate_subscripts(columns, 1) AS n))
       INTO canonical USING parts;
END
$$;
COMMENT ON FUNCTION aidcase.read_key(text, text) IS
    '内部:解析表和主键 / internal: the columns of a table''s key and the values given for them';

CREATE OR REPLACE FUNCTION aidcase.history(relation text, key text)
RETURNS TABLE (
    entry_no    bigint,
    leaf_index  bigint,
    at          timestamptz,
    operation   text,
    login       text,
    acting_role text,
    staff_id    bigint,
    client      inet,
    application text,
    row_key     jsonb,
    case_id     bigint,
    supersedes  bigint,
    changed     text[],
    image       jsonb,
    entry       text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
-- each step by primary key, whatever the planner thinks of a recursive query
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    name     CONSTANT text := history.relation;
    k        record;
    starts   bigint[] := '{}';
    readable text[];
    full_row boolean;
    auditor  CONSTANT boolean := aidcase.reads_ledger();
    found_by text;
BEGIN
    k := aidcase.read_key(name, history.key);
    found_by := (SELECT string_agg(format('t.%I = $1[%s]::%s', k.columns[n], n, k.types[n]), ' AND ')
                   FROM generate_subscripts(k.columns, 1) AS n);
    -- who may not read entry_no is only asked whether there is such a row
    IF has_column_privilege(aidcase.caller(), format('aidcase.%I', name), 'entry_no', 'SELECT') THEN
        starts := aidcase.ask_as_caller(format('SELECT t.entry_no FROM aidcase.%I AS t WHERE %s', name, found_by), k.parts);
    ELSIF aidcase.ask_as_caller(format('SELECT 1::bigint FROM aidcase.%I AS t WHERE %s', name, found_by), k.parts) <> '{}' THEN
        EXECUTE format('SELECT array_agg(t.entry_no) FROM aidcase.%I AS t WHERE %s', name, found_by)
           INTO starts USING k.parts;
    END IF;
    IF auditor THEN
        starts := starts || ARRAY(SELECT r.removal_no FROM aidcase.ledger_removed AS r
                                   WHERE r.relation = name AND r.key = k.canonical ORDER BY r.removal_no DESC);
    END IF;
    IF starts <> '{}' AND cardinality(k.columns) = 1 AND k.types[1] = 'bigint' AND to_regclass('aidcase.ledger_erasure') IS NOT NULL THEN
        -- versions whose text is gone: number and leaf are left
        starts := starts || ARRAY(SELECT x.erased_no FROM aidcase.ledger_erasure AS x
                                   WHERE x.relation = name AND x.row_key = k.parts[1]::bigint ORDER BY x.erased_no DESC);
    END IF;
    IF starts = '{}' THEN
        RAISE EXCEPTION 'table "%" has no row with this key', name
            USING ERRCODE = 'P0002',
                  HINT = 'Rows outside your units are not shown; removed rows only to those who may read the ledger.';
    END IF;

    full_row := has_table_privilege(aidcase.caller(), format('aidcase.%I', name), 'SELECT');
    IF NOT full_row THEN
        readable := ARRAY(SELECT a.attname::text FROM pg_attribute AS a
                           WHERE a.attrelid = format('aidcase.%I', name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
                             AND has_column_privilege(aidcase.caller(), a.attrelid, a.attnum, 'SELECT'));
    END IF;

    RETURN QUERY
    WITH RECURSIVE version AS (
        SELECT l AS e, s.n AS start, 1 AS n
          FROM unnest(starts) WITH ORDINALITY AS s (no, n)
          JOIN aidcase.ledger AS l ON l.entry_no = s.no
         UNION ALL
        SELECT l, v.start, v.n + 1
          FROM version AS v
          JOIN aidcase.ledger AS l ON l.entry_no = (v.e).supersedes
    ), shown AS (
        SELECT DISTINCT ON ((v.e).entry_no) v.e, v.start, v.n,
               lead((v.e).image) OVER (PARTITION BY v.start ORDER BY v.n) AS former
          FROM version AS v
         ORDER BY (v.e).entry_no, v.start, v.n
    )
    SELECT (s.e).entry_no, aidcase.leaf_of((s.e).entry_no), (s.e).at, (s.e).operation,
           CASE WHEN auditor THEN (s.e).login END, CASE WHEN auditor THEN (s.e).acting_role END, (s.e).staff_id,
           CASE WHEN auditor THEN (s.e).client END, CASE WHEN auditor THEN (s.e).application END,
           (s.e).key, (s.e).case_id, (s.e).supersedes,
           CASE WHEN (s.e).operation = 'U' AND s.former IS NOT NULL THEN
                ARRAY(SELECT c.name FROM jsonb_object_keys((s.e).image || s.former) AS c (name)
                       WHERE c.name <> 'entry_no' AND (full_row OR c.name = ANY (readable))
                         AND coalesce((s.e).image -> c.name, 'null') <> coalesce(s.former -> c.name, 'null')
                       ORDER BY c.name COLLATE "C") END,
           CASE WHEN full_row THEN (s.e).image
                ELSE (SELECT jsonb_object_agg(c.key, c.value) FROM jsonb_each((s.e).image) AS c
                       WHERE c.key = ANY (readable)) END,
           CASE WHEN full_row THEN t.entry END
      FROM shown AS s
      LEFT JOIN aidcase.ledger_entry AS t ON t.entry_no = (s.e).entry_no
     ORDER BY s.start, s.n;
END
$$;
COMMENT ON FUNCTION aidcase.history(text, text) IS
    '某行的全部版本,由新到旧;主键为文本,多列时为 JSON 数组 / every version of a row, newest first; the key is its text, or a JSON array of several columns';

CREATE OR REPLACE FUNCTION aidcase.history(relation text, key anyelement)
RETURNS TABLE (
    entry_no    bigint,
    leaf_index  bigint,
    at          timestamptz,
    operation   text,
    login       text,
    acting_role text,
    staff_id    bigint,
    client      inet,
    application text,
    row_key     jsonb,
    case_id     bigint,
    supersedes  bigint,
    changed     text[],
    image       jsonb,
    entry       text)
LANGUAGE sql STABLE PARALLEL UNSAFE
AS $$ SELECT * FROM aidcase.history(relation, pg_catalog.to_jsonb(key) #>> '{}') $$;
COMMENT ON FUNCTION aidcase.history(text, anyelement) IS
    '同上,主键为其自身类型 / the same with a key of its own type; several columns as an array';

-- Known at an instant is what the last checkpoint until then covers: a clock
-- time would let a late commit change the past.
CREATE OR REPLACE FUNCTION aidcase.known_size(at timestamptz)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    size bigint := (SELECT c.tree_size FROM aidcase.checkpoint AS c
                     WHERE c.sealed_at <= at ORDER BY c.sealed_at DESC, c.tree_size DESC LIMIT 1);
BEGIN
    IF size IS NULL THEN
        RAISE EXCEPTION 'the ledger has no checkpoint of that time or before'
            USING ERRCODE = '55000',
                  DETAIL = CASE WHEN at IS NULL THEN 'The time is missing.'
                           ELSE coalesce((SELECT 'The first one is of ' || min(c.sealed_at) || '.' FROM aidcase.checkpoint AS c),
                                         'Nothing is sealed yet.') END,
                  HINT = 'What was known is what was sealed: SELECT tree_size, sealed_at FROM aidcase.checkpoint.';
    END IF;
    RETURN size;
END
$$;
COMMENT ON FUNCTION aidcase.known_size(timestamptz) IS
    '该时间之前最后一个检查点的树大小 / size of the tree at the last checkpoint not later than the time';

-- The rows that were other then than they are now.  Each chain is followed
-- back from its newest version to the first one that was known.
-- Of named columns nothing else is shown, and nothing else need be readable.
CREATE OR REPLACE FUNCTION aidcase.known_images(relation text, tree_size bigint, columns text[] DEFAULT NULL)
RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    -- what is shown must be readable: the further outputs ask for it
    starts bigint[] := aidcase.ask_as_caller(
        format('SELECT t.entry_no, %s FROM aidcase.%I AS t WHERE NOT aidcase.is_known(t.entry_no, $1[1]::bigint)',
               coalesce((SELECT string_agg(format('t.%I', c), ', ') FROM unnest(columns) AS c), 't'), relation),
        ARRAY[tree_size::text]);
BEGIN
    IF aidcase.reads_ledger() THEN
        starts := starts || ARRAY(
            SELECT r.removal_no FROM aidcase.ledger_removed AS r
              JOIN aidcase.ledger_entry AS e ON e.entry_no = r.removal_no
             WHERE r.relation = known_images.relation AND NOT aidcase.is_known(r.removal_no, known_images.tree_size)
               AND jsonb_typeof(e.entry::jsonb -> 7) = 'object');
    END IF;
    RETURN QUERY
    WITH RECURSIVE step AS (
        SELECT s.no FROM unnest(starts) AS s (no)
         UNION ALL
        SELECT (e.entry::jsonb ->> 5)::bigint
          FROM step AS s
          JOIN aidcase.ledger_entry AS e ON e.entry_no = s.no
         WHERE NOT aidcase.is_known(s.no, known_images.tree_size) AND e.entry::jsonb ->> 5 <> '0')
    SELECT (SELECT jsonb_object_agg(x.col ->> 0, x.val)
              FROM ROWS FROM (jsonb_array_elements(h.columns::jsonb), jsonb_array_elements(p.part -> 7)) AS x(col, val)
             WHERE known_images.columns IS NULL OR x.col ->> 0 = ANY (known_images.columns))
           || jsonb_build_object('entry_no', e.entry_no)
      FROM step AS s
      JOIN aidcase.ledger_entry AS e ON e.entry_no = s.no
     CROSS JOIN LATERAL (SELECT e.entry::jsonb OFFSET 0) AS p(part)
      JOIN aidcase.ledger_shape AS h ON h.shape_no = (p.part ->> 4)::bigint
     WHERE aidcase.is_known(s.no, known_images.tree_size) AND jsonb_typeof(p.part -> 7) = 'array';
END
$$;
COMMENT ON FUNCTION aidcase.known_images(text, bigint, text[]) IS
    '内部:与现状不同的行在该树大小时的内容 / internal: rows that were other at this size of the tree than they are now, as they were';

-- The estimate of its rows keeps the planner from nested loops over two of
-- them, which take minutes where a hash join takes a second.
CREATE OR REPLACE FUNCTION aidcase.as_known(table_row anyelement, at timestamptz, columns text[] DEFAULT NULL)
RETURNS SETOF anyelement
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100000
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    -- a NULL of the row type says which table is meant
    name text := (SELECT c.relname FROM pg_class AS c
                   WHERE c.reltype = pg_typeof(table_row)::oid AND c.relnamespace = 'aidcase'::regnamespace
                     AND EXISTS (SELECT FROM pg_trigger AS t
                                  WHERE t.tgrelid = c.oid AND t.tgfoid = 'aidcase.capture_entry()'::regprocedure));
    shown text := 't.*';
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'the ledger does not record rows of type %', pg_typeof(table_row)
            USING ERRCODE = '42P01',
                  HINT = 'Example: SELECT * FROM aidcase.as_known(NULL::aidcase.award, now()).';
    END IF;
    IF columns IS NOT NULL THEN
        shown := (SELECT string_agg(CASE WHEN a.attname = ANY (columns) THEN format('t.%I', a.attname)
                                         ELSE 'NULL::' || format_type(a.atttypid, a.atttypmod) END, ', ' ORDER BY a.attnum)
                    FROM pg_attribute AS a
                   WHERE a.attrelid = format('aidcase.%I', name)::regclass AND a.attnum > 0 AND NOT a.attisdropped);
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT %2$s FROM aidcase.%1$I AS t WHERE aidcase.is_known(t.entry_no, $1)
          UNION ALL
         SELECT p.* FROM aidcase.known_images(%1$L, $1, $2) AS i
          CROSS JOIN LATERAL jsonb_populate_record(NULL::aidcase.%1$I, i) AS p', name, shown)
       USING aidcase.known_size(at), columns;
END
$$;
COMMENT ON FUNCTION aidcase.as_known(anyelement, timestamptz, text[]) IS
    '表在该时间最后一个检查点时的各行(可只取若干列) / the rows of a table as known at the last checkpoint not later than the time: as_known(NULL::aidcase.award, at); of named columns only these are filled, and only they and entry_no need be readable';

-- An entry with its place in the tree; the parts of a proof.
CREATE OR REPLACE FUNCTION aidcase.entry_proof(entry_no bigint, tree_size bigint)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT jsonb_build_object('entry', e.entry, 'leaf_index', l.leaf_index,
               'inclusion_proof', (SELECT coalesce(jsonb_agg(encode(h, 'base64') ORDER BY n), '[]')
                                     FROM unnest(aidcase.inclusion_proof(l.leaf_index, entry_proof.tree_size))
                                          WITH ORDINALITY AS p (h, n)))
      FROM (SELECT aidcase.leaf_of(entry_proof.entry_no) AS leaf_index) AS l
      JOIN aidcase.ledger_entry AS e ON e.entry_no = entry_proof.entry_no
     WHERE l.leaf_index < entry_proof.tree_size
$$;
COMMENT ON FUNCTION aidcase.entry_proof(bigint, bigint) IS
    '内部:一条台账记录及其包含证明 / internal: an entry with its inclusion proof';

CREATE OR REPLACE FUNCTION aidcase.prove(relation text, key text, entry_no bigint DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    version record;
    point   record;
    part    jsonb;
BEGIN
    SELECT h.* INTO version FROM aidcase.history(prove.relation, prove.key) AS h
     WHERE h.entry_no = prove.entry_no OR prove.entry_no IS NULL
     LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry % is no version of this row', prove.entry_no
            USING ERRCODE = 'P0002', HINT = 'SELECT entry_no FROM aidcase.history(relation, key).';
    END IF;
    IF version.entry IS NULL AND version.operation IS NOT NULL THEN
        RAISE EXCEPTION 'permission denied for some columns of table "%"', prove.relation
            USING ERRCODE = '42501', DETAIL = 'A proof shows the whole row.';
    END IF;
    IF version.entry IS NULL THEN
        RAISE EXCEPTION 'the text of entry % was erased', version.entry_no
            USING ERRCODE = '55000', HINT = 'SELECT aidcase.erasure_proof(relation, key) shows what is left.';
    END IF;
    SELECT c.tree_size, c.body INTO point FROM aidcase.checkpoint AS c ORDER BY c.tree_size DESC LIMIT 1;
    IF version.leaf_index IS NULL OR version.leaf_index >= point.tree_size THEN
        RAISE EXCEPTION 'entry % is not sealed yet', version.entry_no
            USING ERRCODE = '55000',
                  HINT = 'Sealing follows by itself when aidcase is in shared_preload_libraries; otherwise SELECT aidcase.seal().';
    END IF;

    part := version.entry::jsonb;
    RETURN jsonb_build_object('relation', prove.relation, 'key', version.row_key, 'tree_size', point.tree_size,
                              'checkpoint', point.body)
        || aidcase.entry_proof(version.entry_no, point.tree_size)
        || jsonb_build_object('shape', aidcase.entry_proof((part ->> 4)::bigint, point.tree_size))
        || CASE WHEN aidcase.reads_ledger()
                THEN jsonb_build_object('origin', aidcase.entry_proof((part ->> 3)::bigint, point.tree_size)) ELSE '{}' END;
END
$$;
COMMENT ON FUNCTION aidcase.prove(text, text, bigint) IS
    '某行(或其某一版本)的证明:台账原文、叶子序号、包含证明和检查点,可离库核验 / proof of a row, or of one version: entry text, leaf index, inclusion proof and checkpoint, to be checked without a database';

CREATE OR REPLACE FUNCTION aidcase.prove(relation text, key anyelement, entry_no bigint DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL UNSAFE
AS $$ SELECT aidcase.prove(relation, pg_catalog.to_jsonb(key) #>> '{}', entry_no) $$;
COMMENT ON FUNCTION aidcase.prove(text, anyelement, bigint) IS
    '同上,主键为其自身类型 / the same with a key of its own type; several columns as an array';

REVOKE ALL ON FUNCTION aidcase.history(text, text), aidcase.known_images(text, bigint, text[]),
    aidcase.prove(text, text, bigint), aidcase.entry_proof(bigint, bigint), aidcase.reads_ledger() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.history(text, text), aidcase.known_images(text, bigint, text[]),
    aidcase.prove(text, text, bigint)
    TO aidcase_committee, aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector,
       aidcase_payer, aidcase_finance, aidcase_analyst, aidcase_admin;

-- what set_up_table() makes for new tables, for those that are there
SELECT aidcase.make_known_function(c.relname)
  FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
 WHERE t.tgfoid = 'aidcase.capture_entry()'::regprocedure;
