/*-------------------------------------------------------------------------
 *
 * kin_rules.c
 *		Kinship: relations, rules and what counts for which effect.
 *
 * Relations and rules are read once a backend and kept, in a context under
 * CacheMemoryContext, until their tables change (trigger ~~invalidate) or a
 * transaction that read its own changes to them aborts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "kin.h"

static const char *const parentage_codes[] = {NULL, "blood", "adoptive", "step"};

static KinRules *rules = NULL;
static bool rules_valid = false;
static uint64 rules_forgotten = 0;	/* number of invalidations seen */
static bool rules_uncommitted = false;	/* may they be a running transaction's? */
static bool callbacks_registered = false;
static Oid	rules_relid = InvalidOid;
static Oid	relations_relid = InvalidOid;

static KeptPlan relation_query = {
	.query = "SELECT r.relation, r.inverse, r.kinship, r.generations, r.male_zh, r.female_zh, r.male_en, r.female_en"
	"  FROM aidcase.kin_relation AS r ORDER BY r.sort"
};
static KeptPlan rule_query = {
	.query = "SELECT r.relation, r.reached_by, r.step, r.result FROM aidcase.kin_rule AS r"
	" ORDER BY r.reached_by IS NULL DESC, r.kin_rule_id"
};
static KeptPlan parentage_query = {
	.query = "SELECT l.code, l.zh, l.en FROM aidcase.label AS l"
	" WHERE l.code_set OPERATOR(pg_catalog.=) 'kin_tie.parentage'"
};
static KeptPlan scope_query = {
	.query = "SELECT s.effect, s.relations, s.parentage, s.after_death, s.max_hops"
	"  FROM aidcase.kin_rule_set AS s"
	" WHERE s.valid OPERATOR(pg_catalog.@>) $1 ORDER BY s.effect",
	.nargs = 1,
	.argtypes = {DATEOID}
};

/* ---------------------------------------------------------------------
 * Relations and rules
 */

/* Relation-cache callback.  Only marks. */
static void
forget_rules(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == rules_relid || relid == relations_relid)
	{
		rules_valid = false;
		rules_forgotten++;
	}
}

/* End of a transaction: what an aborted one read may not be true. */
static void
rules_xact_end(XactEvent event, void *arg)
{
	if (rules_uncommitted &&
		(event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE))
		rules_valid = false;
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE ||
		event == XACT_EVENT_COMMIT)
		rules_uncommitted = false;
}

/* Abort of a subtransaction: likewise. */
static void
rules_subxact_end(SubXactEvent event, SubTransactionId mySubid,
				  SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && rules_uncommitted)
		rules_valid = false;
}

/* Text of a column of the present result, or NULL; in the caller's context. */
char *
aidcase_kin_text(HeapTuple tuple, int column)
{
	return SPI_getvalue(tuple, SPI_tuptable->tupdesc, column);
}

/* A relation by its code; -1 when there is none. */
int
aidcase_kin_relation(const KinRules *r, const char *code)
{
	int			i;

	for (i = 0; i < r->count; i++)
		if (strcmp(r->relations[i].code, code) == 0)
			return i;
	return -1;
}

/*
 * The rules, read when they are not known.  The caller is connected to SPI.
 */
