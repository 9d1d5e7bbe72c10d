-- name: dibao_monthly
-- title: 城乡最低生活保障情况月报表
-- title_en: Monthly table of the minimum living guarantee, urban and rural
-- unit: 户、人、元
-- unit_en: households, persons, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: residence | text | 城乡 | Urban or rural | text | none
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
-- column: illness | bigint | 疾病 | Illness | int | sum | 按致困原因分(人,可多选) / By cause (persons, several may apply)
-- column: disability | bigint | 残疾 | Disability | int | sum | 按致困原因分(人,可多选) / By cause (persons, several may apply)
-- column: schooling | bigint | 因学 | Schooling | int | sum | 按致困原因分(人,可多选) / By cause (persons, several may apply)
-- column: disaster | bigint | 灾害 | Disaster | int | sum | 按致困原因分(人,可多选) / By cause (persons, several may apply)
-- column: lack_of_labour | bigint | 缺乏劳动力 | Lack of labour | int | sum | 按致困原因分(人,可多选) / By cause (persons, several may apply)
-- column: other_cause | bigint | 其他 | Other | int | sum | 按致困原因分(人,可多选) / By cause (persons, several may apply)
-- column: opening | bigint | 上月户数 | Opening | int | sum | 户数变动 / Households: change
-- column: new_households | bigint | 当月新增 | New | int | sum | 户数变动 / Households: change
-- column: transferred_in | bigint | 转入 | Moved in | int | sum | 户数变动 / Households: change
-- column: exits | bigint | 当月退出 | Exits | int | sum | 户数变动 / Households: change
-- column: transferred_out | bigint | 转出 | Moved out | int | sum | 户数变动 / Households: change
-- column: month_base | numeric | 低保金 | Base | money | sum | 当月支出 / This month
-- column: month_addon | numeric | 分类施保金 | Add-on | money | sum | 当月支出 / This month
-- column: month_price | numeric | 物价补贴 | Price subsidy | money | sum | 当月支出 / This month
-- column: month_other | numeric | 其他补贴 | Other | money | sum | 当月支出 / This month
-- column: month_total | numeric | 合计 | Total | money | sum | 当月支出 / This month
-- column: year_base | numeric | 低保金 | Base | money | sum | 本年累计支出 / Year to date
-- column: year_addon | numeric | 分类施保金 | Add-on | money | sum | 本年累计支出 / Year to date
-- column: year_price | numeric | 物价补贴 | Price subsidy | money | sum | 本年累计支出 / Year to date
-- column: year_other | numeric | 其他补贴 | Other | money | sum | 本年累计支出 / Year to date
-- column: year_total | numeric | 合计 | Total | money | sum | 本年累计支出 / Year to date
-- column: per_person | numeric | 当月人均补助 | Per person | money | ratio month_total / persons
-- check: persons = able + partly_able + ability_lost + no_ability
-- check: persons <= illness + disability + schooling + disaster + lack_of_labour + other_cause
-- check: opening + new_households + transferred_in - exits - transferred_out = households
-- check: month_base + month_addon + month_price + month_other = month_total
-- check: year_base + year_addon + year_price + year_other = year_total
-- check: households <= persons
-- check: women <= persons
-- check: disabled <= persons
-- chart: column | 各镇办社区保障人数 | Persons by unit | place | persons
-- chart: column | 各镇办社区当月支出 | Spending of the month by unit | place | month_base, month_addon
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 保障人数=按劳动能力各栏之和;保障人数≤按致困原因各栏之和(未填原因或仅有急难的计入其他);支出合计=各分项之和。
-- note: 上月户数+当月新增+转入-当月退出-转出=保障户数;接管户在首月计入上月户数;区内换单位、城乡身份变化计为转入转出。
-- note: 户数、人数按享受月份统计,支出按发放清册月份统计(含补发);高龄补贴含在分类施保金内。
-- note_en: Persons = sum of the columns by work ability; persons ≤ sum of the columns by cause (no cause stated, or emergency only, counts as other); spending = sum of its parts.
-- note_en: Opening + new + moved in - exits - moved out = households; households taken over count in the opening of their first month; a change of unit or between urban and rural counts as moved.
-- note_en: Households and persons by month of benefit, spending by month of the roll (arrears included); the subsidy for the aged is part of the add-on.
WITH period AS (
    SELECT w.this_month, w.last_month, date_trunc('year', w.this_month::timestamp)::date AS year_start
      FROM aidcase.report_window(report_dibao_monthly.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place, r.code AS residence, r.zh AS residence_zh, r.sort
      FROM aidcase.report_place(report_dibao_monthly.as_of, report_dibao_monthly.unit_code, report_dibao_monthly.known_at) AS p
     CROSS JOIN aidcase.label AS r
     WHERE r.code_set = 'award.residence'
), live AS NOT MATERIALIZED (
    -- days written out tell the planner how many awards there are
    SELECT a.case_id, a.unit_id, a.residence, a.persons, a.members, a.women, a.disabled, a.able, a.partly_able, a.ability_lost, a.no_ability,
           a.illness, a.disability, a.schooling, a.disaster, a.lack_of_labour, a.other_cause, a.birth_dates,
           a.from_month < date_trunc('month', report_dibao_monthly.as_of::timestamp)::date AS was
      FROM {award_fact: case_id, unit_id, from_month, until, persons, members, women, disabled, able, partly_able, ability_lost, no_ability, illness, disability, schooling, disaster, lack_of_labour, other_cause, programme, residence, birth_dates} AS a
     WHERE a.programme = 'dibao' AND a.from_month <= date_trunc('month', report_dibao_monthly.as_of::timestamp)::date
       AND a.until > date_trunc('month', report_dibao_monthly.as_of::timestamp)::date
), moving AS (
    -- awards that begin or have ended with the month
    SELECT a.case_id, a.unit_id, a.residence, a.from_month = t.this_month AS now, a.taken_over
      FROM period AS t
     CROSS JOIN {award_fact: case_id, unit_id, from_month, until, taken_over, programme, residence} AS a
     WHERE a.programme = 'dibao'
       AND (a.from_month = date_trunc('month', report_dibao_monthly.as_of::timestamp)::date
            OR a.until = date_trunc('month', report_dibao_monthly.as_of::timestamp)::date)
), flow AS (
    -- households that are not in one award over both months; one that was taken
    -- over was in benefit before the register knew of it
    SELECT coalesce(l.case_id, b.case_id) AS case_id, l.unit_id AS now_in, l.residence AS now_as,
           coalesce(b.unit_id, CASE WHEN l.taken_over THEN l.unit_id END) AS was_in,
           coalesce(b.residence, CASE WHEN l.taken_over THEN l.residence END) AS was_as,
           (l.unit_id, l.residence) <> (b.unit_id, b.residence) AS moved
      FROM (SELECT * FROM moving AS m WHERE m.now) AS l
      FULL JOIN (SELECT * FROM moving AS m WHERE NOT m.now) AS b ON b.case_id = l.case_id
), extra AS (
    -- parts of an award that a line of a roll holds in its add-on
    SELECT k.award_id, sum(k.amount) FILTER (WHERE k.component = 'price_subsidy') AS price,
           sum(k.amount) FILTER (WHERE k.component <> 'price_subsidy') AS other
      FROM {award_component: award_id, component, amount} AS k
     WHERE k.component NOT IN ('base', 'addon')
     GROUP BY k.award_id
), line AS NOT MATERIALIZED (
    SELECT p.case_id, p.unit_id, a.residence, r.roll_month = t.this_month AS in_month, p.amount, p.base_amount,
           p.addon_amount - coalesce(x.price, 0) - coalesce(x.other, 0) AS addon_amount,
           coalesce(x.price, 0) AS price_amount, coalesce(x.other, 0) AS other_amount,
           b.payment_id IS NOT NULL AS returned
      FROM period AS t
      JOIN {payment_roll: roll_id, roll_month, state} AS r
        ON r.roll_month BETWEEN t.year_start AND t.this_month AND r.state <> 'draft'
      JOIN {payment: payment_id, roll_id, unit_id, case_id, award_id, programme, line_kind, base_amount, addon_amount, amount, reassessment_item_id} AS p
        ON p.roll_id = r.roll_id AND p.programme = 'dibao'
      JOIN {award: award_id, residence} AS a ON a.award_id = p.award_id
      LEFT JOIN extra AS x ON x.award_id = p.award_id AND p.line_kind <> 'deduction' AND p.reassessment_item_id IS NULL
      LEFT JOIN {payment_return: payment_id, outcome} AS b ON b.payment_id = p.payment_id AND b.outcome = 'returned'
)
-- report
, counted AS (
    SELECT l.unit_id, l.residence, count(*) AS households, count(*) FILTER (WHERE l.was) AS opening,
           sum(l.members) AS persons, sum(l.women) AS women,
           sum(width_bucket((report_dibao_monthly.as_of - interval '60 years')::date, l.birth_dates)) AS aged,
           sum(l.members - width_bucket((report_dibao_monthly.as_of - interval '18 years')::date, l.birth_dates)) AS minors,
           sum(l.disabled) AS disabled, sum(l.able) AS able, sum(l.partly_able) AS partly_able,
           sum(l.ability_lost) AS ability_lost, sum(l.no_ability) AS no_ability,
           sum(l.persons) FILTER (WHERE l.illness) AS illness, sum(l.persons) FILTER (WHERE l.disability) AS disability,
           sum(l.persons) FILTER (WHERE l.schooling) AS schooling, sum(l.persons) FILTER (WHERE l.disaster) AS disaster,
           sum(l.persons) FILTER (WHERE l.lack_of_labour) AS lack_of_labour, sum(l.persons) FILTER (WHERE l.other_cause) AS other_cause
      FROM live AS l
     GROUP BY l.unit_id, l.residence
), change AS (
    SELECT c.unit_id, c.residence, sum(c.opening) AS opening, sum(c.new_households) AS new_households,
           sum(c.transferred_in) AS transferred_in, sum(c.exits) AS exits, sum(c.transferred_out) AS transferred_out
      FROM (SELECT f.now_in AS unit_id, f.now_as AS residence, 0 AS opening, count(*) FILTER (WHERE f.was_in IS NULL) AS new_households,
                   count(*) FILTER (WHERE f.moved) AS transferred_in, 0 AS exits, 0 AS transferred_out
              FROM flow AS f WHERE f.now_in IS NOT NULL GROUP BY f.now_in, f.now_as
             UNION ALL
            SELECT f.was_in, f.was_as, count(*), 0, 0, count(*) FILTER (WHERE f.now_in IS NULL), count(*) FILTER (WHERE f.moved)
              FROM flow AS f WHERE f.was_in IS NOT NULL GROUP BY f.was_in, f.was_as) AS c
     GROUP BY c.unit_id, c.residence
), part AS (
    -- what rolls were handed in with, less what the bank returned of them
    SELECT s.unit_id, s.residence, r.roll_month = t.this_month AS in_month, s.base_amount, s.addon_amount, s.price_amount,
           s.care_amount + s.other_amount AS other_amount, s.amount
      FROM period AS t
      JOIN {payment_roll: roll_id, roll_month, state} AS r
        ON r.roll_month BETWEEN t.year_start AND t.this_month AND r.state <> 'draft'
      JOIN {payment_total: roll_id, unit_id, programme, residence, base_amount, addon_amount, care_amount, price_amount, other_amount, amount} AS s
        ON s.roll_id = r.roll_id AND s.programme = 'dibao'
     UNION ALL
    SELECT l.unit_id, l.residence, l.in_month, -l.base_amount, -l.addon_amount, -l.price_amount, -l.other_amount, -l.amount
      FROM line AS l WHERE l.returned
), money AS (
    SELECT l.unit_id, l.residence,
           sum(l.base_amount) FILTER (WHERE l.in_month) AS month_base, sum(l.addon_amount) FILTER (WHERE l.in_month) AS month_addon,
           sum(l.price_amount) FILTER (WHERE l.in_month) AS month_price, sum(l.other_amount) FILTER (WHERE l.in_month) AS month_other,
           sum(l.amount) FILTER (WHERE l.in_month) AS month_total,
           sum(l.base_amount) AS year_base, sum(l.addon_amount) AS year_addon, sum(l.price_amount) AS year_price,
           sum(l.other_amount) AS year_other, sum(l.amount) AS year_total
      FROM part AS l
     GROUP BY l.unit_id, l.residence
)
SELECT e.place, e.residence_zh, coalesce(p.households, 0), coalesce(p.persons, 0),
       coalesce(p.women, 0), coalesce(p.aged, 0), coalesce(p.minors, 0), coalesce(p.disabled, 0),
       coalesce(p.able, 0), coalesce(p.partly_able, 0), coalesce(p.ability_lost, 0), coalesce(p.no_ability, 0),
       coalesce(p.illness, 0), coalesce(p.disability, 0), coalesce(p.schooling, 0), coalesce(p.disaster, 0),
       coalesce(p.lack_of_labour, 0), coalesce(p.other_cause, 0),
       coalesce(p.opening, 0) + coalesce(f.opening, 0), coalesce(f.new_households, 0), coalesce(f.transferred_in, 0), coalesce(f.exits, 0),
       coalesce(f.transferred_out, 0),
       coalesce(m.month_base, 0), coalesce(m.month_addon, 0), coalesce(m.month_price, 0), coalesce(m.month_other, 0),
       coalesce(m.month_total, 0), coalesce(m.year_base, 0), coalesce(m.year_addon, 0), coalesce(m.year_price, 0),
       coalesce(m.year_other, 0), coalesce(m.year_total, 0),
       CASE WHEN p.persons > 0 THEN round(coalesce(m.month_total, 0) / p.persons, 2) ELSE 0 END
  FROM place AS e
  LEFT JOIN change AS f ON f.unit_id = e.unit_id AND f.residence = e.residence
  LEFT JOIN counted AS p ON p.unit_id = e.unit_id AND p.residence = e.residence
  LEFT JOIN money AS m ON m.unit_id = e.unit_id AND m.residence = e.residence
 ORDER BY e.unit_code, e.sort
-- drill
, cell (unit_id, residence, column_name, case_id, value) AS (
    SELECT l.unit_id, l.residence, v.column_name, l.case_id, 1::numeric
      FROM live AS l
     CROSS JOIN LATERAL (VALUES ('households', true), ('opening', l.was)) AS v (column_name, counts)
     WHERE v.counts
     UNION ALL
    SELECT f.now_in, f.now_as, v.column_name, f.case_id, 1
      FROM flow AS f
     CROSS JOIN LATERAL (VALUES ('new_households', f.was_in IS NULL), ('transferred_in', f.moved)) AS v (column_name, counts)
     WHERE f.now_in IS NOT NULL AND v.counts
     UNION ALL
    SELECT f.was_in, f.was_as, v.column_name, f.case_id, 1
      FROM flow AS f
     CROSS JOIN LATERAL (VALUES ('opening', true), ('exits', f.now_in IS NULL), ('transferred_out', f.moved)) AS v (column_name, counts)
     WHERE f.was_in IS NOT NULL AND v.counts
     UNION ALL
    -- persons, and all of them for each cause of the household
    SELECT l.unit_id, l.residence, v.column_name, l.case_id, sum(v.value)
      FROM live AS l
     CROSS JOIN LATERAL (VALUES ('persons', l.members), ('women', l.women),
            ('aged', width_bucket((report_dibao_monthly.as_of - interval '60 years')::date, l.birth_dates)),
            ('minors', l.members - width_bucket((report_dibao_monthly.as_of - interval '18 years')::date, l.birth_dates)),
            ('disabled', l.disabled), ('able', l.able), ('partly_able', l.partly_able), ('ability_lost', l.ability_lost),
            ('no_ability', l.no_ability), ('illness', l.illness::integer * l.persons), ('disability', l.disability::integer * l.persons),
            ('schooling', l.schooling::integer * l.persons), ('disaster', l.disaster::integer * l.persons),
            ('lack_of_labour', l.lack_of_labour::integer * l.persons), ('other_cause', l.other_cause::integer * l.persons)) AS v (column_name, value)
     WHERE v.value > 0
     GROUP BY l.unit_id, l.residence, v.column_name, l.case_id
     UNION ALL
    SELECT l.unit_id, l.residence, v.column_name, l.case_id, sum(v.value)
      FROM line AS l
     CROSS JOIN LATERAL (VALUES
            ('month_base', l.base_amount, l.in_month), ('month_addon', l.addon_amount, l.in_month),
            ('month_price', l.price_amount, l.in_month), ('month_other', l.other_amount, l.in_month),
            ('month_total', l.amount, l.in_month), ('year_base', l.base_amount, true), ('year_addon', l.addon_amount, true),
            ('year_price', l.price_amount, true), ('year_other', l.other_amount, true),
            ('year_total', l.amount, true)) AS v (column_name, value, counts)
     WHERE v.counts AND v.value <> 0 AND NOT l.returned
     GROUP BY l.unit_id, l.residence, v.column_name, l.case_id
)
SELECT ARRAY[e.place, e.residence_zh], c.column_name, c.case_id, c.value
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id AND e.residence = c.residence
 ORDER BY e.unit_code, e.sort, c.column_name COLLATE "C", c.case_id
