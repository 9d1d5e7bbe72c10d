/*-------------------------------------------------------------------------
 *
 * means_core.h
 *		Inside the computation of the means test: what means_core.c and
 *		means_amounts.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_MEANS_CORE_H
#define AIDCASE_MEANS_CORE_H

#include "means.h"

#define MONTHS		12			/* of a year */
#define SHARE_UNIT	INT64CONST(100000000)	/* shares are in 10^-8 */

/* What an obligor has to answer for. */
typedef struct ObligorStanding
{
	bool		able;			/* to perform */
	bool		owes;			/* by the formula */
	const ObligorRule *rule;	/* that was asked, NULL = none */
} ObligorStanding;

/* What is being computed. */
typedef struct Means
{
	const MeansFacts *f;
	const RuleSet *r;
	const KindList *kinds;		/* of income */
	const KindList *spending;	/* of expense */
	MeansResult *out;
	int			members;		/* counted */
	Money		standard;		/* a month and person, as shown */
	Money		annual[MEANS_PROGRAMMES];	/* not below zero */
	Money		net[MEANS_PROGRAMMES];
	int			able_members;
	int			able_obligors;
	ObligorStanding *obligors;
	bool		alone;			/* one member as a household of his own */
} Means;

/* ---------------------------------------------------------------------
 * Exact arithmetic
 */

/* The error of a product that does not fit. */
pg_noreturn extern void aidcase_means_out_of_range(void);

static inline int128
mul(int128 a, int128 b)
{
	int128		product;

	if (__builtin_mul_overflow(a, b, &product))
		aidcase_means_out_of_range();
	return product;
}

static inline int128
add(int128 a, int128 b)
{
	int128		sum;

	if (__builtin_add_overflow(a, b, &sum))
		aidcase_means_out_of_range();
	return sum;
}

/*
 * a / b to the nearest whole number, a tie away from zero; b is positive.
 */
static inline int128
nearest(int128 a, int128 b)
{
	int128		whole = a / b;
	int128		left = a % b;

	if (left < 0)
		left = -left;
	if (left >= b - left)
		whole += a < 0 ? -1 : 1;
	return whole;
}

/*
 * An amount times a value of a rule, to 16 decimals.
 */
static inline Money
times(Money amount, Fraction by)
{
	int128		product = mul(amount, by.num);

	return by.den == 1 ? product : nearest(product, by.den);
}

/*
 * Compares an amount with whole x a x b yuan.
 */
static inline int
compare(Money amount, int64 whole, Fraction a, Fraction b)
{
	int128		left = mul(mul(amount, a.den), b.den);
	int128		right = mul(mul(mul(mul(a.num, b.num), MONEY_YUAN), whole), 1);

	return (left > right) - (left < right);
}

/*
 * Half up to a fen.
 */
static inline int128
to_fen(Money amount)
{
	return nearest(amount, MONEY_FEN);
}

static inline int64
narrow(int128 fen)
{
	if (fen > PG_INT64_MAX / 100 || fen < -(PG_INT64_MAX / 100))
		aidcase_means_out_of_range();
	return (int64) fen;
}

/*
 * Complete years of age; negative before birth.
 */
static inline int
age_at(const MeansMember *m, int day)
{
	return day >= m->birth ? (day - m->birth) / 10000 : -1;
}

/*
 * Notes that a programme's result rests on a rule.
 */
static inline void
rests_on(Means *t, MeansProgramme programme, const RuleSource *source)
{
	if (source != NULL && source->illustrative)
		t->out->outcomes[programme].illustrative = true;
}

static inline MeansLine *
with_input(MeansLine *l, Money input)
{
	l->has_input = true;
	l->input = input;
	return l;
}

static inline MeansLine *
with_bound(MeansLine *l, Money bound)
{
	l->has_bound = true;
	l->bound = bound;
	return l;
}

static inline MeansLine *
with_amount(MeansLine *l, char basis, Money amount)
{
	l->basis = basis;
	l->has_amount = true;
	l->amount = amount;
	return l;
}

/* means_core.c */
extern MeansLine *aidcase_means_line(Means *t, MeansProgramme programme,
									 int seq, int64 k1, int64 k2,
									 const char *step, int64 member_id,
									 const char *rule,
									 const RuleSource *source);
extern void aidcase_means_missing(Means *t, char *sentence);
extern void aidcase_means_missing_rule(Means *t, const char *what);
extern Fraction aidcase_means_need(Means *t, const RuleValue *value);
extern Fraction aidcase_means_product(Fraction a, Fraction b);
extern bool *aidcase_means_verified(const MeansItem *items, int n,
									int members, int kinds);
extern void aidcase_means_household(const MeansFacts *facts,
									const RuleSet *rules,
									const KindList *income_kinds,
									const KindList *expense_kinds, bool alone,
									MeansResult *result);

/* means_persons.c */
extern bool aidcase_means_lasted(int since, int months, int day);
extern bool aidcase_means_belongs(Means *t, const MeansMember *m,
								  const GroupRule *g, int on);
extern void aidcase_means_obligors(Means *t);
extern void aidcase_means_obligor_lines(Means *t);

/* means_amounts.c */
extern Money aidcase_means_addons(Means *t, bool lines);
extern void aidcase_means_dibao(Means *t);
extern bool aidcase_means_single_persons(Means *t, bool low);
extern void aidcase_means_tekun(Means *t);
extern Money aidcase_means_expenses(Means *t, ExpenseUse use,
									MeansProgramme programme);
extern void aidcase_means_temp(Means *t, bool emergency, const char *class,
							   Money expense, bool *any);

extern bool aidcase_means_temp_applies(const RuleSet *r, int n, bool emergency,
									   const char *class);

/* Short names for what is written on every line. */
#define line			aidcase_means_line
#define missing_rule	aidcase_means_missing_rule
#define need			aidcase_means_need
#define product			aidcase_means_product
#define verified_kinds	aidcase_means_verified
#define belongs			aidcase_means_belongs
#define lasted			aidcase_means_lasted
#define temp_applies	aidcase_means_temp_applies

/*
 * Does an item count: of a counted member, and verified where anything of its
 * kind is.
 */
static inline bool
item_counts(const Means *t, const MeansItem *item, const bool *verified,
			int kinds)
{
	return t->f->members.items[item->member].counted &&
		(item->verified ||
		 !verified[item->member * kinds + item->kind]);
}

#endif							/* AIDCASE_MEANS_CORE_H */
