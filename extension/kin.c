/*-------------------------------------------------------------------------
 *
 * kin.c
 *		Kinship: bounded search over the ties between people.
 *
 * Table aidcase.kin_tie holds what the sources state, one direction a tie,
 * with an index each way.  A search goes breadth first from one person or
 * from many: one query fetches the ties of a whole frontier, so there are as
 * many queries as hops (in portions of FRONTIER_PORTION people), never one a
 * person.  What was fetched stays for the call, in a context of its own.
 *
 * What somebody is to the person whom the search began with is a state:
 * relation, how it was reached, and the period in which the whole path
 * stood.  aidcase.kin_rule says which state follows by a further tie; where
 * it says nothing the path ends.  A state that adds nothing to one found
 * with as few ties is dropped and no path visits a person twice, so every
 * search ends, whatever circles the data have.  (What is lost is a longer
 * way to somebody who stands on the way that was kept, and so was found
 * nearer.)
 *
 * Statements about one tie complete each other.  One without a beginning
 * reaches back to the last date that another source knows on or before the
 * day of the statement, one without an end reaches on to the next date
 * after it: a divorce that the civil registry knows ends the marriage that
 * was declared before it, and not one that is declared after.
 *
 * Relations and rules are read once a backend and kept, in a context under
 * CacheMemoryContext, until their tables change (trigger ~~invalidate) or a
 * transaction that read its own changes to them aborts.
 *
 * Ties are read with the rights of the register's owner: who may ask is a
 * matter of EXECUTE.  Names are read with the caller's rights; where those
 * do not suffice the path shows the masked number.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "aidcase.h"
#include "citizen_id.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_kin);
PG_FUNCTION_INFO_V1(aidcase_kin_of);
PG_FUNCTION_INFO_V1(aidcase_kin_path);

#define MAX_HOPS			6	/* as the CHECK of kin_rule_set.max_hops */
#define MAX_RELATIONS		64	/* a set of relations is one uint64 */
#define FRONTIER_PORTION	10000
#define STATE_HEADS			1024	/* a power of two */

/* Kinds of parentage; one that is not stated counts as by blood. */
typedef enum Parentage
{
	PARENTAGE_NONE = 0,
	PARENTAGE_BLOOD,
	PARENTAGE_ADOPTIVE,
	PARENTAGE_STEP
} Parentage;

static const char *const parentage_codes[] = {NULL, "blood", "adoptive", "step"};

#define ALL_PARENTAGES	((1 << PARENTAGE_BLOOD) | (1 << PARENTAGE_ADOPTIVE) | \
						 (1 << PARENTAGE_STEP))

/* A row of kin_relation. */
typedef struct KinRelation
{
	char	   *code;
	int			inverse;
	char	   *kinship;
	int			generations;	/* 0 = does not apply */
	char	   *word_zh[2];		/* male, female */
	char	   *word_en[2];
} KinRelation;

/* What is kept of kin_relation and kin_rule. */
typedef struct KinRules
{
	MemoryContext context;		/* holds this struct and all it points to */
	int			count;
	int			self;
	int			sibling;
	KinRelation *relations;		/* in order of nearness */
	int8	   *next;			/* [relation][reached by][step], -1 = none */
	char	   *parentage_zh[4];	/* what a path says of parentage */
	char	   *parentage_en[4];
} KinRules;

/* What counts in a search. */
typedef struct KinScope
{
	char	   *effect;			/* NULL = everything counts */
	uint64		relations;		/* set of relations that are told */
	uint64		useful;			/* set of relations worth going on from */
	int			parentages;		/* set of Parentage */
	bool		after_death;
	int			max_hops;
} KinScope;

/* A tie as seen from one of its ends. */
typedef struct Edge
{
	int32		to;				/* node */
	int16		step;			/* what that person is to this one */
	uint8		parentage;
	bool		death;			/* its end is a death */
	DateADT		lower;			/* DATEVAL_NOBEGIN = ever */
	DateADT		upper;			/* first day without, DATEVAL_NOEND = never */
	DateADT		stated_lower;	/* as the source has them */
	DateADT		stated_upper;
	DateADT		stated_on;
	int64		tie_id;
} Edge;

/* A person. */
typedef struct Person
{
	int64		citizen;
	bool		fetched;		/* are the edges there? */
	int			nedges;
	int			room;
	Edge	   *edges;
} Person;

typedef struct NodeEntry
{
	int64		citizen;		/* hash key */
	int32		node;
} NodeEntry;

typedef struct Graph
{
	MemoryContext context;
	HTAB	   *index;
	int			count;
	int			room;
	Person	   *nodes;
} Graph;

/* What somebody was found to be. */
typedef struct State
{
	int32		node;
	int32		parent;			/* state before, -1 = the first person */
	int32		edge;			/* of the parent's node */
	int32		chain;			/* next state in the same slot, -1 = none */
	int16		relation;
	int16		reached_by;
	int16		hops;
	bool		told;			/* not said by a state before */
	DateADT		lower;
	DateADT		upper;
} State;

typedef struct Search
{
	int			count;
	int			room;
	State	   *states;
	int32		heads[STATE_HEADS];
} Search;

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

#define TIE_COLUMNS \
	"t.person, t.relative, t.relation, t.parentage, pg_catalog.lower(t.valid), pg_catalog.upper(t.valid)," \
	" t.ended_by, t.stated_on, t.tie_id"

