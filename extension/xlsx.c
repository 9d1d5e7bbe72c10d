/*-------------------------------------------------------------------------
 *
 * xlsx.c
 *		Workbooks, written with libxlsxwriter.
 *
 * This is the only file that includes <xlsxwriter.h>.  It knows nothing of
 * queries; report.c decides what stands in which cell.
 *
 * Memory: libxlsxwriter uses malloc and stdio.  A book lives in a memory
 * context of its own, a child of the caller's; a reset callback of that
 * context closes the library's files and frees its memory.  So an error at
 * any point, whoever raises it, leaves nothing behind: the context goes with
 * the transaction or subtransaction.  The finished package is a temporary
 * file of fd.c, which the resource owner removes on error.  The callback
 * never touches that file, for the resource owner is gone by then.
 *
 * Files: libxlsxwriter 1.1.4 cannot write into memory, so the package goes
 * into a temporary file and is read back.  The library's own scratch files
 * (one per sheet in constant-memory mode, one while a part is assembled) are
 * made in the same directory, that is in the database's temporary
 * tablespace, not in /tmp; they are unlinked as soon as they are open.
 * Their descriptors are announced to fd.c.  temp_file_limit does not see
 * them.
 *
 * The library does not look at the result of its fprintf calls.  When a disk
 * fills up for a moment, it makes a workbook that lacks a piece in its middle
 * and reports no error (seen with 1.1.4).  check_package() therefore unpacks
 * every part before the bytes are handed out: its elements must be balanced,
 * and there must be as many cells and shared strings as were written.  That
 * costs about a twentieth of the time of writing.
 *
 * Bytes: nothing that is written depends on the clock, the locale or the
 * machine.  The document's creation time is set by the caller.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <xlsxwriter.h>
#include <zlib.h>

#include "commands/tablespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "xlsx.h"

/*
 * Descriptors that the library holds while a book is assembled: the package
 * and the part being written.  In constant-memory mode each sheet has a
 * scratch file besides.
 */
#define LIBRARY_FDS		2

/* Significant digits that every spreadsheet program keeps. */
#define EXACT_DIGITS	15

/* Size of a chart on its sheet, in pixels. */
#define CHART_WIDTH		700
#define CHART_HEIGHT	340

struct XlsxBook
{
	MemoryContext context;		/* holds this struct and the scratch text */
	MemoryContextCallback on_reset; /* frees what the library holds */
	lxw_workbook *workbook;		/* NULL once closed */
	File		file;			/* temporary file of the package */
	int			fds;			/* descriptors announced to fd.c */
	bool		constant_memory;
	int			nsheets;
	lxw_worksheet *sheets[XLSX_MAX_SHEETS];
	int64		cells;			/* written on all sheets */
	lxw_format *formats[XLSX_STYLES];	/* made when first used */
	StringInfoData scratch;		/* text on its way into a cell */
};

/* What a style looks like. */
typedef struct StyleDef
{
	const char *font;
	double		size;
	bool		bold;
	uint8_t		align;
	bool		border;
	bool		wrap;
	uint32_t	fill;			/* 0 = none */
	uint32_t	colour;			/* 0 = automatic */
	const char *number;			/* number format, NULL = general */
	XlsxStyle	as_text;		/* style of a number that must be text */
} StyleDef;

#define FONT_TITLE	"黑体"
#define FONT_BODY	"宋体"
#define FONT_CODE	"Courier New"

#define FILL_HEAD	0xDDE8F3
#define FILL_TOTAL	0xF2F2F2
#define RED			0xC00000

/*
 * Text cells have the number format "@": somebody who edits such a cell does
 * not turn what looks like a formula into one.
 */
