-- Rounds that a draw takes with certainty.
CREATE OR REPLACE VIEW aidcase.certainty_round AS
SELECT DISTINCT f.round_id
  FROM aidcase.conflict_flag AS f
 WHERE f.certain AND f.state IN ('open', 'confirmed');
COMMENT ON VIEW aidcase.certainty_round IS
    '有未排除利益冲突标记的轮次,抽查必查 / rounds with a flag that has not been cleared up, which a draw takes with certainty';
COMMENT ON COLUMN aidcase.certainty_round.round_id IS '轮次 / round';
REVOKE ALL ON TABLE aidcase.certainty_round FROM PUBLIC;
