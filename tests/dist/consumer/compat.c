/* What a server writes. */
#include <stdio.h>
#include <string.h>

#include "zmalloc.h"

int main(void) {
    size_t usable;
    char *block = zmalloc_usable(100, &usable);
    block = zrealloc(block, 200);
    if (usable < 100 || zmalloc_used_memory() < 200) return 1;
    zfree(block);
    if (zmalloc_used_memory() != 0) return 2;
    printf("%.*s\n", (int)strcspn(ZMALLOC_LIB, "-"), ZMALLOC_LIB);
    return 0;
}
