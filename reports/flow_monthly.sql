-- name: flow_monthly
-- title: 社会救助对象增减变动表
-- title_en: Flow of recipients
-- unit: 户
-- unit_en: households
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: programme | text | 救助类别 | Programme | text | none
-- column: opening | bigint | 上月户数 | Opening | int | sum
-- column: new_households | bigint | 新增 | New | int | sum | 增加 / In
-- column: transferred_in | bigint | 转入 | Transferred in | int | sum | 增加 / In
-- column: exits | bigint | 退出 | Exits | int | sum | 减少 / Out
-- column: transferred_out | bigint | 转出 | Transferred out | int | sum | 减少 / Out
-- column: closing | bigint | 本月户数 | Closing | int | sum
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- note: 上月户数+新增+转入-退出-转出=本月户数;本月户数=下月的上月户数。
-- note: 按享受月份统计,同一户在区内转移单位计为转移,不计新增和退出。
WITH period AS (
    SELECT date_trunc('month', report_flow_monthly.as_of::timestamp)::date AS this_month
     WHERE aidcase.present_only(report_flow_monthly.known_at)
), place AS (
    SELECT u.unit_id, u.unit_code, n.name
      FROM aidcase.unit AS u
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> report_flow_monthly.as_of
     WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
       AND (report_flow_monthly.unit_code IS NULL
            OR u.unit_code LIKE report_flow_monthly.unit_code || '%')
), live AS (
    SELECT a.programme, a.case_id, a.unit_id
      FROM period AS t
      JOIN aidcase.award AS a ON a.months @> t.this_month
      JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring
), before AS (
    SELECT a.programme, a.case_id, a.unit_id, a.stop_reason, a.months
      FROM period AS t
      JOIN aidcase.award AS a ON a.months @> (t.this_month - interval '1 month')::date
      JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring
), change AS (
    -- a household is found in both months, in one unit or in two, or in one
    SELECT coalesce(l.programme, b.programme) AS programme, coalesce(l.case_id, b.case_id) AS case_id,
           l.unit_id AS now_in, b.unit_id AS was_in
      FROM live AS l
      FULL JOIN before AS b ON b.case_id = l.case_id AND b.programme = l.programme
), cell (unit_id, programme, column_name, case_id) AS (
    SELECT c.was_in, c.programme, 'opening', c.case_id FROM change AS c WHERE c.was_in IS NOT NULL
    UNION ALL
    SELECT c.now_in, c.programme, 'new_households', c.case_id FROM change AS c WHERE c.was_in IS NULL
    UNION ALL
    SELECT c.now_in, c.programme, 'transferred_in', c.case_id FROM change AS c WHERE c.was_in <> c.now_in
    UNION ALL
    SELECT c.was_in, c.programme, 'exits', c.case_id FROM change AS c WHERE c.now_in IS NULL
    UNION ALL
    SELECT c.was_in, c.programme, 'transferred_out', c.case_id FROM change AS c WHERE c.was_in <> c.now_in
    UNION ALL
    SELECT c.now_in, c.programme, 'closing', c.case_id FROM change AS c WHERE c.now_in IS NOT NULL
)
SELECT e.name, g.label_zh,
       count(*) FILTER (WHERE c.column_name = 'opening'),
       count(*) FILTER (WHERE c.column_name = 'new_households'),
       count(*) FILTER (WHERE c.column_name = 'transferred_in'),
       count(*) FILTER (WHERE c.column_name = 'exits'),
       count(*) FILTER (WHERE c.column_name = 'transferred_out'),
       count(*) FILTER (WHERE c.column_name = 'closing')
  FROM place AS e
 CROSS JOIN aidcase.programme AS g
  LEFT JOIN cell AS c ON c.unit_id = e.unit_id AND c.programme = g.programme
 WHERE g.recurring AND g.cash
 GROUP BY e.unit_code, e.name, g.sort, g.programme, g.label_zh
 ORDER BY e.unit_code, g.sort, g.programme COLLATE "C";
-- drill
WITH period AS (
    SELECT date_trunc('month', drill_flow_monthly.as_of::timestamp)::date AS this_month
     WHERE aidcase.present_only(drill_flow_monthly.known_at)
), place AS (
    SELECT u.unit_id, u.unit_code, n.name
      FROM aidcase.unit AS u
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> drill_flow_monthly.as_of
     WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
       AND (drill_flow_monthly.unit_code IS NULL
            OR u.unit_code LIKE drill_flow_monthly.unit_code || '%')
), live AS (
    SELECT a.programme, a.case_id, a.unit_id
      FROM period AS t
      JOIN aidcase.award AS a ON a.months @> t.this_month
      JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring
), before AS (
    SELECT a.programme, a.case_id, a.unit_id, a.stop_reason, a.months
      FROM period AS t
      JOIN aidcase.award AS a ON a.months @> (t.this_month - interval '1 month')::date
      JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring
), change AS (
    -- a household is found in both months, in one unit or in two, or in one
    SELECT coalesce(l.programme, b.programme) AS programme, coalesce(l.case_id, b.case_id) AS case_id,
           l.unit_id AS now_in, b.unit_id AS was_in
      FROM live AS l
      FULL JOIN before AS b ON b.case_id = l.case_id AND b.programme = l.programme
), cell (unit_id, programme, column_name, case_id) AS (
    SELECT c.was_in, c.programme, 'opening', c.case_id FROM change AS c WHERE c.was_in IS NOT NULL
    UNION ALL
    SELECT c.now_in, c.programme, 'new_households', c.case_id FROM change AS c WHERE c.was_in IS NULL
    UNION ALL
    SELECT c.now_in, c.programme, 'transferred_in', c.case_id FROM change AS c WHERE c.was_in <> c.now_in
    UNION ALL
    SELECT c.was_in, c.programme, 'exits', c.case_id FROM change AS c WHERE c.now_in IS NULL
    UNION ALL
    SELECT c.was_in, c.programme, 'transferred_out', c.case_id FROM change AS c WHERE c.was_in <> c.now_in
    UNION ALL
    SELECT c.now_in, c.programme, 'closing', c.case_id FROM change AS c WHERE c.now_in IS NOT NULL
)
SELECT ARRAY[e.name, g.label_zh], c.column_name, c.case_id, 1::numeric
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
  JOIN aidcase.programme AS g ON g.programme = c.programme AND g.recurring AND g.cash
 ORDER BY e.unit_code, g.sort, c.column_name COLLATE "C", c.case_id
