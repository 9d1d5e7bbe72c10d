/*-------------------------------------------------------------------------
 *
 * entry_text.h
 *		The parts of an entry's text (LEDGER.md), without parsing all of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_ENTRY_TEXT_H
#define AIDCASE_ENTRY_TEXT_H

/* The parts of an entry's text; see LEDGER.md. */
typedef struct EntryParts
{
	int64		number;
	int64		xid;
	int64		shape_no;		/* 0 for events */
	int64		supersedes;		/* 0 when none */
	bool		has_image;
	const char *value;			/* element 7 */
	Size		value_length;
} EntryParts;

/* Reads the parts of a text; false when it has another form. */
extern bool aidcase_entry_parse(const char *text, Size length,
								EntryParts *parts);

/*
 * The elements of a JSON array as our encoder writes it: from *p, which
 * stands behind the bracket or a comma, to the next comma or bracket of the
 * same depth.  Returns false at the end.
 */
extern bool aidcase_entry_element(const char **p, const char *end,
								  const char **start, Size *length);

#endif							/* AIDCASE_ENTRY_TEXT_H */
