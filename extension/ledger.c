/*-------------------------------------------------------------------------
 *
 * ledger.c
 *		Capture: one ledger entry for every row version of the register.
 *
 * Every business table has two row triggers, made by set_up_table().  BEFORE,
 * number_entry() gives the new row version its number from the sequence
 * aidcase.entry_number.  AFTER, capture_entry() writes the entry with that
 * number: when, by whom, and the whole row, as one JSON text that
 * extension/LEDGER.md gives to the byte.  Nothing is hashed and nothing is
 * ordered here; both are the sealer's work, so that no lock is held until
 * commit but those that the row itself needs.
 *
 * Entries are inserted directly, as the server inserts into its catalogs:
 * the caller needs no rights on the ledger and no SQL runs.  That skips all
 * that the executor would do for the table, so the ledger's tables must not
 * need it; check_ledger_table() refuses to write when somebody gave them
 * checks, row triggers, or indexes other than plain btree and brin.  The
 * table is opened and closed for each entry: keeping it open for a statement
 * would save 5 % of a bulk insert, and nothing where it matters, for the
 * price of references that have to be given back when the statement fails.
 *
 * What many entries share is an entry of its own, to which they refer by
 * number.  The shape of a table (operation S, with a row in
 * aidcase.ledger_shape) has the names and types of the columns and the key;
 * it is written when a table is captured for the first time in its present
 * form.  The origin (operation O) says who writes and from where; it is
 * written when a session first writes as this user, for this member of staff
 * and under this application name.  Two sessions that meet a new shape at
 * once both write it; the two say the same, so that is harmless.
 *
 * An entry must never refer to one that is not there.  So a number is kept
 * for the rest of the session only once the entry behind it is committed:
 * the caches remember the subtransaction that wrote it, and forget the
 * number when that rolls back or is prepared.
 *
 * Keys whose row is gone (removed, or given another key) are noted in
 * aidcase.ledger_removed: all other histories are found from the live row.
 *
 * Caches, each filled completely before it is marked valid:
 *	- CapturedTable, one for each table: columns, key, shape.  In a memory
 *	  context of its own under CacheMemoryContext; invalidated by relation-
 *	  cache messages for the table, freed when it is built again.
 *	- LedgerTables: OIDs of the ledger's tables, invalidated in the same way.
 *	- Origin, one for each user, member of staff and application of the
 *	  session.  Roles that are renamed invalidate all of them.
 *	- EntryContext: the part of the text that is the same for all entries of
 *	  a transaction and origin.
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
#include "catalog/catalog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "aidcase.h"
#include "compat.h"
#include "ledger.h"
#include "row_image.h"

#define ENTRY_TABLE		"ledger_entry"
#define SHAPE_TABLE		"ledger_shape"
#define REMOVED_TABLE	"ledger_removed"
#define SHAPE_INDEX		"ledger_shape_relation"
#define NUMBER_SEQUENCE	"entry_number"

/* Random bytes for an entry, and how many are fetched at once. */
#define SALT_LENGTH		16
#define SALT_DIGITS		22		/* of them in an entry */
#define SALT_POOL		4096

/* Origins that a session remembers before it starts afresh. */
#define ORIGINS_KEPT	1000

/* The first columns of each table of the ledger, which are written here. */
#define OWN_COLUMNS		3

/* A text buffer that grew beyond this is given back after use. */
#define BUFFER_KEPT		(64 * 1024)

PG_FUNCTION_INFO_V1(aidcase_check_capturable);
PG_FUNCTION_INFO_V1(aidcase_number_entry);
PG_FUNCTION_INFO_V1(aidcase_capture_entry);
PG_FUNCTION_INFO_V1(aidcase_refuse_direct_write);

/* Where the ledger is. */
typedef struct LedgerTables
{
	bool		valid;
	Oid			entry;			/* aidcase.ledger_entry */
	Oid			shape;			/* aidcase.ledger_shape */
	Oid			removed;		/* aidcase.ledger_removed */
	Oid			number;			/* aidcase.entry_number */
	bool		entry_checked;	/* check_ledger_table() has passed */
	bool		shape_checked;
	bool		removed_checked;
} LedgerTables;

/* What is kept of a table that is captured. */
typedef struct CapturedTable
{
	Oid			relid;			/* hash key */
	bool		valid;
	MemoryContext context;		/* of the members below */
	RowImage   *image;			/* how its rows are written */
	AttrNumber	entry_no;		/* column entry_no */
	const ImageColumn *case_id; /* column case_id, or NULL */
	int			nkeys;			/* columns of the primary key, in its order */
	const ImageColumn **key;
	char	   *name;			/* relation name */
	int64		shape_no;		/* 0 = not looked up yet */
	SubTransactionId shape_made_by; /* that must commit; else Invalid */
} CapturedTable;

/* Who writes, and from where; the client's address is the session's. */
typedef struct OriginKey
{
	Oid			session_user;
	Oid			current_user;
	int64		staff_id;
	char		application[NAMEDATALEN];
} OriginKey;

typedef struct Origin
{
	OriginKey	key;			/* hash key; padding is zero */
	int64		number;			/* of its entry; 0 = none yet */
	SubTransactionId made_by;	/* that must commit; else Invalid */
} Origin;