static const StyleDef style_defs[XLSX_STYLES] = {
	[XLSX_TITLE] = {FONT_TITLE, 16, true, LXW_ALIGN_CENTER, false, true, 0, 0, "@", XLSX_TITLE},
	[XLSX_SUBTITLE] = {FONT_BODY, 11, false, LXW_ALIGN_CENTER, false, true, 0, 0, "@", XLSX_SUBTITLE},
	[XLSX_MARK] = {FONT_TITLE, 11, true, LXW_ALIGN_CENTER, false, false, 0, RED, "@", XLSX_MARK},
	[XLSX_LINE_LEFT] = {FONT_BODY, 10, false, LXW_ALIGN_LEFT, false, false, 0, 0, "@", XLSX_LINE_LEFT},
	[XLSX_LINE_CENTRE] = {FONT_BODY, 10, false, LXW_ALIGN_CENTER, false, false, 0, 0, "@", XLSX_LINE_CENTRE},
	[XLSX_LINE_RIGHT] = {FONT_BODY, 10, false, LXW_ALIGN_RIGHT, false, false, 0, 0, "@", XLSX_LINE_RIGHT},
	[XLSX_HEAD] = {FONT_BODY, 10, true, LXW_ALIGN_CENTER, true, true, FILL_HEAD, 0, "@", XLSX_HEAD},
	[XLSX_BODY_TEXT] = {FONT_BODY, 10, false, LXW_ALIGN_LEFT, true, true, 0, 0, "@", XLSX_BODY_TEXT},
	[XLSX_BODY_ID] = {FONT_BODY, 10, false, LXW_ALIGN_CENTER, true, false, 0, 0, "@", XLSX_BODY_ID},
	[XLSX_BODY_INT] = {FONT_BODY, 10, false, LXW_ALIGN_RIGHT, true, false, 0, 0, "#,##0", XLSX_BODY_ID},
	[XLSX_BODY_MONEY] = {FONT_BODY, 10, false, LXW_ALIGN_RIGHT, true, false, 0, 0, "#,##0.00", XLSX_BODY_ID},
	[XLSX_BODY_PERCENT] = {FONT_BODY, 10, false, LXW_ALIGN_RIGHT, true, false, 0, 0, "0.00%", XLSX_BODY_ID},
	[XLSX_BODY_DATE] = {FONT_BODY, 10, false, LXW_ALIGN_CENTER, true, false, 0, 0, "yyyy-mm-dd", XLSX_BODY_ID},
	[XLSX_BODY_TIME] = {FONT_BODY, 10, false, LXW_ALIGN_CENTER, true, false, 0, 0, "yyyy-mm-dd hh:mm:ss", XLSX_BODY_ID},
	[XLSX_TOTAL_TEXT] = {FONT_BODY, 10, true, LXW_ALIGN_CENTER, true, false, FILL_TOTAL, 0, "@", XLSX_TOTAL_TEXT},
	[XLSX_TOTAL_INT] = {FONT_BODY, 10, true, LXW_ALIGN_RIGHT, true, false, FILL_TOTAL, 0, "#,##0", XLSX_TOTAL_TEXT},
	[XLSX_TOTAL_MONEY] = {FONT_BODY, 10, true, LXW_ALIGN_RIGHT, true, false, FILL_TOTAL, 0, "#,##0.00", XLSX_TOTAL_TEXT},
	[XLSX_TOTAL_PERCENT] = {FONT_BODY, 10, true, LXW_ALIGN_RIGHT, true, false, FILL_TOTAL, 0, "0.00%", XLSX_TOTAL_TEXT},
	[XLSX_NOTE] = {FONT_BODY, 9, false, LXW_ALIGN_LEFT, false, true, 0, 0, "@", XLSX_NOTE},
	[XLSX_SIGNATURE] = {FONT_BODY, 10, false, LXW_ALIGN_LEFT, false, false, 0, 0, "@", XLSX_SIGNATURE},
	[XLSX_LIST_HEAD] = {FONT_BODY, 10, true, LXW_ALIGN_CENTER, true, true, FILL_HEAD, 0, "@", XLSX_LIST_HEAD},
	[XLSX_LIST_TEXT] = {FONT_BODY, 10, false, LXW_ALIGN_LEFT, false, false, 0, 0, "@", XLSX_LIST_TEXT},
	[XLSX_LIST_NUMBER] = {FONT_BODY, 10, false, LXW_ALIGN_NONE, false, false, 0, 0, NULL, XLSX_LIST_TEXT},
	[XLSX_LIST_INT] = {FONT_BODY, 10, false, LXW_ALIGN_NONE, false, false, 0, 0, "0", XLSX_LIST_TEXT},
	[XLSX_LIST_MONEY] = {FONT_BODY, 10, false, LXW_ALIGN_NONE, false, false, 0, 0, "#,##0.00", XLSX_LIST_TEXT},
	[XLSX_LIST_DATE] = {FONT_BODY, 10, false, LXW_ALIGN_LEFT, false, false, 0, 0, "yyyy-mm-dd", XLSX_LIST_TEXT},
	[XLSX_LIST_TIME] = {FONT_BODY, 10, false, LXW_ALIGN_LEFT, false, false, 0, 0, "yyyy-mm-dd hh:mm:ss", XLSX_LIST_TEXT},
	[XLSX_ABOUT_KEY] = {FONT_BODY, 10, true, LXW_ALIGN_LEFT, true, true, FILL_HEAD, 0, "@", XLSX_ABOUT_KEY},
	[XLSX_ABOUT_TEXT] = {FONT_BODY, 10, false, LXW_ALIGN_LEFT, true, true, 0, 0, "@", XLSX_ABOUT_TEXT},
	[XLSX_ABOUT_CODE] = {FONT_CODE, 9, false, LXW_ALIGN_LEFT, false, false, 0, 0, "@", XLSX_ABOUT_CODE},
};

static void announce_fd(XlsxBook *book);
static void free_library(void *arg);
static void check(lxw_error error);
static lxw_format *format_of(XlsxBook *book, XlsxStyle style);
static const char *put_text(XlsxBook *book, const char *text, int len,
							int row, int col);
static char *sheet_name(XlsxBook *book, const char *name);
static int	significant_digits(const char *digits);
static bytea *read_package(XlsxBook *book);
static void check_package(const unsigned char *data, size_t size, int64 cells,
						  int64 strings);

