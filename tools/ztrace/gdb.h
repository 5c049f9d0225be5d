/* Has gdb do something with another process, through gdb/MI, its interface for programs. */
#ifndef TOOLS_ZTRACE_GDB_H_
#define TOOLS_ZTRACE_GDB_H_

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct gdb {
    pid_t pid;
    pid_t process; /* that it is attached to, or 0 */
    int to, from;
    char text[65536]; /* what it printed, and was not yet looked at */
    size_t used;
    char answer[4096]; /* the last line that was waited for */
    bool is_late;      /* a command was sent, and its answer has not come in time */
    bool is_gone;      /* it has ended */
};

/* Starts it.  If ztrace ends, gdb gets no more commands, and lets the process go.  False, with
 * errno set, when there is no gdb. */
bool gdb_start(struct gdb *gdb);

/* Sends a command, and waits for its answer.  False when it fails, or the time is over: `answer`
 * then says why. */
bool gdb_do(struct gdb *gdb, int seconds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same of an expression; *value is what gdb prints of it as a number. */
bool gdb_value(struct gdb *gdb, int seconds, unsigned long *value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What `answer` is when a wait ended otherwise than it should. */
#define GDB_LATE "it took too long"
#define GDB_SIGNAL "it got a signal"
#define GDB_ENDED "it ended"
#define GDB_GONE "gdb ended"

/* Waits until the process stops at a breakpoint.  False when it ends or gets a signal for which gdb
 * stops it; or when the time is over, or `interrupted` (which may be NULL) returns other than 0:
 * GDB_LATE. */
bool gdb_stops(struct gdb *gdb, int seconds, int (*interrupted)(void));

/* Has gdb let the process go, and end.  The process must not run, nor call anything for gdb. */
void gdb_end(struct gdb *gdb);

/* Leaves gdb alone: the process does not come back from what it calls.  When it does, gdb finds no
 * more commands, and lets it go. */
void gdb_leave(struct gdb *gdb);

#endif /* TOOLS_ZTRACE_GDB_H_ */
