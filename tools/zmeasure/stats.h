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

/* A smaller part of the baseline is never called a difference: the place of a program in memory and
 * the order of the runs change figures that much. */
#define STATS_LEAST 0.01

/* Runs of two programs, pair by pair.  The differences are parts of the first one's value; where a
 * value is not above 0 they are in its unit, and `relative` is false. */
struct difference {
    size_t pairs;
    bool relative;
    double median;    /* of the differences */
    double low, high; /* a bootstrapped interval for it, at 95 % for this comparison alone */
    double chance;    /* of so large a difference where there is none: a paired t-test */
    double error;     /* standard error of the mean difference */
    bool clear;       /* set by stats_judge() */
};

/* The median; NAN of nothing.  Values that are NAN are left out. */
double stats_median(const double *values, size_t count);

/* Compares other[i] with base[i].  Pairs with a NAN are left out.  The same values give the same
 * result. */
struct difference stats_compare(const double *base, const double *other, size_t count);

/* Judges differences together, so that the chance of even one false "clear" among them is 5 % at
 * most (Holm). */
void stats_judge(struct difference *const *differences, size_t count);

/* The least difference that would be clear in 9 of 10 such measurements, when `count` are judged
 * together. */
double stats_visible(const struct difference *difference, size_t count);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZMEASURE_STATS_H_ */
