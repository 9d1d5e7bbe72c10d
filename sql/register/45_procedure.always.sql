-- procedure: what keeps a definition whole.  A broken one is refused when the
-- transaction that writes it commits; one that rows are pinned to does not
-- change any more.

-- What is wrong with a version; no row when nothing is.
CREATE OR REPLACE FUNCTION aidcase.workflow_faults(workflow_id bigint) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
WITH RECURSIVE w AS (
    SELECT f.*, to_regclass(format('aidcase.%I', f.subject)) AS relid
      FROM aidcase.workflow AS f WHERE f.workflow_id = workflow_faults.workflow_id
), s AS (
    SELECT s.* FROM aidcase.workflow_state AS s JOIN w USING (workflow_id)
), t AS (
    SELECT t.* FROM aidcase.workflow_transition AS t JOIN w USING (workflow_id)
), reached (state) AS (
    SELECT s.state FROM s WHERE s.kind = 'initial'
    UNION
    SELECT t.to_state FROM reached AS r JOIN t ON t.from_state = r.state
), ending (state) AS (
    SELECT s.state FROM s WHERE s.kind = 'final'
    UNION
    SELECT t.from_state FROM ending AS e JOIN t ON t.to_state = e.state
), named (place, kind, name) AS (
    SELECT 'The procedure', 'post', unnest(w.posts) FROM w
    UNION ALL SELECT 'The procedure', 'clock', unnest(w.starts) FROM w
    UNION ALL SELECT format('Move "%s" from "%s"', t.action, t.from_state), k.kind, unnest(k.names)
      FROM t CROSS JOIN LATERAL (VALUES ('post', t.posts), ('guard', t.guards), ('clock', t.starts),
            ('clock', t.meets), ('clock', t.pauses), ('clock', t.resumes), ('clock', t.cancels),
            ('date column', t.sets), ('column', t.may_change),
            ('unit column', array_remove(ARRAY[t.at_column], NULL))) AS k (kind, names)
), col AS (
    SELECT a.attname::text AS name, a.atttypid = 'date'::regtype AS is_date
      FROM w JOIN pg_attribute AS a ON a.attrelid = w.relid AND a.attnum > 0 AND NOT a.attisdropped
), gate AS (
    SELECT p.proname AS name
      FROM w JOIN pg_trigger AS g ON g.tgrelid = w.relid AND NOT g.tgisinternal
      JOIN pg_proc AS p ON p.oid = g.tgfoid
     WHERE p.pronamespace = 'aidcase'::regnamespace
)
SELECT CASE count(*) WHEN 0 THEN 'There is no initial state.'
       ELSE format('There are %s initial states: %s.', count(*), string_agg(s.state, ', ' ORDER BY s.state)) END
  FROM s WHERE s.kind = 'initial' HAVING count(*) <> 1
UNION ALL
(SELECT format('State "%s" cannot be reached.', s.state)
   FROM s WHERE s.state NOT IN (SELECT r.state FROM reached AS r) ORDER BY s.sort, s.state)
UNION ALL
SELECT format('State "%s" is not final and has no way out.', s.state)
  FROM s WHERE s.kind <> 'final' AND NOT EXISTS (SELECT FROM t WHERE t.from_state = s.state)
UNION ALL
SELECT format('No way leads from state "%s" to a final one.', s.state)
  FROM s WHERE s.state NOT IN (SELECT e.state FROM ending AS e)
           AND EXISTS (SELECT FROM t WHERE t.from_state = s.state)
UNION ALL
SELECT format('Final state "%s" has a way out.', s.state)
  FROM s WHERE s.kind = 'final' AND EXISTS (SELECT FROM t WHERE t.from_state = s.state)
UNION ALL
SELECT format('State "%s" grants or alters awards but is not frozen.', s.state)
  FROM s WHERE (s.grants OR s.alters) AND NOT s.frozen
