#include "tools/ztrace/inspect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/common/cli.h"
#include "tools/common/elf.h"

/* Whether it calls functions of an allocator, linked or preloaded, that do not call malloc. */
static bool has_other_new(const struct elf_image *image) {
    static const char *const libraries[] = {"libtcmalloc", "libjemalloc", "libmimalloc", NULL};
    static const char *const functions[] = {"_Znwm",   "_Znam",   "_Znwj",    "_Znaj", "mallocx",
                                            "rallocx", "dallocx", "sdallocx", NULL};
    const char *preloaded = getenv("LD_PRELOAD");
    bool there = false, calls = false;
    for (size_t i = 0; libraries[i]; i++) {
        there = there || elf_needs(image, libraries[i]) ||
                (preloaded && strstr(preloaded, libraries[i]));
    }
    for (size_t i = 0; there && functions[i]; i++) {
        calls = calls || elf_has_function(image, functions[i], false);
    }
    return calls;
}

/* The dynamic linker can be started as a program, and loads the one that its arguments name. */
static bool is_linker(const char *path, const char *linker) {
    struct stat program, other;
    return linker && stat(path, &program) == 0 && stat(linker, &other) == 0 &&
           program.st_dev == other.st_dev && program.st_ino == other.st_ino;
}

static struct obstacle inspect_linked(const struct elf_image *image, const struct elf_image *own,
                                      const char *path) {
    const char *linker = elf_interpreter(image), *ours = elf_interpreter(own);
    if (is_linker(path, ours)) return (struct obstacle){INSPECT_NOTHING, NULL, false};
    if (!linker)
        return (struct obstacle){INSPECT_STATIC, "is statically linked, and not recorded", false};
    if (ours && strcmp(cli_base_name(linker), cli_base_name(ours)) != 0) {
        return (struct obstacle){INSPECT_OTHER_LIBC, "is for another libc than ztrace's library",
                                 true};
    }
    if (elf_has_function(image, "malloc", true)) {
        return (struct obstacle){
            INSPECT_OWN_MALLOC,
            "has a malloc of its own; only calls that reach the libc's are recorded", false};
    }
    return (struct obstacle){has_other_new(image) ? INSPECT_OTHER_NEW : INSPECT_NOTHING, NULL,
                             false};
}

static struct obstacle inspect_elf(const struct elf_image *image, const char *path) {
    struct obstacle found = {INSPECT_OTHER_CPU, "is for another CPU than ztrace, and not recorded",
                             false};
    struct elf_image own;
    if (!elf_open("/proc/self/exe", &own)) return (struct obstacle){INSPECT_NOTHING, NULL, false};
    bool alike = elf_same_cpu(image, &own);
    if (alike) found = inspect_linked(image, &own, path);
    if (alike && !found.text && elf_gains_rights(path)) {
        found.kind = INSPECT_RIGHTS;
        found.text = "is setuid, setgid or has capabilities, and not recorded";
    }
    elf_close(&own);
    return found;
}

struct obstacle inspect_program(const char *name) {
    struct obstacle found = {INSPECT_NOTHING, NULL, false};
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded && strstr(preloaded, "asan")) {
        return (struct obstacle){INSPECT_ASAN,
                                 "would have AddressSanitizer from LD_PRELOAD, where ztrace's "
                                 "library has to be the first",
                                 true};
    }
    struct elf_image image;
    char path[CLI_PATH_SIZE];
    if (elf_find(name, path) && elf_open_program(path, &image)) {
        found = inspect_elf(&image, path);
        elf_close(&image);
    }
    return found;
}
