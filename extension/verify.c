/*-------------------------------------------------------------------------
 *
 * verify.c
 *		verify_register(): does the register still say what was sealed?
 *
 * Everything is read under one snapshot, with the rights of the register's
 * owner, and nothing is written, so it runs on a standby too.  All breaks
 * are reported, each with its kind and place, up to a limit; the rest is
 * counted.  Four passes:
 *
 * 1. Leaves.  ledger_leaf and tiles of level 0 are read in the order of the
 *	  tree.  From the leaf hashes all tiles above, the root of every
 *	  checkpoint and that of the outside checkpoint are computed and compared.
 *	  Where a tile and the one above disagree, both continuations are followed
 *	  until a checkpoint tells which of the two was changed.
 * 2. Entries.  ledger_entry is read from end to end, past its indexes, each
 *	  text hashed and compared with its leaf.  Leaves are nearly in the order
 *	  of the table, so both are read side by side; what does not meet at once
 *	  waits in a hash table, and when that grows too large it is looked up.
 * 3. Rows.  Each table of the register is joined with the ledger on entry_no
 *	  and the image of every row is compared with that of its entry.
 * 4. Catalogue, shapes and moves of procedures, in SQL
 *	  (aidcase.catalogue_breaks(), aidcase.move_breaks()).
 *
 * Passes 3 and 4 are in verify_rows.c.  Pass 1 and 2 run interleaved.  What is known of an entry number is one byte
 * of flags, in chunks of 64 kB that are made when first used: that is all
 * that grows with the ledger.  Its liveness follows from it: an image that no
 * other entry supersedes must be that of a row, and of one row only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/base64.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "aidcase.h"
#include "compat.h"
#include "entry_text.h"
#include "sealer.h"
#include "tiles.h"
#include "verify.h"

PG_FUNCTION_INFO_V1(aidcase_verify_register);

static void read_register(Verification *v);
static void read_outside(Verification *v, text *checkpoint);
static void read_erasures(Verification *v);
static void start_leaves(Verification *v);
static void next_tile(Verification *v);
static void end_tile(Verification *v);
static void add_above(Verification *v, int level, uint64 number,
					  const uint8 *hash);
static void check_tile(Verification *v, Tile *computed);
static void check_roots(Verification *v, uint64 size);
static void root_at(const MerkleTree *before, const MerkleTree *part,
					uint8 *root);
static void end_leaves(Verification *v);
static void take_leaf(Verification *v);
static void take_entry(Verification *v, TupleTableSlot *slot);
static void meet(Verification *v, int64 number, int64 leaf_index,
				 const uint8 *leaf_hash, const uint8 *entry_hash, bool no_text);
static void without_leaf(Verification *v, int64 number, uint64 xid);
static void look_up_waiting(Verification *v);
static void verify_entries(Verification *v);
static void verify_chains(Verification *v);

/*
 * Notes a break; see verify.h.
 */
void
aidcase_break(Verification *v, const char *kind, const char *relation,
			  const char *key, int64 leaf_index, int64 number,
			  const char *format,...)
{
	Datum		values[BREAK_COLUMNS] = {0};
	bool		nulls[BREAK_COLUMNS] = {false};
	StringInfoData detail;

	if (v->breaks++ >= v->limit)
		return;

	initStringInfo(&detail);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&detail, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&detail, needed);
	}
	values[0] = CStringGetTextDatum(kind);
	nulls[1] = relation == NULL;
	if (relation != NULL)
		values[1] = CStringGetTextDatum(relation);
	nulls[2] = key == NULL;
	if (key != NULL)
		values[2] = CStringGetTextDatum(key);
	nulls[3] = leaf_index < 0;
	values[3] = Int64GetDatum(leaf_index);
	nulls[4] = number < 0;
	values[4] = Int64GetDatum(number);
	values[5] = CStringGetTextDatum(detail.data);
	tuplestore_putvalues(v->store, v->desc, values, nulls);
	pfree(detail.data);
}

/*
 * The flags of an entry number.
 */
uint8 *
aidcase_entry_flags(Verification *v, int64 number)
{
	int64		chunk_number = number >> CHUNK_BITS;
	FlagChunk  *chunk = v->last_chunk;

	if (unlikely(chunk == NULL || chunk->number != chunk_number))
	{
		bool		found;

		chunk = hash_search(v->chunks, &chunk_number, HASH_ENTER, &found);
		if (!found)
		{
			chunk->flags = NULL;
			chunk->flags = MemoryContextAllocZero(v->context, CHUNK_SIZE);
		}
		v->last_chunk = chunk;
	}
	return &chunk->flags[number & (CHUNK_SIZE - 1)];
}

/*
 * Reads identity, horizon and size of the tree.
 */
