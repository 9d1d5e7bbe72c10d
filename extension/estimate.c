/*-------------------------------------------------------------------------
 *
 * estimate.c
 *		What a stratified sample says of its population: aggregate
 *		stratified_estimate, in three forms.
 *
 *		stratified_estimate(stratum, population, wrong boolean, level)
 *			the share and number of wrong units
 *		stratified_estimate(stratum, population, amount numeric, level)
 *			mean and total of an amount, such as yuan overpaid
 *		stratified_estimate(stratum, population, amount, base, level)
 *			total of an amount by the total of another: a ratio
 *
 * One row is one unit drawn; population is the number of units of its
 * stratum, the same in every row of it.  A unit that could not be examined
 * has no value (NULL).
 *
 * Method, after Cochran (1977), N units in the stratum, n examined:
 *
 * - Weights are N/n.  The variance of a stratum's total is N (N - n) s^2 / n,
 *   with s^2 of the units examined; a ratio's comes from the residuals
 *   amount - ratio * base.
 *
 * - A stratum with one unit examined of several (lonely) has no s^2 of its
 *   own.  It gets the mean within the other strata (weighted n - 1), or the
 *   squared distance of its unit from the overall mean, whichever is greater;
 *   if all strata are lonely, the s^2 of their units together.  It is counted
 *   in the result.
 *
 * - Nothing of a stratum examined: it counts as if it were like the others,
 *   and is reported as uncovered.
 *
 * - The interval of a share is symmetric in the log odds, that of an amount
 *   in the amount; both by Student's distribution.  Degrees of freedom: for a
 *   share the sum of n - 1 over the strata that are not examined completely;
 *   for amounts, whose spread differs between strata, Satterthwaite's.
 *
 * - Units not examined count as wrong in the upper limit of a share, and as
 *   right in the lower one.
 *
 * - Where all units examined are alike, they tell no spread.  No standard
 *   error is given then (it is 0 only if every unit was examined); the limits
 *   of a share are the exact ones, amounts have none.
 *
 * Exact limits for the number of wrong units: an upper limit is the greatest
 * number K for which there is any way to lay K wrong units into the strata
 * that makes P(X <= x) > (1 - level) / 2, X being the number found in all
 * strata together.  Over strata the greatest probability for each K is put
 * together stratum by stratum, from the greatest of P(X' <= x - i) of those
 * before, separately for each i: for one and two strata that is the maximum
 * itself, for more it is never below it, so that the limits hold at least at
 * the level.  Lower limits use P(X >= x).  With one stratum these are the
 * limits of hypergeometric_limits.  Where this would take more than MAX_STEPS
 * steps, limits of the single strata are added, each at 1 - (1 - level) /
 * strata (Bonferroni).
 *
 * Deterministic: strata are taken in the byte order of their names and values
 * by size, so results do not depend on the order of rows, on a plan, or on
 * the locale.  Decisions between whole numbers leave room for the last digits
 * of doubles.
 *
 * All state is in the aggregate's memory context; it grows with the number of
 * units drawn, 8 or 16 bytes a unit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "aidcase.h"
#include "compat.h"
#include "special.h"

/* Multiplications that exact limits may take, some tenths of a second. */
#define MAX_STEPS			3e8

/* Columns of type estimate. */
#define ESTIMATE_COLUMNS	18

/* What is added up. */
typedef enum EstimateKind
{
	ESTIMATE_SHARE,
	ESTIMATE_AMOUNT,
	ESTIMATE_RATIO
} EstimateKind;

/* A unit's amount and what it is compared with. */
typedef struct Value
{
	double		amount;
	double		base;			/* 0 unless a ratio is asked for */
} Value;

/* The name of a stratum: bytes, not terminated. */
typedef struct StratumName
{
	const char *bytes;
	int			length;
} StratumName;

/* A stratum and what was found in it. */
typedef struct Stratum
{
	StratumName name;
	int64		population;
	int64		drawn;			/* units, examined or not */
	int64		examined;		/* those with a value */
	int64		wrong;			/* of a share: those that are true */
	Value	   *values;			/* of amounts: examined of them */
	int64		room;			/* values that there is room for */
	uint32		hash;			/* for the table */
	char		status;			/* for the table */
} Stratum;

