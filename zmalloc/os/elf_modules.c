/* The program and its libraries in memory, on systems with ELF files. */
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc/os/loader.h"
#include "zmalloc/os/objects.h"
#include "zmalloc/os/os.h"

enum { PROGRAM_PATH = 1024 };

struct visitor {
    bool (*visit)(const struct zm_os_module *module, void *context);
    void *context;
    bool is_first;
};

/* Whether the bytes of the segment are in memory. */
static bool is_loaded(const struct dl_phdr_info *object, const ElfW(Phdr) * part) {
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || part->p_vaddr < segment->p_vaddr) continue;
        size_t at = part->p_vaddr - segment->p_vaddr;
        if (at <= segment->p_filesz && part->p_memsz <= segment->p_filesz - at) return true;
    }
    return false;
}

/* Looks for the build id among the notes in [at, at + size): sizes of a name and of contents, a
 * type, the name, the contents; the last two are padded. */
static bool find_build_id(const unsigned char *at, size_t size, size_t align,
                          struct zm_os_module *module) {
    ElfW(Nhdr) note;
    while (size >= sizeof note) {
        memcpy(&note, at, sizeof note);
        size_t name = (sizeof note + (size_t)note.n_namesz + align - 1) & ~(align - 1);
        size_t all = (name + (size_t)note.n_descsz + align - 1) & ~(align - 1);
        if (name > size || note.n_descsz > size - name) return false;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof "GNU" &&
            memcmp(at + sizeof note, "GNU", sizeof "GNU") == 0) {
            module->build_id = at + name;
            module->build_id_size = note.n_descsz;
            return true;
        }
        if (all >= size) return false;
        at += all;
        size -= all;
    }
    return false;
}

static void read_build_id(const struct dl_phdr_info *object, struct zm_os_module *module) {
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_NOTE || !is_loaded(object, segment)) continue;
        const unsigned char *notes = (const unsigned char *)(object->dlpi_addr + segment->p_vaddr);
        if (find_build_id(notes, segment->p_memsz, segment->p_align == 8 ? 8 : 4, module)) return;
    }
}

/* The loader does not know the program's path, or only that which it was called by. */
static void read_program_path(char path[PROGRAM_PATH], struct zm_os_module *module) {
    ssize_t length = readlink("/proc/self/exe", path, PROGRAM_PATH - 1);
    if (length <= 0) return;
    path[length] = '\0';
    module->path = path;
}

static int visit_object(struct dl_phdr_info *object, size_t size, void *context) {
    char program[PROGRAM_PATH];
    struct visitor *visitor = context;
    struct zm_os_module module = {.bias = object->dlpi_addr,
                                  .path = object->dlpi_name ? object->dlpi_name : ""};
    const uintptr_t page = zm_os_page_size();
    bool more = true;
    (void)size;
    if (visitor->is_first) read_program_path(program, &module);
    visitor->is_first = false;
    read_build_id(object, &module);
    for (unsigned i = 0; more && i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
        uintptr_t start = object->dlpi_addr + segment->p_vaddr, before = start & (page - 1);
        module.start = start - before;
        module.end = (start + segment->p_memsz + page - 1) & ~(page - 1);
        module.offset = segment->p_offset - before;
        more = visitor->visit(&module, visitor->context);
    }
    return !more;
}

void zm_os_modules(bool (*visit)(const struct zm_os_module *module, void *context), void *context) {
    struct visitor visitor = {visit, context, true};
    if (zm_loader_may_stay_locked() && zm_os_loaded_objects(visit_object, &visitor)) return;
    (void)zm_loader_handle_fork(); /* failed: there is no memory */
    zm_loader_enter_when_possible();
    (void)dl_iterate_phdr(visit_object, &visitor);
    zm_loader_leave();
}
