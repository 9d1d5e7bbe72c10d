-- The register watches itself: the objects that decide what is recorded, each
-- with a hash of its definition.  No oid goes into it, so that it is the same
-- after a restore.

CREATE OR REPLACE FUNCTION aidcase.catalogue_objects(OUT object text, OUT hash text)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH relation AS (
        SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity
          FROM pg_class AS c
         WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')),
    line (object, definition) AS (
        SELECT format('function %I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
               concat_ws(E'\n', pg_get_userbyid(p.proowner), p.prosrc, p.probin, p.prosecdef, p.provolatile, p.proisstrict,
                         p.proparallel, p.proleakproof, array_to_string(p.proconfig, E'\n'),
                         CASE WHEN p.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(p.oid) END,
                         pg_get_function_result(p.oid), l.lanname,
                         (SELECT string_agg(a::text, ' ' ORDER BY a::text)
                            FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) AS a))
          FROM pg_proc AS p
          JOIN pg_language AS l ON l.oid = p.prolang
         WHERE p.pronamespace = 'aidcase'::regnamespace
        UNION ALL
        SELECT format('%s %I', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END, c.relname),
               concat_ws(E'\n', pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity,
                         CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END,
                         (SELECT string_agg(a::text, ' ' ORDER BY a::text)
                            FROM unnest(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                                                      c.relowner))) AS a),
                         (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                                      a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid),
                                                      (SELECT string_agg(g::text, ' ' ORDER BY g::text)
                                                         FROM unnest(a.attacl) AS g)), E'\n' ORDER BY a.attname)
                            FROM pg_attribute AS a
                            LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S'))
          FROM relation AS c
        UNION ALL
        -- one that fires always, on replicas too, is as good
        SELECT format('trigger %I on %I', t.tgname, c.relname),
               concat_ws(' ', CASE t.tgenabled WHEN 'A' THEN 'O' ELSE t.tgenabled END, pg_get_triggerdef(t.oid))
          FROM pg_trigger AS t JOIN relation AS c ON c.oid = t.tgrelid
         WHERE NOT t.tgisinternal
        UNION ALL
        SELECT format('constraint %I on %I', k.conname, c.relname),
               concat_ws(' ', k.convalidated, pg_get_constraintdef(k.oid),
                         -- foreign keys are triggers too
                         (SELECT string_agg(DISTINCT t.tgenabled::text, '') FROM pg_trigger AS t WHERE t.tgconstraint = k.oid))
          FROM pg_constraint AS k JOIN relation AS c ON c.oid = k.conrelid
         WHERE k.contype <> 'n'
        UNION ALL
        SELECT format('policy %I on %I', p.polname, c.relname),
               concat_ws(' ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
                         pg_get_expr(p.polwithcheck, p.polrelid),
                         (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END, ',' ORDER BY pg_get_userbyid(r))
                            FROM unnest(p.polroles) AS r))
          FROM pg_policy AS p JOIN relation AS c ON c.oid = p.polrelid
        UNION ALL
        SELECT format('rule %I on %I', w.rulename, c.relname), concat_ws(' ', w.ev_enabled, pg_get_ruledef(w.oid))
          FROM pg_rewrite AS w JOIN relation AS c ON c.oid = w.ev_class
         WHERE w.rulename <> '_RETURN'
        UNION ALL
        SELECT format('event trigger %I', e.evtname),
               concat_ws(' ', e.evtenabled, e.evtevent, p.proname, array_to_string(e.evttags, ','))
          FROM pg_event_trigger AS e JOIN pg_proc AS p ON p.oid = e.evtfoid
         WHERE p.pronamespace = 'aidcase'::regnamespace
        UNION ALL
        SELECT format('blueprint %s %s', b.kind, b.room), b.body
          FROM aidcase.blueprint AS b
        UNION ALL
        SELECT 'extension', e.extversion || ' ' || pg_get_userbyid(e.extowner)
          FROM pg_extension AS e WHERE e.extname = 'aidcase')
    SELECT l.object, left(encode(sha256(convert_to(string_agg(l.definition, E'\n' ORDER BY l.definition COLLATE "C"), 'UTF8')), 'hex'), 32)
      FROM line AS l
     GROUP BY l.object
$$;
COMMENT ON FUNCTION aidcase.catalogue_objects() IS
    '登记库各对象及其定义的散列 / the objects of the register, each with a hash of its definition';

