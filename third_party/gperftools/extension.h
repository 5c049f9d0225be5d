/* What we add to gperftools' tcmalloc, from inside. */
#ifndef ZMALLOC_THIRD_PARTY_GPERFTOOLS_EXTENSION_H_
#define ZMALLOC_THIRD_PARTY_GPERFTOOLS_EXTENSION_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Usable size, in bytes, of a block of tcmalloc's.  As tc_malloc_size(), which
 * goes through MallocExtension: that costs two more calls, and returns 0 for
 * every block until tcmalloc's static constructors ran.  Thread-safe. */
size_t tcmalloc_private_usable_size(const void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_THIRD_PARTY_GPERFTOOLS_EXTENSION_H_ */
