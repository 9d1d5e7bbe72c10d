-- name: town_list
-- title: 镇（街道）名册（样例）
-- title_en: List of towns (sample)
-- unit: 个
-- unit_en: towns
-- parameters: as_of, unit_code, known_at
-- period: quarter
-- layout: portrait
-- column: no | integer | 序号 | No. | int | count
-- column: place | text | 名称 | Name | text | none
-- column: urban | boolean | 城镇 | Urban | text | none
-- column: best | numeric | 得分 | Score | int | max

SELECT v.no, v.place, v.urban, v.best
  FROM (VALUES (1, '=1+1', true, 3), (2, '@cmd', false, 7.0), (3, '+甲', NULL, NULL))
         AS v (no, place, urban, best)
 WHERE v.no <= extract(month FROM as_of)
 ORDER BY v.no;
