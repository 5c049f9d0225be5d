#include "zmalloc/zmalloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zmalloc/accounting/accounting.h"
#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"
#include "zmalloc/features.h"
#include "zmalloc/guard/sampled.h"
#include "zmalloc/oom.h"
#include "zmalloc/os/os.h"

/* After the allocator's own, in whose place it may put others. */
#include "guarded.h"

/* Requests from here on cannot be met; below, adding a prefix or an alignment
 * does not overflow. */
#define REQUEST_LIMIT (SIZE_MAX / 2)

/* ---- Out of memory ---------------------------------------------------- */

static void default_oom_handler(size_t size) {
    fprintf(stderr, "zmalloc: Out of memory trying to allocate %zu bytes\n", size);
    fflush(stderr);
    abort();
}

static void (*_Atomic oom_handler)(size_t) = default_oom_handler;

void zmalloc_set_oom_handler(void (*handler)(size_t)) {
    atomic_store(&oom_handler, handler != NULL ? handler : default_oom_handler);
}

/* Out of line: no caller's fast path should hold it. */
__attribute__((noinline, cold)) void *zm_out_of_memory(size_t size) {
    void (*handler)(size_t) = atomic_load(&oom_handler);
    handler(size);
    return NULL;
}

/* ---- Counting --------------------------------------------------------- */

/* Backends take 0 bytes in malloc and calloc alone; a pointer's worth is what fits the
 * smallest block anyway. */
static inline size_t at_least_one(size_t size) { return size != 0 ? size : sizeof(long); }

/* Counts a new block.  Returns it, or a sampled one, and its usable size, or 0, in
 * *usable. */
static inline void *counted_new(void *ptr, size_t size, size_t *usable) {
    if (ptr == NULL) {
        *usable = 0;
        return NULL;
    }
    *usable = size;
    return zm_counted(ptr, size + ZM_BACKEND_PREFIX);
}

/* The same of a block that is in a place of its own, which a sampled one would not be. */
static inline void *counted_particular(void *ptr, size_t size) {
    if (ptr != NULL) zm_count_allocated(size + ZM_BACKEND_PREFIX);
    return ptr;
}

static inline void counted_free(size_t usable) { zm_count_freed(usable + ZM_BACKEND_PREFIX); }

/* ---- Allocate --------------------------------------------------------- */

static inline void *try_malloc(size_t size, size_t *usable) {
    size_t got = 0;
    void *ptr = zm_backend_malloc(size, &got);
    return counted_new(ptr, got, usable);
}

static inline void *try_calloc(size_t size, size_t *usable) {
    size_t got = 0;
    void *ptr = zm_backend_calloc(size, &got);
    return counted_new(ptr, got, usable);
}

void *ztrymalloc(size_t size) { return zm_backend_counted_try_malloc(size); }

void *zmalloc(size_t size) { return zm_backend_counted_malloc(size); }

void *ztrymalloc_usable(size_t size, size_t *usable) {
    size_t got;
    void *ptr = try_malloc(size, &got);
    if (usable != NULL) *usable = got;
    return extend_to_usable(ptr, got);
}

