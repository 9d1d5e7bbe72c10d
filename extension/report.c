/*-------------------------------------------------------------------------
 *
 * report.c
 *		Lays the rows of a report out as a statutory form.
 *
 * workbook(name, period, unit, known_at) makes a sheet with title, lines,
 * merged heads, rows, totals, notes and signatures, a sheet of charts, and a
 * sheet that says where the figures are from.  report_rows.c runs the query
 * and writes the rows, xlsx.c writes cells and files.
 *
 * The description of the report (tables report, report_column, report_chart,
 * filled by the build from reports/<name>.sql) is read, and the issue
 * recorded, as the register's owner; nobody else can record an issue, since
 * verify_report() answers from there.
 *
 * Forms with charts are kept in memory as a whole and limited to
 * FORM_MAX_ROWS, since a chart stores the values that it shows; others use
 * constant memory.
 *
 * A report that shows numbers or accounts of people takes a purpose, which is
 * kept with the hash of the file; its rows come from rows_<name>(), since
 * report_<name>() keeps what it is read for itself.
 *
 * Same data, same bytes: the settings that change how values look as text
 * are fixed while the report runs, and no sheet mentions the clock.  The
 * document's creation time is the report's as_of date.  One setting counts as
 * a parameter: aidcase.language chooses the language of title and heads.
 *
 * Memory: all is palloc'd in the caller's context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "compat.h"
#include "report_rows.h"
#include "xlsx.h"

PG_FUNCTION_INFO_V1(aidcase_workbook);
PG_FUNCTION_INFO_V1(aidcase_report_as_of);

/*
 * Width of a form in letters beyond which A4 would show it at less than about
 * 60 percent; such a form goes on A3.
 */
#define A4_MAX_WIDTH	230

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
	bool		sensitive;		/* shows numbers or accounts of people */
	bool		both;			/* heads in both languages */
	bool		english;		/* in English only; the names are then those */
	const char *signature;		/* one entry a line, or NULL */
	const char *signature_en;
	const char *notes;			/* one note a line, or NULL */
	const char *notes_en;
	const char *query;
	int			ncolumns;
	Column	   *columns;
	const char **formats;		/* of the columns */
	int			ncharts;
	ReportChart *charts;
	bool		grouped;		/* heads on two rows */
	const char *split;			/* column whose values have a sheet each, or NULL */

	const char *register_line;
	const char *time_zone;
	const char *checkpoint;		/* NULL when there is none */
	bool		rehearsal;

	const char *period;			/* as given */
	const char *period_text;	/* as the form shows it */
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

