/*-------------------------------------------------------------------------
 *
 * means_amounts.c
 *		What a programme pays by the means test: the gap of dibao with floors
 *		and add-ons, single persons, tekun with care, the range of temporary
 *		assistance.
 *
 * Called by means_core.c, which see for arithmetic, lines and memory; pure as
 * that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "aidcase.h"
#include "compat.h"
#include "means.h"
#include "means_core.h"

/*
 * Add-ons of all counted members, to 16 decimals; their lines when wanted.
 */
Money
aidcase_means_addons(Means *t, bool lines)
{
	const RuleSet *r = t->r;
	Money		total = 0;
	int			i;
	int			j;

	for (i = 0; i < t->f->members.n; i++)
	{
		const MeansMember *m = &t->f->members.items[i];
		const GroupRule *best = NULL;
		Money		highest = 0;

		if (!m->counted)
			continue;
		for (j = 0; j < r->n_addons; j++)
		{
			const GroupRule *g = &r->addons[j];
			Money		amount;

			if (!belongs(t, m, g, r->benefit_day[MEANS_DIBAO]))
				continue;
			amount = g->fixed ? g->amount : times(t->standard, g->share);
			if (r->addons_add_up)
			{
				total = add(total, amount);
				if (lines)
					(void) with_amount(with_input(
											 line(t, MEANS_DIBAO, 63, m->member_id, j,
												  "addon", m->member_id, g->code, &g->source),
											 g->fixed ? g->amount : times(MONEY_YUAN, g->share)),
									   'm', amount);
			}
			else if (best == NULL || amount > highest)
			{
				best = g;
				highest = amount;
			}
		}
		if (best != NULL)
		{
			total = add(total, highest);
			if (lines)
				(void) with_amount(with_input(
										 line(t, MEANS_DIBAO, 63, m->member_id, 0,
											  "addon", m->member_id, best->code, &best->source),
										 best->fixed ? best->amount : times(MONEY_YUAN, best->share)),
								   'm', highest);
		}
	}
	return total;
}

/* ---------------------------------------------------------------------
 * Amounts
 */

/*
 * The gap, or another multiple of a standard, in fen.
 */
static int64
gap_fen(Fraction standard, int members, Money annual, const char *mode)
{
	int128		fen;

	if (!aidcase_gap_fen(standard, members, annual, MONTHS, mode, &fen))
		aidcase_means_out_of_range();
	return narrow(fen);
}

/*
 * An amount in fen by the mode of a rounding rule: to a fen, or up to a yuan.
 */
static int64
rounded(Money amount, const RoundingRule *rule)
{
	if (!rule->set || strcmp(rule->mode, "exact") == 0)
		return narrow(to_fen(amount));
	if (strcmp(rule->mode, "per_person_whole_yuan_gap") == 0)
		return narrow(nearest(amount, MONEY_YUAN) * 100);
	return narrow((amount + MONEY_YUAN - 1) / MONEY_YUAN * 100);
}

/*
 * Dibao for the household: the gap or its band, floors, add-ons.
 */
