/*-------------------------------------------------------------------------
 *
 * workflow_limits.c
 *		Conditions about what the district may ask of a unit, what a unit may
 *		ask of a household, and what ends a benefit.
 *
 * Guards as in workflow_guards.c: a condition, a query, one sentence.  What
 * the delegation abolished (a co-signature of the district, an amount above
 * which it decides, its visit before the decision) is asked for only while a
 * dated parameter with a document says so; without the parameter the guard is
 * met.  View district_approval_reintroduced lists the parameters that are on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "aidcase.h"
#include "compat.h"
#include "workflow.h"

PG_FUNCTION_INFO_V1(aidcase_guard_papers_lawful);
PG_FUNCTION_INFO_V1(aidcase_guard_below_district_limit);
PG_FUNCTION_INFO_V1(aidcase_guard_cosigned);
PG_FUNCTION_INFO_V1(aidcase_guard_bureau_visited);
PG_FUNCTION_INFO_V1(aidcase_guard_announcement_made);
PG_FUNCTION_INFO_V1(aidcase_guard_announcement_over);
PG_FUNCTION_INFO_V1(aidcase_guard_announcement_not_due);
PG_FUNCTION_INFO_V1(aidcase_guard_result_unchanged);
PG_FUNCTION_INFO_V1(aidcase_guard_change_grounded);
PG_FUNCTION_INFO_V1(aidcase_guard_handler_differs);
PG_FUNCTION_INFO_V1(aidcase_guard_decision_delivered);
PG_FUNCTION_INFO_V1(aidcase_guard_objection_settled);
PG_FUNCTION_INFO_V1(aidcase_guard_reinvestigated);

/* a switch of a unit on a date: on, off, or not set */
#define SWITCHED_ON(name, unit, on) \
	"COALESCE((SELECT s.value OPERATOR(pg_catalog.<>) 0" \
	" FROM aidcase.unit AS u CROSS JOIN LATERAL" \
	" aidcase.parameter_row('" name "', u.unit_code, " on ") AS s" \
	" WHERE u.unit_id OPERATOR(pg_catalog.=) " unit "), false)"

/*
 * Runs a query of (row $1, case $2, unit $3, date $4, instant $5) that
 * returns true when the condition is met.
 */
static bool
holds(KeptPlan *plan, const GuardContext *context)
{
	Datum		values[5];

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->case_id);
	values[2] = Int64GetDatum(context->unit_id);
	values[3] = DateADTGetDatum(context->on);
	values[4] = TimestampTzGetDatum(context->at);
	return aidcase_run(plan, values, NULL, 1) == 1 && result_bool(1);
}

#define CONDITION(query) \
	{query, 5, {INT8OID, INT8OID, INT8OID, DATEOID, TIMESTAMPTZOID}, NULL}

/*
 * No paper was asked for that may not be asked for, because a register that
 * the district can query has the data.
 */
Datum
aidcase_guard_papers_lawful(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = {
		"SELECT pg_catalog.string_agg(DISTINCT q.paper, ', ')"
		" FROM aidcase.paper_request AS q"
		" JOIN aidcase.unit AS u ON u.unit_id OPERATOR(pg_catalog.=) $2"
		" JOIN aidcase.forbidden_paper AS f"
		"  ON f.paper OPERATOR(pg_catalog.=) q.paper"
		"  AND f.valid OPERATOR(pg_catalog.@>) q.asked_on"
		"  AND (f.area_code OPERATOR(pg_catalog.=) '0' OR pg_catalog.starts_with("
		"   u.unit_code, pg_catalog.regexp_replace(f.area_code, '(00)+$', '')))"
		" WHERE q.round_id OPERATOR(pg_catalog.=) $1 AND NOT q.void",
	2, {INT8OID, INT8OID}, NULL};
	const GuardContext *context = CONTEXT();
	Datum		values[2];
	char	   *papers;

	values[0] = Int64GetDatum(context->id);
	values[1] = Int64GetDatum(context->unit_id);
	(void) aidcase_run(&plan, values, NULL, 1);
	papers = result_text(1);
	if (papers == NULL)
		PG_RETURN_NULL();
	RETURN_SENTENCE(psprintf("Papers were asked for that a register can tell: %s.",
							 papers));
}

