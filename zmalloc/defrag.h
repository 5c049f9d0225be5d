/* Defragmentation: moving small blocks out of sparsely used slabs, so that
 * these become empty and their pages can be given back.
 *
 * Only jemalloc tells how its slabs are used; elsewhere nothing here moves
 * anything and zmalloc_defrag_supported() says so.
 *
 * The rule (that of Redis's jemalloc and of Valkey): a block should move when
 * it is small, its slab is neither full nor the one that its bin takes new
 * blocks from, and the slab is used no more than 9/8 of the average over the
 * bin's slabs that are not full.  A stock jemalloc does not tell which slab is
 * the bin's current one: there, a bin with fewer than two such slabs is left
 * alone.  docs/defrag.md has the sources.
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

/* Whether this build's allocator can be asked; decided at run time, once. */
bool zmalloc_defrag_supported(void);

/* Whether moving the block would help to empty its slab.  False for NULL and
 * where it is not supported.  Thread-safe; takes the lock of the block's bin. */
bool zmalloc_should_defrag(const void *ptr);

/* The same for `count` blocks at once (NULL among them is false), into
 * should[0..count): the cheaper way on a stock jemalloc.  Returns how many
 * should move, or -1 where it is not supported. */
int zmalloc_should_defrag_batch(const void *const *ptrs, size_t count, bool *should);

/* Moves the block when it should be: allocates, past the thread cache, a block
 * with the same contents and usable size, frees the old one past it, and
 * returns the new one.  NULL when the block stays where it is: it is well
 * placed, there is no memory to be had, or it is not supported.  Alignment of
 * small blocks is kept.  The caller must own the block and all pointers to it. */
void *zmalloc_defrag(void *ptr);

/* ---- Scanner ----------------------------------------------------------- */

/* How a program shows its blocks to the scanner. */
typedef struct zmalloc_defrag_cursor {
    /* The next block, or NULL when every block was shown: that ends the pass,
     * and the next call begins another. */
    void *(*next)(void *arg);

    /* The block that next() returned last, at `from`, is now at `to`: update
     * every pointer to it.  `from` is freed already; only its address counts. */
    void (*moved)(void *arg, void *from, void *to);

    void *arg;
} zmalloc_defrag_cursor_t;

/* How much one step may do; 0 means no limit. */
typedef struct zmalloc_defrag_budget {
    size_t blocks;         /* looked at */
    uint64_t microseconds; /* of wall clock; checked every few blocks */
} zmalloc_defrag_budget_t;

/* What steps did; cleared by the caller, added to by each step. */
typedef struct zmalloc_defrag_stats {
    size_t scanned;       /* blocks looked at */
    size_t moved;         /* blocks moved */
    size_t moved_bytes;   /* their usable sizes */
    size_t passes;        /* passes that came to their end */
    int64_t gained_bytes; /* by how much small-bin waste shrank meanwhile */
} zmalloc_defrag_stats_t;

enum zmalloc_defrag_result {
    ZMALLOC_DEFRAG_MORE,        /* the budget is used up; call again */
    ZMALLOC_DEFRAG_PASS_DONE,   /* every block was looked at */
    ZMALLOC_DEFRAG_UNSUPPORTED, /* nothing was done */
};

/* Looks at blocks, and moves those that should be, until a pass or the budget
 * ends.  `budget` NULL: no limit; `stats` may be NULL.  Other threads may
 * allocate and free meanwhile, but not touch the blocks that the cursor shows. */
enum zmalloc_defrag_result zmalloc_defrag_step(const zmalloc_defrag_cursor_t *cursor,
                                               const zmalloc_defrag_budget_t *budget,
                                               zmalloc_defrag_stats_t *stats);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_DEFRAG_H_ */
