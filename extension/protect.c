/*-------------------------------------------------------------------------
 *
 * protect.c
 *		Refuses to drop the extension, and the register with it.
 *
 * PostgreSQL itself refuses DROP EXTENSION while a register uses it; but
 * CASCADE would take all tables along.  An event trigger on the start of the
 * command looks at what is to be dropped.  Nothing else of the register
 * depends on event triggers.  Dumps with --clean drop the tables first, so
 * they find no register any more; DROP DATABASE fires no event trigger.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_extension.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/guc.h"

#include "aidcase.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_refuse_drop);

static bool allow_drop = false;

static bool names_us(const DropStmt *stmt);
static bool owns_us(const DropOwnedStmt *stmt);

/*
 * Defines the setting.
 */
void
aidcase_define_protect_settings(void)
{
	DefineCustomBoolVariable("aidcase.allow_drop",
							 "Allows the extension to be dropped together with the register.",
							 NULL,
							 &allow_drop,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}

/*
 * Does the command drop our extension or schema, and what depends on it?
 */
static bool
names_us(const DropStmt *stmt)
{
	ListCell   *cell;

	if (stmt->behavior != DROP_CASCADE ||
		(stmt->removeType != OBJECT_EXTENSION &&
		 stmt->removeType != OBJECT_SCHEMA))
		return false;
	foreach(cell, stmt->objects)
	{
		if (strcmp(strVal(lfirst(cell)),
				   stmt->removeType == OBJECT_SCHEMA ?
				   AIDCASE_SCHEMA : "aidcase") == 0)
			return true;
	}
	return false;
}

/*
 * Does the command drop all that the owner of the register has?
 */
static bool
owns_us(const DropOwnedStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->roles)
	{
		if (get_rolespec_oid(lfirst(cell), true) == aidcase_owner())
			return true;
	}
	return false;
}

/*
 * Event trigger refuse_drop(), on ddl_command_start.
 */
Datum
aidcase_refuse_drop(PG_FUNCTION_ARGS)
{
	EventTriggerData *trigdata;
	Node	   *command;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called as an event trigger",
						"refuse_drop")));
	trigdata = (EventTriggerData *) fcinfo->context;
	command = trigdata->parsetree;
	if (allow_drop || IsBinaryUpgrade ||
		!OidIsValid(aidcase_relation_if_any("register")))
		PG_RETURN_NULL();

	if ((IsA(command, DropStmt) && names_us((DropStmt *) command)) ||
		(IsA(command, DropOwnedStmt) && owns_us((DropOwnedStmt *) command)))
		ereport(ERROR,
				(errcode(ERRCODE_KEPT_FOR_GOOD),
				 errmsg("the register of this database cannot be dropped"),
				 errdetail("The command would remove every row of it, and its ledger."),
				 errhint("If that is wanted, a superuser calls SET aidcase.allow_drop = on before.")));
	PG_RETURN_NULL();
}