/* The part of the text that is the same for a transaction and origin. */
typedef struct EntryContext
{
	bool		valid;
	uint64		xid;
	OriginKey	origin;
	StringInfoData text;
} EntryContext;

static MemoryContext ledger_context = NULL;
static HTAB *captured_tables = NULL;
static CapturedTable *last_table = NULL;	/* the one used last */
static HTAB *origins = NULL;
static bool made_pending = false;	/* some shape_made_by or made_by is set */
static uint64 invalidations = 0;	/* messages about relations so far */
static uint64 role_changes = 0; /* messages about roles so far */
static uint64 origins_as_of = 0;	/* role_changes when origins were good */
static LedgerTables ledger;
static EntryContext context;
static StringInfoData buffer;	/* text of the entry being written */

static void start_up(void);
static void forget_table(Datum arg, Oid relid);
static void forget_roles(Datum arg, int cacheid, uint32 hashvalue);
static void end_transaction(XactEvent event, void *arg);
static void end_subtransaction(SubXactEvent event, SubTransactionId mine,
							   SubTransactionId parent, void *arg);
static const LedgerTables *get_ledger(void);
static void check_ledger_table(Relation rel, Oid second_type);
static void add_sentence(StringInfo detail, const char *sentence);
static CapturedTable *get_table(Relation rel);
static void fill_table(CapturedTable *table, Relation rel);
static List *primary_key(Relation rel);
static const ImageColumn *image_column(const RowImage *image,
									   AttrNumber attnum);
static void look_up_shape(CapturedTable *table);
static void make_shape(CapturedTable *table);
static int64 get_origin(const OriginKey *key, uint64 xid);
static void forget_origins(void);
static int64 write_origin(const OriginKey *key, uint64 xid);
static const EntryContext *get_context(uint64 xid);
static void add_transaction(StringInfo text, uint64 xid);
static const char *client_address(void);
static void add_salt(StringInfo out);
static void clear_buffer(void);
static void begin_text(int64 entry_no, uint64 xid);
static void begin_event(char op, const char *subject);
static void end_text(void);
static int64 next_number(void);
static void insert_entry(int64 entry_no, uint64 xid);
static HeapTuple form_tuple(TupleDesc desc, Datum first, Datum second,
							Datum third);
static TriggerData *row_trigger(FunctionCallInfo fcinfo, const char *function,
								bool before);
static int64 number_of(HeapTuple tuple, Relation rel,
					   const CapturedTable *table);
pg_noreturn static void no_number(const CapturedTable *table);
static void add_key(StringInfo out, const CapturedTable *table,
					TupleTableSlot *row);
static bool key_changed(const CapturedTable *table, TupleTableSlot *former,
						TupleTableSlot *row);
static void note_removed(int64 entry_no, const CapturedTable *table,
						 TupleTableSlot *former);

/*
 * Registers the callbacks and makes the room's memory, once in a backend.
 */
