-- What ends, holds or phases out a benefit, and objections to a publication:
-- no month is missed and none is paid twice.  And the guards of these and of
-- the district, each with a case that only it refuses.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(84);
\ir parts/household.sql
CREATE FUNCTION pg_temp.staff(no text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT staff_id FROM aidcase.staff WHERE staff_no = no $$;
CREATE FUNCTION pg_temp.state(r bigint) RETURNS text LANGUAGE sql STABLE AS $$ SELECT state FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.case_of(r bigint) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT case_id FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.go(no text, r bigint, action text, details text DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told(no, format('SELECT aidcase.advance(%s, %L, NULL, %L)', r, action, details)) $$;
CREATE FUNCTION pg_temp.one(action text, sentence text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT format('ZA003 cannot %s: 1 condition is not met|%s|%%', action, sentence) $$;
CREATE FUNCTION pg_temp.months(r bigint) RETURNS daterange LANGUAGE sql STABLE AS $$ SELECT months FROM aidcase.award WHERE round_id = r AND programme = 'dibao' $$;
-- lines of a month's roll of a household: month and amount
CREATE FUNCTION pg_temp.roll(month date, at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.clock(at);
    RETURN pg_temp.by_staff('x-clerk', format('SELECT aidcase.make_roll(''340705100'', %L)', month));
END
$$;
CREATE FUNCTION pg_temp.paid(c bigint) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT string_agg(to_char(benefit_month, 'MM') || ' ' || amount || ' ' || left(line_kind, 1), ', ' ORDER BY benefit_month) FROM aidcase.payment WHERE case_id = c $$;
-- an ending as far as its decision
CREATE FUNCTION pg_temp.ending(c bigint, kind text, cause text, happened date, months integer DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    r bigint;
BEGIN
    r := pg_temp.by_staff('x-clerk', format('SELECT aidcase.stop_case(%s, %L, %L, %L, NULL, %L)', c, cause, happened, kind, months));
    PERFORM pg_temp.by_staff('x-clerk', format('SELECT aidcase.advance(%s, ''verify'')', r));
    RETURN r;
END
$$;
CREATE FUNCTION pg_temp.sign(r bigint) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
    SELECT case_id, round_id, member_id, '1', aidcase.today(), sha256('x') FROM aidcase.case_member WHERE round_id = r AND applicant AND NOT void RETURNING commitment_id $$;
CREATE FUNCTION pg_temp.to_determined(r bigint, income numeric DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF income IS NOT NULL THEN
        PERFORM pg_temp.by_staff('x-clerk', format($q$WITH i AS (INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source)
            SELECT case_id, round_id, member_id, 'transfer_other', %s, 'month', 'verified' FROM aidcase.case_member WHERE round_id = %s RETURNING 1) SELECT count(*) FROM i$q$, income, r));
    END IF;
    PERFORM pg_temp.sign(r);
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'accept'), pg_temp.check_all(%1$s)$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'check'), pg_temp.visit(%1$s, 'x')$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'visit')$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT count(*) FROM aidcase.determine(%1$s)$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'determine')$q$, r));
END
$$;
CREATE FUNCTION pg_temp.to_review(r bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT pg_temp.evaluate(%1$s)$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'evaluate')$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT aidcase.advance(%1$s, 'submit')$q$, r));
    PERFORM pg_temp.by_staff('x-clerk', format($q$SELECT pg_temp.meeting(%1$s, 'x', '340705100')$q$, r));
END
$$;

-- seven households with dibao from May on
CREATE TEMP TABLE h AS SELECT k, pg_temp.confirm(k, '340705100', '340705100201', ARRAY[n::integer], 300, '2021-04-12 15:00+08') AS r
  FROM unnest('{stop,late,death,hold,exit,keep,upheld,gone}'::text[]) WITH ORDINALITY AS x (k, n);
