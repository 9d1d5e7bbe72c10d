/*-------------------------------------------------------------------------
 *
 * report.c
 *		Runs a report or a query and lays its rows out as a workbook.
 *
 * workbook(name, period, unit, known_at) makes the statutory form of a
 * report: title, lines, merged heads, rows, totals, notes, signatures; a
 * sheet of charts; a sheet that says where the figures are from.  xlsx(query,
 * options) makes a plain list of any query.  What cells and sheets are made
 * of is xlsx.c's business.
 *
 * Rights: the query always runs with the caller's rights, in a subtransaction
 * that is read-only, so that not even a function which the query calls can
 * write.  The description of the report (tables report, report_column,
 * report_chart) is read, and the issue recorded, as the register's owner;
 * nobody else can record an issue, since verify_report() answers from there.
 *
 * Rows go from the executor straight into the sheet (RowWriter is a
 * DestReceiver); nothing is collected, and since the query runs to its end in
 * one go it may use parallel workers, which a cursor could not.  In
 * constant-memory mode the memory in use does not depend on the number of
 * rows, the finished file apart.  Forms with heads on two rows or with charts
 * need the other mode and are limited to FORM_MAX_ROWS.
 *
 * Same data, same bytes: for a report the settings that change how values
 * look as text are fixed while it runs, and no sheet mentions the clock.  The
 * document's creation time is the report's as_of date.
 *
 * Memory: all is palloc'd in the caller's context; per-row work happens in a
 * context that is reset after each row, running totals in one of their own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "access/tupdesc.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "compat.h"
#include "xlsx.h"

PG_FUNCTION_INFO_V1(aidcase_workbook);
PG_FUNCTION_INFO_V1(aidcase_xlsx);

/* Rows of a form that is kept in memory as a whole. */
#define FORM_MAX_ROWS	50000

/* Rows whose width is looked at. */
#define WIDTH_SAMPLE	1000

/* Widths of columns, in characters. */
#define MIN_WIDTH		7
#define MAX_HEAD_WIDTH	14
#define MAX_WIDTH		50

/* Height of one line of text in a cell, in points; lines shown at most. */
#define LINE_HEIGHT		14
#define MAX_LINES		20

/* First and last day that spreadsheets agree on, as their day numbers. */
#define FIRST_SERIAL	61		/* 1900-03-01 */
#define LAST_SERIAL		2958465 /* 9999-12-31 */

/* How a value becomes a cell. */
typedef enum CellKind
{
	CELL_OUTPUT,				/* text, by the type's output function */
	CELL_TEXT,					/* text, as it is */
	CELL_INT,					/* int2, int4, int8 */
	CELL_NUMERIC,
	CELL_FLOAT,
	CELL_BOOLEAN,
	CELL_YES_NO,				/* boolean, in Chinese */
	CELL_DATE,
	CELL_TIMESTAMP,
	CELL_TIMESTAMPTZ
} CellKind;

typedef enum TotalKind
{
	TOTAL_NONE,
	TOTAL_SUM,
	TOTAL_COUNT,
	TOTAL_MAX,
	TOTAL_MIN,
	TOTAL_RATIO
} TotalKind;

/* A column of a sheet. */
typedef struct Column
{
	const char *name;			/* in the query */
	const char *label;			/* head */
	const char *label_en;		/* head in English, or NULL */
	const char *group;			/* merged head above, or NULL */
	const char *group_en;
	Oid			type;			/* base type */
	CellKind	kind;
	XlsxStyle	style;
	FmgrInfo	output;			/* for CELL_OUTPUT and odd values */
	int			width;			/* widest cell so far */
	TotalKind	total;
	int			numerator;		/* of a ratio: number of a column */
	int			denominator;
	int64		count;			/* values that are not null */
	Numeric		value;			/* running total, NULL when none */
	bool		as_number;		/* no value had to be written as text */
} Column;

/* Receives the rows of the query and writes them. */
typedef struct RowWriter
{
	DestReceiver pub;
	void		(*begin) (struct RowWriter *writer, TupleDesc desc);
	XlsxBook   *book;
	int			sheet;
	int			first_row;		/* first row of data */
	int			next_row;
	int			max_rows;		/* error beyond this many */
	int64		rows;
	int			row_lines;		/* lines of the tallest cell of the row */
	int			ncolumns;
	Column	   *columns;
	MemoryContext row_context;	/* reset after each row */
	MemoryContext total_context;	/* running totals */
	void	   *form;			/* the Report or ListOptions */
} RowWriter;

/* A chart of a report. */
typedef struct ReportChart
{
	XlsxChartKind kind;
	const char *title;
	const char *title_en;
	const char *category;
	char	   *values;			/* column names, divided by commas */
} ReportChart;

/* A report and what it is made for. */
typedef struct Report
{
	const char *name;
	const char *title;
	const char *title_en;
	const char *measure;		/* units of measure */
	const char *measure_en;
	const char *period_kind;
	bool		landscape;
	bool		both;			/* heads in both languages */
	const char *signature;		/* one entry a line, or NULL */
	const char *notes;			/* one note a line, or NULL */
	const char *query;
	int			ncolumns;
	Column	   *columns;
	const char **formats;		/* of the columns */
	int			ncharts;
	ReportChart *charts;
	bool		grouped;		/* heads on two rows */

	const char *register_line;
	const char *time_zone;
	const char *checkpoint;		/* NULL when there is none */
	bool		rehearsal;

	const char *period;			/* as given */
	const char *period_zh;
	DateADT		first_day;
	DateADT		as_of;
	const char *unit_code;		/* NULL = the whole register */
	const char *unit_name;
	bool		known_at_given;
	TimestampTz known_at;

	int			head_first;		/* rows of the heads */
	int			head_last;
	int			left_width;		/* width that the lines above need */
	int			right_width;
} Report;

/* Options of xlsx(). */
typedef struct ListOptions
{
	const char *query;
	const char *sheet;
	const char *title;			/* or NULL */
	JsonbContainer *labels;		/* or NULL */
	JsonbContainer *texts;		/* array of column names, or NULL */
	bool		about;
	bool		landscape;
	int			head_row;
} ListOptions;

static KeptPlan report_plan = {
	"SELECT r.title, r.title_en, r.unit_label, r.unit_label_en,"
	"       r.period_kind, r.layout, r.heads, r.signature, r.notes, r.query"
	"  FROM aidcase.report AS r"
	" WHERE r.name OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}, NULL
};

static KeptPlan report_names_plan = {
	"SELECT pg_catalog.string_agg(r.name, ', ' ORDER BY r.name)"
	"  FROM aidcase.report AS r",
	0, {0}, NULL
};

