/*-------------------------------------------------------------------------
 *
 * policy.c
 *		Dated parameters: the value in force for an area, a day, a programme
 *		and a variant; published, derived from another parameter, or supposed
 *		for a simulation.
 *
 * Guards and clocks ask for a parameter or two at every move of a case, a
 * determination for some forty.  So each backend keeps table
 * aidcase.policy_parameter (some hundred rows) in memory, ordered so that the
 * first row that fits is the answer: by name and variant, then published
 * amounts before derivations, then the nearest area first, then the
 * programme's row before the general one.  The nearer an area, the greater
 * its code in byte order: 340705100201, 340705100, 340705, 340700, 340000, 0.
 *
 * A row with of_name is a derivation: its value and divisor are a factor on
 * that other parameter, as it is on the day or was at the end of the year
 * before; the product can be rounded to a step, and ends at a third parameter
 * if that is less.  All of it is whole-number arithmetic on fractions: the one
 * rounding is that of the row.
 *
 * What a simulation supposes is put over the copy in this process alone and
 * is never written: aidcase_suppose_parameter() adds rows that go before the
 * real ones of the same area, programme and variant;
 * aidcase_suppose_nothing(), and any end of the transaction or of the
 * subtransaction that supposed, take them away.
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
PG_FUNCTION_INFO_V1(aidcase_parameter_row);

#define MAX_CHAIN		6		/* village, town, district, city, province,
								 * nation */
#define MAX_DERIVED		8		/* derivations of derivations */
#define SUPPOSED_ID		INT64CONST(-1)	/* parameter_id of what is supposed */
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
	char	   *reference;
	bool		previous_year;	/* that of the end of the year before */
	Numeric		value;			/* a factor when of_name is set */
	Numeric		divisor;
	char	   *of_name;		/* NULL = published */
	char	   *of_programme;	/* NULL = that which is asked for */
	char	   *of_variant;		/* NULL = none */
	char	   *round_mode;		/* NULL = not rounded */
	Numeric		round_step;
	char	   *cap_name;		/* NULL = no cap */
	char	   *cap_variant;
	char	   *article;
	int64		document_id;	/* 0 = none (supposed) */
	bool		illustrative;
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

/* The answer: the value, and where it comes from. */
typedef struct Found
{
	const Parameter *row;		/* in force; a copy when it is derived */
	Numeric		value;			/* value / divisor is the parameter */
	Numeric		divisor;
	bool		illustrative;	/* the row, what it derives from, or the cap */
	Numeric		of_value;		/* what it derives from; NULL = published */
	Numeric		of_divisor;
	bool		capped;			/* is it the cap's value? */
} Found;

static ParameterList *parameters = NULL;	/* NULL before the first use */
static bool parameters_valid = false;	/* may *parameters be used? */
static bool parameters_uncommitted = false; /* may it hold uncommitted rows? */
static uint64 parameters_forgotten = 0; /* number of invalidations seen */
static Oid	parameters_relid = InvalidOid;
static bool callbacks_registered = false;

/* What is supposed; NULL most of the time. */
static ParameterList *supposed = NULL;
static SubTransactionId supposed_in = InvalidSubTransactionId;

/*
 * Nothing is supposed any more.
 */
