/*-------------------------------------------------------------------------
 *
 * kin.c
 *		Kinship: who is related to whom, as SQL calls, and paths in words.
 *
 * Ties are read with the rights of the register's owner: who may ask is a
 * matter of EXECUTE.  Names are read with the caller's rights; where those
 * do not suffice the path shows the masked number.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"

#include "citizen_id.h"
#include "compat.h"
#include "kin.h"

PG_FUNCTION_INFO_V1(aidcase_kin);
PG_FUNCTION_INFO_V1(aidcase_kin_of);
PG_FUNCTION_INFO_V1(aidcase_kin_path);

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
	Oid			citizen = aidcase_citizen_id_type();
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

				names[entry->node] = aidcase_kin_text(tuple, 2);
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
		aidcase_kin_wide_scope(r, scope);
	else
		aidcase_kin_scope(r, text_to_cstring(PG_GETARG_TEXT_PP(n)), day, scope);
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
	r = aidcase_kin_rules();
	scope_argument(fcinfo, 3, r, day, &scope);
	nscopes = aidcase_kin_scopes(r, day, &scopes);

	aidcase_kin_start_graph(&graph, CurrentMemoryContext);
	source = aidcase_kin_node(&graph, PG_GETARG_INT64(0));
	aidcase_kin_fetch(r, &graph, &source, 1, Min(max_hops, scope.max_hops));
	aidcase_kin_start_search(&search);
	aidcase_kin_search(r, &graph, source, max_hops, &scope, true, day, &search);
	n = best_states(&graph, &search, &scope, &found);

	/* under which rule sets each of them counts */
	counts = palloc0(sizeof(uint64) * graph.count);
	aidcase_kin_start_search(&counting);
	for (k = 0; k < nscopes; k++)
	{
		aidcase_kin_search(r, &graph, source, max_hops, &scopes[k], true, day, &counting);
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
		values[9] = aidcase_kin_path_ties(&graph, &search, source, found[i].state);
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
	r = aidcase_kin_rules();
	scope_argument(fcinfo, 3, r, has_day ? day : aidcase_date(aidcase_now()), &scope);
	max_hops = Min(max_hops, scope.max_hops);

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), aidcase_citizen_id_type(), 8, true,
					  TYPALIGN_DOUBLE, &elements, &isnull, &nelements);
	aidcase_kin_start_graph(&graph, CurrentMemoryContext);
	for (i = 0; i < nelements; i++)
		if (!isnull[i])
			aidcase_kin_node(&graph, DatumGetInt64(elements[i]));
	n = graph.count;			/* each of them once */
	sources = palloc_extended(sizeof(int32) * (Size) Max(n, 1), MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
		sources[i] = i;
	aidcase_kin_fetch(r, &graph, sources, n, max_hops);

	ranges = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	row_context = AllocSetContextCreate(CurrentMemoryContext, "aidcase kin row",
										ALLOCSET_SMALL_SIZES);
	aidcase_kin_start_search(&search);
	for (i = 0; i < n; i++)
	{
		int			k;

		aidcase_kin_search(r, &graph, i, max_hops, &scope, has_day, day, &search);
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
			values[5] = aidcase_kin_path_ties(&graph, &search, i, k);
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
	r = aidcase_kin_rules();
	aidcase_kin_start_graph(&graph, CurrentMemoryContext);
	at = aidcase_kin_node(&graph, PG_GETARG_INT64(0));
	aidcase_kin_fetch_listed(r, &graph, PG_GETARG_DATUM(1));

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