-- What the ledger last said of each object.
CREATE OR REPLACE FUNCTION aidcase.catalogue_known(OUT object text, OUT hash text, OUT catalogue_no bigint)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT ON (o.key) o.key, o.value, c.catalogue_no
      FROM aidcase.ledger_catalogue AS c
     CROSS JOIN LATERAL jsonb_each_text(c.objects::jsonb) AS o
     ORDER BY o.key, c.catalogue_no DESC
$$;
COMMENT ON FUNCTION aidcase.catalogue_known() IS
    '台账最近记载的各对象 / what the ledger last recorded of each object';

-- What changed since, as text of a JSON object; none when nothing did.
CREATE OR REPLACE FUNCTION aidcase.catalogue_changes()
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_object_agg(coalesce(n.object, k.object), n.hash)::text
      FROM aidcase.catalogue_objects() AS n
      FULL JOIN aidcase.catalogue_known() AS k ON k.object = n.object
     WHERE n.hash IS DISTINCT FROM k.hash
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION aidcase.catalogue_changes() IS
    '自上次封存以来结构的变化,封存时写入台账 / what changed since the last sealing, for the sealer to record';

CREATE OR REPLACE VIEW aidcase.catalogue_history WITH (security_invoker = true) AS
SELECT c.catalogue_no, l.at, l.login, o.key AS object,
       CASE WHEN o.value IS NULL THEN 'removed'
            WHEN lag(o.value) OVER (PARTITION BY o.key ORDER BY c.catalogue_no) IS NULL THEN 'added'
            ELSE 'changed' END AS change
  FROM aidcase.ledger_catalogue AS c
  JOIN aidcase.ledger AS l ON l.entry_no = c.catalogue_no
 CROSS JOIN LATERAL jsonb_each_text(c.objects::jsonb) AS o;
COMMENT ON VIEW aidcase.catalogue_history IS
    '登记库结构的变化历史:何时、由谁的封存发现 / changes of the register''s objects: at which sealing they were found, and who sealed';
COMMENT ON COLUMN aidcase.catalogue_history.catalogue_no IS '台账记录号 / entry that records it';
COMMENT ON COLUMN aidcase.catalogue_history.at IS '封存时间 / time of the sealing that found it';
COMMENT ON COLUMN aidcase.catalogue_history.login IS '封存者的登录 / login that sealed';
COMMENT ON COLUMN aidcase.catalogue_history.object IS '对象 / object';
COMMENT ON COLUMN aidcase.catalogue_history.change IS '变化:added、changed、removed / added, changed or removed';
REVOKE ALL ON TABLE aidcase.catalogue_history FROM PUBLIC;

