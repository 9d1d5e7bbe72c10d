/*-------------------------------------------------------------------------
 *
 * workdays.c
 *		Working days by the State Council's calendar.
 *
 * Table aidcase.workday holds the days that differ from the rule "Monday to
 * Friday": days off and make-up working days.  Table aidcase.workday_year
 * says which years are loaded.  A question that needs a day of another year
 * is an error: a year without rows is one whose notice is not known yet, not
 * one without holidays.  Only the days that are really passed count as
 * needed: the working day after 31 December needs the next year only.
 *
 * Cache: per backend, one bitmap of working days and a running count per
 * 64 days for every loaded year (72 bytes a year), so that an answer costs a
 * few steps per year, not per day.  It lives in a context of its own under
 * CacheMemoryContext; a new one is filled completely before the old one is
 * dropped.
 *
 * The tables are read with a plain scan under a catalog snapshot: the newest
 * state, our own transaction's changes included, usable in parallel workers
 * and by callers without any grant on the tables (the calendar is public).
 *
 * The cache becomes invalid by
 * - relation-cache invalidation of either table, which trigger ~~invalidate
 *   sends with every change (and DDL sends by itself); other backends see it
 *   when they next take a lock or start a transaction;
 * - the abort of a transaction or subtransaction, if the cache was built by a
 *   transaction that held a writer's lock on one of the tables: it may hold
 *   rows that are gone.  (The trigger's own message is not enough: an error
 *   between a changed row and the end of its statement comes before it.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "port/pg_bitutils.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "aidcase.h"
#include "compat.h"
#include "workdays.h"

PG_FUNCTION_INFO_V1(aidcase_calendar_is_workday);
PG_FUNCTION_INFO_V1(aidcase_calendar_add_workdays);
PG_FUNCTION_INFO_V1(aidcase_calendar_workdays_between);
PG_FUNCTION_INFO_V1(aidcase_calendar_on_or_before);
PG_FUNCTION_INFO_V1(aidcase_calendar_on_or_after);
PG_FUNCTION_INFO_V1(aidcase_calendar_pay_day);

#define WORDS_PER_YEAR	6		/* 64-bit words for 366 days */
#define FIRST_YEAR		1949	/* years that table workday_year may name */
#define LAST_YEAR		2199
#define PAY_DAY			10		/* benefits are paid by this day */

/* One year.  Day 0 is 1 January. */
typedef struct CalendarYear
{
	bool		loaded;			/* has a row in workday_year */
	int			ndays;			/* 365 or 366 */
	DateADT		first;			/* 1 January */
	uint64		bits[WORDS_PER_YEAR];	/* working days */
	int			before[WORDS_PER_YEAR + 1]; /* working days before each word;
											 * last: all of the year */
} CalendarYear;

/* The years from the first loaded one to the last. */
typedef struct Calendar
{
	MemoryContext context;		/* holds this struct and nothing else */
	int			first_year;
	int			nyears;			/* 0 when no year is loaded */
	CalendarYear years[FLEXIBLE_ARRAY_MEMBER];
} Calendar;

static Calendar *calendar = NULL;	/* NULL before the first use */
static bool calendar_valid = false; /* may *calendar be used? */
static bool calendar_uncommitted = false;	/* may hold uncommitted rows */
static uint64 calendar_forgotten = 0;	/* number of invalidations seen */
static Oid	workday_relid = InvalidOid; /* what *calendar was built from */
static Oid	workday_year_relid = InvalidOid;
static bool callbacks_registered = false;

static void forget_calendar(Datum arg, Oid relid);
static void calendar_xact_end(XactEvent event, void *arg);
static void calendar_subxact_end(SubXactEvent event, SubTransactionId mySubid,
								 SubTransactionId parentSubid, void *arg);
static const Calendar *get_calendar(void);
static Calendar *build_calendar(Oid days_relid, Oid years_relid,
								bool *uncommitted);
static AttrNumber require_column(Relation rel, const char *column, Oid type);
static DateADT start_of_year(int year);
static int	year_of(DateADT day);

/*
 * Relation-cache callback.  Only marks.
 */
