/* Zones (zmalloc/zone.h): exact bytes and blocks of parts of used memory.
 *
 * Each thread with a slot has a table with a counter for each zone, which only this thread writes.
 * The pointer to a zone is no address but the place of its counter in each table, in bytes.  So to
 * count takes three instructions: load the table, add the bytes, add 1.  A zone's figures are the
 * sums over all tables and of one shared counter, in which threads without a slot count.
 *
 * A table stays with its slot: a thread that exits leaves it as it is, and the next thread that
 * takes the slot goes on counting in it.  So a counter means nothing, and only the sum does.  No
 * counter is ever moved, and a reader never waits.
 *
 * Before a zone is created, the table of each live thread is made large enough for it, by another
 * table in its place.  The older table stays too, and is added up as well: its thread may be about
 * to write to it.
 *
 * For C and C++: the fast paths that are compiled together with an allocator count too.
 */
#ifndef ZMALLOC_CORE_ZONES_H_
#define ZMALLOC_CORE_ZONES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmalloc/core/accounting.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL is no zone: its counters are written and never read. */
struct zmalloc_zone_t;

struct zm_zone_counter {
    int64_t bytes, blocks; /* a thread's: atomic, written by it alone */
};

/* ---- Counting --------------------------------------------------------------- */

/* Adds to the counter of a thread that has a slot.  These are plain additions, so that each is one
 * instruction; the assembly keeps the compiler from joining both, which would take more. */
__attribute__((no_sanitize("thread"))) static inline void zm_add_to_zone(
    struct zm_slot *slot, const struct zmalloc_zone_t *zone, int64_t bytes, int64_t blocks) {
    char *table = __atomic_load_n(&slot->zones, __ATOMIC_RELAXED);
    ((struct zm_zone_counter *)(table + (uintptr_t)zone))->bytes += bytes;
    __asm__("" : "+r"(table));
    ((struct zm_zone_counter *)(table + (uintptr_t)zone))->blocks += blocks;
}

/* Adds to a zone, from any thread; used memory stays as it is. */
void zm_count_in_zone(const struct zmalloc_zone_t *zone, int64_t bytes, int64_t blocks);

/* As zm_count_new_block_slow_or_fail() and zm_count_freed_slow(); then they count in the zone.  In
 * this order of parameters jemalloc's fast path needs fewest instructions. */
void *zm_count_new_block_in_slow(const struct zmalloc_zone_t *zone, size_t bytes, size_t size,
                                 struct zm_slot *slot, void *ptr);
void zm_count_freed_in_slow(const struct zmalloc_zone_t *zone, struct zm_slot *slot, size_t bytes,
                            const void *ptr);

/* As zm_count_new_block_or_fail() and zm_count_freed(), for a block of a zone.  A thread without a
 * slot has no table: it takes the slow path, so it does not get there. */
static inline void *zm_count_new_block_in(void *ptr, size_t bytes, size_t size,
                                          const struct zmalloc_zone_t *zone) {
    struct zm_slot *slot = zm_thread_slot;
    if (zm_add_allocated(slot, bytes)) {
        return zm_count_new_block_in_slow(zone, bytes, size, slot, ptr);
    }
    zm_add_to_zone(slot, zone, (int64_t)bytes, 1);
    return ptr;
}

static inline void zm_count_freed_in(const void *ptr, size_t bytes,
                                     const struct zmalloc_zone_t *zone) {
    struct zm_slot *slot = zm_thread_slot;
    if (zm_add_freed(slot, bytes)) {
        zm_count_freed_in_slow(zone, slot, bytes, ptr);
        return;
    }
    zm_add_to_zone(slot, zone, -(int64_t)bytes, -1);
}

/* As zm_sampled_free(), for a block of a zone. */
bool zm_sampled_free_in(const struct zmalloc_zone_t *zone, void *ptr);

/* ---- The zones -------------------------------------------------------------- */

enum { ZM_ZONE_NAME = 101 }; /* bytes of a name, with its NUL */

/* Any thread may call these, in the child of a fork and in fork handlers as well. */

/* Creates a zone with a copy of the name.  A longer one is cut, before a character of UTF-8.  NULL:
 * there is no memory. */
struct zmalloc_zone_t *zm_zone_create(const char *name);

/* Returns 0; or EINVAL if there is no such zone, or EBUSY if it has blocks. */
int zm_zone_destroy(const struct zmalloc_zone_t *zone);

struct zm_zone_figures {
    size_t bytes, blocks;
};

/* A zone's figures.  Takes no lock, and is async-signal-safe. */
struct zm_zone_figures zm_zone_figures(const struct zmalloc_zone_t *zone);

struct zm_zone_row {
    bool exists;
    size_t id;
    struct zm_zone_figures figures;
    char name[ZM_ZONE_NAME];
};

/* Zones have the ids from 1 to this less 1; or not all of them do. */
size_t zm_zones_end(void);

enum { ZM_ZONE_ROWS = 8 };

/* Reads at most so many rows: that of the id `first` and the next ones. */
void zm_zone_rows(size_t first, struct zm_zone_row *rows, size_t count);

/* ---- For slots.c -------------------------------------------------------------- */

/* Whether there ever was a zone.  Call it with the lock. */
bool zm_zones_exist(void);

/* Gives a slot that is taken a table for all zones; false: there is no memory.  Call it with the
 * lock. */
bool zm_zones_provide(struct zm_slot *slot);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_ZONES_H_ */
