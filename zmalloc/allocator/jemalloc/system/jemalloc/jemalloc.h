/* The system's jemalloc, which replaces malloc in the whole process, under the names of
 * our build of jemalloc. */
#if !__has_include_next(<jemalloc/jemalloc.h>)
#error \
    "--jemalloc=system: no jemalloc for this platform where its compiler looks (this machine: libjemalloc-dev); --jemalloc=bundled builds one"
#endif
#include_next <jemalloc/jemalloc.h>

/* It may be configured in any way. */
#define ZM_JEMALLOC_OF_THE_SYSTEM

#define je_calloc calloc
#define je_dallocx dallocx
#define je_free free
#define je_malloc malloc
#define je_malloc_stats_print malloc_stats_print
#define je_malloc_usable_size malloc_usable_size
#define je_mallctl mallctl
#define je_mallctlbymib mallctlbymib
#define je_mallctlnametomib mallctlnametomib
#define je_mallocx mallocx
#define je_nallocx nallocx
#define je_rallocx rallocx
#define je_realloc realloc
#define je_sdallocx sdallocx
