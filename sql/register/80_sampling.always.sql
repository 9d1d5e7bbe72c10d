/*
 * sampling: draws that anyone can derive again, and the visits they lead to.
 *
 * The moves of a draw do their work themselves, whatever statement makes
 * them: "freeze" takes the frame, "publish" notes the exported checkpoint
 * that covers it, "select" marks the sample.  plan_draw(), freeze_draw() and
 * seed_draw() are conveniences over them.  So nobody brings items into a
 * frame by hand, and nobody marks a sample by hand.
 */

-- ---------------------------------------------------------------------
-- Frames: frame_id, case_id, round_id, unit_id, programme, on_date, amount,
-- round_kind

-- The opinion says what a round granted.
CREATE OR REPLACE VIEW aidcase.frame_confirmation WITH (security_invoker = true) AS
SELECT c.case_no || '/' || r.round_no AS frame_id, r.case_id, r.round_id, r.unit_id, o.programme,
       r.decided_on AS on_date, o.amount, r.round_kind
  FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
 CROSS JOIN LATERAL (
        SELECT (array_agg(p.programme ORDER BY g.sort, p.programme COLLATE "C"))[1] AS programme,
               sum(CASE WHEN g.cash THEN coalesce(p.amount, d.amount, 0) ELSE 0 END)::numeric(14,2) AS amount
          FROM aidcase.assistance_opinion AS p
          JOIN aidcase.programme AS g ON g.programme = p.programme
          LEFT JOIN aidcase.determination AS d ON d.determination_id = p.determination_id
         WHERE p.round_id = r.round_id AND p.outcome = 'granted' AND NOT p.void
        HAVING count(*) > 0) AS o
 WHERE r.decided_on IS NOT NULL
   AND r.state <> ALL ('{declined,refused,closed_refused,withdrawn}');
COMMENT ON VIEW aidcase.frame_confirmation IS
    '抽样框来源:已确认的轮次 / source of a frame: rounds that were confirmed';

CREATE OR REPLACE VIEW aidcase.frame_refusal WITH (security_invoker = true) AS
SELECT c.case_no || '/' || r.round_no AS frame_id, r.case_id, r.round_id, r.unit_id, o.programme,
       r.decided_on AS on_date, 0::numeric(14,2) AS amount, r.round_kind
  FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
 CROSS JOIN LATERAL (
        SELECT (array_agg(p.programme ORDER BY g.sort, p.programme COLLATE "C"))[1] AS programme,
               coalesce(bool_or(p.outcome = 'granted'), false) AS granted
          FROM aidcase.assistance_opinion AS p
          JOIN aidcase.programme AS g ON g.programme = p.programme
         WHERE p.round_id = r.round_id AND NOT p.void) AS o
 WHERE r.decided_on IS NOT NULL
   AND (NOT o.granted OR r.state IN ('declined', 'refused', 'closed_refused'));
COMMENT ON VIEW aidcase.frame_refusal IS
    '抽样框来源:不予确认的轮次 / source of a frame: rounds that were refused';

CREATE OR REPLACE VIEW aidcase.frame_archive WITH (security_invoker = true) AS
SELECT c.case_no || '/' || r.round_no AS frame_id, r.case_id, r.round_id, r.unit_id, o.programme,
       aidcase.date_here(r.occurred_at) AS on_date, 0::numeric(14,2) AS amount, r.round_kind
  FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
  JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state AND s.kind = 'final'
 CROSS JOIN LATERAL (
        SELECT (array_agg(p.programme ORDER BY g.sort, p.programme COLLATE "C"))[1] AS programme
          FROM aidcase.assistance_opinion AS p
          JOIN aidcase.programme AS g ON g.programme = p.programme
         WHERE p.round_id = r.round_id AND NOT p.void) AS o;
COMMENT ON VIEW aidcase.frame_archive IS
    '抽样框来源:已办结轮次的档案 / source of a frame: the papers of rounds that are closed';

-- A household whose finding was put right is visited again, in the next draw.
CREATE OR REPLACE VIEW aidcase.frame_followup AS
SELECT i.frame_id::text AS frame_id, i.case_id, i.round_id, i.unit_id, i.programme, i.on_date, i.amount,
       d.frame, max(a.closed_on) AS closed_on
  FROM aidcase.corrective_action AS a
  JOIN aidcase.finding AS f ON f.finding_id = a.finding_id
  JOIN aidcase.spot_check AS k ON k.check_id = f.check_id
  JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
  JOIN aidcase.draw AS d ON d.draw_id = i.draw_id
 WHERE a.closed_on IS NOT NULL
   AND NOT EXISTS (SELECT FROM aidcase.draw_item AS j JOIN aidcase.draw AS e ON e.draw_id = j.draw_id
                    WHERE j.round_id = i.round_id AND e.frame = d.frame AND e.draw_id > d.draw_id
                      AND e.state <> 'cancelled')
 GROUP BY i.item_id, d.draw_id;
COMMENT ON VIEW aidcase.frame_followup IS
    '抽样框来源:问题已整改、下期应复查的轮次 / source of a frame: rounds whose finding was put right, to be visited again in the next period';

-- Filed relatives, whatever has become of the flag.
CREATE OR REPLACE VIEW aidcase.certainty_filed AS
SELECT DISTINCT f.round_id
  FROM aidcase.conflict_flag AS f
 WHERE f.relation IS NOT NULL AND f.staff_id IS NOT NULL AND f.certain AND NOT f.unfiled AND f.state <> 'void';
COMMENT ON VIEW aidcase.certainty_filed IS
    '必抽:成员为已备案近亲属 / with certainty: a member is a filed relative of staff';
REVOKE ALL ON TABLE aidcase.frame_confirmation, aidcase.frame_refusal, aidcase.frame_archive,
    aidcase.frame_followup, aidcase.certainty_filed FROM PUBLIC;

