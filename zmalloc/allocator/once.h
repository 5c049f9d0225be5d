/* Included before the sources that variants_test compiles once for all variants: what
 * differs between those can not be used. */
#ifndef ZMALLOC_ALLOCATOR_ONCE_H_
#define ZMALLOC_ALLOCATOR_ONCE_H_

#include "zmalloc/build_info.h"

#undef ZMALLOC_LIB
#undef ZMALLOC_ALLOCATOR
#undef ZMALLOC_BACKEND
#undef HAVE_MALLOC_SIZE
#pragma GCC poison ZMALLOC_LIB ZMALLOC_ALLOCATOR ZMALLOC_BACKEND HAVE_MALLOC_SIZE
#pragma GCC poison ZMALLOC_INLINE_H_

#endif /* ZMALLOC_ALLOCATOR_ONCE_H_ */
