-- Rules of the means test beyond the parameters: which income, expense and
-- property kinds a test looks at, who owes support, who may apply alone, how
-- temporary assistance is computed.  Ratios, multiples and limits are
-- parameters that a row names; the row says what they are used for.  All
-- rows are dated, belong to an area and rest on a document; of the rows for
-- one thing the nearest area's is in force.

-- That a programme is determined here at all.
CREATE TABLE aidcase.programme_rule (
    programme_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme   text NOT NULL REFERENCES aidcase.programme,
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    in_force    boolean NOT NULL DEFAULT true,      -- false: not here, though in the area above
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (programme WITH =, area_code WITH =, valid WITH &&)
);

-- Expenses: deducted from income, or counted by the tests of high expenses.
CREATE TABLE aidcase.expense_rule (
    expense_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    expense_kind text NOT NULL REFERENCES aidcase.expense_kind,
    use         text NOT NULL CHECK (use IN ('deduct', 'rigid', 'temp')),
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    share       numeric NOT NULL DEFAULT 1 CHECK (share >= 0 AND share <= 1 AND scale(trim_scale(share)) <= 8),
    annual_cap  numeric(14,2) CHECK (annual_cap >= 0 AND annual_cap < 'Infinity'),  -- of a member at most
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (expense_kind WITH =, use WITH =, area_code WITH =, valid WITH &&)
);

-- Tests of property.  What the limit is a number of follows from the unit of
-- measure of its parameter.
CREATE TABLE aidcase.property_test (
    property_test_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme   text REFERENCES aidcase.programme,  -- NULL = every programme with a test of property
    test        text NOT NULL CHECK (btrim(test) <> ''),
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    property_kinds text[] NOT NULL CHECK (cardinality(property_kinds) > 0),
    measure     text NOT NULL CHECK (measure IN ('value', 'quantity')),
    parameter   text NOT NULL REFERENCES aidcase.parameter_name,    -- the limit
    refusal_reason text NOT NULL REFERENCES aidcase.refusal_reason,
    sort        integer NOT NULL,
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (coalesce(programme, '') WITH =, test WITH =, area_code WITH =, valid WITH &&)
);

-- What of property does not count although nobody called the item exempt.
CREATE TABLE aidcase.property_exemption (
    property_exemption_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    property_kind text NOT NULL REFERENCES aidcase.property_kind,
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    up_to       numeric(14,2) CHECK (up_to >= 0 AND up_to < 'Infinity'),    -- an item of this value at most; NULL = any
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (property_kind WITH =, area_code WITH =, valid WITH &&)
);

-- How add-ons of one person stack; without a row the highest counts.
CREATE TABLE aidcase.addon_stacking (
    addon_stacking_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme   text NOT NULL REFERENCES aidcase.programme,
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    mode        text NOT NULL CHECK (mode IN ('highest', 'sum')),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (programme WITH =, area_code WITH =, valid WITH &&)
);

-- Support that an able obligor owes: the excess of the per-capita income of
-- his household over parameter support_threshold_multiple x the standard, x
-- parameter support_rate of the variant, divided by the persons supported.
-- The row is chosen by the number of obligors of the counted relations.
CREATE TABLE aidcase.support_rule (
    support_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    counted_relations text[] NOT NULL CHECK (cardinality(counted_relations) > 0),
    payers_from integer NOT NULL CHECK (payers_from >= 0),
    payers_below integer CHECK (payers_below > payers_from),        -- NULL = any number more
    variant     text NOT NULL CHECK (btrim(variant) <> ''),
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (area_code WITH =, int4range(payers_from, payers_below) WITH &&, valid WITH &&)
);

