/*-------------------------------------------------------------------------
 *
 * citizen_id.h
 *		The citizen number of GB 11643-1999: parsing, checking, taking apart.
 *
 * Pure C without postgres.h, without allocation and without errors, so that
 * a fuzzer can include it alone (test/fuzz/citizen_id.c).
 *
 * A number is 6 digits of area code, 8 of birth date, 3 of sequence (odd =
 * male) and a check character.  The check character follows from the other
 * 17, so the value kept is the 17 digits as one integer: below 10^17, equal
 * exactly when the numbers are equal, and ordered as the written numbers are.
 *
 * The old form of 15 digits has a birth year of two digits and no check
 * character; it is read as a birth in the 1900s.  (The old sequence codes
 * 996 to 999 stood for births before 1900; nobody alive holds one.)
 *
 * Only the first two digits of the area code are looked up: a number keeps
 * the code of the place that issued it, also when that area was abolished.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_CITIZEN_ID_H
#define AIDCASE_CITIZEN_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CITIZEN_ID_CHARS		18	/* written form */
#define CITIZEN_ID_OLD_CHARS	15	/* written form before 1999 */
#define CITIZEN_ID_MIN_YEAR		1800	/* earliest year of birth accepted */
#define CITIZEN_ID_LIMIT		UINT64_C(100000000000000000)	/* 10^17 */

/* What can be wrong with a number. */
typedef enum CitizenIdFault
{
	CITIZEN_ID_OK = 0,
	CITIZEN_ID_LENGTH,			/* neither 18 nor 15 characters */
	CITIZEN_ID_CHARACTER,		/* something else than digits and a last X */
	CITIZEN_ID_PROVINCE,		/* first two digits are no province */
	CITIZEN_ID_DATE,			/* birth date does not exist */
	CITIZEN_ID_TOO_EARLY,		/* birth date before 1800 */
	CITIZEN_ID_FUTURE,			/* birth date after today */
	CITIZEN_ID_CHECK			/* check character does not match */
} CitizenIdFault;

/*
 * Year, month and day of birth.  For a value that never passed the checks
 * the result is some number, never a crash.
 */
static inline void
citizen_id_birth(uint64_t id, int *year, int *month, int *day)
{
	uint32_t	ymd = (uint32_t) ((id / 1000) % 100000000);

	*year = (int) (ymd / 10000);
	*month = (int) (ymd / 100 % 100);
	*day = (int) (ymd % 100);
}

/*
 * Is it a man's number?
 */
static inline bool
citizen_id_is_male(uint64_t id)
{
	return (id & 1) != 0;
}

/*
 * The six digits of the area code, as a number.
 */
static inline uint32_t
citizen_id_area(uint64_t id)
{
	return (uint32_t) (id / UINT64_C(100000000000) % 1000000);
}

/*
 * Check character for the 17 digits in text (ISO 7064 MOD 11-2): read in base
 * 2, the 18 characters are 1 modulo 11, where X counts as 10.
 */
static inline char
citizen_id_check_char(const char *digits)
{
	uint32_t	sum = 0;
	int			i;

	for (i = 0; i < 17; i++)
		sum = sum * 2 + (uint32_t) (digits[i] - '0');
	return "10X98765432"[sum * 2 % 11];
}

/*
 * Writes the 18 characters, without a terminator.
 */
static inline void
citizen_id_format(uint64_t id, char *out)
{
	uint32_t	high = (uint32_t) (id / 100000000 % 1000000000);
	uint32_t	low = (uint32_t) (id % 100000000);
	int			i;

	for (i = 16; i >= 9; i--)
	{
		out[i] = (char) ('0' + low % 10);
		low /= 10;
	}
	for (; i >= 0; i--)
	{
		out[i] = (char) ('0' + high % 10);
		high /= 10;
	}
	out[17] = citizen_id_check_char(out);
}

/*
 * Checks the province, given as two digits, and the birth date.  today_ymd is
 * the latest date of birth accepted, as the number yyyymmdd.
 */
