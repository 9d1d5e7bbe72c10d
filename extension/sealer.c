/*-------------------------------------------------------------------------
 *
 * sealer.c
 *		Sealing: gives committed entries their leaves, writes a checkpoint.
 *
 * Writers take no lock for the ledger, so entries become visible out of the
 * order of their numbers, and some numbers never do.  The order that counts
 * is made here, by one sealer at a time: the lock comes first, the snapshot
 * after it.  Each checkpoint keeps its horizon, the snapshot under which it
 * was made.  To seal is what that horizon did not cover and is visible now:
 * a transaction that was still running, prepared or not, is met by a later
 * sealing, an aborted one by none.  A low-water mark by entry number, or by
 * transaction id alone, would miss late commits.
 *
 * The sealer's own transaction is always outside its horizon, as it may
 * write more entries after sealing; what it wrote is sealed by the next one.
 * That needs READ COMMITTED: a snapshot older than the lock would not show
 * what the last sealer did.
 *
 * Transaction ids mean something in one cluster only.  A register that was
 * restored or cloned is another incarnation (system identifier and database
 * oid) and refuses to seal until adopt_register(), which seals what came
 * along without leaf and notes the largest entry number so far; entries up
 * to it are never looked at again, so that younger ids do no harm.
 *
 * Entries are met in the order of the table and hashed as they are met; what
 * is kept is the right edge of the tree, a tile of each level.  Leaves'
 * numbers (ledger_leaf) and hashes (ledger_tile) are kept in rows of 256, so
 * sealing costs two hashes an entry and little else.  Rows are written
 * directly, as ledger.c does: the tables refuse all other writes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/base64.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "aidcase.h"
#include "compat.h"
#include "ledger.h"
#include "sealer.h"
#include "tiles.h"

PG_FUNCTION_INFO_V1(aidcase_seal);
PG_FUNCTION_INFO_V1(aidcase_seal_rest);
PG_FUNCTION_INFO_V1(aidcase_lock_sealing);
PG_FUNCTION_INFO_V1(aidcase_sealing_horizon);
PG_FUNCTION_INFO_V1(aidcase_this_database);

/* What sealing goes on from. */
typedef struct SealStart
{
	char	   *origin;
	bool		rehearsal;
	int32		incarnation;
	int64		after_no;		/* numbers of former incarnations */
	char	   *horizon;		/* NULL: nothing was sealed yet */
	int64		tree_size;
	uint8	   *root;			/* NULL: no checkpoint yet */
	TimestampTz sealed_at;		/* of the last checkpoint */
	bool		adopting;		/* first sealing of an incarnation */
} SealStart;

/* The work of one sealing; begins with a DestReceiver. */
typedef struct Sealing
{
	DestReceiver pub;
	Relation	tiles;
	Relation	leaves;
	CatalogIndexState tile_indexes;
	CatalogIndexState leaf_indexes;
	Horizon		last;			/* horizon sealed so far */
	bool		has_last;
	uint64		own_xid;
	uint64		size;			/* leaves so far */
	Tile		edge[TILE_LEVELS];	/* right edge */
	bool		changed[TILE_LEVELS];	/* has hashes that are not written */
	int64		numbers[TILE_WIDTH];	/* entry numbers of edge[0] */
	ItemPointerData numbers_tid;
	int64		without_text;	/* entries that cannot be sealed */
} Sealing;

static int64 seal(bool adopting);
static void read_start(SealStart *start, bool adopting);
static void check_incarnation(const char *system_identifier, int64 database);
static char *take_horizon(uint64 own_xid);
static void load_edge(Sealing *work, const SealStart *start);
static void load_numbers(Sealing *work);
static bool receive_entry(TupleTableSlot *slot, DestReceiver *self);
static void receive_start(DestReceiver *self, int operation, TupleDesc desc);
static void receive_end(DestReceiver *self);
static HeapTuple form_row(Relation rel, const Datum *own, int nown);
static void add_hash(Sealing *work, int level, const uint8 *hash);
static void write_tile(Sealing *work, int level);
static void write_numbers(Sealing *work);
static void note_catalogue(void);
static void scan_entries(Sealing *work, const SealStart *start);
static void edge_root(const Sealing *work, uint8 *root);
static void write_checkpoint(const SealStart *start, uint64 size,
							 const uint8 *root, const char *horizon);

