/*-------------------------------------------------------------------------
 *
 * workflow.c
 *		One engine for every state machine: the gate.
 *
 * enforce_workflow() fires before every insert and update of a subject
 * table, whatever statement or client it comes from.  A new row is pinned to
 * the version of the procedure that is in force for its unit on its date, in
 * the initial state.  A change of state must be a transition of that version,
 * made by somebody who holds one of its posts, with every guard met; all that
 * is missing is reported together.  In a frozen state nothing changes but by
 * a move.
 *
 * A move of a row that belongs to a case locks the case before its guards
 * look (workflow_facts.c says why).  next_actions() is the same judgement as
 * a dry run; aim_move() serves advance().
 *
 * A round that is not decided goes with its case to another unit, by an
 * accepted transfer and not otherwise; it keeps version, state and clocks.
 *
 * A row ends under the version that it began with.  The one exception is a
 * round that table reroute sends to the district (or to the step that the
 * district takes) because its unit can no longer decide: its version and
 * state change together, as that row says, and nothing else does.
 *
 * Everything is read with the latest snapshot and as the register's owner,
 * as foreign-key checks do, so under REPEATABLE READ, too, a move is judged
 * by what is true now.
 *
 * Memory: a trigger works in the executor's memory for the row; definitions
 * and column numbers are workflow_cache.c's; nothing is kept here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "compat.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_enforce_workflow);
PG_FUNCTION_INFO_V1(aidcase_next_actions);
PG_FUNCTION_INFO_V1(aidcase_aim_move);

#define NOBODY_HINT_ZH \
	"用 enrol_staff() 将登录名交给工作人员,或对共用登录名在同一事务中调用 act_as()。"
#define NOBODY_HINT \
	"Give the login to a member of staff with enrol_staff(), or call" \
	" act_as() in the same transaction for a pooled login."

/* Conditions that a move does not meet. */
typedef struct Unmet
{
	List	   *sentences;		/* of char * */
	List	   *hints;			/* of char *, each once */
} Unmet;

static HeapTuple open_subject(TriggerData *trigdata,
							  const SubjectColumns *columns);
static HeapTuple change_subject(TriggerData *trigdata,
								const SubjectColumns *columns);
static HeapTuple prepare_move(Relation rel, const SubjectColumns *columns,
							  const Row *row, const WorkflowTransition *move,
							  TimestampTz at, int64 staff_id,
							  bool keep_reason);
static void check_conditions(const GuardContext *context, bool have_actor,
							 Unmet *unmet);
static void refuse_unmet(Relation rel, const GuardContext *context,
						 const Unmet *unmet);
static void refuse_state(Relation rel, int64 id, const Workflow *workflow,
						 const WorkflowState *from, const char *to,
						 const char *action);
static bool reroute_says(int64 id, int64 from_workflow, const char *from,
						 int64 to_workflow, const char *to);
static bool transfer_says(int64 case_id, int64 from_unit, int64 to_unit);
static TimestampTz event_time(Relation rel, int64 id, bool given,
							  TimestampTz at, bool has_before,
							  TimestampTz before, int64 unit_id);

/*
 * Trigger: BEFORE INSERT OR UPDATE on a subject table, for each row.  Trigger
 * arguments name further columns that are never changed by hand.
 */
Datum
aidcase_enforce_workflow(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = aidcase_trigger(fcinfo, "enforce_workflow",
											true, true);
	const SubjectColumns *columns =
		aidcase_subject_columns(trigdata->tg_relation);

	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(open_subject(trigdata, columns));
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return PointerGetDatum(change_subject(trigdata, columns));
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("function \"%s\" was attached with the wrong event",
					"enforce_workflow"),
			 errdetail("It must be fired by INSERT or UPDATE.")));
	return (Datum) 0;
}

/*
 * Takes a row apart, in the present memory context.
 */
void
aidcase_take_apart(Row *row, HeapTuple tuple, TupleDesc desc)
{
	row->tuple = tuple;
	row->values = palloc(sizeof(Datum) * desc->natts);
	row->nulls = palloc(sizeof(bool) * desc->natts);
	heap_deform_tuple(tuple, desc, row->values, row->nulls);
}

/*
 * Name of a column, for messages.
 */
static const char *
column_name(Relation rel, AttrNumber attnum)
{
	return NameStr(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attname);
}

/*
 * Which columns differ: an array of natts.  Columns that PostgreSQL or the
 * ledger fill after us are left out.
 */
bool *
aidcase_changed_columns(TupleDesc desc, const Row *old, const Row *new,
				AttrNumber entry_no)
{
	bool	   *changed = palloc0(sizeof(bool) * desc->natts);
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || att->attgenerated != '\0' ||
			att->attnum == entry_no)
			continue;
		if (old->nulls[i] != new->nulls[i])
			changed[i] = true;
		else if (!old->nulls[i])
			changed[i] = !datum_image_eq(old->values[i], new->values[i],
										 att->attbyval, att->attlen);
	}
	return changed;
}

/*
 * The instant after which nothing can have happened: now.  The transaction's
 * start is not late enough, others may have written since.
 */
TimestampTz
aidcase_latest_instant(void)
{
	TimestampTz now = aidcase_now();
	TimestampTz clock;

	if (now != GetCurrentTransactionStartTimestamp())
		return now;				/* a rehearsal whose clock is moved */
	clock = GetCurrentTimestamp();
	return Max(now, clock);
}

/*
 * A new row of a subject: pins it to the version in force.
 */
