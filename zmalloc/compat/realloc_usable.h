/* The realloc_usable functions without their last parameter, as most servers
 * call them.  The same otherwise. */
#ifndef ZMALLOC_COMPAT_REALLOC_USABLE_H_
#define ZMALLOC_COMPAT_REALLOC_USABLE_H_

#include "zmalloc/zmalloc.h"

static inline void *zm_compat_realloc_usable(void *ptr, size_t size, size_t *usable) {
    return zrealloc_usable(ptr, size, usable, NULL);
}

static inline void *zm_compat_tryrealloc_usable(void *ptr, size_t size, size_t *usable) {
    return ztryrealloc_usable(ptr, size, usable, NULL);
}

#endif /* ZMALLOC_COMPAT_REALLOC_USABLE_H_ */
