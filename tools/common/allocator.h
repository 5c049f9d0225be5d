/* The allocator's own frames. */
#ifndef TOOLS_COMMON_ALLOCATOR_H_
#define TOOLS_COMMON_ALLOCATOR_H_

#include <stddef.h>

#include "tools/common/profile.h"

/* How many of the innermost frames are the allocator's: up to the function that the program called,
 * such as malloc.  0 where none has such a name, and never all. */
size_t allocator_frames(struct frame *const *frames, size_t depth);

#endif /* TOOLS_COMMON_ALLOCATOR_H_ */
