/* What servers do with jemalloc by its name, besides allocating: je_mallctl
 * (DEBUG MALLCTL, arenas of scripts), je_nallocx (sds), je_malloc_stats_print
 * (MEMORY MALLOC-STATS), the MALLOCX_* flags, and active defragmentation.
 */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#include <jemalloc/jemalloc.h>

#include "zmalloc/defrag.h"

/* Both empty or 1 exactly as a server's own build has them, so that neither
 * differs from a definition of its own. */
#define USE_JEMALLOC 1
#define HAVE_DEFRAG

/* Redis's name of the question.  Through zmalloc, which asks a jemalloc without
 * our extension in another way; one that cannot be asked at all says 0, and then
 * activedefrag finds nothing to move.  A server that declares the function once
 * more declares this one. */
static inline int zm_compat_defrag_hint(void *ptr) { return zmalloc_should_defrag(ptr); }
#define je_get_defrag_hint zm_compat_defrag_hint

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
