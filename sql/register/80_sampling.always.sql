-- sampling: a draw that anyone can derive again.

-- Trigger: items are entered while a draw is planned, unmarked, and marked once
-- when it is seeded.
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
         WHERE d.state <> 'planned' OR num_nonnulls(n.ticket, n.rank, n.selected) > 0 LIMIT 1;
    ELSE
        SELECT d.state INTO the_state
          FROM old_rows AS o
          LEFT JOIN new_rows AS n
            ON (n.item_id, n.draw_id, n.frame_id, n.case_id, n.round_id, n.stratum, n.certainty)
             = (o.item_id, o.draw_id, o.frame_id, o.case_id, o.round_id, o.stratum, o.certainty)
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

-- Trigger: strata are counted while a draw is planned.
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

CREATE OR REPLACE FUNCTION aidcase.plan_draw(name text, period daterange, method text DEFAULT 'rivest',
    rate_numerator integer DEFAULT NULL, rate_denominator integer DEFAULT NULL, minimum integer DEFAULT 1)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    district record;
    rate record;
    the_draw bigint;
    faults text[] := '{}';
BEGIN
    SELECT u.unit_id, u.unit_code INTO district
      FROM aidcase.unit AS u JOIN aidcase.register AS r ON u.unit_code = r.area_code;
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', district.unit_id, 'plan a draw');
    IF (rate_numerator IS NULL) <> (rate_denominator IS NULL) THEN
        faults := faults || 'The rate needs both its numerator and its denominator.'::text;
    END IF;
    IF name IS NULL OR btrim(name) = '' THEN
        faults := faults || 'The draw needs a name.'::text;
    END IF;
    IF period IS NULL OR isempty(period) OR NOT coalesce(isfinite(lower(period)) AND isfinite(upper(period)), false) THEN
        faults := faults || 'The period needs a first and a last day.'::text;
    ELSIF upper(period) > aidcase.today() + 1 THEN
        faults := faults || 'The period must be over.'::text;
    END IF;
    IF method IS NULL OR method NOT IN ('rivest', 'hex') THEN
        faults := faults || 'The method must be "rivest" or "hex".'::text;
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
    IF minimum IS NULL OR minimum < 0 THEN
        faults := faults || 'The minimum of a stratum cannot be negative.'::text;
    END IF;
    IF EXISTS (SELECT FROM aidcase.draw AS d WHERE d.name = plan_draw.name) THEN
        faults := faults || 'There is a draw of this name already.'::text;
    END IF;
    PERFORM aidcase.raise_faults('plan of the draw', faults,
        'Example: SELECT aidcase.plan_draw(''2021 second quarter'', daterange(''2021-04-01'', ''2021-07-01'')).');
    INSERT INTO aidcase.draw (name, unit_id, period, method, rate_numerator, rate_denominator, minimum)
    VALUES (plan_draw.name, district.unit_id, plan_draw.period, plan_draw.method,
            plan_draw.rate_numerator, plan_draw.rate_denominator, plan_draw.minimum)
    RETURNING draw_id INTO the_draw;
    RETURN the_draw;
EXCEPTION WHEN unique_violation THEN
    -- another session was faster
    PERFORM aidcase.raise_faults('plan of the draw', '{There is a draw of this name already.}',
        'Give it another name.');
END
$$;
COMMENT ON FUNCTION aidcase.plan_draw(text, daterange, text, integer, integer, integer) IS
    '制定入户抽查方案,返回抽样号 / plans a draw of the confirmations of a period; the rate comes from the parameter spot_check_rate unless given';
