/*-------------------------------------------------------------------------
 *
 * workflow_cache.c
 *		What a backend keeps of the procedures, and of the columns of the
 *		tables that the engine serves.
 *
 * The definitions (guard, clock, workflow, workflow_state,
 * workflow_transition, procedure_in_force) are read as a whole, as the
 * register's owner, into a context of their own under CacheMemoryContext.
 * The context is filled completely before it replaces the old one.  The old
 * one may still be in use further up the stack (a guard can make us read
 * anew), so it is handed to the transaction and goes with it: what these
 * functions return is good until the transaction ends.
 *
 * The definitions become invalid by
 * - relation-cache invalidation of one of the tables, which trigger
 *   ~~invalidate sends with every change;
 * - a change of any function, since guards are functions;
 * - the abort of a transaction or subtransaction that had written something
 *   when it read them: it may have read rows that are gone.
 * Callbacks only mark.
 *
 * A definition that names what does not exist is refused when it is written
 * (sql/register/45_procedure.always.sql).  Should it come about all the same
 * (a guard's function was dropped), only the moves that need it are refused.
 *
 * Columns of a table are found by name once and kept in a hash table by the
 * table's OID, until the relation cache says that the table has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "aidcase.h"
#include "compat.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_guard_function_fault);
PG_FUNCTION_INFO_V1(aidcase_procedure_of);

/* Which procedure governs new rows. */
typedef struct Procedure
{
	int64		unit_id;		/* 0: every unit without one of its own */
	char	   *subject;
	char	   *round_kind;		/* NULL: every kind without one of its own */
	int			delegated;		/* 1: of a unit that holds the delegation, 0: of
								 * one that does not, -1: of either */
	int64		workflow_id;
	DateADT		from;			/* first day */
	DateADT		until;			/* first day after it */
} Procedure;

typedef struct Definitions
{
	MemoryContext context;		/* holds this struct and all below it */
	int			nguards;
	WorkflowGuard *guards;
	int			nclocks;
	WorkflowClock *clocks;
	int			nworkflows;
	Workflow   *workflows;		/* in order of workflow_id */
	int			nprocedures;
	Procedure  *procedures;
} Definitions;

static const char *const definition_tables[] = {
	"guard", "clock", "workflow", "workflow_state", "workflow_transition",
	"procedure_in_force"
};

static Definitions *definitions = NULL;
static bool definitions_valid = false;
static bool definitions_uncommitted = false;
static bool disturbed = false;	/* an invalidation came while we read */
static Oid	definition_relids[lengthof(definition_tables)];

static HTAB *subject_hash = NULL;
static HTAB *fact_hash = NULL;
static bool callbacks_registered = false;

/* Columns of a subject that identify it: never changed by hand. */
static const char *const fixed_columns[] = {
	"case_id", "unit_id", "workflow_id", "round_kind", "round_no",
	"roll_month", "first_contact_at", "outside_key", "opened_by"
};

/* Who vouches for a fact, by table of the column's name. */
typedef struct SignerColumn
{
	const char *column;
	const char *when;			/* NULL: from the start */
	bool		only_new;		/* somebody else may complete the row */
} SignerColumn;

static const SignerColumn signer_columns[] = {
	{"requested_by", NULL, true},
	{"cleared_by", "cleared_at", false},
	{"evaluated_by", NULL, false},
	{"determined_by", NULL, false},
	{"delivered_by", NULL, false},
	{"handed_by", NULL, false},
	{"cosigned_by", NULL, false}
};

/* When a fact happened. */
static const char *const time_columns[] = {
	"requested_at", "returned_at", "raised_at", "cleared_at", "visited_at",
	"evaluated_at", "determined_at", "delivered_at", "handed_at",
	"cosigned_at"
};

static void register_callbacks(void);
static void forget_relation(Datum arg, Oid relid);
static void forget_functions(Datum arg, int cacheid, uint32 hashvalue);
static void forget_definitions(void);
static void workflow_xact_end(XactEvent event, void *arg);
static void workflow_subxact_end(SubXactEvent event, SubTransactionId mySubid,
								 SubTransactionId parentSubid, void *arg);
static const Definitions *get_definitions(void);
static void read_guards(Definitions *defs);
static void read_clocks(Definitions *defs);
static void read_workflows(Definitions *defs);
static void read_states(Definitions *defs);
static void read_transitions(Definitions *defs);
static void read_procedures(Definitions *defs);
static Workflow *find_workflow(const Definitions *defs, int64 workflow_id);
static char *guard_function(const char *name, bool *in_c, Oid *funcid);

/*
 * Listens for changes, once in a backend's life.
 */
