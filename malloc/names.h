/* What malloc.c defines beside malloc and its like (exported.h). */
#ifndef MALLOC_NAMES_H_
#define MALLOC_NAMES_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define ZM_NOTHROW noexcept
#else
#define ZM_NOTHROW
#endif

/* For operators.cc, which need not go through a table of the loader. */
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