const KinRules *
aidcase_kin_rules(void)
{
	MemoryContext context,
				caller;
	KinRules   *made;
	uint64		forgotten;
	uint64		n,
				i;

	if (rules != NULL && rules_valid)
		return rules;

	if (!callbacks_registered)
	{
		CacheRegisterRelcacheCallback(forget_rules, (Datum) 0);
		RegisterXactCallback(rules_xact_end, NULL);
		RegisterSubXactCallback(rules_subxact_end, NULL);
		callbacks_registered = true;
	}
	rules_relid = aidcase_relation("kin_rule");
	relations_relid = aidcase_relation("kin_relation");
	forgotten = rules_forgotten;
	rules_uncommitted = true;

	context = AllocSetContextCreate(CacheMemoryContext, "aidcase kin rules",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	made = palloc0(sizeof(KinRules));
	made->context = context;
	MemoryContextSwitchTo(caller);

	n = aidcase_run(&relation_query, NULL, NULL, 0);
	if (n > MAX_RELATIONS)
		elog(ERROR, "there are more than %d relations", MAX_RELATIONS);
	caller = MemoryContextSwitchTo(context);
	made->relations = palloc0(sizeof(KinRelation) * n);
	made->count = (int) n;
	for (i = 0; i < n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		KinRelation *r = &made->relations[i];
		char	   *generations = aidcase_kin_text(tuple, 4);

		r->code = aidcase_kin_text(tuple, 1);
		r->kinship = aidcase_kin_text(tuple, 3);
		r->generations = generations ? atoi(generations) : 0;
		r->word_zh[0] = aidcase_kin_text(tuple, 5);
		r->word_zh[1] = aidcase_kin_text(tuple, 6);
		r->word_en[0] = aidcase_kin_text(tuple, 7);
		r->word_en[1] = aidcase_kin_text(tuple, 8);
	}
	for (i = 0; i < n; i++)
		made->relations[i].inverse =
			aidcase_kin_relation(made, aidcase_kin_text(SPI_tuptable->vals[i], 2));
	made->self = aidcase_kin_relation(made, "self");
	made->sibling = aidcase_kin_relation(made, "sibling");
	made->next = palloc(Max(1, n * n * n));
	memset(made->next, -1, n * n * n);
	MemoryContextSwitchTo(caller);
	SPI_freetuptable(SPI_tuptable);

	/* general rules first, so that particular ones take their places */
	n = aidcase_run(&rule_query, NULL, NULL, 0);
	for (i = 0; i < n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		char	   *by = aidcase_kin_text(tuple, 2);
		int			relation = aidcase_kin_relation(made, aidcase_kin_text(tuple, 1));
		int			step = aidcase_kin_relation(made, aidcase_kin_text(tuple, 3));
		int			result = aidcase_kin_relation(made, aidcase_kin_text(tuple, 4));
		int			first = by ? aidcase_kin_relation(made, by) : 0;
		int			last = by ? first : made->count - 1;
		int			k;

		for (k = first; k <= last; k++)
			*kin_next_slot(made, relation, k, step) = (int8) result;
	}
	SPI_freetuptable(SPI_tuptable);

	n = aidcase_run(&parentage_query, NULL, NULL, 0);
	caller = MemoryContextSwitchTo(context);
	for (i = 0; i < n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		int			p;

		for (p = PARENTAGE_BLOOD; p <= PARENTAGE_STEP; p++)
			if (strcmp(aidcase_kin_text(tuple, 1), parentage_codes[p]) == 0)
			{
				made->parentage_zh[p] = aidcase_kin_text(tuple, 2);
				made->parentage_en[p] = aidcase_kin_text(tuple, 3);
			}
	}
	MemoryContextSwitchTo(caller);
	SPI_freetuptable(SPI_tuptable);

	if (rules != NULL)
		MemoryContextDelete(rules->context);
	rules = made;
	rules_valid = forgotten == rules_forgotten;
	return rules;
}

/*
 * Prepares a kept plan that is the same for any parameters: to plan anew for
 * each array takes longer than to look its few people up.
 */
void
aidcase_kin_prepare(KeptPlan *kept)
{
	if (kept->plan != NULL)
		return;
	kept->plan = SPI_prepare_cursor(kept->query, kept->nargs, kept->argtypes,
									CURSOR_OPT_GENERIC_PLAN);
	if (kept->plan == NULL || SPI_keepplan(kept->plan) != 0)
		elog(ERROR, "could not prepare a query of ties");
}

/* Kind of parentage by its code; NULL is none. */
Parentage
aidcase_kin_parentage(const char *code)
{
	int			p;

	for (p = PARENTAGE_BLOOD; code != NULL && p <= PARENTAGE_STEP; p++)
		if (strcmp(code, parentage_codes[p]) == 0)
			return p;
	return PARENTAGE_NONE;
}

/* ---------------------------------------------------------------------
 * What counts
 */

/* Everything, to any distance. */
void
aidcase_kin_wide_scope(const KinRules *r, KinScope *scope)
{
	memset(scope, 0, sizeof(*scope));
	scope->relations = ~UINT64CONST(0);
	scope->useful = ~UINT64CONST(0);
	scope->parentages = ALL_PARENTAGES;
	scope->max_hops = MAX_HOPS;
}

/*
 * Which relations can still lead to one that counts?
 */
static uint64
useful_relations(const KinRules *r, uint64 counting)
{
	uint64		useful = counting;
	bool		more = true;

	while (more)
	{
		int			i,
					k,
					s;

		more = false;
		for (i = 0; i < r->count; i++)
			for (k = 0; k < r->count && !(useful & (UINT64CONST(1) << i)); k++)
				for (s = 0; s < r->count; s++)
				{
					int			to = *kin_next_slot(r, i, k, s);

					if (to >= 0 && (useful & (UINT64CONST(1) << to)))
					{
						useful |= UINT64CONST(1) << i;
						more = true;
						break;
					}
				}
	}
	return useful;
}

/* Elements of an array of text in the present result. */
static int
column_texts(HeapTuple tuple, int column, char ***texts)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, SPI_tuptable->tupdesc, column, &isnull);
	Datum	   *elements;
	int			n,
				i;

	if (isnull)
		return 0;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &n);
	*texts = palloc(sizeof(char *) * Max(n, 1));
	for (i = 0; i < n; i++)
		(*texts)[i] = TextDatumGetCString(elements[i]);
	return n;
}

