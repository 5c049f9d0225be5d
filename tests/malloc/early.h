// Blocks that are allocated before main.
#ifndef ZMALLOC_TESTS_MALLOC_EARLY_H_
#define ZMALLOC_TESTS_MALLOC_EARLY_H_

#include <cstddef>

constexpr size_t kEarlySize = 100;

// The string "early", in blocks of kEarlySize bytes.  Null where the linkage has no such function.
struct EarlyBlocks {
    char *from_preinit, *from_first_constructor, *from_constructor;
};

extern EarlyBlocks early_blocks;

#endif  // ZMALLOC_TESTS_MALLOC_EARLY_H_
