/*-------------------------------------------------------------------------
 *
 * verify.h
 *		What the passes of verification share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_VERIFY_H
#define AIDCASE_VERIFY_H

#include "executor/spi.h"
#include "sealer.h"
#include "tiles.h"
#include "utils/hsearch.h"
#include "utils/portal.h"
#include "utils/tuplestore.h"

/* What is known of an entry number. */
#define HAS_ENTRY		0x01	/* there is an entry */
#define HAS_LEAF		0x02	/* there is a leaf */
#define HAS_IMAGE		0x04	/* the entry records a row version */
#define SUPERSEDED		0x08	/* another entry replaces or removes it */
#define HAS_ROW			0x10	/* a row bears the number */
#define TRUSTED			0x20	/* its leaf was verified earlier */
#define ERASED			0x40	/* its text was removed, with a record */

#define CHUNK_BITS		16
#define CHUNK_SIZE		(1 << CHUNK_BITS)

/* Entries between two messages about progress. */
#define PROGRESS_STEP	1000000

#define BREAK_COLUMNS	6

typedef struct FlagChunk
{
	int64		number;			/* hash key */
	uint8	   *flags;
} FlagChunk;

/* An entry or a leaf that waits for its counterpart. */
typedef struct Waiting
{
	int64		number;			/* hash key */
	bool		is_leaf;		/* else an entry */
	bool		no_text;		/* an entry without text */
	int64		leaf_index;
	uint64		xid;
	uint8		hash[MERKLE_HASH_LENGTH];
} Waiting;

/* A shape of a table. */
typedef struct Shape
{
	int64		shape_no;		/* hash key */
	char	   *relation;		/* NULL: there is no such shape */
	char	   *columns;
} Shape;

/* The outside checkpoint. */
typedef struct Outside
{
	bool		given;
	bool		checked;
	char	   *origin;
	uint64		tree_size;
	uint8		root[MERKLE_HASH_LENGTH];
} Outside;

typedef struct Verification
{
	/* output */
	Tuplestorestate *store;
	TupleDesc	desc;
	int64		limit;
	int64		breaks;
	MemoryContext context;		/* lives as long as the call */

	/* the register */
	char	   *origin;
	bool		rehearsal;
	bool		at_home;		/* this database is its own */
	int64		after_no;
	bool		has_horizon;
	Horizon		horizon;
	uint64		tree_size;		/* of the last checkpoint */
	uint64		trusted;
	Outside		outside;

	/* pass 1 */
	Relation	tiles;
	Relation	leaves;
	Tile		tile;			/* of level 0, at hand */
	int64		numbers[TILE_WIDTH];
	int			nnumbers;
	int			place;			/* next leaf in it */
	bool		leaves_done;
	MerkleTree	before;			/* complete tiles before it */
	MerkleTree	other;			/* the same, when a tile was doubtful */
	bool		in_doubt;
	uint64		doubtful;		/* number of that tile */
	MerkleTree	part;			/* leaves of this tile so far */
	Tile		edge[TILE_LEVELS];	/* computed levels above */
	Portal		checkpoints;
	bool		checkpoints_done;
	uint64		checkpoint_batch_row;
	SPITupleTable *checkpoint_rows;
	uint64		checkpoint_count;

	/* pass 2 */
	HTAB	   *chunks;
	FlagChunk  *last_chunk;
	HTAB	   *waiting;
	long		waiting_limit;
	int64		nleaves;		/* taken so far */
	int64		nentries;
	bool		entries_done;
	HTAB	   *shapes;

	/* pass 3 */
	const char *relation;
	Oid			relid;
	int			nnames;
	char	  **names;			/* columns of its image, in order */
} Verification;

/*
 * Notes a break.  relation and key may be NULL, leaf_index and number -1.
 */
extern void aidcase_break(Verification *v, const char *kind,
						  const char *relation, const char *key,
						  int64 leaf_index, int64 number,
						  const char *format,...) pg_attribute_printf(7, 8);

/* The flags of an entry number. */
extern uint8 *aidcase_entry_flags(Verification *v, int64 number);

/* Pass 3: rows against the images of their entries. */
extern void aidcase_verify_rows(Verification *v);

/* Pass 4: breaks that SQL finds. */
extern void aidcase_verify_catalogue(Verification *v);

#endif							/* AIDCASE_VERIFY_H */
