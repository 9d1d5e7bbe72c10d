/*-------------------------------------------------------------------------
 *
 * workflow_facts.c
 *		Facts of a round, frozen once it is decided; the lock on the case.
 *
 * guard_fact() fires before every write to a fact of a round.  It locks the
 * case FOR NO KEY UPDATE and refuses the write when the round is decided.  A
 * move of a round locks the case too, before its guards look.  So a fact and
 * a move of the same case come one after the other, the later one sees what
 * the earlier one committed, and a guard may rely on the absence of a fact.
 *
 * Lock order: a row of the subject or of the fact (PostgreSQL locks what it
 * updates before it fires triggers), then the case; advance() takes the case
 * first.
 *
 * Kept for the transaction: the case that is locked, and while it is, the
 * state of the round whose fact was last written; a backend that adds forty
 * facts to a round locks and looks once.  Both hold as long as the part of
 * the transaction that took the lock has not been rolled back; a move of a
 * round forgets what was seen of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "aidcase.h"
#include "compat.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_guard_fact);
PG_FUNCTION_INFO_V1(aidcase_guard_line);

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

/*
 * Forgets what was seen of a round; a move is about to change its state.
 */
void
aidcase_forget_round(void)
{
	seen_round.round_id = 0;
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
HeapTuple
aidcase_fetch_row(Relation rel, Oid index, AttrNumber key, int64 id)
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
bool
aidcase_lock_case(int64 case_id)
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
	tuple = aidcase_fetch_row(rel, rel->rd_pkindex, key, case_id);
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
	HeapTuple	tuple = aidcase_fetch_row(rel, columns->key_index, columns->key,
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
 * May the caller see the round?  A refusal that tells its state is for those
 * who could read it; the others hear what row security says to them.
 */
static bool
round_is_visible(int64 round_id)
{
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	bool		seen;

	values[0] = Int64GetDatum(round_id);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute_with_args("SELECT FROM aidcase.case_round AS r"
							  " WHERE r.round_id OPERATOR(pg_catalog.=) $1",
							  1, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look at a round");
	seen = (SPI_processed == 1);
	SPI_finish();
	return seen;
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
 * Refuses a fact that points to the member, obligor, check or determination
 * of another round.  changed: NULL for a new row.
 */
static void
check_references(Relation rel, const Row *new, const bool *changed,
				 int64 round_id)
{
	static const struct
	{
		const char *column;
		const char *table;
	}			references[] = {
		{"member_id", "case_member"},
		{"obligor_id", "obligor"},
		{"check_id", "registry_check"},
		{"determination_id", "determination"}
	};
	int			i;

	for (i = 0; i < (int) lengthof(references); i++)
	{
		AttrNumber	attnum = aidcase_attnum(RelationGetDescr(rel),
											references[i].column);
		Relation	other;
		const FactColumns *columns;
		HeapTuple	tuple;
		bool		isnull;
		bool		same;

		if (attnum == 0 || new->nulls[attnum - 1] ||
			(changed != NULL && !changed[attnum - 1]) ||
			strcmp(RelationGetRelationName(rel), references[i].table) == 0)
			continue;
		other = table_open(aidcase_relation(references[i].table),
						   AccessShareLock);
		columns = aidcase_fact_columns(other);
		if (!other->rd_indexvalid)
			list_free(RelationGetIndexList(other));
		tuple = aidcase_fetch_row(other, other->rd_pkindex,
								  aidcase_attnum(RelationGetDescr(other),
												 references[i].column),
								  row_int64(new, attnum));
		same = HeapTupleIsValid(tuple) &&
			DatumGetInt64(heap_getattr(tuple, columns->round_id,
									   RelationGetDescr(other), &isnull)) == round_id;
		table_close(other, NoLock);
		if (!same)
			refuse_round(rel, attnum,
						 psprintf("Column \"%s\" names no row of \"%s\" of this round.",
								  references[i].column, references[i].table));
	}
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
		aidcase_refuse_nobody();
	}
	if (actor->staff_id == 0)
		aidcase_refuse_nobody();
	if (DatumGetInt64(new->values[signer - 1]) != actor->staff_id)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("column \"%s\" of \"%s\" must name who acts",
						NameStr(TupleDescAttr(desc, signer - 1)->attname), RelationGetRelationName(rel)),
				 errdetail("Nobody can sign for another member of staff."),
				 errhint("Leave the column out, or let the other one enter it."),
				 errtablecol(rel, signer)));
	return false;
}

/*
 * Locks the case of a fact and looks at its round; refuses a fact of another
 * case's round, and one of a round that is decided (after_decision: final).
 * case_column, round_column: for messages.
 */
static void
hold_round(Relation rel, AttrNumber case_column, AttrNumber round_column,
		   int64 case_id, int64 round_id, bool after_decision)
{
	const Workflow *workflow;
	const WorkflowState *state;

	if (!aidcase_lock_case(case_id))
		refuse_round(rel, case_column, "There is no such case.");
	if (seen_round.round_id != round_id ||
		!FullTransactionIdEquals(seen_round.xid, held_case.xid) ||
		!still_holds(seen_round.xid, seen_round.subid))
	{
		if (!look_at_round(round_id))
			refuse_round(rel, round_column, "There is no such round.");
	}
	if (seen_round.case_id != case_id)
		refuse_round(rel, round_column,
					 "The round belongs to another case.");

	workflow = aidcase_workflow(seen_round.workflow_id);
	state = aidcase_workflow_state(workflow, NameStr(seen_round.state));
	if (state == NULL)
		elog(ERROR, "workflow " INT64_FORMAT " has no state \"%s\"",
			 workflow->workflow_id, NameStr(seen_round.state));
	if (!(after_decision ? state->kind == STATE_FINAL : state->frozen))
		return;
	if (!round_is_visible(round_id))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("new row violates row-level security policy for table \"%s\"",
						RelationGetRelationName(rel))));
	ereport(ERROR,
			(errcode(ERRCODE_FACT_FROZEN),
			 errmsg("facts of the round can no longer change"),
			 errdetail("Table \"%s\" belongs to round " INT64_FORMAT ", which is in state \"%s\".",
					   RelationGetRelationName(rel), round_id, state->name),
			 errhint("Open a review with aidcase.open_review(); a new round has its own facts."),
			 errtable(rel)));
}

