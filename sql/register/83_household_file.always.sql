-- household file: what is missing, what is where, who has it.

-- Trigger: papers, volumes, loans and uploads belong together, and say who
-- entered them.
CREATE OR REPLACE FUNCTION aidcase.check_file() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    fault text;
    staff CONSTANT bigint := aidcase.acting_staff();
BEGIN
    IF TG_TABLE_NAME = 'case_document' THEN
        NEW.scanned_at := coalesce(NEW.scanned_at, aidcase.now_here());
        NEW.scanned_by := staff;
        fault := CASE
            WHEN NOT EXISTS (SELECT FROM aidcase.case_round AS r WHERE r.round_id = NEW.round_id AND r.case_id = NEW.case_id)
                THEN 'The round belongs to another case.'
            WHEN NEW.scanned_at > aidcase.now_here() THEN 'It was scanned in the future.'
            WHEN NEW.volume_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM aidcase.paper_volume AS v WHERE v.volume_id = NEW.volume_id AND v.case_id = NEW.case_id AND v.pages >= NEW.last_page)
                THEN 'The volume is none of the household, or has fewer pages.' END;
    ELSIF TG_TABLE_NAME = 'paper_volume' THEN
        NEW.archived_by := staff;
        fault := CASE WHEN NEW.archived_on > aidcase.today() THEN 'It was archived in the future.' END;
    ELSIF TG_TABLE_NAME = 'volume_loan' THEN
        NEW.lent_by := staff;
        fault := CASE
            WHEN NOT EXISTS (SELECT FROM aidcase.paper_volume AS v WHERE v.volume_id = NEW.volume_id AND v.case_id = NEW.case_id)
                THEN 'The volume is none of the household.'
            WHEN NEW.lent_on > aidcase.today() THEN 'It was lent in the future.' END;
    ELSE
        NEW.uploaded_at := coalesce(NEW.uploaded_at, aidcase.now_here());
        NEW.uploaded_by := staff;
        fault := CASE
            WHEN NOT EXISTS (SELECT FROM aidcase.case_document AS d WHERE d.document_id = NEW.document_id AND d.case_id = NEW.case_id AND NOT d.void)
                THEN 'The scan is none of the household.'
            WHEN NEW.uploaded_at > aidcase.now_here() THEN 'It was uploaded in the future.' END;
    END IF;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'a row of "%" does not fit the household''s file', TG_TABLE_NAME
            USING ERRCODE = '22023', DETAIL = fault, HINT = 'Correct it and enter it again.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_file() IS
    '触发器:扫描件、卷、借阅、上传须属同一户,登记人为经办人 / trigger: scans, volumes, loans and uploads are of one household and name who entered them';
REVOKE ALL ON FUNCTION aidcase.check_file() FROM PUBLIC;
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES ('case_document', '''void'''), ('paper_volume', '''box_no'', ''pages'', ''place'''),
                                   ('volume_loan', '''returned_on'''), ('scan_upload', '')) AS v (name, free)
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER "~1_check" BEFORE INSERT ON aidcase.%I'
                       ' FOR EACH ROW EXECUTE FUNCTION aidcase.check_file()', t.name);
        EXECUTE format('CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.%I'
                       ' FOR EACH ROW EXECUTE FUNCTION aidcase.only_change(%s)', t.name, t.free);
    END LOOP;
END
$$;

