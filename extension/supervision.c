/*-------------------------------------------------------------------------
 *
 * supervision.c
 *		Conditions of the procedures for late entries, leads, petitions,
 *		referrals and submissions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "aidcase.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_guard_second_person);

#define CONTEXT()	((const GuardContext *) PG_GETARG_POINTER(0))
#define RETURN_SENTENCE(text)	PG_RETURN_TEXT_P(cstring_to_text(text))

/*
 * Somebody else than who opened the row acts.
 */
Datum
aidcase_guard_second_person(PG_FUNCTION_ARGS)
{
	const GuardContext *context = CONTEXT();
	AttrNumber	attnum = aidcase_attnum(context->desc, "opened_by");
	bool		isnull = true;
	Datum		opened_by = (Datum) 0;

	if (attnum != 0)
		opened_by = heap_getattr(context->row, attnum, context->desc, &isnull);
	if (!isnull && DatumGetInt64(opened_by) == context->staff_id)
		RETURN_SENTENCE("You entered the row yourself.");
	PG_RETURN_NULL();
}
