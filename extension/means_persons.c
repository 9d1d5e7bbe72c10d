/*-------------------------------------------------------------------------
 *
 * means_persons.c
 *		Persons in the means test: who counts as a member, who belongs to a
 *		group, which obligors are able to perform.
 *
 * Called by means_core.c, which see for arithmetic, lines and memory; pure as
 * that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "aidcase.h"
#include "compat.h"
#include "means.h"
#include "means_core.h"

/* ---------------------------------------------------------------------
 * Who counts
 */

/*
 * Has something that began on a day lasted so many months?  A month without
 * that day ends on its last one.
 */
bool
lasted(int since, int months, int day)
{
	int			m = since / 100 % 100 - 1 + months;
	int			y = since / 10000 + m / 12;
	int			last;

	m = m % 12 + 1;
	last = day_tab[isleap(y)][m - 1];
	return day >= y * 10000 + m * 100 + Min(since % 100, last);
}

/*
 * Sets whether a member counts on a day, from his situation or as a person
 * decided, and returns where the rule is from: NULL = no rule was asked, or
 * none is in force.  alone: nobody else is in the household.
 */
const RuleSource *
aidcase_means_standing(MeansMember *m, const RuleSet *rules, bool alone, int day)
{
	const MemberRule *rule;
	int			i;

	if (m->situation < 0 || m->by_hand)
		return NULL;
	m->counted = true;
	rule = &rules->members[m->situation];
	if (!rule->set || day < m->since)
		return NULL;
	if (rule->counts || !lasted(m->since, rule->after_months, day))
		return &rule->source;
	for (i = 0; alone && i < rules->n_singles; i++)
	{
		const GroupRule *g = &rules->singles[i];

		if (g->situation == m->situation && lasted(m->since, g->after_months, day))
			return &g->source;
	}
	m->counted = false;
	return &rule->source;
}

/* ---------------------------------------------------------------------
 * Groups of persons
 */

/*
 * Does a person belong to a group on a day?  Belonging needs all conditions.
 */
bool
belongs(Means *t, const MeansMember *m, const GroupRule *g, int on)
{
	if (g->has_age_from &&
		(int128) age_at(m, on) * g->age_from.value.den <
		need(t, &g->age_from).num)
		return false;
	if (g->has_age_below &&
		(int128) age_at(m, on) * g->age_below.value.den >=
		need(t, &g->age_below).num)
		return false;
	if (g->has_disability)
	{
		/* a kind of disability without a level gives nothing */
		const RuleValue *level;

		if (m->disability < 0)
			return false;
		level = &g->level[m->disability];
		if (!level->set ||
			(int128) m->disability_level * level->value.den > level->value.num)
			return false;
	}
	if (g->health >= 0 && g->health != m->health)
		return false;
	if (g->ability >= 0 && g->ability != m->ability)
		return false;
	return true;
}

/* ---------------------------------------------------------------------
 * Obligors
 */

/*
 * Income a person below the limit of a rule?  *limit is that of the household
 * in 12 months.
 */
static bool
obligor_poor(Means *t, const MeansObligor *o, const ObligorRule *rule, Money *limit)
{
	const RuleValue *base = rule->of_standard ? &t->r->standard : &t->r->disposable;
	int			whole = (rule->of_standard ? MONTHS : 1) * o->household_size;
	Fraction	a = need(t, &rule->below);
	Fraction	b = need(t, base);

	*limit = times(times(whole * MONEY_YUAN, a), b);
	return compare((Money) o->annual_fen * MONEY_FEN, whole, a, b) < 0;
}

/*
 * What each obligor has to answer for: as somebody found, by the rule of his
 * state, or by his income.
 */
void
aidcase_means_obligors(Means *t)
{
	const RuleSet *r = t->r;
	int			i;

	if (t->f->obligors.n == 0)
		return;
	t->obligors = (ObligorStanding *)
		palloc0(t->f->obligors.n * sizeof(ObligorStanding));
	for (i = 0; i < t->f->obligors.n; i++)
	{
		const MeansObligor *o = &t->f->obligors.items[i];
		ObligorStanding *s = &t->obligors[i];
		int			state = o->state >= 0 ? o->state : r->low_income_state;
		Money		limit;

		s->able = s->owes = o->able;
		if (o->able && state >= 0)
		{
			const ObligorRule *rule = &r->obligors[state];

			s->rule = rule;
			if (!rule->set)
				missing_rule(t, psprintf("Obligor rule of state \"%s\"", rule->state));
			else if ((!rule->low_property || o->low_property) &&
					 (!rule->by_income || obligor_poor(t, o, rule, &limit)))
			{
				s->able = rule->able;
				s->owes = rule->owes;
			}
		}
		t->able_obligors += s->able;
	}
}

/*
 * The lines that say why an obligor is able or not; nothing where nobody asked.
 */
void
aidcase_means_obligor_lines(Means *t)
{
	int			i;

	for (i = 0; i < t->f->obligors.n; i++)
	{
		const MeansObligor *o = &t->f->obligors.items[i];
		const ObligorStanding *s = &t->obligors[i];
		Money		limit;

		if (s->rule != NULL)
		{
			(void) with_input(line(t, MEANS_TEKUN, 50, PG_INT32_MAX, 2 * o->obligor_id,
								   "support", 0, s->rule->state, &s->rule->source),
							  s->able * MONEY_YUAN);
			if (s->rule->by_income)
			{
				(void) obligor_poor(t, o, s->rule, &limit);
				with_bound(with_input(line(t, MEANS_TEKUN, 50, PG_INT32_MAX,
										   2 * o->obligor_id + 1, "support", 0,
										   s->rule->below.name,
										   &s->rule->below.source),
									  (Money) o->annual_fen * MONEY_FEN),
						   limit)->basis = 'y';
			}
		}
		else if (!o->able)
			(void) with_input(line(t, MEANS_TEKUN, 50, PG_INT32_MAX, 2 * o->obligor_id,
								   "support", 0, "obligor_unable", NULL), 0);
	}
}
