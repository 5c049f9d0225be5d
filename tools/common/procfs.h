/* Reads files of /proc, which Linux has; on other systems there are none.  Allocates nothing. */
#ifndef TOOLS_COMMON_PROCFS_H_
#define TOOLS_COMMON_PROCFS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a small file, cut to fit; false when there is none. */
bool procfs_read(const char *path, char *text, size_t size);

/* The same of /proc/PID/FILE. */
bool procfs_read_of(pid_t pid, const char *file, char *text, size_t size);

/* The text after "\nNAME:", or NULL. */
const char *procfs_field(const char *text, const char *name);

/* A field that is a number of kB, as bytes; false when it is not there. */
bool procfs_bytes(const char *text, const char *name, uint64_t *bytes);

#endif /* TOOLS_COMMON_PROCFS_H_ */
