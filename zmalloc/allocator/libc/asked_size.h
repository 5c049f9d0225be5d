/* Asks the libc for the usable size of a block of malloc.  The build sets the macros for the
 * header and the function. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include ZM_LIBC_MALLOC_H

static inline size_t zm_libc_usable_size(const void *ptr) {
    return ZM_LIBC_USABLE_SIZE((void *)(uintptr_t)ptr);
}

static inline bool zm_libc_fast_usable_size(const void *ptr, size_t *usable) {
    *usable = zm_libc_usable_size(ptr);
    return true;
}

/* Changes a size of 0 to the size of a long; returns false when the size is too large.
 * Sanitizers report sizes that are too large, and any use of a block of 0 bytes, whatever its
 * usable size is. */
static inline bool zm_libc_request(size_t *size) {
    if (*size == 0) *size = sizeof(long);
    return *size < SIZE_MAX / 2;
}
