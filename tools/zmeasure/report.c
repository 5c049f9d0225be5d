/* The table. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/zmeasure/measure.h"

enum { LABEL = 24, CELL = 18 };

/* ---- Numbers ------------------------------------------------------------ */

/* The unit of a row, by its largest value. */
struct scale {
    double unit;
    const char *name;
    int digits;
};

static struct scale scale_of(const struct figure_row *row, double most) {
    if (row->unit == BYTES && most >= 1024 * 1048576.0)
        return (struct scale){1024 * 1048576.0, ", GiB", 3};
    if (row->unit == BYTES && most < 1048576) return (struct scale){1024, ", KiB", 0};
    if (row->unit == BYTES) return (struct scale){1048576, ", MiB", 2};
    if (row->unit == SECONDS) return (struct scale){1, ", s", most < 10 ? 3 : 2};
    if (row->unit == COUNT) return (struct scale){1, "", 0};
    return (struct scale){1, "", most < 10 ? 3 : most < 1000 ? 2 : 0};
}

static double median_of(const struct measurement *measurement, size_t column, size_t figure) {
    double values[MOST_RUNS];
    return stats_median(values, figure_values(measurement, column, figure, values));
}

static double most_of(const struct measurement *measurement, size_t figure) {
    double most = 0;
    for (size_t c = 0; c < measurement->count; c++) {
        double one = median_of(measurement, c, figure);
        if (one > most) most = one;
    }
    return most;
}

/* ---- The table ---------------------------------------------------------- */

/* Long names have a number in the table, and a line below it. */
static void column_title(const struct measurement *measurement, size_t column, char title[CELL]) {
    const char *name = measurement->columns[column].variant.name;
    if (strlen(name) < CELL - 1) {
        snprintf(title, CELL, "%s", name);
    } else {
        const char *base = strchr(name, '/') ? cli_base_name(name) : name;
        snprintf(title, CELL, "%.*s[%zu]",
                 (int)strcspn(base, ",.") < 11 ? (int)strcspn(base, ",.") : 11, base, column + 1);
    }
}

static void print_titles(const struct measurement *measurement) {
    char title[CELL];
    printf("%-*s", LABEL, "");
    for (size_t c = 0; c < measurement->count; c++) {
        column_title(measurement, c, title);
        printf("%*s%s", c ? CELL - 1 : 10, title, c + 1 < measurement->count ? " " : "\n");
    }
}

static const char *mark(enum word word) {
    return word == BETTER ? "+" : word == WORSE ? "-" : word == DIFFERS ? "*" : " ";
}

/* "12.34  -10 %+" */
static void format_cell(const struct scale *scale, double value, const struct verdict *verdict,
                        char cell[64]) {
    char part[24] = "";
    if (isnan(value)) {
        snprintf(cell, 64, "unknown ");
        return;
    }
    if (verdict && verdict->difference.relative && !isnan(verdict->difference.median)) {
        snprintf(part, sizeof(part), "%+.0f %%", 100 * verdict->difference.median);
    }
    snprintf(cell, 64, "%.*f", scale->digits, value / scale->unit);
    if (verdict) {
        size_t used = strlen(cell);
        snprintf(cell + used, 64 - used, " %7s%s", part, mark(verdict->word));
    }
}

static void print_row(const struct measurement *measurement, const struct verdicts *verdicts,
                      size_t figure) {
    const struct figure_row *row = figure_row(measurement->options, figure);
    struct scale scale = scale_of(row, most_of(measurement, figure));
    char cell[64], label[96];
    snprintf(label, sizeof(label), "%s%s", row->label, scale.name);
    printf("%-*s", LABEL, label);
    for (size_t c = 0; c < measurement->count; c++) {
        format_cell(&scale, median_of(measurement, c, figure), c ? &verdicts->of[c][figure] : NULL,
                    cell);
        if (measurement->columns[c].failed[0]) strcpy(cell, "failed ");
        printf("%*s", c ? CELL : 10, cell);
    }
    printf("\n");
}

static void print_legend(const struct measurement *measurement) {
    char title[CELL];
    for (size_t c = 0; c < measurement->count; c++) {
        column_title(measurement, c, title);
        if (strcmp(title, measurement->columns[c].variant.name) == 0) continue;
        printf("%s is %s\n", title, measurement->columns[c].variant.name);
    }
}

/* ---- Intervals ---------------------------------------------------------- */