static HeapTuple
open_subject(TriggerData *trigdata, const SubjectColumns *columns)
{
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	const char *subject = RelationGetRelationName(rel);
	const Actor *actor = aidcase_actor();
	const Workflow *workflow;
	Row			row;
	int64		unit_id;
	int64		village_id = 0;
	TimestampTz at;
	DateADT		on;
	char	   *state;
	int			cols[5];
	Datum		values[5];
	bool		nulls[5] = {false, false, false, false, false};
	int			i;
	int			j;

	if (actor->staff_id == 0)
		aidcase_refuse_nobody();
	aidcase_take_apart(&row, trigdata->tg_trigtuple, desc);
	if (row.nulls[columns->unit_id - 1])
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
						"unit_id", subject),
				 errtablecol(rel, columns->unit_id)));
	unit_id = row_int64(&row, columns->unit_id);
	at = event_time(rel, 0, !row.nulls[columns->occurred_at - 1],
					DatumGetTimestampTz(row.values[columns->occurred_at - 1]),
					false, 0, unit_id);
	on = aidcase_date(at);
	if (columns->first_contact_at != 0 &&
		!row.nulls[columns->first_contact_at - 1] &&
		DatumGetTimestampTz(row.values[columns->first_contact_at - 1]) > aidcase_latest_instant())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the first contact lies in the future"),
				 errtablecol(rel, columns->first_contact_at)));

	workflow = aidcase_workflow_in_force(subject,
										 row_text(&row, columns->round_kind),
										 unit_id, on, true);
	if (workflow == NULL || workflow->initial == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PARAMETER_MISSING),
				 columns->round_kind != 0 ?
				 errmsg("no procedure is in force for \"%s\" of kind \"%s\"",
						subject, row_text(&row, columns->round_kind)) :
				 errmsg("no procedure is in force for \"%s\"", subject),
				 errdetail("It is asked for unit " INT64_FORMAT " on %s.",
						   unit_id,
						   DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(on)))),
				 errhint("An administrator enters it in table aidcase.procedure_in_force."),
				 errtable(rel)));
	if (!row.nulls[columns->workflow_id - 1] &&
		row_int64(&row, columns->workflow_id) != workflow->workflow_id)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the procedure of a new row cannot be chosen"),
				 errdetail("Version %d of procedure \"%s\" is in force.",
						   workflow->version, workflow->name),
				 errhint("Leave column \"workflow_id\" out."),
				 errtablecol(rel, columns->workflow_id)));
	state = row_text(&row, columns->state);
	if (state != NULL && strcmp(state, workflow->initial->name) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_MOVE_REFUSED),
				 errmsg("a new row of \"%s\" cannot be in state \"%s\"",
						subject, state),
				 errdetail("Version %d of procedure \"%s\" begins with state \"%s\".",
						   workflow->version, workflow->name,
						   workflow->initial->name),
				 errhint("Leave column \"state\" out and move the row with aidcase.advance()."),
				 errtablecol(rel, columns->state)));

	/* what moves set must not be there before them */
	for (i = 0; i < workflow->ntransitions; i++)
	{
		const WorkflowTransition *move = &workflow->transitions[i];

		for (j = 0; j < move->sets.n + move->may_change.n; j++)
		{
			const char *name = j < move->sets.n ? move->sets.names[j] :
				move->may_change.names[j - move->sets.n];
			AttrNumber	attnum = aidcase_attnum(desc, name);

			if (attnum != 0 && !row.nulls[attnum - 1])
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("column \"%s\" of a new row of \"%s\" must be null",
								name, subject),
						 errdetail("It is set by the move \"%s\".", move->action),
						 errtablecol(rel, attnum)));
		}
	}

	/* in a case of the unit or of one below it */
	if (columns->case_id != 0 && !row.nulls[columns->case_id - 1])
	{
		static KeptPlan plan = {
			"SELECT c.village_id, c.unit_id OPERATOR(pg_catalog.=) $2"
			" OR aidcase.unit_below(c.unit_id, $2, $3)"
			" FROM aidcase.aid_case AS c"
			" WHERE c.case_id OPERATOR(pg_catalog.=) $1",
		3, {INT8OID, INT8OID, DATEOID}, NULL};
		Datum		args[3];

		args[0] = Int64GetDatum(row_int64(&row, columns->case_id));
		args[1] = Int64GetDatum(unit_id);
		args[2] = DateADTGetDatum(on);
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "SPI_connect failed");
		if (aidcase_run(&plan, args, NULL, 1) == 1)
		{
			bool		isnull;

			village_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
													 SPI_tuptable->tupdesc,
													 1, &isnull));
			if (!DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
											SPI_tuptable->tupdesc,
											2, &isnull)))
				ereport(ERROR,
						(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						 errmsg("permission denied to open a row of \"%s\" for this unit",
								subject),
						 errdetail("The case belongs to another unit."),
						 errhint("The unit that the case belongs to opens it."),
						 errtable(rel)));
		}
		SPI_finish();
	}

	/* the village that the household lives in may open a row of its unit */
	if (village_id == 0)
		village_id = row_int64(&row, columns->village_id);
	if (!aidcase_actor_has_post(workflow->posts.names, workflow->posts.n,
								unit_id, on))
	{
		if (village_id == 0 ||
			!aidcase_actor_has_post(workflow->posts.names, workflow->posts.n,
									village_id, on))
		{
			StringInfoData posts;

			initStringInfo(&posts);
			for (i = 0; i < workflow->posts.n; i++)
				appendStringInfo(&posts, "%s%s", i > 0 ? ", " : "",
								 workflow->posts.names[i]);
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied to open a row of \"%s\" for this unit",
							subject),
					 errdetail("It needs one of the posts %s at the unit or above it.",
							   posts.data),
					 errhint("Ask somebody who holds the post."),
					 errtable(rel)));
		}
	}

	cols[0] = columns->workflow_id;
	values[0] = Int64GetDatum(workflow->workflow_id);
	cols[1] = columns->state;
	values[1] = CStringGetTextDatum(workflow->initial->name);
	cols[2] = columns->occurred_at;
	values[2] = TimestampTzGetDatum(at);
	cols[3] = columns->moved_by;
	values[3] = Int64GetDatum(actor->staff_id);
	cols[4] = columns->opened_by;
	values[4] = Int64GetDatum(actor->staff_id);
	return heap_modify_tuple_by_cols(row.tuple, desc,
									 columns->opened_by != 0 ? 5 : 4, cols,
									 values, nulls);
}

