/* The calls by which the program's own code, and so an allocator linked into it, asks the OS for
 * memory: the linker's --wrap leads them here. */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "zmalloc/allocator/failing/failing.h"

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_mprotect(void *at, size_t size, int protection);
int __wrap_mprotect(void *at, size_t size, int protection);
void *__real_sbrk(intptr_t increment);
void *__wrap_sbrk(intptr_t increment);

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    if (zm_failing(size)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, protection, flags, fd, offset);
}

/* Some allocators map much and make a part accessible when they need it. */
int __wrap_mprotect(void *at, size_t size, int protection) {
    if ((protection & PROT_WRITE) != 0 && zm_failing(size)) {
        errno = ENOMEM;
        return -1;
    }
    return __real_mprotect(at, size, protection);
}

void *__wrap_sbrk(intptr_t increment) {
    if (increment > 0 && zm_failing((size_t)increment)) {
        errno = ENOMEM;
        return (void *)-1;
    }
    return __real_sbrk(increment);
}
