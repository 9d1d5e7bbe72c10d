/*-------------------------------------------------------------------------
 *
 * workflow.c
 *		One engine for every state machine: the gate, frozen facts, clocks.
 *
 * enforce_workflow() is the gate.  It fires before every insert and update
 * of a subject table, whatever statement or client it comes from.  A new row
 * is pinned to the version of the procedure that is in force for its unit on
 * its date, in the initial state.  A change of state must be a transition of
 * that version, made by somebody who holds one of its posts, with every guard
 * met; all that is missing is reported together.  In a frozen state nothing
 * changes but by a move.
 *
 * guard_fact() fires before every write to a fact of a round.  It locks the
 * case FOR NO KEY UPDATE and refuses the write when the round is decided.  A
 * move of a round locks the case too, before its guards look.  So a fact and
 * a move of the same case come one after the other, the later one sees what
 * the earlier one committed, and a guard may rely on the absence of a fact.
 * Lock order: a row of the subject or of the fact (PostgreSQL locks what it
 * updates before it fires triggers), then the case; advance() takes the case
 * first.
 *
 * run_clocks() fires after the row is written and keeps table deadline.
 * A deadline is met in time if met_at < due_at.  In working or calendar days
 * due_at is the first instant after the last day: a clock of 7 working days
 * that starts on day 0 is met in time until the end of the 7th working day.
 *
 * Everything is read with the latest snapshot and as the register's owner,
 * as foreign-key checks do, so under REPEATABLE READ, too, a move is judged
 * by what is true now.
 *
 * Memory: a trigger works in the executor's memory for the row; definitions
 * and column numbers are workflow_cache.c's.  Two facts are kept for the
 * transaction: the case that is locked, and while it is, the state of the
 * round whose fact was last written; a backend that adds forty facts to a
 * round locks and looks once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "compat.h"
#include "workdays.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_enforce_workflow);
PG_FUNCTION_INFO_V1(aidcase_guard_fact);
PG_FUNCTION_INFO_V1(aidcase_run_clocks);
PG_FUNCTION_INFO_V1(aidcase_cancel_clocks);
PG_FUNCTION_INFO_V1(aidcase_due_at);
PG_FUNCTION_INFO_V1(aidcase_paused_units);
PG_FUNCTION_INFO_V1(aidcase_next_actions);
PG_FUNCTION_INFO_V1(aidcase_aim_move);

#define NOBODY_HINT \
	"Give the login to a member of staff with enrol_staff(), or call" \
	" act_as() in the same transaction for a pooled login."

/* A time limit of more units than this is a mistake. */
#define LONGEST_CLOCK	100000

/* A row taken apart. */
typedef struct Row
{
	HeapTuple	tuple;
	Datum	   *values;
	bool	   *nulls;
} Row;

/* Conditions that a move does not meet. */
typedef struct Unmet
{
	List	   *sentences;		/* of char * */
	List	   *hints;			/* of char *, each once */
} Unmet;

/* The case that this transaction has locked last. */
typedef struct HeldCase
{
	int64		case_id;		/* 0 = none */
	FullTransactionId xid;		/* top transaction that locked it */
	SubTransactionId subid;		/* and the part of it */
} HeldCase;

/* The round whose fact was last written; true while its case is held. */
typedef struct SeenRound
{
	int64		round_id;		/* 0 = none */
	int64		case_id;
	FullTransactionId xid;
	SubTransactionId subid;
	int64		workflow_id;
	NameData	state;
} SeenRound;

static HeldCase held_case;
static SeenRound seen_round;

static void take_apart(Row *row, HeapTuple tuple, TupleDesc desc);
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
pg_noreturn static void refuse_unmet(Relation rel, const GuardContext *context,
									 const Unmet *unmet);
pg_noreturn static void refuse_state(Relation rel, int64 id,
									 const Workflow *workflow,
									 const WorkflowState *from, const char *to,
									 const char *action);
pg_noreturn static void refuse_nobody(void);
static TimestampTz event_time(Relation rel, bool given, TimestampTz at,
							  bool has_before, TimestampTz before,
							  int64 unit_id);
static bool lock_case(int64 case_id);
static bool still_holds(FullTransactionId xid, SubTransactionId subid);
static HeapTuple fetch_row(Relation rel, Oid index, AttrNumber key, int64 id);

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
static void
take_apart(Row *row, HeapTuple tuple, TupleDesc desc)
{
	row->tuple = tuple;
	row->values = palloc(sizeof(Datum) * desc->natts);
	row->nulls = palloc(sizeof(bool) * desc->natts);
	heap_deform_tuple(tuple, desc, row->values, row->nulls);
}

/*
 * A bigint of a row, 0 for NULL and for a column that the table lacks.
 */
static int64
row_int64(const Row *row, AttrNumber attnum)
{
	if (attnum == 0 || row->nulls[attnum - 1])
		return 0;
	return DatumGetInt64(row->values[attnum - 1]);
}

/*
 * A text of a row, NULL for NULL and for a column that the table lacks.
 */
