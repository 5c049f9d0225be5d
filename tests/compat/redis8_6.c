/* Redis 8.6 and later. */
#include "tests/compat/redis8.h"

static void *(*const its_realloc_usable)(void *, size_t, size_t *, size_t *) = zrealloc_usable;
static void *(*const its_tryrealloc_usable)(void *, size_t, size_t *,
                                            size_t *) = ztryrealloc_usable;
static size_t (*const its_peak)(void) = zmalloc_get_peak_memory;
static time_t (*const its_peak_time)(void) = zmalloc_get_peak_memory_time;
static void (*const its_free_with_size)(void *, size_t) = zfree_with_size;
static void (*const its_reserve_thread_slots)(int) = zmalloc_reserve_thread_slots;
static void (*const its_register_reserved_slot)(void) = zmalloc_register_reserved_slot;

static void *resize_by_pointer(void *ptr, size_t size, size_t *usable) {
    return its_realloc_usable(ptr, size, usable, NULL);
}

static void *try_resize_by_pointer(void *ptr, size_t size, size_t *usable) {
    return its_tryrealloc_usable(ptr, size, usable, NULL);
}

const char *compat_calls(void) {
    const char *wrong = redis8_calls();
    if (wrong == NULL) wrong = common_resize(resize_by_pointer);
    if (wrong == NULL) wrong = common_resize(try_resize_by_pointer);
    if (wrong != NULL) return wrong;
    void *large = zmalloc(1 << 20);
    HOLDS(its_peak() >= zmalloc_used_memory() && zmalloc_used_memory() >= 1 << 20);
    HOLDS(its_peak_time() != 0 && its_peak_time() <= time(NULL));
    its_free_with_size(large, 1 << 20);
    its_reserve_thread_slots(2);
    its_register_reserved_slot();
    return NULL;
}
