-- What a parameter is: its unit of measure and whether it has variants.
CREATE TABLE aidcase.parameter_name (
    name       text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    unit_of_measure text NOT NULL CHECK (unit_of_measure IN ('yuan/month', 'yuan/year', 'yuan',
        'share', 'multiple', 'years', 'months', 'days', 'workdays', 'hours', 'count', 'switch')),
    label_zh   text NOT NULL,
    label_en   text NOT NULL
);
SELECT aidcase.set_up_table('parameter_name');

-- The value in force for an area (the digits of its code: nation '0', province
-- '340000', city '340700', district '340705', town 9 digits, village 12).
CREATE TABLE aidcase.policy_parameter (
    parameter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL REFERENCES aidcase.parameter_name,
    area_code   text NOT NULL CHECK (area_code = '0' OR area_code ~ '^[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?$'),
    programme   text REFERENCES aidcase.programme,      -- NULL = every programme
    variant     text CHECK (btrim(variant) <> ''),      -- NULL = no variant
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    value       numeric NOT NULL CHECK (value BETWEEN 0 AND 1000000000000),
    divisor     numeric NOT NULL DEFAULT 1 CHECK (divisor > 0 AND divisor < 'Infinity'),
    reference   text NOT NULL DEFAULT 'same_date'
        CHECK (reference IN ('same_date', 'end_of_previous_year', 'previous_year')),
    of_name     text REFERENCES aidcase.parameter_name,     -- then value / divisor is a factor on it
    of_programme text REFERENCES aidcase.programme,     -- NULL = that which is asked for
    of_variant  text CHECK (btrim(of_variant) <> ''),
    round_mode  text CHECK (round_mode IN ('half_up', 'half_even', 'up', 'down')),
    round_step  numeric CHECK (round_step > 0 AND round_step < 'Infinity'),
    cap_name    text REFERENCES aidcase.parameter_name,     -- if that is less, it is the value
    cap_variant text CHECK (btrim(cap_variant) <> ''),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    CHECK ((round_mode IS NULL) = (round_step IS NULL)),
    CHECK (of_name IS NOT NULL OR num_nonnulls(of_programme, of_variant, round_mode, cap_name) = 0),
    CHECK (cap_name IS NOT NULL OR cap_variant IS NULL),
    EXCLUDE USING gist (name WITH =, area_code WITH =, coalesce(programme, '') WITH =,
                        coalesce(variant, '') WITH =, (CASE WHEN of_name IS NULL THEN 0 ELSE 1 END) WITH =, valid WITH &&)
);
SELECT aidcase.set_up_table('policy_parameter');

-- Who may grant how much at a time: an amount goes to the first level whose
-- bound it does not exceed.  Below the minimum nothing is granted at all.
CREATE TABLE aidcase.authority_tier (
    tier_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme   text NOT NULL REFERENCES aidcase.programme,
    area_code   text NOT NULL CHECK (area_code = '0' OR area_code ~ '^[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?$'),
    level       text NOT NULL CHECK (level IN ('below_minimum', 'unit', 'bureau', 'bureau_leaders', 'government')),
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    bound       numeric CHECK (bound >= 0 AND bound <= 1000000000000),  -- NULL = without limit
    measure     text NOT NULL CHECK (measure IN ('yuan', 'standard')),  -- yuan, or months of the dibao standard
    per         text NOT NULL CHECK (per IN ('household', 'person')),
    times_a_year smallint CHECK (times_a_year > 0),     -- granted in a calendar year; NULL = any
    same_cause_once boolean NOT NULL DEFAULT false,     -- in a calendar year
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    CHECK (bound IS NOT NULL OR level <> 'below_minimum'),
    CHECK (level <> 'below_minimum' OR times_a_year IS NULL AND NOT same_cause_once),
    EXCLUDE USING gist (programme WITH =, area_code WITH =, level WITH =, valid WITH &&)
);
SELECT aidcase.set_up_table('authority_tier');

-- Each component is rounded once, where its row says.
CREATE TABLE aidcase.rounding_rule (
    rounding_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme   text NOT NULL REFERENCES aidcase.programme,
    component   text NOT NULL,
    area_code   text NOT NULL,
    mode        text NOT NULL CHECK (mode IN ('exact', 'ceil_yuan_household', 'ceil_yuan_person',
                                              'per_person_whole_yuan_gap')),
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (programme WITH =, component WITH =, area_code WITH =, valid WITH &&)
);
SELECT aidcase.set_up_table('rounding_rule');

CREATE TABLE aidcase.income_kind (
    income_kind text PRIMARY KEY,
    category    text NOT NULL CHECK (category IN ('wage', 'business', 'property', 'transfer', 'other')),
    label_zh    text NOT NULL,
    label_en    text NOT NULL,
    sort        integer NOT NULL
);
SELECT aidcase.set_up_table('income_kind');

