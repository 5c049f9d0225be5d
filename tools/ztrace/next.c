#include "tools/ztrace/next.h"

#include <dlfcn.h>

void *next_function(const char *name) { return dlsym(RTLD_NEXT, name); }