-- What verify_register() asks in SQL.
CREATE OR REPLACE FUNCTION aidcase.catalogue_breaks(
    OUT kind text, OUT relation text, OUT key text, OUT entry_no bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- what the scripts of extension and register make, command by command
    WITH command (text) AS MATERIALIZED (
        SELECT regexp_replace(x.text, '^OR REPLACE ', '')
          FROM aidcase.blueprint AS b
         CROSS JOIN LATERAL string_to_table(b.body, E'\nCREATE ') AS x (text)
         WHERE b.kind <> 'pack'),
    shipped (name, text) AS MATERIALIZED (
        SELECT substring(c.text FROM '^(?:FUNCTION|PROCEDURE) (?:aidcase\.)?"?(\w+)"?\('), c.text
          FROM command AS c
         WHERE starts_with(c.text, 'FUNCTION') OR starts_with(c.text, 'PROCEDURE')),
    -- what sealers said of triggers, and which of it was meant: what came with
    -- the table, with an upgrade, or was found when the register was adopted
    said (name, relation, hash, catalogue_no, meant) AS MATERIALIZED (
        SELECT substring(o.key FROM '^trigger "(.*)" on '), replace(substring(o.key FROM '" on (.*)$'), '"', ''), o.value, c.catalogue_no,
               row_number() OVER (PARTITION BY o.key ORDER BY c.catalogue_no) = 1
               OR EXISTS (SELECT FROM jsonb_object_keys(c.objects::jsonb) AS k
                           WHERE k = 'extension' OR starts_with(k, 'blueprint '))
               OR c.catalogue_no IN (SELECT (SELECT min(x.catalogue_no) FROM aidcase.ledger_catalogue AS x WHERE x.catalogue_no > i.after_no)
                                       FROM aidcase.register_incarnation AS i)
          FROM aidcase.ledger_catalogue AS c
         CROSS JOIN LATERAL jsonb_each_text(c.objects::jsonb) AS o
         WHERE starts_with(o.key, 'trigger "~')),
    trigger_said (name, relation, meant, last, catalogue_no) AS (
        SELECT s.name, s.relation, m.hash, s.hash, s.catalogue_no
          FROM (SELECT DISTINCT ON (x.name, x.relation) x.* FROM said AS x ORDER BY x.name, x.relation, x.catalogue_no DESC) AS s
          JOIN (SELECT DISTINCT ON (x.name, x.relation) x.* FROM said AS x WHERE x.meant
                 ORDER BY x.name, x.relation, x.catalogue_no DESC) AS m ON m.name = s.name AND m.relation = s.relation
          JOIN pg_class AS c ON c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r' AND c.relname = s.relation)
    -- copies of entries must say what the entries say
    SELECT 'shape_changed', 'ledger_shape', format('[%s]', s.shape_no), s.shape_no,
           'The shape is not the one that its entry records.'
      FROM aidcase.ledger_shape AS s
     CROSS JOIN LATERAL (SELECT (SELECT x.entry FROM aidcase.ledger_entry AS x WHERE x.entry_no = s.shape_no) AS entry) AS e
     WHERE CASE WHEN starts_with(e.entry, '[') THEN (e.entry::jsonb ->> 4, e.entry::jsonb ->> 5, e.entry::jsonb -> 7)
                     IS DISTINCT FROM ('S'::text, s.relation, s.columns::jsonb) ELSE true END
    UNION ALL
    SELECT 'catalogue_changed', 'ledger_catalogue', format('[%s]', c.catalogue_no), c.catalogue_no,
           'The list of changes is not the one that its entry records.'
      FROM aidcase.ledger_catalogue AS c
     CROSS JOIN LATERAL (SELECT (SELECT x.entry FROM aidcase.ledger_entry AS x WHERE x.entry_no = c.catalogue_no) AS entry) AS e
     WHERE CASE WHEN starts_with(e.entry, '[') THEN (e.entry::jsonb ->> 4, e.entry::jsonb -> 7)
                     IS DISTINCT FROM ('C'::text, c.objects::jsonb) ELSE true END
    UNION ALL
    -- since the last sealing
    SELECT 'catalogue_changed', NULL, coalesce(n.object, k.object), k.catalogue_no,
           CASE WHEN k.hash IS NULL THEN 'The object is new since the last sealing.'
                WHEN n.hash IS NULL THEN 'The object was removed since the last sealing.'
                ELSE 'The object was changed since the last sealing.' END
      FROM aidcase.catalogue_objects() AS n
      FULL JOIN aidcase.catalogue_known() AS k ON k.object = n.object
     WHERE n.hash IS DISTINCT FROM k.hash AND EXISTS (SELECT FROM aidcase.ledger_catalogue)
       -- a restored copy shows some expressions in other words; adopting it records them
       AND (SELECT s.adopted FROM aidcase.sealing_state() AS s)
    UNION ALL
    -- triggers that every table of the register has
    SELECT CASE WHEN t.oid IS NULL THEN 'trigger_missing' ELSE 'trigger_changed' END, c.relname, w.name, NULL,
           CASE WHEN t.oid IS NULL THEN 'The trigger is missing.' ELSE 'The trigger is not the one that set_up_table() makes.' END
      FROM pg_class AS c
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'entry_no' AND NOT a.attisdropped
     CROSS JOIN (VALUES ('~8_number', 'number_entry', 1 + 2 + 4 + 16),
                        ('~9_capture', 'capture_entry', 1 + 4 + 8 + 16),
                        ('~0_keep', 'keep_all_rows', 2 + 8 + 32)) AS w (name, function, type)
      LEFT JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = w.name
     WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('ledger_entry', 'ledger_removed')
       AND (t.oid IS NULL OR t.tgtype <> w.type OR t.tgqual IS NOT NULL OR t.tgattr <> ''::int2vector
            OR NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.oid = t.tgfoid AND p.proname = w.function
                              AND p.pronamespace = 'aidcase'::regnamespace))
    UNION ALL
    SELECT 'trigger_missing', c.relname, '~0_refuse', NULL, 'The trigger is missing.'
      FROM pg_class AS c
     WHERE c.relnamespace = 'aidcase'::regnamespace
       AND c.relname IN ('ledger_entry', 'ledger_shape', 'ledger_removed', 'ledger_leaf', 'ledger_tile', 'ledger_catalogue', 'checkpoint')
       AND NOT EXISTS (SELECT FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
                        WHERE t.tgrelid = c.oid AND t.tgname = '~0_refuse' AND t.tgtype = 2 + 4 + 8 + 16 + 32
                          AND p.proname = 'refuse_direct_write' AND p.pronamespace = 'aidcase'::regnamespace)
    UNION ALL
    SELECT 'trigger_disabled', c.relname, t.tgname, NULL,
           CASE t.tgenabled WHEN 'D' THEN 'The trigger is disabled.' ELSE 'The trigger fires on replicas only.' END
      FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'aidcase'::regnamespace AND t.tgenabled IN ('D', 'R')
       AND (starts_with(t.tgname, '~') OR t.tgisinternal)
    UNION ALL
    -- the other triggers, as they were made
    SELECT 'trigger_missing', k.relation, k.name, k.catalogue_no, 'The trigger was removed, and no upgrade did that.'
      FROM trigger_said AS k
     WHERE k.meant IS NOT NULL AND k.name NOT IN ('~0_keep', '~8_number', '~9_capture', '~0_refuse')
       AND NOT EXISTS (SELECT FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
                        WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relname = k.relation AND t.tgname = k.name)
    UNION ALL
    SELECT 'trigger_changed', k.relation, k.name, k.catalogue_no, 'The trigger is not the one that was made, and no upgrade changed it.'
      FROM trigger_said AS k
      JOIN pg_class AS c ON c.relnamespace = 'aidcase'::regnamespace AND c.relname = k.relation
      JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = k.name AND t.tgenabled IN ('O', 'A')
     WHERE k.meant IS NOT NULL AND k.last IS NOT NULL AND k.last <> k.meant
       AND k.name NOT IN ('~0_keep', '~8_number', '~9_capture', '~0_refuse')
    UNION ALL
    -- functions: members are the library's or the script's, those of the
    -- register the blueprint's.  One with a parsed body has no text to compare
    SELECT 'function_changed', NULL, p.oid::regprocedure::text, NULL,
           CASE WHEN d.objid IS NULL THEN 'It is not the function of the blueprint.'
                ELSE 'It is not the function of the extension.' END
      FROM pg_proc AS p
      JOIN pg_language AS l ON l.oid = p.prolang
      LEFT JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
     WHERE p.pronamespace = 'aidcase'::regnamespace AND p.prokind <> 'a'
       AND (d.objid IS NOT NULL OR EXISTS (SELECT FROM shipped AS s WHERE s.name = p.proname::text))
       AND NOT EXISTS (
           SELECT FROM shipped AS s
            WHERE s.name = p.proname::text
              AND CASE WHEN l.lanname = 'c'
                       THEN p.probin = '$libdir/aidcase' AND strpos(s.text, format('AS ''%s'', ''%s''', p.probin, p.prosrc)) > 0
                       WHEN p.prosqlbody IS NOT NULL
                       THEN strpos(s.text, E'\nBEGIN ATOMIC') > 0 OR strpos(s.text, E'\nRETURN ') > 0
                       ELSE p.prosrc <> '' AND (strpos(s.text, '$' || p.prosrc || '$') > 0
                                                OR strpos(s.text, quote_literal(p.prosrc)) > 0) END)
    UNION ALL
    SELECT DISTINCT 'function_missing', NULL, s.name, NULL::bigint, 'The function was removed.'
      FROM shipped AS s
     WHERE NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.pronamespace = 'aidcase'::regnamespace AND p.proname::text = s.name)
$$;
COMMENT ON FUNCTION aidcase.catalogue_breaks(OUT text, OUT text, OUT text, OUT bigint, OUT text) IS
    '核验登记库结构,由 verify_register() 调用 / breaks in the catalogue and in copies of entries, for verify_register()';
REVOKE ALL ON FUNCTION aidcase.catalogue_objects(), aidcase.catalogue_known(), aidcase.catalogue_changes(),
    aidcase.catalogue_breaks() FROM PUBLIC;
