/*-------------------------------------------------------------------------
 *
 * means_core.c
 *		The means test of one household: facts and rules in, a result per
 *		programme and its lines out.
 *
 * Pure: no table, clock, setting or catalog is touched.  One household and a
 * register of a million go through this same code.
 *
 * Arithmetic.  Facts are in fen, shares have at most eight decimals, sums are
 * carried as 128-bit integers in units of 10^-16 yuan, so nothing is lost.  A
 * value of a rule is a fraction; tests compare whole products with it and
 * never divide.  What is derived from a rule (work cost, imputed income,
 * support) is rounded once, half up, to a fen; the gap, care and the other
 * amounts once, as their rounding rule says.  A product that does not fit is
 * an error, never a wrong amount.
 *
 * Lines.  Of a programme, those with basis year add up to its annual income,
 * those with basis month to its amount.  The monthly income and a standard
 * that no decimal equals are shown to 16 decimals; the line of the rounding
 * takes up the rest, so that the sum is exact as shown.
 *
 * Memory: results and lines are allocated in the current context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/datetime.h"

#include "aidcase.h"
#include "compat.h"
#include "means.h"
#include "means_core.h"

const char *const means_programmes[MEANS_PROGRAMMES] = {
	"dibao", "tekun", "temp_assistance", "low_income", "rigid_expense"
};
const char *const means_abilities[ABILITY_COUNT] = {
	"able", "partial", "lost", "none"
};
const char *const means_healths[HEALTH_COUNT] = {
	"good", "chronic", "serious_illness"
};
const char *const means_disabilities[DISABILITY_KINDS] = {
	"sight", "hearing", "speech", "limb", "intellectual", "mental", "multiple"
};
const char *const means_relations[OBLIGOR_RELATIONS] = {
	"child", "parent", "spouse", "grandchild", "grandparent", "sibling"
};
const char *const means_care_levels[CARE_LEVELS] = {
	"full_care", "half_care", "self_care"
};
const char *const means_care_modes[CARE_MODES] = {
	"centralised", "dispersed"
};

/* ---------------------------------------------------------------------
 * Exact arithmetic; most of it is in means_core.h
 */

void
aidcase_means_out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("an amount of the means test is out of range"),
			 errdetail("The product of an amount and a rule needs more than 128 bits."),
			 errhint("Look for an absurd amount among the items of the round, or an absurd parameter.")));
}

/*
 * The product of two values, reduced.
 */
Fraction
product(Fraction a, Fraction b)
{
	Fraction	result;
	int128		den = mul(a.den, b.den);
	int128		x;
	int128		y;

	result.num = mul(a.num, b.num);
	x = result.num < 0 ? -result.num : result.num;
	y = den;
	while (y != 0)
	{
		int128		rest = x % y;

		x = y;
		y = rest;
	}
	if (x > 1)
	{
		result.num /= x;
		den /= x;
	}
	if (den > PG_INT64_MAX)
		aidcase_means_out_of_range();
	result.den = (int64) den;
	return result;
}

static const Fraction one = {1, 1};

/*
 * A day as the number YYYYMMDD, so that the complete years between two days
 * are their difference divided by 10000.
 */
int
aidcase_means_day(DateADT day)
{
	int			y;
	int			m;
	int			d;

	j2date(day + POSTGRES_EPOCH_JDATE, &y, &m, &d);
	return y * 10000 + m * 100 + d;
}

/* ---------------------------------------------------------------------
 * Lines, reasons, what is missing
 */

/*
 * A new line.  Without lines a place to write to, and whether it rests on an
 * illustrative rule is noted all the same.
 */
MeansLine *
line(Means *t, MeansProgramme programme, int seq, int64 k1, int64 k2,
	 const char *step, int64 member_id, const char *rule,
	 const RuleSource *source)
{
	static MeansLine nowhere;
	MeansResult *out = t->out;
	MeansLine  *l;

	rests_on(t, programme, source);
	if (!out->want_lines)
		return &nowhere;
	if (out->n_lines == out->room_lines)
	{
		out->room_lines = Max(2 * out->room_lines, 64);
		out->lines = out->lines == NULL ?
			(MeansLine *) palloc(out->room_lines * sizeof(MeansLine)) :
			(MeansLine *) repalloc(out->lines,
								   out->room_lines * sizeof(MeansLine));
	}
	l = &out->lines[out->n_lines++];
	memset(l, 0, sizeof(MeansLine));
	l->programme = programme;
	l->seq = seq;
	l->k1 = k1;
	l->k2 = k2;
	l->step = step;
	l->member_id = member_id;
	l->rule = rule;
	if (source != NULL)
	{
		l->article = source->article;
		l->document_id = source->document_id;
		l->illustrative = source->illustrative;
	}
	return l;
}

/*
 * Notes what is missing, once.
 */
void
aidcase_means_missing(Means *t, char *sentence)
{
	ListCell   *cell;

	foreach(cell, t->out->missing)
	{
		if (strcmp((char *) lfirst(cell), sentence) == 0)
			return;
	}
	t->out->missing = lappend(t->out->missing, sentence);
}