/*
 * Opens a book in a memory context of its own.
 */
XlsxBook *
aidcase_xlsx_open(bool constant_memory)
{
	lxw_workbook_options options = {0};
	MemoryContext context;
	MemoryContext old;
	XlsxBook   *book;
	char	   *path;
	char	   *tmpdir;
	char	   *slash;

	context = AllocSetContextCreate(CurrentMemoryContext, "aidcase workbook",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	book = palloc0(sizeof(XlsxBook));
	book->context = context;
	initStringInfo(&book->scratch);
	book->on_reset.func = free_library;
	book->on_reset.arg = book;
	MemoryContextRegisterResetCallback(context, &book->on_reset);

	book->constant_memory = constant_memory;
	while (book->fds < LIBRARY_FDS)
		announce_fd(book);

	PrepareTempTablespaces();	/* as temp_tablespaces says */
	book->file = OpenTemporaryFile(false);
	path = FilePathName(book->file);
	tmpdir = pstrdup(path);
	slash = strrchr(tmpdir, '/');
	if (slash != NULL)
		*slash = '\0';
	options.tmpdir = tmpdir;
	options.constant_memory = constant_memory;
	book->workbook = workbook_new_opt(path, &options);
	if (book->workbook == NULL)
		check(LXW_ERROR_MEMORY_MALLOC_FAILED);

	MemoryContextSwitchTo(old);
	return book;
}

/*
 * Announces a descriptor that the library is going to open.
 */
static void
announce_fd(XlsxBook *book)
{
	if (!AcquireExternalFD())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not open a workbook: too many open files in this session"),
				 errhint("End the session and connect again, or raise max_files_per_process.")));
	book->fds++;
}

/*
 * Reset callback: gives back what the library holds.  It runs on the way out
 * of errors too, so it must not raise one, and must not touch book->file.
 */
static void
free_library(void *arg)
{
	XlsxBook   *book = (XlsxBook *) arg;
	int			i;

	if (book->workbook != NULL)
	{
		/* lxw_workbook_free() forgets the scratch files of its sheets */
		for (i = 0; i < book->nsheets; i++)
		{
			if (book->sheets[i]->optimize_tmpfile != NULL)
				fclose(book->sheets[i]->optimize_tmpfile);
		}
		lxw_workbook_free(book->workbook);
		book->workbook = NULL;
	}
	while (book->fds > 0)
	{
		ReleaseExternalFD();
		book->fds--;
	}
}

/*
 * Raises an error of the library as ours.
 */
static void
check(lxw_error error)
{
	int			code;

	switch (error)
	{
		case LXW_NO_ERROR:
			return;
		case LXW_ERROR_MEMORY_MALLOC_FAILED:
			code = ERRCODE_OUT_OF_MEMORY;
			break;
		case LXW_ERROR_CREATING_XLSX_FILE:
		case LXW_ERROR_CREATING_TMPFILE:
		case LXW_ERROR_READING_TMPFILE:
		case LXW_ERROR_ZIP_FILE_OPERATION:
		case LXW_ERROR_ZIP_PARAMETER_ERROR:
		case LXW_ERROR_ZIP_BAD_ZIP_FILE:
		case LXW_ERROR_ZIP_INTERNAL_ERROR:
		case LXW_ERROR_ZIP_FILE_ADD:
		case LXW_ERROR_ZIP_CLOSE:
			code = ERRCODE_IO_ERROR;
			break;
		case LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED:
		case LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE:
		case LXW_ERROR_SHEETNAME_LENGTH_EXCEEDED:
			code = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
			break;
		default:
			code = ERRCODE_INTERNAL_ERROR;
			break;
	}
	ereport(ERROR,
			(errcode(code),
			 errmsg("could not write workbook: %s", lxw_strerror(error))));
}

/*
 * The library's format of a style.
 */
static lxw_format *
format_of(XlsxBook *book, XlsxStyle style)
{
	const StyleDef *def = &style_defs[style];
	lxw_format *format = book->formats[style];

	if (format != NULL)
		return format;

	format = workbook_add_format(book->workbook);
	if (format == NULL)
		check(LXW_ERROR_MEMORY_MALLOC_FAILED);
	format_set_font_name(format, def->font);
	format_set_font_size(format, def->size);
	if (def->bold)
		format_set_bold(format);
	if (def->align != LXW_ALIGN_NONE)
		format_set_align(format, def->align);
	format_set_align(format, LXW_ALIGN_VERTICAL_CENTER);
	if (style == XLSX_LIST_TEXT || style == XLSX_LIST_DATE ||
		style == XLSX_LIST_TIME)
		format_set_indent(format, 1);	/* away from the number before it */
	if (def->border)
		format_set_border(format, LXW_BORDER_THIN);
	if (def->wrap)
		format_set_text_wrap(format);
	if (def->fill != 0)
	{
		format_set_pattern(format, LXW_PATTERN_SOLID);
		format_set_fg_color(format, def->fill);
	}
	if (def->colour != 0)
		format_set_font_color(format, def->colour);
	if (def->number != NULL)
		format_set_num_format(format, def->number);

	book->formats[style] = format;
	return format;
}

