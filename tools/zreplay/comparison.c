#include <string.h>

#include "tools/zreplay/compare.h"

enum unit { BYTES, RATIO, NS, COUNT };

struct row {
    const char *label;
    const char *key; /* NULL: a headline */
    enum unit unit;
    bool best; /* mark the least: only what means the same for all */
};

static const struct row rows[] = {
    {"at the peak of the trace", NULL, COUNT, false},
    {"requested", "peak_requested", BYTES, false},
    {"used", "peak_used", BYTES, false},
    {"allocated", "peak_allocated", BYTES, false},
    {"active", "peak_active", BYTES, false},
    {"resident", "peak_resident", BYTES, true},
    {"retained", "peak_retained", BYTES, false},
    {"RSS", "peak_rss", BYTES, true},
    {"RSS / requested", "peak_rss_per_requested", RATIO, true},
    {"at its end", NULL, COUNT, false},
    {"requested", "end_requested", BYTES, false},
    {"used", "end_used", BYTES, false},
    {"allocated", "end_allocated", BYTES, false},
    {"active", "end_active", BYTES, false},
    {"resident", "end_resident", BYTES, true},
    {"retained", "end_retained", BYTES, false},
    {"RSS", "end_rss", BYTES, true},
    {"RSS / requested", "end_rss_per_requested", RATIO, true},
    {"resident / allocated", "end_resident_per_allocated", RATIO, false},
    {"active / allocated", "end_active_per_allocated", RATIO, false},
    {"time per call", NULL, COUNT, false},
    {"all, ns", "ns_all", NS, true},
    {"malloc, ns", "ns_malloc", NS, true},
    {"calloc, ns", "ns_calloc", NS, true},
    {"aligned, ns", "ns_aligned", NS, true},
    {"realloc, ns", "ns_realloc", NS, true},
    {"free, ns", "ns_free", NS, true},
    {"all, raw, ns", "raw_ns_all", NS, false},
    {"all, ratio to raw", "per_raw_all", RATIO, true},
    {"checks", NULL, COUNT, false},
    {"failed allocations", "failures", COUNT, false},
    {"bytes leaked", "leaked", COUNT, false},
};

/* What the sizes of a row are given in. */
static double scale_of(const struct row *row, const struct run *runs, size_t count) {
    double value;
    if (row->unit != BYTES) return 1;
    for (size_t i = 0; i < count; i++) {
        if (run_number(&runs[i], row->key, &value) && value >= 1048576) return 1048576;
    }
    return 1024;
}

static void format_value(const struct row *row, double scale, double value, char text[32]) {
    static const int digits[] = {[BYTES] = 2, [RATIO] = 3, [NS] = 1, [COUNT] = 0};
    snprintf(text, 32, "%.*f", digits[row->unit], value / scale);
}

/* What the least of a row reads as, so that equals are marked alike. */
static void find_best(const struct row *row, double scale, const struct run *runs, size_t count,
                      char best[32]) {
    double value, least = 0;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (!run_number(&runs[i], row->key, &value) || (found && value >= least)) continue;
        least = value;
        found = true;
    }
    best[0] = '\0';
    if (found && row->best) format_value(row, scale, least, best);
}

static int width_of(const struct run *run) {
    int length = (int)strlen(run->name);
    return (length > 9 ? length : 9) + 2;
}

/* A row that no allocator has a value for is left out. */
static void print_row(const struct row *row, const struct run *runs, size_t count) {
    char best[32], text[32];
    double value;
    bool any = false;
    for (size_t i = 0; i < count; i++) any = any || run_number(&runs[i], row->key, &value);
    if (!any) return;
    double scale = scale_of(row, runs, count);
    find_best(row, scale, runs, count, best);
    snprintf(text, sizeof(text), "%s%s", row->label,
             row->unit != BYTES ? ""
             : scale > 1024     ? ", MiB"
                                : ", KiB");
    printf("  %-22s", text);
    for (size_t i = 0; i < count; i++) {
        bool known = run_number(&runs[i], row->key, &value);
        if (known) format_value(row, scale, value, text);
        printf("%*s%s", width_of(&runs[i]), known ? text : "unknown",
               known && strcmp(text, best) == 0 ? "*"
               : i + 1 < count                  ? " "
                                                : "");
    }
    printf("\n");
}

void print_comparison(const struct run *runs, size_t count) {
    char trace[4096], program[128];
    double events = 0;
    run_text(&runs[0], "trace", trace, sizeof(trace));
    run_text(&runs[0], "program", program, sizeof(program));
    run_number(&runs[0], "events", &events);
    const char *slash = strrchr(trace, '/');
    printf("%s: %.0f events of %s\n\n", slash ? slash + 1 : trace, events, program);
    printf("%-24s", "");
    for (size_t i = 0; i < count; i++) {
        printf("%*s%s", width_of(&runs[i]), runs[i].name, i + 1 < count ? " " : "\n");
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].key) {
            print_row(&rows[i], runs, count);
        } else {
            printf("%s\n", rows[i].label);
        }
    }
    printf(
        "\n* the best of the row.  RSS is what the replay added to it; requested is what the\n"
        "program asked for; raw is the allocator without zmalloc, in turns with it.\n"
        "Events run as fast as possible: memory that an allocator gives back\n"
        "after a time (jemalloc: 10 s) is still counted at the end.\n");
}
