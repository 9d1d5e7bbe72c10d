/*-------------------------------------------------------------------------
 *
 * report_list.c
 *		Writes the rows of any query as a plain list.
 *
 * xlsx(query, options) runs one SELECT of the caller's with the caller's
 * rights (report_rows.c) and writes a sheet in constant-memory mode: the
 * memory in use does not depend on the number of rows, the finished file
 * apart.  Values that are shown as text follow the session's settings, as in
 * any other query; the rest of the file depends on the rows alone.
 *
 * A list with a column of citizen numbers, or one called account_no, takes a
 * purpose, which is kept with the hash of the file (aidcase_note_reading()).
 *
 * Memory: all is palloc'd in the caller's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "report_rows.h"
#include "xlsx.h"

PG_FUNCTION_INFO_V1(aidcase_xlsx);

/* Options of xlsx(). */
typedef struct ListOptions
{
	const char *query;
	const char *given;			/* the options as text, or NULL */
	const char *sheet;
	const char *title;			/* or NULL */
	const char *split;			/* column that divides the sheets, or NULL */
	const char *purpose;		/* what citizen numbers are read for, or NULL */
	JsonbContainer *labels;		/* or NULL */
	JsonbContainer *texts;		/* array of column names, or NULL */
	bool		about;
	bool		landscape;
	bool		numbers;		/* a column holds citizen numbers or accounts */
	int			head_row;
} ListOptions;

static void read_options(ListOptions *options, Jsonb *jsonb);
static void begin_list(RowWriter *writer, TupleDesc desc);
static void end_list(RowWriter *writer);
static void write_about_list(RowWriter *writer, const ListOptions *options);

/*
 * xlsx(query, options): the rows of a query as a plain list.
 */
Datum
aidcase_xlsx(PG_FUNCTION_ARGS)
{
	ListOptions options = {0};
	RowWriter	writer;
	XlsxBook   *book;
	XlsxProperties properties = {0};
	bytea	   *file;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a workbook needs a query")));
	options.query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	options.sheet = "数据";
	options.about = true;
	options.landscape = true;
	if (!PG_ARGISNULL(1))
	{
		Jsonb	   *given = PG_GETARG_JSONB_P(1);

		read_options(&options, given);
		options.given = JsonbToCString(NULL, &given->root, VARSIZE(given));
	}

	book = aidcase_xlsx_open(true);
	properties.title = options.title;
	/* any fixed day: the file must not depend on the clock */
	properties.created = ((int64) POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		SECS_PER_DAY;
	aidcase_xlsx_properties(book, &properties);

	aidcase_init_writer(&writer, book, begin_list, end_list, &options);
	writer.split = options.split;
	aidcase_run_read_only(options.query, 0, NULL, NULL, NULL, true, &writer.pub);
	aidcase_finish_rows(&writer);
	if (options.about)
		write_about_list(&writer, &options);
	file = aidcase_xlsx_close(book);
	if (options.numbers && OidIsValid(aidcase_relation_if_any("sensitive_reading")))
		aidcase_note_reading("xlsx", options.purpose,
							 writer.all_rows + writer.rows, NULL, file);
	PG_RETURN_BYTEA_P(file);
}

/*
 * Raises the error of an option of the wrong kind.
 */
static void
wrong_option(const char *key, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be %s", key, what)));
}

/*
 * Reads the options; what they point to lies in the given value.
 */
static void
read_options(ListOptions *options, Jsonb *jsonb)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errhint("For instance: {\"sheet\": \"名册\", \"labels\": {\"name\": \"姓名\"}}.")));

	it = JsonbIteratorInit(&jsonb->root);
	(void) JsonbIteratorNext(&it, &value, true);	/* the object begins */
	while ((token = JsonbIteratorNext(&it, &value, true)) == WJB_KEY)
	{
		char	   *key = pnstrdup(value.val.string.val, value.val.string.len);

		(void) JsonbIteratorNext(&it, &value, true);	/* its value, whole */
		if (strcmp(key, "sheet") == 0 || strcmp(key, "title") == 0 ||
			strcmp(key, "split") == 0 || strcmp(key, "purpose") == 0)
		{
			char	   *text;

			if (value.type != jbvString || value.val.string.len == 0)
				wrong_option(key, "a text");
			text = pnstrdup(value.val.string.val, value.val.string.len);
			if (strcmp(key, "sheet") == 0)
				options->sheet = text;
			else if (strcmp(key, "title") == 0)
				options->title = text;
			else if (strcmp(key, "purpose") == 0)
				options->purpose = text;
			else
				options->split = text;
		}
		else if (strcmp(key, "about") == 0 || strcmp(key, "landscape") == 0)
		{
			if (value.type != jbvBool)
				wrong_option(key, "true or false");
			if (key[0] == 'a')
				options->about = value.val.boolean;
			else
				options->landscape = value.val.boolean;
		}
		else if (strcmp(key, "labels") == 0)
		{
			if (value.type != jbvBinary ||
				!JsonContainerIsObject(value.val.binary.data))
				wrong_option(key, "an object of column names and labels");
			options->labels = value.val.binary.data;
		}
		else if (strcmp(key, "text") == 0)
		{
			if (value.type != jbvBinary ||
				!JsonContainerIsArray(value.val.binary.data))
				wrong_option(key, "an array of column names");
			options->texts = value.val.binary.data;
		}
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unrecognized option \"%s\"", key),
					 errhint("The options are: sheet, title, split, labels, text, about, landscape, purpose.")));
	}
}