/*
 * Puts a text into the book's scratch buffer as a spreadsheet can hold it:
 * UTF-8, control characters as their visible signs (U+2400...), characters
 * that XML forbids as U+FFFD, line ends as \n, and the spreadsheet's own
 * escape _xHHHH_ escaped.  A text that is too long is an error.
 */
static const char *
put_text(XlsxBook *book, const char *text, int len, int row, int col)
{
	const unsigned char *s;
	const unsigned char *end;
	const unsigned char *p;
	bool		clean = true;
	StringInfo	out = &book->scratch;

	if (GetDatabaseEncoding() != PG_UTF8)
	{
		text = pg_server_to_any(text, len, PG_UTF8);
		len = strlen(text);
	}
	s = (const unsigned char *) text;
	end = s + len;

	if (len > XLSX_MAX_TEXT)
	{
		int			units = 0;	/* of UTF-16, as spreadsheets count */

		for (p = s; p < end; p++)
		{
			if ((*p & 0xC0) != 0x80)
				units += (*p >= 0xF0) ? 2 : 1;
		}
		if (units > XLSX_MAX_TEXT)
		{
			char		cell[XLSX_CELL_NAME];

			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("text is too long for a cell of a workbook"),
					 errdetail("Cell %s (row %d, column %d of the sheet) would get %d characters; the limit is %d.",
							   aidcase_xlsx_cell_name(cell, row, col),
							   row + 1, col + 1, units, XLSX_MAX_TEXT),
					 errhint("Shorten the text in the query, for instance with left().")));
		}
	}

	for (p = s; p < end && clean; p++)
	{
		if (*p < 0x20)
			clean = (*p == '\n' || *p == '\t');
		else if (*p == '_')
			clean = (p + 1 == end || p[1] != 'x');
		else if (*p == 0xEF)
			clean = (end - p < 3 || p[1] != 0xBF || p[2] < 0xBE);
	}

	resetStringInfo(out);
	if (clean)
	{
		appendBinaryStringInfo(out, text, len);
		return out->data;
	}

	for (p = s; p < end; p++)
	{
		if (*p == '\r')
		{
			if (p + 1 < end && p[1] == '\n')
				continue;
			appendStringInfoChar(out, '\n');
		}
		else if (*p < 0x20 && *p != '\n' && *p != '\t')
		{
			/* U+2400 and up are pictures of the control characters */
			appendStringInfoChar(out, (char) 0xE2);
			appendStringInfoChar(out, (char) 0x90);
			appendStringInfoChar(out, (char) (0x80 + *p));
		}
		else if (*p == 0xEF && end - p >= 3 && p[1] == 0xBF && p[2] >= 0xBE)
		{
			appendBinaryStringInfo(out, "\xEF\xBF\xBD", 3);
			p += 2;
		}
		else if (*p == '_' && end - p >= 7 && p[1] == 'x' && p[6] == '_' &&
				 isxdigit(p[2]) && isxdigit(p[3]) &&
				 isxdigit(p[4]) && isxdigit(p[5]))
			appendStringInfoString(out, "_x005F_");
		else
			appendStringInfoCharMacro(out, (char) *p);
	}
	return out->data;
}

/*
 * Sets the document properties.
 */
void
aidcase_xlsx_properties(XlsxBook *book, const XlsxProperties *p)
{
	lxw_doc_properties properties = {0};
	MemoryContext old = MemoryContextSwitchTo(book->context);

#define PROPERTY(text) \
	((text) ? pstrdup(put_text(book, (text), strlen(text), 0, 0)) : NULL)

	properties.title = PROPERTY(p->title);
	properties.subject = PROPERTY(p->subject);
	properties.author = PROPERTY(p->author);
	properties.comments = PROPERTY(p->comments);
#undef PROPERTY

	/* the library takes 0 for "now" */
	properties.created = (p->created != 0) ? (time_t) p->created : 1;
	check(workbook_set_properties(book->workbook, &properties));
	MemoryContextSwitchTo(old);
}

/*
 * A sheet name that the library and spreadsheet programs accept: at most 31
 * characters, none of []:*?/\ or control characters, no apostrophe at either
 * end, not empty and not taken.
 */
static char *
sheet_name(XlsxBook *book, const char *name)
{
	StringInfoData out;
	const char *p;
	int			units = 0;

	p = put_text(book, name, strlen(name), 0, 0);
	initStringInfo(&out);
	while (*p)
	{
		int			n = pg_utf_mblen((const unsigned char *) p);

		units += (n == 4) ? 2 : 1;
		if (units > XLSX_MAX_NAME)
			break;
		if (n == 1 && (strchr("[]:*?/\\", *p) != NULL || *p < 0x20))
			appendStringInfoChar(&out, ' ');
		else if (n == 1 && *p == '\'')
			appendBinaryStringInfo(&out, "\xE2\x80\x99", 3);	/* U+2019 */
		else
			appendBinaryStringInfo(&out, p, n);
		p += n;
	}
	if (out.len == 0 ||
		workbook_validate_sheet_name(book->workbook, out.data) != LXW_NO_ERROR)
	{
		resetStringInfo(&out);
		appendStringInfo(&out, "Sheet%d", book->nsheets + 1);
	}
	return out.data;
}