static char *
day_text(DateADT day)
{
	int			y;
	int			m;
	int			d;

	if (DATE_NOT_FINITE(day))
		return "infinity";
	j2date(day + POSTGRES_EPOCH_JDATE, &y, &m, &d);
	return psprintf("%04d-%02d-%02d", y, m, d);
}

/*
 * Notes that a rule (what) is not in force.
 */
void
missing_rule(Means *t, const char *what)
{
	aidcase_means_missing(t, psprintf("%s is not in force on %s for area %s or one above it.",
						what, day_text(t->f->rule_date), t->f->area));
}

/*
 * A parameter that the household needs; noted and taken as 0 when missing.
 */
Fraction
need(Means *t, const RuleValue *value)
{
	if (likely(value->set))
		return value->value;
	aidcase_means_missing(t, aidcase_parameter_missing(value->name, t->f->area,
										 value->of_rules ? t->f->rule_date : value->day,
										 value->programme, value->variant));
	return (Fraction) {0, 1};
}

/*
 * Adds a reason of refusal, once.
 */
static void
reason(MeansOutcome *o, const char *code)
{
	int			i;

	for (i = 0; i < o->n_reasons; i++)
	{
		if (strcmp(o->reasons[i], code) == 0)
			return;
	}
	if (o->n_reasons < MAX_REASONS)
		o->reasons[o->n_reasons++] = code;
}

/* ---------------------------------------------------------------------
 * Income
 */

/*
 * Of one member's items of a kind the verified ones count, if there are any.
 */
bool *
verified_kinds(const MeansItem *items, int n, int members, int kinds)
{
	bool	   *verified = (bool *) palloc0(members * kinds * sizeof(bool) + 1);
	int			i;

	for (i = 0; i < n; i++)
	{
		if (items[i].verified)
			verified[items[i].member * kinds + items[i].kind] = true;
	}
	return verified;
}

/*
 * What a member's items of one kind passed its cap by, as a line that takes it
 * off again; returns what is taken off.
 */
static Money
over_cap(Means *t, MeansProgramme programme, int seq, const char *step,
		 const char *label, const KindRule *rules, int kinds,
		 const Money *sums, bool income)
{
	Money		off = 0;
	int			m;
	int			k;

	for (m = 0; m < t->f->members.n; m++)
	{
		for (k = 0; k < kinds; k++)
		{
			Money		sum = sums[m * kinds + k];

			if (rules[k].set && rules[k].capped && sum > rules[k].cap)
			{
				Money		over = sum - rules[k].cap;

				off += over;
				(void) with_amount(with_bound(with_input(
													 line(t, programme, seq,
														  t->f->members.items[m].member_id, k,
														  step, t->f->members.items[m].member_id,
														  label, &rules[k].source),
													 sum), rules[k].cap),
								   'y', income ? -over : over);
			}
		}
	}
	return off;
}

static bool
any_cap(const KindRule *rules, int kinds)
{
	int			k;

	for (k = 0; k < kinds; k++)
	{
		if (rules[k].set && rules[k].capped)
			return true;
	}
	return false;
}

/*
 * The household's income in 12 months for a programme, with all its lines.
 * Deductions end at an income of zero.
 */
