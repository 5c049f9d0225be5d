/* Where functions of addresses are not found: only Linux has the readers of object files. */
#include <stdio.h>

#include "tools/zreplay/call_stacks.h"

struct call_stacks {
    char unused;
};

static struct call_stacks none;

struct call_stacks *call_stacks_read(const char *path, uint64_t peak, uint64_t rate,
                                     struct zt_error *error) {
    (void)path;
    (void)peak;
    (void)rate;
    (void)error;
    return &none;
}

void call_stacks_free(struct call_stacks *stacks) { (void)stacks; }

void call_stacks_text(const struct call_stacks *stacks) {
    (void)stacks;
    printf("\ncall stacks: the trace has some; they are shown on Linux only\n");
}

void call_stacks_json(const struct call_stacks *stacks) {
    (void)stacks;
    printf("null");
}
