/*-------------------------------------------------------------------------
 *
 * aidcase.c
 *		Entry point, settings, and the register's identity and clock.
 *
 * The identity (name, area, time zone, live or rehearsal) is the one row of
 * table aidcase.register.  Each backend keeps a copy in static memory, read
 * with a plain scan so that parallel workers and logins without any grant
 * can ask for the date; the relation-cache callback marks it stale when the
 * row or the table changes.
 *
 * Every date that the register derives from a point in time goes through
 * aidcase_date(), in the register's time zone, whatever the session's
 * TimeZone says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "compat.h"
#include "sealer.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(aidcase_now_here);
PG_FUNCTION_INFO_V1(aidcase_today);
PG_FUNCTION_INFO_V1(aidcase_date_here);
PG_FUNCTION_INFO_V1(aidcase_midnight_here);

/* What a backend keeps of the register's identity. */
typedef struct RegisterIdentity
{
	bool		valid;			/* the other members may be used */
	Oid			relid;			/* OID of table aidcase.register */
	Oid			owner;			/* its owner */
	bool		present;		/* it holds its row */
	bool		rehearsal;		/* opened as a rehearsal */
	pg_tz	   *zone;			/* the register's time zone */
} RegisterIdentity;

static RegisterIdentity identity;
static bool callback_registered = false;
static bool changed_while_loading = false;

/* Setting aidcase.clock: the rehearsal's time as text, empty = not moved. */
static char *clock_setting = NULL;
static char *purpose_setting = NULL;	/* read by SQL */
static TimestampTz clock_value = 0;
static bool clock_is_set = false;

/* Setting aidcase.language. */
static int	language_setting = LANGUAGE_AUTO;
static const struct config_enum_entry language_options[] = {
	{"auto", LANGUAGE_AUTO, false},
	{"zh", LANGUAGE_ZH, false},
	{"en", LANGUAGE_EN, false},
	{"zh_CN", LANGUAGE_ZH, true},
	{"en_US", LANGUAGE_EN, true},
	{NULL, 0, false}
};

void		_PG_init(void);
static void forget_identity(Datum arg, Oid relid);
static void load_identity(void);
static bool check_clock(char **newval, void **extra, GucSource source);
static void assign_clock(const char *newval, void *extra);

/*
 * Defines the settings of the rooms.
 */
void
_PG_init(void)
{
	DefineCustomStringVariable("aidcase.clock",
							   "Sets the time of a register that was opened as a rehearsal.",
							   "A time stamp; empty means the real time. A live register refuses it.",
							   &clock_setting,
							   "",
							   PGC_USERSET,
							   0,
							   check_clock,
							   assign_clock,
							   NULL);
	DefineCustomEnumVariable("aidcase.language",
							 "Sets the language of labels, of heads in workbooks and of refused moves.",
							 "auto leaves each text in the language it comes in: labels in Chinese, heads as the report says, messages in English.",
							 &language_setting,
							 LANGUAGE_AUTO,
							 language_options,
							 PGC_USERSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomStringVariable("aidcase.purpose",
							   "Sets what personal data are read for.",
							   "Kept with every reading in bulk that names no purpose of its own.",
							   &purpose_setting,
							   "",
							   PGC_USERSET,
							   0,
							   NULL,
							   NULL,
							   NULL);
	aidcase_define_actor_settings();
	aidcase_define_protect_settings();
	aidcase_define_sealer_settings();
	MarkGUCPrefixReserved("aidcase");
}

/*
 * The language that the session asked for.
 */
AidcaseLanguage
aidcase_language(void)
{
	return (AidcaseLanguage) language_setting;
}

/*
 * aidcase.clock is read as a time stamp once, when it is set.
 */
static bool
check_clock(char **newval, void **extra, GucSource source)
{
	TimestampTz *value;
	char	   *text = *newval;

	if (text == NULL || text[0] == '\0')
		return true;

	/*
	 * Parsing a time stamp may look at the time zone tables only, no catalog
	 * of the database, but it raises errors; take the parts by hand.
	 */
	{
		char		workbuf[MAXDATELEN + MAXDATEFIELDS];
		char	   *field[MAXDATEFIELDS];
		int			ftype[MAXDATEFIELDS];
		int			nf;
		int			dtype;
		int			tz;
		fsec_t		fsec;
		struct pg_tm tm;
		TimestampTz result;

		if (ParseDateTime(text, workbuf, sizeof(workbuf), field, ftype,
						  MAXDATEFIELDS, &nf) != 0 ||
			aidcase_decode_datetime(field, ftype, nf, &dtype, &tm, &fsec, &tz) != 0 ||
			dtype != DTK_DATE ||
			tm2timestamp(&tm, fsec, &tz, &result) != 0)
		{
			GUC_check_errdetail("It must be a time stamp such as \"2021-04-06 09:00+08\".");
			return false;
		}
		value = (TimestampTz *) guc_malloc(LOG, sizeof(TimestampTz));
		if (value == NULL)
			return false;
		*value = result;
		*extra = value;
	}
	return true;
}

/*
 * Takes over the parsed value.
 */
static void
assign_clock(const char *newval, void *extra)
{
	clock_is_set = (extra != NULL);
	if (extra != NULL)
		clock_value = *(TimestampTz *) extra;
}

/*
 * Relation-cache callback: the identity must be read again.
 */
static void
forget_identity(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == identity.relid ||
		!OidIsValid(identity.relid))
	{
		identity.valid = false;
		changed_while_loading = true;
	}
}

/*
 * OID of a table of the register, or InvalidOid when there is none.
 */