static void
household_income(Means *t, MeansProgramme programme)
{
	const MeansFacts *f = t->f;
	const RuleSet *r = t->r;
	const KindRule *rules = r->income[programme];
	const KindRule *deduct = r->expense[EXPENSE_DEDUCT];
	int			kinds = t->kinds->n;
	bool	   *verified = verified_kinds(f->incomes.items, f->incomes.n,
										  f->members.n, kinds);
	Money	   *wages = (Money *) palloc0((2 * f->members.n + 1) * sizeof(Money));
	Money	   *work = wages + f->members.n;
	bool	   *judged = (bool *) palloc0(f->members.n + 1);
	Money	   *sums = any_cap(rules, kinds) ?
		(Money *) palloc0((f->members.n * kinds + 1) * sizeof(Money)) : NULL;
	Money		total = 0;
	int			payers = 0;
	int			i;

	for (i = 0; i < f->incomes.n; i++)
	{
		const MeansItem *item = &f->incomes.items[i];
		const KindRule *rule = &rules[item->kind];
		const MeansKind *kind = &t->kinds->kinds[item->kind];
		Money		counted;

		if (!item_counts(t, item, verified, kinds))
			continue;
		if (!rule->set)
		{
			missing_rule(t, psprintf("Income rule of kind \"%s\"", kind->code));
			continue;
		}
		/* a loss does not reduce other income */
		counted = item->fen <= 0 ? 0 :
			(Money) item->fen * (item->monthly ? MONTHS : 1) *
			((Money) rule->share * (MONEY_FEN / SHARE_UNIT));
		total = add(total, counted);
		if (kind->imputed)
			judged[item->member] = true;
		else if (kind->work)
		{
			work[item->member] += counted;
			if (kind->wage)
				wages[item->member] += counted;
		}
		if (sums != NULL)
			sums[item->member * kinds + item->kind] += counted;
		if (t->out->want_lines || rule->source.illustrative)
			(void) with_amount(with_input(
									 line(t, programme, 20,
										  f->members.items[item->member].member_id,
										  item->item_id, "income",
										  f->members.items[item->member].member_id,
										  kind->code, &rule->source),
									 (Money) item->fen * MONEY_FEN),
							   'y', counted);
	}
	if (sums != NULL)
		total -= over_cap(t, programme, 21, "income", "income_cap", rules, kinds,
						  sums, true);

	/* work income that a member could have, where nobody judged otherwise */
	for (i = 0; r->n_imputed > 0 && i < f->members.n; i++)
	{
		const MeansMember *m = &f->members.items[i];
		int			age = age_at(m, t->f->rule_day);
		int			j;

		for (j = 0; j < r->n_imputed; j++)
		{
			const ImputedRule *rule = &r->imputed[j];
			Money		imputed;

			if (!m->counted || judged[i] || rule->male != m->male ||
				rule->ability != m->ability || age < rule->age_from ||
				age >= rule->age_below)
				continue;
			imputed = to_fen(times(times(MONTHS * MONEY_YUAN,
										 need(t, &rule->base)),
								   need(t, &rule->share))) * MONEY_FEN;
			if (imputed > work[i])
			{
				total = add(total, imputed - work[i]);
				rests_on(t, programme, &rule->base.source);
				(void) with_amount(with_bound(with_input(
													 line(t, programme, 25, m->member_id, 0,
														  "income", m->member_id,
														  "imputed_work",
														  &rule->share.source),
													 imputed), work[i]),
								   'y', imputed - work[i]);
			}
		}
	}

	/* deductible expenses */
	if (f->expenses.n > 0)
	{
		int			expense_kinds = t->spending->n;
		Money	   *spent = NULL;

		verified = verified_kinds(f->expenses.items, f->expenses.n,
								  f->members.n, expense_kinds);
		if (any_cap(deduct, expense_kinds))
			spent = (Money *) palloc0((f->members.n * expense_kinds + 1) * sizeof(Money));
		for (i = 0; i < f->expenses.n; i++)
		{
			const MeansItem *item = &f->expenses.items[i];
			const KindRule *rule = &deduct[item->kind];
			Money		counted;

			if (!rule->set || !item_counts(t, item, verified, expense_kinds))
				continue;
			counted = (Money) item->fen * (item->monthly ? MONTHS : 1) *
				((Money) rule->share * (MONEY_FEN / SHARE_UNIT));
			total = add(total, -counted);
			if (spent != NULL)
				spent[item->member * expense_kinds + item->kind] += counted;
			(void) with_amount(with_input(
									 line(t, programme, 30,
										  f->members.items[item->member].member_id,
										  item->item_id, "deduction",
										  f->members.items[item->member].member_id,
										  t->spending->kinds[item->kind].code,
										  &rule->source),
									 (Money) item->fen * MONEY_FEN),
							   'y', -counted);
		}
		if (spent != NULL)
			total = add(total, over_cap(t, programme, 30, "deduction",
										"expense_cap", deduct, expense_kinds,
										spent, false));
	}

	/* work cost of a member with real wages; never more than these */
	if (r->work_cost.set && r->work_cost.value.num > 0)
	{
		Money		cost = to_fen(times(times(MONTHS * MONEY_YUAN,
											  need(t, &r->standard)),
										r->work_cost.value)) * MONEY_FEN;

		for (i = 0; i < f->members.n; i++)
		{
			Money		off = Min(wages[i], cost);

			if (off <= 0)
				continue;
			total = add(total, -off);
			(void) with_amount(with_input(
									 line(t, programme, 31,
										  f->members.items[i].member_id, 0,
										  "deduction",
										  f->members.items[i].member_id,
										  "work_cost_share",
										  &r->work_cost.source),
									 times(MONEY_YUAN, r->work_cost.value)),
							   'y', -off);
		}
	}

	/* support: what an able obligor owes, or more when more is paid */
	if (f->obligors.n > 0)
	{
		const SupportRule *rule = NULL;

		for (i = 0; i < r->n_supports; i++)
		{
			int			j;

			payers = 0;
			for (j = 0; j < f->obligors.n; j++)
				payers += r->supports[i].counted[f->obligors.items[j].relation];
			if (payers >= r->supports[i].payers_from &&
				payers < r->supports[i].payers_below)
			{
				rule = &r->supports[i];
				break;
			}
		}
		for (i = 0; i < f->obligors.n; i++)
		{
			const MeansObligor *o = &f->obligors.items[i];
			const ObligorStanding *s = &t->obligors[i];
			Money		paid = (Money) o->paid_fen * MONTHS * MONEY_FEN;
			Money		owed = 0;

			if (s->owes && rule == NULL)
				missing_rule(t, r->n_supports == 0 ? "Support rule" :
							 psprintf("Support rule for %d obligors", payers));
			else if (s->owes)
			{
				Fraction	limit = product(need(t, &r->support_threshold),
											need(t, &r->standard));
				Fraction	rate = need(t, &rule->rate);
				int128		over = add(mul((Money) o->annual_fen * MONEY_FEN, limit.den),
									   -mul(mul(limit.num, MONTHS * MONEY_YUAN),
											o->household_size));

				if (over > 0)
					owed = nearest(mul(over, rate.num),
								   mul(mul(mul(limit.den, rate.den),
										   o->household_size),
									   mul(o->persons_supported, MONEY_FEN))) *
						MONEY_FEN;
			}
			total = add(total, Max(owed, paid));
			(void) with_amount(with_input(
									 line(t, programme, 32, o->obligor_id, 0,
										  "support", 0,
										  owed > paid ? "support_formula" :
										  s->rule != NULL && !s->owes && paid == 0 ?
										  s->rule->state : "support_really_paid",
										  s->owes && rule ? &rule->rate.source :
										  s->rule != NULL ? &s->rule->source : NULL),
									 owed),
							   'y', Max(owed, paid));
		}
	}

	t->net[programme] = total;
	if (total < 0)
	{
		(void) with_amount(with_bound(with_input(
											 line(t, programme, 33, 0, 0, "deduction",
												  0, "not_below_zero", NULL),
											 total), 0),
						   'y', -total);
		total = 0;
	}
	t->annual[programme] = total;
}

