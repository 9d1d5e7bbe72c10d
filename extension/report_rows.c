/*-------------------------------------------------------------------------
 *
 * report_rows.c
 *		Runs the query of a workbook and writes its rows as cells.
 *
 * Rights: the query runs with the caller's rights, in a subtransaction that
 * is read-only, so that not even a function which the query calls can write,
 * and that is rolled back at its end, so that nothing which read-only
 * transactions still allow remains either: settings, temporary tables,
 * notifications, locks, large objects.
 *
 * Rows go from the executor straight into the sheet (RowWriter is a
 * DestReceiver); nothing is collected, and since the query runs to its end in
 * one go it may use parallel workers, which a cursor could not.  In
 * constant-memory mode the memory in use does not depend on the number of
 * rows, the finished file apart.
 *
 * Cells: a number is written as a number only where a spreadsheet keeps all
 * of its digits; text stays text whatever it looks like; dates before
 * 1900-03-01, on which spreadsheets differ, and infinities are text.
 *
 * Memory: what begin() makes lies in the context that the writer was made
 * in; per-row work happens in a context that is reset after each row,
 * running totals in one of their own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "report_rows.h"

/* Rows whose width is looked at. */
#define WIDTH_SAMPLE	1000

/* Rows after which whoever waits is told how far it is. */
#define PROGRESS_STEP	100000

/* Lines of a cell that are shown at most. */
#define MAX_LINES		20

/* Height of a line of a query, in points. */
#define CODE_HEIGHT		13

/* First and last day that spreadsheets agree on, as their day numbers. */
#define FIRST_SERIAL	61		/* 1900-03-01 */
#define LAST_SERIAL		2958465 /* 9999-12-31 */

KeptPlan	aidcase_register_plan = {
	"SELECT aidcase.register_line(), r.time_zone FROM aidcase.register AS r",
	0, {0}, NULL
};

KeptPlan	aidcase_checkpoint_plan = {
	"SELECT aidcase.report_checkpoint($1)",
	1, {TIMESTAMPTZOID}, NULL
};

static void check_select(SPIPlanPtr plan);
static void writer_startup(DestReceiver *self, int operation, TupleDesc desc);
static bool writer_receive(TupleTableSlot *slot, DestReceiver *self);
static void writer_shutdown(DestReceiver *self);
static void writer_destroy(DestReceiver *self);
static void write_cell(RowWriter *writer, int col, Datum value);
static void add_to_total(RowWriter *writer, Column *column, Numeric value);

/*
 * Calls a function of the register with these arguments, as the caller.
 */