static KeptPlan columns_plan = {
	"SELECT c.column_name, c.label, c.label_en, c.format, c.total,"
	"       c.numerator, c.denominator, c.head_group, c.head_group_en"
	"  FROM aidcase.report_column AS c"
	" WHERE c.report_name OPERATOR(pg_catalog.=) $1 AND c.in_use"
	" ORDER BY c.position",
	1, {TEXTOID}, NULL
};

static KeptPlan charts_plan = {
	"SELECT h.kind, h.title, h.title_en, h.category_column,"
	"       pg_catalog.array_to_string(h.value_columns, ',')"
	"  FROM aidcase.report_chart AS h"
	" WHERE h.report_name OPERATOR(pg_catalog.=) $1 AND h.in_use"
	" ORDER BY h.position",
	1, {TEXTOID}, NULL
};

static KeptPlan register_plan = {
	"SELECT aidcase.register_line(), r.time_zone FROM aidcase.register AS r",
	0, {0}, NULL
};

static KeptPlan checkpoint_plan = {
	"SELECT aidcase.report_checkpoint($1)",
	1, {TIMESTAMPTZOID}, NULL
};

/* the unit's name on the report's day, else its latest name */
static KeptPlan unit_plan = {
	"SELECT p.name"
	"  FROM aidcase.unit AS u"
	"  LEFT JOIN aidcase.unit_period AS p"
	"    ON p.unit_id OPERATOR(pg_catalog.=) u.unit_id"
	" WHERE u.unit_code OPERATOR(pg_catalog.=) $1"
	" ORDER BY (p.valid OPERATOR(pg_catalog.@>) $2) DESC NULLS LAST,"
	"          pg_catalog.lower(p.valid) DESC NULLS LAST",
	2, {TEXTOID, DATEOID}, NULL
};

static KeptPlan unit_codes_plan = {
	"SELECT pg_catalog.string_agg(s.unit_code, ', ' ORDER BY s.unit_code)"
	"  FROM (SELECT u.unit_code FROM aidcase.unit AS u"
	"         ORDER BY u.unit_code LIMIT 20) AS s",
	0, {0}, NULL
};

static void run_read_only(const char *query, int nargs, Oid *argtypes,
						  Datum *values, bool *nulls, bool must_check,
						  DestReceiver *dest);
static void check_select(SPIPlanPtr plan);
static void init_writer(RowWriter *writer, XlsxBook *book,
						void (*begin) (RowWriter *, TupleDesc), void *form);
static void writer_startup(DestReceiver *self, int operation, TupleDesc desc);
static bool writer_receive(TupleTableSlot *slot, DestReceiver *self);
static void writer_shutdown(DestReceiver *self);
static void writer_destroy(DestReceiver *self);
static void write_cell(RowWriter *writer, int col, Datum value);
static void add_to_total(RowWriter *writer, Column *column, Numeric value);
static void set_widths(RowWriter *writer);
static void widen(RowWriter *writer, int first, int last, int needed);

static void load_report(Report *report);
static uint64 look_up(KeptPlan *plan, Datum *values, const char *nulls,
					  long limit);
static char *field(int row, int col);
static void set_period(Report *report, const char *text);
static void set_unit(Report *report, const char *code);
static void fix_settings(const Report *report);
static void begin_form(RowWriter *writer, TupleDesc desc);
static void end_form(RowWriter *writer, const Report *report);
static void write_totals(RowWriter *writer, const Report *report, int row);
static void write_charts(RowWriter *writer, const Report *report);
static void write_about_form(RowWriter *writer, const Report *report);
static void record_issue(const Report *report, bytea *file, int64 rows);

static void read_options(ListOptions *options, Jsonb *jsonb);
static void begin_list(RowWriter *writer, TupleDesc desc);
static void write_about_list(RowWriter *writer, const ListOptions *options);

/*-------------------------------------------------------------------------
 * Running a query
 *-------------------------------------------------------------------------
 */

/*
 * Runs a query with the caller's rights in a read-only subtransaction and
 * sends its rows to dest.  With must_check it is the caller's own text, and
 * only a single SELECT is taken.
 *
 * The subtransaction is there because a transaction's read-only state comes
 * back by itself at its end, however that comes about.
 */
static void
run_read_only(const char *query, int nargs, Oid *argtypes, Datum *values,
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

		ReleaseCurrentSubTransaction();
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

/*-------------------------------------------------------------------------
 * Rows into cells
 *-------------------------------------------------------------------------
 */

/*
 * Prepares a writer; begin is called with the shape of the rows, before the
 * first one.
 */
static void
init_writer(RowWriter *writer, XlsxBook *book,
			void (*begin) (RowWriter *, TupleDesc), void *form)
{
	memset(writer, 0, sizeof(RowWriter));
	writer->pub.receiveSlot = writer_receive;
	writer->pub.rStartup = writer_startup;
	writer->pub.rShutdown = writer_shutdown;
	writer->pub.rDestroy = writer_destroy;
	writer->pub.mydest = DestNone;
	writer->begin = begin;
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
 * DestReceiver: the shape of the rows is known.
 */
static void
writer_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	RowWriter  *writer = (RowWriter *) self;
	int			i;

	/* what is made here outlives the executor */
	MemoryContext old =
		MemoryContextSwitchTo(MemoryContextGetParent(writer->row_context));

	writer->begin(writer, desc);
	for (i = 0; i < writer->ncolumns; i++)
	{
		Column	   *column = &writer->columns[i];
		Oid			function;
		bool		varlena;

		getTypeOutputInfo(TupleDescAttr(desc, i)->atttypid, &function,
						  &varlena);
		fmgr_info(function, &column->output);
		column->as_number = true;
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
	if (writer->rows == writer->max_rows)
	{
		if (writer->max_rows == FORM_MAX_ROWS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("report has too many rows for a form"),
					 errdetail("A form with heads on two rows or with charts takes at most %d rows.",
							   FORM_MAX_ROWS),
					 errhint("Write the list without head groups and charts, or with aidcase.xlsx().")));
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("query returns too many rows for a worksheet"),
				 errdetail("A worksheet has %d rows; with its heads this one takes %d rows of data.",
						   XLSX_MAX_ROWS, writer->max_rows),
				 errhint("Split the query, for instance by unit or by a range of keys, and make one workbook of each part.")));
	}

	slot_getallattrs(slot);
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
				width = strlen(buffer);
				width += width / 3;
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
				width = strlen(digits);
				width += width / 3;
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
 * Makes columns so wide that their cells can be read.
 */
