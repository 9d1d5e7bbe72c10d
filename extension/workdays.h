/*-------------------------------------------------------------------------
 *
 * workdays.h
 *		Working days by the State Council's calendar, for C callers.
 *
 * Each function sets *missing_year to 0, or, when its answer needs a year
 * that is not loaded, to that year, and the result is then meaningless.  The
 * caller decides: SQL functions raise aidcase_calendar_missing(), a deadline
 * is stored as provisional.  Dates must be finite; there must be a register.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_WORKDAYS_H
#define AIDCASE_WORKDAYS_H

#include "utils/date.h"

#include "compat.h"

/* Is the day a working day? */
extern bool aidcase_is_workday(DateADT day, int *missing_year);

/*
 * The n-th working day after start, which itself is day 0; before it when n
 * is negative.  start itself, working day or not, when n is 0.
 */
extern DateADT aidcase_add_workdays(DateADT start, int n, int *missing_year);

/*
 * The working days passed on the way from the first day to the second, the
 * first not counted, the second counted; negative when it goes back.
 */
extern int	aidcase_workdays_between(DateADT from, DateADT to,
									 int *missing_year);

/* The nearest working day that is not after, or not before, the day. */
extern DateADT aidcase_workday_on_or_before(DateADT day, int *missing_year);
extern DateADT aidcase_workday_on_or_after(DateADT day, int *missing_year);

/* Raises ERRCODE_CALENDAR_YEAR_NOT_LOADED; detail is a whole sentence. */
pg_noreturn extern void aidcase_calendar_missing(int year, const char *detail);

#endif							/* AIDCASE_WORKDAYS_H */