static char *
row_text(const Row *row, AttrNumber attnum)
{
	if (attnum == 0 || row->nulls[attnum - 1])
		return NULL;
	return TextDatumGetCString(row->values[attnum - 1]);
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
static bool *
changed_columns(TupleDesc desc, const Row *old, const Row *new,
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
static TimestampTz
latest_instant(void)
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
	TimestampTz at;
	DateADT		on;
	char	   *state;
	int			cols[4];
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};
	int			i;
	int			j;

	if (actor->staff_id == 0)
		refuse_nobody();
	take_apart(&row, trigdata->tg_trigtuple, desc);
	if (row.nulls[columns->unit_id - 1])
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
						"unit_id", subject),
				 errtablecol(rel, columns->unit_id)));
	unit_id = row_int64(&row, columns->unit_id);
	at = event_time(rel, !row.nulls[columns->occurred_at - 1],
					DatumGetTimestampTz(row.values[columns->occurred_at - 1]),
					false, 0, unit_id);
	on = aidcase_date(at);
	if (columns->first_contact_at != 0 &&
		!row.nulls[columns->first_contact_at - 1] &&
		DatumGetTimestampTz(row.values[columns->first_contact_at - 1]) > latest_instant())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the first contact lies in the future"),
				 errtablecol(rel, columns->first_contact_at)));

	workflow = aidcase_workflow_in_force(subject,
										 row_text(&row, columns->round_kind),
										 unit_id, on);
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

	/* the village that the household lives in may open a case of its unit */
	if (!aidcase_actor_has_post(workflow->posts.names, workflow->posts.n,
								unit_id, on))
	{
		static KeptPlan plan = {
			"SELECT c.village_id FROM aidcase.aid_case AS c"
			" WHERE c.case_id OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}, NULL};
		Datum		case_id = Int64GetDatum(row_int64(&row, columns->case_id));
		bool		allowed = false;

		if (columns->case_id != 0)
		{
			if (SPI_connect() != SPI_OK_CONNECT)
				elog(ERROR, "SPI_connect failed");
			if (aidcase_run(&plan, &case_id, NULL, 1) == 1)
			{
				bool		isnull;
				int64		village_id;

				village_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
														 SPI_tuptable->tupdesc,
														 1, &isnull));
				allowed = aidcase_actor_has_post(workflow->posts.names,
												 workflow->posts.n,
												 village_id, on);
			}
			SPI_finish();
		}
		if (!allowed)
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
	return heap_modify_tuple_by_cols(row.tuple, desc, lengthof(cols), cols,
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
	int64		id;
	int			i;

	take_apart(&old, trigdata->tg_trigtuple, desc);
	take_apart(&new, trigdata->tg_newtuple, desc);
	changed = changed_columns(desc, &old, &new, columns->entry_no);
	id = row_int64(&old, columns->key);

	for (i = 0; i < columns->nfixed + trigger->tgnargs; i++)
	{
		AttrNumber	attnum = i < columns->nfixed ? columns->fixed[i] :
			aidcase_attnum(desc, trigger->tgargs[i - columns->nfixed]);

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

	if (changed[columns->state - 1])
	{
		to_name = row_text(&new, columns->state);
		if (to_name != NULL)
			move = aidcase_transition(workflow, from, to_name);
		if (move == NULL)
			refuse_state(rel, id, workflow, from,
						 to_name != NULL ? to_name : "", NULL);
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
		refuse_nobody();

	context.subject = subject;
	context.id = id;
	context.case_id = row_int64(&new, columns->case_id);
	context.unit_id = row_int64(&new, columns->unit_id);
	context.staff_id = actor->staff_id;
	context.at = event_time(rel,
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
	if (context.case_id != 0 && !lock_case(context.case_id))
		elog(ERROR, "case " INT64_FORMAT " does not exist", context.case_id);
	seen_round.round_id = 0;
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
 * the preceding move, not in the future, and if it was given, not longer ago
 * than parameter late_entry_hours where that is set.
 */
static TimestampTz
event_time(Relation rel, bool given, TimestampTz at, bool has_before,
		   TimestampTz before, int64 unit_id)
{
	static KeptPlan plan = {
		"SELECT (p.value OPERATOR(pg_catalog./) p.divisor)"
		" FROM aidcase.unit AS u"
		" CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[u.unit_code,"
		"  pg_catalog.left(u.unit_code, 9), pg_catalog.left(u.unit_code, 6),"
		"  pg_catalog.left(u.unit_code, 4) OPERATOR(pg_catalog.||) '00',"
		"  pg_catalog.left(u.unit_code, 2) OPERATOR(pg_catalog.||) '0000', '0'])"
		"  WITH ORDINALITY AS a (code, place)"
		" JOIN aidcase.policy_parameter AS p"
		"  ON p.area_code OPERATOR(pg_catalog.=) a.code"
		" WHERE u.unit_id OPERATOR(pg_catalog.=) $1"
		" AND p.name OPERATOR(pg_catalog.=) 'late_entry_hours'"
		" AND p.programme IS NULL AND p.variant IS NULL"
		" AND p.valid OPERATOR(pg_catalog.@>) $2"
		" ORDER BY a.place LIMIT 1",
	2, {INT8OID, DATEOID}, NULL};
	TimestampTz now = aidcase_now();
	Datum		values[2];

	if (!given)
	{
		/* our transaction began before the preceding move was committed */
		if (has_before && before > now && before <= latest_instant())
			return before;
		at = now;
	}
	else if (TIMESTAMP_NOT_FINITE(at) || at > latest_instant())
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
	if (!given || at >= now)
		return at;

	values[0] = Int64GetDatum(unit_id);
	values[1] = DateADTGetDatum(aidcase_date(now));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (aidcase_run(&plan, values, NULL, 1) == 1)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, &isnull);
		double		hours = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
															   value));

		if ((double) (now - at) > hours * USECS_PER_HOUR)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of \"%s\" lies too far in the past",
							"occurred_at", RelationGetRelationName(rel)),
					 errdetail("Parameter \"late_entry_hours\" allows %g hours.",
							   hours),
					 errhint("Enter the move without \"occurred_at\" and give the reason."),
					 errtable(rel)));
	}
	SPI_finish();
	return at;
}

