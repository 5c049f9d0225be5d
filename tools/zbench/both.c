/* Runs the fragmentation benchmark over jemalloc with our extension and over
 * jemalloc as it is released, handing on the arguments. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/common/cli.h"

static const char tool[] = "fragmentation";

static int run(const char *argv0, const char *program, char **argv) {
    char path[CLI_PATH_SIZE];
    int status;
    if (!cli_find(argv0, program, path)) {
        cli_error(tool, "cannot find %s; run it with `bazel run`", program);
        return CLI_USAGE;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execv(path, argv);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        cli_error(tool, "cannot run %s", path);
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv) {
    (void)argc;
    int status = run(argv[0], "tools/zbench/fragmentation_jemalloc", argv);
    if (status != 0) return status;
    return run(argv[0], "tools/zbench/fragmentation_jemalloc_stock", argv);
}
