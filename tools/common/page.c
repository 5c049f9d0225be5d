#include "tools/common/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/svg.h"

/* The whole page. */
struct text {
    char *at;
    size_t size;
};

static bool is_there(const struct page *page, const char *argv0, const char *file) {
    char path[CLI_PATH_SIZE];
    if (cli_find(argv0, file, path)) return true;
    cli_error(page->tool, "--html: %s is not here; %s has it", file, page->target);
    return false;
}

static bool are_there(const struct page *page, const char *argv0, const char *const *files) {
    while (*files && is_there(page, argv0, *files)) files++;
    return !*files;
}

bool page_possible(const struct page *page, const char *argv0) {
    return is_there(page, argv0, page->body) && are_there(page, argv0, page->styles) &&
           are_there(page, argv0, page->scripts);
}

/* Copies a file that comes with the tool; false after a line. */
static bool add_file(FILE *to, const struct page *page, const char *argv0, const char *file) {
    char path[CLI_PATH_SIZE], part[4096];
    if (!cli_find(argv0, file, path)) {
        cli_error(page->tool, "%s is neither among the runfiles nor beside the program", file);
        return false;
    }
    FILE *from = fopen(path, "re");
    while (from && !feof(from) && !ferror(from)) {
        const size_t size = fread(part, 1, sizeof(part), from);
        fwrite(part, 1, size, to);
    }
    bool ok = from && !ferror(from);
    if (from) (void)fclose(from);
    if (!ok) cli_error(page->tool, "%s cannot be read", path);
    return ok;
}

/* Each file within an element of its own. */
static bool add_files(FILE *to, const struct page *page, const char *argv0, const char *element,
                      const char *const *files) {
    bool ok = true;
    for (; *files && ok; files++) {
        fprintf(to, "<%s>\n", element);
        ok = add_file(to, page, argv0, *files);
        fprintf(to, "</%s>\n", element);
    }
    return ok;
}

/* JSON in a page must not hold "</script>": "<" is only in its strings. */
static bool add_json(FILE *to, const struct page *page, const void *what) {
    struct text json = {NULL, 0};
    FILE *from = open_memstream(&json.at, &json.size);
    if (!from) return false;
    page->json(from, what);
    bool ok = fclose(from) == 0;
    for (size_t i = 0; i < json.size && ok; i++) {
        if (json.at[i] == '<') {
            fputs("\\u003c", to);
        } else {
            fputc(json.at[i], to);
        }
    }
    free(json.at);
    return ok;
}

static bool add_all(FILE *to, const struct page *page, const char *argv0, const void *what) {
    fprintf(to,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<title>%s</title>\n",
            page->tool);
    bool ok = add_files(to, page, argv0, "style", page->styles);
    fputs("</head>\n<body>\n", to);
    ok = ok && add_file(to, page, argv0, page->body);
    fputs("<script type=\"application/json\" id=\"data\">\n", to);
    ok = ok && add_json(to, page, what);
    fputs("</script>\n", to);
    ok = ok && add_files(to, page, argv0, "script", page->scripts);
    fputs("</body>\n</html>\n", to);
    return ok;
}

static void draw(FILE *file, const void *what) {
    const struct text *text = what;
    fwrite(text->at, 1, text->size, file);
}

int page_write(const struct page *page, const char *argv0, const char *path, const char *name,
               const void *what) {
    struct text text = {NULL, 0};
    FILE *to = open_memstream(&text.at, &text.size);
    int status = to && add_all(to, page, argv0, what) ? 0 : 1;
    if (to && fclose(to) != 0) status = 1;
    if (status == 0 && svg_write(path, draw, &text) != 0) {
        cli_error(page->tool, "%s: %s", name, strerror(errno));
        status = CLI_USAGE;
    }
    free(text.at);
    return status;
}
