/*-------------------------------------------------------------------------
 *
 * means_test.c
 *		Exact arithmetic of the means test: the household's income, the gap
 *		to the standard, rounding.
 *
 * Nothing here is binary floating point, and nothing is rounded before its
 * end.  Two rules follow from that:
 *
 * - Income is kept as a sum of annual values.  Aggregate means_test() adds
 *   amount x (12 or 1) x counted share exactly and never divides.
 * - A gap that starts from annual income is the fraction
 *   (12 x standard x members - income) / 12.  It is never written down as a
 *   decimal; the one rounding that the mode asks for is made on the whole
 *   fraction, by whole-number division.
 *
 * Two ways to the same result.  Values with at most eight decimals are
 * carried as 128-bit integers in units of 10^-8 yuan (a sum, whose terms are
 * products of two such values, in units of 10^-16); anything else, and every
 * value on a platform without 128-bit integers, goes through the server's
 * numeric arithmetic.  The second way is the definition, the first makes a
 * register of a million households quick.  Compiling with
 * -DAIDCASE_NO_INT128 leaves only the second; the tests must pass both ways.
 *
 * The quick way reads the digits of a numeric where they are stored, without
 * a copy.  That format is on disk, so pg_upgrade keeps the server from
 * changing it; aidcase_read_scaled() is the only place that knows it, and the first
 * call in each backend checks it against numeric_in().
 *
 * Memory: the aggregate's state, and the numeric it may hold, live in the
 * aggregate's context; all other functions return what they allocate in the
 * caller's context and cache nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "aidcase.h"
#include "compat.h"
#include "means.h"

PG_FUNCTION_INFO_V1(aidcase_gap_amount);
PG_FUNCTION_INFO_V1(aidcase_gap_amount_annual);
PG_FUNCTION_INFO_V1(aidcase_round_amount);
PG_FUNCTION_INFO_V1(aidcase_means_test_step);
PG_FUNCTION_INFO_V1(aidcase_means_test_combine);
PG_FUNCTION_INFO_V1(aidcase_means_test_serial);
PG_FUNCTION_INFO_V1(aidcase_means_test_deserial);
PG_FUNCTION_INFO_V1(aidcase_means_test_final);

#if defined(HAVE_INT128) && !defined(AIDCASE_NO_INT128)
#define QUICK_WAY	1
#endif

#define UNIT_DECIMALS	8		/* decimals of a value carried as integer */
#define UNIT			INT64CONST(100000000)	/* 10^UNIT_DECIMALS */
#define SUM_DECIMALS	(2 * UNIT_DECIMALS) /* decimals of a sum of products */
#define MONEY_DECIMALS	2		/* a result is in fen */
#define MAX_YUAN		INT64CONST(1000000000000)	/* beyond: absurd */
#define MONTHS			12		/* of a year */

/* How the gap becomes an amount that can be paid. */
typedef enum GapRounding
{
	GAP_EXACT,					/* household, 0.01 yuan, half up */
	GAP_CEIL_YUAN_HOUSEHOLD,	/* household, up to a whole yuan */
	GAP_CEIL_YUAN_PERSON,		/* per person up to a whole yuan, x members */
	GAP_PER_PERSON_WHOLE_YUAN	/* per-capita income half up to a whole yuan,
								 * then the gap x members */
} GapRounding;

/* State of aggregate means_test(): the sum is total + rest. */
typedef struct MeansTestState
{
#ifdef QUICK_WAY
	int128		total;			/* in units of 10^-SUM_DECIMALS */
#endif
	Numeric		rest;			/* what did not fit; NULL = nothing */
} MeansTestState;

static GapRounding find_rounding(const char *chars, size_t length);
static GapRounding parse_rounding(text *name);
static bool gap_fen(Fraction standard, int members, Money income, int months,
					GapRounding rounding, int128 *fen);
static void check_amount(Numeric amount, const char *what);
static Numeric gap(FunctionCallInfo fcinfo, int months, const char *what);
static Numeric gap_numeric(Numeric standard, int32 members, Numeric income,
						   int months, GapRounding rounding);
static int	parse_basis(text *basis);
static void check_share(Numeric share);
static void add_rest(MeansTestState *state, Numeric term,
					 MemoryContext context);
static Numeric state_sum(MeansTestState *state);
static void check_numeric_format(void);
#ifdef QUICK_WAY
static bool gap_quick(Datum standard_datum, int32 members,
					  Datum income_datum, int months, GapRounding rounding,
					  Numeric *result);
