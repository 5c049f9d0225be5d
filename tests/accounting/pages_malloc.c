/* A malloc for LD_PRELOAD: each block begins a page, and the page before it cannot be read.  No
 * address is used twice. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define PAGES ((size_t)1 << 22)

static char *start;
static _Atomic size_t used_pages = 1;
static size_t sizes[PAGES]; /* of the block that begins a page */

__attribute__((constructor(101))) static void reserve(void) {
    if (start != NULL) return;
    start = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static size_t page_of(const void *block) { return (size_t)((const char *)block - start) / PAGE; }

static size_t pages(size_t bytes) { return (bytes + PAGE - 1) / PAGE; }

static void *take(size_t alignment, size_t size) {
    const size_t usable = (size / 16 + 1) * 16;
    reserve();
    if (size > PAGES * PAGE / 4 || alignment > PAGES * PAGE / 4) {
        errno = ENOMEM;
        return NULL;
    }
    const size_t before = alignment > PAGE ? alignment / PAGE : 1;
    const size_t first = atomic_fetch_add(&used_pages, before + pages(usable));
    uintptr_t at = (uintptr_t)start + (first + 1) * PAGE;
    if (alignment > PAGE) at = (at + alignment - 1) / alignment * alignment;
    if (first + before + pages(usable) >= PAGES ||
        mprotect((void *)at, pages(usable) * PAGE, PROT_READ | PROT_WRITE) != 0) {
        errno = ENOMEM;
        return NULL;
    }
    sizes[page_of((void *)at)] = usable;
    return (void *)at;
}

void *malloc(size_t size) { return take(16, size); }

void *calloc(size_t num, size_t size) {
    size_t bytes;
    return __builtin_mul_overflow(num, size, &bytes) ? NULL : take(16, bytes);
}

size_t malloc_usable_size(void *block) { return block != NULL ? sizes[page_of(block)] : 0; }

void free(void *block) {
    if (block == NULL) return;
    mmap(block, pages(malloc_usable_size(block)) * PAGE, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void *realloc(void *block, size_t size) {
    void *moved = take(16, size);
    if (moved == NULL || block == NULL) return moved;
    const size_t had = malloc_usable_size(block);
    memcpy(moved, block, had < size ? had : size);
    free(block);
    return moved;
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = take(alignment, size);
    return *block != NULL ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size) { return take(alignment, size); }

void *memalign(size_t alignment, size_t size) { return take(alignment, size); }
