/*
 * month: what the bank did with the lines of the rolls, and the close.
 *
 * A line is paid, or returned with a reason.  What was returned is paid again
 * by a line of kind "reissue" on a later roll, once there is another account
 * or the fault was the bank's.  A month is closed when every unit that has
 * somebody to pay has a paid roll, every line has its result, and the totals
 * balance.  It is never opened again: no roll, line or result comes into it.
 */

-- Trigger: nothing comes into a month that is closed.
CREATE OR REPLACE FUNCTION aidcase.keep_month_closed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    month date;
BEGIN
    IF TG_TABLE_NAME = 'payment_roll' THEN
        SELECT max(n.roll_month) INTO month FROM new_rows AS n JOIN aidcase.payment_month AS m ON m.roll_month = n.roll_month;
    ELSIF TG_TABLE_NAME = 'payment' THEN
        SELECT max(r.roll_month) INTO month FROM new_rows AS n JOIN aidcase.payment_roll AS r USING (roll_id)
          JOIN aidcase.payment_month AS m ON m.roll_month = r.roll_month;
    ELSE
        SELECT max(r.roll_month) INTO month FROM new_rows AS n JOIN aidcase.payment AS p USING (payment_id) JOIN aidcase.payment_roll AS r USING (roll_id)
          JOIN aidcase.payment_month AS m ON m.roll_month = r.roll_month;
    END IF;
    IF month IS NOT NULL THEN
        RAISE EXCEPTION 'the month % is closed', to_char(month, 'YYYY-MM')
            USING ERRCODE = '55000',
                  DETAIL = 'A month that was closed is never opened again.',
                  HINT = 'What was missed comes as arrears or reissue on a later roll.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.keep_month_closed() IS
    '触发器:已结账月份不再变动 / trigger: nothing comes into a month that is closed';
REVOKE ALL ON FUNCTION aidcase.keep_month_closed() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~2_closed" AFTER INSERT ON aidcase.payment_roll
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION aidcase.keep_month_closed();
CREATE OR REPLACE TRIGGER "~2_closed" AFTER INSERT ON aidcase.payment
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION aidcase.keep_month_closed();
CREATE OR REPLACE TRIGGER "~2_closed" AFTER INSERT ON aidcase.payment_return
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION aidcase.keep_month_closed();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.payment_return
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.payment_month
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

-- Trigger: a result belongs to a line that went to the bank.
CREATE OR REPLACE FUNCTION aidcase.check_return() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows AS n
                WHERE NOT EXISTS (SELECT FROM aidcase.payment AS p JOIN aidcase.payment_roll AS r USING (roll_id)
                                   WHERE p.payment_id = n.payment_id AND p.case_id = n.case_id AND p.unit_id = n.unit_id
                                     AND p.amount > 0 AND r.state = 'paid')) THEN
        RAISE EXCEPTION 'the result is of no line that was paid out'
            USING ERRCODE = 'ZA003', DETAIL = 'Results come in for the lines of rolls that the payer has paid.',
                  HINT = 'Have the roll paid first with aidcase.advance().';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_return() IS
    '触发器:结果须对应已发放清册的发放行 / trigger: a result belongs to a line of a paid roll';
REVOKE ALL ON FUNCTION aidcase.check_return() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.payment_return
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_return();

-- ---------------------------------------------------------------------
-- The bank's file

