#include "zmalloc/defrag.h"

#include <string.h>
#include <time.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/inherited.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/zmalloc.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

bool zmalloc_defrag_supported(void) { return zm_backend_can_defrag(); }

/* A child of fork would copy pages for nothing. */
static bool may_move(void) { return zm_backend_can_defrag() && !zm_in_fork_child(); }

bool zmalloc_should_defrag(const void *ptr) {
    bool should = false;
    size_t usable;
    if (zm_null_or_sampled(ptr) && zm_sampled_usable_size(ptr, &usable)) return false;
    if (may_move()) zm_backend_should_defrag(&ptr, 1, &should);
    return should;
}

/* Looks at each block alone: allocators must not be asked about sampled blocks. */
static void look_at_each(const void *const *ptrs, size_t count, bool *should) {
    for (size_t i = 0; i < count; i++) should[i] = zmalloc_should_defrag(ptrs[i]);
}

int zmalloc_should_defrag_batch(const void *const *ptrs, size_t count, bool *should) {
    int sum = 0;
    if (!zm_backend_can_defrag()) return -1;
    if (zm_sampling() || zm_in_fork_child()) {
        look_at_each(ptrs, count, should);
    } else {
        zm_backend_should_defrag(ptrs, count, should);
    }
    for (size_t i = 0; i < count; i++) sum += should[i];
    return sum;
}

/* Both calls bypass the thread cache: a cached block may lie in an equally sparse slab,
 * and if the freed block went into the cache, the old slab would stay in use. */
static void *move(void *ptr) {
    size_t usable = zmalloc_usable_size(ptr);
    void *to = ztrymalloc_with_flags(usable, ZM_BACKEND_NO_TCACHE);
    if (to == NULL) return NULL;
    memcpy(to, ptr, usable);
    zfree_no_tcache(ptr);
    return to;
}

void *zmalloc_defrag(void *ptr) { return zmalloc_should_defrag(ptr) ? move(ptr) : NULL; }

/* ---- Scanner ----------------------------------------------------------- */

static uint64_t now_microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Refreshes the statistics and returns the small-bin waste in bytes. */
static int64_t waste(void) {
    struct zm_allocator_stats stats = {.known = 0};
    (void)zm_backend_stats(ZM_ALL_ARENAS, true, &stats);
    return (int64_t)stats.frag_smallbins;
}

static void look_at(const zmalloc_defrag_cursor_t *cursor, void *ptr,
                    zmalloc_defrag_stats_t *stats) {
    stats->scanned++;
    void *to = zmalloc_defrag(ptr);
    if (to == NULL) return;
    stats->moved++;
    stats->moved_bytes += zmalloc_usable_size(to);
    cursor->moved(cursor->arg, ptr, to);
}

static enum zmalloc_defrag_result scan(const zmalloc_defrag_cursor_t *cursor,
                                       const zmalloc_defrag_budget_t *budget,
                                       zmalloc_defrag_stats_t *stats) {
    enum { BLOCKS_PER_CLOCK = 16 };
    uint64_t end = budget->microseconds != 0 ? now_microseconds() + budget->microseconds : 0;
    for (size_t blocks = 0; budget->blocks == 0 || blocks < budget->blocks; blocks++) {
        if (end != 0 && blocks % BLOCKS_PER_CLOCK == BLOCKS_PER_CLOCK - 1 &&
            now_microseconds() >= end) {
            return ZMALLOC_DEFRAG_MORE;
        }
        void *ptr = cursor->next(cursor->arg);
        if (ptr == NULL) {
            stats->passes++;
            return ZMALLOC_DEFRAG_PASS_DONE;
        }
        look_at(cursor, ptr, stats);
    }
    return ZMALLOC_DEFRAG_MORE;
}

enum zmalloc_defrag_result zmalloc_defrag_step(const zmalloc_defrag_cursor_t *cursor,
                                               const zmalloc_defrag_budget_t *budget,
                                               zmalloc_defrag_stats_t *stats) {
    static const zmalloc_defrag_budget_t no_limit;
    zmalloc_defrag_stats_t unwanted = {.scanned = 0};
    if (!zm_backend_can_defrag()) return ZMALLOC_DEFRAG_UNSUPPORTED;
    if (budget == NULL) budget = &no_limit;
    if (stats == NULL) return scan(cursor, budget, &unwanted);
    int64_t before = waste();
    enum zmalloc_defrag_result result = scan(cursor, budget, stats);
    stats->gained_bytes += before - waste();
    return result;
}