static void
call_register(const char *command, int nargs, Oid *argtypes, Datum *values,
			  const char *nulls)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	if (SPI_execute_with_args(command, nargs, argtypes, values, nulls,
							  false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", command);
	SPI_finish();
}

/* A text as an argument; what it stands for is null when it is NULL. */
static Datum
text_argument(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/*
 * What personal data are read in bulk for; see report_rows.h.
 */
void
aidcase_reading_purpose(const char *what, const char *purpose)
{
	Oid			argtypes[] = {TEXTOID, TEXTOID};
	Datum		values[lengthof(argtypes)];
	char		nulls[lengthof(argtypes)];

	values[0] = text_argument(what, &nulls[0]);
	values[1] = text_argument(purpose, &nulls[1]);
	call_register("SELECT aidcase.reading_purpose($1, $2)", lengthof(argtypes),
				  argtypes, values, nulls);
}

/*
 * Records that personal data were read in bulk; see report_rows.h.
 */
void
aidcase_note_reading(const char *what, const char *purpose, int64 rows,
					 const char *period, bytea *file)
{
	Oid			argtypes[] = {TEXTOID, TEXTOID, INT8OID, TEXTOID, BYTEAOID};
	Datum		values[lengthof(argtypes)];
	char		nulls[] = {' ', ' ', ' ', ' ', ' '};

	values[0] = text_argument(what, &nulls[0]);
	values[1] = text_argument(purpose, &nulls[1]);
	values[2] = Int64GetDatum(rows);
	values[3] = text_argument(period, &nulls[3]);
	values[4] = DirectFunctionCall1(sha256_bytea, PointerGetDatum(file));
	call_register("SELECT aidcase.note_reading($1, $2, $3, $4, $5)",
				  lengthof(argtypes), argtypes, values, nulls);
}

/*
 * Runs a query with the caller's rights in a read-only subtransaction, which
 * is rolled back, and sends its rows to dest.  With must_check it is the
 * caller's own text, and only a single SELECT is taken.
 *
 * The transaction's read-only state comes back by itself at the end of the
 * subtransaction, however that comes about.
 */
void
aidcase_run_read_only(const char *query, int nargs, Oid *argtypes, Datum *values,
			  bool *nulls, bool must_check, DestReceiver *dest)
{
	MemoryContext old_context = CurrentMemoryContext;
	ResourceOwner old_owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(old_context);

	PG_TRY();
	{
		SPIExecuteOptions options = {0};
		SPIPlanPtr	plan;
		int			result;

		XactReadOnly = true;
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "could not connect to SPI");
		plan = SPI_prepare_cursor(query, nargs, argtypes,
								  CURSOR_OPT_PARALLEL_OK);
		if (plan == NULL)
			elog(ERROR, "could not prepare query: %s",
				 SPI_result_code_string(SPI_result));
		if (must_check)
			check_select(plan);

		options.read_only = true;
		options.must_return_tuples = true;
		options.dest = dest;
		if (nargs > 0)
		{
			int			i;

			/* constants, so that the plan is made for these values */
			options.params = makeParamList(nargs);
			for (i = 0; i < nargs; i++)
			{
				ParamExternData *param = &options.params->params[i];

				param->value = values[i];
				param->isnull = nulls[i];
				param->pflags = PARAM_FLAG_CONST;
				param->ptype = argtypes[i];
			}
		}
		result = SPI_execute_plan_extended(plan, &options);
		if (result < 0)
			elog(ERROR, "could not run query: %s",
				 SPI_result_code_string(result));
		SPI_finish();

		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(old_context);
		CurrentResourceOwner = old_owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(old_context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(old_context);
		CurrentResourceOwner = old_owner;
		ReThrowError(error);
	}
	PG_END_TRY();
}

/*
 * Refuses anything but a single SELECT (or VALUES, TABLE, WITH) that reads.
 * Nothing of the text has been executed yet.
 */
static void
check_select(SPIPlanPtr plan)
{
	List	   *sources = SPI_plan_get_plan_sources(plan);
	CachedPlanSource *source;
	Query	   *query;

	if (sources == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query is empty"),
				 errhint("Pass one SELECT statement.")));
	if (list_length(sources) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query must be a single statement"),
				 errdetail("The text has %d statements; none was executed.",
						   list_length(sources)),
				 errhint("Pass one SELECT statement.")));

	source = (CachedPlanSource *) linitial(sources);
	query = source->query_list == NIL ? NULL :
		linitial_node(Query, source->query_list);
	if (query == NULL || query->commandType != CMD_SELECT ||
		query->utilityStmt != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query must be a SELECT"),
				 errdetail("It was not executed."),
				 errhint("Pass one SELECT statement.")));
	if (query->hasModifyingCTE || query->rowMarks != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query must not change or lock rows"),
				 errdetail("It was not executed."),
				 errhint("Leave out data-modifying WITH parts and FOR UPDATE or FOR SHARE.")));
}

/*
 * Prepares a writer.
 */
