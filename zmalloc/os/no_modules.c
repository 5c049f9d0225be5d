/* Systems that do not tell what is loaded. */
#include "zmalloc/os/os.h"

void zm_os_modules(bool (*visit)(const struct zm_os_module *module, void *context), void *context) {
    (void)visit;
    (void)context;
}