static inline CitizenIdFault
citizen_id_check_parts(unsigned int province1, unsigned int province2,
					   int year, int month, int day, int today_ymd)
{
	/* one row per first digit, one bit per second digit (GB/T 2260) */
	static const uint16_t second_digit[10] = {
		0,						/* 0 */
		0x3e,					/* 11-15 north */
		0x0e,					/* 21-23 north-east */
		0xfe,					/* 31-37 east */
		0x7e,					/* 41-46 centre and south */
		0x1f,					/* 50-54 south-west */
		0x3e,					/* 61-65 north-west */
		0x02,					/* 71 Taiwan */
		0x0e,					/* 81 Hong Kong, 82 Macao, 83 residence
								 * permits of Taiwan residents */
		0						/* 9: foreign residents, no citizens */
	};
	static const unsigned char month_days[13] = {
		0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};

	if (((second_digit[province1] >> province2) & 1) == 0)
		return CITIZEN_ID_PROVINCE;
	if (month < 1 || month > 12 || day < 1 || day > month_days[month])
		return CITIZEN_ID_DATE;
	if (month == 2 && day == 29 &&
		(year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
		return CITIZEN_ID_DATE;
	if (year < CITIZEN_ID_MIN_YEAR)
		return CITIZEN_ID_TOO_EARLY;
	if (year * 10000 + month * 100 + day > today_ymd)
		return CITIZEN_ID_FUTURE;
	return CITIZEN_ID_OK;
}

/*
 * Checks a value that did not come from citizen_id_parse().
 */
static inline CitizenIdFault
citizen_id_check(uint64_t id, int today_ymd)
{
	int			year;
	int			month;
	int			day;

	if (id >= CITIZEN_ID_LIMIT)
		return CITIZEN_ID_LENGTH;
	citizen_id_birth(id, &year, &month, &day);
	return citizen_id_check_parts(citizen_id_area(id) / 100000,
								  citizen_id_area(id) / 10000 % 10,
								  year, month, day, today_ymd);
}

/*
 * Eight characters less '0' as one word, the first in its lowest byte; one
 * load on most machines.  Sets *bad when one is not a digit.
 */
static inline uint64_t
citizen_id_load_digits(const char *s, bool *bad)
{
	const unsigned char *u = (const unsigned char *) s;
	uint64_t	word;

	/* written out: compilers recognize it this way and not as a loop */
	word = (uint64_t) u[0] | (uint64_t) u[1] << 8 |
		(uint64_t) u[2] << 16 | (uint64_t) u[3] << 24 |
		(uint64_t) u[4] << 32 | (uint64_t) u[5] << 40 |
		(uint64_t) u[6] << 48 | (uint64_t) u[7] << 56;

	/* a byte leaves 0x30-0x39 exactly if one of these sets its high bit */
	if ((((word + UINT64_C(0x4646464646464646)) |
		  (word - UINT64_C(0x3030303030303030))) &
		 UINT64_C(0x8080808080808080)) != 0)
		*bad = true;
	return word - UINT64_C(0x3030303030303030);
}

/*
 * Joins each digit of a word with the next one: of the 16-bit lanes, the
 * first holds the first two digits as a number, and so on.
 */
static inline uint64_t
citizen_id_pairs(uint64_t digits)
{
	return (digits * 10 + (digits >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
}

/*
 * Number in lane n (0 to 3) of such a word.
 */
static inline int
citizen_id_pair(uint64_t pairs, int n)
{
	return (int) (pairs >> (16 * n) & 0xff);
}

/*
 * The number that four pairs write: joined to fours and those to eight.
 */
static inline uint32_t
citizen_id_base10(uint64_t pairs)
{
	pairs = (pairs * 100 + (pairs >> 16)) & UINT64_C(0x0000ffff0000ffff);
	return (uint32_t) (pairs * 10000 + (pairs >> 32));
}

/*
 * Eight digits read in base 2, for the check character.
 */
static inline uint32_t
citizen_id_base2(uint64_t digits)
{
	digits = (digits * 2 + (digits >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
	digits = (digits * 4 + (digits >> 16)) & UINT64_C(0x0000ffff0000ffff);
	return (uint32_t) (digits * 16 + (digits >> 32));
}

/*
 * Reads len bytes at s, which need no terminator.  Sets *out when the result
 * is CITIZEN_ID_OK and leaves it alone otherwise.  Of several faults the
 * first in the order of CitizenIdFault is reported.
 *
 * Words of eight digits rather than a loop over characters: loads of millions
 * of numbers should cost what loads of text do.
 */
static inline CitizenIdFault
citizen_id_parse(const char *s, size_t len, int today_ymd, uint64_t *out)
{
	char		full[17];
	const char *digits = s;
	uint64_t	word1;			/* area code, century */
	uint64_t	word2;			/* rest of the birth date, 2 of sequence */
	uint64_t	pairs1;			/* the same by two digits */
	uint64_t	pairs2;
	uint32_t	last;			/* third digit of the sequence */
	uint32_t	check = 0;		/* value of the check character */
	bool		bad = false;
	CitizenIdFault fault;
	int			i;

	if (len == CITIZEN_ID_CHARS)
	{
		if (s[17] == 'X' || s[17] == 'x')
			check = 10;
		else
		{
			check = (uint32_t) (unsigned char) s[17] - '0';
			bad = (check > 9);
		}
	}
	else if (len == CITIZEN_ID_OLD_CHARS)
	{
		for (i = 0; i < 6; i++)
			full[i] = s[i];
		full[6] = '1';
		full[7] = '9';
		for (i = 6; i < CITIZEN_ID_OLD_CHARS; i++)
			full[i + 2] = s[i];
		digits = full;
	}
	else
	{
		/* digits of full width and the like: say so rather than "length" */
		for (; len > 0; len--)
		{
			if ((unsigned char) s[len - 1] >= 0x80)
				return CITIZEN_ID_CHARACTER;
		}
		return CITIZEN_ID_LENGTH;
	}

	word1 = citizen_id_load_digits(digits, &bad);
	word2 = citizen_id_load_digits(digits + 8, &bad);
	last = (uint32_t) (unsigned char) digits[16] - '0';
	if (bad || last > 9)
		return CITIZEN_ID_CHARACTER;

	pairs1 = citizen_id_pairs(word1);
	pairs2 = citizen_id_pairs(word2);
	fault = citizen_id_check_parts(word1 & 0xff, word1 >> 8 & 0xff,
								   citizen_id_pair(pairs1, 3) * 100 +
								   citizen_id_pair(pairs2, 0),
								   citizen_id_pair(pairs2, 1),
								   citizen_id_pair(pairs2, 2),
								   today_ymd);
	if (fault != CITIZEN_ID_OK)
		return fault;

	if (len == CITIZEN_ID_CHARS &&
		(citizen_id_base2(word1) * 1024 + citizen_id_base2(word2) * 4 +
		 last * 2 + check) % 11 != 1)
		return CITIZEN_ID_CHECK;

	*out = ((uint64_t) citizen_id_base10(pairs1) * 100000000 +
			citizen_id_base10(pairs2)) * 10 + last;
	return CITIZEN_ID_OK;
}

#endif							/* AIDCASE_CITIZEN_ID_H */
