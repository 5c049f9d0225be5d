// The library for macOS: what it has the loader do, read from its file.  It cannot be run here.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>

#include "gtest/gtest.h"
#include "tests/object_file/object_file.h"

namespace {

std::string Given(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : "";
}

const std::string &Bytes() {
    static const std::string bytes = object_file::ReadFile(Given("ZMALLOC_INTERPOSING"));
    return bytes;
}

std::set<std::string> Names(bool defined) {
    std::set<std::string> names;
    for (const object_file::Symbol &symbol : object_file::Symbols(Bytes())) {
        if (symbol.defined == defined) names.insert(symbol.name);
    }
    return names;
}

TEST(Interposing, PutsOurFunctionsInThePlaceOfTheSystems) {
    const std::map<std::string, std::string> expected = {
        {"aligned_alloc", "zm_darwin_aligned_alloc"},
        {"calloc", "zm_darwin_calloc"},
        {"free", "zm_darwin_free"},
        {"malloc", "zm_darwin_malloc"},
        {"malloc_size", "zm_darwin_malloc_size"},
        {"posix_memalign", "zm_darwin_posix_memalign"},
        {"realloc", "zm_darwin_realloc"},
        {"reallocf", "zm_darwin_reallocf"},
        {"valloc", "zm_darwin_valloc"},
    };
    std::map<std::string, std::string> interposed;
    for (const object_file::Interposed &pair : object_file::InterposedBy(Bytes())) {
        EXPECT_TRUE(interposed.emplace(pair.theirs, pair.ours).second) << pair.theirs;
    }
    EXPECT_EQ(interposed, expected);
}

// Else the pairs above would name our own functions, and the system's could not be reached.
TEST(Interposing, DefinesNoneOfTheSystemsFunctions) {
    const std::set<std::string> defined = Names(true);
    for (const object_file::Interposed &pair : object_file::InterposedBy(Bytes())) {
        EXPECT_EQ(defined.count(pair.theirs), 0u) << pair.theirs;
        EXPECT_EQ(defined.count(pair.ours), 1u) << pair.ours;
    }
    EXPECT_EQ(defined.count("malloc_usable_size"), 0u);
    EXPECT_EQ(defined.count("_tlv_atexit"), 0u);
}

TEST(Interposing, IsForThePlatformAndNeedsNothingButTheSystem) {
    const object_file::Target target = object_file::TargetOf(Bytes());
    EXPECT_EQ(target.format, "Mach-O");
    EXPECT_EQ(target.machine, Given("ZMALLOC_MACHINE"));
    EXPECT_EQ(target.system, "macos");
    EXPECT_EQ(target.minimum, "11.0");
    EXPECT_EQ(target.libraries, "/usr/lib/libSystem.B.dylib ");
}

// The functions by which our zone becomes the default one, and by which threads are served.
TEST(Interposing, CallsWhatTheZoneTakes) {
    const std::set<std::string> wanted = Names(false);
    for (const char *name :
         {"malloc_get_all_zones", "malloc_zone_register", "malloc_zone_unregister",
          "malloc_default_zone", "malloc_default_purgeable_zone", "malloc_zone_malloc",
          "malloc_zone_calloc", "malloc_zone_memalign", "malloc_size", "free", "realloc",
          "pthread_getspecific", "pthread_setspecific", "pthread_key_create", "pthread_atfork",
          "_tlv_bootstrap", "_tlv_atexit"}) {
        EXPECT_EQ(wanted.count(name), 1u) << name;
    }
}

// No other zone than ours: that of tcmalloc or jemalloc would not count.
TEST(Interposing, HasTheAllocatorAndItsOneZone) {
    const std::set<std::string> defined = Names(true);
    EXPECT_EQ(defined.count(Given("ZMALLOC_ALLOCATORS_MALLOC")), 1u);
    EXPECT_EQ(defined.count("our_zone"), 1u);
    for (const char *name :
         {"je_zone_register", "zone_register", "jemalloc_zone", "mi_malloc_zone"}) {
        EXPECT_EQ(defined.count(name), 0u) << name;
    }
    for (const std::string &name : defined) {
        EXPECT_EQ(name.find("tcmalloc_zone"), std::string::npos) << name;
        EXPECT_EQ(name.find("ReplaceSystemAlloc"), std::string::npos) << name;
    }
}

TEST(Interposing, ADamagedFileIsAnError) {
    EXPECT_THROW(object_file::InterposedBy(""), std::runtime_error);
    EXPECT_THROW(object_file::InterposedBy(std::string(1000, 'x')), std::runtime_error);
    for (size_t length = Bytes().size() / 2; length > 0; length = length * 9 / 10) {
        EXPECT_THROW(object_file::InterposedBy(std::string_view(Bytes()).substr(0, length)),
                     std::runtime_error)
            << length;
    }
}

// Zig's linker for macOS takes no list of exports: weak names of the compiler's own library,
// libc++'s operators and zmalloc.h's functions are not hidden.  Programs on macOS take a name only
// from the library that they were linked with, so these do no harm.
TEST(Interposing, ExportsNoNamesOfTheAllocator) {
    static const std::regex known(
        "_Z(nw|na|dl|da)\\w+|z[a-z]\\w+|extend_to_usable|get_proc_stat_ll|"
        "jemalloc_purge|set_jemalloc_bg_thread");
    for (const object_file::Symbol &symbol : object_file::Symbols(Bytes())) {
        if (!symbol.defined || !symbol.global || symbol.weak) continue;
        EXPECT_TRUE(std::regex_match(symbol.name, known)) << symbol.name;
        EXPECT_NE(symbol.name.rfind("zm_", 0), 0u) << symbol.name;
    }
}

}  // namespace
