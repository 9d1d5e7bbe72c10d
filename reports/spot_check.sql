-- name: spot_check
-- title: 入户抽查差错率及推断表
-- title_en: Errors found by spot checks and what they say of the whole
-- unit: 户次、元
-- unit_en: cases, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: frame | text | 抽样框 | Frame | text | none
-- column: place | text | 单位、项目 | Unit and programme | text | none
-- column: population | bigint | 总户次 N | Cases N | int | none | 抽查 / Checked
-- column: drawn | bigint | 抽中 n | Drawn n | int | none | 抽查 / Checked
-- column: examined | bigint | 查成 | Examined | int | none | 抽查 / Checked
-- column: wrong | bigint | 有误 | Wrong | int | none | 抽查 / Checked
-- column: least_wrong | bigint | 至少 | At least | int | none | N 户次中有误(精确) / Wrong of N, exact
-- column: most_wrong | bigint | 至多 | At most | int | none | N 户次中有误(精确) / Wrong of N, exact
-- column: lower | numeric | 下限 | Lower | percent | none | 加权差错率 / Weighted rate of errors
-- column: rate | numeric | 估计 | Rate | percent | none | 加权差错率 / Weighted rate of errors
-- column: upper | numeric | 上限 | Upper | percent | none | 加权差错率 / Weighted rate of errors
-- column: over_lower | numeric | 下限 | Lower | money | none | 多发金额 / Yuan too much
-- column: over | numeric | 估计 | Yuan | money | none | 多发金额 / Yuan too much
-- column: over_upper | numeric | 上限 | Upper | money | none | 多发金额 / Yuan too much
-- column: under_lower | numeric | 下限 | Lower | money | none | 少发金额 / Yuan too little
-- column: under | numeric | 估计 | Yuan | money | none | 少发金额 / Yuan too little
-- column: under_upper | numeric | 上限 | Upper | money | none | 少发金额 / Yuan too little
-- column: former | text | 前两次(上下限) | Former two | text | none | 差错率变化 / Trend
-- column: trend | text | 变化 | Change | text | none | 差错率变化 / Trend
-- column: proposal | text | 委托建议 | Delegation | text | none
-- check: wrong <= examined
-- check: examined <= drawn
-- check: least_wrong <= most_wrong
-- chart: column | 各单位加权差错率及上下限 | Weighted rate of errors with its limits | place | lower, rate, upper
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 每种抽样框取期末已完成推断的最近一次抽样;差错率、金额均为对全部户次的推断,上下限的置信水平见抽样方案(一般 95%)。
-- note: 未查成的户次在上限中按有误、按全额多发计;上下限为空,是因为所查各户没有差异,无从估计。
-- note: "上升""下降"指两次的上下限互不重叠;有重叠的不作高低之分,也不据此排名。
-- note_en: The latest draw of each frame that was estimated by the end of the period; rate and amounts are estimates for all cases, limits at the level of the plan (95 % as a rule).
-- note_en: Who was not reached counts as wrong, and as paid too much in full, in the upper limit; limits are empty where those examined are all alike and nothing can be estimated.
-- note_en: A rise or fall means that the limits of two draws do not overlap; otherwise they are neither told apart nor ranked.
WITH the_draw AS (
    -- the last of each frame and period: a further round stands for those before it
    SELECT x.*, row_number() OVER (PARTITION BY x.frame ORDER BY upper(x.period) DESC, x.draw_id DESC) AS age
      FROM (SELECT DISTINCT ON (d.frame, d.period) d.draw_id, d.frame, d.period
              FROM {draw: draw_id, frame, period, state} AS d
             WHERE d.state IN ('estimated', 'certified') AND upper(d.period) <= report_spot_check.as_of + 1
             ORDER BY d.frame, d.period, d.draw_id DESC) AS x
), rate AS (
    SELECT d.frame, d.age, d.draw_id, e.unit_id, e.programme, e.population, e.drawn, e.examined, e.wrong,
           e.least_wrong, e.most_wrong, e.lower, e.value, e.upper
      FROM the_draw AS d
      JOIN {draw_estimate: draw_id, unit_id, programme, measure, population, drawn, examined, wrong, least_wrong, most_wrong, value, lower, upper} AS e ON e.draw_id = d.draw_id AND e.measure = 'rate'
     WHERE d.age <= 3
), part AS (
    -- the rows: the last draw of each frame, for units and programmes
    SELECT r.*, f.label_zh AS frame_zh, f.sort AS frame_sort, u.unit_code, g.sort AS programme_sort,
           coalesce(n.name, '全区') || coalesce('·' || g.label_zh, '') AS place
      FROM rate AS r
      JOIN aidcase.draw_frame AS f ON f.frame = r.frame
      LEFT JOIN aidcase.unit AS u ON u.unit_id = r.unit_id
      LEFT JOIN aidcase.unit_period AS n ON n.unit_id = r.unit_id AND n.valid @> report_spot_check.as_of
      LEFT JOIN aidcase.programme AS g ON g.programme = r.programme
     WHERE r.age = 1
       AND (report_spot_check.unit_code IS NULL OR u.unit_code LIKE report_spot_check.unit_code || '%')
)
-- report
SELECT r.frame_zh, r.place,
       r.population, r.drawn, r.examined, r.wrong, r.least_wrong, r.most_wrong,
       round(r.lower, 6), round(r.value, 6), round(r.upper, 6),
       o.total_lower, o.total, o.total_upper, s.total_lower, s.total, s.total_upper,
       concat_ws(';',
           CASE WHEN b.value IS NOT NULL THEN
                format('%s%%(%s–%s)', round(100 * b.value, 1), round(100 * b.lower, 1), round(100 * b.upper, 1)) END,
           CASE WHEN c.value IS NOT NULL THEN
                format('%s%%(%s–%s)', round(100 * c.value, 1), round(100 * c.lower, 1), round(100 * c.upper, 1)) END),
       CASE WHEN b.value IS NULL THEN '—' WHEN r.lower > b.upper THEN '上升' WHEN r.upper < b.lower THEN '下降' ELSE '无法区分' END,
       (SELECT string_agg(l.zh || w.label_zh, ';' ORDER BY p.proposal_id)
          FROM {delegation_proposal: proposal_id, draw_id, unit_id, programme, proposes, workflow_id, state} AS p
          JOIN aidcase.label AS l ON l.code_set = 'delegation_proposal.proposes' AND l.code = p.proposes
          JOIN aidcase.workflow_state AS w ON w.workflow_id = p.workflow_id AND w.state = p.state
         WHERE p.draw_id = r.draw_id AND p.unit_id = r.unit_id AND p.programme = r.programme)
  FROM part AS r
  JOIN {draw_estimate: draw_id, unit_id, programme, measure, total, total_lower, total_upper} AS o ON o.draw_id = r.draw_id AND o.measure = 'over'
       AND o.unit_id IS NOT DISTINCT FROM r.unit_id AND o.programme IS NOT DISTINCT FROM r.programme
  JOIN {draw_estimate: draw_id, unit_id, programme, measure, total, total_lower, total_upper} AS s ON s.draw_id = r.draw_id AND s.measure = 'under'
       AND s.unit_id IS NOT DISTINCT FROM r.unit_id AND s.programme IS NOT DISTINCT FROM r.programme
  LEFT JOIN rate AS b ON b.frame = r.frame AND b.age = 2 AND b.unit_id IS NOT DISTINCT FROM r.unit_id AND b.programme IS NOT DISTINCT FROM r.programme
  LEFT JOIN rate AS c ON c.frame = r.frame AND c.age = 3 AND c.unit_id IS NOT DISTINCT FROM r.unit_id AND c.programme IS NOT DISTINCT FROM r.programme
 ORDER BY r.frame_sort, r.unit_code COLLATE "C" NULLS FIRST, r.programme_sort NULLS FIRST
