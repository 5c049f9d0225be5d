#include "tools/ztrace/slots.h"

#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Kinds of places: for a call, which may not be filled in yet; for an address; in a table of the
 * program's. */
#if defined(__x86_64__)
enum { CALL = R_X86_64_JUMP_SLOT, ADDRESS = R_X86_64_GLOB_DAT, DATA = R_X86_64_64 };
#elif defined(__aarch64__)
enum { CALL = R_AARCH64_JUMP_SLOT, ADDRESS = R_AARCH64_GLOB_DAT, DATA = R_AARCH64_ABS64 };
#else
enum { CALL = -1, ADDRESS = -1, DATA = -1 }; /* attach.c refuses other CPUs */
#endif

struct range {
    uintptr_t start, limit;
};

struct places {
    const ElfW(Rela) * at;
    size_t count;
};

/* A loaded object: the program, or a library. */
struct object {
    uintptr_t base;
    struct range memory, sealed; /* the linker made the latter read-only */
    const ElfW(Sym) * symbols;
    size_t symbol_count;
    const char *names;
    const ElfW(Half) * versions; /* or NULL */
    struct places calls, others;
};

static bool is_in(const struct range *range, uintptr_t address) {
    return address >= range->start && address < range->limit;
}

static bool is_own(const struct object *object) {
    return is_in(&object->memory, (uintptr_t)&slots_find);
}

/* ---- Reading an object ------------------------------------------------------ */

/* Tables of symbols do not tell how long they are. */
static size_t count_symbols(const uint32_t *hash) {
    const uint32_t buckets = hash[0], first = hash[1], words = hash[2];
    const uint32_t *bucket = hash + 4 + words * (sizeof(ElfW(Addr)) / sizeof(*hash));
    const uint32_t *chain = bucket + buckets;
    uint32_t last = 0;
    for (uint32_t i = 0; i < buckets; i++) {
        if (bucket[i] > last) last = bucket[i];
    }
    if (last < first) return first;
    while (!(chain[last - first] & 1)) last++;
    return last + 1;
}

/* The linker has made most of these addresses absolute. */
static const void *table(const struct object *object, ElfW(Addr) address) {
    return (const void *)(address < object->base ? object->base + address : address);
}

static void read_dynamic(struct object *object, const ElfW(Dyn) * entry) {
    for (; entry->d_tag != DT_NULL; entry++) {
        const void *at = table(object, entry->d_un.d_ptr);
        const size_t size = entry->d_un.d_val;
        switch (entry->d_tag) {
            case DT_SYMTAB:
                object->symbols = at;
                break;
            case DT_STRTAB:
                object->names = at;
                break;
            case DT_VERSYM:
                object->versions = at;
                break;
            case DT_HASH:
                object->symbol_count = ((const uint32_t *)at)[1];
                break;
            case DT_GNU_HASH:
                object->symbol_count = count_symbols(at);
                break;
            case DT_JMPREL:
                object->calls.at = at;
                break;
            case DT_PLTRELSZ:
                object->calls.count = size / sizeof(ElfW(Rela));
                break;
            case DT_RELA:
                object->others.at = at;
                break;
            case DT_RELASZ:
                object->others.count = size / sizeof(ElfW(Rela));
                break;
            default:
                break;
        }
    }
}

static bool read_object(const struct dl_phdr_info *info, struct object *object) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const ElfW(Dyn) *dynamic = NULL;
    *object = (struct object){.base = info->dlpi_addr, .memory = {.start = UINTPTR_MAX}};
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const uintptr_t start = object->base + segment->p_vaddr;
        const uintptr_t limit = start + segment->p_memsz;
        if (segment->p_type == PT_DYNAMIC) dynamic = (const void *)start;
        /* As the linker does: a page that also holds other data stays writable. */
        if (segment->p_type == PT_GNU_RELRO)
            object->sealed = (struct range){start & ~(page - 1), limit & ~(page - 1)};
        if (segment->p_type != PT_LOAD) continue;
        if (start < object->memory.start) object->memory.start = start;
        if (limit > object->memory.limit) object->memory.limit = limit;
    }
    if (dynamic) read_dynamic(object, dynamic);
    return object->symbols && object->names;
}

/* ---- Functions by name -------------------------------------------------------- */