void
aidcase_means_dibao(Means *t)
{
	const RuleSet *r = t->r;
	MeansOutcome *o = &t->out->outcomes[MEANS_DIBAO];
	Money		exact_addons;
	int64		base;
	int			i;

	if (r->dibao_bands.n > 0)
	{
		const BandRule *band = NULL;
		Money		amount;

		for (i = 0; i < r->dibao_bands.n; i++)
		{
			const BandRule *b = &r->dibao_bands.bands[i];
			int			months = MONTHS * t->members;

			if (t->annual[MEANS_DIBAO] >= mul(b->from, months) &&
				(b->to < 0 || t->annual[MEANS_DIBAO] < mul(b->to, months)))
				band = b;
		}
		if (band == NULL)
		{
			missing_rule(t, "Band of \"dibao_amount\" for this income");
			return;
		}
		amount = add(band->fixed, times(t->standard, (Fraction) {band->rate, SHARE_UNIT}));
		o->rounding = r->rounding_dibao.mode;
		amount = mul(amount, t->members);
		base = rounded(amount, &r->rounding_dibao);
		(void) with_amount(with_input(line(t, MEANS_DIBAO, 60, 0, 0, "base", 0,
										   "band", &band->source), t->members * MONEY_YUAN),
						   'm', amount);
		(void) with_amount(line(t, MEANS_DIBAO, 62, 0, 0, "rounding", 0,
								r->rounding_dibao.mode, &r->rounding_dibao.source),
						   'm', base * MONEY_FEN - amount);
	}
	else
	{
		Money		whole = times(t->members * MONEY_YUAN, r->standard.value);
		Money		monthly = nearest(t->annual[MEANS_DIBAO], MONTHS);

		base = gap_fen(r->standard.value, t->members, t->annual[MEANS_DIBAO],
					   r->rounding_dibao.mode);
		(void) with_amount(with_input(line(t, MEANS_DIBAO, 60, 0, 0, "standard", 0,
										   "dibao_standard", &r->standard.source),
									  t->standard), 'm', whole);
		(void) with_amount(with_input(line(t, MEANS_DIBAO, 61, 0, 0, "base", 0,
										   "monthly_income", NULL),
									  t->annual[MEANS_DIBAO]), 'm', -monthly);
		(void) with_amount(line(t, MEANS_DIBAO, 62, 0, 0, "rounding", 0,
								r->rounding_dibao.mode, &r->rounding_dibao.source),
						   'm', base * MONEY_FEN - (whole - monthly));
	}
	for (i = 0; i < 2; i++)
	{
		const RuleValue *floor = i == 0 ? &r->floor_person : &r->floor_household;
		int64		least;

		if (!floor->set)
			continue;
		least = gap_fen(product(r->standard.value, floor->value),
						i == 0 ? t->members : 1, 0, r->rounding_dibao.mode);
		if (base >= least)
			continue;
		(void) with_amount(with_input(line(t, MEANS_DIBAO, 62, 1, i, "base", 0,
										   "floor_share", &floor->source),
									  times(MONEY_YUAN, floor->value)),
						   'm', (Money) (least - base) * MONEY_FEN);
		base = least;
	}
	o->base_fen = base;

	exact_addons = aidcase_means_addons(t, true);
	o->addon_fen = narrow(to_fen(exact_addons));
	if (o->addon_fen * MONEY_FEN != exact_addons)
		(void) with_amount(with_input(line(t, MEANS_DIBAO, 64, 0, 0, "rounding", 0,
										   "addons_to_fen", NULL), exact_addons),
						   'm', o->addon_fen * MONEY_FEN - exact_addons);
}

/*
 * One member as a household of his own: his income and property, the
 * obligors of the household.  Sets *sub; its outcome of dibao is returned.
 */
static const MeansOutcome *
on_his_own(Means *t, int member, MeansResult *sub)
{
	MeansFacts	facts = *t->f;
	int			n = facts.members.n;
	ListCell   *cell;
	int			i;

	facts.members.items = (MeansMember *) palloc(n * sizeof(MeansMember));
	memcpy(facts.members.items, t->f->members.items, n * sizeof(MeansMember));
	for (i = 0; i < n; i++)
		facts.members.items[i].counted = i == member;
	memset(sub, 0, sizeof(MeansResult));
	sub->want_lines = t->out->want_lines;
	aidcase_means_household(&facts, t->r, t->kinds, t->spending, true, sub);
	foreach(cell, sub->missing)
		aidcase_means_missing(t, (char *) lfirst(cell));
	return &sub->outcomes[MEANS_DIBAO];
}

/*
 * The lines by which a person gets dibao on his own: his income against the
 * standard, and what adds up to the amount.
 */
static void
own_lines(Means *t, const MeansResult *sub, int64 member_id)
{
	int			i;

	rests_on(t, MEANS_DIBAO,
			 sub->outcomes[MEANS_DIBAO].illustrative ? &(RuleSource) {0, NULL, true} : NULL);
	for (i = 0; i < sub->n_lines; i++)
	{
		const MeansLine *from = &sub->lines[i];
		MeansLine  *to;
		RuleSource	source = {from->document_id, from->article, from->illustrative};

		if (from->programme != MEANS_DIBAO ||
			(from->seq != 40 && (from->seq < 60 || from->seq > 62)))
			continue;
		to = line(t, MEANS_DIBAO, Max(from->seq, 59), member_id, i + 1,
				  from->step, member_id, from->rule, &source);
		to->has_input = from->has_input;
		to->has_bound = from->has_bound;
		to->has_amount = from->has_amount;
		to->basis = from->basis;
		to->input = from->input;
		to->bound = from->bound;
		to->amount = from->amount;
	}
}

