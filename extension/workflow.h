/*-------------------------------------------------------------------------
 *
 * workflow.h
 *		Procedures as the engine keeps them, and what a guard is handed.
 *
 * A guard is a condition that a move must meet.  It lives in the room of its
 * facts and is entered in table aidcase.guard, in one of two forms:
 *
 *	C		aidcase.name(internal) RETURNS text, an extension function; its
 *			argument is a GuardContext;
 *	SQL		schema.name(subject text, id bigint, staff_id bigint,
 *			on_date date) RETURNS text, owned by the register's owner or a
 *			superuser, as whom it runs.
 *
 * It returns NULL when the condition is met, else one English sentence with
 * a full stop and no personal value.  A guard queries with the latest
 * snapshot as the owner (aidcase_run does both; SPI is connected), and locks
 * FOR SHARE what is not protected by the lock on the case, unless dry_run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_WORKFLOW_H
#define AIDCASE_WORKFLOW_H

#include "access/htup_details.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "aidcase.h"

/* How the length of a clock is counted. */
typedef enum ClockKind
{
	CLOCK_WORKDAYS,
	CLOCK_DAYS,
	CLOCK_HOURS,
	CLOCK_MONTHS
} ClockKind;

/* Names: posts, columns. */
typedef struct NameList
{
	int			n;
	const char **names;
} NameList;

/* A time limit. */
typedef struct WorkflowClock
{
	char	   *name;
	ClockKind	kind;
	char	   *parameter;		/* name of the parameter with its length */
	char	   *variant;		/* of the parameter, or NULL */
	char	   *due_column;		/* or date column of the row: its last day */
	bool		from_first_contact; /* else from the move */
	bool		from_acceptance;	/* then once for a row */
	bool		of_case;		/* a move of any round of the case meets it */
	char	   *cancelled_by;	/* table whose new rows cancel it, or NULL */
	NameList	met_by;			/* facts that meet it, as table.column */
	NameList	started_by;		/* facts that start it */
	const struct WorkflowGuard *only_if;	/* starts while this is met, or NULL */
	char	   *problem;		/* why it cannot be started, or NULL */
} WorkflowClock;

/* Clocks that a move starts, meets, pauses, resumes or cancels. */
typedef struct ClockList
{
	int			n;
	const WorkflowClock **clocks;
} ClockList;

/* A condition. */
typedef struct WorkflowGuard
{
	char	   *name;
	char	   *label_zh;		/* the condition, in Chinese */
	char	   *hint;			/* what to do when it is not met */
	char	   *hint_zh;
	char	   *problem;		/* why it cannot be called, or NULL */
	bool		in_c;			/* takes a GuardContext */
	FmgrInfo	function;		/* of a guard in C */
	Oid			funcid;
} WorkflowGuard;

typedef enum StateKind
{
	STATE_INITIAL,
	STATE_NORMAL,
	STATE_FINAL
} StateKind;

typedef struct WorkflowState
{
	char	   *name;
	char	   *label_zh;
	StateKind	kind;
	bool		frozen;			/* facts and decision no longer change */
	bool		grants;			/* entering it grants awards */
} WorkflowState;

typedef struct WorkflowTransition
{
	const WorkflowState *from;
	const WorkflowState *to;
	char	   *action;
	char	   *label_zh;
	char	   *label_en;
	char	   *problem;		/* names that do not exist, or NULL */
	NameList	posts;			/* one of them is needed */
	char	   *at_column;		/* column with the unit of the post, or NULL */
	int			nguards;
	const WorkflowGuard **guards;
	NameList	sets;			/* date columns set to the date of the move */
	NameList	may_change;		/* columns that change in this move only */
	ClockList	starts;
	ClockList	meets;
	ClockList	pauses;
	ClockList	resumes;
	ClockList	cancels;
} WorkflowTransition;

/* One version of a procedure. */
typedef struct Workflow
{
	int64		workflow_id;
	char	   *name;
	int			version;
	char	   *subject;		/* table whose rows it governs */
	NameList	posts;			/* one of them is needed to open a row */
	ClockList	starts;			/* clocks that start with the row */
	const WorkflowState *initial;	/* NULL in a broken definition */
	int			nstates;
	WorkflowState *states;
	int			ntransitions;
	WorkflowTransition *transitions;	/* in order of the states' sort */
} Workflow;

/* What a guard in C is handed. */
typedef struct GuardContext
{
	const char *subject;		/* table */
	int64		id;				/* key of the row */
	int64		case_id;		/* 0: the subject has none */
	int64		unit_id;		/* unit that decides */
	int64		staff_id;		/* who moves */
	TimestampTz at;				/* when the move happened */
	DateADT		on;				/* the date of it, in the register's zone */
	const Workflow *workflow;
	const WorkflowTransition *move;
	HeapTuple	row;			/* the row as it would become */
	TupleDesc	desc;			/* its columns */
	bool		dry_run;		/* only asked: lock nothing */
} GuardContext;

/*
 * Column numbers of a subject table or of a table of facts, found by name; 0
 * where the table has no such column.
 */
#define SUBJECT_MAX_FIXED	24
#define FACT_MAX_TIMES		4

