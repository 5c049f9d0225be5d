/* The report as one page, with the library that draws its chart inside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/common/svg.h"
#include "tools/zmeasure/measure.h"

/* What stands in the page for the contents of a file: "@NAME@" on a line of its own. */
static const struct part {
    const char *line, *file;
} parts[] = {
    {"@uplot_css@\n", "dist/uPlot.min.css"},
    {"@uplot_js@\n", "dist/uPlot.iife.min.js"},
    {"@report_js@\n", "tools/zmeasure/report.js"},
};
enum { PARTS = sizeof(parts) / sizeof(*parts) };

static const char page_file[] = "tools/zmeasure/report.html";

struct page {
    char *html, *data, *texts[PARTS];
    size_t data_size;
};

static bool is_there(const char *argv0, const char *file) {
    char path[CLI_PATH_SIZE];
    if (cli_find(argv0, file, path)) return true;
    cli_error(TOOL, "--html: %s is not here; //tools/zmeasure has it", file);
    return false;
}

bool html_possible(const char *argv0) {
    bool ok = is_there(argv0, page_file);
    for (int p = 0; p < PARTS && ok; p++) ok = is_there(argv0, parts[p].file);
    return ok;
}

/* Reads a file that comes with the tool; NULL after a line. */
static char *read_part(const char *argv0, const char *file) {
    char path[CLI_PATH_SIZE];
    struct stat stat_of_file;
    if (!cli_find(argv0, file, path)) {
        cli_error(TOOL, "%s is neither among the runfiles nor beside the program", file);
        return NULL;
    }
    FILE *from = stat(path, &stat_of_file) == 0 ? fopen(path, "re") : NULL;
    size_t size = from ? (size_t)stat_of_file.st_size : 0;
    char *text = from ? calloc(1, size + 1) : NULL;
    bool ok = text && fread(text, 1, size, from) == size;
    if (from) (void)fclose(from);
    if (ok) return text;
    cli_error(TOOL, "%s cannot be read", path);
    free(text);
    return NULL;
}

/* JSON in a page must not hold "</script>": "<" is only in its strings. */
static void write_data(FILE *file, const struct page *page) {
    for (size_t i = 0; i < page->data_size; i++) {
        if (page->data[i] == '<') {
            fputs("\\u003c", file);
        } else {
            fputc(page->data[i], file);
        }
    }
}

/* Copies the page, line by line. */
static void draw(FILE *file, const void *what) {
    const struct page *page = what;
    for (const char *line = page->html; *line;) {
        const char *end = strchr(line, '\n');
        size_t size = end ? (size_t)(end - line) + 1 : strlen(line), p = 0;
        while (p < PARTS && strncmp(line, parts[p].line, strlen(parts[p].line)) != 0) p++;
        if (p < PARTS) {
            fputs(page->texts[p], file);
        } else if (strncmp(line, "@data@\n", 7) == 0) {
            write_data(file, page);
        } else {
            fwrite(line, 1, size, file);
        }
        line += size;
    }
}

static bool fill(const char *argv0, const struct measurement *measurement,
                 const struct verdicts *verdicts, struct page *page) {
    page->html = read_part(argv0, page_file);
    bool ok = page->html != NULL;
    for (int p = 0; p < PARTS && ok; p++) {
        page->texts[p] = read_part(argv0, parts[p].file);
        ok = page->texts[p] != NULL;
    }
    FILE *data = ok ? open_memstream(&page->data, &page->data_size) : NULL;
    if (!data) return false;
    report_json(data, measurement, verdicts, true);
    return fclose(data) == 0;
}

int report_html(const char *argv0, const struct measurement *measurement,
                const struct verdicts *verdicts) {
    const struct options *options = measurement->options;
    struct page page = {0};
    int status = fill(argv0, measurement, verdicts, &page) ? 0 : 1;
    if (status == 0 && svg_write(options->html_path, draw, &page) != 0) {
        cli_error(TOOL, "%s: %s", options->html, strerror(errno));
        status = CLI_USAGE;
    }
    free(page.html);
    free(page.data);
    for (int p = 0; p < PARTS; p++) free(page.texts[p]);
    return status;
}