void
aidcase_suppose_nothing(void)
{
	if (supposed == NULL)
		return;
	MemoryContextDelete(supposed->context);
	supposed = NULL;
	supposed_in = InvalidSubTransactionId;
	parameters_valid = false;
}

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
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			return;
		default:
			aidcase_suppose_nothing();
			break;
	}

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
	if (supposed != NULL && supposed_in == mySubid)
	{
		if (event == SUBXACT_EVENT_ABORT_SUB)
			aidcase_suppose_nothing();
		else if (event == SUBXACT_EVENT_COMMIT_SUB)
			supposed_in = parentSubid;
	}
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
		order = (a->of_name != NULL) - (b->of_name != NULL);
	if (order == 0)
		order = strcmp(b->area, a->area);
	if (order == 0)
		order = (a->programme == NULL) - (b->programme == NULL);
	if (order == 0 && a->programme != NULL)
		order = strcmp(a->programme, b->programme);
	if (order == 0)
		order = (b->id == SUPPOSED_ID) - (a->id == SUPPOSED_ID);
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
	AttrNumber	of_name_no = require_column(rel, "of_name", TEXTOID);
	AttrNumber	of_programme_no = require_column(rel, "of_programme", TEXTOID);
	AttrNumber	of_variant_no = require_column(rel, "of_variant", TEXTOID);
	AttrNumber	mode_no = require_column(rel, "round_mode", TEXTOID);
	AttrNumber	step_no = require_column(rel, "round_step", NUMERICOID);
	AttrNumber	cap_name_no = require_column(rel, "cap_name", TEXTOID);
	AttrNumber	cap_variant_no = require_column(rel, "cap_variant", TEXTOID);
	AttrNumber	article_no = require_column(rel, "article", TEXTOID);
	AttrNumber	document_no = require_column(rel, "document_id", INT8OID);
	AttrNumber	illustrative_no = require_column(rel, "illustrative", BOOLOID);
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
		bool		nulls[6];
		bool		no_step;
		Datum		id;
		Datum		valid;
		Datum		value;
		Datum		divisor;
		Datum		document;
		Datum		illustrative;
		Datum		step;
		char	   *reference;

		id = slot_getattr(slot, id_no, &nulls[0]);
		valid = slot_getattr(slot, valid_no, &nulls[1]);
		value = slot_getattr(slot, value_no, &nulls[2]);
		divisor = slot_getattr(slot, divisor_no, &nulls[3]);
		document = slot_getattr(slot, document_no, &nulls[4]);
		illustrative = slot_getattr(slot, illustrative_no, &nulls[5]);
		step = slot_getattr(slot, step_no, &no_step);
		reference = text_column(slot, reference_no);
		if (nulls[0] || nulls[1] || nulls[2] || nulls[3] || nulls[4] ||
			nulls[5] || reference == NULL)
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
		row->reference = reference;
		row->previous_year = strcmp(reference, "same_date") != 0;
		row->of_name = text_column(slot, of_name_no);
		row->of_programme = text_column(slot, of_programme_no);
		row->of_variant = text_column(slot, of_variant_no);
		row->round_mode = no_step ? NULL : text_column(slot, mode_no);
		row->round_step = no_step ? NULL : DatumGetNumericCopy(step);
		row->cap_name = text_column(slot, cap_name_no);
		row->cap_variant = text_column(slot, cap_variant_no);
		row->article = text_column(slot, article_no);
		row->document_id = DatumGetInt64(document);
		row->illustrative = DatumGetBool(illustrative);

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

	if (supposed != NULL)
	{
		list->rows = (Parameter *)
			repalloc(list->rows,
					 (list->count + supposed->count) * sizeof(Parameter));
		memcpy(list->rows + list->count, supposed->rows,
			   supposed->count * sizeof(Parameter));
		list->count += supposed->count;
	}

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
		DateADT		day = row->previous_year && row->of_name == NULL ?
			before : q->on_date;

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
 * Copy of a row that outlives the list.
 */
static const Parameter *
copy_parameter(const Parameter *row)
{
	Parameter  *copy = (Parameter *) palloc(sizeof(Parameter));

	*copy = *row;
	copy->name = pstrdup(row->name);
	copy->variant = pstrdup(row->variant);
	copy->area = pstrdup(row->area);
	copy->programme = row->programme ? pstrdup(row->programme) : NULL;
	copy->reference = pstrdup(row->reference);
	copy->value = DatumGetNumericCopy(NumericGetDatum(row->value));
	copy->divisor = DatumGetNumericCopy(NumericGetDatum(row->divisor));
	copy->of_name = row->of_name ? pstrdup(row->of_name) : NULL;
	copy->of_programme = row->of_programme ? pstrdup(row->of_programme) : NULL;
	copy->of_variant = row->of_variant ? pstrdup(row->of_variant) : NULL;
	copy->round_mode = row->round_mode ? pstrdup(row->round_mode) : NULL;
	copy->round_step = row->round_step ?
		DatumGetNumericCopy(NumericGetDatum(row->round_step)) : NULL;
	copy->cap_name = row->cap_name ? pstrdup(row->cap_name) : NULL;
	copy->cap_variant = row->cap_variant ? pstrdup(row->cap_variant) : NULL;
	copy->article = row->article ? pstrdup(row->article) : NULL;
	return copy;
}

/*
 * Left times right.
 */
static Numeric
times(Numeric left, Numeric right)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_mul,
											   NumericGetDatum(left),
											   NumericGetDatum(right)));
}

/*
 * Compares left_value / left_divisor with right_value / right_divisor; all
 * divisors are positive.
 */
static int
compare_fractions(Numeric left_value, Numeric left_divisor,
				  Numeric right_value, Numeric right_divisor)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp,
											 NumericGetDatum(times(left_value, right_divisor)),
											 NumericGetDatum(times(right_value, left_divisor))));
}

/*
 * The fraction (not negative) to a multiple of the row's step, exactly: whole
 * steps by whole-number division, then at most one more.
 */
