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
-- note: 截止日前十二个月;区间含全区比率的写"无法区分"。位次为区间:只有区间互不重叠的单位才分先后,分母为零的不排。
-- note: 抽查差错率取期内每种抽样框最近一次已推断的抽查:分子为有误、分母为查成,比率为加权差错率,区间为总户次中有误户数的精确区间(未查成的在上限中按有误计);其他指标为 Wilson 区间。
-- note_en: Twelve months to the last day. Units whose interval holds the rate of the district are not told apart from it. Ranks are ranges: only units whose intervals do not overlap are put in order, those with denominator zero not at all.
-- note_en: Errors found by spot checks: the latest estimated draw of each frame in the period; numerator wrong, denominator examined, rate weighted, with the exact interval of the number of wrong cases among all (in its upper limit who was not reached counts as wrong). Other measures have Wilson intervals.
WITH period AS (
    SELECT w.to_day, (w.to_day - interval '1 year')::date + 1 AS first_day, w.to_time,
           aidcase.midnight_here((w.to_day - interval '1 year')::date + 1) AS first_time
      FROM aidcase.report_window(report_unit_comparison.as_of) AS w
), place AS (
    -- a unit is compared with all others, whoever asks for it alone
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_unit_comparison.as_of, NULL, report_unit_comparison.known_at) AS p
), the_draw AS (
    -- the last one of each frame; a further round stands for those before it
    SELECT DISTINCT ON (d.frame) d.draw_id, d.frame
      FROM period AS t
      JOIN {draw: draw_id, frame, period, state} AS d
        ON d.state IN ('estimated', 'certified') AND upper(d.period) - 1 BETWEEN t.first_day AND t.to_day
     ORDER BY d.frame, upper(d.period) DESC, d.draw_id DESC
), measure (measure, sort, measure_zh) AS (
    VALUES ('in_time', 1, '按时办结率'), ('granted', 2, '申请确认率'), ('suspicious', 3, '核对疑似率'), ('stopped', 4, '复核停止率')
     UNION ALL
    SELECT 'wrong/' || f.frame, 4 + f.sort, '抽查差错率·' || f.label_zh
      FROM the_draw AS d JOIN aidcase.draw_frame AS f ON f.frame = d.frame
), limits AS NOT MATERIALIZED (
    SELECT d.unit_id, 'in_time'::text AS measure, d.case_id, coalesce(d.met_at < d.due_at, false) AS counts
      FROM {deadline: case_id, unit_id, due_at, paused_at, met_at, cancelled_at} AS d
     WHERE d.cancelled_at IS NULL
       -- the planner would take two days that it does not know for a few limits:
       -- those written out, with one to spare for any time zone, tell how many
       AND CASE WHEN d.due_at > (SELECT t.first_time FROM period AS t) THEN d.due_at <= (SELECT t.to_time FROM period AS t) ELSE false END
       AND d.due_at > (date_trunc('month', report_unit_comparison.as_of::timestamp) - interval '13 months 1 day') AT TIME ZONE 'UTC'
       AND d.due_at < (date_trunc('month', report_unit_comparison.as_of::timestamp) + interval '1 month 1 day') AT TIME ZONE 'UTC'
       AND (d.met_at IS NOT NULL OR d.paused_at IS NULL AND d.due_at <= least(aidcase.now_here(), report_unit_comparison.known_at))
), decision (unit_id, measure, case_id, counts) AS (
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
     UNION ALL
    -- visits that were made in all rounds of a draw
    SELECT i.unit_id, 'wrong/' || d.frame, i.case_id,
           EXISTS (SELECT FROM {finding: finding_id, check_id, finding_type} AS g
                    WHERE g.check_id = k.check_id
                      AND (g.finding_type IN ('wrong', 'missed', 'over', 'under', 'fraud', 'favouritism')
                           OR g.finding_type = 'document' AND NOT f.compares)
                      AND NOT EXISTS (SELECT FROM {finding_objection: finding_id, state} AS o
                                       WHERE o.finding_id = g.finding_id AND o.state = 'upheld'))
      FROM the_draw AS d
      JOIN aidcase.draw_frame AS f ON f.frame = d.frame
     CROSS JOIN LATERAL aidcase.draw_rounds(d.draw_id) AS r
      JOIN {spot_check: check_id, draw_id, item_id, state} AS k ON k.draw_id = r.draw_id AND k.state = 'locked'
      JOIN {draw_item: item_id, unit_id, case_id} AS i ON i.item_id = k.item_id
)
-- report
, counted AS (
    SELECT e.unit_id, e.unit_code, e.place, m.measure, m.sort, m.measure_zh, coalesce(c.x, 0) AS x, coalesce(c.n, 0) AS n
      FROM place AS e
     CROSS JOIN measure AS m
      LEFT JOIN (SELECT k.unit_id, 'in_time' AS measure, count(*) FILTER (WHERE k.counts) AS x, count(*) AS n
                   FROM limits AS k GROUP BY k.unit_id
                  UNION ALL
                 SELECT k.unit_id, k.measure, count(*) FILTER (WHERE k.counts), count(*)
                   FROM decision AS k GROUP BY k.unit_id, k.measure) AS c ON c.unit_id = e.unit_id AND c.measure = m.measure
), rate AS (
    SELECT 'wrong/' || d.frame AS measure, e.unit_id, e.value, e.least_wrong::numeric / e.population AS lower, e.most_wrong::numeric / e.population AS upper
      FROM the_draw AS d
      JOIN {draw_estimate: draw_id, unit_id, programme, measure, population, value, least_wrong, most_wrong} AS e
        ON e.draw_id = d.draw_id AND e.measure = 'rate' AND e.programme IS NULL
), judged AS (
    SELECT c.measure, c.sort, c.measure_zh, c.unit_code, c.place, c.x, c.n,
           coalesce(e.value, c.x::numeric / nullif(c.n, 0)) AS value,
           coalesce(e.lower, w.lower::numeric) AS lower, coalesce(e.upper, w.upper::numeric) AS upper,
           coalesce(a.value, sum(c.x) OVER of_all / nullif(sum(c.n) OVER of_all, 0)) AS district
      FROM counted AS c
      LEFT JOIN rate AS e ON e.measure = c.measure AND e.unit_id = c.unit_id AND c.n > 0
      LEFT JOIN rate AS a ON a.measure = c.measure AND a.unit_id IS NULL
     CROSS JOIN LATERAL aidcase.wilson(c.x, nullif(CASE WHEN c.measure NOT LIKE 'wrong/%' THEN c.n END, 0), 0.95) AS w
    WINDOW of_all AS (PARTITION BY c.measure)
)
SELECT j.measure_zh, j.place, j.x, j.n, round(j.value, 4), round(j.lower, 4), round(j.upper, 4),
       round(j.district, 4),
       CASE WHEN j.n = 0 THEN '—' WHEN j.lower > j.district THEN '高于' WHEN j.upper < j.district THEN '低于' ELSE '无法区分' END,
       CASE WHEN j.n > 0 THEN 1 + (SELECT count(*) FROM judged AS o WHERE o.measure = j.measure AND o.lower > j.upper) END,
       CASE WHEN j.n > 0 THEN (SELECT count(*) FROM judged AS o WHERE o.measure = j.measure AND o.upper >= j.lower) END
  FROM judged AS j
 WHERE report_unit_comparison.unit_code IS NULL OR j.unit_code LIKE report_unit_comparison.unit_code || '%'
 ORDER BY j.sort, j.unit_code
-- drill
SELECT ARRAY[m.measure_zh, e.place], v.column_name, c.case_id, count(*)::numeric
  FROM (SELECT * FROM limits UNION ALL SELECT * FROM decision) AS c
  JOIN measure AS m ON m.measure = c.measure
  JOIN place AS e ON e.unit_id = c.unit_id
 CROSS JOIN LATERAL (VALUES ('denominator', true), ('numerator', c.counts)) AS v (column_name, counts)
 WHERE v.counts AND (report_unit_comparison.unit_code IS NULL OR e.unit_code LIKE report_unit_comparison.unit_code || '%')
 GROUP BY m.sort, m.measure_zh, e.unit_code, e.place, v.column_name, c.case_id
 ORDER BY m.sort, e.unit_code, v.column_name COLLATE "C", c.case_id