UNION ALL
SELECT format('State "%s" both grants and alters awards.', s.state) FROM s WHERE s.grants AND s.alters
UNION ALL
SELECT DISTINCT format('Clock "%s" is paused by move "%s" and resumed by none.', c, t.action)
  FROM t CROSS JOIN LATERAL unnest(t.pauses) AS c
 WHERE NOT EXISTS (SELECT FROM t AS r WHERE c = ANY (r.resumes))
UNION ALL
SELECT DISTINCT format('Clock "%s" is resumed by move "%s" and paused by none.', c, t.action)
  FROM t CROSS JOIN LATERAL unnest(t.resumes) AS c
 WHERE NOT EXISTS (SELECT FROM t AS r WHERE c = ANY (r.pauses))
UNION ALL
SELECT format('%s names the %s "%s", which does not exist.', n.place, n.kind, n.name)
  FROM named AS n
 WHERE n.name IS NULL
    OR n.kind = 'post' AND NOT EXISTS (SELECT FROM aidcase.post AS p WHERE p.post = n.name)
    OR n.kind = 'guard' AND NOT EXISTS (SELECT FROM aidcase.guard AS g WHERE g.guard = n.name)
    OR n.kind = 'clock' AND NOT EXISTS (SELECT FROM aidcase.clock AS c WHERE c.clock = n.name)
    OR n.kind = 'date column' AND NOT EXISTS (SELECT FROM col AS c WHERE c.name = n.name AND c.is_date)
    OR n.kind IN ('column', 'unit column') AND NOT EXISTS (SELECT FROM col AS c WHERE c.name = n.name)
UNION ALL
SELECT format('%s sets or changes column "%s", which belongs to the engine.', n.place, n.name)
  FROM named AS n
 WHERE n.kind IN ('date column', 'column')
   AND n.name IN ('workflow_id', 'state', 'unit_id', 'case_id', 'round_kind', 'round_no', 'roll_month',
                  'occurred_at', 'moved_by', 'reason', 'first_contact_at', 'outside_key', 'entry_no')
UNION ALL
SELECT DISTINCT aidcase.guard_function_fault(g.function_name)
  FROM named AS n JOIN aidcase.guard AS g ON n.kind = 'guard' AND g.guard = n.name
 WHERE aidcase.guard_function_fault(g.function_name) IS NOT NULL
UNION ALL
SELECT format('Table "%s" does not exist or is not under trigger enforce_workflow.', w.subject)
  FROM w WHERE NOT EXISTS (SELECT FROM gate WHERE gate.name = 'enforce_workflow')
UNION ALL
SELECT format('Table "%s" has no trigger run_clocks, but the procedure has clocks.', w.subject)
  FROM w WHERE EXISTS (SELECT FROM named AS n WHERE n.kind = 'clock')
           AND NOT EXISTS (SELECT FROM gate WHERE gate.name = 'run_clocks')
$$;
COMMENT ON FUNCTION aidcase.workflow_faults(bigint) IS
    '程序定义的全部错误,无误则无行 / everything that is wrong with a version of a procedure; no row when it is whole';
