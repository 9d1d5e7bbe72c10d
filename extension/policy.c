/*-------------------------------------------------------------------------
 *
 * policy.c
 *		Dated parameters: the value in force for an area, a day, a programme
 *		and a variant.
 *
 * Guards and clocks ask for a parameter or two at every move of a case, a
 * determination for some forty.  So each backend keeps table
 * aidcase.policy_parameter (some hundred rows) in memory, ordered so that the
 * first row that fits is the answer: by name and variant, then the nearest
 * area first, then the programme's row before the general one.  The nearer an
 * area, the greater its code in byte order: 340705100201, 340705100, 340705,
 * 340700, 340000, 0.
 *
 * The copy lives in a context of its own under CacheMemoryContext; a new one
 * is filled completely before the old one is dropped.  As with the calendar
 * (workdays.c) the table is read with a plain scan under a catalog snapshot:
 * the newest state, our own transaction's changes included, in parallel
 * workers too, and for callers without any grant, for parameters are public.
 *
 * The copy becomes invalid by
 * - relation-cache invalidation of the table, which trigger ~~invalidate
 *   sends with every change;
 * - the abort of a transaction or subtransaction, if it was made by a
 *   transaction that held a writer's lock on the table: it may hold rows that
 *   are gone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "aidcase.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_area_chain);
PG_FUNCTION_INFO_V1(aidcase_parameter);
PG_FUNCTION_INFO_V1(aidcase_parameter_fraction);
PG_FUNCTION_INFO_V1(aidcase_parameter_id);
PG_FUNCTION_INFO_V1(aidcase_parameter_in_words);

#define MAX_CHAIN		6		/* village, town, district, city, province,
								 * nation */
#define AREA_SIZE		13		/* 12 digits and the end */

/* One row of the table. */
typedef struct Parameter
{
	int64		id;				/* parameter_id */
	char	   *name;
	char	   *variant;		/* "" = none; a variant is never blank */
	char	   *area;
	char	   *programme;		/* NULL = every programme */
	DateADT		from;			/* first day, DATEVAL_NOBEGIN = ever */
	DateADT		until;			/* first day after, DATEVAL_NOEND = never */
	bool		previous_year;	/* that of the end of the year before */
	Numeric		value;
	Numeric		divisor;
} Parameter;

/* All rows, in the order of compare_parameters(). */
typedef struct ParameterList
{
	MemoryContext context;		/* holds this struct and all it points to */
	int			count;
	Parameter  *rows;
} ParameterList;

/* What is asked for; also the arguments of the SQL functions, in order. */
typedef struct Question
{
	char	   *name;			/* NULL = SQL NULL, also below */
	char	   *area;
	bool		has_date;
	DateADT		on_date;
	char	   *programme;
	char	   *variant;
} Question;

static ParameterList *parameters = NULL;	/* NULL before the first use */
static bool parameters_valid = false;	/* may *parameters be used? */
static bool parameters_uncommitted = false; /* may it hold uncommitted rows? */
static uint64 parameters_forgotten = 0; /* number of invalidations seen */
static Oid	parameters_relid = InvalidOid;
static bool callbacks_registered = false;

/*
 * Relation-cache callback.  Only marks.
 */
static void
forget_parameters(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == parameters_relid)
	{
		parameters_valid = false;
		parameters_forgotten++;
	}
}

/*
 * End of a transaction: what an aborted one read is not true.  A prepared one
 * takes its changes out of sight, too.
 */
static void
parameters_xact_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PREPARE:
			if (parameters_uncommitted)
				parameters_valid = false;
			parameters_uncommitted = false;
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			parameters_uncommitted = false;
			break;
		default:
			break;
	}
}

/*
 * Abort of a subtransaction: likewise.
 */
static void
parameters_subxact_end(SubXactEvent event, SubTransactionId mySubid,
					   SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && parameters_uncommitted)
		parameters_valid = false;
}

/* ---------------------------------------------------------------------
 * Areas
 */

/*
 * The area and those above it, nearest first, each once; returns their
 * number.  Errors when it is no code of an area.
 */