#define SH_PREFIX			strata
#define SH_ELEMENT_TYPE		Stratum
#define SH_KEY_TYPE			StratumName
#define SH_KEY				name
#define SH_HASH_KEY(tb, key) \
	hash_bytes((const unsigned char *) (key).bytes, (key).length)
#define SH_EQUAL(tb, a, b) \
	((a).length == (b).length && memcmp((a).bytes, (b).bytes, (a).length) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a)	(a)->hash
#define SH_SCOPE			static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The state of an aggregation. */
typedef struct Sample
{
	EstimateKind kind;
	double		level;
	strata_hash *strata;
} Sample;

/* One stratum as the exact limits see it. */
typedef struct Count
{
	int64		population;
	int64		drawn;
	int64		found;
} Count;

/* Estimate and standard error; NaN is not known. */
typedef struct Estimate
{
	double		value;			/* share, mean or ratio */
	double		error;			/* its standard error */
	double		df;				/* degrees of freedom */
} Estimate;

PG_FUNCTION_INFO_V1(aidcase_estimate_share_step);
PG_FUNCTION_INFO_V1(aidcase_estimate_amount_step);
PG_FUNCTION_INFO_V1(aidcase_estimate_ratio_step);
PG_FUNCTION_INFO_V1(aidcase_estimate_final);

static Sample *get_sample(FunctionCallInfo fcinfo, EstimateKind kind,
						  int level_arg, MemoryContext *context);
static Stratum *add_unit(FunctionCallInfo fcinfo, Sample *sample,
						 MemoryContext context);
static double get_amount(FunctionCallInfo fcinfo, int arg);
static void add_value(Stratum *stratum, Value value, MemoryContext context);
static int	compare_strata(const void *a, const void *b);
static int	compare_values(const void *a, const void *b);
static Stratum **sorted_strata(Sample *sample, int *nstrata);
static double mean_of(const Stratum *stratum, EstimateKind kind, bool base,
					  double ratio);
static double spread_of(const Stratum *stratum, EstimateKind kind,
						double mean, double ratio);
static Estimate estimate_from(Stratum **strata, int nstrata,
							  EstimateKind kind);
static double share_limit(Stratum **strata, int nstrata, double level,
						  bool upper, int64 exact);
static double steps_for(const Count *counts, int ncounts, int64 found,
						int64 reach);
static int64 limit_within(const Count *counts, int ncounts, int64 found,
						  double half_alpha, bool upper, int64 reach);
static int64 exact_limit(Stratum **strata, int nstrata, double level,
						 bool upper);

/*
 * The state, made in the first call; checks level.
 */
static Sample *
get_sample(FunctionCallInfo fcinfo, EstimateKind kind, int level_arg,
		   MemoryContext *context)
{
	Sample	   *sample = PG_ARGISNULL(0) ? NULL : (Sample *) PG_GETARG_POINTER(0);
	double		level;

	if (!AggCheckCallContext(fcinfo, context))
		elog(ERROR, "stratified_estimate is called outside an aggregation");

	level = PG_ARGISNULL(level_arg) ? get_float8_nan() :
		PG_GETARG_FLOAT8(level_arg);
	/* written so that NaN is caught */
	if (!(level > 0.0 && level < 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample cannot be estimated from"),
				 PG_ARGISNULL(level_arg) ?
				 errdetail("The level is NULL.") :
				 errdetail("The level (%g) is not between 0 and 1.", level),
				 errhint("Give the same level, such as 0.95, in every row.")));

	if (sample == NULL)
	{
		sample = (Sample *) MemoryContextAlloc(*context, sizeof(Sample));
		sample->kind = kind;
		sample->level = level;
		sample->strata = strata_create(*context, 64, NULL);
	}
	else if (sample->level != level)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample cannot be estimated from"),
				 errdetail("The level is %g in one row and %g in another.",
						   sample->level, level),
				 errhint("Give the same level, such as 0.95, in every row.")));
	return sample;
}

