-- reserve fund: one journal a unit, never below zero.
--
-- A movement takes the row of its fund, and nothing wider, so two units never
-- wait for each other, and of two who spend the last money one waits and is
-- refused.  The fund's row carries the balance; each movement carries the
-- balance after it and its number within the fund.

-- Trigger: numbers a movement, computes the balance after it, and refuses
-- what the fund or the actor may not do.
CREATE OR REPLACE FUNCTION aidcase.enter_movement() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    fund aidcase.reserve_fund;
    code text;
    change CONSTANT numeric := CASE NEW.kind WHEN 'advance' THEN NEW.amount WHEN 'repay' THEN NEW.amount
                                             WHEN 'spend' THEN -NEW.amount WHEN 'return' THEN -NEW.amount ELSE 0 END;
    open_amount numeric;
    spent_by bigint;
BEGIN
    SELECT f.* INTO fund FROM aidcase.reserve_fund AS f WHERE f.fund_id = NEW.fund_id;
    IF NOT FOUND THEN
        RETURN NEW;                     -- the foreign key says so
    END IF;
    PERFORM aidcase.require_post(
        CASE WHEN NEW.kind IN ('advance', 'settle') THEN '{bureau_clerk,bureau_leader,payer}'
             WHEN NEW.kind = 'spend' THEN '{clerk,investigator,unit_leader}'
             ELSE '{clerk,unit_leader,bureau_clerk,bureau_leader,payer}' END::text[], fund.unit_id, 'enter this movement of the reserve fund');
    NEW.unit_id := fund.unit_id;
    NEW.entered_by := aidcase.current_staff();
    NEW.occurred_at := coalesce(NEW.occurred_at, aidcase.now_here());
    IF NEW.occurred_at > greatest(aidcase.now_here(), CASE WHEN aidcase.now_here() = now() THEN clock_timestamp() END)
       OR aidcase.date_here(NEW.occurred_at) < fund.opened_on THEN
        RAISE EXCEPTION 'column "occurred_at" of "reserve_movement" lies in the future or before the fund was opened'
            USING ERRCODE = '22023', HINT = 'Give the time at which the money changed hands.';
    END IF;

    -- the others at this fund wait here, and see the balance that we leave
    SELECT f.* INTO fund FROM aidcase.reserve_fund AS f WHERE f.fund_id = NEW.fund_id FOR NO KEY UPDATE;
    IF fund.closed_on IS NOT NULL OR fund.balance + change < 0 THEN
        SELECT u.unit_code INTO code FROM aidcase.unit AS u WHERE u.unit_id = fund.unit_id;
        IF fund.closed_on IS NOT NULL THEN
            RAISE EXCEPTION 'the reserve fund of unit "%" is closed', code
                USING ERRCODE = '55000', DETAIL = format('It was closed on %s.', fund.closed_on),
                      HINT = 'Ask the district bureau to open it again.';
        END IF;
        RAISE EXCEPTION 'the reserve fund of unit "%" does not hold enough', code
            USING ERRCODE = '23514',
                  DETAIL = format('It holds %s yuan, and %s are asked for.', fund.balance, NEW.amount),
                  HINT = 'Ask the district bureau for an advance, or pay from the budget (from_reserve: false).';
    END IF;
    UPDATE aidcase.reserve_fund AS f
       SET movements = f.movements + 1, balance = f.balance + change
     WHERE f.fund_id = NEW.fund_id
    RETURNING f.movements, f.balance INTO NEW.movement_no, NEW.balance_after;

    IF NEW.kind IN ('settle', 'repay') THEN
        -- the fund's row is ours, so nobody else closes the same spending
        SELECT s.amount - coalesce((SELECT sum(m.amount) FROM aidcase.reserve_movement AS m
                                     WHERE m.spend_id = s.movement_id), 0), s.entered_by
          INTO open_amount, spent_by
          FROM aidcase.reserve_movement AS s
         WHERE s.movement_id = NEW.spend_id AND s.kind = 'spend' AND s.fund_id = NEW.fund_id;
        IF open_amount IS NULL OR NEW.amount > open_amount THEN
            RAISE EXCEPTION 'cannot % more than was spent', NEW.kind
                USING ERRCODE = '23514',
                      DETAIL = coalesce(format('Of this spending %s yuan are open.', open_amount),
                                        'The row named is no spending of this fund.'),
                      HINT = 'View aidcase.reserve_unsettled lists what is open.';
        ELSIF NEW.kind = 'settle' AND spent_by = NEW.entered_by THEN
            RAISE EXCEPTION 'permission denied to settle one''s own spending'
                USING ERRCODE = '42501', DETAIL = 'Who handed the money over does not settle it.',
                      HINT = 'Ask somebody else of the bureau.';
        END IF;
    ELSIF NEW.kind = 'spend' AND NOT EXISTS (
            SELECT FROM aidcase.aid_handover AS h JOIN aidcase.case_round AS r USING (round_id)
             WHERE h.handover_id = NEW.handover_id AND h.from_reserve AND h.amount = NEW.amount
               AND r.unit_id = fund.unit_id) THEN
        RAISE EXCEPTION 'money of a reserve fund is spent by a hand-over only'
            USING ERRCODE = 'ZA003', DETAIL = 'The hand-over named is not one of this unit with this amount.',
                  HINT = 'Enter the hand-over with aidcase.record_handover().';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.enter_movement() IS
    '触发器:备用金收支编号、结出余额,余额不得为负 / trigger: numbers a movement of a reserve fund and computes the balance after it, never below zero';
