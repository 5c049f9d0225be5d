#include "tools/common/elf.h"

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

bool elf_open(const char *path, struct elf_image *image) {
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    void *at = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size > 0) {
        at = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0) close(fd);
    if (at == MAP_FAILED) return false;
    *image = (struct elf_image){at, (size_t)stat.st_size};
    return true;
}

void elf_close(const struct elf_image *image) { munmap((void *)image->at, image->size); }

/* `size` bytes at `offset`, or NULL. */
static const void *part(const struct elf_image *image, uint64_t offset, uint64_t size) {
    bool aligned = offset % sizeof(ElfW(Addr)) == 0;
    if (!aligned || offset > image->size || size > image->size - offset) return NULL;
    return image->at + offset;
}

/* The string at `offset`, or "". */
static const char *text(const struct elf_image *image, uint64_t offset) {
    bool ends = offset < image->size && memchr(image->at + offset, 0, image->size - offset);
    return ends ? image->at + offset : "";
}

static const ElfW(Ehdr) * header(const struct elf_image *image) {
    const ElfW(Ehdr) *elf = part(image, 0, sizeof(*elf));
    return elf && memcmp(elf->e_ident, ELFMAG, SELFMAG) == 0 ? elf : NULL;
}

const char *elf_interpreter(const struct elf_image *image) {
    const ElfW(Ehdr) *elf = header(image);
    for (unsigned i = 0; elf && i < elf->e_phnum; i++) {
        const ElfW(Phdr) *segment =
            part(image, elf->e_phoff + i * sizeof(*segment), sizeof(*segment));
        if (segment && segment->p_type == PT_INTERP) return text(image, segment->p_offset);
    }
    return NULL;
}

/* The program header with this number, or NULL. */
static const ElfW(Phdr) * segment_of(const struct elf_image *image, unsigned number) {
    const ElfW(Ehdr) *elf = header(image);
    if (number >= elf->e_phnum) return NULL;
    return part(image, elf->e_phoff + number * sizeof(ElfW(Phdr)), sizeof(ElfW(Phdr)));
}

/* Looks for the build id among notes: a head, a name and contents, the last two padded. */
static bool id_of_notes(const struct elf_image *image, const ElfW(Phdr) * notes,
                        char id[ELF_BUILD_ID_SIZE]) {
    const uint64_t align = notes->p_align == 8 ? 8 : 4;
    uint64_t at = notes->p_offset;
    const uint64_t end = at + notes->p_filesz;
    if (!part(image, at, notes->p_filesz)) return false;
    while (end - at >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)(image->at + at);
        const uint64_t name = sizeof(*note) + (uint64_t)note->n_namesz;
        const uint64_t from = (name + align - 1) & ~(align - 1);
        if (from > end - at || note->n_descsz > end - at - from) return false;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof("GNU") &&
            memcmp(note + 1, "GNU", sizeof("GNU")) == 0) {
            for (uint64_t i = 0; i < note->n_descsz && 2 * i + 2 < ELF_BUILD_ID_SIZE; i++) {
                snprintf(id + 2 * i, 3, "%02x", (unsigned char)image->at[at + from + i]);
            }
            return note->n_descsz > 0;
        }
        const uint64_t all = (from + note->n_descsz + align - 1) & ~(align - 1);
        if (all > end - at) return false;
        at += all;
    }
    return false;
}

bool elf_build_id(const struct elf_image *image, char id[ELF_BUILD_ID_SIZE]) {
    for (unsigned i = 0; i < header(image)->e_phnum; i++) {
        const ElfW(Phdr) *segment = segment_of(image, i);
        if (segment && segment->p_type == PT_NOTE && id_of_notes(image, segment, id)) return true;
    }
    return false;
}

bool elf_address(const struct elf_image *image, uint64_t offset, uint64_t *address) {
    for (unsigned i = 0; i < header(image)->e_phnum; i++) {
        const ElfW(Phdr) *segment = segment_of(image, i);
        if (!segment || segment->p_type != PT_LOAD) continue;
        if (offset < segment->p_offset || offset - segment->p_offset >= segment->p_filesz) continue;
        *address = offset - segment->p_offset + segment->p_vaddr;
        return true;
    }
    return false;
}

bool elf_is(const struct elf_image *image) { return header(image) != NULL; }

bool elf_same_cpu(const struct elf_image *one, const struct elf_image *other) {
    return one->at[EI_CLASS] == other->at[EI_CLASS] &&
           header(one)->e_machine == header(other)->e_machine;
}

static const ElfW(Shdr) * section(const struct elf_image *image, uint64_t number) {
    const ElfW(Ehdr) *elf = header(image);
    if (number >= elf->e_shnum) return NULL;
    return part(image, elf->e_shoff + number * sizeof(ElfW(Shdr)), sizeof(ElfW(Shdr)));
}