/*
 * Counts a unit as drawn and returns its stratum.
 */
static Stratum *
add_unit(FunctionCallInfo fcinfo, Sample *sample, MemoryContext context)
{
	text	   *name;
	int64		population;
	StratumName key;
	Stratum    *stratum;
	bool		found;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("sample cannot be estimated from"),
				 errdetail("A unit comes without its stratum or without the stratum's population."),
				 errhint("Give both in every row; only the value may be NULL, for a unit that could not be examined.")));

	name = PG_GETARG_TEXT_PP(1);
	population = PG_GETARG_INT64(2);
	key.bytes = VARDATA_ANY(name);
	key.length = (int) VARSIZE_ANY_EXHDR(name);
	stratum = strata_lookup(sample->strata, key);
	if (stratum == NULL)
	{
		char	   *bytes = (char *) MemoryContextAlloc(context, key.length + 1);

		memcpy(bytes, key.bytes, key.length);
		bytes[key.length] = '\0';
		key.bytes = bytes;
		stratum = strata_insert(sample->strata, key, &found);
		stratum->population = population;
		stratum->drawn = 0;
		stratum->examined = 0;
		stratum->wrong = 0;
		stratum->values = NULL;
		stratum->room = 0;
	}
	else if (stratum->population != population)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample cannot be estimated from"),
				 errdetail("The population of stratum \"%s\" is " INT64_FORMAT " in one row and " INT64_FORMAT " in another.",
						   stratum->name.bytes, stratum->population, population),
				 errhint("Give the number of units that the stratum has in the frame, in every row.")));
	stratum->drawn++;
	return stratum;
}

/*
 * An amount as double.
 */
static double
get_amount(FunctionCallInfo fcinfo, int arg)
{
	double		value = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
														   PG_GETARG_DATUM(arg)));

	if (isnan(value) || isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample cannot be estimated from"),
				 errdetail("An amount is not a finite number."),
				 errhint("Give amounts, or NULL for a unit that could not be examined.")));
	return value;
}

/*
 * Adds the value of a unit examined.
 */
static void
add_value(Stratum *stratum, Value value, MemoryContext context)
{
	if (stratum->values == NULL)
	{
		stratum->room = 8;
		stratum->values = (Value *)
			MemoryContextAlloc(context, stratum->room * sizeof(Value));
	}
	else if (stratum->examined == stratum->room)
	{
		stratum->room *= 2;
		stratum->values = (Value *)
			repalloc_huge(stratum->values, stratum->room * sizeof(Value));
	}
	stratum->values[stratum->examined++] = value;
}

/*
 * Strata in the order of their names' bytes.
 */
static int
compare_strata(const void *a, const void *b)
{
	const Stratum *first = *(Stratum *const *) a;
	const Stratum *second = *(Stratum *const *) b;
	int			order = memcmp(first->name.bytes, second->name.bytes,
							   Min(first->name.length, second->name.length));

	return order != 0 ? order : first->name.length - second->name.length;
}

/*
 * Values by size.
 */
static int
compare_values(const void *a, const void *b)
{
	const Value *first = (const Value *) a;
	const Value *second = (const Value *) b;

	if (first->amount != second->amount)
		return first->amount < second->amount ? -1 : 1;
	if (first->base != second->base)
		return first->base < second->base ? -1 : 1;
	return 0;
}

/*
 * The strata in order, their values in order too.  Errors if one holds more
 * units than its population, naming all of them.
 */