ALTER TABLE h ADD c bigint; UPDATE h SET c = pg_temp.case_of(r);
SELECT c AS stop_case FROM h WHERE k = 'stop' \gset
SELECT c AS late_case FROM h WHERE k = 'late' \gset
SELECT c AS death_case FROM h WHERE k = 'death' \gset
SELECT c AS hold_case FROM h WHERE k = 'hold' \gset
SELECT c AS exit_case FROM h WHERE k = 'exit' \gset
SELECT c AS keep_case, r AS keep FROM h WHERE k = 'keep' \gset
SELECT c AS up_case, r AS up FROM h WHERE k = 'upheld' \gset
SELECT c AS gone_case, r AS gone FROM h WHERE k = 'gone' \gset
SELECT is((SELECT count(*) FROM h WHERE pg_temp.months(r) = '[2021-05-01,)'), 8::bigint, 'eight households with dibao from May on');

-- ---------------------------------------------------------------------
-- Objections, in the days of publicity

SELECT pg_temp.clock('2021-04-13 09:00+08');
SELECT pg_temp.by_staff('x-clerk', $$SELECT aidcase.publish('340705100')$$) AS publication \gset
SELECT pg_temp.clock('2021-04-15 10:00+08');
CREATE FUNCTION pg_temp.object(r bigint, at text DEFAULT '2021-04-15T10:00:00+08:00') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told('x-clerk2', format('SELECT aidcase.record_objection(%L)', jsonb_build_object('round_id', r, 'raised_at', at, 'content', '有人反映其有工资收入'))) $$;
SELECT alike(pg_temp.staff_told('x-clerk', $$SELECT aidcase.record_objection('{"round_id": 0, "raised_at": "2030-01-01T00:00:00Z"}')$$),
    'ZA007 the objection has 3 faults|content: is missing
raised_at: %
round_id: is no round of your units|%', 'an objection has its faults listed');
SELECT alike(pg_temp.object(:keep, '2021-04-12T23:59:00+08:00'), 'ZA007 the objection has 1 fault|raised_at: lies outside the days of publicity|%', 'it is raised in the days of publicity');
SELECT is(pg_temp.object(:keep), '(done)', 'an objection');
SELECT alike(pg_temp.object(:keep), 'ZA007 the objection has 1 fault|round_id: has an objection that is not answered yet|%', 'one at a time');
SELECT is(pg_temp.object(:up), '(done)', 'another');
SELECT is(pg_temp.object(:gone), '(done)', 'and a third');
SELECT objection_id AS keep_o, review_round_id AS keep_r FROM objection WHERE round_id = :keep \gset
SELECT objection_id AS up_o, review_round_id AS up_r FROM objection WHERE round_id = :up \gset
SELECT objection_id AS gone_o, review_round_id AS gone_r FROM objection WHERE round_id = :gone \gset
SELECT results_eq(format('SELECT round_kind, state, (SELECT name FROM workflow AS w WHERE w.workflow_id = r.workflow_id) FROM case_round AS r WHERE round_id = %s', :keep_r), $$VALUES ('objection', 'filed', 'review_delegated')$$, 'opens a re-investigation');
SELECT results_eq(format('SELECT kind, months FROM payment_hold WHERE case_id = %s', :keep_case), $$VALUES ('objection', '[2021-05-01,)'::daterange)$$, 'holds the first payment');
SELECT results_eq(format('SELECT clock, date_here(due_at) FROM deadline WHERE subject = ''objection'' AND subject_id = %s', :keep_o), $$VALUES ('objection_15wd', '2021-05-09'::date)$$, 'and has a clock of its own');
SELECT pg_temp.clock('2021-04-22 09:00+08');
SELECT alike(pg_temp.go('x-clerk', :keep, 'close'), pg_temp.one('close', 'An objection to the publication is not answered yet.'), 'objection_settled');
SELECT alike(pg_temp.staff_told('x-leader', format('SELECT aidcase.advance(''objection'', %s, ''dismiss'')', :keep_o)), pg_temp.one('dismiss', 'The re-investigation of the objection is not decided.'), 'reinvestigated');
SELECT alike(pg_temp.object(:keep), 'ZA007 %', 'afterwards none is raised');

-- nothing is paid while it waits
SELECT isnt(pg_temp.roll('2021-05-01', '2021-04-28 09:00+08'), NULL, 'the roll of May');
SELECT results_eq('SELECT k, pg_temp.paid(c) FROM h ORDER BY k', $$VALUES ('death', '05 529.40 c'), ('exit', '05 529.40 c'), ('gone', NULL), ('hold', '05 529.40 c'), ('keep', NULL), ('late', '05 529.40 c'), ('stop', '05 529.40 c'), ('upheld', NULL)$$, 'has nothing for those objected to');
SELECT throws_ok(format('INSERT INTO payment (roll_id, unit_id, case_id, award_id, account_id, programme, benefit_month, line_kind, base_amount, addon_amount, amount, persons)
    SELECT l.roll_id, l.unit_id, a.case_id, a.award_id, p.account_id, a.programme, ''2021-05-01'', ''current'', a.amount - coalesce(x.amount, 0), coalesce(x.amount, 0), a.amount, a.persons
      FROM award AS a JOIN payee_account AS p USING (case_id) LEFT JOIN award_component AS x ON x.award_id = a.award_id AND x.component = ''addon'', payment_roll AS l WHERE a.case_id = %s', :keep_case),
    'ZA003', 'the line cannot be on this roll', 'on no path');

-- the first: nothing has changed
SELECT pg_temp.clock('2021-04-29 09:00+08');
SELECT pg_temp.to_determined(:keep_r);
SELECT is(pg_temp.state(:keep_r), 'determined', 'the re-investigation is as far as the determination');
SELECT alike(pg_temp.go('x-clerk', :keep_r, 'keep'), 'ZA003 cannot keep: 2 conditions are not met|It needs one of the posts unit_leader, group_member at the unit or above it.%', 'the clerk does not close it');
SELECT is(pg_temp.go('x-leader', :keep_r, 'keep'), '(done)', 'the same result: it stays as it is');
SELECT is(pg_temp.months(:keep), '[2021-05-01,)'::daterange, 'with its award');
SELECT is(pg_temp.staff_told('x-leader', format('SELECT aidcase.advance(''objection'', %s, ''dismiss'')', :keep_o)), '(done)', 'dismissed');
SELECT is((SELECT months FROM payment_hold WHERE case_id = :keep_case), 'empty', 'which frees the payment');
SELECT is((SELECT answered_on::text || (SELECT met_at < due_at FROM deadline WHERE subject = 'objection' AND subject_id = :keep_o) FROM objection WHERE objection_id = :keep_o), '2021-04-29true', 'answered in time');
SELECT is(pg_temp.go('x-clerk', :keep, 'close'), '(done)', 'the round is closed');

-- the second: less than was granted
SELECT pg_temp.to_determined(:up_r, 400);       -- more than was declared
SELECT alike(pg_temp.go('x-leader', :up_r, 'keep'), pg_temp.one('keep', 'The determination differs from what is granted now.'), 'result_unchanged');
SELECT pg_temp.to_review(:up_r);
SELECT is(pg_temp.go('x-leader', :up_r, 'confirm', format('{"minutes_no": "m%s"}', :up_r)), '(done)', 'the group confirms another amount');
SELECT is(pg_temp.months(:up), 'empty', 'which takes the place of the first from its first month on');
SELECT is(pg_temp.months(:up_r), '[2021-05-01,)'::daterange, 'though it was decided later');
SELECT is(pg_temp.staff_told('x-leader', format('SELECT aidcase.advance(''objection'', %s, ''uphold'')', :up_o)), '(done)', 'upheld');

-- the third: nothing is left of it
SELECT pg_temp.to_determined(:gone_r, 5000);
SELECT pg_temp.to_review(:gone_r);
SELECT is(pg_temp.go('x-leader', :gone_r, 'refuse', format('{"minutes_no": "m%s"}', :gone_r)), '(done)', 'refused');
SELECT is(pg_temp.months(:gone), 'empty', 'nothing is granted from the first month on');
SELECT is(pg_temp.staff_told('x-leader', format('SELECT aidcase.advance(''objection'', %s, ''uphold'')', :gone_o)), '(done)', 'upheld, too');

-- ---------------------------------------------------------------------
-- What ends, is held or phased out

SELECT pg_temp.clock('2021-05-20 09:00+08');
SELECT is(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.stop_case(%s, 'bored', '2022-01-01', 'pause', '{tekun}', 2)$$, :stop_case)),
    'ZA007 the change of benefits has 5 faults|cause: must be one of no_longer_eligible, income_rose, employment, death, moved_away, own_request, other_assistance, false_statement, check_refused, missing, in_custody, settled, other
happened_on: must be a day that has come
kind: must be one of stop, suspension, resumption, gradual_exit
months: goes with a gradual exit only
programmes[0]: does not run|Example: SELECT aidcase.stop_case(1, ''income_rose'', ''2021-06-10'').', 'a change of benefits has its faults listed');
SELECT pg_temp.ending(:stop_case, 'stop', 'income_rose', '2021-05-10') AS s \gset
SELECT is(pg_temp.state(:s), 'verified', 'verified');
SELECT alike(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.stop_case(%s, 'income_rose', '2021-05-10')$$, :stop_case)), '55000 the case has a round that is not decided yet|%', 'not twice');
SELECT alike(pg_temp.go('x-clerk', :s, 'decide'), 'ZA003 cannot decide: 2 conditions are not met|It needs one of the posts group_member, unit_leader at the unit or above it.
Who handles the round does not decide it.|%', 'the clerk does not decide');
SELECT lives_ok($$SELECT enrol_staff('{"staff_no": "x-clerk", "posts": [{"unit": "340705100", "post": "unit_leader", "from": "2021-05-01"}]}')$$);
SELECT alike(pg_temp.go('x-clerk', :s, 'decide'), pg_temp.one('decide', 'Who handles the round does not decide it.'), 'handler_differs');
SELECT is(pg_temp.go('x-leader', :s, 'decide'), '(done)', 'somebody else does');
SELECT is(pg_temp.months((SELECT r FROM h WHERE k = 'stop')), '[2021-05-01,2021-06-01)'::daterange, 'the award ends with the month');
SELECT is((SELECT stop_reason FROM award WHERE case_id = :stop_case), 'income_rose', 'for the reason given');
SELECT is((SELECT months FROM award_person WHERE case_id = :stop_case), '[2021-05-01,2021-06-01)'::daterange, 'and so for its persons');
SELECT alike(pg_temp.go('x-clerk', :s, 'deliver'), pg_temp.one('deliver', 'The decision has not been delivered.'), 'decision_delivered');
SELECT is(pg_temp.staff_told('x-clerk', format('SELECT aidcase.record_delivery(%L)', jsonb_build_object('round_id', :s, 'kind', 'decision', 'document_no', '停1', 'delivered_at', '2021-05-20T09:00:00+08:00', 'manner', 'in_person', 'recipient', '户stop成员1'))), '(done)', 'it is');
SELECT is(pg_temp.go('x-clerk', :s, 'deliver'), '(done)', 'closed');

-- gradual exit: three months on top; seven are too many
SELECT pg_temp.by_staff('x-clerk', format($$SELECT aidcase.stop_case(%s, 'employment', '2021-05-10', 'gradual_exit', NULL, 7)$$, :exit_case)) AS e \gset
SELECT alike(pg_temp.go('x-clerk', :e, 'verify'), pg_temp.one('verify', 'What changes is not named, does not run, or has no lawful length.'), 'change_grounded: a gradual exit is no longer than the parameter allows');
UPDATE benefit_change SET void = true WHERE round_id = :e;
SELECT alike(pg_temp.go('x-clerk', :e, 'verify'), pg_temp.one('verify', 'What changes is not named, %'), 'change_grounded: something changes');
SELECT pg_temp.by_staff('x-clerk', format($$WITH b AS (INSERT INTO aidcase.benefit_change (case_id, round_id, programme, cause, happened_on, months) VALUES (%s, %s, 'tekun', 'employment', '2021-05-10', 3) RETURNING 1) SELECT count(*) FROM b$$, :exit_case, :e)) AS b \gset
SELECT alike(pg_temp.go('x-clerk', :e, 'verify'), pg_temp.one('verify', 'What changes %does not run%'), 'change_grounded: and it runs');
UPDATE benefit_change SET programme = 'dibao' WHERE round_id = :e AND NOT void;
SELECT is(pg_temp.go('x-clerk', :e, 'verify'), '(done)', 'three months it is');
SELECT is(pg_temp.go('x-leader', :e, 'decide'), '(done)', 'decided');
SELECT results_eq(format('SELECT months, amount, phase, stop_reason FROM award WHERE case_id = %s ORDER BY months', :exit_case), $$VALUES ('[2021-05-01,2021-06-01)'::daterange, 529.40, 'regular', 'employment'), ('[2021-06-01,2021-07-01)', 529.40, 'gradual_exit', NULL), ('[2021-07-01,2021-09-01)', 538.40, 'gradual_exit', NULL)$$, 'May, and June to August as a phase of its own: the base stays, the add-on follows the standard');

-- suspension and resumption
SELECT pg_temp.ending(:hold_case, 'suspension', 'missing', '2021-05-18') AS u \gset
SELECT is(pg_temp.go('x-leader', :u, 'decide'), '(done)', 'a benefit is suspended');
SELECT results_eq(format('SELECT kind, months FROM payment_hold WHERE case_id = %s', :hold_case), $$VALUES ('suspension', '[2021-06-01,)'::daterange)$$, 'from the month after');
SELECT is(pg_temp.months((SELECT r FROM h WHERE k = 'hold')), '[2021-05-01,)'::daterange, 'its award goes on');
SELECT alike(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.advance(aidcase.stop_case(%s, 'missing', '2021-05-18', 'suspension'), 'verify')$$, :hold_case)), pg_temp.one('verify', 'What changes %'), 'change_grounded: what is held is not held again');
SELECT alike(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.advance(aidcase.stop_case(%s, 'settled', '2021-05-18', 'resumption'), 'verify')$$, :death_case)), pg_temp.one('verify', 'What changes %'), 'change_grounded: what is not held does not resume');

