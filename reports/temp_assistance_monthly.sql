-- name: temp_assistance_monthly
-- title: 临时救助情况月报表
-- title_en: Monthly table of temporary assistance
-- unit: 户次、人次、元
-- unit_en: household-times, person-times, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: emergency_times | bigint | 户次 | Households | int | sum | 急难型 / Emergency
-- column: emergency_persons | bigint | 人次 | Persons | int | sum | 急难型 / Emergency
-- column: emergency_amount | numeric | 金额 | Amount | money | sum | 急难型 / Emergency
-- column: expense_times | bigint | 户次 | Households | int | sum | 支出型 / Expense type
-- column: expense_persons | bigint | 人次 | Persons | int | sum | 支出型 / Expense type
-- column: expense_amount | numeric | 金额 | Amount | money | sum | 支出型 / Expense type
-- column: times | bigint | 户次 | Households | int | sum | 合计 / Total
-- column: persons | bigint | 人次 | Persons | int | sum | 合计 / Total
-- column: amount | numeric | 金额 | Amount | money | sum | 合计 / Total
-- column: per_time | numeric | 次均 | Per time | money | ratio amount / times
-- column: year_times | bigint | 户次 | Households | int | sum | 本年累计 / Year to date
-- column: year_persons | bigint | 人次 | Persons | int | sum | 本年累计 / Year to date
-- column: year_amount | numeric | 金额 | Amount | money | sum | 本年累计 / Year to date
-- check: emergency_times + expense_times = times
-- check: emergency_persons + expense_persons = persons
-- check: emergency_amount + expense_amount = amount
-- check: times <= year_times
-- check: amount <= year_amount
-- chart: column | 各镇办社区临时救助人次 | Person-times by unit | place | emergency_persons, expense_persons
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 同一户、同一人每救助一次计一次;按救助所属月份统计;急难型+支出型=合计。
-- note_en: A household or person counts each time it is helped; by the month of the help; emergency + expense type = total.
WITH period AS (
    SELECT w.* FROM aidcase.report_window(report_temp_assistance_monthly.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_temp_assistance_monthly.as_of, report_temp_assistance_monthly.unit_code, report_temp_assistance_monthly.known_at) AS p
), line AS (
    SELECT a.unit_id, a.case_id, a.persons, a.amount,
           CASE r.round_kind WHEN 'emergency' THEN 'emergency' ELSE 'expense' END AS kind,
           a.from_month = t.this_month AS in_month
      FROM period AS t
      JOIN {award_fact: case_id, round_id, unit_id, from_month, persons, programme, amount} AS a
        ON a.programme = 'temp_assistance'
       AND a.from_month BETWEEN date_trunc('year', t.this_month::timestamp)::date AND t.this_month
      JOIN {case_round: round_id, round_kind} AS r ON r.round_id = a.round_id
)
-- report
SELECT e.place,
       count(*) FILTER (WHERE l.in_month AND l.kind = 'emergency'),
       coalesce(sum(l.persons) FILTER (WHERE l.in_month AND l.kind = 'emergency'), 0),
       coalesce(sum(l.amount) FILTER (WHERE l.in_month AND l.kind = 'emergency'), 0),
       count(*) FILTER (WHERE l.in_month AND l.kind = 'expense'),
       coalesce(sum(l.persons) FILTER (WHERE l.in_month AND l.kind = 'expense'), 0),
       coalesce(sum(l.amount) FILTER (WHERE l.in_month AND l.kind = 'expense'), 0),
       count(*) FILTER (WHERE l.in_month),
       coalesce(sum(l.persons) FILTER (WHERE l.in_month), 0),
       coalesce(sum(l.amount) FILTER (WHERE l.in_month), 0),
       coalesce(round(sum(l.amount) FILTER (WHERE l.in_month)
                      / nullif(count(*) FILTER (WHERE l.in_month), 0), 2), 0),
       count(l.case_id),
       coalesce(sum(l.persons), 0),
       coalesce(sum(l.amount), 0)
  FROM place AS e
  LEFT JOIN line AS l ON l.unit_id = e.unit_id
 GROUP BY e.unit_code, e.place
 ORDER BY e.unit_code
-- drill
, cell (unit_id, column_name, case_id, value) AS (
    SELECT l.unit_id, v.column_name, l.case_id, sum(v.value)
      FROM line AS l
     CROSS JOIN LATERAL (VALUES
            (l.kind || '_times', 1, l.in_month),
            (l.kind || '_persons', l.persons, l.in_month),
            (l.kind || '_amount', l.amount, l.in_month),
            ('times', 1, l.in_month),
            ('persons', l.persons, l.in_month),
            ('amount', l.amount, l.in_month),
            ('year_times', 1, true),
            ('year_persons', l.persons, true),
            ('year_amount', l.amount, true)) AS v (column_name, value, counts)
     WHERE v.counts
     GROUP BY l.unit_id, v.column_name, l.case_id
)
SELECT ARRAY[e.place], c.column_name, c.case_id, c.value
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
 ORDER BY e.unit_code, c.column_name COLLATE "C", c.case_id
