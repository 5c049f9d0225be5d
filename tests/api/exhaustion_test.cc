// Memory that really runs out, in a child with a limit on its address space.
#include <sys/resource.h>

#include <algorithm>

#include "tests/api/allocators.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

size_t handler_calls, handler_size;

bool LimitAddressSpace(size_t more) {
    long long now;
    CHILD_CHECK(get_proc_stat_ll(23, &now) == 1);
    rlimit limit = {static_cast<rlim_t>(now + static_cast<long long>(more)), RLIM_INFINITY};
    CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    return true;
}

// Takes all memory, in blocks of `size`, and then checks every function.
bool Exhaust(size_t size) {
    // Makes room for the list itself, while there is memory.
    std::vector<void *> blocks;
    blocks.reserve(600 * kMiB / std::max(size, size_t{16}));
    CHILD_CHECK(LimitAddressSpace(256 * kMiB));
    const size_t before = zmalloc_used_memory();
    size_t sum = 0;
    while (void *block = ztrymalloc(size)) {
        CHILD_CHECK(blocks.size() < blocks.capacity());
        *static_cast<char *>(block) = 1;
        sum += zmalloc_size(block);
        blocks.push_back(block);
    }
    CHILD_CHECK(sum > 32 * kMiB);
    CHILD_CHECK(zmalloc_used_memory() == before + sum);

    zmalloc_set_oom_handler([](size_t asked) {
        handler_calls++;
        handler_size = asked;
    });
    const size_t large = 512 * kMiB;
    for (const Allocator &allocator : Allocators()) {
        size_t usable = 77;
        handler_calls = 0;
        CHILD_CHECK(allocator.allocate(large, &usable) == nullptr);
        CHILD_CHECK(usable == 0);
        CHILD_CHECK(handler_calls == (allocator.tries ? 0 : 1));
        CHILD_CHECK(handler_calls == 0 || handler_size == large);
    }
    CHILD_CHECK(zmalloc_used_memory() == before + sum);

    void *block = blocks.back();
    Pattern::Fill(block, size, 1);
    CHILD_CHECK(ztryrealloc(block, large) == nullptr);
    CHILD_CHECK(zrealloc(block, large) == nullptr);
    CHILD_CHECK(zrealloc_with_flags(block, large, LgAlign(8)) == nullptr);
    CHILD_CHECK(Pattern::Holds(block, size, 1));
    CHILD_CHECK(zmalloc_used_memory() == before + sum);

    for (void *each : blocks) zfree(each);
    CHILD_CHECK(zmalloc_used_memory() == before);
    // There is memory again.
    void *again = ztrymalloc(size);
    CHILD_CHECK(again != nullptr);
    zfree(again);
    CHILD_CHECK(zmalloc_used_memory() == before);
    return true;
}

class Exhaustion : public testing::TestWithParam<size_t> {};

TEST_P(Exhaustion, IsSurvived) {
    if (OverSanitizersMalloc()) GTEST_SKIP() << "the sanitizer took its address space at the start";
    if (Emulated()) GTEST_SKIP() << "qemu sets no limit to address space";
    if (kThreadSanitizer && Variant().allocator == "mimalloc") {
        GTEST_SKIP() << "ThreadSanitizer itself needs memory to watch mimalloc's atomics";
    }
    EXPECT_TRUE(InChild([] {
        alarm(240);  // it fills and frees all memory; with --guard on a busy machine in over 30 s
        return Exhaust(GetParam());
    }));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Exhaustion, testing::Values(200, 5000, 100000, 4 * kMiB),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace zmalloc_test
