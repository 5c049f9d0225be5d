/* Runs the program to record. */
#ifndef TOOLS_ZTRACE_LAUNCH_H_
#define TOOLS_ZTRACE_LAUNCH_H_

struct launch {
    char **command;      /* the program and its arguments, then NULL */
    const char *library; /* to preload */
    const char *raw;     /* the file that it records to */
    const char *folder;  /* to run it in, or NULL for this one */
};

/* Runs it to its end.  SIGINT and SIGQUIT are left to the program, which gets
 * them from the terminal too; SIGTERM and SIGHUP are handed on.  Returns its
 * exit status, 128 + the signal that ended it; or -1 when it could not be
 * started: *error is the errno then. */
int launch(const struct launch *launch, int *error);

#endif /* TOOLS_ZTRACE_LAUNCH_H_ */