/*
 * May a member apply alone by a rule?
 */
static bool
may_apply_alone(Means *t, int member, const GroupRule *g)
{
	const MeansMember *m = &t->f->members.items[member];
	int			i;

	if (g->situation >= 0 || !belongs(t, m, g, t->f->rule_day))
		return false;
	for (i = 0; g->no_work_income && i < t->f->incomes.n; i++)
	{
		const MeansItem *item = &t->f->incomes.items[i];

		if (item->member == member && item->fen > 0 &&
			t->kinds->kinds[item->kind].work)
			return false;
	}
	return true;
}

/*
 * Members who may apply alone: in a marginal family (low) a share of the
 * standard each, without add-ons; or the gap of a household of their own.  Of
 * several rules the greatest amount.  Sets the persons of the outcome; false
 * when there are none.
 */
bool
aidcase_means_single_persons(Means *t, bool low)
{
	const RuleSet *r = t->r;
	MeansOutcome *o = &t->out->outcomes[MEANS_DIBAO];
	int64		base = 0;
	int			i;
	int			j;

	for (i = 0; r->n_singles > 0 && i < t->f->members.n; i++)
	{
		const MeansMember *m = &t->f->members.items[i];
		const GroupRule *best = NULL;
		Fraction	share = {0, 1};
		int64		best_fen = 0;
		MeansResult sub;
		const MeansOutcome *own = NULL;

		if (!m->counted)
			continue;
		for (j = 0; j < r->n_singles; j++)
		{
			const GroupRule *g = &r->singles[j];
			Fraction	of_standard = {0, 1};
			int64		fen = 0;

			if ((!g->own && !low) || !may_apply_alone(t, i, g))
				continue;
			if (!g->own)
			{
				of_standard = need(t, &g->value);
				fen = gap_fen(product(r->standard.value, of_standard), 1, 0,
							  r->rounding_dibao.mode);
			}
			else
			{
				if (own == NULL)
					own = on_his_own(t, i, &sub);
				if (own->eligible)
					fen = own->base_fen;
			}
			if (fen > best_fen)
			{
				best = g;
				best_fen = fen;
				share = of_standard;
			}
		}
		if (best == NULL)
			continue;
		if (o->n_persons == 0)
			o->persons = (int64 *) palloc(t->f->members.n * sizeof(int64));
		o->persons[o->n_persons++] = m->member_id;
		base += best_fen;
		(void) with_bound(with_input(line(t, MEANS_DIBAO, 59, m->member_id, 0,
										  "limit", m->member_id, best->code,
										  &best->source), 1 * MONEY_YUAN),
						  1 * MONEY_YUAN);
		if (best->own)
			own_lines(t, &sub, m->member_id);
		else
		{
			Money		exact = times(t->standard, share);

			(void) with_amount(with_input(line(t, MEANS_DIBAO, 60, m->member_id, 0,
											   "standard", m->member_id,
											   "single_person_share",
											   &best->value.source),
										  times(MONEY_YUAN, share)), 'm', exact);
			(void) with_amount(line(t, MEANS_DIBAO, 62, m->member_id, 0, "rounding",
									m->member_id, r->rounding_dibao.mode,
									&r->rounding_dibao.source),
							   'm', best_fen * MONEY_FEN - exact);
		}
	}
	o->base_fen = base;
	return o->n_persons > 0;
}

/*
 * Tekun: the basic amount, and care by the assessment of self-care.
 */
