#include "malloc/darwin/requests.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "malloc/darwin/system.h"
#include "malloc/darwin/thread.h"
#include "malloc/own.h"
#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/os/os.h"

bool zm_darwin_is_ours(const void *ptr) {
    if (ptr == NULL || !zm_threads_started()) return false;
    return zm_backend_owns(ptr) || (zm_null_or_sampled(ptr) && zm_sampler.has(ptr));
}

static bool by_us(void) { return zm_thread_served() == ZM_BY_US; }

void *zm_darwin_malloc(size_t size) {
    return by_us() ? zm_own_malloc(size) : zm_system_malloc(size);
}

void *zm_darwin_calloc(size_t number, size_t size) {
    return by_us() ? zm_own_calloc(number, size) : zm_system_calloc(number, size);
}

static bool is_power_of_two(size_t number) { return number != 0 && (number & (number - 1)) == 0; }

void *zm_darwin_aligned_alloc(size_t alignment, size_t size) {
    if (by_us()) return zm_own_aligned_alloc(alignment, size);
    if (is_power_of_two(alignment)) {
        return zm_system_aligned(alignment < sizeof(void *) ? sizeof(void *) : alignment, size);
    }
    errno = EINVAL;
    return NULL;
}

/* It leaves errno as it is. */
int zm_darwin_posix_memalign(void **block, size_t alignment, size_t size) {
    if (by_us()) return zm_own_posix_memalign(block, alignment, size);
    if (!is_power_of_two(alignment) || alignment < sizeof(void *)) return EINVAL;
    const int saved = errno;
    void *ptr = zm_system_aligned(alignment, size);
    errno = saved;
    if (ptr == NULL) return ENOMEM;
    *block = ptr;
    return 0;
}

void *zm_darwin_valloc(size_t size) {
    void *ptr = zm_darwin_aligned_alloc(zm_os_page_size(), size);
    return ptr != NULL ? memset(ptr, 0, size) : NULL;
}

/* Moves a block of ours to the system. */
static void *moved(void *ptr, size_t size) {
    const size_t had = zm_own_malloc_usable_size(ptr);
    void *block = zm_system_malloc(size);
    if (block == NULL) return NULL;
    memcpy(block, ptr, had < size ? had : size);
    zm_darwin_free(ptr);
    return block;
}

void *zm_darwin_realloc(void *ptr, size_t size) {
    if (ptr == NULL) return zm_darwin_malloc(size);
    if (size == 0) size = 1;
    const bool served = by_us();
    if (!zm_darwin_is_ours(ptr)) return zm_system_realloc(ptr, size);
    return served ? zm_own_realloc(ptr, size) : moved(ptr, size);
}

void *zm_darwin_reallocf(void *ptr, size_t size) {
    void *block = zm_darwin_realloc(ptr, size);
    if (block == NULL) zm_darwin_free(ptr);
    return block;
}

void zm_darwin_free(void *ptr) {
    if (ptr == NULL) return;
    const enum zm_served served = zm_thread_served();
    if (!zm_darwin_is_ours(ptr)) {
        zm_system_free(ptr);
    } else if (served != ZM_FORKING) {
        zm_own_free(ptr);
    }
}

size_t zm_darwin_malloc_size(const void *ptr) {
    if (ptr == NULL) return 0;
    return zm_darwin_is_ours(ptr) ? zm_own_malloc_usable_size((void *)(uintptr_t)ptr)
                                  : zm_system_size(ptr);
}
