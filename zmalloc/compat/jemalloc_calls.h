/* The functions that servers call by jemalloc's names.  They take and return blocks of zmalloc:
 * guarded ones and sampled ones, about which jemalloc itself must not be asked.  They count used
 * memory.  Otherwise each does what jemalloc's function of that name does; any thread may call
 * them.
 *
 * A server's files get them through its "zmalloc.h".  Other files that call jemalloc must not
 * exchange blocks with these.
 */
#ifndef ZMALLOC_COMPAT_JEMALLOC_CALLS_H_
#define ZMALLOC_COMPAT_JEMALLOC_CALLS_H_

#include <jemalloc/jemalloc.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* On failure these return NULL.  The block may be sampled, and can be freed by zfree() too. */
extern __typeof__(je_malloc) zm_je_malloc;
extern __typeof__(je_calloc) zm_je_calloc;
extern __typeof__(je_realloc) zm_je_realloc; /* with size 0 it frees, and returns NULL */
extern __typeof__(je_mallocx) zm_je_mallocx; /* never sampled */

extern __typeof__(je_free) zm_je_free;
extern __typeof__(je_dallocx) zm_je_dallocx;
extern __typeof__(je_sdallocx) zm_je_sdallocx;

/* The size in bytes that zmalloc_usable_size() tells. */
extern __typeof__(je_malloc_usable_size) zm_je_malloc_usable_size;

/* 1 if moving the block would help to empty its slab, else 0 (zmalloc_should_defrag()). */
int zm_je_get_defrag_hint(void *ptr_);

/* If a block must stay where it is, "experimental.utilization.query" and "batch_query" report it as
 * a large one.  Such blocks are sampled blocks, and with --guard aligned and empty blocks. */
extern __typeof__(je_mallctl) zm_je_mallctl;
extern __typeof__(je_mallctlbymib) zm_je_mallctlbymib;

/* jemalloc's own functions, for programs that are linked with the shared library, which hides
 * jemalloc's. */
extern __typeof__(je_mallctlnametomib) zm_je_mallctlnametomib;
extern __typeof__(je_malloc_stats_print) zm_je_malloc_stats_print;
extern __typeof__(je_nallocx) zm_je_nallocx;

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#ifndef ZM_JEMALLOC_CALLS_THEMSELVES /* jemalloc_calls.c calls jemalloc */

/* Where the header of the system's jemalloc defines the names as macros. */
#undef je_calloc
#undef je_dallocx
#undef je_free
#undef je_mallctl
#undef je_mallctlbymib
#undef je_mallctlnametomib
#undef je_malloc
#undef je_malloc_stats_print
#undef je_malloc_usable_size
#undef je_mallocx
#undef je_nallocx
#undef je_realloc
#undef je_sdallocx

#define je_calloc zm_je_calloc
#define je_dallocx zm_je_dallocx
#define je_free zm_je_free
#define je_mallctl zm_je_mallctl
#define je_mallctlbymib zm_je_mallctlbymib
#define je_mallctlnametomib zm_je_mallctlnametomib
#define je_malloc zm_je_malloc
#define je_malloc_stats_print zm_je_malloc_stats_print
#define je_malloc_usable_size zm_je_malloc_usable_size
#define je_mallocx zm_je_mallocx
#define je_nallocx zm_je_nallocx
#define je_realloc zm_je_realloc
#define je_sdallocx zm_je_sdallocx

/* No server calls these; they would go past zmalloc.  Call zmalloc.h's functions instead. */
#undef je_rallocx
#pragma GCC poison je_aligned_alloc je_memalign je_posix_memalign je_rallocx je_sallocx
#pragma GCC poison je_valloc je_xallocx

#endif

#endif /* ZMALLOC_COMPAT_JEMALLOC_CALLS_H_ */
