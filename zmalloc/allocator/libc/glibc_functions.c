#include "zmalloc/allocator/libc/glibc_functions.h"

#include <malloc.h>
#include <stdlib.h>

static const char *const names[] = {
    "malloc", "calloc", "realloc", "posix_memalign", "free", "malloc_usable_size", NULL,
};

/* Weak: under_malloc.c may take its place. */
__attribute__((weak)) const struct zm_libc_functions zm_libc_functions = {
    .malloc = malloc,
    .calloc = calloc,
    .realloc = realloc,
    .posix_memalign = posix_memalign,
    .free = free,
    .usable_size = malloc_usable_size,
    .names = names,
};
