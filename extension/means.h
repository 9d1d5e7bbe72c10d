/*-------------------------------------------------------------------------
 *
 * means.h
 *		What the parts of the means test share: exact amounts, the facts of a
 *		round, the rules in force, results and lines.
 *
 * means_copy.c keeps the rules, means_rules.c finds those in force,
 * means_facts.c reads the facts, means_core.c computes, means_assess.c returns
 * rows.  The core touches no table, clock or setting: equal facts and rules
 * give equal results and lines anywhere.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_MEANS_H
#define AIDCASE_MEANS_H

#include "nodes/pg_list.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#ifndef HAVE_INT128
#error "aidcase needs a compiler with 128-bit integers"
#endif

/*
 * An amount in units of 10^-16 yuan.  A fact is in fen, a share has at most
 * eight decimals, so that a product of both is exact.
 */
typedef int128 Money;

#define MONEY_DECIMALS_KEPT	16
#define MONEY_YUAN	((Money) INT64CONST(10000000000000000))
#define MONEY_FEN	((Money) INT64CONST(100000000000000))

/* A value of a rule, exact: a third is a third.  den > 0, reduced. */
typedef struct Fraction
{
	int128		num;
	int64		den;
} Fraction;

/* Where a rule comes from. */
typedef struct RuleSource
{
	int64		document_id;	/* 0 = none */
	const char *article;		/* NULL = none */
	bool		illustrative;
} RuleSource;

/* A parameter in force, or what to say when it is missing. */
typedef struct RuleValue
{
	bool		set;
	Fraction	value;
	RuleSource	source;
	const char *name;
	const char *programme;		/* NULL = none */
	const char *variant;		/* NULL = none */
	bool		of_rules;		/* of the day of the rules, else of this: */
	DateADT		day;
} RuleValue;

typedef enum MeansProgramme
{
	MEANS_DIBAO,
	MEANS_TEKUN,
	MEANS_TEMP,
	MEANS_LOW_INCOME,
	MEANS_RIGID,
	MEANS_PROGRAMMES			/* their number */
} MeansProgramme;

typedef enum MeansAbility
{
	ABILITY_ABLE, ABILITY_PARTIAL, ABILITY_LOST, ABILITY_NONE, ABILITY_COUNT
} MeansAbility;

typedef enum MeansHealth
{
	HEALTH_GOOD, HEALTH_CHRONIC, HEALTH_SERIOUS, HEALTH_COUNT
} MeansHealth;

#define DISABILITY_KINDS	7	/* see means_disabilities[] */
#define OBLIGOR_RELATIONS	6	/* see means_relations[] */
#define CARE_LEVELS			3	/* full, half, self */
#define CARE_MODES			2	/* centralised, dispersed */

extern const char *const means_programmes[MEANS_PROGRAMMES];
extern const char *const means_abilities[ABILITY_COUNT];
extern const char *const means_healths[HEALTH_COUNT];
extern const char *const means_disabilities[DISABILITY_KINDS];
extern const char *const means_relations[OBLIGOR_RELATIONS];
extern const char *const means_care_levels[CARE_LEVELS];
extern const char *const means_care_modes[CARE_MODES];

/* ---------------------------------------------------------------------
 * Facts of a round
 */
typedef struct MeansMember
{
	int64		member_id;
	int			birth;			/* as means_day() */
	bool		male;
	bool		counted;		/* as stored; the computation sets it by rule */
	bool		by_hand;		/* and that is a decision of a person */
	int			situation;		/* index into the rule book's, -1 = none */
	int			since;			/* first day of it, as means_day() */
	bool		no_obligor_here;	/* nobody he lives with owes him support */
	bool		apart;			/* tekun on his own: not of the rest */
	int			ability;		/* MeansAbility */
	int			health;			/* MeansHealth */
	int			disability;		/* kind, -1 = none */
	int			disability_level;
	int			unmet;			/* items of self-care not met, -1 = not
								 * assessed */
	int			care_mode;
} MeansMember;

