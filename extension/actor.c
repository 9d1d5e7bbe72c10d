/*-------------------------------------------------------------------------
 *
 * actor.c
 *		Who acts in a session, and which units they may see.
 *
 * The actor is the member of staff whose staff.login is the session's login
 * role.  Where there is none and the login is a member of aidcase_gateway (a
 * pooled login of an application), the actor is whom act_as() declared for
 * the present transaction.  The declaration is setting "aidcase.actor", set
 * locally: PostgreSQL itself takes it back at the end of the transaction or
 * of a savepoint that is rolled back, and hands it to parallel workers.  The
 * setting counts for gateways only, whoever may have set it.
 *
 * Rights follow from posts: staff_post rows, dated, of staff who are employed
 * on that date.  A post reaches its unit and all units below it in the tree
 * of unit_period, which is dated too.  The scope (my_units(), what the row
 * security policies compare with) is that of the register's today, so that a
 * rehearsal whose clock is moved sees what it would have seen then.
 *
 * A date range is kept here as its first day and the first day after it.
 *
 * Cached per backend:
 * - the person: staff id, employment and posts of the actor.  Keyed by login
 *   and declaration; forgotten when staff, staff_post or the roles change;
 * - the tree: all rows of unit_period, by unit and date, for every actor;
 *   forgotten when unit_period changes;
 * - the scope: made from both for one day.
 * Each lives in a context of its own under CacheMemoryContext, which is
 * filled completely before it replaces the old one.  Changes are heard of as
 * relation-cache invalidations, which trigger ~~invalidate sends with every
 * change of these tables; callbacks only mark.  What was built by a
 * transaction that had changed one of the tables itself is forgotten when
 * that transaction or a part of it aborts.
 *
 * The tables are read with plain scans under a catalog snapshot (the newest
 * state, our own changes included), not by SPI: this works in parallel
 * workers, inside a policy, and for callers without any grant on the tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_opfamily_d.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "aidcase.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_current_staff);
PG_FUNCTION_INFO_V1(aidcase_my_units);
PG_FUNCTION_INFO_V1(aidcase_has_post);
PG_FUNCTION_INFO_V1(aidcase_unit_below);
PG_FUNCTION_INFO_V1(aidcase_act_as);

/* The post that opens no unit: its rows are opened one by one, blind. */
#define BLIND_POST			"checker"

#define GATEWAY_ROLE	"aidcase_gateway"
#define ACTOR_SETTING	"aidcase.actor"

/*
 * No tree of units is that deep (nation to village: six).  The limit ends a
 * walk in a tree that somebody bent into a circle.
 */
#define MAX_DEPTH		16

/* Place of a unit in the tree for some time. */
typedef struct UnitPeriod
{
	int64		unit_id;
	int64		parent_id;		/* 0 = none */
	DateADT		from;
	DateADT		until;
} UnitPeriod;

/* The tree of units at all times. */
typedef struct UnitTree
{
	MemoryContext context;		/* holds this struct and the periods */
	int			nperiods;
	UnitPeriod *periods;		/* ordered by unit and first day */
} UnitTree;

/* A post held for some time. */
typedef struct HeldPost
{
	char	   *post;
	int64		unit_id;
	DateADT		from;
	DateADT		until;
} HeldPost;

/* A member of staff. */
typedef struct Person
{
	MemoryContext context;		/* holds this struct and all below it */
	int64		staff_id;		/* 0 = nobody */
	char	   *staff_no;
	DateADT		employed_from;
	DateADT		employed_until;
	int			nposts;
	HeldPost   *posts;
} Person;

/* Where one reads a person: by number or by login. */
typedef enum StaffKey
{
	BY_STAFF_ID,
	BY_LOGIN
} StaffKey;

/* Setting aidcase.actor: a staff id as text, empty = nobody declared. */
static char *actor_setting = NULL;
static int64 declared_staff = 0;

/* The cached person; of which login and declaration. */
static Person *person = NULL;
static bool person_valid = false;
static Actor actor = {0, InvalidOid};
static int64 actor_declared = 0;

/* The cached tree. */
static UnitTree *tree = NULL;
static bool tree_valid = false;

