/*-------------------------------------------------------------------------
 *
 * workflow_guards.c
 *		The conditions of the built-in procedures.
 *
 * Each function here is one guard (workflow.h): a condition, a query or two,
 * one sentence.  The case is locked, so facts of the round, its votes and
 * its determinations stay as they are seen; what belongs to no case, a
 * delegation or a meeting, is locked FOR SHARE, unless the guard is only
 * asked (next_actions(), which must also work on a standby).
 *
 * Freshness goes by entry_no, the number of the ledger entry that recorded a
 * row's present version.  Under the lock on the case numbers grow in the
 * order of writes, so "newer" is "larger".  A fact that was marked void
 * counts: the determination may have used it.
 *
 * Plans are static KeptPlans; nothing else is kept.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "compat.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_guard_delegation_in_force);
PG_FUNCTION_INFO_V1(aidcase_guard_commitment_signed);
PG_FUNCTION_INFO_V1(aidcase_guard_materials_complete);
PG_FUNCTION_INFO_V1(aidcase_guard_authorised_all);
PG_FUNCTION_INFO_V1(aidcase_guard_competent_unit);
PG_FUNCTION_INFO_V1(aidcase_guard_checks_returned);
PG_FUNCTION_INFO_V1(aidcase_guard_hits_cleared);
PG_FUNCTION_INFO_V1(aidcase_guard_visited_by_two);
PG_FUNCTION_INFO_V1(aidcase_guard_determined_fresh);
PG_FUNCTION_INFO_V1(aidcase_guard_evaluated_fresh);
PG_FUNCTION_INFO_V1(aidcase_guard_opinion_complete);
PG_FUNCTION_INFO_V1(aidcase_guard_quorum_met);
PG_FUNCTION_INFO_V1(aidcase_guard_four_eyes);
PG_FUNCTION_INFO_V1(aidcase_guard_no_conflict);
PG_FUNCTION_INFO_V1(aidcase_guard_payer_unrelated);
PG_FUNCTION_INFO_V1(aidcase_guard_within_authority);
PG_FUNCTION_INFO_V1(aidcase_guard_refusal_reasoned);
PG_FUNCTION_INFO_V1(aidcase_guard_notice_delivered);
PG_FUNCTION_INFO_V1(aidcase_guard_publication_made);
PG_FUNCTION_INFO_V1(aidcase_guard_publicity_over);
PG_FUNCTION_INFO_V1(aidcase_guard_handover_recorded);

/* the programme of every emergency */
#define EMERGENCY_PROGRAMME	"temp_assistance"

/*
 * Votes of a meeting on a round that count: the voter attended, is a member
 * of the group on that day who counts to the quorum, has not recused himself
 * and has no open flag on the case.  $1 round, $2 case, $3 meeting.
 */
#define COUNTING_VOTES \
	" FROM aidcase.review_vote AS v" \
	" JOIN aidcase.review_meeting AS m" \
	"  ON m.meeting_id OPERATOR(pg_catalog.=) v.meeting_id" \
	" JOIN aidcase.meeting_attendance AS a" \
	"  ON a.meeting_id OPERATOR(pg_catalog.=) v.meeting_id" \
	"  AND a.staff_id OPERATOR(pg_catalog.=) v.staff_id" \
	" JOIN aidcase.review_group_member AS g" \
	"  ON g.group_id OPERATOR(pg_catalog.=) m.group_id" \
	"  AND g.staff_id OPERATOR(pg_catalog.=) v.staff_id" \
	"  AND g.valid OPERATOR(pg_catalog.@>) aidcase.date_here(m.held_at)" \
	" WHERE v.round_id OPERATOR(pg_catalog.=) $1" \
	" AND v.meeting_id OPERATOR(pg_catalog.=) $3" \
	" AND v.vote OPERATOR(pg_catalog.<>) 'recused'" \
	" AND g.counts_to_quorum" \
	" AND NOT EXISTS (SELECT FROM aidcase.conflict_flag AS f" \
	"  WHERE f.staff_id OPERATOR(pg_catalog.=) v.staff_id" \
	"  AND f.case_id OPERATOR(pg_catalog.=) $2 AND " OPEN_FLAG ")"

/* a flag that keeps the person from acting and has not been cleared up */
#define OPEN_FLAG \
	"f.bars AND f.state OPERATOR(pg_catalog.=) ANY (ARRAY['open', 'confirmed'])"

/*
 * Runs a query about the round (its only parameter) that returns a boolean.
 */
static bool
round_has(KeptPlan *plan, const GuardContext *context)
{
	Datum		value = Int64GetDatum(context->id);

	return aidcase_run(plan, &value, NULL, 1) == 1 && result_bool(1);
}

/*
 * Is the round one of an emergency?
 */
static bool
is_emergency(const GuardContext *context)
{
	bool		isnull;
	Datum		kind = row_value(context, "round_kind", &isnull);

	return !isnull && strcmp(TextDatumGetCString(kind), "emergency") == 0;
}

/*
 * The date n years before another; the last day of February for 29 February.
 */
static DateADT
years_before(DateADT day, int n)
{
	int			year;
	int			month;
	int			mday;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	if (month == 2 && mday == 29 && !isleap(year - n))
		mday = 28;
	return date2j(year - n, month, mday) - POSTGRES_EPOCH_JDATE;
}