static KeptPlan report_plan = {
	"SELECT r.title, r.title_en, r.unit_label, r.unit_label_en,"
	"       r.period_kind, r.layout, r.heads, r.signature, r.notes, r.query,"
	"       r.sheet_column, r.signature_en, r.notes_en, r.sensitive"
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

static void load_report(Report *report);
static void set_period(Report *report, const char *text);
static void set_unit(Report *report, const char *code);
static const char *form_title(const Report *report);
static void fix_settings(const Report *report);
static void begin_form(RowWriter *writer, TupleDesc desc);
static void end_form(RowWriter *writer);
static void write_totals(RowWriter *writer, const Report *report, int row);
static void write_charts(RowWriter *writer, const Report *report);
static void write_about_form(RowWriter *writer, const Report *report);
static void record_issue(const Report *report, bytea *file, int64 rows);

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
		/* checkpoints bear the server's clock, also in a rehearsal */
		if (report.known_at > GetCurrentTimestamp())
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
	if (report.sensitive)
		aidcase_reading_purpose(psprintf("report_%s", report.name), NULL);

	nest_level = NewGUCNestLevel();
	fix_settings(&report);

	book = aidcase_xlsx_open(report.ncharts == 0);
	properties.title = form_title(&report);
	properties.subject = report.period_text;
	properties.author = report.register_line;
	properties.created = ((int64) report.as_of + POSTGRES_EPOCH_JDATE -
						  UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	aidcase_xlsx_properties(book, &properties);

	aidcase_init_writer(&writer, book, begin_form, end_form, &report);
	writer.split = report.split;

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
	aidcase_run_read_only(psprintf("SELECT * FROM aidcase.%s($1, $2, $3)",
						   quote_identifier(psprintf("%s_%s",
													 report.sensitive ? "rows" : "report",
													 report.name))),
				  3, argtypes, values, nulls, false, &writer.pub);

	aidcase_finish_rows(&writer);
	if (report.ncharts > 0)
		write_charts(&writer, &report);
	write_about_form(&writer, &report);
	AtEOXact_GUC(true, nest_level);

	result = aidcase_xlsx_close(book);

	/* a standby or a read-only transaction makes workbooks, too */
	if (!XactReadOnly && !RecoveryInProgress())
		record_issue(&report, result, writer.all_rows);
	if (report.sensitive)
		aidcase_note_reading(psprintf("report_%s", report.name), NULL,
							 writer.all_rows, report.period, result);
	PG_RETURN_BYTEA_P(result);
}

/*
 * report_as_of(name, period): the day that a report is made for.
 */
Datum
aidcase_report_as_of(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	Report		report = {0};

	(void) aidcase_relation("report");
	report.name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	MemoryContextSwitchTo(context);
	load_report(&report);
	set_period(&report, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	SPI_finish();
	PG_RETURN_DATEADT(report.as_of);
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

	if (aidcase_look_up(&report_plan, &name, NULL, 0) == 0)
	{
		text = NULL;
		if (aidcase_look_up(&report_names_plan, NULL, NULL, 0) == 1)
			text = aidcase_field(0, 1);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no report \"%s\"", report->name),
				 text != NULL
				 ? errhint("The reports are: %s.", text)
				 : errhint("This register has no reports.")));
	}
	report->title = aidcase_field(0, 1);
	report->title_en = aidcase_field(0, 2);
	report->measure = aidcase_field(0, 3);
	report->measure_en = aidcase_field(0, 4);
	report->period_kind = aidcase_field(0, 5);
	report->landscape = strcmp(aidcase_field(0, 6), "landscape") == 0;
	report->both = strcmp(aidcase_field(0, 7), "both") == 0 &&
		aidcase_language() == LANGUAGE_AUTO;
	report->english = aidcase_language() == LANGUAGE_EN;
	report->signature = aidcase_field(0, 8);
	report->notes = aidcase_field(0, 9);
	report->query = aidcase_field(0, 10);
	report->split = aidcase_field(0, 11);
	report->signature_en = aidcase_field(0, 12);
	report->notes_en = aidcase_field(0, 13);
	report->sensitive = aidcase_field(0, 14)[0] == 't';

	report->ncolumns = (int) aidcase_look_up(&columns_plan, &name, NULL, 0);
	if (report->ncolumns == 0)
		elog(ERROR, "report \"%s\" has no columns", report->name);
	report->columns = palloc0(report->ncolumns * sizeof(Column));
	report->formats = palloc0(report->ncolumns * sizeof(char *));
	for (i = 0; i < report->ncolumns; i++)
	{
		Column	   *column = &report->columns[i];

		column->name = aidcase_field(i, 1);
		column->label = aidcase_field(i, report->english ? 3 : 2);
		column->label_en = report->both ? aidcase_field(i, 3) : NULL;
		report->formats[i] = aidcase_field(i, 4);
		column->group = aidcase_field(i, 8);
		if (report->english && column->group != NULL)
			column->group = aidcase_field(i, 9);
		column->group_en = report->both ? aidcase_field(i, 9) : NULL;
		column->english = report->english;
		if (column->group != NULL)
			report->grouped = true;

		text = aidcase_field(i, 5);
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
			if (strcmp(report->columns[j].name, aidcase_field(i, 6)) == 0)
				report->columns[i].numerator = j;
			if (strcmp(report->columns[j].name, aidcase_field(i, 7)) == 0)
				report->columns[i].denominator = j;
		}
	}

	report->ncharts = (int) aidcase_look_up(&charts_plan, &name, NULL, 0);
	report->charts = palloc0(report->ncharts * sizeof(ReportChart));
	for (i = 0; i < report->ncharts; i++)
	{
		ReportChart *chart = &report->charts[i];

		text = aidcase_field(i, 1);
		chart->kind = strcmp(text, "line") == 0 ? XLSX_CHART_LINE :
			strcmp(text, "pie") == 0 ? XLSX_CHART_PIE : XLSX_CHART_COLUMN;
		chart->title = aidcase_field(i, 2);
		chart->title_en = aidcase_field(i, 3);
		chart->category = aidcase_field(i, 4);
		chart->values = aidcase_field(i, 5);
	}

	if (aidcase_look_up(&aidcase_register_plan, NULL, NULL, 1) != 1)
		elog(ERROR, "the register has no identity");
	report->register_line = aidcase_field(0, 1);
	report->time_zone = aidcase_field(0, 2);
	report->rehearsal = aidcase_is_rehearsal();
	(void) aidcase_look_up(&aidcase_checkpoint_plan, &known_at,
				   report->known_at_given ? " " : "n", 1);
	report->checkpoint = aidcase_field(0, 1);
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
		report->period_text = psprintf("%d年", year);
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
		report->period_text = psprintf("%d年第%d季度", year, quarter);
	}
	else
	{
		bool		daily = strcmp(kind, "day") == 0;

		example = daily ? "2021-06-30" : "2021-06";
		valid = valid && len == strlen(example) && text[4] == '-';
		month = valid ? read_digits(text + 5, 2) : 0;
		span = 1;
		valid = month >= 1 && month <= 12;
		report->period_text = psprintf("%d年%d月", year, month);
		if (daily)
		{
			day = valid && text[7] == '-' ? read_digits(text + 8, 2) : 0;
			valid = day >= 1 &&
				day <= day_tab[isleap(year) ? 1 : 0][month - 1];
			report->period_text = psprintf("%d年%d月%d日", year, month, day);
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
	if (report->english)
		report->period_text = report->period;
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
	if (aidcase_look_up(&unit_plan, values, NULL, 1) == 0)
	{
		char	   *codes = NULL;

		if (aidcase_look_up(&unit_codes_plan, NULL, NULL, 1) == 1)
			codes = aidcase_field(0, 1);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no unit with code \"%s\"", code),
				 codes != NULL
				 ? errhint("Codes are in aidcase.unit, for instance: %s.", codes)
				 : errhint("This register has no units yet.")));
	}
	report->unit_code = pstrdup(code);
	report->unit_name = aidcase_field(0, 1);
	if (report->unit_name == NULL)
		report->unit_name = report->unit_code;
}

