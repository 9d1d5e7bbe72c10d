/*-------------------------------------------------------------------------
 *
 * report_rows.h
 *		What forms (report.c) and lists (report_list.c) share: running the
 *		query and writing its rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_REPORT_ROWS_H
#define AIDCASE_REPORT_ROWS_H

#include "fmgr.h"
#include "tcop/dest.h"
#include "utils/numeric.h"

#include "aidcase.h"
#include "xlsx.h"

/* Rows of a form with charts, which is kept in memory as a whole. */
#define FORM_MAX_ROWS	50000

/*
 * Widths of columns, in characters.  Heads are wrapped; a table with many
 * columns is made as narrow as its figures allow, to be read on A4.
 */
#define MIN_WIDTH		6
#define MAX_HEAD_WIDTH	14
#define MAX_WIDTH		50
#define MANY_COLUMNS	12
#define MANY_HEAD_WIDTH	6

/* Height of one line of text in a cell, in points. */
#define LINE_HEIGHT		14

/* Name of the last sheet, which says where the figures are from. */
#define ABOUT_SHEET		"说明 About"

/* What a rehearsal's pages are marked with. */
#define REHEARSAL_MARK	"演练 Rehearsal"

/* How a value becomes a cell. */
typedef enum CellKind
{
	CELL_OUTPUT,				/* text, by the type's output function */
	CELL_TEXT,					/* text, as it is */
	CELL_INT,					/* int2, int4, int8 */
	CELL_NUMERIC,
	CELL_FLOAT,
	CELL_BOOLEAN,
	CELL_YES_NO,				/* boolean, as a word */
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
	bool		english;		/* words of ours in English */
} Column;

/* Receives the rows of the query and writes them. */
typedef struct RowWriter
{
	DestReceiver pub;
	void		(*begin) (struct RowWriter *writer, TupleDesc desc);
	void		(*finish) (struct RowWriter *writer);
	XlsxBook   *book;
	int			sheet;
	TupleDesc	desc;			/* shape of the rows */
	const char *split;			/* column whose values have a sheet each, or NULL */
	int			split_col;		/* its number */
	FmgrInfo	split_output;
	char	   *split_value;	/* value of the present sheet, or NULL */
	List	   *split_values;	/* of all sheets so far */
	bool		begun;			/* there is a sheet */
	int64		all_rows;		/* on the sheets that are finished */
	int			first_row;		/* first row of data */
	int			next_row;
	int			max_rows;		/* error beyond this many */
	const char *too_long;		/* what to do then */
	int64		rows;			/* on the present sheet */
	int			row_lines;		/* lines of the tallest cell of the row */
	int			ncolumns;
	Column	   *columns;
	MemoryContext row_context;	/* reset after each row */
	MemoryContext total_context;	/* running totals */
	void	   *form;			/* the Report or ListOptions */
} RowWriter;

/* What the last sheet says where no known_at was given. */
#define ABOUT_NOW		"未指定，按生成时的登记内容 / not given: as recorded when it was made"

/* The register's name, area and time zone; for aidcase_look_up(). */
extern KeptPlan aidcase_register_plan;

/* The last checkpoint not later than a point in time, or NULL for now. */
extern KeptPlan aidcase_checkpoint_plan;

/*
 * Runs a query with the caller's rights in a read-only subtransaction and
 * sends its rows to dest; must_check takes only a single SELECT.
 */
extern void aidcase_run_read_only(const char *query, int nargs, Oid *argtypes,
								  Datum *values, bool *nulls, bool must_check,
								  DestReceiver *dest);

/*
 * Prepares a writer.  begin is called with the shape of the rows and makes a
 * sheet; it sets sheet, ncolumns, columns, first_row, next_row, max_rows and
 * too_long.  finish is called when its rows are written.  Both are called
 * once, or for each value of the column "split", whose rows must stand
 * together.
 */
extern void aidcase_init_writer(RowWriter *writer, XlsxBook *book,
								void (*begin) (RowWriter *, TupleDesc),
								void (*finish) (RowWriter *), void *form);

/* Finishes the last sheet, when the query has run. */
extern void aidcase_finish_rows(RowWriter *writer);

/*
 * What personal data are read in bulk for: aidcase.reading_purpose(), which
 * refuses without a purpose and where it cannot be kept.
 */
extern void aidcase_reading_purpose(const char *what, const char *purpose);

/* Records that they were, with the hash of the file that was made of them. */
extern void aidcase_note_reading(const char *what, const char *purpose,
								 int64 rows, const char *period, bytea *file);

/* Width of a number with its thousands separators. */
extern int	aidcase_number_width(const char *digits);

/* Turns the widths that the cells had into those of the columns. */
extern void aidcase_set_widths(RowWriter *writer);

/* Lines that a head takes in a column of this width. */
extern int	aidcase_head_lines(const char *zh, const char *en, int width);

/* Next line of a text, palloc'd; moves *list on, NULL at its end. */
extern char *aidcase_next_line(const char **list);

/* Runs a kept plan and stays in the present memory context. */
extern uint64 aidcase_look_up(KeptPlan *plan, Datum *values,
							  const char *nulls, long limit);

/* A value of the last result as text, palloc'd; NULL for null. */
extern char *aidcase_field(int row, int col);

/* Lines of the last sheet; about_query finishes it. */
extern void aidcase_about_line(XlsxBook *book, int sheet, int *row,
							   const char *key, const char *value);
extern void aidcase_about_query(XlsxBook *book, int sheet, int row,
								const char *query, bool rehearsal);

#endif							/* AIDCASE_REPORT_ROWS_H */
