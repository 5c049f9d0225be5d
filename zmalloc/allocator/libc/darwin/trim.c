#include "zmalloc/allocator/libc/trim.h"

#include <malloc/malloc.h>

/* All zones, as much as they can. */
int zm_libc_trim(void) {
    (void)malloc_zone_pressure_relief(NULL, 0);
    return 0;
}
