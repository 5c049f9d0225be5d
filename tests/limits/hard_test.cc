// The hard limit: what fails, what does not, and how exactly.
#include <algorithm>
#include <functional>
#include <vector>

#include "tests/limits/limited.h"

namespace zmalloc_test {
namespace {

// Allocates blocks until that fails, and frees them.
class Full {
  public:
    explicit Full(size_t size = 100) {
        void *block;
        while ((block = ztrymalloc(size)) != nullptr) blocks_.push_back(block);
    }
    ~Full() {
        for (void *block : blocks_) zfree(block);
    }
    Full(const Full &) = delete;

    void FreeOne() {
        zfree(blocks_.back());
        blocks_.pop_back();
    }
    size_t count() const { return blocks_.size(); }

  private:
    std::vector<void *> blocks_;
};

TEST(HardLimit, IsExactInOneThread) {
    const size_t before = zmalloc_used_memory();
    for (size_t size : {size_t{1}, size_t{100}, size_t{5000}, size_t{70000}, size_t{300000}}) {
        HardLimit limit(3 * kMiB);
        void *one = zmalloc(size);
        const size_t counted = zmalloc_size(one);
        zfree(one);
        Full full(size);
        EXPECT_LE(zmalloc_used_memory(), limit.limit());
        EXPECT_GT(zmalloc_used_memory() + counted, limit.limit()) << size;
        // As often as one likes, and also after a block was freed.
        for (int i = 0; i < 100; i++) EXPECT_EQ(ztrymalloc(size), nullptr);
        full.FreeOne();
        void *again = ztrymalloc(size);
        EXPECT_NE(again, nullptr);
        EXPECT_EQ(ztrymalloc(size), nullptr);
        zfree(again);
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(HardLimit, PeakIsOfWhatWasUsed) {
    const size_t before = zmalloc_used_memory();
    zmalloc_peak_memory_reset();
    HardLimit limit(10 * kMiB);
    EXPECT_EQ(ztrymalloc(kMiB << 10), nullptr);
    EXPECT_LT(zmalloc_peak_memory(), before + kMiB);
    void *block = zmalloc(1000);
    for (size_t size = 2000; size < 8 * kMiB; size += 3000) block = zrealloc(block, size);
    zfree(block);
    EXPECT_GT(zmalloc_peak_memory(), before + 8 * kMiB - kWindow);
}

TEST(HardLimit, FailsWithErrno) {
    HardLimit limit(kMiB);
    Full full;
    errno = 0;
    EXPECT_EQ(ztrymalloc(100), nullptr);
    EXPECT_EQ(errno, ENOMEM);
}

struct Request {
    const char *name;
    bool tries;
    std::function<void *(size_t)> make;
};

const std::vector<Request> &Requests() {
    static const std::vector<Request> requests = {
        {"zmalloc", false, zmalloc},
        {"ztrymalloc", true, ztrymalloc},
        {"zcalloc", false, zcalloc},
        {"ztrycalloc", true, ztrycalloc},
        {"zcalloc_num", false, [](size_t size) { return zcalloc_num(1, size); }},
        {"ztrycalloc_num", true, [](size_t size) { return ztrycalloc_num(1, size); }},
        {"zmalloc_usable", false, [](size_t size) { return zmalloc_usable(size, nullptr); }},
        {"ztrymalloc_usable", true, [](size_t size) { return ztrymalloc_usable(size, nullptr); }},
        {"zcalloc_usable", false, [](size_t size) { return zcalloc_usable(size, nullptr); }},
        {"ztrycalloc_usable", true, [](size_t size) { return ztrycalloc_usable(size, nullptr); }},
        {"zmalloc_aligned", false, [](size_t size) { return zmalloc_aligned(64, size); }},
        {"ztrymalloc_aligned", true, [](size_t size) { return ztrymalloc_aligned(64, size); }},
        {"zmalloc_cache_aligned", false, zmalloc_cache_aligned},
        {"zmalloc_with_flags", false, [](size_t size) { return zmalloc_with_flags(size, 0); }},
        {"ztrymalloc_with_flags", true, [](size_t size) { return ztrymalloc_with_flags(size, 0); }},
        {"zmalloc_no_tcache", false, zmalloc_no_tcache},
        {"zrealloc of NULL", false, [](size_t size) { return zrealloc(nullptr, size); }},
        {"ztryrealloc of NULL", true, [](size_t size) { return ztryrealloc(nullptr, size); }},
        {"zrealloc_with_flags of NULL", false,
         [](size_t size) { return zrealloc_with_flags(nullptr, size, 0); }},
        {"zstrdup", false, [](size_t size) { return zstrdup(std::string(size - 1, 'x').c_str()); }},
    };
    return requests;
}

TEST(HardLimit, EachRequestFails) {
    const size_t before = zmalloc_used_memory();
    OomRecorder oom;
    for (const Request &request : Requests()) {
        HardLimit limit(kMiB);
        {
            Full full(8);
            for (size_t size : {size_t{100}, size_t{3000}, size_t{200000}, 40 * kMiB}) {
                EXPECT_EQ(request.make(size), nullptr) << request.name << " " << size;
                EXPECT_EQ(oom.Take(),
                          request.tries ? std::vector<size_t>{} : std::vector<size_t>{size})
                    << request.name << " " << size;
            }
        }
        void *block = request.make(100);
        EXPECT_NE(block, nullptr) << request.name;
        zfree(block);
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// A request that is larger than a window is not even counted for a moment.
TEST(HardLimit, LargeRequestsAreCheckedFirst) {
    if (Variant().allocator == "libc" || Variant().name == "jemalloc_stock") {
        GTEST_SKIP() << "checked when the block is counted";
    }
    HardLimit limit(kMiB);
    zmalloc_peak_memory_reset();
    EXPECT_EQ(ztrymalloc(100 * kMiB), nullptr);
    EXPECT_EQ(ztrycalloc(100 * kMiB), nullptr);
    EXPECT_LE(zmalloc_peak_memory(), limit.limit());
}

struct Resize {
    const char *name;
    bool tries;
    std::function<void *(void *, size_t)> make;
};

const std::vector<Resize> &Resizes() {
    static const std::vector<Resize> resizes = {
        {"zrealloc", false, zrealloc},
        {"ztryrealloc", true, ztryrealloc},
        {"zrealloc_usable", false,
         [](void *ptr, size_t size) { return zrealloc_usable(ptr, size, nullptr, nullptr); }},
        {"ztryrealloc_usable", true,
         [](void *ptr, size_t size) { return ztryrealloc_usable(ptr, size, nullptr, nullptr); }},
        {"zrealloc_with_flags", false,
         [](void *ptr, size_t size) { return zrealloc_with_flags(ptr, size, 0); }},
    };
    return resizes;
}

TEST(HardLimit, EachResizeFailsBeforeTheBlockChanges) {
    const size_t before = zmalloc_used_memory();
    OomRecorder oom;
    for (const Resize &resize : Resizes()) {
        for (size_t size : {size_t{100}, size_t{100000}}) {
            HardLimit limit(kMiB);
            char *block = static_cast<char *>(zmalloc(size));
            std::memset(block, 7, size);
            {
                Full full(8);
                const size_t used = zmalloc_used_memory();
                for (size_t larger : {size * 10, 60 * kMiB}) {
                    EXPECT_EQ(resize.make(block, larger), nullptr) << resize.name;
                    EXPECT_EQ(oom.Take(),
                              resize.tries ? std::vector<size_t>{} : std::vector<size_t>{larger});
                }
                EXPECT_EQ(zmalloc_used_memory(), used) << resize.name;
                EXPECT_EQ(block[0], 7);
                EXPECT_EQ(block[size - 1], 7);
            }
            // It may shrink, and grow where there is room.
            block = static_cast<char *>(resize.make(block, size / 2));
            ASSERT_NE(block, nullptr) << resize.name;
            block = static_cast<char *>(resize.make(block, size * 2));
            ASSERT_NE(block, nullptr) << resize.name;
            EXPECT_EQ(block[0], 7);
            zfree(block);
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// Growing by little, over and over, does not pass the limit either.
TEST(HardLimit, ManySmallResizes) {
    HardLimit limit(8 * kMiB);
    std::vector<void *> blocks(100);
    size_t failures = 0;
    for (size_t size = 100; size < 200000; size += 1000) {
        for (void *&block : blocks) {
            void *resized = ztryrealloc(block, size);
            if (resized != nullptr) block = resized;
            failures += resized == nullptr;
            ASSERT_LE(zmalloc_used_memory(), limit.limit() + kWindow);
        }
    }
    EXPECT_GT(failures, 0u);
    for (void *block : blocks) zfree(block);
}

// What the allocator rounds sizes up to: mimalloc 0.5 MiB to 1 MiB.
class Rounding {
  public:
    explicit Rounding(size_t largest) {
        for (size_t size = 0; size <= largest + kStep; size += kStep) {
            void *block = zmalloc(size);
            usable_.push_back(zmalloc_usable_size(block));
            zfree(block);
        }
    }
    // At least as much.
    size_t Of(size_t size) const { return usable_.at(size / kStep + 1); }

  private:
    static constexpr size_t kStep = 4096;
    std::vector<size_t> usable_;
};

// Random calls against the rule: a request succeeds just when it fits.
TEST(HardLimit, RandomCalls) {
    const uint64_t seed = Seed();
    SCOPED_TRACE(seed);
    Random random(seed);
    const Rounding rounding(2 * kMiB);
    const size_t before = zmalloc_used_memory();
    HardLimit limit(4 * kMiB);
    std::vector<void *> blocks(300);
    size_t failures = 0, above = kWindow;
    for (int i = 0; i < 50000; i++) {
        void *&block = blocks[random.Below(blocks.size())];
        const size_t size = random.Below(random.Below(50) == 0 ? 2 * kMiB : 40000);
        if (random.Below(4) == 0) {
            void *resized = ztryrealloc(block, size + 1);
            failures += resized == nullptr;
            if (resized != nullptr) {
                block = resized;
                // A block that grows is rounded up after it was checked.
                above = std::max(above, rounding.Of(size) - size);
            }
        } else {
            zfree(block);
            const size_t used_before = zmalloc_used_memory();
            block = random.Below(2) ? ztrymalloc(size) : ztrycalloc(size);
            failures += block == nullptr;
            // Size classes are mostly at most a quarter larger, and pages are at most 64 KiB.
            if (block == nullptr) {
                const size_t quarter = size + size / 4;
                ASSERT_GT(used_before + (size < 1000
                                             ? quarter + 200
                                             : std::max(quarter, rounding.Of(size)) + (128 << 10)),
                          limit.limit());
            }
        }
        const size_t used = zmalloc_used_memory();
        ASSERT_LE(used, limit.limit() + above);
        if (used <= limit.limit() + kWindow) above = kWindow;
    }
    EXPECT_GT(failures, 0u);
    for (void *block : blocks) zfree(block);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(HardLimit, SetBelowWhatIsUsed) {
    void *block = zmalloc(kMiB);
    EXPECT_EQ(zmalloc_set_limit(0, zmalloc_used_memory() / 2, nullptr, nullptr), 0);
    EXPECT_EQ(ztrymalloc(100), nullptr);
    block = zrealloc(block, kMiB / 4);  // shrinking works
    EXPECT_NE(block, nullptr);
    zfree(block);
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    block = ztrymalloc(100);
    EXPECT_NE(block, nullptr);
    zfree(block);
}

TEST(HardLimit, IsTold) {
    size_t soft = 1, hard = 1;
    EXPECT_EQ(zmalloc_set_limit(50 * kMiB, 60 * kMiB, nullptr, nullptr), 0);
    EXPECT_EQ(zmalloc_set_limit(70 * kMiB, 60 * kMiB, nullptr, nullptr), -1);
    zmalloc_get_limit(&soft, &hard);
    EXPECT_EQ(soft, 50 * kMiB);
    EXPECT_EQ(hard, 60 * kMiB);
    EXPECT_EQ(zmalloc_set_limit(SIZE_MAX, SIZE_MAX, nullptr, nullptr), 0);
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    zmalloc_get_limit(&soft, nullptr);
    zmalloc_get_limit(nullptr, &hard);
    EXPECT_EQ(soft, 0u);
    EXPECT_EQ(hard, 0u);
}

TEST(HardLimit, OfTheCgroup) {
    size_t soft, hard;
    const size_t memory = zmalloc_get_memory_limit();
    EXPECT_EQ(zmalloc_limit_from_cgroup(101, 0, nullptr, nullptr), -1);
    EXPECT_EQ(zmalloc_limit_from_cgroup(0, 101, nullptr, nullptr), -1);
    if (memory == 0) GTEST_SKIP() << "the memory of the system is not known";
    EXPECT_EQ(zmalloc_limit_from_cgroup(90, 80, nullptr, nullptr), -1);
    ASSERT_EQ(zmalloc_limit_from_cgroup(50, 90, nullptr, nullptr), 0);
    zmalloc_get_limit(&soft, &hard);
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    EXPECT_NEAR(static_cast<double>(soft), static_cast<double>(memory) * 0.5, 100);
    EXPECT_NEAR(static_cast<double>(hard), static_cast<double>(memory) * 0.9, 100);
}

}  // namespace
}  // namespace zmalloc_test
