-- Filings: declarations, filings of a case, papers, sheets, names without a
-- number, who has not filed; and what nobody learns from them.
\set ECHO none
\set QUIET 1
SET search_path = aidcase, tap, public;
BEGIN;
\ir parts/household.sql
SELECT plan(94);
SET LOCAL aidcase.clock = '2021-04-06 09:00+08';

CREATE FUNCTION pg_temp.staff(no text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT staff_id FROM aidcase.staff WHERE staff_no = no $$;
-- What a document is refused with, line by line.
CREATE FUNCTION pg_temp.faults(login text, command text) RETURNS SETOF text LANGUAGE sql AS
$$ SELECT unnest(string_to_array(split_part(pg_temp.told(login, command), '|', 2), E'\n')) $$;
CREATE FUNCTION pg_temp.file(login text, doc text) RETURNS bigint LANGUAGE sql AS
$$ SELECT pg_temp.by_login(login, format('SELECT aidcase.file_relatives(%L)', doc))::bigint $$;
CREATE FUNCTION pg_temp.ties(who text) RETURNS TABLE (other text, relation text, valid daterange, source text, void boolean) LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN t.person::text = who THEN t.relative ELSE t.person END::text,
           CASE WHEN t.person::text = who THEN t.relation ELSE k.inverse END, t.valid, t.source, t.void
      FROM aidcase.kin_tie AS t JOIN aidcase.kin_relation AS k USING (relation) WHERE who IN (t.person::text, t.relative::text)
$$;
-- People: clerk A (born 1980), parents, spouse, child, brother; an official.
SELECT pg_temp.citizen('340702', '1980-01-01', 1) AS a, pg_temp.citizen('340702', '1950-01-01', 1) AS father,
       pg_temp.citizen('340702', '1952-01-01', 2) AS mother, pg_temp.citizen('340702', '1981-01-01', 2) AS wife,
       pg_temp.citizen('340702', '2005-01-01', 1) AS son, pg_temp.citizen('340702', '1985-01-01', 1) AS brother,
       pg_temp.citizen('340702', '1970-06-01', 1) AS official, pg_temp.citizen('340702', '1945-06-01', 2) AS omother,
       pg_temp.citizen('340702', '1983-03-03', 2) AS stranger \gset
UPDATE staff SET citizen_id = :'a' WHERE staff_no = 'x-clerk';

-- ---------------------------------------------------------------------
-- Declarations
SELECT bag_eq(format($q$ SELECT pg_temp.faults('t_clerk', $c$ SELECT aidcase.file_relatives('{"staff": "x-clerk", "declared_on": "2021-04-06", "corrects": true, "relatives": [
    {"relation": "parent", "citizen_id": "%s", "name": "子"}, {"relation": "child", "citizen_id": "%s", "name": "父"}, {"relation": "sibling", "citizen_id": "%s", "name": "本人"},
    {"relation": "spouse", "citizen_id": "%s", "name": "妻", "since": "1980-12-31"}, {"relation": "spouse", "name": "另", "birth_date": "1982-01-01"},
    {"relation": "cousin", "name": "无号"}, {"relation": "sibling", "citizen_id": "%s", "name": "弟", "birth_date": "1985-01-02", "parentage": "blood", "since": "2001-01-01"},
    {"relation": "child", "name": "未来", "birth_date": "2021-04-07", "ended_by": "death"}, {"relation": "parent", "name": "母", "citizen_id": "%s", "until": "2010-01-01", "since": "2010-01-01"}]}') $c$) $q$,
    :'son', :'father', :'a', :'wife', :'brother', :'mother'),
    ARRAY['corrects: finds no declaration to correct', 'relatives[0].relation: must be older than the person', 'relatives[1].relation: must be younger than the person',
          'relatives[2].relation: must be another person', 'relatives[3].relation: must not begin before the birth of either',
          'relatives[4].relation: is a second spouse at that time', 'relatives[5].citizen_id: is missing and there is no birth date to find the person by',
          'relatives[6].birth_date: contradicts the citizen number', 'relatives[6].parentage: goes with a parent or child only',
          'relatives[6].since: goes with a spouse, parent or child only', 'relatives[7].birth_date: must not be in the future',
          'relatives[7].ended_by: goes with "until" only', 'relatives[8].until: must lie after "since"', 'relatives[8].ended_by: is missing'],
    'everything that cannot be, at once, by path');
SELECT bag_eq($$ SELECT pg_temp.faults('t_clerk', $c$ SELECT aidcase.file_relatives('{"declared_on": "2021-04-06", "relatives": []}') $c$) $$, ARRAY['staff: is missing'], 'by nobody');
SELECT bag_eq(format($q$ SELECT pg_temp.faults('t_clerk', $c$ SELECT aidcase.file_relatives('{"staff": "x-clerk", "official": "%s", "declared_on": "2021-04-06", "relatives": []}') $c$) $q$, :'official'),
    ARRAY['staff: must not be named beside "official"'], 'by two');
SELECT bag_eq(format($q$ SELECT pg_temp.faults('t_clerk', $c$ SELECT aidcase.file_relatives('{"official": "%s", "declared_on": "2021-04-06", "relatives": []}') $c$) $q$, :'official'),
    ARRAY['official: is no public official who was filed by that day with your units'], 'by an official whom nobody filed');
SELECT bag_eq(format($q$ SELECT pg_temp.faults('t_clerk', $c$ SELECT aidcase.file_relatives('{"staff": "x-clerk", "declared_on": "2021-04-06", "relatives": [
    {"relation": "parent", "citizen_id": "%s", "name": "父"}, {"relation": "parent", "citizen_id": "%s", "name": "另一个父"}]}') $c$) $q$, :'father', pg_temp.citizen('340702', '1945-01-01', 3)),
    ARRAY['relatives[1].relation: is a second father by birth'], 'two fathers by birth');
SELECT pg_temp.file('t_clerk', format('{"staff": "x-clerk", "declared_on": "2021-01-10", "relatives": [
    {"relation": "parent", "citizen_id": "%s", "name": "父"}, {"relation": "spouse", "citizen_id": "%s", "name": "妻", "since": "2004-05-01"}, {"relation": "sibling", "citizen_id": "%s", "name": "弟"}]}',
    :'father', :'wife', :'brother')) AS f1 \gset
