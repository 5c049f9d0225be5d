/* As bundled_compat.h, but without active defragmentation.  Asking a released jemalloc about
 * blocks takes longer than servers allow for one step, and more fragmentation stays than the
 * level at which they stop (docs/drop-in.md). */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#include "zmalloc/compat/jemalloc_calls.h"

#define USE_JEMALLOC 1

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
