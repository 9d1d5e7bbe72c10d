-- name: flow_monthly
-- title: 社会救助对象增减变动表
-- title_en: Flow of recipients
-- unit: 户
-- unit_en: households
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: programme | text | 救助类别 | Programme | text | none
-- column: opening | bigint | 上月户数 | Opening | int | sum
-- column: taken_over | bigint | 其中接管 | Of which taken over | int | sum
-- column: new_households | bigint | 新增 | New | int | sum | 增加 / In
-- column: other_class_in | bigint | 由其他类别转来 | From another programme | int | sum | 增加 / In
-- column: transferred_in | bigint | 转入 | Transferred in | int | sum | 增加 / In
-- column: exits | bigint | 退出 | Exits | int | sum | 减少 / Out
-- column: other_class_out | bigint | 转为其他类别 | To another programme | int | sum | 减少 / Out
-- column: transferred_out | bigint | 转出 | Transferred out | int | sum | 减少 / Out
-- column: closing | bigint | 本月户数 | Closing | int | sum
-- column: exit_income | bigint | 收入增加、就业 | Income, employment | int | sum | 退出原因 / Exits by reason
-- column: exit_not_eligible | bigint | 不再符合条件 | Not eligible any more | int | sum | 退出原因 / Exits by reason
-- column: exit_death | bigint | 死亡 | Death | int | sum | 退出原因 / Exits by reason
-- column: exit_request | bigint | 自愿退出 | Own request | int | sum | 退出原因 / Exits by reason
-- column: exit_wrong | bigint | 虚报、拒绝核查 | False statement, check refused | int | sum | 退出原因 / Exits by reason
-- column: exit_other | bigint | 其他 | Other | int | sum | 退出原因 / Exits by reason
-- check: opening + new_households + other_class_in + transferred_in - exits - other_class_out - transferred_out = closing
-- check: taken_over <= opening
-- check: exits = exit_income + exit_not_eligible + exit_death + exit_request + exit_wrong + exit_other
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 上月户数+新增+由其他类别转来+转入-退出-转为其他类别-转出=本月户数;退出=退出原因各栏之和。
-- note: 本月户数=下月的上月户数;接管户在首月计入上月户数,不作新增。
-- note: 按享受月份统计,同一户区内换单位或改换类别不计新增和退出;迁出本区计为转出,由区外迁入须重新申请,计为新增。
-- note_en: Opening + new + from another programme + transferred in - exits - to another programme - transferred out = closing; exits = sum of the reasons.
-- note_en: Closing = opening of the month after; households taken over count in the opening of their first month and are not new.
-- note_en: By month of benefit; a move within the district or a change of programme is neither new nor an exit; a move out of the district is a transfer out, who moves in from outside applies anew and is new.
WITH period AS (
    SELECT w.this_month, w.last_month FROM aidcase.report_window(report_flow_monthly.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_flow_monthly.as_of, report_flow_monthly.unit_code, report_flow_monthly.known_at) AS p
), steady AS NOT MATERIALIZED (
    -- in one award over both months; days written out tell the planner how many
    SELECT a.case_id, a.unit_id, a.programme
      FROM {award_fact: case_id, unit_id, from_month, until, programme} AS a
     WHERE a.from_month < date_trunc('month', report_flow_monthly.as_of::timestamp)::date AND a.until > date_trunc('month', report_flow_monthly.as_of::timestamp)::date
), moving AS (
    -- awards that begin or have ended with the month
    SELECT a.case_id, a.unit_id, a.programme, a.stop_reason, g.exclusion_group, a.from_month = t.this_month AS now, a.taken_over
      FROM period AS t
     CROSS JOIN {award_fact: case_id, unit_id, from_month, until, taken_over, programme, stop_reason} AS a
      JOIN aidcase.programme AS g ON g.programme = a.programme AND g.recurring AND g.cash
     WHERE a.from_month = date_trunc('month', report_flow_monthly.as_of::timestamp)::date
        OR a.until = date_trunc('month', report_flow_monthly.as_of::timestamp)::date
), change AS (
    -- of a household that is not in one award over both months: it is found in
    -- both, in one unit or in two, or in one
    SELECT coalesce(l.programme, b.programme) AS programme, coalesce(l.case_id, b.case_id) AS case_id,
           coalesce(l.exclusion_group, b.exclusion_group) AS exclusion_group,
           l.unit_id AS now_in, coalesce(b.unit_id, CASE WHEN l.taken_over THEN l.unit_id END) AS was_in,
           b.unit_id IS NULL AND l.taken_over AS taken_over, b.stop_reason
      FROM (SELECT * FROM moving AS m WHERE m.now) AS l
      FULL JOIN (SELECT * FROM moving AS m WHERE NOT m.now) AS b ON b.case_id = l.case_id AND b.programme = l.programme
), kind AS (
    -- of programmes that exclude each other, one follows the other
    SELECT c.*, n.case_id IS NOT NULL AS class_in, o.case_id IS NOT NULL AS class_out,
           c.was_in <> c.now_in AS moved, c.now_in IS NULL AND c.stop_reason IS NOT DISTINCT FROM 'moved_out' AS left_district,
           c.now_in IS NULL AND o.case_id IS NULL AND c.stop_reason IS DISTINCT FROM 'moved_out' AS gone,
           CASE WHEN c.stop_reason IN ('income_rose', 'employment') THEN 'exit_income'
                WHEN c.stop_reason IN ('no_longer_eligible', 'not_granted_again') THEN 'exit_not_eligible'
                WHEN c.stop_reason = 'death' THEN 'exit_death'
                WHEN c.stop_reason = 'own_request' THEN 'exit_request'
                WHEN c.stop_reason IN ('false_statement', 'check_refused') THEN 'exit_wrong'
                ELSE 'exit_other' END AS reason
      FROM change AS c
      LEFT JOIN (SELECT DISTINCT e.case_id, e.exclusion_group FROM change AS e WHERE e.now_in IS NULL) AS n
        ON c.was_in IS NULL AND n.case_id = c.case_id AND n.exclusion_group = c.exclusion_group
      LEFT JOIN (SELECT DISTINCT e.case_id, e.exclusion_group FROM change AS e WHERE e.was_in IS NULL) AS o
        ON c.now_in IS NULL AND o.case_id = c.case_id AND o.exclusion_group = c.exclusion_group
)
-- report
, counted AS (
    SELECT c.unit_id, c.programme, sum(c.opening) AS opening, sum(c.taken_over) AS taken_over, sum(c.new_households) AS new_households,
           sum(c.class_in) AS class_in, sum(c.moved_in) AS moved_in, sum(c.exits) AS exits, sum(c.class_out) AS class_out,
           sum(c.moved_out) AS moved_out, sum(c.closing) AS closing, sum(c.income) AS income, sum(c.not_eligible) AS not_eligible,
           sum(c.death) AS death, sum(c.request) AS request, sum(c.wrong) AS wrong
      FROM (SELECT k.now_in AS unit_id, k.programme, 0 AS opening, 0 AS taken_over,
                   count(*) FILTER (WHERE k.was_in IS NULL AND NOT k.class_in) AS new_households,
                   count(*) FILTER (WHERE k.class_in) AS class_in, count(*) FILTER (WHERE k.moved) AS moved_in,
                   0 AS exits, 0 AS class_out, 0 AS moved_out, count(*) AS closing,
                   0 AS income, 0 AS not_eligible, 0 AS death, 0 AS request, 0 AS wrong
              FROM kind AS k WHERE k.now_in IS NOT NULL GROUP BY k.now_in, k.programme
             UNION ALL
            SELECT k.was_in, k.programme, count(*), count(*) FILTER (WHERE k.taken_over), 0, 0, 0,
                   count(*) FILTER (WHERE k.gone), count(*) FILTER (WHERE k.class_out),
                   count(*) FILTER (WHERE k.moved OR k.left_district AND NOT k.class_out), 0,
                   count(*) FILTER (WHERE k.gone AND k.reason = 'exit_income'), count(*) FILTER (WHERE k.gone AND k.reason = 'exit_not_eligible'),
                   count(*) FILTER (WHERE k.gone AND k.reason = 'exit_death'), count(*) FILTER (WHERE k.gone AND k.reason = 'exit_request'),
                   count(*) FILTER (WHERE k.gone AND k.reason = 'exit_wrong')
              FROM kind AS k WHERE k.was_in IS NOT NULL GROUP BY k.was_in, k.programme
             UNION ALL
            SELECT s.unit_id, s.programme, count(*), 0, 0, 0, 0, 0, 0, 0, count(*), 0, 0, 0, 0, 0
              FROM steady AS s GROUP BY s.unit_id, s.programme) AS c
     GROUP BY c.unit_id, c.programme
)
SELECT e.place, g.label_zh, coalesce(c.opening, 0), coalesce(c.taken_over, 0), coalesce(c.new_households, 0), coalesce(c.class_in, 0),
       coalesce(c.moved_in, 0), coalesce(c.exits, 0), coalesce(c.class_out, 0), coalesce(c.moved_out, 0), coalesce(c.closing, 0),
       coalesce(c.income, 0), coalesce(c.not_eligible, 0), coalesce(c.death, 0), coalesce(c.request, 0), coalesce(c.wrong, 0),
       coalesce(c.exits - c.income - c.not_eligible - c.death - c.request - c.wrong, 0)
  FROM place AS e
 CROSS JOIN aidcase.programme AS g
  LEFT JOIN counted AS c ON c.unit_id = e.unit_id AND c.programme = g.programme
 WHERE g.recurring AND g.cash
 ORDER BY e.unit_code, g.sort, g.programme COLLATE "C"
