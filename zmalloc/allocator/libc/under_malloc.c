/* glibc's allocator below a malloc of ours: //malloc links this.  glibc exports malloc and its
 * like a second time, as __libc_malloc and so on; but not malloc_usable_size. */
#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <stdint.h>

#include "zmalloc/allocator/libc/glibc_functions.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *ptr);

static const char *const names[] = {
    "__libc_malloc", "__libc_calloc", "__libc_realloc", "__libc_memalign", "__libc_free", NULL,
};

static int aligned(void **ptr, size_t alignment, size_t size) {
    *ptr = __libc_memalign(alignment, size);
    return *ptr != NULL ? 0 : ENOMEM;
}

/* glibc's malloc_usable_size(), once it is known. */
static size_t (*glibcs)(void *ptr);

/* The word before a block has held this since glibc 2.3: the size of its chunk, and flags.  A
 * chunk with a mapping of its own has two words before the block, any other one word. */
static size_t by_header(const void *ptr) {
    enum { MMAPPED = 2, FLAGS = 7 };
    const size_t word = ((const size_t *)ptr)[-1];
    return (word & ~(size_t)FLAGS) - sizeof word * (word & MMAPPED ? 2 : 1);
}

static size_t usable_size(void *ptr) { return glibcs != NULL ? glibcs(ptr) : by_header(ptr); }

/* The address, and the file that it is in. */
static void *look_up(void *where, const char *function, const void **file) {
    Dl_info info = {.dli_fbase = NULL};
    void *address = dlsym(where, function);
    if (address != NULL) (void)dladdr(address, &info);
    *file = info.dli_fbase;
    return address;
}

/* Another library may come before glibc, and have blocks of its own. */
static void ask(void) {
    const void *libc, *found;
    (void)look_up(RTLD_DEFAULT, "gnu_get_libc_version", &libc);
    void *address = look_up(RTLD_NEXT, "malloc_usable_size", &found);
    if (address != NULL && found == libc) glibcs = (size_t(*)(void *))(uintptr_t)address;
}

const struct zm_libc_functions zm_libc_functions = {
    .malloc = __libc_malloc,
    .calloc = __libc_calloc,
    .realloc = __libc_realloc,
    .posix_memalign = aligned,
    .free = __libc_free,
    .usable_size = usable_size,
    .ask = ask,
    .names = names,
};