CREATE OR REPLACE FUNCTION aidcase.judge_bank_returns() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    CREATE TEMPORARY TABLE import_payment ON COMMIT DROP AS
    SELECT l.line, l.doc, p.payment_id, p.amount, r.roll_month, r.state, r.pay_day, a.account_no, e.outcome, e.return_reason, e.returned_on,
           first_value(l.line) OVER (PARTITION BY l.doc ->> 'reference' ORDER BY l.line) AS first_line,
           EXISTS (SELECT FROM aidcase.payment_month AS m WHERE m.roll_month = r.roll_month) AS closed
      FROM pg_temp.import_line AS l
      LEFT JOIN aidcase.payment AS p ON p.payment_id = aidcase.whole_number(l.doc ->> 'reference')
      LEFT JOIN aidcase.payment_roll AS r ON r.roll_id = p.roll_id
      LEFT JOIN aidcase.payee_account AS a ON a.account_id = p.account_id
      LEFT JOIN aidcase.payment_return AS e ON e.payment_id = p.payment_id
     WHERE NOT l.refused;
    UPDATE pg_temp.import_line AS l SET unchanged = true
      FROM pg_temp.import_payment AS p
     WHERE p.line = l.line AND p.outcome = p.doc ->> 'result' AND p.return_reason IS NOT DISTINCT FROM p.doc ->> 'return_reason'
       AND p.returned_on = aidcase.iso_date(p.doc ->> 'returned_on')
       AND p.amount = aidcase.yuan(p.doc ->> 'amount') AND p.account_no = p.doc ->> 'account_no';
    INSERT INTO pg_temp.import_fault (line, column_code, reason)
    SELECT p.line, w.col, w.reason
      FROM pg_temp.import_payment AS p
      JOIN pg_temp.import_line AS l ON l.line = p.line AND NOT l.unchanged
     CROSS JOIN LATERAL (
        SELECT 'reference' AS col, 'is no line of a roll' AS reason WHERE p.payment_id IS NULL
        UNION ALL
        SELECT 'reference', format('is on line %s too', p.first_line) WHERE p.first_line <> p.line
        UNION ALL
        SELECT 'reference', 'is of a roll that is not paid' WHERE p.state <> 'paid'
        UNION ALL
        SELECT 'reference', 'has another result already' WHERE p.outcome IS NOT NULL
        UNION ALL
        SELECT 'month', 'differs from the roll' WHERE p.roll_month <> aidcase.iso_date(p.doc ->> 'month' || '-01')
        UNION ALL
        SELECT 'month', 'is closed' WHERE p.closed
        UNION ALL
        SELECT 'account_no', 'differs from the roll' WHERE p.account_no <> p.doc ->> 'account_no'
        UNION ALL
        SELECT 'amount', 'differs from the roll' WHERE p.amount <> aidcase.yuan(p.doc ->> 'amount')
        UNION ALL
        SELECT 'returned_on', 'must not be in the future' WHERE aidcase.iso_date(p.doc ->> 'returned_on') > aidcase.today()
        UNION ALL
        SELECT 'return_reason', CASE p.doc ->> 'result' WHEN 'returned' THEN 'is missing' ELSE 'goes with a return only' END
         WHERE (p.doc ->> 'result' = 'returned') = (p.doc ->> 'return_reason' IS NULL)
       ) AS w;
    DROP TABLE pg_temp.import_payment;
END
$$;
COMMENT ON FUNCTION aidcase.judge_bank_returns() IS
    '内部:检查银行发放结果文件 / internal: judges a file of results from the bank';

CREATE OR REPLACE FUNCTION aidcase.write_bank_returns(import_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    INSERT INTO aidcase.payment_return (payment_id, unit_id, case_id, import_id, line, outcome, return_reason, returned_on, note)
    SELECT p.payment_id, p.unit_id, p.case_id, write_bank_returns.import_id, l.line, l.doc ->> 'result', l.doc ->> 'return_reason',
           aidcase.iso_date(l.doc ->> 'returned_on'), l.doc ->> 'note'
      FROM pg_temp.import_line AS l
      JOIN aidcase.payment AS p ON p.payment_id = aidcase.whole_number(l.doc ->> 'reference')
     WHERE NOT l.refused AND NOT l.unchanged
     ORDER BY l.line;
END
$$;
COMMENT ON FUNCTION aidcase.write_bank_returns(bigint) IS
    '内部:写入银行发放结果 / internal: writes results from the bank';

CREATE OR REPLACE FUNCTION aidcase.export_bank_returns(from_day date, to_day date) RETURNS SETOF jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('reference', p.payment_id::text, 'month', to_char(r.roll_month, 'YYYY-MM'), 'account_no', a.account_no,
               'holder_name', a.holder_name, 'amount', p.amount, 'result', e.outcome, 'returned_on', e.returned_on,
               'return_reason', e.return_reason, 'note', e.note))
      FROM aidcase.payment_roll AS r
      JOIN aidcase.payment AS p ON p.roll_id = r.roll_id
      JOIN aidcase.payee_account AS a ON a.account_id = p.account_id
      JOIN aidcase.payment_return AS e ON e.payment_id = p.payment_id
     WHERE r.roll_month BETWEEN from_day AND to_day
     ORDER BY p.payment_id
