/* Random samples of bytes: each byte is one with the same probability, so the distances between
 * them follow the exponential distribution.  Needs no libm, which programs may not link. */
#ifndef ZMALLOC_CORE_POISSON_H_
#define ZMALLOC_CORE_POISSON_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The next of this thread's random numbers, from 1 to 2^64 - 1. */
uint64_t zm_random(void);

/* Draws the bytes up to the next sample, 1 or more; `rate` of them on average, from 1 to 2^60. */
int64_t zm_poisson_distance(uint64_t rate);

/* Whether something of this probability happens now. */
bool zm_poisson_happens(double probability);

/* The probability that a block of so many bytes has a sample among them: 1 - exp(-bytes / rate). */
double zm_poisson_probability(uint64_t bytes, uint64_t rate);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_POISSON_H_ */
