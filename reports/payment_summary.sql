-- name: payment_summary
-- title: 社会救助资金发放汇总表
-- title_en: Payments by unit, programme and component
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
-- column: care_amount | numeric | 照料护理 | Care | money | sum | 按构成分 / By component
-- column: price_amount | numeric | 物价补贴 | Price subsidy | money | sum | 按构成分 / By component
-- column: other_amount | numeric | 其他 | Other | money | sum | 按构成分 / By component
-- column: current_amount | numeric | 当月 | Current | money | sum | 按类别分 / By kind
-- column: arrears_amount | numeric | 补发 | Arrears | money | sum | 按类别分 / By kind
-- column: reissue_amount | numeric | 重发 | Reissue | money | sum | 按类别分 / By kind
-- column: deduction_amount | numeric | 扣减 | Deduction | money | sum | 按类别分 / By kind
-- column: amount | numeric | 合计 | Total | money | sum
-- column: year_amount | numeric | 本年累计 | Year to date | money | sum
-- column: per_household | numeric | 户均 | Per household | money | ratio amount / households
-- check: base_amount + addon_amount + care_amount + price_amount + other_amount = amount
-- check: current_amount + arrears_amount + reissue_amount + deduction_amount = amount
-- chart: column | 各镇办社区发放金额 | Payments by unit | place | amount
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 按构成分各栏之和=按类别分各栏之和=合计;按发放清册月份统计,不含未上报的清册。
-- note_en: Total = sum of the columns by component = sum of the columns by kind; by month of the roll, rolls not handed in are left out.
WITH period AS (
    SELECT w.this_month, date_trunc('year', w.this_month::timestamp)::date AS year_start
      FROM aidcase.report_window(report_payment_summary.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_payment_summary.as_of, report_payment_summary.unit_code, report_payment_summary.known_at) AS p
), extra AS (
    -- parts of an award that a line of a roll holds in its add-on
    SELECT k.award_id, sum(k.amount) FILTER (WHERE k.component = 'care') AS care,
           sum(k.amount) FILTER (WHERE k.component = 'price_subsidy') AS price,
           sum(k.amount) FILTER (WHERE k.component NOT IN ('care', 'price_subsidy')) AS other
      FROM {award_component: award_id, component, amount} AS k
     WHERE k.component NOT IN ('base', 'addon')
     GROUP BY k.award_id
), line AS NOT MATERIALIZED (
    SELECT r.unit_id, p.roll_id, p.programme, p.case_id, p.line_kind, p.amount, p.persons, r.roll_month = t.this_month AS in_month,
           p.base_amount, p.addon_amount - coalesce(x.care, 0) - coalesce(x.price, 0) - coalesce(x.other, 0) AS addon_amount,
           coalesce(x.care, 0) AS care_amount, coalesce(x.price, 0) AS price_amount, coalesce(x.other, 0) AS other_amount,
           b.payment_id IS NOT NULL AS returned
      FROM period AS t
      JOIN {payment_roll: roll_id, unit_id, roll_month, state} AS r
        ON r.roll_month BETWEEN t.year_start AND t.this_month AND r.state <> 'draft'
      JOIN {payment: payment_id, roll_id, case_id, award_id, programme, line_kind, base_amount, addon_amount, amount, persons, reassessment_item_id} AS p
        ON p.roll_id = r.roll_id
      LEFT JOIN extra AS x ON x.award_id = p.award_id AND p.line_kind <> 'deduction' AND p.reassessment_item_id IS NULL
      LEFT JOIN {payment_return: payment_id, outcome} AS b ON b.payment_id = p.payment_id AND b.outcome = 'returned'
)
-- report
, back AS (
    -- what the bank returned was not paid
    SELECT l.* FROM line AS l WHERE l.returned
), part AS (
    -- what rolls were handed in with, less what came back of them
    SELECT r.unit_id, s.programme, s.line_kind, r.roll_month = t.this_month AS in_month, s.lines, s.households, s.persons,
           s.base_amount, s.addon_amount, s.care_amount, s.price_amount, s.other_amount, s.amount
      FROM period AS t
      JOIN {payment_roll: roll_id, unit_id, roll_month, state} AS r
        ON r.roll_month BETWEEN t.year_start AND t.this_month AND r.state <> 'draft'
      JOIN {payment_total: roll_id, programme, line_kind, lines, households, persons, base_amount, addon_amount, care_amount, price_amount, other_amount, amount} AS s
        ON s.roll_id = r.roll_id
     UNION ALL
    SELECT l.unit_id, l.programme, l.line_kind, l.in_month, -1, 0, -l.persons,
           -l.base_amount, -l.addon_amount, -l.care_amount, -l.price_amount, -l.other_amount, -l.amount
      FROM back AS l
     UNION ALL
    -- a household that has no other line on the roll
    SELECT l.unit_id, l.programme, 'current', true, 0, -1, 0, 0, 0, 0, 0, 0, 0
      FROM (SELECT DISTINCT b.unit_id, b.programme, b.roll_id, b.case_id FROM back AS b WHERE b.in_month) AS l
     WHERE NOT EXISTS (SELECT FROM {payment: payment_id, roll_id, case_id, programme} AS p
                         LEFT JOIN {payment_return: payment_id, outcome} AS b ON b.payment_id = p.payment_id AND b.outcome = 'returned'
                        WHERE p.roll_id = l.roll_id AND p.case_id = l.case_id AND p.programme = l.programme AND b.payment_id IS NULL)
), total AS (
    SELECT l.unit_id, l.programme,
           sum(l.lines) FILTER (WHERE l.in_month) AS lines, sum(l.households) FILTER (WHERE l.in_month) AS households,
           sum(l.persons) FILTER (WHERE l.in_month AND l.line_kind = 'current') AS persons,
           sum(l.base_amount) FILTER (WHERE l.in_month) AS base_amount,
           sum(l.addon_amount) FILTER (WHERE l.in_month) AS addon_amount,
           sum(l.care_amount) FILTER (WHERE l.in_month) AS care_amount,
           sum(l.price_amount) FILTER (WHERE l.in_month) AS price_amount,
           sum(l.other_amount) FILTER (WHERE l.in_month) AS other_amount,
           sum(l.amount) FILTER (WHERE l.in_month AND l.line_kind = 'current') AS current_amount,
           sum(l.amount) FILTER (WHERE l.in_month AND l.line_kind = 'arrears') AS arrears_amount,
           sum(l.amount) FILTER (WHERE l.in_month AND l.line_kind = 'reissue') AS reissue_amount,
           sum(l.amount) FILTER (WHERE l.in_month AND l.line_kind = 'deduction') AS deduction_amount,
           sum(l.amount) FILTER (WHERE l.in_month) AS amount,
           sum(l.amount) AS year_amount
      FROM part AS l
     GROUP BY l.unit_id, l.programme
)
SELECT e.place, g.label_zh,
       coalesce(x.households, 0), coalesce(x.lines, 0), coalesce(x.persons, 0),
       coalesce(x.base_amount, 0), coalesce(x.addon_amount, 0), coalesce(x.care_amount, 0), coalesce(x.price_amount, 0),
       coalesce(x.other_amount, 0), coalesce(x.current_amount, 0),
       coalesce(x.arrears_amount, 0), coalesce(x.reissue_amount, 0), coalesce(x.deduction_amount, 0),
       coalesce(x.amount, 0), coalesce(x.year_amount, 0),
       CASE WHEN x.households > 0 THEN round(x.amount / x.households, 2) ELSE 0 END
  FROM place AS e
 CROSS JOIN aidcase.programme AS g
  LEFT JOIN total AS x ON x.unit_id = e.unit_id AND x.programme = g.programme
 WHERE g.cash
 ORDER BY e.unit_code, g.sort, g.programme COLLATE "C"
