/*-------------------------------------------------------------------------
 *
 * means_assess.c
 *		assess(): the means test of any rounds as rows, writing nothing.
 *
 * One row per round and programme, in order of rounds.  Rows are returned as
 * they are computed; memory is that of the largest household and of the rules
 * in force, whatever the number of rounds, besides the array of their keys.
 * Parallel workers may each serve a part of the rounds.
 *
 * A rule that is missing is an error that names all that is missing for all
 * rounds; from the first one on no more rows are returned and the rest is
 * only searched for what else is missing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "aidcase.h"
#include "compat.h"
#include "means.h"

PG_FUNCTION_INFO_V1(aidcase_assess);
PG_FUNCTION_INFO_V1(aidcase_member_standing);

/* Columns of the result, in order; sql/extension/60_means_test.sql. */
enum
{
	A_ROUND_ID, A_CASE_ID, A_PROGRAMME, A_RULE_DATE, A_BENEFIT_MONTH, A_MEMBERS,
	A_ANNUAL_INCOME, A_STANDARD, A_ELIGIBLE, A_CLASS, A_BASE, A_ADDON, A_CARE,
	A_AMOUNT, A_POTENTIAL_ADDON, A_MINIMUM, A_MAXIMUM, A_ROUNDING, A_REASONS,
	A_ILLUSTRATIVE, A_PERSONS, A_VILLAGE_ID, A_RESIDENCE, A_LINES, A_COLUMNS
};

enum
{
	L_LINE_NO, L_STEP, L_MEMBER_ID, L_RULE, L_ARTICLE, L_DOCUMENT_ID, L_INPUT,
	L_BOUND, L_BASIS, L_AMOUNT, L_RUNNING_TOTAL, L_ILLUSTRATIVE, L_COLUMNS
};

/* At most so many missing rules are named. */
#define MAX_MISSING		1000

typedef struct Assessment
{
	int64	   *rounds;			/* ascending, each once */
	int			n;
	int			next;
	RuleBook   *book;
	FactReader *reader;
	MeansFacts	facts;
	MeansResult result;
	int			programme;		/* next one to return of the present round */
	bool		asked[MEANS_PROGRAMMES];
	List	   *missing;
	MemoryContext context;		/* of the call */
	MemoryContext per_round;
	TupleDesc	desc;
	TupleDesc	line_desc;
	Oid			line_type;
	bool		have_round;
	ExprContext *econtext;		/* whose end is ours too; may be NULL */
} Assessment;

static int
compare_ids(const void *left, const void *right)
{
	int64		a = *(const int64 *) left;
	int64		b = *(const int64 *) right;

	return (a > b) - (a < b);
}

static int
compare_sentences(const ListCell *left, const ListCell *right)
{
	return strcmp((char *) lfirst(left), (char *) lfirst(right));
}

/*
 * The executor ends the query before the last row.
 */
static void
shut_down(Datum arg)
{
	Assessment *a = (Assessment *) DatumGetPointer(arg);

	if (a->reader != NULL)
		aidcase_close_facts(a->reader);
	a->reader = NULL;
}

/*
 * Reads the arguments and opens everything.
 */
