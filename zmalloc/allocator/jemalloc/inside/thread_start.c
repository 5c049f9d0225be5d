/* jemalloc's tsd.c, changed so that a thread can start when there is no memory.
 *
 * On its first call a thread gets an arena and a cache.  When there is no memory for them,
 * jemalloc continues without them and crashes on the next step (facebook/jemalloc#81).
 * Here such a thread stays in the state of a thread that has only freed so far: it
 * allocates from the first arena, without a cache, and its next call tries again.
 */
/* jemalloc needs this order. */
/* clang-format off */
#include "jemalloc/internal/jemalloc_preamble.h"
#include "jemalloc/internal/jemalloc_internal_includes.h"
/* clang-format on */

#include ZM_JEMALLOC_RELEASE_HEADER /* a file per release */

static bool has_arena(tsd_t *tsd) {
    /* The first thread starts while jemalloc initialises itself, which provides its arena. */
    return !malloc_initialized() || arena_choose(tsd, NULL) != NULL;
}

static bool has_cache(tsd_t *tsd) {
    if (opt_tcache && !je_release_has_room_for_cache(tsd)) return false;
    (void)tsd_tcache_enabled_data_init(tsd); /* not all releases return whether it worked */
    return !opt_tcache || tsd_tcachep_get_unsafe(tsd)->tcache_slow != NULL;
}

static bool start_thread(tsd_t *tsd) {
    if (has_arena(tsd) && has_cache(tsd)) return false;
    tsd_tcache_enabled_set(tsd, false);
    iarena_cleanup(tsd);
    arena_cleanup(tsd);
    tsd_state_set(tsd, tsd_state_minimal_initialized);
    *tsd_reentrancy_levelp_get(tsd) = 1;
    return true;
}

#undef tsd_tcache_enabled_data_init
#define tsd_tcache_enabled_data_init start_thread
#include "tsd.c"