typedef struct MeansItem
{
	int64		item_id;
	int			member;			/* index into the members */
	int			kind;			/* index into the rule book's kinds */
	bool		monthly;
	bool		verified;
	bool		exempt;
	int			quantity;
	int64		fen;
} MeansItem;

typedef struct MeansObligor
{
	int64		obligor_id;
	int			relation;
	int			household_size;
	int			persons_supported;
	int64		annual_fen;
	int64		paid_fen;		/* a month */
	bool		able;			/* false: somebody found that he is not */
	int			state;			/* index into the rule book's, -1 = none */
	bool		low_property;
} MeansObligor;

/* One list of facts that grows. */
#define FACT_LIST(type)	struct { type *items; int n; int room; }

typedef struct MeansFacts
{
	int64		round_id;
	int64		case_id;
	int64		village_id;
	char		area[13];		/* of the village */
	bool		rural;
	bool		emergency;
	bool		monitored;		/* classes that are recorded, not computed */
	bool		other_class;
	DateADT		rule_date;
	int			rule_day;		/* as means_day() */

	FACT_LIST(MeansMember) members;		/* by member_id */
	FACT_LIST(MeansItem) incomes;
	FACT_LIST(MeansItem) expenses;
	FACT_LIST(MeansItem) properties;
	FACT_LIST(MeansObligor) obligors;
} MeansFacts;

/* ---------------------------------------------------------------------
 * Rules in force
 */
typedef enum ExpenseUse
{
	EXPENSE_DEDUCT, EXPENSE_RIGID, EXPENSE_TEMP, EXPENSE_USES
} ExpenseUse;

/* What counts of a kind of income or expense. */
typedef struct KindRule
{
	bool		set;
	int64		share;			/* in units of 10^-8 */
	bool		capped;
	Money		cap;			/* a member and year */
	RuleSource	source;
} KindRule;

typedef enum GroupUse
{
	GROUP_ADDON, GROUP_SINGLE
} GroupUse;

/* Does a member in a situation count? */
typedef struct MemberRule
{
	const char *situation;
	bool		set;
	bool		counts;
	int			after_months;	/* of the situation; before, he counts */
	RuleSource	source;
} MemberRule;

/* A group of persons with its ages and levels. */
typedef struct GroupRule
{
	const char *code;
	bool		has_age_from;
	bool		has_age_below;
	bool		has_disability;
	int			health;			/* -1 = any */
	int			ability;		/* -1 = any */
	RuleValue	age_from;
	RuleValue	age_below;
	RuleValue	level[DISABILITY_KINDS];

	/* what it gives */
	bool		fixed;			/* an amount, not a share */
	Money		amount;
	Fraction	share;
	RuleValue	value;			/* of a single-person case: the share */
	bool		own;			/* by his own income, not a share */
	int			situation;		/* who may apply alone by it, -1 = by group */
	int			after_months;	/* of the situation */
	bool		no_work_income;
	RuleSource	source;
} GroupRule;

typedef enum PropertyLimitOf
{
	LIMIT_PLAIN, LIMIT_MONTHS, LIMIT_MULTIPLE
} PropertyLimitOf;

typedef struct PropertyRule
{
	const char *test;
	const char *parameter;
	const char *reason;
	bool		by_value;
	bool	   *kinds;			/* which kinds of property */
	PropertyLimitOf limit_of;
	RuleValue	limit;
	RuleSource	source;
	int			sort;
} PropertyRule;

typedef struct SupportRule
{
	bool		counted[OBLIGOR_RELATIONS];
	int			payers_from;
	int			payers_below;	/* INT_MAX = no end */
	RuleValue	rate;
	RuleSource	source;
} SupportRule;

/* What the state of an obligor means, where its conditions hold. */
typedef struct ObligorRule
{
	const char *state;
	bool		set;
	bool		able;			/* to perform, in the sense of tekun */
	bool		owes;			/* support by the formula */
	bool		by_income;
	bool		of_standard;	/* income against the standard, else the
								 * disposable income */
	bool		low_property;
	RuleValue	below;
	RuleSource	source;
} ObligorRule;

