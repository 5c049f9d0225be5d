/* What each call stack holds, in one profile or in two. */
#ifndef TOOLS_COMMON_STACKS_H_
#define TOOLS_COMMON_STACKS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/profile.h"

/* Samples of the same functions and label are one stack.  Addresses and lines may differ: the
 * program of the other profile may be another build. */
struct stack {
    char *key;
    struct frame **frames; /* of the profiles; innermost first, without the allocator's */
    size_t depth;
    const char *label; /* or NULL */
    int64_t now[FIGURES], old[FIGURES];
};

struct stacks {
    struct stack *at;
    size_t count;
    int64_t now[FIGURES], old[FIGURES]; /* sums */
};

/* Makes the stacks of a profile with frames, and of an older one, or NULL.  Both must stay.
 * `all_frames`: the allocator's own too.  False when there is no memory; stacks_free() in either
 * case. */
bool stacks_make(const struct profile *now, const struct profile *old, bool all_frames,
                 struct stacks *stacks);
void stacks_free(struct stacks *stacks);

/* Sorts by a figure, the largest first; `by_growth`: by what it grew. */
void stacks_sort(struct stacks *stacks, enum figure figure, bool by_growth);

#endif /* TOOLS_COMMON_STACKS_H_ */
