#include "tests/object_file/bytes.h"
#include "tests/object_file/formats.h"

namespace object_file {
namespace {

// The layout is that of <elf.h>, which macOS does not have.

constexpr std::string_view kMagic = "\177ELF";
constexpr uint8_t kClass64 = 2, kLittleEndian = 1, kBigEndian = 2, kFreebsd = 9;
constexpr uint16_t kX86_64 = 62, kAarch64 = 183, kRiscv = 243;
constexpr uint32_t kSymbols = 2, kDynamic = 6, kDynamicSymbols = 11, kNeededVersions = 0x6ffffffe;
constexpr uint16_t kUndefined = 0;
constexpr int kLocal = 0, kWeak = 2;
constexpr int kDefault = 0, kProtected = 3;
constexpr int64_t kNeeded = 1, kName = 14, kTextRelocations = 22, kBindNow = 24, kFlags = 30,
                  kFlags1 = 0x6ffffffb;
constexpr uint64_t kFlagTextRelocations = 0x4, kFlagBindNow = 0x8;
constexpr uint64_t kFlag1Now = 0x1, kFlag1NoDelete = 0x8;
constexpr uint32_t kStack = 0x6474e551, kRelro = 0x6474e552;
constexpr uint32_t kExecutable = 1;

struct Header {
    char magic[4];
    uint8_t word_class, byte_order, version, os, unused[8];
    uint16_t type, machine;
    uint32_t version_again;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t size, segment_size, segment_count, section_size, section_count, section_names;
};

struct Section {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t alignment, entry_size;
};

struct Segment {
    uint32_t type, flags;
    uint64_t offset, address, physical_address, size, size_in_memory, alignment;
};

struct Entry {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;

