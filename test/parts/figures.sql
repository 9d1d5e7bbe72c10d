-- figures.sql: included by tests that hold reports against the cases behind
-- their cells.  differences(report, as_of, unit) gives the cells that are
-- not the sum of what is drilled out of them.

-- Every report that can be drilled: the cells of a month, and what the cases
-- behind them add up to.  What identifies a row are its leading columns of text.
CREATE FUNCTION pg_temp.cells(report text, as_of date, unit text)
RETURNS TABLE (row_key text[], column_name text, value numeric) LANGUAGE plpgsql AS $$
DECLARE
    keys text[] := ARRAY(SELECT c.column_name FROM aidcase.report_column AS c
                          WHERE c.report_name = report AND c.in_use AND c.position < ALL (
                                SELECT f.position FROM aidcase.report_column AS f
                                 WHERE f.report_name = report AND f.in_use AND f.format NOT IN ('text', 'id'))
                          ORDER BY c.position);
BEGIN
    RETURN QUERY EXECUTE format($q$
        SELECT ARRAY(SELECT r.j ->> k FROM unnest($3) WITH ORDINALITY AS x (k, n) ORDER BY n),
               c.column_name::text, (r.j ->> c.column_name)::numeric
          FROM (SELECT to_jsonb(t) AS j FROM aidcase.%I($1, $2) AS t) AS r
         CROSS JOIN aidcase.report_column AS c
         WHERE c.report_name = %L AND c.in_use AND c.format IN ('int', 'money')$q$,
        'report_' || report, report) USING as_of, unit, keys;
END
$$;
CREATE FUNCTION pg_temp.drilled(report text, as_of date, unit text)
RETURNS TABLE (row_key text[], column_name text, value numeric, cases bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT d.row_key, d.column_name, sum(d.value), count(DISTINCT d.case_id)'
                                ' FROM aidcase.%I($1, $2) AS d GROUP BY 1, 2', 'drill_' || report) USING as_of, unit;
END
$$;
CREATE FUNCTION pg_temp.differences(report text, as_of date, unit text DEFAULT NULL)
RETURNS TABLE (row_key text[], column_name text, cell numeric, drilled numeric) LANGUAGE sql AS $$
    WITH drilled AS MATERIALIZED (SELECT * FROM pg_temp.drilled(report, as_of, unit)),
    -- columns that add up, and all others that are drilled anywhere
    cell AS (SELECT * FROM pg_temp.cells(report, as_of, unit) AS c
              WHERE c.column_name IN (SELECT d.column_name FROM drilled AS d)
                 OR EXISTS (SELECT FROM aidcase.report_column AS k
                             WHERE k.report_name = report AND k.column_name = c.column_name AND k.total = 'sum'))
    SELECT coalesce(c.row_key, d.row_key), coalesce(c.column_name, d.column_name), c.value, d.value
      FROM cell AS c
      FULL JOIN drilled AS d ON d.row_key = c.row_key AND d.column_name = c.column_name
     WHERE coalesce(c.value, 0) <> coalesce(d.value, 0) OR c.column_name IS NULL
$$;
