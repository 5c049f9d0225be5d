/* Declarations and calls that all servers share, for the .c files beside this. */
#ifndef ZMALLOC_TESTS_COMPAT_COMMON_H_
#define ZMALLOC_TESTS_COMPAT_COMMON_H_

#include <stdlib.h>
#include <string.h>

#include "tests/compat/calls.h"
/* Declares zmalloc_test. */
#define REDIS_TEST
/* In quotes and without a folder, as servers include it. */
#include "zmalloc.h"

#define HOLDS(condition) \
    if (!(condition)) return #condition

/* A function has a server's signature if its address fits a pointer of that type. */
static void *(*const all_malloc)(size_t) = zmalloc;
static void *(*const all_calloc)(size_t) = zcalloc;
static void *(*const all_calloc_num)(size_t, size_t) = zcalloc_num;
static void *(*const all_realloc)(void *, size_t) = zrealloc;
static void *(*const all_trymalloc)(size_t) = ztrymalloc;
static void *(*const all_trycalloc)(size_t) = ztrycalloc;
static void *(*const all_tryrealloc)(void *, size_t) = ztryrealloc;
static void (*const all_free)(void *) = zfree;
static void *(*const all_malloc_usable)(size_t, size_t *) = zmalloc_usable;
static void *(*const all_calloc_usable)(size_t, size_t *) = zcalloc_usable;
static void *(*const all_trymalloc_usable)(size_t, size_t *) = ztrymalloc_usable;
static void *(*const all_trycalloc_usable)(size_t, size_t *) = ztrycalloc_usable;
static char *(*const all_strdup)(const char *) = zstrdup;
static size_t (*const all_used_memory)(void) = zmalloc_used_memory;
static void (*const all_set_oom_handler)(void (*)(size_t)) = zmalloc_set_oom_handler;
static size_t (*const all_get_rss)(void) = zmalloc_get_rss;
static void (*const all_bg_thread)(int) = set_jemalloc_bg_thread;
static int (*const all_purge)(void) = jemalloc_purge;
static size_t (*const all_private_dirty)(long) = zmalloc_get_private_dirty;
static size_t (*const all_memory_size)(void) = zmalloc_get_memory_size;
static size_t (*const all_smap_bytes)(char *, long) = zmalloc_get_smap_bytes_by_field;
static void (*const all_libc_free)(void *) = zlibc_free;
static int (*const all_stat)(int, long long *) = get_proc_stat_ll;
static void *(*const all_extend)(void *, size_t) = extend_to_usable;

static const char *common_allocations(void (*dontneed)(void *)) {
    size_t usable = 0;
    void *blocks[] = {all_malloc(10),
                      all_calloc(10),
                      all_calloc_num(2, 10),
                      all_trymalloc(10),
                      all_trycalloc(10),
                      all_malloc_usable(10, &usable),
                      all_calloc_usable(10, &usable),
                      all_trymalloc_usable(10, &usable),
                      all_trycalloc_usable(10, &usable),
                      all_realloc(NULL, 10),
                      all_tryrealloc(NULL, 10),
                      all_strdup("123456789")};
    HOLDS(usable >= 10);
    for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
        HOLDS(blocks[i] != NULL);
        HOLDS(zmalloc_size(blocks[i]) >= 10);
        HOLDS(zmalloc_usable_size(blocks[i]) >= 10);
        dontneed(blocks[i]);
        all_free(all_extend(blocks[i], zmalloc_usable_size(blocks[i])));
    }
    all_libc_free(malloc(10));
    return NULL;
}

static const char *common_figures(void) {
    char field[] = "Rss:";
    long long start_time;
    HOLDS(strlen(ZMALLOC_LIB) > 0);
    HOLDS(all_used_memory() < (size_t)-1 / 2);
    all_set_oom_handler(NULL);
    all_bg_thread(0);
    all_purge();
    (void)all_get_rss();
    (void)all_private_dirty(-1);
    (void)all_memory_size();
    (void)all_smap_bytes(field, -1);
    HOLDS(zmalloc_test(0, NULL, 0) == 0);
    (void)all_stat(22, &start_time);
    return NULL;
}

static const char *common_resize(void *(*resize)(void *, size_t, size_t *)) {
    size_t usable = 0;
    void *ptr = resize(NULL, 10, &usable);
    HOLDS(ptr != NULL && usable >= 10);
    memset(ptr, 7, usable);
    ptr = resize(ptr, 5000, &usable);
    HOLDS(ptr != NULL && usable >= 5000 && ((char *)ptr)[9] == 7);
    ptr = resize(ptr, 6000, NULL);
    HOLDS(ptr != NULL);
    HOLDS(resize(ptr, 0, &usable) == NULL && usable == 0);
    return NULL;
}

#ifdef HAVE_DEFRAG
#ifdef JEMALLOC_FRAG_HINT
/* Declared by the servers' defrag.c itself. */
int je_get_defrag_hint(void *ptr);
#else
static int je_get_defrag_hint(void *ptr) { return ptr != NULL; }
#endif

static const char *common_defrag(void) {
    void *ptr = zmalloc_no_tcache(10);
    HOLDS(ptr != NULL);
    HOLDS(je_get_defrag_hint(ptr) == 0 || je_get_defrag_hint(ptr) == 1);
    zfree_no_tcache(ptr);
    return NULL;
}
#else
static const char *common_defrag(void) { return NULL; }
#endif

#ifdef USE_JEMALLOC
static void ignore_statistics(void *opaque, const char *text) {
    (void)opaque;
    (void)text;
}

static const char *common_jemalloc(void) {
    size_t page = 0, size = sizeof(page);
    HOLDS(je_mallctl("arenas.page", &page, &size, NULL, 0) == 0 && page >= 4096);
    HOLDS(je_nallocx(10, 0) >= 10);
    je_malloc_stats_print(ignore_statistics, NULL, NULL);
    void *ptr = je_mallocx(10, MALLOCX_TCACHE_NONE);
    HOLDS(ptr != NULL);
    je_sdallocx(ptr, 10, MALLOCX_TCACHE_NONE);
    return NULL;
}
#else
static const char *common_jemalloc(void) { return NULL; }
#endif

static const char *common_calls(void (*dontneed)(void *)) {
    const char *wrong = common_allocations(dontneed);
    if (wrong == NULL) wrong = common_figures();
    if (wrong == NULL) wrong = common_defrag();
    return wrong != NULL ? wrong : common_jemalloc();
}

bool compat_has_defrag(void) {
#ifdef HAVE_DEFRAG
    return true;
#else
    return false;
#endif
}

bool compat_forces_defrag(void) {
#if defined(DEBUG_DEFRAG_FORCE) || defined(DEBUG_FORCE_DEFRAG)
    return true;
#else
    return false;
#endif
}

#endif /* ZMALLOC_TESTS_COMPAT_COMMON_H_ */
