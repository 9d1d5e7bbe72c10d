/*-------------------------------------------------------------------------
 *
 * citizen_id.c
 *		Fuzz test of the citizen number's parser (extension/citizen_id.h).
 *
 * Compares it with a second, slow parser written straight from GB 11643, on
 * bytes in an exactly sized heap block, so that the address sanitizer sees a
 * read past them.  Two ways to build it, from the top folder:
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -DFUZZER \
 *		test/fuzz/citizen_id.c -o citizen_id.fuzz && ./citizen_id.fuzz
 *	cc -g -O1 -fsanitize=address,undefined test/fuzz/citizen_id.c \
 *		-o citizen_id.test && ./citizen_id.test [ROUNDS]
 *
 * The second one mutates valid numbers with a fixed seed and prints how often
 * each result came.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../extension/citizen_id.h"

#define TODAY	20210406

/*
 * The slow parser: result, and the 18 characters when it is CITIZEN_ID_OK.
 */
static CitizenIdFault
slow_parse(const char *s, size_t len, int today, char *written)
{
	static const int weight[17] = {
		7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2
	};
	static const char *provinces =
		" 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46"
		" 50 51 52 53 54 61 62 63 64 65 71 81 82 83 ";
	char		text[19];
	char		code[5];
	int			year;
	int			month;
	int			day;
	int			days;
	int			sum = 0;
	size_t		i;

	if (len != 18 && len != 15)
	{
		for (i = 0; i < len; i++)
		{
			if (s[i] & 0x80)
				return CITIZEN_ID_CHARACTER;
		}
		return CITIZEN_ID_LENGTH;
	}
	for (i = 0; i < len; i++)
	{
		if (!(s[i] >= '0' && s[i] <= '9') &&
			!(i == 17 && (s[i] == 'x' || s[i] == 'X')))
			return CITIZEN_ID_CHARACTER;
	}
	if (len == 18)
		snprintf(text, sizeof(text), "%.18s", s);
	else
		snprintf(text, sizeof(text), "%.6s19%.9s?", s, s + 6);

	snprintf(code, sizeof(code), " %.2s ", text);
	if (strstr(provinces, code) == NULL)
		return CITIZEN_ID_PROVINCE;

	sscanf(text + 6, "%4d%2d%2d", &year, &month, &day);
	if (month == 2)
		days = (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : 28;
	else
		days = (month == 4 || month == 6 || month == 9 || month == 11) ? 30 : 31;
	if (month < 1 || month > 12 || day < 1 || day > days)
		return CITIZEN_ID_DATE;
	if (year < 1800)
		return CITIZEN_ID_TOO_EARLY;
	if (year * 10000 + month * 100 + day > today)
		return CITIZEN_ID_FUTURE;

	for (i = 0; i < 17; i++)
		sum += weight[i] * (text[i] - '0');
	if (len == 18 && text[17] == 'x')
		text[17] = 'X';
	if (len == 18 && text[17] != "10X98765432"[sum % 11])
		return CITIZEN_ID_CHECK;
	text[17] = "10X98765432"[sum % 11];
	memcpy(written, text, 18);
	return CITIZEN_ID_OK;
}

/*
 * One input: both parsers must agree, and what is read can be written, read
 * again and taken apart.
 */
static CitizenIdFault
compare(const char *data, size_t len)
{
	char	   *exact = malloc(len > 0 ? len : 1);
	char		expected[18];
	char		written[18];
	uint64_t	id = UINT64_C(0xdeadbeef);
	uint64_t	again;
	CitizenIdFault fault;
	int			year;
	int			month;
	int			day;

	memcpy(exact, data, len);
	fault = citizen_id_parse(exact, len, TODAY, &id);
	if (fault != slow_parse(data, len, TODAY, expected))
		abort();
	if (fault != CITIZEN_ID_OK)
	{
		if (id != UINT64_C(0xdeadbeef))
			abort();
	}
	else
	{
		citizen_id_format(id, written);
		if (id >= CITIZEN_ID_LIMIT || memcmp(written, expected, 18) != 0 ||
			citizen_id_check(id, TODAY) != CITIZEN_ID_OK ||
			citizen_id_parse(written, 18, TODAY, &again) != CITIZEN_ID_OK ||
			again != id)
			abort();
		citizen_id_birth(id, &year, &month, &day);
		if (year * 10000 + month * 100 + day > TODAY ||
			citizen_id_is_male(id) != ((written[16] - '0') % 2 == 1) ||
			(int) citizen_id_area(id) / 100000 != written[0] - '0')
			abort();
	}

	/* a value that never passed the checks must do no harm either */
	if (len >= sizeof(id))
	{
		memcpy(&id, data, sizeof(id));
		(void) citizen_id_check(id, TODAY);
		citizen_id_format(id, written);
		citizen_id_birth(id, &year, &month, &day);
	}
	free(exact);
	return fault;
}

#ifdef FUZZER
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	(void) compare((const char *) data, size);
	return 0;
}
#else
static uint64_t seed = 20210406;

static unsigned int
next_random(unsigned int below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned int) (seed >> 33) % below;
}

int
main(int argc, char **argv)
{
	static const char *names[] = {"accepted", "length", "character",
	"province", "date", "too early", "future", "check"};
	static const char odd[] = "xX/:0 9-\xef\xbc\x91\x80\xff";
	long		rounds = (argc > 1) ? atol(argv[1]) : 2000000;
	long		count[8] = {0};
	long		i;

	for (i = 0; i < rounds; i++)
	{
		char		text[32];
		size_t		len = 18;
		unsigned int changes = next_random(3);

		snprintf(text, sizeof(text), "%02u%04u%04u%02u%02u%03u",
				 11 + next_random(55), next_random(10000),
				 1880 + next_random(150), 1 + next_random(12),
				 1 + next_random(31), next_random(1000));
		text[17] = citizen_id_check_char(text);
		if (next_random(4) == 0)
		{
			memmove(text + 6, text + 8, 9);
			len = 15;
		}
		while (changes-- > 0)
			text[next_random((unsigned int) len)] = next_random(3) == 0 ?
				odd[next_random(sizeof(odd) - 1)] : (char) ('0' + next_random(10));
		if (next_random(20) == 0)
			len = next_random(19);
		count[compare(text, len)]++;
	}
	for (i = 0; i < 8; i++)
		printf("%-10s %ld\n", names[i], count[i]);
	return 0;
}
#endif
