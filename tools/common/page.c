#include "tools/common/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/common/cli.h"
#include "tools/common/svg.h"

/* A page with the contents of its files. */
struct contents {
    const struct page *page;
    char *html, *data, **texts;
    size_t data_size;
};

static bool is_there(const struct page *page, const char *argv0, const char *file) {
    char path[CLI_PATH_SIZE];
    if (cli_find(argv0, file, path)) return true;
    cli_error(page->tool, "--html: %s is not here; %s has it", file, page->target);
    return false;
}

bool page_possible(const struct page *page, const char *argv0) {
    bool ok = is_there(page, argv0, page->html);
    for (size_t p = 0; p < page->part_count && ok; p++) {
        ok = is_there(page, argv0, page->parts[p].file);
    }
    return ok;
}

/* Reads a file that comes with the tool; NULL after a line. */
static char *read_part(const struct page *page, const char *argv0, const char *file) {
    char path[CLI_PATH_SIZE];
    struct stat stat_of_file;
    if (!cli_find(argv0, file, path)) {
        cli_error(page->tool, "%s is neither among the runfiles nor beside the program", file);
        return NULL;
    }
    FILE *from = stat(path, &stat_of_file) == 0 ? fopen(path, "re") : NULL;
    size_t size = from ? (size_t)stat_of_file.st_size : 0;
    char *text = from ? calloc(1, size + 1) : NULL;
    bool ok = text && fread(text, 1, size, from) == size;
    if (from) (void)fclose(from);
    if (ok) return text;
    cli_error(page->tool, "%s cannot be read", path);
    free(text);
    return NULL;
}

/* JSON in a page must not hold "</script>": "<" is only in its strings. */
static void write_data(FILE *file, const struct contents *contents) {
    for (size_t i = 0; i < contents->data_size; i++) {
        if (contents->data[i] == '<') {
            fputs("\\u003c", file);
        } else {
            fputc(contents->data[i], file);
        }
    }
}

/* Copies the page, line by line. */
static void draw(FILE *file, const void *what) {
    const struct contents *contents = what;
    const struct page *page = contents->page;
    for (const char *line = contents->html; *line;) {
        const char *end = strchr(line, '\n');
        size_t size = end ? (size_t)(end - line) + 1 : strlen(line), p = 0;
        while (p < page->part_count &&
               strncmp(line, page->parts[p].line, strlen(page->parts[p].line)) != 0) {
            p++;
        }
        if (p < page->part_count) {
            fputs(contents->texts[p], file);
        } else if (strncmp(line, "@data@\n", 7) == 0) {
            write_data(file, contents);
        } else {
            fwrite(line, 1, size, file);
        }
        line += size;
    }
}

static bool fill(struct contents *contents, const char *argv0, const void *what) {
    const struct page *page = contents->page;
    contents->texts = calloc(page->part_count + 1, sizeof(*contents->texts));
    contents->html = contents->texts ? read_part(page, argv0, page->html) : NULL;
    bool ok = contents->html != NULL;
    for (size_t p = 0; p < page->part_count && ok; p++) {
        contents->texts[p] = read_part(page, argv0, page->parts[p].file);
        ok = contents->texts[p] != NULL;
    }
    FILE *data = ok ? open_memstream(&contents->data, &contents->data_size) : NULL;
    if (!data) return false;
    page->json(data, what);
    return fclose(data) == 0;
}

int page_write(const struct page *page, const char *argv0, const char *path, const char *name,
               const void *what) {
    struct contents contents = {.page = page};
    int status = fill(&contents, argv0, what) ? 0 : 1;
    if (status == 0 && svg_write(path, draw, &contents) != 0) {
        cli_error(page->tool, "%s: %s", name, strerror(errno));
        status = CLI_USAGE;
    }
    free(contents.html);
    free(contents.data);
    for (size_t p = 0; contents.texts && p < page->part_count; p++) free(contents.texts[p]);
    free(contents.texts);
    return status;
}