/*
 * Number of the list's column of a name in the options; an error when the
 * query has none.
 */
static int
list_column(TupleDesc desc, const char *option, const JsonbValue *name)
{
	int			i;

	if (name->type != jbvString)
		wrong_option(option, "given for names of columns");
	for (i = 0; i < desc->natts; i++)
	{
		const char *attname = NameStr(TupleDescAttr(desc, i)->attname);

		if (strlen(attname) == (size_t) name->val.string.len &&
			memcmp(attname, name->val.string.val, name->val.string.len) == 0)
			return i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("option \"%s\" names column \"%.*s\", which the query does not return",
					option, name->val.string.len, name->val.string.val)));
	return -1;					/* keep compiler quiet */
}

/*
 * How a column of a list is shown, by its type.
 */
static void
set_list_column(Column *column, Form_pg_attribute att)
{
	int32		typmod = att->atttypmod;

	column->type = getBaseTypeAndTypmod(att->atttypid, &typmod);
	switch (column->type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			column->kind = CELL_INT;
			column->style = XLSX_LIST_INT;
			break;
		case NUMERICOID:
			column->kind = CELL_NUMERIC;
			/* a scale of 2 means money here */
			column->style = typmod >= (int32) VARHDRSZ &&
				((typmod - VARHDRSZ) & 0x7ff) == 2 ?
				XLSX_LIST_MONEY : XLSX_LIST_NUMBER;
			break;
		case FLOAT4OID:
		case FLOAT8OID:
			column->kind = CELL_FLOAT;
			column->style = XLSX_LIST_NUMBER;
			break;
		case BOOLOID:
			column->kind = CELL_BOOLEAN;
			column->style = XLSX_LIST_NUMBER;
			break;
		case DATEOID:
			column->kind = CELL_DATE;
			column->style = XLSX_LIST_DATE;
			break;
		case TIMESTAMPOID:
			column->kind = CELL_TIMESTAMP;
			column->style = XLSX_LIST_TIME;
			break;
		case TIMESTAMPTZOID:
			column->kind = CELL_TIMESTAMPTZ;
			column->style = XLSX_LIST_TIME;
			break;
		case TEXTOID:
		case VARCHAROID:
			column->kind = CELL_TEXT;
			column->style = XLSX_LIST_TEXT;
			break;
		default:
			column->kind = CELL_OUTPUT;
			column->style = XLSX_LIST_TEXT;
			break;
	}
}

/*
 * Writes the top of a list, when the shape of its rows is known.
 */
