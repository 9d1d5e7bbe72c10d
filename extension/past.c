/*-------------------------------------------------------------------------
 *
 * past.c
 *		What the register knew: which entries a checkpoint covers, and
 *		questions that are asked with the caller's own rights.
 *
 * The images of the past lie in the ledger, which few may read.  The
 * functions that show them (history(), as_known(), prove()) run with the
 * rights of the register's owner and must not show more than the caller may
 * read of the live row.  So they ask the table itself, as the caller: grants
 * and row security then decide as in any query.  ask_as_caller() is that
 * question; only the owner may call it.
 *
 * The caller is the outer user: the session's role, or the one that SET ROLE
 * chose.  Under a function with its owner's rights that is less than the
 * current user, never more.
 *
 * An entry is known at a checkpoint when its leaf lies below the size of the
 * tree.  is_known() is asked once for every row, so the numbers of all leaves
 * below a size are kept as bits until the transaction ends, in chunks that
 * are made when first used.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "aidcase.h"
#include "compat.h"
#include "tiles.h"

/* Entry numbers in a chunk of bits. */
#define CHUNK_BITS		16
#define CHUNK_BYTES		((1 << CHUNK_BITS) / BITS_PER_BYTE)

PG_FUNCTION_INFO_V1(aidcase_is_known);
PG_FUNCTION_INFO_V1(aidcase_ask_as_caller);
PG_FUNCTION_INFO_V1(aidcase_caller);

typedef struct KnownChunk
{
	int64		number;			/* hash key: entry number / chunk */
	uint8	   *bits;
} KnownChunk;

/* The entries known at a size; gone with the transaction. */
typedef struct Known
{
	int64		tree_size;
	HTAB	   *chunks;
	MemoryContext context;
} Known;

static Known *known = NULL;

static void forget_known(void *arg);
static void read_known(int64 tree_size);
static void mark_leaves(HeapTuple tuple, TupleDesc desc, int64 tree_size);

/*
 * Callback of the memory that the bits lie in.
 */
static void
forget_known(void *arg)
{
	known = NULL;
}

/*
 * Marks the numbers of one row of ledger_leaf.
 */
static void
mark_leaves(HeapTuple tuple, TupleDesc desc, int64 tree_size)
{
	bool		isnull;
	int64		first;
	Datum	   *numbers;
	int			n;
	int			i;

	first = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull)) * TILE_WIDTH;
	if (first >= tree_size)
		return;
	deconstruct_array(DatumGetArrayTypeP(heap_getattr(tuple, 3, desc, &isnull)),
					  INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &numbers, NULL, &n);
	for (i = 0; i < Min(n, tree_size - first); i++)
	{
		int64		number = DatumGetInt64(numbers[i]);
		int64		key = number >> CHUNK_BITS;
		uint32		bit = (uint32) (number & ((1 << CHUNK_BITS) - 1));
		bool		found;
		KnownChunk *chunk = hash_search(known->chunks, &key, HASH_ENTER, &found);

		if (!found)
		{
			chunk->bits = NULL;
			chunk->bits = MemoryContextAllocZero(known->context, CHUNK_BYTES);
		}
		chunk->bits[bit / BITS_PER_BYTE] |= (uint8) (1 << (bit % BITS_PER_BYTE));
	}
}

/*
 * Reads which entries are known at a size.
 */
static void
read_known(int64 tree_size)
{
	MemoryContext context;
	MemoryContext working;
	MemoryContext former;
	MemoryContextCallback *callback;
	HASHCTL		ctl = {0};
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	if (known != NULL)
		MemoryContextDelete(known->context);
	context = AllocSetContextCreate(TopTransactionContext, "aidcase known",
									ALLOCSET_DEFAULT_SIZES);
	callback = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));
	callback->func = forget_known;
	MemoryContextRegisterResetCallback(context, callback);
	known = MemoryContextAllocZero(context, sizeof(Known));
	known->context = context;
	known->tree_size = -1;		/* until all is read */
	ctl.keysize = sizeof(int64);
	ctl.entrysize = sizeof(KnownChunk);
	ctl.hcxt = context;
	known->chunks = hash_create("aidcase known entries", 256, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	working = AllocSetContextCreate(CurrentMemoryContext, "aidcase leaves",
									ALLOCSET_DEFAULT_SIZES);
	rel = table_open(aidcase_relation("ledger_leaf"), AccessShareLock);
	scan = table_beginscan(rel, GetActiveSnapshot(), 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		former = MemoryContextSwitchTo(working);
		mark_leaves(tuple, RelationGetDescr(rel), tree_size);
		MemoryContextSwitchTo(former);
		MemoryContextReset(working);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	MemoryContextDelete(working);
	known->tree_size = tree_size;
}

/*
 * is_known(entry_no bigint, tree_size bigint) returns boolean: is the leaf of
 * the entry below this size?
 */
Datum
aidcase_is_known(PG_FUNCTION_ARGS)
{
	int64		number = PG_GETARG_INT64(0);
	int64		tree_size = PG_GETARG_INT64(1);
	int64		key = number >> CHUNK_BITS;
	uint32		bit = (uint32) (number & ((1 << CHUNK_BITS) - 1));
	KnownChunk *chunk;

	if (known == NULL || known->tree_size != tree_size)
		read_known(tree_size);
	chunk = hash_search(known->chunks, &key, HASH_FIND, NULL);
	PG_RETURN_BOOL(chunk != NULL &&
				   (chunk->bits[bit / BITS_PER_BYTE] &
					(1 << (bit % BITS_PER_BYTE))) != 0);
}

/*
 * caller() returns oid: the role on whose behalf the owner's functions run.
 */
Datum
aidcase_caller(PG_FUNCTION_ARGS)
{
	PG_RETURN_OID(GetOuterUserId());
}

/*
 * ask_as_caller(query text, argument text[]) returns bigint[]: the first
 * column, of type bigint, of a query with one parameter, run with the rights
 * of the caller.
 */
Datum
aidcase_ask_as_caller(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			argtype = TEXTARRAYOID;
	Datum		argument = PG_ARGISNULL(1) ? (Datum) 0 : PG_GETARG_DATUM(1);
	const char *nulls = PG_ARGISNULL(1) ? "n" : " ";
	MemoryContext caller = CurrentMemoryContext;
	Oid			saved_user;
	int			saved_context;
	int			result;
	Datum	   *numbers;
	uint64		n;
	uint64		i;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(GetOuterUserId(),
						   saved_context | SECURITY_LOCAL_USERID_CHANGE);
	result = SPI_execute_with_args(query, 1, &argtype, &argument, nulls,
								   true, 0);
	SetUserIdAndSecContext(saved_user, saved_context);
	if (result != SPI_OK_SELECT || SPI_tuptable->tupdesc->natts < 1 ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 1) != INT8OID)
		elog(ERROR, "a question of the register must select a bigint: %s",
			 query);

	n = SPI_processed;
	numbers = MemoryContextAllocHuge(caller, sizeof(Datum) * Max(n, 1));
	for (i = 0; i < n; i++)
	{
		bool		isnull;

		numbers[i] = SPI_getbinval(SPI_tuptable->vals[i],
								   SPI_tuptable->tupdesc, 1, &isnull);
		if (isnull)
			elog(ERROR, "a question of the register has NULL as answer");
	}
	SPI_finish();
	PG_RETURN_ARRAYTYPE_P(construct_array(numbers, (int) n, INT8OID,
										  sizeof(int64), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}
