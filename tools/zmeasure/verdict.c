/* A word for each figure, and the sentence. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zmeasure/measure.h"

const char *word_text(enum word word) {
    static const char *const texts[] = {
        [NOT_JUDGED] = "not judged", [NO_DIFFERENCE] = "no clear difference",
        [BETTER] = "better",         [WORSE] = "worse",
        [DIFFERS] = "differs",
    };
    return texts[word];
}

/* ---- Words -------------------------------------------------------------- */

static enum word word_for(const struct difference *difference, enum better better) {
    if (difference->pairs < STATS_FEWEST) return NOT_JUDGED;
    if (!difference->clear) return NO_DIFFERENCE;
    if (better == UNKNOWN) return DIFFERS;
    return (difference->median < 0) == (better == LESS) ? BETTER : WORSE;
}

static struct difference compare(const struct measurement *measurement, size_t base, size_t other,
                                 size_t figure) {
    double one[MOST_RUNS], two[MOST_RUNS];
    size_t count = figure_values(measurement, base, figure, one);
    size_t found = figure_values(measurement, other, figure, two);
    return stats_compare(one, two, count < found ? count : found);
}

static void set_steps(const struct measurement *measurement, struct verdicts *verdicts,
                      size_t figure, size_t judged) {
    struct difference *differences[MOST_COLUMNS];
    size_t count = 0;
    for (size_t c = 1; c < measurement->count; c++) {
        struct difference *one = &verdicts->of[c][figure].difference;
        if (one->pairs > 0) differences[count++] = one;
    }
    stats_steps(differences, count, judged);
}

/* The time that goes by is that of the others, where these have most of the processors. */
static bool is_judged(const struct verdicts *verdicts, size_t figure) {
    return figure != WALL || verdicts->others <= 0.5;
}

/* Judges the main figures together, or all others. */
static size_t judge_some(const struct measurement *measurement, struct verdicts *verdicts,
                         bool main) {
    static struct difference *judged[MOST_COLUMNS * VALUES];
    const struct options *options = measurement->options;
    size_t count = 0;
    for (size_t f = 0; f < figure_count(options); f++) {
        if (figure_row(options, f)->main != main) continue;
        for (size_t c = 1; c < measurement->count; c++) {
            struct verdict *verdict = &verdicts->of[c][f];
            verdict->difference = compare(measurement, 0, c, f);
            if (verdict->difference.pairs == 0 || !is_judged(verdicts, f)) continue;
            judged[count++] = &verdict->difference;
        }
    }
    for (size_t f = 0; f < figure_count(options); f++) {
        if (figure_row(options, f)->main == main) set_steps(measurement, verdicts, f, count);
    }
    stats_judge(judged, count);
    for (size_t f = 0; f < figure_count(options); f++) {
        const struct figure_row *row = figure_row(options, f);
        for (size_t c = 1; row->main == main && c < measurement->count; c++) {
            struct verdict *verdict = &verdicts->of[c][f];
            verdict->word =
                is_judged(verdicts, f) ? word_for(&verdict->difference, row->better) : NOT_JUDGED;
        }
    }
    return count;
}

/* ---- The sentence ------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void say(struct verdicts *verdicts, const char *format,
                                                      ...) {
    va_list args;
    va_start(args, format);
    vfprintf(verdicts->out, format, args);
    va_end(args);
}

/* "12 % (9 to 15)" */
static void say_amount(struct verdicts *verdicts, const struct difference *one) {
    double low = fabs(one->low), high = fabs(one->high);
    double least = low < high ? low : high, most = low < high ? high : low;
    if (one->relative) {
        /* Below 10 % the first decimal tells. */
        int digits = fabs(one->median) < 0.0995 ? 1 : 0;
        say(verdicts, "%.*f %% (%.*f to %.*f)", digits, 100 * fabs(one->median),
            least < 0.0995 ? 1 : 0, 100 * least, digits, 100 * most);
    } else {
        say(verdicts, "%.3g (%.3g to %.3g)", fabs(one->median), least, most);
    }
}

/* "jemalloc 12 % (9 to 15), mimalloc 11 % (9 to 13) below as-is": in the order of the table, so
 * that which of equals is first by chance does not change the sentence.  All are on one side. */
static void say_list(const struct measurement *measurement, struct verdicts *verdicts,
                     size_t figure, const size_t *columns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        say(verdicts, "%s%s ", i ? ", " : "", measurement->columns[columns[i]].variant.name);
        say_amount(verdicts, &verdicts->of[columns[i]][figure].difference);
    }
    bool below = verdicts->of[columns[0]][figure].difference.median < 0;
    say(verdicts, " %s %s", below ? "below" : "above", measurement->columns[0].variant.name);
}

