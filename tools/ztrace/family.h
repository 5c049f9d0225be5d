/* The processes that --follow follows, in a table in the recording of the first one.  Within the
 * recorded program; a function may run in a child of fork or vfork, and so allocates nothing. */
#ifndef TOOLS_ZTRACE_FAMILY_H_
#define TOOLS_ZTRACE_FAMILY_H_

#include <stdbool.h>
#include <sys/types.h>

#include "tools/ztrace/raw.h"

/* The entry of the calling process, or of a child of it: the one that it has, or else a new one
 * (`*is_new`).  NULL when there is no room; the process is then counted, as a new one if `forked`.
 */
struct raw_process *family_enter(struct raw_header *first, pid_t pid, bool forked, bool *is_new);

/* The number of an entry. */
uint32_t family_number(const struct raw_header *first, const struct raw_process *process);

/* A process executes a program of this name.  Returns what it did before, for the case that this
 * fails. */
uint32_t family_executes(struct raw_process *process, const char *name);

#endif /* TOOLS_ZTRACE_FAMILY_H_ */