Oid
aidcase_relation_if_any(const char *name)
{
	Oid			schema = get_namespace_oid(AIDCASE_SCHEMA, true);

	return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

/*
 * OID of type citizen_id, or InvalidOid when it does not exist.
 */
Oid
aidcase_citizen_id_type(void)
{
	Oid			schema = get_namespace_oid(AIDCASE_SCHEMA, true);

	if (!OidIsValid(schema))
		return InvalidOid;
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum("citizen_id"),
						   ObjectIdGetDatum(schema));
}

/*
 * OID of a table of the register.
 */
Oid
aidcase_relation(const char *name)
{
	Oid			relid = aidcase_relation_if_any(name);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_NO_REGISTER),
				 errmsg("there is no register in this database"),
				 errdetail("Table \"%s.%s\" does not exist.",
						   AIDCASE_SCHEMA, name),
				 errhint("Open one with SELECT aidcase.open_register(area_code, name).")));
	return relid;
}

/*
 * Reads the identity; errors when there is no register.
 */
static void
load_identity(void)
{
	Oid			relid;
	Relation	rel;
	TableScanDesc scan;
	TupleTableSlot *slot;
	Snapshot	snapshot;
	RegisterIdentity fresh = {0};
	bool		in_doubt = false;

	if (!callback_registered)
	{
		CacheRegisterRelcacheCallback(forget_identity, (Datum) 0);
		callback_registered = true;
	}

	relid = aidcase_relation("register");
	fresh.relid = relid;

	/* invalidations that arrive from here on are seen by the flag */
	rel = table_open(relid, AccessShareLock);
	identity.valid = false;
	identity.relid = relid;
	changed_while_loading = false;
	fresh.owner = rel->rd_rel->relowner;

	/* a catalog snapshot: it may be taken in parallel workers too */
	snapshot = RegisterSnapshot(GetCatalogSnapshot(relid));
	scan = table_beginscan(rel, snapshot, 0, NULL);
	slot = table_slot_create(rel, NULL);
	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		AttrNumber	zone_no = aidcase_attnum(RelationGetDescr(rel), "time_zone");
		AttrNumber	purpose_no = aidcase_attnum(RelationGetDescr(rel), "purpose");
		bool		isnull;
		char	   *value;

		value = TextDatumGetCString(slot_getattr(slot, zone_no, &isnull));
		fresh.zone = pg_tzset(value);
		value = TextDatumGetCString(slot_getattr(slot, purpose_no, &isnull));
		fresh.rehearsal = (strcmp(value, "rehearsal") == 0);
		fresh.present = true;
		in_doubt = TransactionIdIsCurrentTransactionId(
			DatumGetTransactionId(slot_getsysattr(slot,
												  MinTransactionIdAttributeNumber,
												  &isnull)));
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);

	/*
	 * A row that this very transaction has written may go away again: it is
	 * used, but looked up again the next time.
	 */
	fresh.valid = !changed_while_loading && !in_doubt;
	identity = fresh;
}

/*
 * The identity, read when needed.  need_row: the register must be open.
 */
static const RegisterIdentity *
get_identity(bool need_row)
{
	if (!identity.valid || (need_row && !identity.present))
		load_identity();
	if (need_row && (!identity.present || identity.zone == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_NO_REGISTER),
				 errmsg("the register of this database is not open"),
				 errhint("Open it with SELECT aidcase.open_register(area_code, name).")));
	return &identity;
}

/*
 * The role that owns the register.
 */
Oid
aidcase_owner(void)
{
	return get_identity(false)->owner;
}

/*
 * Was the register opened as a rehearsal?
 */
bool
aidcase_is_rehearsal(void)
{
	return get_identity(true)->rehearsal;
}

/*
 * The register's clock.
 */
TimestampTz
aidcase_now(void)
{
	if (!clock_is_set)
		return GetCurrentTransactionStartTimestamp();
	if (!aidcase_is_rehearsal())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the clock of a live register cannot be moved"),
				 errdetail("Setting \"aidcase.clock\" is for a register opened as a rehearsal."),
				 errhint("RESET aidcase.clock.")));
	return clock_value;
}

/*
 * The calendar date of an instant in the register's time zone.
 */
DateADT
aidcase_date(TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			tz;

	if (TIMESTAMP_IS_NOBEGIN(at))
		return DATEVAL_NOBEGIN;
	if (TIMESTAMP_IS_NOEND(at))
		return DATEVAL_NOEND;
	if (timestamp2tm(at, &tz, &tm, &fsec, NULL, get_identity(true)->zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

/*
 * The first instant of a calendar date in the register's time zone.
 */
TimestampTz
aidcase_midnight(DateADT day)
{
	struct pg_tm tm = {0};
	TimestampTz result;
	int			tz;

	if (DATE_NOT_FINITE(day))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range: infinity")));
	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	tz = DetermineTimeZoneOffset(&tm, get_identity(true)->zone);
	if (tm2timestamp(&tm, 0, &tz, &result) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range for timestamp")));
	return result;
}

/*
 * now_here() returns timestamptz: the register's clock.
 */
Datum
aidcase_now_here(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(aidcase_now());
}

/*
 * today() returns date: the date of the register's clock, in its time zone.
 */
Datum
aidcase_today(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATEADT(aidcase_date(aidcase_now()));
}

/*
 * date_here(timestamptz) returns date: in the register's time zone.
 */
Datum
aidcase_date_here(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATEADT(aidcase_date(PG_GETARG_TIMESTAMPTZ(0)));
}

/*
 * midnight_here(date) returns timestamptz: its first instant there.
 */
Datum
aidcase_midnight_here(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(aidcase_midnight(PG_GETARG_DATEADT(0)));
}
