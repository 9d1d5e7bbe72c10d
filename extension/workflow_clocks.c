/*-------------------------------------------------------------------------
 *
 * workflow_clocks.c
 *		Time limits: table deadline.
 *
 * run_clocks() fires after a row of a subject is written, and starts, meets,
 * pauses, resumes and cancels the clocks of the move.  fact_clocks() fires
 * after a fact is written that starts a clock, meets it or puts an end to it.
 *
 * A clock may have a condition, a guard in SQL: it starts only while that is
 * met.  A clock of the case (a review that is due) starts with a move of one
 * round and is met by a move of any round of the household that names it; it
 * is cancelled by the round that started it.
 *
 * A deadline is met in time if met_at < due_at.  In working or calendar days
 * due_at is the first instant after the last day: a clock of 7 working days
 * that starts on day 0 is met in time until the end of the 7th working day.
 * The length is a parameter, read when the clock starts and stored, or
 * follows from a date of the row; a pause or an extension adds to it.
 *
 * What happened is judged by when it happened, as long as it was entered
 * within parameter late_entry_hours or its late entry was approved
 * (late_entry); met_entered_at tells when it was entered.
 *
 * Rows are written through SPI as the register's owner: nobody else may, and
 * they are captured like any other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "compat.h"
#include "workdays.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_run_clocks);
PG_FUNCTION_INFO_V1(aidcase_fact_clocks);
PG_FUNCTION_INFO_V1(aidcase_due_at);
PG_FUNCTION_INFO_V1(aidcase_paused_units);

/* A time limit of more units than this is a mistake. */
#define LONGEST_CLOCK	100000

/*
 * A length in whole units.
 */
static int
whole_units(Datum length)
{
	Numeric		exact = DatumGetNumeric(length);
	Datum		back;
	int32		n;

	if (numeric_is_nan(exact) || numeric_is_inf(exact))
		n = -1;
	else
	{
		double		rough = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
															   length));

		n = (rough < 0 || rough > LONGEST_CLOCK) ? -1 :
			DatumGetInt32(DirectFunctionCall1(numeric_int4, length));
	}
	back = DirectFunctionCall1(int4_numeric, Int32GetDatum(n));
	if (n < 0 || !DatumGetBool(DirectFunctionCall2(numeric_eq, back, length)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the length of a time limit must be a whole number from 0 to %d",
						LONGEST_CLOCK)));
	return n;
}

/*
 * The instant at which a time limit that started at some instant is no
 * longer met.  When the calendar of a year is missing, its days count by the
 * day of the week and *provisional is set.
 */
static TimestampTz
due_instant(ClockKind kind, TimestampTz started, Datum length,
			bool *provisional)
{
	DateADT		day;
	int			n;
	int			missing = 0;

	*provisional = false;
	if (kind == CLOCK_HOURS)
	{
		double		hours = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
															   length));

		if (!(hours >= 0 && hours <= LONGEST_CLOCK))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the length of a time limit must be from 0 to %d hours",
							LONGEST_CLOCK)));
		return started + (int64) rint(hours * USECS_PER_HOUR);
	}
	day = aidcase_date(started);
	n = whole_units(length);
	if (kind == CLOCK_DAYS)
		return aidcase_midnight(day + n + 1);
	if (kind == CLOCK_MONTHS)
	{
		Interval	months = {0};

		months.month = n;
		day = DatumGetDateADT(DirectFunctionCall1(timestamp_date,
												  DirectFunctionCall2(date_pl_interval,
																	  DateADTGetDatum(day),
																	  IntervalPGetDatum(&months))));
		return aidcase_midnight(day + 1);
	}

	{
		DateADT		due = aidcase_add_workdays(day, n, &missing);

		if (missing != 0)
		{
			*provisional = true;
			for (due = day; n > 0; n--)
				do
					due++;
				while (j2day(due + POSTGRES_EPOCH_JDATE) == 0 ||
					   j2day(due + POSTGRES_EPOCH_JDATE) == 6);
		}
		return aidcase_midnight(due + 1);
	}
}

