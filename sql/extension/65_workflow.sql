/*
 * workflow: the gate, frozen facts, clocks, guards (extension/workflow*.c).
 *
 * Trigger functions are attached by the register's owner; a guard in C takes
 * a pointer and cannot be called from SQL.
 */
CREATE FUNCTION enforce_workflow() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_enforce_workflow';
COMMENT ON FUNCTION enforce_workflow() IS
    '触发器:新增须为初始状态,状态变更须合乎程序、岗位和条件;冻结后不得改动;参数为另加的不得改动的列 / trigger: a new row begins the procedure in force, a change of state is a move of it by somebody with the post and with every guard met; nothing else changes in a frozen state; arguments name further columns that never change';
REVOKE ALL ON FUNCTION enforce_workflow() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enforce_workflow() TO aidcase_owner;

CREATE FUNCTION guard_fact() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_fact';
COMMENT ON FUNCTION guard_fact() IS
    '触发器:写入事实前锁定个案,已决定的轮次拒绝;参数 after_decision 允许至终结前 / trigger: locks the case before a fact is written and refuses it when the round is decided, with argument after_decision when it is final';
REVOKE ALL ON FUNCTION guard_fact() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guard_fact() TO aidcase_owner;

CREATE FUNCTION guard_line() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_line';
COMMENT ON FUNCTION guard_line() IS
    '触发器:已决定轮次的测算明细不得增加 / trigger: no line is added to a determination of a decided round';
REVOKE ALL ON FUNCTION guard_line() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guard_line() TO aidcase_owner;

CREATE FUNCTION run_clocks() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_run_clocks';
COMMENT ON FUNCTION run_clocks() IS
    '触发器:流转时起算、办结、暂停、恢复、撤销时限 / trigger: starts, meets, pauses, resumes and cancels time limits';
REVOKE ALL ON FUNCTION run_clocks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION run_clocks() TO aidcase_owner;

CREATE FUNCTION fact_clocks() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_fact_clocks';
COMMENT ON FUNCTION fact_clocks() IS
    '触发器:轮次的事实办结或撤销相应时限 / trigger: a fact of a round meets the clocks that it meets, and cancels those that it puts an end to';
REVOKE ALL ON FUNCTION fact_clocks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fact_clocks() TO aidcase_owner;

CREATE FUNCTION next_actions(subject text, id bigint,
    OUT action text, OUT to_state text, OUT label_zh text, OUT label_en text,
    OUT allowed boolean, OUT unmet text[])
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE ROWS 5
AS 'MODULE_PATHNAME', 'aidcase_next_actions';
COMMENT ON FUNCTION next_actions(text, bigint) IS
    '试算当前可做的每项操作及未满足的条件,不改动数据 / a dry run of every move from the present state for who acts: allowed or not, and what is missing; changes nothing';

CREATE FUNCTION aim_move(subject text, id bigint, action text,
    OUT from_state text, OUT to_state text, OUT key_column text)
RETURNS record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_aim_move';
COMMENT ON FUNCTION aim_move(text, bigint, text) IS
    '内部:操作从当前状态到达的状态;锁定所属个案 / internal: where an action leads from the present state; locks the case, for advance()';

CREATE FUNCTION procedure_of(subject text, round_kind text, unit_id bigint, on_date date)
RETURNS bigint
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'aidcase_procedure_of';
COMMENT ON FUNCTION procedure_of(text, text, bigint, date) IS
    '某单位某类事项该日适用的程序版本号,没有则为 NULL / the version of the procedure that governs new rows of a unit on a date, by delegation and kind of round; NULL when there is none';

CREATE FUNCTION due_at(kind text, started_at timestamptz, length numeric,
    OUT due_at timestamptz, OUT provisional boolean)
RETURNS record
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'aidcase_due_at';
COMMENT ON FUNCTION due_at(text, timestamptz, numeric) IS
    '时限到期时点:此刻未办结即为逾期;所需年份放假安排未载入时按周一至周五估算并标记 / the instant from which a time limit of kind workdays, days, months or hours is no longer met; provisional: it reaches into a year whose calendar is not loaded, whose days count by the day of the week';

