/* Linked statically: no library can be preloaded.  With an argument it prints "ready", and waits
 * for the end of its input. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    (void)argv;
    free(malloc(1));
    if (argc > 1 && puts("ready") >= 0 && fflush(stdout) == 0) (void)getchar();
    return 0;
}
