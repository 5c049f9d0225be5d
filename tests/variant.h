// Tells tests which variant is under test.  They ask only here, and at run time, because their
// sources are compiled once for all variants.
#ifndef ZMALLOC_TESTS_VARIANT_H_
#define ZMALLOC_TESTS_VARIANT_H_

#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace zmalloc_test {

struct TestedVariant {
    std::string_view name;       // a row of //defs:variants.bzl, as the test was stamped for
    std::string_view allocator;  // "jemalloc", whether ours or stock
    std::string_view backend;    // ZMALLOC_BACKEND
    std::string_view lib;        // ZMALLOC_LIB
    bool guarded;                // --guard

    // As its row in zmalloc/allocator/allocators.bzl says.
    bool replaces_malloc, gives_back, defragments, knows_slabs;
    std::string_view source, environment;
    std::initializer_list<std::string_view> statistics, causes;
    std::initializer_list<std::string_view> symbols, other_symbols;  // its own, other rows'
    size_t (*usable_size)(void *);  // null where HAVE_MALLOC_SIZE is not defined
};

const TestedVariant &Variant();

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_VARIANT_H_
