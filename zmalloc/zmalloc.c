#include "zmalloc/zmalloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/libc.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/inherited.h"
#include "zmalloc/core/oom.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/traces.h"
#include "zmalloc/features.h"
#include "zmalloc/os/os.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

/* Requests of this size or more fail.  Below it, adding a prefix or an alignment does not
 * overflow. */
#define REQUEST_LIMIT (SIZE_MAX / 2)

/* ---- Out of memory ---------------------------------------------------- */

void zmalloc_set_oom_handler(void (*handler)(size_t)) { zm_set_oom_handler(handler); }

/* ---- Counting --------------------------------------------------------- */

/* Only malloc and calloc of a backend take a size of 0; other functions get the size of a
 * long instead, which fits into the smallest block. */
static inline size_t at_least_one(size_t size) { return size != 0 ? size : sizeof(long); }

/* Counts a new block of `size` usable bytes.  Returns this block, a sampled block in its place, or
 * NULL if `ptr` is NULL or exceeds the limit.  *usable is set to `size`; for NULL to 0. */
static inline void *count_new(void *ptr, size_t size, size_t *usable) {
    void *counted = ptr != NULL ? zm_count_new_block(ptr, size + ZM_BACKEND_PREFIX) : NULL;
    *usable = counted != NULL ? size : 0;
    return counted;
}

/* The same for a block with an alignment; or ZM_NOT_REPLACED, if its caller asked for an arena or
 * another property that a sampled block does not have. */
static inline void *count_aligned(void *ptr, size_t size, size_t alignment) {
    return ptr != NULL ? zm_count_aligned(ptr, size + ZM_BACKEND_PREFIX, alignment) : NULL;
}

static inline void count_free(const void *ptr, size_t usable) {
    zm_count_freed(ptr, usable + ZM_BACKEND_PREFIX);
}

/* ---- Allocate --------------------------------------------------------- */

static inline void *try_malloc(size_t size, size_t *usable) {
    size_t got = 0;
    void *ptr = zm_limit_refuses(size) ? NULL : zm_backend_malloc(size, &got);
    return count_new(ptr, got, usable);
}