static void
register_callbacks(void)
{
	HASHCTL		ctl = {0};

	if (callbacks_registered)
		return;
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(SubjectColumns);
	subject_hash = hash_create("aidcase subject tables", 8, &ctl,
							   HASH_ELEM | HASH_BLOBS);
	ctl.entrysize = sizeof(FactColumns);
	fact_hash = hash_create("aidcase fact tables", 32, &ctl,
							HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, forget_functions, (Datum) 0);
	RegisterXactCallback(workflow_xact_end, NULL);
	RegisterSubXactCallback(workflow_subxact_end, NULL);
	callbacks_registered = true;
}

/*
 * Relation-cache callback.  Only marks.
 */
static void
forget_relation(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS scan;
	SubjectColumns *subject;
	FactColumns *fact;
	int			i;

	if (relid == InvalidOid)
	{
		forget_definitions();
		hash_seq_init(&scan, subject_hash);
		while ((subject = hash_seq_search(&scan)) != NULL)
			subject->valid = false;
		hash_seq_init(&scan, fact_hash);
		while ((fact = hash_seq_search(&scan)) != NULL)
			fact->valid = false;
		return;
	}
	for (i = 0; i < (int) lengthof(definition_relids); i++)
		if (relid == definition_relids[i])
			forget_definitions();
	subject = hash_search(subject_hash, &relid, HASH_FIND, NULL);
	if (subject != NULL)
		subject->valid = false;
	fact = hash_search(fact_hash, &relid, HASH_FIND, NULL);
	if (fact != NULL)
		fact->valid = false;
}

/*
 * Syscache callback: a function has changed; it may be a guard.
 */
static void
forget_functions(Datum arg, int cacheid, uint32 hashvalue)
{
	forget_definitions();
}

/*
 * Marks the definitions as not to be used.
 */
static void
forget_definitions(void)
{
	definitions_valid = false;
	disturbed = true;
}

/*
 * End of a transaction: what an aborted one had read may not be true.  A
 * prepared one takes its changes out of sight, too.
 */
static void
workflow_xact_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			if (definitions_uncommitted)
				forget_definitions();
			definitions_uncommitted = false;
			break;
		case XACT_EVENT_COMMIT:
			definitions_uncommitted = false;
			break;
		default:
			break;
	}
}

/*
 * Abort of a subtransaction: likewise.
 */
static void
workflow_subxact_end(SubXactEvent event, SubTransactionId mySubid,
					 SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && definitions_uncommitted)
		forget_definitions();
}

/*
 * The definitions, read when needed.  They stay where they are until the
 * transaction ends, whatever is read in between.
 */
static const Definitions *
get_definitions(void)
{
	MemoryContext context;
	Definitions *fresh;
	int			i;

	register_callbacks();
	if (definitions_valid)
		return definitions;

	for (i = 0; i < (int) lengthof(definition_tables); i++)
		definition_relids[i] = aidcase_relation(definition_tables[i]);
	disturbed = false;

	/* below the caller's context, so that an error frees it */
	context = AllocSetContextCreate(CurrentMemoryContext,
									"aidcase procedures",
									ALLOCSET_DEFAULT_SIZES);
	fresh = MemoryContextAllocZero(context, sizeof(Definitions));
	fresh->context = context;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	read_guards(fresh);
	read_clocks(fresh);
	read_workflows(fresh);
	read_states(fresh);
	read_transitions(fresh);
	read_procedures(fresh);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");

	MemoryContextSetParent(context, CacheMemoryContext);
	if (definitions != NULL)
		MemoryContextSetParent(definitions->context, TopTransactionContext);
	definitions = fresh;
	definitions_uncommitted =
		TransactionIdIsValid(GetTopTransactionIdIfAny());
	definitions_valid = !disturbed;
	return fresh;
}

/*
 * A text of the present SPI row, in the definitions' context; NULL for NULL.
 */
static char *
column_text(Definitions *defs, uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, column, &isnull);

	if (isnull)
		return NULL;
	return MemoryContextStrdup(defs->context, TextDatumGetCString(value));
}

/*
 * A bigint, integer or boolean of the present SPI row; 0 for NULL.
 */
static Datum
column_value(uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? (Datum) 0 : value;
}

/*
 * An array of texts of the present SPI row.
 */
static NameList
column_names(Definitions *defs, uint64 row, int column)
{
	NameList	list = {0, NULL};
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, column, &isnull);
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	if (isnull)
		return list;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &n);
	list.names = MemoryContextAlloc(defs->context,
									sizeof(char *) * Max(n, 1));
	for (i = 0; i < n; i++)
		if (!nulls[i])
			list.names[list.n++] =
				MemoryContextStrdup(defs->context,
									TextDatumGetCString(elements[i]));
	return list;
}

