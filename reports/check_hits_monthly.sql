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
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- note: 上月末未处置+本月新增-本月处置=月末未处置;处置率=本月处置÷(上月末未处置+本月新增)。
WITH period AS (
    SELECT date_trunc('month', report_check_hits_monthly.as_of::timestamp)::date AS this_month
     WHERE aidcase.present_only(report_check_hits_monthly.known_at)
), place AS (
    SELECT u.unit_id, u.unit_code, n.name
      FROM aidcase.unit AS u
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> report_check_hits_monthly.as_of
     WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
       AND (report_check_hits_monthly.unit_code IS NULL
            OR u.unit_code LIKE report_check_hits_monthly.unit_code || '%')
), item AS (
    SELECT r.unit_id, h.registry, h.case_id, h.finding,
           aidcase.date_here(h.raised_at) AS raised_on, aidcase.date_here(h.cleared_at) AS cleared_on, t.this_month
      FROM period AS t
      JOIN aidcase.registry_hit AS h ON h.raised_at < aidcase.midnight_here(report_check_hits_monthly.as_of + 1)
      JOIN aidcase.case_round AS r ON r.round_id = h.round_id
), cell (unit_id, registry, column_name, case_id) AS (
    SELECT i.unit_id, i.registry, v.column_name, i.case_id
      FROM item AS i
     CROSS JOIN LATERAL (VALUES
            ('opening', i.raised_on < i.this_month AND (i.cleared_on IS NULL OR i.cleared_on >= i.this_month)),
            ('raised', i.raised_on >= i.this_month),
            (i.finding, i.cleared_on BETWEEN i.this_month AND report_check_hits_monthly.as_of),
            ('cleared', i.cleared_on BETWEEN i.this_month AND report_check_hits_monthly.as_of),
            ('open', i.cleared_on IS NULL OR i.cleared_on > report_check_hits_monthly.as_of)) AS v (column_name, counts)
     WHERE v.counts
)
SELECT e.name, b.zh,
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
 GROUP BY e.unit_code, e.name, b.sort, b.code, b.zh
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C";
-- drill
WITH period AS (
    SELECT date_trunc('month', drill_check_hits_monthly.as_of::timestamp)::date AS this_month
     WHERE aidcase.present_only(drill_check_hits_monthly.known_at)
), place AS (
    SELECT u.unit_id, u.unit_code, n.name
      FROM aidcase.unit AS u
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> drill_check_hits_monthly.as_of
     WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
       AND (drill_check_hits_monthly.unit_code IS NULL
            OR u.unit_code LIKE drill_check_hits_monthly.unit_code || '%')
), item AS (
    SELECT r.unit_id, h.registry, h.case_id, h.finding,
           aidcase.date_here(h.raised_at) AS raised_on, aidcase.date_here(h.cleared_at) AS cleared_on, t.this_month
      FROM period AS t
      JOIN aidcase.registry_hit AS h ON h.raised_at < aidcase.midnight_here(drill_check_hits_monthly.as_of + 1)
      JOIN aidcase.case_round AS r ON r.round_id = h.round_id
), cell (unit_id, registry, column_name, case_id) AS (
    SELECT i.unit_id, i.registry, v.column_name, i.case_id
      FROM item AS i
     CROSS JOIN LATERAL (VALUES
            ('opening', i.raised_on < i.this_month AND (i.cleared_on IS NULL OR i.cleared_on >= i.this_month)),
            ('raised', i.raised_on >= i.this_month),
            (i.finding, i.cleared_on BETWEEN i.this_month AND drill_check_hits_monthly.as_of),
            ('cleared', i.cleared_on BETWEEN i.this_month AND drill_check_hits_monthly.as_of),
            ('open', i.cleared_on IS NULL OR i.cleared_on > drill_check_hits_monthly.as_of)) AS v (column_name, counts)
     WHERE v.counts
)
SELECT ARRAY[e.name, b.zh], c.column_name, c.case_id, count(*)::numeric
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
  JOIN aidcase.label AS b ON b.code_set = 'registry_hit.registry' AND b.code = c.registry
 GROUP BY e.unit_code, e.name, b.sort, b.code, b.zh, c.column_name, c.case_id
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C", c.column_name COLLATE "C", c.case_id
