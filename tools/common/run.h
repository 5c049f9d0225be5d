/* Running other programs. */
#ifndef TOOLS_COMMON_RUN_H_
#define TOOLS_COMMON_RUN_H_

#ifdef __cplusplus
extern "C" {
#endif

/* Runs a program, which is looked for in PATH if its name has no slash, to its
 * end.  What it printed is in *output, to be freed; its exit status is 128 + the
 * signal, if one ended it, and 127 where there is no such program.  0, or -1
 * with errno set. */
int cli_run(char *const *command, char **output, int *exit_status);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_RUN_H_ */
