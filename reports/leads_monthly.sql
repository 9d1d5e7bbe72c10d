-- name: leads_monthly
-- title: 主动发现线索办理情况月报表
-- title_en: Leads of active discovery
-- unit: 条
-- unit_en: leads
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: source | text | 线索来源 | Source | text | none
-- column: opening | bigint | 上期末未办结 | Opening | int | sum
-- column: found | bigint | 本期发现 | Found | int | sum
-- column: became_case | bigint | 转为申请 | Became a case | int | sum | 本期办结 / Closed in the period
-- column: not_in_need | bigint | 不属困难 | Not in need | int | sum | 本期办结 / Closed in the period
-- column: assisted_already | bigint | 已在享受 | Assisted already | int | sum | 本期办结 / Closed in the period
-- column: declined | bigint | 本人不愿 | Declined | int | sum | 本期办结 / Closed in the period
-- column: other_outcome | bigint | 其他 | Other | int | sum | 本期办结 / Closed in the period
-- column: closed | bigint | 小计 | Together | int | sum | 本期办结 / Closed in the period
-- column: open | bigint | 期末未办结 | Open | int | sum
-- column: case_rate | numeric | 转申请率 | Share that became cases | percent | ratio became_case / closed
-- check: opening + found - closed = open
-- check: became_case + not_in_need + assisted_already + declined + other_outcome = closed
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 上期末未办结+本期发现-本期办结小计=期末未办结;小计=各办结栏之和。
-- note_en: Open before + found - closed = open at the end; closed = sum of the columns of what became of them.
WITH period AS (
    SELECT w.* FROM aidcase.report_window(report_leads_monthly.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_leads_monthly.as_of, report_leads_monthly.unit_code, report_leads_monthly.known_at) AS p
), item AS (
    SELECT l.unit_id, l.source, r.case_id, l.found_on, l.found_on >= t.from_day AS fresh, t.from_day, t.to_day,
           CASE WHEN s.kind = 'final' THEN greatest(aidcase.date_here(l.occurred_at), l.found_on) END AS closed_on,
           CASE WHEN l.round_id IS NOT NULL THEN 'became_case'
                WHEN l.no_action_reason IN ('not_in_need', 'assisted_already', 'declined') THEN l.no_action_reason
                ELSE 'other_outcome' END AS outcome
      FROM period AS t
      JOIN {lead: unit_id, source, found_on, workflow_id, state, occurred_at, round_id, no_action_reason} AS l ON l.found_on <= t.to_day
      JOIN aidcase.workflow_state AS s ON s.workflow_id = l.workflow_id AND s.state = l.state
      LEFT JOIN {case_round: round_id, case_id} AS r ON r.round_id = l.round_id
), judged AS (
    SELECT i.*, i.closed_on IS NULL OR i.closed_on > i.to_day AS open, coalesce(i.closed_on BETWEEN i.from_day AND i.to_day, false) AS closed
      FROM item AS i
     WHERE i.closed_on IS NULL OR i.closed_on >= i.from_day
)
-- report
, counted AS (
    SELECT j.unit_id, j.source, count(*) FILTER (WHERE NOT j.fresh) AS opening, count(*) FILTER (WHERE j.fresh) AS found,
           count(*) FILTER (WHERE j.closed AND j.outcome = 'became_case') AS became_case,
           count(*) FILTER (WHERE j.closed AND j.outcome = 'not_in_need') AS not_in_need,
           count(*) FILTER (WHERE j.closed AND j.outcome = 'assisted_already') AS assisted_already,
           count(*) FILTER (WHERE j.closed AND j.outcome = 'declined') AS declined,
           count(*) FILTER (WHERE j.closed AND j.outcome = 'other_outcome') AS other_outcome,
           count(*) FILTER (WHERE j.closed) AS closed, count(*) FILTER (WHERE j.open) AS open
      FROM judged AS j
     GROUP BY j.unit_id, j.source
)
SELECT e.place, b.zh, coalesce(c.opening, 0), coalesce(c.found, 0), coalesce(c.became_case, 0), coalesce(c.not_in_need, 0),
       coalesce(c.assisted_already, 0), coalesce(c.declined, 0), coalesce(c.other_outcome, 0), coalesce(c.closed, 0), coalesce(c.open, 0),
       round(c.became_case::numeric / nullif(c.closed, 0), 4)
  FROM place AS e
 CROSS JOIN aidcase.label AS b
  LEFT JOIN counted AS c ON c.unit_id = e.unit_id AND c.source = b.code
 WHERE b.code_set = 'lead.source'
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C"
-- drill
SELECT ARRAY[e.place, b.zh], v.column_name, j.case_id, count(*)::numeric
  FROM judged AS j
  JOIN place AS e ON e.unit_id = j.unit_id
  JOIN aidcase.label AS b ON b.code_set = 'lead.source' AND b.code = j.source
 CROSS JOIN LATERAL (VALUES ('opening', NOT j.fresh), ('found', j.fresh), (j.outcome, j.closed), ('closed', j.closed),
                            ('open', j.open)) AS v (column_name, counts)
 WHERE v.counts
 GROUP BY e.unit_code, e.place, b.sort, b.code, b.zh, v.column_name, j.case_id
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C", v.column_name COLLATE "C", j.case_id
