/*-------------------------------------------------------------------------
 *
 * verify_rows.c
 *		verify_register(): rows against the images of their entries, and what
 *		SQL finds.
 *
 * verify.c explains the passes; these are the third and the fourth.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "aidcase.h"
#include "compat.h"
#include "entry_text.h"
#include "row_image.h"
#include "verify.h"

/* Receives the rows of one table. */
typedef struct RowReceiver
{
	DestReceiver pub;
	Verification *v;
} RowReceiver;

static const Shape *get_shape(Verification *v, int64 shape_no);
static void verify_table(Verification *v, const char *relation, Oid relid);
static bool receive_row(TupleTableSlot *slot, DestReceiver *self);
static bool images_agree(Verification *v, const Shape *shape,
						 const EntryParts *parts, const char *image,
						 Size length);
static const char *row_key(Verification *v, Datum ctid);
static void missing_rows(Verification *v);

/*
 * A shape, read once.
 */
static const Shape *
get_shape(Verification *v, int64 shape_no)
{
	bool		found;
	Shape	   *shape = hash_search(v->shapes, &shape_no, HASH_ENTER, &found);

	if (!found)
	{
		Oid			type = INT8OID;
		Datum		value = Int64GetDatum(shape_no);

		shape->relation = NULL;
		shape->columns = NULL;
		SPI_connect();
		if (aidcase_read("SELECT s.relation, s.columns FROM aidcase.ledger_shape AS s"
						 " WHERE s.shape_no OPERATOR(pg_catalog.=) $1",
						 1, &type, &value, NULL, NULL) == 1)
		{
			MemoryContext former = MemoryContextSwitchTo(v->context);

			shape->relation = SPI_getvalue(SPI_tuptable->vals[0],
										   SPI_tuptable->tupdesc, 1);
			shape->columns = SPI_getvalue(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 2);
			MemoryContextSwitchTo(former);
		}
		SPI_finish();
	}
	return shape;
}

/*
 * Do an entry's image and a row's say the same?  Columns are matched by name
 * when the table has another shape now: one that was added since must hold
 * NULL or its default, as no entry records it.
 */
static bool
images_agree(Verification *v, const Shape *shape, const EntryParts *parts,
			 const char *image, Size length)
{
	const char *now = image + 1;
	int			i;

	if (parts->value_length == length &&
		memcmp(parts->value, image, length) == 0)
		return true;

	for (i = 0; i < v->nnames; i++)
	{
		const char *then = parts->value + 1;
		const char *columns = shape->columns + 1;
		const char *columns_end = shape->columns + strlen(shape->columns);
		const char *value;
		const char *former;
		const char *column;
		Size		value_length;
		Size		former_length;
		Size		column_length;
		bool		found = false;

		if (!aidcase_entry_element(&now, image + length, &value, &value_length))
			return false;
		while (aidcase_entry_element(&columns, columns_end, &column, &column_length) &&
			   aidcase_entry_element(&then, parts->value + parts->value_length,
							&former, &former_length))
		{
			const char *name = column + 1;
			const char *name_start;
			Size		name_length;

			if (!aidcase_entry_element(&name, column + column_length, &name_start,
							  &name_length) ||
				name_length != strlen(v->names[i]) ||
				memcmp(name_start, v->names[i], name_length) != 0)
				continue;
			found = true;
			if (former_length != value_length ||
				memcmp(former, value, value_length) != 0)
				return false;
			break;
		}
		if (!found && !(value_length == 4 && memcmp(value, "null", 4) == 0))
		{
			/* an added column: any value but its default is a change */
			Oid			types[2] = {TEXTOID, TEXTOID};
			Datum		values[2];
			bool		same;

			SPI_connect();
			values[0] = CStringGetTextDatum(v->relation);
			values[1] = PointerGetDatum(cstring_to_text_with_len(v->names[i] + 1,
																 (int) strlen(v->names[i]) - 2));
			same = aidcase_read("SELECT FROM pg_catalog.pg_attrdef AS d"
								"  JOIN pg_catalog.pg_attribute AS a"
								"    ON a.attrelid OPERATOR(pg_catalog.=) d.adrelid"
								"   AND a.attnum OPERATOR(pg_catalog.=) d.adnum"
								" WHERE d.adrelid OPERATOR(pg_catalog.=)"
								"       pg_catalog.format('aidcase.%I', $1)::pg_catalog.regclass"
								"   AND a.attname OPERATOR(pg_catalog.=) $2::pg_catalog.name",
								2, types, values, NULL, NULL) == 1;
			SPI_finish();
			if (!same)
				return false;
		}
	}
	return true;
}

