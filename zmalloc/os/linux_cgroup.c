/* The memory limit that cgroups set, in both their versions.
 *
 * A limit holds for a cgroup and all below it, so each from this process's own
 * up to the root of the mount is looked at.  On a hybrid system the memory
 * controller is in version 1; the files of version 2 are then not there.
 */
#include <stdint.h>
#include <string.h>
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

/* Blanks and the like are written \040 in mountinfo. */
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
bool zm_linux_cgroup_path(struct zm_linux_lines *lines, int version, struct zm_linux_path *path) {
    char *line;
    while ((line = zm_linux_next_line(lines)) != NULL) {
        const char *id = strsep(&line, ":");
        const char *controllers = strsep(&line, ":");
        if (line == NULL || lines->cut) continue;
        bool found = version == 2 ? strcmp(id, "0") == 0 && *controllers == '\0'
                                  : in_list(controllers, "memory");
        if (!found) continue;
        zm_linux_path_clear(path);
        return zm_linux_path_append(path, line);
    }
    return false;
}

/* Skips leading "/.." of an absolute path and counts them: the steps up from
 * the root of the cgroup namespace. */
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

/* A number in the file `name` in the folder `dir`. */
static bool read_number(struct zm_linux_path *dir, const char *name, size_t *value) {
    char text[32];
    const char *p = text;
    size_t length = dir->length;
    bool ok = zm_linux_path_append(dir, name) &&
              zm_linux_read_file(dir->text, text, sizeof text) > 0 &&
              zm_linux_parse_size(&p, value);
    dir->length = length;
    dir->text[length] = '\0';
    return ok;
}

/* What counts as a limit: version 2 writes "max" for none, version 1 the
 * largest multiple of the page size.  Nothing could run under 0. */
static void tighten(size_t *limit, size_t candidate) {
    const size_t none = sizeof(size_t) > 4 ? SIZE_MAX / 4 : SIZE_MAX;
    if (candidate == 0 || candidate >= none) return;
    if (*limit == 0 || candidate < *limit) *limit = candidate;
}

/* The tightest limit from the cgroup `dir` up to the mount point, `top` bytes
 * of it. */
static size_t limit_up_to(struct zm_linux_path *dir, size_t top, int version) {
    const char *file = version == 2 ? "/memory.max" : "/memory.limit_in_bytes";
    size_t limit = 0, value;
    for (;;) {
        if (read_number(dir, file, &value)) tighten(&limit, value);
        if (dir->length <= top) return limit;
        while (dir->length > top && dir->text[dir->length - 1] != '/') dir->length--;
        if (dir->length > top) dir->length--;
        dir->text[dir->length] = '\0';
        /* Old kernels: a parent that is told so does not bind its children. */
        if (version == 1 && read_number(dir, "/memory.use_hierarchy", &value) && value == 0) {
            return limit;
        }
    }
}

size_t zm_linux_hierarchical_limit(const char *stat) {
    static const char name[] = "hierarchical_memory_limit ";
    size_t limit = 0, value;
    for (const char *line = stat; line != NULL; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, name, sizeof name - 1) != 0) continue;
        const char *p = line + sizeof name - 1;
        if (zm_linux_parse_size(&p, &value)) tighten(&limit, value);
    }
    return limit;
}

/* What version 1 itself says of all cgroups above, those outside of the mount
 * among them. */
static size_t hierarchical_limit(struct zm_linux_path *dir) {
    char stat[2048];
    size_t length = dir->length;
    bool ok = zm_linux_path_append(dir, "/memory.stat") &&
              zm_linux_read_file(dir->text, stat, sizeof stat) > 0;
    dir->length = length;
    dir->text[length] = '\0';
    return ok ? zm_linux_hierarchical_limit(stat) : 0;
}

/* The limit of the cgroup `path` as one mount shows it. */
static size_t limit_in_mount(const char *root, const struct zm_linux_mount *mount,
                             const char *path) {
    struct zm_linux_path dir;
    const char *below = zm_linux_cgroup_below(path, mount->root);
    zm_linux_path_clear(&dir);
    if (below == NULL || !zm_linux_path_append(&dir, root)) return 0;
    if (!zm_linux_path_append(&dir, mount->point)) return 0;
    size_t top = dir.length;
    if (!zm_linux_path_append(&dir, below)) return 0;
    size_t limit = 0;
    if (mount->version == 1) tighten(&limit, hierarchical_limit(&dir));
    tighten(&limit, limit_up_to(&dir, top, mount->version));
    return limit;
}

/* Opens a file of /proc/self to read its lines; *fd must live as long. */
static bool open_lines(const char *root, const char *file, struct zm_linux_lines *lines, int *fd) {
    struct zm_linux_path name;
    zm_linux_path_clear(&name);
    if (!zm_linux_path_append(&name, root) || !zm_linux_path_append(&name, file)) return false;
    *fd = zm_linux_open(name.text);
    zm_linux_lines_begin(lines, zm_linux_read_source, fd);
    return *fd >= 0;
}

static size_t limit_of_version(const char *root, int version) {
    struct zm_linux_lines lines;
    struct zm_linux_path path;
    struct zm_linux_mount mount;
    size_t limit = 0;
    char *line;
    int fd;
    if (!open_lines(root, "/proc/self/cgroup", &lines, &fd)) return 0;
    bool found = zm_linux_cgroup_path(&lines, version, &path);
    close(fd);
    if (!found || !open_lines(root, "/proc/self/mountinfo", &lines, &fd)) return 0;
    while ((line = zm_linux_next_line(&lines)) != NULL) {
        if (lines.cut || !zm_linux_parse_mount(line, &mount) || mount.version != version) continue;
        tighten(&limit, limit_in_mount(root, &mount, path.text));
    }
    close(fd);
    return limit;
}

size_t zm_linux_cgroup_limit(const char *root) {
    size_t limit = 0;
    tighten(&limit, limit_of_version(root, 1));
    tighten(&limit, limit_of_version(root, 2));
    return limit;
}