REVOKE ALL ON FUNCTION aidcase.enter_movement() FROM PUBLIC;

-- Trigger: the balance of a fund is that of its last movement.
CREATE OR REPLACE FUNCTION aidcase.check_fund() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM aidcase.reserve_fund AS f
         WHERE f.fund_id = NEW.fund_id
           AND (f.movements, f.balance) = (
                SELECT coalesce(max(m.movement_no), 0),
                       coalesce((SELECT l.balance_after FROM aidcase.reserve_movement AS l
                                  WHERE l.fund_id = f.fund_id ORDER BY l.movement_no DESC LIMIT 1), 0)
                  FROM aidcase.reserve_movement AS m WHERE m.fund_id = f.fund_id)) THEN
        RAISE EXCEPTION 'the balance of a reserve fund changes by its movements only'
            USING ERRCODE = 'ZA003',
                  DETAIL = format('The balance of fund %s is not that after its last movement.', NEW.fund_id),
                  HINT = 'Enter a movement with aidcase.record_reserve().';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_fund() IS
    '触发器:备用金余额须与最后一笔收支一致 / trigger: the balance of a reserve fund is that after its last movement';
REVOKE ALL ON FUNCTION aidcase.check_fund() FROM PUBLIC;

-- Triggers: cash from a unit with a fund is spent from it.
CREATE OR REPLACE FUNCTION aidcase.choose_reserve() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    NEW.from_reserve := coalesce(NEW.from_reserve, NEW.form = 'cash' AND EXISTS (
        SELECT FROM aidcase.case_round AS r JOIN aidcase.reserve_fund AS f USING (unit_id)
         WHERE r.round_id = NEW.round_id AND f.closed_on IS NULL));
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.choose_reserve() IS
    '触发器:单位有备用金时现金默认从备用金支出 / trigger: cash of a unit with a reserve fund is spent from it unless said otherwise';
REVOKE ALL ON FUNCTION aidcase.choose_reserve() FROM PUBLIC;

