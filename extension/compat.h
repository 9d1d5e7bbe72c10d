/*-------------------------------------------------------------------------
 *
 * compat.h
 *		One spelling for what differs between PostgreSQL 15 and 18.
 *
 * The code is written for the newest names; this file maps older servers to
 * them.  No other file tests PG_VERSION_NUM.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AIDCASE_COMPAT_H
#define AIDCASE_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "aidcase needs PostgreSQL 15 or later"
#endif

#include "utils/datetime.h"
#include "utils/guc.h"

#if PG_VERSION_NUM >= 160000
#include "utils/guc_hooks.h"
#include "varatt.h"

#define aidcase_make_range(type, lower, upper, empty) \
	make_range(type, lower, upper, empty, NULL)

static inline int
aidcase_decode_datetime(char **field, int *ftype, int nf, int *dtype,
						struct pg_tm *tm, fsec_t *fsec, int *tz)
{
	DateTimeErrorExtra extra;

	return DecodeDateTime(field, ftype, nf, dtype, tm, fsec, tz, &extra);
}
#else
/* before 16 there are no soft errors: each is raised where it is found */
#define ereturn(context, dummy_value, ...)	ereport(ERROR, __VA_ARGS__)
/* before 16 the extra data of a setting is plain malloc'd memory */
#define guc_malloc(elevel, size)	malloc(size)
#define aidcase_decode_datetime		DecodeDateTime
#define aidcase_make_range			make_range
#endif

/* since 18 this comes before the declaration, as C11's _Noreturn does */
#if PG_VERSION_NUM < 180000
#define pg_noreturn		pg_attribute_noreturn()
#endif

/* since 18 a primary key may be deferrable, and bytes in base64 are uint8 */
#if PG_VERSION_NUM < 180000
#define RelationGetPrimaryKeyIndex(rel, deferrable_ok) \
	RelationGetPrimaryKeyIndex(rel)
#define pg_b64_encode(src, len, dst, dstlen) \
	pg_b64_encode((const char *) (src), len, dst, dstlen)
#define pg_b64_decode(src, len, dst, dstlen) \
	pg_b64_decode(src, len, (char *) (dst), dstlen)
#endif

/* since 18 an index scan takes a place for its instrumentation */
#if PG_VERSION_NUM >= 180000
#define aidcase_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define aidcase_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

#endif							/* AIDCASE_COMPAT_H */