static void
read_register(Verification *v)
{
	static const char query[] =
		"SELECT r.origin, r.purpose OPERATOR(pg_catalog.=) 'rehearsal',"
		"       i.system_identifier, i.database_oid, i.after_no,"
		"       CASE WHEN c.incarnation OPERATOR(pg_catalog.=) i.incarnation"
		"            THEN c.horizon ELSE i.horizon END,"
		"       c.tree_size"
		"  FROM aidcase.register AS r"
		"  LEFT JOIN LATERAL (SELECT * FROM aidcase.register_incarnation AS x"
		"       ORDER BY x.incarnation DESC LIMIT 1) AS i ON true"
		"  LEFT JOIN LATERAL (SELECT * FROM aidcase.checkpoint AS x"
		"       ORDER BY x.tree_size DESC LIMIT 1) AS c ON true";
	MemoryContext former;
	HeapTuple	row;
	TupleDesc	desc;
	bool		isnull;
	Datum		value;
	char	   *horizon;

	if (aidcase_read(query, 0, NULL, NULL, NULL, NULL) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_NO_REGISTER),
				 errmsg("the register of this database is not open"),
				 errhint("Open it with SELECT aidcase.open_register(area_code, name).")));
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	former = MemoryContextSwitchTo(v->context);
	v->origin = SPI_getvalue(row, desc, 1);
	v->rehearsal = DatumGetBool(SPI_getbinval(row, desc, 2, &isnull));
	value = SPI_getbinval(row, desc, 3, &isnull);
	if (isnull)
		aidcase_break(v, "incarnation_missing", "register_incarnation", NULL, -1, -1,
			   "The register does not say which database it lives in.");
	else
	{
		v->at_home = strcmp(TextDatumGetCString(value),
							aidcase_system_identifier()) == 0 &&
			DatumGetInt64(SPI_getbinval(row, desc, 4, &isnull)) ==
			(int64) MyDatabaseId;
		v->after_no = DatumGetInt64(SPI_getbinval(row, desc, 5, &isnull));
		horizon = SPI_getvalue(row, desc, 6);
		if (horizon != NULL)
		{
			aidcase_horizon_parse(horizon, &v->horizon);
			v->has_horizon = true;
		}
	}
	value = SPI_getbinval(row, desc, 7, &isnull);
	v->tree_size = isnull ? 0 : (uint64) DatumGetInt64(value);
	MemoryContextSwitchTo(former);
}

/*
 * Reads the outside checkpoint: origin, size and root, whatever follows.
 */
static void
read_outside(Verification *v, text *checkpoint)
{
	char	   *body = text_to_cstring(checkpoint);
	char	   *line[3] = {NULL, NULL, NULL};
	char	   *end;
	uint8		root[MERKLE_HASH_LENGTH + 4];
	int			n = 0;

	for (end = body; n < 3; n++)
	{
		line[n] = end;
		end = strchr(end, '\n');
		if (end == NULL)
		{
			n++;
			break;
		}
		*end++ = '\0';
	}
	if (n == 3)
	{
		char	   *rest;
		Size		length = strlen(line[2]);

		v->outside.tree_size = strtou64(line[1], &rest, 10);
		if (line[1][0] >= '0' && line[1][0] <= '9' && *rest == '\0' &&
			length == 44 &&
			pg_b64_decode(line[2], (int) length, root, sizeof(root)) ==
			MERKLE_HASH_LENGTH)
		{
			memcpy(v->outside.root, root, MERKLE_HASH_LENGTH);
			v->outside.origin = line[0];
			v->outside.given = true;
		}
	}
	if (!v->outside.given)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the text given is no checkpoint"),
				 errdetail("A checkpoint has three lines: origin, size of the tree, root in base64."),
				 errhint("Give the text that latest_checkpoint() gave when the copy was made.")));
	if (strcmp(v->outside.origin, v->origin) != 0)
	{
		aidcase_break(v, "checkpoint_outside", "checkpoint", NULL, -1, -1,
			   "The outside checkpoint is of register \"%s\", this one is \"%s\".",
			   v->outside.origin, v->origin);
		v->outside.checked = true;
	}
}

/*
 * Marks the entries whose text was erased with a record.  The record is a
 * row of the register and is itself checked against its entry.
 */