/*
 * Nothing is granted above the amount from which on the district decides.
 */
Datum
aidcase_guard_below_district_limit(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT NOT EXISTS (SELECT FROM aidcase.assistance_opinion AS o"
		" JOIN aidcase.unit AS u ON u.unit_id OPERATOR(pg_catalog.=) $3"
		" CROSS JOIN LATERAL aidcase.parameter_row('district_decides_above',"
		"  u.unit_code, $4, o.programme) AS l"
		" WHERE o.round_id OPERATOR(pg_catalog.=) $1 AND NOT o.void"
		" AND o.outcome OPERATOR(pg_catalog.=) 'granted'"
		" AND o.amount OPERATOR(pg_catalog.>)"
		"  (l.value OPERATOR(pg_catalog./) l.divisor))");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The amount is one that the district decides.");
}

/*
 * The district has co-signed what is decided, where that is switched on.
 */
Datum
aidcase_guard_cosigned(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT NOT " SWITCHED_ON("district_cosign", "$3", "$4")
		" OR EXISTS (SELECT FROM aidcase.co_signature AS c"
		"  WHERE c.round_id OPERATOR(pg_catalog.=) $1 AND NOT c.void"
		"  AND c.cosigned_at OPERATOR(pg_catalog.<=) $5"
		"  AND EXISTS (SELECT FROM aidcase.staff_post AS h"
		"   WHERE h.staff_id OPERATOR(pg_catalog.=) c.cosigned_by"
		"   AND h.post OPERATOR(pg_catalog.=) 'bureau_leader'"
		"   AND h.valid OPERATOR(pg_catalog.@>)"
		"    aidcase.date_here(c.cosigned_at))"
		"  AND c.entry_no OPERATOR(pg_catalog.>) COALESCE(("
		"   SELECT pg_catalog.max(o.entry_no)"
		"   FROM aidcase.assistance_opinion AS o"
		"   WHERE o.round_id OPERATOR(pg_catalog.=) $1), 0))");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The district has not co-signed the opinion.");
}

/*
 * The bureau has visited a household with a filed relative, a flag or a
 * complaint before the decision, where that is switched on.
 */
Datum
aidcase_guard_bureau_visited(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT NOT " SWITCHED_ON("bureau_visit_before_decision", "$3", "$4")
		" OR NOT (EXISTS (SELECT FROM aidcase.conflict_flag AS f"
		"  WHERE f.case_id OPERATOR(pg_catalog.=) $2"
		"  AND f.certain AND f.state OPERATOR(pg_catalog.<>) 'void')"
		" OR EXISTS (SELECT FROM aidcase.objection AS o"
		"  WHERE o.case_id OPERATOR(pg_catalog.=) $2))"
		" OR EXISTS (SELECT FROM aidcase.home_visit AS v"
		"  JOIN aidcase.staff_post AS h"
		"   ON (h.staff_id OPERATOR(pg_catalog.=) v.visitor_id"
		"    OR h.staff_id OPERATOR(pg_catalog.=) v.second_visitor_id)"
		"   AND h.valid OPERATOR(pg_catalog.@>) aidcase.date_here(v.visited_at)"
		"  JOIN aidcase.post AS p ON p.post OPERATOR(pg_catalog.=) h.post"
		"   AND p.level OPERATOR(pg_catalog.=) 'district'"
		"  WHERE v.round_id OPERATOR(pg_catalog.=) $1 AND NOT v.void"
		"  AND v.outcome OPERATOR(pg_catalog.=) 'seen'"
		"  AND v.visited_at OPERATOR(pg_catalog.<=) $5)");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The bureau has not visited this household, which is filed or complained of.");
}

