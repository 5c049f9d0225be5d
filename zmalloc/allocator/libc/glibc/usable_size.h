/* The usable size of a block of malloc: glibc and musl. */
#include <malloc.h>
#include <stdint.h>

static inline size_t zm_libc_usable_size(const void *ptr) {
    return malloc_usable_size((void *)(uintptr_t)ptr);
}
