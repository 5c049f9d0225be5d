/* Redis 7.4 and later: the calls that redis8.c and redis8_6.c share. */
#ifndef ZMALLOC_TESTS_COMPAT_REDIS8_H_
#define ZMALLOC_TESTS_COMPAT_REDIS8_H_

#include "tests/compat/common.h"

static void (*const its_free_usable)(void *, size_t *) = zfree_usable;
static void *(*const its_malloc_with_flags)(size_t, int) = zmalloc_with_flags;
static void *(*const its_realloc_with_flags)(void *, size_t, int) = zrealloc_with_flags;
static void (*const its_free_with_flags)(void *, int) = zfree_with_flags;
static int (*const its_allocator_info)(int, size_t *, size_t *, size_t *, size_t *, size_t *,
                                       size_t *) = zmalloc_get_allocator_info;
static int (*const its_arena_info)(unsigned, int, size_t *, size_t *, size_t *,
                                   size_t *) = zmalloc_get_allocator_info_by_arena;
static char *(*const its_strdup_usable)(const char *, size_t *) = zstrdup_usable;

/* Its sds has other names for them. */
#define s_realloc_usable zrealloc_usable
#define s_tryrealloc_usable ztryrealloc_usable

static void *resize(void *ptr, size_t size, size_t *usable) {
    return s_realloc_usable(ptr, size, usable);
}

static void *try_resize(void *ptr, size_t size, size_t *usable) {
    return s_tryrealloc_usable(ptr, size, usable);
}

static const char *four_parameters(void) {
    size_t usable = 0, old_usable = 0, had = 0;
    void *ptr = zrealloc_usable(NULL, 10, &had, &old_usable);
    HOLDS(ptr != NULL && old_usable == 0);
    ptr = ztryrealloc_usable(ptr, 100, &usable, &old_usable);
    HOLDS(ptr != NULL && usable >= 100 && old_usable == had);
    ptr = zrealloc_usable2(ptr, 200, &had, &old_usable);
    HOLDS(ptr != NULL && old_usable == usable);
    ptr = ztryrealloc_usable2(ptr, 300, NULL, &old_usable);
    HOLDS(ptr != NULL && old_usable == had);
    its_free_usable(ptr, &had);
    HOLDS(had >= 300);
    return NULL;
}

bool compat_asks_extension(void) { return true; }

static const char *redis8_calls(void) {
    size_t allocated = 1, active = 1, resident = 1, retained = 1, muzzy = 1, frag = 1, usable = 0;
    const char *wrong = common_calls(zmadvise_dontneed);
    if (wrong == NULL) wrong = common_resize(resize);
    if (wrong == NULL) wrong = common_resize(try_resize);
    if (wrong == NULL) wrong = four_parameters();
    if (wrong != NULL) return wrong;
    its_free_with_flags(its_realloc_with_flags(its_malloc_with_flags(10, 0), 20, 0), 0);
    char *copy = its_strdup_usable("copied", &usable);
    HOLDS(copy != NULL && strcmp(copy, "copied") == 0 && usable >= 7);
    zfree(copy);
    int known = its_allocator_info(1, &allocated, &active, &resident, &retained, &muzzy, &frag);
    HOLDS(!known || (allocated != 1 && allocated <= active && active <= resident));
    (void)its_arena_info(0, 1, &allocated, &active, &resident, &frag);
    return NULL;
}

#endif /* ZMALLOC_TESTS_COMPAT_REDIS8_H_ */
