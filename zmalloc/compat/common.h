/* The part of the zmalloc.h of every server that zmalloc/zmalloc.h lacks. */
#ifndef ZMALLOC_COMPAT_COMMON_H_
#define ZMALLOC_COMPAT_COMMON_H_

#include "zmalloc/compat/allocator.h"
#include "zmalloc/zmalloc.h"

/* DEBUG_DEFRAG of Redis and DEBUG_FORCE_DEFRAG of Valkey: the server moves every block, over any
 * allocator, and asks for no hint. */
#if (defined(DEBUG_DEFRAG_FORCE) || defined(DEBUG_FORCE_DEFRAG)) && !defined(HAVE_DEFRAG)
#define HAVE_DEFRAG
#endif

/* The realloc_usable functions without the last parameter, as most servers call them. */
static inline void *zm_compat_realloc_usable(void *ptr_, size_t size_, size_t *usable_) {
    return zrealloc_usable(ptr_, size_, usable_, NULL);
}

static inline void *zm_compat_tryrealloc_usable(void *ptr_, size_t size_, size_t *usable_) {
    return ztryrealloc_usable(ptr_, size_, usable_, NULL);
}

/* No server's parameter is const. */
static inline size_t zm_compat_smap_bytes_by_field(char *field_, long pid_) {
    return zmalloc_get_smap_bytes_by_field(field_, pid_);
}

#define zmalloc_get_smap_bytes_by_field zm_compat_smap_bytes_by_field

/* Where the allocator tells sizes, these are macros in servers, which take any pointer. */
#ifndef HAVE_MALLOC_SIZE
static inline size_t zm_compat_size(void *ptr_) { return zmalloc_size(ptr_); }

static inline size_t zm_compat_usable_size(void *ptr_) { return zmalloc_usable_size(ptr_); }

#define zmalloc_size zm_compat_size
#define zmalloc_usable_size zm_compat_usable_size
#endif

#ifdef REDIS_TEST
#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* `redis-server test zmalloc` runs this function.  Returns 0, or 1 after it printed what was wrong.
 * It ignores its arguments, and may only run while no other thread allocates. */
int zmalloc_test(int argc_, char **argv_, int flags_);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

#endif /* ZMALLOC_COMPAT_COMMON_H_ */
