/*-------------------------------------------------------------------------
 *
 * tiles.c
 *		The ledger's tree as it is kept: reading tiles, proofs from them.
 *
 * A proof is the tree hashes of at most 64 ranges of leaves (merkle.c says
 * which).  Each range but the last is a complete subtree, whose root follows
 * from at most 256 neighbouring hashes of one tile; the last one runs along
 * the right edge and takes one tile of each level.  So a proof reads a few
 * tiles, however large the tree is.
 *
 * Tiles are read directly, by primary key, under the active snapshot: a
 * proof needs no rights on the ledger, and shows nothing but hashes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "aidcase.h"
#include "compat.h"
#include "tiles.h"

#define TILE_TABLE		"ledger_tile"
#define TILE_COLUMNS	3

PG_FUNCTION_INFO_V1(aidcase_inclusion_proof);
PG_FUNCTION_INFO_V1(aidcase_consistency_proof);
PG_FUNCTION_INFO_V1(aidcase_leaf_hash);

static Tile *cached_tile(Relation rel, Tile *cache, int level, uint64 number);
static void range_root(Relation rel, Tile *cache, const MerkleRange *range,
					   uint8 *root);
static ArrayType *range_roots(const MerkleRange *ranges, int nranges);

/*
 * Reads a tile; see tiles.h.
 */
bool
aidcase_tile_read(Relation rel, int level, uint64 number, Tile *tile)
{
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	tile->level = level;
	tile->number = number;
	tile->nhashes = 0;
	ItemPointerSetInvalid(&tile->tid);

	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(level));
	ScanKeyInit(&key[1], 2, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum((int64) number));
	scan = systable_beginscan(rel, RelationGetPrimaryKeyIndex(rel, false), true,
							  GetActiveSnapshot(), 2, key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, TILE_COLUMNS,
										 RelationGetDescr(rel), &isnull);

		if (!isnull)
		{
			bytea	   *bytes = DatumGetByteaPP(value);
			Size		length = VARSIZE_ANY_EXHDR(bytes);

			found = length > 0 && length <= sizeof(tile->hashes) &&
				length % MERKLE_HASH_LENGTH == 0;
			if (found)
			{
				memcpy(tile->hashes, VARDATA_ANY(bytes), length);
				tile->nhashes = (int) (length / MERKLE_HASH_LENGTH);
				tile->tid = tuple->t_self;
			}
			if ((Pointer) bytes != DatumGetPointer(value))
				pfree(bytes);
		}
	}
	systable_endscan(scan);
	return found;
}

/*
 * The root of a complete tile.
 */
void
aidcase_tile_root(const Tile *tile, uint8 *root)
{
	uint8		row[TILE_WIDTH / 2][MERKLE_HASH_LENGTH];
	int			width;
	int			i;

	Assert(tile->nhashes == TILE_WIDTH);
	for (i = 0; i < TILE_WIDTH / 2; i++)
		aidcase_merkle_hash_node(tile->hashes[2 * i], tile->hashes[2 * i + 1],
								 row[i]);
	for (width = TILE_WIDTH / 4; width > 0; width /= 2)
	{
		for (i = 0; i < width; i++)
			aidcase_merkle_hash_node(row[2 * i], row[2 * i + 1], row[i]);
	}
	memcpy(root, row[0], MERKLE_HASH_LENGTH);
}

/*
 * A tile, read unless it is the one of its level that was used last.
 */
static Tile *
cached_tile(Relation rel, Tile *cache, int level, uint64 number)
{
	Tile	   *tile = &cache[level];

	if (tile->nhashes == 0 || tile->number != number)
		(void) aidcase_tile_read(rel, level, number, tile);
	return tile;
}

/*
 * The tree hash of a range of leaves, put together from the largest pieces
 * that tiles hold.
 */
static void
range_root(Relation rel, Tile *cache, const MerkleRange *range, uint8 *root)
{
	MerkleTree	tree;
	uint64		begin = range->begin;
	uint64		end = range->end;

	aidcase_merkle_init(&tree);
	while (begin < end)
	{
		int			level = 0;
		uint64		place;
		Tile	   *tile;

		while (level + 1 < TILE_LEVELS)
		{
			uint64		width = UINT64CONST(1) << (TILE_BITS * (level + 1));

			if ((begin & (width - 1)) != 0 || end - begin < width)
				break;
			level++;
		}
		place = begin >> (TILE_BITS * level);
		tile = cached_tile(rel, cache, level, place >> TILE_BITS);
		if ((int) (place & (TILE_WIDTH - 1)) >= tile->nhashes)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the ledger's tree is damaged"),
					 errdetail("Tile " UINT64_FORMAT " of level %d is missing or too short.",
							   place >> TILE_BITS, level),
					 errhint("SELECT * FROM aidcase.verify_register().")));
		aidcase_merkle_add_subtree(&tree, TILE_BITS * level,
								   tile->hashes[place & (TILE_WIDTH - 1)]);
		begin += UINT64CONST(1) << (TILE_BITS * level);
	}
	aidcase_merkle_finish(&tree, root);
}

