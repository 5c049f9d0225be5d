/* zmalloc.h of Redis 7.4 and 8, over zmalloc.  Its releases differ from each
 * other: zrealloc_usable has three parameters or four, or is one of two
 * functions.  All are here; zmalloc/zmalloc.h documents the rest. */
#ifndef ZMALLOC_COMPAT_REDIS8_ZMALLOC_H_
#define ZMALLOC_COMPAT_REDIS8_ZMALLOC_H_

#include <string.h>

#include "zmalloc/compat/allocator.h"
#include "zmalloc/compat/realloc_usable.h"
#include "zmalloc/zmalloc.h"

static inline void *zrealloc_usable2(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    return zrealloc_usable(ptr, size, usable, old_usable);
}

static inline void *ztryrealloc_usable2(void *ptr, size_t size, size_t *usable,
                                        size_t *old_usable) {
    return ztryrealloc_usable(ptr, size, usable, old_usable);
}

/* zstrdup that tells the usable size of the copy; `usable` may be NULL. */
static inline char *zstrdup_usable(const char *s, size_t *usable) {
    size_t size = strlen(s) + 1;
    char *copy = (char *)zmalloc_usable(size, usable);
    return copy != NULL ? (char *)memcpy(copy, s, size) : NULL;
}

/* By the number of arguments. */
#define ZM_COMPAT_FIFTH(a, b, c, d, fifth, ...) fifth
#define zrealloc_usable(...)                                                       \
    ZM_COMPAT_FIFTH(__VA_ARGS__, zrealloc_usable2, zm_compat_realloc_usable, 0, 0) \
    (__VA_ARGS__)
#define ztryrealloc_usable(...)                                                          \
    ZM_COMPAT_FIFTH(__VA_ARGS__, ztryrealloc_usable2, zm_compat_tryrealloc_usable, 0, 0) \
    (__VA_ARGS__)

#endif /* ZMALLOC_COMPAT_REDIS8_ZMALLOC_H_ */