/*
 * Names of the columns marked in changed, as a list for messages.
 */
static char *
list_columns(Relation rel, const bool *changed)
{
	StringInfoData names;
	int			i;

	initStringInfo(&names);
	for (i = 0; i < RelationGetDescr(rel)->natts; i++)
		if (changed[i])
			appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
							 column_name(rel, i + 1));
	return names.data;
}

/*
 * Refuses changes of a row that is frozen.
 */
static void
refuse_frozen(Relation rel, int64 id, const WorkflowState *state,
			  const bool *changed)
{
	ereport(ERROR,
			(errcode(ERRCODE_FACT_FROZEN),
			 errmsg("a row of \"%s\" cannot be changed in state \"%s\"",
					RelationGetRelationName(rel), state->name),
			 errdetail("Row " INT64_FORMAT ", columns concerned: %s.",
					   id, list_columns(rel, changed)),
			 errhint("What is decided stays; a new round changes it."),
			 errtable(rel)));
}

/*
 * The move that sets or may change a column, or NULL.  only: among the lists
 * of this transition.
 */
static const WorkflowTransition *
owner_of_column(const Workflow *workflow, const char *name,
				const WorkflowTransition *only)
{
	int			i;

	for (i = 0; i < workflow->ntransitions; i++)
	{
		const WorkflowTransition *move = &workflow->transitions[i];

		if (only != NULL && move != only)
			continue;
		if (aidcase_listed(&move->sets, name) ||
			aidcase_listed(&move->may_change, name))
			return move;
	}
	return NULL;
}

/*
 * Is there a row of table reroute that says so?  Only its own trigger writes
 * there, after it has looked whether the unit can decide.
 */
static bool
reroute_says(int64 id, int64 from_workflow, const char *from,
			 int64 to_workflow, const char *to)
{
	static KeptPlan plan = {
		"SELECT 1 FROM aidcase.reroute AS r"
		" WHERE r.round_id OPERATOR(pg_catalog.=) $1"
		" AND r.from_workflow_id OPERATOR(pg_catalog.=) $2"
		" AND r.from_state OPERATOR(pg_catalog.=) $3"
		" AND r.to_workflow_id OPERATOR(pg_catalog.=) $4"
		" AND r.to_state OPERATOR(pg_catalog.=) $5",
	5, {INT8OID, INT8OID, TEXTOID, INT8OID, TEXTOID}, NULL};
	Datum		values[5];
	bool		says;

	if (from == NULL || to == NULL || to_workflow == 0)
		return false;
	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum(from_workflow);
	values[2] = CStringGetTextDatum(from);
	values[3] = Int64GetDatum(to_workflow);
	values[4] = CStringGetTextDatum(to);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	says = aidcase_run(&plan, values, NULL, 1) == 1;
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return says;
}

/*
 * Has the case of a round gone from one unit to another by a transfer that
 * was accepted?  Only the acceptance itself writes that.
 */
static bool
transfer_says(int64 case_id, int64 from_unit, int64 to_unit)
{
	static KeptPlan plan = {
		"SELECT 1 FROM aidcase.aid_case AS c"
		" WHERE c.case_id OPERATOR(pg_catalog.=) $1"
		" AND c.unit_id OPERATOR(pg_catalog.=) $3"
		" AND EXISTS (SELECT FROM aidcase.case_transfer AS t"
		"  WHERE t.case_id OPERATOR(pg_catalog.=) $1"
		"  AND t.unit_id OPERATOR(pg_catalog.=) $2"
		"  AND t.to_unit_id OPERATOR(pg_catalog.=) $3"
		"  AND t.accepted_on IS NOT NULL)",
	3, {INT8OID, INT8OID, INT8OID}, NULL};
	Datum		values[3];
	bool		says;

	values[0] = Int64GetDatum(case_id);
	values[1] = Int64GetDatum(from_unit);
	values[2] = Int64GetDatum(to_unit);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	says = aidcase_run(&plan, values, NULL, 1) == 1;
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return says;
}

/*
 * A round goes over to another version, or to the district's step of its own:
 * between states in which nothing is decided, and nothing else changes.
 */
static HeapTuple
reroute(Relation rel, const SubjectColumns *columns, const Row *old,
		const Row *new, bool *changed, const WorkflowState *from)
{
	TupleDesc	desc = RelationGetDescr(rel);
	const Workflow *workflow =
		aidcase_workflow(row_int64(new, columns->workflow_id));
	const WorkflowState *to =
		aidcase_workflow_state(workflow, row_text(new, columns->state));
	int64		id = row_int64(old, columns->key);
	int64		unit_id = row_int64(new, columns->unit_id);
	const Actor *actor = aidcase_actor();
	int			cols[2];
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (to == NULL || to->frozen)
		elog(ERROR, "row " INT64_FORMAT " cannot be re-routed to that state", id);
	changed[columns->workflow_id - 1] = false;
	changed[columns->state - 1] = false;
	changed[columns->occurred_at - 1] = false;
	changed[columns->reason - 1] = false;
	changed[columns->moved_by - 1] = false;
	if (from->frozen || list_columns(rel, changed)[0] != '\0')
		refuse_frozen(rel, id, from, changed);
	if (!aidcase_lock_case(row_int64(new, columns->case_id)))
		elog(ERROR, "row " INT64_FORMAT " has no case", id);
	aidcase_forget_round();
	cols[0] = columns->occurred_at;
	values[0] = TimestampTzGetDatum(event_time(rel, id, false, 0, true,
											   DatumGetTimestampTz(old->values[columns->occurred_at - 1]),
											   unit_id));
	cols[1] = columns->moved_by;
	values[1] = Int64GetDatum(actor->staff_id);
	nulls[1] = actor->staff_id == 0;
	return heap_modify_tuple_by_cols(new->tuple, desc, lengthof(cols), cols,
									 values, nulls);
}

