/*-------------------------------------------------------------------------
 *
 * row_image.c
 *		Canonical JSON text of column values and of whole rows.
 *
 * The text is what the ledger hashes, so it must be the same for the same
 * row on every machine and under every setting: it depends on no DateStyle,
 * TimeZone, IntervalStyle, bytea_output or locale, and it never goes through
 * an output function that does.  extension/LEDGER.md gives it to the byte.
 * Each value is also valid input for its type, so that
 * jsonb_populate_record() turns an image back into a row.
 *
 * The types are a closed list (ImageKind); a table with a column of another
 * type is refused when it is put under the ledger, and its rows are refused
 * when such a column is added later.  Two values of a type on the list have
 * no image, as it could not be told from another's: a jsonb value that is
 * the JSON null (the same text as an SQL NULL), and an array with more than
 * one dimension or with subscripts that do not begin with 1.
 *
 * This is the hot path of every write of the register.  Values are written
 * straight into the caller's StringInfo; room for each is reserved once, and
 * no terminating zero is kept up on the way.  Short-lived memory (detoasted
 * values, numbers as text) is left to the caller's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "aidcase.h"
#include "citizen_id.h"
#include "compat.h"
#include "row_image.h"

/* Room for any date or time stamp, with quotes. */
#define INSTANT_ROOM	48

/* Bytes of text that are escaped between two checks of the room left. */
#define ESCAPE_CHUNK	512

/* The longest escape of one byte: \u001f. */
#define ESCAPE_MAX		6

PG_FUNCTION_INFO_V1(aidcase_row_image);

/* The list, but for citizen_id, whose OID differs from database to database. */
typedef struct ImageType
{
	Oid			type;
	ImageKind	kind;
	const char *name;			/* in shapes; never changes */
} ImageType;

static const ImageType image_types[] = {
	{BOOLOID, IMAGE_BOOL, "boolean"},
	{INT2OID, IMAGE_INT2, "smallint"},
	{INT4OID, IMAGE_INT4, "integer"},
	{INT8OID, IMAGE_INT8, "bigint"},
	{NUMERICOID, IMAGE_NUMERIC, "numeric"},
	{TEXTOID, IMAGE_TEXT, "text"},
	{DATEOID, IMAGE_DATE, "date"},
	{TIMESTAMPTZOID, IMAGE_TIMESTAMPTZ, "timestamptz"},
	{INTERVALOID, IMAGE_INTERVAL, "interval"},
	{DATERANGEOID, IMAGE_DATERANGE, "daterange"},
	{JSONBOID, IMAGE_JSONB, "jsonb"},
	{BYTEAOID, IMAGE_BYTEA, "bytea"},
	{UUIDOID, IMAGE_UUID, "uuid"},
	{TEXTARRAYOID, IMAGE_TEXT_ARRAY, "text[]"},
	{INT8ARRAYOID, IMAGE_INT8_ARRAY, "bigint[]"},
	{DATEARRAYOID, IMAGE_DATE_ARRAY, "date[]"},
	{BYTEAARRAYOID, IMAGE_BYTEA_ARRAY, "bytea[]"}
};

static const char citizen_id_name[] = "aidcase.citizen_id";

/* What row_image() keeps from row to row of a query. */
typedef struct RowImageState
{
	Oid			type;			/* of the rows */
	int32		typmod;
	RowImage   *image;
	Datum	   *values;
	bool	   *nulls;
	StringInfoData out;
} RowImageState;

static int	key_position(const List *key, AttrNumber attnum);
static ImageKind kind_of(Oid type, Oid citizen_id, const char **name);
static char *put_digits(char *p, uint32 value, int width);
static char *put_day(char *p, int year, int month, int day);
static char *put_date(char *p, DateADT date);
static char *put_instant(char *p, TimestampTz at, bool all_digits);
static void add_numeric(StringInfo out, Datum value);
static void add_interval(StringInfo out, const Interval *span);
static void add_daterange(StringInfo out, Datum value);
static void add_jsonb(StringInfo out, const ImageColumn *column, Datum value);
static void add_bytea(StringInfo out, Datum value);
static void add_uuid(StringInfo out, const pg_uuid_t *uuid);
static void add_array(StringInfo out, const ImageColumn *column, Datum value);

