/* The live samples, and the lock that guards them and all that a profile keeps about them. */
#ifndef ZMALLOC_PROFILE_LIVE_H_
#define ZMALLOC_PROFILE_LIVE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lies before a small sample; of a large one, alone in the region. */
struct zm_sample {
    struct zm_sample *next, *previous; /* of all live samples */
    void *block;                       /* the twin, or NULL; or the large block */
    size_t counted;                    /* bytes: of the sample, and equally of its twin */
    double weight;                     /* blocks that it stands for */
    uint32_t row, is_sample;
    union {
        struct {
            struct zm_sample *next_in_bucket;
            uint64_t overtaken; /* see insert_large() */
        } large;
        struct {
            size_t taken;  /* bytes of the region */
            size_t before; /* of them, so many lie before this */
        } small;
    };
} __attribute__((aligned(64)));

/* Registers the handlers of fork, once.  Call it as early as possible: handlers that are registered
 * later run while ours do not hold the lock, so they may wait for threads that free samples. */
void zm_live_handle_fork(void);

/* Gets the memory that a profile needs before it starts; it can be tried again.  Without the lock.
 */
bool zm_live_open(void);

/* The lock.  As with an allocator's own locks, a signal handler that frees a sample while its
 * thread holds it waits for ever; blocking signals took longer than all else that a sample takes.
 */
void zm_live_lock(void);
void zm_live_unlock(void);

/* ---- With the lock --------------------------------------------------------------- */

/* Takes a sample out of the live ones. */
void zm_live_unlink(struct zm_sample *sample);

/* The sample of a large block, which is not found again but stays linked; NULL: there is none. */
struct zm_sample *zm_live_remove_large(const void *block);

/* The values of a new sample. */
struct zm_draft {
    void *block;
    size_t counted, alignment;
    double weight;
    uint32_t row;
    const struct zm_sample *before; /* this one, resized; NULL: it is new */
};

/* A sample, linked; NULL: there is no room. */
struct zm_sample *zm_live_make(const struct zm_draft *draft);

/* Gives back the memory of a sample that is not linked. */
void zm_live_delete(struct zm_sample *sample);

/* ---- Without ----------------------------------------------------------------------- */

bool zm_live_is_large(size_t counted);

/* Whether the allocator's block stays while there is a sample of this size. */
bool zm_live_keeps_block(size_t counted);

/* Whether there are large ones; and whether this block of the calling thread's may be one. */
bool zm_live_has_large(void);
bool zm_live_may_be_large(const void *block);

/* The live small sample whose block is at this address, or NULL. */
struct zm_sample *zm_live_small_at(const void *ptr);

#endif /* ZMALLOC_PROFILE_LIVE_H_ */
