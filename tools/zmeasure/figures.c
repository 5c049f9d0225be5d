/* The figures of a measurement, and what was noted about it. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zmeasure/measure.h"

static const struct figure_row rows[FIGURES] = {
    [RSS_PEAK] = {"RSS, peak", "peak_rss_bytes", BYTES, LESS, true},
    [ANON_PEAK] = {"RssAnon, peak", "peak_rss_anon_bytes", BYTES, LESS, false},
    [ANON_MEAN] = {"RssAnon, mean", "mean_rss_anon_bytes", BYTES, LESS, false},
    [RSS_END] = {"RSS after the load", "after_load_rss_bytes", BYTES, LESS, false},
    [RSS_IDLE] = {"RSS after idling", "after_idle_rss_bytes", BYTES, LESS, true},
    [CPU] = {"CPU", "cpu_seconds", SECONDS, LESS, true},
    [CPU_USER] = {"CPU, user", "user_cpu_seconds", SECONDS, LESS, false},
    [CPU_SYSTEM] = {"CPU, system", "system_cpu_seconds", SECONDS, LESS, false},
    [WALL] = {"time", "wall_seconds", SECONDS, LESS, true},
    [MINOR_FAULTS] = {"page faults", "minor_faults", COUNT, LESS, false},
    [MAJOR_FAULTS] = {"major faults", "major_faults", COUNT, LESS, false},
    [VOLUNTARY] = {"waits", "voluntary_switches", COUNT, UNKNOWN, false},
    [INVOLUNTARY] = {"preemptions", "involuntary_switches", COUNT, UNKNOWN, false},
    [THREADS] = {"threads, most", "most_threads", COUNT, UNKNOWN, false},
    [PROCESSES] = {"processes, most", "most_processes", COUNT, UNKNOWN, false},
};

const struct figure_row *figure_row(const struct options *options, size_t figure) {
    static struct figure_row row;
    if (figure < FIGURES) {
        row = rows[figure];
        if (figure == WALL && options->load) row.label = "time of the load";
    } else {
        const struct metric *metric = &options->metrics[figure - FIGURES];
        row = (struct figure_row){metric->name, metric->name, NUMBER, metric->better, true};
    }
    return &row;
}

size_t figure_count(const struct options *options) { return FIGURES + options->metric_count; }

size_t figure_values(const struct measurement *measurement, size_t column, size_t figure,
                     double values[MOST_RUNS]) {
    const struct column *one = &measurement->columns[column];
    size_t runs = one->failed[0] ? 0 : measurement->options->runs;
    bool known = true;
    for (size_t i = 0; i < runs; i++) known = known && !isnan(one->runs[i].values[figure]);
    for (size_t i = 0; i < runs; i++) values[i] = known ? one->runs[i].values[figure] : NAN;
    return runs;
}

bool figure_known(const struct measurement *measurement, size_t figure) {
    double values[MOST_RUNS];
    for (size_t c = 0; c < measurement->count; c++) {
        size_t count = figure_values(measurement, c, figure, values);
        if (!isnan(stats_median(values, count))) return true;
    }
    return false;
}

void measurement_note(struct measurement *measurement, const char *format, ...) {
    va_list args;
    char **more = realloc(measurement->notes, (measurement->note_count + 1) * sizeof(*more));
    if (!more) return;
    measurement->notes = more;
    va_start(args, format);
    if (vasprintf(&more[measurement->note_count], format, args) >= 0) measurement->note_count++;
    va_end(args);
}
