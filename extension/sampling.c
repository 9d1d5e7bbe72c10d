/*-------------------------------------------------------------------------
 *
 * sampling.c
 *		Ticket numbers and sample sizes of a draw.
 *
 * A draw takes, in each stratum, the units with the smallest ticket numbers.
 * A ticket depends on the public seed and on the unit's own id only, so that
 * anybody can recompute it, and adding a unit never changes the ticket of
 * another.  It is derived from SHA-256 and never from the server's random
 * functions, which differ between versions.
 *
 *		h = hex(SHA-256(seed))
 *		rivest:	x = SHA-256(h | id) as a decimal number, padded with zeros
 *				on the left to 64 digits; ticket = "0." and the digits of x
 *				in reverse order
 *		hex:	ticket = hex(SHA-256(h | id))
 *
 * "rivest" gives the ticket numbers (of generation 1) that the published
 * program consistent_sampler by Ronald L. Rivest gives for the same seed and
 * id.  Tickets are compared as strings, byte by byte: ORDER BY them COLLATE
 * "C".
 *
 * The hash of the seed is kept in fn_extra, as all rows of a query usually
 * share the seed; it lives as long as the query's function call does and is
 * made anew when another seed comes.
 *
 * Sample sizes are computed in whole numbers only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "aidcase.h"
#include "compat.h"
#include "merkle.h"

/* Length of a hash in hexadecimal digits. */
#define HEX_LENGTH			(2 * MERKLE_HASH_LENGTH)

/* Least and greatest number of digits of a rivest ticket; 2^256 has 78. */
#define RIVEST_MIN_DIGITS	64
#define RIVEST_MAX_DIGITS	78

/* Room for any ticket: "0." and digits. */
#define TICKET_MAX_LENGTH	(2 + RIVEST_MAX_DIGITS)

/*
 * Digits of a ticket's prefix: so many that it is below 2^40, decimal
 * (rivest) or hexadecimal.
 */
#define RIVEST_PREFIX_DIGITS	12
#define HEX_PREFIX_DIGITS		10

PG_FUNCTION_INFO_V1(aidcase_ticket);
PG_FUNCTION_INFO_V1(aidcase_ticket_prefix);
PG_FUNCTION_INFO_V1(aidcase_stratum_size);

typedef enum TicketMethod
{
	TICKET_RIVEST,
	TICKET_HEX
} TicketMethod;

/* The seed of the last call and the hexadecimal digits of its hash. */
typedef struct KeptSeed
{
	char	   *seed;			/* in the server's encoding; NULL at first */
	int			length;			/* bytes of it */
	char		hash[HEX_LENGTH];
} KeptSeed;

static TicketMethod ticket_method(text *name);
static void require_text(text *value, const char *name);
static void hash_text(const char *prefix, int prefix_length,
					  const char *value, int length, uint8 *hash);
static void hash_seed(const char *seed, int length, char *seed_hash);
static const char *seed_hash_of(FmgrInfo *flinfo, text *seed, char *buffer);
static int	write_rivest(const uint8 *hash, char *ticket);
static uint64 fraction_rounded_up(uint64 value, uint64 numerator,
								  uint64 denominator);

/*
 * The method of that name, or an error.
 */
static TicketMethod
ticket_method(text *name)
{
	const char *value = VARDATA_ANY(name);
	int			length = (int) VARSIZE_ANY_EXHDR(name);

	if (length == 6 && memcmp(value, "rivest", 6) == 0)
		return TICKET_RIVEST;
	if (length == 3 && memcmp(value, "hex", 3) == 0)
		return TICKET_HEX;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("ticket method \"%s\" does not exist",
					text_to_cstring(name)),
			 errdetail("Ticket numbers can be made in two ways."),
			 errhint("Use \"rivest\" (decimal fraction) or \"hex\" (hash in hexadecimal).")));
	return TICKET_RIVEST;		/* not reached */
}

/*
 * Errors if a text is empty.
 */
static void
require_text(text *value, const char *name)
{
	if (VARSIZE_ANY_EXHDR(value) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of a ticket must not be empty", name),
				 errdetail("A ticket number comes from the seed and the id of the unit."),
				 errhint("Give the seed rolled in public and the id as it stands in the frame.")));
}

/*
 * SHA-256 of a prefix (plain ASCII) and a text, the latter in UTF-8.
 */
static void
hash_text(const char *prefix, int prefix_length, const char *value, int length,
		  uint8 *hash)
{
	char	   *utf8 = pg_server_to_any(value, length, PG_UTF8);

	if (utf8 != value)
		length = (int) strlen(utf8);
	aidcase_sha256(prefix, prefix_length, utf8, length, hash);
	if (utf8 != value)
		pfree(utf8);
}