typedef struct ImputedRule
{
	bool		male;
	int			age_from;
	int			age_below;
	int			ability;
	RuleValue	base;
	RuleValue	share;
	RuleSource	source;
} ImputedRule;

typedef struct CareRule
{
	int			level;
	int			unmet_from;
	int			unmet_to;
	RuleSource	source;
} CareRule;

typedef enum TempMethod
{
	TEMP_RANGE, TEMP_MONTHS, TEMP_BANDS
} TempMethod;

typedef struct BandRule
{
	Money		from;
	Money		to;				/* -1 = no end */
	int64		rate;			/* in units of 10^-8 */
	bool		excess;
	Money		fixed;
	RuleSource	source;
} BandRule;

typedef struct BandSet
{
	int			n;
	BandRule   *bands;
} BandSet;

/* What a level of authority grants at least or at most at a time. */
typedef struct TierRule
{
	bool		set;
	Fraction	bound;
	bool		of_standard;	/* so many times the standard, else yuan */
	bool		per_person;
	RuleValue	standard;		/* of the day */
	RuleSource	source;
} TierRule;

typedef struct TempRule
{
	bool		emergency;
	const char *class;			/* NULL = every other */
	TempMethod	method;
	BandSet		bands;
	RuleValue	least;			/* months */
	RuleValue	most;
	RuleValue	cap;
	RuleValue	threshold;
	RuleSource	source;
} TempRule;

typedef struct RoundingRule
{
	bool		set;
	const char *mode;
	RuleSource	source;
} RoundingRule;

/* All rules for one area, residence and time of the rules. */
typedef struct RuleSet
{
	DateADT		benefit[MEANS_PROGRAMMES];	/* first month */
	int			benefit_day[MEANS_PROGRAMMES];	/* as means_day() */
	bool		in_force[MEANS_PROGRAMMES];

	RuleValue	start[MEANS_PROGRAMMES];
	RuleValue	standard;
	RuleValue	marginal;
	RuleValue	tekun_standard;
	RuleValue	work_cost;
	RuleValue	support_threshold;
	RuleValue	tekun_aged;
	RuleValue	tekun_minor;
	RuleValue	lost[DISABILITY_KINDS];
	RuleValue	floor_person;
	RuleValue	floor_household;
	RuleValue	disposable;		/* a year and person, of the year before */
	RuleValue	rigid_share;
	RuleValue	care_standard[CARE_LEVELS][CARE_MODES];

	KindRule   *income[MEANS_PROGRAMMES];	/* by kind; equal pointers: same */
	KindRule   *expense[EXPENSE_USES];

	RoundingRule rounding_dibao;
	RoundingRule rounding_tekun;
	RoundingRule rounding_care;
	RoundingRule rounding_temp;

	int			n_addons;
	GroupRule  *addons;
	bool		addons_add_up;
	MemberRule *members;		/* by situation */
	bool		tekun_by_person;	/* who may be destitute on his own */
	RuleSource	tekun_source;
	int			n_singles;
	GroupRule  *singles;
	int			n_properties[MEANS_PROGRAMMES];
	PropertyRule *properties[MEANS_PROGRAMMES];
	int			n_supports;
	SupportRule *supports;
	ObligorRule *obligors;		/* by state */
	int			low_income_state;	/* for who has no state, -1 = none */
	int			n_imputed;
	ImputedRule *imputed;
	int			n_care;
	CareRule   *care;
	TierRule	temp_least;		/* of temporary assistance */
	TierRule	temp_most;		/* by the unit */
	int			n_temps;
	TempRule   *temps;
	BandSet		dibao_bands;
	bool	   *exempt_any;		/* kinds of property that never count */
	Money	   *exempt_to;		/* items up to this value do not; -1 = none */
} RuleSet;

/* The kinds that items are of; the same for all rule sets of a call. */
typedef struct MeansKind
{
	const char *code;
	bool		wage;			/* real wages bear work cost */
	bool		work;			/* real work income */
	bool		imputed;
} MeansKind;

typedef struct KindList
{
	int			n;
	MeansKind  *kinds;			/* in order of code */
	int			n_slots;		/* of the hash table, a power of two */
	int		   *slots;			/* index + 1, 0 = free */
} KindList;

