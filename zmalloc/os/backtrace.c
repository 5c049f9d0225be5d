/* Call stacks by the libc's backtrace(). */
#include <execinfo.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "zmalloc/os/os.h"

/* glibc's loads a library, and without it tries anew each time: which takes long, and
 * breaks children that are forked meanwhile. */
static atomic_bool cannot;

unsigned zm_os_stack(void **frames, unsigned max) {
    if (atomic_load_explicit(&cannot, memory_order_relaxed)) return 0;
    const int count = backtrace(frames, (int)max);
    if (count <= 0) atomic_store_explicit(&cannot, true, memory_order_relaxed);
    return count > 0 ? (unsigned)count : 0;
}
