/* A library that allocates when it is loaded, used and unloaded. */
#include <stdlib.h>
#include <string.h>

char *make(void);

static char *kept;
static __thread char *of_thread;

__attribute__((constructor)) static void load(void) { kept = strdup("kept while it is loaded"); }

__attribute__((destructor)) static void unload(void) {
    free(kept);
    free(of_thread);
}

char *make(void) {
    if (of_thread == NULL) of_thread = malloc(100);
    return strdup("made by a library");
}
