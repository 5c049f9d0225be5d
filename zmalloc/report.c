/* zmalloc_report(): the statistics as text, JSON and OpenMetrics. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "zmalloc/stats.h"
#include "zmalloc/zmalloc.h"

/* A buffer.  put() writes the text that fits; `length` counts all text. */
struct out {
    char *buffer;
    size_t size, length;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *out, const char *format, ...) {
    va_list arguments;
    size_t room = out->length < out->size ? out->size - out->length : 0;
    va_start(arguments, format);
    int length = vsnprintf(room != 0 ? out->buffer + out->length : NULL, room, format, arguments);
    va_end(arguments);
    if (length > 0) out->length += (size_t)length;
}

/* The table of statistics, which all formats go through. */
struct field {
    const char *name, *what;
    size_t offset;
};

static const struct field fields[] = {
#define FIELD_ROW(FIELD, name, what) {#name, what, offsetof(zmalloc_stats_t, name)},
    ZMALLOC_STATS_FIELDS(FIELD_ROW)
#undef FIELD_ROW
};

static size_t value_of(const zmalloc_stats_t *stats, enum zmalloc_stats_field f) {
    size_t value;
    memcpy(&value, (const char *)stats + fields[f].offset, sizeof value);
    return value;
}

/* ---- Text -------------------------------------------------------------- */

static void put_human(struct out *out, size_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double scaled = (double)bytes;
    size_t unit = 0;
    for (; scaled >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++) scaled /= 1024;
    put(out, unit == 0 ? "%9.0f %-3s" : "%9.2f %-3s", scaled, units[unit]);
}

static void put_text_field(struct out *out, const zmalloc_stats_t *stats,
                           enum zmalloc_stats_field f) {
    put(out, "  %-15s ", fields[f].name);
    if (zmalloc_stats_knows(stats, f)) {
        put_human(out, value_of(stats, f));
    } else {
        put(out, "%9s    ", "unknown");
    }
    put(out, "  %s\n", fields[f].what);
}

/* One step of the chain from the program's blocks to resident memory: two statistics, and
 * the explanation of the gap between them. */
struct step {
    enum zmalloc_stats_field from, to;
    const char *gap;       /* when `to` is larger */
    const char *shortfall; /* when it is smaller */
};

static const struct step chain[] = {
    {ZMALLOC_STATS_USED, ZMALLOC_STATS_ALLOCATED, "blocks that zmalloc did not hand out",
     "blocks that the allocator caches"},
    {ZMALLOC_STATS_ALLOCATED, ZMALLOC_STATS_ACTIVE,
     "free inside pages in use (small bins and caches)", ""},
    {ZMALLOC_STATS_ACTIVE, ZMALLOC_STATS_RESIDENT, "unused dirty and muzzy pages, metadata", ""},
    {ZMALLOC_STATS_RESIDENT, ZMALLOC_STATS_RSS, "not the allocator's: code, stacks, mappings",
     "pages that the program never touched"},
};

static void put_step(struct out *out, const zmalloc_stats_t *stats, const struct step *step) {
    size_t from = value_of(stats, step->from), to = value_of(stats, step->to);
    put(out, "  %-9s -> %-9s ", fields[step->from].name, fields[step->to].name);
    if (!zmalloc_stats_knows(stats, step->from) || !zmalloc_stats_knows(stats, step->to)) {
        put(out, "  unknown  %s\n", step->gap);
        return;
    }
    put(out, "%c", to < from ? '-' : '+');
    put_human(out, to < from ? from - to : to - from);
    if (from != 0) put(out, " x%.3f", (double)to / (double)from);
    put(out, "  %s\n", to < from ? step->shortfall : step->gap);
}

static void report_text(struct out *out, const zmalloc_stats_t *stats) {
    put(out, "zmalloc over %s\n", ZMALLOC_LIB);
    for (unsigned f = 0; f < ZMALLOC_STATS_COUNT; f++) put_text_field(out, stats, f);
    put(out, "from blocks to resident memory:\n");
    for (size_t i = 0; i < sizeof chain / sizeof chain[0]; i++) put_step(out, stats, &chain[i]);
}

/* ---- JSON and OpenMetrics ----------------------------------------------- */

static void report_json(struct out *out, const zmalloc_stats_t *stats) {
    put(out, "{\"allocator\":\"%s\",\"lib\":\"%s\"", zmalloc_allocator_name(), ZMALLOC_LIB);
    for (unsigned f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        put(out, ",\"%s\":", fields[f].name);
        if (zmalloc_stats_knows(stats, f)) {
            put(out, "%zu", value_of(stats, f));
        } else {
            put(out, "null");
        }
    }
    put(out, "}\n");
}

static void report_openmetrics(struct out *out, const zmalloc_stats_t *stats) {
    for (unsigned f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        if (!zmalloc_stats_knows(stats, f)) continue;
        put(out, "# TYPE zmalloc_%s_bytes gauge\n", fields[f].name);
        put(out, "# UNIT zmalloc_%s_bytes bytes\n", fields[f].name);
        put(out, "# HELP zmalloc_%s_bytes %s (bytes).\n", fields[f].name, fields[f].what);
        put(out, "zmalloc_%s_bytes{allocator=\"%s\",lib=\"%s\"} %zu\n", fields[f].name,
            zmalloc_allocator_name(), ZMALLOC_LIB, value_of(stats, f));
    }
    put(out, "# EOF\n");
}

int zmalloc_report(char *buffer, size_t size, enum zmalloc_report_format format) {
    zmalloc_stats_t stats;
    struct out out = {.buffer = buffer, .size = size};
    if (size != 0) buffer[0] = '\0';
    (void)zmalloc_stats(&stats, sizeof stats, ZMALLOC_ALL_ARENAS, 1);
    switch (format) {
        case ZMALLOC_REPORT_TEXT:
            report_text(&out, &stats);
            break;
        case ZMALLOC_REPORT_JSON:
            report_json(&out, &stats);
            break;
        case ZMALLOC_REPORT_OPENMETRICS:
            report_openmetrics(&out, &stats);
            break;
        default:
            return -1;
    }
    return (int)out.length;
}
