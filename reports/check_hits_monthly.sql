-- name: check_hits_monthly
-- title: 经济核对疑似问题处置情况表
-- title_en: Suspicious items of economic checks and their disposal
-- unit: 条
-- unit_en: items
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: registry | text | 数据来源 | Register | text | none
-- column: opening | bigint | 上月末未处置 | Opening | int | sum
-- column: raised | bigint | 本月新增 | Raised | int | sum
-- column: not_confirmed | bigint | 不属实 | Not confirmed | int | sum | 本月处置 / Cleared this month
-- column: confirmed_counted | bigint | 属实计入 | Confirmed, counted | int | sum | 本月处置 / Cleared this month
-- column: confirmed_exempt | bigint | 属实豁免 | Confirmed, exempt | int | sum | 本月处置 / Cleared this month
-- column: cleared | bigint | 小计 | Together | int | sum | 本月处置 / Cleared this month
-- column: open | bigint | 月末未处置 | Open | int | sum
-- column: disposal_rate | numeric | 处置率 | Disposal rate | percent | none
-- check: opening + raised - cleared = open
-- check: cleared = not_confirmed + confirmed_counted + confirmed_exempt
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 上月末未处置+本月新增-本月处置=月末未处置;处置率=本月处置÷(上月末未处置+本月新增)。
-- note_en: Open at the end of last month + new - disposed of = open at the end of the month; share disposed of = disposed of / (open before + new).
WITH period AS (
    SELECT w.* FROM aidcase.report_window(report_check_hits_monthly.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_check_hits_monthly.as_of, report_check_hits_monthly.unit_code, report_check_hits_monthly.known_at) AS p
), item AS (
    -- what was open when the period began, or was raised in it
    SELECT r.unit_id, h.registry, h.case_id, h.finding, h.raised_at >= t.from_time AS fresh,
           h.cleared_at >= t.from_time AND h.cleared_at < t.to_time AS cleared,
           h.cleared_at IS NULL OR h.cleared_at >= t.to_time AS open
      FROM period AS t
     CROSS JOIN {registry_hit: case_id, round_id, registry, raised_at, finding, cleared_at} AS h
      JOIN {case_round: round_id, unit_id} AS r ON r.round_id = h.round_id
     -- a day written out, with one to spare for any time zone, tells the planner
     -- how many items there are
     WHERE h.raised_at < (date_trunc('month', report_check_hits_monthly.as_of::timestamp) + interval '1 month 1 day') AT TIME ZONE 'UTC'
       AND CASE WHEN h.raised_at >= t.to_time THEN false
                ELSE h.cleared_at IS NULL OR h.cleared_at >= t.from_time OR h.raised_at >= t.from_time END
)
-- report
, counted AS (
    SELECT i.unit_id, i.registry, count(*) AS items, count(*) FILTER (WHERE i.fresh) AS raised,
           count(*) FILTER (WHERE i.cleared AND i.finding = 'not_confirmed') AS not_confirmed,
           count(*) FILTER (WHERE i.cleared AND i.finding = 'confirmed_counted') AS confirmed_counted,
           count(*) FILTER (WHERE i.cleared AND i.finding = 'confirmed_exempt') AS confirmed_exempt,
           count(*) FILTER (WHERE i.cleared) AS cleared, count(*) FILTER (WHERE i.open) AS open
      FROM item AS i
     GROUP BY i.unit_id, i.registry
)
SELECT e.place, b.zh, c.items - c.raised, c.raised, c.not_confirmed, c.confirmed_counted, c.confirmed_exempt, c.cleared, c.open,
       round(c.cleared::numeric / c.items, 4)
  FROM place AS e
  JOIN counted AS c ON c.unit_id = e.unit_id
  JOIN aidcase.label AS b ON b.code_set = 'registry_hit.registry' AND b.code = c.registry
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C"
-- drill
SELECT ARRAY[e.place, b.zh], v.column_name, i.case_id, count(*)::numeric
  FROM item AS i
  JOIN place AS e ON e.unit_id = i.unit_id
  JOIN aidcase.label AS b ON b.code_set = 'registry_hit.registry' AND b.code = i.registry
 CROSS JOIN LATERAL (VALUES ('opening', NOT i.fresh), ('raised', i.fresh), (i.finding, i.cleared), ('cleared', i.cleared),
                            ('open', i.open)) AS v (column_name, counts)
 WHERE v.counts
 GROUP BY e.unit_code, e.place, b.sort, b.code, b.zh, v.column_name, i.case_id
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C", v.column_name COLLATE "C", i.case_id