/*
 * Notes that a definition names something that does not exist.
 */
static void
note_problem(Definitions *defs, char **problem, const char *kind,
			 const char *name)
{
	if (*problem == NULL)
		*problem = MemoryContextStrdup(defs->context,
									   psprintf("It names the %s \"%s\", which does not exist.",
												kind, name));
}

/*
 * Clocks by their names.
 */
static ClockList
column_clocks(Definitions *defs, uint64 row, int column, char **problem)
{
	NameList	names = column_names(defs, row, column);
	ClockList	list = {0, NULL};
	int			i;
	int			j;

	if (names.n == 0)
		return list;
	list.clocks = MemoryContextAlloc(defs->context,
									 sizeof(WorkflowClock *) * names.n);
	for (i = 0; i < names.n; i++)
	{
		for (j = 0; j < defs->nclocks; j++)
			if (strcmp(defs->clocks[j].name, names.names[i]) == 0)
				break;
		if (j < defs->nclocks)
			list.clocks[list.n++] = &defs->clocks[j];
		else
			note_problem(defs, problem, "clock", names.names[i]);
	}
	return list;
}

/*
 * Reads table guard and finds the functions.
 */
static void
read_guards(Definitions *defs)
{
	static KeptPlan plan = {
		"SELECT g.guard, g.function_name, g.hint_en, g.label_zh, g.hint_zh"
		" FROM aidcase.guard AS g ORDER BY g.guard",
	0, {0}, NULL};
	uint64		n = aidcase_run(&plan, NULL, NULL, 0);
	uint64		i;

	defs->guards = MemoryContextAllocZero(defs->context,
										  sizeof(WorkflowGuard) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		WorkflowGuard *guard = &defs->guards[i];
		char	   *problem;

		guard->name = column_text(defs, i, 1);
		guard->hint = column_text(defs, i, 3);
		guard->label_zh = column_text(defs, i, 4);
		guard->hint_zh = column_text(defs, i, 5);
		problem = guard_function(column_text(defs, i, 2), &guard->in_c,
								 &guard->funcid);
		if (problem != NULL)
			guard->problem = MemoryContextStrdup(defs->context, problem);
		else if (guard->in_c)
			fmgr_info_cxt(guard->funcid, &guard->function, defs->context);
	}
	defs->nguards = n;
}

/*
 * Reads table clock.
 */
static void
read_clocks(Definitions *defs)
{
	static KeptPlan plan = {
		"SELECT c.clock, c.kind, c.parameter,"
		" c.starts_from OPERATOR(pg_catalog.=) 'first_contact', c.cancelled_by,"
		" c.met_by, c.due_column, c.variant,"
		" c.starts_from OPERATOR(pg_catalog.=) 'acceptance', c.of_case,"
		" c.started_by, c.only_if"
		" FROM aidcase.clock AS c ORDER BY c.clock",
	0, {0}, NULL};
	uint64		n = aidcase_run(&plan, NULL, NULL, 0);
	uint64		i;

	defs->clocks = MemoryContextAllocZero(defs->context,
										  sizeof(WorkflowClock) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		WorkflowClock *clock = &defs->clocks[i];
		char	   *kind;
		char	   *condition;
		int			j;

		clock->name = column_text(defs, i, 1);
		kind = column_text(defs, i, 2);
		clock->kind = strcmp(kind, "workdays") == 0 ? CLOCK_WORKDAYS :
			strcmp(kind, "days") == 0 ? CLOCK_DAYS :
			strcmp(kind, "months") == 0 ? CLOCK_MONTHS : CLOCK_HOURS;
		clock->parameter = column_text(defs, i, 3);
		clock->from_first_contact = DatumGetBool(column_value(i, 4));
		clock->cancelled_by = column_text(defs, i, 5);
		clock->met_by = column_names(defs, i, 6);
		clock->due_column = column_text(defs, i, 7);
		clock->variant = column_text(defs, i, 8);
		clock->from_acceptance = DatumGetBool(column_value(i, 9));
		clock->of_case = DatumGetBool(column_value(i, 10));
		clock->started_by = column_names(defs, i, 11);
		condition = column_text(defs, i, 12);
		if (condition == NULL)
			continue;
		for (j = 0; j < defs->nguards; j++)
			if (strcmp(defs->guards[j].name, condition) == 0)
				break;
		if (j == defs->nguards)
			note_problem(defs, &clock->problem, "guard", condition);
		else
		{
			clock->only_if = &defs->guards[j];
			clock->problem = defs->guards[j].problem;
		}
	}
	defs->nclocks = n;
}

