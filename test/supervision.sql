-- Publication: what may be public, with a hash that can be computed again.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(53);
\ir parts/household.sql

-- ---------------------------------------------------------------------
-- Lawful columns only: applicant, persons, programme, amount, and where

SELECT is((SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = 'aidcase.publication_item'::regclass AND attnum > 0 AND NOT attisdropped),
    (ARRAY['amount', 'applicant_name', 'case_id', 'entry_no', 'persons', 'programme', 'publication_id', 'publication_item_id', 'round_id', 'unit_id', 'village_id']),
    'a line holds the applicant''s name, persons, programme, amount, and keys');
SELECT is((SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = 'aidcase.publication_list'::regclass AND attnum > 0),
    (ARRAY['amount', 'applicant_name', 'kind', 'persons', 'programme', 'publication_id', 'published_on', 'unit_code', 'until', 'village', 'village_code']),
    'the list shows no key of a person or case');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a
    WHERE a.attrelid IN ('aidcase.publication_item'::regclass, 'aidcase.publication_list'::regclass, 'aidcase.unpublished'::regclass) AND a.attnum > 0
      AND (a.atttypid = 'aidcase.citizen_id'::regtype OR a.attname ~ 'citizen|birth|phone|address|account|health|disab|income|reason|cause')$$, 'none of them holds anything else about a person');

-- ---------------------------------------------------------------------
-- Publishing

SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-13 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100202', '{3}', 200, '2021-04-15 15:00+08') AS b \gset
-- refused: well above the standard
SELECT pg_temp.clock('2021-04-16 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM file_case(%L)',
    pg_temp.application('r', '340705100', '340705100202', '{4}', 3000, '2021-04-16'))) AS r \gset
SELECT pg_temp.in_review(:r, 'x', '340705100');
SELECT is(pg_temp.by_staff('x-group1', format($$SELECT advance(%s, 'refuse', '超标准', '{"minutes_no": "m%1$s"}')$$, :r)), 'refused', 'one is refused');
-- and one waits for its decision
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM file_case(%L)',
    pg_temp.application('w', '340705100', '340705100202', '{5}', 100, '2021-04-16'))) AS w \gset
SELECT pg_temp.in_review(:w, 'x', '340705100');

SELECT results_eq($$SELECT round_id, programme, applicant_name, persons, amount FROM unpublished ORDER BY round_id$$,
    format($$SELECT round_id, programme, '户' || right(outside_key, 1) || '成员1', persons, amount FROM award JOIN case_round USING (round_id) WHERE round_id IN (%s, %s) ORDER BY round_id$$, :a, :b),
    'what is confirmed and not published; not what was refused or waits');