/*
 * Adds a sheet.
 */
int
aidcase_xlsx_sheet(XlsxBook *book, const char *name)
{
	MemoryContext old = MemoryContextSwitchTo(book->context);
	lxw_worksheet *sheet;

	if (book->nsheets == XLSX_MAX_SHEETS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("workbook would have too many sheets"),
				 errdetail("A workbook has at most %d sheets.", XLSX_MAX_SHEETS),
				 errhint("Divide the rows by another column, or write several workbooks.")));
	if (book->constant_memory)
		announce_fd(book);
	sheet = workbook_add_worksheet(book->workbook, sheet_name(book, name));
	if (sheet == NULL)
		check(LXW_ERROR_CREATING_TMPFILE);
	worksheet_set_default_row(sheet, XLSX_ROW_HEIGHT, LXW_FALSE);
	book->sheets[book->nsheets] = sheet;
	MemoryContextSwitchTo(old);
	return book->nsheets++;
}

/*
 * Writes a text.  Whatever it looks like, it stays a text.
 */
void
aidcase_xlsx_text(XlsxBook *book, int sheet, int row, int col,
				  const char *text, int len, XlsxStyle style)
{
	book->cells++;
	check(worksheet_write_string(book->sheets[sheet], row, col,
								 put_text(book, text, len, row, col),
								 format_of(book, style)));
}

/*
 * Writes a number; the caller has made sure that it is exact enough.  What
 * is not finite would break the workbook and is written as text.
 */
void
aidcase_xlsx_number(XlsxBook *book, int sheet, int row, int col,
					double value, XlsxStyle style)
{
	if (!isfinite(value))
	{
		const char *text = isnan(value) ? "NaN" :
			value > 0 ? "Infinity" : "-Infinity";

		aidcase_xlsx_text(book, sheet, row, col, text, strlen(text),
						  style_defs[style].as_text);
		return;
	}
	book->cells++;
	check(worksheet_write_number(book->sheets[sheet], row, col, value,
								 format_of(book, style)));
}

/*
 * Number of significant digits of a decimal numeral as numeric_out() and
 * int8out() write it; INT_MAX when it is not a number.
 */
static int
significant_digits(const char *digits)
{
	int			seen = 0;
	int			significant = 0;
	const char *p;

	for (p = digits; *p; p++)
	{
		if (*p >= '0' && *p <= '9')
		{
			if (*p != '0' || seen > 0)
				seen++;
			if (*p != '0')
				significant = seen;
		}
		else if (*p != '.' && !(*p == '-' && p == digits))
			return INT_MAX;
	}
	return significant;
}

/*
 * Writes an exact decimal numeral as a number where a spreadsheet keeps all
 * of its digits, else as text; false = as text.
 */
bool
aidcase_xlsx_numeral(XlsxBook *book, int sheet, int row, int col,
					 const char *digits, XlsxStyle style)
{
	if (significant_digits(digits) > EXACT_DIGITS)
	{
		aidcase_xlsx_text(book, sheet, row, col, digits, strlen(digits),
						  style_defs[style].as_text);
		return false;
	}
	book->cells++;
	check(worksheet_write_number(book->sheets[sheet], row, col,
								 strtod(digits, NULL),
								 format_of(book, style)));
	return true;
}

/*
 * Writes a formula of ours with its value, exact decimal digits; a value
 * that a spreadsheet cannot hold is written as text instead.
 */
void
aidcase_xlsx_formula(XlsxBook *book, int sheet, int row, int col,
					 const char *formula, const char *digits, XlsxStyle style)
{
	if (significant_digits(digits) > EXACT_DIGITS)
	{
		aidcase_xlsx_text(book, sheet, row, col, digits, strlen(digits),
						  style_defs[style].as_text);
		return;
	}
	book->cells++;
	check(worksheet_write_formula_num(book->sheets[sheet], row, col, formula,
									  format_of(book, style),
									  strtod(digits, NULL)));
}

/*
 * Writes a truth value.
 */
void
aidcase_xlsx_boolean(XlsxBook *book, int sheet, int row, int col,
					 bool value, XlsxStyle style)
{
	book->cells++;
	check(worksheet_write_boolean(book->sheets[sheet], row, col, value,
								  format_of(book, style)));
}

/*
 * Writes an empty cell, for its border and fill.
 */
void
aidcase_xlsx_blank(XlsxBook *book, int sheet, int row, int col,
				   XlsxStyle style)
{
	book->cells++;
	check(worksheet_write_blank(book->sheets[sheet], row, col,
								format_of(book, style)));
}

/*
 * Writes a text into a range of merged cells; a range of one cell is fine.
 */
