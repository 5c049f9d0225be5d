/* The report as one page, with the library that draws flame graphs inside. */
#include "tools/common/page.h"
#include "tools/zheap/report.h"

static const char *const styles[] = {
    "tools/common/page.css",
    "tools/zheap/report.css",
    NULL,
};

static const char *const scripts[] = {
    "dist/d3.min.js",        "dist/d3-flamegraph.umd.min.js", "tools/common/page.js",
    "tools/common/flame.js", "tools/zheap/report.js",         NULL,
};

static void write_json(FILE *file, const void *what) { report_json(file, what); }

static const struct page page = {
    .tool = TOOL,
    .target = "//tools/zheap",
    .styles = styles,
    .body = "tools/zheap/report.html",
    .scripts = scripts,
    .json = write_json,
};

bool html_possible(const char *argv0) { return page_possible(&page, argv0); }

int report_html(const char *argv0, const char *path, const char *name,
                const struct report *report) {
    return page_write(&page, argv0, path, name, report);
}