static void
start_up(void)
{
	HASHCTL		ctl = {0};

	if (ledger_context == NULL)
		ledger_context = AllocSetContextCreate(CacheMemoryContext,
											   "aidcase ledger",
											   ALLOCSET_DEFAULT_SIZES);
	if (context.text.data == NULL)
	{
		MemoryContext former = MemoryContextSwitchTo(ledger_context);

		initStringInfo(&context.text);
		MemoryContextSwitchTo(former);
	}
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(CapturedTable);
	ctl.hcxt = ledger_context;
	if (origins == NULL)
	{
		HASHCTL		origin_ctl = {0};

		origin_ctl.keysize = sizeof(OriginKey);
		origin_ctl.entrysize = sizeof(Origin);
		origin_ctl.hcxt = ledger_context;
		origins = hash_create("aidcase origins", 16, &origin_ctl,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	captured_tables = hash_create("aidcase captured tables", 64, &ctl,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	CacheRegisterRelcacheCallback(forget_table, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, forget_roles, (Datum) 0);
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
}

/*
 * Relation-cache callback: only marks.
 */
static void
forget_table(Datum arg, Oid relid)
{
	CapturedTable *table;

	invalidations++;
	if (!OidIsValid(relid) || relid == ledger.entry ||
		relid == ledger.shape || relid == ledger.removed ||
		relid == ledger.number)
	{
		HASH_SEQ_STATUS scan;

		ledger.valid = false;
		hash_seq_init(&scan, captured_tables);
		while ((table = hash_seq_search(&scan)) != NULL)
			table->valid = false;
		return;
	}
	table = hash_search(captured_tables, &relid, HASH_FIND, NULL);
	if (table != NULL)
		table->valid = false;
}

/*
 * System-cache callback for roles: only marks.
 */
static void
forget_roles(Datum arg, int cacheid, uint32 hashvalue)
{
	role_changes++;
	context.valid = false;
}

/*
 * Transaction callback: shapes and origins made by it are there for good, or
 * gone.
 */
static void
end_transaction(XactEvent event, void *arg)
{
	HASH_SEQ_STATUS scan;
	CapturedTable *table;
	Origin	   *origin;

	if (!made_pending ||
		(event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		 event != XACT_EVENT_PREPARE))
		return;

	hash_seq_init(&scan, captured_tables);
	while ((table = hash_seq_search(&scan)) != NULL)
	{
		if (table->shape_made_by == InvalidSubTransactionId)
			continue;
		if (event != XACT_EVENT_COMMIT)
			table->shape_no = 0;
		table->shape_made_by = InvalidSubTransactionId;
	}
	hash_seq_init(&scan, origins);
	while ((origin = hash_seq_search(&scan)) != NULL)
	{
		if (origin->made_by == InvalidSubTransactionId)
			continue;
		if (event != XACT_EVENT_COMMIT)
			origin->number = 0;
		origin->made_by = InvalidSubTransactionId;
	}
	context.valid = false;
	made_pending = false;
}

/*
 * Subtransaction callback: its shapes and origins are now its parent's, or
 * gone.
 */
static void
end_subtransaction(SubXactEvent event, SubTransactionId mine,
				   SubTransactionId parent, void *arg)
{
	HASH_SEQ_STATUS scan;
	CapturedTable *table;
	Origin	   *origin;
	bool		kept = (event == SUBXACT_EVENT_COMMIT_SUB);

	if (!made_pending || (!kept && event != SUBXACT_EVENT_ABORT_SUB))
		return;

	hash_seq_init(&scan, captured_tables);
	while ((table = hash_seq_search(&scan)) != NULL)
	{
		if (table->shape_made_by != mine)
			continue;
		if (!kept)
			table->shape_no = 0;
		table->shape_made_by = kept ? parent : InvalidSubTransactionId;
	}
	hash_seq_init(&scan, origins);
	while ((origin = hash_seq_search(&scan)) != NULL)
	{
		if (origin->made_by != mine)
			continue;
		if (!kept)
			origin->number = 0;
		origin->made_by = kept ? parent : InvalidSubTransactionId;
	}
	if (!kept)
		context.valid = false;
}

/*
 * Where the ledger is; error when there is no register.
 */
static const LedgerTables *
get_ledger(void)
{
	LedgerTables fresh = {0};
	uint64		before;

	if (likely(ledger.valid))
		return &ledger;

	before = invalidations;
	fresh.entry = aidcase_relation(ENTRY_TABLE);
	fresh.shape = aidcase_relation(SHAPE_TABLE);
	fresh.removed = aidcase_relation(REMOVED_TABLE);
	fresh.number = aidcase_relation(NUMBER_SEQUENCE);
	fresh.valid = (before == invalidations);
	ledger = fresh;
	return &ledger;
}

/*
 * Adds a sentence to a detail message, on a line of its own.
 */
static void
add_sentence(StringInfo detail, const char *sentence)
{
	if (detail->len > 0)
		appendStringInfoChar(detail, '\n');
	appendStringInfoString(detail, sentence);
}

/*
 * Errors when a direct insert would leave out something that a table of the
 * ledger now needs.
 */
static void
check_ledger_table(Relation rel, Oid second_type)
{
	TupleDesc	desc = RelationGetDescr(rel);
	const Oid	types[OWN_COLUMNS] = {INT8OID, second_type, TEXTOID};
	StringInfoData detail;
	List	   *indexes;
	ListCell   *cell;
	int			i;

	initStringInfo(&detail);
	if (rel->rd_rel->relkind != RELKIND_RELATION ||
		rel->rd_rel->relispartition ||
		rel->rd_tableam != GetHeapamTableAmRoutine())
		add_sentence(&detail, _("It is not an ordinary heap table."));
	if (rel->trigdesc != NULL &&
		(rel->trigdesc->trig_insert_before_row ||
		 rel->trigdesc->trig_insert_after_row ||
		 rel->trigdesc->trig_insert_instead_row ||
		 rel->trigdesc->trig_insert_new_table))
		add_sentence(&detail, _("It has a row trigger or a transition table for INSERT."));
	if (desc->constr != NULL &&
		(desc->constr->num_check > 0 || desc->constr->has_generated_stored))
		add_sentence(&detail, _("It has a check constraint or a generated column."));
	for (i = 0; i < OWN_COLUMNS; i++)
	{
		if (i >= desc->natts || TupleDescAttr(desc, i)->atttypid != types[i])
			add_sentence(&detail,
						 psprintf(_("Its column %d is not what it was."), i + 1));
	}
	for (i = OWN_COLUMNS; i < desc->natts; i++)
	{
		/* columns of a DBA's own are left NULL */
		if (TupleDescAttr(desc, i)->attnotnull &&
			!TupleDescAttr(desc, i)->attisdropped)
			add_sentence(&detail,
						 psprintf(_("Its column \"%s\" must not be NULL."),
								  NameStr(TupleDescAttr(desc, i)->attname)));
	}

	indexes = RelationGetIndexList(rel);
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if ((index->rd_rel->relam != BTREE_AM_OID &&
			 index->rd_rel->relam != BRIN_AM_OID) ||
			RelationGetIndexExpressions(index) != NIL ||
			RelationGetIndexPredicate(index) != NIL ||
			index->rd_index->indisexclusion || !index->rd_index->indimmediate)
			add_sentence(&detail, psprintf(_("Index \"%s\" is no plain btree or brin index."),
										   RelationGetRelationName(index)));
		index_close(index, AccessShareLock);
	}
	list_free(indexes);

	if (detail.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" of the ledger was changed so that no entry can be written",
						RelationGetRelationName(rel)),
				 errdetail_internal("%s", detail.data),
				 errhint("Undo the change; nothing of the register can be written before.")));
	pfree(detail.data);
}

