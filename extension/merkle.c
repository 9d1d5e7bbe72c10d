/*-------------------------------------------------------------------------
 *
 * merkle.c
 *		SHA-256 and the Merkle tree of RFC 6962: roots, proofs, checks.
 *
 * The upper half is plain C over bytes and numbers (merkle.h), used by the
 * ledger and by draws; the lower half makes it callable from SQL.  Nothing
 * here reads a table.
 *
 * A tree is built in bounded memory: complete subtrees are kept like the
 * bits of a binary counter (MerkleTree, 2 kB), whatever the number of
 * leaves.  A proof is computed in two steps, first which ranges of leaves its
 * hashes stand for, then the tree hash of each range.  So a caller that has
 * the hashes of subtrees at hand (the ledger's tiles) uses the same first
 * step as one that has only the leaves (an array).
 *
 * The checks follow RFC 9162, sections 2.1.3.2 and 2.1.4.2.  They accept a
 * proof only if it fits exactly: a part too many or too few is refused.
 *
 * Hashing uses the server's own SHA-256.  Each backend makes one hash
 * context at first use and keeps it until it exits, as making one costs more
 * than hashing a short text.  The server ties such a context to the current
 * resource owner and complains when a query leaves one behind; ours belongs
 * to a resource owner of our own, which has no parent and is never released.
 * Each use starts the context anew, so that an error in between does no harm.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "aidcase.h"
#include "compat.h"
#include "merkle.h"

#define LEAF_PREFIX		0x00
#define NODE_PREFIX		0x01

StaticAssertDecl(MERKLE_HASH_LENGTH == PG_SHA256_DIGEST_LENGTH,
				 "a Merkle hash is a SHA-256 hash");

PG_FUNCTION_INFO_V1(aidcase_merkle_leaf_hash);
PG_FUNCTION_INFO_V1(aidcase_merkle_root_add);
PG_FUNCTION_INFO_V1(aidcase_merkle_root_done);
PG_FUNCTION_INFO_V1(aidcase_merkle_inclusion_path);
PG_FUNCTION_INFO_V1(aidcase_merkle_consistency_path);
PG_FUNCTION_INFO_V1(aidcase_verify_inclusion);
PG_FUNCTION_INFO_V1(aidcase_verify_consistency);

/* The backend's hash context and the resource owner that it belongs to. */
static pg_cryptohash_ctx *hash_context = NULL;
static ResourceOwner hash_owner = NULL;

static void make_hash_context(void);
static void hash_failed(void);
static bool same_hash(const uint8 *a, const uint8 *b);
static uint64 largest_power_below(uint64 size);
static void reverse_ranges(MerkleRange *ranges, int n);
static const uint8 *hash_argument(Datum value, const char *name);
static uint64 count_argument(int64 value, const char *name);
static const uint8 **hash_array_argument(ArrayType *array, const char *name,
										 const char *element, int *nhashes);
static bool proof_argument(ArrayType *array, MerkleProof *proof);
static ArrayType *hash_ranges(const uint8 **leaves, const MerkleRange *ranges,
							  int nranges);

/*
 * Makes the backend's hash context; it stays in hash_context.
 */