/* the type of $1 is filled in at run time */
static KeptPlan frontier_query = {
	.query = "SELECT " TIE_COLUMNS ", false FROM aidcase.kin_tie AS t"
	" WHERE t.person OPERATOR(aidcase.=) ANY ($1) AND NOT t.void"
	" UNION ALL "
	"SELECT " TIE_COLUMNS ", true FROM aidcase.kin_tie AS t"
	" WHERE t.relative OPERATOR(aidcase.=) ANY ($1) AND NOT t.void",
	.nargs = 1
};
static KeptPlan tie_query = {
	.query = "SELECT " TIE_COLUMNS ", false FROM aidcase.kin_tie AS t"
	" WHERE t.tie_id OPERATOR(pg_catalog.=) ANY ($1)",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID}
};

/* Where names stand, in order of trust. */
typedef struct NameSource
{
	const char *relation;
	const char *citizen;		/* columns */
	const char *name;
	SPIPlanPtr	plan;
	Oid			argtype;
} NameSource;

static NameSource name_sources[] = {
	{"staff", "citizen_id", "name", NULL, InvalidOid},
	{"case_member", "citizen_id", "name", NULL, InvalidOid},
	{"kin_record", "person", "person_name", NULL, InvalidOid},
	{"kin_record", "relative", "relative_name", NULL, InvalidOid},
	{"relative_filing", "citizen_id", "name", NULL, InvalidOid},
	{"official_filing", "citizen_id", "name", NULL, InvalidOid},
	{"obligor", "citizen_id", "name", NULL, InvalidOid}
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
static char *
column_text(HeapTuple tuple, int column)
{
	return SPI_getvalue(tuple, SPI_tuptable->tupdesc, column);
}

/* A relation by its code; -1 when there is none. */
static int
relation_index(const KinRules *r, const char *code)
{
	int			i;

	for (i = 0; i < r->count; i++)
		if (strcmp(r->relations[i].code, code) == 0)
			return i;
	return -1;
}

static inline int8 *
next_slot(const KinRules *r, int relation, int reached_by, int step)
{
	return &r->next[(relation * r->count + reached_by) * r->count + step];
}

/*
 * The rules, read when they are not known.  The caller is connected to SPI.
 */
static const KinRules *
get_rules(void)
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
		char	   *generations = column_text(tuple, 4);

		r->code = column_text(tuple, 1);
		r->kinship = column_text(tuple, 3);
		r->generations = generations ? atoi(generations) : 0;
		r->word_zh[0] = column_text(tuple, 5);
		r->word_zh[1] = column_text(tuple, 6);
		r->word_en[0] = column_text(tuple, 7);
		r->word_en[1] = column_text(tuple, 8);
	}
	for (i = 0; i < n; i++)
		made->relations[i].inverse =
			relation_index(made, column_text(SPI_tuptable->vals[i], 2));
	made->self = relation_index(made, "self");
	made->sibling = relation_index(made, "sibling");
	made->next = palloc(Max(1, n * n * n));
	memset(made->next, -1, n * n * n);
	MemoryContextSwitchTo(caller);
	SPI_freetuptable(SPI_tuptable);

	/* general rules first, so that particular ones take their places */
	n = aidcase_run(&rule_query, NULL, NULL, 0);
	for (i = 0; i < n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		char	   *by = column_text(tuple, 2);
		int			relation = relation_index(made, column_text(tuple, 1));
		int			step = relation_index(made, column_text(tuple, 3));
		int			result = relation_index(made, column_text(tuple, 4));
		int			first = by ? relation_index(made, by) : 0;
		int			last = by ? first : made->count - 1;
		int			k;

		for (k = first; k <= last; k++)
			*next_slot(made, relation, k, step) = (int8) result;
	}
	SPI_freetuptable(SPI_tuptable);

	n = aidcase_run(&parentage_query, NULL, NULL, 0);
	caller = MemoryContextSwitchTo(context);
	for (i = 0; i < n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		int			p;

		for (p = PARENTAGE_BLOOD; p <= PARENTAGE_STEP; p++)
			if (strcmp(column_text(tuple, 1), parentage_codes[p]) == 0)
			{
				made->parentage_zh[p] = column_text(tuple, 2);
				made->parentage_en[p] = column_text(tuple, 3);
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
static void
prepare_generic(KeptPlan *kept)
{
	if (kept->plan != NULL)
		return;
	kept->plan = SPI_prepare_cursor(kept->query, kept->nargs, kept->argtypes,
									CURSOR_OPT_GENERIC_PLAN);
	if (kept->plan == NULL || SPI_keepplan(kept->plan) != 0)
		elog(ERROR, "could not prepare a query of ties");
}

/* Kind of parentage by its code; NULL is none. */
static Parentage
parentage_of(const char *code)
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
static void
wide_scope(const KinRules *r, KinScope *scope)
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
					int			to = *next_slot(r, i, k, s);

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
static int
get_scopes(const KinRules *r, DateADT day, KinScope **scopes)
{
	Datum		value = DateADTGetDatum(day);
	MemoryContext caller = CurrentMemoryContext;
	int			n;
	int			i;

	prepare_generic(&scope_query);
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

		s->effect = column_text(tuple, 1);
		count = column_texts(tuple, 2, &texts);
		for (k = 0; k < count; k++)
		{
			int			relation = relation_index(r, texts[k]);

			if (relation >= 0)
				s->relations |= UINT64CONST(1) << relation;
		}
		s->useful = useful_relations(r, s->relations);
		count = column_texts(tuple, 3, &texts);
		for (k = 0; k < count; k++)
			s->parentages |= 1 << parentage_of(texts[k]);
		s->after_death = DatumGetBool(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 4, &isnull));
		s->max_hops = DatumGetInt32(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 5, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return n;
}

/*
 * The rule set of one effect on a day; an error when there is none.
 */
static void
get_scope(const KinRules *r, const char *effect, DateADT day, KinScope *scope)
{
	KinScope   *scopes;
	int			n = get_scopes(r, day, &scopes);
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

/* ---------------------------------------------------------------------
 * Ties
 */

/* OID of type citizen_id. */
static Oid
citizen_type(void)
{
	Oid			schema = get_namespace_oid(AIDCASE_SCHEMA, false);

	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum("citizen_id"),
						   ObjectIdGetDatum(schema));
}

static void
start_graph(Graph *g, MemoryContext context)
{
	HASHCTL		ctl;

	memset(g, 0, sizeof(*g));
	g->context = context;
	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(int64);
	ctl.entrysize = sizeof(NodeEntry);
	ctl.hcxt = context;
	g->index = hash_create("aidcase kin", 256, &ctl,
						   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	g->room = 64;
	g->nodes = MemoryContextAlloc(context, sizeof(Person) * g->room);
}

/* The node of a person, made when there is none. */
static int
node_of(Graph *g, int64 citizen)
{
	bool		found;
	NodeEntry  *entry = hash_search(g->index, &citizen, HASH_ENTER, &found);

	if (!found)
	{
		if (g->count == g->room)
		{
			g->room *= 2;
			g->nodes = repalloc_huge(g->nodes, sizeof(Person) * (Size) g->room);
		}
		memset(&g->nodes[g->count], 0, sizeof(Person));
		g->nodes[g->count].citizen = citizen;
		entry->node = g->count++;
	}
	return entry->node;
}

/* A row of a query of ties, as an edge from one of its ends. */
static void
add_edge(const KinRules *r, Graph *g, HeapTuple tuple, bool backwards)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;
	bool		isnull;
	int64		person = DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull));
	int64		relative = DatumGetInt64(SPI_getbinval(tuple, desc, 2, &isnull));
	Datum		value;
	Person	   *node;
	Edge	   *edge;
	int			from = node_of(g, backwards ? relative : person);
	int			to = node_of(g, backwards ? person : relative);
	int			step;
	text	   *code;
	char		word[64];

	value = SPI_getbinval(tuple, desc, 3, &isnull);
	code = DatumGetTextPP(value);
	strlcpy(word, VARDATA_ANY(code), Min(sizeof(word), VARSIZE_ANY_EXHDR(code) + 1));
	step = relation_index(r, word);
	if (step < 0)
		return;
	node = &g->nodes[from];
	if (node->nedges == node->room)
	{
		node->room = Max(4, node->room * 2);
		node->edges = node->edges ?
			repalloc(node->edges, sizeof(Edge) * node->room) :
			MemoryContextAlloc(g->context, sizeof(Edge) * node->room);
	}
	edge = &node->edges[node->nedges++];
	edge->to = to;
	edge->step = backwards ? r->relations[step].inverse : step;
	value = SPI_getbinval(tuple, desc, 4, &isnull);
	edge->parentage = isnull ? PARENTAGE_NONE : parentage_of(TextDatumGetCString(value));
	value = SPI_getbinval(tuple, desc, 5, &isnull);
	edge->stated_lower = isnull ? DATEVAL_NOBEGIN : DatumGetDateADT(value);
	value = SPI_getbinval(tuple, desc, 6, &isnull);
	edge->stated_upper = isnull ? DATEVAL_NOEND : DatumGetDateADT(value);
	value = SPI_getbinval(tuple, desc, 7, &isnull);
	edge->death = !isnull && strcmp(TextDatumGetCString(value), "death") == 0;
	edge->stated_on = DatumGetDateADT(SPI_getbinval(tuple, desc, 8, &isnull));
	edge->tie_id = DatumGetInt64(SPI_getbinval(tuple, desc, 9, &isnull));
	edge->lower = edge->stated_lower;
	edge->upper = edge->stated_upper;
}

