-- payee: accounts, their changes by two people, and what to look at twice.

-- The check digit that most bank cards end with.
CREATE OR REPLACE FUNCTION aidcase.luhn_ok(account_no text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
SELECT account_no ~ '^[0-9]+$'
   AND sum(CASE WHEN i % 2 = 0 THEN d * 2 / 10 + d * 2 % 10 ELSE d END) % 10 = 0
  FROM generate_series(1, length(account_no)) AS i
 CROSS JOIN LATERAL (SELECT substr(account_no, length(account_no) + 1 - i, 1)::integer AS d
                      WHERE account_no ~ '^[0-9]+$') AS digit;
END;
COMMENT ON FUNCTION aidcase.luhn_ok(text) IS
    '账号是否通过 Luhn 校验;部分存折账号不用此校验,故只作提示 / does an account number pass the Luhn check? Some passbooks have none, so it only warns';

-- Trigger: once something is granted, the account is exchanged by an approved
-- change only; an account ends, it is never brought back.
CREATE OR REPLACE FUNCTION aidcase.check_payee() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF EXISTS (
            SELECT FROM new_rows AS n
             WHERE EXISTS (SELECT FROM aidcase.award AS a WHERE a.case_id = n.case_id AND NOT isempty(a.months))
               AND EXISTS (SELECT FROM aidcase.payee_account AS p WHERE p.case_id = n.case_id AND p.account_id <> n.account_id)
               AND NOT EXISTS (SELECT FROM aidcase.payee_change AS c
                                WHERE c.change_id = n.change_id AND c.case_id = n.case_id AND c.approved_on IS NOT NULL
                                  AND (c.kind, c.holder_name, c.bank, c.account_no, c.evidence)
                                      = (n.kind, n.holder_name, n.bank, n.account_no, n.evidence)
                                  AND (c.holder_citizen_id, c.keeper, c.keeper_staff_id, c.agreement_no)
                                      IS NOT DISTINCT FROM (n.holder_citizen_id, n.keeper, n.keeper_staff_id, n.agreement_no))) THEN
        RAISE EXCEPTION 'the account of a running benefit is changed by two people'
            USING ERRCODE = 'ZA003',
                  DETAIL = 'No approved change of the household names this account.',
                  HINT = 'Propose it with aidcase.set_payee(); another person approves it.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.check_payee() IS
    '触发器:享受待遇后更换账户须有他人同意 / trigger: the account of a running benefit changes by an approved change only';
CREATE OR REPLACE FUNCTION aidcase.keep_payee() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
BEGIN
    IF NOT NEW.valid <@ OLD.valid OR lower(NEW.valid) IS DISTINCT FROM lower(OLD.valid) THEN
        RAISE EXCEPTION 'the period of an account can only be cut short'
            USING ERRCODE = 'ZA004', DETAIL = 'An account that has ended is not brought back.',
                  HINT = 'Enter it anew with aidcase.set_payee().';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.keep_payee() IS
    '触发器:账户有效期只可提前终止 / trigger: the period of an account can only be cut short';
REVOKE ALL ON FUNCTION aidcase.check_payee(), aidcase.keep_payee() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_check" AFTER INSERT ON aidcase.payee_account
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION aidcase.check_payee();
CREATE OR REPLACE TRIGGER "~3_shortened" BEFORE UPDATE ON aidcase.payee_account
    FOR EACH ROW EXECUTE FUNCTION aidcase.keep_payee();

-- Trigger: an approved change takes effect with the next run: after the pay
-- day of every roll that has the household on it.
CREATE OR REPLACE FUNCTION aidcase.enter_payee() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    first_day date;
BEGIN
    SELECT greatest(NEW.wanted_from, NEW.approved_on, max(r.pay_day) + 1,
                    (SELECT max(lower(a.valid)) + 1 FROM aidcase.payee_account AS a WHERE a.case_id = NEW.case_id)) INTO first_day
      FROM aidcase.payment AS p JOIN aidcase.payment_roll AS r USING (roll_id)
     WHERE p.case_id = NEW.case_id;
    UPDATE aidcase.payee_account AS a SET valid = daterange(lower(a.valid), first_day)
     WHERE a.case_id = NEW.case_id AND a.valid @> first_day;
    INSERT INTO aidcase.payee_account (case_id, kind, holder_name, holder_citizen_id, bank, account_no, valid,
                                       evidence, keeper, keeper_staff_id, agreement_no, agreement_sha256, change_id)
    VALUES (NEW.case_id, NEW.kind, NEW.holder_name, NEW.holder_citizen_id, NEW.bank, NEW.account_no, daterange(first_day, NULL),
            NEW.evidence, NEW.keeper, NEW.keeper_staff_id, NEW.agreement_no, NEW.agreement_sha256, NEW.change_id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION aidcase.enter_payee() IS
    '触发器:账户变更经同意后自下次发放生效 / trigger: an approved change of the account takes effect with the next run';
REVOKE ALL ON FUNCTION aidcase.enter_payee() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~6_enter" AFTER UPDATE ON aidcase.payee_change
    FOR EACH ROW WHEN (NEW.approved_on IS NOT NULL AND OLD.approved_on IS NULL) EXECUTE FUNCTION aidcase.enter_payee();

-- A new account from a day on; the present one ends there.  Once something
-- is granted the change waits for a second person.
CREATE OR REPLACE FUNCTION aidcase.set_payee(case_id bigint, payee jsonb, valid_from date) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    made bigint;
    keeper CONSTANT bigint := (SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = payee ->> 'keeper_staff');
    waits CONSTANT boolean := EXISTS (SELECT FROM aidcase.award AS a WHERE a.case_id = set_payee.case_id AND NOT isempty(a.months))
                          AND EXISTS (SELECT FROM aidcase.payee_account AS p WHERE p.case_id = set_payee.case_id);
BEGIN
    PERFORM aidcase.raise_faults('payee', ARRAY(
        SELECT f.path || ': ' || f.reason
          FROM (SELECT * FROM aidcase.document_faults(payee, aidcase.file_case_shape() #> '{properties,payee}')
                UNION ALL
                SELECT 'case_id', 'is no case of your units'
                 WHERE NOT EXISTS (SELECT FROM aidcase.aid_case AS c WHERE c.case_id = set_payee.case_id)
                UNION ALL
                SELECT 'valid_from', 'is missing' WHERE valid_from IS NULL OR NOT isfinite(valid_from)
                UNION ALL
                SELECT 'valid_from', 'must lie after the start of the account in force'
                 WHERE EXISTS (SELECT FROM aidcase.payee_account AS a
                                WHERE a.case_id = set_payee.case_id AND lower(a.valid) >= valid_from)
                UNION ALL
                SELECT 'evidence', 'is missing: the account of a running benefit changes on evidence'
                 WHERE waits AND jsonb_typeof(payee) = 'object' AND payee ->> 'evidence' IS NULL
                UNION ALL
                SELECT 'case_id', format('has change %s of the account that waits for approval', c.change_id)
                  FROM aidcase.payee_change AS c WHERE c.case_id = set_payee.case_id AND c.state = 'proposed'
                UNION ALL
                SELECT 'agreement_no', CASE WHEN payee ->> 'keeper' IS NULL THEN 'goes with a keeper only'
                                            ELSE 'is missing: somebody else keeps the card by agreement only' END
                 WHERE jsonb_typeof(payee) = 'object' AND (payee ->> 'keeper' IS NULL) <> (payee ->> 'agreement_no' IS NULL)
                UNION ALL
                SELECT 'keeper_staff', CASE WHEN keeper IS NULL THEN 'is not the number of a member of staff' ELSE 'goes with a keeper only' END
                 WHERE payee ->> 'keeper_staff' IS NOT NULL AND (keeper IS NULL OR payee ->> 'keeper' IS NULL)) AS f
         ORDER BY f.path COLLATE "C", f.reason COLLATE "C"),
        'Example: {"kind": "person", "holder_name": "…", "holder_citizen_id": "…", "bank": "…", "account_no": "…"}.');
    IF NOT aidcase.luhn_ok(payee ->> 'account_no') THEN
        RAISE WARNING 'the account number does not pass the Luhn check'
            USING DETAIL = 'Most bank cards end with a check digit; this number does not fit its own.',
                  HINT = 'Compare it with the card.';
    END IF;
    IF waits THEN
        INSERT INTO aidcase.payee_change (case_id, unit_id, kind, holder_name, holder_citizen_id, bank, account_no, evidence,
                                          keeper, keeper_staff_id, agreement_no, agreement_sha256, wanted_from)
        SELECT c.case_id, c.unit_id, payee ->> 'kind', payee ->> 'holder_name', aidcase.citizen(payee ->> 'holder_citizen_id'),
               payee ->> 'bank', payee ->> 'account_no', payee ->> 'evidence', payee ->> 'keeper', keeper, payee ->> 'agreement_no',
               decode(payee ->> 'agreement_sha256', 'hex'), set_payee.valid_from
          FROM aidcase.aid_case AS c WHERE c.case_id = set_payee.case_id
        RETURNING change_id INTO made;
        RAISE NOTICE 'the change of the account waits for a second person'
            USING HINT = format('advance(''payee_change'', %s, ''approve'') by the leader; it takes effect with the next run.', made);
        RETURN made;
    END IF;
    UPDATE aidcase.payee_account AS a SET valid = daterange(lower(a.valid), valid_from)
     WHERE a.case_id = set_payee.case_id AND a.valid @> valid_from;
    INSERT INTO aidcase.payee_account (case_id, kind, holder_name, holder_citizen_id, bank, account_no, valid,
                                       evidence, keeper, keeper_staff_id, agreement_no, agreement_sha256)
    VALUES (set_payee.case_id, payee ->> 'kind', payee ->> 'holder_name',
            aidcase.citizen(payee ->> 'holder_citizen_id'), payee ->> 'bank', payee ->> 'account_no',
            daterange(valid_from, NULL), payee ->> 'evidence', payee ->> 'keeper', keeper, payee ->> 'agreement_no',
            decode(payee ->> 'agreement_sha256', 'hex'))
    RETURNING account_id INTO made;
    RETURN made;
END
$$;
COMMENT ON FUNCTION aidcase.set_payee(bigint, jsonb, date) IS
    '设定收款账户,返回账户号;已有待遇和账户的,登记变更并返回变更号,经他人同意后自下次发放生效 / sets the payee''s account and returns it; where a benefit runs and an account exists, it opens a change for a second person to approve and returns that; effective with the next run';
