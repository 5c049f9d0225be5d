/* The functions that malloc.c defines beside those of names.h.  All of them are exported. */
#ifndef MALLOC_EXPORTED_H_
#define MALLOC_EXPORTED_H_

#include <stddef.h>

#pragma GCC visibility push(default)

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

/* C23; glibc declares them from 2.41 on. */
void free_sized(void *ptr, size_t size);
void free_aligned_sized(void *ptr, size_t alignment, size_t size);

/* glibc's until 2.25. */
void cfree(void *ptr);

#pragma GCC visibility pop

#endif /* MALLOC_EXPORTED_H_ */
