/* All runs: the columns take turns, so that what disturbs the machine disturbs all of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zmeasure/measure.h"

enum { TRIES = 3 };

struct turns {
    struct measurement *measurement;
    size_t done;
    bool has_status;
    int status; /* of the first run of the baseline */
};

/* A program that ends in another way has done other work: its figures cannot be compared. */
static bool same_status(struct turns *turns, struct column *column, const struct outcome *outcome) {
    char one[96], other[96];
    if (outcome->killed) return true; /* by us */
    if (!turns->has_status) {
        turns->has_status = true;
        turns->status = outcome->status;
    }
    if (turns->status == outcome->status) return true;
    status_text(outcome->status, one, sizeof(one));
    status_text(turns->status, other, sizeof(other));
    snprintf(column->failed, sizeof(column->failed), "%s, where %.100s has %s", one,
             turns->measurement->columns[0].variant.name, other);
    return false;
}

static void say_turn(const struct turns *turns, const char *name) {
    const struct options *options = turns->measurement->options;
    size_t all = (options->warmups + options->runs) * turns->measurement->count;
    if (options->runs > 0) {
        cli_progress(TOOL, "run %zu of %zu: %s", turns->done, all, name);
    } else {
        cli_progress(TOOL, "run %zu: %s", turns->done, name);
    }
}

/* One run.  0, or the exit status to end with. */
static int take_turn(struct turns *turns, size_t number, struct outcome *outcome) {
    struct measurement *measurement = turns->measurement;
    struct column *column = &measurement->columns[number];
    turns->done++;
    if (column->failed[0]) return 0;
    say_turn(turns, column->variant.name);
    int result = 2;
    for (int tries = 0; result == 2 && tries < TRIES; tries++) {
        memset(outcome, 0, sizeof(*outcome));
        column->failed[0] = '\0';
        result = run_once(measurement->options, column, outcome);
    }
    cli_progress(TOOL, NULL);
    if (result < 0) return 1;
    if (result == 0 && same_status(turns, column, outcome)) return 0;
    if (number > 0) return 0;
    cli_error(TOOL, "%s: %s", column->variant.name, column->failed);
    return 1;
}

static int no_memory(void) {
    cli_error(TOOL, "no memory");
    return 1;
}

/* The number of runs does not depend on what they show: who stops when he likes the result is
 * wrong too often. */
static void choose_runs(struct options *options, double seconds_of_a_turn) {
    double fitting = USUAL_SECONDS / seconds_of_a_turn;
    options->runs = fitting < USUAL_FEWEST ? USUAL_FEWEST
                    : fitting > USUAL_MOST ? USUAL_MOST
                                           : (uint64_t)fitting;
}

static int take_all(struct turns *turns) {
    struct options *options = turns->measurement->options;
    size_t count = turns->measurement->count;
    struct outcome *ignored = unforked(sizeof(*ignored));
    int status = 0;
    if (!ignored) return no_memory();
    for (size_t w = 0; w < options->warmups; w++) {
        for (size_t c = 0; c < count && status == 0; c++) {
            status = take_turn(turns, c, ignored);
        }
    }
    double begin = proc_clock(CLOCK_MONOTONIC);
    for (size_t r = 0; status == 0 && (r == 0 || r < options->runs); r++) {
        for (size_t i = 0; i < count && status == 0; i++) {
            size_t c = (r + i) % count; /* each is first in turn */
            status = take_turn(turns, c, &turns->measurement->columns[c].runs[r]);
        }
        if (options->runs == 0) choose_runs(options, proc_clock(CLOCK_MONOTONIC) - begin);
    }
    return status;
}

/* ---- What is to be said about the runs ---------------------------------- */

static bool same_output(const struct column *column, const struct column *base, size_t runs) {
    for (size_t r = 0; r < runs; r++) {
        if (column->runs[r].out_hash != base->runs[0].out_hash ||
            column->runs[r].out_size != base->runs[0].out_size) {
            return false;
        }
    }
    return true;
}