/*
 * The cluster's identifier; see sealer.h.
 */
const char *
aidcase_system_identifier(void)
{
	static char text[32] = "";

	if (text[0] == '\0')
		snprintf(text, sizeof(text), UINT64_FORMAT, GetSystemIdentifier());
	return text;
}

/*
 * Had the transaction finished?
 */
bool
aidcase_horizon_covers(const Horizon *horizon, uint64 xid)
{
	int			low = 0;
	int			high = horizon->nrunning - 1;

	if (xid < horizon->xmin)
		return true;
	if (xid >= horizon->xmax)
		return false;
	while (low <= high)
	{
		int			middle = (low + high) / 2;

		if (horizon->running[middle] == xid)
			return false;
		if (horizon->running[middle] < xid)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return true;
}

/*
 * Reads the text of a horizon.
 */
void
aidcase_horizon_parse(const char *text, Horizon *horizon)
{
	const char *p = text;
	char	   *end;
	int			room = 1;

	for (; *p != '\0'; p++)
		room += (*p == ',');
	horizon->running = palloc(sizeof(uint64) * room);
	horizon->nrunning = 0;

	horizon->xmin = strtou64(text, &end, 10);
	if (end == text || *end != ':')
		elog(ERROR, "invalid horizon \"%s\"", text);
	p = end + 1;
	horizon->xmax = strtou64(p, &end, 10);
	if (end == p || *end != ':')
		elog(ERROR, "invalid horizon \"%s\"", text);
	for (p = end + 1; *p != '\0'; p = end + (*end == ','))
	{
		horizon->running[horizon->nrunning++] = strtou64(p, &end, 10);
		if (end == p || (*end != ',' && *end != '\0'))
			elog(ERROR, "invalid horizon \"%s\"", text);
	}
}

/*
 * The horizon of the active snapshot, without our own transaction, as text.
 */
static char *
take_horizon(uint64 own_xid)
{
	Datum		snapshot;
	Horizon		horizon;
	StringInfoData text;
	bool		own_done = false;
	int			i;

	snapshot = OidFunctionCall0(F_PG_CURRENT_SNAPSHOT);
	aidcase_horizon_parse(DatumGetCString(DirectFunctionCall1(pg_snapshot_out,
															  snapshot)),
						  &horizon);

	/* the server does not count our own transaction as running */
	if (own_xid >= horizon.xmax)
		own_done = true;
	initStringInfo(&text);
	appendStringInfo(&text, UINT64_FORMAT ":" UINT64_FORMAT ":",
					 Min(horizon.xmin, own_xid), horizon.xmax);
	for (i = 0; i <= horizon.nrunning; i++)
	{
		if (!own_done &&
			(i == horizon.nrunning || horizon.running[i] > own_xid))
		{
			appendStringInfo(&text, UINT64_FORMAT ",", own_xid);
			own_done = true;
		}
		if (i < horizon.nrunning)
			appendStringInfo(&text, UINT64_FORMAT ",", horizon.running[i]);
	}
	if (text.data[text.len - 1] == ',')
		text.data[--text.len] = '\0';
	return text.data;
}

/*
 * Runs a query as the owner under the active snapshot; see sealer.h.
 */
uint64
aidcase_read(const char *query, int nargs, const Oid *types, Datum *values,
			 const char *nulls, DestReceiver *dest)
{
	SPIExecuteOptions options = {0};
	ParamListInfo params = NULL;
	SPIPlanPtr	plan;
	Oid			saved_user;
	int			saved_context;
	int			result;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(aidcase_owner(),
						   saved_context | SECURITY_LOCAL_USERID_CHANGE);
	plan = SPI_prepare(query, nargs, unconstify(Oid *, types));
	if (plan == NULL)
		elog(ERROR, "could not prepare a query of the ledger: %s: %s",
			 SPI_result_code_string(SPI_result), query);
	if (nargs > 0)
	{
		int			i;

		params = makeParamList(nargs);
		for (i = 0; i < nargs; i++)
		{
			params->params[i].value = values[i];
			params->params[i].isnull = nulls != NULL && nulls[i] == 'n';
			params->params[i].pflags = PARAM_FLAG_CONST;
			params->params[i].ptype = types[i];
		}
	}
	options.params = params;
	options.read_only = true;
	options.dest = dest;
	result = SPI_execute_plan_extended(plan, &options);
	SPI_freeplan(plan);
	SetUserIdAndSecContext(saved_user, saved_context);
	if (result < 0)
		elog(ERROR, "a query of the ledger returned %s: %s",
			 SPI_result_code_string(result), query);
	return SPI_processed;
}

/*
 * Error unless this database is the register's own, and no copy of it.
 */
static void
check_incarnation(const char *system_identifier, int64 database)
{
	if (strcmp(system_identifier, aidcase_system_identifier()) == 0 &&
		database == (int64) MyDatabaseId)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NOT_ADOPTED),
			 errmsg("this database is a copy of the register that was not adopted"),
			 errdetail("The register was last adopted in cluster %s, database " INT64_FORMAT "; this is cluster %s, database %u.",
					   system_identifier, database,
					   aidcase_system_identifier(), MyDatabaseId),
			 errhint("If it shall go on in place of the other one: SELECT aidcase.adopt_register().")));
}