/*
 * Kind of a clock by its name in table clock.
 */
static ClockKind
clock_kind(const char *name)
{
	if (strcmp(name, "workdays") == 0)
		return CLOCK_WORKDAYS;
	if (strcmp(name, "days") == 0)
		return CLOCK_DAYS;
	if (strcmp(name, "hours") == 0)
		return CLOCK_HOURS;
	if (strcmp(name, "months") == 0)
		return CLOCK_MONTHS;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is no kind of clock", name),
			 errhint("The kinds are workdays, days, hours and months.")));
	return CLOCK_DAYS;			/* keep compiler quiet */
}

/*
 * due_at(kind text, started_at timestamptz, length numeric)
 * returns record (due_at timestamptz, provisional boolean).
 */
Datum
aidcase_due_at(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	bool		provisional;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = TimestampTzGetDatum(due_instant(clock_kind(text_to_cstring(PG_GETARG_TEXT_PP(0))),
												PG_GETARG_TIMESTAMPTZ(1),
												PG_GETARG_DATUM(2),
												&provisional));
	values[1] = BoolGetDatum(provisional);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

/*
 * paused_units(kind text, from timestamptz, until timestamptz) returns
 * numeric: by how many units a pause makes a time limit longer.
 */
Datum
aidcase_paused_units(PG_FUNCTION_ARGS)
{
	ClockKind	kind = clock_kind(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	TimestampTz from = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz until = PG_GETARG_TIMESTAMPTZ(2);
	DateADT		first;
	DateADT		last;
	int			n = 0;
	int			missing = 0;

	if (TIMESTAMP_NOT_FINITE(from) || TIMESTAMP_NOT_FINITE(until) ||
		until < from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a pause cannot end before it begins")));
	if (kind == CLOCK_HOURS)
		PG_RETURN_DATUM(DirectFunctionCall2(numeric_div,
											DirectFunctionCall1(int8_numeric,
																Int64GetDatum(until - from)),
											DirectFunctionCall1(int8_numeric,
																Int64GetDatum(USECS_PER_HOUR))));
	if (kind == CLOCK_MONTHS)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a time limit in months cannot be paused"),
				 errhint("Let it be counted in days.")));
	first = aidcase_date(from);
	last = aidcase_date(until);
	if (kind == CLOCK_DAYS)
		n = last - first;
	else
	{
		n = aidcase_workdays_between(first, last, &missing);
		if (missing != 0)
			for (n = 0; first < last; first++)
				if (j2day(first + 1 + POSTGRES_EPOCH_JDATE) % 6 != 0)
					n++;
	}
	PG_RETURN_DATUM(DirectFunctionCall1(int4_numeric, Int32GetDatum(n)));
}

/*
 * Names of clocks as an array, for SPI.
 */
static Datum
clock_names(const ClockList *list)
{
	Datum	   *names = palloc(sizeof(Datum) * list->n);
	int			i;

	for (i = 0; i < list->n; i++)
		names[i] = CStringGetTextDatum(list->clocks[i]->name);
	return PointerGetDatum(construct_array(names, list->n, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

#define RUNNING \
	" WHERE d.subject OPERATOR(pg_catalog.=) $2" \
	" AND d.subject_id OPERATOR(pg_catalog.=) $3" \
	" AND d.clock OPERATOR(pg_catalog.=) ANY ($4)" \
	" AND d.met_at IS NULL AND d.cancelled_at IS NULL"

/* the same, of all rounds of the household, for clocks of the case */
#define RUNNING_OF_CASE \
	" WHERE d.case_id OPERATOR(pg_catalog.=) $3" \
	" AND d.clock OPERATOR(pg_catalog.=) ANY ($4)" \
	" AND d.met_at IS NULL AND d.cancelled_at IS NULL"

/*
 * Runs one statement over the running clocks of a row: $1 instant, $2 table,
 * $3 key, $4 clocks, $5 reason if the plan has it.
 */
static void
touch_clocks(KeptPlan *plan, const char *subject, int64 id, TimestampTz at,
			 const ClockList *list, const char *reason)
{
	Datum		values[5];

	if (list->n == 0)
		return;
	values[0] = TimestampTzGetDatum(at);
	values[1] = CStringGetTextDatum(subject);
	values[2] = Int64GetDatum(id);
	values[3] = clock_names(list);
	values[4] = reason != NULL ? CStringGetTextDatum(reason) : (Datum) 0;
	(void) aidcase_run(plan, values, NULL, 0);
}

/*
 * Cancels running clocks, not before they started.
 */
static void
cancel_running(const char *subject, int64 id, TimestampTz at,
			   const ClockList *list, const char *reason)
{
	static KeptPlan plan = {
		"UPDATE aidcase.deadline AS d SET cancelled_at ="
		" CASE WHEN $1 OPERATOR(pg_catalog.<) d.started_at"
		" THEN d.started_at ELSE $1 END, cancel_reason = $5" RUNNING,
	5, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID, TEXTOID}, NULL};

	touch_clocks(&plan, subject, id, at, list, reason);
}

/*
 * Name of a kind, as due_at() takes it.
 */
static const char *
kind_name(ClockKind kind)
{
	return kind == CLOCK_WORKDAYS ? "workdays" :
		kind == CLOCK_DAYS ? "days" :
		kind == CLOCK_MONTHS ? "months" : "hours";
}

/*
 * Does an instant lie further back than something may be entered late
 * without anybody's approval?  id 0: a new row.  *hours: the bound.
 */
bool
aidcase_too_late(const char *subject, int64 id, TimestampTz at,
				 int64 unit_id, double *hours)
{
	static KeptPlan bound_plan = {
		"SELECT (p.value OPERATOR(pg_catalog./) p.divisor)"
		" FROM aidcase.unit AS u"
		" CROSS JOIN LATERAL aidcase.parameter_row('late_entry_hours',"
		"  u.unit_code, $2) AS p"
		" WHERE u.unit_id OPERATOR(pg_catalog.=) $1",
	2, {INT8OID, DATEOID}, NULL};
	static KeptPlan approval_plan = {
		"SELECT 1 FROM aidcase.late_entry AS e"
		" WHERE e.subject OPERATOR(pg_catalog.=) $1"
		" AND e.subject_id OPERATOR(pg_catalog.=) $2"
		" AND e.happened_at OPERATOR(pg_catalog.=) $3"
		" AND e.approved_on IS NOT NULL",
	3, {TEXTOID, INT8OID, TIMESTAMPTZOID}, NULL};
	TimestampTz now = aidcase_now();
	Datum		values[3];
	bool		late = false;

	values[0] = Int64GetDatum(unit_id);
	values[1] = DateADTGetDatum(aidcase_date(now));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (aidcase_run(&bound_plan, values, NULL, 1) == 1)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
		{
			*hours = DatumGetFloat8(DirectFunctionCall1(numeric_float8, value));
			late = (double) (now - at) > *hours * USECS_PER_HOUR;
		}
	}
	if (late)
	{
		values[0] = CStringGetTextDatum(subject);
		values[1] = Int64GetDatum(id);
		values[2] = TimestampTzGetDatum(at);
		late = aidcase_run(&approval_plan, values, NULL, 1) == 0;
	}
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return late;
}

/*
 * Meets running clocks, those of the case of any of its rounds.  What is
 * entered too late counts from its entry.
 */
static void
meet_running(const char *subject, int64 id, int64 case_id, TimestampTz at,
			 const ClockList *list)
{
#define MEET(which) \
	"UPDATE aidcase.deadline AS d SET met_at =" \
	" CASE WHEN $1 OPERATOR(pg_catalog.<) d.started_at" \
	" THEN d.started_at ELSE $1 END, met_entered_at =" \
	" CASE WHEN $5 OPERATOR(pg_catalog.<) $1 THEN $1" \
	" WHEN $5 OPERATOR(pg_catalog.<) d.started_at THEN d.started_at" \
	" ELSE $5 END" which
	static KeptPlan plans[2] = {
		{MEET(RUNNING),
			5, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID, TIMESTAMPTZOID}, NULL},
		{MEET(RUNNING_OF_CASE),
			5, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID, TIMESTAMPTZOID}, NULL}
	};
	int			of_case;

	for (of_case = 0; of_case < 2; of_case++)
	{
		ClockList	some = {0, palloc(sizeof(WorkflowClock *) * Max(list->n, 1))};
		Datum		values[5];
		int			i;

		for (i = 0; i < list->n; i++)
			if (list->clocks[i]->of_case == (of_case == 1))
				some.clocks[some.n++] = list->clocks[i];
		if (some.n == 0)
			continue;
		values[0] = TimestampTzGetDatum(at);
		values[1] = CStringGetTextDatum(subject);
		values[2] = Int64GetDatum(of_case == 1 ? case_id : id);
		values[3] = clock_names(&some);
		values[4] = TimestampTzGetDatum(aidcase_now());
		(void) aidcase_run(&plans[of_case], values, NULL, 0);
	}
}

