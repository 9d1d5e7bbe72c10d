/*-------------------------------------------------------------------------
 *
 * sealer.h
 *		What sealing shares with verification and the worker.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_SEALER_H
#define AIDCASE_SEALER_H

#include "lib/stringinfo.h"
#include "tcop/dest.h"

/*
 * Which transactions a snapshot saw as finished: all below xmin, and those
 * below xmax that were not running.  Ids are full 64-bit ids.
 */
typedef struct Horizon
{
	uint64		xmin;
	uint64		xmax;
	int			nrunning;
	uint64	   *running;		/* ascending */
} Horizon;

/* Had the transaction finished? */
extern bool aidcase_horizon_covers(const Horizon *horizon, uint64 xid);

/* Reads a horizon as text "xmin:xmax:xid,xid"; error when it is none. */
extern void aidcase_horizon_parse(const char *text, Horizon *horizon);

/*
 * The system identifier of this cluster, as text; with MyDatabaseId it tells
 * a register from its copies.
 */
extern const char *aidcase_system_identifier(void);

/* The text of a checkpoint (C2SP tlog-checkpoint, without signatures). */
extern char *aidcase_checkpoint_text(const char *origin, bool rehearsal,
									 uint64 tree_size, const uint8 *root);

/*
 * Runs a query as the register's owner under the active snapshot, read only,
 * whatever row security the tables have.  Rows go to dest, or when that is
 * NULL to SPI_tuptable.  The caller is connected to SPI.
 */
extern uint64 aidcase_read(const char *query, int nargs, const Oid *types,
						   Datum *values, const char *nulls,
						   DestReceiver *dest);

/* Seals; returns the size of the tree. */
extern int64 aidcase_seal_now(void);

/* sealer_worker.c: settings, and the worker when the library is preloaded. */
extern void aidcase_define_sealer_settings(void);

#endif							/* AIDCASE_SEALER_H */