static void
round_fraction(Found *found, const char *mode, Numeric step)
{
	Numeric		one = int64_to_numeric(1);
	Numeric		two = int64_to_numeric(2);
	Numeric		unit = times(found->divisor, step);
	Numeric		whole = DatumGetNumeric(DirectFunctionCall2(numeric_div_trunc,
														 NumericGetDatum(found->value),
														 NumericGetDatum(unit)));
	Numeric		left = DatumGetNumeric(DirectFunctionCall2(numeric_sub,
														NumericGetDatum(found->value),
														NumericGetDatum(times(whole, unit))));
	int			half = compare_fractions(times(left, two), one, unit, one);
	bool		more;

	if (strcmp(mode, "up") == 0)
		more = compare_fractions(left, one, int64_to_numeric(0), one) > 0;
	else if (strcmp(mode, "down") == 0)
		more = false;
	else if (strcmp(mode, "half_up") == 0)
		more = half >= 0;
	else
		more = half > 0 ||
			(half == 0 &&
			 DatumGetBool(DirectFunctionCall2(numeric_ne,
											  DirectFunctionCall2(numeric_mod,
																  NumericGetDatum(whole),
																  NumericGetDatum(two)),
											  NumericGetDatum(int64_to_numeric(0)))));
	if (more)
		whole = DatumGetNumeric(DirectFunctionCall2(numeric_add,
													NumericGetDatum(whole),
													NumericGetDatum(one)));
	found->value = times(whole, step);
	found->divisor = one;
}

/*
 * Fills *found with the parameter in force, false when it or what it derives
 * from is not; *missing then is the question without an answer.  Strings and
 * numbers of a published parameter point into the list.
 */
static bool
find_value(const Question *q, Found *found, Question *missing, int depth)
{
	const Parameter *row = find_parameter(q);
	Question	of;
	Found		base;
	Found		cap;

	if (depth > MAX_DERIVED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"%s\" is derived from itself", q->name),
				 errdetail("A derivation may rest on another one, %d deep at most.",
						   MAX_DERIVED),
				 errhint("End one of the derivations in table aidcase.policy_parameter, or publish an amount with aidcase.set_parameter().")));
	if (row == NULL)
	{
		*missing = *q;
		return false;
	}

	memset(found, 0, sizeof(Found));
	found->row = row;
	found->value = row->value;
	found->divisor = row->divisor;
	found->illustrative = row->illustrative;
	if (row->of_name == NULL)
		return true;

	/* looking up the others may read the list again */
	found->row = row = copy_parameter(row);
	of = *q;
	of.name = row->of_name;
	if (row->of_programme != NULL)
		of.programme = row->of_programme;
	of.variant = row->of_variant;
	if (row->previous_year)
		of.on_date = end_of_previous_year(q->on_date);
	if (!find_value(&of, &base, missing, depth + 1))
		return false;
	found->of_value = DatumGetNumericCopy(NumericGetDatum(base.value));
	found->of_divisor = DatumGetNumericCopy(NumericGetDatum(base.divisor));
	found->illustrative = row->illustrative || base.illustrative;
	found->value = times(row->value, base.value);
	found->divisor = times(row->divisor, base.divisor);
	if (row->round_mode != NULL)
		round_fraction(found, row->round_mode, row->round_step);

	if (row->cap_name != NULL)
	{
		of = *q;
		of.name = row->cap_name;
		of.variant = row->cap_variant;
		if (!find_value(&of, &cap, missing, depth + 1))
			return false;
		if (compare_fractions(found->value, found->divisor,
							  cap.value, cap.divisor) > 0)
		{
			found->capped = true;
			found->value = DatumGetNumericCopy(NumericGetDatum(cap.value));
			found->divisor = DatumGetNumericCopy(NumericGetDatum(cap.divisor));
		}
		/* also where it does not bind: that had to be compared */
		found->illustrative = found->illustrative || cap.illustrative;
	}
	return true;
}

/*
 * The parameter in force; error ERRCODE_PARAMETER_MISSING when there is none.
 */
static void
need_parameter(FunctionCallInfo fcinfo, Found *found)
{
	Question	q;
	Question	missing;

	read_question(fcinfo, &q);
	if (!find_value(&q, found, &missing, 0))
		ereport(ERROR,
				(errcode(ERRCODE_PARAMETER_MISSING),
				 errmsg("parameter \"%s\" is not set",
						missing.name ? missing.name : "NULL"),
				 errdetail_internal("%s", question_in_words(&missing)),
				 errhint("Set it with aidcase.set_parameter(name, area, valid_from, value, document_no); the names are those of table aidcase.parameter_name.")));
}