/*
 * Calls a guard: NULL when it is met, else its sentence.  SPI is connected.
 */
static char *
call_guard(const WorkflowGuard *guard, const GuardContext *context)
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
	int			i;

	if (!have_actor)
		add_unmet(unmet, "Nobody acts in this session.", NOBODY_HINT);
	else if (!aidcase_actor_has_post(move->posts.names, move->posts.n,
									 context->unit_id, context->on) ||
			 (today != context->on &&
			  !aidcase_actor_has_post(move->posts.names, move->posts.n,
									  context->unit_id, today)))
	{
		StringInfoData line;

		initStringInfo(&line);
		appendStringInfoString(&line, move->posts.n > 1 ?
							   "It needs one of the posts " : "It needs the post ");
		for (i = 0; i < move->posts.n; i++)
			appendStringInfo(&line, "%s%s", i > 0 ? ", " : "",
							 move->posts.names[i]);
		appendStringInfoString(&line, " at the unit or above it.");
		add_unmet(unmet, line.data, "Ask somebody who holds the post.");
	}
	if (move->nguards == 0)
		return;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	within = CurrentMemoryContext;
	for (i = 0; i < move->nguards; i++)
	{
		const WorkflowGuard *guard = move->guards[i];
		char	   *sentence = call_guard(guard, context);

		if (sentence != NULL)
		{
			MemoryContextSwitchTo(caller);
			add_unmet(unmet, sentence, guard->hint);
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
	StringInfoData moves;
	int			i;

	initStringInfo(&moves);
	for (i = 0; i < workflow->ntransitions; i++)
		if (workflow->transitions[i].from == from)
			appendStringInfo(&moves, "%s%s (to \"%s\")",
							 moves.len > 0 ? ", " : "",
							 workflow->transitions[i].action,
							 workflow->transitions[i].to->name);
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
static void
refuse_nobody(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_ACTOR),
			 errmsg("nobody acts in this session"),
			 errdetail("The register records who makes each move."),
			 errhint(NOBODY_HINT)));
}

/*
 * Does a lock or a look of this transaction still hold?  A part of the
 * transaction that was rolled back has lost its locks.
 */
static bool
still_holds(FullTransactionId xid, SubTransactionId subid)
{
	return FullTransactionIdIsValid(xid) &&
		FullTransactionIdEquals(xid, GetTopFullTransactionIdIfAny()) &&
		SubTransactionIsActive(subid);
}

/*
 * The one row with a key, as it is now, copied; NULL when there is none.
 */
static HeapTuple
fetch_row(Relation rel, Oid index, AttrNumber key, int64 id)
{
	ScanKeyData skey;
	SysScanDesc scan;
	Snapshot	snapshot;
	HeapTuple	tuple;

	ScanKeyInit(&skey, key, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(id));
	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = systable_beginscan(rel, index, true, snapshot, 1, &skey);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	return tuple;
}

/*
 * Locks a case FOR NO KEY UPDATE until the end of the transaction; false when
 * there is none.  Waits for others who hold it.
 */
