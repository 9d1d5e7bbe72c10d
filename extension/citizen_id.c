/*-------------------------------------------------------------------------
 *
 * citizen_id.c
 *		Type citizen_id: the citizen number of GB 11643-1999 in 8 bytes.
 *
 * The value is the number's first 17 digits as an int64 (see citizen_id.h).
 * Comparison, hashing, sorting and min/max are therefore those of bigint:
 * the SQL part declares the server's own functions under our names, as
 * contrib/isn does.  They cannot raise errors, which makes them LEAKPROOF:
 * a policy does not keep "id = ..." from an index.
 *
 * Input depends on the clock, because a birth in the future is refused; it
 * is STABLE, as date input is.  The limit is the date it is now in the
 * earliest time zone of the world (UTC+14), not in the session's: what one
 * session accepted every later session accepts, so stored numbers can be
 * restored anywhere, on any server whose clock is not behind.
 *
 * SQLSTATEs: 22P02 when the text is not a number, 22008 when its birth date
 * is impossible, before 1800 or in the future, 22P03 for every fault of a
 * binary value.  As other input functions do, ours quotes the text it was
 * given; citizen_id_fault() gives the same reason without it.
 *
 * No memory is kept but the latest date known to have come.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "citizen_id.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_citizen_id_in);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_out);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_recv);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_send);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_from_text);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_from_bpchar);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_to_text);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_fault);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_birth_date);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_sex);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_age_at);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_area_code);
PG_FUNCTION_INFO_V1(aidcase_citizen_id_masked);

#define PG_GETARG_CITIZEN_ID(n)		((uint64_t) PG_GETARG_INT64(n))
#define PG_RETURN_CITIZEN_ID(x)		PG_RETURN_INT64((int64) (x))

/* Characters that masked() leaves readable at either end. */
#define MASK_HEAD	4
#define MASK_TAIL	2

/* What is said about a fault; never the value itself. */
typedef struct FaultText
{
	int			sqlstate;		/* for text input */
	const char *detail;			/* what is wrong */
	const char *hint;			/* what to do */
} FaultText;

/* Indexed by CitizenIdFault. */
static const FaultText fault_texts[] = {
	{0, NULL, NULL},
	{
		ERRCODE_INVALID_TEXT_REPRESENTATION,
		"A citizen number has 18 characters, or 15 in the old form.",
		"Enter the whole number as it is printed on the card, without blanks or separators."
	},
	{
		ERRCODE_INVALID_TEXT_REPRESENTATION,
		"A citizen number consists of the digits 0 to 9; only the last of 18 characters may be an X.",
		"Remove blanks and separators, and write full-width digits and letters in ASCII."
	},
	{
		ERRCODE_INVALID_TEXT_REPRESENTATION,
		"The first two digits are not the code of a province, of Hong Kong, Macao or Taiwan, or of a residence permit.",
		"Compare the first six digits with the card; a foreign resident's card bears no citizen number."
	},
	{
		ERRCODE_DATETIME_FIELD_OVERFLOW,
		"The birth date in the number does not exist in the calendar.",
		"Compare the year, month and day after the first six digits with the card."
	},
	{
		ERRCODE_DATETIME_FIELD_OVERFLOW,
		"The birth date in the number is before the year 1800.",
		"Compare the four digits after the first six with the card."
	},
	{
		ERRCODE_DATETIME_FIELD_OVERFLOW,
		"The birth date in the number is in the future.",
		"Compare the birth date with the card, and check the server's clock."
	},
	{
		ERRCODE_INVALID_TEXT_REPRESENTATION,
		"The last character, the check character, does not match the 17 digits before it.",
		"Compare every digit with the card; one digit is wrong, or two have changed places."
	},
};

StaticAssertDecl(lengthof(fault_texts) == CITIZEN_ID_CHECK + 1,
				 "every fault needs its text");
StaticAssertDecl(sizeof(void *) >= 8,
				 "citizen_id is passed by value in 8 bytes");

/*
 * A day that has come, as yyyymmdd.  What has come once stays so, therefore
 * the clock is asked only about birth dates after it.
 */