/*
 * A changed row of a subject: lets through what the state allows, and judges
 * a move.
 */
static HeapTuple
change_subject(TriggerData *trigdata, const SubjectColumns *columns)
{
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	const char *subject = RelationGetRelationName(rel);
	Trigger    *trigger = trigdata->tg_trigger;
	const Workflow *workflow;
	const WorkflowState *from;
	const WorkflowTransition *move = NULL;
	const Actor *actor;
	Row			old;
	Row			new;
	GuardContext context = {0};
	Unmet		unmet = {NIL, NIL};
	char	   *from_name;
	char	   *to_name;
	bool	   *changed;
	bool		anything = false;
	bool		state_named;
	bool		reason_named;
	bool		rerouted = false;
	bool		transferred = false;
	int64		id;
	int			i;

	aidcase_take_apart(&old, trigdata->tg_trigtuple, desc);
	aidcase_take_apart(&new, trigdata->tg_newtuple, desc);
	changed = aidcase_changed_columns(desc, &old, &new, columns->entry_no);
	id = row_int64(&old, columns->key);

	for (i = 0; i < columns->nfixed + trigger->tgnargs; i++)
	{
		AttrNumber	attnum = i < columns->nfixed ? columns->fixed[i] :
			aidcase_attnum(desc, trigger->tgargs[i - columns->nfixed]);

		if (attnum != 0 && changed[attnum - 1] &&
			attnum == columns->workflow_id && columns->round_kind != 0 &&
			reroute_says(id, row_int64(&old, attnum),
						 row_text(&old, columns->state),
						 row_int64(&new, attnum),
						 row_text(&new, columns->state)))
		{
			rerouted = true;
			continue;
		}
		if (attnum != 0 && changed[attnum - 1] &&
			attnum == columns->unit_id && columns->round_kind != 0 &&
			transfer_says(row_int64(&old, columns->case_id),
						  row_int64(&old, attnum), row_int64(&new, attnum)))
		{
			transferred = true;
			continue;
		}
		if (attnum != 0 && changed[attnum - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of \"%s\" cannot be changed",
							column_name(rel, attnum), subject),
					 errdetail("It says what the row is about."),
					 errtablecol(rel, attnum)));
	}

	workflow = aidcase_workflow(row_int64(&old, columns->workflow_id));
	from_name = row_text(&old, columns->state);
	from = aidcase_workflow_state(workflow, from_name);
	if (from == NULL)
		elog(ERROR, "workflow " INT64_FORMAT " has no state \"%s\"",
			 workflow->workflow_id, from_name);

	if (changed[columns->state - 1] && !rerouted)
	{
		to_name = row_text(&new, columns->state);
		if (to_name != NULL)
			move = aidcase_transition(workflow, from, to_name);
		if (move == NULL && to_name != NULL && columns->round_kind != 0)
			rerouted = reroute_says(id, workflow->workflow_id, from_name,
									workflow->workflow_id, to_name);
		if (move == NULL && !rerouted)
			refuse_state(rel, id, workflow, from,
						 to_name != NULL ? to_name : "", NULL);
	}

	if (rerouted)
		return reroute(rel, columns, &old, &new, changed, from);
	if (transferred)
	{
		AttrNumber	handler = aidcase_attnum(desc, "handler_id");

		changed[columns->unit_id - 1] = false;
		if (handler != 0)
			changed[handler - 1] = false;
		if (from->frozen || list_columns(rel, changed)[0] != '\0')
			refuse_frozen(rel, id, from, changed);
		aidcase_forget_round();
		return trigdata->tg_newtuple;
	}

	/*
	 * A statement that only names a state the row is in already is the second
	 * of two that wanted the same move.
	 */
	state_named = bms_is_member(columns->state - FirstLowInvalidHeapAttributeNumber,
								trigdata->tg_updatedcols);
	reason_named = bms_is_member(columns->reason - FirstLowInvalidHeapAttributeNumber,
								 trigdata->tg_updatedcols);
	for (i = 0; i < desc->natts; i++)
		if (changed[i] && i != columns->occurred_at - 1 &&
			i != columns->reason - 1 && i != columns->moved_by - 1)
			anything = true;
	if (move == NULL && state_named && !anything)
		ereport(ERROR,
				(errcode(ERRCODE_MOVE_REFUSED),
				 errmsg("the row of \"%s\" is already in state \"%s\"",
						subject, from->name),
				 errhint("Somebody else has made the move; see aidcase.next_actions()."),
				 errcontext("move of row " INT64_FORMAT " of table \"%s\"",
							id, subject),
				 errtable(rel)));

	/* columns that belong to moves, and those that a decision froze */
	for (i = 0; i < desc->natts; i++)
	{
		const WorkflowTransition *owner;

		if (!changed[i] || i == columns->state - 1)
			continue;
		if (move == NULL && from->frozen)
			refuse_frozen(rel, id, from, changed);
		if (i == columns->occurred_at - 1 || i == columns->reason - 1 ||
			i == columns->moved_by - 1)
		{
			if (move != NULL)
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of \"%s\" changes with the state only",
							column_name(rel, i + 1), subject),
					 errdetail("It belongs to the last move of the row."),
					 errtablecol(rel, i + 1)));
		}
		owner = owner_of_column(workflow, column_name(rel, i + 1), NULL);
		if (owner != NULL &&
			(move == NULL ||
			 owner_of_column(workflow, column_name(rel, i + 1), move) == NULL))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of \"%s\" cannot be changed now",
							column_name(rel, i + 1), subject),
					 errdetail("It changes in the move \"%s\".", owner->action),
					 errtablecol(rel, i + 1)));
		if (owner != NULL)
			continue;
		if (from->frozen)
		{
			changed[columns->state - 1] = false;
			changed[columns->occurred_at - 1] = false;
			changed[columns->reason - 1] = false;
			changed[columns->moved_by - 1] = false;
			refuse_frozen(rel, id, from, changed);
		}
	}
	if (move == NULL)
		return trigdata->tg_newtuple;

	/* the move itself */
	if (move->problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("move \"%s\" of procedure \"%s\" version %d cannot be judged",
						move->action, workflow->name, workflow->version),
				 errdetail_internal("%s", move->problem),
				 errhint("An administrator repairs the definition."),
				 errtable(rel)));
	actor = aidcase_actor();
	if (actor->staff_id == 0)
		aidcase_refuse_nobody();

	context.subject = subject;
	context.id = id;
	context.case_id = row_int64(&new, columns->case_id);
	context.unit_id = row_int64(&new, columns->unit_id);
	context.staff_id = actor->staff_id;
	context.at = event_time(rel, id,
							changed[columns->occurred_at - 1] &&
							!new.nulls[columns->occurred_at - 1],
							DatumGetTimestampTz(new.values[columns->occurred_at - 1]),
							true,
							DatumGetTimestampTz(old.values[columns->occurred_at - 1]),
							context.unit_id);
	context.on = aidcase_date(context.at);
	context.workflow = workflow;
	context.move = move;
	context.desc = desc;
	context.row = prepare_move(rel, columns, &new, move, context.at,
							   actor->staff_id, reason_named);

	/* a date that the move sets was supplied: it must be the same */
	for (i = 0; i < move->sets.n; i++)
	{
		AttrNumber	attnum = aidcase_attnum(desc, move->sets.names[i]);

		if (attnum != 0 && changed[attnum - 1] &&
			(new.nulls[attnum - 1] ||
			 DatumGetDateADT(new.values[attnum - 1]) != context.on))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of \"%s\" is the date of the move",
							move->sets.names[i], subject),
					 errhint("Leave it out; \"occurred_at\" says when the move happened."),
					 errtablecol(rel, attnum)));
	}

	/* what the guards see stays so until we are through */
	if (context.case_id != 0 && !aidcase_lock_case(context.case_id))
		elog(ERROR, "case " INT64_FORMAT " does not exist", context.case_id);
	aidcase_forget_round();
	check_conditions(&context, true, &unmet);
	if (unmet.sentences != NIL)
		refuse_unmet(rel, &context, &unmet);
	return context.row;
}

