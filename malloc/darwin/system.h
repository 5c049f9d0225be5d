/* What the other files here need of macOS.  zone.c defines it; the tests, which run on Linux, have
 * their own. */
#ifndef MALLOC_DARWIN_SYSTEM_H_
#define MALLOC_DARWIN_SYSTEM_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The allocator that the program would have without us.  Sizes may be 0; `alignment` is a power of
 * two, not below sizeof(void *).  errno is ENOMEM after a failure. */
void *zm_system_malloc(size_t size);
void *zm_system_calloc(size_t number, size_t size);
void *zm_system_aligned(size_t alignment, size_t size);

/* For blocks that are not ours.  `ptr` is not NULL; of no block at all, the size is 0. */
void *zm_system_realloc(void *ptr, size_t size);
void zm_system_free(void *ptr);
size_t zm_system_size(const void *ptr);

/* The calling thread's mark, 0 at first.  These two do not allocate. */
unsigned zm_system_mark(void);
void zm_system_set_mark(unsigned mark);

/* Has the system allocate this thread's copy of our thread-local variables: it calls malloc. */
void zm_system_make_thread_memory(void);

/* Has `function` called when this thread ends, before that copy is freed.  It calls malloc. */
void zm_system_call_at_end(void (*function)(void *unused));

#ifdef __cplusplus
}
#endif

#endif /* MALLOC_DARWIN_SYSTEM_H_ */
