-- Languages: what every code, state, action, table and column is called.
--
-- Labels stay where they belong, in aidcase.label and beside the codes that
-- have a table of their own; the dictionary puts them side by side and shows
-- one of the two languages, as setting aidcase.language says (Chinese unless
-- it is en).  Every table that has a text as its key, label_zh and label_en is found
-- by itself; everybody has to be allowed to read it.
DO $do$
DECLARE
    tables text;
BEGIN
SELECT string_agg(format('UNION ALL SELECT %L, t.%I, t.label_zh, t.label_en FROM aidcase.%I AS t', c.relname, k.attname, c.relname),
                  E'\n        ' ORDER BY c.relname COLLATE "C") INTO STRICT tables
  FROM pg_class AS c
  JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisprimary AND x.indnkeyatts = 1
  JOIN pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = x.indkey[0] AND k.atttypid = 'text'::regtype
 WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r'
   AND (SELECT count(*) FROM pg_attribute AS a
         WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ('label_zh', 'label_en')) = 2;

EXECUTE format($view$
CREATE OR REPLACE VIEW aidcase.dictionary WITH (security_invoker = true) AS
SELECT d.code_set, d.code, d.zh, d.en,
       CASE current_setting('aidcase.language', true) WHEN 'en' THEN d.en ELSE d.zh END AS label
  FROM (SELECT l.code_set::text, l.code::text, l.zh::text, l.en::text FROM aidcase.label AS l
        -- the states and actions of a subject, of the latest version that has them
        UNION ALL
        (SELECT DISTINCT ON (w.subject, s.state)
                w.subject || '.state', s.state, s.label_zh, s.label_en
           FROM aidcase.workflow_state AS s JOIN aidcase.workflow AS w ON w.workflow_id = s.workflow_id
          ORDER BY w.subject, s.state, w.version DESC, w.workflow_id DESC)
        UNION ALL
        (SELECT DISTINCT ON (w.subject, t.action)
                w.subject || '.action', t.action, t.label_zh, t.label_en
           FROM aidcase.workflow_transition AS t JOIN aidcase.workflow AS w ON w.workflow_id = t.workflow_id
          ORDER BY w.subject, t.action, w.version DESC, w.workflow_id DESC)
        UNION ALL
        (SELECT DISTINCT ON (w.name) 'workflow', w.name, w.label_zh, w.label_en
           FROM aidcase.workflow AS w ORDER BY w.name, w.version DESC)
        UNION ALL SELECT 'audit_query', q.name, q.question_zh, q.question_en FROM aidcase.audit_query AS q
        UNION ALL
        (SELECT DISTINCT ON (c.certainty) 'certainty_rule', c.certainty, c.label_zh, c.label_en
           FROM aidcase.certainty_rule AS c ORDER BY c.certainty, lower(c.valid) DESC, c.certainty_rule_id DESC)
        UNION ALL SELECT 'refusal_reason', r.refusal_reason, r.sentence_zh, r.sentence_en FROM aidcase.refusal_reason AS r
        UNION ALL SELECT 'report', r.name COLLATE "default", r.title, r.title_en FROM aidcase.report AS r
        UNION ALL
        SELECT 'report.' || c.report_name COLLATE "default", c.column_name COLLATE "default", c.label, c.label_en
          FROM aidcase.report_column AS c WHERE c.in_use
        %s
        -- tables and views, and their columns, as their comments say
        UNION ALL
        SELECT CASE d.objsubid WHEN 0 THEN 'relation' ELSE 'column' END,
               (n.nspname || '.' || c.relname || coalesce('.' || a.attname, '')) COLLATE "default",
               split_part(d.description, ' / ', 1) COLLATE "default",
               substr(d.description, strpos(d.description, ' / ') + 3) COLLATE "default"
          FROM pg_catalog.pg_description AS d
          JOIN pg_catalog.pg_class AS c ON c.oid = d.objoid AND c.relkind IN ('r', 'v')
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname IN ('aidcase', 'aidcase_bi')
          LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
         WHERE d.classoid = 'pg_catalog.pg_class'::regclass) AS d
$view$, tables);
END
$do$;

CREATE OR REPLACE FUNCTION aidcase.label_of(code_set text, code text)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT coalesce((SELECT d.label FROM aidcase.dictionary AS d
                  WHERE d.code_set = label_of.code_set AND d.code = label_of.code), label_of.code);
END;
COMMENT ON FUNCTION aidcase.label_of(text, text) IS
    '代码在当前语言下的名称,无名称时为代码本身 / what a code is called in the language of the session (aidcase.language); the code itself when it has no label';
GRANT EXECUTE ON FUNCTION aidcase.label_of(text, text) TO PUBLIC;

COMMENT ON VIEW aidcase.dictionary IS
    '词典:全部代码、状态、办理事项、表和列的中英文名称 / the dictionary: what every code, state, action, table and column is called in Chinese and English';
COMMENT ON COLUMN aidcase.dictionary.code_set IS
    '代码所属:表名.列名,主体.state,主体.action,自有代码表的表名,relation 或 column / where the code is used: table.column; subject.state; subject.action; the table of codes that have one; relation or column';
COMMENT ON COLUMN aidcase.dictionary.code IS '代码 / code';
COMMENT ON COLUMN aidcase.dictionary.zh IS '中文名称 / label in Chinese';
COMMENT ON COLUMN aidcase.dictionary.en IS '英文名称 / label in English';
COMMENT ON COLUMN aidcase.dictionary.label IS '当前语言的名称 / label in the language of the session';
