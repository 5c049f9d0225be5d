/* A library with an allocator of its own, as libjemalloc is: C++ operators and jemalloc's functions
 * that do not call malloc, and an operator delete that calls free. */
#include "tests/tools/fake_jemalloc.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { HEAP = 64 << 20, HEAD = 64 };

static _Alignas(4096) char heap[HEAP];
static size_t used;

/* Before each block is its size. */
static void *take(size_t size, size_t alignment) {
    size_t at = (used + HEAD + alignment - 1) & ~(alignment - 1);
    if (size > HEAP - at) return NULL;
    used = at + size;
    memcpy(heap + at - sizeof(size), &size, sizeof(size));
    return heap + at;
}

static void *move(void *block, size_t size) {
    size_t before = 0;
    void *moved = take(size, 16);
    if (block) memcpy(&before, (char *)block - sizeof(before), sizeof(before));
    return moved && block ? memcpy(moved, block, before < size ? before : size) : moved;
}

void *malloc(size_t size) { return take(size, 16); }
void *calloc(size_t count, size_t size) { return take(count * size, 16); }
void *realloc(void *block, size_t size) { return move(block, size); }
void free(void *block) { (void)block; }

void *_Znwm(size_t size) { return take(size, 16); }
void *_ZnwmSt11align_val_t(size_t size, size_t alignment) { return take(size, alignment); }
void _ZdlPv(void *block) { free(block); }
void _ZdlPvm(void *block, size_t size) {
    (void)block;
    (void)size;
}

void *mallocx(size_t size, int flags) {
    return take(size, flags & 63 ? (size_t)1 << (flags & 63) : 16);
}
void *rallocx(void *block, size_t size, int flags) {
    (void)flags;
    return move(block, size);
}
void dallocx(void *block, int flags) {
    (void)flags;
    free(block);
}
void sdallocx(void *block, size_t size, int flags) {
    (void)size;
    (void)flags;
    free(block);
}
