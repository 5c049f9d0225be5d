#include <deque>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/cpp/blocks.h"
#include "tests/support.h"
#include "zmalloc/zmalloc.hpp"

namespace zmalloc_test {
namespace {

using String = std::basic_string<char, std::char_traits<char>, zm::allocator<char>>;

static_assert(std::allocator_traits<zm::allocator<int>>::is_always_equal::value);
static_assert(zm::allocator<int>() == zm::allocator<char>());
static_assert(!(zm::allocator<int>() != zm::allocator<char>()));
static_assert(std::is_nothrow_move_assignable_v<std::vector<int, zm::allocator<int>>>);

// A vector's block counts for the size that zmalloc tells, and no more.
TEST(Allocator, CountsExactly) {
    Balance balance;
    {
        std::vector<int, zm::allocator<int>> numbers;
        EXPECT_EQ(balance.Used(), 0u);
        for (int i = 0; i < 10000; i++) {
            numbers.push_back(i);
            ASSERT_EQ(balance.Used(), zmalloc_size(numbers.data()));
        }
    }
    EXPECT_EQ(balance.Used(), 0u);
}

template <typename Container>
void FillAndEmpty(Container container) {
    for (int i = 0; i < 1000; i++) container.insert(container.end(), i);
    Container other = container;
    other = std::move(container);
    EXPECT_EQ(other.size(), 1000u);
    while (other.size() > 3) other.erase(other.begin());
}

TEST(Allocator, InContainers) {
    Balance balance;
    FillAndEmpty(std::vector<long, zm::allocator<long>>());
    FillAndEmpty(std::deque<short, zm::allocator<short>>());
    FillAndEmpty(std::list<int, zm::allocator<int>>());
    FillAndEmpty(std::set<int, std::less<int>, zm::allocator<int>>());
    EXPECT_EQ(balance.Used(), 0u);
    {
        std::unordered_map<int, String, std::hash<int>, std::equal_to<int>,
                           zm::allocator<std::pair<const int, String>>>
            names;
        for (int i = 0; i < 1000; i++) names[i] = String(static_cast<size_t>(i), 'x');
        EXPECT_GT(balance.Used(), 1000u * 1000 / 2);
        for (int i = 0; i < 1000; i += 2) names.erase(i);
    }
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(Allocator, OfASharedPointer) {
    Balance balance;
    auto shared = std::allocate_shared<String>(zm::allocator<String>(), size_t{1000}, 'x');
    EXPECT_GE(balance.Used(), 1000u);
    shared = nullptr;
    EXPECT_EQ(balance.Used(), 0u);
}

template <typename T>
void ExpectAligned() {
    Balance balance;
    zm::allocator<T> allocator;
    std::vector<T *> blocks;
    for (size_t count = 0; count < 70; count++) {
        T *block = allocator.allocate(count);
        ASSERT_TRUE(IsAligned(block, alignof(T))) << count << " of " << alignof(T);
        ASSERT_GE(zmalloc_usable_size(block), count * sizeof(T));
        if (count != 0) std::memset(static_cast<void *>(block), 1, count * sizeof(T));
        blocks.push_back(block);
    }
    for (size_t count = 0; count < blocks.size(); count++) {
        allocator.deallocate(blocks[count], count);
    }
    EXPECT_EQ(balance.Used(), 0u) << alignof(T);
}

TEST(Allocator, MeetsAnyAlignment) {
    ExpectAligned<char>();
    ExpectAligned<short>();
    ExpectAligned<Aligned<2, 6>>();
    ExpectAligned<Aligned<4, 12>>();
    ExpectAligned<Aligned<8, 24>>();
    ExpectAligned<long double>();
    ExpectAligned<std::max_align_t>();
    ExpectAligned<Aligned<16, 48>>();
    ExpectAligned<Aligned<32>>();
    ExpectAligned<Aligned<64, 192>>();
    ExpectAligned<Aligned<4096>>();
}

TEST(Allocator, OutOfMemoryThrows) {
    OomRecorder oom;
    Balance balance;
    const size_t half = Opaque(SIZE_MAX / 2 + 1);
    EXPECT_THROW((void)zm::allocator<char>().allocate(half), std::bad_alloc);
    EXPECT_THROW((void)zm::allocator<Aligned<64>>().allocate(half / 64), std::bad_alloc);
    EXPECT_THROW((void)zm::allocator<int>().allocate(half / 2), std::bad_array_new_length);
    EXPECT_THROW((void)zm::allocator<Aligned<64>>().allocate(half), std::bad_array_new_length);
    std::vector<int, zm::allocator<int>> numbers(100);
    EXPECT_THROW(numbers.reserve(numbers.max_size()), std::bad_alloc);
    EXPECT_EQ(balance.Used(), zmalloc_size(numbers.data()));
    EXPECT_TRUE(oom.Take().empty());
}

}  // namespace
}  // namespace zmalloc_test
