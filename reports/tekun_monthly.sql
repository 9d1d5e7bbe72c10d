-- name: tekun_monthly
-- title: 特困人员救助供养情况月报表
-- title_en: Support of persons in extreme hardship, by care level and support mode
-- unit: 户、人、元
-- unit_en: households, persons, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- column: place | text | 地区 | Place | text | none
-- column: households | bigint | 户数 | Households | int | sum
-- column: persons | bigint | 人数 | Persons | int | sum
-- column: urban | bigint | 城市 | Urban | int | sum | 按城乡分 / Urban and rural
-- column: rural | bigint | 农村 | Rural | int | sum | 按城乡分 / Urban and rural
-- column: women | bigint | 女性 | Women | int | sum | 按人员分 / By person
-- column: aged | bigint | 老年人 | Aged 60+ | int | sum | 按人员分 / By person
-- column: minors | bigint | 未成年人 | Minors | int | sum | 按人员分 / By person
-- column: disabled | bigint | 残疾人 | Disabled | int | sum | 按人员分 / By person
-- column: centralised_full | bigint | 全护理 | Full care | int | sum | 集中供养 / Centralised
-- column: centralised_half | bigint | 半护理 | Half care | int | sum | 集中供养 / Centralised
-- column: centralised_self | bigint | 全自理 | Self-care | int | sum | 集中供养 / Centralised
-- column: dispersed_full | bigint | 全护理 | Full care | int | sum | 分散供养 / Dispersed
-- column: dispersed_half | bigint | 半护理 | Half care | int | sum | 分散供养 / Dispersed
-- column: dispersed_self | bigint | 全自理 | Self-care | int | sum | 分散供养 / Dispersed
-- column: not_assessed | bigint | 未评估 | Not assessed | int | sum
-- column: month_base | numeric | 基本生活 | Living | money | sum | 当月支出 / This month
-- column: month_care | numeric | 照料护理 | Care | money | sum | 当月支出 / This month
-- column: month_other | numeric | 其他 | Other | money | sum | 当月支出 / This month
-- column: month_total | numeric | 合计 | Total | money | sum | 当月支出 / This month
-- column: year_total | numeric | 本年累计支出 | Year to date | money | sum
-- column: per_person | numeric | 当月人均 | Per person | money | ratio month_total / persons
-- check: persons = urban + rural
-- check: persons = centralised_full + centralised_half + centralised_self + dispersed_full + dispersed_half + dispersed_self + not_assessed
-- check: month_base + month_care + month_other = month_total
-- check: households <= persons
-- chart: column | 各镇办社区特困人员 | Persons by unit | place | persons
-- signature: 单位负责人: | 审核人: | 填表人: | 报出日期:
-- signature_en: Head of the unit: | Reviewed by: | Filled in by: | Date:
-- note: 人数=城市+农村=按供养方式和护理等级各栏之和+未评估;支出合计=各分项之和。
-- note: 户数、人数按享受月份统计,护理等级按认定时的自理能力评估和当时的等级规则;支出按发放清册月份统计(含补发)。
-- note_en: Persons = urban + rural = sum of the columns by support mode and care level + not assessed; spending = sum of its parts.
-- note_en: Households and persons by month of benefit, care levels by the assessment and the rules of the day of the decision; spending by month of the roll (arrears included).
WITH period AS (
    SELECT w.this_month, date_trunc('year', w.this_month::timestamp)::date AS year_start
      FROM aidcase.report_window(report_tekun_monthly.as_of) AS w
), place AS (
    SELECT p.unit_id, p.unit_code, p.place
      FROM aidcase.report_place(report_tekun_monthly.as_of, report_tekun_monthly.unit_code, report_tekun_monthly.known_at) AS p
), household AS (
    -- days written out tell the planner how many awards there are
    SELECT a.case_id, e.unit_id, a.members AS persons,
           CASE WHEN a.residence = 'urban' THEN a.members ELSE 0 END AS urban, CASE WHEN a.residence = 'rural' THEN a.members ELSE 0 END AS rural,
           a.women, width_bucket((report_tekun_monthly.as_of - interval '60 years')::date, a.birth_dates) AS aged,
           a.members - width_bucket((report_tekun_monthly.as_of - interval '18 years')::date, a.birth_dates) AS minors, a.disabled,
           a.centralised_full, a.centralised_half, a.centralised_self, a.dispersed_full, a.dispersed_half, a.dispersed_self,
           a.members - a.centralised_full - a.centralised_half - a.centralised_self
                     - a.dispersed_full - a.dispersed_half - a.dispersed_self AS not_assessed
      FROM {award_fact: case_id, unit_id, from_month, until, members, women, disabled, programme, residence, birth_dates, centralised_full, centralised_half, centralised_self, dispersed_full, dispersed_half, dispersed_self} AS a
      JOIN place AS e ON e.unit_id = a.unit_id
     WHERE a.programme = 'tekun' AND a.from_month <= date_trunc('month', report_tekun_monthly.as_of::timestamp)::date
       AND a.until > date_trunc('month', report_tekun_monthly.as_of::timestamp)::date
), extra AS (
    SELECT k.award_id, sum(k.amount) FILTER (WHERE k.component = 'care') AS care
      FROM {award_component: award_id, component, amount} AS k
     WHERE k.component = 'care'
     GROUP BY k.award_id
), line AS NOT MATERIALIZED (
    SELECT p.case_id, p.unit_id, r.roll_month = t.this_month AS in_month, p.amount, p.base_amount,
           coalesce(x.care, 0) AS care_amount, p.addon_amount - coalesce(x.care, 0) AS other_amount,
           b.payment_id IS NOT NULL AS returned
      FROM period AS t
      JOIN {payment_roll: roll_id, roll_month, state} AS r
        ON r.roll_month BETWEEN t.year_start AND t.this_month AND r.state <> 'draft'
      JOIN {payment: payment_id, roll_id, unit_id, case_id, award_id, programme, line_kind, base_amount, addon_amount, amount, reassessment_item_id} AS p
        ON p.roll_id = r.roll_id AND p.programme = 'tekun'
      LEFT JOIN extra AS x ON x.award_id = p.award_id AND p.line_kind <> 'deduction' AND p.reassessment_item_id IS NULL
      LEFT JOIN {payment_return: payment_id, outcome} AS b ON b.payment_id = p.payment_id AND b.outcome = 'returned'
)
-- report
, counted AS (
    SELECT h.unit_id, count(*) AS households, sum(h.persons) AS persons, sum(h.urban) AS urban, sum(h.rural) AS rural,
           sum(h.women) AS women, sum(h.aged) AS aged, sum(h.minors) AS minors, sum(h.disabled) AS disabled,
           sum(h.centralised_full) AS centralised_full, sum(h.centralised_half) AS centralised_half,
           sum(h.centralised_self) AS centralised_self, sum(h.dispersed_full) AS dispersed_full,
           sum(h.dispersed_half) AS dispersed_half, sum(h.dispersed_self) AS dispersed_self, sum(h.not_assessed) AS not_assessed
      FROM household AS h
     GROUP BY h.unit_id
), part AS (
    -- what rolls were handed in with, less what the bank returned of them
    SELECT s.unit_id, r.roll_month = t.this_month AS in_month, s.base_amount, s.care_amount,
           s.addon_amount + s.price_amount + s.other_amount AS other_amount, s.amount
      FROM period AS t
      JOIN {payment_roll: roll_id, roll_month, state} AS r
        ON r.roll_month BETWEEN t.year_start AND t.this_month AND r.state <> 'draft'
      JOIN {payment_total: roll_id, unit_id, programme, base_amount, addon_amount, care_amount, price_amount, other_amount, amount} AS s
        ON s.roll_id = r.roll_id AND s.programme = 'tekun'
     UNION ALL
    SELECT l.unit_id, l.in_month, -l.base_amount, -l.care_amount, -l.other_amount, -l.amount
      FROM line AS l WHERE l.returned
), money AS (
    SELECT l.unit_id, sum(l.base_amount) FILTER (WHERE l.in_month) AS month_base,
           sum(l.care_amount) FILTER (WHERE l.in_month) AS month_care, sum(l.other_amount) FILTER (WHERE l.in_month) AS month_other,
           sum(l.amount) FILTER (WHERE l.in_month) AS month_total, sum(l.amount) AS year_total
      FROM part AS l
     GROUP BY l.unit_id
)
SELECT e.place, coalesce(c.households, 0), coalesce(c.persons, 0), coalesce(c.urban, 0), coalesce(c.rural, 0),
       coalesce(c.women, 0), coalesce(c.aged, 0), coalesce(c.minors, 0), coalesce(c.disabled, 0),
       coalesce(c.centralised_full, 0), coalesce(c.centralised_half, 0), coalesce(c.centralised_self, 0),
       coalesce(c.dispersed_full, 0), coalesce(c.dispersed_half, 0), coalesce(c.dispersed_self, 0), coalesce(c.not_assessed, 0),
       coalesce(m.month_base, 0), coalesce(m.month_care, 0), coalesce(m.month_other, 0), coalesce(m.month_total, 0),
       coalesce(m.year_total, 0),
       CASE WHEN c.persons > 0 THEN round(coalesce(m.month_total, 0) / c.persons, 2) ELSE 0 END
  FROM place AS e
  LEFT JOIN counted AS c ON c.unit_id = e.unit_id
  LEFT JOIN money AS m ON m.unit_id = e.unit_id
 ORDER BY e.unit_code
