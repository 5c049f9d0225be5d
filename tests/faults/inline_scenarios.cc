// The macros of zmalloc/inline.h.
#include "tests/accounting/inline_calls.h"
#include "tests/faults/scenarios.h"

namespace zmalloc_test {
namespace {

void *Told(void *ptr, size_t *usable) {
    *usable = zmalloc_usable_size(ptr);
    return ptr;
}

void Inline(Checks &checks) {
    for (size_t size : {size_t{1}, size_t{100}, size_t{5000}, 3 * kMiB}) {
        Block block = checks.Allocate("inline zmalloc", size, false, [](size_t n, size_t *u) {
            return Told(inline_malloc(n), u);
        });
        Block tried = checks.Allocate("inline ztrymalloc", size, true, [](size_t n, size_t *u) {
            return Told(inline_try_malloc(n), u);
        });
        checks.Free("inline zfree", &block, [](void *at, size_t *usable) {
            *usable = zmalloc_usable_size(at);
            inline_free(at);
        });
        checks.Free("inline zfree_with_size", &tried, [](void *at, size_t *usable) {
            *usable = zmalloc_usable_size(at);
            inline_free_with_size(at, *usable);
        });
    }
}

}  // namespace

std::vector<Scenario> InlineScenarios() { return {{"inline_calls", Inline}}; }

}  // namespace zmalloc_test
