-- name: delegation_effect
-- title: 委托下放前后对比表
-- title_en: Before and after the delegation
-- unit: 件、日
-- unit_en: applications, days
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: programme | text | 救助类别 | Programme | text | none
-- column: delegated_on | date | 委托起始日 | Delegated on | date | none
-- column: before_decided | bigint | 决定 | Decided | int | sum | 委托前十二个月 / Twelve months before
-- column: before_granted | bigint | 确认 | Granted | int | sum | 委托前十二个月 / Twelve months before
-- column: before_share | numeric | 确认率 | Share | percent | ratio before_granted / before_decided | 委托前十二个月 / Twelve months before
-- column: before_lower | numeric | 下限 | Lower | percent | none | 委托前十二个月 / Twelve months before
-- column: before_upper | numeric | 上限 | Upper | percent | none | 委托前十二个月 / Twelve months before
-- column: before_days | numeric | 平均办理天数 | Mean days | money | none | 委托前十二个月 / Twelve months before
-- column: after_decided | bigint | 决定 | Decided | int | sum | 委托后(至截止日,最多十二个月) / After, up to twelve months
-- column: after_granted | bigint | 确认 | Granted | int | sum | 委托后(至截止日,最多十二个月) / After, up to twelve months
-- column: after_share | numeric | 确认率 | Share | percent | ratio after_granted / after_decided | 委托后(至截止日,最多十二个月) / After, up to twelve months
-- column: after_lower | numeric | 下限 | Lower | percent | none | 委托后(至截止日,最多十二个月) / After, up to twelve months
-- column: after_upper | numeric | 上限 | Upper | percent | none | 委托后(至截止日,最多十二个月) / After, up to twelve months
-- column: after_days | numeric | 平均办理天数 | Mean days | money | none | 委托后(至截止日,最多十二个月) / After, up to twelve months
-- column: change | text | 确认率变化 | Change of the share | text | none
-- check: before_granted <= before_decided
-- check: after_granted <= after_decided
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 统计首次申请的决定;确认率区间为 95% Wilson 区间,两期区间互不重叠才写"升高""降低",否则"无法区分"。
-- note: 平均办理天数为受理至决定的自然日;接管的存量户不计。
-- note_en: Decisions on first applications; the interval of the share granted is the 95 % Wilson interval, and a rise or fall is stated only where the two intervals do not overlap.
-- note_en: Average duration: calendar days from acceptance to decision; households that were taken over do not count.
WITH period AS (
    SELECT w.* FROM aidcase.report_window(report_delegation_effect.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_delegation_effect.as_of, report_delegation_effect.unit_code, report_delegation_effect.known_at) AS p
), delegated AS (
    SELECT d.unit_id, d.programme, min(lower(d.valid)) AS since
      FROM period AS t
      JOIN {delegation: unit_id, programme, valid} AS d ON lower(d.valid) <= t.to_day
     GROUP BY d.unit_id, d.programme
), decision AS (
    SELECT d.unit_id, d.programme, r.case_id, r.decided_on >= d.since AS after, o.outcome = 'granted' AS granted,
           r.decided_on - r.accepted_on AS days
      FROM period AS t
     CROSS JOIN delegated AS d
      JOIN {case_round: round_id, case_id, unit_id, round_kind, accepted_on, decided_on} AS r
        ON r.unit_id = d.unit_id AND r.round_kind IN ('application', 'emergency')
       AND r.decided_on >= d.since - interval '1 year' AND r.decided_on < d.since + interval '1 year' AND r.decided_on <= t.to_day
      JOIN {assistance_opinion: round_id, programme, outcome, void} AS o
        ON o.round_id = r.round_id AND o.programme = d.programme AND NOT o.void
)
-- report
, counted AS (
    SELECT d.unit_id, d.programme,
           count(*) FILTER (WHERE NOT d.after) AS before_decided, count(*) FILTER (WHERE NOT d.after AND d.granted) AS before_granted,
           round(avg(d.days) FILTER (WHERE NOT d.after), 2) AS before_days,
           count(*) FILTER (WHERE d.after) AS after_decided, count(*) FILTER (WHERE d.after AND d.granted) AS after_granted,
           round(avg(d.days) FILTER (WHERE d.after), 2) AS after_days
      FROM decision AS d
     GROUP BY d.unit_id, d.programme
)
SELECT e.place, g.label_zh, d.since,
       coalesce(c.before_decided, 0), coalesce(c.before_granted, 0),
       round(c.before_granted::numeric / nullif(c.before_decided, 0), 4), round(b.lower::numeric, 4), round(b.upper::numeric, 4), c.before_days,
       coalesce(c.after_decided, 0), coalesce(c.after_granted, 0),
       round(c.after_granted::numeric / nullif(c.after_decided, 0), 4), round(a.lower::numeric, 4), round(a.upper::numeric, 4), c.after_days,
       CASE WHEN a.lower > b.upper THEN '升高' WHEN a.upper < b.lower THEN '降低' ELSE '无法区分' END
  FROM delegated AS d
  JOIN place AS e ON e.unit_id = d.unit_id
  JOIN aidcase.programme AS g ON g.programme = d.programme
  LEFT JOIN counted AS c ON c.unit_id = d.unit_id AND c.programme = d.programme
  LEFT JOIN LATERAL aidcase.wilson(c.before_granted, nullif(c.before_decided, 0), 0.95) AS b ON true
  LEFT JOIN LATERAL aidcase.wilson(c.after_granted, nullif(c.after_decided, 0), 0.95) AS a ON true
 ORDER BY e.unit_code, g.sort, g.programme COLLATE "C"
-- drill
SELECT ARRAY[e.place, g.label_zh], v.column_name, d.case_id, count(*)::numeric
  FROM decision AS d
  JOIN place AS e ON e.unit_id = d.unit_id
  JOIN aidcase.programme AS g ON g.programme = d.programme
 CROSS JOIN LATERAL (VALUES (CASE WHEN d.after THEN 'after_decided' ELSE 'before_decided' END, true),
        (CASE WHEN d.after THEN 'after_granted' ELSE 'before_granted' END, d.granted)) AS v (column_name, counts)
 WHERE v.counts
 GROUP BY e.unit_code, e.place, g.sort, g.label_zh, v.column_name, d.case_id
 ORDER BY e.unit_code, g.sort, v.column_name COLLATE "C", d.case_id
