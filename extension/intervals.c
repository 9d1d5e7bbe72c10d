/*-------------------------------------------------------------------------
 *
 * intervals.c
 *		Confidence limits for a share, and for the number of wrong units in
 *		a finite population; how many units to examine.
 *
 * Of n units examined, x were found wrong.  All three functions give
 * two-sided limits (lower, upper) with half of alpha = 1 - level on each side:
 *
 * wilson: Wilson's score interval for a share; an approximation.
 *
 * clopper_pearson: the exact binomial limits for a share.
 *
 * hypergeometric_limits: the exact limits for the number K of wrong units
 * among the N of the population, when n of them were drawn without putting
 * back.  lower = the least K with P(X >= x) > alpha/2, upper = the greatest
 * K with P(X <= x) > alpha/2.
 *
 * sample_size: how many units to examine so that the share found lies within
 * a margin of the true one at a level; an approximation, by the normal
 * distribution with finite-population correction (Cochran).
 *
 * discovery_size: how many units to examine so that at least one wrong one is
 * among them with a probability of at least level; exact.
 *
 * How the numbers are kept right:
 *
 * - A lower limit is an upper limit for the units that were found right, so
 *   that only upper limits are computed, from the tail P(X <= x).
 *
 * - Tails are sums of positive terms, each made from its neighbour by an
 *   exact ratio.  Nothing is the difference of large numbers, as it would be
 *   with logarithms of factorials.
 *
 * - The binomial probability at the start of a sum is computed as Catherine
 *   Loader (2000) proposed, from the deviance and the error of Stirling's
 *   formula.
 *
 * - A hypergeometric limit is a whole number decided by comparing a tail
 *   with alpha/2, and the two can be equal or differ in the last bit of a
 *   double.  These sums therefore carry about 31 digits, as pairs of doubles
 *   whose sum is the value (Dekker 1971), and level counts as exactly the
 *   double that was given.  A tie is no "greater than".
 *
 * Only + - * / sqrt exp expm1 log log1p erfc of the C library are used, so
 * results agree on any machine to the last digits, and whole numbers agree.
 *
 * Sums run over some dozens of standard deviations at most.  To bound them,
 * the exact methods refuse n or a population above MAX_UNITS.
 *
 * All memory is of the call, except the row type of the result, which is
 * kept in fn_extra.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "aidcase.h"
#include "compat.h"
#include "special.h"

/* Most units that the exact methods take; more people than there are. */
#define MAX_UNITS			INT64CONST(10000000000)

/* Ask for a cancelled query after so many terms of a sum. */
#define TERMS_PER_CHECK		0xFFFF

PG_FUNCTION_INFO_V1(aidcase_wilson);
PG_FUNCTION_INFO_V1(aidcase_clopper_pearson);
PG_FUNCTION_INFO_V1(aidcase_hypergeometric_limits);
PG_FUNCTION_INFO_V1(aidcase_sample_size);
PG_FUNCTION_INFO_V1(aidcase_discovery_size);

/* A number of about 31 digits: the sum of two doubles. */
typedef struct Pair
{
	double		high;			/* the nearest double */
	double		low;			/* what is missing */
} Pair;

static void check_counts(int64 x, int64 n, const int64 *population,
						 double level, bool bounded);
static Datum make_limits(FunctionCallInfo fcinfo, Datum lower, Datum upper);
static double log_binomial(double x, double n, double p, double q);
static double binomial_upper_logit(int64 x, int64 n, double half_alpha);
static Pair pair_sum(double a, double b);
static Pair pair_product(double a, double b);
static Pair pair_add(Pair a, Pair b);
static Pair pair_multiply(Pair a, Pair b);
static Pair pair_divide(Pair a, Pair b);
static bool hypergeometric_tail_exceeds(int64 x, int64 n, int64 wrong,
										int64 population, Pair half_alpha);
static int64 hypergeometric_upper(int64 x, int64 n, int64 population,
								  Pair half_alpha);
static bool none_is_likely(int64 n, int64 wrong, int64 population,
						   double level);

/*
 * Errors, naming all that is wrong, if the arguments allow no limits.
 * population may be NULL; bounded says whether MAX_UNITS applies.
 */
