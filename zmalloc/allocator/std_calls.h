/* malloc and free for //malloc, of a backend that has none of its own.  They are made from the
 * counted calls, from zm_backend_std_size(), and from
 *   zm_backend_leaves_errno  whether the allocator's own free leaves errno as it is
 */
#include <errno.h>

#include "zmalloc/core/early.h"
#include "zmalloc/core/sampled.h"

/* Requests of this size or more take the slow path: 0 at first (zmalloc/core/early.h). */
static size_t zm_std_limit __attribute__((unused));

__attribute__((noinline, cold, unused)) static void *zm_slow_std_malloc(size_t size) {
    void *ptr = NULL;
    if (zm_early()) return zm_early_malloc(size);
    zm_std_limit = SIZE_MAX / 2;
    if (size < SIZE_MAX / 2) ptr = zm_backend_counted_try_malloc(zm_backend_std_size(size));
    if (ptr == NULL) errno = ENOMEM;
    return ptr;
}

static inline void *zm_backend_std_malloc(size_t size) {
    if (__builtin_expect(size >= zm_std_limit, 0)) return zm_slow_std_malloc(size);
    void *ptr = zm_backend_counted_try_malloc(zm_backend_std_size(size));
    if (__builtin_expect(ptr == NULL, 0)) errno = ENOMEM;
    return ptr;
}

__attribute__((noinline, unused)) static void zm_free_saving_errno(void *ptr) {
    if (zm_early_free(ptr)) return;
    const int saved = errno;
    zm_backend_counted_free(ptr);
    errno = saved;
}

/* A sampled block makes system calls, whatever the allocator does. */
static inline void zm_backend_std_free(void *ptr) {
    if (!zm_backend_leaves_errno || zm_null_or_sampled(ptr)) {
        zm_free_saving_errno(ptr);
    } else {
        zm_backend_counted_free(ptr);
    }
}