SELECT is(pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.unpublished'), '0', 'another unit''s clerk sees nothing of it');

SELECT alike(pg_temp.told(l, $$SELECT aidcase.publish('340705100')$$), '42501 permission denied for function publish|%', l || ' does not publish')
  FROM unnest(ARRAY['t_committee', 't_bureau', 't_inspector', 't_payer', 't_stranger']) AS l;
SELECT alike(pg_temp.told('t_other', $$SELECT aidcase.publish('340705100')$$), '42501 permission denied to publish the unit''s confirmations|%', 'nor does another unit');
SELECT alike(pg_temp.staff_told('x-group1', $$SELECT aidcase.publish('340705100')$$), '42501 permission denied to publish%', 'nor a member of the group');
CREATE ROLE t_nobody LOGIN IN ROLE aidcase_clerk;
SELECT alike(pg_temp.told('t_nobody', $$SELECT aidcase.publish('340705100')$$), 'ZA005 %', 'nor nobody');
SELECT alike(pg_temp.told('t_clerk', $$SELECT aidcase.publish('999')$$), '22023 there is no unit%', 'a unit that is none');
SELECT alike(pg_temp.told('t_clerk', format($$SELECT aidcase.publish('340705100', '%s')$$, d)), '22023 a list cannot have been published in the future|%', 'not on ' || d)
  FROM unnest(ARRAY['2021-04-17', 'infinity', '-infinity']) AS d;
SELECT is(pg_temp.by_login('t_other', $$SELECT aidcase.publish('340705005')$$), NULL, 'nothing to publish: no list');
SELECT is((SELECT count(*) FROM publication), 0::bigint, 'none is written');
SELECT pg_temp.clock('2021-04-15 16:00+08');
SELECT is(pg_temp.by_login('t_clerk', $$SELECT aidcase.publish('340705100', '2021-04-12')$$), NULL, 'what was confirmed later is on no earlier list');
SELECT pg_temp.clock('2021-04-16 09:00+08');
SELECT is(pg_temp.told('t_clerk', $$SELECT aidcase.publish('340705100', '2021-04-12')$$),
    '22023 a list cannot be entered so long after it was published|Parameter "late_entry_hours" allows 72 hours.|Leave the date out to publish today.', 'days of publicity are not made afterwards');

SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.publish('340705100', '2021-04-14')$$) AS first \gset
SELECT results_eq(format('SELECT kind, published_on, until, lines FROM publication WHERE publication_id = %s', :first),
    $$VALUES ('confirmation', '2021-04-14'::date, '2021-04-21'::date, 1)$$, 'the list of a day holds what was confirmed by then, for seven days');
SELECT is((SELECT published_by FROM publication WHERE publication_id = :first), (SELECT staff_id FROM staff WHERE staff_no = 'x-clerk'), 'and who published it');
SELECT is((SELECT string_agg(outside_key || ' ' || state, ', ' ORDER BY outside_key) FROM case_round), 'T-a published, T-b confirmed, T-r refused, T-w in_review', 'the rounds on it move, the others stay');
SELECT pg_temp.by_login('t_leader', $$SELECT aidcase.publish('340705100')$$) AS second \gset
SELECT is((SELECT round_id FROM publication_item WHERE publication_id = :second), :b::bigint, 'the next list holds the rest');
SELECT is(pg_temp.by_login('t_clerk', $$SELECT aidcase.publish('340705100')$$), NULL, 'then there is nothing left');
SELECT is_empty('SELECT * FROM unpublished', 'and nothing unpublished');

-- the hash, from what the list shows
SELECT is((SELECT sha256 FROM publication WHERE publication_id = :first),
    sha256(convert_to((SELECT concat_ws('|', '340705100201', 'dibao', '户a成员1', '2', amount) FROM award WHERE round_id = :a), 'UTF8')), 'the hash is that of the lines as shown');
SELECT is((SELECT sha256 FROM publication WHERE publication_id = p), publication_sha256(p), 'and computed again the same') FROM unnest(ARRAY[:first, :second]::bigint[]) AS p;
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.publication_item SET amount = 1 WHERE publication_id = %s', :first)), 'ZA004 a row of table "publication_item" cannot be changed|%', 'what was published stays');
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.publication SET until = until + 1 WHERE publication_id = %s', :first)), 'ZA004 a row of table "publication" cannot be changed|%', 'and when');
SELECT alike(pg_temp.told('t_clerk', format('UPDATE aidcase.publication_item SET amount = 1 WHERE publication_id = %s', :first)), '42501 %', 'a clerk could not even try');
SELECT alike(pg_temp.told('postgres', 'DELETE FROM aidcase.publication_item'), 'ZA%', 'nothing is taken off a list');
SAVEPOINT tampered;
SET LOCAL session_replication_role = replica;
UPDATE publication_item SET amount = amount + 1 WHERE publication_id = :first;
SELECT isnt((SELECT sha256 FROM publication WHERE publication_id = :first), publication_sha256(:first), 'a line that was bent is found by the hash');
ROLLBACK TO tampered;

