/* Replays by several allocators, side by side. */
#ifndef TOOLS_ZREPLAY_COMPARE_H_
#define TOOLS_ZREPLAY_COMPARE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What one zreplay said. */
struct run {
    const char *name; /* of the variant */
    char *json;
    int status; /* its exit status */
};

/* The number under a key of zreplay's JSON; false when it is null or missing. */
bool run_number(const struct run *run, const char *key, double *number);

/* The text under a key, cut to what fits; "" when it is missing. */
void run_text(const struct run *run, const char *key, char *text, size_t size);

/* One table, a column for each run. */
void print_comparison(const struct run *runs, size_t count);

/* Memory along the trace, from runs with --timeline. */
void draw_memory(FILE *file, const struct run *runs, size_t count);

#endif /* TOOLS_ZREPLAY_COMPARE_H_ */
