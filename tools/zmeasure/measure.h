/* Runs a program under several allocators, in turns. */
#ifndef TOOLS_ZMEASURE_MEASURE_H_
#define TOOLS_ZMEASURE_MEASURE_H_

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/cli.h"
#include "tools/common/variant.h"
#include "tools/zmeasure/sampler.h"
#include "tools/zmeasure/stats.h"

#define TOOL "zmeasure"

/* The program without a preloaded library, as a column. */
#define AS_IS "as-is"

enum { MOST_COLUMNS = 32, MOST_METRICS = 16, MOST_RUNS = 200, TEXT_SIZE = 512 };

/* Without --runs=N: as many as fit into so many seconds, but not fewer or more than these. */
enum { USUAL_SECONDS = 120, USUAL_FEWEST = 7, USUAL_MOST = 30 };

/* What is measured; figures.c has a row for each. */
enum figure {
    RSS_PEAK,
    ANON_PEAK,
    ANON_MEAN,
    RSS_END,
    RSS_IDLE,
    CPU,
    CPU_USER,
    CPU_SYSTEM,
    WALL,
    MINOR_FAULTS,
    MAJOR_FAULTS,
    VOLUNTARY,
    INVOLUNTARY,
    THREADS,
    PROCESSES,
    FIGURES,
    VALUES = FIGURES + MOST_METRICS, /* those of --metric come last */
};

enum unit { BYTES, SECONDS, COUNT, NUMBER };
enum better { LESS, MORE, UNKNOWN };

/* A figure that the load, or the program, prints. */
struct metric {
    char name[64];
    enum better better;
    regex_t regex; /* its first group is a number */
};

struct options {
    char *const *command;
    const char *load, *ready;
    double idle_seconds, timeout_seconds;
    uint64_t runs; /* 0 until it is chosen */
    uint64_t warmups;
    struct metric metrics[MOST_METRICS];
    size_t metric_count;
    bool json;
    const char *html;
    char html_path[CLI_PATH_SIZE];
};

/* Memory at a moment of a run. */
struct sample {
    double seconds; /* since the start */
    double anon, rss;
};

/* One run. */
struct outcome {
    double values[VALUES]; /* by enum figure; NAN: unknown */
    struct sample *samples;
    size_t sample_count;
    double load_begin, load_end; /* seconds since the start; 0 without --load */
    int status;                  /* as waitpid() gives it */
    bool killed;                 /* it did not end when SIGTERM asked it to */
    bool ignores_children;       /* CPU time of some children is not known */
    bool swapped;                /* some of its memory was swapped out, and not resident */
    bool several; /* more than one process was seen: memory is the sum of their Pss */
    uint64_t out_hash, out_size; /* of what it printed to stdout */
    double file_rss;             /* pages of files when it had most memory, in bytes */
    double other, stolen;        /* parts of the processors that others had, and the host took */
    char allocator[64];          /* that the program has, in a column without a library */
    char without[256];           /* a program among its processes that ran without the library */
};

/* A way to run the program. */
struct column {
    struct variant variant;
    struct outcome runs[MOST_RUNS]; /* without the warm-up */
    char failed[TEXT_SIZE];         /* why it has no figures; "" when it has them */
    struct sampler *sampler;        /* to look at it with, or NULL */
};

/* Which part of the CPU time of the first column is spent in malloc and free. */
struct malloc_part {
    double part, low, high;      /* low to high: how sure it is */
    size_t samples;              /* that it is from */
    char unknown[TEXT_SIZE / 2]; /* why it is not known; "" when it is */
};

/* All of a measurement. */
struct measurement {
    struct options *options;
    struct column *columns; /* the first one is the baseline */
    size_t count;
    char **notes; /* one line each, to be said before and after */
    size_t note_count;
    bool told_allocator;  /* a note says that the program has an allocator of its own */
    bool not_preloadable; /* preloading does not reach the program */
    struct malloc_part malloc_part;
    double seconds; /* that it took */
};

/* ---- variant.c ---------------------------------------------------------- */

/* Makes a column of "NAME[,SETTING=VALUE]...".  False after a line that says what is wrong. */
bool column_parse(const char *spec, const char *argv0, struct column *column);

