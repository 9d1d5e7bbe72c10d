-- Standing audit queries: a question, and the view that answers it.  A query
-- is added by a view with the columns of the built-in ones and a row here.
CREATE TABLE aidcase.audit_query (
    name        text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{1,50}$'),
    view_name   text NOT NULL UNIQUE,   -- schema.view; by name, so that it can be dumped
    severity    text NOT NULL CHECK (severity IN ('high', 'medium', 'low')),
    question_zh text NOT NULL CHECK (btrim(question_zh) <> ''),
    question_en text NOT NULL CHECK (btrim(question_en) <> ''),
    basis       text NOT NULL CHECK (btrim(basis) <> ''),
    reading_zh  text NOT NULL CHECK (btrim(reading_zh) <> ''),
    reading_en  text NOT NULL CHECK (btrim(reading_en) <> ''),
    drill       text NOT NULL CHECK (drill IN ('case', 'unit', 'staff', 'register')),
    on_agenda   boolean NOT NULL DEFAULT true,  -- false: takes long, asked by name
    in_use      boolean NOT NULL DEFAULT true,
    sort        integer NOT NULL
);
SELECT aidcase.set_up_table('audit_query');

-- data: audit_query