/* ---------------------------------------------------------------------
 * Property
 */

/*
 * Tests the property of the household against the limits of a programme.
 */
static void
test_property(Means *t, MeansProgramme programme, const bool *verified,
			  int kinds)
{
	const MeansFacts *f = t->f;
	const RuleSet *r = t->r;
	MeansOutcome *o = &t->out->outcomes[programme];
	int			i;
	int			j;

	/* no test at all would pass everybody */
	if (r->n_properties[programme] == 0)
		missing_rule(t, psprintf("Test of property of programme \"%s\"",
								 means_programmes[programme]));
	for (i = 0; i < r->n_properties[programme]; i++)
	{
		const PropertyRule *rule = &r->properties[programme][i];
		Fraction	limit = need(t, &rule->limit);
		Fraction	of = one;
		int			whole = 1;
		Money		found = 0;
		RuleSource	source = rule->limit.source;

		for (j = 0; j < f->properties.n; j++)
		{
			const MeansItem *item = &f->properties.items[j];
			Money		value = (Money) item->fen * MONEY_FEN;

			if (item->exempt || !rule->kinds[item->kind] ||
				r->exempt_any[item->kind] ||
				value <= r->exempt_to[item->kind] ||
				!item_counts(t, item, verified, kinds))
				continue;
			found = add(found, rule->by_value ? value :
						(Money) item->quantity * MONEY_YUAN);
		}
		if (rule->limit_of == LIMIT_MONTHS)
		{
			of = need(t, &r->standard);
			whole = t->members;
		}
		else if (rule->limit_of == LIMIT_MULTIPLE)
		{
			of = need(t, &r->disposable);
			whole = t->members;
		}
		if (compare(found, whole, limit, of) > 0)
			reason(o, rule->reason);
		source.illustrative = source.illustrative || rule->source.illustrative;
		(void) with_bound(with_input(line(t, programme, 50, rule->sort, 0,
										  "property", 0, rule->parameter,
										  &source), found),
						  times(times(whole * MONEY_YUAN, limit), of));
	}
}

/* ---------------------------------------------------------------------
 * The household
 */

/*
 * Income against months x standard x members x multiple, strictly below, with
 * the line that shows it.
 */
static bool
below(Means *t, MeansProgramme programme, const char *rule,
	  const RuleValue *of, const RuleValue *multiple, int months)
{
	Fraction	a = need(t, of);
	Fraction	b = multiple == NULL ? one : need(t, multiple);
	RuleSource	source = multiple == NULL ? of->source : multiple->source;
	int			whole = months * t->members;

	source.illustrative = source.illustrative || of->source.illustrative;
	with_bound(with_input(line(t, programme, 40, 0, 0, "limit", 0, rule,
									  &source), t->annual[programme]),
					  times(times(whole * MONEY_YUAN, a), b))->basis = 'y';
	return compare(t->annual[programme], whole, a, b) < 0;
}

/*
 * Has a member no ability to work, by the rules of tekun?  *rule is the level
 * of disability that says so, where one does.
 */
static const char *
work_ability(Means *t, const MeansMember *m, const RuleSource **rule)
{
	const RuleSet *r = t->r;
	int			age = age_at(m, t->f->rule_day);
	Fraction	aged = need(t, &r->tekun_aged);
	Fraction	minor = need(t, &r->tekun_minor);
	const RuleValue *level = m->disability < 0 ? NULL : &r->lost[m->disability];
	bool		lost = level != NULL && level->set &&
		(int128) m->disability_level * level->value.den <= level->value.num;

	*rule = lost ? &level->source : NULL;
	if ((int128) age * aged.den >= aged.num ||
		(int128) age * minor.den < minor.num)
		return "no_work_ability_age";
	return lost ? "no_work_ability_disability" : "work_ability";
}

/*
 * A marginal family some of whose members get dibao alone: is anybody left of
 * it?  Sets the persons of its outcome, or the reason why there are none.
 */