/*
 * Makes sure that room bytes fit and returns where they go.
 */
static inline char *
reserve(StringInfo out, Size room)
{
	if ((Size) (out->maxlen - out->len) <= room)
		enlargeStringInfo(out, (int) Min(room, (Size) INT_MAX));
	return out->data + out->len;
}

/*
 * Takes over what was written up to p.
 */
static inline void
written(StringInfo out, const char *p)
{
	out->len = (int) (p - out->data);
}

/*
 * Is the column part of a row's image?  Dropped columns are not, nor those
 * that are computed when they are read, nor entry_no, which the entry states
 * as its number.
 */
bool
aidcase_has_image(Form_pg_attribute att)
{
	return !att->attisdropped &&
		(att->attgenerated == '\0' ||
		 att->attgenerated == ATTRIBUTE_GENERATED_STORED) &&
		strcmp(NameStr(att->attname), "entry_no") != 0;
}

/*
 * Position of a column in the key, from 1; 0 when it is not in it.
 */
static int
key_position(const List *key, AttrNumber attnum)
{
	int			position = 0;
	ListCell   *cell;

	foreach(cell, key)
	{
		position++;
		if (lfirst_int(cell) == attnum)
			return position;
	}
	return 0;
}

/*
 * How values of a type are written, and its name in shapes.
 */
static ImageKind
kind_of(Oid type, Oid citizen_id, const char **name)
{
	Size		i;

	for (i = 0; i < lengthof(image_types); i++)
	{
		if (image_types[i].type == type)
		{
			*name = image_types[i].name;
			return image_types[i].kind;
		}
	}
	if (OidIsValid(type) && type == citizen_id)
	{
		*name = citizen_id_name;
		return IMAGE_CITIZEN_ID;
	}
	return IMAGE_NONE;
}

/*
 * Lists the columns whose types have no image.
 */
int
aidcase_image_faults(TupleDesc desc, StringInfo faults)
{
	Oid			citizen_id = aidcase_citizen_id_type();
	int			count = 0;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		const char *name;

		if (!aidcase_has_image(att) ||
			kind_of(att->atttypid, citizen_id, &name) != IMAGE_NONE)
			continue;
		if (faults->len > 0)
			appendStringInfoChar(faults, '\n');
		appendStringInfo(faults, _("Column \"%s\" has type %s."),
						 NameStr(att->attname),
						 format_type_with_typemod(att->atttypid,
												  att->atttypmod));
		count++;
	}
	return count;
}

/*
 * Makes the encoder for a descriptor; see row_image.h.
 */
RowImage *
aidcase_image_make(TupleDesc desc, const List *key, const char *table)
{
	Oid			citizen_id = aidcase_citizen_id_type();
	RowImage   *image;
	StringInfoData columns;
	int			i;

	image = palloc0(offsetof(RowImage, column) +
					sizeof(ImageColumn) * Max(desc->natts, 1));
	initStringInfo(&columns);
	appendStringInfoChar(&columns, '[');
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		ImageColumn *column = &image->column[image->ncolumns];
		const char *name = NULL;
		int			position;

		if (!aidcase_has_image(att))
			continue;
		column->attnum = att->attnum;
		column->name = att->attname;
		column->kind = kind_of(att->atttypid, citizen_id, &name);
		if (column->kind == IMAGE_NONE)
		{
			StringInfoData faults;

			initStringInfo(&faults);
			(void) aidcase_image_faults(desc, &faults);
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("rows of \"%s\" cannot be recorded in the ledger",
							table),
					 errdetail_internal("%s", faults.data),
					 errhint("Give these columns one of the types that the ledger records; extension/LEDGER.md lists them.")));
		}
		if (image->ncolumns > 0)
			appendStringInfoChar(&columns, ',');
		appendStringInfoChar(&columns, '[');
		aidcase_json_string(&columns, NameStr(att->attname),
							strlen(NameStr(att->attname)));
		appendStringInfo(&columns, ",\"%s\"", name);
		position = key_position(key, att->attnum);
		if (position > 0)
			appendStringInfo(&columns, ",%d", position);
		appendStringInfoChar(&columns, ']');
		image->ncolumns++;
	}
	appendStringInfoChar(&columns, ']');
	image->columns = columns.data;
	return image;
}

