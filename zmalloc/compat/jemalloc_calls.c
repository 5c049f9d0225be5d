#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/defrag.h"
#include "zmalloc/zmalloc.h"

#define ZM_JEMALLOC_CALLS_THEMSELVES
#include "zmalloc/compat/jemalloc_calls.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

/* ---- Blocks ------------------------------------------------------------ */

void *zm_je_malloc(size_t size) { return ztrymalloc(size); }

void *zm_je_calloc(size_t num, size_t size) { return ztrycalloc_num(num, size); }

void *zm_je_realloc(void *ptr, size_t size) { return ztryrealloc(ptr, size); }

void *zm_je_mallocx(size_t size, int flags) { return ztrymalloc_with_flags(size, flags); }

void zm_je_free(void *ptr) { zfree(ptr); }

void zm_je_dallocx(void *ptr, int flags) { zfree_with_flags(ptr, flags); }

void zm_je_sdallocx(void *ptr, size_t size, int flags) {
    (void)size;
    zfree_with_flags(ptr, flags);
}

size_t zm_je_malloc_usable_size(JEMALLOC_USABLE_SIZE_CONST void *ptr) {
    return zmalloc_usable_size(ptr);
}

int zm_je_get_defrag_hint(void *ptr) { return zmalloc_should_defrag(ptr); }

/* ---- Questions about blocks ----------------------------------------------- */

#define UTILIZATION "experimental.utilization."
enum { DEPTH = 3 }; /* of the names that begin with it */

static bool has_utilization;      /* not every jemalloc has these names */
static size_t utilization[DEPTH]; /* the path of one */
static void *large_block;         /* NULL: there was no memory */

static void prepare(void) {
    size_t size, length = DEPTH, wanted = sizeof size;
    has_utilization = je_mallctlnametomib(UTILIZATION "query", utilization, &length) == 0;
    if (je_mallctl("arenas.lextent.0.size", &size, &wanted, NULL, 0) != 0) return;
    large_block = je_mallocx(size, 0);
}

static bool is_utilization(const size_t *mib, size_t length) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    return has_utilization && length == DEPTH && mib[0] == utilization[0] &&
           mib[1] == utilization[1];
}

/* The block about which to ask jemalloc in place of `ptr`.  For a block that must stay where it
 * is this is a large one, which nobody moves. */
static void *asked_about(void *ptr) {
    size_t usable;
    if (zm_null_or_sampled(ptr) && zm_sampled_usable_size(ptr, &usable)) return large_block;
    void *block = zm_backend_movable(ptr);
    return block != NULL ? block : large_block;
}

int zm_je_mallctlbymib(const size_t *mib, size_t length, void *old, size_t *old_size, void *new,
                       size_t new_size) {
    const size_t count = new_size / sizeof(void *);
    if (!is_utilization(mib, length) || old == NULL || old_size == NULL || new == NULL ||
        count == 0 || new_size % sizeof(void *) != 0 || *old_size % count != 0) {
        return je_mallctlbymib(mib, length, old, old_size, new, new_size);
    }
    for (size_t i = 0; i < count; i++) {
        void *block = asked_about(((void **)new)[i]);
        size_t size = *old_size / count;
        if (block == NULL) return EAGAIN;
        int error =
            je_mallctlbymib(mib, length, (char *)old + i * size, &size, &block, sizeof block);
        if (error != 0) return error;
    }
    return 0;
}

int zm_je_mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size) {
    size_t mib[DEPTH], length = DEPTH;
    if (strncmp(name, UTILIZATION, strlen(UTILIZATION)) != 0 ||
        je_mallctlnametomib(name, mib, &length) != 0) {
        return je_mallctl(name, old, old_size, new, new_size);
    }
    return zm_je_mallctlbymib(mib, length, old, old_size, new, new_size);
}

/* ---- Others ------------------------------------------------------------------ */

int zm_je_mallctlnametomib(const char *name, size_t *mib, size_t *length) {
    return je_mallctlnametomib(name, mib, length);
}

void zm_je_malloc_stats_print(void (*write)(void *, const char *), void *arg, const char *options) {
    je_malloc_stats_print(write, arg, options);
}

size_t zm_je_nallocx(size_t size, int flags) { return je_nallocx(size, flags); }
