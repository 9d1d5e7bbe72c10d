/*-------------------------------------------------------------------------
 *
 * means_rules.h
 *		What means_copy.c, which reads the rules of the means test, and
 *		means_rules.c, which looks them up, share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_MEANS_RULES_H
#define AIDCASE_MEANS_RULES_H

#include "means.h"

/* The kinds of rows of the view. */
typedef enum RuleKind
{
	RULE_INCOME, RULE_EXPENSE, RULE_PROPERTY, RULE_EXEMPTION, RULE_ADDON,
	RULE_STACKING, RULE_ROUNDING, RULE_SUPPORT, RULE_IMPUTED, RULE_SINGLE,
	RULE_PROGRAMME, RULE_CARE, RULE_TEMP, RULE_BAND, RULE_GROUP,
	RULE_INCOME_KIND, RULE_EXPENSE_KIND, RULE_PROPERTY_KIND,
	RULE_PARAMETER_NAME, RULE_REASON, RULE_MEMBER, RULE_SITUATION,
	RULE_OBLIGOR, RULE_OBLIGOR_STATE, RULE_TIER, RULE_SPAN, RULE_KINDS
} RuleKind;

#define N_TEXTS		6
#define N_NUMBERS	5

/* A row of the view. */
typedef struct Rule
{
	char	   *code;
	char	   *programme;		/* NULL = every */
	char	   *area;			/* NULL: not of an area */
	DateADT		from;
	DateADT		until;
	int			sort;
	char	   *text[N_TEXTS];	/* t1 … t6 */
	int			n_list;
	char	  **list;
	bool		has[N_NUMBERS];
	int128		number[N_NUMBERS];	/* n1 … n5, in 10^-8 */
	RuleSource	source;
} Rule;

/* The copy: rows by kind, the nearest area first. */
typedef struct RuleCopy
{
	MemoryContext context;
	int			users;			/* books that point into it */
	int			n[RULE_KINDS];
	Rule	   *rules[RULE_KINDS];
	int			n_days;			/* on which anything begins or ends */
	DateADT    *days;
	int			n_areas;
	char	  **areas;			/* with rows of their own */
	KindList	incomes;
	KindList	expenses;
	KindList	properties;
	KindList	situations;
	KindList	obligor_states;
} RuleCopy;

/* means_copy.c */
extern RuleCopy *aidcase_hold_rules(Jsonb *supposed,
									MemoryContextCallback *at_end);
extern int128 aidcase_means_scaled(Datum value, const char *what);

#endif							/* AIDCASE_MEANS_RULES_H */
