/*-------------------------------------------------------------------------
 *
 * merkle.h
 *		SHA-256 and the Merkle tree of RFC 6962, for the rooms of aidcase.
 *
 * Leaves are numbered from 0.  MTH(D[n]) is the RFC's tree hash.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_MERKLE_H
#define AIDCASE_MERKLE_H

/* Length of every hash, in bytes (SHA-256). */
#define MERKLE_HASH_LENGTH	32

/* Heights of complete subtrees that a tree of up to 2^63 leaves can have. */
#define MERKLE_MAX_LEVELS	64

/* Most parts that a proof can have. */
#define MERKLE_MAX_PARTS	(MERKLE_MAX_LEVELS + 1)

/*
 * A tree that grows leaf by leaf, like a binary counter: hashes[l] is the
 * root of a complete subtree of 2^l leaves and counts only if bit l of size
 * is set.  The caller owns the memory; there are no pointers in it, so it may
 * be copied or kept as bytes.
 */
typedef struct MerkleTree
{
	uint64		size;			/* leaves so far */
	uint8		hashes[MERKLE_MAX_LEVELS][MERKLE_HASH_LENGTH];
} MerkleTree;

/* A part of a proof: the tree hash of leaves begin to end - 1. */
typedef struct MerkleRange
{
	uint64		begin;
	uint64		end;
} MerkleRange;

/* A proof as hashes, part by part. */
typedef struct MerkleProof
{
	int			nparts;
	const uint8 *parts[MERKLE_MAX_PARTS];
} MerkleProof;

/*
 * SHA-256 of two pieces one after the other; the second may be empty.  The
 * result may overwrite either piece.
 */
extern void aidcase_sha256(const void *first, size_t first_length,
						   const void *second, size_t second_length,
						   uint8 *hash);

/* SHA-256(0x00 | data) */
extern void aidcase_merkle_hash_leaf(const void *data, size_t length,
									 uint8 *hash);

/* SHA-256(0x01 | left | right); the result may overwrite either. */
extern void aidcase_merkle_hash_node(const uint8 *left, const uint8 *right,
									 uint8 *hash);

/* Makes the tree empty. */
extern void aidcase_merkle_init(MerkleTree *tree);

/* Appends one leaf by its hash. */
extern void aidcase_merkle_add(MerkleTree *tree, const uint8 *leaf_hash);

/*
 * Appends a complete subtree of 2^level leaves by its root.  The size so far
 * must be a multiple of 2^level.
 */
extern void aidcase_merkle_add_subtree(MerkleTree *tree, int level,
									   const uint8 *hash);

/* The tree hash of what was added; SHA-256 of nothing for an empty tree. */
extern void aidcase_merkle_finish(const MerkleTree *tree, uint8 *root);

/*
 * Which ranges of leaves the hashes of a proof stand for, in the proof's
 * order.  Returns their number, at most MERKLE_MAX_PARTS.  Needs
 * leaf_index < tree_size, and 0 < size1 <= size2 respectively.
 */
extern int	aidcase_merkle_inclusion_ranges(uint64 leaf_index,
											uint64 tree_size,
											MerkleRange *ranges);
extern int	aidcase_merkle_consistency_ranges(uint64 size1, uint64 size2,
											  MerkleRange *ranges);

/* Does the proof show, exactly, that the leaf is in the tree? */
extern bool aidcase_merkle_included(const uint8 *leaf_hash, uint64 leaf_index,
									uint64 tree_size,
									const MerkleProof *proof,
									const uint8 *root);

/* Does the proof show, exactly, that the first tree begins the second? */
extern bool aidcase_merkle_consistent(uint64 size1, uint64 size2,
									  const uint8 *root1, const uint8 *root2,
									  const MerkleProof *proof);

/* A hash as a bytea in palloc'd memory. */
extern Datum aidcase_hash_datum(const uint8 *hash);

#endif							/* AIDCASE_MERKLE_H */
