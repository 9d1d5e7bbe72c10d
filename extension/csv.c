/*-------------------------------------------------------------------------
 *
 * csv.c
 *		The records of a CSV text, by RFC 4180.
 *
 * Fields are separated by commas and may be enclosed in double quotes, inside
 * which a quote is written twice and line ends are part of the value.  Lines
 * end with LF or CRLF; a byte order mark at the start and empty lines are
 * passed over.  An empty field without quotes is NULL.
 *
 * Nothing raises an error: a record whose form is wrong is returned with what
 * is wrong with it, so that an importer can reject that line and take the
 * others.  Reading goes on with the next line.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aidcase.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_csv_rows);

#define MAX_FIELDS	1000		/* more in a line is a fault */

/* One field from p on; returns where it ends: at a comma, a line end or end. */
static const char *
read_field(const char *p, const char *end, StringInfo field, bool *quoted,
		   int *line, const char **fault)
{
	resetStringInfo(field);
	*quoted = p < end && *p == '"';
	if (!*quoted)
	{
		while (p < end && *p != ',' && *p != '\n' &&
			   !(*p == '\r' && p + 1 < end && p[1] == '\n'))
		{
			if (*p == '"')
				*fault = "has a quote inside a field that is not quoted";
			appendStringInfoChar(field, *p++);
		}
		return p;
	}
	for (p++; p < end; p++)
	{
		if (*p == '\n')
			(*line)++;
		if (*p != '"')
			appendStringInfoChar(field, *p);
		else if (p + 1 < end && p[1] == '"')
			appendStringInfoChar(field, *p++);
		else
			break;
	}
	if (p == end)
	{
		*fault = "has a quote that is not closed";
		return p;
	}
	for (p++; p < end && *p != ',' && *p != '\n' &&
		 !(*p == '\r' && p + 1 < end && p[1] == '\n'); p++)
		*fault = "has text after a closing quote";
	return p;
}

/*
 * csv_rows(content text) returns setof (line integer, fields text[], fault text)
 */
Datum
aidcase_csv_rows(PG_FUNCTION_ARGS)
{
	text	   *content = PG_GETARG_TEXT_PP(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *p = VARDATA_ANY(content);
	const char *end = p + VARSIZE_ANY_EXHDR(content);
	int			line = 1;
	MemoryContext row_context;
	StringInfoData field;

	InitMaterializedSRF(fcinfo, 0);
	initStringInfo(&field);
	row_context = AllocSetContextCreate(CurrentMemoryContext, "aidcase csv row",
										ALLOCSET_DEFAULT_SIZES);
	if (end - p >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		p += 3;
	while (p < end)
	{
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		Datum	   *fields = palloc(sizeof(Datum) * MAX_FIELDS);
		bool	   *empty = palloc(sizeof(bool) * MAX_FIELDS);
		const char *fault = NULL;
		int			first = line;
		int			n = 0;
		bool		more;

		do
		{
			bool		quoted;

			p = read_field(p, end, &field, &quoted, &line, &fault);
			if (n == MAX_FIELDS)
				fault = "has too many fields";
			else
			{
				empty[n] = !quoted && field.len == 0;
				fields[n] = empty[n] ? (Datum) 0 :
					PointerGetDatum(cstring_to_text_with_len(field.data, field.len));
				n++;
			}
			more = p < end && *p == ',';
			if (more)
				p++;
		} while (more);
		if (p < end && *p == '\r')
			p++;
		if (p < end && *p == '\n')
		{
			p++;
			line++;
		}
		if (n > 1 || !empty[0])
		{
			Datum		values[3];
			bool		nulls[3] = {0};
			int			dims[1];
			int			lbs[1] = {1};

			dims[0] = n;
			values[0] = Int32GetDatum(first);
			values[1] = PointerGetDatum(construct_md_array(fields, empty, 1, dims, lbs,
														   TEXTOID, -1, false, TYPALIGN_INT));
			nulls[2] = fault == NULL;
			if (!nulls[2])
				values[2] = CStringGetTextDatum(fault);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
