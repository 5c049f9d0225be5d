/* What the call stacks of a trace hold, where it has any. */
#ifndef TOOLS_ZREPLAY_CALL_STACKS_H_
#define TOOLS_ZREPLAY_CALL_STACKS_H_

#include <stdint.h>

#include "tools/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct call_stacks;

/* Reads a trace that has stacks, of this rate; what is live is so after its call number `peak`,
 * from 1.  Finds functions and lines in the files that the trace names.  NULL with a line in
 * `error`. */
struct call_stacks *call_stacks_read(const char *path, uint64_t peak, uint64_t rate,
                                     struct zt_error *error);
void call_stacks_free(struct call_stacks *stacks); /* or NULL */

/* Prints the stacks that hold most, or a JSON object of all. */
void call_stacks_text(const struct call_stacks *stacks);
void call_stacks_json(const struct call_stacks *stacks);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZREPLAY_CALL_STACKS_H_ */
