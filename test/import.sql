-- Files in and out: what a file must be, what is told of its lines, exports.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(44);
\ir parts/household.sql
SELECT pg_temp.clock('2021-05-10 09:00+08');

-- ---------------------------------------------------------------------
-- Records of a file

SELECT results_eq($$ SELECT line, fields, faults, line_end FROM csv_rows(E'a,"b ""c""",\n\n,,\n"x\ny",z\r\nq"r'::text::bytea) $$,
    $$ VALUES (1, ARRAY['a', 'b "c"', NULL], NULL::text[], 'LF'), (4, ARRAY[E'x\ny', 'z'], NULL, 'CRLF'), (6, ARRAY['q"r'], ARRAY['has a quote inside a field that is not quoted'], NULL) $$, 'records, quotes, empty lines');
SELECT results_eq($$ SELECT line, fields, faults FROM csv_rows(E'0,"x"y,z\n1,"open\n2,b\n3,d\n'::text::bytea) $$,
    $$ VALUES (1, ARRAY['0', 'x', 'z'], ARRAY['has text after a closing quote']), (2, ARRAY['1', NULL], ARRAY['has a quote that is not closed']), (3, ARRAY['2', 'b'], NULL), (4, ARRAY['3', 'd'], NULL) $$,
    'a quote that is not closed spoils its line only');
SELECT results_eq($$ SELECT fields, faults, fault_fields, fault_bytes FROM csv_rows('\x61c42c62ff2cb1a30a'::bytea, 'GB18030') $$,
    $$ VALUES (ARRAY[NULL, NULL, '保'], ARRAY['is not text in GB18030', 'is not text in GB18030'], ARRAY[1, 2], ARRAY['\xc4', '\xff']::bytea[]) $$, 'each field that is not text, with its bytes');
SELECT results_eq($$ SELECT (csv_rows(convert_to('甲·乙' || chr(x'20087'::integer) || ',' || chr(x'e000'::integer) || ',€', 'GB18030'), 'GB18030')).fields $$,
    $$ VALUES (ARRAY['甲·乙' || chr(x'20087'::integer), chr(x'e000'::integer), '€']) $$, 'GB18030 of two and four bytes and of private use');
SELECT results_eq($$ SELECT fields FROM csv_rows('\x8431953361'::bytea, 'GB18030') UNION ALL SELECT fields FROM csv_rows('\xefbbbf61'::bytea) $$, $$ VALUES (ARRAY['a']), (ARRAY['a']) $$, 'byte order marks are passed over');
SELECT is((SELECT faults FROM csv_rows('\x61002c62'::bytea)), ARRAY['is not text in UTF8'], 'a zero byte is no text');
SELECT is((SELECT array_length(fields, 1) || faults[1] FROM csv_rows(repeat(',x', 1200)::bytea)), '1000has too many fields', 'more fields than there can be');
SELECT results_eq($$ SELECT fields FROM csv_rows(E'a,b\tc\rd'::text::bytea, 'UTF8', E'\t') $$, $$ VALUES (ARRAY['a,b', E'c\rd']) $$, 'tabs');
SELECT throws_ok($$ SELECT csv_rows('x', 'UTF8', ';') $$, '22023', 'fields are delimited by a comma or a tab', 'nothing else');
SELECT throws_ok($$ SELECT csv_rows('x', 'KLINGON') $$, '22021', 'there is no encoding "KLINGON"', 'no such encoding');
SELECT throws_ok($$ SELECT csv_rows('x', 'MULE_INTERNAL') $$, '22021', NULL, 'one without conversion');
SELECT is_empty($$ SELECT * FROM csv_rows('') $$, 'no bytes, no records');

SELECT results_eq($$ SELECT file_date(v) FROM unnest('{2021-04-06,20210406,2021/4/6,2021.4.6,2021年4月6日,2021年4月,202104,2021/4,44292,x}'::text[]) AS v $$,
    $$ SELECT unnest('{2021-04-06,2021-04-06,2021-04-06,2021-04-06,2021-04-06,2021-04,2021-04,2021-04,44292,x}'::text[]) $$, 'dates as people write them');

-- ---------------------------------------------------------------------
-- Whole files that are not what they should be

CREATE FUNCTION pg_temp.refused(content bytea, encoding text DEFAULT NULL, totals jsonb DEFAULT NULL, kind text DEFAULT 'filings') RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(pg_temp.told('t_clerk', format('SELECT * FROM aidcase.import_file(%L, %L, %L, false, %L)', kind, content, encoding, totals)), '\|[^|]*$', '') $$;
CREATE FUNCTION pg_temp.told_of(sheet text, encoding text DEFAULT 'UTF8') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT (r ->> 'line') || ' ' || coalesce(r ->> 'column', '-') || ': ' || (r ->> 'reason')
      FROM jsonb_array_elements(pg_temp.by_login('t_clerk', format('SELECT to_jsonb(i) -> ''rejects'' FROM aidcase.import_file(''filings'', %L, %L, true) AS i', convert_to(sheet, encoding), encoding))::jsonb) AS r $$;