/*
 * The row as a move makes it.  keep_reason: the statement gave one.
 */
static HeapTuple
prepare_move(Relation rel, const SubjectColumns *columns, const Row *row,
			 const WorkflowTransition *move, TimestampTz at, int64 staff_id,
			 bool keep_reason)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			n = 0;
	int		   *cols = palloc(sizeof(int) * (4 + move->sets.n));
	Datum	   *values = palloc(sizeof(Datum) * (4 + move->sets.n));
	bool	   *nulls = palloc0(sizeof(bool) * (4 + move->sets.n));
	int			i;

	cols[n] = columns->state;
	values[n++] = CStringGetTextDatum(move->to->name);
	cols[n] = columns->occurred_at;
	values[n++] = TimestampTzGetDatum(at);
	cols[n] = columns->moved_by;
	values[n++] = Int64GetDatum(staff_id);
	cols[n] = columns->reason;
	values[n] = row->values[columns->reason - 1];
	nulls[n++] = !keep_reason || row->nulls[columns->reason - 1];
	for (i = 0; i < move->sets.n; i++)
	{
		AttrNumber	attnum = aidcase_attnum(desc, move->sets.names[i]);

		if (attnum == 0 ||
			TupleDescAttr(desc, attnum - 1)->atttypid != DATEOID)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("table \"%s\" has no column \"%s\" of type %s",
							RelationGetRelationName(rel), move->sets.names[i],
							"date"),
					 errdetail("The move \"%s\" sets it.", move->action)));
		cols[n] = attnum;
		values[n++] = DateADTGetDatum(aidcase_date(at));
	}
	return heap_modify_tuple_by_cols(row->tuple, desc, n, cols, values, nulls);
}

/*
 * When a move or a new row happened: the time given, else now.  Not before
 * the preceding move and not in the future.  If it was given, not longer ago
 * than parameter late_entry_hours allows where that is set, unless somebody
 * else has approved its late entry.
 */