#endif

/* Short names for the server's arithmetic. */
#define ADD(a, b)	call2(numeric_add, a, b)
#define SUB(a, b)	call2(numeric_sub, a, b)
#define MUL(a, b)	call2(numeric_mul, a, b)
#define QUOTIENT(a, b)	call2(numeric_div_trunc, a, b)	/* whole, towards 0 */
#define COMPARE(a, b) \
	DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), \
									  NumericGetDatum(b)))

/*
 * One call of a numeric function with two arguments.
 */
static Numeric
call2(PGFunction function, Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(function, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

/*
 * The smallest whole number not below a / b; both are positive.
 */
static Numeric
ceiling(Numeric a, Numeric b)
{
	Numeric		whole = QUOTIENT(a, b);

	if (COMPARE(MUL(whole, b), a) < 0)
		whole = ADD(whole, int64_to_numeric(1));
	return whole;
}

/*
 * The whole number nearest to a / b, half up; a is not negative, b positive.
 */
static Numeric
nearest(Numeric a, Numeric b)
{
	Numeric		two = int64_to_numeric(2);

	return QUOTIENT(ADD(MUL(two, a), b), MUL(two, b));
}

/*
 * A number of fen as an amount in yuan with two decimals.
 */
static Numeric
fen_to_yuan(Numeric fen)
{
	return MUL(fen, int64_div_fast_to_numeric(1, MONEY_DECIMALS));
}

/* ---------------------------------------------------------------------
 * Gap to the standard
 */

/*
 * Reads the name of a rounding mode.
 */
static GapRounding
find_rounding(const char *chars, size_t length)
{
	static const struct
	{
		const char *name;
		GapRounding rounding;
	}			modes[] = {
		{"exact", GAP_EXACT},
		{"ceil_yuan_household", GAP_CEIL_YUAN_HOUSEHOLD},
		{"ceil_yuan_person", GAP_CEIL_YUAN_PERSON},
		{"per_person_whole_yuan_gap", GAP_PER_PERSON_WHOLE_YUAN}
	};
	size_t		i;

	for (i = 0; i < lengthof(modes); i++)
	{
		if (strlen(modes[i].name) == length &&
			memcmp(modes[i].name, chars, length) == 0)
			return modes[i].rounding;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("rounding mode \"%.*s\" is not recognized", (int) length,
					chars),
			 errdetail("A gap is rounded in one of the modes of table \"aidcase.rounding_rule\"."),
			 errhint("Use exact, ceil_yuan_household, ceil_yuan_person or per_person_whole_yuan_gap.")));
	return GAP_EXACT;			/* keep compiler quiet */
}

static GapRounding
parse_rounding(text *name)
{
	return find_rounding(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
}

/*
 * Refuses an amount that is not a number from 0 to MAX_YUAN.  The message
 * does not repeat the amount: it may be somebody's income.
 */
static void
check_amount(Numeric amount, const char *what)
{
	const char *fault = NULL;

	if (numeric_is_nan(amount))
		fault = "not a number";
	else if (COMPARE(amount, int64_to_numeric(0)) < 0)
		fault = "negative";
	else if (numeric_is_inf(amount))
		fault = "infinite";
	else if (COMPARE(amount, int64_to_numeric(MAX_YUAN)) > 0)
		fault = "too large";
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is %s", what, fault),
				 errdetail("It must be an amount in yuan from 0 to " INT64_FORMAT ".",
						   MAX_YUAN),
				 errhint("A household whose deductions exceed its income has an income of 0.")));
}

/*
 * The body of both functions of the gap.  months: the number of months that
 * the income was earned in.
 */
static Numeric
gap(FunctionCallInfo fcinfo, int months, const char *what)
{
	int32		members = PG_GETARG_INT32(1);
	GapRounding rounding = parse_rounding(PG_GETARG_TEXT_PP(3));
	Numeric		standard;
	Numeric		income;

	if (members < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a gap cannot be computed for %d members", members),
				 errdetail("A household has at least one counted member."),
				 errhint("Count the members that share the household's income.")));

#ifdef QUICK_WAY
	{
		Numeric		result;

		if (gap_quick(PG_GETARG_DATUM(0), members, PG_GETARG_DATUM(2), months,
					  rounding, &result))
			return result;
	}
