/* A word for each figure, and the sentence. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zmeasure/measure.h"

const char *word_text(enum word word) {
    static const char *const texts[] = {
        [NOT_JUDGED] = "not judged", [NO_DIFFERENCE] = "no difference beyond noise",
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
            if (verdict->difference.pairs > 0) judged[count++] = &verdict->difference;
        }
    }
    stats_judge(judged, count);
    for (size_t f = 0; f < figure_count(options); f++) {
        const struct figure_row *row = figure_row(options, f);
        for (size_t c = 1; row->main == main && c < measurement->count; c++) {
            struct verdict *verdict = &verdicts->of[c][f];
            verdict->word = word_for(&verdict->difference, row->better);
        }
    }
    return count;
}

/* ---- The sentence ------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void say(struct verdicts *verdicts, const char *format,
                                                      ...) {
    va_list args;
    size_t used = strlen(verdicts->sentence);
    va_start(args, format);
    vsnprintf(verdicts->sentence + used, sizeof(verdicts->sentence) - used, format, args);
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

/* The column with this word that is farthest from the baseline; 0 when there is none. */
static size_t farthest(const struct measurement *measurement, const struct verdicts *verdicts,
                       size_t figure, enum word word) {
    size_t found = 0;
    for (size_t c = 1; c < measurement->count; c++) {
        const struct verdict *verdict = &verdicts->of[c][figure];
        if (verdict->word != word) continue;
        if (!found || fabs(verdict->difference.median) >
                          fabs(verdicts->of[found][figure].difference.median)) {
            found = c;
        }
    }
    return found;
}

/* Finds the columns that are better than the baseline and no worse than the best of them, as far as
 * can be told; `best` is one of them. */
static size_t find_equals(const struct measurement *measurement, const struct verdicts *verdicts,
                          size_t figure, size_t best, size_t equals[MOST_COLUMNS]) {
    struct difference all[MOST_COLUMNS] = {{0}}, *judged[MOST_COLUMNS] = {NULL};
    size_t count = 0, found = 0;
    for (size_t c = 1; c < measurement->count; c++) {
        if (c == best || verdicts->of[c][figure].word != BETTER) continue;
        all[c] = compare(measurement, best, c, figure);
        judged[count++] = &all[c];
    }
    stats_judge(judged, count);
    for (size_t c = 1; c < measurement->count; c++) {
        if (verdicts->of[c][figure].word == BETTER && !all[c].clear) equals[found++] = c;
    }
    return found;
}

/* "jemalloc 12 % (9 to 15), mimalloc 11 % (9 to 13) below as-is": in the order of the table, so
 * that which of equals is first by chance does not change the sentence.  All are on one side. */
static void say_list(const struct measurement *measurement, struct verdicts *verdicts,
                     size_t figure, const size_t *columns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        say(verdicts, "%s%.100s ", i ? ", " : "", measurement->columns[columns[i]].name);
        say_amount(verdicts, &verdicts->of[columns[i]][figure].difference);
    }
    bool below = verdicts->of[columns[0]][figure].difference.median < 0;
    say(verdicts, " %s %.100s", below ? "below" : "above", measurement->columns[0].name);
}

static size_t find_word(const struct measurement *measurement, const struct verdicts *verdicts,
                        size_t figure, enum word word, size_t found[MOST_COLUMNS]) {
    size_t count = 0;
    for (size_t c = 1; c < measurement->count; c++) {
        if (verdicts->of[c][figure].word == word) found[count++] = c;
    }
    return count;
}

static void say_better(const struct measurement *measurement, struct verdicts *verdicts,
                       size_t figure, size_t best) {
    size_t better[MOST_COLUMNS], equals[MOST_COLUMNS];
    size_t count = find_word(measurement, verdicts, figure, BETTER, better);
    size_t equal = find_equals(measurement, verdicts, figure, best, equals);
    say_list(measurement, verdicts, figure, better, count);
    if (count > 1 && equal == count) say(verdicts, "; no difference between them beyond noise");
    for (size_t i = 0; i < equal && equal < count; i++) {
        say(verdicts, "%s%.100s", i ? " or " : "; best: ", measurement->columns[equals[i]].name);
    }
}