/*
 * Writes a number of a fixed number of digits, which it must fit.
 */
static char *
put_digits(char *p, uint32 value, int width)
{
	int			i;

	for (i = width - 1; i >= 0; i--)
	{
		p[i] = (char) ('0' + value % 10);
		value /= 10;
	}
	return p + width;
}

/*
 * Writes YYYY-MM-DD; years after 9999 have more digits.  Of years before
 * Christ, which the caller marks, the number is written.
 */
static char *
put_day(char *p, int year, int month, int day)
{
	uint32		shown = (uint32) (year > 0 ? year : 1 - year);

	if (shown <= 9999)
		p = put_digits(p, shown, 4);
	else
		p += pg_ultoa_n(shown, p);
	*p++ = '-';
	p = put_digits(p, (uint32) month, 2);
	*p++ = '-';
	return put_digits(p, (uint32) day, 2);
}

/*
 * Writes a date, without quotes.
 */
static char *
put_date(char *p, DateADT date)
{
	int			year;
	int			month;
	int			day;

	if (DATE_IS_NOBEGIN(date))
	{
		memcpy(p, "-infinity", 9);
		return p + 9;
	}
	if (DATE_IS_NOEND(date))
	{
		memcpy(p, "infinity", 8);
		return p + 8;
	}
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	p = put_day(p, year, month, day);
	if (year <= 0)
	{
		memcpy(p, " BC", 3);
		p += 3;
	}
	return p;
}

/*
 * Writes a time stamp in UTC, without quotes.  all_digits: six decimals,
 * else as many as it has.
 */
static char *
put_instant(char *p, TimestampTz at, bool all_digits)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (TIMESTAMP_IS_NOBEGIN(at))
	{
		memcpy(p, "-infinity", 9);
		return p + 9;
	}
	if (TIMESTAMP_IS_NOEND(at))
	{
		memcpy(p, "infinity", 8);
		return p + 8;
	}
	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	p = put_day(p, tm.tm_year, tm.tm_mon, tm.tm_mday);
	*p++ = 'T';
	p = put_digits(p, (uint32) tm.tm_hour, 2);
	*p++ = ':';
	p = put_digits(p, (uint32) tm.tm_min, 2);
	*p++ = ':';
	p = put_digits(p, (uint32) tm.tm_sec, 2);
	if (fsec != 0 || all_digits)
	{
		*p++ = '.';
		p = put_digits(p, (uint32) fsec, 6);
		if (!all_digits)
		{
			while (p[-1] == '0')
				p--;
		}
	}
	*p++ = 'Z';
	if (tm.tm_year <= 0)
	{
		memcpy(p, " BC", 3);
		p += 3;
	}
	return p;
}

/*
 * Appends a whole number.
 */
void
aidcase_json_int64(StringInfo out, int64 value)
{
	char	   *p = reserve(out, MAXINT8LEN + 1);

	written(out, p + pg_lltoa(value, p));
}

/*
 * Appends an instant as a string with six decimals.
 */
void
aidcase_json_instant(StringInfo out, TimestampTz at)
{
	char	   *p = reserve(out, INSTANT_ROOM);

	*p++ = '"';
	p = put_instant(p, at, true);
	*p++ = '"';
	written(out, p);
}

/*
 * Appends text as a JSON string.  Only what JSON demands is escaped: the
 * quotation mark, the backslash and the characters below the blank.
 */