/* By the person at the other end and the step; what is known best first. */
static int
compare_edges(const void *a, const void *b)
{
	const Edge *x = a;
	const Edge *y = b;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	if ((x->parentage == 0) != (y->parentage == 0))
		return x->parentage == 0 ? 1 : -1;
	return x->tie_id < y->tie_id ? -1 : x->tie_id > y->tie_id;
}

/*
 * Lets the statements about each tie of a person complete each other, and
 * drops those that say nothing that another does not.
 */
static void
complete_edges(Person *node)
{
	int			start,
				end,
				kept = 0;

	if (node->nedges < 2)
		return;
	qsort(node->edges, node->nedges, sizeof(Edge), compare_edges);
	for (start = 0; start < node->nedges; start = end)
	{
		int			first = kept;
		int			i,
					k;

		for (end = start + 1; end < node->nedges; end++)
			if (node->edges[end].to != node->edges[start].to ||
				node->edges[end].step != node->edges[start].step)
				break;
		for (i = start; i < end; i++)
		{
			Edge	   *edge = &node->edges[i];

			for (k = start; k < end; k++)
			{
				const Edge *other = &node->edges[k];
				DateADT		dates[2];
				int			d;

				dates[0] = other->stated_lower;
				dates[1] = other->stated_upper;
				for (d = 0; d < 2; d++)
				{
					if (DATE_NOT_FINITE(dates[d]))
						continue;
					if (edge->stated_lower == DATEVAL_NOBEGIN &&
						dates[d] <= edge->stated_on && dates[d] > edge->lower &&
						dates[d] < edge->upper)
						edge->lower = dates[d];
					if (edge->stated_upper == DATEVAL_NOEND &&
						dates[d] > edge->stated_on && dates[d] < edge->upper &&
						dates[d] > edge->lower)
					{
						edge->upper = dates[d];
						edge->death = d == 1 && other->death;
					}
				}
			}
		}
		for (i = start; i < end; i++)
		{
			Edge		edge = node->edges[i];

			for (k = first; k < kept; k++)
			{
				const Edge *other = &node->edges[k];

				if (other->lower <= edge.lower && other->upper >= edge.upper &&
					(other->parentage == edge.parentage ||
					 edge.parentage == PARENTAGE_NONE))
					break;
			}
			if (k == kept)
				node->edges[kept++] = edge;
		}
	}
	node->nedges = kept;
}