SELECT 'staff_no,declared_on,relation,name,citizen_id' AS head \gset
SELECT is(pg_temp.refused('x', kind => 'riddles'), '22023 there is no kind of file riddles|', 'a kind that is none');
SELECT is(pg_temp.refused(''), 'ZA007 the file has 1 fault|(file): is empty', 'an empty file');
SELECT is(pg_temp.refused(convert_to(:'head' || E'\n', 'UTF8')), 'ZA007 the file has 1 fault|(file): has a header and no line', 'a file of a header');
SELECT is(pg_temp.refused('\xfffe61002c00'), 'ZA007 the file has 1 fault|(file): is text in UTF-16, not in UTF8', 'UTF-16');
SELECT is(pg_temp.refused('\x504b030414000600'), 'ZA007 the file has 1 fault|(file): is a workbook or an archive, not CSV', 'a workbook');
SELECT is(pg_temp.refused('\xd0cf11e0a1b11ae100'), 'ZA007 the file has 1 fault|(file): is a workbook, not CSV', 'an old workbook');
SELECT is(pg_temp.refused('\xefbbbf61', 'GB18030'), 'ZA007 the file has 1 fault|(file): begins with the byte order mark of UTF8, not of GB18030', 'a mark of another encoding');
SELECT is(pg_temp.refused(convert_to(E'工号,申报日期,关系,姓名\nx-group4,2021-05-04,无,', 'GB18030'), 'UTF8'),
    '22021 the file is not text in the encoding UTF8|Line 1, column 1, bytes \xb9a4bac5.', 'GB18030 that is said to be UTF8: line, column and bytes');
SELECT is(pg_temp.refused(convert_to(E'工号,申报日期,关系,姓名\nx-group4,2021-05-04,无,', 'UTF8'), 'GB18030'),
    '22021 the file is not text in the encoding GB18030|Its first line can be read in UTF8.', 'UTF8 that is said to be GB18030, though each byte can be read so');
SELECT is(pg_temp.refused(convert_to(:'head' || E'\nx-group4,2021-05-04,父母,父,\nx-group3,2021-05-04,父母,父,\n', 'GB18030'), 'UTF8'),
    '22021 the file is not text in the encoding UTF8|Line 2, column 3, bytes \xb8b8c4b8.', 'a header in English does not hide it');
SELECT is(pg_temp.refused(convert_to(:'head' || E'\nx-group4,2021-05-04,nil,,\nx-group3,2021-05-', 'UTF8')), 'ZA007 the file has 1 fault|line 3: is cut off, and the file ends there', 'a file that is cut off');
SELECT is(pg_temp.refused(convert_to(:'head' || E'\nx-group4,2021-05-04,nil,,\nx-group3,2021-05-04,nil,"x', 'UTF8')), 'ZA007 the file has 1 fault|line 3: is cut off, and the file ends there', 'cut off between quotes');
SELECT is(pg_temp.refused(convert_to(:'head' || E'\r\nx-group4,2021-05-04,nil,,\r\nx-group3,2021-05-04,nil,,\n', 'UTF8')), 'ZA007 the file has 1 fault|line 3: ends with LF, the header with CRLF; line ends are mixed', 'mixed line ends');
SELECT is(pg_temp.refused(convert_to(:'head' || E'\nx-group4,2021-05-04,nil,,\n', 'UTF8'), totals => '{"lines": 2, "yuan": 3}'),
    E'ZA007 the file has 2 faults|totals.lines: is 2, and the file has 1\ntotals.yuan: is no column of the file that has a sum', 'control totals that do not agree');
SELECT is(pg_temp.refused(convert_to(:'head' || E'\nx-group4,2021-05-04,nil,,\n', 'UTF8'), totals => '[1]'), 'ZA007 the file has 1 fault|totals: must be an object such as {"lines": 500}', 'or are none');
SELECT is((SELECT count(*) FROM file_import) + (SELECT count(*) FROM import_reject) + (SELECT count(*) FROM staff_filing), 0::bigint, 'nothing of all that is there');

