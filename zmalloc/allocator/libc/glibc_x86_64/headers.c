/* Whether malloc is glibc's own, so that its blocks have headers to read. */
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <unistd.h>

#include "usable_size.h"

bool zm_libc_has_headers;

/* The file that a function of this name comes from, or NULL. */
static const void *home_of(const char *function) {
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, function);
    return address != NULL && dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

/* Not where a preloaded library or the program itself has another malloc; nor in
 * static programs, where it cannot be told. */
static bool functions_are_glibcs(void) {
    static const char *const functions[] = {"malloc",         "calloc", "realloc",
                                            "posix_memalign", "free",   "malloc_usable_size"};
    const void *libc = home_of("gnu_get_libc_version");
    if (libc == NULL) return false;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (home_of(functions[i]) != libc) return false;
    }
    return true;
}

/* valgrind's tools put another malloc in the place of the very functions.  Theirs
 * takes nothing from the program break, as glibc's does at first. */
static bool is_below_break(const void *block) {
    const uintptr_t end = (uintptr_t)sbrk(0), at = (uintptr_t)block;
    return at < end && end - at < (uintptr_t)1 << 30;
}

static bool header_agrees(void *block) {
    size_t usable;
    return !zm_libc_size_by_header(block, &usable) || usable == malloc_usable_size(block);
}

/* A malloc that checks its blocks (MALLOC_CHECK_) keeps something in them.  None
 * is so large that it has a mapping: to free that would change what glibc takes
 * for large. */
static bool headers_agree(void) {
    static const size_t sizes[] = {1, 24, 25, 100, 1000, 1033, 5000, 70000};
    bool agree = true;
    for (size_t i = 0; agree && i < sizeof sizes / sizeof sizes[0]; i++) {
        void *block = malloc(sizes[i]);
        if (i == 0) agree = is_below_break(block);
        agree = agree && block != NULL && header_agrees(block);
        free(block);
    }
    return agree;
}

__attribute__((constructor(101))) static void find_out(void) {
    zm_libc_has_headers = functions_are_glibcs() && headers_agree();
}