static bool
rest_stays_marginal(Means *t)
{
	const MeansOutcome *d = &t->out->outcomes[MEANS_DIBAO];
	MeansOutcome *o = &t->out->outcomes[MEANS_LOW_INCOME];
	int			i;
	int			j;

	if (d->n_persons == t->members)
	{
		o->eligible = false;
		reason(o, "in_higher_class");
		return false;
	}
	o->persons = (int64 *) palloc(t->members * sizeof(int64));
	for (i = 0; i < t->f->members.n; i++)
	{
		const MeansMember *m = &t->f->members.items[i];

		for (j = 0; j < d->n_persons && d->persons[j] != m->member_id; j++)
			;
		if (m->counted && j == d->n_persons)
			o->persons[o->n_persons++] = m->member_id;
	}
	o->members = o->n_persons;
	return true;
}

/*
 * Lines in order, and what the results of refusals say.
 */
static int
compare_lines(const void *left, const void *right)
{
	const MeansLine *a = (const MeansLine *) left;
	const MeansLine *b = (const MeansLine *) right;

	if (a->programme != b->programme)
		return a->programme < b->programme ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	if (a->k1 != b->k1)
		return a->k1 < b->k1 ? -1 : 1;
	if (a->k2 != b->k2)
		return a->k2 < b->k2 ? -1 : 1;
	return 0;
}

/*
 * The line that says whether a member counts, and why.
 */
static void
member_line(Means *t, const MeansMember *m)
{
	const RuleSource *source = NULL;
	const char *rule = m->counted ? "counted" : "not_counted";

	if (m->situation >= 0 && !m->apart)
	{
		MeansMember by_rule = *m;

		source = aidcase_means_standing(&by_rule, t->r, t->f->members.n == 1,
										t->f->rule_day);
	}
	if (m->apart)
	{
		rule = "tekun_alone";
		source = &t->r->tekun_source;
	}
	else if (source != NULL)
		rule = t->r->members[m->situation].situation;
	else if (m->by_hand && m->counted)
		rule = "counted_by_hand";
	(void) with_input(line(t, MEANS_DIBAO, 10, m->member_id, 0, "member",
						   m->member_id, rule, source), m->counted * MONEY_YUAN);
	/* who counts is the same for all programmes */
	if (source != NULL && source->illustrative)
	{
		int			p;

		for (p = 0; p < MEANS_PROGRAMMES; p++)
			rests_on(t, (MeansProgramme) p, source);
	}
}

/*
 * Who is destitute on his own: a member whom nobody he lives with owes support
 * is held against the conditions of tekun with his own income and property.
 * Those who meet them get it, and the household is judged without them.
 */
static void
persons_apart(MeansFacts *facts, const RuleSet *rules,
			  const KindList *income_kinds, const KindList *expense_kinds,
			  MeansResult *result)
{
	MeansFacts	one = *facts;
	int			n = facts->members.n;
	Size		size = n * sizeof(MeansMember);
	MeansResult *subs = (MeansResult *) palloc0(n * sizeof(MeansResult));
	MeansOutcome sum;
	Means		means;
	int			found = 0;
	int			p;
	int			i;
	int			j;

	one.members.items = (MeansMember *) palloc(size);
	for (i = 0; i < n; i++)
	{
		const MeansMember *m = &facts->members.items[i];

		if (!m->counted || !m->no_obligor_here)
			continue;
		memcpy(one.members.items, facts->members.items, size);
		for (j = 0; j < n; j++)
			one.members.items[j].counted = j == i;
		subs[i].want_lines = result->want_lines;
		aidcase_means_household(&one, rules, income_kinds, expense_kinds, true,
								&subs[i]);
		result->missing = list_concat(result->missing, subs[i].missing);
		found += subs[i].outcomes[MEANS_TEKUN].eligible;
	}
	if (found == 0 || result->missing != NIL)
		return;

	/* the rest */
	memcpy(one.members.items, facts->members.items, size);
	for (i = 0; i < n; i++)
	{
		one.members.items[i].apart = subs[i].outcomes[MEANS_TEKUN].eligible;
		if (one.members.items[i].apart)
			one.members.items[i].counted = false;
	}
	aidcase_means_household(&one, rules, income_kinds, expense_kinds, false,
							result);
	for (p = 0; p < MEANS_PROGRAMMES; p++)
	{
		MeansOutcome *o = &result->outcomes[p];

		if (o->n_persons > 0 || o->members == 0)
			continue;
		o->persons = (int64 *) palloc(n * sizeof(int64));
		for (i = 0; i < n; i++)
		{
			if (one.members.items[i].counted)
				o->persons[o->n_persons++] = one.members.items[i].member_id;
		}
	}

	/* tekun of all of them, one after the other */
	memset(&sum, 0, sizeof(sum));
	memset(&means, 0, sizeof(means));
	means.out = result;
	sum.persons = (int64 *) palloc(n * sizeof(int64));
	for (i = 0, j = 0; i < result->n_lines; i++)
	{
		if (result->lines[i].programme != MEANS_TEKUN)
			result->lines[j++] = result->lines[i];
	}
	result->n_lines = j;
	for (i = 0; i < n; i++)
	{
		const MeansOutcome *own = &subs[i].outcomes[MEANS_TEKUN];
		int			seq = 1000 * (sum.n_persons + 1);

		if (!own->eligible)
			continue;
		sum.made = sum.eligible = sum.has_income = sum.has_standard = true;
		sum.benefit_month = own->benefit_month;
		sum.standard = own->standard;
		sum.rounding = own->rounding;
		sum.annual = add(sum.annual, own->annual);
		sum.base_fen += own->base_fen;
		sum.care_fen += own->care_fen;
		sum.illustrative = sum.illustrative || own->illustrative ||
			rules->tekun_source.illustrative;
		sum.persons[sum.n_persons++] = facts->members.items[i].member_id;
		(void) line(&means, MEANS_TEKUN, seq, 0, 0, "member",
					facts->members.items[i].member_id, "tekun_alone",
					&rules->tekun_source);
		for (j = 0; j < subs[i].n_lines; j++)
		{
			const MeansLine *from = &subs[i].lines[j];

			if (from->programme == MEANS_TEKUN && from->seq < 90)
			{
				MeansLine  *to = line(&means, MEANS_TEKUN, 0, 0, 0, from->step, 0,
									  from->rule, NULL);

				*to = *from;
				to->seq += seq;
			}
		}
	}
	sum.members = sum.n_persons;
	result->outcomes[MEANS_TEKUN] = sum;
	result->class = means_programmes[MEANS_TEKUN];
	if (result->want_lines)
	{
		line(&means, MEANS_TEKUN, PG_INT32_MAX, 0, 0, "result", 0, "eligible",
			 NULL)->basis = 'm';
		qsort(result->lines, result->n_lines, sizeof(MeansLine), compare_lines);
	}
}

