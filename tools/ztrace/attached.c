/* In the library that ztrace --attach loads into a process that runs: gdb has the process call
 * ztrace_attach(). */
#include <string.h>

#include "tools/ztrace/next.h"
#include "tools/ztrace/recorder.h"
#include "tools/ztrace/slots.h"

void *next_function(const char *name) { return slots_find(name); }

/* Begins to record into a file that ztrace has made, paused.  Returns how many places of calls now
 * lead here, or -1 - errno. */
__attribute__((visibility("default"))) int ztrace_attach(const char *file);

int ztrace_attach(const char *file) {
    int error = recorder_attach(file);
    if (error) return -1 - error;
    recorder_allocator(next_function("malloc"));
    return slots_replace();
}