static Stratum **
sorted_strata(Sample *sample, int *nstrata)
{
	Stratum   **strata = (Stratum **) palloc(sample->strata->members * sizeof(Stratum *));
	Stratum    *stratum;
	StringInfoData problems;
	strata_iterator iterator;
	int			n = 0;
	int			i;

	strata_start_iterate(sample->strata, &iterator);
	while ((stratum = strata_iterate(sample->strata, &iterator)) != NULL)
		strata[n++] = stratum;
	qsort(strata, n, sizeof(Stratum *), compare_strata);

	initStringInfo(&problems);
	for (i = 0; i < n; i++)
	{
		if (strata[i]->drawn > strata[i]->population && problems.len < 2000)
			appendStringInfo(&problems, "Stratum \"%s\" has " INT64_FORMAT " units drawn of a population of " INT64_FORMAT ".\n",
						strata[i]->name.bytes, strata[i]->drawn,
						strata[i]->population);
		if (strata[i]->values != NULL)
			qsort(strata[i]->values, strata[i]->examined, sizeof(Value),
				  compare_values);
	}
	if (problems.len > 0)
	{
		problems.data[--problems.len] = '\0';
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample cannot be estimated from"),
				 errdetail_internal("%s", problems.data),
				 errhint("Give each unit once, with the number of units that its stratum has in the frame.")));
	}
	pfree(problems.data);
	*nstrata = n;
	return strata;
}

/*
 * Mean of the units examined: of the amount (the share of wrong ones), of
 * the base, or of the residual from a ratio.
 */
static double
mean_of(const Stratum *stratum, EstimateKind kind, bool base, double ratio)
{
	double		sum = 0.0;
	int64		i;

	if (kind == ESTIMATE_SHARE)
		return (double) stratum->wrong / (double) stratum->examined;
	for (i = 0; i < stratum->examined; i++)
		sum += base ? stratum->values[i].base :
			stratum->values[i].amount - ratio * stratum->values[i].base;
	return sum / (double) stratum->examined;
}

/*
 * The sum of squared distances of the units examined from their mean.
 */
static double
spread_of(const Stratum *stratum, EstimateKind kind, double mean, double ratio)
{
	double		sum = 0.0;
	int64		i;

	if (kind == ESTIMATE_SHARE)
		return (double) stratum->wrong * (1.0 - mean);
	for (i = 0; i < stratum->examined; i++)
	{
		double		distance = stratum->values[i].amount -
			ratio * stratum->values[i].base - mean;

		sum += distance * distance;
	}
	return sum;
}

/*
 * Estimate, standard error and degrees of freedom, from the units examined.
 */
static Estimate
estimate_from(Stratum **strata, int nstrata, EstimateKind kind)
{
	Estimate	result = {get_float8_nan(), get_float8_nan(), get_float8_nan()};
	double		amounts = 0.0;
	double		bases = 0.0;
	double		ratio = 0.0;
	double		centre;
	double		within = 0.0;	/* squared distances within strata */
	double		within_df = 0.0;
	double		open_df = 0.0;	/* of strata not examined completely */
	double		lonely_sum = 0.0;
	double		lonely_squares = 0.0;
	double		variance = 0.0;
	double		squares = 0.0;	/* for Satterthwaite's degrees */
	int64		covered = 0;	/* units in strata that were examined */
	int			lonely = 0;
	bool		complete = true;
	int			i;

	for (i = 0; i < nstrata; i++)
	{
		Stratum    *s = strata[i];

		if (s->examined < s->population)
			complete = false;
		if (s->examined == 0)
			continue;
		covered += s->population;
		amounts += (double) s->population * mean_of(s, kind, false, 0.0);
		if (kind == ESTIMATE_RATIO)
			bases += (double) s->population * mean_of(s, kind, true, 0.0);
	}
	if (covered == 0)
		return result;
	if (kind == ESTIMATE_RATIO)
	{
		if (bases == 0.0)
			return result;
		ratio = amounts / bases;
		result.value = ratio;
		centre = 0.0;			/* the residuals' total is 0 */
	}
	else
	{
		result.value = amounts / (double) covered;
		centre = result.value;
	}

	/* what strata without a spread of their own will need */
	for (i = 0; i < nstrata; i++)
	{
		Stratum    *s = strata[i];
		double		mean;

		if (s->examined == 0)
			continue;
		mean = mean_of(s, kind, false, ratio);
		if (s->examined > 1)
		{
			within += spread_of(s, kind, mean, ratio);
			within_df += (double) (s->examined - 1);
			if (s->examined < s->population)
				open_df += (double) (s->examined - 1);
		}
		else if (s->population > 1)
		{
			lonely++;
			lonely_sum += mean;
		}
	}
	if (within_df > 0.0)
		within /= within_df;
	else if (lonely > 1)
	{
		for (i = 0; i < nstrata; i++)
			if (strata[i]->examined == 1 && strata[i]->population > 1)
			{
				double		distance = mean_of(strata[i], kind, false, ratio) -
					lonely_sum / lonely;

				lonely_squares += distance * distance;
			}
		within = lonely_squares / (lonely - 1);
		open_df = lonely - 1;
	}
	else if (lonely == 1)
		return result;			/* one unit tells no spread */

	for (i = 0; i < nstrata; i++)
	{
		Stratum    *s = strata[i];
		double		mean;
		double		square;
		double		part;

		if (s->examined == 0 || s->examined == s->population)
			continue;
		mean = mean_of(s, kind, false, ratio);
		if (s->examined > 1)
			square = spread_of(s, kind, mean, ratio) / (double) (s->examined - 1);
		else
			square = Max(within, (mean - centre) * (mean - centre));
		part = (double) s->population * (double) (s->population - s->examined) /
			(double) s->examined * square;
		variance += part;
		squares += part * part / (double) Max(s->examined - 1, 1);
	}

	/* units that are all alike tell no spread */
	if (variance <= 0.0 && !complete)
		return result;
	result.error = sqrt(variance) /
		(kind == ESTIMATE_RATIO ? fabs(bases) : (double) covered);
	if (variance > 0.0)
		result.df = kind == ESTIMATE_SHARE ? Max(open_df, 1.0) :
			variance * variance / squares;
	return result;
}