/*
 * Reads what sealing goes on from, under the active snapshot.  Texts are in
 * the caller's context.
 */
static void
read_start(SealStart *start, bool adopting)
{
	static const char query[] =
		"SELECT r.origin, r.purpose OPERATOR(pg_catalog.=) 'rehearsal',"
		"       i.incarnation, i.system_identifier, i.database_oid,"
		"       i.after_no, i.horizon,"
		"       c.tree_size, c.root, c.sealed_at, c.horizon, c.incarnation"
		"  FROM aidcase.register AS r"
		" CROSS JOIN LATERAL (SELECT * FROM aidcase.register_incarnation AS x"
		"       ORDER BY x.incarnation DESC LIMIT 1) AS i"
		"  LEFT JOIN LATERAL (SELECT * FROM aidcase.checkpoint AS x"
		"       ORDER BY x.tree_size DESC LIMIT 1) AS c ON true";
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext former;
	HeapTuple	row;
	TupleDesc	desc;
	bool		isnull;
	Datum		value;
	int64		database;
	char	   *system_identifier;

	SPI_connect();
	if (aidcase_read(query, 0, NULL, NULL, NULL, NULL) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_NO_REGISTER),
				 errmsg("the register of this database is not open"),
				 errhint("Open it with SELECT aidcase.open_register(area_code, name).")));
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;

	former = MemoryContextSwitchTo(caller);
	memset(start, 0, sizeof(SealStart));
	start->adopting = adopting;
	start->origin = SPI_getvalue(row, desc, 1);
	start->rehearsal = DatumGetBool(SPI_getbinval(row, desc, 2, &isnull));
	start->incarnation = DatumGetInt32(SPI_getbinval(row, desc, 3, &isnull));
	system_identifier = SPI_getvalue(row, desc, 4);
	database = DatumGetInt64(SPI_getbinval(row, desc, 5, &isnull));
	start->after_no = DatumGetInt64(SPI_getbinval(row, desc, 6, &isnull));
	start->horizon = SPI_getvalue(row, desc, 7);
	value = SPI_getbinval(row, desc, 8, &isnull);
	if (!isnull)
	{
		bytea	   *root;

		start->tree_size = DatumGetInt64(value);
		root = DatumGetByteaPCopy(SPI_getbinval(row, desc, 9, &isnull));
		if (VARSIZE_ANY_EXHDR(root) != MERKLE_HASH_LENGTH)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the last checkpoint of the ledger is damaged"),
					 errhint("SELECT * FROM aidcase.verify_register().")));
		start->root = (uint8 *) VARDATA_ANY(root);
		start->sealed_at =
			DatumGetTimestampTz(SPI_getbinval(row, desc, 10, &isnull));
		/* a former incarnation's horizon means nothing here */
		if (DatumGetInt32(SPI_getbinval(row, desc, 12, &isnull)) ==
			start->incarnation)
			start->horizon = SPI_getvalue(row, desc, 11);
	}
	MemoryContextSwitchTo(former);
	check_incarnation(system_identifier, database);
	SPI_finish();
}