static Assessment *
begin_assessment(FunctionCallInfo fcinfo)
{
	Assessment *a = (Assessment *) palloc0(sizeof(Assessment));
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ArrayType  *array;
	Datum	   *elements;
	bool	   *nulls;
	DateADT		on_date;
	DateADT		month = 0;
	int			n;
	int			i;
	int			p;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("rounds and date of a determination must be given"),
				 errhint("Give an array of rounds and the day as of which they are determined.")));
	on_date = PG_GETARG_DATEADT(1);
	if (!PG_ARGISNULL(3))
		month = PG_GETARG_DATEADT(3);
	{
		int			y = 0;
		int			m = 0;
		int			d = 0;

		if (!DATE_NOT_FINITE(month))
			j2date(month + POSTGRES_EPOCH_JDATE, &y, &m, &d);
		if (DATE_NOT_FINITE(on_date) || (!PG_ARGISNULL(3) && d != 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the dates of a determination are not usable"),
					 errdetail("The day must be finite, and a month of benefit is given by its first day."),
					 errhint("For July 2021 give 2021-07-01.")));
	}

	a->context = CurrentMemoryContext;
	a->per_round = AllocSetContextCreate(CurrentMemoryContext,
										 "aidcase means test of a round",
										 ALLOCSET_DEFAULT_SIZES);
	if (get_call_result_type(fcinfo, NULL, &a->desc) != TYPEFUNC_COMPOSITE ||
		a->desc->natts != A_COLUMNS)
		elog(ERROR, "assess must return its columns");
	a->desc = BlessTupleDesc(CreateTupleDescCopy(a->desc));
	a->result.want_lines = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
	if (a->result.want_lines)
	{
		a->line_type = get_element_type(TupleDescAttr(a->desc, A_LINES)->atttypid);
		a->line_desc = BlessTupleDesc(lookup_rowtype_tupdesc_copy(a->line_type, -1));
		if (a->line_desc->natts != L_COLUMNS)
			elog(ERROR, "type assessment_line has other columns");
	}

	for (p = 0; p < MEANS_PROGRAMMES; p++)
		a->asked[p] = PG_ARGISNULL(5);
	if (!PG_ARGISNULL(5))
	{
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(5), TEXTOID, -1, false,
						  TYPALIGN_INT, &elements, &nulls, &n);
		for (i = 0; i < n; i++)
		{
			char	   *name = nulls[i] ? "NULL" : TextDatumGetCString(elements[i]);

			for (p = 0; p < MEANS_PROGRAMMES; p++)
			{
				if (strcmp(name, means_programmes[p]) == 0)
					break;
			}
			if (p == MEANS_PROGRAMMES)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("programme \"%s\" is not one that can be determined", name),
						 errhint("Use dibao, tekun, temp_assistance, low_income or rigid_expense.")));
			a->asked[p] = true;
		}
	}

	array = PG_GETARG_ARRAYTYPE_P(0);
	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, &nulls, &n);
	a->rounds = (int64 *) MemoryContextAllocHuge(CurrentMemoryContext,
												 (n + 1) * sizeof(int64));
	for (i = 0; i < n; i++)
	{
		if (!nulls[i])
			a->rounds[a->n++] = DatumGetInt64(elements[i]);
	}
	pfree(elements);
	pfree(nulls);
	for (i = 1; i < a->n; i++)
	{
		if (a->rounds[i] <= a->rounds[i - 1])
		{
			qsort(a->rounds, a->n, sizeof(int64), compare_ids);
			break;
		}
	}
	if (i < a->n)
	{
		for (i = 1, n = 1; i < a->n; i++)
		{
			if (a->rounds[i] != a->rounds[n - 1])
				a->rounds[n++] = a->rounds[i];
		}
		a->n = n;
	}

	a->book = aidcase_rule_book(on_date, !PG_ARGISNULL(3), month,
								PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P_COPY(2));
	a->reader = aidcase_open_facts(a->book, on_date);
	if (rsinfo != NULL)
		a->econtext = rsinfo->econtext;
	if (a->econtext != NULL)
		RegisterExprContextCallback(a->econtext, shut_down, PointerGetDatum(a));
	return a;
}

/*
 * Computes the next round; false after the last one.
 */
