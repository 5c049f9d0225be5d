// Our "zmalloc.h" for a server declares what that of a release declares.
#include "tests/compat/declarations.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace {

// The types were compared when declarations.c was compiled.
TEST(Declarations, AreFunctionsOfTheServersTypes) {
    size_t count;
    const declaration *all = declarations(&count);
    std::set<std::string> names;
    EXPECT_GT(count, 25u);
    for (size_t i = 0; i < count; i++) {
        EXPECT_NE(all[i].function, nullptr) << all[i].name;
        if (all[i].other != nullptr) {
            EXPECT_EQ(all[i].function, all[i].other) << all[i].name;
        }
        EXPECT_TRUE(names.insert(all[i].name).second) << all[i].name;
    }
    for (const char *name : {"zmalloc", "zrealloc_usable", "zmalloc_get_allocator_info"}) {
        EXPECT_EQ(names.count(name), 1u) << name;
    }
}

}  // namespace
