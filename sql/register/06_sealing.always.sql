-- Checkpoints, receipts, leaves.  Reading them is a matter of grants; the
-- functions that need more say so.

CREATE OR REPLACE VIEW aidcase.ledger_position WITH (security_invoker = true) AS
SELECT l.tile_no * 256 + n.place - 1 AS leaf_index,
       n.entry_no,
       substr(t.hashes, (32 * (n.place - 1) + 1)::integer, 32) AS leaf_hash
  FROM aidcase.ledger_leaf AS l
  JOIN aidcase.ledger_tile AS t ON t.level = 0 AND t.tile_no = l.tile_no
 CROSS JOIN LATERAL unnest(l.entry_nos) WITH ORDINALITY AS n (entry_no, place);
COMMENT ON VIEW aidcase.ledger_position IS
    '各叶子的记录号和散列 / every leaf with its entry number and hash';
COMMENT ON COLUMN aidcase.ledger_position.leaf_index IS '叶子序号,从 0 起 / place of the leaf, from 0';
COMMENT ON COLUMN aidcase.ledger_position.entry_no IS '台账记录号 / number of the entry';
COMMENT ON COLUMN aidcase.ledger_position.leaf_hash IS '叶子散列 / hash of the leaf';
REVOKE ALL ON TABLE aidcase.ledger_position FROM PUBLIC;

CREATE OR REPLACE FUNCTION aidcase.leaf_of(entry_no bigint)
RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT l.tile_no * 256 + array_position(l.entry_nos, leaf_of.entry_no) - 1
      FROM aidcase.ledger_leaf AS l
     WHERE l.numbers @> leaf_of.entry_no AND leaf_of.entry_no = ANY (l.entry_nos)
     ORDER BY l.tile_no
     LIMIT 1
$$;
COMMENT ON FUNCTION aidcase.leaf_of(bigint) IS
    '某台账记录的叶子序号,未封存则为空 / the leaf of an entry; none while it is not sealed';

CREATE OR REPLACE FUNCTION aidcase.latest_checkpoint()
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.body FROM aidcase.checkpoint AS c ORDER BY c.tree_size DESC LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.latest_checkpoint() IS
    '最新检查点文本,尚未封存则为空 / the text of the latest checkpoint; none before the first seal';

CREATE OR REPLACE FUNCTION aidcase.record_receipt(
    checkpoint      text,
    place           text,
    acknowledged_by text,
    acknowledged_at timestamptz DEFAULT NULL,
    reference       text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found aidcase.checkpoint;
    lines CONSTANT text[] := string_to_array(checkpoint, E'\n');
    id    bigint;
BEGIN
    IF coalesce(btrim(place), '') = '' OR coalesce(btrim(acknowledged_by), '') = '' THEN
        RAISE EXCEPTION 'a receipt says where the copy is kept and who acknowledged it'
            USING ERRCODE = '22023',
                  HINT = 'Example: SELECT aidcase.record_receipt(aidcase.latest_checkpoint(), ''市纪委信访室'', ''王五'').';
    END IF;
    SELECT c.* INTO found FROM aidcase.checkpoint AS c
     WHERE c.tree_size = CASE WHEN lines[2] ~ '^\d{1,18}$' THEN lines[2]::bigint END
       AND rtrim(c.body, E'\n') = rtrim(record_receipt.checkpoint, E'\n');
    IF found.tree_size IS NULL THEN
        RAISE EXCEPTION 'what was acknowledged is no checkpoint of this register'
            USING ERRCODE = '22023',
                  DETAIL = 'The text must be that of a checkpoint, with all its lines.',
                  HINT = 'Compare with SELECT body FROM aidcase.checkpoint. A checkpoint of this register that is not there '
                         'was removed: SELECT * FROM aidcase.verify_register(that checkpoint).';
    END IF;
    INSERT INTO aidcase.checkpoint_receipt (tree_size, root, place, acknowledged_by, acknowledged_at, reference)
    VALUES (found.tree_size, found.root, place, acknowledged_by,
            coalesce(acknowledged_at, aidcase.now_here()), reference)
    RETURNING receipt_id INTO id;
    RETURN id;
END
$$;
COMMENT ON FUNCTION aidcase.record_receipt(text, text, text, timestamptz, text) IS
    '登记检查点副本的回执 / records that a copy of this checkpoint was acknowledged outside; returns the receipt''s key';

CREATE OR REPLACE FUNCTION aidcase.exported_covering(entry_no bigint)
RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.tree_size FROM aidcase.checkpoint_receipt AS r
     WHERE r.tree_size > aidcase.leaf_of(exported_covering.entry_no)
     ORDER BY r.tree_size LIMIT 1
$$;
COMMENT ON FUNCTION aidcase.exported_covering(bigint) IS
    '包含该记录且已有回执的第一个检查点的树大小,无则为空 / size of the first checkpoint that has a receipt and covers the entry; none if there is no such';

-- For check_setup(): how sealing stands, told to who may not read the ledger.
CREATE OR REPLACE FUNCTION aidcase.sealing_state(
    OUT adopted boolean, OUT by_worker boolean, OUT sealed_at timestamptz, OUT waiting boolean,
    OUT tree_size bigint, OUT exported_size bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (SELECT (d.system_identifier, d.database_oid) = (i.system_identifier, i.database_oid)
              FROM aidcase.register_incarnation AS i ORDER BY i.incarnation DESC LIMIT 1),
           aidcase.sealed_by_worker(), c.sealed_at,
           (SELECT aidcase.leaf_of(e.entry_no) IS NULL FROM aidcase.ledger_entry AS e ORDER BY e.entry_no DESC LIMIT 1),
           coalesce(c.tree_size, 0), (SELECT max(r.tree_size) FROM aidcase.checkpoint_receipt AS r)
      FROM aidcase.this_database() AS d
      LEFT JOIN LATERAL (SELECT * FROM aidcase.checkpoint AS x ORDER BY x.tree_size DESC LIMIT 1) AS c ON true
$$;
COMMENT ON FUNCTION aidcase.sealing_state() IS
    '封存状况,由 check_setup() 调用 / how sealing stands: adopted, by the worker, last seal, entries waiting, size, size with a receipt';

REVOKE ALL ON FUNCTION aidcase.sealing_state() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.sealing_state() TO aidcase_admin, aidcase_bureau, aidcase_inspector;
REVOKE ALL ON FUNCTION aidcase.leaf_of(bigint), aidcase.latest_checkpoint(), aidcase.exported_covering(bigint),
    aidcase.record_receipt(text, text, text, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.leaf_of(bigint), aidcase.latest_checkpoint(), aidcase.exported_covering(bigint)
    TO aidcase_committee, aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector,
       aidcase_payer, aidcase_finance, aidcase_analyst, aidcase_admin;
GRANT EXECUTE ON FUNCTION aidcase.record_receipt(text, text, text, timestamptz, text)
    TO aidcase_bureau, aidcase_inspector, aidcase_admin;
