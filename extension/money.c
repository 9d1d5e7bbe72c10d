/*-------------------------------------------------------------------------
 *
 * money.c
 *		The condition that a unit's reserve fund puts on a move.
 *
 * The balance cannot go below zero whatever this guard says: table
 * reserve_fund has the constraint, and the hand-over spends.  The guard tells
 * the leader before the family is promised money that is not there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "aidcase.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_guard_reserve_fund_sufficient);

#define SUFFICIENT \
	"SELECT f.balance OPERATOR(pg_catalog.<)" \
	" (SELECT pg_catalog.sum(o.amount) FROM aidcase.assistance_opinion AS o" \
	"  JOIN aidcase.programme AS p" \
	"   ON p.programme OPERATOR(pg_catalog.=) o.programme" \
	"  WHERE o.round_id OPERATOR(pg_catalog.=) $1 AND NOT o.void" \
	"  AND o.outcome OPERATOR(pg_catalog.=) 'granted'" \
	"  AND p.cash AND NOT p.recurring)" \
	" FROM aidcase.reserve_fund AS f" \
	" WHERE f.unit_id OPERATOR(pg_catalog.=) $2 AND f.closed_on IS NULL"

/*
 * What is granted once does not exceed what the unit's reserve fund holds.  A
 * unit without a fund pays from the budget.
 */
Datum
aidcase_guard_reserve_fund_sufficient(PG_FUNCTION_ARGS)
{
	static KeptPlan look = {SUFFICIENT, 2, {INT8OID, INT8OID}, NULL};
	static KeptPlan lock = {SUFFICIENT " FOR SHARE OF f",
	2, {INT8OID, INT8OID}, NULL};
	const GuardContext *context = (const GuardContext *) PG_GETARG_POINTER(0);
	Datum		values[2];
	bool		isnull;

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->unit_id);
	if (aidcase_run(context->dry_run ? &look : &lock, values, NULL, 1) == 0 ||
		!DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
									SPI_tuptable->tupdesc, 1, &isnull)) ||
		isnull)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text("The reserve fund of the unit holds less than what is granted."));
}