/*
 * Fetches the ties of all people of a frontier that were not fetched yet.
 */
static void
fetch_frontier(const KinRules *r, Graph *g, const int32 *frontier, int n)
{
	Oid			citizen = citizen_type();
	Oid			array = get_array_type(citizen);
	int32	   *missing = palloc(sizeof(int32) * Max(n, 1));
	Datum	   *values = palloc(sizeof(Datum) * Min(Max(n, 1), FRONTIER_PORTION));
	int			nmissing = 0;
	int			done,
				i;

	for (i = 0; i < n; i++)
		if (!g->nodes[frontier[i]].fetched)
		{
			g->nodes[frontier[i]].fetched = true;
			missing[nmissing++] = frontier[i];
		}
	if (frontier_query.argtypes[0] != array)
	{
		frontier_query.argtypes[0] = array;
		frontier_query.plan = NULL;
	}
	prepare_generic(&frontier_query);
	for (done = 0; done < nmissing; done += FRONTIER_PORTION)
	{
		int			count = Min(nmissing - done, FRONTIER_PORTION);
		Datum		argument;
		uint64		rows,
					row;

		for (i = 0; i < count; i++)
			values[i] = Int64GetDatum(g->nodes[missing[done + i]].citizen);
		argument = PointerGetDatum(construct_array(values, count, citizen, 8,
												   true, TYPALIGN_DOUBLE));
		rows = aidcase_run(&frontier_query, &argument, NULL, 0);
		for (row = 0; row < rows; row++)
		{
			HeapTuple	tuple = SPI_tuptable->vals[row];
			bool		isnull;

			add_edge(r, g, tuple,
					 DatumGetBool(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 10, &isnull)));
		}
		SPI_freetuptable(SPI_tuptable);
		for (i = 0; i < count; i++)
			complete_edges(&g->nodes[missing[done + i]]);
		pfree(DatumGetPointer(argument));
		CHECK_FOR_INTERRUPTS();
	}
	pfree(values);
	pfree(missing);
}

/*
 * Fetches the ties of the people whom a search from all the sources passes
 * through: everybody within one tie less than it may have.
 */
static void
fetch_ties(const KinRules *r, Graph *g, const int32 *sources, int n, int max_hops)
{
	int32	   *frontier;
	int			count = n;
	int			hop;

	frontier = palloc_extended(sizeof(int32) * (Size) Max(n, 1), MCXT_ALLOC_HUGE);
	memcpy(frontier, sources, sizeof(int32) * n);
	for (hop = 0; hop < max_hops && count > 0; hop++)
	{
		int			before = g->count;
		int			i,
					next = 0;

		fetch_frontier(r, g, frontier, count);
		if (hop + 1 == max_hops)
			break;

		/*
		 * Whoever was not there before, or was but has no ties yet: sources
		 * that are relatives of each other are there from the beginning, and
		 * all of those are fetched at once.
		 */
		if (g->count - before > count)
			frontier = repalloc_huge(frontier, sizeof(int32) * (Size) (g->count - before));
		for (i = before; i < g->count; i++)
			frontier[next++] = i;
		count = next;
	}
	pfree(frontier);
}

/* ---------------------------------------------------------------------
 * The search
 */

/* Does the path of a state visit a person? */
static bool
visits(const Search *search, int32 state, int32 node, int32 source)
{
	if (node == source)
		return true;
	for (; state >= 0; state = search->states[state].parent)
		if (search->states[state].node == node)
			return true;
	return false;
}

/*
 * Adds a state, unless one of the same person and relation, found before and
 * so with as few ties, stood all that time.  One that was reached in another
 * way leads elsewhere, so both stay, but the second tells nothing new.
 */
static void
add_state(Search *search, const State *found)
{
	uint32		slot = ((uint32) found->node * 31 + (uint32) found->relation) &
		(STATE_HEADS - 1);
	bool		told = true;
	int32		i;

	for (i = search->heads[slot]; i >= 0; i = search->states[i].chain)
	{
		const State *s = &search->states[i];

		if (s->node == found->node && s->relation == found->relation &&
			s->lower <= found->lower && s->upper >= found->upper)
		{
			if (s->reached_by == found->reached_by)
				return;
			told = false;
		}
	}
	if (search->count == search->room)
	{
		search->room *= 2;
		search->states = repalloc_huge(search->states,
									   sizeof(State) * (Size) search->room);
	}
	search->states[search->count] = *found;
	search->states[search->count].told = told;
	search->states[search->count].chain = search->heads[slot];
	search->heads[slot] = search->count++;
}