static void
check_counts(int64 x, int64 n, const int64 *population, double level,
			 bool bounded)
{
	StringInfoData problems;

	initStringInfo(&problems);
	if (x < 0)
		appendStringInfo(&problems, "The number found wrong (" INT64_FORMAT ") is negative.\n",
					x);
	if (n < 1)
		appendStringInfo(&problems, "The number examined (" INT64_FORMAT ") is not positive.\n",
					n);
	if (x > n)
		appendStringInfo(&problems, "The number found wrong (" INT64_FORMAT ") is greater than the number examined (" INT64_FORMAT ").\n",
					x, n);
	if (population != NULL && n > *population)
		appendStringInfo(&problems, "The number examined (" INT64_FORMAT ") is greater than the population (" INT64_FORMAT ").\n",
					n, *population);
	if (bounded && (population != NULL ? *population : n) > MAX_UNITS)
		appendStringInfo(&problems, "There are more than " INT64_FORMAT " units.\n",
					MAX_UNITS);
	/* written so that NaN is caught */
	if (!(level > 0.0 && level < 1.0))
		appendStringInfo(&problems, "The level (%g) is not between 0 and 1.\n", level);

	if (problems.len > 0)
	{
		problems.data[--problems.len] = '\0';
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence limits cannot be computed"),
				 errdetail_internal("%s", problems.data),
				 population != NULL ?
				 errhint("Give 0 <= x <= n <= population, n at least 1, and a level such as 0.95.") :
				 errhint("Give 0 <= x <= n, n at least 1, and a level such as 0.95.")));
	}
	pfree(problems.data);
}

/*
 * The result row (lower, upper).
 */
static Datum
make_limits(FunctionCallInfo fcinfo, Datum lower, Datum upper)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (flinfo->fn_extra == NULL)
	{
		MemoryContext caller;
		TupleDesc	desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "confidence limits need a row as their result");
		caller = MemoryContextSwitchTo(flinfo->fn_mcxt);
		flinfo->fn_extra = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(caller);
	}

	values[0] = lower;
	values[1] = upper;
	return HeapTupleGetDatum(heap_form_tuple((TupleDesc) flinfo->fn_extra,
											 values, nulls));
}

/*
 * The logarithm of the binomial probability of x among n, for 0 < x < n;
 * q = 1 - p is handed in to keep its digits.
 */
static double
log_binomial(double x, double n, double p, double q)
{
	return aidcase_stirling_error(n) - aidcase_stirling_error(x) - aidcase_stirling_error(n - x) -
		aidcase_deviance(x, n * p) - aidcase_deviance(n - x, n * q) -
		LN_SQRT_2PI + 0.5 * log(n / (x * (n - x)));
}

/*
 * The log odds ln(p / (1 - p)) of the p with P(X <= x) = half_alpha, for X
 * binomial among n and 0 < x < n.
 *
 * As a function of the log odds, the logarithm of the tail falls and is
 * concave, so Newton's method finds the root from any start: after the first
 * step it comes from above only.  We start at p = x/n, where the tail is at
 * least 1/2; with p never below that, the terms of the sum only fall.
 */
static double
binomial_upper_logit(int64 x, int64 n, double half_alpha)
{
	double		log_target = log(half_alpha);
	double		logit = log((double) x / (double) (n - x));
	double		deviation = sqrt((double) x / (double) n * (double) (n - x));
	int			step;

	for (step = 0; step < 100; step++)
	{
		double		p = 1.0 / (1.0 + exp(-logit));
		double		q = 1.0 / (1.0 + exp(logit));
		double		odds = exp(-logit);
		double		term = 1.0;
		double		sum = 1.0;
		double		change;
		int64		i;

		CHECK_FOR_INTERRUPTS();

		/* P(X = i - 1) / P(X = i) = i q / ((n - i + 1) p) */
		for (i = x; i > 0; i--)
		{
			term *= (double) i / (double) (n - i + 1) * odds;
			if (term < DBL_EPSILON / 64 * sum / (double) i)
				break;
			sum += term;
			if ((i & TERMS_PER_CHECK) == 0)
				CHECK_FOR_INTERRUPTS();
		}

		/* the derivative is -(n - x) p P(X = x) / P(X <= x) */
		change = (log_binomial((double) x, (double) n, p, q) + log(sum) -
				  log_target) * sum / ((double) (n - x) * p);
		logit += change;
		/* what is left is about deviation * change^2 */
		if (fabs(change) * deviation <= 1e-7)
			break;
	}
	return logit;
}

/*
 * a + b exactly.
 */
static Pair
pair_sum(double a, double b)
{
	Pair		result;
	double		part;

	result.high = a + b;
	part = result.high - a;
	result.low = (a - (result.high - part)) + (b - part);
	return result;
}