static void
make_hash_context(void)
{
	ResourceOwner caller = CurrentResourceOwner;
	MemoryContext former;

	if (hash_owner == NULL)
		hash_owner = ResourceOwnerCreate(NULL, "aidcase hash");

	/*
	 * A server built without OpenSSL allocates it in the current memory
	 * context.  Should this fail for lack of memory, the abort sets both
	 * again.
	 */
	former = MemoryContextSwitchTo(TopMemoryContext);
	CurrentResourceOwner = hash_owner;
	hash_context = pg_cryptohash_create(PG_SHA256);
	CurrentResourceOwner = caller;
	MemoryContextSwitchTo(former);

	if (hash_context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
}

/*
 * Reports that the server's SHA-256 failed.
 */
static void
hash_failed(void)
{
	elog(ERROR, "could not compute SHA-256: %s",
		 pg_cryptohash_error(hash_context));
}

/*
 * SHA-256 of two pieces one after the other.
 */
void
aidcase_sha256(const void *first, size_t first_length,
			   const void *second, size_t second_length, uint8 *hash)
{
	if (hash_context == NULL)
		make_hash_context();

	if (pg_cryptohash_init(hash_context) < 0 ||
		(first_length > 0 &&
		 pg_cryptohash_update(hash_context, first, first_length) < 0) ||
		(second_length > 0 &&
		 pg_cryptohash_update(hash_context, second, second_length) < 0) ||
		pg_cryptohash_final(hash_context, hash, MERKLE_HASH_LENGTH) < 0)
		hash_failed();
}

/*
 * The hash of a leaf.
 */
void
aidcase_merkle_hash_leaf(const void *data, size_t length, uint8 *hash)
{
	const uint8 prefix = LEAF_PREFIX;

	aidcase_sha256(&prefix, 1, data, length, hash);
}

/*
 * The hash of a node over its two children.
 */
void
aidcase_merkle_hash_node(const uint8 *left, const uint8 *right, uint8 *hash)
{
	uint8		node[1 + 2 * MERKLE_HASH_LENGTH];

	node[0] = NODE_PREFIX;
	memcpy(node + 1, left, MERKLE_HASH_LENGTH);
	memcpy(node + 1 + MERKLE_HASH_LENGTH, right, MERKLE_HASH_LENGTH);
	aidcase_sha256(node, sizeof(node), NULL, 0, hash);
}

/*
 * Are two hashes equal?
 */
static bool
same_hash(const uint8 *a, const uint8 *b)
{
	return memcmp(a, b, MERKLE_HASH_LENGTH) == 0;
}

/*
 * Makes the tree empty.
 */
void
aidcase_merkle_init(MerkleTree *tree)
{
	tree->size = 0;
}

/*
 * Appends one leaf.
 */
void
aidcase_merkle_add(MerkleTree *tree, const uint8 *leaf_hash)
{
	aidcase_merkle_add_subtree(tree, 0, leaf_hash);
}

/*
 * Appends a complete subtree of 2^level leaves.
 *
 * Adding to a binary counter: as long as the place is taken, both subtrees
 * become one of the next height.
 */
void
aidcase_merkle_add_subtree(MerkleTree *tree, int level, const uint8 *hash)
{
	uint64		leaves = UINT64CONST(1) << level;
	uint8		carry[MERKLE_HASH_LENGTH];

	Assert(level >= 0 && level < MERKLE_MAX_LEVELS);
	if ((tree->size & (leaves - 1)) != 0)
		elog(ERROR, "subtree of height %d does not fit behind " UINT64_FORMAT " leaves",
			 level, tree->size);
	if (tree->size > (uint64) PG_INT64_MAX - leaves)
		elog(ERROR, "too many leaves in a tree");

	memcpy(carry, hash, MERKLE_HASH_LENGTH);
	while (tree->size & (UINT64CONST(1) << level))
	{
		aidcase_merkle_hash_node(tree->hashes[level], carry, carry);
		level++;
	}
	memcpy(tree->hashes[level], carry, MERKLE_HASH_LENGTH);
	tree->size += leaves;
}

/*
 * The tree hash of what was added so far; the tree may grow further.
 */
void
aidcase_merkle_finish(const MerkleTree *tree, uint8 *root)
{
	bool		started = false;
	int			level;

	for (level = 0; level < MERKLE_MAX_LEVELS; level++)
	{
		if ((tree->size & (UINT64CONST(1) << level)) == 0)
			continue;
		if (started)
			aidcase_merkle_hash_node(tree->hashes[level], root, root);
		else
			memcpy(root, tree->hashes[level], MERKLE_HASH_LENGTH);
		started = true;
	}
	if (!started)
		aidcase_sha256(NULL, 0, NULL, 0, root);
}

/*
 * The largest power of two below size: where the RFC cuts a tree of that
 * size in two.  Needs size > 1.
 */
static uint64
largest_power_below(uint64 size)
{
	uint64		power = 1;

	while (power < size - power)
		power <<= 1;
	return power;
}

/*
 * Puts ranges into reverse order.
 */
static void
reverse_ranges(MerkleRange *ranges, int n)
{
	int			i;

	for (i = 0; i < n / 2; i++)
	{
		MerkleRange other = ranges[i];

		ranges[i] = ranges[n - 1 - i];
		ranges[n - 1 - i] = other;
	}
}

/*
 * The ranges of an inclusion proof, PATH(m, D[n]) of RFC 6962.
 *
 * Walks from the root to the leaf and notes the half that the leaf is not
 * in; a proof lists them from the leaf to the root.
 */
int
aidcase_merkle_inclusion_ranges(uint64 leaf_index, uint64 tree_size,
								MerkleRange *ranges)
{
	uint64		begin = 0;
	uint64		end = tree_size;
	int			n = 0;

	Assert(leaf_index < tree_size);
	while (end - begin > 1)
	{
		uint64		cut = begin + largest_power_below(end - begin);

		if (leaf_index < cut)
		{
			ranges[n].begin = cut;
			ranges[n++].end = end;
			end = cut;
		}
		else
		{
			ranges[n].begin = begin;
			ranges[n++].end = cut;
			begin = cut;
		}
	}
	reverse_ranges(ranges, n);
	return n;
}

/*
 * The ranges of a consistency proof, PROOF(m, D[n]) of RFC 6962.
 *
 * Walks from the root to the last complete subtree that both trees share.
 * That subtree is the first part, unless it is the whole of the first tree,
 * whose root the reader has.
 */
int
aidcase_merkle_consistency_ranges(uint64 size1, uint64 size2,
								  MerkleRange *ranges)
{
	uint64		begin = 0;
	uint64		end = size2;
	int			n = 0;

	Assert(size1 > 0 && size1 <= size2);
	while (size1 < end)
	{
		uint64		cut = begin + largest_power_below(end - begin);

		if (size1 <= cut)
		{
			ranges[n].begin = cut;
			ranges[n++].end = end;
			end = cut;
		}
		else
		{
			ranges[n].begin = begin;
			ranges[n++].end = cut;
			begin = cut;
		}
	}
	if (begin > 0)
	{
		ranges[n].begin = begin;
		ranges[n++].end = end;
	}
	reverse_ranges(ranges, n);
	return n;
}

/*
 * Checks an inclusion proof (RFC 9162, 2.1.3.2).
 *
 * place is the position, on the present level, of the node over our leaf,
 * last that of the rightmost node.
 */
bool
aidcase_merkle_included(const uint8 *leaf_hash, uint64 leaf_index,
						uint64 tree_size, const MerkleProof *proof,
						const uint8 *root)
{
	uint8		hash[MERKLE_HASH_LENGTH];
	uint64		place = leaf_index;
	uint64		last;
	int			i;

	if (leaf_index >= tree_size)
		return false;

	last = tree_size - 1;
	memcpy(hash, leaf_hash, MERKLE_HASH_LENGTH);
	for (i = 0; i < proof->nparts; i++)
	{
		if (last == 0)
			return false;		/* above the root */
		if ((place & 1) != 0 || place == last)
		{
			aidcase_merkle_hash_node(proof->parts[i], hash, hash);
			/* a rightmost node without a sibling moves up as it is */
			while ((place & 1) == 0 && place != 0)
			{
				place >>= 1;
				last >>= 1;
			}
		}
		else
			aidcase_merkle_hash_node(hash, proof->parts[i], hash);
		place >>= 1;
		last >>= 1;
	}
	return last == 0 && same_hash(hash, root);
}

/*
 * Checks a consistency proof (RFC 9162, 2.1.4.2).
 *
 * The RFC leaves out the empty first tree.  It begins every tree, so we
 * accept it with its own root and an empty proof.
 */
bool
aidcase_merkle_consistent(uint64 size1, uint64 size2, const uint8 *root1,
						  const uint8 *root2, const MerkleProof *proof)
{
	uint8		hash1[MERKLE_HASH_LENGTH];
	uint8		hash2[MERKLE_HASH_LENGTH];
	uint64		place;
	uint64		last;
	int			i = 0;

	if (size1 > size2)
		return false;
	if (size1 == 0)
	{
		aidcase_sha256(NULL, 0, NULL, 0, hash1);
		return proof->nparts == 0 && same_hash(root1, hash1) &&
			(size2 > 0 || same_hash(root2, hash1));
	}
	if (size1 == size2)
		return proof->nparts == 0 && same_hash(root1, root2);

	place = size1 - 1;
	last = size2 - 1;
	while ((place & 1) != 0)
	{
		place >>= 1;
		last >>= 1;
	}

	/* a complete first tree is its own shared subtree */
	if (place == 0)
		memcpy(hash1, root1, MERKLE_HASH_LENGTH);
	else
	{
		if (proof->nparts == 0)
			return false;
		memcpy(hash1, proof->parts[i++], MERKLE_HASH_LENGTH);
	}
	memcpy(hash2, hash1, MERKLE_HASH_LENGTH);

	for (; i < proof->nparts; i++)
	{
		if (last == 0)
			return false;		/* above the root */
		if ((place & 1) != 0 || place == last)
		{
			aidcase_merkle_hash_node(proof->parts[i], hash1, hash1);
			aidcase_merkle_hash_node(proof->parts[i], hash2, hash2);
			while ((place & 1) == 0 && place != 0)
			{
				place >>= 1;
				last >>= 1;
			}
		}
		else
			aidcase_merkle_hash_node(hash2, proof->parts[i], hash2);
		place >>= 1;
		last >>= 1;
	}
	return last == 0 && same_hash(hash1, root1) && same_hash(hash2, root2);
}

/*
 * The bytes of a hash that was handed in, or an error that names it.  The
 * result lies in value or in palloc'd memory.
 */
static const uint8 *
hash_argument(Datum value, const char *name)
{
	bytea	   *bytes = DatumGetByteaPP(value);
	int			length = (int) VARSIZE_ANY_EXHDR(bytes);

	if (length != MERKLE_HASH_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is not a SHA-256 hash", name),
				 errdetail_plural("It has %d byte, but a hash has %d.",
								  "It has %d bytes, but a hash has %d.",
								  length, length, MERKLE_HASH_LENGTH),
				 errhint("Leaf hashes come from merkle_leaf_hash(), roots from merkle_root().")));
	return (const uint8 *) VARDATA_ANY(bytes);
}

