/* zmalloc's hot calls over tcmalloc: its fast paths and the count in one function,
 * so that neither calls the other.  Meaning as in zmalloc.h. */
#ifndef ZMALLOC_ALLOCATOR_TCMALLOC_COUNTED_H_
#define ZMALLOC_ALLOCATOR_TCMALLOC_COUNTED_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* zmalloc, ztrymalloc and zfree. */
__attribute__((malloc, alloc_size(1))) void *tcmalloc_private_zmalloc(size_t size);
__attribute__((malloc, alloc_size(1))) void *tcmalloc_private_ztrymalloc(size_t size);
void tcmalloc_private_zfree(void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ALLOCATOR_TCMALLOC_COUNTED_H_ */