static void
forget_calendar(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == workday_relid ||
		relid == workday_year_relid)
	{
		calendar_valid = false;
		calendar_forgotten++;
	}
}

/*
 * End of a transaction: what an aborted one built is not true.  A prepared
 * one takes its changes out of sight, too.
 */
static void
calendar_xact_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PREPARE:
			if (calendar_uncommitted)
				calendar_valid = false;
			calendar_uncommitted = false;
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			calendar_uncommitted = false;
			break;
		default:
			break;
	}
}

/*
 * Abort of a subtransaction: likewise.
 */
static void
calendar_subxact_end(SubXactEvent event, SubTransactionId mySubid,
					 SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && calendar_uncommitted)
		calendar_valid = false;
}

/*
 * 1 January of a year.
 */
static DateADT
start_of_year(int year)
{
	return date2j(year, 1, 1) - POSTGRES_EPOCH_JDATE;
}

/*
 * The year of a date.
 */
static int
year_of(DateADT day)
{
	int			year;
	int			month;
	int			mday;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return year;
}

/*
 * Number of a column, which must have the type that the scan expects: the
 * tables are ordinary ones, and their owner can change them.
 */
static AttrNumber
require_column(Relation rel, const char *column, Oid type)
{
	AttrNumber	attnum = aidcase_attnum(RelationGetDescr(rel), column);

	if (attnum == 0 ||
		TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s.%s\" has no usable column \"%s\"",
						AIDCASE_SCHEMA, RelationGetRelationName(rel), column),
				 errhint("Give the table back its columns and types, as the extension made them.")));
	return attnum;
}

/*
 * Reads both tables and returns a new calendar in a context of its own, below
 * the current one.  *uncommitted: could it contain changes of our own
 * transaction?
 */
static Calendar *
build_calendar(Oid days_relid, Oid years_relid, bool *uncommitted)
{
	Relation	days_rel;
	Relation	years_rel;
	AttrNumber	date_no;
	AttrNumber	kind_no;
	AttrNumber	year_no;
	Snapshot	snapshot;
	TableScanDesc scan;
	TupleTableSlot *slot;
	MemoryContext context;
	Calendar   *fresh;
	bool		loaded[LAST_YEAR - FIRST_YEAR + 1] = {false};
	int			first_year = 0;
	int			last_year = -1;
	int			i;

	years_rel = table_open(years_relid, AccessShareLock);
	days_rel = table_open(days_relid, AccessShareLock);
	year_no = require_column(years_rel, "year", INT4OID);
	date_no = require_column(days_rel, "date", DATEOID);
	kind_no = require_column(days_rel, "kind", TEXTOID);

	/* who changed a row keeps this lock until the change is final or undone */
	*uncommitted =
		CheckRelationLockedByMe(years_rel, RowExclusiveLock, true) ||
		CheckRelationLockedByMe(days_rel, RowExclusiveLock, true);

	/*
	 * One snapshot for both tables, taken after their locks.  Not
	 * GetLatestSnapshot(), which is refused in parallel mode.
	 */
	snapshot = RegisterSnapshot(GetCatalogSnapshot(years_relid));

	slot = table_slot_create(years_rel, NULL);
	scan = table_beginscan(years_rel, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		int			year = DatumGetInt32(slot_getattr(slot, year_no, &isnull));

		if (isnull || year < FIRST_YEAR || year > LAST_YEAR)
			continue;			/* a CHECK constraint forbids it */
		loaded[year - FIRST_YEAR] = true;
		if (last_year < first_year || year < first_year)
			first_year = year;
		if (year > last_year)
			last_year = year;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);

	context = AllocSetContextCreate(CurrentMemoryContext,
									"aidcase calendar",
									ALLOCSET_SMALL_SIZES);
	fresh = (Calendar *)
		MemoryContextAllocZero(context,
							   offsetof(Calendar, years) +
							   sizeof(CalendarYear) *
							   (last_year - first_year + 1));
	fresh->context = context;
	fresh->first_year = first_year;
	fresh->nyears = last_year - first_year + 1;

	/* the rule: Monday to Friday */
	for (i = 0; i < fresh->nyears; i++)
	{
		CalendarYear *year = &fresh->years[i];
		int			weekday;
		int			day;

		year->loaded = loaded[first_year + i - FIRST_YEAR];
		year->first = start_of_year(first_year + i);
		year->ndays = start_of_year(first_year + i + 1) - year->first;
		weekday = j2day(year->first + POSTGRES_EPOCH_JDATE);	/* 0 = Sunday */
		for (day = 0; day < year->ndays; day++)
		{
			if (weekday != 0 && weekday != 6)
				year->bits[day / 64] |= UINT64CONST(1) << (day % 64);
			weekday = (weekday + 1) % 7;
		}
	}

	/* the exceptions */
	slot = table_slot_create(days_rel, NULL);
	scan = table_beginscan(days_rel, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		DateADT		date;
		Datum		kind;
		CalendarYear *year;
		int			index;
		uint64		bit;
		text	   *word;

		date = DatumGetDateADT(slot_getattr(slot, date_no, &isnull));
		if (isnull || DATE_NOT_FINITE(date))
			continue;
		kind = slot_getattr(slot, kind_no, &isnull);
		if (isnull)
			continue;
		index = year_of(date) - first_year;
		if (index < 0 || index >= fresh->nyears)
			continue;			/* of a year that is not loaded */

		year = &fresh->years[index];
		bit = UINT64CONST(1) << ((date - year->first) % 64);
		index = (date - year->first) / 64;
		word = DatumGetTextPP(kind);
		if (VARSIZE_ANY_EXHDR(word) == 4 &&
			memcmp(VARDATA_ANY(word), "work", 4) == 0)
			year->bits[index] |= bit;
		else if (VARSIZE_ANY_EXHDR(word) == 3 &&
				 memcmp(VARDATA_ANY(word), "off", 3) == 0)
			year->bits[index] &= ~bit;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);

	UnregisterSnapshot(snapshot);
	table_close(days_rel, AccessShareLock);
	table_close(years_rel, AccessShareLock);

	for (i = 0; i < fresh->nyears; i++)
	{
		CalendarYear *year = &fresh->years[i];
		int			word;

		for (word = 0; word < WORDS_PER_YEAR; word++)
			year->before[word + 1] = year->before[word] +
				pg_popcount64(year->bits[word]);
	}

	return fresh;
}

