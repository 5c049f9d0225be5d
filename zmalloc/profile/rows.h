/* The rows of a heap profile, as the writers read them (profile.h).  A row is a call stack with a
 * label.  Rows are only ever added; a row's figures may change while it is read. */
#ifndef ZMALLOC_PROFILE_ROWS_H_
#define ZMALLOC_PROFILE_ROWS_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ZM_STACK_DEPTH = 64 };

struct zm_profile_row {
    const void *const *frames; /* return addresses, innermost first */
    unsigned depth;
    const char *label; /* of the thread when it allocated (zmalloc_label()); NULL: it had none */

    /* Samples of this row, counted as they are. */
    uint64_t allocated_samples; /* since the start */
    uint64_t live_samples;

    /* Estimates for all blocks of this row: each sample counts for 1/p blocks, where p is the
     * probability that a block of its size is sampled. */
    uint64_t allocated_blocks, allocated_bytes;
    uint64_t live_blocks, live_bytes;

    /* Free bytes that these blocks keep in their slabs, an estimate; 0 where they are not known. */
    uint64_t waste_bytes;
};

/* Mean bytes between two samples. */
uint64_t zm_profile_rate(void);

/* Rows have the indices below this. */
size_t zm_profile_rows(void);

/* Reads row `i`.  Takes no lock, and does not allocate. */
void zm_profile_row(size_t i, struct zm_profile_row *row);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_ROWS_H_ */
