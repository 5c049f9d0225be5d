// Turns a fuzzer's bytes into values, and reports that something is wrong.
#ifndef ZMALLOC_TESTS_FUZZ_INPUT_H_
#define ZMALLOC_TESTS_FUZZ_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace zmalloc_test {

// Reads from the front; after the end it gives 0 and empty texts.
class Input {
  public:
    Input(const uint8_t *data, size_t size) : data_(data), left_(size) {}

    size_t left() const { return left_; }
    uint8_t Byte() {
        if (left_ == 0) return 0;
        left_--;
        return *data_++;
    }
    // Takes the fewest bytes that can make any number below the limit.
    size_t Below(size_t limit) {
        size_t value = 0;
        for (size_t most = limit - 1; most != 0; most >>= 8) value = value << 8 | Byte();
        return value % limit;
    }
    std::string Bytes(size_t count) {
        if (count > left_) count = left_;
        std::string bytes(reinterpret_cast<const char *>(data_), count);
        data_ += count;
        left_ -= count;
        return bytes;
    }
    std::string Rest() { return Bytes(left_); }

  private:
    const uint8_t *data_;
    size_t left_;
};

// Ends the program, in optimised builds as well.
#define FUZZ_CHECK(condition)                                                            \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                \
        }                                                                                \
    } while (0)

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FUZZ_INPUT_H_