static int
make_chain(const char *area, char chain[MAX_CHAIN][AREA_SIZE])
{
	size_t		length = strlen(area);
	int			n = 0;

	if (strcmp(area, "0") != 0 &&
		((length != 6 && length != 9 && length != 12) || area[0] == '0' ||
		 strspn(area, "0123456789") != length))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("area code \"%s\" is not recognized", area),
				 errdetail("An area is the nation (0), a province, city or district (6 digits), a town (9) or a village (12)."),
				 errhint("The codes of the units are those of view aidcase.unit_now.")));

	if (length >= 6)
	{
		if (length == 12)
			strlcpy(chain[n++], area, AREA_SIZE);
		if (length >= 9)
			strlcpy(chain[n++], area, 9 + 1);
		strlcpy(chain[n++], area, 6 + 1);
		if (strncmp(area + 4, "00", 2) != 0)
			snprintf(chain[n++], AREA_SIZE, "%.4s00", area);
		if (strncmp(area + 2, "0000", 4) != 0)
			snprintf(chain[n++], AREA_SIZE, "%.2s0000", area);
	}
	strlcpy(chain[n++], "0", AREA_SIZE);
	return n;
}

/*
 * area_chain(area text) returns text[]
 */
Datum
aidcase_area_chain(PG_FUNCTION_ARGS)
{
	char		chain[MAX_CHAIN][AREA_SIZE];
	int			n = make_chain(text_to_cstring(PG_GETARG_TEXT_PP(0)), chain);
	Datum		elements[MAX_CHAIN];
	int			i;

	for (i = 0; i < n; i++)
		elements[i] = CStringGetTextDatum(chain[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n, TEXTOID, -1, false,
										  TYPALIGN_INT));
}

/* ---------------------------------------------------------------------
 * The copy of the table
 */

/*
 * Order of the list; see the head of this file.
 */
static int
compare_parameters(const void *left, const void *right)
{
	const Parameter *a = (const Parameter *) left;
	const Parameter *b = (const Parameter *) right;
	int			order = strcmp(a->name, b->name);

	if (order == 0)
		order = strcmp(a->variant, b->variant);
	if (order == 0)
		order = strcmp(b->area, a->area);
	if (order == 0)
		order = (a->programme == NULL) - (b->programme == NULL);
	if (order == 0 && a->programme != NULL)
		order = strcmp(a->programme, b->programme);
	if (order == 0)
		order = (a->from > b->from) - (a->from < b->from);
	return order;
}

/*
 * Number of a column, which must have the type that the scan expects: the
 * table is an ordinary one, and its owner can change it.
 */
static AttrNumber
require_column(Relation rel, const char *column, Oid type)
{
	AttrNumber	attnum = aidcase_attnum(RelationGetDescr(rel), column);

	if (attnum == 0 ||
		TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s.%s\" has no usable column \"%s\"",
						AIDCASE_SCHEMA, RelationGetRelationName(rel), column),
				 errhint("Give the table back its columns and types, as the extension made them.")));
	return attnum;
}

/*
 * A text column of a row as a string in the current context; NULL for NULL.
 */
static char *
text_column(TupleTableSlot *slot, AttrNumber attnum)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, attnum, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * Reads the table into a new list in a context of its own, below the current
 * one.  *uncommitted: could it contain changes of our own transaction?
 */
