/*-------------------------------------------------------------------------
 *
 * means_rules.c
 *		The rules of the means test in force for an area and a day.
 *
 * A rule book belongs to one call: the day, the month whose amounts are asked
 * for, changes to suppose.  It resolves a rule set per area, residence and
 * time of the rules.  Between two days on which anything begins or ends, and
 * within one calendar year, rule sets are the same; villages without rules of
 * their own share that of the area above.  A province over ten years needs
 * some hundred sets, not one per household.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/datetime.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "aidcase.h"
#include "compat.h"
#include "means_rules.h"

#define SHARE_UNIT	INT64CONST(100000000)
#define AREA_SIZE	13

typedef struct SetKey
{
	char		area[AREA_SIZE + 3];	/* keeps the key without holes */
	int64		period;
	int64		rural;
} SetKey;

typedef struct SetEntry
{
	SetKey		key;
	RuleSet    *set;
} SetEntry;

struct RuleBook
{
	MemoryContext context;
	RuleCopy   *copy;			/* kept while the book is */
	MemoryContextCallback at_end;
	DateADT		on_date;
	bool		has_month;
	DateADT		month;
	int			n_changes;
	MeansChange *changes;
	HTAB	   *sets;
};

/* ---------------------------------------------------------------------
 * Looking up
 */

/*
 * Is an area the one asked for, or above it?
 */
static bool
area_covers(const char *area, const char *of)
{
	size_t		length = strlen(area);

	if (strcmp(area, "0") == 0)
		return true;
	if (strncmp(area, of, length) == 0)
		return true;
	if (length == 6 && strcmp(area + 2, "0000") == 0)
		return strncmp(area, of, 2) == 0;
	if (length == 6 && strcmp(area + 4, "00") == 0)
		return strncmp(area, of, 4) == 0;
	return false;
}

static inline bool
in_force(const Rule *rule, const char *area, DateADT day)
{
	return day >= rule->from && day < rule->until &&
		(rule->area == NULL || area_covers(rule->area, area));
}

static inline bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const KindList *
aidcase_income_kinds(RuleBook *book)
{
	return &book->copy->incomes;
}

const KindList *
aidcase_expense_kinds(RuleBook *book)
{
	return &book->copy->expenses;
}

const KindList *
aidcase_property_kinds(RuleBook *book)
{
	return &book->copy->properties;
}

const KindList *
aidcase_situations(RuleBook *book)
{
	return &book->copy->situations;
}

const KindList *
aidcase_obligor_states(RuleBook *book)
{
	return &book->copy->obligor_states;
}

/*
 * The article that a refusal names; NULL when the reason is not listed.
 */
const char *
aidcase_reason_article(RuleBook *book, const char *reason)
{
	int			i;

	for (i = 0; i < book->copy->n[RULE_REASON]; i++)
	{
		if (strcmp(book->copy->rules[RULE_REASON][i].code, reason) == 0)
			return book->copy->rules[RULE_REASON][i].source.article;
	}
	return NULL;
}

/*
 * numerator / denominator, both in units of 10^-8, reduced.
 */
static Fraction
fraction(int128 num, int128 den, const char *what)
{
	int128		x = num < 0 ? -num : num;
	int128		y = den;
	Fraction	result;

	while (y != 0)
	{
		int128		rest = x % y;

		x = y;
		y = rest;
	}
	if (x > 1)
	{
		num /= x;
		den /= x;
	}
	if (den > PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the value of \"%s\" has too many digits", what),
				 errdetail("Numerator and divisor of a parameter cannot be reduced far enough."),
				 errhint("Write it with fewer decimals.")));
	result.num = num;
	result.den = (int64) den;
	return result;
}

/*
 * A parameter in force, or what to say when it is missing.
 */
static void
resolve(const char *area, RuleValue *value, const char *name,
		const char *programme, const char *variant, DateADT day)
{
	ParameterFound found;

	value->of_rules = true;		/* resolve_at() says otherwise */

	value->name = name;
	value->programme = programme;
	value->variant = variant;
	value->day = day;
	value->set = aidcase_find_parameter(name, area, day, programme, variant,
										&found);
	if (!value->set)
		return;
	value->value = fraction(aidcase_means_scaled(NumericGetDatum(found.value), name),
							aidcase_means_scaled(NumericGetDatum(found.divisor), name), name);
	value->source.document_id = found.document_id;
	value->source.article = found.article;
	value->source.illustrative = found.illustrative;
}

