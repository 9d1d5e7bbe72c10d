/*-------------------------------------------------------------------------
 *
 * tiles.h
 *		The ledger's tree as it is kept: tiles of 256 hashes.
 *
 * A hash of level L, position p, is the root of the complete subtree over
 * leaves p * 256^L to (p + 1) * 256^L - 1; level 0 holds the leaf hashes.
 * Tile i of a level holds positions 256 i to 256 i + 255; only the last tile
 * of a level may hold fewer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_TILES_H
#define AIDCASE_TILES_H

#include "merkle.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

/* Hashes in a tile, and the height of a level. */
#define TILE_BITS		8
#define TILE_WIDTH		(1 << TILE_BITS)

/* Levels that a tree of up to 2^63 leaves can have. */
#define TILE_LEVELS		8

/* A tile in memory. */
typedef struct Tile
{
	int			level;
	uint64		number;			/* i above */
	int			nhashes;
	ItemPointerData tid;		/* its row; invalid when there is none */
	uint8		hashes[TILE_WIDTH][MERKLE_HASH_LENGTH];
} Tile;

/* Hashes that a level of a tree has. */
static inline uint64
tile_hashes(uint64 tree_size, int level)
{
	return tree_size >> (TILE_BITS * level);
}

/*
 * Reads a tile from table aidcase.ledger_tile, open as rel, under the active
 * snapshot.  Returns false, with nhashes 0, when it is not there.
 */
extern bool aidcase_tile_read(Relation rel, int level, uint64 number,
							  Tile *tile);

/* The root of a complete tile. */
extern void aidcase_tile_root(const Tile *tile, uint8 *root);

/* The root of the tree of the first leaves, from its tiles. */
extern void aidcase_tiles_root(Relation rel, uint64 tree_size, uint8 *root);

#endif							/* AIDCASE_TILES_H */