/*
 * A number of leaves or a leaf's index that was handed in, or an error.
 */
static uint64
count_argument(int64 value, const char *name)
{
	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative", name),
				 errdetail("It is " INT64_FORMAT ".", value),
				 errhint("Leaves are numbered from 0; an empty tree has size 0.")));
	return (uint64) value;
}

/*
 * The hashes of a one-dimensional array without NULLs, or an error.  The
 * result is palloc'd and points into the array.
 */
static const uint8 **
hash_array_argument(ArrayType *array, const char *name, const char *element,
					int *nhashes)
{
	const uint8 **hashes;
	Datum	   *values;
	int			i;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have one dimension", name),
				 errdetail("It has %d dimensions.", ARR_NDIM(array)),
				 errhint("Give a plain list of hashes, such as ARRAY[hash1, hash2].")));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", name),
				 errdetail("Every hash must be known."),
				 errhint("Look for the missing hash; leaving it out would give another tree.")));
	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT,
					  &values, NULL, nhashes);
	hashes = (const uint8 **) palloc(sizeof(uint8 *) * Max(*nhashes, 1));
	for (i = 0; i < *nhashes; i++)
		hashes[i] = hash_argument(values[i], element);
	pfree(values);
	return hashes;
}

/*
 * Reads a proof that was handed in.  Returns false if it has more parts than
 * any proof can have.
 */