/*
 * The same on a day that is not that of the rules.
 */
static void
resolve_at(const char *area, RuleValue *value, const char *name,
		   const char *programme, const char *variant, DateADT day)
{
	resolve(area, value, name, programme, variant, day);
	value->of_rules = false;
}

static DateADT
month_after(DateADT day, int months)
{
	int			y;
	int			m;
	int			d;

	j2date(day + POSTGRES_EPOCH_JDATE, &y, &m, &d);
	m += months - 1;
	y += m / 12;
	m = m % 12 + 1;
	return date2j(y, m, 1) - POSTGRES_EPOCH_JDATE;
}

/*
 * Conditions of a group of persons.
 */
static void
resolve_group(RuleBook *book, const char *area, GroupRule *g, const char *code,
			  const char *programme, DateADT day)
{
	RuleCopy   *c = book->copy;
	const Rule *row = NULL;
	int			i;

	for (i = 0; i < c->n[RULE_GROUP]; i++)
	{
		if (strcmp(c->rules[RULE_GROUP][i].code, code) == 0)
			row = &c->rules[RULE_GROUP][i];
	}
	if (row == NULL)
		elog(ERROR, "there is no group of persons \"%s\"", code);
	g->code = row->code;
	g->has_age_from = row->text[0] != NULL;
	if (g->has_age_from)
		resolve(area, &g->age_from, row->text[0], programme, row->text[2], day);
	g->has_age_below = row->text[1] != NULL;
	if (g->has_age_below)
		resolve(area, &g->age_below, row->text[1], programme, row->text[2], day);
	g->has_disability = row->text[3] != NULL;
	for (i = 0; g->has_disability && i < DISABILITY_KINDS; i++)
		resolve(area, &g->level[i], row->text[3], programme,
				means_disabilities[i], day);
	g->health = g->ability = -1;
	for (i = 0; i < HEALTH_COUNT; i++)
	{
		if (row->text[4] != NULL && strcmp(row->text[4], means_healths[i]) == 0)
			g->health = i;
	}
	for (i = 0; i < ABILITY_COUNT; i++)
	{
		if (row->text[5] != NULL && strcmp(row->text[5], means_abilities[i]) == 0)
			g->ability = i;
	}
}

/*
 * What counts of each kind of income for a programme, or of expense for a
 * use.  *own: is there a rule for this very programme?
 */
static KindRule *
resolve_kinds(RuleBook *book, RuleKind which, const KindList *kinds,
			  const char *area, DateADT day, const char *programme,
			  const char *use, bool *own)
{
	RuleCopy   *c = book->copy;
	KindRule   *result = (KindRule *) palloc0((kinds->n + 1) * sizeof(KindRule));
	int			i;

	*own = false;
	for (i = 0; i < c->n[which]; i++)
	{
		const Rule *row = &c->rules[which][i];
		int			k;

		if (!in_force(row, area, day) ||
			(use != NULL && !same(row->text[0], use)) ||
			(row->programme != NULL && !same(row->programme, programme)))
			continue;
		k = aidcase_kind_index(kinds, row->code, strlen(row->code));
		if (k < 0 || result[k].set)
			continue;			/* a nearer area's goes before */
		if (row->programme != NULL)
			*own = true;
		result[k].set = true;
		result[k].share = (int64) row->number[0];
		result[k].capped = row->has[1];
		result[k].cap = row->number[1] * SHARE_UNIT;	/* 10^-8 to 10^-16 */
		result[k].source = row->source;
	}
	return result;
}

