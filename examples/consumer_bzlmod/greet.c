/* Allocates by zmalloc, and says over which allocator. */
#include <stdio.h>
#include <string.h>

#include "zmalloc/zmalloc.h"

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "world";
    char *greeting = zmalloc(strlen(name) + sizeof("Hello, !"));
    sprintf(greeting, "Hello, %s!", name);
    printf("%s (%zu bytes of %s)\n", greeting, zmalloc_used_memory(), ZMALLOC_LIB);
    zfree(greeting);
    return zmalloc_used_memory() != 0;
}
