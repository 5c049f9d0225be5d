/* Samples which part of a program's CPU time is spent in malloc and free: from time to time it
 * looks which threads run, and which of them are inside an allocation function.
 * libzmeasure_share.so marks these.  The program gets no signal. */
#ifndef TOOLS_ZMEASURE_SAMPLER_H_
#define TOOLS_ZMEASURE_SAMPLER_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/proc.h"

/* From time to time it looks which threads run, and which of them are inside an allocation
 * function: libzmeasure_share.so marks these.  The program gets no signal. */
struct sampler {
    char file[64]; /* for the library; another user's processes cannot open it */
    int fd;
    struct share *share;
    uint64_t random;
    double next; /* when to look */
    struct sampled *processes;
    size_t count;
    double seconds, squares; /* of CPU time that was looked at: the sum, and that of the squares */
    double inside, unmarked; /* parts of the sum: seen inside; of processes without the library */
    double runnable, ran;    /* seconds for which threads were able to run, and did run */
    double seen, seen_running; /* how often a thread was able to run, and did not wait for us */
};

/* How many looks of equal weight would tell as much. */
double sampler_looks(const struct sampler *sampler);

/* For which part of that time threads waited for a processor, about.  A thread waits where it was
 * interrupted: in its own code more often than in the kernel, say. */
double sampler_waiting(const struct sampler *sampler);

/* Which part of the threads that it saw waited for the processor that the look itself had.  They
 * are left out. */
double sampler_left_out(const struct sampler *sampler);

/* False with errno. */
bool sampler_open(struct sampler *sampler);

void sampler_close(struct sampler *sampler);

/* Looks at the threads of a process. */
void sampler_look(struct sampler *sampler, pid_t process);

/* To be called after all processes were looked at, which took this CPU time: draws when to look
 * again. */
void sampler_wait(struct sampler *sampler, double seconds);

#endif /* TOOLS_ZMEASURE_SAMPLER_H_ */
