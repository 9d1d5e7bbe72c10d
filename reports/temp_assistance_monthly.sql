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
-- note: 按救助到位(交付登记)统计,期间同截止日;一轮救助分次交付的计一次,计入首次交付所在期,金额按每次交付计。
-- note: 人次为该轮次计入成员数;急难程序的为急难型,其余为支出型;急难型+支出型=合计。
-- note_en: By what was handed over, in the days to the cut-off; help of one round handed over in parts counts once, with the first part, its amounts with each part.
-- note_en: Person-times are the counted members of the round; by the procedure of emergencies = emergency, else expense type; emergency + expense type = total.
WITH period AS (
    -- the year begins with the period of January
    SELECT w.from_time, w.to_time, y.from_time AS year_time
      FROM aidcase.report_window(report_temp_assistance_monthly.as_of) AS w
     CROSS JOIN aidcase.report_window((date_trunc('year', report_temp_assistance_monthly.as_of::timestamp) + interval '1 month')::date - 1) AS y
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_temp_assistance_monthly.as_of, report_temp_assistance_monthly.unit_code, report_temp_assistance_monthly.known_at) AS p
), handed AS (
    SELECT h.case_id, h.round_id, h.handed_at, h.amount,
           row_number() OVER (PARTITION BY h.round_id ORDER BY h.handed_at, h.handover_id) = 1 AS first
      FROM {aid_handover: handover_id, case_id, round_id, handed_at, amount} AS h
), helped AS (
    SELECT m.round_id, count(*) AS persons
      FROM {case_member: round_id, counted, void} AS m
     WHERE m.round_id IN (SELECT h.round_id FROM handed AS h JOIN period AS t ON h.handed_at >= t.year_time AND h.handed_at < t.to_time)
       AND m.counted AND NOT m.void
     GROUP BY m.round_id
), line AS (
    SELECT r.unit_id, h.case_id, h.amount, CASE WHEN h.first THEN 1 ELSE 0 END AS times, CASE WHEN h.first THEN coalesce(p.persons, 0) ELSE 0 END AS persons,
           CASE r.round_kind WHEN 'emergency' THEN 'emergency' ELSE 'expense' END AS kind, h.handed_at >= t.from_time AS in_month
      FROM period AS t
      JOIN handed AS h ON h.handed_at >= t.year_time AND h.handed_at < t.to_time
      JOIN {case_round: round_id, unit_id, round_kind} AS r ON r.round_id = h.round_id
      -- money counts even where no member of the round does
      LEFT JOIN helped AS p ON p.round_id = h.round_id
)
-- report
SELECT e.place,
       coalesce(sum(l.times) FILTER (WHERE l.in_month AND l.kind = 'emergency'), 0),
       coalesce(sum(l.persons) FILTER (WHERE l.in_month AND l.kind = 'emergency'), 0),
       coalesce(sum(l.amount) FILTER (WHERE l.in_month AND l.kind = 'emergency'), 0),
       coalesce(sum(l.times) FILTER (WHERE l.in_month AND l.kind = 'expense'), 0),
       coalesce(sum(l.persons) FILTER (WHERE l.in_month AND l.kind = 'expense'), 0),
       coalesce(sum(l.amount) FILTER (WHERE l.in_month AND l.kind = 'expense'), 0),
       coalesce(sum(l.times) FILTER (WHERE l.in_month), 0),
       coalesce(sum(l.persons) FILTER (WHERE l.in_month), 0),
       coalesce(sum(l.amount) FILTER (WHERE l.in_month), 0),
       coalesce(round(sum(l.amount) FILTER (WHERE l.in_month) / nullif(sum(l.times) FILTER (WHERE l.in_month), 0), 2), 0),
       coalesce(sum(l.times), 0),
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
            (l.kind || '_times', l.times, l.in_month),
            (l.kind || '_persons', l.persons, l.in_month),
            (l.kind || '_amount', l.amount, l.in_month),
            ('times', l.times, l.in_month),
            ('persons', l.persons, l.in_month),
            ('amount', l.amount, l.in_month),
            ('year_times', l.times, true),
            ('year_persons', l.persons, true),
            ('year_amount', l.amount, true)) AS v (column_name, value, counts)
     WHERE v.counts AND v.value > 0
     GROUP BY l.unit_id, v.column_name, l.case_id
)
SELECT ARRAY[e.place], c.column_name, c.case_id, c.value
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
 ORDER BY e.unit_code, c.column_name COLLATE "C", c.case_id
