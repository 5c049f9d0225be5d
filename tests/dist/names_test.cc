// No two packages have one name: a later one would overwrite an earlier one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>
#include <string>

namespace {

TEST(Names, EachPackageHasItsOwn) {
    std::istringstream paths(std::getenv("ZMALLOC_PACKAGES"));
    std::set<std::string> names;
    size_t packages = 0, guarded = 0;
    for (std::string path; paths >> path; packages++) {
        const std::string name = path.substr(path.rfind('/') + 1);
        EXPECT_TRUE(names.insert(name).second) << name;
        guarded += name.find("-guard") != std::string::npos;
    }
    EXPECT_GT(packages, 5u);
    EXPECT_EQ(guarded, 1u);
}

}  // namespace
