#include "tools/zreplay/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"

struct figure_row {
    const char *label;
    const char *key;
    uint64_t peak;
    uint64_t end;
};

enum { FIGURES = 7 };

static void figure_rows(const struct report *report, struct figure_row rows[FIGURES]) {
    const struct figures *peak = &report->result->peak, *end = &report->result->end;
    const struct ops *ops = report->ops;
    rows[0] = (struct figure_row){"requested", "requested", ops->peak_bytes, ops->end_bytes};
    rows[1] = (struct figure_row){"used", "used", peak->used, end->used};
    rows[2] = (struct figure_row){"allocated", "allocated", peak->allocated, end->allocated};
    rows[3] = (struct figure_row){"active", "active", peak->active, end->active};
    rows[4] = (struct figure_row){"resident", "resident", peak->resident, end->resident};
    rows[5] = (struct figure_row){"retained", "retained", peak->retained, end->retained};
    rows[6] = (struct figure_row){"RSS", "rss", peak->rss, end->rss};
}

struct ratio_row {
    const char *label;
    const char *key;
    double peak; /* negative where unknown */
    double end;
};

/* The ratios after TABLE_RATIOS are in the JSON only. */
enum { TABLE_RATIOS = 3, RATIOS = 4 };

static double ratio(uint64_t above, uint64_t below) {
    return above == UNKNOWN || below == UNKNOWN || !below ? -1 : (double)above / (double)below;
}

static void ratio_rows(const struct report *report, struct ratio_row rows[RATIOS]) {
    const struct result *r = report->result;
    rows[0] = (struct ratio_row){"RSS / requested", "rss_per_requested",
                                 ratio(r->peak.rss, report->ops->peak_bytes),
                                 ratio(r->end.rss, report->ops->end_bytes)};
    rows[1] = (struct ratio_row){"resident / allocated", "resident_per_allocated",
                                 ratio(r->peak.resident, r->peak.allocated),
                                 ratio(r->end.resident, r->end.allocated)};
    rows[2] = (struct ratio_row){"active / allocated", "active_per_allocated",
                                 ratio(r->peak.active, r->peak.allocated),
                                 ratio(r->end.active, r->end.allocated)};
    rows[3] = (struct ratio_row){"RSS / used", "rss_per_used", ratio(r->peak.rss, r->peak.used),
                                 ratio(r->end.rss, r->end.used)};
}

static const char *const op_names[ZT_OPS] = {
    [ZT_MALLOC] = "malloc",   [ZT_CALLOC] = "calloc", [ZT_ALIGNED] = "aligned",
    [ZT_REALLOC] = "realloc", [ZT_FREE] = "free",
};

static double per_call(double ns, uint64_t calls) { return calls ? ns / (double)calls : -1; }

struct time_row {
    const char *name;
    uint64_t calls;
    double ns, raw_ns; /* sums */
};

enum { TIMES = ZT_OPS + 1 };

/* The first row is all calls together; then comes each kind of call. */
static void time_rows(const struct report *report, struct time_row rows[TIMES]) {
    const struct result *r = report->result;
    const double *ns = r->has_raw ? r->paired_ns : r->ns;
    rows[0] = (struct time_row){"all", report->ops->count, 0, 0};
    for (int op = 0; op < ZT_OPS; op++) {
        rows[op + 1] = (struct time_row){op_names[op], r->calls[op], ns[op], r->raw_ns[op]};
        rows[0].ns += ns[op];
        rows[0].raw_ns += r->raw_ns[op];
    }
}

static double per_raw(const struct time_row *row) {
    return row->raw_ns > 0 ? row->ns / row->raw_ns : -1;
}

/* ---- Table ------------------------------------------------------------ */

static void print_size(uint64_t bytes) {
    if (bytes == UNKNOWN) {
        printf("%16s", "unknown");
    } else if (bytes < 1 << 20) {
        printf("%12.2f KiB", (double)bytes / 1024);
    } else {
        printf("%12.2f MiB", (double)bytes / 1048576);
    }
}