#endif

	standard = PG_GETARG_NUMERIC(0);
	income = PG_GETARG_NUMERIC(2);
	check_amount(standard, "the standard");
	check_amount(income, what);
	return gap_numeric(standard, members, income, months, rounding);
}

/*
 * The gap by the server's numeric arithmetic: the definition.  All amounts
 * have been checked.
 */
static Numeric
gap_numeric(Numeric standard, int32 members, Numeric income, int months,
			GapRounding rounding)
{
	Numeric		zero = int64_to_numeric(0);
	Numeric		hundred = int64_to_numeric(100);
	Numeric		one = int64_to_numeric(1);
	Numeric		n_months = int64_to_numeric(months);
	Numeric		n_members = int64_to_numeric(members);
	Numeric		person_months = MUL(n_months, n_members);
	Numeric		missing;		/* the gap x months */

	if (rounding == GAP_PER_PERSON_WHOLE_YUAN)
	{
		missing = SUB(standard, nearest(income, person_months));
		if (COMPARE(missing, zero) <= 0)
			return fen_to_yuan(zero);
		return fen_to_yuan(nearest(MUL(MUL(missing, n_members), hundred),
								   one));
	}

	missing = SUB(MUL(standard, person_months), income);
	if (COMPARE(missing, zero) <= 0)
		return fen_to_yuan(zero);
	if (rounding == GAP_CEIL_YUAN_HOUSEHOLD)
		return fen_to_yuan(MUL(ceiling(missing, n_months), hundred));
	if (rounding == GAP_CEIL_YUAN_PERSON)
		return fen_to_yuan(MUL(MUL(ceiling(missing, person_months), n_members),
							   hundred));
	return fen_to_yuan(nearest(MUL(missing, hundred), n_months));
}

/*
 * The gap by 128-bit integers, in fen: standard x members x months - income,
 * divided by the months.  The income is in units of 10^-16 yuan.  False when
 * a product does not fit into 128 bits; *fen is not negative.
 */
bool
aidcase_gap_fen(Fraction standard, int members, Money income, int months,
				const char *rounding_name, int128 *fen)
{
	return gap_fen(standard, members, income, months,
				   find_rounding(rounding_name, strlen(rounding_name)), fen);
}

/*
 * The same with the mode as it is inside.
 */
static bool
gap_fen(Fraction standard, int members, Money income, int months,
		GapRounding rounding, int128 *fen)
{
	int128		yuan;			/* a yuan, as "missing" has it */
	int128		whole;			/* months x members x standard */
	int128		less;
	int128		missing;		/* the gap x months x divisor */
	int128		share;

	if (rounding == GAP_PER_PERSON_WHOLE_YUAN)
	{
		int128		person_months = (int128) months * members;
		int128		per_capita;

		if (__builtin_mul_overflow(person_months, 2 * MONEY_YUAN, &yuan) ||
			__builtin_add_overflow(2 * income, yuan / 2, &less))
			return false;
		per_capita = less / yuan;
		if (__builtin_mul_overflow(per_capita, (int128) standard.den, &less) ||
			__builtin_mul_overflow(standard.num - less, (int128) members,
								   &missing))
			return false;
		if (missing <= 0)
		{
			*fen = 0;
			return true;
		}
		if (__builtin_mul_overflow(missing, (int128) 200, &missing))
			return false;
		*fen = (missing + standard.den) / (2 * (int128) standard.den);
		return true;
	}

	if (__builtin_mul_overflow((int128) months * standard.den, MONEY_YUAN, &yuan) ||
		__builtin_mul_overflow(standard.num, (int128) months * members, &whole) ||
		__builtin_mul_overflow(whole, MONEY_YUAN, &whole) ||
		__builtin_mul_overflow(income, (int128) standard.den, &less))
		return false;
	missing = whole - less;
	if (missing <= 0)
		*fen = 0;
	else if (rounding == GAP_CEIL_YUAN_HOUSEHOLD)
		*fen = (missing / yuan + (missing % yuan != 0)) * 100;
	else if (rounding == GAP_CEIL_YUAN_PERSON)
	{
		if (__builtin_mul_overflow(yuan, (int128) members, &share))
			return false;
		*fen = (missing / share + (missing % share != 0)) * members * 100;
	}
	else
	{
		if (__builtin_mul_overflow(missing, (int128) 200, &missing) ||
			__builtin_add_overflow(missing, yuan, &missing))
			return false;
		*fen = missing / (2 * yuan);
	}
	return true;
}

