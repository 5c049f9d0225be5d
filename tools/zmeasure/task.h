/* A program that runs under a keeper, and what it prints. */
#ifndef TOOLS_ZMEASURE_TASK_H_
#define TOOLS_ZMEASURE_TASK_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/zmeasure/keeper.h"

struct output {
    int fd; /* to read from; -1 when there is none */
    uint64_t hash, size;
    char *text; /* the last of it */
    size_t used;
};

struct task {
    struct keeper keeper;
    struct output out, err;
    bool active;
};

/* Starts a program.  0, or an errno. */
int start_task(struct task *task, char *const *command, char *const *environment);

/* Takes what is there to read. */
void read_output(struct output *output);

/* The last line that is not empty; "" when there is none. */
void last_line(const struct output *output, char *line, size_t size);

/* Ends what still runs, and takes the last of its output. */
void end_task(struct task *task);

void free_task(struct task *task);

#endif /* TOOLS_ZMEASURE_TASK_H_ */