static void print_ratio(double value, const char *after) {
    if (value < 0) {
        printf("%16s", "unknown");
    } else {
        printf("%12.3f%s", value, after);
    }
}

static void print_times(const struct report *report) {
    struct time_row rows[TIMES];
    bool raw = report->result->has_raw;
    time_rows(report, rows);
    printf("\n%-24s%12s    %12s", "time per call", "ns", "calls");
    printf(raw ? "%14s%14s\n" : "\n", "raw, ns", "ratio to raw");
    for (int i = 0; i < TIMES; i++) {
        const struct time_row *row = &rows[i];
        if (!row->calls) continue;
        printf("  %-22s%12.1f    %12" PRIu64, row->name, per_call(row->ns, row->calls), row->calls);
        if (raw) printf("%14.1f", per_call(row->raw_ns, row->calls));
        if (raw && per_raw(row) > 0) printf("%14.3f", per_raw(row));
        printf("\n");
    }
}

static const char *const percentile_names[PERCENTILES] = {"p50", "p90", "p99", "p99.9"};

/* Whether any percentile of a kind of call is known. */
static bool has_percentiles(const struct result *result, int op) {
    return result->percentile_ns[op][0] >= 0;
}

static void print_percentiles(const struct report *report) {
    const struct result *r = report->result;
    bool any = false;
    for (int op = 0; op < ZT_OPS; op++) any = any || has_percentiles(r, op);
    if (!any) return;
    printf("\n%-24s", "single calls, ns");
    for (int p = 0; p < PERCENTILES; p++) printf("%12s", percentile_names[p]);
    for (int op = 0; op < ZT_OPS; op++) {
        if (!has_percentiles(r, op)) continue;
        printf("\n  %-22s", op_names[op]);
        for (int p = 0; p < PERCENTILES; p++) {
            if (r->percentile_ns[op][p] < 0) {
                printf("%12s", "unknown");
            } else {
                printf("%12.0f", r->percentile_ns[op][p]);
            }
        }
    }
    printf("\n");
}

static void print_checks(const struct report *report) {
    const struct result *r = report->result;
    printf("\n%-24s%12" PRIu64 "\n", "failed allocations", r->failures);
    if (r->used_leaked) {
        printf("%-24s%12s (used memory is off by %" PRId64 " bytes after all was freed)\n",
               "leak check", "FAILED", (int64_t)r->used_leaked);
    } else {
        printf("%-24s%12s\n", "leak check", "ok");
    }
}

static void print_heading(const struct report *report) {
    bool other = strcmp(report->backend, report->allocator) != 0;
    printf("%-24s%s (%s%s%s)\n", "allocator", report->allocator, report->lib,
           other ? ", backend " : "", other ? report->backend : "");
    printf("%-24s%s\n", "trace", report->trace);
    printf("%-24s%s, %" PRIu32 " %s\n", "recorded of", report->ops->program, report->ops->threads,
           report->ops->threads == 1 ? "thread" : "threads");
    printf("%-24s%zu\n", "events", report->ops->count);
    if (report->result->background) {
        printf("%-24sjemalloc's background thread gives memory back%s\n", "in the background",
               report->ops->background_ms == OPS_NEVER ? "" : ", as in the recorded program");
    }
    printf("%-24s%" PRIu64 "\n", "live blocks at most", report->ops->peak_blocks);
}

static void print_memory(const struct report *report) {
    struct figure_row figures[FIGURES];
    struct ratio_row ratios[RATIOS];
    figure_rows(report, figures);
    ratio_rows(report, ratios);
    printf("\n%-24s%16s%16s\n", "memory", "at its peak", "at the end");
    for (int i = 0; i < FIGURES; i++) {
        printf("  %-22s", figures[i].label);
        print_size(figures[i].peak);
        print_size(figures[i].end);
        printf("\n");
    }
    for (int i = 0; i < TABLE_RATIOS; i++) {
        printf("  %-22s", ratios[i].label);
        print_ratio(ratios[i].peak, "    ");
        print_ratio(ratios[i].end, "");
        printf("\n");
    }
    printf("  %-22s", "RSS, the most sampled");
    print_size(report->result->rss_most);
    printf("\n  %-22s", "RSS, 10 s later");
    print_size(report->result->rss_quiet);
    printf("\n  %-22s", "RSS, fixed");
    print_size(report->result->rss_fixed);
    printf("  (before the first event; in the RSS above)\n");
}