static bool
next_round(Assessment *a)
{
	MemoryContext caller;
	ListCell   *cell;

	while (a->next < a->n)
	{
		const RuleSet *rules;

		CHECK_FOR_INTERRUPTS();
		/* the lists of facts are kept, so they belong to the call */
		caller = MemoryContextSwitchTo(a->context);
		if (!aidcase_read_facts(a->reader, a->rounds[a->next++], &a->facts))
		{
			MemoryContextSwitchTo(caller);
			continue;
		}
		rules = aidcase_rule_set(a->book, a->facts.area, a->facts.rural,
								 a->facts.rule_date);
		MemoryContextReset(a->per_round);
		MemoryContextSwitchTo(a->per_round);
		a->result.missing = NIL;
		a->result.lines = NULL;
		a->result.room_lines = 0;
		aidcase_means_compute(&a->facts, rules, aidcase_income_kinds(a->book),
							  aidcase_expense_kinds(a->book), &a->result);
		MemoryContextSwitchTo(a->context);
		foreach(cell, a->result.missing)
		{
			ListCell   *known;
			bool		there = false;

			foreach(known, a->missing)
				there = there || strcmp((char *) lfirst(known), (char *) lfirst(cell)) == 0;
			if (!there && list_length(a->missing) < MAX_MISSING)
				a->missing = lappend(a->missing, pstrdup((char *) lfirst(cell)));
		}
		MemoryContextSwitchTo(caller);
		if (a->missing == NIL)
			return true;
	}
	return false;
}

/*
 * Raises what is missing.
 */
static void
refuse_missing(List *missing)
{
	StringInfoData detail;
	ListCell   *cell;

	list_sort(missing, compare_sentences);
	initStringInfo(&detail);
	foreach(cell, missing)
		appendStringInfo(&detail, "%s%s", detail.len > 0 ? "\n" : "", (char *) lfirst(cell));
	ereport(ERROR,
			(errcode(ERRCODE_PARAMETER_MISSING),
			 errmsg("parameters or rules of the determination are not set"),
			 errdetail_internal("%s", detail.data),
			 errhint("Set parameters with aidcase.set_parameter(), other rules in their tables; a rule pack holds many of them.")));
}

static inline Datum
trimmed(Money amount)
{
	return DirectFunctionCall1(numeric_trim_scale,
							   NumericGetDatum(aidcase_scaled_to_numeric(amount,
																		 MONEY_DECIMALS_KEPT)));
}

static inline Datum
yuan(int64 fen)
{
	return NumericGetDatum(int64_div_fast_to_numeric(fen, 2));
}

/*
 * The lines of a programme as an array.
 */
static Datum
lines_of(Assessment *a, MeansProgramme p)
{
	const MeansResult *result = &a->result;
	Datum	   *elements = (Datum *) palloc((result->n_lines + 1) * sizeof(Datum));
	Money		total[2] = {0, 0};	/* year, month */
	int			n = 0;
	int			i;

	for (i = 0; i < result->n_lines; i++)
	{
		const MeansLine *l = &result->lines[i];
		const char *article = l->article;
		bool		is_result = strcmp(l->step, "result") == 0;
		Datum		values[L_COLUMNS];
		bool		nulls[L_COLUMNS];

		if (l->programme != p)
			continue;
		if (is_result && result->outcomes[p].n_reasons > 0)
			article = aidcase_reason_article(a->book, l->rule);
		memset(nulls, 0, sizeof(nulls));
		values[L_LINE_NO] = Int32GetDatum(n + 1);
		values[L_STEP] = CStringGetTextDatum(l->step);
		values[L_MEMBER_ID] = Int64GetDatum(l->member_id);
		nulls[L_MEMBER_ID] = l->member_id == 0;
		values[L_RULE] = CStringGetTextDatum(l->rule);
		nulls[L_ARTICLE] = article == NULL;
		values[L_ARTICLE] = article == NULL ? (Datum) 0 : CStringGetTextDatum(article);
		values[L_DOCUMENT_ID] = Int64GetDatum(l->document_id);
		nulls[L_DOCUMENT_ID] = l->document_id == 0;
		nulls[L_INPUT] = !l->has_input;
		values[L_INPUT] = l->has_input ? trimmed(l->input) : (Datum) 0;
		nulls[L_BOUND] = !l->has_bound;
		values[L_BOUND] = l->has_bound ? trimmed(l->bound) : (Datum) 0;
		nulls[L_BASIS] = l->basis == 0;
		values[L_BASIS] = l->basis == 0 ? (Datum) 0 :
			CStringGetTextDatum(l->basis == 'y' ? "year" : "month");
		nulls[L_AMOUNT] = !l->has_amount;
		values[L_AMOUNT] = l->has_amount ? trimmed(l->amount) : (Datum) 0;
		if (l->has_amount)
			total[l->basis == 'm'] += l->amount;
		nulls[L_RUNNING_TOTAL] = !l->has_amount && !is_result;
		values[L_RUNNING_TOTAL] = nulls[L_RUNNING_TOTAL] ? (Datum) 0 :
			trimmed(total[l->basis == 'm']);
		values[L_ILLUSTRATIVE] = BoolGetDatum(l->illustrative);
		elements[n++] = HeapTupleGetDatum(heap_form_tuple(a->line_desc, values, nulls));
	}
	return PointerGetDatum(construct_array(elements, n, a->line_type, -1, false,
										   TYPALIGN_DOUBLE));
}

