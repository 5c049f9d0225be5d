/* For zmalloc/inline.h with our build of jemalloc.  The macros are variadic because an argument
 * may contain a comma outside of parentheses (C++ templates). */
#include "zmalloc/allocator/jemalloc/inside/je_zmalloc.h"

#define zmalloc(...) je_zmalloc(__VA_ARGS__)
#define ztrymalloc(...) je_ztrymalloc(__VA_ARGS__)
#define zfree(...) je_zfree(__VA_ARGS__)
#define zfree_with_size(...) je_zfree_with_size(__VA_ARGS__)