/* The least that would have been seen for each column. */
static double visible(const struct measurement *measurement, const struct verdicts *verdicts,
                      size_t figure, bool *relative) {
    double most = 0;
    *relative = true;
    for (size_t c = 1; c < measurement->count; c++) {
        const struct verdict *verdict = &verdicts->of[c][figure];
        if (verdict->word != NO_DIFFERENCE) continue;
        double one = stats_visible(&verdict->difference, verdicts->compared);
        *relative = *relative && verdict->difference.relative;
        if (one > most) most = one;
    }
    return most;
}

static void say_none_better(const struct measurement *measurement, struct verdicts *verdicts,
                            size_t figure) {
    bool relative;
    double least = visible(measurement, verdicts, figure, &relative);
    size_t worse[MOST_COLUMNS], count = find_word(measurement, verdicts, figure, WORSE, worse);
    if (least <= 0) {
        say(verdicts, "%.100s is best", measurement->columns[0].name);
    } else {
        say(verdicts, count ? "none better beyond noise" : "no difference beyond noise");
        if (relative && least > 1) {
            say(verdicts, " (even one of 100 %% could hide in it)");
        } else if (relative) {
            say(verdicts, " (%.0f %% would have been seen)", ceil(100 * least));
        }
    }
    if (count == 0) return;
    say(verdicts, "; worse: ");
    say_list(measurement, verdicts, figure, worse, count);
}

/* Those that differ, below the baseline and above it. */
static void say_sides(const struct measurement *measurement, struct verdicts *verdicts,
                      size_t figure) {
    size_t columns[MOST_COLUMNS], side[MOST_COLUMNS];
    size_t count = find_word(measurement, verdicts, figure, DIFFERS, columns);
    bool any = false;
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
}

/* Where too few runs were made to judge, or nobody said what is better. */
static void say_unjudged(const struct measurement *measurement, struct verdicts *verdicts,
                         size_t figure, enum better better) {
    size_t columns[MOST_COLUMNS];
    size_t differs = find_word(measurement, verdicts, figure, DIFFERS, columns);
    if (better == UNKNOWN && differs) {
        say_sides(measurement, verdicts, figure);
    } else if (better == UNKNOWN && measurement->options->runs >= STATS_FEWEST) {
        say(verdicts, "no difference beyond noise");
    } else {
        say(verdicts, "not judged");
    }
}

static void say_figure(const struct measurement *measurement, struct verdicts *verdicts,
                       size_t figure) {
    const struct figure_row *row = figure_row(measurement->options, figure);
    bool judged = false;
    for (size_t c = 1; c < measurement->count; c++) {
        judged = judged || verdicts->of[c][figure].word != NOT_JUDGED;
    }
    say(verdicts, "%s%s: ", verdicts->sentence[0] ? ".\n" : "", row->label);
    size_t best = farthest(measurement, verdicts, figure, BETTER);
    if (best) {
        say_better(measurement, verdicts, figure, best);
    } else if (!judged || row->better == UNKNOWN) {
        say_unjudged(measurement, verdicts, figure, row->better);
    } else {
        say_none_better(measurement, verdicts, figure);
    }
}

static void say_all(const struct measurement *measurement, struct verdicts *verdicts) {
    const struct options *options = measurement->options;
    verdicts->sentence[0] = '\0';
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
    say(verdicts, ".");
}

void judge(const struct measurement *measurement, struct verdicts *verdicts) {
    verdicts->compared = judge_some(measurement, verdicts, true);
    verdicts->compared_rest = judge_some(measurement, verdicts, false);
    say_all(measurement, verdicts);
}
