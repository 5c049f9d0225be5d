/* The pages of sampled blocks.  Each may be read and written while a block lies in it,
 * and lies between two that never may.
 *
 * Any thread may call, but for zm_pool_open(); nothing here waits for another thread.
 */
#ifndef ZMALLOC_GUARD_POOL_H_
#define ZMALLOC_GUARD_POOL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reserves the pages; call once, before any other.  Their end, or 0 on failure. */
uintptr_t zm_pool_open(void);

/* Whether a block of the pool, or a byte near one, has this address. */
bool zm_pool_has(const void *ptr);

/* A zeroed block of `size` bytes, aligned to 16; NULL when there is no page for it. */
void *zm_pool_take(size_t size);

/* Its size.  What is not a live block of the pool is reported, here and below. */
size_t zm_pool_size(const void *ptr);

/* Takes a block back; returns its size. */
size_t zm_pool_give_back(void *ptr);

/* Prints what an access to this address, which failed, was. */
void zm_pool_explain(const void *address);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_GUARD_POOL_H_ */