SELECT bag_eq(format('SELECT * FROM pg_temp.ties(%L)', :'a'), format($$ VALUES (%L, 'parent', '(,)'::daterange, 'relative_filing', false), (%L, 'spouse', '[2004-05-01,)', 'relative_filing', false),
    (%L, 'sibling', '(,)', 'relative_filing', false) $$, :'father', :'wife', :'brother'), 'a declaration makes ties');
-- a later one leaves out wife and father, a nil return the brother
SELECT pg_temp.file('t_clerk', format('{"staff": "x-clerk", "declared_on": "2021-03-01", "relatives": [{"relation": "sibling", "citizen_id": "%s", "name": "弟"}]}', :'brother')) AS f2 \gset
SELECT bag_eq(format('SELECT other, relation, valid, void FROM pg_temp.ties(%L)', :'a'), format($$ VALUES (%L, 'parent', '(,)'::daterange, false), (%L, 'spouse', '[2004-05-01,2021-03-01)', false),
    (%L, 'sibling', '(,)', false) $$, :'father', :'wife', :'brother'), 'what a later one leaves out: a marriage ends, blood does not');
SELECT pg_temp.file('t_clerk', '{"staff": "x-clerk", "declared_on": "2021-03-02", "relatives": []}') AS f3 \gset
SELECT is((SELECT count(*) FROM pg_temp.ties(:'a') WHERE NOT void), 3::bigint, 'a nil return neither');
SELECT pg_temp.file('t_clerk', format('{"staff": "x-clerk", "declared_on": "2021-03-03", "corrects": true, "relatives": [{"relation": "spouse", "citizen_id": "%s", "name": "妻", "since": "2004-05-01"}]}', :'wife')) AS f4 \gset
SELECT is((SELECT f.corrects = :f3 FROM staff_filing AS f WHERE f.filing_id = :f4), true, 'a correction takes the last one back');
SELECT bag_eq(format('SELECT other, valid FROM pg_temp.ties(%L) WHERE relation = ''spouse'' AND NOT void', :'a'), format($$ VALUES (%L, '[2004-05-01,)'::daterange) $$, :'wife'),
    'the marriage is declared again');
SELECT pg_temp.file('t_clerk', format('{"staff": "x-clerk", "declared_on": "2021-03-04", "relatives": [{"relation": "child", "citizen_id": "%s", "name": "错"}]}', :'stranger')) IS NOT NULL AS x \gset
SELECT pg_temp.file('t_clerk', format('{"staff": "x-clerk", "declared_on": "2021-03-04", "corrects": true, "relatives": [{"relation": "child", "citizen_id": "%s", "name": "子"}]}', :'son')) IS NOT NULL AS x \gset
SELECT bag_eq(format('SELECT other, void FROM pg_temp.ties(%L) WHERE relation = ''child''', :'a'), format($$ VALUES (%L, true), (%L, false) $$, :'stranger', :'son'),
    'a wrong number is taken back, on the same day too');
SELECT is(pg_temp.told('t_clerk', '{"x": 1}') ~ '^42601', true, 'no nonsense');
SELECT is(pg_temp.told('t_bureau', 'UPDATE aidcase.relative_filing SET name = ''x''') || pg_temp.told('t_bureau', 'UPDATE aidcase.staff_filing SET nil_return = true'),
    '42501 permission denied for table relative_filing||42501 permission denied for table staff_filing||', 'a declaration is never changed');
SELECT is(pg_temp.told('t_bureau', $$ INSERT INTO aidcase.staff_filing (staff_id, unit_id, declared_on, nil_return) SELECT staff_id, 1, '2021-04-07', true FROM aidcase.staff WHERE staff_no = 'x-clerk' $$),
    '23514 a filing cannot be dated in the future|The date of the declaration is after today.|Enter the date on which it was signed.', 'nor dated in the future, whatever the path');
SELECT is(pg_temp.told('t_bureau', format($$ INSERT INTO aidcase.staff_filing (official, unit_id, declared_on, nil_return) VALUES ('%s', 1, '2021-04-06', true) $$, :'official')) ~ '^23514 the declaration is of nobody who may file', true,
    'nor by somebody who is no filer');
SELECT is(pg_temp.told('t_bureau', format($$ INSERT INTO aidcase.relative_filing (filing_id, staff_id, relation, citizen_id, name) VALUES (%s, %s, 'parent', '%s', 'x') $$, :f1, pg_temp.staff('x-clerk'), :'son')),
    '23514 the tie is impossible|The relative or the dates: must be older than the person.|Check who is what to whom, the numbers and the dates.', 'the table refuses what the verb does');
SELECT is(pg_temp.told('t_bureau', format($$ INSERT INTO aidcase.relative_filing (filing_id, staff_id, relation, citizen_id, name) VALUES (%s, %s, 'sibling', '%s', 'x') $$, :f1, pg_temp.staff('x-leader'), :'stranger')) ~ '^23503', true,
    'a relative belongs to the filer who declared');
