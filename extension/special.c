/*-------------------------------------------------------------------------
 *
 * special.c
 *		The special functions of statistics, written once.
 *
 * ln(gamma) comes from Stirling's formula and its error, which is a short
 * series for large arguments and goes down from there by an exact recurrence.
 * The incomplete beta function is its continued fraction (DiDonato and Morris
 * 1992, evaluated as Lentz proposed), times a factor that is computed as Catherine Loader (2000)
 * proposed, from deviances and the errors of Stirling's formula: no
 * difference of large logarithms is formed.  Quantiles are found by Newton's
 * or Halley's method, and do not depend on where that starts beyond the last
 * digits.
 *
 * Relative errors are below 1e-12 for arguments up to 1e8; of log_gamma it is
 * the absolute error where the function passes zero.
 *
 * Only + - * / sqrt exp log log1p erfc of the C library are used, so results
 * agree on any machine to the last digits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"

#include "aidcase.h"
#include "special.h"

/* From here on Student's quantile is the normal one with corrections. */
#define MANY_DEGREES		1e8

/* Greatest parameter of a beta distribution; bounds the continued fraction. */
#define MAX_BETA			1e12

/* Steps after which the continued fraction must have settled. */
#define MAX_FRACTION_STEPS	10000000

PG_FUNCTION_INFO_V1(aidcase_sql_log_gamma);
PG_FUNCTION_INFO_V1(aidcase_sql_incomplete_beta);
PG_FUNCTION_INFO_V1(aidcase_normal_quantile);
PG_FUNCTION_INFO_V1(aidcase_t_quantile);

static double beta_factor(double a, double b, double x, double y);
static double beta_fraction(double a, double b, double x, double y);
static void require_share(double p);

/*
 * ln(n!) less (n + 1/2) ln(n) - n + ln(sqrt(2 pi)).
 */
double
aidcase_stirling_error(double n)
{
	double		below = 0.0;
	double		square;

	/* the error at n less that at n + 1 */
	for (; n < 16; n += 1.0)
		below += (n + 0.5) * log1p(1.0 / n) - 1.0;

	/* the terms are 1/12, 1/360, 1/1260, ...; the next is below 1e-17 */
	square = n * n;
	return below + (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 -
				(1.0 / 1188 - 691.0 / 360360 / square) / square) / square) /
			square) / square) / n;
}

/*
 * x ln(x / mean) + mean - x, also where they nearly agree and the terms would
 * cancel.
 *
 * With v = (x - mean) / (x + mean), ln(x / mean) = 2 (v + v^3/3 + v^5/5 ...).
 * The first term of x ln(x / mean), less x - mean, is (x - mean) v.
 */
double
aidcase_deviance(double x, double mean)
{
	double		difference = x - mean;
	double		v;
	double		sum;
	double		power;
	int			i;

	if (fabs(difference) >= 0.1 * (x + mean))
		return x * log(x / mean) - difference;

	v = difference / (x + mean);
	sum = difference * v;
	power = 2.0 * x * v;
	for (i = 3; i < 100; i += 2)
	{
		double		next;

		power *= v * v;
		next = sum + power / i;
		if (next == sum)
			break;
		sum = next;
	}
	return sum;
}

/*
 * ln(gamma(x))
 */
double
aidcase_log_gamma(double x)
{
	return (x - 0.5) * log(x) - x + LN_SQRT_2PI + aidcase_stirling_error(x);
}

/*
 * x^a y^b / B(a, b), with y = 1 - x, both above 0.
 */
static double
beta_factor(double a, double b, double x, double y)
{
	double		n = a + b;

	return exp(aidcase_stirling_error(n) - aidcase_stirling_error(a) -
			   aidcase_stirling_error(b) - aidcase_deviance(a, n * x) -
			   aidcase_deviance(b, n * y) - LN_SQRT_2PI) * sqrt(a / n * b);
}