static size_t find_word(const struct measurement *measurement, const struct verdicts *verdicts,
                        size_t figure, enum word word, size_t found[MOST_COLUMNS]) {
    size_t count = 0;
    for (size_t c = 1; c < measurement->count; c++) {
        if (verdicts->of[c][figure].word == word) found[count++] = c;
    }
    return count;
}

/* The one of those that are better that is clearly better than all others of them; 0 when there is
 * none. */
static size_t find_best(const struct measurement *measurement, const struct verdicts *verdicts,
                        size_t figure, const size_t *better, size_t count) {
    struct difference all[MOST_COLUMNS] = {{0}}, *judged[MOST_COLUMNS] = {NULL};
    size_t best = better[0], n = 0;
    bool clear = true;
    for (size_t i = 1; i < count; i++) {
        double one = verdicts->of[better[i]][figure].difference.median;
        if (fabs(one) > fabs(verdicts->of[best][figure].difference.median)) best = better[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (better[i] == best) continue;
        all[n] = compare(measurement, best, better[i], figure);
        judged[n] = &all[n];
        n++;
    }
    stats_steps(judged, n, verdicts->compared);
    stats_judge(judged, n);
    for (size_t i = 0; i < n; i++) clear = clear && all[i].clear;
    return clear ? best : 0;
}

static bool say_better(const struct measurement *measurement, struct verdicts *verdicts,
                       size_t figure) {
    size_t better[MOST_COLUMNS];
    size_t count = find_word(measurement, verdicts, figure, BETTER, better);
    if (count == 0) return false;
    size_t best = count > 1 ? find_best(measurement, verdicts, figure, better, count) : 0;
    say(verdicts, "better: ");
    say_list(measurement, verdicts, figure, better, count);
    if (best) say(verdicts, ", best of them %s", measurement->columns[best].variant.name);
    return true;
}

static bool say_worse(const struct measurement *measurement, struct verdicts *verdicts,
                      size_t figure, bool any) {
    size_t worse[MOST_COLUMNS], count = find_word(measurement, verdicts, figure, WORSE, worse);
    if (count == 0) return any;
    say(verdicts, "%sworse: ", any ? "; " : "");
    say_list(measurement, verdicts, figure, worse, count);
    return true;
}

/* Those that differ, where nobody said what is better: below the baseline and above it. */
static bool say_sides(const struct measurement *measurement, struct verdicts *verdicts,
                      size_t figure, bool any) {
    size_t columns[MOST_COLUMNS], side[MOST_COLUMNS];
    size_t count = find_word(measurement, verdicts, figure, DIFFERS, columns);
    for (int below = 1; below >= 0; below--) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++) {
            bool is_below = verdicts->of[columns[i]][figure].difference.median < 0;
            if (is_below == (below == 1)) side[found++] = columns[i];
        }
        if (found > 0 && any) say(verdicts, "; ");
        if (found > 0) say_list(measurement, verdicts, figure, side, found);
        any = any || found > 0;
    }
    return any;
}

/* The most that columns may differ by from the first. */
static double most_of(const struct verdicts *verdicts, size_t figure, const size_t *columns,
                      size_t count, bool *relative) {
    double most = 0;
    *relative = true;
    for (size_t i = 0; i < count; i++) {
        const struct difference *one = &verdicts->of[columns[i]][figure].difference;
        double its = stats_most(one, verdicts->compared);
        *relative = *relative && one->relative;
        if (its > most) most = its;
    }
    return *relative && most < STATS_LEAST ? STATS_LEAST : most;
}

/* The columns that are neither better nor worse. */
static void say_others(const struct measurement *measurement, struct verdicts *verdicts,
                       size_t figure, bool any) {
    size_t others[MOST_COLUMNS] = {0};
    size_t count = find_word(measurement, verdicts, figure, NO_DIFFERENCE, others);
    bool relative;
    double most = most_of(verdicts, figure, others, count, &relative);
    if (count == 0) return;
    say(verdicts, "%sno clear difference", any ? "; " : "");
    if (any)
        say(verdicts, " of %s",
            count == 1 ? measurement->columns[others[0]].variant.name : "the others");
    if (!relative) {
        say(verdicts, " (less than %.3g)", most);
    } else if (most < 1) {
        say(verdicts, " (less than %.0f %%)", ceil(100 * most));
    } else {
        say(verdicts, " (less than a factor of %.1f)", ceil(10 * (1 + most)) / 10);
    }
}

