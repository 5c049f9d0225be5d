#include "zmalloc/profile.h"
#include "zmalloc/profile/rows.h"
#include "zmalloc/profile/samples.h"
#include "zmalloc/report_parts.h"

enum { MOST_ROWS = 3 };

/* Rows with waste, the most first. */
struct most {
    size_t count;
    struct zm_profile_row rows[MOST_ROWS];
};

static void enter(struct most *most, const struct zm_profile_row *row) {
    size_t at = most->count < MOST_ROWS ? most->count++ : MOST_ROWS;
    for (; at > 0 && row->waste_bytes > most->rows[at - 1].waste_bytes; at--) {
        if (at < MOST_ROWS) most->rows[at] = most->rows[at - 1];
    }
    if (at < MOST_ROWS) most->rows[at] = *row;
}

static bool find_most(struct most *most) {
    if (zmalloc_profile_rate() == 0) return false;
    most->count = 0;
    zm_samples_find_waste();
    for (size_t i = 0; i < zm_profile_rows(); i++) {
        struct zm_profile_row row;
        zm_profile_row(i, &row);
        if (row.waste_bytes != 0) enter(most, &row);
    }
    return true;
}

/* Appends return addresses, innermost first. */
static void put_stack(struct zm_text *text, const struct zm_profile_row *row, const char *between) {
    for (unsigned i = 0; i < row->depth; i++) {
        zm_put(text, "%s%#zx", i != 0 ? between : "", (size_t)(uintptr_t)row->frames[i]);
    }
}

void zm_report_waste_text(struct zm_text *text) {
    struct most most;
    if (!find_most(&most)) return;
    zm_put(text, "free bytes that code keeps beside its blocks, estimated, the most:\n");
    if (most.count == 0) zm_put(text, "  none is known\n");
    for (size_t i = 0; i < most.count; i++) {
        zm_put(text, "  ");
        zm_put_bytes(text, most.rows[i].waste_bytes);
        if (most.rows[i].label != NULL) {
            zm_put(text, "  label \"");
            zm_put_name(text, most.rows[i].label, ZMALLOC_REPORT_TEXT);
            zm_put(text, "\"");
        }
        zm_put(text, "  ");
        put_stack(text, &most.rows[i], " ");
        zm_put(text, most.rows[i].depth == 0 ? "unknown stack\n" : "\n");
    }
}

static void put_row_json(struct zm_text *text, const struct zm_profile_row *row) {
    zm_put(text, "{\"bytes\":%zu,\"label\":", (size_t)row->waste_bytes);
    if (row->label != NULL) {
        zm_put(text, "\"");
        zm_put_name(text, row->label, ZMALLOC_REPORT_JSON);
        zm_put(text, "\"");
    } else {
        zm_put(text, "null");
    }
    zm_put(text, ",\"stack\":[%s", row->depth != 0 ? "\"" : "");
    put_stack(text, row, "\",\"");
    zm_put(text, "%s]}", row->depth != 0 ? "\"" : "");
}

void zm_report_waste_json(struct zm_text *text) {
    struct most most;
    if (!find_most(&most)) {
        zm_put(text, "null");
        return;
    }
    zm_put(text, "[");
    for (size_t i = 0; i < most.count; i++) {
        zm_put(text, i != 0 ? "," : "");
        put_row_json(text, &most.rows[i]);
    }
    zm_put(text, "]");
}

void zm_report_waste_openmetrics(struct zm_text *text, const char *labels) {
    struct most most;
    if (!find_most(&most) || most.count == 0) return;
    zm_put(text,
           "# TYPE zmalloc_waste_bytes gauge\n# UNIT zmalloc_waste_bytes bytes\n"
           "# HELP zmalloc_waste_bytes free beside the blocks of a call stack, estimated, the most "
           "(bytes).\n");
    for (size_t i = 0; i < most.count; i++) {
        zm_put(text, "zmalloc_waste_bytes{%s,label=\"", labels);
        if (most.rows[i].label != NULL) {
            zm_put_name(text, most.rows[i].label, ZMALLOC_REPORT_OPENMETRICS);
        }
        zm_put(text, "\",stack=\"");
        put_stack(text, &most.rows[i], " ");
        zm_put(text, "\"} %zu\n", (size_t)most.rows[i].waste_bytes);
    }
}
