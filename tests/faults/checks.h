// Checks that each call must pass, with memory or without.  Nothing here allocates, except the
// functions that it is told to call: where a failing allocator replaces the libc's, the test's own
// calls would fail as well.
#ifndef ZMALLOC_TESTS_FAULTS_CHECKS_H_
#define ZMALLOC_TESTS_FAULTS_CHECKS_H_

#include <cstddef>
#include <cstdint>

#include "tests/support.h"

namespace zmalloc_test {

struct Block {
    char *at;
    size_t filled;  // bytes that hold the pattern of `id`
    uint64_t id;
};

// Sets the out-of-memory handler while it lives.
class Checks {
  public:
    Checks();
    ~Checks();
    Checks(const Checks &) = delete;

    // Other threads allocate from now on: used memory is no longer checked.
    void NotAlone() { alone_ = false; }

    // Notes the name of a function under test, and returns the function: for CALL.
    template <typename Function>
    Function Noted(const char *name, Function function) {
        Note(name);
        return function;
    }
    void Note(const char *name);
    // The names, once each.
    static const char *const *noted();
    static size_t noted_count();

    void Expect(bool ok, const char *function, const char *what);
    bool failed() const { return wrong_[0] != '\0'; }
    // The first check that failed.
    const char *wrong() const { return wrong_; }

    // `call` allocates `size` bytes and tells the usable size.  Returns a block that is filled; or
    // none, and then checks that nothing changed.
    template <typename Call>
    Block Allocate(const char *function, size_t size, bool tries, Call call) {
        const size_t used = Begin();
        size_t usable = 77;
        Block block = {static_cast<char *>(call(size, &usable)), 0, 0};
        Handled(function, block.at == nullptr && !tries, size);
        Expect(usable == zmalloc_usable_size(block.at), function, "the usable size");
        Expect(block.at == nullptr || usable >= size, function, "enough bytes");
        Used(function, used, zmalloc_size(block.at));
        Fill(&block);
        return block;
    }
    // `call` resizes the block to `size` bytes, not 0.  It must do so, or leave the block as it
    // was.
    template <typename Call>
    bool Resize(const char *function, Block *block, size_t size, bool tries, Call call) {
        const size_t had = zmalloc_usable_size(block->at), counted = zmalloc_size(block->at);
        const size_t used = Begin();
        size_t usable = 77, old_usable = 77;
        char *resized = static_cast<char *>(call(block->at, size, &usable, &old_usable));
        Handled(function, resized == nullptr && !tries, size);
        Expect(old_usable == had, function, "the old usable size");
        Expect(usable == zmalloc_usable_size(resized), function, "the usable size");
        if (resized != nullptr) {
            block->at = resized;
            if (size < block->filled) block->filled = size;
        }
        Look(function, *block);
        Used(function, used, zmalloc_size(block->at) - counted);
        Fill(block);
        return resized != nullptr;
    }
    // `call` frees the block and tells what its usable size was.
    template <typename Call>
    void Free(const char *function, Block *block, Call call) {
        Look(function, *block);
        const size_t had = zmalloc_usable_size(block->at), counted = zmalloc_size(block->at);
        const size_t used = Begin();
        size_t usable = 77;
        call(block->at, &usable);
        Handled(function, false, 0);
        Expect(usable == had, function, "the usable size");
        Used(function, used, 0 - counted);
        *block = {};
    }
    // Any other call: it must not report a lack of memory.
    template <typename Call>
    auto Other(const char *function, Call call) {
        const size_t used = Begin();
        auto result = call();
        Handled(function, false, 0);
        Used(function, used, 0);
        return result;
    }

    // Frees the block by zfree.
    void Free(Block *block);
    // Checks that the contents are what they should be.
    void Look(const char *function, const Block &block);
    void Fill(Block *block);

  private:
    size_t Begin();
    void Handled(const char *function, bool once, size_t size);
    void Used(const char *function, size_t before, size_t more);

    bool alone_ = true;
    char wrong_[256] = "";
};

// Calls a public function, which then counts as tested.
#define CALL(checks, function) (checks).Noted(#function, function)

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FAULTS_CHECKS_H_
