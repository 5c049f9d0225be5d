/* Calls zmalloc as a server does. */
#include <stdio.h>
#include <string.h>

#include "zmalloc.h"

#ifdef LIKE_ZLIB
/* In a static library that also has a function named zcalloc. */
void *like_zlib_allocate(void);
#else
static void *like_zlib_allocate(void) { return NULL; }
#endif

int main(void) {
    size_t usable;
    char *block = zmalloc_usable(100, &usable);
    block = zrealloc(block, 200);
    if (usable < 100 || zmalloc_used_memory() < 200) return 1;
    zfree(block);
    if (zmalloc_used_memory() != 0) return 2;
    zlibc_free(like_zlib_allocate());
#ifdef REDIS_TEST
    if (zmalloc_test(0, NULL, 0) != 0) return 3;
#endif
    printf("%.*s\n", (int)strcspn(ZMALLOC_LIB, "-"), ZMALLOC_LIB);
    return 0;
}
