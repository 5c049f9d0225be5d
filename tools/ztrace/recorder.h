/* Writes raw records, from within the recorded program. */
#ifndef TOOLS_ZTRACE_RECORDER_H_
#define TOOLS_ZTRACE_RECORDER_H_

#include <stdbool.h>
#include <stddef.h>

#include "tools/ztrace/raw.h"

/* Starts the recording once, if this is the process to record.  Cheap to call
 * again; does nothing as long as the environment is not there yet. */
void recorder_start(void);

/* Notes an event: after an allocation returned, before a block is freed.
 * Keeps errno; calls nothing that allocates. */
void recorder_note(enum raw_op op, const void *address, size_t size, unsigned detail);

/* Called when the program is about to restrict its system calls (seccomp): from here on the
 * recorder makes none.  If it returns true, the caller tells recorder_restricted() whether the
 * program did so. */
bool recorder_restrict(void);
void recorder_restricted(bool done);

#endif /* TOOLS_ZTRACE_RECORDER_H_ */