/*
 * The calendar, built when there is no valid one.  The pointer is good until
 * the next call of anything that may process invalidations.
 */
static const Calendar *
get_calendar(void)
{
	Calendar   *fresh;
	Calendar   *old;
	bool		uncommitted;
	uint64		forgotten;

	if (likely(calendar_valid))
		return calendar;

	if (!callbacks_registered)
	{
		CacheRegisterRelcacheCallback(forget_calendar, (Datum) 0);
		RegisterXactCallback(calendar_xact_end, NULL);
		RegisterSubXactCallback(calendar_subxact_end, NULL);
		callbacks_registered = true;
	}

	/* from here on forget_calendar() must know the tables */
	workday_relid = aidcase_relation("workday");
	workday_year_relid = aidcase_relation("workday_year");
	forgotten = calendar_forgotten;

	fresh = build_calendar(workday_relid, workday_year_relid, &uncommitted);

	old = calendar;
	MemoryContextSetParent(fresh->context, CacheMemoryContext);
	calendar = fresh;
	calendar_uncommitted = uncommitted;

	/*
	 * An invalidation that came in between (opening a table processes them)
	 * may be older than the snapshot or not: use this calendar for the
	 * present call, and build another one for the next.
	 */
	calendar_valid = (forgotten == calendar_forgotten);

	if (old != NULL)
		MemoryContextDelete(old->context);
	return calendar;
}

/*
 * A loaded year, or NULL with *missing_year set.
 */
static inline const CalendarYear *
get_year(const Calendar *cal, int year, int *missing_year)
{
	int			index = year - cal->first_year;

	if (index < 0 || index >= cal->nyears || !cal->years[index].loaded)
	{
		*missing_year = year;
		return NULL;
	}
	return &cal->years[index];
}

/*
 * Working days of the year before its day number "day" (0 = 1 January;
 * ndays = all of them).
 */
