// Each call, in one thread.
#include <functional>

#include "tests/zones/zones.h"
#include "zmalloc/limit.h"

namespace zmalloc_test {
namespace {

using Figures = Zone::Figures;

struct Request {
    const char *name;
    bool tries;
    void *(*make)(zmalloc_zone_t *, size_t);
};

const Request kRequests[] = {
    {"zmalloc_in", false, zmalloc_in},
    {"ztrymalloc_in", true, ztrymalloc_in},
    {"zcalloc_in", false, zcalloc_in},
    {"ztrycalloc_in", true, ztrycalloc_in},
    {"zrealloc_in of NULL", false,
     [](zmalloc_zone_t *zone, size_t size) { return zrealloc_in(zone, nullptr, size); }},
    {"ztryrealloc_in of NULL", true,
     [](zmalloc_zone_t *zone, size_t size) { return ztryrealloc_in(zone, nullptr, size); }},
};

TEST(ZoneCalls, CountWhatUsedMemoryCounts) {
    Zone zone, other;
    const size_t before = zmalloc_used_memory();
    for (const Request &request : kRequests) {
        for (size_t size : InterestingSizes(3 * kMiB)) {
            void *block = request.make(zone, size);
            ASSERT_NE(block, nullptr);
            ASSERT_EQ(zone.figures(), Figures(zmalloc_size(block), 1)) << request.name << size;
            ASSERT_EQ(zmalloc_used_memory(), before + zmalloc_size(block)) << request.name << size;
            std::memset(block, 1, size);
            zfree_in(zone, block);
            ASSERT_EQ(zone.figures(), Figures(0, 0)) << request.name << size;
            ASSERT_EQ(zmalloc_used_memory(), before) << request.name << size;
        }
    }
    EXPECT_EQ(other.figures(), Figures(0, 0));
}

TEST(ZoneCalls, AllocateZeros) {
    Zone zone;
    for (auto call : {zcalloc_in, ztrycalloc_in}) {
        for (size_t size : {size_t{100}, size_t{5000}, kMiB}) {
            char *block = static_cast<char *>(call(zone, size));
            EXPECT_TRUE(std::all_of(block, block + size, [](char c) { return c == 0; }));
            zfree_in(zone, block);
        }
    }
}

TEST(ZoneCalls, Resize) {
    Zone zone;
    const size_t before = zmalloc_used_memory();
    for (auto resize : {zrealloc_in, ztryrealloc_in}) {
        char *block = static_cast<char *>(zmalloc_in(zone, 10));
        std::memset(block, 7, 10);
        for (size_t size : {20, 200, 210, 5000, 70000, 500000, 3000000, 100000, 90, 15}) {
            block = static_cast<char *>(resize(zone, block, size));
            EXPECT_EQ(zone.figures(), Figures(zmalloc_size(block), 1)) << size;
            EXPECT_EQ(block[9], 7);
        }
        EXPECT_EQ(resize(zone, block, 0), nullptr);
        EXPECT_EQ(zone.figures(), Figures(0, 0));
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(ZoneCalls, FailuresCountNothing) {
    Zone zone;
    OomRecorder oom;
    void *block = zmalloc_in(zone, 100);
    const Figures figures = zone.figures();
    const size_t size = Opaque(SIZE_MAX / 2);
    for (const Request &request : kRequests) {
        EXPECT_EQ(request.make(zone, size), nullptr) << request.name;
        EXPECT_EQ(oom.Take(), request.tries ? std::vector<size_t>{} : std::vector<size_t>{size});
        EXPECT_EQ(zone.figures(), figures) << request.name;
    }
    EXPECT_EQ(zrealloc_in(zone, block, size), nullptr);
    EXPECT_EQ(ztryrealloc_in(zone, block, size), nullptr);
    EXPECT_EQ(zone.figures(), figures);
    zfree_in(zone, block);
}

// A block that the hard limit refuses is not counted.
TEST(ZoneCalls, HardLimit) {
    Zone zone;
    OomRecorder oom;
    const size_t before = zmalloc_used_memory();
    ASSERT_EQ(zmalloc_set_limit(0, before + 2 * kMiB, nullptr, nullptr), 0);
    for (const Request &request : kRequests) {
        for (size_t size : {size_t{100}, size_t{5000}, size_t{300000}, 40 * kMiB}) {
            std::vector<void *> blocks;
            void *block;
            while ((block = request.make(zone, size)) != nullptr) blocks.push_back(block);
            EXPECT_EQ(zone.figures(), FiguresOf(blocks)) << request.name << size;
            if (!blocks.empty()) {
                EXPECT_EQ(ztryrealloc_in(zone, blocks[0], 9 * kMiB), nullptr);
                EXPECT_EQ(zone.figures(), FiguresOf(blocks)) << request.name << size;
            }
            for (void *each : blocks) zfree_in(zone, each);
            EXPECT_EQ(zone.figures(), Figures(0, 0));
        }
    }
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// The soft limit's callback may use zones as well.
TEST(ZoneCalls, InACallback) {
    static zmalloc_zone_t *inner;
    Zone zone, in_callback;
    inner = in_callback;
    const size_t before = zmalloc_used_memory();
    zmalloc_set_limit(
        before + kMiB, 0, [](void *, bool, size_t) { zfree_in(inner, zmalloc_in(inner, 1000)); },
        nullptr);
    std::vector<void *> blocks(3000);
    for (void *&block : blocks) block = zmalloc_in(zone, 1000);
    EXPECT_EQ(zone.figures(), FiguresOf(blocks));
    for (void *block : blocks) zfree_in(zone, block);
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(ZoneCalls, NoZone) {
    const size_t before = zmalloc_used_memory();
    Zone zone;
    void *block = zmalloc_in(nullptr, 100);
    block = zrealloc_in(nullptr, block, 5000);
    zmalloc_zone_add(nullptr, block);
    EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(block));
    EXPECT_EQ(zmalloc_zone_bytes(nullptr), 0u);
    EXPECT_EQ(zmalloc_zone_blocks(nullptr), 0u);
    EXPECT_EQ(zone.figures(), Figures(0, 0));
    std::thread([&] { zmalloc_zone_add(nullptr, block); }).join();
    zfree_in(nullptr, block);
    zfree_in(zone, nullptr);
    zmalloc_zone_add(zone, nullptr);
    zmalloc_zone_remove(zone, nullptr);
    EXPECT_EQ(zone.figures(), Figures(0, 0));
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(ZoneCalls, AddAndRemove) {
    Zone zone, other;
    const std::vector<void *> blocks = {zmalloc_aligned(4096, 100), zstrdup("a string"),
                                        zmalloc_with_flags(5000, ZMALLOC_FLAG_ZERO),
                                        zmalloc_cache_aligned(10), zcalloc_num(30, 1000)};
    for (void *block : blocks) zmalloc_zone_add(zone, block);
    EXPECT_EQ(zone.figures(), FiguresOf(blocks));
    for (void *block : blocks) {
        zmalloc_zone_remove(zone, block);
        zmalloc_zone_add(other, block);
    }
    EXPECT_EQ(zone.figures(), Figures(0, 0));
    EXPECT_EQ(other.figures(), FiguresOf(blocks));
    for (void *block : blocks) zfree_in(other, block);
    EXPECT_EQ(other.figures(), Figures(0, 0));
}

TEST(Zones, AreNotDestroyedWithBlocks) {
    zmalloc_zone_t *zone = zmalloc_zone_create("busy");
    void *block = zmalloc_in(zone, 0);
    errno = 0;
    EXPECT_EQ(zmalloc_zone_destroy(zone), -1);
    EXPECT_EQ(errno, EBUSY);
    EXPECT_EQ(zmalloc_zone_blocks(zone), 1u);
    zfree_in(zone, block);
    EXPECT_EQ(zmalloc_zone_destroy(zone), 0);
    // Twice, and what is no zone.
    zmalloc_zone_t *const none[] = {zone, nullptr, reinterpret_cast<zmalloc_zone_t *>(&block),
                                    reinterpret_cast<zmalloc_zone_t *>(UINTPTR_MAX),
                                    reinterpret_cast<zmalloc_zone_t *>(uintptr_t{17})};
    for (zmalloc_zone_t *bad : none) {
        errno = 0;
        EXPECT_EQ(zmalloc_zone_destroy(bad), -1);
        EXPECT_EQ(errno, EINVAL);
        EXPECT_EQ(zmalloc_zone_bytes(bad), 0u);
        EXPECT_EQ(zmalloc_zone_blocks(bad), 0u);
    }
}

TEST(Zones, OtherPointersHaveNoFigures) {
    Zone zone("one");
    void *block = zmalloc_in(zone, 100);
    const auto place = reinterpret_cast<uintptr_t>(static_cast<zmalloc_zone_t *>(zone));
    for (uintptr_t further : {1, 8, 15}) {
        const auto *none = reinterpret_cast<zmalloc_zone_t *>(place + further);
        EXPECT_EQ(zmalloc_zone_bytes(none), 0u) << further;
        EXPECT_EQ(zmalloc_zone_blocks(none), 0u) << further;
    }
    zfree_in(zone, block);
}

TEST(Zones, NeedAName) {
    errno = 0;
    EXPECT_EQ(zmalloc_zone_create(nullptr), nullptr);
    EXPECT_EQ(errno, EINVAL);
    Zone empty(""), same(""), longest(std::string(100000, 'x').c_str());
    EXPECT_NE(static_cast<zmalloc_zone_t *>(empty), static_cast<zmalloc_zone_t *>(same));
}

// A thread's counter is far from 0 when its zone is destroyed: the next zone starts at 0.
TEST(Zones, AreUsedAgain) {
    zmalloc_zone_t *first = zmalloc_zone_create("first");
    void *block = zmalloc_in(first, 1000);
    std::thread([&] { zfree_in(first, block); }).join();
    ASSERT_EQ(zmalloc_zone_destroy(first), 0);
    for (int i = 0; i < 1000; i++) {
        Zone zone;  // expects 0
        void *again = zmalloc_in(zone, 100);
        EXPECT_EQ(zone.figures(), Figures(zmalloc_size(again), 1));
        std::thread([&] { zfree_in(zone, again); }).join();
    }
}

}  // namespace
}  // namespace zmalloc_test
