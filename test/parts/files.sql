-- files.sql: included by tests (\ir, after household.sql) that bring files in.

-- What an import answers to a login; its faults as "line column: reason".
CREATE FUNCTION pg_temp.bring(login text, kind text, content bytea, dry boolean DEFAULT false) RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.by_login(login, format('SELECT to_jsonb(i) FROM aidcase.import_file(%L, %L, NULL, %L) AS i', kind, content, dry))::jsonb $$;
CREATE FUNCTION pg_temp.counts(answer jsonb) RETURNS text LANGUAGE sql
RETURN concat_ws(' ', answer ->> 'lines', 'lines:', answer ->> 'accepted', 'taken,', answer ->> 'unchanged', 'known,', answer ->> 'rejected', 'refused');
CREATE FUNCTION pg_temp.faults_of(answer jsonb) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT (r ->> 'line') || ' ' || coalesce(r ->> 'column', '-') || ': ' || (r ->> 'reason') || coalesce(' ' || (r ->> 'bytes'), '') || CASE WHEN r -> 'refused' = 'false' THEN ' (taken)' ELSE '' END
      FROM jsonb_array_elements(answer -> 'rejects') AS r $$;

-- Import, export; as if neither had been: import the export, export again.
CREATE FUNCTION pg_temp.trip(login text, kind text, content bytea, period text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    done  jsonb;
    first bytea;
    again bytea;
BEGIN
    BEGIN
        done := pg_temp.bring(login, kind, content);
        first := pg_temp.by_login(login, format('SELECT aidcase.export_file(%L, %L, %L)', kind, period, '试验'));
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
    BEGIN
        done := done || jsonb_build_object('again', pg_temp.bring(login, kind, first));
        again := pg_temp.by_login(login, format('SELECT aidcase.export_file(%L, %L, %L)', kind, period, '试验'));
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
    RETURN CASE WHEN first = again THEN 'same bytes' ELSE 'other bytes' END || ', ' || (done ->> 'accepted') || ' lines, then ' || (done #>> '{again,accepted}')
        || ' and ' || (done #>> '{again,rejected}') || ' refused';
END
$$;