static bool
proof_argument(ArrayType *array, MerkleProof *proof)
{
	const uint8 **parts;

	parts = hash_array_argument(array, "proof", "part of the proof",
								&proof->nparts);
	if (proof->nparts > MERKLE_MAX_PARTS)
		return false;
	memcpy(proof->parts, parts, sizeof(uint8 *) * proof->nparts);
	return true;
}

/*
 * The tree hashes of ranges of the given leaf hashes, as an array.
 */
static ArrayType *
hash_ranges(const uint8 **leaves, const MerkleRange *ranges, int nranges)
{
	Datum		parts[MERKLE_MAX_PARTS];
	int			i;

	for (i = 0; i < nranges; i++)
	{
		MerkleTree	tree;
		uint8		hash[MERKLE_HASH_LENGTH];
		uint64		leaf;

		aidcase_merkle_init(&tree);
		for (leaf = ranges[i].begin; leaf < ranges[i].end; leaf++)
		{
			CHECK_FOR_INTERRUPTS();
			aidcase_merkle_add(&tree, leaves[leaf]);
		}
		aidcase_merkle_finish(&tree, hash);
		parts[i] = aidcase_hash_datum(hash);
	}
	return construct_array(parts, nranges, BYTEAOID, -1, false, TYPALIGN_INT);
}