/*
 * Reads table workflow.
 */
static void
read_workflows(Definitions *defs)
{
	static KeptPlan plan = {
		"SELECT w.workflow_id, w.name, w.version, w.subject, w.posts, w.starts"
		" FROM aidcase.workflow AS w ORDER BY w.workflow_id",
	0, {0}, NULL};
	uint64		n = aidcase_run(&plan, NULL, NULL, 0);
	uint64		i;
	char	   *problem = NULL;

	defs->workflows = MemoryContextAllocZero(defs->context,
											 sizeof(Workflow) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		Workflow   *workflow = &defs->workflows[i];

		workflow->workflow_id = DatumGetInt64(column_value(i, 1));
		workflow->name = column_text(defs, i, 2);
		workflow->version = DatumGetInt32(column_value(i, 3));
		workflow->subject = column_text(defs, i, 4);
		workflow->posts = column_names(defs, i, 5);
		workflow->starts = column_clocks(defs, i, 6, &problem);
	}
	defs->nworkflows = n;
}

/*
 * Reads table workflow_state.
 */
static void
read_states(Definitions *defs)
{
	static KeptPlan plan = {
		"SELECT s.workflow_id, s.state, s.kind, s.frozen, s.grants, s.label_zh"
		" FROM aidcase.workflow_state AS s"
		" ORDER BY s.workflow_id, s.sort, s.state",
	0, {0}, NULL};
	uint64		n = aidcase_run(&plan, NULL, NULL, 0);
	WorkflowState *all;
	uint64		i;

	all = MemoryContextAllocZero(defs->context,
								 sizeof(WorkflowState) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		Workflow   *workflow = find_workflow(defs,
											 DatumGetInt64(column_value(i, 1)));
		WorkflowState *state = &all[i];
		char	   *kind;

		if (workflow == NULL)	/* came into being while we read */
			continue;
		state->name = column_text(defs, i, 2);
		kind = column_text(defs, i, 3);
		state->kind = strcmp(kind, "initial") == 0 ? STATE_INITIAL :
			strcmp(kind, "final") == 0 ? STATE_FINAL : STATE_NORMAL;
		state->frozen = DatumGetBool(column_value(i, 4));
		state->grants = DatumGetBool(column_value(i, 5));
		state->label_zh = column_text(defs, i, 6);
		if (workflow->states == NULL)
			workflow->states = state;
		workflow->nstates++;
		if (state->kind == STATE_INITIAL)
			workflow->initial = state;
	}
}

/*
 * Reads table workflow_transition.
 */
static void
read_transitions(Definitions *defs)
{
	static KeptPlan plan = {
		"SELECT t.workflow_id, t.from_state, t.action, t.to_state, t.posts,"
		" t.guards, t.sets, t.may_change, t.starts, t.meets, t.pauses,"
		" t.resumes, t.cancels, t.label_zh, t.label_en, t.at_column"
		" FROM aidcase.workflow_transition AS t"
		" JOIN aidcase.workflow_state AS s"
		" ON s.workflow_id OPERATOR(pg_catalog.=) t.workflow_id"
		" AND s.state OPERATOR(pg_catalog.=) t.to_state"
		" ORDER BY t.workflow_id, s.sort, t.from_state, t.action",
	0, {0}, NULL};
	uint64		n = aidcase_run(&plan, NULL, NULL, 0);
	WorkflowTransition *all;
	uint64		i;

	all = MemoryContextAllocZero(defs->context,
								 sizeof(WorkflowTransition) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		Workflow   *workflow = find_workflow(defs,
											 DatumGetInt64(column_value(i, 1)));
		WorkflowTransition *move = &all[i];
		NameList	guards;
		int			j;
		int			k;

		if (workflow == NULL)
			continue;
		if (workflow->transitions == NULL)
			workflow->transitions = move;
		workflow->ntransitions++;
		move->from = aidcase_workflow_state(workflow, column_text(defs, i, 2));
		move->to = aidcase_workflow_state(workflow, column_text(defs, i, 4));
		if (move->from == NULL || move->to == NULL)
		{
			move->from = NULL;	/* matches no state */
			continue;
		}
		move->action = column_text(defs, i, 3);
		move->posts = column_names(defs, i, 5);
		guards = column_names(defs, i, 6);
		move->sets = column_names(defs, i, 7);
		move->may_change = column_names(defs, i, 8);
		move->starts = column_clocks(defs, i, 9, &move->problem);
		move->meets = column_clocks(defs, i, 10, &move->problem);
		move->pauses = column_clocks(defs, i, 11, &move->problem);
		move->resumes = column_clocks(defs, i, 12, &move->problem);
		move->cancels = column_clocks(defs, i, 13, &move->problem);
		move->label_zh = column_text(defs, i, 14);
		move->label_en = column_text(defs, i, 15);
		move->at_column = column_text(defs, i, 16);

		move->guards = MemoryContextAlloc(defs->context,
										  sizeof(WorkflowGuard *) * Max(guards.n, 1));
		for (j = 0; j < guards.n; j++)
		{
			for (k = 0; k < defs->nguards; k++)
				if (strcmp(defs->guards[k].name, guards.names[j]) == 0)
					break;
			if (k == defs->nguards)
				note_problem(defs, &move->problem, "guard", guards.names[j]);
			else
			{
				move->guards[move->nguards++] = &defs->guards[k];
				if (defs->guards[k].problem != NULL && move->problem == NULL)
					move->problem = defs->guards[k].problem;
			}
		}
	}
}

