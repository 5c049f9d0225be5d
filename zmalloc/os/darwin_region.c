#include "zmalloc/os/darwin_region.h"

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* The number of resident pages that only this process uses. */
static uint64_t private_pages(const struct zm_darwin_region *region) {
    switch (region->share_mode) {
        case ZM_DARWIN_COW:
            return smaller(region->now_private, region->resident);
        case ZM_DARWIN_SHARED:
        case ZM_DARWIN_TRUESHARED:
        case ZM_DARWIN_SHARED_ALIASED:
            return 0;
        default:
            return region->resident;
    }
}

/* Dirty pages count as private ones first: a private copy is made by a write. */
struct zm_mapping zm_darwin_mapping(const struct zm_darwin_region *region, size_t page) {
    uint64_t dirty = smaller(region->dirtied, region->resident);
    uint64_t own = private_pages(region);
    uint64_t private_dirty = smaller(dirty, own);
    struct zm_mapping mapping = {
        .size = region->bytes / page,
        .private_dirty = private_dirty,
        .private_clean = own - private_dirty,
        .shared_dirty = dirty - private_dirty,
        .shared_clean = region->resident - own - (dirty - private_dirty),
        .swap = region->swapped_out,
    };
    return mapping;
}
