/*-------------------------------------------------------------------------
 *
 * means_facts.c
 *		Reads the facts of rounds for the means test.
 *
 * One reader serves a single round and a whole register.  Each table of facts
 * is read along its index on round_id.  A wanted round a few rows ahead is
 * reached by going on, any other by a new descent; so one round costs a
 * descent per table, and a register in order of rounds is one ordered pass
 * over each index.
 *
 * The rows are those of the active snapshot: the caller's, as of any query.
 * Rights and row security of the tables are not looked at here; the SQL
 * function is the owner's alone.
 *
 * Relations and scans stay open from aidcase_open_facts() to
 * aidcase_close_facts(); an error releases them like those of any query.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "aidcase.h"
#include "compat.h"
#include "means.h"

#define FEN_OF_SCALED	1000000 /* 10^-8 yuan in a fen */
#define GO_ON			16		/* rows to skip before a new descent */

/* A table along an index on one bigint column. */
typedef struct FactScan
{
	const char *table;
	Relation	rel;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	AttrNumber	key_no;
	bool		started;
	bool		done;			/* no row at or after "from" is left */
	int64		from;			/* the slot has the first row not below it */
	int64		at;				/* key of the row in the slot */
} FactScan;

/* A village's code, looked up once. */
typedef struct Village
{
	int64		unit_id;
	char		code[13];
} Village;

struct FactReader
{
	RuleBook   *book;
	DateADT		on_date;
	HTAB	   *villages;
	FactScan	round;
	FactScan	aid_case;
	FactScan	unit;
	FactScan	member;
	FactScan	income;
	FactScan	expense;
	FactScan	property;
	FactScan	obligor;
	FactScan	care;
	FactScan	class_record;
	AttrNumber	round_no[3];	/* case_id, round_kind, accepted_on */
	AttrNumber	case_no[2];		/* village_id, residence */
	AttrNumber	unit_no[1];		/* unit_code */
	AttrNumber	member_no[13];
	AttrNumber	income_no[7];
	AttrNumber	expense_no[7];
	AttrNumber	property_no[8];
	AttrNumber	obligor_no[10];
	AttrNumber	care_no[9];
	AttrNumber	class_no[3];
	Village	   *last_village;
};

/* Columns that are read, in order of the arrays above. */
static const char *const round_columns[] = {"case_id", "round_kind", "accepted_on"};
static const char *const case_columns[] = {"village_id", "residence"};
static const char *const unit_columns[] = {"unit_code"};
static const char *const member_columns[] = {
	"void", "member_id", "birth_date", "sex", "counted", "work_ability",
	"health", "disability_kind", "disability_level", "situation",
	"situation_since", "count_exception", "no_obligor_here"
};
static const char *const income_columns[] = {
	"void", "member_id", "source", "basis", "income_id", "income_kind", "amount"
};
static const char *const expense_columns[] = {
	"void", "member_id", "source", "basis", "expense_id", "expense_kind", "amount"
};
static const char *const property_columns[] = {
	"void", "member_id", "source", "quantity", "property_id", "property_kind",
	"value", "exempt_reason"
};
static const char *const obligor_columns[] = {
	"void", "obligor_id", "relation", "household_size", "annual_income",
	"persons_supported", "paid_monthly", "able", "obligor_state",
	"low_property"
};
static const char *const care_columns[] = {
	"void", "member_id", "eating", "dressing", "getting_up", "toilet",
	"walking", "bathing", "support_mode"
};

static const char *const class_columns[] = {"void", "low_income_class", "valid"};

/*
 * Is an index a btree whose first column is the key, over all rows or over
 * those that are not void?
 */
static bool
suits(Relation rel, Relation index, AttrNumber key_no)
{
	List	   *predicate;
	Node	   *condition;

	if (index->rd_rel->relam != BTREE_AM_OID || !index->rd_index->indisvalid ||
		index->rd_index->indkey.values[0] != key_no ||
		(index->rd_indoption[0] & (INDOPTION_DESC | INDOPTION_NULLS_FIRST)) != 0)
		return false;
	predicate = RelationGetIndexPredicate(index);
	if (predicate == NIL)
		return true;
	if (list_length(predicate) != 1)
		return false;
	condition = (Node *) linitial(predicate);
	if (IsA(condition, BoolExpr) &&
		((BoolExpr *) condition)->boolop == NOT_EXPR &&
		IsA(linitial(((BoolExpr *) condition)->args), Var))
		return ((Var *) linitial(((BoolExpr *) condition)->args))->varattno ==
			aidcase_attnum(RelationGetDescr(rel), "void");
	return false;
}