static bool
lock_case(int64 case_id)
{
	Relation	rel;
	TupleTableSlot *slot;
	HeapTuple	tuple;
	AttrNumber	key;
	TM_FailureData failure;
	TM_Result	result;
	Snapshot	snapshot;

	if (held_case.case_id == case_id && case_id != 0 &&
		still_holds(held_case.xid, held_case.subid))
		return true;
	held_case.case_id = 0;
	seen_round.round_id = 0;

	rel = table_open(aidcase_relation("aid_case"), RowShareLock);
	key = aidcase_attnum(RelationGetDescr(rel), "case_id");
	if (!rel->rd_indexvalid)
		list_free(RelationGetIndexList(rel));
	tuple = fetch_row(rel, rel->rd_pkindex, key, case_id);
	if (!HeapTupleIsValid(tuple))
	{
		table_close(rel, NoLock);
		return false;
	}
	slot = table_slot_create(rel, NULL);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	result = table_tuple_lock(rel, &tuple->t_self, snapshot, slot,
							  GetCurrentCommandId(false),
							  LockTupleNoKeyExclusive, LockWaitBlock,
							  TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);

	switch (result)
	{
		case TM_Ok:
		case TM_SelfModified:	/* ours already */
			break;
		case TM_Deleted:
			return false;
		default:
			elog(ERROR, "could not lock case " INT64_FORMAT ": result %d",
				 case_id, (int) result);
	}
	held_case.case_id = case_id;
	held_case.xid = GetTopFullTransactionIdIfAny();
	held_case.subid = GetCurrentSubTransactionId();
	return true;
}

/*
 * Case, version and state of a round, as they are now; false when there is
 * no such round.
 */
static bool
look_at_round(int64 round_id)
{
	Relation	rel = table_open(aidcase_relation("case_round"),
								 AccessShareLock);
	const SubjectColumns *columns = aidcase_subject_columns(rel);
	HeapTuple	tuple = fetch_row(rel, columns->key_index, columns->key,
								  round_id);
	bool		isnull;

	seen_round.round_id = 0;
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		char	   *state;

		seen_round.case_id =
			DatumGetInt64(heap_getattr(tuple, columns->case_id, desc, &isnull));
		seen_round.workflow_id =
			DatumGetInt64(heap_getattr(tuple, columns->workflow_id, desc,
									   &isnull));
		state = TextDatumGetCString(heap_getattr(tuple, columns->state, desc,
												 &isnull));
		strlcpy(NameStr(seen_round.state), state, NAMEDATALEN);
		seen_round.xid = GetTopFullTransactionIdIfAny();
		seen_round.subid = GetCurrentSubTransactionId();
		seen_round.round_id = round_id;
		heap_freetuple(tuple);
	}
	table_close(rel, AccessShareLock);
	return seen_round.round_id != 0;
}

/*
 * Refuses a fact of a round that does not exist.
 */
static void
refuse_round(Relation rel, AttrNumber attnum, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("a row of table \"%s\" must belong to a round of its case",
					RelationGetRelationName(rel)),
			 errdetail_internal("%s", detail),
			 errtablecol(rel, attnum)));
}

/*
 * Checks who vouches for a fact: the actor, nobody else.  Returns true when
 * the column is to be filled with the actor.
 */
static bool
check_signer(Relation rel, const FactColumns *columns, const Row *new,
			 const bool *changed)
{
	TupleDesc	desc = RelationGetDescr(rel);
	AttrNumber	signer = columns->signer;
	bool		must_sign;
	const Actor *actor;
	int			i;

	if (signer == 0)
		return false;
	if (changed == NULL)
		must_sign = true;		/* a new row */
	else if (columns->signer_only_new)
		must_sign = changed[signer - 1];
	else
	{
		must_sign = false;
		for (i = 0; i < desc->natts; i++)
			if (changed[i] && i != columns->is_void - 1)
				must_sign = true;
	}
	if (!must_sign ||
		(columns->signed_when != 0 && new->nulls[columns->signed_when - 1] &&
		 new->nulls[signer - 1]))
		return false;

	actor = aidcase_actor();
	if (new->nulls[signer - 1])
	{
		if (actor->staff_id != 0)
			return true;
		if (columns->signed_when == 0 &&
			!TupleDescAttr(desc, signer - 1)->attnotnull)
			return false;		/* made by the register itself */
		refuse_nobody();
	}
	if (actor->staff_id == 0)
		refuse_nobody();
	if (DatumGetInt64(new->values[signer - 1]) != actor->staff_id)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("column \"%s\" of \"%s\" must name who acts",
						column_name(rel, signer), RelationGetRelationName(rel)),
				 errdetail("Nobody can sign for another member of staff."),
				 errhint("Leave the column out, or let the other one enter it."),
				 errtablecol(rel, signer)));
	return false;
}

/*
 * Trigger: BEFORE INSERT OR UPDATE on a table of facts, for each row.  With
 * argument after_decision the fact belongs to what follows the decision and
 * may be written until the round is final.
 */