/*
 * What is known of a table that is captured; it is open and locked by the
 * caller, so its columns stay as they are.
 */
static CapturedTable *
get_table(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	CapturedTable *table = last_table;
	bool		found;

	if (likely(table != NULL && table->valid && table->relid == relid))
		return table;

	if (captured_tables == NULL)
		start_up();
	table = hash_search(captured_tables, &relid, HASH_ENTER, &found);
	if (!found)
	{
		/* dynahash leaves all but the key as it was */
		memset((char *) table + sizeof(Oid), 0,
			   sizeof(CapturedTable) - sizeof(Oid));
	}
	if (!table->valid)
		fill_table(table, rel);
	last_table = table;
	return table;
}

/*
 * The columns of the primary key in its order, as a list of attribute
 * numbers; NIL when there is none.
 */
static List *
primary_key(Relation rel)
{
	List	   *result = NIL;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_index->indisprimary)
		{
			int			i;

			for (i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
				result = lappend_int(result, index->rd_index->indkey.values[i]);
		}
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return result;
}

/*
 * The encoder's entry for a column; NULL when it has none.
 */
static const ImageColumn *
image_column(const RowImage *image, AttrNumber attnum)
{
	int			i;

	for (i = 0; i < image->ncolumns; i++)
	{
		if (image->column[i].attnum == attnum)
			return &image->column[i];
	}
	return NULL;
}

/*
 * Builds the cache entry of a table.
 */
static void
fill_table(CapturedTable *table, Relation rel)
{
	uint64		before = invalidations;
	TupleDesc	desc = RelationGetDescr(rel);
	MemoryContext building;
	MemoryContext former;
	CapturedTable fresh = {0};
	List	   *key;
	ListCell   *cell;
	AttrNumber	case_id;

	if (get_rel_namespace(get_ledger()->entry) != RelationGetNamespace(rel))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("the ledger records tables of schema \"%s\" only",
						AIDCASE_SCHEMA)));

	building = AllocSetContextCreate(CurrentMemoryContext,
									 "aidcase captured table",
									 ALLOCSET_SMALL_SIZES);
	former = MemoryContextSwitchTo(building);

	fresh.relid = RelationGetRelid(rel);
	fresh.name = pstrdup(RelationGetRelationName(rel));
	key = primary_key(rel);
	if (key == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no primary key", fresh.name),
				 errdetail("The ledger names a row by its primary key.")));
	fresh.image = aidcase_image_make(desc, key, fresh.name);
	fresh.entry_no = aidcase_attnum(desc, "entry_no");
	if (fresh.entry_no == 0 ||
		TupleDescAttr(desc, fresh.entry_no - 1)->atttypid != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no column \"entry_no\" of type bigint",
						fresh.name),
				 errhint("Call aidcase.set_up_table('%s').", fresh.name)));
	case_id = aidcase_attnum(desc, "case_id");
	if (case_id != 0 && TupleDescAttr(desc, case_id - 1)->atttypid == INT8OID)
		fresh.case_id = image_column(fresh.image, case_id);

	fresh.key = palloc(sizeof(ImageColumn *) * list_length(key));
	foreach(cell, key)
		fresh.key[fresh.nkeys++] =
			image_column(fresh.image, (AttrNumber) lfirst_int(cell));
	fresh.context = building;
	MemoryContextSwitchTo(former);

	/* nothing below fails */
	table->valid = false;
	if (table->context != NULL)
		MemoryContextDelete(table->context);
	MemoryContextSetParent(building, ledger_context);
	fresh.valid = (before == invalidations);
	*table = fresh;
}

/*
 * Sets the number of a table's shape: of one that is in ledger_shape, be it
 * this transaction's own, else of a new one.
 */
static void
look_up_shape(CapturedTable *table)
{
	Relation	rel;
	Oid			index = aidcase_relation_if_any(SHAPE_INDEX);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int64		found = 0;
	bool		own = false;

	rel = table_open(get_ledger()->shape, AccessShareLock);
	if (!ledger.shape_checked)
	{
		check_ledger_table(rel, TEXTOID);
		ledger.shape_checked = true;
	}
	ScanKeyInit(&key, 2, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(table->name));

	/*
	 * Whatever is committed by now counts, also for a transaction with an old
	 * snapshot, and so does what this transaction did.
	 */
	scan = systable_beginscan(rel, index, OidIsValid(index), SnapshotSelf,
							  1, &key);
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		bool		isnull;
		Datum		value;
		int64		number;
		bool		mine;

		value = heap_getattr(tuple, 3, RelationGetDescr(rel), &isnull);
		if (isnull ||
			strcmp(TextDatumGetCString(value), table->image->columns) != 0)
			continue;
		number = DatumGetInt64(heap_getattr(tuple, 1, RelationGetDescr(rel),
											&isnull));
		mine = TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));
		if (found == 0 || (own && !mine) || (own == mine && number < found))
		{
			found = number;
			own = mine;
		}
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	if (found == 0)
	{
		make_shape(table);
		return;
	}
	table->shape_no = found;
	table->shape_made_by = own ? GetCurrentSubTransactionId() :
		InvalidSubTransactionId;
	made_pending |= own;
}

