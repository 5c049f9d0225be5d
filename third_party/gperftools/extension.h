/* What we add to gperftools' tcmalloc, from inside. */
#ifndef ZMALLOC_THIRD_PARTY_GPERFTOOLS_EXTENSION_H_
#define ZMALLOC_THIRD_PARTY_GPERFTOOLS_EXTENSION_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Usable size, in bytes, of a block of tcmalloc's.  As tc_malloc_size(), which
 * goes through MallocExtension: that costs two more calls, and returns 0 for
 * every block until tcmalloc's static constructors ran.  Thread-safe. */
size_t tcmalloc_private_usable_size(const void *ptr);

/* tc_malloc() and tc_free(), with the usable size that they come by anyway.  Not
 * set when memory cannot be had; `ptr` is not NULL. */
void *tcmalloc_private_malloc(size_t size, size_t *usable);
void tcmalloc_private_free(void *ptr, size_t *usable);

/* Whether tc_realloc() of a block with this usable size to `size`, which is not
 * 0, is known to do nothing. */
bool tcmalloc_private_keeps(size_t usable, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_THIRD_PARTY_GPERFTOOLS_EXTENSION_H_ */
