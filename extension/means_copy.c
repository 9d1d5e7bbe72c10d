/*-------------------------------------------------------------------------
 *
 * means_copy.c
 *		The rules of the means test as each backend keeps them.
 *
 * A copy of view aidcase.means_rule (all rule tables in one shape, some
 * hundred rows) in a context of its own under CacheMemoryContext; a fresh copy
 * is filled completely before the old one is dropped.  Every rule table has
 * trigger ~~invalidate, whose relation-cache invalidation marks the copy.  A
 * copy that was made in a transaction that aborts may hold rows that are gone,
 * and is not used again.  It is read with a catalog snapshot, the newest state
 * and our own changes included, as policy.c reads the parameters, and for the
 * same reasons: a copy made under an old snapshot would outlive it.
 *
 * A copy that is replaced while a book points into it lives until that book
 * ends.  Where rules are supposed, a book has a copy of its own, which is
 * read from aidcase.supposed_rules() and goes with the book.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "aidcase.h"
#include "compat.h"
#include "means_rules.h"

static const char *const rule_kinds[RULE_KINDS] = {
	"income", "expense", "property", "exemption", "addon", "stacking",
	"rounding", "support", "imputed", "single", "programme", "care", "temp",
	"band", "group", "income_kind", "expense_kind", "property_kind",
	"parameter_name", "reason", "member", "situation", "obligor",
	"obligor_state", "tier", "span"
};

/* Tables whose change makes the copy invalid. */
static const char *const rule_tables[] = {
	"income_rule", "expense_rule", "property_test", "property_exemption",
	"addon_rule", "addon_stacking", "rounding_rule", "support_rule",
	"imputed_rule", "single_person_rule", "programme_rule", "care_level_rule",
	"temp_rule", "band_rule", "person_group", "income_kind", "expense_kind",
	"property_kind", "parameter_name", "refusal_reason", "policy_parameter",
	"member_rule", "member_situation", "obligor_rule", "obligor_state",
	"authority_tier"
};

static RuleCopy *copy = NULL;
static bool copy_valid = false;
static bool copy_uncommitted = false;	/* made in the running transaction */
static uint64 copy_forgotten = 0;
static Oid	rule_relids[lengthof(rule_tables)];
static bool callbacks_registered = false;

/* ---------------------------------------------------------------------
 * The copy
 */

static void
forget_rules(Datum arg, Oid relid)
{
	size_t		i;

	for (i = 0; i < lengthof(rule_tables); i++)
	{
		if (relid == InvalidOid || relid == rule_relids[i])
		{
			copy_valid = false;
			copy_forgotten++;
			return;
		}
	}
}

static void
rules_xact_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PREPARE:
			if (copy_uncommitted)
				copy_valid = false;
			copy_uncommitted = false;
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			copy_uncommitted = false;
			break;
		default:
			break;
	}
}

static void
rules_subxact_end(SubXactEvent event, SubTransactionId mySubid,
				  SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && copy_uncommitted)
		copy_valid = false;
}

/*
 * A value of the view as a number of units of 10^-8.  Constraints of the
 * tables keep to eight decimals; a value that does not fit is refused.
 */
int128
aidcase_means_scaled(Datum value, const char *what)
{
	int128		result;

	if (!aidcase_read_scaled(value, &result))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the value of \"%s\" has too many digits", what),
				 errdetail("A rule of the means test has at most eight decimals."),
				 errhint("Write a fraction with its divisor.")));
	return result;
}