/*
 * Records the present shape of a table, as an entry and in ledger_shape.
 */
static void
make_shape(CapturedTable *table)
{
	int64		number = aidcase_ledger_note('S', table->name,
											 table->image->columns);
	Relation	rel = table_open(get_ledger()->shape, RowExclusiveLock);
	HeapTuple	tuple;

	tuple = form_tuple(RelationGetDescr(rel), Int64GetDatum(number),
					   CStringGetTextDatum(table->name),
					   CStringGetTextDatum(table->image->columns));
	CatalogTupleInsert(rel, tuple);
	heap_freetuple(tuple);
	table_close(rel, NoLock);

	table->shape_no = number;
	table->shape_made_by = GetCurrentSubTransactionId();
	made_pending = true;
}

/*
 * The client's address, empty for a local connection or a background
 * process; fixed for a connection.
 */
static const char *
client_address(void)
{
	static char address[64] = "";
	static bool known = false;

	if (!known)
	{
		LOCAL_FCINFO(call, 0);
		Datum		client;

		InitFunctionCallInfoData(*call, NULL, 0, InvalidOid, NULL, NULL);
		client = inet_client_addr(call);
		if (!call->isnull)
			strlcpy(address,
					DatumGetCString(DirectFunctionCall1(inet_out, client)),
					sizeof(address));
		known = true;
	}
	return address;
}

/*
 * Number of the entry that says who writes, and from where; written when the
 * session has none of this kind yet.
 */
static int64
get_origin(const OriginKey *key, uint64 xid)
{
	uint64		before = role_changes;
	Origin	   *origin;
	bool		found;
	int64		number;

	if (origins_as_of != role_changes ||
		(hash_get_num_entries(origins) >= ORIGINS_KEPT && !made_pending))
		forget_origins();
	origin = hash_search(origins, key, HASH_ENTER, &found);
	if (!found)
	{
		origin->number = 0;
		origin->made_by = InvalidSubTransactionId;
	}
	if (origin->number != 0)
		return origin->number;

	number = write_origin(key, xid);
	if (before == role_changes)
	{
		origin->number = number;
		origin->made_by = GetCurrentSubTransactionId();
		made_pending = true;
	}
	return number;
}

/*
 * Forgets all origins: the next entries write theirs anew.
 */
static void
forget_origins(void)
{
	HASH_SEQ_STATUS scan;
	Origin	   *origin;

	hash_seq_init(&scan, origins);
	while ((origin = hash_seq_search(&scan)) != NULL)
		hash_search(origins, &origin->key, HASH_REMOVE, NULL);
	origins_as_of = role_changes;
}

/*
 * Writes the entry of an origin.
 */
static int64
write_origin(const OriginKey *key, uint64 xid)
{
	int64		number = next_number();
	char	   *name;

	clear_buffer();
	appendStringInfoCharMacro(&buffer, '[');
	aidcase_json_int64(&buffer, number);
	add_transaction(&buffer, xid);
	appendStringInfoString(&buffer, ",0");
	begin_event('O', "");

	name = GetUserNameFromId(key->session_user, false);
	appendStringInfoString(&buffer, "{\"su\":");
	aidcase_json_string(&buffer, name, strlen(name));
	if (key->current_user != key->session_user)
	{
		name = GetUserNameFromId(key->current_user, false);
		appendStringInfoString(&buffer, ",\"cu\":");
		aidcase_json_string(&buffer, name, strlen(name));
	}
	if (key->staff_id != 0)
		appendStringInfo(&buffer, ",\"st\":" INT64_FORMAT, key->staff_id);
	if (client_address()[0] != '\0')
		appendStringInfo(&buffer, ",\"ip\":\"%s\"", client_address());
	appendStringInfoString(&buffer, ",\"app\":");
	aidcase_json_string(&buffer, key->application, strlen(key->application));
	appendStringInfoChar(&buffer, '}');
	end_text();

	insert_entry(number, xid);
	return number;
}

/*
 * Appends start and id of the transaction.
 */