/*
 * Reads table procedure_in_force.
 */
static void
read_procedures(Definitions *defs)
{
	static KeptPlan plan = {
		"SELECT p.unit_id, p.subject, p.round_kind, p.workflow_id,"
		" CASE WHEN pg_catalog.lower_inf(p.valid) THEN '-infinity'"
		" ELSE pg_catalog.lower(p.valid) END,"
		" CASE WHEN pg_catalog.upper_inf(p.valid) THEN 'infinity'"
		" ELSE pg_catalog.upper(p.valid) END,"
		" CASE WHEN p.delegated THEN 1 WHEN p.delegated IS NULL THEN -1"
		" ELSE 0 END"
		" FROM aidcase.procedure_in_force AS p",
	0, {0}, NULL};
	uint64		n = aidcase_run(&plan, NULL, NULL, 0);
	uint64		i;

	defs->procedures = MemoryContextAllocZero(defs->context,
											  sizeof(Procedure) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		Procedure  *procedure = &defs->procedures[i];

		procedure->unit_id = DatumGetInt64(column_value(i, 1));
		procedure->subject = column_text(defs, i, 2);
		procedure->round_kind = column_text(defs, i, 3);
		procedure->workflow_id = DatumGetInt64(column_value(i, 4));
		procedure->from = DatumGetDateADT(column_value(i, 5));
		procedure->until = DatumGetDateADT(column_value(i, 6));
		procedure->delegated = DatumGetInt32(column_value(i, 7));
	}
	defs->nprocedures = n;
}

/*
 * The function of a guard by its name schema.name: NULL when it can be
 * called, else a sentence that says why not.
 *
 * A C guard is called with a pointer, so only a function of our own schema in
 * language C is taken for one; a guard in SQL runs as the register's owner,
 * so it must be owned by the owner or a superuser.
 */
static char *
guard_function(const char *name, bool *in_c, Oid *funcid)
{
	static const Oid c_types[] = {INTERNALOID};
	static const Oid sql_types[] = {TEXTOID, INT8OID, INT8OID, DATEOID};
	const char *dot = strchr(name, '.');
	List	   *names;
	HeapTuple	tuple;
	Form_pg_proc proc;
	char	   *fault = NULL;

	*in_c = false;
	*funcid = InvalidOid;
	if (dot == NULL)
		return psprintf("The name of guard function \"%s\" has no schema.", name);
	names = list_make2(makeString(pnstrdup(name, dot - name)),
					   makeString(pstrdup(dot + 1)));
	*funcid = LookupFuncName(names, lengthof(c_types), c_types, true);
	if (OidIsValid(*funcid))
		*in_c = true;
	else
		*funcid = LookupFuncName(names, lengthof(sql_types), sql_types, true);
	if (!OidIsValid(*funcid))
		return psprintf("There is no guard function \"%s\" with arguments (internal) or (text, bigint, bigint, date).",
						name);

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(*funcid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", *funcid);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	if (proc->prorettype != TEXTOID || proc->proretset ||
		proc->prokind != PROKIND_FUNCTION)
		fault = psprintf("Guard function \"%s\" does not return text.", name);
	else if (*in_c && (proc->prolang != ClanguageId ||
					   strncmp(name, AIDCASE_SCHEMA ".",
							   strlen(AIDCASE_SCHEMA ".")) != 0))
		fault = psprintf("Guard function \"%s\" takes an internal argument but is not a C function of schema \"%s\".",
						 name, AIDCASE_SCHEMA);
	else if (!superuser_arg(proc->proowner) &&
			 proc->proowner != aidcase_owner())
		fault = psprintf("Guard function \"%s\" is owned neither by \"%s\" nor by a superuser.",
						 name, GetUserNameFromId(aidcase_owner(), false));
	ReleaseSysCache(tuple);
	return fault;
}

