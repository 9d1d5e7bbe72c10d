/*-------------------------------------------------------------------------
 *
 * kin_graph.c
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
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "kin.h"

#define FRONTIER_PORTION	10000

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

/* ---------------------------------------------------------------------
 * Ties
 */

void
aidcase_kin_start_graph(Graph *g, MemoryContext context)
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
int
aidcase_kin_node(Graph *g, int64 citizen)
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
	int			from = aidcase_kin_node(g, backwards ? relative : person);
	int			to = aidcase_kin_node(g, backwards ? person : relative);
	int			step;
	text	   *code;
	char		word[64];

	value = SPI_getbinval(tuple, desc, 3, &isnull);
	code = DatumGetTextPP(value);
	strlcpy(word, VARDATA_ANY(code), Min(sizeof(word), VARSIZE_ANY_EXHDR(code) + 1));
	step = aidcase_kin_relation(r, word);
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
	edge->parentage = isnull ? PARENTAGE_NONE : aidcase_kin_parentage(TextDatumGetCString(value));
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
	Oid			citizen = aidcase_citizen_id_type();
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
	aidcase_kin_prepare(&frontier_query);
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
void
aidcase_kin_fetch(const KinRules *r, Graph *g, const int32 *sources, int n, int max_hops)
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

/*
 * Fetches listed ties and adds each from both of its ends.
 */
void
aidcase_kin_fetch_listed(const KinRules *r, Graph *g, Datum ties)
{
	uint64		n,
				row;

	aidcase_kin_prepare(&tie_query);
	n = aidcase_run(&tie_query, &ties, NULL, 0);
	for (row = 0; row < n; row++)
	{
		add_edge(r, g, SPI_tuptable->vals[row], false);
		add_edge(r, g, SPI_tuptable->vals[row], true);
	}
	SPI_freetuptable(SPI_tuptable);
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

void
aidcase_kin_start_search(Search *search)
{
	search->room = 128;
	search->states = palloc(sizeof(State) * search->room);
	search->count = 0;
}

/*
 * All that people are to the source, within max_hops ties; day is the day on
 * which every tie must stand, or has_day is false.  The ties are fetched.
 */
void
aidcase_kin_search(const KinRules *r, const Graph *g, int32 source, int max_hops,
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
			int			result = *kin_next_slot(r, from.relation, from.reached_by, edge->step);

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
Datum
aidcase_kin_path_ties(const Graph *g, const Search *search, int32 source, int32 state)
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
