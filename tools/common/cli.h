/* What the command line tools have in common. */
#ifndef TOOLS_COMMON_CLI_H_
#define TOOLS_COMMON_CLI_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Exit status for wrong arguments and for files that cannot be used. */
#define CLI_USAGE 2

#define CLI_PATH_SIZE 4096

/* Prints "TOOL: message" to stderr; the message is one line without newline. */
void cli_error(const char *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says on stderr how far long work has come, over what it said last; NULL takes that
 * back.  Only on a terminal. */
void cli_progress(const char *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends what was printed to stdout: 0, or CLI_USAGE after a line when not all of it
 * could be written, as on a full disk. */
int cli_printed(const char *tool);

/* Prints what --help asks for, and ends with the status to exit with. */
int cli_help(const char *tool, const char *text);

/* `bazel run` starts tools in a folder of its own and tells the user's; a
 * relative path is meant from there.  False when it gets too long. */
bool cli_resolve(const char *path, char resolved[CLI_PATH_SIZE]);

/* The folder the user is in, or NULL when it is the current one. */
const char *cli_user_folder(void);

/* Finds a file that is built or shipped with the tool, given from the top of
 * the workspace: among the runfiles, or beside the program. */
bool cli_find(const char *argv0, const char *file, char found[CLI_PATH_SIZE]);

/* A whole decimal number from `min` to `max`; false for anything else. */
bool cli_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_CLI_H_ */