/* The cached scope; good for [scope_from, scope_until) of the clock. */
static MemoryContext scope_context = NULL;
static ArrayType *scope = NULL;
static bool scope_valid = false;
static TimestampTz scope_from = 0;
static TimestampTz scope_until = 0;

/* What the caches were built from. */
static Oid	register_relid = InvalidOid;
static Oid	staff_relid = InvalidOid;
static Oid	staff_post_relid = InvalidOid;
static Oid	unit_period_relid = InvalidOid;

static bool caches_uncommitted = false; /* may hold uncommitted rows */
static uint64 invalidations = 0;	/* number of them seen */
static bool callbacks_registered = false;

static bool check_actor(char **newval, void **extra, GucSource source);
static void assign_actor(const char *newval, void *extra);
static void register_callbacks(void);
static void forget_relation(Datum arg, Oid relid);
static void forget_roles(Datum arg, int cacheid, uint32 hashvalue);
static void forget_all(void);
static void actor_xact_end(XactEvent event, void *arg);
static void actor_subxact_end(SubXactEvent event, SubTransactionId mySubid,
							  SubTransactionId parentSubid, void *arg);
static AttrNumber require_column(Relation rel, const char *column, Oid type);
static bool date_bounds(Datum range, DateADT *from, DateADT *until);
static SysScanDesc begin_lookup(Relation rel, Snapshot snapshot,
								AttrNumber attnum, Oid type, Datum value);
static Person *read_person(StaffKey by, Datum key, bool *uncommitted);
static const UnitTree *get_tree(void);
static const UnitPeriod *find_period(const UnitTree *units, int64 unit_id,
									 DateADT on);
static bool holds(const HeldPost *held, DateADT on);
static const ArrayType *get_scope(void);

/*
 * Defines the settings of this room; called when the module is loaded.
 */
void
aidcase_define_actor_settings(void)
{
	DefineCustomStringVariable(ACTOR_SETTING,
							   "Sets the member of staff for whom a pooled login acts.",
							   "Set by aidcase.act_as() until the end of the transaction; empty means nobody.",
							   &actor_setting,
							   "",
							   PGC_SUSET,
							   GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_actor,
							   assign_actor,
							   NULL);
}

/*
 * aidcase.actor is a positive number.
 */
static bool
check_actor(char **newval, void **extra, GucSource source)
{
	const char *c = *newval;
	int64	   *parsed;
	int64		value = 0;

	if (c == NULL || *c == '\0')
		return true;
	for (; *c >= '0' && *c <= '9'; c++)
	{
		if (value > (PG_INT64_MAX - (*c - '0')) / 10)
			break;
		value = value * 10 + (*c - '0');
	}
	if (*c != '\0' || value == 0)
	{
		GUC_check_errdetail("It must be the number of a member of staff.");
		return false;
	}
	parsed = (int64 *) guc_malloc(LOG, sizeof(int64));
	if (parsed == NULL)
		return false;
	*parsed = value;
	*extra = parsed;
	return true;
}

/*
 * Takes over the parsed value.
 */
static void
assign_actor(const char *newval, void *extra)
{
	declared_staff = (extra != NULL) ? *(int64 *) extra : 0;
}

/*
 * Listens for changes, once in a backend's life.
 */
static void
register_callbacks(void)
{
	if (callbacks_registered)
		return;
	CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, forget_roles, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, forget_roles, (Datum) 0);
	RegisterXactCallback(actor_xact_end, NULL);
	RegisterSubXactCallback(actor_subxact_end, NULL);
	callbacks_registered = true;
}

/*
 * Relation-cache callback.  Only marks.
 */
static void
forget_relation(Datum arg, Oid relid)
{
	if (relid == InvalidOid)
		forget_all();
	else if (relid == staff_relid || relid == staff_post_relid)
	{
		person_valid = false;
		scope_valid = false;
		invalidations++;
	}
	else if (relid == unit_period_relid)
	{
		tree_valid = false;
		scope_valid = false;
		invalidations++;
	}
	else if (relid == register_relid)
	{
		scope_valid = false;
		invalidations++;
	}
}