#ifdef QUICK_WAY
/*
 * The gap by 128-bit integers; false when a value does not fit or is to be
 * refused.
 */
static bool
gap_quick(Datum standard_datum, int32 members, Datum income_datum, int months,
		  GapRounding rounding, Numeric *result)
{
	const int128 most = (int128) MAX_YUAN * UNIT;
	Fraction	standard;
	int128		income;
	int128		fen;

	if (!aidcase_read_scaled(standard_datum, &standard.num) ||
		standard.num < 0 || standard.num > most ||
		!aidcase_read_scaled(income_datum, &income) || income < 0 ||
		income > most)
		return false;
	standard.den = UNIT;
	if (!gap_fen(standard, members, income * UNIT, months, rounding, &fen) ||
		fen > PG_INT64_MAX)
		return false;
	*result = int64_div_fast_to_numeric((int64) fen, MONEY_DECIMALS);
	return true;
}
#endif

/*
 * gap_amount(standard numeric, members integer, monthly_income numeric,
 * rounding text) returns numeric
 */
Datum
aidcase_gap_amount(PG_FUNCTION_ARGS)
{
	PG_RETURN_NUMERIC(gap(fcinfo, 1, "the monthly income"));
}

/*
 * gap_amount_annual(standard numeric, members integer, annual_income numeric,
 * rounding text) returns numeric: the same from the income of 12 months.
 */
Datum
aidcase_gap_amount_annual(PG_FUNCTION_ARGS)
{
	PG_RETURN_NUMERIC(gap(fcinfo, MONTHS, "the annual income"));
}

/* ---------------------------------------------------------------------
 * Rounding
 */

/*
 * round_amount(value numeric, mode text, step numeric) returns numeric: the
 * multiple of the step that the mode chooses.
 */
Datum
aidcase_round_amount(PG_FUNCTION_ARGS)
{
	Numeric		value = PG_GETARG_NUMERIC(0);
	char	   *mode = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Numeric		step = PG_GETARG_NUMERIC(2);
	Numeric		zero = int64_to_numeric(0);
	Numeric		whole;			/* steps in the value, towards 0 */
	Numeric		left;			/* |value - whole steps| */
	bool		away;			/* one step more? */

	if (numeric_is_nan(value) || numeric_is_inf(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("only a finite number can be rounded"),
				 errdetail("The value is NaN or infinite."),
				 errhint("Correct the value.")));
	if (numeric_is_nan(step) || numeric_is_inf(step) ||
		COMPARE(step, zero) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the step of a rounding must be a positive number"),
				 errdetail("An amount is rounded to a multiple of the step."),
				 errhint("Use 0.01 for fen, 1 for whole yuan.")));

	whole = QUOTIENT(value, step);
	left = DatumGetNumeric(DirectFunctionCall1(numeric_abs,
											   NumericGetDatum(SUB(value, MUL(whole, step)))));

	if (strcmp(mode, "up") == 0)
		away = COMPARE(left, zero) > 0;
	else if (strcmp(mode, "down") == 0)
		away = false;
	else if (strcmp(mode, "half_up") == 0)
		away = COMPARE(ADD(left, left), step) >= 0;
	else if (strcmp(mode, "half_even") == 0)
	{
		int			half = COMPARE(ADD(left, left), step);

		/* a tie goes away from zero only from an odd number of steps */
		away = half > 0 ||
			(half == 0 &&
			 COMPARE(call2(numeric_mod, whole, int64_to_numeric(2)), zero) != 0);
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rounding mode \"%s\" is not recognized", mode),
				 errdetail("An amount is rounded half up, half to even, up or down."),
				 errhint("Use half_up, half_even, up or down.")));

	if (away)
		whole = COMPARE(value, zero) < 0 ?
			SUB(whole, int64_to_numeric(1)) : ADD(whole, int64_to_numeric(1));
	PG_RETURN_NUMERIC(MUL(whole, step));
}

/* ---------------------------------------------------------------------
 * The household's income: aggregate means_test(amount, basis, counted_share)
 */

/*
 * Times that an amount comes in 12 months: 12 for "month", 1 for "year".
 */