/*
 * The unit holds a delegation, on the date of the move, for every programme
 * that is granted or refused.
 */
Datum
aidcase_guard_delegation_in_force(PG_FUNCTION_ARGS)
{
#define DELEGATIONS(lock) \
	"WITH held AS MATERIALIZED (" \
	" SELECT d.programme FROM aidcase.delegation AS d" \
	" WHERE d.unit_id OPERATOR(pg_catalog.=) $2" \
	" AND d.valid OPERATOR(pg_catalog.@>) $3" lock ")" \
	" SELECT pg_catalog.string_agg(o.programme, ', ' ORDER BY o.programme)," \
	" (SELECT u.unit_code FROM aidcase.unit AS u" \
	"  WHERE u.unit_id OPERATOR(pg_catalog.=) $2)" \
	" FROM (SELECT p.programme FROM aidcase.assistance_opinion AS p" \
	"  WHERE p.round_id OPERATOR(pg_catalog.=) $1 AND NOT p.void" \
	"  AND p.outcome OPERATOR(pg_catalog.=) ANY (ARRAY['granted', 'refused'])" \
	"  AND p.programme IS NOT NULL AND $4 IS NULL" \
	"  UNION ALL SELECT b.programme FROM aidcase.benefit_change AS b" \
	"  WHERE b.round_id OPERATOR(pg_catalog.=) $1 AND NOT b.void" \
	"  UNION ALL SELECT $4 WHERE $4 IS NOT NULL) AS o" \
	" WHERE o.programme OPERATOR(pg_catalog.<>) ALL" \
	"  (ARRAY(SELECT h.programme FROM held AS h))"
	static KeptPlan plans[2] = {
		{DELEGATIONS(" FOR SHARE"),
		4, {INT8OID, INT8OID, DATEOID, TEXTOID}, NULL},
		{DELEGATIONS(""),
		4, {INT8OID, INT8OID, DATEOID, TEXTOID}, NULL}
	};
	const GuardContext *context = CONTEXT();
	Datum		values[4];
	char		nulls[] = "   n";
	char	   *missing;

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->unit_id);
	values[2] = DateADTGetDatum(context->on);
	values[3] = (Datum) 0;
	if (is_emergency(context))
	{
		values[3] = CStringGetTextDatum(EMERGENCY_PROGRAMME);
		nulls[3] = ' ';
	}
	(void) aidcase_run(&plans[context->dry_run ? 1 : 0], values, nulls, 1);
	missing = result_text(1);
	if (missing == NULL)
		PG_RETURN_NULL();
	RETURN_SENTENCE(psprintf("Unit %s has no delegation for %s on %s.",
							 result_text(2), missing,
							 DatumGetCString(DirectFunctionCall1(date_out, values[2]))));
}

/*
 * The applicant's commitment is signed.
 */
