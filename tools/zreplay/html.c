/* The report as one page, with the library that draws its chart inside. */
#include "tools/common/cli.h"
#include "tools/common/page.h"
#include "tools/zreplay/compare.h"

static const char *const styles[] = {
    "dist/uPlot.min.css",
    "tools/common/page.css",
    "tools/zreplay/report.css",
    NULL,
};

static const char *const scripts[] = {
    "dist/uPlot.iife.min.js",
    "dist/d3.min.js",
    "dist/d3-flamegraph.umd.min.js",
    "tools/common/page.js",
    "tools/common/flame.js",
    "tools/zreplay/report.js",
    NULL,
};

static void write_verdict(FILE *file, const struct page_report *report) {
    static struct sentence sentences[SENTENCES];
    find_verdict(report->runs, report->count, sentences);
    for (size_t i = 0; i < SENTENCES; i++) {
        fprintf(file, "%s\n    {\"about\": \"%s\", \"known\": %s, \"text\": ", i ? "," : "[",
                sentences[i].about, sentences[i].known ? "true" : "false");
        cli_json_string_to(file, sentences[i].text);
        fprintf(file, "}");
    }
    fprintf(file, "]");
}

static void write_json(FILE *file, const void *what) {
    const struct page_report *report = what;
    fprintf(file, "{\n  \"names\": [");
    for (size_t i = 0; i < report->count; i++) {
        fprintf(file, "%s", i ? ", " : "");
        cli_json_string_to(file, report->runs[i].name);
    }
    fprintf(file, "],\n  \"touch\": ");
    cli_json_string_to(file, report->touch);
    fprintf(file, ",\n  \"notes\": ");
    cli_json_string_to(file, report->notes);
    fprintf(file, ",\n  \"verdict\": ");
    write_verdict(file, report);
    fprintf(file, ",\n  \"rows\": ");
    json_rows(file, report->runs, report->count);
    fprintf(file, ",\n  \"runs\": ");
    for (size_t i = 0; i < report->count; i++) {
        fprintf(file, "%s{", i ? "," : "[");
        variant_json(file, report->runs[i].variant);
        fprintf(file, ",%s", report->runs[i].json + 1);
    }
    fprintf(file, "],\n  \"stat\": %s}\n", report->stat);
}

static const struct page page = {
    .tool = "compare",
    .target = "//tools/zreplay:compare",
    .styles = styles,
    .body = "tools/zreplay/report.html",
    .scripts = scripts,
    .json = write_json,
};

bool html_possible(const char *argv0) { return page_possible(&page, argv0); }

int report_html(const char *argv0, const char *path, const char *name,
                const struct page_report *report) {
    return page_write(&page, argv0, path, name, report);
}
