#include "zmalloc/core/early.h"

#include "zmalloc/core/accounting.h"

enum { ALIGNMENT = 16, MEMORY = 256 << 10 };

/* Before each block. */
struct header {
    size_t size;
    size_t padding;
};

static char memory[MEMORY] __attribute__((aligned(ALIGNMENT)));
static size_t used;

/* Its own address, once the loader has relocated this file; before, the file's bytes. */
static void *volatile self = (void *)&self;

/* True once thread-local variables have their first values. */
static _Thread_local volatile bool has_values ZM_STATIC_TLS = true;

static bool is_over;

bool zm_early_has_thread_memory(void) { return self == (void *)&self; }

bool zm_early(void) {
    if (is_over) return false;
    if (!zm_early_has_thread_memory() || !has_values) return true;
    is_over = true;
    zm_early_blocks_over();
    return false;
}

static struct header *header_of(const void *ptr) { return (struct header *)(uintptr_t)ptr - 1; }

void *zm_early_aligned(size_t alignment, size_t size) {
    const uintptr_t end = (uintptr_t)memory + MEMORY;
    uintptr_t begin = (uintptr_t)memory + used + sizeof(struct header);
    if (size > MEMORY || alignment > MEMORY) return NULL;
    begin = (begin + alignment - 1) & ~(uintptr_t)(alignment - 1);
    size = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (begin > end || size > end - begin) return NULL;
    used = begin + size - (uintptr_t)memory;
    header_of((void *)begin)->size = size;
    zm_early_blocks_take((uintptr_t)memory, MEMORY, size);
    return (void *)begin;
}

void *zm_early_malloc(size_t size) { return zm_early_aligned(ALIGNMENT, size); }

/* Volatile, because compilers put calls of memset and memcpy in the place of such loops. */

void *zm_early_calloc(size_t size) {
    volatile char *bytes = zm_early_malloc(size);
    if (bytes == NULL) return NULL;
    for (size_t i = 0; i < size; i++) bytes[i] = 0;
    return (void *)bytes;
}

void *zm_early_realloc(void *ptr, size_t size) {
    const size_t had = zm_early_usable_size(ptr);
    const char *from = ptr;
    if (size <= had) return ptr;
    volatile char *to = zm_early_malloc(size);
    if (to == NULL) return NULL;
    for (size_t i = 0; i < had; i++) to[i] = from[i];
    (void)zm_early_free_null_or_block(ptr);
    return (void *)to;
}

size_t zm_early_usable_size(const void *ptr) { return ptr != NULL ? header_of(ptr)->size : 0; }

bool zm_early_free_null_or_block(void *ptr) {
    if (ptr == NULL) return true;
    if (!zm_early()) return false;
    const size_t size = header_of(ptr)->size;
    /* The last block's place is used again. */
    if ((uintptr_t)ptr + size == (uintptr_t)memory + used) {
        used = (uintptr_t)header_of(ptr) - (uintptr_t)memory;
    }
    zm_early_blocks_give_back(size);
    return true;
}