Datum
aidcase_guard_commitment_signed(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.commitment AS c"
		" WHERE c.round_id OPERATOR(pg_catalog.=) $1 AND NOT c.void"
		" AND c.signed_on OPERATOR(pg_catalog.<=) $2)",
	2, {INT8OID, DATEOID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[2];

	values[0] = Int64GetDatum(context->id);
	values[1] = DateADTGetDatum(context->on);
	(void) aidcase_run(&plan, values, NULL, 1);
	if (result_bool(1))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The applicant has not signed the commitment.");
}

/*
 * The household has members, a head, an applicant, and a cause of hardship.
 */
Datum
aidcase_guard_materials_complete(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT pg_catalog.count(*) FILTER (WHERE m.counted),"
		" pg_catalog.count(*) FILTER (WHERE m.relation OPERATOR(pg_catalog.=) 'head'),"
		" pg_catalog.count(*) FILTER (WHERE m.applicant),"
		" EXISTS (SELECT FROM aidcase.case_cause AS c"
		"  WHERE c.round_id OPERATOR(pg_catalog.=) $1 AND NOT c.void)"
		" FROM aidcase.case_member AS m"
		" WHERE m.case_id OPERATOR(pg_catalog.=) $2"
		" AND m.round_id OPERATOR(pg_catalog.=) $1 AND NOT m.void",
	2, {INT8OID, INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[2];
	StringInfoData lacks;

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->case_id);
	(void) aidcase_run(&plan, values, NULL, 1);
	initStringInfo(&lacks);
	if (result_int64(1) == 0)
		appendStringInfoString(&lacks, ", a member who counts");
	if (result_int64(2) != 1)
		appendStringInfoString(&lacks, ", one head of household");
	if (result_int64(3) != 1)
		appendStringInfoString(&lacks, ", one applicant");
	if (!result_bool(4))
		appendStringInfoString(&lacks, ", a cause of hardship");
	if (lacks.len == 0)
		PG_RETURN_NULL();
	RETURN_SENTENCE(psprintf("The material lacks %s.", lacks.data + 2));
}

/*
 * Every adult who counts, and every obligor who is checked, has authorised
 * the checks, and the authorisation has not run out.
 */
Datum
aidcase_guard_authorised_all(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT pg_catalog.count(*) FROM ("
		" SELECT m.member_id AS id, false AS obliged FROM aidcase.case_member AS m"
		" WHERE m.case_id OPERATOR(pg_catalog.=) $2"
		" AND m.round_id OPERATOR(pg_catalog.=) $1 AND NOT m.void AND m.counted"
		" AND m.birth_date OPERATOR(pg_catalog.<=) $4"
		" UNION ALL"
		" SELECT o.obligor_id, true FROM aidcase.obligor AS o"
		" WHERE o.round_id OPERATOR(pg_catalog.=) $1 AND NOT o.void"
		" AND EXISTS (SELECT FROM aidcase.registry_check AS k"
		"  WHERE k.round_id OPERATOR(pg_catalog.=) $1"
		"  AND k.obligor_id OPERATOR(pg_catalog.=) o.obligor_id)) AS p"
		" WHERE NOT EXISTS (SELECT FROM aidcase.authorisation AS a"
		" WHERE a.round_id OPERATOR(pg_catalog.=) $1 AND NOT a.void"
		" AND CASE WHEN p.obliged THEN a.obligor_id ELSE a.member_id END"
		"  OPERATOR(pg_catalog.=) p.id"
		" AND a.signed_on OPERATOR(pg_catalog.<=) $3"
		" AND a.valid_until OPERATOR(pg_catalog.>=) $3)",
	4, {INT8OID, INT8OID, DATEOID, DATEOID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[4];
	int64		n;

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->case_id);
	values[2] = DateADTGetDatum(context->on);
	values[3] = DateADTGetDatum(years_before(context->on, 18));
	(void) aidcase_run(&plan, values, NULL, 1);
	n = result_int64(1);
	if (n == 0)
		PG_RETURN_NULL();
	RETURN_SENTENCE(n == 1 ?
					"One person to be checked has not authorised the check." :
					psprintf(INT64_FORMAT " persons to be checked have not authorised the check.", n));
}

/*
 * The case belongs to the unit, or to one below it, and its village, too.
 * Emergencies are helped anywhere.
 */
Datum
aidcase_guard_competent_unit(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT c.unit_id OPERATOR(pg_catalog.=) $2"
		" AND (c.village_id OPERATOR(pg_catalog.=) $2"
		"  OR p.parent_id OPERATOR(pg_catalog.=) $2)"
		" FROM aidcase.aid_case AS c"
		" LEFT JOIN aidcase.unit_period AS p"
		"  ON p.unit_id OPERATOR(pg_catalog.=) c.village_id"
		"  AND p.valid OPERATOR(pg_catalog.@>) $3"
		" WHERE c.case_id OPERATOR(pg_catalog.=) $1",
	3, {INT8OID, INT8OID, DATEOID}, NULL};
	static KeptPlan deep_plan = {
		"SELECT aidcase.unit_below(c.unit_id, $2, $3)"
		" AND aidcase.unit_below(c.village_id, c.unit_id, $3)"
		" FROM aidcase.aid_case AS c"
		" WHERE c.case_id OPERATOR(pg_catalog.=) $1",
	3, {INT8OID, INT8OID, DATEOID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[3];

	if (is_emergency(context))
		PG_RETURN_NULL();
	values[0] = Int64GetDatum(context->case_id);
	values[1] = Int64GetDatum(context->unit_id);
	values[2] = DateADTGetDatum(context->on);
	if (aidcase_run(&plan, values, NULL, 1) == 1 && result_bool(1))
		PG_RETURN_NULL();
	if (aidcase_run(&deep_plan, values, NULL, 1) == 1 && result_bool(1))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The household is not registered in this unit.");
}

/*
 * Every adult who counts has a check, and every check has returned.
 */
Datum
aidcase_guard_checks_returned(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT (SELECT pg_catalog.count(*) FROM aidcase.case_member AS m"
		" WHERE m.case_id OPERATOR(pg_catalog.=) $2"
		" AND m.round_id OPERATOR(pg_catalog.=) $1 AND NOT m.void AND m.counted"
		" AND m.birth_date OPERATOR(pg_catalog.<=) $3"
		" AND NOT EXISTS (SELECT FROM aidcase.registry_check AS k"
		"  WHERE k.round_id OPERATOR(pg_catalog.=) $1"
		"  AND k.member_id OPERATOR(pg_catalog.=) m.member_id)),"
		" (SELECT pg_catalog.count(*) FROM aidcase.registry_check AS k"
		" WHERE k.round_id OPERATOR(pg_catalog.=) $1 AND k.returned_at IS NULL)",
	3, {INT8OID, INT8OID, DATEOID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[3];
	int64		unchecked;
	int64		running;

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->case_id);
	values[2] = DateADTGetDatum(years_before(context->on, 18));
	(void) aidcase_run(&plan, values, NULL, 1);
	unchecked = result_int64(1);
	running = result_int64(2);
	if (unchecked == 0 && running == 0)
		PG_RETURN_NULL();
	RETURN_SENTENCE(psprintf("The economic check is not complete: not requested for "
							 INT64_FORMAT " adults, not returned for "
							 INT64_FORMAT " requests.", unchecked, running));
}

/*
 * Every suspicious item of the checks is closed by a finding.
 */
Datum
aidcase_guard_hits_cleared(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT pg_catalog.count(*) FROM aidcase.registry_hit AS h"
		" WHERE h.round_id OPERATOR(pg_catalog.=) $1 AND h.cleared_at IS NULL",
	1, {INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		value = Int64GetDatum(context->id);
	int64		n;

	(void) aidcase_run(&plan, &value, NULL, 1);
	n = result_int64(1);
	if (n == 0)
		PG_RETURN_NULL();
	RETURN_SENTENCE(n == 1 ?
					"One suspicious item of the check is not cleared." :
					psprintf(INT64_FORMAT " suspicious items of the check are not cleared.", n));
}

/*
 * The household was seen after acceptance by two people who on that day held
 * a post at the unit, or at a provider under contract with it, neither of whom
 * is related to the household.
 */
Datum
aidcase_guard_visited_by_two(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.home_visit AS v"
		" WHERE v.round_id OPERATOR(pg_catalog.=) $1 AND NOT v.void"
		" AND v.outcome OPERATOR(pg_catalog.=) 'seen'"
		" AND v.visitor_id OPERATOR(pg_catalog.<>) v.second_visitor_id"
		" AND v.visited_at OPERATOR(pg_catalog.>=) $3"
		" AND v.visited_at OPERATOR(pg_catalog.<=) $4"
		" AND NOT EXISTS (SELECT FROM aidcase.staff AS s"
		"  WHERE (s.staff_id OPERATOR(pg_catalog.=) v.visitor_id"
		"   OR s.staff_id OPERATOR(pg_catalog.=) v.second_visitor_id)"
		"  AND NOT (s.employed OPERATOR(pg_catalog.@>)"
		"   aidcase.date_here(v.visited_at)"
		"   AND aidcase.serves_unit(s.staff_id, $5,"
		"    aidcase.date_here(v.visited_at))))"
		" AND NOT EXISTS (SELECT FROM aidcase.conflict_flag AS f"
		"  WHERE f.case_id OPERATOR(pg_catalog.=) $2 AND " OPEN_FLAG
		"  AND (f.staff_id OPERATOR(pg_catalog.=) v.visitor_id"
		"   OR f.staff_id OPERATOR(pg_catalog.=) v.second_visitor_id)))",
	5, {INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[5];
	Datum		accepted;
	bool		isnull;

	accepted = row_value(context, "accepted_on", &isnull);
	if (!isnull)
	{
		values[0] = Int64GetDatum(context->id);
		values[1] = Int64GetDatum(context->case_id);
		values[2] = TimestampTzGetDatum(aidcase_midnight(DatumGetDateADT(accepted)));
		values[3] = TimestampTzGetDatum(context->at);
		values[4] = Int64GetDatum(context->unit_id);
		(void) aidcase_run(&plan, values, NULL, 1);
		if (result_bool(1))
			PG_RETURN_NULL();
	}
	RETURN_SENTENCE("There is no visit since acceptance at which two people in service of the unit and unrelated to the household saw it.");
}

/*
 * There are determinations, one for every programme in the opinion, and none
 * is older than a fact.
 */
Datum
aidcase_guard_determined_fresh(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT pg_catalog.count(d.programme),"
		" pg_catalog.string_agg(d.programme, ', ' ORDER BY d.programme)"
		"  FILTER (WHERE d.entry_no OPERATOR(pg_catalog.<) n.newest),"
		" (SELECT pg_catalog.string_agg(o.programme, ', ' ORDER BY o.programme)"
		"  FROM aidcase.assistance_opinion AS o"
		"  WHERE o.round_id OPERATOR(pg_catalog.=) $1 AND NOT o.void"
		"  AND o.programme IS NOT NULL"
		"  AND NOT EXISTS (SELECT FROM aidcase.determination AS e"
		"   WHERE e.round_id OPERATOR(pg_catalog.=) $1"
		"   AND e.programme OPERATOR(pg_catalog.=) o.programme)),"
		" EXISTS (SELECT FROM aidcase.determination AS l"
		"  JOIN aidcase.aid_case AS c"
		"   ON c.case_id OPERATOR(pg_catalog.=) l.case_id"
		"  WHERE l.round_id OPERATOR(pg_catalog.=) $1"
		"  AND (l.residence OPERATOR(pg_catalog.<>) c.residence"
		"   OR l.village_id OPERATOR(pg_catalog.<>) c.village_id)"
		"  AND NOT EXISTS (SELECT FROM aidcase.determination AS k"
		"   WHERE k.round_id OPERATOR(pg_catalog.=) $1"
		"   AND k.programme OPERATOR(pg_catalog.=) l.programme"
		"   AND k.entry_no OPERATOR(pg_catalog.>) l.entry_no))"
		" FROM (SELECT q.programme, pg_catalog.max(q.entry_no) AS entry_no"
		"  FROM aidcase.determination AS q"
		"  WHERE q.round_id OPERATOR(pg_catalog.=) $1 GROUP BY q.programme) AS d"
		" CROSS JOIN (SELECT pg_catalog.max(f.entry_no) AS newest FROM ("
		"  SELECT m.entry_no FROM aidcase.case_member AS m"
		"  WHERE m.case_id OPERATOR(pg_catalog.=) $2"
		"  AND m.round_id OPERATOR(pg_catalog.=) $1"
		"  UNION ALL SELECT b.entry_no FROM aidcase.obligor AS b"
		"  WHERE b.round_id OPERATOR(pg_catalog.=) $1"
		"  UNION ALL SELECT i.entry_no FROM aidcase.income_item AS i"
		"  WHERE i.round_id OPERATOR(pg_catalog.=) $1"
		"  UNION ALL SELECT p.entry_no FROM aidcase.property_item AS p"
		"  WHERE p.round_id OPERATOR(pg_catalog.=) $1"
		"  UNION ALL SELECT x.entry_no FROM aidcase.expense_item AS x"
		"  WHERE x.round_id OPERATOR(pg_catalog.=) $1"
		"  UNION ALL SELECT s.entry_no FROM aidcase.self_care_assessment AS s"
		"  WHERE s.round_id OPERATOR(pg_catalog.=) $1"
		"  UNION ALL SELECT h.entry_no FROM aidcase.registry_hit AS h"
		"  WHERE h.round_id OPERATOR(pg_catalog.=) $1) AS f) AS n",
	2, {INT8OID, INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[2];
	char	   *stale;
	char	   *missing;
	bool		moved;

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->case_id);
	(void) aidcase_run(&plan, values, NULL, 1);
	stale = result_text(2);
	missing = result_text(3);
	moved = result_bool(4);
	if (result_int64(1) == 0)
		RETURN_SENTENCE("There is no determination.");
	if (missing != NULL)
		RETURN_SENTENCE(psprintf("There is no determination for %s.", missing));
	if (stale != NULL)
		RETURN_SENTENCE(psprintf("A fact has changed since the determination for %s.",
								 stale));
	if (moved)
		RETURN_SENTENCE("The household's residence has changed since the determination.");
	PG_RETURN_NULL();
}

/*
 * There is an evaluation and it is newer than every determination.
 */
Datum
aidcase_guard_evaluated_fresh(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT (SELECT pg_catalog.max(e.entry_no) FROM aidcase.evaluation AS e"
		"  WHERE e.round_id OPERATOR(pg_catalog.=) $1),"
		" (SELECT pg_catalog.max(d.entry_no) FROM aidcase.determination AS d"
		"  WHERE d.round_id OPERATOR(pg_catalog.=) $1)",
	1, {INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		value = Int64GetDatum(context->id);

	(void) aidcase_run(&plan, &value, NULL, 1);
	if (result_int64(1) == 0)
		RETURN_SENTENCE("There is no comprehensive evaluation.");
	if (result_int64(1) < result_int64(2))
		RETURN_SENTENCE("The determination is newer than the comprehensive evaluation.");
	PG_RETURN_NULL();
}

/*
 * The opinion has a line for every programme determined; what it grants, the
 * latest determination allows; and it suits the move: something is granted
 * where the move grants, nothing where it decides without granting.
 */
Datum
aidcase_guard_opinion_complete(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT pg_catalog.string_agg(d.programme, ', ' ORDER BY d.programme)"
		"  FILTER (WHERE o.opinion_id IS NULL),"
		" pg_catalog.string_agg(o.programme, ', ' ORDER BY o.programme)"
		"  FILTER (WHERE o.outcome OPERATOR(pg_catalog.=) 'granted'"
		"  AND (d.determination_id IS NULL"
		"   OR o.determination_id OPERATOR(pg_catalog.<>) d.determination_id"
		"   OR NOT d.eligible"
		"   OR COALESCE(o.amount, 0) OPERATOR(pg_catalog.<)"
		"    COALESCE(d.minimum_amount, d.amount)"
		"   OR COALESCE(o.amount, 0) OPERATOR(pg_catalog.>)"
		"    COALESCE(d.maximum_amount, d.amount))),"
		" pg_catalog.count(o.opinion_id),"
		" pg_catalog.count(*) FILTER (WHERE o.outcome OPERATOR(pg_catalog.=) 'granted')"
		" FROM (SELECT DISTINCT ON (q.programme) q.programme,"
		"  q.determination_id, q.eligible, q.amount, q.minimum_amount,"
		"  q.maximum_amount FROM aidcase.determination AS q"
		"  WHERE q.round_id OPERATOR(pg_catalog.=) $1"
		"  AND ($2 IS NULL OR q.programme OPERATOR(pg_catalog.=) $2)"
		"  ORDER BY q.programme, q.entry_no DESC) AS d"
		" FULL JOIN (SELECT p.programme, p.opinion_id, p.outcome, p.amount,"
		"  p.determination_id FROM aidcase.assistance_opinion AS p"
		"  WHERE p.round_id OPERATOR(pg_catalog.=) $1 AND NOT p.void"
		"  AND p.programme IS NOT NULL"
		"  AND ($2 IS NULL OR p.programme OPERATOR(pg_catalog.=) $2)) AS o"
		" ON o.programme OPERATOR(pg_catalog.=) d.programme",
	2, {INT8OID, TEXTOID}, NULL};
	const GuardContext *context = CONTEXT();
	const WorkflowState *to = context->move->to;
	Datum		values[2];
	char		nulls[] = " n";
	bool		emergency = is_emergency(context);
	char	   *missing;
	char	   *wrong;
	int64		granted;

	values[0] = Int64GetDatum(context->id);
	values[1] = (Datum) 0;
	if (emergency)
	{
		values[1] = CStringGetTextDatum(EMERGENCY_PROGRAMME);
		nulls[1] = ' ';
	}
	(void) aidcase_run(&plan, values, nulls, 1);
	missing = result_text(1);
	wrong = result_text(2);
	granted = result_int64(4);
	if (missing != NULL)
		RETURN_SENTENCE(psprintf("The opinion has no line for %s.", missing));
	if (result_int64(3) == 0)
		RETURN_SENTENCE("There is no opinion.");
	if (wrong != NULL)
		RETURN_SENTENCE(psprintf("The opinion grants %s otherwise than the latest determination allows.",
								 wrong));
	if (granted == 0 && (to->grants || (emergency && !to->frozen)))
		RETURN_SENTENCE("The opinion grants nothing.");
	if (granted > 0 && to->frozen && !to->grants)
		RETURN_SENTENCE("The opinion grants something.");
	PG_RETURN_NULL();
}

/*
 * The meeting that the row names, or in a dry run the last one that voted on
 * it; 0 when there is none.
 */
static int64
meeting_of(const GuardContext *context)
{
	static KeptPlan plan = {
		"SELECT v.meeting_id FROM aidcase.review_vote AS v"
		" WHERE v.round_id OPERATOR(pg_catalog.=) $1"
		" ORDER BY v.vote_id DESC LIMIT 1",
	1, {INT8OID}, NULL};
	bool		isnull;
	Datum		meeting = row_value(context, "meeting_id", &isnull);
	Datum		value = Int64GetDatum(context->id);

	if (!isnull)
		return DatumGetInt64(meeting);
	if (!context->dry_run || aidcase_run(&plan, &value, NULL, 1) == 0)
		return 0;
	return result_int64(1);
}

/*
 * A meeting of the unit's group, or of the group that stands in for it, held
 * after the evaluation and before the move, voted for it with a quorum and by
 * a majority.  Where recusals broke the quorum and nobody stands in, the
 * district decides without a meeting.
 */
Datum
aidcase_guard_quorum_met(PG_FUNCTION_ARGS)
{
	static KeptPlan reroute_plan = {
		"SELECT r.group_unit_id, r.kind OPERATOR(pg_catalog.=) 'quorum'"
		" FROM aidcase.reroute AS r"
		" WHERE r.round_id OPERATOR(pg_catalog.=) $1"
		" ORDER BY r.reroute_id DESC LIMIT 1",
	1, {INT8OID}, NULL};
#define MEETING(lock) \
	"SELECT m.held_at OPERATOR(pg_catalog.<=) $3 AND m.held_at" \
	" OPERATOR(pg_catalog.>=) (SELECT e.evaluated_at FROM aidcase.evaluation AS e" \
	"  WHERE e.round_id OPERATOR(pg_catalog.=) $4" \
	"  ORDER BY e.entry_no DESC LIMIT 1)" \
	" FROM aidcase.review_meeting AS m" \
	" JOIN aidcase.review_group AS g" \
	"  ON g.group_id OPERATOR(pg_catalog.=) m.group_id" \
	"  AND g.valid OPERATOR(pg_catalog.@>) aidcase.date_here(m.held_at)" \
	" WHERE m.meeting_id OPERATOR(pg_catalog.=) $1" \
	" AND m.unit_id OPERATOR(pg_catalog.=) $2" \
	" AND g.unit_id OPERATOR(pg_catalog.=) $2" lock
	static KeptPlan meeting_plans[2] = {
		{MEETING(" FOR SHARE OF m"),
		4, {INT8OID, INT8OID, TIMESTAMPTZOID, INT8OID}, NULL},
		{MEETING(""),
		4, {INT8OID, INT8OID, TIMESTAMPTZOID, INT8OID}, NULL}
	};
	static KeptPlan vote_plan = {
		"SELECT pg_catalog.count(*),"
		" pg_catalog.count(*) FILTER (WHERE v.vote OPERATOR(pg_catalog.=) $4),"
		" pg_catalog.min(v.entry_no) OPERATOR(pg_catalog.<) ("
		"  SELECT pg_catalog.max(n.entry_no) FROM ("
		"   SELECT d.entry_no FROM aidcase.determination AS d"
		"   WHERE d.round_id OPERATOR(pg_catalog.=) $1"
		"   UNION ALL SELECT e.entry_no FROM aidcase.evaluation AS e"
		"   WHERE e.round_id OPERATOR(pg_catalog.=) $1"
		"   UNION ALL SELECT o.entry_no FROM aidcase.assistance_opinion AS o"
		"   WHERE o.round_id OPERATOR(pg_catalog.=) $1) AS n),"
		" (SELECT pg_catalog.string_agg(c.capacity, ', ' ORDER BY c.capacity)"
		"  FROM pg_catalog.unnest($5) AS c (capacity)"
		"  WHERE c.capacity OPERATOR(pg_catalog.<>) ALL"
		"   (pg_catalog.array_agg(g.capacity)))"
		COUNTING_VOTES,
	5, {INT8OID, INT8OID, INT8OID, TEXTOID, TEXTARRAYOID}, NULL};
	static KeptPlan quorum_plan = {
		"SELECT q.members::pg_catalog.int8, q.capacities,"
		" EXISTS (SELECT FROM aidcase.assistance_opinion AS o"
		"  WHERE o.round_id OPERATOR(pg_catalog.=) $1 AND NOT o.void"
		"  AND o.outcome OPERATOR(pg_catalog.=) 'granted')"
		" FROM aidcase.quorum_needed($1, $2, $3) AS q",
	3, {INT8OID, INT8OID, DATEOID}, NULL};
	const GuardContext *context = CONTEXT();
	int64		meeting_id = meeting_of(context);
	int64		group_unit_id = context->unit_id;
	Datum		values[5];
	char		nulls[] = "     ";
	bool		isnull;
	bool		grants;
	int64		needed;
	int64		counting;
	int64		in_favour;
	char	   *absent;

	values[0] = Int64GetDatum(context->id);
	if (aidcase_run(&reroute_plan, values, NULL, 1) == 1 && result_bool(2))
	{
		if (result_int64(1) == 0)
			PG_RETURN_NULL();
		group_unit_id = result_int64(1);
	}
	if (meeting_id == 0)
		RETURN_SENTENCE("The move names no meeting of the joint review group.");
	values[0] = Int64GetDatum(meeting_id);
	values[1] = Int64GetDatum(group_unit_id);
	values[2] = TimestampTzGetDatum(context->at);
	values[3] = Int64GetDatum(context->id);
	if (aidcase_run(&meeting_plans[context->dry_run ? 1 : 0], values, NULL, 1) == 0)
		RETURN_SENTENCE(group_unit_id == context->unit_id ?
						"The meeting is not one of this unit's joint review group." :
						"The meeting is not one of the group that stands in for this unit's.");
	if (!result_bool(1))
		RETURN_SENTENCE("The meeting was not held between the evaluation and the decision.");

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->unit_id);
	values[2] = DateADTGetDatum(context->on);
	(void) aidcase_run(&quorum_plan, values, NULL, 1);
	needed = result_int64(1);
	values[4] = result(2, &isnull);
	if (isnull)
		nulls[4] = 'n';
	else
		values[4] = datumCopy(values[4], false, -1);
	/* a move that is no decision yet goes the way of the opinion */
	grants = context->move->to->frozen ? context->move->to->grants : result_bool(3);

	values[1] = Int64GetDatum(context->case_id);
	values[2] = Int64GetDatum(meeting_id);
	values[3] = CStringGetTextDatum(grants ? "agree" : "against");
	(void) aidcase_run(&vote_plan, values, nulls, 1);
	counting = result_int64(1);
	in_favour = result_int64(2);
	absent = result_text(4);
	if (counting < needed)
		RETURN_SENTENCE(psprintf("The quorum is " INT64_FORMAT
								 " members who may vote; " INT64_FORMAT
								 " did.", needed, counting));
	if (absent != NULL)
		RETURN_SENTENCE(psprintf("Nobody voted in the capacity %s.", absent));
	if (in_favour * 2 <= counting)
		RETURN_SENTENCE(psprintf("The vote has no majority %s: "
								 INT64_FORMAT " of " INT64_FORMAT ".",
								 grants ? "for the assistance" : "against the assistance",
								 in_favour, counting));
	if (result_bool(3))
		RETURN_SENTENCE("What the meeting voted on has changed since.");
	PG_RETURN_NULL();
}

/*
 * Nobody who visited the household or determined the amounts confirms:
 * neither the mover nor a member whose vote counts.
 */
Datum
aidcase_guard_four_eyes(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM (SELECT $4 AS staff_id"
		" UNION ALL SELECT v.staff_id" COUNTING_VOTES ") AS c"
		" WHERE EXISTS (SELECT FROM aidcase.home_visit AS h"
		"  WHERE h.round_id OPERATOR(pg_catalog.=) $1 AND NOT h.void"
		"  AND (h.visitor_id OPERATOR(pg_catalog.=) c.staff_id"
		"   OR h.second_visitor_id OPERATOR(pg_catalog.=) c.staff_id))"
		" OR EXISTS (SELECT FROM aidcase.determination AS d"
		"  WHERE d.round_id OPERATOR(pg_catalog.=) $1"
		"  AND d.determined_by OPERATOR(pg_catalog.=) c.staff_id))",
	4, {INT8OID, INT8OID, INT8OID, INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[4];

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->case_id);
	values[2] = Int64GetDatum(meeting_of(context));
	values[3] = Int64GetDatum(context->staff_id);
	(void) aidcase_run(&plan, values, NULL, 1);
	if (!result_bool(1))
		PG_RETURN_NULL();
	RETURN_SENTENCE("Somebody who confirms has visited the household or made the determination.");
}

/*
 * The actor has no open flag on the case.
 */
Datum
aidcase_guard_no_conflict(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.conflict_flag AS f"
		" WHERE f.staff_id OPERATOR(pg_catalog.=) $1"
		" AND f.case_id OPERATOR(pg_catalog.=) $2 AND " OPEN_FLAG ")",
	2, {INT8OID, INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[2];

	values[0] = Int64GetDatum(context->staff_id);
	values[1] = Int64GetDatum(context->case_id);
	(void) aidcase_run(&plan, values, NULL, 1);
	if (!result_bool(1))
		PG_RETURN_NULL();
	RETURN_SENTENCE("You are recused from this case.");
}

/*
 * The actor has no open flag on a case that the roll pays.
 */
Datum
aidcase_guard_payer_unrelated(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.conflict_flag AS f"
		" JOIN aidcase.payment AS p"
		"  ON p.case_id OPERATOR(pg_catalog.=) f.case_id"
		"  AND p.roll_id OPERATOR(pg_catalog.=) $2"
		" WHERE f.staff_id OPERATOR(pg_catalog.=) $1 AND " OPEN_FLAG ")",
	2, {INT8OID, INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[2];

	values[0] = Int64GetDatum(context->staff_id);
	values[1] = Int64GetDatum(context->id);
	(void) aidcase_run(&plan, values, NULL, 1);
	if (!result_bool(1))
		PG_RETURN_NULL();
	RETURN_SENTENCE("You are recused from this roll.");
}

/*
 * What is granted lies within the authority of who decides: the bureau's
 * leaders or the bureau where the move is theirs, else the unit.
 */
Datum
aidcase_guard_within_authority(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT pg_catalog.string_agg(f, ' ')"
		" FROM aidcase.authority_faults($1, $2, $3, $4) AS f",
	4, {INT8OID, INT8OID, DATEOID, TEXTOID}, NULL};
	const GuardContext *context = CONTEXT();
	const NameList *posts = &context->move->posts;
	const char *level = "unit";
	Datum		values[4];
	char	   *faults;
	int			i;

	for (i = 0; i < posts->n; i++)
	{
		if (strcmp(posts->names[i], "bureau_leader") == 0)
			level = "bureau_leaders";
		else if (strcmp(posts->names[i], "bureau_clerk") == 0 &&
				 strcmp(level, "unit") == 0)
			level = "bureau";
	}
	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->unit_id);
	values[2] = DateADTGetDatum(context->on);
	values[3] = CStringGetTextDatum(level);
	(void) aidcase_run(&plan, values, NULL, 1);
	faults = result_text(1);
	if (faults == NULL)
		PG_RETURN_NULL();
	RETURN_SENTENCE(faults);
}

/*
 * Something is refused, with a reason (a table constraint asks for the reason
 * of every line refused; each reason cites its article).
 */
Datum
aidcase_guard_refusal_reasoned(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.assistance_opinion AS o"
		" WHERE o.round_id OPERATOR(pg_catalog.=) $1 AND NOT o.void"
		" AND o.outcome OPERATOR(pg_catalog.=) 'refused'"
		" AND o.refusal_reason IS NOT NULL)",
	1, {INT8OID}, NULL};

	if (round_has(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The opinion gives no reason for the refusal.");
}

/*
 * The refusal was delivered, since it was decided.
 */
Datum
aidcase_guard_notice_delivered(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.document_delivery AS d"
		" WHERE d.round_id OPERATOR(pg_catalog.=) $1"
		" AND d.kind OPERATOR(pg_catalog.=) 'refusal'"
		" AND d.delivered_at OPERATOR(pg_catalog.>=) $2"
		" AND d.delivered_at OPERATOR(pg_catalog.<=) $3)",
	3, {INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[3];
	Datum		decided;
	bool		isnull;

	decided = row_value(context, "decided_on", &isnull);
	if (!isnull)
	{
		values[0] = Int64GetDatum(context->id);
		values[1] = TimestampTzGetDatum(aidcase_midnight(DatumGetDateADT(decided)));
		values[2] = TimestampTzGetDatum(context->at);
		(void) aidcase_run(&plan, values, NULL, 1);
		if (result_bool(1))
			PG_RETURN_NULL();
	}
	RETURN_SENTENCE("The notice of refusal has not been delivered.");
}

/*
 * The confirmation was published.
 */
Datum
aidcase_guard_publication_made(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.publication_item AS i"
		" WHERE i.round_id OPERATOR(pg_catalog.=) $1)",
	1, {INT8OID}, NULL};

	if (round_has(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The confirmation has not been published.");
}

/*
 * The days of publicity are over: the last one lies before the move.
 */
Datum
aidcase_guard_publicity_over(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.publication_item AS i"
		" JOIN aidcase.publication AS p"
		"  ON p.publication_id OPERATOR(pg_catalog.=) i.publication_id"
		" WHERE i.round_id OPERATOR(pg_catalog.=) $1"
		" AND p.kind OPERATOR(pg_catalog.=) 'confirmation'"
		" AND p.until OPERATOR(pg_catalog.<) $2)",
	2, {INT8OID, DATEOID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[2];

	values[0] = Int64GetDatum(context->id);
	values[1] = DateADTGetDatum(context->on);
	if (aidcase_run(&plan, values, NULL, 1) == 1 && result_bool(1))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The days of publicity are not over.");
}

/*
 * Help is in the hands of the person, with a receipt, before the move.
 */
Datum
aidcase_guard_handover_recorded(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT EXISTS (SELECT FROM aidcase.aid_handover AS h"
		" WHERE h.round_id OPERATOR(pg_catalog.=) $1"
		" AND h.handed_at OPERATOR(pg_catalog.<=) $2)",
	2, {INT8OID, TIMESTAMPTZOID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[2];

	values[0] = Int64GetDatum(context->id);
	values[1] = TimestampTzGetDatum(context->at);
	(void) aidcase_run(&plan, values, NULL, 1);
	if (result_bool(1))
		PG_RETURN_NULL();
	RETURN_SENTENCE("No hand-over with a receipt is recorded.");
}
