/*-------------------------------------------------------------------------
 *
 * plan_cache.c
 *		Kept SPI plans, prepared and run as the register's owner.
 *
 * Guards and triggers look at rows that the acting login may not read (a
 * filing of somebody else's relatives, another unit's award), and their
 * answer must not depend on what the caller may see.  So their queries run
 * with the rights of the register's owner, whose tables are not under forced
 * row security, and with the latest snapshot, as foreign-key checks do: a
 * condition that another session has just changed is seen.
 *
 * Each plan lives in a static KeptPlan of the room that uses it and is kept
 * until the backend ends; PostgreSQL analyzes and plans it again by itself
 * when a table changed or the register was made anew.  It is never freed, so
 * that a plan may be run while it is running (a guard that writes can set off
 * the trigger that called it).  Memory of the plans is SPI's own, under
 * CacheMemoryContext.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "aidcase.h"
#include "compat.h"

/*
 * Runs a kept plan; see aidcase.h.  The user id is switched for the run only
 * and comes back by itself when the transaction aborts.
 */
uint64
aidcase_run(KeptPlan *kept, Datum *values, const char *nulls, long limit)
{
	Oid			saved_user;
	int			saved_context;
	int			result;
	Snapshot	snapshot;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(aidcase_owner(),
						   saved_context | SECURITY_LOCAL_USERID_CHANGE);

	if (kept->plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare(kept->query, kept->nargs, kept->argtypes);

		if (plan == NULL)
			elog(ERROR, "could not prepare a kept plan: %s: %s",
				 SPI_result_code_string(SPI_result), kept->query);
		if (SPI_keepplan(plan) != 0)
			elog(ERROR, "could not keep a plan: %s", kept->query);
		kept->plan = plan;
	}

	/*
	 * A query that locks rows or writes needs a snapshot that also sees this
	 * command's own earlier work.  Triggers that it sets off fire before it
	 * returns, whatever called us.
	 */
	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	result = SPI_execute_snapshot(kept->plan, values, nulls, snapshot,
								  InvalidSnapshot, false, true, limit);
	UnregisterSnapshot(snapshot);
	SetUserIdAndSecContext(saved_user, saved_context);

	if (result < 0)
		elog(ERROR, "a kept plan returned %s: %s",
			 SPI_result_code_string(result), kept->query);
	return SPI_processed;
}
