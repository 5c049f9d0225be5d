/* For systems that do not tell the names of mappings. */
#include "zmalloc/os/os.h"

bool zm_os_mappings(void (*visit)(const struct zm_os_mapping *mapping, void *context),
                    void *context) {
    (void)visit;
    (void)context;
    return false;
}
