/* malloc and its like as macOS programs call them: each request goes to our allocator or to the
 * system's.  Nothing here knows who calls it: zone.c or, through the loader, interpose.c.
 *
 * A new block is ours if the thread is served by us (thread.h).  Other blocks reach these functions
 * too: those from before our library started, those of the system's other zones, and those that
 * threads got that were not served by us.  So each block is freed and resized by its owner. */
#ifndef MALLOC_DARWIN_REQUESTS_H_
#define MALLOC_DARWIN_REQUESTS_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void *zm_darwin_malloc(size_t size);
void *zm_darwin_calloc(size_t number, size_t size);
void *zm_darwin_aligned_alloc(size_t alignment, size_t size);
int zm_darwin_posix_memalign(void **block, size_t alignment, size_t size);

/* A block at the start of a page, whose bytes are 0. */
void *zm_darwin_valloc(size_t size);

/* Of size 0, realloc returns a block of its own, as macOS's does. */
void *zm_darwin_realloc(void *ptr, size_t size);

/* The same, but it frees the block if it fails. */
void *zm_darwin_reallocf(void *ptr, size_t size);

/* In a thread that forks, a block of ours is not freed, and stays for ever. */
void zm_darwin_free(void *ptr);

/* The usable size of any block; 0 if it is none. */
size_t zm_darwin_malloc_size(const void *ptr);

/* Whether the block is ours.  `ptr` may be any address that is no freed block of ours.  Works in
 * any thread at any time. */
bool zm_darwin_is_ours(const void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* MALLOC_DARWIN_REQUESTS_H_ */
