/*
 * document: what every verb that takes a jsonb document shares.
 *
 * A verb describes its document once, as a shape: the words of JSON Schema
 * that document_faults() reads, and three words of ours.
 *
 *   type        string, number, integer, boolean, object, array, or a list
 *   properties, required, items, minItems, maxItems     as in JSON Schema; a
 *               key that is not listed is refused, null counts as absent
 *   maxLength, minimum, maximum, pattern (form: what to say about it)
 *   format      date, date-time, yuan, signed-yuan, citizen-id, sha256
 *   codes       table.column: the text must be a code of table label
 *   past        true: a date or time that must not lie in the future
 *   description ignored here
 *
 * A verb adds what only it can know (references, tables) as further rows of
 * (path, reason), and hands all of them to raise_faults().  Reasons never
 * repeat a value that was handed in: they end up in logs.
 */

-- A date written YYYY-MM-DD; NULL when it is not one, or cannot be.
CREATE OR REPLACE FUNCTION aidcase.iso_date(value text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value ~ ('^([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])'
                  '|(0[469]|11)-(0[1-9]|[12][0-9]|30)'
                  '|02-(0[1-9]|1[0-9]|2[0-8]))'
                  '|([12][0-9](0[48]|[2468][048]|[13579][26])|(1[26]|2[048])00)-02-29)$')
    THEN make_date(substr(value, 1, 4)::integer, substr(value, 6, 2)::integer,
                   substr(value, 9, 2)::integer)
    END;
COMMENT ON FUNCTION aidcase.iso_date(text) IS
    'YYYY-MM-DD 文本转日期,不存在的日期返回 NULL / the date of a text YYYY-MM-DD from 1000 to 2999; NULL when there is no such date';

CREATE OR REPLACE FUNCTION aidcase.zone_here() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT r.time_zone FROM aidcase.register AS r;
END;
COMMENT ON FUNCTION aidcase.zone_here() IS
    '登记库时区名称 / name of the register''s time zone';

-- A time written YYYY-MM-DDThh:mm[:ss[.ffffff]] (or with a blank), with an
-- offset from UTC or else in the register's time zone.
CREATE OR REPLACE FUNCTION aidcase.iso_timestamp(value text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN aidcase.iso_date(substr(value, 1, 10)) IS NULL THEN NULL
    WHEN substr(value, 11) ~ ('^[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?'
                              ' ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$')
    THEN value::timestamptz
    WHEN substr(value, 11) ~ '^[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$'
    THEN value::timestamp AT TIME ZONE aidcase.zone_here()
    END;
COMMENT ON FUNCTION aidcase.iso_timestamp(text) IS
    'ISO 8601 文本转时间,无时区偏移时按登记库时区 / the instant of an ISO 8601 text, in the register''s time zone when it has no offset; NULL when there is no such time';

-- What is wrong with a text as an amount; NULL when nothing is.
CREATE OR REPLACE FUNCTION aidcase.yuan_fault(value text, signed boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value ~ '^(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$' THEN NULL
    WHEN signed AND value ~ '^-(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$' THEN NULL
    WHEN value !~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?$'
        THEN 'must be an amount in yuan such as 800.00'
    WHEN NOT coalesce(signed, false) AND value ~ '^-' THEN 'must not be negative'
    WHEN value ~ '[0-9]{13}(\.|$)' THEN 'must be below 1000000000000 yuan'
    WHEN value IS NOT NULL THEN 'must not have more than two decimals'
    END;
COMMENT ON FUNCTION aidcase.yuan_fault(text, boolean) IS
    '金额文本有何错误,无误返回 NULL;signed 为真时可为负 / what is wrong with a text as an amount in yuan, NULL when nothing is; signed: may be negative';

CREATE OR REPLACE FUNCTION aidcase.yuan(value text, signed boolean DEFAULT false) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value ~ CASE WHEN signed THEN '^-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$'
                      ELSE '^(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$' END
    THEN value::numeric(14,2)
    END;
COMMENT ON FUNCTION aidcase.yuan(text, boolean) IS
    '金额文本转数值 (元,至多两位小数),不合格返回 NULL / the amount in yuan of a text with at most two decimals; NULL when it is not one';

-- A whole number of at most 18 digits; NULL when it is not one.
CREATE OR REPLACE FUNCTION aidcase.whole_number(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ~ '^-?[0-9]{1,18}$' THEN value::bigint END;
COMMENT ON FUNCTION aidcase.whole_number(text) IS
    '整数文本转数值,不合格返回 NULL / the whole number of a text with at most 18 digits; NULL when it is not one';

-- The objects of a list in a document, with their places from 0.  Whatever is
-- not a list of objects has none: document_faults() tells that.
CREATE OR REPLACE FUNCTION aidcase.listed(doc jsonb, key text)
RETURNS TABLE (n bigint, item jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT e.place - 1, e.value
  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(doc -> key) = 'array' THEN doc -> key ELSE '[]' END)
       WITH ORDINALITY AS e (value, place)
 WHERE jsonb_typeof(e.value) = 'object';
END;
COMMENT ON FUNCTION aidcase.listed(jsonb, text) IS
    '文档中某列表的各对象及序号 / the objects of a list in a document with their places from 0';

-- A citizen number, or NULL when the text is not a valid one.
CREATE OR REPLACE FUNCTION aidcase.citizen(value text) RETURNS aidcase.citizen_id
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN aidcase.citizen_id_fault(value) IS NULL THEN value::aidcase.citizen_id END;
COMMENT ON FUNCTION aidcase.citizen(text) IS
    '公民身份号码文本转换,不合格返回 NULL / the citizen number of a text; NULL when it is not valid';

-- The known key that an unknown one was probably meant to be, or NULL: the
-- same letters in any order, or the most pairs of neighbours in common.
CREATE OR REPLACE FUNCTION aidcase.nearest_key(key text, known text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
WITH word AS (
    SELECT k AS known_key, regexp_replace(lower(k), '[^a-z0-9]', '', 'g') AS plain,
           regexp_replace(lower(left(key, 60)), '[^a-z0-9]', '', 'g') AS given
      FROM unnest(known) AS k
), likeness AS (
    SELECT known_key,
           CASE WHEN plain = given THEN 1.0
                WHEN (SELECT string_agg(c, '' ORDER BY c) FROM regexp_split_to_table(plain, '') AS c)
                   = (SELECT string_agg(c, '' ORDER BY c) FROM regexp_split_to_table(given, '') AS c) THEN 0.9
                ELSE 2.0 * (SELECT count(*)
                              FROM (SELECT substr(plain, i, 2) FROM generate_series(1, length(plain) - 1) AS i
                                    INTERSECT ALL
                                    SELECT substr(given, i, 2) FROM generate_series(1, length(given) - 1) AS i) AS pair)
                     / greatest(length(plain) + length(given) - 2, 1) END AS degree
      FROM word
)
SELECT known_key FROM likeness WHERE degree >= 0.5
 ORDER BY degree DESC, known_key COLLATE "C" LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.nearest_key(text, text[]) IS
    '最相近的已知键 / the known key that an unknown one was probably meant to be, or NULL';

-- A key as part of a path: names as they are, anything else is not repeated.
CREATE OR REPLACE FUNCTION aidcase.key_path(path text, key text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN path = '' THEN '' ELSE path || '.' END
    || CASE WHEN key ~ '^[A-Za-z_][A-Za-z0-9_]{0,39}$' THEN key ELSE '(key)' END;
COMMENT ON FUNCTION aidcase.key_path(text, text) IS
    '键的路径 / the path of a key below a path; a key that is no name is not repeated';

CREATE OR REPLACE FUNCTION aidcase.unknown_keys(doc jsonb, known text[], path text DEFAULT '')
RETURNS TABLE (path text, reason text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT aidcase.key_path(unknown_keys.path, k.key),
       'is not a key of this document'
       || coalesce('; did you mean "' || aidcase.nearest_key(k.key, known) || '"?', '')
  FROM jsonb_object_keys(CASE WHEN jsonb_typeof(doc) = 'object' THEN doc ELSE '{}' END) AS k (key)
 WHERE k.key <> ALL (known);
END;
COMMENT ON FUNCTION aidcase.unknown_keys(jsonb, text[], text) IS
    '文档中未知的键及最相近的键 / the keys of a document that are not known, with the key that was probably meant';

-- All faults of a document against a shape, in one pass over its values.
CREATE OR REPLACE FUNCTION aidcase.document_faults(doc jsonb, shape jsonb)
RETURNS TABLE (path text, reason text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
WITH RECURSIVE node (path, value, kind, shape, key, parent) AS (
    SELECT ''::text, doc, coalesce(jsonb_typeof(doc), 'null'), document_faults.shape,
           NULL::text, NULL::jsonb
    UNION ALL
    SELECT c.path, c.value, jsonb_typeof(c.value), c.shape, c.key, n.shape -> 'properties'
      FROM node AS n
     CROSS JOIN LATERAL (
        SELECT aidcase.key_path(n.path, e.key) AS path, e.value, n.shape -> 'properties' -> e.key AS shape, e.key
          FROM jsonb_each(CASE WHEN n.kind = 'object' THEN n.value ELSE '{}' END) AS e
        UNION ALL
        SELECT n.path || '[' || i.place - 1 || ']', i.value, n.shape -> 'items', NULL
          FROM jsonb_array_elements(CASE WHEN n.kind = 'array' THEN n.value ELSE '[]' END)
               WITH ORDINALITY AS i (value, place)
        ) AS c
     WHERE n.kind = 'object' AND n.shape ? 'properties'
        OR n.kind = 'array' AND n.shape ? 'items'
           AND jsonb_array_length(n.value) <= coalesce((n.shape ->> 'maxItems')::integer, 1000)
), leaf AS (
    SELECT n.*,
           CASE WHEN n.kind IN ('string', 'number') THEN n.value #>> '{}' END AS word,
           n.shape ->> 'format' AS format,
           n.shape -> 'type' ? n.kind
           OR n.kind = 'number' AND n.shape -> 'type' ? 'integer' AS right_type
      FROM node AS n
)
SELECT CASE WHEN f.path = '' THEN '(document)' ELSE f.path END, f.reason
  FROM (
    SELECT l.path,
           CASE
           WHEN l.shape IS NULL THEN
               'is not a key of this document'
               || coalesce('; did you mean "'
                           || aidcase.nearest_key(l.key, ARRAY(SELECT jsonb_object_keys(l.parent))) || '"?', '')
           WHEN l.kind = 'null' THEN CASE WHEN l.key IS NULL THEN 'must not be null' END
           WHEN NOT l.right_type THEN
               'must be ' || CASE
                   WHEN l.format = 'yuan' OR l.format = 'signed-yuan' THEN 'an amount, written as a string'
                   WHEN l.shape -> 'type' ? 'string' THEN 'a string'
                   WHEN l.shape -> 'type' ? 'boolean' THEN 'true or false'
                   WHEN l.shape -> 'type' ? 'integer' THEN 'a whole number'
                   WHEN l.shape -> 'type' ? 'number' THEN 'a number'
                   WHEN l.shape -> 'type' ? 'array' THEN 'a list'
                   ELSE 'an object' END
           WHEN l.kind = 'string' AND btrim(l.word, E' \t\r\n\u3000') = '' THEN 'must not be empty'
           WHEN l.kind = 'number' AND l.format IS NULL AND l.shape -> 'type' ? 'integer'
                AND l.word !~ '^-?[0-9]{1,18}$' THEN 'must be a whole number'
           WHEN l.kind = 'number' AND (l.value < l.shape -> 'minimum' OR l.value > l.shape -> 'maximum') THEN
               'must be ' || CASE WHEN l.shape ?& ARRAY['minimum', 'maximum']
                    THEN 'from ' || (l.shape ->> 'minimum') || ' to ' || (l.shape ->> 'maximum')
                    ELSE coalesce('at least ' || (l.shape ->> 'minimum'), 'at most ' || (l.shape ->> 'maximum')) END
           WHEN l.kind = 'string' AND length(l.word) > coalesce((l.shape ->> 'maxLength')::integer, 4000) THEN
               'must not be longer than ' || coalesce(l.shape ->> 'maxLength', '4000') || ' characters'
           WHEN l.shape ? 'pattern' AND l.word !~ (l.shape ->> 'pattern') THEN
               coalesce(l.shape ->> 'form', 'does not have the required form')
           WHEN l.format = 'date' THEN CASE
               WHEN aidcase.iso_date(l.word) IS NULL THEN 'must be a date such as 2021-04-06'
               WHEN l.shape ? 'past' AND aidcase.iso_date(l.word) > aidcase.today() THEN 'must not be in the future'
               END
           WHEN l.format = 'date-time' THEN CASE
               WHEN aidcase.iso_timestamp(l.word) IS NULL THEN 'must be a time such as 2021-04-06T09:00:00+08:00'
               WHEN l.shape ? 'past' AND aidcase.iso_timestamp(l.word) > aidcase.now_here() THEN 'must not be in the future'
               END
           WHEN l.format = 'yuan' THEN aidcase.yuan_fault(l.word, false)
           WHEN l.format = 'signed-yuan' THEN aidcase.yuan_fault(l.word, true)
           WHEN l.format = 'citizen-id' THEN aidcase.citizen_id_fault(l.word)
           WHEN l.format = 'sha256' AND l.word !~ '^[0-9A-Fa-f]{64}$' THEN 'must be the 64 hexadecimal digits of a SHA-256'
           WHEN l.shape ? 'codes' AND l.kind = 'string'
                AND NOT EXISTS (SELECT FROM aidcase.label AS b
                                 WHERE b.code_set = l.shape ->> 'codes' AND b.code = l.word) THEN
               'must be one of ' || coalesce((SELECT string_agg(b.code, ', ' ORDER BY b.sort, b.code COLLATE "C")
                                                FROM aidcase.label AS b
                                               WHERE b.code_set = l.shape ->> 'codes'), 'no code at all')
           WHEN l.kind = 'array' AND jsonb_array_length(l.value) < (l.shape ->> 'minItems')::integer THEN
               'must have at least ' || (l.shape ->> 'minItems')
           WHEN l.kind = 'array' AND jsonb_array_length(l.value) > coalesce((l.shape ->> 'maxItems')::integer, 1000) THEN
               'must not have more than ' || coalesce(l.shape ->> 'maxItems', '1000')
           END AS reason
      FROM leaf AS l
    UNION ALL
    SELECT aidcase.key_path(n.path, r.key), 'is missing'
      FROM node AS n
     CROSS JOIN LATERAL jsonb_array_elements_text(n.shape -> 'required') AS r (key)
     WHERE n.kind = 'object' AND n.shape ? 'required'
       AND coalesce(jsonb_typeof(n.value -> r.key), 'null') = 'null'
    ) AS f
 WHERE f.reason IS NOT NULL;
END;
COMMENT ON FUNCTION aidcase.document_faults(jsonb, jsonb) IS
    '按形状检查文档,列出全部错误 (路径、原因) / all faults of a document against a shape, as path and reason; a reason never repeats a value';

-- Refuses a document with all its faults at once; does nothing without any.
CREATE OR REPLACE FUNCTION aidcase.raise_faults(what text, faults text[], hint text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
    n integer := pg_catalog.cardinality(faults);
BEGIN
    IF n > 0 THEN
        RAISE EXCEPTION 'the % has % %', what, n, CASE n WHEN 1 THEN 'fault' ELSE 'faults' END
            USING ERRCODE = 'ZA007',
                  DETAIL = pg_catalog.array_to_string(faults, E'\n'),
                  HINT = hint;
    END IF;
END
$$;
COMMENT ON FUNCTION aidcase.raise_faults(text, text[], text) IS
    '有错误时一次全部报出 (ZA007),无错误则不动 / refuses a document with all its faults (ZA007): what, "path: reason" lines, hint; does nothing without faults';

GRANT EXECUTE ON FUNCTION aidcase.iso_date(text), aidcase.iso_timestamp(text), aidcase.yuan(text, boolean),
    aidcase.yuan_fault(text, boolean), aidcase.whole_number(text), aidcase.listed(jsonb, text),
    aidcase.citizen(text), aidcase.nearest_key(text, text[]), aidcase.key_path(text, text),
    aidcase.unknown_keys(jsonb, text[], text), aidcase.document_faults(jsonb, jsonb), aidcase.zone_here(),
    aidcase.raise_faults(text, text[], text) TO PUBLIC;