-- drill
, cell (unit_id, programme, column_name, case_id, value) AS (
    SELECT l.unit_id, l.programme, v.column_name, l.case_id,
           CASE v.column_name WHEN 'households' THEN 1 ELSE sum(v.value) END
      FROM line AS l
     CROSS JOIN LATERAL (VALUES
            ('households', 1, l.in_month),
            ('lines', 1, l.in_month),
            ('persons', l.persons, l.in_month AND l.line_kind = 'current'),
            ('base_amount', l.base_amount, l.in_month),
            ('addon_amount', l.addon_amount, l.in_month),
            ('care_amount', l.care_amount, l.in_month),
            ('price_amount', l.price_amount, l.in_month),
            ('other_amount', l.other_amount, l.in_month),
            (l.line_kind || '_amount', l.amount, l.in_month),
            ('amount', l.amount, l.in_month),
            ('year_amount', l.amount, true)) AS v (column_name, value, counts)
     WHERE v.counts AND v.value <> 0 AND NOT l.returned
     GROUP BY l.unit_id, l.programme, v.column_name, l.case_id
)
SELECT ARRAY[e.place, g.label_zh], c.column_name, c.case_id, c.value
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
  JOIN aidcase.programme AS g ON g.programme = c.programme
 ORDER BY e.unit_code, g.sort, c.column_name COLLATE "C", c.case_id
