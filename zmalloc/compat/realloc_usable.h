/* The realloc_usable functions without the last parameter, as most servers call
 * them.  Else they are the same. */
#ifndef ZMALLOC_COMPAT_REALLOC_USABLE_H_
#define ZMALLOC_COMPAT_REALLOC_USABLE_H_

#include "zmalloc/zmalloc.h"

static inline void *zm_compat_realloc_usable(void *ptr_, size_t size_, size_t *usable_) {
    return zrealloc_usable(ptr_, size_, usable_, NULL);
}

static inline void *zm_compat_tryrealloc_usable(void *ptr_, size_t size_, size_t *usable_) {
    return ztryrealloc_usable(ptr_, size_, usable_, NULL);
}

#endif /* ZMALLOC_COMPAT_REALLOC_USABLE_H_ */
