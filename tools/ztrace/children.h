/* The processes that came of the recorded one, with --follow: their samples, and when all have
 * ended. */
#ifndef TOOLS_ZTRACE_CHILDREN_H_
#define TOOLS_ZTRACE_CHILDREN_H_

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "tools/ztrace/curve.h"
#include "tools/ztrace/raw.h"

enum child_life { CHILD_NEW, CHILD_LIVES, CHILD_ENDED };

struct child {
    enum child_life life;
    struct curve curve;
};

struct children {
    struct raw_header *first; /* NULL: it cannot be had */
    const char *raw;          /* the name of the first one's recording */
    struct child *child;      /* by their numbers */
    uint32_t lives;
};

/* Does nothing unless the recording follows children; children_close() in any case. */
void children_open(struct children *children, int raw_fd, const char *raw);
void children_close(struct children *children);

/* Finds those that are new, takes samples of those that live, and sees which have ended.  Returns
 * how long to wait for the next samples. */
struct timespec children_look(struct children *children);

/* Whether a child was just made, or executes a program, and will soon be seen. */
bool children_begin(const struct children *children);

/* The first process has ended: no other has its number. */
void children_first_ended(struct children *children);

/* A signal asks to stop recording: also those that live, and those that come. */
void children_ask(struct children *children);

/* Ends the recordings of those that live. */
void children_leave(struct children *children);

#endif /* TOOLS_ZTRACE_CHILDREN_H_ */
