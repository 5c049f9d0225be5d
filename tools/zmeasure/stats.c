#include "tools/zmeasure/stats.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 10000 };
#define CONFIDENCE 0.95

/* ---- Medians ------------------------------------------------------------ */

static int by_value(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double sorted_median(double *values, size_t count) {
    if (count == 0) return NAN;
    for (size_t i = 1; i < count && count <= 32; i++) { /* for few, faster than qsort() */
        double value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
    if (count > 32) qsort(values, count, sizeof(*values), by_value);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

double stats_median(const double *values, size_t count) {
    double known[STATS_MOST];
    size_t n = 0;
    for (size_t i = 0; i < count && n < STATS_MOST; i++) {
        if (!isnan(values[i])) known[n++] = values[i];
    }
    return sorted_median(known, n);
}

/* ---- Student's t -------------------------------------------------------- */

/* The continued fraction of the incomplete beta function, by Lentz's method. */
static double beta_fraction(double a, double b, double x) {
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
    double h = d;
    for (int m = 1; m < 500; m++) {
        for (int odd = 0; odd < 2; odd++) {
            double part = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                              : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 + part * d;
            c = 1 + part / c;
            d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
            if (fabs(c) < 1e-300) c = 1e-300;
            h *= d * c;
        }
        if (fabs(d * c - 1) < 1e-13) break;
    }
    return h;
}

/* The regularized incomplete beta function. */
static double beta(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* The chance that |t| is so large, with so many degrees of freedom. */
static double beyond(double t, double freedom) {
    return beta(freedom / 2, 0.5, freedom / (freedom + t * t));
}

/* The t that |t| exceeds with this chance. */
static double quantile(double chance, double freedom) {
    double low = 0, high = 1;
    while (beyond(high, freedom) > chance && high < 1e12) high *= 2;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        *(beyond(middle, freedom) > chance ? &low : &high) = middle;
    }
    return high;
}

/* ---- The bootstrap ------------------------------------------------------ */

/* xorshift64*: the same numbers on each machine. */
static uint64_t next(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1d;
}

/* The part of the resamples to leave out at each side.  Resamples of few values vary less than the
 * values do; so the part is smaller than 2.5 % (Hesterberg's expanded percentiles). */
static double cut(size_t count) {
    double n = (double)count;
    double t = quantile(1 - CONFIDENCE, n - 1) * sqrt(n / (n - 1));
    return erfc(t / sqrt(2)) / 2;
}

static void bootstrap(const double *values, size_t count, double *low, double *high) {
    static double medians[RESAMPLES];
    double resample[STATS_MOST];
    uint64_t state = 0x9e3779b97f4a7c15;
    for (int r = 0; r < RESAMPLES; r++) {
        for (size_t i = 0; i < count; i++) resample[i] = values[(next(&state) >> 32) % count];
        medians[r] = sorted_median(resample, count);
    }
    qsort(medians, RESAMPLES, sizeof(*medians), by_value);
    size_t left_out = (size_t)(cut(count) * RESAMPLES);
    *low = medians[left_out];
    *high = medians[RESAMPLES - 1 - left_out];
}

/* ---- Comparing ---------------------------------------------------------- */

/* The pairs' differences: of logarithms, if all are above 0. */
static size_t subtract(const double *base, const double *other, size_t count, bool *relative,
                       double *values) {
    size_t n = 0;
    *relative = true;
    for (size_t i = 0; i < count; i++) {
        if (base[i] <= 0 || other[i] <= 0) *relative = false;
    }
    for (size_t i = 0; i < count && n < STATS_MOST; i++) {
        if (isnan(base[i]) || isnan(other[i])) continue;
        values[n++] = *relative ? log(other[i] / base[i]) : other[i] - base[i];
    }
    return n;
}

/* Runs that happen to be equal do not prove that others would be. */
static double standard_error(const double *values, size_t count, double mean, double least) {
    double squares = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) squares += (values[i] - mean) * (values[i] - mean);
    double deviation = sqrt(squares / (n - 1));
    return (deviation > least ? deviation : least) / sqrt(n);
}

struct difference stats_compare(const double *base, const double *other, size_t count) {
    double values[STATS_MOST], mean = 0;
    struct difference found = {.median = NAN, .low = NAN, .high = NAN, .chance = 1, .error = NAN};
    size_t n = found.pairs = subtract(base, other, count, &found.relative, values);
    if (n == 0) return found;
    for (size_t i = 0; i < n; i++) mean += values[i] / (double)n;
    found.mean = mean;
    if (n > 1) {
        found.error = standard_error(values, n, mean, found.relative ? 0.002 : 1e-12);
        found.chance = beyond(mean / found.error, (double)n - 1);
        bootstrap(values, n, &found.low, &found.high);
    }
    found.median = sorted_median(values, n);
    if (found.relative) {
        found.median = expm1(found.median);
        found.low = expm1(found.low);
        found.high = expm1(found.high);
    }
    return found;
}

static int by_chance(const void *a, const void *b) {
    double left = (*(struct difference *const *)a)->chance;
    double right = (*(struct difference *const *)b)->chance;
    return (left > right) - (left < right);
}

/* What its chance cannot tell. */
static bool is_large(const struct difference *one) {
    bool outside = one->low > 0 || one->high < 0;
    double step = one->step > STATS_LEAST ? one->step : STATS_LEAST;
    return outside && (!one->relative || fabs(log1p(one->median)) >= log1p(step));
}

void stats_steps(struct difference *const *differences, size_t count, size_t judged) {
    static const double steps[] = {STATS_LEAST, 0.1, 0.2, 0.5, 1, 3, 7};
    double visible[STATS_MOST];
    size_t n = 0, step = 0;
    for (size_t i = 0; i < count && n < STATS_MOST; i++) {
        const struct difference *one = differences[i];
        if (!one->relative || one->pairs < STATS_FEWEST) continue;
        double freedom = (double)one->pairs - 1, chance = (1 - CONFIDENCE) / (double)judged;
        visible[n++] = (quantile(chance, freedom) + quantile(0.2, freedom)) * one->error;
    }
    double usual = n > 0 ? sorted_median(visible, n) : 0;
    while (step + 1 < sizeof(steps) / sizeof(*steps) && log1p(steps[step]) < usual) step++;
    for (size_t i = 0; i < count; i++) differences[i]->step = steps[step];
}

void stats_judge(struct difference *const *differences, size_t count) {
    struct difference **sorted = malloc((count ? count : 1) * sizeof(*sorted));
    bool rejected = true;
    for (size_t i = 0; i < count; i++) differences[i]->clear = false;
    if (!sorted) return;
    if (count > 0) memcpy(sorted, differences, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), by_chance);
    for (size_t i = 0; i < count && rejected; i++) {
        rejected = sorted[i]->chance * (double)(count - i) <= 1 - CONFIDENCE;
        if (sorted[i]->pairs < STATS_FEWEST) continue;
        sorted[i]->clear = rejected && is_large(sorted[i]);
    }
    free(sorted);
}

double stats_most(const struct difference *one, size_t judged) {
    if (one->pairs < STATS_FEWEST || isnan(one->error)) return NAN;
    double t = quantile((1 - CONFIDENCE) / (double)judged, (double)one->pairs - 1);
    double most = fabs(one->mean) + t * one->error;
    return one->relative ? expm1(most) : most;
}

void stats_part(double part, double samples, double *low, double *high) {
    double z2 = 1.96 * 1.96, scale = 1 + z2 / samples;
    double middle = (part + z2 / (2 * samples)) / scale;
    double width = sqrt(z2 * (part * (1 - part) + z2 / (4 * samples)) / samples) / scale;
    *low = part > 0 ? middle - width : 0;
    *high = part < 1 ? middle + width : 1;
}
