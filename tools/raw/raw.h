/* The allocator below zmalloc, called directly: the header that its row in
 * zmalloc/allocator/allocators.bzl names defines
 *   raw_malloc(size), raw_calloc(size), raw_realloc(ptr, size), raw_free(ptr),
 *   raw_aligned(alignment, size)    `alignment` is a power of two
 * `ptr` may be NULL, as in C.
 */
#include ZM_RAW_HEADER
