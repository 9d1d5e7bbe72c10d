/*-------------------------------------------------------------------------
 *
 * erasure.c
 *		The one path on which rows of the register are removed.
 *
 * erase_rows() carries out an erasure list that was appraised: it removes
 * the rows that the list names, child before parent, and the texts of all
 * their ledger entries.  Everything that decides whether a list may be
 * carried out is in SQL (execute_erasure()); here is only the door, which
 * opens for a list that two members of staff have signed, and for the tables
 * of that list, one at a time.
 *
 * While a statement of ours runs, "open_for" is the OID of the table that it
 * may write; keep_all_rows() and refuse_direct_write() ask for it.  It is
 * closed again whatever happens.  A trigger of a site that fires meanwhile
 * and removes rows of another table is refused as always.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "aidcase.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(aidcase_erase_rows);

static Oid	open_for = InvalidOid;

static uint64 run_open(const char *table, const char *command, Oid argtype,
					   Datum argument);
static uint64 ask(const char *query, int64 list_id);

/*
 * May rows of this table be removed, or texts of the ledger, just now?
 */
bool
aidcase_erasing(Oid relid)
{
	return OidIsValid(open_for) && open_for == relid;
}

/*
 * Runs a command of one parameter while the door is open for a table.
 */
static uint64
run_open(const char *table, const char *command, Oid argtype, Datum argument)
{
	open_for = aidcase_relation(table);
	PG_TRY();
	{
		if (SPI_execute_with_args(command, 1, &argtype, &argument, NULL,
								  false, 0) < 0)
			elog(ERROR, "an erasure could not be run: %s", command);
	}
	PG_FINALLY();
	{
		open_for = InvalidOid;
	}
	PG_END_TRY();
	return SPI_processed;
}

/*
 * Runs a query about the list; returns the number of its rows.
 */
static uint64
ask(const char *query, int64 list_id)
{
	Oid			argtype = INT8OID;
	Datum		argument = Int64GetDatum(list_id);

	if (SPI_execute_with_args(query, 1, &argtype, &argument, NULL,
							  false, 0) < 0)
		elog(ERROR, "an erasure could not be run: %s", query);
	return SPI_processed;
}

/*
 * erase_rows(list_id bigint) returns bigint: the number of ledger entries
 * whose text was removed.  Runs as the owner of the register.
 */
Datum
aidcase_erase_rows(PG_FUNCTION_ARGS)
{
	int64		list_id = PG_GETARG_INT64(0);
	SPITupleTable *steps;
	uint64		nsteps;
	uint64		i;
	uint64		texts;
	Oid			saved_user;
	int			saved_context;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	SetUserIdAndSecContext(aidcase_owner(),
						   saved_context | SECURITY_LOCAL_USERID_CHANGE);

	if (ask("SELECT FROM aidcase.erasure_list AS l"
			" WHERE l.list_id OPERATOR(pg_catalog.=) $1 AND l.state OPERATOR(pg_catalog.=) 'appraised'"
			" AND l.appraised_by OPERATOR(pg_catalog.<>) l.proposed_by FOR UPDATE",
			list_id) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_KEPT_FOR_GOOD),
				 errmsg("erasure list " INT64_FORMAT " is not appraised",
						list_id),
				 errdetail("Rows are removed by a list only that one member of staff proposed and another one approved."),
				 errhint("See aidcase.propose_erasure() and aidcase.appraise_erasure().")));

	nsteps = ask("SELECT i.relation, pg_catalog.format('DELETE FROM aidcase.%I AS t WHERE t.%I OPERATOR(pg_catalog.=) ANY ($1)',"
				 "       i.relation, a.attname), pg_catalog.array_agg(i.row_key), pg_catalog.count(*)"
				 "  FROM aidcase.erasure_item AS i"
				 "  JOIN pg_catalog.pg_class AS c ON c.relname OPERATOR(pg_catalog.=) i.relation::pg_catalog.name"
				 "       AND c.relnamespace OPERATOR(pg_catalog.=) 'aidcase'::pg_catalog.regnamespace"
				 "  JOIN pg_catalog.pg_index AS x ON x.indrelid OPERATOR(pg_catalog.=) c.oid AND x.indisprimary"
				 "  JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid"
				 "       AND a.attnum OPERATOR(pg_catalog.=) x.indkey[0]"
				 " WHERE i.list_id OPERATOR(pg_catalog.=) $1 AND i.action OPERATOR(pg_catalog.=) 'remove'"
				 " GROUP BY i.relation, a.attname"
				 " ORDER BY pg_catalog.min(i.step)", list_id);
	steps = SPI_tuptable;
	for (i = 0; i < nsteps; i++)
	{
		TupleDesc	desc = steps->tupdesc;
		char	   *relation = SPI_getvalue(steps->vals[i], desc, 1);
		bool		isnull;
		uint64		removed;
		int64		listed;

		removed = run_open(relation, SPI_getvalue(steps->vals[i], desc, 2),
						   INT8ARRAYOID,
						   SPI_getbinval(steps->vals[i], desc, 3, &isnull));
		listed = DatumGetInt64(SPI_getbinval(steps->vals[i], desc, 4, &isnull));
		if (removed != (uint64) listed)
			ereport(ERROR,
					(errcode(ERRCODE_KEPT_FOR_GOOD),
					 errmsg("the rows of table \"%s\" are not those of erasure list " INT64_FORMAT,
							relation, list_id),
					 errdetail(INT64_FORMAT " rows are listed, " UINT64_FORMAT " were found.",
							   listed, removed),
					 errhint("Propose the erasure again.")));
	}
	texts = run_open("ledger_entry",
					 "UPDATE aidcase.ledger_entry AS e SET entry = NULL"
					 "  FROM aidcase.erasure_item AS i CROSS JOIN LATERAL pg_catalog.unnest(i.entry_nos) AS n (no)"
					 " WHERE i.list_id OPERATOR(pg_catalog.=) $1 AND e.entry_no OPERATOR(pg_catalog.=) n.no",
					 INT8OID, Int64GetDatum(list_id));
	SetUserIdAndSecContext(saved_user, saved_context);
	SPI_finish();
	PG_RETURN_INT64((int64) texts);
}
