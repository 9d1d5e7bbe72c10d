-- name: payment_roll
-- title: 社会救助资金发放清册
-- title_en: Payment roll of social assistance
-- unit: 人、元
-- unit_en: persons, yuan
-- parameters: as_of, unit_code, known_at
-- period: month
-- layout: landscape
-- sensitive: 发放社会救助资金 / payment of social assistance
-- column: place | text | 镇办社区 | Unit | text | none
-- column: village | text | 村居 | Village | text | none
-- column: case_no | text | 档案号 | Case no. | id | count
-- column: head | text | 户主 | Head | text | none
-- column: citizen_id | citizen_id | 公民身份号码 | Citizen no. | id | none
-- column: programme | text | 救助类别 | Programme | text | none
-- column: persons | integer | 保障人数 | Persons | int | sum
-- column: line_kind | text | 发放类别 | Kind | text | none
-- column: benefit_month | text | 享受月份 | Month of benefit | text | none
-- column: base_amount | numeric | 保障金 | Base | money | sum | 发放金额 / Paid
-- column: addon_amount | numeric | 分类施保金 | Add-on | money | sum | 发放金额 / Paid
-- column: amount | numeric | 合计 | Total | money | sum | 发放金额 / Paid
-- column: holder | text | 账户名称 | Account holder | text | none
-- column: bank | text | 开户银行 | Bank | text | none
-- column: account_no | text | 账号 | Account no. | id | none
-- signature: 单位负责人: | 审核人: | 造册人: | 造册日期:
-- signature_en: Head of the unit: | Reviewed by: | Made by: | Date:
-- note: 含个人信息,仅供发放使用,不得公开。
-- note_en: Contains personal data; for payment only, not to be published.
SELECT n.place, v.name, c.case_no, m.name, m.citizen_id, g.label_zh, p.persons, l.zh,
       to_char(p.benefit_month, 'YYYY-MM'),
       p.base_amount, p.addon_amount, p.amount, a.holder_name, a.bank, a.account_no
  FROM aidcase.report_window(report_payment_roll.as_of) AS t
  JOIN {payment_roll: roll_id, unit_id, roll_month} AS r ON r.roll_month = t.this_month
  JOIN aidcase.report_place(report_payment_roll.as_of, report_payment_roll.unit_code, report_payment_roll.known_at) AS n
    ON n.unit_id = r.unit_id
  JOIN {payment: payment_id, roll_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons} AS p
    ON p.roll_id = r.roll_id
  JOIN {aid_case: case_id, case_no, village_id} AS c ON c.case_id = p.case_id
  JOIN aidcase.unit_period AS v ON v.unit_id = c.village_id AND v.valid @> r.roll_month
  JOIN {award: award_id, round_id} AS w ON w.award_id = p.award_id
  JOIN {case_member: round_id, citizen_id, name, relation, void} AS m ON m.round_id = w.round_id AND m.relation = 'head' AND NOT m.void
  JOIN {payee_account: account_id, holder_name, bank, account_no} AS a ON a.account_id = p.account_id
  JOIN aidcase.programme AS g ON g.programme = p.programme
  JOIN aidcase.label AS l ON l.code_set = 'payment.line_kind' AND l.code = p.line_kind
 ORDER BY n.unit_code, c.case_no, g.sort, p.benefit_month, p.payment_id