/*
 * The continued fraction b0 + a1/(b1 + a2/(b2 + ...)) by which beta_factor()
 * divided is the incomplete beta function, for x < (a + 1)/(a + b + 2), where
 * all terms are positive.  Formed as by DiDonato and Morris (1992): with y at
 * hand nothing cancels, however near x is to 1.
 */
static double
beta_fraction(double a, double b, double x, double y)
{
	double		drift = a * y - b * x + 1.0;
	double		result = a * drift / (a + 1.0);
	double		c = result;
	double		d = 0.0;
	int			m;

	for (m = 1; m < MAX_FRACTION_STEPS; m++)
	{
		double		step = a + 2.0 * m - 1.0;
		double		top = (a + m - 1.0) / step * ((a + b + m - 1.0) / step) *
			m * (b - m) * x * x;
		double		bottom = m + m * (b - m) * x / step +
			(a + m) / (a + 2.0 * m + 1.0) * (drift + m * (2.0 - x));
		double		change;

		d = bottom + top * d;
		if (fabs(d) < DBL_MIN)
			d = DBL_MIN;
		c = bottom + top / c;
		if (fabs(c) < DBL_MIN)
			c = DBL_MIN;
		d = 1.0 / d;
		change = c * d;
		result *= change;
		if (fabs(change - 1.0) <= DBL_EPSILON)
			return result;
		if ((m & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	elog(ERROR, "the incomplete beta function of %g, %g at %g did not converge", a, b, x);
	return 0.0;					/* not reached */
}

/*
 * The incomplete beta function.  Beyond the mean the other tail is computed,
 * as the fraction converges there.
 */
double
aidcase_incomplete_beta(double a, double b, double x, double y)
{
	if (x <= 0.0)
		return 0.0;
	if (y <= 0.0)
		return 1.0;
	if (x < (a + 1.0) / (a + b + 2.0))
		return beta_factor(a, b, x, y) / beta_fraction(a, b, x, y);
	return 1.0 - beta_factor(b, a, y, x) / beta_fraction(b, a, y, x);
}

/*
 * The z with P(Z > z) = tail.
 *
 * Starts from formula 26.2.23 of Abramowitz and Stegun, good to 4.5e-4;
 * each of Halley's steps triples the number of right digits.
 */
double
aidcase_normal_upper(double tail)
{
	double		t = sqrt(-2.0 * log(tail));
	double		z;
	int			step;

	z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
		(1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
	for (step = 0; step < 3; step++)
	{
		double		density = exp(-0.5 * z * z - LN_SQRT_2PI);
		double		error = (0.5 * erfc(z / sqrt(2.0)) - tail) / density;

		z += error / (1.0 - 0.5 * z * error);
	}
	return tail < 0.5 ? Max(z, 0.0) : 0.0;
}

/*
 * The t with P(T > t) = tail.
 *
 * With x = df/(df + t^2) and y = t^2/(df + t^2), P(T > t) is half the
 * incomplete beta function of df/2, 1/2 at x, and P(0 < T < t) half that of
 * 1/2, df/2 at y.  The logarithm of either is a concave function of ln(t),
 * nearly a line over long stretches, so that Newton's method is quick; the
 * one that is small is used.  A bracket keeps the steps where the root is.
 */
double
aidcase_t_upper(double tail, double df)
{
	bool		by_tail = tail < 0.25;
	double		target = 2.0 * (by_tail ? tail : 0.5 - tail);
	double		low = 0.0;
	double		high = 1.0;
	double		t;
	int			step;

	if (tail >= 0.5)
		return 0.0;
	t = aidcase_normal_upper(tail);
	if (df > MANY_DEGREES)
	{
		double		square = t * t;

		/* the expansion of Cornish and Fisher; the next term is below 1e-15 */
		return t + (square + 1.0) * t / (4.0 * df) +
			((5.0 * square + 16.0) * square + 3.0) * t / (96.0 * df * df);
	}

	/* a value above the root */
	for (high = Max(t, 1e-300); high < DBL_MAX / 4.0; high *= 2.0)
	{
		double		ratio = high / df * high;

		if (isinf(ratio) ||
			aidcase_incomplete_beta(df / 2.0, 0.5, 1.0 / (1.0 + ratio),
									ratio / (1.0 + ratio)) < 2.0 * tail)
			break;
		low = high;
	}
	t = Max(low, high / 2.0);

	for (step = 0; step < 400; step++)
	{
		double		ratio = t / df * t;
		double		x = 1.0 / (1.0 + ratio);
		double		y = ratio / (1.0 + ratio);
		double		share = by_tail ?
			aidcase_incomplete_beta(df / 2.0, 0.5, x, y) :
			aidcase_incomplete_beta(0.5, df / 2.0, y, x);
		double		change = log(share / target) * share /
			(2.0 * beta_factor(df / 2.0, 0.5, x, y));
		double		next;

		CHECK_FOR_INTERRUPTS();
		if ((share > target) == by_tail)
			low = t;
		else
			high = t;
		next = t * exp(by_tail ? change : -change);
		if (!(next > low && next < high))
			next = low > 0.0 ? sqrt(low) * sqrt(high) : high / 2.0;
		if (fabs(next - t) <= 4.0 * DBL_EPSILON * t)
			return next;
		t = next;
	}
	return t;
}

/*
 * Errors unless 0 < p < 1; written so that NaN is caught.
 */
static void
require_share(double p)
{
	if (!(p > 0.0 && p < 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quantile cannot be computed"),
				 errdetail("The probability (%g) is not between 0 and 1.", p),
				 errhint("Give the share of the distribution that lies below the quantile, such as 0.975.")));
}

/*
 * log_gamma(x double precision)
 */
Datum
aidcase_sql_log_gamma(PG_FUNCTION_ARGS)
{
	double		x = PG_GETARG_FLOAT8(0);

	if (!(x >= DBL_MIN && x <= 1e300))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("logarithm of the gamma function cannot be computed"),
				 errdetail("The argument (%g) is not between 2.3e-308 and 1e300.", x),
				 errhint("Give a positive number.")));
	PG_RETURN_FLOAT8(aidcase_log_gamma(x));
}

/*
 * incomplete_beta(x double precision, a double precision, b double precision)
 */
Datum
aidcase_sql_incomplete_beta(PG_FUNCTION_ARGS)
{
	double		x = PG_GETARG_FLOAT8(0);
	double		a = PG_GETARG_FLOAT8(1);
	double		b = PG_GETARG_FLOAT8(2);

	if (!(x >= 0.0 && x <= 1.0 && a >= 1e-6 && a <= MAX_BETA &&
		  b >= 1e-6 && b <= MAX_BETA))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("incomplete beta function cannot be computed"),
				 errdetail("The point is %g, the parameters are %g and %g.", x, a, b),
				 errhint("Give a point from 0 to 1 and parameters from 1e-6 to 1e12.")));
	PG_RETURN_FLOAT8(aidcase_incomplete_beta(a, b, x, 1.0 - x));
}

/*
 * normal_quantile(p double precision)
 */
Datum
aidcase_normal_quantile(PG_FUNCTION_ARGS)
{
	double		p = PG_GETARG_FLOAT8(0);

	require_share(p);
	PG_RETURN_FLOAT8(p < 0.5 ? -aidcase_normal_upper(p) :
					 aidcase_normal_upper(1.0 - p));
}

/*
 * t_quantile(p double precision, df double precision)
 */
Datum
aidcase_t_quantile(PG_FUNCTION_ARGS)
{
	double		p = PG_GETARG_FLOAT8(0);
	double		df = PG_GETARG_FLOAT8(1);

	require_share(p);
	if (!(df >= 0.1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quantile cannot be computed"),
				 errdetail("The degrees of freedom (%g) are below 0.1.", df),
				 errhint("Give the degrees of freedom, whole or not, or Infinity for the normal distribution.")));
	PG_RETURN_FLOAT8(p < 0.5 ? -aidcase_t_upper(p, df) :
					 aidcase_t_upper(1.0 - p, df));
}
