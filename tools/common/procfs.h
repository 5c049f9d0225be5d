/* Reads files of /proc, which Linux has; on other systems there are none.  Allocates nothing. */
#ifndef TOOLS_COMMON_PROCFS_H_
#define TOOLS_COMMON_PROCFS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a small file, cut to fit; false when there is none. */
bool procfs_read(const char *path, char *text, size_t size);

/* The same of /proc/PID/FILE. */
bool procfs_read_of(pid_t pid, const char *file, char *text, size_t size);

/* The text after "\nNAME:", or NULL. */
const char *procfs_field(const char *text, const char *name);

/* A field that is a number of kB, as bytes; false when it is not there. */
bool procfs_bytes(const char *text, const char *name, uint64_t *bytes);

/* Fields of /proc/PID/stat, by their numbers in the manual. */
enum {
    PROCFS_STATE = 3,
    PROCFS_PARENT = 4,
    PROCFS_MINOR_FAULTS = 10,
    PROCFS_MAJOR_FAULTS = 12,
    PROCFS_SYSTEM_TIME = 15,
    PROCFS_START = 22,
    PROCFS_STACK_BEGIN = 28, /* startstack */
    PROCFS_PROCESSOR = 39,
};

/* The text of such a field behind the name, which may hold anything; NULL when it is not there. */
const char *procfs_stat_field(const char *text, int number);

/* The same as a number; 0 when it is not there. */
uint64_t procfs_stat_number(const char *text, int number);

/* Whether it is of a process, or of a thread, that has not ended; a zombie has. */
bool procfs_stat_lives(const char *text);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_PROCFS_H_ */