-- What the state of an obligor means: is he able, in the sense of tekun, and
-- does he owe support by the formula?  The row holds where its conditions do:
-- the income of his household a person strictly below parameter `below` x the
-- dibao standard or the disposable income of the year before, and property as
-- a low-income household may have.  Where one does not, he is able and owes.
-- What he really pays counts in any case.
CREATE TABLE aidcase.obligor_rule (
    obligor_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    obligor_state text NOT NULL REFERENCES aidcase.obligor_state,
    able        boolean NOT NULL,
    owes        boolean NOT NULL,
    below       text REFERENCES aidcase.parameter_name,     -- NULL = whatever the income
    base        text CHECK (base IN ('dibao_standard', 'disposable_income')),
    low_property boolean NOT NULL DEFAULT false,            -- true: only with such property
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    CHECK ((below IS NULL) = (base IS NULL)),
    CHECK (obligor_state <> 'low_income' OR below IS NOT NULL),
    EXCLUDE USING gist (obligor_state WITH =, area_code WITH =, valid WITH &&)
);

-- Imputed work income of a member without as much real work income: parameter
-- imputed_share of the variant x the base parameter a month.  An item of kind
-- imputed_work, even of 0 yuan, is the judgement of a person and goes before.
CREATE TABLE aidcase.imputed_rule (
    imputed_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sex         text NOT NULL CHECK (sex IN ('male', 'female')),
    age_from    integer NOT NULL CHECK (age_from >= 0),
    age_below   integer CHECK (age_below > age_from),               -- NULL = any age above
    work_ability text NOT NULL CHECK (work_ability IN ('able', 'partial')),
    base        text NOT NULL REFERENCES aidcase.parameter_name,
    variant     text NOT NULL CHECK (btrim(variant) <> ''),
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (sex WITH =, work_ability WITH =, area_code WITH =,
                        int4range(age_from, age_below) WITH &&, valid WITH &&)
);

-- Who counts: a member in a situation does, or does not, from so many months
-- after its beginning; before, and without a situation, he counts.
CREATE TABLE aidcase.member_rule (
    member_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    situation   text NOT NULL REFERENCES aidcase.member_situation,
    counts      boolean NOT NULL,
    after_months integer NOT NULL DEFAULT 0 CHECK (after_months >= 0),
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (situation WITH =, area_code WITH =, valid WITH &&)
);

-- Who may apply alone (单人户).
--   marginal  a member of the group in a dibao-marginal family: parameter
--             single_person_share of the variant x the standard, without
--             add-ons and whatever his own income
--   own       a member of the group is held against the standard with his own
--             income and property, and gets the gap; or a person in a
--             situation in which he does not count in his family is a
--             household of his own, where nobody else is in it
-- Programme tekun: a member whom nobody he lives with owes support is held
-- against the conditions of tekun on his own, and the rest without him.
CREATE TABLE aidcase.single_person_rule (
    single_person_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme   text NOT NULL DEFAULT 'dibao' CHECK (programme IN ('dibao', 'tekun')),
    household   text NOT NULL DEFAULT 'marginal' CHECK (household IN ('marginal', 'own')),
    person_group text REFERENCES aidcase.person_group,
    situation   text REFERENCES aidcase.member_situation,
    after_months integer NOT NULL DEFAULT 0 CHECK (after_months >= 0),
    no_work_income boolean NOT NULL DEFAULT false,  -- only who has none
    variant     text CHECK (btrim(variant) <> ''),
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    in_force    boolean NOT NULL DEFAULT true,
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    CHECK (num_nonnulls(person_group, situation) = CASE programme WHEN 'dibao' THEN 1 ELSE 0 END),
    CHECK (programme = 'dibao' OR household = 'own' AND NOT no_work_income),
    CHECK (situation IS NULL OR household = 'own'),
    CHECK (situation IS NOT NULL OR after_months = 0),
    CHECK ((household = 'marginal') = (variant IS NOT NULL)),
    EXCLUDE USING gist (programme WITH =, coalesce(person_group, situation, '') WITH =, household WITH =, area_code WITH =, valid WITH &&)
);

