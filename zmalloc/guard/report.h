/* What guard mode says of a fault: one line on stderr. */
#ifndef ZMALLOC_GUARD_REPORT_H_
#define ZMALLOC_GUARD_REPORT_H_

#include <stddef.h>

enum { ZM_STACK_FRAMES = 16 };

/* Where the program was; none where the platform does not tell. */
struct zm_stack {
    unsigned count;
    void *frames[ZM_STACK_FRAMES];
};

/* Has what a report calls loaded and bound, which takes stack and may allocate. */
void zm_report_prepare(void);

void zm_stack_take(struct zm_stack *stack);

/* A block that something was wrong with. */
struct zm_suspect {
    const void *begin; /* NULL: no block is known */
    size_t size;
    const struct zm_stack *allocated, *freed; /* NULL: not known, or not yet */
};

/* "zmalloc: WHAT at ADDRESS: a block of SIZE bytes at BEGIN, allocated by STACK, freed
 * by STACK; now in STACK".  Takes no lock of zmalloc's and allocates nothing: any thread
 * and signal handlers may call. */
void zm_report(const char *what, const void *address, const struct zm_suspect *block);

/* The same; aborts. */
_Noreturn void zm_report_and_abort(const char *what, const void *address,
                                   const struct zm_suspect *block);

/* "zmalloc: " and these, and a newline. */
void zm_say(const char *text, const char *more);

#endif /* ZMALLOC_GUARD_REPORT_H_ */