/*
 * The primary key of a row, as a JSON array.
 */
static const char *
row_key(Verification *v, Datum ctid)
{
	Oid			types[2] = {TIDOID, OIDOID};
	Datum		values[2];
	char	   *result = NULL;

	if (v->breaks >= v->limit)
		return NULL;
	SPI_connect();
	values[0] = ctid;
	values[1] = ObjectIdGetDatum(v->relid);
	if (aidcase_read("SELECT pg_catalog.string_agg('t.' OPERATOR(pg_catalog.||)"
					 "       pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.n)"
					 "  FROM pg_catalog.pg_index AS i"
					 " CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[])"
					 "       WITH ORDINALITY AS k (attnum, n)"
					 "  JOIN pg_catalog.pg_attribute AS a"
					 "    ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid"
					 "   AND a.attnum OPERATOR(pg_catalog.=) k.attnum"
					 " WHERE i.indrelid OPERATOR(pg_catalog.=) $2 AND i.indisprimary",
					 2, types, values, NULL, NULL) == 1)
	{
		char	   *columns = SPI_getvalue(SPI_tuptable->vals[0],
										   SPI_tuptable->tupdesc, 1);

		if (columns != NULL &&
			aidcase_read(psprintf("SELECT pg_catalog.jsonb_build_array(%s)"
								  "  FROM ONLY aidcase.%s AS t"
								  " WHERE t.ctid OPERATOR(pg_catalog.=) $1",
								  columns, quote_identifier(v->relation)),
						 1, types, values, NULL, NULL) == 1)
		{
			MemoryContext former = MemoryContextSwitchTo(v->context);

			result = SPI_getvalue(SPI_tuptable->vals[0],
								  SPI_tuptable->tupdesc, 1);
			MemoryContextSwitchTo(former);
		}
	}
	SPI_finish();
	return result;
}

/*
 * Takes a row of a table: (entry_no, image, entry, ctid).
 */
static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	Verification *v = ((RowReceiver *) self)->v;
	int64		number;
	uint8	   *flags;
	text	   *entry;
	text	   *image;
	EntryParts	parts;
	const Shape *shape = NULL;

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	number = slot->tts_isnull[0] ? 0 : DatumGetInt64(slot->tts_values[0]);
	flags = aidcase_entry_flags(v, number);
	if (*flags & HAS_ROW)
		aidcase_break(v, "row_duplicate", v->relation,
			   row_key(v, slot->tts_values[3]), -1, number,
			   "Another row bears the same entry number.");
	*flags |= HAS_ROW;
	if ((*flags & HAS_ENTRY) == 0)
	{
		aidcase_break(v, "row_without_entry", v->relation,
			   row_key(v, slot->tts_values[3]), -1, number,
			   "No entry records this row: it was written past the ledger, or the entry was removed.");
		return true;
	}
	if (*flags & SUPERSEDED)
	{
		aidcase_break(v, "row_outdated", v->relation,
			   row_key(v, slot->tts_values[3]), -1, number,
			   "A newer entry replaces or removes this version of the row, but the row was set back.");
		return true;
	}
	if (slot->tts_isnull[2])
	{
		aidcase_break(v, "row_without_entry", v->relation,
			   row_key(v, slot->tts_values[3]), -1, number,
			   "The entry of this row has no text.");
		return true;
	}

	entry = DatumGetTextPP(slot->tts_values[2]);
	image = DatumGetTextPP(slot->tts_values[1]);
	if (aidcase_entry_parse(VARDATA_ANY(entry), VARSIZE_ANY_EXHDR(entry), &parts) &&
		parts.has_image)
		shape = get_shape(v, parts.shape_no);
	if (shape == NULL || shape->relation == NULL ||
		strcmp(shape->relation, v->relation) != 0)
		aidcase_break(v, "row_without_entry", v->relation,
			   row_key(v, slot->tts_values[3]), -1, number,
			   "The entry of this number records something else.");
	else if (!images_agree(v, shape, &parts, VARDATA_ANY(image),
						   VARSIZE_ANY_EXHDR(image)))
		aidcase_break(v, "row_changed", v->relation,
			   row_key(v, slot->tts_values[3]), -1, number,
			   "The row is not what its entry says: it was changed past the ledger.");
	if ((Pointer) entry != DatumGetPointer(slot->tts_values[2]))
		pfree(entry);
	if ((Pointer) image != DatumGetPointer(slot->tts_values[1]))
		pfree(image);
	return true;
}