static int
parse_basis(text *basis)
{
	const char *chars = VARDATA_ANY(basis);
	size_t		length = VARSIZE_ANY_EXHDR(basis);

	if (length == 5 && memcmp(chars, "month", 5) == 0)
		return MONTHS;
	if (length == 4 && memcmp(chars, "year", 4) == 0)
		return 1;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("basis \"%s\" of an amount is not recognized",
					text_to_cstring(basis)),
			 errdetail("An amount is per month, or the sum of 12 months."),
			 errhint("Use month or year.")));
	return 0;					/* keep compiler quiet */
}

/*
 * Refuses a share outside 0 to 1.
 */
static void
check_share(Numeric share)
{
	if (numeric_is_nan(share) ||
		COMPARE(share, int64_to_numeric(0)) < 0 ||
		COMPARE(share, int64_to_numeric(1)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a counted share must be a number from 0 to 1"),
				 errdetail("It is the part of an amount that counts as income."),
				 errhint("Use 0 for income that never counts and 1 for income that counts in full.")));
}

/*
 * The state of the running aggregation, made at the first call.
 */
static MeansTestState *
get_state(FunctionCallInfo fcinfo, int arg, MemoryContext context)
{
	if (PG_ARGISNULL(arg))
		return (MeansTestState *) MemoryContextAllocZero(context,
														 sizeof(MeansTestState));
	return (MeansTestState *) PG_GETARG_POINTER(arg);
}

/*
 * The context that the state lives in.
 */
static MemoryContext
state_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "means_test was called outside of an aggregation");
	return context;
}

/*
 * Adds a numeric to the part of the sum that is kept as numeric.
 */
static void
add_rest(MeansTestState *state, Numeric term, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);

	if (state->rest == NULL)
		state->rest = DatumGetNumericCopy(NumericGetDatum(term));
	else
	{
		Numeric		former = state->rest;

		state->rest = ADD(former, term);
		pfree(former);
	}
	MemoryContextSwitchTo(caller);
}

#ifdef QUICK_WAY
/*
 * Adds to the part of the sum that is kept as an integer; what threatens to
 * overflow it is moved to the other part.
 */
static void
add_total(MeansTestState *state, int128 term, MemoryContext context)
{
	const int128 most = (int128) 1 << 125;

	state->total += term;		/* both were below 2^126 */
	if (state->total >= most || state->total <= -most)
	{
		add_rest(state, aidcase_scaled_to_numeric(state->total, SUM_DECIMALS),
				 context);
		state->total = 0;
	}
}
#endif

/*
 * Transition: one item.  An item without an amount (the empty side of an
 * outer join) adds nothing; an amount without basis or share is an error,
 * because leaving it out would change somebody's benefit silently.
 */
Datum
aidcase_means_test_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = state_context(fcinfo);
	MeansTestState *state = get_state(fcinfo, 0, context);
	int			times;
	Numeric		amount;
	Numeric		share;

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("an amount of the means test has no basis or no counted share"),
				 errdetail("Every amount needs a basis (month or year) and the share of it that counts."),
				 errhint("Set a rule for its kind in table \"aidcase.income_rule\".")));
	times = parse_basis(PG_GETARG_TEXT_PP(2));

#ifdef QUICK_WAY
	{
		int128		quick_amount;
		int128		quick_share;

		/* 10^24 units are 10^16 yuan, and a term is below 1.2 * 10^33 */
		const int128 most = (int128) UNIT * UNIT * UNIT;

		if (aidcase_read_scaled(PG_GETARG_DATUM(1), &quick_amount) &&
			quick_amount < most && quick_amount > -most &&
			aidcase_read_scaled(PG_GETARG_DATUM(3), &quick_share) &&
			quick_share >= 0 && quick_share <= UNIT)
		{
			add_total(state, quick_amount * quick_share * times, context);
			PG_RETURN_POINTER(state);
		}
	}
#endif

	amount = PG_GETARG_NUMERIC(1);
	share = PG_GETARG_NUMERIC(3);
	if (numeric_is_nan(amount) || numeric_is_inf(amount))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an amount of the means test must be a finite number"),
				 errdetail("An amount is NaN or infinite."),
				 errhint("Correct the item.")));
	check_share(share);
	add_rest(state, MUL(MUL(amount, share), int64_to_numeric(times)), context);
	PG_RETURN_POINTER(state);
}

/*
 * Combines the states of two workers.
 */
Datum
aidcase_means_test_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = state_context(fcinfo);
	MeansTestState *state = get_state(fcinfo, 0, context);
	MeansTestState *other;

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	other = (MeansTestState *) PG_GETARG_POINTER(1);
#ifdef QUICK_WAY
	add_total(state, other->total, context);
