/* Redis 7.4 to 8.2: each form of these declarations that a release has. */
#include "tests/compat/redis8.h"

static void *(*const its_realloc_usable)(void *, size_t, size_t *) = zrealloc_usable;
static void *(*const its_tryrealloc_usable)(void *, size_t, size_t *) = ztryrealloc_usable;

const char *compat_calls(void) {
    const char *wrong = redis8_calls();
    if (wrong == NULL) wrong = common_resize(its_realloc_usable);
    return wrong != NULL ? wrong : common_resize(its_tryrealloc_usable);
}
