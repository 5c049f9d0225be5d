/* The table of rows (rows.h), as the sampler fills it.  One thread at a time may call these
 * functions. */
#ifndef ZMALLOC_PROFILE_TABLE_H_
#define ZMALLOC_PROFILE_TABLE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmalloc/profile/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Maps the table, once; false: there is no memory. */
bool zm_rows_open(void);

/* The bytes that rows, their stacks and their labels take. */
size_t zm_rows_size(void);

struct zm_stack_and_label {
    const void *const *frames;
    unsigned depth;
    const char *label; /* or NULL */
};

/* The row of such blocks; 0, which has no stack, if there is no room for another. */
uint32_t zm_row_of(const struct zm_stack_and_label *key);

/* The same, if there is such a row already; else 0. */
uint32_t zm_known_row_of(const struct zm_stack_and_label *key);

/* Of all samples of a row, and the estimates for all blocks that they stand for. */
struct zm_figures {
    uint64_t samples;
    double blocks, bytes;
};

/* Adds a sample of `bytes` that stands for `weight` blocks to those that are live, or to those that
 * were ever allocated; with sign -1, takes it out. */
void zm_row_add_live(uint32_t row, int sign, double weight, size_t bytes);
void zm_row_add_allocated(uint32_t row, int sign, double weight, size_t bytes);

/* Adds up the waste of a row, and then sets that of all rows to their sums. */
void zm_row_add_waste(uint32_t row, double bytes);
void zm_rows_set_waste(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PROFILE_TABLE_H_ */
