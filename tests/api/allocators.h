// A table of all functions that allocate.
#ifndef ZMALLOC_TESTS_API_ALLOCATORS_H_
#define ZMALLOC_TESTS_API_ALLOCATORS_H_

#include <ostream>
#include <string>
#include <vector>

#include "tests/support.h"
#include "zmalloc/zmalloc.h"

namespace zmalloc_test {

// Redis's MALLOCX_* flags.
constexpr int LgAlign(int log) { return log; }
constexpr int kZero = 0x40;

// `usable` is always set: functions without that parameter give what zmalloc_usable_size() says, or
// 0 without a block.
struct Allocator {
    const char *name;
    void *(*allocate)(size_t size, size_t *usable);
    bool zeroed = false;
    bool tries = false;
    size_t alignment = 1;
};

inline std::ostream &operator<<(std::ostream &out, const Allocator &a) { return out << a.name; }

inline void *Told(void *ptr, size_t *usable) {
    *usable = zmalloc_usable_size(ptr);
    return ptr;
}

inline const std::vector<Allocator> &Allocators() {
    using S = size_t;
    static const std::vector<Allocator> all = {
        {"zmalloc", [](S n, S *u) { return Told(zmalloc(n), u); }},
        {"zcalloc", [](S n, S *u) { return Told(zcalloc(n), u); }, true},
        {"zcalloc_num_1", [](S n, S *u) { return Told(zcalloc_num(n, 1), u); }, true},
        {"zcalloc_1_num", [](S n, S *u) { return Told(zcalloc_num(1, n), u); }, true},
        {"zrealloc", [](S n, S *u) { return Told(zrealloc(nullptr, n), u); }},
        {"zmalloc_usable", [](S n, S *u) { return zmalloc_usable(n, u); }},
        {"zcalloc_usable", [](S n, S *u) { return zcalloc_usable(n, u); }, true},
        {"zrealloc_usable", [](S n, S *u) { return zrealloc_usable(nullptr, n, u, nullptr); }},
        {"zmalloc_aligned", [](S n, S *u) { return Told(zmalloc_aligned(32, n), u); }, false, false,
         32},
        {"zmalloc_cache_aligned", [](S n, S *u) { return Told(zmalloc_cache_aligned(n), u); },
         false, false, 64},
        {"zmalloc_with_flags", [](S n, S *u) { return Told(zmalloc_with_flags(n, 0), u); }},
        {"zmalloc_with_flags_zero", [](S n, S *u) { return Told(zmalloc_with_flags(n, kZero), u); },
         true},
        {"zmalloc_with_flags_align",
         [](S n, S *u) { return Told(zmalloc_with_flags(n, LgAlign(7) | kZero), u); }, true, false,
         128},
        {"zrealloc_with_flags",
         [](S n, S *u) { return Told(zrealloc_with_flags(nullptr, n, kZero), u); }, true},
        {"zmalloc_no_tcache", [](S n, S *u) { return Told(zmalloc_no_tcache(n), u); }},
        {"ztrymalloc", [](S n, S *u) { return Told(ztrymalloc(n), u); }, false, true},
        {"ztrycalloc", [](S n, S *u) { return Told(ztrycalloc(n), u); }, true, true},
        {"ztrycalloc_num", [](S n, S *u) { return Told(ztrycalloc_num(n, 1), u); }, true, true},
        {"ztryrealloc", [](S n, S *u) { return Told(ztryrealloc(nullptr, n), u); }, false, true},
        {"ztrymalloc_usable", [](S n, S *u) { return ztrymalloc_usable(n, u); }, false, true},
        {"ztrycalloc_usable", [](S n, S *u) { return ztrycalloc_usable(n, u); }, true, true},
        {"ztryrealloc_usable", [](S n, S *u) { return ztryrealloc_usable(nullptr, n, u, nullptr); },
         false, true},
        {"ztrymalloc_aligned", [](S n, S *u) { return Told(ztrymalloc_aligned(4096, n), u); },
         false, true, 4096},
        {"ztrymalloc_with_flags", [](S n, S *u) { return Told(ztrymalloc_with_flags(n, 0), u); },
         false, true},
    };
    return all;
}

// Tests over one of them.
class EachAllocator : public testing::TestWithParam<Allocator> {};

inline std::string AllocatorName(const testing::TestParamInfo<Allocator> &info) {
    return info.param.name;
}

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_API_ALLOCATORS_H_
