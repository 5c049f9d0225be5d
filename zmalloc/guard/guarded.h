/* With --guard, these functions replace the chosen allocator's functions.  They put each of
 * its blocks between canaries, and check the block when the program passes it back.
 *
 * allocator/backend.h documents them.  A bug prints one line and ends the program. */
#ifndef ZMALLOC_GUARD_GUARDED_H_
#define ZMALLOC_GUARD_GUARDED_H_

#include <stdbool.h>
#include <stddef.h>

struct zmalloc_zone_t;

void *zm_guarded_malloc(size_t size, size_t *usable);
void *zm_guarded_calloc(size_t size, size_t *usable);
void *zm_guarded_aligned(size_t alignment, size_t size, size_t *usable);
void *zm_guarded_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable);
void zm_guarded_free(void *ptr, size_t *usable);
size_t zm_guarded_usable_size(const void *ptr);
void *zm_guarded_malloc_flags(size_t size, int flags, size_t *usable);
void *zm_guarded_realloc_flags(void *ptr, size_t size, int flags, size_t *usable,
                               size_t *old_usable);
void zm_guarded_free_flags(void *ptr, int flags, size_t *usable);
void *zm_guarded_movable(void *ptr);
void *zm_guarded_counted_malloc(size_t size);
void *zm_guarded_counted_try_malloc(size_t size);
void *zm_guarded_counted_calloc(size_t size);
void *zm_guarded_counted_try_calloc(size_t size);
void zm_guarded_counted_free(void *ptr);
void zm_guarded_counted_free_sized(void *ptr, size_t size);
void *zm_guarded_counted_malloc_in(struct zmalloc_zone_t *zone, size_t size);
void zm_guarded_counted_free_in(struct zmalloc_zone_t *zone, void *ptr);
size_t zm_guarded_std_size(size_t size);
void *zm_guarded_std_malloc(size_t size);
void zm_guarded_std_free(void *ptr);
void zm_guarded_std_free_sized(void *ptr, size_t size);
bool zm_guarded_fork_child(void);
void zm_guarded_should_defrag(const void *const *ptrs, size_t count, bool *should);

#ifndef ZM_GUARDED_ITSELF /* debug.c calls both */
#define zm_backend_malloc zm_guarded_malloc
#define zm_backend_calloc zm_guarded_calloc
#define zm_backend_aligned zm_guarded_aligned
#define zm_backend_realloc zm_guarded_realloc
#define zm_backend_free zm_guarded_free
#define zm_backend_usable_size zm_guarded_usable_size
#define zm_backend_malloc_flags zm_guarded_malloc_flags
#define zm_backend_realloc_flags zm_guarded_realloc_flags
#define zm_backend_free_flags zm_guarded_free_flags
#define zm_backend_movable zm_guarded_movable
#define zm_backend_counted_malloc zm_guarded_counted_malloc
#define zm_backend_counted_try_malloc zm_guarded_counted_try_malloc
#define zm_backend_counted_calloc zm_guarded_counted_calloc
#define zm_backend_counted_try_calloc zm_guarded_counted_try_calloc
#define zm_backend_counted_free zm_guarded_counted_free
#define zm_backend_counted_free_sized zm_guarded_counted_free_sized
#define zm_backend_counted_malloc_in zm_guarded_counted_malloc_in
#define zm_backend_counted_free_in zm_guarded_counted_free_in
#define zm_backend_std_size zm_guarded_std_size
#define zm_backend_std_malloc zm_guarded_std_malloc
#define zm_backend_std_free zm_guarded_std_free
#define zm_backend_std_free_sized zm_guarded_std_free_sized
#define zm_backend_fork_child zm_guarded_fork_child
#define zm_backend_should_defrag zm_guarded_should_defrag
#endif

#endif /* ZMALLOC_GUARD_GUARDED_H_ */