-- who filed before the number was known
SELECT pg_temp.file('t_leader', format('{"staff": "x-leader", "declared_on": "2021-04-01", "relatives": [{"relation": "sibling", "citizen_id": "%s", "name": "某"}]}', :'stranger')) IS NOT NULL AS x \gset
SELECT is((SELECT count(*) FROM pg_temp.ties(:'stranger') WHERE NOT void), 0::bigint, 'a filer without a number has no ties');
UPDATE staff SET citizen_id = :'mother' WHERE staff_no = 'x-leader';
SELECT is((SELECT other FROM pg_temp.ties(:'stranger') WHERE NOT void), :'mother', 'they come with the number');
UPDATE staff SET citizen_id = pg_temp.citizen('340702', '1960-01-01', 1)::citizen_id WHERE staff_no = 'x-leader';
SELECT bag_eq(format('SELECT other, void FROM pg_temp.ties(%L) WHERE relation = ''sibling''', :'stranger'), format($$ VALUES (%L, true), (pg_temp.citizen('340702', '1960-01-01', 1), false) $$, :'mother'), 'and follow it');

-- ---------------------------------------------------------------------
-- Public officials
SELECT is(pg_temp.by_login('t_clerk', format($$ SELECT aidcase.file_officials('{"unit": "340705100", "declared_on": "2021-02-01", "officials": [{"citizen_id": "%s", "name": "官", "employer": "某局"}]}') $$, :'official')), '1', 'an official is filed');
SELECT pg_temp.file('t_clerk', format('{"official": "%s", "declared_on": "2021-02-02", "relatives": [{"relation": "parent", "citizen_id": "%s", "name": "官母"}]}', :'official', :'omother')) AS f5 \gset
SELECT bag_eq(format('SELECT other, relation, source FROM pg_temp.ties(%L) WHERE NOT void', :'official'), format($$ VALUES (%L, 'parent', 'relative_filing') $$, :'omother'), 'and declares relatives');
SELECT results_eq(format('SELECT staff_id, official::text, nil_return FROM staff_filing WHERE filing_id = %s', :f5), format($$ VALUES (NULL::bigint, %L, false) $$, :'official'), 'as no member of staff');
SELECT bag_eq(format($q$ SELECT pg_temp.faults('t_other', $c$ SELECT aidcase.file_relatives('{"official": "%s", "declared_on": "2021-03-02", "relatives": []}') $c$) $q$, :'official'),
    ARRAY['official: is no public official who was filed by that day with your units'], 'with another unit nobody knows the official');

-- ---------------------------------------------------------------------
-- Households, obligors, filings of a case, papers
SELECT pg_temp.by_staff('x-clerk2', format($$ SELECT round_id FROM aidcase.file_case('{"unit": "340705100", "village": "340705100201",
    "residence": "rural", "channel": "on_site", "members": [
      {"key": "m1", "name": "父", "citizen_id": "%s", "relation": "head", "applicant": true, "work_ability": "none"},
      {"key": "m2", "name": "母", "citizen_id": "%s", "relation": "spouse", "work_ability": "none"},
      {"key": "m3", "name": "弟", "citizen_id": "%s", "relation": "child", "work_ability": "able"},
      {"key": "m4", "name": "客", "citizen_id": "%s", "relation": "other", "work_ability": "able"}],
    "obligors": [{"name": "甲", "citizen_id": "%s", "relation": "child", "household_size": 3, "annual_income": "60000", "persons_supported": 2}]}') $$,
    :'father', :'mother', :'brother', :'stranger', :'a')) AS r1 \gset
SELECT case_id AS c1 FROM case_round WHERE round_id = :r1 \gset
SELECT bag_eq(format($$ SELECT other, relation, source FROM pg_temp.ties(%L) WHERE source IN ('case_member', 'obligor') AND NOT void $$, :'father'),
    format($$ VALUES (%L, 'spouse', 'case_member'), (%L, 'child', 'case_member'), (%L, 'child', 'obligor') $$, :'mother', :'brother', :'a'),
    'members and obligors are what they are to the head; "other" is nothing');
SELECT is((SELECT string_agg(k.relation || k.hops, ' ' ORDER BY k.hops) FROM kin(:'a', 2, '2021-04-06') AS k WHERE k.relative IN (:'brother', :'father', :'mother')), 'parent1 sibling1 parent_spouse2',
    'the sources meet in a search');
SELECT is(pg_temp.by_login('t_clerk', format($$ SELECT aidcase.file_case_relatives(jsonb_build_object('round_id', %s, 'staff', 'x-clerk', 'declared_on', '2021-04-06', 'relatives',
    jsonb_build_array(jsonb_build_object('member', (SELECT member_id FROM aidcase.case_member WHERE round_id = %s AND citizen_id = '%s'), 'relation', 'parent')))) $$, :r1, :r1, :'mother')), '1', 'the filing of a case');
