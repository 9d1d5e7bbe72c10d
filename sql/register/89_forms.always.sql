/*
 * forms: the papers that a household or the village gets, one A4 page each.
 *
 *   document(round_id, kind)        the page: of the paper that was issued last,
 *                                   else a draft, marked so and without number
 *   issue_document(round_id, kind)  gives it its number and keeps the facts
 *
 * A page is a template, dated and by area, filled with the facts of a round.
 * What stands in a name or a note is text and nothing else: every value is
 * escaped, and a template may hold plain tags only (check_template()).
 */

-- Dates and times as they stand in a paper.
CREATE OR REPLACE FUNCTION aidcase.date_in_words(day date) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN extract(year FROM day) || '年' || extract(month FROM day) || '月' || extract(day FROM day) || '日';
COMMENT ON FUNCTION aidcase.date_in_words(date) IS
    '日期的中文写法,如 2021年4月6日 / a date as a Chinese paper writes it';

CREATE OR REPLACE FUNCTION aidcase.time_in_words(at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN aidcase.date_in_words(aidcase.date_here(at)) || to_char(at AT TIME ZONE aidcase.zone_here(), 'HH24:MI');
COMMENT ON FUNCTION aidcase.time_in_words(timestamptz) IS
    '时间的中文写法(登记库时区),如 2021年4月6日09:30 / an instant as a Chinese paper writes it, in the register''s time zone';

CREATE OR REPLACE FUNCTION aidcase.yuan_in_figures(amount numeric) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN trim(to_char(amount, '999999999999990.00'));
COMMENT ON FUNCTION aidcase.yuan_in_figures(numeric) IS
    '金额的小写(元,两位小数) / an amount in figures (yuan, two decimals)';

CREATE OR REPLACE FUNCTION aidcase.label_zh(code_set text, code text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
SELECT l.zh FROM aidcase.label AS l WHERE l.code_set = label_zh.code_set AND l.code = label_zh.code;
END;
COMMENT ON FUNCTION aidcase.label_zh(text, text) IS
    '代码的中文名称,无则 NULL / the Chinese label of a code; NULL when it has none';

/*
 * The facts of a round that templates may name (table document_fact lists
 * them), as far as the caller may read them.  What there is none of is null.
 */
CREATE OR REPLACE FUNCTION aidcase.document_facts(round_id bigint) RETURNS jsonb
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH r AS (
    SELECT q.*, c.case_no, c.residence, c.address, c.phone, c.village_id,
           coalesce(q.decided_on, aidcase.today()) AS day
      FROM aidcase.case_round AS q JOIN aidcase.aid_case AS c ON c.case_id = q.case_id
     WHERE q.round_id = document_facts.round_id
), award AS (
    SELECT a.*, p.label_zh, p.sort, p.recurring FROM aidcase.award AS a JOIN aidcase.programme AS p ON p.programme = a.programme
     WHERE a.round_id = document_facts.round_id
), former AS (
    -- what the round's awards took the place of
    SELECT DISTINCT ON (o.programme) o.*, p.label_zh, p.sort
      FROM award AS a
      JOIN aidcase.award AS o ON o.case_id = a.case_id AND o.programme = a.programme AND o.award_id < a.award_id
                             AND o.round_id <> a.round_id
      JOIN aidcase.programme AS p ON p.programme = o.programme
     WHERE a.recurring
     ORDER BY o.programme, o.award_id DESC
), meeting AS (
    SELECT m.* FROM aidcase.review_meeting AS m
     WHERE m.meeting_id = coalesce((SELECT r.meeting_id FROM r),
                                   (SELECT max(v.meeting_id) FROM aidcase.review_vote AS v WHERE v.round_id = document_facts.round_id))
), publication AS (
    SELECT p.* FROM aidcase.publication AS p
     WHERE p.publication_id = (SELECT max(i.publication_id) FROM aidcase.publication_item AS i
                                WHERE i.round_id = document_facts.round_id)
)
SELECT jsonb_build_object(
    'register_name', (SELECT g.name FROM aidcase.register AS g),
    'rehearsal', (SELECT g.purpose = 'rehearsal' FROM aidcase.register AS g),
    'case_no', r.case_no,
    'round_no', r.round_no,
    'round_kind', aidcase.label_zh('case_round.round_kind', r.round_kind),
    'unit_name', (SELECT u.name FROM aidcase.units_on(r.day) AS u WHERE u.unit_id = r.unit_id),
    'village_name', (SELECT u.name FROM aidcase.units_on(r.day) AS u WHERE u.unit_id = r.village_id),
    'residence', aidcase.label_zh('aid_case.residence', r.residence),
    'address', r.address,
    'phone', r.phone,
    'channel', aidcase.label_zh('case_round.channel', r.channel),
    'finder', r.finder,
    'first_contact', aidcase.time_in_words(r.first_contact_at),
    'accepted_on', aidcase.date_in_words(r.accepted_on),
    'decided_on', aidcase.date_in_words(r.decided_on),
    'reason', r.reason,
    'today', aidcase.date_in_words(aidcase.today()),
    'handler', (SELECT s.name FROM aidcase.staff AS s WHERE s.staff_id = r.handler_id))
|| jsonb_build_object(
    -- by entrustment of the district, while a delegation is in force
    'entrusted', (SELECT jsonb_build_object('document', min(d.doc_no))
                    FROM aidcase.delegation AS g JOIN aidcase.policy_document AS d ON d.document_id = g.document_id
                   WHERE g.unit_id = r.unit_id AND g.valid @> r.day
                  HAVING count(*) > 0),
    'reconsideration_days', (SELECT p.value FROM aidcase.parameter_row('reconsideration_days', v.unit_code, r.day, NULL) AS p),
    'lawsuit_months', (SELECT p.value FROM aidcase.parameter_row('lawsuit_months', v.unit_code, r.day, NULL) AS p),
    'publicity_days', (SELECT p.value FROM aidcase.parameter_row('publicity_days', v.unit_code, r.day, NULL) AS p),
    'decision_workdays', (SELECT p.value FROM aidcase.parameter_row('decision_clean_workdays', v.unit_code, coalesce(r.accepted_on, r.day), NULL) AS p),
    'applicant', (SELECT jsonb_build_object('name', m.name, 'citizen_id', m.citizen_id)
                    FROM aidcase.case_member AS m
                   WHERE m.round_id = r.round_id AND NOT m.void AND m.applicant),
    'persons', (SELECT count(*) FROM aidcase.case_member AS m WHERE m.round_id = r.round_id AND NOT m.void AND m.counted),
    'members', (SELECT jsonb_agg(jsonb_build_object('name', m.name, 'citizen_id', m.citizen_id, 'sex', aidcase.label_zh('case_member.sex', m.sex),
                           'birth_date', m.birth_date, 'relation', aidcase.label_zh('case_member.relation', m.relation),
                           'work_ability', aidcase.label_zh('case_member.work_ability', m.work_ability),
                           'health', aidcase.label_zh('case_member.health', m.health),
                           'disability', aidcase.label_zh('case_member.disability_kind', m.disability_kind)
                                         || m.disability_level || '级') ORDER BY m.member_id)
                  FROM aidcase.case_member AS m WHERE m.round_id = r.round_id AND NOT m.void),
    'obligors', (SELECT jsonb_agg(jsonb_build_object('name', o.name, 'relation', aidcase.label_zh('obligor.relation', o.relation),
                            'household_size', o.household_size, 'annual_income', aidcase.yuan_in_figures(o.annual_income),
                            'paid_monthly', aidcase.yuan_in_figures(o.paid_monthly)) ORDER BY o.obligor_id)
                   FROM aidcase.obligor AS o WHERE o.round_id = r.round_id AND NOT o.void),
    'causes', (SELECT jsonb_agg(jsonb_build_object('name', aidcase.label_zh('case_cause.cause', k.cause)) ORDER BY k.cause_id)
                 FROM aidcase.case_cause AS k WHERE k.round_id = r.round_id AND NOT k.void),
    'income', (SELECT jsonb_agg(jsonb_build_object('member', m.name, 'kind', k.label_zh, 'amount', aidcase.yuan_in_figures(i.amount),
                          'basis', aidcase.label_zh('income_item.basis', i.basis), 'source', aidcase.label_zh('income_item.source', i.source)) ORDER BY i.income_id)
                 FROM aidcase.income_item AS i JOIN aidcase.case_member AS m ON m.member_id = i.member_id
                 JOIN aidcase.income_kind AS k ON k.income_kind = i.income_kind
                WHERE i.round_id = r.round_id AND NOT i.void),
    'property', (SELECT jsonb_agg(jsonb_build_object('member', m.name, 'kind', k.label_zh, 'value', aidcase.yuan_in_figures(i.value),
                          'quantity', i.quantity, 'source', aidcase.label_zh('property_item.source', i.source)) ORDER BY i.property_id)
                 FROM aidcase.property_item AS i JOIN aidcase.case_member AS m ON m.member_id = i.member_id
                 JOIN aidcase.property_kind AS k ON k.property_kind = i.property_kind
                WHERE i.round_id = r.round_id AND NOT i.void),
    'expenses', (SELECT jsonb_agg(jsonb_build_object('member', m.name, 'kind', k.label_zh, 'amount', aidcase.yuan_in_figures(i.amount),
                          'basis', aidcase.label_zh('expense_item.basis', i.basis)) ORDER BY i.expense_id)
                 FROM aidcase.expense_item AS i JOIN aidcase.case_member AS m ON m.member_id = i.member_id
                 JOIN aidcase.expense_kind AS k ON k.expense_kind = i.expense_kind
                WHERE i.round_id = r.round_id AND NOT i.void))
|| jsonb_build_object(
    'missing_papers', (SELECT jsonb_agg(jsonb_build_object('name', k.label_zh, 'asked_on', aidcase.date_in_words(q.asked_on)) ORDER BY k.sort, q.request_id)
                         FROM aidcase.paper_request AS q JOIN aidcase.paper_kind AS k ON k.paper = q.paper
                        WHERE q.round_id = r.round_id AND NOT q.void AND q.received_on IS NULL),
    'commitment', (SELECT jsonb_build_object('signed_on', aidcase.date_in_words(k.signed_on), 'text_version', k.text_version)
                     FROM aidcase.commitment AS k WHERE k.round_id = r.round_id AND NOT k.void),
    'authorisations', (SELECT jsonb_agg(jsonb_build_object('name', coalesce(m.name, o.name), 'signed_on', aidcase.date_in_words(x.signed_on),
                                  'valid_until', aidcase.date_in_words(x.valid_until)) ORDER BY x.authorisation_id)
                         FROM aidcase.authorisation AS x
                         LEFT JOIN aidcase.case_member AS m ON m.member_id = x.member_id
                         LEFT JOIN aidcase.obligor AS o ON o.obligor_id = x.obligor_id
                        WHERE x.round_id = r.round_id AND NOT x.void),
    'checks', (SELECT jsonb_agg(jsonb_build_object('name', coalesce(m.name, o.name), 'reference_no', x.reference_no,
                          'returned', aidcase.time_in_words(x.returned_at),
                          'outcome', aidcase.label_zh('registry_check.outcome', x.outcome)) ORDER BY x.check_id)
                 FROM aidcase.registry_check AS x
                 LEFT JOIN aidcase.case_member AS m ON m.member_id = x.member_id
                 LEFT JOIN aidcase.obligor AS o ON o.obligor_id = x.obligor_id
                WHERE x.round_id = r.round_id),
    'visits', (SELECT jsonb_agg(jsonb_build_object('visited_at', aidcase.time_in_words(h.visited_at), 'visitor', s.name, 'second_visitor', t.name,
                          'outcome', aidcase.label_zh('home_visit.outcome', h.outcome), 'report', h.report) ORDER BY h.visited_at, h.visit_id)
                 FROM aidcase.home_visit AS h JOIN aidcase.staff AS s ON s.staff_id = h.visitor_id
                 JOIN aidcase.staff AS t ON t.staff_id = h.second_visitor_id
                WHERE h.round_id = r.round_id AND NOT h.void),
    'determinations', (SELECT jsonb_agg(jsonb_build_object('programme', p.label_zh, 'eligible', d.eligible,
                                  'standard', aidcase.yuan_in_figures(d.standard), 'persons', d.members,
                                  'per_capita', aidcase.yuan_in_figures(d.per_capita), 'amount', aidcase.yuan_in_figures(d.amount),
                                  'illustrative', d.illustrative,
                                  'reasons', (SELECT jsonb_agg(jsonb_build_object('sentence', f.sentence_zh, 'article', f.article) ORDER BY f.sort)
                                                FROM aidcase.refusal_reason AS f WHERE f.refusal_reason = ANY (d.reasons))) ORDER BY p.sort)
                         FROM (SELECT DISTINCT ON (x.programme) x.* FROM aidcase.determination AS x
                                WHERE x.round_id = r.round_id ORDER BY x.programme, x.determination_id DESC) AS d
                         JOIN aidcase.programme AS p ON p.programme = d.programme),
    'evaluation', (SELECT jsonb_build_object('summary', e.summary, 'evaluated_at', aidcase.time_in_words(e.evaluated_at), 'evaluated_by', s.name)
                     FROM aidcase.evaluation AS e JOIN aidcase.staff AS s ON s.staff_id = e.evaluated_by
                    WHERE e.round_id = r.round_id ORDER BY e.evaluation_id DESC LIMIT 1),
    'opinions', (SELECT jsonb_agg(jsonb_build_object('matter', aidcase.label_zh('assistance_opinion.matter', o.matter), 'programme', p.label_zh,
                            'department', aidcase.label_zh('assistance_opinion.department', o.department),
                            'outcome', aidcase.label_zh('assistance_opinion.outcome', o.outcome),
                            'reply_due', aidcase.date_in_words(o.reply_due),
                            'amount', aidcase.yuan_in_figures(CASE WHEN o.outcome = 'granted' THEN coalesce(o.amount, d.amount) END),
                            'sentence', f.sentence_zh, 'article', f.article) ORDER BY p.sort NULLS LAST, o.opinion_id)
                   FROM aidcase.assistance_opinion AS o
                   LEFT JOIN aidcase.programme AS p ON p.programme = o.programme
                   LEFT JOIN aidcase.determination AS d ON d.determination_id = o.determination_id
                   LEFT JOIN aidcase.refusal_reason AS f ON f.refusal_reason = o.refusal_reason
                  WHERE o.round_id = r.round_id AND NOT o.void),
    'refusals', (SELECT jsonb_agg(jsonb_build_object('matter', coalesce(p.label_zh, aidcase.label_zh('assistance_opinion.matter', o.matter)),
                            'sentence', f.sentence_zh, 'article', f.article) ORDER BY p.sort NULLS LAST, o.opinion_id)
                   FROM aidcase.assistance_opinion AS o
                   LEFT JOIN aidcase.programme AS p ON p.programme = o.programme
                   JOIN aidcase.refusal_reason AS f ON f.refusal_reason = o.refusal_reason
                  WHERE o.round_id = r.round_id AND NOT o.void AND o.outcome = 'refused'))
|| jsonb_build_object(
    'awards', (SELECT jsonb_agg(jsonb_build_object('programme', a.label_zh, 'recurring', a.recurring, 'persons', a.persons,
                          'amount', aidcase.yuan_in_figures(a.amount), 'capitals', aidcase.yuan_in_capitals(a.amount),
                          'from_month', to_char(lower(a.months), 'YYYY"年"FMMM"月"'),
                          'components', (SELECT jsonb_agg(jsonb_build_object('name', aidcase.label_zh('award_component.component', k.component),
                                                    'amount', aidcase.yuan_in_figures(k.amount)) ORDER BY k.component_id)
                                           FROM aidcase.award_component AS k WHERE k.award_id = a.award_id)) ORDER BY a.sort, a.award_id)
                 FROM award AS a),
    'former_awards', (SELECT jsonb_agg(jsonb_build_object('programme', o.label_zh, 'persons', o.persons,
                          'amount', aidcase.yuan_in_figures(o.amount), 'capitals', aidcase.yuan_in_capitals(o.amount)) ORDER BY o.sort)
                        FROM former AS o),
    'endings', (SELECT jsonb_agg(jsonb_build_object('programme', p.label_zh, 'cause', aidcase.label_zh('benefit_change.cause', b.cause),
                          'happened_on', aidcase.date_in_words(b.happened_on), 'note', b.note,
                          'last_month', (SELECT to_char(max(upper(a.months)) - 1, 'YYYY"年"FMMM"月"') FROM aidcase.award AS a
                                          WHERE a.case_id = r.case_id AND a.programme = b.programme AND NOT isempty(a.months))) ORDER BY p.sort)
                  FROM aidcase.benefit_change AS b JOIN aidcase.programme AS p ON p.programme = b.programme
                 WHERE b.round_id = r.round_id AND NOT b.void),
    'account', (SELECT jsonb_build_object('holder_name', a.holder_name, 'bank', a.bank, 'last_digits', right(a.account_no, 4))
                  FROM aidcase.payee_account AS a WHERE a.case_id = r.case_id AND a.valid @> r.day),
    'publication', (SELECT jsonb_build_object('published_on', aidcase.date_in_words(p.published_on), 'until', aidcase.date_in_words(p.until),
                           'lines', (SELECT jsonb_agg(jsonb_build_object('village', u.name, 'applicant_name', i.applicant_name, 'persons', i.persons,
                                               'programme', g.label_zh, 'amount', aidcase.yuan_in_figures(i.amount))
                                               ORDER BY u.unit_code, g.sort, i.publication_item_id)
                                       FROM aidcase.publication_item AS i
                                       JOIN aidcase.programme AS g ON g.programme = i.programme
                                       JOIN aidcase.units_on(p.published_on) AS u ON u.unit_id = i.village_id
                                      WHERE i.publication_id = p.publication_id))
                      FROM publication AS p),
    'transfer', (SELECT jsonb_build_object('from_unit', (SELECT u.name FROM aidcase.units_on(r.day) AS u WHERE u.unit_id = t.unit_id),
                        'to_unit', coalesce(t.to_place, (SELECT u.name FROM aidcase.units_on(r.day) AS u WHERE u.unit_id = t.to_unit_id)),
                        'released_on', aidcase.date_in_words(t.released_on), 'accepted_on', aidcase.date_in_words(t.accepted_on),
                        'last_paid_month', to_char(t.last_paid_month, 'YYYY"年"FMMM"月"'),
                        'members', t.members, 'awards', t.awards, 'monthly_amount', aidcase.yuan_in_figures(t.monthly_amount),
                        'open_rounds', t.open_rounds, 'documents', t.documents, 'receipt_no', t.receipt_no, 'note', t.note)
                   FROM aidcase.case_transfer AS t
                  WHERE t.case_id = r.case_id AND t.released_on IS NOT NULL ORDER BY t.transfer_id DESC LIMIT 1),
    'meeting', (SELECT jsonb_build_object('minutes_no', m.minutes_no, 'held_at', aidcase.time_in_words(m.held_at), 'place', m.place,
                       'group', g.name,
                       'attendance', (SELECT jsonb_agg(jsonb_build_object('name', s.name,
                                                'capacity', aidcase.label_zh('review_group_member.capacity', w.capacity)) ORDER BY a.attendance_id)
                                        FROM aidcase.meeting_attendance AS a JOIN aidcase.staff AS s ON s.staff_id = a.staff_id
                                        LEFT JOIN aidcase.review_group_member AS w ON w.group_id = m.group_id AND w.staff_id = a.staff_id
                                                                                  AND w.valid @> aidcase.date_here(m.held_at)
                                       WHERE a.meeting_id = m.meeting_id),
                       'items', (SELECT jsonb_agg(jsonb_build_object('case_no', c.case_no,
                                          'applicant_name', (SELECT x.name FROM aidcase.case_member AS x
                                                              WHERE x.round_id = i.round_id AND x.applicant AND NOT x.void),
                                          'put_off', i.put_off,
                                          'agree', v.agree, 'against', v.against, 'abstain', v.abstain, 'recused', v.recused) ORDER BY i.item_no)
                                   FROM aidcase.meeting_item AS i JOIN aidcase.aid_case AS c ON c.case_id = i.case_id
                                  CROSS JOIN LATERAL (
                                        SELECT count(*) FILTER (WHERE w.vote = 'agree') AS agree, count(*) FILTER (WHERE w.vote = 'against') AS against,
                                               count(*) FILTER (WHERE w.vote = 'abstain') AS abstain, count(*) FILTER (WHERE w.vote = 'recused') AS recused
                                          FROM aidcase.review_vote AS w WHERE w.meeting_id = i.meeting_id AND w.round_id = i.round_id) AS v
                                  WHERE i.meeting_id = m.meeting_id))
                  FROM meeting AS m JOIN aidcase.review_group AS g ON g.group_id = m.group_id))
  FROM r JOIN aidcase.unit AS v ON v.unit_id = r.village_id;
END;
COMMENT ON FUNCTION aidcase.document_facts(bigint) IS
    '一轮次可填入文书的事实,限调用者可见 / the facts of a round that papers may name, as far as the caller may read them';
REVOKE ALL ON FUNCTION aidcase.document_facts(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.document_facts(bigint) TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

-- Trigger: a template is plain tags, and names facts that there are.  All
-- faults at once.
CREATE OR REPLACE FUNCTION aidcase.check_template() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    plain CONSTANT text := '^</?(h1|h2|h3|p|div|span|table|thead|tbody|tfoot|tr|th|td|col|colgroup|caption|b|strong|i|em|u|br|hr|ol|ul|li|section|header|footer|small|sup|sub)'
                           '( (class|colspan|rowspan)="[a-z0-9 _-]*")* ?/?>$';
BEGIN
    PERFORM aidcase.raise_faults('template', ARRAY(
        SELECT f.part || ': ' || f.reason
          FROM (SELECT p.part, format('line %s %s', n.line, n.fault) AS reason
                  FROM (VALUES ('body', NEW.body), ('number_format', NEW.number_format), ('title', NEW.title)) AS p (part, words)
                 CROSS JOIN LATERAL aidcase.template_names(p.words) AS n WHERE n.fault IS NOT NULL
                UNION ALL
                -- a name may be that of the lists around it, or of the round
                SELECT p.part, format('line %s names "%s", which is no fact', n.line, n.name)
                  FROM (VALUES ('body', NEW.body), ('title', NEW.title)) AS p (part, words)
                 CROSS JOIN LATERAL aidcase.template_names(p.words) AS n
                 CROSS JOIN LATERAL (SELECT string_to_array(n.name, '/') AS steps) AS s
                 WHERE n.name IS NOT NULL
                   AND NOT EXISTS (SELECT FROM generate_series(0, cardinality(s.steps) - 1) AS k
                                     JOIN aidcase.document_fact AS d
                                       ON d.path = array_to_string(s.steps[1:k] || s.steps[cardinality(s.steps)], '/'))
                UNION ALL
                SELECT 'number_format', format('line %s names "%s"; only unit_name, year and serial are known', n.line, n.name)
                  FROM aidcase.template_names(NEW.number_format) AS n
                 WHERE n.name NOT IN ('unit_name', 'year', 'serial')
                UNION ALL
                SELECT 'number_format', 'does not name serial'
                 WHERE NOT EXISTS (SELECT FROM aidcase.template_names(NEW.number_format) AS n WHERE n.name = 'serial')
                UNION ALL
                SELECT DISTINCT 'body', format('has the tag "%s", which a page must not hold', left(t.tag[1], 60))
                  FROM regexp_matches(NEW.body, '<[^>]*>?', 'g') AS t (tag)
                 WHERE t.tag[1] !~ plain
                UNION ALL
                SELECT p.part, 'has a tag' FROM (VALUES ('number_format', NEW.number_format), ('title', NEW.title)) AS p (part, words)
                 WHERE p.words ~ '[<>]') AS f
         ORDER BY f.part, f.reason),
        'Table aidcase.document_fact lists the facts; tags are plain ones with class, colspan and rowspan.');
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.check_template() IS
    '触发器:模板只可用普通标签和已有事实 / trigger: a template holds plain tags and facts that there are';
REVOKE ALL ON FUNCTION aidcase.check_template() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_template" BEFORE INSERT OR UPDATE ON aidcase.document_template
    FOR EACH ROW EXECUTE FUNCTION aidcase.check_template();
-- its end may be set; what papers were made from stays
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.document_template
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change('valid');

-- The page: a whole document that needs nothing from elsewhere.
CREATE OR REPLACE FUNCTION aidcase.document_page(template aidcase.document_template, facts jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN aidcase.render_template($page$<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{title}}</title>
<style>
@page { size: A4; margin: 22mm 20mm 18mm 24mm; }
body { font-family: FangSong, STFangsong, "Noto Serif CJK SC", "Noto Sans CJK SC", serif; font-size: 12pt; line-height: 1.6; color: #000; margin: 0; }
@media screen { body { max-width: 166mm; margin: 22mm auto; } }
h1 { font-size: 18pt; text-align: center; margin: 0 0 4mm; letter-spacing: .1em; }
h2 { font-size: 13pt; margin: 4mm 0 1mm; }
p { margin: 0 0 2mm; text-indent: 2em; white-space: pre-line; overflow-wrap: anywhere; }
p.flush, td p, th p { text-indent: 0; }
p.right { text-indent: 0; text-align: right; }
.number { text-align: right; text-indent: 0; margin-bottom: 4mm; }
.note { white-space: pre-line; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 0 0 3mm; font-size: 10.5pt; line-height: 1.4; page-break-inside: auto; }
thead { display: table-header-group; }
tr { page-break-inside: avoid; }
th, td { border: .35mm solid #000; padding: 1mm 1.5mm; vertical-align: middle; overflow-wrap: anywhere; }
th { font-weight: normal; background: #f2f2f2; text-align: center; }
.compact th, .compact td { padding: .5mm 1mm; }
td.amount { text-align: right; white-space: nowrap; }
td.center { text-align: center; }
td.tall { height: 20mm; vertical-align: top; }
.compact { font-size: 10pt; line-height: 1.35; }
.compact table { font-size: 8.5pt; line-height: 1.2; margin-bottom: 1.5mm; }
.compact h2 { font-size: 10.5pt; margin: 1mm 0 .5mm; }
.seal { margin-top: 10mm; text-align: right; text-indent: 0; page-break-inside: avoid; }
.seal .place { display: inline-block; width: 40mm; height: 40mm; border: .3mm dashed #999; color: #999; text-align: center; line-height: 40mm; font-size: 9pt; border-radius: 50%; }
td.id { white-space: nowrap; text-align: center; letter-spacing: -.02em; }
.signature { margin-top: 8mm; text-indent: 0; page-break-inside: avoid; }
.signature span { display: inline-block; min-width: 38mm; border-bottom: .3mm solid #000; }
.compact .seal { margin-top: 0; }
.compact .seal .place { width: 22mm; height: 22mm; line-height: 22mm; }
.compact .signature { margin-top: 3mm; }
.foot { margin-top: 6mm; border-top: .2mm solid #999; font-size: 8.5pt; color: #444; text-indent: 0; }
.mark { position: fixed; top: 42%; left: 0; width: 100%; text-align: center; font-size: 60pt; color: #ccc; transform: rotate(-30deg); z-index: -1; }
</style>
</head>
<body>
{{#draft}}<div class="mark">草稿</div>{{/draft}}{{^draft}}{{#rehearsal}}<div class="mark">演练</div>{{/rehearsal}}{{/draft}}
<h1>{{title}}</h1>
<p class="number">{{document_no}}{{^document_no}}(未编号){{/document_no}}</p>
$page$, facts || jsonb_build_object('title', aidcase.render_template((template).title, facts)))
|| aidcase.render_template((template).body, facts)
|| aidcase.render_template($page$
<p class="foot">档案号 {{case_no}}{{#illustrative}} · 示例文书格式,不具效力 / illustrative form{{/illustrative}}</p>
</body>
</html>
$page$, facts);
COMMENT ON FUNCTION aidcase.document_page(aidcase.document_template, jsonb) IS
    '内部:模板与事实合成一页 A4 网页,不引用外部资源 / internal: the A4 page of a template and its facts, which needs nothing from elsewhere';
REVOKE ALL ON FUNCTION aidcase.document_page(aidcase.document_template, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.document_page(aidcase.document_template, jsonb)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

-- The template for a round: that of the nearest area on the day.
CREATE OR REPLACE FUNCTION aidcase.template_for(round_id bigint, kind text) RETURNS aidcase.document_template
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT t FROM aidcase.case_round AS r
  JOIN aidcase.aid_case AS c ON c.case_id = r.case_id
  JOIN aidcase.unit AS v ON v.unit_id = c.village_id
  JOIN aidcase.document_template AS t ON t.area_code = ANY (aidcase.area_chain(v.unit_code))
   AND t.kind = template_for.kind AND t.valid @> aidcase.today()
 WHERE r.round_id = template_for.round_id
 ORDER BY t.area_code COLLATE "C" DESC LIMIT 1;
END;
COMMENT ON FUNCTION aidcase.template_for(bigint, text) IS
    '内部:轮次所在地区当日有效的文书模板 / internal: the template in force today for the place of a round';
REVOKE ALL ON FUNCTION aidcase.template_for(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.template_for(bigint, text)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

-- Why there is no such paper for a round; all reasons at once.
CREATE OR REPLACE FUNCTION aidcase.document_faults(round_id bigint, kind text, facts jsonb)
RETURNS TABLE (path text, reason text)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT 'round_id'::text, 'is no round of your units'::text WHERE facts IS NULL
UNION ALL
SELECT 'kind', 'is no kind of document' WHERE NOT EXISTS (SELECT FROM aidcase.document_kind AS k WHERE k.kind = document_faults.kind)
UNION ALL
SELECT 'kind', format('the round has nothing for it: %s (%s)', f.label_en, f.path)
  FROM aidcase.document_kind AS k CROSS JOIN LATERAL unnest(k.needs) AS n (need)
  JOIN aidcase.document_fact AS f ON f.path = n.need
 WHERE k.kind = document_faults.kind AND facts IS NOT NULL
   AND coalesce(facts -> n.need, 'null') IN ('null', '[]', '{}', '""')
UNION ALL
SELECT 'kind', 'no template is in force for the place of the round'
  FROM aidcase.document_kind AS k
 WHERE k.kind = document_faults.kind AND facts IS NOT NULL
   AND (aidcase.template_for(document_faults.round_id, k.kind)).template_id IS NULL;
END;
COMMENT ON FUNCTION aidcase.document_faults(bigint, text, jsonb) IS
    '内部:不能出具该文书的全部理由 / internal: why there is no such paper for a round';
REVOKE ALL ON FUNCTION aidcase.document_faults(bigint, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.document_faults(bigint, text, jsonb)
    TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

CREATE OR REPLACE FUNCTION aidcase.document(round_id bigint, kind text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    issued aidcase.document_issued;
    template aidcase.document_template;
    facts jsonb;
BEGIN
    SELECT d.* INTO issued FROM aidcase.document_issued AS d
     WHERE d.round_id = document.round_id AND d.kind = document.kind
     ORDER BY d.issued_id DESC LIMIT 1;
    IF issued.issued_id IS NOT NULL THEN
        SELECT t.* INTO template FROM aidcase.document_template AS t WHERE t.template_id = issued.template_id;
        RETURN aidcase.document_page(template, issued.facts);
    END IF;
    facts := aidcase.document_facts(document.round_id);
    PERFORM aidcase.raise_faults('document', ARRAY(
        SELECT f.path || ': ' || f.reason FROM aidcase.document_faults(document.round_id, document.kind, facts) AS f ORDER BY 1),
        'Tables aidcase.document_kind and aidcase.document_template list what there is.');
    template := aidcase.template_for(document.round_id, document.kind);
    RETURN aidcase.document_page(template, facts || jsonb_build_object(
        'draft', true, 'document_no', NULL, 'illustrative', template.illustrative));
END
$$;
COMMENT ON FUNCTION aidcase.document(bigint, text) IS
    '可打印的 A4 网页:已出具的文书,否则为草稿 / a printable A4 page: the paper as it was issued last, else a draft without number';
REVOKE ALL ON FUNCTION aidcase.document(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.document(bigint, text) TO aidcase_clerk, aidcase_leader, aidcase_bureau, aidcase_inspector;

-- Trigger: number, facts and hash of a paper are made here, whatever was
-- given, from what the caller may read; papers of a unit, kind and year are numbered without gaps, so the
-- next one waits for the one before it to be committed.
CREATE OR REPLACE FUNCTION aidcase.make_document() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    the_round aidcase.case_round;
    template aidcase.document_template;
    facts jsonb := aidcase.document_facts(NEW.round_id);
    words text;
BEGIN
    PERFORM aidcase.raise_faults('document', ARRAY(
        SELECT f.path || ': ' || f.reason FROM aidcase.document_faults(NEW.round_id, NEW.kind, facts) AS f ORDER BY 1),
        'Tables aidcase.document_kind and aidcase.document_template list what there is.');
    SELECT r.* INTO the_round FROM aidcase.case_round AS r WHERE r.round_id = NEW.round_id;
    PERFORM pg_advisory_xact_lock(hashtextextended('aidcase document ' || the_round.unit_id || ' ' || NEW.kind, 0));
    template := aidcase.template_for(NEW.round_id, NEW.kind);
    NEW.case_id := the_round.case_id;
    NEW.unit_id := the_round.unit_id;
    NEW.template_id := template.template_id;
    NEW.issued_at := aidcase.now_here();
    NEW.issued_by := aidcase.acting_staff();
    NEW.year := extract(year FROM aidcase.today());
    SELECT coalesce(max(d.serial), 0) + 1 INTO NEW.serial FROM aidcase.document_issued AS d
     WHERE d.unit_id = NEW.unit_id AND d.kind = NEW.kind AND d.year = NEW.year;
    words := aidcase.render_template(template.number_format, jsonb_build_object(
        'unit_name', facts -> 'unit_name', 'year', NEW.year, 'serial', NEW.serial));
    NEW.document_no := words;
    NEW.facts := facts || jsonb_build_object('draft', false, 'document_no', words, 'illustrative', template.illustrative);
    NEW.sha256 := sha256(convert_to(aidcase.document_page(template, NEW.facts), 'UTF8'));
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION aidcase.make_document() IS
    '触发器:文书编号、事实和散列在此生成,同单位同种类按年连续编号 / trigger: number, facts and hash of a paper are made here; papers of a unit, kind and year are numbered without gaps';
REVOKE ALL ON FUNCTION aidcase.make_document() FROM PUBLIC;
CREATE OR REPLACE TRIGGER "~1_document" BEFORE INSERT ON aidcase.document_issued
    FOR EACH ROW EXECUTE FUNCTION aidcase.make_document();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.document_issued
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();

CREATE OR REPLACE FUNCTION aidcase.issue_document(round_id bigint, kind text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    number text;
BEGIN
    INSERT INTO aidcase.document_issued (round_id, kind) VALUES (issue_document.round_id, issue_document.kind)
    RETURNING document_no INTO number;
    RETURN number;
END
$$;
COMMENT ON FUNCTION aidcase.issue_document(bigint, text) IS
    '出具文书:编字号并存档,返回字号;再次出具得新字号 / issues a paper: gives it its number and keeps it; a second one of the kind gets a number of its own';
REVOKE ALL ON FUNCTION aidcase.issue_document(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.issue_document(bigint, text) TO aidcase_clerk, aidcase_leader, aidcase_bureau;
