/* A program that uses zmalloc from a package.  Prints the allocator's name. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmalloc/defrag.h>
#include <zmalloc/features.h>
#include <zmalloc/stats.h>
#include <zmalloc/zmalloc.h>

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

enum { BLOCKS = 1000 };

static void *allocate_and_free(void *unused) {
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = zmalloc(i * 8);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, i * 8);
    }
    for (size_t i = 0; i < BLOCKS; i++) blocks[i] = zrealloc(blocks[i], i * 16 + 1);
    for (size_t i = 0; i < BLOCKS; i++) zfree(blocks[i]);
    return unused;
}

static size_t asked;

static void remember(size_t size) { asked = size; }

/* The program's malloc is still the libc's own. */
static void check_libc(void) {
    Dl_info where;
    void *(*allocate)(size_t) = malloc;
    void *address;
    memcpy(&address, &allocate, sizeof address);
    CHECK(dladdr(address, &where) != 0 && strstr(where.dli_fname, "libc.so") != NULL);
    zlibc_free(strdup("text"));
}

int main(void) {
    const size_t before = zmalloc_used_memory();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, allocate_and_free, NULL) == 0);
    }
    for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(zmalloc_used_memory() == before);

    char *text = zstrdup(ZMALLOC_LIB);
    CHECK(zmalloc_used_memory() == before + zmalloc_size(text));
    zfree(text);

    zmalloc_set_oom_handler(remember);
    const volatile size_t too_much = (size_t)-1;
    CHECK(zmalloc(too_much) == NULL && asked == too_much);

    zmalloc_stats_t info;
    CHECK(zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1) == 0);
    (void)zmalloc_defrag_supported();
    CHECK(CACHE_LINE_SIZE >= 64);
    CHECK(strcmp(zmalloc_allocator_name(), ZMALLOC_ALLOCATOR) == 0);
    check_libc();
    puts(zmalloc_allocator_name());
    return 0;
}
