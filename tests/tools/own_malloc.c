/* A program with an allocator of its own, which calls no other.  It becomes the program that its
 * arguments name. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

void *malloc(size_t size);
void free(void *ptr);
void *calloc(size_t count, size_t size);
void *realloc(void *ptr, size_t size);

static _Alignas(16) char heap[1 << 20];
static size_t used;

void *malloc(size_t size) {
    void *block = heap + used;
    used += (size + 15) & ~(size_t)15;
    return block;
}

void free(void *ptr) { (void)ptr; }

void *calloc(size_t count, size_t size) { return malloc(count * size); }

void *realloc(void *ptr, size_t size) {
    void *moved = malloc(size);
    return ptr ? memcpy(moved, ptr, size) : moved;
}

int main(int argc, char **argv) {
    for (int i = 0; i < 100; i++) free(malloc(100));
    if (argc > 1) execv(argv[1], argv + 1);
    return used == 0;
}