    int Binding() const { return info >> 4; }
    int Visibility() const { return other & 3; }
};

struct Dynamic {
    int64_t tag;
    uint64_t value;
};

// The versions that a binary needs of one library; and one such version.
struct OfLibrary {
    uint16_t version, count;
    uint32_t library, first, next;
};

struct NeededVersion {
    uint32_t hash;
    uint16_t flags, other;
    uint32_t name, next;
};

Header HeaderOf(std::string_view object) {
    auto header = At<Header>(object, 0);
    if (!IsElf(object)) Bad("not ELF");
    if (header.word_class != kClass64) Bad("not of 64 bits");
    const uint16_t one = 1;
    const bool little = *reinterpret_cast<const char *>(&one) == 1;
    if (header.byte_order != (little ? kLittleEndian : kBigEndian)) Bad("other byte order");
    return header;
}

std::vector<Section> Sections(std::string_view object) {
    const Header header = HeaderOf(object);
    if (header.sections == 0) return {};
    // When the number does not fit its field, section 0 has it.
    uint64_t count = header.section_count;
    if (count == 0) count = At<Section>(object, header.sections).size;
    if (count > object.size() / sizeof(Section)) Bad("truncated");
    std::string_view table = Part(object, header.sections, count * sizeof(Section));
    std::vector<Section> sections;
    for (uint64_t i = 0; i < count; i++) {
        sections.push_back(At<Section>(table, i * sizeof(Section)));
    }
    return sections;
}

std::string_view Bytes(std::string_view object, const Section &section) {
    return Part(object, section.offset, section.size);
}

// The strings that belong to a section.
std::string_view Strings(std::string_view object, const std::vector<Section> &sections,
                         const Section &section) {
    if (section.link >= sections.size()) Bad("no string table");
    return Bytes(object, sections[section.link]);
}

std::string Machine(uint16_t machine) {
    switch (machine) {
        case kX86_64:
            return "x86_64";
        case kAarch64:
            return "aarch64";
        case kRiscv:
            return "riscv64";
        default:
            Bad("machine " + std::to_string(machine));
    }
}

// Calls `visit` with each entry for the dynamic linker, and the strings of them.
template <typename Visit>
void ForEachDynamic(std::string_view object, const std::vector<Section> &sections, Visit visit) {
    for (const Section &section : sections) {
        if (section.type != kDynamic) continue;
        std::string_view table = Bytes(object, section);
        for (uint64_t at = 0; at < table.size(); at += sizeof(Dynamic)) {
            visit(At<Dynamic>(table, at), Strings(object, sections, section));
        }
    }
}

std::string Libraries(std::string_view object, const std::vector<Section> &sections) {
    std::string libraries;
    ForEachDynamic(object, sections, [&](const Dynamic &entry, std::string_view strings) {
        if (entry.tag == kNeeded) libraries += StringAt(strings, entry.value) + " ";
    });
    return libraries;
}

bool IsExported(const Entry &symbol) {
    const int visibility = symbol.Visibility();
    return symbol.section != kUndefined && symbol.Binding() != kLocal &&
           (visibility == kDefault || visibility == kProtected);
}

std::vector<std::string> Exported(std::string_view library, const std::vector<Section> &sections) {
    std::vector<std::string> names;
    for (const Section &section : sections) {
        if (section.type != kDynamicSymbols) continue;
        std::string_view table = Bytes(library, section);
        for (uint64_t at = sizeof(Entry); at < table.size(); at += sizeof(Entry)) {
            const auto symbol = At<Entry>(table, at);
            if (!IsExported(symbol)) continue;
            names.push_back(StringAt(Strings(library, sections, section), symbol.name));
        }
    }
    return names;
}

// The offset from a record to the next; it must go forwards, so that a list ends.
uint64_t Next(uint64_t offset, bool last) {
    if (offset == 0 && !last) Bad("a list that does not go on");
    return offset;
}

}  // namespace

bool IsElf(std::string_view object) { return object.substr(0, kMagic.size()) == kMagic; }

std::vector<Symbol> ElfSymbols(std::string_view object) {
    std::vector<Symbol> symbols;
    const std::vector<Section> sections = Sections(object);
    for (const Section &section : sections) {
        if (section.type != kSymbols) continue;
        std::string_view strings = Strings(object, sections, section);
        std::string_view table = Bytes(object, section);
        // The first one is empty.
        for (uint64_t at = sizeof(Entry); at < table.size(); at += sizeof(Entry)) {
            const auto symbol = At<Entry>(table, at);
            const int binding = symbol.Binding();
            symbols.push_back({StringAt(strings, symbol.name), symbol.section != kUndefined,
                               binding != kLocal, binding == kWeak});
        }
    }
    return symbols;
}

Target ElfTarget(std::string_view object) {
    const Header header = HeaderOf(object);
    const bool freebsd = header.os == kFreebsd;
    return {"ELF", Machine(header.machine), freebsd ? "freebsd" : "", "",
            Libraries(object, Sections(object))};
}

SharedLibrary ElfSharedLibrary(std::string_view library) {
    const std::vector<Section> sections = Sections(library);
    SharedLibrary is{"", Exported(library, sections), false, false, false, false, true};
    ForEachDynamic(library, sections, [&](const Dynamic &entry, std::string_view strings) {
        const auto value = entry.value;
        const bool flags = entry.tag == kFlags, flags_1 = entry.tag == kFlags1;
        if (entry.tag == kName) is.name = StringAt(strings, value);
        is.binds_now |= entry.tag == kBindNow || (flags && (value & kFlagBindNow) != 0) ||
                        (flags_1 && (value & kFlag1Now) != 0);
        is.stays_loaded |= flags_1 && (value & kFlag1NoDelete) != 0;
        is.relocates_text |=
            entry.tag == kTextRelocations || (flags && (value & kFlagTextRelocations) != 0);
    });
    const Header header = HeaderOf(library);
    for (uint64_t i = 0; i < header.segment_count; i++) {
        const auto segment = At<Segment>(library, header.segments + i * sizeof(Segment));
        is.relro |= segment.type == kRelro;
        if (segment.type == kStack) is.executes_stack = (segment.flags & kExecutable) != 0;
    }
    return is;
}

std::vector<std::string> NeededVersions(std::string_view binary) {
    std::vector<std::string> versions;
    const std::vector<Section> sections = Sections(binary);
    for (const Section &section : sections) {
        if (section.type != kNeededVersions) continue;
        std::string_view strings = Strings(binary, sections, section);
        std::string_view table = Bytes(binary, section);
        uint64_t library_at = 0;
        for (uint64_t i = 0; i < section.info; i++) {
            const auto library = At<OfLibrary>(table, library_at);
            uint64_t at = library_at + library.first;
            for (int j = 0; j < library.count; j++) {
                const auto version = At<NeededVersion>(table, at);
                versions.push_back(StringAt(strings, version.name));
                at += Next(version.next, j + 1 == library.count);
            }
            library_at += Next(library.next, i + 1 == section.info);
        }
    }
    return versions;
}

}  // namespace object_file
