-- conflicts.sql: conflicts of every type, planted into a synthetic district
-- that has run, and which of them are flagged.
--
--   psql "host=… dbname=district user=postgres" -v unit=340705006 -f test/district/conflicts.sql
--
-- What is planted goes the ordinary way: household registers, officials,
-- contacts, accounts, members of staff.  The expected flags are written down
-- beside each, from what is planted, the votes and the visits; they are not
-- computed by what raises flags.  Prints for each type how many are planted,
-- found, missed and false.  All of it is undone.
\set ON_ERROR_STOP on
\pset footer off
SET search_path = aidcase, pg_catalog;
SET client_min_messages = warning;
BEGIN;
SET LOCAL aidcase.clock = '2021-06-30 18:00+08';

-- Households that the unit confirmed and group3 and group4 voted for, without
-- a tie in the plan, in the order of their numbers; 11 and 12 of one person.
CREATE TEMP TABLE house AS
SELECT (row_number() OVER (ORDER BY h.size = 1 DESC, h.h) + 9) % 12 + 1 AS no, h.h, f.round_id, f.case_id, m.citizen_id::citizen_id AS head, m.name, h.phone, h.account_no
  FROM district.household AS h
  JOIN district.filed AS f USING (h)
  JOIN district.member AS m ON m.h = h.h AND m.n = 1
  JOIN case_round AS r ON r.round_id = f.round_id AND r.decided_on IS NOT NULL
 WHERE h.unit_code = :'unit' AND NOT EXISTS (SELECT FROM district.tie AS t WHERE t.h = h.h)
   AND EXISTS (SELECT FROM assistance_opinion AS o WHERE o.round_id = f.round_id AND o.outcome = 'granted' AND NOT o.void)
   AND 2 = (SELECT count(*) FROM review_vote AS v JOIN staff AS s USING (staff_id)
             WHERE v.round_id = f.round_id AND v.vote = 'agree' AND s.staff_no IN (:'unit' || '-group3', :'unit' || '-group4'))
   AND NOT EXISTS (SELECT FROM district.household AS o WHERE o.h <> h.h AND o.phone = h.phone)
 ORDER BY h.size = 1 DESC, h.h LIMIT 12;
