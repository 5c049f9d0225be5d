/* The usable size of a block of malloc: macOS. */
#include <malloc/malloc.h>
#include <stdbool.h>
#include <stdint.h>

static inline size_t zm_libc_usable_size(const void *ptr) { return malloc_size(ptr); }

static inline bool zm_libc_size_at_hand(const void *ptr, size_t *usable) {
    *usable = zm_libc_usable_size(ptr);
    return true;
}

/* Makes a size one to ask for; false when it cannot be met.  Sanitizers complain
 * of those, and of who touches a block of 0 bytes, whatever its usable size is. */
static inline bool zm_libc_request(size_t *size) {
    if (*size == 0) *size = sizeof(long);
    return *size < SIZE_MAX / 2;
}