-- What share of an income kind counts, from when, where, and up to how much.
CREATE TABLE aidcase.income_rule (
    income_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    income_kind   text NOT NULL REFERENCES aidcase.income_kind,
    area_code     text NOT NULL,
    valid         daterange NOT NULL CHECK (NOT isempty(valid)),
    programme     text REFERENCES aidcase.programme,        -- NULL = every programme
    counted_share numeric NOT NULL CHECK (counted_share >= 0 AND counted_share <= 1 AND scale(trim_scale(counted_share)) <= 8),
    annual_cap    numeric(14,2) CHECK (annual_cap >= 0 AND annual_cap < 'Infinity'),   -- counted of a member at most
    article       text NOT NULL,
    document_id   bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative  boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (income_kind WITH =, area_code WITH =, coalesce(programme, '') WITH =, valid WITH &&)
);
SELECT aidcase.set_up_table('income_rule');

CREATE TABLE aidcase.expense_kind (
    expense_kind text PRIMARY KEY,
    label_zh     text NOT NULL,
    label_en     text NOT NULL,
    sort         integer NOT NULL
);
SELECT aidcase.set_up_table('expense_kind');

CREATE TABLE aidcase.property_kind (
    property_kind text PRIMARY KEY,
    financial     boolean NOT NULL,     -- counted to the limit on financial assets
    label_zh      text NOT NULL,
    label_en      text NOT NULL,
    sort          integer NOT NULL
);
SELECT aidcase.set_up_table('property_kind');

-- Groups of persons that rules speak of.  Belonging needs all conditions that
-- are given; ages and levels of disability are dated parameters.
CREATE TABLE aidcase.person_group (
    person_group text PRIMARY KEY,
    age_from     text REFERENCES aidcase.parameter_name,    -- at least this age
    age_below    text REFERENCES aidcase.parameter_name,    -- below this age
    age_variant  text CHECK (btrim(age_variant) <> ''),     -- of both parameters
    disability_level text REFERENCES aidcase.parameter_name, -- this level or worse, by kind (variant)
    health       text CHECK (health IN ('good', 'chronic', 'serious_illness')),
    work_ability text CHECK (work_ability IN ('able', 'partial', 'lost', 'none')),
    label_zh     text NOT NULL,
    label_en     text NOT NULL,
    sort         integer NOT NULL,
    CHECK (num_nonnulls(age_from, age_below, disability_level, health, work_ability) > 0)
);
SELECT aidcase.set_up_table('person_group');

-- Situations of a member, known with the day they began, that decide whether
-- he counts: member_rule says how.
CREATE TABLE aidcase.member_situation (
    situation text PRIMARY KEY,
    label_zh  text NOT NULL,
    label_en  text NOT NULL,
    sort      integer NOT NULL
);
SELECT aidcase.set_up_table('member_situation');

-- States in which an obligor may be unable to perform: obligor_rule says when.
CREATE TABLE aidcase.obligor_state (
    obligor_state text PRIMARY KEY,
    stated    boolean NOT NULL DEFAULT true,    -- a fact that somebody states; false: seen from the income
    label_zh  text NOT NULL,
    label_en  text NOT NULL,
    sort      integer NOT NULL
);
SELECT aidcase.set_up_table('obligor_state');

-- Category add-ons (分类施保) per person of a group: a share of the standard,
-- or yuan a month.
CREATE TABLE aidcase.addon_rule (
    addon_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme   text NOT NULL REFERENCES aidcase.programme,
    addon_group text NOT NULL REFERENCES aidcase.person_group,
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    share       numeric CHECK (share >= 0 AND share <= 10 AND scale(trim_scale(share)) <= 8),
    amount      numeric(14,2) CHECK (amount >= 0 AND amount < 'Infinity'),
    residence   text CHECK (residence IN ('urban', 'rural')),       -- NULL = both
    article     text NOT NULL,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    CHECK (num_nonnulls(share, amount) = 1),
    EXCLUDE USING gist (programme WITH =, addon_group WITH =, area_code WITH =, coalesce(residence, '') WITH =, valid WITH &&)
);
SELECT aidcase.set_up_table('addon_rule');

CREATE TABLE aidcase.refusal_reason (
    refusal_reason text PRIMARY KEY,
    article        text NOT NULL,
    sentence_zh    text NOT NULL,
    sentence_en    text NOT NULL,
    sort           integer NOT NULL
);
SELECT aidcase.set_up_table('refusal_reason');

-- Every session keeps the parameters (extension/policy.c); this tells it of a
-- change, also of one made while other triggers are off.
CREATE TRIGGER "~~invalidate" AFTER INSERT OR UPDATE OR DELETE ON aidcase.policy_parameter
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache();
ALTER TABLE aidcase.policy_parameter ENABLE ALWAYS TRIGGER "~~invalidate";

-- data: parameter_name
-- data: person_group
-- data: member_situation
-- data: obligor_state
-- data: income_kind
-- data: expense_kind
-- data: property_kind
-- data: refusal_reason
