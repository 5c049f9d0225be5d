/* gperftools' figures, through MallocExtension's properties. */
#include <gperftools/malloc_extension_c.h>

#include "zmalloc/allocator/backend.h"

static bool read_property(const char *name, size_t *value) {
    return MallocExtension_GetNumericProperty(name, value) != 0;
}

static size_t minus(size_t from, size_t part) { return from > part ? from - part : 0; }

void zm_backend_figures(unsigned arena, bool refresh, struct zm_figures *figures) {
    size_t allocated, heap, free_pages, unmapped, physical;
    (void)refresh; /* always up to date */
    if (arena != ZM_ALL_ARENAS || !read_property("generic.current_allocated_bytes", &allocated) ||
        !read_property("generic.heap_size", &heap) ||
        !read_property("generic.total_physical_bytes", &physical) ||
        !read_property("tcmalloc.pageheap_free_bytes", &free_pages) ||
        !read_property("tcmalloc.pageheap_unmapped_bytes", &unmapped)) {
        return;
    }
    zm_set_figure(figures, ZM_ALLOCATED, allocated);
    zm_set_figure(figures, ZM_ACTIVE, minus(heap, free_pages + unmapped));
    zm_set_figure(figures, ZM_RESIDENT, physical);
    zm_set_figure(figures, ZM_RETAINED, unmapped);
}

size_t zm_backend_frag_smallbins(unsigned arena) {
    (void)arena;
    return 0;
}

int zm_backend_background_purge(bool enable) {
    (void)enable;
    return -1;
}

int zm_backend_purge(void) {
    MallocExtension_ReleaseFreeMemory();
    return 0;
}