/*
 * guard_function_fault(function_name text) returns text: why a function
 * cannot be a guard; NULL when it can.
 */
Datum
aidcase_guard_function_fault(PG_FUNCTION_ARGS)
{
	bool		in_c;
	Oid			funcid;
	char	   *fault = guard_function(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									   &in_c, &funcid);

	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}

/*
 * A version by its key, among these definitions; NULL when there is none.
 */
static Workflow *
find_workflow(const Definitions *defs, int64 workflow_id)
{
	int			low = 0;
	int			high = defs->nworkflows - 1;

	while (low <= high)
	{
		int			middle = (low + high) / 2;

		if (defs->workflows[middle].workflow_id == workflow_id)
			return &defs->workflows[middle];
		if (defs->workflows[middle].workflow_id < workflow_id)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return NULL;
}

/*
 * The version that a row is pinned to; a foreign key holds it in place.
 */
const Workflow *
aidcase_workflow(int64 workflow_id)
{
	const Workflow *workflow = find_workflow(get_definitions(), workflow_id);

	if (workflow == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("there is no workflow " INT64_FORMAT, workflow_id)));
	return workflow;
}

/*
 * Does a unit hold, on a date, the delegation for every programme that is
 * entrusted to units at all, or for that of the emergency alone?  lock: the
 * delegations stay until the transaction ends.
 */
static bool
unit_is_delegated(const char *round_kind, int64 unit_id, DateADT on, bool lock)
{
#define DELEGATED(lock) \
	"WITH held AS MATERIALIZED (" \
	" SELECT d.programme FROM aidcase.delegation AS d" \
	" WHERE d.unit_id OPERATOR(pg_catalog.=) $1" \
	" AND d.valid OPERATOR(pg_catalog.@>) $2" lock ")" \
	" SELECT EXISTS (SELECT FROM held) AND NOT EXISTS (SELECT FROM" \
	" (SELECT DISTINCT e.programme FROM aidcase.delegation AS e) AS p" \
	" WHERE (NOT $3 OR p.programme OPERATOR(pg_catalog.=) 'temp_assistance')" \
	" AND p.programme OPERATOR(pg_catalog.<>) ALL" \
	" (ARRAY(SELECT h.programme FROM held AS h)))"
	static KeptPlan plans[2] = {
		{DELEGATED(""), 3, {INT8OID, DATEOID, BOOLOID}, NULL},
		{DELEGATED(" FOR SHARE"), 3, {INT8OID, DATEOID, BOOLOID}, NULL}
	};
	Datum		values[3];
	bool		delegated;
	bool		isnull;

	values[0] = Int64GetDatum(unit_id);
	values[1] = DateADTGetDatum(on);
	values[2] = BoolGetDatum(round_kind != NULL &&
							 strcmp(round_kind, "emergency") == 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	(void) aidcase_run(&plans[lock ? 1 : 0], values, NULL, 1);
	delegated = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
										   SPI_tuptable->tupdesc, 1, &isnull));
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return delegated;
}

/*
 * The version in force for new rows of a subject; NULL when there is none.
 * One of the unit goes before one for all, one of the kind before one for
 * all kinds, one that looks at the delegation before one that does not.
 */
const Workflow *
aidcase_workflow_in_force(const char *subject, const char *round_kind,
						  int64 unit_id, DateADT on, bool lock)
{
	const Definitions *defs = get_definitions();
	const Procedure *best = NULL;
	int			best_rank = -1;
	int			delegated = -1; /* not asked yet */
	int			i;

	for (i = 0; i < defs->nprocedures; i++)
	{
		const Procedure *procedure = &defs->procedures[i];
		int			rank;

		if (strcmp(procedure->subject, subject) != 0 ||
			on < procedure->from || on >= procedure->until)
			continue;
		if (procedure->unit_id != 0 && procedure->unit_id != unit_id)
			continue;
		if (procedure->round_kind != NULL &&
			(round_kind == NULL ||
			 strcmp(procedure->round_kind, round_kind) != 0))
			continue;
		rank = (procedure->unit_id != 0 ? 4 : 0) +
			(procedure->round_kind != NULL ? 2 : 0) +
			(procedure->delegated >= 0 ? 1 : 0);
		if (rank <= best_rank)
			continue;
		if (procedure->delegated >= 0)
		{
			if (delegated < 0)
				delegated = unit_is_delegated(round_kind, unit_id, on, lock);
			if (procedure->delegated != delegated)
				continue;
		}
		best = procedure;
		best_rank = rank;
	}
	return best == NULL ? NULL : find_workflow(defs, best->workflow_id);
}