/*
 * Syscache callback: a role was renamed, or its memberships changed.
 */
static void
forget_roles(Datum arg, int cacheid, uint32 hashvalue)
{
	person_valid = false;
	scope_valid = false;
	invalidations++;
}

/*
 * Marks all caches as not to be used.
 */
static void
forget_all(void)
{
	person_valid = false;
	tree_valid = false;
	scope_valid = false;
	invalidations++;
}

/*
 * End of a transaction: what an aborted one built is not true.  A prepared
 * one takes its changes out of sight, too.
 */
static void
actor_xact_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
		case XACT_EVENT_PREPARE:
			if (caches_uncommitted)
				forget_all();
			caches_uncommitted = false;
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			caches_uncommitted = false;
			break;
		default:
			break;
	}
}

/*
 * Abort of a subtransaction: likewise.
 */
static void
actor_subxact_end(SubXactEvent event, SubTransactionId mySubid,
				  SubTransactionId parentSubid, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && caches_uncommitted)
		forget_all();
}

/*
 * Number of a column, which must have the type that the scan expects: the
 * tables are ordinary ones, and their owner can change them.
 */
static AttrNumber
require_column(Relation rel, const char *column, Oid type)
{
	AttrNumber	attnum = aidcase_attnum(RelationGetDescr(rel), column);

	if (attnum == 0 ||
		TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s.%s\" has no usable column \"%s\"",
						AIDCASE_SCHEMA, RelationGetRelationName(rel), column),
				 errhint("Give the table back its columns and types, as the extension made them.")));
	return attnum;
}

/*
 * First day of a date range and first day after it; false when it is empty.
 */
static bool
date_bounds(Datum range, DateADT *from, DateADT *until)
{
	RangeType  *value = DatumGetRangeTypeP(range);
	TypeCacheEntry *typcache = lookup_type_cache(DATERANGEOID,
												 TYPECACHE_RANGE_INFO);
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	range_deserialize(typcache, value, &lower, &upper, &empty);
	if (empty)
		return false;

	/* the canonical form of a finite bound is [lower, upper) */
	*from = lower.infinite ? DATEVAL_NOBEGIN : DatumGetDateADT(lower.val);
	*until = upper.infinite ? DATEVAL_NOEND : DatumGetDateADT(upper.val);
	return true;
}

/*
 * Is the date within [from, until)?
 */
static inline bool
within(DateADT on, DateADT from, DateADT until)
{
	return from <= on && (on < until || until == DATEVAL_NOEND);
}

/*
 * Begins a scan for the rows with one value in a column, by a plain btree
 * index on that column where the table has one.
 */
static SysScanDesc
begin_lookup(Relation rel, Snapshot snapshot, AttrNumber attnum, Oid type,
			 Datum value)
{
	Oid			family = (type == INT8OID) ? INTEGER_BTREE_FAM_OID : TEXT_BTREE_FAM_OID;
	Oid			collation = (type == INT8OID) ? InvalidOid : DEFAULT_COLLATION_OID;
	Oid			index = InvalidOid;
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;
	ScanKeyData key;

	foreach(cell, indexes)
	{
		Relation	candidate = index_open(lfirst_oid(cell), AccessShareLock);

		/* indcheckxmin: some older rows may be missing from the index */
		if (candidate->rd_rel->relam == BTREE_AM_OID &&
			candidate->rd_index->indisvalid &&
			!candidate->rd_index->indcheckxmin &&
			candidate->rd_index->indkey.values[0] == attnum &&
			candidate->rd_opfamily[0] == family &&
			RelationGetIndexPredicate(candidate) == NIL)
		{
			index = lfirst_oid(cell);
			collation = candidate->rd_indcollation[0];
		}
		index_close(candidate, AccessShareLock);
		if (OidIsValid(index))
			break;
	}
	list_free(indexes);

	ScanKeyEntryInitialize(&key, 0, attnum, BTEqualStrategyNumber, InvalidOid,
						   collation,
						   (type == INT8OID) ? F_INT8EQ : F_TEXTEQ, value);
	return systable_beginscan(rel, index, OidIsValid(index), snapshot, 1, &key);
}

