#include <map>

#include "tests/object_file/bytes.h"
#include "tests/object_file/formats.h"

namespace object_file {
namespace {

// The layout is that of macOS's <mach-o/loader.h> and <mach-o/nlist.h>, which other systems lack.

constexpr uint32_t kMagic = 0xfeedfacf, kCpuX86_64 = 0x01000007, kCpuArm64 = 0x0100000c;
constexpr uint32_t kSymbolTable = 0x2, kLoadLibrary = 0xc, kMinimumMacos = 0x24,
                   kBuildVersion = 0x32;
constexpr uint32_t kLibraryName = 0xd, kSegment = 0x19, kDyldInfo = 0x80000022;
constexpr uint32_t kPlatformMacos = 1;
constexpr uint32_t kExecutesStack = 0x20000;
constexpr uint8_t kDebug = 0xe0, kPrivate = 0x10, kKind = 0x0e, kExternal = 0x01;
constexpr uint16_t kWeak = 0x0040 | 0x0080;

struct Header {
    uint32_t magic, cpu, cpu_subtype, file_type, commands, commands_size, flags, reserved;
};

struct Command {
    uint32_t command, size;
};

struct SymbolTable {
    uint32_t command, size, symbols, count, strings, strings_size;
};

struct LoadLibrary {
    uint32_t command, size, name;
};

struct BuildVersion {
    uint32_t command, size, platform, minimum;
};

struct MinimumMacos {
    uint32_t command, size, version;
};

struct Segment {
    uint32_t command, size;
    char name[16];
    uint64_t address, size_in_memory, offset, size_in_file;
    uint32_t most_rights, rights, section_count, flags;
};

struct Section {
    char name[16], segment[16];
    uint64_t address, size;
    uint32_t offset, alignment, relocations, relocation_count, flags, reserved[3];
};

struct DyldInfo {
    uint32_t command, size, rebase, rebase_size, bind, bind_size;
};

struct Entry {
    uint32_t name;
    uint8_t type, section;
    uint16_t description;
    uint64_t value;
};

// Calls `visit` with each load command: its kind and its bytes.
template <typename Visit>
void ForEachCommand(std::string_view object, Visit visit) {
    const auto header = At<Header>(object, 0);
    if (header.magic != kMagic) Bad("not Mach-O of 64 bits");
    uint64_t at = sizeof header;
    for (uint32_t i = 0; i < header.commands; i++) {
        const auto command = At<Command>(object, at);
        if (command.size < sizeof command) Bad("a load command of no size");
        visit(command.command, Part(object, at, command.size));
        at += command.size;
    }
}

// Calls `visit` with each symbol that debuggers do not have for themselves, and with its name.
template <typename Visit>
void ForEachSymbol(std::string_view object, Visit visit) {
    ForEachCommand(object, [&](uint32_t kind, std::string_view bytes) {
        if (kind != kSymbolTable) return;
        const auto table = At<SymbolTable>(bytes, 0);
        std::string_view strings = Part(object, table.strings, table.strings_size);
        for (uint64_t i = 0; i < table.count; i++) {
            const auto entry = At<Entry>(object, table.symbols + i * sizeof(Entry));
            if ((entry.type & kDebug) == 0) visit(entry, StringAt(strings, entry.name));
        }
    });
}

std::string Version(uint32_t version) {
    return std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 0xff);
}

std::string Machine(uint32_t cpu) {
    switch (cpu) {
        case kCpuX86_64:
            return "x86_64";
        case kCpuArm64:
            return "aarch64";
        default:
            Bad("CPU " + std::to_string(cpu));
    }
}

// Mach-O puts an underscore before names of C.
std::string CName(const std::string &name) { return name.substr(name.rfind('_', 0) == 0); }

// The loader's list of the names of other libraries whose addresses it writes into this one, which
// are instructions to a small machine.
class Bindings {
  public:
    // `segments` has the address of each.
    Bindings(std::string_view code, const std::vector<uint64_t> &segments)
        : code_(code), segments_(segments) {
        while (at_ < code_.size()) Step();
    }

    // Address to name.
    const std::map<uint64_t, std::string> &Names() const { return names_; }

  private:
    enum {
        kDone = 0x00,
        kLibraryByNumber = 0x20,
        kSymbol = 0x40,
        kAddend = 0x60,
        kPlace = 0x70,
        kAdd = 0x80,
        kBind = 0x90,
        kBindAndAdd = 0xa0,
        kBindAndAddScaled = 0xb0,
        kBindTimes = 0xc0,
        kOfOperation = 0xf0,
    };

    // LEB128.  A negative number has its low 64 bits.
    uint64_t Number() {
        uint64_t number = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = At<uint8_t>(code_, at_++);
            number |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return number;
        }
        Bad("a number of too many bytes");
    }

    void Bind(uint64_t then_skip) {
        names_[place_] = symbol_;
        place_ += sizeof(uint64_t) + then_skip;
    }

    void BindTimes() {
        const uint64_t times = Number(), skip = Number();
        if (times > code_.size() * 1000) Bad("too many addresses");
        for (uint64_t i = 0; i < times; i++) Bind(skip);
    }

    void SetPlace(unsigned segment) {
        if (segment >= segments_.size()) Bad("no such segment");
        place_ = segments_[segment] + Number();
    }

