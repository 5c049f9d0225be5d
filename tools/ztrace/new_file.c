#include "tools/ztrace/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/common/cli.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* An unnamed file can be linked by this name. */
static void name_of_descriptor(int fd, char name[64]) {
    snprintf(name, 64, "/proc/self/fd/%d", fd);
}

/* A name in the folder of `path`; false when it gets too long. */
static bool beside(const char *path, const char *name, char result[CLI_PATH_SIZE]) {
    int folder = (int)(cli_base_name(path) - path);
    errno = ENAMETOOLONG;
    return snprintf(result, CLI_PATH_SIZE, "%.*s%s", folder, path, name) < CLI_PATH_SIZE;
}

int new_file_create(struct new_file *file, const char *path) {
    char folder[CLI_PATH_SIZE], descriptor[64];
    if (!beside(path, ".", folder)) return -1;
    file->name[0] = '\0';
    file->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    name_of_descriptor(file->fd, descriptor);
    if (file->fd >= 0 && access(descriptor, F_OK) == 0) return 0;
    if (file->fd >= 0) close(file->fd);
    if (!beside(path, ".ztrace-XXXXXX", file->name)) return -1;
    file->fd = mkostemp(file->name, O_CLOEXEC);
    if (file->fd < 0) file->name[0] = '\0';
    return file->fd < 0 ? -1 : 0;
}

/* A file system may know only one of the two ways of not replacing a file. */
static int move_to_free_name(const char *from, const char *to) {
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    return link(from, to) == 0 ? unlink(from) : -1;
}

/* A file needs a name before it can replace another. */
static int give_temporary_name(struct new_file *file, const char *path) {
    char descriptor[64], name[64];
    name_of_descriptor(file->fd, descriptor);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), ".ztrace-%ld-%d", (long)getpid(), i);
        if (!beside(path, name, file->name)) break;
        if (linkat(AT_FDCWD, descriptor, AT_FDCWD, file->name, AT_SYMLINK_FOLLOW) == 0) return 0;
        if (errno != EEXIST) break;
    }
    file->name[0] = '\0';
    return -1;
}

int new_file_name(struct new_file *file, const char *path, bool replace) {
    char descriptor[64];
    int result;
    name_of_descriptor(file->fd, descriptor);
    if (!replace && !file->name[0]) {
        return linkat(AT_FDCWD, descriptor, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
    }
    if (!file->name[0] && give_temporary_name(file, path) != 0) return -1;
    result = replace ? rename(file->name, path) : move_to_free_name(file->name, path);
    if (result == 0) file->name[0] = '\0';
    return result;
}

void new_file_close(struct new_file *file) {
    close(file->fd);
    if (file->name[0]) unlink(file->name);
}
