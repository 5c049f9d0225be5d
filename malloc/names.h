/* What malloc.c defines beside the functions of <stdlib.h> and <malloc.h>. */
#ifndef MALLOC_NAMES_H_
#define MALLOC_NAMES_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define ZM_NOTHROW noexcept
#else
#define ZM_NOTHROW
#endif

#pragma GCC visibility push(default)

/* malloc.c: all of its functions that the C library has too are exported. */
#ifndef __cplusplus
void *malloc(size_t size);
void free(void *ptr);
void *calloc(size_t number, size_t size);
void *realloc(void *ptr, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void *reallocarray(void *ptr, size_t number, size_t size);
int posix_memalign(void **block, size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);
size_t malloc_usable_size(void *ptr);
#endif

/* C23; glibc declares them from 2.41 on. */
void free_sized(void *ptr, size_t size) ZM_NOTHROW;
void free_aligned_sized(void *ptr, size_t alignment, size_t size) ZM_NOTHROW;

/* glibc's until 2.25. */
void cfree(void *ptr) ZM_NOTHROW;

#pragma GCC visibility pop

/* The same functions for operators.cc, which need not go through a table of the loader. */
void *zm_std_malloc(size_t size) ZM_NOTHROW;
void *zm_std_aligned(size_t alignment, size_t size) ZM_NOTHROW; /* alignment: a power of two */
void zm_std_free(void *ptr) ZM_NOTHROW;
void zm_std_free_sized(void *ptr, size_t size) ZM_NOTHROW;

/* When zm_std_malloc(), or zm_std_aligned() if `alignment` is not 0, returned NULL: calls the
 * program's new_handler and tries again, or throws bad_alloc.  new_throws.cc, or for libraries that
 * are preloaded new_of_runtime.cc. */
#ifdef __cplusplus
void *zm_new_failed(size_t size, size_t alignment);
void *zm_new_failed_nothrow(size_t size, size_t alignment) noexcept;
#endif

#ifdef __cplusplus
}
#endif

#endif /* MALLOC_NAMES_H_ */