static void
set_widths(RowWriter *writer)
{
	int			i;

	for (i = 0; i < writer->ncolumns; i++)
	{
		Column	   *column = &writer->columns[i];

		column->width = Min(Max(column->width + 2, MIN_WIDTH), MAX_WIDTH);
	}
}

/*
 * Widens a range of columns evenly to a width in all.
 */
static void
widen(RowWriter *writer, int first, int last, int needed)
{
	int			have = 0;
	int			n = last - first + 1;
	int			i;

	for (i = first; i <= last; i++)
		have += writer->columns[i].width;
	for (i = first; i <= last && have < needed; i++)
		writer->columns[i].width += (needed - have + n - 1) / n;
}

/*
 * Height of a row that shows a text of this width in that width.
 */
static double
text_height(int text_width, int width)
{
	return LINE_HEIGHT * Max(1, (text_width + width - 1) / Max(width, 1)) + 4;
}

/*
 * A line of text from a list divided by line feeds; moves *list on, NULL at
 * its end.
 */
static char *
next_line(const char **list)
{
	const char *start = *list;
	const char *end;

	if (start == NULL)
		return NULL;
	end = strchr(start, '\n');
	*list = end != NULL ? end + 1 : NULL;
	return end != NULL ? pnstrdup(start, end - start) : pstrdup(start);
}

/*-------------------------------------------------------------------------
 * Reports
 *-------------------------------------------------------------------------
 */

/*
 * workbook(name, period, unit, known_at): the workbook of a report.
 */
Datum
aidcase_workbook(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	Report		report = {0};
	RowWriter	writer;
	XlsxBook   *book;
	XlsxProperties properties = {0};
	XlsxPrint	print = {0};
	Oid			argtypes[3] = {DATEOID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[3] = {0};
	bool		nulls[3] = {false, true, true};
	bytea	   *result;
	int			nest_level;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a workbook needs the name of a report and a period")));
	(void) aidcase_relation("report");

	report.name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!PG_ARGISNULL(3))
	{
		report.known_at_given = true;
		report.known_at = PG_GETARG_TIMESTAMPTZ(3);
		if (report.known_at > aidcase_now())
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("known_at lies in the future"),
					 errdetail("A report can only show what has been recorded.")));
	}

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	MemoryContextSwitchTo(context); /* so that it outlives SPI_finish() */
	load_report(&report);
	set_period(&report, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (!PG_ARGISNULL(2))
		set_unit(&report, text_to_cstring(PG_GETARG_TEXT_PP(2)));
	SPI_finish();

	nest_level = NewGUCNestLevel();
	fix_settings(&report);

	book = aidcase_xlsx_open(!report.grouped && report.ncharts == 0);
	properties.title = report.title;
	properties.subject = report.period_zh;
	properties.author = report.register_line;
	properties.created = ((int64) report.as_of + POSTGRES_EPOCH_JDATE -
						  UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	aidcase_xlsx_properties(book, &properties);

	init_writer(&writer, book, begin_form, &report);
	writer.sheet = aidcase_xlsx_sheet(book, report.title);

	values[0] = DateADTGetDatum(report.as_of);
	if (report.unit_code != NULL)
	{
		values[1] = CStringGetTextDatum(report.unit_code);
		nulls[1] = false;
	}
	if (report.known_at_given)
	{
		values[2] = TimestampTzGetDatum(report.known_at);
		nulls[2] = false;
	}
	run_read_only(psprintf("SELECT * FROM aidcase.%s($1, $2, $3)",
						   quote_identifier(psprintf("report_%s", report.name))),
				  3, argtypes, values, nulls, false, &writer.pub);

	end_form(&writer, &report);
	print.landscape = report.landscape;
	print.repeat_first = report.head_first;
	print.repeat_last = report.head_last;
	print.last_row = writer.next_row - 1;
	print.last_col = report.ncolumns - 1;
	print.mark = report.rehearsal ? "演练 Rehearsal" : NULL;
	aidcase_xlsx_print(book, writer.sheet, &print);
	if (report.ncharts > 0)
		write_charts(&writer, &report);
	write_about_form(&writer, &report);
	AtEOXact_GUC(true, nest_level);

	result = aidcase_xlsx_close(book);

	/* a standby or a read-only transaction makes workbooks, too */
	if (!XactReadOnly && !RecoveryInProgress())
		record_issue(&report, result, writer.rows);
	PG_RETURN_BYTEA_P(result);
}

/*
 * Reads the description of a report as the register's owner.  The caller is
 * connected to SPI, in the memory context that keeps what is read.
 */
static void
load_report(Report *report)
{
	Datum		name = CStringGetTextDatum(report->name);
	Datum		known_at = TimestampTzGetDatum(report->known_at);
	const char *text;
	int			i;
	int			j;

	if (look_up(&report_plan, &name, NULL, 0) == 0)
	{
		text = NULL;
		if (look_up(&report_names_plan, NULL, NULL, 0) == 1)
			text = field(0, 1);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no report \"%s\"", report->name),
				 text != NULL
				 ? errhint("The reports are: %s.", text)
				 : errhint("This register has no reports.")));
	}
	report->title = field(0, 1);
	report->title_en = field(0, 2);
	report->measure = field(0, 3);
	report->measure_en = field(0, 4);
	report->period_kind = field(0, 5);
	report->landscape = strcmp(field(0, 6), "landscape") == 0;
	report->both = strcmp(field(0, 7), "both") == 0;
	report->signature = field(0, 8);
	report->notes = field(0, 9);
	report->query = field(0, 10);

	report->ncolumns = (int) look_up(&columns_plan, &name, NULL, 0);
	if (report->ncolumns == 0)
		elog(ERROR, "report \"%s\" has no columns", report->name);
	report->columns = palloc0(report->ncolumns * sizeof(Column));
	report->formats = palloc0(report->ncolumns * sizeof(char *));
	for (i = 0; i < report->ncolumns; i++)
	{
		Column	   *column = &report->columns[i];

		column->name = field(i, 1);
		column->label = field(i, 2);
		column->label_en = report->both ? field(i, 3) : NULL;
		report->formats[i] = field(i, 4);
		column->group = field(i, 8);
		column->group_en = report->both ? field(i, 9) : NULL;
		if (column->group != NULL)
			report->grouped = true;

		text = field(i, 5);
		column->total =
			strcmp(text, "sum") == 0 ? TOTAL_SUM :
			strcmp(text, "count") == 0 ? TOTAL_COUNT :
			strcmp(text, "max") == 0 ? TOTAL_MAX :
			strcmp(text, "min") == 0 ? TOTAL_MIN :
			strcmp(text, "ratio") == 0 ? TOTAL_RATIO : TOTAL_NONE;
	}
	for (i = 0; i < report->ncolumns; i++)
	{
		if (report->columns[i].total != TOTAL_RATIO)
			continue;
		for (j = 0; j < report->ncolumns; j++)
		{
			if (strcmp(report->columns[j].name, field(i, 6)) == 0)
				report->columns[i].numerator = j;
			if (strcmp(report->columns[j].name, field(i, 7)) == 0)
				report->columns[i].denominator = j;
		}
	}

	report->ncharts = (int) look_up(&charts_plan, &name, NULL, 0);
	report->charts = palloc0(report->ncharts * sizeof(ReportChart));
	for (i = 0; i < report->ncharts; i++)
	{
		ReportChart *chart = &report->charts[i];

		text = field(i, 1);
		chart->kind = strcmp(text, "line") == 0 ? XLSX_CHART_LINE :
			strcmp(text, "pie") == 0 ? XLSX_CHART_PIE : XLSX_CHART_COLUMN;
		chart->title = field(i, 2);
		chart->title_en = field(i, 3);
		chart->category = field(i, 4);
		chart->values = field(i, 5);
	}

	if (look_up(&register_plan, NULL, NULL, 1) != 1)
		elog(ERROR, "the register has no identity");
	report->register_line = field(0, 1);
	report->time_zone = field(0, 2);
	report->rehearsal = aidcase_is_rehearsal();
	(void) look_up(&checkpoint_plan, &known_at,
				   report->known_at_given ? " " : "n", 1);
	report->checkpoint = field(0, 1);
}