/*
 * Reads the right edge of the tree, and checks it against the checkpoint: a
 * tree that was changed must not be built upon.
 */
static void
load_edge(Sealing *work, const SealStart *start)
{
	uint8		root[MERKLE_HASH_LENGTH];
	int			level;
	bool		damaged = false;

	work->size = (uint64) start->tree_size;
	for (level = 0; level < TILE_LEVELS; level++)
	{
		uint64		hashes = tile_hashes(work->size, level);
		int			part = (int) (hashes & (TILE_WIDTH - 1));
		Tile	   *tile = &work->edge[level];

		if (part > 0)
		{
			damaged |= !aidcase_tile_read(work->tiles, level,
										  hashes >> TILE_BITS, tile);
			damaged |= tile->nhashes != part;
		}
		else
		{
			tile->level = level;
			tile->number = hashes >> TILE_BITS;
			tile->nhashes = 0;
			ItemPointerSetInvalid(&tile->tid);
		}
	}
	if (!damaged && start->root != NULL)
	{
		edge_root(work, root);
		damaged = memcmp(root, start->root, MERKLE_HASH_LENGTH) != 0;
	}
	if (!damaged && work->edge[0].nhashes > 0)
		load_numbers(work);
	if (damaged)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the ledger's tree does not fit its last checkpoint"),
				 errdetail("The tree has " INT64_FORMAT " leaves. Nothing is sealed on top of a tree that was changed.",
						   start->tree_size),
				 errhint("SELECT * FROM aidcase.verify_register() names what was changed; restore it from a backup.")));
}

/*
 * Reads the entry numbers of the last leaves.
 */
static void
load_numbers(Sealing *work)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			n = 0;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum((int64) work->edge[0].number));
	scan = systable_beginscan(work->leaves,
							  RelationGetPrimaryKeyIndex(work->leaves, false), true,
							  GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, 3,
										 RelationGetDescr(work->leaves),
										 &isnull);
		Datum	   *numbers;

		deconstruct_array(DatumGetArrayTypeP(value), INT8OID, sizeof(int64),
						  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &numbers, NULL, &n);
		if (n == work->edge[0].nhashes)
		{
			int			i;

			for (i = 0; i < n; i++)
				work->numbers[i] = DatumGetInt64(numbers[i]);
			work->numbers_tid = tuple->t_self;
		}
	}
	systable_endscan(scan);
	if (n != work->edge[0].nhashes)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the ledger's leaves do not fit its tree"),
				 errdetail("Row " UINT64_FORMAT " of table \"ledger_leaf\" should have %d numbers.",
						   work->edge[0].number, work->edge[0].nhashes),
				 errhint("SELECT * FROM aidcase.verify_register() names what was changed; restore it from a backup.")));
}

/*
 * The root of the tree, from its right edge.
 */