/*
 * A fact of a round meets clocks; it counts from its entry when it was
 * entered later than anybody may enter without approval.
 */
static void
meet_by_fact(int64 round_id, int64 case_id, int64 unit_id, TimestampTz at,
			 const ClockList *list)
{
	double		hours;

	if (list->n == 0)
		return;
	if (at < aidcase_now() &&
		aidcase_too_late("case_round", round_id, at, unit_id, &hours))
		at = aidcase_now();
	meet_running("case_round", round_id, case_id, at, list);
}

/*
 * Is the condition of a clock met?  source and source_id: the row that starts
 * it, of the subject or a fact.
 */
static bool
condition_met(const WorkflowClock *clock, const char *source, int64 source_id,
			  TimestampTz started)
{
	GuardContext context = {0};

	if (clock->problem != NULL || (clock->only_if != NULL && clock->only_if->in_c))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("clock \"%s\" cannot be started", clock->name),
				 errdetail("%s", clock->problem != NULL ? clock->problem :
						   "Its condition must be a guard in SQL."),
				 errhint("Look at column \"only_if\" of table aidcase.clock.")));
	if (clock->only_if == NULL)
		return true;
	context.subject = source;
	context.id = source_id;
	context.at = started;
	context.on = aidcase_date(started);
	return aidcase_call_guard(clock->only_if, &context) == NULL;
}

