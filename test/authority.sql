-- Authority: what a decision may grant.  Bounds of the illustrative pack:
-- least 500, unit 3000, bureau 5000, leaders 10000, government without limit;
-- twice a calendar year, the same cause once.
SET search_path = aidcase, tap, public;
BEGIN;
SELECT plan(24);

CREATE TEMP SEQUENCE next_id START 910000001;
-- A decided round of a household of n with an opinion that grants an amount.
CREATE FUNCTION pg_temp.round(household bigint, amount numeric, cause text, decided date, state text DEFAULT 'confirmed',
                              outcome text DEFAULT 'granted', n integer DEFAULT 1) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint := nextval('next_id');
BEGIN
    SET LOCAL session_replication_role = replica;
    IF NOT EXISTS (SELECT FROM aidcase.aid_case WHERE case_id = household) THEN
        INSERT INTO aidcase.aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, entry_no)
        SELECT household, 'A' || household, t.unit_id, v.unit_id, 'urban', '2021-01-01', 0
          FROM aidcase.unit AS t, aidcase.unit AS v WHERE t.unit_code = '340705100' AND v.unit_code = '340705100201';
    END IF;
    INSERT INTO aidcase.case_round (round_id, case_id, unit_id, round_kind, round_no, workflow_id, state, channel,
                                    first_contact_at, handler_id, occurred_at, accepted_on, decided_on, entry_no)
    SELECT id, household, c.unit_id, 'application', id - 910000000, 1, round.state, 'on_site', '2021-01-02 09:00+08', 1,
           '2021-01-02 09:00+08', '2021-01-02', decided, 0 FROM aidcase.aid_case AS c WHERE c.case_id = household;
    INSERT INTO aidcase.case_member (member_id, case_id, round_id, person_id, name, birth_date, sex, relation, work_ability, entry_no)
    SELECT nextval('next_id'), household, id, i, '某', '1980-01-01', 'male', 'other', 'able', 0 FROM generate_series(1, n) AS i;
    INSERT INTO aidcase.case_cause (case_id, round_id, cause, entry_no) VALUES (household, id, round.cause, 0);
    INSERT INTO aidcase.assistance_opinion (case_id, round_id, matter, programme, department, outcome, determination_id, amount, refusal_reason, entry_no)
    VALUES (household, id, 'emergency', 'temp_assistance', 'civil_affairs', round.outcome, 1, round.amount,
            CASE round.outcome WHEN 'refused' THEN 'no_emergency' END, 0);
    SET LOCAL session_replication_role = origin;
    RETURN id;
END
$$;
CREATE FUNCTION pg_temp.faults(round bigint, decider text DEFAULT 'unit', on_date date DEFAULT '2021-05-10') RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(f, ' ' ORDER BY f), 'none')
      FROM aidcase.authority_faults(round, (SELECT unit_id FROM aidcase.unit WHERE unit_code = '340705100'), on_date, decider) AS f $$;

SELECT is(pg_temp.faults(pg_temp.round(1, a, 'emergency', NULL, 'in_review'), d), coalesce(f, 'none'), format('%s by %s', a, d))
  FROM (VALUES
    (499.99, 'unit', 'The temporary assistance is less than the least that is granted at a time.'),
    (500, 'unit', NULL), (3000, 'unit', NULL),
    (3000.01, 'unit', 'The temporary assistance exceeds what the unit may grant by itself.'),
    (5000, 'bureau', NULL),
    (5000.01, 'bureau', 'The temporary assistance exceeds what the bureau may grant without its leaders.'),
    (10000, 'bureau_leaders', NULL),
    (10000.01, 'bureau_leaders', 'The temporary assistance needs a decision of the government, entered as a co-signature with its document.'),
    (10000.01, 'unit', 'The temporary assistance exceeds what the unit may grant by itself.'),
    (499.99, 'bureau_leaders', 'The temporary assistance is less than the least that is granted at a time.')) AS v (a, d, f);