/*
 * The rule sets in force on a day, palloc'd in the caller's context; returns
 * their number.
 */
int
aidcase_kin_scopes(const KinRules *r, DateADT day, KinScope **scopes)
{
	Datum		value = DateADTGetDatum(day);
	MemoryContext caller = CurrentMemoryContext;
	int			n;
	int			i;

	aidcase_kin_prepare(&scope_query);
	n = (int) aidcase_run(&scope_query, &value, NULL, 0);
	MemoryContextSwitchTo(caller);
	*scopes = palloc0(sizeof(KinScope) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		KinScope   *s = &(*scopes)[i];
		char	  **texts;
		int			count,
					k;
		bool		isnull;

		s->effect = aidcase_kin_text(tuple, 1);
		count = column_texts(tuple, 2, &texts);
		for (k = 0; k < count; k++)
		{
			int			relation = aidcase_kin_relation(r, texts[k]);

			if (relation >= 0)
				s->relations |= UINT64CONST(1) << relation;
		}
		s->useful = useful_relations(r, s->relations);
		count = column_texts(tuple, 3, &texts);
		for (k = 0; k < count; k++)
			s->parentages |= 1 << aidcase_kin_parentage(texts[k]);
		s->after_death = DatumGetBool(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 4, &isnull));
		s->max_hops = DatumGetInt32(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 5, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return n;
}

/*
 * The rule set of one effect on a day; an error when there is none.
 */
void
aidcase_kin_scope(const KinRules *r, const char *effect, DateADT day, KinScope *scope)
{
	KinScope   *scopes;
	int			n = aidcase_kin_scopes(r, day, &scopes);
	int			i;

	for (i = 0; i < n; i++)
		if (strcmp(scopes[i].effect, effect) == 0)
		{
			*scope = scopes[i];
			return;
		}
	ereport(ERROR,
			(errcode(ERRCODE_PARAMETER_MISSING),
			 errmsg("there is no kinship rule set \"%s\" in force on %s", effect,
					DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(day)))),
			 errhint("The rule sets are in table aidcase.kin_rule_set; effects are filing_duty, recusal, certainty and red_flag.")));
}