static void
read_erasures(Verification *v)
{
	uint64		n;
	uint64		i;

	if (!OidIsValid(aidcase_relation_if_any("ledger_erasure")))
		return;
	n = aidcase_read("SELECT x.erased_no FROM aidcase.ledger_erasure AS x",
					 0, NULL, NULL, NULL, NULL);
	for (i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		number = SPI_getbinval(SPI_tuptable->vals[i],
										   SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
			*aidcase_entry_flags(v, DatumGetInt64(number)) |= ERASED;
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Begins with the leaves: at the trusted size, or at the first.
 */
static void
start_leaves(Verification *v)
{
	uint64		number = v->trusted >> TILE_BITS;
	int			level;

	aidcase_merkle_init(&v->before);
	aidcase_merkle_init(&v->part);
	for (level = TILE_LEVELS - 1; level >= 1; level--)
	{
		uint64		hashes = tile_hashes(number << TILE_BITS, level);
		int			n = (int) (hashes & (TILE_WIDTH - 1));
		Tile	   *tile = &v->edge[level];
		int			i;

		tile->level = level;
		tile->number = hashes >> TILE_BITS;
		tile->nhashes = 0;
		if (n == 0)
			continue;
		if (!aidcase_tile_read(v->tiles, level, tile->number, tile) ||
			tile->nhashes < n)
		{
			aidcase_break(v, "tile_missing", "ledger_tile",
				   psprintf("[%d," UINT64_FORMAT "]", level, tile->number),
				   -1, -1, "The tile has %d hashes, at least %d are needed.",
				   tile->nhashes, n);
			v->leaves_done = true;
		}
		tile->nhashes = n;
		for (i = 0; i < n && !v->leaves_done; i++)
			aidcase_merkle_add_subtree(&v->before, TILE_BITS * level,
									   tile->hashes[i]);
	}
	v->tile.number = number;
	v->nleaves = (int64) (number << TILE_BITS);

	/* which entries the leaves before stand for */
	if (number > 0)
	{
		Oid			type = INT8OID;
		Datum		value = Int64GetDatum((int64) number);
		uint64		n;
		uint64		i;

		n = aidcase_read("SELECT n FROM aidcase.ledger_leaf AS l"
						 " CROSS JOIN LATERAL pg_catalog.unnest(l.entry_nos) AS n"
						 " WHERE l.tile_no OPERATOR(pg_catalog.<) $1",
						 1, &type, &value, NULL, NULL);
		for (i = 0; i < n; i++)
		{
			bool		isnull;
			Datum		no = SPI_getbinval(SPI_tuptable->vals[i],
										   SPI_tuptable->tupdesc, 1, &isnull);

			if (!isnull)
				*aidcase_entry_flags(v, DatumGetInt64(no)) |= HAS_LEAF | TRUSTED;
		}
		SPI_freetuptable(SPI_tuptable);
	}
	if (!v->leaves_done)
		next_tile(v);
	if (!v->leaves_done && v->nnumbers == 0)
		end_tile(v);
}

/*
 * Reads the next tile of level 0 and the row of its entries' numbers.
 */
static void
next_tile(Verification *v)
{
	uint64		number = v->tile.number;
	uint64		begin = number << TILE_BITS;
	int			expected;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	v->place = 0;
	v->nnumbers = 0;
	if (begin >= v->tree_size)
	{
		v->leaves_done = true;
		return;
	}
	expected = (int) Min(v->tree_size - begin, (uint64) TILE_WIDTH);
	(void) aidcase_tile_read(v->tiles, 0, number, &v->tile);
	if (v->tile.nhashes != expected)
		aidcase_break(v, v->tile.nhashes == 0 ? "tile_missing" : "tile_changed",
			   "ledger_tile", psprintf("[0," UINT64_FORMAT "]", number),
			   (int64) begin, -1,
			   "The tile has %d hashes, it should have %d.",
			   v->tile.nhashes, expected);
	if (v->tile.nhashes > expected)
		v->tile.nhashes = expected;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum((int64) number));
	scan = systable_beginscan(v->leaves, RelationGetPrimaryKeyIndex(v->leaves, false),
							  true, GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(v->leaves);
		bool		isnull;
		Datum		value = heap_getattr(tuple, 3, desc, &isnull);
		ArrayType  *array = DatumGetArrayTypeP(value);
		Datum	   *numbers;
		bool	   *nulls;
		int64		least = PG_INT64_MAX;
		int64		greatest = PG_INT64_MIN;
		int			i;
		RangeBound	lower;
		RangeBound	upper;
		bool		empty;

		deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
						  TYPALIGN_DOUBLE, &numbers, &nulls, &v->nnumbers);
		v->nnumbers = Min(v->nnumbers, TILE_WIDTH);
		for (i = 0; i < v->nnumbers; i++)
		{
			v->numbers[i] = nulls[i] ? 0 : DatumGetInt64(numbers[i]);
			least = Min(least, v->numbers[i]);
			greatest = Max(greatest, v->numbers[i]);
		}
		value = heap_getattr(tuple, 2, desc, &isnull);
		range_deserialize(lookup_type_cache(INT8RANGEOID, TYPECACHE_RANGE_INFO),
						  DatumGetRangeTypeP(value), &lower, &upper, &empty);
		if (v->nnumbers > 0 &&
			(empty || lower.infinite || upper.infinite ||
			 DatumGetInt64(lower.val) != least ||
			 DatumGetInt64(upper.val) != greatest + 1))
			aidcase_break(v, "leaf_changed", "ledger_leaf",
				   psprintf("[" UINT64_FORMAT "]", number), (int64) begin, -1,
				   "The range of numbers is not that of the leaves.");
		pfree(numbers);
		pfree(nulls);
	}
	systable_endscan(scan);
	if (v->nnumbers != expected)
		aidcase_break(v, v->nnumbers == 0 ? "leaf_missing" : "leaf_changed",
			   "ledger_leaf", psprintf("[" UINT64_FORMAT "]", number),
			   (int64) begin, -1, "The row has %d leaves, it should have %d.",
			   v->nnumbers, expected);

	/* go on with what both tables have */
	if (v->nnumbers > v->tile.nhashes)
		v->nnumbers = v->tile.nhashes;
}

/*
 * The tree hash of complete tiles and a part of the next one.
 */
static void
root_at(const MerkleTree *before, const MerkleTree *part, uint8 *root)
{
	MerkleTree	tree = *before;
	int			level;

	for (level = TILE_BITS; level >= 0; level--)
	{
		if (part->size & (UINT64CONST(1) << level))
			aidcase_merkle_add_subtree(&tree, level, part->hashes[level]);
	}
	aidcase_merkle_finish(&tree, root);
}

/*
 * Compares the checkpoints of a size with the tree of that size.
 */
static void
check_roots(Verification *v, uint64 size)
{
	uint8		root[MERKLE_HASH_LENGTH];
	bool		computed = false;

	/* the outside checkpoint comes in its turn */
	if (v->outside.given && !v->outside.checked &&
		v->outside.tree_size == size)
	{
		uint8		other[MERKLE_HASH_LENGTH];

		root_at(&v->before, &v->part, root);
		computed = true;
		if (v->in_doubt)
			root_at(&v->other, &v->part, other);
		if (memcmp(root, v->outside.root, MERKLE_HASH_LENGTH) != 0 &&
			!(v->in_doubt &&
			  memcmp(other, v->outside.root, MERKLE_HASH_LENGTH) == 0))
			aidcase_break(v, "checkpoint_outside", "checkpoint",
				   psprintf("[" UINT64_FORMAT "]", size), -1, -1,
				   "The tree of " UINT64_FORMAT " leaves has another root than the outside checkpoint: what was sealed up to it was changed, and sealed again.",
				   size);
		v->outside.checked = true;
	}

	while (!v->checkpoints_done)
	{
		HeapTuple	row;
		TupleDesc	desc;
		bool		isnull;
		uint64		row_size;
		bytea	   *stored;
		char	   *body;
		bool		fits;

		if (v->checkpoint_rows == NULL ||
			v->checkpoint_batch_row >= v->checkpoint_count)
		{
			if (v->checkpoint_rows != NULL)
				SPI_freetuptable(v->checkpoint_rows);
			v->checkpoint_rows = NULL;
			SPI_cursor_fetch(v->checkpoints, true, 1000);
			v->checkpoint_count = SPI_processed;
			v->checkpoint_batch_row = 0;
			v->checkpoint_rows = SPI_tuptable;
			if (v->checkpoint_count == 0)
			{
				v->checkpoints_done = true;
				break;
			}
		}
		row = v->checkpoint_rows->vals[v->checkpoint_batch_row];
		desc = v->checkpoint_rows->tupdesc;
		row_size = (uint64) DatumGetInt64(SPI_getbinval(row, desc, 1, &isnull));
		if (row_size > size)
			break;
		v->checkpoint_batch_row++;
		if (row_size < size)
		{
			aidcase_break(v, "checkpoint_changed", "checkpoint",
				   psprintf("[" UINT64_FORMAT "]", row_size), -1, -1,
				   "The tree never had this size.");
			continue;
		}
		if (!computed)
			root_at(&v->before, &v->part, root);
		computed = true;
		stored = DatumGetByteaPP(SPI_getbinval(row, desc, 2, &isnull));
		fits = VARSIZE_ANY_EXHDR(stored) == MERKLE_HASH_LENGTH &&
			memcmp(VARDATA_ANY(stored), root, MERKLE_HASH_LENGTH) == 0;
		if (v->in_doubt)
		{
			uint8		other[MERKLE_HASH_LENGTH];
			bool		other_fits;

			root_at(&v->other, &v->part, other);
			other_fits = VARSIZE_ANY_EXHDR(stored) == MERKLE_HASH_LENGTH &&
				memcmp(VARDATA_ANY(stored), other, MERKLE_HASH_LENGTH) == 0;
			if (fits != other_fits)
			{
				aidcase_break(v, "tile_changed", "ledger_tile",
					   fits ?
					   psprintf("[1," UINT64_FORMAT "]", v->doubtful >> TILE_BITS) :
					   psprintf("[0," UINT64_FORMAT "]", v->doubtful),
					   (int64) (v->doubtful << TILE_BITS), -1,
					   "A hash of the tile was changed: the checkpoint of " UINT64_FORMAT " leaves tells.",
					   size);
				if (other_fits)
				{
					v->before = v->other;
					memcpy(root, other, MERKLE_HASH_LENGTH);
					fits = true;
				}
				v->in_doubt = false;
			}
		}
		if (!fits)
			aidcase_break(v, "checkpoint_changed", "checkpoint",
				   psprintf("[" UINT64_FORMAT "]", size), -1, -1,
				   "Its root is not that of the first " UINT64_FORMAT " leaves.",
				   size);
		else
		{
			body = SPI_getvalue(row, desc, 3);
			if (body == NULL ||
				strcmp(body, aidcase_checkpoint_text(v->origin, v->rehearsal,
													 size, root)) != 0)
				aidcase_break(v, "checkpoint_changed", "checkpoint",
					   psprintf("[" UINT64_FORMAT "]", size), -1, -1,
					   "Its text does not say what its root and size say.");
		}
	}
}

/*
 * Compares a computed tile with the one that is kept.
 */
static void
check_tile(Verification *v, Tile *computed)
{
	Tile	   *kept = palloc(sizeof(Tile));

	(void) aidcase_tile_read(v->tiles, computed->level, computed->number, kept);
	if (kept->nhashes == 0)
		aidcase_break(v, "tile_missing", "ledger_tile",
			   psprintf("[%d," UINT64_FORMAT "]", computed->level, computed->number),
			   -1, -1, "There is no such tile, it should have %d hashes.",
			   computed->nhashes);
	else if (kept->nhashes != computed->nhashes)
		aidcase_break(v, "tile_changed", "ledger_tile",
			   psprintf("[%d," UINT64_FORMAT "]", computed->level, computed->number),
			   -1, -1, "The tile has %d hashes, it should have %d.",
			   kept->nhashes, computed->nhashes);
	/* level 1 is compared hash by hash, by end_tile() */
	else if (computed->level > 1 &&
			 memcmp(kept->hashes, computed->hashes,
					(Size) computed->nhashes * MERKLE_HASH_LENGTH) != 0)
		aidcase_break(v, "tile_changed", "ledger_tile",
			   psprintf("[%d," UINT64_FORMAT "]", computed->level, computed->number),
			   -1, -1, "Its hashes do not follow from the level below.");
	pfree(kept);
}

/*
 * Appends a computed hash to a level above the leaves.
 */
static void
add_above(Verification *v, int level, uint64 number, const uint8 *hash)
{
	Tile	   *tile = &v->edge[level];
	uint8		root[MERKLE_HASH_LENGTH];

	tile->level = level;
	tile->number = number >> TILE_BITS;
	memcpy(tile->hashes[number & (TILE_WIDTH - 1)], hash, MERKLE_HASH_LENGTH);
	tile->nhashes = (int) (number & (TILE_WIDTH - 1)) + 1;
	if (tile->nhashes < TILE_WIDTH)
		return;
	check_tile(v, tile);
	aidcase_tile_root(tile, root);
	tile->nhashes = 0;
	if (level + 1 < TILE_LEVELS)
		add_above(v, level + 1, number >> TILE_BITS, root);
}

/*
 * Ends a tile of level 0 and goes on to the next.
 *
 * When it does not say what the tile above says of it, both are followed.
 * A tile that has lost hashes counts as the one above says.
 */
static void
end_tile(Verification *v)
{
	Tile	   *above = palloc(sizeof(Tile));

	do
	{
		uint64		number = v->tile.number;
		bool		complete = v->part.size == TILE_WIDTH;
		uint8		root[MERKLE_HASH_LENGTH];
		const uint8 *kept = NULL;

		if ((number + 1) << TILE_BITS > v->tree_size)
		{
			v->leaves_done = true;
			break;
		}
		(void) aidcase_tile_read(v->tiles, 1, number >> TILE_BITS, above);
		if ((int) (number & (TILE_WIDTH - 1)) < above->nhashes)
			kept = above->hashes[number & (TILE_WIDTH - 1)];
		if (!complete && kept == NULL)
		{
			v->leaves_done = true;
			break;
		}

		memcpy(root, complete ? v->part.hashes[TILE_BITS] : kept,
			   MERKLE_HASH_LENGTH);
		if (kept != NULL && memcmp(root, kept, MERKLE_HASH_LENGTH) != 0)
		{
			if (v->in_doubt)
			{
				aidcase_break(v, "tile_changed", "ledger_tile",
					   psprintf("[0," UINT64_FORMAT "]", v->doubtful),
					   (int64) (v->doubtful << TILE_BITS), -1,
					   "The tile and the one above it disagree.");
				v->before = v->other;
			}
			v->other = v->before;
			v->in_doubt = true;
			v->doubtful = number;
			aidcase_merkle_add_subtree(&v->other, TILE_BITS, kept);
		}
		else if (v->in_doubt)
			aidcase_merkle_add_subtree(&v->other, TILE_BITS, root);
		aidcase_merkle_add_subtree(&v->before, TILE_BITS, root);
		/* the levels above are compared with what level 1 says */
		add_above(v, 1, number, kept != NULL ? kept : root);
		aidcase_merkle_init(&v->part);
		v->tile.number = number + 1;
		next_tile(v);
	} while (!v->leaves_done && v->nnumbers == 0);
	pfree(above);
}

/*
 * What is left when the leaves are through.
 */
static void
end_leaves(Verification *v)
{
	uint64		size = v->before.size + v->part.size;
	static const char stray_query[] =
		"SELECT 'ledger_tile', pg_catalog.format('[%s,%s]', t.level, t.tile_no)"
		"  FROM aidcase.ledger_tile AS t"
		" WHERE t.level OPERATOR(pg_catalog.<) 0 OR t.level OPERATOR(pg_catalog.>) 7"
		"    OR t.tile_no OPERATOR(pg_catalog.>=)"
		"       ((($1 OPERATOR(pg_catalog.>>) (8 OPERATOR(pg_catalog.*) LEAST(GREATEST(t.level, 0), 7)))"
		"         OPERATOR(pg_catalog.+) 255) OPERATOR(pg_catalog.>>) 8)"
		"    OR t.tile_no OPERATOR(pg_catalog.<) 0"
		" UNION ALL "
		"SELECT 'ledger_leaf', pg_catalog.format('[%s]', l.tile_no)"
		"  FROM aidcase.ledger_leaf AS l"
		" WHERE l.tile_no OPERATOR(pg_catalog.<) 0 OR l.tile_no OPERATOR(pg_catalog.>=)"
		"       (($1 OPERATOR(pg_catalog.+) 255) OPERATOR(pg_catalog.>>) 8)";
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum((int64) v->tree_size);
	uint64		n;
	uint64		i;
	int			level;

	if (v->in_doubt)
		aidcase_break(v, "tile_changed", "ledger_tile",
			   psprintf("[0," UINT64_FORMAT "]", v->doubtful),
			   (int64) (v->doubtful << TILE_BITS), -1,
			   "The tile and the one above it disagree.");
	if (size == v->tree_size)
	{
		for (level = 1; level < TILE_LEVELS; level++)
		{
			if (v->edge[level].nhashes > 0)
				check_tile(v, &v->edge[level]);
		}
	}
	/* checkpoints beyond the leaves */
	check_roots(v, (uint64) PG_INT64_MAX);
	if (v->outside.given && !v->outside.checked)
	{
		if (v->outside.tree_size > v->tree_size)
			aidcase_break(v, "checkpoint_outside", "checkpoint",
				   psprintf("[" UINT64_FORMAT "]", v->outside.tree_size), -1, -1,
				   "The outside checkpoint has " UINT64_FORMAT " leaves, this tree " UINT64_FORMAT ": the ledger was shortened, or an older backup was restored.",
				   v->outside.tree_size, v->tree_size);
		else
			aidcase_break(v, "checkpoint_outside", "checkpoint",
				   psprintf("[" UINT64_FORMAT "]", v->outside.tree_size), -1, -1,
				   "The tree could not be followed to the outside checkpoint.");
	}

	n = aidcase_read(stray_query, 1, &type, &value, NULL, NULL);
	for (i = 0; i < n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		char	   *relation = SPI_getvalue(row, SPI_tuptable->tupdesc, 1);

		aidcase_break(v, strcmp(relation, "ledger_tile") == 0 ? "tile_extra" : "leaf_extra",
			   relation, SPI_getvalue(row, SPI_tuptable->tupdesc, 2), -1, -1,
			   "It is outside the tree of the last checkpoint, which has " UINT64_FORMAT " leaves: checkpoints were removed, or it was added.",
			   v->tree_size);
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Takes the next leaf.
 */
static void
take_leaf(Verification *v)
{
	int			place = v->place++;
	int64		number = v->numbers[place];
	int64		leaf_index = (int64) (v->tile.number << TILE_BITS) + place;
	const uint8 *hash = v->tile.hashes[place];
	uint8	   *flags = aidcase_entry_flags(v, number);
	Waiting    *other;
	bool		trusted = (uint64) leaf_index < v->trusted;

	v->nleaves++;
	aidcase_merkle_add(&v->part, hash);
	if (*flags & HAS_LEAF)
		aidcase_break(v, "leaf_duplicate", "ledger_leaf",
			   psprintf("[" UINT64_FORMAT "]", v->tile.number), leaf_index,
			   number, "Another leaf stands for the same entry.");
	else
	{
		*flags |= HAS_LEAF | (trusted ? TRUSTED : 0);
		other = hash_search(v->waiting, &number, HASH_FIND, NULL);
		if (other != NULL && !other->is_leaf)
		{
			if (!trusted)
				meet(v, number, leaf_index, hash, other->hash, other->no_text);
			hash_search(v->waiting, &number, HASH_REMOVE, NULL);
		}
		else if (other == NULL)
		{
			bool		found;

			other = hash_search(v->waiting, &number, HASH_ENTER, &found);
			other->is_leaf = true;
			other->leaf_index = leaf_index;
			memcpy(other->hash, hash, MERKLE_HASH_LENGTH);
		}
	}
	if ((uint64) leaf_index + 1 > v->trusted)
		check_roots(v, (uint64) leaf_index + 1);
	if (v->place >= v->nnumbers)
		end_tile(v);
}

/*
 * Compares an entry with its leaf.
 */
static void
meet(Verification *v, int64 number, int64 leaf_index, const uint8 *leaf_hash,
	 const uint8 *entry_hash, bool no_text)
{
	if (no_text)
	{
		if ((*aidcase_entry_flags(v, number) & ERASED) == 0)
			aidcase_break(v, "entry_text_missing", "ledger_entry",
				   psprintf("[" INT64_FORMAT "]", number), leaf_index, number,
				   "The text is gone, and no erasure was recorded.");
	}
	else if (memcmp(leaf_hash, entry_hash, MERKLE_HASH_LENGTH) != 0)
		aidcase_break(v, "entry_changed", "ledger_entry",
			   psprintf("[" INT64_FORMAT "]", number), leaf_index, number,
			   "The hash of its text is not that of its leaf.");
}

/*
 * An entry that has no leaf: may it be without?
 */
static void
without_leaf(Verification *v, int64 number, uint64 xid)
{
	if (!v->at_home || !v->has_horizon)
		return;
	if (number <= v->after_no)
		aidcase_break(v, "entry_not_sealed", "ledger_entry",
			   psprintf("[" INT64_FORMAT "]", number), -1, number,
			   "It is in no leaf, but the register was adopted after it: it was inserted later.");
	else if (aidcase_horizon_covers(&v->horizon, xid))
		aidcase_break(v, "entry_not_sealed", "ledger_entry",
			   psprintf("[" INT64_FORMAT "]", number), -1, number,
			   "It is in no leaf, but its transaction " UINT64_FORMAT " had ended when the last checkpoint was made: it was inserted later, or its leaf was removed.",
			   xid);
}

/*
 * Takes one entry of the table.
 */
static void
take_entry(Verification *v, TupleTableSlot *slot)
{
	int64		number;
	uint64		xid;
	uint8		hash[MERKLE_HASH_LENGTH];
	bool		no_text;
	uint8	   *flags;
	bool		isnull;

	slot_getsomeattrs(slot, 3);
	number = DatumGetInt64(slot->tts_values[0]);
	xid = (uint64) DatumGetInt64(slot->tts_values[1]);
	no_text = slot->tts_isnull[2];
	isnull = slot->tts_isnull[0] || slot->tts_isnull[1];
	v->nentries++;
	flags = aidcase_entry_flags(v, number);
	if (isnull || (*flags & HAS_ENTRY))
	{
		aidcase_break(v, "entry_duplicate", "ledger_entry",
			   psprintf("[" INT64_FORMAT "]", number), -1, number,
			   "Another entry has the same number.");
		return;
	}
	*flags |= HAS_ENTRY;

	if (!no_text)
	{
		text	   *entry = DatumGetTextPP(slot->tts_values[2]);
		const char *bytes = VARDATA_ANY(entry);
		Size		length = VARSIZE_ANY_EXHDR(entry);
		EntryParts	parts;

		if ((*flags & TRUSTED) == 0)
			aidcase_merkle_hash_leaf(bytes, length, hash);
		if (!aidcase_entry_parse(bytes, length, &parts))
			aidcase_break(v, "entry_malformed", "ledger_entry",
				   psprintf("[" INT64_FORMAT "]", number), -1, number,
				   "Its text is not that of an entry.");
		else
		{
			if (parts.number != number || (uint64) parts.xid != xid)
				aidcase_break(v, "entry_changed", "ledger_entry",
					   psprintf("[" INT64_FORMAT "]", number), -1, number,
					   "Its columns do not say what its text says: number " INT64_FORMAT ", transaction " INT64_FORMAT ".",
					   parts.number, parts.xid);
			if (parts.has_image)
				*flags |= HAS_IMAGE;
			if (parts.supersedes != 0)
			{
				uint8	   *former = aidcase_entry_flags(v, parts.supersedes);

				if (*former & SUPERSEDED)
					aidcase_break(v, "chain_forked", "ledger_entry",
						   psprintf("[" INT64_FORMAT "]", number), -1, number,
						   "Another entry replaces " INT64_FORMAT " too.",
						   parts.supersedes);
				if (parts.supersedes >= number)
					aidcase_break(v, "chain_broken", "ledger_entry",
						   psprintf("[" INT64_FORMAT "]", number), -1, number,
						   "It replaces entry " INT64_FORMAT ", which is not older.",
						   parts.supersedes);
				*former |= SUPERSEDED;
				flags = aidcase_entry_flags(v, number);
			}
		}
		if ((Pointer) entry != DatumGetPointer(slot->tts_values[2]))
			pfree(entry);
	}

	if (*flags & TRUSTED)
	{
		if (no_text && (*flags & ERASED) == 0)
			meet(v, number, -1, NULL, NULL, true);
		if (*flags & HAS_LEAF)
			hash_search(v->waiting, &number, HASH_REMOVE, NULL);
	}
	else if (!v->leaves_done && v->numbers[v->place] == number &&
			 (*flags & HAS_LEAF) == 0)
	{
		int64		leaf_index = (int64) (v->tile.number << TILE_BITS) + v->place;

		/* the usual case: table and tree are in the same order */
		if ((uint64) leaf_index >= v->trusted)
			meet(v, number, leaf_index, v->tile.hashes[v->place], hash, no_text);
		*flags |= HAS_LEAF;
		aidcase_merkle_add(&v->part, v->tile.hashes[v->place]);
		v->place++;
		v->nleaves++;
		if ((uint64) leaf_index + 1 > v->trusted)
			check_roots(v, (uint64) leaf_index + 1);
		if (v->place >= v->nnumbers)
			end_tile(v);
	}
	else
	{
		Waiting    *other = hash_search(v->waiting, &number, HASH_FIND, NULL);

		if (other != NULL && other->is_leaf)
		{
			meet(v, number, other->leaf_index, other->hash, hash, no_text);
			hash_search(v->waiting, &number, HASH_REMOVE, NULL);
		}
		else if (v->leaves_done && (*flags & HAS_LEAF) == 0)
			without_leaf(v, number, xid);
		else
		{
			bool		found;

			other = hash_search(v->waiting, &number, HASH_ENTER, &found);
			other->is_leaf = false;
			other->no_text = no_text;
			other->leaf_index = -1;
			other->xid = xid;
			if (!no_text)
				memcpy(other->hash, hash, MERKLE_HASH_LENGTH);

			/* leaves must not fall behind */
			while (!v->leaves_done && v->nleaves < v->nentries)
				take_leaf(v);
		}
	}
	if (hash_get_num_entries(v->waiting) > v->waiting_limit)
		look_up_waiting(v);
}

/*
 * Looks up the counterparts of all that waits.  The counterparts will be met
 * again and looked up in their turn, which costs time but no memory.
 */
static void
look_up_waiting(Verification *v)
{
	static const char leaf_query[] =
		"SELECT l.tile_no OPERATOR(pg_catalog.*) 256 OPERATOR(pg_catalog.+)"
		"       pg_catalog.array_position(l.entry_nos, $1) OPERATOR(pg_catalog.-) 1,"
		"       pg_catalog.substr(t.hashes, 32 OPERATOR(pg_catalog.*)"
		"         (pg_catalog.array_position(l.entry_nos, $1) OPERATOR(pg_catalog.-) 1)"
		"         OPERATOR(pg_catalog.+) 1, 32)"
		"  FROM aidcase.ledger_leaf AS l"
		"  LEFT JOIN aidcase.ledger_tile AS t ON t.level OPERATOR(pg_catalog.=) 0"
		"       AND t.tile_no OPERATOR(pg_catalog.=) l.tile_no"
		" WHERE l.numbers OPERATOR(pg_catalog.@>) $1"
		"   AND $1 OPERATOR(pg_catalog.=) ANY (l.entry_nos)"
		" LIMIT 1";
	static const char entry_query[] =
		"SELECT e.entry FROM aidcase.ledger_entry AS e"
		" WHERE e.entry_no OPERATOR(pg_catalog.=) $1";
	HASH_SEQ_STATUS scan;
	Waiting    *waiting;
	Oid			type = INT8OID;

	hash_seq_init(&scan, v->waiting);
	while ((waiting = hash_seq_search(&scan)) != NULL)
	{
		int64		number = waiting->number;
		Datum		value = Int64GetDatum(number);
		uint64		n;
		bool		isnull;
		Datum		found;

		CHECK_FOR_INTERRUPTS();
		if (waiting->is_leaf ?
			v->entries_done && (*aidcase_entry_flags(v, number) & HAS_ENTRY) == 0 :
			v->leaves_done && (*aidcase_entry_flags(v, number) & HAS_LEAF) == 0)
		{
			/* all of the other side was seen, whatever an index says */
			if (!waiting->is_leaf)
				without_leaf(v, number, waiting->xid);
			else
				aidcase_break(v, "entry_missing", "ledger_entry",
					   psprintf("[" INT64_FORMAT "]", number),
					   waiting->leaf_index, number,
					   "There is no entry for this leaf.");
			hash_search(v->waiting, &number, HASH_REMOVE, NULL);
			continue;
		}
		n = aidcase_read(waiting->is_leaf ? entry_query : leaf_query,
						 1, &type, &value, NULL, NULL);
		if (waiting->is_leaf && n == 0)
			aidcase_break(v, "entry_missing", "ledger_entry",
				   psprintf("[" INT64_FORMAT "]", number), waiting->leaf_index,
				   number, "There is no entry for this leaf.");
		else if (waiting->is_leaf)
		{
			uint8		hash[MERKLE_HASH_LENGTH];

			found = SPI_getbinval(SPI_tuptable->vals[0],
								  SPI_tuptable->tupdesc, 1, &isnull);
			if (!isnull)
			{
				text	   *entry = DatumGetTextPP(found);

				aidcase_merkle_hash_leaf(VARDATA_ANY(entry),
										 VARSIZE_ANY_EXHDR(entry), hash);
			}
			meet(v, number, waiting->leaf_index, waiting->hash, hash, isnull);
		}
		else if (n == 0)
			without_leaf(v, number, waiting->xid);
		else
		{
			int64		leaf_index = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
																 SPI_tuptable->tupdesc,
																 1, &isnull));

			found = SPI_getbinval(SPI_tuptable->vals[0],
								  SPI_tuptable->tupdesc, 2, &isnull);
			if (!isnull && (uint64) leaf_index >= v->trusted)
			{
				bytea	   *hash = DatumGetByteaPP(found);

				if (VARSIZE_ANY_EXHDR(hash) == MERKLE_HASH_LENGTH)
					meet(v, number, leaf_index,
						 (const uint8 *) VARDATA_ANY(hash), waiting->hash,
						 waiting->no_text);
			}
		}
		SPI_freetuptable(SPI_tuptable);
		hash_search(v->waiting, &number, HASH_REMOVE, NULL);
	}
}

/*
 * Passes 1 and 2.
 */
static void
verify_entries(Verification *v)
{
	Relation	rel = table_open(aidcase_relation("ledger_entry"),
								 AccessShareLock);
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	TableScanDesc scan;
	TupleTableSlot *slot;
	SPIPlanPtr	plan;
	Oid			saved_user;
	int			saved_context;

	v->tiles = table_open(aidcase_relation("ledger_tile"), AccessShareLock);
	v->leaves = table_open(aidcase_relation("ledger_leaf"), AccessShareLock);
	values[0] = Int64GetDatum((int64) v->trusted);
	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(aidcase_owner(),
						   saved_context | SECURITY_LOCAL_USERID_CHANGE);
	plan = SPI_prepare("SELECT c.tree_size, c.root, c.body"
					   "  FROM aidcase.checkpoint AS c"
					   " WHERE c.tree_size OPERATOR(pg_catalog.>) $1"
					   " ORDER BY c.tree_size", 1, types);
	if (plan == NULL)
		elog(ERROR, "could not prepare a query of the ledger");
	v->checkpoints = SPI_cursor_open(NULL, plan, values, NULL, true);
	SetUserIdAndSecContext(saved_user, saved_context);

	if (v->outside.given && !v->outside.checked &&
		v->outside.tree_size <= v->trusted)
	{
		uint8		root[MERKLE_HASH_LENGTH];

		aidcase_tiles_root(v->tiles, v->outside.tree_size, root);
		if (memcmp(root, v->outside.root, MERKLE_HASH_LENGTH) != 0)
			aidcase_break(v, "checkpoint_outside", "checkpoint",
				   psprintf("[" UINT64_FORMAT "]", v->outside.tree_size), -1, -1,
				   "The tree of " UINT64_FORMAT " leaves has another root than the outside checkpoint.",
				   v->outside.tree_size);
		v->outside.checked = true;
	}
	start_leaves(v);

	scan = table_beginscan_strat(rel, GetActiveSnapshot(), 0, NULL, true, false);
	slot = table_slot_create(rel, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		take_entry(v, slot);
		if (v->nentries % PROGRESS_STEP == 0)
			ereport(NOTICE,
					(errmsg(INT64_FORMAT " entries verified, " INT64_FORMAT " breaks",
							v->nentries, v->breaks)));
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	v->entries_done = true;
	while (!v->leaves_done)
	{
		CHECK_FOR_INTERRUPTS();
		take_leaf(v);
	}
	end_leaves(v);
	look_up_waiting(v);

	SPI_cursor_close(v->checkpoints);
	table_close(v->leaves, AccessShareLock);
	table_close(v->tiles, AccessShareLock);
	table_close(rel, AccessShareLock);
}

/*
 * Entries that others replace must be there.
 */
static void
verify_chains(Verification *v)
{
	HASH_SEQ_STATUS scan;
	FlagChunk  *chunk;

	hash_seq_init(&scan, v->chunks);
	while ((chunk = hash_seq_search(&scan)) != NULL)
	{
		int			i;

		for (i = 0; i < CHUNK_SIZE; i++)
		{
			int64		number = (chunk->number << CHUNK_BITS) + i;

			if ((chunk->flags[i] & (SUPERSEDED | HAS_ENTRY)) == SUPERSEDED)
				aidcase_break(v, "chain_broken", "ledger_entry",
					   psprintf("[" INT64_FORMAT "]", number), -1, number,
					   "Another entry replaces it, but there is no such entry.");
		}
	}
}

/*
 * verify_register(checkpoint text, trusted_size bigint, max_breaks integer)
 * returns setof record
 */
Datum
aidcase_verify_register(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Verification *v;
	HASHCTL		ctl = {0};
	MemoryContext former;
	MemoryContext context;

	InitMaterializedSRF(fcinfo, 0);
	(void) aidcase_relation("ledger_entry");
	context = AllocSetContextCreate(CurrentMemoryContext,
									"aidcase verification",
									ALLOCSET_DEFAULT_SIZES);
	former = MemoryContextSwitchTo(context);
	v = palloc0(sizeof(Verification));
	v->context = context;
	v->store = result->setResult;
	v->desc = result->setDesc;
	v->trusted = (uint64) PG_GETARG_INT64(1);
	v->limit = PG_GETARG_INT32(2);
	if (PG_GETARG_INT64(1) < 0 || v->limit < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("trusted_size must not be negative, and max_breaks must be positive"),
				 errhint("Leave them out to verify all.")));

	ctl.keysize = sizeof(int64);
	ctl.entrysize = sizeof(FlagChunk);
	ctl.hcxt = context;
	v->chunks = hash_create("aidcase flags", 256, &ctl,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	ctl.entrysize = sizeof(Waiting);
	v->waiting = hash_create("aidcase waiting entries", 1024, &ctl,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	v->waiting_limit = Max(1000L, (long) maintenance_work_mem * 1024L /
						   (long) (2 * sizeof(Waiting)));
	ctl.entrysize = sizeof(Shape);
	v->shapes = hash_create("aidcase shapes", 64, &ctl,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	SPI_connect();
	/* under one snapshot, whatever happens meanwhile */
	PushActiveSnapshot(GetActiveSnapshot());
	read_register(v);
	if (!PG_ARGISNULL(0))
		read_outside(v, PG_GETARG_TEXT_PP(0));
	if (v->trusted > v->tree_size)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("trusted_size is greater than the tree"),
				 errdetail("The tree has " UINT64_FORMAT " leaves.", v->tree_size),
				 errhint("If a tree of that size was sealed, the ledger was shortened: give the checkpoint of that time.")));
	read_erasures(v);
	verify_entries(v);
	verify_chains(v);
	aidcase_verify_rows(v);
	aidcase_verify_catalogue(v);
	PopActiveSnapshot();
	SPI_finish();

	if (v->breaks > v->limit)
	{
		int64		rest = v->breaks - v->limit;

		v->limit = PG_INT64_MAX;
		aidcase_break(v, "more", NULL, NULL, -1, -1,
			   INT64_FORMAT " more breaks were found and not listed.", rest);
	}
	MemoryContextSwitchTo(former);
	MemoryContextDelete(context);
	return (Datum) 0;
}
