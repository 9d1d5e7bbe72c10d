-- name: low_income_monthly
-- title: 低收入人口分类月报表
-- title_en: Low-income households by class
-- unit: 户、人
-- unit_en: households, persons
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: class | text | 类别 | Class | text | none
-- column: urban_households | bigint | 户数 | Households | int | sum | 城市 / Urban
-- column: urban_persons | bigint | 人数 | Persons | int | sum | 城市 / Urban
-- column: rural_households | bigint | 户数 | Households | int | sum | 农村 / Rural
-- column: rural_persons | bigint | 人数 | Persons | int | sum | 农村 / Rural
-- column: households | bigint | 户数 | Households | int | sum | 合计 / Total
-- column: persons | bigint | 人数 | Persons | int | sum | 合计 / Total
-- column: new_households | bigint | 其中本月新增户数 | Of which new | int | sum
-- check: urban_households + rural_households = households
-- check: urban_persons + rural_persons = persons
-- check: new_households <= households
-- chart: column | 各镇办社区低收入人口 | Persons by unit | place | persons
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 城市+农村=合计;一户只计入一类(特困、低保优先,其次按认定类别)。
-- note: 特困、低保按享受月份统计;监测对象、其他困难人员按登记;其余类别按截止日有效的最近一次认定统计;新增指上月末不在本类别的户。
-- note_en: Urban + rural = total; a household counts in one class only (tekun and dibao first, then by class).
-- note_en: Tekun and dibao by month of benefit; monitored and others in hardship by record; the rest by the latest determination in force on the last day; new = not of this class at the end of last month.
WITH period AS (
    SELECT w.* FROM aidcase.report_window(report_low_income_monthly.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_low_income_monthly.as_of, report_low_income_monthly.unit_code, report_low_income_monthly.known_at) AS p
), granted AS NOT MATERIALIZED (
    -- who is in benefit, now and a month ago; days written out tell the planner
    -- how many they are
    SELECT a.case_id, a.unit_id, a.programme AS class, a.residence, a.persons,
           a.until > date_trunc('month', report_low_income_monthly.as_of::timestamp)::date AS now,
           a.from_month < date_trunc('month', report_low_income_monthly.as_of::timestamp)::date AS was
      FROM {award_fact: case_id, unit_id, from_month, until, persons, programme, residence} AS a
     WHERE a.from_month <= date_trunc('month', report_low_income_monthly.as_of::timestamp)::date
       AND a.until >= date_trunc('month', report_low_income_monthly.as_of::timestamp)::date
), decided AS (
    -- the last decision on a programme without money, at the end of the period and before it
    SELECT DISTINCT ON (m.now, r.case_id, o.programme)
           m.now, r.case_id, r.unit_id, o.outcome, o.determination_id, o.programme, r.round_id
      FROM period AS t
     CROSS JOIN LATERAL (VALUES (true, t.to_day), (false, t.from_day - 1)) AS m (now, day)
      JOIN {assistance_opinion: round_id, programme, outcome, determination_id, void} AS o ON NOT o.void
      JOIN aidcase.programme AS g ON g.programme = o.programme AND NOT g.cash
      JOIN {case_round: round_id, case_id, unit_id, decided_on} AS r ON r.round_id = o.round_id AND r.decided_on <= m.day
     ORDER BY m.now, r.case_id, o.programme, r.decided_on DESC, r.round_id DESC
), recognised AS (
    SELECT d.case_id, d.unit_id, g.low_income_class AS class, x.residence, x.members AS persons, g.class_priority AS rank, d.now
      FROM decided AS d
      JOIN {determination: determination_id, low_income_class, residence, members} AS x ON x.determination_id = d.determination_id
      JOIN aidcase.programme AS g ON g.programme = d.programme
     WHERE d.outcome = 'granted' AND x.low_income_class IS NOT NULL
       AND NOT EXISTS (SELECT FROM {benefit_change: round_id, case_id, programme, void} AS b
                         JOIN {case_round: round_id, decided_on} AS r ON r.round_id = b.round_id
                         JOIN period AS t ON r.decided_on <= t.to_day
                        WHERE b.case_id = d.case_id AND b.programme = d.programme AND NOT b.void AND b.round_id > d.round_id)
), recorded AS (
    -- classes that are not computed, on the last day of the period and before it
    SELECT k.case_id, c.unit_id, k.low_income_class AS class, c.residence, k.persons, b.sort AS rank, m.now
      FROM period AS t
     CROSS JOIN LATERAL (VALUES (true, t.to_day), (false, t.from_day - 1)) AS m (now, day)
      JOIN {class_record: case_id, low_income_class, valid, persons, void} AS k ON k.valid @> m.day AND NOT k.void
      JOIN {aid_case: case_id, unit_id, residence} AS c ON c.case_id = k.case_id
      JOIN aidcase.label AS b ON b.code_set = 'determination.low_income_class' AND b.code = k.low_income_class
), several AS (
    -- households that have more than one award, or another class beside it
    SELECT a.case_id
      FROM {award_fact: case_id, from_month, until} AS a
     WHERE a.from_month <= date_trunc('month', report_low_income_monthly.as_of::timestamp)::date
       AND a.until >= date_trunc('month', report_low_income_monthly.as_of::timestamp)::date
     GROUP BY a.case_id HAVING count(*) > 1
     UNION
    SELECT c.case_id FROM recognised AS c
     UNION
    SELECT c.case_id FROM recorded AS c
), class AS (
    SELECT DISTINCT ON (c.now, c.case_id) c.now, c.case_id, c.unit_id, c.class, c.residence, c.persons
      FROM (SELECT a.case_id, a.unit_id, a.class, a.residence, a.persons, g.class_priority AS rank, m.now
              FROM granted AS a
              JOIN several AS s ON s.case_id = a.case_id
              JOIN aidcase.programme AS g ON g.programme = a.class AND g.recurring AND g.cash
             CROSS JOIN LATERAL (VALUES (true, a.now), (false, a.was)) AS m (now, counts)
             WHERE m.counts
             UNION ALL
            SELECT * FROM recognised
             UNION ALL
            SELECT * FROM recorded) AS c
     ORDER BY c.now, c.case_id, c.rank, c.class COLLATE "C"
), household AS (
    -- a household has one class at a time; new is who was not in it a month ago
    SELECT c.case_id, c.class, max(c.unit_id) FILTER (WHERE c.now) AS unit_id, max(c.residence) FILTER (WHERE c.now) AS residence,
           max(c.persons) FILTER (WHERE c.now) AS persons, bool_and(c.now) AS fresh
      FROM class AS c
     GROUP BY c.case_id, c.class
    HAVING bool_or(c.now)
)
-- report
, part AS (
    -- all awards, without those of such households, and these by their class
    SELECT n.unit_id, n.class, n.residence, NOT n.was AS fresh, n.households, n.persons
      FROM (SELECT a.unit_id, a.class, a.residence, a.was, count(*) AS households, sum(a.persons) AS persons
              FROM granted AS a WHERE a.now
             GROUP BY a.unit_id, a.class, a.residence, a.was) AS n
      JOIN aidcase.programme AS g ON g.programme = n.class AND g.recurring AND g.cash
     UNION ALL
    SELECT a.unit_id, a.class, a.residence, NOT a.was, -1, -a.persons
      FROM granted AS a
      JOIN several AS s ON s.case_id = a.case_id
      JOIN aidcase.programme AS g ON g.programme = a.class AND g.recurring AND g.cash
     WHERE a.now
     UNION ALL
    SELECT h.unit_id, h.class, h.residence, h.fresh, 1, h.persons FROM household AS h
), counted AS (
    SELECT p.unit_id, p.class,
           sum(p.households) FILTER (WHERE p.residence = 'urban') AS urban_households, sum(p.persons) FILTER (WHERE p.residence = 'urban') AS urban_persons,
           sum(p.households) FILTER (WHERE p.residence = 'rural') AS rural_households, sum(p.persons) FILTER (WHERE p.residence = 'rural') AS rural_persons,
           sum(p.households) AS households, sum(p.persons) AS persons, sum(p.households) FILTER (WHERE p.fresh) AS new_households
      FROM part AS p
     GROUP BY p.unit_id, p.class
)
SELECT e.place, b.zh, coalesce(c.urban_households, 0), coalesce(c.urban_persons, 0), coalesce(c.rural_households, 0), coalesce(c.rural_persons, 0),
       coalesce(c.households, 0), coalesce(c.persons, 0), coalesce(c.new_households, 0)
  FROM place AS e
 CROSS JOIN aidcase.label AS b
  LEFT JOIN counted AS c ON c.unit_id = e.unit_id AND c.class = b.code
 WHERE b.code_set = 'determination.low_income_class'
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C"
-- drill
, each AS (
    SELECT h.case_id, h.class, h.unit_id, h.residence, h.persons, h.fresh FROM household AS h
     UNION ALL
    SELECT a.case_id, a.class, a.unit_id, a.residence, a.persons, NOT a.was
      FROM granted AS a
      JOIN aidcase.programme AS g ON g.programme = a.class AND g.recurring AND g.cash
     WHERE a.now AND NOT EXISTS (SELECT FROM several AS s WHERE s.case_id = a.case_id)
)
SELECT ARRAY[e.place, b.zh], v.column_name, h.case_id, v.value::numeric
  FROM each AS h
  JOIN place AS e ON e.unit_id = h.unit_id
  JOIN aidcase.label AS b ON b.code_set = 'determination.low_income_class' AND b.code = h.class
 CROSS JOIN LATERAL (VALUES (h.residence || '_households', 1, true), (h.residence || '_persons', h.persons, true),
        ('households', 1, true), ('persons', h.persons, true), ('new_households', 1, h.fresh)) AS v (column_name, value, counts)
 WHERE v.counts AND v.value > 0
 ORDER BY e.unit_code, b.sort, b.code COLLATE "C", v.column_name COLLATE "C", h.case_id
