-- Units: the identity is for ever, name and place in the tree are dated.
CREATE TABLE aidcase.unit (
    unit_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_code text NOT NULL UNIQUE CHECK (unit_code ~ '^[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?$'),
    unit_kind text NOT NULL CHECK (unit_kind IN ('city', 'district', 'town', 'office',
        'direct_community', 'zone', 'residents_committee', 'village_committee', 'zone_community'))
);
SELECT aidcase.set_up_table('unit');

CREATE TABLE aidcase.unit_period (
    unit_period_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id   bigint NOT NULL REFERENCES aidcase.unit,
    name      text NOT NULL CHECK (btrim(name) <> ''),
    parent_id bigint REFERENCES aidcase.unit CHECK (parent_id <> unit_id),
    valid     daterange NOT NULL DEFAULT '[2000-01-01,)' CHECK (NOT isempty(valid)),
    EXCLUDE USING gist (unit_id WITH =, valid WITH &&)
);
CREATE INDEX unit_period_parent ON aidcase.unit_period (parent_id);
SELECT aidcase.set_up_table('unit_period');

CREATE TABLE aidcase.programme (
    programme text PRIMARY KEY,
    label_zh  text NOT NULL,
    label_en  text NOT NULL,
    cash      boolean NOT NULL,         -- grants money
    recurring boolean NOT NULL,         -- monthly, or once
    exclusion_group text,               -- one award at a time per person within it
    class_priority integer,             -- order of the low-income classes
    low_income_class text,              -- that it gives; NULL = none
    CHECK ((class_priority IS NULL) = (low_income_class IS NULL)),
    sort      integer NOT NULL
);
SELECT aidcase.set_up_table('programme');

CREATE TABLE aidcase.post (
    post       text PRIMARY KEY,
    label_zh   text NOT NULL,
    label_en   text NOT NULL,
    level      text NOT NULL CHECK (level IN ('village', 'unit', 'district', 'provider')),
    group_role text NOT NULL,           -- the group role that a holder's login has
    sort       integer NOT NULL
);
SELECT aidcase.set_up_table('post');

CREATE TABLE aidcase.staff (
    staff_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_no   text NOT NULL UNIQUE CHECK (staff_no ~ '^[A-Za-z0-9_-]{1,40}$'),
    name       text NOT NULL CHECK (btrim(name) <> ''),
    citizen_id aidcase.citizen_id UNIQUE,
    login      text UNIQUE,             -- login role of this person, if any
    phone      text,
    employed   daterange NOT NULL CHECK (NOT isempty(employed))
);
SELECT aidcase.set_up_table('staff');

-- Who sells services to units (政府购买服务): home visits are bought in.
CREATE TABLE aidcase.provider (
    provider_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_code text NOT NULL UNIQUE CHECK (provider_code ~ '^[0-9A-Z]{4,18}$'),    -- 统一社会信用代码
    name          text NOT NULL CHECK (btrim(name) <> '')
);
SELECT aidcase.set_up_table('provider');

CREATE TABLE aidcase.staff_post (
    staff_post_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_id  bigint NOT NULL REFERENCES aidcase.staff,
    unit_id   bigint NOT NULL REFERENCES aidcase.unit,
    post      text NOT NULL REFERENCES aidcase.post,
    provider_id bigint REFERENCES aidcase.provider,     -- of a post of level provider
    valid     daterange NOT NULL CHECK (NOT isempty(valid)),
    EXCLUDE USING gist (staff_id WITH =, unit_id WITH =, post WITH =, valid WITH &&)
);
CREATE INDEX staff_post_staff ON aidcase.staff_post (staff_id);
CREATE INDEX staff_post_unit ON aidcase.staff_post (unit_id, post);
SELECT aidcase.set_up_table('staff_post');

-- Documents come before all that cites them.
CREATE TABLE aidcase.policy_document (
    document_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    doc_no      text NOT NULL UNIQUE,   -- 文号, or a key of our own where none is known
    title       text NOT NULL,
    issued_by   text NOT NULL,
    issued_on   date,
    in_force    daterange NOT NULL CHECK (NOT isempty(in_force)),
    source      text
);
SELECT aidcase.set_up_table('policy_document');

-- The time for which a unit buys services from a provider.  What is bought
-- for the district is bought for the units below it.
CREATE TABLE aidcase.provider_contract (
    contract_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_id bigint NOT NULL REFERENCES aidcase.provider,
    unit_id     bigint NOT NULL REFERENCES aidcase.unit,
    contract_no text NOT NULL CHECK (btrim(contract_no) <> ''),
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    document_id bigint REFERENCES aidcase.policy_document,
    EXCLUDE USING gist (provider_id WITH =, unit_id WITH =, valid WITH &&)
);
CREATE INDEX provider_contract_unit ON aidcase.provider_contract (unit_id);
SELECT aidcase.set_up_table('provider_contract');

