/* Redis 7.0 and 7.2. */
#include "tests/compat/common.h"

static void *(*const its_realloc_usable)(void *, size_t, size_t *) = zrealloc_usable;
static void *(*const its_tryrealloc_usable)(void *, size_t, size_t *) = ztryrealloc_usable;
static void (*const its_free_usable)(void *, size_t *) = zfree_usable;
static int (*const its_allocator_info)(size_t *, size_t *, size_t *) = zmalloc_get_allocator_info;

/* Its sds has other names for them. */
#define s_realloc_usable zrealloc_usable

bool compat_asks_extension(void) { return true; }

const char *compat_calls(void) {
    size_t allocated = 1, active = 1, resident = 1, usable = 0;
    const char *wrong = common_calls(zmadvise_dontneed);
    if (wrong == NULL) wrong = common_resize(its_realloc_usable);
    if (wrong == NULL) wrong = common_resize(its_tryrealloc_usable);
    if (wrong != NULL) return wrong;
    its_free_usable(s_realloc_usable(NULL, 10, NULL), &usable);
    HOLDS(usable >= 10);
    int known = its_allocator_info(&allocated, &active, &resident);
    HOLDS(!known || (allocated != 1 && allocated <= active && active <= resident));
    return NULL;
}
