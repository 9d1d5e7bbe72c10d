-- run.sql: the procedures by which the synthetic district works.
--
-- Everything is done by ordinary logins (demo_admin, demo_town, demo_bureau),
-- who act for one member of staff at a time and write through the register's
-- own tables and verbs.  One transaction is the work of one member of staff on
-- one day; the register's clock stands at that day (it is a rehearsal).

\set ON_ERROR_STOP on
SET search_path = district, aidcase, pg_catalog;

-- What was filed, and what is due when.
CREATE TABLE filed (h integer PRIMARY KEY, case_id bigint NOT NULL, round_id bigint NOT NULL UNIQUE);
CREATE TABLE step (day date NOT NULL, unit_code text NOT NULL, no integer NOT NULL, h integer NOT NULL,
                   clerk integer NOT NULL, PRIMARY KEY (day, unit_code, no, h));

INSERT INTO step (day, unit_code, no, h, clerk)
    SELECT aidcase.add_workdays(h.filed_on, s.days + CASE WHEN s.no >= 4 AND roll(t.seed, 'slow', h.h::text) < 0.04 THEN 4 ELSE 0 END),
           h.unit_code, s.no, h.h, h.clerk
      FROM household AS h
     CROSS JOIN setting AS t
     CROSS JOIN (VALUES (1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5), (7, 6)) AS s (no, days)
     WHERE (h.kind = 'application' OR s.no IN (1, 2))
       AND NOT (h.withdraws AND s.no > 1);
CREATE INDEX ON step (h);

CREATE FUNCTION month_of(m integer) RETURNS date LANGUAGE sql STABLE
RETURN (SELECT (date_trunc('month', first_day) + make_interval(months => m))::date FROM district.setting);

CREATE FUNCTION staff_id(staff_no text) RETURNS bigint LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT s.staff_id FROM aidcase.staff AS s WHERE s.staff_no = staff_id.staff_no;
END;

-- The clock at an hour of a day, and the member of staff who acts.
CREATE PROCEDURE act(day date, hour text, staff_no text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('aidcase.clock', to_char(day, 'YYYY-MM-DD ') || hour || '+08', true);
    PERFORM aidcase.act_as(district.staff_id(staff_no));
END
$$;

-- The application of a household as file_case() takes it.
CREATE FUNCTION application(h integer) RETURNS jsonb LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'outside_key', 'D-' || o.h, 'kind', o.kind, 'unit', o.unit_code, 'village', o.village_code,
        'residence', o.residence, 'address', o.address, 'phone', o.phone, 'channel', o.channel,
        'finder', CASE o.channel WHEN 'discovered' THEN '村居网格员' END,
        'first_contact_at', to_char(o.filed_on, 'YYYY-MM-DD') || 'T08:30:00+08:00',
        'handler', o.unit_code || '-clerk' || o.clerk,
        'members', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'key', m.key, 'name', m.name, 'citizen_id', m.citizen_id, 'relation', m.relation,
                'applicant', m.n = 1, 'work_ability', m.work_ability, 'health', m.health,
                'disability_kind', m.disability_kind, 'disability_level', m.disability_level,
                'official_kin', m.official_kin)) ORDER BY m.n)
            FROM district.member AS m WHERE m.h = o.h),
        'income', (SELECT coalesce(jsonb_agg(jsonb_build_object('member', 'm' || i.n, 'kind', i.kind,
                'amount', i.amount::numeric(14,2)::text, 'basis', i.basis, 'source', 'declared') ORDER BY i.n, i.kind), '[]')
            FROM district.income AS i WHERE i.h = o.h),
        'property', (SELECT coalesce(jsonb_agg(jsonb_build_object('member', 'm1', 'kind', 'deposit',
                'value', d.value::numeric(14,2)::text, 'source', 'declared')), '[]')
            FROM district.deposit AS d WHERE d.h = o.h),
        'obligors', (SELECT coalesce(jsonb_agg(jsonb_build_object('key', 'o1', 'name', b.name, 'relation', b.relation,
                'household_size', b.household_size, 'annual_income', b.annual_income::numeric(14,2)::text,
                'persons_supported', b.persons_supported)), '[]')
            FROM district.obligor AS b WHERE b.h = o.h),
        'causes', CASE o.kind WHEN 'emergency' THEN '["emergency"]'::jsonb ELSE jsonb_build_array(o.cause) END,
        'commitment', jsonb_build_object('member', 'm1', 'text_version', '2021-1', 'signed_on', o.filed_on,
                'sha256', encode(sha256(convert_to('commitment ' || o.h, 'UTF8')), 'hex')),
        'authorisations', (SELECT coalesce(jsonb_agg(jsonb_build_object('member', m.key, 'text_version', '2021-1',
                'signed_on', o.filed_on, 'valid_until', o.filed_on + 365,
                'sha256', encode(sha256(convert_to('authorisation ' || o.h || ' ' || m.n, 'UTF8')), 'hex')) ORDER BY m.n), '[]')
            FROM district.member AS m WHERE m.h = o.h AND m.birth_date <= o.filed_on + 60 - interval '18 years'),
        'payee', jsonb_build_object('kind', 'person', 'holder_name', (SELECT m.name FROM district.member AS m WHERE m.h = o.h AND m.n = 1),
                'holder_citizen_id', (SELECT m.citizen_id FROM district.member AS m WHERE m.h = o.h AND m.n = 1),
                'bank', '铜陵农村商业银行', 'account_no', o.account_no)))
      FROM district.household AS o WHERE o.h = application.h;
END;

-- 1: applications are filed and accepted (or withdrawn); emergencies are
-- reported.
CREATE PROCEDURE file(day date, unit text, the_clerk integer, the_kind text) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '09:00', unit || '-clerk' || the_clerk);
    INSERT INTO district.filed (h, case_id, round_id)
    SELECT s.h, f.case_id, f.round_id
      FROM (SELECT t.h FROM district.step AS t JOIN district.household AS k USING (h)
             WHERE t.day = file.day AND t.unit_code = unit AND t.no = 1 AND t.clerk = the_clerk
               AND k.kind = the_kind ORDER BY t.h) AS s
     CROSS JOIN LATERAL aidcase.file_case(district.application(s.h)) AS f;
    IF the_kind = 'emergency' THEN RETURN; END IF;
    CALL district.act(day, '10:00', unit || '-clerk' || the_clerk);
    UPDATE aidcase.case_round AS r
       SET state = CASE WHEN h.withdraws THEN 'withdrawn' ELSE 'accepted' END,
           reason = CASE WHEN h.withdraws THEN '申请人自愿撤回' END
      FROM district.filed AS f JOIN district.household AS h USING (h) JOIN district.step AS s USING (h)
     WHERE r.round_id = f.round_id AND h.kind = 'application'
       AND s.day = file.day AND s.unit_code = unit AND s.no = 1 AND s.clerk = the_clerk;
END
$$;