-- What the frame of a draw has to hold, as things stand: all that its period
-- brought, what came after an earlier frame was frozen or was in none, and
-- what is due to be visited again.  A further round takes what the round
-- before left.
CREATE OR REPLACE FUNCTION aidcase.draw_candidates(draw_id bigint)
RETURNS TABLE (frame_id text, case_id bigint, round_id bigint, unit_id bigint, programme text, on_date date,
               amount numeric, stratum text, certainties text[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    the_draw  aidcase.draw;
    the_frame aidcase.draw_frame;
    marks     text;
    followups boolean;
    missing   text;
BEGIN
    SELECT d.* INTO the_draw FROM aidcase.draw AS d WHERE d.draw_id = draw_candidates.draw_id;
    IF the_draw.further_of IS NOT NULL THEN
        RETURN QUERY
        SELECT i.frame_id::text, i.case_id, i.round_id, i.unit_id, i.programme, i.on_date, i.amount, i.stratum, i.certainties
          FROM aidcase.draw_item AS i
         WHERE i.draw_id = the_draw.further_of AND NOT i.selected
           AND NOT EXISTS (SELECT FROM aidcase.spot_check AS k WHERE k.item_id = i.item_id);
        RETURN;
    END IF;
    SELECT f.* INTO the_frame FROM aidcase.draw_frame AS f WHERE f.frame = the_draw.frame;
    SELECT coalesce(string_agg(format('SELECT %L::text AS certainty, t.round_id FROM aidcase.%I AS t', r.certainty, r.source),
                               ' UNION ALL ' ORDER BY r.certainty COLLATE "C"),
                    'SELECT NULL::text AS certainty, NULL::bigint AS round_id WHERE false'),
           coalesce(bool_or(r.source = 'frame_followup'), false)
      INTO marks, followups
      FROM aidcase.certainty_rule AS r
     WHERE r.frame = the_draw.frame AND r.source IS NOT NULL AND r.valid @> aidcase.today();
    -- the views run with the rights of the register's owner: only its own
    SELECT string_agg(s.source, ', ' ORDER BY s.source) INTO missing
      FROM (SELECT the_frame.source
            UNION
            SELECT r.source FROM aidcase.certainty_rule AS r
             WHERE r.frame = the_draw.frame AND r.source IS NOT NULL AND r.valid @> aidcase.today()) AS s (source)
     WHERE NOT EXISTS (SELECT FROM pg_class AS c
                        WHERE c.oid = to_regclass(format('aidcase.%I', s.source)) AND c.relkind = 'v'
                          AND c.relowner = (SELECT o.relowner FROM pg_class AS o WHERE o.oid = 'aidcase.draw'::regclass));
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the frame of the draw cannot be taken'
            USING ERRCODE = '55000', DETAIL = format('There is no view of the register with the name %s.', missing),
                  HINT = 'Tables aidcase.draw_frame and aidcase.certainty_rule name the views.';
    END IF;
    RETURN QUERY EXECUTE format($q$
        WITH candidate AS MATERIALIZED (
            SELECT v.frame_id, v.case_id, v.round_id, v.unit_id, v.programme, v.on_date, v.amount
              FROM aidcase.%I AS v
             WHERE v.round_kind = ANY ($3) AND v.on_date < upper($2)
               AND (v.on_date >= lower($2)
                    OR NOT EXISTS (SELECT FROM aidcase.draw_item AS i JOIN aidcase.draw AS d ON d.draw_id = i.draw_id
                                    WHERE i.round_id = v.round_id AND d.frame = $1 AND d.state <> 'cancelled'))
             UNION ALL
            SELECT w.frame_id, w.case_id, w.round_id, w.unit_id, w.programme, w.on_date, w.amount
              FROM aidcase.frame_followup AS w
             WHERE $4 AND w.frame = $1 AND w.closed_on < upper($2) AND w.on_date < lower($2)
        ), why AS (
            SELECT m.round_id, array_agg(DISTINCT m.certainty COLLATE "C" ORDER BY m.certainty COLLATE "C") AS certainties
              FROM (SELECT n.round_id, n.certainty FROM (%s) AS n JOIN candidate AS c ON c.round_id = n.round_id
                    UNION ALL
                    SELECT c.round_id, r.certainty
                      FROM candidate AS c
                      JOIN aidcase.unit AS u ON u.unit_id = c.unit_id
                      JOIN aidcase.certainty_rule AS r ON r.frame = $1 AND r.parameter IS NOT NULL AND r.valid @> aidcase.today()
                     CROSS JOIN LATERAL aidcase.parameter_row(r.parameter, u.unit_code, c.on_date, c.programme) AS p
                     WHERE c.amount > p.value / p.divisor) AS m
             GROUP BY m.round_id
        )
        SELECT c.frame_id, c.case_id, c.round_id, c.unit_id, c.programme, c.on_date, c.amount,
               CASE WHEN w.round_id IS NOT NULL THEN 'certainty' ELSE u.unit_code || '/' || coalesce(c.programme, '-') END,
               coalesce(w.certainties, '{}')
          FROM candidate AS c
          JOIN aidcase.unit AS u ON u.unit_id = c.unit_id
          LEFT JOIN why AS w ON w.round_id = c.round_id$q$, the_frame.source, marks)
    USING the_draw.frame, the_draw.period, the_frame.round_kinds, followups;
END
$$;
COMMENT ON FUNCTION aidcase.draw_candidates(bigint) IS
    '内部:抽样框此刻应包含的对象、分层和必抽理由 / internal: what the frame of a draw has to hold as things stand, with stratum and reasons of certainty';
REVOKE ALL ON FUNCTION aidcase.draw_candidates(bigint) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- What a frame and a seed give; the only definitions

-- One line of the frame, as it is hashed.
CREATE OR REPLACE FUNCTION aidcase.frame_line(frame_id text, stratum text, certainty boolean) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT frame_id || '|' || stratum || '|' || CASE WHEN certainty THEN '1' ELSE '0' END $$;
COMMENT ON FUNCTION aidcase.frame_line(text, text, boolean) IS
    '抽样框一行的规范文本 / the canonical text of one line of a frame: id|stratum|1 or 0';

CREATE OR REPLACE FUNCTION aidcase.derive_frame(draw_id bigint, OUT frame_size integer, OUT frame_root bytea)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT count(*)::integer,
           aidcase.merkle_root(aidcase.merkle_leaf_hash(
               convert_to(aidcase.frame_line(i.frame_id, i.stratum, i.certainty), 'UTF8')) ORDER BY i.frame_id)
      FROM aidcase.draw_item AS i WHERE i.draw_id = derive_frame.draw_id;
END;
COMMENT ON FUNCTION aidcase.derive_frame(bigint) IS
    '由抽样框各行推出户次和根 / size and root that the items of a draw give';

CREATE OR REPLACE FUNCTION aidcase.derive_strata(draw_id bigint)
RETURNS TABLE (stratum text, population bigint, sample_size bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT i.stratum, count(*),
           CASE WHEN i.stratum = 'certainty' THEN count(*)
                ELSE aidcase.stratum_size(count(*), d.rate_numerator, d.rate_denominator, d.minimum) END
      FROM aidcase.draw AS d JOIN aidcase.draw_item AS i ON i.draw_id = d.draw_id
     WHERE d.draw_id = derive_strata.draw_id
     GROUP BY i.stratum, d.draw_id;
END;
COMMENT ON FUNCTION aidcase.derive_strata(bigint) IS
    '由抽样框推出各层总数和样本数 / the sizes that the items, the rate and the minimum of a draw give';

-- Without a seed nothing is drawn.  One sort by a number, stratum and first
-- digits of the ticket, ranks all; the items before a stratum are taken off.
CREATE OR REPLACE FUNCTION aidcase.derive_sample(draw_id bigint)
RETURNS TABLE (item_id bigint, frame_id text, stratum text, ticket text, rank integer, selected boolean, reserve boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH size AS MATERIALIZED (
        SELECT s.stratum, s.sample_size, row_number() OVER w AS no, sum(s.population) OVER w - s.population AS before
          FROM aidcase.derive_strata(derive_sample.draw_id) AS s
        WINDOW w AS (ORDER BY s.stratum COLLATE "C"))
    SELECT t.item_id, t.frame_id, t.stratum, t.ticket,
           CASE WHEN t.ticket IS NOT NULL THEN t.rank::integer END,
           CASE WHEN t.ticket IS NOT NULL THEN t.rank <= t.sample_size END,
           CASE WHEN t.ticket IS NOT NULL THEN t.rank > t.sample_size AND t.rank <= t.sample_size + t.reserves END
      FROM (SELECT i.item_id, i.frame_id, i.stratum, k.ticket, d.reserves, s.sample_size,
                   row_number() OVER (ORDER BY (s.no << 40) | aidcase.ticket_prefix(k.ticket), k.ticket COLLATE "C", i.frame_id)
                   - s.before::bigint AS rank
              FROM aidcase.draw AS d
              JOIN aidcase.draw_item AS i ON i.draw_id = d.draw_id
              JOIN size AS s ON s.stratum = i.stratum
             CROSS JOIN LATERAL (SELECT aidcase.ticket(d.seed, i.frame_id, d.method) AS ticket OFFSET 0) AS k
             WHERE d.draw_id = derive_sample.draw_id) AS t;
END;
COMMENT ON FUNCTION aidcase.derive_sample(bigint) IS
    '由抽样框和种子推出样本和备选 / the sample and the reserves that the frame and the seed give';

-- ---------------------------------------------------------------------
-- Moves

-- Trigger: items are entered by the move that freezes, unmarked, and marked
-- while the draw is seeded.
CREATE OR REPLACE FUNCTION aidcase.check_draw_item() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_state text;
BEGIN
    PERFORM FROM aidcase.draw AS d
      WHERE d.draw_id IN (SELECT n.draw_id FROM new_rows AS n)
      ORDER BY d.draw_id FOR SHARE;
    IF TG_OP = 'INSERT' THEN
        SELECT d.state INTO the_state
          FROM new_rows AS n JOIN aidcase.draw AS d USING (draw_id)
         WHERE d.state <> 'planned' OR num_nonnulls(n.ticket, n.rank, n.selected, n.reserve) > 0 LIMIT 1;
    ELSE
        SELECT d.state INTO the_state
          FROM old_rows AS o
          LEFT JOIN new_rows AS n
            ON (n.item_id, n.draw_id, n.frame_id, n.case_id, n.round_id, n.unit_id, n.on_date, n.amount, n.stratum,
                n.certainty, n.certainties)
             = (o.item_id, o.draw_id, o.frame_id, o.case_id, o.round_id, o.unit_id, o.on_date, o.amount, o.stratum,
                o.certainty, o.certainties)
           AND n.programme IS NOT DISTINCT FROM o.programme
          JOIN aidcase.draw AS d ON d.draw_id = o.draw_id
         WHERE d.state <> 'seeded' OR n.item_id IS NULL LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'the frame of the draw cannot be changed'
            USING ERRCODE = 'ZA004',
                  DETAIL = format('The draw is in state "%s".', the_state),
                  HINT = 'A frame is made by freeze_draw() and marked by seed_draw(); later cases fall into the next draw.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_draw_item() IS
    '触发器:抽样框冻结后不得改动 / trigger: a frozen frame does not change';
REVOKE ALL ON FUNCTION aidcase.check_draw_item() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_frame" AFTER INSERT ON aidcase.draw_item
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_draw_item();
CREATE OR REPLACE TRIGGER "~1_marks" AFTER UPDATE ON aidcase.draw_item
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_draw_item();

-- Trigger: strata are counted by the move that freezes.
CREATE OR REPLACE FUNCTION aidcase.check_draw_stratum() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows AS n JOIN aidcase.draw AS d USING (draw_id) WHERE d.state <> 'planned') THEN
        RAISE EXCEPTION 'the strata of the draw cannot be changed'
            USING ERRCODE = 'ZA004',
                  DETAIL = 'They are counted when the frame is frozen.',
                  HINT = 'Plan another draw.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_draw_stratum() IS
    '触发器:抽样框冻结后不得增加层 / trigger: a frozen frame gets no more strata';
REVOKE ALL ON FUNCTION aidcase.check_draw_stratum() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_frame" AFTER INSERT ON aidcase.draw_stratum
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_draw_stratum();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.draw_stratum
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

-- Takes the frame of a planned draw.
CREATE OR REPLACE FUNCTION aidcase.take_frame(draw_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[] := '{}';
    taken  bigint;
    short  text;
BEGIN
    IF EXISTS (SELECT FROM aidcase.draw_item AS i WHERE i.draw_id = take_frame.draw_id)
       OR EXISTS (SELECT FROM aidcase.draw_stratum AS s WHERE s.draw_id = take_frame.draw_id) THEN
        faults := faults || 'The frame holds items or strata already, which somebody entered by hand.'::text;
        PERFORM aidcase.raise_faults('frame of the draw', faults, 'Plan another draw; the frame is taken by freezing it.');
    END IF;
    BEGIN
        INSERT INTO aidcase.draw_item (draw_id, frame_id, case_id, round_id, unit_id, programme, on_date, amount,
                                       stratum, certainty, certainties)
        SELECT take_frame.draw_id, c.frame_id, c.case_id, c.round_id, c.unit_id, c.programme, c.on_date, c.amount,
               c.stratum, c.certainties <> '{}', c.certainties
          FROM aidcase.draw_candidates(take_frame.draw_id) AS c
         ORDER BY c.frame_id COLLATE "C";
        GET DIAGNOSTICS taken = ROW_COUNT;
    EXCEPTION WHEN unique_violation OR check_violation OR not_null_violation THEN
        -- all of them, not only the first
        SELECT array_agg(f.line ORDER BY f.line COLLATE "C") INTO faults
          FROM (SELECT CASE WHEN c.frame_id IS NULL THEN 'There are items without id.'
                            WHEN c.frame_id !~ '^[^|[:cntrl:]]+$' THEN format('Id "%s" has a control character or "|" in it, or is empty.', c.frame_id)
                            WHEN count(*) > 1 THEN format('Id "%s" stands for %s items.', c.frame_id, count(*)) END AS line
                  FROM aidcase.draw_candidates(take_frame.draw_id) AS c GROUP BY c.frame_id
                UNION ALL
                SELECT 'A round is there more than once.'
                 WHERE EXISTS (SELECT FROM aidcase.draw_candidates(take_frame.draw_id) AS c
                                GROUP BY c.round_id HAVING count(*) > 1)
                UNION ALL
                SELECT 'An amount is negative, or a date or amount is missing.'
                 WHERE EXISTS (SELECT FROM aidcase.draw_candidates(take_frame.draw_id) AS c
                                WHERE (c.amount >= 0 AND c.amount < 'Infinity' AND c.on_date IS NOT NULL) IS NOT TRUE)
                LIMIT 100) AS f
         WHERE f.line IS NOT NULL;
        IF faults IS NULL THEN
            RAISE;
        END IF;
        PERFORM aidcase.raise_faults('frame of the draw', faults, 'The view that table aidcase.draw_frame names gives them.');
    END;
    IF taken = 0 THEN
        RAISE EXCEPTION 'the frame of the draw is empty'
            USING ERRCODE = '22023',
                  DETAIL = CASE (SELECT coalesce(d.further_of::text, d.frame) FROM aidcase.draw AS d WHERE d.draw_id = take_frame.draw_id)
                           WHEN 'confirmation' THEN 'No new confirmation was made in the period.'
                           ELSE 'There is nothing to be drawn from in the period.' END,
                  HINT = 'Plan a draw over another period.';
    END IF;
    INSERT INTO aidcase.draw_stratum (draw_id, stratum, population, sample_size)
    SELECT take_frame.draw_id, s.stratum, s.population, s.sample_size
      FROM aidcase.derive_strata(take_frame.draw_id) AS s ORDER BY s.stratum COLLATE "C";
    SELECT string_agg(s.stratum, ', ' ORDER BY s.stratum COLLATE "C") INTO short
      FROM aidcase.draw_stratum AS s JOIN aidcase.draw AS d ON d.draw_id = s.draw_id
     WHERE s.draw_id = take_frame.draw_id AND s.stratum <> 'certainty' AND s.population < d.minimum;
    IF short IS NOT NULL THEN
        RAISE WARNING 'strata are smaller than the minimum'
            USING DETAIL = format('They are drawn as a whole: %s.', short);
    END IF;
END
$$;
COMMENT ON FUNCTION aidcase.take_frame(bigint) IS
    '内部:取抽样框并分层计数 / internal: takes the frame of a draw and counts its strata';
REVOKE ALL ON FUNCTION aidcase.take_frame(bigint) FROM PUBLIC;

-- Trigger: what the moves of a draw do.
CREATE OR REPLACE FUNCTION aidcase.move_draw() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[];
BEGIN
    CASE NEW.state
    WHEN 'frozen' THEN
        PERFORM aidcase.take_frame(NEW.draw_id);
        SELECT f.frame_size, f.frame_root INTO NEW.frame_size, NEW.frame_root FROM aidcase.derive_frame(NEW.draw_id) AS f;
    WHEN 'published' THEN
        NEW.frame_entry_no := OLD.entry_no;
        NEW.covered_size := aidcase.exported_covering(OLD.entry_no);
    WHEN 'seeded' THEN
        IF NEW.seed IS NULL OR NEW.seed_by IS NULL THEN
            PERFORM aidcase.raise_faults('seed of the draw',
                array_remove(ARRAY[CASE WHEN NEW.seed IS NULL THEN 'The seed is missing.' END,
                                   CASE WHEN NEW.seed_by IS NULL THEN 'Say who rolled the seed, where and before whom.' END], NULL),
                'Call aidcase.seed_draw().');
        END IF;
    WHEN 'selected' THEN
        UPDATE aidcase.draw_item AS i
           SET ticket = s.ticket, rank = s.rank, selected = s.selected, reserve = s.reserve
          FROM aidcase.derive_sample(NEW.draw_id) AS s
         WHERE i.item_id = s.item_id;
        SELECT array_agg(f.line ORDER BY f.line COLLATE "C") INTO faults
          FROM (SELECT v.fault || ': ' || v.subject AS line FROM aidcase.verify_draw(NEW.draw_id) AS v
                 ORDER BY (v.fault || ': ' || v.subject) COLLATE "C" LIMIT 20) AS f;
        IF faults IS NOT NULL THEN
            RAISE EXCEPTION 'the sample of the draw does not follow from its frame and seed'
                USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'),
                      HINT = 'The frame was changed after it was frozen, with triggers disabled; the ledger says what it was.';
        END IF;
    ELSE
        NULL;
    END CASE;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.move_draw() IS
    '触发器:抽样各步的工作:取框、记录已公布的检查点、抽取 / trigger: what the moves of a draw do: take the frame, note the checkpoint, mark the sample';
REVOKE ALL ON FUNCTION aidcase.move_draw() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_move" BEFORE UPDATE ON aidcase.draw
    FOR EACH ROW WHEN (NEW.state <> OLD.state)
    EXECUTE FUNCTION aidcase.move_draw();

-- Trigger: a further round continues a draw that was selected.
CREATE OR REPLACE FUNCTION aidcase.open_draw() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
            SELECT FROM aidcase.draw AS d
             WHERE d.draw_id = NEW.further_of AND d.frame = NEW.frame AND d.period = NEW.period
               AND d.method = NEW.method AND d.state IN ('selected', 'assigned', 'locked', 'revealed', 'estimated', 'certified')) THEN
        RAISE EXCEPTION 'the further round does not continue a selected draw'
            USING ERRCODE = '22023', DETAIL = 'Frame, period and method must be those of the round before.',
                  HINT = 'Call aidcase.plan_draw() with further_of.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.open_draw() IS
    '触发器:后续轮次接续已抽取的抽样 / trigger: a further round continues a draw that was selected';
REVOKE ALL ON FUNCTION aidcase.open_draw() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_open" BEFORE INSERT OR UPDATE OF further_of, frame, period, method ON aidcase.draw
    FOR EACH ROW WHEN (NEW.further_of IS NOT NULL) EXECUTE FUNCTION aidcase.open_draw();

-- Guard.
CREATE OR REPLACE FUNCTION aidcase.guard_frame_exported(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT 'The root of the frame is in no checkpoint that was acknowledged outside.'
      FROM aidcase.draw AS d
     WHERE d.draw_id = guard_frame_exported.id AND aidcase.exported_covering(d.entry_no) IS NULL
$$;
COMMENT ON FUNCTION aidcase.guard_frame_exported(text, bigint, bigint, date) IS
    '流转条件:抽样框已在有回执的检查点内 / guard: a checkpoint with a receipt covers the frozen frame';
REVOKE ALL ON FUNCTION aidcase.guard_frame_exported(text, bigint, bigint, date) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Calls

CREATE OR REPLACE FUNCTION aidcase.plan_draw(name text, period daterange DEFAULT NULL, method text DEFAULT NULL,
    rate_numerator integer DEFAULT NULL, rate_denominator integer DEFAULT NULL, minimum integer DEFAULT NULL,
    frame text DEFAULT NULL, reserves integer DEFAULT NULL, level numeric DEFAULT NULL, further_of bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    district record;
    rate record;
    former aidcase.draw;
    the_draw bigint;
    faults text[] := '{}';
BEGIN
    SELECT u.unit_id, u.unit_code INTO district
      FROM aidcase.unit AS u JOIN aidcase.register AS r ON u.unit_code = r.area_code;
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', district.unit_id, 'plan a draw');
    IF further_of IS NOT NULL THEN
        SELECT d.* INTO former FROM aidcase.draw AS d WHERE d.draw_id = plan_draw.further_of;
        IF former.draw_id IS NULL THEN
            faults := faults || format('There is no draw %s.', further_of);
        ELSE
            IF former.state NOT IN ('selected', 'assigned', 'locked', 'revealed', 'estimated', 'certified') THEN
                faults := faults || 'A further round follows a draw that was selected.'::text;
            ELSIF EXISTS (SELECT FROM aidcase.draw AS d WHERE d.further_of = former.draw_id) THEN
                faults := faults || 'There is a further round of this draw already.'::text;
            END IF;
            IF period <> former.period OR method <> former.method OR frame <> former.frame THEN
                faults := faults || 'Period, method and frame of a further round are those of the draw that it follows.'::text;
            END IF;
            period := former.period;
            method := former.method;
            frame := former.frame;
            minimum := coalesce(minimum, former.minimum);
            reserves := coalesce(reserves, former.reserves);
            level := coalesce(level, former.level);
        END IF;
    END IF;
    method := coalesce(method, 'rivest');
    frame := coalesce(frame, 'confirmation');
    minimum := coalesce(minimum, 1);
    level := coalesce(level, 0.95);
    reserves := coalesce(reserves, (SELECT floor(p.value / p.divisor)::integer
        FROM aidcase.parameter_row('spot_check_reserves', district.unit_code, lower(period)) AS p), 0);
    IF (rate_numerator IS NULL) <> (rate_denominator IS NULL) THEN
        faults := faults || 'The rate needs both its numerator and its denominator.'::text;
    END IF;
    IF name IS NULL OR btrim(name) = '' THEN
        faults := faults || 'The draw needs a name.'::text;
    END IF;
    IF former.draw_id IS NULL THEN
        IF period IS NULL OR isempty(period) OR NOT coalesce(isfinite(lower(period)) AND isfinite(upper(period)), false) THEN
            faults := faults || 'The period needs a first and a last day.'::text;
        ELSIF upper(period) > aidcase.today() + 1 THEN
            faults := faults || 'The period must be over.'::text;
        END IF;
        IF method NOT IN ('rivest', 'hex') THEN
            faults := faults || 'The method must be "rivest" or "hex".'::text;
        END IF;
        IF NOT EXISTS (SELECT FROM aidcase.draw_frame AS f WHERE f.frame = plan_draw.frame) THEN
            faults := faults || format('The frame must be one of %s.',
                (SELECT string_agg(quote_ident(f.frame), ', ' ORDER BY f.sort) FROM aidcase.draw_frame AS f));
        END IF;
    END IF;
    IF rate_numerator IS NULL AND rate_denominator IS NULL AND faults = '{}' THEN
        SELECT * INTO rate FROM aidcase.parameter_fraction('spot_check_rate', district.unit_code, lower(period));
        WHILE rate.value <> trunc(rate.value) OR rate.divisor <> trunc(rate.divisor) LOOP
            rate.value := rate.value * 10;
            rate.divisor := rate.divisor * 10;
        END LOOP;
        IF rate.value <= 0 OR rate.divisor < rate.value OR rate.divisor > 1000000000 THEN
            faults := faults || 'Parameter "spot_check_rate" must be above 0 and at most 1.'::text;
        ELSE
            rate_numerator := rate.value;
            rate_denominator := rate.divisor;
        END IF;
    ELSIF rate_numerator <= 0 OR rate_denominator < rate_numerator THEN
        faults := faults || 'The rate must be above 0 and at most 1.'::text;
    END IF;
    IF minimum < 0 THEN
        faults := faults || 'The minimum of a stratum cannot be negative.'::text;
    END IF;
    IF reserves < 0 THEN
        faults := faults || 'The number of reserves cannot be negative.'::text;
    END IF;
    IF NOT (level > 0 AND level < 1) THEN
        faults := faults || 'The level of confidence must lie between 0 and 1.'::text;
    END IF;
    IF EXISTS (SELECT FROM aidcase.draw AS d WHERE d.name = plan_draw.name) THEN
        faults := faults || 'There is a draw of this name already.'::text;
    END IF;
    PERFORM aidcase.raise_faults('plan of the draw', faults,
        'Example: SELECT aidcase.plan_draw(''2021 second quarter'', daterange(''2021-04-01'', ''2021-07-01'')).');
    INSERT INTO aidcase.draw (name, unit_id, frame, period, further_of, method, rate_numerator, rate_denominator,
                              minimum, reserves, level)
    VALUES (plan_draw.name, district.unit_id, plan_draw.frame, plan_draw.period, plan_draw.further_of, plan_draw.method,
            plan_draw.rate_numerator, plan_draw.rate_denominator, plan_draw.minimum, plan_draw.reserves, plan_draw.level)
    RETURNING draw_id INTO the_draw;
    RETURN the_draw;
EXCEPTION WHEN unique_violation THEN
    -- another session was faster
    PERFORM aidcase.raise_faults('plan of the draw', '{There is a draw of this name already, or a further round of the same draw.}',
        'Give it another name.');
END
$$;
COMMENT ON FUNCTION aidcase.plan_draw(text, daterange, text, integer, integer, integer, text, integer, numeric, bigint) IS
    '制定抽查方案,返回抽样号;比例缺省取参数 spot_check_rate;further_of 为后续轮次 / plans a draw over a period; the rate comes from parameter spot_check_rate unless given; further_of: a further round over what that draw left';
REVOKE ALL ON FUNCTION aidcase.plan_draw(text, daterange, text, integer, integer, integer, text, integer, numeric, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.plan_draw(text, daterange, text, integer, integer, integer, text, integer, numeric, bigint) TO aidcase_bureau;

CREATE OR REPLACE FUNCTION aidcase.freeze_draw(draw_id bigint) RETURNS bytea
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_draw aidcase.draw;
    the_root bytea;
BEGIN
    SELECT * INTO the_draw FROM aidcase.draw AS d WHERE d.draw_id = freeze_draw.draw_id FOR UPDATE;
    IF the_draw.draw_id IS NULL THEN
        RAISE EXCEPTION 'there is no draw %', coalesce(freeze_draw.draw_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'Plan one with aidcase.plan_draw().';
    END IF;
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', the_draw.unit_id, 'freeze a draw');
    IF the_draw.state <> 'planned' THEN
        RAISE EXCEPTION 'the frame of draw % is frozen already', freeze_draw.draw_id
            USING ERRCODE = 'ZA003', DETAIL = format('It is in state "%s".', the_draw.state),
                  HINT = 'Plan another draw.';
    END IF;
    UPDATE aidcase.draw AS d SET state = 'frozen' WHERE d.draw_id = the_draw.draw_id RETURNING d.frame_root INTO the_root;
    RETURN the_root;
END
$$;
COMMENT ON FUNCTION aidcase.freeze_draw(bigint) IS
    '冻结抽样框,返回其根哈希(应先公布) / freezes the frame and returns its root, to be published before the seed';
REVOKE ALL ON FUNCTION aidcase.freeze_draw(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.freeze_draw(bigint) TO aidcase_bureau;

CREATE OR REPLACE FUNCTION aidcase.seed_draw(draw_id bigint, seed text, seed_by text,
    place text DEFAULT NULL, witnesses text[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_draw aidcase.draw;
    faults text[] := '{}';
    the_size bigint;
BEGIN
    SELECT * INTO the_draw FROM aidcase.draw AS d WHERE d.draw_id = seed_draw.draw_id FOR UPDATE;
    IF the_draw.draw_id IS NULL THEN
        faults := faults || format('There is no draw %s.', coalesce(seed_draw.draw_id::text, 'NULL'));
    ELSE
        PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', the_draw.unit_id, 'seed a draw');
        IF the_draw.state NOT IN ('frozen', 'published') THEN
            faults := faults || format('The draw is in state "%s"; a seed is taken once, after the frame is frozen.', the_draw.state);
        ELSIF the_draw.state = 'frozen' AND aidcase.exported_covering(the_draw.entry_no) IS NULL THEN
            faults := faults || 'The root of the frame is in no checkpoint that was acknowledged outside.'::text;
        END IF;
    END IF;
    IF seed IS NULL OR seed !~ '^[0-9]{20,200}$' THEN
        faults := faults || 'The seed must be 20 to 200 decimal digits and nothing else.'::text;
    ELSIF EXISTS (SELECT FROM aidcase.draw AS d WHERE d.seed = seed_draw.seed) THEN
        faults := faults || 'The seed was used by another draw.'::text;
    END IF;
    IF seed_by IS NULL OR btrim(seed_by) = '' THEN
        faults := faults || 'Say who rolled the seed, where and before whom.'::text;
    END IF;
    IF btrim(place) = '' OR witnesses = '{}' OR EXISTS (SELECT FROM unnest(witnesses) AS w WHERE coalesce(btrim(w), '') = '') THEN
        faults := faults || 'Place and witnesses, where given, cannot be empty.'::text;
    END IF;
    PERFORM aidcase.raise_faults('seed of the draw', faults,
        'After freeze_draw(): seal(), hand the checkpoint out, record_receipt(); then roll at least 20 decimal digits in public, for example with ten-sided dice.');
    IF the_draw.state = 'frozen' THEN
        UPDATE aidcase.draw AS d SET state = 'published' WHERE d.draw_id = the_draw.draw_id;
    END IF;
    BEGIN
        UPDATE aidcase.draw AS d
           SET state = 'seeded', seed = seed_draw.seed, seed_by = seed_draw.seed_by, seed_place = place, seed_witnesses = witnesses
         WHERE d.draw_id = the_draw.draw_id;
    EXCEPTION WHEN unique_violation THEN
        PERFORM aidcase.raise_faults('seed of the draw', '{The seed was used by another draw.}',
            'Roll another one.');
    END;
    UPDATE aidcase.draw AS d SET state = 'selected' WHERE d.draw_id = the_draw.draw_id;
    SELECT count(*) INTO the_size FROM aidcase.draw_item AS i
     WHERE i.draw_id = the_draw.draw_id AND i.selected;
    RETURN the_size;
END
$$;
COMMENT ON FUNCTION aidcase.seed_draw(bigint, text, text, text, text[]) IS
    '录入公开产生的随机种子并抽出样本,返回样本数;抽样框须已在有回执的检查点内 / takes the public seed and selects; returns the size of the sample; a checkpoint with a receipt must cover the frame';
REVOKE ALL ON FUNCTION aidcase.seed_draw(bigint, text, text, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.seed_draw(bigint, text, text, text, text[]) TO aidcase_bureau;

-- ---------------------------------------------------------------------
-- Checkers

-- Who may not check which round, and why: outside the unit, unrelated, not
-- somebody who took part, not somebody who reads decisions of the district.
CREATE OR REPLACE FUNCTION aidcase.checker_faults(checkers bigint[], rounds bigint[], on_date date)
RETURNS TABLE (staff_id bigint, round_id bigint, fault text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH c AS MATERIALIZED (
        SELECT DISTINCT x.staff_id FROM unnest(checkers) AS x (staff_id)
    ), r AS MATERIALIZED (
        SELECT o.round_id, o.case_id, o.unit_id, o.handler_id, coalesce(o.accepted_on, aidcase.date_here(o.first_contact_at)) AS since
          FROM aidcase.case_round AS o WHERE o.round_id = ANY (rounds)
    ), held AS MATERIALIZED (
        SELECT c.staff_id, h.unit_id, h.post, h.valid, p.group_role
          FROM c JOIN aidcase.staff_post AS h ON h.staff_id = c.staff_id JOIN aidcase.post AS p ON p.post = h.post
    ), near AS MATERIALIZED (       -- post and unit that decided
        SELECT h.staff_id, u.unit_id, h.valid
          FROM held AS h
         CROSS JOIN (SELECT DISTINCT r.unit_id FROM r) AS u
         WHERE aidcase.unit_below(h.unit_id, u.unit_id, on_date) OR aidcase.unit_below(h.unit_id, u.unit_id, lower(h.valid))
    )
    SELECT c.staff_id, r.round_id, 'does not hold the post of checker'
      FROM c CROSS JOIN r
     WHERE NOT EXISTS (SELECT FROM held AS h WHERE h.staff_id = c.staff_id AND h.post = 'checker' AND h.valid @> on_date)
    UNION ALL
    SELECT DISTINCT n.staff_id, r.round_id, 'serves or served in the unit that decided'
      FROM near AS n JOIN r ON r.unit_id = n.unit_id AND n.valid && daterange(r.since, on_date, '[]')
    UNION ALL
    SELECT DISTINCT h.staff_id, r.round_id, 'reads decisions of the whole district by another post'
      FROM held AS h CROSS JOIN r
     WHERE h.valid @> on_date AND h.group_role <> 'aidcase_checker'
       AND EXISTS (SELECT FROM pg_policies AS p
                    WHERE p.schemaname = 'aidcase' AND p.tablename IN ('determination', 'award', 'assistance_opinion')
                      AND p.cmd IN ('SELECT', 'ALL') AND p.qual = 'true' AND h.group_role = ANY (p.roles))
    UNION ALL
    SELECT DISTINCT f.staff_id, r.round_id, 'is related to the household'
      FROM r JOIN aidcase.conflict_flag AS f ON f.case_id = r.case_id AND f.state <> 'void'
     WHERE f.staff_id = ANY (checkers)
    UNION ALL
    SELECT DISTINCT c.staff_id, r.round_id, 'took part in the case'
      FROM c CROSS JOIN r
     WHERE c.staff_id = r.handler_id
        OR EXISTS (SELECT FROM aidcase.home_visit AS v WHERE v.round_id = r.round_id AND NOT v.void
                                                         AND c.staff_id IN (v.visitor_id, v.second_visitor_id))
        OR EXISTS (SELECT FROM aidcase.review_vote AS v WHERE v.round_id = r.round_id AND v.staff_id = c.staff_id)
$$;
COMMENT ON FUNCTION aidcase.checker_faults(bigint[], bigint[], date) IS
    '内部:哪些人不得抽查哪些轮次及原因 / internal: who may not check which rounds, and why';
REVOKE ALL ON FUNCTION aidcase.checker_faults(bigint[], bigint[], date) FROM PUBLIC;

-- What a locked check and the decision give: the only definition.  The
-- checker judged without knowing the decision; the difference is arithmetic.
CREATE OR REPLACE FUNCTION aidcase.derive_finding(check_id bigint)
RETURNS TABLE (finding_type text, yuan_over numeric, yuan_under numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH k AS (
        SELECT c.check_id, CASE WHEN f.compares THEN c.found_eligible END AS eligible,
               coalesce(c.found_amount, 0) AS found, i.amount AS granted, d.frame
          FROM aidcase.spot_check AS c
          JOIN aidcase.draw AS d ON d.draw_id = c.draw_id
          JOIN aidcase.draw_frame AS f ON f.frame = d.frame
          JOIN aidcase.draw_item AS i ON i.item_id = c.item_id
         WHERE c.check_id = derive_finding.check_id AND c.state = 'locked'
    ), difference AS (
        SELECT CASE WHEN k.frame = 'refusal' AND k.eligible AND k.found > 0 THEN 'missed'
                    WHEN k.frame <> 'refusal' AND NOT k.eligible AND k.granted > 0 THEN 'wrong'
                    WHEN k.frame <> 'refusal' AND k.eligible AND k.found < k.granted THEN 'over'
                    WHEN k.frame <> 'refusal' AND k.eligible AND k.found > k.granted THEN 'under' END AS finding_type,
               greatest(k.granted - k.found, 0) AS yuan_over, greatest(k.found - k.granted, 0) AS yuan_under
          FROM k
    )
    SELECT x.finding_type, x.yuan_over, x.yuan_under FROM difference AS x WHERE x.finding_type IS NOT NULL
    UNION ALL
    SELECT 'none', 0, 0
      FROM difference AS x
     WHERE x.finding_type IS NULL
       AND NOT EXISTS (SELECT FROM aidcase.finding AS f WHERE f.check_id = derive_finding.check_id AND f.finding_type <> 'none');
END;
COMMENT ON FUNCTION aidcase.derive_finding(bigint) IS
    '由锁定的核查结果与原决定推出的发现:错保、漏保、多发、少发或无 / what a locked check and the decision give: wrong, missed, over, under (yuan a month, or once) or none';

-- Trigger: a check is of the sample, or of the next ticket in place of one
-- that was not reached; its checker is fit for it.
CREATE OR REPLACE FUNCTION aidcase.check_spot_check() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults   text[] := '{}';
    the_draw aidcase.draw;
    the_item aidcase.draw_item;
    former   record;
    compares boolean;
BEGIN
    -- of two who assign, replace or lock at once the second sees the first
    SELECT d.* INTO the_draw FROM aidcase.draw AS d WHERE d.draw_id = NEW.draw_id FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT' THEN
        SELECT i.* INTO the_item FROM aidcase.draw_item AS i WHERE i.item_id = NEW.item_id;
        IF the_item.draw_id IS DISTINCT FROM NEW.draw_id OR the_item.round_id IS DISTINCT FROM NEW.round_id
           OR the_item.case_id IS DISTINCT FROM NEW.case_id OR the_draw.unit_id IS DISTINCT FROM NEW.unit_id THEN
            faults := faults || 'Draw, item, case, round and unit do not belong together.'::text;
        ELSIF NEW.replaces_id IS NULL THEN
            IF the_draw.state <> 'selected' THEN
                faults := faults || format('The draw is in state "%s"; checks are assigned when it is selected.', the_draw.state);
            ELSIF NOT the_item.selected THEN
                faults := faults || 'The item was not drawn.'::text;
            END IF;
        ELSE
            SELECT k.state, i.stratum, i.draw_id INTO former
              FROM aidcase.spot_check AS k JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
             WHERE k.check_id = NEW.replaces_id;
            IF the_draw.state <> 'assigned' THEN
                faults := faults || format('The draw is in state "%s"; households are replaced while checks are made.', the_draw.state);
            END IF;
            IF former.draw_id IS DISTINCT FROM NEW.draw_id OR former.stratum IS DISTINCT FROM the_item.stratum THEN
                faults := faults || 'A replacement comes from the same stratum.'::text;
            ELSIF former.state <> 'not_reached' THEN
                faults := faults || 'Only a household that was not reached is replaced.'::text;
            ELSIF NEW.item_id IS DISTINCT FROM (
                    SELECT i.item_id FROM aidcase.draw_item AS i
                     WHERE i.draw_id = NEW.draw_id AND i.stratum = the_item.stratum AND i.reserve
                       AND NOT EXISTS (SELECT FROM aidcase.spot_check AS k WHERE k.item_id = i.item_id)
                     ORDER BY i.rank LIMIT 1) THEN
                faults := faults || 'It is not the next ticket of the stratum''s reserves.'::text;
            END IF;
        END IF;
        IF num_nonnulls(NEW.found_eligible, NEW.found_amount, NEW.found_note) > 0 THEN
            faults := faults || 'A new check has no result yet.'::text;
        END IF;
    ELSIF NEW.state = 'not_reached' AND OLD.state <> 'not_reached' AND coalesce(btrim(NEW.reason), '') = '' THEN
        faults := faults || 'Say why the household was not reached.'::text;
    ELSIF NEW.state = 'found' THEN
        SELECT f.compares INTO compares FROM aidcase.draw_frame AS f WHERE f.frame = the_draw.frame;
        IF compares AND NEW.found_eligible IS NULL THEN
            faults := faults || 'Say whether the household is eligible (found_eligible).'::text;
        END IF;
        IF compares AND NEW.found_eligible AND NEW.found_amount IS NULL THEN
            faults := faults || 'Say what amount is due (found_amount).'::text;
        END IF;
    END IF;
    IF TG_OP = 'INSERT' OR NEW.checker_id <> OLD.checker_id THEN
        IF TG_OP = 'UPDATE' AND OLD.state <> 'assigned' THEN
            faults := faults || 'The checker changes only before anything was found.'::text;
        END IF;
        SELECT faults || coalesce(array_agg(format('The checker %s.', f.fault) ORDER BY f.fault), '{}') INTO faults
          FROM aidcase.checker_faults(ARRAY[NEW.checker_id], ARRAY[NEW.round_id], aidcase.today()) AS f;
    END IF;
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the spot check is refused'
            USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Checks are assigned by assign_draw() and replace_check(), and made by the checker with record_check_result().';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_spot_check() IS
    '触发器:抽查对象须为样本或依次递补,抽查人须无关联 / trigger: a check is of the sample or of the next reserve, and its checker is fit for it';
REVOKE ALL ON FUNCTION aidcase.check_spot_check() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_check" BEFORE INSERT OR UPDATE ON aidcase.spot_check
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_spot_check();

-- Trigger: with the lock comes the comparison with the decision.
CREATE OR REPLACE FUNCTION aidcase.lock_check() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    INSERT INTO aidcase.finding (check_id, finding_type, yuan_over, yuan_under)
    SELECT NEW.check_id, x.finding_type, x.yuan_over, x.yuan_under
      FROM aidcase.derive_finding(NEW.check_id) AS x;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.lock_check() IS
    '触发器:锁定时与原决定比较,写入发现 / trigger: a check that is locked is compared with the decision';
REVOKE ALL ON FUNCTION aidcase.lock_check() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_compare" AFTER UPDATE ON aidcase.spot_check
    FOR EACH ROW WHEN (NEW.state = 'locked' AND OLD.state <> 'locked')
    EXECUTE FUNCTION aidcase.lock_check();

-- Trigger: visits and findings belong to a check that is open, and are the
-- checker's; what the comparison gives is not entered by hand.
CREATE OR REPLACE FUNCTION aidcase.check_check_visit() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_check aidcase.spot_check;
    faults text[] := '{}';
BEGIN
    SELECT k.* INTO the_check FROM aidcase.spot_check AS k WHERE k.check_id = NEW.check_id FOR NO KEY UPDATE;
    IF the_check.checker_id IS DISTINCT FROM aidcase.current_staff() THEN
        RAISE EXCEPTION 'permission denied to record a visit of this check'
            USING ERRCODE = '42501', DETAIL = 'It is another checker''s, or there is none.', HINT = 'See aidcase.check_form.';
    END IF;
    IF the_check.state <> 'assigned' THEN
        faults := faults || format('The check is in state "%s".', the_check.state);
    END IF;
    IF NEW.visited_at IS NULL OR NOT isfinite(NEW.visited_at) OR NEW.visited_at > greatest(aidcase.now_here(), the_check.occurred_at) THEN
        faults := faults || 'A visit is entered when it has been made.'::text;
    ELSIF NEW.visited_at < (SELECT d.occurred_at FROM aidcase.draw AS d WHERE d.draw_id = the_check.draw_id AND d.state = 'assigned') THEN
        faults := faults || 'The visit lies before the assignment.'::text;
    END IF;
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the visit is refused'
            USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'), HINT = 'Visits belong to a check that is assigned.';
    END IF;
    NEW.case_id := the_check.case_id;
    NEW.checker_id := the_check.checker_id;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_check_visit() IS
    '触发器:入户记录属于进行中的抽查,由抽查人记录 / trigger: a visit belongs to an assigned check and is its checker''s';
REVOKE ALL ON FUNCTION aidcase.check_check_visit() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_visit" BEFORE INSERT ON aidcase.check_visit
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_check_visit();
CREATE OR REPLACE TRIGGER "~1_kept" BEFORE UPDATE ON aidcase.check_visit
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

CREATE OR REPLACE FUNCTION aidcase.check_finding() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_check aidcase.spot_check;
    faults text[] := '{}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.cause, NEW.entry_no) IS DISTINCT FROM (OLD.cause, OLD.entry_no) AND OLD.cause IS NULL
           AND to_jsonb(NEW) - '{cause,entry_no}'::text[] = to_jsonb(OLD) - '{cause,entry_no}'::text[]
           AND EXISTS (SELECT FROM aidcase.draw AS d WHERE d.draw_id = NEW.draw_id AND d.state IN ('locked', 'revealed')) THEN
            PERFORM aidcase.require_post('{bureau_clerk,bureau_leader,inspector}', NEW.unit_id, 'say what caused a finding');
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a finding cannot be changed'
            USING ERRCODE = 'ZA004', DETAIL = 'Its cause is set once, after all checks of the draw are locked and before the estimate.',
                  HINT = 'The unit may object: table aidcase.finding_objection.';
    END IF;
    SELECT k.* INTO the_check FROM aidcase.spot_check AS k WHERE k.check_id = NEW.check_id FOR NO KEY UPDATE;
    IF the_check.checker_id IS DISTINCT FROM aidcase.current_staff() THEN
        RAISE EXCEPTION 'permission denied to record a finding of this check'
            USING ERRCODE = '42501', DETAIL = 'It is another checker''s, or there is none.', HINT = 'See aidcase.check_form.';
    END IF;
    IF NEW.finding_type IN ('fraud', 'favouritism', 'dereliction', 'document') THEN
        IF the_check.state NOT IN ('assigned', 'found') THEN
            faults := faults || format('The check is in state "%s".', the_check.state);
        END IF;
    ELSIF NOT EXISTS (SELECT FROM aidcase.derive_finding(NEW.check_id) AS x
                       WHERE (x.finding_type, x.yuan_over, x.yuan_under) = (NEW.finding_type, NEW.yuan_over, NEW.yuan_under)) THEN
        faults := faults || 'Findings about entitlement and amount come from the comparison when the check is locked.'::text;
    END IF;
    IF NEW.cause IS NOT NULL THEN
        faults := faults || 'The cause is set after all checks of the draw are locked.'::text;
    END IF;
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the finding is refused'
            USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'The checker says found_eligible and found_amount, and enters fraud, favouritism, dereliction and document with evidence before the lock.';
    END IF;
    NEW.draw_id := the_check.draw_id;
    NEW.case_id := the_check.case_id;
    NEW.round_id := the_check.round_id;
    NEW.unit_id := (SELECT i.unit_id FROM aidcase.draw_item AS i WHERE i.item_id = the_check.item_id);
    NEW.checker_id := the_check.checker_id;
    NEW.found_at := aidcase.now_here();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_finding() IS
    '触发器:发现由抽查人在锁定前记录或由比较产生,之后只补一次原因 / trigger: findings are the checker''s before the lock or come from the comparison; later the cause is set once';
REVOKE ALL ON FUNCTION aidcase.check_finding() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_finding" BEFORE INSERT OR UPDATE ON aidcase.finding
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_finding();

-- Trigger: objections and corrective actions are about a finding of the unit.
CREATE OR REPLACE FUNCTION aidcase.check_about_finding() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    f record;
    faults text[] := '{}';
BEGIN
    SELECT g.finding_type, g.unit_id, d.state INTO f
      FROM aidcase.finding AS g JOIN aidcase.draw AS d ON d.draw_id = g.draw_id
     WHERE g.finding_id = NEW.finding_id;
    IF f.unit_id IS DISTINCT FROM NEW.unit_id THEN
        faults := faults || 'The finding is not about this unit.'::text;
    END IF;
    IF f.finding_type = 'none' THEN
        faults := faults || 'Nothing was found.'::text;
    END IF;
    IF f.state NOT IN ('revealed', 'estimated', 'certified') THEN
        faults := faults || 'The findings of the draw are not revealed yet.'::text;
    END IF;
    IF TG_TABLE_NAME = 'finding_objection' AND f.state <> 'revealed' THEN
        faults := faults || 'Objections are raised after the findings are revealed and before the estimate.'::text;
    END IF;
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the entry about the finding is refused'
            USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'), HINT = 'See table aidcase.finding.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_about_finding() IS
    '触发器:异议和整改须针对本单位已公布的发现 / trigger: objections and corrective actions are about a revealed finding of the unit';
REVOKE ALL ON FUNCTION aidcase.check_about_finding() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_finding" BEFORE INSERT ON aidcase.finding_objection
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_about_finding();
CREATE OR REPLACE TRIGGER "~2_finding" BEFORE INSERT ON aidcase.corrective_action
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_about_finding();

-- ---------------------------------------------------------------------
-- Guards

CREATE OR REPLACE FUNCTION aidcase.guard_own_check(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT 'The check is another checker''s.'
      FROM aidcase.spot_check AS k WHERE k.check_id = guard_own_check.id AND k.checker_id IS DISTINCT FROM guard_own_check.staff_id
$$;
COMMENT ON FUNCTION aidcase.guard_own_check(text, bigint, bigint, date) IS
    '流转条件:由抽查人本人办理 / guard: the check is the actor''s own';
CREATE OR REPLACE FUNCTION aidcase.guard_checker_apart(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT string_agg(format('The checker %s.', f.fault), ' ' ORDER BY f.fault)
      FROM aidcase.spot_check AS k
     CROSS JOIN LATERAL aidcase.checker_faults(ARRAY[k.checker_id], ARRAY[k.round_id], on_date) AS f
     WHERE k.check_id = guard_checker_apart.id
$$;
COMMENT ON FUNCTION aidcase.guard_checker_apart(text, bigint, bigint, date) IS
    '流转条件:抽查人不属被查单位、与家庭无关联 / guard: the checker is outside the unit and unrelated to the household';
CREATE OR REPLACE FUNCTION aidcase.guard_check_visited(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT 'No visit at which the household was seen is recorded.'
     WHERE NOT EXISTS (SELECT FROM aidcase.check_visit AS v WHERE v.check_id = guard_check_visited.id AND v.outcome = 'seen')
$$;
COMMENT ON FUNCTION aidcase.guard_check_visited(text, bigint, bigint, date) IS
    '流转条件:已入户见到家庭 / guard: the household was seen';
CREATE OR REPLACE FUNCTION aidcase.guard_visits_tried(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT CASE WHEN bool_or(v.outcome = 'seen') THEN 'The household was seen.'
                WHEN coalesce(bool_or(v.outcome IN ('moved_away', 'refused_entry')), false) THEN NULL
                WHEN count(DISTINCT aidcase.date_here(v.visited_at)) < p.tries
                THEN format('Visits on %s different days are needed before a household counts as not reached.', p.tries) END
      FROM (SELECT greatest(1, ceil(max(q.value / q.divisor))) AS tries
              FROM aidcase.spot_check AS k JOIN aidcase.unit AS u ON u.unit_id = k.unit_id
             CROSS JOIN LATERAL aidcase.parameter_row('spot_check_tries', u.unit_code, on_date) AS q
             WHERE k.check_id = guard_visits_tried.id) AS p
      LEFT JOIN aidcase.check_visit AS v ON v.check_id = guard_visits_tried.id
     GROUP BY p.tries
$$;
COMMENT ON FUNCTION aidcase.guard_visits_tried(text, bigint, bigint, date) IS
    '流转条件:已按规定次数上门未见 / guard: the household was sought as often as parameter spot_check_tries says, and not seen';
CREATE OR REPLACE FUNCTION aidcase.guard_sample_assigned(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT format('%s of the sample have no checker.', count(*))
      FROM aidcase.draw_item AS i
     WHERE i.draw_id = guard_sample_assigned.id AND i.selected
       AND NOT EXISTS (SELECT FROM aidcase.spot_check AS k WHERE k.item_id = i.item_id)
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION aidcase.guard_sample_assigned(text, bigint, bigint, date) IS
    '流转条件:样本均已分派抽查人 / guard: the whole sample has checkers';
CREATE OR REPLACE FUNCTION aidcase.guard_checks_locked(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT nullif(concat_ws(' ',
        (SELECT format('%s checks are not locked.', count(*)) FROM aidcase.spot_check AS k
          WHERE k.draw_id = guard_checks_locked.id AND k.state NOT IN ('locked', 'not_reached') HAVING count(*) > 0),
        (SELECT format('%s households that were not reached can still be replaced.', count(*)) FROM (
            SELECT FROM aidcase.spot_check AS k
              JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
             WHERE k.draw_id = guard_checks_locked.id AND k.state = 'not_reached'
               AND NOT EXISTS (SELECT FROM aidcase.spot_check AS r WHERE r.replaces_id = k.check_id)
               AND EXISTS (SELECT FROM aidcase.draw_item AS n
                            WHERE n.draw_id = i.draw_id AND n.stratum = i.stratum AND n.reserve
                              AND NOT EXISTS (SELECT FROM aidcase.spot_check AS m WHERE m.item_id = n.item_id))) AS x
         HAVING count(*) > 0)), '')
$$;
COMMENT ON FUNCTION aidcase.guard_checks_locked(text, bigint, bigint, date) IS
    '流转条件:抽查结果均已锁定、未见户均已递补 / guard: every check is locked, every household not reached replaced as long as there are reserves';
CREATE OR REPLACE FUNCTION aidcase.guard_findings_settled(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT nullif(concat_ws(' ',
        (SELECT format('%s findings have no cause.', count(*)) FROM aidcase.finding AS f
          WHERE f.draw_id = guard_findings_settled.id AND f.finding_type <> 'none' AND f.cause IS NULL HAVING count(*) > 0),
        (SELECT format('%s objections are not decided.', count(*))
           FROM aidcase.finding AS f JOIN aidcase.finding_objection AS o ON o.finding_id = f.finding_id
          WHERE f.draw_id = guard_findings_settled.id AND o.state = 'raised' HAVING count(*) > 0)), '')
$$;
COMMENT ON FUNCTION aidcase.guard_findings_settled(text, bigint, bigint, date) IS
    '流转条件:发现均有原因、异议均已处理 / guard: every finding has its cause and every objection is decided';
CREATE OR REPLACE FUNCTION aidcase.guard_actions_ordered(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT format('%s findings have no corrective action.', count(*))
      FROM aidcase.finding AS f
     WHERE f.draw_id = guard_actions_ordered.id AND f.finding_type <> 'none'
       AND NOT EXISTS (SELECT FROM aidcase.corrective_action AS a WHERE a.finding_id = f.finding_id)
       AND NOT EXISTS (SELECT FROM aidcase.finding_objection AS o WHERE o.finding_id = f.finding_id AND o.state = 'upheld')
    HAVING count(*) > 0
$$;
COMMENT ON FUNCTION aidcase.guard_actions_ordered(text, bigint, bigint, date) IS
    '流转条件:发现均已责令整改 / guard: every finding that stands has a corrective action';
CREATE OR REPLACE FUNCTION aidcase.guard_not_own_finding(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT 'Who made the check, or raised the objection, does not decide on it.'
      FROM aidcase.finding_objection AS o JOIN aidcase.finding AS f ON f.finding_id = o.finding_id
     WHERE o.objection_id = guard_not_own_finding.id AND guard_not_own_finding.staff_id IN (f.checker_id, o.moved_by)
$$;
COMMENT ON FUNCTION aidcase.guard_not_own_finding(text, bigint, bigint, date) IS
    '流转条件:异议不由抽查人或提出人处理 / guard: an objection is not decided by the checker nor by who raised it';
CREATE OR REPLACE FUNCTION aidcase.guard_action_proved(subject text, id bigint, staff_id bigint, on_date date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT nullif(concat_ws(' ',
        CASE WHEN a.done IS NULL OR a.proof_sha256 IS NULL THEN 'What was done, and the hash of the proof, are not recorded.' END,
        CASE WHEN guard_action_proved.staff_id IN (a.owner_id, a.moved_by) THEN 'Who put it right does not close it.' END), '')
      FROM aidcase.corrective_action AS a WHERE a.action_id = guard_action_proved.id
$$;
COMMENT ON FUNCTION aidcase.guard_action_proved(text, bigint, bigint, date) IS
    '流转条件:整改有说明和证明,且由他人核销 / guard: what was done is recorded with a proof, and somebody else closes it';
REVOKE ALL ON FUNCTION aidcase.guard_own_check(text, bigint, bigint, date), aidcase.guard_checker_apart(text, bigint, bigint, date),
    aidcase.guard_check_visited(text, bigint, bigint, date), aidcase.guard_visits_tried(text, bigint, bigint, date),
    aidcase.guard_sample_assigned(text, bigint, bigint, date), aidcase.guard_checks_locked(text, bigint, bigint, date),
    aidcase.guard_findings_settled(text, bigint, bigint, date), aidcase.guard_actions_ordered(text, bigint, bigint, date),
    aidcase.guard_not_own_finding(text, bigint, bigint, date), aidcase.guard_action_proved(text, bigint, bigint, date) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Calls

-- By ticket order, each household goes to the fit checker who has fewest.
CREATE OR REPLACE FUNCTION aidcase.assign_draw(draw_id bigint, checkers text[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_draw aidcase.draw;
    staff    bigint[];
    loads    integer[];
    faults   text[] := '{}';
    without  text[] := '{}';
    items    bigint[] := '{}';
    chosen   bigint[] := '{}';
    item     record;
    best     integer;
    k        integer;
BEGIN
    SELECT * INTO the_draw FROM aidcase.draw AS d WHERE d.draw_id = assign_draw.draw_id FOR UPDATE;
    IF the_draw.draw_id IS NULL THEN
        RAISE EXCEPTION 'there is no draw %', coalesce(assign_draw.draw_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'Plan one with aidcase.plan_draw().';
    END IF;
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', the_draw.unit_id, 'assign checkers');
    IF the_draw.state <> 'selected' THEN
        faults := faults || format('The draw is in state "%s"; checkers are assigned once, when it is selected.', the_draw.state);
    END IF;
    SELECT faults || coalesce(array_agg('There is no member of staff ' || quote_literal(c) || '.' ORDER BY c), '{}') INTO faults
      FROM unnest(checkers) AS c WHERE NOT EXISTS (SELECT FROM aidcase.staff AS s WHERE s.staff_no = c);
    SELECT array_agg(s.staff_id ORDER BY s.staff_no COLLATE "C") INTO staff
      FROM aidcase.staff AS s
     WHERE CASE WHEN checkers IS NOT NULL THEN s.staff_no = ANY (checkers)
           ELSE EXISTS (SELECT FROM aidcase.staff_post AS h
                         WHERE h.staff_id = s.staff_id AND h.post = 'checker' AND h.valid @> aidcase.today()) END;
    IF staff IS NULL AND faults = '{}' THEN
        faults := faults || 'There is no checker.'::text;
    END IF;
    IF faults = '{}' THEN
        loads := array_fill(0, ARRAY[cardinality(staff)]);
        FOR item IN
            WITH unfit AS MATERIALIZED (
                SELECT DISTINCT f.staff_id, f.round_id
                  FROM aidcase.checker_faults(staff, ARRAY(SELECT i.round_id FROM aidcase.draw_item AS i
                                                            WHERE i.draw_id = the_draw.draw_id AND i.selected), aidcase.today()) AS f)
            SELECT i.item_id, i.frame_id,
                   array_agg(s.n ORDER BY s.n) FILTER (WHERE u.staff_id IS NULL)::integer[] AS fit
              FROM aidcase.draw_item AS i
             CROSS JOIN unnest(staff) WITH ORDINALITY AS s (staff_id, n)
              LEFT JOIN unfit AS u ON u.staff_id = s.staff_id AND u.round_id = i.round_id
             WHERE i.draw_id = the_draw.draw_id AND i.selected
             GROUP BY i.item_id
             ORDER BY i.ticket COLLATE "C", i.frame_id
        LOOP
            best := NULL;
            FOREACH k IN ARRAY coalesce(item.fit, '{}') LOOP
                IF best IS NULL OR loads[k] < loads[best] THEN
                    best := k;
                END IF;
            END LOOP;
            IF best IS NULL THEN
                without := without || item.frame_id::text;
            ELSE
                loads[best] := loads[best] + 1;
                items := items || item.item_id;
                chosen := chosen || staff[best];
            END IF;
        END LOOP;
        IF without <> '{}' THEN
            faults := faults || format('No checker is outside the unit and unrelated for %s of the sample: %s.', cardinality(without),
                array_to_string(without[1:10], ', ') || CASE WHEN cardinality(without) > 10 THEN ' …' ELSE '' END);
        END IF;
    END IF;
    PERFORM aidcase.raise_faults('assignment of the draw', faults,
        'Checkers hold the post "checker" of the district and no post in the unit that is checked or in the bureau.');
    INSERT INTO aidcase.spot_check (draw_id, item_id, case_id, round_id, unit_id, checker_id)
    SELECT the_draw.draw_id, i.item_id, i.case_id, i.round_id, the_draw.unit_id, x.checker_id
      FROM unnest(items, chosen) WITH ORDINALITY AS x (item_id, checker_id, n)
      JOIN aidcase.draw_item AS i ON i.item_id = x.item_id
     ORDER BY x.n;
    UPDATE aidcase.draw AS d SET state = 'assigned' WHERE d.draw_id = the_draw.draw_id;
    RETURN cardinality(items);
END
$$;
COMMENT ON FUNCTION aidcase.assign_draw(bigint, text[]) IS
    '按抽签号次序把样本均衡分派给无关联的抽查人,返回户数 / gives the sample to checkers outside the unit and unrelated, evenly, in the order of the tickets; returns how many';
REVOKE ALL ON FUNCTION aidcase.assign_draw(bigint, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.assign_draw(bigint, text[]) TO aidcase_bureau;

-- The next ticket of the stratum in place of a household that was not reached.
CREATE OR REPLACE FUNCTION aidcase.replace_check(check_id bigint, reason text, checker text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    former  record;
    next    aidcase.draw_item;
    who     bigint;
    the_new bigint;
    faults  text[] := '{}';
BEGIN
    SELECT k.*, i.stratum INTO former
      FROM aidcase.spot_check AS k JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
     WHERE k.check_id = replace_check.check_id;
    IF former.check_id IS NULL THEN
        RAISE EXCEPTION 'there is no check %', coalesce(replace_check.check_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'See table aidcase.spot_check.';
    END IF;
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', former.unit_id, 'replace a household');
    PERFORM FROM aidcase.draw AS d WHERE d.draw_id = former.draw_id FOR NO KEY UPDATE;
    IF former.state <> 'not_reached' THEN
        faults := faults || 'Only a household that was not reached is replaced.'::text;
    ELSIF EXISTS (SELECT FROM aidcase.spot_check AS k WHERE k.replaces_id = former.check_id) THEN
        faults := faults || 'The household was replaced already.'::text;
    END IF;
    IF reason IS NULL OR btrim(reason) = '' THEN
        faults := faults || 'Say why the household is replaced.'::text;
    END IF;
    SELECT i.* INTO next
      FROM aidcase.draw_item AS i
     WHERE i.draw_id = former.draw_id AND i.stratum = former.stratum AND i.reserve
       AND NOT EXISTS (SELECT FROM aidcase.spot_check AS k WHERE k.item_id = i.item_id)
     ORDER BY i.rank LIMIT 1;
    IF next.item_id IS NULL THEN
        faults := faults || 'The stratum has no reserve left; the household counts as possibly wrong.'::text;
    ELSE
        -- the same checker if fit, else whoever has fewest
        SELECT s.staff_id INTO who
          FROM aidcase.staff AS s
          LEFT JOIN (SELECT k.checker_id, count(*) AS n FROM aidcase.spot_check AS k
                      WHERE k.draw_id = former.draw_id GROUP BY k.checker_id) AS l ON l.checker_id = s.staff_id
         WHERE CASE WHEN checker IS NOT NULL THEN s.staff_no = checker ELSE l.n IS NOT NULL END
           AND NOT EXISTS (SELECT FROM aidcase.checker_faults(ARRAY[s.staff_id], ARRAY[next.round_id], aidcase.today()))
         ORDER BY s.staff_id <> former.checker_id, l.n, s.staff_no COLLATE "C" LIMIT 1;
        IF who IS NULL THEN
            faults := faults || 'No checker is outside the unit and unrelated.'::text;
        END IF;
    END IF;
    PERFORM aidcase.raise_faults('replacement', faults, 'A check is given up with aidcase.advance(''spot_check'', id, ''give_up'', reason) first.');
    INSERT INTO aidcase.spot_check (draw_id, item_id, case_id, round_id, unit_id, checker_id, replaces_id, replace_reason)
    VALUES (former.draw_id, next.item_id, next.case_id, next.round_id, former.unit_id, who, former.check_id, replace_check.reason)
    RETURNING spot_check.check_id INTO the_new;
    RETURN the_new;
END
$$;
COMMENT ON FUNCTION aidcase.replace_check(bigint, text, text) IS
    '未见户由本层下一个抽签号递补,返回新抽查号 / puts the next ticket of the stratum in place of a household that was not reached; returns the new check';
REVOKE ALL ON FUNCTION aidcase.replace_check(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.replace_check(bigint, text, text) TO aidcase_bureau;

-- A check from the visit to the locked result, as one document.
CREATE OR REPLACE FUNCTION aidcase.record_check_result(doc jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["check_id", "visits"],
        "properties": {
          "check_id": {"type": "integer"},
          "visits": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "object",
            "required": ["visited_at", "outcome"],
            "properties": {
              "visited_at": {"type": "string", "format": "date-time", "past": true},
              "outcome": {"type": "string", "codes": "check_visit.outcome"},
              "companion": {"type": "string", "maxLength": 100},
              "note": {"type": "string", "maxLength": 2000}}}},
          "eligible": {"type": "boolean"},
          "amount": {"type": "string", "format": "yuan"},
          "note": {"type": "string", "maxLength": 4000},
          "findings": {"type": "array", "maxItems": 10, "items": {"type": "object",
            "required": ["type", "evidence"],
            "properties": {
              "type": {"type": "string", "codes": "finding.finding_type"},
              "evidence": {"type": "string", "maxLength": 4000},
              "sha256": {"type": "string", "format": "sha256"}}}},
          "not_reached": {"type": "string", "maxLength": 1000},
          "lock": {"type": "boolean"}}}';
    the_check bigint;
    result text;
BEGIN
    PERFORM aidcase.raise_faults('result of the check', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'not_reached', 'cannot stand beside a result'
                 WHERE doc ? 'not_reached' AND doc ?| '{eligible,amount,findings,lock}') AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"check_id": 1, "visits": [{"visited_at": "2021-07-06T09:00:00+08:00", "outcome": "seen"}], "eligible": true, "amount": "638.00", "lock": true}.');
    the_check := (doc ->> 'check_id')::bigint;
    INSERT INTO aidcase.check_visit (check_id, visited_at, outcome, companion, note)
    SELECT the_check, aidcase.iso_timestamp(l.item ->> 'visited_at'), l.item ->> 'outcome', l.item ->> 'companion', l.item ->> 'note'
      FROM aidcase.listed(doc, 'visits') AS l ORDER BY l.n;
    INSERT INTO aidcase.finding (check_id, finding_type, evidence, evidence_sha256)
    SELECT the_check, l.item ->> 'type', l.item ->> 'evidence', decode(l.item ->> 'sha256', 'hex')
      FROM aidcase.listed(doc, 'findings') AS l ORDER BY l.n;
    IF doc ? 'not_reached' THEN
        UPDATE aidcase.spot_check AS k SET state = 'not_reached', reason = doc ->> 'not_reached'
         WHERE k.check_id = the_check RETURNING k.state INTO result;
    ELSE
        UPDATE aidcase.spot_check AS k
           SET state = 'found', found_eligible = (doc ->> 'eligible')::boolean, found_amount = (doc ->> 'amount')::numeric,
               found_note = doc ->> 'note'
         WHERE k.check_id = the_check RETURNING k.state INTO result;
        IF (doc ->> 'lock')::boolean THEN
            UPDATE aidcase.spot_check AS k SET state = 'locked' WHERE k.check_id = the_check RETURNING k.state INTO result;
        END IF;
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION aidcase.record_check_result(jsonb) IS
    '抽查人登记入户和核查结果(盲查),可一并锁定,返回状态 / the checker records visits and the result, without knowing the decision, and may lock it; returns the state';
REVOKE ALL ON FUNCTION aidcase.record_check_result(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.record_check_result(jsonb) TO aidcase_checker;

-- ---------------------------------------------------------------------
-- Blind form: what a checker sees of a household.  The decision appears when
-- the result is locked: row security (scope "revealed") opens it then.
CREATE OR REPLACE VIEW aidcase.check_form WITH (security_invoker = true) AS
SELECT k.check_id, k.state, k.case_id, k.round_id, c.case_no, c.residence, c.address, c.phone,
       (SELECT string_agg(m.name || ' (' || m.relation || ')', ', ' ORDER BY m.member_id)
          FROM aidcase.case_member AS m WHERE m.round_id = k.round_id AND NOT m.void) AS members,
       k.found_eligible, k.found_amount, k.found_note,
       (SELECT string_agg(o.programme || ' ' || o.outcome, ', ' ORDER BY o.opinion_id)
          FROM aidcase.assistance_opinion AS o WHERE o.round_id = k.round_id AND NOT o.void) AS decision
  FROM aidcase.spot_check AS k
  JOIN aidcase.aid_case AS c ON c.case_id = k.case_id
 WHERE k.checker_id = aidcase.current_staff();
COMMENT ON VIEW aidcase.check_form IS
    '盲查表:抽查人本人的抽查任务,锁定前看不到原决定 / the checker''s own checks; the decision shows only after the result is locked';
REVOKE ALL ON TABLE aidcase.check_form FROM PUBLIC;

-- One row for each household of the sample, with what became of it: who was
-- not reached and not replaced stays possibly wrong.
CREATE OR REPLACE VIEW aidcase.check_result WITH (security_invoker = true) AS
SELECT k.draw_id, i.stratum, i.unit_id, i.programme, i.certainty, k.check_id, k.item_id, k.round_id, i.amount,
       k.state, k.replaces_id IS NOT NULL AS replacement,
       EXISTS (SELECT FROM aidcase.spot_check AS r WHERE r.replaces_id = k.check_id) AS replaced,
       coalesce(f.wrong, false) AS wrong, f.types, coalesce(f.yuan_over, 0) AS yuan_over, coalesce(f.yuan_under, 0) AS yuan_under
  FROM aidcase.spot_check AS k
  JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
  LEFT JOIN LATERAL (
        SELECT bool_or(g.finding_type IN ('wrong', 'missed', 'over', 'under', 'fraud', 'favouritism')) AS wrong,
               array_agg(g.finding_type ORDER BY g.finding_type) AS types,
               sum(g.yuan_over) AS yuan_over, sum(g.yuan_under) AS yuan_under
          FROM aidcase.finding AS g
         WHERE g.check_id = k.check_id
           AND NOT EXISTS (SELECT FROM aidcase.finding_objection AS o WHERE o.finding_id = g.finding_id AND o.state = 'upheld')) AS f ON true;
COMMENT ON VIEW aidcase.check_result IS
    '抽查结果:每户一行,异议成立的发现不计 / results of checks, a row for each household; findings whose objection was upheld do not count';
REVOKE ALL ON TABLE aidcase.check_result FROM PUBLIC;
