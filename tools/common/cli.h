/* Shared by the command line tools. */
#ifndef TOOLS_COMMON_CLI_H_
#define TOOLS_COMMON_CLI_H_

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Exit status for wrong arguments and for files that cannot be used. */
#define CLI_USAGE 2

#define CLI_PATH_SIZE 4096

/* Prints "TOOL: message" to stderr; the message is one line without newline. */
void cli_error(const char *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Shows the progress of long work on stderr, in place of the line before; NULL removes that
 * line.  Only on a terminal. */
void cli_progress(const char *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Flushes stdout.  Returns 0; or prints a line and returns CLI_USAGE when not all of it could be
 * written, as on a full disk. */
int cli_printed(const char *tool);

/* Prints a line about a wrong argument, "TOOL: MESSAGEABOUT (see TOOL --help)"; returns CLI_USAGE.
 */
int cli_usage(const char *tool, const char *message, const char *about);

/* Takes the arguments apart, as getopt_long() does with `letters` and `options`: `letters` begins
 * with ":" (or "+:", if all after the first operand are operands), and 'h' is --help.  Calls `take`
 * for each other option, with its value in optarg.  Returns -1 to go on, with the first operand in
 * argv[optind]; or the exit status after --help, after a wrong option, or from `take`, which
 * returns -1 to go on. */
int cli_options(const char *tool, const char *help, int argc, char **argv, const char *letters,
                const struct option *options, int (*take)(void *arguments, int option),
                void *arguments);

/* Prints a text to stdout as a JSON string, with its quotes.  Names of files are any bytes:
 * those that are not UTF-8 become U+FFFD. */
void cli_json_string(const char *text);

/* The same into a file. */
void cli_json_string_to(FILE *file, const char *text);

/* The name without its folders. */
const char *cli_base_name(const char *path);

/* Makes a path absolute.  `bazel run` starts tools in a folder of its own, and relative paths
 * start in the user's.  False when it gets too long. */
bool cli_resolve(const char *path, char resolved[CLI_PATH_SIZE]);

/* The folder the user is in, or NULL when it is the current one. */
const char *cli_user_folder(void);

/* Finds a file that is built or shipped with the tool, given from the top of
 * the workspace: among the runfiles, or beside the program. */
bool cli_find(const char *argv0, const char *file, char found[CLI_PATH_SIZE]);

/* The real path of a library, as LD_PRELOAD takes it.  False with errno: EINVAL where it has a
 * space or a colon, which separate the entries there, or is too long; it is filled in all the same,
 * as far as it fits. */
bool cli_preloadable(const char *path, char library[CLI_PATH_SIZE]);

/* Puts `first` before the others of a list in the environment, such as LD_PRELOAD.  0, or -1 with
 * errno. */
int cli_put_first(const char *variable, const char *first);

/* A whole decimal number from `min` to `max`; false for anything else. */
bool cli_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_CLI_H_ */