/*
 * Starts a clock for a row; one that runs already goes on.  What meets or
 * cancels it may be there already; not so for one that a fact starts.
 */
static void
start_clock(const WorkflowClock *clock, const char *subject, int64 id,
			int64 case_id, int64 unit_id, TimestampTz started, DateADT last_day)
{
	static KeptPlan length_plan = {
		"SELECT aidcase.parameter($1, u.unit_code, $2, NULL, $4)"
		" FROM aidcase.unit AS u WHERE u.unit_id OPERATOR(pg_catalog.=) $3",
	4, {TEXTOID, DATEOID, INT8OID, TEXTOID}, NULL};
	static KeptPlan insert_plan = {
		"INSERT INTO aidcase.deadline (subject, subject_id, case_id, unit_id,"
		" clock, started_at, length, due_at, provisional)"
		" SELECT $1, $2, $3, $4, $5, $6, $7, q.due_at, q.provisional"
		" FROM aidcase.due_at($8, $6, $7) AS q"
		" WHERE $9 IS NULL OR NOT EXISTS (SELECT FROM aidcase.deadline AS e"
		"  WHERE e.subject OPERATOR(pg_catalog.=) $1"
		"  AND e.subject_id OPERATOR(pg_catalog.=) $2"
		"  AND e.clock OPERATOR(pg_catalog.=) $5"
		"  AND ($9 OPERATOR(pg_catalog.=) '-infinity'"
		"   OR e.started_at OPERATOR(pg_catalog.=) $9))"
		" ON CONFLICT (subject, subject_id, clock)"
		" WHERE met_at IS NULL AND cancelled_at IS NULL DO NOTHING",
	9, {TEXTOID, INT8OID, INT8OID, INT8OID, TEXTOID, TIMESTAMPTZOID,
	NUMERICOID, TEXTOID, TIMESTAMPTZOID}, NULL};
	static KeptPlan hit_plan = {
		"SELECT h.hit_id, h.raised_at FROM aidcase.registry_hit AS h"
		" WHERE h.round_id OPERATOR(pg_catalog.=) $1 ORDER BY h.hit_id LIMIT 1",
	1, {INT8OID}, NULL};
	static KeptPlan fact_plan = {
		"SELECT f.at FROM ("
		" SELECT 'registry_check.requested_at'::pg_catalog.text,"
		"  pg_catalog.min(requested_at) FROM aidcase.registry_check"
		"  WHERE round_id OPERATOR(pg_catalog.=) $1"
		" UNION ALL SELECT 'registry_check.returned_at',"
		"  pg_catalog.min(returned_at) FROM aidcase.registry_check"
		"  WHERE round_id OPERATOR(pg_catalog.=) $1"
		" UNION ALL SELECT 'home_visit.visited_at',"
		"  pg_catalog.min(visited_at) FROM aidcase.home_visit"
		"  WHERE round_id OPERATOR(pg_catalog.=) $1 AND NOT void"
		" UNION ALL SELECT 'document_delivery.delivered_at',"
		"  pg_catalog.min(delivered_at) FROM aidcase.document_delivery"
		"  WHERE round_id OPERATOR(pg_catalog.=) $1"
		" UNION ALL SELECT 'aid_handover.handed_at',"
		"  pg_catalog.min(handed_at) FROM aidcase.aid_handover"
		"  WHERE round_id OPERATOR(pg_catalog.=) $1) AS f (fact, at)"
		" WHERE f.fact OPERATOR(pg_catalog.=) ANY ($2) AND f.at IS NOT NULL"
		" ORDER BY f.at LIMIT 1",
	2, {INT8OID, TEXTARRAYOID}, NULL};
	Datum		values[9];
	char		nulls[] = "         ";
	bool		isnull;

	if (clock->due_column != NULL)
		values[6] = DirectFunctionCall1(int4_numeric,
										Int32GetDatum(Max(0, last_day - aidcase_date(started))));
	else
	{
		values[0] = CStringGetTextDatum(clock->parameter);
		values[1] = DateADTGetDatum(aidcase_date(started));
		values[2] = Int64GetDatum(unit_id);
		values[3] = (Datum) 0;
		if (clock->variant != NULL)
			values[3] = CStringGetTextDatum(clock->variant);
		if (aidcase_run(&length_plan, values,
						clock->variant == NULL ? "   n" : NULL, 1) != 1)
			elog(ERROR, "unit " INT64_FORMAT " does not exist", unit_id);
		values[6] = SPI_getbinval(SPI_tuptable->vals[0],
								  SPI_tuptable->tupdesc, 1, &isnull);
		if (isnull)
			ereport(ERROR,
					(errcode(ERRCODE_PARAMETER_MISSING),
					 errmsg("parameter \"%s\" is missing", clock->parameter),
					 errdetail("It is the length of clock \"%s\".", clock->name)));
	}
	values[0] = CStringGetTextDatum(subject);
	values[1] = Int64GetDatum(id);
	values[2] = Int64GetDatum(case_id);
	values[3] = Int64GetDatum(unit_id);
	values[4] = CStringGetTextDatum(clock->name);
	values[5] = TimestampTzGetDatum(started);
	values[7] = CStringGetTextDatum(kind_name(clock->kind));

	/* once for a row, or once for all facts of that instant */
	values[8] = TimestampTzGetDatum(clock->from_acceptance ? DT_NOBEGIN : started);
	if (!clock->from_acceptance && clock->started_by.n == 0)
		nulls[8] = 'n';
	if (case_id == 0)
		nulls[2] = 'n';
	(void) aidcase_run(&insert_plan, values, nulls, 0);
	if (strcmp(subject, "case_round") != 0)
		return;

	values[0] = Int64GetDatum(id);
	if (clock->cancelled_by != NULL &&
		aidcase_run(&hit_plan, values, NULL, 1) == 1)
	{
		int64		hit_id;
		TimestampTz raised;
		ClockList	one = {1, &clock};

		hit_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
											 SPI_tuptable->tupdesc, 1,
											 &isnull));
		raised = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0],
												   SPI_tuptable->tupdesc, 2,
												   &isnull));
		cancel_running(subject, id, raised, &one,
					   psprintf("registry_hit " INT64_FORMAT, hit_id));
	}
	if (clock->met_by.n > 0 && clock->started_by.n == 0)
	{
		Datum	   *names = palloc(sizeof(Datum) * clock->met_by.n);
		ClockList	one = {1, &clock};
		int			i;

		for (i = 0; i < clock->met_by.n; i++)
			names[i] = CStringGetTextDatum(clock->met_by.names[i]);
		values[1] = PointerGetDatum(construct_array(names, clock->met_by.n,
													TEXTOID, -1, false,
													TYPALIGN_INT));
		if (aidcase_run(&fact_plan, values, NULL, 1) == 1)
			meet_by_fact(id, case_id, unit_id,
						 DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0],
														   SPI_tuptable->tupdesc,
														   1, &isnull)),
						 &one);
	}
}