static inline void *try_calloc(size_t size, size_t *usable) {
    size_t got = 0;
    void *ptr = zm_limit_refuses(size) ? NULL : zm_backend_calloc(size, &got);
    return count_new(ptr, got, usable);
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

/* num * size, or SIZE_MAX when that overflows; a request of SIZE_MAX fails. */
static inline size_t product(size_t num, size_t size) {
    size_t bytes;
    return __builtin_mul_overflow(num, size, &bytes) ? SIZE_MAX : bytes;
}

void *ztrycalloc_num(size_t num, size_t size) { return ztrycalloc(product(num, size)); }

void *zcalloc_num(size_t num, size_t size) { return zm_backend_counted_calloc(product(num, size)); }

static void *try_aligned(size_t alignment, size_t size) {
    size_t got = 0;
    void *ptr = NULL;
    if (alignment != 0 && (alignment & (alignment - 1)) == 0 && alignment < REQUEST_LIMIT &&
        size < REQUEST_LIMIT - alignment && !zm_limit_refuses(size)) {
        ptr = zm_backend_aligned(alignment, at_least_one(size), &got);
    }
    return count_aligned(ptr, got, alignment);
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

/* The outcome of a realloc. */
enum outcome { MOVED_OR_KEPT, FREED, FAILED };

/* Counts a changed usable size.  Returns the block to use: one that grew may become a sample.  Out
 * of line, because realloc often keeps the usable size. */
__attribute__((noinline)) static void *count_change(void *ptr, size_t usable, size_t old_usable) {
    if (usable > old_usable) {
        return zm_count_growth(ptr, usable - old_usable, usable + ZM_BACKEND_PREFIX);
    }
    zm_count_freed(NULL, old_usable - usable);
    return ptr;
}

/* The same for a block that already is a sample. */
static void count_change_of_sample(size_t usable, size_t old_usable) {
    if (usable > old_usable) zm_count_allocated(usable - old_usable);
    if (usable < old_usable) zm_count_freed(NULL, old_usable - usable);
}

/* Counts a resized block and stores it in *ptr; NULL: the realloc failed. */
static inline enum outcome count_resize(void **ptr, void *resized, size_t usable,
                                        size_t old_usable) {
    if (resized == NULL) return FAILED;
    *ptr = usable == old_usable ? resized : count_change(resized, usable, old_usable);
    return MOVED_OR_KEPT;
}

/* Resizes *ptr, which must not be NULL or a sampled block.  On failure *ptr does not change. */
static inline enum outcome try_realloc_plain(void **ptr, size_t size, size_t *usable,
                                             size_t *old_usable) {
    *usable = 0;
    if (size == 0) {
        zfree_usable(*ptr, old_usable);
        *ptr = NULL;
        return FREED;
    }
    void *resized = zm_backend_realloc(*ptr, size, usable, old_usable);
    return count_resize(ptr, resized, *usable, *old_usable);
}

/* The sample of a profile that the allocator is about to resize, if the block is one; else NULL. */
static struct zm_large_sample *large_sample(const void *ptr) {
    return zm_profiler.has_large() ? zm_profiler.resizing(ptr) : NULL;
}

/* As count_resize().  Such a block may stay a sample. */
static enum outcome count_resize_of(struct zm_large_sample *sample, void **ptr, void *resized,
                                    size_t usable, size_t old_usable) {
    if (sample == NULL) return count_resize(ptr, resized, usable, old_usable);
    if (resized == NULL) {
        (void)zm_profiler.resized(sample, *ptr, 0, false);
        return FAILED;
    }
    *ptr = zm_profiler.resized(sample, resized, usable + ZM_BACKEND_PREFIX, true);
    count_change_of_sample(usable, old_usable);
    return MOVED_OR_KEPT;
}

static enum outcome try_realloc_large(void **ptr, size_t size, size_t *usable, size_t *old_usable) {
    if (size == 0) return try_realloc_plain(ptr, size, usable, old_usable);
    *usable = 0;
    struct zm_large_sample *sample = large_sample(*ptr);
    void *resized = zm_backend_realloc(*ptr, size, usable, old_usable);
    return count_resize_of(sample, ptr, resized, *usable, *old_usable);
}

/* A block of the allocator's own. */
static enum outcome try_realloc_allocators(void **ptr, size_t size, size_t *usable,
                                           size_t *old_usable) {
    return zm_profiler.has_large() ? try_realloc_large(ptr, size, usable, old_usable)
                                   : try_realloc_plain(ptr, size, usable, old_usable);
}

/* The same where a child of fork may have to remember its own blocks (core/inherited.h). */
static enum outcome try_realloc_own(void **ptr, size_t size, size_t *usable, size_t *old_usable) {
    enum outcome outcome = try_realloc_allocators(ptr, size, usable, old_usable);
    if (outcome == MOVED_OR_KEPT) zm_own(*ptr);
    return outcome;
}

/* Whether a block that is NULL, sampled or inherited stays where it is. */
static bool stays(const void *ptr, size_t size, size_t old_usable) {
    return ptr != NULL && size <= old_usable && zm_has_inherited();
}

/* Resizes a sample of a profile, which stays one. */
static enum outcome try_realloc_sample(void **ptr, size_t size, size_t *usable, size_t old_usable) {
    void *resized = zm_profiler.resize(*ptr, size, usable);
    if (resized == NULL) return FAILED;
    zm_own(resized);
    *ptr = resized;
    count_change_of_sample(*usable, old_usable);
    return MOVED_OR_KEPT;
}

/* The same for any *ptr.  A block with guard pages always moves: its place fits its own size only.
 */
static enum outcome try_realloc_any(void **ptr, size_t size, size_t *usable, size_t *old_usable) {
    if (!zm_null_or_sampled(*ptr)) return try_realloc_allocators(ptr, size, usable, old_usable);
    if (!zm_sampled_usable_size(*ptr, old_usable) || (size == 0 && *ptr != NULL)) {
        return try_realloc_own(ptr, size, usable, old_usable);
    }
    if (stays(*ptr, size, *old_usable)) {
        *usable = *old_usable;
        return MOVED_OR_KEPT;
    }
    if (*ptr != NULL && zm_profiler.has(*ptr)) {
        return try_realloc_sample(ptr, size, usable, *old_usable);
    }
    void *moved = try_malloc(size, usable);
    if (moved == NULL) return FAILED;
    if (*ptr != NULL) memcpy(moved, *ptr, *usable < *old_usable ? *usable : *old_usable);
    (void)zm_sampled_free(*ptr);
    *ptr = moved;
    return MOVED_OR_KEPT;
}

/* The bytes by which a block would grow. */
static size_t growth(const void *ptr, size_t size) {
    const size_t usable = zmalloc_usable_size(ptr);
    return size > usable ? size - usable : 0;
}

/* The same where the hard limit must hold: a block cannot be given back after it grew. */
static enum outcome try_realloc(void **ptr, size_t size, size_t *usable, size_t *old_usable) {
    const size_t more = *ptr != NULL && zm_limit_checks() ? growth(*ptr, size) : 0;
    if (more == 0) return try_realloc_any(ptr, size, usable, old_usable);
    if (!zm_limit_reserve(more)) {
        *usable = 0;
        *old_usable = zmalloc_usable_size(*ptr);
        return FAILED;
    }
    enum outcome outcome = try_realloc_any(ptr, size, usable, old_usable);
    zm_limit_release(more);
    return outcome;
}

/* Out of line, so that its callers need no stack frame for it. */
__attribute__((noinline)) static void *realloc_with_care(void *ptr, size_t size, bool tries) {
    size_t usable, old_usable;
    if (try_realloc(&ptr, size, &usable, &old_usable) != FAILED) return ptr;
    return tries ? NULL : zm_out_of_memory(size);
}

ZM_NAME_IN_TRACES(realloc_with_care, "zrealloc.with_care");

void *ztryrealloc(void *ptr, size_t size) {
    size_t usable, old_usable;
    if (zm_resize_needs_care(ptr)) return realloc_with_care(ptr, size, true);
    return try_realloc_plain(&ptr, size, &usable, &old_usable) == FAILED ? NULL : ptr;
}

void *zrealloc(void *ptr, size_t size) {
    size_t usable, old_usable;
    if (zm_resize_needs_care(ptr)) return realloc_with_care(ptr, size, false);
    if (__builtin_expect(try_realloc_plain(&ptr, size, &usable, &old_usable) == FAILED, 0)) {
        return zm_out_of_memory(size);
    }
    return ptr;
}

/* Does the work of both *realloc_usable functions, which differ only after a failure. */
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
    if (zm_null_or_sampled(ptr) && zm_sampled_usable_size(ptr, &had)) {
        (void)zm_sampled_free(ptr);
    } else {
        zm_backend_free(ptr, &had);
        count_free(ptr, had);
    }
    if (usable != NULL) *usable = had;
}

void zfree_with_size(void *ptr, size_t size) { zm_backend_counted_free_sized(ptr, size); }

void zlibc_free(void *ptr) { free(ptr); }

/* ---- Sizes ------------------------------------------------------------ */

size_t zmalloc_usable_size(const void *ptr) {
    size_t usable;
    return zm_null_or_sampled(ptr) && zm_sampled_usable_size(ptr, &usable)
               ? usable
               : zm_backend_usable_size(ptr);
}

size_t zmalloc_size(const void *ptr) {
    return ptr != NULL ? zmalloc_usable_size(ptr) + ZM_BACKEND_PREFIX : 0;
}

void *extend_to_usable(void *ptr, size_t size) {
    (void)size; /* only the alloc_size attribute uses it */
    return ptr;
}

/* ---- Allocate with flags ------------------------------------------------------------ */

void *ztrymalloc_with_flags(size_t size, int flags) {
    size_t got = 0;
    void *ptr = NULL;
    if (size < REQUEST_LIMIT && !zm_limit_refuses(size)) {
        ptr = zm_backend_malloc_flags(at_least_one(size), flags, &got);
    }
    return count_aligned(ptr, got, ZM_NOT_REPLACED);
}

void *zmalloc_with_flags(size_t size, int flags) {
    void *ptr = ztrymalloc_with_flags(size, flags);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

/* Whether the block has the alignment that the flags ask for. */
static bool is_aligned(const void *ptr, int flags) {
    enum { LG_ALIGN_MASK = 0x3f };
    return (uintptr_t)ptr % ((uintptr_t)1 << (flags & LG_ALIGN_MASK)) == 0;
}

static void *move_sampled(void *ptr, size_t old_usable, size_t size, int flags) {
    if (stays(ptr, size, old_usable) && is_aligned(ptr, flags)) return ptr;
    void *moved = zmalloc_with_flags(size, flags);
    if (moved == NULL) return NULL;
    memcpy(moved, ptr, size < old_usable ? size : old_usable);
    (void)zm_sampled_free(ptr);
    return moved;
}

/* A block that has the property that the flags ask for is not replaced by a sample.  Large ones
 * never are. */
static enum outcome count_resize_flags(struct zm_large_sample *sample, void **ptr, void *resized,
                                       size_t usable, size_t old_usable) {
    const bool failed = resized == NULL;
    if (sample == NULL && usable + ZM_BACKEND_PREFIX > (size_t)ZM_PEAK_WINDOW) {
        return count_resize(ptr, resized, usable, old_usable);
    }
    if (!failed) *ptr = resized;
    if (sample != NULL) {
        (void)zm_profiler.resized(sample, *ptr, failed ? 0 : usable + ZM_BACKEND_PREFIX, false);
    }
    if (failed) return FAILED;
    count_change_of_sample(usable, old_usable);
    return MOVED_OR_KEPT;
}

/* `ptr` is neither NULL nor sampled. */
static void *try_realloc_flags(void *ptr, size_t size, int flags) {
    size_t usable = 0, old_usable = 0;
    const size_t more = zm_limit_checks() ? growth(ptr, size) : 0;
    if (size >= REQUEST_LIMIT || (more != 0 && !zm_limit_reserve(more))) return NULL;
    struct zm_large_sample *sample = large_sample(ptr);
    void *resized = zm_backend_realloc_flags(ptr, size, flags, &usable, &old_usable);
    if (resized != NULL) zm_own(resized);
    const enum outcome outcome = count_resize_flags(sample, &ptr, resized, usable, old_usable);
    if (more != 0) zm_limit_release(more);
    return outcome != FAILED ? ptr : NULL;
}

void *zrealloc_with_flags(void *ptr, size_t size, int flags) {
    size_t old_usable = 0;
    if (ptr == NULL) return zmalloc_with_flags(size, flags);
    if (size == 0) {
        zfree_with_flags(ptr, flags);
        return NULL;
    }
    if (zm_null_or_sampled(ptr) && zm_sampled_usable_size(ptr, &old_usable)) {
        return move_sampled(ptr, old_usable, size, flags);
    }
    void *resized = try_realloc_flags(ptr, size, flags);
    return resized != NULL ? resized : zm_out_of_memory(size);
}

void zfree_with_flags(void *ptr, int flags) {
    size_t usable;
    if (zm_null_or_sampled(ptr) && zm_sampled_free(ptr)) return;
    zm_backend_free_flags(ptr, flags, &usable);
    count_free(ptr, usable);
}

void *zmalloc_no_tcache(size_t size) { return zmalloc_with_flags(size, ZM_BACKEND_NO_TCACHE); }

void zfree_no_tcache(void *ptr) { zfree_with_flags(ptr, ZM_BACKEND_NO_TCACHE); }

/* ---- Statistics ---------------------------------------------------------- */

size_t zmalloc_used_memory(void) {
    /* The sum is below zero only if we read one thread's counter before it counts an
     * allocation, and another's after it counts the free of that block. */
    int64_t used = zm_accounting_used();
    return used > 0 ? (size_t)used : 0;
}

size_t zmalloc_peak_memory(void) {
    int64_t peak = zm_accounting_peak();
    return peak > 0 ? (size_t)peak : 0;
}

size_t zmalloc_get_peak_memory(void) { return zmalloc_peak_memory(); }

time_t zmalloc_get_peak_memory_time(void) { return zm_accounting_peak_time(); }

void zmalloc_peak_memory_reset(void) { zm_accounting_peak_reset(); }

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

/* ---- Children of fork that write a snapshot and end --------------------- */

static size_t usable_size(const void *ptr) { return zm_backend_usable_size(ptr); }

void zmalloc_fork_child(void) {
    if (!zm_is_new_child()) return;
    if (zm_backend_fork_child()) zm_inherit_blocks(usable_size, ZM_BACKEND_PREFIX);
}
