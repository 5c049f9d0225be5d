/* What malloc() asks of the allocator; in C only. */
#ifndef TOOLS_RAW_MALLOC_SIZE_H_
#define TOOLS_RAW_MALLOC_SIZE_H_

#include <stddef.h>

#include "zmalloc/allocator/backend.h"

/* What to ask for in place of `size`, which is below SIZE_MAX / 2, so that the block is aligned to
 * 16 bytes, as a block of malloc() is. */
static inline size_t raw_malloc_size(size_t size) { return zm_backend_std_size(size); }

#endif /* TOOLS_RAW_MALLOC_SIZE_H_ */
