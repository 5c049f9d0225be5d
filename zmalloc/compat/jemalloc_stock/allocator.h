/* As for a jemalloc with our extension, but without active defragmentation: what
 * a released jemalloc tells takes longer to ask for than servers allow a step, and
 * leaves more behind than they wait for (docs/drop-in.md). */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#include <jemalloc/jemalloc.h>

#define USE_JEMALLOC 1

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
