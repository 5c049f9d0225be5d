/* Libraries that LD_PRELOAD takes. */
#include <errno.h>
#include <string.h>

#include "tools/common/elf.h"
#include "tools/common/variant.h"

bool variant_library(const char *tool, const char *spec, const char *path,
                     char library[CLI_PATH_SIZE]) {
    struct elf_image image, own;
    bool found = cli_preloadable(path, library);
    if (!found && errno != EINVAL) return variant_fail(tool, spec, strerror(errno), "");
    if (!found || strchr(library, '\n')) {
        return variant_fail(tool, spec, "LD_PRELOAD cannot take a name with a space or a colon",
                            "");
    }
    if (!elf_open(library, &image)) {
        return variant_fail(tool, spec, "cannot be read as a library", "");
    }
    bool ok = elf_is(&image);
    if (ok && elf_open("/proc/self/exe", &own)) {
        ok = elf_same_cpu(&image, &own);
        elf_close(&own);
    }
    bool allocates = ok && elf_has_function(&image, "malloc", true);
    elf_close(&image);
    if (!ok) return variant_fail(tool, spec, "is no shared library for this CPU", "");
    return allocates || variant_fail(tool, spec, "defines no malloc", "");
}
