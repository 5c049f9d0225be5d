/* The mappings of this process, by name. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc/os/linux_proc.h"
#include "zmalloc/os/os.h"

/* Of a longer name the end is kept, which tells more than the beginning. */
enum { NAME_SIZE = 80 };

/* The mapping whose lines are being read. */
struct current {
    bool exists;
    char name[NAME_SIZE];
    struct zm_os_mapping mapping;
};

/* A mapping's first line begins with an address in small hexadecimal digits, the others with a
 * capital letter. */
static bool is_first(const char *line) {
    return (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f');
}

/* Address, permissions, offset, device and inode come before the name. */
static const char *name_in(const char *line) {
    for (int word = 0; word < 5; word++) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return line;
}

static void begin(struct current *current, const char *line) {
    const char *name = name_in(line);
    const size_t length = strlen(name);
    if (length >= NAME_SIZE) name += length - (NAME_SIZE - 1);
    current->exists = true;
    memcpy(current->name, name, strlen(name) + 1);
    current->mapping = (struct zm_os_mapping){.name = current->name};
}

/* Adds the number of a line "FIELD NUMBER kB" if it is of this field. */
static void add(const char *line, const char *field, size_t *sum) {
    const size_t length = strlen(field);
    const char *at = line + length;
    size_t number;
    if (strncmp(line, field, length) != 0 || !zm_linux_parse_size(&at, &number)) return;
    if (__builtin_mul_overflow(number, (size_t)1024, &number) ||
        __builtin_add_overflow(*sum, number, sum)) {
        *sum = SIZE_MAX;
    }
}

bool zm_linux_smaps_mappings(struct zm_linux_lines *lines,
                             void (*visit)(const struct zm_os_mapping *mapping, void *context),
                             void *context) {
    struct current current = {.exists = false};
    const char *line;
    while ((line = zm_linux_next_line(lines)) != NULL) {
        if (is_first(line)) {
            if (current.exists) visit(&current.mapping, context);
            begin(&current, line);
        } else {
            add(line, "Rss:", &current.mapping.resident);
            add(line, "AnonHugePages:", &current.mapping.huge);
        }
    }
    if (current.exists) visit(&current.mapping, context);
    return current.exists;
}

/* The buffer is smaller than others of these: a report has more on the stack. */
bool zm_linux_mappings(const char *root,
                       void (*visit)(const struct zm_os_mapping *mapping, void *context),
                       void *context) {
    char buffer[1024];
    struct zm_linux_lines lines;
    int fd = zm_linux_open(root, "/proc/self/smaps");
    if (fd < 0) return false;
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, zm_linux_read_source, &fd);
    const bool found = zm_linux_smaps_mappings(&lines, visit, context);
    close(fd);
    return found;
}
