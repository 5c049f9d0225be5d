#include <utility>

#include "tests/accounting/inline_calls.h"
#include "zmalloc/inline.h"

bool inline_in_cxx() {
    const size_t before = zmalloc_used_memory();
    void *block = zmalloc(100);
    const bool counted = zmalloc_used_memory() == before + zmalloc_size(block);
    block = zrealloc(block, 200);
    zfree(block);
    zfree_with_size(ztrymalloc(100), 100);
    // A comma outside of parentheses must not split a macro's argument in two.
    using Pair = std::pair<int, int>;
    zfree(zmalloc(sizeof(std::pair<int, int>)));
    zfree_with_size(static_cast<std::pair<int, int> *>(ztrymalloc(sizeof(Pair))), sizeof(Pair));
    return counted;
}
