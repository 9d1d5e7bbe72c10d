/*
 * erasure: retention periods, lists of files to erase, what keeps them.
 *
 * A list is proposed by one post and appraised by another person in another
 * post; a third post carries it out by one call.  At each step everything is
 * checked again and all faults are named.  Rows are removed and ledger texts
 * erased in C (erase_rows()), which opens for a list in state 'appraised'
 * only; leaves and tree stay, so every proof of the rest goes on to hold.
 */

-- A period is never shorter than the class allows, whoever writes it.
CREATE OR REPLACE FUNCTION aidcase.check_retention()
RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    class aidcase.retention_class := (SELECT c FROM aidcase.retention_class AS c WHERE c.retention_class = NEW.retention_class);
BEGIN
    IF class.min_months IS NULL OR NEW.months < class.min_months THEN
        RAISE EXCEPTION 'records of class "%" are kept longer', NEW.retention_class
            USING ERRCODE = '22023',
                  DETAIL = CASE WHEN class.min_months IS NULL THEN format('They are never erased (%s).', class.article)
                           ELSE format('At least %s months (%s).', class.min_months, class.article) END,
                  HINT = 'SELECT retention_class, min_months, article FROM aidcase.retention_class.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_retention() IS
    '触发器:保管期限不得短于规定 / trigger: no period is shorter than its class allows';
REVOKE ALL ON FUNCTION aidcase.check_retention() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_retention" BEFORE INSERT OR UPDATE ON aidcase.retention_period
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_retention();
COMMENT ON TRIGGER "~1_retention" ON aidcase.retention_period IS
    '保管期限不得短于规定 / no period is shorter than its class allows';