/* Zmalloc cannot tell the cause of the decoded trace's memory. */
static void print_report(const struct result *result) {
    printf("\nat the end, of the whole process");
    if (result->rss_baseline != UNKNOWN && result->rss_fixed < result->rss_baseline) {
        printf("; %.2f MiB of its rss are the decoded trace",
               (double)(result->rss_baseline - result->rss_fixed) / 1048576);
    }
    printf(":\n%s", result->report);
}

void report_table(const struct report *report) {
    print_heading(report);
    print_memory(report);
    print_times(report);
    print_percentiles(report);
    print_checks(report);
    if (report->result->unknown_statistics) return;
    print_report(report->result);
}

/* ---- JSON ------------------------------------------------------------- */

static void json_string(const char *key, const char *text) {
    printf("  \"%s\": ", key);
    cli_json_string(text);
    printf(",\n");
}

static void json_number(const char *prefix, const char *key, uint64_t value) {
    printf("  \"%s%s\": ", prefix, key);
    if (value == UNKNOWN) {
        printf("null,\n");
    } else {
        printf("%" PRIu64 ",\n", value);
    }
}

static void json_real(const char *prefix, const char *key, double value) {
    printf("  \"%s%s\": ", prefix, key);
    if (value < 0) {
        printf("null,\n");
    } else {
        printf("%.4f,\n", value);
    }
}

static void json_sample(const struct sample *s) {
    printf("%s[%" PRIu64 ", %" PRIu64 ", ", s->event ? ", " : "", s->event, s->used);
    if (s->rss == UNKNOWN) {
        printf("null, ");
    } else {
        printf("%" PRIu64 ", ", s->rss);
    }
    printf("%" PRIu32 "]", s->ms);
}

/* Both kinds of samples in one order. */
static void json_timeline(const struct result *r) {
    size_t part = 0;
    printf("  \"timeline\": [");
    for (uint32_t i = 0; i < r->samples; i++) {
        for (; i > 0 && part < TIME_PARTS && r->by_time[part].event < r->sample[i].event; part++) {
            if (r->by_time[part].event > r->sample[i - 1].event) json_sample(&r->by_time[part]);
        }
        json_sample(&r->sample[i]);
    }
    printf("],\n");
}

/* The program's memory at each sample of it, and the replay's at that time. */
static void json_program_timeline(const struct report *report) {
    const struct ops *ops = report->ops;
    printf("  \"program_timeline\": [");
    for (size_t i = 0, written = 0; i < ops->samples; i++) {
        const uint64_t rss = report->result->rss_at_sample[i];
        if (rss == 0 || rss == UNKNOWN) continue;
        printf("%s[%.3f, %" PRIu64 ", %" PRIu64 "]", written++ ? ", " : "",
               (double)ops->sample[i].time / 1e6, ops->sample[i].rss_anon, rss);
    }
    printf("],\n");
}

static void json_range(const char *key, const struct range *range) {
    json_number(key, "_low", range->low);
    json_number(key, "_high", range->high);
}

