/* The memory of sampled blocks.  It lies low in the address space, so that the comparison of
 * zmalloc/core/sampled.h finds a sampled block that is freed.
 *
 * One thread at a time may call these functions, except zm_region_has().
 */
#ifndef ZMALLOC_PROFILE_REGION_H_
#define ZMALLOC_PROFILE_REGION_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* zm_region_take() gives at most so many bytes. */
enum { ZM_REGION_MOST = 320 << 10 };

/* Reserves address space, once.  Returns its end, or 0 on failure. */
uintptr_t zm_region_open(void);

bool zm_region_has(const void *ptr);

/* Returns `size` bytes or more, aligned to 64, whose contents may be anything; NULL: there is no
 * room. */
void *zm_region_take(size_t size);

/* Gives back what was taken with this size. */
void zm_region_give(void *ptr, size_t size);

/* The bytes of memory that was given back, and is resident still: an estimate. */
size_t zm_region_kept(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_REGION_H_ */
