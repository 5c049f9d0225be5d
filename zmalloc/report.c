/* zmalloc_report(): the statistics as text, JSON and OpenMetrics. */
#include <string.h>

#include "zmalloc/report_parts.h"
#include "zmalloc/stats.h"
#include "zmalloc/zmalloc.h"

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

static void put_text_field(struct zm_text *text, const zmalloc_stats_t *stats,
                           enum zmalloc_stats_field f) {
    zm_put(text, "  %-15s ", fields[f].name);
    if (zmalloc_stats_knows(stats, f)) {
        zm_put_bytes(text, value_of(stats, f));
    } else {
        zm_put(text, "%9s    ", "unknown");
    }
    zm_put(text, "  %s\n", fields[f].what);
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

static void put_step(struct zm_text *text, const zmalloc_stats_t *stats, const struct step *step) {
    size_t from = value_of(stats, step->from), to = value_of(stats, step->to);
    zm_put(text, "  %-9s -> %-9s ", fields[step->from].name, fields[step->to].name);
    if (!zmalloc_stats_knows(stats, step->from) || !zmalloc_stats_knows(stats, step->to)) {
        zm_put(text, "  unknown  %s\n", step->gap);
        return;
    }
    zm_put(text, "%c", to < from ? '-' : '+');
    zm_put_bytes(text, to < from ? from - to : to - from);
    if (from != 0) zm_put(text, " x%.3f", (double)to / (double)from);
    zm_put(text, "  %s\n", to < from ? step->shortfall : step->gap);
}

static void report_text(struct zm_text *text, const zmalloc_stats_t *stats) {
    zm_put(text, "zmalloc over %s\n", ZMALLOC_LIB);
    for (unsigned f = 0; f < ZMALLOC_STATS_COUNT; f++) put_text_field(text, stats, f);
    zm_put(text, "from blocks to resident memory:\n");
    for (size_t i = 0; i < sizeof chain / sizeof chain[0]; i++) put_step(text, stats, &chain[i]);
    zm_report_causes_text(text, stats);
    zm_report_waste_text(text);
    zm_report_zones_text(text);
}

/* ---- JSON and OpenMetrics ----------------------------------------------- */

static void report_json(struct zm_text *text, const zmalloc_stats_t *stats) {
    zm_put(text, "{\"allocator\":\"%s\",\"lib\":\"%s\"", zmalloc_allocator_name(), ZMALLOC_LIB);
    for (unsigned f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        zm_put(text, ",\"%s\":", fields[f].name);
        if (zmalloc_stats_knows(stats, f)) {
            zm_put(text, "%zu", value_of(stats, f));
        } else {
            zm_put(text, "null");
        }
    }
    zm_put(text, ",\"causes\":");
    zm_report_causes_json(text, stats);
    zm_put(text, ",\"waste\":");
    zm_report_waste_json(text);
    zm_put(text, ",\"zones\":");
    zm_report_zones_json(text);
    zm_put(text, "}\n");
}

static void report_openmetrics(struct zm_text *text, const zmalloc_stats_t *stats) {
    static const char labels[] = "allocator=\"" ZMALLOC_ALLOCATOR "\",lib=\"" ZMALLOC_LIB "\"";
    for (unsigned f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        if (!zmalloc_stats_knows(stats, f)) continue;
        zm_put(text, "# TYPE zmalloc_%s_bytes gauge\n", fields[f].name);
        zm_put(text, "# UNIT zmalloc_%s_bytes bytes\n", fields[f].name);
        zm_put(text, "# HELP zmalloc_%s_bytes %s (bytes).\n", fields[f].name, fields[f].what);
        zm_put(text, "zmalloc_%s_bytes{%s} %zu\n", fields[f].name, labels, value_of(stats, f));
    }
    zm_report_causes_openmetrics(text, stats, labels);
    zm_report_waste_openmetrics(text, labels);
    zm_report_zones_openmetrics(text, labels);
    zm_put(text, "# EOF\n");
}

int zmalloc_report(char *buffer, size_t size, enum zmalloc_report_format format) {
    zmalloc_stats_t stats;
    struct zm_text text = {.buffer = buffer, .size = size};
    if (size != 0) buffer[0] = '\0';
    (void)zmalloc_stats(&stats, sizeof stats, ZMALLOC_ALL_ARENAS, 1);
    switch (format) {
        case ZMALLOC_REPORT_TEXT:
            report_text(&text, &stats);
            break;
        case ZMALLOC_REPORT_JSON:
            report_json(&text, &stats);
            break;
        case ZMALLOC_REPORT_OPENMETRICS:
            report_openmetrics(&text, &stats);
            break;
        default:
            return -1;
    }
    return (int)text.length;
}