Datum
aidcase_guard_fact(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = aidcase_trigger(fcinfo, "guard_fact", true, true);
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	const char *table = RelationGetRelationName(rel);
	const FactColumns *columns = aidcase_fact_columns(rel);
	bool		after_decision;
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event);
	const Workflow *workflow;
	const WorkflowState *state;
	Row			old;
	Row			new;
	bool	   *changed = NULL;
	bool		fill_case;
	int64		round_id;
	int64		case_id;
	TimestampTz limit;
	int			cols[2];
	Datum		values[2];
	bool		nulls[2] = {false, false};
	int			n = 0;
	int			i;

	if (!is_update && !TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was attached with the wrong event",
						"guard_fact"),
				 errdetail("It must be fired by INSERT or UPDATE.")));
	after_decision = trigdata->tg_trigger->tgnargs > 0 &&
		strcmp(trigdata->tg_trigger->tgargs[0], "after_decision") == 0;

	take_apart(&new, is_update ? trigdata->tg_newtuple : trigdata->tg_trigtuple,
			   desc);
	if (is_update)
	{
		take_apart(&old, trigdata->tg_trigtuple, desc);
		changed = changed_columns(desc, &old, &new, columns->entry_no);
		if (changed[columns->round_id - 1] || changed[columns->case_id - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a row of table \"%s\" cannot go to another round",
							table),
					 errhint("Mark it as void and enter it where it belongs."),
					 errtablecol(rel, changed[columns->round_id - 1] ?
								 columns->round_id : columns->case_id)));
	}

	/* the case is locked first, then the round is looked at */
	if (new.nulls[columns->round_id - 1])
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
						"round_id", table),
				 errtablecol(rel, columns->round_id)));
	round_id = row_int64(&new, columns->round_id);
	fill_case = new.nulls[columns->case_id - 1];
	if (fill_case)
	{
		if (!look_at_round(round_id))
			refuse_round(rel, columns->round_id, "There is no such round.");
		case_id = seen_round.case_id;
	}
	else
		case_id = row_int64(&new, columns->case_id);
	if (!lock_case(case_id))
		refuse_round(rel, columns->case_id, "There is no such case.");
	if (seen_round.round_id != round_id ||
		!FullTransactionIdEquals(seen_round.xid, held_case.xid) ||
		!still_holds(seen_round.xid, seen_round.subid))
	{
		if (!look_at_round(round_id))
			refuse_round(rel, columns->round_id, "There is no such round.");
	}
	if (seen_round.case_id != case_id)
		refuse_round(rel, columns->round_id,
					 "The round belongs to another case.");

	workflow = aidcase_workflow(seen_round.workflow_id);
	state = aidcase_workflow_state(workflow, NameStr(seen_round.state));
	if (state == NULL)
		elog(ERROR, "workflow " INT64_FORMAT " has no state \"%s\"",
			 workflow->workflow_id, NameStr(seen_round.state));
	if (after_decision ? state->kind == STATE_FINAL : state->frozen)
		ereport(ERROR,
				(errcode(ERRCODE_FACT_FROZEN),
				 errmsg("facts of the round can no longer change"),
				 errdetail("Table \"%s\" belongs to round " INT64_FORMAT ", which is in state \"%s\".",
						   table, round_id, state->name),
				 errhint("Open a review with aidcase.open_review(); a new round has its own facts."),
				 errtable(rel)));

	/* nothing happens in the future */
	limit = 0;
	for (i = 0; i < columns->ntimes; i++)
	{
		AttrNumber	attnum = columns->times[i];

		if (new.nulls[attnum - 1] || (is_update && !changed[attnum - 1]))
			continue;
		if (limit == 0)
			limit = latest_instant();
		if (DatumGetTimestampTz(new.values[attnum - 1]) > limit)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of \"%s\" lies in the future",
							column_name(rel, attnum), table),
					 errtablecol(rel, attnum)));
	}
	if (columns->signed_on != 0 && !new.nulls[columns->signed_on - 1] &&
		(!is_update || changed[columns->signed_on - 1]) &&
		DatumGetDateADT(new.values[columns->signed_on - 1]) >
		aidcase_date(latest_instant()))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of \"%s\" lies in the future",
						"signed_on", table),
				 errtablecol(rel, columns->signed_on)));

	if (check_signer(rel, columns, &new, changed))
	{
		cols[n] = columns->signer;
		values[n++] = Int64GetDatum(aidcase_actor()->staff_id);
	}
	if (fill_case)
	{
		cols[n] = columns->case_id;
		values[n++] = Int64GetDatum(case_id);
	}
	if (n > 0)
		return PointerGetDatum(heap_modify_tuple_by_cols(new.tuple, desc, n,
														 cols, values, nulls));
	return PointerGetDatum(new.tuple);
}

/*
 * A length in whole units.
 */
static int
whole_units(Datum length)
{
	Numeric		exact = DatumGetNumeric(length);
	Datum		back;
	int32		n;

	if (numeric_is_nan(exact) || numeric_is_inf(exact))
		n = -1;
	else
	{
		double		rough = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
															   length));

		n = (rough < 0 || rough > LONGEST_CLOCK) ? -1 :
			DatumGetInt32(DirectFunctionCall1(numeric_int4, length));
	}
	back = DirectFunctionCall1(int4_numeric, Int32GetDatum(n));
	if (n < 0 || !DatumGetBool(DirectFunctionCall2(numeric_eq, back, length)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the length of a time limit must be a whole number from 0 to %d",
						LONGEST_CLOCK)));
	return n;
}

/*
 * The instant at which a time limit that started at some instant is no
 * longer met.  When the calendar of a year is missing, its days count by the
 * day of the week and *provisional is set.
 */