-- The rounds of a step.
CREATE FUNCTION due(day date, unit text, step_no integer, kind text, clerk integer DEFAULT NULL)
RETURNS TABLE (h integer, case_id bigint, round_id bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT f.h, f.case_id, f.round_id
      FROM district.step AS s JOIN district.filed AS f ON f.h = s.h JOIN district.household AS o ON o.h = s.h
     WHERE s.day = due.day AND s.unit_code = due.unit AND s.no = step_no AND o.kind = due.kind
       AND (due.clerk IS NULL OR s.clerk = due.clerk);
END;

-- 2: the economic check of every adult goes out and comes back.
CREATE PROCEDURE check_registries(day date, unit text, the_clerk integer) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '17:00', unit || '-clerk' || the_clerk);
    INSERT INTO aidcase.registry_check (case_id, round_id, member_id, reference_no, requested_at, requested_by,
                                        returned_at, outcome)
    SELECT d.case_id, d.round_id, m.member_id, 'HD-' || d.h, aidcase.now_here() - interval '8 hours',
           aidcase.current_staff(), aidcase.now_here() - interval '1 hour',
           CASE WHEN h.has_hit AND m.applicant THEN 'suspicious' ELSE 'clean' END
      FROM district.due(day, unit, 2, 'application', the_clerk) AS d
      JOIN district.household AS h USING (h)
      JOIN aidcase.case_member AS m ON m.round_id = d.round_id AND NOT m.void
     WHERE m.birth_date <= day + 60 - interval '18 years'     -- who comes of age meanwhile, too
     ORDER BY d.case_id, m.member_id;
    INSERT INTO aidcase.registry_hit (check_id, case_id, round_id, registry, description, amount, raised_at)
    SELECT c.check_id, c.case_id, c.round_id,
           (ARRAY['bank', 'social_insurance', 'vehicle', 'market_entity'])[1 + d.h % 4],
           '比对数据与申报不一致', (100 * (1 + d.h % 9))::numeric, c.returned_at
      FROM district.due(day, unit, 2, 'application', the_clerk) AS d
      JOIN aidcase.registry_check AS c ON c.round_id = d.round_id AND c.outcome = 'suspicious'
     ORDER BY c.case_id, c.check_id;
END
$$;

-- 3: hits are cleared; what was confirmed counts as verified income.
CREATE PROCEDURE clear_hits(day date, unit text, the_clerk integer) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '15:00', unit || '-clerk' || the_clerk);
    INSERT INTO aidcase.income_item (case_id, round_id, member_id, income_kind, amount, basis, source, evidence)
    SELECT d.case_id, d.round_id, m.member_id, 'transfer_other', t.amount, 'month', 'verified', '经济核对'
      FROM district.due(day, unit, 3, 'application', the_clerk) AS d
      JOIN aidcase.registry_hit AS t ON t.round_id = d.round_id
      JOIN aidcase.case_member AS m ON m.round_id = d.round_id AND m.applicant AND NOT m.void
     WHERE d.h % 3 = 0 AND NOT EXISTS (SELECT FROM district.planted_fault AS p WHERE p.h = d.h AND p.kind = 'hidden_income')
     ORDER BY d.case_id, t.hit_id;
    UPDATE aidcase.registry_hit AS t
       SET finding = CASE WHEN d.h % 3 = 0 AND NOT EXISTS (
                               SELECT FROM district.planted_fault AS p WHERE p.h = d.h AND p.kind = 'hidden_income')
                          THEN 'confirmed_counted' ELSE 'not_confirmed' END,
           finding_note = '经核实', cleared_at = aidcase.now_here(), cleared_by = aidcase.current_staff()
      FROM district.due(day, unit, 3, 'application', the_clerk) AS d
     WHERE t.round_id = d.round_id;
    UPDATE aidcase.case_round AS r SET state = 'checked'
      FROM district.due(day, unit, 3, 'application', the_clerk) AS d WHERE r.round_id = d.round_id;
END
$$;

-- 4: two investigators visit.
CREATE PROCEDURE visit(day date, unit text, the_clerk integer) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '16:00', unit || '-clerk' || the_clerk);
    INSERT INTO aidcase.home_visit (case_id, round_id, visited_at, visitor_id, second_visitor_id, outcome, report)
    SELECT d.case_id, d.round_id, aidcase.now_here() - interval '2 hours',
           district.staff_id(unit || '-visitor1'), district.staff_id(unit || '-visitor2'), 'seen',
           '已入户,家庭情况与申报一致'
      FROM district.due(day, unit, 4, 'application', the_clerk) AS d ORDER BY d.case_id;
    UPDATE aidcase.case_round AS r SET state = 'visited'
      FROM district.due(day, unit, 4, 'application', the_clerk) AS d WHERE r.round_id = d.round_id;
END
$$;

-- What the determinations of rounds lead to, line by line.
CREATE FUNCTION give_opinion(rounds bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH line AS (
        SELECT f.h, e.*,
               -- support of a person in extreme hardship excludes dibao
               e.eligible AND NOT (e.programme = 'dibao' AND EXISTS (
                   SELECT FROM aidcase.determination AS t
                    WHERE t.round_id = e.round_id AND t.programme = 'tekun' AND t.eligible)) AS granted
          FROM aidcase.determination AS e JOIN district.filed AS f ON f.case_id = e.case_id
         WHERE e.round_id = ANY (rounds)
    )
    INSERT INTO aidcase.assistance_opinion (case_id, round_id, matter, programme, department, outcome,
                                            determination_id, amount, refusal_reason)
    SELECT l.case_id, l.round_id, CASE l.programme WHEN 'temp_assistance' THEN 'emergency' ELSE 'living' END,
           l.programme, 'civil_affairs', CASE WHEN l.granted THEN 'granted' ELSE 'refused' END,
           l.determination_id,
           CASE WHEN NOT l.granted THEN NULL WHEN l.minimum_amount IS NULL THEN l.amount
                ELSE least(l.maximum_amount, greatest(l.minimum_amount, 500.00 + 100 * (l.h % 15))) END,
           CASE WHEN NOT l.granted THEN coalesce(l.reasons[1], 'exclusive_programme') END
      FROM line AS l
     ORDER BY l.case_id, l.determination_id;
END
$$;

-- 5: determination, evaluation, opinion; the case goes to the joint review.
CREATE PROCEDURE evaluate(day date, unit text, the_clerk integer) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '10:00', unit || '-clerk' || the_clerk);
    PERFORM aidcase.determine(d.round_id)
       FROM (SELECT * FROM district.due(day, unit, 5, 'application', the_clerk) ORDER BY case_id) AS d;
    UPDATE aidcase.case_round AS r SET state = 'determined'
      FROM district.due(day, unit, 5, 'application', the_clerk) AS d WHERE r.round_id = d.round_id;
    INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, evaluated_by, needs, score, summary)
    SELECT d.case_id, d.round_id, aidcase.now_here(), aidcase.current_staff(), ARRAY['living'],
           40 + d.h % 60, '家庭困难情况综合评估'
      FROM district.due(day, unit, 5, 'application', the_clerk) AS d ORDER BY d.case_id;
    PERFORM district.give_opinion(ARRAY(SELECT d.round_id FROM district.due(day, unit, 5, 'application', the_clerk) AS d));
    UPDATE aidcase.case_round AS r SET state = 'evaluated'
      FROM district.due(day, unit, 5, 'application', the_clerk) AS d WHERE r.round_id = d.round_id;
    UPDATE aidcase.case_round AS r SET state = 'in_review'
      FROM district.due(day, unit, 5, 'application', the_clerk) AS d WHERE r.round_id = d.round_id;
