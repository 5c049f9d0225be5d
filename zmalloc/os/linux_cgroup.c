/* The memory limit that cgroups set, of version 1 and version 2.
 *
 * A limit holds for a cgroup and all cgroups below it, so we look at each cgroup from
 * this process's own up to the root of the mount.  On a hybrid system the memory
 * controller is in version 1, and version 2 has no files with memory limits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zmalloc/os/linux_proc.h"

/* Whether `item` is in the comma-separated `list`. */
static bool in_list(const char *list, const char *item) {
    size_t length = strlen(item);
    for (;; list++) {
        const char *end = strchrnul(list, ',');
        if ((size_t)(end - list) == length && memcmp(list, item, length) == 0) return true;
        if (*end == '\0') return false;
        list = end;
    }
}

/* mountinfo writes blanks and some other characters as octal numbers (\040). */
static void unescape(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        bool octal = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
                     from[2] <= '7' && from[3] >= '0' && from[3] <= '7';
        if (octal) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER_OPTIONS */
bool zm_linux_parse_mount(char *line, struct zm_linux_mount *mount) {
    char *root = NULL, *point = NULL;
    for (int i = 1; i <= 6; i++) {
        char *field = strsep(&line, " ");
        if (i == 4) root = field;
        if (i == 5) point = field;
    }
    const char *field;
    do {
        field = strsep(&line, " ");
        if (field == NULL) return false;
    } while (strcmp(field, "-") != 0);
    const char *type = strsep(&line, " ");
    (void)strsep(&line, " ");
    const char *options = strsep(&line, " ");
    if (options == NULL) return false;
    mount->version = strcmp(type, "cgroup2") == 0 ? 2 : 1;
    if (mount->version == 1 && (strcmp(type, "cgroup") != 0 || !in_list(options, "memory"))) {
        return false;
    }
    unescape(root);
    unescape(point);
    mount->root = root;
    mount->point = point;
    return true;
}

/* ID:CONTROLLERS:PATH; version 2 is "0::PATH". */
char *zm_linux_cgroup_path(struct zm_linux_lines *lines, int version) {
    char *line;
    while ((line = zm_linux_next_line(lines)) != NULL) {
        const char *id = strsep(&line, ":");
        const char *controllers = strsep(&line, ":");
        if (line == NULL || lines->cut) continue;
        bool found = version == 2 ? strcmp(id, "0") == 0 && *controllers == '\0'
                                  : in_list(controllers, "memory");
        if (found) return line;
    }
    return NULL;
}

/* Skips each leading "/.." of an absolute path and returns their number: the steps up
 * from the root of the cgroup namespace. */
static unsigned steps_up(const char **path) {
    unsigned steps = 0;
    while (strncmp(*path, "/..", 3) == 0 && ((*path)[3] == '/' || (*path)[3] == '\0')) {
        *path += 3;
        steps++;
    }
    if (strcmp(*path, "/") == 0) *path += 1;
    return steps;
}

const char *zm_linux_cgroup_below(const char *path, const char *mounted) {
    unsigned path_up = steps_up(&path), mounted_up = steps_up(&mounted);
    size_t length = strlen(mounted);
    if (mounted_up > path_up) return length == 0 ? "" : NULL;
    if (mounted_up < path_up || strncmp(path, mounted, length) != 0) return NULL;
    path += length;
    return *path == '/' || *path == '\0' ? path : NULL;
}

/* What was found so far of one version. */
struct found {
    size_t limit;   /* 0: none */
    bool read;      /* at least one mount */
    bool forbidden; /* a mount; it does not matter if another one shows the same cgroups */
    bool unread;    /* there is something else that cannot be opened or read */
};

static bool is_unread(const struct found *found) {
    return found->unread || (found->forbidden && !found->read);
}

/* Call it when a file or folder cannot be opened.  One that does not exist, here or at all, has no
 * limit. */
static void note_unopened(struct found *found) {
    if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG) found->unread = true;
}

/* Reads a number from the file `name` in the folder `dir`. */
static bool read_number(int dir, const char *name, size_t *value, struct found *found) {
    char text[32];
    const char *p = text;
    int fd = zm_linux_open_at(dir, name);
    if (fd < 0) {
        note_unopened(found);
        return false;
    }
    if (zm_linux_read_file(fd, text, sizeof text) >= 0) return zm_linux_parse_size(&p, value);
    found->unread = true;
    return false;
}

