/* The functions that the libc backends call.  Some tests use failing/failing.h instead of
 * this file. */
#include <stdlib.h>

#define zm_libc_malloc malloc
#define zm_libc_calloc calloc
#define zm_libc_realloc realloc
#define zm_libc_posix_memalign posix_memalign
#define zm_libc_free free