static char *
field_text(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static int
compare_days(const void *left, const void *right)
{
	DateADT		a = *(const DateADT *) left;
	DateADT		b = *(const DateADT *) right;

	return (a > b) - (a < b);
}

static uint32
kind_hash(const char *code, int length)
{
	uint32		hash = length;
	int			i;

	for (i = 0; i < length; i++)
		hash = hash * 31 + (unsigned char) code[i];
	return hash;
}

static int
compare_kinds(const void *left, const void *right)
{
	return strcmp(((const MeansKind *) left)->code,
				  ((const MeansKind *) right)->code);
}

/*
 * The kinds of a list, in order of code.
 */
static void
fill_kinds(KindList *list, const Rule *rules, int n)
{
	int			i;

	list->n = n;
	list->kinds = (MeansKind *) palloc0((n + 1) * sizeof(MeansKind));
	for (i = 0; i < n; i++)
	{
		MeansKind  *kind = &list->kinds[i];
		const char *category = rules[i].text[0];

		kind->code = rules[i].code;
		kind->imputed = strcmp(kind->code, "imputed_work") == 0;
		if (category != NULL && !kind->imputed)
		{
			kind->wage = strcmp(category, "wage") == 0;
			kind->work = kind->wage || strcmp(category, "business") == 0;
		}
	}
	qsort(list->kinds, n, sizeof(MeansKind), compare_kinds);

	/* at most a quarter full */
	for (list->n_slots = 16; list->n_slots < 4 * n; list->n_slots *= 2)
		;
	list->slots = (int *) palloc0(list->n_slots * sizeof(int));
	for (i = 0; i < n; i++)
	{
		const char *code = list->kinds[i].code;
		uint32		slot = kind_hash(code, strlen(code)) & (list->n_slots - 1);

		while (list->slots[slot] != 0)
			slot = (slot + 1) & (list->n_slots - 1);
		list->slots[slot] = i + 1;
	}
}

#define QUERY(source) \
	"SELECT kind, code, programme, area_code, valid, sort, t1, t2, t3, t4," \
	" t5, t6, list, n1, n2, n3, n4, n5, article, document_id, illustrative" \
	" FROM " source \
	" ORDER BY kind COLLATE pg_catalog.\"C\"," \
	" area_code COLLATE pg_catalog.\"C\" DESC NULLS LAST," \
	" programme COLLATE pg_catalog.\"C\" NULLS LAST, sort," \
	" code COLLATE pg_catalog.\"C\", t1 COLLATE pg_catalog.\"C\" NULLS LAST," \
	" n1, valid"

/*
 * Reads the view into a copy in a context below the current one; with other
 * rules, where such are supposed.
 */
static RuleCopy *
read_rules(Jsonb *supposed)
{
	static SPIPlanPtr plans[2];
	static const char *const queries[2] = {QUERY("aidcase.means_rule"),
		QUERY("aidcase.supposed_rules($1)")};
	SPIPlanPtr	plan;
	Oid			type = JSONBOID;
	Datum		argument = PointerGetDatum(supposed);
	int			which = supposed != NULL;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "aidcase rules",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller;
	RuleCopy   *fresh;
	TypeCacheEntry *range_type = lookup_type_cache(DATERANGEOID,
												   TYPECACHE_RANGE_INFO);
	Oid			saved_user;
	int			saved_context;
	Snapshot	snapshot;
	int			room_days;
	uint64		i;

	SPI_connect();
	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(aidcase_owner(),
						   saved_context | SECURITY_LOCAL_USERID_CHANGE);
	if (plans[which] == NULL)
	{
		SPIPlanPtr	prepared = SPI_prepare(queries[which], which, &type);

		if (prepared == NULL || SPI_keepplan(prepared) != 0)
			elog(ERROR, "could not prepare the rules of the means test: %s",
				 SPI_result_code_string(SPI_result));
		plans[which] = prepared;
	}
	plan = plans[which];
	/* as policy.c: the newest state, in parallel workers too */
	snapshot = RegisterSnapshot(GetCatalogSnapshot(rule_relids[0]));
	if (SPI_execute_snapshot(plan, &argument, NULL, snapshot, InvalidSnapshot, true,
							 false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the rules of the means test");
	UnregisterSnapshot(snapshot);
	SetUserIdAndSecContext(saved_user, saved_context);

	caller = MemoryContextSwitchTo(context);
	fresh = (RuleCopy *) palloc0(sizeof(RuleCopy));
	fresh->context = context;
	room_days = 2 * SPI_processed;
	fresh->days = (DateADT *) palloc((room_days + 1) * sizeof(DateADT));
	fresh->areas = (char **) palloc((SPI_processed + 1) * sizeof(char *));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		char	   *name = field_text(tuple, desc, 1);
		Rule	   *rule;
		bool		isnull;
		Datum		value;
		int			kind;
		int			j;

		for (kind = 0; kind < RULE_KINDS; kind++)
		{
			if (strcmp(rule_kinds[kind], name) == 0)
				break;
		}
		if (kind == RULE_KINDS)
			elog(ERROR, "view \"aidcase.means_rule\" has a row of kind \"%s\"", name);
		if (fresh->n[kind] == 0)
			fresh->rules[kind] = (Rule *)
				palloc0((SPI_processed - i) * sizeof(Rule));
		rule = &fresh->rules[kind][fresh->n[kind]++];
		rule->code = field_text(tuple, desc, 2);
		rule->programme = field_text(tuple, desc, 3);
		rule->area = field_text(tuple, desc, 4);
		rule->from = DATEVAL_NOBEGIN;
		rule->until = DATEVAL_NOEND;
		value = SPI_getbinval(tuple, desc, 5, &isnull);
		if (!isnull)
		{
			RangeBound	lower;
			RangeBound	upper;
			bool		empty;

			range_deserialize(range_type, DatumGetRangeTypeP(value), &lower,
							  &upper, &empty);
			if (!lower.infinite)
				rule->from = DatumGetDateADT(lower.val);
			if (!upper.infinite)
				rule->until = DatumGetDateADT(upper.val);
			if (empty)
				rule->until = rule->from = DATEVAL_NOBEGIN;
		}
		value = SPI_getbinval(tuple, desc, 6, &isnull);
		rule->sort = isnull ? 0 : DatumGetInt32(value);
		for (j = 0; j < N_TEXTS; j++)
			rule->text[j] = field_text(tuple, desc, 7 + j);
		value = SPI_getbinval(tuple, desc, 13, &isnull);
		if (!isnull)
		{
			Datum	   *elements;
			bool	   *nulls;

			deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
							  TYPALIGN_INT, &elements, &nulls, &rule->n_list);
			rule->list = (char **) palloc((rule->n_list + 1) * sizeof(char *));
			for (j = 0; j < rule->n_list; j++)
				rule->list[j] = nulls[j] ? "" : TextDatumGetCString(elements[j]);
		}
		for (j = 0; j < N_NUMBERS; j++)
		{
			value = SPI_getbinval(tuple, desc, 14 + j, &isnull);
			rule->has[j] = !isnull;
			if (!isnull)
				rule->number[j] = aidcase_means_scaled(value, name);
		}
		rule->source.article = field_text(tuple, desc, 19);
		value = SPI_getbinval(tuple, desc, 20, &isnull);
		rule->source.document_id = isnull ? 0 : DatumGetInt64(value);
		value = SPI_getbinval(tuple, desc, 21, &isnull);
		rule->source.illustrative = !isnull && DatumGetBool(value);

		if (!DATE_NOT_FINITE(rule->from))
			fresh->days[fresh->n_days++] = rule->from;
		if (!DATE_NOT_FINITE(rule->until))
			fresh->days[fresh->n_days++] = rule->until;
		if (rule->area != NULL)
		{
			for (j = 0; j < fresh->n_areas; j++)
			{
				if (strcmp(fresh->areas[j], rule->area) == 0)
					break;
			}
			if (j == fresh->n_areas)
				fresh->areas[fresh->n_areas++] = rule->area;
		}
	}
	qsort(fresh->days, fresh->n_days, sizeof(DateADT), compare_days);
	fill_kinds(&fresh->incomes, fresh->rules[RULE_INCOME_KIND],
			   fresh->n[RULE_INCOME_KIND]);
	fill_kinds(&fresh->expenses, fresh->rules[RULE_EXPENSE_KIND],
			   fresh->n[RULE_EXPENSE_KIND]);
	fill_kinds(&fresh->properties, fresh->rules[RULE_PROPERTY_KIND],
			   fresh->n[RULE_PROPERTY_KIND]);
	fill_kinds(&fresh->situations, fresh->rules[RULE_SITUATION],
			   fresh->n[RULE_SITUATION]);
	fill_kinds(&fresh->obligor_states, fresh->rules[RULE_OBLIGOR_STATE],
			   fresh->n[RULE_OBLIGOR_STATE]);
	MemoryContextSwitchTo(caller);
	SPI_finish();
	return fresh;
}

/*
 * The copy, read when there is no valid one.
 */
static RuleCopy *
get_rules(void)
{
	MemoryContext caller;
	RuleCopy   *fresh;
	uint64		forgotten;
	size_t		i;

	/* a register that was made anew has other tables */
	if (copy_valid && rule_relids[0] == aidcase_relation(rule_tables[0]))
		return copy;
	if (!callbacks_registered)
	{
		CacheRegisterRelcacheCallback(forget_rules, (Datum) 0);
		RegisterXactCallback(rules_xact_end, NULL);
		RegisterSubXactCallback(rules_subxact_end, NULL);
		callbacks_registered = true;
	}
	for (i = 0; i < lengthof(rule_tables); i++)
		rule_relids[i] = aidcase_relation(rule_tables[i]);
	forgotten = copy_forgotten;

	caller = CurrentMemoryContext;
	fresh = read_rules(NULL);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(fresh->context, CacheMemoryContext);
	if (copy != NULL && copy->users == 0)
		MemoryContextDelete(copy->context);
	copy = fresh;
	copy_uncommitted = true;
	copy_valid = (forgotten == copy_forgotten);
	return copy;
}

/*
 * Index of a kind, or -1.
 */
int
aidcase_kind_index(const KindList *list, const char *code, int length)
{
	uint32		slot = kind_hash(code, length) & (list->n_slots - 1);

	while (list->slots[slot] != 0)
	{
		const char *other = list->kinds[list->slots[slot] - 1].code;

		if (strncmp(other, code, length) == 0 && other[length] == '\0')
			return list->slots[slot] - 1;
		slot = (slot + 1) & (list->n_slots - 1);
	}
	return -1;
}

/*
 * The end of a book: a copy that has been replaced meanwhile goes with the
 * last book that points into it.
 */
static void
release_copy(void *arg)
{
	RuleCopy   *held = (RuleCopy *) arg;

	if (--held->users == 0 && held != copy)
		MemoryContextDelete(held->context);
}

/*
 * The rules for a book in the current context: the copy, which at_end gives
 * back, or one of its own with what is supposed.
 */
RuleCopy *
aidcase_hold_rules(Jsonb *supposed, MemoryContextCallback *at_end)
{
	RuleCopy   *held;

	if (supposed != NULL)
		return read_rules(supposed);
	held = get_rules();
	held->users++;
	at_end->func = release_copy;
	at_end->arg = held;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, at_end);
	return held;
}
