// The macros of zmalloc/inline.h.
#include "tests/faults/scenarios.h"
#include "zmalloc/inline.h"

namespace zmalloc_test {
namespace {

void *Told(void *ptr, size_t *usable) {
    *usable = zmalloc_usable_size(ptr);
    return ptr;
}

void Inline(Checks &checks) {
    for (size_t size : {size_t{1}, size_t{100}, size_t{5000}, 3 * kMiB}) {
        Block block = checks.Allocate("inline zmalloc", size, false,
                                      [](size_t n, size_t *u) { return Told(zmalloc(n), u); });
        Block tried = checks.Allocate("inline ztrymalloc", size, true,
                                      [](size_t n, size_t *u) { return Told(ztrymalloc(n), u); });
        checks.Free("inline zfree", &block, [](void *at, size_t *usable) {
            *usable = zmalloc_usable_size(at);
            zfree(at);
        });
        checks.Free("inline zfree_with_size", &tried, [](void *at, size_t *usable) {
            *usable = zmalloc_usable_size(at);
            zfree_with_size(at, *usable);
        });
    }
}

}  // namespace

std::vector<Scenario> InlineScenarios() { return {{"inline_calls", Inline}}; }

}  // namespace zmalloc_test
