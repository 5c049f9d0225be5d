/* Reports of heap bugs: one line on stderr. */
#ifndef ZMALLOC_GUARD_BUG_REPORT_H_
#define ZMALLOC_GUARD_BUG_REPORT_H_

#include <stddef.h>

enum { ZM_STACK_FRAMES = 16 };

/* A call stack; empty where the platform does not tell it. */
struct zm_stack {
    unsigned count;
    void *frames[ZM_STACK_FRAMES];
};

/* Calls the functions that a report needs, so that the loader loads and binds them now: that
 * takes stack and may allocate. */
void zm_report_prepare(void);

void zm_stack_take(struct zm_stack *stack);

/* The block that a report is about. */
struct zm_bad_block {
    const void *begin; /* NULL: no block is known */
    size_t size;
    const struct zm_stack *allocated, *freed; /* NULL: not known, or not freed yet */
};

/* Prints "zmalloc: WHAT at ADDRESS: a block of SIZE bytes at BEGIN, allocated by STACK, freed
 * by STACK; now in STACK".  Takes no lock of zmalloc and allocates nothing: any thread and any
 * signal handler may call it. */
void zm_report(const char *what, const void *address, const struct zm_bad_block *block);

/* The same, and aborts. */
_Noreturn void zm_report_and_abort(const char *what, const void *address,
                                   const struct zm_bad_block *block);

/* Prints "zmalloc: ", both texts and a newline. */
void zm_say(const char *text, const char *more);

#endif /* ZMALLOC_GUARD_BUG_REPORT_H_ */