static void note_column(struct measurement *measurement, size_t number) {
    const struct column *column = &measurement->columns[number], *base = measurement->columns;
    size_t runs = measurement->options->runs;
    const char *without = "";
    if (column->failed[0]) {
        measurement_note(measurement, "%.100s has no figures: %.380s", column->variant.name,
                         column->failed);
        return;
    }
    for (size_t r = 0; r < runs; r++) {
        if (column->runs[r].without[0]) without = column->runs[r].without;
    }
    const char *allocator = column->runs[0].allocator;
    if (allocator[0] && !measurement->told_allocator) {
        measurement->told_allocator = true;
        measurement_note(measurement, "the program loads %.64s: that is what %.100s runs over",
                         allocator, column->variant.name);
    }
    if (without[0]) {
        measurement_note(measurement, "%.100s: %.256s ran without the library, and counts as well",
                         column->variant.name, without);
    }
    if (same_output(base, base, runs) && !same_output(column, base, runs)) {
        measurement_note(measurement,
                         "%.100s: the program printed something else than under %.100s",
                         column->variant.name, base->variant.name);
    }
}

/* What holds for all columns is said once. */
static void note_runs(struct measurement *measurement) {
    bool killed = false, ignores = false, several = false, unseen = false, swapped = false;
    for (size_t c = 0; c < measurement->count; c++) {
        for (size_t r = 0; r < measurement->options->runs; r++) {
            const struct outcome *outcome = &measurement->columns[c].runs[r];
            killed = killed || outcome->killed;
            ignores = ignores || outcome->ignores_children;
            several = several || outcome->several;
            swapped = swapped || outcome->swapped;
            unseen =
                unseen || (!measurement->columns[c].failed[0] && isnan(outcome->values[ANON_MEAN]));
        }
    }
    if (killed) {
        measurement_note(measurement, "the program did not end on SIGTERM, and was killed");
    }
    if (ignores) {
        measurement_note(measurement,
                         "a process ignores SIGCHLD: its children's CPU time and faults are not "
                         "counted");
    }
    if (unseen) {
        measurement_note(measurement,
                         "some runs were too short to see their memory over time, or the machine "
                         "too busy; such figures are unknown");
    }
    if (swapped) {
        measurement_note(measurement,
                         "memory of the program was swapped out, and is not in the figures");
    }
    if (several) {
        measurement_note(measurement,
                         "several processes: memory is the sum of their Pss, as it was seen from "
                         "time to time: of a page that more processes map, of other programs too, "
                         "each has its part");
    }
}

/* What a column has more of than the baseline; below 0 or NAN when that is nothing to speak of. */
static double more_file_pages(const struct measurement *measurement, size_t number) {
    const struct column *base = &measurement->columns[0], *column = &measurement->columns[number];
    double more[MOST_RUNS], peak[MOST_RUNS];
    size_t runs = measurement->options->runs;
    if (column->failed[0]) return NAN;
    for (size_t r = 0; r < runs; r++) {
        more[r] = column->runs[r].file_rss - base->runs[r].file_rss;
        peak[r] = column->runs[r].values[RSS_PEAK];
    }
    double median = stats_median(more, runs);
    return median >= 0.01 * stats_median(peak, runs) ? median : NAN;
}

/* A library that is preloaded has pages of its own; so has the C++ runtime that it may need. */
static void note_file_pages(struct measurement *measurement) {
    char list[MOST_COLUMNS * 100] = "";
    for (size_t c = 1; c < measurement->count; c++) {
        double more = more_file_pages(measurement, c);
        size_t used = strlen(list);
        if (isnan(more)) continue;
        snprintf(list + used, sizeof(list) - used, "%s%.60s %.1f MiB", used ? ", " : "",
                 measurement->columns[c].variant.name, more / 1048576);
    }
    if (!list[0]) return;
    measurement_note(measurement,
                     "pages of libraries that %.60s does not have: %s; they are in RSS, and not in "
                     "RssAnon",
                     measurement->columns[0].variant.name, list);
}

int run_turns(struct measurement *measurement) {
    struct turns turns = {.measurement = measurement};
    int status = take_all(&turns);
    if (interrupted()) {
        cli_error(TOOL, "interrupted");
        return 128 + interrupted();
    }
    if (status != 0) return status;
    for (size_t c = 0; c < measurement->count; c++) note_column(measurement, c);
    note_runs(measurement);
    note_file_pages(measurement);
    return 0;
}