void *zmalloc_usable(size_t size, size_t *usable) {
    void *ptr = ztrymalloc_usable(size, usable);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

void *ztrycalloc(size_t size) { return zm_backend_counted_try_calloc(size); }

void *zcalloc(size_t size) { return zm_backend_counted_calloc(size); }

void *ztrycalloc_usable(size_t size, size_t *usable) {
    size_t got;
    void *ptr = try_calloc(size, &got);
    if (usable != NULL) *usable = got;
    return extend_to_usable(ptr, got);
}

void *zcalloc_usable(size_t size, size_t *usable) {
    void *ptr = ztrycalloc_usable(size, usable);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

/* num * size, or SIZE_MAX, which cannot be met, when that overflows. */
static inline size_t product(size_t num, size_t size) {
    size_t bytes;
    return __builtin_mul_overflow(num, size, &bytes) ? SIZE_MAX : bytes;
}

void *ztrycalloc_num(size_t num, size_t size) { return ztrycalloc(product(num, size)); }

void *zcalloc_num(size_t num, size_t size) { return zcalloc(product(num, size)); }

static void *try_aligned(size_t alignment, size_t size) {
    size_t got = 0;
    void *ptr = NULL;
    if (alignment != 0 && (alignment & (alignment - 1)) == 0 && alignment < REQUEST_LIMIT &&
        size < REQUEST_LIMIT - alignment) {
        ptr = zm_backend_aligned(alignment, at_least_one(size), &got);
    }
    return counted_particular(ptr, got);
}

void *ztrymalloc_aligned(size_t alignment, size_t size) { return try_aligned(alignment, size); }

void *zmalloc_aligned(size_t alignment, size_t size) {
    void *ptr = try_aligned(alignment, size);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

void *zmalloc_cache_aligned(size_t size) {
    size_t padded = size;
    if (size < REQUEST_LIMIT)
        padded = (at_least_one(size) + CACHE_LINE_SIZE - 1) / CACHE_LINE_SIZE * CACHE_LINE_SIZE;
    void *ptr = try_aligned(CACHE_LINE_SIZE, padded);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

/* ---- Reallocate ------------------------------------------------------- */

/* What a realloc came to. */
enum outcome { MOVED_OR_KEPT, FREED, FAILED };

/* Out of line, as many a realloc leaves a block as it is.  Returns `ptr`. */
__attribute__((noinline)) static void *count_change(void *ptr, size_t usable, size_t old_usable) {
    if (usable > old_usable) {
        zm_count_allocated(usable - old_usable);
    } else {
        zm_count_freed(old_usable - usable);
    }
    return ptr;
}

/* Counts a resized block. */
static inline enum outcome counted_resize(void **ptr, void *resized, size_t usable,
                                          size_t old_usable) {
    if (resized == NULL) return FAILED;
    *ptr = usable == old_usable ? resized : count_change(resized, usable, old_usable);
    return MOVED_OR_KEPT;
}

/* Resizes *ptr, which changes only when that works; not NULL nor sampled. */
static inline enum outcome try_realloc_plain(void **ptr, size_t size, size_t *usable,
                                             size_t *old_usable) {
    *usable = 0;
    if (size == 0) {
        zfree_usable(*ptr, old_usable);
        *ptr = NULL;
        return FREED;
    }
    void *resized = zm_backend_realloc(*ptr, size, usable, old_usable);
    return counted_resize(ptr, resized, *usable, *old_usable);
}

/* The same of any.  A sampled block moves: its place is no use for another size. */
static enum outcome try_realloc(void **ptr, size_t size, size_t *usable, size_t *old_usable) {
    if (!zm_is_seldom(*ptr) || !zm_seldom_size(*ptr, old_usable) || (size == 0 && *ptr != NULL)) {
        return try_realloc_plain(ptr, size, usable, old_usable);
    }
    void *moved = try_malloc(size, usable);
    if (moved == NULL) return FAILED;
    if (*ptr != NULL) memcpy(moved, *ptr, *usable < *old_usable ? *usable : *old_usable);
    (void)zm_seldom_freed(*ptr);
    *ptr = moved;
    return MOVED_OR_KEPT;
}

/* Out of line, so that the others need no frame for it. */
__attribute__((noinline)) static void *realloc_seldom(void *ptr, size_t size, bool tries) {
    size_t usable, old_usable;
    if (try_realloc(&ptr, size, &usable, &old_usable) != FAILED) return ptr;
    return tries ? NULL : zm_out_of_memory(size);
}

void *ztryrealloc(void *ptr, size_t size) {
    size_t usable, old_usable;
    if (zm_is_seldom(ptr)) return realloc_seldom(ptr, size, true);
    return try_realloc_plain(&ptr, size, &usable, &old_usable) == FAILED ? NULL : ptr;
}

void *zrealloc(void *ptr, size_t size) {
    size_t usable, old_usable;
    if (zm_is_seldom(ptr)) return realloc_seldom(ptr, size, false);
    if (__builtin_expect(try_realloc_plain(&ptr, size, &usable, &old_usable) == FAILED, 0)) {
        return zm_out_of_memory(size);
    }
    return ptr;
}

/* The usable forms differ only in what they do after a failure. */
static enum outcome realloc_usable(void **ptr, size_t size, size_t *usable, size_t *old_usable) {
    size_t now = 0, before;
    enum outcome outcome = try_realloc(ptr, size, &now, &before);
    if (usable != NULL) *usable = outcome == FAILED ? 0 : now;
    if (old_usable != NULL) *old_usable = before;
    return outcome;
}

void *ztryrealloc_usable(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    return realloc_usable(&ptr, size, usable, old_usable) == FAILED ? NULL : ptr;
}

void *zrealloc_usable(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    enum outcome outcome = realloc_usable(&ptr, size, usable, old_usable);
    return outcome != FAILED ? ptr : zm_out_of_memory(size);
}

char *zstrdup(const char *s) {
    size_t size = strlen(s) + 1;
    char *copy = zmalloc(size);
    return copy != NULL ? memcpy(copy, s, size) : NULL;
}

/* ---- Free ------------------------------------------------------------- */

void zfree(void *ptr) { zm_backend_counted_free(ptr); }

void zfree_usable(void *ptr, size_t *usable) {
    size_t had;
    if (zm_is_seldom(ptr) && zm_seldom_size(ptr, &had)) {
        (void)zm_seldom_freed(ptr);
    } else {
        zm_backend_free(ptr, &had);
        counted_free(had);
    }
    if (usable != NULL) *usable = had;
}

void zfree_with_size(void *ptr, size_t size) { zm_backend_counted_free_sized(ptr, size); }

void zlibc_free(void *ptr) { free(ptr); }

/* ---- Sizes ------------------------------------------------------------ */

size_t zmalloc_usable_size(const void *ptr) {
    size_t usable;
    return zm_is_seldom(ptr) && zm_seldom_size(ptr, &usable) ? usable : zm_backend_usable_size(ptr);
}

size_t zmalloc_size(const void *ptr) {
    return ptr != NULL ? zmalloc_usable_size(ptr) + ZM_BACKEND_PREFIX : 0;
}

void *extend_to_usable(void *ptr, size_t size) {
    (void)size; /* its attribute is what callers are after */
    return ptr;
}

/* ---- Flags ------------------------------------------------------------ */

void *ztrymalloc_with_flags(size_t size, int flags) {
    size_t got = 0;
    void *ptr = NULL;
    if (size < REQUEST_LIMIT) ptr = zm_backend_malloc_flags(at_least_one(size), flags, &got);
    return counted_particular(ptr, got);
}

void *zmalloc_with_flags(size_t size, int flags) {
    void *ptr = ztrymalloc_with_flags(size, flags);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

static void *move_sampled(void *ptr, size_t old_usable, size_t size, int flags) {
    void *moved = zmalloc_with_flags(size, flags);
    if (moved == NULL) return NULL;
    memcpy(moved, ptr, size < old_usable ? size : old_usable);
    (void)zm_seldom_freed(ptr);
    return moved;
}

void *zrealloc_with_flags(void *ptr, size_t size, int flags) {
    size_t usable = 0, old_usable = 0;
    if (ptr == NULL) return zmalloc_with_flags(size, flags);
    if (size == 0) {
        zfree_with_flags(ptr, flags);
        return NULL;
    }
    if (zm_is_seldom(ptr) && zm_seldom_size(ptr, &old_usable)) {
        return move_sampled(ptr, old_usable, size, flags);
    }
    void *resized = NULL;
    if (size < REQUEST_LIMIT) {
        resized = zm_backend_realloc_flags(ptr, size, flags, &usable, &old_usable);
    }
    enum outcome outcome = counted_resize(&ptr, resized, usable, old_usable);
    return outcome != FAILED ? ptr : zm_out_of_memory(size);
}

void zfree_with_flags(void *ptr, int flags) {
    size_t usable;
    if (zm_is_seldom(ptr) && zm_seldom_freed(ptr)) return;
    zm_backend_free_flags(ptr, flags, &usable);
    counted_free(usable);
}

void *zmalloc_no_tcache(size_t size) { return zmalloc_with_flags(size, ZM_BACKEND_NO_TCACHE); }

void zfree_no_tcache(void *ptr) { zfree_with_flags(ptr, ZM_BACKEND_NO_TCACHE); }

/* ---- Figures ---------------------------------------------------------- */

size_t zmalloc_used_memory(void) {
    /* Below zero only while another thread counts a free before we read the
     * allocation's count. */
    int64_t used = zm_accounted();
    return used > 0 ? (size_t)used : 0;
}

size_t zmalloc_peak_memory(void) {
    int64_t peak = zm_accounted_peak();
    return peak > 0 ? (size_t)peak : 0;
}

void zmalloc_peak_memory_reset(void) { zm_accounted_peak_reset(); }

const char *zmalloc_allocator_name(void) { return ZMALLOC_ALLOCATOR; }

/* ---- Giving memory back ----------------------------------------------- */

int zmalloc_purge(void) { return zm_backend_purge(); }

int zmalloc_background_purge(bool enable) { return zm_backend_background_purge(enable); }

int jemalloc_purge(void) { return zmalloc_purge(); }

void set_jemalloc_bg_thread(int enable) { (void)zmalloc_background_purge(enable != 0); }

void zlibc_trim(void) { (void)zm_libc_trim(); }

void zmadvise_dontneed(void *ptr) {
    if (ptr != NULL) zm_os_discard(ptr, zmalloc_usable_size(ptr));
}

void zmadvise_dontneed_range(void *ptr, size_t size) { zm_os_discard(ptr, size); }
