-- frozen facts: the lines of a determination are as fixed as it is.  The
-- facts themselves are guarded by trigger ~1_fact (extension/workflow_facts.c).
CREATE OR REPLACE TRIGGER "~1_fact_line" BEFORE INSERT ON aidcase.determination_line
    FOR EACH ROW EXECUTE FUNCTION aidcase.guard_line();
CREATE OR REPLACE TRIGGER "~2_kept" BEFORE UPDATE ON aidcase.determination_line
    FOR EACH ROW EXECUTE FUNCTION aidcase.only_change();
