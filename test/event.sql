-- Changes in a household: what they open, by when they are due, and the
-- months in which decisions, stops and deaths take effect; gradual exit as a
-- phase of the award.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(47);
\ir parts/household.sql
-- a child gives no authorisation and is not checked
CREATE OR REPLACE FUNCTION pg_temp.check_all(r bigint) RETURNS void LANGUAGE sql AS $$
    SELECT aidcase.record_check(jsonb_build_object('round_id', r, 'reference_no', 'k' || r,
        'requested_at', pg_temp.iso(aidcase.now_here()), 'returned_at', pg_temp.iso(aidcase.now_here()),
        'results', (SELECT jsonb_agg(jsonb_build_object('member', m.member_id, 'outcome', 'clean'))
                      FROM aidcase.case_member AS m WHERE m.round_id = r AND m.birth_date < '2010-01-01')));
$$;
CREATE FUNCTION pg_temp.case_of(r bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT case_id FROM aidcase.case_round WHERE round_id = r $$;
CREATE FUNCTION pg_temp.go(no text, r bigint, action text, details text DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.staff_told(no, format('SELECT aidcase.advance(%s, %L, NULL, %L)', r, action, details)) $$;
CREATE FUNCTION pg_temp.roll(month date, at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.clock(at);
    RETURN pg_temp.by_staff('x-clerk', format('SELECT aidcase.make_roll(''340705100'', %L)', month));
END
$$;
CREATE FUNCTION pg_temp.awards(c bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(CASE WHEN isempty(a.months) THEN 'empty' ELSE to_char(lower(a.months), 'MM') || '-' || coalesce(to_char(upper(a.months) - 1, 'MM'), '') END
                      || ' ' || a.amount || '/' || a.persons || CASE a.phase WHEN 'regular' THEN '' ELSE ' ' || a.phase END, ', '
                      ORDER BY isempty(a.months) DESC, a.months, a.award_id) FROM aidcase.award AS a WHERE a.case_id = c $$;
CREATE FUNCTION pg_temp.paid(c bigint) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT string_agg(to_char(benefit_month, 'MM') || ' ' || amount || ' ' || left(line_kind, 1), ', ' ORDER BY benefit_month) FROM aidcase.payment WHERE case_id = c $$;
CREATE FUNCTION pg_temp.event(c bigint, kind text, day date, member bigint DEFAULT NULL, person jsonb DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.record_event(%L)',
        jsonb_strip_nulls(jsonb_build_object('case_id', c, 'kind', kind, 'happened_on', day, 'member', member, 'person', person, 'source', 'household'))))::bigint $$;
-- the n-th member of the last round
CREATE FUNCTION pg_temp.member(c bigint, n integer) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT member_id FROM aidcase.case_member WHERE round_id = (SELECT max(round_id) FROM aidcase.case_round WHERE case_id = c) AND NOT void ORDER BY member_id OFFSET n - 1 LIMIT 1 $$;
-- a change as far as its confirmation, on one day
CREATE FUNCTION pg_temp.decided(r bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.by_staff('x-clerk', format($q$WITH s AS (INSERT INTO aidcase.commitment (case_id, round_id, member_id, text_version, signed_on, sha256)
        SELECT case_id, round_id, member_id, '1', aidcase.today(), sha256('x') FROM aidcase.case_member WHERE round_id = %s AND applicant AND NOT void RETURNING 1) SELECT count(*) FROM s$q$, r));
    PERFORM pg_temp.in_review(r, 'x', '340705100');
    RETURN pg_temp.go('x-leader', r, 'confirm', format('{"minutes_no": "m%s"}', r));
END
$$;
-- a stop or gradual exit as far as its decision
CREATE FUNCTION pg_temp.ended(c bigint, kind text, cause text, happened date, months integer DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r bigint := pg_temp.by_staff('x-clerk', format('SELECT aidcase.stop_case(%s, %L, %L, %L, NULL, %L)', c, cause, happened, kind, months));
BEGIN
    PERFORM pg_temp.by_staff('x-clerk', format('SELECT aidcase.advance(%s, ''verify'')', r));
    RETURN pg_temp.go('x-leader', r, 'decide');
END
$$;

-- ---------------------------------------------------------------------
-- The first month: the one after the decision.  Rural standard 638 until June,
-- 668 from July; one person with 300 a month, severely disabled: 338 + 191.40,
-- from July 368 + 200.40.
SELECT pg_temp.case_of(pg_temp.confirm('a', '340705100', '340705100201', '{1}', 300, '2021-04-30 15:00+08')) AS a \gset
SELECT is(pg_temp.awards(:a), '05- 529.40/1', 'decided on the last day of April: from May');
SELECT pg_temp.case_of(pg_temp.confirm('b', '340705100', '340705100201', '{2}', 300, '2021-05-31 15:00+08')) AS b \gset
SELECT is(pg_temp.awards(:b), '06- 529.40/1', 'decided on the last day of May: from June');
SELECT pg_temp.clock('2021-06-01 09:00+08');
SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)', pg_temp.application('c', '340705100', '340705100201', '{3}', 300, '2021-06-01'))) AS c_round \gset
SELECT pg_temp.in_review(:c_round, 'x', '340705100'), pg_temp.decide(:c_round, 'x', '340705100', '2021-06-01 15:00+08'), pg_temp.case_of(:c_round) AS c \gset
SELECT is(pg_temp.awards(:c), '07- 568.40/1', 'determined and decided on the first of June: from July, with July''s standard');

-- ---------------------------------------------------------------------
-- Stops: the month after, and never a month that is on a roll
SELECT pg_temp.case_of(pg_temp.confirm('d', '340705100', '340705100201', '{4}', 300, '2021-04-12 15:00+08')) AS d,
       pg_temp.case_of(pg_temp.confirm('e', '340705100', '340705100201', '{5}', 300, '2021-04-12 15:00+08')) AS e,
       pg_temp.case_of(pg_temp.confirm('f', '340705100', '340705100201', '{6}', 300, '2021-04-12 15:00+08')) AS f,
       pg_temp.case_of(pg_temp.confirm('g', '340705100', '340705100201', '{7,8}', 300, '2021-04-12 15:00+08')) AS g,
       pg_temp.case_of(pg_temp.confirm('h', '340705100', '340705100201', '{9,10}', 300, '2021-04-12 15:00+08')) AS h,
       pg_temp.case_of(pg_temp.confirm('i', '340705100', '340705100201', '{11}', 300, '2021-04-12 15:00+08')) AS i,
       pg_temp.case_of(pg_temp.confirm('j', '340705100', '340705100201', '{12}', 300, '2021-04-12 15:00+08')) AS j \gset
SELECT is(pg_temp.awards(:g), '05- 1167.40/2', 'two persons: 638 x 2 - 300 = 976, + 191.40');
SELECT pg_temp.clock('2021-05-25 09:00+08');
SELECT is(pg_temp.ended(:d, 'stop', 'death', '2021-05-20'), '(done)', 'a death in May, decided before the roll of June');
SELECT is(pg_temp.awards(:d), '05-05 529.40/1', 'May is the last month');
SELECT isnt(pg_temp.roll('2021-05-01', '2021-05-26 09:00+08'), NULL, 'the roll of May');
SELECT isnt(pg_temp.roll('2021-06-01', '2021-05-28 09:00+08'), NULL, 'the roll of June');
SELECT pg_temp.clock('2021-05-31 09:00+08');
SELECT is(pg_temp.ended(:e, 'stop', 'death', '2021-05-29'), '(done)', 'a death in May, decided when June is on the roll');
SELECT is(pg_temp.awards(:e), '05-06 529.40/1', 'June stays as it is paid');
SELECT pg_temp.clock('2021-06-01 09:00+08');
SELECT is(pg_temp.ended(:f, 'stop', 'own_request', '2021-06-01'), '(done)', 'a stop decided on the first of June');
SELECT is(pg_temp.awards(:f), '05-06 529.40/1', 'June is the last month');
-- after the pay day of June (the 10th)
SELECT pg_temp.clock('2021-06-11 09:00+08');
SELECT is(pg_temp.ended(:i, 'stop', 'death', '2021-06-10'), '(done)', 'a death on the pay day');
SELECT is(pg_temp.awards(:i), '05-06 529.40/1', 'ends with June, too');

-- ---------------------------------------------------------------------
-- One of two dies; then a child is born
SELECT alike(pg_temp.staff_told('x-clerk', $$SELECT aidcase.record_event('{"case_id": 0, "kind": "flood", "happened_on": "2030-01-01", "source": "dream", "who": 1}')$$),
'ZA007 the change in the household has % faults|case_id: is no case of your units
happened_on: must %
kind: must be one of %
source: must be one of %
who: is not %', 'faults of a change, all at once');
SELECT alike(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.record_event('{"case_id": %s, "kind": "death", "happened_on": "2021-06-10", "source": "household", "member": 0}')$$, :g)),
'ZA007 the change in the household has 1 fault|member: is no member of the household|%', 'somebody of another household');
SELECT alike(pg_temp.staff_told('x-clerk', format($$SELECT aidcase.record_event('{"case_id": %s, "kind": "birth", "happened_on": "2021-06-10", "source": "household", "person": {"name": "小某", "relation": "child", "work_ability": "none"}}')$$, :g)),
'ZA007 the change in the household has 1 fault|person: has neither a citizen number nor a date of birth and a sex|%', 'a child without a date of birth');
SELECT pg_temp.event(:g, 'death', '2021-05-08', pg_temp.member(:g, 2)) AS g1 \gset
SELECT results_eq(format('SELECT round_kind, state FROM case_round WHERE round_id = %s', :g1), $$VALUES ('change', 'filed')$$, 'a death opens a change');
SELECT results_eq(format('SELECT counted, not_counted_reason FROM case_member WHERE round_id = %s ORDER BY member_id', :g1), $$VALUES (true, NULL), (false, '死亡 2021-05-08')$$, 'in which the dead does not count');
SELECT results_eq('SELECT case_id, kind, review_due, overdue, round_id IS NOT NULL FROM event_due', format($$VALUES (%s::bigint, 'death', '2021-08-08'::date, false, true)$$, :g), 'due within three months of the death');
SELECT pg_temp.clock('2021-08-08 23:00+08');
SELECT is((SELECT overdue FROM event_due), false, 'on the last day it is not overdue');
SELECT pg_temp.clock('2021-08-09 00:00+08');
SELECT is((SELECT overdue FROM event_due), true, 'a day later it is');
SELECT pg_temp.clock('2021-06-15 09:00+08');
-- while that is open, another change waits
SELECT is(pg_temp.event(:g, 'birth', '2021-06-14', person => '{"name": "小某", "birth_date": "2021-06-14", "sex": "female", "relation": "child", "work_ability": "none"}'), NULL, 'a birth meanwhile opens nothing');
SELECT is((SELECT count(*) FROM event_due WHERE case_id = :g), 2::bigint, 'but is on the list');
SELECT is(pg_temp.decided(:g1), '(done)', 'the first change is decided in June');
SELECT is(pg_temp.awards(:g), '05-06 1167.40/2, 07- 568.40/1', 'from July for one person: 668 - 300 = 368, + 200.40');
SELECT is((SELECT string_agg(kind, ',') FROM event_due WHERE case_id = :g), 'birth', 'which answers the death');
SELECT pg_temp.clock('2021-06-22 09:00+08');
SELECT pg_temp.event(:g, 'birth', '2021-06-14', person => '{"name": "小某", "birth_date": "2021-06-14", "sex": "female", "relation": "child", "work_ability": "none"}') AS g2 \gset
SELECT is(pg_temp.decided(:g2), '(done)', 'the second change of the same month');
SELECT is(pg_temp.awards(:g), 'empty 568.40/1, 05-06 1167.40/2, 07- 1303.20/2', 'takes the place of the first: 668 x 2 - 300 = 1036, + 200.40 + 66.80');
SELECT is_empty('SELECT * FROM event_due', 'nothing waits any more');
SELECT isnt(pg_temp.roll('2021-07-01', '2021-06-28 09:00+08'), NULL, 'the roll of July');
SELECT is(pg_temp.paid(:g), '05 1167.40 c, 06 1167.40 c, 07 1303.20 c', 'each month once');

-- a departure, a marriage
SELECT pg_temp.clock('2021-07-05 09:00+08');
SELECT pg_temp.event(:h, 'departure', '2021-07-01', pg_temp.member(:h, 2)) AS h1 \gset
SELECT is(pg_temp.decided(:h1), '(done)', 'a departure');
SELECT is(pg_temp.awards(:h), '05-07 1167.40/2, 08- 568.40/1', 'takes effect in the month after the decision');
SELECT pg_temp.clock('2021-07-12 09:00+08');
SELECT pg_temp.event(:h, 'marriage', '2021-07-10', person => format('{"name": "某配偶", "citizen_id": "%s", "relation": "spouse", "work_ability": "partial"}', pg_temp.person(77))::jsonb) AS h2 \gset
SELECT results_eq(format('SELECT name, relation, birth_date, counted FROM case_member WHERE round_id = %s AND relation = ''spouse''', :h2), $$VALUES ('某配偶', 'spouse', '1970-03-19'::date, true)$$, 'a marriage brings a member');
SELECT is((SELECT review_due FROM household_event WHERE round_id = :h2), '2021-10-10'::date, 'due by the parameter');
-- the only member dies
SELECT pg_temp.event(:j, 'death', '2021-07-11', pg_temp.member(:j, 1)) AS j1 \gset
SELECT results_eq(format('SELECT r.round_kind, b.cause, b.happened_on FROM case_round AS r JOIN benefit_change AS b USING (round_id) WHERE round_id = %s', :j1), $$VALUES ('stop', 'death', '2021-07-11'::date)$$, 'where nobody is left, a death opens a stop');
SELECT throws_ok(format($$INSERT INTO household_event (case_id, kind, happened_on, review_due, source) VALUES (%s, 'birth', '2021-07-13', '2021-07-13', 'other')$$, :h), '22023', 'a change in a household is recorded when it has happened', 'on no path before it happens');
SELECT alike(pg_temp.told('t_other', format($$SELECT aidcase.record_event('{"case_id": %s, "kind": "death", "happened_on": "2021-06-10", "source": "household", "member": 1}')$$, :h)), 'ZA007 the change in the household has 1 fault|case_id: is no case of your units|%', 'another unit''s clerk');

-- ---------------------------------------------------------------------
-- Gradual exit: base as it is for three months, half from the fourth on
-- (illustrative); add-ons in full and anew.  Award 568.40 = 368 + 200.40.
SELECT is(pg_temp.awards(:c), '07- 568.40/1', 'before');
SELECT is(pg_temp.ended(:c, 'gradual_exit', 'employment', '2021-07-08', 5), '(done)', 'a gradual exit of five months, decided in July');
SELECT is(pg_temp.awards(:c), '07-07 568.40/1, 08-10 568.40/1 gradual_exit, 11-12 384.40/1 gradual_exit', 'August to October in full, November and December 184 + 200.40');
SELECT results_eq(format('SELECT component, p.amount FROM award JOIN award_component AS p USING (award_id) WHERE award.case_id = %s AND phase = ''gradual_exit'' ORDER BY months, component', :c),
    $$VALUES ('addon', 200.40), ('base', 368.00), ('addon', 200.40), ('base', 184.00)$$, 'its components');
SELECT throws_ok(format('INSERT INTO award (case_id, round_id, determination_id, unit_id, programme, months, amount, persons, residence, phase)
    SELECT case_id, round_id, determination_id, unit_id, programme, ''[2022-01-01,2022-02-01)'', amount, persons, residence, phase FROM award WHERE case_id = %s AND phase = ''gradual_exit'' LIMIT 1', :c),
    'ZA003', 'an award in gradual exit needs a decision on it', 'not a month more');
-- the base is not more than the present household could get: raised by hand to 900
SELECT is(pg_temp.awards(:b), '06- 529.40/1', 'another household');
SET LOCAL session_replication_role = replica;
UPDATE award_component SET amount = 900 WHERE component = 'base' AND award_id = (SELECT award_id FROM award WHERE case_id = :b);
UPDATE award SET amount = 1091.40 WHERE case_id = :b;
SET LOCAL session_replication_role = origin;
SELECT pg_temp.clock('2021-07-13 09:00+08');
SELECT is(pg_temp.ended(:b, 'gradual_exit', 'employment', '2021-07-08', 1), '(done)', 'with a base above the standard');
SELECT is(pg_temp.awards(:b), '06-07 1091.40/1, 08-08 868.40/1 gradual_exit', 'capped by 668 x 1, + 200.40');

SELECT * FROM finish();
ROLLBACK;
