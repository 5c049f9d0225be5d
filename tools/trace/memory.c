#include "tools/trace/memory.h"

#include <string.h>
#include <sys/mman.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

/* Before each buffer; its size keeps the buffer on a cache line. */
struct header {
    size_t size; /* of the buffer */
    char padding[64 - sizeof(size_t)];
};

void *zt_memory_alloc(size_t size) {
    struct header *header = mmap(NULL, sizeof(*header) + size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (header == MAP_FAILED) return NULL;
    header->size = size;
    return header + 1;
}

void *zt_memory_grow(void *buffer, size_t size) {
    void *larger = zt_memory_alloc(size);
    if (!larger) return NULL;
    memcpy(larger, buffer, ((struct header *)buffer)[-1].size);
    zt_memory_free(buffer);
    return larger;
}

void zt_memory_free(void *buffer) {
    if (!buffer) return;
    struct header *header = (struct header *)buffer - 1;
    munmap(header, sizeof(*header) + header->size);
}
