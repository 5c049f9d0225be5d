/* Replaces zmalloc.h of Valkey 8.1 and 9.  It has the names and signatures that differ from
 * zmalloc/zmalloc.h, which documents every function. */
#ifndef ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H_
#define ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H_

#include "zmalloc/compat/common.h"

/* Valkey's allocator_defrag.c asks any jemalloc that is configured as Valkey's own, as ours is with
 * and without our extension.  Its header would define this for its own jemalloc alone. */
#if defined(USE_JEMALLOC) && !defined(ZM_JEMALLOC_OF_THE_SYSTEM) && !defined(HAVE_DEFRAG)
#define HAVE_DEFRAG
#endif

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Valkey's names in the link for zmalloc and so on, because a static zlib has a zcalloc too.  Its
 * hdr_histogram declares some of them itself. */
ZM_ATTR(__malloc__, __alloc_size__(1), __noinline__) void *valkey_malloc(size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(1), __noinline__) void *valkey_calloc(size_t size_);
ZM_ATTR(__alloc_size__(2), __noinline__) void *valkey_realloc(void *ptr_, size_t size_);
ZM_ATTR(__malloc__, __alloc_size__(1), __noinline__)
void *valkey_malloc_cache_aligned(size_t size_);
void valkey_free(void *ptr_);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#define zmalloc valkey_malloc
#define zcalloc valkey_calloc
#define zrealloc valkey_realloc
#define zmalloc_cache_aligned valkey_malloc_cache_aligned
#define zfree valkey_free

/* Brings the statistics up to date first. */
static inline int zm_compat_allocator_info(size_t *allocated_, size_t *active_, size_t *resident_,
                                           size_t *retained_, size_t *muzzy_) {
    return zmalloc_get_allocator_info(1, allocated_, active_, resident_, retained_, muzzy_, NULL);
}

/* The hint is for allocators that are slow to tell a block's size. */
static inline void zm_compat_dontneed(void *ptr_, size_t size_hint_) {
    (void)size_hint_;
    zmadvise_dontneed(ptr_);
}

#define zmalloc_get_allocator_info zm_compat_allocator_info
#define zmadvise_dontneed zm_compat_dontneed
#define zrealloc_usable zm_compat_realloc_usable
#define ztryrealloc_usable zm_compat_tryrealloc_usable

#endif /* ZMALLOC_COMPAT_VALKEY9_ZMALLOC_H_ */
