/* The live blocks of RAW_LARGE bytes and more, by address, and how much of them is resident.
 * Within the recorded program; any thread may call any function at any time. */
#ifndef TOOLS_ZTRACE_LARGE_H_
#define TOOLS_ZTRACE_LARGE_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct large {
    size_t size;
    size_t looked; /* the size that the block had when its pages were last looked at, or 0 */
    bool zeroed;   /* calloc gave it */
};

/* Which sets ever held a block: a free of any other block looks no further. */
enum { LARGE_SET_BITS = 14, LARGE_SETS = 1 << LARGE_SET_BITS };
extern _Atomic bool large_used[LARGE_SETS];

/* The set of an address. */
static inline size_t large_set(const void *address) {
    return (size_t)(((uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - LARGE_SET_BITS));
}

/* Whether the block may be a large one. */
static inline bool large_may_be(const void *address) {
    return atomic_load_explicit(&large_used[large_set(address)], memory_order_relaxed);
}

/* Takes the memory of the list, in which no block is known until then.  It is shared memory, so
 * that it is not among the anonymous pages of the program, which are measured. */
void large_begin(void);

/* Remembers a block; one for which there is no room stays unknown. */
void large_add(const void *address, const struct large *block);

/* Forgets a block.  False when it is not known. */
bool large_take(const void *address, struct large *block);

/* Calls `found` for each block that is known. */
void large_each(void (*found)(const void *address, const struct large *block));

/* In a forked child: forgets all blocks, which are the parent's. */
void large_forget(void);

/* How many bytes of a block were touched: those in resident pages; if calloc gave it, without pages
 * of zeros.  -1 when the kernel does not tell.  Unless the block is `owned`, another thread may
 * free it meanwhile.  Changes errno. */
ptrdiff_t large_touched(const void *address, const struct large *block, bool owned);

#endif /* TOOLS_ZTRACE_LARGE_H_ */
