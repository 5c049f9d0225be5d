/* Runs other processes. */
#ifndef TOOLS_COMMON_RUN_H_
#define TOOLS_COMMON_RUN_H_

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* fork() of a child that ends when this process ends, even when it is killed.  On macOS, which
 * has no means for that, the child goes on. */
pid_t cli_fork(void);

/* Waits for a child to end.  0, or -1 with errno set. */
int cli_wait(pid_t pid, int *status);

/* Runs a program to its end; looks in PATH for a name without a slash.  `environment` is NULL, or a
 * list of "NAME=VALUE" up to NULL that it gets on top of ours.  *output is what it printed, to be
 * freed.  *exit_status is 128 + the signal, if one ended it, and 127 where there
 * is no such program.  Returns 0, or -1 with errno set. */
int cli_run(char *const *command, char *const *environment, char **output, int *exit_status);

/* The same for a program whose errors nobody is to see. */
int cli_run_silent(char *const *command, char **output, int *exit_status);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_RUN_H_ */
