#include "zmalloc/allocator/libc/trim.h"

#include <malloc_np.h>
#include <stddef.h>

/* The pseudo-index 4096 means all arenas. */
int zm_libc_trim(void) { return mallctl("arena.4096.purge", NULL, NULL, NULL, 0) == 0 ? 0 : -1; }