/*
 * Trigger: AFTER INSERT OR UPDATE on a subject table, for each row.
 */
Datum
aidcase_run_clocks(PG_FUNCTION_ARGS)
{
	static KeptPlan pause_plan = {
		"UPDATE aidcase.deadline AS d SET paused_at = $1" RUNNING
		" AND d.paused_at IS NULL",
	4, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID}, NULL};
	static KeptPlan resume_plan = {
		"UPDATE aidcase.deadline AS d SET paused_at = NULL,"
		" paused_for = d.paused_for OPERATOR(pg_catalog.+)"
		"  ($1 OPERATOR(pg_catalog.-) d.paused_at),"
		" length = n.length, due_at = q.due_at, provisional = q.provisional"
		" FROM (SELECT d.deadline_id, d.started_at, c.kind,"
		"  d.length OPERATOR(pg_catalog.+)"
		"  aidcase.paused_units(c.kind, d.paused_at, $1) AS length"
		"  FROM aidcase.deadline AS d JOIN aidcase.clock AS c"
		"  ON c.clock OPERATOR(pg_catalog.=) d.clock" RUNNING
		"  AND d.paused_at IS NOT NULL) AS n,"
		" LATERAL aidcase.due_at(n.kind, n.started_at, n.length) AS q"
		" WHERE d.deadline_id OPERATOR(pg_catalog.=) n.deadline_id",
	4, {TIMESTAMPTZOID, TEXTOID, INT8OID, TEXTARRAYOID}, NULL};
	TriggerData *trigdata = aidcase_trigger(fcinfo, "run_clocks", false, true);
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	const SubjectColumns *columns = aidcase_subject_columns(rel);
	const char *subject = RelationGetRelationName(rel);
	const Workflow *workflow;
	const WorkflowTransition *move = NULL;
	const ClockList *starts;
	Row			old;
	Row			new;
	int64		id;
	TimestampTz at;
	int			i;

	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
	{
		aidcase_take_apart(&new, trigdata->tg_trigtuple, desc);
		workflow = aidcase_workflow(row_int64(&new, columns->workflow_id));
		starts = &workflow->starts;
		if (starts->n == 0)
			return PointerGetDatum(NULL);
	}
	else if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		char	   *from;
		char	   *to;

		aidcase_take_apart(&new, trigdata->tg_newtuple, desc);
		aidcase_take_apart(&old, trigdata->tg_trigtuple, desc);
		from = row_text(&old, columns->state);
		to = row_text(&new, columns->state);
		if (strcmp(from, to) == 0 ||
			row_int64(&old, columns->workflow_id) !=
			row_int64(&new, columns->workflow_id))
			return PointerGetDatum(NULL);
		workflow = aidcase_workflow(row_int64(&new, columns->workflow_id));
		move = aidcase_transition(workflow,
								  aidcase_workflow_state(workflow, from), to);
		if (move == NULL)
			return PointerGetDatum(NULL);	/* re-routed: who did it sees to
											 * the clocks */
		starts = &move->starts;
		if (starts->n + move->meets.n + move->pauses.n + move->resumes.n +
			move->cancels.n == 0)
			return PointerGetDatum(NULL);
	}
	else
		return PointerGetDatum(NULL);

	id = row_int64(&new, columns->key);
	at = DatumGetTimestampTz(new.values[columns->occurred_at - 1]);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (move != NULL)
	{
		meet_running(subject, id, row_int64(&new, columns->case_id), at,
					 &move->meets);
		cancel_running(subject, id, at, &move->cancels, move->action);
		touch_clocks(&resume_plan, subject, id, at, &move->resumes, NULL);
		touch_clocks(&pause_plan, subject, id, at, &move->pauses, NULL);
	}
	for (i = 0; i < starts->n; i++)
	{
		const WorkflowClock *clock = starts->clocks[i];
		TimestampTz started = at;
		DateADT		last_day = 0;

		if (clock->from_first_contact && columns->first_contact_at != 0 &&
			!new.nulls[columns->first_contact_at - 1])
			started = DatumGetTimestampTz(new.values[columns->first_contact_at - 1]);
		if (clock->from_acceptance)
		{
			AttrNumber	attnum = aidcase_attnum(desc, "accepted_on");

			if (attnum == 0 || new.nulls[attnum - 1])
				continue;
			started = aidcase_midnight(DatumGetDateADT(new.values[attnum - 1]));
		}
		if (!condition_met(clock, subject, id, started))
			continue;
		if (clock->due_column != NULL)
		{
			AttrNumber	attnum = aidcase_attnum(desc, clock->due_column);

			if (attnum == 0 ||
				TupleDescAttr(desc, attnum - 1)->atttypid != DATEOID)
				ereport(ERROR,
						(errcode(ERRCODE_UNDEFINED_COLUMN),
						 errmsg("table \"%s\" has no column \"%s\" of type %s",
								subject, clock->due_column, "date"),
						 errdetail("Clock \"%s\" runs until that day.",
								   clock->name)));
			if (new.nulls[attnum - 1])
				continue;		/* nothing was agreed */
			last_day = DatumGetDateADT(new.values[attnum - 1]);
		}
		start_clock(clock, subject, id, row_int64(&new, columns->case_id),
					row_int64(&new, columns->unit_id), started, last_day);
	}
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return PointerGetDatum(NULL);
}