void
aidcase_init_writer(RowWriter *writer, XlsxBook *book,
					void (*begin) (RowWriter *, TupleDesc),
					void (*finish) (RowWriter *), void *form)
{
	memset(writer, 0, sizeof(RowWriter));
	writer->pub.receiveSlot = writer_receive;
	writer->pub.rStartup = writer_startup;
	writer->pub.rShutdown = writer_shutdown;
	writer->pub.rDestroy = writer_destroy;
	writer->pub.mydest = DestNone;
	writer->begin = begin;
	writer->finish = finish;
	writer->book = book;
	writer->form = form;
	writer->max_rows = XLSX_MAX_ROWS;
	writer->row_context = AllocSetContextCreate(CurrentMemoryContext,
												"aidcase workbook row",
												ALLOCSET_DEFAULT_SIZES);
	writer->total_context = AllocSetContextCreate(CurrentMemoryContext,
												  "aidcase workbook totals",
												  ALLOCSET_SMALL_SIZES);
}

/*
 * Begins a sheet.
 */
static void
begin_sheet(RowWriter *writer)
{
	int			i;

	/* what is made here outlives the executor */
	MemoryContext old =
		MemoryContextSwitchTo(MemoryContextGetParent(writer->row_context));

	writer->rows = 0;
	MemoryContextReset(writer->total_context);
	writer->begin(writer, writer->desc);
	for (i = 0; i < writer->ncolumns; i++)
	{
		Column	   *column = &writer->columns[i];
		Oid			function;
		bool		varlena;

		getTypeOutputInfo(TupleDescAttr(writer->desc, i)->atttypid, &function,
						  &varlena);
		fmgr_info(function, &column->output);
		column->as_number = true;
		column->count = 0;
		column->value = NULL;
	}
	writer->begun = true;
	MemoryContextSwitchTo(old);
}

/*
 * Finishes the present sheet.
 */
static void
finish_sheet(RowWriter *writer)
{
	writer->finish(writer);
	writer->all_rows += writer->rows;
}

/*
 * Finishes the last sheet; begins one when there were no rows.
 */
void
aidcase_finish_rows(RowWriter *writer)
{
	if (!writer->begun)
		begin_sheet(writer);
	finish_sheet(writer);
}

/*
 * Goes on to the sheet of a row when it is another than the row before had.
 */
static void
turn_sheet(RowWriter *writer, TupleTableSlot *slot)
{
	int			col = writer->split_col;
	char	   *value = slot->tts_isnull[col] ? "" :
		OutputFunctionCall(&writer->split_output, slot->tts_values[col]);
	MemoryContext old;
	ListCell   *cell;

	if (value[0] == '\0')
		value = "—";
	if (writer->begun && strcmp(writer->split_value, value) == 0)
		return;
	foreach(cell, writer->split_values)
	{
		if (strcmp(lfirst(cell), value) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("rows of a sheet do not stand together"),
					 errdetail("Column \"%s\" has a value again after another one.",
							   writer->split),
					 errhint("Let the query ORDER BY this column first.")));
	}
	if (writer->begun)
		finish_sheet(writer);
	old = MemoryContextSwitchTo(MemoryContextGetParent(writer->row_context));
	writer->split_value = pstrdup(value);
	writer->split_values = lappend(writer->split_values, writer->split_value);
	MemoryContextSwitchTo(old);
	begin_sheet(writer);
}

/*
 * DestReceiver: the shape of the rows is known.
 */
static void
writer_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	RowWriter  *writer = (RowWriter *) self;
	MemoryContext old =
		MemoryContextSwitchTo(MemoryContextGetParent(writer->row_context));
	Oid			function;
	bool		varlena;
	int			i;

	writer->desc = CreateTupleDescCopy(desc);
	if (writer->split == NULL)
		begin_sheet(writer);
	else
	{
		for (i = 0; i < desc->natts; i++)
		{
			if (strcmp(NameStr(TupleDescAttr(desc, i)->attname),
					   writer->split) == 0)
				break;
		}
		if (i == desc->natts)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("sheets are divided by column \"%s\", which the query does not return",
							writer->split)));
		writer->split_col = i;
		getTypeOutputInfo(TupleDescAttr(desc, i)->atttypid, &function,
						  &varlena);
		fmgr_info(function, &writer->split_output);
	}
	MemoryContextSwitchTo(old);
}

