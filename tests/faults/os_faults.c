/* What the program's own code, and so an allocator linked into it, asks the OS for
 * memory with: the linker's --wrap leads it here. */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "zmalloc/allocator/faulty/faults.h"

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__real_sbrk(intptr_t increment);
void *__wrap_sbrk(intptr_t increment);

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    if (zm_fault(size)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, protection, flags, fd, offset);
}

void *__wrap_sbrk(intptr_t increment) {
    if (increment > 0 && zm_fault((size_t)increment)) {
        errno = ENOMEM;
        return (void *)-1;
    }
    return __real_sbrk(increment);
}
