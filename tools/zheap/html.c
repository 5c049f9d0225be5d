/* The report as one page, with the library that draws flame graphs inside. */
#include "tools/common/page.h"
#include "tools/zheap/report.h"

static const struct page_part parts[] = {
    {"@d3_js@\n", "dist/d3.min.js"},
    {"@flame_graph_js@\n", "dist/d3-flamegraph.umd.min.js"},
    {"@page_css@\n", "tools/common/page.css"},
    {"@page_js@\n", "tools/common/page.js"},
    {"@flame_js@\n", "tools/common/flame.js"},
    {"@report_js@\n", "tools/zheap/report.js"},
};

static void write_json(FILE *file, const void *what) { report_json(file, what); }

static const struct page page = {
    .tool = TOOL,
    .target = "//tools/zheap",
    .html = "tools/zheap/report.html",
    .parts = parts,
    .part_count = sizeof(parts) / sizeof(*parts),
    .json = write_json,
};

bool html_possible(const char *argv0) { return page_possible(&page, argv0); }

int report_html(const char *argv0, const char *path, const char *name,
                const struct report *report) {
    return page_write(&page, argv0, path, name, report);
}
