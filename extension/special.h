/*-------------------------------------------------------------------------
 *
 * special.h
 *		The special functions of statistics, for the rooms of aidcase.
 *
 * All arguments are finite unless said otherwise.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_SPECIAL_H
#define AIDCASE_SPECIAL_H

/* ln(sqrt(2 pi)) */
#define LN_SQRT_2PI			0.91893853320467274178

/* ln(n!) less Stirling's formula for it, for n > 0, whole or not. */
extern double aidcase_stirling_error(double n);

/* x ln(x / mean) + mean - x, for positive x and mean. */
extern double aidcase_deviance(double x, double mean);

/* ln(gamma(x)), for x > 0. */
extern double aidcase_log_gamma(double x);

/*
 * The share of the beta distribution of a, b > 0 that lies below x; y = 1 - x
 * is handed in to keep its digits.
 */
extern double aidcase_incomplete_beta(double a, double b, double x, double y);

/* The z with P(Z > z) = tail, for a standard normal Z, 0 < tail <= 1/2. */
extern double aidcase_normal_upper(double tail);

/*
 * The t with P(T > t) = tail, for T of Student's distribution with df > 0
 * degrees of freedom, which may be infinite, 0 < tail <= 1/2.
 */
extern double aidcase_t_upper(double tail, double df);

/*
 * intervals.c: the greatest number of wrong units among the population with
 * P(X <= x) > (1 - level) / 2 / parts, when n were drawn and X are found.
 */
extern int64 aidcase_most_wrong(int64 x, int64 n, int64 population,
								double level, int parts);

#endif							/* AIDCASE_SPECIAL_H */