/* Lowers *limit to `candidate`.  Without a limit, version 2 writes "max", which is no number,
 * and version 1 the largest multiple of the page size, which does not count here.  0 does not
 * count either: no process could run under it. */
static void tighten(size_t *limit, size_t candidate) {
    const size_t none = sizeof(size_t) > 4 ? SIZE_MAX / 4 : SIZE_MAX;
    if (candidate == 0 || candidate >= none) return;
    if (*limit == 0 || candidate < *limit) *limit = candidate;
}

size_t zm_linux_hierarchical_limit(struct zm_linux_lines *stat) {
    static const char name[] = "hierarchical_memory_limit ";
    size_t limit = 0, value;
    for (const char *line; (line = zm_linux_next_line(stat)) != NULL;) {
        if (strncmp(line, name, sizeof name - 1) != 0) continue;
        const char *p = line + sizeof name - 1;
        if (zm_linux_parse_size(&p, &value)) tighten(&limit, value);
    }
    return limit;
}

/* The limit that version 1 computes from all cgroups above, also from those outside of the
 * mount. */
static size_t hierarchical_limit(int dir, struct found *found) {
    char buffer[128];
    struct zm_linux_lines stat;
    int fd = zm_linux_open_at(dir, "memory.stat");
    if (fd < 0) {
        note_unopened(found);
        return 0;
    }
    zm_linux_lines_begin(&stat, buffer, sizeof buffer, zm_linux_read_source, &fd);
    size_t limit = zm_linux_hierarchical_limit(&stat);
    close(fd);
    return limit;
}

/* Lowers found->limit to the limit of one cgroup, the process's `own` or one above it.  Returns
 * false when, on an old kernel, this cgroup's limit does not hold for the cgroups below it:
 * then no cgroup further up counts either. */
static bool look_at(int dir, int version, bool own, struct found *found) {
    size_t value;
    if (version == 2) {
        if (read_number(dir, "memory.max", &value, found)) tighten(&found->limit, value);
        return true;
    }
    if (own) tighten(&found->limit, hierarchical_limit(dir, found));
    if (!own && read_number(dir, "memory.use_hierarchy", &value, found) && value == 0) return false;
    if (read_number(dir, "memory.limit_in_bytes", &value, found)) tighten(&found->limit, value);
    return true;
}

/* Opens the folder at `path` below the folder `top`; `path` is "" (`top` itself) or "/...". */
static int open_cgroup(int top, const char *path) {
    while (*path == '/') path++;
    return zm_linux_open_at(top, *path != '\0' ? path : ".");
}

/* Looks at the cgroups from `top` + `below` up to `top`.  Changes `below` meanwhile, and restores
 * it. */
static void look_up_to(int top, char *below, int version, struct found *found) {
    const size_t length = strlen(below);
    char *slash;
    bool own = true, further;
    do {
        int dir = open_cgroup(top, below);
        if (dir < 0) note_unopened(found);
        further = dir < 0 || look_at(dir, version, own, found);
        if (dir >= 0) close(dir);
        slash = strrchr(below, '/');
        if (slash != NULL) *slash = '\0';
        own = false;
    } while (further && slash != NULL);
    for (size_t i = 0; i < length; i++) {
        if (below[i] == '\0') below[i] = '/';
    }
}

/* Looks at the cgroup `path` as one mount shows it. */
static void look_in_mount(const char *root, const struct zm_linux_mount *mount, char *path,
                          struct found *found) {
    const char *below = zm_linux_cgroup_below(path, mount->root);
    if (below == NULL) return;
    int top = zm_linux_open(root, mount->point);
    if (top < 0) {
        if (errno == EACCES) {
            found->forbidden = true;
        } else {
            note_unopened(found);
        }
        return;
    }
    look_up_to(top, path + (below - path), mount->version, found);
    found->read = true;
    close(top);
}

/* A path has up to 4095 bytes, and a line of mountinfo has two paths.  The buffers for such
 * lines are mapped; without memory for them there are small ones, on the stack. */
enum { SMALL = 1024, LARGE = 12288 };

struct buffers {
    char *path, *mounts;
    size_t size; /* of each */
};