static TimestampTz
event_time(Relation rel, int64 id, bool given, TimestampTz at,
		   bool has_before, TimestampTz before, int64 unit_id)
{
	TimestampTz now = aidcase_now();
	double		hours;

	if (!given)
	{
		/* our transaction began before the preceding move was committed */
		if (has_before && before > now && before <= aidcase_latest_instant())
			return before;
		at = now;
	}
	else if (TIMESTAMP_NOT_FINITE(at) || at > aidcase_latest_instant())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of \"%s\" lies in the future",
						"occurred_at", RelationGetRelationName(rel)),
				 errdetail("A move is entered when it has happened."),
				 errtable(rel)));
	if (has_before && at < before)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of \"%s\" lies before the preceding move",
						"occurred_at", RelationGetRelationName(rel)),
				 errdetail("The preceding move happened at %s.",
						   timestamptz_to_str(before)),
				 errtable(rel)));
	if (given && at < now &&
		aidcase_too_late(RelationGetRelationName(rel), id, at, unit_id, &hours))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of \"%s\" lies too far in the past",
						"occurred_at", RelationGetRelationName(rel)),
				 errdetail("Parameter \"late_entry_hours\" allows %g hours.",
						   hours),
				 errhint("Enter the move without \"occurred_at\", or ask for its late entry with aidcase.request_late_entry()."),
				 errtable(rel)));
	return at;
}

/*
 * Calls a guard: NULL when it is met, else its sentence.  SPI is connected.
 */
char *
aidcase_call_guard(const WorkflowGuard *guard, const GuardContext *context)
{
	LOCAL_FCINFO(fcinfo, 4);
	FmgrInfo	flinfo;
	Datum		result;
	Oid			saved_user;
	int			saved_context;

	if (guard->in_c)
	{
		InitFunctionCallInfoData(*fcinfo, unconstify(FmgrInfo *, &guard->function),
								 1, InvalidOid, NULL, NULL);
		fcinfo->args[0].value = PointerGetDatum(context);
		fcinfo->args[0].isnull = false;
		result = FunctionCallInvoke(fcinfo);
		return fcinfo->isnull ? NULL : TextDatumGetCString(result);
	}

	fmgr_info(guard->funcid, &flinfo);
	InitFunctionCallInfoData(*fcinfo, &flinfo, 4, DEFAULT_COLLATION_OID,
							 NULL, NULL);
	fcinfo->args[0].value = CStringGetTextDatum(context->subject);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = Int64GetDatum(context->id);
	fcinfo->args[1].isnull = false;
	fcinfo->args[2].value = Int64GetDatum(context->staff_id);
	fcinfo->args[2].isnull = context->staff_id == 0;
	fcinfo->args[3].value = DateADTGetDatum(context->on);
	fcinfo->args[3].isnull = false;
	if (flinfo.fn_strict && context->staff_id == 0)
		return NULL;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(aidcase_owner(),
						   saved_context | SECURITY_LOCAL_USERID_CHANGE);
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	result = FunctionCallInvoke(fcinfo);
	PopActiveSnapshot();
	SetUserIdAndSecContext(saved_user, saved_context);
	return fcinfo->isnull ? NULL : TextDatumGetCString(result);
}

/*
 * Adds a condition that is not met.
 */
static void
add_unmet(Unmet *unmet, const char *sentence, const char *hint)
{
	ListCell   *cell;

	unmet->sentences = lappend(unmet->sentences, pstrdup(sentence));
	foreach(cell, unmet->hints)
		if (hint == NULL || strcmp(lfirst(cell), hint) == 0)
			return;
	if (hint != NULL)
		unmet->hints = lappend(unmet->hints, pstrdup(hint));
}

/*
 * The labels of posts in Chinese, in the caller's memory context.
 */
static char *
posts_in_chinese(const NameList *posts)
{
	static KeptPlan plan = {
		"SELECT pg_catalog.string_agg(p.label_zh, '、' ORDER BY p.post)"
		" FROM aidcase.post AS p WHERE p.post OPERATOR(pg_catalog.=) ANY ($1)",
	1, {TEXTARRAYOID}, NULL};
	MemoryContext caller = CurrentMemoryContext;
	Datum	   *names = palloc(sizeof(Datum) * Max(posts->n, 1));
	Datum		array;
	char	   *labels;
	int			i;

	for (i = 0; i < posts->n; i++)
		names[i] = CStringGetTextDatum(posts->names[i]);
	array = PointerGetDatum(construct_array(names, posts->n, TEXTOID, -1,
											false, TYPALIGN_INT));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	(void) aidcase_run(&plan, &array, NULL, 1);
	labels = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	labels = MemoryContextStrdup(caller, labels != NULL ? labels : "");
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return labels;
}

/*
 * All conditions of a move: the actor's post, today and on the date of the
 * move, and every guard.  The texts are in the caller's memory context.
 */
