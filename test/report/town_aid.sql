-- name: town_aid
-- title: 最低生活保障月报表（样例）
-- title_en: Monthly subsistence allowance table (sample)
-- unit: 户、人、元
-- unit_en: households, persons, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- heads: both
-- column: place | text | 镇（街道） | Town | text | none
-- column: code | text | 代码 | Code | id | none
-- column: households | bigint | 户数 | Households | int | sum | 保障对象 / Recipients
-- column: persons | bigint | 人数 | Persons | int | sum | 保障对象 / Recipients
-- column: women | bigint | 其中：女性 | of which women | int | sum | 保障对象 / Recipients
-- column: spent | numeric | 低保金 | Allowance | money | sum | 本月支出 / Spent this month
-- column: addon | numeric | 补贴 | Supplements | money | sum | 本月支出 / Spent this month
-- column: per_head | numeric | 人均补助额 | Per person | money | ratio spent / persons
-- column: share | numeric | 发放率 | Paid | percent | none
-- column: paid_on | date | 发放日 | Paid on | date | none
-- chart: column | 各镇保障人数 | Recipients by town | place | households, persons
-- chart: pie | 支出构成 | Spending | place | spent
-- chart: line | 人均补助额 | Per person | place | per_head
-- signature: 单位负责人：| 审核人：| 制表人：| 填报日期：
-- signature_en: Head of the unit: | Reviewed by: | Made by: | Date:
-- note: 人均补助额 = 本月低保金 ÷ 保障人数。
-- note: 本表为测试样例，不引用业务表；金额以元为单位，保留两位小数。
-- note_en: Per person = allowance of the month / persons.
-- note_en: A sample for tests that reads no table; yuan, with two decimals.

/* A sample for tests: reads no table. */
SELECT v.place,
       v.code,
       v.households,
       v.persons,
       v.women,
       v.spent + CASE WHEN report_town_aid.known_at IS NULL THEN 0 ELSE 1 END,
       v.addon,
       round(v.spent / v.persons, 2),
       v.share,
       report_town_aid.as_of - 20
  FROM (VALUES ('东郊街道', '340705001', 120::bigint, 233::bigint, 101::bigint,
                98000.50, 1200.00, 0.9981),
               ('西湖镇', '340705101', 310, 655, 320, 301234.56, 8800.10, 1.0),
               ('顺安镇; 甲', '340705102', 77, 140, 60, 60100.00, 0, 0.75),
               ('钟鸣镇', '340705103', 205, 390, 188, 170005.25, 3300.00, 0.9))
         AS v (place, code, households, persons, women, spent, addon, share)
 WHERE unit_code IS NULL OR v.code = unit_code
 ORDER BY v.code;
