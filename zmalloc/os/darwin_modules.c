/* The program and its libraries in memory, on macOS. */
#include <mach-o/dyld.h>
#include <mach-o/loader.h>
#include <string.h>

#include "zmalloc/os/os.h"

/* Reads the load commands: where the code is, and the UUID. */
static bool read_module(const struct mach_header_64 *header, uintptr_t bias,
                        struct zm_os_module *module) {
    const char *at = (const char *)(header + 1);
    bool found = false;
    for (uint32_t i = 0; i < header->ncmds; i++) {
        const struct load_command *command = (const void *)at;
        if (command->cmd == LC_SEGMENT_64) {
            const struct segment_command_64 *segment = (const void *)at;
            if (strcmp(segment->segname, SEG_TEXT) == 0) {
                module->start = (uintptr_t)segment->vmaddr + bias;
                module->end = module->start + (uintptr_t)segment->vmsize;
                module->offset = segment->fileoff;
                found = true;
            }
        } else if (command->cmd == LC_UUID) {
            const struct uuid_command *uuid = (const void *)at;
            module->build_id = uuid->uuid;
            module->build_id_size = sizeof uuid->uuid;
        }
        at += command->cmdsize;
    }
    return found;
}

/* dyld lets no one hold its lock: a library that is unloaded meanwhile may be missed. */
void zm_os_modules(bool (*visit)(const struct zm_os_module *module, void *context), void *context) {
    uint32_t count = _dyld_image_count();
    for (uint32_t i = 0; i < count; i++) {
        const struct mach_header *header = _dyld_get_image_header(i);
        const char *path = _dyld_get_image_name(i);
        struct zm_os_module module = {.bias = (uintptr_t)_dyld_get_image_vmaddr_slide(i),
                                      .path = path ? path : ""};
        if (header == NULL || header->magic != MH_MAGIC_64) continue;
        if (!read_module((const struct mach_header_64 *)header, module.bias, &module)) continue;
        if (!visit(&module, context)) return;
    }
}