void
aidcase_json_string(StringInfo out, const char *text, Size length)
{
	static const char hex[] = "0123456789abcdef";
	const char *end = text + length;
	char	   *p = reserve(out, 1);

	*p++ = '"';
	written(out, p);
	while (text < end)
	{
		const char *stop = text + Min(end - text, ESCAPE_CHUNK);

		p = reserve(out, ESCAPE_CHUNK * ESCAPE_MAX);
		for (; text < stop; text++)
		{
			unsigned char c = (unsigned char) *text;

			if (likely(c >= ' ' && c != '"' && c != '\\'))
			{
				*p++ = (char) c;
				continue;
			}
			*p++ = '\\';
			switch (c)
			{
				case '"':
				case '\\':
					*p++ = (char) c;
					break;
				case '\b':
					*p++ = 'b';
					break;
				case '\f':
					*p++ = 'f';
					break;
				case '\n':
					*p++ = 'n';
					break;
				case '\r':
					*p++ = 'r';
					break;
				case '\t':
					*p++ = 't';
					break;
				default:
					memcpy(p, "u00", 3);
					p[3] = hex[c >> 4];
					p[4] = hex[c & 0x0f];
					p += 5;
					break;
			}
		}
		written(out, p);
	}
	p = reserve(out, 1);
	*p++ = '"';
	written(out, p);
}

/*
 * Appends a numeric: as JSON number with the digits that it is stored with,
 * the values that JSON has no number for as strings.
 */
static void
add_numeric(StringInfo out, Datum value)
{
	const char *digits = DatumGetCString(DirectFunctionCall1(numeric_out, value));
	Size		length = strlen(digits);
	char		last = digits[length - 1];

	if (last >= '0' && last <= '9')
	{
		char	   *p = reserve(out, length);

		memcpy(p, digits, length);
		written(out, p + length);
	}
	else
		aidcase_json_string(out, digits, length);
}

/*
 * Appends an interval in the ISO 8601 notation with designators.
 */
static void
add_interval(StringInfo out, const Interval *span)
{
	struct pg_itm itm;
	char		buffer[MAXDATELEN + 1];

#ifdef INTERVAL_IS_NOBEGIN
	if (INTERVAL_IS_NOBEGIN(span))
		strcpy(buffer, "-infinity");
	else if (INTERVAL_IS_NOEND(span))
		strcpy(buffer, "infinity");
	else
#endif
	{
		interval2itm(*span, &itm);
		EncodeInterval(&itm, INTSTYLE_ISO_8601, buffer);
	}
	aidcase_json_string(out, buffer, strlen(buffer));
}

/*
 * Appends a range of dates in its canonical form, as range_out() writes it
 * under DateStyle ISO.
 */
static void
add_daterange(StringInfo out, Datum value)
{
	static TypeCacheEntry *type = NULL;
	RangeBound	bound[2];
	bool		empty;
	char	   *p;
	int			i;

	/* entries of the type cache live as long as the backend */
	if (type == NULL)
		type = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	range_deserialize(type, DatumGetRangeTypeP(value),
					  &bound[0], &bound[1], &empty);
	if (empty)
	{
		aidcase_json_string(out, "empty", 5);
		return;
	}

	p = reserve(out, 2 * INSTANT_ROOM);
	*p++ = '"';
	*p++ = bound[0].inclusive ? '[' : '(';
	for (i = 0; i < 2; i++)
	{
		if (!bound[i].infinite)
		{
			char		date[INSTANT_ROOM];
			Size		length;
			bool		blank;

			length = put_date(date, DatumGetDateADT(bound[i].val)) - date;
			blank = memchr(date, ' ', length) != NULL;
			if (blank)
			{
				memcpy(p, "\\\"", 2);
				p += 2;
			}
			memcpy(p, date, length);
			p += length;
			if (blank)
			{
				memcpy(p, "\\\"", 2);
				p += 2;
			}
		}
		if (i == 0)
			*p++ = ',';
	}
	*p++ = bound[1].inclusive ? ']' : ')';
	*p++ = '"';
	written(out, p);
}

