/* zmalloc's hot calls with jemalloc.  Each function contains both jemalloc's fast path
 * and the counting, so that neither is a call of its own.  zmalloc.h documents them.
 */
#ifndef ZMALLOC_ALLOCATOR_JEMALLOC_INSIDE_JE_ZMALLOC_H_
#define ZMALLOC_ALLOCATOR_JEMALLOC_INSIDE_JE_ZMALLOC_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* zmalloc, ztrymalloc, zfree and zfree_with_size. */
__attribute__((__malloc__, __alloc_size__(1))) void *je_zmalloc(size_t size_);
__attribute__((__malloc__, __alloc_size__(1))) void *je_ztrymalloc(size_t size_);
void je_zfree(void *ptr_);
void je_zfree_with_size(void *ptr_, size_t size_);

/* zmalloc_in and zfree_in. */
struct zmalloc_zone_t;
__attribute__((__malloc__, __alloc_size__(2))) void *je_zmalloc_in(struct zmalloc_zone_t *zone_,
                                                                   size_t size_);
void je_zfree_in(struct zmalloc_zone_t *zone_, void *ptr_);

/* malloc and free of the C library, for //malloc: blocks are aligned to 16 bytes, errno is ENOMEM
 * after a failure, and free leaves errno as it is. */
__attribute__((__malloc__, __alloc_size__(1))) void *je_std_malloc(size_t size_);
void je_std_free(void *ptr_);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ALLOCATOR_JEMALLOC_INSIDE_JE_ZMALLOC_H_ */
