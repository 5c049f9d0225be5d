#include "tools/common/procfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool procfs_read(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t n = 0;
    while (fd >= 0 && used + 1 < size && (n = read(fd, text + used, size - used - 1)) > 0) {
        used += (size_t)n;
    }
    if (fd >= 0) close(fd);
    text[used] = '\0';
    return used > 0 && n >= 0;
}

bool procfs_read_of(pid_t pid, const char *file, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return procfs_read(path, text, size);
}

const char *procfs_field(const char *text, const char *name) {
    char key[32];
    snprintf(key, sizeof(key), "\n%s:", name);
    const char *at = strstr(text, key);
    return at ? at + strlen(key) : NULL;
}

bool procfs_bytes(const char *text, const char *name, uint64_t *bytes) {
    const char *at = procfs_field(text, name);
    if (at) *bytes = strtoull(at, NULL, 10) * 1024;
    return at != NULL;
}

const char *procfs_stat_field(const char *text, int number) {
    const char *at = strrchr(text, ')'); /* ends the second field, the name */
    for (int field = 2; at && field < number; field++) {
        at = strchr(at, ' ');
        if (at) at++;
    }
    return at;
}

uint64_t procfs_stat_number(const char *text, int number) {
    const char *at = procfs_stat_field(text, number);
    return at ? strtoull(at, NULL, 10) : 0;
}

bool procfs_stat_lives(const char *text) {
    const char *state = procfs_stat_field(text, PROCFS_STATE);
    return state && *state != 'Z' && *state != 'X';
}
