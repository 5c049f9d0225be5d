/* Makes traces of recordings, and says what is in them. */
#ifndef TOOLS_ZTRACE_TRACES_H_
#define TOOLS_ZTRACE_TRACES_H_

#include <stdbool.h>
#include <stdint.h>

#include "tools/trace/trace.h"
#include "tools/ztrace/convert.h"

/* What write_trace() returns for a recording without events: there is no trace then. */
enum { EMPTY = 1 };

struct traces {
    bool force, quiet;
    uint32_t tick_ns;
    uint32_t follow; /* the most children that are recorded */
    bool linked;     /* the library of linked allocators was preloaded */
};

/* Checks that the name is free for the trace, or may be freed: 0 or -1. */
int may_write(const char *path, bool force, struct zt_error *error);

/* The same for each trace, and each recording, that --follow may make beside it. */
int may_write_children(const char *raw, uint32_t most, bool force, struct zt_error *error);

/* Makes the trace of a recording, names it `path` once it is whole, and says what is in it; 0,
 * EMPTY or -1. */
int write_trace(const struct traces *how, const char *raw, int raw_fd, const char *path,
                struct conversion *conversion, struct zt_error *error);

/* Says which children were not recorded. */
void print_children(const struct traces *how, const struct conversion *first);

/* Makes the traces of the children whose recordings lie beside that of the first process, removes
 * these recordings, and says what is in the traces.  0, EMPTY or -1. */
int write_children(const struct traces *how, const char *raw, int raw_fd);

#endif /* TOOLS_ZTRACE_TRACES_H_ */
