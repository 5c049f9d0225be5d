/* For zmalloc/inline.h: over the bundled jemalloc.  Variadic, as a comma in an
 * argument need not be in parentheses (C++ templates). */
#include "zmalloc/allocator/jemalloc/extended/counted.h"

#define zmalloc(...) je_zmalloc(__VA_ARGS__)
#define ztrymalloc(...) je_ztrymalloc(__VA_ARGS__)
#define zfree(...) je_zfree(__VA_ARGS__)
#define zfree_with_size(...) je_zfree_with_size(__VA_ARGS__)