/*
 * Opens a table for reading along its index on a column.
 */
static void
open_scan(FactScan *s, const char *table, const char *key, AttrNumber *numbers,
		  const char *const *columns, int n)
{
	List	   *indexes;
	ListCell   *cell;
	int			i;

	memset(s, 0, sizeof(FactScan));
	s->table = table;
	s->rel = table_open(aidcase_relation(table), AccessShareLock);
	s->key_no = aidcase_attnum(RelationGetDescr(s->rel), key);
	for (i = 0; i < n; i++)
	{
		numbers[i] = aidcase_attnum(RelationGetDescr(s->rel), columns[i]);
		if (numbers[i] == 0)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("table \"%s.%s\" has no usable column \"%s\"",
							AIDCASE_SCHEMA, table, columns[i]),
					 errhint("Give the table back its columns and types, as the extension made them.")));
	}
	indexes = RelationGetIndexList(s->rel);
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (suits(s->rel, index, s->key_no))
		{
			s->index = index;
			break;
		}
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	if (s->index == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s.%s\" has no index on column \"%s\"",
						AIDCASE_SCHEMA, table, key),
				 errdetail("The means test reads the facts of a round along it."),
				 errhint("Create the btree index again.")));
	s->slot = table_slot_create(s->rel, NULL);
	s->scan = aidcase_index_beginscan(s->rel, s->index, GetActiveSnapshot(), 1);
}

static void
close_scan(FactScan *s)
{
	if (s->rel == NULL)
		return;
	index_endscan(s->scan);
	ExecDropSingleTupleTableSlot(s->slot);
	index_close(s->index, NoLock);
	table_close(s->rel, NoLock);
	s->rel = NULL;
}

/*
 * To the next row.
 */
static void
go_on(FactScan *s)
{
	bool		isnull;

	if (!index_getnext_slot(s->scan, ForwardScanDirection, s->slot))
	{
		s->done = true;
		return;
	}
	s->at = DatumGetInt64(slot_getattr(s->slot, s->key_no, &isnull));
}

/*
 * Is there a row of the key?  Moves to the first one.
 */
static bool
seek(FactScan *s, int64 key)
{
	if (s->started && key >= s->from)
	{
		int			i;

		for (i = 0; i < GO_ON && !s->done && s->at < key; i++)
			go_on(s);
		if (s->done || s->at >= key)
		{
			s->from = key;
			return !s->done && s->at == key;
		}
	}

	{
		ScanKeyData scankey;

		ScanKeyInit(&scankey, 1, BTGreaterEqualStrategyNumber, F_INT8GE,
					Int64GetDatum(key));
		index_rescan(s->scan, &scankey, 1, NULL, 0);
		s->started = true;
		s->done = false;
		s->from = key;
		go_on(s);
	}
	return !s->done && s->at == key;
}

/*
 * To the next row of the same key; false when that was the last one.
 */
static bool
next_of(FactScan *s, int64 key)
{
	go_on(s);
	return !s->done && s->at == key;
}

static inline Datum
attr(FactScan *s, AttrNumber number)
{
	bool		isnull;

	return slot_getattr(s->slot, number, &isnull);
}

static inline bool
flag(FactScan *s, AttrNumber number)
{
	return DatumGetBool(attr(s, number));
}

/*
 * Is a text column this word?
 */
static inline bool
is_word(FactScan *s, AttrNumber number, const char *word, int length)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(attr(s, number));

	return (int) VARSIZE_ANY_EXHDR(value) == length &&
		memcmp(VARDATA_ANY(value), word, length) == 0;
}

#define IS_WORD(s, number, word)	is_word(s, number, word, sizeof(word) - 1)

/*
 * Index of a text column's word in a list, or -1: NULL or not in it.
 */
static int
word_of(FactScan *s, AttrNumber number, const char *const *words, int n)
{
	bool		isnull;
	Datum		value = slot_getattr(s->slot, number, &isnull);
	struct varlena *text;
	int			i;

	if (isnull)
		return -1;
	text = PG_DETOAST_DATUM_PACKED(value);
	for (i = 0; i < n; i++)
	{
		if (strlen(words[i]) == VARSIZE_ANY_EXHDR(text) &&
			memcmp(words[i], VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)) == 0)
			return i;
	}
	return -1;
}