static void
start_search(Search *search)
{
	search->room = 128;
	search->states = palloc(sizeof(State) * search->room);
	search->count = 0;
}

/*
 * All that people are to the source, within max_hops ties; day is the day on
 * which every tie must stand, or has_day is false.  The ties are fetched.
 */
static void
search_from(const KinRules *r, const Graph *g, int32 source, int max_hops,
			const KinScope *scope, bool has_day, DateADT day, Search *search)
{
	int			done = -1;		/* -1: the source itself */

	search->count = 0;
	memset(search->heads, -1, sizeof(search->heads));
	max_hops = Min(max_hops, scope->max_hops);
	if (max_hops == 0)
		return;
	for (; done < search->count; done++)
	{
		State		from;
		const Person *node;
		int			i;

		if (done < 0)
		{
			from.node = source;
			from.relation = r->self;
			from.reached_by = r->self;
			from.hops = 0;
			from.lower = DATEVAL_NOBEGIN;
			from.upper = DATEVAL_NOEND;
		}
		else
			from = search->states[done];
		if (from.hops == max_hops)
			break;				/* the states are in order of hops */
		node = &g->nodes[from.node];
		for (i = 0; i < node->nedges; i++)
		{
			const Edge *edge = &node->edges[i];
			DateADT		upper = edge->upper;
			State		to;
			int			result = *next_slot(r, from.relation, from.reached_by, edge->step);

			if (result < 0 || !(scope->useful & (UINT64CONST(1) << result)) ||
				!(scope->parentages &
				  (1 << (edge->parentage == PARENTAGE_NONE ? PARENTAGE_BLOOD :
						 edge->parentage))))
				continue;
			if (edge->death && scope->after_death)
				upper = DATEVAL_NOEND;
			to.lower = Max(from.lower, edge->lower);
			to.upper = Min(from.upper, upper);
			if (to.lower >= to.upper ||
				(has_day && (to.lower > day || to.upper <= day)) ||
				visits(search, done, edge->to, source))
				continue;
			to.node = edge->to;
			to.parent = done;
			to.edge = i;
			to.relation = result;
			/* a sibling of the same: how that one was reached matters */
			to.reached_by = edge->step == r->sibling && result == from.relation ?
				from.reached_by : edge->step;
			to.hops = from.hops + 1;
			add_state(search, &to);
		}
	}
	CHECK_FOR_INTERRUPTS();
}

/* The ties of a state's path, in order, as bigint[]. */
static Datum
path_ties(const Graph *g, const Search *search, int32 source, int32 state)
{
	Datum		ties[MAX_HOPS];
	int			n = search->states[state].hops;
	int			i = n;

	for (; state >= 0; state = search->states[state].parent)
	{
		int32		parent = search->states[state].parent;
		const Person *node = &g->nodes[parent < 0 ? source : search->states[parent].node];

		ties[--i] = Int64GetDatum(node->edges[search->states[state].edge].tie_id);
	}
	return PointerGetDatum(construct_array(ties, n, INT8OID, 8, true, TYPALIGN_DOUBLE));
}

/* ---------------------------------------------------------------------
 * Words
 */

/* May the caller read this column? */
static bool
may_read(Oid relid, const char *column)
{
	return pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck(relid, get_attnum(relid, column), GetUserId(),
							  ACL_SELECT) == ACLCHECK_OK;
}

/*
 * The names of the people at some nodes, as far as the caller may read them;
 * row security applies.  names is indexed by node; an element stays NULL
 * where no name is to be had.
 */
static void
get_names(const Graph *g, const int32 *nodes, int n, char **names)
{
	Oid			citizen = citizen_type();
	Oid			array = get_array_type(citizen);
	MemoryContext caller = CurrentMemoryContext;
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));
	int			i;
	Size		k;

	for (k = 0; k < lengthof(name_sources); k++)
	{
		NameSource *source = &name_sources[k];
		Oid			relid = aidcase_relation(source->relation);
		int			count = 0;
		Datum		argument;
		uint64		row;

		for (i = 0; i < n; i++)
			if (names[nodes[i]] == NULL)
				values[count++] = Int64GetDatum(g->nodes[nodes[i]].citizen);
		if (count == 0)
			break;
		if (!may_read(relid, source->citizen) || !may_read(relid, source->name))
			continue;
		if (source->plan == NULL || source->argtype != array)
		{
			char	   *query = psprintf("SELECT s.%s, pg_catalog.max(s.%s COLLATE \"C\") FROM aidcase.%s AS s"
										 " WHERE s.%s OPERATOR(aidcase.=) ANY ($1) GROUP BY s.%s",
										 source->citizen, source->name, source->relation,
										 source->citizen, source->citizen);

			source->plan = SPI_prepare_cursor(query, 1, &array, CURSOR_OPT_GENERIC_PLAN);
			if (source->plan == NULL || SPI_keepplan(source->plan) != 0)
				elog(ERROR, "could not prepare a query of names");
			source->argtype = array;
		}
		argument = PointerGetDatum(construct_array(values, count, citizen, 8,
												   true, TYPALIGN_DOUBLE));
		if (SPI_execute_plan(source->plan, &argument, NULL, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not read names");
		for (row = 0; row < SPI_processed; row++)
		{
			HeapTuple	tuple = SPI_tuptable->vals[row];
			bool		isnull;
			int64		who = DatumGetInt64(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &isnull));
			NodeEntry  *entry = hash_search(g->index, &who, HASH_FIND, NULL);

			if (entry != NULL && names[entry->node] == NULL)
			{
				MemoryContext old = MemoryContextSwitchTo(caller);

				names[entry->node] = column_text(tuple, 2);
				MemoryContextSwitchTo(old);
			}
		}
		SPI_freetuptable(SPI_tuptable);
	}
}

