-- Kept plans: a backend prepares each query of the engine once, however many
-- rows it moves, whoever acts and whatever was rolled back in between.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(5);
\ir parts/household.sql
-- plans that are kept in this backend; those of C name every operator's schema
CREATE FUNCTION pg_temp.plans() RETURNS TABLE (query text, copies bigint) LANGUAGE sql VOLATILE AS $$
    SELECT m.ident, count(*) FROM pg_backend_memory_contexts AS m
     WHERE m.name = 'CachedPlanSource' AND m.ident LIKE '%aidcase.%OPERATOR(pg_catalog.%' GROUP BY m.ident $$;
CREATE FUNCTION pg_temp.a_road(key text, person integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.confirm(key, '340705100', '340705100201', ARRAY[person], 300, '2021-04-08 15:00+08') $$;
SELECT isnt(pg_temp.a_road('P1', 8101), NULL, 'a household is confirmed');
CREATE TEMP TABLE first AS SELECT * FROM pg_temp.plans();
SELECT cmp_ok((SELECT count(*) FROM first), '>', 30::bigint, 'which takes many queries of the engine');
SELECT is_empty('SELECT query FROM first WHERE copies > 1', 'each of them is kept once');
SAVEPOINT a;
SELECT pg_temp.a_road('P2', 8102) \g /dev/null
ROLLBACK TO a;
SELECT pg_temp.a_road('P3', 8103), pg_temp.a_road('P4', 8104) \g /dev/null
SELECT is_empty('SELECT query FROM pg_temp.plans() WHERE copies > 1', 'after three more, one of them rolled back, too');
SELECT is_empty('SELECT query FROM pg_temp.plans() EXCEPT SELECT query FROM first', 'and nothing new was prepared');
SELECT * FROM finish();
ROLLBACK;
