/* Says whether runs in turns differ, and how sure that is. */
#ifndef TOOLS_ZMEASURE_STATS_H_
#define TOOLS_ZMEASURE_STATS_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Fewer pairs than this are never judged: by chance alone they often point one way. */
enum { STATS_FEWEST = 5 };

/* The most pairs that are compared. */
enum { STATS_MOST = 1000 };

/* A smaller part of the baseline never matters: the place of a program in memory and the order of
 * the runs change figures by some percent. */
#define STATS_LEAST 0.05

/* Runs of two programs, pair by pair.  The differences are parts of the first one's value; where a
 * value is not above 0 they are in its unit, and `relative` is false. */
struct difference {
    size_t pairs;
    bool relative;
    double median;    /* of the differences */
    double low, high; /* a bootstrapped interval for it, at 95 % for this comparison alone */
    double chance;    /* of so large a difference where there is none: a paired t-test */
    double error;     /* standard error of the mean difference */
    double mean;      /* of logarithms, when they are relative */
    double step;      /* set by stats_steps(): differences from here on are looked for */
    bool clear;       /* set by stats_judge() */
};

/* The median; NAN of nothing.  Values that are NAN are left out. */
double stats_median(const double *values, size_t count);

/* Compares other[i] with base[i].  Pairs with a NAN are left out.  The same values give the same
 * result. */
struct difference stats_compare(const double *base, const double *other, size_t count);

/* Chooses from which difference on the `count` differences of one figure are called clear, when
 * `judged` of all figures are judged together: 5, 10, 20, 50 %, or a factor of 2, 4 or 8, the next
 * that its noise lets be seen in 9 of 10 measurements.  What is far from such a step is on the same
 * side of it each time. */
void stats_steps(struct difference *const *differences, size_t count, size_t judged);

/* Judges differences together, so that the chance of even one false "clear" among them is 5 % at
 * most (Holm). */
void stats_judge(struct difference *const *differences, size_t count);

/* What a difference most likely does not exceed, in either direction, when `judged` are judged
 * together: a ratio minus 1, or in the unit.  NAN of fewer than STATS_FEWEST pairs. */
double stats_most(const struct difference *difference, size_t judged);

/* The interval of 95 % for a part that was found in so many samples (Wilson's). */
void stats_part(double part, double samples, double *low, double *high);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZMEASURE_STATS_H_ */