$$;
COMMENT ON FUNCTION aidcase.export_bank_returns(date, date) IS
    '内部:某期间各月的银行发放结果 / internal: the results from the bank for the months of a period';

CREATE OR REPLACE FUNCTION aidcase.import_returns(content bytea, encoding text DEFAULT NULL, dry_run boolean DEFAULT false, totals jsonb DEFAULT NULL,
    OUT import_id bigint, OUT lines integer, OUT accepted integer, OUT unchanged integer, OUT rejected integer,
    OUT repeated boolean, OUT rejects jsonb)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$ SELECT * FROM aidcase.import_file('bank_returns', content, encoding, dry_run, totals) $$;
COMMENT ON FUNCTION aidcase.import_returns(bytea, text, boolean, jsonb) IS
    '导入银行发放结果 (逐行已发放或退回及原因),即 import_file(''bank_returns'', …) / imports what the bank did, line by line: paid, or returned with a reason; the same as import_file(''bank_returns'', …)';
REVOKE ALL ON FUNCTION aidcase.import_returns(bytea, text, boolean, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.import_returns(bytea, text, boolean, jsonb) TO aidcase_payer, aidcase_bureau;

-- ---------------------------------------------------------------------
-- The month

-- One row a unit that has somebody to pay, or a roll; what is missing is told.
CREATE OR REPLACE FUNCTION aidcase.month_status(month date)
RETURNS TABLE (unit_code text, unit_name text, roll_id bigint, state text, pay_day date, lines bigint, total numeric,
               paid_lines bigint, paid_total numeric, returned_lines bigint, returned_total numeric, reissued_lines bigint,
               without_result bigint, closed_on date, missing text)
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH m AS (SELECT date_trunc('month', month_status.month::timestamp)::date AS roll_month),
due AS (
    SELECT DISTINCT c.unit_id
      FROM m JOIN aidcase.award AS a ON a.months @> m.roll_month
      JOIN aidcase.programme AS g ON g.programme = a.programme AND g.cash AND g.recurring
      JOIN aidcase.aid_case AS c ON c.case_id = a.case_id
), roll AS (
    SELECT r.roll_id, r.unit_id, r.state, r.pay_day, s.label_en, s.kind,
           count(p.payment_id) AS lines, coalesce(sum(p.amount), 0) AS total,
           count(*) FILTER (WHERE e.outcome = 'paid') AS paid_lines, coalesce(sum(p.amount) FILTER (WHERE e.outcome = 'paid'), 0) AS paid_total,
           count(*) FILTER (WHERE e.outcome = 'returned') AS returned_lines, coalesce(sum(p.amount) FILTER (WHERE e.outcome = 'returned'), 0) AS returned_total,
           count(*) FILTER (WHERE e.outcome = 'returned' AND EXISTS (SELECT FROM aidcase.payment AS n WHERE n.reissues = p.payment_id)) AS reissued_lines,
           count(*) FILTER (WHERE p.amount > 0 AND e.outcome IS NULL) AS without_result
      FROM m JOIN aidcase.payment_roll AS r ON r.roll_month = m.roll_month
      JOIN aidcase.workflow_state AS s ON s.workflow_id = r.workflow_id AND s.state = r.state
      LEFT JOIN aidcase.payment AS p ON p.roll_id = r.roll_id
      LEFT JOIN aidcase.payment_return AS e ON e.payment_id = p.payment_id
     GROUP BY r.roll_id, s.label_en, s.kind
)
SELECT u.unit_code, n.name, r.roll_id, r.state, r.pay_day, coalesce(r.lines, 0), coalesce(r.total, 0), coalesce(r.paid_lines, 0), coalesce(r.paid_total, 0),
       coalesce(r.returned_lines, 0), coalesce(r.returned_total, 0), coalesce(r.reissued_lines, 0), coalesce(r.without_result, 0), x.closed_on,
       CASE WHEN r.roll_id IS NULL THEN 'no roll was made'
            WHEN r.kind <> 'final' THEN 'the roll is ' || r.label_en
            WHEN r.without_result > 0 THEN format('%s lines have no result', r.without_result) END
  FROM m
 CROSS JOIN (SELECT d.unit_id FROM due AS d UNION SELECT l.unit_id FROM roll AS l) AS d
  JOIN aidcase.unit AS u ON u.unit_id = d.unit_id
  LEFT JOIN aidcase.unit_period AS n ON n.unit_id = u.unit_id AND n.valid @> m.roll_month
  LEFT JOIN roll AS r ON r.unit_id = d.unit_id
  LEFT JOIN aidcase.payment_month AS x ON x.roll_month = m.roll_month
 ORDER BY u.unit_code;
END;
COMMENT ON FUNCTION aidcase.month_status(date) IS
    '某月各单位发放进度:清册状态、行数、金额、已发放、退回、补发、尚无结果,及结账尚缺什么 / how far each unit is in a month: state of its roll, lines and yuan, paid, returned, reissued, without result, and what is missing for the close';
REVOKE ALL ON FUNCTION aidcase.month_status(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.month_status(date) TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector, aidcase_payer, aidcase_finance;

-- Closes a month for good, or tells all that is missing.
CREATE OR REPLACE FUNCTION aidcase.close_month(month date) RETURNS aidcase.payment_month
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_month date;
    faults text[];
    closed aidcase.payment_month;
BEGIN
    IF month IS NULL OR NOT isfinite(month) THEN
        RAISE EXCEPTION 'the month to close is missing' USING ERRCODE = '22023', HINT = 'Give any day of the month.';
    END IF;
    the_month := date_trunc('month', month::timestamp)::date;
    PERFORM aidcase.require_post('{bureau_leader}', aidcase.district_id(), 'close the month');
    -- rolls and lines that are being made now are waited for
    LOCK TABLE aidcase.payment_roll, aidcase.payment_return IN SHARE ROW EXCLUSIVE MODE;
    SELECT array_agg(f.fault ORDER BY f.n, f.fault COLLATE "C") INTO faults FROM (
        SELECT 1 AS n, format('%s is closed already, since %s', to_char(the_month, 'YYYY-MM'), m.closed_on) AS fault FROM aidcase.payment_month AS m WHERE m.roll_month = the_month
        UNION ALL
        SELECT 2, 'the month is not over' WHERE the_month >= date_trunc('month', aidcase.today()::timestamp)
                                           AND aidcase.today() <= coalesce((SELECT max(s.pay_day) FROM aidcase.month_status(the_month) AS s), aidcase.today())
        UNION ALL
        SELECT 3, format('unit %s: %s', s.unit_code, s.missing) FROM aidcase.month_status(the_month) AS s WHERE s.missing IS NOT NULL
        UNION ALL
        SELECT 4, 'nobody was to be paid' WHERE NOT EXISTS (SELECT FROM aidcase.month_status(the_month))) AS f;
    PERFORM aidcase.raise_faults('close of the month', faults, 'SELECT * FROM aidcase.month_status(month) shows how far each unit is.');
    INSERT INTO aidcase.payment_month (roll_month, unit_id, rolls, lines, total, paid_lines, paid_total, returned_lines, returned_total, closed_on, closed_by)
    SELECT the_month, aidcase.district_id(), count(s.roll_id), sum(s.paid_lines + s.returned_lines), sum(s.paid_total + s.returned_total),
           sum(s.paid_lines), sum(s.paid_total), sum(s.returned_lines), sum(s.returned_total), aidcase.today(), aidcase.acting_staff()
      FROM aidcase.month_status(the_month) AS s
    RETURNING * INTO closed;
    RETURN closed;
END
$$;
COMMENT ON FUNCTION aidcase.close_month(date) IS
    '月度结账,此后不再变动;尚缺什么一次全部列出 / closes a month for good, with its totals; what is missing is told all at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.close_month(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.close_month(date) TO aidcase_bureau;
