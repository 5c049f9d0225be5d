#include <string.h>

#include "tools/zreplay/compare.h"

enum unit { MIB, RATIO, NS, COUNT };

struct row {
    const char *label;
    const char *key; /* NULL: a headline */
    enum unit unit;
    bool best; /* mark the least */
};

static const struct row rows[] = {
    {"at the peak of the trace", NULL, COUNT, false},
    {"used, MiB", "peak_used", MIB, true},
    {"allocated, MiB", "peak_allocated", MIB, false},
    {"active, MiB", "peak_active", MIB, false},
    {"resident, MiB", "peak_resident", MIB, true},
    {"retained, MiB", "peak_retained", MIB, false},
    {"RSS, MiB", "peak_rss", MIB, true},
    {"RSS / used", "peak_rss_per_used", RATIO, true},
    {"at its end", NULL, COUNT, false},
    {"used, MiB", "end_used", MIB, true},
    {"allocated, MiB", "end_allocated", MIB, false},
    {"active, MiB", "end_active", MIB, false},
    {"resident, MiB", "end_resident", MIB, true},
    {"retained, MiB", "end_retained", MIB, false},
    {"RSS, MiB", "end_rss", MIB, true},
    {"RSS / used", "end_rss_per_used", RATIO, true},
    {"resident / allocated", "end_resident_per_allocated", RATIO, true},
    {"active / allocated", "end_active_per_allocated", RATIO, true},
    {"time per call", NULL, COUNT, false},
    {"all, ns", "ns_all", NS, true},
    {"malloc, ns", "ns_malloc", NS, true},
    {"calloc, ns", "ns_calloc", NS, true},
    {"aligned, ns", "ns_aligned", NS, true},
    {"realloc, ns", "ns_realloc", NS, true},
    {"free, ns", "ns_free", NS, true},
    {"checks", NULL, COUNT, false},
    {"failed allocations", "failures", COUNT, false},
    {"bytes leaked", "leaked", COUNT, false},
};

static void format_value(const struct row *row, double value, char text[32]) {
    if (row->unit == MIB) {
        snprintf(text, 32, "%.2f", value / 1048576);
    } else {
        snprintf(text, 32, "%.*f", row->unit == RATIO ? 3 : row->unit == NS ? 1 : 0, value);
    }
}

/* What the least of a row reads as, so that equals are marked alike. */
static void find_best(const struct row *row, const struct run *runs, size_t count, char best[32]) {
    double value, least = 0;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (!run_number(&runs[i], row->key, &value) || (found && value >= least)) continue;
        least = value;
        found = true;
    }
    best[0] = '\0';
    if (found && row->best) format_value(row, least, best);
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
    find_best(row, runs, count, best);
    printf("  %-22s", row->label);
    for (size_t i = 0; i < count; i++) {
        bool known = run_number(&runs[i], row->key, &value);
        if (known) format_value(row, value, text);
        printf("%*s%c", width_of(&runs[i]), known ? text : "unknown",
               known && strcmp(text, best) == 0 ? '*' : ' ');
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
    for (size_t i = 0; i < count; i++) printf("%*s ", width_of(&runs[i]), runs[i].name);
    printf("\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].key) {
            print_row(&rows[i], runs, count);
        } else {
            printf("%s\n", rows[i].label);
        }
    }
    printf("\n* the best of the row.  RSS is what the replay added to it.\n");
}
