#include "tests/compat/defrag_by_name.h"

#include <string.h>

/* In quotes and without a folder, as servers include it. */
#include "zmalloc.h"

/* Once more, as in the server's allocator_defrag.h. */
#include <jemalloc/jemalloc.h>

#define QUESTION "experimental.utilization.batch_query"

static size_t path[6], depth = sizeof path / sizeof path[0];

bool defrag_starts(void) { return je_mallctlnametomib(QUESTION, path, &depth) == 0; }

bool defrag_asks(void **ptrs, size_t count, bool by_path, struct defrag_slab *slabs) {
    size_t size = count * sizeof *slabs, asked = count * sizeof *ptrs;
    return (by_path ? je_mallctlbymib(path, depth, slabs, &size, ptrs, asked)
                    : je_mallctl(QUESTION, slabs, &size, ptrs, asked)) == 0;
}

bool defrag_should_move(void *ptr) {
    struct defrag_slab slab = {0, 0, 0};
    return defrag_asks(&ptr, 1, true, &slab) && slab.regions > 1 &&
           2 * slab.free_regions >= slab.regions;
}

void *defrag_move(void *ptr, size_t size) {
    void *to = je_mallocx(size, MALLOCX_TCACHE_NONE);
    memcpy(to, ptr, size);
    je_sdallocx(ptr, size, MALLOCX_TCACHE_NONE);
    return to;
}

#define HOLDS(condition) \
    if (!(condition)) return #condition

const char *defrag_exchanges_blocks(void) {
    static volatile size_t too_much = (size_t)-1; /* the compiler must not see it */
    const size_t used = zmalloc_used_memory();
    void *(*const allocate)(size_t) = je_malloc; /* a pointer to one has jemalloc's type */
    unsigned char *ptr = allocate(100);
    HOLDS(ptr != NULL && je_malloc_usable_size(ptr) == zmalloc_usable_size(ptr));
    HOLDS(zmalloc_used_memory() - used == zmalloc_size(ptr));
    memset(ptr, 7, zmalloc_usable_size(ptr));
    zfree(ptr);
    je_free(zmalloc(100));
    je_free(NULL);
    je_dallocx(zmalloc(100), 0);
    ptr = je_calloc(10, 10);
    HOLDS(ptr != NULL && ptr[0] == 0 && ptr[99] == 0);
    ptr[99] = 7;
    ptr = je_realloc(ptr, 1000);
    HOLDS(ptr != NULL && ptr[99] == 7);
    ptr = zrealloc(ptr, 10000);
    HOLDS(je_realloc(ptr, 0) == NULL);
    HOLDS(je_malloc(too_much) == NULL && je_calloc(too_much, 2) == NULL);
    HOLDS(je_malloc_usable_size(NULL) == 0);
    HOLDS(zmalloc_used_memory() == used);
    return NULL;
}

size_t defrag_rounds(size_t size) { return je_nallocx(size, 0); }
