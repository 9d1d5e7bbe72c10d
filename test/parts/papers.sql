-- papers.sql: every kind of paper as one row (kind, page), for a household
-- whose names hold what could break a page.  Needs household.sql.
CREATE TEMP TABLE paper (kind text, page text);
CREATE FUNCTION pg_temp.paper(r bigint, kind text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    page text;
BEGIN
    PERFORM pg_temp.by_staff('x-clerk', format('SELECT aidcase.issue_document(%s, %L)', r, kind));
    page := pg_temp.by_staff('x-clerk', format('SELECT aidcase.document(%s, %L)', r, kind));
    INSERT INTO paper VALUES (kind, page);
END
$$;
DO $$
DECLARE
    r bigint; refused bigint; changed bigint; stopped bigint; c bigint;
    application jsonb;
BEGIN
    PERFORM pg_temp.clock('2021-04-08 09:00+08');
    application := pg_temp.application('papers', '340705100', '340705100201', '{8811,8812,8813}', 300, '2021-04-08');
    application := jsonb_set(application, '{members,0,name}', to_jsonb('陈<script>document.title="x"</script>'::text));
    application := jsonb_set(application, '{members,1,name}', to_jsonb(U&'\3A73\+020BB7娜&"''买买提·吐尔逊·阿卜杜热合曼'::text));
    r := pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)', application));
    PERFORM pg_temp.by_staff('x-clerk', format($q$WITH i AS (INSERT INTO aidcase.paper_request (round_id, paper, asked_on)
        SELECT %s, k.paper, aidcase.today() FROM aidcase.paper_kind AS k
         WHERE NOT EXISTS (SELECT FROM aidcase.forbidden_paper AS f WHERE f.paper = k.paper) ORDER BY k.sort LIMIT 1 RETURNING 1) SELECT count(*) FROM i$q$, r));
    PERFORM pg_temp.paper(r, 'missing_papers');
    UPDATE aidcase.paper_request SET received_on = asked_on WHERE round_id = r;
    PERFORM pg_temp.paper(r, 'authorisation');
    PERFORM pg_temp.in_review(r, 'x', '340705100');
    PERFORM pg_temp.paper(r, k) FROM unnest('{acceptance,visit_form,review_form}'::text[]) AS k;
    PERFORM pg_temp.decide(r, 'x', '340705100', '2021-04-08 15:00+08');
    PERFORM pg_temp.paper(r, k) FROM unnest('{decision,minutes}'::text[]) AS k;
    PERFORM pg_temp.clock('2021-04-09 09:00+08');
    PERFORM pg_temp.by_staff('x-clerk', $q$SELECT aidcase.publish('340705100')$q$);
    PERFORM pg_temp.paper(r, 'publicity');
    SELECT case_id INTO c FROM aidcase.case_round WHERE round_id = r;
    -- refused: an income far above the standard
    PERFORM pg_temp.clock('2021-04-12 09:00+08');
    refused := pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
        pg_temp.application('papers2', '340705100', '340705100201', '{8821}', 9000, '2021-04-12')));
    PERFORM pg_temp.in_review(refused, 'x', '340705100');
    PERFORM pg_temp.by_staff('x-group1', format($q$SELECT aidcase.advance(%s, 'refuse', NULL, '{"minutes_no": "m%1$s"}')$q$, refused));
    PERFORM pg_temp.paper(refused, 'refusal');
    -- a change: more income; then a stop
    PERFORM pg_temp.clock('2021-04-21 09:00+08');
    PERFORM pg_temp.by_staff('x-clerk', format('SELECT aidcase.advance(%s, ''close'')', r));
    PERFORM pg_temp.clock('2021-05-06 09:00+08');
    changed := pg_temp.by_staff('x-leader', format('SELECT aidcase.open_review(%s, ''change'')', c));
    PERFORM pg_temp.by_staff('x-clerk', format($q$WITH i AS (INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source)
        SELECT case_id, round_id, member_id, 'transfer_other', 500, 'month', 'verified' FROM aidcase.case_member WHERE round_id = %s AND applicant RETURNING 1) SELECT count(*) FROM i$q$, changed));
    INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
        SELECT case_id, round_id, member_id, '1', aidcase.today(), sha256('x') FROM aidcase.case_member WHERE round_id = changed AND applicant;
    PERFORM pg_temp.in_review(changed, 'x', '340705100');
    PERFORM pg_temp.decide(changed, 'x', '340705100', '2021-05-06 15:00+08');
    PERFORM pg_temp.paper(changed, 'change');
    PERFORM pg_temp.clock('2021-05-20 09:00+08');
    stopped := pg_temp.by_staff('x-clerk', format('SELECT aidcase.stop_case(%s, ''moved_away'', ''2021-05-18'')', c));
    PERFORM pg_temp.by_staff('x-clerk', format('SELECT aidcase.advance(%s, ''verify'')', stopped));
    PERFORM pg_temp.by_staff('x-leader', format('SELECT aidcase.advance(%s, ''decide'')', stopped));
    PERFORM pg_temp.paper(stopped, 'stop');
    -- another household moves away
    r := pg_temp.confirm('papers3', '340705100', '340705100201', '{8831}', 300, '2021-05-20 15:00+08');
    PERFORM pg_temp.by_staff('x-clerk', format('SELECT count(*) FROM aidcase.transfer_case((SELECT case_id FROM aidcase.case_round WHERE round_id = %s), ''芜湖市镜湖区'')', r));
    PERFORM pg_temp.by_staff('x-leader', format('SELECT aidcase.advance(''case_transfer'', t.transfer_id, ''release'') FROM aidcase.case_transfer AS t JOIN aidcase.case_round AS r USING (case_id) WHERE r.round_id = %s', r));
    PERFORM pg_temp.paper(r, 'transfer_list');
END
$$;