/*
 * Runs a kept plan as the register's owner and stays in the memory context
 * that it was called in, where field() then makes its copies.
 */
static uint64
look_up(KeptPlan *plan, Datum *values, const char *nulls, long limit)
{
	MemoryContext context = CurrentMemoryContext;
	uint64		rows = aidcase_run(plan, values, nulls, limit);

	MemoryContextSwitchTo(context);
	return rows;
}

/*
 * A value of SPI's last result as text; NULL for null.
 */
static char *
field(int row, int col)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col);
}

/*
 * Reads a fixed number of digits; -1 when there are others.
 */
static int
read_digits(const char *text, int n)
{
	int			value = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/*
 * Reads the period as the report's kind says: a year YYYY, a quarter
 * YYYY-Qn, a month YYYY-MM or a day YYYY-MM-DD.
 */
static void
set_period(Report *report, const char *text)
{
	const char *kind = report->period_kind;
	size_t		len = strlen(text);
	const char *example;
	int			year = len >= 4 ? read_digits(text, 4) : -1;
	int			month = 1;
	int			span = 12;		/* months */
	int			day = 0;		/* 0 = the whole of the months */
	bool		valid = year >= 1900;
	DateADT		today;

	if (strcmp(kind, "year") == 0)
	{
		example = "2021";
		valid = valid && len == 4;
		report->period_zh = psprintf("%d年", year);
	}
	else if (strcmp(kind, "quarter") == 0)
	{
		int			quarter = 0;

		example = "2021-Q2";
		if (valid && len == 7 && text[4] == '-' && text[5] == 'Q')
			quarter = read_digits(text + 6, 1);
		valid = quarter >= 1 && quarter <= 4;
		month = quarter * 3 - 2;
		span = 3;
		report->period_zh = psprintf("%d年第%d季度", year, quarter);
	}
	else
	{
		bool		daily = strcmp(kind, "day") == 0;

		example = daily ? "2021-06-30" : "2021-06";
		valid = valid && len == strlen(example) && text[4] == '-';
		month = valid ? read_digits(text + 5, 2) : 0;
		span = 1;
		valid = month >= 1 && month <= 12;
		report->period_zh = psprintf("%d年%d月", year, month);
		if (daily)
		{
			day = valid && text[7] == '-' ? read_digits(text + 8, 2) : 0;
			valid = day >= 1 &&
				day <= day_tab[isleap(year) ? 1 : 0][month - 1];
			report->period_zh = psprintf("%d年%d月%d日", year, month, day);
		}
	}
	if (!valid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid period \"%s\" for report \"%s\"",
						text, report->name),
				 errhint("The report is made for a %s, for instance \"%s\".",
						 kind, example)));

	report->period = pstrdup(text);
	report->first_day = date2j(year, month, Max(day, 1)) - POSTGRES_EPOCH_JDATE;
	if (day > 0)
		report->as_of = report->first_day;
	else
	{
		int			last = month + span - 1;

		report->as_of = date2j(year, last,
							   day_tab[isleap(year) ? 1 : 0][last - 1]) -
			POSTGRES_EPOCH_JDATE;
	}

	today = aidcase_date(aidcase_now());
	if (report->first_day > today)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period \"%s\" has not begun", text),
				 errdetail("Today is %s in the register.",
						   DatumGetCString(DirectFunctionCall1(date_out,
															   DateADTGetDatum(today)))),
				 errhint("Choose a period that has begun.")));
}

/*
 * Looks up the unit, as the register's owner.  The caller is connected to
 * SPI.
 */
static void
set_unit(Report *report, const char *code)
{
	Datum		values[2];

	values[0] = CStringGetTextDatum(code);
	values[1] = DateADTGetDatum(report->as_of);
	if (look_up(&unit_plan, values, NULL, 1) == 0)
	{
		char	   *codes = NULL;

		if (look_up(&unit_codes_plan, NULL, NULL, 1) == 1)
			codes = field(0, 1);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no unit with code \"%s\"", code),
				 codes != NULL
				 ? errhint("Codes are in aidcase.unit, for instance: %s.", codes)
				 : errhint("This register has no units yet.")));
	}
	report->unit_code = pstrdup(code);
	report->unit_name = field(0, 1);
	if (report->unit_name == NULL)
		report->unit_name = report->unit_code;
}

/*
 * Fixes the settings that change how values look, until the caller's nest
 * level of settings ends.
 */
