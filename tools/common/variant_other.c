/* Nothing is preloaded on other systems than Linux. */
#include "tools/common/variant.h"

bool variant_library(const char *tool, const char *spec, const char *path,
                     char library[CLI_PATH_SIZE]) {
    (void)path;
    (void)library;
    return variant_fail(tool, spec, "libraries can be preloaded on Linux only", "");
}