-- Care level by the number of the six items of self-care that are not met.
CREATE TABLE aidcase.care_level_rule (
    care_level_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    care_level  text NOT NULL CHECK (care_level IN ('full_care', 'half_care', 'self_care')),
    unmet_from  integer NOT NULL CHECK (unmet_from BETWEEN 0 AND 6),
    unmet_to    integer NOT NULL CHECK (unmet_to BETWEEN unmet_from AND 6),
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (area_code WITH =, int4range(unmet_from, unmet_to, '[]') WITH &&, valid WITH &&)
);

-- Temporary assistance, by type and class of the household.
--   range   from the least that is granted at a time to what the unit may
--           grant, by authority_tier
--   months  standard x persons x parameter temp_months_min … temp_months_max
--   bands   of the expenses in 12 months, by the bands of a set
-- The result never passes parameter temp_cap of the variant, where it is set;
-- of several methods in force the greater result counts.
CREATE TABLE aidcase.temp_rule (
    temp_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    temp_type   text NOT NULL CHECK (temp_type IN ('emergency', 'expense')),
    low_income_class text,                          -- NULL = every class without a row of its own
    method      text NOT NULL CHECK (method IN ('range', 'months', 'bands')),
    variant     text CHECK (btrim(variant) <> ''),
    band_set    text CHECK (btrim(band_set) <> ''),
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    CHECK ((method = 'bands') = (band_set IS NOT NULL)),
    EXCLUDE USING gist (temp_type WITH =, coalesce(low_income_class, '') WITH =, method WITH =, area_code WITH =, valid WITH &&)
);

-- Bands of an amount.  Set dibao_amount: per-capita monthly income to a
-- monthly amount per person, in place of the gap.
CREATE TABLE aidcase.band_rule (
    band_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    band_set    text NOT NULL CHECK (btrim(band_set) <> ''),
    amount_from numeric(14,2) NOT NULL CHECK (amount_from >= 0 AND amount_from < 'Infinity'),   -- included
    amount_to   numeric(14,2) CHECK (amount_to > amount_from AND amount_to < 'Infinity'),       -- not included; NULL = no end
    rate        numeric NOT NULL DEFAULT 0 CHECK (rate >= 0 AND rate <= 1 AND scale(trim_scale(rate)) <= 8),
    excess      boolean NOT NULL DEFAULT false,     -- the rate is of what exceeds the band's lower end, else of the whole
    fixed       numeric(14,2) NOT NULL DEFAULT 0 CHECK (fixed >= 0 AND fixed < 'Infinity'),     -- added
    area_code   text NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    article     text,
    document_id bigint NOT NULL REFERENCES aidcase.policy_document,
    illustrative boolean NOT NULL DEFAULT false,
    EXCLUDE USING gist (band_set WITH =, area_code WITH =, numrange(amount_from, amount_to) WITH &&, valid WITH &&)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['programme_rule', 'expense_rule', 'property_test', 'property_exemption',
        'addon_stacking', 'support_rule', 'obligor_rule', 'imputed_rule', 'member_rule', 'single_person_rule', 'care_level_rule',
        'temp_rule', 'band_rule'] LOOP
        PERFORM aidcase.set_up_table(t);
    END LOOP;
    -- every session keeps the rules (extension/means_copy.c)
    FOREACH t IN ARRAY ARRAY['programme_rule', 'expense_rule', 'property_test', 'property_exemption',
        'addon_stacking', 'support_rule', 'obligor_rule', 'imputed_rule', 'member_rule', 'single_person_rule', 'care_level_rule',
        'temp_rule', 'band_rule', 'income_rule', 'addon_rule', 'rounding_rule', 'person_group', 'member_situation', 'obligor_state', 'authority_tier',
        'income_kind', 'expense_kind', 'property_kind', 'parameter_name', 'programme', 'refusal_reason'] LOOP
        EXECUTE format('CREATE TRIGGER "~~invalidate" AFTER INSERT OR UPDATE OR DELETE ON aidcase.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION aidcase.invalidate_cache()', t);
        EXECUTE format('ALTER TABLE aidcase.%I ENABLE ALWAYS TRIGGER "~~invalidate"', t);
    END LOOP;
END
$$;