/*
 * A limit of the share, with every unit that was not examined wrong (upper)
 * or right (lower); exact is the exact limit of the number of wrong ones.
 */
static double
share_limit(Stratum **strata, int nstrata, double level, bool upper,
			int64 exact)
{
	Stratum    *counted = (Stratum *) palloc(nstrata * sizeof(Stratum));
	Stratum   **pointers = (Stratum **) palloc(nstrata * sizeof(Stratum *));
	Estimate	estimate;
	int64		population = 0;
	int64		wrong = 0;
	int64		right = 0;
	double		limit;
	double		distance;
	int			i;

	for (i = 0; i < nstrata; i++)
	{
		counted[i] = *strata[i];
		if (upper)
			counted[i].wrong += counted[i].drawn - counted[i].examined;
		counted[i].examined = counted[i].drawn;
		pointers[i] = &counted[i];
		population += counted[i].population;
		wrong += counted[i].wrong;
		right += counted[i].drawn - counted[i].wrong;
	}
	estimate = estimate_from(pointers, nstrata, ESTIMATE_SHARE);
	if (isnan(estimate.error) || wrong == 0 || right == 0)
		return (double) exact / (double) population;
	if (estimate.error == 0.0)
		return estimate.value;

	distance = aidcase_t_upper((1.0 - level) / 2.0, estimate.df) *
		estimate.error / (estimate.value * (1.0 - estimate.value));
	limit = log(estimate.value) - log1p(-estimate.value) +
		(upper ? distance : -distance);
	limit = 1.0 / (1.0 + exp(-limit));

	/* what was seen is certain */
	limit = Max(limit, (double) wrong / (double) population);
	return Min(limit, (double) (population - right) / (double) population);
}

/*
 * How many multiplications limit_within() takes, about.
 */
static double
steps_for(const Count *counts, int ncounts, int64 found, int64 reach)
{
	double		width = (double) found + 1.0;
	double		held = (double) Min(counts[0].population, reach);
	double		steps = held * width;
	int			h;

	for (h = 1; h < ncounts; h++)
	{
		double		most = (double) Min(counts[h].population, reach);
		double		terms = Min(width, (double) counts[h].drawn + 1.0);

		held = Min(held + most, (double) reach);
		steps += held * (most + 1.0) * terms *
			(h == ncounts - 1 ? 1.0 : width - terms / 2.0);
	}
	return steps;
}

