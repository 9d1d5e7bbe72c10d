-- The household file: checklist, scans by hash, volumes of paper, loans, and
-- what the provincial platform has.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(27);
\ir parts/household.sql
CREATE FUNCTION pg_temp.case_of(r bigint) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT case_id FROM aidcase.case_round WHERE round_id = r $$;
SELECT pg_temp.confirm('a', '340705100', '340705100201', '{71}', 300, '2021-04-12 15:00+08') AS a \gset
SELECT pg_temp.case_of(:a) AS c \gset
CREATE FUNCTION pg_temp.list(r bigint, wanted text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT string_agg(item, ' ' ORDER BY item COLLATE "C") FROM aidcase.file_checklist WHERE round_id = r AND status = wanted $$;

-- what an application that was granted must have
SELECT is(pg_temp.list(:a, 'missing'), 'application check_report determination evaluation identity minutes publicity review_form visit_form', 'what is missing is listed');
SELECT is(pg_temp.list(:a, 'hashed'), 'authorisation commitment', 'signed promises count by their hash');
SELECT is((SELECT count(*) FROM file_checklist WHERE item IN ('refusal', 'mandate', 'handover_receipt')), 0::bigint, 'what does not apply is not asked for');
SELECT is((SELECT count(*) FROM file_checklist WHERE round_id = :a AND article = '皖民社救函〔2019〕187号'), 6::bigint, 'with what it rests on');
SELECT is(pg_temp.by_login('t_other', 'SELECT count(*) FROM aidcase.file_checklist'), '0', 'another unit sees none of it');

-- a volume
SELECT pg_temp.clock('2021-05-06 09:00+08');
CREATE FUNCTION pg_temp.run(no text, command text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.staff_told(no, command) $$;
SELECT is(pg_temp.run('x-clerk', format($$INSERT INTO aidcase.paper_volume (case_id, archive_no, box_no, volume_no, pages, place, archived_on) VALUES (%s, '西湖2021-1', '盒7', 1, 40, '镇档案室3架', '2021-05-06') RETURNING volume_id$$, :c)), '(done)', 'a volume is archived');
SELECT volume_id AS v FROM paper_volume \gset
SELECT is((SELECT s.staff_no FROM paper_volume JOIN staff AS s ON s.staff_id = archived_by), 'x-clerk', 'by who acts');
SELECT alike(pg_temp.run('x-clerk', format($$INSERT INTO aidcase.paper_volume (case_id, archive_no, box_no, volume_no, pages, place, archived_on) VALUES (%s, '西湖2021-2', '盒7', 2, 40, '镇档案室', '2021-05-07') RETURNING volume_id$$, :c)), '22023 a row of "paper_volume" does not fit the household''s file|It was archived in the future.|%', 'not tomorrow');

-- scans
CREATE FUNCTION pg_temp.scans(r bigint, docs jsonb, volume text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT aidcase.add_documents(%L)', jsonb_strip_nulls(jsonb_build_object('round_id', r, 'archive_no', volume, 'documents', docs))) $$;
SELECT jsonb_build_object('item', 'visit_form', 'sha256', encode(sha256('visit'), 'hex'), 'place', 'scan/1.pdf', 'pages', 2) AS visit \gset
SELECT is(pg_temp.run('x-clerk', pg_temp.scans(:a, jsonb_build_array('{"item": "letter", "sha256": "x", "place": "p", "pages": 0, "first_page": 3}'::jsonb, :'visit'::jsonb || '{"first_page": 9, "last_page": 41}', :'visit'::jsonb), '西湖2021-9')),
    'ZA007 the list of documents has 7 faults|archive_no: is no volume of this household
documents[0].first_page: first_page and last_page go together, with a volume
documents[0].item: must be one of application, identity, commitment, authorisation, mandate, acceptance, check_report, visit_form, determination, evaluation, review_form, minutes, publicity, decision, refusal, handover_receipt, change_notice, correction_form, transfer_list, card_agreement, takeover_decision, other
documents[0].pages: must be from 1 to 9999
documents[0].sha256: must be the 64 hexadecimal digits of a SHA-256
documents[2].first_page: first_page and last_page go together, with a volume
documents[2].sha256: was entered before for this paper|Example: {"round_id": 1, "archive_no": "西湖2021-0001", "documents": [{"item": "visit_form", "sha256": "…", "place": "scan/2021/1.pdf", "pages": 2, "first_page": 3, "last_page": 4}]}.', 'all faults at once');
SELECT alike(pg_temp.run('x-clerk', pg_temp.scans(:a, jsonb_build_array(:'visit'::jsonb || '{"first_page": 40, "last_page": 41}'), '西湖2021-1')), 'ZA007 the list of documents has 1 fault|documents[0].last_page: lies behind the last page of the volume|%', 'pages are pages of the volume');
SELECT is(pg_temp.by_staff('x-clerk', pg_temp.scans(:a, jsonb_build_array(:'visit'::jsonb || '{"first_page": 39, "last_page": 40}'), '西湖2021-1')), '1', 'a scan with its pages');
SELECT alike(pg_temp.run('x-clerk', pg_temp.scans(:a, jsonb_build_array(:'visit'::jsonb))), 'ZA007 %documents[0].sha256: was entered before for this paper|%', 'once');
SELECT is(pg_temp.by_staff('x-clerk', pg_temp.scans(:a, (SELECT jsonb_agg(jsonb_build_object('item', i, 'sha256', encode(sha256(i::bytea), 'hex'), 'place', 'scan/2.pdf', 'pages', 1))
    FROM unnest('{application,check_report,determination,evaluation,identity,minutes,publicity,review_form}'::text[]) AS i))), '8', 'the others');
SELECT is(pg_temp.list(:a, 'missing'), NULL, 'nothing is missing');
SELECT alike(pg_temp.run('d-clerk', pg_temp.scans(:a, jsonb_build_array(:'visit'::jsonb))), 'ZA007 %round_id: is no round of your units|%', 'nobody adds to a file of another unit');
SELECT document_id AS d FROM case_document WHERE item = 'visit_form' \gset
SELECT alike(pg_temp.told('postgres', format('UPDATE aidcase.case_document SET sha256 = sha256(''y'') WHERE document_id = %s', :d)), 'ZA004 %', 'a hash stays');

-- the platform
CREATE FUNCTION pg_temp.upload(d bigint, c bigint, content bytea) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told('x-clerk', format('INSERT INTO aidcase.scan_upload (document_id, case_id, platform_no, sha256) VALUES (%s, %s, ''P1'', sha256(%L)) RETURNING upload_id', d, c, content)) $$;
SELECT is(pg_temp.upload(:d, :c, 'vizit'), '(done)', 'uploaded');
SELECT is((SELECT status FROM file_checklist WHERE round_id = :a AND item = 'visit_form'), 'differs', 'the platform has other bytes');
SELECT is(pg_temp.upload(:d, :c, 'visit'), '(done)', 'uploaded again');
SELECT is(pg_temp.list(:a, 'uploaded'), 'visit_form', 'now it has the same');
SELECT alike(pg_temp.upload(0, :c, 'visit'), '22023 a row of "scan_upload" does not fit the household''s file|The scan is none of the household.|%', 'of a scan that there is');

-- loans
CREATE FUNCTION pg_temp.lend(v bigint, c bigint) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told('x-clerk', format('INSERT INTO aidcase.volume_loan (volume_id, case_id, lent_to, purpose, lent_on, due_on) VALUES (%s, %s, ''区局督查'', ''档案抽查'', ''2021-05-06'', ''2021-05-20'') RETURNING loan_id', v, c)) $$;
SELECT is(pg_temp.lend(:v, :c), '(done)', 'a volume is lent');
SELECT alike(pg_temp.lend(:v, :c), '23505 %', 'to one at a time');
SELECT pg_temp.clock('2021-05-21 09:00+08');
SELECT results_eq('SELECT archive_no, box_no, place, lent_to, overdue FROM volume_status', $$VALUES ('西湖2021-1', '盒7', '镇档案室3架', '区局督查', true)$$, 'who has it, and that it is late');
SELECT is(pg_temp.run('x-clerk', format('UPDATE aidcase.volume_loan SET returned_on = ''2021-05-21'' WHERE volume_id = %s RETURNING loan_id', :v)), '(done)', 'returned');
SELECT is((SELECT lent_to FROM volume_status), NULL, 'it stands in its place');
SELECT is(pg_temp.by_login('t_inspector', $$SELECT string_agg(status || ' ' || n, ', ' ORDER BY status) FROM (SELECT status, count(*) AS n FROM aidcase.file_checklist GROUP BY status) AS s$$), 'hashed 2, scanned 8, uploaded 1', 'the inspectors see the district''s files');
SELECT * FROM finish();
ROLLBACK;
