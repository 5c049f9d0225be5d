/* Valkey 8.0. */
#include "tests/compat/common.h"

static void *(*const its_realloc_usable)(void *, size_t, size_t *) = zrealloc_usable;
static void *(*const its_tryrealloc_usable)(void *, size_t, size_t *) = ztryrealloc_usable;
static void (*const its_free_with_size)(void *, size_t) = zfree_with_size;
static void (*const its_libc_trim)(void) = zlibc_trim;
static int (*const its_allocator_info)(size_t *, size_t *, size_t *, size_t *, size_t *,
                                       size_t *) = zmalloc_get_allocator_info;

bool compat_asks_extension(void) { return true; }

const char *compat_calls(void) {
    size_t allocated = 1, active = 1, resident = 1, retained = 1, muzzy = 1, frag = 1;
    const char *wrong = common_calls(zmadvise_dontneed);
    if (wrong == NULL) wrong = common_resize(its_realloc_usable);
    if (wrong == NULL) wrong = common_resize(its_tryrealloc_usable);
    if (wrong != NULL) return wrong;
    its_free_with_size(zmalloc(10), 10);
    its_libc_trim();
    int known = its_allocator_info(&allocated, &active, &resident, &retained, &muzzy, &frag);
    HOLDS(!known || (allocated != 1 && allocated <= active && active <= resident));
    return NULL;
}
