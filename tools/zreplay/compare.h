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

/* Runs a program to its end with what it prints in run->json.  Its exit status
 * is 128 + the signal, if one ended it.  0, or -1 with errno set. */
int run_program(char **command, struct run *run);

/* The number under a key of zreplay's JSON; false when it is null or missing. */
bool run_number(const struct run *run, const char *key, double *number);

/* The text under a key, cut to what fits; "" when it is missing. */
void run_text(const struct run *run, const char *key, char *text, size_t size);

/* One table, a column for each run. */
void print_comparison(const struct run *runs, size_t count);

/* Whether a picture can be written there; 0, or -1 with errno set.  Leaves the
 * file as it is. */
int check_svg(const char *path);

/* A picture of memory along the trace, from runs with --timeline: whole, or not
 * at all.  0, or -1 with errno set. */
int write_svg(const char *path, const struct run *runs, size_t count);

#endif /* TOOLS_ZREPLAY_COMPARE_H_ */
