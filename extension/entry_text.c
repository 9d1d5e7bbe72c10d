/*-------------------------------------------------------------------------
 *
 * entry_text.c
 *		The parts of an entry's text (LEDGER.md), without parsing all of it.
 *
 * Texts that verification reads may have been tampered with: whatever they
 * say, nothing here fails; what has no form of an entry is told as such.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "aidcase.h"
#include "compat.h"
#include "entry_text.h"

PG_FUNCTION_INFO_V1(aidcase_entry_values);

/*
 * Reads the parts of an entry's text.  Returns false when it has another
 * form.
 */
bool
aidcase_entry_parse(const char *text, Size length, EntryParts *parts)
{
	const char *p = text;
	const char *end = text + length;
	int			element;

	memset(parts, 0, sizeof(EntryParts));
	if (length < 2 || *p++ != '[' || end[-1] != ']')
		return false;
	end--;
	for (element = 0; element < 7; element++)
	{
		if (p < end && *p == '"')
		{
			for (p++; p < end && *p != '"'; p++)
			{
				if (*p == '\\')
					p++;
			}
			if (p >= end)
				return false;
			p++;
		}
		else
		{
			uint64		value = 0;
			const char *start = p;

			while (p < end && *p >= '0' && *p <= '9')
				value = value * 10 + (uint64) (*p++ - '0');
			if (p == start || p - start > 19)
				return false;
			switch (element)
			{
				case 0:
					parts->number = (int64) value;
					break;
				case 2:
					parts->xid = (int64) value;
					break;
				case 4:
					parts->shape_no = (int64) value;
					break;
				case 5:
					parts->supersedes = (int64) value;
					break;
				default:
					break;
			}
		}
		if (p >= end || *p != ',')
			return false;
		p++;
	}
	parts->value = p;
	parts->value_length = (Size) (end - p);
	parts->has_image = parts->shape_no != 0 && p < end && *p == '[';
	return true;
}

/*
 * The next element of an array; see entry_text.h.
 */
bool
aidcase_entry_element(const char **p, const char *end, const char **start,
					  Size *length)
{
	const char *c = *p;
	int			depth = 0;

	if (c >= end || *c == ']')
		return false;
	*start = c;
	for (; c < end; c++)
	{
		if (*c == '"')
		{
			for (c++; c < end && *c != '"'; c++)
			{
				if (*c == '\\')
					c++;
			}
		}
		else if (*c == '[' || *c == '{')
			depth++;
		else if (depth > 0 && (*c == ']' || *c == '}'))
			depth--;
		else if (depth == 0 && (*c == ',' || *c == ']'))
			break;
	}
	*length = (Size) (c - *start);
	*p = (c < end && *c == ',') ? c + 1 : c;
	return true;
}

/*
 * entry_values(entry text, places integer[]) returns text[]
 *
 * Of an entry that records a row version: the number of the entry that it
 * replaces, the row, and the row's values at these places (from 1), all as
 * JSON text.  NULL when the text is none of such an entry.
 */
Datum
aidcase_entry_values(PG_FUNCTION_ARGS)
{
	text	   *entry = PG_GETARG_TEXT_PP(0);
	ArrayType  *places = PG_GETARG_ARRAYTYPE_P(1);
	EntryParts	parts;
	Datum	   *wanted;
	bool	   *unknown;
	int			nwanted;
	Datum	   *result;
	bool	   *nulls;
	int			dims[1];
	int			lower[1] = {1};
	const char *p;
	const char *end;
	const char *start;
	Size		length;
	int			place;
	int			i;

	if (!aidcase_entry_parse(VARDATA_ANY(entry), VARSIZE_ANY_EXHDR(entry),
							 &parts) || !parts.has_image)
		PG_RETURN_NULL();

	deconstruct_array(places, INT4OID, sizeof(int32), true, TYPALIGN_INT,
					  &wanted, &unknown, &nwanted);
	result = palloc(sizeof(Datum) * (nwanted + 2));
	nulls = palloc(sizeof(bool) * (nwanted + 2));
	result[0] = CStringGetTextDatum(psprintf(INT64_FORMAT, parts.supersedes));
	result[1] = PointerGetDatum(cstring_to_text_with_len(parts.value,
														 (int) parts.value_length));
	nulls[0] = nulls[1] = false;
	for (i = 0; i < nwanted; i++)
		nulls[i + 2] = true;
	p = parts.value + 1;
	end = parts.value + parts.value_length;
	for (place = 1; aidcase_entry_element(&p, end, &start, &length); place++)
	{
		for (i = 0; i < nwanted; i++)
		{
			if (unknown[i] || DatumGetInt32(wanted[i]) != place)
				continue;
			result[i + 2] = PointerGetDatum(cstring_to_text_with_len(start,
																	 (int) length));
			nulls[i + 2] = false;
		}
	}
	dims[0] = nwanted + 2;
	PG_RETURN_ARRAYTYPE_P(construct_md_array(result, nulls, 1, dims, lower,
											 TEXTOID, -1, false,
											 TYPALIGN_INT));
}