    void Step() {
        const auto instruction = At<uint8_t>(code_, at_++);
        const unsigned operand = instruction & 0xf;
        switch (instruction & kOfOperation) {
            case kSymbol:
                symbol_ = CName(StringAt(code_, at_));
                at_ += StringAt(code_, at_).size() + 1;
                break;
            case kLibraryByNumber:
            case kAddend:
                Number();
                break;
            case kPlace:
                SetPlace(operand);
                break;
            case kAdd:
                place_ += Number();
                break;
            case kBind:
                Bind(0);
                break;
            case kBindAndAdd:
                Bind(Number());
                break;
            case kBindAndAddScaled:
                Bind(operand * sizeof(uint64_t));
                break;
            case kBindTimes:
                BindTimes();
                break;
            case kDone:
            default:  // the library, or the kind of address
                break;
        }
    }

    std::string_view code_;
    const std::vector<uint64_t> segments_;
    uint64_t at_ = 0, place_ = 0;
    std::string symbol_;
    std::map<uint64_t, std::string> names_;
};

std::map<uint64_t, std::string> BoundNames(std::string_view library) {
    std::vector<uint64_t> segments;
    DyldInfo info = {};
    ForEachCommand(library, [&](uint32_t kind, std::string_view bytes) {
        if (kind == kSegment) segments.push_back(At<Segment>(bytes, 0).address);
        if (kind == kDyldInfo) info = At<DyldInfo>(bytes, 0);
    });
    return Bindings(Part(library, info.bind, info.bind_size), segments).Names();
}

std::map<uint64_t, std::string> NamesOfFunctions(std::string_view library) {
    std::map<uint64_t, std::string> names;
    ForEachSymbol(library, [&](const Entry &entry, const std::string &name) {
        if ((entry.type & kKind) != 0) names[entry.value] = CName(name);
    });
    return names;
}

std::vector<Section> InterposingSections(std::string_view library) {
    std::vector<Section> found;
    ForEachCommand(library, [&](uint32_t kind, std::string_view bytes) {
        if (kind != kSegment) return;
        for (uint32_t i = 0; i < At<Segment>(bytes, 0).section_count; i++) {
            const auto section = At<Section>(bytes, sizeof(Segment) + i * sizeof(Section));
            if (std::string_view(section.segment) == "__DATA" &&
                std::string_view(section.name) == "__interpose") {
                found.push_back(section);
            }
        }
    });
    return found;
}

}  // namespace

bool IsMachO(std::string_view object) {
    return object.size() >= sizeof(Header) && At<uint32_t>(object, 0) == kMagic;
}

std::vector<Symbol> MachOSymbols(std::string_view object) {
    std::vector<Symbol> symbols;
    ForEachSymbol(object, [&](const Entry &entry, const std::string &name) {
        // An undefined name with a value is a common block.
        const bool defined = (entry.type & kKind) != 0 || entry.value != 0;
        const bool global = (entry.type & kExternal) != 0 && (entry.type & kPrivate) == 0;
        symbols.push_back({CName(name), defined, global, (entry.description & kWeak) != 0});
    });
    return symbols;
}

Target MachOTarget(std::string_view object) {
    Target target{"Mach-O", Machine(At<Header>(object, 0).cpu), "", "", ""};
    ForEachCommand(object, [&](uint32_t kind, std::string_view bytes) {
        if (kind == kBuildVersion) {
            const auto build = At<BuildVersion>(bytes, 0);
            if (build.platform != kPlatformMacos) Bad("for another system of Apple's");
            target.system = "macos";
            target.minimum = Version(build.minimum);
        } else if (kind == kMinimumMacos) {
            target.system = "macos";
            target.minimum = Version(At<MinimumMacos>(bytes, 0).version);
        } else if (kind == kLoadLibrary) {
            target.libraries += StringAt(bytes, At<LoadLibrary>(bytes, 0).name) + " ";
        }
    });
    return target;
}

SharedLibrary MachOSharedLibrary(std::string_view library) {
    SharedLibrary is{"", {}, false, false, false, false, false};
    is.executes_stack = (At<Header>(library, 0).flags & kExecutesStack) != 0;
    for (const Symbol &symbol : MachOSymbols(library)) {
        if (symbol.global && symbol.defined) is.exported.push_back(symbol.name);
    }
    ForEachCommand(library, [&](uint32_t kind, std::string_view bytes) {
        if (kind == kLibraryName) is.name = StringAt(bytes, At<LoadLibrary>(bytes, 0).name);
    });
    return is;
}

// The loader takes pairs of addresses: that of our function, and that of the other one.
std::vector<Interposed> MachOInterposed(std::string_view library) {
    std::vector<Interposed> interposed;
    auto functions = NamesOfFunctions(library), bound = BoundNames(library);
    for (const Section &section : InterposingSections(library)) {
        if (section.size % (2 * sizeof(uint64_t)) != 0) Bad("half a pair");
        for (uint64_t at = 0; at < section.size; at += 2 * sizeof(uint64_t)) {
            const auto ours = At<uint64_t>(library, section.offset + at);
            interposed.push_back({functions[ours], bound[section.address + at + sizeof(uint64_t)]});
        }
    }
    return interposed;
}

}  // namespace object_file
