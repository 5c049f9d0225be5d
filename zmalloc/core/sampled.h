/* Sampled blocks: a few of all new blocks do not come from the allocator but have guard pages
 * (zmalloc/guard/sampler.c).  So each function that is given a block checks first whether it
 * is sampled.  Sampled blocks lie low in the address space: one comparison separates them and
 * NULL, for which every caller must check anyway, from all other blocks.
 *
 * For C and C++: code that is compiled together with an allocator includes this too.
 */
#ifndef ZMALLOC_CORE_SAMPLED_H_
#define ZMALLOC_CORE_SAMPLED_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sampled blocks, and NULL, are below this address.  Set before main; and in a child of fork that
 * has inherited blocks (inherited.h), where all blocks take the slow paths. */
extern uintptr_t zm_sampled_end __attribute__((visibility("hidden")));

/* Whether `ptr` is NULL or may be a sampled block. */
static inline bool zm_null_or_sampled(const void *ptr) {
    return __builtin_expect((uintptr_t)ptr < zm_sampled_end, 0);
}

/* Blocks below this address are resized with care: those below zm_sampled_end, and all while used
 * memory has a hard limit (limit.h). */
extern uintptr_t zm_resized_with_care __attribute__((visibility("hidden")));

/* Other threads may write the variable, atomically.  GCC would need one instruction more to read it
 * so. */
__attribute__((no_sanitize("thread"))) static inline bool zm_resize_needs_care(const void *ptr) {
    return __builtin_expect((uintptr_t)ptr < zm_resized_with_care, 0);
}

/* Says whether there is such a limit. */
void zm_resize_with_care(bool limited);

/* Whether blocks are sampled. */
static inline bool zm_sampling(void) { return zm_sampled_end != 1; }

/* Frees NULL or a sampled block, as zfree() does, and returns true.  Returns false if `ptr` is
 * neither.  This function and the next end the program when `ptr` lies among the sampled
 * blocks and is not a block. */
bool zm_sampled_free(void *ptr);

/* Sets *usable to the usable size of a sampled block, or to 0 for NULL, and returns true.
 * Returns false if `ptr` is neither. */
bool zm_sampled_usable_size(const void *ptr, size_t *usable);

/* The sampler, which holds the sampled blocks.  `bytes`, and the result of free(), are the
 * bytes that a block counts for: its usable size and the backend's prefix. */
struct zm_sampler {
    /* May replace a new block of the allocator, which counts for `bytes`.  Returns the block
     * to use. */
    void *(*replace)(void *ptr, size_t bytes);

    /* Whether the address lies in the sampler's memory. */
    bool (*has)(const void *ptr);

    /* The usable size of a block. */
    size_t (*usable_size)(const void *ptr);

    /* Frees a block; returns the bytes that it counted for. */
    size_t (*free)(void *ptr);
};

/* The only sampler; zmalloc/guard/sampler.c defines it.  Because sampled.c refers to it, the
 * linker takes that file into every program. */
extern const struct zm_sampler zm_sampler;

/* From now on, one of `every` new blocks on average, chosen at random, goes to the sampler,
 * whose blocks all lie below `end`.  Call it at most once, before other threads start.  Until
 * then sampling costs nothing. */
void zm_sampling_start(unsigned every, uintptr_t end);

/* From now on, all blocks take the slow paths: new ones, those that are resized, those that are
 * freed.  Call it before other threads start. */
void zm_all_blocks_take_slow_paths(void);

/* ---- Between sampled.c and early.c ------------------------------------------- */

/* Blocks of //malloc from before the allocator could work (early.h) are freed and resized as
 * sampled blocks are, if there are any.  They lie in `size` bytes at `memory`, each with its own
 * usable size two words before it.  Until zm_early_blocks_over(), no block is of another kind. */
void zm_early_blocks_take(uintptr_t memory, size_t size, size_t usable);
void zm_early_blocks_give_back(size_t usable);

/* From now on blocks come from the allocator.  Counts those that there are. */
void zm_early_blocks_over(void);

/* ---- Between sampled.c and accounting.c -------------------------------------- */

/* Whether each new block takes the slow path. */
extern bool zm_new_blocks_watched;

static inline bool zm_watches_new_blocks(void) {
    return __atomic_load_n(&zm_new_blocks_watched, __ATOMIC_ACQUIRE);
}

/* Looks at a new block, which counts for `bytes`.  Lets the sampler replace it, if this one is due
 * and `may_sample`.  Returns the block to use. */
void *zm_watch_new_block(void *ptr, size_t bytes, bool may_sample);

/* Moves the window of this thread below its counter, so that its next new block takes the
 * slow path. */
void zm_accounting_watch_started(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_SAMPLED_H_ */
