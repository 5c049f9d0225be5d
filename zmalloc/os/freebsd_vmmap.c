#include "zmalloc/os/freebsd_vmmap.h"

#include <stdbool.h>
#include <string.h>

#include "zmalloc/os/mapping.h"

static uint64_t count(int32_t pages) { return pages > 0 ? (uint64_t)pages : 0; }

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* The kernel does not tell which pages are dirty, nor which pages of a copied object are
 * copies.  So anonymous pages count as dirty, and pages of files as clean.  After a fork, all
 * pages of a copied mapping count as shared, also those that were written to. */
static struct zm_mapping mapping_of(const struct zm_freebsd_vmmap *record, size_t page) {
    bool anonymous =
        record->type == ZM_FREEBSD_TYPE_DEFAULT || record->type == ZM_FREEBSD_TYPE_SWAP;
    uint64_t resident = count(record->resident), own = 0;
    if ((record->flags & ZM_FREEBSD_FLAG_NEEDS_COPY) == 0) {
        own = smaller(count(record->private_resident), resident);
    }
    struct zm_mapping mapping = {
        .size = record->end > record->start ? (record->end - record->start) / page : 0,
        .private_dirty = anonymous ? own : 0,
        .shared_dirty = anonymous ? resident - own : 0,
        .shared_clean = anonymous ? 0 : resident,
    };
    return mapping;
}

size_t zm_freebsd_vmmap_sum(const void *records, size_t length, const char *field, size_t page) {
    const char *next = records;
    struct zm_freebsd_vmmap record;
    size_t sum = 0;
    while (length >= sizeof record) {
        memcpy(&record, next, sizeof record);
        if (record.structsize < (int32_t)sizeof record) break;
        size_t size = (size_t)record.structsize;
        if (size > length) break;
        struct zm_mapping mapping = mapping_of(&record, page);
        zm_mapping_add(&mapping, field, page, &sum);
        next += size;
        length -= size;
    }
    return sum;
}
