/*-------------------------------------------------------------------------
 *
 * kin.h
 *		Kinship: what kin_rules.c, kin_graph.c and kin.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_KIN_H
#define AIDCASE_KIN_H

#include "access/htup.h"
#include "utils/date.h"
#include "utils/hsearch.h"

#include "aidcase.h"

#define MAX_HOPS			6	/* as the CHECK of kin_rule_set.max_hops */
#define MAX_RELATIONS		64	/* a set of relations is one uint64 */
#define STATE_HEADS			1024	/* a power of two */

/* Kinds of parentage; one that is not stated counts as by blood. */
typedef enum Parentage
{
	PARENTAGE_NONE = 0,
	PARENTAGE_BLOOD,
	PARENTAGE_ADOPTIVE,
	PARENTAGE_STEP
} Parentage;

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

/* Where a person's node is. */
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

/* What a further tie makes of somebody: a place of KinRules.next. */
static inline int8 *
kin_next_slot(const KinRules *r, int relation, int reached_by, int step)
{
	return &r->next[(relation * r->count + reached_by) * r->count + step];
}

/*
 * kin_rules.c: relations, rules and what counts.  The caller is connected to
 * SPI.
 */

/* The rules in force; they stay as they are until the transaction's end. */
extern const KinRules *aidcase_kin_rules(void);

/* A relation by its code; -1 when there is none. */
extern int	aidcase_kin_relation(const KinRules *r, const char *code);

/* A kind of parentage by its code; NULL is none. */
extern Parentage aidcase_kin_parentage(const char *code);

/* Everything, to any distance. */
extern void aidcase_kin_wide_scope(const KinRules *r, KinScope *scope);

/* The rule sets in force on a day, in the caller's context; their number. */
extern int	aidcase_kin_scopes(const KinRules *r, DateADT day, KinScope **scopes);

/* The rule set of one effect on a day; error 22704 when there is none. */
extern void aidcase_kin_scope(const KinRules *r, const char *effect, DateADT day,
							  KinScope *scope);

/* Text of a column of SPI's present result, or NULL. */
extern char *aidcase_kin_text(HeapTuple tuple, int column);

/* Prepares a kept plan that is the same for any parameters. */
extern void aidcase_kin_prepare(KeptPlan *kept);

/*
 * kin_graph.c: ties and the search.  Graphs live in the context that they
 * were started with, searches in the one that is current.
 */

extern void aidcase_kin_start_graph(Graph *g, MemoryContext context);

/* The node of a person, made when there is none. */
extern int	aidcase_kin_node(Graph *g, int64 citizen);

/* The ties of everybody whom searches from the sources pass through. */
extern void aidcase_kin_fetch(const KinRules *r, Graph *g, const int32 *sources,
							  int n, int max_hops);

/* The ties of a list of their numbers (bigint[]), seen from both ends. */
extern void aidcase_kin_fetch_listed(const KinRules *r, Graph *g, Datum ties);

extern void aidcase_kin_start_search(Search *search);

/* All that people are to the source, within max_hops of the fetched ties. */
extern void aidcase_kin_search(const KinRules *r, const Graph *g, int32 source,
							   int max_hops, const KinScope *scope, bool has_day,
							   DateADT day, Search *search);

/* The ties of a state's path, in order, as bigint[]. */
extern Datum aidcase_kin_path_ties(const Graph *g, const Search *search,
								   int32 source, int32 state);

#endif							/* AIDCASE_KIN_H */