static int	known_past = 0;

/*
 * Moves known_past up to the date of the present transaction.
 */
static void
ask_clock(void)
{
	TimestampTz ahead = GetCurrentTransactionStartTimestamp() +
		14 * USECS_PER_HOUR;
	int			year;
	int			month;
	int			day;

	j2date((int) (ahead / USECS_PER_DAY) + POSTGRES_EPOCH_JDATE,
		   &year, &month, &day);
	known_past = Max(known_past, year * 10000 + month * 100 + day);
}

/*
 * citizen_id_parse() with the clock.
 */
static inline CitizenIdFault
parse_citizen_id(const char *s, size_t len, uint64_t *id)
{
	CitizenIdFault fault = citizen_id_parse(s, len, known_past, id);

	if (unlikely(fault == CITIZEN_ID_FUTURE))
	{
		ask_clock();
		fault = citizen_id_parse(s, len, known_past, id);
	}
	return fault;
}

/*
 * Reports a fault of a text: as a soft error where escontext asks for that,
 * else as an error.
 */
static pg_noinline Datum
refuse_text(CitizenIdFault fault, const char *s, size_t len,
			struct Node *escontext)
{
	const FaultText *text = &fault_texts[fault];

	(void) escontext;			/* not used before 16 */
	ereturn(escontext, (Datum) 0,
			(errcode(text->sqlstate),
			 text->sqlstate == ERRCODE_DATETIME_FIELD_OVERFLOW ?
			 errmsg("birth date of citizen number out of range: \"%.*s\"",
					(int) len, s) :
			 errmsg("invalid input syntax for type %s: \"%.*s\"",
					"citizen_id", (int) len, s),
			 errdetail("%s", text->detail),
			 errhint("%s", text->hint)));
}

/*
 * The value of a text, or its fault reported.
 */
static inline Datum
input_citizen_id(const char *s, size_t len, struct Node *escontext)
{
	uint64_t	id;
	CitizenIdFault fault = parse_citizen_id(s, len, &id);

	if (unlikely(fault != CITIZEN_ID_OK))
		return refuse_text(fault, s, len, escontext);
	return Int64GetDatum((int64) id);
}

/*
 * citizen_id_in(cstring)
 */
Datum
aidcase_citizen_id_in(PG_FUNCTION_ARGS)
{
	char	   *s = PG_GETARG_CSTRING(0);

	return input_citizen_id(s, strlen(s), fcinfo->context);
}

/*
 * citizen_id_out(citizen_id): 18 characters
 */
Datum
aidcase_citizen_id_out(PG_FUNCTION_ARGS)
{
	char	   *result = palloc(CITIZEN_ID_CHARS + 1);

	citizen_id_format(PG_GETARG_CITIZEN_ID(0), result);
	result[CITIZEN_ID_CHARS] = '\0';
	PG_RETURN_CSTRING(result);
}

/*
 * citizen_id_recv(internal): the 17 digits as 8 bytes in network order,
 * checked as text is
 */
Datum
aidcase_citizen_id_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	uint64_t	id = (uint64_t) pq_getmsgint64(buf);
	CitizenIdFault fault;

	ask_clock();
	fault = citizen_id_check(id, known_past);
	if (fault != CITIZEN_ID_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value for type %s", "citizen_id"),
				 errdetail("%s", fault == CITIZEN_ID_LENGTH ?
						   "The value is not a number of at most 17 digits." :
						   fault_texts[fault].detail),
				 errhint("Send the first 17 digits as a 64-bit integer in network byte order, or use the text format.")));
	PG_RETURN_CITIZEN_ID(id);
}

/*
 * citizen_id_send(citizen_id)
 */
