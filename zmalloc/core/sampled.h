/* Sampled blocks: a few of all new blocks do not lie in the allocator's memory.  They have guard
 * pages (zmalloc/guard/sampler.c), or they are the samples of a heap profile (zmalloc/profile).  So
 * each function that is given a block checks first whether it is sampled.  Sampled blocks lie low
 * in the address space: one comparison separates them and NULL, for which every caller must check
 * anyway, from all other blocks.
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

/* Whether `ptr` is NULL or may be a sampled block.  Other threads may write the variable,
 * atomically. */
__attribute__((no_sanitize("thread"))) static inline bool zm_null_or_sampled(const void *ptr) {
    return __builtin_expect((uintptr_t)ptr < zm_sampled_end, 0);
}

/* Blocks below this address are resized with care: those below zm_sampled_end, and all while used
 * memory has a hard limit (limit.h) or there are large samples (struct zm_profiler). */
extern uintptr_t zm_resized_with_care __attribute__((visibility("hidden")));

/* Other threads may write the variable, atomically.  GCC would need one instruction more to read it
 * so. */
__attribute__((no_sanitize("thread"))) static inline bool zm_resize_needs_care(const void *ptr) {
    return __builtin_expect((uintptr_t)ptr < zm_resized_with_care, 0);
}

/* Say whether there is such a limit, and whether there are such samples. */
void zm_resize_with_care(bool limited);
void zm_resize_samples_with_care(bool exist);

/* Whether blocks are sampled. */
static inline bool zm_sampling(void) {
    return __atomic_load_n(&zm_sampled_end, __ATOMIC_RELAXED) != 1;
}

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

/* The only sampler of guard pages; zmalloc/guard/sampler.c defines it.  Because sampled.c refers to
 * it, the linker takes that file into every program. */
extern const struct zm_sampler zm_sampler;

/* Instead of the alignment that a new block has to have. */
enum { ZM_NOT_REPLACED = 0, ZM_ANY_ALIGNMENT = 1 };

/* The profiler, which holds the samples of a heap profile.  Those of ZM_PEAK_WINDOW bytes or fewer
 * lie low as well.  Larger ones stay where they are, because each free of them takes the slow path
 * of counting.  `counted` are the bytes that a block counts for. */
struct zm_profiler {
    /* Takes a block of the allocator as a sample: one that is new, or that grew.  Returns the block
     * to use, which may be another one with this alignment; ZM_NOT_REPLACED: only the same one.
     * The call stack begins with the caller of the function on whose stack frame `frame` is. */
    void *(*sample)(void *ptr, size_t counted, size_t alignment, const void *frame);

    /* As those of struct zm_sampler, for samples that lie low. */
    bool (*has)(const void *ptr);
    size_t (*usable_size)(const void *ptr);
    size_t (*free)(void *ptr);

    /* Resizes such a sample, and returns the block to use; NULL: there is no memory.  Sets *usable.
     */
    void *(*resize)(void *ptr, size_t size, size_t *usable);

    /* Forgets a block of more than ZM_PEAK_WINDOW bytes that was freed, if it was a sample. */
    void (*freed)(const void *ptr);

    /* Whether there are samples among such blocks. */
    bool (*has_large)(void);

    /* Before the allocator resizes a block: takes it out, if it is such a sample; else returns
     * NULL. Afterwards: puts it back, and returns the block to use.  `counted` is 0 if nothing
     * changed.  Another block than `now` only if it `may_replace` it. */
    struct zm_large_sample *(*resizing)(const void *ptr);
    void *(*resized)(struct zm_large_sample *sample, void *now, size_t counted, bool may_replace);

    /* Registers the profiler's fork handlers, once.  Fork handlers that are registered later run
     * while its lock is free, so they may wait for threads that free samples. */
    void (*handle_fork)(void);
};

/* zmalloc/profile/samples.c defines it. */
extern const struct zm_profiler zm_profiler;

/* From now on, the blocks with one of `rate` bytes on average are samples, and samples that lie low
 * lie below `end`.  0: there are no new ones. */
void zm_profiling_start(uint64_t rate, uintptr_t end);

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

/* Looks at a new block, which counts for `bytes`.  Lets the sampler replace it, if this one is due
 * and `may_sample`.  Returns the block to use. */
void *zm_watch_new_block(void *ptr, size_t bytes, bool may_sample);

/* Lets this thread's next new block take the slow path. */
void zm_accounting_watch_started(void);

/* Each thread draws its next sample, at this rate, when it takes the slow path for the next time;
 * this thread now. */
void zm_accounting_sample(uint64_t rate);
uint64_t zm_accounting_sample_rate(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_SAMPLED_H_ */