-- Lines
SELECT bag_eq(format($$ SELECT pg_temp.told_of(%L) $$, :'head' || E'\nx-group4,44292,nil,,\nx-group4,2021-02-29,nil,,\nx-group1,2021-05-04,child,甲,1.10E+17\nx-group1,2021-05-04,child,甲,"",多\nx-group2,2021-05-04,child,' || repeat('长', 101) || E',\nx-group3,"2021-05-04"x,nil,,\n'),
    ARRAY['2 declared_on: is the number that a spreadsheet keeps for a date; write it as 2021-04-06', '3 declared_on: must be a date such as 2021-04-06',
          '4 citizen_id: is a number that a spreadsheet has rounded; make the column text and fill it in anew', '5 -: has 6 fields, the header has 5',
          '6 name: must not be longer than 100 characters', '7 -: has text after a closing quote'], 'dates as numbers, days that are none, rounded numbers, a column too many, a quote');
SELECT bag_eq($$ SELECT pg_temp.told_of(E'工号, 申报日期 ,关系,姓名\nx-group4,2021/5/4,无,\n x-group3 ,20210504,零申报,\n', 'GB18030') $$,
    ARRAY['3 name: is missing', '3 relation: must be one of spouse, parent, child, sibling, grandparent, grandchild, parent_in_law, child_in_law, sibling_in_law, uncle_aunt, nephew_niece, cousin'],
    'blanks around words do no harm');

-- Who, and twice
SELECT alike(pg_temp.told('t_inspector', $$ SELECT aidcase.import_file('filings', 'x') $$), '42501 %', 'inspectors import nothing');
SELECT alike(pg_temp.told('t_payer', $$ SELECT aidcase.import_file('filings', 'x') $$), '42501 permission denied to import or export a file of this kind|It needs one of the posts %', 'nor does the payer bring filings');
SELECT convert_to(:'head' || E'\nx-group4,2021-05-04,nil,,\n', 'UTF8') AS once \gset
SELECT is(pg_temp.by_login('t_clerk', format($$ SELECT accepted || ' ' || repeated FROM aidcase.import_file('filings', %L) $$, :'once')), '1 false', 'a file');
SELECT is(pg_temp.by_login('t_clerk', format($$ SELECT accepted || ' ' || repeated FROM aidcase.import_file('filings', %L) $$, :'once')), '1 true', 'the same again is named and changes nothing');
SELECT is(pg_temp.told('t_other', format($$ SELECT * FROM aidcase.import_file('filings', %L) $$, :'once')), '23505 another unit has imported this file||A file is imported once, by one unit.', 'also by another unit');
SELECT is((SELECT count(*) FROM staff_filing) || ' ' || (SELECT count(*) FROM file_import), '1 1', 'it is there once');

-- ---------------------------------------------------------------------
-- Out again, with a purpose

SELECT is(pg_temp.told('t_bureau', $$ SELECT aidcase.export_file('filings', '2021-05') $$),
    '22004 a purpose is needed to read this|Numbers, incomes or accounts of many people are shown; who read them and what for is kept.|Give the purpose as an argument, or SET aidcase.purpose = ''…'' for the session.', 'nothing is handed out without a purpose');
SELECT is(convert_from(pg_temp.by_login('t_bureau', $$ SELECT aidcase.export_file('filings', '2021-05', '年度核查') $$)::bytea, 'UTF8'),
    E'工号,公职人员号码,申报日期,关系,姓名,公民身份号码,出生日期,亲子种类,开始日期,终止日期,终止原因\r\nx-group4,,2021-05-04,nil,,,,,,,\r\n', 'an export has all columns in the kind''s order and form');
SELECT results_eq($$ SELECT s.staff_no, r.what, r.period, r.purpose, r.lines, r.entry_no IN (SELECT entry_no FROM ledger_entry) FROM sensitive_reading AS r JOIN staff AS s ON s.staff_id = r.read_by $$,
    $$ VALUES ('b-clerk', 'export_file filings', '2021-05', '年度核查', 1::bigint, true) $$, 'who read what and what for is in the ledger');
SET LOCAL aidcase.purpose = '季度核查';
SELECT is(pg_temp.told('t_bureau', $$ SELECT aidcase.export_file('filings', '2021') $$), '(done)', 'a setting gives the purpose too');
SELECT is((SELECT string_agg(purpose, ' ' ORDER BY reading_id) FROM sensitive_reading), '年度核查 季度核查', 'and is kept');
SELECT alike(pg_temp.told('t_bureau', $$ SELECT aidcase.export_file('filings', 'May') $$), '22023 invalid period ''May''|%', 'a period that is none');
SELECT alike(pg_temp.told('t_analyst', $$ SELECT aidcase.export_file('filings', '2021', 'x') $$), '42501 %', 'analysts are handed no numbers');

SELECT * FROM finish();
ROLLBACK;
