/* The pages of sampled blocks.  A page lies between two guard pages, which are never
 * accessible; it is accessible itself while a live block lies in it.
 *
 * Any thread may call these functions, except zm_pool_open().  No function waits for another
 * thread.
 */
#ifndef ZMALLOC_GUARD_POOL_H_
#define ZMALLOC_GUARD_POOL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reserves the pages.  Call it once, before all other functions.  Returns the end of the
 * pages, or 0 on failure. */
uintptr_t zm_pool_open(void);

/* Whether the address lies in the pool, guard pages included. */
bool zm_pool_has(const void *ptr);

/* Returns a zeroed block of `size` bytes, aligned to 16; NULL when there is no page for it. */
void *zm_pool_take(size_t size);

/* Returns the size of a block in bytes.  This function and the next report a bug and abort if
 * `ptr` is not a live block of the pool. */
size_t zm_pool_size(const void *ptr);

/* Frees a block; returns its size in bytes. */
size_t zm_pool_give_back(void *ptr);

/* Prints what was wrong with an access to this address, which failed. */
void zm_pool_explain(const void *address);

/* Installs a handler of SIGSEGV and SIGBUS (segv.c).  For an access to the pool it calls
 * zm_pool_explain(), and then the program's own handler, or the system's.  Call this again and
 * again: programs may set their handlers at any time.  Any thread may call it. */
void zm_segv_watch(void);

/* Call it in the child after a fork: the child lacks a thread that was inside
 * zm_segv_watch(). */
void zm_segv_in_child(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_GUARD_POOL_H_ */