-- who reads it
SELECT is(pg_temp.by_login('t_committee', $$SELECT string_agg(concat_ws(' ', village_code, programme, applicant_name, persons, amount), ',') FROM aidcase.publication_list$$),
    (SELECT concat_ws(' ', '340705100201', '最低生活保障', '户a成员1', 2, amount) FROM award WHERE round_id = :a), 'a committee shows its village''s list');
SELECT is(pg_temp.by_login('t_bureau', $$SELECT count(*) FROM aidcase.publication_list$$), '2', 'the bureau sees all');
SELECT is(pg_temp.by_login('t_other', $$SELECT count(*) FROM aidcase.publication_list$$), '0', 'another unit none');

-- ---------------------------------------------------------------------
-- Those in benefit: at the end point for long, and on the district's website
SELECT pg_temp.clock('2021-05-12 09:00+08');
SELECT alike(pg_temp.told('t_other', $$SELECT publish_list('longterm', '340705100')$$), '42501 permission denied to publish%', 'not by another unit');
SELECT alike(pg_temp.told('t_clerk', $$SELECT publish_list('website')$$), '42501 permission denied to publish%', 'the website is the bureau''s');
SELECT alike(pg_temp.told('t_bureau', $$SELECT publish_list('website', '340705100')$$), '22023 a list of this kind is not published here|%', 'for the whole district');
SELECT alike(pg_temp.told('t_clerk', $$SELECT publish_list('longterm', NULL)$$), '22023 %', 'and the long-term list by a unit');
SELECT pg_temp.by_login('t_clerk', $$SELECT publish_list('longterm', '340705100')$$) AS long1 \gset
SELECT results_eq(format('SELECT kind, until, lines, sha256 = publication_sha256(publication_id) FROM publication WHERE publication_id = %s', :long1),
    $$VALUES ('longterm', NULL::date, 2, true)$$, 'who is in benefit, until the next list');
SELECT is(pg_temp.by_login('t_committee', format('SELECT count(*) FROM aidcase.publication_list WHERE publication_id = %s', :long1)), '1', 'a committee shows those of its village');
SELECT pg_temp.by_login('t_bureau', $$SELECT publish_list('website')$$) AS web1 \gset
SELECT is((SELECT count(*) FROM publication_item WHERE publication_id = :web1), 2::bigint, 'the website has the whole district');
-- one more in June, one less
SELECT pg_temp.confirm('c', '340705100', '340705100201', '{6}', 200, '2021-05-20 15:00+08') AS c \gset
SELECT pg_temp.clock('2021-05-24 09:00+08');
SELECT is(pg_temp.by_login('t_clerk', format($$SELECT publish_list('longterm', '340705100') > %s$$, :long1)), 'true', 'the next list');
SELECT is_empty($$SELECT * FROM publication_change WHERE kind = 'longterm' AND change = 'removed'$$, 'nothing ended yet');
SELECT is((SELECT count(*) FROM publication_change WHERE publication_id = :long1), 2::bigint, 'of the first list all is new');
SELECT pg_temp.clock('2021-06-12 09:00+08');
UPDATE award SET months = '[2021-05-01,2021-06-01)', stop_reason = 'income' WHERE round_id = :b;
SELECT pg_temp.by_login('t_clerk', $$SELECT publish_list('longterm', '340705100')$$) AS long3 \gset
SELECT bag_eq(format('SELECT change, applicant_name FROM publication_change WHERE publication_id = %s', :long3),
    $$VALUES ('added', '户c成员1'), ('removed', '户b成员1')$$, 'what came and what went');
SELECT is((SELECT bool_and(sha256 = publication_sha256(publication_id)) FROM publication), true, 'the hash of each can be computed again');
SELECT throws_ok(format('UPDATE publication SET lines = 9 WHERE publication_id = %s', :long3), 'ZA004', NULL, 'a list that was shown stays');
SELECT is_empty($$SELECT kind FROM publication_programme WHERE kind = 'longterm' AND programme <> 'dibao'$$, 'at the end point dibao alone');

SELECT * FROM finish();
ROLLBACK;
