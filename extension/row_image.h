/*-------------------------------------------------------------------------
 *
 * row_image.h
 *		Canonical JSON text of column values and of whole rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_ROW_IMAGE_H
#define AIDCASE_ROW_IMAGE_H

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

/* The types that an image can hold; the list is closed. */
typedef enum ImageKind
{
	IMAGE_NONE,					/* no type of the list */
	IMAGE_BOOL,
	IMAGE_INT2,
	IMAGE_INT4,
	IMAGE_INT8,
	IMAGE_NUMERIC,
	IMAGE_TEXT,
	IMAGE_DATE,
	IMAGE_TIMESTAMPTZ,
	IMAGE_INTERVAL,
	IMAGE_DATERANGE,
	IMAGE_JSONB,
	IMAGE_BYTEA,
	IMAGE_UUID,
	IMAGE_CITIZEN_ID,
	IMAGE_TEXT_ARRAY,
	IMAGE_INT8_ARRAY,
	IMAGE_DATE_ARRAY,
	IMAGE_BYTEA_ARRAY
} ImageKind;

/* A column of a table, as the encoder sees it. */
typedef struct ImageColumn
{
	AttrNumber	attnum;			/* where its value stands */
	ImageKind	kind;			/* how it is written */
	NameData	name;			/* for messages */
} ImageColumn;

/* How rows of one shape are written; one piece of memory. */
typedef struct RowImage
{
	char	   *columns;		/* the shape: [["name","type",key],...] */
	int			ncolumns;
	ImageColumn column[FLEXIBLE_ARRAY_MEMBER];
} RowImage;

/*
 * The encoder for rows of a descriptor, in the current memory context; error
 * with all columns of types outside the list.  key lists the attribute numbers
 * of the primary key, for the shape; table is for the message.
 */
extern RowImage *aidcase_image_make(TupleDesc desc, const List *key,
									const char *table);

/*
 * Appends to faults a line for each column whose type is outside the list;
 * returns their number.
 */
extern int	aidcase_image_faults(TupleDesc desc, StringInfo faults);

/*
 * Appends one value, which is not NULL, or a whole row: values and nulls are
 * by attribute, as a slot or heap_deform_tuple() gives them.  What the
 * encoder allocates on the way stays in the current memory context.
 */
extern void aidcase_image_value(StringInfo out, const ImageColumn *column,
								Datum value);
extern void aidcase_image_row(StringInfo out, const RowImage *image,
							  const Datum *values, const bool *nulls);

/* Is the column part of its row's image? */
extern bool aidcase_has_image(Form_pg_attribute att);

/* Pieces of the same notation, for what stands around an image. */
extern void aidcase_json_int64(StringInfo out, int64 value);
extern void aidcase_json_string(StringInfo out, const char *text, Size length);
extern void aidcase_json_instant(StringInfo out, TimestampTz at);

#endif							/* AIDCASE_ROW_IMAGE_H */