-- The checklist of every decided round: what it must have and what is there.
-- A signed promise counts by the hash that was entered with it.
CREATE OR REPLACE VIEW aidcase.file_checklist WITH (security_invoker = true) AS
SELECT r.case_id, c.case_no, r.unit_id, r.round_id, r.round_kind, r.decided_on, q.item, i.label_zh, i.label_en, q.article,
       d.document_id, d.volume_id, d.first_page, d.last_page,
       CASE WHEN d.document_id IS NOT NULL THEN u.status
            WHEN p.hashed THEN 'hashed'
            ELSE 'missing' END AS status
  FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
 CROSS JOIN LATERAL (
        SELECT DISTINCT ON (e.item) e.item, e.article
          FROM aidcase.file_requirement AS e
         WHERE r.round_kind = ANY (e.round_kinds) AND e.valid @> r.decided_on
           AND (e.programme IS NULL OR EXISTS (SELECT FROM aidcase.assistance_opinion AS o
                                                WHERE o.round_id = r.round_id AND o.programme = e.programme AND NOT o.void))
           AND CASE e.condition
               WHEN 'granted' THEN EXISTS (SELECT FROM aidcase.assistance_opinion AS o
                                            WHERE o.round_id = r.round_id AND o.outcome = 'granted' AND NOT o.void)
               WHEN 'refused' THEN NOT EXISTS (SELECT FROM aidcase.assistance_opinion AS o
                                                WHERE o.round_id = r.round_id AND o.outcome = 'granted' AND NOT o.void)
               WHEN 'agent' THEN EXISTS (SELECT FROM aidcase.applicant_agent AS a WHERE a.round_id = r.round_id AND NOT a.void)
               ELSE true END
         ORDER BY e.item, e.requirement_id) AS q
  JOIN aidcase.file_item AS i ON i.item = q.item
  LEFT JOIN LATERAL (SELECT x.document_id, x.volume_id, x.first_page, x.last_page, x.sha256
                       FROM aidcase.case_document AS x
                      WHERE x.round_id = r.round_id AND x.item = q.item AND NOT x.void
                      ORDER BY x.document_id DESC LIMIT 1) AS d ON true
  LEFT JOIN LATERAL (SELECT CASE WHEN l.sha256 IS NULL THEN 'scanned'
                                 WHEN l.sha256 = d.sha256 THEN 'uploaded' ELSE 'differs' END AS status
                       FROM (VALUES (1)) AS one (n)
                       LEFT JOIN LATERAL (SELECT s.sha256 FROM aidcase.scan_upload AS s WHERE s.document_id = d.document_id
                                           ORDER BY s.upload_id DESC LIMIT 1) AS l ON true) AS u ON d.document_id IS NOT NULL
 CROSS JOIN LATERAL (SELECT CASE q.item
           WHEN 'commitment' THEN EXISTS (SELECT FROM aidcase.commitment AS x WHERE x.round_id = r.round_id AND NOT x.void)
           WHEN 'authorisation' THEN EXISTS (SELECT FROM aidcase.authorisation AS x WHERE x.round_id = r.round_id AND NOT x.void)
           WHEN 'mandate' THEN EXISTS (SELECT FROM aidcase.applicant_agent AS x WHERE x.round_id = r.round_id AND NOT x.void)
           ELSE false END AS hashed) AS p
 WHERE r.decided_on IS NOT NULL;
COMMENT ON VIEW aidcase.file_checklist IS
    '一户一档清单:已决定轮次应有的材料及状态 (missing 缺,hashed 仅有签署件哈希,scanned 已扫描,uploaded 已上传省平台,differs 与平台不一致) / checklist of the household files: what each decided round must have, and whether it is missing, only hashed, scanned, uploaded, or differs from the platform';
