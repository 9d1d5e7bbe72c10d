-- The register's identity: one row for ever.
CREATE TABLE aidcase.register (
    register_id smallint PRIMARY KEY DEFAULT 1 CHECK (register_id = 1),
    area_code   text NOT NULL CHECK (area_code ~ '^[1-9][0-9]{5}$'),
    name        text NOT NULL,
    time_zone   text NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('live', 'rehearsal')),
    origin      text NOT NULL,
    packs       text[] NOT NULL DEFAULT '{}',
    version     text NOT NULL,
    opened_at   timestamptz NOT NULL DEFAULT transaction_timestamp()
);
SELECT aidcase.set_up_table('register');
CREATE TRIGGER "~~invalidate" AFTER INSERT OR UPDATE OR DELETE ON aidcase.register
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache();

-- Chinese and English labels of every code that has no table of its own.
CREATE TABLE aidcase.label (
    code_set text NOT NULL,         -- table.column
    code     text NOT NULL,
    zh       text NOT NULL,
    en       text NOT NULL,
    sort     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (code_set, code)
);
SELECT aidcase.set_up_table('label');

-- data: label