static inline int
count_before(const CalendarYear *year, int day)
{
	int			word = day / 64;
	int			bit = day % 64;

	if (bit == 0)
		return year->before[word];
	return year->before[word] +
		pg_popcount64(year->bits[word] & ((UINT64CONST(1) << bit) - 1));
}

/*
 * Day number of the year's working day with "rank" working days before it;
 * 0 <= rank < before[WORDS_PER_YEAR].
 */
static inline int
select_day(const CalendarYear *year, int rank)
{
	int			word = 0;
	uint64		bits;

	while (year->before[word + 1] <= rank)
		word++;
	bits = year->bits[word];
	for (rank -= year->before[word]; rank > 0; rank--)
		bits &= bits - 1;
	return word * 64 + pg_rightmost_one_pos64(bits);
}

/*
 * Is the day a working day?
 */
bool
aidcase_is_workday(DateADT day, int *missing_year)
{
	const CalendarYear *year;

	*missing_year = 0;
	year = get_year(get_calendar(), year_of(day), missing_year);
	if (year == NULL)
		return false;
	return (year->bits[(day - year->first) / 64] >>
			((day - year->first) % 64)) & 1;
}

/*
 * The n-th working day after start, or before it.
 */
DateADT
aidcase_add_workdays(DateADT start, int n, int *missing_year)
{
	const Calendar *cal;
	const CalendarYear *year;
	int			yearno;
	int64		left = n;

	*missing_year = 0;
	if (n == 0)
		return start;

	cal = get_calendar();
	if (n > 0)
	{
		DateADT		next = start + 1;	/* first day that may count */
		int			skipped;

		yearno = year_of(next);
		year = get_year(cal, yearno, missing_year);
		if (year == NULL)
			return start;
		skipped = count_before(year, next - year->first);
		while (left > year->before[WORDS_PER_YEAR] - skipped)
		{
			left -= year->before[WORDS_PER_YEAR] - skipped;
			skipped = 0;
			year = get_year(cal, ++yearno, missing_year);
			if (year == NULL)
				return start;
		}
		return year->first + select_day(year, skipped + (int) left - 1);
	}
	else
	{
		DateADT		last = start - 1;	/* first day that may count */
		int			available;

		left = -left;
		yearno = year_of(last);
		year = get_year(cal, yearno, missing_year);
		if (year == NULL)
			return start;
		available = count_before(year, last - year->first + 1);
		while (left > available)
		{
			left -= available;
			year = get_year(cal, --yearno, missing_year);
			if (year == NULL)
				return start;
			available = year->before[WORDS_PER_YEAR];
		}
		return year->first + select_day(year, available - (int) left);
	}
}

/*
 * Working days on the way from one day to the other: after the first, up to
 * and including the second.  Going back the same holds and the result is
 * negative, so that adding it to the first day leads to the second whenever
 * that is a working day.
 */
int
aidcase_workdays_between(DateADT from, DateADT to, int *missing_year)
{
	const Calendar *cal;
	DateADT		low;			/* first day counted */
	DateADT		high;			/* last day counted */
	int			low_year;
	int			high_year;
	int			yearno;
	int			count = 0;

	*missing_year = 0;
	if (from == to)
		return 0;

	low = (to > from) ? from + 1 : to;
	high = (to > from) ? to : from - 1;
	low_year = year_of(low);
	high_year = year_of(high);

	cal = get_calendar();
	for (yearno = low_year; yearno <= high_year; yearno++)
	{
		const CalendarYear *year = get_year(cal, yearno, missing_year);

		if (year == NULL)
			return 0;
		count += year->before[WORDS_PER_YEAR];
		if (yearno == low_year)
			count -= count_before(year, low - year->first);
		if (yearno == high_year)
			count -= year->before[WORDS_PER_YEAR] -
				count_before(year, high - year->first + 1);
	}
	return (to > from) ? count : -count;
}

/*
 * The last working day that is not after the day.
 */
DateADT
aidcase_workday_on_or_before(DateADT day, int *missing_year)
{
	return aidcase_add_workdays(day + 1, -1, missing_year);
}

