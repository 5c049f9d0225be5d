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