static TimestampTz
due_instant(ClockKind kind, TimestampTz started, Datum length,
			bool *provisional)
{
	DateADT		day;
	int			n;
	int			missing = 0;

	*provisional = false;
	if (kind == CLOCK_HOURS)
	{
		double		hours = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
															   length));

		if (!(hours >= 0 && hours <= LONGEST_CLOCK))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the length of a time limit must be from 0 to %d hours",
							LONGEST_CLOCK)));
		return started + (int64) rint(hours * USECS_PER_HOUR);
	}
	day = aidcase_date(started);
	n = whole_units(length);
	if (kind == CLOCK_DAYS)
		return aidcase_midnight(day + n + 1);

	{
		DateADT		due = aidcase_add_workdays(day, n, &missing);

		if (missing != 0)
		{
			*provisional = true;
			for (due = day; n > 0; n--)
				do
					due++;
				while (j2day(due + POSTGRES_EPOCH_JDATE) == 0 ||
					   j2day(due + POSTGRES_EPOCH_JDATE) == 6);
		}
		return aidcase_midnight(due + 1);
	}
}

/*
 * Kind of a clock by its name in table clock.
 */
static ClockKind
clock_kind(const char *name)
{
	if (strcmp(name, "workdays") == 0)
		return CLOCK_WORKDAYS;
	if (strcmp(name, "days") == 0)
		return CLOCK_DAYS;
	if (strcmp(name, "hours") == 0)
		return CLOCK_HOURS;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is no kind of clock", name),
			 errhint("The kinds are workdays, days and hours.")));
	return CLOCK_DAYS;			/* keep compiler quiet */
}

/*
 * due_at(kind text, started_at timestamptz, length numeric)
 * returns record (due_at timestamptz, provisional boolean).
 */
