/* Readers and parsers of /proc and of cgroups.
 *
 * No function calls stdio or malloc: buffers lie on the stack, at most 3 KiB at a time
 * (//tests/stack), or are mapped.  The files are not trusted: numbers saturate, lines that
 * are too long are cut, and invalid text is skipped.
 *
 * `root` is put before every absolute path: it is "" in production, and a made-up tree
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

/* ---- Reading ----------------------------------------------------------- */

/* Open the file or folder `path`, below the folder `dir` or below `root`, for reading.  Return
 * the file descriptor, or -1.  They try again when a signal interrupts the call. */
int zm_linux_open_at(int dir, const char *path);
int zm_linux_open(const char *root, const char *path);

/* Reads a whole small file, or its first `size` - 1 bytes, adds a terminator and closes the
 * file.  Returns the number of bytes, or -1. */
ssize_t zm_linux_read_file(int fd, char *buffer, size_t size);

/* A source of lines: a file, or memory in tests.  `read` returns the number of
 * bytes read, at most `size`, or 0 or less at the end. */
struct zm_linux_lines {
    ssize_t (*read)(void *source, char *buffer, size_t size);
    void *source;
    char *buffer; /* a line longer than `size` - 1 is cut */
    size_t size;
    size_t begin, end; /* of the bytes that were read and not returned yet */
    bool cut;          /* the rest of a line that was too long comes next */
};

void zm_linux_lines_begin(struct zm_linux_lines *lines, char *buffer, size_t size,
                          ssize_t (*read)(void *source, char *buffer, size_t size), void *source);

/* Returns the next line without its newline, valid until the next call; NULL at the
 * end.  If a line is longer than the buffer, its tail is lost. */
char *zm_linux_next_line(struct zm_linux_lines *lines);

/* A function for `read` above: `source` points to a file descriptor. */
ssize_t zm_linux_read_source(void *source, char *buffer, size_t size);

/* Reads a decimal number after blanks; saturates.  Moves *text past it, or
 * returns false when there is none. */
bool zm_linux_parse_size(const char **text, size_t *value);

/* ---- /proc/PID/stat, statm, smaps, status ------------------------------ */

/* Reads field `i`, counted from 1, of a stat file's text of `length` bytes.  Returns 1 and
 * sets *res, or 0 if the field is no number. */
int zm_linux_stat_field(const char *stat, size_t length, int i, long long *res);

/* The same for /proc/self/stat. */
int zm_linux_proc_stat_ll(const char *root, int i, long long *res);

/* Resident pages, from the text of a statm file. */
bool zm_linux_statm_resident(const char *statm, size_t *pages);

/* Resident pages of this process, from /proc/self/statm; false when it cannot be
 * read.  Not from /proc/self/stat: emulators of another CPU invent its values. */
bool zm_linux_resident_pages(const char *root, size_t *pages);

/* The sum of all lines "FIELD NUMBER kB", in bytes. */
size_t zm_linux_smaps_sum(struct zm_linux_lines *lines, const char *field);

/* The same for the smaps file of process `pid`, -1 for this process. */
size_t zm_linux_smaps_bytes(const char *root, const char *field, long pid);

/* Calls `visit` for each mapping of a smaps file, with its name, Rss and AnonHugePages.  Returns
 * false if there is none. */
struct zm_os_mapping;
bool zm_linux_smaps_mappings(struct zm_linux_lines *lines,
                             void (*visit)(const struct zm_os_mapping *mapping, void *context),
                             void *context);

/* The same for /proc/self/smaps; false when it cannot be read. */
bool zm_linux_mappings(const char *root,
                       void (*visit)(const struct zm_os_mapping *mapping, void *context),
                       void *context);

/* A field of /proc/self/status ("VmHWM:"), in bytes. */
size_t zm_linux_status_bytes(const char *root, const char *field);

/* ---- cgroups ------------------------------------------------------------ */

/* A line of mountinfo that mounts a hierarchy with memory limits. */
struct zm_linux_mount {
    int version;       /* of cgroups: 1 or 2 */
    const char *root;  /* the cgroup that is mounted */
    const char *point; /* the folder at which it is mounted */
};

/* Parses a line of /proc/self/mountinfo, and writes into it.  False if it is no such mount. */
bool zm_linux_parse_mount(char *line, struct zm_linux_mount *mount);

/* Returns this process's path in the hierarchy that has the memory limits of `version`; NULL
 * if there is none.  `lines` are those of /proc/self/cgroup; the path lies in their buffer. */
char *zm_linux_cgroup_path(struct zm_linux_lines *lines, int version);

/* Returns the path, "" or "/...", from a mount's point to the cgroup `path`; `mounted` is the
 * mount's root.  NULL when `path` is not below `mounted`.  "" when it is below, but a cgroup
 * namespace hides the names in between. */
const char *zm_linux_cgroup_below(const char *path, const char *mounted);

/* Reads from memory.stat of version 1 the limit, in bytes, that all cgroups above set; 0 if
 * there is none. */
size_t zm_linux_hierarchical_limit(struct zm_linux_lines *stat);

/* Opens memory.pressure of this process's cgroup of version 2, with a trigger:
 * zm_os_pressure_open(). */
int zm_linux_pressure_open(const char *root);

/* What can be told of the cgroups that have memory limits. */
enum zm_linux_cgroups {
    ZM_LINUX_CGROUPS_NONE,  /* this process sees none */
    ZM_LINUX_CGROUPS_READ,  /* all were read that it sees */
    ZM_LINUX_CGROUPS_UNREAD /* there is something that it cannot open or read */
};

/* Sets *limit to the lowest memory limit, in bytes, of the cgroups of this process; 0 if there is
 * none. */
enum zm_linux_cgroups zm_linux_cgroup_limit(const char *root, size_t *limit);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_OS_LINUX_PROC_H_ */
