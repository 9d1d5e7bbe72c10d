-- name: dibao_monthly
-- title: 最低生活保障情况月报表
-- title_en: Monthly table of the minimum living guarantee
-- unit: 户、人、元
-- unit_en: households, persons, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: households | bigint | 保障户数 | Households | int | sum
-- column: persons | bigint | 保障人数 | Persons | int | sum
-- column: women | bigint | 女性 | Women | int | sum | 按人员分 / By person
-- column: aged | bigint | 老年人 | Aged 60+ | int | sum | 按人员分 / By person
-- column: minors | bigint | 未成年人 | Minors | int | sum | 按人员分 / By person
-- column: disabled | bigint | 残疾人 | Disabled | int | sum | 按人员分 / By person
-- column: able | bigint | 有劳动能力 | Able | int | sum | 按劳动能力分 / By work ability
-- column: partly_able | bigint | 部分丧失 | Partial loss | int | sum | 按劳动能力分 / By work ability
-- column: ability_lost | bigint | 完全丧失 | Complete loss | int | sum | 按劳动能力分 / By work ability
-- column: no_ability | bigint | 无劳动能力 | None | int | sum | 按劳动能力分 / By work ability
-- column: illness | bigint | 疾病 | Illness | int | sum | 按致困原因分(户) / By cause (households)
-- column: disability | bigint | 残疾 | Disability | int | sum | 按致困原因分(户) / By cause (households)
-- column: schooling | bigint | 因学 | Schooling | int | sum | 按致困原因分(户) / By cause (households)
-- column: disaster | bigint | 灾害 | Disaster | int | sum | 按致困原因分(户) / By cause (households)
-- column: lack_of_labour | bigint | 缺乏劳动力 | Lack of labour | int | sum | 按致困原因分(户) / By cause (households)
-- column: other_cause | bigint | 其他 | Other | int | sum | 按致困原因分(户) / By cause (households)
-- column: opening | bigint | 上月户数 | Opening | int | sum | 户数变动 / Households: change
-- column: new_households | bigint | 当月新增 | New | int | sum | 户数变动 / Households: change
-- column: exits | bigint | 当月退出 | Exits | int | sum | 户数变动 / Households: change
-- column: month_base | numeric | 低保金 | Base | money | sum | 当月支出 / This month
-- column: month_addon | numeric | 分类施保金 | Add-on | money | sum | 当月支出 / This month
-- column: month_total | numeric | 合计 | Total | money | sum | 当月支出 / This month
-- column: year_total | numeric | 本年累计支出 | Year to date | money | sum
-- column: per_person | numeric | 人均补助 | Per person | money | ratio month_total / persons
-- chart: column | 各镇办社区保障人数 | Persons by unit | place | persons
-- chart: column | 各镇办社区当月支出 | Spending of the month by unit | place | month_base, month_addon
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- note: 人数=按劳动能力各栏之和;支出合计=各分项之和;上月户数+当月新增-当月退出=保障户数;致困原因可多选。
-- note: 保障户数按享受月份统计,支出按发放清册月份统计(含补发)。
WITH period AS (
    SELECT date_trunc('month', report_dibao_monthly.as_of::timestamp)::date AS this_month
     WHERE aidcase.present_only(report_dibao_monthly.known_at)
), place AS (
    SELECT u.unit_id, u.unit_code, n.name
      FROM aidcase.unit AS u
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> report_dibao_monthly.as_of
     WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
       AND (report_dibao_monthly.unit_code IS NULL
            OR u.unit_code LIKE report_dibao_monthly.unit_code || '%')
), live AS (
    SELECT a.award_id, a.case_id, a.round_id, a.unit_id
      FROM period AS t
      JOIN aidcase.award AS a ON a.programme = 'dibao' AND a.months @> t.this_month
), before AS (
    SELECT a.case_id, a.unit_id
      FROM period AS t
      JOIN aidcase.award AS a ON a.programme = 'dibao'
                             AND a.months @> (t.this_month - interval '1 month')::date
), person AS (
    SELECT l.unit_id, count(*) AS persons,
           count(*) FILTER (WHERE m.sex = 'female') AS women,
           count(*) FILTER (WHERE m.birth_date <= report_dibao_monthly.as_of - interval '60 years') AS aged,
           count(*) FILTER (WHERE m.birth_date > report_dibao_monthly.as_of - interval '18 years') AS minors,
           count(*) FILTER (WHERE m.disability_kind IS NOT NULL) AS disabled,
           count(*) FILTER (WHERE m.work_ability = 'able') AS able,
           count(*) FILTER (WHERE m.work_ability = 'partial') AS partly_able,
           count(*) FILTER (WHERE m.work_ability = 'lost') AS ability_lost,
           count(*) FILTER (WHERE m.work_ability = 'none') AS no_ability
      FROM live AS l
      JOIN aidcase.award_person AS p ON p.award_id = l.award_id
      JOIN aidcase.case_member AS m ON m.member_id = p.member_id
     GROUP BY l.unit_id
), cause AS (
    SELECT l.unit_id,
           count(*) FILTER (WHERE c.cause = 'illness') AS illness,
           count(*) FILTER (WHERE c.cause = 'disability') AS disability,
           count(*) FILTER (WHERE c.cause = 'schooling') AS schooling,
           count(*) FILTER (WHERE c.cause = 'disaster') AS disaster,
           count(*) FILTER (WHERE c.cause = 'lack_of_labour') AS lack_of_labour,
           count(*) FILTER (WHERE c.cause IN ('emergency', 'other')) AS other_cause
      FROM live AS l
      JOIN aidcase.case_cause AS c ON c.round_id = l.round_id AND NOT c.void
     GROUP BY l.unit_id
), flow AS (
    SELECT coalesce(l.unit_id, b.unit_id) AS unit_id,
           count(l.case_id) AS households,
           count(b.case_id) AS opening,
           count(*) FILTER (WHERE b.case_id IS NULL) AS new_households,
           count(*) FILTER (WHERE l.case_id IS NULL) AS exits
      FROM live AS l
      FULL JOIN before AS b ON b.case_id = l.case_id AND b.unit_id = l.unit_id
     GROUP BY 1
), money AS (
    SELECT r.unit_id,
           sum(p.base_amount) FILTER (WHERE r.roll_month = t.this_month) AS month_base,
           sum(p.addon_amount) FILTER (WHERE r.roll_month = t.this_month) AS month_addon,
           sum(p.amount) FILTER (WHERE r.roll_month = t.this_month) AS month_total,
           sum(p.amount) AS year_total
      FROM period AS t
      JOIN aidcase.payment_roll AS r ON r.roll_month BETWEEN date_trunc('year', t.this_month::timestamp)::date
                                                        AND t.this_month
                                    AND r.state <> 'draft'
      JOIN aidcase.payment AS p ON p.roll_id = r.roll_id AND p.programme = 'dibao'
     GROUP BY r.unit_id
)
SELECT e.name,
       coalesce(f.households, 0), coalesce(p.persons, 0),
       coalesce(p.women, 0), coalesce(p.aged, 0), coalesce(p.minors, 0), coalesce(p.disabled, 0),
       coalesce(p.able, 0), coalesce(p.partly_able, 0), coalesce(p.ability_lost, 0), coalesce(p.no_ability, 0),
       coalesce(c.illness, 0), coalesce(c.disability, 0), coalesce(c.schooling, 0), coalesce(c.disaster, 0),
       coalesce(c.lack_of_labour, 0), coalesce(c.other_cause, 0),
       coalesce(f.opening, 0), coalesce(f.new_households, 0), coalesce(f.exits, 0),
       coalesce(m.month_base, 0), coalesce(m.month_addon, 0), coalesce(m.month_total, 0),
       coalesce(m.year_total, 0),
       CASE WHEN p.persons > 0 THEN round(coalesce(m.month_total, 0) / p.persons, 2) ELSE 0 END
  FROM place AS e
  LEFT JOIN flow AS f ON f.unit_id = e.unit_id
  LEFT JOIN person AS p ON p.unit_id = e.unit_id
  LEFT JOIN cause AS c ON c.unit_id = e.unit_id
  LEFT JOIN money AS m ON m.unit_id = e.unit_id
 ORDER BY e.unit_code;
