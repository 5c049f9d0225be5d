/* A library whose malloc ends the program. */
#include <stdlib.h>

void *malloc(size_t size) {
    (void)size;
    abort();
}
