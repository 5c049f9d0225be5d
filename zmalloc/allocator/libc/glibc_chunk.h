/* The usable size of a block of malloc, for glibc on x86_64.  The word before the block holds
 * it, unless another malloc replaces glibc's. */
#include <stdbool.h>
#include <stdint.h>

#include "zmalloc/allocator/libc/glibc_functions.h"

/* Whether blocks have this word, and it agrees with malloc_usable_size().  Found out when the
 * program starts. */
extern bool zm_libc_has_headers;

/* The usable size is the size of the chunk less its header.  Returns false for a block with a
 * mapping of its own: then ask the libc. */
static inline bool zm_libc_size_by_header(const void *ptr, size_t *usable) {
    enum { MMAPPED = 2, FLAGS = 7 };
    const size_t *header = (const size_t *)((uintptr_t)ptr - sizeof(size_t));
    if (__builtin_expect(*(const unsigned char *)header & MMAPPED, 0)) return false;
    *usable = (*header & ~(size_t)FLAGS) - sizeof(size_t);
    return true;
}

static inline bool zm_libc_fast_usable_size(const void *ptr, size_t *usable) {
    return __builtin_expect(zm_libc_has_headers, 1) && zm_libc_size_by_header(ptr, usable);
}

static inline size_t zm_libc_usable_size(const void *ptr) {
    size_t usable;
    return __builtin_expect(zm_libc_fast_usable_size(ptr, &usable), 1)
               ? usable
               : zm_libc_functions.usable_size((void *)(uintptr_t)ptr);
}

/* glibc itself refuses sizes that are too large; for 0 bytes it returns its smallest block. */
static inline bool zm_libc_request(size_t *size) {
    (void)size;
    return true;
}
