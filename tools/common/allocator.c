#include "tools/common/allocator.h"

#include <stdbool.h>
#include <string.h>

enum { MOST_INSIDE = 16 }; /* frames between the sampler and malloc */

/* Whether programs call it for a block.  A name may go on with "(size_t)" or ".cold". */
static bool is_allocation(const char *function) {
    static const char *const names[] = {
        "malloc",         "calloc",       "realloc",        "reallocarray", "aligned_alloc",
        "posix_memalign", "memalign",     "valloc",         "pvalloc",      "zcalloc",
        "zcalloc_in",     "zcalloc_num",  "zcalloc_usable", "zrealloc",     "zrealloc_in",
        "zstrdup",        "operator new", "operator new[]",
    };
    static const char *const beginnings[] = {"zmalloc", "ztrymalloc", "ztrycalloc", "ztryrealloc",
                                             "zrealloc_"};
    const size_t length = strcspn(function, "(.");
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strlen(names[i]) == length && memcmp(names[i], function, length) == 0) return true;
    }
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
        if (strncmp(function, beginnings[i], strlen(beginnings[i])) == 0) return true;
    }
    return false;
}

/* malloc may end with a jump to one of these: then it has no frame of its own. */
static bool is_inside_allocation(const char *function) {
    static const char *const beginnings[] = {
        "zm_compat_",
        "zm_count_new_block",
        "zm_count_aligned",
        "zm_count_growth",
        "count_new_block_with_care",
        "zm_slow_std_malloc",
        "slow_malloc",
        "slow_calloc",
        "slow_realloc",
        "slow_std_malloc",
        "realloc_with_care",
        "count_change",
        "tcmalloc_private_",
    };
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
        if (strncmp(function, beginnings[i], strlen(beginnings[i])) == 0) return true;
    }
    return false;
}

/* The frames up to the last such function, near the sampler. */
static size_t frames_inside(struct frame *const *frames, size_t depth) {
    size_t inside = 0;
    for (size_t i = 0; i < depth && i < MOST_INSIDE / 2; i++) {
        if (is_inside_allocation(frames[i]->function)) inside = i + 1;
    }
    return inside < depth ? inside : 0;
}

size_t allocator_frames(struct frame *const *frames, size_t depth) {
    size_t at = 0;
    while (at < depth && at < MOST_INSIDE && !is_allocation(frames[at]->function)) at++;
    if (at == depth || at == MOST_INSIDE) return frames_inside(frames, depth);
    /* operator new calls malloc, and zcalloc another. */
    while (at < depth && is_allocation(frames[at]->function)) at++;
    return at < depth ? at : depth - 1;
}
