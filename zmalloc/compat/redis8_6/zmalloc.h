/* Replaces zmalloc.h of Redis 8.6 and later; zmalloc/zmalloc.h documents every function.  Releases
 * from 7.4 on differ: zrealloc_usable has three parameters or four, and some releases have a
 * zrealloc_usable2 with four as well.  Here a call may pass three arguments or four; a pointer to
 * the function has four parameters, and in redis8, which includes this file, three. */
#ifndef ZMALLOC_COMPAT_REDIS8_6_ZMALLOC_H_
#define ZMALLOC_COMPAT_REDIS8_6_ZMALLOC_H_

#include <string.h>

#include "zmalloc/compat/common.h"

static inline void *zrealloc_usable2(void *ptr_, size_t size_, size_t *usable_,
                                     size_t *old_usable_) {
    return zrealloc_usable(ptr_, size_, usable_, old_usable_);
}

static inline void *ztryrealloc_usable2(void *ptr_, size_t size_, size_t *usable_,
                                        size_t *old_usable_) {
    return ztryrealloc_usable(ptr_, size_, usable_, old_usable_);
}

/* zstrdup that also sets *usable to the usable size of the copy; `usable` may be NULL. */
static inline char *zstrdup_usable(const char *s_, size_t *usable_) {
    const size_t size_ = strlen(s_) + 1;
    void *copy_ = zmalloc_usable(size_, usable_);
    if (copy_ != NULL) memcpy(copy_, s_, size_);
#ifdef __cplusplus
    return static_cast<char *>(copy_);
#else
    return (char *)copy_;
#endif
}

/* Redis's sources of May 2026 keep counters for the first threads.  Here each thread has its own,
 * so these do nothing. */
static inline void zmalloc_reserve_thread_slots(int n_) { (void)n_; }

static inline void zmalloc_register_reserved_slot(void) {}

/* The number of arguments chooses the function. */
#define ZM_COMPAT_FIFTH(a, b, c, d, fifth, ...) fifth
#define ZM_COMPAT_REALLOC_USABLE(...)                                              \
    ZM_COMPAT_FIFTH(__VA_ARGS__, zrealloc_usable2, zm_compat_realloc_usable, 0, 0) \
    (__VA_ARGS__)
#define ZM_COMPAT_TRYREALLOC_USABLE(...)                                                 \
    ZM_COMPAT_FIFTH(__VA_ARGS__, ztryrealloc_usable2, zm_compat_tryrealloc_usable, 0, 0) \
    (__VA_ARGS__)

#define zrealloc_usable(...) ZM_COMPAT_REALLOC_USABLE(__VA_ARGS__)
#define ztryrealloc_usable(...) ZM_COMPAT_TRYREALLOC_USABLE(__VA_ARGS__)

#endif /* ZMALLOC_COMPAT_REDIS8_6_ZMALLOC_H_ */