/* A person in a path: the name, else the masked number. */
static void
append_person(StringInfo path, int64 citizen, const char *name)
{
	char		number[CITIZEN_ID_CHARS + 1];

	if (name != NULL)
	{
		appendStringInfoString(path, name);
		return;
	}
	citizen_id_format((uint64) citizen, number);
	appendStringInfo(path, "%.4s************%.2s", number, number + 16);
}

/* One tie of a path, as a word, and the person at its end. */
static void
append_step(const KinRules *r, StringInfo zh, StringInfo en, int step,
			Parentage parentage, int64 citizen, const char *name)
{
	const KinRelation *relation = &r->relations[step];
	int			female = citizen % 2 == 0;	/* the sequence is even */

	appendStringInfo(zh, "—%s", relation->word_zh[female]);
	appendStringInfo(en, " — %s", relation->word_en[female]);
	if (parentage > PARENTAGE_BLOOD && r->parentage_zh[parentage] != NULL)
	{
		appendStringInfo(zh, "(%s)", r->parentage_zh[parentage]);
		appendStringInfo(en, " (%s)", r->parentage_en[parentage]);
	}
	appendStringInfoString(zh, "—");
	appendStringInfoString(en, " — ");
	append_person(zh, citizen, name);
	append_person(en, citizen, name);
}

/* The path of a state in words. */
static void
path_words(const KinRules *r, const Graph *g, const Search *search, int32 source,
		   int32 state, char **names, StringInfo zh, StringInfo en)
{
	int32		steps[MAX_HOPS];
	int			n = search->states[state].hops;
	int			i = n;

	resetStringInfo(zh);
	resetStringInfo(en);
	append_person(zh, g->nodes[source].citizen, names[source]);
	append_person(en, g->nodes[source].citizen, names[source]);
	for (; state >= 0; state = search->states[state].parent)
		steps[--i] = state;
	for (i = 0; i < n; i++)
	{
		const State *s = &search->states[steps[i]];
		const Person *from = &g->nodes[s->parent < 0 ? source : search->states[s->parent].node];
		const Edge *edge = &from->edges[s->edge];

		append_step(r, zh, en, edge->step, edge->parentage,
					g->nodes[s->node].citizen, names[s->node]);
	}
}

/* ---------------------------------------------------------------------
 * SQL functions
 */

/* An argument that must be there. */
static void
need_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

/* The number of ties in argument n, checked. */
static int
hops_argument(FunctionCallInfo fcinfo, int n)
{
	int			max_hops;

	need_argument(fcinfo, n, "max_hops");
	max_hops = PG_GETARG_INT32(n);
	if (max_hops < 0 || max_hops > MAX_HOPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_hops must be from 0 to %d", MAX_HOPS),
				 errdetail("Every relation that a rule set counts is reached within %d ties.", MAX_HOPS),
				 errhint("Three ties reach cousins over stated uncles, and great-grandparents.")));
	return max_hops;
}

/* A date in argument n, checked. */
static DateADT
date_argument(FunctionCallInfo fcinfo, int n)
{
	DateADT		day = PG_GETARG_DATEADT(n);

	if (DATE_NOT_FINITE(day))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("on_date must be a calendar date")));
	return day;
}

/* What counts in this call: argument n names an effect, or is null. */
static void
scope_argument(FunctionCallInfo fcinfo, int n, const KinRules *r, DateADT day,
			   KinScope *scope)
{
	if (PG_ARGISNULL(n))
		wide_scope(r, scope);
	else
		get_scope(r, text_to_cstring(PG_GETARG_TEXT_PP(n)), day, scope);
}

/* By hops, then nearness, then number. */
typedef struct Found
{
	int32		state;
	int16		hops;
	int16		relation;
	int64		citizen;
} Found;

static int
compare_found(const void *a, const void *b)
{
	const Found *x = a;
	const Found *y = b;

	if (x->hops != y->hops)
		return x->hops - y->hops;
	if (x->relation != y->relation)
		return x->relation - y->relation;
	return x->citizen < y->citizen ? -1 : x->citizen > y->citizen;
}

/*
 * The best state of each person, sorted; returns their number.  best is
 * indexed by node and made here.
 */
