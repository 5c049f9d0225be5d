/* Finds out whether malloc is glibc's own: only then its blocks have headers to read. */
#include "zmalloc/allocator/libc/glibc_chunk.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <unistd.h>

bool zm_libc_has_headers;

/* The load address of the file that defines this function, or NULL. */
static const void *home_of(const char *function) {
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, function);
    return address != NULL && dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

/* False if a preloaded library or the program itself has another malloc, and in static
 * programs, where one cannot find out. */
static bool functions_are_glibcs(void) {
    const void *libc = home_of("gnu_get_libc_version");
    if (libc == NULL) return false;
    for (const char *const *name = zm_libc_functions.names; *name != NULL; name++) {
        if (home_of(*name) != libc) return false;
    }
    return true;
}

/* Detects valgrind, whose tools replace the code of the functions themselves.  Their malloc
 * does not use the memory below the program break, where glibc's first blocks lie. */
static bool is_below_break(const void *block) {
    const uintptr_t end = (uintptr_t)sbrk(0), at = (uintptr_t)block;
    return at < end && end - at < (uintptr_t)1 << 30;
}

static bool header_agrees(void *block) {
    size_t usable;
    return !zm_libc_size_by_header(block, &usable) ||
           usable == zm_libc_functions.usable_size(block);
}

/* Compares headers with what glibc tells: a malloc that checks its blocks (MALLOC_CHECK_)
 * keeps data of its own in them.  No size here is so large that glibc would give it a mapping
 * of its own: freeing such a block would raise glibc's threshold for mappings. */
static bool headers_agree(void) {
    static const size_t sizes[] = {1, 24, 25, 100, 1000, 1033, 5000, 70000};
    bool agree = true;
    for (size_t i = 0; agree && i < sizeof sizes / sizeof sizes[0]; i++) {
        void *block = zm_libc_functions.malloc(sizes[i]);
        if (i == 0) agree = is_below_break(block);
        agree = agree && block != NULL && header_agrees(block);
        zm_libc_functions.free(block);
    }
    return agree;
}

__attribute__((constructor(101))) static void find_out(void) {
    if (zm_libc_functions.ask != NULL) zm_libc_functions.ask();
    zm_libc_has_headers = functions_are_glibcs() && headers_agree();
}
