#include "tests/cpp/without.h"

#include <vector>

#include "zmalloc/zmalloc.hpp"

namespace without {
namespace {

struct Base {
    virtual ~Base() = default;
};
struct OtherBase {
    virtual ~OtherBase() = default;
    int number = 7;
};
struct alignas(64) Derived : Base, OtherBase {};

int Sum() {
    std::vector<int, zm::allocator<int>> numbers(100, 1);
    zm::unique_ptr<OtherBase> object = zm::make_unique<Derived>();
    auto array = zm::make_unique<int[]>(10);
    int sum = object->number + array[9];
    for (int number : numbers) sum += number;
#if defined(__cpp_lib_memory_resource)
    std::pmr::vector<int> more(100, 1, zm::resource());
    for (int number : more) sum += number;
#else
    sum += 100;
#endif
    return sum;
}

}  // namespace

bool UseAll() {
    const std::size_t before = zmalloc_used_memory();
    return Sum() == 207 && zmalloc_used_memory() == before;
}

void Allocate(std::size_t size) {
    zm::allocator<char> allocator;
    allocator.deallocate(allocator.allocate(size), size);
}

}  // namespace without
