/* calloc among the hot calls, of a backend that tells usable sizes anyway and has
 * no prefix. */
#include "zmalloc/accounting/accounting.h"
#include "zmalloc/oom.h"

static inline void *zm_backend_counted_try_calloc(size_t size) {
    size_t usable;
    void *ptr = zm_backend_calloc(size, &usable);
    return ptr != NULL ? zm_counted(ptr, usable) : NULL;
}

static inline void *zm_backend_counted_calloc(size_t size) {
    size_t usable;
    void *ptr = zm_backend_calloc(size, &usable);
    return ptr != NULL ? zm_counted(ptr, usable) : zm_out_of_memory(size);
}
