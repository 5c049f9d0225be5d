// The same in C++.
#include <zmalloc/defrag.h>
#include <zmalloc/stats.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
#include <zmalloc/zmalloc.hpp>

namespace {

void Check(bool condition, const char *what) {
    if (condition) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::exit(1);
}

struct OutOfMemory {
    std::size_t size;
};

// The exception passes through the library's C functions.
std::size_t Thrown() {
    zmalloc_set_oom_handler([](std::size_t size) { throw OutOfMemory{size}; });
    const volatile std::size_t too_much = static_cast<std::size_t>(-1);
    try {
        zfree(zmalloc(too_much));
    } catch (const OutOfMemory &thrown) {
        return thrown.size;
    }
    return 0;
}

}  // namespace

int main() {
    const std::size_t before = zmalloc_used_memory();
    {
        std::vector<std::string, zm::allocator<std::string>> strings(100, "text");
        std::pmr::vector<int> numbers(1000, zm::resource());
        auto object = zm::make_unique<std::string>("text");
        Check(zmalloc_used_memory() >= before + 4000, "what is used is counted");
    }
    Check(zmalloc_used_memory() == before, "all is freed");
    Check(Thrown() == static_cast<std::size_t>(-1), "a handler may throw");
    // Allocated in one library and freed in another: the program has one malloc.
    for (int i = 0; i < 1000; i++) std::string(static_cast<std::size_t>(i), 'x').append("y");
    zlibc_free(std::malloc(100));
    std::puts(zmalloc_allocator_name());
}