/*
 * Reads a member of staff with all posts, into a new context below the
 * current one.  staff_id is 0 in the result when there is none.  The caller
 * has set the relids.  *uncommitted is set when the rows could be changes of
 * our own transaction.
 */
static Person *
read_person(StaffKey by, Datum value, bool *uncommitted)
{
	Relation	staff_rel = table_open(staff_relid, AccessShareLock);
	Relation	post_rel = table_open(staff_post_relid, AccessShareLock);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "aidcase actor",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext former = MemoryContextSwitchTo(context);
	Person	   *fresh = (Person *) palloc0(sizeof(Person));
	Oid			key_type = (by == BY_LOGIN) ? TEXTOID : INT8OID;
	AttrNumber	id_no = require_column(staff_rel, "staff_id", INT8OID);
	AttrNumber	no_no = require_column(staff_rel, "staff_no", TEXTOID);
	AttrNumber	employed_no = require_column(staff_rel, "employed", DATERANGEOID);
	AttrNumber	login_no = require_column(staff_rel, "login", TEXTOID);
	Snapshot	snapshot;
	SysScanDesc scan;
	HeapTuple	tuple;

	fresh->context = context;

	/* who changed a row keeps this lock until the change is final or undone */
	if (CheckRelationLockedByMe(staff_rel, RowExclusiveLock, true) ||
		CheckRelationLockedByMe(post_rel, RowExclusiveLock, true))
		*uncommitted = true;

	/*
	 * One snapshot for both tables, taken after their locks.  Not
	 * GetLatestSnapshot(), which is refused in parallel mode.
	 */
	snapshot = RegisterSnapshot(GetCatalogSnapshot(staff_relid));
	scan = begin_lookup(staff_rel, snapshot,
						(by == BY_LOGIN) ? login_no : id_no, key_type, value);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(staff_rel);
		bool		isnull;
		Datum		employed;

		fresh->staff_id = DatumGetInt64(heap_getattr(tuple, id_no, desc,
													 &isnull));
		fresh->staff_no = TextDatumGetCString(heap_getattr(tuple, no_no, desc,
														   &isnull));
		employed = heap_getattr(tuple, employed_no, desc, &isnull);
		if (isnull || !date_bounds(employed, &fresh->employed_from,
								   &fresh->employed_until))
			fresh->employed_from = fresh->employed_until = 0;
	}
	systable_endscan(scan);

	if (fresh->staff_id != 0)
	{
		TupleDesc	desc = RelationGetDescr(post_rel);
		AttrNumber	staff_no = require_column(post_rel, "staff_id", INT8OID);
		AttrNumber	unit_no = require_column(post_rel, "unit_id", INT8OID);
		AttrNumber	post_no = require_column(post_rel, "post", TEXTOID);
		AttrNumber	valid_no = require_column(post_rel, "valid", DATERANGEOID);
		int			room = 8;

		fresh->posts = (HeldPost *) palloc(room * sizeof(HeldPost));
		scan = begin_lookup(post_rel, snapshot, staff_no, INT8OID,
							Int64GetDatum(fresh->staff_id));
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			HeldPost   *held;
			bool		isnull;

			if (fresh->nposts == room)
			{
				room *= 2;
				fresh->posts = (HeldPost *)
					repalloc(fresh->posts, room * sizeof(HeldPost));
			}
			held = &fresh->posts[fresh->nposts];
			if (!date_bounds(heap_getattr(tuple, valid_no, desc, &isnull),
							 &held->from, &held->until))
				continue;
			held->unit_id = DatumGetInt64(heap_getattr(tuple, unit_no, desc,
													   &isnull));
			held->post = TextDatumGetCString(heap_getattr(tuple, post_no, desc,
														  &isnull));
			fresh->nposts++;
		}
		systable_endscan(scan);
	}
	UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(former);
	table_close(post_rel, AccessShareLock);
	table_close(staff_rel, AccessShareLock);
	return fresh;
}

/*
 * The present actor; see aidcase.h.
 */
