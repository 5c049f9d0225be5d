/* zmalloc.h of Valkey 8.1 and 9, over zmalloc: their signatures where they
 * differ from zmalloc/zmalloc.h, which documents every function.  Their
 * allocator_defrag.c asks jemalloc itself and stays as it is.
 */
#ifndef ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H_
#define ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H_

#include "zmalloc/compat/allocator.h"
#include "zmalloc/compat/realloc_usable.h"
#include "zmalloc/zmalloc.h"

/* Brings the figures up to date first. */
static inline int zm_compat_allocator_info(size_t *allocated, size_t *active, size_t *resident,
                                           size_t *retained, size_t *muzzy) {
    return zmalloc_get_allocator_info(1, allocated, active, resident, retained, muzzy, NULL);
}

/* From some release of 9 on with a size, of use where asking for it costs more. */
static inline void zm_compat_dontneed(void *ptr, size_t size_hint) {
    (void)size_hint;
    zmadvise_dontneed(ptr);
}

/* By the number of arguments. */
#define ZM_COMPAT_THIRD(a, b, third, ...) third
#define zmadvise_dontneed(...) \
    ZM_COMPAT_THIRD(__VA_ARGS__, zm_compat_dontneed, (zmadvise_dontneed), 0)(__VA_ARGS__)

#define zmalloc_get_allocator_info zm_compat_allocator_info
#define zrealloc_usable zm_compat_realloc_usable
#define ztryrealloc_usable zm_compat_tryrealloc_usable

#endif /* ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H_ */
