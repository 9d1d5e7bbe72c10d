-- casework: helpers for documents, an application as one document, the day's
-- verbs, the file of a household.
BEGIN;
SET search_path = aidcase, tap, public;
SET LOCAL aidcase.clock = '2021-04-06 09:00+08';
SELECT plan(154);

-- What a statement answers: its SQLSTATE, message and details.
CREATE FUNCTION pg_temp.refusal(statement text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
DECLARE
    d text; s text; m text;
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL;
    state := s; message := m; detail := d;
END
$$;
CREATE FUNCTION pg_temp.staff(no text) RETURNS bigint LANGUAGE sql AS
    $$ SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = no $$;
-- Everything that has the key of a case, so that nothing half-written hides.
CREATE FUNCTION pg_temp.rows_written() RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM aidcase.aid_case) + (SELECT count(*) FROM aidcase.case_round)
         + (SELECT count(*) FROM aidcase.case_member) + (SELECT count(*) FROM aidcase.obligor)
         + (SELECT count(*) FROM aidcase.income_item) + (SELECT count(*) FROM aidcase.property_item)
         + (SELECT count(*) FROM aidcase.expense_item) + (SELECT count(*) FROM aidcase.case_cause)
         + (SELECT count(*) FROM aidcase.commitment) + (SELECT count(*) FROM aidcase.authorisation)
         + (SELECT count(*) FROM aidcase.payee_account) + (SELECT count(*) FROM aidcase.registry_check)
         + (SELECT count(*) FROM aidcase.registry_hit) + (SELECT count(*) FROM aidcase.home_visit)
         + (SELECT count(*) FROM aidcase.evaluation) + (SELECT count(*) FROM aidcase.assistance_opinion)
         + (SELECT count(*) FROM aidcase.aid_handover) + (SELECT count(*) FROM aidcase.document_delivery)
$$;

-- ---------------------------------------------------------------------
-- Helpers
SELECT results_eq(
    $$ SELECT v, iso_date(v)::text
         FROM unnest(ARRAY['2021-02-29', '2020-02-29', '2000-02-29', '1900-02-29', '2021-04-31', '2021-13-01',
                           '2021-00-10', '2021-4-6', '2021-04-06 ', '２０２１-04-06', '20210406', 'infinity',
                           'today', '', NULL]) AS v $$,
    $$ VALUES ('2021-02-29', NULL), ('2020-02-29', '2020-02-29'), ('2000-02-29', '2000-02-29'), ('1900-02-29', NULL),
              ('2021-04-31', NULL), ('2021-13-01', NULL), ('2021-00-10', NULL), ('2021-4-6', NULL),
              ('2021-04-06 ', NULL), ('２０２１-04-06', NULL), ('20210406', NULL), ('infinity', NULL), ('today', NULL),
              ('', NULL), (NULL, NULL) $$,
    'iso_date takes real dates only');
SELECT results_eq(
    $$ SELECT v, iso_timestamp(v) AT TIME ZONE 'UTC'
         FROM unnest(ARRAY['2021-04-06T09:00:00+08:00', '2021-04-06 09:00+08', '2021-04-06T01:00:00.5Z',
                           '2021-04-06 09:00', '2021-04-06T24:00Z', '2021-04-06T23:60Z', '2021-02-29T10:00Z',
                           '2021-04-06', 'now', '2021-04-06T09:00+25:00', NULL]) AS v $$,
    $$ VALUES ('2021-04-06T09:00:00+08:00', timestamp '2021-04-06 01:00'), ('2021-04-06 09:00+08', '2021-04-06 01:00'),
              ('2021-04-06T01:00:00.5Z', '2021-04-06 01:00:00.5'), ('2021-04-06 09:00', '2021-04-06 01:00'),
              ('2021-04-06T24:00Z', NULL), ('2021-04-06T23:60Z', NULL), ('2021-02-29T10:00Z', NULL),
              ('2021-04-06', NULL), ('now', NULL), ('2021-04-06T09:00+25:00', NULL), (NULL, NULL) $$,
    'iso_timestamp takes real instants; without an offset it is the register''s time zone');
