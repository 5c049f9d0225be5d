/* Collapsed stacks with names, for other tools: "outermost;...;innermost BYTES" on each line. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/zheap/report.h"

/* A name without what separates frames and lines. */
static void print_name(const char *name) {
    for (; *name; name++) putchar(*name == ';' || (unsigned char)*name < ' ' ? '_' : *name);
}

void report_collapsed(const struct report *report) {
    const size_t count = report->stacks->count;
    for (size_t i = 0; i < count && i < report->top; i++) {
        const struct stack *stack = &report->stacks->at[i];
        if (stack->now[report->sort] == 0) continue;
        if (stack->depth == 0) print_name("(no stack)");
        for (size_t f = stack->depth; f-- > 0;) {
            print_name(stack->frames[f]->function);
            if (f > 0) putchar(';');
        }
        printf(" %" PRId64 "\n", stack->now[report->sort]);
    }
}