/* Whether a table of symbols names a global function, defined there or not. */
static bool table_names(const struct elf_image *image, const ElfW(Shdr) * table,
                        const char *function, bool defined) {
    const ElfW(Shdr) *strings = section(image, table->sh_link);
    const ElfW(Sym) *symbol = part(image, table->sh_offset, table->sh_size);
    for (uint64_t i = 0; strings && symbol && i < table->sh_size / sizeof(*symbol); i++) {
        unsigned char info = symbol[i].st_info; /* the same in both classes of ELF */
        if (ELF64_ST_BIND(info) == STB_LOCAL || ELF64_ST_TYPE(info) > STT_FUNC) continue;
        if ((symbol[i].st_shndx != SHN_UNDEF) != defined) continue;
        if (strcmp(text(image, strings->sh_offset + symbol[i].st_name), function) == 0) return true;
    }
    return false;
}

bool elf_has_function(const struct elf_image *image, const char *function, bool defined) {
    for (uint64_t i = 0; i < header(image)->e_shnum; i++) {
        const ElfW(Shdr) *table = section(image, i);
        if (!table || (table->sh_type != SHT_DYNSYM && table->sh_type != SHT_SYMTAB)) continue;
        if (table_names(image, table, function, defined)) return true;
    }
    return false;
}

/* The first table of symbols of this type, or NULL. */
static const ElfW(Shdr) * table_of(const struct elf_image *image, unsigned type) {
    for (uint64_t i = 0; i < header(image)->e_shnum; i++) {
        const ElfW(Shdr) *table = section(image, i);
        if (table && table->sh_type == type) return table;
    }
    return NULL;
}

bool elf_names_all(const struct elf_image *image) { return table_of(image, SHT_SYMTAB) != NULL; }

bool elf_exports(const struct elf_image *image, uint64_t address) {
    const ElfW(Shdr) *table = table_of(image, SHT_DYNSYM);
    const ElfW(Sym) *symbol = table ? part(image, table->sh_offset, table->sh_size) : NULL;
    for (uint64_t i = 0; symbol && i < table->sh_size / sizeof(*symbol); i++) {
        const unsigned type = ELF64_ST_TYPE(symbol[i].st_info);
        if (type != STT_FUNC && type != STT_GNU_IFUNC) continue;
        if (symbol[i].st_shndx == SHN_UNDEF || address < symbol[i].st_value) continue;
        if (address - symbol[i].st_value < symbol[i].st_size) return true;
    }
    return false;
}

bool elf_needs(const struct elf_image *image, const char *library) {
    for (uint64_t i = 0; i < header(image)->e_shnum; i++) {
        const ElfW(Shdr) *dynamic = section(image, i);
        if (!dynamic || dynamic->sh_type != SHT_DYNAMIC) continue;
        const ElfW(Shdr) *strings = section(image, dynamic->sh_link);
        const ElfW(Dyn) *entry = part(image, dynamic->sh_offset, dynamic->sh_size);
        for (uint64_t e = 0; strings && entry && e < dynamic->sh_size / sizeof(*entry); e++) {
            if (entry[e].d_tag != DT_NEEDED) continue;
            const char *name = text(image, strings->sh_offset + entry[e].d_un.d_val);
            if (strncmp(name, library, strlen(library)) == 0) return true;
        }
    }
    return false;
}

bool elf_gains_rights(const char *path) {
    struct stat file;
    if (stat(path, &file) != 0) return false;
    if (file.st_mode & S_ISUID && file.st_uid != getuid()) return true;
    if (file.st_mode & S_ISGID && file.st_mode & S_IXGRP && file.st_gid != getgid()) return true;
    return getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

bool elf_script(const struct elf_image *image, char name[ELF_SCRIPT_SIZE]) {
    size_t size = image->size < ELF_SCRIPT_SIZE ? image->size : ELF_SCRIPT_SIZE;
    if (size < 2 || memcmp(image->at, "#!", 2) != 0) return false;
    memcpy(name, image->at + 2, size - 2);
    name[size - 2] = '\0';
    size_t begin = strspn(name, " \t");
    size_t end = begin + strcspn(name + begin, " \t\n");
    /* Linux does not take a name that may go on behind what it reads. */
    if (end == begin || (end == size - 2 && image->size >= ELF_SCRIPT_SIZE)) return false;
    memmove(name, name + begin, end - begin);
    name[end - begin] = '\0';
    return true;
}

bool elf_open_program(char path[CLI_PATH_SIZE], struct elf_image *image) {
    enum { MOST_SCRIPTS = 5 }; /* the interpreter of a script may be a script itself */
    char name[ELF_SCRIPT_SIZE];
    bool again = true;
    for (int i = 0; again && i < MOST_SCRIPTS && elf_open(path, image); i++) {
        if (elf_is(image)) return true;
        again = elf_script(image, name) && cli_resolve(name, path);
        elf_close(image);
    }
    return false;
}

bool elf_find(const char *name, char found[CLI_PATH_SIZE]) {
    const char *path = getenv("PATH");
    char at[CLI_PATH_SIZE];
    if (strchr(name, '/') || !path) return cli_resolve(name, found);
    for (;;) {
        int size = (int)strcspn(path, ":");
        int all = snprintf(at, sizeof(at), "%.*s%s%s", size, path, size ? "/" : "", name);
        if (all < CLI_PATH_SIZE && cli_resolve(at, found) && access(found, X_OK) == 0) return true;
        if (!path[size]) return false;
        path += size + 1;
    }
}
