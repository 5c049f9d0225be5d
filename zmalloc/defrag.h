/* Defragmentation: move small blocks out of sparsely used slabs, so that the
 * slabs become empty and the allocator can give their pages back to the OS.
 *
 * Only jemalloc and mimalloc tell how their slabs are used.  With other allocators these functions
 * move nothing, and zmalloc_defrag_supported() returns false.  mimalloc tells a thread only about
 * the slabs of its own heap: for a block of another thread the answer is always no.
 *
 * The rule is the one of Redis's jemalloc and of Valkey.  A block should move when it is small, its
 * slab is not full, its slab is not the one from which its bin takes new blocks, and the slab's use
 * is at most 9/8 of the average use of the bin's slabs that are not full.  A stock jemalloc does
 * not tell how many slabs are full: there, the limit is the average over all slabs of the bin,
 * without the extra eighth, and no block of a bin with fewer than two slabs should move.  With
 * mimalloc the average may be a few calls old, and each call may change the order in which slabs
 * are filled.  docs/defrag.md has the sources.
 */
#ifndef ZMALLOC_DEFRAG_H_
#define ZMALLOC_DEFRAG_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* Whether this build's allocator tells how its slabs are used.  Found out once, at
 * run time. */
bool zmalloc_defrag_supported(void);

/* Whether moving the block would help to empty its slab.  False for NULL, and
 * where defragmentation is not supported.  Thread-safe; takes the lock of the
 * block's bin. */
bool zmalloc_should_defrag(const void *ptr_);

/* Asks the same about `count` blocks at once and writes the answers to
 * should[0..count); the answer for NULL is false.  On a stock jemalloc this is
 * cheaper than one call per block.  Returns how many blocks should move, or -1
 * where defragmentation is not supported. */
int zmalloc_should_defrag_batch(const void *const *ptrs_, size_t count_, bool *should_);

/* Moves the block if it should move: allocates a block with the same contents and
 * usable size, frees the old block, and returns the new one.  Both calls bypass
 * the thread cache.  Returns NULL when the block stays where it is: it is well
 * placed, there is no memory for a new block, or defragmentation is not supported.
 * A small block keeps its alignment.  The caller must own the block and all
 * pointers to it. */
void *zmalloc_defrag(void *ptr_);

/* ---- Scanner ----------------------------------------------------------- */

/* The program's functions by which the scanner visits the program's blocks. */
typedef struct zmalloc_defrag_cursor {
    /* Returns the next block, or NULL after the last block.  NULL ends the pass;
     * the next call begins another pass. */
    void *(*next)(void *arg_);

    /* The scanner moved the block that next() returned last from `from` to `to`:
     * update every pointer to it.  `from` is freed already, so do not read it. */
    void (*moved)(void *arg_, void *from_, void *to_);

    void *arg;
} zmalloc_defrag_cursor_t;

/* How much one step may do; 0 means no limit. */
typedef struct zmalloc_defrag_budget {
    size_t blocks;         /* blocks to look at */
    uint64_t microseconds; /* wall-clock time; checked every few blocks */
} zmalloc_defrag_budget_t;

/* The work of all steps so far.  The caller clears it; each step adds to it. */
typedef struct zmalloc_defrag_stats {
    size_t scanned;       /* blocks looked at */
    size_t moved;         /* blocks moved */
    size_t moved_bytes;   /* sum of the usable sizes of the moved blocks */
    size_t passes;        /* finished passes */
    int64_t gained_bytes; /* bytes by which small-bin waste shrank during the steps */
} zmalloc_defrag_stats_t;

enum zmalloc_defrag_result {
    ZMALLOC_DEFRAG_MORE,        /* the budget is used up; call again */
    ZMALLOC_DEFRAG_PASS_DONE,   /* every block was looked at */
    ZMALLOC_DEFRAG_UNSUPPORTED, /* nothing was done */
};

/* Looks at blocks, and moves the blocks that should move, until the pass or the
 * budget ends.  `budget` NULL means no limit; `stats` may be NULL.  Other threads
 * may allocate and free meanwhile, but they must not touch the blocks that the
 * cursor returns. */
enum zmalloc_defrag_result zmalloc_defrag_step(const zmalloc_defrag_cursor_t *cursor_,
                                               const zmalloc_defrag_budget_t *budget_,
                                               zmalloc_defrag_stats_t *stats_);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_DEFRAG_H_ */
