#include "tools/zreplay/background.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/zreplay/trace_clock.h"
#include "zmalloc/zmalloc.h"

static bool *background_runs;

/* A preloaded jemalloc has its own name for it. */
static bool turn_on(void) {
    int (*mallctl)(const char *, void *, size_t *, void *, size_t) = NULL;
    bool on = true;
    if (zmalloc_background_purge(true) == 0) return true;
    *(void **)&mallctl = dlsym(RTLD_DEFAULT, "mallctl");
    return mallctl && mallctl("background_thread", NULL, NULL, &on, sizeof(on)) == 0;
}

/* The thread begins when it first sleeps, which takes it a moment of real time. */
static void begin(void) {
    const struct timespec shortly = {.tv_nsec = 100000};
    enum { MOST_PAUSES = 20000 };
    *background_runs = turn_on();
    for (int i = 0; *background_runs && i < MOST_PAUSES && !trace_clock_has_sleepers(); i++) {
        nanosleep(&shortly, NULL);
    }
}

void background_begin(const struct ops *ops, bool *runs) {
    const char *settings = getenv("MALLOC_CONF"), name[] = "background_thread:";
    const char *setting = settings ? strstr(settings, name) : NULL;
    background_runs = runs;
    if (!trace_clock_works()) return;
    if (setting) {
        if (strncmp(setting + strlen(name), "true", 4) == 0) begin();
    } else if (ops->background_ms != OPS_NEVER) {
        trace_clock_at(ops_clock_at(ops, ops->background_ms), begin);
    }
}
