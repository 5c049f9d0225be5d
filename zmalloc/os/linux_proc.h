/* Readers and parsers of /proc and of cgroups.
 *
 * No stdio and no malloc: buffers lie on the stack, less than 10 KiB of it
 * in all.  What is read is not trusted: numbers saturate, lines that are too long
 * are cut, and what makes no sense is passed over.
 *
 * `root` is put before every absolute path: "" in production, a made-up tree
 * in tests.
 */
#ifndef ZMALLOC_OS_LINUX_PROC_H_
#define ZMALLOC_OS_LINUX_PROC_H_

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Paths ------------------------------------------------------------- */

struct zm_linux_path {
    size_t length;
    char text[2048]; /* NUL-terminated */
};

/* Makes the path empty; appends to it.  append fails, changing nothing, when
 * the result is too long. */
void zm_linux_path_clear(struct zm_linux_path *path);
bool zm_linux_path_append(struct zm_linux_path *path, const char *text);

/* ---- Reading ----------------------------------------------------------- */

/* open(2) for reading, and read(2), tried again when interrupted. */
int zm_linux_open(const char *path);
ssize_t zm_linux_read(int fd, char *buffer, size_t size);

/* Reads a small file whole, or its first `size` - 1 bytes, and terminates them;
 * their number, or -1. */
ssize_t zm_linux_read_file(const char *path, char *buffer, size_t size);

/* Where lines come from: a file, or in tests memory.  `read` returns the
 * number of bytes read, at most `size`, or 0 or less at the end. */
struct zm_linux_lines {
    ssize_t (*read)(void *source, char *buffer, size_t size);
    void *source;
    size_t begin, end; /* what was read and not handed out yet */
    bool cut;          /* the rest of a line that was too long comes first */
    char buffer[2048];
};

void zm_linux_lines_begin(struct zm_linux_lines *lines,
                          ssize_t (*read)(void *source, char *buffer, size_t size), void *source);

/* The next line, without its newline, valid until the next call; NULL at the
 * end.  The tail of one longer than the buffer is lost. */
char *zm_linux_next_line(struct zm_linux_lines *lines);

/* For `read` of lines: `source` points to a file descriptor. */
ssize_t zm_linux_read_source(void *source, char *buffer, size_t size);

/* Reads a decimal number after blanks; saturates.  Moves *text past it, or
 * returns false when there is none. */
bool zm_linux_parse_size(const char **text, size_t *value);

/* ---- /proc/PID/stat, statm, smaps, status ------------------------------ */

/* Field `i`, from 1, of `length` bytes of a stat file.  1 and *res, or 0 for
 * fields that are no number. */
int zm_linux_stat_field(const char *stat, size_t length, int i, long long *res);

/* The same of /proc/self/stat. */
int zm_linux_proc_stat_ll(const char *root, int i, long long *res);

/* Resident pages, from the text of a statm file. */
bool zm_linux_statm_resident(const char *statm, size_t *pages);

/* Resident pages of this process, from /proc/self/statm; false when it cannot be
 * read.  Not from stat, which emulators of another CPU make up. */
bool zm_linux_resident_pages(const char *root, size_t *pages);

/* Sum of all lines "FIELD NUMBER kB", in bytes. */
size_t zm_linux_smaps_sum(struct zm_linux_lines *lines, const char *field);

/* The same of process `pid`, -1 for this one. */
size_t zm_linux_smaps_bytes(const char *root, const char *field, long pid);

/* A field of /proc/self/status ("VmHWM:"), in bytes. */
size_t zm_linux_status_bytes(const char *root, const char *field);

/* ---- cgroups ------------------------------------------------------------ */

/* A line of mountinfo that mounts a hierarchy with memory limits. */
struct zm_linux_mount {
    int version;       /* of cgroups: 1 or 2 */
    const char *root;  /* what of the hierarchy is mounted */
    const char *point; /* where */
};

/* Takes a line of /proc/self/mountinfo apart, writing into it. */
bool zm_linux_parse_mount(char *line, struct zm_linux_mount *mount);

/* This process's path in the hierarchy that a version's memory limits are in,
 * from /proc/self/cgroup; false if it is in none. */
bool zm_linux_cgroup_path(struct zm_linux_lines *lines, int version, struct zm_linux_path *path);

/* What comes after a mount's point to reach the cgroup `path`, when `mounted`
 * is the mount's root: "" or "/...".  NULL when `path` is not below it.  When
 * it is, but names in between are hidden by a cgroup namespace, "". */
const char *zm_linux_cgroup_below(const char *path, const char *mounted);

/* What memory.stat of version 1 says of all cgroups above; 0 if nothing. */
size_t zm_linux_hierarchical_limit(const char *stat);

/* The tightest memory limit of the cgroups this process is in; 0 if none. */
size_t zm_linux_cgroup_limit(const char *root);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_OS_LINUX_PROC_H_ */
