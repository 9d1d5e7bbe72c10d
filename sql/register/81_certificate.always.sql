-- Draws: anybody derives one again, from the database (verify_draw) or from
-- its certificate.

-- What the ledger says of a draw, oldest first: one row for each version.
CREATE OR REPLACE FUNCTION aidcase.draw_versions(draw_id bigint)
RETURNS TABLE (entry_no bigint, state text, frame_size integer, frame_root text, seed text, leaf_index bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH RECURSIVE version AS (
        SELECT l.entry_no, l.image, l.supersedes
          FROM aidcase.draw AS d JOIN aidcase.ledger AS l ON l.entry_no = d.entry_no AND l.relation = 'draw'
         WHERE d.draw_id = draw_versions.draw_id
         UNION ALL
        SELECT l.entry_no, l.image, l.supersedes
          FROM version AS v JOIN aidcase.ledger AS l ON l.entry_no = v.supersedes AND l.relation = 'draw')
    SELECT v.entry_no, v.image ->> 'state', (v.image ->> 'frame_size')::integer, v.image ->> 'frame_root', v.image ->> 'seed',
           aidcase.leaf_of(v.entry_no)
      FROM version AS v
     ORDER BY v.entry_no
$$;
COMMENT ON FUNCTION aidcase.draw_versions(bigint) IS
    '台账所载抽样的各个版本 / what the ledger says of a draw, a row for each version: state, frame, seed, place in the tree';
REVOKE ALL ON FUNCTION aidcase.draw_versions(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.draw_versions(bigint) TO aidcase_bureau, aidcase_inspector;

-- Was the frame in an exported checkpoint before the seed was taken?
CREATE OR REPLACE FUNCTION aidcase.draw_cover_faults(draw_id bigint) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH d AS (SELECT * FROM aidcase.draw AS x WHERE x.draw_id = draw_cover_faults.draw_id
                  AND x.state NOT IN ('planned', 'frozen', 'cancelled')),
         v AS MATERIALIZED (SELECT * FROM aidcase.draw_versions(draw_cover_faults.draw_id))
    SELECT 'the ledger has no entry of this frozen frame'
      FROM d WHERE NOT EXISTS (SELECT FROM v WHERE v.entry_no = d.frame_entry_no AND v.state = 'frozen'
                                  AND v.frame_size = d.frame_size
                                  AND v.frame_root = '\x' || encode(d.frame_root, 'hex'))
    UNION ALL
    SELECT 'the checkpoint does not cover the frozen frame'
      FROM d WHERE (aidcase.leaf_of(d.frame_entry_no) < d.covered_size) IS NOT TRUE
    UNION ALL
    SELECT 'the checkpoint has no receipt that came before the seed'
      FROM d WHERE NOT EXISTS (SELECT FROM aidcase.checkpoint_receipt AS r
                                WHERE r.tree_size = d.covered_size
                                  AND r.entry_no < (SELECT min(v.entry_no) FROM v WHERE v.state = 'published'))
    UNION ALL
    SELECT 'the ledger says another seed'
      FROM d WHERE d.seed IS NOT NULL AND EXISTS (SELECT FROM v WHERE v.seed IS NOT NULL AND v.seed <> d.seed)
$$;
COMMENT ON FUNCTION aidcase.draw_cover_faults(bigint) IS
    '抽样框在播种前是否已由有回执的检查点固定,列出差异 / differences between a draw and the checkpoint that has to cover its frame before the seed';
REVOKE ALL ON FUNCTION aidcase.draw_cover_faults(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.draw_cover_faults(bigint) TO aidcase_bureau, aidcase_inspector;

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
       AND (i.ticket, i.rank, i.selected, i.reserve) IS DISTINCT FROM (s.ticket, s.rank, s.selected, s.reserve)
    UNION ALL
    SELECT 'the item is of another round than its id says', i.frame_id
      FROM aidcase.draw_item AS i
      LEFT JOIN aidcase.case_round AS r ON r.round_id = i.round_id AND r.case_id = i.case_id
      LEFT JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
     WHERE i.draw_id = verify_draw.draw_id
       AND (c.case_no || '/' || r.round_no) IS DISTINCT FROM i.frame_id
       AND EXISTS (SELECT FROM aidcase.draw AS d WHERE d.draw_id = i.draw_id AND d.frame IN ('confirmation', 'refusal', 'archive'))
    UNION ALL
    SELECT 'the item is of another kind of round than the frame takes, or later than its period', i.frame_id
      FROM aidcase.draw_item AS i
      JOIN aidcase.draw AS d ON d.draw_id = i.draw_id
      JOIN aidcase.draw_frame AS f ON f.frame = d.frame
      LEFT JOIN aidcase.case_round AS r ON r.round_id = i.round_id
     WHERE i.draw_id = verify_draw.draw_id
       AND (r.round_kind = ANY (f.round_kinds) AND i.on_date < upper(d.period)) IS NOT TRUE
    UNION ALL
    SELECT 'the stratum is not that of unit, programme and certainty', i.frame_id
      FROM aidcase.draw_item AS i
      LEFT JOIN aidcase.unit AS u ON u.unit_id = i.unit_id
     WHERE i.draw_id = verify_draw.draw_id
       AND i.stratum IS DISTINCT FROM CASE WHEN i.certainty THEN 'certainty'
                                      ELSE u.unit_code || '/' || coalesce(i.programme, '-') END
    UNION ALL
    SELECT 'the item is certain for a reason that no rule gives', i.frame_id
      FROM aidcase.draw_item AS i
      JOIN aidcase.draw AS d ON d.draw_id = i.draw_id
     WHERE i.draw_id = verify_draw.draw_id
       AND NOT i.certainties <@ ARRAY(SELECT r.certainty FROM aidcase.certainty_rule AS r WHERE r.frame = d.frame)
    UNION ALL
    SELECT 'the amount is not what the round granted', i.frame_id
      FROM aidcase.draw_item AS i
      JOIN aidcase.draw AS d ON d.draw_id = i.draw_id AND d.frame = 'confirmation'
      LEFT JOIN aidcase.frame_confirmation AS v ON v.round_id = i.round_id
     WHERE i.draw_id = verify_draw.draw_id AND v.amount IS DISTINCT FROM i.amount
    UNION ALL
    SELECT 'the seed is not 20 to 200 digits, or comes without who rolled it', d.name
      FROM aidcase.draw AS d
     WHERE d.draw_id = verify_draw.draw_id AND d.state NOT IN ('planned', 'frozen', 'published', 'cancelled')
       AND (d.seed ~ '^[0-9]{20,200}$' AND btrim(d.seed_by) <> '') IS NOT TRUE
    UNION ALL
    SELECT 'the frame''s root or size differs', d.name
      FROM aidcase.draw AS d
     CROSS JOIN LATERAL aidcase.derive_frame(d.draw_id) AS f
     WHERE d.draw_id = verify_draw.draw_id AND d.state <> 'planned' AND (d.state <> 'cancelled' OR d.frame_root IS NOT NULL)
       AND (d.frame_root, d.frame_size) IS DISTINCT FROM (f.frame_root, f.frame_size)
    UNION ALL
    SELECT 'the stratum''s sizes differ', coalesce(s.stratum, i.stratum)
      FROM (SELECT * FROM aidcase.draw_stratum WHERE draw_stratum.draw_id = verify_draw.draw_id) AS s
      FULL JOIN aidcase.derive_strata(verify_draw.draw_id) AS i ON i.stratum = s.stratum
     WHERE (s.population, s.sample_size) IS DISTINCT FROM (i.population, i.sample_size)
    UNION ALL
    SELECT 'a further round has what the round before did not leave', i.frame_id
      FROM aidcase.draw_item AS i
      JOIN aidcase.draw AS d ON d.draw_id = i.draw_id AND d.further_of IS NOT NULL
      LEFT JOIN aidcase.draw_item AS b ON b.draw_id = d.further_of AND b.round_id = i.round_id AND b.frame_id = i.frame_id
     WHERE i.draw_id = verify_draw.draw_id AND b.selected IS DISTINCT FROM false
    UNION ALL
    SELECT f.fault, d.name
      FROM aidcase.draw AS d CROSS JOIN LATERAL aidcase.draw_cover_faults(d.draw_id) AS f (fault)
     WHERE d.draw_id = verify_draw.draw_id
    UNION ALL
    SELECT 'nobody is assigned to the sampled item', i.frame_id
      FROM aidcase.draw_item AS i
      JOIN aidcase.draw AS d ON d.draw_id = i.draw_id
     WHERE i.draw_id = verify_draw.draw_id AND i.selected
       AND d.state IN ('assigned', 'locked', 'revealed', 'estimated', 'certified')
       AND NOT EXISTS (SELECT FROM aidcase.spot_check AS k WHERE k.item_id = i.item_id AND k.replaces_id IS NULL)
    UNION ALL
    SELECT 'the check is of an item that was not drawn', i.frame_id
      FROM aidcase.spot_check AS k
      JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
     WHERE k.draw_id = verify_draw.draw_id AND k.replaces_id IS NULL AND i.selected IS NOT TRUE
    UNION ALL
    SELECT 'the replacement is not the next ticket of its stratum', f.frame_id
      FROM (SELECT i.frame_id, i.rank, i.reserve, i.stratum, b.stratum AS of_stratum, c.state AS of_state, s.sample_size,
                   row_number() OVER (PARTITION BY i.stratum ORDER BY k.check_id) AS turn
              FROM aidcase.spot_check AS k
              JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
              JOIN aidcase.spot_check AS c ON c.check_id = k.replaces_id
              JOIN aidcase.draw_item AS b ON b.item_id = c.item_id
              JOIN aidcase.draw_stratum AS s ON s.draw_id = i.draw_id AND s.stratum = i.stratum
             WHERE k.draw_id = verify_draw.draw_id) AS f
     WHERE (f.reserve AND f.rank = f.sample_size + f.turn AND f.stratum = f.of_stratum AND f.of_state = 'not_reached') IS NOT TRUE
    UNION ALL
    SELECT 'the findings are not what the check and the decision give', i.frame_id
      FROM aidcase.spot_check AS k
      JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
     CROSS JOIN LATERAL aidcase.derive_finding(k.check_id) AS x
      LEFT JOIN aidcase.finding AS f ON f.check_id = k.check_id AND f.finding_type = x.finding_type
     WHERE k.draw_id = verify_draw.draw_id AND k.state = 'locked'
       AND (x.yuan_over, x.yuan_under) IS DISTINCT FROM (f.yuan_over, f.yuan_under);
END;
COMMENT ON FUNCTION aidcase.verify_draw(bigint) IS
    '重新推导抽样并列出差异(无差异则为空) / derives the draw again and lists every difference; no row = in order';

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
        'frame_of', d.frame, 'further_of', b.name,
        'period', jsonb_build_array(lower(d.period), upper(d.period) - 1),
        'method', d.method,
        'rate', jsonb_build_array(d.rate_numerator, d.rate_denominator), 'minimum', d.minimum,
        'reserve_size', d.reserves, 'level', d.level,
        'frame_size', d.frame_size, 'frame_root', encode(d.frame_root, 'hex'),
        'seed', d.seed, 'seed_by', d.seed_by, 'seed_place', d.seed_place, 'seed_witnesses', to_jsonb(d.seed_witnesses),
        'ledger', (SELECT jsonb_build_object('frame_entry_no', d.frame_entry_no,
                       'leaf_index', (SELECT v.leaf_index FROM aidcase.draw_versions(d.draw_id) AS v WHERE v.entry_no = d.frame_entry_no),
                       'covered_size', d.covered_size)
                    WHERE d.frame_entry_no IS NOT NULL),
        -- draws that share items with this one: whoever draws until it suits shows
        'overlaps', (SELECT jsonb_agg(jsonb_build_object('draw', o.name, 'items', o.items) ORDER BY o.name COLLATE "C")
                       FROM (SELECT e.name, count(*) AS items
                               FROM aidcase.draw_item AS i
                               JOIN aidcase.draw_item AS j ON j.round_id = i.round_id AND j.draw_id <> i.draw_id
                               JOIN aidcase.draw AS e ON e.draw_id = j.draw_id AND e.frame = d.frame
                              WHERE i.draw_id = d.draw_id GROUP BY e.draw_id) AS o),
        'strata', (SELECT jsonb_agg(jsonb_build_object('stratum', s.stratum, 'population', s.population,
                                                       'sample_size', s.sample_size) ORDER BY s.stratum COLLATE "C")
                     FROM aidcase.draw_stratum AS s WHERE s.draw_id = d.draw_id),
        'frame', (SELECT jsonb_agg(aidcase.frame_line(i.frame_id, i.stratum, i.certainty) ORDER BY i.frame_id)
                    FROM aidcase.draw_item AS i WHERE i.draw_id = d.draw_id),
        'sample', (SELECT jsonb_agg(i.frame_id ORDER BY i.stratum COLLATE "C", i.rank)
                     FROM aidcase.draw_item AS i WHERE i.draw_id = d.draw_id AND i.selected),
        'reserves', (SELECT jsonb_agg(i.frame_id ORDER BY i.stratum COLLATE "C", i.rank)
                       FROM aidcase.draw_item AS i WHERE i.draw_id = d.draw_id AND i.reserve),
        'replacements', (SELECT jsonb_agg(jsonb_build_array(c.frame_id, i.frame_id) ORDER BY i.stratum COLLATE "C", i.rank)
                           FROM aidcase.spot_check AS k
                           JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
                           JOIN aidcase.spot_check AS x ON x.check_id = k.replaces_id
                           JOIN aidcase.draw_item AS c ON c.item_id = x.item_id
                          WHERE k.draw_id = d.draw_id),
        -- told only when all is locked
        'checks', CASE WHEN d.state IN ('revealed', 'estimated', 'certified') THEN
                  (SELECT jsonb_build_object(
                        'locked', count(*) FILTER (WHERE k.state = 'locked'),
                        'not_reached', count(*) FILTER (WHERE k.state = 'not_reached'),
                        'findings', (SELECT jsonb_object_agg(f.finding_type, f.n)
                                       FROM (SELECT g.finding_type, count(*) AS n FROM aidcase.finding AS g
                                              WHERE g.draw_id = d.draw_id GROUP BY g.finding_type) AS f))
                     FROM aidcase.spot_check AS k WHERE k.draw_id = d.draw_id) END)
      INTO certificate
      FROM aidcase.draw AS d
      LEFT JOIN aidcase.draw AS b ON b.draw_id = d.further_of
     WHERE d.draw_id = draw_certificate.draw_id;
    IF certificate IS NULL THEN
        RAISE EXCEPTION 'there is no draw %', coalesce(draw_certificate.draw_id::text, 'NULL')
            USING ERRCODE = '22023', HINT = 'The draws are those of table aidcase.draw.';
    END IF;
    RETURN certificate;
END
$$;
COMMENT ON FUNCTION aidcase.draw_certificate(bigint) IS
    '抽样证书:任何人可据此重算样本 / everything that is needed to derive the sample again';

-- The certificate as a page to be posted and signed, without frame and sample.
CREATE OR REPLACE FUNCTION aidcase.draw_page(draw_id bigint) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT concat_ws(E'\n',
        '抽样证书 / Certificate of a draw',
        format('%s (%s)', c #>> '{register,name}', c #>> '{register,origin}'),
        CASE c #>> '{register,purpose}' WHEN 'rehearsal' THEN '演练库,数据非真实 / rehearsal, not real data' END,
        '',
        format('抽样 draw:          %s', c ->> 'draw'),
        format('抽样框 frame of:     %s, %s – %s%s', (SELECT f.label_zh || ' ' || f.label_en FROM aidcase.draw_frame AS f WHERE f.frame = c ->> 'frame_of'),
               c #>> '{period,0}', c #>> '{period,1}', coalesce('; 接续 further round of ' || (c ->> 'further_of'), '')),
        format('状态 state:         %s', c ->> 'state'),
        format('方法 method:        %s; 比例 rate %s/%s; 每层至少 minimum %s; 备选 reserves %s', c ->> 'method', c #>> '{rate,0}', c #>> '{rate,1}', c ->> 'minimum', c ->> 'reserve_size'),
        format('框内 frame:         %s; 根 root %s', coalesce(c ->> 'frame_size', '-'), coalesce(c ->> 'frame_root', '-')),
        format('台账 ledger:        entry %s, leaf %s, checkpoint of %s', coalesce(c #>> '{ledger,frame_entry_no}', '-'),
               coalesce(c #>> '{ledger,leaf_index}', '-'), coalesce(c #>> '{ledger,covered_size}', '-')),
        format('种子 seed:          %s', coalesce(c ->> 'seed', '-')),
        format('掷出 rolled by:      %s', concat_ws('; ', coalesce(c ->> 'seed_by', '-'), c ->> 'seed_place',
               (SELECT string_agg(w, ', ') FROM jsonb_array_elements_text(CASE jsonb_typeof(c -> 'seed_witnesses') WHEN 'array' THEN c -> 'seed_witnesses' ELSE '[]' END) AS w))),
        '',
        '层 stratum                                总数 N   样本 n',
        (SELECT string_agg(format('%s %s %s', rpad(s ->> 'stratum', 40), lpad(s ->> 'population', 8), lpad(s ->> 'sample_size', 8)), E'\n' ORDER BY n)
           FROM jsonb_array_elements(CASE jsonb_typeof(c -> 'strata') WHEN 'array' THEN c -> 'strata' ELSE '[]' END) WITH ORDINALITY AS x (s, n)),
        '',
        format('样本散列 SHA-256 of the sample, one id a line: %s',
               coalesce((SELECT encode(sha256(convert_to(string_agg(x.id || E'\n', '' ORDER BY x.n), 'UTF8')), 'hex')
                           FROM jsonb_array_elements_text(CASE jsonb_typeof(c -> 'sample') WHEN 'array' THEN c -> 'sample' ELSE '[]' END) WITH ORDINALITY AS x (id, n)), '-')),
        CASE WHEN jsonb_typeof(c -> 'checks') = 'object' THEN
            format('入户 checked:       %s; 未见 not reached %s; 发现 findings %s', c #>> '{checks,locked}', c #>> '{checks,not_reached}', c #>> '{checks,findings}') END,
        '',
        '签字 signed: ____________________  ____________________  ____________________') || E'\n'
      FROM aidcase.draw_certificate(draw_page.draw_id) AS c
$$;
COMMENT ON FUNCTION aidcase.draw_page(bigint) IS
    '抽样证书的一页文本,供张贴和签字 / the certificate on one page of text, to be posted and signed';
-- Checkers and inspectors move their own rows, too.
GRANT EXECUTE ON FUNCTION aidcase.advance(text, bigint, text, text, jsonb) TO aidcase_checker, aidcase_inspector;

-- comments: 80_sampling