static void say_unjudged(const struct measurement *measurement, struct verdicts *verdicts,
                         size_t figure) {
    size_t unjudged[MOST_COLUMNS];
    size_t count = find_word(measurement, verdicts, figure, NOT_JUDGED, unjudged);
    if (count == measurement->count - 1) {
        say(verdicts, "not judged");
    } else if (count > 0) {
        for (size_t i = 0; i < count; i++) {
            say(verdicts, "%s%s",
                i ? ", " : "; not judged: ", measurement->columns[unjudged[i]].variant.name);
        }
    }
}

static void say_figure(const struct measurement *measurement, struct verdicts *verdicts,
                       size_t figure) {
    say(verdicts, "%s%s: ", ftell(verdicts->out) > 0 ? ".\n" : "",
        figure_row(measurement->options, figure)->label);
    bool any = say_better(measurement, verdicts, figure);
    any = say_worse(measurement, verdicts, figure, any);
    any = say_sides(measurement, verdicts, figure, any);
    say_others(measurement, verdicts, figure, any);
    say_unjudged(measurement, verdicts, figure);
    if (!is_judged(verdicts, figure)) {
        say(verdicts, ", because others used %.0f %% of the processors", 100 * verdicts->others);
    }
}

/* "4", or "3.6" below 10 %. */
static int percent_digits(double part) { return part < 0.0995 ? 1 : 0; }

static void say_part(const struct measurement *measurement, struct verdicts *verdicts) {
    const struct malloc_part *part = &measurement->malloc_part;
    const char *name = measurement->columns[0].variant.name;
    say(verdicts, ".\nmalloc: ");
    if (part->unknown[0]) {
        say(verdicts, "its part of the CPU time is unknown (%s)", part->unknown);
    } else {
        say(verdicts, "about %.*f %% of the CPU time of %s (%.*f to %.*f)",
            percent_digits(part->part), 100 * part->part, name, percent_digits(part->low),
            100 * part->low, percent_digits(part->high), 100 * part->high);
    }
}

static void say_all(const struct measurement *measurement, struct verdicts *verdicts) {
    const struct options *options = measurement->options;
    if (options->runs < STATS_FEWEST) {
        say(verdicts, "%d run%s of each cannot tell a difference from noise: --runs=%d or more",
            (int)options->runs, options->runs == 1 ? "" : "s", STATS_FEWEST);
    } else if (verdicts->compared == 0) {
        say(verdicts, "nothing was compared");
    } else {
        for (size_t f = 0; f < figure_count(options); f++) {
            if (!figure_row(options, f)->main || !figure_known(measurement, f)) continue;
            say_figure(measurement, verdicts, f);
        }
    }
    say_part(measurement, verdicts);
    say(verdicts, ".");
}

/* Says in a note where more runs would help: the error goes down with the root of their number. */
static void note_more_runs(struct measurement *measurement, const struct verdicts *verdicts) {
    const double small = 0.25;
    for (size_t f = 0; f < figure_count(measurement->options); f++) {
        const struct figure_row *row = figure_row(measurement->options, f);
        size_t others[MOST_COLUMNS] = {0};
        size_t count = find_word(measurement, verdicts, f, NO_DIFFERENCE, others);
        bool relative = false;
        double most = row->main ? most_of(verdicts, f, others, count, &relative) : 0;
        if (most < small || !relative) continue;
        double more = log1p(most) / log1p(small);
        double runs = 5 * ceil((double)measurement->options->runs * more * more / 5);
        if (runs > MOST_RUNS) {
            measurement_note(measurement,
                             "%s: where no difference is clear, more runs would hardly help",
                             row->label);
        } else {
            measurement_note(
                measurement,
                "%s: where no difference is clear, --runs=%.0f would show one of 25 %%", row->label,
                runs);
        }
    }
}

bool judge(struct measurement *measurement, struct verdicts *verdicts) {
    size_t size;
    verdicts->others = measure_noise(measurement).other;
    verdicts->compared = judge_some(measurement, verdicts, true);
    verdicts->compared_rest = judge_some(measurement, verdicts, false);
    note_more_runs(measurement, verdicts);
    verdicts->sentence = NULL;
    verdicts->out = open_memstream(&verdicts->sentence, &size);
    if (!verdicts->out) return false;
    say_all(measurement, verdicts);
    return fclose(verdicts->out) == 0 && verdicts->sentence;
}
