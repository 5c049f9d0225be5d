/* Included before sources that are compiled once for all variants (objects_for_all_variants in
 * defs.bzl): they cannot use what differs between variants. */
#ifndef ZMALLOC_TESTS_FOR_ALL_VARIANTS_H_
#define ZMALLOC_TESTS_FOR_ALL_VARIANTS_H_

#include "zmalloc/build_info.h"

#undef ZMALLOC_LIB
#undef ZMALLOC_ALLOCATOR
#undef ZMALLOC_BACKEND
#undef HAVE_MALLOC_SIZE
#pragma GCC poison ZMALLOC_LIB ZMALLOC_ALLOCATOR ZMALLOC_BACKEND HAVE_MALLOC_SIZE
#pragma GCC poison ZMALLOC_INLINE_H_

#endif /* ZMALLOC_TESTS_FOR_ALL_VARIANTS_H_ */
