// Helpers for tests that use blocks, without GoogleTest.
#ifndef ZMALLOC_TESTS_BLOCKS_H_
#define ZMALLOC_TESTS_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/random.h"

namespace zmalloc_test {

constexpr size_t kMiB = size_t{1} << 20;

// A value that the compiler does not know: it warns about what the tests do, or leaves it out.
template <class Value>
Value Opaque(Value value) {
    __asm__ volatile("" : "+r"(value));
    return value;
}

// Bytes that depend on an id and on their place in the block, so that a test notices blocks that
// overlap.  Uses memcpy and memcmp, which are fast even in an unoptimised build.
class Pattern {
  public:
    static void Fill(void *block, size_t size, uint64_t id) {
        char *to = static_cast<char *>(block);
        for (size_t done = 0; done < size; done += kPeriod) {
            std::memcpy(to + done, At(id), Least(size - done));
        }
    }
    static bool Holds(const void *block, size_t size, uint64_t id) {
        const char *from = static_cast<const char *>(block);
        for (size_t done = 0; done < size; done += kPeriod) {
            if (std::memcmp(from + done, At(id), Least(size - done)) != 0) return false;
        }
        return true;
    }

  private:
    static constexpr size_t kPeriod = 4093, kStarts = 4096;

    static size_t Least(size_t size) { return size < kPeriod ? size : kPeriod; }
    static const char *At(uint64_t id) {
        static const std::vector<char> bytes = [] {
            Random random(1);
            std::vector<char> filled(kPeriod + kStarts);
            for (char &byte : filled) byte = static_cast<char>(random.Next());
            return filled;
        }();
        return bytes.data() + id % kStarts;
    }
};

inline bool AllZero(const void *block, size_t size) {
    const char *bytes = static_cast<const char *>(block);
    return size == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_BLOCKS_H_