static void
begin_list(RowWriter *writer, TupleDesc desc)
{
	ListOptions *options = (ListOptions *) writer->form;
	XlsxBook   *book = writer->book;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	int			row = 0;
	int			lines = 1;
	int			i;

	if (desc->natts == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query returns no columns")));

	writer->sheet = aidcase_xlsx_sheet(book, writer->split_value != NULL ?
									   writer->split_value : options->sheet);
	writer->ncolumns = desc->natts;
	writer->columns = palloc0(desc->natts * sizeof(Column));
	for (i = 0; i < desc->natts; i++)
	{
		Column	   *column = &writer->columns[i];

		column->name = pstrdup(NameStr(TupleDescAttr(desc, i)->attname));
		column->label = column->name;
		set_list_column(column, TupleDescAttr(desc, i));
		if (TupleDescAttr(desc, i)->atttypid == aidcase_citizen_id_type() ||
			strcmp(column->name, "account_no") == 0)
			options->numbers = true;
	}
	if (options->labels != NULL)
	{
		it = JsonbIteratorInit(options->labels);
		(void) JsonbIteratorNext(&it, &value, true);
		while ((token = JsonbIteratorNext(&it, &value, true)) == WJB_KEY)
		{
			i = list_column(desc, "labels", &value);
			(void) JsonbIteratorNext(&it, &value, true);
			if (value.type != jbvString)
				wrong_option("labels", "an object of column names and labels");
			writer->columns[i].label = pnstrdup(value.val.string.val,
												value.val.string.len);
		}
	}
	if (options->texts != NULL)
	{
		it = JsonbIteratorInit(options->texts);
		(void) JsonbIteratorNext(&it, &value, true);
		while ((token = JsonbIteratorNext(&it, &value, true)) == WJB_ELEM)
		{
			i = list_column(desc, "text", &value);
			if (writer->columns[i].kind != CELL_TEXT)
				writer->columns[i].kind = CELL_OUTPUT;
			writer->columns[i].style = XLSX_LIST_TEXT;
		}
	}

	if (options->title != NULL)
	{
		aidcase_xlsx_merge(book, writer->sheet, row, 0, row, desc->natts - 1,
						   options->title, XLSX_TITLE);
		aidcase_xlsx_row_height(book, writer->sheet, row++, 30);
	}
	options->head_row = row;
	for (i = 0; i < desc->natts; i++)
	{
		Column	   *column = &writer->columns[i];

		column->width = Min(aidcase_xlsx_width(column->label,
											   strlen(column->label)) + 2,
							2 * MAX_HEAD_WIDTH);
		lines = Max(lines, aidcase_head_lines(column->label, NULL, column->width));
		aidcase_xlsx_text(book, writer->sheet, row, i, column->label,
						  strlen(column->label), XLSX_LIST_HEAD);
	}
	aidcase_xlsx_row_height(book, writer->sheet, row, LINE_HEIGHT * lines + 6);
	writer->first_row = row + 1;
	writer->next_row = writer->first_row;
	writer->max_rows = XLSX_MAX_ROWS - writer->first_row;
	writer->too_long = "Give option \"split\" a column that divides the rows, such as the unit: each of its values gets a sheet of its own. Or make several workbooks, each with a part of the rows.";
	aidcase_xlsx_freeze(book, writer->sheet, writer->first_row, 0);
}

/*
 * Finishes a sheet of a list, when its rows are written.
 */
static void
end_list(RowWriter *writer)
{
	ListOptions *options = (ListOptions *) writer->form;
	XlsxPrint	print = {0};
	int			i;

	aidcase_set_widths(writer);
	for (i = 0; i < writer->ncolumns; i++)
		aidcase_xlsx_column_width(writer->book, writer->sheet, i,
								  writer->columns[i].width);
	aidcase_xlsx_filter(writer->book, writer->sheet, options->head_row, 0,
						Max(writer->next_row - 1, options->head_row),
						writer->ncolumns - 1);
	print.landscape = options->landscape;
	print.repeat_first = print.repeat_last = options->head_row;
	print.last_row = Max(writer->next_row - 1, options->head_row);
	print.last_col = writer->ncolumns - 1;
	print.mark = OidIsValid(aidcase_relation_if_any("register")) &&
		aidcase_is_rehearsal() ? REHEARSAL_MARK : NULL;
	print.english = aidcase_language() == LANGUAGE_EN;
	aidcase_xlsx_print(writer->book, writer->sheet, &print);
}

/*
 * Writes the last sheet of a list.
 */
static void
write_about_list(RowWriter *writer, const ListOptions *options)
{
	XlsxBook   *book = writer->book;
	MemoryContext context = CurrentMemoryContext;
	int			sheet = aidcase_xlsx_sheet(book, ABOUT_SHEET);
	int			row = 0;
	bool		rehearsal = false;
	Datum		known_at = (Datum) 0;

	if (OidIsValid(aidcase_relation_if_any("register")))
	{
		char	   *line;

		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "could not connect to SPI");
		MemoryContextSwitchTo(context);
		if (aidcase_look_up(&aidcase_register_plan, NULL, NULL, 1) == 1)
		{
			line = aidcase_field(0, 1);
			rehearsal = aidcase_is_rehearsal();
			aidcase_about_line(book, sheet, &row, "登记库 / Register", line);
			(void) aidcase_look_up(&aidcase_checkpoint_plan, &known_at, "n", 1);
			line = aidcase_field(0, 1);
			aidcase_about_line(book, sheet, &row, "知悉时点 / known_at", ABOUT_NOW);
			aidcase_about_line(book, sheet, &row, "检查点 / Checkpoint",
							   line != NULL ? line : "无 / none");
		}
		SPI_finish();
	}
	aidcase_about_line(book, sheet, &row, "数据行数 / Rows of data",
					   psprintf("%lld", (long long) writer->all_rows));
	aidcase_about_line(book, sheet, &row, "参数 / Options",
					   options->given != NULL ? options->given : "{}");
	aidcase_about_query(book, sheet, row, options->query, rehearsal);
}
