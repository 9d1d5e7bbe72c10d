-- name: timeliness_monthly
-- title: 社会救助办理时限情况月报表
-- title_en: Time limits and on-time rate
-- unit: 件
-- unit_en: limits
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: clock | text | 时限 | Time limit | text | none
-- column: due | bigint | 本期到期 | Due | int | sum
-- column: cancelled | bigint | 撤销 | Cancelled | int | sum | 不计入 / Left out
-- column: paused | bigint | 暂停 | Paused | int | sum | 不计入 / Left out
-- column: running | bigint | 未到期 | Still running | int | sum | 不计入 / Left out
-- column: subject_to | bigint | 应计 | Subject to it | int | sum
-- column: in_time | bigint | 按时 | In time | int | sum
-- column: late | bigint | 超期 | Late | int | sum
-- column: rate | numeric | 按时率 | On-time rate | percent | ratio in_time / subject_to | 按时率及95%区间 / On-time rate, 95 %
-- column: lower | numeric | 下限 | Lower | percent | none | 按时率及95%区间 / On-time rate, 95 %
-- column: upper | numeric | 上限 | Upper | percent | none | 按时率及95%区间 / On-time rate, 95 %
-- column: entered_late | bigint | 补录 | Entered late | int | sum
-- check: cancelled + paused + running + subject_to = due
-- check: in_time + late = subject_to
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 本期到期=撤销+暂停+未到期+应计;应计=按时+超期;按时率=按时÷应计,区间为 Wilson 区间。
-- note: 补录指办结事项的登记晚于其发生,含在按时或超期内。
-- note_en: Due = cancelled + paused + still running + subject to it; subject to it = in time + late; on-time rate = in time / subject to it, with its Wilson interval.
-- note_en: Entered late: done things whose entry came after they happened; they count as in time or late.
WITH period AS (
    SELECT w.* FROM aidcase.report_window(report_timeliness_monthly.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_timeliness_monthly.as_of, report_timeliness_monthly.unit_code, report_timeliness_monthly.known_at, true) AS p
), item AS (
    SELECT d.unit_id, d.clock, d.case_id, o.outcome, o.outcome IN ('in_time', 'late') AS subject_to,
           coalesce(d.met_entered_at > d.met_at, false) AND d.cancelled_at IS NULL AS entered_late
      FROM {deadline: case_id, unit_id, clock, due_at, paused_at, met_at, met_entered_at, cancelled_at} AS d
     CROSS JOIN LATERAL (SELECT CASE WHEN d.cancelled_at IS NOT NULL THEN 'cancelled'
                                     WHEN d.met_at < d.due_at THEN 'in_time'
                                     WHEN d.met_at IS NOT NULL THEN 'late'
                                     WHEN d.paused_at IS NOT NULL THEN 'paused'
                                     WHEN d.due_at > least(aidcase.now_here(), report_timeliness_monthly.known_at) THEN 'running'
                                     ELSE 'late' END AS outcome) AS o
     -- the planner would take two days that it does not know for a few limits:
     -- those written out, with one to spare for any time zone, tell how many; a
     -- period lies between the last month's first day and this one's last
     WHERE d.due_at > (date_trunc('month', report_timeliness_monthly.as_of::timestamp) - interval '1 month 1 day') AT TIME ZONE 'UTC'
       AND d.due_at < (date_trunc('month', report_timeliness_monthly.as_of::timestamp) + interval '1 month 1 day') AT TIME ZONE 'UTC'
       AND CASE WHEN d.due_at > (SELECT t.from_time FROM period AS t) THEN d.due_at <= (SELECT t.to_time FROM period AS t) ELSE false END
)
-- report
, counted AS (
    SELECT i.unit_id, i.clock, count(*) AS due,
           count(*) FILTER (WHERE i.outcome = 'cancelled') AS cancelled,
           count(*) FILTER (WHERE i.outcome = 'paused') AS paused,
           count(*) FILTER (WHERE i.outcome = 'running') AS running,
           count(*) FILTER (WHERE i.subject_to) AS subject_to,
           count(*) FILTER (WHERE i.outcome = 'in_time') AS in_time,
           count(*) FILTER (WHERE i.outcome = 'late') AS late,
           count(*) FILTER (WHERE i.entered_late) AS entered_late
      FROM item AS i
     GROUP BY i.unit_id, i.clock
)
SELECT e.place, k.label_zh, x.due, x.cancelled, x.paused, x.running, x.subject_to, x.in_time, x.late,
       round(x.in_time::numeric / nullif(x.subject_to, 0), 4), round(i.lower::numeric, 4), round(i.upper::numeric, 4), x.entered_late
  FROM counted AS x
  JOIN place AS e ON e.unit_id = x.unit_id
  JOIN aidcase.clock AS k ON k.clock = x.clock
 CROSS JOIN LATERAL aidcase.wilson(x.in_time, nullif(x.subject_to, 0), 0.95) AS i
 ORDER BY e.unit_code, k.clock COLLATE "C"
-- drill
SELECT ARRAY[e.place, k.label_zh], v.column_name, i.case_id, count(*)::numeric
  FROM item AS i
  JOIN place AS e ON e.unit_id = i.unit_id
  JOIN aidcase.clock AS k ON k.clock = i.clock
 CROSS JOIN LATERAL (VALUES ('due', true), (i.outcome, true), ('subject_to', i.subject_to), ('entered_late', i.entered_late)) AS v (column_name, counts)
 WHERE v.counts
 GROUP BY e.unit_code, e.place, k.clock, k.label_zh, v.column_name, i.case_id
 ORDER BY e.unit_code, k.clock COLLATE "C", v.column_name COLLATE "C", i.case_id