/*
 * The hash of a seed in hexadecimal digits, not terminated.
 */
static void
hash_seed(const char *seed, int length, char *seed_hash)
{
	uint8		hash[MERKLE_HASH_LENGTH];

	hash_text(NULL, 0, seed, length, hash);
	hex_encode((const char *) hash, MERKLE_HASH_LENGTH, seed_hash);
}

/*
 * The hash of a seed, kept from row to row where the caller allows it;
 * otherwise it is put into buffer (HEX_LENGTH bytes).
 */
static const char *
seed_hash_of(FmgrInfo *flinfo, text *seed, char *buffer)
{
	const char *value = VARDATA_ANY(seed);
	int			length = (int) VARSIZE_ANY_EXHDR(seed);
	KeptSeed   *kept;

	if (flinfo == NULL)
	{
		hash_seed(value, length, buffer);
		return buffer;
	}

	kept = (KeptSeed *) flinfo->fn_extra;
	if (kept == NULL)
	{
		kept = (KeptSeed *) MemoryContextAllocZero(flinfo->fn_mcxt,
												   sizeof(KeptSeed));
		flinfo->fn_extra = kept;
	}
	if (kept->seed == NULL || kept->length != length ||
		memcmp(kept->seed, value, length) != 0)
	{
		if (kept->seed != NULL)
		{
			pfree(kept->seed);
			kept->seed = NULL;
		}
		hash_seed(value, length, kept->hash);
		kept->seed = (char *) MemoryContextAlloc(flinfo->fn_mcxt, length);
		memcpy(kept->seed, value, length);
		kept->length = length;
	}
	return kept->hash;
}

/*
 * Writes a hash, read as one big-endian number, as "0." and its decimal
 * digits in reverse order.  Returns the length written.
 *
 * Division gives the low digits first, which is the order wanted, nine at a
 * time.  Zeros at the end of the ticket are those in front of the number;
 * they stay only as far as the padding asks for them.
 */
static int
write_rivest(const uint8 *hash, char *ticket)
{
	uint32		limbs[MERKLE_HASH_LENGTH / 4];
	char		digits[9 * 9];	/* 10^81 > 2^256 */
	int			first = 0;		/* first limb that is not zero */
	int			ndigits = 0;
	int			i;

	for (i = 0; i < (int) lengthof(limbs); i++)
		limbs[i] = (uint32) hash[4 * i] << 24 | (uint32) hash[4 * i + 1] << 16 |
			(uint32) hash[4 * i + 2] << 8 | (uint32) hash[4 * i + 3];

	while (ndigits < (int) sizeof(digits))
	{
		uint64		remainder = 0;
		uint32		nine;

		while (first < (int) lengthof(limbs) && limbs[first] == 0)
			first++;
		for (i = first; i < (int) lengthof(limbs); i++)
		{
			uint64		part = remainder << 32 | limbs[i];

			limbs[i] = (uint32) (part / 1000000000);
			remainder = part % 1000000000;
		}
		nine = (uint32) remainder;
		for (i = 0; i < 9; i++)
		{
			digits[ndigits++] = (char) ('0' + nine % 10);
			nine /= 10;
		}
	}
	while (ndigits > RIVEST_MIN_DIGITS && digits[ndigits - 1] == '0')
		ndigits--;

	Assert(ndigits <= RIVEST_MAX_DIGITS);
	ticket[0] = '0';
	ticket[1] = '.';
	memcpy(ticket + 2, digits, ndigits);
	return 2 + ndigits;
}

/*
 * ticket(seed text, id text, method text) returns text
 */
Datum
aidcase_ticket(PG_FUNCTION_ARGS)
{
	text	   *seed = PG_GETARG_TEXT_PP(0);
	text	   *id = PG_GETARG_TEXT_PP(1);
	TicketMethod method = ticket_method(PG_GETARG_TEXT_PP(2));
	char		buffer[HEX_LENGTH];
	char		ticket[TICKET_MAX_LENGTH];
	uint8		hash[MERKLE_HASH_LENGTH];
	int			length;

	require_text(seed, "seed");
	require_text(id, "id");

	hash_text(seed_hash_of(fcinfo->flinfo, seed, buffer), HEX_LENGTH,
			  VARDATA_ANY(id), (int) VARSIZE_ANY_EXHDR(id), hash);
	if (method == TICKET_RIVEST)
		length = write_rivest(hash, ticket);
	else
		length = (int) hex_encode((const char *) hash, MERKLE_HASH_LENGTH,
								  ticket);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(ticket, length));
}

