/* zmalloc.h of Redis 7.0 over an allocator that knows no slabs, but with active defragmentation:
 * this header always reports fragmented memory, and tells Redis to move every block.  That saves
 * no memory, but each reference that Redis forgets to update becomes a use after free, which
 * AddressSanitizer sees. */
#ifndef TESTS_SERVERS_DEFRAGMENTS_ZMALLOC_H_
#define TESTS_SERVERS_DEFRAGMENTS_ZMALLOC_H_

#include "zmalloc/compat/common.h"
#include "zmalloc/zmalloc.h"

#define HAVE_DEFRAG

static inline int always_move(void *ptr) { return ptr != NULL; }

static inline int always_in_pieces(size_t *allocated, size_t *active, size_t *resident) {
    *allocated = zmalloc_used_memory();
    *active = *resident = 2 * *allocated;
    return 1;
}

/* defrag.c declares it as a function without parameter names. */
#define je_get_defrag_hint always_move
#define zmalloc_get_allocator_info always_in_pieces
#define zrealloc_usable zm_compat_realloc_usable
#define ztryrealloc_usable zm_compat_tryrealloc_usable

#endif /* TESTS_SERVERS_DEFRAGMENTS_ZMALLOC_H_ */