static void
fix_settings(const Report *report)
{
	const char *const settings[][2] = {
		{"TimeZone", report->time_zone},
		{"DateStyle", "ISO, YMD"},
		{"IntervalStyle", "postgres"},
		{"bytea_output", "hex"},
		{"extra_float_digits", "1"},
		{"lc_monetary", "C"},
		{"lc_numeric", "C"},
		{"lc_time", "C"},
	};
	size_t		i;

	for (i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1],
								 PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Text in Chinese, with English after it where the report has both.
 */
static char *
both_text(const Report *report, const char *zh, const char *divider,
		  const char *en)
{
	if (!report->both || en == NULL)
		return pstrdup(zh);
	return psprintf("%s%s%s", zh, divider, en);
}

/*
 * Height of a head in a column of its starting width, in lines.
 */
static int
head_lines(const char *zh, const char *en, int width)
{
	int			lines;

	lines = (aidcase_xlsx_width(zh, strlen(zh)) + width - 1) / width;
	if (en != NULL)
		lines += (aidcase_xlsx_width(en, strlen(en)) + width) / width;
	return Max(lines, 1);
}

/*
 * Writes the top of the form, down to the heads; called when the shape of
 * the rows is known, and checks that it is the one described.
 */
static void
begin_form(RowWriter *writer, TupleDesc desc)
{
	Report	   *report = (Report *) writer->form;
	XlsxBook   *book = writer->book;
	int			sheet = writer->sheet;
	int			last = report->ncolumns - 1;
	int			row = 0;
	int			lines = 1;
	int			group_lines = 1;
	char	   *left;
	char	   *right;
	int			i;

	for (i = 0; i < report->ncolumns; i++)
	{
		Form_pg_attribute att;
		Column	   *column = &report->columns[i];
		const char *format = report->formats[i];
		bool		number;

		if (desc->natts != report->ncolumns ||
			strcmp(NameStr(TupleDescAttr(desc, i)->attname), column->name) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("function of report \"%s\" does not match its description",
							report->name),
					 errhint("Call aidcase.upgrade_register().")));
		att = TupleDescAttr(desc, i);
		column->type = getBaseType(att->atttypid);
		number = column->type == INT2OID || column->type == INT4OID ||
			column->type == INT8OID || column->type == NUMERICOID;

		column->kind = CELL_OUTPUT;
		column->style = XLSX_BODY_TEXT;
		if (strcmp(format, "date") == 0)
		{
			column->style = XLSX_BODY_DATE;
			if (column->type == DATEOID)
				column->kind = CELL_DATE;
			else if (column->type == TIMESTAMPTZOID)
			{
				column->kind = CELL_TIMESTAMPTZ;
				column->style = XLSX_BODY_TIME;
			}
		}
		else if (strcmp(format, "id") == 0)
			column->style = XLSX_BODY_ID;
		else if (strcmp(format, "text") == 0)
		{
			if (column->type == BOOLOID)
			{
				column->kind = CELL_YES_NO;
				column->style = XLSX_BODY_ID;
			}
			else if (column->type == TEXTOID)
				column->kind = CELL_TEXT;
		}
		else if (number)
		{
			column->kind = column->type == NUMERICOID ? CELL_NUMERIC : CELL_INT;
			column->style =
				strcmp(format, "money") == 0 ? XLSX_BODY_MONEY :
				strcmp(format, "percent") == 0 ? XLSX_BODY_PERCENT :
				XLSX_BODY_INT;
		}

		column->width = aidcase_xlsx_width(column->label, strlen(column->label));
		if (column->label_en != NULL)
			column->width = Max(column->width,
								aidcase_xlsx_width(column->label_en,
												   strlen(column->label_en)));
		column->width = Min(column->width, MAX_HEAD_WIDTH);
		lines = Max(lines, head_lines(column->label, column->label_en,
									  Max(column->width, MIN_WIDTH)));
		if (column->group_en != NULL)
			group_lines = 2;
	}
	writer->ncolumns = report->ncolumns;
	writer->columns = report->columns;

	/* the title and the lines below it */
	aidcase_xlsx_merge(book, sheet, row, 0, row, last, report->title,
					   XLSX_TITLE);
	aidcase_xlsx_row_height(book, sheet, row++, 30);
	if (report->both)
	{
		aidcase_xlsx_merge(book, sheet, row, 0, row, last, report->title_en,
						   XLSX_SUBTITLE);
		row++;
	}
	if (report->rehearsal)
	{
		aidcase_xlsx_merge(book, sheet, row, 0, row, last,
						   "【演练数据 Rehearsal】", XLSX_MARK);
		row++;
	}
	aidcase_xlsx_merge(book, sheet, row, 0, row, last, report->period_zh,
					   XLSX_LINE_CENTRE);
	aidcase_xlsx_row_height(book, sheet, row++, 18);

	left = psprintf("%s：%s", both_text(report, "填报单位", " / ", "Unit"),
					report->unit_code != NULL ? report->unit_name
					: report->register_line);
	right = psprintf("%s：%s", both_text(report, "计量单位", " / ", "Measured in"),
					 both_text(report, report->measure, " / ",
							   report->measure_en));
	report->left_width = aidcase_xlsx_width(left, strlen(left)) + 2;
	report->right_width = aidcase_xlsx_width(right, strlen(right)) + 2;
	if (report->ncolumns == 1)
	{
		aidcase_xlsx_merge(book, sheet, row, 0, row, 0, left, XLSX_LINE_LEFT);
		row++;
		aidcase_xlsx_merge(book, sheet, row, 0, row, 0, right, XLSX_LINE_RIGHT);
	}
	else
	{
		int			half = (report->ncolumns - 1) / 2;

		aidcase_xlsx_merge(book, sheet, row, 0, row, half, left,
						   XLSX_LINE_LEFT);
		aidcase_xlsx_merge(book, sheet, row, half + 1, row, last, right,
						   XLSX_LINE_RIGHT);
	}
	aidcase_xlsx_row_height(book, sheet, row++, 18);

	/* the heads, on one row or on two */
	report->head_first = row;
	report->head_last = report->grouped ? row + 1 : row;
	for (i = 0; i < report->ncolumns; i++)
	{
		Column	   *column = &report->columns[i];
		char	   *text;

		if (column->group != NULL &&
			(i == 0 || column[-1].group == NULL ||
			 strcmp(column[-1].group, column->group) != 0))
		{
			int			end = i;

			while (end < last && report->columns[end + 1].group != NULL &&
				   strcmp(report->columns[end + 1].group, column->group) == 0)
				end++;
			aidcase_xlsx_merge(book, sheet, row, i, row, end,
							   both_text(report, column->group, "\n",
										 column->group_en), XLSX_HEAD);
		}
		text = both_text(report, column->label, "\n", column->label_en);
		aidcase_xlsx_merge(book, sheet,
						   column->group != NULL ? report->head_last : row, i,
						   report->head_last, i, text, XLSX_HEAD);
	}
	if (report->grouped)
		aidcase_xlsx_row_height(book, sheet, row,
								LINE_HEIGHT * group_lines + 6);
	aidcase_xlsx_row_height(book, sheet, report->head_last,
							LINE_HEIGHT * lines + 6);

	writer->first_row = report->head_last + 1;
	writer->next_row = writer->first_row;
	if (report->grouped || report->ncharts > 0)
		writer->max_rows = FORM_MAX_ROWS;
	else
		/* the bottom of the form needs rows, too */
		writer->max_rows = XLSX_MAX_ROWS - writer->first_row - 100;
	aidcase_xlsx_freeze(book, sheet, writer->first_row,
						report->columns[0].kind == CELL_TEXT ? 1 : 0);
}