static ParameterList *
read_parameters(Oid relid, bool *uncommitted)
{
	Relation	rel = table_open(relid, AccessShareLock);
	AttrNumber	id_no = require_column(rel, "parameter_id", INT8OID);
	AttrNumber	name_no = require_column(rel, "name", TEXTOID);
	AttrNumber	area_no = require_column(rel, "area_code", TEXTOID);
	AttrNumber	programme_no = require_column(rel, "programme", TEXTOID);
	AttrNumber	variant_no = require_column(rel, "variant", TEXTOID);
	AttrNumber	valid_no = require_column(rel, "valid", DATERANGEOID);
	AttrNumber	value_no = require_column(rel, "value", NUMERICOID);
	AttrNumber	divisor_no = require_column(rel, "divisor", NUMERICOID);
	AttrNumber	reference_no = require_column(rel, "reference", TEXTOID);
	TypeCacheEntry *range_type = lookup_type_cache(DATERANGEOID,
												   TYPECACHE_RANGE_INFO);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "aidcase parameters",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	ParameterList *list = (ParameterList *) palloc0(sizeof(ParameterList));
	int			room = 128;
	Snapshot	snapshot;
	TableScanDesc scan;
	TupleTableSlot *slot;

	list->context = context;
	list->rows = (Parameter *) palloc(room * sizeof(Parameter));

	/* who changed a row keeps this lock until the change is final or undone */
	*uncommitted = CheckRelationLockedByMe(rel, RowExclusiveLock, true);

	/* not GetLatestSnapshot(), which is refused in parallel mode */
	snapshot = RegisterSnapshot(GetCatalogSnapshot(relid));
	slot = table_slot_create(rel, NULL);
	scan = table_beginscan(rel, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		Parameter  *row;
		RangeBound	lower;
		RangeBound	upper;
		bool		empty;
		bool		nulls[4];
		Datum		id;
		Datum		valid;
		Datum		value;
		Datum		divisor;
		char	   *reference;

		id = slot_getattr(slot, id_no, &nulls[0]);
		valid = slot_getattr(slot, valid_no, &nulls[1]);
		value = slot_getattr(slot, value_no, &nulls[2]);
		divisor = slot_getattr(slot, divisor_no, &nulls[3]);
		reference = text_column(slot, reference_no);
		if (nulls[0] || nulls[1] || nulls[2] || nulls[3] || reference == NULL)
			continue;			/* constraints of the table forbid it */

		if (list->count == room)
		{
			room *= 2;
			list->rows = (Parameter *) repalloc(list->rows,
												room * sizeof(Parameter));
		}
		row = &list->rows[list->count];
		row->name = text_column(slot, name_no);
		row->area = text_column(slot, area_no);
		if (row->name == NULL || row->area == NULL)
			continue;
		list->count++;
		row->variant = text_column(slot, variant_no);
		if (row->variant == NULL)
			row->variant = "";
		row->programme = text_column(slot, programme_no);
		row->id = DatumGetInt64(id);
		row->value = DatumGetNumericCopy(value);
		row->divisor = DatumGetNumericCopy(divisor);
		row->previous_year = strcmp(reference, "same_date") != 0;
		pfree(reference);

		range_deserialize(range_type, DatumGetRangeTypeP(valid),
						  &lower, &upper, &empty);
		row->from = lower.infinite ? DATEVAL_NOBEGIN :
			DatumGetDateADT(lower.val);
		row->until = upper.infinite ? DATEVAL_NOEND :
			DatumGetDateADT(upper.val);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);

	qsort(list->rows, list->count, sizeof(Parameter), compare_parameters);
	MemoryContextSwitchTo(caller);
	return list;
}

/*
 * The list, read when there is no valid one.  The pointer is good until the
 * next call of anything that may process invalidations.
 */
static const ParameterList *
get_parameters(void)
{
	ParameterList *fresh;
	ParameterList *old;
	bool		uncommitted;
	uint64		forgotten;

	if (likely(parameters_valid))
		return parameters;

	if (!callbacks_registered)
	{
		CacheRegisterRelcacheCallback(forget_parameters, (Datum) 0);
		RegisterXactCallback(parameters_xact_end, NULL);
		RegisterSubXactCallback(parameters_subxact_end, NULL);
		callbacks_registered = true;
	}

	/* from here on forget_parameters() must know the table */
	parameters_relid = aidcase_relation("policy_parameter");
	forgotten = parameters_forgotten;

	fresh = read_parameters(parameters_relid, &uncommitted);

	old = parameters;
	MemoryContextSetParent(fresh->context, CacheMemoryContext);
	parameters = fresh;
	parameters_uncommitted = uncommitted;

	/* as in workdays.c: serve this call, read again at the next */
	parameters_valid = (forgotten == parameters_forgotten);

	if (old != NULL)
		MemoryContextDelete(old->context);
	return parameters;
}

/* ---------------------------------------------------------------------
 * Looking up
 */

/*
 * Takes the five arguments (name, area, on_date, programme, variant).
 */
static void
read_question(FunctionCallInfo fcinfo, Question *q)
{
	q->name = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	q->area = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	q->has_date = !PG_ARGISNULL(2);
	q->on_date = q->has_date ? PG_GETARG_DATEADT(2) : 0;
	q->programme = PG_ARGISNULL(3) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(3));
	q->variant = PG_ARGISNULL(4) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(4));
}

/*
 * The last day of the year before.
 */
static DateADT
end_of_previous_year(DateADT day)
{
	int			year;
	int			month;
	int			mday;

	if (DATE_NOT_FINITE(day))
		return day;
	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return date2j(year, 1, 1) - 1 - POSTGRES_EPOCH_JDATE;
}

/*
 * Is the row's area the one asked for, or above it?
 */
static bool
covers(const Parameter *row, char chain[MAX_CHAIN][AREA_SIZE], int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (strcmp(row->area, chain[i]) == 0)
			return true;
	}
	return false;
}

/*
 * The row in force, or NULL.  The pointer is good as get_parameters()'s.
 */
