-- What lower rooms bring to the certainty stratum of draws: rows of
-- aidcase.certainty_rule name these views.

CREATE OR REPLACE VIEW aidcase.certainty_complaint AS
SELECT DISTINCT r.round_id
  FROM aidcase.petition AS p
  JOIN aidcase.case_round AS r ON r.case_id = p.case_id
 WHERE p.kind IN ('complaint', 'report', 'objection') AND p.state <> 'not_accepted';
COMMENT ON VIEW aidcase.certainty_complaint IS
    '必抽:有投诉、举报或异议的家庭 / with certainty: there is a complaint, a report or an objection about the household';
COMMENT ON COLUMN aidcase.certainty_complaint.round_id IS '轮次 / round';
REVOKE ALL ON TABLE aidcase.certainty_complaint FROM PUBLIC;