SELECT count(*) >= 12 AS enough FROM house \gset
\if :enough
\else
DO $$ BEGIN RAISE EXCEPTION 'the district has too few households for this; make a larger one'; END $$;
\endif
CREATE FUNCTION pg_temp.staff(tag text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = current_setting('district.unit') || '-' || tag $$;
SELECT set_config('district.unit', :'unit', true) \g /dev/null

CREATE TEMP TABLE expected (flag_type text, round_id bigint, staff_id bigint);

-- What the plan of the district has: filed ties, and those of the applicants
-- who deny them.  Unfiled ones come to light now, from the household registers.
INSERT INTO expected
SELECT v.flag_type, f.round_id, s.staff_id
  FROM district.tie AS t JOIN district.filed AS f USING (h) JOIN staff AS s USING (staff_no)
 CROSS JOIN LATERAL (VALUES ('relative_of_staff', true), ('false_statement', t.state <> 'filed'),
        ('relative_of_handler', EXISTS (SELECT FROM review_vote AS x WHERE x.round_id = f.round_id AND x.staff_id = s.staff_id AND x.vote <> 'recused'))) AS v (flag_type, holds)
 WHERE v.holds;
INSERT INTO kin_record (unit_id, person, person_name, relative, relative_name, relation, evidence, recorded_on)
SELECT unit_id('340705'), s.citizen_id, s.name, m.citizen_id::citizen_id, m.name, t.relation, 'household_register', today()
  FROM district.tie AS t JOIN district.filed AS f USING (h) JOIN staff AS s USING (staff_no) JOIN district.member AS m ON m.h = t.h AND m.n = t.n
 WHERE t.state = 'unfiled' AND t.relation IN ('parent', 'sibling');
DELETE FROM expected AS e USING district.tie AS t, district.filed AS f
 WHERE f.h = t.h AND e.round_id = f.round_id AND t.state = 'unfiled' AND t.relation NOT IN ('parent', 'sibling');

-- 1, 3, 4: brothers and sisters of group3, in three households; 2: of group4.
-- Each voted for the others' relatives: favours.
INSERT INTO kin_record (unit_id, person, person_name, relative, relative_name, relation, evidence, recorded_on)
SELECT unit_id('340705'), s.citizen_id, s.name, h.head, h.name, 'sibling', 'household_register', today()
  FROM house AS h JOIN staff AS s ON s.staff_id = pg_temp.staff(CASE h.no WHEN 2 THEN 'group4' ELSE 'group3' END) WHERE h.no <= 4;
INSERT INTO expected
SELECT v.flag_type, h.round_id, pg_temp.staff(CASE h.no WHEN 2 THEN 'group4' ELSE 'group3' END)
  FROM house AS h, (VALUES ('relative_of_staff'), ('relative_of_handler'), ('false_statement')) AS v (flag_type) WHERE h.no <= 4
UNION ALL
SELECT 'reciprocal_favours', h.round_id, pg_temp.staff(CASE h.no WHEN 2 THEN 'group3' ELSE 'group4' END) FROM house AS h WHERE h.no <= 4
UNION ALL
SELECT 'concentration', h.round_id, pg_temp.staff('group3') FROM house AS h WHERE h.no IN (1, 3, 4);
-- 5: the head holds public office; 6: a brother or sister does, and declares it
SELECT file_officials(jsonb_build_object('unit', :'unit', 'declared_on', today(), 'officials', jsonb_agg(jsonb_build_object(
           'citizen_id', o.citizen, 'name', o.name, 'employer', '某局')))) AS officials
  FROM (SELECT h.head::text, h.name FROM house AS h WHERE h.no = 5
        UNION ALL SELECT district.citizen_number('340702', '1971-03-04', 951), '某甲') AS o (citizen, name) \g /dev/null
SELECT file_relatives(jsonb_build_object('official', district.citizen_number('340702', '1971-03-04', 951), 'declared_on', today(),
           'relatives', jsonb_build_array(jsonb_build_object('relation', 'sibling', 'citizen_id', h.head, 'name', h.name))))
  FROM house AS h WHERE h.no = 6 \g /dev/null
INSERT INTO expected SELECT CASE h.no WHEN 5 THEN 'public_official' ELSE 'relative_of_official' END, h.round_id, NULL FROM house AS h WHERE h.no IN (5, 6);
-- 7: group2 answers the telephone; 8: and owns the account
INSERT INTO staff_contact (staff_id, kind, value, valid)
SELECT pg_temp.staff('group2'), CASE h.no WHEN 7 THEN 'phone' ELSE 'account' END, CASE h.no WHEN 7 THEN '+86 ' || h.phone ELSE h.account_no END, '[2020-01-01,)'
  FROM house AS h WHERE h.no IN (7, 8);
INSERT INTO expected
SELECT CASE h.no WHEN 7 THEN 'shared_contact_staff' ELSE 'shared_account_staff' END, h.round_id, pg_temp.staff('group2') FROM house AS h WHERE h.no IN (7, 8);
-- 9 takes the account of 10, which the leader approves
SELECT act_as(pg_temp.staff('clerk1')) \g /dev/null
SELECT set_payee(h.case_id, jsonb_build_object('kind', 'person', 'holder_name', h.name, 'holder_citizen_id', h.head, 'bank', '农商行', 'account_no', o.account_no, 'evidence', '本人申请'), today() + 1) AS change
  FROM house AS h, house AS o WHERE h.no = 9 AND o.no = 10 \gset
SELECT act_as(pg_temp.staff('leader')) \g /dev/null
SELECT advance('payee_change', :change, 'approve') \g /dev/null
INSERT INTO expected SELECT 'shared_account', h.round_id, NULL FROM house AS h WHERE h.no IN (9, 10);
-- 11 becomes a member of staff; the number of visitor1, who visited 12, is that of its head
INSERT INTO staff (staff_no, name, citizen_id, employed) SELECT 'planted', h.name, h.head, '[2021-01-01,)' FROM house AS h WHERE h.no = 11;
UPDATE staff AS s SET citizen_id = h.head FROM house AS h WHERE h.no = 12 AND s.staff_id = pg_temp.staff('visitor1');
INSERT INTO expected
SELECT 'beneficiary_is_staff', h.round_id, CASE h.no WHEN 11 THEN (SELECT s.staff_id FROM staff AS s WHERE s.staff_no = 'planted') ELSE pg_temp.staff('visitor1') END
  FROM house AS h WHERE h.no IN (11, 12)
UNION ALL
SELECT 'own_case', h.round_id, pg_temp.staff('visitor1') FROM house AS h WHERE h.no = 12;

CREATE TEMP TABLE flagged AS SELECT DISTINCT f.flag_type, f.round_id, f.staff_id FROM conflict_flag AS f WHERE f.state <> 'void';
-- rounds after the planted ones have the same parties
INSERT INTO expected
SELECT DISTINCT e.flag_type, n.round_id, e.staff_id FROM expected AS e JOIN case_round AS r USING (round_id)
  JOIN case_round AS n ON n.case_id = r.case_id AND n.round_id > r.round_id
 WHERE e.flag_type NOT IN ('relative_of_handler', 'own_case', 'reciprocal_favours');

SELECT t.flag_type, count(*) FILTER (WHERE e.flag_type IS NOT NULL) AS planted,
       count(*) FILTER (WHERE e.flag_type IS NOT NULL AND f.flag_type IS NOT NULL) AS found,
       count(*) FILTER (WHERE e.flag_type IS NOT NULL AND f.flag_type IS NULL) AS missed,
       count(*) FILTER (WHERE e.flag_type IS NULL AND f.flag_type IS NOT NULL) AS false
  FROM flag_type AS t
  LEFT JOIN (SELECT DISTINCT * FROM expected) AS e
       FULL JOIN flagged AS f ON f.flag_type = e.flag_type AND f.round_id = e.round_id AND coalesce(f.staff_id, 0) = coalesce(e.staff_id, 0)
    ON t.flag_type = coalesce(e.flag_type, f.flag_type)
 GROUP BY t.flag_type, t.sort ORDER BY t.sort;
-- what the sweep makes of it
SELECT added, changed, voided FROM conflict_sweep();
ROLLBACK;
