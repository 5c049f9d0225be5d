/* Our extension by mimalloc's public functions alone, for the releases whose internal headers the
 * other files here do not know (third_party/sources.bzl, `internals`). */
#include <errno.h>
#include <mimalloc.h>
#include <stdint.h>

#include "zmalloc/allocator/mimalloc/inside/extension.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/early.h"
#include "zmalloc/core/oom.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/zones.h"

static void *set_usable(void *ptr, size_t *usable) {
    if (ptr != NULL) *usable = mi_usable_size(ptr);
    return ptr;
}

void *mi_malloc_with_usable(size_t size, size_t *usable) {
    return set_usable(mi_malloc(size), usable);
}

void *mi_zalloc_with_usable(size_t size, size_t *usable) {
    return set_usable(mi_zalloc(size), usable);
}

void *mi_aligned_with_usable(size_t alignment, size_t size, size_t *usable) {
    return set_usable(mi_malloc_aligned(size, alignment), usable);
}

void *mi_realloc_with_usable(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = mi_usable_size(ptr);
    return set_usable(mi_realloc(ptr, size), usable);
}

void mi_free_with_usable(void *ptr, size_t *usable) {
    *usable = mi_usable_size(ptr);
    mi_free(ptr);
}

static inline void *count_or_fail(void *ptr, size_t size) {
    return ptr != NULL ? zm_count_new_block_or_fail(ptr, mi_usable_size(ptr), size)
                       : zm_out_of_memory(size);
}

static inline void *count(void *ptr) {
    return ptr != NULL ? zm_count_new_block(ptr, mi_usable_size(ptr)) : NULL;
}

static void *allocate(size_t size) { return zm_limit_refuses(size) ? NULL : mi_malloc(size); }

static void *allocate_zeroed(size_t size) {
    return zm_limit_refuses(size) ? NULL : mi_zalloc(size);
}

void *mi_zmalloc(size_t size) { return count_or_fail(allocate(size), size); }

void *mi_ztrymalloc(size_t size) { return count(allocate(size)); }

void *mi_zcalloc(size_t size) { return count_or_fail(allocate_zeroed(size), size); }

void *mi_ztrycalloc(size_t size) { return count(allocate_zeroed(size)); }

void mi_zfree(void *ptr) {
    if (zm_null_or_sampled(ptr) && zm_sampled_free(ptr)) return;
    const size_t usable = mi_usable_size(ptr);
    mi_free(ptr);
    zm_count_freed(ptr, usable);
}

void *mi_zmalloc_in(struct zmalloc_zone_t *zone, size_t size) {
    void *ptr = allocate(size);
    return ptr != NULL ? zm_count_new_block_in(ptr, mi_usable_size(ptr), size, zone)
                       : zm_out_of_memory(size);
}

void mi_zfree_in(struct zmalloc_zone_t *zone, void *ptr) {
    if (zm_null_or_sampled(ptr) && zm_sampled_free_in(zone, ptr)) return;
    const size_t usable = mi_usable_size(ptr);
    mi_free(ptr);
    zm_count_freed_in(ptr, usable, zone);
}

/* For //malloc.  The largest size of the fast path is 0 at first (zmalloc/core/early.h). */
static size_t largest;

static __attribute__((noinline)) void *slow_std_malloc(size_t size) {
    if (zm_early()) return zm_early_malloc(size);
    largest = SIZE_MAX / 2;
    void *ptr = size < SIZE_MAX / 2 ? mi_ztrymalloc(size < 16 ? 16 : size) : NULL;
    if (ptr == NULL) errno = ENOMEM;
    return ptr;
}

/* Blocks of up to 8 bytes would be aligned to 8 only. */
void *mi_std_malloc(size_t size) {
    void *ptr = size < largest ? mi_ztrymalloc(size < 16 ? 16 : size) : NULL;
    return ptr != NULL ? ptr : slow_std_malloc(size);
}

void mi_std_free(void *ptr) {
    if (zm_early_free(ptr)) return;
    const int saved = errno;
    mi_zfree(ptr);
    errno = saved;
}

bool mi_can_defrag(void) { return false; }

bool mi_should_defrag(const void *ptr) {
    (void)ptr;
    return false;
}

bool mi_page_use(const void *ptr, size_t *blocks, size_t *free_bytes) {
    (void)ptr, (void)blocks, (void)free_bytes;
    return false;
}

bool mi_get_usage(struct mi_usage *usage) {
    size_t unused, committed;
    mi_process_info(&unused, &unused, &unused, &unused, &unused, &committed, &unused, &unused);
    *usage = (struct mi_usage){.committed = committed};
    return false;
}

bool mi_owns(const void *ptr) { return ptr != NULL && mi_is_in_heap_region(ptr); }

void mi_purge(void) { mi_collect(true); }

void mi_keep_pages(void) { mi_option_set(mi_option_purge_delay, -1); }