/*
 * DestReceiver: one row.
 */
static bool
writer_receive(TupleTableSlot *slot, DestReceiver *self)
{
	RowWriter  *writer = (RowWriter *) self;
	MemoryContext old;
	int			i;

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	if (writer->split != NULL)
	{
		old = MemoryContextSwitchTo(writer->row_context);
		turn_sheet(writer, slot);
		MemoryContextSwitchTo(old);
	}
	if (writer->rows == writer->max_rows)
	{
		if (writer->max_rows == FORM_MAX_ROWS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("report has too many rows for a form"),
					 errdetail("A form with charts takes at most %d rows.",
							   FORM_MAX_ROWS),
					 errhint("%s", writer->too_long)));
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("query returns too many rows for a worksheet"),
				 errdetail("A worksheet has %d rows; with its heads this one takes %d rows of data.",
						   XLSX_MAX_ROWS, writer->max_rows),
				 errhint("%s", writer->too_long)));
	}

	writer->row_lines = 1;
	old = MemoryContextSwitchTo(writer->row_context);
	for (i = 0; i < writer->ncolumns; i++)
	{
		if (!slot->tts_isnull[i])
			write_cell(writer, i, slot->tts_values[i]);
		else if (writer->columns[i].style < XLSX_LIST_HEAD)
			aidcase_xlsx_blank(writer->book, writer->sheet, writer->next_row,
							   i, writer->columns[i].style);
	}
	if (writer->row_lines > 1)
		aidcase_xlsx_row_height(writer->book, writer->sheet, writer->next_row,
								LINE_HEIGHT * writer->row_lines + 4);
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->row_context);
	writer->next_row++;
	writer->rows++;
	if ((writer->all_rows + writer->rows) % PROGRESS_STEP == 0)
		ereport(NOTICE,
				(errmsg("%lld rows written",
						(long long) (writer->all_rows + writer->rows))));
	return true;
}

static void
writer_shutdown(DestReceiver *self)
{
}

static void
writer_destroy(DestReceiver *self)
{
}

/*
 * Lines of a text.
 */
static int
count_lines(const char *text, int len)
{
	const char *end = text + len;
	int			lines = 1;

	while ((text = memchr(text, '\n', end - text)) != NULL)
	{
		lines++;
		text++;
	}
	return lines;
}

/*
 * Writes one value that is not null, in the per-row context.
 */