Datum
aidcase_due_at(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	bool		provisional;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = TimestampTzGetDatum(due_instant(clock_kind(text_to_cstring(PG_GETARG_TEXT_PP(0))),
												PG_GETARG_TIMESTAMPTZ(1),
												PG_GETARG_DATUM(2),
												&provisional));
	values[1] = BoolGetDatum(provisional);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

/*
 * paused_units(kind text, from timestamptz, until timestamptz) returns
 * numeric: by how many units a pause makes a time limit longer.
 */
Datum
aidcase_paused_units(PG_FUNCTION_ARGS)
{
	ClockKind	kind = clock_kind(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	TimestampTz from = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz until = PG_GETARG_TIMESTAMPTZ(2);
	DateADT		first;
	DateADT		last;
	int			n = 0;
	int			missing = 0;

	if (TIMESTAMP_NOT_FINITE(from) || TIMESTAMP_NOT_FINITE(until) ||
		until < from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a pause cannot end before it begins")));
	if (kind == CLOCK_HOURS)
		PG_RETURN_DATUM(DirectFunctionCall2(numeric_div,
											DirectFunctionCall1(int8_numeric,
																Int64GetDatum(until - from)),
											DirectFunctionCall1(int8_numeric,
																Int64GetDatum(USECS_PER_HOUR))));
	first = aidcase_date(from);
	last = aidcase_date(until);
	if (kind == CLOCK_DAYS)
		n = last - first;
	else
	{
		n = aidcase_workdays_between(first, last, &missing);
		if (missing != 0)
			for (n = 0; first < last; first++)
				if (j2day(first + 1 + POSTGRES_EPOCH_JDATE) % 6 != 0)
					n++;
	}
	PG_RETURN_DATUM(DirectFunctionCall1(int4_numeric, Int32GetDatum(n)));
}

/*
 * Names of clocks as an array, for SPI.
 */
static Datum
clock_names(const ClockList *list)
{
	Datum	   *names = palloc(sizeof(Datum) * list->n);
	int			i;

	for (i = 0; i < list->n; i++)
		names[i] = CStringGetTextDatum(list->clocks[i]->name);
	return PointerGetDatum(construct_array(names, list->n, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

#define RUNNING \
	" WHERE d.subject OPERATOR(pg_catalog.=) $2" \
	" AND d.subject_id OPERATOR(pg_catalog.=) $3" \
	" AND d.clock OPERATOR(pg_catalog.=) ANY ($4)" \
	" AND d.met_at IS NULL AND d.cancelled_at IS NULL"

/*
 * Runs one statement over the running clocks of a row: $1 instant, $2 table,
 * $3 key, $4 clocks, $5 reason if the plan has it.
 */
static void
touch_clocks(KeptPlan *plan, const char *subject, int64 id, TimestampTz at,
			 const ClockList *list, const char *reason)
{
	Datum		values[5];

	if (list->n == 0)
		return;
	values[0] = TimestampTzGetDatum(at);
	values[1] = CStringGetTextDatum(subject);
	values[2] = Int64GetDatum(id);
	values[3] = clock_names(list);
	values[4] = reason != NULL ? CStringGetTextDatum(reason) : (Datum) 0;
	(void) aidcase_run(plan, values, NULL, 0);
}

/*
 * Cancels running clocks, not before they started.
 */
static void
cancel_running(const char *subject, int64 id, TimestampTz at,
			   const ClockList *list, const char *reason)
{
	static KeptPlan plan = {
		"UPDATE aidcase.deadline AS d SET cancelled_at ="
		" CASE WHEN $1 OPERATOR(pg_catalog.<) d.started_at"
		" THEN d.started_at ELSE $1 END, cancel_reason = $5" RUNNING,
	5, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID, TEXTOID}, NULL};

	touch_clocks(&plan, subject, id, at, list, reason);
}

/*
 * Starts a clock for a row; one that runs already goes on.
 */
static void
start_clock(const WorkflowClock *clock, const char *subject, int64 id,
			int64 case_id, int64 unit_id, TimestampTz started)
{
	static KeptPlan length_plan = {
		"SELECT aidcase.parameter($1, u.unit_code, $2)"
		" FROM aidcase.unit AS u WHERE u.unit_id OPERATOR(pg_catalog.=) $3",
	3, {TEXTOID, DATEOID, INT8OID}, NULL};
	static KeptPlan insert_plan = {
		"INSERT INTO aidcase.deadline (subject, subject_id, case_id, unit_id,"
		" clock, started_at, length, due_at, provisional)"
		" SELECT $1, $2, $3, $4, $5, $6, $7, q.due_at, q.provisional"
		" FROM aidcase.due_at($8, $6, $7) AS q"
		" ON CONFLICT (subject, subject_id, clock)"
		" WHERE met_at IS NULL AND cancelled_at IS NULL DO NOTHING",
	8, {TEXTOID, INT8OID, INT8OID, INT8OID, TEXTOID, TIMESTAMPTZOID,
	NUMERICOID, TEXTOID}, NULL};
	static KeptPlan hit_plan = {
		"SELECT h.hit_id, h.raised_at FROM aidcase.registry_hit AS h"
		" WHERE h.round_id OPERATOR(pg_catalog.=) $1 ORDER BY h.hit_id LIMIT 1",
	1, {INT8OID}, NULL};
	Datum		values[8];
	char		nulls[] = "        ";
	bool		isnull;

	values[0] = CStringGetTextDatum(clock->parameter);
	values[1] = DateADTGetDatum(aidcase_date(started));
	values[2] = Int64GetDatum(unit_id);
	if (aidcase_run(&length_plan, values, NULL, 1) != 1)
		elog(ERROR, "unit " INT64_FORMAT " does not exist", unit_id);
	values[6] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
							  &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_PARAMETER_MISSING),
				 errmsg("parameter \"%s\" is missing", clock->parameter),
				 errdetail("It is the length of clock \"%s\".", clock->name)));
	values[0] = CStringGetTextDatum(subject);
	values[1] = Int64GetDatum(id);
	values[2] = Int64GetDatum(case_id);
	values[3] = Int64GetDatum(unit_id);
	values[4] = CStringGetTextDatum(clock->name);
	values[5] = TimestampTzGetDatum(started);
	values[7] = CStringGetTextDatum(clock->kind == CLOCK_WORKDAYS ? "workdays" :
									clock->kind == CLOCK_DAYS ? "days" : "hours");
	if (case_id == 0)
		nulls[2] = 'n';
	(void) aidcase_run(&insert_plan, values, nulls, 0);

	/* what would cancel it is there already */
	if (clock->cancelled_by != NULL && strcmp(subject, "case_round") == 0)
	{
		values[0] = Int64GetDatum(id);
		if (aidcase_run(&hit_plan, values, NULL, 1) == 1)
		{
			int64		hit_id;
			TimestampTz raised;
			ClockList	one = {1, &clock};

			hit_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
												 SPI_tuptable->tupdesc, 1,
												 &isnull));
			raised = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0],
													   SPI_tuptable->tupdesc, 2,
													   &isnull));
			cancel_running(subject, id, raised, &one,
						   psprintf("registry_hit " INT64_FORMAT, hit_id));
		}
	}
}

/*
 * Trigger: AFTER INSERT OR UPDATE on a subject table, for each row.
 */
