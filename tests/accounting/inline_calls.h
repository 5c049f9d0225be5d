// Calls zmalloc's hot functions through zmalloc/inline.h, from C.
#ifndef ZMALLOC_TESTS_ACCOUNTING_INLINE_CALLS_H_
#define ZMALLOC_TESTS_ACCOUNTING_INLINE_CALLS_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void *inline_malloc(size_t size);
void *inline_try_malloc(size_t size);
void inline_free(void *ptr);
void inline_free_with_size(void *ptr, size_t size);

#ifdef __cplusplus
}

/* The same from C++; returns whether the first of its blocks was counted. */
bool inline_in_cxx();
#endif

#endif  // ZMALLOC_TESTS_ACCOUNTING_INLINE_CALLS_H_
