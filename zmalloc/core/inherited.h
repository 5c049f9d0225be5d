/* Blocks that a child of fork inherited, once it has called zmalloc_fork_child() (zmalloc.h).
 *
 * Most allocators write into a block that is freed, and the kernel then copies its page.  So what
 * the child frees of these blocks is only counted.  To free its own blocks as ever, the child
 * remembers their addresses: a bit for each, in tables that are mapped as they are needed.  No
 * inherited block ever has such an address, so nothing need be forgotten.  New blocks, resized ones
 * and freed ones take the slow paths meanwhile, as they do for sampled blocks (sampled.h).
 */
#ifndef ZMALLOC_CORE_INHERITED_H_
#define ZMALLOC_CORE_INHERITED_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Says that this process is a child of a fork just now. */
void zm_fork_happened(void);

/* Whether this process is a child of fork, and this is its first call. */
bool zm_is_new_child(void);

/* Whether such a call was made, in this process or in one from which it was forked. */
bool zm_in_fork_child(void);

/* All blocks that there are now are inherited.  `usable_size` tells a block's usable size, and
 * `prefix` bytes more count as used.  Call it before the child starts threads. */
void zm_inherit_blocks(size_t (*usable_size)(const void *ptr), size_t prefix);

/* Whether there are such blocks. */
bool zm_has_inherited(void);

/* Remembers a block that the allocator has just made as this process's own, if there are inherited
 * blocks.  One that cannot be remembered, because there is no memory, counts as inherited. */
void zm_own(const void *ptr);

/* For blocks that are not NULL, early or sampled.  If such a block is inherited, sets *bytes to
 * what it counts for, and returns true: its caller counts it as freed, and that is all. */
bool zm_inherited_free(const void *ptr, size_t *bytes);

/* Sets *usable and returns true if such a block is inherited. */
bool zm_inherited_usable_size(const void *ptr, size_t *usable);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_INHERITED_H_ */