/*
 * The exact limit of the number of wrong units in several strata, looked for
 * among 0 to reach.  upper: the greatest number with which at most found are
 * likely to be found, reach if that or more; else the least with which at
 * least found are, more than reach if there is none.
 *
 * best[k * width + j] is the greatest probability, over all ways to lay k
 * wrong units into the strata taken so far, to find at most (at least) j.
 */
static int64
limit_within(const Count *counts, int ncounts, int64 found,
			 double half_alpha, bool upper, int64 reach)
{
	int64		width = found + 1;
	double	   *best;
	double	   *chance;			/* of j found in this stratum with k wrong */
	double	   *next;
	double	   *spare;
	double		bound;
	int64		held = 0;		/* most wrong units that best covers */
	int64		k;
	int64		j;
	int64		i;
	int			h;

	best = (double *) MemoryContextAllocExtended(CurrentMemoryContext,
												 (reach + 1) * width * sizeof(double),
												 MCXT_ALLOC_HUGE);
	next = (double *) MemoryContextAllocExtended(CurrentMemoryContext,
												 (reach + 1) * width * sizeof(double),
												 MCXT_ALLOC_HUGE);
	chance = (double *) MemoryContextAllocExtended(CurrentMemoryContext,
												   (reach + 1) * width * sizeof(double),
												   MCXT_ALLOC_HUGE);

	for (h = 0; h < ncounts; h++)
	{
		int64		population = counts[h].population;
		int64		drawn = counts[h].drawn;
		int64		most = Min(population, reach);
		bool		last = h == ncounts - 1;
		double		start = 1.0;	/* P(j found of j wrong) */

		/* P(j | k + 1) / P(j | k) =
		 * (k + 1) (population - k - drawn + j) /
		 * ((k + 1 - j) (population - k)) */
		for (j = 0; j < width; j++)
		{
			double		p;

			if (j > 0)
				start *= j <= drawn ?
					(double) (drawn - j + 1) / (double) (population - j + 1) : 0.0;
			for (k = 0; k < Min(j, most + 1); k++)
				chance[k * width + j] = 0.0;
			p = start;
			for (k = j; k <= most; k++)
			{
				chance[k * width + j] = p;
				if (k < population)
					p *= (double) (k + 1) / (double) (k + 1 - j) *
						((double) Max(population - k - drawn + j, 0) /
						 (double) (population - k));
			}
			CHECK_FOR_INTERRUPTS();
		}

		if (h == 0)
		{
			for (k = 0; k <= most; k++)
			{
				double		sum = 0.0;

				for (j = 0; j < width; j++)
				{
					if (upper)
						sum += chance[k * width + j];
					best[k * width + j] = upper ? sum : 1.0 - sum;
					if (!upper)
						sum += chance[k * width + j];
				}
			}
			held = most;
			continue;
		}

		for (k = 0; k <= Min(held + most, reach); k++)
		{
			int64		here;

			CHECK_FOR_INTERRUPTS();
			for (j = last ? found : 0; j < width; j++)
				next[k * width + j] = 0.0;
			for (here = Max(0, k - held); here <= Min(k, most); here++)
			{
				const double *p = chance + here * width;
				const double *q = best + (k - here) * width;
				int64		top = Min(here, drawn);	/* p is 0 above */

				for (j = last ? found : 0; j < width; j++)
				{
					double		sum = 0.0;

					if (upper)
						for (i = 0; i <= Min(j, top); i++)
							sum += p[i] * q[j - i];
					else
					{
						double		rest = 1.0;

						for (i = 0; i < j && i <= top; i++)
						{
							sum += p[i] * q[j - i];
							rest -= p[i];
						}
						if (j <= top)
							sum += Max(rest, 0.0);
					}
					if (sum > next[k * width + j])
						next[k * width + j] = sum;
				}
			}
		}
		held = Min(held + most, reach);
		spare = best;
		best = next;
		next = spare;
	}

	/* a probability that is equal but for the last digits counts as greater */
	bound = half_alpha * (1.0 - 1e-11);
	if (upper)
	{
		for (k = held; k > 0; k--)
			if (best[k * width + found] > bound)
				break;
	}
	else
	{
		for (k = 0; k <= held; k++)
			if (best[k * width + found] > bound)
				break;
	}
	pfree(best);
	pfree(next);
	pfree(chance);
	return k;
}