static void
write_cell(RowWriter *writer, int col, Datum value)
{
	Column	   *column = &writer->columns[col];
	const char *text = NULL;
	char		buffer[MAXINT8LEN + 1];
	int			len = 0;
	int			width = 0;
	int			lines;
	double		serial;
	Timestamp	timestamp;

	column->count++;
	switch (column->kind)
	{
		case CELL_TEXT:
			{
				struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);

				text = VARDATA_ANY(packed);
				len = VARSIZE_ANY_EXHDR(packed);
				break;
			}

		case CELL_INT:
			{
				int64		number;

				if (column->type == INT2OID)
					number = DatumGetInt16(value);
				else if (column->type == INT4OID)
					number = DatumGetInt32(value);
				else
					number = DatumGetInt64(value);
				pg_lltoa(number, buffer);
				if (!aidcase_xlsx_numeral(writer->book, writer->sheet,
										  writer->next_row, col, buffer,
										  column->style))
					column->as_number = false;
				if (column->total != TOTAL_NONE)
					add_to_total(writer, column, int64_to_numeric(number));
				width = aidcase_number_width(buffer);
				break;
			}

		case CELL_NUMERIC:
			{
				char	   *digits;

				digits = DatumGetCString(DirectFunctionCall1(numeric_out,
															 value));
				if (!aidcase_xlsx_numeral(writer->book, writer->sheet,
										  writer->next_row, col, digits,
										  column->style))
					column->as_number = false;
				if (column->total != TOTAL_NONE)
					add_to_total(writer, column, DatumGetNumeric(value));
				width = aidcase_number_width(digits);
				break;
			}

		case CELL_FLOAT:
			aidcase_xlsx_number(writer->book, writer->sheet, writer->next_row,
								col, column->type == FLOAT4OID ?
								(double) DatumGetFloat4(value) :
								DatumGetFloat8(value), column->style);
			width = 12;
			break;

		case CELL_BOOLEAN:
			aidcase_xlsx_boolean(writer->book, writer->sheet,
								 writer->next_row, col, DatumGetBool(value),
								 column->style);
			width = 6;
			break;

		case CELL_YES_NO:
			if (column->english)
				text = DatumGetBool(value) ? "yes" : "no";
			else
				text = DatumGetBool(value) ? "是" : "否";
			len = strlen(text);
			break;

		case CELL_DATE:
			serial = (double) DatumGetDateADT(value) + POSTGRES_EPOCH_JDATE -
				date2j(1899, 12, 30);
			if (serial >= FIRST_SERIAL && serial <= LAST_SERIAL)
			{
				aidcase_xlsx_number(writer->book, writer->sheet,
									writer->next_row, col, serial,
									column->style);
				width = 10;
			}
			break;

		case CELL_TIMESTAMP:
		case CELL_TIMESTAMPTZ:
			timestamp = DatumGetTimestamp(value);
			if (column->kind == CELL_TIMESTAMPTZ &&
				!TIMESTAMP_NOT_FINITE(timestamp))
				timestamp = DatumGetTimestamp(
											  DirectFunctionCall1(timestamptz_timestamp, value));
			serial = (double) timestamp / USECS_PER_DAY +
				POSTGRES_EPOCH_JDATE - date2j(1899, 12, 30);
			if (!TIMESTAMP_NOT_FINITE(timestamp) &&
				serial >= FIRST_SERIAL && serial < LAST_SERIAL + 1)
			{
				aidcase_xlsx_number(writer->book, writer->sheet,
									writer->next_row, col, serial,
									column->style);
				width = 19;
			}
			break;

		case CELL_OUTPUT:
			break;
	}

	if (width == 0)
	{
		if (text == NULL)
		{
			text = OutputFunctionCall(&column->output, value);
			len = strlen(text);
		}
		aidcase_xlsx_text(writer->book, writer->sheet, writer->next_row, col,
						  text, len, column->style);
		if (len == 0)
			column->as_number = false;	/* a blank to COUNTA */
		if (writer->rows < WIDTH_SAMPLE || column->style == XLSX_BODY_TEXT)
			width = aidcase_xlsx_width(text, len);
		lines = count_lines(text, len);
		if (column->style == XLSX_BODY_TEXT)
			lines += width / MAX_WIDTH; /* it is wrapped there */
		writer->row_lines = Max(writer->row_lines, Min(lines, MAX_LINES));
	}
	column->width = Max(column->width, width);
}

/*
 * Takes a value into a column's running total.
 */
static void
add_to_total(RowWriter *writer, Column *column, Numeric value)
{
	MemoryContext old = MemoryContextSwitchTo(writer->total_context);
	Datum		given = NumericGetDatum(value);
	Numeric		former = column->value;

	if (column->total == TOTAL_COUNT)
		;
	else if (former == NULL)
		column->value = DatumGetNumericCopy(given);
	else if (column->total == TOTAL_SUM)
	{
		column->value =
			DatumGetNumeric(DirectFunctionCall2(numeric_add,
												NumericGetDatum(former),
												given));
		pfree(former);
	}
	else if (column->total != TOTAL_RATIO)
	{
		int			order =
			DatumGetInt32(DirectFunctionCall2(numeric_cmp, given,
											  NumericGetDatum(former)));

		if (column->total == TOTAL_MAX ? order > 0 : order < 0)
		{
			column->value = DatumGetNumericCopy(given);
			pfree(former);
		}
	}
	MemoryContextSwitchTo(old);
}

/*
 * Width of a number with its thousands separators.
 */
