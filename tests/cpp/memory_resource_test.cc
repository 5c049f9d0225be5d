#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "tests/cpp/blocks.h"
#include "tests/support.h"
#include "zmalloc/zmalloc.hpp"

namespace zmalloc_test {
namespace {

TEST(MemoryResource, ComparesByKind) {
    zm::memory_resource one, other;
    EXPECT_TRUE(one.is_equal(other));
    EXPECT_TRUE(one == other);
    EXPECT_FALSE(one != *zm::resource());
    EXPECT_FALSE(one == *std::pmr::new_delete_resource());
    EXPECT_FALSE(*std::pmr::null_memory_resource() == one);
    EXPECT_EQ(zm::resource(), zm::resource());
}

// A pmr container counts like one over zm::allocator.
TEST(MemoryResource, CountsExactly) {
    Balance balance;
    {
        std::pmr::vector<int> numbers(zm::resource());
        for (int i = 0; i < 10000; i++) {
            numbers.push_back(i);
            ASSERT_EQ(balance.Used(), zmalloc_size(numbers.data()));
        }
    }
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(MemoryResource, InContainers) {
    Balance balance;
    {
        std::pmr::map<int, std::pmr::string> names(zm::resource());
        for (int i = 0; i < 1000; i++) names[i] = std::string(static_cast<size_t>(i), 'x');
        EXPECT_GT(balance.Used(), 1000u * 1000 / 2);
        std::pmr::map<int, std::pmr::string> moved(std::move(names));
        for (int i = 0; i < 1000; i += 2) moved.erase(i);
    }
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(ZoneResource, CountsInItsZone) {
    Balance balance;
    zmalloc_zone_t *zone = zmalloc_zone_create("a map"), *other = zmalloc_zone_create("another");
    zm::zone_resource resource(zone), same(zone), of_other(other);
    EXPECT_TRUE(resource == same);
    EXPECT_FALSE(resource == of_other);
    EXPECT_FALSE(resource == *zm::resource());
    EXPECT_EQ(resource.zone(), zone);
    {
        std::pmr::map<int, std::pmr::string> names(&resource);
        for (int i = 0; i < 1000; i++) names[i] = std::string(static_cast<size_t>(i), 'x');
        EXPECT_EQ(zmalloc_zone_bytes(zone), balance.Used());
        EXPECT_GT(zmalloc_zone_blocks(zone), 1000u);
        void *aligned = resource.allocate(100, 256);
        EXPECT_TRUE(IsAligned(aligned, 256));
        EXPECT_EQ(zmalloc_zone_bytes(zone), balance.Used());
        resource.deallocate(aligned, 100, 256);
        EXPECT_EQ(zmalloc_zone_bytes(other), 0u);
    }
    EXPECT_EQ(balance.Used(), 0u);
    EXPECT_EQ(zmalloc_zone_destroy(zone), 0);
    EXPECT_EQ(zmalloc_zone_destroy(other), 0);
}

TEST(MemoryResource, BehindOthers) {
    Balance balance;
    {
        std::pmr::monotonic_buffer_resource buffer(zm::resource());
        std::pmr::vector<std::pmr::string> strings(&buffer);
        for (int i = 0; i < 1000; i++) strings.emplace_back(100, 'x');
        EXPECT_GT(balance.Used(), 100000u);
    }
    {
        std::pmr::unsynchronized_pool_resource pool(zm::resource());
        std::pmr::vector<std::pmr::string> strings(&pool);
        for (int i = 0; i < 1000; i++) strings.emplace_back(100, 'x');
        EXPECT_GT(balance.Used(), 100000u);
    }
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(MemoryResource, EverySizeAndAlignment) {
    Balance balance;
    for (size_t alignment = 1; alignment <= 8192; alignment *= 2) {
        std::vector<std::pair<void *, size_t>> blocks;
        for (size_t size : InterestingSizes(20000)) {
            void *block = zm::resource()->allocate(size, alignment);
            ASSERT_TRUE(IsAligned(block, alignment)) << size << " to " << alignment;
            ASSERT_GE(zmalloc_usable_size(block), size);
            Pattern::Fill(block, size, size + alignment);
            blocks.emplace_back(block, size);
        }
        for (auto [block, size] : blocks) {
            ASSERT_TRUE(Pattern::Holds(block, size, size + alignment));
            zm::resource()->deallocate(block, size, alignment);
        }
        ASSERT_EQ(balance.Used(), 0u) << alignment;
    }
}

TEST(MemoryResource, OutOfMemoryThrows) {
    OomRecorder oom;
    Balance balance;
    for (size_t alignment : {1, 8, 16, 64, 4096}) {
        EXPECT_THROW((void)zm::resource()->allocate(Opaque(SIZE_MAX / 2), alignment),
                     std::bad_alloc);
        EXPECT_THROW((void)zm::resource()->allocate(Opaque(SIZE_MAX), alignment), std::bad_alloc);
    }
    EXPECT_EQ(balance.Used(), 0u);
    EXPECT_TRUE(oom.Take().empty());
}

// One thread may free what another allocated.
TEST(MemoryResource, AcrossThreads) {
    Balance balance;
    {
        std::vector<std::pmr::string> strings;
        std::thread([&] {
            for (int i = 0; i < 1000; i++) strings.emplace_back(1000, 'x', zm::resource());
        }).join();
        EXPECT_GT(balance.Used(), 1000000u);
    }
    EXPECT_EQ(balance.Used(), 0u);
}

}  // namespace
}  // namespace zmalloc_test
