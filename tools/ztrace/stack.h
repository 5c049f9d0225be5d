/* Call stacks of some allocations (--stacks).  Within the recorded program; any thread may call any
 * function at any time, within the recorder. */
#ifndef TOOLS_ZTRACE_STACK_H_
#define TOOLS_ZTRACE_STACK_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/ztrace/raw.h"

struct stack {
    uint32_t number; /* the same for each call stack of the same addresses */
    bool is_new;
    unsigned depth;
    uintptr_t at[RAW_MAX_DEPTH]; /* instructions within the calls, innermost first */
};

/* Begins: the header says how deep, and of which allocations.  False when there is no memory. */
bool stack_start(struct raw_header *header);

/* Whether the thread's next allocation, of `size` bytes, is one whose stack is noted. */
bool stack_wanted(size_t size);

/* Takes the stack of the caller, without this library's own frames.  Of a new one the header gets
 * the modules.  False when there is none, or no room for one more. */
bool stack_take(struct stack *stack);

#endif /* TOOLS_ZTRACE_STACK_H_ */
