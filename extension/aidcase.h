/*-------------------------------------------------------------------------
 *
 * aidcase.h
 *		What the rooms of aidcase share: error codes, the register's clock
 *		and identity, kept plans, trigger helpers, who acts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_H
#define AIDCASE_H

#include "commands/trigger.h"
#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "utils/date.h"

#define AIDCASE_SCHEMA		"aidcase"
#define AIDCASE_OWNER		"aidcase_owner"

/*
 * Error codes of our own (class ZA); README.md lists them with what to do.
 */
/* there is no register in this database */
#define ERRCODE_NO_REGISTER				MAKE_SQLSTATE('Z','A','0','0','1')
/* a working-day question reaches into a year that is not loaded */
#define ERRCODE_CALENDAR_YEAR_NOT_LOADED	MAKE_SQLSTATE('Z','A','0','0','2')
/* the procedure does not allow the move, or a condition is not met */
#define ERRCODE_MOVE_REFUSED			MAKE_SQLSTATE('Z','A','0','0','3')
/* the fact belongs to a decided round and cannot be changed */
#define ERRCODE_FACT_FROZEN				MAKE_SQLSTATE('Z','A','0','0','4')
/* the session has no member of staff behind it */
#define ERRCODE_NO_ACTOR				MAKE_SQLSTATE('Z','A','0','0','5')
/* TRUNCATE, DELETE or a direct write where the register keeps every row */
#define ERRCODE_KEPT_FOR_GOOD			MAKE_SQLSTATE('Z','A','0','0','6')
/* a document handed in has faults; DETAIL lists all of them */
#define ERRCODE_FAULTY_DOCUMENT			MAKE_SQLSTATE('Z','A','0','0','7')
/* a dated parameter or rule is missing for an area and date */
#define ERRCODE_PARAMETER_MISSING		MAKE_SQLSTATE('Z','A','0','0','8')

/* sealing in a copy of the register that was not adopted */
#define ERRCODE_NOT_ADOPTED				MAKE_SQLSTATE('Z','A','0','0','9')

/*
 * aidcase.c: the register's identity and clock
 */

/* OID of a table of the register; error ERRCODE_NO_REGISTER when absent. */
extern Oid	aidcase_relation(const char *name);

/* The same, but InvalidOid when there is no register in this database. */
extern Oid	aidcase_relation_if_any(const char *name);

/* Type citizen_id; InvalidOid when it does not exist. */
extern Oid	aidcase_citizen_id_type(void);

/* The role that owns the register; error when there is no register. */
extern Oid	aidcase_owner(void);

/* Is a register open that was opened as a rehearsal? */
extern bool aidcase_is_rehearsal(void);

/* The register's clock: transaction time, or aidcase.clock in a rehearsal. */
extern TimestampTz aidcase_now(void);

/* The calendar date of an instant in the register's time zone. */
extern DateADT aidcase_date(TimestampTz at);

/* The first instant of a calendar date in the register's time zone. */
extern TimestampTz aidcase_midnight(DateADT day);

/* The language of labels, heads and refusals: setting aidcase.language. */
typedef enum AidcaseLanguage
{
	LANGUAGE_AUTO,				/* each text in the language it comes in */
	LANGUAGE_ZH,
	LANGUAGE_EN
} AidcaseLanguage;

extern AidcaseLanguage aidcase_language(void);

/*
 * plan_cache.c: kept SPI plans
 *
 * A KeptPlan is a static variable of the room that runs the query.  The text
 * must qualify every name and operator.  The plan is prepared and run as the
 * register's owner, with the latest snapshot.  The caller is connected to
 * SPI.
 */
#define KEPT_PLAN_MAX_ARGS	9

typedef struct KeptPlan
{
	const char *query;			/* text of the query */
	int			nargs;			/* number of parameters */
	Oid			argtypes[KEPT_PLAN_MAX_ARGS];	/* their types */
	SPIPlanPtr	plan;			/* NULL until first use */
} KeptPlan;

/*
 * Runs a kept plan as the register's owner and returns SPI_processed; rows
 * are in SPI_tuptable.  limit 0 = all rows.  Errors as SPI's.
 */
extern uint64 aidcase_run(KeptPlan *kept, Datum *values, const char *nulls,
						  long limit);

/*
 * trigger_util.c
 */

/*
 * Checks that a function was called as a trigger with the given timing
 * (TRIGGER_EVENT_BEFORE or 0 for after), level and on a table of the
 * register; errors otherwise.  Returns its data.
 */
extern TriggerData *aidcase_trigger(FunctionCallInfo fcinfo,
									const char *function, bool before,
									bool for_each_row);

/* Attribute number of a column, or 0 when the table does not have it. */
extern AttrNumber aidcase_attnum(TupleDesc desc, const char *column);

/*
 * policy.c: dated parameters
 */
typedef struct ParameterFound
{
	int64		parameter_id;	/* -1 = supposed */
	struct NumericData *value;	/* value / divisor is the parameter */
	struct NumericData *divisor;
	char	   *article;		/* NULL = none, also below */
	int64		document_id;	/* 0 = none */
	bool		illustrative;	/* it, what it derives from, or its cap */
	char	   *of_name;		/* what it derives from; NULL = published */
	struct NumericData *of_value;	/* and that value */
	struct NumericData *of_divisor;
	struct NumericData *factor; /* and the factor on it */
	struct NumericData *factor_divisor;
	char	   *capped_by;		/* parameter that is less, and therefore the
								 * value */
} ParameterFound;

/*
 * The parameter in force for an area, false when there is none; *found is
 * allocated in the current context.  programme and variant may be NULL.
 */
extern bool aidcase_find_parameter(const char *name, const char *area,
								   DateADT on, const char *programme,
								   const char *variant, ParameterFound *found);

/* What is missing when there is none, in a sentence. */
extern char *aidcase_parameter_missing(const char *name, const char *area,
									   DateADT on, const char *programme,
									   const char *variant);

/*
 * Supposes a value in this process, for a simulation: nothing is written.
 * It ends with aidcase_suppose_nothing() or the (sub)transaction.
 */
extern void aidcase_suppose_parameter(const char *name, const char *area,
									  const char *programme,
									  const char *variant, DateADT from,
									  struct NumericData *value,
									  struct NumericData *divisor);
extern void aidcase_suppose_nothing(void);

/*
 * erasure.c
 */

/* May rows of this table be removed just now, or texts of the ledger? */
extern bool aidcase_erasing(Oid relid);

/*
 * actor.c: who acts in this session
 */
typedef struct Actor
{
	int64		staff_id;		/* 0 when the session has no staff behind it */
	Oid			login;			/* the session's login role */
} Actor;

/* The present actor; staff_id 0 when there is none. Memory: static. */
extern const Actor *aidcase_actor(void);

/*
 * Does the present actor hold one of the posts, on this date, at the unit or
 * at one above it?  posts is an array of n texts.
 */
extern bool aidcase_actor_has_post(const char **posts, int n, int64 unit_id,
								   DateADT on);

/* Defines the settings of actor.c; called from _PG_init(). */
extern void aidcase_define_actor_settings(void);

/* Defines the setting of protect.c; called from _PG_init(). */
extern void aidcase_define_protect_settings(void);

#endif							/* AIDCASE_H */
