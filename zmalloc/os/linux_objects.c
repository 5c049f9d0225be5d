/* The files with code, from /proc/self/maps. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc/os/linux_proc.h"
#include "zmalloc/os/objects.h"
#include "zmalloc/os/os.h"

enum { LINE_SIZE = 1024 };

/* A line of /proc/self/maps. */
struct mapping {
    uintptr_t begin, end;
    bool may_be_read, is_code;
    uint64_t offset; /* in its file */
    char *path;      /* "": it has no file */
};

/* "BEGIN-END PERMISSIONS OFFSET DEVICE INODE  PATH" */
static bool parse(char *line, struct mapping *mapping) {
    char *at;
    mapping->begin = (uintptr_t)strtoull(line, &at, 16);
    if (*at++ != '-') return false;
    mapping->end = (uintptr_t)strtoull(at, &at, 16);
    if (*at++ != ' ' || strlen(at) < 5) return false;
    mapping->may_be_read = at[0] == 'r';
    mapping->is_code = at[2] == 'x';
    mapping->offset = strtoull(at + 5, &at, 16);
    at = strchr(at, '/');
    mapping->path = at ? at : line + strlen(line);
    return true;
}

/* The headers of a file whose beginning is mapped; false: it is no such file. */
static bool read_headers(const struct mapping *first, struct dl_phdr_info *object) {
    const ElfW(Ehdr) *file = (const ElfW(Ehdr) *)first->begin;
    const uintptr_t size = first->end - first->begin, page = zm_os_page_size();
    if (size < sizeof *file || memcmp(file->e_ident, ELFMAG, SELFMAG) != 0) return false;
    if (file->e_phentsize != sizeof(ElfW(Phdr)) || file->e_phoff > size ||
        file->e_phnum > (size - file->e_phoff) / sizeof(ElfW(Phdr)))
        return false;
    object->dlpi_phdr = (const ElfW(Phdr) *)(first->begin + file->e_phoff);
    object->dlpi_phnum = file->e_phnum;
    for (unsigned i = 0; i < file->e_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_offset >= page) continue;
        object->dlpi_addr = first->begin - (segment->p_vaddr & ~(page - 1));
        return true;
    }
    return false;
}

/* Code that follows the beginning of the same file is loaded; a file that the program maps to read
 * it has none. */
static void visit_files(struct zm_linux_lines *lines,
                        int (*visit)(struct dl_phdr_info *object, size_t size, void *context),
                        void *context) {
    char path[LINE_SIZE] = "";
    struct mapping first = {.begin = 0}, mapping;
    char *line;
    while ((line = zm_linux_next_line(lines)) != NULL) {
        struct dl_phdr_info object = {.dlpi_name = path};
        if (!parse(line, &mapping)) continue;
        if (mapping.offset == 0 && mapping.may_be_read) {
            first = mapping;
            strcpy(path, mapping.path); /* lines are no longer */
        }
        if (!mapping.is_code || *path == '\0' || strcmp(mapping.path, path) != 0) continue;
        if (read_headers(&first, &object) && visit(&object, sizeof object, context) != 0) return;
        *path = '\0';
    }
}

bool zm_os_loaded_objects(int (*visit)(struct dl_phdr_info *object, size_t size, void *context),
                          void *context) {
    char buffer[LINE_SIZE];
    struct zm_linux_lines lines;
    int fd = zm_linux_open("", "/proc/self/maps");
    if (fd < 0) return false;
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, zm_linux_read_source, &fd);
    visit_files(&lines, visit, context);
    close(fd);
    return true;
}