-- a roll that is there before the decision stands
SELECT isnt(pg_temp.roll('2021-06-01', '2021-05-28 09:00+08'), NULL, 'the roll of June');
SELECT pg_temp.ending(:late_case, 'stop', 'own_request', '2021-05-28') AS l \gset
SELECT is(pg_temp.go('x-leader', :l, 'decide'), '(done)', 'a stop when June is on the roll');
SELECT is(pg_temp.months((SELECT r FROM h WHERE k = 'late')), '[2021-05-01,2021-07-01)'::daterange, 'ends after the month that is paid');
SELECT pg_temp.clock('2021-06-10 09:00+08');
SELECT pg_temp.ending(:hold_case, 'resumption', 'settled', '2021-06-09') AS v \gset
SELECT is(pg_temp.go('x-leader', :v, 'decide'), '(done)', 'the suspended benefit goes on');
SELECT is((SELECT months FROM payment_hold WHERE case_id = :hold_case), '[2021-06-01,2021-07-01)'::daterange, 'from July');
SELECT isnt(pg_temp.roll('2021-07-01', '2021-06-28 09:00+08'), NULL, 'the roll of July');
SELECT pg_temp.clock('2021-07-20 09:00+08');
SELECT pg_temp.ending(:death_case, 'stop', 'death', '2021-05-25') AS d \gset
SELECT is(pg_temp.go('x-leader', :d, 'decide'), '(done)', 'a death in May that is told in July');
SELECT is(pg_temp.months((SELECT r FROM h WHERE k = 'death')), '[2021-05-01,2021-08-01)'::daterange, 'ends after what was paid');
SELECT isnt(pg_temp.roll('2021-08-01', '2021-07-28 09:00+08'), NULL, 'the roll of August');
SELECT isnt(pg_temp.roll('2021-09-01', '2021-08-27 09:00+08'), NULL, 'the roll of September');
SELECT results_eq('SELECT k, pg_temp.paid(c) FROM h ORDER BY k', $$VALUES
    ('death',  '05 529.40 c, 06 529.40 c, 07 529.40 c'),
    ('exit',   '05 529.40 c, 06 529.40 c, 07 538.40 c, 08 538.40 c'),
    ('gone',   NULL),
    ('hold',   '05 529.40 c, 07 529.40 c, 08 529.40 c, 09 529.40 c'),
    ('keep',   '05 529.40 a, 06 529.40 c, 07 529.40 c, 08 529.40 c, 09 529.40 c'),
    ('late',   '05 529.40 c, 06 529.40 c'),
    ('stop',   '05 529.40 c'),
    ('upheld', '05 429.40 a, 06 429.40 c, 07 429.40 c, 08 429.40 c, 09 429.40 c')$$, 'no month is missed and none is paid twice');