static void
edge_root(const Sealing *work, uint8 *root)
{
	MerkleTree	tree;
	int			level;
	int			i;

	aidcase_merkle_init(&tree);
	for (level = TILE_LEVELS - 1; level >= 0; level--)
	{
		for (i = 0; i < work->edge[level].nhashes; i++)
			aidcase_merkle_add_subtree(&tree, TILE_BITS * level,
									   work->edge[level].hashes[i]);
	}
	aidcase_merkle_finish(&tree, root);
}

/*
 * A row of one of the ledger's tables; columns that a DBA added are NULL.
 */
static HeapTuple
form_row(Relation rel, const Datum *own, int nown)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Datum	   *values = palloc0(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);
	HeapTuple	tuple;

	memset(nulls, true, sizeof(bool) * desc->natts);
	memset(nulls, false, sizeof(bool) * nown);
	memcpy(values, own, sizeof(Datum) * nown);
	tuple = heap_form_tuple(desc, values, nulls);
	pfree(values);
	pfree(nulls);
	return tuple;
}

/*
 * Appends a hash to a level; a tile that is full is written and its root
 * goes to the level above.
 */
static void
add_hash(Sealing *work, int level, const uint8 *hash)
{
	Tile	   *tile = &work->edge[level];
	uint8		root[MERKLE_HASH_LENGTH];

	memcpy(tile->hashes[tile->nhashes++], hash, MERKLE_HASH_LENGTH);
	work->changed[level] = true;
	if (tile->nhashes < TILE_WIDTH)
		return;

	if (level + 1 >= TILE_LEVELS)
		elog(ERROR, "the ledger's tree is full");
	write_tile(work, level);
	if (level == 0)
		write_numbers(work);
	aidcase_tile_root(tile, root);
	tile->number++;
	tile->nhashes = 0;
	ItemPointerSetInvalid(&tile->tid);
	add_hash(work, level + 1, root);
}

/*
 * Writes the tile at the edge of a level, in place of its shorter version.
 */
static void
write_tile(Sealing *work, int level)
{
	Tile	   *tile = &work->edge[level];
	Size		length = (Size) tile->nhashes * MERKLE_HASH_LENGTH;
	bytea	   *hashes = palloc(VARHDRSZ + length);
	Datum		values[3];
	HeapTuple	tuple;

	SET_VARSIZE(hashes, VARHDRSZ + length);
	memcpy(VARDATA(hashes), tile->hashes, length);
	values[0] = Int32GetDatum(level);
	values[1] = Int64GetDatum((int64) tile->number);
	values[2] = PointerGetDatum(hashes);
	tuple = form_row(work->tiles, values, lengthof(values));
	if (ItemPointerIsValid(&tile->tid))
		CatalogTupleUpdateWithInfo(work->tiles, &tile->tid, tuple,
								   work->tile_indexes);
	else
		CatalogTupleInsertWithInfo(work->tiles, tuple, work->tile_indexes);
	heap_freetuple(tuple);
	pfree(hashes);
	work->changed[level] = false;
}

/*
 * Writes the entry numbers of the last leaves.
 */
static void
write_numbers(Sealing *work)
{
	TypeCacheEntry *type = lookup_type_cache(INT8RANGEOID,
											 TYPECACHE_RANGE_INFO);
	int			n = work->edge[0].nhashes;
	Datum		numbers[TILE_WIDTH];
	RangeBound	lower = {0};
	RangeBound	upper = {0};
	Datum		values[3];
	int64		least = work->numbers[0];
	int64		greatest = work->numbers[0];
	HeapTuple	tuple;
	int			i;

	for (i = 0; i < n; i++)
	{
		least = Min(least, work->numbers[i]);
		greatest = Max(greatest, work->numbers[i]);
		numbers[i] = Int64GetDatum(work->numbers[i]);
	}
	lower.val = Int64GetDatum(least);
	lower.inclusive = true;
	lower.lower = true;
	upper.val = Int64GetDatum(greatest + 1);
	values[0] = Int64GetDatum((int64) work->edge[0].number);
	values[1] = RangeTypePGetDatum(aidcase_make_range(type, &lower, &upper,
													  false));
	values[2] = PointerGetDatum(construct_array(numbers, n, INT8OID,
												sizeof(int64),
												FLOAT8PASSBYVAL,
												TYPALIGN_DOUBLE));
	tuple = form_row(work->leaves, values, lengthof(values));
	if (ItemPointerIsValid(&work->numbers_tid))
		CatalogTupleUpdateWithInfo(work->leaves, &work->numbers_tid, tuple,
								   work->leaf_indexes);
	else
		CatalogTupleInsertWithInfo(work->leaves, tuple, work->leaf_indexes);
	heap_freetuple(tuple);
	pfree(DatumGetPointer(values[1]));
	pfree(DatumGetPointer(values[2]));
	ItemPointerSetInvalid(&work->numbers_tid);
}