static void
receive_start(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
receive_end(DestReceiver *self)
{
}

/*
 * Compares the rows of one table.
 */
static void
verify_table(Verification *v, const char *relation, Oid relid)
{
	RowReceiver receiver;
	Relation	rel = table_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	v->relation = relation;
	v->relid = relid;
	v->nnames = 0;
	v->names = palloc(sizeof(char *) * Max(desc->natts, 1));
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		StringInfoData name;

		if (!aidcase_has_image(att))
			continue;
		initStringInfo(&name);
		aidcase_json_string(&name, NameStr(att->attname),
							strlen(NameStr(att->attname)));
		appendStringInfoChar(&name, '\0');
		v->names[v->nnames++] = name.data;
	}
	table_close(rel, NoLock);
	if (pg_class_aclcheck(relid, aidcase_owner(), ACL_SELECT) != ACLCHECK_OK ||
		check_enable_rls(relid, aidcase_owner(), true) == RLS_ENABLED)
	{
		aidcase_break(v, "table_hidden", relation, NULL, -1, -1,
			   "The owner of the register cannot read all of the table: its owner, grants or row security were changed.");
		return;
	}

	memset(&receiver, 0, sizeof(receiver));
	receiver.v = v;
	receiver.pub.receiveSlot = receive_row;
	receiver.pub.rStartup = receive_start;
	receiver.pub.rShutdown = receive_end;
	receiver.pub.rDestroy = receive_end;
	receiver.pub.mydest = DestNone;
	ereport(DEBUG1, (errmsg("verifying the rows of table \"%s\"", relation)));
	(void) aidcase_read(psprintf("SELECT t.entry_no, aidcase.row_image(t), e.entry, t.ctid"
								 "  FROM ONLY aidcase.%s AS t"
								 "  LEFT JOIN aidcase.ledger_entry AS e"
								 "    ON e.entry_no OPERATOR(pg_catalog.=) t.entry_no",
								 quote_identifier(relation)),
						0, NULL, NULL, NULL, &receiver.pub);
}

/*
 * Pass 3.  A table is one of the register's when it has column entry_no: a
 * trigger that was dropped does not hide it.
 */