/*
 * ticket_prefix(ticket text) returns bigint
 *
 * The first digits of a ticket as a number below 2^40.  Of two tickets of one
 * method the smaller one never has the greater prefix, so a sort by prefix,
 * then ticket, is the sort by ticket, and hardly ever compares texts.
 */
Datum
aidcase_ticket_prefix(PG_FUNCTION_ARGS)
{
	text	   *ticket = PG_GETARG_TEXT_PP(0);
	const char *p = VARDATA_ANY(ticket);
	int			length = (int) VARSIZE_ANY_EXHDR(ticket);
	bool		rivest = length > 2 && p[0] == '0' && p[1] == '.';
	int			first = rivest ? 2 : 0;
	int			ndigits = rivest ? RIVEST_PREFIX_DIGITS : HEX_PREFIX_DIGITS;
	int64		prefix = 0;
	int			i;

	for (i = first; i < first + ndigits; i++)
	{
		int			digit = -1;

		if (i < length && p[i] >= '0' && p[i] <= '9')
			digit = p[i] - '0';
		else if (i < length && !rivest && p[i] >= 'a' && p[i] <= 'f')
			digit = p[i] - 'a' + 10;
		if (digit < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the text given is no ticket"),
					 errdetail("A ticket is \"0.\" and at least %d decimal digits, or %d hexadecimal digits.",
							   RIVEST_MIN_DIGITS, HEX_LENGTH),
					 errhint("Tickets are made by ticket(seed, id, method).")));
		prefix = prefix * (rivest ? 10 : 16) + digit;
	}
	PG_RETURN_INT64(prefix);
}

/*
 * value * numerator / denominator, rounded up, exactly.
 *
 * Needs value and both terms below 2^63, numerator <= denominator and
 * denominator > 0.  The product can have 126 bits; it is never formed.  The
 * bits of value are taken from the top, and quotient and remainder follow;
 * the remainder stays below the denominator, so that nothing exceeds 64 bits.
 */
static uint64
fraction_rounded_up(uint64 value, uint64 numerator, uint64 denominator)
{
	uint64		quotient = 0;
	uint64		remainder = 0;
	int			bit;

	for (bit = 62; bit >= 0; bit--)
	{
		quotient <<= 1;
		remainder <<= 1;
		if (remainder >= denominator)
		{
			remainder -= denominator;
			quotient++;
		}
		if (value & (UINT64CONST(1) << bit))
		{
			remainder += numerator;
			if (remainder >= denominator)
			{
				remainder -= denominator;
				quotient++;
			}
		}
	}
	return quotient + (remainder > 0 ? 1 : 0);
}

/*
 * stratum_size(population bigint, rate_numerator bigint,
 * rate_denominator bigint, minimum bigint) returns bigint
 */
Datum
aidcase_stratum_size(PG_FUNCTION_ARGS)
{
	int64		population = PG_GETARG_INT64(0);
	int64		numerator = PG_GETARG_INT64(1);
	int64		denominator = PG_GETARG_INT64(2);
	int64		minimum = PG_GETARG_INT64(3);
	StringInfoData problems;
	int64		size;

	initStringInfo(&problems);
	if (population < 0)
		appendStringInfo(&problems, "The population (" INT64_FORMAT ") is negative.\n",
					population);
	if (minimum < 0)
		appendStringInfo(&problems, "The minimum (" INT64_FORMAT ") is negative.\n",
					minimum);
	if (denominator <= 0)
		appendStringInfo(&problems, "The denominator of the rate (" INT64_FORMAT ") is not positive.\n",
					denominator);
	if (numerator < 0)
		appendStringInfo(&problems, "The numerator of the rate (" INT64_FORMAT ") is negative.\n",
					numerator);
	else if (denominator > 0 && numerator > denominator)
		appendStringInfo(&problems, "The rate (" INT64_FORMAT "/" INT64_FORMAT ") is greater than 1.\n",
					numerator, denominator);
	else if (numerator == 0 && minimum == 0)
		appendStringInfoString(&problems, "The rate and the minimum are both 0, so nothing would ever be drawn.\n");
	if (problems.len > 0)
	{
		problems.data[--problems.len] = '\0';
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample size cannot be computed"),
				 errdetail_internal("%s", problems.data),
				 errhint("Give the rate as a fraction of whole numbers above 0 and up to 1, such as 3 and 10 for 30 %%, or 0 with a minimum above 0.")));
	}
	pfree(problems.data);

	size = (int64) fraction_rounded_up((uint64) population,
									   (uint64) numerator,
									   (uint64) denominator);
	PG_RETURN_INT64(Min(population, Max(minimum, size)));
}