-- drill
, cell (unit_id, column_name, case_id, value) AS (
    SELECT h.unit_id, v.column_name, h.case_id, v.value::numeric
      FROM household AS h
     CROSS JOIN LATERAL (VALUES ('households', 1), ('persons', h.persons), ('urban', h.urban), ('rural', h.rural), ('women', h.women),
            ('aged', h.aged), ('minors', h.minors), ('disabled', h.disabled), ('centralised_full', h.centralised_full),
            ('centralised_half', h.centralised_half), ('centralised_self', h.centralised_self), ('dispersed_full', h.dispersed_full),
            ('dispersed_half', h.dispersed_half), ('dispersed_self', h.dispersed_self), ('not_assessed', h.not_assessed)) AS v (column_name, value)
     WHERE v.value > 0
     UNION ALL
    SELECT l.unit_id, v.column_name, l.case_id, sum(v.value)
      FROM line AS l
     CROSS JOIN LATERAL (VALUES ('month_base', l.base_amount, l.in_month), ('month_care', l.care_amount, l.in_month),
            ('month_other', l.other_amount, l.in_month), ('month_total', l.amount, l.in_month),
            ('year_total', l.amount, true)) AS v (column_name, value, counts)
     WHERE v.counts AND v.value <> 0 AND NOT l.returned
     GROUP BY l.unit_id, v.column_name, l.case_id
)
SELECT ARRAY[e.place], c.column_name, c.case_id, c.value
  FROM cell AS c
  JOIN place AS e ON e.unit_id = c.unit_id
 ORDER BY e.unit_code, c.column_name COLLATE "C", c.case_id