SELECT bag_eq(format($$ SELECT relation, source FROM pg_temp.ties(%L) WHERE other = %L AND NOT void $$, :'a', :'mother'), $$ VALUES ('parent', 'case_filing') $$, 'states a tie');
SELECT is((SELECT c.case_id = :c1 AND c.received_by = pg_temp.staff('x-clerk') FROM case_filing AS c WHERE c.round_id = :r1), true, 'for the case, with who received it');
SELECT bag_eq(format($q$ SELECT pg_temp.faults('t_clerk', $c$ SELECT aidcase.file_case_relatives('{"round_id": %s, "staff": "nobody", "declared_on": "2021-04-07",
    "relatives": [{"member": 999999, "relation": "parent"}, {"member": 999999, "relation": "friend"}]}') $c$) $q$, :r1),
    ARRAY['declared_on: must not be in the future', 'staff: is no member of staff', 'relatives[0].member: is no member of this round', 'relatives[1].member: is no member of this round', 'relatives[1].member: is listed twice',
          'relatives[1].relation: must be one of spouse, parent, child, sibling, grandparent, grandchild, parent_in_law, child_in_law, sibling_in_law, uncle_aunt, nephew_niece, cousin'], 'with all its faults');
SELECT bag_eq(format($q$ SELECT pg_temp.faults('t_other', $c$ SELECT aidcase.file_case_relatives('{"round_id": %s, "staff": "x-clerk", "declared_on": "2021-04-06", "relatives": [{"member": 999999, "relation": "parent"}]}') $c$) $q$, :r1),
    ARRAY['round_id: is no round of your units', 'relatives[0].member: is no member of this round'], 'another unit''s round is no round');
SELECT is(pg_temp.by_login('t_clerk', format($$ SELECT aidcase.record_ties('{"unit": "340705100", "evidence": "marriage_registration", "evidence_no": "J340702-1", "seen_on": "2021-04-06", "ties": [
    {"person": "%s", "person_name": "父", "relative": "%s", "relative_name": "母", "relation": "spouse", "since": "1975-05-05", "until": "2020-12-31", "ended_by": "divorce"}]}') $$, :'father', :'mother')), '1', 'a paper');
SELECT results_eq(format($$ SELECT valid FROM kin_of(ARRAY['%s']::citizen_id[], 1) WHERE relative = '%s' ORDER BY 1 $$, :'father', :'mother'), $$ VALUES ('[1975-05-05,2020-12-31)'::daterange), ('[2020-12-31,)') $$,
    'dates the marriage; the household that still states it is another statement');
SELECT bag_eq('SELECT contradiction FROM kin_contradiction', ARRAY['after_its_end'], 'which is listed');
SELECT bag_eq(format($q$ SELECT pg_temp.faults('t_clerk', $c$ SELECT aidcase.record_ties('{"unit": "3407051", "evidence": "gossip", "seen_on": "2021-04-07", "ties": [
    {"person": "%1$s", "person_name": "x", "relative": "%1$s", "relative_name": "x", "relation": "sibling"}, {"person": "%1$s", "person_name": "x", "relative": "%2$s", "relative_name": "y", "relation": "child"},
    {"person": "%3$s", "person_name": "x", "relative": "%1$s", "relative_name": "y", "relation": "spouse", "since": "2005-01-01"}, {"person": "%1$s", "person_name": "x", "relative": "%4$s", "relative_name": "y", "relation": "spouse"},
    {"person": "%1$s", "person_name": "x", "relative": "%5$s", "relative_name": "y", "relation": "spouse", "since": "1979-01-01"}, {"person": "%3$s", "person_name": "x", "relative": "%6$s", "relative_name": "y", "relation": "child"},
    {"person": "%6$s", "person_name": "x", "relative": "%5$s", "relative_name": "y", "relation": "parent"}, {"person": "%6$s", "person_name": "x", "relative": "%1$s", "relative_name": "y", "relation": "sibling", "parentage": "step", "until": "2020-01-01"}]}') $c$) $q$,
    :'a', :'father', :'wife', :'stranger', :'mother', :'son'),
    ARRAY['unit: is no unit of this register', 'evidence: must be one of household_register, marriage_registration, adoption_registration, birth_certificate, court, civil_registry', 'seen_on: must not be in the future',
          'ties[0].relative: must be another person', 'ties[1].relation: must be younger than the person', 'ties[3].relation: is a second spouse at that time', 'ties[4].relation: must not begin before the birth of either',
          'ties[4].relation: is a second spouse at that time', 'ties[6].relation: is a second mother by birth', 'ties[7].parentage: goes with a parent or child only', 'ties[7].ended_by: is missing'], 'a paper with all its faults');
SELECT is(pg_temp.told('t_clerk', format($$ SELECT aidcase.record_ties('{"unit": "340705005", "evidence": "court", "seen_on": "2021-04-06", "ties": [{"person": "%s", "person_name": "x", "relative": "%s", "relative_name": "y", "relation": "sibling"}]}') $$, :'a', :'son')) ~ '^42501', true, 'for another unit');
-- changes of a household
UPDATE case_member SET relation = 'other' WHERE round_id = :r1 AND citizen_id = :'brother';
SELECT is((SELECT count(*) FROM pg_temp.ties(:'father') WHERE source = 'case_member' AND other = :'brother' AND NOT void), 0::bigint, 'a member who is no child after all');
UPDATE case_member SET citizen_id = NULL WHERE round_id = :r1 AND relation = 'head';
SELECT is((SELECT count(*) FROM pg_temp.ties(:'father') WHERE source IN ('case_member', 'obligor') AND NOT void), 0::bigint, 'a head without a number');
UPDATE case_member SET citizen_id = :'father' WHERE round_id = :r1 AND relation = 'head';
UPDATE case_member SET relation = 'child' WHERE round_id = :r1 AND citizen_id = :'brother';
SELECT is((SELECT count(*) FROM pg_temp.ties(:'father') WHERE source IN ('case_member', 'obligor') AND NOT void), 3::bigint, 'and all back');
UPDATE obligor SET void = true WHERE round_id = :r1;
UPDATE case_filing SET void = true WHERE round_id = :r1;
SELECT is((SELECT count(*) FROM pg_temp.ties(:'a') WHERE source IN ('obligor', 'case_filing') AND NOT void), 0::bigint, 'void rows state nothing');
SELECT is_empty('SELECT * FROM kin_tie_differences()', 'the table is what the sources state');
ALTER TABLE relative_filing DISABLE TRIGGER "~6_tie";
SELECT pg_temp.file('t_clerk2', format('{"staff": "x-clerk2", "declared_on": "2021-04-06", "relatives": [{"relation": "cousin", "citizen_id": "%s", "name": "表弟"}]}', :'a')) IS NOT NULL AS x \gset
UPDATE staff SET citizen_id = pg_temp.citizen('340702', '1979-09-09', 1)::citizen_id WHERE staff_no = 'x-clerk2' AND citizen_id IS NULL;
ALTER TABLE relative_filing ENABLE TRIGGER "~6_tie";
SELECT is_empty('SELECT * FROM kin_tie_differences()', 'the number brought what the filing did not');
ALTER TABLE staff DISABLE TRIGGER "~6_tie_change";
UPDATE staff SET citizen_id = NULL WHERE staff_no = 'x-clerk2';
ALTER TABLE staff ENABLE TRIGGER "~6_tie_change";
SELECT results_eq('SELECT difference, source FROM kin_tie_differences()', $$ VALUES ('not stated', 'relative_filing') $$, 'what is out of step is found');
UPDATE staff SET citizen_id = pg_temp.citizen('340702', '1979-09-09', 1)::citizen_id WHERE staff_no = 'x-clerk2';
SELECT is_empty('SELECT * FROM kin_tie_differences()', 'and nothing is after the next change');

-- ---------------------------------------------------------------------
-- Names
SELECT results_eq($$ SELECT name_key(n) FROM unnest(ARRAY['阿依古丽·买买提', '阿依古丽•买买提', '阿依古丽 ・ 买买提', 'Ａｎｎａ　Ｌｅｅ', 'anna lee', U&'e\0301va', U&'\00e9va', '张 三', '张三']) AS n $$,
    $$ VALUES ('阿依古丽买买提'), ('阿依古丽买买提'), ('阿依古丽买买提'), ('ANNALEE'), ('ANNALEE'), (U&'\00e9VA'), (U&'\00e9VA'), ('张三'), ('张三') $$,
    'names are compared without blanks, dots, widths and ways of writing');
SELECT pg_temp.file('t_clerk', '{"staff": "x-clerk", "declared_on": "2021-04-05", "relatives": [{"relation": "uncle_aunt", "name": "阿依古丽·买买提", "birth_date": "1960-02-02"}]}') IS NOT NULL AS x \gset
SELECT is((SELECT count(*) FROM identity_match), 0::bigint, 'nobody of that name yet');
SELECT pg_temp.citizen('340702', '1960-02-02', 2) AS ayi \gset
SELECT pg_temp.by_staff('x-clerk2', format($$ SELECT round_id FROM aidcase.file_case('{"unit": "340705100", "village": "340705100201", "residence": "rural", "channel": "on_site", "members": [
      {"key": "m1", "name": "阿依古丽 • 买买提", "citizen_id": "%s", "relation": "head", "applicant": true, "work_ability": "able"},
      {"key": "m2", "name": "无号幼儿", "birth_date": "2019-01-01", "sex": "female", "relation": "grandchild", "work_ability": "none"}]}') $$, :'ayi')) AS r2 \gset
SELECT results_eq('SELECT relative_name, member_name, birth_date, same_unit, relative_numbered, member_numbered FROM match_proposal',
    $$ VALUES ('阿依古丽·买买提', '阿依古丽 • 买买提', date '1960-02-02', true, false, true) $$, 'the member who arrives is proposed');
SELECT is((SELECT count(*) FROM pg_temp.ties(:'a') WHERE other = :'ayi'), 0::bigint, 'a proposal is no tie');
SELECT match_id AS m1 FROM match_proposal \gset
SELECT is(pg_temp.told('t_clerk', format('SELECT aidcase.decide_match(%s, true)', :m1)) || pg_temp.told('t_admin', format('UPDATE aidcase.identity_match SET state = ''confirmed'' WHERE match_id = %s', :m1)),
    '42501 permission denied for table identity_match||42501 permission denied for table identity_match||', 'towns and administrators do not decide');
UPDATE staff SET citizen_id = :'ayi' WHERE staff_no = 'b-clerk';
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.decide_match(%s, true)', :m1)) ~ '^ZA003 a match is not decided by somebody whom it concerns', true, 'nor the person in question');
UPDATE staff SET citizen_id = NULL WHERE staff_no = 'b-clerk';
SELECT is(pg_temp.told('t_bureau', format('UPDATE aidcase.identity_match SET member_id = 1, state = ''confirmed'' WHERE match_id = %s', :m1)) ~ '^42501', true, 'nor is the proposal changed');
SELECT is(pg_temp.by_login('t_bureau', format('SELECT aidcase.decide_match(%s, true)', :m1)), 'confirmed', 'an officer of the bureau decides');
SELECT results_eq('SELECT state, decided_by = pg_temp.staff(''b-clerk''), decided_at FROM identity_match', $$ VALUES ('confirmed', true, timestamptz '2021-04-06 09:00+08') $$, 'who and when is kept');
SELECT bag_eq(format('SELECT relation, source FROM pg_temp.ties(%L) WHERE other = %L AND NOT void', :'a', :'ayi'), $$ VALUES ('uncle_aunt', 'relative_filing') $$, 'now it is a tie');
SELECT is(pg_temp.told('t_bureau', format('SELECT aidcase.decide_match(%s, false)', :m1)) ~ '^23514 a decided match is not changed without a reason', true, 'otherwise only with a reason');
SELECT is(pg_temp.by_login('t_bureau', format('SELECT aidcase.decide_match(%s, false, ''不是同一人'')', :m1)), 'rejected', 'with one');
SELECT is((SELECT count(*) FROM pg_temp.ties(:'a') WHERE other = :'ayi' AND NOT void), 0::bigint, 'the tie is gone');
SELECT is(pg_temp.told('t_bureau', 'SELECT aidcase.decide_match(0, true)') ~ '^22023 there is no such match', true, 'a match that there is not');
-- the other way: the member has no number, the filing has; the filing comes last
SELECT pg_temp.citizen('340702', '2019-01-01', 2) AS child \gset
SELECT pg_temp.file('t_clerk2', format('{"staff": "x-clerk2", "declared_on": "2021-04-05", "relatives": [{"relation": "child", "name": "无号　幼儿", "citizen_id": "%s"}]}', :'child')) IS NOT NULL AS x \gset
SELECT is(pg_temp.by_login('t_bureau', 'SELECT aidcase.decide_match(match_id, true) FROM aidcase.match_proposal'), 'confirmed', 'the filing that arrives proposes, too');
SELECT bag_eq(format('SELECT other, relation, source FROM pg_temp.ties(%L) WHERE NOT void', :'child'),
    format($$ VALUES (%L, 'grandparent', 'case_member'), (pg_temp.citizen('340702', '1979-09-09', 1), 'parent', 'relative_filing') $$, :'ayi'), 'a confirmed member has the number for ties');
SELECT is_empty('SELECT * FROM kin_tie_differences()', 'all in step');
SELECT is((SELECT m.citizen_id IS NULL FROM case_member AS m WHERE m.round_id = :r2 AND m.relation = 'grandchild'), true, 'while the case keeps what was filed');

-- ---------------------------------------------------------------------
-- Who has filed
SELECT set_eq($$ SELECT staff_no, posts, since, declared_on, due_on, late_days, state FROM filing_status('2021-04-06') WHERE unit_code LIKE '340705100%' $$,
    $$ VALUES ('x-clerk', '{clerk}'::text[], date '2021-04-02', date '2021-04-05', date '2022-04-05', 0, 'filed'), ('x-clerk2', '{clerk}', '2021-04-02', '2021-04-06', '2022-04-06', 0, 'filed'),
              ('x-leader', '{unit_leader}', '2021-04-02', '2021-04-01', '2022-04-01', 0, 'filed'), ('v-member', '{committee_member}', '2021-04-02', NULL, '2021-05-02', 0, 'pending'),
              ('x-visitor1', '{investigator}', '2021-04-02', NULL, '2021-05-02', 0, 'pending'), ('x-visitor2', '{investigator}', '2021-04-02', NULL, '2021-05-02', 0, 'pending'),
              ('x-group1', '{group_member}', '2021-04-02', NULL, '2021-05-02', 0, 'pending'), ('x-group2', '{group_member}', '2021-04-02', NULL, '2021-05-02', 0, 'pending'),
              ('x-group3', '{group_member}', '2021-04-02', NULL, '2021-05-02', 0, 'pending'), ('x-group4', '{group_member}', '2021-04-02', NULL, '2021-05-02', 0, 'pending') $$, 'how everybody stands');
SELECT is((SELECT string_agg(s.state || s.late_days, ' ' ORDER BY d) FROM unnest(ARRAY['2021-05-02', '2021-05-03', '2021-06-02']::date[]) AS d CROSS JOIN LATERAL filing_status(d) AS s WHERE s.staff_no = 'x-visitor1'),
    'pending0 missing1 missing31', 'missing from the day after it was due');
SELECT is((SELECT string_agg(s.state || s.late_days, ' ' ORDER BY d) FROM unnest(ARRAY['2022-04-01', '2022-04-02']::date[]) AS d CROSS JOIN LATERAL filing_status(d) AS s WHERE s.staff_no = 'x-leader'),
    'filed0 overdue1', 'a year later it is due again');
SELECT pg_temp.clock('2021-05-12 09:00+08') IS NOT NULL AS x \gset
SELECT pg_temp.file('t_clerk', '{"staff": "x-visitor1", "declared_on": "2021-05-12", "relatives": []}') IS NOT NULL AS x \gset
SELECT results_eq($$ SELECT state, late_days, due_on FROM filing_now WHERE staff_no = 'x-visitor1' $$, $$ VALUES ('late', 10, date '2022-05-12') $$, 'filed late, by how many days');
SELECT results_eq($$ SELECT unit_code, obliged, declared, owing, officials_on, silent FROM filing_silence WHERE unit_code IN ('340705100', '340705100201', '340705100202', '340705404', '340705') ORDER BY unit_code COLLATE "C" $$,
    $$ VALUES ('340705', 2, 0, 2, NULL::date, true), ('340705100', 9, 4, 5, '2021-02-01', false), ('340705100201', 1, 0, 1, NULL, true), ('340705100202', 0, 0, 0, NULL, false), ('340705404', 6, 0, 6, NULL, true) $$,
    'which units file nothing');
-- bought in: as long as the contract runs
INSERT INTO provider (provider_code, name) VALUES ('91340700MA2T0000XX', '某社工机构') RETURNING provider_id AS p \gset
INSERT INTO provider_contract (provider_id, unit_id, contract_no, valid) VALUES (:p, unit_id('340705'), 'k1', '[2021-04-01,2021-07-01)');
INSERT INTO staff (staff_no, name, employed) VALUES ('p-surveyor', '调查员', '[2021-04-01,)');
INSERT INTO staff_post (staff_id, unit_id, post, valid, provider_id) VALUES (pg_temp.staff('p-surveyor'), unit_id('340705100'), 'surveyor', '[2021-04-01,)', :p);
SELECT is((SELECT string_agg(coalesce(s.state, '-'), ' ' ORDER BY d) FROM unnest(ARRAY['2021-03-31', '2021-06-30', '2021-07-01']::date[]) AS d LEFT JOIN LATERAL filing_status(d) AS s ON s.staff_no = 'p-surveyor'),
    '- missing -', 'service staff file while the contract runs');
SAVEPOINT parameter;
UPDATE policy_parameter SET valid = '[2019-07-01,2020-01-01)' WHERE name = 'filing_first_days';
SELECT throws_ok('SELECT * FROM filing_now', 'ZA008', NULL, 'without the parameter there is an error, not silence');
ROLLBACK TO parameter;

-- ---------------------------------------------------------------------
-- A sheet
CREATE FUNCTION pg_temp.sheet(login text, content text, dry boolean DEFAULT false, encoding text DEFAULT 'UTF8') RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.by_login(login, format('SELECT to_jsonb(i) - ''import_id'' - ''repeated'' FROM aidcase.import_file(''filings'', %L, %L, %L) AS i', convert_to(content, encoding), encoding, dry))::jsonb $$;
CREATE FUNCTION pg_temp.reject(sheet jsonb) RETURNS SETOF text LANGUAGE sql AS $$ SELECT (r ->> 'line') || ' ' || coalesce(r ->> 'column', '-') || ': ' || (r ->> 'reason') FROM jsonb_array_elements(sheet -> 'rejects') AS r $$;
SELECT format(E'\uFEFF工号,申报日期,关系,姓名,公民身份号码,出生日期,开始日期\r\nx-group1,2021-05-01,父母,"父,一",%s,,\r\nx-group1,2021-05-01,spouse,配偶二,%s,,2003-03-03\r\nx-group1,2021-05-01,子女,错号,340702200501010013,,\r\n'
    'x-group2,2021-05-02,无,,,,\r\nnobody,2021-05-02,子女,某,%s,,\r\nx-group3,2021-13-02,朋友,,%s,,\r\nx-group3,2021-05-03,兄弟姐妹,无号,,1971-01-01,\r\n\r\nx-group4,2021-05-04,兄弟姐妹,"""引""号",%s,\r\nx-group4,2021-05-04,父母,未闭合,"%s,,\r\n',
    :'father', :'wife', :'son', :'son', :'brother', :'mother') AS sheet \gset
SELECT pg_temp.sheet('t_clerk', :'sheet', true) AS dry \gset
SELECT is((:'dry'::jsonb - 'rejects')::text, '{"lines": 9, "accepted": 4, "rejected": 5, "unchanged": 0}', 'a dry run counts');
SELECT bag_eq(format($$ SELECT pg_temp.reject(%L) $$, :'dry'),
    ARRAY['4 citizen_id: ' || citizen_id_fault('340702200501010013'), '6 staff_no: is no member of staff', '7 declared_on: must be a date such as 2021-04-06', '7 name: is missing',
          '7 relation: must be one of spouse, parent, child, sibling, grandparent, grandchild, parent_in_law, child_in_law, sibling_in_law, uncle_aunt, nephew_niece, cousin',
          '10 -: has 6 fields, the header has 7', '11 -: has a quote that is not closed'], 'and names line, column and every reason');
SELECT is((SELECT count(*) FROM file_import), 0::bigint, 'without writing');
SELECT is((pg_temp.sheet('t_clerk', :'sheet') - 'rejects')::text, '{"lines": 9, "accepted": 4, "rejected": 5, "unchanged": 0}', 'the import does the same');
SELECT set_eq($$ SELECT s.staff_no, f.declared_on, f.nil_return, (SELECT string_agg(r.relation || ' ' || r.name, '; ' ORDER BY r.relative_id) FROM relative_filing AS r WHERE r.filing_id = f.filing_id)
        FROM staff_filing AS f JOIN staff AS s USING (staff_id) WHERE f.declared_on >= '2021-05-01' AND s.staff_no LIKE 'x-group%' $$,
    $$ VALUES ('x-group1', date '2021-05-01', false, 'parent 父,一; spouse 配偶二'), ('x-group2', '2021-05-02', true, NULL), ('x-group3', '2021-05-03', false, 'sibling 无号') $$, 'good rows are filed, a nil return too; a filer whose rows are all refused is not');
SELECT bag_eq($$ SELECT line || ' ' || coalesce(column_name, '-') || ': ' || reason FROM import_reject $$, format($$ SELECT pg_temp.reject(%L) $$, :'dry'), 'the others are in the reject table');
SELECT is((SELECT count(*) FROM import_reject WHERE reason ~ '[0-9]{15}'), 0::bigint, 'without a number');
SELECT is((pg_temp.sheet('t_clerk', :'sheet') - 'rejects')::text || (SELECT count(*) FROM file_import), '{"lines": 9, "accepted": 4, "rejected": 5, "unchanged": 0}1', 'the same file again changes nothing');
SELECT pg_temp.sheet('t_clerk', replace(:'sheet', '340702200501010013', :'son')) AS again \gset
SELECT is((:'again'::jsonb - 'rejects')::text, '{"lines": 9, "accepted": 3, "rejected": 4, "unchanged": 2}', 'a mended file: what it says anew');
SELECT is((SELECT string_agg(r.name, ' ' ORDER BY r.relative_id) || ' ' || (f.corrects IS NOT NULL)::text FROM staff_filing AS f JOIN relative_filing AS r USING (filing_id) WHERE f.staff_id = pg_temp.staff('x-group1')
      AND NOT EXISTS (SELECT FROM staff_filing AS c WHERE c.corrects = f.filing_id) GROUP BY f.filing_id), '父,一 配偶二 错号 true', 'corrects the declaration');
SELECT is((pg_temp.sheet('t_clerk', E'staff_no,declared_on,relation,name\nx-group4,2021-05-05,nil,\n', encoding => 'GB18030') - 'rejects')::text, '{"lines": 1, "accepted": 1, "rejected": 0, "unchanged": 0}', 'in another encoding');
SELECT bag_eq($$ SELECT pg_temp.reject(pg_temp.sheet('t_clerk', E'staff_no,declared_on,relation,name,birth_date\nx-visitor2,2021-05-05,nil,,\nx-visitor2,2021-05-05,child,x,2001-01-01\nd-clerk,2021-05-05,nil,,', true)) $$,
    ARRAY['2 relation: is a nil return, which goes with no other row of this filer and day', '4 staff_no: is of another unit'], 'nil and not nil; another unit''s staff');
SELECT is(pg_temp.told('t_clerk', $$ SELECT * FROM aidcase.import_file('filings', '\xff00') $$) ~ '^22021 the file is not text in the encoding', true, 'no text');
SELECT is(pg_temp.told('t_clerk', $$ SELECT * FROM aidcase.import_file('filings', '', 'KLINGON') $$) ~ '^22021', true, 'no encoding');
SELECT bag_eq($$ SELECT pg_temp.faults('t_clerk', $c$ SELECT * FROM aidcase.import_file('filings', 'a,name,name') $c$) $$,
    ARRAY['column 1: is not known', 'column 3: is there twice', 'declared_on: is missing', 'relation: is missing'], 'a header with all its faults');
SELECT is(pg_temp.told('t_clerk', $$ SELECT * FROM aidcase.import_file('filings', NULL) $$) ~ '^22004', true, 'no file');
SELECT is(pg_temp.told('t_stranger', $$ SELECT * FROM aidcase.import_file('filings', 'x') $$) ~ '^(42501|ZA005)', true, 'nobody');
SELECT is_empty('SELECT * FROM kin_tie_differences()', 'all in step after all that');

-- ---------------------------------------------------------------------
-- What nobody learns
SELECT set_eq($$ SELECT l, r FROM unnest('{t_admin,t_analyst,t_bureau,t_clerk,t_committee,t_finance,t_inspector,t_leader,t_other,t_payer,t_stranger}'::text[]) AS l,
        unnest('{relative_filing,case_filing,kin_record,kin_tie,identity_match,match_proposal,kin_contradiction,filing_now,filing_silence,filed_relative,member_identity,kin_tie_due}'::text[]) AS r
     WHERE pg_temp.told(l, format('SELECT FROM aidcase.%I', r)) = '(done)' $$,
    $$ SELECT l, r FROM unnest('{t_bureau,t_inspector}'::text[]) AS l, unnest('{relative_filing,case_filing,kin_record,kin_tie,identity_match,match_proposal,kin_contradiction,filing_now,filing_silence}'::text[]) AS r $$,
    'who may read relatives, ties and who has not filed');
SELECT is(pg_temp.told('t_clerk', 'SELECT official FROM aidcase.staff_filing') || pg_temp.told('t_clerk', 'EXPLAIN ANALYZE SELECT FROM aidcase.relative_filing'),
    '42501 permission denied for table staff_filing||42501 permission denied for table relative_filing||', 'towns see that a filing is there, not of whom, nor plan over relatives');
SELECT is(pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.staff_filing') || pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.file_import') || pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.import_reject'), '000', 'nothing of another unit');
-- probing another unit's filers: the same answer for a right and a wrong guess
SELECT is((SELECT count(DISTINCT pg_temp.told('t_other', format($$ SELECT aidcase.file_relatives('{"staff": "x-clerk", "declared_on": "2021-03-01", "relatives": [{"relation": "%s", "citizen_id": "%s", "name": "弟"}]}') $$, r, c)))
             FROM unnest('{sibling,parent,child}'::text[]) AS r, unnest(ARRAY[:'brother', :'stranger', :'a', :'son']) AS c), 1::bigint, 'a guess at a filing of another unit learns nothing');
SELECT is((SELECT string_agg(DISTINCT pg_temp.told('t_other', format('SELECT 1/(aidcase.%s)::text::integer', f)), ' ') FROM unnest(ARRAY[
            format('same_filer(%s, NULL, ''%s'')', pg_temp.staff('x-clerk'), :'a'), format('filer_declared(%s, NULL, ''2021-03-01'')', pg_temp.staff('x-clerk'))]) AS f),
    '22P02 invalid input syntax for type integer: "false"||', 'nor by the parts of the verb');
SELECT is(pg_temp.by_login('t_other', format('SELECT aidcase.filer_tie_fault(%s, NULL, ''2020-01-01'', ''parent'', NULL)', pg_temp.staff('x-clerk'))), NULL, 'nor a birth date');
SELECT set_eq($$ SELECT p.proname::text FROM pg_proc AS p WHERE p.pronamespace = 'aidcase'::regnamespace AND p.prosecdef AND p.prorettype <> 'trigger'::regtype
        AND p.proname IN ('keep_ties', 'propose_matches', 'filing_unit', 'filer_last', 'filer_declared', 'filer_here', 'same_filer', 'filer_tie_fault', 'same_declaration', 'kin_tie_differences')
        AND has_function_privilege('t_stranger', p.oid, 'EXECUTE') $$, ARRAY[]::text[], 'strangers call none of them');

SELECT * FROM finish();
ROLLBACK;
