#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/zreplay/compare.h"

/* ---- zreplay's JSON ---------------------------------------------------- */

/* The text after a key; each key begins a line. */
static const char *find(const struct run *run, const char *key) {
    char line[96];
    snprintf(line, sizeof(line), "\n  \"%s\": ", key);
    const char *at = strstr(run->json, line);
    return at ? at + strlen(line) : NULL;
}

bool run_number(const struct run *run, const char *key, double *number) {
    const char *at = find(run, key);
    char *end;
    if (!at) return false;
    *number = strtod(at, &end);
    return end != at;
}

bool run_is_true(const struct run *run, const char *key) {
    const char *at = find(run, key);
    return at && strncmp(at, "true", 4) == 0;
}

/* Reads a string up to its end; returns where that is. */
static const char *read_text(const char *at, char *text, size_t size) {
    size_t used = 0;
    if (at && *at == '"') at++;
    for (; at && *at && *at != '"' && *at != '\n' && used + 1 < size; at++) {
        bool unprintable = at[0] == '\\' && at[1] == 'u'; /* a control character, or no UTF-8 */
        if (*at == '\\' && at[1]) at += unprintable && strlen(at) > 5 ? 5 : 1;
        text[used++] = (char)(unprintable ? '?' : *at);
    }
    text[used] = '\0';
    return at;
}

void run_text(const struct run *run, const char *key, char *text, size_t size) {
    (void)read_text(find(run, key), text, size);
}

/* What the trace lacks, a line each. */
static void print_gaps(const struct run *run) {
    char gap[1024];
    const char *at = find(run, "gaps");
    while (at && (*at == '[' || *at == ',')) {
        at += strcspn(at, "\"\n");
        if (*at != '"') return;
        at = read_text(at, gap, sizeof(gap));
        if (*at == '"') at++;
        printf("  not in the trace: %s\n", gap);
    }
}

/* ---- The table --------------------------------------------------------- */

enum unit { BYTES, RATIO, NS, COUNT };

struct row {
    const char *label;
    const char *key; /* NULL: a headline */
    enum unit unit;
    enum figure figure; /* which values are marked: only figures that mean the same for all are */
};

static const struct row rows[] = {
    {"before the first event", NULL, COUNT, NOT_COMPARED},
    {"RSS, fixed", "rss_fixed", BYTES, NOT_COMPARED},
    {"at the peak of the trace", NULL, COUNT, NOT_COMPARED},
    {"requested", "peak_requested", BYTES, NOT_COMPARED},
    {"used", "peak_used", BYTES, NOT_COMPARED},
    {"allocated", "peak_allocated", BYTES, NOT_COMPARED},
    {"active", "peak_active", BYTES, NOT_COMPARED},
    {"resident", "peak_resident", BYTES, MEMORY},
    {"retained", "peak_retained", BYTES, NOT_COMPARED},
    {"RSS", "peak_rss", BYTES, MEMORY},
    {"RSS / requested", "peak_rss_per_requested", RATIO, MEMORY},
    {"RSS, the most", "rss_most_sampled", BYTES, MEMORY},
    {"at its end", NULL, COUNT, NOT_COMPARED},
    {"requested", "end_requested", BYTES, NOT_COMPARED},
    {"used", "end_used", BYTES, NOT_COMPARED},
    {"allocated", "end_allocated", BYTES, NOT_COMPARED},
    {"active", "end_active", BYTES, NOT_COMPARED},
    {"resident", "end_resident", BYTES, MEMORY_AT_END},
    {"retained", "end_retained", BYTES, NOT_COMPARED},
    {"RSS", "end_rss", BYTES, MEMORY_AT_END},
    {"RSS / requested", "end_rss_per_requested", RATIO, MEMORY_AT_END},
    {"RSS, 10 s later", "rss_quiet", BYTES, MEMORY_LATER},
    {"resident / allocated", "end_resident_per_allocated", RATIO, NOT_COMPARED},
    {"active / allocated", "end_active_per_allocated", RATIO, NOT_COMPARED},
    {"time per call", NULL, COUNT, NOT_COMPARED},
    {"all, ns", "ns_all", NS, TIME},
    {"malloc, ns", "ns_malloc", NS, TIME},
    {"calloc, ns", "ns_calloc", NS, TIME},
    {"aligned, ns", "ns_aligned", NS, TIME},
    {"realloc, ns", "ns_realloc", NS, TIME},
    {"free, ns", "ns_free", NS, TIME},
    {"all, raw, ns", "raw_ns_all", NS, NOT_COMPARED},
    {"all, ratio to raw", "per_raw_all", RATIO, TIME},
    {"checks", NULL, COUNT, NOT_COMPARED},
    {"failed allocations", "failures", COUNT, NOT_COMPARED},
    {"bytes leaked", "leaked", COUNT, NOT_COMPARED},
};