END
$$;

-- 6: the review group meets; the leader enters the decisions.
CREATE PROCEDURE decide(day date, unit text) LANGUAGE plpgsql AS $$
DECLARE
    meeting bigint;
    minutes jsonb;
BEGIN
    CALL district.act(day, '17:00', unit || '-leader');
    SELECT jsonb_build_object('unit', unit, 'minutes_no', to_char(day, 'YYYYMMDD'),
             'held_at', to_char(day, 'YYYY-MM-DD') || 'T14:30:00+08:00', 'place', '会议室',
             'attendance', jsonb_build_array(unit || '-group1', unit || '-group2', unit || '-group3', unit || '-group4'),
             'decisions', jsonb_agg(jsonb_build_object('round_id', d.round_id, 'votes', v.votes) ORDER BY d.case_id))
      INTO minutes
      FROM district.due(day, unit, 6, 'application') AS d
     CROSS JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_object('staff', g.staff_no,
                     'vote', CASE WHEN t.h IS NOT NULL THEN 'recused'
                                  WHEN EXISTS (SELECT FROM aidcase.assistance_opinion AS o
                                                WHERE o.round_id = d.round_id AND o.outcome = 'granted' AND NOT o.void)
                                  THEN 'agree' ELSE 'against' END) ORDER BY g.staff_no) AS votes
              FROM district.staff AS g
              LEFT JOIN district.tie AS t ON t.h = d.h AND t.staff_no = g.staff_no
             WHERE g.unit_code = unit AND g.post = 'group_member') AS v;
    meeting := aidcase.hold_meeting(minutes);
    UPDATE aidcase.case_round AS r
       SET meeting_id = meeting,
           state = CASE WHEN EXISTS (SELECT FROM aidcase.assistance_opinion AS o
                                      WHERE o.round_id = r.round_id AND o.outcome = 'granted' AND NOT o.void)
                        THEN 'confirmed' ELSE 'refused' END,
           reason = '联审联批会议决定'
      FROM district.due(day, unit, 6, 'application') AS d WHERE r.round_id = d.round_id;
END
$$;

-- 7: confirmations are published, refusals delivered.
CREATE PROCEDURE publish(day date, unit text) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '10:00', unit || '-clerk1');
    PERFORM aidcase.publish(unit);
    INSERT INTO aidcase.document_delivery (case_id, round_id, kind, document_no, delivered_at, manner, recipient, delivered_by)
    SELECT d.case_id, d.round_id, 'refusal', '铜救不字〔' || to_char(day, 'YYYY') || '〕' || d.round_id || '号',
           aidcase.now_here(), 'in_person', '本人', aidcase.current_staff()
      FROM district.due(day, unit, 7, 'application') AS d
      JOIN aidcase.case_round AS r ON r.round_id = d.round_id AND r.state = 'refused' ORDER BY d.case_id;
    UPDATE aidcase.case_round AS r SET state = 'closed_refused'
      FROM district.due(day, unit, 7, 'application') AS d WHERE r.round_id = d.round_id AND r.state = 'refused';
    UPDATE aidcase.case_round AS r SET state = 'in_benefit'
      FROM aidcase.publication_item AS i JOIN aidcase.publication AS p USING (publication_id)
     WHERE i.round_id = r.round_id AND r.state = 'published' AND p.unit_id = r.unit_id
       AND p.until < day AND r.unit_id = aidcase.unit_id(unit);
END
$$;

-- Papers: some units give out numbered decisions.
CREATE PROCEDURE issue(day date, unit text) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '10:30', unit || '-clerk1');
    PERFORM aidcase.issue_document(d.round_id, 'decision')
       FROM district.due(day, unit, 7, 'application') AS d
       JOIN aidcase.award AS a USING (round_id)
      ORDER BY d.case_id;
END
$$;

-- Emergencies: help the same day, papers the day after.
CREATE PROCEDURE help(day date, unit text, the_clerk integer) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '11:00', unit || '-clerk' || the_clerk);
    PERFORM aidcase.determine(d.round_id)
       FROM (SELECT * FROM district.due(day, unit, 1, 'emergency', the_clerk) ORDER BY case_id) AS d;
    PERFORM district.give_opinion(ARRAY(SELECT d.round_id FROM district.due(day, unit, 1, 'emergency', the_clerk) AS d));
    CALL district.act(day, '12:00', unit || '-leader');
    UPDATE aidcase.case_round AS r SET state = 'approved'
      FROM district.due(day, unit, 1, 'emergency', the_clerk) AS d WHERE r.round_id = d.round_id;
    CALL district.act(day, '16:00', unit || '-clerk' || the_clerk);
    INSERT INTO aidcase.aid_handover (case_id, round_id, handed_at, amount, form, recipient_member_id, receipt_no, handed_by, witness_id)
    SELECT d.case_id, d.round_id, aidcase.now_here(), o.amount, 'cash', m.member_id, 'SJ-' || d.h,
           aidcase.current_staff(), district.staff_id(unit || '-visitor1')
      FROM district.due(day, unit, 1, 'emergency', the_clerk) AS d
      JOIN aidcase.assistance_opinion AS o ON o.round_id = d.round_id AND o.programme = 'temp_assistance'
                                          AND o.outcome = 'granted' AND NOT o.void
      JOIN aidcase.case_member AS m ON m.round_id = d.round_id AND m.applicant AND NOT m.void
     ORDER BY d.case_id;
    UPDATE aidcase.case_round AS r SET state = 'assisted'
      FROM district.due(day, unit, 1, 'emergency', the_clerk) AS d WHERE r.round_id = d.round_id AND r.state = 'approved';
END
$$;
CREATE PROCEDURE complete_papers(day date, unit text, the_clerk integer) LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(day, '11:00', unit || '-clerk' || the_clerk);
    UPDATE aidcase.case_round AS r SET state = 'completed'
      FROM district.due(day, unit, 2, 'emergency', the_clerk) AS d WHERE r.round_id = d.round_id;
END
$$;

