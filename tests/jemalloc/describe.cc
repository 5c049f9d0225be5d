// Prints what the linked jemalloc says of itself, a line per figure.  Usage: describe NAME..., the
// names being those of config.NAME.
#include <jemalloc/jemalloc.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

template <typename T>
T Read(const std::string &name) {
    T value;
    size_t size = sizeof(value);
    if (je_mallctl(name.c_str(), &value, &size, nullptr, 0) != 0 || size != sizeof(value)) {
        std::fprintf(stderr, "cannot read %s\n", name.c_str());
        std::exit(2);
    }
    return value;
}

void PrintSize(const std::string &name) {
    std::printf("%s %zu\n", name.c_str(), Read<size_t>(name));
}

void PrintConfig(const std::string &name) {
    if (name == "config.malloc_conf") {
        std::printf("%s \"%s\"\n", name.c_str(), Read<const char *>(name));
    } else {
        std::printf("%s %d\n", name.c_str(), Read<bool>(name));
    }
}

void PrintClasses() {
    const unsigned bins = Read<unsigned>("arenas.nbins");
    const unsigned large = Read<unsigned>("arenas.nlextents");
    std::printf("arenas.nbins %u\narenas.nlextents %u\n", bins, large);
    for (unsigned i = 0; i < bins; i++) {
        const std::string bin = "arenas.bin." + std::to_string(i);
        PrintSize(bin + ".size");
        PrintSize(bin + ".slab_size");
        std::printf("%s.nregs %u\n", bin.c_str(), Read<uint32_t>(bin + ".nregs"));
    }
    for (unsigned i = 0; i < large; i++) {
        PrintSize("arenas.lextent." + std::to_string(i) + ".size");
    }
}

}  // namespace

int main(int argc, char **argv) {
    std::printf("version %s\n", Read<const char *>("version"));
    for (int i = 1; i < argc; i++) PrintConfig(std::string("config.") + argv[i]);
    PrintSize("arenas.page");
    PrintSize("arenas.quantum");
    PrintSize("arenas.tcache_max");
    PrintClasses();
    return 0;
}
