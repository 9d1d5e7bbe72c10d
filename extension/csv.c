/*-------------------------------------------------------------------------
 *
 * csv.c
 *		The records of a CSV file in any client encoding, by RFC 4180.
 *
 * Fields are separated by a delimiter and may be enclosed in double quotes,
 * inside which a quote is written twice and line ends are part of the value.
 * A byte order mark at the start and lines without any value are passed over.
 * An empty field without quotes is NULL.
 *
 * The bytes are divided before they are converted: in every encoding that a
 * client may use, the later bytes of a character are above 0x2F, so comma, tab,
 * quote and line ends cannot be part of one.  So a field that is not text in
 * the encoding is found with its place and bytes, and the rest is read.
 *
 * Nothing raises an error but an encoding that does not exist: a record with
 * faults is returned with all of them, so that an importer can reject that
 * line and take the others.  A quote that is never closed spoils its line
 * only; reading goes on with the next one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aidcase.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_csv_rows);

#define MAX_FIELDS	1000		/* more in a line is a fault */
#define SHOWN_BYTES	16			/* of a field that is not text */

/* A file that is being read. */
typedef struct CsvFile
{
	const char *p;				/* next byte */
	const char *end;
	char		delimiter;
	int			encoding;
	Oid			conversion;		/* to the database's encoding, or InvalidOid */
	int			line;			/* of the next byte */
} CsvFile;

/* The faults of one record: three arrays of the same length. */
typedef struct CsvFaults
{
	Datum		reasons[MAX_FIELDS + 4];
	Datum		fields[MAX_FIELDS + 4]; /* from 1; 0 = the line as a whole */
	Datum		bytes[MAX_FIELDS + 4];
	bool		no_bytes[MAX_FIELDS + 4];
	int			n;
} CsvFaults;

static void
add_fault(CsvFaults *faults, int field, const char *reason,
		  const char *bytes, int length)
{
	int			i;

	/* a field has one fault of a kind, whatever number of bytes has it */
	for (i = 0; i < faults->n; i++)
		if (DatumGetInt32(faults->fields[i]) == field &&
			strcmp(TextDatumGetCString(faults->reasons[i]), reason) == 0)
			return;
	if (faults->n == lengthof(faults->reasons))
		return;
	faults->reasons[faults->n] = CStringGetTextDatum(reason);
	faults->fields[faults->n] = Int32GetDatum(field);
	faults->no_bytes[faults->n] = bytes == NULL;
	if (bytes != NULL)
		faults->bytes[faults->n] =
			PointerGetDatum(cstring_to_text_with_len(bytes, length));
	faults->n++;
}

/* Is p at the end of a line (LF or CRLF) or of the file? */
static bool
at_line_end(const CsvFile *file)
{
	const char *p = file->p;

	return p == file->end || *p == '\n' ||
		(*p == '\r' && p + 1 < file->end && p[1] == '\n');
}

/*
 * Reads one field, up to the delimiter or line end after it.  Returns false when its quote is never closed: then the file stands
 * at the end of the line on which the field began.
 */
static bool
read_field(CsvFile *file, StringInfo field, bool *quoted, CsvFaults *faults)
{
	const char *start = file->p;
	int			start_line = file->line;

	resetStringInfo(field);
	*quoted = file->p < file->end && *file->p == '"';
	if (!*quoted)
	{
		for (; !at_line_end(file) && *file->p != file->delimiter; file->p++)
		{
			if (*file->p == '"')
				add_fault(faults, 0, "has a quote inside a field that is not quoted", NULL, 0);
			else if (*file->p == '\r')
				add_fault(faults, 0, "has a carriage return inside a field", NULL, 0);
			appendStringInfoChar(field, *file->p);
		}
		return true;
	}
	for (file->p++; file->p < file->end; file->p++)
	{
		if (*file->p == '\n')
			file->line++;
		if (*file->p != '"')
			appendStringInfoChar(field, *file->p);
		else if (file->p + 1 < file->end && file->p[1] == '"')
			appendStringInfoChar(field, *file->p++);
		else
			break;
	}
	if (file->p == file->end)
	{
		add_fault(faults, 0, "has a quote that is not closed", NULL, 0);
		file->line = start_line;
		for (file->p = start; !at_line_end(file); file->p++)
			;
		resetStringInfo(field);
		return false;
	}
	for (file->p++; !at_line_end(file) && *file->p != file->delimiter; file->p++)
		add_fault(faults, 0, "has text after a closing quote", NULL, 0);
	return true;
}

/*
 * The text of a field in the database's encoding; NULL, with a fault, when
 * the bytes are not text in the encoding of the file.
 */
static text *
field_text(const CsvFile *file, StringInfo field, int number, CsvFaults *faults)
{
	int			valid = pg_encoding_verifymbstr(file->encoding, field->data,
												field->len);

	if (valid == field->len && OidIsValid(file->conversion))
	{
		int			room = field->len * MAX_CONVERSION_GROWTH + 1;
		char	   *converted = palloc(room);

		valid = pg_do_encoding_conversion_buf(file->conversion, file->encoding,
											  GetDatabaseEncoding(),
											  (unsigned char *) field->data,
											  field->len,
											  (unsigned char *) converted, room,
											  true);
		if (valid == field->len)
			return cstring_to_text(converted);
	}
	if (valid == field->len)
		return cstring_to_text_with_len(field->data, field->len);
	add_fault(faults, number,
			  psprintf("is not text in %s", pg_encoding_to_char(file->encoding)),
			  field->data + valid, Min(field->len - valid, SHOWN_BYTES));
	return NULL;
}