/*
 * Writes the bottom of the form, and sets the widths of its columns.
 */
static void
end_form(RowWriter *writer, const Report *report)
{
	XlsxBook   *book = writer->book;
	int			sheet = writer->sheet;
	int			last = report->ncolumns - 1;
	int			total_width = 0;
	const char *list;
	char	   *line;
	int			number = 0;
	int			i;

	set_widths(writer);
	if (last > 0)
	{
		widen(writer, 0, (report->ncolumns - 1) / 2, report->left_width);
		widen(writer, (report->ncolumns - 1) / 2 + 1, last,
			  report->right_width);
	}
	else
		widen(writer, 0, 0, Max(report->left_width, report->right_width));
	for (i = 0; i <= last; i++)
		total_width += writer->columns[i].width;

	if (writer->rows == 0)
	{
		aidcase_xlsx_merge(book, sheet, writer->next_row, 0, writer->next_row,
						   last, "（本期无数据 / no data）", XLSX_BODY_ID);
		writer->next_row++;
	}
	for (i = 0; i <= last; i++)
	{
		if (writer->columns[i].total != TOTAL_NONE)
		{
			write_totals(writer, report, writer->next_row++);
			break;
		}
	}

	list = report->notes;
	while ((line = next_line(&list)) != NULL)
	{
		char	   *text;

		number++;
		text = number == 1 && list == NULL ? psprintf("注：%s", line) :
			number == 1 ? psprintf("注：1. %s", line) :
			psprintf("　　%d. %s", number, line);
		aidcase_xlsx_merge(book, sheet, writer->next_row, 0, writer->next_row,
						   last, text, XLSX_NOTE);
		aidcase_xlsx_row_height(book, sheet, writer->next_row,
								text_height(aidcase_xlsx_width(text, strlen(text)),
											total_width));
		writer->next_row++;
	}

	if (report->signature != NULL)
	{
		StringInfoData text;

		initStringInfo(&text);
		list = report->signature;
		while ((line = next_line(&list)) != NULL)
			appendStringInfo(&text, "%s　　　　　　　　", line);
		aidcase_xlsx_merge(book, sheet, writer->next_row, 0, writer->next_row,
						   last, text.data, XLSX_SIGNATURE);
		aidcase_xlsx_row_height(book, sheet, writer->next_row, 28);
		writer->next_row++;
	}

	for (i = 0; i <= last; i++)
		aidcase_xlsx_column_width(book, sheet, i, writer->columns[i].width);
}

/*
 * The total of a column as exact digits; NULL when it has none.
 */
static char *
total_digits(RowWriter *writer, const Column *column)
{
	if (column->total == TOTAL_COUNT)
		return psprintf("%lld", (long long) column->count);
	if (column->value != NULL)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(column->value)));
	return column->total == TOTAL_SUM ? pstrdup("0") : NULL;
}

/*
 * A total as a number.
 */
static Datum
total_numeric(RowWriter *writer, const Column *column)
{
	if (column->total == TOTAL_COUNT)
		return NumericGetDatum(int64_to_numeric(column->count));
	if (column->value != NULL)
		return NumericGetDatum(column->value);
	return NumericGetDatum(int64_to_numeric(0));
}

/*
 * Writes the row of totals: formulas with their exact values, so that the
 * reader sees where they come from and a viewer without a calculator shows
 * them.
 */
static void
write_totals(RowWriter *writer, const Report *report, int row)
{
	static const char *const functions[] = {
		[TOTAL_SUM] = "SUM",
		[TOTAL_COUNT] = "COUNTA",
		[TOTAL_MAX] = "MAX",
		[TOTAL_MIN] = "MIN"
	};
	bool		labelled = false;
	int			i;

	for (i = 0; i < writer->ncolumns; i++)
	{
		Column	   *column = &writer->columns[i];
		char		first[XLSX_CELL_NAME];
		char		last[XLSX_CELL_NAME];
		XlsxStyle	style;
		char	   *digits;
		bool		formula = writer->rows > 0 && column->as_number;
		char	   *text = NULL;

		style = column->total == TOTAL_COUNT ? XLSX_TOTAL_INT :
			column->style == XLSX_BODY_INT ? XLSX_TOTAL_INT :
			column->style == XLSX_BODY_MONEY ? XLSX_TOTAL_MONEY :
			column->style == XLSX_BODY_PERCENT ? XLSX_TOTAL_PERCENT :
			XLSX_TOTAL_TEXT;

		if (column->total == TOTAL_NONE)
		{
			text = both_text(report, "合计", " ", "Total");
			if (labelled)
				aidcase_xlsx_blank(writer->book, writer->sheet, row, i, style);
			else
				aidcase_xlsx_text(writer->book, writer->sheet, row, i, text,
								  strlen(text), style);
			labelled = true;
			continue;
		}

		if (column->total == TOTAL_RATIO)
		{
			Column	   *numerator = &writer->columns[column->numerator];
			Column	   *denominator = &writer->columns[column->denominator];
			Datum		above = total_numeric(writer, numerator);
			Datum		below = total_numeric(writer, denominator);
			int			digits_kept = style == XLSX_TOTAL_PERCENT ? 4 :
				style == XLSX_TOTAL_MONEY ? 2 : 0;

			digits = NULL;
			if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, below,
												  NumericGetDatum(int64_to_numeric(0)))) != 0)
			{
				Datum		ratio = DirectFunctionCall2(numeric_div, above,
														below);

				ratio = DirectFunctionCall2(numeric_round, ratio,
											Int32GetDatum(digits_kept));
				digits = DatumGetCString(DirectFunctionCall1(numeric_out,
															 ratio));
			}
			formula = formula && numerator->as_number && denominator->as_number;
			text = psprintf("=ROUND(%s/%s,%d)",
							aidcase_xlsx_cell_name(first, row, column->numerator),
							aidcase_xlsx_cell_name(last, row, column->denominator),
							digits_kept);
		}
		else
		{
			digits = total_digits(writer, column);
			text = psprintf("=%s(%s:%s)", functions[column->total],
							aidcase_xlsx_cell_name(first, writer->first_row, i),
							aidcase_xlsx_cell_name(last, row - 1, i));
		}

		if (digits == NULL)
			aidcase_xlsx_text(writer->book, writer->sheet, row, i, "—",
							  strlen("—"), XLSX_TOTAL_TEXT);
		else if (formula)
			aidcase_xlsx_formula(writer->book, writer->sheet, row, i, text,
								 digits, style);
		else
			(void) aidcase_xlsx_numeral(writer->book, writer->sheet, row, i,
										digits, style);
		if (digits != NULL)
			column->width = Max(column->width,
								(int) (strlen(digits) * 4 / 3) + 3);
	}
}

