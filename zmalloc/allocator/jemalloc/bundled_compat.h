/* Servers' names for jemalloc: je_mallctl and others (zmalloc/compat/jemalloc_calls.h), the
 * MALLOCX_* flags, and the macros that turn on what servers do with jemalloc alone.
 */
#ifndef ZMALLOC_COMPAT_ALLOCATOR_H_
#define ZMALLOC_COMPAT_ALLOCATOR_H_

#include <jemalloc/extension.h>

#include "zmalloc/compat/jemalloc_calls.h"

/* Not over another jemalloc: it has no such function, so a server may define one. */
#define je_get_defrag_hint zm_je_get_defrag_hint

/* As in jemalloc_calls.h: they would go past zmalloc. */
#pragma GCC poison je_calloc_with_usize je_free_with_usize je_malloc_with_usize
#pragma GCC poison je_realloc_with_usize

/* Defined in the same way as by -DUSE_JEMALLOC and by a server's own header, so that a
 * program may have both definitions. */
#define USE_JEMALLOC 1
#ifndef HAVE_DEFRAG
#define HAVE_DEFRAG
#endif

#endif /* ZMALLOC_COMPAT_ALLOCATOR_H_ */