/* The unit of a row's sizes, in bytes. */
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

/* The same for a row, whose values may be ratios. */
static struct bounds bounds_of_row(const struct row *row, const struct run *runs, size_t count) {
    struct bounds bounds = bounds_of(runs, count, row->figure);
    double requested = 0;
    if (row->unit != RATIO) return bounds;
    (void)run_number(&runs[0], row->figure == MEMORY ? "peak_requested" : "end_requested",
                     &requested);
    bounds.rest = requested > 0 ? bounds.rest / requested : 0;
    return bounds;
}

/* Whether the values of a row that are as good as the least are marked: not where the replay cannot
 * tell, and not where all are as good. */
static bool has_marks(const struct row *row, const struct run *runs, size_t count, double *least) {
    char doubt[DOUBT_SIZE];
    if (row->figure == NOT_COMPARED || !least_of(runs, count, row->key, least)) return false;
    find_doubt(runs, count, row->figure, doubt);
    return !doubt[0] && any_worse(runs, count, row->key, *least, bounds_of_row(row, runs, count));
}

static int width_of(const struct run *run) {
    int length = (int)strlen(run->name);
    return (length > 9 ? length : 9) + 2;
}

/* A row that no allocator has a value for is left out. */
static void print_row(const struct row *row, const struct run *runs, size_t count) {
    char text[32];
    double value, least = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++) any = any || run_number(&runs[i], row->key, &value);
    if (!any) return;
    double scale = scale_of(row, runs, count);
    bool marks = has_marks(row, runs, count, &least);
    const struct bounds bounds = bounds_of_row(row, runs, count);
    snprintf(text, sizeof(text), "%s%s", row->label,
             row->unit != BYTES ? ""
             : scale > 1024     ? ", MiB"
                                : ", KiB");
    printf("  %-22s", text);
    for (size_t i = 0; i < count; i++) {
        bool known = run_number(&runs[i], row->key, &value);
        if (known) format_value(row, scale, value, text);
        printf("%*s%s", width_of(&runs[i]), known ? text : "unknown",
               known && marks && as_good(value, least, bounds) ? "*"
               : i + 1 < count                                 ? " "
                                                               : "");
    }
    printf("\n");
}

void json_rows(FILE *file, const struct run *runs, size_t count) {
    static const char *const units[] = {
        [BYTES] = "bytes", [RATIO] = "ratio", [NS] = "ns", [COUNT] = "count"};
    double value, least = 0;
    for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
        const struct row *row = &rows[r];
        fprintf(file, "%s\n    {\"label\": \"%s\"", r ? "," : "[", row->label);
        if (row->key) {
            bool marks = has_marks(row, runs, count, &least);
            const struct bounds bounds = bounds_of_row(row, runs, count);
            fprintf(file, ", \"key\": \"%s\", \"unit\": \"%s\", \"marks\": [", row->key,
                    units[row->unit]);
            for (size_t i = 0; i < count; i++) {
                bool known = run_number(&runs[i], row->key, &value);
                fprintf(file, "%s%s", i ? ", " : "",
                        known && marks && as_good(value, least, bounds) ? "true" : "false");
            }
            fprintf(file, "]");
        }
        fprintf(file, "}");
    }
    fprintf(file, "]");
}

void print_comparison(const struct run *runs, size_t count) {
    char trace[4096], program[128];
    double events = 0;
    run_text(&runs[0], "trace", trace, sizeof(trace));
    run_text(&runs[0], "program", program, sizeof(program));
    run_number(&runs[0], "events", &events);
    printf("%s: %.0f events of %s\n\n", cli_base_name(trace), events, program);
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
    print_verdict(runs, count);
    print_gaps(&runs[0]);
    printf(
        "\n* the least of the row, and what is less than 10 %% above it (memory of a program with\n"
        "several threads: 25 %%); no mark where all are, and where the replay may differ from the\n"
        "program.  RSS is RssAnon without the decoded trace, and includes the fixed part;\n"
        "requested is what the program asked for; raw is the allocator without zmalloc, in turns\n"
        "with it.  Times are those of the calls, not of the program, which may spend little in "
        "them.\n"
        "Allocators see the time of the trace: what they give back after a time (jemalloc: 10 s)\n"
        "they gave back then.  10 s later: after as many seconds more with a few calls.\n");
}
