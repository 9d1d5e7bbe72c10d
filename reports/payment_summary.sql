-- name: payment_summary
-- title: 社会救助资金发放汇总表
-- title_en: Payments by unit and programme
-- unit: 笔、人、元
-- unit_en: lines, persons, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: programme | text | 救助类别 | Programme | text | none
-- column: households | bigint | 户数 | Households | int | sum
-- column: lines | bigint | 笔数 | Lines | int | sum
-- column: persons | bigint | 当月人数 | Persons | int | sum
-- column: base_amount | numeric | 基本部分 | Base | money | sum | 按构成分 / By component
-- column: addon_amount | numeric | 分类施保 | Add-on | money | sum | 按构成分 / By component
-- column: current_amount | numeric | 当月 | Current | money | sum | 按类别分 / By kind
-- column: arrears_amount | numeric | 补发 | Arrears | money | sum | 按类别分 / By kind
-- column: reissue_amount | numeric | 重发 | Reissue | money | sum | 按类别分 / By kind
-- column: deduction_amount | numeric | 扣减 | Deduction | money | sum | 按类别分 / By kind
-- column: amount | numeric | 合计 | Total | money | sum
-- column: year_amount | numeric | 本年累计 | Year to date | money | sum
-- column: per_household | numeric | 户均 | Per household | money | ratio amount / households
-- chart: column | 各镇办社区发放金额 | Payments by unit | place | amount
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- note: 基本部分+分类施保=当月+补发+重发+扣减=合计;按发放清册月份统计,不含未上报的清册。
WITH period AS (
    SELECT date_trunc('month', report_payment_summary.as_of::timestamp)::date AS this_month
     WHERE aidcase.present_only(report_payment_summary.known_at)
), place AS (
    SELECT u.unit_id, u.unit_code, n.name
      FROM aidcase.unit AS u
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> report_payment_summary.as_of
     WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
       AND (report_payment_summary.unit_code IS NULL
            OR u.unit_code LIKE report_payment_summary.unit_code || '%')
), line AS (
    SELECT r.unit_id, p.programme, p.case_id, p.line_kind, p.base_amount, p.addon_amount, p.amount, p.persons,
           r.roll_month = t.this_month AS in_month
      FROM period AS t
      JOIN aidcase.payment_roll AS r ON r.roll_month BETWEEN date_trunc('year', t.this_month::timestamp)::date
                                                        AND t.this_month
                                    AND r.state <> 'draft'
      JOIN aidcase.payment AS p ON p.roll_id = r.roll_id
), total AS (
    SELECT l.unit_id, l.programme,
           count(DISTINCT l.case_id) FILTER (WHERE l.in_month) AS households,
           count(*) FILTER (WHERE l.in_month) AS lines,
           sum(l.persons) FILTER (WHERE l.in_month AND l.line_kind = 'current') AS persons,
           sum(l.base_amount) FILTER (WHERE l.in_month) AS base_amount,
           sum(l.addon_amount) FILTER (WHERE l.in_month) AS addon_amount,
           sum(l.amount) FILTER (WHERE l.in_month AND l.line_kind = 'current') AS current_amount,
           sum(l.amount) FILTER (WHERE l.in_month AND l.line_kind = 'arrears') AS arrears_amount,
           sum(l.amount) FILTER (WHERE l.in_month AND l.line_kind = 'reissue') AS reissue_amount,
           sum(l.amount) FILTER (WHERE l.in_month AND l.line_kind = 'deduction') AS deduction_amount,
           sum(l.amount) FILTER (WHERE l.in_month) AS amount,
           sum(l.amount) AS year_amount
      FROM line AS l
     GROUP BY l.unit_id, l.programme
)
SELECT e.name, g.label_zh,
       coalesce(x.households, 0), coalesce(x.lines, 0), coalesce(x.persons, 0),
       coalesce(x.base_amount, 0), coalesce(x.addon_amount, 0), coalesce(x.current_amount, 0),
       coalesce(x.arrears_amount, 0), coalesce(x.reissue_amount, 0), coalesce(x.deduction_amount, 0),
       coalesce(x.amount, 0), coalesce(x.year_amount, 0),
       CASE WHEN x.households > 0 THEN round(x.amount / x.households, 2) ELSE 0 END
  FROM place AS e
 CROSS JOIN aidcase.programme AS g
  LEFT JOIN total AS x ON x.unit_id = e.unit_id AND x.programme = g.programme
 WHERE g.cash
 ORDER BY e.unit_code, g.sort, g.programme COLLATE "C";
-- drill
WITH period AS (
    SELECT date_trunc('month', drill_payment_summary.as_of::timestamp)::date AS this_month
     WHERE aidcase.present_only(drill_payment_summary.known_at)
), place AS (
    SELECT u.unit_id, u.unit_code, n.name
      FROM aidcase.unit AS u
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> drill_payment_summary.as_of
     WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
       AND (drill_payment_summary.unit_code IS NULL
            OR u.unit_code LIKE drill_payment_summary.unit_code || '%')
), line AS (
    SELECT r.unit_id, p.programme, p.case_id, p.line_kind, p.base_amount, p.addon_amount, p.amount, p.persons,
           r.roll_month = t.this_month AS in_month
      FROM period AS t
      JOIN aidcase.payment_roll AS r ON r.roll_month BETWEEN date_trunc('year', t.this_month::timestamp)::date
                                                        AND t.this_month
                                    AND r.state <> 'draft'
      JOIN aidcase.payment AS p ON p.roll_id = r.roll_id
), cell (unit_id, programme, column_name, case_id, value) AS (
    SELECT l.unit_id, l.programme, v.column_name, l.case_id,
           CASE v.column_name WHEN 'households' THEN 1 ELSE sum(v.value) END
      FROM line AS l
     CROSS JOIN LATERAL (VALUES
            ('households', 1, l.in_month),
            ('lines', 1, l.in_month),
            ('persons', l.persons, l.in_month AND l.line_kind = 'current'),
            ('base_amount', l.base_amount, l.in_month),
            ('addon_amount', l.addon_amount, l.in_month),
            (l.line_kind || '_amount', l.amount, l.in_month),
            ('amount', l.amount, l.in_month),
            ('year_amount', l.amount, true)) AS v (column_name, value, counts)
     WHERE v.counts
     GROUP BY l.unit_id, l.programme, v.column_name, l.case_id
)
SELECT ARRAY[e.name, g.label_zh], c.column_name, c.case_id, c.value
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
  JOIN aidcase.programme AS g ON g.programme = c.programme
 ORDER BY e.unit_code, g.sort, c.column_name COLLATE "C", c.case_id