/*
 * A hash as a bytea in palloc'd memory.
 */
Datum
aidcase_hash_datum(const uint8 *hash)
{
	bytea	   *result = (bytea *) palloc(VARHDRSZ + MERKLE_HASH_LENGTH);

	SET_VARSIZE(result, VARHDRSZ + MERKLE_HASH_LENGTH);
	memcpy(VARDATA(result), hash, MERKLE_HASH_LENGTH);
	return PointerGetDatum(result);
}

/*
 * merkle_leaf_hash(bytea) returns bytea
 */
Datum
aidcase_merkle_leaf_hash(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(0);
	uint8		hash[MERKLE_HASH_LENGTH];

	aidcase_merkle_hash_leaf(VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data), hash);
	PG_RETURN_DATUM(aidcase_hash_datum(hash));
}

/*
 * Transition function of merkle_root(bytea): appends a leaf.  The tree lives
 * in the aggregate's context.
 */
Datum
aidcase_merkle_root_add(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MerkleTree *tree;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "transition function of merkle_root called outside an aggregate");

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("leaf hash must not be NULL"),
				 errdetail("Every hash of a tree must be known."),
				 errhint("Leave rows without a hash out with FILTER only if they are no leaves.")));

	if (PG_ARGISNULL(0))
	{
		tree = (MerkleTree *) MemoryContextAlloc(context, sizeof(MerkleTree));
		aidcase_merkle_init(tree);
	}
	else
		tree = (MerkleTree *) PG_GETARG_POINTER(0);

	aidcase_merkle_add(tree, hash_argument(PG_GETARG_DATUM(1), "leaf hash"));
	PG_RETURN_POINTER(tree);
}

/*
 * Final function of merkle_root(bytea).  It leaves the tree as it is, so
 * that the aggregate also works as a window function.
 */
Datum
aidcase_merkle_root_done(PG_FUNCTION_ARGS)
{
	uint8		root[MERKLE_HASH_LENGTH];

	if (PG_ARGISNULL(0))
	{
		MerkleTree	empty;

		aidcase_merkle_init(&empty);
		aidcase_merkle_finish(&empty, root);
	}
	else
		aidcase_merkle_finish((MerkleTree *) PG_GETARG_POINTER(0), root);
	PG_RETURN_DATUM(aidcase_hash_datum(root));
}

/*
 * merkle_inclusion_path(leaf_hashes bytea[], leaf_index bigint)
 */