CREATE FUNCTION paused_units(kind text, paused_at timestamptz, resumed_at timestamptz)
RETURNS numeric
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'aidcase_paused_units';
COMMENT ON FUNCTION paused_units(text, timestamptz, timestamptz) IS
    '暂停使时限延长的单位数 / by how many working days, days or hours a pause makes a time limit longer';

CREATE FUNCTION guard_function_fault(function_name text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_function_fault';
COMMENT ON FUNCTION guard_function_fault(text) IS
    '函数不能作流转条件的原因,可以则返回 NULL / why a function cannot be a guard, NULL when it can';

CREATE FUNCTION guard_delegation_in_force(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_delegation_in_force';
COMMENT ON FUNCTION guard_delegation_in_force(internal) IS
    '流转条件:本单位对所涉项目有有效委托 / guard: the unit holds a delegation for every programme decided';
REVOKE ALL ON FUNCTION guard_delegation_in_force(internal) FROM PUBLIC;

CREATE FUNCTION guard_commitment_signed(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_commitment_signed';
COMMENT ON FUNCTION guard_commitment_signed(internal) IS
    '流转条件:申请人已签承诺书 / guard: the applicant has signed the commitment';
REVOKE ALL ON FUNCTION guard_commitment_signed(internal) FROM PUBLIC;

CREATE FUNCTION guard_materials_complete(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_materials_complete';
COMMENT ON FUNCTION guard_materials_complete(internal) IS
    '流转条件:材料齐全 / guard: members, head, applicant and cause are there';
REVOKE ALL ON FUNCTION guard_materials_complete(internal) FROM PUBLIC;

CREATE FUNCTION guard_authorised_all(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_authorised_all';
COMMENT ON FUNCTION guard_authorised_all(internal) IS
    '流转条件:核对对象均已授权 / guard: everyone to be checked has authorised it';
REVOKE ALL ON FUNCTION guard_authorised_all(internal) FROM PUBLIC;

CREATE FUNCTION guard_competent_unit(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_competent_unit';
COMMENT ON FUNCTION guard_competent_unit(internal) IS
    '流转条件:属本单位管辖 / guard: the household is registered in the unit';
REVOKE ALL ON FUNCTION guard_competent_unit(internal) FROM PUBLIC;

CREATE FUNCTION guard_checks_returned(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_checks_returned';
COMMENT ON FUNCTION guard_checks_returned(internal) IS
    '流转条件:经济核对均已返回 / guard: every adult was checked and every check has returned';
REVOKE ALL ON FUNCTION guard_checks_returned(internal) FROM PUBLIC;

CREATE FUNCTION guard_hits_cleared(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_hits_cleared';
COMMENT ON FUNCTION guard_hits_cleared(internal) IS
    '流转条件:疑似问题均已核实 / guard: every suspicious item is closed by a finding';
REVOKE ALL ON FUNCTION guard_hits_cleared(internal) FROM PUBLIC;

CREATE FUNCTION guard_visited_by_two(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_visited_by_two';
COMMENT ON FUNCTION guard_visited_by_two(internal) IS
    '流转条件:受理后两人入户且无亲属关系 / guard: the household was visited after acceptance by two people unrelated to it';
REVOKE ALL ON FUNCTION guard_visited_by_two(internal) FROM PUBLIC;

CREATE FUNCTION guard_determined_fresh(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_determined_fresh';
COMMENT ON FUNCTION guard_determined_fresh(internal) IS
    '流转条件:测算不早于所用事实 / guard: no fact is newer than the determination';
REVOKE ALL ON FUNCTION guard_determined_fresh(internal) FROM PUBLIC;

CREATE FUNCTION guard_evaluated_fresh(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_evaluated_fresh';
COMMENT ON FUNCTION guard_evaluated_fresh(internal) IS
    '流转条件:评估不早于测算 / guard: the evaluation is newer than the determination';
REVOKE ALL ON FUNCTION guard_evaluated_fresh(internal) FROM PUBLIC;

CREATE FUNCTION guard_opinion_complete(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_opinion_complete';
COMMENT ON FUNCTION guard_opinion_complete(internal) IS
    '流转条件:综合救助意见完整且与测算一致 / guard: the opinion covers every programme and agrees with the determination';
REVOKE ALL ON FUNCTION guard_opinion_complete(internal) FROM PUBLIC;

CREATE FUNCTION guard_payer_unrelated(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_payer_unrelated';
COMMENT ON FUNCTION guard_payer_unrelated(internal) IS
    '流转条件:发放人与名单上的家庭无须回避 / guard: who pays is recused from no household on the roll';
REVOKE ALL ON FUNCTION guard_payer_unrelated(internal) FROM PUBLIC;

CREATE FUNCTION guard_quorum_met(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_quorum_met';
COMMENT ON FUNCTION guard_quorum_met(internal) IS
    '流转条件:联审联批达到法定人数并过半数 / guard: the joint review had its quorum and a majority';
REVOKE ALL ON FUNCTION guard_quorum_met(internal) FROM PUBLIC;

CREATE FUNCTION guard_four_eyes(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_four_eyes';
COMMENT ON FUNCTION guard_four_eyes(internal) IS
    '流转条件:调查测算与审批分离 / guard: nobody who visited or determined confirms';
REVOKE ALL ON FUNCTION guard_four_eyes(internal) FROM PUBLIC;

CREATE FUNCTION guard_no_conflict(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_no_conflict';
COMMENT ON FUNCTION guard_no_conflict(internal) IS
    '流转条件:操作人无须回避 / guard: the actor has no open flag on the case';
REVOKE ALL ON FUNCTION guard_no_conflict(internal) FROM PUBLIC;

CREATE FUNCTION guard_within_authority(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_within_authority';
COMMENT ON FUNCTION guard_within_authority(internal) IS
    '流转条件:临时救助金额未超单位权限 / guard: the amount is within the unit''s authority';
REVOKE ALL ON FUNCTION guard_within_authority(internal) FROM PUBLIC;

CREATE FUNCTION guard_refusal_reasoned(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_refusal_reasoned';
COMMENT ON FUNCTION guard_refusal_reasoned(internal) IS
    '流转条件:不予确认有理由 / guard: the refusal has a reason';
REVOKE ALL ON FUNCTION guard_refusal_reasoned(internal) FROM PUBLIC;

CREATE FUNCTION guard_notice_delivered(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_notice_delivered';
COMMENT ON FUNCTION guard_notice_delivered(internal) IS
    '流转条件:不予批准决定书已送达 / guard: the notice of refusal was delivered';
REVOKE ALL ON FUNCTION guard_notice_delivered(internal) FROM PUBLIC;

CREATE FUNCTION guard_publication_made(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_publication_made';
COMMENT ON FUNCTION guard_publication_made(internal) IS
    '流转条件:已公示 / guard: the confirmation was published';
REVOKE ALL ON FUNCTION guard_publication_made(internal) FROM PUBLIC;

CREATE FUNCTION guard_publicity_over(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_publicity_over';
COMMENT ON FUNCTION guard_publicity_over(internal) IS
    '条件:公示期已满 / guard: the days of publicity are over';
REVOKE ALL ON FUNCTION guard_publicity_over(internal) FROM PUBLIC;

CREATE FUNCTION guard_handover_recorded(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_handover_recorded';
COMMENT ON FUNCTION guard_handover_recorded(internal) IS
    '流转条件:救助款物已交付并有收据 / guard: help was handed over with a receipt';
REVOKE ALL ON FUNCTION guard_handover_recorded(internal) FROM PUBLIC;

CREATE FUNCTION guard_reserve_fund_sufficient(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_reserve_fund_sufficient';
COMMENT ON FUNCTION guard_reserve_fund_sufficient(internal) IS
    '流转条件:单位备用金足以支付 / guard: the reserve fund of the unit, where it has one, holds what is granted';
REVOKE ALL ON FUNCTION guard_reserve_fund_sufficient(internal) FROM PUBLIC;

CREATE FUNCTION guard_second_person(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_second_person';
COMMENT ON FUNCTION guard_second_person(internal) IS
    '流转条件:由登记人以外的人办理 / guard: somebody else than who opened the row makes the move';
REVOKE ALL ON FUNCTION guard_second_person(internal) FROM PUBLIC;

CREATE FUNCTION guard_papers_lawful(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_papers_lawful';
COMMENT ON FUNCTION guard_papers_lawful(internal) IS
    '流转条件:未索要可查询的证明 / guard: no paper was asked for that a register can tell';
REVOKE ALL ON FUNCTION guard_papers_lawful(internal) FROM PUBLIC;

CREATE FUNCTION guard_below_district_limit(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_below_district_limit';
COMMENT ON FUNCTION guard_below_district_limit(internal) IS
    '流转条件:未超过区级决定的金额 / guard: the amount is below the one that the district decides';
REVOKE ALL ON FUNCTION guard_below_district_limit(internal) FROM PUBLIC;

CREATE FUNCTION guard_cosigned(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_cosigned';
COMMENT ON FUNCTION guard_cosigned(internal) IS
    '流转条件:区民政局已会签(如需) / guard: the district has co-signed, where that is switched on';
REVOKE ALL ON FUNCTION guard_cosigned(internal) FROM PUBLIC;

CREATE FUNCTION guard_bureau_visited(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_bureau_visited';
COMMENT ON FUNCTION guard_bureau_visited(internal) IS
    '流转条件:区民政局已入户(如需) / guard: the bureau has visited, where that is switched on';
REVOKE ALL ON FUNCTION guard_bureau_visited(internal) FROM PUBLIC;

CREATE FUNCTION guard_announcement_made(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_announcement_made';
COMMENT ON FUNCTION guard_announcement_made(internal) IS
    '流转条件:审核意见已公示 / guard: the opinion was announced before the decision';
REVOKE ALL ON FUNCTION guard_announcement_made(internal) FROM PUBLIC;

CREATE FUNCTION guard_announcement_over(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_announcement_over';
COMMENT ON FUNCTION guard_announcement_over(internal) IS
    '流转条件:审核意见公示期满 / guard: the days of the announcement are over';
REVOKE ALL ON FUNCTION guard_announcement_over(internal) FROM PUBLIC;

CREATE FUNCTION guard_announcement_not_due(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_announcement_not_due';
COMMENT ON FUNCTION guard_announcement_not_due(internal) IS
    '流转条件:确认前无须公示 / guard: no announcement is due before the decision';
REVOKE ALL ON FUNCTION guard_announcement_not_due(internal) FROM PUBLIC;

CREATE FUNCTION guard_result_unchanged(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_result_unchanged';
COMMENT ON FUNCTION guard_result_unchanged(internal) IS
    '流转条件:测算结果与现待遇一致 / guard: the determination says what is granted now';
REVOKE ALL ON FUNCTION guard_result_unchanged(internal) FROM PUBLIC;

CREATE FUNCTION guard_change_grounded(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_change_grounded';
COMMENT ON FUNCTION guard_change_grounded(internal) IS
    '流转条件:停发变更事项和理由齐全 / guard: what ends or is held is named with its reason';
REVOKE ALL ON FUNCTION guard_change_grounded(internal) FROM PUBLIC;

CREATE FUNCTION guard_handler_differs(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_handler_differs';
COMMENT ON FUNCTION guard_handler_differs(internal) IS
    '流转条件:经办人不得决定 / guard: who handles the round does not decide it';
REVOKE ALL ON FUNCTION guard_handler_differs(internal) FROM PUBLIC;

CREATE FUNCTION guard_decision_delivered(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_decision_delivered';
COMMENT ON FUNCTION guard_decision_delivered(internal) IS
    '流转条件:决定已送达 / guard: the decision was delivered';
REVOKE ALL ON FUNCTION guard_decision_delivered(internal) FROM PUBLIC;

CREATE FUNCTION guard_objection_settled(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_objection_settled';
COMMENT ON FUNCTION guard_objection_settled(internal) IS
    '流转条件:公示异议已处理 / guard: no objection waits for its answer';
REVOKE ALL ON FUNCTION guard_objection_settled(internal) FROM PUBLIC;

CREATE FUNCTION guard_reinvestigated(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_reinvestigated';
COMMENT ON FUNCTION guard_reinvestigated(internal) IS
    '流转条件:异议复查已办结 / guard: the re-investigation of the objection is decided';
REVOKE ALL ON FUNCTION guard_reinvestigated(internal) FROM PUBLIC;

CREATE FUNCTION guard_lead_converted(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_lead_converted';
COMMENT ON FUNCTION guard_lead_converted(internal) IS
    '流转条件:已转为本单位的申请 / guard: became a round of the unit';
REVOKE ALL ON FUNCTION guard_lead_converted(internal) FROM PUBLIC;

CREATE FUNCTION guard_lead_reasoned(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_lead_reasoned';
COMMENT ON FUNCTION guard_lead_reasoned(internal) IS
    '流转条件:有不予办理的理由 / guard: a reason for no action';
REVOKE ALL ON FUNCTION guard_lead_reasoned(internal) FROM PUBLIC;

CREATE FUNCTION guard_reason_given(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_reason_given';
COMMENT ON FUNCTION guard_reason_given(internal) IS
    '流转条件:已说明理由 / guard: reason given';
REVOKE ALL ON FUNCTION guard_reason_given(internal) FROM PUBLIC;

CREATE FUNCTION guard_petition_answered(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_petition_answered';
COMMENT ON FUNCTION guard_petition_answered(internal) IS
    '流转条件:已有答复 / guard: answered';
REVOKE ALL ON FUNCTION guard_petition_answered(internal) FROM PUBLIC;

CREATE FUNCTION guard_petition_in_time(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_petition_in_time';
COMMENT ON FUNCTION guard_petition_in_time(internal) IS
    '流转条件:在请求期限内 / guard: asked for in time';
REVOKE ALL ON FUNCTION guard_petition_in_time(internal) FROM PUBLIC;

CREATE FUNCTION guard_petition_settled(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_petition_settled';
COMMENT ON FUNCTION guard_petition_settled(internal) IS
    '流转条件:信访人满意或请求期限已过 / guard: settled';
REVOKE ALL ON FUNCTION guard_petition_settled(internal) FROM PUBLIC;

CREATE FUNCTION guard_petition_reviewed(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_petition_reviewed';
COMMENT ON FUNCTION guard_petition_reviewed(internal) IS
    '流转条件:已有复查复核意见 / guard: review decided';
REVOKE ALL ON FUNCTION guard_petition_reviewed(internal) FROM PUBLIC;

CREATE FUNCTION guard_referral_answered(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_referral_answered';
COMMENT ON FUNCTION guard_referral_answered(internal) IS
    '流转条件:对方已回复 / guard: answered';
REVOKE ALL ON FUNCTION guard_referral_answered(internal) FROM PUBLIC;

CREATE FUNCTION guard_submission_hashed(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_submission_hashed';
COMMENT ON FUNCTION guard_submission_hashed(internal) IS
    '流转条件:已登记报送文件的哈希 / guard: hash of what is handed in';
REVOKE ALL ON FUNCTION guard_submission_hashed(internal) FROM PUBLIC;

CREATE FUNCTION guard_evidence_hashed(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_evidence_hashed';
COMMENT ON FUNCTION guard_evidence_hashed(internal) IS
    '流转条件:已登记证据材料的哈希 / guard: hash of the evidence';
REVOKE ALL ON FUNCTION guard_evidence_hashed(internal) FROM PUBLIC;

CREATE FUNCTION guard_discipline_concluded(internal) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'aidcase_guard_discipline_concluded';
COMMENT ON FUNCTION guard_discipline_concluded(internal) IS
    '流转条件:已登记结果 / guard: outcome given';
REVOKE ALL ON FUNCTION guard_discipline_concluded(internal) FROM PUBLIC;
