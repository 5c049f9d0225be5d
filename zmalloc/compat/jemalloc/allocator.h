/* What servers do with jemalloc by its name, besides allocating: je_mallctl
 * (DEBUG MALLCTL, arenas of scripts), je_nallocx (sds), je_malloc_stats_print
 * (MEMORY MALLOC-STATS), the MALLOCX_* flags; and, with je_get_defrag_hint of our
 * extension, active defragmentation.
 */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#include <jemalloc/extension.h>
#include <jemalloc/jemalloc.h>

/* As -DUSE_JEMALLOC and a server's own header define them: no difference where
 * both do. */
#define USE_JEMALLOC 1
#define HAVE_DEFRAG

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
