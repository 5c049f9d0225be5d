/* gperftools' figures, through MallocExtension's properties. */
#include <gperftools/malloc_extension_c.h>

#include "zmalloc/allocator/backend.h"

static bool read_property(const char *name, size_t *value) {
    return MallocExtension_GetNumericProperty(name, value) != 0;
}

static size_t minus(size_t from, size_t part) { return from > part ? from - part : 0; }

bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    size_t allocated, heap, free_pages, unmapped, physical;
    (void)refresh; /* always up to date */
    if (arena != ZMALLOC_ALL_ARENAS) return false;
    if (!read_property("generic.current_allocated_bytes", &allocated) ||
        !read_property("generic.heap_size", &heap) ||
        !read_property("generic.total_physical_bytes", &physical) ||
        !read_property("tcmalloc.pageheap_free_bytes", &free_pages) ||
        !read_property("tcmalloc.pageheap_unmapped_bytes", &unmapped)) {
        return true; /* and nothing is known */
    }
    ZM_INFO_SET(info, ALLOCATED, allocated, allocated);
    ZM_INFO_SET(info, ACTIVE, active, minus(heap, free_pages + unmapped));
    ZM_INFO_SET(info, RESIDENT, resident, physical);
    ZM_INFO_SET(info, RETAINED, retained, unmapped);
    ZM_INFO_SET(info, MAPPED, mapped, physical);
    return true;
}

int zm_backend_purge(void) {
    MallocExtension_ReleaseFreeMemory();
    return 0;
}
