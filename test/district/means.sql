-- means.sql: the means test over the whole synthetic district.
--
--   psql "host=… dbname=district user=postgres" -f test/district/means.sql
--
-- after make demo.  Of every determination ever made there: its lines add up to
-- its income and amount, and computing all rounds of a day at once gives what
-- was determined one by one, from facts that have not changed since.  Ends
-- with an error when a single one differs; prints how many were compared.
\set ON_ERROR_STOP on
\pset footer off
SET search_path = aidcase, pg_catalog;
SET client_min_messages = warning;

-- what a correction or a move carries on was computed where it was decided
CREATE TEMP TABLE latest AS
SELECT DISTINCT ON (d.round_id, d.programme) d.*, date_here(d.determined_at) AS day
  FROM determination AS d JOIN case_round AS r USING (round_id)
 WHERE r.round_kind NOT IN ('correction', 'transfer') ORDER BY d.round_id, d.programme, d.entry_no DESC;

-- facts that came after a determination make it stale, not wrong
CREATE TEMP TABLE changed AS
SELECT l.round_id, l.programme
  FROM latest AS l
 WHERE l.entry_no < (SELECT max(f.entry_no) FROM (
            SELECT entry_no FROM case_member WHERE round_id = l.round_id UNION ALL SELECT entry_no FROM income_item WHERE round_id = l.round_id
            UNION ALL SELECT entry_no FROM expense_item WHERE round_id = l.round_id UNION ALL SELECT entry_no FROM property_item WHERE round_id = l.round_id
            UNION ALL SELECT entry_no FROM obligor WHERE round_id = l.round_id UNION ALL SELECT entry_no FROM self_care_assessment WHERE round_id = l.round_id) AS f);

CREATE TEMP TABLE at_once AS
SELECT a.*
  FROM (SELECT l.day, array_agg(DISTINCT l.round_id) AS rounds FROM latest AS l GROUP BY l.day) AS d
 CROSS JOIN LATERAL assess(d.rounds, d.day, with_lines => true) AS a;

SELECT count(*) AS determinations, count(DISTINCT l.round_id) AS rounds, count(*) FILTER (WHERE l.eligible) AS eligible,
       count(*) FILTER (WHERE l.persons IS NOT NULL) AS singles,
       count(*) FILTER (WHERE a.round_id IS NULL OR ROW(l.members, l.annual_income, l.standard, l.eligible, l.low_income_class, l.base_amount, l.addon_amount,
                                   l.care_amount, l.minimum_amount, l.maximum_amount, l.reasons, l.benefit_month, l.on_date, l.persons)
                              IS DISTINCT FROM ROW(a.members, a.annual_income, a.standard, a.eligible, a.low_income_class, a.base_amount, a.addon_amount,
                                   a.care_amount, a.minimum_amount, a.maximum_amount, a.reasons, a.benefit_month, a.rule_date, a.persons)) AS different,
       count(*) FILTER (WHERE s.month <> l.amount OR s.year <> coalesce(l.annual_income, 0) AND l.programme <> 'temp_assistance'
                           OR s.n <> cardinality(a.lines)) AS broken
  FROM latest AS l
  LEFT JOIN at_once AS a USING (round_id, programme)
  LEFT JOIN LATERAL (
        SELECT count(*) AS n, coalesce(sum(i.amount) FILTER (WHERE i.basis = 'month'), 0) AS month,
               coalesce(sum(i.amount) FILTER (WHERE i.basis = 'year'), 0) AS year
          FROM determination_line AS i WHERE i.determination_id = l.determination_id) AS s ON true
 WHERE NOT EXISTS (SELECT FROM changed AS c WHERE c.round_id = l.round_id AND c.programme = l.programme) \gset found_
\echo :found_determinations determinations of :found_rounds rounds, :found_eligible eligible, :found_singles of single persons: :found_different different at once, :found_broken whose lines do not add up
SELECT 1 / (:found_different + :found_broken = 0 AND :found_determinations > 0)::integer AS "all agree";
