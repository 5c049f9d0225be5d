#include "zmalloc/profile/modules.h"

#include <errno.h>
#include <string.h>

struct sizes {
    size_t count, text; /* modules; bytes of their paths and build ids */
};

static size_t text_size(const struct zm_os_module *module) {
    return strlen(module->path) + 1 + module->build_id_size;
}

static bool measure(const struct zm_os_module *module, void *context) {
    struct sizes *sizes = context;
    sizes->count++;
    sizes->text += text_size(module);
    return true;
}

/* Modules are copied to the front of the mapping, their texts to its end. */
struct copy {
    struct zm_modules *modules;
    size_t most;
    char *text, *end;
};

/* Leaves out what was loaded after measure(). */
static bool copy_module(const struct zm_os_module *module, void *context) {
    struct copy *copy = context;
    if (copy->modules->count == copy->most) return false;
    if (text_size(module) > (size_t)(copy->end - copy->text)) return false;
    struct zm_os_module *mine = &copy->modules->at[copy->modules->count++];
    const size_t path = strlen(module->path) + 1;
    *mine = *module;
    mine->path = memcpy(copy->text, module->path, path);
    copy->text += path;
    if (module->build_id_size == 0) return true;
    mine->build_id = memcpy(copy->text, module->build_id, module->build_id_size);
    copy->text += module->build_id_size;
    return true;
}

bool zm_modules_read(struct zm_modules *modules) {
    struct sizes sizes = {0, 0};
    memset(modules, 0, sizeof *modules);
    zm_os_modules(measure, &sizes);
    if (sizes.count == 0) return true;
    modules->mapped = sizes.count * sizeof *modules->at + sizes.text;
    modules->at = zm_os_map(modules->mapped);
    if (modules->at == NULL) {
        errno = ENOMEM;
        return false;
    }
    char *text = (char *)(modules->at + sizes.count);
    struct copy copy = {modules, sizes.count, text, text + sizes.text};
    zm_os_modules(copy_module, &copy);
    return true;
}

void zm_modules_free(struct zm_modules *modules) {
    if (modules->at != NULL) zm_os_unmap(modules->at, modules->mapped);
}

size_t zm_modules_find(const struct zm_modules *modules, uintptr_t address) {
    size_t i = 0;
    while (i < modules->count &&
           (address < modules->at[i].start || address >= modules->at[i].end)) {
        i++;
    }
    return i;
}
