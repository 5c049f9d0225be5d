/* Which part of the program's CPU time is spent in malloc and free. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zmeasure/measure.h"

enum { MOST_PART_RUNS = 3, ENOUGH_LOOKS = 3000, FEWEST_LOOKS = 200 };

/* Marking takes time itself; and where the program waits for memory just before it calls malloc,
 * the processor may wait inside.  Compared with perf, the part was 1.0 to 2.0 times too high; 2.0
 * where malloc takes 6 ns, in a loop that waits for memory before each call. */
enum { MOST_TOO_HIGH = 2 };

/* Then there is nothing to tell. */
#define MOST_WAITING 0.5

__attribute__((format(printf, 2, 3))) static void unknown(struct malloc_part *part,
                                                          const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(part->unknown, sizeof(part->unknown), format, args);
    va_end(args);
    part->part = part->low = part->high = NAN;
}

/* Looks at threads that waited for a processor, which are this part of all, may all have been
 * inside, or none of them. */
static void widen(struct malloc_part *part, double waiting) {
    part->low = fmax(0, (part->low - waiting) / (1 - waiting));
    part->high = fmin(1, part->high / (1 - waiting));
}

static void conclude(struct malloc_part *part, const struct sampler *sampler) {
    double looks = sampler_looks(sampler);
    part->samples = (size_t)looks;
    if (looks < FEWEST_LOOKS && sampler_left_out(sampler) > 0.1) {
        unknown(part, "its threads waited for a processor, as the machine is busy");
    } else if (looks < FEWEST_LOOKS) {
        unknown(part, "few looks met it running: it ran too short, or the machine is busy");
    } else if (sampler_waiting(sampler) > MOST_WAITING) {
        unknown(part, "its threads waited for a processor for %.0f %% of the time",
                sampler_waiting(sampler) * 100);
    } else if (sampler->unmarked > 0.05 * sampler->seconds) {
        unknown(part, "some of its processes ran without the library that marks malloc");
    } else {
        part->part = sampler->inside / sampler->seconds;
        stats_part(part->part, looks, &part->low, &part->high);
        widen(part, sampler_waiting(sampler));
        part->low /= MOST_TOO_HIGH;
    }
}

/* Runs until there are enough samples.  False when it was interrupted, or failed. */
static bool take_samples(const struct measurement *measurement, struct column *column,
                         struct outcome *outcome) {
    const struct outcome *first = &measurement->columns[0].runs[0];
    const struct sampler *sampler = column->sampler;
    for (int r = 0; r < MOST_PART_RUNS && sampler_looks(sampler) < ENOUGH_LOOKS; r++) {
        cli_progress(TOOL, "run %d of at most %d: malloc's part", r + 1, MOST_PART_RUNS);
        memset(outcome, 0, sizeof(*outcome));
        int result = run_once(measurement->options, column, outcome);
        cli_progress(TOOL, NULL);
        if (result != 0) return false;
        if (!outcome->killed && outcome->status != first->status) {
            status_text(outcome->status, column->failed, sizeof(column->failed));
            return false;
        }
    }
    return true;
}

int measure_part(struct measurement *measurement, const char *argv0) {
    struct malloc_part *part = &measurement->malloc_part;
    struct column *column = unforked(sizeof(*column));
    struct outcome *outcome = unforked(sizeof(*outcome));
    struct sampler sampler = {.fd = -1};
    if (measurement->not_preloadable) {
        unknown(part, "preloading does not reach the program");
    } else if (!column || !outcome || !sampler_open(&sampler) ||
               !column_sampled(&measurement->columns[0], argv0, &sampler, column)) {
        unknown(part, "the library that marks malloc cannot be used");
    } else if (!take_samples(measurement, column, outcome)) {
        unknown(part, "the run for it failed: %.150s", column->failed);
    } else {
        conclude(part, &sampler);
    }
    if (column) column_free(column);
    sampler_close(&sampler);
    if (!interrupted()) return 0;
    cli_error(TOOL, "interrupted");
    return 128 + interrupted();
}
