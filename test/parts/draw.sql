-- draw.sql: included by tests (\ir) that make draws, after household.sql.
--
--   exported(draw)    a checkpoint with a receipt covers the frozen frame.
--                     Sealing reaches only what is committed, and a test rolls
--                     back: the rows are put there as a replica would get
--                     them.  test/t/050_district.pl goes the whole way.
--   seed(draw, seed)  the same and the seed; returns how many are drawn
CREATE FUNCTION pg_temp.exported(the_draw bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry bigint := (SELECT entry_no FROM aidcase.draw WHERE draw_id = the_draw);
    tile  bigint := 1000000 + entry;
BEGIN
    SET LOCAL session_replication_role = replica;
    INSERT INTO aidcase.ledger_leaf (tile_no, numbers, entry_nos) VALUES (tile, int8range(entry, entry, '[]'), ARRAY[entry]);
    INSERT INTO aidcase.checkpoint (tree_size, root, body, horizon, sealed_at, incarnation)
    VALUES (tile * 256 + 1, sha256(entry::text::bytea), 'test', 'test', '2021-04-01', 1);
    SET LOCAL session_replication_role = origin;
    INSERT INTO aidcase.checkpoint_receipt (tree_size, root, place, acknowledged_by, acknowledged_at)
    VALUES (tile * 256 + 1, sha256(entry::text::bytea), '市局', '收件人', '2021-04-01');
END
$$;
CREATE FUNCTION pg_temp.seed(the_draw bigint, seed text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.exported(the_draw);
    RETURN pg_temp.by_login('t_bureau', format('SELECT aidcase.seed_draw(%s, %L, ''公证处'')', the_draw, seed))::bigint;
END
$$;
