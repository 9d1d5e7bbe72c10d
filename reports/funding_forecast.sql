-- name: funding_forecast
-- title: 社会救助资金需求预测表
-- title_en: Forecast of the funds needed
-- unit: 户、人、元
-- unit_en: households, persons, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: month | text | 月份 | Month | id | none
-- column: programme | text | 救助类别 | Programme | text | none
-- column: households | bigint | 户数 | Households | int | none | 现有救助 / Awards as they are
-- column: persons | bigint | 人数 | Persons | int | none | 现有救助 / Awards as they are
-- column: awarded | numeric | 金额 | Amount | money | sum | 现有救助 / Awards as they are
-- column: ending | bigint | 户数 | Households | int | sum | 当月后停发 / End with the month
-- column: ending_amount | numeric | 金额 | Amount | money | sum | 当月后停发 / End with the month
-- column: review_due | bigint | 户数 | Households | int | sum | 当月应复核 / Review due
-- column: review_amount | numeric | 金额 | Amount | money | sum | 当月应复核 / Review due
-- column: review_exits | numeric | 预计因复核减少 | Expected to end by reviews | money | none
-- column: standard_change | numeric | 标准调整增加 | Change of the standard | money | sum
-- column: forecast | numeric | 需求预测 | Forecast | money | none
-- check: awarded + standard_change - review_exits = forecast
-- check: ending <= households
-- chart: line | 资金需求预测 | Forecast | month | forecast
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 需求预测=现有救助金额+标准调整增加-预计因复核减少;自本月起十二个月。
-- note: 现有救助按已决定的享受月份计;预计因复核减少=此前应复核金额×近十二个月复核后不再享受的比例。
-- note: 标准调整按已公布、尚未计入的标准差额×人数计,不含取整;新申请不在预测内。
-- note_en: Forecast = awards as they are + change of the standard - expected to end by reviews; twelve months from this one.
-- note_en: Awards by the months decided; expected to end by reviews = amount due for review before x share of reviews of the last twelve months after which nothing was granted.
-- note_en: Change of the standard = published difference not yet in the awards x persons, without rounding; new applications are not in the forecast.
WITH period AS (
    -- the months, and of each the instant after its beginning: a limit at
    -- midnight is of the day that ends then
    SELECT w.this_month, array_agg((w.this_month + make_interval(months => n))::date ORDER BY n) AS months,
           array_agg(aidcase.midnight_here((w.this_month + make_interval(months => n))::date) + interval '1 microsecond' ORDER BY n) AS starts
      FROM aidcase.report_window(report_funding_forecast.as_of) AS w
     CROSS JOIN generate_series(0, 11) AS n
     GROUP BY w.this_month
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_funding_forecast.as_of, report_funding_forecast.unit_code, report_funding_forecast.known_at) AS p
), month AS (
    SELECT m.month, (m.month + interval '1 month')::date AS next_month, t.this_month
      FROM period AS t CROSS JOIN LATERAL unnest(t.months) AS m (month)
), live AS NOT MATERIALIZED (
    -- days written out tell the planner how many awards there are
    SELECT a.case_id, a.unit_id, a.programme, a.from_month, a.until, a.amount, a.persons, a.residence
      FROM {award_fact: case_id, unit_id, from_month, until, persons, programme, residence, amount} AS a
     WHERE a.until > date_trunc('month', report_funding_forecast.as_of::timestamp)::date AND a.from_month < 'infinity'
), alike AS MATERIALIZED (
    SELECT s.*, e.unit_code
      FROM (SELECT l.unit_id, l.programme, l.residence, greatest(l.from_month, date_trunc('month', report_funding_forecast.as_of::timestamp)::date) AS from_month,
                   l.until, count(*) AS households, sum(l.persons) AS persons, sum(l.amount) AS amount
              FROM live AS l
             GROUP BY 1, 2, 3, 4, 5) AS s
      JOIN place AS e ON e.unit_id = s.unit_id
      JOIN aidcase.programme AS g ON g.programme = s.programme AND g.recurring AND g.cash
), raised AS (
    -- by how much a month's standard is above the one that the award was computed by
    SELECT s.unit_id, s.programme, s.residence, m.month,
           coalesce(n.value / n.divisor - b.value / b.divisor, 0) AS yuan
      FROM (SELECT DISTINCT l.unit_id, l.unit_code, l.programme, l.residence FROM alike AS l) AS s
     CROSS JOIN month AS m
     CROSS JOIN LATERAL (SELECT CASE s.programme WHEN 'tekun' THEN 'tekun_standard' ELSE 'dibao_standard' END) AS p (name)
      LEFT JOIN LATERAL aidcase.parameter_row(p.name, s.unit_code, m.month, s.programme, s.residence) AS n ON true
      LEFT JOIN LATERAL aidcase.parameter_row(p.name, s.unit_code, m.this_month, s.programme, s.residence) AS b ON true
), review AS NOT MATERIALIZED (
    -- reviews of awards, by the month in which they are due; OFFSET keeps
    -- that month from being computed anew wherever it is used.  Days written out, with one
    -- to spare for any time zone, tell the planner how many limits there are.
    SELECT d.case_id, d.unit_id, d.programme, d.amount, d.month, d.from_month <= d.month AND d.until > d.month AS counts
      FROM (SELECT l.case_id, l.unit_id, l.programme, l.amount, l.from_month, l.until,
                   (SELECT t.months FROM period AS t)[width_bucket(c.due_at, (SELECT t.starts FROM period AS t))] AS month
              FROM {deadline: case_id, clock, due_at, met_at, cancelled_at} AS c
              JOIN live AS l ON l.case_id = c.case_id
             WHERE c.clock IN ('review_yearly', 'review_half_yearly') AND c.met_at IS NULL AND c.cancelled_at IS NULL
               AND c.due_at > (date_trunc('month', report_funding_forecast.as_of::timestamp) - interval '1 day') AT TIME ZONE 'UTC'
               AND c.due_at < (date_trunc('month', report_funding_forecast.as_of::timestamp) + interval '1 year 1 day') AT TIME ZONE 'UTC'
               AND CASE WHEN c.due_at >= (SELECT t.starts[1] FROM period AS t)
                        THEN c.due_at <= (SELECT aidcase.midnight_here((t.this_month + interval '1 year')::date) FROM period AS t) ELSE false END
            OFFSET 0) AS d
)
-- report
, ended AS (
    SELECT count(*) FILTER (WHERE NOT EXISTS (
               SELECT FROM {assistance_opinion: round_id, programme, outcome, void} AS o
                 JOIN aidcase.programme AS g ON g.programme = o.programme AND g.cash AND g.recurring
                WHERE o.round_id = r.round_id AND o.outcome = 'granted' AND NOT o.void))::numeric / nullif(count(*), 0) AS share
      FROM period AS t
      JOIN {case_round: round_id, unit_id, round_kind, decided_on} AS r
        ON r.round_kind = 'review' AND r.decided_on >= t.this_month - interval '1 year' AND r.decided_on <= report_funding_forecast.as_of
      JOIN place AS e ON e.unit_id = r.unit_id
), awarded AS (
    SELECT m.month, g.programme, g.label_zh, g.sort, coalesce(sum(l.households), 0) AS households, coalesce(sum(l.persons), 0) AS persons,
           coalesce(sum(l.amount), 0) AS amount,
           coalesce(sum(l.households) FILTER (WHERE l.until = m.next_month), 0) AS ending,
           coalesce(sum(l.amount) FILTER (WHERE l.until = m.next_month), 0) AS ending_amount,
           coalesce(round(sum(s.yuan * l.persons) FILTER (WHERE l.from_month = m.this_month), 2), 0) AS standard_change
      FROM month AS m
     CROSS JOIN aidcase.programme AS g
      LEFT JOIN alike AS l ON l.programme = g.programme AND l.from_month <= m.month AND l.until > m.month
      LEFT JOIN raised AS s ON s.unit_id = l.unit_id AND s.programme = l.programme AND s.residence = l.residence AND s.month = m.month
     WHERE g.recurring AND g.cash
     GROUP BY m.month, g.programme, g.label_zh, g.sort
), reviewed AS (
    SELECT a.month, a.programme, coalesce(r.households, 0) AS households, coalesce(r.amount, 0) AS amount
      FROM awarded AS a
      LEFT JOIN (SELECT v.month, v.programme, sum(v.households) AS households, sum(v.amount) AS amount
                   FROM (SELECT w.month, w.programme, w.unit_id, count(*) FILTER (WHERE w.counts) AS households, sum(w.amount) FILTER (WHERE w.counts) AS amount
                           FROM review AS w GROUP BY w.month, w.programme, w.unit_id) AS v
                   JOIN place AS e ON e.unit_id = v.unit_id
                  GROUP BY v.month, v.programme) AS r ON r.month = a.month AND r.programme = a.programme
), expected AS (
    SELECT r.*, round(coalesce(n.share, 0) * coalesce(sum(r.amount) OVER (PARTITION BY r.programme ORDER BY r.month
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), 2) AS exits
      FROM reviewed AS r CROSS JOIN ended AS n
)
SELECT to_char(a.month, 'YYYY-MM'), a.label_zh, a.households, a.persons, a.amount, a.ending, a.ending_amount,
       x.households, x.amount, x.exits, a.standard_change, a.amount + a.standard_change - x.exits
  FROM awarded AS a
  JOIN expected AS x ON x.month = a.month AND x.programme = a.programme
 ORDER BY a.month, a.sort, a.programme COLLATE "C"
-- drill
, cell AS (
    SELECT m.month, l.programme, v.column_name, l.case_id, v.value
      FROM live AS l
      JOIN place AS e ON e.unit_id = l.unit_id
      JOIN month AS m ON l.from_month <= m.month AND l.until > m.month
      LEFT JOIN raised AS s ON s.unit_id = l.unit_id AND s.programme = l.programme AND s.residence = l.residence AND s.month = m.month
     CROSS JOIN LATERAL (VALUES ('households', 1, true), ('persons', l.persons, true), ('awarded', l.amount, true),
            ('ending', 1, l.until = m.next_month), ('ending_amount', l.amount, l.until = m.next_month),
            ('standard_change', s.yuan * l.persons, l.from_month <= m.this_month AND s.yuan <> 0)) AS v (column_name, value, counts)
     WHERE v.counts
     UNION ALL
    SELECT r.month, r.programme, v.column_name, r.case_id, v.value
      FROM review AS r
      JOIN place AS e ON e.unit_id = r.unit_id
     CROSS JOIN LATERAL (VALUES ('review_due', 1), ('review_amount', r.amount)) AS v (column_name, value)
     WHERE r.counts
)
SELECT ARRAY[to_char(c.month, 'YYYY-MM'), g.label_zh], c.column_name, c.case_id, sum(c.value)
  FROM cell AS c
  JOIN aidcase.programme AS g ON g.programme = c.programme AND g.recurring AND g.cash
 GROUP BY c.month, g.label_zh, g.sort, c.column_name, c.case_id
 ORDER BY c.month, g.sort, c.column_name COLLATE "C", c.case_id