static void
resolve_rounding(RuleBook *book, const char *area, DateADT day,
				 const char *programme, const char *component,
				 RoundingRule *result)
{
	RuleCopy   *c = book->copy;
	int			i;

	for (i = 0; i < c->n[RULE_ROUNDING]; i++)
	{
		const Rule *row = &c->rules[RULE_ROUNDING][i];

		if (in_force(row, area, day) && same(row->programme, programme) &&
			same(row->code, component))
		{
			result->set = true;
			result->mode = row->text[0];
			result->source = row->source;
			return;
		}
	}
}

static BandSet
resolve_bands(RuleBook *book, const char *area, DateADT day,
			  const char *band_set)
{
	RuleCopy   *c = book->copy;
	BandSet		result = {0, NULL};
	const char *nearest = NULL;
	int			i;

	result.bands = (BandRule *) palloc0((c->n[RULE_BAND] + 1) * sizeof(BandRule));
	for (i = 0; i < c->n[RULE_BAND]; i++)
	{
		const Rule *row = &c->rules[RULE_BAND][i];
		BandRule   *band;

		if (!in_force(row, area, day) || !same(row->code, band_set) ||
			(nearest != NULL && !same(nearest, row->area)))
			continue;
		nearest = row->area;
		band = &result.bands[result.n++];
		band->from = row->number[0] * SHARE_UNIT;
		band->to = row->has[1] ? row->number[1] * SHARE_UNIT : -1;
		band->rate = (int64) row->number[2];
		band->excess = row->number[3] != 0;
		band->fixed = row->number[4] * SHARE_UNIT;
		band->source = row->source;
	}
	return result;
}

/*
 * What a level grants of temporary assistance.
 */
static void
resolve_tier(RuleBook *book, const char *area, const char *residence,
			 DateADT day, const char *level, TierRule *result)
{
	RuleCopy   *c = book->copy;
	int			i;

	for (i = 0; i < c->n[RULE_TIER]; i++)
	{
		const Rule *row = &c->rules[RULE_TIER][i];

		if (!in_force(row, area, day) || !same(row->code, level) ||
			!same(row->programme, means_programmes[MEANS_TEMP]))
			continue;
		result->set = row->has[0];	/* without a bound there is no range */
		if (result->set)
			result->bound = fraction(row->number[0], SHARE_UNIT, "authority_tier");
		result->of_standard = same(row->text[0], "standard");
		if (result->of_standard)
			resolve_at(area, &result->standard, "dibao_standard", "dibao",
					   residence, day);
		result->per_person = same(row->text[1], "person");
		result->source = row->source;
		return;
	}
}

/*
 * Tests of property of a programme: those of the nearest area that has any,
 * and there of each test the programme's own row before the general one.
 */
static void
resolve_properties(RuleBook *book, const char *area, DateADT day, RuleSet *set,
				   MeansProgramme p)
{
	RuleCopy   *c = book->copy;
	const char *nearest = NULL;
	int			i;
	int			j;

	set->properties[p] = (PropertyRule *)
		palloc0((c->n[RULE_PROPERTY] + 1) * sizeof(PropertyRule));
	for (i = 0; i < c->n[RULE_PROPERTY]; i++)
	{
		const Rule *row = &c->rules[RULE_PROPERTY][i];
		PropertyRule *test;
		bool		taken = false;

		if (!in_force(row, area, day) ||
			(row->programme != NULL && !same(row->programme, means_programmes[p])) ||
			(nearest != NULL && !same(nearest, row->area)))
			continue;
		nearest = row->area;
		for (j = 0; j < set->n_properties[p]; j++)
			taken = taken || same(set->properties[p][j].test, row->code);
		if (taken)
			continue;
		test = &set->properties[p][set->n_properties[p]++];
		test->test = row->code;
		test->parameter = row->text[0];
		test->by_value = strcmp(row->text[1], "value") == 0;
		test->reason = row->text[2];
		test->sort = row->sort;
		test->source = row->source;
		test->kinds = (bool *) palloc0(c->properties.n + 1);
		for (j = 0; j < row->n_list; j++)
		{
			int			k = aidcase_kind_index(&c->properties, row->list[j],
											   strlen(row->list[j]));

			if (k < 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("test of property \"%s\" names kind \"%s\", which does not exist",
								row->code, row->list[j]),
						 errhint("The kinds are those of table aidcase.property_kind.")));
			test->kinds[k] = true;
		}
		for (j = 0; j < c->n[RULE_PARAMETER_NAME]; j++)
		{
			const Rule *name = &c->rules[RULE_PARAMETER_NAME][j];

			if (!same(name->code, test->parameter))
				continue;
			if (same(name->text[0], "months"))
				test->limit_of = LIMIT_MONTHS;
			else if (same(name->text[0], "multiple"))
				test->limit_of = LIMIT_MULTIPLE;
			else
				test->limit_of = LIMIT_PLAIN;
		}
		resolve(area, &test->limit, test->parameter, means_programmes[p], NULL, day);
	}
}