-- ---------------------------------------------------------------------
-- Guards of the district and of the papers

SELECT pg_temp.clock('2021-04-19 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('g', '340705100', '340705100201', '{31}', 300, '2021-04-19'))) AS g \gset
SELECT alike(pg_temp.staff_told('x-clerk', format($$INSERT INTO aidcase.paper_request (case_id, round_id, paper, asked_on) VALUES (%s, %s, 'property_proof', '2021-04-19') RETURNING paper$$, pg_temp.case_of(:g), :g)),
    'ZA003 a paper that a register can tell may not be asked for|Papers: property_proof (register real_estate).|%', 'a request for a paper that a register can tell is refused');
SELECT is(pg_temp.staff_told('x-clerk', format($$INSERT INTO aidcase.paper_request (case_id, round_id, paper, asked_on) VALUES (%s, %s, 'medical_bills', '2021-04-19') RETURNING paper$$, pg_temp.case_of(:g), :g)), '(done)', 'another one is not');
SAVEPOINT bills;
INSERT INTO forbidden_paper (paper, area_code, valid, registry, document_id) SELECT 'medical_bills', area_code, '[2021-04-19,)', 'social_insurance', document_id FROM forbidden_paper LIMIT 1;
SELECT alike(pg_temp.go('x-clerk', :g, 'ask_papers'), pg_temp.one('ask_papers', 'Papers were asked for that a register can tell: medical_bills.'), 'papers_lawful: when papers are asked for');
SELECT alike(pg_temp.go('x-clerk', :g, 'accept'), pg_temp.one('accept', 'Papers were asked for that a register can tell: medical_bills.'), 'papers_lawful: at the acceptance');
ROLLBACK TO bills;
SELECT is(pg_temp.go('x-clerk', :g, 'ask_papers'), '(done)', 'bills may be asked for');
SELECT is(pg_temp.go('x-clerk', :g, 'papers_received'), '(done)', 'and come');
SELECT pg_temp.in_review(:g, 'x', '340705100');
CREATE FUNCTION pg_temp.without(broken text, r bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    UPDATE aidcase.review_vote SET note = 'anew' WHERE round_id = r;
    EXECUTE broken;
    answer := pg_temp.go('x-leader', r, 'confirm', format('{"minutes_no": "m%s"}', r));
    RAISE EXCEPTION USING MESSAGE = answer, ERRCODE = 'P0009';
EXCEPTION WHEN SQLSTATE 'P0009' THEN
    RETURN SQLERRM;
END
$$;
SELECT is(pg_temp.without('SELECT 1', :g), '(done)', 'everything is there');
SELECT alike(pg_temp.without(format('UPDATE aidcase.authorisation SET void = true WHERE round_id = %s', :g), :g), pg_temp.one('confirm', 'One person to be checked has not authorised the check.'), 'authorised_all: at the decision, too');
SELECT alike(pg_temp.without('SELECT aidcase.set_parameter(''district_cosign'', ''340705100'', ''2021-04-19'', 1, ''示例参数'')', :g), pg_temp.one('confirm', 'The district has not co-signed the opinion.'), 'cosigned');
SELECT is(pg_temp.without(format('SELECT aidcase.set_parameter(''district_cosign'', ''340705100'', ''2021-04-19'', 1, ''示例参数''), aidcase.act_as(pg_temp.staff(''b-clerk''));
    INSERT INTO aidcase.co_signature (case_id, round_id, document_no, cosigned_at, cosigned_by) VALUES (%s, %s, ''会签1'', aidcase.now_here(), pg_temp.staff(''b-clerk''))', pg_temp.case_of(:g), :g), :g), '(done)', 'cosigned: it has');
SELECT alike(pg_temp.without(format('SELECT aidcase.set_parameter(''bureau_visit_before_decision'', ''340705100'', ''2021-04-19'', 1, ''示例参数'');
    INSERT INTO aidcase.conflict_flag (case_id, round_id, member_id, flag_type, staff_id, relation, source, source_id, known_at, filed_late)
    SELECT case_id, round_id, member_id, ''relative_of_staff'', pg_temp.staff(''d-clerk''), ''sibling'', ''relative_filing'', 1, aidcase.now_here(), false FROM aidcase.case_member WHERE round_id = %s', :g), :g), pg_temp.one('confirm', 'The bureau has not visited this household, which is filed or complained of.'), 'bureau_visited');
SELECT is(pg_temp.without('SELECT aidcase.set_parameter(''bureau_visit_before_decision'', ''340705100'', ''2021-04-19'', 1, ''示例参数'')', :g), '(done)', 'bureau_visited: only those');
-- who visits serves the unit on that day
SELECT alike(pg_temp.without($$ALTER TABLE aidcase.staff_post DISABLE TRIGGER "~3_open_work"; UPDATE aidcase.staff_post SET valid = '[2020-01-01,2021-04-19)' WHERE staff_id = pg_temp.staff('x-visitor1')$$, :g), pg_temp.one('confirm', 'There is no visit since acceptance at which two people in service of the unit %'), 'visited_by_two: a visitor without a post');
SELECT contract_provider('{"code": "91340700TEST00001X", "name": "铜官社工服务中心", "contracts": [{"unit": "340705", "no": "2021-1", "from": "2021-01-01", "to": "2021-04-18"}]}') AS provider \gset
SELECT enrol_staff('{"staff_no": "x-visitor9", "name": "社工", "employed_from": "2020-01-01", "posts": [{"unit": "340705100", "post": "surveyor", "provider": "91340700TEST00001X", "from": "2020-06-01"}]}') AS visitor \gset
UPDATE home_visit SET second_visitor_id = :visitor WHERE round_id = :g;
SELECT alike(pg_temp.without('SELECT 1', :g), pg_temp.one('confirm', 'There is no visit since acceptance at which two people in service of the unit %'), 'visited_by_two: a surveyor whose contract has run out');
UPDATE provider_contract SET valid = '[2021-01-01,2021-04-20)';
SELECT is(pg_temp.without('SELECT 1', :g), '(done)', 'visited_by_two: one under contract on the day');
-- papers are entered in time
SELECT pg_temp.clock('2021-06-19 09:00+08');
SELECT alike(pg_temp.staff_told('x-clerk', format('SELECT aidcase.record_visit(%L)', jsonb_build_object('round_id', :g, 'visited_at', '2021-05-19T09:00:00+08:00', 'visitors', '["x-visitor1", "x-visitor2"]'::jsonb, 'outcome', 'seen', 'report', '晚'))),
    '22023 column "visited_at" of "home_visit" lies too far in the past|Parameter "paper_entry_days" allows 30 days.|%', 'a visit is entered within some days');
SELECT is(pg_temp.staff_told('x-clerk', format('SELECT aidcase.record_visit(%L)', jsonb_build_object('round_id', :g, 'visited_at', '2021-05-20T09:00:00+08:00', 'visitors', '["x-visitor1", "x-visitor2"]'::jsonb, 'outcome', 'seen', 'report', '晚'))), '(done)', 'the last of them is in time');
SELECT * FROM finish();
ROLLBACK;