/*
 * Number of the column of a report with this name.
 */
static int
column_number(const Report *report, const char *name)
{
	int			i;

	for (i = 0; i < report->ncolumns; i++)
	{
		if (strcmp(report->columns[i].name, name) == 0)
			return i;
	}
	elog(ERROR, "report \"%s\" has no column \"%s\"", report->name, name);
	return -1;					/* keep compiler quiet */
}

/*
 * Writes the sheet of charts.
 */
static void
write_charts(RowWriter *writer, const Report *report)
{
	XlsxBook   *book = writer->book;
	XlsxPrint	print = {0};
	const int	last_col = 11;	/* as wide as a chart */
	const int	step = 18;		/* rows that a chart takes */
	int			sheet = aidcase_xlsx_sheet(book, "图表");
	int			row = 0;
	char	   *text;
	int			i;

	text = psprintf("%s（%s）", report->title, report->period_zh);
	aidcase_xlsx_merge(book, sheet, row, 0, row, last_col, text, XLSX_TITLE);
	aidcase_xlsx_row_height(book, sheet, row++, 30);
	if (report->rehearsal)
	{
		aidcase_xlsx_merge(book, sheet, row, 0, row, last_col,
						   "【演练数据 Rehearsal】", XLSX_MARK);
		row++;
	}
	if (writer->rows == 0)
	{
		aidcase_xlsx_merge(book, sheet, row, 0, row, last_col,
						   "（本期无数据 / no data）", XLSX_LINE_CENTRE);
		row++;
	}
	else
	{
		for (i = 0; i < report->ncharts; i++)
		{
			const ReportChart *chart = &report->charts[i];
			XlsxChart	def = {0};
			int		   *cols = palloc(report->ncolumns * sizeof(int));
			const char **names = palloc(report->ncolumns * sizeof(char *));
			char	   *state;
			char	   *name;

			def.kind = chart->kind;
			def.title = both_text(report, chart->title, " / ",
								  chart->title_en);
			def.data_sheet = writer->sheet;
			def.first_row = writer->first_row;
			def.last_row = writer->first_row + (int) writer->rows - 1;
			def.category_col = column_number(report, chart->category);
			for (name = strtok_r(pstrdup(chart->values), ",", &state);
				 name != NULL && def.nvalues < report->ncolumns;
				 name = strtok_r(NULL, ",", &state))
			{
				cols[def.nvalues] = column_number(report, name);
				names[def.nvalues] = both_text(report,
											   report->columns[cols[def.nvalues]].label,
											   " / ",
											   report->columns[cols[def.nvalues]].label_en);
				def.nvalues++;
			}
			def.value_cols = cols;
			def.value_names = names;
			aidcase_xlsx_chart(book, sheet, row, &def);
			row += step;
		}
	}

	print.repeat_first = -1;
	print.last_row = row;
	print.last_col = last_col;
	print.mark = report->rehearsal ? "演练 Rehearsal" : NULL;
	aidcase_xlsx_print(book, sheet, &print);
}

/*
 * Writes one line of the sheet that says where the figures are from.
 */