/*
 * A fraction as a number, as far as decimals go.
 */
static Datum
as_number(Numeric value, Numeric divisor)
{
	if (DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(divisor),
										 NumericGetDatum(int64_to_numeric(1)))))
		return datumCopy(NumericGetDatum(value), false, -1);
	return DirectFunctionCall1(numeric_trim_scale,
							   DirectFunctionCall2(numeric_div,
												   NumericGetDatum(value),
												   NumericGetDatum(divisor)));
}

/*
 * parameter(name text, area text, on_date date, programme text, variant text)
 * returns numeric
 */
Datum
aidcase_parameter(PG_FUNCTION_ARGS)
{
	Found		found;

	need_parameter(fcinfo, &found);
	PG_RETURN_DATUM(as_number(found.value, found.divisor));
}

/*
 * parameter_fraction(the same, OUT value numeric, OUT divisor numeric)
 */
Datum
aidcase_parameter_fraction(PG_FUNCTION_ARGS)
{
	Found		found;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	TupleDesc	desc;

	need_parameter(fcinfo, &found);
	values[0] = datumCopy(NumericGetDatum(found.value), false, -1);
	values[1] = datumCopy(NumericGetDatum(found.divisor), false, -1);
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
	Question	missing;
	Found		found;

	read_question(fcinfo, &q);
	if (!find_value(&q, &found, &missing, 0))
		PG_RETURN_NULL();
	PG_RETURN_INT64(found.row->id);
}

/*
 * Sets one column of a row to be made: a string or NULL.
 */
static void
set_text(Datum *values, bool *nulls, int column, const char *string)
{
	nulls[column] = string == NULL;
	if (string != NULL)
		values[column] = CStringGetTextDatum(string);
}

/*
 * parameter_row(the same) returns table (parameter_id, name, area_code,
 * programme, variant, valid, value, divisor, reference, article, document_id,
 * illustrative, of_name, of_value, factor, capped_by): one row, or none.
 */
Datum
aidcase_parameter_row(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		Question	q;
		Question	missing;
		Found		found;

		funcctx = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
		read_question(fcinfo, &q);
		if (find_value(&q, &found, &missing, 0))
		{
			const Parameter *row = found.row;
			TypeCacheEntry *range_type = lookup_type_cache(DATERANGEOID,
														   TYPECACHE_RANGE_INFO);
			RangeBound	lower;
			RangeBound	upper;
			TupleDesc	desc;
			Datum		values[16];
			bool		nulls[16] = {false};
			bool		derived = found.of_value != NULL;

			if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
				desc->natts != lengthof(values))
				elog(ERROR, "parameter_row must return a row");
			memset(&lower, 0, sizeof(lower));
			lower.val = DateADTGetDatum(row->from);
			lower.infinite = row->from == DATEVAL_NOBEGIN;
			lower.inclusive = lower.lower = true;
			memset(&upper, 0, sizeof(upper));
			upper.val = DateADTGetDatum(row->until);
			upper.infinite = row->until == DATEVAL_NOEND;

			values[0] = Int64GetDatum(row->id);
			set_text(values, nulls, 1, row->name);
			set_text(values, nulls, 2, row->area);
			set_text(values, nulls, 3, row->programme);
			set_text(values, nulls, 4, row->variant[0] ? row->variant : NULL);
			values[5] = RangeTypePGetDatum(aidcase_make_range(range_type, &lower,
															  &upper, false));
			values[6] = NumericGetDatum(found.value);
			values[7] = NumericGetDatum(found.divisor);
			set_text(values, nulls, 8, row->reference);
			set_text(values, nulls, 9, row->article);
			values[10] = Int64GetDatum(row->document_id);
			nulls[10] = row->document_id == 0;
			values[11] = BoolGetDatum(found.illustrative);
			set_text(values, nulls, 12, row->of_name);
			nulls[13] = nulls[14] = !derived;
			if (derived)
			{
				values[13] = as_number(found.of_value, found.of_divisor);
				values[14] = as_number(row->value, row->divisor);
			}
			set_text(values, nulls, 15, found.capped ? row->cap_name : NULL);
			funcctx->user_fctx = heap_form_tuple(BlessTupleDesc(desc), values,
												 nulls);
		}
		MemoryContextSwitchTo(caller);
	}

	funcctx = SRF_PERCALL_SETUP();
	if (funcctx->user_fctx != NULL)
	{
		HeapTuple	tuple = (HeapTuple) funcctx->user_fctx;

		funcctx->user_fctx = NULL;
		SRF_RETURN_NEXT(funcctx, HeapTupleGetDatum(tuple));
	}
	SRF_RETURN_DONE(funcctx);
}

