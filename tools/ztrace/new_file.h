/* A file that gets its name once it is whole: if ztrace ends earlier, no part of the file is
 * left. */
#ifndef TOOLS_ZTRACE_NEW_FILE_H_
#define TOOLS_ZTRACE_NEW_FILE_H_

#include <stdbool.h>

#include "tools/common/cli.h"

struct new_file {
    int fd;
    char name[CLI_PATH_SIZE]; /* a temporary one where the file system has no unnamed files */
};

/* Creates a file of the user's own in the folder of `path`.  0, or -1 with errno set. */
int new_file_create(struct new_file *file, const char *path);

/* Names it `path`.  Only with `replace` does it take the place of another file.  0, or -1
 * with errno set. */
int new_file_name(struct new_file *file, const char *path, bool replace);

/* Closes it.  If it has no name yet, it is then gone. */
void new_file_close(struct new_file *file);

#endif /* TOOLS_ZTRACE_NEW_FILE_H_ */