static void
about_line(XlsxBook *book, int sheet, int *row, const char *key,
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
static void
about_query(XlsxBook *book, int sheet, int row, const char *query,
			bool rehearsal)
{
	XlsxPrint	print = {0};
	const char *key = "查询语句 / Query";
	const char *list = query;
	char	   *line;
	int			width = 80;

	aidcase_xlsx_text(book, sheet, row, 0, key, strlen(key), XLSX_ABOUT_KEY);
	while ((line = next_line(&list)) != NULL)
	{
		aidcase_xlsx_text(book, sheet, row, 1, line, strlen(line),
						  XLSX_ABOUT_CODE);
		width = Max(width, aidcase_xlsx_width(line, strlen(line)));
		row++;
	}
	aidcase_xlsx_column_width(book, sheet, 0, 26);
	aidcase_xlsx_column_width(book, sheet, 1, Min(width, 120));
	print.landscape = true;
	print.repeat_first = -1;
	print.last_row = Max(row - 1, 0);
	print.last_col = 1;
	print.mark = rehearsal ? "演练 Rehearsal" : NULL;
	aidcase_xlsx_print(book, sheet, &print);
}

/*
 * Writes the last sheet of a report.
 */
static void
write_about_form(RowWriter *writer, const Report *report)
{
	XlsxBook   *book = writer->book;
	int			sheet = aidcase_xlsx_sheet(book, "说明 About");
	int			row = 0;
	char	   *as_of;
	char	   *known_at;

	as_of = DatumGetCString(DirectFunctionCall1(date_out,
												DateADTGetDatum(report->as_of)));
	known_at = report->known_at_given ?
		DatumGetCString(DirectFunctionCall1(timestamptz_out,
											TimestampTzGetDatum(report->known_at))) : NULL;

	about_line(book, sheet, &row, "报表 / Report", report->name);
	about_line(book, sheet, &row, "标题 / Title",
			   psprintf("%s / %s", report->title, report->title_en));
	about_line(book, sheet, &row, "计量单位 / Measured in",
			   psprintf("%s / %s", report->measure, report->measure_en));
	about_line(book, sheet, &row, "报告期 / Period", report->period);
	about_line(book, sheet, &row, "数据截止日 / as_of", as_of);
	about_line(book, sheet, &row, "填报单位 / unit_code",
			   report->unit_code == NULL ? "全部 / the whole register"
			   : psprintf("%s %s", report->unit_code, report->unit_name));
	about_line(book, sheet, &row, "知悉时点 / known_at",
			   known_at != NULL ? known_at
			   : "未指定，按生成时的登记内容 / not given: as recorded when it was made");
	about_line(book, sheet, &row, "登记库 / Register", report->register_line);
	about_line(book, sheet, &row, "用途 / Purpose",
			   report->rehearsal ? "演练，不作统计依据 / rehearsal, not for statistics"
			   : "正式 / live");
	about_line(book, sheet, &row, "检查点 / Checkpoint",
			   report->checkpoint != NULL ? report->checkpoint : "无 / none");
	about_line(book, sheet, &row, "数据行数 / Rows of data",
			   psprintf("%lld", (long long) writer->rows));
	about_line(book, sheet, &row, "数据来源 / Generated from",
			   psprintf("SELECT * FROM aidcase.report_%s(as_of => '%s', unit_code => %s, known_at => %s)",
						report->name, as_of,
						report->unit_code != NULL ?
						quote_literal_cstr(report->unit_code) : "NULL",
						known_at != NULL ? quote_literal_cstr(known_at) : "NULL"));
	about_line(book, sheet, &row, "核验 / Verification",
			   "本表由登记库直接生成，未经手工改动时可核验：SELECT * FROM aidcase.verify_report(文件内容)\n"
			   "Made by the register; an unchanged file is confirmed by aidcase.verify_report(content)");
	about_query(book, sheet, row, report->query, report->rehearsal);
}

/*
 * Records that the workbook was issued, as the register's owner.  Not by
 * aidcase_run(), which leaves triggers to the command it is called from: the
 * command is a SELECT here.
 */
static void
record_issue(const Report *report, bytea *file, int64 rows)
{
	static const char *const command =
		"INSERT INTO aidcase.report_issue (report_name, period, unit_code,"
		" as_of, known_at, sha256, row_count, issued_by)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
	Oid			argtypes[] = {TEXTOID, TEXTOID, TEXTOID, DATEOID,
	TIMESTAMPTZOID, BYTEAOID, INT8OID, INT8OID};
	const Actor *actor = aidcase_actor();
	Datum		values[lengthof(argtypes)] = {0};
	char		nulls[lengthof(argtypes)];
	Oid			saved_user;
	int			saved_context;
	int			result;

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(report->name);
	values[1] = CStringGetTextDatum(report->period);
	if (report->unit_code != NULL)
		values[2] = CStringGetTextDatum(report->unit_code);
	else
		nulls[2] = 'n';
	values[3] = DateADTGetDatum(report->as_of);
	values[4] = TimestampTzGetDatum(report->known_at);
	if (!report->known_at_given)
		nulls[4] = 'n';
	values[5] = DirectFunctionCall1(sha256_bytea, PointerGetDatum(file));
	values[6] = Int64GetDatum(rows);
	values[7] = Int64GetDatum(actor->staff_id);
	if (actor->staff_id == 0)
		nulls[7] = 'n';

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(aidcase_owner(),
						   saved_context | SECURITY_LOCAL_USERID_CHANGE);
	result = SPI_execute_with_args(command, lengthof(argtypes), argtypes,
								   values, nulls, false, 0);
	SetUserIdAndSecContext(saved_user, saved_context);
	if (result != SPI_OK_INSERT)
		elog(ERROR, "could not record the issue of a report: %s",
			 SPI_result_code_string(result));
	SPI_finish();
}

/*-------------------------------------------------------------------------
 * Lists
 *-------------------------------------------------------------------------
 */

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
	XlsxPrint	print = {0};
	int			i;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a workbook needs a query")));
	options.query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	options.sheet = "数据";
	options.about = true;
	options.landscape = true;
	if (!PG_ARGISNULL(1))
		read_options(&options, PG_GETARG_JSONB_P(1));

	book = aidcase_xlsx_open(true);
	properties.title = options.title;
	/* any fixed day: the file must not depend on the clock */
	properties.created = ((int64) POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		SECS_PER_DAY;
	aidcase_xlsx_properties(book, &properties);

	init_writer(&writer, book, begin_list, &options);
	writer.sheet = aidcase_xlsx_sheet(book, options.sheet);
	run_read_only(options.query, 0, NULL, NULL, NULL, true, &writer.pub);

	set_widths(&writer);
	for (i = 0; i < writer.ncolumns; i++)
		aidcase_xlsx_column_width(book, writer.sheet, i,
								  writer.columns[i].width);
	aidcase_xlsx_filter(book, writer.sheet, options.head_row, 0,
						Max(writer.next_row - 1, options.head_row),
						writer.ncolumns - 1);
	print.landscape = options.landscape;
	print.repeat_first = print.repeat_last = options.head_row;
	print.last_row = Max(writer.next_row - 1, options.head_row);
	print.last_col = writer.ncolumns - 1;
	aidcase_xlsx_print(book, writer.sheet, &print);
	if (options.about)
		write_about_list(&writer, &options);
	PG_RETURN_BYTEA_P(aidcase_xlsx_close(book));
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
		if (strcmp(key, "sheet") == 0 || strcmp(key, "title") == 0)
		{
			char	   *text;

			if (value.type != jbvString || value.val.string.len == 0)
				wrong_option(key, "a text");
			text = pnstrdup(value.val.string.val, value.val.string.len);
			if (key[0] == 's')
				options->sheet = text;
			else
				options->title = text;
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
					 errhint("The options are: sheet, title, labels, text, about, landscape.")));
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

	writer->ncolumns = desc->natts;
	writer->columns = palloc0(desc->natts * sizeof(Column));
	for (i = 0; i < desc->natts; i++)
	{
		Column	   *column = &writer->columns[i];

		column->name = pstrdup(NameStr(TupleDescAttr(desc, i)->attname));
		column->label = column->name;
		set_list_column(column, TupleDescAttr(desc, i));
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
		lines = Max(lines, head_lines(column->label, NULL, column->width));
		aidcase_xlsx_text(book, writer->sheet, row, i, column->label,
						  strlen(column->label), XLSX_LIST_HEAD);
	}
	aidcase_xlsx_row_height(book, writer->sheet, row, LINE_HEIGHT * lines + 6);
	writer->first_row = row + 1;
	writer->next_row = writer->first_row;
	writer->max_rows = XLSX_MAX_ROWS - writer->first_row;
	aidcase_xlsx_freeze(book, writer->sheet, writer->first_row, 0);
}

/*
 * Writes the last sheet of a list.
 */
static void
write_about_list(RowWriter *writer, const ListOptions *options)
{
	XlsxBook   *book = writer->book;
	MemoryContext context = CurrentMemoryContext;
	int			sheet = aidcase_xlsx_sheet(book, "说明 About");
	int			row = 0;
	bool		rehearsal = false;

	if (OidIsValid(aidcase_relation_if_any("register")))
	{
		char	   *line;

		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "could not connect to SPI");
		MemoryContextSwitchTo(context);
		if (look_up(&register_plan, NULL, NULL, 1) == 1)
		{
			line = field(0, 1);
			rehearsal = aidcase_is_rehearsal();
			about_line(book, sheet, &row, "登记库 / Register", line);
		}
		SPI_finish();
	}
	about_line(book, sheet, &row, "数据行数 / Rows of data",
			   psprintf("%lld", (long long) writer->rows));
	about_query(book, sheet, row, options->query, rehearsal);
}
