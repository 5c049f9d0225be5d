/* A static zlib: its zcalloc has other parameters than ours, and the same name. */
#include <stdlib.h>

void *zcalloc(void *opaque, unsigned items, unsigned size);
void *like_zlib_allocate(void);

void *zcalloc(void *opaque, unsigned items, unsigned size) {
    (void)opaque;
    return calloc(items, size);
}

void *like_zlib_allocate(void) { return zcalloc(NULL, 10, 10); }
