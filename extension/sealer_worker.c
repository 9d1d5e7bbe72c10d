/*-------------------------------------------------------------------------
 *
 * sealer_worker.c
 *		The background worker that seals, and its settings.
 *
 * With aidcase in shared_preload_libraries a launcher runs that, every
 * aidcase.seal_interval seconds, starts a worker for each database of
 * aidcase.seal_databases, one after the other.  A worker connects, seals and
 * ends.  So no connection stands in the way of DROP DATABASE, an error ends
 * one round of one database only, and a database that has no register yet,
 * or does not exist, costs nothing.
 *
 * The launcher starts when recovery has finished: a standby does not seal,
 * and begins to when it is promoted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "aidcase.h"
#include "compat.h"
#include "sealer.h"

#define LIBRARY				"$libdir/aidcase"
#define MIN_SEAL_INTERVAL	1
#define MAX_SEAL_INTERVAL	86400
#define RESTART_SECONDS		10

PG_FUNCTION_INFO_V1(aidcase_sealed_by_worker);

static int	seal_interval = 60;
static char *seal_databases = NULL;
static bool preloaded = false;

PGDLLEXPORT void aidcase_sealer_launcher(Datum arg);
PGDLLEXPORT void aidcase_sealer_worker(Datum arg);
static bool check_databases(char **newval, void **extra, GucSource source);
static List *databases(void);
static void seal_database(const char *name);

/*
 * Defines the settings, and registers the launcher when the library is
 * preloaded.
 */
void
aidcase_define_sealer_settings(void)
{
	BackgroundWorker worker = {0};

	DefineCustomStringVariable("aidcase.seal_databases",
							   "Sets the databases whose registers the background worker seals.",
							   "Names, separated by commas; empty means none. Needs aidcase in shared_preload_libraries.",
							   &seal_databases,
							   "",
							   PGC_SIGHUP,
							   GUC_LIST_INPUT,
							   check_databases,
							   NULL,
							   NULL);
	DefineCustomIntVariable("aidcase.seal_interval",
							"Sets the time between two rounds of the background worker that seals.",
							NULL,
							&seal_interval,
							60,
							MIN_SEAL_INTERVAL,
							MAX_SEAL_INTERVAL,
							PGC_SIGHUP,
							GUC_UNIT_S,
							NULL,
							NULL,
							NULL);
	if (!process_shared_preload_libraries_in_progress)
		return;

	preloaded = true;
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_SECONDS;
	strlcpy(worker.bgw_library_name, LIBRARY, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "aidcase_sealer_launcher",
			sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "aidcase sealer launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "aidcase sealer launcher", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

/*
 * The list of databases must be one.
 */
static bool
check_databases(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *names = NIL;
	bool		good = SplitIdentifierString(copy, ',', &names);

	if (!good)
		GUC_check_errdetail("List syntax is invalid.");
	list_free(names);
	pfree(copy);
	return good;
}

/*
 * The databases, as a list of names.
 */
static List *
databases(void)
{
	List	   *names = NIL;

	if (!SplitIdentifierString(pstrdup(seal_databases), ',', &names))
		return NIL;
	return names;
}

/*
 * sealed_by_worker() returns boolean: does the worker seal this database?
 */
Datum
aidcase_sealed_by_worker(PG_FUNCTION_ARGS)
{
	char	   *name = get_database_name(MyDatabaseId);
	ListCell   *cell;

	if (preloaded)
	{
		foreach(cell, databases())
		{
			if (strcmp((char *) lfirst(cell), name) == 0)
				PG_RETURN_BOOL(true);
		}
	}
	PG_RETURN_BOOL(false);
}

/*
 * Starts the worker of one database and waits until it has ended.
 */
static void
seal_database(const char *name)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;
	bool		exists;

	StartTransactionCommand();
	exists = OidIsValid(get_database_oid(name, true));
	CommitTransactionCommand();
	if (!exists)
		return;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	strlcpy(worker.bgw_library_name, LIBRARY, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "aidcase_sealer_worker",
			sizeof(worker.bgw_function_name));
	snprintf(worker.bgw_name, BGW_MAXLEN, "aidcase sealer for %s", name);
	strlcpy(worker.bgw_type, "aidcase sealer", BGW_MAXLEN);
	strlcpy(worker.bgw_extra, name, BGW_EXTRALEN);
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		ereport(LOG,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not start a worker to seal database \"%s\"", name),
				 errhint("Raise max_worker_processes.")));
		return;
	}
	(void) WaitForBackgroundWorkerShutdown(handle);
}

/*
 * The launcher.
 */
void
aidcase_sealer_launcher(Datum arg)
{
	MemoryContext context;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	context = AllocSetContextCreate(TopMemoryContext, "aidcase sealer launcher",
									ALLOCSET_DEFAULT_SIZES);

	for (;;)
	{
		TimestampTz started = GetCurrentTimestamp();
		ListCell   *cell;
		long		rest;

		MemoryContextSwitchTo(context);
		foreach(cell, databases())
		{
			char	   *name = MemoryContextStrdup(context, lfirst(cell));

			CHECK_FOR_INTERRUPTS();
			seal_database(name);
			MemoryContextSwitchTo(context);
		}
		MemoryContextReset(context);

		do
		{
			CHECK_FOR_INTERRUPTS();
			if (ConfigReloadPending)
			{
				ConfigReloadPending = false;
				ProcessConfigFile(PGC_SIGHUP);
			}
			rest = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
												   TimestampTzPlusMilliseconds(started,
																			   seal_interval * 1000L));
			if (rest > 0)
			{
				(void) WaitLatch(MyLatch,
								 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
								 rest, PG_WAIT_EXTENSION);
				ResetLatch(MyLatch);
			}
		} while (rest > 0);
	}
}

/*
 * The worker of one database: seals once.
 */
void
aidcase_sealer_worker(Datum arg)
{
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(MyBgworkerEntry->bgw_extra, NULL, 0);
	SetConfigOption("application_name", "aidcase sealer", PGC_USERSET,
					PGC_S_OVERRIDE);
	SetConfigOption("default_transaction_isolation", "read committed",
					PGC_USERSET, PGC_S_OVERRIDE);
	SetConfigOption("default_transaction_read_only", "off", PGC_USERSET,
					PGC_S_OVERRIDE);

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "SELECT aidcase.seal()");
	if (OidIsValid(get_extension_oid("aidcase", true)) &&
		OidIsValid(aidcase_relation_if_any("checkpoint")))
		(void) aidcase_seal_now();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	proc_exit(0);
}