int
aidcase_number_width(const char *digits)
{
	int			whole = strspn(digits + (*digits == '-'), "0123456789");

	return strlen(digits) + Max(whole - 1, 0) / 3;
}

/*
 * Makes columns so wide that their cells can be read.
 */
void
aidcase_set_widths(RowWriter *writer)
{
	int			pad = writer->ncolumns > MANY_COLUMNS ? 1 : 2;
	int			i;

	for (i = 0; i < writer->ncolumns; i++)
	{
		Column	   *column = &writer->columns[i];

		column->width = Min(Max(column->width + pad, MIN_WIDTH), MAX_WIDTH);
	}
}

/*
 * Height of a head in a column of its starting width, in lines.
 */
int
aidcase_head_lines(const char *zh, const char *en, int width)
{
	int			lines;

	lines = (aidcase_xlsx_width(zh, strlen(zh)) + width - 1) / width;
	if (en != NULL)
		lines += (aidcase_xlsx_width(en, strlen(en)) + width) / width;
	return Max(lines, 1);
}

/*
 * A line of text from a list divided by line feeds; moves *list on, NULL at
 * its end.
 */
char *
aidcase_next_line(const char **list)
{
	const char *start = *list;
	const char *end;

	if (start == NULL)
		return NULL;
	end = strchr(start, '\n');
	*list = end != NULL ? end + 1 : NULL;
	return end != NULL ? pnstrdup(start, end - start) : pstrdup(start);
}

/*
 * Runs a kept plan as the register's owner and stays in the memory context
 * that it was called in, where aidcase_field() then makes its copies.
 */
uint64
aidcase_look_up(KeptPlan *plan, Datum *values, const char *nulls, long limit)
{
	MemoryContext context = CurrentMemoryContext;
	uint64		rows = aidcase_run(plan, values, nulls, limit);

	MemoryContextSwitchTo(context);
	return rows;
}

/*
 * A value of SPI's last result as text; NULL for null.
 */
char *
aidcase_field(int row, int col)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col);
}

/*
 * Writes one line of the sheet that says where the figures are from.
 */
void
aidcase_about_line(XlsxBook *book, int sheet, int *row, const char *key,
		   const char *value)
{
	aidcase_xlsx_text(book, sheet, *row, 0, key, strlen(key), XLSX_ABOUT_KEY);
	aidcase_xlsx_text(book, sheet, *row, 1, value, strlen(value),
					  XLSX_ABOUT_TEXT);
	if (strchr(value, '\n') != NULL)
		aidcase_xlsx_row_height(book, sheet, *row,
								LINE_HEIGHT * count_lines(value, strlen(value)) + 4);
	(*row)++;
}

/*
 * Writes the text of the query and finishes that sheet.
 */
void
aidcase_about_query(XlsxBook *book, int sheet, int row, const char *query,
			bool rehearsal)
{
	XlsxPrint	print = {0};
	const char *key = "查询语句 / Query";
	const char *list = query;
	char	   *line;
	int			width = 80;

	aidcase_xlsx_text(book, sheet, row, 0, key, strlen(key), XLSX_ABOUT_KEY);
	while ((line = aidcase_next_line(&list)) != NULL)
	{
		aidcase_xlsx_text(book, sheet, row, 1, line, strlen(line),
						  XLSX_ABOUT_CODE);
		aidcase_xlsx_row_height(book, sheet, row, CODE_HEIGHT);
		width = Max(width, aidcase_xlsx_width(line, strlen(line)));
		row++;
	}
	aidcase_xlsx_column_width(book, sheet, 0, 26);
	aidcase_xlsx_column_width(book, sheet, 1, Min(width, 120));
	print.landscape = true;
	print.repeat_first = -1;
	print.last_row = Max(row - 1, 0);
	print.last_col = 1;
	print.mark = rehearsal ? REHEARSAL_MARK : NULL;
	print.english = aidcase_language() == LANGUAGE_EN;
	aidcase_xlsx_print(book, sheet, &print);
}