const Actor *
aidcase_actor(void)
{
	Oid			login = GetSessionUserId();
	char	   *login_name;
	Person	   *fresh = NULL;
	Person	   *old = person;
	bool		uncommitted = false;
	uint64		seen;

	if (likely(person_valid && actor.login == login &&
			   actor_declared == declared_staff))
		return &actor;

	register_callbacks();
	person_valid = false;
	scope_valid = false;
	actor.staff_id = 0;
	actor.login = login;

	/* while the register is being opened, its first rows have no actor */
	staff_relid = aidcase_relation_if_any("staff");
	staff_post_relid = aidcase_relation_if_any("staff_post");
	if (!OidIsValid(staff_relid) || !OidIsValid(staff_post_relid))
		return &actor;

	seen = invalidations;
	login_name = GetUserNameFromId(login, true);
	if (login_name != NULL)
	{
		fresh = read_person(BY_LOGIN, CStringGetTextDatum(login_name),
							&uncommitted);
		if (fresh->staff_id == 0 && declared_staff != 0 &&
			is_member_of_role(login, get_role_oid(GATEWAY_ROLE, false)))
		{
			MemoryContextDelete(fresh->context);
			fresh = read_person(BY_STAFF_ID, Int64GetDatum(declared_staff),
								&uncommitted);
		}
		MemoryContextSetParent(fresh->context, CacheMemoryContext);
	}

	person = fresh;
	actor.staff_id = (fresh != NULL) ? fresh->staff_id : 0;
	actor_declared = declared_staff;
	if (uncommitted)
		caches_uncommitted = true;

	/*
	 * An invalidation that came in between (opening a table processes them)
	 * may be older than the snapshot or not: use this person for the present
	 * call, and read it again for the next.
	 */
	person_valid = (seen == invalidations);
	if (old != NULL)
		MemoryContextDelete(old->context);
	return &actor;
}

/*
 * Order of periods: by unit and first day.
 */
static int
compare_periods(const void *a, const void *b)
{
	const UnitPeriod *x = (const UnitPeriod *) a;
	const UnitPeriod *y = (const UnitPeriod *) b;

	if (x->unit_id != y->unit_id)
		return x->unit_id < y->unit_id ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return 0;
}

/*
 * The tree, read when there is no valid one.  Error when there is no
 * register.  Good until the next call of this function.
 */
static const UnitTree *
get_tree(void)
{
	Relation	rel;
	MemoryContext context;
	MemoryContext former;
	UnitTree   *fresh;
	UnitTree   *old = tree;
	AttrNumber	unit_no;
	AttrNumber	parent_no;
	AttrNumber	valid_no;
	Snapshot	snapshot;
	TableScanDesc scan;
	TupleTableSlot *slot;
	bool		uncommitted;
	uint64		seen;
	int			room = 128;

	if (likely(tree_valid))
		return tree;

	register_callbacks();
	unit_period_relid = aidcase_relation("unit_period");
	seen = invalidations;

	rel = table_open(unit_period_relid, AccessShareLock);
	uncommitted = CheckRelationLockedByMe(rel, RowExclusiveLock, true);
	unit_no = require_column(rel, "unit_id", INT8OID);
	parent_no = require_column(rel, "parent_id", INT8OID);
	valid_no = require_column(rel, "valid", DATERANGEOID);
	snapshot = RegisterSnapshot(GetCatalogSnapshot(unit_period_relid));

	context = AllocSetContextCreate(CurrentMemoryContext,
									"aidcase unit tree",
									ALLOCSET_DEFAULT_SIZES);
	fresh = (UnitTree *) MemoryContextAllocZero(context, sizeof(UnitTree));
	fresh->context = context;
	fresh->periods = (UnitPeriod *)
		MemoryContextAlloc(context, room * sizeof(UnitPeriod));

	slot = table_slot_create(rel, NULL);
	scan = table_beginscan(rel, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		UnitPeriod *period;
		bool		isnull;

		if (fresh->nperiods == room)
		{
			room *= 2;
			fresh->periods = (UnitPeriod *)
				repalloc(fresh->periods, room * sizeof(UnitPeriod));
		}
		period = &fresh->periods[fresh->nperiods];
		if (!date_bounds(slot_getattr(slot, valid_no, &isnull),
						 &period->from, &period->until))
			continue;
		period->unit_id = DatumGetInt64(slot_getattr(slot, unit_no, &isnull));
		period->parent_id = DatumGetInt64(slot_getattr(slot, parent_no,
													   &isnull));
		if (isnull)
			period->parent_id = 0;
		fresh->nperiods++;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);

	former = MemoryContextSwitchTo(context);
	qsort(fresh->periods, fresh->nperiods, sizeof(UnitPeriod),
		  compare_periods);
	MemoryContextSwitchTo(former);

	MemoryContextSetParent(context, CacheMemoryContext);
	tree = fresh;
	if (uncommitted)
		caches_uncommitted = true;
	scope_valid = false;
	tree_valid = (seen == invalidations);
	if (old != NULL)
		MemoryContextDelete(old->context);
	return tree;
}