Datum
aidcase_citizen_id_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint64(&buf, PG_GETARG_CITIZEN_ID(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * citizen_id(text): the cast, without a detour over a C string
 */
Datum
aidcase_citizen_id_from_text(PG_FUNCTION_ARGS)
{
	text	   *t = PG_GETARG_TEXT_PP(0);

	return input_citizen_id(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t),
							fcinfo->context);
}

/*
 * citizen_id(character): blanks at the end of char(n) mean nothing
 */
Datum
aidcase_citizen_id_from_bpchar(PG_FUNCTION_ARGS)
{
	BpChar	   *t = PG_GETARG_BPCHAR_PP(0);
	const char *s = VARDATA_ANY(t);

	return input_citizen_id(s, bpchartruelen((char *) s,
											 (int) VARSIZE_ANY_EXHDR(t)),
							fcinfo->context);
}

/*
 * text(citizen_id)
 */
Datum
aidcase_citizen_id_to_text(PG_FUNCTION_ARGS)
{
	text	   *result = (text *) palloc(VARHDRSZ + CITIZEN_ID_CHARS);

	SET_VARSIZE(result, VARHDRSZ + CITIZEN_ID_CHARS);
	citizen_id_format(PG_GETARG_CITIZEN_ID(0), VARDATA(result));
	PG_RETURN_TEXT_P(result);
}

/*
 * citizen_id_fault(text): what input would say, or NULL when it would accept
 */
Datum
aidcase_citizen_id_fault(PG_FUNCTION_ARGS)
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	uint64_t	id;
	CitizenIdFault fault = parse_citizen_id(VARDATA_ANY(t),
											VARSIZE_ANY_EXHDR(t), &id);

	if (fault == CITIZEN_ID_OK)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault_texts[fault].detail));
}

/*
 * birth_date(citizen_id)
 */
Datum
aidcase_citizen_id_birth_date(PG_FUNCTION_ARGS)
{
	int			year;
	int			month;
	int			day;

	citizen_id_birth(PG_GETARG_CITIZEN_ID(0), &year, &month, &day);
	PG_RETURN_DATEADT(date2j(year, month, day) - POSTGRES_EPOCH_JDATE);
}

/*
 * sex(citizen_id): 'male' or 'female'
 */
Datum
aidcase_citizen_id_sex(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(
					 citizen_id_is_male(PG_GETARG_CITIZEN_ID(0)) ?
					 "male" : "female"));
}

/*
 * age_at(citizen_id, date): completed years.  Who was born on 29 February
 * completes a year on 1 March where the year has no such day.
 */
Datum
aidcase_citizen_id_age_at(PG_FUNCTION_ARGS)
{
	DateADT		on_date = PG_GETARG_DATEADT(1);
	int			birth_year;
	int			birth_month;
	int			birth_day;
	int			year;
	int			month;
	int			day;

	if (DATE_NOT_FINITE(on_date))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("age on an infinite date is not defined"),
				 errhint("Ask for the age on a calendar date.")));

	citizen_id_birth(PG_GETARG_CITIZEN_ID(0),
					 &birth_year, &birth_month, &birth_day);
	j2date(on_date + POSTGRES_EPOCH_JDATE, &year, &month, &day);

	/* compare fields; a date before Christ has a year below 1 here */
	if (year < birth_year ||
		(year == birth_year &&
		 month * 100 + day < birth_month * 100 + birth_day))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("date %d-%02d-%02d is before the person's birth",
						year, month, day),
				 errhint("Ask for the age on a date not before the birth date in the citizen number.")));

	PG_RETURN_INT32(year - birth_year -
					(month * 100 + day < birth_month * 100 + birth_day));
}

/*
 * area_code(citizen_id): the 6 digits of the place of first issue
 */
Datum
aidcase_citizen_id_area_code(PG_FUNCTION_ARGS)
{
	char		written[CITIZEN_ID_CHARS];

	citizen_id_format(PG_GETARG_CITIZEN_ID(0), written);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(written, 6));
}

/*
 * masked(citizen_id): province and city, stars, the last two characters.
 * Birth date, county and most of the sequence stay hidden.
 */
Datum
aidcase_citizen_id_masked(PG_FUNCTION_ARGS)
{
	char		written[CITIZEN_ID_CHARS];

	citizen_id_format(PG_GETARG_CITIZEN_ID(0), written);
	memset(written + MASK_HEAD, '*',
		   CITIZEN_ID_CHARS - MASK_HEAD - MASK_TAIL);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(written, CITIZEN_ID_CHARS));
}