void
aidcase_means_tekun(Means *t)
{
	const RuleSet *r = t->r;
	MeansOutcome *o = &t->out->outcomes[MEANS_TEKUN];
	Fraction	standard = need(t, &r->tekun_standard);
	Money		exact = times(t->members * MONEY_YUAN, standard);
	int			i;
	int			j;

	if (!r->rounding_tekun.set)
		return;
	o->base_fen = gap_fen(standard, t->members, 0, r->rounding_tekun.mode);
	(void) with_amount(with_input(line(t, MEANS_TEKUN, 60, 0, 0, "standard", 0,
									   "tekun_standard", &r->tekun_standard.source),
								  times(MONEY_YUAN, standard)), 'm', exact);
	(void) with_amount(line(t, MEANS_TEKUN, 61, 0, 0, "rounding", 0,
							r->rounding_tekun.mode, &r->rounding_tekun.source),
					   'm', o->base_fen * MONEY_FEN - exact);

	for (i = 0; i < t->f->members.n; i++)
	{
		const MeansMember *m = &t->f->members.items[i];
		const CareRule *care = NULL;
		const RuleValue *value;
		Money		amount;
		int64		fen;

		if (!m->counted)
			continue;
		if (m->unmet < 0)
		{
			(void) line(t, MEANS_TEKUN, 62, m->member_id, 0, "care", m->member_id,
						"self_care_not_assessed", NULL);
			continue;
		}
		for (j = 0; j < r->n_care; j++)
		{
			if (m->unmet >= r->care[j].unmet_from && m->unmet <= r->care[j].unmet_to)
				care = &r->care[j];
		}
		if (care == NULL)
		{
			missing_rule(t, psprintf("Care level rule for %d items of self-care not met", m->unmet));
			continue;
		}
		value = &r->care_standard[care->level][m->care_mode];
		amount = times(MONEY_YUAN, need(t, value));
		fen = rounded(amount, &r->rounding_care);
		o->care_fen += fen;
		(void) with_input(line(t, MEANS_TEKUN, 62, m->member_id, 0, "care",
							   m->member_id, means_care_levels[care->level],
							   &care->source), m->unmet * MONEY_YUAN);
		(void) with_amount(with_input(line(t, MEANS_TEKUN, 63, m->member_id, 0, "care",
										   m->member_id, "care_standard",
										   &value->source), amount), 'm', amount);
		if (fen * MONEY_FEN != amount)
			(void) with_amount(line(t, MEANS_TEKUN, 64, m->member_id, 0, "rounding",
									m->member_id,
									r->rounding_care.set ? r->rounding_care.mode : "exact",
									r->rounding_care.set ? &r->rounding_care.source : NULL),
							   'm', fen * MONEY_FEN - amount);
	}
}

/*
 * Expenses of counted members in 12 months that a test looks at.
 */
Money
aidcase_means_expenses(Means *t, ExpenseUse use, MeansProgramme programme)
{
	const MeansFacts *f = t->f;
	const KindRule *rules = t->r->expense[use];
	int			kinds = t->spending->n;
	bool	   *verified;
	Money	   *sums;
	Money		total = 0;
	int			i;

	if (f->expenses.n == 0)
		return 0;
	verified = verified_kinds(f->expenses.items, f->expenses.n, f->members.n, kinds);
	sums = (Money *) palloc0((f->members.n * kinds + 1) * sizeof(Money));
	for (i = 0; i < f->expenses.n; i++)
	{
		const MeansItem *item = &f->expenses.items[i];

		if (rules[item->kind].set && item_counts(t, item, verified, kinds))
			sums[item->member * kinds + item->kind] +=
				(Money) item->fen * (item->monthly ? MONTHS : 1) *
				((Money) rules[item->kind].share * (MONEY_FEN / SHARE_UNIT));
	}
	for (i = 0; i < f->members.n * kinds; i++)
	{
		const KindRule *rule = &rules[i % kinds];

		if (sums[i] == 0)
			continue;
		if (rule->capped && sums[i] > rule->cap)
			sums[i] = rule->cap;
		total = add(total, sums[i]);
		rests_on(t, programme, &rule->source);
	}
	return total;
}

/*
 * Does a rule of temporary assistance apply to a household of a class?  A
 * rule without a class serves those whose class has none of its own.
 */
bool
temp_applies(const RuleSet *r, int n, bool emergency, const char *class)
{
	bool		own = false;
	int			i;

	for (i = 0; i < r->n_temps; i++)
	{
		if (r->temps[i].emergency == emergency && r->temps[i].class != NULL &&
			class != NULL && strcmp(r->temps[i].class, class) == 0)
			own = true;
	}
	return r->temps[n].emergency == emergency &&
		(own ? r->temps[n].class != NULL &&
		 strcmp(r->temps[n].class, class) == 0 : r->temps[n].class == NULL);
}

/*
 * What a level of authority grants to the household at a time.
 */