/* The names of all allocators that are built for it; ends with NULL. */
const char *const *column_names(void);

/* Makes a column that runs the program as `base` does, under the library that the sampler needs.
 * False when there is no such library, or no memory. */
bool column_sampled(const struct column *base, const char *argv0, struct sampler *sampler,
                    struct column *column);

void column_free(struct column *column);

/* ---- part.c ------------------------------------------------------------- */

/* Runs the first column again, to measure measurement->malloc_part.  0, or the exit status. */
int measure_part(struct measurement *measurement, const char *argv0);

/* ---- check.c ------------------------------------------------------------ */

/* Looks at the program before it starts: says in notes what is then compared, and takes out the
 * columns that cannot differ.  False after a line, when nothing is left to compare. */
bool check_program(struct measurement *measurement);

/* ---- run.c -------------------------------------------------------------- */

/* Runs the program once.  0; -1 when it was interrupted; 1 with the reason in column->failed, or 2
 * when another run may do better: it was too short to see whether it had the library. */
int run_once(const struct options *options, struct column *column, struct outcome *outcome);

/* "killed by signal 9 (Killed)" or "exit status 1", of what waitpid() gives. */
void status_text(int status, char *text, size_t size);

/* Takes signals, so that an interrupted measurement leaves no process behind; the signal that came,
 * or 0. */
void take_signals(void);
int interrupted(void);

/* ---- watch.c ------------------------------------------------------------ */

/* Memory, zeroed, that children do not inherit: else it would count as theirs until they have
 * become another program, and in their peak.  Kept until this process ends.  NULL without memory.
 */
void *unforked(size_t size);

/* ---- turns.c ------------------------------------------------------------ */

/* Runs all columns in turns.  0, or the exit status after a line. */
int run_turns(struct measurement *measurement);

/* ---- figures.c ---------------------------------------------------------- */

struct figure_row {
    const char *label, *key;
    enum unit unit;
    enum better better;
    bool main; /* a sentence is about it */
};

/* The row of a figure, also of a metric.  Thread-unsafe: the row of a metric is overwritten. */
const struct figure_row *figure_row(const struct options *options, size_t figure);

/* Whether any run has a value for it. */
bool figure_known(const struct measurement *measurement, size_t figure);

size_t figure_count(const struct options *options);

/* The runs' values of a column; returns how many there are.  All are NAN when one run has none: the
 * others may be those in which it was small. */
size_t figure_values(const struct measurement *measurement, size_t column, size_t figure,
                     double values[MOST_RUNS]);

void measurement_note(struct measurement *measurement, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- report.c ----------------------------------------------------------- */

/* Noise of the machine during the runs. */
struct noise {
    double other, other_most; /* median and most of the parts that others had */
    double stolen_most;
    double preempted; /* involuntary switches a second of CPU, median */
};
struct noise measure_noise(const struct measurement *measurement);

/* ---- verdict.c ---------------------------------------------------------- */

enum word { NOT_JUDGED, NO_DIFFERENCE, BETTER, WORSE, DIFFERS };

/* A figure of a column, held against the baseline. */
struct verdict {
    struct difference difference;
    enum word word;
};

struct verdicts {
    struct verdict of[MOST_COLUMNS][VALUES];
    double others;        /* the part of the processors that others used */
    size_t compared;      /* main figures that were judged together */
    size_t compared_rest; /* the others, likewise */
    FILE *out;            /* while it is written */
    char *sentence;
};

/* Compares all columns with the first, and notes where more runs would help.  False without memory;
 * the caller frees the sentence. */
bool judge(struct measurement *measurement, struct verdicts *verdicts);

const char *word_text(enum word word);

/* ---- report.c, json.c, html.c ------------------------------------------- */

void report_text(const struct measurement *measurement, const struct verdicts *verdicts);
void report_json(FILE *file, const struct measurement *measurement, const struct verdicts *verdicts,
                 bool samples);

/* Whether it can make pages; false after a line. */
bool html_possible(const char *argv0);

/* 0 or the exit status, after a line. */
int report_html(const char *argv0, const struct measurement *measurement,
                const struct verdicts *verdicts);

#endif /* TOOLS_ZMEASURE_MEASURE_H_ */