-- drill
, cell (unit_id, programme, column_name, case_id) AS (
    SELECT k.now_in, k.programme, v.column_name, k.case_id
      FROM kind AS k
     CROSS JOIN LATERAL (VALUES ('closing', true), ('new_households', k.was_in IS NULL AND NOT k.class_in),
            ('other_class_in', k.class_in), ('transferred_in', k.moved)) AS v (column_name, counts)
     WHERE k.now_in IS NOT NULL AND v.counts
     UNION ALL
    SELECT k.was_in, k.programme, v.column_name, k.case_id
      FROM kind AS k
     CROSS JOIN LATERAL (VALUES ('opening', true), ('taken_over', k.taken_over),
            ('other_class_out', k.class_out), ('transferred_out', k.moved OR k.left_district AND NOT k.class_out),
            ('exits', k.gone), (k.reason, k.gone)) AS v (column_name, counts)
     WHERE k.was_in IS NOT NULL AND v.counts
     UNION ALL
    SELECT s.unit_id, s.programme, v.column_name, s.case_id
      FROM steady AS s
      JOIN aidcase.programme AS g ON g.programme = s.programme AND g.recurring AND g.cash
     CROSS JOIN LATERAL (VALUES ('opening'), ('closing')) AS v (column_name)
)
SELECT ARRAY[e.place, g.label_zh], c.column_name, c.case_id, 1::numeric
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
  JOIN aidcase.programme AS g ON g.programme = c.programme
 ORDER BY e.unit_code, g.sort, c.column_name COLLATE "C", c.case_id
