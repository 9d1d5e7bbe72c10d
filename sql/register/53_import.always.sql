/*
 * import: files in and out.
 *
 * What a kind of file looks like (columns, headers, encoding, line ends,
 * totals line) are rows of file_kind and file_column.  A file is read once
 * into pg_temp.import_line, a row a line with its values as an object by
 * column; faults are collected in pg_temp.import_fault.  Both are the
 * caller's own and are gone when the call ends; all statements are over whole
 * files, so their number of lines is bounded by disk, not by memory.
 *
 * What makes the file as such doubtful (it is cut off, its totals do not
 * agree, its encoding is another) refuses it; what is wrong with a line
 * refuses the line, and what belongs together with it.
 */

-- A date or month as people write them, in ISO form; other text as it is.
CREATE OR REPLACE FUNCTION aidcase.file_date(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value ~ '^[0-9]{4}(0[1-9]|1[0-2])([0-2][0-9]|3[01])$'
        THEN substr(value, 1, 4) || '-' || substr(value, 5, 2) || '-' || substr(value, 7, 2)
    WHEN value ~ '^[0-9]{4}(0[1-9]|1[0-2])$'
        THEN substr(value, 1, 4) || '-' || substr(value, 5, 2)
    WHEN value ~ '^[0-9]{4}[-/.年][0-9]{1,2}([-/.月][0-9]{1,2}日?|月?)$'
        THEN (SELECT string_agg(lpad(p, CASE n WHEN 1 THEN 4 ELSE 2 END, '0'), '-' ORDER BY n)
                FROM regexp_split_to_table(btrim(value, '日月'), '[-/.年月]') WITH ORDINALITY AS x (p, n))
    ELSE value
    END;
COMMENT ON FUNCTION aidcase.file_date(text) IS
    '文件中的日期或月份 (2021/4/6、20210406、2021年4月6日、202104) 转为 ISO 形式,其他文本不变 / a date or month as files have it in ISO form; other text as it is';

-- What is wrong with a value of a file as one of its column's type.
CREATE OR REPLACE FUNCTION aidcase.file_value_fault(type text, value text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN value IS NULL THEN NULL
    WHEN type IN ('citizen_id', 'account', 'whole_number', 'text') AND value ~* '^[0-9]([.][0-9]+)?E[+]?[0-9]{1,3}$'
        THEN 'is a number that a spreadsheet has rounded; make the column text and fill it in anew'
    WHEN type IN ('date', 'month') AND value ~ '^[1-9][0-9]{4}([.][0-9]+)?$'
        THEN 'is the number that a spreadsheet keeps for a date; write it as 2021-04-06'
    WHEN type = 'date' AND aidcase.iso_date(value) IS NULL THEN 'must be a date such as 2021-04-06'
    WHEN type = 'month' AND aidcase.iso_date(value || '-01') IS NULL THEN 'must be a month such as 2021-04'
    WHEN type = 'time' AND aidcase.iso_timestamp(value) IS NULL THEN 'must be a time such as 2021-04-06T09:00:00+08:00'
    WHEN type = 'amount' THEN aidcase.yuan_fault(value, false)
    WHEN type = 'signed_amount' THEN aidcase.yuan_fault(value, true)
    WHEN type = 'whole_number' AND value !~ '^[0-9]{1,9}$' THEN 'must be a whole number'
    WHEN type = 'citizen_id' THEN aidcase.citizen_id_fault(value)
    WHEN type = 'account' AND value !~ '^[0-9]{12,21}$' THEN 'must have 12 to 21 digits'
    WHEN type = 'yes_no' AND value NOT IN ('true', 'false') THEN 'must be 是 or 否'
    WHEN type = 'sha256' AND value !~ '^[0-9a-f]{64}$' THEN 'must be the 64 hexadecimal digits of a SHA-256'
    END;
COMMENT ON FUNCTION aidcase.file_value_fault(text, text) IS
    '文件中的值作为该类型有何错误,无误返回 NULL / what is wrong with a value of a file as one of a type; NULL when nothing is';

-- The codes of a code set with their labels: table label, or a table of its own.
CREATE OR REPLACE FUNCTION aidcase.file_codes(code_set text)
RETURNS TABLE (code text, zh text, sort integer)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT l.code, l.zh, l.sort FROM aidcase.label AS l WHERE l.code_set = file_codes.code_set
UNION ALL
SELECT p.programme, p.label_zh, p.sort FROM aidcase.programme AS p WHERE file_codes.code_set = 'programme'
UNION ALL
SELECT p.post, p.label_zh, p.sort FROM aidcase.post AS p WHERE file_codes.code_set = 'post'
UNION ALL
SELECT k.income_kind, k.label_zh, k.sort FROM aidcase.income_kind AS k WHERE file_codes.code_set = 'income_kind'
UNION ALL
SELECT k.property_kind, k.label_zh, k.sort FROM aidcase.property_kind AS k WHERE file_codes.code_set = 'property_kind'
UNION ALL
SELECT k.expense_kind, k.label_zh, k.sort FROM aidcase.expense_kind AS k WHERE file_codes.code_set = 'expense_kind'
UNION ALL
SELECT k.obligor_state, k.label_zh, k.sort FROM aidcase.obligor_state AS k WHERE file_codes.code_set = 'obligor_state' AND k.stated
UNION ALL
SELECT k.situation, k.label_zh, k.sort FROM aidcase.member_situation AS k WHERE file_codes.code_set = 'member_situation';
END;
COMMENT ON FUNCTION aidcase.file_codes(text) IS
    '某代码集的代码及中文名称 / the codes of a code set with their labels in Chinese';

-- The columns of the kind that a header names, in its order; NULL where it
-- names none.
CREATE OR REPLACE FUNCTION aidcase.file_header(kind text, header text[]) RETURNS text[]
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT array_agg((SELECT c.code FROM aidcase.file_column AS c
                   WHERE c.kind = file_header.kind
                     AND btrim(h.name, E' \t\u3000') IN (SELECT c.code UNION ALL SELECT c.header UNION ALL SELECT unnest(c.other_headers)))
                 ORDER BY h.n)
  FROM unnest(header) WITH ORDINALITY AS h (name, n);
END;
COMMENT ON FUNCTION aidcase.file_header(text, text[]) IS
    '表头所指的列,依次;不认识的为 NULL / the columns that a header names, in its order; NULL where it names none';

-- What an actor may import, and for which unit; refuses otherwise.
CREATE OR REPLACE FUNCTION aidcase.importing_unit(posts text[]) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_unit bigint := (SELECT p.unit_id FROM aidcase.staff_post AS p
                         WHERE p.staff_id = aidcase.acting_staff() AND p.valid @> aidcase.today() AND p.post = ANY (posts)
                         ORDER BY p.staff_post_id LIMIT 1);
BEGIN
    IF the_unit IS NULL THEN
        RAISE EXCEPTION 'permission denied to import or export a file of this kind'
            USING ERRCODE = '42501',
                  DETAIL = format('It needs one of the posts %s.', array_to_string(posts, ', ')),
                  HINT = 'Ask somebody who holds the post.';
    END IF;
    RETURN the_unit;
END
$$;
COMMENT ON FUNCTION aidcase.importing_unit(text[]) IS
    '当前经办人据以导入导出的单位,无相应岗位则报错 42501 / the unit for which the actor imports or exports; error 42501 without one of the posts';

/*
 * Reads a file into pg_temp.import_line and checks it against its format:
 * raises what makes the whole file doubtful, notes in pg_temp.import_fault
 * what is wrong with lines.  Returns the sums of the columns that have one.
 */
CREATE OR REPLACE FUNCTION aidcase.stage_file(format aidcase.file_kind, content bytea, encoding text, totals jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    blanks  CONSTANT text := E'E'' \\t\\u3000''';
    header  record;
    columns text[];
    other   text;
    codes   jsonb;
    faults  text[];
    last    record;
    said    record;
    n       integer;
    sums    jsonb;
BEGIN
    -- what is no such file at all
    PERFORM aidcase.raise_faults('file', ARRAY(
        SELECT f.fault FROM (VALUES
            (length(content) = 0, '(file): is empty'),
            (substr(content, 1, 2) IN ('\xfffe', '\xfeff'), '(file): is text in UTF-16, not in ' || encoding),
            (substr(content, 1, 4) = '\x504b0304', '(file): is a workbook or an archive, not CSV'),
            (substr(content, 1, 8) = '\xd0cf11e0a1b11ae1', '(file): is a workbook, not CSV'),
            (substr(content, 1, 3) = '\xefbbbf' AND encoding <> 'UTF8', '(file): begins with the byte order mark of UTF8, not of ' || encoding),
            (substr(content, 1, 4) = '\x84319533' AND encoding <> 'GB18030', '(file): begins with the byte order mark of GB18030, not of ' || encoding)) AS f (broken, fault)
         WHERE f.broken),
        'Save the sheet as CSV, in UTF8 or GB18030, and name that encoding.');

    -- the header says what the columns are
    SELECT c.* INTO header FROM aidcase.csv_rows(substr(content, 1, 65536), encoding, format.delimiter) AS c ORDER BY c.line LIMIT 1;
    columns := aidcase.file_header(format.kind, header.fields);
    IF array_position(columns, NULL) IS NOT NULL THEN
        other := CASE encoding WHEN 'UTF8' THEN 'GB18030' ELSE 'UTF8' END;
        IF 0 < ANY (header.fault_fields)
           OR NOT EXISTS (SELECT FROM unnest(aidcase.file_header(format.kind, (
                   SELECT c.fields FROM aidcase.csv_rows(substr(content, 1, 65536), other, format.delimiter) AS c ORDER BY c.line LIMIT 1))) AS k (code)
                   WHERE k.code IS NULL) THEN
            RAISE EXCEPTION 'the file is not text in the encoding %', encoding
                USING ERRCODE = '22021',
                      DETAIL = CASE WHEN header.faults IS NULL THEN format('Its first line can be read in %s.', other)
                               ELSE (SELECT format('Line %s, column %s, bytes %s.', header.line, f.field, f.bytes)
                                      FROM unnest(header.fault_fields, header.fault_bytes) AS f (field, bytes) WHERE f.field > 0 LIMIT 1) END,
                      HINT = 'Save the sheet as CSV in UTF8, or name its encoding, such as GB18030.';
        END IF;
    END IF;
    PERFORM aidcase.raise_faults('header of the file', ARRAY(
        SELECT f.reason FROM (
            SELECT 1 AS n, format('column %s: is not known', h.n) AS reason
              FROM unnest(columns) WITH ORDINALITY AS h (code, n) WHERE h.code IS NULL
            UNION ALL
            SELECT 2, format('column %s: is there twice', h.n)
              FROM unnest(columns) WITH ORDINALITY AS h (code, n) WHERE h.code = ANY (columns[:h.n - 1])
            UNION ALL
            SELECT 3, w.code || ': is missing'
              FROM aidcase.file_column AS w
             WHERE w.kind = format.kind AND w.required AND NOT coalesce(w.code = ANY (columns), false)
            UNION ALL
            SELECT 4, 'line 1: ' || r FROM unnest(header.faults) AS r) AS f
         ORDER BY f.n, f.reason COLLATE "C"),
        (SELECT 'The first line names the columns: ' || string_agg(c.header || ' (' || c.code || ')', ', ' ORDER BY c.column_no) || '.'
           FROM aidcase.file_column AS c WHERE c.kind = format.kind));

    -- codes may be written as their Chinese labels
    SELECT coalesce(jsonb_object_agg(c.code, (SELECT jsonb_object_agg(l.zh, l.code ORDER BY l.sort DESC)
                                                FROM aidcase.file_codes(c.code_set) AS l)), '{}') INTO codes
      FROM aidcase.file_column AS c WHERE c.kind = format.kind AND c.type = 'code';

    IF to_regclass('pg_temp.import_line') IS NOT NULL THEN
        DROP TABLE pg_temp.import_line, pg_temp.import_fault;
    END IF;
    CREATE TEMPORARY TABLE import_line (line integer, doc jsonb, fields integer, faults text[], fault_fields integer[],
        fault_bytes bytea[], line_end text, refused boolean NOT NULL DEFAULT false, unchanged boolean NOT NULL DEFAULT false) ON COMMIT DROP;
    CREATE TEMPORARY TABLE import_fault (line integer NOT NULL, column_code text, reason text NOT NULL, bytes bytea,
        refused boolean NOT NULL DEFAULT true) ON COMMIT DROP;
    EXECUTE (SELECT format($q$
            INSERT INTO pg_temp.import_line (line, doc, fields, faults, fault_fields, fault_bytes, line_end)
            SELECT r.line, jsonb_strip_nulls(jsonb_object(ARRAY[%s])), cardinality(r.fields), r.faults, r.fault_fields, r.fault_bytes, r.line_end
              FROM (SELECT c.*, %s FROM aidcase.csv_rows($1, $2, $3) AS c OFFSET 0) AS r$q$,
        string_agg(format('%L, %s', h.code, CASE c.type
            WHEN 'code' THEN format('coalesce($4 -> %L ->> c%s, c%2$s)', h.code, h.n)
            WHEN 'yes_no' THEN format('CASE WHEN c%1$s IN (''是'', ''true'', ''Y'', ''1'') THEN ''true'' WHEN c%1$s IN (''否'', ''false'', ''N'', ''0'') THEN ''false'' ELSE c%1$s END', h.n)
            WHEN 'citizen_id' THEN format('upper(c%s)', h.n)
            WHEN 'date' THEN format('CASE WHEN c%1$s ~ ''^[0-9]{4}-[0-9]{2}-[0-9]{2}$'' THEN c%1$s ELSE aidcase.file_date(c%1$s) END', h.n)
            WHEN 'month' THEN format('aidcase.file_date(c%s)', h.n)
            ELSE CASE c.sign WHEN 1 THEN format('c%s', h.n)
                 ELSE format('CASE WHEN c%1$s ~ ''^-'' THEN substr(c%1$s, 2) WHEN c%1$s ~ ''^[0-9]'' THEN ''-'' || c%1$s ELSE c%1$s END', h.n) END
            END), ', ' ORDER BY h.n),
        string_agg(format('nullif(btrim(c.fields[%s], %s), '''') AS c%1$s', h.n, blanks), ', ' ORDER BY h.n))
       FROM unnest(columns) WITH ORDINALITY AS h (code, n)
       JOIN aidcase.file_column AS c ON c.kind = format.kind AND c.code = h.code)
      USING content, encoding, format.delimiter, codes;
    DELETE FROM pg_temp.import_line AS l WHERE l.line = header.line;

    SELECT l.* INTO last FROM pg_temp.import_line AS l ORDER BY l.line DESC LIMIT 1;
    -- the totals line is none of the others
    SELECT l.line, l.doc INTO said
      FROM pg_temp.import_line AS l
     WHERE format.totals_line <> 'none' AND l.line = last.line AND l.doc ->> columns[1] IN ('合计', 'total');
    DELETE FROM pg_temp.import_line AS l WHERE l.line = said.line;
    SELECT count(*) INTO n FROM pg_temp.import_line;
    SELECT jsonb_object_agg(c.code, (SELECT coalesce(sum((l.doc ->> c.code)::numeric), 0) FROM pg_temp.import_line AS l
                                      WHERE l.doc ->> c.code ~ '^-?[0-9]{1,15}([.][0-9]+)?$')) INTO sums
      FROM aidcase.file_column AS c WHERE c.kind = format.kind AND c.totalled AND c.code = ANY (columns);
    sums := coalesce(sums, '{}');

    -- a file that is cut off, put together from two, or not what was sent
    SELECT array_agg(f.reason ORDER BY f.n, f.reason COLLATE "C") INTO faults
      FROM (
        SELECT 1 AS n, '(file): has a header and no line' AS reason WHERE n = 0 AND said.line IS NULL
        UNION ALL
        SELECT 2, format('line %s: is cut off, and the file ends there', last.line)
         WHERE last.line_end IS NULL AND said.line IS NULL
           AND ('has a quote that is not closed' = ANY (last.faults) OR last.fields < cardinality(columns))
        UNION ALL
        SELECT 3, format('line %s: ends with %s, the header with %s; line ends are mixed', min(l.line), l.line_end, header.line_end)
          FROM pg_temp.import_line AS l WHERE l.line_end <> header.line_end GROUP BY l.line_end
        UNION ALL
        SELECT 4, '(totals line): is missing; the file may be cut off' WHERE format.totals_line = 'required' AND said.line IS NULL AND n > 0
        UNION ALL
        SELECT 5, format('(totals line): says %s lines, and there are %s', said.doc ->> columns[2], n)
          FROM aidcase.file_column AS c
         WHERE c.kind = format.kind AND c.code = columns[2] AND NOT c.totalled
           AND said.doc ->> columns[2] IS DISTINCT FROM n::text AND said.line IS NOT NULL
        UNION ALL
        SELECT 6, format('(totals line): says %s for "%s", and the lines add up to %s', coalesce(said.doc ->> s.key, 'nothing'), s.key, s.value)
          FROM jsonb_each_text(sums) AS s
         WHERE said.line IS NOT NULL
           AND (said.doc ->> s.key IS NULL OR said.doc ->> s.key !~ '^-?[0-9]{1,15}([.][0-9]+)?$' OR (said.doc ->> s.key)::numeric <> s.value::numeric)
        UNION ALL
        SELECT 7, format('totals.%s: %s', t.key, CASE
                   WHEN t.key <> 'lines' AND NOT sums ? t.key THEN 'is no column of the file that has a sum'
                   WHEN t.value !~ '^-?[0-9]{1,15}([.][0-9]+)?$' THEN 'must be a number'
                   ELSE format('is %s, and the file has %s', t.value, coalesce(sums ->> t.key, n::text)) END)
          FROM jsonb_each_text(CASE WHEN jsonb_typeof(totals) = 'object' THEN totals ELSE '{}' END) AS t
         WHERE t.key <> 'lines' AND NOT sums ? t.key OR t.value !~ '^-?[0-9]{1,15}([.][0-9]+)?$'
            OR t.value::numeric <> coalesce(sums ->> t.key, n::text)::numeric
        UNION ALL
        SELECT 8, 'totals: must be an object such as {"lines": 500}' WHERE jsonb_typeof(totals) <> 'object') AS f;
    PERFORM aidcase.raise_faults('file', faults, 'Nothing was imported. Have the file sent again, whole and as it was written.');
    IF (SELECT 2 * count(*) > n FROM pg_temp.import_line AS l WHERE 0 < ANY (l.fault_fields)) THEN
        RAISE EXCEPTION 'the file is not text in the encoding %', encoding
            USING ERRCODE = '22021',
                  DETAIL = (SELECT format('Line %s, column %s, bytes %s.', l.line, f.field, f.bytes)
                              FROM pg_temp.import_line AS l CROSS JOIN LATERAL unnest(l.fault_fields, l.fault_bytes) AS f (field, bytes)
                             WHERE f.field > 0 ORDER BY l.line LIMIT 1),
                  HINT = 'Save the sheet as CSV in UTF8, or name its encoding, such as GB18030.';
    END IF;

    -- form and encoding, line by line
    INSERT INTO pg_temp.import_fault (line, column_code, reason, bytes)
    SELECT l.line, columns[nullif(f.field, 0)], f.reason, f.bytes
      FROM pg_temp.import_line AS l CROSS JOIN LATERAL unnest(l.faults, l.fault_fields, l.fault_bytes) AS f (reason, field, bytes)
     WHERE l.faults IS NOT NULL
    UNION ALL
    SELECT l.line, NULL, format('has %s fields, the header has %s', l.fields, cardinality(columns)), NULL
      FROM pg_temp.import_line AS l
     WHERE l.fields <> cardinality(columns) AND NOT coalesce('has a quote that is not closed' = ANY (l.faults), false);
    -- a line whose fields are out of place is not looked at further
    UPDATE pg_temp.import_line AS l SET refused = true
     WHERE l.fields <> cardinality(columns) OR 0 = ANY (l.fault_fields);
    EXECUTE (SELECT format($q$
            INSERT INTO pg_temp.import_fault (line, column_code, reason)
            SELECT l.line, f.code, f.reason
              FROM pg_temp.import_line AS l CROSS JOIN LATERAL (VALUES %s) AS f (code, reason)
             WHERE f.reason IS NOT NULL AND NOT l.refused AND NOT f.code = ANY (ARRAY(SELECT ($1)[x] FROM unnest(l.fault_fields) AS x))$q$,
        string_agg(format('(%1$L, CASE WHEN l.doc ->> %1$L IS NULL THEN %2$s WHEN length(l.doc ->> %1$L) > %3$s THEN ''must not be longer than %3$s characters'' ELSE %4$s END)',
            c.code, CASE WHEN c.required THEN '''is missing''' ELSE 'NULL' END, c.max_length,
            CASE WHEN c.type = 'code' THEN
                format('CASE WHEN l.doc ->> %L <> ALL (%L::text[]) THEN %L END', c.code,
                       ARRAY(SELECT k.code FROM aidcase.file_codes(c.code_set) AS k),
                       'must be one of ' || (SELECT string_agg(k.code, ', ' ORDER BY k.sort, k.code COLLATE "C") FROM aidcase.file_codes(c.code_set) AS k))
            ELSE format('aidcase.file_value_fault(%L, l.doc ->> %L)', c.type, c.code) END), ', ' ORDER BY c.column_no))
       FROM aidcase.file_column AS c
      WHERE c.kind = format.kind AND c.code = ANY (columns))
      USING columns;
    RETURN sums;
END
$$;
COMMENT ON FUNCTION aidcase.stage_file(aidcase.file_kind, bytea, text, jsonb) IS
    '内部:把文件读入 pg_temp.import_line 并按格式检查 / internal: reads a file into pg_temp.import_line and checks it against its format';

-- Marks what faults refuse, and the lines that stay out together with these.
CREATE OR REPLACE FUNCTION aidcase.refuse_lines(together text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    UPDATE pg_temp.import_line AS l SET refused = true
     WHERE NOT l.refused AND EXISTS (SELECT FROM pg_temp.import_fault AS f WHERE f.line = l.line AND f.refused);
    IF together IS NULL THEN
        RETURN;
    END IF;
    WITH spoilt AS (
        SELECT l.doc ->> together AS key, min(l.line) AS line FROM pg_temp.import_line AS l WHERE l.refused GROUP BY 1
    ), marked AS (
        UPDATE pg_temp.import_line AS l SET refused = true
          FROM spoilt AS s WHERE NOT l.refused AND l.doc ->> together = s.key
        RETURNING l.line, s.line AS because)
    INSERT INTO pg_temp.import_fault (line, reason)
    SELECT m.line, format('goes with line %s, which is refused', m.because) FROM marked AS m;
END
$$;
COMMENT ON FUNCTION aidcase.refuse_lines(text) IS
    '内部:标记退回的行及须一并退回的行 / internal: marks the lines that are refused, and those that stay out with them';

/*
 * Imports a file.  The same file again (by its hash) changes nothing and
 * returns what it did.  rejects has the first 1000 faults; after an import
 * all are in table import_reject.
 */
CREATE OR REPLACE FUNCTION aidcase.import_file(kind text, content bytea, encoding text DEFAULT NULL, dry_run boolean DEFAULT false,
    totals jsonb DEFAULT NULL,
    OUT import_id bigint, OUT lines integer, OUT accepted integer, OUT unchanged integer, OUT rejected integer,
    OUT repeated boolean, OUT rejects jsonb)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    format   aidcase.file_kind;
    digest   bytea;
    the_unit bigint;
    former   aidcase.file_import;
    sums     jsonb;
    started  CONSTANT timestamptz := clock_timestamp();
BEGIN
    SELECT k.* INTO format FROM aidcase.file_kind AS k WHERE k.kind = import_file.kind;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no kind of file %', coalesce(quote_ident(import_file.kind), 'NULL')
            USING ERRCODE = '22023',
                  HINT = (SELECT 'The kinds are ' || string_agg(k.kind, ', ' ORDER BY k.sort) || '.' FROM aidcase.file_kind AS k);
    END IF;
    IF content IS NULL THEN
        RAISE EXCEPTION 'there is no file to import' USING ERRCODE = '22004', HINT = 'Give the content of the file as bytea.';
    END IF;
    encoding := coalesce(encoding, CASE WHEN substr(content, 1, 3) = '\xefbbbf' THEN 'UTF8'
                                        WHEN substr(content, 1, 4) = '\x84319533' THEN 'GB18030' ELSE format.encoding END);
    IF pg_char_to_encoding(encoding) < 0 THEN
        RAISE EXCEPTION 'the file is not text in the encoding %', quote_ident(encoding)
            USING ERRCODE = '22021', DETAIL = 'There is no such encoding.', HINT = 'Encodings are UTF8 and GB18030, among others.';
    END IF;
    encoding := pg_encoding_to_char(pg_char_to_encoding(encoding));
    the_unit := aidcase.importing_unit(format.posts);
    digest := sha256(content);
    dry_run := coalesce(dry_run, false);

    -- what a unit sends of one kind is taken one after the other, so that the
    -- second knows what the first has brought, be it the same file or another
    IF NOT dry_run THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('aidcase.import_file ' || import_file.kind || ' ' || the_unit, 0));
    END IF;
    SELECT f.* INTO former FROM aidcase.file_import AS f WHERE f.kind = import_file.kind AND f.sha256 = digest;
    repeated := FOUND;
    IF repeated THEN
        import_id := former.import_id; lines := former.lines; accepted := former.accepted;
        unchanged := former.unchanged; rejected := former.rejected;
        rejects := (SELECT coalesce(jsonb_agg(x.fault ORDER BY x.line, x.reject_id), '[]')
                      FROM (SELECT r.line, r.reject_id, jsonb_build_object('line', r.line, 'column', r.column_name, 'reason', r.reason)
                                   || CASE WHEN r.bytes IS NULL THEN '{}' ELSE jsonb_build_object('bytes', r.bytes) END
                                   || CASE WHEN r.refused THEN '{}' ELSE '{"refused": false}'::jsonb END AS fault
                              FROM aidcase.import_reject AS r WHERE r.import_id = former.import_id
                             ORDER BY r.line, r.reject_id LIMIT 1000) AS x);
        RETURN;
    END IF;

    sums := aidcase.stage_file(format, content, encoding, totals);
    ANALYZE pg_temp.import_line;
    SELECT count(*) INTO lines FROM pg_temp.import_line;
    IF lines >= 10000 THEN
        RAISE NOTICE '% lines are read and checked one by one after % s', lines, round(extract(epoch FROM clock_timestamp() - started), 1);
    END IF;
    PERFORM aidcase.refuse_lines(NULL);
    IF format.judge_function IS NOT NULL THEN
        EXECUTE format('SELECT %s()', format.judge_function);
    END IF;
    PERFORM aidcase.refuse_lines(format.together);
    SELECT count(*) FILTER (WHERE l.refused), count(*) FILTER (WHERE NOT l.refused AND l.unchanged) INTO rejected, unchanged
      FROM pg_temp.import_line AS l;
    accepted := lines - rejected - unchanged;
    rejects := (SELECT coalesce(jsonb_agg(x.fault ORDER BY x.line, x.column_code COLLATE "C", x.reason COLLATE "C"), '[]')
                  FROM (SELECT f.line, f.column_code, f.reason, jsonb_build_object('line', f.line, 'column', f.column_code, 'reason', f.reason)
                               || CASE WHEN f.bytes IS NULL THEN '{}' ELSE jsonb_build_object('bytes', f.bytes) END
                               || CASE WHEN f.refused THEN '{}' ELSE '{"refused": false}'::jsonb END AS fault
                          FROM pg_temp.import_fault AS f
                         ORDER BY f.line, f.column_code COLLATE "C", f.reason COLLATE "C" LIMIT 1000) AS x);
    IF lines >= 10000 THEN
        RAISE NOTICE '% lines are judged after % s: % good, % as they are already, % refused', lines,
            round(extract(epoch FROM clock_timestamp() - started), 1), accepted, unchanged, rejected;
    END IF;
    IF NOT dry_run THEN
        BEGIN
            INSERT INTO aidcase.file_import (unit_id, kind, sha256, encoding, bytes, lines, accepted, unchanged, rejected, totals, imported_by)
            VALUES (the_unit, import_file.kind, digest, encoding, length(content), lines, accepted, unchanged, rejected, sums, aidcase.acting_staff())
            RETURNING file_import.import_id INTO import_id;
        EXCEPTION WHEN unique_violation THEN
            RAISE EXCEPTION 'another unit has imported this file'
                USING ERRCODE = '23505', HINT = 'A file is imported once, by one unit.';
        END;
        INSERT INTO aidcase.import_reject (import_id, unit_id, line, column_name, reason, bytes, refused)
        SELECT import_file.import_id, the_unit, f.line, f.column_code, f.reason, f.bytes, f.refused
          FROM pg_temp.import_fault AS f
         ORDER BY f.line, f.column_code COLLATE "C", f.reason COLLATE "C";
        IF accepted > 0 THEN
            EXECUTE format('SELECT %s($1)', format.write_function) USING import_id;
        END IF;
        IF lines >= 10000 THEN
            RAISE NOTICE '% lines are written after % s', accepted, round(extract(epoch FROM clock_timestamp() - started), 1);
        END IF;
    END IF;
    DROP TABLE pg_temp.import_line, pg_temp.import_fault;
END
$$;
COMMENT ON FUNCTION aidcase.import_file(text, bytea, text, boolean, jsonb) IS
    '导入某种文件 (CSV):合格行收入,不合格行连同全部原因进入 import_reject;截断、合计不符、编码不对的文件整份拒收;同一文件只导入一次;dry_run 只检查;totals 为应有的行数和合计 / imports a file (CSV) of a kind: good lines are taken, others go to import_reject with every reason; a file that is cut off, whose totals do not agree or that is in another encoding is refused as a whole; the same file is imported once; dry_run only checks; totals are the lines and sums that it should have';
REVOKE ALL ON FUNCTION aidcase.import_file(text, bytea, text, boolean, jsonb), aidcase.stage_file(aidcase.file_kind, bytea, text, jsonb),
    aidcase.refuse_lines(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.import_file(text, bytea, text, boolean, jsonb), aidcase.stage_file(aidcase.file_kind, bytea, text, jsonb),
    aidcase.refuse_lines(text) TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_payer, aidcase_admin;

-- What numbers, incomes or accounts of many people are read for: what the
-- caller says, else the setting, else the call's own purpose in table
-- sensitive_call.  Refused where that cannot be kept.
CREATE OR REPLACE FUNCTION aidcase.reading_purpose(what text, purpose text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    reason CONSTANT text := coalesce(nullif(btrim(purpose), ''), nullif(btrim(current_setting('aidcase.purpose', true)), ''),
        (SELECT c.purpose FROM aidcase.sensitive_call AS c WHERE c.call = split_part(what, ' ', 1)));
BEGIN
    IF current_setting('transaction_read_only')::boolean THEN
        RAISE EXCEPTION 'this cannot be read in a read-only transaction'
            USING ERRCODE = '25006',
                  DETAIL = 'Numbers, incomes or accounts of many people are shown; who read them and what for is kept, which cannot be written here.',
                  HINT = 'Read it on the primary server, in a transaction that may write; of a payment roll aidcase.workbook() makes a workbook, aidcase.xlsx() takes only queries that write nothing.';
    END IF;
    IF reason IS NULL THEN
        RAISE EXCEPTION 'a purpose is needed to read this'
            USING ERRCODE = '22004',
                  DETAIL = 'Numbers, incomes or accounts of many people are shown; who read them and what for is kept.',
                  HINT = 'Give the purpose as an argument, or SET aidcase.purpose = ''…'' for the session.';
    END IF;
    RETURN reason;
END
$$;
COMMENT ON FUNCTION aidcase.reading_purpose(text, text) IS
    '成批读取的目的:参数、设置 aidcase.purpose 或该调用自有的目的;均无或只读事务中则报错 / what is read in bulk for: the argument, setting aidcase.purpose or the call''s own purpose; an error without any, and in a read-only transaction';
GRANT EXECUTE ON FUNCTION aidcase.reading_purpose(text, text) TO PUBLIC;

-- Records that numbers, incomes or accounts were read in bulk, and what for.
-- The server's log keeps a line also when the transaction is undone.
CREATE OR REPLACE FUNCTION aidcase.note_reading(what text, purpose text, lines bigint, period text DEFAULT NULL, sha256 bytea DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    reason CONSTANT text := aidcase.reading_purpose(what, purpose);
    the_reading bigint;
BEGIN
    INSERT INTO aidcase.sensitive_reading (unit_id, what, period, purpose, lines, sha256, read_by)
    SELECT coalesce((SELECT p.unit_id FROM aidcase.staff_post AS p
                      WHERE p.staff_id = aidcase.current_staff() AND p.valid @> aidcase.today()
                      ORDER BY p.staff_post_id LIMIT 1), aidcase.district_id()),
           note_reading.what, note_reading.period, reason, note_reading.lines, note_reading.sha256, aidcase.current_staff()
    RETURNING reading_id INTO the_reading;
    RAISE LOG 'aidcase: % lines of personal data read by "%" (staff %), %, for: %', lines, session_user, coalesce(aidcase.current_staff()::text, 'none'),
        concat_ws(' ', what, period), reason;
    RETURN the_reading;
END
$$;
COMMENT ON FUNCTION aidcase.note_reading(text, text, bigint, text, bytea) IS
    '登记成批读取号码、收入或账户的目的,返回编号;目的取自 reading_purpose() / records that numbers, incomes or accounts were read in bulk, and what for, by reading_purpose()';
REVOKE ALL ON FUNCTION aidcase.note_reading(text, text, bigint, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.note_reading(text, text, bigint, text, bytea)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector, aidcase_payer, aidcase_admin;

-- First and last day of a period as text: a year, a month or a day.
CREATE OR REPLACE FUNCTION aidcase.file_period(period text, OUT from_day date, OUT to_day date)
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    from_day := aidcase.iso_date(CASE WHEN period ~ '^[0-9]{4}$' THEN period || '-01-01'
                                      WHEN period ~ '^[0-9]{4}-[0-9]{2}$' THEN period || '-01' ELSE period END);
    to_day := CASE WHEN period ~ '^[0-9]{4}$' THEN (from_day + interval '1 year')::date - 1
                   WHEN period ~ '^[0-9]{4}-[0-9]{2}$' THEN (from_day + interval '1 month')::date - 1
                   ELSE from_day END;
    IF from_day IS NULL THEN
        RAISE EXCEPTION 'invalid period %', coalesce(quote_literal(period), 'NULL')
            USING ERRCODE = '22023', HINT = 'A period is a year, month or day: 2021, 2021-04 or 2021-04-06.';
    END IF;
END
$$;
COMMENT ON FUNCTION aidcase.file_period(text) IS
    '期间文本 (年、月、日) 的首日和末日 / first and last day of a period written as year, month or day';

/*
 * A file of a kind, in its format.  What import_file() reads it writes, in an
 * order of its own that does not depend on keys of this database: an export
 * that is imported elsewhere and exported there has the same bytes.
 */
CREATE OR REPLACE FUNCTION aidcase.export_file(kind text, period text, purpose text DEFAULT NULL) RETURNS bytea
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    format aidcase.file_kind;
    days   record;
    cells  text;
    sheet  text;
    n      bigint;
    file   bytea;
BEGIN
    SELECT k.* INTO format FROM aidcase.file_kind AS k WHERE k.kind = export_file.kind;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no kind of file %', coalesce(quote_ident(export_file.kind), 'NULL')
            USING ERRCODE = '22023',
                  HINT = (SELECT 'The kinds are ' || string_agg(k.kind, ', ' ORDER BY k.sort) || '.' FROM aidcase.file_kind AS k);
    END IF;
    days := aidcase.file_period(period);
    PERFORM aidcase.importing_unit(format.posts || '{inspector}'::text[]);
    PERFORM aidcase.reading_purpose('export_file', purpose);
    -- a cell: the code's label, the amount as the file states it, quoted where needed
    SELECT string_agg(format('aidcase.csv_cell(%s, %L)', CASE
               WHEN c.type = 'code' THEN format('coalesce(%L::jsonb ->> (e.doc ->> %L), e.doc ->> %2$L)',
                    (SELECT jsonb_object_agg(l.code, l.zh) FROM aidcase.file_codes(c.code_set) AS l), c.code)
               WHEN c.type = 'yes_no' THEN format('CASE e.doc ->> %L WHEN ''true'' THEN ''是'' WHEN ''false'' THEN ''否'' END', c.code)
               WHEN c.sign < 0 THEN format('(- (e.doc ->> %L)::numeric)::text', c.code)
               ELSE format('e.doc ->> %L', c.code) END, format.delimiter),
               ' || $3 || ' ORDER BY c.column_no) INTO cells
      FROM aidcase.file_column AS c WHERE c.kind = format.kind;
    EXECUTE format($q$
        SELECT count(*), (SELECT string_agg(aidcase.csv_cell(c.header, $3), $3 ORDER BY c.column_no) FROM aidcase.file_column AS c WHERE c.kind = $5) || $4
               || coalesce(string_agg(%s || $4, '' ORDER BY e.n), '')
          FROM %s($1, $2) WITH ORDINALITY AS e (doc, n)$q$, cells, format.export_function)
       INTO n, sheet USING days.from_day, days.to_day, format.delimiter, CASE format.line_end WHEN 'CRLF' THEN E'\r\n' ELSE E'\n' END, format.kind;
    IF format.totals_line <> 'none' THEN
        EXECUTE format($q$
            SELECT string_agg(CASE c.column_no WHEN 1 THEN '合计' WHEN 2 THEN $6::text
                       ELSE CASE WHEN c.totalled THEN (c.sign * coalesce((SELECT sum((e.doc ->> c.code)::numeric) FROM %s($1, $2) AS e (doc)), 0))::numeric(16,2)::text
                                 ELSE '' END END, $3 ORDER BY c.column_no) || $4
              FROM aidcase.file_column AS c WHERE c.kind = $5$q$, format.export_function)
           INTO cells USING days.from_day, days.to_day, format.delimiter, CASE format.line_end WHEN 'CRLF' THEN E'\r\n' ELSE E'\n' END, format.kind, n;
        sheet := sheet || cells;
    END IF;
    BEGIN
        file := convert_to(sheet, format.encoding);
    EXCEPTION WHEN untranslatable_character THEN
        RAISE EXCEPTION 'the file cannot be written in %', format.encoding
            USING ERRCODE = '22021', HINT = 'Change column "encoding" of the kind in table aidcase.file_kind to UTF8.';
    END;
    IF format.byte_order_mark THEN
        file := CASE format.encoding WHEN 'UTF8' THEN '\xefbbbf'::bytea ELSE '\x84319533'::bytea END || file;
    END IF;
    PERFORM aidcase.note_reading('export_file ' || export_file.kind, purpose, n, period, sha256(file));
    RETURN file;
END
$$;
COMMENT ON FUNCTION aidcase.export_file(text, text, text) IS
    '按格式导出某期间的某种文件,须说明目的并留痕 / a file of a kind for a period, in its format; it takes a purpose, which is kept';
REVOKE ALL ON FUNCTION aidcase.export_file(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.export_file(text, text, text)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector, aidcase_payer, aidcase_admin;

-- A value as a cell of a CSV file.
CREATE OR REPLACE FUNCTION aidcase.csv_cell(value text, delimiter text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value IS NULL THEN ''
            WHEN value = '' OR value ~ '["\r\n]' OR strpos(value, delimiter) > 0 THEN '"' || replace(value, '"', '""') || '"'
            ELSE value END;
COMMENT ON FUNCTION aidcase.csv_cell(text, text) IS
    'CSV 单元格文本 / a value as a cell of a CSV file';