/*
 * The opinion was announced before the decision.
 */
Datum
aidcase_guard_announcement_made(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT EXISTS (SELECT FROM aidcase.publication_item AS i"
		" JOIN aidcase.publication AS p"
		"  ON p.publication_id OPERATOR(pg_catalog.=) i.publication_id"
		" WHERE i.round_id OPERATOR(pg_catalog.=) $1"
		" AND p.kind OPERATOR(pg_catalog.=) 'opinion')");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The opinion has not been announced.");
}

/*
 * Its days are over.
 */
Datum
aidcase_guard_announcement_over(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT EXISTS (SELECT FROM aidcase.publication_item AS i"
		" JOIN aidcase.publication AS p"
		"  ON p.publication_id OPERATOR(pg_catalog.=) i.publication_id"
		" WHERE i.round_id OPERATOR(pg_catalog.=) $1"
		" AND p.kind OPERATOR(pg_catalog.=) 'opinion'"
		" AND p.until OPERATOR(pg_catalog.<) $4)");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The days of the announcement are not over.");
}

/*
 * No announcement is due before the decision.
 */
Datum
aidcase_guard_announcement_not_due(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT NOT " SWITCHED_ON("publicity_before_decision", "$3", "$4"));

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The opinion must be announced before the decision.");
}

/*
 * The latest determinations say what is granted now: the same programmes,
 * amounts and numbers of persons.
 */
Datum
aidcase_guard_result_unchanged(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT EXISTS (SELECT FROM aidcase.determination AS e"
		"  WHERE e.round_id OPERATOR(pg_catalog.=) $1)"
		" AND NOT EXISTS (SELECT FROM (SELECT DISTINCT ON (q.programme) q.*"
		"  FROM aidcase.determination AS q"
		"  WHERE q.round_id OPERATOR(pg_catalog.=) $1"
		"  ORDER BY q.programme, q.entry_no DESC) AS d"
		" JOIN aidcase.award AS a ON a.case_id OPERATOR(pg_catalog.=) $2"
		"  AND a.programme OPERATOR(pg_catalog.=) d.programme"
		"  AND pg_catalog.upper_inf(a.months)"
		" WHERE NOT d.eligible OR a.amount OPERATOR(pg_catalog.<>) d.amount"
		"  OR a.persons OPERATOR(pg_catalog.<>) d.members)"
		" AND EXISTS (SELECT FROM aidcase.award AS w"
		"  WHERE w.case_id OPERATOR(pg_catalog.=) $2"
		"  AND pg_catalog.upper_inf(w.months))");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The determination differs from what is granted now.");
}

/*
 * What ends, is held or goes on is named with its reason, and runs (or is
 * held, when it is to go on); a gradual exit has its months.
 */
