/*-------------------------------------------------------------------------
 *
 * trigger_util.c
 *		What the trigger functions of all rooms share.
 *
 * invalidate_cache() tells every backend that the rows behind a cache have
 * changed: it sends a relation-cache invalidation for its table, which goes
 * out at commit (and reaches standbys with the commit record).  Rooms that
 * cache rows listen with CacheRegisterRelcacheCallback().
 *
 * keep_all_rows() refuses TRUNCATE and DELETE; only_change() refuses changes
 * of columns that are not named.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "aidcase.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_invalidate_cache);
PG_FUNCTION_INFO_V1(aidcase_keep_all_rows);
PG_FUNCTION_INFO_V1(aidcase_only_change);

/*
 * The trigger's data, checked: right manager, timing, level and schema.
 */
TriggerData *
aidcase_trigger(FunctionCallInfo fcinfo, const char *function, bool before,
				bool for_each_row)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called as a trigger",
						function)));
	if (!!TRIGGER_FIRED_BEFORE(trigdata->tg_event) != before ||
		!!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) != for_each_row)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was attached with the wrong timing",
						function),
				 errdetail("It must be fired %s, for each %s.",
						   before ? "before" : "after",
						   for_each_row ? "row" : "statement")));
	if (RelationGetNamespace(trigdata->tg_relation) !=
		get_namespace_oid(AIDCASE_SCHEMA, true))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" serves tables of schema \"%s\" only",
						function, AIDCASE_SCHEMA)));
	return trigdata;
}

/*
 * Attribute number of a column by name; 0 when there is none.
 */
AttrNumber
aidcase_attnum(TupleDesc desc, const char *column)
{
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), column) == 0)
			return att->attnum;
	}
	return 0;
}

/*
 * Trigger: AFTER INSERT OR UPDATE OR DELETE, for each statement.
 */
Datum
aidcase_invalidate_cache(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = aidcase_trigger(fcinfo, "invalidate_cache",
											false, false);

	CacheInvalidateRelcache(trigdata->tg_relation);
	return PointerGetDatum(NULL);
}

/*
 * Trigger: BEFORE TRUNCATE or DELETE, for each statement.
 */
Datum
aidcase_keep_all_rows(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = aidcase_trigger(fcinfo, "keep_all_rows",
											true, false);

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) &&
		aidcase_erasing(RelationGetRelid(trigdata->tg_relation)))
		return PointerGetDatum(NULL);
	ereport(ERROR,
			(errcode(ERRCODE_KEPT_FOR_GOOD),
			 errmsg("rows of table \"%s\" cannot be removed",
					RelationGetRelationName(trigdata->tg_relation)),
			 errdetail("The register keeps every row that was ever written."),
			 errhint("Mark a row entered by mistake as void, or end it with a new row.")));
	return PointerGetDatum(NULL);
}

/*
 * Orders names for qsort().
 */
static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/*
 * Trigger: BEFORE UPDATE, for each row.  Of a kept row only the columns that
 * the arguments name may change, and entry_no, which a trigger of ours sets.
 */
Datum
aidcase_only_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = aidcase_trigger(fcinfo, "only_change", true, true);
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	Trigger    *trigger = trigdata->tg_trigger;
	const char **changed = NULL;
	StringInfoData list;
	int			n = 0;
	int			i;
	int			j;

	if (!TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return PointerGetDatum(trigdata->tg_trigtuple);

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Datum		before;
		Datum		after;
		bool		was_null;
		bool		is_null;

		if (att->attisdropped || strcmp(NameStr(att->attname), "entry_no") == 0)
			continue;
		before = heap_getattr(trigdata->tg_trigtuple, i + 1, desc, &was_null);
		after = heap_getattr(trigdata->tg_newtuple, i + 1, desc, &is_null);
		if (was_null == is_null &&
			(is_null || datum_image_eq(before, after, att->attbyval, att->attlen)))
			continue;
		for (j = 0; j < trigger->tgnargs; j++)
		{
			if (strcmp(trigger->tgargs[j], NameStr(att->attname)) == 0)
				break;
		}
		if (j < trigger->tgnargs)
			continue;
		if (changed == NULL)
			changed = (const char **) palloc(desc->natts * sizeof(char *));
		changed[n++] = NameStr(att->attname);
	}
	if (n == 0)
		return PointerGetDatum(trigdata->tg_newtuple);

	qsort(changed, n, sizeof(char *), compare_names);
	initStringInfo(&list);
	for (i = 0; i < n; i++)
		appendStringInfo(&list, "%s\"%s\"", i == 0 ? "" : ", ", changed[i]);
	ereport(ERROR,
			(errcode(ERRCODE_FACT_FROZEN),
			 errmsg("a row of table \"%s\" cannot be changed",
					RelationGetRelationName(trigdata->tg_relation)),
			 errdetail("Columns concerned: %s.", list.data),
			 errhint("It rests on a decision. A review makes a new one.")));
	return PointerGetDatum(NULL);
}
