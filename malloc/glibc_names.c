/* glibc's second names.  Programs that call them free their blocks with free(), and in static
 * programs the linker must not add glibc's allocator because of them. */
#include "malloc/exported.h"

#pragma GCC visibility push(default)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void __libc_free(void *ptr);
void __libc_cfree(void *ptr);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);
int __posix_memalign(void **block, size_t alignment, size_t size);

void *__libc_malloc(size_t size) { return malloc(size); }
void *__libc_calloc(size_t number, size_t size) { return calloc(number, size); }
void *__libc_realloc(void *ptr, size_t size) { return realloc(ptr, size); }
void __libc_free(void *ptr) { free(ptr); }
void __libc_cfree(void *ptr) { free(ptr); }
void *__libc_memalign(size_t alignment, size_t size) { return memalign(alignment, size); }
void *__libc_valloc(size_t size) { return valloc(size); }
void *__libc_pvalloc(size_t size) { return pvalloc(size); }

int __posix_memalign(void **block, size_t alignment, size_t size) {
    return posix_memalign(block, alignment, size);
}

#pragma GCC visibility pop
