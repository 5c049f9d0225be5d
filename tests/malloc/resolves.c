/* Compiled into the program and into the library; RESOLVED is the function's name. */
#include "tests/malloc/resolves.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { SIZE = 200, LARGE = 50000 };

/* The compiler must not know them. */
static volatile size_t huge = SIZE_MAX;
static void *volatile null;

static struct resolved did;

static void expect(bool right, const char *what) {
    if (!right && did.wrong == NULL) did.wrong = what;
}

/* Functions of the libc other than malloc may not be there yet. */
static void fill(char *block) {
    static const char text[] = "early";
    for (size_t i = 0; i < SIZE; i++) block[i] = i < sizeof text ? text[i] : (char)i;
}

static void make(char **block, void *made, size_t alignment, const char *function) {
    *block = made;
    expect(made != NULL && (uintptr_t)made % alignment == 0, function);
    expect(malloc_usable_size(made) >= SIZE, "malloc_usable_size");
    fill(made);
}

static void make_blocks(void) {
    void *ptr = NULL;
    make(&did.of_malloc, malloc(SIZE), 16, "malloc");
    char *grows = malloc(SIZE);
    fill(grows);
    grows = realloc(grows, LARGE);
    expect(grows[0] == 'e' && grows[SIZE - 1] == (char)(SIZE - 1), "realloc loses bytes");
    make(&did.of_realloc, realloc(grows, SIZE), 16, "realloc");
    make(&did.of_aligned_alloc, aligned_alloc(256, SIZE), 256, "aligned_alloc");
    expect(posix_memalign(&ptr, 4096, SIZE) == 0, "posix_memalign");
    make(&did.of_posix_memalign, ptr, 4096, "posix_memalign");
}

static void free_blocks(void) {
    for (int i = 0; i < 100; i++) {
        char *block = malloc(LARGE);
        expect(block != NULL, "memory of freed blocks is not used again");
        block[LARGE - 1] = 1;
        free(block);
        free(realloc(NULL, 0));
    }
    char *block = malloc(100);
    expect(realloc(block, 0) == NULL, "realloc to 0 bytes");
}

static bool is_zero(const char *block) {
    for (size_t i = 0; i < SIZE; i++) {
        if (block[i] != 0) return false;
    }
    return true;
}

static const struct resolved *what_it_did(void) { return &did; }

static const struct resolved *(*resolve(void))(void) {
    free(null);
    make_blocks();
    free_blocks();
    char *block = calloc(SIZE / 8, 8);
    expect(block != NULL && is_zero(block), "calloc");
    fill(block);
    did.of_calloc = block;
    expect(malloc(huge) == NULL, "too large a request");
    expect(calloc(huge, 2) == NULL, "too large a request of calloc");
    expect(reallocarray(block, huge, 4) == NULL, "too large a request of realloc");
    return what_it_did;
}

/* It is static, so that the loader calls its resolver when it loads the file, and not for the first
 * call. */
static const struct resolved *chosen(void) __attribute__((ifunc("resolve")));

const struct resolved *RESOLVED(void) { return chosen(); }
