#include <stdbool.h>
#include <string.h>

#include "zmalloc/core/zones.h"
#include "zmalloc/report_parts.h"

/* A zone as it is reported. */
struct zone {
    size_t id, bytes, blocks;
    const char *name;
};

/* Calls `visit` for each zone, in the order of ids.  Out of line, so that its rows are not on the
 * stack of its callers. */
__attribute__((noinline)) static void each_zone(void (*visit)(void *arg, const struct zone *zone),
                                                void *arg) {
    struct zm_zone_row rows[ZM_ZONE_ROWS];
    for (size_t first = 1; first < zm_zones_end(); first += ZM_ZONE_ROWS) {
        zm_zone_rows(first, rows, ZM_ZONE_ROWS);
        for (size_t i = 0; i < ZM_ZONE_ROWS; i++) {
            const struct zone zone = {rows[i].id, rows[i].figures.bytes, rows[i].figures.blocks,
                                      rows[i].name};
            if (rows[i].exists) visit(arg, &zone);
        }
    }
}

/* ---- Text -------------------------------------------------------------------------- */

enum { LARGEST = 10 };

/* All zones, and those with the most bytes, the largest first. */
struct summary {
    size_t zones, bytes, blocks;
    struct {
        size_t id, bytes;
    } largest[LARGEST];
};

static void enter(void *arg, const struct zone *zone) {
    struct summary *summary = arg;
    size_t at = summary->zones < LARGEST ? summary->zones : LARGEST;
    summary->zones++;
    summary->bytes += zone->bytes;
    summary->blocks += zone->blocks;
    for (; at > 0 && zone->bytes > summary->largest[at - 1].bytes; at--) {
        if (at < LARGEST) summary->largest[at] = summary->largest[at - 1];
    }
    if (at == LARGEST) return;
    summary->largest[at].id = zone->id;
    summary->largest[at].bytes = zone->bytes;
}

static void put_line(struct zm_text *text, const struct zone *zone) {
    zm_put(text, "  ");
    zm_put_bytes(text, zone->bytes);
    zm_put(text, " in %10zu blocks  ", zone->blocks);
    zm_put_name(text, zone->name, ZMALLOC_REPORT_TEXT);
    zm_put(text, "\n");
}

static void put_line_of(struct zm_text *text, size_t id) {
    struct zm_zone_row row;
    zm_zone_rows(id, &row, 1);
    const struct zone zone = {id, row.figures.bytes, row.figures.blocks, row.name};
    if (row.exists) put_line(text, &zone);
}

void zm_report_zones_text(struct zm_text *text) {
    struct summary summary;
    memset(&summary, 0, sizeof summary);
    each_zone(enter, &summary);
    if (summary.zones == 0) return;
    zm_put(text, "zones: %zu%s\n", summary.zones, summary.zones > LARGEST ? ", the largest" : "");
    for (size_t i = 0; i < summary.zones && i < LARGEST; i++) {
        put_line_of(text, summary.largest[i].id);
    }
    const struct zone all = {0, summary.bytes, summary.blocks, "in all zones"};
    put_line(text, &all);
}

/* ---- JSON and OpenMetrics ------------------------------------------------------------ */

struct list {
    struct zm_text *text;
    const char *labels;
    size_t count;
};

static void put_object(void *arg, const struct zone *zone) {
    struct list *list = arg;
    zm_put(list->text, "%s{\"id\":%zu,\"name\":\"", list->count++ != 0 ? "," : "", zone->id);
    zm_put_name(list->text, zone->name, ZMALLOC_REPORT_JSON);
    zm_put(list->text, "\",\"bytes\":%zu,\"blocks\":%zu}", zone->bytes, zone->blocks);
}

void zm_report_zones_json(struct zm_text *text) {
    struct list list = {.text = text};
    zm_put(text, "[");
    each_zone(put_object, &list);
    zm_put(text, "]");
}

/* Ids keep zones of one name apart. */
static void put_sample(const struct list *list, const char *metric, const struct zone *zone,
                       size_t value) {
    zm_put(list->text, "%s{%s,zone=\"", metric, list->labels);
    zm_put_name(list->text, zone->name, ZMALLOC_REPORT_OPENMETRICS);
    zm_put(list->text, "\",id=\"%zu\"} %zu\n", zone->id, value);
}

static void put_bytes_sample(void *arg, const struct zone *zone) {
    struct list *list = arg;
    if (list->count++ == 0) {
        zm_put(list->text,
               "# TYPE zmalloc_zone_bytes gauge\n# UNIT zmalloc_zone_bytes bytes\n"
               "# HELP zmalloc_zone_bytes in blocks of a zone (bytes).\n");
    }
    put_sample(list, "zmalloc_zone_bytes", zone, zone->bytes);
}

static void put_blocks_sample(void *arg, const struct zone *zone) {
    struct list *list = arg;
    if (list->count++ == 0) {
        zm_put(list->text,
               "# TYPE zmalloc_zone_blocks gauge\n"
               "# HELP zmalloc_zone_blocks blocks of a zone.\n");
    }
    put_sample(list, "zmalloc_zone_blocks", zone, zone->blocks);
}

void zm_report_zones_openmetrics(struct zm_text *text, const char *labels) {
    struct list bytes = {text, labels, 0}, blocks = {text, labels, 0};
    each_zone(put_bytes_sample, &bytes);
    each_zone(put_blocks_sample, &blocks);
}
