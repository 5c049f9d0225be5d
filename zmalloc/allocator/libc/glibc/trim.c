#include "zmalloc/allocator/libc/trim.h"

#include <malloc.h>

int zm_libc_trim(void) {
    malloc_trim(0);
    return 0;
}
