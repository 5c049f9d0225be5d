/* Makes malloc.c define the functions of own.h.  Include it after all other headers, which may use
 * these words. */
#include "malloc/own.h"

#define malloc zm_own_malloc
#define free zm_own_free
#define calloc zm_own_calloc
#define realloc zm_own_realloc
#define aligned_alloc zm_own_aligned_alloc
#define reallocarray zm_own_reallocarray
#define posix_memalign zm_own_posix_memalign
#define memalign zm_own_memalign
#define valloc zm_own_valloc
#define pvalloc zm_own_pvalloc
#define malloc_usable_size zm_own_malloc_usable_size
#define free_sized zm_own_free_sized
#define free_aligned_sized zm_own_free_aligned_sized
#define cfree zm_own_cfree