/*
 * The period of a unit on a date, or NULL.
 */
static const UnitPeriod *
find_period(const UnitTree *units, int64 unit_id, DateADT on)
{
	int			low = 0;
	int			high = units->nperiods;

	/* the first period of the unit */
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (units->periods[middle].unit_id < unit_id)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < units->nperiods && units->periods[low].unit_id == unit_id;
		 low++)
	{
		if (within(on, units->periods[low].from, units->periods[low].until))
			return &units->periods[low];
	}
	return NULL;
}

/*
 * The unit above a unit on a date; 0 when there is none.
 */
static int64
parent_of(const UnitTree *units, int64 unit_id, DateADT on)
{
	const UnitPeriod *period = find_period(units, unit_id, on);

	return (period != NULL) ? period->parent_id : 0;
}

/*
 * Is a post of the present person in force on a date?
 */
static bool
holds(const HeldPost *held, DateADT on)
{
	return within(on, held->from, held->until) &&
		within(on, person->employed_from, person->employed_until);
}

/*
 * Does the present actor hold one of the posts at the unit or above it on
 * this date?  See aidcase.h.
 */
bool
aidcase_actor_has_post(const char **posts, int n, int64 unit_id, DateADT on)
{
	const UnitTree *units;
	int			depth;

	if (aidcase_actor()->staff_id == 0)
		return false;
	units = get_tree();

	/* opening the tree's table may have told us of changes: look again */
	if (aidcase_actor()->staff_id == 0)
		return false;

	for (depth = 0; unit_id != 0 && depth < MAX_DEPTH; depth++)
	{
		int			i;

		for (i = 0; i < person->nposts; i++)
		{
			const HeldPost *held = &person->posts[i];
			int			j;

			if (held->unit_id != unit_id || !holds(held, on))
				continue;
			for (j = 0; j < n; j++)
			{
				if (strcmp(held->post, posts[j]) == 0)
					return true;
			}
		}
		unit_id = parent_of(units, unit_id, on);
	}
	return false;
}

/*
 * Order of unit ids.
 */