SELECT results_eq(
    $$ SELECT v, yuan(v)::text, yuan(v, true)::text, yuan_fault(v)
         FROM unnest(ARRAY['800', '800.5', '0', '999999999999.99', '1e30', 'NaN', 'Infinity', '-0.01', '0.001', ' 5',
                           '５', '5.', '.5', '0800', '1,000', '1000000000000', '', NULL]) AS v $$,
    $$ VALUES ('800', '800.00', '800.00', NULL), ('800.5', '800.50', '800.50', NULL), ('0', '0.00', '0.00', NULL),
              ('999999999999.99', '999999999999.99', '999999999999.99', NULL),
              ('1e30', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('NaN', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('Infinity', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('-0.01', NULL, '-0.01', 'must not be negative'),
              ('0.001', NULL, NULL, 'must not have more than two decimals'),
              (' 5', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('５', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('5.', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('.5', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('0800', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('1,000', NULL, NULL, 'must be an amount in yuan such as 800.00'),
              ('1000000000000', NULL, NULL, 'must be below 1000000000000 yuan'),
              ('', NULL, NULL, 'must be an amount in yuan such as 800.00'), (NULL, NULL, NULL, NULL) $$,
    'yuan takes amounts with at most two decimals, yuan_fault says what is wrong');
SELECT results_eq(
    $$ SELECT v, whole_number(v) FROM unnest(ARRAY['1', '-7', '1.0', '1e3', '9999999999999999999', '', NULL]) AS v $$,
    $$ VALUES ('1', 1::bigint), ('-7', -7), ('1.0', NULL), ('1e3', NULL), ('9999999999999999999', NULL), ('', NULL),
              (NULL, NULL) $$,
    'whole_number takes whole numbers of at most 18 digits');
SELECT ok(citizen('340702197001010018') = '340702197001010018'::citizen_id AND citizen('340702197001010019') IS NULL
          AND citizen(NULL) IS NULL, 'citizen takes valid numbers only');
SELECT results_eq(
    $$ SELECT * FROM unknown_keys('{"staffno": 1, "nmae": 2, "zzz": 3, "name": 4, "340702197001010018": 5}',
                                  '{staff_no,name}', 'posts[0]') ORDER BY path $$,
    $$ VALUES ('posts[0].(key)', 'is not a key of this document'),
              ('posts[0].nmae', 'is not a key of this document; did you mean "name"?'),
              ('posts[0].staffno', 'is not a key of this document; did you mean "staff_no"?'),
              ('posts[0].zzz', 'is not a key of this document') $$,
    'unknown_keys names the keys, the nearest known one, and repeats nothing that is no name');
SELECT is_empty($$ SELECT unknown_keys('[1]', '{a}') $$, 'unknown_keys of what is no object');
SELECT results_eq(
    $$ SELECT * FROM document_faults('{"a": 1, "b": "x", "d": "2021-02-29", "f": "2021-04-07", "n": 3.5, "i": 9,
                                       "l": [{"k": true}, 7, {"k": "y"}], "m": [], "e": " ", "long": "abc", "x": null}',
         '{"type": "object", "required": ["a", "x", "z"], "properties": {
           "a": {"type": "string"}, "b": {"type": "integer"}, "d": {"type": "string", "format": "date"},
           "f": {"type": "string", "format": "date", "past": true}, "n": {"type": "integer"},
           "i": {"type": "integer", "minimum": 1, "maximum": 4}, "x": {"type": "string"},
           "l": {"type": "array", "items": {"type": "object", "required": ["j"],
                 "properties": {"j": {"type": "string"}, "k": {"type": "boolean"}}}},
           "m": {"type": "array", "minItems": 1}, "e": {"type": "string"}, "long": {"type": "string", "maxLength": 2}}}')
        ORDER BY path COLLATE "C" $$,
    $$ VALUES ('a', 'must be a string'), ('b', 'must be a whole number'), ('d', 'must be a date such as 2021-04-06'),
              ('e', 'must not be empty'), ('f', 'must not be in the future'), ('i', 'must be from 1 to 4'),
              ('l[0].j', 'is missing'), ('l[1]', 'must be an object'), ('l[2].j', 'is missing'),
              ('l[2].k', 'must be true or false'), ('long', 'must not be longer than 2 characters'),
              ('m', 'must have at least 1'), ('n', 'must be a whole number'), ('x', 'is missing'), ('z', 'is missing') $$,
    'document_faults finds every kind of fault at its path');
SELECT results_eq($$ SELECT * FROM document_faults(NULL, '{"type": "object"}') $$,
                  $$ VALUES ('(document)', 'must not be null') $$, 'no document at all is a fault');
SELECT results_eq($$ SELECT * FROM document_faults('[]', '{"type": "object"}') $$,
                  $$ VALUES ('(document)', 'must be an object') $$, 'a list is no object');
SELECT throws_ok($$ SELECT raise_faults('visit', '{a: x}', 'Try again.') $$, 'ZA007', 'the visit has 1 fault', 'one fault');
SELECT throws_ok($$ SELECT raise_faults('visit', '{a: x,b: y}', 'Try again.') $$, 'ZA007', 'the visit has 2 faults', 'two faults');
SELECT lives_ok($$ SELECT raise_faults('visit', '{}', 'Try again.') $$, 'no fault');

-- ---------------------------------------------------------------------
-- Labels: every code that a CHECK lists has one, and no other has
CREATE TEMPORARY TABLE checked_code AS
SELECT r.relname || '.' || m[1] AS code_set, c[1] AS code
  FROM pg_constraint AS k
  JOIN pg_class AS r ON r.oid = k.conrelid
 CROSS JOIN LATERAL regexp_match(pg_get_constraintdef(k.oid), '^CHECK \(\(+(\w+) = ANY \(ARRAY\[(.*)\]\)\)+$') AS m
 CROSS JOIN LATERAL regexp_matches(m[2], '''([^'']+)''::text', 'g') AS c
 WHERE k.contype = 'c' AND k.connamespace = 'aidcase'::regnamespace
   AND r.relowner = 'aidcase_owner'::regrole AND m[1] <> 'cancelled_by';
SELECT is_empty($$ SELECT code_set, code FROM checked_code EXCEPT SELECT code_set, code FROM label $$,
                'every code that a CHECK lists has a Chinese and an English label');
SELECT is_empty($$ SELECT l.code_set, l.code FROM label AS l
                    WHERE l.code_set IN (SELECT code_set FROM checked_code)
                      AND (l.code_set, l.code) NOT IN (SELECT code_set, code FROM checked_code) $$,
                'no label stands for a code that its table refuses');
SELECT is_empty($$ SELECT code_set, code FROM label WHERE btrim(zh) = '' OR btrim(en) = '' $$, 'no label is empty');
SELECT cmp_ok((SELECT count(*) FROM checked_code), '>', 200::bigint, 'the codes were found');

-- ---------------------------------------------------------------------
-- A household of four
SELECT act_as(pg_temp.staff('x-clerk')) AS acts \gset
CREATE TEMPORARY TABLE good AS SELECT '{
 "outside_key": "counter-1", "kind": "application", "unit": "340705100", "village": "340705100201",
 "residence": "rural", "address": "某路 1 号", "phone": "13900000000", "channel": "on_site",
 "first_contact_at": "2021-04-06T08:30:00+08:00", "handler": "x-clerk",
 "members": [
  {"key": "m1", "name": "甲", "citizen_id": "340702197001010018", "relation": "head", "applicant": true,
   "work_ability": "partial", "health": "chronic", "disability_kind": "limb", "disability_level": 3,
   "education": "初中", "occupation": "务农", "official_kin": "no"},
  {"key": "m2", "name": "乙", "citizen_id": "340702197203050229", "birth_date": "1972-03-05", "sex": "female",
   "relation": "spouse", "work_ability": "able"},
  {"key": "m3", "name": "丙", "citizen_id": "340702200509100131", "relation": "child", "work_ability": "none"},
  {"key": "m4", "name": "丁", "birth_date": "2021-03-20", "sex": "male", "relation": "child", "work_ability": "none",
   "counted": false, "not_counted_reason": "测试"}],
 "obligors": [{"key": "o1", "name": "戊", "citizen_id": "340702194608080342", "relation": "parent",
   "household_size": 1, "annual_income": "24000", "persons_supported": 1, "paid_monthly": 100.5, "able": true}],
 "income": [{"member": "m1", "kind": "business", "amount": "-200.00", "basis": "year"},
            {"member": "m2", "kind": "wage", "amount": "800.00", "basis": "month", "source": "verified", "evidence": "工资条"}],
 "property": [{"member": "m1", "kind": "deposit", "value": "3000", "quantity": 2, "exempt_reason": "应急"}],
 "expenses": [{"member": "m3", "kind": "medical", "amount": "5000.5", "basis": "year"}],
 "causes": ["illness", "disability"],
 "commitment": {"member": "m1", "text_version": "2021-1", "signed_on": "2021-04-06",
   "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"},
 "authorisations": [
  {"member": "m1", "text_version": "2021-1", "signed_on": "2021-04-06", "valid_until": "2022-04-05",
   "sha256": "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
  {"obligor": "o1", "text_version": "2021-1", "signed_on": "2021-04-06", "valid_until": "2021-04-20",
   "sha256": "2123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}],
 "payee": {"kind": "person", "holder_name": "甲", "holder_citizen_id": "340702197001010018", "bank": "某银行",
   "account_no": "6217000000000000000"}}'::jsonb AS doc;
-- kinds differ between registers: take the first that fits
UPDATE good SET doc = jsonb_set(jsonb_set(jsonb_set(jsonb_set(doc,
    '{income,0,kind}', to_jsonb((SELECT income_kind FROM income_kind WHERE category = 'business' ORDER BY sort LIMIT 1))),
    '{income,1,kind}', to_jsonb((SELECT income_kind FROM income_kind WHERE category = 'wage' ORDER BY sort LIMIT 1))),
    '{property,0,kind}', to_jsonb((SELECT property_kind FROM property_kind ORDER BY sort LIMIT 1))),
    '{expenses,0,kind}', to_jsonb((SELECT expense_kind FROM expense_kind ORDER BY sort LIMIT 1)));

SELECT is_empty($$ SELECT f.* FROM good, file_case_faults(doc) AS f $$, 'the application has no fault');
CREATE TEMPORARY TABLE filed AS SELECT f.* FROM good, file_case(doc) AS f;
SELECT ok(case_id IS NOT NULL AND round_id IS NOT NULL, 'it is filed') FROM filed;
SELECT results_eq(
    $$ SELECT c.case_no ~ '^3407052021[0-9]{6}$', u.unit_code, v.unit_code, c.residence, c.address, c.phone, c.opened_on
         FROM filed JOIN aid_case AS c USING (case_id) JOIN unit AS u ON u.unit_id = c.unit_id
         JOIN unit AS v ON v.unit_id = c.village_id $$,
    $$ VALUES (true, '340705100', '340705100201', 'rural', '某路 1 号', '13900000000', date '2021-04-06') $$, 'the case');
SELECT results_eq(
    $$ SELECT r.round_kind, r.round_no, r.channel, r.outside_key, r.first_contact_at, r.handler_id = pg_temp.staff('x-clerk'),
              r.occurred_at, length(r.document_sha256), r.state
         FROM filed JOIN case_round AS r USING (round_id) $$,
    $$ VALUES ('application', 1, 'on_site', 'counter-1', timestamptz '2021-04-06 08:30+08', true,
               timestamptz '2021-04-06 09:00+08', 32, 'filed') $$, 'the round');
SELECT results_eq(
    $$ SELECT m.name, m.citizen_id::text, m.birth_date, m.sex, m.relation, m.applicant, m.counted, m.work_ability, m.health,
              m.disability_level, m.official_kin
         FROM filed JOIN case_member AS m USING (round_id) ORDER BY m.member_id $$,
    $$ VALUES ('甲', '340702197001010018', date '1970-01-01', 'male', 'head', true, true, 'partial', 'chronic', 3::smallint, 'no'),
              ('乙', '340702197203050229', '1972-03-05', 'female', 'spouse', false, true, 'able', 'good', NULL, 'not_stated'),
              ('丙', '340702200509100131', '2005-09-10', 'male', 'child', false, true, 'none', 'good', NULL, 'not_stated'),
              ('丁', NULL, '2021-03-20', 'male', 'child', false, false, 'none', 'good', NULL, 'not_stated') $$,
    'the members, with birth date and sex from the number, in the order of the list');
SELECT results_eq(
    $$ SELECT o.name, o.relation, o.annual_income, o.paid_monthly, o.able FROM filed JOIN obligor AS o USING (round_id) $$,
    $$ VALUES ('戊', 'parent', 24000.00, 100.50, true) $$, 'the obligor');
SELECT results_eq(
    $$ SELECT m.name, i.amount, i.basis, i.source, i.evidence
         FROM filed JOIN income_item AS i USING (round_id) JOIN case_member AS m USING (member_id) ORDER BY i.income_id $$,
    $$ VALUES ('甲', -200.00, 'year', 'declared', NULL), ('乙', 800.00, 'month', 'verified', '工资条') $$, 'income by member');
SELECT results_eq(
    $$ SELECT m.name, p.value, p.quantity, p.exempt_reason, e.name, x.amount
         FROM filed JOIN property_item AS p USING (round_id) JOIN case_member AS m USING (member_id)
         JOIN expense_item AS x ON x.round_id = p.round_id JOIN case_member AS e ON e.member_id = x.member_id $$,
    $$ VALUES ('甲', 3000.00, 2, '应急', '丙', 5000.50) $$, 'property and expense by member');
SELECT results_eq($$ SELECT c.cause FROM filed JOIN case_cause AS c USING (round_id) ORDER BY c.cause_id $$,
                  $$ VALUES ('illness'), ('disability') $$, 'the causes');
SELECT results_eq(
    $$ SELECT m.name, encode(k.sha256, 'hex') FROM filed JOIN commitment AS k USING (round_id) JOIN case_member AS m USING (member_id) $$,
    $$ VALUES ('甲', '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef') $$, 'the commitment');
SELECT results_eq(
    $$ SELECT coalesce(m.name, o.name), a.valid_until
         FROM filed JOIN authorisation AS a USING (round_id) LEFT JOIN case_member AS m USING (member_id)
         LEFT JOIN obligor AS o ON o.obligor_id = a.obligor_id ORDER BY a.authorisation_id $$,
    $$ VALUES ('甲', date '2022-04-05'), ('戊', '2021-04-20') $$, 'the authorisations of member and obligor');
SELECT results_eq(
    $$ SELECT p.kind, p.account_no, p.valid FROM filed JOIN payee_account AS p USING (case_id) $$,
    $$ VALUES ('person', '6217000000000000000', daterange('2021-04-06', NULL)) $$, 'the payee');

-- The same again, and something else under the same key
CREATE TEMPORARY TABLE before AS SELECT pg_temp.rows_written() AS n;
SELECT results_eq($$ SELECT f.case_id, f.round_id FROM good, file_case(doc) AS f $$, $$ SELECT case_id, round_id FROM filed $$,
                  'the same key and document give the same case and round');
SELECT results_eq($$ SELECT f.case_id, f.round_id FROM good, file_case(doc::text::jsonb || '{}') AS f $$, $$ SELECT case_id, round_id FROM filed $$,
                  'whatever the order of its keys');
SELECT throws_ok($$ SELECT file_case(doc || '{"phone": "1"}') FROM good $$, '23505',
                 'an application with this outside key was already filed with other content', 'other content under the same key is refused');
SELECT is(pg_temp.rows_written(), n, 'nothing more was written') FROM before;

-- A second application of the household is a round of its case
CREATE TEMPORARY TABLE again AS
SELECT f.* FROM good, filed, aid_case AS c,
       file_case((doc - 'outside_key' - 'payee' - 'handler' - 'first_contact_at') || jsonb_build_object('case_no', c.case_no)) AS f
 WHERE c.case_id = filed.case_id;
SELECT results_eq(
    $$ SELECT again.case_id = filed.case_id, r.round_no, r.handler_id = pg_temp.staff('x-clerk'), r.first_contact_at,
              (SELECT count(*) FROM case_member AS a JOIN case_member AS b USING (person_id, citizen_id)
                WHERE a.round_id = filed.round_id AND b.round_id = again.round_id)
         FROM filed, again JOIN case_round AS r USING (round_id) $$,
    $$ VALUES (true, 2, true, timestamptz '2021-04-06 09:00+08', 3::bigint) $$,
    'one household, one case: a further application is its next round, the persons stay the same');

-- ---------------------------------------------------------------------
-- Twenty faults and more in one document
CREATE TEMPORARY TABLE faulty AS SELECT '{
 "outside_key": 7, "kind": "review", "unit": "340705999", "village": "340705005002", "residence": "suburban",
 "chanel": "on_site", "channel": "phone", "first_contact_at": "2021-04-06T10:00:00+08:00", "handler": "nobody",
 "members": [
  {"key": "m1", "name": " ", "citizen_id": "340702197001010019", "relation": "head", "applicant": true, "work_ability": "able"},
  {"key": "m1", "name": "乙", "citizen_id": "340702197203050229", "birth_date": "1972-03-06", "sex": "male",
   "relation": "head", "applicant": true, "work_ability": "strong"},
  {"key": "m3", "name": "丙", "citizen_id": "340702197203050229", "relation": "child", "work_ability": "none", "counted": false},
  {"key": "m4", "name": "丁", "relation": "child", "work_ability": "none", "disability_kind": "limb"},
  {"key": "m5", "name": "己", "birth_date": "2021-02-29", "sex": "male", "relation": "child", "work_ability": "none",
   "disability_level": 5}],
 "income": [{"member": "m9", "kind": "lottery", "amount": "1e30", "basis": "week"},
            {"member": "m1", "kind": "wage", "amount": "-0.01", "basis": "month"}],
 "property": [{"member": "m1", "kind": "yacht", "value": "NaN"}],
 "expenses": [{"member": "m1", "kind": "medical", "amount": "0.001", "basis": "year"}],
 "causes": ["illness", "illness", "fate"],
 "commitment": {"member": "m8", "text_version": "2021-1", "signed_on": "2021-04-07", "sha256": "abc"},
 "authorisations": [{"member": "m1", "obligor": "o1", "text_version": "2021-1", "signed_on": "2021-04-06",
   "valid_until": "2021-04-05", "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg"}],
 "payee": {"kind": "friend", "holder_name": "甲", "bank": "某银行", "account_no": "6217-0000"}}'::jsonb AS doc;
UPDATE faulty SET doc = jsonb_set(jsonb_set(doc,
    '{income,1,kind}', to_jsonb((SELECT income_kind FROM income_kind WHERE category = 'wage' ORDER BY sort LIMIT 1))),
    '{expenses,0,kind}', to_jsonb((SELECT expense_kind FROM expense_kind ORDER BY sort LIMIT 1)));
SELECT results_eq(
    $$ SELECT f.path, CASE WHEN f.reason LIKE 'must be one of %' THEN 'must be one of' ELSE f.reason END
         FROM faulty, file_case_faults(doc) AS f ORDER BY f.path COLLATE "C", f.reason COLLATE "C" $$,
    $$ SELECT * FROM (VALUES
       ('authorisations[0]', 'must name either a member or an obligor'),
       ('authorisations[0].obligor', 'is the key of no obligor of this document'),
       ('authorisations[0].sha256', 'must be the 64 hexadecimal digits of a SHA-256'),
       ('authorisations[0].valid_until', 'must not lie before the date of signing'),
       ('causes[1]', 'is listed twice'),
       ('causes[2]', 'must be one of'),
       ('chanel', 'is not a key of this document; did you mean "channel"?'),
       ('channel', 'must be one of'),
       ('commitment.member', 'is the key of no member of this document'),
       ('commitment.sha256', 'must be the 64 hexadecimal digits of a SHA-256'),
       ('commitment.signed_on', 'must not be in the future'),
       ('expenses[0].amount', 'must not have more than two decimals'),
       ('first_contact_at', 'must not be in the future'),
       ('handler', 'is no member of staff at present'),
       ('income[0].amount', 'must be an amount in yuan such as 800.00'),
       ('income[0].basis', 'must be one of'),
       ('income[0].kind', 'must be one of'),
       ('income[0].member', 'is the key of no member of this document'),
       ('income[1].amount', 'must not be negative: only business can make a loss'),
       ('kind', 'must be "application" or "emergency"'),
       ('members[0].citizen_id', (SELECT citizen_id_fault('340702197001010019'))),
       ('members[0].name', 'must not be empty'),
       ('members[1].applicant', 'is a second applicant; there must be exactly one'),
       ('members[1].birth_date', 'contradicts the citizen number'),
       ('members[1].key', 'is used twice'),
       ('members[1].relation', 'is a second head; there must be exactly one'),
       ('members[1].sex', 'contradicts the citizen number'),
       ('members[1].work_ability', 'must be one of'),
       ('members[2].citizen_id', 'is listed twice'),
       ('members[2].not_counted_reason', 'is missing'),
       ('members[3].birth_date', 'is missing and there is no citizen number to take it from'),
       ('members[3].disability_level', 'is missing: kind and level of a disability go together'),
       ('members[3].sex', 'is missing and there is no citizen number to take it from'),
       ('members[4].birth_date', 'must be a date such as 2021-04-06'),
       ('members[4].disability_kind', 'is missing: kind and level of a disability go together'),
       ('members[4].disability_level', 'must be from 1 to 4'),
       ('outside_key', 'must be a string'),
       ('payee.account_no', 'must have 12 to 21 digits'),
       ('payee.kind', 'must be one of'),
       ('property[0].kind', 'must be one of'),
       ('property[0].value', 'must be an amount in yuan such as 800.00'),
       ('residence', 'must be one of'),
       ('unit', 'is no town, office or directly administered community of this register')
       ) AS v (path, reason) ORDER BY path COLLATE "C", reason COLLATE "C" $$,
    'all faults are found at once, each with its path');
UPDATE before SET n = pg_temp.rows_written();
CREATE TEMPORARY TABLE answer AS SELECT r.* FROM faulty, pg_temp.refusal(format('SELECT aidcase.file_case(%L)', doc)) AS r;
SELECT is(state || ' ' || message, 'ZA007 the application has 43 faults', 'they are told in one refusal') FROM answer;
SELECT is(cardinality(string_to_array(detail, E'\n')), 43, 'a line each') FROM answer;
SELECT is_empty(
    $$ SELECT v.value FROM answer, unnest(ARRAY['340702', '1972', '乙', '丙', '6217', '1e30', '-0.01', 'lottery', 'NaN', 'nobody', 'abcdeg']) AS v (value)
        WHERE strpos(detail, v.value) > 0 $$,
    'no value that was handed in is repeated');
SELECT is(pg_temp.rows_written(), n, 'nothing of it was written') FROM before;

-- One fault each: the path to change, the new value (NULL: leave the key out)
CREATE TEMPORARY TABLE change (path text[], value jsonb, fault text);
INSERT INTO change VALUES
 ('{unit}', NULL, 'unit: is missing'),
 ('{unit}', '340705100', 'unit: must be a string'),
 ('{unit}', '"340705"', 'unit: is no town, office or directly administered community of this register'),
 ('{unit}', '"340705100201"', 'unit: is no town, office or directly administered community of this register'),
 ('{village}', '"340705005002"', 'village: does not lie below the unit'),
 ('{village}', '"340705100"', 'village: is no village or residents'' committee of this register'),
 ('{residence}', 'null', 'residence: is missing'),
 ('{channel}', '""', 'channel: must not be empty'),
 ('{handler}', '"d-clerk"', 'handler: holds no post at the unit or above it'),
 ('{handler}', '["x-clerk"]', 'handler: must be a string'),
 ('{first_contact_at}', '"2021-04-06"', 'first_contact_at: must be a time such as 2021-04-06T09:00:00+08:00'),
 ('{occurred_at}', '"2021-04-06T08:00:00+08:00"', 'occurred_at: must not lie before the first contact'),
 ('{case_no}', '"340705199900001"', 'case_no: is no case of your units'),
 ('{extra}', '1', 'extra: is not a key of this document'),
 ('{members,0,applicant}', 'false', 'members: must have exactly one applicant'),
 ('{members,1,applicant}', '"yes"', 'members[1].applicant: must be true or false'),
 ('{members,0,relation}', '"other"', 'members: must have exactly one head'),
 ('{members,1,birth_date}', '"1972-03-06"', 'members[1].birth_date: contradicts the citizen number'),
 ('{members,1,sex}', '"male"', 'members[1].sex: contradicts the citizen number'),
 ('{members,2,citizen_id}', '"340702197203050229"', 'members[2].citizen_id: is listed twice'),
 ('{members,2,citizen_id}', '"340702197001010018 "', 'members[2].citizen_id: ' || citizen_id_fault('340702197001010018 ')),
 ('{members,3,birth_date}', '"2021-04-07"', 'members[3].birth_date: must not be in the future'),
 ('{members,3,counted}', 'true', 'members[3].not_counted_reason: goes with "counted": false only'),
 ('{members,1,citizenid}', '"x"', 'members[1].citizenid: is not a key of this document; did you mean "citizen_id"?'),
 ('{members,0,disability_kind}', NULL, 'members[0].disability_kind: is missing: kind and level of a disability go together'),
 ('{members,0,disability_level}', '1.5', 'members[0].disability_level: must be a whole number'),
 ('{obligors,0,citizen_id}', '"340702197001010018"', 'obligors[0].citizen_id: is listed twice'),
 ('{obligors,0,household_size}', '0', 'obligors[0].household_size: must be from 1 to 99'),
 ('{obligors,0,paid_monthly}', '"-1"', 'obligors[0].paid_monthly: must not be negative'),
 ('{income,0,amount}', '1e30', 'income[0].amount: must be below 1000000000000 yuan'),
 ('{income,0,amount}', '"1000000000000"', 'income[0].amount: must be below 1000000000000 yuan'),
 ('{income,0,amount}', 'true', 'income[0].amount: must be an amount, written as a string'),
 ('{income,0,amount}', '0.125', 'income[0].amount: must not have more than two decimals'),
 ('{income,1,member}', '"o1"', 'income[1].member: is the key of no member of this document'),
 ('{income,1,amount}', '"-1"', 'income[1].amount: must not be negative: only business can make a loss'),
 ('{property,0,quantity}', '"2"', 'property[0].quantity: must be a whole number'),
 ('{property,0,value}', '"５"', 'property[0].value: must be an amount in yuan such as 800.00'),
 ('{commitment,signed_on}', '"2021-02-29"', 'commitment.signed_on: must be a date such as 2021-04-06'),
 ('{commitment}', '"signed"', 'commitment: must be an object'),
 ('{authorisations,0,member}', NULL, 'authorisations[0]: must name either a member or an obligor'),
 ('{authorisations,0,valid_until}', '"2021-04-05"', 'authorisations[0].valid_until: must not lie before the date of signing'),
 ('{payee,account_no}', '"6217 0000 0000 0000"', 'payee.account_no: must have 12 to 21 digits'),
 ('{payee,holder_citizen_id}', '"1"', 'payee.holder_citizen_id: ' || citizen_id_fault('1'));
SELECT is((SELECT string_agg(f.path || ': ' || f.reason, E'\n')
             FROM good, file_case_faults(CASE WHEN c.value IS NULL THEN doc #- c.path
                                              ELSE jsonb_set(doc, c.path, c.value) END) AS f), c.fault, c.fault)
  FROM change AS c;

-- Whatever stands in a document: no other error, and what has no fault can be filed
CREATE FUNCTION pg_temp.paths(doc jsonb) RETURNS SETOF text[] LANGUAGE sql AS $$
    WITH RECURSIVE node (path, value) AS (
        SELECT '{}'::text[], doc
        UNION ALL
        SELECT n.path || c.key, c.value
          FROM node AS n
         CROSS JOIN LATERAL (
            SELECT e.key, e.value FROM jsonb_each(CASE jsonb_typeof(n.value) WHEN 'object' THEN n.value ELSE '{}' END) AS e
            UNION ALL
            SELECT (i.place - 1)::text, i.value
              FROM jsonb_array_elements(CASE jsonb_typeof(n.value) WHEN 'array' THEN n.value ELSE '[]' END)
                   WITH ORDINALITY AS i (value, place)) AS c)
    SELECT path FROM node WHERE path <> '{}' $$;
CREATE FUNCTION pg_temp.tried(OUT documents integer, OUT filed integer, OUT broken text[]) LANGUAGE plpgsql AS $$
DECLARE
    base jsonb := (SELECT doc - 'outside_key' FROM good);
    tried jsonb;
    p text[];
    v jsonb;
    faults bigint;
BEGIN
    documents := 0; filed := 0; broken := '{}';
    FOR p IN SELECT * FROM pg_temp.paths(base) LOOP
        FOREACH v IN ARRAY ARRAY['null', '[]', '{}', '[[]]', '[{"key": {}}]', 'true', '-1', '1e30', '0.5', '""', '"x"', '"m2"', '"1e30"', '"0"']::jsonb[] LOOP
            tried := jsonb_set(base, p, v);
            documents := documents + 1;
            BEGIN
                SELECT count(*) INTO faults FROM aidcase.file_case_faults(tried);
                IF faults = 0 THEN
                    PERFORM aidcase.file_case(tried);
                    filed := filed + 1;
                    RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'undo';
                END IF;
            EXCEPTION WHEN SQLSTATE 'ZZ000' THEN NULL;
                WHEN OTHERS THEN
                    broken := broken || format('%s = %s: %s %s', p, v, SQLSTATE, SQLERRM);
            END;
        END LOOP;
    END LOOP;
END
$$;
CREATE TEMPORARY TABLE fuzz AS SELECT * FROM pg_temp.tried();
SELECT is(broken, '{}', 'no value at any place makes another error, and what has no fault is filed') FROM fuzz;
SELECT ok(documents > 1000 AND filed > 30, 'enough documents were tried') FROM fuzz;
SELECT is_empty($$ SELECT * FROM unnest(ARRAY['1', '"x"', 'null', 'true', '[]', '[1]', '{}']::jsonb[]) AS d (doc)
                    WHERE NOT EXISTS (SELECT FROM file_case_faults(d.doc)) $$, 'what is no application has faults');
SELECT throws_ok($$ SELECT file_case(NULL) $$, 'ZA007', 'the application has 1 fault', 'no document');
SELECT throws_ok($$ SELECT file_case('[]') $$, 'ZA007', 'the application has 1 fault', 'a list is no application');

-- An emergency: papers may follow
SELECT lives_ok($$ SELECT file_case((doc - 'outside_key' - 'commitment' - 'authorisations' - 'payee' - 'income' - 'property'
                                         - 'expenses' - 'obligors' - 'causes') || '{"kind": "emergency"}') FROM good $$,
                'an emergency is filed without papers');

-- ---------------------------------------------------------------------
-- The schema
SELECT is_empty(
    $$ SELECT DISTINCT k[1] FROM pg_proc AS p, regexp_matches(p.prosrc, '->>? ''([a-z_0-9]+)''', 'g') AS k
        WHERE p.oid IN ('aidcase.file_case(jsonb)'::regprocedure, 'aidcase.file_case_faults(jsonb)'::regprocedure)
       EXCEPT
       SELECT DISTINCT e.key FROM jsonb_path_query(file_case_schema(), 'strict $.**.properties') AS o, jsonb_each(o) AS e $$,
    'every key that the code reads is in the schema');
SELECT is_empty($$ SELECT o FROM jsonb_path_query(file_case_schema(), 'strict $.** ? (@.type == "object")') AS o
                    WHERE o -> 'additionalProperties' IS DISTINCT FROM 'false' $$, 'no object of the schema takes other keys');
SELECT is_empty($$ SELECT e.key FROM jsonb_path_query(file_case_schema(), 'strict $.**.properties') AS o, jsonb_each(o) AS e
                    WHERE coalesce(e.value ->> 'description', '') !~ '[一-龥].* / [A-Za-z]' $$,
                'every key is described in Chinese and English');
SELECT is_empty($$ SELECT r #>> '{}' FROM jsonb_path_query(file_case_schema(), 'strict $.**."$ref"') AS r
                    WHERE NOT file_case_schema() -> '$defs' ? split_part(r #>> '{}', '$defs/', 2) $$,
                'every reference has its codes');
SELECT is_empty($$ SELECT o ->> 'codes' FROM jsonb_path_query(file_case_schema(), 'strict $.** ? (exists(@.codes))') AS o
                    WHERE o ->> 'codes' NOT IN (SELECT code_set FROM label) $$, 'every set of codes has labels');

-- ---------------------------------------------------------------------
-- The day's verbs
SELECT round_id AS round, case_id AS "case" FROM filed \gset
SELECT member_id AS m1 FROM case_member WHERE round_id = :round AND relation = 'head' \gset
SET LOCAL aidcase.clock = '2021-04-09 17:00+08';
INSERT INTO deadline (subject, subject_id, case_id, unit_id, clock, started_at, length, due_at)
SELECT 'case_round', :round, :case, unit_id, 'decision_7wd', '2021-04-06 09:00+08', 7, '2021-04-16 00:00+08'
  FROM aid_case WHERE case_id = :case;

SELECT bag_eq(format($$ SELECT unnest(string_to_array(detail, E'\n')) FROM pg_temp.refusal($q$ SELECT aidcase.record_check('{"round_id": %s,
    "reference_no": "H-1", "requested_at": "2021-04-07T09:00:00+08:00", "returned_at": "2021-04-07T08:00:00+08:00", "results": [
     {"member": "340702197203050229", "outcome": "clean"}, {"member": 0}, {"outcome": "clean", "hits": [{"registry": "bank", "description": "x"}]},
     {"obligor": "340702194608080342", "outcome": "suspicious"}]}') $q$) $$, :round),
    ARRAY['returned_at: must not lie before the request',
          'results[0]: has given no authorisation in force for the check',
          'results[1].member: is no member of the round', 'results[1].outcome: is missing',
          'results[2]: must name either a member or an obligor', 'results[2].hits: go with a suspicious outcome only',
          'results[3].hits: is missing: a suspicious outcome names its items'],
    'a check that names somebody without authorisation is refused, with all else that is wrong');
SELECT is((SELECT detail FROM pg_temp.refusal($$ SELECT aidcase.record_check('{"round_id": 999999999, "reference_no": "H-1",
    "requested_at": "2021-04-07T09:00:00+08:00", "results": [{"member": 1}]}') $$)),
    'round_id: is no round of your units', 'a round that does not exist');
SELECT is(record_check(format('{"round_id": %s, "reference_no": "H-1", "requested_at": "2021-04-07T09:00:00+08:00",
    "results": [{"member": %s}, {"obligor": "340702194608080342"}]}', :round, :m1)::jsonb), 2, 'a request for two');
SELECT results_eq(format($$ SELECT returned_at, outcome, requested_by = pg_temp.staff('x-clerk') FROM registry_check WHERE round_id = %s $$, :round),
    $$ VALUES (NULL::timestamptz, NULL::text, true), (NULL, NULL, true) $$, 'which are not answered yet');
SELECT is((SELECT detail FROM pg_temp.refusal(format($$ SELECT aidcase.record_check('{"round_id": %s, "reference_no": "H-1",
    "requested_at": "2021-04-07T09:00:00+08:00", "results": [{"member": %s}]}') $$, :round, :m1))),
    'results[0]: was already requested under this reference number', 'the same request twice');
SELECT is(record_check(format('{"round_id": %s, "reference_no": "H-1", "returned_at": "2021-04-08T16:00:00+08:00", "results": [
    {"member": "340702197001010018", "outcome": "suspicious", "hits": [
      {"registry": "vehicle", "description": "名下小轿车"}, {"registry": "bank", "description": "存款", "amount": "52000.5"}]},
    {"obligor": "340702194608080342", "outcome": "clean"}]}', :round)::jsonb), 2, 'the reply');
SELECT results_eq(format($$ SELECT c.outcome, c.requested_at, c.returned_at, h.registry, h.amount, h.raised_at
      FROM registry_check AS c LEFT JOIN registry_hit AS h USING (check_id) WHERE c.round_id = %s ORDER BY c.check_id, h.hit_id $$, :round),
    $$ VALUES ('suspicious', timestamptz '2021-04-07 09:00+08', timestamptz '2021-04-08 16:00+08', 'vehicle', NULL::numeric, timestamptz '2021-04-08 16:00+08'),
              ('suspicious', '2021-04-07 09:00+08', '2021-04-08 16:00+08', 'bank', 52000.50, '2021-04-08 16:00+08'),
              ('clean', '2021-04-07 09:00+08', '2021-04-08 16:00+08', NULL, NULL, NULL) $$, 'closes the requests and raises the hits');
SELECT is((SELECT detail FROM pg_temp.refusal(format($$ SELECT aidcase.record_check('{"round_id": %s, "reference_no": "H-1",
    "returned_at": "2021-04-08T16:00:00+08:00", "results": [{"member": %s, "outcome": "clean"}]}') $$, :round, :m1))),
    'results[0]: was already answered under this reference number', 'a reply twice');
SELECT results_eq(format($$ SELECT d.cancelled_at, d.cancel_reason = 'registry_hit ' || min(h.hit_id)
      FROM deadline AS d JOIN registry_hit AS h ON h.round_id = d.subject_id
     WHERE d.subject = 'case_round' AND d.subject_id = %s AND d.clock = 'decision_7wd' GROUP BY d.deadline_id $$, :round),
    $$ VALUES (timestamptz '2021-04-08 16:00+08', true) $$, 'the hit cancels the clock of clean cases, as the reason');

SELECT min(hit_id) AS hit, max(hit_id) AS hit2 FROM registry_hit WHERE round_id = :round \gset
SELECT throws_ok('SELECT clear_hit(0, ''not_confirmed'', ''x'')', '22023', 'there is no hit 0 in your units', 'a hit that does not exist');
SELECT throws_ok(format('SELECT clear_hit(%s, ''fine'', ''x'')', :hit), '22023', 'the finding is not a known one', 'another finding');
SELECT throws_ok(format('SELECT clear_hit(%s, ''not_confirmed'', '' '')', :hit), '22023', 'a finding needs a note', 'no note');
SELECT lives_ok(format('SELECT clear_hit(%s, ''not_confirmed'', ''车辆已报废'')', :hit), 'a hit is cleared');
SELECT results_eq(format('SELECT finding, cleared_at, cleared_by = pg_temp.staff(''x-clerk'') FROM registry_hit WHERE hit_id = %s', :hit),
    $$ VALUES ('not_confirmed', timestamptz '2021-04-09 17:00+08', true) $$, 'by whom and when');
SELECT throws_ok(format('SELECT clear_hit(%s, ''not_confirmed'', ''x'')', :hit), '55000', format('hit %s was already cleared', :hit), 'once only');

SELECT bag_eq(format($$ SELECT unnest(string_to_array(detail, E'\n')) FROM pg_temp.refusal($q$ SELECT aidcase.record_visit('{"round_id": %s,
    "visited_at": "2021-04-10T09:00:00+08:00", "visitors": ["x-visitor1", "x-visitor1"], "outcome": "fine", "raport": "x"}') $q$) $$, :round),
    ARRAY['visited_at: must not be in the future', 'visitors[1]: is the same person as the first',
          'outcome: must be one of seen, not_at_home, refused', 'raport: is not a key of this document; did you mean "report"?', 'report: is missing'],
    'a visit with all its faults');
SELECT is((SELECT detail FROM pg_temp.refusal(format($$ SELECT aidcase.record_visit('{"round_id": %s, "visited_at": "2021-04-08T09:00:00+08:00",
    "visitors": ["x-visitor1"], "outcome": "seen", "report": "x"}') $$, :round))), 'visitors: must have at least 2', 'one visitor is too few');
SELECT ok(record_visit(format('{"round_id": %s, "visited_at": "2021-04-08T09:00:00+08:00", "visitors": ["x-visitor1", "x-visitor2"],
    "outcome": "seen", "report": "属实"}', :round)::jsonb) IS NOT NULL, 'a visit by two');
SELECT results_eq(format('SELECT case_id, visitor_id = pg_temp.staff(''x-visitor1''), second_visitor_id = pg_temp.staff(''x-visitor2''), outcome FROM home_visit WHERE round_id = %s', :round),
    format('VALUES (%s::bigint, true, true, ''seen'')', :case), 'is recorded');

-- evaluation and combined opinion
SELECT refusal_reason AS refusal FROM refusal_reason ORDER BY sort LIMIT 1 \gset
SELECT bag_eq(format($$ SELECT regexp_replace(unnest(string_to_array(detail, E'\n')), 'must be one of .*', 'must be one of') FROM pg_temp.refusal($q$ SELECT aidcase.record_evaluation('{"round_id": %s,
    "score": 101, "opinion": [
     {"matter": "living", "department": "housing", "outcome": "granted", "programme": "dibao"},
     {"matter": "living", "department": "civil_affairs", "outcome": "granted"},
     {"matter": "medical", "department": "health", "outcome": "referred", "amount": "5"},
     {"matter": "living", "department": "civil_affairs", "outcome": "refused", "programme": "dibao"},
     {"matter": "living", "department": "civil_affairs", "outcome": "refused", "programme": "alms", "refusal_reason": "none"}]}') $q$) $$, :round),
    ARRAY['score: must be from 0 to 100', 'summary: is missing',
          'opinion[0].department: must be civil_affairs for a programme of civil affairs',
          'opinion[0].outcome: cannot be granted: there is no determination of the programme',
          'opinion[1].programme: is missing: what civil affairs grants, it grants in a programme',
          'opinion[2].reply_due: is missing', 'opinion[2].amount: goes with what is granted only',
          'opinion[3].programme: is listed twice', 'opinion[3].refusal_reason: is missing',
          'opinion[4].programme: must be one of', 'opinion[4].refusal_reason: must be one of'],
    'an evaluation with all its faults');
INSERT INTO determination (case_id, round_id, programme, on_date, benefit_month, members, annual_income, monthly_income, per_capita,
                           standard, eligible, base_amount, addon_amount, amount, reasons, illustrative, determined_at)
SELECT :case, :round, v.programme, '2021-04-06', '2021-05-01', 3, 9600, 800, 266, 650, v.eligible, v.amount, 0, v.amount, v.reasons, true,
       '2021-04-09 10:00+08'
  FROM (VALUES ('dibao', false, 0, ARRAY[:'refusal']), ('dibao', true, 400, '{}'), ('dibao', true, 350, '{}'),
               ('low_income', true, 0, '{}'), ('low_income', false, 0, ARRAY[:'refusal'])) AS v (programme, eligible, amount, reasons);
SELECT bag_eq(format($$ SELECT unnest(string_to_array(detail, E'\n')) FROM pg_temp.refusal($q$ SELECT aidcase.record_evaluation('{"round_id": %s,
    "summary": "x", "opinion": [
     {"matter": "living", "department": "civil_affairs", "outcome": "granted", "programme": "dibao", "amount": "400"},
     {"matter": "living", "department": "civil_affairs", "outcome": "granted", "programme": "low_income"}]}') $q$) $$, :round),
    ARRAY['opinion[0].amount: must lie in the range of the determination',
          'opinion[1].outcome: cannot be granted: the latest determination says not eligible'],
    'what is granted must agree with the latest determination');
SELECT ok(record_evaluation(format('{"round_id": %s, "needs": ["医疗", "就业"], "score": 62.5, "summary": "困难", "opinion": [
     {"matter": "living", "department": "civil_affairs", "outcome": "refused", "programme": "dibao", "refusal_reason": "%s"},
     {"matter": "medical", "department": "medical_insurance", "outcome": "referred", "reply_due": "2021-04-20"}]}', :round, :'refusal')::jsonb) IS NOT NULL,
    'an evaluation');
SELECT ok(record_evaluation(format('{"round_id": %s, "summary": "困难,复议", "opinion": [
     {"matter": "living", "department": "civil_affairs", "outcome": "granted", "programme": "dibao"}]}', :round)::jsonb) IS NOT NULL,
    'a later one');
SELECT results_eq(format('SELECT matter, outcome, void, o.amount, d.amount FROM assistance_opinion AS o LEFT JOIN determination AS d USING (determination_id) WHERE o.round_id = %s ORDER BY opinion_id', :round),
    $$ VALUES ('living', 'refused', true, NULL::numeric, 350.00), ('medical', 'referred', true, NULL, NULL), ('living', 'granted', false, 350.00, 350.00) $$,
    'replaces the lines of the one before and cites the latest determination, with its amount');
SELECT results_eq(format('SELECT needs, score, evaluated_at, evaluated_by = pg_temp.staff(''x-clerk'') FROM evaluation WHERE round_id = %s ORDER BY evaluation_id', :round),
    $$ VALUES (ARRAY['医疗', '就业'], 62.5, timestamptz '2021-04-09 17:00+08', true), ('{}', NULL, '2021-04-09 17:00+08', true) $$, 'both are kept');

-- hand-over, delivery, payee
SELECT bag_eq(format($$ SELECT unnest(string_to_array(detail, E'\n')) FROM pg_temp.refusal($q$ SELECT aidcase.record_handover('{"round_id": %s,
    "handed_at": "2021-04-06T08:00:00+08:00", "amount": "0", "form": "cash", "recipient": "340702194608080342", "receipt_no": "R1", "witness": "x-clerk"}') $q$) $$, :round),
    ARRAY['handed_at: must not lie before the first contact', 'amount: must be more than 0', 'recipient: is no member of the round',
          'witness: must be somebody other than who handed over'], 'a hand-over with all its faults');
SELECT ok(record_handover(format('{"round_id": %s, "handed_at": "2021-04-06T18:00:00+08:00", "amount": "500.00", "form": "cash",
    "recipient": %s, "receipt_no": "R1", "witness": "x-visitor1"}', :round, :m1)::jsonb) IS NOT NULL, 'a hand-over');
SELECT is((SELECT detail FROM pg_temp.refusal(format($$ SELECT aidcase.record_handover('{"round_id": %s, "handed_at": "2021-04-06T18:00:00+08:00",
    "amount": "500", "form": "cash", "recipient": %s, "receipt_no": "R1", "witness": "x-visitor1"}') $$, :round, :m1))),
    'receipt_no: was already recorded for this round', 'a receipt counts once');
SELECT is((SELECT detail FROM pg_temp.refusal(format($$ SELECT aidcase.record_delivery('{"round_id": %s, "kind": "letter", "document_no": "1",
    "delivered_at": "2021-04-08T10:00:00+08:00", "manner": "in_person", "recipient": "甲", "delivered_by": "nobody"}') $$, :round))),
    E'delivered_by: is no member of staff on that day\nkind: must be one of acceptance, missing_papers, authorisation, visit_form, review_form, decision, refusal, publicity, change, stop, transfer_list, minutes', 'a delivery with its faults');
SELECT ok(record_delivery(format('{"round_id": %s, "kind": "acceptance", "document_no": "受2021-1", "delivered_at": "2021-04-08T10:00:00+08:00",
    "manner": "in_person", "recipient": "甲"}', :round)::jsonb) IS NOT NULL, 'a delivery');
SELECT ok(set_payee(:case, '{"kind": "guardian", "holder_name": "乙", "bank": "某银行", "account_no": "621700000000001"}', '2021-05-01') IS NOT NULL, 'another account');
SELECT results_eq(format('SELECT kind, valid FROM payee_account WHERE case_id = %s ORDER BY account_id', :case),
    $$ VALUES ('person', daterange('2021-04-06', '2021-05-01')), ('guardian', daterange('2021-05-01', NULL)) $$, 'ends the former one');
SELECT is((SELECT detail FROM pg_temp.refusal(format($$ SELECT aidcase.set_payee(%s, '{"kind": "guardian", "holder_name": "乙", "bank": "某银行", "account_no": "12"}', '2021-05-01') $$, :case))),
    E'account_no: must have 12 to 21 digits\nvalid_from: must lie after the start of the account in force', 'an account with its faults');

-- the file
SELECT results_eq(format($$ SELECT f ->> 'case_no' = (SELECT case_no FROM aid_case WHERE case_id = %1$s), jsonb_array_length(f -> 'rounds'),
        jsonb_array_length(f #> '{rounds,0,case_member}'), f #>> '{rounds,0,case_member,0,citizen_id}',
        jsonb_array_length(f #> '{rounds,0,registry_hit}'), jsonb_array_length(f -> 'payee_account'), jsonb_array_length(f #> '{rounds,1,case_member}')
        FROM case_file(%1$s) AS f $$, :case),
    $$ VALUES (true, 2, 4, '340702197001010018', 2, 2, 4) $$, 'case_file shows everything of the household');
SELECT throws_ok('SELECT case_file(0)', '22023', 'there is no case 0 in your units', 'a case that does not exist');

-- ---------------------------------------------------------------------
-- Review
SELECT throws_ok(format('SELECT open_review(%s)', :case), '55000', 'the case has a round that is not decided yet', 'no second round beside an open one');
SELECT throws_ok('SELECT open_review(0)', '22023', 'there is no case 0 in your units', 'no case');
SELECT throws_ok(format('SELECT open_review(%s, ''takeover'')', :case), '22023', 'a round of this kind cannot be opened from the last one', 'no such kind');
INSERT INTO procedure_in_force (subject, round_kind, workflow_id, valid)
SELECT 'case_round', 'review', w.workflow_id, '[2020-01-01,)' FROM workflow AS w
 WHERE w.name = 'ordinary_delegated' AND w.version = 1
   AND NOT EXISTS (SELECT FROM procedure_in_force AS p WHERE p.subject = 'case_round' AND coalesce(p.round_kind, 'review') = 'review');
INSERT INTO case_member (case_id, round_id, name, birth_date, sex, relation, work_ability, void)
SELECT :case, round_id, '误录', '1990-01-01', 'male', 'other', 'able', true FROM again;
SET LOCAL session_replication_role = replica;
UPDATE case_round AS r SET state = s.state FROM workflow_state AS s
 WHERE r.case_id = :case AND s.workflow_id = r.workflow_id AND s.state = 'in_benefit';
SET LOCAL session_replication_role = origin;
SET LOCAL aidcase.clock = '2021-10-11 09:00+08';
SELECT open_review(:case) AS review \gset
SELECT results_eq(format('SELECT round_kind, round_no, state, first_contact_at, outside_key FROM case_round WHERE round_id = %s', :review),
    $$ VALUES ('review', 3, 'filed', timestamptz '2021-10-11 09:00+08', NULL::text) $$, 'a review is the next round');
SELECT results_eq(format('SELECT person_id, citizen_id, name, relation, counted FROM case_member WHERE round_id = %s ORDER BY member_id', :review),
    'SELECT person_id, citizen_id, name, relation, counted FROM case_member JOIN again USING (round_id) WHERE NOT void ORDER BY member_id',
    'with the same persons, but those entered by mistake');
SELECT results_eq(format('SELECT m.name, i.income_kind, i.amount, i.basis, i.source FROM income_item AS i JOIN case_member AS m USING (member_id, round_id) WHERE i.round_id = %s ORDER BY income_id', :review),
    'SELECT m.name, i.income_kind, i.amount, i.basis, i.source FROM income_item AS i JOIN case_member AS m USING (member_id) JOIN again ON again.round_id = i.round_id ORDER BY income_id',
    'their incomes');
SELECT results_eq(format($$ SELECT (SELECT count(*) FROM obligor WHERE round_id = %1$s), (SELECT count(*) FROM property_item WHERE round_id = %1$s),
        (SELECT count(*) FROM expense_item WHERE round_id = %1$s), (SELECT count(*) FROM case_cause WHERE round_id = %1$s),
        (SELECT count(*) FROM commitment WHERE round_id = %1$s) $$, :review),
    $$ VALUES (1::bigint, 1::bigint, 1::bigint, 2::bigint, 0::bigint) $$, 'and all else but the commitment');
SELECT results_eq(format('SELECT m.name, a.valid_until FROM authorisation AS a JOIN case_member AS m USING (member_id) WHERE a.round_id = %s', :review),
    $$ VALUES ('甲', date '2022-04-05') $$, 'an authorisation goes on while it is in force');

-- ---------------------------------------------------------------------
-- With a clerk's rights, and those of a clerk of another unit
CREATE FUNCTION pg_temp.as_role(name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
    detail text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', name);
    EXECUTE statement INTO answer;
    RESET ROLE;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || SQLERRM || coalesce(': ' || nullif(detail, ''), '');
END
$$;
UPDATE policy_parameter SET valid = '[2019-07-01,2021-10-01)' WHERE name = 'paper_entry_days';     -- the papers are of April
SELECT pg_temp.as_role('t_clerk', format('SELECT f.round_id FROM aidcase.file_case(%L) AS f', doc - 'outside_key' - 'handler' - 'first_contact_at')) AS own FROM good \gset
SELECT ok(:'own' ~ '^[0-9]+$', 'a clerk files');
SELECT case_id AS own_case FROM case_round WHERE round_id = :own \gset
SELECT is(pg_temp.as_role('t_clerk', format($$ SELECT aidcase.record_check('{"round_id": %s, "reference_no": "H-9", "requested_at": "2021-10-11T09:00:00+08:00",
    "returned_at": "2021-10-11T09:00:00+08:00", "results": [{"member": "340702197001010018", "outcome": "suspicious",
    "hits": [{"registry": "bank", "description": "x"}]}]}') $$, :own)), '1', 'records a check');
SELECT is(pg_temp.as_role('t_clerk', format($$ SELECT aidcase.clear_hit(hit_id, 'confirmed_counted', 'x') FROM aidcase.registry_hit WHERE round_id = %s $$, :own)), '', 'clears its hit');
SELECT is((SELECT count(*) FROM registry_hit WHERE round_id = :own AND cleared_at IS NOT NULL), 1::bigint, 'which is cleared');
SELECT ok(pg_temp.as_role('t_clerk', format($$ SELECT aidcase.record_visit('{"round_id": %s, "visited_at": "2021-10-11T09:00:00+08:00",
    "visitors": ["x-visitor1", "x-visitor2"], "outcome": "seen", "report": "x"}') $$, :own)) ~ '^[0-9]+$', 'records a visit');
SELECT ok(pg_temp.as_role('t_clerk', format($$ SELECT aidcase.record_evaluation('{"round_id": %s, "summary": "x", "opinion": [{"matter": "medical",
    "department": "health", "outcome": "referred", "reply_due": "2021-10-20"}]}') $$, :own)) ~ '^[0-9]+$', 'an evaluation');
SELECT ok(pg_temp.as_role('t_clerk', format($$ SELECT aidcase.record_evaluation('{"round_id": %s, "summary": "y", "opinion": []}') $$, :own)) ~ '^[0-9]+$', 'another');
SELECT ok(pg_temp.as_role('t_clerk', format($$ SELECT aidcase.record_delivery('{"round_id": %s, "kind": "acceptance", "document_no": "1",
    "delivered_at": "2021-10-11T09:00:00+08:00", "manner": "post", "recipient": "甲"}') $$, :own)) ~ '^[0-9]+$', 'a delivery');
SELECT ok(pg_temp.as_role('t_clerk', format($$ SELECT aidcase.set_payee(%s, '{"kind": "guardian", "holder_name": "乙", "bank": "某银行",
    "account_no": "621700000000001"}', '2021-11-01') $$, :own_case)) ~ '^[0-9]+$', 'an account');
SELECT is(pg_temp.as_role('t_clerk', format($$ SELECT aidcase.case_file(%s) #>> '{rounds,0,home_visit,0,outcome}' $$, :own_case)), 'seen', 'and reads the file');
SELECT act_as(pg_temp.staff('d-clerk')) AS acts \gset
SELECT is(pg_temp.as_role('t_other', format('SELECT aidcase.case_file(%s)', :own_case)),
    format('22023 there is no case %s in your units', :own_case), 'a clerk of another unit has no file of it');
SELECT is(pg_temp.as_role('t_other', format($$ SELECT aidcase.record_visit('{"round_id": %s, "visited_at": "2021-10-11T09:00:00+08:00",
    "visitors": ["x-visitor1", "x-visitor2"], "outcome": "seen", "report": "x"}') $$, :own)),
    'ZA007 the visit has 1 fault: round_id: is no round of your units', 'cannot add to it');
SELECT is(pg_temp.as_role('t_other', format('SELECT aidcase.open_review(%s)', :own_case)),
    format('22023 there is no case %s in your units', :own_case), 'nor open a review');
SELECT is(pg_temp.as_role('t_other', format($$ SELECT aidcase.set_payee(%s, '{"kind": "guardian", "holder_name": "乙", "bank": "某银行",
    "account_no": "621700000000001"}', '2021-12-01') $$, :own_case)), 'ZA007 the payee has 1 fault: case_id: is no case of your units', 'nor change the account');
SELECT act_as(pg_temp.staff('b-clerk')) AS acts \gset
SELECT ok(pg_temp.as_role('t_analyst', format('SELECT aidcase.case_file(%s)', :own_case))::jsonb #> '{rounds,0,case_member,0}' ?& '{birth_date,relation}'
      AND NOT pg_temp.as_role('t_analyst', format('SELECT aidcase.case_file(%s)', :own_case))::jsonb #> '{rounds,0,case_member,0}' ?| '{name,citizen_id}',
    'an analyst gets the file without identities');

-- The table refuses what the document may not hold
SELECT throws_ok(format($$ INSERT INTO income_item (case_id, round_id, member_id, income_kind, amount, basis, source)
    SELECT case_id, round_id, member_id, 'wage', -0.01, 'month', 'declared' FROM income_item WHERE round_id = %s LIMIT 1 $$, :review), '23514',
    'an income of kind "wage" must not be negative', 'only business can make a loss');
SELECT throws_ok(format($$ INSERT INTO income_item (case_id, round_id, member_id, income_kind, amount, basis, source)
    SELECT case_id, round_id, member_id, 'wage', 'NaN', 'month', 'declared' FROM income_item WHERE round_id = %s LIMIT 1 $$, :review), '23514',
    NULL, 'an amount is a number');

-- Nobody acts
SELECT act_as(NULL) AS nobody \gset
SELECT throws_ok(format($$ SELECT record_delivery('{"round_id": %s, "kind": "decision", "document_no": "1",
    "delivered_at": "2021-10-11T08:00:00+08:00", "manner": "post", "recipient": "甲"}') $$, :round), 'ZA005', 'nobody acts in this session',
    'what is written needs somebody who did it');

SELECT * FROM finish();
ROLLBACK;