CREATE OR REPLACE FUNCTION aidcase.spend_reserve() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_fund bigint;
BEGIN
    SELECT f.fund_id INTO the_fund
      FROM aidcase.case_round AS r JOIN aidcase.reserve_fund AS f USING (unit_id)
     WHERE r.round_id = NEW.round_id;
    IF the_fund IS NULL THEN
        RAISE EXCEPTION 'the unit has no reserve fund'
            USING ERRCODE = '55000', DETAIL = 'The hand-over says that it was paid from it.',
                  HINT = 'Ask the bureau for aidcase.open_reserve_fund(), or say from_reserve: false.';
    END IF;
    INSERT INTO aidcase.reserve_movement (fund_id, kind, amount, occurred_at, voucher_no, handover_id)
    VALUES (the_fund, 'spend', NEW.amount, NEW.handed_at, NEW.receipt_no, NEW.handover_id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.spend_reserve() IS
    '触发器:现金救助到位即从备用金支出 / trigger: a hand-over of cash spends from the reserve fund of the unit';
REVOKE ALL ON FUNCTION aidcase.spend_reserve() FROM PUBLIC;

CREATE OR REPLACE TRIGGER "~2_reserve" BEFORE INSERT ON aidcase.aid_handover
    FOR EACH ROW EXECUTE FUNCTION aidcase.choose_reserve();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.aid_handover
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~7_reserve" AFTER INSERT ON aidcase.aid_handover
    FOR EACH ROW WHEN (NEW.from_reserve) EXECUTE FUNCTION aidcase.spend_reserve();
CREATE OR REPLACE TRIGGER "~1_movement" BEFORE INSERT ON aidcase.reserve_movement
    FOR EACH ROW EXECUTE FUNCTION aidcase.enter_movement();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.reserve_movement
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.reserve_fund
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('movements', 'balance', 'closed_on');
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = 'aidcase.reserve_fund'::regclass
                                                AND g.tgname = '~5_balance') THEN
        CREATE CONSTRAINT TRIGGER "~5_balance" AFTER INSERT OR UPDATE ON aidcase.reserve_fund
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aidcase.check_fund();
    END IF;
END
$$;