void
aidcase_xlsx_merge(XlsxBook *book, int sheet, int row, int col, int last_row,
				   int last_col, const char *text, XlsxStyle style)
{
	if (row == last_row && col == last_col)
	{
		aidcase_xlsx_text(book, sheet, row, col, text, strlen(text), style);
		return;
	}
	book->cells += (int64) (last_row - row + 1) * (last_col - col + 1);
	check(worksheet_merge_range(book->sheets[sheet], row, col,
								last_row, last_col,
								put_text(book, text, strlen(text), row, col),
								format_of(book, style)));
}

/*
 * Makes one cell of a range whose cells the caller writes.  The library's
 * function writes them itself, top to bottom, which constant-memory mode does
 * not allow for a range of several rows.
 */
void
aidcase_xlsx_join(XlsxBook *book, int sheet, int row, int col, int last_row,
				  int last_col)
{
	lxw_worksheet *ws = book->sheets[sheet];
	lxw_merged_range *range;

	if (row == last_row && col == last_col)
		return;
	range = calloc(1, sizeof(lxw_merged_range));	/* the library frees it */
	if (range == NULL)
		check(LXW_ERROR_MEMORY_MALLOC_FAILED);
	range->first_row = row;
	range->first_col = col;
	range->last_row = last_row;
	range->last_col = last_col;
	STAILQ_INSERT_TAIL(ws->merged_ranges, range, list_pointers);
	ws->merged_range_count++;
}

/*
 * Sets the width of a column, in characters of the default font.
 */
void
aidcase_xlsx_column_width(XlsxBook *book, int sheet, int col, double width)
{
	check(worksheet_set_column(book->sheets[sheet], col, col, width, NULL));
}

/*
 * Sets the height of a row, in points; in constant-memory mode before a
 * later row is written.
 */
void
aidcase_xlsx_row_height(XlsxBook *book, int sheet, int row, double height)
{
	check(worksheet_set_row(book->sheets[sheet], row, height, NULL));
}

/*
 * Keeps the rows above and the columns left of a cell in view.
 */
void
aidcase_xlsx_freeze(XlsxBook *book, int sheet, int row, int col)
{
	worksheet_freeze_panes(book->sheets[sheet], row, col);
}

/*
 * Puts filter buttons on the head row of a list.
 */
void
aidcase_xlsx_filter(XlsxBook *book, int sheet, int row, int col,
					int last_row, int last_col)
{
	check(worksheet_autofilter(book->sheets[sheet], row, col,
							   last_row, last_col));
}

/*
 * Sets up the pages: A4 or A3, as wide as the paper, numbered.
 */
void
aidcase_xlsx_print(XlsxBook *book, int sheet, const XlsxPrint *p)
{
	lxw_worksheet *ws = book->sheets[sheet];

	worksheet_set_paper(ws, p->a3 ? 8 : 9);
	if (p->landscape)
		worksheet_set_landscape(ws);
	else
		worksheet_set_portrait(ws);
	worksheet_set_margins(ws, 0.5, 0.5, 0.7, 0.7);
	worksheet_center_horizontally(ws);
	worksheet_fit_to_pages(ws, 1, p->pages_high);
	if (p->repeat_first >= 0)
		check(worksheet_repeat_rows(ws, p->repeat_first, p->repeat_last));
	check(worksheet_print_area(ws, 0, 0, p->last_row, p->last_col));
	if (p->mark != NULL)
	{
		char	   *header = psprintf("&R%s", p->mark);

		check(worksheet_set_header(ws, header));
		pfree(header);
	}
	check(worksheet_set_footer(ws, p->english ? "&CPage &P of &N" :
							   "&C第 &P 页 共 &N 页"));
}

/*
 * Puts a chart on a sheet, its upper left corner in column A of a row.
 */
