/* zmalloc.h, its hot calls compiled into the caller.
 *
 * Include it in place of zmalloc.h in C or C++ that is linked into one binary
 * with //zmalloc.  zmalloc, ztrymalloc, zfree and zfree_with_size then are macros
 * that call the allocator's own functions, which count as they do; meaning, and
 * what is counted, stay the same, and files with and without it mix freely.
 * Only the bundled jemalloc has such functions: over other allocators this is
 * zmalloc.h.  zmalloc without arguments still names the function.
 */
#ifndef ZMALLOC_INLINE_H_
#define ZMALLOC_INLINE_H_

#include "zmalloc/zmalloc.h"
#include "zmalloc_direct_calls.h" /* of the chosen allocator */

#endif /* ZMALLOC_INLINE_H_ */
