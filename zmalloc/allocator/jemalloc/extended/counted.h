/* zmalloc's hot calls over jemalloc: its fast paths and the count in one
 * function, so that neither calls the other.  Meaning as in zmalloc.h.
 */
#ifndef ZMALLOC_ALLOCATOR_JEMALLOC_EXTENDED_COUNTED_H_
#define ZMALLOC_ALLOCATOR_JEMALLOC_EXTENDED_COUNTED_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* zmalloc, ztrymalloc, zfree and zfree_with_size. */
__attribute__((malloc, alloc_size(1))) void *je_zmalloc(size_t size);
__attribute__((malloc, alloc_size(1))) void *je_ztrymalloc(size_t size);
void je_zfree(void *ptr);
void je_zfree_with_size(void *ptr, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ALLOCATOR_JEMALLOC_EXTENDED_COUNTED_H_ */