-- The list of those whom one office paid before: nine households of one
-- person; the date of one is the number that a spreadsheet keeps.
CREATE FUNCTION recipients() RETURNS bytea LANGUAGE sql STABLE
RETURN (
    SELECT convert_to(E'户编号,单位代码,村居代码,城乡,救助类别,确认文号,确认日期,享受起始月,最后发放月,月保障金额,账户类别,户名,开户银行,账号,姓名,公民身份号码,与户主关系,劳动能力\r\n'
           || string_agg(concat_ws(',', 'X' || p.n, '340705006', p.village, '城市', '最低生活保障', '铜救〔2020〕' || p.n || '号',
                  CASE p.n WHEN 5 THEN '43966' ELSE '2020-05-15' END, '2020-06', '2021-04', (300 + 20 * p.n) || '.00', '本人', p.name, '铜陵农村商业银行',
                  district.card_number('62284800' || lpad(p.n::text, 10, '9')), p.name, p.number, '户主', '完全丧失劳动能力') || E'\r\n', '' ORDER BY p.n), 'GB18030')
      FROM (SELECT n, (SELECT min(v.unit_code) FROM aidcase.unit_now AS v WHERE v.parent_id = aidcase.unit_id('340705006')) AS village,
                   district.surname(district.roll(s.seed, 'taken', n::text)) || district.given(district.roll(s.seed, 'takeng', n::text), 0, 'male') AS name,
                   -- of an area that nobody in the plan comes from
                   district.citizen_number('340711', date '1950-01-01' + 97 * n, 2 * n + 1) AS number
              FROM district.setting AS s CROSS JOIN generate_series(1, 9) AS n) AS p);

-- What a month brings besides: in the second one the office takes its list
-- over before the roll; later a household moves and a mistyped field of
-- another is corrected.
CREATE PROCEDURE take_over() LANGUAGE plpgsql AS $$
BEGIN
    CALL district.act(aidcase.add_workdays(district.month_of(1) - 1, 1), '08:30', '340705006-clerk1');
    PERFORM aidcase.import_file('recipients', district.recipients(), 'GB18030');
    COMMIT;
END
$$;
CREATE PROCEDURE move_and_correct() LANGUAGE plpgsql AS $$
DECLARE
    day CONSTANT date := aidcase.add_workdays(district.month_of(1) + 17, 1);
    c      record;
    moving bigint;
BEGIN
    -- from the town with most awards; nobody with relatives in office, whose
    -- handlers are chosen with care
    CALL district.act(day, '09:00', '340705100-clerk1');
    FOR c IN SELECT f.case_id, row_number() OVER (ORDER BY f.h) AS turn, m.member_id
               FROM district.filed AS f
               JOIN aidcase.case_round AS r ON r.round_id = f.round_id AND r.unit_id = aidcase.unit_id('340705100')
               JOIN aidcase.award AS a ON a.round_id = f.round_id AND upper_inf(a.months) AND lower(a.months) <= district.month_of(1)
               JOIN aidcase.case_member AS m ON m.round_id = f.round_id AND m.relation = 'head'
              WHERE NOT EXISTS (SELECT FROM district.tie AS t WHERE t.h = f.h)
              ORDER BY f.h LIMIT 2
    LOOP
        IF c.turn = 1 THEN
            CALL district.act(day, '09:00', '340705100-clerk1');
            SELECT t.transfer_id INTO moving
              FROM aidcase.transfer_case(c.case_id, '340705005', (SELECT min(v.unit_code) FROM aidcase.unit_now AS v WHERE v.parent_id = aidcase.unit_id('340705005'))) AS t;
            COMMIT;
            CALL district.act(day, '10:00', '340705100-leader');
            PERFORM aidcase.advance('case_transfer', moving, 'release');
            COMMIT;
            CALL district.act(day, '15:00', '340705005-clerk1');
            PERFORM aidcase.advance('case_transfer', moving, 'accept');
            COMMIT;
        ELSE
            CALL district.act(day, '16:00', '340705100-clerk1');
            SELECT t.round_id INTO moving
              FROM aidcase.correct(c.case_id, jsonb_build_array(jsonb_build_object('table', 'case_member', 'id', c.member_id, 'column', 'occupation', 'value', '务农')), '录入差错') AS t LIMIT 1;
            COMMIT;
            CALL district.act(day, '17:00', '340705100-leader');
            PERFORM aidcase.advance(moving, 'correct');
            COMMIT;
        END IF;
    END LOOP;
END
$$;

-- What becomes of households in benefit.  The clerk proposes, the leader
-- decides; a transfer is taken over by the other unit, or by another clerk when the
-- household leaves the district.
CREATE PROCEDURE live(day date, unit text) LANGUAGE plpgsql AS $$
DECLARE
    s record;
    the_round bigint;
    the_transfer bigint;
BEGIN
    -- in the evening, after whatever else the day brought
    FOR s IN
        SELECT l.*, f.case_id, f.round_id, 'clerk' || o.clerk AS clerk, 'clerk' || 3 - o.clerk AS other_clerk,
               m.name, m.citizen_id
          FROM district.life AS l JOIN district.household AS o USING (h) JOIN district.filed AS f USING (h)
          JOIN district.member AS m ON m.h = l.h AND m.n = 1
         WHERE l.day = live.day AND l.unit_code = unit
         ORDER BY l.h
    LOOP
        CALL district.act(day, '18:00', unit || '-' || s.clerk);
        -- nothing undecided, and a benefit that runs; it ends or begins again only once
        CONTINUE WHEN NOT EXISTS (SELECT FROM aidcase.award AS a WHERE a.case_id = s.case_id AND upper_inf(a.months)
                                                                  AND lower(a.months) <= day)
                   OR EXISTS (SELECT FROM aidcase.case_round AS r
                                JOIN aidcase.workflow_state AS w ON w.workflow_id = r.workflow_id AND w.state = r.state
                               WHERE r.case_id = s.case_id AND NOT w.frozen)
                   OR s.kind = 'resumption' AND NOT EXISTS (SELECT FROM aidcase.payment_hold AS k WHERE k.case_id = s.case_id);
        the_round := NULL;
        CASE s.kind
        WHEN 'stop' THEN the_round := aidcase.stop_case(s.case_id, s.cause, day - 3);
        WHEN 'suspension' THEN the_round := aidcase.stop_case(s.case_id, 'missing', day - 3, 'suspension');
        WHEN 'resumption' THEN the_round := aidcase.stop_case(s.case_id, 'settled', day - 1, 'resumption');
        WHEN 'death' THEN
            SELECT e.round_id INTO the_round FROM aidcase.record_event(jsonb_build_object('case_id', s.case_id, 'kind', 'death',
                'member', s.citizen_id, 'happened_on', day - 4, 'source', 'household')) AS e;
        WHEN 'correction' THEN
            SELECT c.round_id INTO the_round FROM aidcase.correct(s.case_id, (
                SELECT jsonb_build_array(jsonb_build_object('table', 'case_member', 'id', k.member_id, 'column', 'name', 'value', s.name || '儿'))
                  FROM aidcase.case_member AS k WHERE k.round_id = s.round_id AND k.applicant AND NOT k.void), '录入差错') AS c LIMIT 1;
            CALL district.act(day, '18:10', unit || '-leader');
            PERFORM aidcase.advance(the_round, 'correct');
        WHEN 'transfer', 'moved_out' THEN
            SELECT t.transfer_id INTO the_transfer FROM aidcase.transfer_case(s.case_id, coalesce(s.to_unit, '芜湖市镜湖区'), s.to_village) AS t;
            CALL district.act(day, '18:10', unit || '-leader');
            PERFORM aidcase.advance('case_transfer', the_transfer, 'release');
            CALL district.act(day, '18:20', coalesce(s.to_unit || '-clerk1', unit || '-' || s.other_clerk));
            PERFORM aidcase.advance('case_transfer', the_transfer, 'accept',
                details => CASE WHEN s.to_unit IS NULL THEN '{"receipt_no": "转入回执"}'::jsonb ELSE '{}' END);
        WHEN 'review' THEN
            CALL district.review(day, unit, s.clerk, s.case_id);
        END CASE;
        CONTINUE WHEN s.kind NOT IN ('stop', 'suspension', 'resumption', 'death');
        PERFORM aidcase.advance(the_round, 'verify');
        CALL district.act(day, '18:10', unit || '-leader');
        PERFORM aidcase.advance(the_round, 'decide');
        CALL district.act(day, '18:20', unit || '-' || s.clerk);
        PERFORM aidcase.record_delivery(jsonb_build_object('round_id', the_round, 'kind', 'decision',
            'document_no', '铜救变字' || the_round || '号', 'delivered_at', to_char(day, 'YYYY-MM-DD') || 'T18:15:00+08:00',
            'manner', 'in_person', 'recipient', s.name));
        PERFORM aidcase.advance(the_round, 'deliver');
    END LOOP;
