/* The report as one page, with the library that draws its chart inside. */
#include "tools/common/page.h"
#include "tools/zmeasure/measure.h"

static const char *const styles[] = {
    "dist/uPlot.min.css",
    "tools/common/page.css",
    "tools/zmeasure/report.css",
    NULL,
};

static const char *const scripts[] = {
    "dist/uPlot.iife.min.js",
    "tools/common/page.js",
    "tools/zmeasure/report.js",
    NULL,
};

struct report {
    const struct measurement *measurement;
    const struct verdicts *verdicts;
};

static void write_json(FILE *file, const void *what) {
    const struct report *report = what;
    report_json(file, report->measurement, report->verdicts, true);
}

static const struct page page = {
    .tool = TOOL,
    .target = "//tools/zmeasure",
    .styles = styles,
    .body = "tools/zmeasure/report.html",
    .scripts = scripts,
    .json = write_json,
};

bool html_possible(const char *argv0) { return page_possible(&page, argv0); }

int report_html(const char *argv0, const struct measurement *measurement,
                const struct verdicts *verdicts) {
    const struct options *options = measurement->options;
    const struct report report = {measurement, verdicts};
    return page_write(&page, argv0, options->html_path, options->html, &report);
}