/*
 * procedure_of(subject text, round_kind text, unit_id bigint, on_date date)
 * returns bigint: the version in force, NULL when there is none.
 */
Datum
aidcase_procedure_of(PG_FUNCTION_ARGS)
{
	const Workflow *workflow;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	workflow = aidcase_workflow_in_force(text_to_cstring(PG_GETARG_TEXT_PP(0)),
										 PG_ARGISNULL(1) ? NULL :
										 text_to_cstring(PG_GETARG_TEXT_PP(1)),
										 PG_GETARG_INT64(2),
										 PG_GETARG_DATEADT(3), false);
	if (workflow == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(workflow->workflow_id);
}

/*
 * Is this the name of a table that some procedure governs?
 */
bool
aidcase_is_subject(const char *name)
{
	const Definitions *defs = get_definitions();
	int			i;

	for (i = 0; i < defs->nworkflows; i++)
		if (strcmp(defs->workflows[i].subject, name) == 0)
			return true;
	return false;
}

/*
 * A state of a version by its name; NULL when there is none.
 */
const WorkflowState *
aidcase_workflow_state(const Workflow *workflow, const char *name)
{
	int			i;

	for (i = 0; i < workflow->nstates; i++)
		if (strcmp(workflow->states[i].name, name) == 0)
			return &workflow->states[i];
	return NULL;
}

/*
 * The transition between two states; NULL when there is none.
 */
const WorkflowTransition *
aidcase_transition(const Workflow *workflow, const WorkflowState *from,
				   const char *to)
{
	int			i;

	for (i = 0; from != NULL && i < workflow->ntransitions; i++)
		if (workflow->transitions[i].from == from &&
			strcmp(workflow->transitions[i].to->name, to) == 0)
			return &workflow->transitions[i];
	return NULL;
}

/*
 * The clocks that a new row of a table cancels.
 */
ClockList
aidcase_clocks_cancelled_by(const char *table)
{
	const Definitions *defs = get_definitions();
	ClockList	list = {0, NULL};
	int			i;

	list.clocks = palloc(sizeof(WorkflowClock *) * Max(defs->nclocks, 1));
	for (i = 0; i < defs->nclocks; i++)
		if (defs->clocks[i].cancelled_by != NULL &&
			strcmp(defs->clocks[i].cancelled_by, table) == 0)
			list.clocks[list.n++] = &defs->clocks[i];
	return list;
}

/*
 * The clocks that a fact, named as table.column, meets.
 */
ClockList
aidcase_clocks_met_by(const char *fact)
{
	const Definitions *defs = get_definitions();
	ClockList	list = {0, NULL};
	int			i;

	list.clocks = palloc(sizeof(WorkflowClock *) * Max(defs->nclocks, 1));
	for (i = 0; i < defs->nclocks; i++)
		if (aidcase_listed(&defs->clocks[i].met_by, fact))
			list.clocks[list.n++] = &defs->clocks[i];
	return list;
}

/*
 * The clocks that a fact, named as table.column, starts.
 */
ClockList
aidcase_clocks_started_by(const char *fact)
{
	const Definitions *defs = get_definitions();
	ClockList	list = {0, NULL};
	int			i;

	list.clocks = palloc(sizeof(WorkflowClock *) * Max(defs->nclocks, 1));
	for (i = 0; i < defs->nclocks; i++)
		if (aidcase_listed(&defs->clocks[i].started_by, fact))
			list.clocks[list.n++] = &defs->clocks[i];
	return list;
}

/*
 * Is a name in a list?
 */
bool
aidcase_listed(const NameList *list, const char *name)
{
	int			i;

	for (i = 0; i < list->n; i++)
		if (strcmp(list->names[i], name) == 0)
			return true;
	return false;
}

/*
 * Number of a column that the engine cannot do without; it must have the
 * type, since the tables are ordinary ones and their owner can change them.
 */
static AttrNumber
require_column(Relation rel, const char *column, Oid type)
{
	AttrNumber	attnum = aidcase_attnum(RelationGetDescr(rel), column);

	if (attnum == 0 ||
		TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\" of type %s",
						RelationGetRelationName(rel), column,
						format_type_be(type)),
				 errdetail("The workflow engine needs it.")));
	return attnum;
}

/*
 * Number of a column that a table may have, or 0; of the type if it has it.
 */
