#include <stdlib.h>
#include <string.h>

#include "malloc/run_check.h"
#include "tools/common/cli.h"

/* Whether macOS protects the program's folder: then its loader takes no library from the user. */
static bool is_protected(const char *path) {
    static const char *const folders[] = {"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/System/"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (strncmp(path, folders[i], strlen(folders[i])) == 0) return true;
    }
    return false;
}

/* Only a name with a slash is looked at. */
bool run_check_program(const char *tool, const char *program) {
    if (!is_protected(program)) return true;
    cli_error(tool, "%s is a part of macOS: the loader preloads nothing into it", program);
    return false;
}
