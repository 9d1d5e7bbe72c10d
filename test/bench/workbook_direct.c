/*
 * workbook_direct.c ROWS FILE
 *		The list of workbook.pl, written with libxlsxwriter and nothing else:
 *		what xlsx() is measured against.
 *
 * Same cells, formats and mode (constant memory).  Prints the seconds that it
 * took, those of the processor, and the peak of its resident memory in kB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <xlsxwriter.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static lxw_format *
make(lxw_workbook *book, const char *number, int indent)
{
	lxw_format *format = workbook_add_format(book);

	format_set_font_name(format, "宋体");
	format_set_font_size(format, 10);
	format_set_align(format, LXW_ALIGN_VERTICAL_CENTER);
	if (indent)
	{
		format_set_align(format, LXW_ALIGN_LEFT);
		format_set_indent(format, 1);
	}
	format_set_num_format(format, number);
	return format;
}

int
main(int argc, char **argv)
{
	static const char *const heads[] = {"id", "case_no", "place", "name",
		"programme", "persons", "month", "base", "addon", "amount",
	"account", "done"};
	lxw_workbook_options options = {.constant_memory = 1};
	int			rows = argc > 2 ? atoi(argv[1]) : 0;
	double		started = now();
	lxw_workbook *book;
	lxw_worksheet *sheet;
	lxw_format *text;
	lxw_format *whole;
	lxw_format *money;
	lxw_format *date;
	struct rusage usage;

	if (rows <= 0 || (book = workbook_new_opt(argv[2], &options)) == NULL)
		return 1;
	sheet = workbook_add_worksheet(book, "数据");
	text = make(book, "@", 1);
	whole = make(book, "0", 0);
	money = make(book, "#,##0.00", 0);
	date = make(book, "yyyy-mm-dd", 1);
	for (int c = 0; c < 12; c++)
		worksheet_write_string(sheet, 0, c, heads[c], text);
	for (int i = 1; i <= rows; i++)
	{
		char		buffer[64];

		worksheet_write_number(sheet, i, 0, i, whole);
		snprintf(buffer, sizeof(buffer), "3407052021%06d", i);
		worksheet_write_string(sheet, i, 1, buffer, text);
		snprintf(buffer, sizeof(buffer), "西湖镇第%d村", i % 40);
		worksheet_write_string(sheet, i, 2, buffer, text);
		snprintf(buffer, sizeof(buffer), "户主%d", i);
		worksheet_write_string(sheet, i, 3, buffer, text);
		worksheet_write_string(sheet, i, 4, "最低生活保障", text);
		worksheet_write_number(sheet, i, 5, i % 5 + 1, whole);
		worksheet_write_number(sheet, i, 6, 44197 + i % 28, date);
		worksheet_write_number(sheet, i, 7, i % 90000 / 100.0, money);
		worksheet_write_number(sheet, i, 8, i % 7000 / 100.0, money);
		worksheet_write_number(sheet, i, 9, (i % 90000 + i % 7000) / 100.0, money);
		snprintf(buffer, sizeof(buffer), "6217000000000%06d", i);
		worksheet_write_string(sheet, i, 10, buffer, text);
		worksheet_write_boolean(sheet, i, 11, i % 2, whole);
	}
	if (workbook_close(book) != LXW_NO_ERROR)
		return 1;
	getrusage(RUSAGE_SELF, &usage);
	printf("%.3f %.3f %ld\n", now() - started,
		   usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6 +
		   usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6,
		   usage.ru_maxrss);
	return 0;
}