static int
best_states(const Graph *g, const Search *search, const KinScope *scope, Found **found)
{
	int32	   *best = palloc_extended(sizeof(int32) * (Size) g->count, MCXT_ALLOC_HUGE);
	int			n = 0;
	int			i;

	memset(best, -1, sizeof(int32) * (Size) g->count);
	for (i = 0; i < search->count; i++)
	{
		const State *s = &search->states[i];

		if (!(scope->relations & (UINT64CONST(1) << s->relation)))
			continue;
		if (best[s->node] < 0)
			n++;
		else
		{
			const State *b = &search->states[best[s->node]];

			if (b->hops < s->hops || b->relation <= s->relation)
				continue;
		}
		best[s->node] = i;
	}
	*found = palloc(sizeof(Found) * Max(n, 1));
	n = 0;
	for (i = 0; i < g->count; i++)
		if (best[i] >= 0)
		{
			const State *s = &search->states[best[i]];

			(*found)[n].state = best[i];
			(*found)[n].hops = s->hops;
			(*found)[n].relation = s->relation;
			(*found)[n].citizen = g->nodes[i].citizen;
			n++;
		}
	qsort(*found, n, sizeof(Found), compare_found);
	pfree(best);
	return n;
}

/*
 * kin(person citizen_id, max_hops integer, on_date date, effect text)
 * returns table: one row a relative, the nearest first.
 */
Datum
aidcase_kin(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const KinRules *r;
	KinScope	scope;
	KinScope   *scopes;
	int			nscopes;
	int			max_hops;
	DateADT		day;
	Graph		graph;
	Search		search;
	Search		counting;
	Found	   *found;
	uint64	   *counts;
	char	  **names;
	int32	   *named;
	int			nnamed = 0;
	int32		source;
	int			n,
				i,
				k;
	StringInfoData zh,
				en;

	need_argument(fcinfo, 0, "person");
	max_hops = hops_argument(fcinfo, 1);
	need_argument(fcinfo, 2, "on_date");
	day = date_argument(fcinfo, 2);
	InitMaterializedSRF(fcinfo, 0);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	r = get_rules();
	scope_argument(fcinfo, 3, r, day, &scope);
	nscopes = get_scopes(r, day, &scopes);

	start_graph(&graph, CurrentMemoryContext);
	source = node_of(&graph, PG_GETARG_INT64(0));
	fetch_ties(r, &graph, &source, 1, Min(max_hops, scope.max_hops));
	start_search(&search);
	search_from(r, &graph, source, max_hops, &scope, true, day, &search);
	n = best_states(&graph, &search, &scope, &found);

	/* under which rule sets each of them counts */
	counts = palloc0(sizeof(uint64) * graph.count);
	start_search(&counting);
	for (k = 0; k < nscopes; k++)
	{
		search_from(r, &graph, source, max_hops, &scopes[k], true, day, &counting);
		for (i = 0; i < counting.count; i++)
			if (scopes[k].relations & (UINT64CONST(1) << counting.states[i].relation))
				counts[counting.states[i].node] |= UINT64CONST(1) << k;
	}

	names = palloc0(sizeof(char *) * graph.count);
	named = palloc(sizeof(int32) * graph.count);
	for (i = 0; i < n; i++)
	{
		int32		state;

		for (state = found[i].state; state >= 0; state = search.states[state].parent)
			if (names[search.states[state].node] == NULL)
			{
				named[nnamed++] = search.states[state].node;
				names[search.states[state].node] = "";
			}
	}
	if (n > 0)
	{
		for (i = 0; i < nnamed; i++)
			names[named[i]] = NULL;
		named[nnamed++] = source;
		get_names(&graph, named, nnamed, names);
	}

	initStringInfo(&zh);
	initStringInfo(&en);
	for (i = 0; i < n; i++)
	{
		const State *s = &search.states[found[i].state];
		const KinRelation *relation = &r->relations[s->relation];
		Datum		values[10];
		bool		nulls[10] = {0};
		Datum	   *effects = palloc(sizeof(Datum) * Max(nscopes, 1));
		int			neffects = 0;

		for (k = 0; k < nscopes; k++)
			if (counts[s->node] & (UINT64CONST(1) << k))
				effects[neffects++] = CStringGetTextDatum(scopes[k].effect);
		path_words(r, &graph, &search, source, found[i].state, names, &zh, &en);
		values[0] = Int64GetDatum(found[i].citizen);
		nulls[1] = names[s->node] == NULL;
		if (!nulls[1])
			values[1] = CStringGetTextDatum(names[s->node]);
		values[2] = CStringGetTextDatum(relation->code);
		values[3] = Int32GetDatum(s->hops);
		values[4] = CStringGetTextDatum(relation->kinship);
		nulls[5] = relation->generations == 0;
		values[5] = Int32GetDatum(relation->generations);
		values[6] = PointerGetDatum(construct_array(effects, neffects, TEXTOID, -1,
													false, TYPALIGN_INT));
		values[7] = CStringGetTextDatum(zh.data);
		values[8] = CStringGetTextDatum(en.data);
		values[9] = path_ties(&graph, &search, source, found[i].state);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	SPI_finish();
	return (Datum) 0;
}

/*
 * kin_of(persons citizen_id[], max_hops integer, on_date date, effect text)
 * returns table: from many at once, every relation that somebody has to one
 * of them, with the period in which the path stood.
 */
Datum
aidcase_kin_of(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const KinRules *r;
	KinScope	scope;
	int			max_hops;
	bool		has_day = !PG_ARGISNULL(2);
	DateADT		day = 0;
	Graph		graph;
	Search		search;
	Datum	   *elements;
	bool	   *isnull;
	int			nelements,
				n,
				i;
	int32	   *sources;
	TypeCacheEntry *ranges;
	MemoryContext row_context;

	need_argument(fcinfo, 0, "persons");
	max_hops = hops_argument(fcinfo, 1);
	if (has_day)
		day = date_argument(fcinfo, 2);
	InitMaterializedSRF(fcinfo, 0);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	r = get_rules();
	scope_argument(fcinfo, 3, r, has_day ? day : aidcase_date(aidcase_now()), &scope);
	max_hops = Min(max_hops, scope.max_hops);

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), citizen_type(), 8, true,
					  TYPALIGN_DOUBLE, &elements, &isnull, &nelements);
	start_graph(&graph, CurrentMemoryContext);
	for (i = 0; i < nelements; i++)
		if (!isnull[i])
			node_of(&graph, DatumGetInt64(elements[i]));
	n = graph.count;			/* each of them once */
	sources = palloc_extended(sizeof(int32) * (Size) Max(n, 1), MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
		sources[i] = i;
	fetch_ties(r, &graph, sources, n, max_hops);

	ranges = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	row_context = AllocSetContextCreate(CurrentMemoryContext, "aidcase kin row",
										ALLOCSET_SMALL_SIZES);
	start_search(&search);
	for (i = 0; i < n; i++)
	{
		int			k;

		search_from(r, &graph, i, max_hops, &scope, has_day, day, &search);
		for (k = 0; k < search.count; k++)
		{
			const State *s = &search.states[k];
			MemoryContext caller;
			Datum		values[6];
			bool		nulls[6] = {0};
			RangeBound	lower,
						upper;

			if (!s->told || !(scope.relations & (UINT64CONST(1) << s->relation)))
				continue;
			caller = MemoryContextSwitchTo(row_context);
			lower.val = DateADTGetDatum(s->lower);
			lower.infinite = s->lower == DATEVAL_NOBEGIN;
			lower.inclusive = true;
			lower.lower = true;
			upper.val = DateADTGetDatum(s->upper);
			upper.infinite = s->upper == DATEVAL_NOEND;
			upper.inclusive = false;
			upper.lower = false;
			values[0] = Int64GetDatum(graph.nodes[i].citizen);
			values[1] = Int64GetDatum(graph.nodes[s->node].citizen);
			values[2] = CStringGetTextDatum(r->relations[s->relation].code);
			values[3] = Int32GetDatum(s->hops);
			values[4] = RangeTypePGetDatum(aidcase_make_range(ranges, &lower, &upper, false));
			values[5] = path_ties(&graph, &search, i, k);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
			MemoryContextSwitchTo(caller);
			MemoryContextReset(row_context);
		}
	}
	SPI_finish();
	return (Datum) 0;
}