typedef struct RuleBook RuleBook;

/* ---------------------------------------------------------------------
 * Results
 */
#define MAX_REASONS	16

typedef struct MeansOutcome
{
	bool		made;			/* is the programme determined? */
	DateADT		benefit_month;
	int			members;
	bool		has_income;
	Money		annual;
	bool		has_standard;
	Money		standard;
	bool		eligible;
	int64		base_fen;
	int64		addon_fen;
	int64		care_fen;
	int64		potential_addon_fen;	/* also when not eligible */
	bool		has_range;
	int64		minimum_fen;
	int64		maximum_fen;
	const char *rounding;		/* NULL = none */
	int			n_reasons;
	const char *reasons[MAX_REASONS];
	bool		illustrative;
	int			n_persons;		/* 0 = all counted members */
	int64	   *persons;
} MeansOutcome;

typedef struct MeansLine
{
	MeansProgramme programme;
	int			seq;			/* order: seq, k1, k2 */
	int64		k1;
	int64		k2;
	const char *step;
	int64		member_id;		/* 0 = none */
	const char *rule;
	const char *article;
	int64		document_id;
	bool		illustrative;
	bool		has_input;
	bool		has_bound;
	bool		has_amount;
	char		basis;			/* 'm', 'y' or 0 */
	Money		input;
	Money		bound;
	Money		amount;
} MeansLine;

typedef struct MeansResult
{
	const char *class;			/* low-income class of the household */
	MeansOutcome outcomes[MEANS_PROGRAMMES];
	bool		want_lines;
	MeansLine  *lines;
	int			n_lines;
	int			room_lines;
	List	   *missing;		/* sentences, char *, distinct */
} MeansResult;

/* means_changes.c */
/* A parameter that is supposed. */
typedef struct MeansChange
{
	char	   *name;
	char	   *area;
	char	   *programme;
	char	   *variant;
	DateADT		from;
	Numeric		value;
	Numeric		divisor;
} MeansChange;

extern bool aidcase_means_supposes_rules(Jsonb *changes);
extern MeansChange *aidcase_means_changes(Jsonb *changes,
										  bool (*known) (void *arg, const char *name),
										  void *arg, int *n_changes);

/* means_core.c, means_persons.c */
extern void aidcase_means_compute(MeansFacts *facts, const RuleSet *rules,
								  const KindList *income_kinds,
								  const KindList *expense_kinds,
								  MeansResult *result);
extern const RuleSource *aidcase_means_standing(MeansMember *m,
												const RuleSet *rules,
												bool alone, int day);
extern int	aidcase_means_day(DateADT day);

/* means_rules.c */
extern RuleBook *aidcase_rule_book(DateADT on_date, bool has_month,
								   DateADT month, Jsonb *changes);
extern const RuleSet *aidcase_rule_set(RuleBook *book, const char *area,
									   bool rural, DateADT rule_date);
extern const KindList *aidcase_income_kinds(RuleBook *book);
extern const KindList *aidcase_expense_kinds(RuleBook *book);
extern const KindList *aidcase_property_kinds(RuleBook *book);
extern const KindList *aidcase_situations(RuleBook *book);
extern const KindList *aidcase_obligor_states(RuleBook *book);
extern int	aidcase_kind_index(const KindList *list, const char *code,
							   int length);
extern const char *aidcase_reason_article(RuleBook *book, const char *reason);

/* means_facts.c */
typedef struct FactReader FactReader;

extern FactReader *aidcase_open_facts(RuleBook *book, DateADT on_date);
extern bool aidcase_read_facts(FactReader *reader, int64 round_id,
							   MeansFacts *facts);
extern void aidcase_close_facts(FactReader *reader);

/* means_test.c */
extern bool aidcase_read_scaled(Datum value, int128 *scaled);
extern Numeric aidcase_scaled_to_numeric(int128 value, int decimals);
extern bool aidcase_gap_fen(Fraction standard, int members, Money income,
							int months, const char *rounding, int128 *fen);

#endif							/* AIDCASE_MEANS_H */