/*
 * Appends a jsonb value as the server writes it, which is canonical: keys
 * sorted and unique, one blank after each colon and comma.
 */
static void
add_jsonb(StringInfo out, const ImageColumn *column, Datum value)
{
	Jsonb	   *jb = DatumGetJsonbP(value);
	JsonbValue	scalar;

	if (JB_ROOT_IS_SCALAR(jb) &&
		JsonbExtractScalar(&jb->root, &scalar) && scalar.type == jbvNull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" cannot hold the JSON value null",
						NameStr(column->name)),
				 errdetail("The ledger could not tell it from an SQL NULL."),
				 errhint("Write an SQL NULL instead.")));
	(void) JsonbToCString(out, &jb->root, VARSIZE(jb));
}

/*
 * Appends binary data as the text "\x..." with lower-case digits.
 */
static void
add_bytea(StringInfo out, Datum value)
{
	bytea	   *data = DatumGetByteaPP(value);
	Size		length = VARSIZE_ANY_EXHDR(data);
	char	   *p = reserve(out, 2 * length + 5);

	memcpy(p, "\"\\\\x", 4);
	p += 4;
	p += hex_encode(VARDATA_ANY(data), length, p);
	*p++ = '"';
	written(out, p);
}

/*
 * Appends a uuid.
 */
static void
add_uuid(StringInfo out, const pg_uuid_t *uuid)
{
	static const int group[] = {4, 2, 2, 2, 6};
	const char *from = (const char *) uuid->data;
	char	   *p = reserve(out, 2 * UUID_LEN + 6);
	Size		i;

	for (i = 0; i < lengthof(group); i++)
	{
		*p++ = (i == 0) ? '"' : '-';
		p += hex_encode(from, (size_t) group[i], p);
		from += group[i];
	}
	*p++ = '"';
	written(out, p);
}

/*
 * Appends an array of text, bigint, date or bytea as a JSON array.
 */
static void
add_array(StringInfo out, const ImageColumn *column, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	ImageColumn element = *column;
	Datum	   *items;
	bool	   *nulls;
	int			nitems;
	int			i;

	if (ARR_NDIM(array) > 1 ||
		(ARR_NDIM(array) == 1 && ARR_LBOUND(array)[0] != 1))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("column \"%s\" cannot hold an array of this form",
						NameStr(column->name)),
				 errdetail("The ledger records arrays of one dimension whose subscripts begin with 1.")));

	if (column->kind == IMAGE_INT8_ARRAY)
	{
		element.kind = IMAGE_INT8;
		deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
						  TYPALIGN_DOUBLE, &items, &nulls, &nitems);
	}
	else if (column->kind == IMAGE_DATE_ARRAY)
	{
		element.kind = IMAGE_DATE;
		deconstruct_array(array, DATEOID, sizeof(DateADT), true,
						  TYPALIGN_INT, &items, &nulls, &nitems);
	}
	else
	{
		element.kind = (column->kind == IMAGE_TEXT_ARRAY) ?
			IMAGE_TEXT : IMAGE_BYTEA;
		deconstruct_array(array, ARR_ELEMTYPE(array), -1, false,
						  TYPALIGN_INT, &items, &nulls, &nitems);
	}
	appendStringInfoCharMacro(out, '[');
	for (i = 0; i < nitems; i++)
	{
		if (i > 0)
			appendStringInfoCharMacro(out, ',');
		if (nulls[i])
			appendBinaryStringInfo(out, "null", 4);
		else
			aidcase_image_value(out, &element, items[i]);
	}
	appendStringInfoCharMacro(out, ']');
}

/*
 * Appends one value.
 */
