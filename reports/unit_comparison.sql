-- name: unit_comparison
-- title: 镇办社区指标比较表
-- title_en: Units compared, with intervals
-- unit: 件
-- unit_en: cases
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: measure | text | 指标 | Measure | text | none
-- column: place | text | 地区 | Place | text | none
-- column: numerator | bigint | 分子 | Numerator | int | none
-- column: denominator | bigint | 分母 | Denominator | int | none
-- column: rate | numeric | 比率 | Rate | percent | none | 比率及95%区间 / Rate, 95 %
-- column: lower | numeric | 下限 | Lower | percent | none | 比率及95%区间 / Rate, 95 %
-- column: upper | numeric | 上限 | Upper | percent | none | 比率及95%区间 / Rate, 95 %
-- column: district_rate | numeric | 全区 | District | percent | none
-- column: against_district | text | 与全区相比 | Against the district | text | none
-- column: rank_from | bigint | 最前 | At best | int | none | 可能的位次(由高到低) / Possible rank, highest first
-- column: rank_to | bigint | 最后 | At worst | int | none | 可能的位次(由高到低) / Possible rank, highest first
-- check: numerator <= denominator
-- check: rank_from <= rank_to
-- check: lower <= upper
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 截止日前十二个月;区间为 Wilson 区间。区间含全区比率的写"无法区分"。
-- note: 位次为区间:只有区间互不重叠的单位才分先后,分母为零的不排。
-- note_en: Twelve months to the last day; Wilson intervals. Units whose interval holds the rate of the district are not told apart from it.
-- note_en: Ranks are ranges: only units whose intervals do not overlap are put in order, those with denominator zero not at all.
WITH period AS (
    SELECT w.to_day, (w.to_day - interval '1 year')::date + 1 AS first_day, w.to_time,
           aidcase.midnight_here((w.to_day - interval '1 year')::date + 1) AS first_time
      FROM aidcase.report_window(report_unit_comparison.as_of) AS w
), place AS (
    -- a unit is compared with all others, whoever asks for it alone
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_unit_comparison.as_of, NULL, report_unit_comparison.known_at) AS p
), measure (measure, sort, measure_zh) AS (
    VALUES ('in_time', 1, '按时办结率'), ('granted', 2, '申请确认率'), ('suspicious', 3, '核对疑似率'), ('stopped', 4, '复核停止率')
), cell (unit_id, measure, case_id, counts) AS (
    SELECT d.unit_id, 'in_time', d.case_id, coalesce(d.met_at < d.due_at, false)
      FROM period AS t
      JOIN {deadline: case_id, unit_id, due_at, paused_at, met_at, cancelled_at} AS d
        ON d.due_at > t.first_time AND d.due_at <= t.to_time AND d.cancelled_at IS NULL
       AND (d.met_at IS NOT NULL OR d.paused_at IS NULL AND d.due_at <= aidcase.now_here())
     UNION ALL
    SELECT r.unit_id, CASE r.round_kind WHEN 'review' THEN 'stopped' ELSE 'granted' END, r.case_id,
           bool_or(o.outcome = 'granted') <> (r.round_kind = 'review')
      FROM period AS t
      JOIN {case_round: round_id, case_id, unit_id, round_kind, decided_on} AS r
        ON r.round_kind IN ('application', 'review') AND r.decided_on BETWEEN t.first_day AND t.to_day
      JOIN {assistance_opinion: round_id, programme, outcome, void} AS o
        ON o.round_id = r.round_id AND o.programme IS NOT NULL AND NOT o.void
     GROUP BY r.round_id, r.unit_id, r.round_kind, r.case_id
     UNION ALL
    SELECT r.unit_id, 'suspicious', r.case_id, bool_or(c.outcome = 'suspicious')
      FROM period AS t
      JOIN {registry_check: round_id, returned_at, outcome} AS c ON c.returned_at >= t.first_time AND c.returned_at < t.to_time
      JOIN {case_round: round_id, case_id, unit_id} AS r ON r.round_id = c.round_id
     GROUP BY r.round_id, r.unit_id, r.case_id
)
-- report
, counted AS (
    SELECT e.unit_id, e.unit_code, e.place, m.measure, m.sort, m.measure_zh,
           count(*) FILTER (WHERE c.counts) AS x, count(c.measure) AS n
      FROM place AS e
     CROSS JOIN measure AS m
      LEFT JOIN cell AS c ON c.unit_id = e.unit_id AND c.measure = m.measure
     GROUP BY e.unit_id, e.unit_code, e.place, m.measure, m.sort, m.measure_zh
), judged AS (
    SELECT c.*, w.lower, w.upper, sum(c.x) OVER of_all / nullif(sum(c.n) OVER of_all, 0) AS district
      FROM counted AS c
     CROSS JOIN LATERAL aidcase.wilson(c.x, nullif(c.n, 0), 0.95) AS w
    WINDOW of_all AS (PARTITION BY c.measure)
)
SELECT j.measure_zh, j.place, j.x, j.n, round(j.x::numeric / nullif(j.n, 0), 4), round(j.lower::numeric, 4), round(j.upper::numeric, 4),
       round(j.district, 4),
       CASE WHEN j.n = 0 THEN '—' WHEN j.lower > j.district THEN '高于' WHEN j.upper < j.district THEN '低于' ELSE '无法区分' END,
       CASE WHEN j.n > 0 THEN 1 + (SELECT count(*) FROM judged AS o WHERE o.measure = j.measure AND o.lower > j.upper) END,
       CASE WHEN j.n > 0 THEN (SELECT count(*) FROM judged AS o WHERE o.measure = j.measure AND o.upper >= j.lower) END
  FROM judged AS j
 WHERE report_unit_comparison.unit_code IS NULL OR j.unit_code LIKE report_unit_comparison.unit_code || '%'
 ORDER BY j.sort, j.unit_code
-- drill
SELECT ARRAY[m.measure_zh, e.place], v.column_name, c.case_id, count(*)::numeric
  FROM cell AS c
  JOIN measure AS m ON m.measure = c.measure
  JOIN place AS e ON e.unit_id = c.unit_id
 CROSS JOIN LATERAL (VALUES ('denominator', true), ('numerator', c.counts)) AS v (column_name, counts)
 WHERE v.counts AND (report_unit_comparison.unit_code IS NULL OR e.unit_code LIKE report_unit_comparison.unit_code || '%')
 GROUP BY m.sort, m.measure_zh, e.unit_code, e.place, v.column_name, c.case_id
 ORDER BY m.sort, e.unit_code, v.column_name COLLATE "C", c.case_id