static int
compare_ids(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/*
 * The units in the actor's scope today, sorted; an array of no dimensions
 * when there are none.  The pointer is good until the next call of anything
 * that may process invalidations.
 */
static const ArrayType *
get_scope(void)
{
	const UnitTree *units;
	MemoryContext context;
	MemoryContext former;
	TimestampTz now = aidcase_now();
	DateADT		today;
	TimestampTz from;
	TimestampTz until;
	ArrayType  *fresh;
	int64	   *held_units;
	int64	   *found;
	int			nheld = 0;
	int			nfound = 0;
	int			i;
	uint64		seen;

	aidcase_actor();
	if (likely(person_valid && tree_valid && scope_valid &&
			   scope_from <= now && now < scope_until))
		return scope;

	scope_valid = false;
	register_relid = aidcase_relation("register");
	aidcase_relation("staff");	/* error when there is no register */
	today = aidcase_date(now);
	from = aidcase_midnight(today);
	until = aidcase_midnight(today + 1);
	units = get_tree();
	aidcase_actor();
	seen = invalidations;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"aidcase scope",
									ALLOCSET_SMALL_SIZES);
	former = MemoryContextSwitchTo(context);

	held_units = (int64 *) palloc(sizeof(int64) *
								  (person != NULL ? person->nposts + 1 : 1));
	for (i = 0; person != NULL && i < person->nposts; i++)
	{
		/* a checker is not to see what the units decided */
		if (holds(&person->posts[i], today) &&
			strcmp(person->posts[i].post, BLIND_POST) != 0)
			held_units[nheld++] = person->posts[i].unit_id;
	}
	found = (int64 *) palloc(sizeof(int64) * (units->nperiods + nheld + 1));
	if (nheld > 0)
	{
		/* the posts' own units, even one that is not in the tree today */
		memcpy(found, held_units, sizeof(int64) * nheld);
		nfound = nheld;
		for (i = 0; i < units->nperiods; i++)
		{
			const UnitPeriod *period = &units->periods[i];
			int64		unit_id = period->unit_id;
			int			depth;

			if (!within(today, period->from, period->until))
				continue;
			for (depth = 0; unit_id != 0 && depth < MAX_DEPTH; depth++)
			{
				int			j;

				for (j = 0; j < nheld && held_units[j] != unit_id; j++)
					;
				if (j < nheld)
				{
					found[nfound++] = period->unit_id;
					break;
				}
				unit_id = parent_of(units, unit_id, today);
			}
		}
	}

	if (nfound == 0)
		fresh = construct_empty_array(INT8OID);
	else
	{
		Datum	   *elements = (Datum *) palloc(sizeof(Datum) * nfound);
		int			n = 0;

		qsort(found, nfound, sizeof(int64), compare_ids);
		for (i = 0; i < nfound; i++)
		{
			if (i == 0 || found[i] != found[i - 1])
				elements[n++] = Int64GetDatum(found[i]);
		}
		fresh = construct_array(elements, n, INT8OID, sizeof(int64),
								FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	}
	MemoryContextSwitchTo(former);

	MemoryContextSetParent(context, CacheMemoryContext);
	if (scope_context != NULL)
		MemoryContextDelete(scope_context);
	scope_context = context;
	scope = fresh;
	scope_from = from;
	scope_until = until;
	scope_valid = (seen == invalidations);
	return scope;
}

/*
 * current_staff() returns bigint: the actor, NULL when there is none.
 */
Datum
aidcase_current_staff(PG_FUNCTION_ARGS)
{
	const Actor *present = aidcase_actor();

	if (present->staff_id == 0)
	{
		aidcase_relation("staff");	/* error when there is no register */
		PG_RETURN_NULL();
	}
	PG_RETURN_INT64(present->staff_id);
}

/*
 * my_units() returns bigint[]: the units in the actor's scope today.  A copy,
 * since the caller may hold it while the scope changes.
 */
Datum
aidcase_my_units(PG_FUNCTION_ARGS)
{
	const ArrayType *present = get_scope();
	ArrayType  *result = (ArrayType *) palloc(VARSIZE(present));

	memcpy(result, present, VARSIZE(present));
	PG_RETURN_ARRAYTYPE_P(result);
}

/*
 * has_post(post text, unit_id bigint, on_date date) returns boolean.
 */
Datum
aidcase_has_post(PG_FUNCTION_ARGS)
{
	const char *post = text_to_cstring(PG_GETARG_TEXT_PP(0));

	aidcase_relation("staff");	/* error when there is no register */
	PG_RETURN_BOOL(aidcase_actor_has_post(&post, 1, PG_GETARG_INT64(1),
										  PG_GETARG_DATEADT(2)));
}

/*
 * unit_below(unit_id bigint, ancestor bigint, on_date date) returns boolean:
 * is the unit the ancestor itself, or below it on that date?
 */
Datum
aidcase_unit_below(PG_FUNCTION_ARGS)
{
	int64		unit_id = PG_GETARG_INT64(0);
	int64		ancestor = PG_GETARG_INT64(1);
	DateADT		on = PG_GETARG_DATEADT(2);
	const UnitTree *units = get_tree();
	int			depth;

	for (depth = 0; unit_id != 0 && depth < MAX_DEPTH; depth++)
	{
		if (unit_id == ancestor)
			PG_RETURN_BOOL(true);
		unit_id = parent_of(units, unit_id, on);
	}
	PG_RETURN_BOOL(false);
}

/*
 * The group role of a post, as the table says, or NULL.
 */
static char *
group_role_of(const char *post)
{
	Relation	rel = table_open(aidcase_relation("post"), AccessShareLock);
	AttrNumber	post_no = require_column(rel, "post", TEXTOID);
	AttrNumber	role_no = require_column(rel, "group_role", TEXTOID);
	Snapshot	snapshot;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *role = NULL;

	snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationGetRelid(rel)));
	scan = begin_lookup(rel, snapshot, post_no, TEXTOID,
						CStringGetTextDatum(post));
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, role_no, RelationGetDescr(rel),
										 &isnull);

		if (!isnull)
			role = TextDatumGetCString(value);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return role;
}

