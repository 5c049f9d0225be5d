/* Runs the program to record, and takes the signals that come meanwhile. */
#ifndef TOOLS_ZTRACE_LAUNCH_H_
#define TOOLS_ZTRACE_LAUNCH_H_

#include <stdbool.h>

#include "tools/ztrace/attach.h"

struct launch {
    char **command;      /* the program and its arguments, then NULL */
    const char *library; /* to preload */
    const char *raw;     /* the file that it records to */
    int raw_fd;          /* the same, open */
    const char *folder;  /* to run it in, or NULL for this one */
};

/* From here on no signal ends ztrace halfway.  A write past a file limit or to a closed pipe
 * fails instead.  While the program runs, ztrace leaves SIGINT and SIGQUIT to it, because the
 * terminal sends them to the program too, and passes SIGTERM and SIGHUP on to it; SIGUSR1 begins a
 * recording that is paused, and SIGUSR2 stops it.  At other
 * times ztrace notes these signals. */
void take_signals(void);

/* The signal that asked ztrace to end while no program ran, or 0. */
int interrupted(void);

/* Whether a signal ended the wait for children that are recorded. */
bool left_children(void);

/* Begins a recording that is paused. */
void begin_recording(int raw_fd);

/* Takes samples of a process that ran already.  Returns when the recording has stopped, by a signal
 * too, or the process has ended or runs another program. */
void watch_running(const struct running *running, int raw_fd);

/* Runs the program to its end, with the signals as they were before take_signals(), and takes
 * samples of it meanwhile (curve.h).  With --follow, also waits until its children have ended,
 * or a signal asks ztrace to leave them.
 * Returns its exit status, 128 + the signal that ended it; or -1 when it could not be
 * started: *error is the errno then, EINTR after a signal. */
int launch(const struct launch *launch, int *error);

#endif /* TOOLS_ZTRACE_LAUNCH_H_ */