/*
 * Takes one entry: (entry_no, xid, entry).
 */
static bool
receive_entry(TupleTableSlot *slot, DestReceiver *self)
{
	Sealing    *work = (Sealing *) self;
	uint64		xid;
	text	   *entry;
	uint8		hash[MERKLE_HASH_LENGTH];

	slot_getallattrs(slot);
	xid = (uint64) DatumGetInt64(slot->tts_values[1]);
	if (xid == work->own_xid ||
		(work->has_last && aidcase_horizon_covers(&work->last, xid)))
		return true;
	if (slot->tts_isnull[2])
	{
		work->without_text++;
		return true;
	}

	entry = DatumGetTextPP(slot->tts_values[2]);
	aidcase_merkle_hash_leaf(VARDATA_ANY(entry), VARSIZE_ANY_EXHDR(entry),
							 hash);
	if ((Pointer) entry != DatumGetPointer(slot->tts_values[2]))
		pfree(entry);
	work->numbers[work->edge[0].nhashes] = DatumGetInt64(slot->tts_values[0]);
	work->size++;
	add_hash(work, 0, hash);
	CHECK_FOR_INTERRUPTS();
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
 * Sends all entries that may have to be sealed through receive_entry().
 *
 * What is new stands at the end of the table; the brin index finds it.  The
 * planner is not asked: it would read the whole table when its statistics
 * are old.
 */
static void
scan_entries(Sealing *work, const SealStart *start)
{
	static const char all[] =
		"SELECT e.entry_no, e.xid, e.entry FROM aidcase.ledger_entry AS e";
	static const char newer[] =
		"SELECT e.entry_no, e.xid, e.entry FROM aidcase.ledger_entry AS e"
		" WHERE e.xid OPERATOR(pg_catalog.>=) $1"
		"   AND e.entry_no OPERATOR(pg_catalog.>) $2";
	static const char without_leaf[] =
		"SELECT e.entry_no, e.xid, e.entry FROM aidcase.ledger_entry AS e"
		" WHERE NOT EXISTS (SELECT FROM aidcase.ledger_leaf AS l"
		"        CROSS JOIN LATERAL pg_catalog.unnest(l.entry_nos) AS n"
		"        WHERE n OPERATOR(pg_catalog.=) e.entry_no)";
	static const char *const off[] = {
		"synchronize_seqscans", "enable_seqscan", "enable_indexscan"};
	Oid			types[2] = {INT8OID, INT8OID};
	Datum		values[2];
	int			nest = NewGUCNestLevel();
	int			i;
	bool		narrow = work->has_last && !start->adopting;

	/* without an index to use, the table is read in its own order */
	for (i = 0; i < (narrow ? (int) lengthof(off) : 1); i++)
		(void) set_config_option(off[i], "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("max_parallel_workers_per_gather", "0",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	SPI_connect();
	if (start->adopting)
		(void) aidcase_read(without_leaf, 0, NULL, NULL, NULL, &work->pub);
	else if (narrow)
	{
		values[0] = Int64GetDatum((int64) work->last.xmin);
		values[1] = Int64GetDatum(start->after_no);
		(void) aidcase_read(newer, 2, types, values, NULL, &work->pub);
	}
	else
		(void) aidcase_read(all, 0, NULL, NULL, NULL, &work->pub);
	SPI_finish();
	AtEOXact_GUC(true, nest);
}

/*
 * The text of a checkpoint; see sealer.h.  A rehearsal says so in a line of
 * its own, which the format allows after the root.
 */
char *
aidcase_checkpoint_text(const char *origin, bool rehearsal, uint64 tree_size,
						const uint8 *root)
{
	char		digits[64];
	int			length = pg_b64_encode(root, MERKLE_HASH_LENGTH,
									   digits, sizeof(digits) - 1);

	if (length < 0)
		elog(ERROR, "could not encode a hash");
	digits[length] = '\0';
	return psprintf("%s\n" UINT64_FORMAT "\n%s\n%s", origin, tree_size, digits,
					rehearsal ? "rehearsal\n" : "");
}

/*
 * Writes the checkpoint.
 */
static void
write_checkpoint(const SealStart *start, uint64 size, const uint8 *root,
				 const char *horizon)
{
	Relation	rel = table_open(aidcase_relation("checkpoint"),
								 RowExclusiveLock);
	Datum		values[6];
	HeapTuple	tuple;

	values[0] = Int64GetDatum((int64) size);
	values[1] = aidcase_hash_datum(root);
	values[2] = CStringGetTextDatum(aidcase_checkpoint_text(start->origin,
															start->rehearsal,
															size, root));
	values[3] = CStringGetTextDatum(horizon);
	/* a clock that was set back must not make order doubtful */
	values[4] = TimestampTzGetDatum(Max(GetCurrentTimestamp(),
										start->sealed_at + 1));
	values[5] = Int32GetDatum(start->incarnation);
	tuple = form_row(rel, values, lengthof(values));
	CatalogTupleInsert(rel, tuple);
	heap_freetuple(tuple);
	table_close(rel, NoLock);
}

/*
 * Writes an entry when the register's catalogue has changed since the last
 * one (operation C), and a row of ledger_catalogue by which it is found.  It
 * is sealed next time, as all that this transaction writes.
 */
static void
note_catalogue(void)
{
	char	   *changes;

	SPI_connect();
	(void) aidcase_read("SELECT aidcase.catalogue_changes()",
						0, NULL, NULL, NULL, NULL);
	changes = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (changes != NULL)
	{
		Relation	rel = table_open(aidcase_relation("ledger_catalogue"),
									 RowExclusiveLock);
		Datum		values[2];
		HeapTuple	tuple;

		values[0] = Int64GetDatum(aidcase_ledger_note('C', "catalogue",
													  changes));
		values[1] = CStringGetTextDatum(changes);
		tuple = form_row(rel, values, lengthof(values));
		CatalogTupleInsert(rel, tuple);
		heap_freetuple(tuple);
		table_close(rel, NoLock);
	}
	SPI_finish();
}

/*
 * Seals.  adopting: the first sealing of an incarnation, which takes all
 * entries without leaf.
 */
static int64
seal(bool adopting)
{
	MemoryContext context;
	MemoryContext former;
	Sealing    *work;
	SealStart	start;
	char	   *horizon;
	uint64		size;
	int			level;

	PreventCommandDuringRecovery("seal()");
	PreventCommandIfReadOnly("seal()");
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("sealing needs a transaction of isolation level READ COMMITTED"),
				 errdetail("Under %s it would not see what others have sealed.",
						   XactIsoLevel == XACT_SERIALIZABLE ?
						   "SERIALIZABLE" : "REPEATABLE READ"),
				 errhint("Call it in a transaction of its own.")));

	/* nothing in SQL takes a lock of this kind, so nobody can hold it up */
	LockDatabaseObject(RelationRelationId, aidcase_relation("checkpoint"), 0,
					   ExclusiveLock);

	context = AllocSetContextCreate(CurrentMemoryContext, "aidcase sealing",
									ALLOCSET_DEFAULT_SIZES);
	former = MemoryContextSwitchTo(context);
	work = palloc0(sizeof(Sealing));
	work->own_xid = U64FromFullTransactionId(GetTopFullTransactionId());
	work->pub.receiveSlot = receive_entry;
	work->pub.rStartup = receive_start;
	work->pub.rShutdown = receive_end;
	work->pub.rDestroy = receive_end;
	work->pub.mydest = DestNone;

	PushActiveSnapshot(GetLatestSnapshot());
	read_start(&start, adopting);
	horizon = take_horizon(work->own_xid);
	if (start.horizon != NULL && !adopting)
	{
		aidcase_horizon_parse(start.horizon, &work->last);
		work->has_last = true;
	}
	work->tiles = table_open(aidcase_relation("ledger_tile"), RowExclusiveLock);
	work->leaves = table_open(aidcase_relation("ledger_leaf"), RowExclusiveLock);
	work->tile_indexes = CatalogOpenIndexes(work->tiles);
	work->leaf_indexes = CatalogOpenIndexes(work->leaves);
	load_edge(work, &start);

	scan_entries(work, &start);

	note_catalogue();

	size = work->size;
	if (size > (uint64) start.tree_size)
	{
		uint8		root[MERKLE_HASH_LENGTH];

		for (level = 0; level < TILE_LEVELS; level++)
		{
			if (!work->changed[level])
				continue;
			write_tile(work, level);
			if (level == 0)
				write_numbers(work);
		}
		edge_root(work, root);
		write_checkpoint(&start, size, root, horizon);
	}
	CatalogCloseIndexes(work->leaf_indexes);
	CatalogCloseIndexes(work->tile_indexes);
	table_close(work->leaves, NoLock);
	table_close(work->tiles, NoLock);
	PopActiveSnapshot();
	if (work->without_text > 0)
		ereport(WARNING,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg_plural(INT64_FORMAT " entry without text was not sealed",
							   INT64_FORMAT " entries without text were not sealed",
							   (unsigned long) work->without_text,
							   work->without_text),
				 errhint("SELECT * FROM aidcase.verify_register().")));
	MemoryContextSwitchTo(former);
	MemoryContextDelete(context);

	/* a later command of the transaction goes on from here */
	CommandCounterIncrement();
	return (int64) size;
}