Datum
aidcase_run_clocks(PG_FUNCTION_ARGS)
{
	static KeptPlan meet_plan = {
		"UPDATE aidcase.deadline AS d SET met_at = $1" RUNNING,
	4, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID}, NULL};
	static KeptPlan pause_plan = {
		"UPDATE aidcase.deadline AS d SET paused_at = $1" RUNNING
		" AND d.paused_at IS NULL",
	4, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID}, NULL};
	static KeptPlan resume_plan = {
		"UPDATE aidcase.deadline AS d SET paused_at = NULL,"
		" paused_for = d.paused_for OPERATOR(pg_catalog.+)"
		"  ($1 OPERATOR(pg_catalog.-) d.paused_at),"
		" length = n.length, due_at = q.due_at, provisional = q.provisional"
		" FROM (SELECT d.deadline_id, d.started_at, c.kind,"
		"  d.length OPERATOR(pg_catalog.+)"
		"  aidcase.paused_units(c.kind, d.paused_at, $1) AS length"
		"  FROM aidcase.deadline AS d JOIN aidcase.clock AS c"
		"  ON c.clock OPERATOR(pg_catalog.=) d.clock" RUNNING
		"  AND d.paused_at IS NOT NULL) AS n,"
		" LATERAL aidcase.due_at(n.kind, n.started_at, n.length) AS q"
		" WHERE d.deadline_id OPERATOR(pg_catalog.=) n.deadline_id",
	4, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID}, NULL};
	TriggerData *trigdata = aidcase_trigger(fcinfo, "run_clocks", false, true);
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	const SubjectColumns *columns = aidcase_subject_columns(rel);
	const char *subject = RelationGetRelationName(rel);
	const Workflow *workflow;
	const WorkflowTransition *move = NULL;
	const ClockList *starts;
	Row			old;
	Row			new;
	int64		id;
	TimestampTz at;
	int			i;

	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
	{
		take_apart(&new, trigdata->tg_trigtuple, desc);
		workflow = aidcase_workflow(row_int64(&new, columns->workflow_id));
		starts = &workflow->starts;
		if (starts->n == 0)
			return PointerGetDatum(NULL);
	}
	else if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		char	   *from;
		char	   *to;

		take_apart(&new, trigdata->tg_newtuple, desc);
		take_apart(&old, trigdata->tg_trigtuple, desc);
		from = row_text(&old, columns->state);
		to = row_text(&new, columns->state);
		if (strcmp(from, to) == 0)
			return PointerGetDatum(NULL);
		workflow = aidcase_workflow(row_int64(&new, columns->workflow_id));
		move = aidcase_transition(workflow,
								  aidcase_workflow_state(workflow, from), to);
		if (move == NULL)
			elog(ERROR, "workflow " INT64_FORMAT " has no move from \"%s\" to \"%s\"",
				 workflow->workflow_id, from, to);
		starts = &move->starts;
		if (starts->n + move->meets.n + move->pauses.n + move->resumes.n +
			move->cancels.n == 0)
			return PointerGetDatum(NULL);
	}
	else
		return PointerGetDatum(NULL);

	id = row_int64(&new, columns->key);
	at = DatumGetTimestampTz(new.values[columns->occurred_at - 1]);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (move != NULL)
	{
		touch_clocks(&meet_plan, subject, id, at, &move->meets, NULL);
		cancel_running(subject, id, at, &move->cancels, move->action);
		touch_clocks(&resume_plan, subject, id, at, &move->resumes, NULL);
		touch_clocks(&pause_plan, subject, id, at, &move->pauses, NULL);
	}
	for (i = 0; i < starts->n; i++)
	{
		const WorkflowClock *clock = starts->clocks[i];
		TimestampTz started = at;

		if (clock->from_first_contact && columns->first_contact_at != 0 &&
			!new.nulls[columns->first_contact_at - 1])
			started = DatumGetTimestampTz(new.values[columns->first_contact_at - 1]);
		start_clock(clock, subject, id, row_int64(&new, columns->case_id),
					row_int64(&new, columns->unit_id), started);
	}
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return PointerGetDatum(NULL);
}

/*
 * Trigger: AFTER INSERT on a table of facts, for each row.  Cancels the
 * clocks that a row of this table cancels, with the row as the reason.
 */
Datum
aidcase_cancel_clocks(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = aidcase_trigger(fcinfo, "cancel_clocks",
											false, true);
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	const char *table = RelationGetRelationName(rel);
	ClockList	list = aidcase_clocks_cancelled_by(table);
	const FactColumns *columns;
	Row			new;
	Bitmapset  *primary;
	AttrNumber	key;

	if (list.n == 0 || !TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(NULL);
	columns = aidcase_fact_columns(rel);
	primary = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	if (bms_membership(primary) != BMS_SINGLETON)
		elog(ERROR, "table \"%s\" has no simple primary key", table);
	key = bms_singleton_member(primary) + FirstLowInvalidHeapAttributeNumber;
	take_apart(&new, trigdata->tg_trigtuple, desc);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	cancel_running("case_round", row_int64(&new, columns->round_id),
				   columns->ntimes > 0 && !new.nulls[columns->times[0] - 1] ?
				   DatumGetTimestampTz(new.values[columns->times[0] - 1]) :
				   aidcase_now(),
				   &list,
				   psprintf("%s " INT64_FORMAT, table, row_int64(&new, key)));
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return PointerGetDatum(NULL);
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
	HeapTuple	tuple = fetch_row(rel, columns->key_index, columns->key, id);
	const Workflow *workflow;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "row " INT64_FORMAT " of \"%s\" is gone",
			 id, RelationGetRelationName(rel));
	take_apart(row, tuple, RelationGetDescr(rel));
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
	if (columns->case_id != 0)
	{
		if (!lock_case(row_int64(&row, columns->case_id)))
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