END
$$;

-- A yearly review that finds the household's facts as they were.  Where the
-- rules of the day give another result, the review group decides anew.
CREATE PROCEDURE review(day date, unit text, clerk text, the_case bigint) LANGUAGE plpgsql AS $$
DECLARE
    the_round bigint := aidcase.open_review(the_case);
    granted boolean;
BEGIN
    INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
    SELECT m.case_id, m.round_id, m.member_id, '2021-1', day, sha256('commitment')
      FROM aidcase.case_member AS m WHERE m.round_id = the_round AND m.applicant AND NOT m.void;
    PERFORM aidcase.advance(the_round, 'accept');
    CALL district.act(day, '19:00', unit || '-' || clerk);
    INSERT INTO aidcase.registry_check (case_id, round_id, member_id, reference_no, requested_at, requested_by, returned_at, outcome)
    SELECT m.case_id, m.round_id, m.member_id, 'FH-' || the_round, aidcase.now_here() - interval '1 hour', aidcase.current_staff(),
           aidcase.now_here(), 'clean'
      FROM aidcase.case_member AS m WHERE m.round_id = the_round AND NOT m.void AND m.birth_date <= day + 60 - interval '18 years'
     ORDER BY m.member_id;
    PERFORM aidcase.advance(the_round, 'check');
    CALL district.act(day, '20:00', unit || '-' || clerk);
    INSERT INTO aidcase.home_visit (case_id, round_id, visited_at, visitor_id, second_visitor_id, outcome, report)
    VALUES (the_case, the_round, aidcase.now_here() - interval '1 hour', district.staff_id(unit || '-visitor1'),
            district.staff_id(unit || '-visitor2'), 'seen', '家庭情况无变化');
    PERFORM aidcase.advance(the_round, 'visit');
    PERFORM aidcase.determine(the_round);
    PERFORM aidcase.advance(the_round, 'determine');
    CALL district.act(day, '20:30', unit || '-leader');
    IF (SELECT n.allowed FROM aidcase.next_actions(the_round) AS n WHERE n.action = 'keep') THEN
        PERFORM aidcase.advance(the_round, 'keep');
        RETURN;
    END IF;
    CALL district.act(day, '20:30', unit || '-' || clerk);
    INSERT INTO aidcase.evaluation (case_id, round_id, evaluated_at, evaluated_by, needs, score, summary)
    VALUES (the_case, the_round, aidcase.now_here(), aidcase.current_staff(), ARRAY['living'], 60, '复核评估');
    PERFORM district.give_opinion(ARRAY[the_round]);
    PERFORM aidcase.advance(the_round, 'evaluate');
    PERFORM aidcase.advance(the_round, 'submit');
    CALL district.act(day, '21:00', unit || '-leader');
    granted := EXISTS (SELECT FROM aidcase.assistance_opinion AS o WHERE o.round_id = the_round AND o.outcome = 'granted' AND NOT o.void);
    UPDATE aidcase.case_round AS r
       SET meeting_id = aidcase.hold_meeting(jsonb_build_object('unit', unit, 'minutes_no', 'F' || the_round,
             'held_at', to_char(day, 'YYYY-MM-DD') || 'T20:45:00+08:00', 'place', '会议室',
             'attendance', (SELECT jsonb_agg(unit || '-group' || g) FROM generate_series(1, 4) AS g),
             'decisions', jsonb_build_array(jsonb_build_object('round_id', the_round,
                 'votes', (SELECT jsonb_agg(jsonb_build_object('staff', g.staff_no, 'vote',
                              CASE WHEN t.h IS NOT NULL THEN 'recused' WHEN granted THEN 'agree' ELSE 'against' END))
                             FROM district.staff AS g JOIN district.filed AS f ON f.case_id = the_case
                             LEFT JOIN district.tie AS t ON t.h = f.h AND t.staff_no = g.staff_no
                            WHERE g.unit_code = unit AND g.post = 'group_member')))))
     WHERE r.round_id = the_round;
    PERFORM aidcase.advance(the_round, CASE WHEN granted THEN 'confirm' ELSE 'refuse' END, '联审联批会议决定');
END
$$;

-- A month of all towns, day by day, unit by unit.
CREATE PROCEDURE town_month(m integer) LANGUAGE plpgsql AS $$
DECLARE
    s record;