/*
 * Seals; see sealer.h.
 */
int64
aidcase_seal_now(void)
{
	return seal(false);
}

/*
 * seal() returns bigint: the size of the tree.
 */
Datum
aidcase_seal(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(seal(false));
}

/*
 * seal_rest() returns bigint: the same, of all entries without leaf; for
 * adopt_register(), which keeps writers out.
 */
Datum
aidcase_seal_rest(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(seal(true));
}

/*
 * lock_sealing() returns void: keeps sealers out until the transaction ends.
 */
Datum
aidcase_lock_sealing(PG_FUNCTION_ARGS)
{
	LockDatabaseObject(RelationRelationId, aidcase_relation("checkpoint"), 0,
					   ExclusiveLock);
	PG_RETURN_VOID();
}

/*
 * sealing_horizon() returns text: that of the present snapshot.
 */
Datum
aidcase_sealing_horizon(PG_FUNCTION_ARGS)
{
	char	   *text;

	PushActiveSnapshot(GetLatestSnapshot());
	text = take_horizon(U64FromFullTransactionId(GetTopFullTransactionId()));
	PopActiveSnapshot();
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

/*
 * this_database(OUT system_identifier text, OUT database_oid bigint)
 */
Datum
aidcase_this_database(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = CStringGetTextDatum(aidcase_system_identifier());
	values[1] = Int64GetDatum((int64) MyDatabaseId);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