static void
add_transaction(StringInfo text, uint64 xid)
{
	const int64 epochs = (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		USECS_PER_DAY;

	appendStringInfoChar(text, ',');
	aidcase_json_int64(text, GetCurrentTransactionStartTimestamp() + epochs);
	appendStringInfoChar(text, ',');
	aidcase_json_int64(text, (int64) xid);
}

/*
 * The part of the text that is the same for all entries of this transaction
 * and origin, made anew when one of them has changed.  May write the entry of
 * the origin, so the buffer is free before.
 */
static const EntryContext *
get_context(uint64 xid)
{
	Oid			session_user = GetSessionUserId();
	Oid			current_user = GetUserId();
	int64		staff_id = aidcase_actor()->staff_id;
	const char *application = application_name != NULL ? application_name : "";
	uint64		before = role_changes;
	OriginKey  *now = &context.origin;
	int64		origin;

	if (likely(context.valid && context.xid == xid &&
			   now->session_user == session_user &&
			   now->current_user == current_user &&
			   now->staff_id == staff_id &&
			   strncmp(now->application, application,
					   NAMEDATALEN - 1) == 0))
		return &context;

	context.valid = false;
	context.xid = xid;
	memset(now, 0, sizeof(OriginKey));
	now->session_user = session_user;
	now->current_user = current_user;
	now->staff_id = staff_id;
	strlcpy(now->application, application, NAMEDATALEN);
	origin = get_origin(now, xid);

	resetStringInfo(&context.text);
	add_transaction(&context.text, xid);
	appendStringInfoChar(&context.text, ',');
	aidcase_json_int64(&context.text, origin);
	context.valid = (before == role_changes);
	return &context;
}

/*
 * Appends the salt: fresh random bytes in base64url without padding.
 */
static void
add_salt(StringInfo out)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	static unsigned char pool[SALT_POOL];
	static int	used = SALT_POOL;
	const unsigned char *from;
	char	   *to;
	int			i;

	if (used + SALT_LENGTH > SALT_POOL)
	{
		if (!pg_strong_random(pool, SALT_POOL))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random bytes for the ledger")));
		used = 0;
	}
	enlargeStringInfo(out, SALT_DIGITS + 5);
	from = pool + used;
	to = out->data + out->len;
	*to++ = ',';
	*to++ = '"';
	for (i = 0; i + 3 <= SALT_LENGTH; i += 3, from += 3)
	{
		*to++ = digit[from[0] >> 2];
		*to++ = digit[(from[0] & 0x03) << 4 | from[1] >> 4];
		*to++ = digit[(from[1] & 0x0f) << 2 | from[2] >> 6];
		*to++ = digit[from[2] & 0x3f];
	}
	*to++ = digit[from[0] >> 2];
	*to++ = digit[(from[0] & 0x03) << 4];
	*to++ = '"';
	*to++ = ',';
	out->len += SALT_DIGITS + 4;
	used += SALT_LENGTH;
}

/*
 * Empties the buffer, which holds a text datum: its first bytes are for the
 * length.
 */
static void
clear_buffer(void)
{
	if (unlikely(buffer.data == NULL || buffer.maxlen > BUFFER_KEPT))
	{
		MemoryContext former = MemoryContextSwitchTo(ledger_context);

		if (buffer.data != NULL)
			pfree(buffer.data);
		buffer.data = NULL;		/* should the next line fail */
		initStringInfo(&buffer);
		MemoryContextSwitchTo(former);
	}
	buffer.len = VARHDRSZ;
}

/*
 * Begins the text of an entry.
 */
static void
begin_text(int64 entry_no, uint64 xid)
{
	const EntryContext *now = get_context(xid);

	clear_buffer();
	appendStringInfoCharMacro(&buffer, '[');
	aidcase_json_int64(&buffer, entry_no);
	appendBinaryStringInfo(&buffer, now->text.data, now->text.len);
}

/*
 * Goes on with the text of an entry that records no row, up to its value.
 */
static void
begin_event(char op, const char *subject)
{
	appendStringInfo(&buffer, ",\"%c\",", op);
	aidcase_json_string(&buffer, subject, strlen(subject));
	add_salt(&buffer);
}

/*
 * Ends the text of an entry.
 */
static void
end_text(void)
{
	appendStringInfoCharMacro(&buffer, ']');
	SET_VARSIZE(buffer.data, buffer.len);
}

/*
 * The next entry number.
 */
static int64
next_number(void)
{
	return nextval_internal(get_ledger()->number, false);
}

/*
 * Writes the entry whose text is in the buffer.  The lock on the table stays
 * until the transaction ends, as after any write.
 */