void
aidcase_verify_rows(Verification *v)
{
	SPITupleTable *tables;
	uint64		n;
	uint64		i;
	int			nest;

	n = aidcase_read("SELECT c.relname::pg_catalog.text, c.oid"
					 "  FROM pg_catalog.pg_class AS c"
					 "  JOIN pg_catalog.pg_attribute AS a"
					 "    ON a.attrelid OPERATOR(pg_catalog.=) c.oid"
					 "   AND a.attname OPERATOR(pg_catalog.=) 'entry_no'"
					 "   AND a.atttypid OPERATOR(pg_catalog.=) 'pg_catalog.int8'::pg_catalog.regtype"
					 "   AND NOT a.attisdropped"
					 " WHERE c.relkind OPERATOR(pg_catalog.=) 'r'"
					 "   AND c.relnamespace OPERATOR(pg_catalog.=) 'aidcase'::pg_catalog.regnamespace"
					 /* these two are written by the ledger itself */
					 "   AND c.relname OPERATOR(pg_catalog.<>) ALL ('{ledger_entry,ledger_removed}'::pg_catalog.name[])"
					 " ORDER BY c.relname",
					 0, NULL, NULL, NULL, NULL);
	tables = SPI_tuptable;

	/*
	 * No index of theirs could serve the query: the tables are read whole,
	 * and joined as other maintenance does, in one go where memory allows.
	 */
	nest = NewGUCNestLevel();
	if (maintenance_work_mem > work_mem)
		(void) set_config_option("work_mem",
								 psprintf("%dkB", maintenance_work_mem),
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	for (i = 0; i < n; i++)
	{
		bool		isnull;
		MemoryContext former = MemoryContextSwitchTo(v->context);
		char	   *name = SPI_getvalue(tables->vals[i], tables->tupdesc, 1);
		Oid			relid = DatumGetObjectId(SPI_getbinval(tables->vals[i],
														   tables->tupdesc, 2,
														   &isnull));

		MemoryContextSwitchTo(former);
		verify_table(v, name, relid);
	}
	AtEOXact_GUC(true, nest);
	SPI_freetuptable(tables);
	missing_rows(v);
}

/*
 * Images that nothing replaces must be rows.
 */
static void
missing_rows(Verification *v)
{
	HASH_SEQ_STATUS scan;
	FlagChunk  *chunk;
	Oid			type = INT8OID;

	hash_seq_init(&scan, v->chunks);
	while ((chunk = hash_seq_search(&scan)) != NULL)
	{
		int			i;

		for (i = 0; i < CHUNK_SIZE; i++)
		{
			int64		number = (chunk->number << CHUNK_BITS) + i;
			Datum		value = Int64GetDatum(number);
			const Shape *shape = NULL;

			if ((chunk->flags[i] & (HAS_IMAGE | SUPERSEDED | HAS_ROW)) != HAS_IMAGE)
				continue;
			if (v->breaks < v->limit &&
				aidcase_read("SELECT e.entry FROM aidcase.ledger_entry AS e"
							 " WHERE e.entry_no OPERATOR(pg_catalog.=) $1",
							 1, &type, &value, NULL, NULL) == 1)
			{
				bool		isnull;
				Datum		entry = SPI_getbinval(SPI_tuptable->vals[0],
												  SPI_tuptable->tupdesc, 1,
												  &isnull);
				EntryParts	parts;
				SPITupleTable *table = SPI_tuptable;

				if (!isnull)
				{
					text	   *t = DatumGetTextPP(entry);

					if (aidcase_entry_parse(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &parts))
						shape = get_shape(v, parts.shape_no);
				}
				SPI_freetuptable(table);
			}
			aidcase_break(v, "row_missing",
				   shape != NULL ? shape->relation : NULL, NULL, -1, number,
				   "The row that this entry records is gone: it was removed past the ledger.");
		}
	}
}

/*
 * Pass 4: breaks that SQL finds, as (kind, relation, key, entry_no, detail).
 * What the procedures allow belongs to a lower room; that its function is
 * missing is a break of its own.
 */
void
aidcase_verify_catalogue(Verification *v)
{
	static const char *const queries[] = {
		"SELECT b.kind, b.relation, b.key, b.entry_no, b.detail"
		"  FROM aidcase.catalogue_breaks() AS b",
		"SELECT b.kind, b.relation, b.key, b.entry_no, b.detail"
		"  FROM aidcase.move_breaks() AS b"
	};
	int			q;

	for (q = 0; q < (int) lengthof(queries); q++)
	{
		uint64		n;
		uint64		i;

		if (q == 1 &&
			(aidcase_read("SELECT 1 WHERE pg_catalog.to_regprocedure('aidcase.move_breaks()') IS NOT NULL",
						  0, NULL, NULL, NULL, NULL) == 0))
			break;
		n = aidcase_read(queries[q], 0, NULL, NULL, NULL, NULL);
		for (i = 0; i < n; i++)
		{
			HeapTuple	row = SPI_tuptable->vals[i];
			TupleDesc	desc = SPI_tuptable->tupdesc;
			bool		isnull;
			int64		number = DatumGetInt64(SPI_getbinval(row, desc, 4,
															 &isnull));

			aidcase_break(v, SPI_getvalue(row, desc, 1),
						  SPI_getvalue(row, desc, 2),
						  SPI_getvalue(row, desc, 3), -1,
						  isnull ? -1 : number, "%s",
						  SPI_getvalue(row, desc, 5));
		}
		SPI_freetuptable(SPI_tuptable);
	}
}
