/* A report as one page: files that come with the tool, and JSON for their scripts. */
#ifndef TOOLS_COMMON_PAGE_H_
#define TOOLS_COMMON_PAGE_H_

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct page {
    const char *tool;          /* in messages, and the title */
    const char *target;        /* the target that has the files */
    const char *const *styles; /* in this order; NULL ends them */
    const char *body;
    const char *const *scripts;
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
