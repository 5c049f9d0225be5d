/* The report as one page, with the library that draws its chart inside. */
#include "tools/common/page.h"
#include "tools/zmeasure/measure.h"

static const struct page_part parts[] = {
    {"@uplot_css@\n", "dist/uPlot.min.css"},       {"@uplot_js@\n", "dist/uPlot.iife.min.js"},
    {"@page_css@\n", "tools/common/page.css"},     {"@page_js@\n", "tools/common/page.js"},
    {"@report_js@\n", "tools/zmeasure/report.js"},
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
    .html = "tools/zmeasure/report.html",
    .parts = parts,
    .part_count = sizeof(parts) / sizeof(*parts),
    .json = write_json,
};

bool html_possible(const char *argv0) { return page_possible(&page, argv0); }

int report_html(const char *argv0, const struct measurement *measurement,
                const struct verdicts *verdicts) {
    const struct options *options = measurement->options;
    const struct report report = {measurement, verdicts};
    return page_write(&page, argv0, options->html_path, options->html, &report);
}