CREATE OR REPLACE FUNCTION aidcase.set_retention(retention_class text, months integer, from_date date, doc_no text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    document bigint := (SELECT d.document_id FROM aidcase.policy_document AS d WHERE d.doc_no = set_retention.doc_no);
    id       bigint;
BEGIN
    IF document IS NULL OR from_date IS NULL OR set_retention.months IS NULL
       OR NOT EXISTS (SELECT FROM aidcase.retention_class AS c WHERE c.retention_class = set_retention.retention_class) THEN
        RAISE EXCEPTION 'the retention period cannot be set'
            USING ERRCODE = '22023',
                  DETAIL = concat_ws(E'\n',
                      CASE WHEN NOT EXISTS (SELECT FROM aidcase.retention_class AS c WHERE c.retention_class = set_retention.retention_class)
                           THEN format('There is no class "%s".', set_retention.retention_class) END,
                      CASE WHEN set_retention.months IS NULL THEN 'The number of months is missing.' END,
                      CASE WHEN from_date IS NULL THEN 'The date is missing.' END,
                      CASE WHEN document IS NULL THEN format('There is no document "%s".', set_retention.doc_no) END),
                  HINT = 'Example: SELECT aidcase.set_retention(''household_file'', 60, ''2026-01-01'', ''办发〔2021〕15号'').';
    END IF;
    UPDATE aidcase.retention_period AS p SET valid = daterange(lower(p.valid), from_date)
     WHERE p.retention_class = set_retention.retention_class AND upper_inf(p.valid) AND lower(p.valid) < from_date;
    INSERT INTO aidcase.retention_period (retention_class, months, valid, document_id)
    VALUES (set_retention.retention_class, set_retention.months, daterange(from_date, NULL), document)
    RETURNING period_id INTO id;
    RETURN id;
END
$$;
COMMENT ON FUNCTION aidcase.set_retention(text, integer, date, text) IS
    '设定某类档案停发后的保管月数,返回主键;原期限同日终止 / sets how many months after the last stop a class is kept; the former period is closed; returns the key';

-- ---------------------------------------------------------------------
-- What keeps a file

CREATE OR REPLACE FUNCTION aidcase.hold_running_round(case_ids bigint[])
RETURNS TABLE (case_id bigint, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT r.case_id, format('Round %s is in state "%s".', r.round_id, r.state)
      FROM aidcase.case_round AS r
      JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
     WHERE r.case_id = ANY (case_ids) AND s.kind <> 'final'
$$;
COMMENT ON FUNCTION aidcase.hold_running_round(bigint[]) IS '保留:有未办结的轮次 / hold: a round is still running';

CREATE OR REPLACE FUNCTION aidcase.hold_running_award(case_ids bigint[])
RETURNS TABLE (case_id bigint, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT a.case_id, format('Award %s (%s) has not ended.', a.award_id, a.programme)
      FROM aidcase.award AS a
     WHERE a.case_id = ANY (case_ids) AND NOT isempty(a.months)
       AND (upper_inf(a.months) OR upper(a.months) > aidcase.today())
$$;
COMMENT ON FUNCTION aidcase.hold_running_award(bigint[]) IS '保留:待遇未停 / hold: an award has not ended';

CREATE OR REPLACE FUNCTION aidcase.hold_open_roll(case_ids bigint[])
RETURNS TABLE (case_id bigint, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT DISTINCT p.case_id, format('Roll %s is in state "%s".', l.roll_id, l.state)
      FROM aidcase.payment AS p
      JOIN aidcase.payment_roll AS l USING (roll_id)
      JOIN aidcase.workflow_state AS s ON s.workflow_id = l.workflow_id AND s.state = l.state
     WHERE p.case_id = ANY (case_ids) AND s.kind <> 'final'
$$;
COMMENT ON FUNCTION aidcase.hold_open_roll(bigint[]) IS '保留:清册未发放 / hold: a roll is not paid yet';

CREATE OR REPLACE FUNCTION aidcase.hold_open_flag(case_ids bigint[])
RETURNS TABLE (case_id bigint, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT f.case_id, 'A conflict flag is open.'
      FROM aidcase.conflict_flag AS f
     WHERE f.case_id = ANY (case_ids) AND f.state = 'open'
     GROUP BY f.case_id
$$;
COMMENT ON FUNCTION aidcase.hold_open_flag(bigint[]) IS '保留:有未处理的标记 / hold: a conflict flag is open';

CREATE OR REPLACE FUNCTION aidcase.hold_open_draw(case_ids bigint[])
RETURNS TABLE (case_id bigint, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT DISTINCT i.case_id, format('Draw %s is in state "%s".', d.draw_id, d.state)
      FROM aidcase.draw_item AS i
      JOIN aidcase.draw AS d USING (draw_id)
      JOIN aidcase.workflow_state AS s ON s.workflow_id = d.workflow_id AND s.state = d.state
     WHERE i.case_id = ANY (case_ids) AND s.kind <> 'final'
$$;
COMMENT ON FUNCTION aidcase.hold_open_draw(bigint[]) IS '保留:在未完成的抽查中 / hold: in a draw that is not finished';

-- One sentence for all of them: who is the subject of a petition or of a case
-- for the discipline organs must not learn of it here.
CREATE OR REPLACE FUNCTION aidcase.hold_supervision(case_ids bigint[])
RETURNS TABLE (case_id bigint, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT DISTINCT m.case_id, 'A matter of supervision is not finished.'
      FROM (SELECT p.case_id, p.workflow_id, p.state FROM aidcase.petition AS p WHERE p.case_id = ANY (case_ids)
             UNION ALL
            SELECT d.case_id, d.workflow_id, d.state FROM aidcase.discipline_referral AS d WHERE d.case_id = ANY (case_ids)
             UNION ALL
            SELECT r.case_id, r.workflow_id, r.state FROM aidcase.referral AS r WHERE r.case_id = ANY (case_ids)
             UNION ALL
            SELECT o.case_id, o.workflow_id, o.state FROM aidcase.objection AS o WHERE o.case_id = ANY (case_ids)
             UNION ALL
            SELECT s.case_id, s.workflow_id, s.state FROM aidcase.spot_check AS s WHERE s.case_id = ANY (case_ids)
             UNION ALL
            SELECT f.case_id, j.workflow_id, j.state FROM aidcase.finding AS f JOIN aidcase.finding_objection AS j USING (finding_id)
             WHERE f.case_id = ANY (case_ids)
             UNION ALL
            SELECT f.case_id, a.workflow_id, a.state FROM aidcase.finding AS f JOIN aidcase.corrective_action AS a USING (finding_id)
             WHERE f.case_id = ANY (case_ids)) AS m
      JOIN aidcase.workflow_state AS s ON s.workflow_id = m.workflow_id AND s.state = m.state
     WHERE s.kind <> 'final'
$$;
COMMENT ON FUNCTION aidcase.hold_supervision(bigint[]) IS
    '保留:有未办结的监督事项 / hold: petition, referral, objection, spot check, corrective action or case for the discipline organs';

CREATE OR REPLACE FUNCTION aidcase.hold_legal_hold(case_ids bigint[])
RETURNS TABLE (case_id bigint, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT h.case_id, format('Legal hold %s.', h.legal_hold_id)
      FROM aidcase.legal_hold AS h
     WHERE h.case_id = ANY (case_ids) AND (upper_inf(h.valid) OR upper(h.valid) > aidcase.today())
$$;
COMMENT ON FUNCTION aidcase.hold_legal_hold(bigint[]) IS '保留:依法暂缓销毁 / hold: kept for a reason of its own';

-- ---------------------------------------------------------------------
-- What stands against an erasure, all of it

-- What a class is about, locked: cases, kept from the last stop or the last
-- event of a file without award; or imports, from the day of the import.
CREATE OR REPLACE FUNCTION aidcase.erasure_subjects(class text, subject_ids bigint[])
RETURNS TABLE (id bigint, unit_id bigint, since date)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF (SELECT c.subject FROM aidcase.retention_class AS c WHERE c.retention_class = class) = 'import' THEN
        RETURN QUERY
        SELECT f.import_id, f.unit_id, aidcase.date_here(f.imported_at)
          FROM aidcase.file_import AS f WHERE f.import_id = ANY (subject_ids)
         ORDER BY f.import_id FOR NO KEY UPDATE;
        RETURN;
    END IF;
    PERFORM FROM aidcase.aid_case AS c WHERE c.case_id = ANY (subject_ids) ORDER BY c.case_id FOR NO KEY UPDATE;
    RETURN QUERY
    SELECT c.case_id, c.unit_id,
           greatest(c.opened_on,
                    (SELECT max(upper(a.months)) FROM aidcase.award AS a WHERE a.case_id = c.case_id),
                    (SELECT max(aidcase.date_here(r.occurred_at)) FROM aidcase.case_round AS r WHERE r.case_id = c.case_id))
      FROM aidcase.aid_case AS c WHERE c.case_id = ANY (subject_ids);
END
$$;
COMMENT ON FUNCTION aidcase.erasure_subjects(text, bigint[]) IS
    '内部:某类别的销毁对象 (个案或导入) 及其起算日,并加锁 / internal: what a class is about, cases or imports, and from when it is kept; locks it';

CREATE OR REPLACE FUNCTION aidcase.erasure_faults(class text, subject_ids bigint[], step_post text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[] := '{}';
    rules  record;
    months integer;
    hold   record;
    found  text[];
    subjects jsonb;
    post   text;
BEGIN
    SELECT c.* INTO rules FROM aidcase.retention_class AS c WHERE c.retention_class = class;
    IF rules.retention_class IS NULL THEN
        faults := faults || format('There is no retention class "%s".', class);
    ELSIF rules.min_months IS NULL THEN
        faults := faults || format('Records of class "%s" are never erased (%s).', class, rules.article);
    ELSE
        SELECT p.months INTO months FROM aidcase.retention_period AS p
         WHERE p.retention_class = class AND p.valid @> aidcase.today();
        IF months IS NULL THEN
            faults := faults || format('No retention period is in force for class "%s": everything is kept.', class);
        END IF;
    END IF;
    IF coalesce(cardinality(subject_ids), 0) = 0 OR array_position(subject_ids, NULL) IS NOT NULL THEN
        RETURN faults || format('The list names no %s.', coalesce(rules.subject, 'case'));
    END IF;
    IF cardinality(subject_ids) <> (SELECT count(DISTINCT n) FROM unnest(subject_ids) AS n) THEN
        faults := faults || format('%s is named twice.', CASE rules.subject WHEN 'import' THEN 'An import' ELSE 'A case' END);
    END IF;
    subjects := (SELECT jsonb_agg(s) FROM aidcase.erasure_subjects(class, subject_ids) AS s);
    faults := faults || ARRAY(
        SELECT format('There is no %s %s.', coalesce(rules.subject, 'case'), n) FROM unnest(subject_ids) AS n
         WHERE n NOT IN (SELECT (s ->> 'id')::bigint FROM jsonb_array_elements(coalesce(subjects, '[]')) AS s) ORDER BY n);
    post := CASE step_post WHEN 'propose' THEN rules.propose_post WHEN 'appraise' THEN rules.appraise_post ELSE rules.execute_post END;
    IF NOT (SELECT coalesce(bool_and(aidcase.has_post(post, s.unit_id, aidcase.today())), true)
              FROM jsonb_to_recordset(subjects) AS s (unit_id bigint)) THEN
        faults := faults || format('You do not hold post "%s" for these %ss.', post, coalesce(rules.subject, 'case'));
    END IF;

    faults := faults || ARRAY(
        SELECT format('%s %s: it must be kept until %s.', initcap(rules.subject), s.id, (s.since + make_interval(months => months))::date)
          FROM jsonb_to_recordset(subjects) AS s (id bigint, since date)
         WHERE s.since + make_interval(months => months) > aidcase.today()
         ORDER BY s.id);
    IF rules.subject = 'import' THEN
        RETURN faults;
    END IF;
    FOR hold IN SELECT h.* FROM aidcase.erasure_hold AS h WHERE h.in_use ORDER BY h.hold LOOP
        EXECUTE format('SELECT array_agg(format(''Case %%s: %%s'', h.case_id, h.reason) ORDER BY h.case_id, h.reason)'
                       '  FROM aidcase.%I($1) AS h', hold.function_name)
           INTO found USING subject_ids;
        faults := faults || coalesce(found, '{}');
    END LOOP;
    RETURN faults;
END
$$;
COMMENT ON FUNCTION aidcase.erasure_faults(text, bigint[], text) IS
    '内部:列出不得销毁的全部理由 / internal: everything that stands against erasing these files';

CREATE OR REPLACE FUNCTION aidcase.refuse_erasure(faults text[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF cardinality(faults) > 0 THEN
        RAISE EXCEPTION 'these files cannot be erased'
            USING ERRCODE = 'ZA006', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Take what is kept off the list. Periods: aidcase.retention_period; holds: aidcase.erasure_hold, aidcase.legal_hold.';
    END IF;
END
$$;
COMMENT ON FUNCTION aidcase.refuse_erasure(text[]) IS
    '内部:有理由即拒绝,一次列全 / internal: refuses, with all reasons, when there are any';

-- The rows of these files.  A row that records of another class refer to is
-- kept and only cleared; so is what it refers to in turn.
CREATE OR REPLACE FUNCTION aidcase.erasure_rows(class text, subject_ids bigint[])
RETURNS TABLE (step integer, relation text, row_key bigint, action text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    subject_key CONSTANT text := (SELECT c.subject || '_id' FROM aidcase.retention_class AS c WHERE c.retention_class = class);
    rule     record;
    link     record;
    keys     jsonb := '{}';     -- table: keys of its rows that go
    cleared  jsonb := '{}';     -- table: keys of rows that must stay
    found    bigint[];
    gone     bigint[];
    changed  boolean := true;
    tables   text[];
    turn     text[];
    n        integer := 0;
BEGIN
    FOR rule IN
        SELECT t.relation AS name, k.attname AS key,
               CASE WHEN EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = subject_key AND NOT a.attisdropped)
                    THEN format('t.%I = ANY ($1)', subject_key)
                    ELSE (SELECT string_agg(format('t.%I IN (SELECT p.%I FROM aidcase.%I AS p WHERE p.%I = ANY ($1))',
                                                   f.attname, pk.attname, p.relname, subject_key), ' OR ')
                            FROM pg_constraint AS o
                            JOIN pg_class AS p ON p.oid = o.confrelid
                            JOIN pg_attribute AS f ON f.attrelid = o.conrelid AND f.attnum = o.conkey[1]
                            JOIN pg_attribute AS pk ON pk.attrelid = o.confrelid AND pk.attnum = o.confkey[1]
                            JOIN aidcase.retention_rule AS u ON u.relation = p.relname AND u.retention_class = class
                           WHERE o.conrelid = c.oid AND o.contype = 'f'
                             AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = p.oid AND a.attname = subject_key))
               END AS belongs
          FROM aidcase.retention_rule AS t
          JOIN pg_class AS c ON c.relname = t.relation AND c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r'
          JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
          JOIN pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = i.indkey[0] AND k.atttypid = 'bigint'::regtype
         WHERE t.retention_class = class
    LOOP
        CONTINUE WHEN rule.belongs IS NULL;
        EXECUTE format('SELECT array_agg(t.%I) FROM aidcase.%I AS t WHERE %s', rule.key, rule.name, rule.belongs)
           INTO found USING subject_ids;
        keys := keys || jsonb_build_object(rule.name, to_jsonb(coalesce(found, '{}')));
        cleared := cleared || jsonb_build_object(rule.name, '[]'::jsonb);
    END LOOP;

    WHILE changed LOOP
        changed := false;
        FOR link IN
            SELECT c.relname AS child, p.relname AS parent, f.attname AS link,
                   (SELECT a.attname FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                     WHERE i.indrelid = c.oid AND i.indisprimary) AS key
              FROM pg_constraint AS o
              JOIN pg_class AS c ON c.oid = o.conrelid
              JOIN pg_class AS p ON p.oid = o.confrelid AND p.relnamespace = 'aidcase'::regnamespace
              JOIN pg_attribute AS f ON f.attrelid = o.conrelid AND f.attnum = o.conkey[1]
             WHERE o.contype = 'f' AND keys ? p.relname
        LOOP
            SELECT array_agg(x::bigint) INTO gone FROM jsonb_array_elements_text(keys -> link.parent) AS x;
            CONTINUE WHEN gone IS NULL;
            EXECUTE format('SELECT array_agg(DISTINCT t.%I) FROM aidcase.%I AS t WHERE t.%I = ANY ($1)%s',
                           link.link, link.child, link.link,
                           CASE WHEN keys ? link.child THEN format(' AND t.%I <> ALL ($2)', link.key) ELSE '' END)
               INTO found
              USING gone, ARRAY(SELECT x::bigint FROM jsonb_array_elements_text(keys -> link.child) AS x);
            CONTINUE WHEN found IS NULL;
            changed := true;
            keys := jsonb_set(keys, ARRAY[link.parent],
                        (SELECT coalesce(jsonb_agg(x), '[]') FROM unnest(gone) AS x WHERE x <> ALL (found)));
            cleared := jsonb_set(cleared, ARRAY[link.parent], cleared -> link.parent || to_jsonb(found));
        END LOOP;
    END LOOP;

    -- child before parent
    tables := ARRAY(SELECT jsonb_object_keys(keys));
    WHILE tables <> '{}' LOOP
        n := n + 1;
        turn := ARRAY(SELECT t FROM unnest(tables) AS t
                       WHERE NOT EXISTS (SELECT FROM pg_constraint AS o
                                           JOIN pg_class AS c ON c.oid = o.conrelid AND c.relname = ANY (tables) AND c.relname <> t
                                          WHERE o.contype = 'f' AND o.confrelid = to_regclass(format('aidcase.%I', t))));
        IF turn = '{}' THEN
            RAISE EXCEPTION 'the tables of class "%" refer to each other in a circle', class
                USING ERRCODE = '0A000', DETAIL = array_to_string(tables, ', ');
        END IF;
        RETURN QUERY
        SELECT n, t, x.value::bigint, 'remove'::text
          FROM unnest(turn) AS t CROSS JOIN LATERAL jsonb_array_elements_text(keys -> t) AS x
         UNION ALL
        SELECT n, t, x.value::bigint, 'clear'
          FROM unnest(turn) AS t
          JOIN aidcase.retention_rule AS r ON r.relation = t AND r.clear IS NOT NULL
         CROSS JOIN LATERAL jsonb_array_elements_text(cleared -> t) AS x;
        tables := ARRAY(SELECT t FROM unnest(tables) AS t WHERE t <> ALL (turn));
    END LOOP;
END
$$;
COMMENT ON FUNCTION aidcase.erasure_rows(text, bigint[]) IS
    '内部:这些档案中应删除或清空的行,先子后父 / internal: the rows of these files that go or are cleared, child before parent';

-- ---------------------------------------------------------------------
-- The three calls

CREATE OR REPLACE FUNCTION aidcase.propose_erasure(subject_ids bigint[], reason text, retention_class text DEFAULT 'household_file')
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    faults text[] := '{}';
    id     bigint;
BEGIN
    IF aidcase.current_staff() IS NULL THEN
        RAISE EXCEPTION 'nobody acts in this session'
            USING ERRCODE = 'ZA005', HINT = 'enrol_staff() with the login, or act_as() in the same transaction.';
    END IF;
    IF coalesce(btrim(reason), '') = '' THEN
        faults := faults || 'The reason is missing.'::text;
    END IF;
    PERFORM aidcase.refuse_erasure(faults || aidcase.erasure_faults(retention_class, subject_ids, 'propose'));
    INSERT INTO aidcase.erasure_list (retention_class, subject_ids, reason, proposed_by, proposed_at)
    VALUES (retention_class, subject_ids, reason, aidcase.current_staff(), aidcase.now_here())
    RETURNING list_id INTO id;
    INSERT INTO aidcase.erasure_item (list_id, step, relation, row_key, action)
    SELECT id, r.step, r.relation, r.row_key, r.action FROM aidcase.erasure_rows(retention_class, subject_ids) AS r
     ORDER BY r.step, r.relation, r.row_key;
    RETURN id;
END
$$;
COMMENT ON FUNCTION aidcase.propose_erasure(bigint[], text, text) IS
    '提出销毁清册:按类列出这些个案 (或导入) 应销毁的各行,返回清册号 / proposes to erase the files of these cases, or the records of these imports: lists every row of the class; returns the list''s key';

CREATE OR REPLACE FUNCTION aidcase.appraise_erasure(list_id bigint, approve boolean, appraisal text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    list   aidcase.erasure_list;
    faults text[];
BEGIN
    SELECT l.* INTO list FROM aidcase.erasure_list AS l WHERE l.list_id = list_id FOR UPDATE;
    IF list.list_id IS NULL THEN
        RAISE EXCEPTION 'there is no erasure list %', list_id USING ERRCODE = 'P0002';
    END IF;
    faults := CASE WHEN list.state <> 'proposed' THEN ARRAY[format('List %s is %s.', list_id, list.state)] ELSE '{}' END
        || CASE WHEN list.proposed_by = aidcase.current_staff() THEN ARRAY['Whoever proposed the list cannot appraise it.'] ELSE '{}' END
        || CASE WHEN approve IS NULL OR coalesce(btrim(appraisal), '') = '' THEN ARRAY['The appraisal says yes or no and why.'] ELSE '{}' END;
    IF aidcase.current_staff() IS NULL THEN
        RAISE EXCEPTION 'nobody acts in this session'
            USING ERRCODE = 'ZA005', HINT = 'enrol_staff() with the login, or act_as() in the same transaction.';
    END IF;
    faults := faults || CASE WHEN approve THEN aidcase.erasure_faults(list.retention_class, list.subject_ids, 'appraise')
                        ELSE ARRAY(SELECT f FROM unnest(aidcase.erasure_faults(list.retention_class, list.subject_ids, 'appraise')) AS f
                                    WHERE f LIKE 'You do not hold post%') END;
    PERFORM aidcase.refuse_erasure(faults);
    UPDATE aidcase.erasure_list AS l
       SET state = CASE WHEN approve THEN 'appraised' ELSE 'declined' END, appraised_by = aidcase.current_staff(),
           appraised_at = aidcase.now_here(), appraisal = appraisal
     WHERE l.list_id = list_id;
END
$$;
COMMENT ON FUNCTION aidcase.appraise_erasure(bigint, boolean, text) IS
    '鉴定销毁清册:同意或不同意,须为提出人以外的人 / appraises a list, yes or no; never by whoever proposed it';

CREATE OR REPLACE FUNCTION aidcase.execute_erasure(list_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    list    aidcase.erasure_list;
    faults  text[];
    rule    record;
    keys    bigint[];
    texts   bigint;
    removed bigint;
BEGIN
    SELECT l.* INTO list FROM aidcase.erasure_list AS l WHERE l.list_id = list_id FOR UPDATE;
    IF list.list_id IS NULL THEN
        RAISE EXCEPTION 'there is no erasure list %', list_id USING ERRCODE = 'P0002';
    END IF;
    IF aidcase.current_staff() IS NULL THEN
        RAISE EXCEPTION 'nobody acts in this session'
            USING ERRCODE = 'ZA005', HINT = 'enrol_staff() with the login, or act_as() in the same transaction.';
    END IF;
    faults := CASE WHEN list.state <> 'appraised' THEN ARRAY[format('List %s is %s.', list_id, list.state)] ELSE '{}' END
        || aidcase.erasure_faults(list.retention_class, list.subject_ids, 'execute');
    IF EXISTS ((SELECT r.relation, r.row_key, r.action FROM aidcase.erasure_rows(list.retention_class, list.subject_ids) AS r
                EXCEPT ALL
                SELECT i.relation, i.row_key, i.action FROM aidcase.erasure_item AS i WHERE i.list_id = list_id)
               UNION ALL
               (SELECT i.relation, i.row_key, i.action FROM aidcase.erasure_item AS i WHERE i.list_id = list_id
                EXCEPT ALL
                SELECT r.relation, r.row_key, r.action FROM aidcase.erasure_rows(list.retention_class, list.subject_ids) AS r)) THEN
        faults := faults || 'The files are no longer those of the list: propose it again.'::text;
    END IF;
    PERFORM aidcase.refuse_erasure(faults);

    -- all versions of every row, by their numbers
    FOR rule IN
        SELECT i.relation AS name, array_agg(i.row_key) AS keys,
               (SELECT a.attname FROM pg_index AS x JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
                 WHERE x.indrelid = to_regclass(format('aidcase.%I', i.relation)) AND x.indisprimary) AS key
          FROM aidcase.erasure_item AS i WHERE i.list_id = list_id GROUP BY i.relation
    LOOP
        EXECUTE format($q$
            WITH RECURSIVE version AS (
                SELECT t.%1$I AS row_key, t.entry_no AS no FROM aidcase.%2$I AS t WHERE t.%1$I = ANY ($1)
                 UNION ALL
                SELECT v.row_key, (e.entry::jsonb ->> 5)::bigint
                  FROM version AS v JOIN aidcase.ledger_entry AS e ON e.entry_no = v.no
                 WHERE e.entry::jsonb ->> 5 <> '0')
            UPDATE aidcase.erasure_item AS i
               SET entry_nos = (SELECT array_agg(v.no ORDER BY v.no) FROM version AS v WHERE v.row_key = i.row_key)
             WHERE i.list_id = $2 AND i.relation = %2$L $q$, rule.key, rule.name)
          USING rule.keys, list_id;
    END LOOP;
    SELECT array_agg(n.no ORDER BY n.no) INTO keys
      FROM aidcase.erasure_item AS i CROSS JOIN LATERAL unnest(i.entry_nos) AS n (no)
     WHERE i.list_id = list_id AND NOT aidcase.is_known(n.no, coalesce((SELECT max(c.tree_size) FROM aidcase.checkpoint AS c), 0));
    IF keys IS NOT NULL THEN
        RAISE EXCEPTION 'some versions of these rows are not sealed yet'
            USING ERRCODE = '55000',
                  DETAIL = format('%s entries have no leaf that could stay when their text goes.', cardinality(keys)),
                  HINT = 'SELECT aidcase.seal(), then again.';
    END IF;

    FOR rule IN
        SELECT i.relation AS name, array_agg(i.row_key) AS keys, r.clear,
               (SELECT a.attname FROM pg_index AS x JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
                 WHERE x.indrelid = to_regclass(format('aidcase.%I', i.relation)) AND x.indisprimary) AS key
          FROM aidcase.erasure_item AS i JOIN aidcase.retention_rule AS r USING (relation)
         WHERE i.list_id = list_id AND i.action = 'clear' GROUP BY i.relation, r.clear
    LOOP
        EXECUTE format('UPDATE aidcase.%I AS t SET %s WHERE t.%I = ANY ($1)', rule.name,
                       (SELECT string_agg(format('%I = NULL', c), ', ') FROM unnest(rule.clear) AS c), rule.key)
          USING rule.keys;
    END LOOP;
    SELECT count(*) INTO removed FROM aidcase.erasure_item AS i WHERE i.list_id = list_id AND i.action = 'remove';
    texts := aidcase.erase_rows(list_id);
    UPDATE aidcase.erasure_list AS l
       SET state = 'executed', executed_by = aidcase.current_staff(), executed_at = aidcase.now_here(),
           rows_removed = removed, texts_erased = texts
     WHERE l.list_id = list_id;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION aidcase.execute_erasure(bigint) IS
    '执行已鉴定的销毁清册:删除各行并抹去其台账原文,保留叶子散列;返回删除的行数 / carries out an appraised list: rows and the texts of their entries go, leaf hashes stay; returns the number of rows removed';

-- Entries whose text was erased: what verify_register() and history() go by.
CREATE OR REPLACE VIEW aidcase.ledger_erasure WITH (security_invoker = true) AS
SELECT n.no AS erased_no, i.relation, i.row_key, i.action, l.list_id, l.executed_at
  FROM aidcase.erasure_list AS l
  JOIN aidcase.erasure_item AS i USING (list_id)
 CROSS JOIN LATERAL unnest(i.entry_nos) AS n (no)
 WHERE l.state = 'executed';
COMMENT ON VIEW aidcase.ledger_erasure IS
    '原文已销毁的台账记录 / entries of the ledger whose text was erased';
COMMENT ON COLUMN aidcase.ledger_erasure.erased_no IS '记录号 / number of the entry';
COMMENT ON COLUMN aidcase.ledger_erasure.relation IS '表名 / table';
COMMENT ON COLUMN aidcase.ledger_erasure.row_key IS '主键 / key of the row';
COMMENT ON COLUMN aidcase.ledger_erasure.action IS 'remove 删除,clear 清空 / the row was removed, or cleared';
COMMENT ON COLUMN aidcase.ledger_erasure.list_id IS '销毁清册 / erasure list';
COMMENT ON COLUMN aidcase.ledger_erasure.executed_at IS '执行时间 / when';
REVOKE ALL ON TABLE aidcase.ledger_erasure FROM PUBLIC;

CREATE OR REPLACE FUNCTION aidcase.erasure_proof(relation text, key bigint)
RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    point  record;
    listed bigint := (SELECT max(x.list_id) FROM aidcase.ledger_erasure AS x
                       WHERE x.relation = erasure_proof.relation AND x.row_key = erasure_proof.key);
BEGIN
    IF NOT has_table_privilege(aidcase.caller(), 'aidcase.erasure_list', 'SELECT') THEN
        RAISE EXCEPTION 'permission denied for table erasure_list' USING ERRCODE = '42501';
    END IF;
    IF listed IS NULL THEN
        RAISE EXCEPTION 'nothing of this row was erased'
            USING ERRCODE = 'P0002', HINT = 'SELECT relation, row_key FROM aidcase.ledger_erasure.';
    END IF;
    SELECT c.tree_size, c.body INTO point FROM aidcase.checkpoint AS c ORDER BY c.tree_size DESC LIMIT 1;
    RETURN jsonb_build_object('relation', relation, 'key', jsonb_build_array(key), 'tree_size', point.tree_size,
        'checkpoint', point.body,
        'erased', (SELECT jsonb_agg(jsonb_build_object('entry_no', x.erased_no, 'leaf_index', aidcase.leaf_of(x.erased_no),
                              'leaf_hash', encode(aidcase.leaf_hash(aidcase.leaf_of(x.erased_no)), 'base64'),
                              'inclusion_proof', (SELECT coalesce(jsonb_agg(encode(h, 'base64') ORDER BY n), '[]')
                                                    FROM unnest(aidcase.inclusion_proof(aidcase.leaf_of(x.erased_no), point.tree_size))
                                                         WITH ORDINALITY AS p (h, n)))
                              ORDER BY x.erased_no)
                     FROM aidcase.ledger_erasure AS x
                    WHERE x.relation = erasure_proof.relation AND x.row_key = erasure_proof.key AND x.list_id = listed),
        'item', aidcase.prove('erasure_item', (SELECT i.item_id::text FROM aidcase.erasure_item AS i
                                                WHERE i.list_id = listed AND i.relation = erasure_proof.relation
                                                  AND i.row_key = erasure_proof.key)),
        'decision', aidcase.prove('erasure_list', listed::text));
END
$$;
COMMENT ON FUNCTION aidcase.erasure_proof(text, bigint) IS
    '销毁证明:已销毁各版本的叶子及包含证明、清册行和鉴定决定 / proof of an erasure: the leaves of the versions whose text went, the line of the list and the decision, each with its proof';

REVOKE ALL ON FUNCTION aidcase.set_retention(text, integer, date, text), aidcase.erasure_subjects(text, bigint[]), aidcase.erasure_faults(text, bigint[], text),
    aidcase.erasure_rows(text, bigint[]), aidcase.refuse_erasure(text[]),
    aidcase.propose_erasure(bigint[], text, text), aidcase.appraise_erasure(bigint, boolean, text),
    aidcase.execute_erasure(bigint), aidcase.erasure_proof(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.set_retention(text, integer, date, text) TO aidcase_admin;
GRANT EXECUTE ON FUNCTION aidcase.propose_erasure(bigint[], text, text), aidcase.appraise_erasure(bigint, boolean, text),
    aidcase.execute_erasure(bigint) TO aidcase_bureau, aidcase_admin;
GRANT EXECUTE ON FUNCTION aidcase.erasure_proof(text, bigint) TO aidcase_bureau, aidcase_inspector, aidcase_admin;