BEGIN
    IF m = 0 THEN
        FOR s IN SELECT f.unit_code, count(*) FROM district.staff AS f WHERE f.post = 'clerk' GROUP BY 1 ORDER BY 1 LOOP
            CALL district.act(date '2021-04-02', '17:00', s.unit_code || '-leader');
            PERFORM aidcase.file_relatives(d.filing)
               FROM (SELECT jsonb_build_object('staff', f.staff_no, 'declared_on', '2021-04-02',
                        'relatives', coalesce(jsonb_agg(jsonb_build_object('relation', t.relation,
                            'citizen_id', b.citizen_id, 'name', b.name) ORDER BY t.h) FILTER (WHERE t.h IS NOT NULL), '[]')) AS filing
                       FROM district.staff AS f
                       LEFT JOIN district.tie AS t ON t.staff_no = f.staff_no AND t.state <> 'unfiled'
                       LEFT JOIN district.member AS b ON b.h = t.h AND b.n = t.n
                      WHERE f.unit_code = s.unit_code AND f.staff_no NOT LIKE '%leader'
                        AND f.staff_no <> '340705006-group2'    -- one member of staff never files
                      GROUP BY f.staff_no ORDER BY f.staff_no) AS d;
            COMMIT;
        END LOOP;
    END IF;
    IF m = 1 THEN CALL district.take_over(); END IF;
    FOR s IN
        SELECT DISTINCT t.day, t.unit_code, t.no, t.clerk, k.kind
          FROM district.step AS t JOIN district.household AS k USING (h)
         WHERE t.day >= district.month_of(m) AND t.day < district.month_of(m + 1)
        UNION ALL
        SELECT aidcase.add_workdays(aidcase.pay_day(district.month_of(m)), -3), p.unit_code, 8, 1, 'application'
          FROM district.place AS p WHERE m > 0 AND district.month_of(m) > (SELECT first_day + 7 * p.first_week FROM district.setting)
        UNION ALL
        -- last of the day
        SELECT DISTINCT l.day, l.unit_code, 0, 1, 'application' FROM district.life AS l
         WHERE l.day >= district.month_of(m) AND l.day < district.month_of(m + 1)
         ORDER BY 1, 3 DESC, 2, 4, 5
    LOOP
        IF s.no = 1 THEN
            CALL district.file(s.day, s.unit_code, s.clerk, s.kind);
            COMMIT;
            IF s.kind = 'emergency' THEN CALL district.help(s.day, s.unit_code, s.clerk); END IF;
        ELSIF s.kind = 'emergency' THEN CALL district.complete_papers(s.day, s.unit_code, s.clerk);
        ELSIF s.no = 2 THEN CALL district.check_registries(s.day, s.unit_code, s.clerk);
        ELSIF s.no = 3 THEN CALL district.clear_hits(s.day, s.unit_code, s.clerk);
        ELSIF s.no = 4 THEN CALL district.visit(s.day, s.unit_code, s.clerk);
        ELSIF s.no = 5 THEN CALL district.evaluate(s.day, s.unit_code, s.clerk);
        ELSIF s.no = 6 AND s.clerk = (SELECT min(t.clerk) FROM district.step AS t WHERE t.day = s.day AND t.unit_code = s.unit_code AND t.no = 6) THEN
            CALL district.decide(s.day, s.unit_code);
        ELSIF s.no = 7 AND s.clerk = (SELECT min(t.clerk) FROM district.step AS t WHERE t.day = s.day AND t.unit_code = s.unit_code AND t.no = 7) THEN
            CALL district.publish(s.day, s.unit_code);
            IF s.unit_code IN ('340705402', '340705403') THEN CALL district.issue(s.day, s.unit_code); END IF;
        ELSIF s.no = 8 THEN
            CALL district.act(s.day, '15:00', s.unit_code || '-leader');
            PERFORM aidcase.submit_roll(aidcase.make_roll(s.unit_code, district.month_of(m)));
        ELSIF s.no = 0 THEN
            CALL district.live(s.day, s.unit_code);
        END IF;
        COMMIT;
    END LOOP;
    IF m = 1 THEN CALL district.move_and_correct(); END IF;
END
$$;

-- A month of the bureau: the month before is closed when the bank has
-- answered; rolls are merged; a new standard is applied before it is in force; the
-- second batch of communities takes over; every third month new confirmations
-- are drawn for spot checks.
CREATE PROCEDURE bureau_month(m integer) LANGUAGE plpgsql AS $$
DECLARE
    the_draw bigint;
BEGIN
    CALL district.act(aidcase.add_workdays(aidcase.pay_day(district.month_of(m)), -2), '10:00', '340705-bureau1');
    UPDATE aidcase.payment_roll AS r SET state = 'merged'
     WHERE r.roll_month = district.month_of(m) AND r.state = 'submitted';
    COMMIT;
    IF EXISTS (SELECT FROM aidcase.payment_roll AS r WHERE r.roll_month = district.month_of(m - 1) AND r.state = 'paid') THEN
        CALL district.act(aidcase.pay_day(district.month_of(m)), '09:00', '340705-bureau2');
        PERFORM aidcase.close_month(district.month_of(m - 1));
        COMMIT;
    END IF;
    IF EXISTS (SELECT FROM unnest('{urban,rural}'::text[]) AS v
                WHERE aidcase.parameter('dibao_standard', '340705', district.month_of(m + 1), 'dibao', v)
                      <> aidcase.parameter('dibao_standard', '340705', district.month_of(m), 'dibao', v)) THEN
        CALL district.act(district.month_of(m + 1) - 1, '09:00', '340705-bureau2');
        PERFORM count(*) FROM aidcase.reassess('340705', district.month_of(m + 1));
        COMMIT;
    END IF;
    IF district.month_of(m) = date '2021-12-01' THEN
        CALL district.act(date '2021-12-31', '10:00', '340705-bureau2');
        PERFORM aidcase.delegate(p.unit_code, '{dibao,tekun,temp_assistance,low_income}', '2022-01-01', '示例参数')
           FROM (SELECT unit_code FROM district.place WHERE first_week > 0 ORDER BY unit_code) AS p;
        COMMIT;
    END IF;
    IF m = 0 THEN
        -- one office has paid people before: its window, opened by one and signed by another
        CALL district.act(district.month_of(1) - 2, '09:00', '340705-bureau1');
        PERFORM aidcase.open_takeover(jsonb_build_object('unit', '340705006', 'from', district.month_of(1) - 2, 'to', district.month_of(2) - 1,
            'households', 9, 'monthly_amount', '4000.00', 'document_no', '办发〔2021〕15号'));
        COMMIT;
        CALL district.act(district.month_of(1) - 2, '10:00', '340705-bureau2');
        PERFORM aidcase.sign_takeover('340705006');
        COMMIT;
    END IF;
    CALL district.close_draws(m);
    IF m % 3 = 2 THEN
        CALL district.act(district.month_of(m + 1) - 1, '16:00', '340705-bureau1');
        the_draw := aidcase.plan_draw(to_char(district.month_of(m), 'YYYY"年第"Q"季度新确认对象入户抽查"'),
            daterange(district.month_of(m - 2), district.month_of(m + 1)),
            CASE m % 2 WHEN 0 THEN 'rivest' ELSE 'hex' END);
        PERFORM aidcase.freeze_draw(the_draw);
        COMMIT;
        -- the frame goes out before the seed is rolled
        PERFORM district.seal();
        COMMIT;
        CALL district.act(district.month_of(m + 1) - 1, '16:30', '340705-bureau1');
        PERFORM aidcase.record_receipt(aidcase.latest_checkpoint(), '演示:市民政局留存', '演示收件人', aidcase.now_here());
        COMMIT;
        CALL district.act(district.month_of(m + 1) - 1, '17:00', '340705-bureau1');
        -- the plan's stand-in for dice: digits that depend on the seed of the district
        PERFORM aidcase.seed_draw(the_draw,
            translate(left(encode(sha256(convert_to(s.seed || '/draw/' || m, 'UTF8')), 'hex'), 24), 'abcdef', '012345'),
            '演示:由计划种子推出,不是公开掷骰') FROM district.setting AS s;
        PERFORM aidcase.assign_draw(the_draw);
        COMMIT;
    END IF;
END
$$;

-- The payer hands the rolls to the bank, which answers the day after: one line
-- in a hundred comes back.
CREATE PROCEDURE payer_month(m integer) LANGUAGE plpgsql AS $$
DECLARE
    answer bytea;