void
aidcase_xlsx_chart(XlsxBook *book, int sheet, int row, const XlsxChart *def)
{
	static const uint8_t kinds[] = {
		[XLSX_CHART_COLUMN] = LXW_CHART_COLUMN,
		[XLSX_CHART_LINE] = LXW_CHART_LINE,
		[XLSX_CHART_PIE] = LXW_CHART_PIE
	};
	const char *data = book->sheets[def->data_sheet]->name;
	lxw_chart_options options = {0};
	lxw_chart_font title_font = {0};
	lxw_chart  *chart;
	int			i;

	chart = workbook_add_chart(book->workbook, kinds[def->kind]);
	if (chart == NULL)
		check(LXW_ERROR_MEMORY_MALLOC_FAILED);
	chart_title_set_name(chart, put_text(book, def->title,
										 strlen(def->title), row, 0));
	title_font.size = 14;
	title_font.bold = LXW_TRUE;
	chart_title_set_name_font(chart, &title_font);

	for (i = 0; i < def->nvalues; i++)
	{
		lxw_chart_series *series = chart_add_series(chart, NULL, NULL);
		const char *name = def->value_names[i];

		if (series == NULL)
			check(LXW_ERROR_MEMORY_MALLOC_FAILED);
		chart_series_set_categories(series, data, def->first_row,
									def->category_col, def->last_row,
									def->category_col);
		chart_series_set_values(series, data, def->first_row,
								def->value_cols[i], def->last_row,
								def->value_cols[i]);
		chart_series_set_name(series, put_text(book, name, strlen(name),
											   row, 0));
		if (def->kind == XLSX_CHART_PIE)
		{
			chart_series_set_labels(series);
			chart_series_set_labels_options(series, LXW_FALSE, LXW_FALSE,
											LXW_FALSE);
			chart_series_set_labels_percentage(series);
		}
		else if (def->kind == XLSX_CHART_LINE)
			chart_series_set_marker_type(series, LXW_CHART_MARKER_CIRCLE);
	}
	chart_legend_set_position(chart, LXW_CHART_LEGEND_BOTTOM);
	if (def->kind != XLSX_CHART_PIE)
	{
		/* long names of places leave room for the picture */
		lxw_chart_font name_font = {0};

		name_font.size = 8;
		chart_axis_set_num_font(chart->x_axis, &name_font);
	}

	/* the library's default size is 480 by 288 */
	options.x_scale = CHART_WIDTH / 480.0;
	options.y_scale = CHART_HEIGHT / 288.0;
	options.object_position = LXW_OBJECT_MOVE_DONT_SIZE;
	check(worksheet_insert_chart_opt(book->sheets[sheet], row, 0, chart,
									 &options));
}

/*
 * Reads the package back from its temporary file.
 */
static bytea *
read_package(XlsxBook *book)
{
	off_t		size = FileSize(book->file);
	bytea	   *result;
	off_t		done = 0;

	if (size < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not determine the size of temporary file \"%s\": %m",
						FilePathName(book->file))));
	if (size > (off_t) (MaxAllocSize - VARHDRSZ))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("workbook is too large"),
				 errdetail("It has %lld bytes; a value of type bytea holds at most 1 GB.",
						   (long long) size),
				 errhint("Write several workbooks, each with a part of the rows.")));

	result = palloc(VARHDRSZ + size);
	SET_VARSIZE(result, VARHDRSZ + size);
	while (done < size)
	{
		int			n = FileRead(book->file, VARDATA(result) + done,
								 Min(size - done, 1024 * 1024), done,
								 WAIT_EVENT_BUFFILE_READ);

		if (n <= 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read temporary file \"%s\": %m",
							FilePathName(book->file))));
		done += n;
		CHECK_FOR_INTERRUPTS();
	}
	return result;
}

/*
 * Little-endian numbers of a zip directory.
 */
static uint32
zip_u16(const unsigned char *p)
{
	return (uint32) p[0] | ((uint32) p[1] << 8);
}

static uint32
zip_u32(const unsigned char *p)
{
	return zip_u16(p) | (zip_u16(p + 2) << 16);
}

/* Where a scan of XML stands. */
typedef struct XmlScan
{
	enum
	{
		IN_TEXT,
		AFTER_ANGLE,			/* behind "<" */
		IN_NAME,				/* behind the first letter of a name */
		IN_TAG
	}			state;
	bool		closing;		/* of the tag it is in: </ ... > */
	bool		declaration;	/* <? ... > */
	unsigned char first;		/* first letter of the name */
	unsigned char previous;		/* byte before the present one */
	int64		depth;			/* open elements */
	int64		cells;			/* elements <c ...> */
	int64		strings;		/* elements <si> */
} XmlScan;

/*
 * Takes the next piece of a part into a scan.  In what the library writes,
 * "<" and ">" stand for tags only, everything else is escaped.
 */
static void
scan_xml(XmlScan *scan, const unsigned char *p, size_t n)
{
	const unsigned char *end = p + n;
	const unsigned char *found;

	while (p < end)
	{
		switch (scan->state)
		{
			case IN_TEXT:
				p = memchr(p, '<', end - p);
				if (p == NULL)
					return;
				scan->state = AFTER_ANGLE;
				p++;
				break;

			case AFTER_ANGLE:
				scan->first = *p;
				scan->closing = (*p == '/');
				scan->declaration = (*p == '?');
				scan->previous = *p++;
				scan->state = IN_NAME;
				break;

			case IN_NAME:
				if (scan->first == 'c' && *p == ' ')
					scan->cells++;
				else if (scan->first == 's' && *p == 'i')
					scan->strings++;
				scan->state = IN_TAG;
				break;

			case IN_TAG:
				found = memchr(p, '>', end - p);
				if (found == NULL)
				{
					scan->previous = end[-1];
					return;
				}
				if (found > p)
					scan->previous = found[-1];
				if (scan->closing)
					scan->depth--;
				else if (!scan->declaration && scan->previous != '/')
					scan->depth++;
				scan->state = IN_TEXT;
				p = found + 1;
				break;
		}
	}
}

/*
 * Does a part of the package unpack to its full length, with every element
 * closed?  Adds its cells and shared strings to the counts.
 */
