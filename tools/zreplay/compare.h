/* Replays by several allocators, side by side. */
#ifndef TOOLS_ZREPLAY_COMPARE_H_
#define TOOLS_ZREPLAY_COMPARE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/common/variant.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The output of one zreplay. */
struct run {
    const char *name; /* of the variant */
    char *json;
    int status; /* its exit status */
    const struct variant *variant;
};

/* The number under a key of zreplay's JSON; false when it is null or missing. */
bool run_number(const struct run *run, const char *key, double *number);

/* Whether there is "true" under a key; false when it is missing. */
bool run_is_true(const struct run *run, const char *key);

/* The text under a key, cut to what fits; "" when it is missing. */
void run_text(const struct run *run, const char *key, char *text, size_t size);

/* What a figure tells of an allocator.  For each there are other reasons why the program itself
 * may rank the allocators in another way than the replay does. */
enum figure { NOT_COMPARED, MEMORY, MEMORY_AT_END, MEMORY_LATER, TIME };

#define DOUBT_SIZE 160

/* The reason, as far as the trace tells one; else "". */
void find_doubt(const struct run *runs, size_t count, enum figure figure, char doubt[DOUBT_SIZE]);

/* How values of a figure are held against the least one. */
struct bounds {
    double rest; /* what each needs beside it, in bytes: what the recorded program had that did not
                  * come from its allocator; 0 where that is not known, and for times */
    double part; /* a smaller difference is within what a replay can tell */
};
struct bounds bounds_of(const struct run *runs, size_t count, enum figure figure);

/* The least value of a key; whether a value is as good; and whether any value is not. */
bool least_of(const struct run *runs, size_t count, const char *key, double *least);
bool as_good(double value, double least, struct bounds bounds);
bool any_worse(const struct run *runs, size_t count, const char *key, double least,
               struct bounds bounds);

/* A part of the verdict: which allocators need least, or why that is not known. */
struct sentence {
    const char *subject, *about; /* in one word, and in a few */
    char text[4096];             /* "" where there is nothing to say */
    bool known;
};

/* Three on memory and one on what the program itself had; one on time, and one on what share of the
 * program's time that is; one on jemalloc's background thread; and what to do where something is
 * not known. */
enum { SENTENCES = 8 };
void find_verdict(const struct run *runs, size_t count, struct sentence sentences[SENTENCES]);
void print_verdict(const struct run *runs, size_t count);

/* One table, a column for each run, and the verdict. */
void print_comparison(const struct run *runs, size_t count);

/* The rows of the table as a JSON array: label, key in zreplay's JSON, unit, and which values are
 * marked.  A row without a key is a headline. */
void json_rows(FILE *file, const struct run *runs, size_t count);

/* Memory over time, from runs with --timeline. */
void draw_memory(FILE *file, const struct run *runs, size_t count);

/* What a page shows. */
struct page_report {
    const struct run *runs; /* with --timeline */
    size_t count;
    const char *stat;  /* what zreplay --stat --json prints */
    const char *touch; /* as --touch */
    const char *notes; /* lines */
};

/* Whether it can make pages; false after a line. */
bool html_possible(const char *argv0);

/* Writes a page to a path; `name` is what the user called it.  0, or the exit status after a line.
 */
int report_html(const char *argv0, const char *path, const char *name,
                const struct page_report *report);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZREPLAY_COMPARE_H_ */
