/* The usable size of a block of malloc: macOS. */
#include <malloc/malloc.h>
#include <stdint.h>

static inline size_t zm_libc_usable_size(const void *ptr) { return malloc_size(ptr); }
