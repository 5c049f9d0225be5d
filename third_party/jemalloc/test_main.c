/*
 * Adapts jemalloc's own tests to Bazel.  The build renames their main to
 * jemalloc_test_main.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_PASS, STATUS_SKIP };

int jemalloc_test_main(void);

/* Sets jemalloc's options before jemalloc reads them.  As in upstream's runner, they come from
 * the script beside the test, here for a build with fill and without profiling. */
__attribute__((constructor(101))) static void read_options(void) {
    char options[1024] = "";
    if (getenv("JEMALLOC_TEST_SH") == NULL) return;
    FILE *script =
        popen("enable_fill=1; . \"./$JEMALLOC_TEST_SH\"; printf %s \"$MALLOC_CONF\"", "r");
    if (script == NULL || fgets(options, sizeof(options), script) == NULL) options[0] = '\0';
    if (script == NULL || pclose(script) != 0) abort();
    setenv("JE_MALLOC_CONF", options, 1);
}

/* A skipped test has status 1, which Bazel takes for a failure.  Here it passes, and the log
 * says which cases were skipped. */
int main(void) {
    int status = jemalloc_test_main();
    return status == STATUS_SKIP ? STATUS_PASS : status;
}