BEGIN
    PERFORM set_config('aidcase.clock', to_char(aidcase.pay_day(district.month_of(m)), 'YYYY-MM-DD') || ' 10:00+08', true);
    UPDATE aidcase.payment_roll AS r SET state = 'paid'
     WHERE r.roll_month = district.month_of(m) AND r.state = 'merged';
    COMMIT;
    PERFORM set_config('aidcase.clock', to_char(aidcase.pay_day(district.month_of(m)) + 1, 'YYYY-MM-DD') || ' 16:00+08', true);
    SELECT convert_to(E'流水号,发放月份,账号,户名,金额,结果,日期,退回原因,说明\r\n'
             || string_agg(concat_ws(',', l.reference, to_char(district.month_of(m), 'YYYY-MM'), l.account_no, l.holder_name, l.amount,
                    CASE WHEN district.roll(s.seed, 'bank', l.case_no, m::text) < 0.01 THEN '退回' ELSE '已发放' END,
                    to_char(aidcase.pay_day(district.month_of(m)), 'YYYY-MM-DD'),
                    CASE WHEN district.roll(s.seed, 'bank', l.case_no, m::text) < 0.006 THEN '银行差错'
                         WHEN district.roll(s.seed, 'bank', l.case_no, m::text) < 0.01 THEN '户名不符' ELSE '' END, '') || E'\r\n', '' ORDER BY l.reference)
             || concat_ws(',', '合计', count(*), '', '', sum(l.amount), '', '', '', '') || E'\r\n', 'GB18030')
      INTO answer
      FROM aidcase.payment_list(district.month_of(m), '按月发放') AS l CROSS JOIN district.setting AS s;
    IF answer IS NOT NULL THEN
        IF (SELECT i.rejected FROM aidcase.import_returns(answer) AS i) > 0 THEN
            RAISE EXCEPTION 'the bank''s answer was not taken';
        END IF;
    END IF;
    COMMIT;
END
$$;

-- Stands in for the worker that seals.
CREATE FUNCTION seal() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT aidcase.seal()';

