#include <stdexcept>
#include <string>
#include <utility>

#include "tests/cpp/blocks.h"
#include "tests/support.h"
#include "zmalloc/zmalloc.hpp"

namespace zmalloc_test {
namespace {

// Counts the objects that are alive; the constructor of object number `last` throws.
struct Counted {
    static inline int alive = 0, made = 0, last = 1 << 30;
    Counted() {
        if (++made == last) throw std::runtime_error("the last");
        alive++;
    }
    ~Counted() { alive--; }
    char bytes[40];
};

struct Base {
    virtual ~Base() = default;
    char bytes[100];
};
struct OtherBase {
    virtual ~OtherBase() = default;
    int number = 7;
};
struct Derived : Base, OtherBase {
    Counted counted;
    char more[1000];
};

static_assert(sizeof(zm::unique_ptr<int>) == sizeof(int *));
static_assert(std::is_convertible_v<zm::unique_ptr<Derived>, zm::unique_ptr<Base>>);
static_assert(!std::is_convertible_v<zm::unique_ptr<Base>, zm::unique_ptr<Derived>>);
static_assert(std::is_convertible_v<zm::unique_ptr<int>, zm::unique_ptr<const int>>);

TEST(UniquePtr, OfAnObject) {
    Balance balance;
    {
        auto pair = zm::make_unique<std::pair<int, std::string>>(3, "three");
        EXPECT_EQ(pair->first, 3);
        EXPECT_EQ(pair->second, "three");
        EXPECT_EQ(balance.Used(), zmalloc_size(pair.get()));
        auto number = zm::make_unique<const int>(5);
        EXPECT_EQ(*number, 5);
        EXPECT_EQ(*zm::make_unique<int>(), 0);
    }
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(UniquePtr, MovesWithoutAllocating) {
    Balance balance;
    zm::unique_ptr<Counted> empty, full = zm::make_unique<Counted>();
    const size_t used = balance.Used();
    empty = std::move(full);
    EXPECT_EQ(balance.Used(), used);
    EXPECT_EQ(Counted::alive, 1);
    empty.reset();
    EXPECT_EQ(Counted::alive, 0);
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(UniquePtr, ThroughABaseClass) {
    Balance balance;
    zm::unique_ptr<Base> first = zm::make_unique<Derived>();
    zm::unique_ptr<OtherBase> second = zm::make_unique<Derived>();
    zm::unique_ptr<const OtherBase> third = zm::make_unique<const Derived>();
    EXPECT_EQ(second->number + third->number, 14);
    EXPECT_EQ(Counted::alive, 3);
    first.reset();
    second.reset();
    third.reset();
    EXPECT_EQ(Counted::alive, 0);
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(UniquePtr, OfAnArray) {
    Balance balance;
    {
        auto numbers = zm::make_unique<int[]>(1000);
        for (int i = 0; i < 1000; i++) ASSERT_EQ(numbers[static_cast<size_t>(i)], 0);
        EXPECT_EQ(numbers.get_deleter().count(), 1000u);
        auto strings = zm::make_unique<std::string[]>(100);
        strings[99] = "the last";
        auto counted = zm::make_unique<Counted[]>(33);
        EXPECT_EQ(Counted::alive, 33);
        auto none = zm::make_unique<Counted[]>(0);
        zm::unique_ptr<Counted[]> moved;
        moved = std::move(counted);
        EXPECT_EQ(moved.get_deleter().count(), 33u);
    }
    EXPECT_EQ(Counted::alive, 0);
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(UniquePtr, OfOverAlignedObjects) {
    Balance balance;
    for (int i = 0; i < 20; i++) {
        auto line = zm::make_unique<Aligned<64, 192>>();
        auto page = zm::make_unique<Aligned<4096>>();
        auto lines = zm::make_unique<Aligned<64>[]>(3);
        EXPECT_TRUE(IsAligned(line.get(), 64));
        EXPECT_TRUE(IsAligned(page.get(), 4096));
        EXPECT_TRUE(IsAligned(lines.get(), 64));
    }
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(UniquePtr, AConstructorThatThrows) {
    Balance balance;
    Counted::made = 0;
    Counted::last = 1;
    EXPECT_THROW(zm::make_unique<Counted>(), std::runtime_error);
    Counted::made = 0;
    Counted::last = 10;
    EXPECT_THROW(zm::make_unique<Counted[]>(20), std::runtime_error);
    Counted::last = 1 << 30;
    EXPECT_EQ(Counted::alive, 0);
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(UniquePtr, OutOfMemoryThrows) {
    Balance balance;
    EXPECT_THROW(zm::make_unique<char[]>(Opaque(SIZE_MAX / 2)), std::bad_alloc);
    EXPECT_THROW(zm::make_unique<long[]>(Opaque(SIZE_MAX / 2)), std::bad_array_new_length);
    EXPECT_EQ(balance.Used(), 0u);
}

TEST(UniquePtr, OfARawBlock) {
    Balance balance;
    std::unique_ptr<char, zm::deleter<void>> copy(zstrdup("text"));
    EXPECT_STREQ(copy.get(), "text");
    EXPECT_EQ(balance.Used(), zmalloc_size(copy.get()));
    copy.reset();
    EXPECT_EQ(balance.Used(), 0u);
}

}  // namespace
}  // namespace zmalloc_test