/*
 * Adds a line to the details of a refusal.
 */
static void
add_fault(StringInfo faults, const char *line)
{
	if (faults->len > 0)
		appendStringInfoChar(faults, '\n');
	appendStringInfoString(faults, line);
}

/*
 * act_as(staff_id bigint) returns text: declares for whom a pooled login acts
 * until the end of the transaction; NULL = for nobody.  All reasons against
 * it are told together.
 */
Datum
aidcase_act_as(PG_FUNCTION_ARGS)
{
	Oid			login = GetSessionUserId();
	char	   *login_name = GetUserNameFromId(login, false);
	bool		gateway;
	bool		uncommitted = false;
	StringInfoData faults;
	Person	   *declared;
	DateADT		today;
	int			in_force = 0;
	int			i;

	register_callbacks();
	staff_relid = aidcase_relation("staff");
	staff_post_relid = aidcase_relation("staff_post");
	if (PG_ARGISNULL(0))
	{
		(void) set_config_option(ACTOR_SETTING, "", PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
		PG_RETURN_NULL();
	}

	/* a login that is not a gateway learns nothing about the staff */
	gateway = is_member_of_role(login, get_role_oid(GATEWAY_ROLE, false));
	if (!gateway)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to act as a member of staff"),
				 errdetail("Login \"%s\" is not a member of role \"%s\".",
						   login_name, GATEWAY_ROLE),
				 errhint("Log in as yourself; only the pooled login of an application declares for whom it acts.")));
	if (read_person(BY_LOGIN, CStringGetTextDatum(login_name),
					&uncommitted)->staff_id != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to act as a member of staff"),
				 errdetail("Login \"%s\" is that of a member of staff, who acts in person.",
						   login_name),
				 errhint("Use a login for the application that belongs to nobody.")));

	initStringInfo(&faults);
	today = aidcase_date(aidcase_now());
	declared = read_person(BY_STAFF_ID, PG_GETARG_DATUM(0), &uncommitted);
	if (declared->staff_id == 0)
		add_fault(&faults, "There is no member of staff with this number.");
	else if (!within(today, declared->employed_from, declared->employed_until))
		add_fault(&faults, "The member of staff is not employed today.");
	for (i = 0; i < declared->nposts; i++)
	{
		const HeldPost *held = &declared->posts[i];
		char	   *role;

		if (!within(today, held->from, held->until))
			continue;
		in_force++;
		role = group_role_of(held->post);
		if (role == NULL || !OidIsValid(get_role_oid(role, true)))
			add_fault(&faults, psprintf("Post \"%s\" has no group role in this cluster.",
										held->post));
		else if (!is_member_of_role(login, get_role_oid(role, false)))
			add_fault(&faults, psprintf("Post \"%s\" needs membership in role \"%s\", which login \"%s\" does not have.",
										held->post, role, login_name));
	}
	if (declared->staff_id != 0 && in_force == 0)
		add_fault(&faults, "The member of staff has no post in force today.");
	if (faults.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to act as this member of staff"),
				 errdetail_internal("%s", faults.data),
				 errhint("A gateway acts for employed staff in posts whose group roles it was granted; see table aidcase.post.")));

	(void) set_config_option(ACTOR_SETTING,
							 psprintf(INT64_FORMAT, declared->staff_id),
							 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
							 0, false);
	PG_RETURN_TEXT_P(cstring_to_text(declared->staff_no));
}
