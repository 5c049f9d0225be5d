/* Runs the fragmentation benchmark over each allocator that can be defragmented, handing on the
 * arguments. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/run.h"

static const char tool[] = "fragmentation";

/* From the build: "jemalloc", ... */
static const char *const variants[] = {FRAGMENTATION_VARIANTS};

static int run(const char *argv0, const char *variant, char **argv) {
    char program[128], path[CLI_PATH_SIZE], *output;
    int status;
    (void)snprintf(program, sizeof program, "tools/zbench/fragmentation_%s", variant);
    if (!cli_find(argv0, program, path)) {
        cli_error(tool, "%s is neither among the runfiles nor beside the program", program);
        return CLI_USAGE;
    }
    argv[0] = path;
    if (cli_run(argv, NULL, &output, &status) != 0) {
        cli_error(tool, "%s: %s", path, strerror(errno));
        return CLI_USAGE;
    }
    fputs(output, stdout);
    free(output);
    return status != 0 ? status : cli_printed(tool);
}

int main(int argc, char **argv) {
    const char *argv0 = argv[0];
    (void)argc;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        const int status = run(argv0, variants[i], argv);
        if (status != 0) return status;
    }
    return 0;
}
