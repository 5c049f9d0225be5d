/* The functions that the libc backends call over glibc.  Some tests use failing/failing.h instead.
 */
#ifndef ZMALLOC_ALLOCATOR_LIBC_GLIBC_CALLS_H_
#define ZMALLOC_ALLOCATOR_LIBC_GLIBC_CALLS_H_

#include "zmalloc/allocator/libc/glibc_functions.h"

#define zm_libc_malloc zm_libc_functions.malloc
#define zm_libc_calloc zm_libc_functions.calloc
#define zm_libc_realloc zm_libc_functions.realloc
#define zm_libc_posix_memalign zm_libc_functions.posix_memalign
#define zm_libc_free zm_libc_functions.free

#endif /* ZMALLOC_ALLOCATOR_LIBC_GLIBC_CALLS_H_ */
