/* Converts macOS's information about a mapping to the fields of Linux's smaps. */
#ifndef ZMALLOC_OS_DARWIN_REGION_H_
#define ZMALLOC_OS_DARWIN_REGION_H_

#include <stdint.h>

#include "zmalloc/os/mapping.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The SM_* values of mach/vm_region.h, for tests on other systems, which lack that header. */
enum zm_darwin_share_mode {
    ZM_DARWIN_COW = 1,
    ZM_DARWIN_PRIVATE = 2,
    ZM_DARWIN_EMPTY = 3,
    ZM_DARWIN_SHARED = 4,
    ZM_DARWIN_TRUESHARED = 5,
    ZM_DARWIN_PRIVATE_ALIASED = 6,
    ZM_DARWIN_SHARED_ALIASED = 7,
    ZM_DARWIN_LARGE_PAGE = 8,
};

/* Some members of struct proc_regioninfo. */
struct zm_darwin_region {
    uint64_t bytes;
    uint32_t share_mode;
    uint32_t resident; /* in pages, as the members below */
    uint32_t dirtied;
    uint32_t now_private; /* copied after they were shared */
    uint32_t swapped_out;
};

struct zm_mapping zm_darwin_mapping(const struct zm_darwin_region *region, size_t page);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_OS_DARWIN_REGION_H_ */
