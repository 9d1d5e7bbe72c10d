-- name: filings_conflicts
-- title: 近亲属备案与利益冲突情况月报表
-- title_en: Filings of near relatives and conflicts of interest
-- unit: 人、份、条
-- unit_en: persons, declarations, flags
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: obliged | bigint | 应备案人员 | Have to file | int | sum | 备案 / Filings
-- column: never_declared | bigint | 从未申报 | Never declared | int | sum | 备案 / Filings
-- column: declarations | bigint | 本期申报 | Declarations | int | sum | 备案 / Filings
-- column: nil_returns | bigint | 其中无亲属 | Of which nil | int | sum | 备案 / Filings
-- column: officials | bigint | 公职人员备案 | Public officials | int | sum | 备案 / Filings
-- column: opening | bigint | 上期末未结 | Opening | int | sum | 冲突标记 / Flags
-- column: raised | bigint | 本期产生 | Raised | int | sum | 冲突标记 / Flags
-- column: unfiled | bigint | 其中未备案 | Of which not filed | int | sum | 冲突标记 / Flags
-- column: filed_late | bigint | 其中迟备案 | Of which filed late | int | sum | 冲突标记 / Flags
-- column: explained | bigint | 已说明 | Explained | int | sum | 本期结案 / Closed in the period
-- column: confirmed | bigint | 属实 | Confirmed | int | sum | 本期结案 / Closed in the period
-- column: void | bigint | 撤销 | Void | int | sum | 本期结案 / Closed in the period
-- column: closed | bigint | 小计 | Together | int | sum | 本期结案 / Closed in the period
-- column: open | bigint | 期末未结 | Open | int | sum
-- check: never_declared <= obliged
-- check: nil_returns <= declarations
-- check: opening + raised - closed = open
-- check: explained + confirmed + void = closed
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 上期末未结+本期产生-本期结案小计=期末未结;小计=已说明+属实+撤销。
-- note: 应备案人员为截止日在应备案岗位的人员(含村居、购买服务人员),按所在镇办社区统计,区级单列。
-- note_en: Open before + raised - closed = open at the end; closed = explained + substantiated + void.
-- note_en: Who has to file: those who hold a post with that duty on the last day (village committees and bought-in services included), by unit; the district on its own row.
WITH period AS (
    SELECT w.* FROM aidcase.report_window(report_filings_conflicts.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_filings_conflicts.as_of, report_filings_conflicts.unit_code, report_filings_conflicts.known_at, true) AS p
), below AS (
    -- villages count with the unit above them, the district for itself
    SELECT u.unit_id, e.unit_id AS place_id
      FROM place AS e
      JOIN period AS t ON true
      JOIN aidcase.unit_at(report_filings_conflicts.known_at) AS u
        ON u.unit_id = e.unit_id OR length(e.unit_code) > 6 AND aidcase.unit_below(u.unit_id, e.unit_id, t.to_day)
), obliged AS (
    SELECT DISTINCT b.place_id AS unit_id, p.staff_id
      FROM period AS t
      JOIN {staff_post: staff_id, unit_id, post, provider_id, valid} AS p ON p.valid @> t.to_day
      JOIN {filing_duty: post, valid} AS d ON d.post = p.post AND d.valid @> t.to_day
      JOIN below AS b ON b.unit_id = p.unit_id
     WHERE p.provider_id IS NULL
        OR EXISTS (SELECT FROM {provider_contract: provider_id, unit_id, valid} AS k
                    WHERE k.provider_id = p.provider_id AND k.valid @> t.to_day
                      AND aidcase.unit_below(p.unit_id, k.unit_id, t.to_day))
), flag AS (
    SELECT r.unit_id, f.case_id, f.unfiled, f.filed_late, f.known_at AS raised_at,
           CASE WHEN f.state <> 'open' THEN f.state END AS outcome,
           CASE WHEN f.state <> 'open' THEN coalesce(c.closed_at, f.known_at) END AS closed_at, t.from_time, t.to_time
      FROM period AS t
      JOIN {conflict_flag: flag_id, case_id, round_id, unfiled, filed_late, known_at, state} AS f ON f.known_at < t.to_time
      JOIN {case_round: round_id, unit_id} AS r ON r.round_id = f.round_id
      LEFT JOIN (SELECT l.flag_id, max(l.decided_at) AS closed_at
                   FROM {flag_closing: flag_id, decided_at, agreed} AS l WHERE l.agreed GROUP BY l.flag_id) AS c ON c.flag_id = f.flag_id
), cell (unit_id, column_name, case_id) AS (
    SELECT f.unit_id, v.column_name, f.case_id
      FROM flag AS f
     CROSS JOIN LATERAL (VALUES
            ('opening', f.raised_at < f.from_time AND (f.closed_at IS NULL OR f.closed_at >= f.from_time)),
            ('raised', f.raised_at >= f.from_time),
            ('unfiled', f.raised_at >= f.from_time AND f.unfiled),
            ('filed_late', f.raised_at >= f.from_time AND f.filed_late),
            (f.outcome, f.closed_at >= f.from_time AND f.closed_at < f.to_time),
            ('closed', f.closed_at >= f.from_time AND f.closed_at < f.to_time),
            ('open', f.closed_at IS NULL OR f.closed_at >= f.to_time)) AS v (column_name, counts)
     WHERE v.counts
     UNION ALL
    SELECT o.unit_id, v.column_name, NULL
      FROM obliged AS o
      JOIN period AS t ON true
     CROSS JOIN LATERAL (VALUES ('obliged', true),
            ('never_declared', NOT EXISTS (SELECT FROM {staff_filing: staff_id, declared_on} AS f
                                            WHERE f.staff_id = o.staff_id AND f.declared_on <= t.to_day))) AS v (column_name, counts)
     WHERE v.counts
     UNION ALL
    SELECT b.place_id, v.column_name, NULL
      FROM period AS t
      JOIN {staff_filing: unit_id, declared_on, nil_return} AS f ON f.declared_on BETWEEN t.from_day AND t.to_day
      JOIN below AS b ON b.unit_id = f.unit_id
     CROSS JOIN LATERAL (VALUES ('declarations', true), ('nil_returns', f.nil_return)) AS v (column_name, counts)
     WHERE v.counts
     UNION ALL
    SELECT b.place_id, 'officials', NULL
      FROM period AS t
      JOIN {official_filing: unit_id, declared_on} AS f ON f.declared_on BETWEEN t.from_day AND t.to_day
      JOIN below AS b ON b.unit_id = f.unit_id
)
-- report
SELECT e.place,
       count(*) FILTER (WHERE c.column_name = 'obliged'),
       count(*) FILTER (WHERE c.column_name = 'never_declared'),
       count(*) FILTER (WHERE c.column_name = 'declarations'),
       count(*) FILTER (WHERE c.column_name = 'nil_returns'),
       count(*) FILTER (WHERE c.column_name = 'officials'),
       count(*) FILTER (WHERE c.column_name = 'opening'),
       count(*) FILTER (WHERE c.column_name = 'raised'),
       count(*) FILTER (WHERE c.column_name = 'unfiled'),
       count(*) FILTER (WHERE c.column_name = 'filed_late'),
       count(*) FILTER (WHERE c.column_name = 'explained'),
       count(*) FILTER (WHERE c.column_name = 'confirmed'),
       count(*) FILTER (WHERE c.column_name = 'void'),
       count(*) FILTER (WHERE c.column_name = 'closed'),
       count(*) FILTER (WHERE c.column_name = 'open')
  FROM place AS e
  LEFT JOIN cell AS c ON c.unit_id = e.unit_id
 GROUP BY e.unit_code, e.place
 ORDER BY e.unit_code
-- drill
SELECT ARRAY[e.place], c.column_name, c.case_id, count(*)::numeric
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
 GROUP BY e.unit_code, e.place, c.column_name, c.case_id
 ORDER BY e.unit_code, c.column_name COLLATE "C", c.case_id