void
aidcase_image_value(StringInfo out, const ImageColumn *column, Datum value)
{
	char	   *p;

	switch (column->kind)
	{
		case IMAGE_BOOL:
			if (DatumGetBool(value))
				appendBinaryStringInfo(out, "true", 4);
			else
				appendBinaryStringInfo(out, "false", 5);
			break;
		case IMAGE_INT2:
			aidcase_json_int64(out, DatumGetInt16(value));
			break;
		case IMAGE_INT4:
			aidcase_json_int64(out, DatumGetInt32(value));
			break;
		case IMAGE_INT8:
			aidcase_json_int64(out, DatumGetInt64(value));
			break;
		case IMAGE_NUMERIC:
			add_numeric(out, value);
			break;
		case IMAGE_TEXT:
			{
				text	   *t = DatumGetTextPP(value);

				aidcase_json_string(out, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
				break;
			}
		case IMAGE_DATE:
			p = reserve(out, INSTANT_ROOM);
			*p++ = '"';
			p = put_date(p, DatumGetDateADT(value));
			*p++ = '"';
			written(out, p);
			break;
		case IMAGE_TIMESTAMPTZ:
			p = reserve(out, INSTANT_ROOM);
			*p++ = '"';
			p = put_instant(p, DatumGetTimestampTz(value), false);
			*p++ = '"';
			written(out, p);
			break;
		case IMAGE_INTERVAL:
			add_interval(out, DatumGetIntervalP(value));
			break;
		case IMAGE_DATERANGE:
			add_daterange(out, value);
			break;
		case IMAGE_JSONB:
			add_jsonb(out, column, value);
			break;
		case IMAGE_BYTEA:
			add_bytea(out, value);
			break;
		case IMAGE_UUID:
			add_uuid(out, DatumGetUUIDP(value));
			break;
		case IMAGE_CITIZEN_ID:
			p = reserve(out, CITIZEN_ID_CHARS + 2);
			*p++ = '"';
			citizen_id_format((uint64) DatumGetInt64(value), p);
			p += CITIZEN_ID_CHARS;
			*p++ = '"';
			written(out, p);
			break;
		case IMAGE_TEXT_ARRAY:
		case IMAGE_INT8_ARRAY:
		case IMAGE_DATE_ARRAY:
		case IMAGE_BYTEA_ARRAY:
			add_array(out, column, value);
			break;
		case IMAGE_NONE:
			elog(ERROR, "column \"%s\" has no image", NameStr(column->name));
			break;
	}
}

/*
 * Appends a whole row as an array of its values.
 */
void
aidcase_image_row(StringInfo out, const RowImage *image,
				  const Datum *values, const bool *nulls)
{
	char	   *p;
	int			i;

	for (i = 0; i < image->ncolumns; i++)
	{
		const ImageColumn *column = &image->column[i];

		p = reserve(out, 5);
		*p++ = (i == 0) ? '[' : ',';
		if (nulls[column->attnum - 1])
		{
			memcpy(p, "null", 4);
			written(out, p + 4);
			continue;
		}
		written(out, p);
		aidcase_image_value(out, column, values[column->attnum - 1]);
	}
	p = reserve(out, 2);
	if (image->ncolumns == 0)
		*p++ = '[';
	*p++ = ']';
	written(out, p);
}

/*
 * row_image(record) returns text: the image of a row of a table, as the
 * ledger writes it, as the last element of an entry.
 */
Datum
aidcase_row_image(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	Oid			type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	RowImageState *state = fcinfo->flinfo->fn_extra;
	TupleDesc	desc = lookup_rowtype_tupdesc(type, typmod);
	HeapTupleData tuple;

	if (state == NULL || state->type != type || state->typmod != typmod)
	{
		MemoryContext former = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		state = palloc0(sizeof(RowImageState));
		state->image = aidcase_image_make(desc, NIL, format_type_be(type));
		state->values = palloc(sizeof(Datum) * Max(desc->natts, 1));
		state->nulls = palloc(sizeof(bool) * Max(desc->natts, 1));
		initStringInfo(&state->out);
		state->type = type;
		state->typmod = typmod;
		fcinfo->flinfo->fn_extra = state;
		MemoryContextSwitchTo(former);
	}

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, state->values, state->nulls);
	ReleaseTupleDesc(desc);

	resetStringInfo(&state->out);
	aidcase_image_row(&state->out, state->image, state->values, state->nulls);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(state->out.data, state->out.len));
}