/*
 * When a fact happened that this write says for the first time; number is
 * that of its time column, ntimes that of a date alone.
 */
static bool
fact_time(const FactColumns *columns, TupleDesc desc, const Row *old,
		  const Row *new, int number, TimestampTz *at, const char **column)
{
	AttrNumber	attnum = number < columns->ntimes ? columns->times[number] :
		columns->happened_on;

	if (attnum == 0 || new->nulls[attnum - 1] ||
		(old != NULL && !old->nulls[attnum - 1]))
		return false;
	*column = NameStr(TupleDescAttr(desc, attnum - 1)->attname);
	*at = number < columns->ntimes ?
		DatumGetTimestampTz(new->values[attnum - 1]) :
		aidcase_midnight(DatumGetDateADT(new->values[attnum - 1]));
	return true;
}

/*
 * Trigger: AFTER INSERT OR UPDATE on a table of facts of rounds, for each
 * row.  A new row cancels the clocks that its table cancels, with the row as
 * the reason; a time that is set for the first time starts or meets the
 * clocks that it starts or meets.
 */
Datum
aidcase_fact_clocks(PG_FUNCTION_ARGS)
{
	static KeptPlan unit_plan = {
		"SELECT r.unit_id FROM aidcase.case_round AS r"
		" WHERE r.round_id OPERATOR(pg_catalog.=) $1",
	1, {INT8OID}, NULL};
	TriggerData *trigdata = aidcase_trigger(fcinfo, "fact_clocks",
											false, true);
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	const char *table = RelationGetRelationName(rel);
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event);
	const FactColumns *columns = aidcase_fact_columns(rel);
	ClockList	cancels = {0, NULL};
	ClockList	meets[FACT_MAX_TIMES + 1];
	ClockList	starts[FACT_MAX_TIMES + 1];
	TimestampTz times[FACT_MAX_TIMES + 1];
	Row			old;
	Row			new;
	Datum		values[1];
	bool		isnull;
	int64		round_id;
	int64		case_id;
	int64		unit_id;
	int64		key = 0;
	bool		anything;
	int			i;
	int			j;

	if (is_update)
		aidcase_take_apart(&old, trigdata->tg_trigtuple, desc);
	else if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(NULL);
	else
		cancels = aidcase_clocks_cancelled_by(table);
	aidcase_take_apart(&new, is_update ? trigdata->tg_newtuple :
					   trigdata->tg_trigtuple, desc);
	anything = cancels.n > 0;
	for (i = 0; i <= columns->ntimes; i++)
	{
		const char *column;
		char	   *fact;

		meets[i].n = starts[i].n = 0;
		if (!fact_time(columns, desc, is_update ? &old : NULL, &new, i,
					   &times[i], &column))
			continue;
		fact = psprintf("%s.%s", table, column);
		meets[i] = aidcase_clocks_met_by(fact);
		starts[i] = aidcase_clocks_started_by(fact);
		anything |= meets[i].n + starts[i].n > 0;
	}
	if (!anything)
		return PointerGetDatum(NULL);

	round_id = row_int64(&new, columns->round_id);
	case_id = row_int64(&new, columns->case_id);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	values[0] = Int64GetDatum(round_id);
	if (aidcase_run(&unit_plan, values, NULL, 1) != 1)
		elog(ERROR, "round " INT64_FORMAT " does not exist", round_id);
	unit_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, &isnull));
	{
		Bitmapset  *primary = RelationGetIndexAttrBitmap(rel,
														 INDEX_ATTR_BITMAP_PRIMARY_KEY);

		if (bms_membership(primary) != BMS_SINGLETON)
			elog(ERROR, "table \"%s\" has no simple primary key", table);
		key = row_int64(&new, bms_singleton_member(primary) +
						FirstLowInvalidHeapAttributeNumber);
	}
	if (cancels.n > 0)
		cancel_running("case_round", round_id,
					   columns->ntimes > 0 && !new.nulls[columns->times[0] - 1] ?
					   DatumGetTimestampTz(new.values[columns->times[0] - 1]) :
					   aidcase_now(),
					   &cancels, psprintf("%s " INT64_FORMAT, table, key));
	for (i = 0; i <= columns->ntimes; i++)
	{
		for (j = 0; j < starts[i].n; j++)
			if (condition_met(starts[i].clocks[j], table, key, times[i]))
				start_clock(starts[i].clocks[j], "case_round", round_id,
							case_id, unit_id, times[i], 0);
		meet_by_fact(round_id, case_id, unit_id, times[i], &meets[i]);
	}
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return PointerGetDatum(NULL);
}