/*
 * Results and lines of a round from its facts and rules.  result->want_lines
 * and its lists are set up by the caller; everything else is set here.  Who
 * counts by the rules is noted in the facts.
 */
void
aidcase_means_compute(MeansFacts *facts, const RuleSet *rules,
					  const KindList *income_kinds,
					  const KindList *expense_kinds, MeansResult *result)
{
	int			counted = 0;
	int			candidates = 0;
	int			i;

	for (i = 0; i < facts->members.n; i++)
	{
		(void) aidcase_means_standing(&facts->members.items[i], rules,
									  facts->members.n == 1, facts->rule_day);
		counted += facts->members.items[i].counted;
		candidates += facts->members.items[i].counted &&
			facts->members.items[i].no_obligor_here;
	}
	aidcase_means_household(facts, rules, income_kinds, expense_kinds, false,
							result);
	if (candidates > 0 && counted > 1 && rules->tekun_by_person &&
		result->outcomes[MEANS_TEKUN].made &&
		!result->outcomes[MEANS_TEKUN].eligible && result->missing == NIL)
		persons_apart(facts, rules, income_kinds, expense_kinds, result);
}

/*
 * The same when it is known who counts; alone: one member on his own.
 */
void
aidcase_means_household(const MeansFacts *facts, const RuleSet *rules,
						const KindList *income_kinds,
						const KindList *expense_kinds, bool alone,
						MeansResult *result)
{
	Means		means;
	Means	   *t = &means;
	const RuleSet *r = rules;
	MeansOutcome *o;
	bool	   *verified;
	int			kinds = 0;
	bool		low;
	bool		any;
	int			p;
	int			i;

	memset(t, 0, sizeof(Means));
	t->f = facts;
	t->r = rules;
	t->kinds = income_kinds;
	t->spending = expense_kinds;
	t->out = result;
	t->alone = alone;
	result->class = NULL;
	result->n_lines = 0;
	memset(result->outcomes, 0, sizeof(result->outcomes));

	for (i = 0; i < facts->members.n; i++)
	{
		const MeansMember *m = &facts->members.items[i];

		t->members += m->counted;
		if (m->situation >= 0 && !m->by_hand && !rules->members[m->situation].set)
			missing_rule(t, psprintf("Member rule of situation \"%s\"",
									 rules->members[m->situation].situation));
	}

	any = false;
	for (p = 0; p < MEANS_PROGRAMMES; p++)
	{
		o = &result->outcomes[p];
		o->made = rules->in_force[p] && (p == MEANS_TEMP || !facts->emergency);
		o->members = t->members;
		o->benefit_month = rules->benefit[p];
		if (o->made)
		{
			any = true;
			(void) need(t, &r->start[p]);
		}
	}
	if (!any)
	{
		aidcase_means_missing(t, psprintf("No programme of this round is in force on %s for area %s or one above it.",
							day_text(facts->rule_date), facts->area));
		return;
	}

	if (facts->emergency)
	{
		o = &result->outcomes[MEANS_TEMP];
		aidcase_means_temp(t, true, NULL, 0, &any);
		if (!any)
			missing_rule(t, "Rule of temporary assistance of type \"emergency\"");
		o->eligible = true;
		goto results;
	}

	t->standard = times(MONEY_YUAN, need(t, &r->standard));
	aidcase_means_obligors(t);

	/* dibao shows the household in full; others begin with its income */
	for (i = 0; i < facts->members.n; i++)
	{
		const MeansMember *m = &facts->members.items[i];
		const RuleSource *source;
		const char *ability;

		member_line(t, m);
		if (!m->counted || !r->in_force[MEANS_TEKUN])
			continue;
		ability = work_ability(t, m, &source);
		t->able_members += strcmp(ability, "work_ability") == 0;
		if (t->out->want_lines || (source != NULL && source->illustrative))
			(void) with_input(line(t, MEANS_TEKUN, 10, m->member_id, 0, "member",
								   m->member_id, ability, source),
							  strcmp(ability, "work_ability") == 0 ? MONEY_YUAN : 0);
	}
	if (facts->members.n == 0 && r->in_force[MEANS_TEKUN])
	{
		(void) need(t, &r->tekun_aged);
		(void) need(t, &r->tekun_minor);
	}

	household_income(t, MEANS_DIBAO);
	for (p = 0; p < MEANS_PROGRAMMES; p++)
	{
		o = &result->outcomes[p];
		o->has_income = o->has_standard = true;
		o->standard = t->standard;
		if (p != MEANS_DIBAO && o->made && r->income[p] != r->income[MEANS_DIBAO])
			household_income(t, p);
		else if (p != MEANS_DIBAO)
		{
			t->annual[p] = t->annual[MEANS_DIBAO];
			if (o->made && p != MEANS_TEMP)
				(void) with_amount(with_input(line(t, p, 33, 0, 0, "income", 0,
												   "household_income", NULL),
											  t->members * MONEY_YUAN),
								   'y', t->annual[p]);
		}
		o->annual = t->annual[p];
	}

	for (i = 0; i < facts->properties.n; i++)
		kinds = Max(kinds, facts->properties.items[i].kind + 1);
	verified = verified_kinds(facts->properties.items, facts->properties.n,
							  facts->members.n, kinds);

	/* tekun: no ability to work, no source of living, no able obligor */
	o = &result->outcomes[MEANS_TEKUN];
	if (o->made)
	{
		bool		poor = below(t, MEANS_TEKUN, "dibao_standard", &r->standard, NULL, MONTHS);

		if (!r->rounding_tekun.set)
			missing_rule(t, "Rounding rule of programme \"tekun\", component \"base\",");
		if (t->members == 0)
			reason(o, "no_counted_member");
		if (t->able_members > 0)
			reason(o, "work_ability_present");
		if (t->members > 0 && !poor)
			reason(o, "source_of_living_present");
		test_property(t, MEANS_TEKUN, verified, kinds);
		if (t->able_obligors > 0)
			reason(o, "able_obligor_present");
		aidcase_means_obligor_lines(t);
		(void) with_bound(with_input(line(t, MEANS_TEKUN, 51, 0, 0, "support", 0,
										  "able_obligors", NULL),
									 t->able_obligors * MONEY_YUAN), 0);
		o->rounding = r->rounding_tekun.mode;
		o->eligible = o->n_reasons == 0;
		if (!r->tekun_standard.set)
			(void) need(t, &r->tekun_standard);
		if (o->eligible)
			aidcase_means_tekun(t);
	}

	/* dibao: strictly below the standard, property within the limits */
	o = &result->outcomes[MEANS_DIBAO];
	if (o->made)
	{
		bool		poor = below(t, MEANS_DIBAO, "dibao_standard", &r->standard, NULL, MONTHS);

		if (!r->rounding_dibao.set)
			missing_rule(t, "Rounding rule of programme \"dibao\", component \"base\",");
		if (t->members == 0)
			reason(o, "no_counted_member");
		else if (!poor)
			reason(o, "income_not_below_standard");
		test_property(t, MEANS_DIBAO, verified, kinds);
		o->rounding = r->rounding_dibao.mode;
		o->potential_addon_fen = narrow(to_fen(aidcase_means_addons(t, false)));
		o->eligible = o->n_reasons == 0;
		if (o->eligible && r->rounding_dibao.set)
			aidcase_means_dibao(t);
	}

	/* marginal: below its multiple, and not in a higher class */
	low = false;
	o = &result->outcomes[MEANS_LOW_INCOME];
	if (o->made)
	{
		bool		poor = below(t, MEANS_LOW_INCOME, "marginal_multiple",
								 &r->standard, &r->marginal, MONTHS);

		if (t->members == 0)
			reason(o, "no_counted_member");
		else if (result->outcomes[MEANS_DIBAO].eligible ||
				 result->outcomes[MEANS_TEKUN].eligible)
			reason(o, "in_higher_class");
		else if (!poor)
			reason(o, "income_not_below_marginal");
		if (t->f->monitored)
			(void) line(t, MEANS_LOW_INCOME, 42, 0, 0, "limit", 0, "monitored", NULL);
		test_property(t, MEANS_LOW_INCOME, verified, kinds);
		o->eligible = o->n_reasons == 0;
		low = o->eligible;

	}

	/* who may apply alone does so when the household is not eligible */
	o = &result->outcomes[MEANS_DIBAO];
	if (o->made && !o->eligible && !result->outcomes[MEANS_TEKUN].eligible &&
		!alone && r->rounding_dibao.set && aidcase_means_single_persons(t, low))
	{
		o->eligible = true;
		o->n_reasons = 0;
		o->members = o->n_persons;
		if (low)
			low = rest_stays_marginal(t);
	}

	/* rigid-expense family */
	o = &result->outcomes[MEANS_RIGID];
	if (o->made)
	{
		Money		expense = aidcase_means_expenses(t, EXPENSE_RIGID, MEANS_RIGID);
		Fraction	share = need(t, &r->rigid_share);
		bool		poor = below(t, MEANS_RIGID, "disposable_income",
								 &r->disposable, NULL, 1);

		if (t->members == 0)
			reason(o, "no_counted_member");
		else if (low || facts->monitored || result->outcomes[MEANS_DIBAO].eligible ||
				 result->outcomes[MEANS_TEKUN].eligible)
			reason(o, "in_higher_class");
		else if (!poor)
			reason(o, "income_not_below_disposable");
		if (facts->monitored)
			(void) line(t, MEANS_RIGID, 42, 0, 0, "limit", 0, "monitored", NULL);
		test_property(t, MEANS_RIGID, verified, kinds);
		if (mul(expense, share.den) <= mul(t->annual[MEANS_RIGID], share.num))
			reason(o, "rigid_expense_not_above");
		with_bound(with_input(line(t, MEANS_RIGID, 41, 0, 0, "limit", 0,
										  "rigid_expense_share",
										  &r->rigid_share.source), expense),
						  times(t->annual[MEANS_RIGID], share))->basis = 'y';
		o->eligible = o->n_reasons == 0;
	}

	/* one class, the first by priority */
	result->class = result->outcomes[MEANS_TEKUN].eligible ? "tekun" :
		result->outcomes[MEANS_DIBAO].eligible && !low ? "dibao" :
		facts->monitored ? "monitored" :
		low ? "marginal" :
		result->outcomes[MEANS_RIGID].eligible ? "rigid_expense" :
		facts->other_class ? "other" : NULL;

	/* temporary assistance of the expense type */
	o = &result->outcomes[MEANS_TEMP];
	if (o->made)
	{
		for (i = 0, any = false; i < r->n_temps; i++)
			any = any || !r->temps[i].emergency;
		if (!any)
			reason(o, "no_emergency");
		else
		{
			Money		expense = aidcase_means_expenses(t, EXPENSE_TEMP, MEANS_TEMP);
			Money		threshold = 0;
			const char *class = result->class;
			const RuleSource *source = NULL;
			bool		poor = below(t, MEANS_TEMP, "disposable_income",
									 &r->disposable, NULL, 1);

			(void) with_amount(with_input(line(t, MEANS_TEMP, 33, 0, 0, "income", 0,
											   "household_income", NULL),
										  t->members * MONEY_YUAN),
							   'y', t->annual[MEANS_TEMP]);
			/* who is monitored is aided by his other class without own rules */
			for (i = 0; facts->monitored && i < r->n_temps; i++)
			{
				if (r->temps[i].class != NULL && strcmp(r->temps[i].class, "monitored") == 0)
					break;
			}
			if (facts->monitored && i == r->n_temps && strcmp(class, "monitored") == 0)
				class = low ? "marginal" : NULL;
			for (i = 0; i < r->n_temps; i++)
			{
				if (temp_applies(r, i, false, class) &&
					r->temps[i].threshold.set)
				{
					threshold = times(MONEY_YUAN, r->temps[i].threshold.value);
					source = &r->temps[i].threshold.source;
				}
			}
			if (t->members == 0)
				reason(o, "no_counted_member");
			else if (!poor)
				reason(o, "income_not_below_disposable");
			test_property(t, MEANS_TEMP, verified, kinds);
			if (expense <= threshold)
				reason(o, "expense_not_above_threshold");
			with_bound(with_input(line(t, MEANS_TEMP, 41, 0, 0, "limit", 0,
											  "temp_threshold", source), expense),
							  threshold)->basis = 'y';
			aidcase_means_temp(t, false, class, expense, &any);
			if (o->n_reasons == 0 && (!o->has_range || o->maximum_fen == 0))
				reason(o, "expense_not_above_threshold");
		}
		o->eligible = o->n_reasons == 0;
		if (!o->eligible)
			o->has_range = false;
	}

results:
	if (result->want_lines && result->missing == NIL)
	{
		for (p = 0; p < MEANS_PROGRAMMES; p++)
		{
			o = &result->outcomes[p];
			if (!o->made)
				continue;
			for (i = 0; i < Max(o->n_reasons, 1); i++)
				line(t, p, 90, i + 1, 0, "result", 0,
					 o->n_reasons == 0 ? "eligible" : o->reasons[i], NULL)->basis = 'm';
		}
		qsort(result->lines, result->n_lines, sizeof(MeansLine), compare_lines);
	}
}