static AttrNumber
optional_column(Relation rel, const char *column, Oid type)
{
	if (aidcase_attnum(RelationGetDescr(rel), column) == 0)
		return 0;
	return require_column(rel, column, type);
}

/*
 * The columns of a subject table.
 */
const SubjectColumns *
aidcase_subject_columns(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	SubjectColumns *entry;
	SubjectColumns fresh = {0};
	Bitmapset  *primary;
	bool		found;
	int			i;

	register_callbacks();
	entry = hash_search(subject_hash, &relid, HASH_FIND, NULL);
	if (entry != NULL && entry->valid)
		return entry;

	primary = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	if (bms_membership(primary) == BMS_SINGLETON)
		fresh.key = bms_singleton_member(primary) +
			FirstLowInvalidHeapAttributeNumber;
	if (fresh.key <= 0 ||
		TupleDescAttr(RelationGetDescr(rel), fresh.key - 1)->atttypid != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("table \"%s\" cannot be the subject of a procedure",
						RelationGetRelationName(rel)),
				 errdetail("Its primary key must be one column of type bigint.")));
	list_free(RelationGetIndexList(rel));
	fresh.key_index = rel->rd_pkindex;

	fresh.workflow_id = require_column(rel, "workflow_id", INT8OID);
	fresh.state = require_column(rel, "state", TEXTOID);
	fresh.unit_id = require_column(rel, "unit_id", INT8OID);
	fresh.occurred_at = require_column(rel, "occurred_at", TIMESTAMPTZOID);
	fresh.moved_by = require_column(rel, "moved_by", INT8OID);
	fresh.reason = require_column(rel, "reason", TEXTOID);
	fresh.opened_by = optional_column(rel, "opened_by", INT8OID);
	fresh.village_id = optional_column(rel, "village_id", INT8OID);
	fresh.case_id = optional_column(rel, "case_id", INT8OID);
	fresh.round_kind = optional_column(rel, "round_kind", TEXTOID);
	fresh.first_contact_at = optional_column(rel, "first_contact_at",
											 TIMESTAMPTZOID);
	fresh.entry_no = optional_column(rel, "entry_no", INT8OID);
	fresh.fixed[fresh.nfixed++] = fresh.key;
	StaticAssertStmt(lengthof(fixed_columns) < SUBJECT_MAX_FIXED,
					 "room for the key and the fixed columns");
	for (i = 0; i < (int) lengthof(fixed_columns); i++)
	{
		AttrNumber	attnum = aidcase_attnum(RelationGetDescr(rel),
											fixed_columns[i]);

		if (attnum != 0)
			fresh.fixed[fresh.nfixed++] = attnum;
	}

	entry = hash_search(subject_hash, &relid, HASH_ENTER, &found);
	fresh.relid = relid;
	fresh.valid = true;
	*entry = fresh;
	return entry;
}

/*
 * The columns of a table of facts.
 */
const FactColumns *
aidcase_fact_columns(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	FactColumns *entry;
	FactColumns fresh = {0};
	bool		found;
	int			i;

	register_callbacks();
	entry = hash_search(fact_hash, &relid, HASH_FIND, NULL);
	if (entry != NULL && entry->valid)
		return entry;

	fresh.case_id = require_column(rel, "case_id", INT8OID);
	fresh.round_id = require_column(rel, "round_id", INT8OID);
	fresh.entry_no = optional_column(rel, "entry_no", INT8OID);
	fresh.is_void = optional_column(rel, "void", BOOLOID);
	fresh.signed_on = optional_column(rel, "signed_on", DATEOID);
	fresh.happened_on = optional_column(rel, "happened_on", DATEOID);
	for (i = 0; i < (int) lengthof(signer_columns) && fresh.signer == 0; i++)
	{
		fresh.signer = optional_column(rel, signer_columns[i].column, INT8OID);
		if (fresh.signer == 0)
			continue;
		fresh.signer_only_new = signer_columns[i].only_new;
		if (signer_columns[i].when != NULL)
			fresh.signed_when = require_column(rel, signer_columns[i].when,
											   TIMESTAMPTZOID);
	}
	for (i = 0; i < (int) lengthof(time_columns); i++)
	{
		AttrNumber	attnum = optional_column(rel, time_columns[i],
											 TIMESTAMPTZOID);

		if (attnum != 0 && fresh.ntimes < FACT_MAX_TIMES)
			fresh.times[fresh.ntimes++] = attnum;
	}

	entry = hash_search(fact_hash, &relid, HASH_ENTER, &found);
	fresh.relid = relid;
	fresh.valid = true;
	*entry = fresh;
	return entry;
}