SELECT pg_temp.round(2, 20000, 'disaster', NULL, 'at_district') AS large \gset
SET LOCAL session_replication_role = replica;
INSERT INTO co_signature (case_id, round_id, document_no, cosigned_at, cosigned_by, entry_no) VALUES (2, :large, '区政府纪要1号', '2021-05-09 09:00+08', 1, 0);
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.faults(:large, 'bureau_leaders'), 'none', 'with the government''s document the leaders grant it');
SELECT is(pg_temp.faults(:large, 'unit'), 'The temporary assistance exceeds what the unit may grant by itself.', 'the unit does not');

-- how often
SELECT pg_temp.round(3, 1000, 'illness', '2021-01-10') AS first \gset
SELECT is(pg_temp.faults(pg_temp.round(3, 1000, 'disaster', NULL, 'in_review')), 'none', 'a second time in the year, for another cause');
SELECT is(pg_temp.faults(pg_temp.round(3, 1000, 'illness', NULL, 'in_review')), 'In this calendar year the temporary assistance was granted for the same cause.', 'not for the same cause');
SELECT is(pg_temp.faults(pg_temp.round(3, 1000, 'illness', NULL, 'in_review'), 'unit', '2022-01-01'), 'none', 'again in the next year');
SELECT is(pg_temp.faults(pg_temp.round(3, 1000, 'illness', NULL, 'in_review'), 'unit', '2021-12-31'), 'In this calendar year the temporary assistance was granted for the same cause.', 'not on its last day');
SELECT pg_temp.round(3, 1000, 'disaster', '2021-02-10') AS second \gset
SELECT is(pg_temp.faults(pg_temp.round(3, 1000, 'schooling', NULL, 'in_review')), 'In this calendar year the temporary assistance was granted 2 times, as often as is allowed.', 'not a third time');
SELECT is(pg_temp.faults(pg_temp.round(4, 1000, 'illness', NULL, 'in_review')), 'none', 'another household');
SELECT pg_temp.round(5, 1000, 'illness', '2021-01-10', 'refused'), pg_temp.round(5, NULL, 'illness', '2021-01-11', 'confirmed', 'refused'),
       pg_temp.round(5, 1000, 'illness', '2020-12-31') \g /dev/null
SELECT is(pg_temp.faults(pg_temp.round(5, 1000, 'illness', NULL, 'in_review')), 'none', 'what was refused, or granted the year before, does not count');

-- per person, in months of the standard (656 in May 2021)
INSERT INTO authority_tier (programme, area_code, level, valid, bound, measure, per, document_id)
SELECT 'temp_assistance', '340705100', 'unit', '[2021-01-01,)', 2, 'standard', 'person', document_id FROM policy_document WHERE doc_no = '示例参数';
SELECT is(pg_temp.faults(pg_temp.round(6, 3936, 'emergency', NULL, 'in_review', n => 3)), 'none', '2 x 656 x 3 = 3936');
SELECT is(pg_temp.faults(pg_temp.round(7, 3936.01, 'emergency', NULL, 'in_review', n => 3)), 'The temporary assistance exceeds what the unit may grant by itself.', 'one fen more');
SELECT is(pg_temp.faults(pg_temp.round(7, 1312.01, 'emergency', NULL, 'in_review')), 'The temporary assistance exceeds what the unit may grant by itself.', 'for one person');

-- the moves that grant ask for it
SELECT results_eq($$ SELECT w.name || ' ' || t.action FROM workflow_transition AS t JOIN workflow AS w USING (workflow_id)
                      WHERE w.subject = 'case_round' AND 'within_authority' = ANY (t.guards) ORDER BY 1 $$,
    $$ VALUES ('emergency_assistance approve'), ('emergency_district approve'), ('ordinary_delegated confirm'), ('ordinary_district confirm'),
              ('review_delegated confirm'), ('review_district confirm') $$, 'every move that grants');
SELECT ok(NOT has_function_privilege('aidcase_clerk', 'aidcase.authority_faults(bigint,bigint,date,text)', 'EXECUTE')
          AND has_table_privilege('aidcase_clerk', 'aidcase.authority_tier', 'SELECT')
          AND NOT has_table_privilege('aidcase_clerk', 'aidcase.authority_tier', 'INSERT'), 'everybody reads the levels, the bureau enters them');

SELECT * FROM finish();
ROLLBACK;
