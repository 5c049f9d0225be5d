/* The usable size of a block of malloc: glibc on x86_64, where one word before
 * the block tells it, unless something stands in for glibc's malloc. */
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether the word is there, and says what malloc_usable_size() does; settled
 * when the program starts. */
extern bool zm_libc_has_headers;

/* The size of the chunk, of which the header itself is no use; blocks with
 * mappings of their own (false) are left to the libc. */
static inline bool zm_libc_size_by_header(const void *ptr, size_t *usable) {
    enum { MMAPPED = 2, FLAGS = 7 };
    const size_t *header = (const size_t *)((uintptr_t)ptr - sizeof(size_t));
    if (__builtin_expect(*(const unsigned char *)header & MMAPPED, 0)) return false;
    *usable = (*header & ~(size_t)FLAGS) - sizeof(size_t);
    return true;
}

static inline bool zm_libc_size_at_hand(const void *ptr, size_t *usable) {
    return __builtin_expect(zm_libc_has_headers, 1) && zm_libc_size_by_header(ptr, usable);
}

static inline size_t zm_libc_usable_size(const void *ptr) {
    size_t usable;
    return __builtin_expect(zm_libc_size_at_hand(ptr, &usable), 1)
               ? usable
               : malloc_usable_size((void *)(uintptr_t)ptr);
}

/* glibc itself refuses what cannot be met; its block of 0 bytes is its smallest. */
static inline bool zm_libc_request(size_t *size) {
    (void)size;
    return true;
}
