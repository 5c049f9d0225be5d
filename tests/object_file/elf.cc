#include <elf.h>

#include "tests/object_file/bytes.h"
#include "tests/object_file/formats.h"

namespace object_file {
namespace {

Elf64_Ehdr Header(std::string_view object) {
    auto header = At<Elf64_Ehdr>(object, 0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) Bad("not ELF");
    if (header.e_ident[EI_CLASS] != ELFCLASS64) Bad("not of 64 bits");
    const uint16_t one = 1;
    const bool little = *reinterpret_cast<const char *>(&one) == 1;
    if (header.e_ident[EI_DATA] != (little ? ELFDATA2LSB : ELFDATA2MSB)) Bad("other byte order");
    return header;
}

std::vector<Elf64_Shdr> Sections(std::string_view object) {
    const Elf64_Ehdr header = Header(object);
    if (header.e_shoff == 0) return {};
    // Too many for its field: section 0 has the number.
    uint64_t count = header.e_shnum;
    if (count == 0) count = At<Elf64_Shdr>(object, header.e_shoff).sh_size;
    if (count > object.size() / sizeof(Elf64_Shdr)) Bad("truncated");
    std::string_view table = Part(object, header.e_shoff, count * sizeof(Elf64_Shdr));
    std::vector<Elf64_Shdr> sections;
    for (uint64_t i = 0; i < count; i++) {
        sections.push_back(At<Elf64_Shdr>(table, i * sizeof(Elf64_Shdr)));
    }
    return sections;
}

std::string_view Bytes(std::string_view object, const Elf64_Shdr &section) {
    return Part(object, section.sh_offset, section.sh_size);
}

// The strings that belong to a section.
std::string_view Strings(std::string_view object, const std::vector<Elf64_Shdr> &sections,
                         const Elf64_Shdr &section) {
    if (section.sh_link >= sections.size()) Bad("no string table");
    return Bytes(object, sections[section.sh_link]);
}

std::string Machine(uint16_t machine) {
    switch (machine) {
        case EM_X86_64:
            return "x86_64";
        case EM_AARCH64:
            return "aarch64";
        case EM_RISCV:
            return "riscv64";
        default:
            Bad("machine " + std::to_string(machine));
    }
}

// Calls `visit` with each entry for the dynamic linker, and the strings of them.
template <typename Visit>
void ForEachDynamic(std::string_view object, const std::vector<Elf64_Shdr> &sections, Visit visit) {
    for (const Elf64_Shdr &section : sections) {
        if (section.sh_type != SHT_DYNAMIC) continue;
        std::string_view table = Bytes(object, section);
        for (uint64_t at = 0; at < table.size(); at += sizeof(Elf64_Dyn)) {
            visit(At<Elf64_Dyn>(table, at), Strings(object, sections, section));
        }
    }
}

std::string Libraries(std::string_view object, const std::vector<Elf64_Shdr> &sections) {
    std::string libraries;
    ForEachDynamic(object, sections, [&](const Elf64_Dyn &entry, std::string_view strings) {
        if (entry.d_tag == DT_NEEDED) libraries += StringAt(strings, entry.d_un.d_val) + " ";
    });
    return libraries;
}

bool IsExported(const Elf64_Sym &symbol) {
    const int visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    return symbol.st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol.st_info) != STB_LOCAL &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

std::vector<std::string> Exported(std::string_view library,
                                  const std::vector<Elf64_Shdr> &sections) {
    std::vector<std::string> names;
    for (const Elf64_Shdr &section : sections) {
        if (section.sh_type != SHT_DYNSYM) continue;
        std::string_view table = Bytes(library, section);
        for (uint64_t at = sizeof(Elf64_Sym); at < table.size(); at += sizeof(Elf64_Sym)) {
            const auto symbol = At<Elf64_Sym>(table, at);
            if (!IsExported(symbol)) continue;
            names.push_back(StringAt(Strings(library, sections, section), symbol.st_name));
        }
    }
    return names;
}

// The offset from a record to the next; forwards, so that a list ends.
uint64_t Next(uint64_t offset, bool last) {
    if (offset == 0 && !last) Bad("a list that does not go on");
    return offset;
}

}  // namespace

bool IsElf(std::string_view object) { return object.substr(0, SELFMAG) == ELFMAG; }

std::vector<Symbol> ElfSymbols(std::string_view object) {
    std::vector<Symbol> symbols;
    const std::vector<Elf64_Shdr> sections = Sections(object);
    for (const Elf64_Shdr &section : sections) {
        if (section.sh_type != SHT_SYMTAB) continue;
        std::string_view strings = Strings(object, sections, section);
        std::string_view table = Bytes(object, section);
        // The first one is empty.
        for (uint64_t at = sizeof(Elf64_Sym); at < table.size(); at += sizeof(Elf64_Sym)) {
            const auto symbol = At<Elf64_Sym>(table, at);
            const int binding = ELF64_ST_BIND(symbol.st_info);
            symbols.push_back({StringAt(strings, symbol.st_name), symbol.st_shndx != SHN_UNDEF,
                               binding != STB_LOCAL, binding == STB_WEAK});
        }
    }
    return symbols;
}

Target ElfTarget(std::string_view object) {
    const Elf64_Ehdr header = Header(object);
    const bool freebsd = header.e_ident[EI_OSABI] == ELFOSABI_FREEBSD;
    return {"ELF", Machine(header.e_machine), freebsd ? "freebsd" : "", "",
            Libraries(object, Sections(object))};
}

SharedLibrary ElfSharedLibrary(std::string_view library) {
    const std::vector<Elf64_Shdr> sections = Sections(library);
    SharedLibrary is{"", Exported(library, sections), false, false, false, false, true};
    ForEachDynamic(library, sections, [&](const Elf64_Dyn &entry, std::string_view strings) {
        const auto value = entry.d_un.d_val;
        const bool flags = entry.d_tag == DT_FLAGS, flags_1 = entry.d_tag == DT_FLAGS_1;
        if (entry.d_tag == DT_SONAME) is.name = StringAt(strings, value);
        is.binds_now |= entry.d_tag == DT_BIND_NOW || (flags && (value & DF_BIND_NOW) != 0) ||
                        (flags_1 && (value & DF_1_NOW) != 0);
        is.stays_loaded |= flags_1 && (value & DF_1_NODELETE) != 0;
        is.relocates_text |= entry.d_tag == DT_TEXTREL || (flags && (value & DF_TEXTREL) != 0);
    });
    const Elf64_Ehdr header = Header(library);
    for (uint64_t i = 0; i < header.e_phnum; i++) {
        const auto segment = At<Elf64_Phdr>(library, header.e_phoff + i * sizeof(Elf64_Phdr));
        is.relro |= segment.p_type == PT_GNU_RELRO;
        if (segment.p_type == PT_GNU_STACK) is.executes_stack = (segment.p_flags & PF_X) != 0;
    }
    return is;
}

std::vector<std::string> NeededVersions(std::string_view binary) {
    std::vector<std::string> versions;
    const std::vector<Elf64_Shdr> sections = Sections(binary);
    for (const Elf64_Shdr &section : sections) {
        if (section.sh_type != SHT_GNU_verneed) continue;
        std::string_view strings = Strings(binary, sections, section);
        std::string_view table = Bytes(binary, section);
        uint64_t library_at = 0;
        for (uint64_t i = 0; i < section.sh_info; i++) {
            const auto library = At<Elf64_Verneed>(table, library_at);
            uint64_t at = library_at + library.vn_aux;
            for (int j = 0; j < library.vn_cnt; j++) {
                const auto version = At<Elf64_Vernaux>(table, at);
                versions.push_back(StringAt(strings, version.vna_name));
                at += Next(version.vna_next, j + 1 == library.vn_cnt);
            }
            library_at += Next(library.vn_next, i + 1 == section.sh_info);
        }
    }
    return versions;
}

}  // namespace object_file