/*
 * The first working day that is not before the day.
 */
DateADT
aidcase_workday_on_or_after(DateADT day, int *missing_year)
{
	return aidcase_add_workdays(day - 1, 1, missing_year);
}

/*
 * A year that is needed and not loaded.
 */
void
aidcase_calendar_missing(int year, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_CALENDAR_YEAR_NOT_LOADED),
			 errmsg("calendar of year %d is not loaded", year),
			 errdetail("%s", detail),
			 errhint("Load the State Council's notice for that year: its days into table %s.workday, the year into table %s.workday_year.",
					 AIDCASE_SCHEMA, AIDCASE_SCHEMA)));
}

/*
 * A date argument, which must be finite.
 */
static DateADT
getarg_day(FunctionCallInfo fcinfo, int argno, const char *function)
{
	DateADT		day = PG_GETARG_DATEADT(argno);

	if (DATE_NOT_FINITE(day))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("working days of an infinite date are not defined"),
				 errdetail("Function \"%s\" was called with infinity.",
						   function),
				 errhint("Use a calendar date.")));
	return day;
}

/*
 * Ends a SQL function: the error when a year was missing.
 */
static void
check_missing(int missing_year, const char *function)
{
	if (unlikely(missing_year != 0))
		aidcase_calendar_missing(missing_year,
								 psprintf("Function \"%s\" needs a day of that year.",
										  function));
}

/*
 * is_workday(date)
 */
Datum
aidcase_calendar_is_workday(PG_FUNCTION_ARGS)
{
	DateADT		day = getarg_day(fcinfo, 0, "is_workday");
	int			missing_year;
	bool		result = aidcase_is_workday(day, &missing_year);

	check_missing(missing_year, "is_workday");
	PG_RETURN_BOOL(result);
}

/*
 * add_workdays(date, int)
 */
Datum
aidcase_calendar_add_workdays(PG_FUNCTION_ARGS)
{
	DateADT		start = getarg_day(fcinfo, 0, "add_workdays");
	int			missing_year;
	DateADT		result = aidcase_add_workdays(start, PG_GETARG_INT32(1),
											  &missing_year);

	check_missing(missing_year, "add_workdays");
	PG_RETURN_DATEADT(result);
}

/*
 * workdays_between(date, date)
 */
Datum
aidcase_calendar_workdays_between(PG_FUNCTION_ARGS)
{
	DateADT		from = getarg_day(fcinfo, 0, "workdays_between");
	DateADT		to = getarg_day(fcinfo, 1, "workdays_between");
	int			missing_year;
	int			result = aidcase_workdays_between(from, to, &missing_year);

	check_missing(missing_year, "workdays_between");
	PG_RETURN_INT32(result);
}

/*
 * workday_on_or_before(date)
 */
Datum
aidcase_calendar_on_or_before(PG_FUNCTION_ARGS)
{
	DateADT		day = getarg_day(fcinfo, 0, "workday_on_or_before");
	int			missing_year;
	DateADT		result = aidcase_workday_on_or_before(day, &missing_year);

	check_missing(missing_year, "workday_on_or_before");
	PG_RETURN_DATEADT(result);
}

/*
 * workday_on_or_after(date)
 */
Datum
aidcase_calendar_on_or_after(PG_FUNCTION_ARGS)
{
	DateADT		day = getarg_day(fcinfo, 0, "workday_on_or_after");
	int			missing_year;
	DateADT		result = aidcase_workday_on_or_after(day, &missing_year);

	check_missing(missing_year, "workday_on_or_after");
	PG_RETURN_DATEADT(result);
}

/*
 * pay_day(date): any day of the month stands for the month
 */
Datum
aidcase_calendar_pay_day(PG_FUNCTION_ARGS)
{
	DateADT		day = getarg_day(fcinfo, 0, "pay_day");
	int			year;
	int			month;
	int			mday;
	int			missing_year;
	DateADT		result;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	result = aidcase_workday_on_or_before(day - mday + PAY_DAY,
										  &missing_year);
	check_missing(missing_year, "pay_day");
	PG_RETURN_DATEADT(result);
}