/*
 * An exact limit of the number of wrong units, with every unit that was not
 * examined wrong (upper) or right (lower).
 */
static int64
exact_limit(Stratum **strata, int nstrata, double level, bool upper)
{
	Count	   *counts = (Count *) palloc(nstrata * sizeof(Count));
	int64		certain = 0;	/* wrong ones of strata examined completely */
	int64		population = 0;
	int64		drawn = 0;
	int64		found = 0;
	int64		sought;
	int64		reach;
	int64		limit;
	bool		exchanged;
	int			ncounts = 0;
	int			i;

	for (i = 0; i < nstrata; i++)
	{
		Count		count;

		count.population = strata[i]->population;
		count.drawn = strata[i]->drawn;
		count.found = strata[i]->wrong +
			(upper ? strata[i]->drawn - strata[i]->examined : 0);
		if (count.drawn == count.population)
		{
			certain += count.found;
			continue;
		}
		population += count.population;
		drawn += count.drawn;
		found += count.found;
		counts[ncounts++] = count;
	}

	if (ncounts == 0)
		return certain;
	if (upper ? found == drawn : found == 0)
		return certain + (upper ? population : 0);

	/* limits of the right ones are those of the wrong ones, mirrored */
	exchanged = found > drawn / 2;
	sought = exchanged ? drawn - found : found;
	reach = Min(population, 16 + (int64) (4.0 * (double) (sought + 4) *
										  ((double) population / (double) drawn)));
	if (ncounts > 1)
		while (steps_for(counts, ncounts, sought, reach) <= MAX_STEPS)
		{
			bool		high = upper != exchanged;

			limit = limit_within(counts, ncounts, sought,
								 (1.0 - level) / 2.0, high, reach);
			if (reach == population || (high ? limit < reach : limit <= reach))
			{
				if (exchanged)
					limit = population - limit;
				return certain + (upper ? Min(limit, population - drawn + found) :
								  Max(limit, found));
			}
			reach = Min(population, 2 * reach);
		}

	/* one stratum; or so many that the limits of each are added */
	limit = 0;
	for (i = 0; i < ncounts; i++)
	{
		Count	   *c = &counts[i];

		limit += upper ?
			aidcase_most_wrong(c->found, c->drawn, c->population, level, ncounts) :
			c->population - aidcase_most_wrong(c->drawn - c->found, c->drawn,
											   c->population, level, ncounts);
	}
	return certain + limit;
}

/*
 * stratified_estimate_share_step(internal, stratum text, population bigint,
 * wrong boolean, level double precision)
 */
Datum
aidcase_estimate_share_step(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Sample	   *sample = get_sample(fcinfo, ESTIMATE_SHARE, 4, &context);
	Stratum    *stratum = add_unit(fcinfo, sample, context);

	if (!PG_ARGISNULL(3))
	{
		stratum->examined++;
		if (PG_GETARG_BOOL(3))
			stratum->wrong++;
	}
	PG_RETURN_POINTER(sample);
}

/*
 * stratified_estimate_amount_step(internal, stratum text, population bigint,
 * amount numeric, level double precision)
 */
Datum
aidcase_estimate_amount_step(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Sample	   *sample = get_sample(fcinfo, ESTIMATE_AMOUNT, 4, &context);
	Stratum    *stratum = add_unit(fcinfo, sample, context);

	if (!PG_ARGISNULL(3))
	{
		Value		value;

		value.amount = get_amount(fcinfo, 3);
		value.base = 0.0;
		add_value(stratum, value, context);
	}
	PG_RETURN_POINTER(sample);
}

/*
 * stratified_estimate_ratio_step(internal, stratum text, population bigint,
 * amount numeric, base numeric, level double precision)
 */
