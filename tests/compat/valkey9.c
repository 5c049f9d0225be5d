/* Valkey 8.1 and 9. */
#include "tests/compat/common.h"

static void *(*const its_realloc_usable)(void *, size_t, size_t *) = zrealloc_usable;
static void *(*const its_tryrealloc_usable)(void *, size_t, size_t *) = ztryrealloc_usable;
static void (*const its_free_with_size)(void *, size_t) = zfree_with_size;
static void (*const its_libc_trim)(void) = zlibc_trim;
static void *(*const its_cache_aligned)(size_t) = zmalloc_cache_aligned;
static int (*const its_allocator_info)(size_t *, size_t *, size_t *, size_t *,
                                       size_t *) = zmalloc_get_allocator_info;

/* Declared by its hdr_histogram itself. */
void *valkey_malloc(size_t size);
void *valkey_realloc(void *ptr, size_t size);
void valkey_free(void *ptr);

#ifdef USE_JEMALLOC
/* Once more, as its allocator_defrag.h does. */
#define HAVE_DEFRAG
#endif

const char *compat_calls(void) {
    size_t allocated = 1, active = 1, resident = 1, retained = 1, muzzy = 1;
    const char *wrong = common_calls();
    if (wrong == NULL) wrong = common_resize(its_realloc_usable);
    if (wrong == NULL) wrong = common_resize(its_tryrealloc_usable);
    if (wrong != NULL) return wrong;
    its_free_with_size(zmalloc(10), 10);
    its_free_with_size(its_cache_aligned(64), 64);
    void *ptr = valkey_realloc(valkey_malloc(10), 20);
    HOLDS(ptr != NULL && zmalloc_size(ptr) >= 20);
    zmadvise_dontneed(ptr);
    zmadvise_dontneed(ptr, 20);
    valkey_free(ptr);
    its_libc_trim();
    int known = its_allocator_info(&allocated, &active, &resident, &retained, &muzzy);
    HOLDS(!known || (allocated > 1 && allocated <= active && active <= resident));
    return NULL;
}