REVOKE ALL ON FUNCTION aidcase.workflow_faults(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.workflow_faults(bigint) TO aidcase_admin;

-- What a version has of the steps that the delegation abolished (the notice,
-- four (1) and (3)): approval by the district, appraisal by the village,
-- publicity before the decision.  No row when it has none.
CREATE OR REPLACE FUNCTION aidcase.abolished_steps(workflow_id bigint) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
WITH t AS (
    SELECT t.*, s.frozen
      FROM aidcase.workflow_transition AS t
      JOIN aidcase.workflow_state AS s ON s.workflow_id = t.workflow_id AND s.state = t.from_state
     WHERE t.workflow_id = abolished_steps.workflow_id
)
SELECT format('Move "%s" from "%s" lets only the district decide.', t.action, t.from_state)
  FROM t
 WHERE NOT t.frozen
   AND NOT EXISTS (SELECT FROM aidcase.post AS p WHERE p.post = ANY (t.posts) AND p.level <> 'district')
UNION ALL
SELECT format('Move "%s" from "%s" asks for publicity before the decision.', t.action, t.from_state)
  FROM t
 WHERE NOT t.frozen
   AND t.guards && '{publication_made,publicity_over,announcement_made,announcement_over}'
UNION ALL
SELECT format('State "%s" is an appraisal.', s.state)
  FROM aidcase.workflow_state AS s
 WHERE s.workflow_id = abolished_steps.workflow_id
   AND (s.state ~ 'apprais' OR s.label_en ~* 'apprais' OR s.label_zh ~ '评议')
UNION ALL
SELECT format('Move "%s" from "%s" is an appraisal.', t.action, t.from_state)
  FROM t
 WHERE t.action ~ 'apprais' OR t.label_en ~* 'apprais' OR t.label_zh ~ '评议'
$$;
COMMENT ON FUNCTION aidcase.abolished_steps(bigint) IS
    '程序中委托后已取消的环节(区级审批、民主评议、决定前公示),没有则无行 / steps of a version that the delegation abolished: approval by the district, appraisal, publicity before the decision; no row when there is none';
REVOKE ALL ON FUNCTION aidcase.abolished_steps(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.abolished_steps(bigint) TO aidcase_admin, aidcase_bureau, aidcase_inspector;

-- Procedures with such steps that would govern a unit while it holds a
-- delegation.  allowed: parameter district_approval of the unit, which has a
-- document, is on when that begins.
CREATE OR REPLACE VIEW aidcase.abolished_step_in_force WITH (security_invoker = true) AS
SELECT p.procedure_id, p.workflow_id, d.unit_id, u.unit_code, d.programme, p.valid * d.valid AS valid,
       coalesce((SELECT r.value <> 0 FROM aidcase.parameter_row('district_approval', u.unit_code,
                 greatest(coalesce(lower(p.valid), '-infinity'), coalesce(lower(d.valid), '-infinity'))) AS r), false) AS allowed
  FROM aidcase.procedure_in_force AS p
  JOIN aidcase.delegation AS d ON d.valid && p.valid AND (p.unit_id = d.unit_id OR p.unit_id IS NULL)
                              AND (p.round_kind IS NULL OR (p.round_kind = 'emergency') = (d.programme = 'temp_assistance'))
  JOIN aidcase.unit AS u ON u.unit_id = d.unit_id
 WHERE p.subject = 'case_round' AND p.delegated IS DISTINCT FROM false
   AND EXISTS (SELECT FROM aidcase.abolished_steps(p.workflow_id));
COMMENT ON VIEW aidcase.abolished_step_in_force IS
    '受托单位适用的程序中含已取消环节的情形 / procedures with abolished steps that govern a unit while it holds a delegation';
COMMENT ON COLUMN aidcase.abolished_step_in_force.procedure_id IS '适用记录 / row of procedure_in_force';
COMMENT ON COLUMN aidcase.abolished_step_in_force.workflow_id IS '程序版本号 / version';
COMMENT ON COLUMN aidcase.abolished_step_in_force.unit_id IS '单位 / unit';
COMMENT ON COLUMN aidcase.abolished_step_in_force.unit_code IS '单位代码 / code of the unit';
COMMENT ON COLUMN aidcase.abolished_step_in_force.programme IS '救助项目 / programme';
COMMENT ON COLUMN aidcase.abolished_step_in_force.valid IS '期间 / days on which both are in force';
COMMENT ON COLUMN aidcase.abolished_step_in_force.allowed IS '区级审批参数已开启 / parameter district_approval is on';
REVOKE ALL ON TABLE aidcase.abolished_step_in_force FROM PUBLIC;
GRANT SELECT ON TABLE aidcase.abolished_step_in_force TO aidcase_admin, aidcase_bureau, aidcase_inspector;

-- Trigger, deferred: neither a procedure nor a delegation brings an abolished
-- step back into a unit that holds the delegation.
CREATE OR REPLACE FUNCTION aidcase.keep_abolished() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[];
BEGIN
    IF TG_TABLE_NAME = 'delegation' THEN
        SELECT array_agg(DISTINCT s ORDER BY s) INTO faults
          FROM aidcase.abolished_step_in_force AS f, aidcase.abolished_steps(f.workflow_id) AS s
         WHERE f.unit_id = NEW.unit_id AND f.programme = NEW.programme AND f.valid && NEW.valid AND NOT f.allowed;
    ELSE
        SELECT array_agg(DISTINCT s ORDER BY s) INTO faults
          FROM aidcase.abolished_step_in_force AS f, aidcase.abolished_steps(f.workflow_id) AS s
         WHERE f.procedure_id = NEW.procedure_id AND NOT f.allowed;
    END IF;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'a step that the delegation abolished cannot return'
            USING ERRCODE = '23514', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Put the procedure in force for units without delegation (delegated = false), or set parameter "district_approval" under a document.',
                  SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.keep_abolished() IS
    '触发器:委托后取消的环节不得恢复 / trigger: a step that the delegation abolished cannot return';
REVOKE ALL ON FUNCTION aidcase.keep_abolished() FROM PUBLIC;

-- Trigger, deferred to the end of the transaction.
CREATE OR REPLACE FUNCTION aidcase.check_definition() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[];
    what   text;
BEGIN
    IF TG_TABLE_NAME = 'guard' THEN
        what := format('guard "%s"', NEW.guard);
        faults := array_remove(ARRAY[aidcase.guard_function_fault(NEW.function_name)], NULL);
    ELSIF TG_TABLE_NAME = 'clock' THEN
        what := format('clock "%s"', NEW.clock);
        faults := ARRAY(SELECT format('Its condition "%s" is no guard in SQL.', g.guard)
                          FROM aidcase.guard AS g
                         WHERE g.guard = NEW.only_if
                           AND to_regprocedure(g.function_name || '(text,bigint,bigint,date)') IS NULL);
    ELSE
        SELECT format('version %s of procedure "%s"', w.version, w.name) INTO what
          FROM aidcase.workflow AS w WHERE w.workflow_id = NEW.workflow_id;
        faults := ARRAY(SELECT f FROM aidcase.workflow_faults(NEW.workflow_id) AS f);
        IF TG_TABLE_NAME = 'procedure_in_force' THEN
            IF NEW.subject <> (SELECT w.subject FROM aidcase.workflow AS w
                                WHERE w.workflow_id = NEW.workflow_id) THEN
                faults := faults || format('It is put in force for "%s", another table than it governs.', NEW.subject);
            END IF;
        END IF;
    END IF;
    IF faults <> '{}' THEN
        RAISE EXCEPTION '% is broken', what
            USING ERRCODE = '23514', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'A definition is checked at the end of the transaction; write all of it in one.',
                  SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_definition() IS
    '触发器:拒绝不完整的程序定义 / trigger: refuses a definition that is not whole';
REVOKE ALL ON FUNCTION aidcase.check_definition() FROM PUBLIC;

-- Trigger: a version that rows are pinned to keeps all but its labels.
CREATE OR REPLACE FUNCTION aidcase.keep_version() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    labels CONSTANT text[] := '{label_zh,label_en,sort,document_id,entry_no}';
    ids    bigint[] := ARRAY[NEW.workflow_id];
    v      record;
    in_use boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - labels = to_jsonb(OLD) - labels THEN
            RETURN NEW;
        END IF;
        ids := ids || OLD.workflow_id;
    END IF;
    -- waits for those who are just opening a row of the version
    FOR v IN
        SELECT w.workflow_id, w.name, w.version, w.subject FROM aidcase.workflow AS w
         WHERE w.workflow_id = ANY (ids) ORDER BY w.workflow_id FOR UPDATE
    LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM aidcase.procedure_in_force AS p
                                   WHERE p.workflow_id = v.workflow_id)
                   OR to_regclass(format('aidcase.%I', v.subject)) IS NULL;
        EXECUTE format('SELECT EXISTS (SELECT FROM aidcase.%I AS t WHERE t.workflow_id = $1)', v.subject)
           INTO in_use USING v.workflow_id;
        IF in_use THEN
            RAISE EXCEPTION 'version % of procedure "%" cannot be changed', v.version, v.name
                USING ERRCODE = '55000',
                      DETAIL = 'Rows are pinned to it, and they keep the procedure they began with.',
                      HINT = 'Enter a new version and put it in force from a date.',
                      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.keep_version() IS
    '触发器:已有在办事项的程序版本不得改动 / trigger: a version that rows are pinned to does not change';
REVOKE ALL ON FUNCTION aidcase.keep_version() FROM PUBLIC;

-- Trigger: a row that puts a version in force keeps all but its period.
CREATE OR REPLACE FUNCTION aidcase.keep_procedure() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF (NEW.unit_id, NEW.subject, NEW.round_kind, NEW.delegated, NEW.workflow_id)
       IS DISTINCT FROM (OLD.unit_id, OLD.subject, OLD.round_kind, OLD.delegated, OLD.workflow_id) THEN
        RAISE EXCEPTION 'a procedure in force cannot be exchanged for another'
            USING ERRCODE = '55000',
                  DETAIL = 'Only the period of the row can be changed.',
                  HINT = 'End the period and enter another row.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.keep_procedure() IS
    '触发器:适用程序只可改期间 / trigger: only the period of a procedure in force can change';
REVOKE ALL ON FUNCTION aidcase.keep_procedure() FROM PUBLIC;

CREATE OR REPLACE TRIGGER "~2_version" BEFORE UPDATE ON aidcase.workflow
    FOR EACH ROW EXECUTE FUNCTION aidcase.keep_version();
CREATE OR REPLACE TRIGGER "~2_version" BEFORE INSERT OR UPDATE ON aidcase.workflow_state
    FOR EACH ROW EXECUTE FUNCTION aidcase.keep_version();
CREATE OR REPLACE TRIGGER "~2_version" BEFORE INSERT OR UPDATE ON aidcase.workflow_transition
    FOR EACH ROW EXECUTE FUNCTION aidcase.keep_version();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.procedure_in_force
    FOR EACH ROW EXECUTE FUNCTION aidcase.keep_procedure();

-- PostgreSQL cannot replace a constraint trigger.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['delegation', 'procedure_in_force'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger AS g
                               WHERE g.tgrelid = format('aidcase.%I', t)::regclass
                                 AND g.tgname = '~5_abolished');
        EXECUTE format('CREATE CONSTRAINT TRIGGER "~5_abolished" AFTER INSERT OR UPDATE ON aidcase.%I'
            ' DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aidcase.keep_abolished()', t);
        EXECUTE format('COMMENT ON TRIGGER "~5_abolished" ON aidcase.%I IS %L', t,
            '事务结束时检查已取消的环节 / looks for abolished steps when the transaction ends');
    END LOOP;
    FOREACH t IN ARRAY ARRAY['guard', 'clock', 'workflow', 'workflow_state', 'workflow_transition',
                             'procedure_in_force'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger AS g
                               WHERE g.tgrelid = format('aidcase.%I', t)::regclass
                                 AND g.tgname = '~5_definition');
        EXECUTE format('CREATE CONSTRAINT TRIGGER "~5_definition" AFTER INSERT OR UPDATE ON aidcase.%I'
            ' DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aidcase.check_definition()', t);
        EXECUTE format('COMMENT ON TRIGGER "~5_definition" ON aidcase.%I IS %L', t,
            '事务结束时检查程序定义 / checks the definition when the transaction ends');
    END LOOP;
END
$$;
