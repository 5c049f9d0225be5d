/* The report as text. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "tools/common/stack_text.h"
#include "tools/zheap/report.h"

enum { SHOWN_FRAMES = 16 };

/* The variance of the live bytes of a sample's row.  With p = 1 - exp(-size / rate), `blocks` * p
 * samples were taken, each of which counts for 1 / p blocks: blocks * size^2 * (1 - p) / p. */
static double variance_of(const struct sample *sample, double rate) {
    const double bytes = (double)sample->figures[LIVE];
    const double blocks = (double)sample->figures[LIVE_BLOCKS];
    if (blocks <= 0) return bytes * rate; /* as for small blocks, whose error is largest */
    const double size = bytes / blocks;
    return size > 0 ? bytes * size / expm1(size / rate) : 0;
}

double report_error(const struct report *report) {
    const double rate = (double)report->profile->rate, bytes = (double)report->stacks->now[LIVE];
    double variance = 0;
    if (rate <= 0 || bytes <= 0) return 0;
    for (size_t i = 0; i < report->profile->sample_count; i++) {
        variance += variance_of(&report->profile->samples[i], rate);
    }
    return sqrt(variance) / bytes;
}

/* " (+-5 %)"; nothing where the error is too small to tell. */
static void print_error(double error) {
    const double percent = 100 * error;
    if (percent >= 0.05) printf(" (+-%.*f %%)", percent < 1, percent < 1 ? percent : ceil(percent));
}

static void print_bytes(int64_t bytes, int64_t all) {
    char text[STACK_BYTES_TEXT];
    printf("%11s", stack_bytes(bytes, false, text));
    if (all > 0) {
        printf(" %3.0f%%", 100 * (double)bytes / (double)all);
    } else {
        printf("     ");
    }
}

static void print_stack(const struct report *report, const struct stack *stack) {
    static const enum figure columns[] = {LIVE, WASTE, ALLOCATED};
    char text[STACK_BYTES_TEXT];
    int indent = 0;
    for (size_t c = 0; c < sizeof(columns) / sizeof(*columns); c++) {
        const enum figure figure = columns[c];
        print_bytes(stack->now[figure], report->stacks->now[figure]);
        indent += 16;
        if (!report->old_file) continue;
        printf("%12s", stack_bytes(stack->now[figure] - stack->old[figure], true, text));
        indent += 12;
    }
    printf("%12" PRId64 "  ", stack->now[LIVE_BLOCKS]);
    stack_print(stack, indent + 14, SHOWN_FRAMES);
}

static void print_head(const struct report *report) {
    const int64_t *now = report->stacks->now, *old = report->stacks->old;
    char text[STACK_BYTES_TEXT], date[64] = "";
    const time_t seconds = (time_t)(report->profile->time_nanos / 1000000000);
    struct tm utc;
    if (seconds != 0 && gmtime_r(&seconds, &utc)) {
        strftime(date, sizeof(date), " of %Y-%m-%d %H:%M:%S UTC", &utc);
    }
    stack_print_line("", report->file);
    printf(": heap profile%s", date);
    if (report->profile->rate > 0) {
        printf(", a sample every %s", stack_bytes((int64_t)report->profile->rate, false, text));
    }
    printf("\nlive: %s", stack_bytes(now[LIVE], false, text));
    print_error(report_error(report));
    printf(" in %" PRId64 " blocks", now[LIVE_BLOCKS]);
    printf("; wasted beside them: %s", stack_bytes(now[WASTE], false, text));
    printf("; allocated: %s\n", stack_bytes(now[ALLOCATED], false, text));
    if (!report->old_file) return;
    stack_print_line("since ", report->old_file);
    printf(": live %s", stack_bytes(now[LIVE] - old[LIVE], true, text));
    printf(", waste %s", stack_bytes(now[WASTE] - old[WASTE], true, text));
    printf(", allocated %s\n", stack_bytes(now[ALLOCATED] - old[ALLOCATED], true, text));
}

/* What the figures are called where a stack has none. */
static const char *const nothing[] = {"live bytes", "waste", "allocated bytes"};

/* Says how many stacks are not in the table, and why. */
static void print_left_out(const struct report *report, size_t more, size_t without) {
    const enum figure sort = report->sort;
    if (more > 0) {
        printf("... %zu more stack%s, by %s%s (--top=N shows N)\n", more, more == 1 ? "" : "s",
               figure_names[sort], report->old_file ? ", by what it grew" : "");
    }
    if (without > 0) {
        printf("... %zu stack%s without %s (%s)\n", without, without == 1 ? "" : "s", nothing[sort],
               sort == ALLOCATED ? "--json has all" : "--sort=allocated shows them");
    }
}

static void print_stacks(const struct report *report) {
    size_t shown = 0, more = 0, without = 0;
    for (size_t i = 0; i < report->stacks->count; i++) {
        const struct stack *stack = &report->stacks->at[i];
        if (stack->now[report->sort] == 0 && stack->old[report->sort] == 0) {
            without++;
        } else if (shown < report->top) {
            print_stack(report, stack);
            shown++;
        } else {
            more++;
        }
    }
    print_left_out(report, more, without);
}

void report_text(const struct report *report) {
    print_head(report);
    if (report->old_file) {
        printf("\n%11s %16s %11s %15s %11s %15s %11s\n", "live", "grew by", "waste", "grew by",
               "allocated", "grew by", "blocks");
    } else {
        printf("\n%11s %15s %15s %16s\n", "live", "waste", "allocated", "blocks");
    }
    print_stacks(report);
    for (size_t i = 0; i < report->notes->count; i++) {
        stack_print_line(i == 0 ? "\nnote: " : "note: ", report->notes->at[i]);
        if (i + 1 < report->notes->count) putchar('\n');
    }
    if (report->notes->count > 0) putchar('\n');
}
