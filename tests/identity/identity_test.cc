#include <algorithm>
#include <map>
#include <set>

#include "tests/object_file/object_file.h"
#include "tests/support.h"

// The allocators' own take the place of these, where they are linked.
extern "C" {
__attribute__((weak)) size_t je_malloc_usable_size(void *) { return 0; }
__attribute__((weak)) size_t tc_malloc_size(void *) { return 0; }
#ifdef __APPLE__
size_t malloc_size(const void *ptr);
#define malloc_usable_size malloc_size
#else
size_t malloc_usable_size(void *ptr);
#endif
}

namespace zmalloc_test {
namespace {

struct Identity {
    const char *name;
    const char *lib;  // how ZMALLOC_LIB begins
    bool has_malloc_size;
    bool jemalloc, tcmalloc, heap_profiler;  // symbols in the binary
};

const Identity &Expected() {
    static const std::map<std::string, Identity> identities = {
        {"jemalloc", {"jemalloc", "jemalloc-5", true, true, false, false}},
        {"tcmalloc", {"tcmalloc", "tcmalloc-2", true, false, true, true}},
        {"tcmalloc_minimal", {"tcmalloc_minimal", "tcmalloc_minimal-2", true, false, true, false}},
        {"jemalloc_stock", {"jemalloc", "jemalloc-5", true, true, false, false}},
        {"libc", {"libc", "libc", true, false, false, false}},
        {"libc_prefix", {"libc", "libc", false, false, false, false}},
    };
    return identities.at(Variant());
}

#ifdef HAVE_MALLOC_SIZE
constexpr bool kHasMallocSize = true;
#else
constexpr bool kHasMallocSize = false;
#endif

TEST(Identity, IsWhatTheVariantSays) {
    EXPECT_STREQ(zmalloc_allocator_name(), Expected().name);
    EXPECT_EQ(std::string(ZMALLOC_LIB).rfind(Expected().lib, 0), 0u) << ZMALLOC_LIB;
    EXPECT_EQ(kHasMallocSize, Expected().has_malloc_size);
}

std::set<std::string> DefinedInThisBinary() {
    std::set<std::string> names;
    const std::string binary = object_file::ReadFile(Self());
    for (const object_file::Symbol &symbol : object_file::Symbols(binary)) {
        if (symbol.defined) names.insert(symbol.name);
    }
    return names;
}

// malloc and its like, where they are another library's unless this binary defines
// them: a static binary has the libc's, and Zig links its libc++ statically.
std::vector<std::string> NamesOfTheLibrariesLinked() {
    std::vector<std::string> names;
    if (!object_file::TargetOf(object_file::ReadFile(Self())).libraries.empty()) {
        names = {"malloc", "free", "calloc", "realloc"};
    }
#ifndef _LIBCPP_VERSION
    names.insert(names.end(), {"_Znwm", "_ZdlPv"});
#endif
    return names;
}

TEST(Identity, BinaryHasExactlyOneAllocator) {
    const std::set<std::string> names = DefinedInThisBinary();
    ASSERT_EQ(names.count("zmalloc"), 1u);
    ASSERT_EQ(names.count("main"), 1u);
    for (const char *name : {"je_malloc", "je_mallctl", "je_sdallocx"}) {
        EXPECT_EQ(names.count(name), Expected().jemalloc) << name;
    }
    for (const char *name : {"tc_malloc", "tc_free", "tc_calloc"}) {
        EXPECT_EQ(names.count(name), Expected().tcmalloc) << name;
    }
    EXPECT_EQ(names.count("HeapProfilerStart"), Expected().heap_profiler);
    // Only gperftools takes the libc's place, and sanitizers.
    for (const std::string &name : NamesOfTheLibrariesLinked()) {
        EXPECT_EQ(names.count(name), Expected().tcmalloc || kSanitized) << name;
    }
}

// Not linked alone: it is the one that the blocks come from.
TEST(Identity, BlocksAreTheAllocators) {
    for (size_t size : {size_t{1}, size_t{100}, size_t{20000}, 3 * kMiB}) {
        void *block = zmalloc(size);
        if (Expected().jemalloc) {
            EXPECT_EQ(je_malloc_usable_size(block), zmalloc_size(block));
        } else if (Expected().tcmalloc) {
            EXPECT_EQ(tc_malloc_size(block), zmalloc_size(block));
        } else if (Expected().has_malloc_size) {
            EXPECT_EQ(malloc_usable_size(block), zmalloc_size(block));
        } else {
            // Its prefix is what sets it apart: exactly what was asked.
            EXPECT_EQ(zmalloc_usable_size(block), size);
            EXPECT_GT(zmalloc_size(block), size);
        }
        zfree(block);
    }
}

}  // namespace
}  // namespace zmalloc_test
