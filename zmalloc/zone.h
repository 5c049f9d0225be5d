/* Zones: exact bytes and blocks of parts of a program, for callers that know a block's zone when
 * they free it.  docs/stats.md says what a zone costs.
 *
 *   zmalloc_zone_t *index = zmalloc_zone_create("index");
 *   char *key = zmalloc_in(index, 100);
 *   printf("%zu bytes in %zu blocks\n", zmalloc_zone_bytes(index), zmalloc_zone_blocks(index));
 *   zfree_in(index, key);
 *   zmalloc_zone_destroy(index);
 *
 * A zone only counts: its blocks are blocks like any other, and used memory counts them as well.
 * Each block must leave the zone that it is in: by zfree_in() or zrealloc_in() with that zone, or
 * by zmalloc_zone_remove().  zmalloc cannot see a mistake; the figures are then wrong.
 *
 * The zone NULL counts nothing: zmalloc_in(NULL, size) is zmalloc(size).  Only NULL and the
 * pointers that zmalloc_zone_create() returned are zones.  They do not point at memory that the
 * program may read.
 *
 * The rules of zmalloc.h hold for these functions, also those for out of memory.  zmalloc_report()
 * (stats.h) reports all zones.
 */
#ifndef ZMALLOC_ZONE_H_
#define ZMALLOC_ZONE_H_

#include <stddef.h>

#include "zmalloc/zmalloc.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

typedef struct zmalloc_zone_t zmalloc_zone_t;

/* ---- Zones ------------------------------------------------------------- */

/* Creates a zone.  There may be any number of them; a name may be used more than once.  For reports
 * the zone keeps a copy of the name, which may have any bytes.  It keeps at most 100 bytes, and a
 * few less if the cut would split a UTF-8 character.  Returns NULL and sets errno if the name is
 * NULL (EINVAL) or there is no memory (ENOMEM).  Not for signal handlers. */
zmalloc_zone_t *zmalloc_zone_create(const char *name_);

/* Destroys a zone that has no blocks, and returns 0.  If the zone has blocks (EBUSY) or is no zone
 * (EINVAL), does nothing, sets errno and returns -1.  A later zone may have the same pointer.  Not
 * for signal handlers. */
int zmalloc_zone_destroy(zmalloc_zone_t *zone_);

/* Return the sum of zmalloc_size() over the zone's blocks, in bytes, and their number; 0 if the
 * pointer is no zone.  The figures are exact whenever no other call is in progress.  The functions
 * take no lock; their time is in proportion to the largest number of threads that there were at
 * once.  Async-signal-safe. */
size_t zmalloc_zone_bytes(const zmalloc_zone_t *zone_);
size_t zmalloc_zone_blocks(const zmalloc_zone_t *zone_);

/* ---- Blocks in a zone --------------------------------------------------- */

/* As zmalloc, ztrymalloc, zcalloc and ztrycalloc. */
ZM_ATTR(__malloc__, __alloc_size__(2), __noinline__)
void *zmalloc_in(zmalloc_zone_t *zone_, size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(2), __noinline__)
void *ztrymalloc_in(zmalloc_zone_t *zone_, size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(2), __noinline__)
void *zcalloc_in(zmalloc_zone_t *zone_, size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(2), __noinline__)
void *ztrycalloc_in(zmalloc_zone_t *zone_, size_t size_);

/* As zrealloc and ztryrealloc: `ptr` is a block of the zone or NULL; a size of 0 frees the block.
 */
ZM_ATTR(__alloc_size__(3)) void *zrealloc_in(zmalloc_zone_t *zone_, void *ptr_, size_t size_);
ZM_ATTR(__alloc_size__(3)) void *ztryrealloc_in(zmalloc_zone_t *zone_, void *ptr_, size_t size_);

/* As zfree: `ptr` is a block of the zone or NULL. */
void zfree_in(zmalloc_zone_t *zone_, void *ptr_);

/* zmalloc_zone_add() puts a block into this zone: a block that any function of zmalloc.h returned,
 * and that is in no zone.  zmalloc_zone_remove() takes it out again.  So aligned blocks and copies
 * of strings can be in a zone, and a block can change its zone.  Both do nothing for NULL. */
void zmalloc_zone_add(zmalloc_zone_t *zone_, const void *ptr_);
void zmalloc_zone_remove(zmalloc_zone_t *zone_, const void *ptr_);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ZONE_H_ */