REVOKE ALL ON FUNCTION aidcase.plan_draw(text, daterange, text, integer, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.plan_draw(text, daterange, text, integer, integer, integer) TO aidcase_bureau;

-- One line of the frame, as it is hashed.
CREATE OR REPLACE FUNCTION aidcase.frame_line(frame_id text, stratum text, certainty boolean) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT frame_id || '|' || stratum || '|' || CASE WHEN certainty THEN '1' ELSE '0' END $$;
COMMENT ON FUNCTION aidcase.frame_line(text, text, boolean) IS
    '抽样框一行的规范文本 / the canonical text of one line of a frame: id|stratum|1 or 0';

CREATE OR REPLACE FUNCTION aidcase.freeze_draw(draw_id bigint) RETURNS bytea
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_draw aidcase.draw;
    the_root bytea;
    the_size integer;
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
    INSERT INTO aidcase.draw_item (draw_id, frame_id, case_id, round_id, stratum, certainty)
    SELECT the_draw.draw_id, c.case_no || '/' || r.round_no, r.case_id, r.round_id,
           CASE WHEN f.round_id IS NOT NULL THEN 'certainty' ELSE u.unit_code || '/' || o.programme END,
           f.round_id IS NOT NULL
      FROM aidcase.case_round AS r
      JOIN aidcase.aid_case AS c USING (case_id)
      JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
      JOIN LATERAL (SELECT p.programme FROM aidcase.assistance_opinion AS p
                      JOIN aidcase.programme AS g USING (programme)
                     WHERE p.round_id = r.round_id AND p.outcome = 'granted' AND NOT p.void
                     ORDER BY g.sort LIMIT 1) AS o ON true
      LEFT JOIN aidcase.certainty_round AS f ON f.round_id = r.round_id
     WHERE the_draw.period @> r.decided_on AND r.round_kind = 'application'
     ORDER BY c.case_no COLLATE "C", r.round_no;
    GET DIAGNOSTICS the_size = ROW_COUNT;
    IF the_size = 0 THEN
        RAISE EXCEPTION 'the frame of the draw is empty'
            USING ERRCODE = '22023',
                  DETAIL = 'No new confirmation was made in the period.',
                  HINT = 'Plan a draw over another period.';
    END IF;
    INSERT INTO aidcase.draw_stratum (draw_id, stratum, population, sample_size)
    SELECT the_draw.draw_id, i.stratum, count(*),
           CASE WHEN i.stratum = 'certainty' THEN count(*)
                ELSE aidcase.stratum_size(count(*), the_draw.rate_numerator, the_draw.rate_denominator,
                                          the_draw.minimum) END
      FROM aidcase.draw_item AS i WHERE i.draw_id = the_draw.draw_id
     GROUP BY i.stratum ORDER BY i.stratum COLLATE "C";
    SELECT aidcase.merkle_root(aidcase.merkle_leaf_hash(
               convert_to(aidcase.frame_line(i.frame_id, i.stratum, i.certainty), 'UTF8')) ORDER BY i.frame_id)
      INTO the_root FROM aidcase.draw_item AS i WHERE i.draw_id = the_draw.draw_id;
    UPDATE aidcase.draw AS d SET state = 'frozen', frame_size = the_size, frame_root = the_root
     WHERE d.draw_id = the_draw.draw_id;
    RETURN the_root;
END
$$;
COMMENT ON FUNCTION aidcase.freeze_draw(bigint) IS
    '冻结抽样框,返回其根哈希(应先公布) / freezes the frame and returns its root, to be published before the seed';
REVOKE ALL ON FUNCTION aidcase.freeze_draw(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.freeze_draw(bigint) TO aidcase_bureau;

-- The sample that a draw's frame, seed and sizes give; the only definition.
-- Without a seed nothing is drawn.
CREATE OR REPLACE FUNCTION aidcase.derive_sample(draw_id bigint)
RETURNS TABLE (item_id bigint, frame_id text, stratum text, ticket text, rank integer, selected boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.item_id, t.frame_id, t.stratum, t.ticket,
           CASE WHEN t.ticket IS NOT NULL THEN t.rank END,
           CASE WHEN t.ticket IS NOT NULL THEN t.rank <= s.sample_size END
      FROM (SELECT i.item_id, i.frame_id, i.stratum, k.ticket,
                   row_number() OVER (PARTITION BY i.stratum ORDER BY k.ticket COLLATE "C", i.frame_id)::integer AS rank
              FROM aidcase.draw AS d
              JOIN aidcase.draw_item AS i ON i.draw_id = d.draw_id
             CROSS JOIN LATERAL (SELECT aidcase.ticket(d.seed, i.frame_id, d.method) AS ticket OFFSET 0) AS k
             WHERE d.draw_id = derive_sample.draw_id) AS t
      JOIN (SELECT i.stratum,
                   CASE WHEN i.stratum = 'certainty' THEN count(*)
                        ELSE aidcase.stratum_size(count(*), d.rate_numerator, d.rate_denominator, d.minimum)
                   END AS sample_size
              FROM aidcase.draw AS d JOIN aidcase.draw_item AS i ON i.draw_id = d.draw_id
             WHERE d.draw_id = derive_sample.draw_id
             GROUP BY i.stratum, d.rate_numerator, d.rate_denominator, d.minimum) AS s USING (stratum);
END;
COMMENT ON FUNCTION aidcase.derive_sample(bigint) IS
    '由抽样框和种子推出样本 / the sample that the frame and the seed give';

CREATE OR REPLACE FUNCTION aidcase.seed_draw(draw_id bigint, seed text, seed_by text) RETURNS bigint
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
        IF the_draw.state <> 'frozen' THEN
            faults := faults || format('The draw is in state "%s"; a seed is taken once, after the frame is frozen.', the_draw.state);
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
    PERFORM aidcase.raise_faults('seed of the draw', faults,
        'Roll at least 20 decimal digits in public, for example with ten-sided dice.');
    BEGIN
        UPDATE aidcase.draw AS d SET state = 'seeded', seed = seed_draw.seed, seed_by = seed_draw.seed_by
         WHERE d.draw_id = the_draw.draw_id;
    EXCEPTION WHEN unique_violation THEN
        PERFORM aidcase.raise_faults('seed of the draw', '{The seed was used by another draw.}',
            'Roll another one.');
    END;
    UPDATE aidcase.draw_item AS i
       SET ticket = s.ticket, rank = s.rank, selected = s.selected
      FROM aidcase.derive_sample(the_draw.draw_id) AS s
     WHERE i.item_id = s.item_id;
    UPDATE aidcase.draw AS d SET state = 'selected' WHERE d.draw_id = the_draw.draw_id;
    SELECT count(*) INTO the_size FROM aidcase.draw_item AS i
     WHERE i.draw_id = the_draw.draw_id AND i.selected;
    RETURN the_size;
END
$$;
COMMENT ON FUNCTION aidcase.seed_draw(bigint, text, text) IS
    '录入公开产生的随机种子并抽出样本,返回样本数 / takes the public seed and selects; returns the size of the sample';
REVOKE ALL ON FUNCTION aidcase.seed_draw(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.seed_draw(bigint, text, text) TO aidcase_bureau;

CREATE OR REPLACE FUNCTION aidcase.verify_draw(draw_id bigint)
RETURNS TABLE (fault text, subject text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT 'there is no such draw', coalesce(verify_draw.draw_id::text, 'NULL')
     WHERE NOT EXISTS (SELECT FROM aidcase.draw AS d WHERE d.draw_id = verify_draw.draw_id)
    UNION ALL
    SELECT 'item differs from what the seed gives', i.frame_id
      FROM aidcase.draw_item AS i
      LEFT JOIN aidcase.derive_sample(verify_draw.draw_id) AS s ON s.item_id = i.item_id
     WHERE i.draw_id = verify_draw.draw_id
       AND (i.ticket, i.rank, i.selected) IS DISTINCT FROM (s.ticket, s.rank, s.selected)
    UNION ALL
    SELECT 'the item is of another round than its id says', i.frame_id
      FROM aidcase.draw_item AS i
      LEFT JOIN aidcase.case_round AS r ON r.round_id = i.round_id AND r.case_id = i.case_id
      LEFT JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
     WHERE i.draw_id = verify_draw.draw_id
       AND (c.case_no || '/' || r.round_no) IS DISTINCT FROM i.frame_id
    UNION ALL
    SELECT 'the seed is not 20 to 200 digits, or comes without who rolled it', d.name
      FROM aidcase.draw AS d
     WHERE d.draw_id = verify_draw.draw_id AND d.state IN ('seeded', 'selected')
       AND (d.seed ~ '^[0-9]{20,200}$' AND btrim(d.seed_by) <> '') IS NOT TRUE
    UNION ALL
    SELECT 'the frame''s root or size differs', d.name
      FROM aidcase.draw AS d
     CROSS JOIN LATERAL (
            SELECT aidcase.merkle_root(aidcase.merkle_leaf_hash(
                       convert_to(aidcase.frame_line(i.frame_id, i.stratum, i.certainty), 'UTF8')) ORDER BY i.frame_id) AS root,
                   count(*) AS size
              FROM aidcase.draw_item AS i WHERE i.draw_id = d.draw_id) AS f
     WHERE d.draw_id = verify_draw.draw_id AND d.state <> 'planned'
       AND (d.frame_root, d.frame_size::bigint) IS DISTINCT FROM (f.root, f.size)
    UNION ALL
    SELECT 'the stratum''s sizes differ', coalesce(s.stratum, i.stratum)
      FROM (SELECT * FROM aidcase.draw_stratum WHERE draw_stratum.draw_id = verify_draw.draw_id) AS s
      FULL JOIN (SELECT x.stratum, count(*) AS population,
                        CASE WHEN x.stratum = 'certainty' THEN count(*)
                             ELSE aidcase.stratum_size(count(*), d.rate_numerator, d.rate_denominator, d.minimum)
                        END AS sample_size
                   FROM aidcase.draw_item AS x JOIN aidcase.draw AS d ON d.draw_id = x.draw_id
                  WHERE x.draw_id = verify_draw.draw_id
                  GROUP BY x.stratum, d.rate_numerator, d.rate_denominator, d.minimum) AS i
        ON i.stratum = s.stratum
      JOIN aidcase.draw AS d ON d.draw_id = verify_draw.draw_id AND d.state <> 'planned'
     WHERE (s.population, s.sample_size) IS DISTINCT FROM (i.population, i.sample_size);
END;
COMMENT ON FUNCTION aidcase.verify_draw(bigint) IS
    '重新推导抽样并列出差异(无差异则为空) / derives the draw again and lists every difference; no row = in order';

-- Trigger: a draw is selected only when it derives from its frame and seed,
-- whoever marked the items.
CREATE OR REPLACE FUNCTION aidcase.check_draw() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    faults text[];
BEGIN
    SELECT array_agg(f.line ORDER BY f.line COLLATE "C") INTO faults
      FROM (SELECT v.fault || ': ' || v.subject AS line FROM aidcase.verify_draw(NEW.draw_id) AS v
             ORDER BY (v.fault || ': ' || v.subject) COLLATE "C" LIMIT 20) AS f;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION 'the sample of the draw does not follow from its frame and seed'
            USING ERRCODE = 'ZA003', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Draws are made by freeze_draw() and seed_draw().';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_draw() IS
    '触发器:样本须能由抽样框和种子推出 / trigger: a sample follows from its frame and seed';
REVOKE ALL ON FUNCTION aidcase.check_draw() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_derived" BEFORE UPDATE ON aidcase.draw
    FOR EACH ROW WHEN (NEW.state = 'selected' AND OLD.state <> 'selected')
    EXECUTE FUNCTION aidcase.check_draw();

CREATE OR REPLACE FUNCTION aidcase.draw_certificate(draw_id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    certificate jsonb;
BEGIN
    SELECT jsonb_build_object(
        'register', (SELECT jsonb_build_object('area_code', r.area_code, 'name', r.name,
                                               'purpose', r.purpose, 'origin', r.origin) FROM aidcase.register AS r),
        'draw', d.name, 'state', d.state,
        'period', jsonb_build_array(lower(d.period), upper(d.period) - 1),
        'method', d.method,
        'rate', jsonb_build_array(d.rate_numerator, d.rate_denominator), 'minimum', d.minimum,
        'frame_size', d.frame_size, 'frame_root', encode(d.frame_root, 'hex'),
        'seed', d.seed, 'seed_by', d.seed_by,
        'strata', (SELECT jsonb_agg(jsonb_build_object('stratum', s.stratum, 'population', s.population,
                                                       'sample_size', s.sample_size) ORDER BY s.stratum COLLATE "C")
                     FROM aidcase.draw_stratum AS s WHERE s.draw_id = d.draw_id),
        'frame', (SELECT jsonb_agg(aidcase.frame_line(i.frame_id, i.stratum, i.certainty) ORDER BY i.frame_id)
                    FROM aidcase.draw_item AS i WHERE i.draw_id = d.draw_id),
        'sample', (SELECT jsonb_agg(i.frame_id ORDER BY i.stratum COLLATE "C", i.rank)
                     FROM aidcase.draw_item AS i WHERE i.draw_id = d.draw_id AND i.selected))
      INTO certificate
      FROM aidcase.draw AS d WHERE d.draw_id = draw_certificate.draw_id;
    IF certificate IS NULL THEN
        RAISE EXCEPTION 'there is no draw %', coalesce(draw_certificate.draw_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'The draws are those of table aidcase.draw.';
    END IF;
    RETURN certificate;
END
$$;
COMMENT ON FUNCTION aidcase.draw_certificate(bigint) IS
    '抽样证书:任何人可据此重算样本 / everything that is needed to derive the sample again';
