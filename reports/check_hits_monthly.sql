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
    SELECT r.unit_id, h.registry, h.case_id, h.finding,
           aidcase.date_here(h.raised_at) AS raised_on, aidcase.date_here(h.cleared_at) AS cleared_on, t.from_day, t.to_day
      FROM period AS t
      JOIN {registry_hit: case_id, round_id, registry, raised_at, finding, cleared_at} AS h ON h.raised_at < t.to_time
      JOIN {case_round: round_id, unit_id} AS r ON r.round_id = h.round_id
), cell (unit_id, registry, column_name, case_id) AS (
    SELECT i.unit_id, i.registry, v.column_name, i.case_id
      FROM item AS i
     CROSS JOIN LATERAL (VALUES
            ('opening', i.raised_on < i.from_day AND (i.cleared_on IS NULL OR i.cleared_on >= i.from_day)),
            ('raised', i.raised_on >= i.from_day),
            (i.finding, i.cleared_on BETWEEN i.from_day AND i.to_day),
            ('cleared', i.cleared_on BETWEEN i.from_day AND i.to_day),
            ('open', i.cleared_on IS NULL OR i.cleared_on > i.to_day)) AS v (column_name, counts)
     WHERE v.counts
)
-- report
SELECT e.place, b.zh,
       count(*) FILTER (WHERE c.column_name = 'opening'),
       count(*) FILTER (WHERE c.column_name = 'raised'),
       count(*) FILTER (WHERE c.column_name = 'not_confirmed'),
       count(*) FILTER (WHERE c.column_name = 'confirmed_counted'),
       count(*) FILTER (WHERE c.column_name = 'confirmed_exempt'),
       count(*) FILTER (WHERE c.column_name = 'cleared'),
       count(*) FILTER (WHERE c.column_name = 'open'),
       round(count(*) FILTER (WHERE c.column_name = 'cleared')::numeric
             / nullif(count(*) FILTER (WHERE c.column_name IN ('opening', 'raised')), 0), 4)
  FROM place AS e
  JOIN cell AS c ON c.unit_id = e.unit_id
  JOIN aidcase.label AS b ON b.code_set = 'registry_hit.registry' AND b.code = c.registry
 GROUP BY e.unit_code, e.place, b.sort, b.code, b.zh
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C"
-- drill
SELECT ARRAY[e.place, b.zh], c.column_name, c.case_id, count(*)::numeric
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
  JOIN aidcase.label AS b ON b.code_set = 'registry_hit.registry' AND b.code = c.registry
 GROUP BY e.unit_code, e.place, b.sort, b.code, b.zh, c.column_name, c.case_id
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C", c.column_name COLLATE "C", c.case_id