-- Opens the fund of a unit, or opens it again.
CREATE OR REPLACE FUNCTION aidcase.open_reserve_fund(unit text, opened_on date DEFAULT NULL,
    document_no text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_unit bigint := aidcase.unit_id(unit);
    the_document bigint;
    the_fund bigint;
BEGIN
    PERFORM aidcase.require_post('{bureau_clerk,bureau_leader}', the_unit, 'open a reserve fund');
    SELECT d.document_id INTO the_document FROM aidcase.policy_document AS d WHERE d.doc_no = document_no;
    PERFORM aidcase.raise_faults('call', ARRAY(
        SELECT f.fault FROM (VALUES
            (NOT EXISTS (SELECT FROM aidcase.unit_now AS u WHERE u.unit_id = the_unit AND u.level = 'unit'),
             'unit: handles no cases'),
            (EXISTS (SELECT FROM aidcase.reserve_fund AS f WHERE f.unit_id = the_unit AND f.closed_on IS NULL),
             'unit: has an open reserve fund'),
            (opened_on > aidcase.today() OR NOT isfinite(opened_on), 'opened_on: must be a day up to today'),
            (document_no IS NOT NULL AND the_document IS NULL, 'document_no: is not a document of the register')
            ) AS f (broken, fault) WHERE f.broken),
        'Example: SELECT aidcase.open_reserve_fund(''340705100'', ''2021-04-06'').');
    UPDATE aidcase.reserve_fund AS f SET closed_on = NULL WHERE f.unit_id = the_unit
    RETURNING f.fund_id INTO the_fund;
    IF the_fund IS NULL THEN
        INSERT INTO aidcase.reserve_fund (unit_id, opened_on, document_id)
        VALUES (the_unit, coalesce(open_reserve_fund.opened_on, aidcase.today()), the_document)
        RETURNING fund_id INTO the_fund;
    END IF;
    RETURN the_fund;
END
$$;
COMMENT ON FUNCTION aidcase.open_reserve_fund(text, date, text) IS
    '设立(或重新启用)单位备用金,返回编号 / opens the reserve fund of a unit, or opens it again; returns its key';
REVOKE ALL ON FUNCTION aidcase.open_reserve_fund(text, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.open_reserve_fund(text, date, text) TO aidcase_bureau;

-- A movement other than a spending, as a document.
CREATE OR REPLACE FUNCTION aidcase.record_reserve(doc jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    shape CONSTANT jsonb := '{"type": "object",
        "required": ["kind", "amount", "voucher_no"],
        "properties": {
          "kind": {"type": "string", "pattern": "^(advance|repay|settle|return)$",
                   "form": "must be one of advance, repay, settle, return; record_handover() spends"},
          "unit": {"type": "string", "maxLength": 12},
          "spend": {"type": "integer"},
          "amount": {"type": ["string", "number"], "format": "yuan"},
          "occurred_at": {"type": "string", "format": "date-time", "past": true},
          "voucher_no": {"type": "string", "maxLength": 100},
          "note": {"type": "string", "maxLength": 1000}}}';
    of_spend CONSTANT boolean := coalesce(doc ->> 'kind', '') IN ('settle', 'repay');
    spend aidcase.reserve_movement;
    the_fund bigint;
    the_movement bigint;
BEGIN
    IF of_spend THEN
        SELECT m.* INTO spend FROM aidcase.reserve_movement AS m
         WHERE m.movement_id = aidcase.whole_number(doc ->> 'spend') AND m.kind = 'spend';
        the_fund := spend.fund_id;
    ELSE
        SELECT f.fund_id INTO the_fund FROM aidcase.reserve_fund AS f JOIN aidcase.unit AS u USING (unit_id)
         WHERE u.unit_code = doc ->> 'unit';
    END IF;
    PERFORM aidcase.raise_faults('movement of the reserve fund', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(doc, shape)
                UNION ALL
                SELECT 'amount', 'must be more than 0' WHERE aidcase.yuan(doc ->> 'amount') = 0
                UNION ALL
                SELECT 'spend', CASE WHEN doc ->> 'spend' IS NULL THEN 'is missing' ELSE 'is no spending of a fund' END
                 WHERE of_spend AND spend.movement_id IS NULL
                UNION ALL
                SELECT 'spend', 'goes with settle and repay'
                 WHERE NOT of_spend AND doc ->> 'spend' IS NOT NULL
                UNION ALL
                SELECT 'unit', 'is that of the spending; leave it out' WHERE of_spend AND doc ->> 'unit' IS NOT NULL
                UNION ALL
                SELECT 'unit', CASE WHEN doc ->> 'unit' IS NULL THEN 'is missing' ELSE 'has no reserve fund' END
                 WHERE NOT of_spend AND the_fund IS NULL
                ) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"kind": "advance", "unit": "340705100", "amount": "50000.00", "voucher_no": "…"}; {"kind": "settle", "spend": 1, "amount": "500.00", "voucher_no": "…"}.');
    INSERT INTO aidcase.reserve_movement (fund_id, kind, amount, occurred_at, voucher_no, spend_id, note)
    VALUES (the_fund, doc ->> 'kind', aidcase.yuan(doc ->> 'amount'),
            coalesce(aidcase.iso_timestamp(doc ->> 'occurred_at'), aidcase.now_here()),
            doc ->> 'voucher_no', spend.movement_id, doc ->> 'note')
    RETURNING movement_id INTO the_movement;
    RETURN the_movement;
END
$$;
COMMENT ON FUNCTION aidcase.record_reserve(jsonb) IS
    '登记备用金拨入、缴回、归还或核销,返回编号;有误则一次列出全部错误 / records an advance, a repayment, a settlement or a return of a reserve fund; all faults at once (ZA007)';
REVOKE ALL ON FUNCTION aidcase.record_reserve(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.record_reserve(jsonb) TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_payer;

CREATE OR REPLACE VIEW aidcase.reserve_unsettled WITH (security_invoker = true) AS
SELECT m.movement_id, m.fund_id, m.unit_id, u.unit_code, m.occurred_at, m.voucher_no, m.amount,
       m.amount - coalesce(s.closed, 0) AS open_amount,
       aidcase.today() - aidcase.date_here(m.occurred_at) AS age_days,
       aidcase.date_here(m.occurred_at) + (p.value / p.divisor)::integer AS settle_by,
       aidcase.today() > aidcase.date_here(m.occurred_at) + (p.value / p.divisor)::integer AS late
  FROM aidcase.reserve_movement AS m
  JOIN aidcase.unit AS u USING (unit_id)
  LEFT JOIN LATERAL (SELECT sum(c.amount) AS closed FROM aidcase.reserve_movement AS c
                      WHERE c.spend_id = m.movement_id) AS s ON true
  LEFT JOIN LATERAL aidcase.parameter_row('reserve_settle_days', u.unit_code,
                                          aidcase.date_here(m.occurred_at)) AS p ON true
 WHERE m.kind = 'spend' AND m.amount > coalesce(s.closed, 0);
COMMENT ON VIEW aidcase.reserve_unsettled IS
    '备用金未核销支出及账龄 / spendings of reserve funds that are not settled yet, with their age';