/*
 * kin_path(person citizen_id, ties bigint[], OUT path_zh text, OUT path_en
 * text): a path in words, from a person over ties.
 */
Datum
aidcase_kin_path(PG_FUNCTION_ARGS)
{
	const KinRules *r;
	TupleDesc	desc;
	Graph		graph;
	Datum	   *ties;
	bool	   *isnull;
	int			nties,
				i;
	int32		at;
	int32	   *visited;
	char	  **names;
	Datum		argument;
	uint64		n,
				row;
	StringInfoData zh,
				en;
	Datum		values[2];
	bool		nulls[2] = {0};
	MemoryContext caller = CurrentMemoryContext;
	HeapTuple	result;

	need_argument(fcinfo, 0, "person");
	need_argument(fcinfo, 1, "ties");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), INT8OID, 8, true,
					  TYPALIGN_DOUBLE, &ties, &isnull, &nties);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	r = get_rules();
	start_graph(&graph, CurrentMemoryContext);
	at = node_of(&graph, PG_GETARG_INT64(0));
	argument = PG_GETARG_DATUM(1);
	prepare_generic(&tie_query);
	n = aidcase_run(&tie_query, &argument, NULL, 0);
	for (row = 0; row < n; row++)
	{
		add_edge(r, &graph, SPI_tuptable->vals[row], false);
		add_edge(r, &graph, SPI_tuptable->vals[row], true);
	}
	SPI_freetuptable(SPI_tuptable);

	visited = palloc(sizeof(int32) * graph.count);
	names = palloc0(sizeof(char *) * graph.count);
	for (i = 0; i < graph.count; i++)
		visited[i] = i;
	get_names(&graph, visited, graph.count, names);
	initStringInfo(&zh);
	initStringInfo(&en);
	append_person(&zh, graph.nodes[at].citizen, names[at]);
	append_person(&en, graph.nodes[at].citizen, names[at]);
	for (i = 0; i < nties; i++)
	{
		const Person *node = &graph.nodes[at];
		const Edge *edge = NULL;
		int			k;

		for (k = 0; k < node->nedges && !isnull[i]; k++)
			if (node->edges[k].tie_id == DatumGetInt64(ties[i]))
				edge = &node->edges[k];
		if (edge == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the ties are no path from this person"),
					 errdetail("Tie number %d of the list does not begin where the one before it ends.", i + 1),
					 errhint("Give person and ties as kin() or kin_of() returned them.")));
		append_step(r, &zh, &en, edge->step, edge->parentage,
					graph.nodes[edge->to].citizen, names[edge->to]);
		at = edge->to;
	}
	MemoryContextSwitchTo(caller);
	values[0] = CStringGetTextDatum(zh.data);
	values[1] = CStringGetTextDatum(en.data);
	result = heap_form_tuple(BlessTupleDesc(desc), values, nulls);
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleGetDatum(result));
}