static void
insert_entry(int64 entry_no, uint64 xid)
{
	Relation	rel = table_open(get_ledger()->entry, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(rel);
	CatalogIndexState indexes;
	HeapTuple	tuple;

	if (!ledger.entry_checked)
	{
		check_ledger_table(rel, INT8OID);
		ledger.entry_checked = true;
	}
	tuple = form_tuple(desc, Int64GetDatum(entry_no),
					   Int64GetDatum((int64) xid), PointerGetDatum(buffer.data));
	indexes = CatalogOpenIndexes(rel);
	CatalogTupleInsertWithInfo(rel, tuple, indexes);
	CatalogCloseIndexes(indexes);
	heap_freetuple(tuple);
	table_close(rel, NoLock);
}

/*
 * A row of one of the ledger's tables: its three columns, and NULL in those
 * that somebody added.
 */
static HeapTuple
form_tuple(TupleDesc desc, Datum first, Datum second, Datum third)
{
	Datum		own_values[OWN_COLUMNS];
	bool		own_nulls[OWN_COLUMNS] = {false, false, false};
	Datum	   *values = own_values;
	bool	   *nulls = own_nulls;

	if (desc->natts > OWN_COLUMNS)
	{
		values = palloc0(sizeof(Datum) * desc->natts);
		nulls = palloc(sizeof(bool) * desc->natts);
		memset(nulls, true, sizeof(bool) * desc->natts);
		memset(nulls, false, sizeof(bool) * OWN_COLUMNS);
	}
	values[0] = first;
	values[1] = second;
	values[2] = third;
	return heap_form_tuple(desc, values, nulls);
}

/*
 * Writes an entry that records no row; see ledger.h.
 */
int64
aidcase_ledger_note(char op, const char *subject, const char *json)
{
	uint64		xid = U64FromFullTransactionId(GetTopFullTransactionId());
	int64		number;

	if (captured_tables == NULL)
		start_up();
	number = next_number();
	begin_text(number, xid);
	begin_event(op, subject);
	appendStringInfoString(&buffer, json);
	end_text();

	insert_entry(number, xid);
	return number;
}

/*
 * The trigger's data, checked.
 */
static TriggerData *
row_trigger(FunctionCallInfo fcinfo, const char *function, bool before)
{
	if (likely(CALLED_AS_TRIGGER(fcinfo)))
	{
		TriggerData *trigdata = (TriggerData *) fcinfo->context;

		/* the schema is checked when the table is first seen */
		if (likely(TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) &&
				   !!TRIGGER_FIRED_BEFORE(trigdata->tg_event) == before))
			return trigdata;
	}
	return aidcase_trigger(fcinfo, function, before, true);
}

/*
 * Number of the entry that recorded a row version.
 */
static int64
number_of(HeapTuple tuple, Relation rel, const CapturedTable *table)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, table->entry_no,
									 RelationGetDescr(rel), &isnull);

	if (isnull)
		no_number(table);
	return DatumGetInt64(value);
}

/*
 * Reports a row without a number.
 */
static void
no_number(const CapturedTable *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("a row of table \"%s\" has no entry number", table->name),
			 errhint("Call aidcase.set_up_table('%s').", table->name)));
}

/*
 * Trigger number_entry(): BEFORE INSERT OR UPDATE, for each row.
 */
Datum
aidcase_number_entry(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = row_trigger(fcinfo, "number_entry", true);
	Relation	rel = trigdata->tg_relation;
	CapturedTable *table = get_table(rel);
	int			column = table->entry_no;
	Datum		number;
	bool		isnull = false;
	HeapTuple	tuple;

	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		tuple = trigdata->tg_trigtuple;
	else if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		tuple = trigdata->tg_newtuple;
	else
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" serves INSERT and UPDATE only",
						"number_entry")));

	number = Int64GetDatum(next_number());
	tuple = heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel), 1,
									  &column, &number, &isnull);
	return PointerGetDatum(tuple);
}

/*
 * Appends the key of a row as an array.
 */
static void
add_key(StringInfo out, const CapturedTable *table, TupleTableSlot *row)
{
	int			i;

	for (i = 0; i < table->nkeys; i++)
	{
		appendStringInfoCharMacro(out, i == 0 ? '[' : ',');
		aidcase_image_value(out, table->key[i],
							row->tts_values[table->key[i]->attnum - 1]);
	}
	appendStringInfoCharMacro(out, ']');
}

/*
 * Has an update changed the key?
 */
static bool
key_changed(const CapturedTable *table, TupleTableSlot *former,
			TupleTableSlot *row)
{
	int			i;

	for (i = 0; i < table->nkeys; i++)
	{
		AttrNumber	attnum = table->key[i]->attnum;
		Form_pg_attribute att = TupleDescAttr(former->tts_tupleDescriptor,
											  attnum - 1);
		bool		isnull;
		Datum		value = slot_getattr(former, attnum, &isnull);

		if (!datum_image_eq(value, row->tts_values[attnum - 1],
							att->attbyval, att->attlen))
			return true;
	}
	return false;
}

/*
 * Notes that there is no row with this key any more, so that its history is
 * found without the row.
 */
static void
note_removed(int64 entry_no, const CapturedTable *table,
			 TupleTableSlot *former)
{
	Relation	rel = table_open(get_ledger()->removed, RowExclusiveLock);
	StringInfoData key;
	HeapTuple	tuple;

	if (!ledger.removed_checked)
	{
		check_ledger_table(rel, TEXTOID);
		ledger.removed_checked = true;
	}
	initStringInfo(&key);
	slot_getallattrs(former);
	add_key(&key, table, former);
	tuple = form_tuple(RelationGetDescr(rel), Int64GetDatum(entry_no),
					   CStringGetTextDatum(table->name),
					   PointerGetDatum(cstring_to_text_with_len(key.data, key.len)));
	CatalogTupleInsert(rel, tuple);
	heap_freetuple(tuple);
	pfree(key.data);
	table_close(rel, NoLock);
}

/*
 * Trigger capture_entry(): AFTER INSERT OR UPDATE OR DELETE, for each row.
 */
