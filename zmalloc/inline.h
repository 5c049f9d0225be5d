/* zmalloc.h with the most frequent calls inlined into the caller.
 *
 * Include it instead of zmalloc.h in C or C++ code that is linked into the same binary as
 * //zmalloc.  zmalloc, ztrymalloc, zfree and zfree_with_size then are macros that call
 * functions inside the allocator.  These functions do and count the same, so a program may
 * mix files with and without this header.  Only the bundled jemalloc has such functions;
 * with other allocators this header is the same as zmalloc.h.  `zmalloc` without arguments
 * still names the function.
 */
#ifndef ZMALLOC_INLINE_H_
#define ZMALLOC_INLINE_H_

#include "zmalloc/zmalloc.h"
#include ZM_INLINE_HEADER /* the chosen allocator's (zmalloc/allocator/allocators.bzl) */

#endif /* ZMALLOC_INLINE_H_ */