/*
 * The row of one programme of the present round.
 */
static Datum
row_of(Assessment *a, MeansProgramme p)
{
	const MeansOutcome *o = &a->result.outcomes[p];
	Datum		values[A_COLUMNS];
	bool		nulls[A_COLUMNS];
	Datum		reasons[MAX_REASONS];
	int			i;

	memset(nulls, 0, sizeof(nulls));
	values[A_ROUND_ID] = Int64GetDatum(a->facts.round_id);
	values[A_CASE_ID] = Int64GetDatum(a->facts.case_id);
	values[A_PROGRAMME] = CStringGetTextDatum(means_programmes[p]);
	values[A_RULE_DATE] = DateADTGetDatum(a->facts.rule_date);
	values[A_BENEFIT_MONTH] = DateADTGetDatum(o->benefit_month);
	values[A_MEMBERS] = Int32GetDatum(o->members);
	nulls[A_ANNUAL_INCOME] = !o->has_income;
	values[A_ANNUAL_INCOME] = o->has_income ?
		NumericGetDatum(aidcase_scaled_to_numeric(o->annual, MONEY_DECIMALS_KEPT)) : (Datum) 0;
	nulls[A_STANDARD] = !o->has_standard;
	values[A_STANDARD] = o->has_standard ? trimmed(o->standard) : (Datum) 0;
	values[A_ELIGIBLE] = BoolGetDatum(o->eligible);
	nulls[A_CLASS] = a->result.class == NULL;
	values[A_CLASS] = a->result.class == NULL ? (Datum) 0 :
		CStringGetTextDatum(a->result.class);
	values[A_BASE] = yuan(o->base_fen);
	values[A_ADDON] = yuan(o->addon_fen);
	values[A_CARE] = yuan(o->care_fen);
	values[A_AMOUNT] = yuan(o->base_fen + o->addon_fen + o->care_fen);
	values[A_POTENTIAL_ADDON] = yuan(o->potential_addon_fen);
	nulls[A_MINIMUM] = nulls[A_MAXIMUM] = !o->has_range;
	values[A_MINIMUM] = o->has_range ? yuan(o->minimum_fen) : (Datum) 0;
	values[A_MAXIMUM] = o->has_range ? yuan(o->maximum_fen) : (Datum) 0;
	nulls[A_ROUNDING] = o->rounding == NULL;
	values[A_ROUNDING] = o->rounding == NULL ? (Datum) 0 :
		CStringGetTextDatum(o->rounding);
	for (i = 0; i < o->n_reasons; i++)
		reasons[i] = CStringGetTextDatum(o->reasons[i]);
	values[A_REASONS] = PointerGetDatum(construct_array(reasons, o->n_reasons,
														TEXTOID, -1, false,
														TYPALIGN_INT));
	values[A_ILLUSTRATIVE] = BoolGetDatum(o->illustrative);
	nulls[A_PERSONS] = o->n_persons == 0;
	if (o->n_persons > 0)
	{
		Datum	   *persons = (Datum *) palloc(o->n_persons * sizeof(Datum));

		for (i = 0; i < o->n_persons; i++)
			persons[i] = Int64GetDatum(o->persons[i]);
		values[A_PERSONS] = PointerGetDatum(construct_array(persons, o->n_persons,
															INT8OID, sizeof(int64),
															FLOAT8PASSBYVAL,
															TYPALIGN_DOUBLE));
	}
	else
		values[A_PERSONS] = (Datum) 0;
	values[A_VILLAGE_ID] = Int64GetDatum(a->facts.village_id);
	values[A_RESIDENCE] = CStringGetTextDatum(a->facts.rural ? "rural" : "urban");
	nulls[A_LINES] = !a->result.want_lines;
	values[A_LINES] = a->result.want_lines ? lines_of(a, p) : (Datum) 0;
	return HeapTupleGetDatum(heap_form_tuple(a->desc, values, nulls));
}

