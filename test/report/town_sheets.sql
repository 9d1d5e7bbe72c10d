-- name: town_sheets
-- title: 发放清册（样例）
-- title_en: Roll (sample)
-- unit: 元
-- unit_en: yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: portrait
-- sheets: town
-- column: town | text | 镇办社区 | Town | text | none
-- column: name | text | 户主 | Head of household | text | count
-- column: base | numeric | 保障金 | Base | money | sum | 金额 / Amount
-- column: addon | numeric | 分类施保金 | Add-on | money | sum | 金额 / Amount
-- signature: 负责人：|经办人：
-- signature_en: Head: | Handled by:

SELECT v.town, v.name, v.base, v.addon
  FROM (VALUES ('西湖镇', '甲', 100.10, 20), ('西湖镇', '乙', 200.20, 0), ('天井/湖', '丙', 300.00, 5.55), (NULL, '丁', 1, 2))
         AS v (town, name, base, addon)
 ORDER BY v.town COLLATE "C" DESC NULLS LAST, v.name COLLATE "C";