Datum
aidcase_guard_change_grounded(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT EXISTS (SELECT FROM aidcase.benefit_change AS b"
		"  WHERE b.round_id OPERATOR(pg_catalog.=) $1 AND NOT b.void)"
		" AND NOT EXISTS (SELECT FROM aidcase.benefit_change AS b"
		"  JOIN aidcase.case_round AS r USING (round_id)"
		"  JOIN aidcase.unit AS u ON u.unit_id OPERATOR(pg_catalog.=) $3"
		"  LEFT JOIN LATERAL aidcase.parameter_row('gradual_exit_months',"
		"   u.unit_code, $4, b.programme) AS l ON true"
		"  WHERE b.round_id OPERATOR(pg_catalog.=) $1 AND NOT b.void"
		"  AND (NOT EXISTS (SELECT FROM aidcase.award AS a"
		"    WHERE a.case_id OPERATOR(pg_catalog.=) $2"
		"    AND a.programme OPERATOR(pg_catalog.=) b.programme"
		"    AND pg_catalog.upper_inf(a.months))"
		"   OR (r.round_kind OPERATOR(pg_catalog.=) 'resumption')"
		"    OPERATOR(pg_catalog.<>) EXISTS ("
		"    SELECT FROM aidcase.payment_hold AS h"
		"    WHERE h.case_id OPERATOR(pg_catalog.=) $2"
		"    AND h.programme OPERATOR(pg_catalog.=) b.programme"
		"    AND h.kind OPERATOR(pg_catalog.=) 'suspension'"
		"    AND pg_catalog.upper_inf(h.months))"
		"    AND r.round_kind OPERATOR(pg_catalog.=) ANY"
		"     (ARRAY['suspension', 'resumption'])"
		"   OR (r.round_kind OPERATOR(pg_catalog.=) 'gradual_exit')"
		"    OPERATOR(pg_catalog.<>) (b.months IS NOT NULL)"
		"   OR b.months OPERATOR(pg_catalog.>)"
		"    (l.value OPERATOR(pg_catalog./) l.divisor)))");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("What changes is not named, does not run, or has no lawful length.");
}

/*
 * Who decides does not handle the round.
 */
Datum
aidcase_guard_handler_differs(PG_FUNCTION_ARGS)
{
	const GuardContext *context = CONTEXT();
	bool		isnull;
	Datum		handler = row_value(context, "handler_id", &isnull);

	if (isnull || DatumGetInt64(handler) != context->staff_id)
		PG_RETURN_NULL();
	RETURN_SENTENCE("Who handles the round does not decide it.");
}

/*
 * The decision was delivered, since it was made.
 */
Datum
aidcase_guard_decision_delivered(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT EXISTS (SELECT FROM aidcase.document_delivery AS d"
		" JOIN aidcase.case_round AS r"
		"  ON r.round_id OPERATOR(pg_catalog.=) d.round_id"
		" WHERE d.round_id OPERATOR(pg_catalog.=) $1"
		" AND d.kind OPERATOR(pg_catalog.=) 'decision'"
		" AND aidcase.date_here(d.delivered_at) OPERATOR(pg_catalog.>=) r.decided_on"
		" AND d.delivered_at OPERATOR(pg_catalog.<=) $5)");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The decision has not been delivered.");
}

/*
 * No objection to the publication waits for its answer.
 */
Datum
aidcase_guard_objection_settled(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT NOT EXISTS (SELECT FROM aidcase.objection AS o"
		" JOIN aidcase.workflow_state AS s"
		"  ON s.workflow_id OPERATOR(pg_catalog.=) o.workflow_id"
		"  AND s.state OPERATOR(pg_catalog.=) o.state"
		" WHERE o.round_id OPERATOR(pg_catalog.=) $1"
		" AND s.kind OPERATOR(pg_catalog.<>) 'final')");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("An objection to the publication is not answered yet.");
}

/*
 * The re-investigation that an objection opened is decided.
 */
Datum
aidcase_guard_reinvestigated(PG_FUNCTION_ARGS)
{
	static KeptPlan plan = CONDITION(
		"SELECT EXISTS (SELECT FROM aidcase.objection AS o"
		" JOIN aidcase.case_round AS r"
		"  ON r.round_id OPERATOR(pg_catalog.=) o.review_round_id"
		" JOIN aidcase.workflow_state AS s"
		"  ON s.workflow_id OPERATOR(pg_catalog.=) r.workflow_id"
		"  AND s.state OPERATOR(pg_catalog.=) r.state"
		" WHERE o.objection_id OPERATOR(pg_catalog.=) $1 AND s.frozen"
		" AND r.state OPERATOR(pg_catalog.<>) 'withdrawn')");

	if (holds(&plan, CONTEXT()))
		PG_RETURN_NULL();
	RETURN_SENTENCE("The re-investigation of the objection is not decided.");
}
