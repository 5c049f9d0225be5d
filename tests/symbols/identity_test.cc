#include <set>

#include "tests/object_file/object_file.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

TEST(Identity, IsWhatTheVariantSays) {
    EXPECT_EQ(Variant().backend, Variant().name);
    std::string lib(Variant().allocator);
    if (!Variant().source.empty()) lib += "-";
    EXPECT_EQ(Variant().lib.substr(0, lib.size()), lib);
    EXPECT_EQ(Variant().lib.size() > lib.size(), !Variant().source.empty()) << Variant().lib;
}

std::set<std::string> DefinedInThisBinary() {
    std::set<std::string> names;
    const std::string binary = object_file::ReadFile(Self());
    for (const object_file::Symbol &symbol : object_file::Symbols(binary)) {
        if (symbol.defined) names.insert(symbol.name);
    }
    return names;
}

// malloc and similar names, which come from another library unless this binary defines them: a
// static binary has the libc's, and Zig links its libc++ statically.
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
    for (std::string_view name : Variant().symbols) {
        EXPECT_EQ(names.count(std::string(name)), 1u) << name;
    }
    for (std::string_view name : Variant().other_symbols) {
        EXPECT_EQ(names.count(std::string(name)), 0u) << name;
    }
    // Some allocators, and sanitizers, replace the libc's functions.
    for (const std::string &name : NamesOfTheLibrariesLinked()) {
        EXPECT_EQ(names.count(name), Variant().replaces_malloc || kSanitized) << name;
    }
}

// The allocator is not only linked: blocks come from it.
TEST(Identity, BlocksAreTheAllocators) {
    for (size_t size : {size_t{1}, size_t{100}, size_t{20000}, 3 * kMiB}) {
        void *block = zmalloc(size);
        if (Variant().usable_size != nullptr) {
            EXPECT_EQ(Variant().usable_size(block), zmalloc_size(block));
        } else {
            // Only with the prefix is the usable size exactly the size asked for.
            EXPECT_EQ(zmalloc_usable_size(block), size);
            EXPECT_GT(zmalloc_size(block), size);
        }
        zfree(block);
    }
}

}  // namespace
}  // namespace zmalloc_test