static void
check_conditions(const GuardContext *context, bool have_actor, Unmet *unmet)
{
	const WorkflowTransition *move = context->move;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext within;
	DateADT		today = aidcase_date(aidcase_now());
	bool		zh = aidcase_language() == LANGUAGE_ZH;
	int64		unit_id = context->unit_id;
	int			i;

	/* a matter between two units: some moves are the other one's */
	if (move->at_column != NULL)
	{
		bool		isnull;
		Datum		value = row_value(context, move->at_column, &isnull);

		unit_id = isnull ? context->unit_id : DatumGetInt64(value);
	}
	if (!have_actor)
		add_unmet(unmet, zh ? "本会话没有经办人员。" : "Nobody acts in this session.",
				  zh ? NOBODY_HINT_ZH : NOBODY_HINT);
	else if (!aidcase_actor_has_post(move->posts.names, move->posts.n,
									 unit_id, context->on) ||
			 (today != context->on &&
			  !aidcase_actor_has_post(move->posts.names, move->posts.n,
									  unit_id, today)))
	{
		StringInfoData line;

		initStringInfo(&line);
		if (zh)
			appendStringInfo(&line, "须由%s单位或上级的%s办理。",
							 unit_id == context->unit_id ? "本" : "对方",
							 posts_in_chinese(&move->posts));
		else
		{
			appendStringInfoString(&line, move->posts.n > 1 ?
								   "It needs one of the posts " : "It needs the post ");
			for (i = 0; i < move->posts.n; i++)
				appendStringInfo(&line, "%s%s", i > 0 ? ", " : "",
								 move->posts.names[i]);
			appendStringInfo(&line, " at the %s or above it.",
							 unit_id == context->unit_id ? "unit" : "other unit");
		}
		add_unmet(unmet, line.data, zh ? "请由担任该岗位的人员办理。" :
				  "Ask somebody who holds the post.");
	}
	if (move->nguards == 0)
		return;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	within = CurrentMemoryContext;
	for (i = 0; i < move->nguards; i++)
	{
		const WorkflowGuard *guard = move->guards[i];
		char	   *sentence = aidcase_call_guard(guard, context);

		if (sentence != NULL)
		{
			MemoryContextSwitchTo(caller);
			if (zh)
				sentence = psprintf("未满足“%s”:%s", guard->label_zh, sentence);
			add_unmet(unmet, sentence, zh ? guard->hint_zh : guard->hint);
			MemoryContextSwitchTo(within);
		}
	}
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/*
 * Texts, one a line.
 */
static char *
join_lines(const List *lines)
{
	StringInfoData all;
	ListCell   *cell;

	initStringInfo(&all);
	foreach(cell, lines)
	{
		if (all.len > 0)
			appendStringInfoChar(&all, '\n');
		appendStringInfoString(&all, lfirst(cell));
	}
	return all.data;
}

/*
 * Refuses a move with all that is missing.
 */
static void
refuse_unmet(Relation rel, const GuardContext *context, const Unmet *unmet)
{
	int			n = list_length(unmet->sentences);

	ereport(ERROR,
			(errcode(ERRCODE_MOVE_REFUSED),
			 aidcase_language() == LANGUAGE_ZH ?
			 errmsg("不能“%s”:有 %d 项条件未满足", context->move->label_zh, n) :
			 errmsg_plural("cannot %s: %d condition is not met",
						   "cannot %s: %d conditions are not met",
						   n, context->move->action, n),
			 errdetail_internal("%s", join_lines(unmet->sentences)),
			 unmet->hints != NIL ?
			 errhint("%s", join_lines(unmet->hints)) : 0,
			 errcontext("move of row " INT64_FORMAT " of table \"%s\"",
						context->id, context->subject),
			 errtable(rel)));
}

/*
 * Refuses a move that the procedure does not have, and lists those it has.
 * Either the state that was wanted is given or the action.
 */
static void
refuse_state(Relation rel, int64 id, const Workflow *workflow,
			 const WorkflowState *from, const char *to, const char *action)
{
	bool		zh = aidcase_language() == LANGUAGE_ZH;
	StringInfoData moves;
	int			i;

	initStringInfo(&moves);
	for (i = 0; i < workflow->ntransitions; i++)
	{
		const WorkflowTransition *move = &workflow->transitions[i];

		if (move->from != from)
			continue;
		if (zh)
			appendStringInfo(&moves, "%s%s(%s)", moves.len > 0 ? "、" : "",
							 move->label_zh, move->action);
		else
			appendStringInfo(&moves, "%s%s (to \"%s\")",
							 moves.len > 0 ? ", " : "", move->action,
							 move->to->name);
	}
	if (zh)
		ereport(ERROR,
				(errcode(ERRCODE_MOVE_REFUSED),
				 errmsg("状态“%s”下不能办理“%s”", from->label_zh,
						action != NULL ? action : to),
				 moves.len > 0 ?
				 errdetail("此状态可以办理:%s。", moves.data) :
				 errdetail("此状态为终结状态。"),
				 moves.len > 0 ?
				 errhint("请用上列办理事项之一调用 aidcase.advance()。") :
				 errhint("已办结的不再变动,请另开新行。"),
				 errcontext("move of row " INT64_FORMAT " of table \"%s\"",
							id, RelationGetRelationName(rel)),
				 errtable(rel)));
	ereport(ERROR,
			(errcode(ERRCODE_MOVE_REFUSED),
			 action != NULL ?
			 errmsg("cannot %s from state \"%s\"", action, from->name) :
			 errmsg("cannot move from state \"%s\" to state \"%s\"",
					from->name, to),
			 moves.len > 0 ?
			 errdetail("From here version %d of procedure \"%s\" has the moves %s.",
					   workflow->version, workflow->name, moves.data) :
			 errdetail("The state is final in version %d of procedure \"%s\".",
					   workflow->version, workflow->name),
			 moves.len > 0 ?
			 errhint("Call aidcase.advance() with one of these actions.") :
			 errhint("What is closed stays closed; open a new row."),
			 errcontext("move of row " INT64_FORMAT " of table \"%s\"",
						id, RelationGetRelationName(rel)),
			 errtable(rel)));
}

/*
 * Refuses because nobody acts.
 */
void
aidcase_refuse_nobody(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_ACTOR),
			 errmsg("nobody acts in this session"),
			 errdetail("The register records who makes each move."),
			 errhint(NOBODY_HINT)));
}

/*
 * Opens a subject table by its name and makes sure that the caller may see
 * the row; errors otherwise.
 */
static Relation
open_visible(const char *subject, int64 id)
{
	Relation	rel;
	const SubjectColumns *columns;
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	char	   *query;
	bool		visible;

	if (!aidcase_is_subject(subject))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no procedure governs \"%s\"", subject),
				 errhint("The subjects are listed in table aidcase.workflow.")));
	rel = table_open(aidcase_relation(subject), AccessShareLock);
	columns = aidcase_subject_columns(rel);
	query = psprintf("SELECT 1 FROM %s AS t WHERE t.%s OPERATOR(pg_catalog.=) $1",
					 quote_qualified_identifier(AIDCASE_SCHEMA, subject),
					 quote_identifier(column_name(rel, columns->key)));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(query, 1, &type, &value, NULL, false, 1) !=
		SPI_OK_SELECT)
		elog(ERROR, "could not read table \"%s\"", subject);
	visible = SPI_processed == 1;
	SPI_finish();
	if (!visible)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no row " INT64_FORMAT " of \"%s\"", id, subject),
				 errhint("It may belong to a unit outside your scope.")));
	return rel;
}