/*
 * An amount in fen.
 */
static int64
fen_of(FactScan *s, AttrNumber number)
{
	int128		scaled;

	if (likely(aidcase_read_scaled(attr(s, number), &scaled) &&
			   scaled <= PG_INT64_MAX && scaled >= -PG_INT64_MAX &&
			   (int64) scaled % FEN_OF_SCALED == 0))
		return (int64) scaled / FEN_OF_SCALED;	/* 92 thousand million yuan */
	if (!aidcase_read_scaled(attr(s, number), &scaled) ||
		scaled % FEN_OF_SCALED != 0 ||
		scaled / FEN_OF_SCALED > INT64CONST(100000000000000) ||
		scaled / FEN_OF_SCALED < -INT64CONST(100000000000000))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("an amount of table \"%s.%s\" is out of range",
						AIDCASE_SCHEMA, s->table),
				 errdetail("It has to be in whole fen, and less than a million million yuan."),
				 errhint("Correct the item.")));
	return (int64) (scaled / FEN_OF_SCALED);
}

#define GROW(list, type) \
	do { \
		if ((list).n == (list).room) \
		{ \
			(list).room = Max(2 * (list).room, 16); \
			(list).items = (list).items == NULL ? \
				(type *) palloc((list).room * sizeof(type)) : \
				(type *) repalloc((list).items, (list).room * sizeof(type)); \
		} \
	} while (0)

static int
compare_members(const void *left, const void *right)
{
	int64		a = ((const MeansMember *) left)->member_id;
	int64		b = ((const MeansMember *) right)->member_id;

	return (a > b) - (a < b);
}

/*
 * Index of a member, or -1 when he is void.
 */
static int
member_index(const MeansFacts *facts, int64 member_id)
{
	int			low = 0;
	int			high = facts->members.n;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (facts->members.items[middle].member_id == member_id)
			return middle;
		if (facts->members.items[middle].member_id < member_id)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/*
 * Index of a kind; an item of a kind that is not listed is refused.
 */
static int
kind_of(FactScan *s, AttrNumber number, const KindList *kinds)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(attr(s, number));
	int			kind = aidcase_kind_index(kinds, VARDATA_ANY(value),
										  VARSIZE_ANY_EXHDR(value));

	if (kind < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kind \"%.*s\" of an item of table \"%s.%s\" does not exist",
						(int) VARSIZE_ANY_EXHDR(value), VARDATA_ANY(value),
						AIDCASE_SCHEMA, s->table),
				 errhint("The kinds are those of tables income_kind, expense_kind, property_kind, member_situation and obligor_state.")));
	return kind;
}

/*
 * Income or expense items of a round.
 */
static void
read_items(FactScan *s, const AttrNumber *no, const KindList *kinds,
		   MeansFacts *facts, bool expenses)
{
	if (!seek(s, facts->round_id))
		return;
	do
	{
		MeansItem	item;

		if (flag(s, no[0]))
			continue;
		memset(&item, 0, sizeof(item));
		item.member = member_index(facts, DatumGetInt64(attr(s, no[1])));
		if (item.member < 0)
			continue;
		item.verified = IS_WORD(s, no[2], "verified");
		item.monthly = IS_WORD(s, no[3], "month");
		item.item_id = DatumGetInt64(attr(s, no[4]));
		item.kind = kind_of(s, no[5], kinds);
		item.fen = fen_of(s, no[6]);
		if (expenses)
		{
			GROW(facts->expenses, MeansItem);
			facts->expenses.items[facts->expenses.n++] = item;
		}
		else
		{
			GROW(facts->incomes, MeansItem);
			facts->incomes.items[facts->incomes.n++] = item;
		}
	} while (next_of(s, facts->round_id));
}

/*
 * Classes that are recorded of the case for the day.
 */
static void
read_classes(FactReader *r, MeansFacts *facts)
{
	FactScan   *s = &r->class_record;
	TypeCacheEntry *range_type;

	facts->monitored = facts->other_class = false;
	if (!seek(s, facts->case_id))
		return;
	range_type = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	do
	{
		RangeType  *valid = DatumGetRangeTypeP(attr(s, r->class_no[2]));

		if (flag(s, r->class_no[0]) ||
			!range_contains_elem_internal(range_type, valid,
										  DateADTGetDatum(r->on_date)))
			continue;
		if (IS_WORD(s, r->class_no[1], "monitored"))
			facts->monitored = true;
		else
			facts->other_class = true;
	} while (next_of(s, facts->case_id));
}

