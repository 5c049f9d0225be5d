/* For zmalloc/inline.h: over the bundled jemalloc. */
#include "zmalloc/allocator/jemalloc/extended/counted.h"

#define zmalloc(size) je_zmalloc(size)
#define ztrymalloc(size) je_ztrymalloc(size)
#define zfree(ptr) je_zfree(ptr)
#define zfree_with_size(ptr, size) je_zfree_with_size(ptr, size)
