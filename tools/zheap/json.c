/* The report as JSON, on which the page is drawn too. */
#include <inttypes.h>

#include "tools/common/stack_text.h"
#include "tools/zheap/report.h"

void report_json(FILE *file, const struct report *report) {
    const size_t count = report->stacks->count;
    const size_t shown = report->top < count ? report->top : count;
    fputs("{\n  ", file);
    stack_json_text(file, "file", report->file);
    fputs(",\n  ", file);
    stack_json_text(file, "old_file", report->old_file);
    fprintf(file, ",\n  \"time_nanos\": %" PRId64 ",\n  \"rate\": %" PRIu64 ",\n",
            report->profile->time_nanos, report->profile->rate);
    fprintf(file, "  \"live_error\": %.6f,\n  ", report_error(report));
    stack_json_text(file, "sort", figure_names[report->sort]);
    fputs(",\n  ", file);
    stack_json_figures(file, "now", report->stacks->now);
    if (report->old_file) {
        fputs(",\n  ", file);
        stack_json_figures(file, "old", report->stacks->old);
    }
    fputs(",\n  \"notes\": [", file);
    for (size_t i = 0; i < report->notes->count; i++) {
        if (i > 0) fputs(", ", file);
        cli_json_string_to(file, report->notes->at[i]);
    }
    fputs("],\n", file);
    stack_json(file, report->stacks, shown, report->old_file != NULL);
    fputs("\n}\n", file);
}
