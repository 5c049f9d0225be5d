/* A copy of what is loaded, so that the loader's lock is not held while a profile is written. */
#ifndef ZMALLOC_PROFILE_MODULES_H_
#define ZMALLOC_PROFILE_MODULES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmalloc/os/os.h"

struct zm_modules {
    struct zm_os_module *at;
    size_t count;
    size_t mapped; /* bytes */
};

/* False, with errno, when there is no memory. */
bool zm_modules_read(struct zm_modules *modules);
void zm_modules_free(struct zm_modules *modules);

/* The index of the module with this address; `count` when there is none. */
size_t zm_modules_find(const struct zm_modules *modules, uintptr_t address);

#endif /* ZMALLOC_PROFILE_MODULES_H_ */