/*
 * assess(round_ids bigint[], on_date date, changes jsonb, month date,
 * with_lines boolean, programmes text[]) returns setof record
 */
Datum
aidcase_assess(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	Assessment *a;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;

		funcctx = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
		funcctx->user_fctx = begin_assessment(fcinfo);
		MemoryContextSwitchTo(caller);
	}
	funcctx = SRF_PERCALL_SETUP();
	a = (Assessment *) funcctx->user_fctx;

	for (;;)
	{
		if (a->have_round)
		{
			for (; a->programme < MEANS_PROGRAMMES; a->programme++)
			{
				if (a->result.outcomes[a->programme].made && a->asked[a->programme])
					SRF_RETURN_NEXT(funcctx, row_of(a, a->programme++));
			}
		}
		a->programme = 0;
		a->have_round = next_round(a);
		if (!a->have_round)
			break;
	}

	shut_down(PointerGetDatum(a));
	if (a->econtext != NULL)
		UnregisterExprContextCallback(a->econtext, shut_down, PointerGetDatum(a));
	if (a->missing != NIL)
		refuse_missing(a->missing);
	SRF_RETURN_DONE(funcctx);
}

/*
 * member_standing(situation text, since date, alone boolean, area text,
 * on_date date) returns record
 *
 * Whether a member in a situation counts, and where the rule is from; NULLs
 * when none is in force.  The same code as in the means test itself.
 */
Datum
aidcase_member_standing(PG_FUNCTION_ARGS)
{
	DateADT		since = PG_GETARG_DATEADT(1);
	DateADT		on_date = PG_GETARG_DATEADT(4);
	char	   *situation = text_to_cstring(PG_GETARG_TEXT_PP(0));
	RuleBook   *book;
	const RuleSet *rules;
	const RuleSource *source;
	MeansMember m;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != 4)
		elog(ERROR, "member_standing must return four columns");
	if (DATE_NOT_FINITE(since) || DATE_NOT_FINITE(on_date))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the dates of a situation are not usable"),
				 errdetail("The day since which it holds and the day asked for must be finite."),
				 errhint("Give both as dates.")));

	book = aidcase_rule_book(on_date, false, 0, NULL);
	memset(&m, 0, sizeof(m));
	m.situation = aidcase_kind_index(aidcase_situations(book), situation,
									 strlen(situation));
	if (m.situation < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("situation \"%s\" of a member does not exist", situation),
				 errhint("The situations are those of table aidcase.member_situation.")));
	m.since = aidcase_means_day(since);
	rules = aidcase_rule_set(book, text_to_cstring(PG_GETARG_TEXT_PP(3)), false,
							 on_date);
	source = aidcase_means_standing(&m, rules, PG_GETARG_BOOL(2),
									aidcase_means_day(on_date));

	memset(nulls, 0, sizeof(nulls));
	nulls[0] = !rules->members[m.situation].set;
	values[0] = BoolGetDatum(m.counted);
	nulls[1] = source == NULL || source->article == NULL;
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(source->article);
	nulls[2] = source == NULL || source->document_id == 0;
	values[2] = nulls[2] ? (Datum) 0 : Int64GetDatum(source->document_id);
	nulls[3] = source == NULL;
	values[3] = nulls[3] ? (Datum) 0 : BoolGetDatum(source->illustrative);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