static Money
tier_amount(Means *t, const TierRule *tier, const char *level)
{
	Money		amount;

	if (!tier->set)
	{
		missing_rule(t, psprintf("Bound of authority tier \"%s\" of programme \"%s\"",
								 level, means_programmes[MEANS_TEMP]));
		return 0;
	}
	amount = times(MONEY_YUAN, tier->bound);
	if (tier->of_standard)
	{
		amount = times(amount, need(t, &tier->standard));
		rests_on(t, MEANS_TEMP, &tier->standard.source);
	}
	return tier->per_person ? mul(amount, Max(t->members, 1)) : amount;
}

/*
 * Temporary assistance: a range for the decider.  expense is the necessary
 * expense in 12 months, of the expense type.
 */
void
aidcase_means_temp(Means *t, bool emergency, const char *class, Money expense,
			bool *any)
{
	const RuleSet *r = t->r;
	MeansOutcome *o = &t->out->outcomes[MEANS_TEMP];
	int			seq = 60;
	int			i;

	*any = false;
	for (i = 0; i < r->n_temps; i++)
	{
		const TempRule *rule = &r->temps[i];
		Money		least = 0;
		Money		most = 0;
		int64		least_fen;
		int64		most_fen;

		if (!temp_applies(r, i, emergency, class))
			continue;
		*any = true;
		if (o->n_reasons > 0)
			continue;
		switch (rule->method)
		{
			case TEMP_RANGE:
				least = tier_amount(t, &r->temp_least, "below_minimum");
				most = tier_amount(t, &r->temp_most, "unit");
				(void) with_bound(line(t, MEANS_TEMP, seq, 0, 0, "limit", 0,
									   "temp_minimum", &r->temp_least.source), least);
				(void) with_bound(line(t, MEANS_TEMP, seq + 1, 0, 0, "limit", 0,
									   "unit_authority_limit", &r->temp_most.source), most);
				break;
			case TEMP_MONTHS:
				least = times(times(t->members * MONEY_YUAN, need(t, &r->standard)),
							  need(t, &rule->least));
				most = times(times(t->members * MONEY_YUAN, need(t, &r->standard)),
							 need(t, &rule->most));
				(void) with_bound(with_input(line(t, MEANS_TEMP, seq, 0, 0, "limit", 0,
												  rule->least.name, &rule->least.source),
											 times(MONEY_YUAN, need(t, &rule->least))), least);
				(void) with_bound(with_input(line(t, MEANS_TEMP, seq + 1, 0, 0, "limit", 0,
												  rule->most.name, &rule->most.source),
											 times(MONEY_YUAN, need(t, &rule->most))), most);
				rests_on(t, MEANS_TEMP, &r->standard.source);
				break;
			case TEMP_BANDS:
				{
					int			j;

					for (j = 0; j < rule->bands.n; j++)
					{
						const BandRule *b = &rule->bands.bands[j];

						if (expense < b->from || (b->to >= 0 && expense >= b->to))
							continue;
						most = add(b->fixed,
								   times(b->excess ? expense - b->from : expense,
										 (Fraction) {b->rate, SHARE_UNIT}));
						(void) with_bound(with_input(
												 line(t, MEANS_TEMP, seq, 0, 0, "limit", 0,
													  "band", &b->source), expense), most);
					}
					least = most;
				}
				break;
		}
		if (rule->cap.set)
		{
			Money		cap = times(MONEY_YUAN, rule->cap.value);

			most = Min(most, cap);
			least = Min(least, cap);
			(void) with_bound(line(t, MEANS_TEMP, seq + 2, 0, 0, "limit", 0,
								   "temp_cap", &rule->cap.source), cap);
		}
		least_fen = rounded(least, &r->rounding_temp);
		most_fen = rounded(most, &r->rounding_temp);
		rests_on(t, MEANS_TEMP, &rule->source);
		/* of several methods the greater */
		o->minimum_fen = o->has_range ? Max(o->minimum_fen, least_fen) : least_fen;
		o->maximum_fen = o->has_range ? Max(o->maximum_fen, most_fen) : most_fen;
		o->has_range = true;
		if (r->rounding_temp.set)
			o->rounding = r->rounding_temp.mode;
		seq += 3;
	}
	if (o->has_range && o->minimum_fen > o->maximum_fen)
		o->minimum_fen = o->maximum_fen;
}