static void json_figures(const struct report *report) {
    struct figure_row figures[FIGURES];
    struct ratio_row ratios[RATIOS];
    figure_rows(report, figures);
    ratio_rows(report, ratios);
    for (int i = 0; i < FIGURES; i++) {
        json_number("peak_", figures[i].key, figures[i].peak);
        json_number("end_", figures[i].key, figures[i].end);
    }
    for (int i = 0; i < RATIOS; i++) {
        json_real("peak_", ratios[i].key, ratios[i].peak);
        json_real("end_", ratios[i].key, ratios[i].end);
    }
    json_number("", "rss_most_sampled", report->result->rss_most);
    json_number("", "rounds", report->rounds);
    json_real("", "ns_all_without_last_round",
              per_call(report->result->ns_without_last, report->ops->count));
    json_number("", "rss_quiet", report->result->rss_quiet);
    json_number("", "rss_fixed", report->result->rss_fixed);
    json_range("rss_most_sampled", &report->result->most);
    json_range("end_rss", &report->result->at_end);
    json_range("rss_quiet", &report->result->quiet);
    json_number("", "rss_baseline", report->result->rss_baseline);
}

static void json_times(const struct report *report) {
    struct time_row rows[TIMES];
    time_rows(report, rows);
    for (int i = 0; i < TIMES; i++) {
        const struct time_row *row = &rows[i];
        json_real("ns_", row->name, per_call(row->ns, row->calls));
        if (report->result->has_raw) {
            json_real("raw_ns_", row->name, per_call(row->raw_ns, row->calls));
            json_real("per_raw_", row->name, per_raw(row));
        }
        if (i > 0) json_number("calls_", row->name, row->calls);
    }
    for (int op = 0; op < ZT_OPS; op++) {
        for (int p = 0; p < PERCENTILES; p++) {
            char key[32];
            snprintf(key, sizeof(key), "%s_%s", op_names[op], percentile_names[p]);
            json_real("ns_", key, report->result->percentile_ns[op][p]);
        }
    }
}

/* What the program itself had: when it had most, and last; and the replay then. */
static void json_program(const struct report *report) {
    const struct ops *ops = report->ops;
    const uint64_t *rss = report->result->rss_at_sample;
    size_t most = 0;
    json_string("recorded_over", ops->allocator);
    if (ops->samples == 0) return;
    for (size_t i = 1; i < ops->samples; i++) {
        if (ops->sample[i].rss_anon > ops->sample[most].rss_anon) most = i;
    }
    const size_t last = ops->samples - 1;
    json_number("", "program_rss_most", ops->sample[most].rss_anon);
    json_number("", "rss_at_program_most", rss[most] ? rss[most] : UNKNOWN);
    json_number("", "program_rss_end", ops->sample[last].rss_anon);
    json_number("", "rss_at_program_end", rss[last] ? rss[last] : UNKNOWN);
}

void report_json(const struct report *report, bool timeline) {
    const struct result *r = report->result;
    printf("{\n");
    json_string("allocator", report->allocator);
    json_string("backend", report->backend);
    json_string("lib", report->lib);
    json_string("trace", report->trace);
    json_string("program", report->ops->program);
    printf("  \"truncated\": %s,\n", report->ops->truncated ? "true" : "false");
    printf("  \"gaps\": ");
    gaps_json(report->ops->gaps);
    printf(",\n");
    json_number("", "lost_events", report->ops->lost);
    json_number("", "events", report->ops->count);
    json_number("", "threads", report->ops->threads);
    printf("  \"by_threads\": %s,\n", r->by_threads ? "true" : "false");
    printf("  \"background_thread\": %s,\n", r->background ? "true" : "false");
    printf("  \"program_background_thread\": %s,\n",
           report->ops->background_ms != OPS_NEVER ? "true" : "false");
    json_number("", "events_elsewhere", report->ops->elsewhere);
    json_real("", "duration_s", (double)report->ops->duration / 1e9);
    json_number("", "recording_ns",
                report->ops->recording_ns ? report->ops->recording_ns : UNKNOWN);
    json_number("", "unseen_calls", report->ops->unseen);
    json_number("", "peak_blocks", report->ops->peak_blocks);
    json_number("", "peak_large", report->ops->peak_large);
    json_program(report);
    json_figures(report);
    json_times(report);
    if (timeline) {
        json_timeline(r);
        json_program_timeline(report);
    }
    json_number("", "failures", r->failures);
    printf("  \"leaked\": %" PRId64 "\n}\n", (int64_t)r->used_leaked);
}
