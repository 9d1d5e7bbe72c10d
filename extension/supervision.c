/*-------------------------------------------------------------------------
 *
 * supervision.c
 *		Conditions of the procedures for late entries, leads, petitions,
 *		referrals, submissions and cases for the discipline organs.
 *
 * Most of them ask for a column of the row as the move would leave it; the
 * move alone may set that column (workflow_transition.may_change).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_guard_second_person);
PG_FUNCTION_INFO_V1(aidcase_guard_lead_converted);
PG_FUNCTION_INFO_V1(aidcase_guard_lead_reasoned);
PG_FUNCTION_INFO_V1(aidcase_guard_reason_given);
PG_FUNCTION_INFO_V1(aidcase_guard_petition_answered);
PG_FUNCTION_INFO_V1(aidcase_guard_petition_in_time);
PG_FUNCTION_INFO_V1(aidcase_guard_petition_settled);
PG_FUNCTION_INFO_V1(aidcase_guard_petition_reviewed);
PG_FUNCTION_INFO_V1(aidcase_guard_referral_answered);
PG_FUNCTION_INFO_V1(aidcase_guard_submission_hashed);
PG_FUNCTION_INFO_V1(aidcase_guard_evidence_hashed);
PG_FUNCTION_INFO_V1(aidcase_guard_discipline_concluded);

#define CONTEXT()	((const GuardContext *) PG_GETARG_POINTER(0))
#define RETURN_SENTENCE(text)	PG_RETURN_TEXT_P(cstring_to_text(text))

/*
 * A column of the row as it would become; *isnull also when there is none.
 */
static Datum
column(const GuardContext *context, const char *name, bool *isnull)
{
	AttrNumber	attnum = aidcase_attnum(context->desc, name);

	*isnull = true;
	if (attnum == 0)
		return (Datum) 0;
	return heap_getattr(context->row, attnum, context->desc, isnull);
}

/*
 * Is a column of the row set?
 */
static bool
is_set(const GuardContext *context, const char *name)
{
	bool		isnull;

	(void) column(context, name, &isnull);
	return !isnull;
}

/*
 * Somebody else than who opened the row acts.
 */
Datum
aidcase_guard_second_person(PG_FUNCTION_ARGS)
{
	const GuardContext *context = CONTEXT();
	bool		isnull;
	Datum		opened_by = column(context, "opened_by", &isnull);

	if (!isnull && DatumGetInt64(opened_by) == context->staff_id)
		RETURN_SENTENCE("You entered the row yourself.");
	PG_RETURN_NULL();
}

/*
 * The lead became a round of the unit, filed on the day it was found or later.
 */
Datum
aidcase_guard_lead_converted(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT 1 FROM aidcase.case_round AS r"
		" WHERE r.round_id OPERATOR(pg_catalog.=) $1"
		" AND r.unit_id OPERATOR(pg_catalog.=) $2"
		" AND r.channel OPERATOR(pg_catalog.=) 'discovered'"
		" AND aidcase.date_here(r.first_contact_at) OPERATOR(pg_catalog.>=) $3",
	3, {INT8OID, INT8OID, DATEOID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[3];
	bool		isnull;
	bool		no_day;

	values[0] = column(context, "round_id", &isnull);
	values[1] = Int64GetDatum(context->unit_id);
	values[2] = column(context, "found_on", &no_day);
	if (!isnull && !no_day && aidcase_run(&plan, values, NULL, 1) == 1)
		PG_RETURN_NULL();
	RETURN_SENTENCE("It names no discovered application of the unit since the day of the lead.");
}

/*
 * Why nothing is done about a lead.
 */
Datum
aidcase_guard_lead_reasoned(PG_FUNCTION_ARGS)
{
	if (is_set(CONTEXT(), "no_action_reason"))
		PG_RETURN_NULL();
	RETURN_SENTENCE("No reason is given why nothing is done.");
}

/*
 * The move has a reason.
 */
Datum
aidcase_guard_reason_given(PG_FUNCTION_ARGS)
{
	if (is_set(CONTEXT(), "reason"))
		PG_RETURN_NULL();
	RETURN_SENTENCE("No reason is given.");
}

/*
 * A petition has its reply, and if it was accepted, its outcome.
 */
Datum
aidcase_guard_petition_answered(PG_FUNCTION_ARGS)
{
	const GuardContext *context = CONTEXT();

	if (!is_set(context, "reply"))
		RETURN_SENTENCE("The writer has no reply.");
	if (is_set(context, "accepted_on") && !is_set(context, "outcome"))
		RETURN_SENTENCE("The reply has no outcome.");
	PG_RETURN_NULL();
}

/*
 * Does the time in which a review may be asked for still run when the move
 * happens?
 */
static bool
may_still_ask(const GuardContext *context)
{
	static KeptPlan plan = {
		"SELECT 1 FROM aidcase.deadline AS d"
		" WHERE d.subject OPERATOR(pg_catalog.=) 'petition'"
		" AND d.subject_id OPERATOR(pg_catalog.=) $1"
		" AND d.clock OPERATOR(pg_catalog.=) ANY"
		"  (ARRAY['petition_review_request', 'petition_recheck_request'])"
		" AND d.met_at IS NULL AND d.cancelled_at IS NULL"
		" AND d.due_at OPERATOR(pg_catalog.>) $2",
	2, {INT8OID, TIMESTAMPTZOID}, NULL};
	Datum		values[2];

	values[0] = Int64GetDatum(context->id);
	values[1] = TimestampTzGetDatum(context->at);
	return aidcase_run(&plan, values, NULL, 1) == 1;
}

/*
 * A review is asked for in time.
 */
Datum
aidcase_guard_petition_in_time(PG_FUNCTION_ARGS)
{
	if (may_still_ask(CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The time for asking is over.");
}

/*
 * The writer is satisfied, or can no longer ask for a review.
 */
Datum
aidcase_guard_petition_settled(PG_FUNCTION_ARGS)
{
	const GuardContext *context = CONTEXT();
	bool		isnull;
	Datum		satisfied = column(context, "satisfied", &isnull);

	if ((!isnull && DatumGetBool(satisfied)) || !may_still_ask(context))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The writer may still ask for a review.");
}

/*
 * The review, or the second one, has its result.
 */
Datum
aidcase_guard_petition_reviewed(PG_FUNCTION_ARGS)
{
	const GuardContext *context = CONTEXT();

	if (is_set(context, aidcase_listed(&context->move->may_change, "recheck_result") ?
			   "recheck_result" : "review_result"))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The review has no result.");
}

/*
 * The other department has answered.
 */
Datum
aidcase_guard_referral_answered(PG_FUNCTION_ARGS)
{
	if (is_set(CONTEXT(), "outcome"))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The department has not answered.");
}

/*
 * What is handed in is known by its hash.
 */
Datum
aidcase_guard_submission_hashed(PG_FUNCTION_ARGS)
{
	if (is_set(CONTEXT(), "sha256"))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The hash of what is handed in is missing.");
}

/*
 * The evidence that is handed over is known by its hash.
 */
Datum
aidcase_guard_evidence_hashed(PG_FUNCTION_ARGS)
{
	if (is_set(CONTEXT(), "evidence_sha256"))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The hash of the evidence is missing.");
}

/*
 * The discipline organ has come to a conclusion.
 */
Datum
aidcase_guard_discipline_concluded(PG_FUNCTION_ARGS)
{
	if (is_set(CONTEXT(), "outcome"))
		PG_RETURN_NULL();
	RETURN_SENTENCE("No outcome is given.");
}