/*
 * All rules for an area, residence and day of the rules.
 */
static RuleSet *
resolve_set(RuleBook *book, const char *area, bool rural, DateADT day)
{
	RuleCopy   *c = book->copy;
	RuleSet    *s = (RuleSet *) palloc0(sizeof(RuleSet));
	const char *residence = rural ? "rural" : "urban";
	const char *nearest;
	DateADT		month;
	bool		own;
	bool		tekun_said = false;
	int			p;
	int			i;
	int			j;

	for (i = c->n[RULE_PROGRAMME] - 1; i >= 0; i--)
	{
		const Rule *row = &c->rules[RULE_PROGRAMME][i];

		for (p = 0; p < MEANS_PROGRAMMES; p++)
		{
			/* from the widest area to the nearest, which has the last word */
			if (in_force(row, area, day) && same(row->programme, means_programmes[p]))
				s->in_force[p] = row->number[0] != 0;
		}
	}
	for (p = 0; p < MEANS_PROGRAMMES; p++)
	{
		RuleValue  *start = &s->start[p];

		resolve_at(area, start, "benefit_start_months", means_programmes[p], NULL,
				book->on_date);
		if (book->has_month)
			s->benefit[p] = book->month;
		else
			s->benefit[p] = !start->set ? book->on_date :
				month_after(book->on_date,
							(int) (start->value.num / start->value.den));
		s->benefit_day[p] = aidcase_means_day(s->benefit[p]);
	}
	month = s->benefit[MEANS_DIBAO];

	resolve_at(area, &s->standard, "dibao_standard", "dibao", residence, month);
	resolve_at(area, &s->tekun_standard, "tekun_standard", "tekun", residence,
			   s->benefit[MEANS_TEKUN]);
	resolve(area, &s->marginal, "marginal_multiple", "low_income", NULL, day);
	resolve(area, &s->work_cost, "work_cost_share", "dibao", NULL, day);
	resolve(area, &s->support_threshold, "support_threshold_multiple", "dibao", NULL, day);
	resolve(area, &s->tekun_aged, "aged_from", "tekun", NULL, day);
	resolve(area, &s->tekun_minor, "minor_below", "tekun", NULL, day);
	for (i = 0; i < DISABILITY_KINDS; i++)
		resolve(area, &s->lost[i], "lost_ability_level", "tekun",
				means_disabilities[i], day);
	resolve(area, &s->floor_person, "floor_share", "dibao", "person", day);
	resolve(area, &s->floor_household, "floor_share", "dibao", "household", day);
	resolve(area, &s->disposable, "disposable_income", NULL, residence, day);
	resolve(area, &s->rigid_share, "rigid_expense_share", "rigid_expense", NULL, day);
	for (i = 0; s->in_force[MEANS_TEKUN] && i < CARE_LEVELS; i++)
	{
		for (j = 0; j < CARE_MODES; j++)
			resolve_at(area, &s->care_standard[i][j], "care_standard", "tekun",
					psprintf("%s/%s", means_care_levels[i], means_care_modes[j]),
					s->benefit[MEANS_TEKUN]);
	}

	for (p = 0; p < MEANS_PROGRAMMES; p++)
	{
		s->income[p] = resolve_kinds(book, RULE_INCOME, &c->incomes, area, day,
									 means_programmes[p], NULL, &own);
		if (p != MEANS_DIBAO && !own)
		{
			bool		own_dibao;

			/* dibao's rules are the household's; others share them */
			(void) resolve_kinds(book, RULE_INCOME, &c->incomes, area, day,
								 means_programmes[MEANS_DIBAO], NULL, &own_dibao);
			if (!own_dibao)
			{
				pfree(s->income[p]);
				s->income[p] = s->income[MEANS_DIBAO];
			}
		}
		if (s->in_force[p])
			resolve_properties(book, area, day, s, p);
	}
	s->expense[EXPENSE_DEDUCT] = resolve_kinds(book, RULE_EXPENSE, &c->expenses,
											   area, day, NULL, "deduct", &own);
	s->expense[EXPENSE_RIGID] = resolve_kinds(book, RULE_EXPENSE, &c->expenses,
											  area, day, NULL, "rigid", &own);
	s->expense[EXPENSE_TEMP] = resolve_kinds(book, RULE_EXPENSE, &c->expenses,
											 area, day, NULL, "temp", &own);

	resolve_rounding(book, area, day, "dibao", "base", &s->rounding_dibao);
	resolve_rounding(book, area, day, "tekun", "base", &s->rounding_tekun);
	resolve_rounding(book, area, day, "tekun", "care", &s->rounding_care);
	resolve_rounding(book, area, day, "temp_assistance", "base", &s->rounding_temp);
	s->dibao_bands = resolve_bands(book, area, day, "dibao_amount");

	s->exempt_any = (bool *) palloc0(c->properties.n + 1);
	s->exempt_to = (Money *) palloc((c->properties.n + 1) * sizeof(Money));
	for (i = 0; i <= c->properties.n; i++)
		s->exempt_to[i] = -1;
	for (i = 0; i < c->n[RULE_EXEMPTION]; i++)
	{
		const Rule *row = &c->rules[RULE_EXEMPTION][i];
		int			k = aidcase_kind_index(&c->properties, row->code, strlen(row->code));

		if (!in_force(row, area, day) || k < 0 || s->exempt_any[k] ||
			s->exempt_to[k] >= 0)
			continue;
		if (row->has[0])
			s->exempt_to[k] = row->number[0] * SHARE_UNIT;
		else
			s->exempt_any[k] = true;
	}

	s->addons = (GroupRule *) palloc0((c->n[RULE_ADDON] + 1) * sizeof(GroupRule));
	for (i = 0; i < c->n[RULE_ADDON]; i++)
	{
		const Rule *row = &c->rules[RULE_ADDON][i];
		GroupRule  *g;
		bool		taken = false;

		if (!in_force(row, area, day) || !same(row->programme, "dibao") ||
			(row->text[0] != NULL && !same(row->text[0], residence)))
			continue;
		for (j = 0; j < s->n_addons; j++)
			taken = taken || same(s->addons[j].code, row->code);
		if (taken)
			continue;
		g = &s->addons[s->n_addons++];
		resolve_group(book, area, g, row->code, "dibao", day);
		g->fixed = row->has[1];
		if (g->fixed)
			g->amount = row->number[1] * SHARE_UNIT;
		else
			g->share = fraction(row->number[0], SHARE_UNIT, "addon_rule");
		g->source = row->source;
	}
	for (i = 0; i < c->n[RULE_STACKING]; i++)
	{
		const Rule *row = &c->rules[RULE_STACKING][i];

		if (in_force(row, area, day) && same(row->programme, "dibao"))
		{
			s->addons_add_up = same(row->text[0], "sum");
			break;
		}
	}

	s->members = (MemberRule *) palloc0((c->situations.n + 1) * sizeof(MemberRule));
	for (i = 0; i < c->situations.n; i++)
		s->members[i].situation = c->situations.kinds[i].code;
	for (i = 0; i < c->n[RULE_MEMBER]; i++)
	{
		const Rule *row = &c->rules[RULE_MEMBER][i];
		MemberRule *rule;
		int			k = aidcase_kind_index(&c->situations, row->code, strlen(row->code));

		if (!in_force(row, area, day) || k < 0 || s->members[k].set)
			continue;			/* a nearer area's goes before */
		rule = &s->members[k];
		rule->set = true;
		rule->counts = row->number[0] != 0;
		rule->after_months = (int) (row->number[1] / SHARE_UNIT);
		rule->source = row->source;
	}

	s->singles = (GroupRule *) palloc0((c->n[RULE_SINGLE] + 1) * sizeof(GroupRule));
	for (i = 0; i < c->n[RULE_SINGLE]; i++)
	{
		const Rule *row = &c->rules[RULE_SINGLE][i];
		GroupRule  *g;
		bool		taken = false;

		if (!in_force(row, area, day))
			continue;
		if (same(row->programme, means_programmes[MEANS_TEKUN]))
		{
			/* the nearest area's has the word */
			if (!tekun_said)
			{
				s->tekun_by_person = row->number[0] != 0;
				s->tekun_source = row->source;
			}
			tekun_said = true;
			continue;
		}
		for (j = 0; j < i; j++)
			taken = taken || (same(c->rules[RULE_SINGLE][j].code, row->code) &&
							  same(c->rules[RULE_SINGLE][j].text[0], row->text[0]) &&
							  in_force(&c->rules[RULE_SINGLE][j], area, day));
		if (taken || row->number[0] == 0)
			continue;
		g = &s->singles[s->n_singles++];
		g->own = same(row->text[0], "own");
		g->situation = -1;
		g->after_months = (int) (row->number[1] / SHARE_UNIT);
		g->no_work_income = row->number[2] != 0;
		if (row->text[2] != NULL)
		{
			g->code = row->code;
			g->situation = aidcase_kind_index(&c->situations, row->code,
											  strlen(row->code));
		}
		else
			resolve_group(book, area, g, row->code, "dibao", day);
		if (!g->own)
			resolve(area, &g->value, "single_person_share", "dibao", row->text[1], day);
		g->source = row->source;
	}

	s->supports = (SupportRule *) palloc0((c->n[RULE_SUPPORT] + 1) * sizeof(SupportRule));
	for (i = 0, nearest = NULL; i < c->n[RULE_SUPPORT]; i++)
	{
		const Rule *row = &c->rules[RULE_SUPPORT][i];
		SupportRule *rule;
		int			k;

		if (!in_force(row, area, day) || (nearest != NULL && !same(nearest, row->area)))
			continue;
		nearest = row->area;
		rule = &s->supports[s->n_supports++];
		for (j = 0; j < row->n_list; j++)
		{
			for (k = 0; k < OBLIGOR_RELATIONS; k++)
			{
				if (strcmp(row->list[j], means_relations[k]) == 0)
					rule->counted[k] = true;
			}
		}
		rule->payers_from = (int) (row->number[0] / SHARE_UNIT);
		rule->payers_below = row->has[1] ? (int) (row->number[1] / SHARE_UNIT) : INT_MAX;
		resolve(area, &rule->rate, "support_rate", "dibao", row->code, day);
		rule->source = row->source;
	}

	s->obligors = (ObligorRule *)
		palloc0((c->obligor_states.n + 1) * sizeof(ObligorRule));
	for (i = 0; i < c->obligor_states.n; i++)
		s->obligors[i].state = c->obligor_states.kinds[i].code;
	for (i = 0; i < c->n[RULE_OBLIGOR]; i++)
	{
		const Rule *row = &c->rules[RULE_OBLIGOR][i];
		ObligorRule *rule;
		int			k = aidcase_kind_index(&c->obligor_states, row->code,
										   strlen(row->code));

		if (!in_force(row, area, day) || k < 0 || s->obligors[k].set)
			continue;			/* a nearer area's goes before */
		rule = &s->obligors[k];
		rule->set = true;
		rule->able = row->number[0] != 0;
		rule->owes = row->number[1] != 0;
		rule->low_property = row->number[2] != 0;
		rule->by_income = row->text[0] != NULL;
		if (rule->by_income)
		{
			rule->of_standard = same(row->text[1], "dibao_standard");
			resolve(area, &rule->below, row->text[0], "tekun", NULL, day);
		}
		rule->source = row->source;
	}
	s->low_income_state = aidcase_kind_index(&c->obligor_states, "low_income", 10);
	if (s->low_income_state >= 0 && !s->obligors[s->low_income_state].set)
		s->low_income_state = -1;

	s->imputed = (ImputedRule *) palloc0((c->n[RULE_IMPUTED] + 1) * sizeof(ImputedRule));
	for (i = 0, nearest = NULL; i < c->n[RULE_IMPUTED]; i++)
	{
		const Rule *row = &c->rules[RULE_IMPUTED][i];
		ImputedRule *rule;

		if (!in_force(row, area, day) || (nearest != NULL && !same(nearest, row->area)))
			continue;
		nearest = row->area;
		rule = &s->imputed[s->n_imputed++];
		rule->male = same(row->text[0], "male");
		rule->ability = same(row->text[1], "able") ? ABILITY_ABLE : ABILITY_PARTIAL;
		rule->age_from = (int) (row->number[0] / SHARE_UNIT);
		rule->age_below = row->has[1] ? (int) (row->number[1] / SHARE_UNIT) : INT_MAX;
		resolve(area, &rule->base, row->text[2], "dibao",
				same(row->text[2], "dibao_standard") ? residence : NULL, day);
		resolve(area, &rule->share, "imputed_share", "dibao", row->code, day);
		rule->source = row->source;
	}

	s->care = (CareRule *) palloc0((c->n[RULE_CARE] + 1) * sizeof(CareRule));
	for (i = 0, nearest = NULL; i < c->n[RULE_CARE]; i++)
	{
		const Rule *row = &c->rules[RULE_CARE][i];
		CareRule   *rule;

		if (!in_force(row, area, day) || (nearest != NULL && !same(nearest, row->area)))
			continue;
		nearest = row->area;
		rule = &s->care[s->n_care++];
		for (j = 0; j < CARE_LEVELS; j++)
		{
			if (same(row->code, means_care_levels[j]))
				rule->level = j;
		}
		rule->unmet_from = (int) (row->number[0] / SHARE_UNIT);
		rule->unmet_to = (int) (row->number[1] / SHARE_UNIT);
		rule->source = row->source;
	}

	s->temps = (TempRule *) palloc0((c->n[RULE_TEMP] + 1) * sizeof(TempRule));
	for (i = 0; i < c->n[RULE_TEMP]; i++)
	{
		const Rule *row = &c->rules[RULE_TEMP][i];
		TempRule   *rule;
		bool		farther = false;
		/* emergency aid is judged by the day it is given */
		DateADT		amounts = same(row->code, "emergency") ? book->on_date : day;

		if (!in_force(row, area, day))
			continue;
		for (j = 0; j < i; j++)
			farther = farther || (same(c->rules[RULE_TEMP][j].code, row->code) &&
								  in_force(&c->rules[RULE_TEMP][j], area, day) &&
								  !same(c->rules[RULE_TEMP][j].area, row->area));
		if (farther)
			continue;
		rule = &s->temps[s->n_temps++];
		rule->emergency = same(row->code, "emergency");
		rule->class = row->text[0];
		rule->source = row->source;
		if (same(row->text[1], "range"))
		{
			rule->method = TEMP_RANGE;
			resolve_tier(book, area, residence, amounts, "below_minimum", &s->temp_least);
			resolve_tier(book, area, residence, amounts, "unit", &s->temp_most);
		}
		else if (same(row->text[1], "months"))
		{
			rule->method = TEMP_MONTHS;
			resolve_at(area, &rule->least, "temp_months_min", "temp_assistance", row->text[2], amounts);
			resolve_at(area, &rule->most, "temp_months_max", "temp_assistance", row->text[2], amounts);
		}
		else
		{
			rule->method = TEMP_BANDS;
			rule->bands = resolve_bands(book, area, day, row->text[3]);
		}
		resolve_at(area, &rule->cap, "temp_cap", "temp_assistance", row->text[2], amounts);
		resolve_at(area, &rule->threshold, "temp_threshold", "temp_assistance", row->text[2], amounts);
	}
	return s;
}

