#include "tests/object_file/object_file.h"

#include <ar.h>

#include <fstream>
#include <sstream>

#include "tests/object_file/bytes.h"
#include "tests/object_file/formats.h"

namespace object_file {
namespace {

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

// A name is "name/", or "/OFFSET" into the member of long names.
std::string MemberName(const std::string &field, std::string_view long_names) {
    if (field.size() < 2 || field[0] != '/') return field.substr(0, field.find('/'));
    const uint64_t offset = Number(field.substr(1));
    if (offset >= long_names.size()) Bad("a name outside of the long names");
    std::string_view rest = long_names.substr(offset);
    return std::string(rest.substr(0, rest.find('/')));
}

}  // namespace

std::vector<Symbol> Symbols(std::string_view object) {
    return IsMachO(object) ? MachOSymbols(object) : ElfSymbols(object);
}

Target TargetOf(std::string_view object) {
    return IsMachO(object) ? MachOTarget(object) : ElfTarget(object);
}

SharedLibrary SharedLibraryOf(std::string_view library) {
    return IsMachO(library) ? MachOSharedLibrary(library) : ElfSharedLibrary(library);
}

std::vector<Interposed> InterposedBy(std::string_view library) { return MachOInterposed(library); }

std::vector<Member> Members(std::string_view library) {
    if (library.substr(0, SARMAG) != ARMAG) Bad("not a static library");
    std::vector<Member> members;
    std::string_view long_names;
    for (uint64_t at = SARMAG; at < library.size();) {
        const auto header = At<ar_hdr>(library, at);
        if (std::memcmp(header.ar_fmag, ARFMAG, sizeof header.ar_fmag) != 0) Bad("no member");
        std::string name = Trimmed(header.ar_name, sizeof header.ar_name);
        const uint64_t size = Number(Trimmed(header.ar_size, sizeof header.ar_size));
        std::string_view bytes = Part(library, at + sizeof header, size);
        at += sizeof header + size + size % 2;
        if (name == "//") long_names = bytes;
        if (name == "/" || name == "/SYM64/" || name == "//") continue;
        // BSD writes long names as "#1/LENGTH", and puts the name before the bytes.
        if (name.rfind("#1/", 0) == 0) {
            const uint64_t length = Number(name.substr(3));
            name = StringAt(std::string(Part(bytes, 0, length)) + '\0', 0) + "/";
            bytes.remove_prefix(length);
        }
        if (name.rfind("__.SYMDEF", 0) != 0)
            members.push_back({MemberName(name, long_names), bytes});
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
