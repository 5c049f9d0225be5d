/* Replays by several allocators, side by side. */
#ifndef TOOLS_ZREPLAY_COMPARE_H_
#define TOOLS_ZREPLAY_COMPARE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The output of one zreplay. */
struct run {
    const char *name; /* of the variant */
    char *json;
    int status; /* its exit status */
};

/* The number under a key of zreplay's JSON; false when it is null or missing. */
bool run_number(const struct run *run, const char *key, double *number);

/* The text under a key, cut to what fits; "" when it is missing. */
void run_text(const struct run *run, const char *key, char *text, size_t size);

/* What a figure tells of an allocator.  For each there are other reasons why the program itself
 * may rank the allocators in another way than the replay does. */
enum figure { NOT_COMPARED, MEMORY, MEMORY_AT_END, MEMORY_LATER, TIME };

#define DOUBT_SIZE 160

/* The reason, as far as the trace tells one; else "". */
void find_doubt(const struct run *runs, size_t count, enum figure figure, char doubt[DOUBT_SIZE]);

/* The least value of a key; whether a value is as good, as the difference is within what a replay
 * can tell; and whether any value is not. */
bool least_of(const struct run *runs, size_t count, const char *key, double *least);
bool as_good(double value, double least);
bool any_worse(const struct run *runs, size_t count, const char *key, double least);

/* A sentence each on memory and time: which allocators need least, or why that is not known. */
void print_verdict(const struct run *runs, size_t count);

/* One table, a column for each run, and the verdict. */
void print_comparison(const struct run *runs, size_t count);

/* Memory along the trace, from runs with --timeline. */
void draw_memory(FILE *file, const struct run *runs, size_t count);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZREPLAY_COMPARE_H_ */