COMMENT ON COLUMN aidcase.file_checklist.case_id IS '个案 / case';
COMMENT ON COLUMN aidcase.file_checklist.case_no IS '档案号 / case number';
COMMENT ON COLUMN aidcase.file_checklist.unit_id IS '决定单位 / unit that decided';
COMMENT ON COLUMN aidcase.file_checklist.round_id IS '轮次 / round';
COMMENT ON COLUMN aidcase.file_checklist.round_kind IS '轮次种类 / kind of round';
COMMENT ON COLUMN aidcase.file_checklist.decided_on IS '决定日期 / date of the decision';
COMMENT ON COLUMN aidcase.file_checklist.item IS '材料 / paper';
COMMENT ON COLUMN aidcase.file_checklist.label_zh IS '中文名称 / label in Chinese';
COMMENT ON COLUMN aidcase.file_checklist.label_en IS '英文名称 / label in English';
COMMENT ON COLUMN aidcase.file_checklist.article IS '依据 / what it rests on';
COMMENT ON COLUMN aidcase.file_checklist.document_id IS '扫描件;空为无 / scan; NULL = none';
COMMENT ON COLUMN aidcase.file_checklist.volume_id IS '所在卷;空为未归档 / volume; NULL = not archived';
COMMENT ON COLUMN aidcase.file_checklist.first_page IS '起页;空为未归档 / first page; NULL = not archived';
COMMENT ON COLUMN aidcase.file_checklist.last_page IS '止页;空为未归档 / last page; NULL = not archived';
COMMENT ON COLUMN aidcase.file_checklist.status IS '状态 / status: missing, hashed, scanned, uploaded, differs';

-- Where the volumes are.
CREATE OR REPLACE VIEW aidcase.volume_status WITH (security_invoker = true) AS
SELECT v.volume_id, v.case_id, c.case_no, c.unit_id, v.archive_no, v.box_no, v.volume_no, v.pages, v.place,
       l.lent_to, l.lent_on, l.due_on, coalesce(l.due_on < aidcase.today(), false) AS overdue
  FROM aidcase.paper_volume AS v
  JOIN aidcase.aid_case AS c ON c.case_id = v.case_id
  LEFT JOIN aidcase.volume_loan AS l ON l.volume_id = v.volume_id AND l.returned_on IS NULL;
COMMENT ON VIEW aidcase.volume_status IS
    '纸质卷及借阅状态 / volumes of paper, where they are and to whom they are lent';
COMMENT ON COLUMN aidcase.volume_status.volume_id IS '卷 / volume';
COMMENT ON COLUMN aidcase.volume_status.case_id IS '个案 / case';
COMMENT ON COLUMN aidcase.volume_status.case_no IS '档案号 / case number';
COMMENT ON COLUMN aidcase.volume_status.unit_id IS '单位 / unit';
COMMENT ON COLUMN aidcase.volume_status.archive_no IS '归档号 / archive number';
COMMENT ON COLUMN aidcase.volume_status.box_no IS '盒号 / box';
COMMENT ON COLUMN aidcase.volume_status.volume_no IS '卷号 / volume number';
COMMENT ON COLUMN aidcase.volume_status.pages IS '页数 / pages';
COMMENT ON COLUMN aidcase.volume_status.place IS '存放地点 / place';
COMMENT ON COLUMN aidcase.volume_status.lent_to IS '借阅人;空为在库 / lent to; NULL = in its place';
COMMENT ON COLUMN aidcase.volume_status.lent_on IS '借出日期;空为在库 / lent on; NULL = in its place';
COMMENT ON COLUMN aidcase.volume_status.due_on IS '应还日期;空为在库 / due back on; NULL = in its place';
COMMENT ON COLUMN aidcase.volume_status.overdue IS '逾期未还 / not returned in time';
REVOKE ALL ON TABLE aidcase.file_checklist, aidcase.volume_status FROM PUBLIC;
GRANT SELECT ON TABLE aidcase.file_checklist, aidcase.volume_status TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

-- Enters the papers of a round, and where they are on paper.
CREATE OR REPLACE FUNCTION aidcase.add_documents(doc jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object", "required": ["round_id", "documents"], "properties": {
        "round_id": {"type": "integer"},
        "archive_no": {"type": "string", "maxLength": 100},
        "documents": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"type": "object",
          "required": ["item", "sha256", "place", "pages"],
          "properties": {
            "item": {"type": "string", "maxLength": 60},
            "title": {"type": "string", "maxLength": 200},
            "sha256": {"type": "string", "format": "sha256"},
            "place": {"type": "string", "maxLength": 500},
            "pages": {"type": "integer", "minimum": 1, "maximum": 9999},
            "first_page": {"type": "integer", "minimum": 1, "maximum": 99999},
            "last_page": {"type": "integer", "minimum": 1, "maximum": 99999}}}}}}';
    the_round CONSTANT aidcase.case_round := aidcase.round_of(doc);
    volume aidcase.paper_volume;
    n integer;
