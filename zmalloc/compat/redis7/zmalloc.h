/* Replaces zmalloc.h of Redis 7.0 and 7.2.  It has the signatures that differ from
 * zmalloc/zmalloc.h, which documents every function. */
#ifndef ZMALLOC_COMPAT_REDIS7_ZMALLOC_H_
#define ZMALLOC_COMPAT_REDIS7_ZMALLOC_H_

#include "zmalloc/compat/common.h"

/* Brings the statistics up to date first. */
static inline int zm_compat_allocator_info(size_t *allocated_, size_t *active_, size_t *resident_) {
    return zmalloc_get_allocator_info(1, allocated_, active_, resident_, NULL, NULL, NULL);
}

#define zmalloc_get_allocator_info zm_compat_allocator_info
#define zrealloc_usable zm_compat_realloc_usable
#define ztryrealloc_usable zm_compat_tryrealloc_usable

#endif /* ZMALLOC_COMPAT_REDIS7_ZMALLOC_H_ */
