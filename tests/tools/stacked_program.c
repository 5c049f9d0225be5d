/* Allocates from a few functions, as much as the test knows. */
#include "tests/tools/stacked_program.h"

#include <stdlib.h>
#include <string.h>

#define NOT_INLINED __attribute__((noinline))

static void *volatile kept;

static NOT_INLINED void *keep(void *block, void *before) {
    memcpy(block, &before, sizeof(before));
    kept = block;
    return block;
}

NOT_INLINED void fill_cache(void);
NOT_INLINED void fill_cache(void) {
    void *last = NULL;
    for (int i = 0; i < CACHE_BLOCKS; i++) last = keep(malloc(CACHE_SIZE), last);
}

NOT_INLINED void load_table(void);
NOT_INLINED void load_table(void) {
    void *last = NULL;
    for (int i = 0; i < TABLE_BLOCKS; i++) last = keep(calloc(1, TABLE_SIZE), last);
}

/* Allocates most, and keeps nothing. */
NOT_INLINED void serve_requests(void);
NOT_INLINED void serve_requests(void) {
    for (int i = 0; i < REQUESTS; i++) {
        void *block = malloc(REQUEST_SIZE);
        keep(block, NULL);
        free(block);
    }
}

NOT_INLINED void grow_buffer(void);
NOT_INLINED void grow_buffer(void) {
    void *buffer = NULL;
    for (int i = 1; i <= GROWN_STEPS_OF_BUFFER; i++) {
        buffer = realloc(buffer, (size_t)i * BUFFER_STEP);
        keep(buffer, NULL);
    }
}

int main(void) {
    fill_cache();
    load_table();
    grow_buffer();
    serve_requests();
    return 0;
}