static bool
part_is_whole(const unsigned char *data, uint32 packed, uint32 unpacked,
			  int64 *cells, int64 *strings)
{
	unsigned char buffer[32 * 1024];
	z_stream	stream = {0};
	XmlScan		scan = {0};
	uint64		total = 0;
	int			result;

	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		check(LXW_ERROR_MEMORY_MALLOC_FAILED);
	stream.next_in = unconstify(unsigned char *, data);
	stream.avail_in = packed;
	do
	{
		size_t		n;

		stream.next_out = buffer;
		stream.avail_out = sizeof(buffer);
		result = inflate(&stream, Z_NO_FLUSH);
		n = sizeof(buffer) - stream.avail_out;
		total += n;
		scan_xml(&scan, buffer, n);
	} while (result == Z_OK);
	inflateEnd(&stream);

	*cells += scan.cells;
	*strings += scan.strings;
	return result == Z_STREAM_END && total == unpacked &&
		scan.state == IN_TEXT && scan.depth == 0;
}

/*
 * Looks at every part of the package; errors when something is missing.
 */
static void
check_package(const unsigned char *data, size_t size, int64 cells,
			  int64 strings)
{
	const size_t end_size = 22; /* end-of-directory record, no comment */
	size_t		at;
	uint32		parts;
	bool		whole = false;
	int64		found_cells = 0;
	int64		found_strings = 0;

	if (size > end_size && zip_u32(data + size - end_size) == 0x06054b50)
	{
		parts = zip_u16(data + size - end_size + 10);
		at = zip_u32(data + size - end_size + 16);
		whole = parts > 0;
		while (whole && parts-- > 0)
		{
			uint32		local;
			size_t		begin;
			uint32		packed;

			whole = false;
			if (at + 46 > size || zip_u32(data + at) != 0x02014b50)
				break;
			packed = zip_u32(data + at + 20);
			local = zip_u32(data + at + 42);
			if ((size_t) local + 30 > size)
				break;
			begin = (size_t) local + 30 + zip_u16(data + local + 26) +
				zip_u16(data + local + 28);
			if (begin + packed > size)
				break;
			whole = part_is_whole(data + begin, packed,
								  zip_u32(data + at + 24),
								  &found_cells, &found_strings);
			at += 46 + zip_u16(data + at + 28) + zip_u16(data + at + 30) +
				zip_u16(data + at + 32);
			CHECK_FOR_INTERRUPTS();
		}
	}
	if (!whole || found_cells != cells || found_strings != strings)
		ereport(ERROR,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg("could not write workbook: a part of it is not complete"),
				 errdetail("It has %lld of %lld cells.",
						   (long long) found_cells, (long long) cells),
				 errhint("Check for sufficient space in the directory of temporary files.")));
}

/*
 * Assembles the package, frees the book, and returns the bytes in the
 * caller's memory context.
 */
bytea *
aidcase_xlsx_close(XlsxBook *book)
{
	lxw_workbook *workbook = book->workbook;
	lxw_error	error;
	int64		strings;
	bytea	   *result;
	int			i;

	for (i = 0; i < book->nsheets; i++)
	{
		FILE	   *scratch = book->sheets[i]->optimize_tmpfile;

		errno = 0;
		if (scratch != NULL && (fflush(scratch) != 0 || ferror(scratch)))
		{
			/* if write didn't set errno, assume problem is no disk space */
			if (errno == 0)
				errno = ENOSPC;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write temporary file of a workbook: %m")));
		}
	}

	strings = workbook->sst->unique_count;

	/* the library frees the workbook whether it succeeds or not */
	book->workbook = NULL;
	error = workbook_close(workbook);
	if (error != LXW_NO_ERROR)
	{
		/*
		 * It may have left scratch files open.  They stay counted, so that
		 * this session is refused rather than run out of descriptors.
		 */
		book->fds = 0;
		check(error);
	}

	result = read_package(book);
	check_package((unsigned char *) VARDATA(result), VARSIZE(result) - VARHDRSZ,
				  book->cells, strings);
	FileClose(book->file);
	MemoryContextDelete(book->context);
	return result;
}

/*
 * Name of a cell such as C17.
 */
char *
aidcase_xlsx_cell_name(char *buf, int row, int col)
{
	StaticAssertStmt(XLSX_CELL_NAME >= LXW_MAX_CELL_NAME_LENGTH,
					 "buffer for cell names is too small");
	lxw_rowcol_to_cell(buf, row, col);
	return buf;
}

/*
 * Width of the longest line of a text, wide characters counting two.
 */
int
aidcase_xlsx_width(const char *text, int len)
{
	const char *p = text;
	const char *end = text + len;
	int			encoding = GetDatabaseEncoding();
	int			line = 0;
	int			widest = 0;

	while (p < end)
	{
		if (*p == '\n')
			line = 0;
		else if (!IS_HIGHBIT_SET(*p))
			line++;
		else
			line += Max(pg_encoding_dsplen(encoding, p), 0);
		widest = Max(widest, line);
		p += pg_mblen(p);
	}
	return widest;
}
