/*-------------------------------------------------------------------------
 *
 * xlsx.h
 *		Writing a workbook, without a type of libxlsxwriter in sight.
 *
 * Rows and columns count from 0.  Text is in the database's encoding.
 * Every function raises an error instead of returning one; a book that is
 * left behind by an error is freed with its memory context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_XLSX_H
#define AIDCASE_XLSX_H

/* A book being written; opaque. */
typedef struct XlsxBook XlsxBook;

/* How a cell looks. */
typedef enum XlsxStyle
{
	/* statutory table */
	XLSX_TITLE,
	XLSX_SUBTITLE,
	XLSX_MARK,					/* rehearsal */
	XLSX_LINE_LEFT,				/* line above the heads */
	XLSX_LINE_CENTRE,
	XLSX_LINE_RIGHT,
	XLSX_HEAD,
	XLSX_BODY_TEXT,
	XLSX_BODY_ID,
	XLSX_BODY_INT,
	XLSX_BODY_MONEY,
	XLSX_BODY_PERCENT,
	XLSX_BODY_DATE,
	XLSX_BODY_TIME,
	XLSX_TOTAL_TEXT,
	XLSX_TOTAL_INT,
	XLSX_TOTAL_MONEY,
	XLSX_TOTAL_PERCENT,
	XLSX_NOTE,
	XLSX_SIGNATURE,
	/* plain list */
	XLSX_LIST_HEAD,
	XLSX_LIST_TEXT,
	XLSX_LIST_NUMBER,
	XLSX_LIST_INT,
	XLSX_LIST_MONEY,
	XLSX_LIST_DATE,
	XLSX_LIST_TIME,
	/* sheet that says where the figures are from */
	XLSX_ABOUT_KEY,
	XLSX_ABOUT_TEXT,
	XLSX_ABOUT_CODE,
	XLSX_STYLES					/* number of styles */
} XlsxStyle;

typedef enum XlsxChartKind
{
	XLSX_CHART_COLUMN,
	XLSX_CHART_LINE,
	XLSX_CHART_PIE
} XlsxChartKind;

/* Document properties, all optional but created. */
typedef struct XlsxProperties
{
	const char *title;
	const char *subject;
	const char *author;
	const char *comments;
	int64		created;		/* seconds since 1970-01-01 00:00 UTC */
} XlsxProperties;

/* How a sheet is printed. */
typedef struct XlsxPrint
{
	bool		landscape;
	int			repeat_first;	/* rows repeated on each page, or -1 */
	int			repeat_last;
	int			last_row;		/* print area begins at 0, 0 */
	int			last_col;
	bool		a3;				/* A3 instead of A4 */
	int			pages_high;		/* fit into so many pages; 0 = as needed */
	const char *mark;			/* shown in the page header, or NULL */
	bool		english;		/* language of the page numbers */
} XlsxPrint;

/* One chart over rows of a data sheet. */
typedef struct XlsxChart
{
	XlsxChartKind kind;
	const char *title;
	int			data_sheet;
	int			first_row;
	int			last_row;
	int			category_col;
	int			nvalues;
	const int  *value_cols;
	const char *const *value_names;
} XlsxChart;

/* Rows and columns that a worksheet can have, characters in a cell. */
#define XLSX_MAX_ROWS	1048576
#define XLSX_MAX_COLS	16384
#define XLSX_MAX_TEXT	32767
#define XLSX_MAX_NAME	31

/* Sheets of a book at most; each holds an open file in constant memory. */
#define XLSX_MAX_SHEETS	64

/* Height of a row where none is set, in points. */
#define XLSX_ROW_HEIGHT	18

/*
 * Opens a book.  With constant_memory the cells of a sheet must be written
 * row by row from the top; cells merged over several rows are written one by
 * one and joined.  Memory does not grow with the rows then.
 */
extern XlsxBook *aidcase_xlsx_open(bool constant_memory);
extern void aidcase_xlsx_properties(XlsxBook *book, const XlsxProperties *p);

/* Adds a sheet and returns its number; the name is cleaned and shortened. */
extern int	aidcase_xlsx_sheet(XlsxBook *book, const char *name);

/* Cells. */
extern void aidcase_xlsx_text(XlsxBook *book, int sheet, int row, int col,
							  const char *text, int len, XlsxStyle style);
extern void aidcase_xlsx_number(XlsxBook *book, int sheet, int row, int col,
								double value, XlsxStyle style);
extern bool aidcase_xlsx_numeral(XlsxBook *book, int sheet, int row, int col,
								 const char *digits, XlsxStyle style);
extern void aidcase_xlsx_formula(XlsxBook *book, int sheet, int row, int col,
								 const char *formula, const char *digits,
								 XlsxStyle style);
extern void aidcase_xlsx_boolean(XlsxBook *book, int sheet, int row, int col,
								 bool value, XlsxStyle style);
extern void aidcase_xlsx_blank(XlsxBook *book, int sheet, int row, int col,
							   XlsxStyle style);
extern void aidcase_xlsx_merge(XlsxBook *book, int sheet, int row, int col,
							   int last_row, int last_col, const char *text,
							   XlsxStyle style);

/*
 * Makes one cell of cells that are written already or will be; of a range of
 * several rows in constant-memory mode, too.
 */
extern void aidcase_xlsx_join(XlsxBook *book, int sheet, int row, int col,
							  int last_row, int last_col);

/* Whole sheets. */
extern void aidcase_xlsx_column_width(XlsxBook *book, int sheet, int col,
									  double width);
extern void aidcase_xlsx_row_height(XlsxBook *book, int sheet, int row,
									double height);
extern void aidcase_xlsx_freeze(XlsxBook *book, int sheet, int row, int col);
extern void aidcase_xlsx_filter(XlsxBook *book, int sheet, int row, int col,
								int last_row, int last_col);
extern void aidcase_xlsx_print(XlsxBook *book, int sheet, const XlsxPrint *p);
extern void aidcase_xlsx_chart(XlsxBook *book, int sheet, int row,
							   const XlsxChart *chart);

/* Assembles the file, frees the book and returns the bytes. */
extern bytea *aidcase_xlsx_close(XlsxBook *book);

/* Name of a cell such as C17; buf has XLSX_CELL_NAME bytes. */
#define XLSX_CELL_NAME	32
extern char *aidcase_xlsx_cell_name(char *buf, int row, int col);

/* Columns of a fixed-width screen that the longest line of a text takes. */
extern int	aidcase_xlsx_width(const char *text, int len);

#endif							/* AIDCASE_XLSX_H */
