#include "tests/object_file/bytes.h"
#include "tests/object_file/formats.h"

namespace object_file {
namespace {

// The layout is that of macOS's <mach-o/loader.h> and <mach-o/nlist.h>, which other systems lack.

constexpr uint32_t kMagic = 0xfeedfacf, kCpuX86_64 = 0x01000007, kCpuArm64 = 0x0100000c;
constexpr uint32_t kSymbolTable = 0x2, kLoadLibrary = 0xc, kMinimumMacos = 0x24,
                   kBuildVersion = 0x32;
constexpr uint32_t kLibraryName = 0xd;
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

}  // namespace

bool IsMachO(std::string_view object) {
    return object.size() >= sizeof(Header) && At<uint32_t>(object, 0) == kMagic;
}

std::vector<Symbol> MachOSymbols(std::string_view object) {
    std::vector<Symbol> symbols;
    ForEachCommand(object, [&](uint32_t kind, std::string_view bytes) {
        if (kind != kSymbolTable) return;
        const auto table = At<SymbolTable>(bytes, 0);
        std::string_view strings = Part(object, table.strings, table.strings_size);
        for (uint64_t i = 0; i < table.count; i++) {
            const auto entry = At<Entry>(object, table.symbols + i * sizeof(Entry));
            if ((entry.type & kDebug) != 0) continue;
            // An undefined name with a value is a common block.
            const bool defined = (entry.type & kKind) != 0 || entry.value != 0;
            const bool global = (entry.type & kExternal) != 0 && (entry.type & kPrivate) == 0;
            symbols.push_back({CName(StringAt(strings, entry.name)), defined, global,
                               (entry.description & kWeak) != 0});
        }
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

}  // namespace object_file