Datum
aidcase_estimate_ratio_step(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Sample	   *sample = get_sample(fcinfo, ESTIMATE_RATIO, 5, &context);
	Stratum    *stratum = add_unit(fcinfo, sample, context);

	if (!PG_ARGISNULL(3))
	{
		Value		value;

		if (PG_ARGISNULL(4))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("sample cannot be estimated from"),
					 errdetail("A unit comes with an amount and without its base."),
					 errhint("Give what the amount is compared with, such as the amount paid, for every unit examined.")));
		value.amount = get_amount(fcinfo, 3);
		value.base = get_amount(fcinfo, 4);
		add_value(stratum, value, context);
	}
	PG_RETURN_POINTER(sample);
}

/*
 * stratified_estimate_final(internal) returns estimate
 */
Datum
aidcase_estimate_final(PG_FUNCTION_ARGS)
{
	Sample	   *sample;
	Stratum   **strata;
	int			nstrata;
	Estimate	estimate;
	TupleDesc	desc;
	Datum		values[ESTIMATE_COLUMNS];
	bool		nulls[ESTIMATE_COLUMNS];
	int64		population = 0;
	int64		uncovered = 0;
	int64		drawn = 0;
	int64		examined = 0;
	int64		wrong = 0;
	int			lonely = 0;
	double		lower = get_float8_nan();
	double		upper = get_float8_nan();
	int			i;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	sample = (Sample *) PG_GETARG_POINTER(0);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != ESTIMATE_COLUMNS)
		elog(ERROR, "an estimate needs a row of type estimate as its result");

	strata = sorted_strata(sample, &nstrata);
	for (i = 0; i < nstrata; i++)
	{
		population += strata[i]->population;
		drawn += strata[i]->drawn;
		examined += strata[i]->examined;
		wrong += strata[i]->wrong;
		if (strata[i]->examined == 0)
			uncovered += strata[i]->population;
		else if (strata[i]->examined == 1 && strata[i]->population > 1)
			lonely++;
	}
	estimate = estimate_from(strata, nstrata, sample->kind);

	memset(nulls, 0, sizeof(nulls));
	nulls[6] = nulls[16] = nulls[17] = sample->kind != ESTIMATE_SHARE;
	values[6] = values[16] = values[17] = (Datum) 0;
	if (sample->kind == ESTIMATE_SHARE)
	{
		int64		least = exact_limit(strata, nstrata, sample->level, false);
		int64		most = exact_limit(strata, nstrata, sample->level, true);

		lower = share_limit(strata, nstrata, sample->level, false, least);
		upper = share_limit(strata, nstrata, sample->level, true, most);
		values[6] = Int64GetDatum(wrong);
		values[16] = Int64GetDatum(least);
		values[17] = Int64GetDatum(most);
	}
	else if (!isnan(estimate.error))
	{
		double		distance = estimate.error == 0.0 ? 0.0 :
			aidcase_t_upper((1.0 - sample->level) / 2.0, estimate.df) *
			estimate.error;

		lower = estimate.value - distance;
		upper = estimate.value + distance;
	}

	values[0] = Int32GetDatum(nstrata);
	values[1] = Int32GetDatum(lonely);
	values[2] = Int64GetDatum(population);
	values[3] = Int64GetDatum(uncovered);
	values[4] = Int64GetDatum(drawn);
	values[5] = Int64GetDatum(examined);
	values[7] = Float8GetDatum(estimate.value);
	nulls[7] = isnan(estimate.value);
	values[8] = Float8GetDatum(estimate.error);
	nulls[8] = isnan(estimate.error);
	values[9] = Float8GetDatum(estimate.df);
	nulls[9] = isnan(estimate.df);
	values[10] = Float8GetDatum(lower);
	nulls[10] = isnan(lower);
	values[11] = Float8GetDatum(upper);
	nulls[11] = isnan(upper);

	/* the totals of a share or an amount; a ratio has none */
	values[12] = Float8GetDatum(estimate.value * (double) population);
	values[13] = Float8GetDatum(estimate.error * (double) population);
	values[14] = Float8GetDatum(lower * (double) population);
	values[15] = Float8GetDatum(upper * (double) population);
	for (i = 0; i < 4; i++)
		nulls[12 + i] = sample->kind == ESTIMATE_RATIO ||
			nulls[i < 2 ? 7 + i : 8 + i];

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
