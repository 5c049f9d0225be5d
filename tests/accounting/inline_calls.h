// zmalloc's hot calls as they are where zmalloc/inline.h is included, from C.
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
#endif

#endif  // ZMALLOC_TESTS_ACCOUNTING_INLINE_CALLS_H_
