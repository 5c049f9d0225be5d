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
 * by zmalloc_zone_remove().  zmalloc cannot see a mistake; it shows as figures that are wrong.
 *
 * The zone NULL counts nothing: zmalloc_in(NULL, size) is zmalloc(size).  No other pointer than
 * NULL and those that zmalloc_zone_create() returned is a zone; the program must not read memory
 * there.
 *
 * The rules of zmalloc.h hold for these functions, those for out of memory among them.
 * zmalloc_report() (stats.h) reports all zones.
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

/* Creates a zone.  There may be any number of them; a name may be used more than once.  The zone
 * has a copy of the name, any bytes, for reports; of a longer name 100 bytes, or a few less if that
 * would cut a character of UTF-8.  Returns NULL and sets errno if the name is NULL (EINVAL) or
 * there is no memory (ENOMEM).  Not for signal handlers. */
zmalloc_zone_t *zmalloc_zone_create(const char *name_);

/* Destroys a zone without blocks.  Returns 0; or returns -1 and sets errno if it has blocks (EBUSY)
 * or is none (EINVAL), and then does nothing.  After it, a new zone may be the same pointer.  Not
 * for signal handlers. */
int zmalloc_zone_destroy(zmalloc_zone_t *zone_);

/* Return the sum of zmalloc_size() over the zone's blocks, in bytes, and their number; 0 for what
 * is no zone.  They are exact whenever no other call is in progress, take no lock, and take time in
 * proportion to the largest number of threads that there were at once.  Async-signal-safe. */
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

/* Counts a block that any function of zmalloc.h returned, and that is in no zone, in this one; and
 * no longer.  So aligned blocks and copies of strings come into a zone, and a block can change its
 * zone.  They do nothing for NULL. */
void zmalloc_zone_add(zmalloc_zone_t *zone_, const void *ptr_);
void zmalloc_zone_remove(zmalloc_zone_t *zone_, const void *ptr_);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ZONE_H_ */