/*
 * a * b exactly, by halves of 26 bits.
 */
static Pair
pair_product(double a, double b)
{
	const double split = 134217729.0;	/* 2^27 + 1 */
	Pair		result;
	double		ah = split * a;
	double		bh = split * b;
	double		al;
	double		bl;

	ah = ah - (ah - a);
	al = a - ah;
	bh = bh - (bh - b);
	bl = b - bh;
	result.high = a * b;
	result.low = ((ah * bh - result.high) + ah * bl + al * bh) + al * bl;
	return result;
}

/*
 * a + b
 */
static Pair
pair_add(Pair a, Pair b)
{
	Pair		high = pair_sum(a.high, b.high);
	Pair		low = pair_sum(a.low, b.low);

	high = pair_sum(high.high, high.low + low.high);
	return pair_sum(high.high, high.low + low.low);
}

/*
 * a * b
 */
static Pair
pair_multiply(Pair a, Pair b)
{
	Pair		result = pair_product(a.high, b.high);

	return pair_sum(result.high,
					result.low + (a.high * b.low + a.low * b.high));
}

/*
 * a / b, digit by digit, a digit being a double.
 */
static Pair
pair_divide(Pair a, Pair b)
{
	Pair		digit = {0.0, 0.0};
	Pair		result = {0.0, 0.0};
	int			i;

	for (i = 0; i < 3; i++)
	{
		Pair		part;

		digit.high = a.high / b.high;
		part = pair_multiply(digit, b);
		part.high = -part.high;
		part.low = -part.low;
		a = pair_add(a, part);
		result = pair_add(result, digit);
	}
	return result;
}

/*
 * Is P(X <= x) > half_alpha, when n units are drawn from a population with
 * so many wrong ones?  Needs wrong - (population - n) <= x <= wrong.
 *
 * All terms are computed relative to one near the mode, and the tail is
 * divided by their total, so no factorial is needed.  Terms too small to
 * change the total are left out.
 */
