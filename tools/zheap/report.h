/* The report on a profile. */
#ifndef TOOLS_ZHEAP_REPORT_H_
#define TOOLS_ZHEAP_REPORT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/common/cli.h"
#include "tools/common/notes.h"
#include "tools/common/stacks.h"

#define TOOL "zheap"

struct report {
    const char *file, *old_file; /* old_file: NULL without a comparison */
    const struct profile *profile;
    const struct stacks *stacks; /* sorted */
    const struct notes *notes;
    enum figure sort;
    size_t top; /* stacks that are shown */
};

/* The part of the live bytes by which their sum is likely to be wrong; 0 where that is not known.
 * A block that is far larger than the rate is nearly always a sample, so it adds no error. */
double report_error(const struct report *report);

void report_text(const struct report *report);
void report_collapsed(const struct report *report);
void report_json(FILE *file, const struct report *report);

/* Whether the page can be written; a line says why not. */
bool html_possible(const char *argv0);

/* Writes the page to a path; `name` is what the user called it.  Returns the exit status. */
int report_html(const char *argv0, const char *path, const char *name, const struct report *report);

#endif /* TOOLS_ZHEAP_REPORT_H_ */