typedef struct SubjectColumns
{
	Oid			relid;			/* hash key */
	bool		valid;
	AttrNumber	key;			/* the primary key, one bigint */
	Oid			key_index;
	AttrNumber	workflow_id;
	AttrNumber	state;
	AttrNumber	unit_id;
	AttrNumber	case_id;
	AttrNumber	round_kind;
	AttrNumber	occurred_at;
	AttrNumber	moved_by;
	AttrNumber	reason;
	AttrNumber	opened_by;
	AttrNumber	village_id;
	AttrNumber	first_contact_at;
	AttrNumber	entry_no;
	int			nfixed;			/* columns never changed by hand */
	AttrNumber	fixed[SUBJECT_MAX_FIXED];
} SubjectColumns;

typedef struct FactColumns
{
	Oid			relid;			/* hash key */
	bool		valid;
	AttrNumber	case_id;
	AttrNumber	round_id;
	AttrNumber	signer;			/* who vouches for the row */
	AttrNumber	signed_when;	/* signer is NULL until this is set, or 0 */
	bool		signer_only_new;	/* later changes may be by somebody else */
	AttrNumber	entry_no;
	AttrNumber	is_void;
	int			ntimes;
	AttrNumber	times[FACT_MAX_TIMES];	/* must not lie in the future */
	AttrNumber	signed_on;		/* a date that must not, either */
	AttrNumber	happened_on;	/* a date that may start a clock */
} FactColumns;

/* A row taken apart, in the memory context of that moment. */
typedef struct Row
{
	HeapTuple	tuple;
	Datum	   *values;
	bool	   *nulls;
} Row;

/*
 * A bigint of a row, 0 for NULL and for a column that the table lacks.
 */
static inline int64
row_int64(const Row *row, AttrNumber attnum)
{
	if (attnum == 0 || row->nulls[attnum - 1])
		return 0;
	return DatumGetInt64(row->values[attnum - 1]);
}

/*
 * A text of a row, NULL for NULL and for a column that the table lacks.
 */
static inline char *
row_text(const Row *row, AttrNumber attnum)
{
	if (attnum == 0 || row->nulls[attnum - 1])
		return NULL;
	return TextDatumGetCString(row->values[attnum - 1]);
}

#define CONTEXT()	((const GuardContext *) PG_GETARG_POINTER(0))
#define RETURN_SENTENCE(text)	PG_RETURN_TEXT_P(cstring_to_text(text))

/*
 * A guard looks at the first row of its last query.
 */
static inline Datum
result(int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column,
						 isnull);
}

/*
 * The same as a bigint, 0 for NULL.
 */
static inline int64
result_int64(int column)
{
	bool		isnull;
	Datum		value = result(column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/*
 * The same as a boolean, false for NULL.
 */
static inline bool
result_bool(int column)
{
	bool		isnull;
	Datum		value = result(column, &isnull);

	return isnull ? false : DatumGetBool(value);
}

/*
 * The same as a text, NULL for NULL.
 */
static inline char *
result_text(int column)
{
	bool		isnull;
	Datum		value = result(column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * A column of the row as it would become.
 */
static inline Datum
row_value(const GuardContext *context, const char *column, bool *isnull)
{
	AttrNumber	attnum = aidcase_attnum(context->desc, column);

	if (attnum == 0)
		elog(ERROR, "table \"%s\" has no column \"%s\"",
			 context->subject, column);
	return heap_getattr(context->row, attnum, context->desc, isnull);
}

/* workflow.c */
extern void aidcase_take_apart(Row *row, HeapTuple tuple, TupleDesc desc);
extern bool *aidcase_changed_columns(TupleDesc desc, const Row *old,
									 const Row *new, AttrNumber entry_no);
extern TimestampTz aidcase_latest_instant(void);
extern void aidcase_refuse_nobody(void);

/* workflow_clocks.c */
extern bool aidcase_too_late(const char *subject, int64 id, TimestampTz at,
							 int64 unit_id, double *hours);

/* workflow_facts.c */
extern bool aidcase_lock_case(int64 case_id);
extern void aidcase_forget_round(void);
extern HeapTuple aidcase_fetch_row(Relation rel, Oid index, AttrNumber key,
								   int64 id);

/* workflow_cache.c */
extern const Workflow *aidcase_workflow(int64 workflow_id);
extern const Workflow *aidcase_workflow_in_force(const char *subject,
												 const char *round_kind,
												 int64 unit_id, DateADT on,
												 bool lock);
extern bool aidcase_is_subject(const char *name);
extern const WorkflowState *aidcase_workflow_state(const Workflow *workflow,
												   const char *name);
extern const WorkflowTransition *aidcase_transition(const Workflow *workflow,
													const WorkflowState *from,
													const char *to);
extern ClockList aidcase_clocks_cancelled_by(const char *table);
extern ClockList aidcase_clocks_met_by(const char *fact);
extern ClockList aidcase_clocks_started_by(const char *fact);
extern char *aidcase_call_guard(const WorkflowGuard *guard,
								const GuardContext *context);
extern bool aidcase_listed(const NameList *list, const char *name);
extern const SubjectColumns *aidcase_subject_columns(Relation rel);
extern const FactColumns *aidcase_fact_columns(Relation rel);

#endif							/* AIDCASE_WORKFLOW_H */