/*
 * A row of a subject as it is now, its version and its state.
 */
static const Workflow *
look_at_row(Relation rel, const SubjectColumns *columns, int64 id, Row *row,
			const WorkflowState **state)
{
	HeapTuple	tuple = aidcase_fetch_row(rel, columns->key_index, columns->key, id);
	const Workflow *workflow;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "row " INT64_FORMAT " of \"%s\" is gone",
			 id, RelationGetRelationName(rel));
	aidcase_take_apart(row, tuple, RelationGetDescr(rel));
	workflow = aidcase_workflow(row_int64(row, columns->workflow_id));
	*state = aidcase_workflow_state(workflow, row_text(row, columns->state));
	if (*state == NULL)
		elog(ERROR, "workflow " INT64_FORMAT " has no state \"%s\"",
			 workflow->workflow_id, row_text(row, columns->state));
	return workflow;
}

/*
 * next_actions(subject text, id bigint) returns setof (action, to_state,
 * label_zh, label_en, allowed, unmet): a dry run of every move from here.
 */
Datum
aidcase_next_actions(PG_FUNCTION_ARGS)
{
	char	   *subject = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int64		id = PG_GETARG_INT64(1);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	rel;
	TupleDesc	desc;
	const SubjectColumns *columns;
	const Workflow *workflow;
	const WorkflowState *from;
	const Actor *actor = aidcase_actor();
	Row			row;
	TimestampTz before;
	TimestampTz now = aidcase_now();
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	rel = open_visible(subject, id);
	desc = RelationGetDescr(rel);
	columns = aidcase_subject_columns(rel);
	workflow = look_at_row(rel, columns, id, &row, &from);
	before = DatumGetTimestampTz(row.values[columns->occurred_at - 1]);

	for (i = 0; i < workflow->ntransitions; i++)
	{
		const WorkflowTransition *move = &workflow->transitions[i];
		GuardContext context = {0};
		Unmet		unmet = {NIL, NIL};
		Datum		values[6];
		bool		nulls[6] = {false, false, false, false, false, false};
		Datum	   *lines;
		ListCell   *cell;
		int			n = 0;

		if (move->from != from)
			continue;
		context.subject = subject;
		context.id = id;
		context.case_id = row_int64(&row, columns->case_id);
		context.unit_id = row_int64(&row, columns->unit_id);
		context.staff_id = actor->staff_id;
		context.at = Max(now, before);
		context.on = aidcase_date(context.at);
		context.workflow = workflow;
		context.move = move;
		context.desc = desc;
		context.dry_run = true;
		if (move->problem != NULL)
			add_unmet(&unmet, move->problem, NULL);
		else
		{
			context.row = prepare_move(rel, columns, &row, move, context.at,
									   actor->staff_id, false);
			check_conditions(&context, actor->staff_id != 0, &unmet);
		}

		lines = palloc(sizeof(Datum) * Max(list_length(unmet.sentences), 1));
		foreach(cell, unmet.sentences)
			lines[n++] = CStringGetTextDatum(lfirst(cell));
		values[0] = CStringGetTextDatum(move->action);
		values[1] = CStringGetTextDatum(move->to->name);
		values[2] = CStringGetTextDatum(move->label_zh);
		values[3] = CStringGetTextDatum(move->label_en);
		values[4] = BoolGetDatum(n == 0);
		values[5] = PointerGetDatum(construct_array(lines, n, TEXTOID, -1,
													false, TYPALIGN_INT));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}

/*
 * aim_move(subject text, id bigint, action text) returns record (from_state,
 * to_state, key_column): where an action leads from the state that the row is
 * in now, and how its table calls its key.  The caller must see the row.
 * Takes the lock on the case, so that of two who aim at once the second finds
 * the first one's move done.
 */
Datum
aidcase_aim_move(PG_FUNCTION_ARGS)
{
	char	   *subject = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int64		id = PG_GETARG_INT64(1);
	char	   *action = text_to_cstring(PG_GETARG_TEXT_PP(2));
	Relation	rel = open_visible(subject, id);
	const SubjectColumns *columns = aidcase_subject_columns(rel);
	const Workflow *workflow;
	const WorkflowState *from;
	const WorkflowTransition *move = NULL;
	TupleDesc	result;
	Row			row;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	int			i;

	if (get_call_result_type(fcinfo, NULL, &result) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	workflow = look_at_row(rel, columns, id, &row, &from);
	if (row_int64(&row, columns->case_id) != 0)
	{
		if (!aidcase_lock_case(row_int64(&row, columns->case_id)))
			elog(ERROR, "row " INT64_FORMAT " of \"%s\" has no case", id, subject);
		workflow = look_at_row(rel, columns, id, &row, &from);
	}
	for (i = 0; i < workflow->ntransitions && move == NULL; i++)
		if (workflow->transitions[i].from == from &&
			strcmp(workflow->transitions[i].action, action) == 0)
			move = &workflow->transitions[i];
	if (move == NULL)
		refuse_state(rel, id, workflow, from, NULL, action);
	values[0] = CStringGetTextDatum(from->name);
	values[1] = CStringGetTextDatum(move->to->name);
	values[2] = CStringGetTextDatum(column_name(rel, columns->key));
	table_close(rel, AccessShareLock);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result),
													  values, nulls)));
}