-- Who is responsible for what (责任清单).
CREATE TABLE aidcase.responsibility (
    responsibility_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id  bigint NOT NULL REFERENCES aidcase.unit,
    duty     text NOT NULL CHECK (duty IN ('overall', 'acceptance', 'economic_check', 'home_visit',
        'joint_review', 'confirmation', 'publicity', 'payment', 'emergency', 'filing', 'archive', 'complaint')),
    staff_id bigint NOT NULL REFERENCES aidcase.staff,
    valid    daterange NOT NULL CHECK (NOT isempty(valid)),
    EXCLUDE USING gist (unit_id WITH =, duty WITH =, staff_id WITH =, valid WITH &&)
);
CREATE INDEX responsibility_staff ON aidcase.responsibility (staff_id);
SELECT aidcase.set_up_table('responsibility');

-- What a post that ends may leave undone.  Each room adds the query of its own
-- work: a function (staff_id, unit_id) that returns rows of (subject, id,
-- what), and, where the work can pass to somebody else, a function (staff_id,
-- successor_id, unit_id, on_date) that passes it on and returns how many.
CREATE TABLE aidcase.open_work_query (
    open_work     text PRIMARY KEY CHECK (open_work ~ '^[a-z][a-z0-9_]*$'),
    function_name text NOT NULL CHECK (function_name ~ '^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$'),
    hand_over_function text CHECK (hand_over_function ~ '^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$'),
    posts         text[] NOT NULL CHECK (posts <> '{}'),    -- one of which does the work
    label_zh      text NOT NULL,
    label_en      text NOT NULL,
    sort          integer NOT NULL
);
SELECT aidcase.set_up_table('open_work_query');

-- Open work that passed from one member of staff to another.
CREATE TABLE aidcase.work_handover (
    work_handover_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id  bigint NOT NULL REFERENCES aidcase.unit,
    from_staff_id bigint NOT NULL REFERENCES aidcase.staff,
    to_staff_id   bigint NOT NULL REFERENCES aidcase.staff CHECK (to_staff_id <> from_staff_id),
    handed_on date NOT NULL,
    items    integer NOT NULL CHECK (items >= 0),
    reason   text NOT NULL CHECK (btrim(reason) <> '')
);
SELECT aidcase.set_up_table('work_handover');

-- Who may confirm what, where, from when.
CREATE TABLE aidcase.delegation (
    delegation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id      bigint NOT NULL REFERENCES aidcase.unit,
    programme    text NOT NULL REFERENCES aidcase.programme,
    valid        daterange NOT NULL CHECK (NOT isempty(valid)),
    entrusted_by bigint NOT NULL REFERENCES aidcase.unit,
    document_id  bigint NOT NULL REFERENCES aidcase.policy_document,
    pilot        boolean NOT NULL DEFAULT false,
    ended_reason text,
    EXCLUDE USING gist (unit_id WITH =, programme WITH =, valid WITH &&)
);
SELECT aidcase.set_up_table('delegation');

CREATE TABLE aidcase.review_group (
    group_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id  bigint NOT NULL REFERENCES aidcase.unit,
    name     text NOT NULL,
    valid    daterange NOT NULL CHECK (NOT isempty(valid)),
    EXCLUDE USING gist (unit_id WITH =, valid WITH &&)
);
SELECT aidcase.set_up_table('review_group');

CREATE TABLE aidcase.review_group_member (
    group_member_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id bigint NOT NULL REFERENCES aidcase.review_group,
    staff_id bigint NOT NULL REFERENCES aidcase.staff,
    capacity text NOT NULL CHECK (capacity IN ('party_lead', 'government_lead', 'department', 'clerk')),
    counts_to_quorum boolean NOT NULL DEFAULT true,
    valid    daterange NOT NULL CHECK (NOT isempty(valid)),
    EXCLUDE USING gist (group_id WITH =, staff_id WITH =, valid WITH &&)
);
SELECT aidcase.set_up_table('review_group_member');

-- Every backend caches posts and tree (extension/actor.c); these tell it of a
-- change, also of one that replication applies.
CREATE TRIGGER "~~invalidate" AFTER INSERT OR UPDATE OR DELETE ON aidcase.unit_period
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache();
ALTER TABLE aidcase.unit_period ENABLE ALWAYS TRIGGER "~~invalidate";
CREATE TRIGGER "~~invalidate" AFTER INSERT OR UPDATE OR DELETE ON aidcase.staff
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache();
ALTER TABLE aidcase.staff ENABLE ALWAYS TRIGGER "~~invalidate";
CREATE TRIGGER "~~invalidate" AFTER INSERT OR UPDATE OR DELETE ON aidcase.staff_post
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache();
ALTER TABLE aidcase.staff_post ENABLE ALWAYS TRIGGER "~~invalidate";
CREATE TRIGGER "~~invalidate" AFTER INSERT OR UPDATE OR DELETE ON aidcase.post
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache();
ALTER TABLE aidcase.post ENABLE ALWAYS TRIGGER "~~invalidate";

-- data: programme
-- data: post