/* Whether the object offers it to others as a function.  Old versions of functions are hidden. */
static bool is_offered(const struct object *object, size_t number) {
    enum { HIDDEN = 0x8000 };
    const ElfW(Sym) *symbol = &object->symbols[number];
    const unsigned bind = ELF64_ST_BIND(symbol->st_info);
    return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
           ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && (bind == STB_GLOBAL || bind == STB_WEAK) &&
           !(object->versions && object->versions[number] & HIDDEN);
}

struct search {
    const char *name;
    uintptr_t found;
};

static int find_in(struct dl_phdr_info *info, size_t size, void *context) {
    struct search *search = context;
    struct object object;
    (void)size;
    if (!read_object(info, &object) || is_own(&object)) return 0;
    for (size_t i = 1; i < object.symbol_count && !search->found; i++) {
        const char *name = object.names + object.symbols[i].st_name;
        if (strcmp(name, search->name) != 0 || !is_offered(&object, i)) continue;
        search->found = object.base + object.symbols[i].st_value;
    }
    return search->found != 0;
}

/* Not by dlsym(): in a program that is not position independent it finds the program's own way to
 * the function, which leads through a place that is replaced. */
void *slots_find(const char *name) {
    struct search search = {name, 0};
    (void)dl_iterate_phdr(find_in, &search);
    return (void *)search.found;
}

/* ---- Replacing ------------------------------------------------------------------ */

enum { MOST_FUNCTIONS = 128 };

static struct function {
    const char *name;
    uintptr_t before, own;
} functions[MOST_FUNCTIONS];
static size_t function_count;

static int take_own(struct dl_phdr_info *info, size_t size, void *context) {
    struct object object;
    (void)size;
    (void)context;
    if (!read_object(info, &object) || !is_own(&object)) return 0;
    for (size_t i = 1; i < object.symbol_count && function_count < MOST_FUNCTIONS; i++) {
        if (!is_offered(&object, i)) continue;
        functions[function_count++] =
            (struct function){.name = object.names + object.symbols[i].st_name,
                              .own = object.base + object.symbols[i].st_value};
    }
    return 1;
}

static const struct function *find_function(const char *name) {
    for (size_t i = 0; i < function_count; i++) {
        if (strcmp(functions[i].name, name) == 0) return &functions[i];
    }
    return NULL;
}

/* Whether a place leads to the function that is replaced: already, or once the linker will have
 * looked it up.  Until then it leads into the object's own table of calls. */
static bool leads_to(const struct object *object, const ElfW(Rela) * place, uintptr_t value,
                     const struct function *function) {
    const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(place->r_info)];
    if (value == function->before) return true;
    return ELF64_R_TYPE(place->r_info) == CALL && is_in(&object->memory, value) &&
           (symbol->st_shndx == SHN_UNDEF || value != object->base + symbol->st_value);
}

/* Other threads may be calling through it. */
static bool write_place(const struct object *object, _Atomic uintptr_t *place, uintptr_t value) {
    const uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)((uintptr_t)place & ~(size - 1));
    const bool sealed = is_in(&object->sealed, (uintptr_t)place);
    if (sealed && mprotect(page, size, PROT_READ | PROT_WRITE) != 0) return false;
    atomic_store(place, value);
    if (sealed) (void)mprotect(page, size, PROT_READ);
    return true;
}

static bool replace(const struct object *object, const ElfW(Rela) * place) {
    const unsigned kind = ELF64_R_TYPE(place->r_info);
    const size_t number = ELF64_R_SYM(place->r_info);
    if ((kind != CALL && kind != ADDRESS && kind != DATA) || !number || place->r_addend) {
        return false;
    }
    const struct function *function =
        find_function(object->names + object->symbols[number].st_name);
    _Atomic uintptr_t *at = (_Atomic uintptr_t *)(object->base + place->r_offset);
    return function && function->before && leads_to(object, place, atomic_load(at), function) &&
           write_place(object, at, function->own);
}

static int replace_in(struct dl_phdr_info *info, size_t size, void *context) {
    int *count = context;
    struct object object;
    (void)size;
    if (!read_object(info, &object) || is_own(&object)) return 0;
    const struct places all[] = {object.calls, object.others};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; all[i].at && j < all[i].count; j++) {
            *count += replace(&object, &all[i].at[j]);
        }
    }
    return 0;
}

int slots_replace(void) {
    int count = 0;
    (void)dl_iterate_phdr(take_own, NULL);
    for (size_t i = 0; i < function_count; i++) {
        functions[i].before = (uintptr_t)slots_find(functions[i].name);
    }
    (void)dl_iterate_phdr(replace_in, &count);
    return count;
}
