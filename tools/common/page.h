/* A report as one page: a file that comes with the tool, with others and JSON inside. */
#ifndef TOOLS_COMMON_PAGE_H_
#define TOOLS_COMMON_PAGE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What stands in the page for the contents of a file: "@NAME@" on a line of its own.  The line
 * "@data@" stands for the JSON. */
struct page_part {
    const char *line, *file;
};

struct page {
    const char *tool;   /* in messages */
    const char *target; /* the target that has the files */
    const char *html;
    const struct page_part *parts;
    size_t part_count;
    void (*json)(FILE *file, const void *what);
};

/* Whether the files of the page are there; a line says which is not. */
bool page_possible(const struct page *page, const char *argv0);

/* Writes the page to a path; `name` is what the user called it.  Returns the exit status. */
int page_write(const struct page *page, const char *argv0, const char *path, const char *name,
               const void *what);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_PAGE_H_ */