/*
 * Trigger: BEFORE INSERT on the lines of a determination, for each row.  A
 * line belongs to the round of its determination; some forty follow each
 * other, so the last determination is remembered while its round is.
 */
Datum
aidcase_guard_line(PG_FUNCTION_ARGS)
{
	static int64 last_determination = 0;
	static int64 last_round = 0;
	static FullTransactionId last_xid;
	TriggerData *trigdata = aidcase_trigger(fcinfo, "guard_line", true, true);
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	AttrNumber	attnum = aidcase_attnum(desc, "determination_id");
	Relation	other;
	const FactColumns *columns;
	HeapTuple	tuple;
	int64		determination_id;
	int64		case_id;
	bool		isnull;

	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) || attnum == 0)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was attached with the wrong event",
						"guard_line"),
				 errdetail("It must be fired by INSERT.")));
	determination_id = DatumGetInt64(heap_getattr(trigdata->tg_trigtuple,
												  attnum, desc, &isnull));
	if (isnull)
		return PointerGetDatum(trigdata->tg_trigtuple); /* NOT NULL refuses */
	if (determination_id == last_determination &&
		seen_round.round_id == last_round && last_round != 0 &&
		FullTransactionIdEquals(last_xid, seen_round.xid) &&
		still_holds(seen_round.xid, seen_round.subid))
		return PointerGetDatum(trigdata->tg_trigtuple);

	last_determination = 0;
	other = table_open(aidcase_relation("determination"), AccessShareLock);
	columns = aidcase_fact_columns(other);
	if (!other->rd_indexvalid)
		list_free(RelationGetIndexList(other));
	tuple = aidcase_fetch_row(other, other->rd_pkindex, aidcase_attnum(RelationGetDescr(other),
											 "determination_id"),
							  determination_id);
	if (!HeapTupleIsValid(tuple))
		refuse_round(rel, attnum, "There is no such determination.");
	case_id = DatumGetInt64(heap_getattr(tuple, columns->case_id,
										 RelationGetDescr(other), &isnull));
	last_round = DatumGetInt64(heap_getattr(tuple, columns->round_id,
											RelationGetDescr(other), &isnull));
	table_close(other, NoLock);
	hold_round(rel, attnum, attnum, case_id, last_round, false);
	last_determination = determination_id;
	last_xid = seen_round.xid;
	return PointerGetDatum(trigdata->tg_trigtuple);
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

	aidcase_take_apart(&new, is_update ? trigdata->tg_newtuple : trigdata->tg_trigtuple,
			   desc);
	if (is_update)
	{
		aidcase_take_apart(&old, trigdata->tg_trigtuple, desc);
		changed = aidcase_changed_columns(desc, &old, &new, columns->entry_no);
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
	hold_round(rel, columns->case_id, columns->round_id, case_id, round_id,
			   after_decision);

	check_references(rel, &new, changed, round_id);

	/* nothing happens in the future */
	limit = 0;
	for (i = 0; i < columns->ntimes; i++)
	{
		AttrNumber	attnum = columns->times[i];

		if (new.nulls[attnum - 1] || (is_update && !changed[attnum - 1]))
			continue;
		if (limit == 0)
			limit = aidcase_latest_instant();
		if (DatumGetTimestampTz(new.values[attnum - 1]) > limit)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of \"%s\" lies in the future",
							NameStr(TupleDescAttr(desc, attnum - 1)->attname), table),
					 errtablecol(rel, attnum)));
	}
	if (columns->signed_on != 0 && !new.nulls[columns->signed_on - 1] &&
		(!is_update || changed[columns->signed_on - 1]) &&
		DatumGetDateADT(new.values[columns->signed_on - 1]) >
		aidcase_date(aidcase_latest_instant()))
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
