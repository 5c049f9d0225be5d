/* The memory and CPU time of the recorded process over time, as seen from outside.  The samples
 * lie in the raw recording, so that they are there however ztrace ends. */
#ifndef TOOLS_ZTRACE_CURVE_H_
#define TOOLS_ZTRACE_CURVE_H_

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "tools/trace/trace.h"
#include "tools/ztrace/raw.h"

/* When these are taken, every second one goes, and from then on the pause between two is twice as
 * long. */
#define RAW_MAX_SAMPLES (RAW_SAMPLES_SIZE / sizeof(struct zt_sample))

struct curve {
    struct raw_header *header; /* NULL: there is none, and no sample is taken */
    struct zt_sample *sample;
    uint64_t pause_ns;
    uint64_t next_ns; /* when to look, since the recording began */
    uint64_t threads; /* of the process, when it was last looked at */
    int looks;        /* so many more times its background thread is looked for */
    pid_t background; /* jemalloc's background thread, or 0 */
};

/* Maps the samples of a raw recording. */
void curve_open(struct curve *curve, int raw_fd);

/* Takes a sample of the process if it is time for one and the recording goes on.  Also stops the
 * recording when its time is over: the program may make no call that would.  Returns how long to
 * wait for the next. */
struct timespec curve_look(struct curve *curve, pid_t pid);

/* Takes the last sample of a process that has ended and was not yet waited for. */
void curve_end(struct curve *curve, pid_t pid);

/* Begins a recording that is paused, and ends one. */
void curve_begin(struct curve *curve);
void curve_ask(struct curve *curve);

/* Unmaps them. */
void curve_close(struct curve *curve);

#endif /* TOOLS_ZTRACE_CURVE_H_ */