/*
 * parameter_in_words(the same) returns text: that it, or what it derives
 * from, has no value in force.
 */
Datum
aidcase_parameter_in_words(PG_FUNCTION_ARGS)
{
	Question	q;
	Question	missing;
	Found		found;

	read_question(fcinfo, &q);
	if (find_value(&q, &found, &missing, 0))
		missing = q;
	PG_RETURN_TEXT_P(cstring_to_text(question_in_words(&missing)));
}

/* ---------------------------------------------------------------------
 * For the other rooms
 */

/*
 * Puts the arguments into a question; the strings are not copied.
 */
static void
ask(Question *q, const char *name, const char *area, DateADT on,
	const char *programme, const char *variant)
{
	q->name = unconstify(char *, name);
	q->area = unconstify(char *, area);
	q->has_date = true;
	q->on_date = on;
	q->programme = unconstify(char *, programme);
	q->variant = unconstify(char *, variant);
}

/*
 * A numeric that the current context owns.
 */
static Numeric
own(Numeric value)
{
	return DatumGetNumericCopy(NumericGetDatum(value));
}

/*
 * The parameter in force, false when it or what it derives from is not.  All
 * of *answer is allocated in the current context.
 */
bool
aidcase_find_parameter(const char *name, const char *area, DateADT on,
					   const char *programme, const char *variant,
					   ParameterFound *answer)
{
	Question	q;
	Question	missing;
	Found		found;
	const Parameter *row;

	ask(&q, name, area, on, programme, variant);
	if (!find_value(&q, &found, &missing, 0))
		return false;
	row = found.row;
	answer->parameter_id = row->id;
	answer->value = own(found.value);
	answer->divisor = own(found.divisor);
	answer->article = row->article ? pstrdup(row->article) : NULL;
	answer->document_id = row->document_id;
	answer->illustrative = found.illustrative;
	answer->of_name = row->of_name ? pstrdup(row->of_name) : NULL;
	answer->of_value = found.of_value;
	answer->of_divisor = found.of_divisor;
	answer->factor = row->of_name ? own(row->value) : NULL;
	answer->factor_divisor = row->of_name ? own(row->divisor) : NULL;
	answer->capped_by = found.capped ? pstrdup(row->cap_name) : NULL;
	return true;
}

/*
 * The same question: that it, or what it derives from, is missing.
 */
char *
aidcase_parameter_missing(const char *name, const char *area, DateADT on,
						  const char *programme, const char *variant)
{
	Question	q;
	Question	missing;
	Found		found;

	ask(&q, name, area, on, programme, variant);
	if (find_value(&q, &found, &missing, 0))
		missing = q;
	return question_in_words(&missing);
}

/*
 * Supposes a published value from a day on (DATEVAL_NOBEGIN = always), in
 * this process, until aidcase_suppose_nothing() or the end of the
 * transaction or subtransaction.  programme and variant may be NULL.
 */
void
aidcase_suppose_parameter(const char *name, const char *area,
						  const char *programme, const char *variant,
						  DateADT from, Numeric value, Numeric divisor)
{
	MemoryContext caller;
	Parameter  *row;

	(void) get_parameters();	/* registers the callbacks */
	if (supposed == NULL)
	{
		MemoryContext context = AllocSetContextCreate(TopTransactionContext,
													  "aidcase supposed parameters",
													  ALLOCSET_SMALL_SIZES);
		ParameterList *list = (ParameterList *)
			MemoryContextAllocZero(context, sizeof(ParameterList));

		list->context = context;
		list->rows = (Parameter *) MemoryContextAlloc(context,
													  sizeof(Parameter));
		supposed = list;
		supposed_in = GetCurrentSubTransactionId();
	}

	caller = MemoryContextSwitchTo(supposed->context);
	supposed->rows = (Parameter *)
		repalloc(supposed->rows, (supposed->count + 1) * sizeof(Parameter));
	row = &supposed->rows[supposed->count];
	memset(row, 0, sizeof(Parameter));
	row->id = SUPPOSED_ID;
	row->name = pstrdup(name);
	row->area = pstrdup(area);
	row->programme = programme ? pstrdup(programme) : NULL;
	row->variant = pstrdup(variant ? variant : "");
	row->from = from;
	row->until = DATEVAL_NOEND;
	row->reference = "same_date";
	row->value = own(value);
	row->divisor = own(divisor);
	row->illustrative = true;
	supposed->count++;
	MemoryContextSwitchTo(caller);
	parameters_valid = false;
}
