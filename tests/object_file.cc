#include "tests/object_file.h"

#include <ar.h>
#include <elf.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace object_file {
namespace {

[[noreturn]] void Bad(const std::string &what) { throw std::runtime_error(what); }

std::string_view Part(std::string_view bytes, uint64_t offset, uint64_t size) {
    if (offset > bytes.size() || size > bytes.size() - offset) Bad("truncated");
    return bytes.substr(offset, size);
}

// A copy: what lies in a library is not aligned.
template <typename T>
T At(std::string_view bytes, uint64_t offset) {
    T value;
    std::memcpy(&value, Part(bytes, offset, sizeof value).data(), sizeof value);
    return value;
}

std::string StringAt(std::string_view strings, uint64_t offset) {
    if (offset >= strings.size()) Bad("a name outside of the string table");
    std::string_view rest = strings.substr(offset);
    return std::string(rest.substr(0, rest.find('\0')));
}

std::vector<Elf64_Shdr> Sections(std::string_view object) {
    auto header = At<Elf64_Ehdr>(object, 0);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) Bad("not ELF");
    if (header.e_ident[EI_CLASS] != ELFCLASS64) Bad("not of 64 bits");
    const uint16_t one = 1;
    const bool little = *reinterpret_cast<const char *>(&one) == 1;
    if (header.e_ident[EI_DATA] != (little ? ELFDATA2LSB : ELFDATA2MSB)) Bad("other byte order");
    if (header.e_shoff == 0) return {};
    // Too many for its field: section 0 has the number.
    uint64_t count = header.e_shnum;
    if (count == 0) count = At<Elf64_Shdr>(object, header.e_shoff).sh_size;
    if (count > object.size() / sizeof(Elf64_Shdr)) Bad("truncated");
    std::vector<Elf64_Shdr> sections;
    for (uint64_t i = 0; i < count; i++) {
        sections.push_back(At<Elf64_Shdr>(object, header.e_shoff + i * sizeof(Elf64_Shdr)));
    }
    return sections;
}

std::string Trimmed(const char *field, size_t size) {
    std::string text(field, size);
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

uint64_t Number(const std::string &text) {
    if (text.empty() || text.size() > 15 ||
        text.find_first_not_of("0123456789") != std::string::npos) {
        Bad("not a number: " + text);
    }
    return std::stoull(text);
}

// "name/", or "/OFFSET" into the member of long names.
std::string MemberName(const std::string &field, std::string_view long_names) {
    if (field.size() < 2 || field[0] != '/') return field.substr(0, field.find('/'));
    const uint64_t offset = Number(field.substr(1));
    if (offset >= long_names.size()) Bad("a name outside of the long names");
    std::string_view rest = long_names.substr(offset);
    return std::string(rest.substr(0, rest.find('/')));
}

}  // namespace

std::vector<Symbol> Symbols(std::string_view object) {
    std::vector<Symbol> symbols;
    const std::vector<Elf64_Shdr> sections = Sections(object);
    for (const Elf64_Shdr &section : sections) {
        if (section.sh_type != SHT_SYMTAB) continue;
        if (section.sh_link >= sections.size()) Bad("no string table");
        const Elf64_Shdr &names = sections[section.sh_link];
        std::string_view strings = Part(object, names.sh_offset, names.sh_size);
        std::string_view table = Part(object, section.sh_offset, section.sh_size);
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

std::vector<Member> Members(std::string_view library) {
    if (library.substr(0, SARMAG) != ARMAG) Bad("not a static library");
    std::vector<Member> members;
    std::string_view long_names;
    for (uint64_t at = SARMAG; at < library.size();) {
        const auto header = At<ar_hdr>(library, at);
        if (std::memcmp(header.ar_fmag, ARFMAG, sizeof header.ar_fmag) != 0) Bad("no member");
        const std::string name = Trimmed(header.ar_name, sizeof header.ar_name);
        const uint64_t size = Number(Trimmed(header.ar_size, sizeof header.ar_size));
        std::string_view bytes = Part(library, at + sizeof header, size);
        at += sizeof header + size + size % 2;
        if (name == "/" || name == "/SYM64/") continue;
        if (name == "//") {
            long_names = bytes;
        } else {
            members.push_back({MemberName(name, long_names), bytes});
        }
    }
    return members;
}

std::string ReadFile(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) Bad("cannot read " + path);
    return text.str();
}

}  // namespace object_file