static Datum
array_of(Datum *values, bool *nulls, int n, Oid type)
{
	int			dims[1];
	int			lbs[1] = {1};
	int16		typlen = type == INT4OID ? 4 : -1;

	dims[0] = n;
	return PointerGetDatum(construct_md_array(values, nulls, 1, dims, lbs, type,
											  typlen, type == INT4OID, TYPALIGN_INT));
}

/* Is the text of a field plain ASCII, which is the same in every encoding? */
static bool
is_ascii(const char *p, int length)
{
	int			i;

	for (i = 0; i < length; i++)
		if (IS_HIGHBIT_SET(p[i]) || p[i] == '\0')
			return false;
	return true;
}

/*
 * csv_rows(content bytea, encoding text, delimiter text)
 * returns setof (line integer, fields text[], faults text[],
 *                fault_fields integer[], fault_bytes bytea[], line_end text)
 */
Datum
aidcase_csv_rows(PG_FUNCTION_ARGS)
{
	bytea	   *content = PG_GETARG_BYTEA_PP(0);
	char	   *encoding_name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	text	   *delimiter = PG_GETARG_TEXT_PP(2);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	static const char *const marks[] = {"\xEF\xBB\xBF", "\x84\x31\x95\x33"};
	CsvFile		file;
	MemoryContext row_context;
	StringInfoData field;
	Datum	   *fields;
	bool	   *empty;
	CsvFaults  *faults;
	int			i;

	file.encoding = pg_char_to_encoding(encoding_name);
	if (file.encoding < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("there is no encoding \"%s\"", encoding_name),
				 errhint("Encodings are UTF8 and GB18030, among others.")));
	if (VARSIZE_ANY_EXHDR(delimiter) != 1 ||
		(*VARDATA_ANY(delimiter) != ',' && *VARDATA_ANY(delimiter) != '\t'))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fields are delimited by a comma or a tab")));
	file.delimiter = *VARDATA_ANY(delimiter);
	file.conversion = InvalidOid;
	if (file.encoding != GetDatabaseEncoding())
	{
		file.conversion = FindDefaultConversionProc(file.encoding,
													GetDatabaseEncoding());
		if (!OidIsValid(file.conversion))
			ereport(ERROR,
					(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
					 errmsg("there is no conversion from encoding \"%s\"", encoding_name)));
	}
	file.p = VARDATA_ANY(content);
	file.end = file.p + VARSIZE_ANY_EXHDR(content);
	file.line = 1;
	for (i = 0; i < (int) lengthof(marks); i++)
	{
		size_t		length = strlen(marks[i]);

		if ((size_t) (file.end - file.p) >= length && memcmp(file.p, marks[i], length) == 0)
			file.p += length;
	}

	InitMaterializedSRF(fcinfo, 0);
	initStringInfo(&field);
	fields = palloc(sizeof(Datum) * MAX_FIELDS);
	empty = palloc(sizeof(bool) * MAX_FIELDS);
	faults = palloc(sizeof(CsvFaults));
	row_context = AllocSetContextCreate(CurrentMemoryContext, "aidcase csv row",
										ALLOCSET_DEFAULT_SIZES);
	while (file.p < file.end)
	{
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		const char *line_end = NULL;
		int			first = file.line;
		int			n = 0;
		bool		has_value = false;
		bool		more;

		faults->n = 0;
		do
		{
			bool		quoted;

			more = read_field(&file, &field, &quoted, faults);
			if (n == MAX_FIELDS)
				add_fault(faults, 0, "has too many fields", NULL, 0);
			else
			{
				text	   *value = NULL;

				if (field.len > 0 && is_ascii(field.data, field.len))
					value = cstring_to_text_with_len(field.data, field.len);
				else if (field.len > 0 || (quoted && more))
					value = field_text(&file, &field, n + 1, faults);
				empty[n] = value == NULL;
				fields[n] = PointerGetDatum(value);
				has_value |= value != NULL;
				n++;
			}
			more = more && file.p < file.end && *file.p == file.delimiter;
			if (more)
				file.p++;
		} while (more);
		if (file.p < file.end)
		{
			line_end = *file.p == '\r' ? "CRLF" : "LF";
			file.p += *file.p == '\r' ? 2 : 1;
			file.line++;
		}
		if (has_value || faults->n > 0)
		{
			Datum		values[6];
			bool		nulls[6] = {0};

			values[0] = Int32GetDatum(first);
			values[1] = array_of(fields, empty, n, TEXTOID);
			nulls[2] = nulls[3] = nulls[4] = faults->n == 0;
			if (faults->n > 0)
			{
				values[2] = array_of(faults->reasons, NULL, faults->n, TEXTOID);
				values[3] = array_of(faults->fields, NULL, faults->n, INT4OID);
				values[4] = array_of(faults->bytes, faults->no_bytes, faults->n, BYTEAOID);
			}
			nulls[5] = line_end == NULL;
			if (!nulls[5])
				values[5] = CStringGetTextDatum(line_end);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
