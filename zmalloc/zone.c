#include "zmalloc/zone.h"

#include <errno.h>
#include <stdbool.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/zones.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

/* ---- Zones ------------------------------------------------------------- */

zmalloc_zone_t *zmalloc_zone_create(const char *name) {
    zmalloc_zone_t *zone = name != NULL ? zm_zone_create(name) : NULL;
    if (zone == NULL) errno = name != NULL ? ENOMEM : EINVAL;
    return zone;
}

int zmalloc_zone_destroy(zmalloc_zone_t *zone) {
    const int error = zm_zone_destroy(zone);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

size_t zmalloc_zone_bytes(const zmalloc_zone_t *zone) { return zm_zone_figures(zone).bytes; }

size_t zmalloc_zone_blocks(const zmalloc_zone_t *zone) { return zm_zone_figures(zone).blocks; }

void zmalloc_zone_add(zmalloc_zone_t *zone, const void *ptr) {
    if (ptr != NULL) zm_count_in_zone(zone, (int64_t)zmalloc_size(ptr), 1);
}

void zmalloc_zone_remove(zmalloc_zone_t *zone, const void *ptr) {
    if (ptr != NULL) zm_count_in_zone(zone, -(int64_t)zmalloc_size(ptr), -1);
}

/* ---- The frequent calls count inside the allocator ------------------------------ */

void *zmalloc_in(zmalloc_zone_t *zone, size_t size) {
    return zm_backend_counted_malloc_in(zone, size);
}

void zfree_in(zmalloc_zone_t *zone, void *ptr) { zm_backend_counted_free_in(zone, ptr); }

/* ---- The others count after the call --------------------------------------------- */

static int64_t counted(size_t usable) { return (int64_t)(usable + ZM_BACKEND_PREFIX); }

static void *count_new(zmalloc_zone_t *zone, void *ptr, size_t usable) {
    if (ptr != NULL) zm_count_in_zone(zone, counted(usable), 1);
    return ptr;
}

void *ztrymalloc_in(zmalloc_zone_t *zone, size_t size) {
    size_t usable;
    void *ptr = ztrymalloc_usable(size, &usable);
    return count_new(zone, ptr, usable);
}

void *zcalloc_in(zmalloc_zone_t *zone, size_t size) {
    size_t usable;
    void *ptr = zcalloc_usable(size, &usable);
    return count_new(zone, ptr, usable);
}

void *ztrycalloc_in(zmalloc_zone_t *zone, size_t size) {
    size_t usable;
    void *ptr = ztrycalloc_usable(size, &usable);
    return count_new(zone, ptr, usable);
}

/* Counts what became of a block, if there was one. */
static void *count_resized(zmalloc_zone_t *zone, bool was_block, size_t old_usable, void *resized,
                           size_t usable) {
    const int64_t before = was_block ? counted(old_usable) : 0;
    const int64_t after = resized != NULL ? counted(usable) : 0;
    zm_count_in_zone(zone, after - before, (resized != NULL) - was_block);
    return resized;
}

void *zrealloc_in(zmalloc_zone_t *zone, void *ptr, size_t size) {
    const bool is_block = ptr != NULL;
    size_t usable, old_usable;
    void *resized = zrealloc_usable(ptr, size, &usable, &old_usable);
    if (resized == NULL && (size != 0 || !is_block)) return NULL; /* it failed */
    return count_resized(zone, is_block, old_usable, resized, usable);
}

void *ztryrealloc_in(zmalloc_zone_t *zone, void *ptr, size_t size) {
    const bool is_block = ptr != NULL;
    size_t usable, old_usable;
    void *resized = ztryrealloc_usable(ptr, size, &usable, &old_usable);
    if (resized == NULL && (size != 0 || !is_block)) return NULL;
    return count_resized(zone, is_block, old_usable, resized, usable);
}