-- What is true of a household that is checked, which no member of staff can
-- read: a hit that was put aside although it was true counts after all.
CREATE FUNCTION truth(the_check bigint, OUT away boolean, OUT due numeric, OUT findings jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT district.roll(s.seed, 'away', f.h::text) < 0.05,
           greatest(i.amount - coalesce((SELECT sum(t.amount) FROM aidcase.registry_hit AS t
                                          WHERE t.round_id = k.round_id
                                            AND EXISTS (SELECT FROM district.planted_fault AS p WHERE p.h = f.h AND p.kind = 'hidden_income')), 0), 0),
           (SELECT coalesce(jsonb_agg(jsonb_build_object('type', CASE p.kind WHEN 'unfiled_relative' THEN 'favouritism' ELSE 'document' END,
                                                         'evidence', CASE p.kind WHEN 'unfiled_relative' THEN '邻居和村委会证明与经办人员系亲属,未备案'
                                                                     ELSE '申请书称无亲属任职,与备案不符' END)), '[]')
              FROM district.planted_fault AS p WHERE p.h = f.h AND p.kind <> 'hidden_income')
      FROM aidcase.spot_check AS k
      JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
      JOIN district.filed AS f ON f.round_id = k.round_id
     CROSS JOIN district.setting AS s
     WHERE k.check_id = the_check
$$;

-- The checkers visit what is assigned to them, in the first days of the month
-- after.
CREATE PROCEDURE checker_month(m integer) LANGUAGE plpgsql AS $$
DECLARE
    s record;
BEGIN
    FOR s IN SELECT f.staff_no FROM district.staff AS f WHERE f.post = 'checker' ORDER BY 1 LOOP
        CALL district.act(district.month_of(m + 1) + 5, '16:00', s.staff_no);
        PERFORM aidcase.record_check_result(CASE WHEN t.away
            THEN jsonb_build_object('check_id', k.check_id, 'not_reached', '两次上门无人',
                     'visits', jsonb_build_array(
                         jsonb_build_object('visited_at', to_char(district.month_of(m + 1) + 4, 'YYYY-MM-DD') || 'T09:00:00+08:00', 'outcome', 'not_at_home'),
                         jsonb_build_object('visited_at', to_char(district.month_of(m + 1) + 5, 'YYYY-MM-DD') || 'T14:00:00+08:00', 'outcome', 'not_at_home')))
            ELSE jsonb_build_object('check_id', k.check_id, 'eligible', t.due > 0, 'amount', t.due::numeric(14,2)::text,
                     'findings', t.findings, 'lock', true,
                     'visits', jsonb_build_array(
                         jsonb_build_object('visited_at', to_char(district.month_of(m + 1) + 4, 'YYYY-MM-DD') || 'T09:00:00+08:00', 'outcome', 'seen'))) END)
           FROM (SELECT c.check_id FROM aidcase.check_form AS c WHERE c.state = 'assigned' ORDER BY c.check_id) AS k
          CROSS JOIN LATERAL district.truth(k.check_id) AS t;
        COMMIT;
    END LOOP;
END
$$;

-- Draws whose visits are made: who was not reached is replaced as long as
-- there are reserves; then all is locked, revealed, settled and certified.
CREATE PROCEDURE close_draws(m integer) LANGUAGE plpgsql AS $$
DECLARE
    d record;
    replaced bigint;
BEGIN
    FOR d IN SELECT w.draw_id FROM aidcase.draw AS w WHERE w.state = 'assigned' ORDER BY 1 LOOP
        CALL district.act(district.month_of(m + 1) - 1, '09:00', '340705-bureau1');
        SELECT count(aidcase.replace_check(x.check_id, '两次上门无人')) INTO replaced
          FROM (SELECT k.check_id, row_number() OVER (PARTITION BY i.stratum ORDER BY k.check_id) AS turn,
                       (SELECT count(*) FROM aidcase.draw_item AS n
                         WHERE n.draw_id = d.draw_id AND n.stratum = i.stratum AND n.reserve
                           AND NOT EXISTS (SELECT FROM aidcase.spot_check AS z WHERE z.item_id = n.item_id)) AS reserves
                  FROM aidcase.spot_check AS k JOIN aidcase.draw_item AS i ON i.item_id = k.item_id
                 WHERE k.draw_id = d.draw_id AND k.state = 'not_reached'
                   AND NOT EXISTS (SELECT FROM aidcase.spot_check AS r WHERE r.replaces_id = k.check_id)) AS x
         WHERE x.turn <= x.reserves;
        COMMIT;
        CONTINUE WHEN replaced > 0;
        CALL district.act(district.month_of(m + 1) - 1, '10:00', '340705-bureau1');
        PERFORM aidcase.advance('draw', d.draw_id, 'lock');
        PERFORM aidcase.advance('draw', d.draw_id, 'reveal');
        UPDATE aidcase.finding AS f
           SET cause = CASE WHEN f.finding_type = 'document' THEN 'household' ELSE 'unit' END
         WHERE f.draw_id = d.draw_id AND f.finding_type <> 'none';
        PERFORM aidcase.advance('draw', d.draw_id, 'estimate');
        INSERT INTO aidcase.corrective_action (finding_id, unit_id, owner_id, task)
        SELECT f.finding_id, f.unit_id, district.staff_id(u.unit_code || '-leader'), '复核并纠正,多发部分按规定追回'
          FROM aidcase.finding AS f JOIN aidcase.unit AS u ON u.unit_id = f.unit_id
         WHERE f.draw_id = d.draw_id AND f.finding_type <> 'none' ORDER BY f.finding_id;
        COMMIT;
        CALL district.act(district.month_of(m + 1) - 1, '11:00', '340705-bureau2');
        PERFORM aidcase.advance('draw', d.draw_id, 'certify');
        COMMIT;
    END LOOP;
END
$$;

-- The administrator enrols staff, review groups and the second batch's posts.
CREATE PROCEDURE enrol() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('aidcase.clock', '2021-04-02 09:00+08', true);
    PERFORM aidcase.enrol_staff(jsonb_strip_nulls(jsonb_build_object('staff_no', s.staff_no, 'name', s.name, 'citizen_id', s.citizen_id,
               'login', CASE s.staff_no WHEN '340705100-clerk1' THEN 'demo_clerk' WHEN '340705-bureau1' THEN 'demo_bureau_desk'
                                        WHEN '340705-inspector' THEN 'demo_inspector' WHEN '340705-payer' THEN 'demo_payer' END,
               'employed_from', '2020-01-01',
               'posts', jsonb_build_array(jsonb_build_object('unit', s.unit_code, 'post', s.post, 'from', '2020-01-01')))))
       FROM (SELECT * FROM district.staff ORDER BY staff_no) AS s;
    PERFORM aidcase.make_review_group(p.unit_code, '联审联批小组', '2021-01-01',
               (SELECT jsonb_agg(jsonb_build_object('staff', s.staff_no, 'capacity', s.capacity) ORDER BY s.staff_no)
                  FROM district.staff AS s WHERE s.unit_code = p.unit_code AND s.post = 'group_member'))
       FROM (SELECT unit_code FROM district.place ORDER BY unit_code) AS p;
END
$$;

CREATE FUNCTION progress(m integer) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('   %s   %s applications, %s awards in force, roll %s yuan',
                  to_char(district.month_of(m), 'YYYY-MM'),
                  (SELECT count(*) FROM aidcase.case_round),
                  (SELECT count(*) FROM aidcase.award AS a WHERE a.months @> district.month_of(m)),
                  (SELECT coalesce(sum(r.total), 0) FROM aidcase.payment_roll AS r WHERE r.roll_month = district.month_of(m)));
END;

-- What a supervisor wants to know first.
CREATE FUNCTION summary() RETURNS TABLE (line text) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT v.line FROM (
        SELECT 1 AS no, format('%s: %s cases, %s rounds, %s persons', (SELECT r.name FROM aidcase.register AS r),
            (SELECT count(*) FROM aidcase.aid_case), (SELECT count(*) FROM aidcase.case_round),
            (SELECT count(*) FROM aidcase.case_member AS m WHERE NOT m.void)) AS line
        UNION ALL SELECT 2, format('decided: %s confirmed, %s refused, %s withdrawn; emergencies helped: %s',
            count(*) FILTER (WHERE r.state IN ('confirmed', 'published', 'in_benefit')),
            count(*) FILTER (WHERE r.state IN ('refused', 'closed_refused')),
            count(*) FILTER (WHERE r.state = 'withdrawn'),
            count(*) FILTER (WHERE r.state IN ('assisted', 'completed'))) FROM aidcase.case_round AS r
        UNION ALL SELECT 3, format('on time: 7 working days %s of %s (cancelled by a suspicious item: %s), 24 hours %s of %s',
            count(*) FILTER (WHERE d.clock = 'decision_7wd' AND d.met_at < d.due_at),
            count(*) FILTER (WHERE d.clock = 'decision_7wd' AND d.met_at IS NOT NULL),
            count(*) FILTER (WHERE d.clock = 'decision_7wd' AND d.cancelled_at IS NOT NULL),
            count(*) FILTER (WHERE d.clock = 'emergency_24h' AND d.met_at < d.due_at),
            count(*) FILTER (WHERE d.clock = 'emergency_24h' AND d.met_at IS NOT NULL)) FROM aidcase.deadline AS d
        UNION ALL SELECT 4, format('awards in force: %s households, %s persons, %s yuan a month',
            count(*), coalesce(sum(a.persons), 0), coalesce(sum(a.amount), 0))
              FROM aidcase.award AS a WHERE a.months @> (SELECT max(r.roll_month) FROM aidcase.payment_roll AS r)
        UNION ALL SELECT 5, format('paid or submitted: %s rolls, %s lines, %s yuan', count(*), coalesce(sum(r.lines), 0), coalesce(sum(r.total), 0))
              FROM aidcase.payment_roll AS r WHERE r.state <> 'draft'
        UNION ALL SELECT 6, format('conflict flags: %s open, on %s rounds', count(*), count(DISTINCT f.round_id))
              FROM aidcase.conflict_flag AS f WHERE f.state = 'open'
        UNION ALL SELECT 7, format('draw "%s": %s of %s drawn, %s of them certain; frame root %s', d.name,
            (SELECT count(*) FROM aidcase.draw_item AS i WHERE i.draw_id = d.draw_id AND i.selected), d.frame_size,
            (SELECT count(*) FROM aidcase.draw_item AS i WHERE i.draw_id = d.draw_id AND i.certainty),
            left(encode(d.frame_root, 'hex'), 16) || '…') FROM aidcase.draw AS d
        UNION ALL SELECT 8, format('   %s: %s checks locked, %s not reached, findings: %s', d.state,
            count(*) FILTER (WHERE k.state = 'locked'), count(*) FILTER (WHERE k.state = 'not_reached'),
            (SELECT coalesce(string_agg(f.n || ' ' || f.finding_type, ', ' ORDER BY f.finding_type), 'none')
               FROM (SELECT g.finding_type, count(*) AS n FROM aidcase.finding AS g
                      WHERE g.draw_id = d.draw_id AND g.finding_type <> 'none' GROUP BY 1) AS f))
              FROM aidcase.draw AS d JOIN aidcase.spot_check AS k ON k.draw_id = d.draw_id GROUP BY d.draw_id
        UNION ALL SELECT 9, format('planted: %s %s', count(*), p.kind) FROM district.planted_fault AS p GROUP BY p.kind
    ) AS v ORDER BY v.no, v.line;
END;

GRANT USAGE ON SCHEMA district TO demo_admin, demo_town, demo_bureau, demo_checker, demo_payer;
GRANT SELECT ON ALL TABLES IN SCHEMA district TO demo_admin, demo_town, demo_bureau, demo_checker, demo_payer;
GRANT INSERT ON district.filed TO demo_town;
ALTER ROLE demo_admin SET search_path = aidcase, public;
ALTER ROLE demo_town SET search_path = aidcase, public;
ALTER ROLE demo_bureau SET search_path = aidcase, public;
ALTER ROLE demo_checker SET search_path = aidcase, public;
