/* Sampled guard pages: with ZMALLOC_GUARD_SAMPLE=1/N in the environment, one of N
 * blocks lies at the end of a page before one that cannot be touched, and so can its
 * own page not once it is freed (docs/guard.md).
 *
 * Such blocks do not come from the allocator, so whatever takes a block looks first.
 * They lie low in the address space: one comparison tells them, and NULL, which has to
 * be looked for anyway, from all others.
 *
 * For C and C++: what is compiled with an allocator looks in the middle of it.
 */
#ifndef ZMALLOC_GUARD_SAMPLED_H_
#define ZMALLOC_GUARD_SAMPLED_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sampled blocks are below, and NULL.  Set before main. */
extern uintptr_t zm_sampled_end __attribute__((visibility("hidden")));

/* Whether this may be NULL or a sampled block. */
static inline bool zm_is_seldom(const void *ptr) {
    return __builtin_expect((uintptr_t)ptr < zm_sampled_end, 0);
}

/* Whether blocks are sampled. */
static inline bool zm_sampling(void) { return zm_sampled_end != 1; }

/* If `ptr` is NULL or a sampled block, does as zfree would and returns true.  What is
 * no block, but where sampled ones lie, ends the program, here and below. */
bool zm_seldom_freed(void *ptr);

/* The same for the usable size, 0 for NULL. */
bool zm_seldom_size(const void *ptr, size_t *usable);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_GUARD_SAMPLED_H_ */