-- drill
, item AS (
    -- of all rounds of the draw: its frame, who was drawn, who was seen
    SELECT d.draw_id, i.unit_id, i.programme, i.case_id, 'population' AS column_name
      FROM the_draw AS d
     CROSS JOIN LATERAL aidcase.draw_rounds(d.draw_id) AS k
      JOIN {draw_item: draw_id, unit_id, programme, case_id} AS i ON i.draw_id = k.draw_id
     WHERE d.age = 1 AND k.first
     UNION ALL
    SELECT d.draw_id, x.unit_id, x.programme, i.case_id, v.column_name
      FROM the_draw AS d
     CROSS JOIN LATERAL aidcase.draw_rounds(d.draw_id) AS k
      JOIN aidcase.check_result AS x ON x.draw_id = k.draw_id
      JOIN aidcase.draw_item AS i ON i.item_id = x.item_id
      JOIN aidcase.draw_frame AS f ON f.frame = d.frame
     CROSS JOIN LATERAL (VALUES ('drawn', true), ('examined', x.state = 'locked'),
            ('wrong', x.state = 'locked' AND (x.wrong OR NOT f.compares AND 'document' = ANY (x.types)))) AS v (column_name, counts)
     WHERE d.age = 1 AND v.counts
)
SELECT ARRAY[r.frame_zh, r.place], i.column_name, i.case_id, count(*)::numeric
  FROM part AS r
  JOIN item AS i ON i.draw_id = r.draw_id AND (r.unit_id IS NULL OR i.unit_id = r.unit_id)
                AND (r.programme IS NULL OR i.programme = r.programme)
 GROUP BY r.frame_sort, r.frame_zh, r.unit_code, r.place, r.programme_sort, i.column_name, i.case_id
 ORDER BY r.frame_sort, r.unit_code COLLATE "C" NULLS FIRST, r.programme_sort NULLS FIRST, i.column_name COLLATE "C", i.case_id
