/* malloc.c's functions under names of their own: for macOS, where a program's malloc is always the
 * system's, and only interposing leads to ours (darwin/).  docs/malloc.md says what they promise.
 */
#ifndef MALLOC_OWN_H_
#define MALLOC_OWN_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void *zm_own_malloc(size_t size);
void zm_own_free(void *ptr);
void *zm_own_calloc(size_t number, size_t size);
void *zm_own_realloc(void *ptr, size_t size);
void *zm_own_aligned_alloc(size_t alignment, size_t size);
void *zm_own_reallocarray(void *ptr, size_t number, size_t size);
int zm_own_posix_memalign(void **block, size_t alignment, size_t size);
void *zm_own_memalign(size_t alignment, size_t size);
void *zm_own_valloc(size_t size);
void *zm_own_pvalloc(size_t size);
size_t zm_own_malloc_usable_size(void *ptr);
void zm_own_free_sized(void *ptr, size_t size);
void zm_own_free_aligned_sized(void *ptr, size_t alignment, size_t size);
void zm_own_cfree(void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* MALLOC_OWN_H_ */