BEGIN
    SELECT v.* INTO volume FROM aidcase.paper_volume AS v WHERE v.archive_no = doc ->> 'archive_no' AND v.case_id = the_round.case_id;
    PERFORM aidcase.raise_faults('list of documents', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'round_id', 'is no round of your units' WHERE the_round.round_id IS NULL AND jsonb_typeof(doc -> 'round_id') = 'number'
                UNION ALL
                SELECT 'archive_no', 'is no volume of this household' WHERE doc ->> 'archive_no' IS NOT NULL AND volume.volume_id IS NULL
                UNION ALL
                SELECT 'documents[' || l.n || '].' || w.what, w.reason
                  FROM aidcase.listed(doc, 'documents') AS l
                 CROSS JOIN LATERAL (
                    SELECT 'item', 'must be one of ' || (SELECT string_agg(i.item, ', ' ORDER BY i.sort) FROM aidcase.file_item AS i)
                     WHERE jsonb_typeof(l.item -> 'item') = 'string' AND NOT EXISTS (SELECT FROM aidcase.file_item AS i WHERE i.item = l.item ->> 'item')
                    UNION ALL
                    SELECT 'sha256', 'was entered before for this paper'
                     WHERE EXISTS (SELECT FROM aidcase.case_document AS d
                                    WHERE d.round_id = the_round.round_id AND d.item = l.item ->> 'item' AND NOT d.void
                                      AND encode(d.sha256, 'hex') = lower(l.item ->> 'sha256'))
                        OR EXISTS (SELECT FROM aidcase.listed(doc, 'documents') AS b WHERE b.n < l.n AND b.item -> 'item' = l.item -> 'item'
                                      AND lower(b.item ->> 'sha256') = lower(l.item ->> 'sha256'))
                    UNION ALL
                    SELECT 'first_page', 'first_page and last_page go together, with a volume'
                     WHERE num_nonnulls(l.item ->> 'first_page', l.item ->> 'last_page', doc ->> 'archive_no') NOT IN (0, 3)
                    UNION ALL
                    SELECT 'last_page', CASE WHEN (l.item -> 'last_page') < (l.item -> 'first_page') THEN 'must not lie before first_page'
                                             ELSE 'lies behind the last page of the volume' END
                     WHERE jsonb_typeof(l.item -> 'last_page') = 'number'
                       AND ((l.item -> 'last_page') < (l.item -> 'first_page') OR (l.item -> 'last_page') > to_jsonb(volume.pages))) AS w (what, reason)
               ) AS f (path, reason)
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"round_id": 1, "archive_no": "西湖2021-0001", "documents": [{"item": "visit_form", "sha256": "…", "place": "scan/2021/1.pdf", "pages": 2, "first_page": 3, "last_page": 4}]}.');
    INSERT INTO aidcase.case_document (case_id, round_id, item, title, sha256, place, pages, volume_id, first_page, last_page)
    SELECT the_round.case_id, the_round.round_id, l.item ->> 'item', l.item ->> 'title', decode(l.item ->> 'sha256', 'hex'), l.item ->> 'place',
           (l.item ->> 'pages')::integer, volume.volume_id, (l.item ->> 'first_page')::integer, (l.item ->> 'last_page')::integer
      FROM aidcase.listed(doc, 'documents') AS l ORDER BY l.n;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
COMMENT ON FUNCTION aidcase.add_documents(jsonb) IS
    '登记一轮次的扫描件 (哈希、存放处、所在卷和页码),返回份数;有误则一次列出全部错误 / enters the scans of a round by hash, with their place and the pages of the volume; returns how many; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.add_documents(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.add_documents(jsonb) TO aidcase_clerk, aidcase_leader;