#endif
	if (other->rest != NULL)
		add_rest(state, other->rest, context);
	PG_RETURN_POINTER(state);
}

/*
 * State to bytes: the integer part in two halves, then the numeric part as
 * its type sends it, if there is one.
 */
Datum
aidcase_means_test_serial(PG_FUNCTION_ARGS)
{
	MeansTestState *state;
	StringInfoData buf;
	uint64		high = 0;
	uint64		low = 0;

	(void) state_context(fcinfo);
	state = (MeansTestState *) PG_GETARG_POINTER(0);
#ifdef QUICK_WAY
	high = (uint64) ((uint128) state->total >> 64);
	low = (uint64) (uint128) state->total;
#endif
	pq_begintypsend(&buf);
	pq_sendint64(&buf, high);
	pq_sendint64(&buf, low);
	if (state->rest != NULL)
	{
		bytea	   *sent = DatumGetByteaPP(DirectFunctionCall1(numeric_send,
															   NumericGetDatum(state->rest)));

		pq_sendbytes(&buf, VARDATA_ANY(sent), VARSIZE_ANY_EXHDR(sent));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Bytes to state.
 */
Datum
aidcase_means_test_deserial(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	MeansTestState *state = (MeansTestState *) palloc0(sizeof(MeansTestState));
	StringInfoData buf;
	uint64		high;
	uint64		low;

	(void) state_context(fcinfo);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	high = (uint64) pq_getmsgint64(&buf);
	low = (uint64) pq_getmsgint64(&buf);
#ifdef QUICK_WAY
	state->total = (int128) (((uint128) high << 64) | low);
#else
	Assert(high == 0 && low == 0);
	(void) high;
	(void) low;
#endif
	if (buf.cursor < buf.len)
		state->rest = DatumGetNumeric(DirectFunctionCall3(numeric_recv,
														  PointerGetDatum(&buf),
														  ObjectIdGetDatum(InvalidOid),
														  Int32GetDatum(-1)));
	pfree(buf.data);
	PG_RETURN_POINTER(state);
}

/*
 * The whole sum as a numeric.
 */
static Numeric
state_sum(MeansTestState *state)
{
#ifdef QUICK_WAY
	Numeric		sum = aidcase_scaled_to_numeric(state->total, SUM_DECIMALS);

	return state->rest == NULL ? sum : ADD(sum, state->rest);
#else
	return state->rest == NULL ? int64_to_numeric(0) : state->rest;
#endif
}

/*
 * Result: yuan in 12 months, exact, without trailing zeros beyond the fen.
 * No item at all is an income of 0.
 */
Datum
aidcase_means_test_final(PG_FUNCTION_ARGS)
{
	Numeric		cent = int64_div_fast_to_numeric(0, MONEY_DECIMALS);
	Datum		sum;

	(void) state_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NUMERIC(cent);
	sum = NumericGetDatum(state_sum((MeansTestState *) PG_GETARG_POINTER(0)));
	sum = DirectFunctionCall1(numeric_trim_scale, sum);
	/* adding 0.00 shows two decimals at least */
	PG_RETURN_NUMERIC(ADD(DatumGetNumeric(sum), cent));
}

/* ---------------------------------------------------------------------
 * Numerics as integers
 */

/* Header of a stored numeric; see the server's numeric.c. */
#define NUMERIC_KIND_MASK		0xC000
#define NUMERIC_KIND_NEGATIVE	0x4000	/* long form */
#define NUMERIC_KIND_SHORT		0x8000
#define NUMERIC_KIND_SPECIAL	0xC000	/* NaN or infinite */
#define NUMERIC_SHORT_NEGATIVE	0x2000
#define NUMERIC_SHORT_WEIGHT_SIGN	0x0040
#define NUMERIC_SHORT_WEIGHT_MASK	0x003F
#define NUMERIC_BASE			10000
#define NUMERIC_BASE_DECIMALS	4

/*
 * Reads a stored numeric as a number of units of 10^-UNIT_DECIMALS; false
 * when it has more decimals, is not finite or has more than 24 digits before
 * the point.  The digits may lie at any address (a stored value is packed).
 */
bool
aidcase_read_scaled(Datum value, int128 *scaled)
{
	static bool checked = false;
	struct varlena *packed;
	const char *at;
	int			bytes;
	uint16		header;
	int			weight;			/* power of NUMERIC_BASE of the first digit */
	bool		negative;
	int			ndigits;
	int			places;			/* digits up to 10^-UNIT_DECIMALS */
	int128		sum = 0;
	int			i;

	if (!checked)
	{
		checked = true;			/* set first: the check calls this function */
		check_numeric_format();
	}

	packed = PG_DETOAST_DATUM_PACKED(value);
	at = VARDATA_ANY(packed);
	bytes = VARSIZE_ANY_EXHDR(packed);
	memcpy(&header, at, sizeof(header));
	at += sizeof(header);
	bytes -= sizeof(header);
	switch (header & NUMERIC_KIND_MASK)
	{
		case NUMERIC_KIND_SPECIAL:
			return false;
		case NUMERIC_KIND_SHORT:
			negative = (header & NUMERIC_SHORT_NEGATIVE) != 0;
			weight = header & NUMERIC_SHORT_WEIGHT_MASK;
			if (header & NUMERIC_SHORT_WEIGHT_SIGN)
				weight |= ~NUMERIC_SHORT_WEIGHT_MASK;
			break;
		default:
			{
				int16		long_weight;

				negative = (header & NUMERIC_KIND_MASK) == NUMERIC_KIND_NEGATIVE;
				memcpy(&long_weight, at, sizeof(long_weight));
				at += sizeof(long_weight);
				bytes -= sizeof(long_weight);
				weight = long_weight;
			}
			break;
	}
	ndigits = bytes / (int) sizeof(int16);
	places = weight + 1 + UNIT_DECIMALS / NUMERIC_BASE_DECIMALS;
	if (ndigits == 0)
	{
		*scaled = 0;
		return true;
	}
	if (weight > 5 || ndigits > places)
		return false;

	for (i = 0; i < ndigits; i++)
	{
		int16		digit;

		memcpy(&digit, at + i * sizeof(digit), sizeof(digit));
		sum = sum * NUMERIC_BASE + digit;
	}
	for (; i < places; i++)
		sum *= NUMERIC_BASE;
	*scaled = negative ? -sum : sum;
	return true;
}

/*
 * Does the server store numerics as aidcase_read_scaled() believes?  Once a backend.
 */
static void
check_numeric_format(void)
{
	static const struct
	{
		const char *value;
		int64		scaled;		/* -1: cannot be read */
	}			samples[] = {
		{"0", 0},
		{"0.00", 0},
		{"1", UNIT},
		{"-0.01", -UNIT / 100},
		{"12345678.90", INT64CONST(1234567890000000)},
		{"10000", 10000 * UNIT},
		{"0.00000001", 1},
		{"0.000000001", -1},
		{"NaN", -1},
		{"Infinity", -1}
	};
	size_t		i;

	for (i = 0; i < lengthof(samples); i++)
	{
		Datum		value = DirectFunctionCall3(numeric_in,
												CStringGetDatum(samples[i].value),
												ObjectIdGetDatum(InvalidOid),
												Int32GetDatum(-1));
		int128		scaled;
		bool		read = aidcase_read_scaled(value, &scaled);

		if (read ? scaled != samples[i].scaled : samples[i].scaled != -1)
			elog(ERROR, "the server stores numeric %s in a form that aidcase was not written for",
				 samples[i].value);
		pfree(DatumGetPointer(value));
	}
}

/*
 * An integer number of units of 10^-decimals as a numeric.
 */
Numeric
aidcase_scaled_to_numeric(int128 value, int decimals)
{
	const int64 half = INT64CONST(1000000000000000000); /* 10^18 */

	/* nearly always the value is in fen */
	while (decimals > MONEY_DECIMALS && value % UNIT == 0 &&
		   decimals - UNIT_DECIMALS >= MONEY_DECIMALS)
	{
		value /= UNIT;
		decimals -= UNIT_DECIMALS;
	}
	while (decimals > MONEY_DECIMALS && value % 10 == 0)
	{
		value /= 10;
		decimals--;
	}
	if (value <= PG_INT64_MAX && value >= PG_INT64_MIN)
		return int64_div_fast_to_numeric((int64) value, decimals);

	/* the quotient may itself need two steps */
	return ADD(MUL(aidcase_scaled_to_numeric(value / half, 0),
				   int64_div_fast_to_numeric(half, decimals)),
			   int64_div_fast_to_numeric((int64) (value % half), decimals));
}