/*
 * Opens all tables of facts.  Everything is allocated in the current context.
 */
FactReader *
aidcase_open_facts(RuleBook *book, DateADT on_date)
{
	FactReader *r = (FactReader *) palloc0(sizeof(FactReader));
	HASHCTL		ctl;

	r->book = book;
	r->on_date = on_date;
	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(int64);
	ctl.entrysize = sizeof(Village);
	ctl.hcxt = CurrentMemoryContext;
	r->villages = hash_create("aidcase villages", 64, &ctl,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

#define OPEN(scan, table, key, name) \
	open_scan(&r->scan, table, key, r->name##_no, name##_columns, \
			  lengthof(name##_columns))
	OPEN(round, "case_round", "round_id", round);
	OPEN(aid_case, "aid_case", "case_id", case);
	OPEN(unit, "unit", "unit_id", unit);
	OPEN(member, "case_member", "round_id", member);
	OPEN(income, "income_item", "round_id", income);
	OPEN(expense, "expense_item", "round_id", expense);
	OPEN(property, "property_item", "round_id", property);
	OPEN(obligor, "obligor", "round_id", obligor);
	OPEN(care, "self_care_assessment", "round_id", care);
	OPEN(class_record, "class_record", "case_id", class);
#undef OPEN
	return r;
}

void
aidcase_close_facts(FactReader *r)
{
	close_scan(&r->round);
	close_scan(&r->aid_case);
	close_scan(&r->unit);
	close_scan(&r->member);
	close_scan(&r->income);
	close_scan(&r->expense);
	close_scan(&r->property);
	close_scan(&r->obligor);
	close_scan(&r->care);
	close_scan(&r->class_record);
}

/*
 * The facts of a round; false when there is no such round.  The lists of
 * *facts are used again and grow with the largest household.
 */
bool
aidcase_read_facts(FactReader *r, int64 round_id, MeansFacts *facts)
{
	const AttrNumber *no;
	FactScan   *s;
	Village    *village;
	bool		isnull;
	bool		sorted = true;
	Datum		value;
	int			i;

	facts->members.n = facts->incomes.n = facts->expenses.n = 0;
	facts->properties.n = facts->obligors.n = 0;
	facts->round_id = round_id;

	/* the round, its case and where the household lives */
	if (!seek(&r->round, round_id))
		return false;
	facts->case_id = DatumGetInt64(attr(&r->round, r->round_no[0]));
	facts->emergency = IS_WORD(&r->round, r->round_no[1], "emergency");
	value = slot_getattr(r->round.slot, r->round_no[2], &isnull);
	facts->rule_date = isnull ? r->on_date : DatumGetDateADT(value);
	facts->rule_day = aidcase_means_day(facts->rule_date);
	if (!seek(&r->aid_case, facts->case_id))
		elog(ERROR, "round " INT64_FORMAT " has no case", round_id);
	facts->village_id = DatumGetInt64(attr(&r->aid_case, r->case_no[0]));
	facts->rural = IS_WORD(&r->aid_case, r->case_no[1], "rural");
	village = r->last_village;
	isnull = village != NULL && village->unit_id == facts->village_id;
	if (!isnull)
		village = (Village *) hash_search(r->villages, &facts->village_id,
										  HASH_ENTER, &isnull);
	r->last_village = village;
	if (!isnull)				/* not found */
	{
		if (!seek(&r->unit, facts->village_id))
			elog(ERROR, "case " INT64_FORMAT " has no village", facts->case_id);
		strlcpy(village->code, TextDatumGetCString(attr(&r->unit, r->unit_no[0])),
				sizeof(village->code));
	}
	memcpy(facts->area, village->code, sizeof(facts->area));

	s = &r->member;
	no = r->member_no;
	if (seek(s, round_id))
	{
		do
		{
			MeansMember *m;

			if (flag(s, no[0]))
				continue;
			GROW(facts->members, MeansMember);
			m = &facts->members.items[facts->members.n];
			m->member_id = DatumGetInt64(attr(s, no[1]));
			m->birth = aidcase_means_day(DatumGetDateADT(attr(s, no[2])));
			m->male = IS_WORD(s, no[3], "male");
			m->counted = flag(s, no[4]);
			m->ability = word_of(s, no[5], means_abilities, ABILITY_COUNT);
			m->health = word_of(s, no[6], means_healths, HEALTH_COUNT);
			m->disability = word_of(s, no[7], means_disabilities, DISABILITY_KINDS);
			m->disability_level = m->disability < 0 ? 0 :
				DatumGetInt16(attr(s, no[8]));
			m->situation = -1;
			m->since = 0;
			m->no_obligor_here = flag(s, no[12]);
			m->apart = false;
			m->by_hand = !m->counted;
			value = slot_getattr(s->slot, no[9], &isnull);
			if (!isnull)
			{
				m->situation = kind_of(s, no[9], aidcase_situations(r->book));
				m->since = aidcase_means_day(DatumGetDateADT(attr(s, no[10])));
				(void) slot_getattr(s->slot, no[11], &isnull);
				m->by_hand = !isnull;
			}
			m->unmet = -1;
			m->care_mode = 0;
			if (facts->members.n > 0 &&
				m->member_id < facts->members.items[facts->members.n - 1].member_id)
				sorted = false;
			facts->members.n++;
		} while (next_of(s, round_id));
	}
	if (!sorted)
		qsort(facts->members.items, facts->members.n, sizeof(MeansMember),
			  compare_members);

	/* an emergency is aided without a look at income and property */
	if (facts->emergency)
		return true;

	read_classes(r, facts);
	read_items(&r->income, r->income_no, aidcase_income_kinds(r->book), facts, false);
	read_items(&r->expense, r->expense_no, aidcase_expense_kinds(r->book), facts, true);

	s = &r->property;
	no = r->property_no;
	if (seek(s, round_id))
	{
		do
		{
			MeansItem	item;

			if (flag(s, no[0]))
				continue;
			memset(&item, 0, sizeof(item));
			item.member = member_index(facts, DatumGetInt64(attr(s, no[1])));
			if (item.member < 0)
				continue;
			item.verified = IS_WORD(s, no[2], "verified");
			item.quantity = DatumGetInt32(attr(s, no[3]));
			item.item_id = DatumGetInt64(attr(s, no[4]));
			item.kind = kind_of(s, no[5], aidcase_property_kinds(r->book));
			item.fen = fen_of(s, no[6]);
			(void) slot_getattr(s->slot, no[7], &isnull);
			item.exempt = !isnull;
			GROW(facts->properties, MeansItem);
			facts->properties.items[facts->properties.n++] = item;
		} while (next_of(s, round_id));
	}

	s = &r->obligor;
	no = r->obligor_no;
	if (seek(s, round_id))
	{
		do
		{
			MeansObligor *o;

			if (flag(s, no[0]))
				continue;
			GROW(facts->obligors, MeansObligor);
			o = &facts->obligors.items[facts->obligors.n++];
			o->obligor_id = DatumGetInt64(attr(s, no[1]));
			o->relation = Max(word_of(s, no[2], means_relations, OBLIGOR_RELATIONS), 0);
			o->household_size = DatumGetInt16(attr(s, no[3]));
			o->annual_fen = fen_of(s, no[4]);
			o->persons_supported = DatumGetInt16(attr(s, no[5]));
			o->paid_fen = fen_of(s, no[6]);
			o->able = flag(s, no[7]);
			(void) slot_getattr(s->slot, no[8], &isnull);
			o->state = isnull ? -1 :
				kind_of(s, no[8], aidcase_obligor_states(r->book));
			value = slot_getattr(s->slot, no[9], &isnull);
			o->low_property = !isnull && DatumGetBool(value);
		} while (next_of(s, round_id));
	}

	s = &r->care;
	no = r->care_no;
	if (seek(s, round_id))
	{
		do
		{
			int			member;

			if (flag(s, no[0]))
				continue;
			member = member_index(facts, DatumGetInt64(attr(s, no[1])));
			if (member < 0)
				continue;
			facts->members.items[member].unmet = 0;
			for (i = 2; i < 8; i++)
				facts->members.items[member].unmet += !flag(s, no[i]);
			facts->members.items[member].care_mode =
				Max(word_of(s, no[8], means_care_modes, CARE_MODES), 0);
		} while (next_of(s, round_id));
	}
	return true;
}