/* ---------------------------------------------------------------------
 * The book of one call
 */

/*
 * Is there such a parameter?
 */
static bool
known_parameter(void *arg, const char *name)
{
	const RuleCopy *c = (const RuleCopy *) arg;
	int			i;

	for (i = 0; i < c->n[RULE_PARAMETER_NAME]; i++)
	{
		if (strcmp(c->rules[RULE_PARAMETER_NAME][i].code, name) == 0)
			return true;
	}
	return false;
}

/*
 * The rules of a call, in the current context, which it lives as long as.
 */
RuleBook *
aidcase_rule_book(DateADT on_date, bool has_month, DateADT month,
				  Jsonb *changes)
{
	RuleBook   *book = (RuleBook *) palloc0(sizeof(RuleBook));
	HASHCTL		ctl;

	book->context = CurrentMemoryContext;
	book->copy = aidcase_hold_rules(aidcase_means_supposes_rules(changes) ? changes : NULL,
									&book->at_end);
	book->on_date = on_date;
	book->has_month = has_month;
	book->month = month;
	if (changes != NULL)
		book->changes = aidcase_means_changes(changes, known_parameter,
											  book->copy, &book->n_changes);

	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(SetKey);
	ctl.entrysize = sizeof(SetEntry);
	ctl.hcxt = CurrentMemoryContext;
	book->sets = hash_create("aidcase rule sets", 64, &ctl,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return book;
}

/*
 * The same with the changes supposed meanwhile.
 */
static RuleSet *
resolve_supposed(RuleBook *book, const char *area, bool rural, DateADT day)
{
	RuleSet    *volatile set = NULL;

	PG_TRY();
	{
		int			i;

		for (i = 0; i < book->n_changes; i++)
		{
			MeansChange *change = &book->changes[i];

			aidcase_suppose_parameter(change->name, change->area,
									  change->programme, change->variant,
									  change->from, change->value,
									  change->divisor);
		}
		set = resolve_set(book, area, rural, day);
	}
	PG_CATCH();
	{
		aidcase_suppose_nothing();
		PG_RE_THROW();
	}
	PG_END_TRY();
	aidcase_suppose_nothing();
	return set;
}

/*
 * The rule set for a household; the pointer is good as long as the book.
 */
const RuleSet *
aidcase_rule_set(RuleBook *book, const char *area, bool rural,
				 DateADT rule_date)
{
	RuleCopy   *c = book->copy;
	const char *own = "0";
	SetKey		key;
	SetEntry   *entry;
	bool		found;
	int			low = 0;
	int			high = c->n_days;
	int			year;
	int			month;
	int			day;
	int			i;

	/* the nearest area that has anything of its own */
	for (i = 0; i < c->n_areas; i++)
	{
		if (strcmp(c->areas[i], own) > 0 && area_covers(c->areas[i], area))
			own = c->areas[i];
	}
	for (i = 0; i < book->n_changes; i++)
	{
		if (strcmp(book->changes[i].area, own) > 0 &&
			area_covers(book->changes[i].area, area))
			own = book->changes[i].area;
	}

	/* days passed on which something changes; a year is one as well */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (c->days[middle] <= rule_date)
			low = middle + 1;
		else
			high = middle;
	}
	j2date(rule_date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	for (i = 0; i < book->n_changes; i++)
		year += (book->changes[i].from > DATEVAL_NOBEGIN &&
				 book->changes[i].from <= rule_date) ? 10000 : 0;

	memset(&key, 0, sizeof(key));
	strlcpy(key.area, own, AREA_SIZE);
	key.period = (int64) year * 1000000 + low;
	key.rural = rural;
	entry = (SetEntry *) hash_search(book->sets, &key, HASH_FIND, &found);
	if (!found)
	{
		MemoryContext caller = MemoryContextSwitchTo(book->context);
		RuleSet    *set = book->n_changes == 0 ?
			resolve_set(book, own, rural, rule_date) :
			resolve_supposed(book, own, rural, rule_date);

		MemoryContextSwitchTo(caller);
		entry = (SetEntry *) hash_search(book->sets, &key, HASH_ENTER, &found);
		entry->set = set;
	}
	return entry->set;
}