/*
 * Fixes the settings that change how values look, until the caller's nest
 * level of settings ends.  And jit: a report has so many parts that compiling
 * it takes longer than running it.
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
		{"jit", "off"},
	};
	size_t		i;

	for (i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1],
								 PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Text in the language of the form: Chinese, English, or Chinese with English
 * after it where the report has both.
 */
static char *
form_text(const Report *report, const char *zh, const char *divider,
		  const char *en)
{
	if (report->english && en != NULL)
		return pstrdup(en);
	if (!report->both || en == NULL)
		return pstrdup(zh);
	return psprintf("%s%s%s", zh, divider, en);
}

/*
 * The title of the form; both languages stand on two rows.
 */
static const char *
form_title(const Report *report)
{
	return report->english ? report->title_en : report->title;
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
 * Length of the longest word of a text.
 */
static int
longest_word(const char *text)
{
	int			longest = 0;

	while (*text)
	{
		size_t		len = strcspn(text, " ");

		longest = Max(longest, aidcase_xlsx_width(text, len));
		text += len + (text[len] == ' ');
	}
	return longest;
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
	int			sheet;
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
		column->width = Min(column->width, report->ncolumns > MANY_COLUMNS ?
							MANY_HEAD_WIDTH : MAX_HEAD_WIDTH);
		/* Chinese breaks anywhere, an English word should not break */
		if (report->english)
			column->width = Max(column->width,
								Min(longest_word(column->label),
									MAX_HEAD_WIDTH));
		lines = Max(lines, aidcase_head_lines(column->label, column->label_en,
									  Max(column->width, MIN_WIDTH)));
	}
	for (i = 0; i < report->ncolumns; i++)
	{
		const Column *column = &report->columns[i];
		int			width = 0;

		/* a merged head has the width of its columns, at the least */
		if (column->group == NULL)
			continue;
		for (;; i++)
		{
			width += Max(report->columns[i].width, MIN_WIDTH);
			if (i == last || report->columns[i + 1].group == NULL ||
				strcmp(report->columns[i + 1].group, column->group) != 0)
				break;
		}
		group_lines = Max(group_lines,
						  aidcase_head_lines(column->group, column->group_en,
											 width));
	}
	writer->ncolumns = report->ncolumns;
	writer->columns = report->columns;
	sheet = aidcase_xlsx_sheet(book, writer->split_value != NULL ?
							   writer->split_value : form_title(report));
	writer->sheet = sheet;

	/* the title and the lines below it */
	aidcase_xlsx_merge(book, sheet, row, 0, row, last, form_title(report),
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
						   report->english ? "Rehearsal" : "【演练数据 Rehearsal】", XLSX_MARK);
		row++;
	}
	aidcase_xlsx_merge(book, sheet, row, 0, row, last,
					   writer->split_value != NULL ?
					   psprintf("%s　%s", report->period_text,
								writer->split_value) : report->period_text,
					   XLSX_LINE_CENTRE);
	aidcase_xlsx_row_height(book, sheet, row++, 18);

	left = psprintf("%s%s%s", form_text(report, "填报单位", " / ", "Unit"),
					report->english ? ": " : "：",
					report->unit_code != NULL ? report->unit_name
					: report->register_line);
	right = psprintf("%s%s%s", form_text(report, "计量单位", " / ", "Measured in"),
					 report->english ? ": " : "：",
					 form_text(report, report->measure, " / ",
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

	/* the heads, on one row or on two; written row by row */
	report->head_first = row;
	report->head_last = report->grouped ? row + 1 : row;
	for (; row <= report->head_last; row++)
	{
		bool		lowest = row == report->head_last;

		for (i = 0; i < report->ncolumns; i++)
		{
			Column	   *column = &report->columns[i];
			bool		top = column->group != NULL && !lowest;
			int			end = i;
			char	   *text;

			/* a merged head takes the columns of its group */
			while (top && end < last && report->columns[end + 1].group != NULL &&
				   strcmp(report->columns[end + 1].group, column->group) == 0)
				end++;
			if (top)
				text = form_text(report, column->group, "\n",
								 column->group_en);
			else
				text = form_text(report, column->label, "\n",
								 column->label_en);

			/* a head without a group goes over both rows */
			if (column->group == NULL && row > report->head_first)
			{
				aidcase_xlsx_blank(book, sheet, row, i, XLSX_HEAD);
				aidcase_xlsx_join(book, sheet, report->head_first, i, row, i);
			}
			else
				aidcase_xlsx_merge(book, sheet, row, i, row, end, text,
								   XLSX_HEAD);
			i = end;
		}
		aidcase_xlsx_row_height(book, sheet, row, LINE_HEIGHT *
								(lowest ? lines : group_lines) + 6);
	}

	writer->first_row = report->head_last + 1;
	writer->next_row = writer->first_row;
	writer->too_long = report->unit_code == NULL ?
		"Make the report for one unit at a time." :
		"Write the rows of the report's function with aidcase.xlsx(), divided by its option \"split\".";
	if (report->ncharts > 0)
		writer->max_rows = FORM_MAX_ROWS;
	else
		/* the bottom of the form needs rows, too */
		writer->max_rows = XLSX_MAX_ROWS - writer->first_row - 100;
	aidcase_xlsx_freeze(book, sheet, writer->first_row,
						report->columns[0].kind == CELL_TEXT ? 1 : 0);
}

/*
 * Writes the bottom of the form, and sets the widths of its columns and the
 * pages.
 */
static void
end_form(RowWriter *writer)
{
	const Report *report = (const Report *) writer->form;
	XlsxPrint	print = {0};
	XlsxBook   *book = writer->book;
	int			sheet = writer->sheet;
	int			last = report->ncolumns - 1;
	int			total_width = 0;
	const char *list;
	const char *list_en;
	char	   *line;
	int			number = 0;
	int			i;

	aidcase_set_widths(writer);
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
						   last, report->english ? "(no data)" : "（本期无数据 / no data）",
						   XLSX_BODY_ID);
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
	list_en = report->notes_en;
	while ((line = aidcase_next_line(&list)) != NULL)
	{
		char	   *text;

		number++;
		line = form_text(report, line, " / ", aidcase_next_line(&list_en));
		text = number == 1 && list == NULL ?
			psprintf("%s%s", report->english ? "Note: " : "注：", line) :
			number == 1 ?
			psprintf("%s1. %s", report->english ? "Notes: " : "注：", line) :
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
		list_en = report->signature_en;
		while ((line = aidcase_next_line(&list)) != NULL)
			appendStringInfo(&text, "%s　　　　　　　　",
							 form_text(report, line, " / ",
									   aidcase_next_line(&list_en)));
		aidcase_xlsx_merge(book, sheet, writer->next_row, 0, writer->next_row,
						   last, text.data, XLSX_SIGNATURE);
		aidcase_xlsx_row_height(book, sheet, writer->next_row, 28);
		writer->next_row++;
	}

	for (i = 0; i <= last; i++)
		aidcase_xlsx_column_width(book, sheet, i, writer->columns[i].width);

	print.landscape = report->landscape;
	print.a3 = report->landscape && total_width > A4_MAX_WIDTH;
	print.repeat_first = report->head_first;
	print.repeat_last = report->head_last;
	print.last_row = writer->next_row - 1;
	print.last_col = last;
	print.mark = report->rehearsal ? REHEARSAL_MARK : NULL;
	print.english = report->english;
	aidcase_xlsx_print(book, sheet, &print);
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
			text = form_text(report, "合计", " ", "Total");
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
								aidcase_number_width(digits) + 2);
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
	const int	last_col = 10;	/* as wide as a chart */
	const int	step = 15;		/* rows that a chart takes */
	const int	per_page = 3;	/* charts on a page */
	int			sheet = aidcase_xlsx_sheet(book, report->english ? "Charts" : "图表");
	int			row = 0;
	char	   *text;
	int			i;

	text = psprintf(report->english ? "%s (%s)" : "%s（%s）", form_title(report),
					report->period_text);
	aidcase_xlsx_merge(book, sheet, row, 0, row, last_col, text, XLSX_TITLE);
	aidcase_xlsx_row_height(book, sheet, row++, 30);
	if (report->rehearsal)
	{
		aidcase_xlsx_merge(book, sheet, row, 0, row, last_col,
						   report->english ? "Rehearsal" : "【演练数据 Rehearsal】", XLSX_MARK);
		row++;
	}
	if (writer->rows == 0)
	{
		aidcase_xlsx_merge(book, sheet, row, 0, row, last_col,
						   report->english ? "(no data)" : "（本期无数据 / no data）",
						   XLSX_LINE_CENTRE);
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
			def.title = form_text(report, chart->title, " / ",
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
				names[def.nvalues] = form_text(report,
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
	print.last_row = row - 1;
	print.last_col = last_col;
	print.pages_high = (report->ncharts + per_page - 1) / per_page;
	print.mark = report->rehearsal ? REHEARSAL_MARK : NULL;
	print.english = report->english;
	aidcase_xlsx_print(book, sheet, &print);
}

/*
 * Writes the last sheet of a report.
 */
static void
write_about_form(RowWriter *writer, const Report *report)
{
	XlsxBook   *book = writer->book;
	int			sheet = aidcase_xlsx_sheet(book, ABOUT_SHEET);
	int			row = 0;
	char	   *as_of;
	char	   *known_at;

	as_of = DatumGetCString(DirectFunctionCall1(date_out,
												DateADTGetDatum(report->as_of)));
	known_at = report->known_at_given ?
		DatumGetCString(DirectFunctionCall1(timestamptz_out,
											TimestampTzGetDatum(report->known_at))) : NULL;

	aidcase_about_line(book, sheet, &row, "报表 / Report", report->name);
	aidcase_about_line(book, sheet, &row, "标题 / Title",
			   psprintf("%s / %s", report->title, report->title_en));
	aidcase_about_line(book, sheet, &row, "计量单位 / Measured in",
			   psprintf("%s / %s", report->measure, report->measure_en));
	aidcase_about_line(book, sheet, &row, "报告期 / Period", report->period);
	aidcase_about_line(book, sheet, &row, "数据截止日 / as_of", as_of);
	aidcase_about_line(book, sheet, &row, "填报单位 / unit_code",
			   report->unit_code == NULL ? "全部 / the whole register"
			   : psprintf("%s %s", report->unit_code, report->unit_name));
	aidcase_about_line(book, sheet, &row, "知悉时点 / known_at",
			   known_at != NULL ? known_at
			   : ABOUT_NOW);
	if (aidcase_language() != LANGUAGE_AUTO)
		aidcase_about_line(book, sheet, &row, "语言 / aidcase.language",
						   report->english ? "en" : "zh");
	aidcase_about_line(book, sheet, &row, "登记库 / Register", report->register_line);
	aidcase_about_line(book, sheet, &row, "用途 / Purpose",
			   report->rehearsal ? "演练，不作统计依据 / rehearsal, not for statistics"
			   : "正式 / live");
	aidcase_about_line(book, sheet, &row, "检查点 / Checkpoint",
			   report->checkpoint != NULL ? report->checkpoint : "无 / none");
	aidcase_about_line(book, sheet, &row, "数据行数 / Rows of data",
			   psprintf("%lld", (long long) writer->all_rows));
	aidcase_about_line(book, sheet, &row, "数据来源 / Generated from",
			   psprintf("SELECT * FROM aidcase.report_%s(as_of => '%s', unit_code => %s, known_at => %s)",
						report->name, as_of,
						report->unit_code != NULL ?
						quote_literal_cstr(report->unit_code) : "NULL",
						known_at != NULL ? quote_literal_cstr(known_at) : "NULL"));
	aidcase_about_line(book, sheet, &row, "核验 / Verification",
			   "本表由登记库直接生成，未经手工改动时可核验：SELECT * FROM aidcase.verify_report(文件内容)\n"
			   "Made by the register; an unchanged file is confirmed by aidcase.verify_report(content)");
	aidcase_about_query(book, sheet, row, report->query, report->rehearsal);
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
