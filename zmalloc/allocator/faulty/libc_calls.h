/* For the libc backends, in place of the libc's own. */
#include "zmalloc/allocator/faulty/faults.h"

#define zm_libc_malloc zm_faulty_malloc
#define zm_libc_calloc zm_faulty_calloc
#define zm_libc_realloc zm_faulty_realloc
#define zm_libc_posix_memalign zm_faulty_posix_memalign
#define zm_libc_free zm_faulty_free