static bool
hypergeometric_tail_exceeds(int64 x, int64 n, int64 wrong, int64 population,
							Pair half_alpha)
{
	const double negligible = ldexp(1.0, -112);
	int64		least = Max(0, n - (population - wrong));
	int64		most = Min(n, wrong);
	int64		start;
	Pair		one = {1.0, 0.0};
	Pair		term;
	Pair		total = one;
	Pair		tail = {0.0, 0.0};
	Pair		bound;
	double		terms = 1;
	int64		i;

	start = (int64) (((double) n + 1) * ((double) wrong + 1) /
					 ((double) population + 2));
	start = Max(least, Min(most, start));
	if (start <= x)
		tail = one;

	/* P(X = i + 1) / P(X = i) =
	 * (wrong - i) (n - i) / ((i + 1) (population - wrong - n + i + 1)) */
	term = one;
	for (i = start; i < most; i++)
	{
		term = pair_multiply(term,
							 pair_divide(pair_product((double) (wrong - i),
													  (double) (n - i)),
										 pair_product((double) (i + 1),
													  (double) (population - wrong - n + i + 1))));
		if (term.high < negligible * total.high)
			break;
		total = pair_add(total, term);
		if (i + 1 <= x)
			tail = pair_add(tail, term);
		terms += 1;
		if ((i & TERMS_PER_CHECK) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	term = one;
	for (i = start; i > least; i--)
	{
		term = pair_multiply(term,
							 pair_divide(pair_product((double) i,
													  (double) (population - wrong - n + i)),
										 pair_product((double) (wrong - i + 1),
													  (double) (n - i + 1))));
		if (term.high < negligible * total.high)
			break;
		total = pair_add(total, term);
		if (i - 1 <= x)
			tail = pair_add(tail, term);
		terms += 1;
		if ((i & TERMS_PER_CHECK) == 0)
			CHECK_FOR_INTERRUPTS();
	}

	/* tail > half_alpha * total, and by more than the sums' own error */
	bound = pair_multiply(half_alpha, total);
	bound.high = -bound.high;
	bound.low = -bound.low;
	return pair_add(tail, bound).high > ldexp(terms, -100) * total.high;
}

/*
 * The greatest number of wrong units with P(X <= x) > half_alpha.
 *
 * With x of n found wrong, x to population - (n - x) units can be.  The tail
 * falls as the number grows, and is 1 at the first of them.
 */
static int64
hypergeometric_upper(int64 x, int64 n, int64 population, Pair half_alpha)
{
	int64		low = x;
	int64		high = population - (n - x);

	while (low < high)
	{
		int64		middle = low + (high - low + 1) / 2;

		CHECK_FOR_INTERRUPTS();
		if (hypergeometric_tail_exceeds(x, n, middle, population, half_alpha))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/*
 * The greatest number of wrong units among the population with P(X <= x) >
 * (1 - level) / 2 / parts, when n were drawn and X are found.
 */
int64
aidcase_most_wrong(int64 x, int64 n, int64 population, double level, int parts)
{
	Pair		half_alpha = pair_sum(1.0, -level);
	Pair		divisor = {2.0 * parts, 0.0};

	return hypergeometric_upper(x, n, population,
								pair_divide(half_alpha, divisor));
}

/*
 * Is the probability that n units drawn hold none of the wrong ones greater
 * than 1 - level?  Needs n + wrong <= population.
 *
 * It is the product of (population - wrong - i) / (population - i) over the
 * n units, or the same with n and wrong exchanged, whichever is shorter.
 */
static bool
none_is_likely(int64 n, int64 wrong, int64 population, double level)
{
	Pair		product = {1.0, 0.0};
	Pair		alpha = pair_sum(1.0, -level);
	int64		factors = Min(n, wrong);
	int64		taken = Max(n, wrong);
	int64		i;

	for (i = 0; i < factors; i++)
	{
		Pair		above = {(double) (population - taken - i), 0.0};
		Pair		below = {(double) (population - i), 0.0};

		product = pair_multiply(product, pair_divide(above, below));
		if (product.high < 0.5 * alpha.high)
			return false;
		if ((i & TERMS_PER_CHECK) == TERMS_PER_CHECK)
			CHECK_FOR_INTERRUPTS();
	}
	alpha.high = -alpha.high;
	alpha.low = -alpha.low;
	return pair_add(product, alpha).high > ldexp((double) factors, -100);
}

/*
 * wilson(x bigint, n bigint, level double precision)
 *
 * The limits are the roots of (1 + t) p^2 - (2 s + t) p + s^2 with s = x/n
 * and t = z^2/n.  The smaller one comes from their product, which cancels
 * nothing.
 */
Datum
aidcase_wilson(PG_FUNCTION_ARGS)
{
	int64		x = PG_GETARG_INT64(0);
	int64		n = PG_GETARG_INT64(1);
	double		level = PG_GETARG_FLOAT8(2);
	double		share;
	double		z;
	double		t;
	double		lower;
	double		upper;

	check_counts(x, n, NULL, level, false);

	share = (double) x / (double) n;
	z = aidcase_normal_upper((1.0 - level) / 2.0);
	t = z * z / (double) n;
	upper = (2.0 * share + t +
			 sqrt(t * t + 4.0 * t * share * ((double) (n - x) / (double) n))) /
		(2.0 * (1.0 + t));
	lower = x == 0 ? 0.0 : share * share / ((1.0 + t) * upper);
	if (x == n)
		upper = 1.0;
	return make_limits(fcinfo, Float8GetDatum(lower),
					   Float8GetDatum(Min(upper, 1.0)));
}

/*
 * clopper_pearson(x bigint, n bigint, level double precision)
 */
Datum
aidcase_clopper_pearson(PG_FUNCTION_ARGS)
{
	int64		x = PG_GETARG_INT64(0);
	int64		n = PG_GETARG_INT64(1);
	double		level = PG_GETARG_FLOAT8(2);
	double		half_alpha;
	double		lower;
	double		upper;

	check_counts(x, n, NULL, level, true);

	/* P(X <= 0) = (1 - p)^n and P(X >= n) = p^n are solved by hand */
	half_alpha = (1.0 - level) / 2.0;
	if (x == 0)
		lower = 0.0;
	else if (x == n)
		lower = exp(log(half_alpha) / (double) n);
	else
		lower = 1.0 / (1.0 + exp(binomial_upper_logit(n - x, n, half_alpha)));
	if (x == n)
		upper = 1.0;
	else if (x == 0)
		upper = -expm1(log(half_alpha) / (double) n);
	else
		upper = 1.0 / (1.0 + exp(-binomial_upper_logit(x, n, half_alpha)));
	return make_limits(fcinfo, Float8GetDatum(lower), Float8GetDatum(upper));
}

/*
 * hypergeometric_limits(x bigint, n bigint, population bigint,
 * level double precision)
 */
Datum
aidcase_hypergeometric_limits(PG_FUNCTION_ARGS)
{
	int64		x = PG_GETARG_INT64(0);
	int64		n = PG_GETARG_INT64(1);
	int64		population = PG_GETARG_INT64(2);
	double		level = PG_GETARG_FLOAT8(3);
	int64		lower;
	int64		upper;

	check_counts(x, n, &population, level, true);

	lower = population - aidcase_most_wrong(n - x, n, population, level, 1);
	upper = aidcase_most_wrong(x, n, population, level, 1);
	return make_limits(fcinfo, Int64GetDatum(lower), Int64GetDatum(upper));
}

/*
 * sample_size(population bigint, expected_rate double precision,
 * margin double precision, level double precision)
 *
 * A result that lies a rounding error above a whole number is that number, so
 * that it is the same on any machine.
 */
Datum
aidcase_sample_size(PG_FUNCTION_ARGS)
{
	int64		population = PG_GETARG_INT64(0);
	double		rate = PG_GETARG_FLOAT8(1);
	double		margin = PG_GETARG_FLOAT8(2);
	double		level = PG_GETARG_FLOAT8(3);
	StringInfoData problems;
	double		z;
	double		unlimited;
	double		size;

	initStringInfo(&problems);
	if (population < 1)
		appendStringInfo(&problems, "The population (" INT64_FORMAT ") is not positive.\n",
					population);
	if (population > MAX_UNITS)
		appendStringInfo(&problems, "There are more than " INT64_FORMAT " units.\n",
					MAX_UNITS);
	/* written so that NaN is caught */
	if (!(rate > 0.0 && rate < 1.0))
		appendStringInfo(&problems, "The expected rate (%g) is not between 0 and 1.\n", rate);
	if (!(margin > 0.0 && margin < 1.0))
		appendStringInfo(&problems, "The margin (%g) is not between 0 and 1.\n", margin);
	if (!(level > 0.0 && level < 1.0))
		appendStringInfo(&problems, "The level (%g) is not between 0 and 1.\n", level);
	if (problems.len > 0)
	{
		problems.data[--problems.len] = '\0';
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of units to examine cannot be computed"),
				 errdetail_internal("%s", problems.data),
				 errhint("Give the population, the rate that is expected (0.5 when nothing is known), the margin such as 0.05, and a level such as 0.95.")));
	}
	pfree(problems.data);

	z = aidcase_normal_upper((1.0 - level) / 2.0);
	unlimited = z / margin * (z / margin) * rate * (1.0 - rate);
	size = ceil(unlimited / (1.0 + (unlimited - 1.0) / (double) population) *
				(1.0 - 1e-12));
	PG_RETURN_INT64((int64) Max(1.0, Min(size, (double) population)));
}

/*
 * discovery_size(population bigint, wrong bigint, level double precision)
 */
Datum
aidcase_discovery_size(PG_FUNCTION_ARGS)
{
	int64		population = PG_GETARG_INT64(0);
	int64		wrong = PG_GETARG_INT64(1);
	double		level = PG_GETARG_FLOAT8(2);
	StringInfoData problems;
	int64		low = 1;
	int64		high;

	initStringInfo(&problems);
	if (population < 1)
		appendStringInfo(&problems, "The population (" INT64_FORMAT ") is not positive.\n",
					population);
	if (population > MAX_UNITS)
		appendStringInfo(&problems, "There are more than " INT64_FORMAT " units.\n",
					MAX_UNITS);
	if (wrong < 1)
		appendStringInfo(&problems, "The number of wrong units (" INT64_FORMAT ") is not positive.\n",
					wrong);
	if (wrong > population)
		appendStringInfo(&problems, "The number of wrong units (" INT64_FORMAT ") is greater than the population (" INT64_FORMAT ").\n",
					wrong, population);
	if (!(level > 0.0 && level < 1.0))
		appendStringInfo(&problems, "The level (%g) is not between 0 and 1.\n", level);
	if (problems.len > 0)
	{
		problems.data[--problems.len] = '\0';
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of units to examine cannot be computed"),
				 errdetail_internal("%s", problems.data),
				 errhint("Give the population, the number of wrong units in it of which one is to be found, and a level such as 0.95.")));
	}
	pfree(problems.data);

	/* with so many no draw holds right ones only */
	high = population - wrong + 1;
	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		CHECK_FOR_INTERRUPTS();
		if (none_is_likely(middle, wrong, population, level))
			low = middle + 1;
		else
			high = middle;
	}
	PG_RETURN_INT64(low);
}