/*
 * The root of the tree of the first leaves.
 */
void
aidcase_tiles_root(Relation rel, uint64 tree_size, uint8 *root)
{
	Tile	   *cache = palloc0(sizeof(Tile) * TILE_LEVELS);
	MerkleRange range;

	range.begin = 0;
	range.end = tree_size;
	range_root(rel, cache, &range, root);
	pfree(cache);
}

/*
 * The tree hashes of ranges of leaves, as an array.
 */
static ArrayType *
range_roots(const MerkleRange *ranges, int nranges)
{
	Relation	rel = table_open(aidcase_relation(TILE_TABLE), AccessShareLock);
	Tile	   *cache = palloc0(sizeof(Tile) * TILE_LEVELS);
	Datum		parts[MERKLE_MAX_PARTS];
	int			i;

	for (i = 0; i < nranges; i++)
	{
		uint8		root[MERKLE_HASH_LENGTH];

		CHECK_FOR_INTERRUPTS();
		range_root(rel, cache, &ranges[i], root);
		parts[i] = aidcase_hash_datum(root);
	}
	pfree(cache);
	table_close(rel, AccessShareLock);
	return construct_array(parts, nranges, BYTEAOID, -1, false, TYPALIGN_INT);
}

/*
 * Leaves that the ledger's tree has: at the right edge of level 0.
 */
static uint64
sealed_leaves(Relation rel)
{
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	uint64		size = 0;
	Relation	index = index_open(RelationGetPrimaryKeyIndex(rel, false),
								   AccessShareLock);

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(0));
	scan = systable_beginscan_ordered(rel, index, GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		number = heap_getattr(tuple, 2, RelationGetDescr(rel),
										  &isnull);
		Datum		hashes = heap_getattr(tuple, TILE_COLUMNS,
										  RelationGetDescr(rel), &isnull);

		size = (uint64) DatumGetInt64(number) * TILE_WIDTH;
		if (!isnull)
			size += VARSIZE_ANY_EXHDR(DatumGetByteaPP(hashes)) /
				MERKLE_HASH_LENGTH;
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	return size;
}

/*
 * Error for a size that the ledger's tree never had, or a leaf outside it.
 */
static void
check_range(int64 smaller, const char *name, bool may_be_equal, int64 size,
			const char *size_name)
{
	Relation	rel = table_open(aidcase_relation(TILE_TABLE), AccessShareLock);
	uint64		leaves = sealed_leaves(rel);

	table_close(rel, AccessShareLock);
	if (smaller < 0 || size < 0 || (uint64) size > leaves ||
		smaller > size || (smaller == size && !may_be_equal))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the ledger's tree has no such proof"),
				 errdetail("%s is " INT64_FORMAT ", %s is " INT64_FORMAT ", and the tree has " UINT64_FORMAT " leaves.",
						   name, smaller, size_name, size, leaves),
				 errhint("Leaves are numbered from 0; sizes of the tree are in aidcase.checkpoint.")));
}

/*
 * inclusion_proof(leaf_index bigint, tree_size bigint) returns bytea[]
 */
Datum
aidcase_inclusion_proof(PG_FUNCTION_ARGS)
{
	int64		leaf_index = PG_GETARG_INT64(0);
	int64		tree_size = PG_GETARG_INT64(1);
	MerkleRange ranges[MERKLE_MAX_PARTS];
	int			n;

	check_range(leaf_index, "leaf_index", false, tree_size, "tree_size");
	n = aidcase_merkle_inclusion_ranges((uint64) leaf_index,
										(uint64) tree_size, ranges);
	PG_RETURN_ARRAYTYPE_P(range_roots(ranges, n));
}

/*
 * consistency_proof(size1 bigint, size2 bigint) returns bytea[]
 */
Datum
aidcase_consistency_proof(PG_FUNCTION_ARGS)
{
	int64		size1 = PG_GETARG_INT64(0);
	int64		size2 = PG_GETARG_INT64(1);
	MerkleRange ranges[MERKLE_MAX_PARTS];
	int			n = 0;

	check_range(size1, "size1", true, size2, "size2");
	if (size1 > 0)
		n = aidcase_merkle_consistency_ranges((uint64) size1, (uint64) size2,
											  ranges);
	PG_RETURN_ARRAYTYPE_P(range_roots(ranges, n));
}

/*
 * leaf_hash(leaf_index bigint) returns bytea
 */
Datum
aidcase_leaf_hash(PG_FUNCTION_ARGS)
{
	int64		leaf_index = PG_GETARG_INT64(0);
	MerkleRange range;
	ArrayType  *array;
	Datum	   *parts;
	int			n;

	check_range(leaf_index, "leaf_index", false, leaf_index + 1, "tree_size");
	range.begin = (uint64) leaf_index;
	range.end = range.begin + 1;
	array = range_roots(&range, 1);
	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT,
					  &parts, NULL, &n);
	PG_RETURN_DATUM(parts[0]);
}