Datum
aidcase_capture_entry(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = row_trigger(fcinfo, "capture_entry", false);
	Relation	rel = trigdata->tg_relation;
	CapturedTable *table = get_table(rel);
	TupleTableSlot *row = trigdata->tg_trigslot;
	uint64		xid;
	int64		number;
	int64		superseded = 0;
	char		op;

	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		op = 'I';
	else
	{
		superseded = number_of(trigdata->tg_trigtuple, rel, table);
		if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		{
			op = 'U';
			row = trigdata->tg_newslot;
		}
		else
			op = 'D';
	}
	slot_getallattrs(row);
	if (op == 'D')
		number = next_number();
	else
	{
		if (row->tts_isnull[table->entry_no - 1])
			no_number(table);
		number = DatumGetInt64(row->tts_values[table->entry_no - 1]);
	}
	if (table->shape_no == 0)
		look_up_shape(table);

	xid = U64FromFullTransactionId(GetTopFullTransactionId());
	begin_text(number, xid);
	appendStringInfoCharMacro(&buffer, ',');
	aidcase_json_int64(&buffer, table->shape_no);
	appendStringInfoCharMacro(&buffer, ',');
	aidcase_json_int64(&buffer, superseded);
	add_salt(&buffer);
	if (op == 'D')
	{
		appendBinaryStringInfo(&buffer, "{\"k\":", 5);
		add_key(&buffer, table, row);
		if (table->case_id != NULL &&
			!row->tts_isnull[table->case_id->attnum - 1])
		{
			appendBinaryStringInfo(&buffer, ",\"c\":", 5);
			aidcase_image_value(&buffer, table->case_id,
								row->tts_values[table->case_id->attnum - 1]);
		}
		appendStringInfoCharMacro(&buffer, '}');
	}
	else
		aidcase_image_row(&buffer, table->image,
						  row->tts_values, row->tts_isnull);
	end_text();

	insert_entry(number, xid);
	if (op == 'D' ||
		(op == 'U' && key_changed(table, trigdata->tg_trigslot, row)))
		note_removed(number, table, trigdata->tg_trigslot);
	return PointerGetDatum(NULL);
}

/*
 * Trigger refuse_direct_write(): BEFORE INSERT, UPDATE, DELETE or TRUNCATE,
 * for each statement, on the tables of the ledger.
 */
Datum
aidcase_refuse_direct_write(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = aidcase_trigger(fcinfo, "refuse_direct_write",
											true, false);

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) &&
		aidcase_erasing(RelationGetRelid(trigdata->tg_relation)))
		return PointerGetDatum(NULL);
	ereport(ERROR,
			(errcode(ERRCODE_KEPT_FOR_GOOD),
			 errmsg("table \"%s\" cannot be written directly",
					RelationGetRelationName(trigdata->tg_relation)),
			 errdetail("The ledger is written by the triggers of the register's tables and by sealing."),
			 errhint("Write the business tables; their entries follow by themselves.")));
	return PointerGetDatum(NULL);
}

/*
 * check_capturable(text) returns void: errors, with all reasons, when a table
 * of the register cannot be put under the ledger.
 */
Datum
aidcase_check_capturable(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			schema = get_namespace_oid(AIDCASE_SCHEMA, true);
	Oid			relid = OidIsValid(schema) ? get_relname_relid(name, schema) :
		InvalidOid;
	Relation	rel;
	StringInfoData faults;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s.%s\" does not exist",
						AIDCASE_SCHEMA, name)));

	initStringInfo(&faults);
	rel = relation_open(relid, AccessShareLock);
	if (rel->rd_rel->relkind != RELKIND_RELATION || rel->rd_rel->relispartition)
		add_sentence(&faults, _("It is not an ordinary table, or it is a partition."));
	else
	{
		Relation	constraints;
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		if (rel->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT)
			add_sentence(&faults, _("It is temporary or unlogged."));
		if (primary_key(rel) == NIL)
			add_sentence(&faults, _("It has no primary key."));

		constraints = table_open(ConstraintRelationId, AccessShareLock);
		ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
					F_OIDEQ, ObjectIdGetDatum(relid));
		scan = systable_beginscan(constraints,
								  ConstraintRelidTypidNameIndexId, true,
								  NULL, 1, &key);
		while ((tuple = systable_getnext(scan)) != NULL)
		{
			Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);

			if (con->contype != CONSTRAINT_FOREIGN ||
				((con->confupdtype == FKCONSTR_ACTION_NOACTION ||
				  con->confupdtype == FKCONSTR_ACTION_RESTRICT) &&
				 (con->confdeltype == FKCONSTR_ACTION_NOACTION ||
				  con->confdeltype == FKCONSTR_ACTION_RESTRICT)))
				continue;
			add_sentence(&faults,
						 psprintf(_("Foreign key \"%s\" changes rows by itself (CASCADE, SET NULL or SET DEFAULT)."),
								  NameStr(con->conname)));
		}
		systable_endscan(scan);
		table_close(constraints, AccessShareLock);
		(void) aidcase_image_faults(RelationGetDescr(rel), &faults);
	}
	relation_close(rel, AccessShareLock);

	if (faults.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" cannot be put under the ledger", name),
				 errdetail_internal("%s", faults.data),
				 errhint("Tables of the register are ordinary tables with a primary key, foreign keys without actions, and columns of the types listed in extension/LEDGER.md.")));
	PG_RETURN_VOID();
}
