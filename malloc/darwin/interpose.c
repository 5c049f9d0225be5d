/* The functions that the loader puts in the place of the system's, in all files of a program, when
 * this library is in DYLD_INSERT_LIBRARIES.  The others need none: strdup(), the C++ operators and
 * so on call these, and the functions of zones find ours by itself (zone.c). */
#include <malloc/malloc.h>
#include <stdlib.h>

#include "malloc/darwin/requests.h"

#define INSTEAD_OF(function) \
    { (const void *)zm_darwin_##function, (const void *)function }

struct instead {
    const void *ours;
    const void *theirs;
};

/* Not static: from an archive, Zig's linker takes only files that have a global name. */
extern const struct instead zm_darwin_instead[];

__attribute__((used, section("__DATA,__interpose"))) const struct instead zm_darwin_instead[] = {
    INSTEAD_OF(malloc),        INSTEAD_OF(calloc),         INSTEAD_OF(realloc),
    INSTEAD_OF(reallocf),      INSTEAD_OF(free),           INSTEAD_OF(valloc),
    INSTEAD_OF(aligned_alloc), INSTEAD_OF(posix_memalign), INSTEAD_OF(malloc_size),
};