static bool open_lines(const char *root, const char *path, struct zm_linux_lines *lines,
                       char *buffer, size_t size, int *fd) {
    *fd = zm_linux_open(root, path);
    zm_linux_lines_begin(lines, buffer, size, zm_linux_read_source, fd);
    return *fd >= 0;
}

/* Sets *path, which lies in the buffer, to the process's own cgroup; NULL: it has none of this
 * version.  Returns false if the file cannot be opened. */
static bool read_own_path(const char *root, int version, const struct buffers *buffers,
                          char **path) {
    struct zm_linux_lines lines;
    int fd;
    if (!open_lines(root, "/proc/self/cgroup", &lines, buffers->path, buffers->size, &fd))
        return false;
    *path = zm_linux_cgroup_path(&lines, version);
    close(fd);
    return true;
}

static bool next_mount(struct zm_linux_lines *lines, int version, struct zm_linux_mount *mount) {
    char *line;
    while ((line = zm_linux_next_line(lines)) != NULL) {
        if (!lines->cut && zm_linux_parse_mount(line, mount) && mount->version == version)
            return true;
    }
    return false;
}

static void look_at_version(const char *root, int version, const struct buffers *buffers,
                            struct found *found) {
    struct zm_linux_lines lines;
    struct zm_linux_mount mount;
    char *path;
    int fd;
    if (!read_own_path(root, version, buffers, &path)) {
        note_unopened(found);
        return;
    }
    if (path == NULL) return;
    if (!open_lines(root, "/proc/self/mountinfo", &lines, buffers->mounts, buffers->size, &fd)) {
        note_unopened(found);
        return;
    }
    while (next_mount(&lines, version, &mount)) look_in_mount(root, &mount, path, found);
    close(fd);
}

enum zm_linux_cgroups zm_linux_cgroup_limit(const char *root, size_t *limit) {
    char small[2][SMALL];
    char *large =
        mmap(NULL, 2 * (size_t)LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct buffers buffers = {small[0], small[1], SMALL};
    if (large != MAP_FAILED) buffers = (struct buffers){large, large + LARGE, LARGE};
    struct found one = {.limit = 0}, two = {.limit = 0};
    look_at_version(root, 1, &buffers, &one);
    look_at_version(root, 2, &buffers, &two);
    if (large != MAP_FAILED) munmap(large, 2 * (size_t)LARGE);
    *limit = one.limit;
    tighten(limit, two.limit);
    if (is_unread(&one) || is_unread(&two)) return ZM_LINUX_CGROUPS_UNREAD;
    return one.read || two.read ? ZM_LINUX_CGROUPS_READ : ZM_LINUX_CGROUPS_NONE;
}

/* The process's cgroup `path` of version 2, by the first mount that shows it; -1: none does. */
static int open_own_cgroup(const char *root, char *path, const struct buffers *buffers) {
    struct zm_linux_lines lines;
    struct zm_linux_mount mount;
    int fd, own = -1;
    if (!open_lines(root, "/proc/self/mountinfo", &lines, buffers->mounts, buffers->size, &fd))
        return -1;
    while (own < 0 && next_mount(&lines, 2, &mount)) {
        const char *below = zm_linux_cgroup_below(path, mount.root);
        int top = below != NULL ? zm_linux_open(root, mount.point) : -1;
        if (top < 0) continue;
        own = open_cgroup(top, below);
        close(top);
    }
    close(fd);
    return own;
}

/* 200 ms of 2 s: kernels let every process ask for multiples of 2 s. */
static int open_trigger(int cgroup) {
    static const char trigger[] = "some 200000 2000000";
    int fd = openat(cgroup, "memory.pressure", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || write(fd, trigger, sizeof trigger) == sizeof trigger) return fd;
    close(fd);
    return -1;
}

int zm_linux_pressure_open(const char *root) {
    char small[2][SMALL];
    const struct buffers buffers = {small[0], small[1], SMALL};
    char *path;
    if (!read_own_path(root, 2, &buffers, &path) || path == NULL) return -1;
    int cgroup = open_own_cgroup(root, path, &buffers);
    if (cgroup < 0) return -1;
    int fd = open_trigger(cgroup);
    close(cgroup);
    return fd;
}
