/* Valkey 8.1 and 9. */
#include "tests/compat/common.h"

static void *(*const its_realloc_usable)(void *, size_t, size_t *) = zrealloc_usable;
static void *(*const its_tryrealloc_usable)(void *, size_t, size_t *) = ztryrealloc_usable;
static void (*const its_free_with_size)(void *, size_t) = zfree_with_size;
static void (*const its_libc_trim)(void) = zlibc_trim;
static void *(*const its_cache_aligned)(size_t) = zmalloc_cache_aligned;
static void (*const its_dontneed)(void *, size_t) = zmadvise_dontneed;
static int (*const its_allocator_info)(size_t *, size_t *, size_t *, size_t *,
                                       size_t *) = zmalloc_get_allocator_info;

/* Declared once more, by its hdr_histogram itself. */
void *valkey_malloc(size_t size);
void *valkey_realloc(void *ptr, size_t size);
void valkey_free(void *ptr);

/* Defined as in a static zlib, beside a function named zcalloc. */
void *like_zlib_allocate(void);

static void dontneed(void *ptr) { its_dontneed(ptr, 10); }

/* Its allocator_defrag.c does, by mallctl. */
bool compat_asks_extension(void) { return false; }

const char *compat_calls(void) {
    size_t allocated = 1, active = 1, resident = 1, retained = 1, muzzy = 1;
    const char *wrong = common_calls(dontneed);
    if (wrong == NULL) wrong = common_resize(its_realloc_usable);
    if (wrong == NULL) wrong = common_resize(its_tryrealloc_usable);
    if (wrong != NULL) return wrong;
    its_free_with_size(zmalloc(10), 10);
    its_free_with_size(its_cache_aligned(64), 64);
    void *ptr = valkey_realloc(valkey_malloc(10), 20);
    HOLDS(ptr != NULL && zmalloc_size(ptr) >= 20);
    valkey_free(ptr);
    HOLDS(zmalloc == valkey_malloc && zcalloc == valkey_calloc && zrealloc == valkey_realloc &&
          zfree == valkey_free && zmalloc_cache_aligned == valkey_malloc_cache_aligned);
    free(like_zlib_allocate());
    its_libc_trim();
    int known = its_allocator_info(&allocated, &active, &resident, &retained, &muzzy);
    HOLDS(!known || (allocated != 1 && allocated <= active && active <= resident));
    return NULL;
}