static const Parameter *
find_parameter(const Question *q)
{
	const ParameterList *list;
	const char *variant = q->variant == NULL ? "" : q->variant;
	char		chain[MAX_CHAIN][AREA_SIZE];
	DateADT		before;
	int			n;
	int			low = 0;
	int			high;

	if (q->area == NULL)
		return NULL;
	n = make_chain(q->area, chain);
	if (q->name == NULL || !q->has_date ||
		(q->variant != NULL && q->variant[0] == '\0'))
		return NULL;
	before = end_of_previous_year(q->on_date);
	list = get_parameters();

	/* the first row of this name and variant */
	high = list->count;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		const Parameter *row = &list->rows[middle];
		int			order = strcmp(row->name, q->name);

		if (order == 0)
			order = strcmp(row->variant, variant);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}

	for (; low < list->count; low++)
	{
		const Parameter *row = &list->rows[low];
		DateADT		day = row->previous_year ? before : q->on_date;

		if (strcmp(row->name, q->name) != 0 ||
			strcmp(row->variant, variant) != 0)
			break;
		if (day >= row->from && day < row->until &&
			(row->programme == NULL ||
			 (q->programme != NULL &&
			  strcmp(row->programme, q->programme) == 0)) &&
			covers(row, chain, n))
			return row;
	}
	return NULL;
}

/*
 * What is missing, in a sentence.
 */
static char *
question_in_words(const Question *q)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "Parameter \"%s\"", q->name ? q->name : "NULL");
	if (q->variant != NULL)
		appendStringInfo(&buf, ", variant %s", quote_literal_cstr(q->variant));
	if (q->programme != NULL)
		appendStringInfo(&buf, ", programme %s",
						 quote_literal_cstr(q->programme));
	appendStringInfoString(&buf, " has no value in force on ");
	if (!q->has_date)
		appendStringInfoString(&buf, "NULL");
	else if (DATE_NOT_FINITE(q->on_date))
		appendStringInfoString(&buf, DATE_IS_NOEND(q->on_date) ?
							   "infinity" : "-infinity");
	else
	{
		int			year;
		int			month;
		int			mday;

		j2date(q->on_date + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
		appendStringInfo(&buf, "%04d-%02d-%02d", year, month, mday);
	}
	appendStringInfo(&buf, " for area %s or one above it.",
					 q->area ? q->area : "NULL");
	return buf.data;
}

/*
 * The row in force; error ERRCODE_PARAMETER_MISSING when there is none.
 */
static const Parameter *
need_parameter(FunctionCallInfo fcinfo)
{
	Question	q;
	const Parameter *row;

	read_question(fcinfo, &q);
	row = find_parameter(&q);
	if (row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PARAMETER_MISSING),
				 errmsg("parameter \"%s\" is not set",
						q.name ? q.name : "NULL"),
				 errdetail_internal("%s", question_in_words(&q)),
				 errhint("Set it with aidcase.set_parameter(name, area, valid_from, value, document_no); the names are those of table aidcase.parameter_name.")));
	return row;
}

/*
 * parameter(name text, area text, on_date date, programme text, variant text)
 * returns numeric
 */
Datum
aidcase_parameter(PG_FUNCTION_ARGS)
{
	const Parameter *row = need_parameter(fcinfo);
	Datum		value = datumCopy(NumericGetDatum(row->value), false, -1);
	Datum		divisor = NumericGetDatum(row->divisor);

	if (DatumGetBool(DirectFunctionCall2(numeric_eq, divisor,
										 NumericGetDatum(int64_to_numeric(1)))))
		PG_RETURN_DATUM(value);
	PG_RETURN_DATUM(DirectFunctionCall1(numeric_trim_scale,
										DirectFunctionCall2(numeric_div,
															value, divisor)));
}

/*
 * parameter_fraction(the same, OUT value numeric, OUT divisor numeric)
 */
Datum
aidcase_parameter_fraction(PG_FUNCTION_ARGS)
{
	const Parameter *row = need_parameter(fcinfo);
	Datum		values[2];
	bool		nulls[2] = {false, false};
	TupleDesc	desc;

	values[0] = datumCopy(NumericGetDatum(row->value), false, -1);
	values[1] = datumCopy(NumericGetDatum(row->divisor), false, -1);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "parameter_fraction must return a row");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

/*
 * parameter_id(the same) returns bigint: key of the row in force, or NULL.
 */
Datum
aidcase_parameter_id(PG_FUNCTION_ARGS)
{
	Question	q;
	const Parameter *row;

	read_question(fcinfo, &q);
	row = find_parameter(&q);
	if (row == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(row->id);
}

/*
 * parameter_in_words(the same) returns text: that it has no value in force.
 */
Datum
aidcase_parameter_in_words(PG_FUNCTION_ARGS)
{
	Question	q;

	read_question(fcinfo, &q);
	PG_RETURN_TEXT_P(cstring_to_text(question_in_words(&q)));
}
