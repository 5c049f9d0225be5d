// Shared by the tests of jemalloc.
#ifndef ZMALLOC_TESTS_JEMALLOC_SUPPORT_H_
#define ZMALLOC_TESTS_JEMALLOC_SUPPORT_H_

#include <jemalloc/extension.h>
#include <jemalloc/jemalloc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/blocks.h"
#include "tests/random.h"

namespace jemalloc_test {

using zmalloc_test::Opaque;

template <typename T>
T Get(const std::string &name) {
    T value{};
    size_t size = sizeof value;
    EXPECT_EQ(je_mallctl(name.c_str(), &value, &size, nullptr, 0), 0) << name;
    EXPECT_EQ(size, sizeof value) << name;
    return value;
}

template <typename T>
void Set(const std::string &name, T value) {
    EXPECT_EQ(je_mallctl(name.c_str(), nullptr, nullptr, &value, sizeof value), 0) << name;
}

inline void RefreshStats() { Set<uint64_t>("epoch", 1); }

inline std::vector<size_t> SmallClasses() {
    std::vector<size_t> sizes;
    const auto bins = Get<unsigned>("arenas.nbins");
    for (unsigned i = 0; i < bins; i++) {
        sizes.push_back(Get<size_t>("arenas.bin." + std::to_string(i) + ".size"));
    }
    return sizes;
}

inline std::vector<size_t> LargeClasses() {
    std::vector<size_t> sizes;
    const auto large = Get<unsigned>("arenas.nlextents");
    for (unsigned i = 0; i < large; i++) {
        sizes.push_back(Get<size_t>("arenas.lextent." + std::to_string(i) + ".size"));
    }
    return sizes;
}

// Every size class up to `largest`, with the sizes below and above; and 0.
inline std::vector<size_t> SizesAroundClasses(size_t largest) {
    std::vector<size_t> sizes{0};
    for (const std::vector<size_t> &classes : {SmallClasses(), LargeClasses()}) {
        for (size_t size : classes) {
            if (size > largest) break;
            for (size_t near : {size - 1, size, size + 1}) sizes.push_back(near);
        }
    }
    return sizes;
}

class Random : public zmalloc_test::Random {
  public:
    using zmalloc_test::Random::Random;

    // Mostly small, at times large.
    size_t Size() {
        switch (Below(16)) {
            case 0:
                return 0;
            case 1:
                return Below(300000);
            case 2:
            case 3:
                return Below(20000);
            default:
                return Below(600);
        }
    }
};

inline bool AllZero(const void *block, size_t size) {
    const char *bytes = static_cast<const char *>(block);
    return size == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

}  // namespace jemalloc_test

#endif  // ZMALLOC_TESTS_JEMALLOC_SUPPORT_H_
