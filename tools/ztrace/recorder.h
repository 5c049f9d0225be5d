/* Writes raw records, from within the recorded program. */
#ifndef TOOLS_ZTRACE_RECORDER_H_
#define TOOLS_ZTRACE_RECORDER_H_

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tools/ztrace/raw.h"

/* Starts the recording once, if this is the process to record.  Cheap to call
 * again; does nothing as long as the environment is not there yet. */
void recorder_start(void);

/* Starts the recording, paused, of a process that runs already, into a file that is there.  0 or an
 * errno. */
int recorder_attach(const char *name);

/* Notes an event: after an allocation returned, before a block is freed.  The size of
 * RAW_REALLOC_BEGIN is the one that is asked for.  Keeps errno; calls nothing that allocates. */
void recorder_note(enum raw_op op, const void *address, size_t size, unsigned detail);

/* Tells which function the program's malloc is. */
void recorder_allocator(const void *function);

/* From here on the thread's events are not noted, or are again: what calls them notes them. Returns
 * what was so before. */
bool recorder_cover(bool covered);

/* What a process did before it executed a program. */
struct execution {
    struct raw_process *process; /* or NULL */
    uint32_t before;
};

/* The process, or a child that vfork made of it, executes a program of this name: the end tells
 * when that one is not recorded.  If it fails, the caller says so. */
struct execution recorder_executes(const char *name);
void recorder_did_not_execute(const struct execution *execution);

/* The process has made another that executes a program. */
void recorder_spawned(pid_t pid, const char *name);

/* Called when the program ends by itself: notes how much of the blocks that still live was
 * touched. */
void recorder_end(void);

/* Called when the program is about to restrict its system calls (seccomp): from here on the
 * recorder makes none.  If it returns true, the caller tells recorder_restricted() whether the
 * program did so. */
bool recorder_restrict(void);
void recorder_restricted(bool done);

#endif /* TOOLS_ZTRACE_RECORDER_H_ */