static void print_interval(const char *name, const struct verdict *verdict) {
    const struct difference *one = &verdict->difference;
    if (one->pairs == 0) return;
    double unit = one->relative ? 100 : 1;
    printf("    %-32s %+7.1f%s", name, unit * one->median, one->relative ? " %" : "");
    if (one->pairs > 1) printf("  (%+.1f to %+.1f)", unit * one->low, unit * one->high);
    printf("  %s\n", word_text(verdict->word));
}

static void print_intervals(const struct measurement *measurement,
                            const struct verdicts *verdicts) {
    const struct options *options = measurement->options;
    printf("\nAgainst %s, with intervals of 95 %%:\n", measurement->columns[0].variant.name);
    for (size_t f = 0; f < figure_count(options); f++) {
        if (!figure_row(options, f)->main || !figure_known(measurement, f)) continue;
        printf("  %s\n", figure_row(options, f)->label);
        for (size_t c = 1; c < measurement->count; c++) {
            if (measurement->columns[c].failed[0]) continue;
            print_interval(measurement->columns[c].variant.name, &verdicts->of[c][f]);
        }
    }
}

/* ---- Noise -------------------------------------------------------------- */

struct noise measure_noise(const struct measurement *measurement) {
    double other[MOST_RUNS * MOST_COLUMNS], preempted[MOST_RUNS * MOST_COLUMNS];
    struct noise noise = {0};
    size_t count = 0;
    for (size_t c = 0; c < measurement->count; c++) {
        const struct column *column = &measurement->columns[c];
        for (size_t r = 0; r < measurement->options->runs && !column->failed[0]; r++) {
            const struct outcome *outcome = &column->runs[r];
            double cpu = outcome->values[CPU];
            other[count] = outcome->other;
            preempted[count++] = cpu > 0 ? outcome->values[INVOLUNTARY] / cpu : NAN;
            if (outcome->other > noise.other_most) noise.other_most = outcome->other;
            if (outcome->stolen > noise.stolen_most) noise.stolen_most = outcome->stolen;
        }
    }
    noise.other = stats_median(other, count);
    noise.preempted = stats_median(preempted, count);
    return noise;
}

static void print_noise(const struct measurement *measurement) {
    struct noise noise = measure_noise(measurement);
    printf("\nNoise: others used %.0f %% of the processors (up to %.0f %% in a run)",
           100 * noise.other, 100 * noise.other_most);
    if (noise.stolen_most >= 0.005)
        printf(", the host took up to %.1f %%", 100 * noise.stolen_most);
    if (!isnan(noise.preempted)) {
        printf("; the program was preempted %.0f times a second of its CPU time", noise.preempted);
    }
    printf(".%s\n", noise.other > 0.25 ? "  A quiet machine shows smaller differences." : "");
}

/* ---- All of it ---------------------------------------------------------- */

/* A word as a shell takes it: report.js does the same. */
static void print_word(const char *word) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (*word && !word[strspn(word, plain)]) {
        printf("%s", word);
        return;
    }
    putchar('\'');
    for (; *word; word++) {
        if (*word == '\'') {
            printf("'\\''");
        } else {
            putchar(*word);
        }
    }
    putchar('\'');
}

static void print_head(const struct measurement *measurement) {
    const struct options *options = measurement->options;
    for (char *const *word = options->command; *word; word++) {
        if (word != options->command) putchar(' ');
        print_word(*word);
    }
    printf("\n%llu run%s of each, in turns", (unsigned long long)options->runs,
           options->runs == 1 ? "" : "s");
    if (options->warmups > 0) {
        printf(", after %llu that %s not count", (unsigned long long)options->warmups,
               options->warmups == 1 ? "does" : "do");
    }
    printf("; %.0f s\n", measurement->seconds);
    if (options->load) printf("load: %s\n", options->load);
    printf("\n");
}

void report_text(const struct measurement *measurement, const struct verdicts *verdicts) {
    print_head(measurement);
    print_titles(measurement);
    for (size_t f = 0; f < figure_count(measurement->options); f++) {
        if (figure_known(measurement, f)) print_row(measurement, verdicts, f);
    }
    print_legend(measurement);
    printf("\nMedians of all runs, and of the differences from %s in each turn.\n",
           measurement->columns[0].variant.name);
    printf("+ better, - worse, * differs; unmarked: no clear difference, or not judged.\n");
    print_intervals(measurement, verdicts);
    print_noise(measurement);
    for (size_t i = 0; i < measurement->note_count; i++) {
        printf("Note: %s.\n", measurement->notes[i]);
    }
    printf("\n%s\n", verdicts->sentence);
}
