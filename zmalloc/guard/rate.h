/* Parses ZMALLOC_GUARD_SAMPLE.  It is a library of its own so that a fuzzer can call it. */
#ifndef ZMALLOC_GUARD_RATE_H_
#define ZMALLOC_GUARD_RATE_H_

#ifdef __cplusplus
extern "C" {
#endif

/* The N of "1/N", from 1 to INT_MAX; 0 when `text` is something else. */
unsigned zm_rate_parse(const char *text);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_GUARD_RATE_H_ */