-- drill
WITH period AS (
    SELECT date_trunc('month', drill_dibao_monthly.as_of::timestamp)::date AS this_month
     WHERE aidcase.present_only(drill_dibao_monthly.known_at)
), place AS (
    SELECT u.unit_id, u.unit_code, n.name
      FROM aidcase.unit AS u
      JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> drill_dibao_monthly.as_of
     WHERE u.unit_kind IN ('town', 'office', 'direct_community', 'zone')
       AND (drill_dibao_monthly.unit_code IS NULL
            OR u.unit_code LIKE drill_dibao_monthly.unit_code || '%')
), live AS (
    SELECT a.award_id, a.case_id, a.round_id, a.unit_id
      FROM period AS t
      JOIN aidcase.award AS a ON a.programme = 'dibao' AND a.months @> t.this_month
), before AS (
    SELECT a.case_id, a.unit_id
      FROM period AS t
      JOIN aidcase.award AS a ON a.programme = 'dibao'
                             AND a.months @> (t.this_month - interval '1 month')::date
), cell (unit_id, column_name, case_id, value) AS (
    SELECT l.unit_id, 'households', l.case_id, 1::numeric FROM live AS l
    UNION ALL
    SELECT b.unit_id, 'opening', b.case_id, 1 FROM before AS b
    UNION ALL
    SELECT l.unit_id, 'new_households', l.case_id, 1 FROM live AS l
     WHERE NOT EXISTS (SELECT FROM before AS b WHERE b.case_id = l.case_id AND b.unit_id = l.unit_id)
    UNION ALL
    SELECT b.unit_id, 'exits', b.case_id, 1 FROM before AS b
     WHERE NOT EXISTS (SELECT FROM live AS l WHERE l.case_id = b.case_id AND l.unit_id = b.unit_id)
    UNION ALL
    SELECT l.unit_id, v.column_name, l.case_id, count(*)
      FROM live AS l
      JOIN aidcase.award_person AS p ON p.award_id = l.award_id
      JOIN aidcase.case_member AS m ON m.member_id = p.member_id
     CROSS JOIN LATERAL (VALUES
            ('persons', true),
            ('women', m.sex = 'female'),
            ('aged', m.birth_date <= drill_dibao_monthly.as_of - interval '60 years'),
            ('minors', m.birth_date > drill_dibao_monthly.as_of - interval '18 years'),
            ('disabled', m.disability_kind IS NOT NULL),
            ('able', m.work_ability = 'able'),
            ('partly_able', m.work_ability = 'partial'),
            ('ability_lost', m.work_ability = 'lost'),
            ('no_ability', m.work_ability = 'none')) AS v (column_name, counts)
     WHERE v.counts
     GROUP BY l.unit_id, v.column_name, l.case_id
    UNION ALL
    SELECT l.unit_id, CASE WHEN c.cause IN ('emergency', 'other') THEN 'other_cause' ELSE c.cause END,
           l.case_id, count(*)
      FROM live AS l
      JOIN aidcase.case_cause AS c ON c.round_id = l.round_id AND NOT c.void
     GROUP BY 1, 2, 3
    UNION ALL
    SELECT r.unit_id, v.column_name, p.case_id, sum(v.value)
      FROM period AS t
      JOIN aidcase.payment_roll AS r ON r.roll_month BETWEEN date_trunc('year', t.this_month::timestamp)::date
                                                        AND t.this_month
                                    AND r.state <> 'draft'
      JOIN aidcase.payment AS p ON p.roll_id = r.roll_id AND p.programme = 'dibao'
     CROSS JOIN LATERAL (VALUES
            ('month_base', p.base_amount, r.roll_month = t.this_month),
            ('month_addon', p.addon_amount, r.roll_month = t.this_month),
            ('month_total', p.amount, r.roll_month = t.this_month),
            ('year_total', p.amount, true)) AS v (column_name, value, counts)
     WHERE v.counts
     GROUP BY r.unit_id, v.column_name, p.case_id
)
SELECT ARRAY[e.name], c.column_name, c.case_id, c.value
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
 ORDER BY e.unit_code, c.column_name COLLATE "C", c.case_id