Datum
aidcase_merkle_inclusion_path(PG_FUNCTION_ARGS)
{
	int64		leaf_index = PG_GETARG_INT64(1);
	MerkleRange ranges[MERKLE_MAX_PARTS];
	const uint8 **leaves;
	int			n;
	int			nranges;

	leaves = hash_array_argument(PG_GETARG_ARRAYTYPE_P(0), "leaf_hashes",
								 "leaf hash", &n);
	if (count_argument(leaf_index, "leaf_index") >= (uint64) n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("leaf_index is outside the tree"),
				 errdetail_plural("It is " INT64_FORMAT ", but the tree has %d leaf.",
								  "It is " INT64_FORMAT ", but the tree has %d leaves.",
								  n, leaf_index, n),
				 errhint("Leaves are numbered from 0.")));
	nranges = aidcase_merkle_inclusion_ranges((uint64) leaf_index, (uint64) n,
											  ranges);
	PG_RETURN_ARRAYTYPE_P(hash_ranges(leaves, ranges, nranges));
}

/*
 * merkle_consistency_path(leaf_hashes bytea[], size1 bigint)
 */
Datum
aidcase_merkle_consistency_path(PG_FUNCTION_ARGS)
{
	int64		size1 = PG_GETARG_INT64(1);
	MerkleRange ranges[MERKLE_MAX_PARTS];
	const uint8 **leaves;
	int			n;
	int			nranges = 0;

	leaves = hash_array_argument(PG_GETARG_ARRAYTYPE_P(0), "leaf_hashes",
								 "leaf hash", &n);
	if (count_argument(size1, "size1") > (uint64) n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("size1 is greater than the tree"),
				 errdetail_plural("It is " INT64_FORMAT ", but the tree has %d leaf.",
								  "It is " INT64_FORMAT ", but the tree has %d leaves.",
								  n, size1, n),
				 errhint("Give the size of an earlier state of the same tree.")));
	if (size1 > 0)
		nranges = aidcase_merkle_consistency_ranges((uint64) size1, (uint64) n,
													ranges);
	PG_RETURN_ARRAYTYPE_P(hash_ranges(leaves, ranges, nranges));
}

/*
 * verify_inclusion(leaf_hash bytea, leaf_index bigint, tree_size bigint,
 * proof bytea[], root bytea) returns boolean
 */
Datum
aidcase_verify_inclusion(PG_FUNCTION_ARGS)
{
	const uint8 *leaf_hash = hash_argument(PG_GETARG_DATUM(0), "leaf_hash");
	uint64		leaf_index = count_argument(PG_GETARG_INT64(1), "leaf_index");
	uint64		tree_size = count_argument(PG_GETARG_INT64(2), "tree_size");
	const uint8 *root = hash_argument(PG_GETARG_DATUM(4), "root");
	MerkleProof proof;

	PG_RETURN_BOOL(proof_argument(PG_GETARG_ARRAYTYPE_P(3), &proof) &&
				   aidcase_merkle_included(leaf_hash, leaf_index, tree_size,
										   &proof, root));
}

/*
 * verify_consistency(size1 bigint, size2 bigint, root1 bytea, root2 bytea,
 * proof bytea[]) returns boolean
 */
Datum
aidcase_verify_consistency(PG_FUNCTION_ARGS)
{
	uint64		size1 = count_argument(PG_GETARG_INT64(0), "size1");
	uint64		size2 = count_argument(PG_GETARG_INT64(1), "size2");
	const uint8 *root1 = hash_argument(PG_GETARG_DATUM(2), "root1");
	const uint8 *root2 = hash_argument(PG_GETARG_DATUM(3), "root2");
	MerkleProof proof;

	PG_RETURN_BOOL(proof_argument(PG_GETARG_ARRAYTYPE_P(4), &proof) &&
				   aidcase_merkle_consistent(size1, size2, root1, root2,
											 &proof));
}
